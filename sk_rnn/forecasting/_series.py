"""Series of numbers at regular times, the data structure of forecasting."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import check_sample_weights, offsets_of
from ._clock import Clock
from ._layout import Layout
from ._table import Table


@dataclass(frozen=True)
class SeriesSet:
    """Series of numbers at regular times, with gaps filled with NaN.

    Parameters
    ----------
    values : ndarray of float64 of shape (total_steps,)
        The time steps of all series, one series after the other; NaN where a value is missing.
    offsets : ndarray of int64 of shape (n_series + 1,)
        Series `s` is ``values[offsets[s]:offsets[s + 1]]``. A column of a wide DataFrame starts
        with its first observed value, and ends with the DataFrame.
    starts : ndarray of int64 of shape (n_series,)
        The place (see :class:`Clock`) of the first time step of each series.
    clock : Clock
        The mapping from places to times.
    layout : Layout
        The container in which series were passed.
    n_missing : int
        Number of values that are NaN, including `n_inserted`.
    n_inserted : int
        Number of time steps without a row.
    row_steps : ndarray of int64 of shape (n_rows,)
        For each row of y its position in `values`; for a wide y, the step since the first row.
    cut : bool, default=False
        Whether earlier steps were dropped by :meth:`tail`.
    """

    values: np.ndarray
    offsets: np.ndarray
    starts: np.ndarray
    clock: Clock
    layout: Layout
    n_missing: int
    n_inserted: int
    row_steps: np.ndarray
    cut: bool = False

    @property
    def n_series(self) -> int:
        """Number of series."""
        return len(self.starts)

    @property
    def lengths(self) -> np.ndarray:
        """Number of time steps of each series, int64 of shape (n_series,)."""
        return np.diff(self.offsets)

    @property
    def ends(self) -> np.ndarray:
        """The place of the last time step of each series."""
        return self.starts + self.clock.step * (self.lengths - 1)

    @property
    def table(self) -> Table:
        """The values as a table of one column (a view)."""
        return Table(self.values[:, None], self.offsets, self.starts, self.clock.step)

    def end_times(self) -> Any:
        """Return the last observed time; for long series, a Series indexed by the ids."""
        times = self.clock.times(self.ends)
        if self.layout.is_wide:
            return times[0]
        return pd.Series(times, index=self.layout.ids, name=self.clock.name or "end")

    def show_end(self, series: int) -> str:
        """Return the last time of a series for messages."""
        return self.clock.show(int(self.ends[series]))

    def spread(self, row_values: np.ndarray, fill: float = 0.0) -> np.ndarray:
        """Return one number per time step, shape (total_steps,), given one per row of y.

        Parameters
        ----------
        row_values : ndarray of shape (n_rows,)
        fill : float
            Value of time steps without a row.
        """
        if not self.layout.is_wide:
            spread = np.full(len(self.values), fill)
            spread[self.row_steps] = row_values
            return spread
        n_steps = int(self.lengths.max())
        grid = np.full(n_steps, fill)
        grid[self.row_steps] = row_values
        # Columns end together, so shorter ones lack the first steps.
        return np.concatenate([grid[n_steps - length :] for length in self.lengths])

    def tail(self, n_steps: int) -> "SeriesSet":
        """Return the last time steps of each series, which forecasts depend on."""
        lengths = np.minimum(self.lengths, n_steps)
        keep = np.repeat(self.offsets[1:] - lengths, lengths)
        offsets = offsets_of(lengths)
        keep += np.arange(len(keep)) - np.repeat(offsets[:-1], lengths)
        return replace(
            self,
            values=self.values[keep],
            offsets=offsets,
            starts=self.ends - self.clock.step * (lengths - 1),
            row_steps=np.empty(0, dtype=np.int64),
            cut=self.cut or bool((lengths < self.lengths).any()),
        )


def read_weights(sample_weight: Any, data: SeriesSet, where: str) -> np.ndarray:
    """Return weights, one per row of y, as one per time step, shape (total_steps,).

    Parameters
    ----------
    sample_weight : array-like of shape (n_rows,)
    data : SeriesSet
    where : str
        The caller, for error messages.
    """
    if isinstance(sample_weight, Mapping | list | tuple) and not data.layout.is_wide:
        members = [*sample_weight]
        if isinstance(sample_weight, Mapping):
            members = [*sample_weight.values()]
        if members and all(map(is_member, members)):
            sample_weight = np.concatenate([np.asarray(member) for member in members])
    n_rows = len(data.row_steps)
    weights = check_sample_weights(sample_weight, n_rows, where, noun="row", purpose="train on")
    return data.spread(weights)


def is_member(member: Any) -> bool:
    """Return whether an element of a container is a series rather than a number."""
    if isinstance(member, pd.Series | pd.DataFrame | list | tuple):
        return True
    return getattr(member, "ndim", 0) > 0
