"""Every container of sequences that users have, read into flat arrays.

:func:`flatten` is the one way in. It copies the data at most once, and loops in Python over
samples at most, never over time steps.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from ._columnar import RAGGED_FEATURES, arrow_steps, is_arrow, is_awkward, read_arrow, read_awkward
from ._interchange import as_pandas, may_be_frame
from ._layout import offsets_of
from ._numbers import as_numbers, frame_values, plain

_ACCEPTED = (
    "Pass a 2-D array (n_samples, n_timesteps), a 3-D array (n_samples, n_timesteps, n_features), "
    "a list with one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample, "
    "or a Panel."
)
_RESHAPE = (
    "Reshape your data: array.reshape(-1, 1) if every number is a sample of one time step, "
    "array.reshape(1, -1) if they are the time steps of a single sample."
)


class Flat(NamedTuple):
    """The time steps of all samples, end to end."""

    values: np.ndarray  # (total_steps, n_features); labels, one a step: (total_steps,)
    offsets: np.ndarray  # (n_samples + 1,)
    feature_names: tuple[str, ...] | None = None
    ids: pd.Index | None = None  # what a Series or frame calls the samples


def flatten(X: Any, where: str, *, dtype: np.dtype | None = None, numeric: bool = True) -> Flat:
    """Read a container of sequences.

    Parameters
    ----------
    X : object
        Not a Panel.
    where : str
        What messages call X: the caller and the name of the argument.
    dtype : dtype, default=None
        Floating dtype of the values; by default what the container holds.
    numeric : bool, default=True
        Whether values are real numbers, (total_steps, n_features). Otherwise they are
        labels of any kind, one-dimensional if there is one per step, and those from lists
        are objects, so that NumPy does not make strings of numbers.
    """
    if isinstance(X, pd.Series | pd.DataFrame):
        return _flatten(X, where, dtype, numeric)._replace(ids=X.index)
    return _flatten(X, where, dtype, numeric)


def _flatten(X: Any, where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    X = open_container(X, where, f"no container of sequences. {_ACCEPTED}")
    if isinstance(X, pd.DataFrame) and not _has_cells(X):
        X = _read_table(X, where, numeric)
    if isinstance(X, pd.DataFrame):
        return _flatten_cells(X, where, dtype, numeric)
    if is_arrow(X):
        return _finish(*read_arrow(X, where), where, dtype, numeric)
    if is_awkward(X):
        return _finish(*read_awkward(X, where), where, dtype, numeric)
    if isinstance(X, np.ndarray) and X.ndim > 1:
        if _holds_cells(X):
            return _flatten_cells(pd.DataFrame(X), where, dtype, numeric)
        return _finish(*_read_rectangle(X, where), where, dtype, numeric)
    return _flatten_samples(list(X), where, dtype, numeric)


def is_table(X: Any, *, tokens: bool = False, padding_value: float | None = None) -> bool:
    """Tell whether X is a table: univariate series of one length, a time step per column.

    That is a 2-D array, a data frame of scalars, or a list of lists of scalars that have one
    length. Of token ids a list of lists is never a table, because sentences that happen to have
    one length are sentences all the same; nor is anything padded, because lengths differ.

    Parameters
    ----------
    X : object
        As :func:`check_sequences` takes it. Its values are not looked at.
    tokens : bool, default=False
        Whether X holds token ids.
    padding_value : float, default=None
        What X is padded with.

    Returns
    -------
    table : bool

    Examples
    --------
    >>> from sk_rnn.sequences import is_table
    >>> is_table([[1.0, 2.0], [3.0, 4.0]]), is_table([[1.0, 2.0], [3.0]])
    (True, False)
    """
    if padding_value is not None or is_awkward(X) or is_arrow(X):
        return False
    if isinstance(X, pd.DataFrame):
        return not _has_cells(X)
    if isinstance(X, list | tuple):
        return (
            not tokens
            and len(X) > 0
            and all(isinstance(x, list | tuple) and len(x) == len(X[0]) for x in X)
            and not any(map(is_sequence, X[0]))
        )
    if not hasattr(X, "shape") and hasattr(X, "__array__"):
        X = np.asarray(X)
    shape = getattr(X, "shape", None)
    rectangle = isinstance(shape, tuple) and len(shape) == 2
    return rectangle and not (isinstance(X, np.ndarray) and _holds_cells(X))


def has_sequences(X: Any) -> bool:
    """Tell whether the elements of X are sequences by themselves, from the first of them.

    Parameters
    ----------
    X : Series, DataFrame, ndarray, list, tuple, or awkward or pyarrow array

    Returns
    -------
    several : bool
    """
    if isinstance(X, pd.DataFrame):
        return _has_cells(X)
    if is_awkward(X):
        return X.ndim > 1
    if is_arrow(X):
        return hasattr(X, "type") and "list" in str(X.type).partition("<")[0]
    if isinstance(X, np.ndarray) and X.dtype != object:
        return False
    if isinstance(X, pd.Series) and not isinstance(X.dtype, pd.ArrowDtype) and X.dtype != object:
        return False
    first = X.ravel()[:1] if isinstance(X, np.ndarray) else X[:1]
    return any(map(is_sequence, first))


def is_sequence(x: Any) -> bool:
    """Tell whether an element is a sequence rather than a number or a label."""
    if isinstance(x, np.ndarray | np.generic):
        return x.ndim > 0
    return isinstance(x, list | tuple | range) or hasattr(x, "__array__") or is_arrow(x)


# -- Containers -------------------------------------------------------------------------


def open_container(X: Any, where: str, refusal: str) -> Any:
    """Return a frame, an array, an arrow or awkward array, or a list of samples.

    Parameters
    ----------
    X : object
    where : str
        What messages call X.
    refusal : str
        What messages say that it is if it is none of these, and what to pass.
    """
    if issparse(X) or (_is_tensor(X) and "sparse" in str(X.layout)):
        dense = "to_dense()" if _is_tensor(X) else "toarray()"
        raise TypeError(
            f"{where} is sparse, and sparse data is not supported. Pass {_argument(where)}.{dense}."
        )
    if isinstance(X, np.matrix):
        raise TypeError(
            f"{where} is a np.matrix, which is not supported. Pass np.asarray({_argument(where)})."
        )
    if isinstance(X, pd.Series):
        if isinstance(X.dtype, pd.ArrowDtype) and len(X) and is_sequence(X.iloc[0]):
            return X.array.__arrow_array__()  # type: ignore[attr-defined]
        return X.to_numpy()
    if _is_tensor(X):
        X = _open_tensor(X)
    if isinstance(X, pd.DataFrame | list | tuple) or is_arrow(X) or is_awkward(X):
        return X
    no_data = isinstance(X, str | bytes | Mapping | AbstractSet | Iterator)
    if no_data or not hasattr(X, "__array__"):
        raise TypeError(f"{where} is {_kind(X)}, which is {refusal}")
    array = np.asanyarray(X)
    if array.ndim == 0:
        accepted = refusal.partition(". ")[2]
        raise TypeError(f"{where} is a single value, {plain(array[()])}. {accepted}")
    return array


def _is_tensor(x: Any) -> bool:
    # Of the type: a frame may have columns of these names. A file has a detach, too.
    return hasattr(type(x), "detach") and hasattr(type(x), "layout")


def _open_tensor(x: Any) -> Any:
    """Return a tensor as an array, a nested tensor as a list of arrays."""
    if getattr(x, "is_nested", False):
        return [_open_tensor(row) for row in x.unbind()]
    x = x.detach().cpu()
    return (x.float() if "bfloat16" in str(x.dtype) else x).numpy()


def _kind(x: Any) -> str:
    return "None" if x is None else f"a {type(x).__name__}"


def _argument(where: str) -> str:
    """Leave the caller out, for the second mention in a message."""
    return where.partition(": ")[2]


def _has_cells(df: pd.DataFrame) -> bool:
    return df.size > 0 and is_sequence(df.iat[0, 0])


def _holds_cells(X: np.ndarray) -> bool:
    """Tell whether an array is a frame of cells without its names."""
    return X.ndim == 2 and X.dtype == object and X.size > 0 and is_sequence(X[0, 0])


def _read_table(df: pd.DataFrame, where: str, numeric: bool) -> np.ndarray:
    if df.index.nlevels > 1:
        raise ValueError(
            f"{where} is a frame with the MultiIndex {list(df.index.names)}. If its rows are time "
            "steps, make one sample of all rows of an id with Panel.from_frame(df, by=..., "
            "order_by=...); if they are samples, pass df.reset_index(drop=True)."
        )
    return frame_values(df, where) if numeric else df.to_numpy()


def _read_rectangle(X: np.ndarray, where: str) -> tuple[np.ndarray, np.ndarray]:
    if X.ndim > 3:
        raise ValueError(f"{where} has {X.ndim} dimensions, shape {X.shape}. {_ACCEPTED}")
    for size, what in ((len(X), "sample"), (X.shape[-1], "feature")):
        if size == 0:  # in scikit-learn's words, which its own checks look for
            raise ValueError(
                f"{where}: Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is "
                "required."
            )
    n_samples, n_timesteps = X.shape[:2]
    steps = X.reshape(n_samples * n_timesteps, *X.shape[2:])
    return steps, np.full(n_samples, n_timesteps)


def _flatten_cells(df: pd.DataFrame, where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    """Read a frame whose cells hold sequences: a column is a feature."""
    columns = [f"{where}[{name!r}]" for name in df.columns]
    flats = [
        flatten(df.iloc[:, j], column, dtype=dtype, numeric=numeric)
        for j, column in enumerate(columns)
    ]
    lengths = np.diff(flats[0].offsets)
    for column, flat in zip(columns, flats, strict=True):
        if flat.values.ndim == 2 and flat.values.shape[1] > 1:
            raise ValueError(
                f"{column} has {flat.values.shape[1]} features per time step, but a column of "
                "cells is one feature. Pass the column by itself."
            )
        differs = np.diff(flat.offsets) != lengths
        if differs.any():
            i = int(np.argmax(differs))
            raise ValueError(
                f"{column}[{i}] has {np.diff(flat.offsets)[i]} time steps, but "
                f"{_argument(columns[0])}[{i}] has {lengths[i]}. The cells of a row are the "
                "features of one sequence: give them one length."
            )
    if len(flats) == 1:
        return flats[0]._replace(feature_names=_names(df))
    values = np.column_stack([flat.values for flat in flats])
    return Flat(values, flats[0].offsets, _names(df))


def _names(df: pd.DataFrame) -> tuple[str, ...] | None:
    return tuple(df.columns) if all(isinstance(name, str) for name in df.columns) else None


# -- Lists of samples -------------------------------------------------------------------


def _flatten_samples(X: list[Any], where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    if not X:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    if any(map(may_be_frame, {type(x) for x in X})):  # so that columns keep their names
        frames = [as_pandas(x, f"{where}[{i}]") for i, x in enumerate(X)]
        X = [x if frame is None else frame for x, frame in zip(X, frames, strict=True)]
    names = _common_columns(X, where) if isinstance(X[0], pd.DataFrame) else None
    arrays = [_read_sample(x, where, i, numeric) for i, x in enumerate(X)]
    lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    refuse_empty(lengths, where)
    _check_shapes(arrays, where)
    dtypes = {array.dtype for array in arrays}
    if numeric and not all(held.kind in "biuf" for held in dtypes):
        arrays = [as_numbers(array, f"{where}[{i}]") for i, array in enumerate(arrays)]
    elif not numeric and len({_label_kind(held) for held in dtypes}) > 1:
        dtype = np.dtype(object)  # NumPy would make strings of the numbers
    with np.errstate(over="ignore"):  # what overflows is refused as infinite later
        values = np.concatenate(arrays, dtype=dtype, casting="unsafe")
    return _finish(values, lengths, where, dtype, numeric, names)


def _read_sample(x: Any, where: str, i: int, numeric: bool) -> np.ndarray:
    """Return one sequence as an array (T,) or (T, F)."""
    if type(x) is np.ndarray and x.ndim > 0:  # by far the most frequent
        return x
    where = f"{where}[{i}]"
    if isinstance(x, list | tuple | range):
        try:
            array = np.asarray(x, dtype=None if numeric else object)
        except ValueError as error:
            raise ValueError(f"{where}: {RAGGED_FEATURES}") from error
    elif isinstance(x, pd.DataFrame | pd.Series) and numeric:
        frame = x if isinstance(x, pd.DataFrame) else x.to_frame()
        array = frame_values(frame, where).reshape(x.shape)
    elif _is_tensor(x):
        array = _open_tensor(x)
    elif is_arrow(x) and getattr(x, "values", None) is not None:  # a scalar that is a list
        array = arrow_steps(x.values, where)
    elif isinstance(x, str | bytes) or not (np.isscalar(x) or hasattr(x, "__array__")):
        raise TypeError(
            f"{where} is {_kind(x)}, which is no sequence of time steps. Pass one array of shape "
            "(n_timesteps,) or (n_timesteps, n_features) per sample."
        )
    else:
        array = as_numbers(np.asanyarray(x), where) if numeric else np.asarray(x)
    if array.ndim == 0:
        raise ValueError(
            f"{where} is a single value, {plain(array[()])}: Expected 2D array, got 1D array "
            f"instead. {_RESHAPE}"
        )
    return array


def _label_kind(dtype: np.dtype) -> str:
    """What NumPy joins to one dtype without changing what labels are."""
    if dtype.kind in "OUT":
        return "string"
    return dtype.kind if dtype.kind in "Mm" else "number"


def _check_shapes(arrays: list[np.ndarray], where: str) -> None:
    first = arrays[0].shape
    if len(first) > 2:
        raise ValueError(f"{where}[0] has {len(first)} dimensions, shape {first}. {_ACCEPTED}")
    for i, array in enumerate(arrays):
        if array.shape[1:] == first[1:]:
            continue
        if array.ndim != len(first):
            raise ValueError(
                f"{where}[{i}] is {array.ndim}-dimensional, but {_argument(where)}[0] is "
                f"{len(first)}-dimensional. Give all samples the shape (n_timesteps,), or all the "
                "shape (n_timesteps, n_features)."
            )
        raise ValueError(
            f"{where}[{i}] has {array.shape[1]} features per time step, but "
            f"{_argument(where)}[0] has {first[1]}. Pass sequences of shape "
            f"(n_timesteps, {first[1]})."
        )


def _common_columns(frames: list[Any], where: str) -> tuple[str, ...] | None:
    first = frames[0]
    for i, frame in enumerate(frames):
        if isinstance(frame, pd.DataFrame) and not frame.columns.equals(first.columns):
            raise ValueError(
                f"{where}[{i}] has columns {list(frame.columns)}, but {_argument(where)}[0] has "
                f"{list(first.columns)}. Give all frames the same columns in the same order."
            )
    return _names(first)


# -- What all have in common ------------------------------------------------------------


def refuse_empty(lengths: np.ndarray, where: str) -> None:
    """Raise ValueError if there is no sample, or one without a time step."""
    if len(lengths) == 0:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    if not lengths.all():
        raise ValueError(
            f"{where}[{np.argmin(lengths)}] is an empty sequence. Every sample needs at least one "
            "time step: drop it, from y too."
        )


def _finish(
    steps: np.ndarray,
    lengths: np.ndarray,
    where: str,
    dtype: np.dtype | None,
    numeric: bool,
    feature_names: tuple[str, ...] | None = None,
) -> Flat:
    """Check and shape the time steps that an adapter has read."""
    refuse_empty(lengths, where)
    if steps.ndim > 2:
        raise ValueError(f"{where} has {steps.ndim + 1} dimensions. {_ACCEPTED}")
    if numeric:
        steps = as_numbers(steps, where)
        steps = steps[:, None] if steps.ndim == 1 else steps
        if steps.shape[1] == 0:
            raise ValueError(f"{where} has 0 features per time step. Pass at least one.")
        if dtype is not None:
            with np.errstate(over="ignore"):  # what overflows is refused as infinite later
                steps = steps.astype(dtype, copy=False)
    return Flat(steps, offsets_of(lengths), feature_names)
