"""Errors of a transformer, restated with the sequence, time step and column."""

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Number
from typing import Any, NoReturn

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from ..sequences import CLIP, check_sequences, level_of_user, locate, name_kind, plain, quote
from ._nested import accepts_categories, requires_dicts
from ._steps import Steps, read_steps


def explain(error: Exception, X: Any, steps: Steps, transformer: Any, caller: str) -> Exception:
    """Return an error that names the sequence, time step and column of a transformer's error.

    Parameters
    ----------
    error : Exception
        Raised by the transformer, which received the steps of all sequences as rows.
    X : object
        As passed by the user.
    steps : Steps
        The time steps of X.
    transformer : transformer
    caller : str
        Name of the caller in the message.
    """
    text = str(error)
    own = isinstance(error, NotFittedError | InvalidParameterError) or text.startswith(caller)
    if own:  # already complete
        return error
    kind = TypeError if isinstance(error, TypeError) else ValueError
    name = type(transformer).__name__
    if steps.is_records:
        pipeline = f"make_pipeline(DictVectorizer(sparse=False), {name}(...))"
        advice = f" If it needs numbers, pass TimeDistributed({pipeline})."
        return kind(
            f"{caller}: {name} rejected the dicts of {len(steps.values)} time steps: "
            f"{quote(error)}." + ("" if requires_dicts(transformer) else advice)
        )
    reason = (
        _string_columns(X, steps, transformer, text)
        or _not_finite(steps, text, caller)
        or _unknown_category(steps, text)
        or _not_numeric(X, steps, transformer, text, caller)
    )
    if reason is not None:
        return kind(f"{caller}: {reason}")
    rows = "a data frame" if isinstance(steps.values, pd.DataFrame) else "an array"
    outcome, advice = "rejected", ""
    if not isinstance(error, TypeError | ValueError):  # possibly a bug of the transformer
        outcome = f"raised {type(error).__name__} for"
        text, advice = quote(error), ". Check that X holds values that it supports."
    return kind(
        f"{caller}: {name} {outcome} the time steps, which it receives as {rows} of shape "
        f"{steps.values.shape} with one row per time step: {text}{advice}"
    )


@contextmanager
def named_warnings(steps: Steps, transformer: Any, caller: str) -> Iterator[None]:
    """Re-issue NumPy's warnings with the name of the transformer and the affected features.

    Other warnings are passed on unchanged.
    """
    with warnings.catch_warnings(record=True) as caught:
        yield
    computed = [w for w in caught if issubclass(w.category, RuntimeWarning)]
    for other in caught:
        if other not in computed:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if computed:
        warnings.warn(
            f"{caller}: {type(transformer).__name__} warns of {computed[0].message}. "
            f"{_warning_advice(steps)}",
            stacklevel=level_of_user(),
        )


def _warning_advice(steps: Steps) -> str:
    """Return the advice for time steps for which a computation is undefined."""
    frame = pd.DataFrame(steps.values)
    names = steps.feature_names or frame.columns
    empty = [plain(name) for name, nan in zip(names, frame.isna().all(), strict=True) if nan]
    if empty:
        noun = "feature" if len(empty) == 1 else "features"
        return f"X has only NaN in {noun} {', '.join(empty)}: drop it."
    return "The result may hold NaN or infinity. Check X for values that are too large."


def refuse_non_dicts(steps: Steps, transformer: Any, caller: str) -> NoReturn:
    """Raise TypeError if a transformer of dicts receives other time steps."""
    advice = "Pass one dict per time step, {} for one without features."
    row, found = 0, "a row of a data frame"
    if isinstance(steps.values, pd.DataFrame):
        advice = "Pass [x.to_dict('records') for x in X]."
    else:
        values = steps.values[:, 0].tolist()
        row = next(i for i, value in enumerate(values) if not isinstance(value, Mapping))
        found = name_kind(values[row])
    raise TypeError(
        f"{caller}: {_place(steps, row)} is {found}, where {type(transformer).__name__} needs a "
        f"dict of features. {advice}"
    )


def _string_columns(X: Any, steps: Steps, transformer: Any, text: str) -> str | None:
    """Explain column selection by name for data without column names."""
    if "using strings is only supported for" not in text:
        return None
    if steps.is_table and isinstance(X, pd.DataFrame):
        return (
            f"{type(transformer).__name__} names columns, but X is one data frame of shape "
            f"{X.shape}, which is a table of univariate series, one time step per column. If its "
            "rows are the time steps of one sequence, pass [X]; of several, one data frame per "
            "sequence: [group for _, group in X.groupby(...)]."
        )
    return (
        f"{type(transformer).__name__} names columns, but the features of X have no names. Pass a "
        "list of data frames, one per sequence, or a Panel with feature_names; or name columns by "
        "their positions."
    )


def _not_finite(steps: Steps, text: str, caller: str) -> str | None:
    """Explain missing or infinite values."""
    nan = "NaN" in text
    if not nan and "infinity" not in text:
        return None
    if isinstance(steps.values, np.ndarray):
        if steps.values.dtype.kind not in "biuf":
            return None
        panel = steps.to_panel()
        try:
            check_sequences(panel, dtype=panel.dtype, caller=caller)
        except ValueError as located:
            return str(located).removeprefix(f"{caller}: ")
        return None
    wrong = {}
    for j, name in enumerate(steps.values.columns):
        column = steps.values.iloc[:, j]
        if nan:
            mask = column.isna().to_numpy()
        elif pd.api.types.is_float_dtype(column.dtype):
            mask = np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            continue
        if mask.any():
            wrong[name] = int(np.argmax(mask))
    if not wrong:
        return None
    name, row = next(iter(wrong.items()))
    what = "NaN" if nan else "infinity"
    advice = "Impute missing values first, for example with SimpleImputer." if nan else CLIP
    others = [plain(other) for other in wrong if other != name]
    more = f" So do columns {', '.join(others)} elsewhere." if others else ""
    return f"{_place(steps, row)} contains {what} in column {name!r}.{more} {advice}"


def _unknown_category(steps: Steps, text: str) -> str | None:
    """Explain categories that an encoder did not see in fit."""
    match = re.search(r"Found unknown categories \[(.*)\] in column", text, re.DOTALL)
    if match is None:
        return None
    listed = match[1]
    frame = pd.DataFrame(steps.values)
    named = isinstance(steps.values, pd.DataFrame) or steps.feature_names is not None
    names = steps.feature_names or tuple(frame.columns)
    for j, name in enumerate(names):
        for row, value in enumerate(frame.iloc[:, j].tolist()):
            shown = repr(value)
            if re.search(rf"(?<![\w.]){re.escape(shown)}(?![\w.])", listed):
                column = f"column {name!r}" if named else f"feature {name}"
                return (
                    f"{_place(steps, row)} has {shown} in {column}, a category that did not occur "
                    "in fit. Set handle_unknown of the encoder, as in "
                    "OneHotEncoder(handle_unknown='ignore'), or fit on sequences that contain it."
                )
    return None


def _not_numeric(X: Any, steps: Steps, transformer: Any, text: str, caller: str) -> str | None:
    """Explain text and other values that are not numbers."""
    needs_numbers = not accepts_categories(transformer) and not isinstance(
        transformer, ColumnTransformer
    )
    if isinstance(steps.values, np.ndarray):
        if needs_numbers and steps.values.dtype.kind not in "biuf":
            try:
                read_steps(X, caller)
            except (TypeError, ValueError) as located:
                return str(located).removeprefix(f"{caller}: ")
        return None
    match = re.search(r"could not convert string to float: (.*)", text)
    for j, name in enumerate(steps.values.columns):
        column = steps.values.iloc[:, j]
        if pd.api.types.is_numeric_dtype(column.dtype):
            continue
        values = column.tolist()
        shown = [repr(value) for value in values]
        if match is not None and match[1] in shown:
            row = shown.index(match[1])
        elif needs_numbers and match is None:
            not_numeric = [not (isinstance(v, Number) or pd.isna(v)) for v in values]
            if not any(not_numeric):
                continue
            row = not_numeric.index(True)
        else:
            continue
        return (
            f"{_place(steps, row)} has {shown[row]} in column {name!r}, where "
            f"{type(transformer).__name__} needs numbers. Encode such columns, for example with "
            "OneHotEncoder in a ColumnTransformer, or leave them out."
        )
    return None


def _place(steps: Steps, row: int) -> str:
    sample, step = locate(steps.offsets, row)
    return f"X[{sample}] at time step {step}"
