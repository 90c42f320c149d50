"""Awkward, pyarrow and polars arrays, read from their buffers without a loop over samples.

None of these libraries is a dependency: a user who passes such an array has imported it.
"""

from typing import Any

import numpy as np

from ._messages import argument

# Names of the list types, including views: those of pyarrow and those of polars.
_LISTS = ("list", "large_list", "fixed_size_list", "List", "Array")

_NESTED_LISTS = (
    "time steps hold lists of lists. Pass numbers, or one list of numbers per time step."
)

RAGGED_FEATURES = "time steps differ in their number of features. Give each step the same number."


def is_awkward(x: Any) -> bool:
    """Return whether x is an awkward array (not a record or a builder)."""
    return type(x).__module__.partition(".")[0] == "awkward" and hasattr(type(x), "ndim")


def is_arrow(x: Any) -> bool:
    """Return whether x is a pyarrow object: an array, a scalar or a table."""
    return type(x).__module__.partition(".")[0] == "pyarrow"


def is_polars(x: Any) -> bool:
    """Return whether x is a polars Series or DataFrame."""
    return type(x).__module__.partition(".")[0] == "polars"


def is_list_type(dtype: Any) -> bool:
    """Return whether a pyarrow or polars type is a list type."""
    return str(dtype).startswith(_LISTS)


def read_awkward(X: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps (total_steps[, n_features]) and the lengths of an awkward array."""
    import awkward as ak

    if X.ndim < 2:
        raise ValueError(
            f"{where} holds single values instead of sequences. If it is one sequence, pass "
            f"[{argument(where)}]; otherwise an array of lists, one per sample."
        )
    try:
        lengths = ak.to_numpy(ak.num(X, axis=1), allow_missing=False)
    except ValueError as error:
        raise ValueError(f"{where} has missing samples. Drop them.") from error
    steps = ak.flatten(X, axis=1)
    if ak.fields(steps):  # records; NumPy would drop the field names
        return _as_objects(steps.to_list()), lengths
    try:
        return ak.to_numpy(steps), lengths
    except TypeError:  # values of several kinds, such as text and numbers
        return _as_objects(steps.to_list()), lengths
    except ValueError as error:
        raise ValueError(f"{where}: {RAGGED_FEATURES}") from error


def read_arrow(X: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps (total_steps[, n_features]) and the lengths of a list array."""
    X = _combine_chunks(X)
    if not is_list_type(X.type):
        raise TypeError(
            f"{where} is a pyarrow {type(X).__name__} of {X.type}, not of lists. If it is one "
            f"sequence, pass [{argument(where)}]; otherwise an array of lists, one per sample."
        )
    if X.null_count:
        _refuse_null(X.is_null().to_numpy(zero_copy_only=False), where)
    return arrow_steps(X.flatten(), where), _arrow_lengths(X)


def arrow_steps(steps: Any, where: str) -> np.ndarray:
    """Return the steps (T,) or (T, n_features) in a pyarrow array of numbers or of lists."""
    steps = _combine_chunks(steps)
    if not is_list_type(steps.type):
        return steps.to_numpy(zero_copy_only=False)
    features = steps.flatten()
    _check_features(steps.null_count, _arrow_lengths(steps), features.type, where)
    return features.to_numpy(zero_copy_only=False).reshape(len(steps), -1)


def _combine_chunks(X: Any) -> Any:
    if not hasattr(X, "combine_chunks") or not hasattr(X, "chunks"):
        return X
    combined = X.combine_chunks()
    # It stays chunked if there is no chunk, or if one chunk could not hold them all.
    if hasattr(combined, "chunks"):
        import pyarrow as pa

        return pa.concat_arrays(combined.chunks) if combined.chunks else pa.array([], combined.type)
    return combined


def _arrow_lengths(X: Any) -> np.ndarray:
    return X.value_lengths().to_numpy(zero_copy_only=False)


def read_polars(X: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps (total_steps[, n_features]) and the lengths of a Series of lists."""
    X = _as_lists(X)
    if X.null_count():
        _refuse_null(X.is_null().to_numpy(), where)
    lengths = X.list.len().to_numpy().astype(np.int64)
    return polars_steps(_explode(X, lengths), where), lengths


def polars_steps(steps: Any, where: str) -> np.ndarray:
    """Return the steps (T,) or (T, n_features) in a polars Series of values or of lists."""
    if not is_list_type(steps.dtype):
        # Converted to NumPy, structs would lose their field names.
        structs = str(steps.dtype).startswith("Struct")
        return _as_objects(steps.to_list()) if structs else steps.to_numpy()
    steps = _as_lists(steps)
    lengths = steps.list.len().to_numpy()
    features = _explode(steps, lengths)
    _check_features(steps.null_count(), lengths, features.dtype, where)
    return features.to_numpy().reshape(len(steps), -1)


def _as_lists(X: Any) -> Any:
    return X.arr.to_list() if str(X.dtype).startswith("Array") else X


def _explode(X: Any, lengths: np.ndarray) -> Any:
    """Return the elements of lists; polars represents an empty list by a missing value."""
    return X.filter(lengths > 0).explode()


def _as_objects(values: list[Any]) -> np.ndarray:
    objects = np.empty(len(values), dtype=object)
    objects[:] = values
    return objects


def _check_features(n_null: int, lengths: np.ndarray, dtype: Any, where: str) -> None:
    """Raise unless all time steps have the same number of features, each a single value."""
    if n_null or (lengths != lengths[:1]).any():
        raise ValueError(f"{where}: {RAGGED_FEATURES}")
    if is_list_type(dtype):
        raise ValueError(f"{where}: {_NESTED_LISTS}")


def _refuse_null(is_null: np.ndarray, where: str) -> None:
    raise ValueError(
        f"{where}[{int(np.argmax(is_null))}] is null. Drop samples without a sequence, from y too."
    )
