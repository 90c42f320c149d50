"""Validation of series for training, and warnings."""

import warnings
from typing import Any

import numpy as np

from ..sequences import counted, level_of_user
from ._series import SeriesSet


def check_series(data: SeriesSet, horizon: int, where: str) -> np.ndarray:
    """Return whether each series can be trained on, and warn about probable mistakes.

    Parameters
    ----------
    data : SeriesSet
    horizon : int
        A series needs two additional time steps, at least one of which is observed.
    where : str
        Name of the series in error messages: the caller and the argument.

    Returns
    -------
    usable : ndarray of bool of shape (n_series,)

    Raises
    ------
    ValueError
        If none can be trained on.

    Warns
    -----
    UserWarning
        If some are too short, if most values are missing, or if a 2-D array has more columns than
        rows.
    """
    needed = horizon + 2
    observed = ~np.isnan(data.values)
    counts = np.add.reduceat(observed.astype(np.int64), data.offsets[:-1])
    usable = (data.lengths >= needed) & (counts >= 2)
    if not usable.any():
        longest = int(data.lengths.max())
        which = "it has" if data.n_series == 1 else f"the longest of {data.n_series} series has"
        seen = int(counts.max())
        few = f", {seen} of them observed," if longest >= needed else ""
        # n_samples is what scikit-learn's own checks look for.
        raise ValueError(
            f"{where} is too short: horizon={horizon} needs {needed} time steps, two or more of "
            f"them observed, but {which} {longest}{few} (n_samples={longest}). Pass longer series, "
            "or a smaller horizon."
        )
    if not usable.all():
        n = int((~usable).sum())
        _warn(
            f"{where} has {n} of {data.n_series} series that are too short to train on: "
            f"horizon={horizon} needs {needed} time steps, two or more of them observed. They "
            "are forecast nevertheless."
        )
    if data.n_missing > len(data.values) / 2:
        inserted = counted(data.n_inserted, "time step")
        _warn(
            f"{where} has {data.n_missing} missing values of {len(data.values)}, more than half; "
            f"{inserted} had no row. If the frequency {_frequency(data)} is too fine, set freq, or "
            "resample the series."
        )
    if data.layout.form == "matrix" and data.n_series > data.lengths.max():
        _warn(
            f"{where} has {data.lengths.max()} rows and {data.n_series} columns. Rows are time "
            "steps, columns are series: pass the transpose if it is the other way round."
        )
    return usable


def _frequency(data: SeriesSet) -> Any:
    return repr(data.clock.freq) if data.clock.freq else data.clock.step


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=level_of_user())
