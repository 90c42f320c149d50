"""New observations after the end of series, and the true values of forecasts."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..sequences import argument
from ._clock import OFF_GRID, Clock
from ._layout import Layout
from ._reading import read_series
from ._series import SeriesSet
from ._table import tabulate

_RAGGED = ("dict", "list", "panel", "long")


class Truth(NamedTuple):
    """Observed values after the end of series."""

    series: np.ndarray  # (n_values,)
    ahead: np.ndarray  # (n_values,) steps after the end of the series, at least 1
    values: np.ndarray  # (n_values,) float64, none missing
    rows: np.ndarray  # (n_values,) the row of y of each value


def append_series(
    data: SeriesSet, y: Any, where: str, *, index: pd.Index | None = None
) -> SeriesSet:
    """Return series with new observations appended.

    Parameters
    ----------
    data : SeriesSet
    y : object
        In the same kind of container as before. Rows at known times must have equal values; new ids
        start new series. Rows without times are the next time steps.
    where : str
        Name of y in error messages: the caller and the argument.
    index : Index, default=None
        Times (and ids) for y without an index, taken from X.

    Returns
    -------
    data : SeriesSet

    Raises
    ------
    ValueError
        If the value at a known time differs, or times do not continue those of the series.
    """
    new, codes, places = _follow(data, y, where, index)
    clock, starts = _common_clock(data, new)
    old = replace(data, starts=starts, clock=clock)
    early = (codes < old.n_series) & (places < starts[np.minimum(codes, old.n_series - 1)])
    if old.cut:  # what was dropped cannot be compared
        codes, places, values = codes[~early], places[~early], new.values[~early]
    else:
        values = new.values
    rows = _known_rows(old, codes, places)
    _refuse_changed(old, values, codes, places, rows, where)
    old_values = old.values.copy()
    fills = (rows >= 0) & ~np.isnan(values)
    old_values[rows[fills]] = values[fills]
    old_series, old_places = old.table.scattered()
    layout = _joined_layout(data.layout, new.layout)
    is_new = rows < 0
    table, _ = tabulate(
        np.concatenate([old_series, codes[is_new]]),
        np.concatenate([old_places, places[is_new]]),
        np.concatenate([old_values, values[is_new]])[:, None],
        len(layout.ids),
        clock.step,
    )
    flat = table.values[:, 0]
    n_missing = int(np.isnan(flat).sum())
    gaps = len(flat) - len(old_values) - int(is_new.sum())
    return SeriesSet(
        flat,
        table.offsets,
        table.starts,
        clock,
        layout,
        n_missing,
        data.n_inserted + new.n_inserted + gaps,
        np.empty(0, dtype=np.int64),
        data.cut,
    )


def read_truth(y: Any, data: SeriesSet, where: str, *, index: pd.Index | None = None) -> Truth:
    """Return the observed values of y, which starts after the end of series.

    Parameters
    ----------
    y : object
        Of the kind of `data`.
    data : SeriesSet
    where : str
        Name of y in error messages.
    index : Index, default=None
        Times (and ids) for y without an index, taken from X.
    """
    new, codes, places = _follow(data, y, where, index)
    clock, starts = _common_clock(data, new)
    if (codes >= data.n_series).any():
        label = new.layout.label(int(new.table.scattered()[0][np.argmax(codes >= data.n_series)]))
        raise ValueError(
            f"{where} has {label}, which has no previous values. Drop it, or pass them to "
            "update first."
        )
    ends = starts + clock.step * (data.lengths - 1)
    ahead = (places - ends[codes]) // clock.step
    there = ~np.isnan(new.values)
    if (ahead[there] < 1).any():
        i = int(np.flatnonzero(there)[np.argmin(ahead[there])])
        raise ValueError(
            f"{where} begins at {clock.show(int(places[i]))}, but observations are known up to "
            f"{data.show_end(int(codes[i]))}. Pass values after the end; split by time, with "
            "TimeSeriesSplit or ForecastSplit."
        )
    return Truth(codes[there], ahead[there], new.values[there], _rows_of(new)[there])


def _rows_of(new: SeriesSet) -> np.ndarray:
    """Return the row of y of each value; -1 for time steps without a row."""
    if not new.layout.is_wide:
        rows = np.full(len(new.values), -1)
        rows[new.row_steps] = np.arange(len(new.row_steps))
        return rows
    return new.spread(np.arange(len(new.row_steps), dtype=float), -1.0).astype(np.int64)


def _follow(
    data: SeriesSet, y: Any, where: str, index: pd.Index | None
) -> tuple[SeriesSet, np.ndarray, np.ndarray]:
    """Read y with the clock of the previous series; return series and places of its values."""
    new = read_series(y, where, freq=data.clock, index=index, may_be_missing=True)
    _check_kind(data, new, where)
    series, places = new.table.scattered()
    codes = _codes_of(data, new, where)[series]
    if data.clock.kind == "position":
        known = codes < data.n_series
        ends = np.r_[data.ends, np.full(max(int(codes.max()) + 1 - data.n_series, 0), -1)]
        places = places + (ends[codes] + 1) * known
        return new, codes, places
    clock, _ = _common_clock(data, new)
    if new.clock != clock:
        places = clock.places(new.clock.times(places))
    firsts = _common_clock(data, new)[1]
    reference = firsts[np.minimum(codes, data.n_series - 1)]
    off = (places == OFF_GRID) | ((places - reference) % clock.step != 0) & (codes < data.n_series)
    if off.any():
        i = int(np.argmax(off))
        time = new.clock.times(new.table.scattered()[1][i : i + 1])[0]
        raise ValueError(
            f"{where} has {time}, which is not on the grid of the previous times: steps of "
            f"{clock.freq or clock.step}, counted from {data.show_end(0)}. Pass times on this grid."
        )
    return new, codes, places


def _check_kind(data: SeriesSet, new: SeriesSet, where: str) -> None:
    old_form, form = data.layout.form, new.layout.form
    same = form == old_form or {form, old_form} <= set(_RAGGED)
    if not same:
        raise ValueError(
            f"{where} is {_describe(form)}, but the previous series were {_describe(old_form)}. "
            "Pass the same kind."
        )
    kinds = {data.clock.kind, new.clock.kind}
    dates = {"fixed", "offset"}
    zones = (data.clock.tz is None) == (new.clock.tz is None)
    if (len(kinds) > 1 and not kinds <= dates) or not zones:
        raise ValueError(
            f"{where} has times of a different kind than the previous series: "
            f"{new.clock.describe()} after {data.clock.describe()}. Pass an index of the same kind."
        )


def _describe(form: str) -> str:
    return {
        "series": "a Series",
        "wide": "a DataFrame with one column per series",
        "long": "a long Series with ids and times",
        "dict": "a dict of series",
        "list": "a list of series",
        "panel": "a Panel",
        "array": "a 1-D array",
        "matrix": "a 2-D array",
    }[form]


def _codes_of(data: SeriesSet, new: SeriesSet, where: str) -> np.ndarray:
    """Return the number of each series among the known ones; higher numbers for new ones."""
    old, ids = data.layout, new.layout.ids
    if old.is_single:
        return np.zeros(1, dtype=np.int64)
    if old.form in ("wide", "matrix"):
        if len(ids) != len(old.ids) or old.ids.get_indexer(ids).min() < 0:
            raise ValueError(
                f"{where} has the columns {list(ids)}, but the previous series were "
                f"{list(old.ids)}. Pass the same columns."
            )
        return old.ids.get_indexer(ids)
    if ids.nlevels != old.ids.nlevels:
        raise ValueError(
            f"{where} has ids of {ids.nlevels} levels, but the previous series had "
            f"{old.ids.nlevels}. Pass the same levels."
        )
    codes = old.ids.get_indexer(ids)
    unknown = codes < 0
    codes[unknown] = data.n_series + np.arange(unknown.sum())
    return codes


def _common_clock(data: SeriesSet, new: SeriesSet) -> tuple[Clock, np.ndarray]:
    """Return a clock for both, and the starts of the old series in it."""
    clock, other = data.clock, new.clock
    if clock.kind != "offset" or other.anchor is None or other.anchor >= clock.anchor:
        return clock, data.starts
    earlier = replace(clock, anchor=other.anchor)
    shift = earlier.places(pd.DatetimeIndex([clock.anchor]))[0] if clock.tz is None else None
    if shift is None:
        shift = replace(earlier, tz=None, wall=False).places(pd.DatetimeIndex([clock.anchor]))[0]
    return (clock, data.starts) if shift == OFF_GRID else (earlier, data.starts + shift)


def _joined_layout(old: Layout, new: Layout) -> Layout:
    if old.is_wide:
        return old
    fresh = old.ids.get_indexer(new.ids) < 0
    if not fresh.any():
        return old
    names = old.names
    if old.form in ("dict", "list"):
        more = new.names if new.names else (None,) * len(new.ids)
        names = names + tuple(name for name, f in zip(more, fresh, strict=True) if f)
    ids = old.ids.append(new.ids[fresh])
    ids.names = old.ids.names
    return replace(old, ids=ids, names=names)


def _known_rows(old: SeriesSet, codes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the position of each known value; -1 for new values."""
    there = codes < old.n_series
    return np.where(there, old.table.rows(np.where(there, codes, 0), places), -1)


def _refuse_changed(
    old: SeriesSet,
    values: np.ndarray,
    codes: np.ndarray,
    places: np.ndarray,
    rows: np.ndarray,
    where: str,
) -> None:
    known = np.where(rows >= 0, old.values[rows], np.nan)
    changed = (known != values) & ~np.isnan(known) & ~np.isnan(values)
    early = (codes < old.n_series) & (places < old.starts[np.minimum(codes, old.n_series - 1)])
    if not (changed | early).any():
        return
    i = int(np.argmax(changed | early))
    label = old.layout.label(int(codes[i]))
    at = f"{old.clock.show(int(places[i]))}{f' of {label}' if label else ''}"
    what = f"a value at {at}, before the known ones"
    if changed[i]:
        what = f"another value at {at}: {values[i]:g}, where {known[i]:g} is known"
    raise ValueError(
        f"{where} has {what}. Observations are known up to {old.show_end(int(codes[i]))}; pass "
        f"those after it in {argument(where)}, or refit if the past has changed."
    )
