"""The clock of series: from a given frequency, that of the index, or inferred from the times."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from ..sequences import argument, counted, plain
from ._clock import (
    OFF_GRID,
    Clock,
    Times,
    base_offset,
    name_offset,
    offset_of,
    show_duration,
    show_time,
)

_DAY = pd.Timedelta("1D")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_GIVE_TIMES = (
    "Pass a DatetimeIndex, a PeriodIndex or increasing integers, or values without an index: "
)


@dataclass(frozen=True)
class Rows:
    """Times of rows, sorted by series and in chronological order within each series.

    Parameters
    ----------
    times : Index of length n_rows
    series : ndarray of int of shape (n_rows,)
        The series of each row as an integer, in increasing order.
    where : str
        Name of the series in error messages: the caller and the argument.
    row_of : callable
        Describes a row in error messages: "row 3", "row 3 of 'a'".
    """

    times: Times
    series: np.ndarray
    where: str
    row_of: Callable[[int], str]

    @property
    def follows(self) -> np.ndarray:
        """Whether each row except the first belongs to the same series as the previous row."""
        return self.series[1:] == self.series[:-1]


def read_times(index: pd.Index, where: str) -> Times:
    """Convert an index to dates, periods, durations or integers, or raise an error.

    Parameters
    ----------
    index : Index
        Not a MultiIndex.
    where : str
        Name of the series in error messages.
    """
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex | pd.RangeIndex):
        return _without_missing(index, where)
    if index.dtype.kind == "M":  # dates of Arrow
        return _without_missing(pd.DatetimeIndex(index), where)
    if index.dtype.kind in "iu":
        index = _without_missing(index, where)
        return pd.Index(index.to_numpy(dtype=np.int64), name=index.name)
    kind = index.inferred_type
    if kind in ("date", "datetime", "datetime64"):
        return _without_missing(pd.DatetimeIndex(index), where)
    if kind == "period":
        return _without_missing(pd.PeriodIndex(index), where)
    name = argument(where)
    if len(index) == 0:
        return pd.RangeIndex(0)
    shown = plain(index[0])
    if kind in ("string", "bytes"):
        advice = f"{name}.set_axis(pd.to_datetime({name}.index)) if they are times."
        what = f"text in its index, for example {shown}"
    elif kind in ("floating", "mixed-integer-float"):
        advice = f"{name}.reset_index(drop=True) if rows are evenly spaced."
        what = f"floats in its index, for example {shown}"
    else:
        advice = f"{name}.reset_index(drop=True)."
        what = f"an index of {kind} values, for example {shown}"
    raise ValueError(f"{where} has {what}, where times are expected. {_GIVE_TIMES}{advice}")


def find_clock(rows: Rows, freq: Any = None) -> tuple[Clock, np.ndarray]:
    """Return the clock of some series and the places of their rows.

    Parameters
    ----------
    rows : Rows
        With times from :func:`read_times`.
    freq : pandas offset, str, int or Clock, default=None
        The frequency; by default that of the index if it has one, else inferred. A clock is that of
        other series, whose kind of times is required.

    Returns
    -------
    clock : Clock
    places : ndarray of int64 of shape (n_rows,)

    Raises
    ------
    ValueError
        If the times are not on a regular grid, or `freq` does not suit them.
    """
    times = rows.times
    if isinstance(freq, Clock):
        if freq.kind != "position" and not freq.reads(times):
            raise ValueError(
                f"{rows.where} has times of a different kind than the previous series: "
                f"{describe_times(times)} after {freq.describe()}. Pass an index of the same kind."
            )
        freq = freq.frequency
    if isinstance(times, pd.DatetimeIndex):
        return _clock_of_dates(rows, freq)
    if isinstance(times, pd.PeriodIndex):
        return _clock_of_periods(rows, freq)
    if isinstance(times, pd.TimedeltaIndex):
        step = None if freq is None else _duration(freq, rows.where)
        clock = Clock("timedelta", 1, unit=times.unit, name=times.name)
        if step is not None:
            clock = replace(clock, step=_units(step, times.unit, rows.where))
            return _on_grid(clock, rows, str(freq))
        return _with_commonest_step(clock, rows)
    if freq is not None and (isinstance(freq, bool) or not isinstance(freq, int | np.integer)):
        raise ValueError(
            f"{rows.where} has integers as times, but freq={freq!r}. Pass an integer, the "
            "difference of consecutive times, or leave freq out."
        )
    clock = Clock("integer", 1, name=times.name)
    if freq is not None:
        if freq < 1:
            raise ValueError(f"{rows.where}: freq must be 1 or more; got {freq!r}.")
        return _on_grid(replace(clock, step=int(freq)), rows, plain(freq))
    return _with_commonest_step(clock, rows)


def describe_times(times: Times) -> str:
    """Return the kind of the times of an index for messages."""
    if isinstance(times, pd.DatetimeIndex):
        return "dates without a time zone" if times.tz is None else f"dates in {times.tz}"
    if isinstance(times, pd.PeriodIndex):
        return f"periods of {times.freqstr}"
    return "durations" if isinstance(times, pd.TimedeltaIndex) else "integers"


def read_offset(freq: Any, where: str) -> Any:
    """Return a frequency as a pandas offset.

    Parameters
    ----------
    freq : str, pandas offset or timedelta
    where : str
        Name of the caller in error messages.
    """
    try:
        offset = offset_of(freq) if isinstance(freq, str) else to_offset(freq)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{where}: freq={freq!r} is not a frequency of pandas. Pass an offset such as 'h', "
            "'D', 'B', 'W', 'MS' or 'QE', or None to infer it."
        ) from error
    if offset is None or offset.n < 1:
        raise ValueError(f"{where}: freq={freq!r} must be positive. Pass a positive offset.")
    return offset


# -- Dates ------------------------------------------------------------------------------


def _clock_of_dates(rows: Rows, freq: Any) -> tuple[Clock, np.ndarray]:
    times = rows.times
    offset = getattr(times, "freq", None)
    if freq is not None:
        offset = read_offset(freq, rows.where)
    if offset is not None and offset.n >= 1:
        return _on_grid(_clock_of_offset(rows, offset), rows, name_offset(offset))
    if not rows.follows.any():
        raise ValueError(
            f"{rows.where} has {counted(len(times), 'row')}, from which no frequency can be "
            "inferred. Set freq, for example freq='D'."
        )
    for offset in _candidates(rows):
        clock = _clock_of_offset(rows, offset)
        places = clock.places(times)
        if _in_steps(places, clock.step, rows.follows).all():
            return clock, places
    clock = Clock("fixed", 1, None, times.unit, times.tz, name=times.name)
    step = _commonest(np.diff(clock.places(times))[rows.follows])
    clock = replace(clock, step=step)
    freq = name_offset(to_offset(pd.Timedelta(step, unit=times.unit)))
    return _with_commonest_step(replace(clock, freq=freq), rows)


def _clock_of_offset(rows: Rows, offset: Any) -> Clock:
    times = rows.times
    name = name_offset(offset)
    days = _whole_days(offset)
    custom = None if _round_trips(name, offset) else offset
    clock = Clock("fixed", 1, name, times.unit, times.tz, name=times.name, custom=custom)
    if days is not None:
        # Days are equal steps in local time; hours and shorter steps in UTC.
        calendar = isinstance(offset, pd.offsets.Week | pd.offsets.Day)
        step = _units(days * _DAY, times.unit, rows.where)
        return replace(clock, step=step, wall=times.tz is not None and calendar)
    base, n = base_offset(offset)
    wall = times if times.tz is None else times.tz_localize(None)
    anchor = base.rollforward(wall.min()) if hasattr(base, "rollforward") else wall.min()
    return replace(clock, kind="offset", step=n, wall=times.tz is not None, anchor=anchor)


def _candidates(rows: Rows) -> list[Any]:
    """Return candidate offsets of the times, the most specific one first."""
    wall = rows.times if rows.times.tz is None else rows.times.tz_localize(None)
    day = _DAY // pd.Timedelta(1, unit=wall.unit)
    stamps = wall.asi8
    if (stamps % day != stamps[0] % day).any():
        return []  # several times of day: steps are hours, minutes or seconds
    days = stamps // day
    steps = np.diff(days)[rows.follows]
    usual = _commonest(steps)
    if usual >= 28:
        return _months(wall, rows)
    weekday = (days + 3) % 7  # Monday is 0: 1970-01-01 was a Thursday
    skips_weekend = weekday[:-1][rows.follows] + steps >= 7
    if usual == 1 and weekday.max() < 5 and skips_weekend.any():
        return [pd.offsets.BDay()]
    if usual == 7:
        weekdays = np.unique(weekday)
        if len(weekdays) == 1:
            return [pd.offsets.Week(weekday=int(weekdays[0]))]
    return [pd.offsets.Day(usual)]


def _months(wall: Any, rows: Rows) -> list[Any]:
    months = (12 * wall.year + wall.month - 1).to_numpy()
    n = _commonest(np.diff(months)[rows.follows])
    distinct = wall.unique()
    found = [
        suffix
        for suffix, on in (
            ("S", distinct.is_month_start),
            ("E", distinct.is_month_end),
            ("BS", None),
            ("BE", None),
        )
        if (on if on is not None else _on_business(distinct, suffix)).all()
    ]
    offsets = []
    for suffix in found[:1]:
        business, side = ("B", suffix[1]) if len(suffix) == 2 else ("", suffix)
        if n % 3 == 0 and n in (3, 12) and len(np.unique(months % n)) == 1:
            name = "Q" if n == 3 else "Y"
            month = int(months[0] % 12)
            if n == 3:  # as pandas names them: QS-JAN and QE-DEC for those of the calendar
                month = month % 3 + (9 if side == "E" else 0)
            offsets.append(to_offset(f"{business}{name}{side}-{_MONTHS[month]}"))
        else:
            offsets.append(to_offset(f"{n}{business}M{side}"))
    if not found and len(np.unique(wall.day)) == 1 and wall.day[0] <= 28:
        offsets.append(pd.DateOffset(months=n))
    return offsets


def _on_business(dates: pd.DatetimeIndex, suffix: str) -> np.ndarray:
    offset = to_offset(f"BM{suffix[1]}")
    return np.array([offset.is_on_offset(date) for date in dates[:2000]])


def _whole_days(offset: Any) -> float | None:
    """Return the length in days of an offset that is a fixed duration; None for others."""
    if isinstance(offset, pd.offsets.Week):
        return 7.0 * offset.n
    if isinstance(offset, pd.offsets.Day):
        return float(offset.n)
    if isinstance(offset, pd.offsets.Tick):
        return pd.Timedelta(offset) / _DAY
    return None


def _round_trips(name: str, offset: Any) -> bool:
    try:
        return offset_of(name) == offset
    except ValueError:
        return False


# -- Periods, durations and integers -----------------------------------------------------


def _clock_of_periods(rows: Rows, freq: Any) -> tuple[Clock, np.ndarray]:
    times = rows.times
    clock = Clock("period", 1, times.freqstr, name=times.name)
    if freq is None:
        return _with_commonest_step(clock, rows, at_least=times.freq.n)
    try:
        offset = pd.PeriodDtype(freq).freq
    except (ValueError, TypeError, AttributeError):  # pandas' own for offsets without periods
        offset = read_offset(freq, rows.where)
    if offset.base != times.freq.base:
        raise ValueError(
            f"{rows.where} has periods of {times.freqstr!r}, but freq={freq!r}. Leave freq out, "
            f"or pass {argument(rows.where)}.asfreq({freq!r})."
        )
    return _on_grid(replace(clock, step=offset.n), rows, plain(freq))


def _with_commonest_step(clock: Clock, rows: Rows, at_least: int = 1) -> tuple[Clock, np.ndarray]:
    """Return the clock of the most frequent step, of which all others must be multiples."""
    places = clock.places(rows.times)
    follows = rows.follows
    step = max(_commonest(np.diff(places)[follows]), at_least) if follows.any() else at_least
    if not _in_steps(places, step, follows).all():
        _refuse_irregular(rows, step, clock, places)
    return replace(clock, step=step), places


# -- Shared -----------------------------------------------------------------------------


def _on_grid(clock: Clock, rows: Rows, freq: str) -> tuple[Clock, np.ndarray]:
    """Return the clock and the places of rows; raise an error for a row that is not on the grid."""
    places = clock.places(rows.times)
    off = places == OFF_GRID
    off[1:] |= ~_in_steps(places, clock.step, rows.follows)
    if off.any():
        i = int(np.argmax(off))
        after = "" if i == 0 or not rows.follows[i - 1] else f" after {_show(rows, i - 1)}"
        raise ValueError(
            f"{rows.where} has a time that is not on the grid of freq={freq!r}: "
            f"{rows.row_of(i)} is at {_show(rows, i)}{after}. Pass "
            f"{argument(rows.where)}.resample(...).mean(), or set another freq."
        )
    return clock, places


def _in_steps(places: np.ndarray, step: int, follows: np.ndarray) -> np.ndarray:
    """Return whether each row except the first is whole steps after the previous one."""
    off = (places[1:] == OFF_GRID) | (places[:-1] == OFF_GRID)
    with np.errstate(over="ignore"):
        return (~follows | (np.diff(places) % step == 0)) & ~off


def _commonest(steps: np.ndarray) -> int:
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def _refuse_irregular(rows: Rows, step: int, clock: Clock, places: np.ndarray) -> None:
    name = argument(rows.where)
    i = int(np.argmax(~_in_steps(places, step, rows.follows))) + 1
    found = int(places[i] - places[i - 1])
    if clock.kind in ("fixed", "timedelta"):
        usual = show_duration(pd.Timedelta(step, unit=clock.unit))
        shown = show_duration(pd.Timedelta(found, unit=clock.unit))
        freq = usual.replace(" days", "D").replace(" day", "D").replace(" ", "")
        freq = freq[1:] if freq[0] == "1" and not freq[1:2].isdigit() else freq
        advice = f"Pass {name}.resample({freq!r}).mean() or set freq."
    else:
        usual, shown = str(step), str(found)
        advice = "Pass evenly spaced times, or set freq."
    raise ValueError(
        f"{rows.where} has no regular frequency: most steps are {usual}, but {rows.row_of(i)} "
        f"comes {shown} after {rows.row_of(i - 1)}. {advice}"
    )


def _units(duration: Any, unit: Any, where: str) -> int:
    n = duration / pd.Timedelta(1, unit=unit)
    if n < 1 or n != int(n):
        raise ValueError(
            f"{where} has times in units of {unit!r}, which are too coarse for steps of "
            f"{show_duration(duration)}. Convert them with index.as_unit('ns')."
        )
    return int(n)


def _duration(freq: Any, where: str) -> pd.Timedelta:
    try:
        return pd.Timedelta(read_offset(freq, where))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{where} has durations as times, but freq={freq!r} is not one. Pass a duration such "
            "as 'h'."
        ) from error


def _show(rows: Rows, i: int) -> str:
    return show_time(rows.times[i])


def _without_missing(index: pd.Index, where: str) -> pd.Index:
    if index.hasnans:
        row = int(np.argmax(index.isna()))
        raise ValueError(f"{where} has no time at row {row} of its index. Drop such rows.")
    return index
