"""Covariates, matched to series by time and id; the steps to forecast; and messages."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sk_rnn.forecasting import (
    give_back,
    load_covariates,
    read_covariates,
    read_future,
    read_series,
    save_covariates,
)

DAYS = pd.date_range("2026-01-01", periods=12, name="day")
ONE = pd.Series(np.arange(12.0), DAYS, name="sold")
LONG = pd.concat({"b": ONE, "a": 100 + ONE[4:]}, names=["shop"])
WIDE = pd.DataFrame({"x": ONE, "y": 100 + ONE.where(ONE > 2)})
PRICES = pd.DataFrame(
    {
        "price": np.arange(20.0),
        "promo": [True, False] * 10,
        "region": pd.Categorical(["n"] * 12 + ["s"] * 8, ["s", "w", "n"]),
        "visitors": np.arange(20) ** 2,
    },
    index=LONG.index,
)


def data_of(y):
    return read_series(y, "F.fit: y")


def covariates_of(X, y, **options):
    return read_covariates(X, data_of(y), "F.fit: X", **options)


def after(y, n):
    """The index of the n steps after each series."""
    data = data_of(y)
    return read_future(n, data, 1, "F: X").index


# -- Columns -----------------------------------------------------------------------------


def test_columns_are_read_by_their_dtype():
    columns = covariates_of(PRICES, LONG, past_features="visitors").columns
    assert columns.names == ("price", "promo", "region", "visitors")
    assert columns.categories == (None, (False, True), ("s", "n"), None)
    assert columns.past == (False, False, False, True)
    assert columns.static == (False, False, True, False)
    assert columns.n_codes == (3, 3)
    assert columns.known.tolist() == [0, 1, 2]
    np.testing.assert_allclose(columns.mean, [9.5, 0, 0, PRICES["visitors"].mean()])
    np.testing.assert_allclose(columns.scale[3], PRICES["visitors"].std(ddof=0))


def test_numbers_are_standardised_and_categories_are_codes():
    data = data_of(LONG)
    covariates = covariates_of(PRICES, LONG)
    encoded = covariates.at(np.array([0, 1]), data.ends)
    price = PRICES["price"]
    np.testing.assert_allclose(
        encoded.numeric[:, 0], (price.iloc[[11, 19]] - price.mean()) / price.std(ddof=0), rtol=1e-6
    )
    assert encoded.codes.tolist() == [[1, 2], [1, 1]]
    assert encoded.numeric.dtype == np.float32
    outside = covariates.at(np.array([[1]]), data.starts[1] - data.clock.step * np.arange(1, 3))
    assert outside.numeric.shape == (1, 2, 2)
    assert not outside.observed.any()
    assert (outside.codes == 0).all()
    only = covariates.at(np.array([0]), data.ends[:1], np.array([False, True, False, True]))
    assert (only.numeric.shape, only.codes.shape) == ((1, 1), (1, 1))


def test_categories_that_were_not_seen_are_unknown():
    covariates = covariates_of(PRICES, LONG)
    rows = PRICES.iloc[[0, 12]].set_axis(after(LONG, 1)).assign(region=["q", "s"])
    future = read_future(rows, data_of(LONG), 1, "F: X", covariates=covariates)
    data = data_of(LONG)
    encoded = future.covariates.at(np.array([0, 1]), data.ends + data.clock.step)
    assert encoded.codes[:, 1].tolist() == [0, 1]


def test_constant_and_huge_columns_keep_a_scale():
    X = pd.DataFrame({"c": 0.1, "t": 1.7e9 + np.arange(12.0), "s": 1e-12 * np.arange(12)}, DAYS)
    covariates = covariates_of(X, ONE)
    data = data_of(ONE)
    numeric = covariates.at(np.zeros(1, int), data.starts[0] + data.clock.step * np.arange(12))[0]
    np.testing.assert_allclose(numeric[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(numeric[:, 1:].std(axis=0), 1, rtol=1e-5)


def test_x_without_columns_holds_only_times():
    assert covariates_of(ONE.to_frame()[[]], ONE) is None
    assert covariates_of(None, ONE) is None
    future = read_future(after(ONE, 3).to_frame()[[]], data_of(ONE), 1, "F: X")
    assert future.ahead.tolist() == [1, 2, 3]


def test_rows_of_x_are_matched_by_time_and_id():
    shuffled = PRICES.sample(frac=1, random_state=0)
    expected = covariates_of(PRICES, LONG)
    found = covariates_of(shuffled, LONG)
    np.testing.assert_array_equal(found.table.values, expected.table.values)
    text = PRICES.assign(region=PRICES["region"].astype(str))
    found = covariates_of(pl.from_pandas(text.reset_index()), LONG)
    np.testing.assert_array_equal(found.table.values, covariates_of(text, LONG).table.values)
    by_position = covariates_of(PRICES[["price", "visitors"]].to_numpy(), LONG)
    np.testing.assert_array_equal(by_position.table.values, expected.table.values[:, [0, 3]])
    assert by_position.columns.names is None


def test_covariates_by_time_are_shared_by_all_series():
    X = pd.DataFrame({"heat": np.arange(12.0)}, DAYS)
    for y in (LONG, WIDE, {"k": ONE, "j": ONE[3:]}):
        data = data_of(y)
        covariates = read_covariates(X, data, "F.fit: X")
        assert covariates.shared
        last = covariates.at(np.arange(2), data.ends).numeric
        assert (last == last[0]).all()
        first = covariates.at(np.arange(2), data.starts).numeric[:, 0]
        times = data.clock.times(data.starts)
        np.testing.assert_allclose(
            first, (X.loc[times, "heat"] - 5.5) / X["heat"].std(ddof=0), rtol=1e-6
        )
        rows = pd.DataFrame({"heat": [1.0, 2.0]}, DAYS[-2:] + pd.Timedelta("2D"))
        future = read_future(rows, data, 1, "F: X", covariates=covariates)
        assert future.covariates.at(np.arange(2), data.ends + data.clock.step).observed.all()


def test_saved_covariates_load_unchanged():
    covariates = covariates_of(PRICES, LONG, past_features=["visitors"])
    loaded = load_covariates(pickle.loads(pickle.dumps(save_covariates(covariates))))
    assert loaded.columns.categories == covariates.columns.categories
    assert loaded.columns.names == covariates.columns.names
    data = data_of(LONG)
    for a, b in zip(
        loaded.at(np.arange(2), data.ends), covariates.at(np.arange(2), data.ends), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_past_features_are_named_or_counted():
    for past in ("visitors", ["visitors"], 3, [-1], pd.Index(["visitors"])):
        assert covariates_of(PRICES, LONG, past_features=past).columns.past[3]
    assert covariates_of(np.ones((12, 2)), ONE, past_features=[0]).columns.past == (True, False)


# -- Rows to forecast --------------------------------------------------------------------


def test_rows_to_forecast_keep_their_order():
    data = data_of(LONG)
    index = after(LONG, 3)[[4, 0, 2]]
    future = read_future(index, data, 1, "F: X")
    assert future.ahead.tolist() == [2, 1, 3]
    assert future.series.tolist() == [1, 0, 0]
    assert future.n_steps.tolist() == [3, 2]
    forecasts = np.array([[1.0, 2, 3], [4, 5, 6]])
    back = give_back(forecasts, future, data)
    pd.testing.assert_series_equal(back, pd.Series([5.0, 1, 3], index, name="sold"))


def test_gap_before_the_rows_is_forecast_too():
    data = data_of(ONE)
    future = read_future(after(ONE, 5)[2:], data, 1, "F: X")
    assert future.ahead.tolist() == [3, 4, 5]
    assert future.n_steps.tolist() == [5]
    assert give_back(np.arange(5.0)[None], future, data).tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    "X",
    [
        None,
        3,
        np.int64(3),
        after(ONE, 3),
        after(ONE, 3).to_frame()[[]],
        list(after(ONE, 3)),
        after(ONE, 3).to_numpy(),
        pd.Series(after(ONE, 3)),
        np.empty((3, 0)),
    ],
    ids=lambda X: type(X).__name__,
)
def test_accepted_types_of_x(X):
    future = read_future(X, data_of(ONE), 3, "F.predict: X")
    assert future.ahead.tolist() == [1, 2, 3]
    assert list(future.index) == list(after(ONE, 3))
    assert future.index.name == "day"


def test_times_are_forecast_for_every_series():
    times = DAYS[-1:] + pd.Timedelta("2D")
    for y in (LONG, {"k": ONE, "j": ONE[:5]}):
        data = data_of(y)
        future = read_future(times, data, 1, "F: X")
        assert future.series.tolist() == [0, 1]
        reached = data.clock.times(data.ends + data.clock.step * future.ahead)
        assert (reached == times[0]).all()


def test_past_features_may_be_absent_or_missing():
    covariates = covariates_of(PRICES, LONG, past_features="visitors")
    rows = PRICES.iloc[[0, 12]].set_axis(after(LONG, 1))
    data = data_of(LONG)
    for X in (rows.drop(columns="visitors"), rows.assign(visitors=np.nan)):
        future = read_future(X, data, 1, "F: X", covariates=covariates)
        encoded = future.covariates.at(np.arange(2), data.ends + data.clock.step)
        assert encoded.observed.tolist() == [[True, False]] * 2
    past = covariates_of(np.ones((12, 2)), ONE, past_features=[0])
    read_future(np.ones((3, 1)), data_of(ONE), 1, "F: X", covariates=past)
    only_past = covariates_of(PRICES[["visitors"]], LONG, past_features="visitors")
    assert read_future(None, data, 2, "F: X", covariates=only_past).n_steps.tolist() == [2, 2]


def test_arrays_after_arrays_are_the_next_rows():
    data = data_of(np.arange(12.0))
    covariates = read_covariates(np.ones((12, 2)), data, "F.fit: X")
    future = read_future(np.zeros((3, 2)), data, 1, "F: X", covariates=covariates)
    assert future.ahead.tolist() == [1, 2, 3]
    assert future.index is None
    ahead = future.covariates.at(np.zeros(1, int), data.ends + np.arange(1, 4))
    np.testing.assert_allclose(ahead.numeric, -1)


KNOWN = covariates_of(PRICES, LONG, past_features="visitors")
ONES = covariates_of(np.ones((12, 2)), ONE)


@pytest.mark.parametrize(
    ("X", "y", "covariates", "message"),
    [
        (
            DAYS,
            ONE,
            None,
            "F.predict: X begins at 2026-01-01, but observations are known up to 2026-01-12. X "
            "holds the future. For forecasts from an earlier time pass history=..., or call "
            "backtest; to cross-validate, split by time with TimeSeriesSplit or ForecastSplit.",
        ),
        (
            LONG.index[12:],
            LONG,
            None,
            "F.predict: X begins at 2026-01-05 of 'a', but observations are known up to "
            "2026-01-12. X holds the future. For forecasts from an earlier time pass history=..., "
            "or call backtest; to cross-validate, split by time with TimeSeriesSplit or "
            "ForecastSplit.",
        ),
        (
            pd.DataFrame(index=pd.period_range("1959-03", periods=2, freq="M")),
            pd.Series(np.ones(144), pd.period_range("1949-01", periods=144, freq="M")),
            None,
            "F.predict: X begins at 1959-03, but observations are known up to 1960-12. X holds the "
            "future. For forecasts from an earlier time pass history=..., or call backtest; to "
            "cross-validate, split by time with TimeSeriesSplit or ForecastSplit.",
        ),
        (
            None,
            LONG,
            KNOWN,
            "F.predict: the model was fitted with covariates that are known in advance, ['price', "
            "'promo', 'region'], so it needs them for the next 3 time steps of each series. Pass "
            "X with these rows, or fit with past_features for columns that are not known in "
            "advance.",
        ),
        (
            2,
            ONE,
            ONES,
            "F.predict: the model was fitted with covariates that are known in advance, [0, 1], "
            "so it needs them for 2026-01-13 to 2026-01-14. Pass X with these rows, or fit with "
            "past_features for columns that are not known in advance.",
        ),
        (
            PRICES.iloc[[0, 12]].set_axis(after(LONG, 1)).assign(price=[1, np.nan]),
            LONG,
            KNOWN,
            "F.predict: X has a missing value in column 'price' at 2026-01-13 (row 1), which is "
            "known in advance. Fill it in, or fit with past_features=['price'] if it is not known "
            "in advance.",
        ),
        (
            PRICES.iloc[[0, 12]].set_axis(after(LONG, 1)).drop(columns="price"),
            LONG,
            KNOWN,
            "F.predict: X lacks ['price'], but the model was fitted with columns ['price', "
            "'promo', 'region', 'visitors']. Pass these columns.",
        ),
        (
            PRICES.iloc[[0, 12]].set_axis(after(LONG, 1)).assign(rain=1),
            LONG,
            KNOWN,
            "F.predict: X has ['rain'], but the model was fitted with columns ['price', 'promo', "
            "'region', 'visitors']. Pass these columns.",
        ),
        (
            PRICES.iloc[:2].reset_index(drop=True),
            LONG,
            KNOWN,
            "F.predict: X has 2 rows without ids, but the covariates in fit differed between "
            "series. Pass rows with the index that y would have: ids and times.",
        ),
        (
            np.ones((2, 3)),
            ONE,
            ONES,
            "F.predict: X has 3 features, but F is expecting 2 features as input. Pass the "
            "columns of fit.",
        ),
        (
            np.ones((2, 3)),
            ONE,
            None,
            "F.predict: X has 3 columns, but the model was fitted without covariates. Pass a "
            "number of steps, the times, or X without columns: X[[]].",
        ),
        (
            np.ones(3),
            ONE,
            ONES,
            "F.predict: X has shape (3,): Expected 2D array, got 1D array instead. Reshape your "
            "data: a DataFrame or a 2-D array with one row per time step.",
        ),
        (
            after(LONG, 1).set_levels(["b", "q"], level=0),
            LONG,
            None,
            "F.predict: X has the id 'q' in row 0, which has no previous values. Pass them as "
            "history=..., or call update with them.",
        ),
        (
            after(LONG, 1),
            ONE,
            None,
            "F.predict: X has the MultiIndex ['shop', 'day'], but y is indexed by times only. Pass "
            "X with the index that y would have.",
        ),
        (
            after(ONE, 1) + pd.Timedelta("6h"),
            ONE,
            None,
            "F.predict: X has a time in row 0 that is not on the grid of y, which has steps of D "
            "and ends at 2026-01-12. Pass times that continue from there.",
        ),
        (
            pd.RangeIndex(12, 15),
            ONE,
            None,
            "F.predict: X has a RangeIndex as index, but y has times of kind DatetimeIndex. Pass X "
            "and y with the same type of index.",
        ),
        (
            after(ONE, 2).tz_localize("UTC"),
            ONE,
            None,
            "F.predict: X has a DatetimeIndex in UTC as index, but y has times of kind "
            "DatetimeIndex. Pass X and y with the same type of index.",
        ),
        (
            DAYS,
            ONE.to_numpy(),
            None,
            "F.predict: X has times, but y had none. Pass a number of steps, or the next rows as "
            "an array.",
        ),
        (0, ONE, None, "F.predict: X is 0. Pass a positive number of steps."),
        (
            10**12,
            LONG,
            None,
            "F.predict: X is 1000000000000, too many steps to forecast. Pass a number of steps up "
            "to 134217728.",
        ),
        (
            DAYS[:0],
            ONE,
            None,
            "F.predict: X has 0 rows (0 sample(s)) while a minimum of 1 is required. Pass the rows "
            "to forecast.",
        ),
    ],
)
def test_future_messages(X, y, covariates, message):
    with pytest.raises(ValueError) as error:
        read_future(X, data_of(y), 3, "F.predict: X", covariates=covariates)
    assert str(error.value) == message


def test_columns_with_missing_values_in_fit_may_have_them_in_predict():
    holed = PRICES.assign(price=PRICES["price"].where(PRICES["price"] != 3))
    covariates = covariates_of(holed, LONG)
    rows = PRICES.iloc[[0, 12]].set_axis(after(LONG, 1)).assign(price=[1, np.nan])
    read_future(rows, data_of(LONG), 1, "F.predict: X", covariates=covariates)


def test_nested_past_features_raise():
    with pytest.raises(TypeError) as error:
        covariates_of(PRICES, LONG, past_features=[["price"]])
    assert str(error.value) == (
        "F.fit: past_features has a list, which is not a column. Pass a flat list of names or "
        "positions."
    )


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (
            PRICES.iloc[:-1],
            LONG,
            {},
            "F.fit: X and y have different times: y has 2026-01-12 of 'a', which X lacks. Pass the "
            "same rows in both: X.loc[y.index] or y.loc[X.index].",
        ),
        (
            PRICES,
            LONG[:-1],
            {},
            "F.fit: X and y have different times: X has (a, 2026-01-12 00:00:00), which y lacks. "
            "Pass the same rows in both: X.loc[y.index] or y.loc[X.index].",
        ),
        (
            pd.DataFrame({"u": 1.0}, DAYS[1:]),
            ONE,
            {},
            "F.fit: X and y have different times: y has 2026-01-01, which X lacks. Pass the same "
            "rows in both: X.loc[y.index] or y.loc[X.index].",
        ),
        (
            pd.DataFrame({"u": 1.0}, DAYS),
            ONE[1:],
            {},
            "F.fit: X and y have different times: X has 2026-01-01, which y lacks. Pass the same "
            "rows in both: X.loc[y.index] or y.loc[X.index].",
        ),
        (
            np.ones((5, 1)),
            ONE,
            {},
            "F.fit: X has 5 rows, but y has 12 (inconsistent numbers of samples). Pass one row per "
            "row of y.",
        ),
        (
            PRICES.droplevel(0),
            LONG,
            {},
            "F.fit: X has 2026-01-05 00:00:00 again in row 12 of its index. Pass one row per time, "
            "or the index of y.",
        ),
        (
            PRICES[:12],
            ONE,
            {},
            "F.fit: X has the MultiIndex ['shop', 'day'], but y is indexed by times only. Pass X "
            "with the index of y.",
        ),
        (
            pd.concat([PRICES, PRICES[-1:]]),
            LONG,
            {},
            "F.fit: X has (a, 2026-01-12 00:00:00) again in row 20. Aggregate or drop rows with "
            "the same time.",
        ),
        (
            PRICES,
            LONG,
            {"past_features": ["visitor"]},
            "F.fit: past_features has 'visitor', but X has columns ['price', 'promo', 'region', "
            "'visitors']. Pass names of its columns.",
        ),
        (
            np.ones((12, 2)),
            ONE,
            {"past_features": [2]},
            "F.fit: past_features has position 2, but X has 2 columns. Pass positions from 0 to 1.",
        ),
        (
            np.ones((12, 2)),
            ONE,
            {"past_features": "u"},
            "F.fit: past_features has 'u', but X has no names, as it is an array. Pass positions "
            "of its columns.",
        ),
        (
            PRICES,
            LONG,
            {"past_features": 2.5},
            "F.fit: past_features has 2.5, but X has columns ['price', 'promo', 'region', "
            "'visitors']. Pass names of its columns.",
        ),
        (
            PRICES.assign(price=np.inf),
            LONG,
            {},
            "F.fit: X has inf in column 'price', row 0. Pass NaN for missing values in X, and "
            "finite numbers.",
        ),
        (
            pd.DataFrame(np.ones((12, 2)), DAYS, ["u", "u"]),
            ONE,
            {},
            "F.fit: X has column 'u' more than once. Rename one.",
        ),
    ],
)
def test_covariate_messages(X, y, options, message):
    with pytest.raises(ValueError) as error:
        covariates_of(X, y, **options)
    assert str(error.value) == message
