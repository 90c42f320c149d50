"""True values and forecasts of series, in all supported containers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import (
    Panel,
    argument,
    as_array,
    as_numbers,
    check_sample_weights,
    counted,
    frame_values,
    has_sequences,
    name_kind,
    open_foreign,
    plain,
)

_ACCEPTED = (
    "Pass an array, a Series or a DataFrame with one row per time step, or a dict, a list or a "
    "Panel of series."
)


@dataclass(frozen=True)
class Outputs:
    """Values of one or several series, one row per time step.

    Parameters
    ----------
    values : ndarray of float64 of shape (n_rows, n_outputs)
        A column per series, or one column of rows of several series.
    codes : ndarray of int of shape (n_rows,), default=None
        The series of each row; None if columns are the series.
    ids : Index, default=None
        The ids of the series to which `codes` refer.
    index : Index, default=None
        Ids and times of the rows, if they have any.
    """

    values: np.ndarray
    codes: np.ndarray | None = None
    ids: pd.Index | None = None
    index: pd.Index | None = None

    @property
    def n_series(self) -> int:
        """Number of series."""
        return self.values.shape[1] if self.ids is None else len(self.ids)

    def label(self, row: int, column: int) -> str:
        """Name a number in messages: its row, and its series if there are several."""
        if self.ids is not None and self.codes is not None:
            return f"row {row}, of series {plain(self.ids[int(self.codes[row])])}"
        return f"row {row}" + (f", column {column}" if self.values.shape[1] > 1 else "")

    def average(self, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return the weighted mean of each series, (n_series,), of numbers shaped like `values`."""
        if self.codes is None:
            return np.average(values, weights=weights, axis=0)
        total = np.bincount(self.codes, weights * values[:, 0], minlength=self.n_series)
        return total / np.bincount(self.codes, weights, minlength=self.n_series)


def read_pair(
    y_true: Any, y_pred: Any, sample_weight: Any, caller: str, *, per_row: int = 1
) -> tuple[Outputs, np.ndarray, np.ndarray]:
    """Return true values, forecasts and weights of rows.

    Parameters
    ----------
    y_true, y_pred : array-like
    sample_weight : array-like of shape (n_rows,), or None
    caller : str
        Name of the metric in error messages.
    per_row : int, default=1
        Numbers per true value in `y_pred`: 2 for intervals.

    Returns
    -------
    true : Outputs
    pred : ndarray of float64 of shape (n_rows, n_outputs) or (n_rows, n_outputs, per_row)
    weights : ndarray of shape (n_rows,)
    """
    true = read_outputs(y_true, f"{caller}: y_true")
    forecasts = read_outputs(y_pred, f"{caller}: y_pred", per_row=per_row, truth=true)
    n_rows, n_outputs = true.values.shape
    if len(forecasts.values) != n_rows or forecasts.values.shape[1] != n_outputs * per_row:
        needed = f"({n_rows}, {n_outputs * per_row})"
        raise ValueError(
            f"{caller}: y_true has {counted(n_rows, 'row')} of {counted(n_outputs, 'output')}, but "
            f"y_pred has shape {forecasts.values.shape}. Pass y_pred of shape {needed}"
            + (", a lower and an upper bound per true value." if per_row == 2 else ".")
        )
    _check_same_rows(true, forecasts, caller)
    weights = np.ones(n_rows)
    if sample_weight is not None:
        weights = check_sample_weights(
            open_foreign(sample_weight, f"{caller}: sample_weight"), n_rows, caller, noun="row"
        )
    if true.codes is not None and true.ids is not None:
        empty = np.bincount(true.codes, weights, minlength=true.n_series) == 0
        if empty.any():
            raise ValueError(
                f"{caller}: sample_weight is zero in all rows of series "
                f"{plain(true.ids[int(np.argmax(empty))])}. Leave its rows out."
            )
    pred = forecasts.values
    return true, pred.reshape(n_rows, n_outputs, per_row) if per_row > 1 else pred, weights


def read_outputs(y: Any, where: str, *, per_row: int = 1, truth: Outputs | None = None) -> Outputs:
    """Read true values or forecasts.

    Parameters
    ----------
    y : array-like
    where : str
        Name of the argument in error messages.
    per_row : int, default=1
        Numbers per value, in the last axis or in columns.
    truth : Outputs, default=None
        The true values, if these are forecasts; forecasts without ids are in their order.
    """
    if isinstance(y, Panel):
        codes = np.repeat(np.arange(len(y)), y.lengths)
        ids = pd.RangeIndex(len(y)) if y.index is None else y.index
        return Outputs(_finite(_columns(y.values, where), where), codes, ids)
    if isinstance(y, Mapping):
        return _members(list(y.values()), pd.Index(list(y), tupleize_cols=False), where)
    y = open_foreign(y, where)
    if isinstance(y, pd.Series) and has_sequences(y):
        y = list(y)
    if _is_ragged(y) and (truth is None or truth.codes is not None):
        return _members(list(y), pd.RangeIndex(len(y)), where)
    index = getattr(y, "index", None)
    values = _columns(y, where)
    if values.ndim != 2:
        values = values.reshape(len(values), -1)
    values = _finite(values, where)
    if isinstance(index, pd.MultiIndex):
        if values.shape[1] != per_row:
            raise ValueError(
                f"{where} has a MultiIndex of ids and times, and {values.shape[1]} columns, where "
                f"{counted(per_row, 'column')} {'is' if per_row == 1 else 'are'} expected. Pass "
                "one column per number."
            )
        levels: Any = index
        codes, ids = pd.factorize(levels.droplevel(-1))
        return Outputs(values, codes, pd.Index(ids), index)
    if truth is not None and truth.codes is not None:
        return Outputs(values, truth.codes, truth.ids)
    return Outputs(values)


def combine(scores: np.ndarray, multioutput: Any, caller: str) -> Any:
    """Return the mean of the scores of series, according to `multioutput`.

    Parameters
    ----------
    scores : ndarray of shape (n_series,)
    multioutput : {"raw_values", "uniform_average"} or array-like of shape (n_series,)
    caller : str
        Name of the metric in error messages.
    """
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return scores
        if multioutput == "uniform_average":
            return float(np.mean(scores))
        raise ValueError(
            f"{caller}: multioutput must be 'raw_values', 'uniform_average' or one weight per "
            f"series; got {multioutput!r}."
        )
    if multioutput is None:
        return float(np.mean(scores))
    weights = check_sample_weights(
        multioutput, len(scores), caller, input_name="multioutput", noun="series"
    )
    return float(np.average(scores, weights=weights))


def _members(members: list[Any], ids: pd.Index, where: str) -> Outputs:
    """Read one array, Series or frame per series."""
    if not members:
        raise ValueError(f"{where} has no series. Pass at least one.")
    parts = []
    for label, member in zip(ids, members, strict=True):
        name = f"{where}[{plain(label)}]"
        part = _finite(_columns(open_foreign(member, name), name), name)
        if len(part) == 0:
            raise ValueError(f"{name} is empty. Leave out series without values.")
        parts.append(part)
    widths = {part.shape[1] for part in parts}
    if len(widths) > 1:
        raise ValueError(
            f"{where} has series of {min(widths)} and of {max(widths)} columns. Pass series with "
            "the same number of columns."
        )
    codes = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return Outputs(np.concatenate(parts), codes, ids)


def _columns(y: Any, where: str) -> np.ndarray:
    """Return numbers as float64 (n_rows, n_columns)."""
    if isinstance(y, str | bytes) or not (
        isinstance(y, list | tuple | range) or hasattr(y, "__array__")
    ):
        raise TypeError(f"{where} is {name_kind(y)}, which is not a series. {_ACCEPTED}")
    if isinstance(y, pd.Series | pd.DataFrame):
        y = frame_values(y.to_frame() if isinstance(y, pd.Series) else y, where, table=True)
    values = as_array(y, where, _ACCEPTED)
    if values.ndim == 0:
        raise TypeError(f"{where} is a single value, {plain(values[()])}. {_ACCEPTED}")
    if values.ndim > 3 or values.size == 0:
        raise ValueError(f"{where} has shape {values.shape}, and no values. {_ACCEPTED}")
    numbers = as_numbers(values, where, _ACCEPTED).astype(np.float64)
    return numbers.reshape(len(numbers), -1)


def _finite(values: np.ndarray, where: str) -> np.ndarray:
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"{where} has {values[row, column]:g} in row {row}"
            + (f", column {column}" if values.shape[1] > 1 else "")
            + f". Leave such rows out of y_true and y_pred: {argument(where)} must be finite."
        )
    return values


def _check_same_rows(true: Outputs, forecasts: Outputs, caller: str) -> None:
    if true.codes is None or forecasts.codes is None:
        if forecasts.codes is not None:
            raise ValueError(
                f"{caller}: y_pred holds several series, but y_true has none of them by id. Pass "
                "both in the same kind of container."
            )
        return
    if true.index is not None and forecasts.index is not None:
        if not true.index.equals(forecasts.index):
            raise ValueError(
                f"{caller}: y_pred has other ids or times than y_true, or another order. Pass "
                "y_pred.loc[y_true.index]."
            )
        return
    same = true.ids is not None and forecasts.ids is not None and true.ids.equals(forecasts.ids)
    if not same or not np.array_equal(true.codes, forecasts.codes):
        raise ValueError(
            f"{caller}: y_true and y_pred hold different series, or different numbers of time "
            "steps of one. Pass one forecast per true value, in the same order."
        )


def _is_ragged(y: Any) -> bool:
    """Return whether a list holds series: arrays, or lists of different lengths.

    Lists of equal length are the rows of an array, as everywhere in scikit-learn.
    """
    if not isinstance(y, list | tuple) or not y:
        return False
    if all(isinstance(member, list | tuple) for member in y):
        return len({len(member) for member in y}) > 1
    return all(
        isinstance(member, list | tuple | pd.Series | pd.DataFrame) or getattr(member, "ndim", 0)
        for member in y
    )
