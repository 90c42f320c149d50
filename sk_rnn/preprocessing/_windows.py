"""Sliding windows of long series, which turn forecasting into regression."""

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.utils._param_validation import StrOptions

from ..sequences import (
    Int,
    IntegerFrom,
    Panel,
    as_array,
    as_numbers,
    as_pandas,
    check_time_order,
    frame_values,
    has_sequences,
    open_container,
    open_tensors,
    read_panel,
    step_labels,
    validate_params,
)
from ._runs import Runs, find_runs
from ._target_columns import target_columns

TimeGaps = Literal["raise", "cut", "ignore"]

_WHERE = "make_windows: series"
_ACCEPTED = (
    "Pass an array of shape (n_timesteps,) or (n_timesteps, n_features), a Series, a DataFrame or "
    "a Panel."
)
_SEVERAL = (
    "Pass several series as a Panel, which keeps windows within series: "
    "Panel.from_sequences(series)."
)


@overload
def make_windows(
    series: Any,
    *,
    window: Int,
    horizon: Int = 1,
    step: Int = 1,
    gap: Int = 0,
    target: Any = None,
    time_gaps: TimeGaps = "raise",
    return_last: Literal[False] = False,
) -> tuple[np.ndarray, Any]: ...


@overload
def make_windows(
    series: Any,
    *,
    window: Int,
    horizon: Int = 1,
    step: Int = 1,
    gap: Int = 0,
    target: Any = None,
    time_gaps: TimeGaps = "raise",
    return_last: bool,
) -> tuple[np.ndarray, Any, np.ndarray]: ...


@validate_params(
    {
        "series": "no_validation",
        "window": [IntegerFrom(1)],
        "horizon": [IntegerFrom(1)],
        "step": [IntegerFrom(1)],
        "gap": [IntegerFrom(0)],
        "target": "no_validation",
        "time_gaps": [StrOptions({"raise", "cut", "ignore"})],
        "return_last": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_windows(
    series: Any,
    *,
    window: Int,
    horizon: Int = 1,
    step: Int = 1,
    gap: Int = 0,
    target: Any = None,
    time_gaps: TimeGaps = "raise",
    return_last: bool = False,
) -> tuple[np.ndarray, Any] | tuple[np.ndarray, Any, np.ndarray]:
    """Extract sliding windows of a series, and the targets that follow them.

    The window that begins at time step `i` is ``series[i : i + window]``, and its target is
    ``series[j : j + horizon]`` with ``j = i + window + gap``.

    Parameters
    ----------
    series : array-like of shape (n_timesteps,) or (n_timesteps, n_features), Series, DataFrame, \
Panel or list
        Numbers in chronological order. The index of a Series or DataFrame must increase if it holds
        dates or numbers; strings only label the rows, and must be unique. The sequences of a Panel
        are separate series: no window extends across two of them, and series that are too short
        yield no windows. A list of arrays, Series, DataFrames or lists also holds several series
        and is read as by :meth:`Panel.from_sequences <sk_rnn.Panel.from_sequences>`; a list of
        numbers is one series.
    window : int
        Number of time steps per window.
    horizon : int, default=1
        Number of time steps to predict.
    step : int, default=1
        Time steps between the starts of consecutive windows. With ``step=1`` all windows are
        returned; with ``step=window`` they do not overlap.
    gap : int, default=0
        Time steps between a window and its target.
    target : label, int or list of these, default=None
        Columns to predict: labels of a DataFrame's or Panel's columns, or positions in an array. A
        single column results in one-dimensional targets. By default, all columns are predicted.
        Windows always contain all columns.
    time_gaps : {"raise", "cut", "ignore"}, default="raise"
        What to do if rows of a DatetimeIndex or PeriodIndex are not evenly spaced in time, for
        example after a missing hour: raise an error; cut there, so that no window or target extends
        across it; or treat rows as consecutive. Months, quarters and business days count as equal
        steps. Series without dates have no gaps.
    return_last : bool, default=False
        Whether to also return the window at the end of each series, whose target is not known yet.
        From it, a model predicts the time steps after the data.

    Returns
    -------
    X : ndarray of shape (n_windows, window) or (n_windows, window, n_features)
        Two-dimensional if `series` is one-dimensional or holds token ids. A read-only view of
        `series` if possible; a copy for several series whose windows are not evenly spaced, and
        for a DataFrame with columns of different dtypes.
    y : ndarray, Series or DataFrame
        An array of shape (n_windows,) or (n_windows, n_features), or, with ``horizon > 1``,
        (n_windows, horizon) or (n_windows, horizon, n_features). If `series` is a pandas object, a
        Series or DataFrame with the index of the targets; with ``horizon > 1``, a DataFrame with
        one column per number of steps ahead (nested in the feature), and the index of the first
        target. For several series, indexed by the sample and the step, or its time, like
        :meth:`Panel.to_frame <sk_rnn.Panel.to_frame>`.
    last : ndarray of shape (n_series, window) or (n_series, window, n_features)
        The windows whose targets begin at the first time step after each series. Only returned if
        `return_last` is True.

    Raises
    ------
    TypeError
        If `series` is not a container of numbers.
    ValueError
        If no window fits, if the series is not in chronological order, if times are repeated (the
        data may be several series), if there are gaps in time, or if `target` is not a column.

    See Also
    --------
    sk_rnn.Panel.from_frame : From a long frame of many series to a Panel.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn.preprocessing import make_windows
    >>> X, y = make_windows(np.arange(6), window=3)
    >>> X
    array([[0, 1, 2],
           [1, 2, 3],
           [2, 3, 4]])
    >>> y
    array([3, 4, 5])

    The index of the targets is kept:

    >>> import pandas as pd
    >>> days = pd.Series(np.arange(6.0), index=pd.date_range("2024-01-01", periods=6))
    >>> X, y = make_windows(days, window=3, horizon=2)
    >>> y
    ahead         1    2
    2024-01-04  3.0  4.0
    2024-01-05  4.0  5.0

    No window crosses from one series of a list to the next:

    >>> X, y = make_windows([days[:3], days[3:]], window=2)
    >>> X.tolist(), y["x0"].tolist()
    ([[[0.0], [1.0]], [[3.0], [4.0]]], [2.0, 5.0])

    One column is predicted from all columns; the last window is for predicting the next days:

    >>> frame = pd.DataFrame({"sales": days, "price": 1.0})
    >>> X, y, last = make_windows(frame, window=3, target="sales", return_last=True)
    >>> X.shape, y.tolist(), last[:, :, 0].tolist()
    ((3, 3, 2), [3.0, 4.0, 5.0], [[3.0, 4.0, 5.0]])
    """
    values, frame = _read_series(series)
    # Larger numbers would overflow, and no series is this long.
    window, horizon, gap = int(window), int(horizon), int(gap)
    step = min(int(step), 1 << 62)
    panel = values if isinstance(values, Panel) else None
    steps = values.values if isinstance(values, Panel) else values
    offsets = np.array([0, len(steps)]) if panel is None else panel.offsets
    chosen, one = target_columns(target, panel, frame, steps)
    times = panel.times if panel is not None else None if frame is None else frame.index
    runs = find_runs(times, offsets, time_gaps, _WHERE, panel is not None)
    longest, advice = "series", ""
    if panel is not None:
        listed = not isinstance(series, Panel)
        longest = f"the longest of {len(panel)} series"
        if listed:
            longest += " (a list of sequences is read as several series)"
            advice = ", or np.asarray(series) if it is one series"
    if len(runs.lengths) > len(offsets) - 1:
        longest = f"the longest of {len(runs.lengths)} parts between gaps in time"
    counts = _count(runs.lengths, window, horizon, step, gap, longest, advice)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    position = np.repeat(runs.starts, counts) + (np.arange(counts.sum()) - before) * step
    first = position + window + gap  # of the target
    X = _take(_views(steps, window), position)
    predicted = steps if chosen is None else steps[:, chosen]
    y = _take(_views(predicted, horizon), first)
    y = y[:, 0] if horizon == 1 else y
    if panel is not None:
        sample = np.repeat(runs.series, counts)
        labels: Any = step_labels(panel, sample, first - panel.offsets[sample])
        names = list(panel.feature_names or [f"x{j}" for j in range(panel.n_features)])
        columns: Any = "token" if panel.is_tokens else pd.Index(names)
    elif frame is not None:
        labels = frame.index[_as_slice(first)]
        columns = frame.columns if isinstance(frame, pd.DataFrame) else frame.name
    if panel is not None or frame is not None:
        if chosen is not None:
            columns = columns[chosen]
        y = _labelled(y, labels, columns, one or not isinstance(columns, pd.Index), horizon)
    if not return_last:
        return X, y
    return X, y, _last_windows(steps, runs, window, gap, panel is not None)


def _last_windows(
    steps: np.ndarray, runs: Runs, window: int, gap: int, several: bool
) -> np.ndarray:
    """Return the window of each series whose target begins after its end."""
    is_last = np.r_[runs.series[1:] != runs.series[:-1], True]
    starts, lengths = runs.starts[is_last], runs.lengths[is_last]
    short = lengths < window + gap
    if short.any():
        s = int(np.argmax(short))
        which = f"series[{s}]" if several else "series"
        raise ValueError(
            f"make_windows: return_last=True needs {window + gap} time steps at the end of each "
            f"series (window={window}, gap={gap}), but {which} has {lengths[s]} there. Leave such "
            "series out, or shorten the window."
        )
    return _take(_views(steps, window), starts + lengths - gap - window)


def _as_slice(rows: np.ndarray) -> Any:
    """Return evenly spaced rows as a slice, which keeps the frequency of an index."""
    if len(rows) < 2 or (np.diff(rows) != rows[1] - rows[0]).any():
        return rows if len(rows) != 1 else slice(rows[0], rows[0] + 1)
    return slice(rows[0], rows[-1] + 1, rows[1] - rows[0])


def _take(views: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Select some of the windows, without a copy if they are evenly spaced."""
    if len(rows) == 1:
        return views[rows[0] : rows[0] + 1]
    distance = rows[1] - rows[0]
    if (np.diff(rows) == distance).all():
        return views[rows[0] : rows[-1] + 1 : distance]
    return views[rows]


def _views(values: np.ndarray, width: int) -> np.ndarray:
    """Return all windows of consecutive time steps: (n_windows, width[, n_features])."""
    return np.moveaxis(sliding_window_view(values, width, axis=0), -1, 1)


def _labelled(y: np.ndarray, index: pd.Index, columns: Any, one: bool, horizon: int) -> Any:
    """Return targets (n_windows[, horizon][, n_features]) as pandas, a copy."""
    if horizon == 1:
        if one:
            return pd.Series(y.copy(), index=index, name=columns)
        return pd.DataFrame(y.copy(), index=index, columns=columns)
    ahead = pd.RangeIndex(1, horizon + 1, name="ahead")
    if one:
        return pd.DataFrame(y.copy(), index=index, columns=ahead)
    levels = [columns.get_level_values(level) for level in range(columns.nlevels)]
    both = pd.MultiIndex.from_arrays(
        [*(level.repeat(horizon) for level in levels), np.tile(ahead, len(columns))],
        names=[*columns.names, "ahead"],
    )
    return pd.DataFrame(np.swapaxes(y, 1, 2).reshape(len(y), -1), index=index, columns=both)


def _count(
    lengths: np.ndarray,
    window: int,
    horizon: int,
    step: int,
    gap: int,
    longest: str,
    advice: str = "",
) -> np.ndarray:
    """Return the number of windows that fit into each series."""
    needed = int(window) + int(gap) + int(horizon)
    fits = lengths >= needed
    counts = np.zeros_like(lengths)
    if fits.any():
        counts[fits] = (lengths[fits] - needed) // step + 1
    if not counts.any():
        raise ValueError(
            f"make_windows: no window fits: window={window}, gap={gap} and horizon={horizon} need "
            f"{needed} time steps, but {longest} has {lengths.max(initial=0)}. Shorten the "
            f"window or pass longer series{advice}."
        )
    return counts


def _read_series(series: Any) -> tuple[np.ndarray | Panel, pd.Series | pd.DataFrame | None]:
    """Return the numbers (n_timesteps[, n_features]), and the series if it is a pandas object.

    Several series are a Panel.
    """
    if isinstance(series, Panel):
        return series, None
    series = open_tensors(series, _WHERE)
    frame = series if isinstance(series, pd.Series) else as_pandas(series, _WHERE)
    if frame is not None:
        if has_sequences(frame):
            return _read_several(frame), None
        check_time_order(frame.index, _WHERE)
        if isinstance(frame, pd.DataFrame):
            if frame.shape[1] == 0:
                raise ValueError(f"{_WHERE} has no columns. Pass at least one.")
            return as_numbers(frame_values(frame, _WHERE), _WHERE), frame
        return as_numbers(frame_values(frame.to_frame(), _WHERE)[:, 0], _WHERE), frame
    if isinstance(series, memoryview):  # multidimensional ones cannot be converted to a list
        series = as_array(series, _WHERE, _ACCEPTED)
    if isinstance(series, Sequence) and not isinstance(series, str | bytes | list | tuple):
        series = list(series)  # a range, an array.array
    opened = open_container(series, _WHERE, f"not a series. {_ACCEPTED}")
    if has_sequences(opened):
        return _read_several(opened), None
    try:
        values = as_array(opened, _WHERE, _ACCEPTED)  # masked values raise an error
    except ValueError as error:
        raise ValueError(f"{_WHERE} mixes sequences and single values. {_ACCEPTED}") from error
    if values.ndim not in (1, 2):
        raise ValueError(
            f"{_WHERE} has shape {values.shape}, which is not one series of shape (n_timesteps,) "
            f"or (n_timesteps, n_features). {_SEVERAL}"
        )
    return as_numbers(values, _WHERE), None


def _read_several(series: Any) -> Panel:
    """Return series as a panel, with the index of pandas series as times."""
    listed = isinstance(series, list | tuple | pd.Series)
    listed = listed or (isinstance(series, np.ndarray) and series.ndim == 1)
    members = list(series) if listed else []
    indexes = {i: x.index for i, x in enumerate(members) if isinstance(x, pd.Series | pd.DataFrame)}
    for i, index in indexes.items():
        check_time_order(index, f"{_WHERE}[{i}]")
    panel = read_panel(series, _WHERE)
    if not indexes or len(indexes) < len(members):
        return panel
    first, *others = indexes.values()
    return Panel(
        panel.values,
        panel.offsets,
        index=panel.index,
        feature_names=panel.feature_names,
        times=first.append(others),
    )
