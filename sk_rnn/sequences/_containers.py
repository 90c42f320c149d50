"""Every container of sequences that users have, read into flat arrays.

:func:`flatten` is the one way in. It copies the data at most once and loops in Python over
samples at most, never over time steps.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from sk_rnn.sequences._frames import frame_values

ACCEPTED = (
    "Pass a 2-D array (n_samples, n_timesteps), a 3-D array (n_samples, n_timesteps, n_features), "
    "a list with one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample, "
    "or a Panel."
)
RESHAPE = (
    "Reshape your data: array.reshape(-1, 1) if every number is a sample of one time step, "
    "array.reshape(1, -1) if they are the time steps of a single sample."
)


class Flat(NamedTuple):
    """The time steps of all samples, end to end."""

    values: np.ndarray  # (total_steps, n_features), or (total_steps,) for labels
    offsets: np.ndarray  # (n_samples + 1,)
    feature_names: tuple[str, ...] | None = None


def flatten(X: Any, where: str, *, dtype: np.dtype | None = None, numeric: bool = True) -> Flat:
    """Read a container of sequences.

    Parameters
    ----------
    X : object
        Not a Panel.
    where : str
        How messages call X: the caller and the parameter.
    dtype : dtype, default=None
        Of the values; by default what the container holds.
    numeric : bool, default=True
        Whether values must be real numbers, of shape (total_steps, n_features). Otherwise they
        are labels of any kind, of shape (total_steps,) where there is one per step, and
        those that come in lists are objects.
    """
    X = _refuse_or_open(X, where)
    if isinstance(X, pd.DataFrame):
        if _has_cells(X):
            return _flatten_cells(X, where, dtype, numeric)
        X = _read_table(X, where, numeric)
    elif _is_from(X, "pyarrow"):
        return _finish(*_flatten_arrow(X, where), where, dtype, numeric)
    elif _is_from(X, "awkward"):
        return _finish(*_flatten_awkward(X, where), where, dtype, numeric)
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.dtype == object and X.size and is_sequence(X[0, 0]):
            return _flatten_cells(pd.DataFrame(X), where, dtype, numeric)
        if X.ndim > 1:
            return _flatten_rectangle(X, where, dtype, numeric)
        X = list(X)
    return _flatten_samples(X, where, dtype, numeric)


def is_table(X: Any, *, tokens: bool = False, padding_value: Any = None) -> bool:
    """Tell whether X is a table: univariate series of one length, a time step per column.

    A 2-D array, a data frame of scalars, or a list of lists of scalars, all of one length. Of
    token ids a list of lists is never a table, because sentences that happen to have one length
    are sentences all the same; nor is anything with padding, because lengths differ.
    """
    if padding_value is not None:
        return False
    if isinstance(X, pd.DataFrame):
        return not _has_cells(X)
    if isinstance(X, list | tuple):
        return (
            not tokens
            and len(X) > 0
            and all(isinstance(x, list | tuple) and len(x) == len(X[0]) for x in X)
            and not any(is_sequence(step) for step in X[0])
        )
    if isinstance(X, np.ndarray) and X.dtype == object:
        return X.ndim == 2 and not (X.size and is_sequence(X[0, 0]))
    if _is_from(X, "awkward") or _is_from(X, "pyarrow"):
        return False
    if not hasattr(X, "shape") and hasattr(X, "__array__"):
        X = np.asarray(X)
    return len(getattr(X, "shape", ())) == 2


def is_sequence(x: Any) -> bool:
    """Tell whether an element is a sequence rather than a number or a label."""
    return (
        isinstance(x, list | tuple | range)
        or (np.ndim(x) > 0 if isinstance(x, np.ndarray | np.generic) else hasattr(x, "__array__"))
        or _is_from(x, "pyarrow")
    )


def as_numbers(values: np.ndarray, where: str) -> np.ndarray:
    """Return values as an array of real numbers."""
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise ValueError(
                f"{where} has masked values. Fill or drop them: Panel.from_padded(X, lengths) "
                "drops masked ends."
            )
        values = values.data
    kind = values.dtype.kind
    if kind in "biuf":
        return values
    if kind == "c":
        raise ValueError(
            f"{where}: Complex data not supported. Pass real and imaginary parts as two features."
        )
    if kind == "O":
        try:
            return values.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"{where} holds something that is no number: {error}. Pass numbers."
            ) from error
    held = {"U": "strings", "S": "bytes", "T": "strings", "M": "dates", "m": "durations"}
    raise ValueError(
        f"{where} holds {held.get(kind, values.dtype)} where numbers belong. Convert them first."
    )


# -- Kinds of containers ----------------------------------------------------------------


def _refuse_or_open(X: Any, where: str) -> Any:
    """Return a frame, an array, an arrow or awkward array, or a list of samples."""
    if issparse(X):
        raise TypeError(
            f"{where} is a sparse matrix, and sparse data is not supported. Pass X.toarray()."
        )
    if X is None or isinstance(X, str | bytes | Mapping | AbstractSet | Iterator):
        raise TypeError(f"{where} is {_name(X)}, which is no container of sequences. {ACCEPTED}")
    if isinstance(X, pd.DataFrame) or _is_from(X, "pyarrow") or _is_from(X, "awkward"):
        return X
    if isinstance(X, pd.Series):
        if isinstance(X.dtype, pd.ArrowDtype) and is_sequence(X.iloc[0] if len(X) else None):
            return X.array.__arrow_array__()  # type: ignore[attr-defined]
        return X.to_numpy()
    if hasattr(X, "detach"):
        return _open_tensor(X)
    if isinstance(X, list | tuple | np.ndarray):
        array = X
    elif hasattr(X, "__array__"):
        array = np.asarray(X)
    else:
        raise TypeError(f"{where} is {_name(X)}, which is no container of sequences. {ACCEPTED}")
    if isinstance(array, np.ndarray) and array.ndim == 0:
        raise TypeError(f"{where} is a single value, {array!r}. {ACCEPTED}")
    return array


def _name(x: Any) -> str:
    return "None" if x is None else f"a {type(x).__name__}"


def _is_from(x: Any, library: str) -> bool:
    return type(x).__module__.partition(".")[0] == library


def _open_tensor(x: Any) -> np.ndarray | list[np.ndarray]:
    """Return a tensor as an array; a nested tensor as a list of arrays."""
    if getattr(x, "is_nested", False):
        return [_open_tensor(row) for row in x.unbind()]  # type: ignore[misc]
    x = x.detach().cpu()
    return (x.float() if "bfloat16" in str(x.dtype) else x).numpy()


def _has_cells(df: pd.DataFrame) -> bool:
    return df.size > 0 and is_sequence(df.iat[0, 0])


def _read_table(df: pd.DataFrame, where: str, numeric: bool) -> np.ndarray:
    if df.index.nlevels > 1:
        raise ValueError(
            f"{where} is a frame with a MultiIndex {list(df.index.names)}. If its rows are time "
            "steps, pass Panel.from_frame(df, by=..., order_by=...), which makes one sample of all "
            "rows of an id; if they are samples, df.reset_index(drop=True)."
        )
    return frame_values(df, where, allow_objects=True) if numeric else df.to_numpy()


def _flatten_rectangle(X: np.ndarray, where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    if X.ndim > 3:
        raise ValueError(f"{where} has {X.ndim} dimensions, shape {X.shape}. {ACCEPTED}")
    if len(X) == 0:
        raise ValueError(
            f"{where}: Found array with 0 sample(s) (shape={X.shape}) while a minimum of 1 is "
            "required."
        )
    if X.shape[-1] == 0:
        raise ValueError(
            f"{where}: Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is "
            "required."
        )
    n_samples, n_timesteps = X.shape[:2]
    steps = X.reshape(n_samples * n_timesteps, *X.shape[2:])
    return _finish(steps, np.full(n_samples, n_timesteps), where, dtype, numeric)


def _flatten_cells(df: pd.DataFrame, where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    """Read a frame whose cells hold sequences: a column is a feature."""
    columns: list[np.ndarray] = []
    offsets = np.zeros(0, dtype=np.int64)
    for name in df.columns:
        flat = flatten(df[name], f"{where}[{name!r}]", dtype=dtype, numeric=numeric)
        if flat.values[:1].size > 1:
            raise ValueError(
                f"{where}[{name!r}] has {flat.values.shape[1]} features per time step, but a "
                f"column of cells is one feature. Pass the column itself: X[{name!r}]."
            )
        offsets = flat.offsets if not columns else offsets
        if (flat.offsets != offsets).any():
            i = int(np.argmax(np.diff(flat.offsets) != np.diff(offsets)))
            raise ValueError(
                f"{where}[{name!r}][{i}] has {np.diff(flat.offsets)[i]} time steps, but "
                f"{where}[{df.columns[0]!r}][{i}] has {np.diff(offsets)[i]}. The cells of a row "
                "are the features of one sequence: give them one length."
            )
        columns.append(flat.values.reshape(-1))
    values = columns[0] if not numeric and len(columns) == 1 else np.column_stack(columns)
    return Flat(values, offsets, _feature_names(df))


def _feature_names(df: pd.DataFrame) -> tuple[str, ...] | None:
    return tuple(df.columns) if all(isinstance(name, str) for name in df.columns) else None


def _flatten_arrow(X: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return steps and lengths of a list array, or of a scalar of one."""
    if hasattr(X, "combine_chunks"):
        X = X.combine_chunks()
    if not hasattr(X, "value_lengths"):
        raise TypeError(
            f"{where} is a pyarrow {type(X).__name__} of {getattr(X, 'type', '')}, not of lists. "
            f"{ACCEPTED}"
        )
    if X.null_count:
        i = int(np.argmax(X.is_null().to_numpy(zero_copy_only=False)))
        raise ValueError(f"{where}[{i}] is null. Drop samples without a sequence.")
    lengths = X.value_lengths().to_numpy()
    steps = X.flatten()
    return _arrow_steps(steps, where), lengths


def _arrow_steps(steps: Any, where: str) -> np.ndarray:
    """Return the time steps (T,) or (T, F) that an arrow array holds."""
    if not hasattr(steps, "value_lengths"):
        return steps.to_numpy(zero_copy_only=False)
    n_features = steps.value_lengths().to_numpy(zero_copy_only=False)
    if steps.null_count or (n_features != n_features[:1]).any():
        raise ValueError(f"{where}: time steps differ in their number of features.")
    values = steps.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(n_features), -1)


def _flatten_awkward(X: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    import awkward as ak

    if X.ndim == 1:
        raise ValueError(f"{where} is 1-dimensional. {RESHAPE}")
    lengths = ak.to_numpy(ak.num(X, axis=1))
    try:
        return ak.to_numpy(ak.flatten(X, axis=1)), lengths
    except ValueError as error:
        raise ValueError(f"{where}: time steps differ in their number of features.") from error


# -- Lists of samples -------------------------------------------------------------------


def _flatten_samples(X: list | tuple, where: str, dtype: np.dtype | None, numeric: bool) -> Flat:
    if len(X) == 0:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    names = _common_columns(X, where) if isinstance(X[0], pd.DataFrame) else None
    arrays = [_read_sample(x, where, i, numeric) for i, x in enumerate(X)]
    lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    if not lengths.all():
        raise ValueError(
            f"{where}[{np.argmin(lengths)}] is an empty sequence. Every sample needs at least one "
            "time step: drop it, from y too."
        )
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1:
        _refuse_shapes(arrays, where)
    if len(arrays[0].shape) > 2:
        raise ValueError(
            f"{where}[0] has {arrays[0].ndim} dimensions, shape {arrays[0].shape}. {ACCEPTED}"
        )
    kinds = {array.dtype for array in arrays}
    if numeric:
        for i, array in enumerate(arrays) if not _all_real(kinds) else ():
            arrays[i] = as_numbers(array, f"{where}[{i}]")
        if dtype is not None and dtype.kind == "f":
            with np.errstate(over="ignore"):  # what overflows is refused as infinite later
                values = np.concatenate(arrays, dtype=dtype, casting="same_kind")
            return _finish(values, lengths, where, dtype, numeric, names)
    elif len({kind.kind in "OU" for kind in kinds}) > 1:
        arrays = [array.astype(object) for array in arrays]
    return _finish(np.concatenate(arrays), lengths, where, dtype, numeric, names)


def _all_real(dtypes: set[np.dtype]) -> bool:
    return all(dtype.kind in "biuf" for dtype in dtypes)


def _read_sample(x: Any, where: str, i: int, numeric: bool) -> np.ndarray:
    """Return one sequence as an array (T,) or (T, F)."""
    if type(x) is np.ndarray and x.ndim > 0:
        return x
    where = f"{where}[{i}]"
    if isinstance(x, list | tuple | range):
        try:
            array = np.asarray(x) if numeric else np.asarray(x, dtype=object)
        except ValueError as error:
            raise ValueError(
                f"{where}: time steps differ in their number of features. Give every time step "
                "the same number of features."
            ) from error
    elif isinstance(x, pd.DataFrame):
        array = frame_values(x, where, allow_objects=True) if numeric else x.to_numpy()
    elif isinstance(x, pd.Series) and numeric:
        array = frame_values(x.to_frame(), where, allow_objects=True)[:, 0]
    elif hasattr(x, "detach"):
        array = np.asarray(_open_tensor(x))
    elif _is_from(x, "pyarrow") and hasattr(x, "values"):  # a list scalar
        array = _arrow_steps(x.values, where)
    elif np.isscalar(x) and not isinstance(x, str | bytes):
        array = np.asarray(x)
    elif hasattr(x, "__array__"):
        array = as_numbers(np.asanyarray(x), where) if numeric else np.asarray(x)
    else:
        raise TypeError(
            f"{where} is {_name(x)}, which is no sequence of time steps. Pass one array of shape "
            "(n_timesteps,) or (n_timesteps, n_features) per sample."
        )
    if array.ndim == 0:
        raise ValueError(
            f"{where} is a single value, {x!r}: Expected 2D array, got 1D array instead. {RESHAPE}"
        )
    return array


def _common_columns(frames: list | tuple, where: str) -> tuple[str, ...] | None:
    first = frames[0]
    for i, frame in enumerate(frames):
        if isinstance(frame, pd.DataFrame) and not frame.columns.equals(first.columns):
            raise ValueError(
                f"{where}[{i}] has columns {list(frame.columns)}, but {where}[0] has "
                f"{list(first.columns)}. Give all frames the same columns in the same order."
            )
    return _feature_names(first)


def _refuse_shapes(arrays: list[np.ndarray], where: str) -> None:
    first = arrays[0]
    i = next(i for i, array in enumerate(arrays) if array.shape[1:] != first.shape[1:])
    if arrays[i].ndim != first.ndim:
        raise ValueError(
            f"{where}[{i}] is {arrays[i].ndim}-dimensional, but {where}[0] is "
            f"{first.ndim}-dimensional. Give all samples the shape (n_timesteps,), or all the "
            "shape (n_timesteps, n_features)."
        )
    raise ValueError(
        f"{where}[{i}] has {arrays[i].shape[1]} features per time step, but {where}[0] has "
        f"{first.shape[1]}. Pass sequences of shape (n_timesteps, {first.shape[1]})."
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
    if not lengths.all():
        raise ValueError(
            f"{where}[{np.argmin(lengths)}] is an empty sequence. Every sample needs at least one "
            "time step: drop it, from y too."
        )
    if numeric:
        steps = as_numbers(steps, where)
        if dtype is not None and dtype.kind == "f":
            with np.errstate(over="ignore"):
                steps = steps.astype(dtype, copy=False)
        if steps.ndim == 1:
            steps = steps[:, None]
        if steps.shape[1] == 0:
            raise ValueError(f"{where} has 0 features per time step. Pass at least one.")
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return Flat(steps, offsets, feature_names)
