"""DataFrames of libraries without an index, which is made from columns of dates and ids."""

from typing import Any

import pandas as pd

from ..sequences import argument, plain


def index_by_times(original: Any, opened: Any, where: str) -> Any:
    """Return a polars or pyarrow table as a DataFrame indexed by its columns of text and dates.

    pandas objects have an index and are returned unchanged, but raise an error if a column contains
    dates.

    Parameters
    ----------
    original : object
        As passed by the user.
    opened : object
        The same, converted to pandas if it is a table of another library.
    where : str
        Its name in error messages.
    """
    if type(original).__module__.partition(".")[0] == "polars" and hasattr(original, "to_numpy"):
        opened = _from_polars(original, opened)
    if not isinstance(opened, pd.DataFrame):
        return opened
    dates = [name for name, dtype in opened.dtypes.items() if _is_date(opened[name], dtype)]
    if not dates:
        return opened
    names = [name for name, dtype in opened.dtypes.items() if _is_name(dtype)]
    names = [name for name in names if name not in dates]
    if isinstance(original, pd.DataFrame):
        keys = [*names, dates[0]]
        rest = [name for name in opened.columns if name not in keys]
        value = f"[{plain(rest[0])}]" if rest else ""
        others = ", the column to forecast, and the others as X" if len(rest) > 1 else ""
        shown = plain(keys[0]) if len(keys) == 1 else f"[{', '.join(map(plain, keys))}]"
        raise ValueError(
            f"{where} has dates in column {plain(dates[0])}, where numbers are expected. Times "
            f"are the index: pass {argument(where)}.set_index({shown}){value}{others}."
        )
    if len(dates) > 1:
        raise ValueError(
            f"{where} has dates in columns {plain(dates[0])} and {plain(dates[1])}, so its times "
            "are ambiguous. Drop one, or pass a pandas object with an index."
        )
    return opened.set_index([*names, dates[0]] if names else dates[0])


def index_like(opened: Any, names: list[Any]) -> Any:
    """Set the columns with these names as the index of a DataFrame without one."""
    if not isinstance(opened, pd.DataFrame) or not isinstance(opened.index, pd.RangeIndex):
        return opened
    there = [name for name in names if name is not None and name in opened.columns]
    if not there:
        return opened
    return opened.set_index(there if len(there) > 1 else there[0])


def _from_polars(original: Any, opened: Any) -> Any:
    """Convert numeric polars DataFrames and Series to pandas."""
    if isinstance(opened, pd.DataFrame):
        return opened
    if hasattr(original, "get_columns"):
        return pd.DataFrame({c.name: c.to_numpy() for c in original.get_columns()})
    if str(getattr(original, "dtype", "")).startswith("List"):
        return opened
    values = original.to_numpy()
    return pd.Series(values, name=original.name or None) if values.ndim == 1 else opened


def _is_date(column: pd.Series, dtype: Any) -> bool:
    if dtype.kind == "M" or isinstance(dtype, pd.PeriodDtype | pd.DatetimeTZDtype):
        return True
    return pd.api.types.is_object_dtype(dtype) and pd.api.types.infer_dtype(
        column, skipna=True
    ) in ("date", "datetime")


def _is_name(dtype: Any) -> bool:
    return isinstance(dtype, pd.CategoricalDtype | pd.StringDtype) or pd.api.types.is_object_dtype(
        dtype
    )
