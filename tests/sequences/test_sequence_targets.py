import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import _safe_indexing

from sk_rnn.sequences import Panel, check_sequence_targets, read_spans

WORDS = [["N", "V"], ["N"], ["D", "N", "V"]]
IDS = [[0, 2], [1], [2, 0, 1]]
NUMBERS = [[0.5, 1.5], [2.5], [3.5, 4.5, 5.5]]
PAIRS = [[[x, -x] for x in sample] for sample in NUMBERS]
LENGTHS = np.array([2, 1, 3])


def objects(sequences):
    out = np.empty(len(sequences), dtype=object)
    for i, sequence in enumerate(sequences):
        out[i] = sequence
    return out


def arrow(sequences):
    return pd.Series(pa.array(sequences), dtype=pd.ArrowDtype(pa.array(sequences).type))


CONTAINERS = {
    "list": lambda y: y,
    "tuple": tuple,
    "list of arrays": lambda y: [np.array(row) for row in y],
    "list of object arrays": lambda y: [np.array(row, dtype=object) for row in y],
    "object array of lists": objects,
    "object array of arrays": lambda y: objects([np.array(row) for row in y]),
    "series": pd.Series,
    "list of series": lambda y: [pd.Series(row) for row in y],
    "frame with sequences in cells": lambda y: pd.DataFrame({"tag": y}),
    "awkward": ak.Array,
    "list of awkward": lambda y: list(ak.Array(y)),
    "pyarrow": pa.array,
    "list of pyarrow scalars": lambda y: list(pa.array(y)),
    "series of pyarrow lists": arrow,
}
NUMERIC_CONTAINERS = {
    "list of tensors": lambda y: [torch.tensor(row) for row in y],
    "panel": Panel.from_sequences,
}


def flat(nested):
    return [step for sample in nested for step in sample]


def assert_targets(result, nested, kinds):
    values, offsets = result
    assert values.tolist() == flat(nested)
    assert offsets.tolist() == np.cumsum([0, *map(len, nested)]).tolist()
    assert values.dtype.kind in kinds


@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize(
    ("nested", "kinds"), [(WORDS, "OU"), (IDS, "i"), (NUMBERS, "f")], ids=["str", "int", "float"]
)
def test_every_container_gives_the_same_targets(make, nested, kinds):
    assert_targets(check_sequence_targets(make(nested), LENGTHS), nested, kinds)
    part = _safe_indexing(make(nested), [2, 0])
    expected = [nested[2], nested[0]]
    assert_targets(check_sequence_targets(part, LENGTHS[[2, 0]]), expected, kinds)


@pytest.mark.parametrize("make", NUMERIC_CONTAINERS.values(), ids=NUMERIC_CONTAINERS)
@pytest.mark.parametrize(("nested", "kinds"), [(IDS, "i"), (NUMBERS, "f")])
def test_containers_of_numbers(make, nested, kinds):
    assert_targets(check_sequence_targets(make(nested), LENGTHS), nested, kinds)


@pytest.mark.parametrize(
    "make",
    [
        lambda y: y,
        objects,
        lambda y: [np.array(row) for row in y],
        lambda y: [pd.DataFrame(row) for row in y],
        ak.Array,
        pa.array,
        Panel.from_sequences,
    ],
)
def test_several_outputs_per_step(make):
    values, offsets = check_sequence_targets(make(PAIRS), LENGTHS)
    np.testing.assert_array_equal(values, np.array(flat(PAIRS)), strict=True)
    assert offsets.tolist() == [0, 2, 3, 6]


def test_several_outputs_in_columns_of_cells():
    df = pd.DataFrame({"up": NUMBERS, "down": [[-x for x in row] for row in NUMBERS]})
    values, _ = check_sequence_targets(df, LENGTHS)
    np.testing.assert_array_equal(values, np.array(flat(PAIRS)), strict=True)


@pytest.mark.parametrize(
    "make", [np.array, pd.DataFrame, lambda y: y, lambda y: np.array(y)[..., None]]
)
@pytest.mark.parametrize("y", [[["a", "b"], ["b", "a"]], [[1, 0], [0, 1]]])
def test_rectangles_are_one_sequence_per_row(make, y):
    values, offsets = check_sequence_targets(make(y), np.array([2, 2]))
    assert values.tolist() == flat(y)
    assert offsets.tolist() == [0, 2, 4]


def test_three_dimensions_are_several_outputs():
    y = np.arange(12.0).reshape(2, 3, 2)
    values, _ = check_sequence_targets(y, np.array([3, 3]))
    np.testing.assert_array_equal(values, y.reshape(6, 2))


def test_numeric_targets_are_float64():
    values, _ = check_sequence_targets(IDS, LENGTHS, numeric=True)
    assert values.tolist() == flat(IDS)
    assert values.dtype == np.float64


def test_labels_keep_their_kind():
    for y, dtype in [
        ([[True], [False]], bool),
        ([[1], [2.5]], np.float64),
        ([np.array([1], dtype=np.int8), np.array([2], dtype=np.int8)], np.int8),
        ([["a"], np.array(["long"])], object),
    ]:
        values, _ = check_sequence_targets(y, np.array([1, 1]))
        assert values.dtype == dtype
        assert values.tolist() == [y[0][0], y[1][0]]


# -- Padding


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
    st.booleans(),
)
def test_padded_targets_are_cut_as_x_was(lengths, padded, pre):
    width = max(lengths)
    X = np.zeros((len(lengths), width))
    y = []
    expected = []
    for i, length in enumerate(lengths):
        start = width - length if pre else 0
        X[i, start : start + length] = 1 + np.arange(length)
        target = [f"{i}:{step}" for step in range(length)]
        pads = [None] * (width - length)
        expected += target
        y.append((pads + target if pre else target + pads) if padded[i] else target)
    panel = read_spans(X, padding_value=0, caller="f")
    bounds, untrimmed_lengths = None, None
    if panel.untrimmed is not None:
        first, untrimmed_lengths = panel.untrimmed
        bounds = first, first + panel.lengths
    values, offsets = check_sequence_targets(
        y, panel.lengths, bounds=bounds, untrimmed_lengths=untrimmed_lengths
    )
    assert values.tolist() == expected
    np.testing.assert_array_equal(offsets, panel.offsets)


# -- Invalid input

ONE_LABEL = " Pass one label per time step."
FINITE = " Pass finite targets."
ONE_TARGET = " Every time step needs a target: drop those without one, from X too."


@pytest.mark.parametrize(
    ("y", "kwargs", "message"),
    [
        (
            [["a"] * 2, ["a"], ["a"] * 4],
            {},
            "[2] has 4 labels, but X[2] has 3 time steps." + ONE_LABEL,
        ),
        (
            [[1] * 3, [1], [1] * 3],
            {"numeric": True},
            "[0] has 3 numbers, but X[0] has 2 time steps. Pass one number per time step.",
        ),
        (np.zeros((3, 2)), {}, "[1] has 2 labels, but X[1] has 1 time step." + ONE_LABEL),
        (WORDS[:2], {}, " has 2 samples, but X has 3. Pass one target sequence per sample."),
        (
            ["NV", "N", "DNV"],
            {},
            "[0] is 'NV', which is one label, but return_sequences=True needs one per time step. "
            "Pass list(y[i]) if each character is a label, or set return_sequences=False.",
        ),
        (
            np.array(["NV", "N", "DNV"]),
            {},
            "[0] is 'NV', which is one label, but return_sequences=True needs one per time step. "
            "Pass list(y[i]) if each character is a label, or set return_sequences=False.",
        ),
        (
            np.array([1, 2, 3]),
            {},
            "[0] is 1, one value for the whole sample, but return_sequences=True needs one per "
            "time step. Pass a sequence per sample, or set return_sequences=False.",
        ),
        (
            [[1, 2], None, [1, 2, 3]],
            {},
            "[1] is None, one value for the whole sample, but return_sequences=True needs one per "
            "time step. Pass a sequence per sample, or set return_sequences=False.",
        ),
        ([["a", "b"], ["a"], ["a", None, "b"]], {}, "[2] is None at time step 1." + ONE_TARGET),
        ([[1, 2], [np.nan], [1, 2, 3]], {}, "[1] is nan at time step 0." + ONE_TARGET),
        ([[1, 2], [1.0], [1, np.inf, 3]], {}, "[2] is inf at time step 1." + FINITE),
        (
            [np.array([[1, 2], [3, np.nan]]), np.ones((1, 2)), np.ones((3, 2))],
            {},
            "[0] is nan at time step 1." + ONE_TARGET,
        ),
        (
            [["a", 1], ["a"], ["a", "b", "c"]],
            {},
            " has labels of several types: int, str. Pass labels of one type.",
        ),
        (
            [np.array(["a", "b"]), np.array([1]), np.array([1, 2, 3])],
            {},
            " has labels of several types: int, str. Pass labels of one type.",
        ),
        (
            WORDS,
            {"numeric": True},
            "[0] holds strings where numbers are expected, for example 'N'. RNNClassifier learns "
            "labels.",
        ),
        (
            [[["a", "b"]] * 2, [["a", "b"]], [["a", "b"]] * 3],
            {},
            " has 2 labels per time step, for example 'a'. Pass one label per time step, or a "
            "multilabel indicator of 0 and 1.",
        ),
    ],
)
def test_invalid_targets_raise(y, kwargs, message):
    with pytest.raises(ValueError) as error:
        check_sequence_targets(y, LENGTHS, caller="RNNClassifier.fit", **kwargs)
    assert str(error.value) == "RNNClassifier.fit: y" + message


@pytest.mark.parametrize("y", [None, "NV", {"a": 1}, 3, (x for x in WORDS)])
def test_invalid_types_of_targets_raise(y):
    with pytest.raises(
        TypeError, match=r"^RNNClassifier\.fit: y is .* not a container of sequences"
    ):
        check_sequence_targets(y, LENGTHS, caller="RNNClassifier.fit")
