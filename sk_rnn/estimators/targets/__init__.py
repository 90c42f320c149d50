"""What y is: reading it, learning from it, encoding it for the loss, and decoding predictions."""

from ._any import read_any_target
from ._labels import LabelTarget
from ._layouts import as_objects
from ._numbers import LOSSES, NumberTarget
from ._pairs import PairTarget, check_one_each, open_target
from ._series import SeriesTarget
from ._target import Target
from ._tokens import TokenTarget

__all__ = [
    "LOSSES",
    "LabelTarget",
    "NumberTarget",
    "PairTarget",
    "SeriesTarget",
    "Target",
    "TokenTarget",
    "as_objects",
    "check_one_each",
    "open_target",
    "read_any_target",
]
