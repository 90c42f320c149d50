"""Conversion of sequences to a table of time steps, for transformers."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.validation import (
    _check_feature_names,
    _check_feature_names_in,
    _check_n_features,
)

from ..sequences import (
    Panel,
    as_pandas,
    check_table_names,
    counted,
    flatten,
    is_sequence,
    is_table,
    name_kind,
    offsets_of,
    one_sequence,
    open_foreign,
    quote,
    refuse_empty,
    refuse_single_values,
    shape_of,
)


class Steps(NamedTuple):
    """The concatenated time steps of all samples."""

    values: Any  # ndarray, or DataFrame of data frames, of shape (total_steps, n_features)
    offsets: np.ndarray  # (n_samples + 1,)
    is_table: bool  # whether X was a 2-D table: univariate series, one time step per column
    is_rectangle: bool  # whether X was a table or a 3-D array
    feature_names: tuple[str, ...] | None = None
    ids: pd.Index | None = None  # labels of the samples
    labels: pd.Index | None = None  # index of the time steps in data frames
    is_tokens: bool = False  # whether X was a panel of token ids
    times: pd.Index | None = None  # times of the time steps in a Panel
    is_records: bool = False  # whether values are dicts of features, one per time step
    frame_shape: tuple[int, ...] | None = None  # of videos, whose frames are flattened

    @property
    def lengths(self) -> np.ndarray:
        """Number of time steps of each sample."""
        return np.diff(self.offsets)

    def to_panel(self, *, tokens: bool = False) -> Panel:
        """Return a Panel of float32 or float64; other numbers are converted to float64.

        Parameters
        ----------
        tokens : bool, default=False
            Whether integers, one per time step, are kept as integers. Their vocabulary may differ
            from that of the input, so `n_tokens` is not set.
        """
        values = np.asarray(self.values)
        if tokens and values.dtype.kind in "iu" and values.shape[1] == 1:
            values = values[:, 0]
        elif values.dtype not in (np.float32, np.float64):
            with np.errstate(over="ignore"):  # overflow becomes infinity, which is rejected later
                values = values.astype(np.float64)
        return Panel(
            values,
            self.offsets,
            index=self.ids,
            feature_names=self.feature_names,
            times=self.times,
        )


def read_steps(
    X: Any,
    caller: str,
    *,
    numeric: bool = True,
    tokens: bool = False,
    fitted: Any = None,
) -> Steps:
    """Read any container that the estimators accept as X; NaN and infinity are allowed.

    Parameters
    ----------
    X : object
        A container of sequences, as for check_sequences.
    caller : str
        Name of the caller in error messages.
    numeric : bool, default=True
        Whether only numbers are accepted. Otherwise values may be of any type, including dicts, and
        data frames, one per sample, stay data frames.
    tokens : bool, default=False
        Whether token ids from a vocabulary are accepted, because they are not used as numbers.
    fitted : object, default=None
        The fitted estimator, if X must match the data that it was fitted on.
    """
    where = f"{caller}: X"
    if isinstance(X, Panel):
        refuse_empty(X.lengths, where)
        if X.n_tokens is not None and not tokens:
            raise ValueError(
                f"{where} holds token ids from a vocabulary of {X.n_tokens}, where numbers are "
                "expected: the ids have no order. Pass the ids to an estimator with embedding_dim "
                "set, such as RNNClassifier, or represent texts as word counts with "
                "CountVectorizer. If they are quantities, pass X.to_list()."
            )
        values = X.values.reshape(-1, X.n_features)  # token ids: one feature
        names, ids = X.feature_names, X.index
        return Steps(
            values, X.offsets, False, False, names, ids, is_tokens=X.is_tokens, times=X.times
        )
    X = open_foreign(X, where)
    if fitted is not None:
        refuse_single_values(X, where, fitted._n_step_features, is_table=fitted._is_table)
    frames = None if numeric else _frames(X, where)
    if frames is not None:
        cells = isinstance(X, pd.DataFrame) and not is_table(X)
        return _stack(frames, where)._replace(
            ids=X.index if cells or isinstance(X, pd.Series) else None
        )
    flat = None if numeric else _text_in_objects(X, where)
    try:
        flat = flat or flatten(X, where)
    except (TypeError, ValueError):
        if numeric:
            raise
        flat = flatten(X, where, numeric=False)
    if flat.values.ndim > 2:
        raise ValueError(f"{where} has features that are sequences themselves. Pass scalars.")
    records = _are_records(flat.values)
    values = flat.values.reshape(len(flat.values), -1)  # (total_steps, n_features)
    table = is_table(X)
    rectangle = table or len(shape_of(X) or ()) in (3, 4, 5)  # 4 and 5: videos
    ids = None if table else flat.ids  # the output for a table is an array
    return Steps(
        values,
        flat.offsets,
        table,
        rectangle,
        flat.feature_names,
        ids,
        is_records=records,
        frame_shape=flat.frame_shape,
    )


def check_features(estimator: Any, X: Any, steps: Steps, caller: str, *, reset: bool) -> None:
    """Set, or check, the number and names of features."""
    if steps.is_table:
        X = open_foreign(X, f"{caller}: X")
        was_table = reset or estimator._is_table
        check_table_names(estimator, X, f"{caller}: X", reset=reset, was_table=was_table)
    else:
        names = steps.feature_names
        columns = np.empty((0, 0)) if names is None else pd.DataFrame(columns=list(names))
        _check_feature_names(estimator, columns, reset=reset)
    n_features = steps.values.shape[1]
    if reset:
        estimator._is_table = steps.is_table
        estimator._is_tokens = steps.is_tokens
        estimator._n_step_features = n_features
        if not steps.is_table:
            estimator.n_features_in_ = n_features
    if steps.is_table and estimator._is_table:
        try:
            _check_n_features(estimator, X, reset=reset)
        except ValueError as error:
            raise ValueError(f"{error}{one_sequence(X, 'X', 1)}") from None
    elif n_features != estimator._n_step_features:
        frames = "" if steps.frame_shape is None else f" (frames of shape {steps.frame_shape})"
        raise ValueError(
            f"{caller}: X has {counted(n_features, 'feature')} per time step{frames}, but "
            f"{type(estimator).__name__} was fitted with {estimator._n_step_features}. Pass "
            f"sequences of shape (n_timesteps, {estimator._n_step_features})."
            + one_sequence(X, "X", estimator._n_step_features)
        )


def _frames(X: Any, where: str) -> list[pd.DataFrame] | None:
    """Return X as one data frame per sample, if it holds data frames."""
    if not isinstance(X, list | tuple | pd.Series | np.ndarray) or getattr(X, "ndim", 1) != 1:
        return None
    if not len(X) or isinstance(next(iter(X)), np.ndarray) or as_pandas(next(iter(X))) is None:
        return None
    frames: list[pd.DataFrame] = []
    for i, x in enumerate(X):
        frame = as_pandas(x, f"{where}[{i}]")
        if frame is None:
            raise TypeError(
                f"{where}[{i}] is {name_kind(x)}, but X[0] is a data frame. Pass data frames only."
            )
        first = frames[0] if frames else frame
        if not frame.columns.equals(first.columns):
            raise ValueError(
                f"{where}[{i}] has columns {list(frame.columns)}, but X[0] has "
                f"{list(first.columns)}. Give all frames the same columns in the same order."
            )
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise ValueError(f"{where}[{i}] has column {twice!r} more than once. Rename one.")
        frames.append(frame)
    if any(map(is_sequence, frames[0].iloc[:1].to_numpy().ravel())):
        raise ValueError(
            f"{where}[0] is a data frame whose cells are sequences. Pass one frame per sample with "
            "one row per time step, or one frame of such cells with one row per sample."
        )
    return frames


def _are_records(values: np.ndarray) -> bool:
    """Return whether all time steps are dicts of features."""
    if values.dtype != object or values.ndim > 1:
        return False
    return all(issubclass(kind, Mapping) for kind in set(map(type, values)))


def _text_in_objects(X: Any, where: str) -> Any:
    """Read object arrays that hold text or dates, without converting them to numbers."""
    if isinstance(X, pd.DataFrame):
        objects = any(dtype == np.dtype(object) for dtype in X.dtypes)
    elif isinstance(X, np.ndarray) and X.ndim > 1:
        objects = X.dtype == object
    else:
        listed = isinstance(X, list | tuple | pd.Series | np.ndarray)
        objects = (listed and getattr(X, "ndim", 1) == 1) and any(
            isinstance(x, np.ndarray | pd.Series) and x.dtype == object for x in X
        )
    if not objects:
        return None
    try:
        flat = flatten(X, where, numeric=False)
    except (TypeError, ValueError):
        return None  # the error is raised when it is read as numbers
    return flat if flat.values.dtype == object and holds_non_numbers(flat.values) else None


def _stack(frames: list[pd.DataFrame], where: str) -> Steps:
    lengths = np.fromiter(map(len, frames), dtype=np.int64, count=len(frames))
    refuse_empty(lengths, where)
    if frames[0].shape[1] == 0:
        raise ValueError(f"{where} has 0 features per time step. Pass at least one.")
    labels = frames[0].index.append([frame.index for frame in frames[1:]])
    names = tuple(frames[0].columns)
    return Steps(
        pd.concat(frames, ignore_index=True),
        offsets_of(lengths),
        False,
        False,
        names if all(isinstance(name, str) for name in names) else None,
        None,
        labels,
    )


def names_of_features(estimator: Any, input_features: Any) -> Any:
    """Return feature names passed on in a Pipeline; None if they do not name features.

    The output names of a SequenceVectorizer are its terms, as for a CountVectorizer. Here, terms
    are values of the only feature, the token id, which has no name.
    """
    given = input_features is not None and np.ndim(input_features) == 1
    if estimator._is_tokens and given and len(input_features) != 1:
        return None
    return input_features


def check_names_in(estimator: Any, input_features: Any) -> np.ndarray:
    """Return the names of the input features; by default those seen in fit."""
    where = f"{type(estimator).__name__}.get_feature_names_out"
    try:
        names = _check_feature_names_in(estimator, input_features)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{where}: {quote(error)}. Pass the names that fit saw, or None."
        ) from error
    for name in names:
        if not isinstance(name, str):
            raise TypeError(
                f"{where}: input_features has {name!r}, which is not a string. Pass the names that "
                "fit saw, or None."
            )
    return names


def step_feature_names(estimator: Any, input_features: Any) -> list[str]:
    """Return the names of the features of a time step; empty for one feature without a name."""
    input_features = names_of_features(estimator, input_features)
    names = check_names_in(estimator, input_features)
    if estimator._is_table:
        return []
    named = hasattr(estimator, "feature_names_in_") or input_features is not None
    return list(names) if named or len(names) > 1 else []


# Objects of these types are not numbers, although NumPy could convert some ("01" -> 1.0).
_NON_NUMERIC_TYPES = (str, bytes, date, time, timedelta, np.datetime64, np.timedelta64, Mapping)


def holds_non_numbers(objects: np.ndarray) -> bool:
    """Return whether an object array holds text, dates or dicts."""
    return any(issubclass(kind, _NON_NUMERIC_TYPES) for kind in set(map(type, objects.ravel())))
