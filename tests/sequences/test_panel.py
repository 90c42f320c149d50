import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, train_test_split
from sklearn.utils import _safe_indexing

from sk_rnn.sequences import Panel, _layout


def make_panel(lengths, n_features=2, seed=0, **kwargs):
    rng = np.random.RandomState(seed)
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    values = rng.standard_normal((offsets[-1], n_features)).astype(np.float32)
    return Panel(values, offsets, **kwargs)


def make_tokens(lengths, seed=0, **kwargs):
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    return Panel(np.random.RandomState(seed).randint(0, 9, offsets[-1]), offsets, **kwargs)


def assert_same(panel, other):
    np.testing.assert_array_equal(panel.values, other.values, strict=True)
    np.testing.assert_array_equal(panel.offsets, other.offsets, strict=True)
    assert panel.feature_names == other.feature_names
    assert panel.n_tokens == other.n_tokens
    assert (panel.index is None) == (other.index is None)
    if panel.index is not None:
        pd.testing.assert_index_equal(panel.index, other.index)


lengths_of_samples = st.lists(st.integers(0, 6), min_size=1, max_size=8)


# -- Construction and repr


def test_panel_keeps_values_without_a_copy():
    values, offsets = np.ones((3, 2), np.float32), np.array([0, 1, 3])
    panel = Panel(values, offsets)
    assert panel.values is values
    assert panel.offsets is offsets


def test_repr_of_a_panel():
    panel = make_panel([2, 0, 3], feature_names=["a", "b"], index=["x", "y", "z"])
    assert (len(panel), panel.shape, panel.ndim) == (3, (3,), 1)
    assert (panel.n_features, panel.is_tokens, panel.dtype) == (2, False, np.float32)
    assert panel.lengths.tolist() == [2, 0, 3]
    assert panel.feature_names == ("a", "b")
    assert repr(panel) == "Panel(n_samples=3, n_timesteps=0..3, n_features=2, dtype=float32)"


def test_repr_of_a_token_panel():
    panel = make_tokens([2, 1], n_tokens=9)
    assert (panel.n_features, panel.is_tokens, panel.n_tokens) == (1, True, 9)
    assert repr(panel) == "Panel(n_samples=2, n_timesteps=1..2, tokens, n_tokens=9)"


def test_panel_without_samples_is_possible():
    panel = make_panel([2])[:0]
    assert len(panel) == 0
    assert repr(panel) == "Panel(n_samples=0, n_timesteps=0, n_features=2, dtype=float32)"
    assert panel.to_padded().shape == (0, 0, 2)


F32 = np.zeros((3, 2), np.float32)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"values": np.zeros((3, 2), int), "offsets": [0, 3]},
            "Panel: values must be a float32 or float64 array of shape (total_steps, n_features), "
            "or an integer array of shape (total_steps,); got a ndarray of int64 of shape (3, 2). "
            "Panel.from_sequences converts other containers.",
        ),
        (
            {"values": F32[:, 0], "offsets": [0, 3]},
            "Panel: values must be a float32 or float64 array of shape (total_steps, n_features), "
            "or an integer array of shape (total_steps,); got a ndarray of float32 of shape (3,). "
            "Panel.from_sequences converts other containers.",
        ),
        (
            {"values": np.ma.masked_array(F32), "offsets": [0, 3]},
            "Panel: values must be a float32 or float64 array of shape (total_steps, n_features), "
            "or an integer array of shape (total_steps,); got a MaskedArray of float32 of shape "
            "(3, 2). Panel.from_sequences converts other containers.",
        ),
        (
            {"values": F32, "offsets": [0.0, 3.0]},
            "Panel: offsets must be integers of shape (n_samples + 1,); got float64 of shape (2,).",
        ),
        (
            {"values": F32, "offsets": []},
            "Panel: offsets must be integers of shape (n_samples + 1,); got float64 of shape (0,).",
        ),
        (
            {"values": F32, "offsets": [0, 2]},
            "Panel: offsets must start at 0, never decrease, and end at len(values) = 3; got "
            "[0 2].",
        ),
        (
            {"values": F32, "offsets": [0, 2, 1, 3]},
            "Panel: offsets must start at 0, never decrease, and end at len(values) = 3; got "
            "[0 2 1 3].",
        ),
        (
            {"values": F32, "offsets": [0, 3], "index": ["a", "b"]},
            "Panel: index has 2 entries, but there are 1 samples. Pass one per sample.",
        ),
        (
            {"values": F32, "offsets": [0, 3], "feature_names": ["a"]},
            "Panel: feature_names has 1 entries, but values has 2 features. Pass one name per "
            "feature.",
        ),
        (
            {"values": F32, "offsets": [0, 3], "times": [1, 2]},
            "Panel: times has 2 entries, but there are 3 time steps. Pass one per time step.",
        ),
        (
            {"values": F32, "offsets": [0, 3], "n_tokens": 5},
            "Panel: n_tokens is for token ids; values has numbers. Leave it out.",
        ),
    ],
)
def test_panel_raises(kwargs, message):
    with pytest.raises(ValueError) as error:
        Panel(**kwargs)
    assert str(error.value) == message


# -- Indexing


@given(lengths_of_samples, st.data())
def test_indexing_equals_a_list(lengths, data):
    n = len(lengths)
    panel = make_panel(lengths, index=np.arange(n) * 10, feature_names=["a", "b"])
    rows = data.draw(st.lists(st.integers(-n, n - 1), max_size=10))
    mask = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    cut = data.draw(st.slices(n))
    sequences = list(panel)
    for key, expected in [
        (rows, [sequences[i] for i in rows]),
        (np.array(rows, dtype=np.intp), [sequences[i] for i in rows]),
        (np.array(mask), [s for s, keep in zip(sequences, mask, strict=True) if keep]),
        (mask, [s for s, keep in zip(sequences, mask, strict=True) if keep]),
        (cut, sequences[cut]),
    ]:
        for taken in (panel[key], panel[key, ...]):
            assert len(taken) == len(expected)
            for got, array in zip(taken, expected, strict=True):
                np.testing.assert_array_equal(got, array, strict=True)
            np.testing.assert_array_equal(taken.index, panel.index[key])
            assert taken.feature_names == panel.feature_names


def test_indexing_in_blocks_equals_a_list(monkeypatch):
    monkeypatch.setattr(_layout, "_BLOCK", 5)
    panel = make_panel([3, 9, 0, 1, 4, 2])
    rows = [1, 0, 3, 5, 2, 4, 1]
    for got, row in zip(panel[rows], rows, strict=True):
        np.testing.assert_array_equal(got, panel[row])


def test_indexing_by_int_and_slice_gives_views():
    panel = make_panel([2, 3, 1])
    assert np.shares_memory(panel[1], panel.values)
    assert np.shares_memory(panel[np.int64(-1)], panel.values)
    assert np.shares_memory(panel[1:].values, panel.values)
    assert panel[2:1].shape == (0,)


def test_indexing_keeps_n_tokens():
    tokens = make_tokens([2, 1, 3], n_tokens=9)
    assert tokens[[0, 2]].n_tokens == tokens[1:].n_tokens == 9


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, "Panel: index 3 is out of range for 3 samples. Pass integers from -3 to 2."),
        (-4, "Panel: index -4 is out of range for 3 samples. Pass integers from -3 to 2."),
        ([0, 5], "Panel: index 5 is out of range for 3 samples. Pass integers from -3 to 2."),
        (
            [True, False],
            "Panel: the boolean mask has 2 entries, but there are 3 samples. Pass one per sample.",
        ),
        (
            [0.5],
            "Panel: got float64 of shape (1,) as the index. Pass an integer, a slice, or a 1-D "
            "array of integers or booleans.",
        ),
        (
            (0, 1),
            "Panel: got the index (0, 1), but there is one dimension, the samples. Slice time "
            "steps and features sample by sample, or panel.values.",
        ),
    ],
)
def test_indexing_raises(key, message):
    with pytest.raises(IndexError) as error:
        make_panel([1, 2, 3])[key]
    assert str(error.value) == message


def test_scikit_learn_slices_panels():
    panel = make_panel([2, 3, 1, 4, 2, 5], index=list("abcdef"))
    train, test = train_test_split(panel, test_size=2, random_state=0)
    assert isinstance(train, Panel)
    assert sorted([*train.index, *test.index]) == list("abcdef")
    for rows, _ in KFold(3).split(panel):
        assert_same(_safe_indexing(panel, rows), panel[rows])
    assert_same(_safe_indexing(panel, [True, False] * 3), panel[::2])
    assert_same(_safe_indexing(panel, slice(1, 3)), panel[1:3])
    np.testing.assert_array_equal(_safe_indexing(panel, 2), panel[2])


# -- NumPy, pickle, memory maps


def test_numpy_sees_an_object_array_of_sequences():
    for lengths in ([2, 1], [2, 2]):
        panel = make_panel(lengths)
        array = np.asarray(panel)
        assert array.shape == (2,)
        assert array.dtype == object
        np.testing.assert_array_equal(array[1], panel[1])


def test_panel_cannot_become_a_numeric_array():
    with pytest.raises(TypeError, match="cannot be converted to an array of float64") as error:
        np.asarray(make_panel([2, 1]), dtype=float)
    assert "panel.to_padded()" in str(error.value)
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(make_panel([2, 1]), copy=False)


def test_pickle_round_trip():
    panel = make_panel([2, 3], index=["a", "b"], feature_names=["u", "v"])
    assert_same(pickle.loads(pickle.dumps(panel)), panel)
    tokens = make_tokens([2, 3], n_tokens=9)
    assert_same(pickle.loads(pickle.dumps(tokens)), tokens)


def test_memory_map_is_kept(tmp_path):
    panel = make_panel([20, 30, 1])
    joblib.dump(panel, tmp_path / "panel")
    mapped = joblib.load(tmp_path / "panel", mmap_mode="r")
    assert isinstance(mapped.values, np.memmap)
    assert isinstance(mapped[1:].values, np.memmap)
    assert isinstance(Panel(mapped.values, mapped.offsets).values, np.memmap)
    assert_same(mapped[[2, 0]], panel[[2, 0]])


# -- Concatenation


@given(lengths_of_samples, st.integers(0, 8))
def test_concatenate_undoes_a_cut(lengths, at):
    panel = make_panel(lengths, index=[f"s{i}" for i in range(len(lengths))])
    assert_same(Panel.concatenate([panel[:at], panel[at:]]), panel)


def test_concatenate_keeps_an_index_only_if_all_have_one():
    assert Panel.concatenate([make_panel([1], index=["a"]), make_panel([1])]).index is None


@pytest.mark.parametrize(
    ("panels", "message"),
    [
        ([], "Panel.concatenate: got no panels. Pass at least one."),
        (
            [make_panel([1]), make_panel([1], n_features=3)],
            "Panel.concatenate: panels[1] has 3 features, but panels[0] has 2 features. Pass "
            "panels of the same features.",
        ),
        (
            [make_panel([1]), make_panel([1], feature_names=["u", "v"])],
            "Panel.concatenate: panels[1] has 2 features ['u', 'v'], but panels[0] has 2 "
            "features. Pass panels of the same features.",
        ),
        (
            [make_tokens([1], n_tokens=9), make_tokens([1], n_tokens=8)],
            "Panel.concatenate: panels[1] has tokens from a vocabulary of 8, but panels[0] has "
            "tokens from a vocabulary of 9. Pass panels of the same features.",
        ),
    ],
)
def test_concatenate_raises(panels, message):
    with pytest.raises(ValueError) as error:
        Panel.concatenate(panels)
    assert str(error.value) == message


# -- Lists and padded arrays


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_from_sequences_undoes_to_list(lengths):
    panel, tokens = make_panel(lengths), make_tokens(lengths)
    assert_same(Panel.from_sequences(panel.to_list()), panel)
    assert_same(Panel.from_sequences(panel), panel)
    assert_same(Panel.from_sequences(tokens.to_list()), tokens)


def test_from_sequences_decides_on_a_dtype():
    assert Panel.from_sequences([[0.5]]).dtype == np.float64
    assert Panel.from_sequences([np.float32([0.5])]).dtype == np.float32
    assert Panel.from_sequences([np.float16([0.5])]).dtype == np.float32
    assert Panel.from_sequences([[1], [2]]).is_tokens
    assert Panel.from_sequences([[[1, 2]], [[3, 4]]]).dtype == np.float64
    assert Panel.from_sequences(np.ones((2, 1, 2), np.int16)).dtype == np.float32
    assert Panel.from_sequences([[1], [2]], dtype=np.float64).dtype == np.float64


def test_from_sequences_takes_names_from_frames_or_from_the_caller():
    frames = [pd.DataFrame({"u": [1.0], "v": [2.0]})]
    assert Panel.from_sequences(frames).feature_names == ("u", "v")
    assert Panel.from_sequences(frames, feature_names=["p", "q"]).feature_names == ("p", "q")


def test_from_sequences_keeps_the_index_of_samples():
    index = pd.Index(["p", "q"], name="patient")
    for values in ([[1.0, 2.0], [3.0]], [[1, 2], [3]]):
        cells = pd.Series(values, index=index, name="u")
        for sequences in (cells, cells.to_frame()):
            panel = Panel.from_sequences(sequences)
            pd.testing.assert_index_equal(panel.index, index)
            assert panel.to_frame().index.names == ["patient", "step"]
    table = pd.DataFrame(np.ones((2, 3)), index=index)
    pd.testing.assert_index_equal(Panel.from_sequences(table).index, index)
    assert Panel.from_sequences([[1.0], [2.0]]).index is None


def test_index_of_several_levels_is_kept_in_frames():
    index = pd.MultiIndex.from_tuples([("a", 1), ("b", 1)], names=["shop", "item"])
    frame = Panel.from_sequences(pd.Series([[1.0, 2.0], [3.0]], index=index)).to_frame()
    assert frame.index.names == ["shop", "item", "step"]
    assert frame.index.tolist() == [("a", 1, 0), ("a", 1, 1), ("b", 1, 0)]


@given(lengths_of_samples, st.sampled_from([0.0, -1.0, np.nan]))
def test_from_padded_undoes_to_padded(lengths, value):
    panel, tokens = make_panel(lengths), make_tokens(lengths)
    padded = panel.to_padded(value)
    assert padded.shape == (len(lengths), max(lengths), 2)
    assert_same(Panel.from_padded(padded, lengths), panel)
    assert_same(Panel.from_padded(tokens.to_padded(-1), lengths), tokens)
    for i, length in enumerate(lengths):
        np.testing.assert_array_equal(padded[i, length:], np.full_like(padded[i, length:], value))


def test_from_padded_univariate():
    panel = Panel.from_padded([[1.0, 2.0], [3.0, 0.0]], [2, 1])
    np.testing.assert_array_equal(panel.values, [[1.0], [2.0], [3.0]])


@pytest.mark.parametrize(
    ("X", "lengths", "message"),
    [
        (
            [1.0],
            [1],
            "Panel.from_padded: X has 1 dimensions. Pass an array of shape (n_samples, "
            "n_timesteps) or (n_samples, n_timesteps, n_features).",
        ),
        (
            [[1.0]],
            [1, 1],
            "Panel.from_padded: lengths must be 1 integers, one per sample of X; got int64 of "
            "shape (2,).",
        ),
        (
            [[1.0]],
            [1.0],
            "Panel.from_padded: lengths must be 1 integers, one per sample of X; got float64 of "
            "shape (1,).",
        ),
        (
            [[1.0], [1.0]],
            [1, 2],
            "Panel.from_padded: lengths[1] is 2, but X has 1 time steps. Pass numbers from 0 to 1.",
        ),
    ],
)
def test_from_padded_raises(X, lengths, message):
    with pytest.raises(ValueError) as error:
        Panel.from_padded(X, lengths)
    assert str(error.value) == message


# -- Long frames


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_from_frame_undoes_to_frame_in_any_row_order(lengths, random):
    index = pd.Index([f"id{i}" for i in range(len(lengths))], name="id")
    panel = make_panel(lengths, index=index, feature_names=["u", "v"])
    rows = list(range(sum(lengths)))
    random.shuffle(rows)
    frame = panel.to_frame().iloc[rows]
    assert_same(
        Panel.from_frame(frame.astype(np.float32), by="id", order_by="step"),
        panel,
    )
    assert_same(Panel.from_frame(frame.reset_index(), by="id", order_by="step"), panel)


def test_from_frame_undoes_to_frame_of_tokens():
    tokens = make_tokens([2, 1, 3], index=pd.Index([4, 5, 6], name="doc"))
    frame = tokens.to_frame()
    assert frame.columns.tolist() == ["token"]
    assert_same(Panel.from_frame(frame, by="doc", order_by="step", columns="token"), tokens)
    tokens = make_tokens([2, 1, 3], index=pd.Index([4, 5, 6], name="doc"), n_tokens=9)
    assert_same(Panel.from_frame(frame, by="doc", order_by="step", n_tokens=9), tokens)


# -- Times


def make_timed(lengths):
    """Make a panel whose times are the positions of its steps."""
    panel = make_panel(lengths)
    return Panel(panel.values, panel.offsets, times=pd.Index(np.arange(sum(lengths)), name="t"))


@given(lengths_of_samples, st.data())
def test_times_follow_their_steps(lengths, data):
    panel, n = make_timed(lengths), len(lengths)
    rows = data.draw(st.lists(st.integers(-n, n - 1), max_size=10))
    starts = np.array([data.draw(st.integers(0, length)) for length in lengths])
    cut = panel[data.draw(st.slices(n))]
    for taken in (
        panel[rows],
        cut,
        panel.cut(starts, panel.lengths),
        Panel.concatenate([panel[rows], cut]),
        pickle.loads(pickle.dumps(panel)),
    ):
        np.testing.assert_array_equal(panel.values[taken.times], taken.values)
        assert taken.times.name == "t"
    assert Panel.concatenate([panel, make_panel([1])]).times is None


def test_times_are_copied_only_where_values_are():
    panel = make_timed([2, 3, 1])
    assert np.shares_memory(panel[1:].times.to_numpy(), panel.times.to_numpy())


def test_from_frame_keeps_times_and_to_frame_gives_them_back(runs):
    panel = Panel.from_frame(runs, by="run", order_by="time")
    expected = runs.sort_values(["run", "time"])
    assert panel.times.tolist() == expected["time"].tolist()
    frame = panel.to_frame()
    assert frame.index.names == ["run", "time"]
    pd.testing.assert_frame_equal(
        frame.reset_index(), expected.reset_index(drop=True).astype({"load": float})
    )
    assert_same(Panel.from_frame(frame, by="run", order_by="time"), panel)
    assert Panel.from_frame(runs, by="run", columns=["heat"]).times is None


@pytest.fixture
def runs():
    return pd.DataFrame(
        {
            "run": ["b", "a", "b", "a"],
            "time": pd.to_datetime(["2024-01-02", "2024-01-02", "2024-01-01", "2024-01-01"]),
            "heat": [1.0, 2.0, 3.0, 4.0],
            "load": [1, 2, 3, 4],
        }
    )


def test_from_frame_sorts_samples_by_id_and_steps_by_time(runs):
    panel = Panel.from_frame(runs, by="run", order_by="time")
    assert panel.index.tolist() == ["a", "b"]
    assert panel.index.name == "run"
    assert panel.feature_names == ("heat", "load")
    np.testing.assert_array_equal(panel[0], [[4, 4], [2, 2]])
    labels = pd.Series({"b": 1, "a": 0})
    assert labels.loc[panel.index].tolist() == [0, 1]


def test_from_frame_without_order_keeps_the_order_of_rows(runs):
    panel = Panel.from_frame(runs, by="run", columns=["heat"])
    np.testing.assert_array_equal(panel[1], [[1.0], [3.0]])


def test_from_frame_of_sorted_rows_does_not_copy():
    df = pd.DataFrame(np.ones((4, 2)), columns=["u", "v"])
    df.index = pd.MultiIndex.from_product([[0, 1], [0, 1]], names=["id", "step"])
    panel = Panel.from_frame(df, by="id", order_by="step")
    assert np.shares_memory(panel.values, df.to_numpy())


def test_from_frame_reads_one_integer_column_as_tokens(runs):
    assert Panel.from_frame(runs, by="run", columns="load").is_tokens
    assert not Panel.from_frame(runs, by="run", columns=["load"]).is_tokens
    assert not Panel.from_frame(runs, by="run", columns="heat").is_tokens


def test_from_frame_reads_nullable_and_boolean_columns(runs):
    runs["load"] = runs["load"].astype("Int64")
    runs["on"] = [True, False, True, False]
    panel = Panel.from_frame(runs, by="run", order_by="time")
    np.testing.assert_array_equal(panel[0], [[4, 4, 0], [2, 2, 0]])


def test_from_frame_accepts_categorical_ids(runs):
    runs["run"] = pd.Categorical(runs["run"], categories=["b", "a", "unused"])
    assert Panel.from_frame(runs, by="run", order_by="time").index.tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("change", "kwargs", "message"),
    [
        (
            {},
            {"by": "machine"},
            "Panel.from_frame: by='machine' is neither a column nor a level of the index. "
            "Columns: ['run', 'time', 'heat', 'load']; levels: [None].",
        ),
        (
            {},
            {"by": ["race", "run"]},
            "Panel.from_frame: by='race' is neither a column nor a level of the index. "
            "Columns: ['run', 'time', 'heat', 'load']; levels: [None].",
        ),
        (
            {},
            {"by": "run", "order_by": "t"},
            "Panel.from_frame: order_by='t' is neither a column nor a level of the index. "
            "Columns: ['run', 'time', 'heat', 'load']; levels: [None].",
        ),
        (
            {},
            {"by": "run", "columns": ["heat", "cold"]},
            "Panel.from_frame: column 'cold' is not in df, which has ['run', 'time', 'heat', "
            "'load'].",
        ),
        (
            {},
            {"by": "run", "columns": []},
            "Panel.from_frame: no column is left for features; df has ['run', 'time', 'heat', "
            "'load'].",
        ),
        (
            {"run": ["b", None, "b", "a"]},
            {"by": "run", "order_by": "time"},
            "Panel.from_frame: row 1 has no value in by='run', which identifies the sample "
            "of a row. Fill in or drop such rows.",
        ),
        (
            {"time": [1.0, 2.0, np.nan, 1.0]},
            {"by": "run", "order_by": "time"},
            "Panel.from_frame: order_by='time' has no value at 'run' 'b', row 2. Fill in or drop "
            "such rows.",
        ),
        (
            {"time": [7, 1, 7, 2]},
            {"by": "run", "order_by": "time"},
            "Panel.from_frame: 'run' 'b' has more than one row at 'time' 7. Aggregate or drop "
            "duplicates first.",
        ),
    ],
)
def test_from_frame_raises(runs, change, kwargs, message):
    with pytest.raises(ValueError) as error:
        Panel.from_frame(runs.assign(**change), **kwargs)
    assert str(error.value) == message


def test_from_frame_raises_for_duplicate_columns_and_other_objects(runs):
    with pytest.raises(ValueError, match="'heat' more than once"):
        Panel.from_frame(runs.rename(columns={"load": "heat"}), by="run")
    with pytest.raises(TypeError, match="df must be a DataFrame, got list"):
        Panel.from_frame([1], by="run")
