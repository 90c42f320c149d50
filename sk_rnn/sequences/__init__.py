"""Sequences: the ragged container, what may become one, and batches of it."""

from ._batching import (
    batch_bounds,
    canonical_order,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)
from ._constraints import (
    RANDOM_STATE,
    AnyNumber,
    Float,
    Int,
    IntegerFrom,
    IntegerRange,
    NumberIn,
    RandomState,
    plain_number,
    plain_numbers,
)
from ._containers import (
    flatten,
    has_sequences,
    is_sequence,
    is_table,
    open_container,
    refuse_empty,
)
from ._decorators import available_if, fit_context, validate_params
from ._interchange import as_pandas
from ._labels import align_to_samples
from ._layout import locate, offsets_of
from ._numbers import as_float, as_numbers, frame_values, plain
from ._panel import Panel, read_panel, step_labels
from ._scaling import Standardisation, standardisation_of, weighted_statistics
from ._spans import Spans
from ._state import explain_foreign_state, seal, unseal
from ._symbols import Unknown, encode_tokens, learn_tokens
from ._targets import check_sequence_targets
from ._text import find_joiner, join_words, split_words
from ._validation import (
    check_sequences,
    check_token_range,
    read_spans,
)

__all__ = [
    "RANDOM_STATE",
    "AnyNumber",
    "Float",
    "Int",
    "IntegerFrom",
    "IntegerRange",
    "NumberIn",
    "Panel",
    "RandomState",
    "Spans",
    "Standardisation",
    "Unknown",
    "align_to_samples",
    "as_float",
    "as_numbers",
    "as_pandas",
    "available_if",
    "batch_bounds",
    "canonical_order",
    "check_sequence_targets",
    "check_sequences",
    "check_token_range",
    "encode_tokens",
    "explain_foreign_state",
    "find_joiner",
    "fit_context",
    "flat_positions",
    "flatten",
    "frame_values",
    "has_sequences",
    "is_sequence",
    "is_table",
    "join_words",
    "learn_tokens",
    "locate",
    "offsets_of",
    "open_container",
    "pad_batch",
    "plain",
    "plain_number",
    "plain_numbers",
    "prediction_batches",
    "read_panel",
    "read_spans",
    "refuse_empty",
    "seal",
    "split_words",
    "standardisation_of",
    "step_labels",
    "training_batches",
    "unseal",
    "validate_params",
    "weighted_statistics",
]
