"""Videos as targets: predictions are videos, too."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_rnn import RNNRegressor, Seq2SeqTransformer

SMALL = {"max_epochs": 1, "hidden_size": 3, "random_state": 0}
X = np.random.default_rng(0).random((8, 5, 4, 3))
COLOURS = np.random.default_rng(1).random((6, 3, 2, 2, 3))
Y = X[:, ::-1]
RAGGED = [film[: 2 + i % 3] for i, film in enumerate(Y)]


@pytest.mark.parametrize("films", [X, COLOURS], ids=["grey", "colour"])
def test_autoencoder_returns_videos(films):
    model = Seq2SeqTransformer(**SMALL).fit(films)
    assert model.predict(films).shape == films.shape
    flat = films.reshape(*films.shape[:2], -1)
    same = Seq2SeqTransformer(**SMALL).fit(flat).predict(flat)
    assert_array_equal(model.predict(films).reshape(flat.shape), same)


def test_seq2seq_predicts_videos_from_anything():
    flat = X.reshape(8, 5, 12)
    assert Seq2SeqTransformer(**SMALL).fit(flat, Y).predict(flat).shape == Y.shape
    assert all(
        film.shape[1:] == (4, 3) for film in Seq2SeqTransformer(**SMALL).fit(X, RAGGED).predict(X)
    )
    listed = Seq2SeqTransformer(**SMALL).fit(list(X), list(Y)).predict(list(X))
    assert [film.shape for film in listed] == [(5, 4, 3)] * 8


@pytest.mark.parametrize("as_list", [False, True])
def test_regressor_predicts_a_frame_per_time_step(as_list):
    y = list(Y) if as_list else Y
    model = RNNRegressor(return_sequences=True, **SMALL).fit(X, y)
    flat = RNNRegressor(return_sequences=True, **SMALL).fit(X, Y.reshape(8, 5, 12))
    for film, same in zip(model.predict(X), flat.predict(X), strict=True):
        assert film.shape == (5, 4, 3)
        assert_array_equal(film.reshape(5, 12), same)
    assert_allclose(model.score(X, y), flat.score(X, Y.reshape(8, 5, 12)))
    saved = pickle.loads(pickle.dumps(model))
    assert_array_equal(saved.predict(X)[0], model.predict(X)[0])


def test_standard_deviations_are_frames():
    model = RNNRegressor(return_sequences=True, loss="gaussian", **SMALL).fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    assert mean[0].shape == std[0].shape == (5, 4, 3)


def test_streams_predict_frames():
    model = RNNRegressor(return_sequences=True, bidirectional=False, **SMALL).fit(X, Y)
    stream = model.stream()
    found = [stream.push(frame) for frame in X[0]]
    assert found[0].shape == (4, 3)
    assert_allclose(found, model.predict(X[:1])[0], rtol=1e-5)
