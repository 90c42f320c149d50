"""Targets with one label or number per time step."""

from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from ._containers import flatten
from ._hints import first_not_number
from ._kinds import is_sequence
from ._layout import gather_steps, locate, offsets_of
from ._messages import counted, plain
from ._numbers import as_numbers
from ._panel import Panel
from ._tensors import open_tensors


class SingleTargetsError(ValueError):
    """There is one target per sequence instead of one per time step."""


class TargetCountError(ValueError):
    """The number of target sequences differs from the number of samples."""


class TargetLengthsError(ValueError):
    """A sequence has a different number of targets than time steps.

    Parameters
    ----------
    message : str
    sample, n_timesteps : int
        The index of the sequence, and its number of time steps.
    """

    def __init__(self, message: str, sample: int, n_timesteps: int) -> None:
        super().__init__(message)
        self.sample, self.n_timesteps = sample, n_timesteps


# Labels from lists arrive as objects; these kinds have a dedicated dtype.
_PLAIN_LABELS = {
    "boolean": np.bool_,
    "integer": np.int64,
    "floating": np.float64,
    "mixed-integer-float": np.float64,
}


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
        One sequence per sample, in any container that is accepted for X.
    lengths : ndarray of int of shape (n_samples,)
        Number of time steps of each sample of X.
    caller, input_name : str
        Names of the caller and of y in error messages.
    numeric : bool, default=False
        Whether targets must be numbers, which become float64. Otherwise labels of any kind are
        accepted, one per time step.
    bounds : tuple of (starts, stops), default=None
        Where the samples of X start and stop in their padded sequences, if padding was dropped.
        Targets that are still padded are cut in the same way.
    untrimmed_lengths : ndarray of int of shape (n_samples,), default=None
        Number of time steps of each sample of X before padding was dropped.

    Returns
    -------
    values : ndarray of shape (total_steps,) or (total_steps, n_outputs)
        The concatenated targets of all samples: labels or numbers, or several numbers (float64)
        per time step.
    offsets : ndarray of int64 of shape (n_samples + 1,)
        Sample `i` is ``values[offsets[i]:offsets[i + 1]]``.

    Raises
    ------
    ValueError
        If the numbers of targets and time steps of a sample differ; the message names the first.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn.sequences import check_sequence_targets
    >>> values, offsets = check_sequence_targets([["N", "V"], ["N"]], np.array([2, 1]))
    >>> values.tolist(), offsets.tolist()
    (['N', 'V', 'N'], [0, 2, 3])
    """
    where = f"{caller}: {input_name}"
    source = f"X{input_name.removeprefix('y')}"  # y_val goes with X_val
    values, y_offsets = _read(y, where, numeric)
    y_lengths = np.diff(y_offsets)
    if len(y_lengths) != len(lengths):
        raise TargetCountError(
            f"{where} has {counted(len(y_lengths), 'sample')}, but {source} has {len(lengths)}. "
            "Pass one target sequence per sample."
        )
    skipped = np.zeros(len(lengths), dtype=np.int64)
    fits = y_lengths == lengths
    if bounds is not None:
        padded = ~fits & (y_lengths == untrimmed_lengths)
        skipped[padded] = bounds[0][padded]
        fits |= padded
    if not fits.all():
        i = int(np.argmin(fits))
        noun = "number" if numeric else "label"
        raise TargetLengthsError(
            f"{where}[{i}] has {counted(y_lengths[i], noun)}, but {source}[{i}] has "
            f"{counted(lengths[i], 'time step')}. Pass one {noun} per time step.",
            i,
            int(lengths[i]),
        )
    offsets = offsets_of(lengths)
    if len(values) != offsets[-1]:
        values = gather_steps(values, y_offsets[:-1] + skipped, lengths)
    return _check_values(values, offsets, where, numeric), offsets


def _read(y: Any, where: str, numeric: bool) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(y, Panel):
        values, offsets = y.values, y.offsets
    else:
        y = open_tensors(y, where)
        _refuse_single_labels(y, where)
        flat = flatten(y, where, dtype=np.dtype(np.float64) if numeric else None, numeric=numeric)
        values, offsets = flat.values, flat.offsets
    one_per_step = values.ndim == 2 and values.shape[1] == 1
    return (values[:, 0] if one_per_step else values), offsets


def _refuse_single_labels(y: Any, where: str) -> None:
    """Raise an error if y has one label per sample."""
    if not isinstance(y, list | tuple | np.ndarray | pd.Series) or getattr(y, "ndim", 1) != 1:
        return
    for i, row in enumerate(y):
        if isinstance(row, str | bytes):
            raise SingleTargetsError(
                f"{where}[{i}] is {plain(row)}, which is one label, but return_sequences=True "
                "needs one per time step. Pass list(y[i]) if each character is a label, or set "
                "return_sequences=False."
            )
        if not is_sequence(row):
            raise SingleTargetsError(
                f"{where}[{i}] is {plain(row)}, one value for the whole sample, but "
                "return_sequences=True needs one per time step. Pass a sequence per sample, or "
                "set return_sequences=False."
            )


def _check_values(values: np.ndarray, offsets: np.ndarray, where: str, numeric: bool) -> np.ndarray:
    if values.dtype == object:
        _refuse_missing(values, pd.isna(values), offsets, where)
    if values.ndim == 2 and not numeric and values.dtype.kind not in "biuf":
        label = first_not_number(values)
        if not isinstance(label, Number):
            raise ValueError(
                f"{where} has {values.shape[1]} labels per time step, for example {plain(label)}. "
                "Pass one label per time step, or a multilabel indicator of 0 and 1."
            )
    if numeric or values.ndim == 2:
        values = as_numbers(values, where).astype(np.float64, copy=False)
    elif values.dtype == object:
        values = plain_labels(values, where)
    if values.dtype.kind == "f":
        _refuse_missing(values, ~np.isfinite(values), offsets, where)
    return values


def plain_labels(values: np.ndarray, where: str) -> np.ndarray:
    """Convert object labels that are all numbers or all booleans to their natural dtype."""
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind in _PLAIN_LABELS:
        try:
            return values.astype(_PLAIN_LABELS[kind])
        except OverflowError as error:
            raise ValueError(
                f"{where} has labels beyond 64 bits. Pass smaller numbers, or strings."
            ) from error
    kinds = sorted({type(label).__name__ for label in values}) if "mixed" in kind else []
    if len(kinds) > 1:
        raise ValueError(
            f"{where} has labels of several kinds: {', '.join(kinds)}. Pass labels of one kind."
        )
    return values


def _refuse_missing(
    values: np.ndarray, missing: np.ndarray, offsets: np.ndarray, where: str
) -> None:
    if missing.any():
        position = int(np.argwhere(missing)[0][0])
        sample, step = locate(offsets, position)
        raise ValueError(
            f"{where}[{sample}] is {plain(values[missing][0])} at time step {step}. Every time "
            "step needs a target: drop those without one, from X too."
        )
