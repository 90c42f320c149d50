"""An order of samples that depends only on their content, not on its unit."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from ._layout import offsets_of
from ._spans import Spans

# Number of values processed at a time.
_BLOCK_VALUES = 1 << 20


def canonical_order(spans: Spans, y: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Sort the rows by their content, so that a fit does not depend on the order of X.

    The sort key is a random projection of the sample and its target. Every feature is first scaled
    by its minimum and maximum, so that the order is invariant to units, and almost invariant to
    rounding errors. Seeded shuffles that start from this order give the same batches for the same
    set of rows.

    Parameters
    ----------
    spans : Spans
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or iterable of ndarray
        The targets; arrays, one per sample, where targets are sequences.

    Returns
    -------
    order : ndarray of int64 of shape (n_samples,)
        A permutation of the rows.
    group : ndarray of int64 of shape (n_samples,)
        Number of the distinct row at each position of `order`: 0, 1, 2, ...

    Examples
    --------
    >>> from sk_rnn.sequences import Panel, Spans, canonical_order
    >>> panel = Panel.from_sequences([[1.0], [2.0, 3.0], [1.0]])
    >>> order, group = canonical_order(Spans.of(panel))
    >>> sorted(group.tolist()) in ([0, 0, 1], [0, 1, 1])
    True
    """
    targets = _as_rows(y, len(spans))
    keys = _project(spans)
    if isinstance(targets, Spans):
        keys += np.pi * _project(targets)  # an irrational factor, to avoid collisions
    order = np.argsort(keys, kind="stable")
    # Rows with the same key are usually equal; their full content decides.
    same = np.append(False, keys[order[1:]] == keys[order[:-1]])
    tied = np.flatnonzero(same | np.append(same[1:], False))
    digests = np.zeros((len(order), 2), dtype=np.uint64)
    if len(tied) or not isinstance(targets, Spans | None):
        rows = order[tied] if isinstance(targets, Spans | None) else order
        digests[rows] = _digests(spans.take(rows), _take(targets, rows))
        order = np.lexsort((digests[:, 1], digests[:, 0], keys))
    new = np.ones(len(order), dtype=bool)
    ordered = digests[order]
    new[1:] = (keys[order[1:]] != keys[order[:-1]]) | (ordered[1:] != ordered[:-1]).any(axis=1)
    return order, np.cumsum(new) - 1


def _project(spans: Spans) -> np.ndarray:
    """Return a number per sample: a weighted sum of its values, with fixed random weights."""
    keys = np.zeros(len(spans))
    if not len(spans) or not spans.lengths.any():
        return keys
    rng = np.random.default_rng(0)
    feature_weights = rng.random(spans.n_features) + 0.5
    low, high = _range_of(spans)
    width = np.where(high > low, high - low, 1.0)
    step_weights = rng.random(int(spans.lengths.max())) + 0.5
    for rows, steps in spans.blocks(_BLOCK_VALUES):
        lengths = spans.lengths[rows]
        first = np.cumsum(lengths) - lengths
        # Halved, so that differences of finite numbers are finite.
        values = (_halves(steps) - low) / width
        values *= step_weights[np.arange(len(steps)) - np.repeat(first, lengths)][:, None]
        nonempty = np.flatnonzero(lengths)
        sums = np.add.reduceat(values, first[nonempty], axis=0)  # (n, F)
        keys[rows.start + nonempty] = (sums * feature_weights).sum(axis=1)
    return keys + np.sqrt(2.0) * spans.lengths


def _range_of(spans: Spans) -> tuple[np.ndarray, np.ndarray]:
    """Half of the lowest and of the highest value of each feature."""
    low = np.full(spans.n_features, np.inf)
    high = np.full(spans.n_features, -np.inf)
    for _, steps in spans.blocks(_BLOCK_VALUES):
        if len(steps):
            values = _halves(steps)
            np.minimum(low, values.min(axis=0), out=low)
            np.maximum(high, values.max(axis=0), out=high)
    return low, high


def _halves(steps: np.ndarray) -> np.ndarray:
    return 0.5 * steps.reshape(len(steps), -1).astype(np.float64)


# --- targets ------------------------------------------------------------------------------------


def _as_rows(y: Any, n_samples: int) -> Spans | list[np.ndarray] | None:
    """Numeric targets as Spans, others as one array per sample; None without targets."""
    if y is None:
        return None
    if isinstance(y, np.ndarray) and y.dtype != object:
        y = y.reshape(n_samples, -1)
        if y.dtype.kind in "biuf":
            steps = np.arange(n_samples), np.ones(n_samples, dtype=np.int64)
            return Spans(y.astype(np.float64), *steps)
        return list(y)
    rows = [np.asarray(row) for row in y]
    if not all(row.dtype.kind in "biuf" for row in rows):
        return rows
    rows = [row if row.ndim == 2 else row.reshape(-1, 1) for row in rows]
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    values = np.concatenate(rows)
    return Spans(values.astype(np.float64), offsets_of(lengths)[:-1], lengths)


def _take(targets: Spans | list[np.ndarray] | None, rows: np.ndarray) -> Iterable[Any]:
    if targets is None:
        return [None] * len(rows)
    return targets.take(rows) if isinstance(targets, Spans) else [targets[row] for row in rows]


# --- equal rows ---------------------------------------------------------------------------------


def _digests(spans: Spans, targets: Iterable[Any]) -> np.ndarray:
    """A 128-bit hash of each sample with its target: (n_samples, 2)."""
    # In one dtype, so that float32 and float64 containers of the same data have the same hash.
    dtype = np.int64 if spans.is_tokens else np.float64
    found = []
    for steps, target in zip(spans, targets, strict=True):
        data = np.ascontiguousarray(steps, dtype).tobytes()
        # The length in the key distinguishes (x, y) from a longer x with the same bytes.
        key = blake2b(len(data).to_bytes(8, "big") + data + _bytes_of(target), digest_size=16)
        found.append(key.digest())
    return np.frombuffer(b"".join(found), dtype=">u8").reshape(-1, 2)


def _bytes_of(target: np.ndarray | Sequence[Any] | None) -> bytes:
    if target is None:
        return b""
    target = np.asarray(target)
    # The bytes of strings depend on the width of the array that holds them; their repr does not.
    return repr(target.tolist()).encode() if target.dtype.kind in "OUST" else target.tobytes()
