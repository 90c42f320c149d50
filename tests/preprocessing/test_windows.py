import datetime
import tracemalloc
from array import array

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.linear_model import LinearRegression
from sklearn.utils._param_validation import InvalidParameterError

from sk_rnn import Panel
from sk_rnn.preprocessing import make_windows


def naive(series, window, horizon, step, gap):
    X, y, first = [], [], []
    for i in range(0, len(series) - window - gap - horizon + 1, step):
        j = i + window + gap
        X.append(series[i : i + window])
        y.append(series[j] if horizon == 1 else series[j : j + horizon])
        first.append(j)
    return X, y, first


options = st.fixed_dictionaries(
    {
        "window": st.integers(1, 4),
        "horizon": st.integers(1, 3),
        "step": st.integers(1, 4),
        "gap": st.integers(0, 2),
    }
)


@given(options, st.integers(0, 8), st.sampled_from([(), (1,), (3,)]))
def test_windows_of_an_array_equal_a_loop(options, more, shape):
    length = options["window"] + options["gap"] + options["horizon"] + more
    series = np.arange(length * int(np.prod(shape))).reshape(length, *shape)
    X, y = make_windows(series, **options)
    X_loop, y_loop, _ = naive(series, **options)
    np.testing.assert_array_equal(X, X_loop, strict=True)
    np.testing.assert_array_equal(y, y_loop, strict=True)


@given(options, st.lists(st.integers(0, 12), min_size=1, max_size=5), st.booleans())
def test_windows_of_a_panel_equal_a_loop_and_stay_in_their_series(options, lengths, tokens):
    needed = options["window"] + options["gap"] + options["horizon"]
    lengths = [*lengths, needed]  # one series is long enough
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    # Each value identifies its series and step.
    values = np.repeat(100 * np.arange(len(lengths)), lengths) + np.concatenate(
        [np.arange(length) for length in lengths]
    )
    values = values if tokens else np.stack([values, -values], axis=1).astype(float)
    panel = Panel(values, offsets)
    X, y = make_windows(panel, **options)
    loops = [naive(series, **options) for series in panel]
    X_loop = np.array([x for loop in loops for x in loop[0]])
    y_loop = np.array([t for loop in loops for t in loop[1]])
    np.testing.assert_array_equal(X, X_loop, strict=True)
    if not tokens and options["horizon"] > 1:
        y_loop = np.swapaxes(y_loop, 1, 2).reshape(len(y_loop), -1)
    np.testing.assert_array_equal(y, y_loop)
    index = [(i, j) for i, loop in enumerate(loops) for j in loop[2]]
    assert y.index.tolist() == index
    assert y.index.names == ["sample", "step"]
    assert (X[:, :1] // 100 == X // 100).all() or not tokens


def test_windows_are_views_that_cannot_be_written():
    series = np.arange(100.0).reshape(50, 2)
    X, y = make_windows(series, window=10)
    assert np.shares_memory(X, series)
    assert np.shares_memory(y, series)
    assert not X.flags.writeable
    assert not y.flags.writeable
    frame = pd.DataFrame(series)
    X, y = make_windows(frame, window=10)
    assert np.shares_memory(X, frame.to_numpy())
    assert not np.shares_memory(y.to_numpy(), series)  # targets are writable copies


def test_series_keeps_the_index_of_each_target():
    days = pd.date_range("2024-01-01", periods=8)
    series = pd.Series(np.arange(8.0), index=days, name="heat")
    X, y = make_windows(series, window=3, gap=1, step=2)
    pd.testing.assert_series_equal(y, series.iloc[[4, 6]], check_freq=False)
    np.testing.assert_array_equal(X, [[0, 1, 2], [2, 3, 4]])
    _, y = make_windows(series, window=3, horizon=2)
    assert y.index.equals(days[3:7])
    assert y.columns.tolist() == [1, 2]
    for ahead in (1, 2):
        np.testing.assert_array_equal(y[ahead], series.loc[y.index + pd.Timedelta(ahead - 1, "D")])


def test_data_frame_keeps_index_and_columns():
    frame = pd.DataFrame({"u": np.arange(6), "v": np.arange(6) / 2}, index=list("abcdef"))
    X, y = make_windows(frame, window=2)
    assert X.shape == (4, 2, 2)
    pd.testing.assert_frame_equal(y, frame.iloc[2:].astype(float))
    _, y = make_windows(frame, window=2, horizon=2)
    assert y["u"].to_numpy().tolist() == [[2, 3], [3, 4], [4, 5]]
    assert y["v"].index.tolist() == ["c", "d", "e"]
    assert y.columns.names == [None, "ahead"]


def test_panel_of_a_frame_keeps_ids_as_groups():
    df = pd.DataFrame({"id": list("bababb"), "time": [1, 1, 2, 2, 3, 4], "heat": np.arange(6.0)})
    panel = Panel.from_frame(df, by="id", order_by="time")
    _, y = make_windows(panel, window=1)
    assert y["heat"].to_dict() == {("a", 2): 3.0, ("b", 2): 2.0, ("b", 3): 4.0, ("b", 4): 5.0}
    assert y.index.names == ["id", "time"]
    assert y.index.get_level_values("id").tolist() == list("abbb")


def test_next_token_of_sentences():
    X, y = make_windows(Panel.from_sequences([[1, 2, 3], [7, 8, 9]]), window=2)
    assert X.tolist() == [[1, 2], [7, 8]]
    assert y.tolist() == [3, 9]
    assert y.name == "token"


def test_other_frames_and_lists_are_series_too():
    expected = make_windows(np.arange(5.0)[:, None], window=2)
    X, y = make_windows(pa.table({"u": np.arange(5.0)}), window=2)
    np.testing.assert_array_equal(X, expected[0])
    np.testing.assert_array_equal(y, expected[1])
    X, y = make_windows([1, 2, 3], window=2)
    assert X.tolist() == [[1, 2]]
    assert y.tolist() == [3]


@pytest.mark.parametrize(
    "several",
    [
        [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
        ([0.0, 1.0, 2.0], np.arange(3.0, 6.0)),
        [np.arange(3.0), np.arange(3.0, 6.0)],
        [pd.Series(np.arange(3.0)), pd.Series(np.arange(3.0, 6.0))],
        [torch.arange(3.0), torch.arange(3.0, 6.0)],
        pd.Series([np.arange(3.0), np.arange(3.0, 6.0)]),
        pd.DataFrame({"x0": [np.arange(3.0), np.arange(3.0, 6.0)]}),
        pa.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]),
        pd.Series(pd.arrays.ArrowExtensionArray(pa.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]))),
        ak.Array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]),
    ],
    ids=lambda several: type(several).__name__,
)
def test_no_window_crosses_from_one_series_of_a_list_to_the_next(several):
    X, y = make_windows(several, window=2)
    np.testing.assert_array_equal(X[:, :, 0], [[0, 1], [3, 4]])
    assert y["x0"].to_dict() == {(0, 2): 2.0, (1, 2): 5.0}


def test_list_of_series_keeps_their_times_and_columns():
    days = pd.date_range("2024-01-01", periods=8, name="day")
    frame = pd.DataFrame({"u": np.arange(8.0), "v": -np.arange(8.0)}, index=days)
    _, y = make_windows([frame[:3], frame[3:]], window=2)
    assert y.index.names == ["sample", "day"]
    pd.testing.assert_frame_equal(y.droplevel("sample"), frame.iloc[[2, 5, 6, 7]])


@pytest.mark.parametrize(
    "one",
    [
        [1.0, 2.0, 3.0],
        (1.0, 2.0, 3.0),
        [np.float64(1), np.float64(2), np.float64(3)],
        np.array([1.0, 2.0, 3.0], dtype=object),
        torch.tensor([1.0, 2.0, 3.0], requires_grad=True),
        torch.tensor([1.0, 2.0, 3.0], dtype=torch.bfloat16),
        range(1, 4),
        array("d", [1.0, 2.0, 3.0]),
        pa.array([1.0, 2.0, 3.0]),
        ak.Array([1.0, 2.0, 3.0]),
        np.ma.masked_array([1.0, 2.0, 3.0], mask=False),
    ],
    ids=lambda one: type(one).__name__,
)
def test_numbers_in_any_container_are_one_series(one):
    X, y = make_windows(one, window=2)
    assert type(X) is type(y) is np.ndarray
    assert (X.tolist(), y.tolist()) == ([[1.0, 2.0]], [3.0])


def test_windows_of_one_series_of_a_panel_are_views():
    panel = Panel(np.arange(100_000.0)[:, None], [0, 20, 100_000])
    tracemalloc.start()
    X, _ = make_windows(panel, window=100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert X.shape == (99_880, 100, 1)
    assert np.shares_memory(X, panel.values)
    assert not X.flags.writeable
    assert X[-1, -1, 0] == 99_998
    assert peak < 20 * panel.values.nbytes  # the windows would be a hundred times the values
    assert np.shares_memory(make_windows(panel[1:], window=100, step=7)[0], panel.values)


def test_columns_of_several_levels_keep_them():
    columns = pd.MultiIndex.from_product([["in", "out"], ["u", "v"]], names=["side", "sensor"])
    frame = pd.DataFrame(np.arange(20).reshape(5, 4), columns=columns)
    _, y = make_windows(frame, window=2, horizon=2)
    assert y.columns.names == ["side", "sensor", "ahead"]
    assert y["out", "u"].to_numpy().tolist() == [[10, 14], [14, 18]]


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(list("zyxw")),
        pd.Index([0.5, 1.5, 7.0, 8.0]),
        pd.Index([1, 3, 9, 10])[[0, 1, 2, 3]],
        pd.Index([datetime.date(2024, 1, day) for day in (1, 2, 5, 7)]),
        pd.CategoricalIndex(
            ["low", "mid", "high", "top"], ["low", "mid", "high", "top"], ordered=True
        ),
        pd.CategoricalIndex(["low", "mid", "high", "top"]),
        pd.period_range("2024-01", periods=4, freq="M"),
        pd.to_timedelta([1, 2, 3, 9], unit="s"),
        pd.Index([1, 2, 5, 6], dtype="Int64"),
        pd.Index(["a", None, "b", 1], dtype=object),
    ],
    ids=lambda index: f"{type(index).__name__} of {index.dtype}",
)
def test_index_in_order_is_kept(index):
    _, y = make_windows(pd.Series(np.arange(4.0), index=index), window=2)
    pd.testing.assert_index_equal(y.index, index[2:], exact=False)


STACK = (
    ", so several series may be stacked. Pass Panel.from_frame(df, by=..., order_by=...), which "
    "keeps windows within series; for one series, "
)
RESET = "pass series.reset_index(drop=True) if its rows are in chronological order."
SAME_TIME = "aggregate or drop rows with the same time."
SORT = (
    " Pass series.sort_index(), series.reset_index(drop=True) if its rows are in chronological "
    "order, or Panel.from_frame(df, by=..., order_by=...) for several series."
)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (
            pd.DatetimeIndex(["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02"]),
            "has 2024-01-01 00:00:00 again at row 1 of its index" + STACK + SAME_TIME,
        ),
        (
            pd.DatetimeIndex(["2024-01-01", "2024-01-02", "2024-01-01", "2024-01-02"]),
            "has 2024-01-01 00:00:00 again at row 2 of its index" + STACK + SAME_TIME,
        ),
        (
            pd.PeriodIndex(["2024-01", "2024-01", "2024-02", "2024-02"], freq="M"),
            "has 2024-01 again at row 1 of its index" + STACK + SAME_TIME,
        ),
        (
            pd.to_timedelta([1, 1, 2, 2], unit="s"),
            "has 0 days 00:00:01 again at row 1 of its index" + STACK + SAME_TIME,
        ),
        (pd.Index([0, 1, 0, 1]), "has 0 again at row 2 of its index" + STACK + RESET),
        (pd.Index(list("abab")), "has 'a' again at row 2 of its index" + STACK + RESET),
        (
            pd.Index([3, 1, 2, 0]),
            "is not in chronological order: row 1 is at 1, after 3." + SORT,
        ),
        (
            pd.RangeIndex(3, -1, -1),
            "is not in chronological order: row 1 is at 2, after 3." + SORT,
        ),
        (
            pd.Index([0.5, 2.5, 1.5, 3.5]),
            "is not in chronological order: row 2 is at 1.5, after 2.5." + SORT,
        ),
        (
            pd.Index([datetime.date(2024, 1, day) for day in (1, 5, 2, 7)]),
            "is not in chronological order: row 2 is at 2024-01-02, after 2024-01-05." + SORT,
        ),
        (
            pd.CategoricalIndex(list("abdc"), list("abcd"), ordered=True),
            "is not in chronological order: row 3 is at 'c', after 'd'." + SORT,
        ),
        (
            pd.Index([0.5, np.nan, 1.5, 3.5]),
            "has no time at row 1 of its index. Drop such rows.",
        ),
    ],
)
def test_make_windows_raises_for_an_index_out_of_order(index, message):
    with pytest.raises(ValueError) as error:
        make_windows(pd.Series(np.ones(4), index=index), window=2)
    assert str(error.value) == f"make_windows: series {message}"
    good = pd.Series(np.ones(4))
    with pytest.raises(ValueError) as error:
        make_windows([good, pd.Series(np.ones(4), index=index)], window=2)
    assert str(error.value).startswith("make_windows: series[1] ")


def test_stacked_series_are_read_as_advised():
    days = pd.date_range("2024-01-01", periods=4)
    stores = pd.DataFrame({"store": list("aaaabbbb"), "day": [*days, *days], "sales": range(8)})
    with pytest.raises(ValueError, match=r"Panel\.from_frame\(df, by=\.\.\., order_by=\.\.\.\)"):
        make_windows(stores.sort_values("day").set_index("day")["sales"], window=2)
    _, y = make_windows(Panel.from_frame(stores, by="store", order_by="day"), window=2)
    assert y.index.tolist() == [(store, day) for store in "ab" for day in days[2:]]


def test_windows_make_forecasting_regression():
    series = pd.Series(np.sin(np.arange(200) / 5), index=pd.date_range("2024", periods=200))
    X, y = make_windows(series, window=4, horizon=3)
    assert LinearRegression().fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.999


DAYS = pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-03"])


@pytest.mark.parametrize(
    ("series", "kind", "message"),
    [
        (
            np.ones(3),
            ValueError,
            "make_windows: no window fits: window=3, gap=0 and horizon=1 need 4 time steps, but "
            "series has 3. Shorten the window or pass longer series.",
        ),
        (
            Panel(np.ones((5, 1)), [0, 2, 5]),
            ValueError,
            "make_windows: no window fits: window=3, gap=0 and horizon=1 need 4 time steps, but "
            "the longest of 2 series has 3. Shorten the window or pass longer series.",
        ),
        (
            pd.Series([1.0, 2.0, 3.0], index=DAYS),
            ValueError,
            "make_windows: series is not in chronological order: row 1 is at 2024-01-01 00:00:00, "
            "after 2024-01-02 00:00:00. Pass series.sort_index(), or Panel.from_frame(df, by=..., "
            "order_by=...) for several series.",
        ),
        (
            pd.Series([1.0, 2.0], index=pd.DatetimeIndex(["2024-01-01", None])),
            ValueError,
            "make_windows: series has no time at row 1 of its index. Drop such rows.",
        ),
        (
            pd.DataFrame(
                {"u": [1.0]}, index=pd.MultiIndex.from_tuples([(0, 0)], names=["id", "t"])
            ),
            ValueError,
            "make_windows: series has the MultiIndex ['id', 't'], so it may be several series. "
            "Pass Panel.from_frame(df, by=..., order_by=...), which keeps windows within series.",
        ),
        (
            [[1, 2, 3], [1]],
            ValueError,
            "make_windows: no window fits: window=3, gap=0 and horizon=1 need 4 time steps, but "
            "the longest of 2 series (a list of sequences is read as several series) has 3. "
            "Shorten the window or pass longer series, or np.asarray(series) if it is one series.",
        ),
        (
            [[1, 2, 3, 4], []],
            ValueError,
            "make_windows: series[1] is an empty sequence. Every sample needs at least one time "
            "step: drop it, from y too.",
        ),
        (
            [1.0, [2.0, 3.0]],
            ValueError,
            "make_windows: series mixes sequences and single values. Pass an array of shape "
            "(n_timesteps,) or (n_timesteps, n_features), a Series, a DataFrame or a Panel.",
        ),
        (
            np.ma.masked_array(np.ones(9), mask=[0, 1, 0, 0, 0, 0, 0, 0, 0]),
            ValueError,
            "make_windows: series has masked values. Fill them, or cut masked ends with "
            "Panel.from_padded(X, lengths).",
        ),
        (
            csr_matrix(np.ones((9, 1))),
            TypeError,
            "make_windows: series is sparse, and sparse data is not supported. Pass "
            "series.toarray().",
        ),
        (
            np.array(3.0),
            TypeError,
            "make_windows: series is a single value, 3.0. Pass an array of shape (n_timesteps,) or "
            "(n_timesteps, n_features), a Series, a DataFrame or a Panel.",
        ),
        (
            np.ones((2, 5, 1)),
            ValueError,
            "make_windows: series has shape (2, 5, 1), which is not one series of shape "
            "(n_timesteps,) or (n_timesteps, n_features). Pass several series as a Panel, which "
            "keeps windows within series: Panel.from_sequences(series).",
        ),
        (
            pd.DataFrame({"u": pd.Categorical(list("abcd"))}),
            ValueError,
            "make_windows: series has column 'u' of dtype category where numbers are expected. "
            "Drop it.",
        ),
        (
            ["a", "b", "c", "d"],
            ValueError,
            "make_windows: series holds strings where numbers are expected, for example 'a'. "
            "Convert text to token ids with sk_rnn.preprocessing.SequenceVectorizer: "
            "SequenceVectorizer().fit_transform(series). Encode categories with "
            "TimeDistributed(OneHotEncoder()).",
        ),
        (
            "abcd",
            TypeError,
            "make_windows: series is a str, which is not a series. Pass an array of shape "
            "(n_timesteps,) or (n_timesteps, n_features), a Series, a DataFrame or a Panel.",
        ),
        (
            pd.DataFrame(index=range(9)),
            ValueError,
            "make_windows: series has no columns. Pass at least one.",
        ),
    ],
)
def test_make_windows_raises(series, kind, message):
    with pytest.raises(kind) as error:
        make_windows(series, window=3)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", 0),
        ("horizon", 0),
        ("step", 0),
        ("gap", -1),
        ("window", 1.5),
        ("window", True),
        ("gap", False),
    ],
)
def test_make_windows_raises_for_numbers_out_of_range(name, value):
    message = f"The '{name}' parameter of make_windows must be an int in the range"
    with pytest.raises(InvalidParameterError, match=message):
        make_windows(np.ones(9), **({"window": 3} | {name: value}))


# -- Target columns, the last window, gaps in time -----------------------------------------

HOURS = pd.date_range("2026-01-01", periods=12, freq="h", name="time")
WEATHER = pd.DataFrame({"heat": np.arange(12.0), "rain": -np.arange(12.0), "load": 1.0}, HOURS)


def test_target_columns_are_predicted_from_all():
    X, y = make_windows(WEATHER, window=3, target="rain")
    X_all, y_all = make_windows(WEATHER, window=3)
    np.testing.assert_array_equal(X, X_all)
    pd.testing.assert_series_equal(y, y_all["rain"])
    _, y = make_windows(WEATHER, window=3, target=["load", "heat"], horizon=2)
    pd.testing.assert_frame_equal(y["load"], make_windows(WEATHER["load"], window=3, horizon=2)[1])
    assert y.columns.names == [None, "ahead"]
    _, y = make_windows(WEATHER, window=3, target="rain", horizon=2)
    assert y.columns.tolist() == [1, 2]
    values = WEATHER.to_numpy()
    for target in (1, np.int64(1)):
        _, y = make_windows(values, window=3, target=target)
        np.testing.assert_array_equal(y, values[3:, 1])
    _, y = make_windows(values, window=3, target=[2, 0], horizon=2)
    np.testing.assert_array_equal(y[0], values[3:5][:, [2, 0]])
    panel = Panel.from_sequences([WEATHER[:6], WEATHER[6:]])
    _, y = make_windows(panel, window=3, target="rain")
    assert y.to_dict() == {(s, t): -(6.0 * s + t) for s in range(2) for t in range(3, 6)}
    assert y.name == "rain"
    _, y = make_windows([values[:6], values[6:]], window=3, target=1)
    assert y.tolist() == [-3, -4, -5, -9, -10, -11]
    assert y.name == "x1"


def test_target_of_columns_with_levels():
    frame = WEATHER.copy()
    frame.columns = pd.MultiIndex.from_tuples([("in", "heat"), ("in", "rain"), ("out", "load")])
    _, y = make_windows(frame, window=3, target=("in", "rain"))
    assert y.tolist() == WEATHER["rain"].iloc[3:].tolist()
    with pytest.raises(ValueError, match="target='in' selects more than one column of series"):
        make_windows(frame, window=3, target="in")


@given(options, st.integers(0, 8))
def test_the_last_window_is_that_of_a_longer_series(options, more):
    length = options["window"] + options["gap"] + options["horizon"] + more
    series = np.arange(length + options["horizon"])
    *_, last = make_windows(series[:length], **options, return_last=True)
    X, _ = make_windows(series, **options | {"step": 1})
    np.testing.assert_array_equal(last, X[-1:])
    panel = Panel.from_sequences([series[:length].astype(float)] * 2)
    *_, last = make_windows(panel, **options, return_last=True)
    np.testing.assert_array_equal(last[:, :, 0], [X[-1], X[-1]])


def test_the_last_window_forecasts_past_the_end():
    series = pd.Series(np.sin(np.arange(203) / 5), pd.date_range("2024", periods=203))
    X, y, last = make_windows(series[:200], window=4, horizon=3, return_last=True)
    forecast = LinearRegression().fit(X, y).predict(last)
    np.testing.assert_allclose(forecast[0], series[200:], atol=1e-6)


HOLED = WEATHER.drop(HOURS[[4, 9]])


def test_no_window_reaches_across_a_gap_in_time():
    X, y = make_windows(HOLED, window=2, target="heat", time_gaps="cut")
    parts = [HOLED[:4], HOLED[4:8], HOLED[8:]]
    loops = [make_windows(part, window=2, target="heat") for part in parts[:2]]
    np.testing.assert_array_equal(X, np.concatenate([loop[0] for loop in loops]))
    pd.testing.assert_series_equal(y, pd.concat([loop[1] for loop in loops]), check_freq=False)
    several = [HOLED, WEATHER]
    X, y = make_windows(several, window=2, target="heat", time_gaps="cut")
    assert len(X) == 2 + 2 + 10
    assert y.loc[0].tolist() == [2, 3, 7, 8]
    *_, last = make_windows(several, window=2, time_gaps="cut", return_last=True)
    assert last[:, :, 0].tolist() == [[10, 11], [10, 11]]


def test_rows_are_consecutive_if_gaps_are_ignored():
    X, y = make_windows(HOLED, window=2, time_gaps="ignore")
    expected = make_windows(HOLED.reset_index(drop=True), window=2)
    np.testing.assert_array_equal(X, expected[0])
    np.testing.assert_array_equal(y, expected[1])
    assert y.index.equals(HOLED.index[2:])


@pytest.mark.parametrize(
    "index",
    [
        pd.date_range("2026-01-31", periods=12, freq="ME"),
        pd.bdate_range("2026-01-01", periods=12),
        pd.date_range("2026-03-28 20:00", periods=12, freq="h", tz="Europe/Berlin"),
        pd.date_range("2026-03-25", periods=12, freq="D", tz="Europe/Berlin"),
        pd.date_range("2020-01-01", periods=12, freq="QS"),
        pd.period_range("2026-01", periods=12, freq="M"),
        pd.DatetimeIndex(["2026-01-01", "2026-01-09"]),
        pd.Index([1, 2, 5, 6]),
        pd.to_timedelta([1, 2, 5, 6], unit="h"),
    ],
    ids=lambda index: f"{type(index).__name__} of {index.dtype}, {len(index)}",
)
def test_equal_steps_of_the_calendar_are_not_a_gap(index):
    series = pd.Series(np.arange(float(len(index))), list(index))
    X, _ = make_windows(series, window=1)
    assert len(X) == len(index) - 1


@pytest.mark.parametrize(
    ("series", "arguments", "message"),
    [
        (
            HOLED,
            {},
            "make_windows: series has a gap in time: row 4 is at 2026-01-01 05:00:00, after "
            "2026-01-01 03:00:00, which is not the usual step. Set time_gaps='cut' to make windows "
            "between gaps, or time_gaps='ignore' to treat rows as consecutive; or fill the gap "
            "first, with series.asfreq(...) or series.resample(...).",
        ),
        (
            [WEATHER, HOLED],
            {},
            "make_windows: series[1] has a gap in time: row 4 is at 2026-01-01 05:00:00, after "
            "2026-01-01 03:00:00, which is not the usual step. Set time_gaps='cut' to make windows "
            "between gaps, or time_gaps='ignore' to treat rows as consecutive; or fill the gap "
            "first, with series.asfreq(...) or series.resample(...).",
        ),
        (
            HOLED["heat"].set_axis(HOLED.index + pd.to_timedelta([*range(8), 0, 0], unit="min")),
            {},
            "make_windows: series has a gap in time: row 4 is at 2026-01-01 05:04:00, after "
            "2026-01-01 03:03:00, which is not the usual step. Set time_gaps='cut' to make windows "
            "between gaps, or time_gaps='ignore' to treat rows as consecutive; or fill the gap "
            "first, with series.asfreq(...) or series.resample(...).",
        ),
        (
            HOLED,
            {"window": 4, "time_gaps": "cut"},
            "make_windows: no window fits: window=4, gap=0 and horizon=1 need 5 time steps, but "
            "the longest of 3 parts between gaps in time has 4. Shorten the window or pass longer "
            "series.",
        ),
        (
            HOLED,
            {"time_gaps": "cut", "return_last": True, "window": 3},
            "make_windows: return_last=True needs 3 time steps at the end of each series "
            "(window=3, gap=0), but series has 2 there. Leave such series out, or shorten the "
            "window.",
        ),
        (
            [WEATHER, WEATHER[:1]],
            {"return_last": True},
            "make_windows: return_last=True needs 2 time steps at the end of each series "
            "(window=2, gap=0), but series[1] has 1 there. Leave such series out, or shorten the "
            "window.",
        ),
        (
            WEATHER,
            {"target": "wind"},
            "make_windows: target='wind' is not a column of series, which has columns ['heat', "
            "'rain', 'load']. Pass a label, or a list.",
        ),
        (
            WEATHER.to_numpy(),
            {"target": 3},
            "make_windows: target=3 is not a column of series, which has 3. Pass positions from 0 "
            "to 2.",
        ),
        (
            WEATHER.to_numpy(),
            {"target": "heat"},
            "make_windows: target='heat' is not a column of series, which has 3 columns without "
            "names. Pass a position, or a list.",
        ),
        (
            WEATHER,
            {"target": []},
            "make_windows: target is empty. Name at least one column.",
        ),
        (
            np.ones(9),
            {"target": 0},
            "make_windows: target=0 selects columns, but series has one dimension. Leave target "
            "out.",
        ),
    ],
)
def test_make_windows_refuses_gaps_and_targets(series, arguments, message):
    with pytest.raises(ValueError) as error:
        make_windows(series, **{"window": 2} | arguments)
    assert str(error.value) == message
