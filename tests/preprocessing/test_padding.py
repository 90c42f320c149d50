import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from sk_rnn import Panel
from sk_rnn.preprocessing import SequencePadder, pad_sequences


def naive(X, maxlen, padding, truncating, value):
    padded, mask = [], []
    for x in X:
        kept = x[-maxlen:] if truncating == "pre" else x[:maxlen]
        fill = np.full((maxlen - len(kept), *x.shape[1:]), value)
        ends = np.zeros(len(fill), bool)
        inside = np.ones(len(kept), bool)
        order = slice(None, None, -1 if padding == "pre" else 1)
        padded.append(np.concatenate([kept, fill][order]))
        mask.append(np.concatenate([inside, ends][order]))
    return np.array(padded), np.array(mask)


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=6),
    n_features=st.integers(1, 3),
    maxlen=st.none() | st.integers(1, 8),
    padding=st.sampled_from(["pre", "post"]),
    truncating=st.sampled_from(["pre", "post"]),
)
def test_pad_sequences_equals_a_loop(lengths, n_features, maxlen, padding, truncating):
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((length, n_features)) for length in lengths]
    padded, mask, kept = pad_sequences(
        X,
        maxlen=maxlen,
        padding=padding,
        truncating=truncating,
        value=-7.0,
        return_mask=True,
        return_lengths=True,
    )
    expected, expected_mask = naive(X, maxlen or max(lengths), padding, truncating, -7.0)
    expected = expected[:, :, 0] if n_features == 1 else expected
    np.testing.assert_array_equal(padded, expected)
    np.testing.assert_array_equal(mask, expected_mask)
    np.testing.assert_array_equal(kept, mask.sum(axis=1))


@pytest.mark.parametrize(
    "X",
    [
        Panel(np.arange(6.0).reshape(3, 2), [0, 2, 3], index=["p", "q"], feature_names=["u", "v"]),
        pd.Series([[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0]]], index=["p", "q"]),
        pd.DataFrame({"u": [[0.0, 2.0], [4.0]], "v": [[1.0, 3.0], [5.0]]}, index=["p", "q"]),
    ],
    ids=["Panel", "Series", "cells"],
)
def test_pandas_output_keeps_the_index(X):
    padder = SequencePadder(value=-1).set_output(transform="pandas")
    for frame in (padder.fit_transform(X), padder.fit(X).transform(X)):
        assert frame.index.tolist() == ["p", "q"]
        assert frame.to_numpy().tolist() == [[0, 1, 2, 3], [4, 5, -1, -1]]
        assert frame.columns.tolist() == padder.get_feature_names_out().tolist()


def test_token_ids_of_a_vocabulary_can_be_padded():
    tokens = Panel(np.array([2, 3, 1]), [0, 2, 3], n_tokens=7)
    assert SequencePadder().fit_transform(tokens).tolist() == [[2, 3], [1, 0]]
    assert pad_sequences(tokens).tolist() == [[2, 3], [1, 0]]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_from_padded_undoes_pad_sequences(lengths):
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    panel = Panel(np.random.default_rng(0).standard_normal((offsets[-1], 2)), offsets)
    back = Panel.from_padded(*pad_sequences(panel, return_lengths=True))
    np.testing.assert_array_equal(back.values, panel.values)
    np.testing.assert_array_equal(back.offsets, panel.offsets)


def test_estimators_drop_the_padding_of_pad_sequences():
    from sk_rnn.sequences import check_sequences

    X = [[1.0, 2.0], [3.0]]
    for padding in ("pre", "post"):
        panel = check_sequences(pad_sequences(X, padding=padding, value=-1), padding_value=-1)
        assert [x.ravel().tolist() for x in panel] == X


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        (np.int64, 0.0, np.int64),
        (np.int64, -1, np.int64),
        (np.uint8, -1, np.int16),
        (np.uint8, 255, np.uint8),
        (np.int64, 0.5, np.float64),
        (np.int64, np.nan, np.float64),
        (np.float32, np.nan, np.float32),
        (np.float64, 0, np.float64),
    ],
)
def test_padded_dtype_holds_the_data_and_the_padding(dtype, value, expected):
    padded = pad_sequences([np.array([1, 2], dtype), np.array([3], dtype)], value=value)
    assert padded.dtype == expected
    np.testing.assert_array_equal(padded, [[1, 2], [3, value]])


def test_nan_and_infinity_are_moved():
    padded = pad_sequences([[np.nan, 1.0], [np.inf]])
    np.testing.assert_array_equal(padded, [[np.nan, 1.0], [np.inf, 0.0]])


def test_padder_learns_maxlen_and_keeps_it():
    padder = SequencePadder().fit([[1, 2, 3], [4]])
    assert padder.maxlen_ == 3
    np.testing.assert_array_equal(padder.transform([[5, 6, 7, 8], [9]]), [[5, 6, 7], [9, 0, 0]])
    assert SequencePadder(maxlen=2).fit([[1, 2, 3]]).maxlen_ == 2


def test_padder_of_a_table_is_the_table():
    X = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(SequencePadder().fit_transform(X), X)


def test_padder_equals_the_function_and_adds_an_indicator():
    X = [np.ones((2, 2)), np.ones((3, 2))]
    options = {"maxlen": 4, "padding": "pre", "truncating": "pre", "value": 5.0}
    padded, mask = pad_sequences(X, **options, return_mask=True)
    np.testing.assert_array_equal(SequencePadder(**options).fit_transform(X), padded)
    both = SequencePadder(**options, add_indicator=True).fit_transform(X)
    np.testing.assert_array_equal(both[:, :, :2], padded)
    np.testing.assert_array_equal(both[:, :, 2], mask)


def test_padder_as_data_frame_has_a_column_per_step_and_feature():
    frame = pd.DataFrame({"heat": [1.0, 2.0], "load": [3.0, 4.0]})
    padder = SequencePadder().set_output(transform="pandas")
    out = padder.fit_transform([frame, frame[:1]])
    assert out.columns.tolist() == ["heat_step0", "load_step0", "heat_step1", "load_step1"]
    np.testing.assert_array_equal(out, [[1, 3, 2, 4], [1, 3, 0, 0]])
    assert padder.feature_names_in_.tolist() == ["heat", "load"]
    names = SequencePadder(add_indicator=True).fit([[1, 2]]).get_feature_names_out()
    assert names.tolist() == ["value_step0", "indicator_step0", "value_step1", "indicator_step1"]


def test_padder_survives_clone_and_pickle():
    padder = SequencePadder(value=2.0).fit([[1, 2], [3]])
    assert clone(padder).get_params() == padder.get_params()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(padder)).transform([[3]]), [[3, 2]])


def test_padder_in_a_pipeline_with_another_classifier(rng):
    X = [np.full(n, n % 2) + rng.normal(0, 0.1, n) for n in rng.integers(2, 9, 40)]
    y = [len(x) % 2 for x in X]
    search = GridSearchCV(
        make_pipeline(SequencePadder(), RandomForestClassifier(10, random_state=0)),
        {"sequencepadder__maxlen": [2, None], "sequencepadder__padding": ["pre", "post"]},
        cv=2,
        n_jobs=2,
    )
    assert search.fit(X, y).score(X, y) > 0.9


@pytest.mark.parametrize(
    ("dtype", "value", "expected"),
    [
        (np.int64, -1, np.int64),
        (np.int8, 300, np.int32),
        (np.uint8, -1, np.int16),
        (np.int64, 0.5, np.float64),
        (np.int32, np.nan, np.float64),
        (np.float32, np.inf, np.float32),
        (np.float32, 2**70, np.float32),
        (np.float64, 1e300, np.float64),
    ],
)
def test_padding_has_a_dtype_that_holds_data_and_value(dtype, value, expected):
    padded = pad_sequences([np.ones(2, dtype), np.ones(1, dtype)], value=value)
    assert padded.dtype == expected
    np.testing.assert_array_equal(padded, np.array([[1, 1], [1, value]], expected))


def test_value_too_large_for_floats_raises():
    with pytest.raises(ValueError, match=r"pad_sequences: value=10+ does not fit X, which holds"):
        pad_sequences([[1.0]], value=10**400)


TWO = [np.ones((2, 2))]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: pad_sequences([[1], []]),
            ValueError,
            "pad_sequences: X[1] is an empty sequence. Every sample needs at least one time step: "
            "drop it, from y too.",
        ),
        (
            lambda: pad_sequences("words"),
            TypeError,
            "pad_sequences: X is a str, which is not a container of sequences. Pass a 2-D array "
            "(n_samples, n_timesteps), a 3-D array (n_samples, n_timesteps, n_features), a list "
            "with one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample, or a "
            "Panel.",
        ),
        (
            lambda: pad_sequences([[1]], padding="left"),
            InvalidParameterError,
            "The 'padding' parameter of pad_sequences must be a str among {'post', 'pre'}. Got "
            "'left' instead.",
        ),
        (
            lambda: pad_sequences([[1]], maxlen=0),
            InvalidParameterError,
            "The 'maxlen' parameter of pad_sequences must be an int in the range [1, 2**63) or "
            "None. "
            "Got 0 instead.",
        ),
        (
            lambda: pad_sequences([[1]], maxlen=True),
            InvalidParameterError,
            "The 'maxlen' parameter of pad_sequences must be an int in the range [1, 2**63) or "
            "None. "
            "Got True instead.",
        ),
        (
            lambda: pad_sequences([[1]], value=2**70),
            ValueError,
            "pad_sequences: value=1180591620717411303424 does not fit X, which holds int64. Pass "
            "another value, or X as float64.",
        ),
        (
            lambda: pad_sequences([np.array([1], np.uint64)], value=-1),
            ValueError,
            "pad_sequences: value=-1 does not fit X, which holds uint64. Pass another value, or X "
            "as float64.",
        ),
        (
            lambda: SequencePadder(value=1e300).fit_transform([np.ones(2, np.float32)]),
            ValueError,
            "SequencePadder.transform: value=1e+300 does not fit X, which holds float32. Pass "
            "another value, or X as float64.",
        ),
        (
            lambda: SequencePadder().fit(TWO).transform([np.ones((2, 3))]),
            ValueError,
            "SequencePadder.transform: X has 3 features per time step, but SequencePadder was "
            "fitted with 2. Pass sequences of shape (n_timesteps, 2).",
        ),
        (
            lambda: SequencePadder().fit(np.ones((2, 3))).transform(np.ones((2, 4))),
            ValueError,
            "X has 4 features, but SequencePadder is expecting 3 features as input.",
        ),
        (
            lambda: SequencePadder().fit([["a"], ["b"]]),
            ValueError,
            "SequencePadder.fit: X[0] holds strings where numbers are expected, for example 'a'. "
            "Convert text to token ids with sk_rnn.preprocessing.SequenceVectorizer: "
            "make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=64)). Encode "
            "categories with TimeDistributed(OneHotEncoder()).",
        ),
    ],
)
def test_padding_raises(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value).replace("{'pre', 'post'}", "{'post', 'pre'}") == message
