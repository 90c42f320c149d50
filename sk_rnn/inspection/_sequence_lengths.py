"""Lengths of sequences, and the padding in batches of them."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd

from ..sequences import (
    Panel,
    batch_bounds,
    check_positive,
    check_sequences,
    plain,
    quote,
    read_panel,
    seeded,
    training_batches,
)
from ._figures import merged, open_axes, whole_numbers

# Orders of the sequences over which the padding is averaged.
_N_ORDERS = 10


class SequenceLengthDisplay:
    r"""Histogram of the lengths of sequences, and how much of a batch would be padding.

    Create it with :meth:`from_sequences`; no estimator is needed.

    Parameters
    ----------
    lengths : ndarray of int of shape (n_samples,)
        Number of time steps of each sequence.
    batch_size : int
        Sequences per batch.
    random_padding : float
        Fraction of the time steps in batches of randomly chosen sequences that are padding.
    grouped_padding : float
        The same for batches of similar lengths, which the estimators of this package train on.
    index : Index of length n_samples, default=None
        Labels of the sequences.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    bars_ : matplotlib BarContainer
        The histogram.
    text_ : matplotlib Text
        The padding.

    Notes
    -----
    A batch of sequences with the lengths :math:`n_1, \ldots, n_B` is padded to the longest one, so
    that the fraction of padding over all batches b is

    .. math:: 1 - \frac{\sum_b \sum_i n_{bi}}{\sum_b B_b \max_i n_{bi}} ,

    which is averaged over ten random orders. The kernels of this package skip any remaining
    padding.

    Examples
    --------
    >>> from sk_rnn.inspection import SequenceLengthDisplay
    >>> display = SequenceLengthDisplay.from_sequences(["a", "abc", "ab", "abcd"], batch_size=4)
    >>> display.lengths.tolist(), display.random_padding
    ([1, 3, 2, 4], 0.375)
    >>> figure = display.plot().figure_
    """

    def __init__(
        self,
        *,
        lengths: np.ndarray,
        batch_size: int,
        random_padding: float,
        grouped_padding: float,
        index: Any = None,
    ) -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.random_padding = random_padding
        self.grouped_padding = grouped_padding
        self.index = index

    @classmethod
    def from_sequences(
        cls,
        X: Any,
        *,
        batch_size: int = 32,
        padding_value: float | None = None,
        random_state: int = 0,
    ) -> Self:
        """Count the time steps of each sequence.

        Parameters
        ----------
        X : sequences
            Any container that `fit` accepts; for strings, characters are counted.
        batch_size : int, default=32
            Sequences per batch.
        padding_value : float, default=None
            Value of padded time steps, which are not counted, as in the estimators.
        random_state : int, default=0
            Seed of the random orders.

        Returns
        -------
        display : SequenceLengthDisplay

        Raises
        ------
        TypeError, ValueError
            If X is not a container of sequences.
        """
        caller = f"{cls.__name__}.from_sequences"
        batch_size = check_positive(batch_size, "batch_size", caller)
        lengths, index = _read_lengths(X, padding_value, caller)

        def in_random_order(rng: np.random.RandomState) -> list[np.ndarray]:
            order = rng.permutation(len(lengths))
            bounds = batch_bounds(len(lengths), batch_size)
            return [order[start:stop] for start, stop in pairwise(bounds)]

        def grouped(rng: np.random.RandomState) -> list[np.ndarray]:
            return training_batches(lengths, batch_size, rng)

        return cls(
            lengths=lengths,
            batch_size=batch_size,
            random_padding=_mean_padding(lengths, in_random_order, seeded(random_state, caller)),
            grouped_padding=_mean_padding(lengths, grouped, seeded(random_state, caller)),
            index=index,
        )

    def plot(self, ax: Any = None, *, bins: Any = "auto", **kwargs: Any) -> Self:
        """Draw the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; by default, new ones.
        bins : int, sequence or str, default="auto"
            Bins of the histogram, as in :func:`numpy.histogram_bin_edges`. "auto" has one bin per
            length if there are at most 40 different ones.
        **kwargs
            Arguments of ``Axes.bar``.

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = open_axes(ax, f"{type(self).__name__}.plot")
        low, high = int(self.lengths.min()), int(self.lengths.max())
        if isinstance(bins, str) and bins == "auto" and high - low < 40:
            edges = np.arange(low, high + 2) - 0.5
        else:
            try:
                edges = np.histogram_bin_edges(self.lengths, bins=bins)
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"{type(self).__name__}.plot: bins={plain(bins)} cannot be used: "
                    f"{quote(error)}. Pass a number of bins, their edges, or 'auto'."
                ) from None
        counts, edges = np.histogram(self.lengths, edges)
        style = {"width": np.diff(edges), "align": "edge", "edgecolor": "white", "linewidth": 0.5}
        self.bars_ = self.ax_.bar(edges[:-1], counts, **merged(style, kwargs))
        middle = float(np.median(self.lengths))
        self.ax_.axvline(
            middle, color="black", linestyle=":", linewidth=1, label=f"median {middle:g}"
        )
        self.ax_.set_xlabel("time steps")
        self.ax_.set_ylabel("sequences")
        whole_numbers(self.ax_.yaxis)
        if high - low < 40:
            whole_numbers(self.ax_.xaxis)
        self.ax_.legend(fontsize="small", loc="upper right")
        self.text_ = self.ax_.set_title(
            f"padding in batches of {self.batch_size}: {self.random_padding:.0%} at random, "
            f"{self.grouped_padding:.0%} grouped by length",
            fontsize="medium",
        )
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return the lengths as a table.

        Returns
        -------
        table : DataFrame
            One row per sequence, with the column "n_timesteps".
        """
        return pd.DataFrame({"n_timesteps": self.lengths}, index=self.index)


def padding_fraction(lengths: np.ndarray, batches: list[np.ndarray]) -> float:
    """Return the fraction of padded time steps in batches of samples."""
    padded = sum(len(batch) * int(lengths[batch].max()) for batch in batches)
    return 1.0 - float(lengths.sum()) / padded if padded else 0.0


def _mean_padding(
    lengths: np.ndarray,
    draw: Callable[[np.random.RandomState], list[np.ndarray]],
    rng: np.random.RandomState,
) -> float:
    return float(np.mean([padding_fraction(lengths, draw(rng)) for _ in range(_N_ORDERS)]))


def _read_lengths(X: Any, padding_value: Any, caller: str) -> tuple[np.ndarray, Any]:
    if _holds_text(X):
        lengths = np.array([len(item) for item in X], dtype=np.int64)
        return lengths, X.index if isinstance(X, pd.Series) else None
    if padding_value is None:
        panel = X if isinstance(X, Panel) else read_panel(X, f"{caller}: X")
    else:
        panel = check_sequences(X, padding_value=padding_value, caller=caller)
    return panel.lengths, panel.index


def _holds_text(X: Any) -> bool:
    """Whether X is a container of strings, or of sequences of strings."""
    if not isinstance(X, list | tuple | np.ndarray | pd.Series):
        return False
    if (isinstance(X, np.ndarray) and X.ndim == 0) or not len(X):
        return False
    first = X.iloc[0] if isinstance(X, pd.Series) else X[0]
    if isinstance(first, str):
        return all(isinstance(item, str) for item in X)
    if not isinstance(first, list | tuple | np.ndarray) or not len(first):
        return False
    return all(
        isinstance(item, list | tuple | np.ndarray) and all(isinstance(one, str) for one in item)
        for item in X
    )
