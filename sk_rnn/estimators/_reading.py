"""Validation of inputs: sequences, their targets, pretrained embedding vectors."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_regressor
from sklearn.utils.validation import _check_feature_names, _check_n_features

from ..sequences import (
    SingleTargetsError,
    Spans,
    TargetCountError,
    TargetLengthsError,
    align_to_samples,
    argument,
    as_array,
    as_numbers,
    as_pandas,
    check_sequence_targets,
    check_table_names,
    check_token_range,
    counted,
    is_table,
    long_frame,
    one_sequence,
    open_foreign,
    open_tensors,
    plain,
    read_spans,
    refuse_single_values,
    repeated_id,
    shape_as_one,
)
from ._rows import highest_token
from ._warnings import warn_user

_VECTORIZED = (
    " If X is from a SequenceVectorizer: its token_pattern drops punctuation and single "
    "letters, max_length truncates documents, and add_marks adds two tokens. Pass it lists of "
    "tokens instead of text, one token per label."
)

# A vocabulary whose size is inferred from the highest id is refused above this size, unless there
# are at least a hundredth as many time steps to learn it from.
_MANY_IDS, _SPARSE = 1_000_000, 100


def float_type(estimator: Any) -> type[np.floating]:
    """Return the floating point type of weights and inputs of a model that is being fitted."""
    return np.float64 if estimator._precision == "float64" else np.float32


def reads_tokens(estimator: Any) -> bool:
    """Whether X contains token ids."""
    return estimator.embedding_dim is not None or estimator.embedding_weights is not None


def read_sequences(
    estimator: Any, X: Any, caller: str, *, reset: bool, input_name: str = "X"
) -> Spans:
    """Read X, and set or check the number and names of features."""
    where = f"{caller}: {input_name}"
    X = open_foreign(X, where)
    tokens = estimator._tokens
    table = is_table(X, tokens=tokens, padding_value=estimator.padding_value)
    if table:  # names first: wrong columns would fail later checks with a misleading message
        check_table_names(estimator, X, where, reset=reset)
    if not reset:
        refuse_single_values(X, where, estimator)
    spans = read_spans(
        X,
        tokens=tokens,
        padding_value=estimator.padding_value,
        caller=caller,
        input_name=input_name,
    )
    if not table:
        names = spans.feature_names
        columns = np.empty((0, 0)) if names is None else pd.DataFrame(columns=list(names))
        _check_feature_names(estimator, columns, reset=reset)
    if reset:
        estimator._is_table = table
        estimator._n_step_features = spans.n_features
        if not table:
            estimator.n_features_in_ = spans.n_features
    if table and estimator._is_table:
        _check_columns(estimator, X, input_name, reset=reset)
    elif spans.n_features != estimator._n_step_features:
        raise ValueError(
            f"{where} has {counted(spans.n_features, 'feature')} per time step, but the model was "
            f"fitted with {estimator._n_step_features}. Pass sequences of shape (n_timesteps, "
            f"{estimator._n_step_features})."
            + one_sequence(X, input_name, estimator._n_step_features)
        )
    if tokens and not reset:
        check_token_range(spans, estimator._num_embeddings, caller)
    return spans


def _check_columns(estimator: Any, X: Any, input_name: str, *, reset: bool) -> None:
    """Set or check the number of columns of a table; mention if it may be one sequence."""
    try:
        _check_n_features(estimator, X, reset=reset)
    except ValueError as error:
        raise ValueError(f"{error}{one_sequence(X, input_name, 1)}") from None


def warn_of_long_frame(estimator: Any, X: Any, where: str) -> None:
    """Warn of a table with a column of ids, where a time step is expected."""
    if estimator._tokens or not estimator._is_table or not hasattr(type(X), "columns"):
        return
    X = open_foreign(X, where)
    by = repeated_id(X)
    if by is not None and by in X.columns:
        X = as_pandas(X)
        warn_user(
            f"{where} is read as a table, one sequence per row and one time step per column, but "
            f"column {plain(by)} has {counted(X[by].nunique(), 'value')} in {len(X)} rows."
            + long_frame(X, argument(where), by=by)
        )


def mismatch_hint(X: Any, source: str, n_targets: int) -> str:
    """Explain what X may be if the numbers of samples and targets differ."""
    X = open_foreign(X, source)
    hint = one_sequence(X, source) if n_targets == 1 else ""
    return hint or long_frame(X, source, n_samples=n_targets)


def read_target(
    estimator: Any, y: Any, X: Any, spans: Spans, caller: str, input_name: str = "y"
) -> np.ndarray:
    """Validate y: one row per sequence, or per time step with ``return_sequences=True``."""
    if y is None:
        raise ValueError(
            f"{caller}: {type(estimator).__name__} requires y to be passed, but the target y is "
            "None. Pass one target per sequence."
        )
    y = align_to_samples(
        open_tensors(y, f"{caller}: {input_name}"), spans, f"{caller}: {input_name}"
    )
    source = input_name.replace("y", "X", 1)
    if not estimator._per_step:
        y = estimator._check_target(y, caller, input_name)
        if len(y) != len(spans):
            raise ValueError(
                f"{caller}: {source} has {counted(len(spans), 'sequence')}, but {input_name} has "
                f"{counted(len(y), 'target')} (inconsistent numbers of samples). Pass one target "
                f"per sequence.{mismatch_hint(X, source, len(y))}"
            )
        return y
    trim: dict[str, Any] = {}
    if spans.untrimmed is not None:
        first, untrimmed_lengths = spans.untrimmed
        trim["bounds"] = (first, first + spans.lengths)
        trim["untrimmed_lengths"] = untrimmed_lengths
    try:
        values, _ = check_sequence_targets(
            y,
            spans.lengths,
            caller=caller,
            input_name=input_name,
            numeric=is_regressor(estimator),
            **trim,
        )
    except SingleTargetsError as error:
        shape = shape_as_one(open_foreign(X, source))
        hint = ""
        if shape is not None and shape[0] == len(y):
            hint = (
                f" If they are one sequence of {counted(shape[0], 'time step')}, pass [{source}] "
                f"and [{input_name}]."
            )
        raise ValueError(f"{error}{hint}") from None
    except TargetCountError as error:
        raise ValueError(f"{error}{mismatch_hint(X, source, len(y))}") from None
    except TargetLengthsError as error:
        hint = _VECTORIZED if spans.n_tokens is not None else ""
        raise ValueError(f"{error}{hint}") from None
    return estimator._check_step_targets(values, spans, caller, input_name)


def count_tokens(estimator: Any, spans: Spans, caller: str) -> int:
    """Return the size of the vocabulary: as set, as stored in the Panel, or as seen in X."""
    if estimator.embedding_weights is not None:
        known: int | None = len(estimator.embedding_weights)
    else:
        known = estimator.num_embeddings if estimator.num_embeddings is not None else spans.n_tokens
    if known is None:
        return count_seen_tokens(spans, caller)
    check_token_range(spans, known, caller)
    return int(known)


def count_seen_tokens(spans: Spans, caller: str, setting: str = "set num_embeddings") -> int:
    """Return the size of a vocabulary up to the highest id in X.

    Arbitrary ids, such as product numbers, would require millions of embedding vectors, nearly all
    of them unused. ``setting`` describes how to set the size instead.
    """
    n_tokens = highest_token(spans) + 1
    if n_tokens > _MANY_IDS and n_tokens > _SPARSE * spans.lengths.sum():
        raise ValueError(
            f"{caller}: X has token id {n_tokens - 1}, which requires a vocabulary of {n_tokens} "
            f"tokens, but X has {spans.lengths.sum()} time steps in total. Token ids must be "
            "consecutive numbers from 0: put sk_rnn.preprocessing.SequenceVectorizer(analyzer=list)"
            f" before the estimator, which maps the ids in X to such numbers; or {setting} if the "
            "vocabulary is really that large."
        )
    return n_tokens


def read_embedding_weights(
    embedding_weights: Any, embedding_dim: int | None, num_embeddings: int | None, caller: str
) -> np.ndarray | None:
    """Validate pretrained embedding vectors."""
    if embedding_weights is None:
        return None
    where = f"{caller}: embedding_weights"
    advice = (
        "Pass finite numbers of shape (num_embeddings, embedding_dim), with row i for token id i."
    )
    embedding_weights = open_tensors(embedding_weights, where)
    weights = as_numbers(as_array(embedding_weights, where, advice), where, advice)
    with np.errstate(over="ignore"):  # overflow is refused as infinity
        weights = weights.astype(np.float64, copy=False)
    wrong = _embedding_fault(weights, embedding_dim, num_embeddings)
    if wrong:
        raise ValueError(f"{where} {wrong}. {advice}")
    return weights


def _embedding_fault(
    weights: np.ndarray, embedding_dim: int | None, num_embeddings: int | None
) -> str | None:
    if weights.ndim != 2 or not weights.size:
        return f"has shape {weights.shape}"
    if not np.isfinite(weights).all():
        return f"contains NaN or infinity in row {int((~np.isfinite(weights)).any(1).argmax())}"
    too_large = np.abs(weights) > np.finfo(np.float32).max
    if too_large.any():
        return f"contains a number too large for float32 in row {int(too_large.any(1).argmax())}"
    if embedding_dim not in (None, weights.shape[1]):
        return f"has {weights.shape[1]} columns, but embedding_dim={embedding_dim}"
    if num_embeddings not in (None, len(weights)):
        return f"has {len(weights)} rows, but num_embeddings={num_embeddings}"
    return None
