"""Targets and metadata of sequences, one entry per time step."""

import awkward as ak
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import Panel, RNNClassifier
from sk_rnn.preprocessing import TimeDistributed
from sk_rnn.preprocessing._broadcasting import broadcast_metadata, broadcast_target
from sk_rnn.preprocessing._steps import read_steps

RAGGED = [[[1.0, 0.0]] * n for n in (3, 1, 2)]
EQUAL = np.zeros((3, 2, 4))


def spread(y, X=RAGGED):
    target, unaligned = broadcast_target(y, read_steps(X, "fit"), "fit")
    assert unaligned is None
    return np.asarray(target.todense() if hasattr(target, "todense") else target).tolist()


def object_array(entries):
    array = np.empty(len(entries), dtype=object)
    array[:] = entries
    return array


def test_one_target_per_sequence_is_repeated():
    for y in ([7, 8, 9], (7, 8, 9), np.array([7, 8, 9]), pd.Series([7, 8, 9], index=list("abc"))):
        assert spread(y) == [7, 7, 7, 8, 9, 9]
    assert spread(["a", "b", "c"]) == ["a", "a", "a", "b", "c", "c"]
    outputs = np.array([[7, 0], [8, 0], [9, 1]])
    expected = [[7, 0]] * 3 + [[8, 0]] + [[9, 1]] * 2
    assert spread(outputs) == expected
    assert spread(csr_array(outputs)) == expected


def test_sequences_as_long_as_the_samples_are_stacked():
    y = [[1, 2, 3], [4], [5, 6]]
    arrays = [np.array(entry) for entry in y]
    for same in (
        y,
        arrays,
        object_array(arrays),
        pd.Series(y),
        Panel.from_sequences(y),
        ak.Array(y),
    ):
        assert spread(same) == [1, 2, 3, 4, 5, 6]


def test_array_with_a_column_per_time_step_equals_the_list():
    y = np.arange(6).reshape(3, 2)
    assert spread(y, EQUAL) == spread(y.tolist(), EQUAL) == [0, 1, 2, 3, 4, 5]
    assert spread(pd.DataFrame(y), list(EQUAL)) == [0, 1, 2, 3, 4, 5]
    # If there are as many outputs as time steps, a third dimension distinguishes them.
    outputs = np.repeat(y[:, None], 2, axis=1)
    assert spread(outputs, EQUAL) == [[0, 1], [0, 1], [2, 3], [2, 3], [4, 5], [4, 5]]


def test_targets_per_step_reach_transformer_and_network():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((10, 5, 3))
    y = (X[:, :, 1] > 0).astype(int)
    model = make_pipeline(
        TimeDistributed(SelectKBest(k=1)),
        RNNClassifier(return_sequences=True, hidden_size=4, max_epochs=1, random_state=0),
    ).fit(X, y)
    assert model[0].transformer_.get_support().tolist() == [False, True, False]


def test_sample_weights_per_step_equal_repeated_ones():
    X = np.random.default_rng(0).standard_normal((4, 3, 2))
    weight = np.arange(12.0).reshape(4, 3)
    with config_context(enable_metadata_routing=True):
        scaler = TimeDistributed(StandardScaler().set_fit_request(sample_weight=True))
        means = [
            scaler.fit(X, sample_weight=same).transformer_.mean_
            for same in (weight, weight.tolist(), list(weight))
        ]
    expected = np.average(X.reshape(12, 2), weights=weight.ravel(), axis=0)
    np.testing.assert_allclose(means, [expected] * 3)


def test_metadata_not_per_sequence_are_unchanged():
    steps = read_steps(RAGGED, "fit")
    for value in (None, 5, "abc", {"a": 1}, [1, 2], np.array(3.0), [[1], [2], [3]]):
        assert broadcast_metadata("option", value, steps, "fit") is value
    assert broadcast_metadata("ages", [7, 8, 9], steps, "fit").tolist() == [7, 7, 7, 8, 9, 9]


def test_targets_of_other_lengths_are_for_later_steps():
    target, why = broadcast_target([[1], [2], [3]], read_steps(RAGGED, "fit"), "fit")
    assert target is None
    assert why == (
        "fit: y[0] has 1 entries, but X[0] has 3 time steps. Pass one per time step, or one for "
        "each sequence as a whole."
    )


UNALIGNED = (
    ValueError,
    "y[2] has 3 entries, but X[2] has 2 time steps. Pass one per time step, or one for each "
    "sequence as a whole.",
)


@pytest.mark.parametrize(
    ("transformer", "y", "kind", "message"),
    [
        (SelectKBest(k=1), [[0, 1, 0], [1], [0, 1, 1]], *UNALIGNED),
        (
            make_pipeline(StandardScaler(), SelectKBest(k=1)),
            [[0, 1, 0], [1], [0, 1, 1]],
            *UNALIGNED,
        ),
        (SelectKBest(k=1), Panel.from_sequences([[0, 1, 0], [1], [0, 1, 1]]), *UNALIGNED),
        (
            SelectKBest(k=1),
            5,
            TypeError,
            "y is 5, where a list or an array is expected. Pass one target per sequence, or for "
            "each sequence one target per time step.",
        ),
        (
            SelectKBest(k=1),
            [[1, 2, 3], 3, [1, 1]],
            ValueError,
            "y[1] is 3, but y[0] is a sequence. Pass one entry per sequence, or for each sequence "
            "one per time step.",
        ),
        (
            SelectKBest(k=1),
            [3, [1], [1, 1]],
            ValueError,
            "y[0] is 3, but y[1] is a sequence. Pass one entry per sequence, or for each sequence "
            "one per time step.",
        ),
    ],
)
def test_targets_of_the_wrong_length_raise(transformer, y, kind, message):
    with pytest.raises(kind) as error:
        TimeDistributed(transformer).fit(RAGGED, y)
    assert str(error.value) == f"TimeDistributed.fit: {message}"


@pytest.mark.parametrize(
    ("weight", "kind", "message"),
    [
        (
            np.ones(4),
            ValueError,
            "X has 3 sequences, but sample_weight has 4 entries. Pass one per sequence, or for "
            "each sequence one per time step.",
        ),
        (
            [[1, 1, 1], [1], [1]],
            ValueError,
            "sample_weight[2] has 1 entries, but X[2] has 2 time steps. Pass one per time step, "
            "or one for each sequence as a whole.",
        ),
        (
            "abc",
            TypeError,
            "sample_weight is 'abc', where a list or an array is expected. Pass one entry per "
            "sequence, or for each sequence one entry per time step.",
        ),
    ],
)
def test_sample_weights_of_the_wrong_length_raise(weight, kind, message):
    with config_context(enable_metadata_routing=True):
        scaler = TimeDistributed(StandardScaler().set_fit_request(sample_weight=True))
        with pytest.raises(kind) as error:
            scaler.fit(RAGGED, sample_weight=weight)
    assert type(error.value) is kind
    assert str(error.value) == f"TimeDistributed.fit: {message}"
