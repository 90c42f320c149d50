"""Long data frames, one row per time step."""

from typing import Any

import numpy as np
import pandas as pd

from ._layout import offsets_of
from ._numbers import frame_values, plain


def read_long_frame(
    df: pd.DataFrame, by: Any, order_by: Any, columns: Any
) -> tuple[np.ndarray, np.ndarray, pd.Index, tuple[str, ...] | None]:
    """Return the values, offsets, index and feature names of a panel, samples sorted by id."""
    if not isinstance(df, pd.DataFrame):
        raise TypeError(f"Panel.from_frame: df must be a DataFrame, got {type(df).__name__}.")
    if not df.columns.is_unique:
        twice = df.columns[df.columns.duplicated()][0]
        raise ValueError(f"Panel.from_frame: df has column {twice!r} more than once. Rename one.")
    ids = _key(df, by, "by")
    codes, index = ids.factorize(sort=True)
    _refuse_missing(codes, f"by={by!r}", "says which sample it belongs to")
    if order_by is None:
        order = np.argsort(codes, kind="stable")
    else:
        order = _order_in_time(df, by, order_by, ids, codes)

    names, one = _columns(df, by, order_by, columns)
    values = frame_values(df[names], "Panel.from_frame: df", allow_objects=False)
    missing = np.isnan(values)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise ValueError(
            f"Panel.from_frame: column {names[column]!r} has a missing value at {by!r} "
            f"{plain(ids[row])}, row {row}. Impute or drop missing values first."
        )
    if (np.diff(order) != 1).any():  # rows that are in order are not copied
        values = values[order]
    offsets = offsets_of(np.bincount(codes, minlength=len(index)))
    index = pd.Index(index, name=by)
    if one and values.dtype.kind in "iu":
        return values[:, 0], offsets, index, None
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    named = all(isinstance(name, str) for name in names)
    return values, offsets, index, tuple(names) if named else None


def _order_in_time(
    df: pd.DataFrame, by: Any, order_by: Any, ids: pd.Index, codes: np.ndarray
) -> np.ndarray:
    times = _key(df, order_by, "order_by")
    ranks, _ = times.factorize(sort=True)
    _refuse_missing(ranks, f"order_by={order_by!r}", "orders it in time")
    order = np.lexsort((ranks, codes))
    twice = (np.diff(codes[order]) == 0) & (np.diff(ranks[order]) == 0)
    if twice.any():
        row = order[np.argmax(twice)]
        raise ValueError(
            f"Panel.from_frame: {by!r} {plain(ids[row])} has more than one row at {order_by!r} "
            f"{plain(times[row])}. Aggregate or drop duplicates first."
        )
    return order


def _key(df: pd.DataFrame, label: Any, parameter: str) -> pd.Index:
    """Return a column, or a level of the index."""
    if pd.api.types.is_hashable(label) and label is not None:
        if label in df.columns:
            return pd.Index(df[label])
        if label in df.index.names:
            return df.index.get_level_values(df.index.names.index(label))
    raise ValueError(
        f"Panel.from_frame: {parameter}={label!r} is neither a column nor a level of the index. "
        f"Columns: {list(df.columns)}; levels: {list(df.index.names)}."
    )


def _refuse_missing(codes: np.ndarray, argument: str, role: str) -> None:
    if (codes < 0).any():
        raise ValueError(
            f"Panel.from_frame: row {np.argmax(codes < 0)} has no value in {argument}, which "
            f"{role}. Fill in or drop such rows."
        )


def _columns(df: pd.DataFrame, by: Any, order_by: Any, columns: Any) -> tuple[list[Any], bool]:
    """Return the features' columns, and whether one was asked for by itself."""
    one = columns is not None and not isinstance(columns, list | tuple | pd.Index)
    if columns is None:
        names = [column for column in df.columns if column not in (by, order_by)]
    else:
        names = [columns] if one else list(columns)
    if not names:
        raise ValueError(
            f"Panel.from_frame: no column is left for features; df has {list(df.columns)}."
        )
    for name in names:
        if name not in df.columns:
            raise ValueError(
                f"Panel.from_frame: column {name!r} is not in df, which has {list(df.columns)}."
            )
    return names, one
