"""Targets: the kinds of y. They read y, learn from it, encode it, and decode predictions."""

from ._any import read_any_target
from ._labels import LabelTarget
from ._layouts import find_layout, stack_equal, to_equal_layout, to_object_array
from ._numbers import LOSSES, NumberTarget
from ._pairs import PairTarget, check_n_targets, open_target
from ._series import SeriesTarget
from ._target import Target
from ._tokens import TokenTarget
from ._transcripts import TranscriptTarget, read_transcripts
from ._transitions import Chain, chain_weights, log_likelihoods, log_marginals

__all__ = [
    "LOSSES",
    "Chain",
    "LabelTarget",
    "NumberTarget",
    "PairTarget",
    "SeriesTarget",
    "Target",
    "TokenTarget",
    "TranscriptTarget",
    "chain_weights",
    "check_n_targets",
    "find_layout",
    "log_likelihoods",
    "log_marginals",
    "open_target",
    "read_any_target",
    "read_transcripts",
    "stack_equal",
    "to_equal_layout",
    "to_object_array",
]
