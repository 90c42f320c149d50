"""Every container of y: reading, forecasts, updates, serialisation, and messages."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sk_rnn import Panel
from sk_rnn.forecasting import (
    append_series,
    check_series,
    give_back,
    load_series,
    read_future,
    read_series,
    read_truth,
    read_weights,
    save_series,
)

DAYS = pd.date_range("2026-01-01", periods=12, name="day")
ONE = pd.Series(np.arange(12.0), DAYS, name="sold")
LONG = pd.concat({"b": ONE, "a": 100 + ONE[4:]}, names=["shop"])
WIDE = pd.DataFrame({"x": ONE, "y": 100 + ONE.where(ONE > 2)})
TABLE = LONG.reset_index()
PLANTS = pd.concat({("p", 1): ONE, ("p", 2): ONE[2:]}, names=["plant", "machine"])

# Objects of each kind, whose last 4 of each series are cut off by `cut`.
KINDS = {
    "series": ONE,
    "integers": ONE.reset_index(drop=True).set_axis(range(5, 29, 2)),
    "periods": ONE.set_axis(pd.period_range("2026-01", periods=12, freq="M")),
    "zone": ONE.tz_localize("Europe/Berlin"),
    "months": ONE.set_axis(pd.date_range("2026-01", periods=12, freq="ME")),
    "wide": WIDE,
    "long": LONG,
    "long frame": LONG.to_frame(),
    "two ids": PLANTS,
    "dict": {"k": ONE, "j": ONE[3:]},
    "dict of arrays": {"k": np.arange(12.0), "j": np.arange(6.0)},
    "list": [ONE, ONE[3:]],
    "list of lists": [list(range(12)), list(range(6))],
    "panel": Panel.from_frame(TABLE, by="shop", order_by="day"),
    "bare panel": Panel.from_sequences([np.arange(12.0), np.arange(6.0)]),
    "array": np.arange(12.0),
    "matrix": np.arange(24.0).reshape(12, 2),
}
EACH = pytest.mark.parametrize("y", KINDS.values(), ids=KINDS)


def cut(y, rows, of_panel=None):
    """The same kind with a slice of each series."""
    if isinstance(y, dict):
        return {key: cut(value, rows) for key, value in y.items()}
    if isinstance(y, list) and not np.isscalar(y[0]):
        return [cut(value, rows) for value in y]
    if isinstance(y, Panel):
        starts, stops, _ = zip(*(rows.indices(n) for n in y.lengths), strict=True)
        return y.cut(np.array(starts), np.array(stops))
    if isinstance(y, pd.Series | pd.DataFrame):
        if y.index.nlevels > 1:
            ids = 0 if y.index.nlevels == 2 else list(range(y.index.nlevels - 1))
            return pd.concat([g.iloc[rows] for _, g in y.groupby(level=ids, sort=False)])
        return y.iloc[rows]
    return y[rows]


def assert_same(found, expected):
    assert type(found) is type(expected) or isinstance(expected, list)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            assert_same(found[key], expected[key])
    elif isinstance(expected, list) and not np.isscalar(expected[0]):
        for f, e in zip(found, expected, strict=True):
            assert_same(f, e)
    elif isinstance(expected, Panel):
        np.testing.assert_array_equal(found.values, expected.values)
        np.testing.assert_array_equal(found.offsets, expected.offsets)
        for attribute in ("index", "times"):
            f, e = getattr(found, attribute), getattr(expected, attribute)
            assert (f is None and e is None) or f.equals(e)
        assert found.feature_names == expected.feature_names
    elif isinstance(expected, pd.Series):
        pd.testing.assert_series_equal(found, expected, check_freq=False)
    elif isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_freq=False)
    else:
        np.testing.assert_array_equal(found, expected)


def pasts(data):
    return {
        tuple(np.atleast_1d(identity)): data.values[data.offsets[s] : data.offsets[s + 1]].tolist()
        for s, identity in enumerate(data.layout.ids)
    }


@EACH
def test_forecasts_have_the_container_of_y(y):
    data = read_series(cut(y, slice(None, -4)), "F.fit: y")
    rest = cut(y, slice(-4, None))
    truth = read_truth(rest, data, "F.score: y")
    forecasts = np.full((data.n_series, 4), np.nan)
    forecasts[truth.series, truth.ahead - 1] = truth.values
    future = read_future(4, data, 1, "F.predict: X")
    assert_same(give_back(forecasts, future, data), rest)


@EACH
def test_appended_series_equal_the_whole_series(y):
    whole = read_series(y, "F.fit: y")
    data = read_series(cut(y, slice(None, -4)), "F.fit: y")
    for rows in (slice(-4, -2), slice(-2, None)):
        data = append_series(data, cut(y, rows), "F.update: y")
    assert pasts(data) == pasts(whole)
    np.testing.assert_array_equal(data.starts, whole.starts)
    assert data.n_missing == whole.n_missing
    if data.clock.kind != "position":  # rows that are passed again change nothing
        again = append_series(data, cut(y, slice(-3, None)), "F.update: y")
        assert pasts(again) == pasts(data)


@EACH
def test_saved_series_are_plain_values_and_load_unchanged(y):
    data = read_series(y, "F.fit: y")
    state = save_series(data)

    def check(value):
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            value = list(value.values())
        if isinstance(value, list):
            for part in value:
                check(part)
        else:
            assert isinstance(value, np.ndarray | str | int | float | bool | None), value

    check(state)
    loaded = load_series(pickle.loads(pickle.dumps(state)))
    assert loaded.clock == data.clock
    assert loaded.layout.ids.equals(data.layout.ids)
    assert loaded.layout.names == data.layout.names
    forecasts = np.zeros((data.n_series, 3))
    assert_same(
        give_back(forecasts, read_future(3, loaded, 1, "F: X"), loaded),
        give_back(forecasts, read_future(3, data, 1, "F: X"), data),
    )


def test_times_as_ids_are_saved_too():
    times = [pd.Timestamp("2026-01-01"), pd.Timestamp("2026-02-01")]
    for keys in (times, [pd.Period("2026-01", "M"), pd.Period("2026-02", "M")], [("a", 1), "b"]):
        data = read_series(dict.fromkeys(keys, ONE), "F.fit: y")
        loaded = load_series(save_series(data))
        assert list(loaded.layout.ids) == keys


def test_quantiles_have_the_shapes_of_each_container():
    labels = pd.Index([0.1, 0.5, 0.9], name="quantile")

    def quantiles(y):
        data = read_series(y, "F.fit: y")
        values = np.arange(data.n_series * 2 * 3.0).reshape(data.n_series, 2, 3)
        return give_back(values, read_future(2, data, 1, "F: X"), data, labels)

    one = quantiles(ONE)
    assert one.columns.equals(labels)
    assert one.loc["2026-01-14", 0.9] == 5.0
    wide = quantiles(WIDE)
    assert wide.columns.names == [None, "quantile"]
    assert wide.loc["2026-01-14", ("y", 0.5)] == 10.0
    long = quantiles(LONG)
    assert long.loc[("a", "2026-01-13"), 0.1] == 6.0
    assert quantiles(KINDS["array"]).shape == (2, 3)
    assert quantiles(KINDS["matrix"]).shape == (2, 2, 3)
    assert quantiles(KINDS["dict"])["j"].loc["2026-01-13", 0.5] == 7.0
    assert quantiles(KINDS["dict of arrays"])["j"].tolist() == [[6, 7, 8], [9, 10, 11]]
    panel = quantiles(KINDS["panel"])
    assert panel.feature_names == ("0.1", "0.5", "0.9")
    assert panel[1].tolist() == [[6, 7, 8], [9, 10, 11]]


def test_rows_of_ids_may_be_mixed():
    mixed = LONG.sort_index(level="day", sort_remaining=True)
    assert pasts(read_series(mixed, "F.fit: y")) == pasts(read_series(LONG, "F.fit: y"))


def test_frames_without_an_index_are_indexed_by_their_dates_and_text():
    for y in (pl.from_pandas(TABLE), pa.Table.from_pandas(TABLE)):
        data = read_series(y, "F.fit: y")
        assert pasts(data) == pasts(read_series(LONG, "F.fit: y"))
        assert data.layout.form == "long"
        assert (list(data.layout.ids.names), data.clock.name) == (["shop"], "day")
    dated = pl.DataFrame({"day": list(DAYS.date), "sold": ONE.to_numpy()})
    assert read_series(dated, "F.fit: y").clock.freq == "D"
    bare = read_series(pl.DataFrame({"x": [1.0, 2.0], "y": [3.0, None]}), "F.fit: y")
    assert pasts(bare) == {("x",): [1.0, 2.0], ("y",): pytest.approx([3.0, np.nan], nan_ok=True)}
    assert read_series(pl.Series("q", [1, 2, 3]), "F.fit: y").values.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    "y",
    [
        torch.arange(4.0),
        np.ma.masked_array([0.0, 1.0, 2.0, 9.0], mask=[0, 0, 0, 1]),
        pd.Series([0, 1, 2, None], dtype="Int64"),
        [0, 1, 2, np.nan],
        (0, 1, 2, 3),
        pd.Series([0, 1, 2, 3], dtype="int8"),
        range(4),
        pa.array([0.0, 1.0, 2.0, None]),
    ],
    ids=lambda y: type(y).__name__,
)
def test_numbers_of_any_kind_are_one_series(y):
    data = read_series(y, "F.fit: y")
    assert data.values.dtype == np.float64
    np.testing.assert_array_equal(data.values[:3], [0, 1, 2])
    assert np.isnan(data.values[3]) or data.values[3] == 3
    assert data.layout.is_single


def test_y_without_times_has_those_of_x():
    for y in (ONE.to_numpy(), ONE.tolist(), ONE.reset_index(drop=True)):
        data = read_series(y, "F.fit: y", index=DAYS)
        assert data.clock.freq == "D"
        assert data.layout.form == "series"
        assert data.layout.bare == (not isinstance(y, pd.Series))
    assert read_series(ONE, "F.fit: y", index=pd.RangeIndex(12)).clock.freq == "D"
    long = read_series(LONG.to_numpy(), "F.fit: y", index=LONG.index)
    assert pasts(long) == pasts(read_series(LONG, "F.fit: y"))
    for y, shape in ((LONG, (6,)), (ONE, (3,)), (WIDE, (3, 2))):
        data = read_series(y.to_numpy()[:-1], "F.fit: y", index=y.index[:-1])
        data = append_series(data, y.to_numpy()[-1:], "F.update: y", index=y.index[-1:])
        assert list(pasts(data).values()) == list(pasts(read_series(y, "F: y")).values())
        forecast = give_back(np.zeros((data.n_series, 3)), read_future(3, data, 1, "F: X"), data)
        assert isinstance(forecast, np.ndarray)
        assert forecast.shape == shape


def test_wide_columns_begin_with_their_first_value_and_end_together():
    frame = WIDE.assign(empty=np.nan, early=ONE.where(ONE < 5))
    data = read_series(frame, "F.fit: y")
    assert data.lengths.tolist() == [12, 9, 12, 12]
    assert (data.ends == data.ends[0]).all()
    assert data.n_missing == 12 + 7
    assert data.end_times() == DAYS[-1]
    assert read_series(LONG, "F.fit: y").end_times().to_dict() == {"b": DAYS[-1], "a": DAYS[-1]}


def test_weights_of_rows_become_those_of_time_steps():
    y = ONE.drop(DAYS[3])
    weights = np.arange(1.0, 12.0)
    spread = read_weights(weights, read_series(y, "F.fit: y"), "F.fit")
    np.testing.assert_array_equal(spread, [1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10, 11])
    wide = read_weights(np.arange(12.0), read_series(WIDE, "F.fit: y"), "F.fit")
    np.testing.assert_array_equal(wide, [*range(12), *range(3, 12)])
    mixed = LONG.sort_index(level="day")
    by_day = mixed.index.get_level_values("day").day.to_numpy(dtype=float)
    data = read_series(mixed, "F.fit: y")
    np.testing.assert_array_equal(
        read_weights(by_day, data, "F.fit"),
        data.clock.times(data.table.scattered()[1]).day,
    )
    ragged = read_series(KINDS["dict"], "F.fit: y")
    spread = read_weights({"k": np.ones(12), "j": np.zeros(9)}, ragged, "F.fit")
    assert spread.tolist() == [1] * 12 + [0] * 9
    with pytest.raises(
        ValueError, match=r"F.fit: sample_weight has shape \(3,\), but there are 12"
    ):
        read_weights([1, 2, 3], read_series(ONE, "F.fit: y"), "F.fit")


def test_forecasts_depend_on_the_tail_only():
    data = read_series(LONG, "F.fit: y").tail(3)
    assert pasts(data) == {("b",): [9, 10, 11], ("a",): [109, 110, 111]}
    assert data.end_times().tolist() == [DAYS[-1]] * 2
    # Dropped values cannot be compared, and are not restored.
    assert pasts(append_series(data, LONG, "F.update: y")) == pasts(data)


def test_new_ids_start_new_series_even_before_known_times():
    months = pd.Series(np.arange(3.0), pd.date_range("2026-05", periods=3, freq="MS"))
    data = read_series(pd.concat({"a": months}, names=["id"]), "F.fit: y")
    more = pd.concat({"z": months.shift(-20, freq="MS"), "a": months.shift(4, freq="MS")})
    data = append_series(data, more, "F.update: y")
    assert list(data.layout.ids) == ["a", "z"]
    assert data.lengths.tolist() == [7, 3]
    assert np.isnan(data.values[3])
    assert data.n_inserted == data.n_missing == 1
    expected = [pd.Timestamp("2026-11"), pd.Timestamp("2024-11")]
    assert data.end_times().tolist() == expected


def test_missing_values_can_be_filled_later():
    data = read_series(ONE.where(ONE != 5), "F.fit: y")
    data = append_series(data, ONE[4:7], "F.update: y")
    assert data.n_missing == 0
    assert data.values.tolist() == ONE.tolist()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_rows_can_be_in_any_order_of_ids(lengths, random):
    rows = [(f"s{s}", t, 10 * s + t) for s, n in enumerate(lengths) for t in range(n)]
    order = [f"s{s}" for s, n in enumerate(lengths) for _ in range(n)]
    random.shuffle(order)
    streams = {f"s{s}": iter([r for r in rows if r[0] == f"s{s}"]) for s in range(len(lengths))}
    mixed = pd.DataFrame([next(streams[s]) for s in order], columns=["id", "t", "v"])
    data = read_series(mixed.set_index(["id", "t"])["v"], "F.fit: y")
    assert {k[0]: v for k, v in pasts(data).items()} == {
        f"s{s}": [10 * s + t for t in range(n)] for s, n in enumerate(lengths)
    }
    np.testing.assert_array_equal(data.values[data.row_steps], mixed["v"])


INFINITE = ONE.where(ONE != 3, np.inf)


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        (
            INFINITE,
            ValueError,
            "has inf at row 3. Pass NaN for missing values, and finite numbers.",
        ),
        (
            WIDE.assign(y=INFINITE),
            ValueError,
            "has inf at row 3, column 'y'. Pass NaN for missing values, and finite numbers.",
        ),
        (
            pd.concat({"a": ONE, "b": INFINITE}),
            ValueError,
            "has inf at row 15, of 'b'. Pass NaN for missing values, and finite numbers.",
        ),
        (
            [ONE, INFINITE],
            ValueError,
            "has inf at row 3 of series 1. Pass NaN for missing values, and finite numbers.",
        ),
        (
            ONE * np.nan,
            ValueError,
            "has no observed value: all 12 are missing. Pass numbers.",
        ),
        (
            WIDE * np.nan,
            ValueError,
            "has no observed value: all 24 are missing. Pass numbers.",
        ),
        (
            LONG * np.nan,
            ValueError,
            "has no observed value: all 20 are missing. Pass numbers.",
        ),
        (
            ONE.iloc[::-1],
            ValueError,
            "is not in chronological order: row 1 is at 2026-01-11 00:00:00, after 2026-01-12 "
            "00:00:00. Pass y.sort_index(), or Panel.from_frame(df, by=..., order_by=...) for "
            "several series.",
        ),
        (
            LONG.iloc[::-1],
            ValueError,
            "is not in chronological order: row 1, of 'a', is at 2026-01-11, after 2026-01-12. "
            "Pass y.sort_index().",
        ),
        (
            pd.concat([LONG, LONG[-2:]]),
            ValueError,
            "has 'a' at 2026-01-11 again in row 20. Aggregate or drop rows with the same time: "
            "y.groupby(level=[0, 1]).mean().",
        ),
        (
            {"k": ONE, "j": ONE.iloc[::-1]},
            ValueError,
            "['j'] is not in chronological order: row 1 is at 2026-01-11 00:00:00, after "
            "2026-01-12 00:00:00. Pass y['j'].sort_index(), or Panel.from_frame(df, by=..., "
            "order_by=...) for several series.",
        ),
        (
            TABLE,
            ValueError,
            "has dates in column 'day', where numbers are expected. Times are the index: pass "
            "y.set_index(['shop', 'day'])['sold'].",
        ),
        (
            TABLE.drop(columns="shop"),
            ValueError,
            "has dates in column 'day', where numbers are expected. Times are the index: pass "
            "y.set_index('day')['sold'].",
        ),
        (
            LONG.to_frame().assign(price=1.0),
            ValueError,
            "has a MultiIndex of ids and times, ['shop', 'day'], and 2 columns, where one is "
            "expected. Pass the column to forecast, and the others as X with past_features.",
        ),
        (
            pd.concat({"a": ONE, None: ONE}),
            ValueError,
            "has a missing id in level None of its index, at row 12. Fill in or drop such rows.",
        ),
        (
            {"k": ONE, "j": np.ones(3)},
            ValueError,
            "mixes series with and without times: y['k'] has an index, y['j'] has none. Pass a "
            "Series for each, or an array for each.",
        ),
        (
            [ONE, ONE.tz_localize("UTC")],
            ValueError,
            "[1] has a DatetimeIndex in UTC as index, but y[0] has a DatetimeIndex. Give all "
            "series the same kind of times.",
        ),
        (
            {"k": ONE[:0]},
            ValueError,
            "['k'] is empty. Every series needs at least one value.",
        ),
        ({}, ValueError, "has no series. Pass at least one."),
        (
            [WIDE],
            ValueError,
            "[0] has 2 columns, where one series is expected. Pass one column, and the others as "
            "X with past_features.",
        ),
        (
            Panel.from_sequences([np.ones((3, 2))]),
            ValueError,
            "is a Panel of 2 features, where one is expected, the values to forecast. Select it: "
            "Panel.from_frame(df, by=..., order_by=..., columns=['...']).",
        ),
        (
            pd.DataFrame(index=DAYS),
            ValueError,
            "has no columns. Pass at least one series.",
        ),
        ([], ValueError, "has 0 rows (0 sample(s)) while a minimum of 1 is required."),
        (
            pd.DataFrame([[1, 2]], columns=["u", "u"]),
            ValueError,
            "has column 'u' more than once. Rename one.",
        ),
        (
            pd.Series(
                [1.0, 2.0, 3.0],
                pd.DatetimeIndex(["2026-01-01", "2026-01-01 00:00:01", "2199-01-01"]),
            ),
            ValueError,
            "has 3 rows, but 5459356801 time steps of s, nearly all of which lack a row. Set a "
            "coarser freq, after y.resample(...).mean(), or check the times for a wrong one.",
        ),
        (
            np.ones((2, 2, 2)),
            ValueError,
            "has shape (2, 2, 2). Pass a Series or a DataFrame with one row per time step, a "
            "Series with a MultiIndex of ids and times, a dict or list of Series or 1-D arrays, a "
            "Panel of one feature, or an array of shape (n_timesteps,) or (n_timesteps, n_series).",
        ),
        (
            "abc",
            TypeError,
            "is a str, which is not a series. Pass a Series or a DataFrame with one row per time "
            "step, a Series with a MultiIndex of ids and times, a dict or list of Series or 1-D "
            "arrays, a Panel of one feature, or an array of shape (n_timesteps,) or (n_timesteps, "
            "n_series).",
        ),
    ],
)
def test_series_messages(y, kind, message):
    with pytest.raises(kind) as error:
        read_series(y, "F.fit: y")
    assert str(error.value) == f"F.fit: y{'' if message.startswith('[') else ' '}{message}"


@pytest.mark.parametrize(
    ("y", "more", "message"),
    [
        (
            ONE,
            ONE[-3:] + 1,
            "has another value at 2026-01-10: 10, where 9 is known. Observations are known up to "
            "2026-01-12; pass those after it in y, or refit if the past has changed.",
        ),
        (
            LONG,
            LONG[-3:] + 1,
            "has another value at 2026-01-10 of 'a': 110, where 109 is known. Observations are "
            "known up to 2026-01-12; pass those after it in y, or refit if the past has changed.",
        ),
        (
            ONE,
            ONE.shift(-20, freq="D"),
            "has a value at 2025-12-12, before the known ones. Observations are known up to "
            "2026-01-12; pass those after it in y, or refit if the past has changed.",
        ),
        (
            ONE,
            ONE.shift(12, freq="D").shift(6, freq="h"),
            "has 2026-01-13 06:00:00, which is not on the grid of the previous times: steps of D, "
            "counted from 2026-01-12. Pass times on this grid.",
        ),
        (
            ONE,
            ONE.to_frame(),
            "is a DataFrame with one column per series, but the previous series were a Series. "
            "Pass the same kind.",
        ),
        (
            ONE,
            ONE.tz_localize("UTC"),
            "has times of a different kind than the previous series: dates in UTC after dates "
            "without a time zone. Pass an index of the same kind.",
        ),
        (
            WIDE,
            WIDE.rename(columns={"y": "z"}),
            "has the columns ['x', 'z'], but the previous series were ['x', 'y']. Pass the same "
            "columns.",
        ),
        (
            PLANTS,
            LONG,
            "has ids of 1 levels, but the previous series had 2. Pass the same levels.",
        ),
    ],
)
def test_update_messages(y, more, message):
    with pytest.raises(ValueError) as error:
        append_series(read_series(y, "F.fit: y"), more, "F.update: y")
    assert str(error.value) == f"F.update: y {message}"


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (
            LONG[-2:],
            "begins at 2026-01-11, but observations are known up to 2026-01-12. Pass values after "
            "the end; split by time, with TimeSeriesSplit or ForecastSplit.",
        ),
        (
            LONG.rename({"a": "q"})[-2:],
            "has 'q', which has no previous values. Drop it, or pass them to update first.",
        ),
    ],
)
def test_truth_messages(y, message):
    with pytest.raises(ValueError) as error:
        read_truth(y, read_series(LONG, "F.fit: y"), "F.score: y")
    assert str(error.value) == f"F.score: y {message}"


def test_truth_leaves_missing_values_out():
    data = read_series(ONE[:8], "F.fit: y")
    truth = read_truth(ONE[8:].where(ONE != 9), data, "F.score: y")
    assert truth.ahead.tolist() == [1, 3, 4]
    assert truth.rows.tolist() == [0, 2, 3]


def test_short_series_are_counted_in_one_warning():
    data = read_series({"a": np.ones(9), "b": np.ones(3), "c": np.ones(2)}, "F.fit: y")
    with pytest.warns(UserWarning, match="too short") as caught:
        usable = check_series(data, 3, "F.fit: y")
    assert usable.tolist() == [True, False, False]
    assert [str(w.message) for w in caught] == [
        "F.fit: y has 2 of 3 series that are too short to train on: horizon=3 needs 5 time steps, "
        "two or more of them observed. They are forecast nevertheless."
    ]
    with pytest.raises(ValueError) as error:
        check_series(data, 12, "F.fit: y")
    assert str(error.value) == (
        "F.fit: y is too short: horizon=12 needs 14 time steps, two or more of them observed, but "
        "the longest of 3 series has 9 (n_samples=9). Pass longer series, or a smaller horizon."
    )


def test_probable_mistakes_raise_warnings():
    sparse = ONE.iloc[[1, 2, 3, 11]]  # a Saturday is among them
    with pytest.warns(UserWarning, match="y has 7 missing values of 11, more than half; 7 ti"):
        check_series(read_series(sparse, "F.fit: y"), 1, "F.fit: y")
    with pytest.warns(UserWarning, match=r"y has 4 rows and 9 columns. Rows are time steps"):
        check_series(read_series(np.ones((4, 9)), "F.fit: y"), 1, "F.fit: y")
