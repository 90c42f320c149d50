"""Covariates: the columns of X in fit and in predict."""

from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..sequences import (
    argument,
    as_array,
    as_numbers,
    frame_values,
    name_kind,
    open_foreign,
    plain,
    refuse_matrices,
)
from ._past_features import past_columns
from ._table import Table, tabulate

# Code of a category that is missing, or was not seen in fit.
UNKNOWN = 0

_A_TABLE = "Pass a DataFrame or a 2-D array with one row per time step."


@dataclass(frozen=True)
class Columns:
    """Properties of the columns of X, learned in fit.

    Parameters
    ----------
    names : tuple, default=None
        Column names; None for an array.
    categories : tuple
        For each column the categories that have codes 1, 2, ..., or None if it is numeric.
    past : tuple of bool
        Whether a column is known only for the past.
    static : tuple of bool
        Whether a column is constant within each series.
    missing : tuple of bool
        Whether a column had missing values.
    mean, scale : ndarray of float64 of shape (n_columns,)
        Mean and standard deviation of numeric columns; 0 and 1 for others.
    """

    names: tuple[Hashable, ...] | None
    categories: tuple[tuple[Any, ...] | None, ...]
    past: tuple[bool, ...]
    static: tuple[bool, ...]
    missing: tuple[bool, ...]
    mean: np.ndarray
    scale: np.ndarray

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.categories)

    @property
    def is_numeric(self) -> np.ndarray:
        """Whether each column is numeric, (n_columns,)."""
        return np.array([categories is None for categories in self.categories], dtype=bool)

    @property
    def n_codes(self) -> tuple[int, ...]:
        """The number of codes of each categorical column, including that of unknown categories."""
        return tuple(len(c) + 1 for c in self.categories if c is not None)

    @property
    def known(self) -> np.ndarray:
        """Positions of the columns that are known in advance."""
        return np.flatnonzero(~np.array(self.past, dtype=bool))

    def label(self, j: int) -> str:
        """Name a column in messages."""
        return f"column {j if self.names is None else plain(self.names[j])}"

    def labels(self, columns: np.ndarray) -> list[Any]:
        """Return the labels of columns, or their positions in an array."""
        return [int(j) if self.names is None else self.names[j] for j in columns]


class Encoded(NamedTuple):
    """Covariates as inputs of a network."""

    numeric: np.ndarray  # (..., n_numeric) float32, standardised, 0 where missing
    observed: np.ndarray  # (..., n_numeric) bool
    codes: np.ndarray  # (..., n_categorical) int64, 0 where missing or unknown


@dataclass(frozen=True)
class Covariates:
    """Covariates at the time steps of some series.

    Parameters
    ----------
    columns : Columns
    table : Table
        Of numbers and of codes of categories, NaN where unknown; of one series if `shared`.
    shared : bool
        Whether all series have the same covariates.
    """

    columns: Columns
    table: Table
    shared: bool

    def at(
        self, series: np.ndarray, places: np.ndarray, columns: np.ndarray | None = None
    ) -> Encoded:
        """Return the covariates of series at places.

        Parameters
        ----------
        series, places : ndarray of int
            Broadcast against each other; places as in :class:`Clock`.
        columns : ndarray of bool of shape (n_columns,), default=None
            Which columns; by default all.

        Returns
        -------
        encoded : Encoded
            Missing where there is no row.
        """
        series, places = np.broadcast_arrays(np.zeros(1, int) if self.shared else series, places)
        rows = self.table.rows(series, places)  # -1 selects the last row, in which all is missing
        numeric, observed, codes = self._encoded
        if columns is None:
            return Encoded(numeric[rows], observed[rows], codes[rows])
        is_numeric = self.columns.is_numeric
        of_numeric, of_codes = columns[is_numeric], columns[~is_numeric]
        return Encoded(
            numeric[rows][..., of_numeric],
            observed[rows][..., of_numeric],
            codes[rows][..., of_codes],
        )

    @cached_property
    def _encoded(self) -> Encoded:
        """The rows of the table, and a last one in which everything is missing."""
        columns = self.columns
        is_numeric = columns.is_numeric
        values = np.vstack([self.table.values, np.full((1, columns.n_columns), np.nan)])
        numeric = (values - columns.mean) / columns.scale
        observed = ~np.isnan(values)
        codes = np.where(observed, values, UNKNOWN)[:, ~is_numeric].astype(np.int64)
        numeric = np.where(observed, numeric, 0.0)[:, is_numeric].astype(np.float32)
        return Encoded(numeric, observed[:, is_numeric], codes)

    def extended(self, series: np.ndarray, places: np.ndarray, values: np.ndarray) -> "Covariates":
        """Return covariates with more rows.

        Parameters
        ----------
        series, places : ndarray of int of shape (n_rows,)
        values : ndarray of shape (n_rows, n_columns)
            From :func:`read_columns`.
        """
        old_series, old_places = self.table.scattered()
        if self.shared:
            series = np.zeros_like(series)
        n_series = max(len(self.table.starts), int(series.max(initial=0)) + 1)
        table, _ = tabulate(
            np.concatenate([old_series, series]),
            np.concatenate([old_places, places]),
            np.vstack([self.table.values, values]),
            n_series,
            self.table.step,
        )
        return replace(self, table=table)


# -- Learning ------------------------------------------------------------------------------


def learn_columns(X: Any, where: str, past_features: Any = None) -> Columns:
    """Learn the properties of the columns of X, before its rows are matched to series.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n_rows, n_columns)
        From :func:`open_table`. Columns of dtype category, string, object and bool are categories.
    where : str
        Name of X in error messages: the caller and the argument.
    past_features : label, int or list of these, default=None
        Columns that are not known in advance, by name or position.

    Returns
    -------
    columns : Columns
        `static` is False throughout: see :func:`with_static`.
    """
    frame = isinstance(X, pd.DataFrame)
    n = X.shape[1]
    if frame and not X.columns.is_unique:
        twice = X.columns[X.columns.duplicated()][0]
        raise ValueError(f"{where} has column {plain(twice)} more than once. Rename one.")
    categories: list[tuple[Any, ...] | None] = [None] * n
    if frame:
        categories = [_categories_of(X.iloc[:, j], where) for j in range(n)]
    columns = Columns(
        tuple(X.columns) if frame else None,
        tuple(categories),
        past_columns(past_features, X, where),
        (False,) * n,
        (False,) * n,
        np.zeros(n),
        np.ones(n),
    )
    values = read_columns(X, columns, where)
    missing = np.isnan(values)
    numbers = np.where(columns.is_numeric, values, np.nan)
    n_known = np.maximum((~np.isnan(numbers)).sum(axis=0), 1)
    mean = np.nansum(numbers / n_known, axis=0)
    scale = np.sqrt(np.nansum((numbers - mean) ** 2 / n_known, axis=0))
    # Constant columns are not scaled, which would amplify the rounding errors of the mean.
    constant = scale <= 1e-12 * np.abs(mean)
    return replace(
        columns,
        missing=tuple(missing.any(axis=0).tolist()),
        mean=mean,
        scale=np.where(constant | (scale == 0), 1.0, scale),
    )


def with_static(covariates: Covariates) -> Covariates:
    """Return covariates with `static` set for columns that are constant within each series."""
    values, offsets = covariates.table.values, covariates.table.offsets
    starts = offsets[:-1][np.diff(offsets) > 0]
    if len(starts) == 0:
        return covariates
    with np.errstate(invalid="ignore"):
        low = np.minimum.reduceat(np.where(np.isnan(values), np.inf, values), starts)
        high = np.maximum.reduceat(np.where(np.isnan(values), -np.inf, values), starts)
    same = np.all(low >= high, axis=0).reshape(-1)
    static = tuple(bool(is_static) for is_static in same)
    return replace(covariates, columns=replace(covariates.columns, static=static))


def _categories_of(column: pd.Series, where: str) -> tuple[Any, ...] | None:
    """Return the categories of a column in order; None if it is numeric."""
    dtype = column.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        return None
    if dtype.kind in "Mm" or isinstance(dtype, pd.PeriodDtype):
        return None  # raises an error where it is read
    if isinstance(dtype, pd.CategoricalDtype):
        used = set(column.cat.codes.unique().tolist())
        found = [c for i, c in enumerate(dtype.categories) if i in used]
    else:
        try:
            found = list(pd.unique(column.dropna()))
        except TypeError as error:  # unhashable
            kind = name_kind(column.dropna().iloc[0])
            raise TypeError(
                f"{where} has {kind} in column {plain(column.name)}, where one number or category "
                "per row is expected. Split it into columns."
            ) from error
        with suppress(TypeError):  # values that cannot be compared stay in order of appearance
            found = sorted(found)
    return tuple(c.item() if isinstance(c, np.generic) else c for c in found)


# -- Reading -------------------------------------------------------------------------------


def open_table(X: Any, where: str) -> pd.DataFrame | np.ndarray:
    """Return covariates as a DataFrame or a 2-D array.

    Parameters
    ----------
    X : object
    where : str
        Its name in error messages: the caller and the argument.
    """
    refuse_matrices(X, where)
    X = open_foreign(X, where)
    if isinstance(X, pd.Series):
        X = X.to_frame()
    if isinstance(X, pd.DataFrame):
        return X
    if hasattr(X, "get_columns"):  # a numeric frame of polars
        return pd.DataFrame({c.name: c.to_numpy() for c in X.get_columns()})
    if isinstance(X, str | bytes | dict) or not (
        isinstance(X, list | tuple) or hasattr(X, "__array__")
    ):
        raise TypeError(f"{where} is {name_kind(X)}, which is not a table. {_A_TABLE}")
    array = as_array(X, where, _A_TABLE)
    if isinstance(array, np.ma.MaskedArray) and array.dtype.kind in "biuf":
        array = np.ma.filled(array.astype(np.float64), np.nan)
    if array.ndim != 2:
        raise ValueError(
            f"{where} has shape {array.shape}: Expected 2D array, got {array.ndim}D array "
            f"instead. Reshape your data: {_A_TABLE[5:]}"
        )
    return array


def read_columns(
    X: pd.DataFrame | np.ndarray, columns: Columns, where: str, *, future: bool = False
) -> np.ndarray:
    """Return the columns learned in fit as numbers, shape (n_rows, n_columns), codes of categories.

    Parameters
    ----------
    X : DataFrame or ndarray
        From :func:`open_table`.
    columns : Columns
    where : str
        Name of X in error messages.
    future : bool, default=False
        Whether columns that are known only for the past may be absent.
    """
    X = _same_columns(X, columns, where, future)
    if isinstance(X, np.ndarray):
        if not columns.is_numeric.all():
            X = pd.DataFrame(X, columns=columns.names)
        else:
            return _finite(as_numbers(X, where).astype(np.float64), columns, where)
    values = np.empty((len(X), columns.n_columns))
    for j, categories in enumerate(columns.categories):
        column = X.iloc[:, j]
        if categories is None:
            values[:, j] = as_numbers(frame_values(column.to_frame(), where)[:, 0], where)
        else:
            given = column.astype(object)
            codes = pd.Index(list(categories), dtype=object).get_indexer(given) + 1.0
            values[:, j] = np.where(column.isna(), np.nan, codes)
    return _finite(values, columns, where)


def _same_columns(X: Any, columns: Columns, where: str, future: bool) -> Any:
    """Return X with the columns of fit, in their order."""
    expected = columns.n_columns
    if isinstance(X, pd.DataFrame) and columns.names is not None:
        absent = [
            name
            for name, past in zip(columns.names, columns.past, strict=True)
            if name not in X.columns and not (future and past)
        ]
        extra = [name for name in X.columns if name not in columns.names]
        if absent or extra:
            what = f"lacks {absent}" if absent else f"has {extra}"
            raise ValueError(
                f"{where} {what}, but the model was fitted with columns {list(columns.names)}. "
                "Pass these columns."
            )
        return X.reindex(columns=list(columns.names))
    if X.shape[1] == expected:
        return X
    known = columns.known
    if future and X.shape[1] == len(known) and len(known):
        values = np.full((len(X), expected), np.nan, dtype=np.asarray(X).dtype)
        values[:, known] = np.asarray(X)
        return values
    # The message of scikit-learn, which its checks require.
    raise ValueError(
        f"{where} has {X.shape[1]} features, but {where.partition('.')[0]} is expecting "
        f"{expected} features as input. Pass the columns of fit."
    )


def _finite(values: np.ndarray, columns: Columns, where: str) -> np.ndarray:
    infinite = np.isinf(values)
    if infinite.any():
        row, j = np.argwhere(infinite)[0]
        raise ValueError(
            f"{where} has {values[row, j]:g} in {columns.label(int(j))}, row {row}. Pass NaN for "
            f"missing values in {argument(where)}, and finite numbers."
        )
    return values
