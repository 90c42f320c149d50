"""Ragged data laid end to end: sample i is ``values[offsets[i]:offsets[i + 1]]``."""

from typing import Any

import numpy as np
import numpy.typing as npt

# A gather needs an int64 position for every step; blocks keep that small beside the data.
_BLOCK = 1 << 20


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """Return where samples of these lengths start and stop."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def locate(offsets: np.ndarray, position: int) -> tuple[int, int]:
    """Return the sample, and the time step in it, that a position belongs to."""
    sample = int(np.searchsorted(offsets, position, side="right")) - 1
    return sample, int(position - offsets[sample])


def gather_steps(values: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Copy runs of consecutive steps, one after the other, into a new array."""
    offsets = offsets_of(lengths)
    out = np.empty((offsets[-1], *values.shape[1:]), dtype=values.dtype)
    first = 0
    while first < len(lengths):
        # As many rows as fit in a block, and at least one.
        last = int(np.searchsorted(offsets, offsets[first] + _BLOCK, side="right")) - 1
        last = max(last, first + 1)
        begin, end = offsets[first], offsets[last]
        shifts = starts[first:last] - offsets[first:last]
        positions = np.arange(begin, end) + np.repeat(shifts, lengths[first:last])
        np.take(values, positions, axis=0, out=out[begin:end], mode="clip")  # clip: no buffer
        first = last
    return out


def check_offsets(offsets: npt.ArrayLike, total_steps: int) -> np.ndarray:
    """Return the offsets of a panel as int64."""
    offsets = np.asarray(offsets)
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


def check_rows(key: Any, n_samples: int) -> np.ndarray:
    """Return what a panel is indexed with as the positions of samples."""
    rows = np.asarray(key)
    if rows.ndim == 1 and rows.dtype == bool:
        if len(rows) != n_samples:
            raise IndexError(
                f"The boolean mask has {len(rows)} entries, but the Panel has {n_samples} samples."
            )
        return np.flatnonzero(rows)
    if rows.size == 0:
        rows = rows.astype(np.int64)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise IndexError(
            "A Panel is indexed by an integer, a slice, or a 1-D array of integers or booleans; "
            f"got {rows.dtype} of shape {rows.shape}."
        )
    rows = rows.astype(np.int64, copy=False)
    outside = (rows < -n_samples) | (rows >= n_samples)
    if outside.any():
        raise IndexError(
            f"index {rows[outside][0]} is out of range for a Panel of {n_samples} samples."
        )
    return np.where(rows < 0, rows + n_samples, rows)
