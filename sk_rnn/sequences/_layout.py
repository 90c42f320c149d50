"""Ragged data concatenated in one array: sample i is ``values[offsets[i]:offsets[i + 1]]``."""

import numpy as np

# A gather needs an int64 position for every step; blocks keep that small relative to the data.
_BLOCK = 1 << 20


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """Return the offsets of samples with these lengths."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def locate(offsets: np.ndarray, position: int) -> tuple[int, int]:
    """Return the sample and the time step at a position."""
    sample = int(np.searchsorted(offsets, position, side="right")) - 1
    return sample, int(position - offsets[sample])


def gather_steps(values: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Concatenate runs of consecutive steps into a new array."""
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
