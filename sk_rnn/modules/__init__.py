"""The torch modules; nothing here knows of scikit-learn or skorch."""

from ._attention import ATTENTIONS, Attention, Memory
from ._decoder import Decoder
from ._dropout import set_generator
from ._losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
    StepsAndEnd,
    WeightedLoss,
    gaussian_log_density,
    gaussian_parts,
)
from ._model import SequenceModel, set_backend
from ._pooling import POOLINGS
from ._recurrent import CELLS, RecurrentStack, State, cell_fault
from ._seq2seq import Seq2SeqModel
from ._steps import ValidSteps

__all__ = [
    "ATTENTIONS",
    "CELLS",
    "POOLINGS",
    "AbsoluteError",
    "Attention",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Decoder",
    "Gaussian",
    "Huber",
    "Memory",
    "Poisson",
    "Quantile",
    "RecurrentStack",
    "Seq2SeqModel",
    "SequenceModel",
    "SquaredError",
    "State",
    "StepsAndEnd",
    "ValidSteps",
    "WeightedLoss",
    "cell_fault",
    "gaussian_log_density",
    "gaussian_parts",
    "set_backend",
    "set_generator",
]
