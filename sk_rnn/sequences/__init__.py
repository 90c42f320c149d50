"""Sequences: the ragged container, what may become one, and batches of it."""

from ._arrays import as_array, said
from ._batching import (
    canonical_order,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)
from ._containers import (
    flatten,
    has_sequences,
    is_sequence,
    is_table,
    open_container,
    refuse_empty,
)
from ._interchange import as_pandas
from ._layout import locate, offsets_of
from ._numbers import as_numbers, frame_values, plain
from ._panel import Panel, read_panel, step_labels
from ._symbols import Unknown, encode_tokens, learn_tokens
from ._targets import check_sequence_targets
from ._text import find_joiner, join_words, split_words
from ._validation import (
    check_sequences,
    check_token_range,
    padding_bounds,
)
from ._weights import check_sample_weights

__all__ = [
    "Panel",
    "Unknown",
    "as_array",
    "as_numbers",
    "as_pandas",
    "canonical_order",
    "check_sample_weights",
    "check_sequence_targets",
    "check_sequences",
    "check_token_range",
    "encode_tokens",
    "find_joiner",
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
    "padding_bounds",
    "plain",
    "prediction_batches",
    "read_panel",
    "refuse_empty",
    "said",
    "split_words",
    "step_labels",
    "training_batches",
]
