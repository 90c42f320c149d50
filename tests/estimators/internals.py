"""Names inside the package that tests need and that have no public way: they are all here."""

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
    "Extras",
    "find_meant",
    "suggest",
]

# Constants, each as its module and its name, for monkeypatch: how much is read, scaled, sorted,
# converted and predicted at once.
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

# The constraints of parameters, in groups that estimators add up.
CONSTRAINT_GROUPS = [
    _parameters.NETWORK,
    _parameters.INPUTS,
    _parameters.TOKENS,
    _parameters.TRAINING,
    _parameters.COMPUTE,
    _parameters.SEQUENCE_MODEL,
    _parameters.PER_STEP,
]
