"""Messages of RNNForecaster, in full, and scikit-learn's own checks."""

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from sk_rnn import RNNForecaster

MONTHS = pd.date_range("2018-01", periods=72, freq="MS", name="month")
ONE = pd.Series(10 + 3 * np.sin(np.arange(72) / 2), MONTHS, name="sold")
X = pd.DataFrame({"price": np.arange(72.0), "heat": 1.0}, MONTHS)
HOURS = pd.DatetimeIndex([*pd.date_range("2024-01-01", periods=17, freq="h"), "2024-01-01 16:23"])


def small(horizon=6, **params):
    return RNNForecaster(
        horizon,
        **{"hidden_size": 4, "n_networks": 1, "max_steps": 2, "random_state": 0, **params},
    )


SHOPS = pd.concat([ONE.reset_index().assign(shop=shop, price=1.0) for shop in "ab"])
SHOPS = SHOPS.reset_index(drop=True)
FITTED = {}


def _shops():
    frame = SHOPS.set_index(["shop", "month"])
    return small().fit(frame[["price"]], frame["sold"])


def fitted(kind):
    if kind not in FITTED:
        FITTED[kind] = small().fit(ONE) if kind == "bare" else small().fit(X, ONE)
    return FITTED[kind]


FAULTS = {
    "irregular": (
        lambda: small().fit(pd.Series(np.arange(18.0), HOURS)),
        "RNNForecaster.fit: y has no regular frequency: most steps are 1 h, but row 17 comes 23 "
        "min after row 16. Pass y.resample('h').mean() or set freq.",
    ),
    "infinite": (
        lambda: small().fit(np.r_[1.0, np.inf, 3.0, 4.0]),
        "RNNForecaster.fit: y has inf at row 1. Pass NaN for missing values, and finite numbers.",
    ),
    "too large": (
        lambda: small().fit(np.r_[1.0, -1e305, 3.0, 4.0]),
        "RNNForecaster.fit: y has -1e+305 at row 1, which is too large: differences of such values "
        "overflow. Rescale y.",
    ),
    "short": (
        lambda: small().fit(np.arange(5.0)),
        "RNNForecaster.fit: y is too short: horizon=6 needs 8 time steps, two or more of them "
        "observed, but it has 5 (n_samples=5). Pass longer series, or a smaller horizon.",
    ),
    "missing": (
        lambda: small().fit(np.full(9, np.nan)),
        "RNNForecaster.fit: y has no observed value: all 9 are missing. Pass numbers.",
    ),
    "other times": (
        lambda: small().fit(X[1:], ONE),
        "RNNForecaster.fit: X and y have different times: y has 2018-01, which X lacks. Pass the "
        "same rows in both: X.loc[y.index] or y.loc[X.index].",
    ),
    "past": (
        lambda: fitted("bare").predict(ONE.index[14:20]),
        "RNNForecaster.predict: X begins at 2019-03, but observations are known up to 2023-12. X "
        "holds the future. For forecasts from an earlier time pass history=..., or call backtest; "
        "to cross-validate, split by time with TimeSeriesSplit or ForecastSplit.",
    ),
    "no covariates": (
        lambda: fitted("X").predict(),
        "RNNForecaster.predict: the model was fitted with covariates that are known in advance, "
        "['price', 'heat'], so it needs them for 2024-01 to 2024-06. Pass X with these rows, or "
        "fit with past_features for columns that are not known in advance.",
    ),
    "history without covariates": (
        lambda: fitted("X").predict(3, history=ONE),
        "RNNForecaster.predict: the model was fitted with covariates, ['price', 'heat'], but "
        "history has none. Pass history=(X_past, y_past).",
    ),
    "a frame with ids and times": (
        lambda: small().fit(SHOPS),
        "RNNForecaster.fit: y has dates in column 'month', where numbers are expected. Times are "
        "the index: pass y.set_index(['shop', 'month'])['sold'], the column to forecast, and the "
        "others as X.",
    ),
    "times in a column of X": (
        lambda: small().fit(SHOPS[["month", "price"]], SHOPS.set_index(["shop", "month"])["sold"]),
        "RNNForecaster.fit: X has the times in column 'month', but those of y are its index. Pass "
        "X.set_index('month').",
    ),
    "covariates of several series": (
        lambda: _shops().predict(),
        "RNNForecaster.predict: the model was fitted with covariates that are known in advance, "
        "['price'], so it needs them for the next 6 time steps of each series. Pass X with these "
        "rows, or fit with past_features for columns that are not known in advance.",
    ),
    "other kind of times": (
        lambda: fitted("bare").score(ONE.to_period()),
        "RNNForecaster.score: y has times of a different kind than the previous series: periods "
        "of M after dates without a time zone. Pass an index of the same kind.",
    ),
    "integers after dates": (
        lambda: fitted("bare").predict(history=ONE.set_axis(range(1, 73))),
        "RNNForecaster.predict: history has times of a different kind than the previous series: "
        "integers after dates without a time zone. Pass an index of the same kind.",
    ),
    "nothing to compare": (
        lambda: fitted("bare").score(
            ONE[:2].set_axis(MONTHS[-2:] + pd.DateOffset(months=2)) * np.nan
        ),
        "RNNForecaster.score: y has no observed value to compare with. Pass at least one number.",
    ),
    "scores without covariates": (
        lambda: fitted("X").score_samples(ONE),
        "RNNForecaster.score_samples: the model was fitted with covariates, ['price', 'heat']. "
        "Pass X with the rows of y.",
    ),
    "unwanted covariates": (
        lambda: fitted("bare").update(X, ONE),
        "RNNForecaster.update: X has columns, but the model was fitted without covariates. Pass y "
        "only, or X without columns: X[[]].",
    ),
    "no quantile": (
        lambda: small(quantiles=(0.1, 1.5)).fit(ONE),
        "RNNForecaster.fit: quantiles has 1.5. Pass numbers between 0 and 1, such as (0.1, 0.5, "
        "0.9).",
    ),
    "untrained quantile": (
        lambda: fitted("bare").predict_quantiles(quantiles=0.99),
        "RNNForecaster.predict_quantiles: quantiles has 0.99, but the model was trained on "
        "quantiles from 0.05 to 0.95, and cannot forecast others. Pass numbers from 0.05 to 0.95, "
        "or fit with quantiles that include it.",
    ),
    "coverage": (
        lambda: fitted("bare").predict_interval(coverage=0.95),
        "RNNForecaster.predict_interval: coverage=0.95 is not between 0 and 0.9, the widest "
        "interval of the quantiles that were trained, 0.05 to 0.95. Pass a smaller one, or fit "
        "with more extreme quantiles.",
    ),
    "no logarithm": (
        lambda: small(target_transform="log").fit(ONE - 10),
        "RNNForecaster.fit: target_transform='log' needs positive values, but y has 0. "
        "Pass target_transform='auto' or None.",
    ),
    "negative history": (
        lambda: fitted("bare").predict(history=ONE - 10),
        "RNNForecaster.predict: history has 0, but the model computes with logarithms, because "
        "all values in fit were positive (target_transform_='log'). Refit, or set "
        "target_transform=None.",
    ),
    "season": (
        lambda: small(season_length=1).fit(ONE),
        "RNNForecaster.fit: season_length has 1. Pass 'auto', None, or numbers of time steps of "
        "at least 2, such as 24 or [24, 168].",
    ),
    "calendar": (
        lambda: small(calendar=["hour"]).fit(np.arange(20.0)),
        "RNNForecaster.fit: calendar=['hour'] needs dates, but y has none. Pass y with a "
        "DatetimeIndex or a PeriodIndex, or calendar=None.",
    ),
    "feature": (
        lambda: small(past_features="rain").fit(X, ONE),
        "RNNForecaster.fit: past_features has 'rain', but X has columns ['price', 'heat']. Pass "
        "names of its columns.",
    ),
    "features without X": (
        lambda: small(past_features="rain").fit(ONE),
        "RNNForecaster.fit: past_features='rain', but there is no X. Pass fit(X, y), or "
        "past_features=None.",
    ),
    "no columns": (
        lambda: small().fit(np.empty((72, 0)), ONE),
        "RNNForecaster.fit: X has 0 feature(s) (shape=(72, 0)) while a minimum of 1 is required. "
        "Pass y only, or a DataFrame without columns, whose index holds the times.",
    ),
    "start": (
        lambda: small().backtest(ONE, start=70),
        "RNNForecaster.backtest: start=70 leaves no origin with 6 time steps after it: the longest "
        "series has 72. Pass an earlier start.",
    ),
    "start that is not a time": (
        lambda: small().backtest(ONE.set_axis(range(72)), start="2022-01"),
        "RNNForecaster.backtest: start='2022-01' cannot be read as a time of y, which has "
        "integers. Pass a fraction of the time steps between 0 and 1, a number of time steps, or "
        "the time of the first forecast.",
    ),
    "step": (
        lambda: small().backtest(ONE, step=1.5),
        "RNNForecaster.backtest: step=1.5 must be a positive integer, the time steps between two "
        "origins.",
    ),
    "no dates": (
        lambda: fitted("bare").predict(history=ONE.to_numpy()),
        "RNNForecaster.predict: history has no dates, but the model reads the calendar features "
        "['month']. Pass series with an index of dates, or fit with calendar=None.",
    ),
    "complex": (
        lambda: small().fit(X.assign(price=1j), ONE),
        "RNNForecaster.fit: X: Complex data not supported. Pass real and imaginary parts as two "
        "features.",
    ),
    "columns": (
        lambda: small().fit(X.to_numpy(), ONE).predict(np.ones((4, 3))),
        "RNNForecaster.predict: X has 3 features, but RNNForecaster is expecting 2 features as "
        "input. Pass the columns of fit.",
    ),
    "quantiles of a backtest": (
        lambda: small().backtest(ONE, quantiles="half"),
        "RNNForecaster.backtest: quantiles has 'half'. Pass numbers between 0 and 1, such as (0.1, "
        "0.5, 0.9).",
    ),
    "refit": (
        lambda: small().backtest(ONE, refit="yes"),
        "RNNForecaster.backtest: refit='yes' must be True, False or a positive number of origins.",
    ),
    "backtest of features without X": (
        lambda: small(past_features="rain").backtest(ONE),
        "RNNForecaster.backtest: past_features='rain', but there is no X. Pass backtest(X, y), or "
        "past_features=None.",
    ),
    "weights": (
        lambda: small().fit(ONE, sample_weight=np.zeros(72)),
        None,
    ),
}


@pytest.mark.parametrize(
    ("method", "X", "message"),
    [
        ("predict", "2024-05", "X is a str, '2024-05'. Pass a number of steps, an index of times"),
        (
            "predict",
            5.0,
            "X is a float, 5.0. Pass a number of steps, an index of times, or the rows",
        ),
        ("predict", True, "X is a bool, True. Pass a number of steps, an index of times, or the"),
        (
            "predict",
            MONTHS[-1],
            "X is a Timestamp, Timestamp('2023-12-01 00:00:00'). Pass a number",
        ),
        (
            "predict_interval",
            0.8,
            "X is a float, 0.8. Pass it by name: predict_interval(coverage=0.8).",
        ),
    ],
)
def test_predict_refuses_single_values(method, X, message):
    with pytest.raises(TypeError) as caught:
        getattr(fitted("bare"), method)(X)
    assert str(caught.value).startswith(f"RNNForecaster.{method}: {message}")


@pytest.mark.parametrize("name", FAULTS)
def test_messages(name):
    call, message = FAULTS[name]
    with pytest.raises(ValueError) as caught:
        call()
    if message is None:
        assert str(caught.value).startswith("RNNForecaster.")
    else:
        assert str(caught.value) == message


def test_most_values_missing():
    y = pd.Series(1.0 + np.arange(30) % 3, pd.date_range("2024", periods=30, freq="D"))
    y[::3] = np.nan
    y[1::3] = np.nan
    with pytest.warns(UserWarning, match="20 missing values of 30, more than half"):
        small(2).fit(y)


def test_series_that_are_too_short_are_counted():
    with pytest.warns(UserWarning, match="y has 1 of 2 series that are too short to train on"):
        model = small().fit({"a": np.arange(30.0), "b": np.arange(3.0)})
    assert len(model.predict()["b"]) == 6


def test_wide_arrays_of_more_columns_than_rows():
    with pytest.warns(UserWarning, match="Rows are time steps, columns are series"):
        small().fit(np.random.default_rng(0).normal(size=(20, 30)))


def test_rows_without_names():
    model = fitted("X")
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(np.ones((4, 2)))


# --- scikit-learn's checks ------------------------------------------------------------------------

ROWS = "rows are time steps: "
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": ROWS + "none can be removed or repeated",
    "check_methods_sample_order_invariance": ROWS + "they have an order",
    "check_methods_subset_invariance": ROWS + "a row is forecast by its distance to the end",
    "check_regressor_data_not_an_array": ROWS + "X of predict are rows after those of fit",
    "check_array_api_input": "score_samples needs y with X, where the check passes X alone",
}


def _checks():
    for estimator, check in estimator_checks_generator(small(device="cpu")):
        name = getattr(check, "func", check).__name__
        reason = EXPECTED.get(name)
        marks = [] if reason is None else [pytest.mark.xfail(reason=reason)]
        yield pytest.param(estimator, check, id=name, marks=marks)


@pytest.mark.parametrize(("estimator", "check"), list(_checks()))
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)
