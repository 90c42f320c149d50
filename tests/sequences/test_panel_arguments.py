"""Invalid arguments of a Panel: an error that names the argument and what to pass."""

import awkward as ak
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from sk_rnn.sequences import Panel

NUMBERS = np.zeros((3, 2))
IDS = np.arange(3)
KEYS = "Pass an integer, a slice, or a 1-D array of integers or booleans"
LISTED = "Pass a list of Panels; Panel.from_sequences converts other containers."
RAGGED = [[0], [1, 2]]


class Refusing:
    """An object with `__array__` that cannot be converted to an array."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array today.")


def panel():
    return Panel(np.arange(6.0).reshape(3, 2), [0, 2, 3])


def tokens():
    return Panel(np.array([4, 5, 6]), [0, 2, 3])


def float32():
    return Panel(np.zeros((3, 1), np.float32), [0, 2, 3])


# description: (call, type of error, beginning of the message, its end)
REFUSED = {
    # --- the parts of a panel ---
    "values, ragged": (
        lambda: Panel([[1.0], [2.0, 3.0]], [0, 2]),
        ValueError,
        "Panel: values cannot be read as an array: setting an array element with a sequence.",
        "Panel.from_sequences converts other containers.",
    ),
    "values, no array": (
        lambda: Panel(Refusing(), [0, 2]),
        ValueError,
        "Panel: values cannot be read as an array: no array today. Pass a float32 or float64",
        "Panel.from_sequences converts other containers.",
    ),
    "values, meta tensor": (
        lambda: Panel(torch.zeros(3, 2, device="meta"), [0, 3]),
        TypeError,
        "Panel: values cannot be read as an array: can't convert meta device type tensor",
        "Panel.from_sequences converts other containers.",
    ),
    "values, ragged awkward": (
        lambda: Panel(ak.Array([[1.0], [2.0, 3.0]]), [0, 2]),
        ValueError,
        "Panel: values cannot be read as an array: cannot convert to RegularArray",
        "Panel.from_sequences converts other containers.",
    ),
    "offsets, ragged": (
        lambda: Panel(NUMBERS, RAGGED),
        ValueError,
        "Panel: offsets cannot be read as an array: setting an array element",
        "Pass n_samples + 1 integers.",
    ),
    "index, number": (
        lambda: Panel(NUMBERS, [0, 3], index=3),
        TypeError,
        "Panel: index cannot be read as labels: Index(...) must be called with a collection",
        "Pass a 1-D array of 1 labels, one per sample.",
    ),
    "index, 2-D": (
        lambda: Panel(NUMBERS, [0, 3], index=np.zeros((1, 2))),
        ValueError,
        "Panel: index cannot be read as labels: Index data must be 1-dimensional.",
        "Pass a 1-D array of 1 labels, one per sample.",
    ),
    "times, tensor": (
        lambda: Panel(NUMBERS, [0, 3], times=torch.arange(3)),
        TypeError,
        "Panel: times cannot be read as labels: Index(...) must be called",
        "Pass a 1-D array of 3 labels, one per time step.",
    ),
    "feature_names, number": (
        lambda: Panel(NUMBERS, [0, 3], feature_names=3),
        TypeError,
        "Panel: feature_names cannot be converted to a list: 'int' object is not iterable.",
        "Pass a list of 2 strings.",
    ),
    "feature_names, string": (
        lambda: Panel(NUMBERS, [0, 3], feature_names="uv"),
        TypeError,
        "Panel: feature_names is a str, but must be",
        "a list of strings.",
    ),
    "feature_names, set": (
        lambda: Panel(NUMBERS, [0, 3], feature_names={"u", "v"}),
        TypeError,
        "Panel: feature_names is a set, but must be",
        "a list of strings.",
    ),
    "feature_names, numbers": (
        lambda: Panel(NUMBERS, [0, 3], feature_names=["u", 1]),
        TypeError,
        "Panel: feature_names has 1, but",
        "names must be strings.",
    ),
    "n_tokens, string": (
        lambda: Panel(IDS, [0, 3], n_tokens="5"),
        TypeError,
        "Panel: n_tokens must be the size of the vocabulary, a positive integer;",
        "got '5'.",
    ),
    "n_tokens, boolean": (
        lambda: Panel(IDS, [0, 3], n_tokens=True),
        ValueError,
        "Panel: n_tokens must be the size of the vocabulary, a positive integer;",
        "got True.",
    ),
    "n_tokens, negative": (
        lambda: Panel(IDS, [0, 3], n_tokens=-1),
        ValueError,
        "Panel: n_tokens must be the size of the vocabulary, a positive integer;",
        "got -1.",
    ),
    # --- other constructors ---
    "dtype, unknown": (
        lambda: Panel.from_sequences(NUMBERS, dtype="junk"),
        TypeError,
        "Panel.from_sequences: dtype must be 'float32' or 'float64'; got 'junk',",
        "which is not a NumPy dtype.",
    ),
    "dtype, of torch": (
        lambda: Panel.from_sequences(NUMBERS, dtype=torch.float32),
        TypeError,
        "Panel.from_sequences: dtype must be 'float32' or 'float64'; got torch.float32,",
        "which is not a NumPy dtype.",
    ),
    "dtype, integers": (
        lambda: Panel.from_sequences(NUMBERS, dtype="int64"),
        ValueError,
        "Panel.from_sequences: dtype must be 'float32' or 'float64';",
        "got 'int64'.",
    ),
    "padded X, ragged": (
        lambda: Panel.from_padded(RAGGED, [1, 2]),
        ValueError,
        "Panel.from_padded: X cannot be read as an array: setting an array element",
        "Pass an array of shape (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features).",
    ),
    "padded X, text": (
        lambda: Panel.from_padded([["a", "b"]], [2]),
        ValueError,
        "Panel.from_padded: X holds strings where numbers are expected, for example 'a'. Convert "
        "text to token ids",
        "",
    ),
    "padded X, complex": (
        lambda: Panel.from_padded([[1j, 2.0]], [2]),
        ValueError,
        "Panel.from_padded: X: Complex data not supported.",
        "",
    ),
    "padded X, masked": (
        lambda: Panel.from_padded(np.ma.masked_array([[1.0, 2.0]], mask=[[0, 1]]), [2]),
        ValueError,
        "Panel.from_padded: X has masked values.",
        "",
    ),
    "lengths, ragged": (
        lambda: Panel.from_padded(NUMBERS, [[1], [1, 2], [1]]),
        ValueError,
        "Panel.from_padded: lengths cannot be read as an array: setting an array element",
        "Pass 3 integers, one per sample of X.",
    ),
    "lengths, huge": (
        lambda: Panel.from_padded(NUMBERS, np.array([2**63, 1, 1], np.uint64)),
        ValueError,
        "Panel.from_padded: lengths[0] is 9223372036854775808, but X has 2 time steps.",
        "Pass numbers from 0 to 2.",
    ),
    "concatenate None": (
        lambda: Panel.concatenate([panel(), None]),
        TypeError,
        "Panel.concatenate: panels[1] is a NoneType.",
        LISTED,
    ),
    "concatenate arrays": (
        lambda: Panel.concatenate([np.zeros((2, 2))]),
        TypeError,
        "Panel.concatenate: panels[0] is a ndarray.",
        LISTED,
    ),
    "concatenate one panel": (
        lambda: Panel.concatenate(panel()),
        TypeError,
        "Panel.concatenate: panels is a Panel.",
        LISTED,
    ),
    "concatenate a number": (
        lambda: Panel.concatenate(3),
        TypeError,
        "Panel.concatenate: panels is a int.",
        LISTED,
    ),
    # --- padding ---
    "pad with text": (
        lambda: panel().to_padded("a"),
        TypeError,
        "Panel.to_padded: value must be a number;",
        "got 'a'.",
    ),
    "pad with an array": (
        lambda: panel().to_padded(np.zeros(2)),
        TypeError,
        "Panel.to_padded: value must be a number;",
        "got array([0., 0.]).",
    ),
    "pad with a boolean": (
        lambda: panel().to_padded(True),
        TypeError,
        "Panel.to_padded: value must be a number;",
        "got True.",
    ),
    "pad beyond float32": (
        lambda: float32().to_padded(1e300),
        ValueError,
        "Panel.to_padded: value 1e+300 does not fit into float32, the dtype of the Panel.",
        "Pass another number.",
    ),
    "pad beyond floats": (
        lambda: panel().to_padded(10**400),
        ValueError,
        "Panel.to_padded: value 1000",
        "0 does not fit into float64, the dtype of the Panel. Pass another number.",
    ),
    "pad ids with a fraction": (
        lambda: tokens().to_padded(0.5),
        ValueError,
        "Panel.to_padded: value 0.5 does not fit into int64, the dtype of the Panel.",
        "Pass another number.",
    ),
    "pad ids with NaN": (
        lambda: tokens().to_padded(np.nan),
        ValueError,
        "Panel.to_padded: value nan does not fit into int64, the dtype of the Panel.",
        "Pass another number.",
    ),
    "pad ids with more than 64 bits": (
        lambda: tokens().to_padded(2**70),
        ValueError,
        "Panel.to_padded: value 1180591620717411303424 does not fit into int64,",
        ", the dtype of the Panel. Pass another number.",
    ),
    # --- cut ---
    "cut at lists of other lengths": (
        lambda: panel().cut([0], [1]),
        ValueError,
        "Panel.cut: starts must be 2 integers, one per sample;",
        "got int64 of shape (1,).",
    ),
    "cut at floats": (
        lambda: panel().cut([0, 0], [1.0, 1.0]),
        ValueError,
        "Panel.cut: stops must be 2 integers, one per sample;",
        "got float64 of shape (2,).",
    ),
    "cut ragged": (
        lambda: panel().cut(RAGGED, [1, 1]),
        ValueError,
        "Panel.cut: starts cannot be read as an array: setting an array element",
        "Pass 2 integers, one per sample.",
    ),
    "cut backwards": (
        lambda: panel().cut([1, 0], [0, 1]),
        ValueError,
        "Panel.cut: sample 0 has 2 time steps and cannot be cut from 1 to 0.",
        "Pass 0 <= start <= stop <= 2.",
    ),
    "cut beyond the end": (
        lambda: panel().cut([0, 0], [2, 2]),
        ValueError,
        "Panel.cut: sample 1 has 1 time steps and cannot be cut from 0 to 2.",
        "Pass 0 <= start <= stop <= 1.",
    ),
    # --- NumPy ---
    "array of numbers": (
        lambda: np.asarray(panel(), dtype=float),
        TypeError,
        "Panel: cannot be converted to an array of float64, because samples have different "
        "lengths.",
        "Use panel.to_padded(), or panel.values for the time steps of all samples.",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_invalid_arguments_raise_with_advice(what):
    call, kind, begin, end = REFUSED[what]
    with pytest.raises(kind) as error:
        call()
    assert type(error.value) is kind
    assert str(error.value).startswith(begin)
    assert str(error.value).endswith(end)
    assert ".." not in str(error.value).replace("(...)", "")


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (None, "None"),
        (..., "Ellipsis"),
        ("a", "'a'"),
        (True, "True"),
        (np.bool_(True), "np.True_"),
        (1.0, "1.0"),
        (1j, "1j"),
        ({0}, "{0}"),
        ({"a": 1}, "{'a': 1}"),
        (np.array(1.0), "array(1.)"),
        (sp.csr_matrix([0, 1]), "a csr_matrix"),
        ([0.5], "float64 of shape (1,)"),
        (["a"], "<U1 of shape (1,)"),
        ([10**400], "object of shape (1,)"),
        ([[0, 1]], "int64 of shape (1, 2)"),
        (pd.Series([True, None, False], dtype="boolean"), "object of shape (3,)"),
    ],
)
def test_indexing_lists_the_accepted_keys(key, shown):
    with pytest.raises(IndexError) as error:
        panel()[key]
    assert str(error.value) == f"Panel: got {shown} as the index. {KEYS}."


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ([[0], [1, 2]], "Panel: the index cannot be read as an array: setting an array element"),
        (Refusing(), "Panel: the index cannot be read as an array: no array today. Pass"),
        (slice("a"), "Panel: slice(None, 'a', None) cannot be used: slice indices must be"),
        (slice(0, 2, 0), "Panel: slice(0, 2, 0) cannot be used: slice step cannot be zero. Pass"),
        ((), "Panel: got the index (), but there is one dimension, the samples. Slice"),
        ((0, ..., 0), "Panel: got the index (0, Ellipsis, 0), but there is one dimension,"),
        (2**63, "Panel: index 9223372036854775808 is out of range for 2 samples. Pass"),
        ([2**63], "Panel: index 9223372036854775808 is out of range for 2 samples. Pass"),
    ],
)
def test_indexing_raises_for_unreadable_keys(key, message):
    with pytest.raises(IndexError) as error:
        panel()[key]
    assert str(error.value).startswith(message)


def test_indexing_an_empty_panel_raises():
    with pytest.raises(IndexError) as error:
        panel()[:0][0]
    assert str(error.value) == "Panel: index 0 is out of range for 0 samples. Pass slices only."


def test_indexing_accepts_zero_dimensional_arrays_and_tensors():
    for key in (np.array(1), torch.tensor(1), np.uint64(1)):
        np.testing.assert_array_equal(panel()[key], panel()[1])
    assert len(panel()[torch.tensor([1])]) == 1
    assert len(panel()[pd.array([0, 1], dtype="Int64").to_numpy(dtype=int)]) == 2


@pytest.mark.parametrize("value", [0, -1.5, np.nan, np.inf, np.float32(2), 10**30])
def test_to_padded_accepts_any_number_that_fits(value):
    X = panel().to_padded(value)
    np.testing.assert_array_equal(X[1, 1], [float(value)] * 2)


def test_matrix_becomes_an_array():
    with pytest.warns(PendingDeprecationWarning):
        values = np.matrix([[1.0, 2.0], [3.0, 4.0]])
    made = Panel(values, [0, 1, 2])
    assert type(made.values) is np.ndarray
    assert made[0].shape == (1, 2)


def test_cut_accepts_lists():
    assert [x.tolist() for x in tokens().cut([1, 0], [2, 1])] == [[5], [6]]
