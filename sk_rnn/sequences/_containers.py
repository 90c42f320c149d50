"""All supported containers of sequences, read into flat arrays.

:func:`flatten` is the only entry point. It copies the data at most once, and loops in Python over
samples at most, never over time steps.
"""

import math
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd

from ._arrays import as_array, refuse_matrices
from ._columnar import (
    RAGGED_FEATURES,
    arrow_steps,
    is_arrow,
    is_awkward,
    is_list_type,
    is_polars,
    polars_steps,
    read_arrow,
    read_awkward,
    read_polars,
)
from ._hints import dict_recipe, pass_as_one, single_values, text_recipe
from ._interchange import as_pandas, may_be_frame, open_foreign
from ._kinds import columns_of, first_given, has_sequences, holds_cells, is_frame, is_sequence
from ._layout import offsets_of
from ._messages import argument, counted, name_kind, plain
from ._numbers import as_numbers, frame_values
from ._tensors import is_batch, is_tensor, read_tensor

_ACCEPTED = (
    "Pass a 2-D array (n_samples, n_timesteps), a 3-D array (n_samples, n_timesteps, n_features), "
    "a list with one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample, "
    "or a Panel."
)
_FILMS = (
    "Films have one frame per time step: pass an array (n_samples, n_timesteps, height, width) or "
    "(n_samples, n_timesteps, height, width, channels), or a list with one array per sample."
)
_ONE_PER_SAMPLE = "Pass one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample."


class Flat(NamedTuple):
    """The time steps of all samples, end to end."""

    values: np.ndarray  # (total_steps, n_features); labels, one per step: (total_steps,)
    offsets: np.ndarray  # (n_samples + 1,)
    feature_names: tuple[str, ...] | None = None
    ids: pd.Index | None = None  # index of the samples in a Series or frame
    frame_shape: tuple[int, ...] | None = None  # of films: (height, width[, channels]), flattened


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
    The frames of films, arrays of shape (height, width) or (height, width, channels) per time step,
    become vectors of features, row by row. Three dimensions are never frames: an image is a
    sequence of rows.
    """
    if isinstance(X, pd.Series | pd.DataFrame):
        return _flatten(X, where, dtype, numeric)._replace(ids=X.index)
    return _flatten(X, where, dtype, numeric)


def _flatten(X: Any, where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    X = open_container(X, where, f"not a container of sequences. {_ACCEPTED}")
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
        if holds_cells(X):
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
        Rest of the error message if it is none of these: what it is not, and what to pass.
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
        accepted = _FILMS if numeric else _ACCEPTED
        raise ValueError(f"{where} has {X.ndim} dimensions, shape {X.shape}. {accepted}")
    features = math.prod(X.shape[2:]) if X.ndim > 2 else X.shape[1]
    for size, what in ((len(X), "sample"), (features, "feature")):
        if size == 0:  # in scikit-learn's words, which its own checks look for
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
    _refuse_repeated(pd.Index(labels), where)
    _refuse_single_values(X, labels, columns, where, array)
    names = [f"{where}[{label!r}]" for label in labels]
    flats = [
        flatten(column, name, dtype=dtype, numeric=numeric)
        for name, column in zip(names, columns, strict=True)
    ]
    if len(flats) == 1:
        one_feature = flats[0].values.ndim == 1 or flats[0].values.shape[1] == 1
        one_feature &= flats[0].frame_shape is None
        return flats[0]._replace(feature_names=_names(labels) if one_feature else None)
    lengths = np.diff(flats[0].offsets)
    for name, flat in zip(names, flats, strict=True):
        if flat.values.ndim == 2 and flat.values.shape[1] > 1:
            raise ValueError(
                f"{name} has {flat.values.shape[1]} features per time step, but next to other "
                "columns a column is one feature. Pass the column by itself."
            )
        differs = np.diff(flat.offsets) != lengths
        if differs.any():
            i = int(np.argmax(differs))
            raise ValueError(
                f"{name}[{i}] has {np.diff(flat.offsets)[i]} time steps, but "
                f"{argument(names[0])}[{i}] has {lengths[i]}. The cells of a row are the "
                "features of one sequence: give them one length."
            )
    values = np.column_stack([flat.values for flat in flats])
    return Flat(values, flats[0].offsets, _names(labels))


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
    shown = plain(first_given(columns[i].to_pylist() if is_arrow(X) else columns[i]))
    raise ValueError(
        f"{where} has single values in column {single}, for example {shown}, but sequences in "
        f"column {several}. Repeat each value over the time steps: {advice}."
    )


def refuse_repeated_columns(X: Any, where: str) -> None:
    """Raise ValueError if two columns of a data frame have the same name."""
    if isinstance(X, pd.DataFrame):
        _refuse_repeated(X.columns, where)


def _refuse_repeated(labels: pd.Index, where: str) -> None:
    if not labels.is_unique:
        twice = labels[labels.duplicated()][0]
        raise ValueError(f"{where} has column {plain(twice)} more than once. Rename one.")


def _names(labels: Any) -> tuple[str, ...] | None:
    return tuple(labels) if all(isinstance(label, str) for label in labels) else None


# -- Lists of samples -------------------------------------------------------------------


def _flatten_samples(X: list[Any], where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    if not X:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    if isinstance(X[0], Mapping):
        _refuse_dicts(X, where, numeric)
    if any(map(may_be_frame, {type(x) for x in X})):  # so that columns keep their names
        frames = [as_pandas(x, f"{where}[{i}]") for i, x in enumerate(X)]
        X = [x if frame is None else frame for x, frame in zip(X, frames, strict=True)]
    names = _common_columns(X, where) if isinstance(X[0], pd.DataFrame) else None
    arrays = [_read_sample(x, where, i, numeric) for i, x in enumerate(X)]
    try:
        lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    except TypeError:
        _refuse_numbers(arrays, where)
    refuse_empty(lengths, where)
    _check_shapes(arrays, where, numeric)
    dtypes = {array.dtype for array in arrays}
    if numeric and not all(held.kind in "biuf" for held in dtypes):
        arrays = [as_numbers(array, f"{where}[{i}]") for i, array in enumerate(arrays)]
    elif not numeric and len({_label_kind(held) for held in dtypes}) > 1:
        dtype = np.dtype(object)  # NumPy would convert the numbers to strings
    with np.errstate(over="ignore"):  # overflow becomes infinity, which is refused later
        values = np.concatenate(arrays, dtype=dtype, casting="unsafe")
    return _finish(values, lengths, where, dtype, numeric, names)


def _read_sample(x: Any, where: str, i: int, numeric: bool) -> np.ndarray:
    """Return one sequence as an array (T,) or (T, F)."""
    if type(x) is np.ndarray and x.ndim > 0:  # by far the most frequent
        return x
    where = f"{where}[{i}]"
    if is_batch(x):
        _refuse_batch(x, where, i)
    if isinstance(x, list | tuple | range):
        try:
            return np.asarray(x, dtype=None if numeric else object)
        except ValueError as error:
            raise ValueError(f"{where}: {RAGGED_FEATURES}") from error
    if isinstance(x, pd.DataFrame | pd.Series) and numeric:
        return _read_pandas(x, where)
    if is_tensor(x):
        array = read_tensor(x, where)
        return as_numbers(array, where) if isinstance(array, np.ma.MaskedArray) else array
    if is_arrow(x):
        if not getattr(x, "is_valid", True):
            raise ValueError(f"{where} is null. Drop samples without a sequence, from y too.")
        if hasattr(x, "as_py"):  # a scalar, which may be a list
            x = x.values if is_sequence(x) else x.as_py()
        if hasattr(x, "to_pylist"):
            return arrow_steps(x, where)
    if is_polars(x) and is_list_type(x.dtype):
        return polars_steps(x, where)
    if isinstance(x, str | bytes):
        raise TypeError(
            f"{where} is {plain(x)}, one {'string' if isinstance(x, str) else 'bytes object'}, "
            f"where a sequence is expected. {text_recipe(where)}"
        )
    if not (np.isscalar(x) or hasattr(x, "__array__")):
        raise TypeError(
            f"{where} is {name_kind(x)}, which is not a sequence of time steps. {_ONE_PER_SAMPLE}"
        )
    array = as_array(x, where, _ONE_PER_SAMPLE)
    return as_numbers(array, where) if numeric else np.asarray(array)


def _read_pandas(x: pd.DataFrame | pd.Series, where: str) -> np.ndarray:
    if isinstance(x, pd.DataFrame):
        return frame_values(x, where)
    if isinstance(x.dtype, pd.CategoricalDtype):
        raise ValueError(
            f"{where} holds categories where numbers are expected, for example {plain(x.iloc[0])}. "
            f"Encode them with TimeDistributed(OneHotEncoder()), or pass {argument(where)}"
            ".cat.codes as token ids."
        )
    numeric = pd.api.types.is_numeric_dtype(x.dtype)
    values = frame_values(x.to_frame(), where)[:, 0] if numeric else x.to_numpy()
    return as_numbers(values, where)


def _refuse_numbers(arrays: list[np.ndarray], where: str) -> NoReturn:
    """Raise for single values where sequences are expected."""
    single = [array.ndim == 0 for array in arrays]
    if all(single):
        advice = pass_as_one(len(arrays), argument(where))
        raise ValueError(single_values(arrays[0][()], where, advice))
    i, j = single.index(True), single.index(False)
    raise ValueError(
        f"{where}[{i}] is a single value, {plain(arrays[i][()])}, but {argument(where)}[{j}] is a "
        f"sequence. {_ONE_PER_SAMPLE}"
    )


def _refuse_batch(x: Any, where: str, i: int) -> NoReturn:
    """Raise for a packed or nested tensor in place of one sequence."""
    name = argument(where).removesuffix(f"[{i}]")
    kind, unpacked = "nested tensor", "batch.unbind()"
    if isinstance(x, tuple):
        kind, unpacked = "PackedSequence", "torch.nn.utils.rnn.unpack_sequence(batch)"
    raise TypeError(
        f"{where} is a {kind}, which is several sequences, where one is expected. Pass [x for "
        f"batch in {name} for x in {unpacked}]."
    )


def _refuse_dicts(X: list[Any], where: str, numeric: bool) -> NoReturn:
    """Raise for one dict per sample; a sequence has one dict per time step."""
    name = argument(where)
    steps = counted(len(X), "time step")
    recipe = f" {dict_recipe(where)}" if numeric else ""
    raise TypeError(
        f"{where}[0] is a dict, where a list with one dict per time step is expected. If {name} "
        "is one "
        f"sequence of {steps}, pass [{name}]; if each dict is a sample of one time step, pass "
        f"[[x] for x in {name}].{recipe}"
    )


def _label_kind(dtype: np.dtype) -> str:
    """Kind of a dtype; NumPy joins dtypes of one kind without changing labels."""
    if dtype.kind in "OUT":
        return "string"
    return dtype.kind if dtype.kind in "Mm" else "number"


def _check_shapes(arrays: list[np.ndarray], where: str, numeric: bool) -> None:
    first = arrays[0].shape
    if len(first) > 4 or (len(first) > 2 and not numeric):
        accepted = _FILMS if numeric else _ACCEPTED
        raise ValueError(f"{where}[0] has {len(first)} dimensions, shape {first}. {accepted}")
    for i, array in enumerate(arrays):
        if array.shape[1:] == first[1:]:
            continue
        if array.ndim > 2 and array.ndim == len(first):
            raise ValueError(
                f"{where}[{i}] has frames of shape {array.shape[1:]}, but {argument(where)}[0] has "
                f"frames of shape {first[1:]}. Give all frames one shape, as by cropping or "
                "scaling them."
            )
        if array.ndim != len(first):
            if max(array.ndim, len(first)) > 2:
                raise ValueError(
                    f"{where}[{i}] has shape {array.shape}, but {argument(where)}[0] has "
                    f"{first}. Give all samples one number of dimensions: (n_timesteps, height, "
                    "width) for films of one channel, (n_timesteps, height, width, channels) for "
                    "several, (n_timesteps, n_features) for vectors."
                )
            raise ValueError(
                f"{where}[{i}] is {array.ndim}-dimensional, but {argument(where)}[0] is "
                f"{len(first)}-dimensional. Give all samples the shape (n_timesteps,), or all the "
                "shape (n_timesteps, n_features)."
            )
        raise ValueError(
            f"{where}[{i}] has {array.shape[1]} features per time step, but "
            f"{argument(where)}[0] has {first[1]}. Pass sequences of shape "
            f"(n_timesteps, {first[1]})."
        )


def _common_columns(frames: list[Any], where: str) -> tuple[str, ...] | None:
    first = frames[0]
    _refuse_repeated(first.columns, f"{where}[0]")
    for i, frame in enumerate(frames):
        if isinstance(frame, pd.DataFrame) and not frame.columns.equals(first.columns):
            raise ValueError(
                f"{where}[{i}] has columns {list(frame.columns)}, but {argument(where)}[0] has "
                f"{list(first.columns)}. Give all frames the same columns in the same order."
            )
    return _names(first.columns)


# -- Shared by all containers ------------------------------------------------------------


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
    """Validate and reshape the time steps that an adapter has read."""
    refuse_empty(lengths, where)
    if steps.ndim > 4 or (steps.ndim > 2 and not numeric):
        accepted = _FILMS if numeric else _ACCEPTED
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
            with np.errstate(over="ignore"):  # overflow becomes infinity, which is refused later
                steps = steps.astype(dtype, copy=False)
    return Flat(steps, offsets_of(lengths), feature_names, frame_shape=frame_shape)
