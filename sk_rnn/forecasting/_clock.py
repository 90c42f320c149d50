"""Regular times as integers: the times of an index on a grid of equal steps."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from ..sequences import plain

# An index of times. Typed as Any, because the common methods are not methods of Index.
Times = Any

Kind = Literal["position", "integer", "timedelta", "period", "fixed", "offset"]

# Typed as Any, because the stubs of pandas lack from_ordinals.
_PeriodIndex: Any = pd.PeriodIndex

# Raised by pandas for times out of bounds.
_BEYOND = (pd.errors.OutOfBoundsDatetime, OverflowError)

# The place of a time that does not lie on the grid.
OFF_GRID = np.iinfo(np.int64).min

_DAY = pd.Timedelta("1D")
_MONTHLY = ("MS", "ME", "BMS", "BME", "QS", "QE", "BQS", "BQE", "YS", "YE", "BYS", "BYE")


@dataclass(frozen=True)
class Clock:
    """A grid of regular times, which are numbered by integers called places.

    The times of a series are the places ``start, start + step, start + 2 * step, ...``. Places of
    two series with the same clock are comparable, even if the series start at different times.

    Parameters
    ----------
    kind : {"position", "integer", "timedelta", "period", "fixed", "offset"}
        Meaning of a place: the position of a row without a time; an integer time; a duration or
        date in units of its resolution; the ordinal of a period; or the number of steps since
        `anchor` of a pandas offset that is not a fixed duration.
    step : int
        Places between consecutive time steps.
    freq : str, default=None
        The frequency as the name of a pandas offset, if there is one.
    unit : str
        Resolution of dates and durations.
    tz : tzinfo, default=None
        Time zone of dates.
    wall : bool
        Whether steps are equal in local time, like days, rather than in UTC.
    anchor : Timestamp, default=None
        The time of place 0 if `kind` is "offset", without a time zone.
    name : hashable
        Name of the index.
    custom : pandas offset, default=None
        The frequency if its name does not determine it, such as business days with holidays.
    """

    kind: Kind
    step: int = 1
    freq: str | None = None
    unit: Any = "ns"
    tz: Any = None
    wall: bool = False
    anchor: Any = None
    name: Any = None
    custom: Any = None

    @property
    def offset(self) -> Any:
        """The frequency as a pandas offset, or None."""
        if self.custom is not None:
            return self.custom
        if self.kind == "period":
            return self._period_dtype.freq
        return None if self.freq is None else offset_of(self.freq)

    @property
    def frequency(self) -> Any:
        """The value of `freq` with which series with these steps are read."""
        if self.kind in ("fixed", "offset"):
            return self.offset
        if self.kind == "period":
            return self.offset.base * self.step
        if self.kind == "timedelta":
            return pd.Timedelta(self.step, unit=self.unit)
        return self.step if self.kind == "integer" else None

    @property
    def has_dates(self) -> bool:
        """Whether the times are dates, which have a calendar."""
        return self.kind in ("fixed", "offset", "period")

    def describe(self) -> str:
        """Return the kind of times for messages."""
        kinds = {"position": "none", "integer": "integers", "timedelta": "durations"}
        if self.kind == "period":
            return f"periods of {self.freq}"
        zone = "dates without a time zone" if self.tz is None else f"dates in {self.tz}"
        return kinds.get(self.kind, zone)

    def reads(self, index: Times) -> bool:
        """Return whether this clock supports the times of an index."""
        if self.kind in ("fixed", "offset"):
            return isinstance(index, pd.DatetimeIndex) and (index.tz is None) == (self.tz is None)
        if self.kind == "period":
            return isinstance(index, pd.PeriodIndex) and index.dtype == self._period_dtype
        if self.kind == "timedelta":
            return isinstance(index, pd.TimedeltaIndex)
        return index.dtype.kind in "iu"

    def places(self, index: Times) -> np.ndarray:
        """Return the places of times, int64; `OFF_GRID` for times that are not on the grid."""
        if self.kind in ("integer", "position"):
            return index.to_numpy(dtype=np.int64)
        if self.kind == "period":
            return index.asi8
        if self.kind == "timedelta":
            return _stamps(index, self.unit)
        if index.tz is not None and self.wall:
            index = index.tz_convert(self.tz).tz_localize(None)
        if self.kind == "fixed":
            return _stamps(index, self.unit)
        grid = self._grid_to(index.max()) if len(index) else pd.DatetimeIndex([])
        places = grid.get_indexer(index.as_unit(grid.unit)).astype(np.int64)
        places[places < 0] = OFF_GRID
        return places

    def times(self, places: np.ndarray) -> Times:
        """Return the times of places. None of them may be before the anchor."""
        places = np.asarray(places, dtype=np.int64)
        if self.kind in ("integer", "position"):
            return pd.Index(places, name=self.name)
        if self.kind == "timedelta":
            return pd.TimedeltaIndex(places.view(f"m8[{self.unit}]"), name=self.name)
        if self.kind == "period":
            index = _PeriodIndex.from_ordinals(places, freq=self._period_dtype.freq)
            return index.rename(self.name)
        if self.kind == "fixed":
            index = pd.DatetimeIndex(places.view(f"M8[{self.unit}]"), name=self.name)
        else:
            grid = self._grid(int(places.max(initial=0)) + 1)
            index = grid[places].as_unit(self.unit).rename(self.name)
        if self.tz is None:
            return _with_freq(index, self.offset)
        if self.wall:
            summer = np.ones(len(index), dtype=bool)
            index = index.tz_localize(self.tz, ambiguous=summer, nonexistent="shift_forward")
        else:
            index = index.tz_localize("UTC").tz_convert(self.tz)
        return _with_freq(index, self.offset)

    def wall_times(self, places: np.ndarray) -> pd.DatetimeIndex:
        """Return the times as local times without a time zone."""
        times = self.times(places)
        if isinstance(times, pd.PeriodIndex):
            return times.to_timestamp()
        return times if times.tz is None else times.tz_localize(None)

    def show(self, place: int) -> str:
        """Return one time for a message: 1960-12, 1960-12-24 or 1960-12-24 18:00:00."""
        time = self.times(np.array([place]))[0]
        if not isinstance(time, pd.Timestamp):
            return plain(time) if isinstance(time, np.generic | int) else str(time)
        if self.freq is not None and months_of(self.offset) is not None:
            return time.strftime("%Y-%m")
        return show_time(time)

    @property
    def _period_dtype(self) -> pd.PeriodDtype:
        return pd.PeriodDtype(str(self.freq))

    def _grid_to(self, last: pd.Timestamp) -> pd.DatetimeIndex:
        """Return the times of places 0, 1, ... up to a time, or more."""
        days = max((last - self.anchor).days, 0)
        n = max(64, int(days / _least_days(self.offset)) + 2)
        try:
            grid = self._grid(n)
            while grid[-1] < last:
                n *= 2
                grid = self._grid(n)
        except _BEYOND:
            return pd.date_range(self.anchor, last, freq=base_offset(self.offset)[0])
        return grid

    def _grid(self, n: int) -> pd.DatetimeIndex:
        """Return the times of places 0 to n - 1, or more."""
        try:
            return _grid_of(self.anchor, self.offset, 1 << (n - 1).bit_length())
        except _BEYOND:
            return _grid_of(self.anchor, self.offset, n)


def show_time(time: Any) -> str:
    """Return a time as text without a zero time of day: 2024-01-31."""
    if isinstance(time, pd.Timestamp) and time == time.normalize():
        return time.strftime("%Y-%m-%d")
    return plain(time) if isinstance(time, np.generic | int) else str(time)


def show_duration(duration: pd.Timedelta) -> str:
    """Return a duration in its largest unit: 23 min, 1 h, 1.5 h, 3 days."""
    seconds = duration / pd.Timedelta("1s")
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            n = seconds / size
            return f"{n:.6g} {'day' if unit == 'days' and n == 1 else unit}"
    return f"{seconds:g} s"


def base_offset(offset: Any) -> tuple[Any, int]:
    """Split an offset into one of length 1 and its multiple: 3 * MS becomes MS and 3."""
    months = _plain_months(offset)
    if months is not None:
        return pd.DateOffset(months=1), months * offset.n
    return offset.base, offset.n


def offset_of(freq: str) -> Any:
    """Return the offset that :func:`name_offset` named."""
    if freq.startswith("months="):
        return pd.DateOffset(months=int(freq.removeprefix("months=")))
    return to_offset(freq)


def name_offset(offset: Any) -> str:
    """Return the name of an offset. ``pd.DateOffset(months=1)`` is "months=1"."""
    months = _plain_months(offset)
    return offset.freqstr if months is None else f"months={months * offset.n}"


def months_of(offset: Any) -> int | None:
    """Return the number of months of an offset; None if it is not one of months."""
    months = _plain_months(offset)
    if months is not None:
        return months * offset.n
    name = offset.base.freqstr.partition("-")[0]
    if name not in _MONTHLY:
        return None
    return {"M": 1, "Q": 3, "Y": 12}[name.removeprefix("B")[0]] * offset.n


def _stamps(index: Any, unit: str) -> np.ndarray:
    """Return dates or durations in a unit, `OFF_GRID` where it is too coarse for them."""
    if index.unit == unit:
        return index.asi8
    converted = index.as_unit(unit)
    return np.where(converted == index, converted.asi8, OFF_GRID)


def _plain_months(offset: Any) -> int | None:
    """Return the months of a ``pd.DateOffset(months=n)``; None for other offsets."""
    if type(offset) is not type(pd.DateOffset(months=1)):
        return None
    keywords = dict(offset.kwds)
    if set(keywords) <= {"months", "years"} and keywords:
        return keywords.get("months", 0) + 12 * keywords.get("years", 0)
    return None


def _least_days(offset: Any) -> float:
    """Return a lower bound of the average step of an offset of length 1, in days."""
    months = months_of(base_offset(offset)[0])
    return 1.0 if months is None else 28.0 * months


@lru_cache(maxsize=16)
def _grid_of(anchor: pd.Timestamp, offset: Any, n: int) -> pd.DatetimeIndex:
    # Without its multiple: places of 2B are numbers of business days.
    return pd.date_range(anchor, periods=n, freq=base_offset(offset)[0])


def _with_freq(index: pd.DatetimeIndex, offset: Any) -> pd.DatetimeIndex:
    """Set the frequency of an index, so that forecasts have that of the series."""
    if offset is None or len(index) == 0:
        return index
    try:
        return pd.DatetimeIndex(index, freq=offset)
    except ValueError:  # rows of several series, or of a wall clock that was changed
        return index
