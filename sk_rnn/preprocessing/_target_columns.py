"""Columns of series to be predicted."""

from typing import Any

import numpy as np
import pandas as pd

from ..sequences import Panel, name_kind, plain


def target_columns(
    target: Any, panel: Panel | None, frame: Any, steps: np.ndarray
) -> tuple[Any, bool]:
    """Return the positions of the columns to predict, one or several; None for all."""
    if target is None:
        return None, False
    names: pd.Index | None = None
    if panel is not None and panel.feature_names is not None:
        names = pd.Index(panel.feature_names)
    elif isinstance(frame, pd.DataFrame):
        names = frame.columns
    if steps.ndim == 1:
        raise ValueError(
            f"make_windows: target={target!r} selects columns, but series has one dimension. Leave "
            "target out."
        )
    several = isinstance(target, list | np.ndarray | pd.Index)
    chosen = [
        _column_of(label, names, steps.shape[1]) for label in (target if several else [target])
    ]
    if not chosen:
        raise ValueError("make_windows: target is empty. Name at least one column.")
    return (chosen if several else chosen[0]), not several


def _column_of(label: Any, names: pd.Index | None, n_columns: int) -> int:
    if not pd.api.types.is_hashable(label):
        raise TypeError(
            f"make_windows: target has {name_kind(label)}, which is not the label of a column. "
            "Pass a label or a position, or a flat list of these."
        )
    if names is not None and label in names:
        found = names.get_loc(label)
        if isinstance(found, int):
            return found
        raise ValueError(
            f"make_windows: target={plain(label)} selects more than one column of series. Pass the "
            "full label of one, or a list of labels."
        )
    integer = isinstance(label, int | np.integer) and not isinstance(label, bool)
    if names is None and integer:
        position: Any = label
        if 0 <= position < n_columns:
            return int(position)
        raise ValueError(
            f"make_windows: target={label} is not a column of series, which has {n_columns}. Pass "
            f"positions from 0 to {n_columns - 1}."
        )
    has = f"columns {list(names)}" if names is not None else f"{n_columns} columns without names"
    raise ValueError(
        f"make_windows: target={plain(label)} is not a column of series, which has {has}. Pass "
        f"{'a label' if names is not None else 'a position'}, or a list."
    )
