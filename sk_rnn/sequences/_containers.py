"""All supported containers of sequences, read into flat arrays.

:func:`flatten` is the only entry point. It copies the data at most once, and loops in Python over
samples at most, never over time steps.
"""

import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ._arrays import refuse_matrices
from ._columnar import (
    is_arrow,
    is_awkward,
    is_list_type,
    is_polars,
    read_arrow,
    read_awkward,
    read_polars,
)
from ._interchange import open_foreign
from ._kinds import columns_of, first_not_missing, has_sequence_cells, has_sequences, is_frame
from ._layout import offsets_of
from ._messages import argument, name_kind, plain
from ._numbers import as_numbers, frame_values
from ._samples import (
    ACCEPTED,
    VIDEOS,
    check_shapes,
    label_kind,
    read_samples,
    refuse_repeated,
    string_names,
)


class Flat(NamedTuple):
    """The concatenated time steps of all samples."""

    values: np.ndarray  # (total_steps, n_features); labels, one per step: (total_steps,)
    offsets: np.ndarray  # (n_samples + 1,)
    feature_names: tuple[str, ...] | None = None
    ids: pd.Index | None = None  # index of the samples in a Series or frame
    frame_shape: tuple[int, ...] | None = None  # of videos: (height, width[, channels]), flattened


def flatten(X: Any, where: str, *, dtype: np.dtype | None = None, numeric: bool = True) -> Flat:
    """Read a container of sequences.

    Parameters
    ----------
    X : object
        Not a Panel.
    where : str
        Name of X in error messages: the caller and the argument.
    dtype : dtype, default=None
        Floating dtype of the values; by default that of the container.
    numeric : bool, default=True
        Whether values are real numbers, (total_steps, n_features). Otherwise they are
        labels of any kind, one-dimensional if there is one per step. Labels from lists are
        objects, so that NumPy does not convert numbers to strings.

    Notes
    -----
    The frames of videos, arrays of shape (height, width) or (height, width, channels) per time
    step, become vectors of features, row by row. Three dimensions are never frames: an image is a
    sequence of rows.
    """
    if isinstance(X, pd.Series | pd.DataFrame):
        return _flatten(X, where, dtype, numeric)._replace(ids=X.index)
    return _flatten(X, where, dtype, numeric)


def _flatten(X: Any, where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    X = open_container(X, where, f"not a container of sequences. {ACCEPTED}")
    if is_frame(X) and has_sequences(X):
        return _flatten_cells(X, where, dtype, numeric)
    if isinstance(X, pd.DataFrame):
        X = _read_table(X, where, numeric)
    if is_arrow(X):
        return _finish(*read_arrow(X, where), where, dtype, numeric)
    if is_polars(X):
        return _finish(*read_polars(X, where), where, dtype, numeric)
    if is_awkward(X):
        return _finish(*read_awkward(X, where), where, dtype, numeric)
    if isinstance(X, np.ndarray) and X.ndim > 1:
        if has_sequence_cells(X):
            return _flatten_cells(pd.DataFrame(X), where, dtype, numeric, array=True)
        return _finish(*_read_rectangle(X, where, numeric), where, dtype, numeric)
    return _flatten_samples(list(X), where, dtype, numeric)


# -- Containers -------------------------------------------------------------------------


def open_container(X: Any, where: str, refusal: str) -> Any:
    """Return a data frame, an array, an arrow or awkward array, or a list of samples.

    Parameters
    ----------
    X : object
    where : str
        Name of X in error messages.
    refusal : str
        Rest of the error message for other objects: what X is not, and what to pass.
    """
    refuse_matrices(X, where)
    X = open_foreign(X, where)
    if isinstance(X, pd.Series):
        if isinstance(X.dtype, pd.ArrowDtype) and has_sequences(X):
            return X.array.__arrow_array__()  # type: ignore[attr-defined]
        return X.to_numpy()
    if isinstance(X, pd.DataFrame | list | tuple) or is_arrow(X) or is_awkward(X):
        return X
    if is_polars(X) and hasattr(X, "to_numpy") and _holds_lists(X):
        return X
    no_data = isinstance(X, str | bytes | Mapping | AbstractSet | Iterator)
    if no_data or not hasattr(X, "__array__"):
        lazy = hasattr(type(X), "collect") and hasattr(type(X), "columns")
        advice = f" Pass {argument(where)}.collect()." if lazy else ""
        raise TypeError(f"{where} is {name_kind(X)}, which is {refusal}{advice}")
    array = np.asanyarray(X)
    if array.ndim == 0:
        accepted = refusal.partition(". ")[2]
        raise TypeError(f"{where} is a single value, {plain(array[()])}. {accepted}")
    return array


def _holds_lists(X: Any) -> bool:
    """Return whether a polars Series, or a column of a polars frame, holds lists."""
    return has_sequences(X) if is_frame(X) else is_list_type(X.dtype)


def _read_table(df: pd.DataFrame, where: str, numeric: bool) -> np.ndarray:
    if df.index.nlevels > 1:
        raise ValueError(
            f"{where} is a frame with the MultiIndex {list(df.index.names)}. If its rows are time "
            "steps, group the rows into samples by id with Panel.from_frame(df, by=..., "
            "order_by=...); if they are samples, pass df.reset_index(drop=True)."
        )
    return frame_values(df, where, table=True) if numeric else df.to_numpy()


def _read_rectangle(X: np.ndarray, where: str, numeric: bool) -> tuple[np.ndarray, np.ndarray]:
    if X.ndim > 5 or (X.ndim > 3 and not numeric):
        accepted = VIDEOS if numeric else ACCEPTED
        raise ValueError(f"{where} has {X.ndim} dimensions, shape {X.shape}. {accepted}")
    features = math.prod(X.shape[2:]) if X.ndim > 2 else X.shape[1]
    for size, what in ((len(X), "sample"), (features, "feature")):
        if size == 0:  # worded as in scikit-learn, because its checks match this text
            raise ValueError(
                f"{where}: Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is "
                "required."
            )
    n_samples, n_timesteps = X.shape[:2]
    steps = X.reshape(n_samples * n_timesteps, *X.shape[2:])
    return steps, np.full(n_samples, n_timesteps)


def _flatten_cells(
    X: Any, where: str, dtype: np.dtype | None, numeric: bool, *, array: bool = False
) -> Flat:
    """Read a data frame whose cells hold sequences: one feature per column."""
    labels, columns = zip(*columns_of(X), strict=True)
    refuse_repeated(pd.Index(labels), where)
    _refuse_single_values(X, labels, columns, where, array)
    names = [f"{where}[{label!r}]" for label in labels]
    flats = [
        flatten(column, name, dtype=dtype, numeric=numeric)
        for name, column in zip(names, columns, strict=True)
    ]
    if len(flats) == 1:
        one_feature = flats[0].values.ndim == 1 or flats[0].values.shape[1] == 1
        one_feature &= flats[0].frame_shape is None
        return flats[0]._replace(feature_names=string_names(labels) if one_feature else None)
    lengths = np.diff(flats[0].offsets)
    for name, flat in zip(names, flats, strict=True):
        if flat.values.ndim == 2 and flat.values.shape[1] > 1:
            raise ValueError(
                f"{name} has {flat.values.shape[1]} features per time step, but with several "
                "columns, each must be a single feature. Pass this column alone."
            )
        differs = np.diff(flat.offsets) != lengths
        if differs.any():
            i = int(np.argmax(differs))
            raise ValueError(
                f"{name}[{i}] has {np.diff(flat.offsets)[i]} time steps, but "
                f"{argument(names[0])}[{i}] has {lengths[i]}. The cells of a row are the features "
                "of one sequence, so they must have the same length."
            )
    values = np.column_stack([flat.values for flat in flats])
    return Flat(values, flats[0].offsets, string_names(labels))


def _refuse_single_values(X: Any, labels: Any, columns: Any, where: str, array: bool) -> None:
    """Raise if some columns hold single values and others hold sequences."""
    nested = [has_sequences(column) for column in columns]
    if all(nested):
        return
    i, j = nested.index(False), nested.index(True)
    name, single, several = argument(where), repr(labels[i]), repr(labels[j])
    repeat = f"[[x] * len(steps) for x, steps in zip({name}[{single}], {name}[{several}])]"
    advice = f"{name}[{single}] = {repeat}, or leave it out: {name}.drop(columns=[{single}])"
    if is_polars(X):
        repeat = f"pl.col({single}).repeat_by(pl.col({several}).list.len())"
        advice = f"{name}.with_columns({repeat}), or leave it out: {name}.drop({single})"
    elif is_arrow(X):
        advice = f"{name} = {name}.to_pandas(); {advice}"
    elif array:
        advice = f"{name} = pd.DataFrame({name}); {advice}"
    shown = plain(first_not_missing(columns[i].to_pylist() if is_arrow(X) else columns[i]))
    raise ValueError(
        f"{where} has single values in column {single}, for example {shown}, but sequences in "
        f"column {several}. Repeat each value over the time steps: {advice}."
    )


def refuse_repeated_columns(X: Any, where: str) -> None:
    """Raise ValueError if two columns of a data frame have the same name."""
    if isinstance(X, pd.DataFrame):
        refuse_repeated(X.columns, where)


def _flatten_samples(X: list[Any], where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    if not X:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    arrays, lengths, names = read_samples(X, where, numeric)
    refuse_empty(lengths, where)
    check_shapes(arrays, where, numeric)
    dtypes = {array.dtype for array in arrays}
    if numeric and not all(held.kind in "biuf" for held in dtypes):
        arrays = [as_numbers(array, f"{where}[{i}]") for i, array in enumerate(arrays)]
    elif not numeric and len({label_kind(held) for held in dtypes}) > 1:
        dtype = np.dtype(object)  # NumPy would convert the numbers to strings
    with np.errstate(over="ignore"):  # overflow becomes infinity, which is rejected later
        values = np.concatenate(arrays, dtype=dtype, casting="unsafe")
    return _finish(values, lengths, where, dtype, numeric, names)


def refuse_empty(lengths: np.ndarray, where: str) -> None:
    """Raise ValueError if there are no samples, or if a sample has no time step."""
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
    """Validate and reshape the concatenated time steps."""
    refuse_empty(lengths, where)
    if steps.ndim > 4 or (steps.ndim > 2 and not numeric):
        accepted = VIDEOS if numeric else ACCEPTED
        raise ValueError(f"{where} has {steps.ndim + 1} dimensions. {accepted}")
    frame_shape = steps.shape[1:] if steps.ndim > 2 else None
    if frame_shape is not None:
        steps = steps.reshape(len(steps), math.prod(frame_shape))
    if numeric:
        steps = as_numbers(steps, where)
        steps = steps[:, None] if steps.ndim == 1 else steps
        if steps.shape[1] == 0:
            raise ValueError(f"{where} has 0 features per time step. Pass at least one.")
        if dtype is not None:
            with np.errstate(over="ignore"):  # overflow becomes infinity, which is rejected later
                steps = steps.astype(dtype, copy=False)
    return Flat(steps, offsets_of(lengths), feature_names, frame_shape=frame_shape)
