"""Curves of training are those of the fitted attributes."""

import pickle

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_rnn import (
    RNNClassifier,
    RNNForecaster,
    RNNLanguageModel,
    RNNRegressor,
    Seq2SeqTransformer,
)
from sk_rnn.inspection import TrainingCurveDisplay
from sk_rnn.training import SCHEDULES

X = np.random.default_rng(0).normal(size=(20, 4))
Y = [0, 1] * 10
TEXTS = ["abc", "ba", "cab", "b"]
TINY = {"hidden_size": 2, "max_epochs": 4, "random_state": 0}


def curves(model):
    return TrainingCurveDisplay.from_estimator(model)


def test_curves_are_those_of_the_estimator():
    clf = RNNClassifier(early_stopping=True, validation_fraction=0.3, **TINY).fit(X, Y)
    display = curves(clf)
    table = display.to_frame()
    assert table.columns.tolist() == [
        "estimator", "epoch", "loss", "validation_score", "learning_rate", "is_best",
    ]  # fmt: skip
    assert table["loss"].tolist() == clf.loss_curve_
    assert table["validation_score"].tolist() == clf.validation_curve_
    assert table.loc[table["is_best"], "epoch"].tolist() == [clf.best_epoch_]
    assert len(display.plot().axes_) == 3
    np.testing.assert_array_equal(display.lines_[0]["loss"].get_ydata(), clf.loss_curve_)


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "linear", "constant"])
def test_learning_rate_is_that_of_the_last_step_of_each_epoch(schedule):
    clf = RNNClassifier(lr_schedule=schedule, lr=0.01, batch_size=8, **TINY).fit(X, Y)
    last = 3 * np.arange(1, 5) - 1  # 20 sequences in batches of 8
    factor = SCHEDULES.get(schedule, lambda progress: 1.0)
    expected = [0.01 * factor(step / 11) for step in last]
    np.testing.assert_allclose(curves(clf).learning_rates[0], expected)
    restored = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(curves(restored).learning_rates, curves(clf).learning_rates)


def test_curves_after_several_calls_of_fit_are_aligned_with_their_epochs():
    clf = RNNClassifier(warm_start=True, **TINY).fit(X, Y)
    clf.set_params(max_epochs=2).fit(X, Y)
    assert np.isfinite(curves(clf).learning_rates[0]).sum() == 6
    clf = RNNClassifier(hidden_size=2, random_state=0)
    for _ in range(3):
        clf.partial_fit(X, Y, classes=[0, 1])
    display = curves(clf)
    assert np.isnan(display.learning_rates[0]).tolist() == [True, True, False]
    assert len(display.losses[0]) == 3
    display.plot()


def test_curves_of_every_estimator_are_drawn():
    series = np.arange(40.0) % 5
    models = {
        "classifier": RNNClassifier(**TINY).fit(X, Y),
        "pipeline": make_pipeline(FunctionTransformer(), RNNRegressor(**TINY)).fit(X, Y),
        "seq2seq": Seq2SeqTransformer(**TINY).fit(TEXTS, TEXTS),
        "language": RNNLanguageModel(**TINY).fit(TEXTS),
        "forecaster": RNNForecaster(2, hidden_size=2, max_steps=3, random_state=0).fit(series),
    }
    display = curves(models).plot()
    assert display.names == list(models)
    assert len(display.lines_) == 5
    assert set(display.to_frame()["estimator"]) == set(models)


def test_curves_of_a_list_have_different_names():
    models = [RNNClassifier(**TINY).fit(X, Y), RNNRegressor(**TINY).fit(X, Y)]
    assert curves(models).names == ["RNNClassifier", "RNNRegressor"]
    assert curves(models[:1] * 2).names == ["RNNClassifier 1", "RNNClassifier 2"]


def test_curves_can_share_axes():
    import matplotlib.pyplot as plt

    clf = RNNClassifier(**TINY).fit(X, Y)
    figure, (left, right) = plt.subplots(1, 2)
    first = curves(clf).plot(right)
    assert first.figure_ is figure
    assert len(first.axes_) == 2
    second = curves(clf).plot(first.axes_, color="black")
    assert second.axes_ == first.axes_
    assert second.lines_[0]["loss"].get_color() == "black"
    assert len(left.lines) == 0
    with pytest.raises(ValueError, match="ax has 3 axes, but 2 are drawn"):
        curves(clf).plot([left, right, left])
