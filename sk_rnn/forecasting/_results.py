"""Conversion of forecasts to the container in which series were passed."""

from typing import Any

import numpy as np
import pandas as pd

from ..sequences import Panel, offsets_of
from ._future import Future, row_index
from ._series import SeriesSet


def give_back(
    forecasts: np.ndarray, future: Future, data: SeriesSet, labels: pd.Index | None = None
) -> Any:
    """Return forecasts in the same container as y.

    Parameters
    ----------
    forecasts : ndarray of shape (n_series, n_steps) or (n_series, n_steps, n_labels)
        For the steps 1, 2, ... after the end of each series.
    future : Future
        The requested steps.
    data : SeriesSet
        The series that were forecast.
    labels : Index of length n_labels, default=None
        Names of several values per step, such as quantiles.

    Returns
    -------
    y : Series, DataFrame, dict, list, Panel or ndarray
        With `labels`, the result for a Series or long series is a DataFrame with one column per
        label; for a wide DataFrame, the columns are series and labels; for arrays, labels are the
        last axis.
    """
    form = data.layout.form
    if future.series is None:
        # (n_rows, n_series[, n_labels])
        values = np.moveaxis(forecasts[:, future.ahead - 1], 0, 1)
        if future.index is None or data.layout.bare:
            return values[:, 0] if data.layout.is_single else values
        return _of_rows(values, future.index, data, labels)
    values = forecasts[future.series, future.ahead - 1]  # (n_rows[, n_labels])
    if form == "long":
        if data.layout.bare:
            return values
        if labels is not None:
            return pd.DataFrame(values, index=future.index, columns=labels)
        of_rows = pd.Series(values, index=future.index, name=data.layout.name)
        return of_rows.to_frame() if data.layout.frame else of_rows
    return _of_members(values, future, data, labels)


def give_back_rows(values: np.ndarray, data: SeriesSet) -> Any:
    """Return one number per time step as the kind of object that y was, with its rows.

    Parameters
    ----------
    values : ndarray of shape (total_steps,)
    data : SeriesSet
        The series, with `row_steps`.
    """
    n_steps = int(data.lengths.max())
    grid = np.full((data.n_series, n_steps), np.nan)
    series = np.repeat(np.arange(data.n_series), data.lengths)
    steps = np.arange(len(values)) - data.offsets[series]
    if data.layout.is_wide:
        # Columns end together.
        grid[series, steps + (n_steps - data.lengths)[series]] = values
        rows, of_rows = data.row_steps, None
        places = data.starts.min() + data.clock.step * rows
    else:
        grid[series, steps] = values
        rows, of_rows = steps[data.row_steps], series[data.row_steps]
        places = data.starts[of_rows] + data.clock.step * rows
    index = row_index(data, of_rows, places)
    return give_back(grid, Future(data.lengths, rows + 1, of_rows, index, None), data)


def _of_rows(values: np.ndarray, index: pd.Index, data: SeriesSet, labels: pd.Index | None) -> Any:
    """Return (n_rows, n_series[, n_labels]) as a Series or a frame."""
    single = data.layout.is_single
    if labels is None:
        if single:
            return pd.Series(values[:, 0], index=index, name=data.layout.name)
        return pd.DataFrame(values, index=index, columns=data.layout.ids)
    if single:
        return pd.DataFrame(values[:, 0], index=index, columns=labels)
    ids = data.layout.ids
    levels = [ids.get_level_values(level).repeat(len(labels)) for level in range(ids.nlevels)]
    tiled = labels.take(np.tile(np.arange(len(labels)), len(ids)))
    columns = pd.MultiIndex.from_arrays([*levels, tiled], names=[*ids.names, labels.name])
    return pd.DataFrame(values.reshape(len(values), -1), index=index, columns=columns)


def _of_members(
    values: np.ndarray, future: Future, data: SeriesSet, labels: pd.Index | None
) -> Any:
    """Return (n_rows[, n_labels]) as a dict, a list or a Panel of series."""
    layout, series = data.layout, np.asarray(future.series)
    # The rows of each series are in the requested order.
    order = np.argsort(series, kind="stable")
    counts = np.bincount(series, minlength=data.n_series)
    values = values[order]
    offsets = offsets_of(counts)
    times = None if future.index is None else future.index.get_level_values(-1)[order]
    if layout.form == "panel":
        names = tuple(map(str, [layout.name] if labels is None else labels))
        named = None if layout.name in ("x0", "token") and labels is None else names
        return Panel(
            values.reshape(len(values), -1),
            offsets,
            index=None if isinstance(layout.ids, pd.RangeIndex) else layout.ids,
            feature_names=named,
            times=times,
        )
    members: list[Any] = []
    for s in range(data.n_series):
        rows = slice(offsets[s], offsets[s + 1])
        if times is None:
            members.append(values[rows])
        elif labels is None:
            members.append(pd.Series(values[rows], index=times[rows], name=layout.names[s]))
        else:
            members.append(pd.DataFrame(values[rows], index=times[rows], columns=labels))
    return dict(zip(layout.ids, members, strict=True)) if layout.form == "dict" else members
