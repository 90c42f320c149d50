"""All private names of the package that the tests of estimators use."""

from sk_rnn.estimators import _decoding, _parameters
from sk_rnn.estimators._names import INSTEAD, MEANT, find_meant, suggest
from sk_rnn.estimators._types import Extras
from sk_rnn.sequences import _layout, _order, _scaling, _validation
from sk_rnn.training import _batches, _rows

__all__ = [
    "BLOCKS",
    "CONSTRAINT_GROUPS",
    "DECODED_VALUES",
    "INSTEAD",
    "MEANT",
    "PREDICTED",
    "SHARED_CONSTRAINTS",
    "Extras",
    "find_meant",
    "suggest",
]

# Block sizes of reading, scaling, sorting, conversion and prediction, as arguments of monkeypatch:
# module and name.
BLOCKS = [
    (_validation, "_CHECK_BLOCK"),
    (_layout, "_BLOCK"),
    (_scaling, "_BLOCK_VALUES"),
    (_order, "_BLOCK_VALUES"),
    (_rows, "_BLOCK_TOKENS"),
    (_batches, "_CONVERT_VALUES"),
    (_batches, "PREDICT_STEPS"),
]
PREDICTED = {"rows": (_batches, "PREDICT_ROWS"), "steps": (_batches, "PREDICT_STEPS")}
DECODED_VALUES = (_decoding, "MAX_SCORES")

# The groups of parameter constraints, of which estimators have a union.
SHARED_CONSTRAINTS = [
    _parameters.NETWORK,
    _parameters.INPUTS,
    _parameters.TOKENS,
    _parameters.TRAINING,
    _parameters.COMPUTE,
]
CONSTRAINT_GROUPS = [*SHARED_CONSTRAINTS, _parameters.SEQUENCE_MODEL, _parameters.PER_STEP]
