"""Validation of the arguments of a Panel."""

import math
import operator
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ._arrays import as_array
from ._messages import quote

_KEYS = "Pass an integer, a slice, or a 1-D array of integers or booleans"


# -- Arguments of the constructor -------------------------------------------------------


def check_values(values: Any) -> np.ndarray:
    """Validate the time steps of all samples and return them as an array."""
    advice = (
        "Pass a float32 or float64 array of shape (total_steps, n_features), or an integer array "
        "of shape (total_steps,). Panel.from_sequences converts other containers."
    )
    array = as_array(values, "Panel: values", advice)
    numbers = array.ndim == 2 and array.dtype in (np.float32, np.float64)
    tokens = array.ndim == 1 and array.dtype.kind in "iu"
    if isinstance(array, np.ma.MaskedArray) or not (numbers or tokens):
        raise ValueError(
            "Panel: values must be a float32 or float64 array of shape (total_steps, n_features), "
            "or an integer array of shape (total_steps,); got a "
            f"{type(array).__name__} of {array.dtype} of shape {array.shape}. "
            "Panel.from_sequences converts other containers."
        )
    if numbers and array.shape[1] == 0:
        raise ValueError("Panel: values has 0 features per time step. Pass at least one.")
    return array


def check_offsets(offsets: npt.ArrayLike, total_steps: int) -> np.ndarray:
    """Return the offsets of a panel as int64."""
    advice = "Pass n_samples + 1 integers."
    offsets = as_array(offsets, "Panel: offsets", advice)
    if offsets.ndim != 1 or len(offsets) == 0 or offsets.dtype.kind not in "iu":
        raise ValueError(
            "Panel: offsets must be integers of shape (n_samples + 1,); got "
            f"{offsets.dtype} of shape {offsets.shape}."
        )
    offsets = offsets.astype(np.int64, copy=False)
    if offsets[0] != 0 or offsets[-1] != total_steps or (np.diff(offsets) < 0).any():
        raise ValueError(
            "Panel: offsets must start at 0, never decrease, and end at len(values) = "
            f"{total_steps}; got {offsets}."
        )
    return offsets


def check_labels(labels: Any, n: int, name: str, noun: str) -> pd.Index | None:
    """Return labels as an index; a MultiIndex is kept, which pandas would convert to tuples.

    Parameters
    ----------
    labels : array-like of shape (n,) or None
    n : int
    name : str
        Name of the labels in error messages.
    noun : str
        Noun for the ``n`` labelled items.
    """
    if labels is None:
        return None
    try:
        index = labels.copy() if isinstance(labels, pd.MultiIndex) else pd.Index(labels)
        n_labels = len(index)
    except Exception as error:  # an object's own __array__ may raise anything
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"Panel: {name} cannot be read as labels: {quote(error)}. Pass a 1-D array of {n} "
            f"labels, one per {noun}."
        ) from error
    if n_labels != n:
        raise ValueError(
            f"Panel: {name} has {n_labels} entries, but there are {n} {noun}s. Pass one per {noun}."
        )
    return index


def check_names(names: Any, n_features: int) -> tuple[str, ...] | None:
    """Return names of features as a tuple."""
    if names is None:
        return None
    if isinstance(names, str | bytes | Mapping | AbstractSet):
        raise TypeError(
            f"Panel: feature_names is a {type(names).__name__}, but must be a list of strings."
        )
    try:
        names = tuple(names)
    except Exception as error:  # of any kind, as above
        raise TypeError(
            f"Panel: feature_names cannot be converted to a list: {quote(error)}. Pass a list of "
            f"{n_features} strings."
        ) from error
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"Panel: feature_names has {name!r}, but names must be strings.")
    if len(names) != n_features:
        raise ValueError(
            f"Panel: feature_names has {len(names)} entries, but values has {n_features} "
            "features. Pass one name per feature."
        )
    return names


def check_n_tokens(n_tokens: Any, *, is_tokens: bool) -> int | None:
    """Return the size of a vocabulary."""
    if n_tokens is None:
        return None
    if not is_tokens:
        raise ValueError("Panel: n_tokens is for token ids; values has numbers. Leave it out.")
    if isinstance(n_tokens, bool) or not isinstance(n_tokens, Integral) or int(n_tokens) < 1:
        kind = ValueError if isinstance(n_tokens, Integral) else TypeError
        raise kind(
            f"Panel: n_tokens must be the size of the vocabulary, a positive integer; got "
            f"{n_tokens!r}."
        )
    return int(n_tokens)


def check_float_type(dtype: Any, where: str) -> np.dtype | None:
    """Return the type of a panel's numbers."""
    if dtype is None:
        return None
    try:
        found = np.dtype(dtype)
    except Exception as error:  # a class may have any `dtype` attribute
        raise TypeError(
            f"{where} must be 'float32' or 'float64'; got {dtype!r}, which is not a NumPy dtype."
        ) from error
    if found not in (np.float32, np.float64):
        raise ValueError(f"{where} must be 'float32' or 'float64'; got {dtype!r}.")
    return found


# -- Indices ----------------------------------------------------------------------------


def check_row(key: Any, n_samples: int) -> int | None:
    """Return the position of a sample; None if the key does not select a single one."""
    if isinstance(key, bool | np.bool_) or getattr(key, "ndim", 0) != 0:
        return None
    try:
        row = operator.index(key)
    except Exception:  # any exception: some tensors raise RuntimeError
        return None
    if not -n_samples <= row < n_samples:
        _refuse_row(row, n_samples)
    return row % n_samples


def check_rows(key: Any, n_samples: int) -> np.ndarray:
    """Convert the key of a panel to the positions of samples."""
    try:
        rows = np.asarray(key)
    except Exception as error:  # an object's own __array__ may raise anything
        raise IndexError(
            f"Panel: the index cannot be read as an array: {quote(error)}. {_KEYS}."
        ) from error
    if rows.ndim == 1 and rows.dtype == bool:
        if len(rows) != n_samples:
            raise IndexError(
                f"Panel: the boolean mask has {len(rows)} entries, but there are {n_samples} "
                "samples. Pass one per sample."
            )
        return np.flatnonzero(rows)
    if rows.size == 0:
        rows = rows.astype(np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        got = f"{rows.dtype} of shape {rows.shape}"
        if rows.ndim == 0:
            got = f"{key!r}" if len(repr(key)) <= 40 else f"a {type(key).__name__}"
        raise IndexError(f"Panel: got {got} as the index. {_KEYS}.")
    outside = (rows < -n_samples) | (rows >= n_samples)
    if outside.any():
        _refuse_row(int(rows[outside][0]), n_samples)
    rows = rows.astype(np.int64, copy=False)
    return np.where(rows < 0, rows + n_samples, rows)


def check_slice(key: slice, n_samples: int) -> tuple[int, int, int]:
    """Return start, stop and step of a slice of samples."""
    try:
        return key.indices(n_samples)
    except (TypeError, ValueError) as error:
        raise IndexError(f"Panel: {key!r} cannot be used: {quote(error)}. {_KEYS}.") from error


def _refuse_row(row: int, n_samples: int) -> None:
    allowed = f"integers from {-n_samples} to {n_samples - 1}" if n_samples else "slices only"
    raise IndexError(f"Panel: index {row} is out of range for {n_samples} samples. Pass {allowed}.")


# -- Arguments of methods ---------------------------------------------------------------


def check_lengths(lengths: Any, n_samples: int, n_timesteps: int) -> np.ndarray:
    """Return the numbers of time steps that are not padding."""
    caller = "Panel.from_padded"
    advice = f"Pass {n_samples} integers, one per sample of X."
    lengths = as_array(lengths, f"{caller}: lengths", advice)
    if lengths.shape != (n_samples,) or lengths.dtype.kind not in "iu":
        raise ValueError(
            f"{caller}: lengths must be {n_samples} integers, one per sample of X; got "
            f"{lengths.dtype} of shape {lengths.shape}."
        )
    bad = np.flatnonzero((lengths < 0) | (lengths > n_timesteps))
    if bad.size:
        raise ValueError(
            f"{caller}: lengths[{bad[0]}] is {lengths[bad[0]]}, but X has {n_timesteps} time "
            f"steps. Pass numbers from 0 to {n_timesteps}."
        )
    return lengths


def check_bounds(starts: Any, stops: Any, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Validate the bounds of a slice of each sample."""
    bounds = []
    for name, given in (("starts", starts), ("stops", stops)):
        where = f"Panel.cut: {name}"
        bound = as_array(given, where, f"Pass {len(lengths)} integers, one per sample.")
        if bound.shape != lengths.shape or bound.dtype.kind not in "iu":
            raise ValueError(
                f"{where} must be {len(lengths)} integers, one per sample; got {bound.dtype} of "
                f"shape {bound.shape}."
            )
        bounds.append(bound)
    wrong = ~((bounds[0] >= 0) & (bounds[0] <= bounds[1]) & (bounds[1] <= lengths))
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ValueError(
            f"Panel.cut: sample {i} has {lengths[i]} time steps and cannot be cut from "
            f"{bounds[0][i]} to {bounds[1][i]}. Pass 0 <= start <= stop <= {lengths[i]}."
        )
    return bounds[0].astype(np.int64, copy=False), bounds[1].astype(np.int64, copy=False)


def check_padding(value: Any, dtype: np.dtype) -> Any:
    """Return the padding value if the dtype can represent it."""
    where = "Panel.to_padded: value"
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"{where} must be a number; got {value!r}.")
    try:
        number = float(value)
    except OverflowError:  # an integer too large for a float
        number, fits = math.inf, False
    else:
        fits = _holds(dtype, number)
    if fits:
        return number if dtype.kind == "f" else int(number)
    raise ValueError(
        f"{where} {value!r} does not fit into {dtype}, the dtype of the Panel. Pass another number."
    )


def _holds(dtype: np.dtype, number: float) -> bool:
    if dtype.kind == "f":
        return not math.isfinite(number) or abs(number) <= float(np.finfo(dtype).max)
    info = np.iinfo(dtype)
    return number.is_integer() and info.min <= int(number) <= info.max
