"""Long data frames, one row per time step."""

from typing import Any

import numpy as np
import pandas as pd


def read_long_frame(
    df: pd.DataFrame, by: Any, order_by: Any, columns: Any
) -> tuple[np.ndarray, np.ndarray, pd.Index, tuple[str, ...] | None]:
    """Return values, offsets, index and feature names of a panel, samples sorted by id."""
    if not isinstance(df, pd.DataFrame):
        raise TypeError(f"Panel.from_frame: df must be a DataFrame, got {type(df).__name__}.")
    ids = _key(df, by, "by")
    codes, index = ids.factorize(sort=True)
    _refuse_missing(codes, by, "by", "says which sample it belongs to")
    ranks = None
    if order_by is not None:
        ranks, _ = _key(df, order_by, "order_by").factorize(sort=True)
        _refuse_missing(ranks, order_by, "order_by", "orders it in time")
    keys = (codes,) if ranks is None else (ranks, codes)
    order = np.lexsort(keys)  # stable: without order_by rows keep their order
    if ranks is not None:
        same = (np.diff(codes[order]) == 0) & (np.diff(ranks[order]) == 0)
        if same.any():
            row = order[np.argmax(same)]
            raise ValueError(
                f"Panel.from_frame: {by!r} {ids[row]!r} has more than one row at {order_by!r} "
                f"{_key(df, order_by, 'order_by')[row]!r}. Aggregate or drop the duplicates."
            )

    values, names = _read_columns(df, by, order_by, columns)
    missing = np.isnan(values).any(axis=tuple(range(1, values.ndim)))
    if missing.any():
        row = int(np.argmax(missing))
        column = _columns(df, by, order_by, columns)[int(np.argmax(np.isnan(values[row])))]
        raise ValueError(
            f"Panel.from_frame: column {column!r} of {by!r} {ids[row]!r} has a missing value "
            f"(row {row}). Impute or drop missing values first."
        )
    if (np.diff(order) != 1).any():  # sorted frames are not copied
        values = values[order]
    offsets = np.zeros(len(index) + 1, dtype=np.int64)
    np.cumsum(np.bincount(codes, minlength=len(index)), out=offsets[1:])
    return values, offsets, pd.Index(index, name=by), names


def _key(df: pd.DataFrame, label: Any, parameter: str) -> pd.Index:
    """Return a column, or a level of the index."""
    if label in df.columns:
        return pd.Index(df[label])
    if label is not None and label in df.index.names:
        return df.index.get_level_values(label)
    raise ValueError(
        f"Panel.from_frame: {parameter}={label!r} is neither a column nor a level of the index. "
        f"Columns: {list(df.columns)}; levels: {list(df.index.names)}."
    )


def _refuse_missing(codes: np.ndarray, label: Any, parameter: str, role: str) -> None:
    if (codes < 0).any():
        raise ValueError(
            f"Panel.from_frame: row {np.argmax(codes < 0)} has no value in {parameter}={label!r}, "
            f"which {role}. Fill in or drop such rows."
        )


def _columns(df: pd.DataFrame, by: Any, order_by: Any, columns: Any) -> list[Any]:
    if columns is None:
        return [column for column in df.columns if column not in (by, order_by)]
    return list(columns) if isinstance(columns, list | tuple | pd.Index) else [columns]


def _read_columns(
    df: pd.DataFrame, by: Any, order_by: Any, columns: Any
) -> tuple[np.ndarray, tuple[str, ...] | None]:
    names = _columns(df, by, order_by, columns)
    if not names:
        raise ValueError(f"Panel.from_frame: no columns are left for features beside {by!r}.")
    absent = [name for name in names if name not in df.columns]
    if absent:
        raise ValueError(
            f"Panel.from_frame: column {absent[0]!r} is not in the frame. "
            f"Columns: {list(df.columns)}."
        )
    values = frame_values(df[names], "Panel.from_frame: df")
    one = columns is not None and not isinstance(columns, list | tuple | pd.Index)
    if one and values.dtype.kind in "iu":
        return values[:, 0], None
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    named = all(isinstance(name, str) for name in names)
    return values, tuple(names) if named else None


def frame_values(df: pd.DataFrame, where: str, *, allow_objects: bool = False) -> np.ndarray:
    """Return the numbers of a frame of scalars, missing ones as NaN."""
    for column, dtype in zip(df.columns, df.dtypes, strict=True):
        is_number = pd.api.types.is_numeric_dtype(dtype) and dtype.kind != "c"
        if not (is_number or (allow_objects and dtype == np.dtype(object))):
            raise ValueError(
                f"{where} has column {column!r} of dtype {dtype}, which holds no real numbers. "
                "Convert or drop it."
            )
    if not any(pd.api.types.is_extension_array_dtype(dtype) for dtype in df.dtypes):
        return df.to_numpy()
    # Nullable columns: NaN needs floats, token ids stay integers where nothing is missing.
    integers = all(dtype.kind in "iub" for dtype in df.dtypes) and not df.isna().to_numpy().any()
    return df.to_numpy(dtype=np.int64 if integers else np.float64, na_value=np.nan)
