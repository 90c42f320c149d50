"""Parts of a language model: what a step is, what is predicted, and how the network is run."""

from ._autos import STREAM_LENGTH, WHOLE_CHUNKS, auto_ends, auto_sizes, plan_language
from ._network import (
    ROWS_AT_ONCE,
    Position,
    each_output,
    generate_ids,
    generate_values,
    last_position,
)
from ._parameters import (
    CONSTRAINTS,
    DATA,
    MODULE,
    check_language,
    check_token_parameters,
    choose_density,
)
from ._reading import check_probabilities, read_steps
from ._steps import NextStep, NextToken
from ._values import NextBits, NextNumbers, NextValue

__all__ = [
    "CONSTRAINTS",
    "DATA",
    "MODULE",
    "ROWS_AT_ONCE",
    "STREAM_LENGTH",
    "WHOLE_CHUNKS",
    "NextBits",
    "NextNumbers",
    "NextStep",
    "NextToken",
    "NextValue",
    "Position",
    "auto_ends",
    "auto_sizes",
    "check_language",
    "check_probabilities",
    "check_token_parameters",
    "choose_density",
    "each_output",
    "generate_ids",
    "generate_values",
    "last_position",
    "plan_language",
    "read_steps",
]
