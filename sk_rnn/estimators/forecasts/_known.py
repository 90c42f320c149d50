"""What a forecaster knows about the series: their last steps, covariates, and how they are read."""

from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

import numpy as np
import pandas as pd

from ...forecasting import (
    OFF_GRID,
    Columns,
    Covariates,
    SeriesSet,
    append_series,
    load_covariates,
    load_series,
    mean_absolute_difference,
    read_covariates,
    read_series,
    save_covariates,
    save_series,
    scale_floor,
)
from .._kinds import Kind
from .._warnings import warn_user
from ._steps import index_of, last_observed


class Past(NamedTuple):
    """What has been observed of series, whose continuation can be forecast."""

    data: SeriesSet
    values: np.ndarray  # (total_steps,) the values, or their logarithms
    floor: np.ndarray  # (n_series,) smallest scale of windows
    covariates: Covariates | None
    vectors: np.ndarray | None  # (n_series,) indices of embedding vectors, -1 for unknown
    last: np.ndarray  # (n_series,) the last observed value, which may be before `data`


class Known(Kind):
    """The last steps of the series of fit and update, and what was learned about reading them.

    Parameters
    ----------
    data : SeriesSet
    covariates : Covariates or None
    seasons, patch, context, horizon, calendar : see `RNNForecaster`
    transform : "log" or None
    freq : object
        The parameter; for business days with holidays, it is needed to load a saved model.
    has_vectors : bool
        Whether each series has a vector.
    """

    scaling = None  # windows are scaled separately

    def __init__(
        self,
        data: SeriesSet,
        covariates: Covariates | None,
        *,
        seasons: tuple[int, ...],
        patch: int,
        context: int,
        horizon: int,
        calendar: tuple[str, ...],
        transform: str | None,
        freq: Any,
        has_vectors: bool,
    ):
        self.data, self.covariates = data, covariates
        self.seasons, self.patch, self.context, self.horizon = seasons, patch, context, horizon
        self.calendar, self.transform, self.freq = calendar, transform, freq
        self.has_vectors = has_vectors
        self._learn_scales()

    def _learn_scales(self) -> None:
        data = self.data
        self.n_trained, self.n_missing = data.n_series, data.n_missing
        self.floor = self.floors(data)
        self.naive_error = self.naive_errors(data)
        self.last = last_observed(self._unit(data), data.offsets)

    def refitted(self, data: SeriesSet, covariates: Covariates | None, caller: str) -> "Known":
        """Return a copy for other series, on which training continues."""
        again = self._copy()
        again.data, again.covariates = data, covariates
        before, now = self.data.layout.ids[: self.n_trained], data.layout.ids
        if self.has_vectors and not before.equals(now):
            raise ValueError(
                f"{caller}: y has different series than before, but each has an embedding vector "
                "(series_embedding). Pass the same series, or refit with warm_start=False."
            )
        again.transformed(data, f"{caller}: y")
        again._learn_scales()
        return again

    # --- reading --------------------------------------------------------------------------------

    def transformed(self, data: SeriesSet, where: str) -> np.ndarray:
        """Return the values of series, or their logarithms."""
        if self.transform != "log":
            return data.values
        wrong = data.values <= 0
        if wrong.any():
            value = data.values[np.argmax(wrong)]
            raise ValueError(
                f"{where} has {value:g}, but the model computes with logarithms, because all "
                "values in fit were positive (target_transform_='log'). Refit, or set "
                "target_transform=None."
            )
        return np.log(data.values)

    def scored(self, data: SeriesSet) -> np.ndarray:
        """Return the values to score; those without a logarithm are those of almost zero."""
        if self.transform != "log":
            return data.values
        return np.log(np.maximum(data.values, np.finfo(np.float64).tiny))

    def _unit(self, data: SeriesSet) -> np.ndarray:
        return np.log(data.values) if self.transform == "log" else data.values

    def floors(self, data: SeriesSet) -> np.ndarray:
        """Return the smallest scale of windows of each series."""
        return scale_floor(data, self.seasons[0] if self.seasons else None, self._unit(data))

    def naive_errors(self, data: SeriesSet) -> np.ndarray:
        """Return the error of the seasonal naive forecast within each series."""
        return mean_absolute_difference(data, self.seasons[0] if self.seasons else 1)

    def current(self) -> Past:
        """Return what is known at the end of all observations."""
        codes = np.arange(self.data.n_series)
        return self._state(self.data, self.floor, self.covariates, codes)._replace(last=self.last)

    def past(self, data: SeriesSet, covariates: Covariates | None) -> Past:
        """Return the past of the series that are known, with more or fewer of their steps."""
        return self._state(data, self.floor, covariates, np.arange(data.n_series))

    def read(self, y: Any, X: Any, caller: str, name: str = "y", *, scored: bool = False) -> Past:
        """Read series of any past, such as a `history`.

        A series is recognised by its id or, without an id, because it contains the last known
        value. Its scale is then that of fit, so that forecasts are the same as after an update.
        With ``scored``, values without a logarithm are read as missing.
        """
        index = index_of(X)
        data = read_series(y, f"{caller}: {name}", freq=self.data.clock, index=index)
        if scored and self.transform == "log":
            data = replace(data, values=np.where(data.values > 0, data.values, np.nan))
        self._require_dates(data, f"{caller}: {name}")
        covariates = self.read_covariates(X, data, caller, name)
        self.transformed(data, f"{caller}: {name}")
        codes = self._codes(data)
        floor = self.floors(data)
        floor = np.where(codes >= 0, self.floor[np.maximum(codes, 0)], floor)
        self._warn_unknown(codes, caller)
        return self._state(data, floor, covariates, codes, f"{caller}: {name}")

    def read_covariates(
        self, X: Any, data: SeriesSet, caller: str, name: str = "y"
    ) -> Covariates | None:
        """Return the covariates of series, with the columns of fit."""
        if self.covariates is None:
            if X is not None:
                _refuse_columns(X, caller)
            return None
        if X is None:
            self._require_covariates(caller, name)
        return read_covariates(X, data, f"{caller}: X", columns=self.covariates.columns)

    def read_data(self, data: SeriesSet, covariates: Covariates | None, caller: str) -> Past:
        """Return the past of series that have been read; their scales are those of fit."""
        self._require_dates(data, f"{caller}: y")
        self.transformed(data, f"{caller}: y")
        codes = self._codes(data)
        ids = data.layout.ids
        if data.n_series == self.n_trained and ids.equals(self.data.layout.ids[: self.n_trained]):
            codes = np.arange(data.n_series)
        floor = self.floors(data)
        floor = np.where(codes >= 0, self.floor[np.maximum(codes, 0)], floor)
        return self._state(data, floor, covariates, codes, f"{caller}: y")

    def ends_before(self, data: SeriesSet, last: np.ndarray) -> bool:
        """Whether no observation is known after a place of each series, on the clock of `data`."""
        codes = self._codes_by_id(data)
        if data.clock.kind != self.data.clock.kind or (codes < 0).any():
            return False
        ends = self.data.ends[codes]
        if data.clock != self.data.clock and data.clock.kind != "position":
            times = self.data.clock.times(ends)
            if not data.clock.reads(times):
                return False
            ends = data.clock.places(times)
        return bool((ends <= last).all())

    def updated(self, y: Any, X: Any, caller: str) -> "Known":
        """Return what is known with more observations."""
        index = index_of(X)
        merged = append_series(self.data, y, f"{caller}: y", index=index)
        again = self._copy()
        again.data = merged
        values = self.transformed(merged, f"{caller}: y")
        n = self.data.n_series
        again.last = last_observed(values, merged.offsets)
        before = np.r_[self.last, np.full(merged.n_series - n, np.nan)]
        again.last = np.where(np.isnan(again.last), before, again.last)
        again.floor = np.concatenate([self.floor, self.floors(merged)[n:]])
        again.naive_error = np.concatenate([self.naive_error, self.naive_errors(merged)[n:]])
        if self.covariates is None:
            if X is not None:
                _refuse_columns(X, caller)
            return again
        if X is None:
            self._require_covariates(caller, "y")
        again.covariates = self._extended(merged, y, X, caller)
        return again

    def _require_dates(self, data: SeriesSet, where: str) -> None:
        if self.calendar and not data.clock.has_dates:
            raise ValueError(
                f"{where} has no dates, but the model reads the calendar features "
                f"{list(self.calendar)}. Pass series with an index of dates, or fit with "
                "calendar=None."
            )

    def _require_covariates(self, caller: str, name: str) -> NoReturn:
        assert self.covariates is not None
        columns = self.covariates.columns
        what = f"{caller}: the model was fitted with covariates, "
        what += str(columns.labels(np.arange(columns.n_columns)))
        if name == "history":
            raise ValueError(f"{what}, but history has none. Pass history=(X_past, y_past).")
        raise ValueError(f"{what}. Pass X with the rows of y.")

    def cut(self) -> None:
        """Drop earlier steps, which no forecast depends on."""
        # With the horizon, so that partial_fit has whole windows before the new observations.
        self.data = self.data.tail(self.context + self.horizon)
        if self.covariates is not None:
            starts = self.data.starts
            if self.covariates.shared:
                starts = np.full(1, starts.min())
            table = self.covariates.table.since(starts)
            self.covariates = replace(self.covariates, table=table)

    def _extended(self, merged: SeriesSet, y: Any, X: Any, caller: str) -> Covariates:
        """Return covariates with the rows of X."""
        known = self.covariates
        assert known is not None
        where, clock, index = f"{caller}: y", self.data.clock, index_of(X)
        new = read_series(y, where, freq=clock, index=index, may_be_missing=True)
        found = read_covariates(X, new, f"{caller}: X", columns=known.columns)
        assert found is not None
        # The calendar of offsets counts from an anchor, which a new series may have moved back.
        shift = merged.starts[0] - self.data.starts[0]
        table = replace(known.table, starts=known.table.starts + shift)
        series, places = found.table.scattered()
        if found.shared and not known.shared:
            raise ValueError(
                f"{caller}: X has rows without ids, but the covariates in fit differed between "
                "series. Give X the index of y."
            )
        if known.shared and not found.shared:
            raise ValueError(
                f"{caller}: X has ids, but the covariates in fit were shared by all series. Pass "
                "one row per time."
            )
        codes = np.zeros(new.n_series, dtype=np.int64)
        if not new.layout.is_single:
            codes = merged.layout.ids.get_indexer(new.layout.ids)
        if merged.clock.kind == "position":
            ends = np.r_[self.data.ends, np.full(merged.n_series - self.data.n_series, -1)]
            places = places + ends[codes][series if not found.shared else 0] + 1
        elif new.clock != merged.clock:
            places = merged.clock.places(new.clock.times(places))
        base = replace(known, table=table)
        return base.extended(codes[series], places, found.table.values)

    def _codes(self, data: SeriesSet) -> np.ndarray:
        """Return the number of each series among the known ones, -1 for others."""
        ids, known = data.layout.ids, self.data
        codes = self._codes_by_id(data)
        named = not known.layout.is_single and not isinstance(ids, pd.RangeIndex)
        if named:
            return codes
        # Numbers and single series identify nothing: compare the last value.
        there = codes >= 0
        series = np.maximum(codes, 0)
        observed = ~np.isnan(known.values)
        position = np.where(observed, np.arange(len(observed)), -1)
        last = np.maximum.reduceat(position, known.offsets[:-1])[series]
        step = last - known.offsets[:-1][series]
        places = known.starts[series] + known.clock.step * step
        if data.clock.kind != known.clock.kind:
            return np.full(data.n_series, -1)
        if data.clock != known.clock and known.clock.kind != "position":
            times = known.clock.times(np.where(last >= 0, places, known.starts[series]))
            if not data.clock.reads(times):
                return np.full(data.n_series, -1)
            places = data.clock.places(times)
        rows = data.table.rows(np.arange(data.n_series), places)
        same = (rows >= 0) & (places != OFF_GRID) & (last >= 0)
        same &= data.values[rows] == known.values[last]
        return np.where(there & same, codes, -1)

    def _codes_by_id(self, data: SeriesSet) -> np.ndarray:
        layout, known = data.layout, self.data.layout
        if layout.is_single != known.is_single or layout.ids.nlevels != known.ids.nlevels:
            return np.full(data.n_series, -1)
        if known.is_single:
            return np.zeros(1, dtype=np.int64)
        return known.ids.get_indexer(layout.ids)

    def _state(
        self,
        data: SeriesSet,
        floor: np.ndarray,
        covariates: Covariates | None,
        codes: np.ndarray,
        where: str = "y",
    ) -> Past:
        vectors = None
        if self.has_vectors:
            vectors = np.where(codes < self.n_trained, codes, -1)
        values = self.transformed(data, where)
        last = last_observed(values, data.offsets)
        return Past(data, values, floor, covariates, vectors, last)

    def _copy(self) -> "Known":
        again: Known = object.__new__(Known)
        again.__dict__.update(self.__dict__)
        return again

    def _warn_unknown(self, codes: np.ndarray, caller: str) -> None:
        n = int(((codes < 0) | (codes >= self.n_trained)).sum())
        if self.has_vectors and n:
            warn_user(
                f"{caller}: {n} of {len(codes)} series were not in fit, so they get the mean of "
                "the embedding vectors of those that were (series_embedding). Refit to learn "
                "their vectors."
            )

    @property
    def columns(self) -> Columns | None:
        """What was learned about the columns of X."""
        return None if self.covariates is None else self.covariates.columns

    # --- saving ---------------------------------------------------------------------------------

    def to_state(self) -> dict[str, Any]:
        """Return arrays and plain values."""
        covariates = None if self.covariates is None else save_covariates(self.covariates)
        # An offset is not a plain value; it is saved as text, and needed as itself for holidays.
        freq = self.freq if self.data.clock.custom is not None else None
        return {
            **super().to_state(),
            "data": save_series(self.data),
            "covariates": covariates,
            "freq": freq,
        }

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        self.seasons, self.calendar = tuple(self.seasons), tuple(self.calendar)
        self.data = load_series(state["data"], state["freq"])
        if state["covariates"] is not None:
            self.covariates = load_covariates(state["covariates"])


def _refuse_columns(X: Any, caller: str) -> None:
    if getattr(X, "shape", (0, 0))[1:] == (0,):
        return
    raise ValueError(
        f"{caller}: X has columns, but the model was fitted without covariates. Pass y only, or X "
        "without columns: X[[]]."
    )
