"""Serialisation of series and covariates as arrays and plain values."""

from typing import Any

import numpy as np
import pandas as pd

from ._clock import Clock
from ._covariates import Columns, Covariates
from ._frequency import read_offset
from ._layout import Layout
from ._series import SeriesSet
from ._table import Table

_PLAIN = (str, int, float, bool, bytes, type(None))


def save_series(data: SeriesSet) -> dict[str, Any]:
    """Return series as arrays and plain values; see :func:`load_series`."""
    clock, layout = data.clock, data.layout
    return {
        "values": data.values,
        "offsets": data.offsets,
        "starts": data.starts,
        "n_missing": data.n_missing,
        "n_inserted": data.n_inserted,
        "cut": data.cut,
        "clock": {
            "kind": clock.kind,
            "step": clock.step,
            "freq": clock.freq,
            "unit": clock.unit,
            "tz": None if clock.tz is None else str(clock.tz),
            "wall": clock.wall,
            "anchor": None if clock.anchor is None else clock.anchor.isoformat(),
            "name": _label(clock.name),
            "is_custom": clock.custom is not None,
        },
        "layout": {
            "form": layout.form,
            "ids": _save_index(layout.ids),
            "name": _label(layout.name),
            "names": [_label(name) for name in layout.names],
            "frame": layout.frame,
            "indexed": layout.indexed,
            "bare": layout.bare,
        },
    }


def load_series(state: dict[str, Any], freq: Any = None) -> SeriesSet:
    """Return the series that :func:`save_series` saved.

    Parameters
    ----------
    state : dict
    freq : pandas offset, default=None
        The frequency that was passed; required for business days with holidays, which are not
        saved.
    """
    saved = dict(state["clock"])
    is_custom = saved.pop("is_custom")
    anchor = saved.pop("anchor")
    clock = Clock(
        **saved | {"name": _unlabel(saved["name"]), "tz": _zone(saved["tz"])},
        anchor=None if anchor is None else pd.Timestamp(anchor),
        custom=read_offset(freq, "load_series") if is_custom else None,
    )
    layout = dict(state["layout"])
    return SeriesSet(
        state["values"],
        state["offsets"],
        state["starts"],
        clock,
        Layout(
            layout["form"],
            _load_index(layout["ids"]),
            _unlabel(layout["name"]),
            tuple(map(_unlabel, layout["names"])),
            layout["frame"],
            layout["indexed"],
            layout["bare"],
        ),
        state["n_missing"],
        state["n_inserted"],
        np.empty(0, dtype=np.int64),
        state["cut"],
    )


def save_covariates(covariates: Covariates) -> dict[str, Any]:
    """Return covariates as arrays and plain values; see :func:`load_covariates`."""
    columns, table = covariates.columns, covariates.table
    return {
        "names": None if columns.names is None else [_label(name) for name in columns.names],
        "categories": [
            None if kept is None else [_label(value) for value in kept]
            for kept in columns.categories
        ],
        "past": list(columns.past),
        "static": list(columns.static),
        "missing": list(columns.missing),
        "mean": columns.mean,
        "scale": columns.scale,
        "values": table.values,
        "offsets": table.offsets,
        "starts": table.starts,
        "step": table.step,
        "shared": covariates.shared,
    }


def load_covariates(state: dict[str, Any]) -> Covariates:
    """Return the covariates that :func:`save_covariates` saved."""
    names = state["names"]
    columns = Columns(
        None if names is None else tuple(map(_unlabel, names)),
        tuple(None if kept is None else tuple(map(_unlabel, kept)) for kept in state["categories"]),
        tuple(state["past"]),
        tuple(state["static"]),
        tuple(state["missing"]),
        state["mean"],
        state["scale"],
    )
    table = Table(state["values"], state["offsets"], state["starts"], state["step"])
    return Covariates(columns, table, state["shared"])


def _label(value: Any) -> Any:
    """Return a label as plain values: times and tuples as tagged dicts."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, tuple):
        return {"tuple": [_label(part) for part in value]}
    if isinstance(value, pd.Timestamp):
        return {"timestamp": value.isoformat(), "tz": None if value.tz is None else str(value.tz)}
    if isinstance(value, pd.Period):
        return {"period": str(value), "freq": value.freqstr}
    if value is pd.NaT or value is pd.NA:
        return None
    return value if isinstance(value, _PLAIN) else {"text": str(value)}


def _unlabel(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        return tuple(map(_unlabel, value["tuple"]))
    if "timestamp" in value:
        time = pd.Timestamp(value["timestamp"])
        return time if value["tz"] is None else time.tz_convert(_zone(value["tz"]))
    if "period" in value:
        return pd.Period(value["period"], freq=value["freq"])
    return value["text"]


def _zone(name: str | None) -> Any:
    """Return the tzinfo of a time zone."""
    return None if name is None else pd.DatetimeIndex([], tz=name).tz


def _save_index(index: pd.Index) -> dict[str, Any]:
    if isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1:
        return {"n": len(index), "names": [_label(index.name)]}
    levels = [
        [_label(value) for value in index.get_level_values(level)] for level in range(index.nlevels)
    ]
    return {"levels": levels, "names": [_label(name) for name in index.names]}


def _load_index(state: dict[str, Any]) -> pd.Index:
    names = list(map(_unlabel, state["names"]))
    if "n" in state:
        return pd.RangeIndex(state["n"], name=names[0])
    levels = [list(map(_unlabel, level)) for level in state["levels"]]
    if len(levels) > 1:
        return pd.MultiIndex.from_arrays(levels, names=names)
    if all(isinstance(value, tuple) for value in levels[0]):
        return pd.Index(levels[0], name=names[0], tupleize_cols=False)
    return pd.Index(levels[0], name=names[0])
