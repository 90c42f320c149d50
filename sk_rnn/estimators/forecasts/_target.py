"""What a forecaster forecasts: quantiles of the next values, and their unit."""

import numpy as np
from scipy.special import log_ndtr, ndtri

from ...modules import ForecastLoss, Loss
from ...training import Readout
from .._kinds import Kind

# Logarithms of forecasts are at most this, so that they stay finite.
_LARGEST_LOG = 700.0

# Smallest distance between two quantiles, relative to their size: for a constant series, they are
# the same.
_LEAST_SPREAD = 1e-12


class ForecastTarget(Kind):
    """Quantiles of the next values.

    Parameters
    ----------
    quantiles : tuple of float
        Quantiles to train; 0.5 is added.
    mean : bool
        Whether the forecast is the mean, which is one more output, instead of the median.
    transform : "log" or None
    nonnegative : bool
        Whether no forecast is below zero.
    """

    per_step = False
    one_per_sequence = False
    score_function = None

    def __init__(
        self, quantiles: tuple[float, ...], *, mean: bool, transform: str | None, nonnegative: bool
    ):
        self.quantiles = sorted({0.5, *map(float, quantiles)})
        self.mean, self.transform, self.nonnegative = mean, transform, nonnegative

    @property
    def n_outputs(self) -> int:
        """Outputs per time step."""
        return len(self.quantiles) + int(self.mean)

    def criterion(self) -> Loss:
        """Return the loss."""
        return ForecastLoss(self.quantiles, mean=self.mean)

    def readout(self) -> Readout:
        """Return how callbacks see outputs and targets: in the units of each window."""
        centre = -1 if self.mean else self.quantiles.index(0.5)
        return Readout(
            "regressor", predict=lambda outputs: outputs[:, 0, :, centre], targets=np.asarray
        )

    def decode(self, outputs: np.ndarray, loc: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Return forecasts in the units of the series, or of its logarithms.

        Parameters
        ----------
        outputs : ndarray of shape (n_windows, n_steps, n_outputs)
        loc, scale : ndarray of shape (n_windows,)

        Returns
        -------
        forecasts : ndarray of float64 of the same shape
            Quantiles do not cross.
        """
        forecasts = loc[:, None, None] + scale[:, None, None] * outputs.astype(np.float64)
        n = len(self.quantiles)
        forecasts[..., :n].sort(axis=2)
        return forecasts

    def finish(self, forecasts: np.ndarray) -> np.ndarray:
        """Return decoded forecasts in the units of y."""
        if self.transform == "log":
            forecasts = np.exp(np.minimum(forecasts, _LARGEST_LOG))
        return np.maximum(forecasts, 0.0) if self.nonnegative else forecasts

    def central(self, forecasts: np.ndarray) -> np.ndarray:
        """Return the forecast: the mean or the median."""
        return forecasts[..., -1 if self.mean else self.quantiles.index(0.5)]

    def between(self, forecasts: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return quantiles between the trained ones.

        Interpolated linearly over the quantiles of the normal distribution, in the units of the
        network.

        Parameters
        ----------
        forecasts : ndarray of shape (..., n_outputs)
            Decoded, not finished.
        levels : ndarray of shape (n_levels,)
            Within the range of the trained ones.
        """
        grid, at = ndtri(np.array(self.quantiles)), ndtri(levels)
        if len(grid) == 1:
            return np.repeat(forecasts[..., :1], len(levels), axis=-1)
        right = np.clip(np.searchsorted(grid, at), 1, len(grid) - 1)
        share = (at - grid[right - 1]) / (grid[right] - grid[right - 1])
        low, high = forecasts[..., right - 1], forecasts[..., right]
        # Exact at trained quantiles, and within both ends elsewhere.
        return np.where(share >= 1, high, low + np.clip(share, 0, 1) * (high - low))

    def log_rarity(self, values: np.ndarray, forecasts: np.ndarray) -> np.ndarray:
        """Return the logarithm of the probability of a value at least as far from the median.

        The distribution between the quantiles, and beyond the outer ones, is normal piecewise.

        Parameters
        ----------
        values : ndarray of shape (n,)
            In the units of the network.
        forecasts : ndarray of shape (n, n_outputs)
            Decoded, not finished.
        """
        grid = ndtri(np.array(self.quantiles))
        known = forecasts[:, : len(grid)]
        if len(grid) == 1:
            return np.where(values == known[:, 0], 0.0, -np.inf)
        least = _LEAST_SPREAD * np.maximum(np.abs(known).max(axis=1), np.finfo(float).tiny)
        steps = np.maximum(np.diff(known, axis=1), least[:, None])
        slope = np.diff(grid) / steps  # (n, n_quantiles - 1)
        right = np.clip((values[:, None] > known).sum(axis=1), 1, len(grid) - 1)
        rows = np.arange(len(values))
        # Outside: from the nearest quantile on, with the slope from it to the median.
        score = grid[right - 1] + (values - known[rows, right - 1]) * slope[rows, right - 1]
        middle = self.quantiles.index(0.5)
        for end, beyond in ((0, values < known[:, 0]), (-1, values > known[:, -1])):
            width = np.maximum(np.abs(known[:, end] - known[:, middle]), least)
            outer = grid[end] * (1 + np.abs(values - known[:, end]) / width)
            score = np.where(beyond, outer, score) if grid[end] != 0 else score
        return np.minimum(log_ndtr(-np.abs(score)) + np.log(2), 0.0)
