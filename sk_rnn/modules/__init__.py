"""The torch modules; nothing here knows of scikit-learn or skorch."""

from ._attention import ATTENTIONS, Attention, Memory
from ._chunks import Chunk, ChunkedRun
from ._decoder import Decoder
from ._dropout import set_generator
from ._head import ROW_MULTIPLE, HeadBatchNorm, Moments
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
from ._pooling import POOLINGS, Pooling
from ._recurrent import CELLS, RecurrentStack, State, cell_fault
from ._seq2seq import Seq2SeqModel
from ._steps import ValidSteps
from ._totals import Totals, make_totals

__all__ = [
    "ATTENTIONS",
    "CELLS",
    "POOLINGS",
    "ROW_MULTIPLE",
    "AbsoluteError",
    "Attention",
    "BinaryCrossEntropy",
    "Chunk",
    "ChunkedRun",
    "CrossEntropy",
    "Decoder",
    "Gaussian",
    "HeadBatchNorm",
    "Huber",
    "Memory",
    "Moments",
    "Poisson",
    "Pooling",
    "Quantile",
    "RecurrentStack",
    "Seq2SeqModel",
    "SequenceModel",
    "SquaredError",
    "State",
    "StepsAndEnd",
    "Totals",
    "ValidSteps",
    "WeightedLoss",
    "cell_fault",
    "gaussian_log_density",
    "gaussian_parts",
    "make_totals",
    "set_backend",
    "set_generator",
]
