"""The torch modules; nothing here knows of scikit-learn or skorch."""

from ._chunks import Chunk, ChunkedRun
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
    WeightedLoss,
    gaussian_parts,
)
from ._model import SequenceModel, set_backend
from ._pooling import POOLINGS, Pooling
from ._recurrent import CELLS, RecurrentStack, State, cell_fault
from ._totals import Totals, make_totals

__all__ = [
    "CELLS",
    "POOLINGS",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "Chunk",
    "ChunkedRun",
    "CrossEntropy",
    "Gaussian",
    "Huber",
    "Poisson",
    "Pooling",
    "Quantile",
    "RecurrentStack",
    "SequenceModel",
    "SquaredError",
    "State",
    "Totals",
    "WeightedLoss",
    "cell_fault",
    "gaussian_parts",
    "make_totals",
    "set_backend",
    "set_generator",
]
