"""The container in which series were passed, which is also that of forecasts."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

Form = Literal["series", "wide", "long", "dict", "list", "panel", "array", "matrix"]


@dataclass(frozen=True)
class Layout:
    """The container in which series were passed.

    Parameters
    ----------
    form : {"series", "wide", "long", "dict", "list", "panel", "array", "matrix"}
        A Series; a frame with a column per series; a Series or a one-column frame with a
        MultiIndex of ids and times; a dict or a list of series; a Panel; a 1-D or 2-D array.
    ids : Index of length n_series
        Names of the series: columns, ids, keys, or numbers.
    name : hashable, default=None
        Name of a Series.
    names : tuple, default=()
        Names of the Series in a dict or list.
    frame : bool, default=False
        Whether a long Series was a frame of one column.
    indexed : bool, default=True
        Whether the members of a dict, a list or a Panel have times.
    bare : bool, default=False
        Whether y was an array with the times of X: forecasts are then arrays, as required by
        ``TransformedTargetRegressor``.
    """

    form: Form
    ids: pd.Index
    name: Hashable = None
    names: tuple[Any, ...] = ()
    frame: bool = False
    indexed: bool = True
    bare: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether all series share the rows: one row per time, one column per series."""
        return self.form in ("series", "wide", "array", "matrix")

    @property
    def is_single(self) -> bool:
        """Whether there is one series, which is not in a container of series."""
        return self.form in ("series", "array")

    def label(self, series: int) -> str:
        """Return the name of a series for messages; empty if there is only one."""
        if self.is_single:
            return ""
        identity = self.ids[series]
        if self.form in ("list", "panel") and isinstance(self.ids, pd.RangeIndex):
            return f"series {identity}"
        noun = {"wide": "column ", "matrix": "column "}.get(self.form, "")
        return f"{noun}{_plain(identity)}"


def _plain(identity: Any) -> str:
    return repr(identity.item() if hasattr(identity, "item") else identity)
