"""A table of numbers at consecutive time steps of several series."""

from dataclasses import dataclass

import numpy as np

from ..sequences import offsets_of


@dataclass(frozen=True)
class Table:
    """Numbers at consecutive time steps, series after series.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        NaN where there is no value.
    offsets : ndarray of int64 of shape (n_series + 1,)
        Series `s` is ``values[offsets[s]:offsets[s + 1]]``.
    starts : ndarray of int64 of shape (n_series,)
        The place (see :class:`Clock`) of the first row of each series.
    step : int
        Places between consecutive rows.
    """

    values: np.ndarray
    offsets: np.ndarray
    starts: np.ndarray
    step: int

    def rows(self, series: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the row of each (series, place); -1 where the table has none."""
        step, rest = np.divmod(places - self.starts[series], self.step)
        row = self.offsets[series] + step
        there = (rest == 0) & (step >= 0) & (row < self.offsets[series + 1])
        return np.where(there, row, -1)

    def since(self, places: np.ndarray) -> "Table":
        """Return the rows at or after a place of each series, (n_series,)."""
        lengths = np.diff(self.offsets)
        skipped = np.clip(-((self.starts - places) // self.step), 0, lengths)
        series = np.repeat(np.arange(len(lengths)), lengths)
        keep = np.arange(len(self.values)) - self.offsets[series] >= skipped[series]
        return Table(
            self.values[keep],
            offsets_of(lengths - skipped),
            self.starts + self.step * skipped,
            self.step,
        )

    @property
    def ends(self) -> np.ndarray:
        """The place of the last row of each series; for an empty one, the place before `starts`."""
        return self.starts + self.step * (np.diff(self.offsets) - 1)

    def scattered(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the series and the place of each row."""
        lengths = np.diff(self.offsets)
        series = np.repeat(np.arange(len(lengths)), lengths)
        steps = np.arange(len(self.values)) - self.offsets[series]
        return series, self.starts[series] + self.step * steps


def tabulate(
    series: np.ndarray, places: np.ndarray, values: np.ndarray, n_series: int, step: int
) -> tuple[Table, np.ndarray]:
    """Return a table of rows in any order, with NaN in gaps.

    Parameters
    ----------
    series, places : ndarray of int of shape (n_rows,)
        Places of one series differ by multiples of `step`.
    values : ndarray of shape (n_rows, n_columns)
        If two rows have the same place, the later one is used.
    n_series, step : int

    Returns
    -------
    table : Table
    rows : ndarray of int64 of shape (n_rows,)
        The row in the table of each row.
    """
    top = np.iinfo(np.int64).max
    starts = np.full(n_series, top)
    np.minimum.at(starts, series, places)
    ends = np.full(n_series, -top)
    np.maximum.at(ends, series, places)
    empty = starts == top
    starts[empty], ends[empty] = 0, -step
    offsets = offsets_of((ends - starts) // step + 1)
    rows = offsets[series] + (places - starts[series]) // step
    table = np.full((offsets[-1], values.shape[1]), np.nan)
    table[rows] = values
    return Table(table, offsets, starts, step), rows
