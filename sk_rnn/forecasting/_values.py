"""Conversion of y to float64 arrays with missing values as NaN."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import (
    as_array,
    as_numbers,
    counted,
    frame_values,
    name_kind,
    open_foreign,
    plain,
)

ACCEPTED = (
    "Pass a Series or a DataFrame with one row per time step, a Series with a MultiIndex of ids "
    "and times, a dict or list of Series or 1-D arrays, a Panel of one feature, or an array of "
    "shape (n_timesteps,) or (n_timesteps, n_series)."
)


def numbers_of(y: Any, where: str) -> np.ndarray:
    """Return the values of a Series, a frame or an array as float64, missing ones as NaN."""
    if isinstance(y, pd.Series):
        return as_numbers(frame_values(y.to_frame(), where)[:, 0], where).astype(np.float64)
    if isinstance(y, pd.DataFrame):
        values = as_numbers(frame_values(y, where), where).astype(np.float64)
        return values[:, 0] if y.index.nlevels > 1 else values
    return array_of(y, where)


def array_of(y: Any, where: str) -> np.ndarray:
    if isinstance(y, str | bytes) or not (
        isinstance(y, Sequence) or hasattr(y, "__array__") or isinstance(y, np.ndarray)
    ):
        raise TypeError(f"{where} is {name_kind(y)}, which is not a series. {ACCEPTED}")
    values = as_array(y, where, ACCEPTED)
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(_as_float_masked(values), np.nan)
    if values.ndim == 0:
        raise TypeError(f"{where} is a single value, {plain(values[()])}. {ACCEPTED}")
    return as_numbers(values, where).astype(np.float64)


def _as_float_masked(values: Any) -> Any:
    """Return masked numbers as float64, so that missing ones can be NaN."""
    return values.astype(np.float64) if values.dtype.kind in "biuf" else values


def one_column(member: Any, where: str) -> Any:
    """Return a member of a container as a Series or a 1-D array."""
    member = open_foreign(member, where)
    if isinstance(member, pd.DataFrame):
        if member.shape[1] != 1:
            raise ValueError(
                f"{where} has {counted(member.shape[1], 'column')}, where one series is expected. "
                "Pass one column, and the others as X with past_features."
            )
        member = member.iloc[:, 0]
    if isinstance(member, pd.Series):
        if member.index.nlevels > 1:
            raise ValueError(
                f"{where} has the MultiIndex {list(member.index.names)}. Pass one series per "
                "entry, or one long Series."
            )
        return member
    values = array_of(member, where)
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise ValueError(
            f"{where} has shape {values.shape}, where a series of shape (n_timesteps,) is "
            "expected. Pass one series per entry."
        )
    return values
