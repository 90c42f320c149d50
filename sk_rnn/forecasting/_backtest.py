"""Forecasts from many past origins, and the resulting table."""

import operator
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import plain
from ._clock import OFF_GRID
from ._frequency import read_times
from ._series import SeriesSet
from ._windows import Windows

_START = (
    "Pass a fraction of the time steps between 0 and 1, a number of time steps, or the time of the "
    "first forecast."
)


def backtest_windows(
    data: SeriesSet,
    context: int,
    horizon: int,
    where: str,
    *,
    start: Any = 0.8,
    step: int | None = None,
    values: np.ndarray | None = None,
) -> Windows:
    """Return the windows of a backtest, all of whose targets are in the data.

    Parameters
    ----------
    data : SeriesSet
    context, horizon : int
    where : str
        Name of the caller in error messages.
    start : float, int or time, default=0.8
        Start of the first forecast: a fraction of the time steps of each series, a number of time
        steps, or a time.
    step : int, default=None
        Time steps between origins; by default `horizon`.
    values : ndarray of shape (total_steps,), default=None
        Inputs, such as logarithms; by default the values of `data`.
    """
    step = horizon if step is None else step
    if isinstance(step, bool) or not isinstance(step, int | np.integer) or step < 1:
        raise ValueError(
            f"{where}: step={plain(step)} must be a positive integer, the time steps between two "
            "origins."
        )
    first = _first_steps(data, start, where)  # of the first target of each series
    last = data.lengths - horizon
    counts = np.maximum((last - first) // step + 1, 0)
    if not counts.any():
        longest = int(data.lengths.max())
        raise ValueError(
            f"{where}: start={plain(start)} leaves no origin with {horizon} time steps after it: "
            f"the longest series has {longest}. Pass an earlier start."
        )
    series = np.repeat(np.arange(data.n_series), counts)
    within = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
    origins = first[series] + within * step - 1
    return Windows(
        data, context, horizon, series, origins, data.values if values is None else values
    )


def backtest_frame(
    windows: Windows, forecasts: np.ndarray, quantiles: np.ndarray | None = None, labels: Any = None
) -> pd.DataFrame:
    """Return the table of a backtest: one row per origin, time and series.

    Parameters
    ----------
    windows : Windows
        From :func:`backtest_windows`.
    forecasts : ndarray of shape (n_windows, horizon)
    quantiles : ndarray of shape (n_windows, horizon, n_labels), default=None
    labels : Index of length n_labels, default=None
        Column names of the quantiles.

    Returns
    -------
    table : DataFrame
        Indexed by the cutoff (the last input time), the ids if there are several series, and the
        time, and sorted by them. Columns y_true, y_pred and `labels`. Without times, they are
        indices of time steps.
    """
    data = windows.data
    n, horizon = len(windows), windows.horizon
    steps = windows.step[:, None] + np.arange(1, horizon + 1)
    rows = data.offsets[windows.series][:, None] + steps
    places = data.starts[windows.series][:, None] + data.clock.step * steps
    cutoffs = np.repeat(windows.places(), horizon)
    levels: list[Any] = [data.clock.times(cutoffs)]
    names: list[Any] = ["cutoff"]
    series = np.repeat(windows.series, horizon)
    if not data.layout.is_single:
        ids = data.layout.ids
        levels += [ids.get_level_values(level)[series] for level in range(ids.nlevels)]
        named = [ids.names[0] or "series"] if ids.nlevels == 1 else list(ids.names)
        names += named
    levels.append(data.clock.times(places.reshape(-1)))
    names.append(data.clock.name if data.clock.name is not None else "time")
    index = pd.MultiIndex.from_arrays(levels, names=names)
    columns = {"y_true": data.values[rows].reshape(-1), "y_pred": forecasts.reshape(-1)}
    table = pd.DataFrame(columns, index=index)
    if quantiles is not None:
        more = pd.DataFrame(quantiles.reshape(n * horizon, -1), index=index, columns=labels)
        table = pd.concat([table, more], axis=1)
    order = np.lexsort((places.reshape(-1), series, cutoffs))
    return table.iloc[order]


def _first_steps(data: SeriesSet, start: Any, where: str) -> np.ndarray:
    """Return the step of the first target of each series, at least 1."""
    if isinstance(start, float | np.floating):
        if not 0 < start < 1:
            raise ValueError(f"{where}: start={start} must be between 0 and 1. {_START}")
        # The tolerance is for rounding errors: 0.8 * 10 must be 8.
        return np.maximum(np.floor(float(start) * data.lengths + 1e-9).astype(np.int64), 1)
    is_integer = isinstance(start, int | np.integer) and not isinstance(start, bool)
    if is_integer and data.clock.kind != "integer":
        if start < 1:
            raise ValueError(f"{where}: start={start} is below 1. {_START}")
        return np.full(data.n_series, int(start))
    place = _place_of(data, start, where)
    ahead = -(-(place - data.starts) // data.clock.step)
    return np.maximum(ahead, 1)


def _place_of(data: SeriesSet, start: Any, where: str) -> int:
    """Return the first place that is not before a time."""
    clock = data.clock
    if clock.kind == "position":
        raise ValueError(f"{where}: start={plain(start)} is a time, but y has none. {_START}")
    try:
        if clock.kind == "integer":
            return int(operator.index(start))
        if clock.kind == "period":
            index: Any = pd.PeriodIndex([pd.Period(start, freq=clock.freq)])
        elif clock.kind == "timedelta":
            index = pd.TimedeltaIndex([pd.Timedelta(start)])
        else:
            time = pd.Timestamp(start)
            if clock.tz is not None and time.tz is None:
                time = time.tz_localize(clock.tz)
            index = pd.DatetimeIndex([time])
        index = read_times(index, where)
        place = int(clock.places(index)[0])
        if place != OFF_GRID:
            return place
        # Between two times: the later one.
        low, high = int(data.starts.min()), int(data.ends.max())
        grid = np.arange(low, high + 1, clock.step)
        later = int(clock.times(grid).searchsorted(index[0]))
        return int(grid[min(later, len(grid) - 1)])
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{where}: start={plain(start)} cannot be read as a time of y, which has "
            f"{clock.describe()}. {_START}"
        ) from error
