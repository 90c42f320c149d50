"""What all displays share: axes, pipelines, messages, and matplotlib that is imported late."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

from sk_rnn import RNNClassifier, RNNForecaster, Seq2SeqTransformer, inspection
from sk_rnn.inspection import (
    AttentionDisplay,
    ForecastDisplay,
    GradientFlowDisplay,
    HiddenStateDisplay,
    SaliencyDisplay,
    SequenceLengthDisplay,
    StepErrorDisplay,
    TrainingCurveDisplay,
    diagnose,
)
from sk_rnn.preprocessing import SequenceVectorizer

TEXTS, LABELS = ["good film", "bad film", "so bad", "good"], [1, 0, 0, 1]
TINY = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def pipeline():
    clf = RNNClassifier(embedding_dim=2, pooling="attention", **TINY)
    return make_pipeline(SequenceVectorizer(), clf).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def displays(pipeline):
    return {
        "AttentionDisplay": AttentionDisplay.from_estimator(pipeline, TEXTS),
        "ForecastDisplay": ForecastDisplay.from_predictions([1.0, 2.0], [3.0, 4.0]),
        "GradientFlowDisplay": GradientFlowDisplay.from_estimator(pipeline, TEXTS, LABELS),
        "HiddenStateDisplay": HiddenStateDisplay.from_estimator(pipeline, TEXTS),
        "SaliencyDisplay": SaliencyDisplay.from_estimator(pipeline, TEXTS),
        "SequenceLengthDisplay": SequenceLengthDisplay.from_sequences(TEXTS),
        "StepErrorDisplay": StepErrorDisplay.from_predictions([[1, 2]], [[1, 1]]),
        "TrainingCurveDisplay": TrainingCurveDisplay.from_estimator(pipeline),
    }


NAMES = [name for name in inspection.__all__ if name.endswith("Display")]


@pytest.mark.parametrize("name", NAMES)
def test_displays_are_drawn_repeatedly_and_on_given_axes(name, displays):
    import matplotlib.pyplot as plt

    display = displays[name]
    assert display.plot() is display
    first = display.figure_
    assert display.plot().figure_ is not first
    figure, (_, given) = plt.subplots(1, 2)
    display.plot(given)
    assert display.figure_ is figure
    assert display.ax_.figure is figure
    if name not in ("HiddenStateDisplay", "TrainingCurveDisplay"):  # with several panels
        assert display.ax_ is given
    assert len(display.to_frame()) > 0
    with pytest.raises(TypeError, match=rf"{name}.plot: ax is a str. Pass matplotlib axes"):
        display.plot("no axes")


@pytest.mark.parametrize("name", NAMES)
def test_displays_without_matplotlib_say_what_to_install(name, displays, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    message = rf"{name}\.plot needs matplotlib, which is not installed. Run: pip install matplotlib"
    with pytest.raises(ImportError, match=message):
        displays[name].plot()


def test_tokens_of_a_vectorizer_are_shown(displays):
    for name in ("HiddenStateDisplay", "SaliencyDisplay"):
        assert displays[name].tokens == ["good", "film"]
    assert displays["AttentionDisplay"].source == ["good", "film"]


def test_searches_are_opened():
    X, y = np.random.default_rng(0).normal(size=(12, 4)), [0, 1] * 6
    search = GridSearchCV(RNNClassifier(**TINY), {"hidden_size": [2, 3]}, cv=2).fit(X, y)
    display = TrainingCurveDisplay.from_estimator(search)
    assert display.names == ["RNNClassifier"]
    assert GradientFlowDisplay.from_estimator(search, X, y).name == "RNNClassifier"


class Identity(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear = nn.Linear(input_size, hidden_size)

    def forward(self, x):
        return self.linear(x)


NEED_ESTIMATORS = [
    (AttentionDisplay, (TEXTS,)),
    (ForecastDisplay, ()),
    (GradientFlowDisplay, (TEXTS, LABELS)),
    (HiddenStateDisplay, (TEXTS,)),
    (SaliencyDisplay, (TEXTS,)),
    (StepErrorDisplay, (TEXTS, LABELS)),
    (TrainingCurveDisplay, ()),
]


@pytest.mark.parametrize(("kind", "data"), NEED_ESTIMATORS)
def test_other_estimators_are_refused(kind, data):
    with pytest.raises(TypeError, match=r"a LogisticRegression is not supported\. Pass a fitted"):
        kind.from_estimator(LogisticRegression(), *data)
    with pytest.raises(TypeError, match="estimator is the class RNNClassifier"):
        kind.from_estimator(RNNClassifier, *data)


@pytest.mark.parametrize(("kind", "data"), NEED_ESTIMATORS)
def test_estimators_must_be_fitted(kind, data):
    from sklearn.exceptions import NotFittedError

    estimator = RNNForecaster() if kind is ForecastDisplay else RNNClassifier()
    with pytest.raises(NotFittedError):
        kind.from_estimator(estimator, *data)


@pytest.mark.parametrize("kind", [GradientFlowDisplay, HiddenStateDisplay])
def test_networks_without_accessible_states_are_refused(kind):
    X, y = np.random.default_rng(0).normal(size=(8, 4)), [0, 1] * 4
    custom = RNNClassifier(cell=Identity, **TINY).fit(X, y)
    data = (X, y) if kind is GradientFlowDisplay else (X,)
    with pytest.raises(ValueError, match="the states of a custom cell, Identity, are not access"):
        kind.from_estimator(custom, *data)
    forecaster = RNNForecaster(2, hidden_size=2, max_steps=2).fit(np.arange(30.0) % 5)
    with pytest.raises(TypeError, match="RNNForecaster is not supported"):
        kind.from_estimator(forecaster, *data)


def test_saliency_and_attention_work_with_a_custom_cell():
    X, y = np.random.default_rng(0).normal(size=(8, 4)), [0, 1] * 4
    clf = RNNClassifier(cell=Identity, pooling="attention", **TINY).fit(X, y)
    assert abs(SaliencyDisplay.from_estimator(clf, X).attributions).max() > 0
    np.testing.assert_allclose(AttentionDisplay.from_estimator(clf, X).weights.sum(), 1.0)


def test_saliency_of_generated_sequences_is_refused():
    model = Seq2SeqTransformer(**TINY).fit(["ab", "b"], ["ba", "b"])
    with pytest.raises(TypeError, match="Pass a fitted RNNClassifier or RNNRegressor"):
        SaliencyDisplay.from_estimator(model, ["ab"])


def test_gradient_flow_needs_targets(pipeline):
    with pytest.raises(ValueError, match=r"y is None\. Pass the targets of X"):
        GradientFlowDisplay.from_estimator(pipeline, TEXTS)
    with pytest.raises(ValueError, match="source must be 'loss' or 'state', got 'y' instead"):
        GradientFlowDisplay.from_estimator(pipeline, TEXTS, LABELS, source="y")


def test_diagnose_and_displays_open_searches_in_pipelines():
    X, y = np.random.default_rng(0).normal(size=(12, 4)), [0, 1] * 6
    search = GridSearchCV(RNNClassifier(**TINY), {"hidden_size": [2]}, cv=2)
    model = make_pipeline(FunctionTransformer(lambda X: 2.0 * X), search).fit(X, y)
    assert str(diagnose(model, X, y)) == str(diagnose(model[-1].best_estimator_, 2.0 * X, y))
    flow = GradientFlowDisplay.from_estimator(model, X, y)
    inner = GradientFlowDisplay.from_estimator(model[-1].best_estimator_, 2.0 * X, y)
    np.testing.assert_array_equal(flow.norms, inner.norms)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda clf, X: GradientFlowDisplay.from_estimator(
                clf, X, source="state", random_state="a"
            ),
            ValueError,
            "GradientFlowDisplay.from_estimator: random_state must be an integer between 0 and "
            "4294967295, got 'a' instead.",
        ),
        (
            lambda clf, X: SequenceLengthDisplay.from_sequences(X, random_state=-1),
            ValueError,
            "SequenceLengthDisplay.from_sequences: random_state must be an integer between 0 and "
            "4294967295, got -1 instead.",
        ),
        (
            lambda clf, X: SequenceLengthDisplay.from_sequences(X).plot(bins=-1),
            ValueError,
            "SequenceLengthDisplay.plot: bins=-1 cannot be used: `bins` must be positive, when an "
            "integer. Pass a number of bins, their edges, or 'auto'.",
        ),
        (
            lambda clf, X: SequenceLengthDisplay.from_sequences(5),
            TypeError,
            "SequenceLengthDisplay.from_sequences: X is an int, which is not a container of "
            "sequences. ",
        ),
        (
            lambda clf, X: HiddenStateDisplay.from_estimator(clf, X, sample=99),
            ValueError,
            "HiddenStateDisplay.from_estimator: sample=99 is out of range: there are 8 sequences.",
        ),
        (
            lambda clf, X: HiddenStateDisplay.from_estimator(clf, X[:1], sample=1),
            ValueError,
            "HiddenStateDisplay.from_estimator: sample=1 is out of range: there is 1 sequence.",
        ),
        (
            lambda clf, X: HiddenStateDisplay.from_estimator(Pipeline([]), X),
            TypeError,
            "HiddenStateDisplay.from_estimator: a Pipeline is not supported. Pass a fitted ",
        ),
        (
            lambda clf, X: ForecastDisplay.from_estimator(clf),
            TypeError,
            "ForecastDisplay.from_estimator: an RNNClassifier is not supported. Pass a fitted ",
        ),
        (
            lambda clf, X: StepErrorDisplay.from_predictions(3, [[1]]),
            TypeError,
            "StepErrorDisplay.from_predictions: y_true is an int. Pass one sequence per sample.",
        ),
        (
            lambda clf, X: StepErrorDisplay.from_predictions([], []),
            ValueError,
            "StepErrorDisplay.from_predictions: y_true is empty. Pass one sequence per sample.",
        ),
        (
            lambda clf, X: ForecastDisplay.from_predictions("a", [1.0]),
            TypeError,
            "ForecastDisplay.from_predictions: history is a str that does not hold numbers.",
        ),
        (
            lambda clf, X: ForecastDisplay.from_predictions([1.0], []),
            ValueError,
            "ForecastDisplay.from_predictions: y_pred is empty. Pass one series.",
        ),
        (
            lambda clf, X: ForecastDisplay.from_predictions([1.0], [2.0], intervals="a"),
            TypeError,
            "ForecastDisplay.from_predictions: intervals is a str that does not hold numbers.",
        ),
        (
            lambda clf, X: ForecastDisplay.from_predictions(
                pd.DataFrame({"a": [1.0], "b": [2.0]}), [1.0], series=["a"]
            ),
            TypeError,
            "ForecastDisplay.from_predictions: history: series is a list. Pass the name of one "
            "series.",
        ),
    ],
)
def test_messages_about_unusual_arguments(call, kind, message):
    X, y = np.random.default_rng(0).normal(size=(8, 4)), [0, 1] * 4
    with pytest.raises(kind) as error:
        call(RNNClassifier(**TINY).fit(X, y), X)
    assert str(error.value).startswith(message)


def test_attention_of_a_pair_checks_the_sample():
    model = Seq2SeqTransformer(**TINY).fit(["ab", "b"], ["ba", "b"])
    with pytest.raises(TypeError, match="sample must be an integer, got 'a' instead"):
        AttentionDisplay.from_estimator(model, ["ab"], ["ba"], sample="a")


def test_names_that_are_not_text_are_shown(pipeline):
    display = GradientFlowDisplay.from_estimator(pipeline, TEXTS, LABELS, name=3)
    assert display.plot().lines_[0].get_label().startswith("3, ")
