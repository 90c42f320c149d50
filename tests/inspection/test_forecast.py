"""Pictures of forecasts show what the forecaster returns."""

import numpy as np
import pandas as pd
import pytest

from sk_rnn import RNNForecaster
from sk_rnn.inspection import ForecastDisplay

DAYS = pd.date_range("2024-01-01", periods=60, name="day")
SERIES = pd.Series(10 + np.arange(60.0) % 7, index=DAYS)
WIDE = pd.DataFrame({"a": SERIES, "b": 2 * SERIES + 1})
TINY = {"horizon": 4, "hidden_size": 2, "max_steps": 3, "random_state": 0}


@pytest.fixture(scope="module")
def single():
    return RNNForecaster(**TINY).fit(SERIES[:-4])


@pytest.fixture(scope="module")
def several():
    return RNNForecaster(**TINY).fit(WIDE[:-4])


def test_forecast_is_that_of_the_forecaster(single):
    display = ForecastDisplay.from_estimator(single, y_true=SERIES[-4:], coverage=[0.5, 0.8])
    pd.testing.assert_series_equal(display.forecast, single.predict(), check_names=False)
    for coverage in (0.5, 0.8):
        expected = single.predict_interval(coverage=coverage).to_numpy()
        np.testing.assert_allclose(display.intervals[coverage], expected)
    n = len(display.history)
    pd.testing.assert_series_equal(
        display.history, SERIES[-4 - n : -4], check_names=False, check_freq=False
    )
    table = display.plot().to_frame()
    assert table.columns.tolist() == [
        "history", "forecast", "truth", "lower 0.5", "upper 0.5", "lower 0.8", "upper 0.8",
    ]  # fmt: skip
    np.testing.assert_array_equal(table["truth"].dropna(), SERIES[-4:])
    assert len(display.bands_) == 2
    assert list(ForecastDisplay.from_estimator(single).intervals) == [0.5, 0.9]


def test_forecast_of_one_of_several_series(several):
    display = ForecastDisplay.from_estimator(several, 3, series="b", y_true=WIDE[-4:], n_history=9)
    np.testing.assert_allclose(display.forecast, several.predict(3)["b"])
    assert display.history.tolist() == WIDE["b"][-13:-4].tolist()
    assert display.truth.tolist() == WIDE["b"][-4:].tolist()
    assert display.plot().ax_.get_title() == "b"
    with pytest.raises(ValueError, match="series='c' is not among the series"):
        ForecastDisplay.from_estimator(several, series="c")


def test_forecast_of_another_history(single):
    history = SERIES[:40] + 5
    display = ForecastDisplay.from_estimator(single, history=history)
    np.testing.assert_allclose(display.forecast, single.predict(history=history))
    assert len(display.history) == 40


@pytest.mark.parametrize("kind", ["array", "list", "dict", "long", "periods", "timedeltas"])
def test_forecasts_of_other_containers_are_drawn(kind):
    values = SERIES.to_numpy()
    long = pd.concat({"a": SERIES, "b": SERIES + 1}, names=["id"])
    containers = {
        "array": (values, None),
        "list": ([values, values[:50]], 1),
        "dict": ({"a": SERIES, "b": SERIES[:50]}, "b"),
        "long": (long, "a"),
        "periods": (SERIES.to_period("D"), None),
        "timedeltas": (pd.Series(values, pd.timedelta_range("1h", periods=60, freq="h")), None),
    }
    y, series = containers[kind]
    model = RNNForecaster(**TINY).fit(y)
    truth = np.zeros(3) if kind in ("array", "periods", "timedeltas") else None
    display = ForecastDisplay.from_estimator(model, series=series, y_true=truth).plot()
    assert len(display.forecast) == 4
    assert len(display.forecast_line_.get_ydata()) == 4
    assert (display.truth_line_ is None) == (truth is None)


def test_forecast_of_one_step_and_without_intervals():
    model = RNNForecaster(**(TINY | {"horizon": 1, "quantiles": (0.5,)})).fit(SERIES)
    display = ForecastDisplay.from_estimator(model).plot()
    assert display.intervals == {}
    model = RNNForecaster(**(TINY | {"horizon": 1, "loss": "squared_error"})).fit(SERIES)
    assert len(ForecastDisplay.from_estimator(model).plot().bands_) == 2


def test_forecasts_from_predictions(several):
    bands = {0.8: several.predict_interval(coverage=0.8)}
    display = ForecastDisplay.from_predictions(
        WIDE[:-4], several.predict(), intervals=bands, y_true=WIDE[-4:], series="a", n_history=5
    )
    np.testing.assert_allclose(display.intervals[0.8], bands[0.8]["a"])
    assert display.history.tolist() == WIDE["a"][-9:-4].tolist()
    assert len(display.plot().bands_) == 1
    # Arrays continue the history.
    display = ForecastDisplay.from_predictions(
        SERIES[:-4], np.ones(4), intervals=np.ones((4, 2)), y_true=[1.0, 2.0]
    ).plot()
    assert display.forecast.index.tolist() == DAYS[-4:].tolist()
    assert display.truth.index.tolist() == DAYS[-4:-2].tolist()
    assert "lower" in display.to_frame()
    display = ForecastDisplay.from_predictions([1.0, 2.0, 3.0], [4.0, 5.0])
    assert display.forecast.index.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "history has several series, and series=None"),
        ({"series": "a", "intervals": np.ones((3, 2))}, r"intervals have shape \(3, 2\)"),
        ({"series": "a", "n_history": 0}, "n_history must be a positive integer"),
        ({"series": "a", "y_true": np.ones(9)}, "y_true has 9 values without times"),
    ],
)
def test_forecasts_from_predictions_refuse(options, message):
    with pytest.raises(ValueError, match=message):
        ForecastDisplay.from_predictions(WIDE[:-4], WIDE[-4:], **options)
