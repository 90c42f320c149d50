"""Samples of a list, each in a container, read as arrays."""

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from ._arrays import as_array
from ._columnar import RAGGED_FEATURES, arrow_steps, is_arrow, is_list_type, is_polars, polars_steps
from ._hints import dict_recipe, pass_as_one, single_values, text_recipe
from ._interchange import as_pandas, may_be_frame
from ._kinds import is_sequence
from ._messages import argument, counted, name_kind, plain
from ._numbers import as_numbers, frame_values
from ._tensors import is_packed_or_nested, is_tensor, read_tensor

VIDEOS = (
    "Videos have one frame per time step: pass an array (n_samples, n_timesteps, height, width) or "
    "(n_samples, n_timesteps, height, width, channels), or a list with one array per sample."
)
ACCEPTED = (
    "Pass a 2-D array (n_samples, n_timesteps), a 3-D array (n_samples, n_timesteps, n_features), "
    "a list with one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample, "
    "or a Panel."
)
_ONE_PER_SAMPLE = "Pass one array of shape (n_timesteps,) or (n_timesteps, n_features) per sample."


def read_samples(
    X: list[Any], where: str, numeric: bool
) -> tuple[list[np.ndarray], np.ndarray, tuple[str, ...] | None]:
    """Read each sample of a list as an array.

    Parameters
    ----------
    X : list
        At least one sample.
    where : str
        Name of X in error messages.
    numeric : bool
        Whether values are real numbers; otherwise labels of any kind.

    Returns
    -------
    arrays : list of ndarray of shape (n_timesteps,) or (n_timesteps, n_features)
    lengths : ndarray of int64 of shape (n_samples,)
    feature_names : tuple of str or None
        If the samples are data frames, the names of their columns.
    """
    if isinstance(X[0], Mapping):
        _refuse_dicts(X, where, numeric)
    if any(map(may_be_frame, {type(x) for x in X})):  # so that columns keep their names
        frames = [as_pandas(x, f"{where}[{i}]") for i, x in enumerate(X)]
        X = [x if frame is None else frame for x, frame in zip(X, frames, strict=True)]
    names = _common_columns(X, where) if isinstance(X[0], pd.DataFrame) else None
    arrays = [_read_sample(x, where, i, numeric) for i, x in enumerate(X)]
    try:
        lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    except TypeError:
        _refuse_numbers(arrays, where)
    return arrays, lengths, names


def _read_sample(x: Any, where: str, i: int, numeric: bool) -> np.ndarray:
    """Return one sequence as an array (T,) or (T, F)."""
    if type(x) is np.ndarray and x.ndim > 0:  # the most frequent case
        return x
    where = f"{where}[{i}]"
    if is_packed_or_nested(x):
        _refuse_batch(x, where, i)
    if isinstance(x, list | tuple | range):
        try:
            return np.asarray(x, dtype=None if numeric else object)
        except ValueError as error:
            raise ValueError(f"{where}: {RAGGED_FEATURES}") from error
    if isinstance(x, pd.DataFrame | pd.Series) and numeric:
        return _read_pandas(x, where)
    if is_tensor(x):
        array = read_tensor(x, where)
        return as_numbers(array, where) if isinstance(array, np.ma.MaskedArray) else array
    if is_arrow(x):
        if not getattr(x, "is_valid", True):
            raise ValueError(f"{where} is null. Drop samples without a sequence, from y too.")
        if hasattr(x, "as_py"):  # a scalar, which may be a list
            x = x.values if is_sequence(x) else x.as_py()
        if hasattr(x, "to_pylist"):
            return arrow_steps(x, where)
    if is_polars(x) and is_list_type(x.dtype):
        return polars_steps(x, where)
    if isinstance(x, str | bytes):
        raise TypeError(
            f"{where} is {plain(x)}, one {'string' if isinstance(x, str) else 'bytes object'}, "
            f"where a sequence is expected. {text_recipe(where)}"
        )
    if not (np.isscalar(x) or hasattr(x, "__array__")):
        raise TypeError(
            f"{where} is {name_kind(x)}, which is not a sequence of time steps. {_ONE_PER_SAMPLE}"
        )
    array = as_array(x, where, _ONE_PER_SAMPLE)
    return as_numbers(array, where) if numeric else np.asarray(array)


def _read_pandas(x: pd.DataFrame | pd.Series, where: str) -> np.ndarray:
    if isinstance(x, pd.DataFrame):
        return frame_values(x, where)
    if isinstance(x.dtype, pd.CategoricalDtype):
        raise ValueError(
            f"{where} holds categories where numbers are expected, for example {plain(x.iloc[0])}. "
            f"Encode them with TimeDistributed(OneHotEncoder()), or pass {argument(where)}"
            ".cat.codes as token ids."
        )
    numeric = pd.api.types.is_numeric_dtype(x.dtype)
    values = frame_values(x.to_frame(), where)[:, 0] if numeric else x.to_numpy()
    return as_numbers(values, where)


def _refuse_numbers(arrays: list[np.ndarray], where: str) -> NoReturn:
    """Raise for single values where sequences are expected."""
    single = [array.ndim == 0 for array in arrays]
    if all(single):
        advice = pass_as_one(len(arrays), argument(where))
        raise ValueError(single_values(arrays[0][()], where, advice))
    i, j = single.index(True), single.index(False)
    raise ValueError(
        f"{where}[{i}] is a single value, {plain(arrays[i][()])}, but {argument(where)}[{j}] is a "
        f"sequence. {_ONE_PER_SAMPLE}"
    )


def _refuse_batch(x: Any, where: str, i: int) -> NoReturn:
    """Raise for a packed or nested tensor in place of one sequence."""
    name = argument(where).removesuffix(f"[{i}]")
    kind, unpacked = "nested tensor", "batch.unbind()"
    if isinstance(x, tuple):
        kind, unpacked = "PackedSequence", "torch.nn.utils.rnn.unpack_sequence(batch)"
    raise TypeError(
        f"{where} is a {kind}, which is several sequences, where one is expected. Pass [x for "
        f"batch in {name} for x in {unpacked}]."
    )


def _refuse_dicts(X: list[Any], where: str, numeric: bool) -> NoReturn:
    """Raise for one dict per sample; a sequence has one dict per time step."""
    name = argument(where)
    steps = counted(len(X), "time step")
    recipe = f" {dict_recipe(where)}" if numeric else ""
    raise TypeError(
        f"{where}[0] is a dict, where a list with one dict per time step is expected. If {name} "
        "is one "
        f"sequence of {steps}, pass [{name}]; if each dict is a sample of one time step, pass "
        f"[[x] for x in {name}].{recipe}"
    )


def label_kind(dtype: np.dtype) -> str:
    """Return the kind of a dtype; NumPy joins dtypes of one kind without changing labels."""
    if dtype.kind in "OUT":
        return "string"
    return dtype.kind if dtype.kind in "Mm" else "number"


def check_shapes(arrays: list[np.ndarray], where: str, numeric: bool) -> None:
    """Raise ValueError if the shapes of samples differ in more than the number of time steps."""
    first = arrays[0].shape
    if len(first) > 4 or (len(first) > 2 and not numeric):
        accepted = VIDEOS if numeric else ACCEPTED
        raise ValueError(f"{where}[0] has {len(first)} dimensions, shape {first}. {accepted}")
    for i, array in enumerate(arrays):
        if array.shape[1:] == first[1:]:
            continue
        if array.ndim > 2 and array.ndim == len(first):
            raise ValueError(
                f"{where}[{i}] has frames of shape {array.shape[1:]}, but {argument(where)}[0] has "
                f"frames of shape {first[1:]}. Give all frames the same shape, for example by "
                "cropping or resizing them."
            )
        if array.ndim != len(first):
            if max(array.ndim, len(first)) > 2:
                raise ValueError(
                    f"{where}[{i}] has shape {array.shape}, but {argument(where)}[0] has {first}. "
                    "Give all samples the same number of dimensions: (n_timesteps, height, width) "
                    "for videos of one channel, (n_timesteps, height, width, channels) for "
                    "several, (n_timesteps, n_features) for vectors."
                )
            raise ValueError(
                f"{where}[{i}] is {array.ndim}-dimensional, but {argument(where)}[0] is "
                f"{len(first)}-dimensional. Give all samples the shape (n_timesteps,), or all the "
                "shape (n_timesteps, n_features)."
            )
        raise ValueError(
            f"{where}[{i}] has {array.shape[1]} features per time step, but "
            f"{argument(where)}[0] has {first[1]}. Pass sequences of shape "
            f"(n_timesteps, {first[1]})."
        )


def _common_columns(frames: list[Any], where: str) -> tuple[str, ...] | None:
    first = frames[0]
    refuse_repeated(first.columns, f"{where}[0]")
    for i, frame in enumerate(frames):
        if isinstance(frame, pd.DataFrame) and not frame.columns.equals(first.columns):
            raise ValueError(
                f"{where}[{i}] has columns {list(frame.columns)}, but {argument(where)}[0] has "
                f"{list(first.columns)}. Give all frames the same columns in the same order."
            )
    return string_names(first.columns)


def refuse_repeated(labels: pd.Index, where: str) -> None:
    """Raise ValueError if a label occurs more than once."""
    if not labels.is_unique:
        duplicate = labels[labels.duplicated()][0]
        raise ValueError(f"{where} has column {plain(duplicate)} more than once. Rename one.")


def string_names(labels: Any) -> tuple[str, ...] | None:
    """Return labels as feature names; None unless all are strings."""
    return tuple(labels) if all(isinstance(label, str) for label in labels) else None
