"""Calendar, seasons, windows and baseline, against plain loops."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_rnn.forecasting import (
    backtest_frame,
    backtest_windows,
    baseline_terms,
    calendar_features,
    check_calendar,
    check_seasons,
    choose_calendar,
    choose_context,
    choose_patch,
    choose_seasons,
    choose_transform,
    draw_batches,
    first_forecast,
    is_nonnegative,
    last_windows,
    make_calendar,
    mean_absolute_difference,
    nominal_seasons,
    normalise,
    read_series,
    scale_floor,
    season_strength,
    training_windows,
)


def series(values, freq="D", start="2026-01-01"):
    return pd.Series(values, pd.date_range(start, periods=len(values), freq=freq))


def data_of(y):
    return read_series(y, "F.fit: y")


NUMBERS = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, 2.5, -3.0, np.nan]), min_size=1, max_size=14).filter(
        lambda x: not np.isnan(x).all()
    ),
    min_size=1,
    max_size=4,
)


# -- Calendar ----------------------------------------------------------------------------


def test_calendar_is_that_of_the_clock_of_the_zone():
    hours = series(np.ones(30), "h", pd.Timestamp("2026-03-28 20:00", tz="Europe/Berlin"))
    data = data_of(hours)
    features = calendar_features(data.clock, data.table.scattered()[1], ("hour",))
    hour = hours.index.hour.to_numpy()
    np.testing.assert_allclose(features[:, 0], np.sin(2 * np.pi * hour / 24), atol=1e-6)
    np.testing.assert_allclose(features[:, 3], np.cos(4 * np.pi * hour / 24), atol=1e-6)


def test_calendar_has_every_step_of_every_series_and_those_after():
    names = ("dayofyear", "dayofweek", "month")
    ragged = {
        "a": series(np.ones(9), "h"),
        "b": series(np.ones(5), "h", "2026-01-03 00:30"),
        "c": series(np.ones(3), "h", "2025-12-31 22:00"),
    }
    data = data_of(ragged)
    calendar = make_calendar(data, names, 4)
    assert calendar.n_features == 4 + 2 + 2
    for s in range(3):
        steps = np.arange(data.lengths[s] + 4)
        places = data.starts[s] + data.clock.step * steps
        np.testing.assert_array_equal(
            calendar.at(np.full(len(steps), s), steps), calendar_features(data.clock, places, names)
        )
    before = calendar.at(np.array([[2]]), np.arange(-3, 1))
    assert before.shape == (1, 4, 8)


@pytest.mark.parametrize(
    ("freq", "kept", "names"),
    [
        ("h", (24,), ()),
        ("h", (), ("hour", "dayofweek")),
        ("D", (7,), ("dayofyear", "dayofweek")),
        ("B", (5,), ("dayofyear", "dayofweek")),
        ("W", (52,), ("dayofyear",)),
        ("MS", (12,), ("month",)),
        ("QE", (4,), ("month",)),
        ("YS", (), ()),
    ],
)
def test_calendar_by_frequency(freq, kept, names):
    data = data_of(series(np.ones(40), freq))
    assert choose_calendar(data.clock, kept) == names
    assert choose_calendar(data_of(np.ones(9)).clock, kept) == ()


def test_calendar_messages():
    clock = data_of(series(np.ones(9))).clock
    assert check_calendar(None, clock, "F.fit") == ()
    assert check_calendar(["month", "month"], clock, "F.fit") == ("month",)
    for wrong in (7, len, [["month"]], "weeks"):
        with pytest.raises(ValueError, match=r"F\.fit: calendar has .*, which is not a calendar"):
            check_calendar(wrong, clock, "F.fit")
    with pytest.raises(ValueError) as error:
        check_calendar(["week"], clock, "F.fit")
    assert str(error.value) == (
        "F.fit: calendar has 'week', which is not a calendar feature. Pass 'auto', None or "
        "a list of 'hour', 'dayofweek', 'dayofyear', 'month'."
    )
    with pytest.raises(ValueError) as error:
        check_calendar(["month"], data_of(np.ones(9)).clock, "F.fit")
    assert str(error.value) == (
        "F.fit: calendar=['month'] needs dates, but y has none. Pass y with a DatetimeIndex or a "
        "PeriodIndex, or calendar=None."
    )


# -- Seasons -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freq", "seasons"),
    [
        ("h", (24, 168)),
        ("2h", (12, 84)),
        ("30min", (48, 336)),
        ("15min", (96, 672)),
        ("min", (60, 1440)),
        ("s", (60, 3600)),
        ("7h", (24,)),
        ("D", (7,)),
        ("2D", ()),
        ("B", (5,)),
        ("W", (52,)),
        ("MS", (12,)),
        ("ME", (12,)),
        ("BME", (12,)),
        ("2MS", (6,)),
        ("5MS", ()),
        ("QE", (4,)),
        ("QS-FEB", (4,)),
        ("YE", ()),
    ],
)
def test_nominal_seasons(freq, seasons):
    for zone in (None, "Europe/Berlin"):
        data = data_of(series(np.ones(60), freq, pd.Timestamp("2026-01-01", tz=zone)))
        assert nominal_seasons(data.clock) == seasons


@pytest.mark.parametrize(
    ("freq", "seasons"),
    [("M", (12,)), ("Q", (4,)), ("Y", ()), ("W", (52,)), ("D", (7,)), ("h", (24, 168))],
)
def test_nominal_seasons_of_periods(freq, seasons):
    index = pd.period_range("2026-01-01", periods=30, freq=freq)
    assert nominal_seasons(data_of(pd.Series(np.ones(30), index)).clock) == seasons


def test_there_are_no_seasons_without_dates():
    for y in (np.ones(50), pd.Series(np.ones(50)), {"a": np.ones(50)}):
        data = data_of(y)
        assert nominal_seasons(data.clock) == choose_seasons(data) == ()


def autocorrelation(values, season):
    d = np.diff(values)
    if np.isnan(d).all():
        return np.nan
    d = d - np.nanmean(d)
    pairs = d[season:] * d[:-season]
    n, there = np.sum(~np.isnan(d)), ~np.isnan(pairs)
    if there.sum() < season or np.nansum(d**2) == 0:
        return np.nan
    return pairs[there].sum() / np.nansum(d**2) * max(n - season, 1) / there.sum()


@given(NUMBERS, st.integers(2, 4))
def test_season_strength_is_the_median_autocorrelation(members, season):
    data = data_of([np.array(x) for x in members])
    each = [autocorrelation(np.array(x), season) for x in members if len(x) > season + 1]
    each = [x for x in each if not np.isnan(x)]
    found = season_strength(data, season)
    if not each:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(np.median(each), abs=1e-9)


def test_seasons_are_kept_if_the_data_have_them(rng):
    t = np.arange(24 * 7 * 5)
    daily = np.sin(2 * np.pi * t / 24) + 0.1 * rng.normal(size=len(t))
    assert choose_seasons(data_of(series(daily, "h"))) == (24, 168)
    assert choose_seasons(data_of(series(daily[:600], "h"))) == (24,)
    walk = np.cumsum(rng.normal(size=len(t)))
    assert choose_seasons(data_of(series(walk, "h"))) == ()
    cycle = np.sin(2 * np.pi * t / 130) + 0.1 * rng.normal(size=len(t))  # raw values are misleading
    assert choose_seasons(data_of(series(cycle, "h"))) == ()
    assert choose_seasons(data_of(series(np.ones(500), "h"))) == ()


def test_context_and_patch_follow_the_season():
    for n, freq, patch, context in [
        (960, "h", 24, 312),
        (8640, "h", 24, 336),
        (2256, "MS", 12, 168),
        (108, "MS", 12, 36),
        (72, "MS", 12, 24),
        (3285, "D", 7, 98),
    ]:
        data = data_of(series(np.ones(n), freq))
        assert choose_patch(data, ()) == patch
        assert choose_context(data, patch, ()) == context
    data = data_of(series(np.ones(600), "h"))
    assert choose_context(data, 24, (24, 168)) == 192
    assert choose_context(data, 24, (24, 300)) == 312  # a multiple of the patch
    for n, patch, context in [(10, 1, 3), (100, 8, 32), (2000, 8, 112)]:
        data = data_of(np.ones(n))
        assert (choose_patch(data, ()), choose_context(data, patch, ())) == (patch, context)
    assert choose_patch(data_of(np.ones(100)), (6, 12)) == 6


def test_transform_is_the_logarithm_of_positive_series():
    assert choose_transform(data_of(np.array([1.0, 2, np.nan, 3]))) == "log"
    assert choose_transform(data_of(np.array([0.0, 2, 3]))) is None
    assert choose_transform(data_of(np.array([0.001, 2, 3]))) is None
    many = {i: np.array([1.0, 2, 3]) for i in range(19)}
    assert choose_transform(data_of(many | {19: np.array([0.001, 2, 3])})) == "log"
    assert is_nonnegative(data_of(np.array([0.0, np.nan])))
    assert not is_nonnegative(data_of(np.array([0.0, -1])))


def test_season_length_is_checked():
    assert check_seasons(None, "F.fit") == ()
    assert check_seasons(12, "F.fit") == (12,)
    assert check_seasons([168, 24, np.int64(24)], "F.fit") == (24, 168)
    for wrong in (1, 0, True, 2.5, [24, "w"], np.array(3.0), len):
        with pytest.raises(ValueError, match=r"F.fit: season_length has .* of at least 2, such as"):
            check_seasons(wrong, "F.fit")


# -- Windows -----------------------------------------------------------------------------


@given(NUMBERS, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_windows_equal_a_loop(members, context, horizon, least, complete):
    data = data_of([np.array(x) for x in members])
    windows = training_windows(data, context, horizon, least_observed=least, complete=complete)
    expected = []
    for s, x in enumerate(members):
        x = np.array(x)
        ahead = horizon if complete else 1
        most = np.sum(~np.isnan(x[: max(len(x) - ahead, 1)]))
        for t in range(len(x) - ahead):
            seen = np.sum(~np.isnan(x[: t + 1]))
            target = x[t + 1 : t + 1 + horizon]
            if seen >= max(1, min(least, most)) and (~np.isnan(target)).any():
                expected.append((s, t))
    assert list(zip(windows.series.tolist(), windows.step.tolist(), strict=True)) == expected
    if not expected:
        return
    past = windows.read()
    targets, observed = windows.targets()
    for i, (s, t) in enumerate(expected):
        x = np.array(members[s])
        padded = np.r_[np.full(context, np.nan), x[: t + 1]][-context:]
        np.testing.assert_array_equal(past.values[i], np.nan_to_num(padded))
        np.testing.assert_array_equal(past.observed[i], ~np.isnan(padded))
        after = np.r_[x[t + 1 : t + 1 + horizon], np.full(horizon, np.nan)][:horizon]
        np.testing.assert_array_equal(targets[i], np.nan_to_num(after))
        np.testing.assert_array_equal(observed[i], ~np.isnan(after))


def test_windows_without_weight_are_left_out():
    data = data_of(np.arange(10.0))
    weights = np.r_[np.zeros(6), np.ones(4)]
    windows = training_windows(data, 3, 2, weights=weights)
    assert windows.step.tolist() == [4, 5, 6, 7]
    np.testing.assert_array_equal(windows.weights(weights), [[0, 1], [1, 1], [1, 1], [1, 1]])


def test_windows_do_not_depend_on_other_series(rng):
    a, b = rng.normal(size=40), 1e6 * rng.normal(size=25)
    alone, both = data_of([a]), data_of([b, a])
    for data, s in ((alone, 0), (both, 1)):
        windows = last_windows(data, 12, 3)
        past = windows.read()
        z = normalise(past, 4, scale_floor(data, 4))
        terms = baseline_terms(z.z, past.observed, (4,), 3)
        forecast = z.loc[s] + z.scale[s] * first_forecast(terms)[s]
        if data is alone:
            expected = forecast
    np.testing.assert_array_equal(forecast, expected)


def test_windows_take_no_memory_but_their_origins():
    data = data_of(np.zeros((200, 500)))
    windows = training_windows(data, 100, 20)
    assert len(windows) == 500 * 180
    held = windows.series.nbytes + windows.step.nbytes
    assert held <= 16 * data.values.size
    batch = next(draw_batches(len(windows), 32, 1, np.random.default_rng(0)))
    assert windows.read(batch).values.shape == (32, 100)


@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.5, -3.0, np.nan]), min_size=6, max_size=14).filter(
        lambda x: len(set(x) - {np.nan}) > 2
    ),
    st.sampled_from([1e-12, 1e-3, 1.0, 1e6, 1e12]),
)
def test_normalised_windows_do_not_depend_on_the_unit(x, unit):
    x = np.array(x)
    results = []
    for values in (x, x * unit):
        data = data_of(values)
        past = last_windows(data, 8, 1).read()
        results.append(normalise(past, 3, scale_floor(data, 3)))
    one, other = results
    np.testing.assert_allclose(other.z, one.z, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(other.loc, one.loc * unit, rtol=1e-9, atol=1e-12 * unit)
    np.testing.assert_allclose(other.scale, one.scale * unit, rtol=1e-9)


def test_normalised_windows_do_not_depend_on_an_offset(rng):
    x = rng.normal(size=30)
    z = [
        normalise(last_windows(data, 20, 1).read(), 5, scale_floor(data, 5))
        for data in map(data_of, (x, x + 1.7e9))
    ]
    np.testing.assert_allclose(z[1].z, z[0].z, atol=1e-5)
    np.testing.assert_allclose(z[1].scale, z[0].scale, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e12, 1e-12, 1e300])
def test_the_forecast_of_a_constant_is_the_constant(value):
    data = data_of(np.full(30, value))
    past = last_windows(data, 12, 3).read()
    z = normalise(past, 4, scale_floor(data, 4))
    assert z.scale[0] == 0
    assert (z.z == 0).all()
    assert z.loc[0] == pytest.approx(value, rel=1e-15)


def test_windows_without_observed_values_are_finite():
    data = data_of(pd.DataFrame({"a": [1.0] + [np.nan] * 9, "b": np.arange(10.0)}))
    past = last_windows(data, 4, 1).read()
    z = normalise(past, 2, scale_floor(data, 2))
    terms = baseline_terms(z.z, past.observed, (2,), 3)
    assert all(np.isfinite(part).all() for part in (*z, *terms))
    assert np.isfinite(first_forecast(terms)).all()


@given(NUMBERS, st.integers(1, 4))
def test_mean_absolute_difference_equals_a_loop(members, season):
    data = data_of([np.array(x) for x in members])
    for s, x in enumerate(members):
        expected = np.nan
        for lag in (season, 1):
            d = np.abs(np.array(x)[lag:] - np.array(x)[:-lag])
            if np.isnan(expected) and (~np.isnan(d)).any():
                expected = np.nanmean(d)
        found = mean_absolute_difference(data, season)[s]
        assert found == pytest.approx(np.nan_to_num(expected))


# -- Baseline ----------------------------------------------------------------------------


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 15), st.integers(1, 20))
def test_baseline_equals_a_loop(seed, season, horizon, context):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(3, context)).astype(np.float32)
    observed = np.ones((3, context), dtype=bool)
    terms = baseline_terms(z, observed, (season,), horizon)
    for i in range(3):
        for h in range(horizon):
            ago = context + h - season * (1 + h // season)
            expected = z[i, ago] if ago >= 0 else z[i, -1]
            assert terms.naive[i, 0, h] == pytest.approx(expected)
            assert terms.seasons_ahead[0, h] == 1 + h // season
        quarter = max(1, season // 4)
        short = 0.0
        if context >= season + quarter:
            short = np.mean([z[i, t] - z[i, t - season] for t in range(context - quarter, context)])
        assert terms.short[i, 0] == pytest.approx(short, abs=1e-5)
        long = 0.0
        if context >= 2 * season:
            last = z[i, context - season :].mean()
            long = last - z[i, context - 2 * season : context - season].mean()
        assert terms.long[i, 0] == pytest.approx(long, abs=1e-5)
        assert terms.last[i] == z[i, -1]
        assert terms.mean[i] == pytest.approx(z[i].mean(), abs=1e-6)


def test_missing_values_are_taken_from_earlier_seasons():
    z = np.arange(12, dtype=np.float32)[None]
    observed = np.ones((1, 12), dtype=bool)
    observed[0, [8, 4, 9]] = False
    terms = baseline_terms(np.where(observed, z, 0), observed, (4,), 4)
    assert terms.naive[0, 0].tolist() == [0, 5, 10, 11]
    nothing = np.zeros((1, 12), dtype=bool)
    assert baseline_terms(z * 0, nothing, (4,), 4).naive.tolist() == [[[0, 0, 0, 0]]]


def test_the_first_forecast_is_a_seasonal_random_walk_with_damped_drift():
    season = np.array([0.0, 1, 3, 2])
    z = np.concatenate([season + 2 * k for k in range(3)])[None]
    observed = np.ones_like(z, dtype=bool)
    forecast = first_forecast(baseline_terms(z, observed, (4,), 8))[0]
    a = np.exp([1.5, -1, -1]) / np.exp([1.5, -1, -1]).sum()
    rest = a[1] * z[0, -1] + a[2] * z.mean()
    np.testing.assert_allclose(forecast[:4], a[0] * (season + 4 + 1.5) + rest, rtol=1e-5)
    np.testing.assert_allclose(forecast[4:], a[0] * (season + 4 + 3.0) + rest, rtol=1e-5)
    without = first_forecast(baseline_terms(z, observed, (), 2))[0]
    b = np.exp([1.5, -1]) / np.exp([1.5, -1]).sum()
    np.testing.assert_allclose(without, b[0] * z[0, -1] + b[1] * z.mean(), rtol=1e-5)


# -- Backtest ----------------------------------------------------------------------------


def test_backtest_has_one_row_per_origin_and_time():
    y = series(np.arange(20.0))
    windows = backtest_windows(data_of(y), 4, 3, "F.backtest")
    assert windows.step.tolist() == [15]
    windows = backtest_windows(data_of(y), 4, 3, "F.backtest", start="2026-01-11", step=2)
    table = backtest_frame(
        windows,
        np.zeros((len(windows), 3)),
        np.ones((len(windows), 3, 2)),
        pd.Index([0.1, 0.9]),
    )
    assert table.index.names == ["cutoff", "time"]
    assert table.columns.tolist() == ["y_true", "y_pred", 0.1, 0.9]
    cutoffs = table.index.get_level_values("cutoff")
    assert list(cutoffs.unique()) == list(y.index[[9, 11, 13, 15]])
    times = table.index.get_level_values("time")
    np.testing.assert_array_equal(table["y_true"], y.loc[times])
    assert (times > cutoffs).all()


@pytest.mark.parametrize(
    ("start", "first"),
    [(0.5, 10), (12, 12), ("2026-01-08 12:00", 8), (pd.Timestamp("2026-01-05"), 4), (0.001, 1)],
)
def test_backtest_starts_at_the_given_time(start, first):
    windows = backtest_windows(data_of(series(np.arange(20.0))), 4, 1, "F.backtest", start=start)
    assert windows.step[0] + 1 == first


def test_backtest_of_many_series_and_of_arrays():
    long = pd.concat({"a": series(np.arange(10.0)), "b": series(np.arange(6.0))}, names=["id"])
    windows = backtest_windows(data_of(long), 4, 2, "F.backtest", start=0.5, step=1)
    assert np.bincount(windows.series).tolist() == [4, 2]
    table = backtest_frame(windows, np.zeros((6, 2)))
    assert table.index.names == ["cutoff", "id", "time"]
    assert table.index.is_monotonic_increasing
    for (_, identity, time), row in table.iterrows():
        assert row["y_true"] == long[identity, time]
    table = backtest_frame(backtest_windows(data_of(np.arange(10.0)), 4, 2, "F"), np.zeros((1, 2)))
    assert table.index.tolist() == [(7, 8), (7, 9)]
    wide = data_of(pd.DataFrame({"u": series(np.arange(10.0)), "v": series(np.arange(10.0))}))
    table = backtest_frame(backtest_windows(wide, 4, 2, "F"), np.zeros((2, 2)))
    assert table.index.names == ["cutoff", "series", "time"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"start": 1.5},
            "F: start=1.5 must be between 0 and 1. Pass a fraction of the time steps between 0 and "
            "1, a number of time steps, or the time of the first forecast.",
        ),
        (
            {"start": "soon"},
            "F: start='soon' cannot be read as a time of y, which has dates without a time zone. "
            "Pass a fraction of the time steps between 0 and 1, a number of time steps, or the "
            "time of the first forecast.",
        ),
        (
            {"start": 19},
            "F: start=19 leaves no origin with 2 time steps after it: the longest series has 20. "
            "Pass an earlier start.",
        ),
        ({"step": 0}, "F: step=0 must be a positive integer, the time steps between two origins."),
    ],
)
def test_backtest_messages(options, message):
    with pytest.raises(ValueError) as error:
        backtest_windows(data_of(series(np.arange(20.0))), 4, 2, "F", **options)
    assert str(error.value) == message
