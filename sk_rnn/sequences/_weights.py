"""Weights of samples, for training and for scores."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from ._arrays import as_array
from ._numbers import as_numbers

# Limit for the sum of weights times losses or token counts, which must be finite, too.
_LARGEST_SUM = 1e300


def check_sample_weights(
    sample_weight: Any,
    n_samples: int,
    caller: str,
    *,
    input_name: str = "sample_weight",
    noun: str = "sample",
    purpose: str = "score",
) -> np.ndarray:
    """Return weights as float64 (n_samples,); a scalar applies to all samples.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), or number
    n_samples : int
    caller, input_name : str
        Names of the caller and of the weights in error messages.
    noun : str
        Noun for the weighted items.
    purpose : str
        Verb for the error message if all weights are zero, such as "train on".

    Raises
    ------
    TypeError
        If they are not numbers.
    ValueError
        If they are not finite, negative, all zero, too large to sum, or not one per sample.
    """
    where = f"{caller}: {input_name}"
    advice = f"Pass a 1-D array of {n_samples} weights, one per {noun}."
    if issparse(sample_weight):
        raise TypeError(f"{where} is sparse, which is not supported. {advice}")
    # NumPy takes a memoryview for a scalar.
    if np.isscalar(sample_weight) and not isinstance(sample_weight, memoryview):
        sample_weight = np.full(n_samples, sample_weight)
    weights = as_array(sample_weight, where, advice)
    # Strings of digits are converted, too.
    weights = weights.astype(object) if weights.dtype.kind in "US" else weights
    weights = as_numbers(weights, where, advice)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"{where} has shape {weights.shape}, but there are {n_samples} {noun}s. {advice}"
        )
    weights = weights.astype(np.float64, copy=False)
    wrong = ~((weights >= 0) & np.isfinite(weights))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise ValueError(
            f"{where}[{first}] is {weights[first]:g}. Weights are finite numbers, zero or "
            f"positive; zero leaves a {noun} out."
        )
    if not weights.any():
        raise ValueError(
            f"{where} is zero for all {n_samples} {noun}s, which leaves none to {purpose}. Sample "
            "weights must contain at least one non-zero number."
        )
    with np.errstate(over="ignore"):
        total = weights.sum()
    if total > _LARGEST_SUM:
        raise ValueError(
            f"{where} adds up to {total:g}, which is too large to compute with. Pass weights "
            f"divided by the largest, {weights.max():g}."
        )
    return weights
