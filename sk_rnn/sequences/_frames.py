"""Long data frames, one row per time step, of pandas and of other libraries."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ._interchange import as_pandas
from ._layout import offsets_of
from ._numbers import frame_values, plain

_CALLER = "Panel.from_frame"


class LongFrame(NamedTuple):
    """What a long frame says about a panel."""

    values: np.ndarray  # (total_steps, n_features), token ids (total_steps,)
    offsets: np.ndarray  # (n_samples + 1,)
    ids: pd.Index
    feature_names: tuple[str, ...] | None
    n_tokens: int | None


def read_long_frame(df: Any, by: Any, order_by: Any, columns: Any, missing: str) -> LongFrame:
    """Return what a panel is made of, samples sorted by id."""
    frame = as_pandas(df, f"{_CALLER}: df")
    if frame is None:
        raise TypeError(
            f"{_CALLER}: df must be a DataFrame, got {type(df).__name__}. Pass a frame of pandas, "
            "polars or pyarrow with one row per time step."
        )
    if missing not in ("raise", "keep"):
        raise ValueError(f"{_CALLER}: missing must be 'raise' or 'keep', got {missing!r}.")
    df = frame
    if not df.columns.is_unique:
        twice = df.columns[df.columns.duplicated()][0]
        raise ValueError(f"{_CALLER}: df has column {twice!r} more than once. Rename one.")
    ids = _key(df, by, "by")
    codes, index = ids.factorize(sort=True)
    _refuse_no_key(codes, f"by={by!r}", "says which sample it belongs to")
    if order_by is None:
        order = np.argsort(codes, kind="stable")
    else:
        order = _order_in_time(df, by, order_by, ids, codes)

    names, one = _columns(df, by, order_by, columns)
    categorical = one and isinstance(df[names[0]].dtype, pd.CategoricalDtype)
    if categorical:
        values = df[names[0]].cat.codes.to_numpy(dtype=np.int64)[:, None]
        absent = values < 0
    else:
        features = df if names == list(df.columns) else df[names]  # pandas 2 copies
        values = frame_values(_numeric(features, by, ids), f"{_CALLER}: df", allow_objects=False)
        absent = np.isnan(values)
    if absent.any() and (missing == "raise" or categorical):
        _refuse_missing_value(absent, names, by, ids, categorical)
    if (np.diff(order) != 1).any():  # rows that are in order are not copied
        values = values[order]
    offsets = offsets_of(np.bincount(codes, minlength=len(index)))
    index = pd.Index(index, name=by)
    if one and values.dtype.kind in "iu":
        n_tokens = len(df[names[0]].cat.categories) if categorical else None
        return LongFrame(values[:, 0], offsets, index, None, n_tokens)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    named = all(isinstance(name, str) for name in names)
    return LongFrame(values, offsets, index, tuple(names) if named else None, None)


# -- Ids and times ----------------------------------------------------------------------


def _key(df: pd.DataFrame, label: Any, parameter: str) -> pd.Index:
    """Return a column, or a level of the index."""
    if pd.api.types.is_hashable(label) and label is not None:
        if label in df.columns:
            return pd.Index(df[label])
        if label in df.index.names:
            return df.index.get_level_values(df.index.names.index(label))
    raise ValueError(
        f"{_CALLER}: {parameter}={label!r} is neither a column nor a level of the index. "
        f"Columns: {list(df.columns)}; levels: {list(df.index.names)}."
    )


def _refuse_no_key(codes: np.ndarray, argument: str, role: str) -> None:
    if (codes < 0).any():
        raise ValueError(
            f"{_CALLER}: row {np.argmax(codes < 0)} has no value in {argument}, which "
            f"{role}. Fill in or drop such rows."
        )


def _order_in_time(
    df: pd.DataFrame, by: Any, order_by: Any, ids: pd.Index, codes: np.ndarray
) -> np.ndarray:
    times = _key(df, order_by, "order_by")
    _check_order(times, order_by, by, ids)
    ranks, _ = times.factorize(sort=True)
    _refuse_no_key(ranks, f"order_by={order_by!r}", "orders it in time")
    order = np.lexsort((ranks, codes))
    twice = (np.diff(codes[order]) == 0) & (np.diff(ranks[order]) == 0)
    if twice.any():
        row = order[np.argmax(twice)]
        raise ValueError(
            f"{_CALLER}: {by!r} {plain(ids[row])} has more than one row at {order_by!r} "
            f"{plain(times[row])}. Aggregate or drop duplicates first."
        )
    return order


def _check_order(times: pd.Index, order_by: Any, by: Any, ids: pd.Index) -> None:
    """Refuse times that have no order, or one that is not that of time."""
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
                "would be ordered by spelling: '10' before '9'. Convert it with pd.to_datetime "
                "or pd.to_numeric."
            )
    for row in given[1:]:
        first = given[0]
        try:
            times[first] < times[row]  # noqa: B015 - raises if there is no order
        except TypeError as error:
            raise ValueError(
                f"{what} cannot be ordered: {plain(times[first])} at {by!r} {plain(ids[first])}, "
                f"row {first}, and {plain(times[row])} at {by!r} {plain(ids[row])}, row {row}, do "
                "not compare. Convert all to one kind of number or date."
            ) from error


# -- Features ---------------------------------------------------------------------------


def _columns(df: pd.DataFrame, by: Any, order_by: Any, columns: Any) -> tuple[list[Any], bool]:
    """Return the features' columns, and whether one was asked for by itself."""
    one = columns is not None and not isinstance(columns, list | tuple | pd.Index)
    if columns is None:
        names = [column for column in df.columns if column not in (by, order_by)]
    else:
        names = [columns] if one else list(columns)
    if not names:
        raise ValueError(f"{_CALLER}: no column is left for features; df has {list(df.columns)}.")
    for name in names:
        if name not in df.columns:
            raise ValueError(
                f"{_CALLER}: column {name!r} is not in df, which has {list(df.columns)}."
            )
    return names, one


def _numeric(df: pd.DataFrame, by: Any, ids: pd.Index) -> pd.DataFrame:
    """Return the features with columns of numbers in objects as numbers, and refuse the rest."""
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
        raise ValueError(
            f"{_CALLER}: column {name!r} is {kind} where numbers belong, for example "
            f"{plain(values[row])} at {by!r} {plain(ids[row])}, row {row}. Convert it or leave it "
            "out of columns. To encode it in a Pipeline, make one frame per sample, "
            f"[group for _, group in df.groupby({by!r})], and pass them to "
            "TimeDistributed(ColumnTransformer(...))."
        )
    if not converted:
        return df
    return pd.DataFrame({name: converted.get(name, df[name]) for name in df.columns})


def _numbers_in(values: np.ndarray) -> tuple[np.ndarray | None, int]:
    """Return objects as floats, or the row of the first that is no number."""
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
        "Give missing values a category of their own, or drop such rows."
        if categorical
        else "Drop such rows, fill them in, or set missing='keep' and impute in a Pipeline, with "
        "TimeDistributed(SimpleImputer())."
    )
    raise ValueError(
        f"{_CALLER}: column {names[column]!r} has a missing value at {by!r} "
        f"{plain(ids[row])}, row {row}. {advice}"
    )
