"""Training: rows, batches, the skorch net, callbacks, devices and saved state."""

from ._batches import (
    Batch,
    EpochBatches,
    PredictionBatches,
    SequenceData,
    TrainingBatches,
    step_positions,
)
from ._build import Model, build_module, build_net
from ._callbacks import (
    BestWeights,
    FiniteGuard,
    Patience,
    accuracy,
    largest_weight,
    subset_accuracy,
)
from ._explanations import explain_infinite
from ._fit import Training, fit_network
from ._net import RecurrentNet, ScoreFunction
from ._optimizers import OPTIMIZERS
from ._pairs import PairData
from ._progress import Progress, announce
from ._readouts import Decouple, Readout, read_classes, read_labels
from ._rows import (
    arrange_rows,
    check_groups,
    check_weights,
    draw_seed,
    draw_seeds,
    highest_token,
    learn_scaling,
    learn_smoothness,
    split_rows,
    unseen_tokens,
)
from ._runtime import (
    PRECISIONS,
    device_present,
    float_type,
    isolate_globals,
    resolve_backend,
    resolve_device,
    run_flushed,
    run_here,
)
from ._saved import dump_net, load_net, untouched_on_failure
from ._schedules import SCHEDULES
from ._scoring import ValidationScorer
from ._strands import StrandBatches
from ._threads import torch_threads
from ._transcripts import TranscriptData
from ._truncated import truncated_gradients
from ._user_callbacks import callback_fault, copy_callbacks, is_callback
from ._windows import WindowBatches, WindowData, covariate_sizes

__all__ = [
    "OPTIMIZERS",
    "PRECISIONS",
    "SCHEDULES",
    "Batch",
    "BestWeights",
    "Decouple",
    "EpochBatches",
    "FiniteGuard",
    "Model",
    "PairData",
    "Patience",
    "PredictionBatches",
    "Progress",
    "Readout",
    "RecurrentNet",
    "ScoreFunction",
    "SequenceData",
    "StrandBatches",
    "Training",
    "TrainingBatches",
    "TranscriptData",
    "ValidationScorer",
    "WindowBatches",
    "WindowData",
    "accuracy",
    "announce",
    "arrange_rows",
    "build_module",
    "build_net",
    "callback_fault",
    "check_groups",
    "check_weights",
    "copy_callbacks",
    "covariate_sizes",
    "device_present",
    "draw_seed",
    "draw_seeds",
    "dump_net",
    "explain_infinite",
    "fit_network",
    "float_type",
    "highest_token",
    "is_callback",
    "isolate_globals",
    "largest_weight",
    "learn_scaling",
    "learn_smoothness",
    "load_net",
    "read_classes",
    "read_labels",
    "resolve_backend",
    "resolve_device",
    "run_flushed",
    "run_here",
    "split_rows",
    "step_positions",
    "subset_accuracy",
    "torch_threads",
    "truncated_gradients",
    "unseen_tokens",
    "untouched_on_failure",
]
