"""Frequencies: inferred or given, for every kind of index; times and places are inverse."""

import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.tseries.frequencies import to_offset

from sk_rnn.forecasting import Rows, find_clock, read_offset, read_series, read_times

OFFSETS = [
    *["s", "min", "15min", "h", "3h", "12h", "D", "2D", "B", "W", "W-WED", "2W", "MS", "ME", "2MS"],
    *["BMS", "BME", "QS", "QE", "QS-NOV", "QE-JAN", "BQE", "YS", "YE", "YE-JUN", "BYS"],
]
ALIASES = ["2W", "QS-NOV", "QE-JAN"]  # the same times have another name: 14D, QS-FEB, QE-OCT
ZONES = [None, "UTC", "Europe/Berlin", "America/New_York"]


def rows(times, series=None):
    series = np.zeros(len(times), dtype=int) if series is None else series
    return Rows(times, series, "F.fit: y", lambda i: f"row {i}")


def without_freq(index):
    return pd.DatetimeIndex(list(index), name=index.name)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("freq", OFFSETS)
def test_clock_continues_like_date_range(freq, zone):
    times = pd.date_range("2019-01-15", periods=70, freq=freq, tz=zone)
    for index in (times[:60], without_freq(times[:60])):
        clock, places = find_clock(rows(index))
        assert clock.step > 0
        assert list(clock.times(places)) == list(index)
        ahead = clock.times(places[-1] + clock.step * np.arange(1, 11))
        assert list(ahead) == list(times[60:])
        if index.freq is not None or freq not in ALIASES:
            assert to_offset(clock.freq) == times.freq


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("freq", OFFSETS)
def test_rows_that_are_missing_become_missing_values(freq, zone):
    times = pd.date_range("2019-01-15", periods=70, freq=freq, tz=zone, name="t")
    kept = np.delete(np.arange(70), [3, 4, 20, 50])
    data = read_series(pd.Series(np.arange(70.0), times).iloc[kept], "F.fit: y")
    expected = np.arange(70.0)
    expected[[3, 4, 20, 50]] = np.nan
    np.testing.assert_array_equal(data.values, expected)
    assert data.n_missing == data.n_inserted == 4
    assert list(data.clock.times(data.table.scattered()[1])) == list(times)


@pytest.mark.parametrize("freq", ["h", "D", "W-SUN", "M", "Q-DEC", "Y-JUN", "2M", "B"])
@pytest.mark.filterwarnings("ignore:Period with BDay freq is deprecated:FutureWarning")
@pytest.mark.filterwarnings(r"ignore:PeriodDtype\[B\] is deprecated:FutureWarning")
def test_periods_stay_periods(freq):
    times = pd.period_range("2019-01", periods=40, freq=freq, name="month")
    clock, places = find_clock(rows(times[:30].delete([4, 9])))
    ahead = clock.times(places[-1] + clock.step * np.arange(1, 11))
    pd.testing.assert_index_equal(ahead, times[30:])
    assert clock.freq == times.freqstr


def test_hours_are_steps_in_utc_and_days_in_local_time():
    hours = pd.date_range("2026-03-28 20:00", periods=12, freq="h", tz="Europe/Berlin")
    clock, places = find_clock(rows(without_freq(hours)))
    assert not clock.wall
    assert list(clock.wall_times(places).hour) == [20, 21, 22, 23, 0, 1, 3, 4, 5, 6, 7, 8]
    days = pd.date_range("2026-03-27", periods=5, freq="D", tz="Europe/Berlin")
    clock, places = find_clock(rows(without_freq(days)))
    assert clock.wall
    assert (np.diff(places) == clock.step).all()
    assert clock.times(places[-1:] + clock.step)[0] == pd.Timestamp(
        "2026-04-01", tz="Europe/Berlin"
    )


def test_nonexistent_local_times_are_shifted_forward():
    days = pd.date_range("2026-03-27 02:30", periods=2, freq="D", tz="Europe/Berlin")
    clock, places = find_clock(rows(days))
    skipped = clock.times(places[-1:] + clock.step)[0]
    assert skipped == pd.Timestamp("2026-03-29 03:00", tz="Europe/Berlin")


@pytest.mark.parametrize(
    ("index", "kind", "step"),
    [
        (pd.RangeIndex(5, 25, 2), "integer", 2),
        (pd.Index([10, 20, 50]), "integer", 10),
        (pd.Index([1, 2, 4], dtype="Int64"), "integer", 1),
        (pd.to_timedelta([1, 2, 5], unit="h"), "timedelta", None),
        (pd.Index([datetime.date(2024, 1, d) for d in (1, 2, 5)]), "fixed", None),
        (pd.Index([7]), "integer", 1),
    ],
)
def test_other_times(index, kind, step):
    data = read_series(pd.Series(np.ones(len(index)), index), "F.fit: y")
    assert data.clock.kind == kind
    assert step is None or data.clock.step == step
    times = data.clock.times(data.starts[0] + data.clock.step * np.arange(2))
    assert list(times[:1]) == list(read_times(index, "y")[:1])


def test_months_from_any_day_continue_on_that_day():
    times = pd.DatetimeIndex([f"2024-{month:02}-17" for month in (1, 2, 3, 5)])
    clock, places = find_clock(rows(times))
    assert clock.freq == "months=1"
    assert places.tolist() == [0, 1, 2, 4]
    assert clock.times(places[-1:] + 1)[0] == pd.Timestamp("2024-06-17")


def test_holidays_of_a_frequency_that_was_given_are_kept():
    holidays = pd.offsets.CustomBusinessDay(holidays=["2026-01-06"])
    times = pd.date_range("2026-01-01", periods=3, freq=holidays)
    clock, places = find_clock(rows(without_freq(times)), freq=holidays)
    assert list(clock.times(places[-1:] + np.arange(2)).strftime("%d")) == ["05", "07"]
    assert clock.frequency == holidays


def test_business_days_with_holidays_are_business_days():
    times = pd.bdate_range("2026-01-01", periods=30).delete([4, 11])
    clock, _ = find_clock(rows(without_freq(times)))
    assert clock.freq == "B"
    weekdays = pd.DatetimeIndex(["2026-01-05", "2026-01-06", "2026-01-07"])
    assert find_clock(rows(weekdays))[0].freq == "D"  # no weekend was left out


def test_series_of_several_phases_share_a_clock():
    a = pd.date_range("2026-01-01 00:00", periods=4, freq="h")
    b = pd.date_range("2026-01-01 01:30", periods=4, freq="h")
    data = read_series({"a": pd.Series(range(4), a), "b": pd.Series(range(4), b)}, "F.fit: y")
    assert data.n_inserted == 0
    assert list(data.clock.times(data.ends)) == [a[-1], b[-1]]


def test_one_row_needs_a_frequency():
    one = pd.Series([1.0], pd.DatetimeIndex(["2026-01-01"]))
    data = read_series(one, "F.fit: y", freq="h")
    assert data.clock.times(data.ends + data.clock.step)[0] == pd.Timestamp("2026-01-01 01:00")


@given(
    st.integers(1, 5),
    st.lists(st.integers(0, 30), min_size=2, max_size=12, unique=True),
    st.integers(-(10**6), 10**6),
)
def test_places_and_times_are_inverse(step, ticks, origin):
    ticks = sorted(ticks)
    index = pd.Index([origin + step * tick for tick in ticks])
    try:
        clock, places = find_clock(rows(index))
    except ValueError as error:
        assert "no regular frequency" in str(error)  # noqa: PT017 - most indexes have a frequency
        return
    assert clock.times(places).tolist() == index.tolist()
    assert (np.diff(places) % clock.step == 0).all()


HOURS = pd.date_range("2026-01-01", periods=20, freq="h")
LATE = HOURS[:17].append(pd.DatetimeIndex([HOURS[16] + pd.Timedelta("23min")]))


@pytest.mark.parametrize(
    ("index", "freq", "message"),
    [
        (
            LATE,
            None,
            "F.fit: y has no regular frequency: most steps are 1 h, but row 17 comes 23 min after "
            "row 16. Pass y.resample('h').mean() or set freq.",
        ),
        (
            pd.Index([0, 2, 4, 5]),
            None,
            "F.fit: y has no regular frequency: most steps are 2, but row 3 comes 1 after row 2. "
            "Pass evenly spaced times, or set freq.",
        ),
        (
            HOURS[:1],
            "D",
            None,
        ),
        (
            pd.DatetimeIndex(["2026-01-01"]),
            None,
            "F.fit: y has 1 row, from which no frequency can be inferred. Set freq, for "
            "example freq='D'.",
        ),
        (
            HOURS,
            "D",
            "F.fit: y has a time that is not on the grid of freq='D': row 1 is at 2026-01-01 "
            "01:00:00 after 2026-01-01. Pass y.resample(...).mean(), or set another freq.",
        ),
        (
            pd.DatetimeIndex(["2026-01-02", "2026-02-01"]),
            "MS",
            "F.fit: y has a time that is not on the grid of freq='MS': row 0 is at 2026-01-02. "
            "Pass y.resample(...).mean(), or set another freq.",
        ),
        (
            HOURS,
            "fortnightly",
            "F.fit: y: freq='fortnightly' is not a frequency of pandas. Pass an offset such as "
            "'h', 'D', 'B', 'W', 'MS' or 'QE', or None to infer it.",
        ),
        (
            HOURS,
            "-1D",
            "F.fit: y: freq='-1D' must be positive. Pass a positive offset.",
        ),
        (
            pd.RangeIndex(5),
            "D",
            "F.fit: y has integers as times, but freq='D'. Pass an integer, the difference of "
            "consecutive times, or leave freq out.",
        ),
        (pd.RangeIndex(5), 0, "F.fit: y: freq must be 1 or more; got 0."),
        (
            pd.Index([0, 2, 3]),
            2,
            "F.fit: y has a time that is not on the grid of freq='2': row 2 is at 3 after 2. Pass "
            "y.resample(...).mean(), or set another freq.",
        ),
        (
            pd.period_range("2026-01", periods=3, freq="M"),
            "D",
            "F.fit: y has periods of 'M', but freq='D'. Leave freq out, or pass y.asfreq('D').",
        ),
        (
            HOURS.as_unit("s"),
            "ms",
            "F.fit: y has times in units of 's', which are too coarse for steps of 0.001 s. "
            "Convert them with index.as_unit('ns').",
        ),
        (
            pd.to_timedelta([1, 2, 3], unit="h"),
            "MS",
            "F.fit: y has durations as times, but freq='MS' is not one. Pass a duration such as "
            "'h'.",
        ),
    ],
)
def test_frequency_messages(index, freq, message):
    if message is None:
        find_clock(rows(index), freq)
        return
    with pytest.raises(ValueError) as error:
        find_clock(rows(index), freq)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (
            pd.Index(["1949-01", "1949-02"]),
            "F.fit: y has text in its index, for example '1949-01', where times are expected. Pass "
            "a DatetimeIndex, a PeriodIndex or increasing integers, or values without an index: "
            "y.set_axis(pd.to_datetime(y.index)) if they are times.",
        ),
        (
            pd.Index([0.5, 1.5]),
            "F.fit: y has floats in its index, for example 0.5, where times are expected. Pass a "
            "DatetimeIndex, a PeriodIndex or increasing integers, or values without an index: "
            "y.reset_index(drop=True) if rows are evenly spaced.",
        ),
        (
            pd.Index([True, False]),
            "F.fit: y has an index of boolean values, for example True, where times are expected. "
            "Pass a DatetimeIndex, a PeriodIndex or increasing integers, or values without an "
            "index: y.reset_index(drop=True).",
        ),
        (
            pd.DatetimeIndex(["2026-01-01", None]),
            "F.fit: y has no time at row 1 of its index. Drop such rows.",
        ),
    ],
)
def test_index_messages(index, message):
    with pytest.raises(ValueError) as error:
        read_series(pd.Series(np.ones(2), index), "F.fit: y")
    assert str(error.value) == message


def test_offsets_are_read_from_names_objects_and_durations():
    assert read_offset("MS", "F") == pd.offsets.MonthBegin()
    assert read_offset(pd.Timedelta("90min"), "F") == pd.offsets.Minute(90)
    assert read_offset(datetime.timedelta(hours=1), "F") == pd.offsets.Hour()
    assert read_offset("months=2", "F") == pd.DateOffset(months=2)


def test_units_of_dates_are_kept():
    for unit in ("s", "ms", "us", "ns"):
        index = pd.date_range("2026-01-01", periods=3, freq="MS").as_unit(unit)
        data = read_series(pd.Series([1.0, 2, 3], index), "F.fit: y")
        assert data.clock.times(data.ends + 1).unit == unit
    zone = ZoneInfo("Asia/Kolkata")
    index = pd.date_range("2026-01-01", periods=3, freq="h", tz=zone)
    data = read_series(pd.Series([1.0, 2, 3], index), "F.fit: y")
    assert data.clock.times(data.ends + data.clock.step).tz == zone
