"""Targets with one label or number per time step."""

from typing import Any

import numpy as np
import pandas as pd

from sk_rnn.sequences._containers import as_numbers, flatten, is_sequence
from sk_rnn.sequences._panel import Panel, gather_steps


def check_sequence_targets(
    y: Any,
    lengths: np.ndarray,
    *,
    caller: str = "check_sequence_targets",
    input_name: str = "y",
    numeric: bool = False,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    untrimmed_lengths: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Check targets that have one label or number per time step.

    Parameters
    ----------
    y : list of array-like, array-like of shape (n_samples, n_timesteps[, n_outputs]) or Panel
        One sequence per sample, in any container that X may come in.
    lengths : ndarray of int of shape (n_samples,)
        Number of time steps of each sample of X.
    caller, input_name : str
        What error messages call the caller and y.
    numeric : bool, default=False
        Whether targets are numbers, which become float64. Otherwise they are labels of any kind.
    bounds : tuple of (starts, stops), default=None
        Where padding was dropped from X, as from :func:`padding_bounds`. Targets that are
        still padded are cut alike.
    untrimmed_lengths : ndarray of int of shape (n_samples,), default=None
        Number of time steps of each sample of X before that.

    Returns
    -------
    values : ndarray of shape (total_steps,) or (total_steps, n_outputs)
        The targets of all samples, end to end. In one dimension if there is one per time step.
    offsets : ndarray of int64 of shape (n_samples + 1,)
        Sample `i` is ``values[offsets[i]:offsets[i + 1]]``.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn.sequences import check_sequence_targets
    >>> values, offsets = check_sequence_targets([["N", "V"], ["N"]], np.array([2, 1]))
    >>> values.tolist(), offsets.tolist()
    (['N', 'V', 'N'], [0, 2, 3])
    """
    where = f"{caller}: {input_name}"
    values, y_offsets = _read(y, where, numeric)
    y_lengths = np.diff(y_offsets)
    if len(y_lengths) != len(lengths):
        raise ValueError(
            f"{where} has {len(y_lengths)} samples, but X has {len(lengths)}. Pass one target "
            "sequence per sample."
        )
    cut = np.zeros(len(lengths), dtype=np.int64)
    fits = y_lengths == lengths
    if bounds is not None:
        padded = ~fits & (y_lengths == untrimmed_lengths)
        cut[padded] = bounds[0][padded]
        fits |= padded
    if not fits.all():
        i = int(np.argmin(fits))
        noun = "numbers" if numeric else "labels"
        raise ValueError(
            f"{where}[{i}] has {y_lengths[i]} {noun}, but X[{i}] has {lengths[i]} time steps. "
            f"Pass one {noun[:-1]} per time step."
        )
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    if offsets[-1] != len(values):
        values = gather_steps(values, y_offsets[:-1] + cut, lengths)
    return _check_values(values, offsets, where, numeric), offsets


def _read(y: Any, where: str, numeric: bool) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(y, Panel):
        return (y.values[:, 0] if y.n_features == 1 and not y.is_tokens else y.values), y.offsets
    _refuse_single_labels(y, where)
    flat = flatten(y, where, dtype=np.dtype(np.float64) if numeric else None, numeric=numeric)
    values = flat.values
    one_per_step = values.ndim == 2 and values.shape[1] == 1
    return (values[:, 0] if one_per_step else values), flat.offsets


def _refuse_single_labels(y: Any, where: str) -> None:
    """Explain what y must be where it holds one label per sample."""
    if isinstance(y, pd.DataFrame) or getattr(y, "ndim", 1) != 1 or not hasattr(y, "__len__"):
        return
    for i, row in enumerate(y):
        if isinstance(row, str | bytes):
            raise ValueError(
                f"{where}[{i}] is the {type(row).__name__} {row!r}, which is one label, but "
                "return_sequences=True needs one per time step. If each character is a label, pass "
                "list(y[i]); for one label per sample, set return_sequences=False."
            )
        if not is_sequence(row) and not hasattr(row, "__len__"):
            raise ValueError(
                f"{where}[{i}] is a single value, {row!r}, but return_sequences=True needs one "
                "label or number per time step. For one per sample, set return_sequences=False."
            )


def _check_values(values: np.ndarray, offsets: np.ndarray, where: str, numeric: bool) -> np.ndarray:
    if values.dtype.kind in "Of":
        missing = pd.isna(values) | (values == np.inf) | (values == -np.inf)
        if missing.any():
            position = int(np.argwhere(missing)[0, 0])
            i = int(np.searchsorted(offsets, position, side="right")) - 1
            raise ValueError(
                f"{where}[{i}] has no usable value at time step {position - offsets[i]}: "
                f"{values[position]!r}. Every time step needs one."
            )
    if numeric or values.ndim == 2:
        return as_numbers(values, where).astype(np.float64, copy=False)
    if values.dtype != object:
        return values
    kind = pd.api.types.infer_dtype(values, skipna=False)
    plain = {
        "integer": np.int64,
        "floating": np.float64,
        "boolean": np.bool_,
        "mixed-integer-float": np.float64,
    }
    if kind.startswith("mixed") and kind not in plain:
        raise ValueError(
            f"{where} mixes kinds of labels: {sorted({type(v).__name__ for v in values})}. "
            "Pass labels of one kind, such as str."
        )
    return values.astype(plain[kind]) if kind in plain else values
