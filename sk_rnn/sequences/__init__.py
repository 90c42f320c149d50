"""Sequences: the ragged container, what may become one, and batches of it."""

from sk_rnn.sequences._batching import (
    canonical_order,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)
from sk_rnn.sequences._containers import is_table
from sk_rnn.sequences._panel import Panel
from sk_rnn.sequences._targets import check_sequence_targets
from sk_rnn.sequences._validation import (
    check_sequences,
    check_token_range,
    padding_bounds,
)

__all__ = [
    "Panel",
    "canonical_order",
    "check_sequence_targets",
    "check_sequences",
    "check_token_range",
    "flat_positions",
    "is_table",
    "pad_batch",
    "padding_bounds",
    "prediction_batches",
    "training_batches",
]
