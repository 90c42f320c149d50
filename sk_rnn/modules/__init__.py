"""The torch modules; nothing here knows of scikit-learn or skorch."""

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
from ._pooling import POOLINGS
from ._recurrent import CELLS, RecurrentStack, State, cell_fault

__all__ = [
    "CELLS",
    "POOLINGS",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Gaussian",
    "Huber",
    "Poisson",
    "Quantile",
    "RecurrentStack",
    "SequenceModel",
    "SquaredError",
    "State",
    "WeightedLoss",
    "cell_fault",
    "gaussian_parts",
    "set_backend",
    "set_generator",
]
