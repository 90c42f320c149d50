"""Validation of y with one target per sequence, before scikit-learn determines its type."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse

from ...sequences import Panel, as_array, name_kind, plain, quote, refuse_matrices


def check_targets(y: Any, caller: str, input_name: str, noun: str) -> None:
    """Raise an error unless y is an array of finite targets with one row per sequence.

    Parameters
    ----------
    y : object
        As passed by the user.
    caller, input_name : str
        Names of the caller and y in error messages.
    noun : {"label", "number"}
        Kind of target.
    """
    where = f"{caller}: {input_name}"
    advice = f"Pass one {noun} per sequence"
    refuse_matrices(y, where)
    nested = _nested_row(y)
    if nested is not None:
        raise ValueError(
            f"{where}[{nested[0]}] is a sequence ({nested[1]}). {advice}, or set "
            f"return_sequences=True to learn one {noun} per time step."
        )
    try:
        array = np.asarray(y)
    except Exception as error:  # any exception: conversion may run user code
        raise ValueError(
            f"{where} cannot be read as an array: {quote(error)}. {advice}."
        ) from error
    if array.ndim == 0:
        source = input_name.replace("y", "X", 1)
        raise TypeError(
            f"{where} is {name_kind(y)}, which is not a container of {noun}s. {advice}, in an "
            f"array or a list. For one sequence pass [{source}] and [{input_name}]."
        )
    if array.size == 0:
        raise ValueError(f"{where} has shape {array.shape}, which is empty. {advice}.")
    if array.dtype.kind == "V":
        raise ValueError(f"{where} has dtype {array.dtype}, which is not supported. {advice}.")
    if array.dtype.kind == "c" or _holds_complex(array):
        raise ValueError(f"{where} contains complex numbers: Complex data not supported. {advice}.")
    missing = pd.isna(array)
    if missing.any():
        place = tuple(np.argwhere(missing)[0])
        raise ValueError(
            f"{where}[{place[0]}] is {plain(array[place])}: Input {input_name} contains NaN. "
            f"Every sequence needs a {noun}: drop those without one, from X too."
        )
    if noun == "label" and array.dtype.kind in "OUT":
        # NumPy converts numbers to strings if there are strings, and so would predictions.
        labels = array.ravel() if isinstance(y, np.ndarray) else y
        if array.ndim == 1 and len({isinstance(label, str) for label in labels}) > 1:
            kinds = sorted({type(label).__name__ for label in labels})
            raise ValueError(
                f"{where} has labels of several types: {', '.join(kinds)}. Pass labels of one type."
            )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = tuple(np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{where}[{place[0]}] is {plain(array[place])}: Input {input_name} contains infinity "
            f"or a value too large for {array.dtype!r}. Pass finite numbers."
        )


def scale_targets(
    values: np.ndarray, mean: np.ndarray, scale: np.ndarray, dtype: npt.DTypeLike, where: str
) -> np.ndarray:
    """Standardise targets with the mean and standard deviation of the training rows.

    Parameters
    ----------
    values, mean, scale : ndarray
        Targets, and the mean and standard deviation of the training rows.
    dtype : dtype
        Dtype of the result.
    where : str
        Name of the caller and the targets in error messages.

    Raises
    ------
    ValueError
        If a target differs so much from those of the training rows that it overflows.
    """
    with np.errstate(over="ignore"):  # overflow raises an error below
        scaled = ((values - mean) / scale).astype(dtype)
    finite = np.isfinite(scaled)
    if not finite.all():
        raise ValueError(
            f"{where} has {values[~finite][0]:g}, which is too far from the targets that the "
            f"model was trained on: scaled like them, it overflows {np.dtype(dtype)}. Drop such "
            "targets, or fit with targets that include them."
        )
    return scaled


def check_classes(classes: Any, caller: str) -> np.ndarray:
    """Return the sorted unique labels of ``classes``."""
    where = f"{caller}: classes"
    advice = "Pass a 1-D array of all class labels, at least two."
    if issparse(classes):
        raise TypeError(f"{where} is sparse, which is not supported. {advice}")
    array = as_array(classes, where, advice)
    if array.ndim != 1:
        raise ValueError(f"{where} has shape {array.shape}. {advice}")
    if array.dtype.kind in "cV" or _holds_complex(array):
        raise ValueError(f"{where} has dtype {array.dtype}, which is not supported. {advice}")
    missing = pd.isna(array)
    if missing.any():
        i = int(np.argmax(missing))
        raise ValueError(f"{where}[{i}] is {plain(array[i])}, which is not a label. {advice}")
    try:
        found = np.unique(array)
    except Exception as error:  # any exception: comparing labels may run user code
        raise ValueError(f"{where} cannot be sorted: {quote(error)}. {advice}") from error
    if len(found) < 2:
        raise ValueError(f"{where} has {len(found)} labels, {found.tolist()}. {advice}")
    return found


def _nested_row(y: Any) -> tuple[int, str] | None:
    """Return the first row of y that is a sequence, and its type; None if there is none."""
    if isinstance(y, Panel):
        return 0, "of a Panel"
    objects = getattr(y, "dtype", None) is np.dtype(object)
    if not (isinstance(y, list | tuple) or objects) or getattr(y, "ndim", 1) != 1 or not len(y):
        return None
    rows = list(y)
    lengths = [len(row) if _is_sized(row) else -1 for row in rows]
    # Lists of equal length are rows of a multilabel indicator, or of several outputs.
    if max(lengths) < 0 or (len(set(lengths)) == 1 and not objects):
        return None
    first = next(i for i, length in enumerate(lengths) if length >= 0)
    return first, type(rows[first]).__name__


def _holds_complex(array: np.ndarray) -> bool:
    complex_kinds = (complex, np.complexfloating)
    return array.dtype == object and any(isinstance(y, complex_kinds) for y in array.flat)


def _is_sized(row: Any) -> bool:
    if isinstance(row, str | bytes) or issparse(row) or getattr(row, "ndim", 1) == 0:
        return False
    return hasattr(row, "__len__")
