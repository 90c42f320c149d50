"""Long series cut into windows, so that forecasting is regression."""

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.utils._param_validation import Interval, validate_params

from ..sequences import Panel, as_numbers, as_pandas, frame_values

_SEVERAL = "Pass several series as a Panel, which no window crosses: Panel.from_sequences(series)."


@validate_params(
    {
        "series": "no_validation",
        "window": [Interval(Integral, 1, None, closed="left")],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Integral, 1, None, closed="left")],
        "gap": [Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def make_windows(
    series: Any, *, window: int, horizon: int = 1, step: int = 1, gap: int = 0
) -> tuple[np.ndarray, Any]:
    """Cut windows of a series, and what follows each of them.

    The window that begins at time step `i` is ``series[i : i + window]``, and its target is
    ``series[j : j + horizon]`` with ``j = i + window + gap``.

    Parameters
    ----------
    series : array-like of shape (n_timesteps,) or (n_timesteps, n_features), Series, DataFrame \
or Panel
        Numbers in order of time. The sequences of a Panel are series of their own: no window begins
        in one and ends in another, and those that are too short give none.
    window : int
        Time steps that a prediction sees.
    horizon : int, default=1
        Time steps to predict.
    step : int, default=1
        Time steps from the begin of a window to that of the next. 1 takes every window; `window`
        makes windows that do not overlap.
    gap : int, default=0
        Time steps between a window and its target.

    Returns
    -------
    X : ndarray of shape (n_windows, window) or (n_windows, window, n_features)
        Two-dimensional if `series` is one-dimensional, or of token ids. A read-only view of
        `series`; a copy if that is a Panel, or a frame of columns of different kinds.
    y : ndarray, Series or DataFrame
        An array of shape (n_windows,) or (n_windows, n_features), or, with ``horizon > 1``,
        (n_windows, horizon) or (n_windows, horizon, n_features). If `series` is of pandas, a Series
        or DataFrame with the index of the targets, and with ``horizon > 1`` a DataFrame with a
        column for each number of steps ahead (below that of the feature), and the index of the
        first. If it is a Panel, the same, indexed by the sample and the step like
        :meth:`Panel.to_frame`.

    Raises
    ------
    TypeError
        If `series` is a container of something else.
    ValueError
        If no window fits, or the series is not in order of time or not one series.

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
    """
    if isinstance(series, Panel):
        return _windows_of_panel(series, window, horizon, step, gap)
    values, frame = _read_series(series)
    n_windows = _count(np.array([len(values)]), window, horizon, step, gap, "series has {}")[0]
    first = window + gap
    rows = slice(None, n_windows * step, step)
    X = _views(values, window)[rows]
    y = _views(values[first:], horizon)[rows]
    y = y[:, 0] if horizon == 1 else y
    if frame is None:
        return X, y
    columns = frame.columns if isinstance(frame, pd.DataFrame) else frame.name
    return X, _labelled(y, frame.index[first:][rows], columns, horizon)


def _windows_of_panel(
    panel: Panel, window: int, horizon: int, step: int, gap: int
) -> tuple[np.ndarray, Any]:
    lengths = panel.lengths
    several = f"the longest of {len(panel)} series has {{}}"
    counts = _count(lengths, window, horizon, step, gap, several)
    sample = np.repeat(np.arange(len(panel)), counts)  # (n_windows,)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    start = (np.arange(len(sample)) - before) * step  # in the series
    position = panel.offsets[sample] + start  # in the panel
    first = window + gap
    X = _views(panel.values, window)[position]
    y = _views(panel.values, horizon)[position + first]
    index = pd.RangeIndex(len(panel)) if panel.index is None else panel.index
    labels = pd.MultiIndex.from_arrays(
        [index[sample], start + first],
        names=["sample" if index.name is None else index.name, "step"],
    )
    numbered = [f"x{j}" for j in range(panel.n_features)]
    names = numbered if panel.feature_names is None else list(panel.feature_names)
    columns = "token" if panel.is_tokens else pd.Index(names)
    return X, _labelled(y[:, 0] if horizon == 1 else y, labels, columns, horizon)


def _views(values: np.ndarray, width: int) -> np.ndarray:
    """Return all runs of consecutive time steps: (n_runs, width[, n_features])."""
    return np.moveaxis(sliding_window_view(values, width, axis=0), -1, 1)


def _labelled(y: np.ndarray, index: pd.Index, columns: Any, horizon: int) -> Any:
    """Return targets (n_windows[, horizon][, n_features]) as pandas, a copy."""
    one = not isinstance(columns, pd.Index)
    if horizon == 1:
        if one:
            return pd.Series(y.copy(), index=index, name=columns)
        return pd.DataFrame(y.copy(), index=index, columns=columns)
    ahead = pd.RangeIndex(1, horizon + 1, name="ahead")
    if one:
        return pd.DataFrame(y.copy(), index=index, columns=ahead)
    both = pd.MultiIndex.from_product([columns, ahead], names=[columns.name, "ahead"])
    return pd.DataFrame(np.swapaxes(y, 1, 2).reshape(len(y), -1), index=index, columns=both)


def _count(
    lengths: np.ndarray, window: int, horizon: int, step: int, gap: int, longest: str
) -> np.ndarray:
    """Return how many windows fit into each series."""
    needed = window + gap + horizon
    counts = np.maximum((lengths - needed) // step + 1, 0)
    counts[lengths < needed] = 0
    if not counts.any():
        raise ValueError(
            f"make_windows: no window fits: window={window}, gap={gap} and horizon={horizon} need "
            f"{needed} time steps, but {longest.format(lengths.max(initial=0))}. Shorten the "
            "window or pass longer series."
        )
    return counts


def _read_series(series: Any) -> tuple[np.ndarray, pd.Series | pd.DataFrame | None]:
    """Return the numbers (n_timesteps[, n_features]), and the series if it is of pandas."""
    where = "make_windows: series"
    frame = series if isinstance(series, pd.Series) else as_pandas(series)
    if frame is not None:
        _check_index(frame.index)
        if isinstance(frame, pd.DataFrame):
            if frame.shape[1] == 0:
                raise ValueError(f"{where} has no columns. Pass at least one.")
            return as_numbers(frame_values(frame, where), where), frame
        return as_numbers(frame_values(frame.to_frame(), where)[:, 0], where), frame
    if isinstance(series, str | bytes | dict | set) or not hasattr(series, "__len__"):
        raise TypeError(
            f"{where} is a {type(series).__name__}, which is no series. Pass an array of shape "
            "(n_timesteps,) or (n_timesteps, n_features), a Series, a DataFrame or a Panel."
        )
    try:
        values = np.asarray(series)
    except ValueError as error:  # lists of different lengths
        raise ValueError(
            f"{where} has entries of different lengths, so it is not one series. {_SEVERAL}"
        ) from error
    if values.ndim not in (1, 2) or (values.dtype == object and np.ndim(values[:1].ravel()[0])):
        raise ValueError(
            f"{where} has shape {values.shape}, which is not one series of shape (n_timesteps,) or "
            f"(n_timesteps, n_features). {_SEVERAL}"
        )
    return as_numbers(values, where), None


def _check_index(index: pd.Index) -> None:
    if index.nlevels > 1:
        raise ValueError(
            f"make_windows: series has the MultiIndex {list(index.names)}, so it may be several "
            "series. Pass Panel.from_frame(df, by=..., order_by=...), which no window crosses."
        )
    dates = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex)
    if not dates:
        return
    if index.hasnans:
        row = int(np.argmax(index.isna()))
        raise ValueError(
            f"make_windows: series has no time at row {row} of its index. Drop such rows."
        )
    if not index.is_monotonic_increasing:
        row = int(np.argmax(index[1:] < index[:-1])) + 1
        raise ValueError(
            f"make_windows: series is not in order of time: row {row} is at {index[row]}, after "
            f"{index[row - 1]}. Pass series.sort_index()."
        )
