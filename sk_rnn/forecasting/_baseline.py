"""The seasonal baseline: repeated seasons with a trend."""

from typing import NamedTuple

import numpy as np

# Logits of the shortest season, or of the last value without one, and of all others, before
# training: the forecast starts as a seasonal random walk.
FIRST_LOGIT, OTHER_LOGIT = 1.5, -1.0

# The weight of recent growth before training, per season ahead.
FIRST_GROWTH = 0.75


class Baseline(NamedTuple):
    """Terms of the baseline of windows, in the units of each window. They are not trained.

    The baseline of step h in patch j of the horizon is, with the seasons l and parameters a, s, d,

        sum_l a_jl (naive_lh + s_jl short_l + d_jl n_lh long_l) + a_j,last last + a_j,mean mean.
    """

    naive: np.ndarray  # (B, n_seasons, H) the value an integer number of seasons before each step
    short: np.ndarray  # (B, n_seasons) mean growth over a season, in the last quarter of one
    long: np.ndarray  # (B, n_seasons) growth of the last season over the previous one
    last: np.ndarray  # (B,) the last value observed
    mean: np.ndarray  # (B,) the mean of the window
    seasons_ahead: np.ndarray  # (n_seasons, H) starting from 1


def baseline_terms(
    z: np.ndarray, observed: np.ndarray, seasons: tuple[int, ...], horizon: int
) -> Baseline:
    """Return the terms of the baseline.

    Parameters
    ----------
    z : ndarray of shape (n_windows, context)
        Normalised windows, 0 where missing.
    observed : ndarray of bool of shape (n_windows, context)
    seasons : tuple of int
        Season lengths of at most the context.
    horizon : int

    Returns
    -------
    terms : Baseline
        float32. A value that is missing a season ago is replaced by that of an earlier season, or
        else by the last observed value.
    """
    n_windows, context = z.shape
    last = _last_observed(z, observed)
    counts = np.maximum(observed.sum(axis=1), 1)
    mean = np.where(observed, z, 0.0).sum(axis=1) / counts
    naive = np.empty((n_windows, len(seasons), horizon), dtype=np.float32)
    short = np.zeros((n_windows, len(seasons)), dtype=np.float32)
    long = np.zeros((n_windows, len(seasons)), dtype=np.float32)
    ahead = np.empty((len(seasons), horizon), dtype=np.float32)
    h = np.arange(horizon)
    for i, season in enumerate(seasons):
        naive[:, i] = _last_season(z, observed, season, last)[:, h % season]
        ahead[i] = 1 + h // season
        quarter = max(1, season // 4)
        if context >= season + quarter:
            short[:, i] = _growth(z, observed, season, quarter)
        if context >= 2 * season:
            long[:, i] = _growth(z, observed, season, season)
    return Baseline(naive, short, long, last.astype(np.float32), mean.astype(np.float32), ahead)


def first_weights(n_seasons: int, n_patches: int) -> np.ndarray:
    """Return the logits before training, (n_patches, n_seasons + 2): seasons, last value, mean."""
    logits = np.full((n_patches, n_seasons + 2), OTHER_LOGIT, dtype=np.float32)
    logits[:, 0] = FIRST_LOGIT  # the last value, if there is no season
    return logits


def first_forecast(terms: Baseline) -> np.ndarray:
    """Return the baseline before training, float32 (n_windows, horizon).

    It is a seasonal random walk with damped drift: three quarters of the recent growth per season,
    times the number of seasons ahead.
    """
    n_seasons = terms.naive.shape[1]
    logits = first_weights(n_seasons, 1)[0]
    a = np.exp(logits) / np.exp(logits).sum()
    growth = FIRST_GROWTH * terms.seasons_ahead * terms.short[:, :, None]  # (B, S, H)
    seasonal = (a[:n_seasons, None] * (terms.naive + growth)).sum(axis=1)  # (B, H)
    constant = a[-2] * terms.last + a[-1] * terms.mean
    return (seasonal + constant[:, None]).astype(np.float32)


def _last_season(z: np.ndarray, observed: np.ndarray, season: int, last: np.ndarray) -> np.ndarray:
    """Return the last season (B, season), with missing values filled in from earlier seasons."""
    n_windows, context = z.shape
    result = np.zeros((n_windows, season))
    known = np.zeros((n_windows, season), dtype=bool)
    for stop in range(context, 0, -season):
        part = slice(max(stop - season, 0), stop)
        width = part.stop - part.start
        fill = observed[:, part] & ~known[:, season - width :]
        result[:, season - width :] = np.where(fill, z[:, part], result[:, season - width :])
        known[:, season - width :] |= fill
        if known.all():
            break
    return np.where(known, result, last[:, None])


def _growth(z: np.ndarray, observed: np.ndarray, season: int, width: int) -> np.ndarray:
    """Return the mean of ``z[t] - z[t - season]`` over the last steps, for observed pairs."""
    context = z.shape[1]
    now, then = slice(context - width, context), slice(context - width - season, context - season)
    both = observed[:, now] & observed[:, then]
    total = np.where(both, z[:, now] - z[:, then], 0.0).sum(axis=1)
    return total / np.maximum(both.sum(axis=1), 1)


def _last_observed(z: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """Return the last observed value of each window; 0 if there is none."""
    back = np.argmax(observed[:, ::-1], axis=1)
    values = z[np.arange(len(z)), z.shape[1] - 1 - back]
    return np.where(observed.any(axis=1), values, 0.0)
