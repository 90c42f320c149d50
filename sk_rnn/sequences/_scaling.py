"""Standardisation of inputs in float64, before they are rounded to the network's precision."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ._spans import Spans

# Number of values converted to float64 at a time when statistics are computed.
_BLOCK_VALUES = 1 << 22


class Standardisation(NamedTuple):
    """Standardise each feature: ``(value - mean) / std``.

    In float64: the resolution of float32 for Unix seconds is two minutes.

    Attributes
    ----------
    mean, std : ndarray of float64 of shape (n_features,)
        ``std`` is positive.
    """

    mean: np.ndarray
    std: np.ndarray

    def apply(self, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Standardise values (..., n_features) and cast them; overflow becomes infinity."""
        with np.errstate(over="ignore"):
            scaled = values - self.mean  # float64
            scaled /= self.std
            return scaled.astype(dtype, copy=False)


def standardisation_of(spans: Spans, rows: np.ndarray) -> Standardisation:
    """Mean and standard deviation of each feature over the time steps of ``rows``.

    Sums are computed per sample in float64 and added in the order of ``rows``, so that the result
    depends neither on the order of samples in the Panel nor on whether a sample is repeated or
    weighted. Values are first shifted by one of them: far from zero, sums of the raw values would
    lose precision.

    Parameters
    ----------
    spans : Spans
    rows : ndarray of int
        Samples, each repeated according to its weight.

    Returns
    -------
    Standardisation
        A constant feature has ``std`` 1.
    """
    n_steps = spans.lengths[rows].sum()
    pivot = spans.values[spans.starts[rows[0]]].astype(np.float64)
    mean = pivot + _sums(spans, rows, pivot).sum(axis=0) / n_steps
    with np.errstate(over="ignore"):
        std = np.sqrt(_sums(spans, rows, mean, power=2).sum(axis=0) / n_steps)
    if not np.isfinite(std).all() or not std.all():
        # Constant features, or squares beyond float64 in either direction.
        unit = _largest_distance(spans.take(np.unique(rows)), mean)
        std = unit * np.sqrt(_sums(spans, rows, mean, unit, power=2).sum(axis=0) / n_steps)
    return Standardisation(mean, guard_constant(mean, std, spans.values.dtype))


def center_samples(spans: Spans) -> Spans:
    """Subtract from each feature of a sample its mean over the time steps of that sample.

    For features that are logarithms of energies this is cepstral mean normalisation (Atal, 1974),
    which removes what multiplies the energies of a whole recording: loudness, microphone, and part
    of the speaker's voice. Means are computed in float64, for each sample separately.

    Parameters
    ----------
    spans : Spans
        Of numbers.

    Returns
    -------
    Spans
        Contiguous, with a copy of the values, of the same dtype.

    Raises
    ------
    ValueError
        If the range of a sample overflows float64.
    """
    offsets = spans.offsets
    centred = np.empty((offsets[-1], spans.n_features), spans.values.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # raises an error below
        for block, steps in spans.blocks(_BLOCK_VALUES):
            lengths = spans.lengths[block]
            starts = np.cumsum(lengths) - lengths
            # Relative to the first step: far from zero, sums would lose precision.
            shifted = steps - np.repeat(steps[starts].astype(np.float64), lengths, axis=0)
            means = np.add.reduceat(shifted, starts, axis=0) / lengths[:, None]
            shifted -= np.repeat(means, lengths, axis=0)
            centred[offsets[block.start] : offsets[block.stop]] = shifted
            finite = np.isfinite(means).all(axis=1)
            if not finite.all():
                sample = block.start + int(np.argmin(finite))
                raise ValueError(
                    f"{spans.where}[{sample}] has values whose range overflows float64, so its "
                    "mean cannot be subtracted (center_inputs=True). Clip or rescale them first."
                )
    return replace(spans, values=centred, starts=offsets[:-1])


def difference_sizes(
    spans: Spans, rows: np.ndarray, scaling: Standardisation
) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares of the first and second differences of standardised time steps.

    Parameters
    ----------
    spans : Spans
    rows : ndarray of int
        Samples, each repeated according to its weight.
    scaling : Standardisation
        Of these rows.

    Returns
    -------
    first, second : ndarray of float64 of shape (n_features,)
        0 for a constant feature, and if no sample has two or three time steps.
    """
    sums = np.zeros((2, len(spans), spans.n_features))
    for block, steps in spans.blocks(_BLOCK_VALUES):
        lengths = spans.lengths[block]
        starts = np.cumsum(lengths) - lengths
        differences = steps / scaling.std  # float64
        for order in (0, 1):
            differences = np.diff(differences, axis=0, prepend=0.0)
            # Each order has one difference less per sample.
            differences[starts + np.minimum(order, lengths - 1)] = 0.0
            differences[starts] = 0.0
            sums[order, block] = np.add.reduceat(np.square(differences), starts, axis=0)
    counts = [np.maximum(spans.lengths[rows] - order, 0).sum() for order in (1, 2)]
    sizes = np.sqrt(sums[:, rows].sum(axis=1) / np.maximum(counts, 1)[:, None])
    rounding = np.finfo(spans.values.dtype).eps * np.abs(scaling.mean) / scaling.std
    sizes[sizes <= rounding] = 0.0
    return sizes[0], sizes[1]


def weighted_statistics(
    values: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column of (N, n_columns); 1 for a constant column."""
    pivot = values[0]
    mean = pivot + np.average(values - pivot, axis=0, weights=weights)
    centred = values - mean
    unit = np.abs(centred).max(axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    std = unit * np.sqrt(np.average((centred / unit) ** 2, axis=0, weights=weights))
    return mean, guard_constant(mean, std, values.dtype)


def guard_constant(mean: np.ndarray, std: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """``std`` with 1 where the values are constant to rounding in their own ``dtype``."""
    return np.where(std <= np.finfo(dtype).eps * np.abs(mean), 1.0, std)


def _sums(
    spans: Spans,
    rows: np.ndarray,
    center: np.ndarray,
    unit: np.ndarray | None = None,
    *,
    power: int = 1,
) -> np.ndarray:
    """Sum of ((value - center) / unit) ** power over the steps of each of ``rows``."""
    sums = np.empty((len(spans), spans.n_features))
    for block, steps in spans.blocks(_BLOCK_VALUES):
        centred = steps - center  # float64
        if unit is not None:
            centred /= unit
        if power == 2:
            np.square(centred, out=centred)
        lengths = spans.lengths[block]
        sums[block] = np.add.reduceat(centred, np.cumsum(lengths) - lengths, axis=0)
    return sums[rows]  # (len(rows), F)


def _largest_distance(spans: Spans, center: np.ndarray) -> np.ndarray:
    """The largest |value - center| of each feature, 1 where all are zero."""
    largest = np.zeros_like(center)
    for _, steps in spans.blocks(_BLOCK_VALUES):
        np.maximum(largest, np.abs(steps - center).max(axis=0), out=largest)
    return np.where(largest > 0, largest, 1.0)
