"""per_time_step: scikit-learn's metrics on sequences of targets."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    get_scorer,
    log_loss,
    make_scorer,
    mean_absolute_error,
    r2_score,
)
from sklearn.model_selection import GridSearchCV, cross_val_score

from sk_rnn import Panel, RNNClassifier, RNNRegressor
from sk_rnn.metrics import per_time_step

TRUE = [["N", "V", "N"], ["N", "V"], ["A"]]
GUESS = [["N", "V", "V"], ["A", "V"], ["A"]]
FLAT = ["N", "V", "N", "N", "V", "A"], ["N", "V", "V", "A", "V", "A"]


def objects(y):
    array = np.empty(len(y), dtype=object)
    array[:] = [np.array(row) for row in y]
    return array


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
def test_score_is_that_of_concatenated_steps(average):
    metric = per_time_step(f1_score)
    expected = f1_score(*FLAT, average=average)
    for make in (list, tuple, objects, pd.Series, lambda y: [pd.Series(row) for row in y]):
        np.testing.assert_array_equal(metric(make(TRUE), GUESS, average=average), expected)
        np.testing.assert_array_equal(metric(TRUE, make(GUESS), average=average), expected)


@pytest.mark.parametrize("kind", [int, float, bool])
@pytest.mark.parametrize(
    "make",
    [
        lambda y: y.tolist(),
        np.asarray,
        torch.tensor,
        list,
        lambda y: y[:, :, None],
        lambda y: Panel.from_sequences(y.astype(float)),
    ],
)
def test_numbers_in_any_container(rng, make, kind):
    y_true, y_pred = rng.integers(0, 2, (2, 4, 5)).astype(kind)
    expected = np.mean(y_true == y_pred)
    assert per_time_step(accuracy_score)(make(y_true), y_pred.tolist()) == pytest.approx(expected)
    expected = np.abs(y_true.astype(float) - y_pred).mean()
    assert per_time_step(mean_absolute_error)(make(y_true), make(y_pred)) == pytest.approx(expected)


def test_several_values_per_step(rng):
    y_true, y_pred = ([rng.normal(size=(n, 2)) for n in (3, 5)] for _ in range(2))
    flat = np.concatenate(y_true), np.concatenate(y_pred)
    assert per_time_step(r2_score)(y_true, y_pred) == r2_score(*flat)
    indicators = [[(row > 0).astype(int) for row in y] for y in (y_true, y_pred)]
    expected = f1_score(*(np.concatenate(y) for y in indicators), average="macro")
    assert per_time_step(f1_score)(*indicators, average="macro") == expected
    proba = [np.full((n, 2), 0.5) for n in (3, 1)]
    labels = [["a", "b", "b"], ["a"]]
    assert per_time_step(log_loss)(labels, proba) == pytest.approx(np.log(2))


def test_weights_are_those_of_all_steps_of_a_sequence():
    weighted = per_time_step(accuracy_score)(TRUE, GUESS, sample_weight=[2, 1, 0])
    assert weighted == pytest.approx((2 * 2 + 1) / (2 * 3 + 2))


def test_scorers_work_in_searches_over_taggers_in_processes(rng):
    X = [rng.normal(size=(n, 1)) for n in rng.integers(4, 9, 40)]
    y = [np.where(x[:, 0] > 0, "up", "down").tolist() for x in X]
    scoring = {
        "f1": make_scorer(per_time_step(f1_score), average="macro"),
        "accuracy": make_scorer(per_time_step(accuracy_score)),
    }
    search = GridSearchCV(
        RNNClassifier(return_sequences=True, hidden_size=4, random_state=0),
        {"max_epochs": [1, 30]},
        scoring=scoring,
        refit="f1",
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"max_epochs": 30}
    assert search.best_score_ > 0.9
    assert "make_scorer(per_time_step(f1_score)" in str(scoring["f1"])

    def neg_log_loss(tagger, X, y):
        return -per_time_step(log_loss)(y, tagger.predict_proba(X), labels=tagger.classes_)

    scores = cross_val_score(search.best_estimator_, X, y, cv=2, scoring=neg_log_loss)
    assert (scores > -0.5).all()


def test_scorers_work_for_regressors_of_steps(rng):
    X = [rng.normal(size=(n, 1)) for n in (6, 4, 5, 7, 3, 5)]
    y = [x[:, 0] for x in X]
    scoring = make_scorer(per_time_step(mean_absolute_error), greater_is_better=False)
    model = RNNRegressor(return_sequences=True, hidden_size=4, max_epochs=2, random_state=0)
    scores = cross_val_score(model, X, y, cv=2, scoring=scoring, error_score="raise")
    assert (scores < 0).all()


NAMES = ["f1_macro", "accuracy", "balanced_accuracy", "neg_log_loss", "roc_auc_ovr"]


@pytest.mark.parametrize(("name", "n_classes"), [("roc_auc", 2), *((name, 3) for name in NAMES)])
def test_named_scorers_are_those_of_concatenated_steps(rng, name, n_classes):
    X = [rng.normal(size=(n, 2)) for n in rng.integers(3, 7, 20)]
    y = [np.array(["a", "b", "c"])[(x > 0).sum(1) % n_classes] for x in X]
    tagger = RNNClassifier(return_sequences=True, hidden_size=4, max_epochs=3, random_state=0)
    tagger.fit(X, y)
    # The same steps as sequences of their own have one label each.
    steps, labels = [[x] for x in tagger.predict_proba(X)], np.concatenate(y)
    flat = FrozenProba(np.concatenate([row for (row,) in steps]), tagger.classes_)
    expected = get_scorer(name)(flat, None, labels)
    scorer = pickle.loads(pickle.dumps(per_time_step(name)))
    assert repr(scorer) == f"per_time_step({name})"
    assert scorer(tagger, X, y) == pytest.approx(expected)
    weights = rng.random(20)
    repeated = np.repeat(weights, [len(x) for x in X])
    expected = get_scorer(name)(flat, None, labels, sample_weight=repeated)
    assert scorer(tagger, X, y, sample_weight=weights) == pytest.approx(expected)


class FrozenProba(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are given."""

    def __init__(self, proba, classes):
        self.proba, self.classes_ = proba, classes

    def predict_proba(self, X):
        return self.proba

    def predict(self, X):
        return self.classes_[self.proba.argmax(axis=1)]


class Constant(BaseEstimator):
    """Predicts the same for any X."""

    def predict(self, X):
        return objects(GUESS[:2])


CONSTANT = Constant()


def test_scorers_with_parameters_and_of_regressors(rng):
    scorer = per_time_step(make_scorer(f1_score, average="macro"))
    assert scorer(CONSTANT, None, TRUE[:2]) == per_time_step(f1_score)(
        TRUE[:2], GUESS[:2], average="macro"
    )
    X = [rng.normal(size=(n, 1)) for n in (6, 4, 5, 7)]
    y = [x[:, 0] for x in X]
    model = RNNRegressor(return_sequences=True, hidden_size=4, max_epochs=2, random_state=0)
    model.fit(X, y)
    assert per_time_step("r2")(model, X, y) == pytest.approx(model.score(X, y))
    error = per_time_step("neg_mean_absolute_error")(model, X, y)
    assert error == pytest.approx(-per_time_step(mean_absolute_error)(y, model.predict(X)))
    scores = cross_val_score(model, X, y, cv=2, scoring=per_time_step("r2"), error_score="raise")
    assert scores.shape == (2,)


def test_metric_can_be_pickled():
    metric = pickle.loads(pickle.dumps(per_time_step(f1_score)))
    assert repr(metric) == "per_time_step(f1_score)"
    assert metric(TRUE, TRUE, average="macro") == 1.0


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: per_time_step("f1_best"),
            ValueError,
            "per_time_step: scikit-learn has no scorer 'f1_best'. Pass one of the names that "
            "sklearn.metrics.get_scorer_names() lists, or a metric.",
        ),
        (
            lambda: per_time_step(3),
            TypeError,
            "per_time_step: score_func is an int, which is neither a name nor callable. Pass the "
            "name of a scorer, such as 'f1_macro', or a metric, such as sklearn.metrics.f1_score.",
        ),
        (
            lambda: per_time_step("accuracy")(CONSTANT, None, [["N"], ["V"]]),
            ValueError,
            "per_time_step(accuracy): y has 2 time steps in 2 sequences, but predict(X) has 5 in "
            "2. Pass one target per time step of X.",
        ),
        (
            lambda: per_time_step("accuracy")(CONSTANT, None, TRUE[:2], sample_weight=[1.0]),
            ValueError,
            "per_time_step(accuracy): sample_weight has shape (1,), but there are 2 sequences. "
            "Pass a 1-D array of 2 weights, one per sequence.",
        ),
        (
            lambda: per_time_step(f1_score)(TRUE, GUESS[:2]),
            ValueError,
            "per_time_step(f1_score): y_true has 3 sequences, but y_pred has 2. Pass one "
            "prediction per true sequence.",
        ),
        (
            lambda: per_time_step(f1_score)(TRUE, [*GUESS[:2], ["A", "N"]]),
            ValueError,
            "per_time_step(f1_score): y_true[2] has 1 time step, but y_pred[2] has 2. Pass "
            "predictions for each time step.",
        ),
        (
            lambda: per_time_step(f1_score)(TRUE, ["A", "B", "C"]),
            TypeError,
            "per_time_step(f1_score): y_pred[0] is 'A', one string, where a sequence is expected. "
            "RNNClassifier learns labels.",
        ),
        (
            lambda: per_time_step(f1_score)(TRUE, GUESS, sample_weight=[1, 2]),
            ValueError,
            "per_time_step(f1_score): sample_weight has shape (2,), but there are 3 sequences. "
            "Pass a 1-D array of 3 weights, one per sequence.",
        ),
        (
            lambda: per_time_step(f1_score)([["a", 1]], [["a", "b"]]),
            ValueError,
            "per_time_step(f1_score): y_true has labels of several types: int, str. Pass labels "
            "of one type.",
        ),
    ],
)
def test_invalid_input_raises(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message
