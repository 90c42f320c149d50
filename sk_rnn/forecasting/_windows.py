"""Windows of series, which are only materialised in batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ._series import SeriesSet

# Windows with a standard deviation below this multiple of the rounding error are constant.
_ROUNDING = 16 * np.finfo(np.float64).eps

# The squares of differences of values up to this are finite.
_SQUARABLE = 1e150


@dataclass(frozen=True)
class Windows:
    """Windows of series, given by their origins: the last input time step before each forecast.

    Parameters
    ----------
    data : SeriesSet
    context : int
        Number of input time steps, up to the origin.
    horizon : int
        Number of time steps to forecast after the origin.
    series : ndarray of int of shape (n_windows,)
    step : ndarray of int of shape (n_windows,)
        The origin as a step since the start of the series.
    values : ndarray of float64 of shape (total_steps,)
        Inputs: the values of `data`, or their logarithms.
    """

    data: SeriesSet
    context: int
    horizon: int
    series: np.ndarray
    step: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.series)

    def take(self, chosen: np.ndarray, context: int, values: np.ndarray) -> "Windows":
        """Return some of the windows, with other inputs.

        Parameters
        ----------
        chosen : ndarray of int
            Indices of the windows.
        context : int
        values : ndarray of float64 of shape (total_steps,)
        """
        return Windows(
            self.data, context, self.horizon, self.series[chosen], self.step[chosen], values
        )

    def read(self, chosen: np.ndarray | slice = slice(None)) -> "Past":
        """Return the inputs of windows.

        Parameters
        ----------
        chosen : ndarray of int or slice
            Indices of the windows.
        """
        series, step = self.series[chosen], self.step[chosen]
        steps = step[:, None] + np.arange(1 - self.context, 1)  # (B, L)
        return Past(*self._gather(series, steps), series, step)

    def targets(self, chosen: np.ndarray | slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Return the values after the origins, 0 where missing, and whether they are observed.

        Parameters
        ----------
        chosen : ndarray of int or slice

        Returns
        -------
        values : ndarray of float64 of shape (n_chosen, horizon)
        observed : ndarray of bool of shape (n_chosen, horizon)
        """
        steps = self.step[chosen][:, None] + np.arange(1, self.horizon + 1)  # (B, H)
        return self._gather(self.series[chosen], steps)

    def weights(self, spread: np.ndarray, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return one number per target, 0 after the end; see :func:`read_weights`.

        Parameters
        ----------
        spread : ndarray of shape (total_steps,)
        chosen : ndarray of int or slice
        """
        steps = self.step[chosen][:, None] + np.arange(1, self.horizon + 1)
        rows, there = self._rows(self.series[chosen], steps)
        return np.where(there, spread[rows], 0.0)

    def places(self, chosen: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Return the places (see :class:`Clock`) of the origins."""
        return self.data.starts[self.series[chosen]] + self.data.clock.step * self.step[chosen]

    def _rows(self, series: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions in the values, and whether the series has these steps."""
        offsets, lengths = self.data.offsets, self.data.lengths
        there = (steps >= 0) & (steps < lengths[series][:, None])
        return np.where(there, offsets[series][:, None] + steps, 0), there

    def _gather(self, series: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, there = self._rows(series, steps)
        values = self.values[rows]
        observed = there & ~np.isnan(values)
        return np.where(observed, values, 0.0), observed


class Past(NamedTuple):
    """Inputs of windows."""

    values: np.ndarray  # (B, L) float64, 0 where missing or before the series
    observed: np.ndarray  # (B, L) bool
    series: np.ndarray  # (B,)
    step: np.ndarray  # (B,)


class Normalised(NamedTuple):
    """Windows in their own units: ``values = loc + scale * z``."""

    z: np.ndarray  # (B, L) float32, 0 where missing
    loc: np.ndarray  # (B,) float64
    scale: np.ndarray  # (B,) float64; 0 for constant windows, whose forecast is `loc`


def training_windows(
    data: SeriesSet,
    context: int,
    horizon: int,
    *,
    least_observed: int = 1,
    values: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    complete: bool = True,
) -> Windows:
    """Return all windows to train on.

    Parameters
    ----------
    data : SeriesSet
    context, horizon : int
    least_observed : int, default=1
        Minimum number of observed values in the series up to the origin, or the number before its
        last window if that is smaller.
    values : ndarray of shape (total_steps,), default=None
        Inputs, such as logarithms; by default the values of `data`.
    weights : ndarray of shape (total_steps,), default=None
        A window is left out if all its observed targets have weight zero.
    complete : bool, default=True
        Whether all targets must lie within the series; otherwise one observed is enough.
    """
    values = data.values if values is None else values
    series = np.repeat(np.arange(data.n_series), data.lengths)
    step = np.arange(len(values)) - data.offsets[series]
    observed = ~np.isnan(values)
    before = np.cumsum(observed)  # up to and including each position
    ahead = horizon if complete else 1
    lengths = data.lengths
    fits = step + ahead < lengths[series]
    start = np.r_[0, before][data.offsets[:-1]]
    n_observed = before - start[series]
    # A series that is too short for this minimum still has its last windows.
    last = np.clip(data.offsets[1:] - 1 - ahead, data.offsets[:-1], None)
    at_last = before[np.minimum(last, len(before) - 1)] - start
    needed = np.clip(np.minimum(least_observed, at_last), 1, None)
    counted = observed if weights is None else observed & (weights > 0)
    total = np.r_[0, np.cumsum(counted)]
    stop = np.minimum(np.arange(len(values)) + 1 + horizon, data.offsets[series + 1])
    has_target = total[stop] > total[np.arange(len(values)) + 1]
    chosen = np.flatnonzero(fits & (n_observed >= needed[series]) & has_target)
    return Windows(data, context, horizon, series[chosen], step[chosen], values)


def last_windows(
    data: SeriesSet, context: int, horizon: int, values: np.ndarray | None = None
) -> Windows:
    """Return the last window of each series, to forecast the time steps after its end."""
    values = data.values if values is None else values
    return Windows(data, context, horizon, np.arange(data.n_series), data.lengths - 1, values)


def draw_batches(
    n_windows: int, batch_size: int, n_steps: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield batches of window indices, drawn uniformly with replacement."""
    for _ in range(n_steps):
        yield rng.integers(n_windows, size=batch_size)


def normalise(past: Past, patch: int, floor: np.ndarray) -> Normalised:
    """Centre and scale each window separately.

    The location is the mean of the last `patch` values, the scale the standard deviation of the
    window, but not less than `floor`. Missing values are ignored in both, and replaced by 0.

    Parameters
    ----------
    past : Past
    patch : int
    floor : ndarray of shape (n_series,)
        From :func:`scale_floor`.
    """
    values, observed = past.values, past.observed
    recent = observed.copy()
    recent[:, : max(values.shape[1] - patch, 0)] = False
    # If the last patch is missing, all observed values are used.
    recent = np.where(recent.any(axis=1, keepdims=True), recent, observed)
    loc = _mean(values, recent)
    centred = np.where(observed, values - loc[:, None], 0.0)
    centre = _mean(centred, observed)
    largest = np.abs(np.where(observed, values, 0.0)).max(axis=1, initial=0.0)
    unit = np.where(largest > _SQUARABLE, largest, 1.0)  # squares must not overflow
    spread = unit * np.sqrt(_mean(((centred - centre[:, None]) / unit[:, None]) ** 2, observed))
    spread = np.where(spread <= _ROUNDING * largest, 0.0, spread)
    scale = np.maximum(spread, floor[past.series])
    z = centred / np.where(scale > 0, scale, 1.0)[:, None]
    return Normalised(z.astype(np.float32), loc, scale)


def scale_floor(
    data: SeriesSet, season: int | None, values: np.ndarray | None = None
) -> np.ndarray:
    """Return the smallest scale of windows of each series, shape (n_series,).

    That is 5 % of its mean absolute seasonal difference (of consecutive values without a season),
    so that noise in a constant part of a series is not amplified. 0 for a constant series.
    """
    values = data.values if values is None else values
    return 0.05 * mean_absolute_difference(data, season or 1, values)


def mean_absolute_difference(
    data: SeriesSet, season: int, values: np.ndarray | None = None
) -> np.ndarray:
    """Return the mean absolute seasonal difference of each series, shape (n_series,).

    It is the error of the seasonal naive forecast within the series: the scale of the mean
    absolute scaled error. If no pair of values is one season apart, consecutive values are used;
    0 if there are none.
    """
    values = data.values if values is None else values
    result = _mean_difference(data, season, values)
    if season > 1 and np.isnan(result).any():
        result = np.where(np.isnan(result), _mean_difference(data, 1, values), result)
    return np.nan_to_num(result)


def _mean_difference(data: SeriesSet, lag: int, values: np.ndarray) -> np.ndarray:
    if len(values) <= lag:
        return np.full(data.n_series, np.nan)
    series = np.repeat(np.arange(data.n_series), data.lengths)
    steps = np.abs(values[lag:] - values[:-lag])
    there = (series[lag:] == series[:-lag]) & ~np.isnan(steps)
    n = np.bincount(series[lag:][there], minlength=data.n_series)
    total = np.bincount(series[lag:][there], steps[there], minlength=data.n_series)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mean of each row over a mask; 0 if it is empty."""
    n = mask.sum(axis=1)
    # Divided before the sum: values of 1e308 must not overflow.
    return (np.where(mask, values, 0.0) / np.maximum(n, 1)[:, None]).sum(axis=1)
