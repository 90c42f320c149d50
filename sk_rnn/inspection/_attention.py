"""Attention of the decoder over the source, or of pooling over the time steps."""

from typing import Any, Self

import numpy as np
import pandas as pd

from ..sequences import check_index
from ._estimators import open_estimator
from ._figures import (
    label_tokens,
    merged,
    name_features,
    open_axes,
    open_panels,
    plot_features,
    whole_numbers,
)

_ACCEPTED = (
    "a fitted Seq2SeqTransformer with attention, or an RNNClassifier or RNNRegressor with "
    "pooling='attention'"
)


class AttentionDisplay:
    """Attention weights of one sequence.

    For a `Seq2SeqTransformer`, the soft alignment: how much each step of the target attends to each
    step of the source. For an `RNNClassifier` or `RNNRegressor` with ``pooling="attention"``, the
    weight of each time step in the pooled vector. Create it with :meth:`from_estimator`.

    Parameters
    ----------
    weights : ndarray of shape (n_target_steps, n_source_steps)
        Each row sums to one. For attention pooling, there is one row.
    source : list
        Tokens or indices of the source steps.
    target : list, default=None
        Tokens or indices of the target steps; None for a pooling.
    values : ndarray of shape (n_timesteps, n_features), default=None
        The sequence of numbers that a pooling reads, which is drawn above its weights.
    feature_names : list of str, default=None
        Names of its features.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes with the weights.
    axes_ : list of matplotlib Axes
        All axes; that of the series, if it is drawn, comes first.
    image_ : matplotlib AxesImage
        The heat map of an alignment; None for a pooling.
    bars_ : matplotlib BarContainer or Line2D
        The weights of a pooling; None for an alignment.
    colorbar_ : matplotlib Colorbar
        The colorbar of an alignment; None for a pooling.

    References
    ----------
    Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to
    align and translate. ICLR.

    Yang, Z. et al. (2016). Hierarchical attention networks for document classification. NAACL.

    Examples
    --------
    >>> from sk_rnn import Seq2SeqTransformer
    >>> from sk_rnn.inspection import AttentionDisplay
    >>> X, y = ["ab", "ba", "aab"] * 5, ["BA", "AB", "BAA"] * 5
    >>> model = Seq2SeqTransformer(hidden_size=8, max_epochs=2, random_state=0).fit(X, y)
    >>> display = AttentionDisplay.from_estimator(model, ["aab"], ["BAA"])
    >>> display.source, display.target
    (['a', 'a', 'b', '<end>'], ['B', 'A', 'A', '<end>'])
    >>> figure = display.plot().figure_
    """

    def __init__(
        self,
        *,
        weights: np.ndarray,
        source: list[Any],
        target: list[Any] | None = None,
        values: np.ndarray | None = None,
        feature_names: list[str] | None = None,
    ) -> None:
        self.weights = weights
        self.source = source
        self.target = target
        self.values = values
        self.feature_names = feature_names

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any = None, *, sample: int = 0) -> Self:
        """Compute the attention weights of one sequence.

        Parameters
        ----------
        estimator : estimator
            A fitted Seq2SeqTransformer with attention, an RNNClassifier or RNNRegressor with
            ``pooling="attention"``, or a pipeline that ends with one.
        X : sequences
            Sequences, as in `fit`.
        y : targets of X, default=None
            Targets of a Seq2SeqTransformer; by default, the predicted ones.
        sample : int, default=0
            Index of the sequence to show.

        Returns
        -------
        display : AttentionDisplay

        Raises
        ------
        ValueError
            If the estimator was fitted without attention.
        """
        caller = f"{cls.__name__}.from_estimator"
        opened = open_estimator(estimator, X, caller, _ACCEPTED, "_pooling_weights")
        model, X = opened.model, opened.X
        if hasattr(model.module_, "decoder"):  # of a Seq2SeqTransformer
            alignments = model.align(X, y)
            place = check_index(sample, len(alignments), "sample", "sequence", caller)
            alignment = alignments[place]
            return cls(
                weights=np.asarray(alignment.weights),
                source=list(alignment.source),
                target=list(alignment.target),
            )
        found = model._pooling_weights(X, sample, caller)
        tokens = opened.tokens(found)
        return cls(
            weights=found["weights"][None],
            source=found["labels"] if tokens is None else tokens,
            values=found["values"] if tokens is None else None,
            feature_names=None if found["feature_names"] is None else list(found["feature_names"]),
        )

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw a heat map of an alignment, or the weights of a pooling below the series.

        Parameters
        ----------
        ax : matplotlib Axes, or array of them, default=None
            Axes to draw on; by default, new ones. A single axes is divided if a series is drawn
            above the weights.
        **kwargs
            Arguments of ``Axes.imshow`` for an alignment, of ``Axes.bar`` for a pooling over
            tokens, and of ``Axes.plot`` for the weights of a pooling over a series.

        Returns
        -------
        self
        """
        self.image_ = self.bars_ = self.colorbar_ = None
        if self.target is None:
            self._plot_pooling(ax, kwargs)
        else:
            self._plot_alignment(ax, kwargs)
        return self

    def _plot_alignment(self, ax: Any, kwargs: dict[str, Any]) -> None:
        target = self.target or []
        width = min(12.0, 2.5 + 0.32 * len(self.source))
        height = min(12.0, 1.5 + 0.32 * len(target))
        caller = f"{type(self).__name__}.plot"
        self.figure_, self.ax_ = open_axes(ax, caller, (max(width, 3.5), max(height, 3.0)))
        self.axes_ = [self.ax_]
        style = {"cmap": "Blues", "vmin": 0.0, "vmax": 1.0, "aspect": "auto"}
        self.image_ = self.ax_.imshow(self.weights, **merged(style, kwargs))
        label_tokens(self.ax_.xaxis, range(len(self.source)), self.source, rotate=True)
        label_tokens(self.ax_.yaxis, range(len(target)), target, rotate=False)
        self.ax_.set_xlabel("source")
        self.ax_.set_ylabel("target")
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=self.ax_, label="attention weight")

    def _plot_pooling(self, ax: Any, kwargs: dict[str, Any]) -> None:
        caller, weights = f"{type(self).__name__}.plot", self.weights[0]
        if self.values is None:
            width = min(12.0, max(4.0, 1.5 + 0.3 * len(self.source)))
            self.figure_, self.ax_ = open_axes(ax, caller, (width, 3.2))
            self.axes_ = [self.ax_]
            places = np.arange(len(weights))
            self.bars_ = self.ax_.bar(places, weights, **kwargs)
            label_tokens(self.ax_.xaxis, places, self.source, rotate=True)
            self.ax_.set_xlabel("token")
        else:
            self.figure_, self.axes_ = open_panels(ax, 2, caller, (6.4, 4.8))
            above, self.ax_ = self.axes_
            plot_features(
                above, self.values, name_features(self.feature_names, self.values.shape[1])
            )
            (self.bars_,) = self.ax_.plot(
                self.source, weights, **merged({"color": "black", "drawstyle": "steps-mid"}, kwargs)
            )
            self.ax_.fill_between(self.source, weights, step="mid", alpha=0.25, color="gray")
            self.ax_.set_xlabel("time step")
            whole_numbers(self.ax_.xaxis)
        self.ax_.axhline(1 / len(weights), color="gray", linewidth=0.8, linestyle=":")
        self.ax_.set_ylim(bottom=0, auto=True)  # larger weights, drawn later, fit in
        self.ax_.set_ylabel("attention weight")

    def to_frame(self) -> pd.DataFrame:
        """Return the weights as a table.

        Returns
        -------
        table : DataFrame
            For an alignment, one row per target step and one column per source step, with their
            tokens as index and columns. For attention pooling, one row per step, with the columns
            "step" and "weight".
        """
        if self.target is None:
            return pd.DataFrame({"step": self.source, "weight": self.weights[0]})
        return pd.DataFrame(
            self.weights,
            index=pd.Index(self.target, name="target"),
            columns=pd.Index(self.source, name="source"),
        )
