"""Training curves: loss, validation score, learning rate."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from ._estimators import estimator_name, open_estimator
from ._figures import merged, open_panels, whole_numbers

_ACCEPTED = "a fitted estimator of sk_rnn, or a dict or list of them"

_KEPT = "weights that are kept"  # in the legend


class TrainingCurveDisplay:
    """Loss, validation score and learning rate of each epoch, for one or several estimators.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    names : list of str
        Names of the estimators.
    losses : list of ndarray of shape (n_epochs,)
        Training loss after each epoch, one array per estimator.
    validation_scores : list of ndarray of shape (n_epochs,)
        Validation score after each epoch; larger is better. NaN if there is none.
    learning_rates : list of ndarray of shape (n_epochs,)
        Learning rate of the last step of each epoch. NaN if it is not known.
    best_epochs : list of int
        Epoch, counted from 1, whose weights were kept.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : list of matplotlib Axes
        One per panel.
    ax_ : matplotlib Axes
        The first panel, with the losses.
    lines_ : list of dict
        The lines of each estimator, by "loss", "validation_score" and "learning_rate".

    Examples
    --------
    >>> from sk_rnn import RNNClassifier
    >>> from sk_rnn.datasets import make_memory_task
    >>> from sk_rnn.inspection import TrainingCurveDisplay
    >>> X, y = make_memory_task(40, n_timesteps=5, lag=2, random_state=0)
    >>> models = {
    ...     cell: RNNClassifier(cell=cell, hidden_size=4, max_epochs=3, random_state=0).fit(X, y)
    ...     for cell in ("gru", "lstm")
    ... }
    >>> display = TrainingCurveDisplay.from_estimator(models)
    >>> display.to_frame().columns.tolist()
    ['estimator', 'epoch', 'loss', 'validation_score', 'learning_rate', 'is_best']
    >>> figure = display.plot().figure_
    """

    def __init__(
        self,
        *,
        names: list[str],
        losses: list[np.ndarray],
        validation_scores: list[np.ndarray],
        learning_rates: list[np.ndarray],
        best_epochs: list[int],
    ) -> None:
        self.names = names
        self.losses = losses
        self.validation_scores = validation_scores
        self.learning_rates = learning_rates
        self.best_epochs = best_epochs

    @classmethod
    def from_estimator(cls, estimator: Any) -> Self:
        """Read the curves of fitted estimators.

        Parameters
        ----------
        estimator : estimator, dict or list
            A fitted estimator of this package, a pipeline that ends with one, or several: a dict
            from names to estimators, or a list.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        TypeError
            If it is not an estimator of this package.
        """
        caller = f"{cls.__name__}.from_estimator"
        if isinstance(estimator, Mapping):
            named = {str(name): model for name, model in estimator.items()}
        elif isinstance(estimator, Sequence) and not isinstance(estimator, str):
            names = [estimator_name(model) for model in estimator]
            if len(set(names)) < len(names):
                names = [f"{name} {i}" for i, name in enumerate(names, start=1)]
            named = dict(zip(names, estimator, strict=True))
        else:
            named = {estimator_name(estimator): estimator}
        if not named:
            raise ValueError(f"{caller}: estimator is empty. Pass {_ACCEPTED}.")
        models = [
            open_estimator(model, None, caller, _ACCEPTED, "_gradient_flow").model
            for model in named.values()
        ]
        sizes = [len(model.loss_curve_) for model in models]
        return cls(
            names=list(named),
            losses=[np.array(model.loss_curve_) for model in models],
            validation_scores=[
                _last_epochs(model.validation_curve_ or [], n)
                for model, n in zip(models, sizes, strict=True)
            ],
            learning_rates=[
                _last_epochs([row.get("event_lr", np.nan) for row in model.net_.history], n)
                for model, n in zip(models, sizes, strict=True)
            ],
            best_epochs=[int(model.best_epoch_) for model in models],
        )

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the curves, one panel per quantity.

        Parameters
        ----------
        ax : matplotlib Axes, or array of them, default=None
            A single axes, which is divided into panels, or one axes per panel (`axes_` of another
            display of this kind); by default, a new figure.
        **kwargs
            Arguments of ``Axes.plot`` for all lines.

        Returns
        -------
        self
        """
        panels = {"loss": (self.losses, "training loss")}
        if any(np.isfinite(scores).any() for scores in self.validation_scores):
            panels["validation_score"] = (self.validation_scores, "validation score")
        if any(np.isfinite(rates).any() for rates in self.learning_rates):
            panels["learning_rate"] = (self.learning_rates, "learning rate")
        size = (6.4, 1.4 + 1.9 * len(panels))
        caller = f"{type(self).__name__}.plot"
        self.figure_, self.axes_ = open_panels(ax, len(panels), caller, size)
        self.ax_ = self.axes_[0]
        self.lines_: list[dict[str, Any]] = [{} for _ in self.names]
        validated = "validation_score" in panels
        for panel, (name, (curves, label)) in zip(self.axes_, panels.items(), strict=True):
            for i, curve in enumerate(curves):
                epochs = np.arange(1, len(curve) + 1)
                # A curve of one epoch would be invisible without a marker.
                style = {"label": self.names[i], "marker": "o" if len(curve) == 1 else None}
                (line,) = panel.plot(epochs, curve, **merged(style, kwargs))
                self.lines_[i][name] = line
                best = self.best_epochs[i]
                marked = "validation_score" if validated else "loss"
                if name == marked and 1 <= best <= len(curve) and np.isfinite(curve[best - 1]):
                    panel.plot(
                        best,
                        curve[best - 1],
                        marker="*",
                        markersize=11,
                        color=line.get_color(),
                        markeredgecolor="white",
                        linestyle="none",
                        zorder=3,
                    )
            panel.set_ylabel(label)
            panel.grid(alpha=0.3)
        self.axes_[-1].set_xlabel("epoch")
        whole_numbers(self.axes_[-1].xaxis)
        marked_panel = self.axes_[1 if validated else 0]
        _, labels = marked_panel.get_legend_handles_labels()
        if _KEPT not in labels:  # also if several displays share the axes
            marked_panel.plot([], [], marker="*", color="gray", linestyle="none", label=_KEPT)
        marked_panel.legend(fontsize="small")
        if validated and len(self.names) > 1:
            self.ax_.legend(fontsize="small")
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return the curves as a table.

        Returns
        -------
        table : DataFrame
            One row per estimator and epoch, with the columns "estimator", "epoch", "loss",
            "validation_score", "learning_rate" and "is_best".
        """
        parts = [
            pd.DataFrame(
                {
                    "estimator": name,
                    "epoch": np.arange(1, len(losses) + 1),
                    "loss": losses,
                    "validation_score": scores,
                    "learning_rate": rates,
                    "is_best": np.arange(1, len(losses) + 1) == best,
                }
            )
            for name, losses, scores, rates, best in zip(
                self.names,
                self.losses,
                self.validation_scores,
                self.learning_rates,
                self.best_epochs,
                strict=True,
            )
        ]
        return pd.concat(parts, ignore_index=True)


def _last_epochs(values: Sequence[float], n_epochs: int) -> np.ndarray:
    """Return the values of the last epochs, with NaN for earlier ones."""
    curve = np.full(n_epochs, np.nan)
    known = np.asarray(values, dtype=np.float64)[-n_epochs:]
    curve[n_epochs - len(known) :] = known
    return curve
