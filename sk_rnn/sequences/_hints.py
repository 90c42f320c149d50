"""Advice in error messages: values that are not numbers, one sequence instead of several."""

import math
from collections.abc import Mapping
from datetime import date, timedelta
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from ._kinds import first_not_missing, has_sequences, is_sequence
from ._long_frames import long_frame, repeated_id
from ._messages import argument, counted, name_kind, plain
from ._tensors import is_packed_or_nested

CLIP = (
    "Clip such values with np.clip(x, low, high), or bring large ones into range with "
    "TimeDistributed(StandardScaler())."
)


# -- Values that are not numbers --------------------------------------------------------


def text_recipe(where: str) -> str:
    """Return the advice for text where numbers are expected."""
    if argument(where).startswith("y"):
        return "RNNClassifier learns labels."
    return f"Convert text to token ids with {text_pipeline(where)}."


def text_pipeline(where: str) -> str:
    """Return the advice, with code, for converting text to token ids."""
    vectorizer = "sk_rnn.preprocessing.SequenceVectorizer"
    if _is_function(where):
        return f"{vectorizer}: SequenceVectorizer().fit_transform({_container(where)})"
    return (
        f"{vectorizer}: make_pipeline(SequenceVectorizer(), {_estimator(where)}(embedding_dim=64))"
    )


def dict_recipe(where: str) -> str:
    """Return the advice for dicts of features where numbers are expected."""
    if argument(where).startswith("y"):
        return "Pass numbers."
    encoder = "TimeDistributed(DictVectorizer())"
    if _is_function(where):
        recipe = f"{encoder}.fit_transform({_container(where)})"
    else:
        recipe = f"make_pipeline({encoder}, {_estimator(where, 'Seq2SeqTransformer')}())"
    return f"Convert them to numbers with sk_rnn.preprocessing.TimeDistributed: {recipe}."


def _is_function(where: str) -> bool:
    """Return whether the caller is a function rather than a method of an estimator."""
    return where.startswith("Panel.") or where[:1].islower()


def _container(where: str) -> str:
    """Return the name of the container, given the name of one of its samples."""
    return argument(where).partition("[")[0]


def _estimator(where: str, *others: str) -> str:
    """Return the final estimator of a suggested pipeline: the caller, if possible."""
    caller = where.partition(".")[0]
    return caller if caller in ("RNNRegressor", *others) else "RNNClassifier"


def not_numbers(value: Any, where: str, advice: str | None = None) -> str:
    """Describe a value found where numbers are expected, and say what to do about it.

    Parameters
    ----------
    value : object
        Not a number.
    where : str
        Name of the sequence or the container in error messages.
    advice : str, default=None
        What to do about it; by default how to convert sequences of such values to numbers.

    Returns
    -------
    message : str
    """
    what, recipe = _what_and_recipe(value, where)
    return f"{where} {what}. {recipe if advice is None else advice}"


def _what_and_recipe(value: Any, where: str) -> tuple[str, str]:
    """Describe values that are not numbers, and how to convert them to numbers."""
    array = f"np.asarray({argument(where)})"
    if isinstance(value, str):
        return _holds("strings", value), _strings_advice(value, where)
    if isinstance(value, bytes):
        recipe = _strings_advice(value, where)
        if not _is_number(value):
            recipe = f"Decode them: [text.decode() for text in {argument(where)}]. {recipe}"
        return _holds("bytes", value), recipe
    if isinstance(value, timedelta | np.timedelta64):
        recipe = f"Convert them to seconds: {array}.astype('timedelta64[ms]').astype(float) / 1000."
        return _holds("durations", value), recipe
    if isinstance(value, pd.Period):
        recipe = f"Convert them to numbers: [period.ordinal for period in {argument(where)}]."
        return _holds("periods", value), recipe
    if isinstance(value, date | np.datetime64):
        recipe = f"Convert them to seconds: {array}.astype('datetime64[ms]').astype(float) / 1000."
        return _holds("dates", value), recipe
    if isinstance(value, Mapping):
        # Worded as Python does, because scikit-learn's checks match this text.
        reason = f"argument must be a string or a number, not {name_kind(value)}"
        return f"{_holds('dicts', value)} ({reason})", dict_recipe(where)
    if value is pd.NA or value is pd.NaT:
        recipe = (
            "Use np.nan for missing values, and impute them with TimeDistributed(SimpleImputer())."
        )
        return _holds("missing values", value), recipe
    if is_sequence(value):
        return "mixes sequences and single values", "Give each time step the same number."
    if isinstance(value, int):
        return f"holds {_short(value)}, which is too large for any float", CLIP
    if isinstance(value, np.void):
        return _holds("records", value), f"Convert the fields to features: {array}.tolist()."
    shown = "" if " at 0x" in repr(value) else f": {_short(value)}"
    return f"holds {name_kind(value)}, which is not a number{shown}", "Pass numbers."


def first_not_number(values: np.ndarray) -> Any:
    """Return the first element that float() cannot convert, or else the first element."""
    elements = values.ravel()
    # None is NaN for NumPy. Without elements, the dtype decides.
    first = elements[0] if len(elements) else values.dtype.type()
    return next((x for x in elements if x is not None and not _is_number(x)), first)


def _is_number(x: Any) -> bool:
    try:
        float(x)
    except (OverflowError, TypeError, ValueError):
        return False
    return True


def holds_text_or_dates(column: pd.Series) -> bool:
    """Return whether float() rejects the first value of an object column."""
    value = first_not_missing(column)
    kinds = str | bytes | date | timedelta | np.datetime64 | np.timedelta64
    return isinstance(value, kinds) and not _is_number(value)


def column_advice(df: pd.DataFrame, j: int, where: str) -> str:
    """Return what to do about a column that does not hold numbers, where rows are time steps.

    Parameters
    ----------
    df : DataFrame
    j : int
        Position of the column.
    where : str
        Name of the frame in error messages.
    """
    converted = seconds_of(df.iloc[:, j], argument(where))
    if converted is not None:
        return f"Convert it to seconds with {converted}, or drop it."
    if _is_function(where):
        return f"Drop it.{long_frame(df, argument(where), by=df.columns[j])}"
    return (
        "Encode it with TimeDistributed(make_column_transformer((OneHotEncoder(), "
        f"[{plain(df.columns[j])}]), remainder='passthrough')), or drop it."
    )


def table_advice(df: pd.DataFrame, j: int, where: str) -> str:
    """Return what to do about a column that does not hold numbers, where rows are samples.

    Parameters
    ----------
    df, j, where : as in :func:`column_advice`
    """
    frame, name = argument(where), plain(df.columns[j])
    converted = seconds_of(df.iloc[:, j], frame)
    if converted is not None:
        repeated = repeated_id(df)
        by = "..." if repeated is None else plain(repeated)
        return (
            f"Convert it to seconds with {converted}, or drop it. If the rows of {frame} are time "
            "steps, group the rows into sequences by id: "
            f"Panel.from_frame({frame}, by={by}, order_by={name})."
        )
    return (
        f"If it holds text, pass {frame}[{name}] and convert it to token ids with "
        f"{text_pipeline(where)}; otherwise drop it.{long_frame(df, frame, by=df.columns[j])}"
    )


def seconds_of(column: pd.Series, frame: str) -> str | None:
    """Return code that converts a column of dates or durations to numbers; None for others."""
    at = f"{frame}[{plain(column.name)}]"
    value = first_not_missing(column)
    if isinstance(value, timedelta | np.timedelta64):
        return f"pd.to_timedelta({at}).dt.total_seconds()"
    if isinstance(value, pd.Period) or not isinstance(value, date | np.datetime64):
        return None
    return f"(pd.to_datetime({at}) - pd.to_datetime({at}).min()).dt.total_seconds()"


def _strings_advice(value: str | bytes, where: str) -> str:
    if _is_number(value):
        return f"Convert them: np.asarray({argument(where)}).astype(float)."
    if argument(where).startswith("y"):
        return text_recipe(where)
    return f"{text_recipe(where)} Encode categories with TimeDistributed(OneHotEncoder())."


def _holds(noun: str, value: Any) -> str:
    return f"holds {noun} where numbers are expected, for example {_short(value)}"


def _short(value: Any) -> str:
    text = " ".join(plain(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


# -- One sequence instead of several ----------------------------------------------------


def shape_as_one(X: Any) -> tuple[int, int] | None:
    """Return the numbers of time steps and features of X as one sequence; None if it is not one.

    Parameters
    ----------
    X : object
        As passed by the user, or as read.
    """
    shape = _shape(X)
    if not 1 <= len(shape) <= 2 or 0 in shape:
        return None
    return int(shape[0]), int(shape[1]) if len(shape) == 2 else 1


def count_single(X: Any) -> int:
    """Return how many single values X holds; 0 if it holds sequences or is not a container."""
    shape = _shape(X)
    return int(shape[0]) if len(shape) == 1 else 0


def _shape(X: Any) -> tuple[int, ...]:
    """Return the shape of X if it could be one sequence, otherwise ()."""
    if isinstance(X, str | bytes | Mapping) or is_packed_or_nested(X):
        return ()
    try:
        if has_sequences(X) and not isinstance(X, list | tuple):
            return ()  # an object array or a DataFrame whose cells hold sequences
        return tuple(X.shape if hasattr(X, "shape") else np.shape(X))
    except (TypeError, ValueError, LookupError):  # ragged, or not a container
        return ()


def one_sequence(X: Any, name: str, n_features: int | None = None) -> str:
    """Return the hint that X may be one sequence; empty if it cannot be one.

    Parameters
    ----------
    X : object
    name : str
        Name of X in error messages.
    n_features : int, default=None
        Required number of features; by default any number.
    """
    shape = shape_as_one(X)
    video = _shape(X)
    if n_features is not None and 3 <= len(video) <= 4:  # one video, without a dimension of samples
        shape = int(video[0]), math.prod(video[1:])
    if shape is None or n_features not in (None, shape[1]):
        return ""
    return f" If {name} is one sequence of {counted(shape[0], 'time step')}, pass [{name}]."


def single_values(first: Any, where: str, advice: str) -> str:
    """Return the message for a container of numbers instead of sequences.

    Parameters
    ----------
    first : object
        The first number.
    where : str
        Name of the container in error messages.
    advice : str
        What to pass.
    """
    # Worded as scikit-learn does, because its checks match this text.
    return (
        f"{where}[0] is a single value, {plain(first)}: Expected 2D array, got 1D array instead. "
        f"Reshape your data. {advice}"
    )


def pass_as_one(n: int, name: str) -> str:
    """Return the advice for numbers that may be one sequence, or samples of one time step."""
    return (
        f"If {name} is one sequence of {counted(n, 'time step')}, pass [{name}]; if each value is "
        f"a sample of one time step, pass [[x] for x in {name}]."
    )


def refuse_single_values(
    X: Any, where: str, n_features: int, *, is_table: bool, vectors: bool = False
) -> None:
    """Raise ValueError for a container of numbers passed to a fitted estimator.

    Parameters
    ----------
    X : object
        As passed by the user; ignored if it is not a container of numbers.
    where : str
        Name of X in error messages.
    n_features : int
        Number of features per time step in fit; for vectors, their number of features.
    is_table : bool
        Whether the estimator was fitted on a table.
    vectors : bool, default=False
        Whether rows of the table were vectors of features.
    """
    flat = isinstance(X, list | tuple | pd.Series) or (isinstance(X, np.ndarray) and X.ndim == 1)
    if not flat or not len(X):
        return
    first = X.iloc[0] if isinstance(X, pd.Series) else X[0]
    if not isinstance(first, Number):
        return
    name = argument(where)
    if vectors:
        advice = f"Pass an array of shape (n_samples, {n_features}), one row per sample."
        if len(X) == n_features:
            row = f"{name}.reshape(1, -1)" if isinstance(X, np.ndarray) else f"[list({name})]"
            advice = f"If {name} is one vector of {counted(n_features, 'feature')}, pass {row}."
    elif n_features > 1:
        advice = f"Pass sequences of shape (n_timesteps, {n_features})."
        if len(X) == n_features:
            advice += f" If {name} is one time step, pass [[{name}]]."
    elif is_table:
        advice = one_sequence(X, name).lstrip()
    else:
        advice = pass_as_one(len(X), name)
    raise ValueError(single_values(first, where, advice))
