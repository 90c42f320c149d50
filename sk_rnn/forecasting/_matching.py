"""Matching of the rows of X to the rows of y by times and ids."""

from typing import Any

import numpy as np
import pandas as pd

from ..sequences import argument, counted, plain
from ._clock import OFF_GRID
from ._covariates import Columns, Covariates, learn_columns, open_table, read_columns, with_static
from ._foreign import index_like
from ._frequency import read_times
from ._reading import has_default_index
from ._series import SeriesSet
from ._table import tabulate


def read_covariates(
    X: Any,
    data: SeriesSet,
    where: str,
    *,
    past_features: Any = None,
    columns: Columns | None = None,
    last: np.ndarray | None = None,
) -> Covariates | None:
    """Read the covariates of the rows of y.

    Parameters
    ----------
    X : DataFrame, array or None
        One row per row of y, in the same order if it has no index of times; or, for several series
        that are not columns, one row per time, shared by all series.
    data : SeriesSet
        From y.
    where : str
        Name of X in error messages: the caller and the argument.
    past_features : label, int or list of these, default=None
        Columns that are not known in advance, by name or position.
    columns : Columns, default=None
        Columns learned in fit, for covariates of another history.
    last : ndarray of int of shape (n_series,), default=None
        Learn columns from the rows up to this place of each series only.

    Returns
    -------
    covariates : Covariates or None
        None if X is None or has no columns.

    Raises
    ------
    ValueError
        If X and y have different rows, or columns cannot be read.
    """
    if X is None:
        return None
    X = as_table(X, data, where)
    series, places, shared = _match(X, data, where)
    if X.shape[1] == 0 and columns is None:
        return None
    learned = columns is None
    if columns is None:
        columns = learn_columns(_until(X, series, places, last, shared), where, past_features)
    values = read_columns(X, columns, where)
    n_series = 1 if shared else data.n_series
    table, _ = tabulate(series, places, values, n_series, data.clock.step)
    covariates = Covariates(columns, table, shared)
    return with_static(covariates) if learned else covariates


def _until(
    X: Any, series: np.ndarray, places: np.ndarray, last: np.ndarray | None, shared: bool
) -> Any:
    """Return the rows of X up to a place of each series."""
    if last is None:
        return X
    rows = places <= (last.max() if shared else last[series])
    return X[rows] if isinstance(X, np.ndarray) else X.loc[rows]


def as_table(X: Any, data: SeriesSet, where: str) -> pd.DataFrame | np.ndarray:
    """Return X as a table. One without an index is indexed by its columns of ids and times."""
    table = open_table(X, where)
    if data.clock.kind == "position" or not has_default_index(table):
        return table
    ids = [] if data.layout.is_wide else list(data.layout.ids.names)
    if isinstance(X, pd.DataFrame) and isinstance(table, pd.DataFrame):
        name = data.clock.name
        if name is not None and name in table.columns:
            keys = [key for key in [*ids, name] if key is not None and key in table.columns]
            shown = plain(keys[0]) if len(keys) == 1 else f"[{', '.join(map(plain, keys))}]"
            raise ValueError(
                f"{where} has the times in column {plain(name)}, but those of y are its index. "
                f"Pass {argument(where)}.set_index({shown})."
            )
        return table
    return index_like(table, [*ids, data.clock.name])


def row_places(data: SeriesSet) -> tuple[np.ndarray, np.ndarray]:
    """Return the series and the place of each row of y; series are 0 in a wide y."""
    if data.layout.is_wide:
        places = data.starts.min() + data.clock.step * data.row_steps
        return np.zeros(len(places), dtype=np.int64), places
    series, places = data.table.scattered()
    return series[data.row_steps], places[data.row_steps]


def read_ids(ids: pd.Index, data: SeriesSet) -> np.ndarray:
    """Return the number of the series of each id; -1 for ids that y lacks."""
    return data.layout.ids.get_indexer(ids)


def read_places(index: pd.Index, data: SeriesSet, where: str) -> np.ndarray:
    """Return the places of times on the clock of y; raise an error if their type differs."""
    times = read_times(index, where)
    clock = data.clock
    if not clock.reads(times):
        name = argument(where)
        zone = f" in {times.tz}" if getattr(times, "tz", None) is not None else ""
        there = f" in {clock.tz}" if clock.tz is not None else ""
        raise ValueError(
            f"{where} has a {type(times).__name__}{zone} as index, but y has times of kind "
            f"{_kind_of(clock.kind)}{there}. Pass {name} and y with the same type of index."
        )
    return clock.places(times)


def _kind_of(kind: str) -> str:
    return {
        "fixed": "DatetimeIndex",
        "offset": "DatetimeIndex",
        "period": "PeriodIndex",
        "timedelta": "TimedeltaIndex",
    }.get(kind, "integer")


def _match(X: Any, data: SeriesSet, where: str) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return the series and places of the rows of X, and whether rows are shared by all series."""
    series, places = row_places(data)
    wide = data.layout.is_wide
    index = getattr(X, "index", None)
    if data.clock.kind == "position" or index is None or has_default_index(X):
        if len(X) != len(places):
            raise ValueError(
                f"{where} has {counted(len(X), 'row')}, but y has {len(places)} (inconsistent "
                "numbers of samples). Pass one row per row of y."
            )
        return series, places, wide
    if index.nlevels == 1:
        found = read_places(index, data, where)
        _refuse_repeated(found, index, where)
        _refuse_difference(np.unique(places), found, data, where)
        return np.zeros(len(found), dtype=np.int64), found, True
    if wide or index.nlevels != data.layout.ids.nlevels + 1:
        raise ValueError(
            f"{where} has the MultiIndex {list(index.names)}, but y is indexed by "
            f"{'times only' if wide else [*data.layout.ids.names, data.clock.name]}. Pass X with "
            "the index of y."
        )
    of_x = read_ids(index.droplevel(-1), data)
    found = read_places(index.get_level_values(-1), data, where)
    pairs_x = pd.MultiIndex.from_arrays([of_x, found])
    pairs_y = pd.MultiIndex.from_arrays([series, places])
    if not pairs_x.is_unique:
        row = int(np.argmax(pairs_x.duplicated()))
        raise ValueError(
            f"{where} has {_show_row(index[row])} again in row {row}. Aggregate or drop rows "
            "with the same time."
        )
    lacks = pairs_x.get_indexer(pairs_y) < 0
    if lacks.any():
        i = int(np.argmax(lacks))
        time = data.clock.show(int(places[i]))
        _refuse_other_times(where, f"y has {time} of {data.layout.label(int(series[i]))}", "X")
    extra = pairs_y.get_indexer(pairs_x) < 0
    if extra.any():
        _refuse_other_times(where, f"X has {_show_row(index[int(np.argmax(extra))])}", "y")
    return of_x, found, False


def _refuse_repeated(places: np.ndarray, index: pd.Index, where: str) -> None:
    again = pd.Index(places).duplicated()
    if again.any():
        row = int(np.argmax(again))
        raise ValueError(
            f"{where} has {index[row]} again in row {row} of its index. Pass one row per time, or "
            "the index of y."
        )


def _refuse_difference(of_y: np.ndarray, of_x: np.ndarray, data: SeriesSet, where: str) -> None:
    lacks = ~np.isin(of_y, of_x)
    if lacks.any():
        time = data.clock.show(int(of_y[np.argmax(lacks)]))
        _refuse_other_times(where, f"y has {time}", "X")
    extra = ~np.isin(of_x, of_y)
    if extra.any():
        place = int(of_x[np.argmax(extra)])
        time = "a time off the grid of y" if place == OFF_GRID else data.clock.show(place)
        _refuse_other_times(where, f"X has {time}", "y")


def _refuse_other_times(where: str, one_has: str, other: str) -> None:
    caller = where.partition(": ")[0]
    raise ValueError(
        f"{caller}: X and y have different times: {one_has}, which {other} lacks. Pass the same "
        "rows in both: X.loc[y.index] or y.loc[X.index]."
    )


def _show_row(label: Any) -> str:
    return plain(label) if not isinstance(label, tuple) else f"({', '.join(map(str, label))})"
