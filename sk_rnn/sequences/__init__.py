"""Sequences: the ragged container, what may become one, and batches of it."""

from ._batching import (
    canonical_order,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)
from ._columnar import is_awkward
from ._containers import (
    flatten,
    open_container,
    refuse_empty,
    refuse_repeated_columns,
)
from ._hints import (
    CLIP,
    count_single,
    dict_recipe,
    not_numbers,
    one_sequence,
    refuse_single_values,
    shape_as_one,
)
from ._interchange import as_pandas, open_foreign
from ._kinds import has_sequences, is_sequence, is_table
from ._layout import locate, offsets_of
from ._long_frames import long_frame, repeated_id, unseen_columns
from ._messages import argument, counted, name_kind, plain, quote
from ._numbers import as_numbers, frame_values
from ._panel import Panel, read_panel, step_labels
from ._symbols import Unknown, encode_tokens, learn_tokens
from ._targets import (
    SingleTargetsError,
    TargetCountError,
    TargetLengthsError,
    check_sequence_targets,
)
from ._tensors import open_tensors
from ._text import find_joiner, join_words, split_words
from ._validation import (
    check_sequences,
    check_token_range,
    padding_bounds,
)

__all__ = [
    "CLIP",
    "Panel",
    "SingleTargetsError",
    "TargetCountError",
    "TargetLengthsError",
    "Unknown",
    "argument",
    "as_numbers",
    "as_pandas",
    "canonical_order",
    "check_sequence_targets",
    "check_sequences",
    "check_token_range",
    "count_single",
    "counted",
    "dict_recipe",
    "encode_tokens",
    "find_joiner",
    "flat_positions",
    "flatten",
    "frame_values",
    "has_sequences",
    "is_awkward",
    "is_sequence",
    "is_table",
    "join_words",
    "learn_tokens",
    "locate",
    "long_frame",
    "name_kind",
    "not_numbers",
    "offsets_of",
    "one_sequence",
    "open_container",
    "open_foreign",
    "open_tensors",
    "pad_batch",
    "padding_bounds",
    "plain",
    "prediction_batches",
    "quote",
    "read_panel",
    "refuse_empty",
    "refuse_repeated_columns",
    "refuse_single_values",
    "repeated_id",
    "shape_as_one",
    "split_words",
    "step_labels",
    "training_batches",
    "unseen_columns",
]
