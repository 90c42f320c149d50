"""SequenceSummarizer: one row of statistics per sequence."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted

from ..sequences import SealedState, check_sequences, fit_context, unchanged_on_failure
from ._steps import check_features, read_steps, step_feature_names

# Statistics are computed for blocks of whole sequences with about this many values, so that
# temporaries in float64 stay small and in the cache.
_BLOCK = 1 << 17

Statistic = Literal["mean", "std", "min", "max", "first", "last", "slope", "length"]


class SequenceSummarizer(TransformerMixin, SealedState):
    r"""Summarize each sequence by a fixed number of statistics.

    Followed by any scikit-learn estimator, this is a baseline that a recurrent network should
    outperform: apart from "first", "last" and "slope", the statistics ignore the order of the time
    steps.

    Parameters
    ----------
    statistics : default=("mean", "std", "min", "max", "first", "last", "slope", "length")
        Names of the statistics to compute, in this order: "mean", "std" (with ``ddof=0``), "min",
        "max", "first" and "last" (values at these time steps), "slope" (per time
        step, of the least-squares line), each for every feature, and "length", the number of
        time steps.

    Attributes
    ----------
    n_features_in_ : int
        Number of features per time step; the number of columns for a 2-D table, which has one.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features seen in `fit`. Defined only if all names are strings.

    See Also
    --------
    TimeDistributed : Transforms time steps and keeps the sequence.

    Notes
    -----
    The slope of a sequence :math:`x_0, \ldots, x_{T-1}` is
    :math:`\sum_t (t - \bar t)(x_t - \bar x) / \sum_t (t - \bar t)^2`, and 0 if :math:`T = 1`.

    Examples
    --------
    >>> from sk_rnn.preprocessing import SequenceSummarizer
    >>> summarizer = SequenceSummarizer(statistics=("mean", "slope", "length"))
    >>> summarizer.fit_transform([[1.0, 3.0, 5.0], [4.0]])
    array([[3., 2., 3.],
           [4., 0., 1.]])
    >>> summarizer.get_feature_names_out()
    array(['mean', 'slope', 'length'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"statistics": [list, tuple]}

    def __init__(
        self,
        *,
        statistics: list[Statistic] | tuple[Statistic, ...] = (
            "mean",
            "std",
            "min",
            "max",
            "first",
            "last",
            "slope",
            "length",
        ),
    ) -> None:
        self.statistics = statistics

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> Self:
        """Record the number and the names of the features.

        Parameters
        ----------
        X : array-like, list of array-like or Panel
            Sequences of finite numbers, in any container that the estimators accept.
        y : None, default=None
            Ignored.

        Returns
        -------
        self : object
        """
        _check_statistics(self.statistics, "SequenceSummarizer.fit")
        with unchanged_on_failure(self):
            self._read(X, "SequenceSummarizer.fit", reset=True)
        return self

    def transform(self, X: Any) -> Any:
        """Compute the statistics of each sequence.

        Parameters
        ----------
        X : array-like, list of array-like or Panel
            Sequences with the features seen in `fit`.

        Returns
        -------
        summary : ndarray of float64 of shape (n_samples, n_statistics)
            The columns are those of `get_feature_names_out`. A data frame, with
            ``set_output(transform="pandas")``, has the index of a Panel or a Series.
        """
        check_is_fitted(self)
        caller = "SequenceSummarizer.transform"
        _check_statistics(self.statistics, caller)  # they may have been changed after fit
        panel = self._read(X, caller, reset=False)
        with np.errstate(over="ignore", invalid="ignore"):  # overflow is reported below
            summary = summarize(panel.values, panel.offsets, self.statistics)
        finite = np.isfinite(summary)
        if not finite.all():
            sample, column = np.argwhere(~finite)[0]
            raise ValueError(
                f"{caller}: X[{sample}] has values so large that "
                f"{self.get_feature_names_out()[column]!r} is too large for float64. Rescale them "
                "first, as with TimeDistributed(MaxAbsScaler())."
            )
        if panel.index is None or _get_output_config("transform", self)["dense"] != "pandas":
            return summary
        return pd.DataFrame(summary, index=panel.index)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get the names of the columns: feature and statistic.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the input features; by default those seen in `fit`.

        Returns
        -------
        feature_names_out : ndarray of str of shape (n_statistics,)
            Only the statistic for a single feature without a name.
        """
        check_is_fitted(self)
        features = step_feature_names(self, input_features)
        names: list[str] = []
        for statistic in self.statistics:
            if statistic == "length" or not features:
                names.append(statistic)
            else:
                names += [f"{feature}_{statistic}" for feature in features]
        return np.asarray(names, dtype=object)

    def _read(self, X: Any, caller: str, *, reset: bool) -> Any:
        steps = read_steps(X, caller, fitted=None if reset else self)
        check_features(self, X, steps, caller, reset=reset)
        panel = steps.to_panel()
        return check_sequences(panel, dtype=panel.dtype, caller=caller)  # rejects NaN and infinity

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def summarize(values: np.ndarray, offsets: np.ndarray, statistics: Sequence[str]) -> np.ndarray:
    """Compute the statistics of finite, non-empty sequences.

    Parameters
    ----------
    values : ndarray of shape (total_steps, n_features)
        All time steps.
    offsets : ndarray of shape (n_samples + 1,)
        Offsets of the sequences.
    statistics : sequence of str
        Names of statistics.

    Returns
    -------
    summary : ndarray of float64 of shape (n_samples, n_statistics)
    """
    steps_per_block = max(1, _BLOCK // values.shape[1])
    blocks = []
    first = 0
    while first < len(offsets) - 1:
        last = int(np.searchsorted(offsets, offsets[first] + steps_per_block, side="right")) - 1
        last = max(last, first + 1)  # at least one sequence
        begin, end = offsets[first], offsets[last]
        block = _Sums(values[begin:end], offsets[first : last + 1] - begin)
        blocks.append(np.hstack([_STATISTICS[name](block) for name in statistics]))
        first = last
    return np.concatenate(blocks)


class _Sums:
    """A block of whole sequences, with cached intermediate results shared by the statistics."""

    def __init__(self, values: np.ndarray, offsets: np.ndarray) -> None:
        self.values = values.astype(np.float64)  # (steps, F)
        self.starts, self.stops = offsets[:-1], offsets[1:]
        self.lengths = np.diff(offsets)  # (n,)
        self._mean: np.ndarray | None = None
        self._centred: np.ndarray | None = None

    def sum(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self.starts, axis=0)  # (n, F)

    @property
    def mean(self) -> np.ndarray:
        if self._mean is None:
            self._mean = self.sum(self.values) / self.lengths[:, None]
        return self._mean

    @property
    def centred(self) -> np.ndarray:
        if self._centred is None:
            self._centred = self.values - np.repeat(self.mean, self.lengths, axis=0)
        return self._centred


def _std(block: _Sums) -> np.ndarray:
    return np.sqrt(block.sum(block.centred**2) / block.lengths[:, None])


def _slope(block: _Sums) -> np.ndarray:
    n = block.lengths
    middles = block.starts + (n - 1) / 2
    time = np.arange(len(block.values)) - np.repeat(middles, n)  # (steps,), centred
    squares = n * (n * n - 1.0) / 12.0  # sum of the centred times' squares
    slopes = block.sum(time[:, None] * block.centred)
    return slopes / np.where(squares > 0, squares, 1.0)[:, None]


_STATISTICS: dict[str, Callable[[_Sums], np.ndarray]] = {
    "mean": lambda block: block.mean,
    "std": _std,
    "min": lambda block: np.minimum.reduceat(block.values, block.starts, axis=0),
    "max": lambda block: np.maximum.reduceat(block.values, block.starts, axis=0),
    "first": lambda block: block.values[block.starts],
    "last": lambda block: block.values[block.stops - 1],
    "slope": _slope,
    "length": lambda block: block.lengths[:, None].astype(np.float64),
}


def _check_statistics(statistics: Any, caller: str) -> None:
    if not isinstance(statistics, list | tuple):
        raise TypeError(
            f"{caller}: statistics={statistics!r} is not a list or tuple. Pass names, as ['mean']."
        )
    known = list(_STATISTICS)
    if not statistics:
        raise ValueError(f"{caller}: statistics is empty. Name at least one of {known}.")
    for i, name in enumerate(statistics):
        if isinstance(name, str) and name in known:
            if name in statistics[:i]:
                raise ValueError(f"{caller}: statistics has {name!r} twice. Drop one.")
            continue
        near = get_close_matches(str(name), known, n=1)
        raise ValueError(
            f"{caller}: statistics has {name!r}, which is not one of {known}."
            + (f" Did you mean {near[0]!r}?" if near else "")
        )
