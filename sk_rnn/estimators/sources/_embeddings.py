"""Pretrained embedding vectors."""

from typing import Any

import numpy as np

from ...sequences import as_array, as_numbers, open_tensors


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
    with np.errstate(over="ignore"):  # overflow raises an error, as infinity
        weights = weights.astype(np.float64, copy=False)
    wrong = _find_problem(weights, embedding_dim, num_embeddings)
    if wrong:
        raise ValueError(f"{where} {wrong}. {advice}")
    return weights


def _find_problem(
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
