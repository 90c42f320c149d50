"""Assignment of rows to batches, and batches as padded arrays."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from ._spans import Spans

# Batches of similar length are cut from pools: at most this many batches per pool, and at least
# this many pools. Larger pools mean less padding, more pools more randomness.
_MAX_POOL, _MIN_POOLS = 16, 4


def training_batches(
    lengths: np.ndarray,
    batch_size: int,
    rng: np.random.RandomState | np.random.Generator,
) -> list[np.ndarray]:
    """Cut the rows into random batches of similar length.

    Shuffle, cut into pools, sort by length within a pool, cut into batches, shuffle the
    batches.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_samples,)
        Number of time steps of each row.
    batch_size : int
        Rows per batch. The last batch has fewer; if it would have one, on which batch norm
        cannot be trained, that row joins another batch.
    rng : RandomState or Generator

    Returns
    -------
    batches : list of ndarray of int64
        Every row occurs once.

    Notes
    -----
    A pool is a quarter of the data, and 16 batches at most: with 16 and lengths spread evenly from
    T/4 to T, 4 % of the padded cells are padding. If all rows shared a pool, sorting would undo the
    shuffle and every epoch would have the same batches, each of one length; on a set of 50 gestures
    (PickupGestureWiimoteZ) that lost 0.2 of accuracy.
    """
    n_samples = len(lengths)
    pool = batch_size * max(1, min(_MAX_POOL, n_samples // batch_size // _MIN_POOLS))
    order = rng.permutation(n_samples)
    ragged = (lengths != lengths[:1]).any()
    if ragged:
        pools = np.arange(n_samples) // pool
        order = order[np.lexsort((lengths[order], pools))]
    bounds = batch_bounds(n_samples, batch_size)
    batches = [order[start:stop] for start, stop in pairwise(bounds)]
    if ragged:
        batches = [batches[i] for i in rng.permutation(len(batches))]
    return batches


def batch_bounds(n_samples: int, batch_size: int) -> list[int]:
    """Return where training batches begin, and where the last one ends.

    Parameters
    ----------
    n_samples, batch_size : int
        As for `training_batches`.
    """
    bounds = [*range(0, n_samples, batch_size), n_samples]
    if batch_size > 1 and len(bounds) > 2 and bounds[-1] - bounds[-2] == 1:
        del bounds[-2]
    return bounds


def prediction_batches(lengths: np.ndarray, *, max_rows: int, max_steps: int) -> list[np.ndarray]:
    """Cut the rows into batches with as little padding as possible.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_samples,)
        Number of time steps of each row.
    max_rows : int
        Rows per batch.
    max_steps : int
        Padded time steps per batch: rows times the longest. One row may exceed it.

    Returns
    -------
    batches : list of ndarray of int64
        Longest rows first. Every row occurs once.

    Notes
    -----
    Each batch takes about as much memory as the previous one, or less, so that freed memory can
    be reused. Shortest first, each batch would need a little more than the previous one freed.
    """
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order]
    batches = []
    start = 0
    while start < len(order):
        window = ordered[start : start + max_rows]
        padded_steps = window * np.arange(1, len(window) + 1)  # increasing
        n_rows = max(1, int(np.searchsorted(padded_steps, max_steps, side="right")))
        batches.append(order[start : start + n_rows])
        start += n_rows
    return batches[::-1]


def pad_batch(
    spans: Spans,
    rows: np.ndarray,
    convert: Callable[[np.ndarray], np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Gather rows into one time-major array.

    Parameters
    ----------
    spans : Spans
    rows : ndarray of int of shape (batch_size,)
        Not negative.
    convert : callable or None
        Called with the gathered steps (n_timesteps, batch_size, n_features), which it may change.

    Returns
    -------
    padded : ndarray of shape (n_timesteps, batch_size, n_features)
        C-contiguous, of the values' dtype unless it is converted, as long as the longest row, zero
        after each row's end; of shape (n_timesteps, batch_size) for token ids.
    lengths : ndarray of int64 of shape (batch_size,)
    """
    starts, lengths = spans.starts[rows], spans.lengths[rows]
    n_timesteps = int(lengths.max(initial=0))
    steps = np.arange(n_timesteps)[:, None]  # T 1
    positions = starts + steps  # T B
    # Past a row's end these are steps of other rows; they are overwritten below.
    padded = spans.values.take(positions, axis=0, mode="clip")  # T B F
    if convert is not None:
        padded = convert(padded)
    if (lengths < n_timesteps).any():
        padded[steps >= lengths] = 0
    return padded, lengths


def flat_positions(lengths: np.ndarray, n_timesteps: int, n_rows: int) -> np.ndarray:
    """Return the positions of the valid steps in a padded, time-major batch.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_rows,)
    n_timesteps, n_rows : int
        The first two dimensions of the padded batch.

    Returns
    -------
    positions : ndarray of int64 of shape (lengths.sum(),)
        ``padded.reshape(n_timesteps * n_rows, -1)[positions]`` are the steps of row 0, then
        those of row 1, and so on.
    """
    is_step = np.arange(n_timesteps) < lengths[:, None]  # B T
    rows, steps = np.nonzero(is_step)  # row by row
    return steps * n_rows + rows
