"""Validation scores by scikit-learn's scorers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    make_scorer,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)

from sk_rnn import RNNClassifier, RNNRegressor

_rng = np.random.default_rng(0)
X = _rng.normal(size=(40, 6)).astype(np.float32)
LABELS = np.array(["ham", "spam"])[(X.sum(axis=1) > 1).astype(int)]
NUMBERS = 100.0 + 50.0 * X.sum(axis=1)
SMALL = {"hidden_size": 4, "max_epochs": 3, "random_state": 0, "calibrate": False}
VALID = {"X_val": X[25:], "y_val": LABELS[25:]}
spam = make_scorer(f1_score, pos_label="spam")


def right(net, X, y):
    return float(np.mean(net.predict(X) == y))


def text(net, X, y):
    return "good"


def missing(net, X, y):
    return np.nan


def last_score(scoring, **fit_params):
    model = RNNClassifier(**SMALL, scoring=scoring)
    model.fit(X[:25], LABELS[:25], **VALID, **fit_params)
    return model.validation_curve_[-1], model


def test_the_default_is_the_accuracy():
    score, model = last_score(None)
    assert score == pytest.approx(model.score(X[25:], LABELS[25:]))


@pytest.mark.parametrize(
    ("scoring", "expected"),
    [
        ("balanced_accuracy", lambda m: balanced_accuracy_score(LABELS[25:], m.predict(X[25:]))),
        ("roc_auc", lambda m: roc_auc_score(LABELS[25:], m.decision_function(X[25:]))),
        (spam, lambda m: f1_score(LABELS[25:], m.predict(X[25:]), pos_label="spam")),
        (right, lambda m: m.score(X[25:], LABELS[25:])),
    ],
    ids=["balanced_accuracy", "roc_auc", "labels", "function"],
)  # fmt: skip
def test_a_scorer_scores_as_after_fit(scoring, expected):
    score, model = last_score(scoring)
    assert score == pytest.approx(expected(model))


def test_the_loss_is_that_of_the_network():
    score, model = last_score("loss")
    proba = model.predict_proba(X[25:])[np.arange(15), (LABELS[25:] == "spam").astype(int)]
    assert score == pytest.approx(np.log(proba).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("scoring", "metric"),
    [
        ("neg_mean_absolute_error", lambda y, p: -mean_absolute_error(y, p)),
        ("r2", r2_score),
        (None, r2_score),
    ],
)
def test_numbers_are_scored_in_their_unit(scoring, metric):
    params = {name: value for name, value in SMALL.items() if name != "calibrate"}
    model = RNNRegressor(**params, scoring=scoring)
    model.fit(X[:25], NUMBERS[:25], X_val=X[25:], y_val=NUMBERS[25:])
    expected = metric(NUMBERS[25:], model.predict(X[25:]))
    assert model.validation_curve_[-1] == pytest.approx(expected)


def test_weights_of_the_validation_data_are_used():
    weights = np.linspace(0.1, 3.0, 15)
    score, model = last_score("balanced_accuracy", sample_weight_val=weights)
    expected = balanced_accuracy_score(LABELS[25:], model.predict(X[25:]), sample_weight=weights)
    assert score == pytest.approx(expected)


def test_steps_are_scored_together():
    y = np.where(X > 0, "up", "down")
    model = RNNClassifier(**SMALL, return_sequences=True, scoring="balanced_accuracy")
    model.fit(X[:25], list(y[:25]), X_val=X[25:], y_val=list(y[25:]))
    found = np.concatenate(list(model.predict(X[25:])))
    assert model.validation_curve_[-1] == pytest.approx(
        balanced_accuracy_score(y[25:].ravel(), found)
    )


def test_early_stopping_keeps_the_epoch_with_the_best_score():
    model = RNNClassifier(
        **{**SMALL, "max_epochs": 12, "lr": 0.05}, early_stopping=True, scoring="roc_auc",
        validation_fraction=0.4,
    ).fit(X, LABELS)  # fmt: skip
    assert model.validation_curve_[model.best_epoch_ - 1] == max(model.validation_curve_)


def test_a_score_without_effect_on_training_does_not_change_it():
    plain, scored = last_score(None)[1], last_score("roc_auc")[1]
    assert_allclose(plain.decision_function(X), scored.decision_function(X))


@pytest.mark.parametrize(
    ("scoring", "y_val", "match"),
    [
        ("r2", LABELS[25:], r"scoring='r2' cannot be computed for the validation data: .* Set a"),
        ("f1", LABELS[25:], r"scoring='f1' cannot be computed .*pos_label"),
        (text, LABELS[25:], r"scoring=text returned 'good' .* a finite number"),
        (missing, LABELS[25:], r"scoring=missing returned nan .* check that each class occurs"),
    ],
    ids=["of numbers", "without pos_label", "text", "nan"],
)
def test_messages(scoring, y_val, match):
    model = RNNClassifier(**SMALL, scoring=scoring)
    with pytest.raises(ValueError, match=rf"RNNClassifier.fit: {match}"):
        model.fit(X[:25], LABELS[:25], X_val=X[25:], y_val=y_val)
    assert not hasattr(model, "net_")


def test_a_scorer_without_weights_is_refused_weights():
    with pytest.raises(ValueError, match=r"scoring=right does not accept any\. Leave out"):
        last_score(right, sample_weight_val=np.linspace(1.0, 2.0, 15))


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="'scoring' parameter of RNNClassifier"):
        RNNClassifier(scoring="accurate").fit(X, LABELS)
