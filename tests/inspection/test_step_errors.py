"""Errors by time step and horizon, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from sk_rnn import RNNClassifier, RNNForecaster, RNNLanguageModel, RNNRegressor
from sk_rnn.inspection import StepErrorDisplay

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) for n in (5, 3, 6, 4)]
TINY = {"hidden_size": 3, "max_epochs": 2, "random_state": 0}


def by_step(rows):
    longest = max(map(len, rows))
    return [np.mean([row[t] for row in rows if len(row) > t]) for t in range(longest)]


@pytest.mark.parametrize("metric", ["auto", "error"])
def test_accuracy_by_time_step_is_counted(metric):
    y = [["u" if v > 0 else "d" for v in x[:, 0]] for x in X]
    clf = RNNClassifier(return_sequences=True, **TINY).fit(X, y)
    display = StepErrorDisplay.from_estimator(clf, X, y, metric=metric)
    right = [np.equal(p, t) for p, t in zip(clf.predict(X), y, strict=True)]
    if metric == "error":
        right = [~row for row in right]
    np.testing.assert_allclose(display.values, by_step(right))
    assert display.n_values.tolist() == [4, 4, 4, 3, 2, 1]
    assert display.steps.tolist() == [0, 1, 2, 3, 4, 5]
    given = StepErrorDisplay.from_predictions(y, clf.predict(X), metric=metric)
    np.testing.assert_allclose(given.values, display.values)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_errors_of_numbers_are_averaged(n_outputs):
    y = [x[:, 0] if n_outputs == 1 else x for x in X]
    model = RNNRegressor(return_sequences=True, **TINY).fit(X, y)
    display = StepErrorDisplay.from_estimator(model, X, y)
    assert display.metric == "absolute_error"
    errors = [
        abs(p - t).reshape(len(t), -1).mean(axis=1)
        for p, t in zip(model.predict(X), y, strict=True)
    ]
    np.testing.assert_allclose(display.values, by_step(errors), rtol=1e-6)
    squared = StepErrorDisplay.from_predictions(y, model.predict(X), metric="squared_error")
    assert squared.metric == "squared_error"
    assert squared.to_frame().columns.tolist() == ["step", "squared_error", "n_values"]


def test_errors_of_forecasts_are_by_horizon():
    days = pd.date_range("2024-01-01", periods=60)
    wide = pd.DataFrame({"a": np.arange(60.0) % 7, "b": np.arange(60.0) % 5}, index=days)
    model = RNNForecaster(horizon=3, hidden_size=2, max_steps=3, random_state=0).fit(wide[:45])
    display = StepErrorDisplay.from_estimator(model, wide)
    table = model.backtest(wide)
    ahead = (table.index.get_level_values(-1) - table.index.get_level_values("cutoff")).days
    expected = (table["y_true"] - table["y_pred"]).abs().groupby(ahead).mean()
    np.testing.assert_allclose(display.values, expected)
    assert display.steps.tolist() == expected.index.tolist() == [1, 2, 3]
    given = StepErrorDisplay.from_predictions(table)
    np.testing.assert_array_equal(given.values, display.values)
    assert display.plot().ax_.get_xlabel() == "steps ahead"


def test_missing_values_of_a_backtest_are_not_counted():
    index = pd.MultiIndex.from_product([[0, 2], [1, 2]], names=["cutoff", "time"])
    table = pd.DataFrame({"y_true": [1.0, np.nan, 2.0, 4.0], "y_pred": [0.0, 1.0, 2.0, 1.0]}, index)
    display = StepErrorDisplay.from_predictions(table)
    assert display.values.tolist() == [0.5, 3.0]
    assert display.n_values.tolist() == [2, 1]


def test_errors_of_a_language_model_are_its_surprise():
    texts = ["abc", "ba", "cabb"]
    model = RNNLanguageModel(**TINY).fit(texts)
    display = StepErrorDisplay.from_estimator(model, texts)
    np.testing.assert_allclose(display.values, -np.array(by_step(model.score_steps(texts))))
    display.plot()


def test_step_errors_are_drawn_on_given_axes():
    one = StepErrorDisplay.from_predictions([[1, 2]], [[1, 3]], name="one").plot()
    two = StepErrorDisplay.from_predictions([[1.0, 2.0]], [[1.0, 3.5]]).plot(one.ax_, color="red")
    assert two.ax_ is one.ax_
    assert two.line_.get_color() == "red"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1]], [[1], [2]]), "y_true has 1 sequences, but y_pred has 2"),
        (([[1], [2]], [[1], [2, 3]]), r"y_pred\[1\] has shape \(2,\)"),
        (([[1]],), "y_pred is None"),
    ],
)
def test_step_errors_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        StepErrorDisplay.from_predictions(*arguments)


def test_step_errors_need_predictions_per_time_step():
    clf = RNNClassifier(**TINY).fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="does not predict one target per time step"):
        StepErrorDisplay.from_estimator(clf, X, [0, 1, 0, 1])
    y = [[0, 1, 1, 0, 1, 1][: len(x)] for x in X]
    tagger = RNNClassifier(return_sequences=True, **TINY).fit(X, y)
    with pytest.raises(ValueError, match="metric must be one of"):
        StepErrorDisplay.from_estimator(tagger, X, y, metric="absolute_error")


def test_larger_errors_drawn_over_others_fit_into_the_axes():
    small, large = (
        StepErrorDisplay(
            steps=np.arange(3),
            values=np.full(3, size),
            n_values=np.ones(3),
            metric="absolute_error",
        )
        for size in (1.0, 9.0)
    )
    ax = small.plot().ax_
    assert large.plot(ax=ax).ax_.get_ylim()[1] > 9.0
    assert ax.get_ylim()[0] == 0.0
