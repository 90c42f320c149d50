"""Long data frames (one row per time step) of pandas and other libraries."""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ._constraints import Int
from ._hints import seconds_of
from ._interchange import as_pandas
from ._layout import offsets_of
from ._messages import plain
from ._numbers import frame_values

_CALLER = "Panel.from_frame"
_A_FRAME = "a pandas, polars or pyarrow frame with one row per time step."


class LongFrame(NamedTuple):
    """The parts of a panel that were read from a long frame."""

    values: np.ndarray  # (total_steps, n_features), token ids (total_steps,)
    offsets: np.ndarray  # (n_samples + 1,)
    ids: pd.Index
    times: pd.Index | None  # (total_steps,)
    feature_names: tuple[str, ...] | None
    n_tokens: Int | None


def read_long_frame(
    df: Any, by: Any, order_by: Any, columns: Any, missing: str, n_tokens: Int | None
) -> LongFrame:
    """Return the parts of a panel, samples sorted by id."""
    frame = as_pandas(df, f"{_CALLER}: df")
    if frame is None:
        lazy = hasattr(type(df), "collect") and hasattr(type(df), "columns")
        raise TypeError(
            f"{_CALLER}: df must be a DataFrame, got {type(df).__name__}. Pass "
            + ("df.collect()." if lazy else _A_FRAME)
        )
    if missing not in ("raise", "keep"):
        raise ValueError(f"{_CALLER}: missing must be 'raise' or 'keep', got {missing!r}.")
    is_pandas, df = frame is df, frame
    if not df.columns.is_unique:
        duplicate = df.columns[df.columns.duplicated()][0]
        raise ValueError(f"{_CALLER}: df has column {duplicate!r} more than once. Rename one.")
    by = _id_labels(by)
    ids, codes, index = _samples(df, by)
    if order_by is None:
        order, times = np.argsort(codes, kind="stable"), None
    else:
        order, times = _order_in_time(df, by, order_by, ids, codes)

    names, one = _columns(df, by, order_by, columns)
    if n_tokens is not None:
        one = True
        _check_n_tokens(n_tokens, df, names)
    categorical = one and isinstance(df[names[0]].dtype, pd.CategoricalDtype)
    if categorical:
        values = df[names[0]].cat.codes.to_numpy(dtype=np.int64)[:, None]
        absent = values < 0
    else:
        features = df if names == list(df.columns) else df[names]  # pandas 2 copies
        frames = _code_for_frames(df, by, order_by, None if columns is None else names)
        if not is_pandas:
            frames = f"{frames} with df = df.to_pandas()"
        features = _numeric(features, by, ids, frames)
        values = frame_values(features, f"{_CALLER}: df", allow_objects=False)
        absent = np.isnan(values)
    if absent.any() and (missing == "raise" or categorical):
        _refuse_missing_value(absent, names, by, ids, categorical)
    if n_tokens is not None:
        _check_token_ids(values[:, 0], n_tokens, names[0], by, ids)
    if (np.diff(order) != 1).any():  # rows that are sorted already are not copied
        values = values[order]
        times = None if times is None else times[order]
    offsets = offsets_of(np.bincount(codes, minlength=len(index)))
    if one and values.dtype.kind in "iu":
        if categorical:
            n_tokens = len(df[names[0]].cat.categories)
        return LongFrame(values[:, 0], offsets, index, times, None, n_tokens)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    named = all(isinstance(name, str) for name in names)
    return LongFrame(values, offsets, index, times, tuple(names) if named else None, None)


# -- Ids and times ----------------------------------------------------------------------


def _id_labels(by: Any) -> Any:
    """Return the label of one column, or a list of several."""
    if isinstance(by, np.ndarray | pd.Index) and by.ndim == 1:
        by = by.tolist()
    if not isinstance(by, list):
        return by
    if not by:
        raise ValueError(
            f"{_CALLER}: by is an empty list. Name the column, or the columns, that identify the "
            "sample of a row."
        )
    for i, label in enumerate(by):
        if label in by[:i]:
            raise ValueError(f"{_CALLER}: by={by!r} has {label!r} twice. Drop one.")
    return by if len(by) > 1 else by[0]


def _samples(df: pd.DataFrame, by: Any) -> tuple[pd.Index, np.ndarray, pd.Index]:
    """Return the ids of the rows, the sample numbers of the rows, and the sorted ids of samples."""
    labels = by if isinstance(by, list) else [by]
    keys = [_key(df, label, "by") for label in labels]
    ranks, values = zip(*map(_factorize, keys, [f"by={x!r}" for x in labels]), strict=True)
    for label, codes in zip(labels, ranks, strict=True):
        if (codes < 0).any():
            raise ValueError(
                f"{_CALLER}: row {np.argmax(codes < 0)} has no value in by={label!r}, which "
                "identifies the sample of a row. Fill in or drop such rows."
            )
    if not isinstance(by, list):
        return keys[0], ranks[0], pd.Index(values[0], name=by)
    codes = ranks[0].astype(np.int64)
    for more, distinct in zip(ranks[1:], values[1:], strict=True):
        # Renumbered for each key, because the product of their counts could overflow.
        _, codes = np.unique(codes * len(distinct) + more, return_inverse=True)
    _, first = np.unique(codes, return_index=True)
    ids = pd.MultiIndex.from_arrays(keys, names=by)
    return ids, codes, ids[first].remove_unused_levels()


def _key(df: pd.DataFrame, label: Any, parameter: str) -> pd.Index:
    """Return a column, or a level of the index."""
    if pd.api.types.is_hashable(label) and label is not None:
        if label in df.columns:
            return pd.Index(df[label])
        if label in df.index.names:
            return df.index.get_level_values(df.index.names.index(label))
    several = isinstance(label, tuple) and parameter == "by"
    advice = f" Pass a list for several: by={list(label)}." if several else ""
    raise ValueError(
        f"{_CALLER}: {parameter}={label!r} is neither a column nor a level of the index. "
        f"Columns: {list(df.columns)}; levels: {list(df.index.names)}.{advice}"
    )


def _factorize(keys: pd.Index, argument: str) -> tuple[np.ndarray, Any]:
    """Return the rank of each key, -1 where it is missing, and the sorted distinct keys."""
    try:
        return keys.factorize(sort=True)
    except TypeError as error:
        for row, key in enumerate(keys):
            if not pd.api.types.is_hashable(key):
                raise ValueError(
                    f"{_CALLER}: {argument} holds a {type(key).__name__} at row {row}. Convert it "
                    "to one number, date or string per row."
                ) from error
        raise ValueError(
            f"{_CALLER}: {argument} holds values that cannot be sorted, for example "
            f"{plain(keys[0])}. Convert all to one type of number, date or string."
        ) from error


def _order_in_time(
    df: pd.DataFrame, by: Any, order_by: Any, ids: pd.Index, codes: np.ndarray
) -> tuple[np.ndarray, pd.Index]:
    """Return the order of the rows by sample and time, and the times of the rows."""
    times = _key(df, order_by, "order_by")
    _check_order(times, order_by, by, ids)
    ranks, _ = _factorize(times, f"order_by={order_by!r}")
    if (ranks < 0).any():
        row = int(np.argmax(ranks < 0))
        raise ValueError(
            f"{_CALLER}: order_by={order_by!r} has no value at {by!r} {plain(ids[row])}, row "
            f"{row}. Fill in or drop such rows."
        )
    order = np.lexsort((ranks, codes))
    duplicate = (np.diff(codes[order]) == 0) & (np.diff(ranks[order]) == 0)
    if duplicate.any():
        row = order[np.argmax(duplicate)]
        raise ValueError(
            f"{_CALLER}: {by!r} {plain(ids[row])} has more than one row at {order_by!r} "
            f"{plain(times[row])}. Aggregate or drop duplicates first."
        )
    return order, times


def _check_order(times: pd.Index, order_by: Any, by: Any, ids: pd.Index) -> None:
    """Raise for times without an order, or whose order is not chronological."""
    what = f"{_CALLER}: order_by={order_by!r}"
    if isinstance(times.dtype, pd.CategoricalDtype):
        if not times.dtype.ordered:
            raise ValueError(
                f"{what} is a categorical whose categories have no order. Make it ordered, with "
                "cat.as_ordered() or as an Enum of polars, or convert it to numbers or dates."
            )
        return
    if times.dtype.kind == "c":
        raise ValueError(
            f"{what} holds complex numbers, which have no order. Convert them to real "
            "numbers or dates."
        )
    if not (times.dtype == object or isinstance(times.dtype, pd.StringDtype)):
        return
    given = np.flatnonzero(times.notna()).tolist()
    for row in given:
        if isinstance(times[row], str | bytes):
            raise ValueError(
                f"{what} holds text, {times[row]!r} at {by!r} {plain(ids[row])}, row {row}, which "
                "would be sorted alphabetically: '10' before '9'. Convert it with pd.to_datetime "
                "or pd.to_numeric."
            )
    for row in given[1:]:
        first = given[0]
        try:
            times[first] < times[row]  # noqa: B015 - raises if there is no order
        except TypeError as error:
            raise ValueError(
                f"{what} cannot be ordered: {plain(times[first])} at {by!r} {plain(ids[first])}, "
                f"row {first}, and {plain(times[row])} at {by!r} {plain(ids[row])}, row {row}, "
                "cannot be compared. Convert all to one type of number or date."
            ) from error


# -- Features ---------------------------------------------------------------------------


def _columns(df: pd.DataFrame, by: Any, order_by: Any, columns: Any) -> tuple[list[Any], bool]:
    """Return the feature columns, and whether a single label was given."""
    names: list[Any]
    one = False
    if columns is None:
        keys = [*(by if isinstance(by, list) else [by]), order_by]
        names = [column for column in df.columns if column not in keys]
    elif isinstance(columns, list | tuple):
        names = list(columns)
    elif isinstance(columns, np.ndarray | pd.Index | pd.Series) and columns.ndim == 1:
        names = columns.tolist()
    elif pd.api.types.is_hashable(columns):
        names, one = [columns], True
    else:
        kind = f"{columns.ndim}-D array" if isinstance(columns, np.ndarray) else None
        raise TypeError(
            f"{_CALLER}: columns is a {kind or type(columns).__name__}. Pass the label of one "
            "column, or a list, a 1-D array or an Index of labels."
        )
    if not names:
        raise ValueError(f"{_CALLER}: no column is left for features; df has {list(df.columns)}.")
    for i, name in enumerate(names):
        if not pd.api.types.is_hashable(name):
            raise TypeError(
                f"{_CALLER}: columns[{i}] is a {type(name).__name__}, which is not the label of "
                "a column. Pass a flat list of labels."
            )
        if name not in df.columns:
            raise ValueError(
                f"{_CALLER}: column {name!r} is not in df, which has {list(df.columns)}."
            )
    if len(set(names)) < len(names):
        duplicate = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_CALLER}: columns has {duplicate!r} twice. Pass each label once.")
    return names, one


def _code_for_frames(df: pd.DataFrame, by: Any, order_by: Any, names: list[Any] | None) -> str:
    """Return code for a list of frames with the samples, steps and features of the panel."""
    ids = by if isinstance(by, list) else [by]
    keys = [key for key in (*ids, order_by) if key is not None and key in df.columns]
    group = f"group[{names}]" if names else f"group.drop(columns={keys})" if keys else "group"
    rows = "df" if order_by is None else f"df.sort_values({order_by!r})"
    categorical = any(
        key in df.columns and isinstance(df[key].dtype, pd.CategoricalDtype) for key in ids
    )
    observed = ", observed=True" if categorical else ""  # no groups for unused ids
    return f"[{group} for _, group in {rows}.groupby({by!r}{observed})]"


def _numeric(df: pd.DataFrame, by: Any, ids: pd.Index, frames: str) -> pd.DataFrame:
    """Convert object columns of numbers to numbers; raise for other non-numeric columns."""
    converted = {}
    for name, dtype in df.dtypes.items():
        if pd.api.types.is_numeric_dtype(dtype) and dtype.kind != "c":
            continue
        values = df[name].to_numpy()
        row = 0
        if dtype == np.dtype(object):
            numbers, row = _numbers_in(values)
            if numbers is not None:
                converted[name] = numbers
                continue
        kind = "categorical" if isinstance(dtype, pd.CategoricalDtype) else f"of dtype {dtype}"
        seconds = seconds_of(df[name], "df")
        advice = (
            "Convert it or leave it out of columns. To encode it in a Pipeline, make one frame per "
            f"sample, {frames}, and pass them to TimeDistributed(ColumnTransformer(...))."
            if seconds is None
            else f"Pass order_by={name!r} if it holds the times of the time steps, convert it to "
            f"seconds with {seconds}, or leave it out of columns."
        )
        example = ""
        if len(values):
            shown, sample = plain(values[row]), plain(ids[row])
            example = f", for example {shown} at {by!r} {sample}, row {row}"
        raise ValueError(
            f"{_CALLER}: column {name!r} is {kind} where numbers are expected{example}. {advice}"
        )
    if not converted:
        return df
    return pd.DataFrame({name: converted.get(name, df[name]) for name in df.columns})


def _numbers_in(values: np.ndarray) -> tuple[np.ndarray | None, int]:
    """Return objects as floats, or the row of the first that is not a number."""
    missing = pd.isna(values)
    numbers = np.full(len(values), np.nan)
    for row in np.flatnonzero(~missing):
        try:
            if isinstance(values[row], str | bytes):
                return None, int(row)
            numbers[row] = values[row]
        except (TypeError, ValueError):
            return None, int(row)
    return numbers, 0


def _refuse_missing_value(
    absent: np.ndarray, names: list[Any], by: Any, ids: pd.Index, categorical: bool
) -> None:
    row, column = np.argwhere(absent)[0]
    advice = (
        "Give missing values a separate category, or drop such rows."
        if categorical
        else "Drop such rows, fill them in, or set missing='keep' and impute in a Pipeline, with "
        "TimeDistributed(SimpleImputer())."
    )
    raise ValueError(
        f"{_CALLER}: column {names[column]!r} has a missing value at {by!r} "
        f"{plain(ids[row])}, row {row}. {advice}"
    )


# -- Tokens -----------------------------------------------------------------------------


def _check_n_tokens(n_tokens: Any, df: pd.DataFrame, names: list[Any]) -> None:
    """Raise if the vocabulary size is invalid, or if there is no column of token ids."""
    if isinstance(n_tokens, bool) or not isinstance(n_tokens, Integral) or n_tokens < 1:
        raise ValueError(f"{_CALLER}: n_tokens must be a positive integer, got {n_tokens!r}.")
    if len(names) > 1:
        raise ValueError(
            f"{_CALLER}: n_tokens is for one column of token ids, but the columns are {names}. "
            "Pass columns='...', the label of that column."
        )
    dtype = df[names[0]].dtype
    if isinstance(dtype, pd.CategoricalDtype):
        raise ValueError(
            f"{_CALLER}: column {names[0]!r} is categorical, and its {len(dtype.categories)} "
            "categories are the tokens. Leave n_tokens out."
        )


def _check_token_ids(ids: np.ndarray, n_tokens: Int, name: Any, by: Any, samples: pd.Index) -> None:
    what = f"{_CALLER}: column {name!r}"
    if ids.dtype.kind not in "iu":
        raise ValueError(
            f"{what} is read as {ids.dtype}, but token ids are integers. Convert it with "
            "astype(int), or leave n_tokens out."
        )
    outside = (ids < 0) | (ids >= n_tokens)
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f"{what} has token id {ids[row]} at {by!r} {plain(samples[row])}, row {row}, but "
            f"n_tokens={n_tokens} allows 0 to {n_tokens - 1}. Pass a larger n_tokens."
        )
