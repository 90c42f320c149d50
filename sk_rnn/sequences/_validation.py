"""Validation of sequences: any container becomes a checked Panel."""

import math
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ._containers import flatten, refuse_empty
from ._hints import CLIP
from ._numbers import as_float
from ._panel import Panel
from ._spans import Spans

# Checks run over blocks, so that no temporary is as large as the data.
_CHECK_BLOCK = 1 << 20


def check_sequences(
    X: Any,
    *,
    dtype: npt.DTypeLike | None = None,
    tokens: bool = False,
    padding_value: float | None = None,
    caller: str = "check_sequences",
    input_name: str = "X",
) -> Panel:
    """Convert any container of sequences to a validated Panel.

    Parameters
    ----------
    X : array-like, list of array-like, DataFrame or Panel
        A Panel of the right dtype is returned without copying its values. The frames of videos,
        in arrays of shape (n_samples, n_timesteps, height, width) or (n_samples, n_timesteps,
        height, width, channels) or lists of such arrays without n_samples, are flattened: one
        feature per pixel and channel, row by row. A 3-D array is not a video: an image is one
        sequence of rows.
    dtype : {float32, float64}, default=None
        Dtype of numeric values. By default that of X if it is one of these; other numbers become
        float32 if it represents them exactly, otherwise float64. Ignored for tokens.
    tokens : bool, default=False
        Whether X holds token ids, one non-negative integer per time step. They become int64; int32,
        the dtype of a vectorizer's output, is kept.
        :func:`check_token_range` checks that ids are below the size of the vocabulary.
    padding_value : float, default=None
        Leading and trailing time steps whose features all equal this value (NaN equals NaN)
        are dropped. Such steps between others are kept.
    caller, input_name : str
        Names of the caller and of X in error messages.

    Returns
    -------
    panel : Panel
        With at least one sample, at least one time step per sample, and finite values.

    Raises
    ------
    TypeError
        If X is not a container of sequences.
    ValueError
        If its values are invalid; the message names the sample and the time step.

    Examples
    --------
    >>> from sk_rnn.sequences import check_sequences
    >>> check_sequences([[1.0, 2.0, 0.0], [3.0, 0.0, 0.0]], padding_value=0).to_list()
    [array([[1.],
           [2.]]), array([[3.]])]

    Videos of different lengths, with frames of 2 by 3 pixels:

    >>> import numpy as np
    >>> videos = [np.arange(12.0).reshape(2, 2, 3), np.zeros((1, 2, 3))]
    >>> check_sequences(videos)[0]
    array([[ 0.,  1.,  2.,  3.,  4.,  5.],
           [ 6.,  7.,  8.,  9., 10., 11.]])
    """
    spans = read_spans(
        X,
        dtype=dtype,
        tokens=tokens,
        padding_value=padding_value,
        caller=caller,
        input_name=input_name,
    )
    unchanged = isinstance(X, Panel) and spans.values is X.values and spans.untrimmed is None
    return X if unchanged else spans.to_panel()


def read_spans(
    X: Any,
    *,
    dtype: npt.DTypeLike | None = None,
    tokens: bool = False,
    padding_value: float | None = None,
    finite: bool = True,
    caller: str,
    input_name: str = "X",
) -> Spans:
    """Read any container of sequences like :func:`check_sequences`, but without copying a Panel.

    Parameters
    ----------
    X, dtype, tokens, padding_value, caller, input_name
        As for :func:`check_sequences`.
    finite : bool, default=True
        Whether numbers are checked to be finite.

    Returns
    -------
    spans : Spans
        Samples without their padding, as views of the Panel's values.
    """
    where = f"{caller}: {input_name}"
    spans = _read(X, None if dtype is None else np.dtype(dtype), tokens, where)
    spans = replace(spans, where=where)
    if padding_value is not None:
        first, lengths = _find_padding(spans, padding_value, where)
        if (lengths != spans.lengths).any():
            spans = spans.trim(first, lengths)
    if tokens:
        return _check_tokens(spans, where)
    if finite:
        _check_finite(spans, where)
    return spans


def _find_padding(spans: Spans, padding_value: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the first valid step of each sample, and the number of steps up to the last valid one.

    Padding is the steps at either end whose features all equal ``padding_value``.
    """
    if not isinstance(padding_value, Real):
        raise TypeError(
            f"{where.partition(': ')[0]}: padding_value={padding_value!r} is not a number. Set a "
            "number or None."
        )
    first, lengths = np.zeros_like(spans.lengths), np.zeros_like(spans.lengths)
    offsets = spans.offsets
    for rows, steps in spans.blocks(_CHECK_BLOCK):
        values = steps.reshape(len(steps), -1)
        is_padding = _equal(values, padding_value)
        kept = np.flatnonzero(~is_padding.all(axis=1)) + offsets[rows.start]
        begin = np.searchsorted(kept, offsets[rows.start : rows.stop])
        end = np.searchsorted(kept, offsets[rows.start + 1 : rows.stop + 1])
        if (begin == end).any():
            sample = rows.start + int(np.argmax(begin == end))
            raise ValueError(
                f"{where}[{sample}] is an empty sequence: all its time steps equal "
                f"padding_value={padding_value!r}. Drop it, from y too."
            )
        first[rows] = kept[begin] - offsets[rows.start : rows.stop]
        lengths[rows] = kept[end - 1] + 1 - kept[begin]
    return first, lengths


def _equal(values: np.ndarray, number: Any) -> np.ndarray:
    """Return a mask of the values that equal a number; NaN equals NaN."""
    value = float(number)
    if math.isnan(value):
        return np.isnan(values)
    largest = float(np.finfo(values.dtype).max) if values.dtype.kind == "f" else math.inf
    if largest < abs(value) < math.inf:  # NumPy would convert it to infinity
        return np.zeros(values.shape, dtype=bool)
    return values == value


def check_token_range(
    spans: Panel | Spans, n_tokens: int, caller: str = "check_token_range", *, input_name: str = "X"
) -> None:
    """Raise ValueError if a token id is not below the size of the vocabulary.

    Parameters
    ----------
    spans : Panel or Spans
        Of token ids.
    n_tokens : int
        Size of the vocabulary.
    caller, input_name : str
        Names of the caller and of the panel in error messages.
    """
    spans = Spans.of(spans) if isinstance(spans, Panel) else spans
    for rows, ids in spans.blocks(_CHECK_BLOCK):
        if ids.max(initial=-1) < n_tokens:
            continue
        sample, step = spans.locate(rows, int(np.argmax(ids >= n_tokens)))
        raise ValueError(
            f"{caller}: {input_name}[{sample}] has token id {ids[ids >= n_tokens][0]} at time step "
            f"{step}, but the vocabulary has {n_tokens} tokens, 0 to {n_tokens - 1}. Map unknown "
            "tokens to a separate id, or fit with a larger vocabulary."
        )


def _read(X: Any, dtype: np.dtype | None, tokens: bool, where: str) -> Spans:
    if isinstance(X, Panel):
        return _convert(Spans.of(X), dtype, tokens, where)
    if isinstance(X, Spans):
        return _convert(X, dtype, tokens, where)
    flat = flatten(X, where, dtype=None if tokens else dtype)
    if tokens:
        return Spans.of(Panel(_token_values(flat.values, where), flat.offsets))
    values = as_float(flat.values)
    spans = Spans.of(Panel(values, flat.offsets, feature_names=flat.feature_names))
    return replace(spans, frame_shape=flat.frame_shape)


def _convert(spans: Spans, dtype: np.dtype | None, tokens: bool, where: str) -> Spans:
    refuse_empty(spans.lengths, where)
    if tokens:
        values = spans.values if spans.is_tokens else _token_values(spans.values, where)
        return replace(spans, values=values, feature_names=None)
    if spans.n_tokens is not None:
        raise ValueError(
            f"{where} holds token ids from a vocabulary of {spans.n_tokens}, where numbers "
            "are expected. Set embedding_dim."
        )
    values = as_float(spans.values[:, None] if spans.is_tokens else spans.values)
    if dtype is not None:
        with np.errstate(over="ignore"):  # overflow becomes infinity, which is rejected later
            values = values.astype(dtype, copy=False)
    return replace(spans, values=values)


def _token_values(values: np.ndarray, where: str) -> np.ndarray:
    """Return token ids as integers (total_steps,), or as floats that are checked later."""
    if values.shape[1] != 1:
        raise ValueError(
            f"{where} has {values.shape[1]} features per time step, but token ids are one integer "
            "per time step. Pass sequences of shape (n_timesteps,)."
        )
    if values.dtype == bool:
        raise ValueError(f"{where} holds booleans where token ids are expected. Pass integers.")
    if values.dtype.kind in "iu":
        return values[:, 0]
    return values.astype(np.float64, copy=False)


def _check_tokens(spans: Spans, where: str) -> Spans:
    """Return integers or integral floats as int32 or int64 ids."""
    if spans.values.dtype.kind == "f":
        _check_finite(spans, where)
    for rows, steps in spans.blocks(_CHECK_BLOCK):
        ids = steps.reshape(-1)
        # Floats beyond 2**53 do not represent integers exactly.
        if ids.dtype.kind == "f":
            inexact = (ids != np.floor(ids)) | (np.abs(ids) > 2**53)
            if inexact.any():
                sample, step = spans.locate(rows, int(np.argmax(inexact)))
                raise ValueError(
                    f"{where}[{sample}] has {ids[inexact][0]} at time step {step}, but token ids "
                    "are integers. Pass integers, or leave embedding_dim unset for numbers."
                )
        if ids.min() < 0:
            sample, step = spans.locate(rows, int(np.argmax(ids < 0)))
            raise ValueError(
                f"{where}[{sample}] has token id {ids[ids < 0][0]:.0f} at time step {step}, but "
                "token ids start at 0. If it is padding, set padding_value."
            )
        if ids.max() > np.iinfo(np.int64).max:
            sample, step = spans.locate(rows, int(np.argmax(ids)))
            raise ValueError(
                f"{where}[{sample}] has token id {ids.max()} at time step {step}, which is too "
                "large for int64. Map tokens to consecutive ids from 0, as "
                "sk_rnn.preprocessing.SequenceVectorizer(analyzer=list) does."
            )
    values = spans.values.reshape(-1)
    # int32, the dtype of a vectorizer's output, is kept: half the memory of int64.
    if values.dtype in (np.int32, np.int64) and values.ndim == spans.values.ndim:
        return spans
    if values.dtype.kind == "f":  # padding may be any number
        with np.errstate(invalid="ignore"):
            return replace(spans, values=values.astype(np.int64))
    return replace(spans, values=values.astype(np.int64))


def _check_finite(spans: Spans, where: str) -> None:
    for rows, steps in spans.blocks(_CHECK_BLOCK):
        # A single long sample is one block.
        n_steps = max(1, _CHECK_BLOCK // spans.n_features)
        for start in range(0, len(steps), n_steps):
            values = steps[start : start + n_steps].reshape(-1, spans.n_features)
            finite = np.isfinite(values)
            if not finite.all():
                position, feature = np.argwhere(~finite)[0]
                value = values[position, feature]
                sample, step = spans.locate(rows, start + int(position))
                _refuse_value(spans, value, sample, step, int(feature), where)


def _refuse_value(
    spans: Spans, value: np.floating, sample: int, step: int, feature: int, where: str
) -> None:
    dtype = spans.values.dtype
    what = "NaN" if np.isnan(value) else f"infinity or a value too large for {dtype}"
    advice = (
        "Impute missing values first, or set padding_value if they are padding."
        if np.isnan(value)
        else CLIP
    )
    raise ValueError(f"{where}[{sample}] contains {what} {spans.place(step, feature)}. {advice}")
