"""Displays in the style of scikit-learn, and a report on common faults of models and data.

``from_estimator`` computes, the constructor holds arrays, ``plot`` draws with matplotlib (extra
``plot``), and ``to_frame`` returns the numbers. Does not import torch.
"""

from ._attention import AttentionDisplay
from ._diagnose import Diagnosis, diagnose
from ._forecast import ForecastDisplay
from ._gradient_flow import GradientFlowDisplay
from ._hidden_states import HiddenStateDisplay
from ._saliency import SaliencyDisplay
from ._sequence_lengths import SequenceLengthDisplay
from ._step_errors import StepErrorDisplay
from ._training_curves import TrainingCurveDisplay

__all__ = [
    "AttentionDisplay",
    "Diagnosis",
    "ForecastDisplay",
    "GradientFlowDisplay",
    "HiddenStateDisplay",
    "SaliencyDisplay",
    "SequenceLengthDisplay",
    "StepErrorDisplay",
    "TrainingCurveDisplay",
    "diagnose",
]
