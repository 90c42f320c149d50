"""The only door for sequences: whatever users pass becomes a checked Panel."""

import math
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ._containers import flatten, refuse_empty
from ._layout import locate
from ._panel import Panel

# Checks run over blocks, so that no temporary of the data's own size is made.
_CHECK_BLOCK = 1 << 20


def check_sequences(
    X: Any,
    *,
    dtype: npt.DTypeLike = np.float32,
    tokens: bool = False,
    padding_value: float | None = None,
    finite: bool = True,
    caller: str = "check_sequences",
    input_name: str = "X",
) -> Panel:
    """Turn any container of sequences into a Panel that a network can be fitted on.

    Parameters
    ----------
    X : array-like, list of array-like, DataFrame or Panel
        A Panel of the right dtype is returned with the same values, without a copy.
    dtype : dtype, default=float32
        Of numeric values: float32 or float64. Without effect on tokens.
    tokens : bool, default=False
        Whether X holds token ids, one non-negative integer per time step. They become int64, but
        int32 stays, which is what a vectorizer gives.
        Whether ids are below the size of the vocabulary is for :func:`check_token_range`.
    padding_value : float, default=None
        Leading and trailing time steps whose features all equal this value (NaN equals NaN)
        are dropped. Such steps between others stay.
    finite : bool, default=True
        Whether values are checked: numbers to be finite, tokens to be integers from 0 on. With
        False padding is still in its place, as :func:`padding_bounds` needs it, and tokens
        that came as floats are still floats.
    caller, input_name : str
        What error messages call the caller and X.

    Returns
    -------
    panel : Panel
        Of at least one sample, each of at least one time step, all values finite.

    Raises
    ------
    TypeError
        If X is no container of sequences.
    ValueError
        If its contents cannot be used; the message says at which sample and time step.

    Examples
    --------
    >>> from sk_rnn.sequences import check_sequences
    >>> check_sequences([[1.0, 2.0, 0.0], [3.0, 0.0, 0.0]], padding_value=0).to_list()
    [array([[1.],
           [2.]], dtype=float32), array([[3.]], dtype=float32)]
    """
    where = f"{caller}: {input_name}"
    panel = _read(X, np.dtype(dtype), tokens, where)
    if padding_value is not None:
        starts, stops = padding_bounds(panel, padding_value, caller=caller, input_name=input_name)
        if (stops - starts != panel.lengths).any():
            panel = panel.cut(starts, stops)
    if not finite:
        return panel
    _check_finite(panel, where)
    return _check_tokens(panel, where) if tokens else panel


def padding_bounds(
    panel: Panel,
    padding_value: Any,
    *,
    caller: str = "check_sequences",
    input_name: str = "X",
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the steps that are not padding start and stop in each sample.

    Parameters
    ----------
    panel : Panel
        As :func:`check_sequences` returns it with ``finite=False``.
    padding_value : float
        Steps whose features all equal it are padding at either end of a sample.
    caller, input_name : str
        What error messages call the caller and the panel.

    Returns
    -------
    starts, stops : ndarray of int64 of shape (n_samples,)
        Relative to each sample's own first step.
    """
    if not isinstance(padding_value, Real):
        raise TypeError(
            f"{caller}: padding_value={padding_value!r} is not a number. Set a number or None."
        )
    values = panel.values.reshape(len(panel.values), panel.n_features)
    is_padding = _equal(values, padding_value)
    kept = np.flatnonzero(~is_padding.all(axis=1))
    first = np.searchsorted(kept, panel.offsets[:-1])
    last = np.searchsorted(kept, panel.offsets[1:])
    if (first == last).any():
        raise ValueError(
            f"{caller}: {input_name}[{np.argmax(first == last)}] is an empty sequence: all its "
            f"time steps equal padding_value={padding_value!r}. Drop it, from y too."
        )
    return kept[first] - panel.offsets[:-1], kept[last - 1] + 1 - panel.offsets[:-1]


def _equal(values: np.ndarray, number: Any) -> np.ndarray:
    """Tell where values equal a number, of which NaN equals NaN."""
    value = float(number)
    if math.isnan(value):
        return np.isnan(values)
    largest = float(np.finfo(values.dtype).max) if values.dtype.kind == "f" else math.inf
    if largest < abs(value) < math.inf:  # NumPy would take it for infinity
        return np.zeros(values.shape, dtype=bool)
    return values == value


def check_token_range(
    panel: Panel, n_tokens: int, caller: str = "check_token_range", *, input_name: str = "X"
) -> None:
    """Raise ValueError if a token id is not below the size of the vocabulary.

    Parameters
    ----------
    panel : Panel
        Of token ids.
    n_tokens : int
        Size of the vocabulary.
    caller, input_name : str
        What error messages call the caller and the panel.
    """
    if panel.values.max(initial=-1) < n_tokens:
        return
    sample, step = locate(panel.offsets, int(np.argmax(panel.values >= n_tokens)))
    raise ValueError(
        f"{caller}: {input_name}[{sample}] has token id {panel[sample][step]} at time step {step}, "
        f"but the vocabulary has {n_tokens} tokens, 0 to {n_tokens - 1}. Map unknown tokens to an "
        "id of their own, or fit with a larger vocabulary."
    )


def _read(X: Any, dtype: np.dtype, tokens: bool, where: str) -> Panel:
    if isinstance(X, Panel):
        return _convert_panel(X, dtype, tokens, where)
    flat = flatten(X, where, dtype=None if tokens else dtype)
    if tokens:
        return Panel(_token_values(flat.values, where), flat.offsets)
    return Panel(flat.values, flat.offsets, feature_names=flat.feature_names)


def _convert_panel(panel: Panel, dtype: np.dtype, tokens: bool, where: str) -> Panel:
    refuse_empty(panel.lengths, where)
    if tokens:
        values = panel.values if panel.is_tokens else _token_values(panel.values, where)
    elif panel.n_tokens is not None:
        raise ValueError(
            f"{where} holds token ids out of a vocabulary of {panel.n_tokens}, where numbers "
            "belong. Set embedding_dim."
        )
    else:
        with np.errstate(over="ignore"):  # what overflows is refused as infinite later
            values = panel.values.reshape(-1, panel.n_features).astype(dtype, copy=False)
    if values.dtype == panel.dtype and values.ndim == panel.values.ndim:
        return panel
    names = None if tokens else panel.feature_names
    return Panel(values, panel.offsets, index=panel.index, feature_names=names)


def _token_values(values: np.ndarray, where: str) -> np.ndarray:
    """Return token ids as integers (total_steps,), or as floats that are still to be checked."""
    if values.shape[1] != 1:
        raise ValueError(
            f"{where} has {values.shape[1]} features per time step, but token ids are one integer "
            "per time step. Pass sequences of shape (n_timesteps,)."
        )
    if values.dtype == bool:
        raise ValueError(f"{where} holds booleans where token ids belong. Pass integers.")
    if values.dtype.kind in "iu":
        return values[:, 0]
    return values.astype(np.float64, copy=False)


def _check_tokens(panel: Panel, where: str) -> Panel:
    values = panel.values if panel.is_tokens else panel.values[:, 0]
    # Floats beyond 2**53 are not exact integers, whatever they look like.
    if values.dtype.kind == "f":
        inexact = (values != np.floor(values)) | (np.abs(values) > 2**53)
        if inexact.any():
            position = int(np.argmax(inexact))
            sample, step = locate(panel.offsets, position)
            raise ValueError(
                f"{where}[{sample}] has {values[position]} at time step {step}, but token ids are "
                "integers. Pass integers; an estimator without embedding_dim takes numbers."
            )
    # What a vectorizer gives stays as it is: half the memory of 64 bits.
    ids = values if values.dtype == np.int32 else values.astype(np.int64, copy=False)
    if ids.min() < 0:
        position = int(np.argmax(ids < 0))
        sample, step = locate(panel.offsets, position)
        raise ValueError(
            f"{where}[{sample}] has token id {ids[position]} at time step {step}, but token ids "
            "start at 0. If it is padding, set padding_value."
        )
    if ids is panel.values:
        return panel
    return Panel(ids, panel.offsets, index=panel.index, n_tokens=panel.n_tokens)


def _check_finite(panel: Panel, where: str) -> None:
    values = panel.values
    if values.dtype.kind != "f":
        return
    block = max(1, _CHECK_BLOCK // panel.n_features)
    for start in range(0, len(values), block):
        finite = np.isfinite(values[start : start + block])
        if not finite.all():
            step, feature = np.argwhere(~finite)[0]
            _refuse_value(panel, start + step, feature, where)


def _refuse_value(panel: Panel, position: int, feature: int, where: str) -> None:
    value = panel.values[position, feature]
    sample, step = locate(panel.offsets, position)
    what = "NaN" if np.isnan(value) else f"infinity or a value too large for {panel.dtype}"
    place = f"at time step {step}"
    if panel.feature_names is not None:
        place += f", feature {panel.feature_names[feature]!r}"
    elif panel.n_features > 1:
        place += f", feature {feature}"
    advice = (
        "Impute missing values first, or set padding_value if they are padding."
        if np.isnan(value)
        else "Clip or rescale such values first."
    )
    raise ValueError(f"{where}[{sample}] contains {what} {place}. {advice}")
