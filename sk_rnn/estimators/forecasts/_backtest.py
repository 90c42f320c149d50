"""Which origins of a backtest one model forecasts, and what that model may know."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ...forecasting import SeriesSet, Windows
from ...sequences import plain
from ._steps import cut_after


class Fold(NamedTuple):
    """Origins that are forecast by one model."""

    chosen: np.ndarray  # (n_chosen,) indices of windows
    last: np.ndarray  # (n_series,) place of the last time step that the model may know


def check_refit(refit: Any, caller: str) -> int:
    """Return the number of origins that each fit is used for; 0 for all of them."""
    if not isinstance(refit, bool | int | np.bool_ | np.integer) or refit < 0:
        raise ValueError(
            f"{caller}: refit={plain(refit)} must be True, False or a positive number of origins."
        )
    return int(refit)


def folds(origins: Windows, every: int) -> Iterator[Fold]:
    """Yield the folds of a backtest.

    Origins are counted by time, over all series, so that no forecast depends on any series' values
    after its origin. Series without times are independent, so their origins are counted within
    each.

    Parameters
    ----------
    origins : Windows
        From :func:`backtest_windows`.
    every : int
        Number of successive origins per fold; 0 for a single fold.
    """
    data, places = origins.data, origins.places()
    by_time = data.clock.kind != "position"
    number = np.unique(places, return_inverse=True)[1]
    if not by_time:
        first = np.flatnonzero(np.r_[True, np.diff(origins.series) != 0])
        counts = np.diff(np.r_[first, len(places)])
        number = np.arange(len(places)) - np.repeat(first, counts)
    group = number // every if every else np.zeros(len(places), dtype=np.int64)
    for g in range(int(group.max()) + 1):
        chosen = np.flatnonzero(group == g)
        last = np.full(data.n_series, places[chosen].min())
        if not by_time:
            last = data.ends.copy()  # of series without an origin
            # In reverse, so that the first origin of each series is what remains.
            last[origins.series[chosen][::-1]] = places[chosen][::-1]
        yield Fold(chosen, last)


def known_until(data: SeriesSet, last: np.ndarray) -> SeriesSet:
    """Return series up to a place of each; one missing value remains of those that begin later."""
    steps = (last - data.starts) // data.clock.step + 1
    shorter, _ = cut_after(data, np.maximum(steps, 1))
    values = shorter.values.copy()
    values[shorter.offsets[:-1][steps < 1]] = np.nan
    return replace(shorter, values=values)
