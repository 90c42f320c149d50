"""Long frames of pandas, polars and pyarrow, and errors for invalid ones."""

import datetime
import re
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    TimeDistributed,
    make_windows,
)
from sk_rnn.sequences import Panel, as_pandas

RUNS = {
    "run": ["b", "a", "b", "a"],
    "time": pd.to_datetime(["2024-01-02", "2024-01-02", "2024-01-01", "2024-01-01"]),
    "heat": [1.0, 2.0, 3.0, 4.0],
    "load": [1, 2, 3, 4],
}


@pytest.fixture
def runs():
    return pd.DataFrame(RUNS)


def assert_same(panel, other):
    np.testing.assert_array_equal(panel.values, other.values)
    np.testing.assert_array_equal(panel.offsets, other.offsets)
    assert panel.index.tolist() == other.index.tolist()
    assert panel.feature_names == other.feature_names
    assert panel.n_tokens == other.n_tokens


# -- Valid input


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 50)), min_size=1, max_size=30, unique=True
    ),
    st.booleans(),
)
def test_from_frame_equals_a_loop_over_groups(keys, shuffled_columns):
    df = pd.DataFrame(keys, columns=["id", "time"])
    df["u"] = np.arange(len(df), dtype=float)
    df["v"] = -df["u"]
    if shuffled_columns:
        df = df[["v", "time", "u", "id"]]
    panel = Panel.from_frame(df, by="id", order_by="time", columns=["u", "v"])
    groups = list(df.groupby("id"))
    assert panel.index.tolist() == [key for key, _ in groups]
    for sequence, (_, group) in zip(panel, groups, strict=True):
        np.testing.assert_array_equal(sequence, group.sort_values("time")[["u", "v"]])


def test_from_frame_keeps_missing_numbers_on_request(runs):
    runs["heat"] = [1.0, np.nan, 3.0, 4.0]
    runs["load"] = pd.array([1, 2, None, 4], dtype="Int64")
    panel = Panel.from_frame(runs, by="run", order_by="time", missing="keep")
    np.testing.assert_array_equal(panel[0], [[4.0, 4.0], [np.nan, 2.0]])
    np.testing.assert_array_equal(panel[1], [[3.0, np.nan], [1.0, 1.0]])


def test_from_frame_reads_numbers_held_as_objects(runs):
    runs["load"] = np.array([1, 2.5, True, None], dtype=object)
    panel = Panel.from_frame(runs, by="run", order_by="time", missing="keep")
    np.testing.assert_array_equal(panel.values[:, 1], [np.nan, 2.5, 1.0, 1.0])


def test_from_frame_reads_one_categorical_column_as_tokens(runs):
    runs["state"] = pd.Categorical(["on", "off", "off", "off"], categories=["off", "on", "broken"])
    panel = Panel.from_frame(runs, by="run", order_by="time", columns="state")
    assert panel.is_tokens
    assert panel.n_tokens == 3  # "broken" is a token although it does not occur
    assert [x.tolist() for x in panel] == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    "times",
    [
        [2.5, 2.5, 1.0, 1.0],
        [datetime.date(2024, 1, 2), datetime.date(2024, 1, 2)] + 2 * [datetime.date(2024, 1, 1)],
        pd.Categorical(["late", "late", "early", "early"], ["early", "late"], ordered=True),
        pd.PeriodIndex(["2024-02", "2024-02", "2024-01", "2024-01"], freq="M"),
        pd.to_timedelta([2, 2, 1, 1], unit="s"),
        pd.to_datetime(RUNS["time"], utc=True),
    ],
    ids=["float", "date", "ordered categorical", "period", "duration", "time zone"],
)
def test_from_frame_orders_by_all_kinds_of_time(runs, times):
    panel = Panel.from_frame(runs.assign(time=times), by="run", order_by="time")
    assert_same(panel, Panel.from_frame(runs, by="run", order_by="time"))


# -- Invalid input

ENCODE = (
    " Convert it or leave it out of columns. To encode it in a Pipeline, make one frame per "
    "sample, [group.drop(columns=['run', 'time']) for _, group in "
    "df.sort_values('time').groupby('run')], and pass them to "
    "TimeDistributed(ColumnTransformer(...))."
)


@pytest.mark.parametrize(
    ("change", "kwargs", "message"),
    [
        (
            {"load": pd.Categorical(list("wxyz"))},
            {},
            "column 'load' is categorical where numbers are expected, for example 'w' at 'run' "
            "'b', row 0." + ENCODE,
        ),
        (
            {"load": np.array([1, None, 3, "four"], dtype=object)},
            {},
            "column 'load' is of dtype object where numbers are expected, for example 'four' at "
            "'run' 'a', row 3." + ENCODE,
        ),
        (
            {"load": np.array([1, "2", 3, 4], dtype=object)},
            {},
            "column 'load' is of dtype object where numbers are expected, for example '2' at 'run' "
            "'a', row 1." + ENCODE,
        ),
        (
            {"heat": [1.0, np.nan, 3.0, 4.0]},
            {},
            "column 'heat' has a missing value at 'run' 'a', row 1. Drop such rows, fill them in, "
            "or set missing='keep' and impute in a Pipeline, with "
            "TimeDistributed(SimpleImputer()).",
        ),
        (
            {"load": pd.Categorical(["w", "x", None, "z"])},
            {"columns": "load"},
            "column 'load' has a missing value at 'run' 'b', row 2. Give missing values a separate "
            "category, or drop such rows.",
        ),
        (
            {"time": ["2", "10", "1", "9"]},
            {},
            "order_by='time' holds text, '2' at 'run' 'b', row 0, which would be sorted "
            "alphabetically: '10' before '9'. Convert it with pd.to_datetime or pd.to_numeric.",
        ),
        (
            {"time": pd.Categorical(["b", "a", "c", "d"])},
            {},
            "order_by='time' is a categorical whose categories have no order. Make it ordered, "
            "with cat.as_ordered() or as an Enum of polars, or convert it to numbers or dates.",
        ),
        (
            {"time": np.array([None, 1, datetime.date(2024, 1, 1), 3], dtype=object)},
            {},
            "order_by='time' cannot be ordered: 1 at 'run' 'a', row 1, and datetime.date(2024, 1, "
            "1) at 'run' 'b', row 2, cannot be compared. Convert all to one type of number or "
            "date.",
        ),
        (
            {"time": [1j, 2, 3, 4]},
            {},
            "order_by='time' holds complex numbers, which have no order. Convert them to real "
            "numbers or dates.",
        ),
        (
            {"run": [["b"], "a", "b", "a"]},
            {},
            "by='run' holds a list at row 0. Convert it to one number, date or string per row.",
        ),
        (
            {"time": [1, [2], 3, 4]},
            {},
            "order_by='time' cannot be ordered: 1 at 'run' 'b', row 0, and [2] at 'run' 'a', row "
            "1, cannot be compared. Convert all to one type of number or date.",
        ),
        (
            {"time": [{1}, {2}, {3}, {4}]},
            {},
            "order_by='time' holds a set at row 0. Convert it to one number, date or string per "
            "row.",
        ),
        (
            {"time": [[1], [2], [3], [4]]},
            {},
            "order_by='time' holds a list at row 0. Convert it to one number, date or string "
            "per row.",
        ),
        (
            {},
            {"columns": "heat", "n_tokens": 9},
            "column 'heat' is read as float64, but token ids are integers. Convert it with "
            "astype(int), or leave n_tokens out.",
        ),
        (
            {},
            {"columns": "load", "n_tokens": 3},
            "column 'load' has token id 3 at 'run' 'b', row 2, but n_tokens=3 allows 0 to 2. Pass "
            "a larger n_tokens.",
        ),
        (
            {},
            {"n_tokens": 9},
            "n_tokens is for one column of token ids, but the columns are ['heat', 'load']. Pass "
            "columns='...', the label of that column.",
        ),
        (
            {"load": pd.Categorical(list("wxyz"))},
            {"columns": "load", "n_tokens": 9},
            "column 'load' is categorical, and its 4 categories are the tokens. Leave n_tokens "
            "out.",
        ),
        (
            {},
            {"columns": "load", "n_tokens": True},
            "n_tokens must be a positive integer, got True.",
        ),
        ({}, {"missing": "drop"}, "missing must be 'raise' or 'keep', got 'drop'."),
        (
            {},
            {"by": "machine"},
            "by='machine' is neither a column nor a level of the index. Columns: ['run', 'time', "
            "'heat', 'load']; levels: [None].",
        ),
    ],
)
def test_from_frame_raises(runs, change, kwargs, message):
    kwargs = {"by": "run", "order_by": "time"} | kwargs
    with pytest.raises(ValueError) as error:
        Panel.from_frame(runs.assign(**change), **kwargs)
    assert str(error.value) == f"Panel.from_frame: {message}"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"heat"},
            "columns is a set. Pass the label of one column, or a list, a 1-D array or an Index of "
            "labels.",
        ),
        (
            {"heat": 1},
            "columns is a dict. Pass the label of one column, or a list, a 1-D array or an Index "
            "of labels.",
        ),
        (
            np.array([["heat", "load"]]),
            "columns is a 2-D array. Pass the label of one column, or a list, a 1-D array or an "
            "Index of labels.",
        ),
        (
            ["heat", ["load"]],
            "columns[1] is a list, which is not the label of a column. Pass a flat list of labels.",
        ),
    ],
)
def test_from_frame_raises_for_columns_that_are_not_labels(runs, columns, message):
    with pytest.raises(TypeError) as error:
        Panel.from_frame(runs, by="run", columns=columns)
    assert str(error.value) == f"Panel.from_frame: {message}"


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Index, pd.Series])
def test_from_frame_accepts_columns_in_any_flat_container(runs, kind):
    panel = Panel.from_frame(runs, by="run", columns=kind(["load", "heat"]))
    assert panel.feature_names == ("load", "heat")
    assert all(type(name) is str for name in panel.feature_names)


@pytest.mark.parametrize("make", ["columns", "levels", "chosen", "ids are categories"])
def test_advice_for_categories_gives_the_same_samples(runs, make):
    runs["mode"] = ["on", "off", "off", "on"]
    kwargs = {"by": "run", "order_by": "time"}
    if make == "levels":
        runs = runs.set_index(["run", "time"])
    elif make == "chosen":
        kwargs["columns"] = ["heat", "load", "mode"]
    elif make == "ids are categories":
        runs["run"] = pd.Categorical(runs["run"], categories=["a", "b", "never"])
    with pytest.raises(ValueError) as error:
        Panel.from_frame(runs, **kwargs)
    advice = re.search(r"one frame per sample, (\[.*\]), and pass", str(error.value))[1]
    frames = eval(advice, {"df": runs})
    columns = make_column_transformer(
        (OneHotEncoder(), ["mode"]), remainder="passthrough", sparse_threshold=0
    )
    advised = TimeDistributed(columns).fit_transform(frames)
    panel = Panel.from_frame(runs, **(kwargs | {"columns": ["heat", "load"]}))
    np.testing.assert_array_equal(advised.offsets, panel.offsets)
    np.testing.assert_array_equal(advised.values[:, 2:], panel.values)
    assert advised.n_features == 4


def test_from_frame_raises_for_dates_among_features(runs):
    with pytest.raises(ValueError, match=r"column 'time' is of dtype datetime64.* at 'run' 'b'"):
        Panel.from_frame(runs, by="run")


# -- Ids of several columns


@pytest.fixture
def plants():
    return pd.DataFrame(
        {
            "plant": list("baabab"),
            "machine": [2, 1, 1, 1, 2, 2],
            "hour": [2, 1, 0, 5, 6, 1],
            "heat": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5],
            "load": np.arange(6.0),
        }
    )


BOTH = ["plant", "machine"]


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from("xyz"), st.integers(0, 9)),
        min_size=1,
        max_size=25,
        unique=True,
    ),
)
def test_ids_of_several_columns_equal_groups(keys):
    df = pd.DataFrame(keys, columns=["plant", "machine", "hour"])
    df["heat"] = np.arange(len(df), dtype=float)
    panel = Panel.from_frame(df, by=BOTH, order_by="hour")
    groups = list(df.groupby(BOTH))
    assert panel.index.tolist() == [key for key, _ in groups]
    assert panel.index.names == BOTH
    assert panel.feature_names == ("heat",)
    for sequence, (_, group) in zip(panel, groups, strict=True):
        np.testing.assert_array_equal(sequence, group.sort_values("hour")[["heat"]])


@pytest.mark.parametrize("kind", [list, np.array, pd.Index])
@pytest.mark.parametrize("levels", [[], ["plant"], ["plant", "hour"], ["plant", "machine", "hour"]])
def test_ids_may_be_columns_and_levels(plants, kind, levels):
    df = plants.set_index(levels) if levels else plants
    panel = Panel.from_frame(df, by=kind(BOTH), order_by="hour")
    expected = Panel.from_frame(plants, by=BOTH, order_by="hour")
    assert panel.index.equals(expected.index)
    np.testing.assert_array_equal(panel.values, expected.values)
    assert panel.feature_names == ("heat", "load")


def test_labels_are_found_by_several_ids(plants):
    panel = Panel.from_frame(plants, by=BOTH, order_by="hour")
    labels = pd.Series(
        ["new", "worn", "new", "worn"],
        index=pd.MultiIndex.from_tuples([("b", 2), ("b", 1), ("a", 2), ("a", 1)], names=BOTH),
    )
    y = labels.loc[panel.index]
    assert y.tolist() == ["worn", "new", "worn", "new"]
    model = RNNClassifier(hidden_size=2, max_epochs=1).fit(panel, y)
    assert len(model.predict(panel[1:3])) == 2
    assert panel[[2, 0]].index.tolist() == [("b", 1), ("a", 1)]


def test_several_ids_come_back_in_a_frame(plants):
    panel = Panel.from_frame(plants, by=BOTH, order_by="hour")
    df = panel.to_frame()
    assert df.index.names == [*BOTH, "hour"]
    again = Panel.from_frame(df, by=BOTH, order_by="hour")
    assert again.index.equals(panel.index)
    assert again.times.equals(panel.times)
    np.testing.assert_array_equal(again.values, panel.values)
    both = Panel.concatenate([panel[:1], panel[1:]])
    assert both.index.equals(panel.index)


def test_several_ids_label_what_is_made_of_a_panel(plants):
    panel = Panel.from_frame(plants, by=BOTH, order_by="hour")
    _, y = make_windows(panel, window=1)
    assert y.index.tolist() == [("a", 1, 1), ("b", 2, 2)]
    for transformer in (SequencePadder(), SequenceSummarizer()):
        table = transformer.set_output(transform="pandas").fit_transform(panel)
        assert table.index.equals(panel.index)
    scaled = TimeDistributed(StandardScaler()).fit_transform(panel)
    assert scaled.index.equals(panel.index)


def test_ids_of_several_columns_may_be_categories(plants):
    plants["machine"] = pd.Categorical(plants["machine"], categories=[2, 1, 3])
    panel = Panel.from_frame(plants, by=BOTH, order_by="hour")
    groups = plants.groupby(BOTH, observed=True)
    assert panel.index.tolist() == [key for key, _ in groups]


def test_one_column_in_a_list_is_the_column(plants):
    panel = Panel.from_frame(plants, by=["plant"], columns=["heat"])
    assert panel.index.tolist() == ["a", "b"]
    assert panel.index.nlevels == 1


@pytest.mark.parametrize("make", [pa.table, lambda columns: polars_frame(columns)])
def test_frames_of_other_libraries_have_several_ids(plants, make):
    panel = Panel.from_frame(make(plants.to_dict("list")), by=BOTH, order_by="hour")
    assert panel.index.tolist() == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("change", "kwargs", "message"),
    [
        (
            {},
            {"by": []},
            "by is an empty list. Name the column, or the columns, that identify the sample of a "
            "row.",
        ),
        ({}, {"by": ["plant", "plant"]}, "by=['plant', 'plant'] has 'plant' twice. Drop one."),
        (
            {},
            {"by": ("plant", "machine")},
            "by=('plant', 'machine') is neither a column nor a level of the index. Columns: "
            "['plant', 'machine', 'hour', 'heat', 'load']; levels: [None]. Pass a list for "
            "several: by=['plant', 'machine'].",
        ),
        (
            {},
            {"by": ["plant", "line"]},
            "by='line' is neither a column nor a level of the index. Columns: ['plant', "
            "'machine', 'hour', 'heat', 'load']; levels: [None].",
        ),
        (
            {"machine": [2, 1, None, 1, 2, 2]},
            {},
            "row 2 has no value in by='machine', which identifies the sample of a row. Fill in or "
            "drop such rows.",
        ),
        (
            {"heat": [0.5, 1.5, np.nan, 3.5, 4.5, 5.5]},
            {},
            "column 'heat' has a missing value at ['plant', 'machine'] ('a', 1), row 2. Drop such "
            "rows, fill them in, or set missing='keep' and impute in a Pipeline, with "
            "TimeDistributed(SimpleImputer()).",
        ),
        (
            {"hour": 1},
            {},
            "['plant', 'machine'] ('a', 1) has more than one row at 'hour' 1. Aggregate or drop "
            "duplicates first.",
        ),
        (
            {"hour": [2, 1, None, 5, 6, 1]},
            {},
            "order_by='hour' has no value at ['plant', 'machine'] ('a', 1), row 2. Fill in or drop "
            "such rows.",
        ),
        (
            {"load": list("uvwxyz")},
            {},
            "column 'load' is of dtype str where numbers are expected, for example 'u' at "
            "['plant', 'machine'] ('b', 2), row 0. Convert it or leave it out of columns. To "
            "encode it in a Pipeline, make one frame per sample, [group.drop(columns=['plant', "
            "'machine', 'hour']) for _, group in df.sort_values('hour').groupby(['plant', "
            "'machine'])], and pass them to TimeDistributed(ColumnTransformer(...)).",
        ),
    ],
)
def test_from_frame_raises_for_invalid_ids_of_several_columns(plants, change, kwargs, message):
    kwargs = {"by": BOTH, "order_by": "hour"} | kwargs
    with pytest.raises(ValueError) as error:
        Panel.from_frame(plants.assign(**change), **kwargs)
    text = str(error.value).replace("dtype object", "dtype str")
    assert text == f"Panel.from_frame: {message}"


# -- Frames of other libraries


def test_from_frame_reads_pyarrow_tables(runs):
    table = pa.Table.from_pandas(runs, preserve_index=False)
    assert_same(
        Panel.from_frame(table, by="run", order_by="time"),
        Panel.from_frame(runs, by="run", order_by="time"),
    )


def test_as_pandas_reads_every_kind_of_pyarrow_column():
    moment = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "integer": pa.array([1, None]),
            "whole": pa.array([1, 2]),
            "on": pa.array([True, False]),
            "day": pa.array([datetime.date(2024, 1, 1), None]),
            "moment": pa.array([moment, moment]),
            "name": pa.array(["a", None]),
            "state": pa.array(["on", "off"]).dictionary_encode(),
        }
    )
    df = as_pandas(table)
    np.testing.assert_array_equal(df["integer"], [1.0, np.nan])
    assert df["whole"].dtype == np.int64
    assert df["on"].dtype == bool
    assert df["day"].isna().tolist() == [False, True]
    assert str(df["moment"].dt.tz) == "UTC"
    assert df["name"].tolist()[0] == "a"
    assert df["state"].cat.categories.tolist() == ["on", "off"]


def test_from_frame_reads_pyarrow_tables_without_narwhals(runs, monkeypatch):
    # The interchange protocol, used by scikit-learn before 1.9.
    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    table = pa.Table.from_pandas(runs, preserve_index=False)
    assert_same(
        Panel.from_frame(table, by="run", order_by="time"),
        Panel.from_frame(runs, by="run", order_by="time"),
    )
    assert as_pandas(object()) is None


def test_from_frame_reads_polars(runs):
    pl = pytest.importorskip("polars")
    columns = {key: value.tolist() for key, value in runs.items()}
    frame = pl.DataFrame(columns).with_columns(pl.col("run").cast(pl.Categorical).alias("kind"))
    names = {"columns": ["heat", "load"]}
    assert_same(
        Panel.from_frame(frame, by="run", order_by="time", **names),
        Panel.from_frame(runs, by="run", order_by="time"),
    )
    tokens = Panel.from_frame(frame, by="run", order_by="time", columns="kind")
    assert tokens.n_tokens == 2
    with pytest.raises(ValueError, match="column 'kind' is categorical where numbers are expected"):
        Panel.from_frame(frame, by="run", order_by="time")


@pytest.mark.parametrize("kind", ["str", "category", "datetime64[ns]"])
def test_from_frame_raises_for_non_numeric_columns_without_rows(kind):
    df = pd.DataFrame({"id": ["a"], "load": pd.Series([None], dtype=kind)}).iloc[:0]
    message = r"column 'load' is (of dtype \S+|categorical) where numbers are expected\. "
    with pytest.raises(ValueError, match=message):
        Panel.from_frame(df, by="id")


def test_from_frame_reads_record_batches(runs):
    batch = pa.RecordBatch.from_pandas(runs, preserve_index=False)
    assert_same(
        Panel.from_frame(batch, by="run", order_by="time"),
        Panel.from_frame(runs, by="run", order_by="time"),
    )


def test_from_frame_orders_by_polars_enums(runs):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"id": [1, 1], "when": ["late", "early"], "heat": [1.0, 2.0]})
    ordered = frame.with_columns(pl.col("when").cast(pl.Enum(["early", "late"])))
    assert Panel.from_frame(ordered, by="id", order_by="when").values.tolist() == [[2.0], [1.0]]
    with pytest.raises(
        ValueError, match=r"Make it ordered, with cat\.as_ordered\(\) or as an Enum"
    ):
        Panel.from_frame(
            frame.with_columns(pl.col("when").cast(pl.Categorical)), by="id", order_by="when"
        )


def test_frame_with_duplicate_column_names_raises():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["run", "run"])
    with pytest.raises(ValueError) as error:
        Panel.from_frame(table, by="run")
    assert str(error.value) == ("Panel.from_frame: df has column 'run' more than once. Rename one.")


class UnreadFrame:
    """A frame like those of polars 2, without the interchange protocol."""

    __module__ = "polars.dataframe.frame"
    columns = ("run",)

    def to_pandas(self):
        return None


def test_frame_that_needs_narwhals_raises(monkeypatch):
    monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)
    with pytest.raises(TypeError) as error:
        Panel.from_frame(UnreadFrame(), by="run")
    assert str(error.value) == (
        "Panel.from_frame: df is a polars UnreadFrame, which is read with narwhals, which is not "
        "installed. Install it with pip install narwhals, or pass df.to_pandas()."
    )


# -- Lists of frames


def polars_frame(columns):
    return pytest.importorskip("polars").DataFrame(columns)


MAKERS = {
    "pandas": pd.DataFrame,
    "table": pa.table,
    "batch": pa.RecordBatch.from_pydict,
    "polars": polars_frame,
}
FITTED, SWAPPED, OTHER = (
    {"u": [1.0, 2.0], "v": [3.0, 4.0]},
    {"v": [3.0, 4.0], "u": [1.0, 2.0]},
    {"p": [1.0, 2.0], "q": [3.0, 4.0]},
)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_lists_of_frames_of_any_library_are_one_panel(make):
    panel = Panel.from_sequences([make(FITTED), make(FITTED)])
    assert panel.feature_names == ("u", "v")
    assert panel[1].tolist() == [[1.0, 3.0], [2.0, 4.0]]
    for second in (SWAPPED, OTHER):
        with pytest.raises(ValueError) as error:
            Panel.from_sequences([make(FITTED), make(second)])
        assert str(error.value) == (
            f"Panel.from_sequences: sequences[1] has columns {list(second)}, but sequences[0] has "
            "['u', 'v']. Give all frames the same columns in the same order."
        )


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    "estimator",
    [RNNClassifier(hidden_size=2, max_epochs=1), SequencePadder(), SequenceSummarizer()],
    ids=lambda estimator: type(estimator).__name__,
)
def test_estimators_know_the_columns_of_frames_of_any_library(estimator, make):
    estimator.fit([make(FITTED), make(FITTED)], [0, 1])
    assert estimator.feature_names_in_.tolist() == ["u", "v"]
    use = getattr(estimator, "predict", None) or estimator.transform
    assert len(use([make(FITTED)])) == 1
    for other in (SWAPPED, OTHER):
        with pytest.raises(ValueError, match="feature names should match"):
            use([make(other)])


@pytest.mark.parametrize("df", [[1], np.ones((2, 2)), pd.Series([1.0]), "run", None])
def test_from_frame_raises_for_objects_that_are_not_frames(df):
    with pytest.raises(TypeError) as error:
        Panel.from_frame(df, by="run")
    assert str(error.value) == (
        f"Panel.from_frame: df must be a DataFrame, got {type(df).__name__}. Pass a pandas, polars "
        "or pyarrow frame with one row per time step."
    )


def test_duplicate_feature_raises():
    df = pd.DataFrame({"id": [1, 1], "u": [0.5, 1.0]})
    expected = r"^Panel\.from_frame: columns has 'u' twice\. Pass each label once\.$"
    with pytest.raises(ValueError, match=expected):
        Panel.from_frame(df, by="id", columns=["u", "u"])
