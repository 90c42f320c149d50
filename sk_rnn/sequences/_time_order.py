"""Check that the index of a series is in chronological order."""

import numpy as np
import pandas as pd

_DATES = pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex

# pandas' inferred types of an index of row labels, which have no chronological order.
_NAMES = frozenset({"string", "bytes", "boolean", "mixed", "mixed-integer", "complex"})

_STACKED = "Panel.from_frame(df, by=..., order_by=...)"


def check_time_order(index: pd.Index, where: str) -> None:
    """Raise ValueError if the rows may be several series, or not in chronological order.

    Dates, numbers and ordered categories must increase. Strings, unordered categories and other
    objects are labels, which must only be unique.

    Parameters
    ----------
    index : Index
        Index of the rows.
    where : str
        Name of the series in error messages: the caller and the argument.
    """
    if index.nlevels > 1:
        raise ValueError(
            f"{where} has the MultiIndex {list(index.names)}, so it may be several series. Pass "
            f"{_STACKED}, which keeps windows within series."
        )
    if isinstance(index, pd.RangeIndex) and index.step > 0:
        return
    ordered = _has_order(index)
    if ordered and index.hasnans:
        row = int(np.argmax(index.isna()))
        raise ValueError(f"{where} has no time at row {row} of its index. Drop such rows.")
    _refuse_repeated(index, where)
    if ordered and not index.is_monotonic_increasing:
        _refuse_disorder(index, where)


def _has_order(index: pd.Index) -> bool:
    if isinstance(index.dtype, pd.CategoricalDtype):
        return bool(index.dtype.ordered)
    return index.inferred_type not in _NAMES


def _refuse_repeated(index: pd.Index, where: str) -> None:
    try:
        again = index.duplicated()
    except TypeError:  # unhashable labels, which pandas cannot look up
        return
    if not again.any():
        return
    row = int(np.argmax(again))
    one = (
        "aggregate or drop rows with the same time"
        if isinstance(index, _DATES)
        else f"pass {_argument(where)}.reset_index(drop=True) if its rows are in chronological "
        "order"
    )
    raise ValueError(
        f"{where} has {_show(index[row])} again at row {row} of its index, so several series may "
        f"be stacked. Pass {_STACKED}, which keeps windows within series; for one series, {one}."
    )


def _refuse_disorder(index: pd.Index, where: str) -> None:
    keys = index.codes if isinstance(index, pd.CategoricalIndex) else index
    for row in range(1, len(index)):
        try:
            in_order = keys[row - 1] < keys[row]
        except TypeError as error:
            raise ValueError(
                f"{where} has an index without an order: {_show(index[row - 1])} and "
                f"{_show(index[row])} at row {row} cannot be compared. Convert it with "
                "pd.to_datetime or pd.to_numeric."
            ) from error
        if in_order:
            continue
        series = _argument(where)
        reset = f", {series}.reset_index(drop=True) if its rows are in chronological order"
        raise ValueError(
            f"{where} is not in chronological order: row {row} is at {_show(index[row])}, after "
            f"{_show(index[row - 1])}. Pass {series}.sort_index()"
            f"{'' if isinstance(index, _DATES) else reset}, or {_STACKED} for several series."
        )


def _argument(where: str) -> str:
    return where.partition(": ")[2]


def _show(label: object) -> str:
    return repr(label) if isinstance(label, str | bytes) else str(label)
