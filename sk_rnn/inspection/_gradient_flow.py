"""Gradient of the states by distance from the end: vanishing and exploding gradients."""

from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from ._estimators import WITH_ENCODER, estimator_name, open_estimator
from ._figures import merged, open_axes, whole_numbers
from ._half_life import describe_half_life, half_life


class GradientFlowDisplay:
    r"""Norm of the gradient of the states by distance in time steps.

    It shows how far back in time a network can learn: where the norm falls towards zero, earlier
    time steps have no influence on the weights (vanishing gradients); where it grows, training is
    unstable (exploding gradients). Create it with :meth:`from_estimator`.

    Parameters
    ----------
    distances : ndarray of int of shape (n_distances,)
        Time steps before the one that a direction reads last.
    norms : ndarray of shape (n_curves, n_distances)
        Mean norm of the gradient, for each layer and direction.
    layers : list of int
        Layer of each curve, starting from 1.
    directions : list of str
        Direction of each curve: "forward" or "backward".
    n_sequences : ndarray of int of shape (n_distances,)
        Number of sequences that are long enough for each distance.
    source : {"loss", "state"}, default="loss"
        The quantity whose gradient is computed: see :meth:`from_estimator`.
    name : str, default=None
        Name of the estimator.

    Attributes
    ----------
    half_lives : ndarray of shape (n_curves,)
        Number of time steps in which the norm halves, from a line fitted to its logarithm. If the
        norm grows, minus the number of steps in which it doubles; infinite if it is constant.
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    lines_ : list of matplotlib Line2D
        One per layer and direction.

    Notes
    -----
    Let :math:`s_t` be the state of a layer in one direction after time step t: the hidden state
    and, of an LSTM, also the cell state, as two independent inputs of what follows. T is the step
    that the direction reads last: the last one of the sequence for the forward direction, the first
    one for the backward direction. Distances are counted from there. For the loss :math:`L_i` of
    sequence i, the norm at distance d is

    .. math:: g(d) = \frac{1}{n_d} \sum_{i:\, T_i > d}
              \left\lVert \frac{\mathrm{d} L_i}{\mathrm{d} s^{(i)}_{T_i - d}} \right\rVert_2 ,

    the mean over the :math:`n_d` sequences with a state at this distance. This is the total
    derivative, through all later states and all layers above, in evaluation mode and in float64. A
    pooling that reads all states, such as "mean", contributes to every distance. With outputs per
    time step, the loss is that of step T only. The half-life is :math:`-1/b`, where b is the slope
    of :math:`\log_2 g(d)` on d, by least squares with weights :math:`n_d`.

    References
    ----------
    Bengio, Y., Simard, P. & Frasconi, P. (1994). Learning long-term dependencies with gradient
    descent is difficult. IEEE Transactions on Neural Networks.

    Pascanu, R., Mikolov, T. & Bengio, Y. (2013). On the difficulty of training recurrent neural
    networks. ICML.

    Examples
    --------
    >>> from sk_rnn import RNNClassifier
    >>> from sk_rnn.datasets import make_memory_task
    >>> from sk_rnn.inspection import GradientFlowDisplay
    >>> X, y = make_memory_task(40, n_timesteps=12, lag=8, random_state=0)
    >>> clf = RNNClassifier(
    ...     cell="rnn_tanh", hidden_size=4, pooling="last", max_epochs=3, random_state=0
    ... ).fit(X, y)
    >>> display = GradientFlowDisplay.from_estimator(clf, X, y)
    >>> display.to_frame().columns.tolist()
    ['layer', 'direction', 'distance', 'norm', 'n_sequences']
    >>> display.half_lives.shape
    (2,)
    >>> figure = display.plot().figure_
    """

    def __init__(
        self,
        *,
        distances: np.ndarray,
        norms: np.ndarray,
        layers: list[int],
        directions: list[str],
        n_sequences: np.ndarray,
        source: Literal["loss", "state"] = "loss",
        name: str | None = None,
    ) -> None:
        self.distances = distances
        self.norms = norms
        self.layers = layers
        self.directions = directions
        self.n_sequences = n_sequences
        self.source = source
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        source: Literal["loss", "state"] = "loss",
        name: str | None = None,
        random_state: int = 0,
    ) -> Self:
        """Compute the gradients of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted RNNClassifier, RNNRegressor, RNNLanguageModel, RNNTranscriber or
            Seq2SeqTransformer (whose encoder is shown) with a built-in cell, or a pipeline that
            ends with one.
        X : sequences
            Sequences, as in `fit`. A few hundred are enough.
        y : targets of X, default=None
            Their targets. Not needed by language models, or with ``source="state"``.
        source : {"loss", "state"}, default="loss"
            "loss" for the gradient of the loss of each sequence. "state" for that of a random
            projection (a unit vector) of the last state of the last layer: it shows the recurrence
            alone, without pooling, output layer and targets.
        name : str, default=None
            Name in the legend; by default, that of the class.
        random_state : int, default=0
            Seed of the random projections.

        Returns
        -------
        display : GradientFlowDisplay

        Raises
        ------
        TypeError, ValueError
            If the network does not have accessible states, or y is missing.
        """
        caller = f"{cls.__name__}.from_estimator"
        if source not in ("loss", "state"):
            raise ValueError(f"{caller}: source must be 'loss' or 'state', got {source!r} instead.")
        model, X, _ = open_estimator(estimator, X, caller, WITH_ENCODER, "_gradient_flow")
        flow = model._gradient_flow(X, y, source, random_state, caller)
        return cls(
            distances=flow.distances,
            norms=np.stack(list(flow.norms.values())),
            layers=[layer for layer, _ in flow.norms],
            directions=[direction for _, direction in flow.norms],
            n_sequences=flow.counts,
            source=source,
            name=estimator_name(estimator) if name is None else str(name),
        )

    @property
    def half_lives(self) -> np.ndarray:
        """Number of time steps in which each norm halves."""
        return np.array(
            [half_life(self.distances, norms, self.n_sequences) for norms in self.norms]
        )

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the norms on a logarithmic scale.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on, such as `ax_` of another display, to compare estimators; by default,
            new ones.
        **kwargs
            Arguments of ``Axes.plot`` for all lines.

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = open_axes(ax, f"{type(self).__name__}.plot")
        self.lines_ = []
        several_layers, both = len(set(self.layers)) > 1, len(set(self.directions)) > 1
        curves = zip(self.layers, self.directions, self.norms, self.half_lives, strict=True)
        for layer, direction, norms, half in curves:
            parts = [] if self.name is None else [self.name]
            parts += [f"layer {layer}"] * several_layers + [direction] * both
            label = f"{', '.join(parts)}: {describe_half_life(half)}".removeprefix(": ")
            shown = np.where(norms > 0, norms, np.nan)
            style: dict[str, Any] = {
                "label": label,
                "linestyle": "--" if direction == "backward" else "-",
            }
            style["marker"] = "o" if len(norms) == 1 else None
            self.lines_ += self.ax_.plot(self.distances, shown, **merged(style, kwargs))
        self.ax_.set_yscale("log")
        self.ax_.set_xlabel("time steps before the last one that is read")
        of = "loss" if self.source == "loss" else "last state"
        self.ax_.set_ylabel(f"norm of the gradient of the {of}")
        whole_numbers(self.ax_.xaxis)
        self.ax_.grid(alpha=0.3)
        self.ax_.legend(fontsize="small")
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return the norms as a table.

        Returns
        -------
        table : DataFrame
            One row per layer, direction and distance, with the columns "layer", "direction",
            "distance", "norm" and "n_sequences".
        """
        n = len(self.distances)
        return pd.DataFrame(
            {
                "layer": np.repeat(self.layers, n),
                "direction": np.repeat(self.directions, n),
                "distance": np.tile(self.distances, len(self.layers)),
                "norm": self.norms.ravel(),
                "n_sequences": np.tile(self.n_sequences, len(self.layers)),
            }
        )
