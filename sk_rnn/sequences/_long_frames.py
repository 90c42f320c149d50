"""Hints in error messages that the rows of a frame may be time steps."""

import re
from typing import Any

import pandas as pd

from ._interchange import as_pandas
from ._messages import plain

# Labels of columns that identify the sequence of a row: id, machine_id, machineId, ID.
_ID_LABEL = re.compile(r"(.*[\W_])?(?i:id|uid|uuid|guid)|.*[a-z0-9]I[dD]")


def long_frame(df: Any, name: str, *, by: Any = None, n_samples: int | None = None) -> str:
    """Return the hint that the rows of a frame may be time steps; empty if nothing suggests it.

    Parameters
    ----------
    df : object
        As passed by the user.
    name : str
        Name of the argument in error messages.
    by : label, default=None
        A column that may identify the sequence of a row; by default one with as many values as
        there should be samples, or one whose name looks like an id.
    n_samples : int, default=None
        Number of samples that were expected.
    """
    df = _as_frame(df)
    if df is None or not df.columns.is_unique:
        return ""
    if by is None:
        candidates = [label for label, n in _counts(df).items() if n == n_samples]
        id_label = repeated_id(df)
        by = candidates[0] if candidates and id_label not in candidates else id_label
    if by is None or _counts(df).get(by, 0) == len(df):
        return ""
    times = [column for column, dtype in df.dtypes.items() if dtype.kind == "M"]
    order = plain(times[0]) if times else "..."
    return (
        f" If the rows of {name} are time steps, group the rows into sequences by id: "
        f"Panel.from_frame({name}, by={plain(by)}, order_by={order})."
    )


def unseen_columns(df: Any, name: str, feature_names: Any) -> str:
    """Return the hint that a frame is a long one, if it has columns not seen in fit.

    Parameters
    ----------
    df : object
        As passed by the user.
    name : str
        Name of the argument in error messages.
    feature_names : sequence of str
        Feature names seen in fit.
    """
    df = _as_frame(df)
    if df is None or not df.columns.is_unique:
        return ""
    unseen = df.columns.difference(feature_names, sort=False)
    if df.shape[1] - len(unseen) < len(feature_names):  # features are missing, too
        return ""
    counts = _counts(df[unseen])
    return long_frame(df, name, by=min(counts, key=lambda label: counts[label], default=None))


def repeated_id(df: Any) -> Any:
    """Return the label of a column, or of the index, that is named like an id and repeats."""
    if not hasattr(type(df), "columns"):
        return None
    labels = [*getattr(df, "columns", ()), getattr(getattr(df, "index", None), "name", None)]
    id_labels = [x for x in labels if isinstance(x, str) and _ID_LABEL.fullmatch(x)]
    df = _as_frame(df) if id_labels else None  # converting other frames takes time
    if df is None or not df.columns.is_unique:
        return None
    counts = _counts(df)
    return next((x for x in id_labels if counts.get(x, len(df)) < len(df)), None)


def _as_frame(df: Any) -> pd.DataFrame | None:
    try:
        return as_pandas(df)
    except (TypeError, ValueError):  # a hint must not raise
        return None


def _counts(df: pd.DataFrame) -> dict[Any, int]:
    """Return the columns (or the index) that may be ids, and their numbers of distinct values."""
    counts = {
        label: _n_distinct(df[label]) for label, dtype in df.dtypes.items() if dtype.kind in "iuO"
    }
    if df.index.name is not None:
        counts.setdefault(df.index.name, _n_distinct(df.index))
    return counts


def _n_distinct(labels: pd.Series | pd.Index) -> int:
    try:
        return int(labels.nunique())
    except TypeError:  # cells that cannot be hashed
        return len(labels)
