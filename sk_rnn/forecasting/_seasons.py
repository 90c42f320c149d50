"""Seasons of series: nominal ones by frequency, and those found in the data."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..sequences import plain
from ._calendar import step_days
from ._clock import Clock
from ._series import SeriesSet

# A season is used if the autocorrelation of the first differences at this lag is larger. That of
# the values is misleading in the presence of cycles and trends. Measured: M4 Hourly 0.83, ETTh1
# 0.26, airline passengers 0.7; sunspots 0.01 and minimum temperatures 0.01, where a season
# increases errors by 1 to 7 %.
LEAST_AUTOCORRELATION = 0.2

# A longer season is used only if the median series is at least this many times as long.
LEAST_REPETITIONS = 4

_DAY = 86400
_WEEK = 7 * _DAY


def nominal_seasons(clock: Clock) -> tuple[int, ...]:
    """Return the typical seasons of a frequency, from short to long.

    Hourly data have a day and a week (24, 168); daily data a week (7); business days 5; weekly data
    a year (52); months 12; quarters 4; minutes an hour and a day (60, 1440). Multiples have the
    seasons that are an integer number of steps: half hours 48 and 336. Times without dates have
    none.
    """
    if not clock.has_dates:
        return ()
    days = step_days(clock)
    if clock.kind != "fixed" and not _is_fixed_period(clock):
        if 0.9 < days < 1.9:  # business days
            return (5,)
        steps = round(12 / max(round(days / (365.25 / 12)), 1))
        divides_year = days > 27 and abs(steps * days - 365.25) < 2
        return (steps,) if divides_year and steps > 1 else ()
    seconds = round(days * _DAY)
    if seconds == 0:
        return ()
    if abs(days - 7) < 0.01 or abs(days - 14) < 0.01:
        return (round(364 / days),)
    if seconds < 60:
        periods: Sequence[int] = (60, 3600)
    elif seconds < 300:
        periods = (3600, _DAY)
    else:
        periods = (_DAY, _WEEK)
    return tuple(p // seconds for p in periods if p % seconds == 0 and p // seconds > 1)


def choose_seasons(data: SeriesSet, values: np.ndarray | None = None) -> tuple[int, ...]:
    """Return the nominal seasons that are found in the data, from short to long.

    Parameters
    ----------
    data : SeriesSet
    values : ndarray of shape (total_steps,), default=None
        The transformed values; by default those of `data`.
    """
    nominal = nominal_seasons(data.clock)
    if not nominal:
        return ()
    correlation = season_strength(data, nominal[0], values)
    if not correlation > LEAST_AUTOCORRELATION:  # NaN: not enough data
        return ()
    length = float(np.median(data.lengths))
    longer = tuple(s for s in nominal[1:] if length >= LEAST_REPETITIONS * s)
    return (nominal[0], *longer)


def season_strength(data: SeriesSet, season: int, values: np.ndarray | None = None) -> float:
    """Return the autocorrelation of first differences at a season: the median over series.

    Pairs with a missing value are ignored, and so are series that have fewer than two seasons or
    are constant. NaN if there are no others.
    """
    values = data.values if values is None else values
    series = np.repeat(np.arange(data.n_series), data.lengths)
    differences = np.full(len(values), np.nan)
    differences[1:] = np.diff(values)
    differences[data.offsets[:-1][data.lengths > 0]] = np.nan
    mean = _means(differences, series, data.n_series)
    centred = differences - mean[series]
    pairs = np.full(len(values), np.nan)
    if len(values) > season:
        same = series[season:] == series[:-season]
        pairs[season:] = np.where(same, centred[season:] * centred[:-season], np.nan)
    there = ~np.isnan(pairs)
    n_pairs = np.bincount(series[there], minlength=data.n_series)
    total = np.bincount(series[there], pairs[there], minlength=data.n_series)
    n = np.bincount(series[~np.isnan(centred)], minlength=data.n_series)
    squares = np.bincount(series, np.nan_to_num(centred) ** 2, minlength=data.n_series)
    # The numerator lacks the terms of gaps in addition to those of the first season.
    usual = np.maximum(n - season, 1)
    judged = (n_pairs >= season) & (squares > 0)
    if not judged.any():
        return np.nan
    ratio = total[judged] / squares[judged] * (usual[judged] / n_pairs[judged])
    return float(np.median(ratio))


def check_seasons(season_length: Any, where: str) -> tuple[int, ...]:
    """Validate season lengths, and return them from short to long.

    Parameters
    ----------
    season_length : None, int or list of int
    where : str
        The caller, for error messages.
    """
    if season_length is None:
        return ()
    several = isinstance(season_length, list | tuple)
    several |= isinstance(season_length, np.ndarray) and season_length.ndim == 1
    listed = list(season_length) if several else [season_length]
    for season in listed:
        integer = isinstance(season, int | np.integer) and not isinstance(season, bool)
        if not integer or season < 2:
            raise ValueError(
                f"{where}: season_length has {plain(season)}. Pass 'auto', None, or numbers of "
                "time steps of at least 2, such as 24 or [24, 168]."
            )
    return tuple(sorted({int(season) for season in listed}))


def choose_patch(data: SeriesSet, seasons: tuple[int, ...]) -> int:
    """Return the number of time steps per patch, the input of one step of the network.

    The shortest season, nominal or given, whether it is used or not (minimum temperatures,
    validation RMSE: 2.81 with patches of a week, 2.99 with single days). Without a season, it is 8,
    but at most a twelfth of the median series, so that a context has four patches.
    """
    nominal = nominal_seasons(data.clock)
    if seasons or nominal:
        return min((*seasons, *nominal[:1])) if not seasons else seasons[0]
    return int(np.clip(np.median(data.lengths) // 12, 1, 8))


def choose_context(data: SeriesSet, patch: int, seasons: tuple[int, ...]) -> int:
    """Return the number of time steps before each forecast that are inputs.

    Two to fourteen patches, of up to a third of the median series, and at least the longest
    season. A longer context did not help (ETTh1: validation 0.680 with 720 steps, 0.675 with 336).
    """
    length = int(np.median(data.lengths))
    n_patches = int(np.clip(length // (3 * patch), 2, 14))
    longest = max(seasons, default=0)
    return patch * max(n_patches, -(-longest // patch))


def choose_transform(data: SeriesSet) -> str | None:
    """Return "log" for positive series that are not close to zero, otherwise None.

    That is, if all values are positive, and in 90 % of the series the minimum is more than 1 % of
    the median. M4 Hourly: sMAPE 11.89 without, 10.06 with it.
    """
    values = data.values
    observed = ~np.isnan(values)
    if not (values[observed] > 0).all():
        return None
    clear = []
    for s in range(data.n_series):
        part = values[data.offsets[s] : data.offsets[s + 1]]
        part = part[~np.isnan(part)]
        if len(part):
            clear.append(part.min() > 0.01 * np.median(part))
    return "log" if np.mean(clear) >= 0.9 else None


def is_nonnegative(data: SeriesSet) -> bool:
    """Return whether no observed value is negative, so forecasts should not be either."""
    return not (data.values < 0).any()


def _is_fixed_period(clock: Clock) -> bool:
    """Return whether periods have a fixed duration, such as weeks and hours, or not, as months."""
    if clock.kind != "period":
        return False
    name = (clock.freq or "").lstrip("0123456789").partition("-")[0]
    return name in ("W", "D", "h", "min", "s", "ms", "us", "ns")


def _means(values: np.ndarray, series: np.ndarray, n_series: int) -> np.ndarray:
    there = ~np.isnan(values)
    n = np.bincount(series[there], minlength=n_series)
    return np.bincount(series[there], values[there], minlength=n_series) / np.maximum(n, 1)
