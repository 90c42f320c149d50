"""From what the user passed to arrays: the sequences, their targets, pretrained vectors."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_regressor
from sklearn.utils.validation import _check_feature_names, _check_n_features

from ..sequences import (
    Panel,
    as_array,
    as_numbers,
    check_sequence_targets,
    check_sequences,
    check_token_range,
    is_table,
    padding_bounds,
)


def float_type(estimator: Any) -> type[np.floating]:
    """Type of data, weights and targets of a model that is being fitted or is fitted."""
    return np.float64 if estimator._precision == "float64" else np.float32


def reads_tokens(estimator: Any) -> bool:
    """Whether X holds token ids."""
    return estimator.embedding_dim is not None or estimator.embedding_weights is not None


def read_sequences(
    estimator: Any, X: Any, caller: str, *, reset: bool, input_name: str = "X"
) -> Panel:
    """Turn X into a Panel, and set or check the number and names of features."""
    tokens = estimator._tokens
    table = is_table(X, tokens=tokens, padding_value=estimator.padding_value)
    if table:  # names first, because other columns hold other values
        _check_feature_names(estimator, X, reset=reset)
    panel = check_sequences(
        X,
        dtype=float_type(estimator),
        tokens=tokens,
        padding_value=estimator.padding_value,
        caller=caller,
        input_name=input_name,
    )
    if not table:
        names = panel.feature_names
        columns = np.empty((0, 0)) if names is None else pd.DataFrame(columns=list(names))
        _check_feature_names(estimator, columns, reset=reset)
    if reset:
        estimator._is_table = table
        estimator._n_step_features = panel.n_features
        if not table:
            estimator.n_features_in_ = panel.n_features
    if table and estimator._is_table:
        _check_n_features(estimator, X, reset=reset)
    elif panel.n_features != estimator._n_step_features:
        raise ValueError(
            f"{caller}: {input_name} has {panel.n_features} features per time step, but the "
            f"model was fitted with {estimator._n_step_features}. Pass sequences of shape "
            f"(n_timesteps, {estimator._n_step_features})."
        )
    if tokens and not reset:
        check_token_range(panel, estimator._num_embeddings, caller)
    return panel


def read_target(
    estimator: Any, y: Any, X: Any, panel: Panel, caller: str, input_name: str = "y"
) -> np.ndarray:
    """Validate y: one row a sequence, or one a time step with ``return_sequences=True``."""
    if y is None:
        raise ValueError(
            f"{caller}: {type(estimator).__name__} requires y to be passed, but the target y is "
            "None. Pass one target per sequence."
        )
    if not estimator._per_step:
        y = estimator._check_target(y, caller, input_name)
        if len(y) != len(panel):
            raise ValueError(
                f"{caller}: X has {len(panel)} sequences, but {input_name} has {len(y)} "
                "targets (inconsistent numbers of samples). Pass one target per sequence."
            )
        return y
    trim: dict[str, Any] = {}
    if estimator.padding_value is not None:
        untrimmed = check_sequences(
            X, dtype=float_type(estimator), tokens=panel.is_tokens, caller=caller, finite=False
        )
        trim["bounds"] = padding_bounds(untrimmed, estimator.padding_value)
        trim["untrimmed_lengths"] = untrimmed.lengths
    values, _ = check_sequence_targets(
        y,
        panel.lengths,
        caller=caller,
        input_name=input_name,
        numeric=is_regressor(estimator),
        **trim,
    )
    return values


def count_tokens(estimator: Any, panel: Panel, caller: str) -> int:
    """Size of the vocabulary: as said, or as the Panel knows, or as seen."""
    if estimator.embedding_weights is not None:
        known: int | None = len(estimator.embedding_weights)
    else:
        known = estimator.num_embeddings if estimator.num_embeddings is not None else panel.n_tokens
    if known is None:
        return int(panel.values.max()) + 1
    check_token_range(panel, known, caller)
    return int(known)


def read_embedding_weights(
    embedding_weights: Any, embedding_dim: int | None, num_embeddings: int | None, caller: str
) -> np.ndarray | None:
    """Pretrained vectors, checked."""
    if embedding_weights is None:
        return None
    where = f"{caller}: embedding_weights"
    advice = (
        "Pass finite numbers of shape (num_embeddings, embedding_dim), row i the vector of token i."
    )
    weights = as_numbers(as_array(embedding_weights, where, advice), where)
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
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
