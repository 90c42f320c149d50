"""Targets with one label or number per time step."""

from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from ._containers import flatten
from ._hints import first_not_number
from ._kinds import is_awkward, is_sequence
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

# pandas types of integers and booleans that may be missing; NumPy would make them floats.
_NULLABLE = (
    *(pd.Int64Dtype, pd.Int32Dtype, pd.Int16Dtype, pd.Int8Dtype, pd.BooleanDtype),
    *(pd.UInt64Dtype, pd.UInt32Dtype, pd.UInt16Dtype, pd.UInt8Dtype),
)


def check_sequence_targets(
    y: Any,
    lengths: np.ndarray,
    *,
    caller: str = "check_sequence_targets",
    input_name: str = "y",
    numeric: bool = False,
    allow_missing: bool = False,
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
    allow_missing : bool, default=False
        Whether some time steps may have no target: None, NaN, pandas.NA or a masked value. The
        others determine the dtype.
    bounds : tuple of (starts, stops), default=None
        Where the samples of X start and stop in their padded sequences, if padding was dropped.
        Targets that are still padded are cut in the same way.
    untrimmed_lengths : ndarray of int of shape (n_samples,), default=None
        Number of time steps of each sample of X before padding was dropped.

    Returns
    -------
    values : ndarray of shape (total_steps,) or (total_steps, n_outputs)
        The concatenated targets of all samples: labels or numbers, or several numbers (float64)
        per time step. A masked array if some are missing.
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
    values, offsets = read_per_step(
        y,
        lengths,
        where,
        source=f"X{input_name.removeprefix('y')}",  # y_val goes with X_val
        noun="number" if numeric else "label",
        bounds=bounds,
        untrimmed_lengths=untrimmed_lengths,
    )
    return _check_values(values, offsets, where, numeric, allow_missing), offsets


def read_per_step(
    y: Any,
    lengths: np.ndarray,
    where: str,
    *,
    source: str,
    noun: str,
    bounds: tuple[np.ndarray, np.ndarray] | None = None,
    untrimmed_lengths: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Concatenate what has one value per time step, and check the number of values.

    Parameters
    ----------
    y, lengths, bounds, untrimmed_lengths
        See `check_sequence_targets`.
    where, source : str
        Names of y, with its caller, and of X in error messages.
    noun : {"label", "number", "weight"}
        What y has; all but labels are real numbers.

    Returns
    -------
    values : ndarray of shape (total_steps,) or (total_steps, n_outputs)
    offsets : ndarray of int64 of shape (n_samples + 1,)
    """
    values, y_offsets = _read(y, where, noun)
    y_lengths = np.diff(y_offsets)
    if len(y_lengths) != len(lengths):
        raise TargetCountError(
            f"{where} has {counted(len(y_lengths), 'sample')}, but {source} has {len(lengths)}. "
            f"Pass one {'weight' if noun == 'weight' else 'target'} sequence per sample."
        )
    skipped = np.zeros(len(lengths), dtype=np.int64)
    fits = y_lengths == lengths
    if bounds is not None:
        padded = ~fits & (y_lengths == untrimmed_lengths)
        skipped[padded] = bounds[0][padded]
        fits |= padded
    if not fits.all():
        i = int(np.argmin(fits))
        raise TargetLengthsError(
            f"{where}[{i}] has {counted(y_lengths[i], noun)}, but {source}[{i}] has "
            f"{counted(lengths[i], 'time step')}. Pass one {noun} per time step.",
            i,
            int(lengths[i]),
        )
    offsets = offsets_of(lengths)
    if len(values) != offsets[-1]:
        values = gather_steps(values, y_offsets[:-1] + skipped, lengths)
    return values, offsets


def _read(y: Any, where: str, noun: str) -> tuple[np.ndarray, np.ndarray]:
    numeric = noun != "label"
    if isinstance(y, Panel):
        values, offsets = y.values, y.offsets
    else:
        y = _open_masked(open_tensors(y, where))
        _refuse_single_labels(y, where, noun)
        flat = flatten(y, where, dtype=np.dtype(np.float64) if numeric else None, numeric=numeric)
        values, offsets = flat.values, flat.offsets
    one_per_step = values.ndim == 2 and values.shape[1] == 1
    return (values[:, 0] if one_per_step else values), offsets


def _open_masked(y: Any) -> Any:
    """Replace masked values by None, and nullable integers by objects, which stay integers."""
    if is_awkward(y) and any(mark in str(y.type) for mark in ("?", "option")):
        return y.to_list()
    if isinstance(y, np.ma.MaskedArray):
        if not np.ma.is_masked(y):
            return y.data
        values = np.ma.getdata(y).astype(object)
        values[np.ma.getmaskarray(y)] = None
        return values
    if _is_nullable(y):
        return y.astype(object)
    if isinstance(y, list | tuple) and any(map(_may_have_masked, y)):
        return [_open_masked(row) if _may_have_masked(row) else row for row in y]
    return y


def _may_have_masked(row: Any) -> bool:
    return isinstance(row, np.ma.MaskedArray) or _is_nullable(row)


def _is_nullable(row: Any) -> bool:
    is_nullable = isinstance(row, pd.Series) and isinstance(row.dtype, _NULLABLE)
    return is_nullable and bool(row.isna().any())


def _refuse_single_labels(y: Any, where: str, noun: str) -> None:
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
        if not is_sequence(row) and noun == "weight":
            raise SingleTargetsError(
                f"{where}[{i}] is {plain(row)}, one weight for the whole sample, but others have "
                "one per time step. Pass a sequence of weights per sample, or one weight per "
                "sample."
            )
        if not is_sequence(row):
            raise SingleTargetsError(
                f"{where}[{i}] is {plain(row)}, one value for the whole sample, but "
                "return_sequences=True needs one per time step. Pass a sequence per sample, or "
                "set return_sequences=False."
            )


def _check_values(
    values: np.ndarray, offsets: np.ndarray, where: str, numeric: bool, allow_missing: bool
) -> np.ndarray:
    missing = find_missing(values)
    mask: np.ndarray | None = None
    if allow_missing and missing.any():
        mask = _missing_steps(missing, offsets, where)
        # Any of the others, so that missing targets change neither dtype nor checks.
        values = values.copy()
        values[mask] = values[np.argmin(mask)]
    else:
        _refuse_missing(values, missing, offsets, where)
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
        _refuse_infinite(values, offsets, where, allow_missing)
    if mask is None:
        return values
    wide = mask if values.ndim == 1 else np.repeat(mask[:, None], values.shape[1], axis=1)
    return np.ma.MaskedArray(values, wide)


def find_missing(values: np.ndarray) -> np.ndarray:
    """Return which values are None, NaN or another missing value, in the shape of the values."""
    if values.dtype.kind not in "OfcmM":
        return np.zeros(values.shape, dtype=bool)
    return np.asarray(pd.isna(values))


def _missing_steps(missing: np.ndarray, offsets: np.ndarray, where: str) -> np.ndarray:
    """Return which time steps have no target, given which values are missing."""
    if missing.ndim == 2:
        partial = missing.any(axis=1) & ~missing.all(axis=1)
        if partial.any():
            position = int(np.argmax(partial))
            sample, step = locate(offsets, position)
            column = int(np.argmax(missing[position]))
            raise ValueError(
                f"{where}[{sample}] has no target at time step {step}, column {column}, but has "
                "targets in other columns, which are learned together. Pass all of them, or NaN "
                "in all columns."
            )
        missing = np.asarray(missing.all(axis=1))
    if missing.all():
        raise ValueError(
            f"{where} has no target at any time step. At least one must not be None or NaN."
        )
    return missing


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
            f"{where} has labels of several types: {', '.join(kinds)}. Pass labels of one type."
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


def _refuse_infinite(
    values: np.ndarray, offsets: np.ndarray, where: str, allow_missing: bool
) -> None:
    infinite = np.isinf(values)
    if infinite.any():
        sample, step = locate(offsets, int(np.argwhere(infinite)[0][0]))
        raise ValueError(
            f"{where}[{sample}] is {plain(values[infinite][0])} at time step {step}. Pass finite "
            f"targets{', or NaN at time steps without one' if allow_missing else ''}."
        )
