import sys
import tracemalloc

import awkward as ak
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, train_test_split
from sklearn.utils import _safe_indexing

from sk_rnn.sequences import (
    Panel,
    _validation,
    check_sequence_targets,
    check_sequences,
    check_token_range,
    is_table,
    read_spans,
)

NESTED = [
    [[0.5, 1.0], [2.0, 3.0]],
    [[4.0, 5.0]],
    [[6.0, 7.0], [8.0, 9.0], [10.0, 11.0]],
    [[12.0, 13.0]],
]
UNIVARIATE = [[row[0] for row in sample] for sample in NESTED]
TOKENS = [[3, 1], [4], [1, 5, 9], [2]]


def objects(sequences):
    out = np.empty(len(sequences), dtype=object)
    for i, sequence in enumerate(sequences):
        out[i] = sequence
    return out


def frames(names):
    return [pd.DataFrame(sample, columns=names) for sample in NESTED]


def cells(of):
    return pd.DataFrame(
        {
            "u": pd.Series([of([step[0] for step in sample]) for sample in NESTED]),
            "v": pd.Series([of([step[1] for step in sample]) for sample in NESTED]),
        }
    )


COLUMNS = {
    "u": [[step[0] for step in sample] for sample in NESTED],
    "v": [[step[1] for step in sample] for sample in NESTED],
}


def arrow_series(sequences, dtype):
    return pd.Series(pa.array(sequences, type=dtype), dtype=pd.ArrowDtype(dtype))


ARROW_2D = pa.list_(pa.list_(pa.float64()))

MULTIVARIATE_CONTAINERS = {
    "list of arrays": lambda: [np.array(s) for s in NESTED],
    "list of float32 arrays": lambda: [np.array(s, dtype=np.float32) for s in NESTED],
    "list of float16 arrays": lambda: [np.array(s).astype(np.float16) for s in NESTED],
    "list of read-only, reversed views": lambda: [np.array(s)[::-1][::-1] for s in NESTED],
    "tuple of arrays": lambda: tuple(np.array(s) for s in NESTED),
    "nested lists": lambda: NESTED,
    "nested tuples": lambda: tuple(tuple(map(tuple, s)) for s in NESTED),
    "object array of arrays": lambda: objects([np.array(s) for s in NESTED]),
    "object array of lists": lambda: objects(NESTED),
    "series of arrays": lambda: pd.Series([np.array(s) for s in NESTED], index=list("wxyz")),
    "series of lists": lambda: pd.Series(NESTED),
    "list of tensors": lambda: [torch.tensor(s) for s in NESTED],
    "list of tensors with gradients": lambda: [torch.tensor(s, requires_grad=True) for s in NESTED],
    "list of frames": lambda: frames(["u", "v"]),
    "series of frames": lambda: pd.Series(frames(["u", "v"])),
    "nested tensor": lambda: torch.nested.nested_tensor(
        [torch.tensor(s) for s in NESTED], layout=torch.jagged
    ),
    "frame of array cells": lambda: cells(np.array),
    "frame of list cells": lambda: cells(list),
    "frame of series cells": lambda: cells(pd.Series),
    "array of array cells": lambda: cells(np.array).to_numpy(),
    "awkward": lambda: ak.Array(NESTED),
    "awkward, regular features": lambda: ak.to_regular(ak.Array(NESTED), axis=2),
    "list of awkward": lambda: list(ak.Array(NESTED)),
    "pyarrow": lambda: pa.array(NESTED),
    "pyarrow, large": lambda: pa.array(NESTED, type=pa.large_list(pa.large_list(pa.float64()))),
    "pyarrow, fixed features": lambda: pa.array(
        NESTED, type=pa.list_(pa.list_(pa.float64(), list_size=2))
    ),
    "pyarrow, chunked": lambda: pa.chunked_array([pa.array(NESTED[:1]), pa.array(NESTED[1:])]),
    "list of pyarrow scalars": lambda: list(pa.array(NESTED)),
    "list of pyarrow arrays": lambda: [pa.array(s) for s in NESTED],
    "list of pyarrow tables": lambda: [
        pa.table(dict(zip("uv", zip(*s, strict=True), strict=True))) for s in NESTED
    ],
    "series of pyarrow lists": lambda: arrow_series(NESTED, ARROW_2D),
    "pyarrow table of lists": lambda: pa.table(COLUMNS),
    "pyarrow table of large lists": lambda: pa.table(
        {name: pa.array(x, type=pa.large_list(pa.float64())) for name, x in COLUMNS.items()}
    ),
    "pyarrow table of views": lambda: pa.table(
        {name: pa.array(x, type=pa.list_view(pa.float64())) for name, x in COLUMNS.items()}
    ),
    "pyarrow table in chunks": lambda: pa.concat_tables(
        [pa.table(COLUMNS).slice(0, 1), pa.table(COLUMNS).slice(1)]
    ),
    "pyarrow table of one column": lambda: pa.table({"x": NESTED}),
    "polars": lambda: pl.Series(NESTED),
    "polars, fixed features": lambda: pl.Series(NESTED, dtype=pl.List(pl.Array(pl.Float64, 2))),
    "polars objects": lambda: pl.Series([np.array(s) for s in NESTED], dtype=pl.Object),
    "list of polars series": lambda: [pl.Series(s) for s in NESTED],
    "list of polars frames": lambda: [pl.DataFrame(s, orient="row") for s in NESTED],
    "polars frame of lists": lambda: pl.DataFrame(COLUMNS),
    "polars frame of one column": lambda: pl.DataFrame({"x": NESTED}),
    "frame of one column": lambda: pd.DataFrame({"x": objects([np.array(s) for s in NESTED])}),
    "panel": lambda: Panel.from_sequences(NESTED),
}

UNIVARIATE_CONTAINERS = {
    "list of arrays": lambda: [np.array(s) for s in UNIVARIATE],
    "list of columns": lambda: [np.array(s)[:, None] for s in UNIVARIATE],
    "list of lists": lambda: UNIVARIATE,
    "list of series": lambda: [pd.Series(s) for s in UNIVARIATE],
    "list of nullable series": lambda: [pd.Series(s, dtype="Float64") for s in UNIVARIATE],
    "list of frames": lambda: [pd.DataFrame({0: s}) for s in UNIVARIATE],
    "object array": lambda: objects([np.array(s) for s in UNIVARIATE]),
    "list of object arrays": lambda: [np.array(s, dtype=object) for s in UNIVARIATE],
    "series": lambda: pd.Series(UNIVARIATE),
    "frame with sequences in cells": lambda: pd.DataFrame({0: UNIVARIATE}),
    "list of tensors": lambda: [torch.tensor(s) for s in UNIVARIATE],
    "list of bfloat16 tensors": lambda: [torch.tensor(s, dtype=torch.bfloat16) for s in UNIVARIATE],
    "awkward": lambda: ak.Array(UNIVARIATE),
    "list of awkward": lambda: list(ak.Array(UNIVARIATE)),
    "pyarrow": lambda: pa.array(UNIVARIATE),
    "list of pyarrow scalars": lambda: list(pa.array(UNIVARIATE)),
    "series of pyarrow lists": lambda: arrow_series(UNIVARIATE, pa.list_(pa.float64())),
    "frame of pyarrow lists": lambda: pd.DataFrame(
        {0: arrow_series(UNIVARIATE, pa.list_(pa.float64()))}
    ),
    "pyarrow table": lambda: pa.table({"x": UNIVARIATE}),
    "list of pyarrow arrays": lambda: [pa.array(s) for s in UNIVARIATE],
    "polars": lambda: pl.Series(UNIVARIATE),
    "polars frame": lambda: pl.DataFrame({"x": UNIVARIATE}),
    "list of polars series": lambda: [pl.Series(s) for s in UNIVARIATE],
    "panel": lambda: Panel.from_sequences(UNIVARIATE),
}

TOKEN_CONTAINERS = {
    "list of lists": lambda: TOKENS,
    "list of arrays": lambda: [np.array(s) for s in TOKENS],
    "list of uint8 arrays": lambda: [np.array(s, dtype=np.uint8) for s in TOKENS],
    "list of float lists": lambda: [list(map(float, s)) for s in TOKENS],
    "list of columns": lambda: [np.array(s)[:, None] for s in TOKENS],
    "list of ranges and lists": lambda: [np.array([3, 1]), range(4, 5), [1, 5, 9], (2,)],
    "series": lambda: pd.Series(TOKENS),
    "object array": lambda: objects(TOKENS),
    "list of object arrays": lambda: [np.array(s, dtype=object) for s in TOKENS],
    "frame with sequences in cells": lambda: pd.DataFrame({"word": TOKENS}),
    "list of frames": lambda: [pd.DataFrame({"word": s}) for s in TOKENS],
    "list of tensors": lambda: [torch.tensor(s) for s in TOKENS],
    "awkward": lambda: ak.Array(TOKENS),
    "list of awkward": lambda: list(ak.Array(TOKENS)),
    "pyarrow": lambda: pa.array(TOKENS),
    "list of pyarrow scalars": lambda: list(pa.array(TOKENS)),
    "series of pyarrow lists": lambda: arrow_series(TOKENS, pa.list_(pa.int64())),
    "pyarrow table": lambda: pa.table({"word": TOKENS}),
    "polars": lambda: pl.Series(TOKENS),
    "polars of uint8": lambda: pl.Series(TOKENS, dtype=pl.List(pl.UInt8)),
    "polars frame": lambda: pl.DataFrame({"word": TOKENS}),
    "panel": lambda: Panel.from_sequences(TOKENS),
    "panel of int16": lambda: Panel(np.int16([3, 1, 4, 1, 5, 9, 2]), [0, 2, 3, 6, 7]),
    "panel of floats": lambda: Panel.from_sequences(TOKENS, dtype=np.float64),
}

CONTAINERS = [
    pytest.param(make, expected, tokens, id=f"{kind}: {name}")
    for kind, containers, expected, tokens in [
        ("multivariate", MULTIVARIATE_CONTAINERS, NESTED, False),
        ("univariate", UNIVARIATE_CONTAINERS, UNIVARIATE, False),
        ("tokens", TOKEN_CONTAINERS, TOKENS, True),
    ]
    for name, make in containers.items()
]


def expected_rows(nested, tokens):
    dtype = np.int64 if tokens else np.float64
    rows = [np.array(sample, dtype=dtype) for sample in nested]
    return rows if tokens or rows[0].ndim == 2 else [row[:, None] for row in rows]


def assert_rows(panel, rows):
    assert len(panel) == len(rows)
    for got, expected in zip(panel, rows, strict=True):
        assert got.dtype.kind == expected.dtype.kind
        assert got.shape == expected.shape
        np.testing.assert_array_equal(got, expected)


def test_numbers_keep_the_precision_they_have():
    single = (np.float32, np.float16, np.int16, np.uint8)
    double = (np.float64, np.int32, np.int64, np.uint32)
    for kind in (*single, *double):
        expected = np.float32 if kind in single else np.float64
        assert check_sequences([np.ones((3, 2), kind)]).dtype == expected
        assert Panel.from_sequences(np.ones((1, 3, 2), kind)).dtype == expected
        assert Panel.from_padded(np.ones((1, 3, 2), kind), [2]).dtype == expected
    seconds = [1_700_000_001, 1_700_000_002]  # which are equal in float32
    assert check_sequences([seconds]).values.ravel().tolist() == seconds


def test_ids_of_half_the_size_stay_as_they_are():
    panel = Panel(np.int32([3, 1, 4, 1, 5, 9, 2]), [0, 2, 3, 6, 7])
    checked = check_sequences(panel, tokens=True)
    assert checked.values.dtype == np.int32
    assert np.shares_memory(checked.values, panel.values)


# -- Containers


@pytest.mark.parametrize(("make", "expected", "tokens"), CONTAINERS)
def test_every_container_gives_the_same_panel(make, expected, tokens):
    panel = check_sequences(make(), tokens=tokens)
    assert_rows(panel, expected_rows(expected, tokens))
    assert panel.is_tokens == tokens
    assert not is_table(make(), tokens=tokens)


@pytest.mark.parametrize(("make", "expected", "tokens"), CONTAINERS)
def test_every_container_is_sliced_by_scikit_learn(make, expected, tokens):
    X, rows = make(), expected_rows(expected, tokens)
    if type(X).__name__ == "NestedTensor":
        X = list(X.unbind())  # torch does not support indexing of these
    _, part = train_test_split(X, test_size=2, random_state=0)
    _, at = train_test_split(np.arange(4), test_size=2, random_state=0)
    assert_rows(check_sequences(part, tokens=tokens), [rows[i] for i in at])
    for train, _ in KFold(2, shuffle=True, random_state=0).split(np.arange(4)):
        part = _safe_indexing(X, train)
        assert_rows(check_sequences(part, tokens=tokens), [rows[i] for i in train])


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: X.astype(np.float32),
        np.asfortranarray,
        lambda X: X.astype(object),
        torch.tensor,
        lambda X: X.tolist(),
        list,
        lambda X: ak.from_numpy(X),
        lambda X: list(torch.tensor(X)),
        lambda X: pl.Series(X.tolist(), dtype=pl.Array(pl.Float64, (3, 2))),
        lambda X: pa.array(X.tolist(), type=pa.list_(pa.list_(pa.float64(), 2), 3)),
    ],
)
def test_three_dimensions_are_sequences_of_one_length(make):
    X = np.random.RandomState(0).randint(-9, 9, (4, 3, 2)) / 4
    assert not is_table(make(X))
    panel = check_sequences(make(X))
    assert_rows(panel, list(X))
    assert_rows(check_sequences(_safe_indexing(make(X), [2, 0])), list(X[[2, 0]]))


@pytest.mark.parametrize("frame_shape", [(2, 3), (2, 3, 2), (1, 1)])
@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: X.astype(np.float32),
        np.asfortranarray,
        lambda X: X.astype(object),
        torch.tensor,
        lambda X: X.tolist(),
        list,
        lambda X: ak.from_numpy(X),
        lambda X: list(torch.tensor(X)),
        lambda X: pd.Series(list(X)),
        lambda X: pd.DataFrame({"film": list(X)}),
        lambda X: Panel.from_sequences(X),
        lambda X: Panel.from_padded(X, [len(x) for x in X]),
    ],
)
def test_frames_of_films_are_flattened(make, frame_shape):
    X = np.random.RandomState(0).randint(-9, 9, (4, 3, *frame_shape)) / 4
    assert not is_table(make(X))
    panel = check_sequences(make(X))
    assert_rows(panel, list(X.reshape(4, 3, -1)))
    assert panel.feature_names is None
    assert_rows(check_sequences(_safe_indexing(make(X), [2, 0])), list(X[[2, 0]].reshape(2, 3, -1)))


def test_films_may_differ_in_length_and_be_padded():
    videos = [np.arange(1.0, 1 + n * 6).reshape(n, 2, 3) for n in (3, 1)]
    expected = [video.reshape(-1, 6) for video in videos]
    assert_rows(check_sequences(videos), expected)
    padded = np.zeros((2, 3, 2, 3))
    for i, video in enumerate(videos):
        padded[i, : len(video)] = video
    assert_rows(check_sequences(padded, padding_value=0), expected)
    assert_rows(Panel.from_padded(padded, [3, 1]), expected)


def test_spans_know_the_shape_of_frames():
    video = np.zeros((2, 3, 4, 5, 3))
    assert read_spans(video, caller="f").frame_shape == (4, 5, 3)
    assert read_spans(list(video), caller="f").take(np.array([1])).frame_shape == (4, 5, 3)
    for other in (np.zeros((2, 3, 4)), np.zeros((2, 3)), Panel.from_sequences(video)):
        assert read_spans(other, caller="f").frame_shape is None


def test_three_dimensions_are_not_films_and_labels_have_no_frames():
    image = np.arange(24.0).reshape(2, 3, 4)
    assert check_sequences(image)[0].shape == (3, 4)
    lengths = np.array([2])
    targets, _ = check_sequence_targets([np.zeros((2, 3, 4))], lengths, numeric=True)
    assert targets.shape == (2, 12)
    with pytest.raises(ValueError, match=r"y\[0\] has 3 dimensions, shape \(2, 3, 4\)"):
        check_sequence_targets([np.zeros((2, 3, 4))], lengths)


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        lambda X: X.astype(int),
        np.asfortranarray,
        lambda X: X.astype(object),
        torch.tensor,
        lambda X: X.tolist(),
        lambda X: tuple(map(tuple, X.tolist())),
        lambda X: pd.DataFrame(X, columns=list("abc")),
        lambda X: pd.DataFrame(X).astype("Float64"),
        lambda X: pd.DataFrame(X).astype(object),
        lambda X: pd.DataFrame(X).astype({0: bool, 1: int}),
        lambda X: pd.DataFrame(X).astype(pd.SparseDtype(float, 0.0)),
        lambda X: np.ma.masked_array(X),
        lambda X: pl.DataFrame(X),
        lambda X: pl.DataFrame(X.astype(int)),
        lambda X: pa.table(list(X.T), names=list("abc")),
    ],
)
def test_two_dimensions_are_a_table(make):
    X = np.random.RandomState(0).randint(0, 2, (4, 3)).astype(float)
    assert is_table(make(X))
    assert not is_table(make(X), padding_value=0)
    panel = check_sequences(make(X))
    assert_rows(panel, [row[:, None] for row in X])
    assert panel.feature_names is None
    assert_rows(
        check_sequences(_safe_indexing(make(X), [2, 0])),
        [row[:, None] for row in X[[2, 0]].astype("f4")],
    )


def test_batches_and_tensors_of_pyarrow_are_read():
    X = np.random.RandomState(0).randint(-9, 9, (4, 3, 2)) / 4
    assert_rows(
        check_sequences(pa.FixedShapeTensorArray.from_numpy_ndarray(X)), list(X.astype("f4"))
    )
    table = pa.RecordBatch.from_arrays(list(map(pa.array, X[:, :, 0].T)), names=list("abc"))
    assert is_table(table)
    assert_rows(check_sequences(table), [row[:, None] for row in X[:, :, 0].astype("f4")])
    cells = pa.RecordBatch.from_pydict(COLUMNS)
    assert not is_table(cells)
    assert_rows(check_sequences(cells), expected_rows(NESTED, tokens=False))


def test_frames_are_read_without_narwhals(monkeypatch):
    # narwhals is not installed by scikit-learn before 1.9.
    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    X = np.array([[0.5, 1.5], [2.5, 3.5]])
    for make in (pl.DataFrame, lambda X: pa.table(list(X.T), names=list("ab"))):
        assert is_table(make(X))
        assert_rows(check_sequences(make(X)), [row[:, None] for row in X.astype("f4")])
    for make in (pl.DataFrame, pa.table):
        assert_rows(check_sequences(make(COLUMNS)), expected_rows(NESTED, tokens=False))


def test_frames_of_other_libraries_are_not_copied_to_python(monkeypatch):
    monkeypatch.setattr(pl.Series, "to_list", None)
    for make in (
        lambda: pl.DataFrame(COLUMNS),
        lambda: pl.Series(NESTED),
        lambda: pa.table(COLUMNS),
        lambda: pa.array(NESTED),
    ):
        assert_rows(check_sequences(make()), expected_rows(NESTED, tokens=False))


def test_anything_with_an_array_interface_is_an_array():
    class NotAnArray:
        def __array__(self, dtype=None, copy=None):
            return np.array([[1.0, 2.0], [3.0, 4.0]])

    assert is_table(NotAnArray())
    assert check_sequences(NotAnArray()).values.ravel().tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["detach", "layout", "values", "dtype"])
def test_columns_may_have_any_name(name):
    X = pd.DataFrame({name: [1.0, 2.0]})
    assert is_table(X)
    assert check_sequences(X).values.ravel().tolist() == [1, 2]
    assert check_sequences([X]).feature_names == (name,)
    assert Panel.from_frame(X.assign(id=0), by="id").feature_names == (name,)


def test_tokens_in_lists_are_never_a_table():
    assert is_table([[1, 2], [3, 4]])
    assert not is_table([[1, 2], [3, 4]], tokens=True)
    assert is_table(np.array([[1, 2], [3, 4]]), tokens=True)
    assert not is_table([np.array([1, 2]), np.array([3, 4])])
    assert not is_table([])
    assert not is_table(Panel.from_sequences([[1.0]]))


def test_dicts_in_lists_are_never_a_table():
    assert not is_table([[{"u": 1.0}], [{"u": 2.0}]])


def test_tokens_with_a_feature_axis():
    panel = check_sequences(np.array([[[1], [2]], [[3], [4]]]), tokens=True)
    assert_rows(panel, [np.array([1, 2]), np.array([3, 4])])


@pytest.mark.parametrize(
    "make",
    [
        lambda: frames(["u", "v"]),
        lambda: cells(np.array),
        lambda: pl.DataFrame(COLUMNS),
        lambda: pa.table(COLUMNS),
        lambda: [pl.from_dict(dict(zip("uv", zip(*s, strict=True), strict=True))) for s in NESTED],
    ],
    ids=["list of frames", "frame with sequences in cells", "polars", "pyarrow", "list of polars"],
)
def test_feature_names_come_from_columns(make):
    assert check_sequences(make()).feature_names == ("u", "v")


def test_feature_names_are_strings_or_nothing():
    assert check_sequences(frames([0, 1])).feature_names is None


# -- Copies and dtypes


def test_panel_passes_through_uncopied():
    panel = Panel.from_sequences(NESTED, dtype=np.float32)
    assert check_sequences(panel) is panel
    assert check_sequences(panel, dtype=np.float32) is panel
    tokens = Panel.from_sequences(TOKENS)
    assert check_sequences(tokens, tokens=True) is tokens


def test_panel_is_cast_and_keeps_what_it_carries():
    panel = Panel.from_sequences(NESTED, feature_names=["u", "v"])
    panel.index = pd.Index(list("abcd"))
    cast = check_sequences(panel, dtype=np.float32)
    assert cast.dtype == np.float32
    assert cast.feature_names == ("u", "v")
    assert cast.index.tolist() == list("abcd")
    assert check_sequences(panel) is panel


def test_integer_panel_without_vocabulary_is_numbers():
    panel = check_sequences(Panel.from_sequences(TOKENS))
    assert_rows(panel, [np.float64(s)[:, None] for s in TOKENS])


def test_float32_array_is_not_copied():
    X = np.zeros((3, 4, 2), np.float32)
    assert np.shares_memory(check_sequences(X).values, X)
    assert np.shares_memory(check_sequences(torch.from_numpy(X)).values, X)


def test_checking_a_panel_needs_little_memory():
    panel = Panel(np.zeros((2_000_000, 4), np.float32), np.arange(0, 2_000_001, 100))
    tracemalloc.start()
    check_sequences(panel)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < panel.values.nbytes / 10


def test_values_beyond_the_first_block_are_checked(monkeypatch):
    monkeypatch.setattr(_validation, "_CHECK_BLOCK", 4)
    values = np.zeros((9, 2), np.float32)
    values[7, 1] = np.nan
    with pytest.raises(ValueError, match=r"X\[1\] contains NaN at time step 3, feature 1\."):
        check_sequences(Panel(values, [0, 4, 9]))


# -- Padding


ragged = st.lists(
    st.lists(st.sampled_from([1.0, 2.0, -3.5]), min_size=1, max_size=5), min_size=1, max_size=6
)


@given(ragged, st.sampled_from([0.0, -1.0, 99.5, np.nan]), st.booleans(), st.integers(0, 2))
def test_padding_is_dropped_from_either_end(sequences, value, pre, extra):
    width = max(map(len, sequences)) + extra
    rows = [
        [value] * (width - len(s)) + s if pre else s + [value] * (width - len(s)) for s in sequences
    ]
    expected = [np.float64(s)[:, None] for s in sequences]
    for X in (rows, np.array(rows), np.array(rows)[:, :, None], pd.DataFrame(rows)):
        assert_rows(check_sequences(X, padding_value=value), expected)
        assert not is_table(X, padding_value=value)
    spans = read_spans(rows, padding_value=value, caller="f")
    assert spans.lengths.tolist() == list(map(len, sequences))
    if any(len(s) < width for s in sequences):
        first, untrimmed_lengths = spans.untrimmed
        assert first.tolist() == [width - len(s) if pre else 0 for s in sequences]
        assert untrimmed_lengths.tolist() == [width] * len(rows)
    else:
        assert spans.untrimmed is None


def test_padding_value_between_other_steps_stays():
    panel = check_sequences(np.array([[0.0, 1.0, 0.0, 2.0, 0.0]]), padding_value=0)
    assert panel.values.ravel().tolist() == [1, 0, 2]


def test_padding_needs_all_features_of_a_step():
    X = np.array([[[0.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 0.0]]])
    panel = check_sequences(X, padding_value=0)
    np.testing.assert_array_equal(panel.values, [[0, 1], [2, 0]])


def test_padding_of_tokens():
    expected = [np.array([4, 0, 2]), np.array([7])]
    for value in (-1, np.nan):
        X = np.array([[4, 0, 2], [value, value, 7]])
        assert_rows(check_sequences(X, tokens=True, padding_value=value), expected)


def test_nothing_is_copied_where_nothing_is_padded():
    panel = Panel.from_sequences(NESTED, dtype=np.float32)
    assert check_sequences(panel, padding_value=0.0) is panel


def test_padding_keeps_what_the_panel_carries():
    panel = Panel(np.float32([[1.0], [0.0], [2.0]]), [0, 2, 3], index=["a", "b"])
    trimmed = check_sequences(panel, padding_value=0)
    assert trimmed.lengths.tolist() == [1, 1]
    assert trimmed.index.tolist() == ["a", "b"]


def test_unchecked_values_are_unchanged():
    assert np.isnan(read_spans([[np.nan]], finite=False, caller="f").values).all()


# -- Invalid input

ACCEPTED = (
    " Pass a 2-D array (n_samples, n_timesteps), a 3-D array (n_samples, n_timesteps, "
    "n_features), a list with one array of shape (n_timesteps,) or (n_timesteps, n_features) per "
    "sample, or a Panel."
)
VIDEOS = (
    " Videos have one frame per time step: pass an array (n_samples, n_timesteps, height, width) "
    "or (n_samples, n_timesteps, height, width, channels), or a list with one array per sample."
)
RESHAPE = (
    " Expected 2D array, got 1D array instead. Reshape your data. If X is one sequence of {}, pass "
    "[X]; if each value is a sample of one time step, pass [[x] for x in X]."
)
EMPTY = " is an empty sequence. Every sample needs at least one time step: drop it, from y too."
IMPUTE = " Impute missing values first, or set padding_value if they are padding."
CLIP = (
    " Clip such values with np.clip(x, low, high), or bring large ones into range with "
    "TimeDistributed(StandardScaler())."
)
VECTORIZE = (
    " Convert text to token ids with sk_rnn.preprocessing.SequenceVectorizer: "
    "make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=64))."
)
ENCODE = VECTORIZE + " Encode categories with TimeDistributed(OneHotEncoder())."
RECIPE = (
    " Convert them to numbers with sk_rnn.preprocessing.TimeDistributed: "
    "make_pipeline(TimeDistributed(DictVectorizer()), RNNClassifier())."
)
DICTS = " (argument must be a string or a number, not a dict)." + RECIPE
HOLDS_DICTS = " holds dicts where numbers are expected, for example {'u': 1}" + DICTS
RAGGED = ": time steps differ in their number of features. Give each step the same number."
ONE_PER_SAMPLE = " Pass one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample."
NULL = "[1] is null. Drop samples without a sequence, from y too."
NOTHING = " has 0 sample(s) while a minimum of 1 is required."
DEEPER = ": time steps hold lists of lists. Pass numbers, or one list of numbers per time step."
NO_CONTAINER = ", which is not a container of sequences." + ACCEPTED

KINDS = [
    (None, " is None" + NO_CONTAINER),
    ((x for x in [[1.0]]), " is a generator" + NO_CONTAINER),
    (map(list, [[1.0]]), " is a map" + NO_CONTAINER),
    ("abc", " is a str" + NO_CONTAINER),
    (b"abc", " is a bytes" + NO_CONTAINER),
    ({"a": [1.0]}, " is a dict" + NO_CONTAINER),
    ({1.0, 2.0}, " is a set" + NO_CONTAINER),
    (3, " is an int" + NO_CONTAINER),
    (np.float64(3), " is a single value, 3.0." + ACCEPTED),
    (np.array(3), " is a single value, 3." + ACCEPTED),
    (torch.tensor(3.0), " is a single value, 3.0." + ACCEPTED),
    (
        scipy.sparse.eye_array(3).tocsr(),
        " is sparse, and sparse data is not supported. Pass X.toarray().",
    ),
    (
        torch.eye(3).to_sparse(),
        " is sparse, and sparse data is not supported. Pass X.to_dense().",
    ),
    (
        pa.array([1.0, 2.0]),
        " is a pyarrow DoubleArray of double, not of lists. If it is one sequence, pass [X]; "
        "otherwise an array of lists, one per sample.",
    ),
    (["abc", "de"], "[0] is 'abc', one string, where a sequence is expected." + VECTORIZE),
    (np.array(["abc"]), "[0] is 'abc', one string, where a sequence is expected." + VECTORIZE),
    (
        [{"u": 1.0}, {"v": 2.0}],
        "[0] is a dict, where a list with one dict per time step is expected. If X is one "
        "sequence of "
        "2 time steps, pass [X]; if each dict is a sample of one time step, pass [[x] for x in X]."
        + RECIPE,
    ),
    ([[1.0], None], "[1] is None, which is not a sequence of time steps." + ONE_PER_SAMPLE),
    ([[1.0], {1: 2}], "[1] is a dict, which is not a sequence of time steps." + ONE_PER_SAMPLE),
    (
        [[1.0], (x for x in [1.0])],
        "[1] is a generator, which is not a sequence of time steps." + ONE_PER_SAMPLE,
    ),
    (
        np.array([[{"foo": "bar"}, 1.0]], dtype=object),
        " holds dicts where numbers are expected, for example {'foo': 'bar'}" + DICTS,
    ),
    ([[{"u": 1}]], "[0] holds dicts where numbers are expected, for example {'u': 1}" + DICTS),
    (pl.Series([[{"u": 1}]]), HOLDS_DICTS),
    (pa.array([[{"u": 1}]]), HOLDS_DICTS),
    (ak.Array([[{"u": 1}]]), HOLDS_DICTS),
    (pl.LazyFrame({"u": [1.0]}), " is a LazyFrame" + NO_CONTAINER + " Pass X.collect()."),
    (
        [[pd.Period("2024-01")]],
        "[0] holds periods where numbers are expected, for example Period('2024-01', 'M'). Convert "
        "them to numbers: [period.ordinal for period in X[0]].",
    ),
]

VALUES = [
    (np.arange(3.0), "[0] is a single value, 0.0:" + RESHAPE.format("3 time steps")),
    ([1, 2], "[0] is a single value, 1:" + RESHAPE.format("2 time steps")),
    (pd.Series([1.0]), "[0] is a single value, 1.0:" + RESHAPE.format("1 time step")),
    ([[1.0], 2.0], "[1] is a single value, 2.0, but X[0] is a sequence." + ONE_PER_SAMPLE),
    (
        ak.Array([1.0, 2.0]),
        " holds single values instead of sequences. If it is one sequence, pass [X]; otherwise an "
        "array of lists, one per sample.",
    ),
    (np.zeros((1, 2, 3, 4, 5, 6)), " has 6 dimensions, shape (1, 2, 3, 4, 5, 6)." + VIDEOS),
    ([np.zeros((1, 2, 3, 4, 5))], "[0] has 5 dimensions, shape (1, 2, 3, 4, 5)." + VIDEOS),
    (
        [np.zeros((1, 2, 2)), np.zeros((1, 3, 2))],
        "[1] has frames of shape (3, 2), but X[0] has frames of shape (2, 2). Give all frames the "
        "same shape, for example by cropping or resizing them.",
    ),
    (
        [np.zeros((1, 2, 2)), np.zeros((1, 4))],
        "[1] has shape (1, 4), but X[0] has (1, 2, 2). Give all samples the same number of "
        "dimensions: (n_timesteps, height, width) for videos of one channel, (n_timesteps, "
        "height, width, channels) for several, (n_timesteps, n_features) for vectors.",
    ),
    (
        np.zeros((2, 3, 0, 4)),
        ": Found array with 0 feature(s) (shape=(2, 3, 0, 4)) while a minimum of 1 is required.",
    ),
    ([np.zeros((2, 0, 4))], " has 0 features per time step. Pass at least one."),
    (
        [np.zeros((1, 2, 2)), np.array([[[0, 1], [np.nan, 2]]])],
        "[1] contains NaN at time step 0, (1, 0) in the frame. Impute missing values first, or set "
        "padding_value if they are padding.",
    ),
    (
        np.zeros((0, 3)),
        ": Found array with 0 sample(s) (shape=(0, 3)) while a minimum of 1 is required.",
    ),
    (
        np.zeros((12, 0)),
        ": Found array with 0 feature(s) (shape=(12, 0)) while a minimum of 1 is required.",
    ),
    (
        pd.DataFrame(index=range(3)),
        ": Found array with 0 feature(s) (shape=(3, 0)) while a minimum of 1 is required.",
    ),
    ([], " has 0 sample(s) while a minimum of 1 is required."),
    (pd.Series([], dtype=object), " has 0 sample(s) while a minimum of 1 is required."),
    (
        pa.array([], type=pa.list_(pa.float64())),
        " has 0 sample(s) while a minimum of 1 is required.",
    ),
    (Panel.from_sequences([[1.0]])[:0], " has 0 sample(s) while a minimum of 1 is required."),
    ([[1.0], []], "[1]" + EMPTY),
    ([np.zeros((2, 2)), []], "[1]" + EMPTY),
    (np.zeros((2, 0, 3)), "[0]" + EMPTY),
    (ak.Array([[1.0], []]), "[1]" + EMPTY),
    (pa.array([[1.0], []]), "[1]" + EMPTY),
    (Panel(np.zeros((1, 1)), [0, 1, 1]), "[1]" + EMPTY),
    ([np.zeros((2, 0))], " has 0 features per time step. Pass at least one."),
    (
        [np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((1, 4))],
        "[2] has 4 features per time step, but X[0] has 3. Pass sequences of shape (n_timesteps, "
        "3).",
    ),
    (
        [np.zeros(2), np.zeros((2, 1))],
        "[1] is 2-dimensional, but X[0] is 1-dimensional. Give all samples the shape "
        "(n_timesteps,), or all the shape (n_timesteps, n_features).",
    ),
    ([[[1.0, 2.0], [3.0]]], "[0]" + RAGGED),
    (ak.Array([[[1.0, 2.0], [3.0]]]), RAGGED),
    (pa.array([[[1.0, 2.0], [3.0]]]), RAGGED),
    (list(pa.array([[[1.0, 2.0], [3.0]]])), "[0]" + RAGGED),
    ([pa.scalar([1.0]), pa.scalar(None, type=pa.list_(pa.float64()))], NULL),
    (pl.Series([[1.0], None]), NULL),
    (pl.Series([[[1.0]], None]), NULL),
    (pa.table({"u": [[1.0], None]}), "['u']" + NULL),
    (pl.DataFrame({"u": [[1.0], None]}), "['u']" + NULL),
    (pa.array([[1.0, 2.0], None], type=pa.list_(pa.float64(), 2)), NULL),
    (pa.chunked_array([[[1.0]], [None]]), NULL),
    (pl.Series([[1.0], []]), "[1]" + EMPTY),
    (pl.Series([[[1.0]], []]), "[1]" + EMPTY),
    (pa.chunked_array([], type=pa.list_(pa.float64())), NOTHING),
    (pl.Series([], dtype=pl.List(pl.Float64)), NOTHING),
    (pl.Series([[[1.0, 2.0], [3.0]]]), RAGGED),
    (pl.Series([[[1.0, 2.0], None]]), RAGGED),
    (pa.array([[[1.0, 2.0], None]]), RAGGED),
    ([pl.Series([[1.0, 2.0], [3.0]])], "[0]" + RAGGED),
    (pl.Series([[[[1.0]]]]), DEEPER),
    (pa.array([[[[1.0]]]]), DEEPER),
    (pl.Series([[1.0, None]]), "[0] contains NaN at time step 1." + IMPUTE),
    (pl.Series([[1, None]]), "[0] contains NaN at time step 1." + IMPUTE),
    (pl.Series([["a"]]), " holds strings where numbers are expected, for example 'a'." + ENCODE),
    (pa.array([[1.0], None]), "[1] is null. Drop samples without a sequence, from y too."),
    (ak.Array([[1.0], None]), " has missing samples. Drop them."),
    ([[1.0], [2.0, np.nan]], "[1] contains NaN at time step 1." + IMPUTE),
    ([[1.0], [2.0, None]], "[1] contains NaN at time step 1." + IMPUTE),
    (np.array([[1.0, np.nan]]), "[0] contains NaN at time step 1." + IMPUTE),
    (
        np.array([[[0.0, 1.0], [2.0, np.nan]]]),
        "[0] contains NaN at time step 1, feature 1." + IMPUTE,
    ),
    (
        [pd.DataFrame({"u": [1.0, 2.0], "v": [1.0, np.nan]})],
        "[0] contains NaN at time step 1, feature 'v'." + IMPUTE,
    ),
    (
        pd.DataFrame({"u": pd.array([1, None], dtype="Int64")}),
        "[1] contains NaN at time step 0." + IMPUTE,
    ),
    (pa.array([[1.0, None]]), "[0] contains NaN at time step 1." + IMPUTE),
    (
        [[1.0], [-np.inf]],
        "[1] contains infinity or a value too large for float64 at time step 0." + CLIP,
    ),
    (
        np.array([[1j]]),
        ": Complex data not supported. Pass real and imaginary parts as two features.",
    ),
    (
        [[1.0], [1j]],
        "[1]: Complex data not supported. Pass real and imaginary parts as two features.",
    ),
    (
        pd.DataFrame([[1j]]),
        ": Complex data not supported. Pass real and imaginary parts as two features.",
    ),
    ([["a", "b"]], "[0] holds strings where numbers are expected, for example 'a'." + ENCODE),
    ([[1.0, "b"]], "[0] holds strings where numbers are expected, for example 'b'." + ENCODE),
    (np.array([["a"]]), " holds strings where numbers are expected, for example 'a'." + ENCODE),
    (
        np.array([["1.5", "2"]]),
        " holds strings where numbers are expected, for example '1.5'. Convert them: "
        "np.asarray(X).astype(float).",
    ),
    (
        np.array([[b"a"]]),
        " holds bytes where numbers are expected, for example b'a'. Decode them: [text.decode() "
        "for text in X]." + ENCODE,
    ),
    (
        [[b"1.5"]],
        "[0] holds bytes where numbers are expected, for example b'1.5'. Convert them: "
        "np.asarray(X[0]).astype(float).",
    ),
    (
        np.array([["a"]], dtype=object),
        " holds strings where numbers are expected, for example 'a'." + ENCODE,
    ),
    (
        np.array([["2024-01-01"]], dtype="M8[D]"),
        " holds dates where numbers are expected, for example datetime.date(2024, 1, 1). Convert "
        "them to seconds: np.asarray(X).astype('datetime64[ms]').astype(float) / 1000.",
    ),
    (
        [[np.timedelta64(1, "D")]],
        "[0] holds durations where numbers are expected, for example datetime.timedelta(days=1). "
        "Convert them to seconds: np.asarray(X[0]).astype('timedelta64[ms]').astype(float) / 1000.",
    ),
    (
        [np.array([(1.0, 2.0)], dtype=[("u", "f8"), ("v", "f8")])],
        "[0] holds records where numbers are expected, for example (1.0, 2.0). Convert the fields "
        "to features: np.asarray(X[0]).tolist().",
    ),
    (
        [np.array([1.0, [2.0]], dtype=object)],
        "[0] mixes sequences and single values. Give each time step the same number.",
    ),
    (
        [[1, 10**400]],
        "[0] holds 100000000000000000000000000000000000000000000000000000000..., which is too "
        "large for any float." + CLIP,
    ),
    (
        pd.DataFrame({"u": [1.0], "t": pd.array(["2024-01-01"], dtype="datetime64[ns]")}),
        " has column 't' of dtype datetime64[ns] where numbers are expected. Convert it to seconds "
        "with (pd.to_datetime(X['t']) - pd.to_datetime(X['t']).min()).dt.total_seconds(), or drop "
        "it. If the rows of X are time steps, group the rows into sequences by id: "
        "Panel.from_frame(X, by=..., order_by='t').",
    ),
    (
        [pd.DataFrame({"u": [1.0], "t": pd.array([5], dtype="timedelta64[ns]")})],
        "[0] has column 't' of dtype timedelta64[ns] where numbers are expected. Convert it to "
        "seconds with pd.to_timedelta(X[0]['t']).dt.total_seconds(), or drop it.",
    ),
    (
        pd.DataFrame({"u": pd.Categorical(["a"])}),
        " has column 'u' of dtype category where numbers are expected. If it holds text, pass "
        "X['u'] and convert it to token ids with sk_rnn.preprocessing.SequenceVectorizer: "
        "make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=64)); otherwise drop it.",
    ),
    (
        [pd.Series(["a", "b"], dtype="category")],
        "[0] holds categories where numbers are expected, for example 'a'. Encode them with "
        "TimeDistributed(OneHotEncoder()), or pass X[0].cat.codes as token ids.",
    ),
    (
        [pd.DataFrame({"u": [1.0]}), pd.DataFrame({"u": pd.Categorical(["a"])})],
        "[1] has column 'u' of dtype category where numbers are expected. Encode it with "
        "TimeDistributed(make_column_transformer((OneHotEncoder(), ['u']), "
        "remainder='passthrough')), or drop it.",
    ),
    (
        [pd.DataFrame({"u": [1.0], "v": [1.0]}), pd.DataFrame({"v": [1.0], "u": [1.0]})],
        "[1] has columns ['v', 'u'], but X[0] has ['u', 'v']. Give all frames the same columns in "
        "the same order.",
    ),
    (
        [pd.DataFrame({"u": [1.0]}), pd.DataFrame({"u": [1.0], "v": [1.0]})],
        "[1] has columns ['u', 'v'], but X[0] has ['u']. Give all frames the same columns in the "
        "same order.",
    ),
    (
        pd.DataFrame({"u": [[1.0], [1.0]], "v": [[1.0], [1.0, 2.0]]}),
        "['v'][1] has 2 time steps, but X['u'][1] has 1. The cells of a row are the features of "
        "one sequence, so they must have the same length.",
    ),
    (
        pd.DataFrame({"u": [np.zeros((3, 2))], "v": [np.zeros(3)]}),
        "['u'] has 2 features per time step, but with several columns, each must be a single "
        "feature. Pass this column alone.",
    ),
    (
        pd.DataFrame({"u": [[1.0], [2.0]], "v": [[1.0], 2.0]}),
        "['v'][1] is a single value, 2.0, but X['v'][0] is a sequence." + ONE_PER_SAMPLE,
    ),
    (
        np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]]),
        " has masked values. Fill them, or cut masked ends with Panel.from_padded(X, lengths).",
    ),
    (
        [np.ma.masked_array([1.0, 2.0], mask=[False, True])],
        "[0] has masked values. Fill them, or cut masked ends with Panel.from_padded(X, lengths).",
    ),
    (
        ak.Array([[1.0, None]]),
        " has masked values. Fill them, or cut masked ends with Panel.from_padded(X, lengths).",
    ),
    (
        pd.DataFrame(
            {"heat": [1.0]}, index=pd.MultiIndex.from_tuples([(0, 0)], names=["id", "time"])
        ),
        " is a frame with the MultiIndex ['id', 'time']. If its rows are time steps, group the "
        "rows into samples by id with Panel.from_frame(df, by=..., order_by=...); if they are "
        "samples, pass df.reset_index(drop=True).",
    ),
    (
        Panel(np.array([1, 2]), [0, 2], n_tokens=5),
        " holds token ids from a vocabulary of 5, where numbers are expected. Set embedding_dim.",
    ),
]


def full_message(call):
    with pytest.raises((TypeError, ValueError)) as error:
        call()
    return type(error.value), str(error.value)


@pytest.mark.parametrize(("X", "message"), KINDS, ids=lambda x: x[:25] if type(x) is str else "")
def test_invalid_types_raise(X, message):
    kind, text = full_message(lambda: check_sequences(X, caller="RNNClassifier.fit"))
    assert text == "RNNClassifier.fit: X" + message
    assert kind is TypeError


@pytest.mark.parametrize(("X", "message"), VALUES, ids=lambda x: x[:25] if type(x) is str else "")
def test_invalid_values_raise(X, message):
    kind, text = full_message(lambda: check_sequences(X, caller="RNNClassifier.fit"))
    assert text == "RNNClassifier.fit: X" + message
    assert kind is ValueError


@pytest.mark.parametrize(
    ("X", "kwargs", "message"),
    [
        (
            [[1, 2], [3, -1]],
            {},
            "[1] has token id -1 at time step 1, but token ids start at 0. If it is padding, set "
            "padding_value.",
        ),
        (
            np.array([[2**64 - 1]], dtype=np.uint64),
            {},
            "[0] has token id 18446744073709551615 at time step 0, which is too large for int64. "
            "Map tokens to consecutive ids from 0, as "
            "sk_rnn.preprocessing.SequenceVectorizer(analyzer=list) does.",
        ),
        (
            [[1.0, 2.5]],
            {},
            "[0] has 2.5 at time step 1, but token ids are integers. Pass integers, or leave "
            "embedding_dim unset for numbers.",
        ),
        (
            [[1e300]],
            {},
            "[0] has 1e+300 at time step 0, but token ids are integers. Pass integers, or leave "
            "embedding_dim unset for numbers.",
        ),
        ([[1.0, np.nan]], {}, "[0] contains NaN at time step 1." + IMPUTE),
        ([[True]], {}, " holds booleans where token ids are expected. Pass integers."),
        (
            np.zeros((2, 3, 4), int),
            {},
            " has 4 features per time step, but token ids are one integer per time step. Pass "
            "sequences of shape (n_timesteps,).",
        ),
        (
            Panel.from_sequences(NESTED),
            {},
            " has 2 features per time step, but token ids are one integer per time step. Pass "
            "sequences of shape (n_timesteps,).",
        ),
        (
            [[1, 0], [0, 0]],
            {"padding_value": 0},
            "[1] is an empty sequence: all its time steps equal padding_value=0. Drop it, from y "
            "too.",
        ),
    ],
)
def test_invalid_tokens_raise(X, kwargs, message):
    kind, text = full_message(lambda: check_sequences(X, tokens=True, caller="f", **kwargs))
    assert (kind, text) == (ValueError, "f: X" + message)


def test_messages_name_the_argument():
    _, text = full_message(lambda: check_sequences([[]], caller="f", input_name="X_val"))
    assert text == "f: X_val[0]" + EMPTY


def test_token_range():
    panel = Panel.from_sequences([[0, 1], [2, 7]])
    check_token_range(panel, 8)
    with pytest.raises(ValueError) as error:
        check_token_range(panel, 7, "RNNClassifier.predict")
    assert str(error.value) == (
        "RNNClassifier.predict: X[1] has token id 7 at time step 1, but the vocabulary has 7 "
        "tokens, 0 to 6. Map unknown tokens to a separate id, or fit with a larger "
        "vocabulary."
    )


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=12,
)


@given(junk, st.booleans(), st.sampled_from([None, 0, np.nan]))
def test_any_input_gives_a_valid_panel_or_a_clear_error(X, tokens, padding_value):
    message = ""
    try:
        panel = check_sequences(X, tokens=tokens, padding_value=padding_value, caller="f")
    except (TypeError, ValueError) as error:
        message = str(error)
    if message:
        assert message.startswith("f: X")
    else:
        assert panel.lengths.min() > 0
        assert panel.is_tokens == tokens
        assert np.isfinite(panel.values).all()


def test_complex_scalars_among_objects_raise():
    X = np.array([[np.complex64(1 + 2j), 1.0]], dtype=object)
    with pytest.raises(ValueError, match="Complex data not supported"):
        check_sequences(X)
