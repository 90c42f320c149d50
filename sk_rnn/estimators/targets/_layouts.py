"""The containers in which targets of numbers are passed and returned."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...sequences import Panel, is_sequence, is_table


def to_object_array(rows: list[Any]) -> np.ndarray:
    """Return a 1-D object array of arbitrary objects."""
    result = np.empty(len(rows), dtype=object)
    for i, row in enumerate(rows):
        result[i] = row
    return result


def to_layout(arrays: list[np.ndarray], layout: str) -> np.ndarray:
    """Convert arrays (n_timesteps, n_features), one per sample, to the container of y."""
    if layout == "scalar":
        return np.stack(arrays)[:, 0, 0]
    if layout == "table":
        return np.stack(arrays)[:, :, 0]
    if layout == "cube":
        return np.stack(arrays)
    return to_object_array([row[:, 0] for row in arrays] if layout == "series" else arrays)


def to_equal_layout(
    arrays: list[np.ndarray], layout: str, frame_shape: Sequence[int] | None
) -> np.ndarray:
    """Convert arrays (n_timesteps, n_features) to the container of X.

    An array if X was one and they have the same number of steps, otherwise an object array of
    arrays. Steps that were frames become frames again.
    """
    if layout in ("table", "cube") and len({len(array) for array in arrays}) > 1:
        layout = {"table": "series", "cube": "frames"}[layout]
    if frame_shape is not None:
        arrays = [array.reshape(len(array), *frame_shape) for array in arrays]
    return to_layout(arrays, layout)


def stack_equal(arrays: list[np.ndarray], X: Any) -> np.ndarray:
    """Stack arrays of equal shapes if X was an array, too; else return an object array of them."""
    equal = len({array.shape for array in arrays}) == 1
    if equal and find_layout(X)[0] in ("table", "cube"):
        return np.stack(arrays)
    return to_object_array(arrays)


def find_layout(y: Any) -> tuple[str, Any]:
    """Return the kind of container of y, and y in a form that `read_spans` accepts."""
    try:
        return _find_layout(y)
    except Exception:  # any exception: reading invalid containers raises an error later
        return "frames", y


def _find_layout(y: Any) -> tuple[str, Any]:
    if isinstance(y, Panel):
        return "frames", y
    if not hasattr(y, "shape") and not hasattr(y, "__len__") and hasattr(y, "__array__"):
        y = np.asarray(y)
    shape = getattr(y, "shape", None)
    listed = hasattr(y, "__len__") and len(y) > 0 and not hasattr(y, "columns")
    flat = listed and (shape is None or len(shape) == 1)
    if flat and not any(map(is_sequence, y)):
        return "scalar", np.asarray(y).reshape(-1, 1)
    if is_table(y):
        return "table", y
    if shape is not None and len(shape) >= 3:
        return "cube", y
    return ("series" if listed and np.ndim(_first(y)) == 1 else "frames"), y


def find_frame_shape(y: Any) -> list[int] | None:
    """Return the shape of the frames of videos; None for anything else."""
    try:
        # tuple: an object that is not an array may have any attribute "shape".
        shape = tuple(np.shape(y) if hasattr(y, "shape") else (len(y), *np.shape(y[0])))
    except Exception:  # any exception: reading invalid containers raises an error later
        return None
    return [int(size) for size in shape[2:]] if len(shape) > 3 else None


def _first(y: Any) -> Any:
    return y.iloc[0] if hasattr(y, "iloc") else y[0]
