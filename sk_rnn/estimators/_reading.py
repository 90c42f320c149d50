"""From what the user passed to arrays: the sequences, their targets, pretrained vectors."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_regressor
from sklearn.utils.validation import _check_feature_names, _check_n_features

from ..sequences import (
    Spans,
    align_to_samples,
    check_sequence_targets,
    check_token_range,
    is_table,
    read_spans,
)
from ._rows import highest_token

# A vocabulary that is only as large as its highest id says is refused above this size, if there
# are not at least a hundredth as many time steps to learn it from.
_MANY_IDS, _SPARSE = 1_000_000, 100


def float_type(estimator: Any) -> type[np.floating]:
    """Type of weights, and of what meets them, of a model that is being fitted or is fitted."""
    return np.float64 if estimator._precision == "float64" else np.float32


def reads_tokens(estimator: Any) -> bool:
    """Whether X holds token ids."""
    return estimator.embedding_dim is not None or estimator.embedding_weights is not None


def read_sequences(
    estimator: Any, X: Any, caller: str, *, reset: bool, input_name: str = "X"
) -> Spans:
    """Read X, and set or check the number and names of features."""
    tokens = estimator._tokens
    table = is_table(X, tokens=tokens, padding_value=estimator.padding_value)
    if table:  # names first, because other columns hold other values
        _check_feature_names(estimator, X, reset=reset)
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
        _check_n_features(estimator, X, reset=reset)
    elif spans.n_features != estimator._n_step_features:
        raise ValueError(
            f"{caller}: {input_name} has {spans.n_features} features per time step, but the "
            f"model was fitted with {estimator._n_step_features}. Pass sequences of shape "
            f"(n_timesteps, {estimator._n_step_features})."
        )
    if tokens and not reset:
        check_token_range(spans, estimator._num_embeddings, caller)
    return spans


def read_target(
    estimator: Any, y: Any, spans: Spans, caller: str, input_name: str = "y"
) -> np.ndarray:
    """Validate y: one row per sequence, or per time step with ``return_sequences=True``."""
    if y is None:
        raise ValueError(
            f"{caller}: {type(estimator).__name__} requires y to be passed, but the target y is "
            "None. Pass one target per sequence."
        )
    y = align_to_samples(y, spans, f"{caller}: {input_name}")
    if not estimator._per_step:
        y = estimator._check_target(y, caller, input_name)
        if len(y) != len(spans):
            raise ValueError(
                f"{caller}: X has {len(spans)} sequences, but {input_name} has {len(y)} "
                "targets (inconsistent numbers of samples). Pass one target per sequence."
            )
        return y
    trim: dict[str, Any] = {}
    if spans.untrimmed is not None:
        first, untrimmed_lengths = spans.untrimmed
        trim["bounds"] = (first, first + spans.lengths)
        trim["untrimmed_lengths"] = untrimmed_lengths
    values, _ = check_sequence_targets(
        y,
        spans.lengths,
        caller=caller,
        input_name=input_name,
        numeric=is_regressor(estimator),
        **trim,
    )
    return values


def count_tokens(estimator: Any, spans: Spans, caller: str) -> int:
    """Size of the vocabulary: as said, or as the Panel knows, or as seen."""
    if estimator.embedding_weights is not None:
        known: int | None = len(estimator.embedding_weights)
    else:
        known = estimator.num_embeddings if estimator.num_embeddings is not None else spans.n_tokens
    if known is None:
        return count_seen_tokens(spans, caller)
    check_token_range(spans, known, caller)
    return int(known)


def count_seen_tokens(spans: Spans, caller: str) -> int:
    """Size of the vocabulary that goes up to the highest id seen.

    Ids that are only names, such as product numbers, would ask for vectors by the million of which
    nearly none is ever used.
    """
    n_tokens = highest_token(spans) + 1
    if n_tokens > _MANY_IDS and n_tokens > _SPARSE * spans.lengths.sum():
        raise ValueError(
            f"{caller}: X has token id {n_tokens - 1}, which asks for a vocabulary of {n_tokens} "
            f"tokens, but X has {spans.lengths.sum()} time steps in all. Token ids are numbered "
            "from 0 on: put sk_rnn.preprocessing.SequenceVectorizer(analyzer=list) before the "
            "estimator, which maps the ids that occur to such numbers; or set num_embeddings if "
            "the vocabulary is really that large."
        )
    return n_tokens


def read_embedding_weights(
    embedding_weights: Any, embedding_dim: int | None, num_embeddings: int | None, caller: str
) -> np.ndarray | None:
    """Pretrained vectors, checked."""
    if embedding_weights is None:
        return None
    try:
        weights = np.asarray(embedding_weights, dtype=np.float64)
        wrong = _embedding_fault(weights, embedding_dim, num_embeddings)
    except (TypeError, ValueError) as error:
        wrong = f"cannot be read as numbers: {error}"
    if wrong:
        raise ValueError(
            f"{caller}: embedding_weights {wrong}. Pass finite numbers of shape "
            "(num_embeddings, embedding_dim), row i the vector of token i."
        )
    return weights


def _embedding_fault(
    weights: np.ndarray, embedding_dim: int | None, num_embeddings: int | None
) -> str | None:
    if weights.ndim != 2 or not weights.size:
        return f"has shape {weights.shape}"
    if not np.isfinite(weights).all():
        return f"contains NaN or infinity in row {int((~np.isfinite(weights)).any(1).argmax())}"
    if embedding_dim not in (None, weights.shape[1]):
        return f"has {weights.shape[1]} columns, but embedding_dim={embedding_dim}"
    if num_embeddings not in (None, len(weights)):
        return f"has {len(weights)} rows, but num_embeddings={num_embeddings}"
    return None
