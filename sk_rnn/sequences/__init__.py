"""The ragged container `Panel`, conversion of other containers to it, and batches."""

from ._arrays import as_array, refuse_matrices
from ._batching import (
    batch_bounds,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)
from ._columnar import is_awkward
from ._columns import check_table_names
from ._constraints import (
    RANDOM_STATE,
    AnyNumber,
    Float,
    Int,
    IntegerFrom,
    IntegerRange,
    NumberIn,
    RandomState,
    Transformer,
    plain_number,
    plain_numbers,
)
from ._containers import (
    flatten,
    open_container,
    refuse_empty,
)
from ._decorators import available_if, fit_context, validate_params
from ._hints import (
    CLIP,
    count_single,
    dict_recipe,
    not_numbers,
    one_sequence,
    refuse_single_values,
    shape_as_one,
)
from ._indices import check_index, check_positive, seeded, steps_within
from ._interchange import as_pandas, open_foreign
from ._kinds import has_sequences, is_sequence, is_table, shape_of
from ._labels import align_to_samples
from ._layout import locate, offsets_of
from ._long_frames import long_frame, repeated_id
from ._messages import argument, counted, level_of_user, name_kind, plain, quote
from ._numbers import as_float, as_numbers, frame_values
from ._order import canonical_order
from ._panel import Panel, read_panel, step_labels
from ._scaling import (
    Standardisation,
    center_samples,
    difference_sizes,
    standardisation_of,
    weighted_statistics,
)
from ._spans import Spans, TokenRows, trimmed_steps
from ._state import SealedState, explain_foreign_state, seal, unchanged_on_failure, unseal
from ._targets import (
    SingleTargetsError,
    TargetCountError,
    TargetLengthsError,
    check_sequence_targets,
    find_missing,
    plain_labels,
)
from ._tensors import open_tensors
from ._text import find_joiner, join_words, split_words
from ._time_order import check_time_order
from ._validation import (
    check_sequences,
    check_token_range,
    read_spans,
)
from ._vocabulary import Unknown, Vocabulary, least_sequences
from ._weights import check_sample_weights, check_step_weights, has_step_weights

__all__ = [
    "CLIP",
    "RANDOM_STATE",
    "AnyNumber",
    "Float",
    "Int",
    "IntegerFrom",
    "IntegerRange",
    "NumberIn",
    "Panel",
    "RandomState",
    "SealedState",
    "SingleTargetsError",
    "Spans",
    "Standardisation",
    "TargetCountError",
    "TargetLengthsError",
    "TokenRows",
    "Transformer",
    "Unknown",
    "Vocabulary",
    "align_to_samples",
    "argument",
    "as_array",
    "as_float",
    "as_numbers",
    "as_pandas",
    "available_if",
    "batch_bounds",
    "canonical_order",
    "center_samples",
    "check_index",
    "check_positive",
    "check_sample_weights",
    "check_sequence_targets",
    "check_sequences",
    "check_step_weights",
    "check_table_names",
    "check_time_order",
    "check_token_range",
    "count_single",
    "counted",
    "dict_recipe",
    "difference_sizes",
    "explain_foreign_state",
    "find_joiner",
    "find_missing",
    "fit_context",
    "flat_positions",
    "flatten",
    "frame_values",
    "has_sequences",
    "has_step_weights",
    "is_awkward",
    "is_sequence",
    "is_table",
    "join_words",
    "least_sequences",
    "level_of_user",
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
    "plain",
    "plain_labels",
    "plain_number",
    "plain_numbers",
    "prediction_batches",
    "quote",
    "read_panel",
    "read_spans",
    "refuse_empty",
    "refuse_matrices",
    "refuse_single_values",
    "repeated_id",
    "seal",
    "seeded",
    "shape_as_one",
    "shape_of",
    "split_words",
    "standardisation_of",
    "step_labels",
    "steps_within",
    "training_batches",
    "trimmed_steps",
    "unchanged_on_failure",
    "unseal",
    "validate_params",
    "weighted_statistics",
]
