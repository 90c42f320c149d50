"""Integrated gradients: completeness, and a linear network whose attributions are known."""

import numpy as np
import pytest
import torch

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.inspection import SaliencyDisplay

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)).cumsum(axis=0) + 3 for n in (6, 4, 7, 5, 6, 8)]
LABELS = ["a", "b", "a", "c", "b", "c"]
NUMBERS = [float(x[:, 0].mean()) + 5 for x in X]
SHORT = {"hidden_size": 4, "max_epochs": 6, "random_state": 0}


def assert_complete(display):
    difference = display.output - display.baseline_output
    assert abs(display.completeness_error) <= 0.01 * max(abs(difference), 1e-6)
    assert abs(display.attributions).max() > 0


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "concat", "attention"])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_relu"])
def test_attributions_of_a_classifier_are_complete(cell, pooling):
    clf = RNNClassifier(cell=cell, pooling=pooling, differences=True, **SHORT).fit(X, LABELS)
    display = SaliencyDisplay.from_estimator(clf, X, sample=1, output="c")
    assert_complete(display)
    assert display.attributions.shape == (4, 2)
    expected = clf.decision_function([X[1]])[0, list(clf.classes_).index("c")]
    np.testing.assert_allclose(display.output, expected, atol=1e-4)


def test_attributions_of_two_classes_are_of_the_log_odds():
    y = [0, 1, 0, 1, 0, 1]
    clf = RNNClassifier(**SHORT).fit(X, y)
    display = SaliencyDisplay.from_estimator(clf, X, output=1)
    np.testing.assert_allclose(display.output, clf.decision_function(X[:1])[0], atol=1e-4)
    assert_complete(display)
    other = SaliencyDisplay.from_estimator(clf, X, output=0)
    np.testing.assert_allclose(other.attributions, -display.attributions, atol=1e-9)
    default = SaliencyDisplay.from_estimator(clf, X)
    assert default.output > 0  # the predicted class


@pytest.mark.parametrize("loss", ["squared_error", "gaussian", "poisson"])
def test_attributions_of_a_regressor_are_in_the_unit_of_y(loss):
    model = RNNRegressor(loss=loss, num_layers=2, **SHORT).fit(X, NUMBERS)
    baseline = X[2][::-1]
    display = SaliencyDisplay.from_estimator(model, X, sample=2, baseline=baseline)
    unit = np.log if loss == "poisson" else np.asarray
    np.testing.assert_allclose(display.output, unit(model.predict([X[2]]))[0], rtol=1e-4)
    expected = unit(model.predict([baseline]))[0]
    np.testing.assert_allclose(display.baseline_output, expected, rtol=1e-4)
    assert_complete(display)


def test_default_baseline_is_the_mean_of_the_training_data():
    model = RNNRegressor(**SHORT).fit(X, NUMBERS)
    mean = np.concatenate(X).mean(axis=0)
    default = SaliencyDisplay.from_estimator(model, X)
    given = SaliencyDisplay.from_estimator(model, X, baseline=mean)
    np.testing.assert_allclose(given.attributions, default.attributions, atol=1e-6)


def test_attributions_of_a_linear_network_are_known():
    model = RNNRegressor(
        cell="rnn_relu", hidden_size=1, bidirectional=False, pooling="last", head_norm=None,
        scale_inputs=False, differences=False, max_epochs=1, random_state=0,
    )  # fmt: skip
    model.fit(np.ones((4, 5)), [1.0, 2.0, 3.0, 5.0])
    weights = model.module_.encoder.recurrent.recurrences(0)[0].weights
    with torch.no_grad():
        for weight, value in zip(weights, (1.0, 0.5, 1.0, 0.0), strict=True):
            weight.fill_(value)
        model.module_.head.linear.weight.fill_(2.0)
    x = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]])
    display = SaliencyDisplay.from_estimator(model, x, baseline=0.5)
    scale = model._target._scale[0]
    expected = scale * 2.0 * (x[0] - 0.5) * 0.5 ** np.arange(4, -1, -1)
    np.testing.assert_allclose(display.attributions[:, 0], expected, rtol=1e-6)


def test_attributions_per_time_step_respect_causality():
    y = [[float(v) for v in x[:, 0]] for x in X]
    model = RNNRegressor(return_sequences=True, bidirectional=False, **SHORT).fit(X, y)
    display = SaliencyDisplay.from_estimator(model, X, step=-3)
    assert display.step == 3
    assert_complete(display)
    assert (display.attributions[4:] == 0).all()
    np.testing.assert_allclose(display.output, model.predict(X[:1])[0][3], rtol=1e-4)
    with pytest.raises(ValueError, match="needs step"):
        SaliencyDisplay.from_estimator(model, X)


def test_attributions_of_tokens_are_complete():
    ids = [[1, 2, 3], [2, 1], [3, 3, 1, 2], [1, 1]]
    clf = RNNClassifier(embedding_dim=3, **SHORT).fit(ids, [0, 1, 2, 1])
    display = SaliencyDisplay.from_estimator(clf, ids, sample=2)
    assert_complete(display)
    assert display.tokens == [3, 3, 1, 2]
    assert display.to_frame().columns.tolist() == ["step", "token", "attribution"]
    assert len(display.plot().bars_) == 4
    with pytest.raises(ValueError, match="baseline is for sequences of numbers"):
        SaliencyDisplay.from_estimator(clf, ids, baseline=0)


def test_attributions_of_several_outputs_and_labels():
    model = RNNRegressor(**SHORT).fit(X, np.column_stack([NUMBERS, NUMBERS[::-1]]))
    with pytest.raises(ValueError, match="the model has 2 outputs"):
        SaliencyDisplay.from_estimator(model, X)
    display = SaliencyDisplay.from_estimator(model, X, output=1)
    np.testing.assert_allclose(display.output, model.predict(X[:1])[0, 1], rtol=1e-4)
    labels = np.array([[0, 1], [1, 0], [1, 1]] * 2)
    clf = RNNClassifier(**SHORT).fit(X, labels)
    display = SaliencyDisplay.from_estimator(clf, X, output=1)
    np.testing.assert_allclose(display.output, clf.decision_function(X[:1])[0, 1], atol=1e-4)


def test_saliency_is_drawn_and_listed():
    model = RNNRegressor(**SHORT).fit(X, NUMBERS)
    display = SaliencyDisplay.from_estimator(model, X)
    table = display.to_frame()
    assert table.columns.tolist() == ["step", "feature", "value", "attribution"]
    np.testing.assert_array_equal(table["value"], X[0].ravel())
    assert display.plot().image_.get_array().shape == (2, 6)
    assert len(display.axes_) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "z"}, "output='z' is not a class of the model"),
        ({"step": 1}, "return_sequences=False has no step"),
        ({"sample": 9}, "sample=9 is out of range: there are 6 sequences"),
        ({"baseline": np.zeros(5)}, "baseline has shape"),
        ({"tol": 2}, "tol must be a number between 0 and 1"),
    ],
)
def test_saliency_refuses(options, message):
    clf = RNNClassifier(**SHORT).fit(X, LABELS)
    with pytest.raises(ValueError, match=message):
        SaliencyDisplay.from_estimator(clf, X, **options)
