"""Weights of samples or of their time steps, for training and for scores."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from ._arrays import as_array
from ._kinds import is_sequence
from ._layout import locate
from ._numbers import as_numbers
from ._panel import Panel
from ._targets import read_per_step

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
    # NumPy treats a memoryview as a scalar.
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


def has_step_weights(sample_weight: Any) -> bool:
    """Return whether there is a sequence of weights for each sample, instead of one weight."""
    if isinstance(sample_weight, Panel):
        return True
    if np.isscalar(sample_weight) or issparse(sample_weight):
        return False
    n_dimensions = getattr(sample_weight, "ndim", 1)
    if n_dimensions != 1:
        return bool(n_dimensions > 1)
    if getattr(getattr(sample_weight, "dtype", None), "kind", "O") != "O":
        return False  # a long array of numbers
    try:
        return any(is_sequence(item) for item in sample_weight)
    except TypeError:  # it is not iterable
        return False


def check_step_weights(
    sample_weight: Any,
    lengths: np.ndarray,
    caller: str,
    *,
    input_name: str = "sample_weight",
    source: str = "X",
    purpose: str = "score",
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    untrimmed_lengths: np.ndarray | None = None,
) -> np.ndarray:
    """Return weights of time steps as float64 (total_steps,).

    Parameters
    ----------
    sample_weight : container of sequences
        As accepted for y; weights of dropped padding are dropped as well.
    lengths, bounds, untrimmed_lengths
        See `check_sequence_targets`.
    caller, input_name, purpose : str
        See `check_sample_weights`.
    source : str
        Name of the sequences in error messages.

    Raises
    ------
    ValueError
        If they are not finite, negative, all zero, too large to sum, or not one per time step.
    """
    where = f"{caller}: {input_name}"
    weights, offsets = read_per_step(
        sample_weight,
        lengths,
        where,
        source=source,
        noun="weight",
        bounds=bounds,
        untrimmed_lengths=untrimmed_lengths,
    )
    if weights.ndim > 1:
        raise ValueError(
            f"{where} has {weights.shape[1]} weights per time step. Pass one weight per time step."
        )
    weights = as_numbers(weights, where, "Pass one weight per time step.").astype(np.float64)
    wrong = ~((weights >= 0) & np.isfinite(weights))
    if wrong.any():
        position = int(np.argmax(wrong))
        sample, step = locate(offsets, position)
        raise ValueError(
            f"{where}[{sample}] is {weights[position]:g} at time step {step}. Weights are finite "
            "numbers, zero or positive; zero leaves a time step out."
        )
    return check_sample_weights(
        weights, len(weights), caller, input_name=input_name, noun="time step", purpose=purpose
    )
