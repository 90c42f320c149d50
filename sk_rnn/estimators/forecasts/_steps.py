"""Steps of series: held out for validation, filled, cut, and continued with forecasts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...forecasting import Covariates, SeriesSet, Windows
from ...sequences import offsets_of


def last_observed(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the last observed value of each series, NaN for one without any."""
    position = np.where(np.isnan(values), -1, np.arange(len(values)))
    last = np.maximum.reduceat(position, offsets[:-1])
    return np.where(last >= offsets[:-1], values[last], np.nan)


def filled(values: np.ndarray, offsets: np.ndarray, context: int, last: np.ndarray) -> np.ndarray:
    """Return values whose last step is filled in if the whole context of a series is missing.

    Parameters
    ----------
    values : ndarray of shape (total_steps,)
    offsets : ndarray of shape (n_series + 1,)
    context : int
    last : ndarray of shape (n_series,)
        The last value that was observed, which may be before `values`.
    """
    counts = np.r_[0, np.cumsum(~np.isnan(values))]
    starts = np.maximum(offsets[1:] - context, offsets[:-1])
    empty = counts[offsets[1:]] == counts[starts]
    if not empty.any():
        return values
    values = values.copy()
    values[offsets[1:][empty] - 1] = last[empty]
    return values


def continued(
    data: SeriesSet, values: np.ndarray, forecasts: np.ndarray
) -> tuple[SeriesSet, np.ndarray]:
    """Return series that are continued with forecasts.

    Parameters
    ----------
    data : SeriesSet
    values : ndarray of shape (total_steps,)
        The values that are read from them.
    forecasts : ndarray of shape (n_series, n_steps)
        In the same units.
    """
    n_steps = forecasts.shape[1]
    at = np.repeat(data.offsets[1:], n_steps)
    longer = np.insert(values, at, forecasts.reshape(-1))
    offsets = data.offsets + n_steps * np.arange(data.n_series + 1)
    return replace(data, values=longer, offsets=offsets, row_steps=np.empty(0, np.int64)), longer


def cut_after(data: SeriesSet, steps: np.ndarray) -> tuple[SeriesSet, np.ndarray]:
    """Return series up to a step of each, and which of the values remain.

    Parameters
    ----------
    data : SeriesSet
    steps : ndarray of int of shape (n_series,)
        Number of steps that remain, one or more.
    """
    lengths = np.minimum(data.lengths, steps)
    series = np.repeat(np.arange(data.n_series), data.lengths)
    keep = np.arange(len(data.values)) - data.offsets[series] < lengths[series]
    values = data.values[keep]
    shorter = replace(
        data,
        values=values,
        offsets=offsets_of(lengths),
        n_missing=int(np.isnan(values).sum()),
        n_inserted=0,
        row_steps=np.empty(0, np.int64),
    )
    return shorter, keep


def hold_out(windows: Windows, fraction: float, caller: str) -> tuple[np.ndarray, np.ndarray]:
    """Return windows to train on, and those whose targets are in the last part of each series.

    Parameters
    ----------
    windows : Windows
    fraction : float
        Of the steps of each series; at least the horizon.
    caller : str
        For error messages.
    """
    lengths = windows.data.lengths[windows.series]
    n_held = np.maximum(np.ceil(fraction * lengths), windows.horizon)
    train = np.flatnonzero(windows.step + windows.horizon < lengths - n_held)
    valid = np.flatnonzero(windows.step + 1 >= lengths - n_held)
    if len(train) == 0 or len(valid) == 0:
        longest = int(windows.data.lengths.max())
        raise ValueError(
            f"{caller}: early_stopping=True with validation_fraction={fraction} holds out the last "
            f"{int(n_held.max())} steps, which leaves no window of {windows.horizon} steps to "
            f"train on: the longest series has {longest} (n_samples={longest}). Lower "
            "validation_fraction or horizon, or set early_stopping=False."
        )
    return train, valid


def without_future(covariates: Covariates | None, data: SeriesSet) -> Covariates | None:
    """Return covariates whose past features are not known after the end of their series.

    They may be in the rows to forecast, but must not be used: beyond the horizon of the network,
    forecasts would depend on them, because later blocks read the rows before them.
    """
    if covariates is None or not any(covariates.columns.past):
        return covariates
    series, places = covariates.table.scattered()
    ends = np.full(1, data.ends.max()) if covariates.shared else data.ends
    values = covariates.table.values.copy()
    after = np.flatnonzero(places > ends[series])
    values[np.ix_(after, np.flatnonzero(covariates.columns.past))] = np.nan
    return replace(covariates, table=replace(covariates.table, values=values))


def steps_after(before: SeriesSet, data: SeriesSet) -> np.ndarray:
    """Return the first step of each series that was not known before; 0 for new series."""
    steps = np.zeros(data.n_series, dtype=np.int64)
    places = before.ends
    if data.clock != before.clock:
        places = data.clock.places(before.clock.times(places))
    n = before.n_series
    steps[:n] = (places - data.starts[:n]) // data.clock.step + 1
    return steps


def separate(X: Any, y: Any) -> tuple[Any, Any]:
    """Return covariates and series: with one argument, it is the series."""
    return (None, X) if y is None else (X, y)


def index_of(X: Any) -> pd.Index | None:
    """Return the index of a pandas object; lists have a method of this name."""
    index = getattr(X, "index", None)
    return index if isinstance(index, pd.Index) else None
