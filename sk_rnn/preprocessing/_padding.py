"""Padding of ragged sequences to rectangular arrays."""

import math
from typing import Any, ClassVar, Literal, NoReturn, Self, overload

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils._set_output import _get_container_adapter, _get_output_config
from sklearn.utils.validation import check_is_fitted

from ..sequences import (
    AnyNumber,
    Float,
    Int,
    IntegerFrom,
    SealedState,
    fit_context,
    offsets_of,
    plain_number,
    unchanged_on_failure,
    validate_params,
)
from ._steps import Steps, check_features, read_steps, step_feature_names

PaddingSide = Literal["pre", "post"]

_CONSTRAINTS: dict[str, list[Any]] = {
    "maxlen": [IntegerFrom(1), None],
    "padding": [StrOptions({"pre", "post"})],
    "truncating": [StrOptions({"pre", "post"})],
    "value": [AnyNumber(as_float=False)],
}


@overload
def pad_sequences(
    X: Any,
    *,
    maxlen: Int | None = None,
    padding: PaddingSide = "post",
    truncating: PaddingSide = "post",
    value: Float = 0.0,
    return_mask: Literal[False] = False,
    return_lengths: Literal[False] = False,
) -> np.ndarray: ...


@overload
def pad_sequences(
    X: Any,
    *,
    maxlen: Int | None = None,
    padding: PaddingSide = "post",
    truncating: PaddingSide = "post",
    value: Float = 0.0,
    return_mask: Literal[True],
    return_lengths: Literal[False] = False,
) -> tuple[np.ndarray, np.ndarray]: ...


@overload
def pad_sequences(
    X: Any,
    *,
    maxlen: Int | None = None,
    padding: PaddingSide = "post",
    truncating: PaddingSide = "post",
    value: Float = 0.0,
    return_mask: Literal[False] = False,
    return_lengths: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...


@overload
def pad_sequences(
    X: Any,
    *,
    maxlen: Int | None = None,
    padding: PaddingSide = "post",
    truncating: PaddingSide = "post",
    value: Float = 0.0,
    return_mask: Literal[True],
    return_lengths: Literal[True],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...


@validate_params(
    {"X": "no_validation", "return_mask": ["boolean"], "return_lengths": ["boolean"]}
    | _CONSTRAINTS,
    prefer_skip_nested_validation=True,
)
def pad_sequences(
    X: Any,
    *,
    maxlen: Int | None = None,
    padding: PaddingSide = "post",
    truncating: PaddingSide = "post",
    value: Float = 0.0,
    return_mask: bool = False,
    return_lengths: bool = False,
) -> np.ndarray | tuple[np.ndarray, ...]:
    """Pad sequences of different lengths to a rectangular array.

    The estimators of this package do not need padding; this is for other tools.

    Parameters
    ----------
    X : array-like, list of array-like or Panel
        Sequences in any container that the estimators accept. NaN and infinity are allowed.
    maxlen : int, default=None
        Number of time steps of the result; longer sequences are truncated. By default, the length
        of the longest sequence.
    padding : {"post", "pre"}, default="post"
        Whether to pad after the sequence or before it.
    truncating : {"post", "pre"}, default="post"
        Whether sequences that are too long are truncated at the end or at the beginning.
    value : float, default=0.0
        Padding value. Integer data stays integer if it is an integer.
    return_mask : bool, default=False
        Whether to also return a mask of the time steps that are not padding.
    return_lengths : bool, default=False
        Whether to also return the number of time steps that are not padding.

    Returns
    -------
    padded : ndarray of shape (n_samples, maxlen) or (n_samples, maxlen, n_features)
        Two-dimensional if there is one feature per time step. The dtype is that of X, or a larger
        one if X holds integers and `value` requires it.
    mask : ndarray of bool of shape (n_samples, maxlen)
        True for time steps of the sequence. Only with ``return_mask=True``.
    lengths : ndarray of int64 of shape (n_samples,)
        Lengths after truncation. Only with ``return_lengths=True``.

    Raises
    ------
    TypeError
        If X is not a container of sequences.
    ValueError
        If X has no samples, an empty sample or non-numeric values, or if its dtype cannot represent
        `value`.

    See Also
    --------
    SequencePadder : Transformer that learns `maxlen`.
    sk_rnn.Panel.from_padded : The inverse.

    Examples
    --------
    >>> from sk_rnn.preprocessing import pad_sequences
    >>> pad_sequences([[1, 2, 3], [4]])
    array([[1, 2, 3],
           [4, 0, 0]])
    >>> padded, mask = pad_sequences([[1, 2, 3], [4]], maxlen=2, padding="pre", truncating="pre",
    ...                              value=-1, return_mask=True)
    >>> padded
    array([[ 2,  3],
           [-1,  4]])
    >>> mask
    array([[ True,  True],
           [False,  True]])
    """
    steps = read_steps(X, "pad_sequences", tokens=True)  # ids are only copied
    if maxlen is None:
        maxlen = int(steps.lengths.max())
    maxlen = int(maxlen)
    padded, mask = _pad(steps, maxlen, padding, truncating, value, "pad_sequences")
    result = [padded[:, :, 0] if padded.shape[2] == 1 else padded]
    if return_mask:
        result.append(mask)
    if return_lengths:
        result.append(np.minimum(steps.lengths, maxlen))
    return result[0] if len(result) == 1 else tuple(result)


class SequencePadder(TransformerMixin, SealedState):
    """Pad sequences of different lengths to a rectangular array.

    The estimators of this package do not need padding; this is for other tools in a Pipeline.

    Parameters
    ----------
    maxlen : int, default=None
        Number of time steps of the result; longer sequences are truncated. By default, the length
        of the longest sequence in `fit`.
    padding : {"post", "pre"}, default="post"
        Whether to pad after the sequence or before it.
    truncating : {"post", "pre"}, default="post"
        Whether sequences that are too long are truncated at the end or at the beginning.
    value : float, default=0.0
        Padding value. Integer data stays integer if it is an integer.
    add_indicator : bool, default=False
        Whether to append a feature that is 1 for time steps of the sequence and 0 for padding.

    Attributes
    ----------
    maxlen_ : int
        Number of time steps of the result.
    n_features_in_ : int
        Number of features per time step; the number of columns for a 2-D table, which has one.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features seen in `fit`. Defined only if all names are strings.

    See Also
    --------
    pad_sequences : Function that can also return the lengths.

    Notes
    -----
    With several features per time step the result is three-dimensional, which most scikit-learn
    estimators do not accept ("Found array with dim 3"). With ``set_output(transform="pandas")``,
    or "polars", it is a table whose column names are the time step and the feature: see the last
    example. `SequenceSummarizer` returns fewer columns, and no padding.

    Examples
    --------
    >>> from sk_rnn.preprocessing import SequencePadder
    >>> padder = SequencePadder(value=-1).fit([[1, 2, 3], [4]])
    >>> padder.transform([[5, 6], [7, 8, 9, 10]])
    array([[ 5,  6, -1],
           [ 7,  8,  9]])
    >>> padder.get_feature_names_out()
    array(['step0', 'step1', 'step2'], dtype=object)

    With two features, as a table for other estimators:

    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> X = [[[0.0, 1.0], [0.5, 1.0]], [[2.0, 3.0]]]
    >>> padder = SequencePadder().set_output(transform="pandas")
    >>> padder.fit_transform(X).columns.tolist()
    ['x0_step0', 'x1_step0', 'x0_step1', 'x1_step1']
    >>> make_pipeline(padder, LogisticRegression()).fit(X, ["low", "high"]).predict(X).tolist()
    ['low', 'high']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = _CONSTRAINTS | {
        "add_indicator": ["boolean"]
    }

    def __init__(
        self,
        *,
        maxlen: Int | None = None,
        padding: PaddingSide = "post",
        truncating: PaddingSide = "post",
        value: Float = 0.0,
        add_indicator: bool = False,
    ) -> None:
        self.maxlen = maxlen
        self.padding = padding
        self.truncating = truncating
        self.value = value
        self.add_indicator = add_indicator

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Determine the number of time steps.

        Parameters
        ----------
        X : array-like, list of array-like or Panel
            Sequences in any container that the estimators accept.
        y : None, default=None
            Ignored.

        Returns
        -------
        self : object
        """
        steps = read_steps(X, "SequencePadder.fit", tokens=True)
        with unchanged_on_failure(self):
            check_features(self, X, steps, "SequencePadder.fit", reset=True)
        self.maxlen_ = int(steps.lengths.max() if self.maxlen is None else self.maxlen)
        return self

    def transform(self, X: Any) -> Any:
        """Pad and truncate sequences.

        Parameters
        ----------
        X : array-like, list of array-like or Panel
            Sequences with the features seen in `fit`.

        Returns
        -------
        padded : ndarray of shape (n_samples, maxlen) or (n_samples, maxlen, n_features)
            Two-dimensional if there is one feature per time step, including the indicator. With
            ``set_output(transform="pandas")`` a data frame with a column per time step and feature,
            with the index of the Panel, Series or data frame.
        """
        check_is_fitted(self)
        caller = "SequencePadder.transform"
        steps = read_steps(X, caller, tokens=True, fitted=self)
        check_features(self, X, steps, caller, reset=False)
        padded, mask = _pad(steps, self.maxlen_, self.padding, self.truncating, self.value, caller)
        if self.add_indicator:
            padded = np.concatenate([padded, mask[:, :, None].astype(padded.dtype)], axis=2)
        flat = padded.shape[2] == 1 or _get_container_adapter("transform", self) is not None
        result = padded.reshape(len(padded), -1) if flat else padded
        if steps.ids is None or _get_output_config("transform", self)["dense"] != "pandas":
            return result
        return pd.DataFrame(result, index=steps.ids)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get the column names of the data frame that `transform` can return.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input features; by default those seen in `fit`.

        Returns
        -------
        feature_names_out : ndarray of str of shape (maxlen * n_features,)
            Time step, and feature if there are several or if they have names.
        """
        check_is_fitted(self)
        names = step_feature_names(self, input_features)
        if self.add_indicator:
            names = [*(names or ["value"]), "indicator"]
        numbers = [f"step{step}" for step in range(self.maxlen_)]
        if names:
            numbers = [f"{name}_{number}" for number in numbers for name in names]
        return np.asarray(numbers, dtype=object)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True  # values are only copied
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _pad(
    steps: Steps, maxlen: int, padding: str, truncating: str, value: Float, caller: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the padded array (n_samples, maxlen, n_features) and the mask (n_samples, maxlen)."""
    values, lengths = steps.values, steps.lengths
    number: float = plain_number(value)
    n_samples, n_features = len(lengths), values.shape[1]
    kept = np.minimum(lengths, maxlen)
    offsets = offsets_of(kept)
    step = np.arange(offsets[-1]) - np.repeat(offsets[:-1], kept)  # in its sequence
    if len(step) < len(values):
        first = steps.offsets[:-1] + (lengths - kept if truncating == "pre" else 0)
        values = values[step + np.repeat(first, kept)]
    begin = np.arange(n_samples) * maxlen + (maxlen - kept if padding == "pre" else 0)
    place = step + np.repeat(begin, kept)
    padded = np.full((n_samples * maxlen, n_features), number, _dtype(values.dtype, number, caller))
    padded[place] = values
    mask = np.zeros(n_samples * maxlen, dtype=bool)
    mask[place] = True
    return padded.reshape(n_samples, maxlen, n_features), mask.reshape(n_samples, maxlen)


def _dtype(dtype: np.dtype, value: float, caller: str) -> np.dtype:
    """Return the dtype of the data, or one that can also represent the padding."""
    try:
        number = float(value)
    except OverflowError:  # an integer too large for a float
        _refuse_value(dtype, value, caller)
    if dtype.kind == "f":
        if math.isfinite(number) and abs(number) > float(np.finfo(dtype).max):
            _refuse_value(dtype, value, caller)
        return dtype
    if not number.is_integer():
        return np.dtype(np.float64)
    # If no integer dtype can represent both, NumPy returns objects or floats.
    both = np.result_type(dtype, np.min_scalar_type(int(value)))
    if both.kind not in "biu":
        _refuse_value(dtype, value, caller)
    return both


def _refuse_value(dtype: np.dtype, value: float, caller: str) -> NoReturn:
    raise ValueError(
        f"{caller}: value={value!r} does not fit X, which holds {dtype}. Pass another value, or "
        "X as float64."
    )
