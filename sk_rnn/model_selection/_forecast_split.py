"""Time-based cross-validation of one or several series."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from ..forecasting import read_times
from ..sequences import (
    Int,
    Panel,
    argument,
    as_array,
    check_time_order,
    counted,
    name_kind,
    open_foreign,
    open_tensors,
    plain,
    refuse_matrices,
)

_SPLIT = "ForecastSplit.split: "  # the beginning of error messages


class ForecastSplit(BaseCrossValidator):
    """Time series cross-validator for one or several series.

    Each series is split individually: its last test set ends with the series, and each earlier one
    ends `step` rows before the next. For a single series, the result is that of scikit-learn's
    ``TimeSeriesSplit(n_splits, test_size=horizon, gap=gap, max_train_size=max_train_size)``. For a
    long DataFrame of many series, the latter would split the rows, so training and test sets would
    contain different series.

    Parameters
    ----------
    n_splits : int, default=5
        Number of splits. Must be at least 1.
    horizon : int, default=1
        Number of rows per series in each test set, that is, the number of steps to forecast.
    step : int, default=None
        Number of rows between the starts of consecutive test sets; by default `horizon`, so that
        they are adjacent. With smaller values they overlap.
    gap : int, default=0
        Number of rows to exclude from the end of each training set before the test set.
    max_train_size : int, default=None
        Maximum number of rows per series in a training set; by default, all rows before the gap.

    See Also
    --------
    sklearn.model_selection.TimeSeriesSplit : The same for one series.

    Notes
    -----
    All sizes are numbers of rows: time steps without a row are not counted. Series that are too
    short for a split are excluded from it, because a forecast requires previous values.

    scikit-learn cannot index the rows of a dict, a list or a Panel of series: use :meth:`cut`, or
    pass one long Series.

    Examples
    --------
    Two shops, one of which opened later:

    >>> import pandas as pd
    >>> from sk_rnn.model_selection import ForecastSplit
    >>> days = pd.date_range("2026-01-01", periods=5, name="day")
    >>> sales = pd.concat({"a": pd.Series(range(5), days), "b": pd.Series(range(3), days[2:])},
    ...                   names=["shop"])
    >>> train, test = next(ForecastSplit(n_splits=1, horizon=2).split(sales))
    >>> sales.iloc[test].to_dict() == {
    ...     ("a", days[3]): 3, ("a", days[4]): 4, ("b", days[3]): 1, ("b", days[4]): 2}
    True
    >>> train.tolist()
    [0, 1, 2, 5]

    As the `cv` of a search:

    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.model_selection import cross_val_score
    >>> cv = ForecastSplit(n_splits=3, horizon=1)
    >>> X, scoring = sales.to_frame(), "neg_mean_absolute_error"
    >>> cross_val_score(DummyRegressor(), X, sales, cv=cv, scoring=scoring).round(2).tolist()
    [-1.5, -1.25, -1.83]
    """

    def __init__(
        self,
        n_splits: Int = 5,
        horizon: Int = 1,
        *,
        step: Int | None = None,
        gap: Int = 0,
        max_train_size: Int | None = None,
    ) -> None:
        self.n_splits = n_splits
        self.horizon = horizon
        self.step = step
        self.gap = gap
        self.max_train_size = max_train_size

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored.

        Returns
        -------
        n_splits : int
        """
        return _check(self.n_splits, "n_splits", 1)

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate indices to split data into training and test set, earliest first.

        Parameters
        ----------
        X : Series, DataFrame or array
            The series if `y` is None, otherwise their covariates. Rows are time steps. With a
            MultiIndex whose last level contains times, the rows of each id are one series.
        y : Series, DataFrame or array, default=None
            The series. The index of `X` is used if `y` has none.
        groups : object, default=None
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Positions of rows, in increasing order.

        Raises
        ------
        TypeError
            If the data has no rows that can be indexed.
        ValueError
            If no series is long enough, or a series is not in chronological order.
        """
        settings = self._settings()
        series, name = _series_of_rows(X, y)
        order = np.argsort(series, kind="stable")
        lengths = np.bincount(series)
        return self._rows(order, lengths, settings, name)

    def cut(self, y: Any) -> Iterator[tuple[Any, Any]]:
        """Generate the training and test set of each split, as objects of the type of y.

        Parameters
        ----------
        y : Series, DataFrame, array, dict, list or Panel
            Series in any supported container. Series of a dict, a list or a Panel that are too
            short for a split are excluded from it.

        Yields
        ------
        train, test : object
            Of the type of `y`.

        Examples
        --------
        >>> from sk_rnn.model_selection import ForecastSplit
        >>> for train, test in ForecastSplit(n_splits=2, horizon=1).cut({"a": [1, 2, 3, 4]}):
        ...     print(train, test)
        {'a': [1, 2]} {'a': [3]}
        {'a': [1, 2, 3]} {'a': [4]}
        """
        settings = self._settings()
        refuse_matrices(y, "ForecastSplit.cut: y")
        y = open_tensors(y, "ForecastSplit.cut: y")
        if isinstance(y, Panel):
            return self._cut_panel(y, settings)
        if isinstance(y, Mapping):
            return self._cut_members(dict(y), settings)
        if _is_ragged(y):
            members = dict(enumerate(y))
            return (
                (list(a.values()), list(b.values()))
                for a, b in self._cut_members(members, settings)
            )
        if isinstance(y, list | tuple):
            rows = self._rows(np.arange(len(y)), np.array([len(y)]), settings, "y")
            return (([y[i] for i in train], [y[i] for i in test]) for train, test in rows)
        _n_rows(y, "ForecastSplit.cut: y")
        is_polars = type(y).__module__.partition(".")[0] == "polars"  # its rows can be indexed
        opened = y if is_polars else open_foreign(y, "ForecastSplit.cut: y")
        if not is_polars and not isinstance(opened, pd.Series | pd.DataFrame | np.ndarray):
            opened = as_array(opened, "ForecastSplit.cut: y", "Pass a Series, a frame or an array.")
            if _is_ragged(opened):
                return self.cut(list(opened))
        select = opened.iloc if isinstance(opened, pd.Series | pd.DataFrame) else opened
        return ((select[train], select[test]) for train, test in self.split(opened))

    def _settings(self) -> tuple[int, int, int, int, int | None]:
        horizon = _check(self.horizon, "horizon", 1)
        step = horizon if self.step is None else _check(self.step, "step", 1)
        max_train_size = self.max_train_size
        return (
            _check(self.n_splits, "n_splits", 1),
            horizon,
            step,
            _check(self.gap, "gap", 0),
            None if max_train_size is None else _check(max_train_size, "max_train_size", 1),
        )

    def _rows(
        self, order: np.ndarray, lengths: np.ndarray, settings: Any, name: str
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield row positions, given those of all series, one series after the other."""
        bounds = list(_bounds(lengths, settings, name))
        starts = np.cumsum(lengths) - lengths
        return (
            (
                np.sort(order[_ranges(starts + first, stop - first)]),
                np.sort(order[_ranges(starts + begin, end - begin)]),
            )
            for first, stop, begin, end in bounds
        )

    def _cut_panel(self, panel: Panel, settings: Any) -> Iterator[tuple[Panel, Panel]]:
        for first, stop, begin, end in _bounds(panel.lengths, settings, "y"):
            there = end > begin
            yield panel.cut(first, stop)[there], panel.cut(begin, end)[there]

    def _cut_members(
        self, members: dict[Any, Any], settings: Any
    ) -> Iterator[tuple[dict[Any, Any], dict[Any, Any]]]:
        for key, member in members.items():
            _n_rows(member, f"ForecastSplit.cut: y[{plain(key)}]")
        lengths = np.array([len(member) for member in members.values()])
        for bounds in _bounds(lengths, settings, "y"):
            parts: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
            for (key, member), one in zip(
                members.items(), np.stack(bounds, axis=1).tolist(), strict=True
            ):
                if one[3] > one[2]:
                    rows = member.iloc if isinstance(member, pd.Series | pd.DataFrame) else member
                    parts[0][key], parts[1][key] = rows[one[0] : one[1]], rows[one[2] : one[3]]
            yield parts


def _bounds(
    lengths: np.ndarray, settings: tuple[int, int, int, int, int | None], name: str
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Return, for each split, the starts and stops of the training and test set of each series.

    All four are zero for series without a training row in the split.
    """
    n_splits, horizon, step, gap, max_train_size = settings
    needed = horizon + (n_splits - 1) * step + gap + 1
    if lengths.max(initial=0) < needed:
        which = name if len(lengths) == 1 else f"the longest of {len(lengths)} series in {name}"
        raise ValueError(
            f"ForecastSplit.split: n_splits={n_splits} with horizon={horizon}, step={step} and "
            f"gap={gap} needs {counted(needed, 'row')}, but {which} has {lengths.max(initial=0)}. "
            "Pass longer series, or fewer splits."
        )
    return (
        _split_bounds(lengths, k, horizon, step, gap, max_train_size)
        for k in range(n_splits - 1, -1, -1)
    )


def _split_bounds(
    lengths: np.ndarray, k: int, horizon: int, step: int, gap: int, max_train_size: int | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    end = lengths - k * step
    begin = end - horizon
    stop = begin - gap
    there = stop >= 1
    first = (
        np.zeros_like(lengths) if max_train_size is None else np.maximum(stop - max_train_size, 0)
    )
    first, stop, begin, end = (np.where(there, bound, 0) for bound in (first, stop, begin, end))
    return first, stop, begin, end


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the concatenation of several ranges."""
    before = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - before, lengths)


def _series_of_rows(X: Any, y: Any) -> tuple[np.ndarray, str]:
    """Return the series of each row as an integer, and the name of the argument it is from."""
    X, y = open_tensors(X, f"{_SPLIT}X"), open_tensors(y, f"{_SPLIT}y")
    name = "X" if y is None else "y"
    data = X if y is None else y
    for given, called in ((X, "X"), (y, "y")):
        nested = given is data and _is_ragged(given)  # X may be a nested list of covariates
        if isinstance(given, Panel | Mapping) or nested:
            raise TypeError(
                f"{_SPLIT}{called} is a {type(given).__name__} of series, which scikit-learn "
                "indexes by series, not by time step. Pass a Series with a MultiIndex of ids and "
                f"times (pd.concat of a dict of Series is one), or call cut({called})."
            )
    n_rows = _n_rows(data, f"{_SPLIT}{name}")
    if y is not None and X is not None:
        n_x = _n_rows(X, f"{_SPLIT}X")
        if n_x != n_rows:
            raise ValueError(
                f"{_SPLIT}X has {counted(n_x, 'row')}, but y has {n_rows}. Pass the same rows in "
                "both."
            )
    index = _index_of(data)
    if index is None and y is not None:
        index, name = _index_of(X), "X"
    if index is None or n_rows == 0:
        return np.zeros(n_rows, dtype=np.int64), name
    where = f"{_SPLIT}{name}"
    if index.nlevels == 1:
        check_time_order(index, where)
        return np.zeros(n_rows, dtype=np.int64), name
    levels: Any = index
    codes, _ = pd.factorize(levels.droplevel(-1))
    if (codes < 0).any():
        raise ValueError(
            f"{where} has a missing id in row {int(np.argmax(codes < 0))} of its index. Fill in or "
            "drop such rows."
        )
    _check_times(codes, index, where)
    return codes, name


def _check_times(codes: np.ndarray, index: pd.Index, where: str) -> None:
    """Raise if the rows of an id are not in chronological order."""
    times = read_times(index.get_level_values(-1), where)
    order = np.argsort(codes, kind="stable")
    ordered, series = times[order], codes[order]
    falls = (series[1:] == series[:-1]) & ~(ordered[1:] > ordered[:-1])
    if falls.any():
        i = int(np.argmax(falls)) + 1
        row, before = int(order[i]), int(order[i - 1])
        again = ordered[i] == ordered[i - 1]
        shown = tuple(map(str, index[row]))
        what = f"row {row}, {shown}, comes after row {before}, {tuple(map(str, index[before]))}"
        advice = f"Pass {argument(where)}.sort_index()."
        if again:
            what = f"{shown} is in rows {before} and {row}"
            advice = "Aggregate or drop rows with the same time."
        raise ValueError(f"{where} is not in chronological order: {what}. {advice}")


def _index_of(data: Any) -> pd.Index | None:
    """Return the index of pandas objects, or None if it is a RangeIndex."""
    index = getattr(data, "index", None)
    if not isinstance(index, pd.Index) or isinstance(index, pd.RangeIndex):
        return None
    return index


def _n_rows(data: Any, where: str) -> int:
    shape = getattr(data, "shape", None)
    if isinstance(shape, tuple) and shape:
        return int(shape[0])
    sized = hasattr(type(data), "__len__") and not isinstance(shape, tuple)
    if not sized or isinstance(data, str | bytes | Mapping | AbstractSet | type):
        raise TypeError(
            f"{where} is {name_kind(data)}, which has no rows. Pass a Series, a DataFrame or an "
            "array with one row per time step."
        )
    return len(data)


def _is_ragged(data: Any) -> bool:
    """Return whether a list or an object array contains series rather than numbers."""
    if isinstance(data, pd.Series | np.ndarray) and data.dtype != object:
        return False
    if not isinstance(data, list | tuple | pd.Series | np.ndarray) or len(data) == 0:
        return False
    first = data.iloc[0] if isinstance(data, pd.Series) else data[0]
    if isinstance(data, np.ndarray) and data.ndim > 1:
        return False
    return isinstance(first, list | tuple | np.ndarray | pd.Series | pd.DataFrame)


def _check(value: Any, name: str, minimum: int) -> int:
    integer = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not integer or value < minimum:
        kind = ValueError if integer else TypeError
        raise kind(
            f"ForecastSplit: {name} must be an integer, {minimum} or greater; got {plain(value)}."
        )
    return int(value)
