"""What all displays share: axes, pipelines, messages, and matplotlib that is imported late."""

import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
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
