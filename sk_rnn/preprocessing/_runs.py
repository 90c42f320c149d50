"""Parts of series without gaps in time."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..forecasting import Rows, find_clock, show_time
from ..sequences import argument


class Runs(NamedTuple):
    """Time steps that follow each other without a gap, in the order of the series."""

    starts: np.ndarray  # (n_runs,) positions in the values of all series
    lengths: np.ndarray  # (n_runs,)
    series: np.ndarray  # (n_runs,) the series of each


def find_runs(
    times: pd.Index | None, offsets: np.ndarray, time_gaps: str, where: str, several: bool
) -> Runs:
    """Return the parts of series between gaps in time.

    Parameters
    ----------
    times : Index of length offsets[-1], default=None
        Times of the time steps. Only dates and periods can have gaps.
    offsets : ndarray of int of shape (n_series + 1,)
    time_gaps : {"raise", "cut", "ignore"}
        What to do at a gap.
    where : str
        Name of the series in error messages: the caller and the argument.
    several : bool
        Whether there are several series; messages then give the number of the series.
    """
    series = np.arange(len(offsets) - 1)
    whole = Runs(offsets[:-1], np.diff(offsets), series)
    if not isinstance(times, pd.DatetimeIndex | pd.PeriodIndex):
        return whole
    if time_gaps == "ignore" or len(times) < 2:
        return whole
    of_step = np.repeat(series, whole.lengths)
    follows = of_step[1:] == of_step[:-1]
    if not follows.any():
        return whole
    breaks = follows & ~_is_next(times, of_step, follows, where)
    if not breaks.any():
        return whole
    if time_gaps == "raise":
        _refuse_gap(times, of_step, offsets, breaks, where, several)
    starts = np.union1d(offsets[:-1], np.flatnonzero(breaks) + 1)
    starts = starts[starts < offsets[-1]]
    lengths = np.diff(np.r_[starts, offsets[-1]])
    # An empty series has no parts, and no windows.
    return Runs(starts, lengths, of_step[starts])


def _is_next(times: Any, of_step: np.ndarray, follows: np.ndarray, where: str) -> np.ndarray:
    """Return whether each time except the first is one step after the previous one."""
    rows = Rows(times, of_step, where, lambda i: f"row {i}")
    try:
        clock, places = find_clock(rows)
        distances, step = np.diff(places), clock.step
    except ValueError:  # not regular: the most common distance is that of consecutive rows
        distances = np.diff(times.asi8)
        values, counts = np.unique(distances[follows], return_counts=True)
        step = values[np.argmax(counts)]
    return distances == step


def _refuse_gap(
    times: Any,
    of_step: np.ndarray,
    offsets: np.ndarray,
    breaks: np.ndarray,
    where: str,
    several: bool,
) -> None:
    i = int(np.argmax(breaks)) + 1
    s = int(of_step[i])
    row = i - int(offsets[s])
    name = argument(where)
    which = f"{where}[{s}]" if several else where
    raise ValueError(
        f"{which} has a gap in time: row {row} is at {show_time(times[i])}, after "
        f"{show_time(times[i - 1])}, which is not the usual step. Set time_gaps='cut' to make "
        "windows between gaps, or time_gaps='ignore' to treat rows as consecutive; or fill the gap "
        f"first, with {name}.asfreq(...) or {name}.resample(...)."
    )
