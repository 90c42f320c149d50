"""Data frames of other libraries, converted to pandas without depending on those libraries."""

from typing import Any

import numpy as np
import pandas as pd

from ._columnar import is_arrow, is_polars
from ._kinds import has_sequences, is_frame
from ._messages import quote
from ._tensors import open_tensors

# The methods by which scikit-learn and narwhals recognise a data frame.
_FRAME_ATTRIBUTES = ("columns", "__dataframe__", "__narwhals_dataframe__")


def as_pandas(df: Any, where: str = "df") -> pd.DataFrame | None:
    """Convert a data frame of any library to pandas; return None for other objects.

    Frames of other libraries are converted as scikit-learn does it: with narwhals, which its newer
    versions install, otherwise with the dataframe interchange protocol.

    Parameters
    ----------
    df : object
        A frame of pandas (returned unchanged), polars, pyarrow or another library.
    where : str, default="df"
        Name of the argument in error messages.

    Returns
    -------
    df : DataFrame or None

    Examples
    --------
    >>> import pyarrow as pa
    >>> from sk_rnn.sequences import as_pandas
    >>> as_pandas(pa.table({"heat": [0.5, 1.5]}))["heat"].tolist()
    [0.5, 1.5]
    >>> as_pandas([0.5, 1.5]) is None
    True
    """
    if isinstance(df, pd.DataFrame):
        return df
    if isinstance(df, np.ndarray | list | tuple | pd.Series | str):
        return None
    if not may_be_frame(type(df)):
        return None
    if is_arrow(df):
        df = _read_arrow(df, where)
    nw = _narwhals()
    if nw is None:  # scikit-learn before 1.9
        if hasattr(df, "__dataframe__"):
            return pd.api.interchange.from_dataframe(df)
        if not hasattr(df, "to_pandas"):
            return None
        kind = f"{type(df).__module__.partition('.')[0]} {type(df).__name__}"
        raise TypeError(
            f"{where} is a {kind}, which is read with narwhals, which is not installed. Install "
            "it with pip install narwhals, or pass df.to_pandas()."
        )
    if not nw.dependencies.is_into_dataframe(df):
        return None
    try:
        frame = nw.from_native(df, eager_only=True)
        return pd.DataFrame({name: _column(frame[name]) for name in frame.columns})
    except Exception as error:  # each library has its own exceptions, without a common base class
        raise ValueError(
            f"{where} cannot be read as a data frame: {quote(error)}. Pass a pandas frame."
        ) from error


def open_foreign(X: Any, where: str) -> Any:
    """Convert tensors to arrays, and data frames of other libraries to pandas.

    A packed or nested tensor becomes a list of arrays. polars and pyarrow frames whose cells hold
    sequences are returned unchanged, because their columns are read from their own buffers, and so
    are polars frames that hold only numbers. Everything else is returned unchanged.

    Parameters
    ----------
    X : object
        As passed by the user.
    where : str
        Name of the argument in error messages.

    Returns
    -------
    X : object
    """
    X = open_tensors(X, where)
    if hasattr(type(X), "to_numpy_ndarray"):  # pyarrow's fixed-shape tensors
        return X.to_numpy_ndarray()
    if isinstance(X, pd.DataFrame) or not may_be_frame(type(X)):
        return X
    if is_frame(X) and has_sequences(X):
        return X
    if is_polars(X) and (_is_numeric(X) or _narwhals() is None):
        return X  # polars converts it to an array faster than to a pandas frame
    frame = as_pandas(X, where)
    return X if frame is None else frame


def may_be_frame(kind: type) -> bool:
    """Return whether objects of this type may be data frames; cached, a list has few types."""
    return any(hasattr(kind, name) for name in _FRAME_ATTRIBUTES)


def _narwhals() -> Any:
    try:
        import narwhals.stable.v2 as nw
    except ImportError:
        return None
    return nw


def _is_numeric(df: Any) -> bool:
    return is_frame(df) and all(dtype.is_numeric() for dtype in set(df.dtypes))


def _read_arrow(df: Any, where: str) -> Any:
    """Convert a record batch, which narwhals does not support, to a table."""
    import pyarrow as pa

    if isinstance(df, pa.RecordBatch):
        df = pa.Table.from_batches([df])
    names = pd.Index(getattr(df, "column_names", []))
    if not names.is_unique:  # narwhals would raise a different error
        duplicate = names[names.duplicated()][0]
        raise ValueError(f"{where} has column {duplicate!r} more than once. Rename one.")
    return df


def _column(column: Any) -> Any:
    """Convert a narwhals series to a pandas column without pyarrow, which may not be installed."""
    kind = str(column.dtype).partition("(")[0]
    if kind in ("Categorical", "Enum"):
        categories = column.cat.get_categories().to_list()
        # The categories of an Enum are ordered; those of a Categorical are not.
        return pd.Categorical(column.to_list(), categories=categories, ordered=kind == "Enum")
    zoned = getattr(column.dtype, "time_zone", None) is not None
    if column.dtype.is_numeric() or (kind in ("Datetime", "Duration") and not zoned):
        return column.to_numpy()  # missing integers become NaN
    return pd.Series(column.to_list())
