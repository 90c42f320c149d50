"""Reading of y in any supported container."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import (
    Panel,
    argument,
    check_time_order,
    counted,
    has_sequences,
    offsets_of,
    open_foreign,
    plain,
    refuse_matrices,
)
from ._clock import Clock, show_time
from ._foreign import index_by_times
from ._frequency import Rows, find_clock, read_times
from ._layout import Layout
from ._series import SeriesSet, is_member
from ._table import tabulate
from ._values import ACCEPTED, array_of, numbers_of, one_column


def read_series(
    y: Any,
    where: str,
    *,
    freq: Any = None,
    index: pd.Index | None = None,
    may_be_missing: bool = False,
) -> SeriesSet:
    """Read the series to forecast.

    Parameters
    ----------
    y : Series, DataFrame, dict, list, Panel or array
        See :class:`Layout` for the supported containers. Rows are time steps.
    where : str
        Name of y in error messages: the caller and the argument.
    freq : pandas offset, str, int or Clock, default=None
        The frequency; by default inferred from the times. A clock is that of other series, whose
        kind of times is required.
    index : Index, default=None
        Times (and ids) of the rows for y without an index, taken from X.
    may_be_missing : bool, default=False
        Whether all values may be missing, as in one new row.

    Returns
    -------
    data : SeriesSet

    Raises
    ------
    TypeError
        If y is not a container of numbers.
    ValueError
        If values are infinite, times are not in order or not regular, or nothing is observed.
    """
    refuse_matrices(y, where)
    data = _read(y, where, freq, index)
    if not may_be_missing and data.n_missing == len(data.values):
        # Of wide frames with the values before a series begins.
        n = max(len(data.values), data.n_series * len(data.row_steps) * data.layout.is_wide)
        raise ValueError(f"{where} has no observed value: all {n} are missing. Pass numbers.")
    return data


def _read(y: Any, where: str, freq: Any, index: pd.Index | None) -> SeriesSet:
    if isinstance(y, Panel):
        return _finish(*_read_panel(y, where), where, freq)
    y = index_by_times(y, open_foreign(y, where), where)
    dated = _with_index(y, index)
    if dated is not y:
        data = _read(dated, where, freq, None)
        bare = not isinstance(y, pd.Series | pd.DataFrame)
        return replace(data, layout=replace(data.layout, bare=bare))
    if isinstance(y, Mapping):
        return _finish(*_read_members(list(y.values()), list(y), "dict", where), where, freq)
    if isinstance(y, pd.Series | pd.DataFrame):
        if y.index.nlevels > 1:
            return _finish(*_read_long(y, where), where, freq)
        if isinstance(y, pd.Series) and _holds_members(y):
            return _finish(*_read_members(list(y), list(y.index), "dict", where), where, freq)
        return _read_rows(y, where, freq)
    if isinstance(y, list | tuple) and any(map(is_member, y)):
        return _finish(*_read_members(list(y), None, "list", where), where, freq)
    return _read_array(y, where)


# Differences of values up to this, and their sums, are finite.
_LARGEST = 1e300


# -- Rows of several series ---------------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    """Rows of series, in the order of y."""

    values: np.ndarray  # (n_rows,)
    series: np.ndarray  # (n_rows,)
    times: pd.Index | None  # (n_rows,)
    row_of: Callable[[int], str]


def _finish(parts: _Parts, layout: Layout, where: str, freq: Any) -> SeriesSet:
    """Return the series of rows, which may be interleaved, but must be in chronological order."""
    values, series = parts.values, parts.series
    _refuse_infinite(values, parts.row_of, where)
    n_series = len(layout.ids)
    if parts.times is None:
        clock = Clock("position")
        counts = np.bincount(series, minlength=n_series)
        order = np.argsort(series, kind="stable")
        places = np.empty(len(series), dtype=np.int64)
        places[order] = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
    else:
        times = read_times(parts.times, where)
        order = np.argsort(series, kind="stable")
        places = np.empty(len(series), dtype=np.int64)
        rows = Rows(times[order], series[order], where, lambda i: parts.row_of(int(order[i])))
        _check_order(rows, layout)
        clock, places[order] = find_clock(rows, freq)
    first = np.full(n_series, np.iinfo(np.int64).max)
    last = -first
    np.minimum.at(first, series, places)
    np.maximum.at(last, series, places)
    _refuse_sparse(len(values), int(((last - first) // clock.step + 1).sum()), clock, where)
    table, row_steps = tabulate(series, places, values[:, None], n_series, clock.step)
    flat = table.values[:, 0]
    n_missing = int(np.isnan(flat).sum())
    inserted = len(flat) - len(values)
    return SeriesSet(
        flat, table.offsets, table.starts, clock, layout, n_missing, inserted, row_steps
    )


def _read_long(y: pd.Series | pd.DataFrame, where: str) -> tuple[_Parts, Layout]:
    """Read rows that are indexed by ids, in all levels but the last, and times."""
    frame = isinstance(y, pd.DataFrame)
    name: Any = y.name if isinstance(y, pd.Series) else y.columns[0] if y.shape[1] else None
    if frame and y.shape[1] != 1:
        raise ValueError(
            f"{where} has a MultiIndex of ids and times, {list(y.index.names)}, and "
            f"{counted(y.shape[1], 'column')}, where one is expected. Pass the column to "
            "forecast, and the others as X with past_features."
        )
    index: Any = y.index
    ids = index.droplevel(-1)
    codes, distinct = pd.factorize(ids)
    if (codes < 0).any() or (ids.nlevels > 1 and ids.to_frame().isna().to_numpy().any()):
        missing = codes < 0
        row = int(np.argmax(missing)) if missing.any() else 0
        raise ValueError(
            f"{where} has a missing id in level {y.index.names[0]!r} of its index, at row {row}. "
            "Fill in or drop such rows."
        )
    if ids.nlevels > 1:
        distinct = pd.MultiIndex.from_tuples(list(distinct), names=ids.names)
    else:
        distinct = pd.Index(distinct, name=y.index.names[0])
    layout = Layout("long", distinct, name, frame=frame)
    values = numbers_of(y, where)

    def row_of(i: int) -> str:
        return f"row {i}, of {layout.label(int(codes[i]))},"

    return _Parts(values, codes, y.index.get_level_values(-1), row_of), layout


def _read_members(
    members: list[Any], keys: list[Any] | None, form: Any, where: str
) -> tuple[_Parts, Layout]:
    """Read a dict or a list with one Series or 1-D array per series."""
    if not members:
        raise ValueError(f"{where} has no series. Pass at least one.")
    names = [f"{where}[{plain(key)}]" for key in (range(len(members)) if keys is None else keys)]
    indexed = [isinstance(member, pd.Series | pd.DataFrame) for member in members]
    if any(indexed) and not all(indexed):
        i, j = indexed.index(False), indexed.index(True)
        raise ValueError(
            f"{where} mixes series with and without times: {argument(names[j])} has an index, "
            f"{argument(names[i])} has none. Pass a Series for each, or an array for each."
        )
    values, indexes = [], []
    for member, name in zip(members, names, strict=True):
        one = one_column(member, name)
        values.append(numbers_of(one, name))
        if all(indexed):
            indexes.append(one.index)
    lengths = np.array([len(x) for x in values])
    if not lengths.all():
        raise ValueError(
            f"{names[int(np.argmin(lengths))]} is empty. Every series needs at least one value."
        )
    series = np.repeat(np.arange(len(values)), lengths)
    starts = np.cumsum(lengths) - lengths
    times = None
    if all(indexed):
        times = _joined_times(indexes, names)
    ids = pd.RangeIndex(len(values)) if keys is None else pd.Index(keys, tupleize_cols=False)
    layout = Layout(
        form, ids, names=tuple(getattr(m, "name", None) for m in members), indexed=all(indexed)
    )

    def row_of(i: int) -> str:
        return f"row {i - starts[series[i]]} of {layout.label(int(series[i]))}"

    return _Parts(np.concatenate(values), series, times, row_of), layout


def _joined_times(indexes: list[pd.Index], names: list[str]) -> pd.Index:
    kinds = [
        type(index) if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex) else pd.Index
        for index in indexes
    ]
    zones = [getattr(index, "tz", None) for index in indexes]
    for i, (kind, zone) in enumerate(zip(kinds, zones, strict=True)):
        if kind is not kinds[0] or str(zone) != str(zones[0]):
            raise ValueError(
                f"{names[i]} has a {_index_kind(indexes[i])} as index, but {argument(names[0])} "
                f"has a {_index_kind(indexes[0])}. Give all series the same kind of times."
            )
    first, *others = indexes
    return first.append(others) if others else first


def _index_kind(index: pd.Index) -> str:
    zone = getattr(index, "tz", None)
    return type(index).__name__ + (f" in {zone}" if zone is not None else "")


def _read_panel(panel: Panel, where: str) -> tuple[_Parts, Layout]:
    if panel.n_features != 1:
        raise ValueError(
            f"{where} is a Panel of {panel.n_features} features, where one is expected, the "
            "values to forecast. Select it: Panel.from_frame(df, by=..., order_by=..., "
            "columns=['...'])."
        )
    series = np.repeat(np.arange(len(panel)), panel.lengths)
    values = np.asarray(panel.values, dtype=np.float64).reshape(-1)
    if len(values) == 0:
        raise ValueError(f"{where} has no time steps. Pass at least one series.")
    ids = pd.RangeIndex(len(panel)) if panel.index is None else panel.index
    name = "x0" if panel.feature_names is None else panel.feature_names[0]
    if panel.is_tokens:
        name = "token"
    layout = Layout("panel", ids, name, indexed=panel.times is not None)

    def row_of(i: int) -> str:
        return f"row {i - panel.offsets[series[i]]} of {layout.label(int(series[i]))}"

    return _Parts(values, series, panel.times, row_of), layout


# -- Rows shared by all series -------------------------------------------------------------


def _read_rows(y: pd.Series | pd.DataFrame, where: str, freq: Any) -> SeriesSet:
    """Read a Series, or a frame with one column per series."""
    if isinstance(y, pd.DataFrame) and y.shape[1] == 0:
        raise ValueError(f"{where} has no columns. Pass at least one series.")
    if len(y) == 0:
        raise ValueError(f"{where} has 0 rows (0 sample(s)) while a minimum of 1 is required.")
    if isinstance(y, pd.Series):
        layout = Layout("series", pd.Index([y.name], dtype=object), y.name)
    else:
        if not y.columns.is_unique:
            twice = y.columns[y.columns.duplicated()][0]
            raise ValueError(f"{where} has column {plain(twice)} more than once. Rename one.")
        layout = Layout("wide", y.columns)
    values = numbers_of(y, where)
    times = read_times(y.index, where)
    check_time_order(times, where)
    rows = Rows(times, np.zeros(len(y), dtype=np.int64), where, lambda i: f"row {i}")
    clock, places = find_clock(rows, freq)
    return _wide(values.reshape(len(y), -1), places, clock, layout, where)


def _read_array(y: Any, where: str) -> SeriesSet:
    """Read an array of shape (n_timesteps,) or (n_timesteps, n_series)."""
    values = array_of(y, where)
    if values.ndim not in (1, 2):
        raise ValueError(f"{where} has shape {values.shape}. {ACCEPTED}")
    if len(values) == 0:
        raise ValueError(f"{where} has 0 rows (0 sample(s)) while a minimum of 1 is required.")
    if values.size == 0:
        raise ValueError(f"{where} has 0 columns. Pass at least one series.")
    one = values.ndim == 1
    n_series = 1 if one else values.shape[1]
    layout = Layout("array" if one else "matrix", pd.RangeIndex(n_series))
    places = np.arange(len(values))
    return _wide(values.reshape(len(values), -1), places, Clock("position"), layout, where)


def _wide(
    values: np.ndarray, places: np.ndarray, clock: Clock, layout: Layout, where: str
) -> SeriesSet:
    steps = (places - places[0]) // clock.step  # (n_rows,)

    def row_of(cell: int) -> str:
        row, column = divmod(cell, values.shape[1])
        label = layout.label(column)
        return f"row {row}" + (f", {label}" if label else "")

    _refuse_infinite(values.reshape(-1), row_of, where)
    n_steps = int(steps[-1]) + 1
    _refuse_sparse(len(values), n_steps, clock, where)
    grid = np.full((n_steps, values.shape[1]), np.nan)
    grid[steps] = values
    observed = ~np.isnan(grid)
    # A column without observed values keeps all its steps: its forecast starts with the others.
    skipped = np.where(observed.any(axis=0), observed.argmax(axis=0), 0)  # (n_series,)
    if layout.is_single:
        skipped[:] = 0
    keep = np.arange(n_steps) >= skipped[:, None]  # (n_series, n_steps)
    flat = grid.T[keep]
    return SeriesSet(
        flat,
        offsets_of(n_steps - skipped),
        places[0] + clock.step * skipped,
        clock,
        layout,
        int(np.isnan(flat).sum()),
        int(keep[:, np.setdiff1d(np.arange(n_steps), steps)].sum()),
        steps,
    )


# -- Shared --------------------------------------------------------------------------------


def _with_index(y: Any, index: pd.Index | None) -> Any:
    """Set the index of X on y without times, if the numbers of rows are equal."""
    if index is None or not has_default_index(y):
        return y
    if isinstance(y, Mapping | Panel) or (isinstance(y, list | tuple) and any(map(is_member, y))):
        return y
    n_rows = len(y) if hasattr(y, "__len__") else None
    if n_rows != len(index):
        return y
    if isinstance(y, pd.Series | pd.DataFrame):
        return y.set_axis(index)
    values = np.asarray(y)
    if values.ndim == 2:
        return pd.DataFrame(values, index=index)
    return pd.Series(values, index=index) if values.ndim == 1 else y


def has_default_index(y: Any) -> bool:
    """Return whether y has a default RangeIndex or no index."""
    index = getattr(y, "index", None)
    if not isinstance(index, pd.Index):
        return True
    return isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1


def _check_order(rows: Rows, layout: Layout) -> None:
    """Raise for times that repeat or decrease within a series."""
    falls = rows.follows & ~(rows.times[1:] > rows.times[:-1])
    if not falls.any():
        return
    first = np.flatnonzero(np.r_[True, ~rows.follows])
    i = int(np.argmax(falls)) + 1
    start = int(first[np.searchsorted(first, i, side="right") - 1])
    stop = start + int((rows.series == rows.series[i]).sum())
    member = rows.times[start:stop]
    name = argument(rows.where)
    if layout.form != "long":
        check_time_order(member, f"{rows.where}[{plain(layout.ids[int(rows.series[i])])}]")
    label = layout.label(int(rows.series[i]))
    again = member.duplicated()
    if again.any():
        j = int(np.argmax(again))
        raise ValueError(
            f"{rows.where} has {label} at {show_time(member[j])} again in "
            f"{rows.row_of(start + j).rstrip(',').replace(f', of {label}', '')}. Aggregate or drop "
            f"rows with the same time: {name}.groupby(level={list(range(layout.ids.nlevels + 1))})"
            ".mean()."
        )
    raise ValueError(
        f"{rows.where} is not in chronological order: {rows.row_of(i)} is at "
        f"{show_time(rows.times[i])}, after {show_time(rows.times[i - 1])}. Pass "
        f"{name}.sort_index()."
    )


def _refuse_infinite(values: np.ndarray, row_of: Callable[[int], str], where: str) -> None:
    infinite = np.isinf(values)
    if infinite.any():
        i = int(np.argmax(infinite))
        raise ValueError(
            f"{where} has {values[i]:g} at {row_of(i).rstrip(',')}. Pass NaN for missing values, "
            "and finite numbers."
        )
    large = np.abs(values) > _LARGEST
    if large.any():
        i = int(np.argmax(large))
        raise ValueError(
            f"{where} has {values[i]:g} at {row_of(i).rstrip(',')}, which is too large: "
            f"differences of such values overflow. Rescale {argument(where)}."
        )


def _refuse_sparse(n_rows: int, n_steps: int, clock: Clock, where: str) -> None:
    """Raise an error for series with too many gaps, for example due to a wrong year."""
    if n_steps <= 50 * max(n_rows, 1000):
        return
    raise ValueError(
        f"{where} has {counted(n_rows, 'row')}, but {n_steps} time steps of "
        f"{clock.freq or clock.step}, nearly all of which lack a row. Set a coarser freq, after "
        f"{argument(where)}.resample(...).mean(), or check the times for a wrong one."
    )


def _holds_members(y: pd.Series) -> bool:
    return len(y) > 0 and has_sequences(y)
