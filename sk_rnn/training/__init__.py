"""Training: the skorch net, callbacks, batches, and devices."""

from ._batches import (
    Batch,
    PredictionBatches,
    SequenceData,
    TrainingBatches,
    step_positions,
)
from ._callbacks import (
    BestWeights,
    FiniteGuard,
    Patience,
    accuracy,
    largest_weight,
    subset_accuracy,
)
from ._net import RecurrentNet
from ._optimizers import OPTIMIZERS
from ._pairs import PairData
from ._progress import Progress, announce
from ._readouts import Readout, read_classes, read_labels
from ._runtime import (
    PRECISIONS,
    device_present,
    isolate_globals,
    resolve_backend,
    resolve_device,
    run_flushed,
    run_here,
)
from ._schedules import SCHEDULES
from ._threads import torch_threads
from ._truncated import truncated_gradients
from ._user_callbacks import callback_fault, copy_callbacks, is_callback

__all__ = [
    "OPTIMIZERS",
    "PRECISIONS",
    "SCHEDULES",
    "Batch",
    "BestWeights",
    "FiniteGuard",
    "PairData",
    "Patience",
    "PredictionBatches",
    "Progress",
    "Readout",
    "RecurrentNet",
    "SequenceData",
    "TrainingBatches",
    "accuracy",
    "announce",
    "callback_fault",
    "copy_callbacks",
    "device_present",
    "is_callback",
    "isolate_globals",
    "largest_weight",
    "read_classes",
    "read_labels",
    "resolve_backend",
    "resolve_device",
    "run_flushed",
    "run_here",
    "step_positions",
    "subset_accuracy",
    "torch_threads",
    "truncated_gradients",
]
