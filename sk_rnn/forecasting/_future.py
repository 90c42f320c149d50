"""The time steps to forecast, which `predict` receives as X."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import counted, name_kind, open_foreign, plain
from ._clock import OFF_GRID
from ._covariates import Covariates, read_columns
from ._matching import as_table, read_ids, read_places
from ._reading import has_default_index
from ._series import SeriesSet

# More forecasts do not fit into memory. This is probably a mistake, such as passing a year.
_MOST_STEPS = 2**28


@dataclass(frozen=True)
class Future:
    """Time steps after the end of each series.

    Parameters
    ----------
    n_steps : ndarray of int64 of shape (n_series,)
        Number of steps to forecast after the end of each series; 0 if none was requested.
    ahead : ndarray of int64 of shape (n_rows,)
        Number of steps from the end of its series to each row, 1 or greater, in the order of X.
    series : ndarray of int64 of shape (n_rows,), default=None
        The series of each row; None if each row belongs to all series, as for a wide y.
    index : Index of length n_rows, default=None
        Index of the rows; None if y has no times.
    covariates : Covariates, default=None
        Covariates of the past and of these steps.
    """

    n_steps: np.ndarray
    ahead: np.ndarray
    series: np.ndarray | None
    index: pd.Index | None
    covariates: Covariates | None


def read_future(
    X: Any, data: SeriesSet, horizon: int, where: str, *, covariates: Covariates | None = None
) -> Future:
    """Return the time steps to forecast.

    Parameters
    ----------
    X : None, int, index of times, DataFrame or array
        None: `horizon` steps; int: a number of steps; an index of times, or rows with such an
        index; rows without times: the next steps. Rows contain the covariates.
    data : SeriesSet
        The observed series.
    horizon : int
    where : str
        Name of X in error messages: the caller and the argument.
    covariates : Covariates, default=None
        Covariates of the past, if the model was fitted with covariates.

    Returns
    -------
    future : Future

    Raises
    ------
    ValueError
        If times are not after the end of the series, covariates that are known in advance are
        missing, or an id is unknown.
    """
    caller = where.partition(": ")[0]
    if X is None or (isinstance(X, int | np.integer) and not isinstance(X, bool)):
        n = horizon if X is None else int(X)
        if n < 1:
            raise ValueError(f"{where} is {n}. Pass a positive number of steps.")
        if n * data.n_series > _MOST_STEPS:
            raise ValueError(
                f"{where} is {n}, too many steps to forecast. Pass a number of steps up to "
                f"{_MOST_STEPS // data.n_series}."
            )
        _require_no_covariates(covariates, data, n, caller)
        return _next(n, data, covariates)
    _refuse_single(X, where)
    X = _as_index(X, where)
    if isinstance(X, pd.Index):
        if len(X) == 0:
            _refuse_empty(where)
        future = _of_index(X, data, where)
        _require_no_covariates(covariates, data, int(future.n_steps.max()), caller)
        return _with(future, covariates)
    table: Any = as_table(X, data, where)
    if len(table) == 0:
        _refuse_empty(where)
    no_times = isinstance(table, np.ndarray) or data.clock.kind == "position"
    no_times = no_times or (has_default_index(table) and data.clock.kind != "integer")
    if no_times:
        future = _next(len(table), data, covariates)
    else:
        future = _of_index(table.index, data, where)
    if covariates is not None:
        values = read_columns(table, covariates.columns, where, future=True)
        return _with(future, _extend(covariates, future, values, no_times, data, where))
    if table.shape[1]:
        raise ValueError(
            f"{where} has {counted(table.shape[1], 'column')}, but the model was fitted without "
            "covariates. Pass a number of steps, the times, or X without columns: X[[]]."
        )
    return future


# -- Steps ---------------------------------------------------------------------------------


def _next(n: int, data: SeriesSet, covariates: Covariates | None) -> Future:
    """Return the next n steps of each series."""
    n_series = data.n_series
    n_steps = np.full(n_series, n)
    steps = np.arange(1, n + 1)
    if data.layout.is_wide:
        places = data.ends[0] + data.clock.step * steps
        return Future(n_steps, steps, None, row_index(data, None, places), covariates)
    series = np.repeat(np.arange(n_series), n)
    ahead = np.tile(steps, n_series)
    places = data.ends[series] + data.clock.step * ahead
    return Future(n_steps, ahead, series, row_index(data, series, places), covariates)


def _of_index(index: Any, data: SeriesSet, where: str) -> Future:
    """Return the steps at given times, all after the end of the series."""
    wide = data.layout.is_wide
    if index.nlevels == 1 and index.name is None:
        index = index.rename(data.clock.name)
    if data.clock.kind == "position":
        raise ValueError(
            f"{where} has times, but y had none. Pass a number of steps, or the next rows as an "
            "array."
        )
    if index.nlevels > 1:
        if wide or index.nlevels != data.layout.ids.nlevels + 1:
            known = "times only" if wide else f"{data.layout.ids.nlevels} ids and times"
            raise ValueError(
                f"{where} has the MultiIndex {list(index.names)}, but y is indexed by {known}. "
                "Pass X with the index that y would have."
            )
        series = read_ids(_ids(index), data)
        if (series < 0).any():
            row = int(np.argmax(series < 0))
            raise ValueError(
                f"{where} has the id {plain(_ids(index)[row])} in row {row}, which has no "
                "previous values. Pass them as history=..., or call update with them."
            )
        places = read_places(index.get_level_values(-1), data, where)
    else:
        places = read_places(index, data, where)
        series = np.zeros(len(places), dtype=np.int64)
        if not wide:  # each time is requested for all series
            series = np.repeat(np.arange(data.n_series), len(places))
            places = np.tile(places, data.n_series)
            index = row_index(data, series, places)
    ahead = _steps_ahead(series, places, data, where)
    n_steps = np.zeros(data.n_series, dtype=np.int64)
    np.maximum.at(n_steps, series, ahead)
    if wide:
        n_steps[:] = n_steps[0]
    return Future(n_steps, ahead, None if wide else series, index, None)


def _steps_ahead(series: np.ndarray, places: np.ndarray, data: SeriesSet, where: str) -> np.ndarray:
    clock = data.clock
    ahead, rest = np.divmod(places - data.ends[series], clock.step)
    off = (places == OFF_GRID) | (rest != 0)
    if off.any():
        freq = clock.freq or clock.step
        raise ValueError(
            f"{where} has a time in row {int(np.argmax(off))} that is not on the grid of y, "
            f"which has steps of {freq} and ends at {data.show_end(int(series[np.argmax(off)]))}. "
            "Pass times that continue from there."
        )
    if (ahead < 1).any():
        i = int(np.argmin(ahead))
        of = "" if data.layout.is_wide else f" of {data.layout.label(int(series[i]))}"
        first = clock.show(int(places[series == series[i]].min()))
        raise ValueError(
            f"{where} begins at {first}{of}, but observations are known up to "
            f"{data.show_end(int(series[i]))}. X holds the future. For forecasts from an earlier "
            "time pass history=..., or call backtest; to cross-validate, split by time with "
            "TimeSeriesSplit or ForecastSplit."
        )
    return ahead


def row_index(data: SeriesSet, series: np.ndarray | None, places: np.ndarray) -> pd.Index | None:
    """Return the index of rows: times, or ids and times."""
    if data.clock.kind == "position":
        return None
    times = data.clock.times(places)
    if series is None:
        return times
    ids = data.layout.ids
    levels = [ids.get_level_values(level)[series] for level in range(ids.nlevels)]
    return pd.MultiIndex.from_arrays([*levels, times], names=[*ids.names, data.clock.name])


# -- Covariates ----------------------------------------------------------------------------


def _extend(
    covariates: Covariates,
    future: Future,
    values: np.ndarray,
    no_times: bool,
    data: SeriesSet,
    where: str,
) -> Covariates:
    """Return covariates with those of the rows to forecast."""
    n_rows = len(values)
    rows = counted(n_rows, "row")
    has_ids = future.series is not None and len(future.ahead) == n_rows
    if not has_ids and not covariates.shared:
        raise ValueError(
            f"{where} has {rows} without ids, but the covariates in fit differed between series. "
            "Pass rows with the index that y would have: ids and times."
        )
    if no_times and (data.ends != data.ends[0]).any():
        raise ValueError(
            f"{where} has {rows} without times, but the series end at different times. Pass rows "
            "with an index of times."
        )
    # Rows without ids apply to each series; their times are those of the first one.
    ahead = future.ahead[:n_rows]
    series = np.zeros(n_rows, dtype=np.int64) if future.series is None else future.series[:n_rows]
    places = data.ends[series] + data.clock.step * ahead
    _refuse_missing(values, covariates, places, where, data)
    return covariates.extended(series, places, values)


def _refuse_missing(
    values: np.ndarray, covariates: Covariates, places: np.ndarray, where: str, data: SeriesSet
) -> None:
    columns = covariates.columns
    strict = ~np.array(columns.past, dtype=bool) & ~np.array(columns.missing, dtype=bool)
    missing = np.isnan(values) & strict
    if missing.any():
        row, j = np.argwhere(missing)[0]
        time = f"row {row}"
        if data.clock.kind != "position":
            time = f"{data.clock.show(int(places[row]))} (row {row})"
        raise ValueError(
            f"{where} has a missing value in {columns.label(int(j))} at {time}, which is known in "
            f"advance. Fill it in, or fit with past_features={columns.labels(np.array([j]))} if it "
            "is not known in advance."
        )


def _require_no_covariates(
    covariates: Covariates | None, data: SeriesSet, n: int, caller: str
) -> None:
    """Raise an error if there are covariates that are known in advance and must be passed."""
    if covariates is None or len(covariates.columns.known) == 0:
        return
    names = covariates.columns.labels(covariates.columns.known)
    clock, end = data.clock, int(data.ends[0])
    span = f"the next {counted(n, 'time step')}"
    if data.n_series > 1 and not data.layout.is_wide:
        span += " of each series"
    if clock.kind != "position" and (data.layout.is_wide or data.n_series == 1):
        span = f"{clock.show(end + clock.step)} to {clock.show(end + clock.step * n)}"
    raise ValueError(
        f"{caller}: the model was fitted with covariates that are known in advance, {names}, so it "
        f"needs them for {span}. Pass X with these rows, or fit with past_features for columns "
        "that are not known in advance."
    )


# -- Types of X ----------------------------------------------------------------------------


def _as_index(X: Any, where: str) -> Any:
    """Return times as an index; everything else is returned unchanged."""
    if isinstance(X, pd.Index):
        return X
    if isinstance(X, pd.Series) and X.dtype.kind == "M":
        return pd.DatetimeIndex(X)
    opened = open_foreign(X, where)
    if isinstance(opened, np.ndarray) and opened.ndim == 1 and opened.dtype.kind == "M":
        return pd.DatetimeIndex(opened)
    listed = isinstance(X, list | tuple) and len(X) > 0
    if listed and isinstance(X[0], pd.Timestamp | pd.Period):
        return pd.Index(X)
    return X


def _refuse_single(X: Any, where: str) -> None:
    """Raise an error for a single value that is not a number of steps."""
    if not isinstance(X, str | bytes | bool | float | np.generic | pd.Timestamp | pd.Period):
        return
    advice = "Pass a number of steps, an index of times, or the rows to forecast."
    if isinstance(X, float) and 0 < X < 1 and "predict_interval" in where:
        advice = f"Pass it by name: predict_interval(coverage={X})."
    raise TypeError(f"{where} is {name_kind(X)}, {plain(X)}. {advice}")


def _ids(index: Any) -> Any:
    return index.droplevel(-1)


def _with(future: Future, covariates: Covariates | None) -> Future:
    return Future(future.n_steps, future.ahead, future.series, future.index, covariates)


def _refuse_empty(where: str) -> None:
    raise ValueError(
        f"{where} has 0 rows (0 sample(s)) while a minimum of 1 is required. Pass the rows to "
        "forecast."
    )
