"""Predictions for sequences that arrive step by step."""

import pickle
from functools import cache

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sk_rnn import RNNClassifier, RNNLanguageModel, RNNRegressor

_rng = np.random.default_rng(0)
SERIES = [_rng.normal(size=(n, 2)) for n in _rng.integers(3, 9, 12)]
IDS = [_rng.integers(0, 5, n) for n in _rng.integers(3, 9, 12)]
LABELS = np.array(["a", "b", "c"] * 4)
TAGS = [np.where(x[:, 0] > 0, "up", "down") for x in SERIES]
SMALL = {"bidirectional": False, "hidden_size": 5, "max_epochs": 2, "random_state": 0}

MODELS = {
    "concat": (RNNClassifier, {}, SERIES, LABELS),
    "last": (RNNClassifier, {"pooling": "last", "layer_norm": True}, SERIES, LABELS),
    "mean": (RNNRegressor, {"pooling": "mean", "cell": "lstm"}, SERIES, np.arange(12.0)),
    "max": (RNNRegressor, {"pooling": "max", "num_layers": 2}, SERIES, np.arange(12.0)),
    "attention": (RNNClassifier, {"pooling": "attention"}, SERIES, LABELS),
    "convolution": (RNNClassifier, {"conv_channels": 4}, SERIES, LABELS),
    "differences": (RNNClassifier, {"differences": True}, SERIES, LABELS),
    "ids": (RNNClassifier, {"embedding_dim": 3}, IDS, LABELS),
    "two outputs": (RNNRegressor, {"loss": "gaussian"}, SERIES, _rng.normal(size=(12, 2))),
    "tags": (RNNClassifier, {"return_sequences": True}, SERIES, TAGS),
    "unscaled": (RNNClassifier, {"scale_inputs": False, "cell": "rnn_relu"}, SERIES, LABELS),
}
# Sums over time are added in another order than over the whole sequence.
ROUNDED = ("mean", "attention", "convolution")


@cache
def fitted(name, **params):
    kind, own, X, y = MODELS[name]
    return kind(**{**SMALL, **own, **params}).fit(X, y)


@cache
def language():
    # Not an odd size such as 5: then torch's product of eight rows depends on the row's position.
    return RNNLanguageModel(hidden_size=8, max_epochs=2, random_state=0).fit(["anna", "nan"] * 6)


each_model = pytest.mark.parametrize("name", MODELS)


def outputs_of(model):
    return "decision_function" if isinstance(model, RNNClassifier) else "predict"


def assert_equal(name, found, expected, *, exact=True):
    if exact and name not in ROUNDED:
        assert_array_equal(found, expected)
    else:
        assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def begin(model, n_streams=None):
    if isinstance(model, RNNClassifier):
        return model.stream(n_streams, method="decision_function")
    return model.stream(n_streams)


@each_model
@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_pushed_steps_predict_as_the_whole_sequence_so_far(name, backend):
    model = fitted(name, backend=backend)
    X, whole = MODELS[name][2], outputs_of(model)
    per_step = name == "tags"
    for x in X[:4]:
        stream = begin(model)
        for t, step in enumerate(x):
            found = stream.push(step)
            expected = getattr(model, whole)([x[: t + 1]])[0]
            expected = expected[-1] if per_step else expected
            assert_equal(name, found, expected, exact=backend == "numba")


@each_model
def test_chunks_are_their_steps(name):
    model, X = fitted(name), MODELS[name][2]
    for x in X:
        expected = getattr(model, outputs_of(model))([x])[0]
        stream = begin(model)
        first = stream.push(x[:2])
        found = stream.push(x[2:])
        if name == "tags":
            found = np.concatenate([first, found])
        assert_equal(name, found, expected)


@each_model
def test_many_streams_are_single_ones(name):
    model, X = fitted(name), MODELS[name][2]
    together = begin(model, len(X))
    together.push([x[:1] for x in X])
    found = together.push([x[1:] for x in X])
    for x, row in zip(X, found, strict=True):
        single = begin(model)
        single.push(x[:1])
        assert_equal(name, row, single.push(x[1:]), exact=False)
    steps = begin(model, len(X)).push(np.array([x[0] for x in X]))
    for x, row in zip(X, steps, strict=True):
        assert_equal(name, row, begin(model).push(x[0]), exact=False)


def test_classes_are_predicted_by_any_method():
    model = fitted("concat")
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        stream = model.stream(method=method)
        expected = getattr(model, method)(SERIES[:1])[0]
        found = stream.push(SERIES[0])
        if method == "predict":
            assert found == expected
        else:
            assert_allclose(found, expected, rtol=1e-5)


@each_model
def test_streams_are_pickled_copied_and_stored(name):
    model, x = fitted(name), MODELS[name][2][0]
    stream = begin(model)
    stream.push(x[:2])
    twin, saved, state = stream.copy(), pickle.loads(pickle.dumps(stream)), stream.state
    expected = stream.push(x[2:])
    assert_array_equal(twin.push(x[2:]), expected)
    assert_array_equal(saved.push(x[2:]), expected)
    other = begin(model)
    other.state = state
    assert_array_equal(other.push(x[2:]), expected)
    assert all(isinstance(value, np.ndarray) for value in state.values())


def test_language_streams_predict_as_the_model():
    model = language()
    stream = model.stream()
    assert_array_equal(np.exp(stream.predict()), model.predict_proba([""])[0])
    for t, letter in enumerate("anna"):
        found = stream.push(letter)
        assert_array_equal(np.exp(found), model.predict_proba(["anna"[: t + 1]])[0])
    assert_array_equal(model.stream().push("anna"), found)
    many = model.stream(2)
    many.push(["an", "n"])
    assert_array_equal(np.exp(many.push(["na", "an"])), model.predict_proba(["anna", "nan"]))
    assert_array_equal(many.copy().predict(), many.predict())
    assert_array_equal(pickle.loads(pickle.dumps(many)).predict(), many.predict())


def test_language_streams_write_without_moving():
    model = language()
    stream = model.stream()
    stream.push("an")
    before = stream.predict()
    written = stream.sample(6, temperature=0)
    assert written == model.generate(["an"], max_length=6, temperature=0, include_prompt=False)[0]
    assert_array_equal(stream.predict(), before)
    assert stream.sample(6, random_state=1) == stream.sample(6, random_state=1)


def test_language_streams_of_numbers_and_tokens():
    model = RNNLanguageModel(hidden_size=4, max_epochs=2, random_state=0).fit(SERIES)
    stream = model.stream()
    assert_array_equal([stream.push(step) for step in SERIES[0]][-1], model.predict(SERIES[:1])[0])
    assert stream.sample(3, temperature=0).shape[1] == 2
    tokens = RNNLanguageModel(analyzer=None, hidden_size=4, max_epochs=1, random_state=0)
    tokens.fit([["open", "close"], ["open", "read"]] * 4)
    stream = tokens.stream()
    stream.push("open")
    found = stream.push(["read"])
    assert_array_equal(np.exp(found), tokens.predict_proba([["open", "read"]])[0])
    with pytest.warns(UserWarning, match="'shut' is not in the vocabulary"):
        stream.push("shut")


class Custom(torch.nn.RNN):
    """A user-defined cell."""


@cache
def others():
    small = {**SMALL, "max_epochs": 1}
    return {
        "backward": RNNClassifier(**{**small, "bidirectional": True}).fit(SERIES, LABELS),
        "custom": RNNClassifier(**small, cell=Custom).fit(SERIES, LABELS),
        "stride": RNNClassifier(**small, conv_channels=2, conv_stride=2).fit(SERIES, LABELS),
        "patches": RNNClassifier(**small, patch_size=2).fit(SERIES, LABELS),
    }


def _trained_again():
    model = RNNRegressor(**SMALL).fit(SERIES, np.arange(12.0))
    stream = model.stream()
    model.partial_fit(SERIES, np.arange(12.0))
    return stream.push(SERIES[0])


MESSAGES = {
    "both directions": (
        lambda: others()["backward"].stream(),
        "RNNClassifier.stream: the model was fitted with bidirectional=True, which also reads "
        "each sequence from its end, so its predictions need the whole sequence. Fit with "
        "bidirectional=False.",
    ),
    "user-defined cell": (
        lambda: others()["custom"].stream(),
        "RNNClassifier.stream: the user-defined cell Custom does not support passing states in "
        "and out. Fit with one of the built-in cells.",
    ),
    "stride": (
        lambda: others()["stride"].stream(),
        "RNNClassifier.stream: the model was fitted with conv_stride=2, so not every time step has "
        "a prediction. Fit with conv_stride=1.",
    ),
    "patches": (
        lambda: others()["patches"].stream(),
        "RNNClassifier.stream: the model was fitted with patch_size=2, so not every time step has "
        "a prediction. Fit with patch_size=1.",
    ),
    "n_streams": (
        lambda: fitted("concat").stream(0),
        "RNNClassifier.stream: n_streams is 0. Pass a positive integer, or None for a single "
        "stream.",
    ),
    "method": (
        lambda: fitted("concat").stream(method="score"),
        "RNNClassifier.stream: method is 'score'. Pass one of ['predict', 'predict_proba', "
        "'predict_log_proba', 'decision_function'].",
    ),
    "features": (
        lambda: fitted("concat").stream().push([1.0, 2.0, 3.0]),
        "RNNClassifier.stream().push: X has shape (3,), but the model was fitted with 2 features "
        "per time step. Pass a step of shape (2,), or a chunk of shape (n_timesteps, 2).",
    ),
    "missing": (
        lambda: fitted("concat").stream().push([1.0, np.nan]),
        "RNNClassifier.stream().push: X has nan at time step 0, feature 1, which the network "
        "cannot process. Pass finite numbers; impute missing values first.",
    ),
    "strings": (
        lambda: fitted("concat").stream().push("ab"),
        "RNNClassifier.stream().push: X is 'ab', which does not consist of numbers (could not "
        "convert string to float: 'ab'). Pass a number, or an array of numbers.",
    ),
    "too few": (
        lambda: fitted("concat").stream(3).push([[1.0, 2.0]]),
        "RNNClassifier.stream().push: X has 1 item, but there are 3 streams. Pass one step or "
        "chunk per stream.",
    ),
    "ids": (
        lambda: fitted("ids").stream().push(99),
        "RNNClassifier.stream().push: X is 99. Pass a token id from 0 to 4, or a 1-D array of "
        "them.",
    ),
    "trained again": (
        _trained_again,
        "RNNRegressor.stream().push: the model was trained again after the stream began, so its "
        "state belongs to different weights. Start a new stream.",
    ),
    "some empty": (
        lambda: language().stream(2).push(["a", ""]),
        "RNNLanguageModel.stream().push: X has no tokens for some streams, but has tokens for "
        "others. Pass one or more for each.",
    ),
    "n_steps": (
        lambda: language().stream().sample(0),
        "RNNLanguageModel.stream().sample: n_steps is 0. Pass a positive integer.",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name):
    call, message = MESSAGES[name]
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


def test_text_streams_read_strings():
    with pytest.raises(TypeError, match=r"push: X is 3. Pass a string"):
        language().stream().push(3)


def test_state_of_other_streams_is_refused():
    stream = fitted("concat").stream()
    with pytest.raises(ValueError, match="with the same number of streams"):
        stream.state = fitted("concat").stream(2).state
