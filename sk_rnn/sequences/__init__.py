"""Sequences: the ragged container, what may become one, and batches of it."""

from ._batching import (
    canonical_order,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)
from ._containers import is_table
from ._panel import Panel
from ._targets import check_sequence_targets
from ._validation import (
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
