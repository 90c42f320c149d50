"""Data frames of other libraries, read as pandas frames without depending on those libraries."""

from typing import Any

import numpy as np
import pandas as pd

from ._columnar import is_arrow, is_polars
from ._kinds import has_sequences, is_frame
from ._messages import quote
from ._tensors import open_tensors

# What scikit-learn and narwhals know a data frame by.
_OF_FRAMES = ("columns", "__dataframe__", "__narwhals_dataframe__")


def as_pandas(df: Any, where: str = "df") -> pd.DataFrame | None:
    """Return a data frame of any library as a pandas one, or None if it is not one.

    Other libraries' frames are read as scikit-learn reads them: with narwhals, which newer
    versions of it install, else by the data frame interchange protocol.

    Parameters
    ----------
    df : object
        Of pandas (returned as it is), polars, pyarrow, or another library.
    where : str, default="df"
        What messages call it.

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
            f"{where} is a {kind}, which is read with narwhals, and that is not installed. Install "
            "it with pip install narwhals, or pass df.to_pandas()."
        )
    if not nw.dependencies.is_into_dataframe(df):
        return None
    try:
        frame = nw.from_native(df, eager_only=True)
        return pd.DataFrame({name: _column(frame[name]) for name in frame.columns})
    except Exception as error:  # the libraries have errors of their own, of no common class
        raise ValueError(
            f"{where} cannot be read as a data frame: {quote(error)}. Pass a frame of pandas."
        ) from error


def open_foreign(X: Any, where: str) -> Any:
    """Return tensors as arrays, and frames of other libraries as those of pandas.

    A packed or nested tensor becomes a list of arrays. Frames of polars and pyarrow whose cells
    hold sequences stay as they are, because their columns are read from their own buffers, and so
    do those of polars that hold numbers alone. Of everything else nothing changes.

    Parameters
    ----------
    X : object
        As a user passed it.
    where : str
        What messages call it.

    Returns
    -------
    X : object
    """
    X = open_tensors(X, where)
    if hasattr(type(X), "to_numpy_ndarray"):  # pyarrow's tensors of one shape
        return X.to_numpy_ndarray()
    if isinstance(X, pd.DataFrame) or not may_be_frame(type(X)):
        return X
    if is_frame(X) and has_sequences(X):
        return X
    if is_polars(X) and (_is_numeric(X) or _narwhals() is None):
        return X  # polars makes an array of it quicker than a frame of pandas
    frame = as_pandas(X, where)
    return X if frame is None else frame


def may_be_frame(kind: type) -> bool:
    """Tell whether objects of a type may be data frames: a list of sequences has few types."""
    return any(hasattr(kind, name) for name in _OF_FRAMES)


def _narwhals() -> Any:
    try:
        import narwhals.stable.v2 as nw
    except ImportError:
        return None
    return nw


def _is_numeric(df: Any) -> bool:
    return is_frame(df) and all(dtype.is_numeric() for dtype in set(df.dtypes))


def _read_arrow(df: Any, where: str) -> Any:
    """Return a table of a record batch, which narwhals does not know."""
    import pyarrow as pa

    if isinstance(df, pa.RecordBatch):
        df = pa.Table.from_batches([df])
    names = pd.Index(getattr(df, "column_names", []))
    if not names.is_unique:  # narwhals has an error of its own
        twice = names[names.duplicated()][0]
        raise ValueError(f"{where} has column {twice!r} more than once. Rename one.")
    return df


def _column(column: Any) -> Any:
    """Return a narwhals series as a column of pandas, without pyarrow, which polars may lack."""
    kind = str(column.dtype).partition("(")[0]
    if kind in ("Categorical", "Enum"):
        categories = column.cat.get_categories().to_list()
        # The categories of an Enum have an order, those of a Categorical only a coding.
        return pd.Categorical(column.to_list(), categories=categories, ordered=kind == "Enum")
    zoned = getattr(column.dtype, "time_zone", None) is not None
    if column.dtype.is_numeric() or (kind in ("Datetime", "Duration") and not zoned):
        return column.to_numpy()  # missing integers become NaN
    return pd.Series(column.to_list())
