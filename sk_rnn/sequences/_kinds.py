"""The kind of data in a container, determined without reading it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ._columnar import is_arrow, is_awkward, is_list_type, is_polars
from ._tensors import is_packed_or_nested


def is_table(X: Any, *, tokens: bool = False, padding_value: float | None = None) -> bool:
    """Return whether X is a table: univariate series of equal length, one time step per column.

    A table is a 2-D array, a data frame of scalars, or a list of lists of scalars that all have
    the same length. A list of lists of token ids is never a table, because sentences of equal
    length are still sentences; nor is a list of dicts, which are time steps with several
    features; nor is padded data, whose true lengths differ.

    Parameters
    ----------
    X : object
        As in :func:`check_sequences`. Its values are not inspected.
    tokens : bool, default=False
        Whether X holds token ids.
    padding_value : float, default=None
        Padding value of X.

    Returns
    -------
    table : bool

    Examples
    --------
    >>> from sk_rnn.sequences import is_table
    >>> is_table([[1.0, 2.0], [3.0, 4.0]]), is_table([[1.0, 2.0], [3.0]])
    (True, False)
    """
    if padding_value is not None or is_packed_or_nested(X) or is_awkward(X):
        return False
    if is_frame(X):
        return not has_sequences(X)
    if is_arrow(X):
        return False
    if isinstance(X, list | tuple):
        return (
            not tokens
            and len(X) > 0
            and all(isinstance(x, list | tuple) and len(x) == len(X[0]) for x in X)
            and not any(is_sequence(step) or isinstance(step, Mapping) for step in X[0])
        )
    if not hasattr(X, "shape") and hasattr(X, "__array__"):
        X = np.asarray(X)
    return len(shape_of(X) or ()) == 2 and not (isinstance(X, np.ndarray) and has_sequence_cells(X))


def shape_of(x: Any) -> tuple[int, ...] | None:
    """Return the shape of x, if any; an awkward record may have a field of this name."""
    shape = getattr(x, "shape", None)
    return shape if isinstance(shape, tuple) else None


def has_sequences(X: Any) -> bool:
    """Return whether the elements of X are sequences, judged by the first one.

    Parameters
    ----------
    X : Series, DataFrame, ndarray, list, tuple, or awkward, pyarrow or polars container

    Returns
    -------
    several : bool
    """
    if isinstance(X, pd.DataFrame):
        objects = [j for j, dtype in enumerate(X.dtypes) if dtype.kind == "O"]
        return any(is_sequence(first_not_missing(X.iloc[:, j])) for j in objects)
    if is_polars(X) and is_frame(X):
        return any(_holds_lists(X, dtype) for dtype in set(X.dtypes))
    if is_frame(X):
        return any(has_sequences(column) for _, column in columns_of(X))
    if is_awkward(X):
        return X.ndim > 1
    if is_arrow(X):
        return hasattr(X, "type") and is_list_type(X.type)
    if is_polars(X) and str(getattr(X, "dtype", "Object")) != "Object":
        return is_list_type(X.dtype)
    if isinstance(X, np.ndarray) and X.dtype != object:
        return False
    if isinstance(X, pd.Series):
        return X.dtype.kind == "O" and is_sequence(first_not_missing(X))
    first = X.ravel()[:1] if isinstance(X, np.ndarray) else X[:1]
    return any(map(is_sequence, first))


def is_sequence(x: Any) -> bool:
    """Return whether an element is a sequence rather than a number or a label."""
    if isinstance(x, np.ndarray | np.generic):
        return x.ndim > 0
    if is_arrow(x):
        return not hasattr(x, "as_py") or is_list_type(x.type)
    return isinstance(x, list | tuple | range) or hasattr(x, "__array__")


def is_frame(X: Any) -> bool:
    """Return whether X is a pandas, polars or pyarrow data frame."""
    if is_polars(X):
        return hasattr(X, "get_columns")
    if is_arrow(X):
        return hasattr(X, "schema") and hasattr(X, "columns")
    return isinstance(X, pd.DataFrame)


def columns_of(X: Any) -> list[tuple[Any, Any]]:
    """Return the labels and columns of a data frame."""
    if is_polars(X):
        return [(column.name, column) for column in X.get_columns()]
    if is_arrow(X):
        return list(zip(X.schema.names, X.columns, strict=True))
    return [(label, X.iloc[:, j]) for j, label in enumerate(X.columns)]


def has_sequence_cells(X: np.ndarray) -> bool:
    """Return whether an array has the layout of a DataFrame some of whose cells hold sequences."""
    return X.ndim == 2 and X.dtype == object and X.size > 0 and any(map(is_sequence, X[0]))


def _holds_lists(df: Any, dtype: Any) -> bool:
    """Return whether polars columns of this type hold lists."""
    if str(dtype) != "Object":
        return is_list_type(dtype)
    return any(has_sequences(column) for column in df.get_columns() if column.dtype == dtype)


def first_not_missing(column: Any) -> Any:
    """Return the first element that is not missing, or None."""
    given = (x for x in column if not (x is None or x is pd.NA or x is pd.NaT or x is np.nan))
    return next(given, None)
