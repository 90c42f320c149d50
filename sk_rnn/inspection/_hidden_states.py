"""States and gates of one sequence over time."""

from typing import Any, Self

import numpy as np
import pandas as pd

from ._estimators import WITH_ENCODER, open_estimator
from ._figures import label_tokens, merged, open_panels, whole_numbers


class HiddenStateDisplay:
    r"""States and gates of a recurrent network over the time steps of one sequence.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    values : dict
        Mapping from (layer, direction, quantity) to an array of shape (n_timesteps, hidden_size).
        Layers start from 1, directions are "forward" and "backward", and quantities are "hidden
        state", "cell state", "new state", and gates such as "update gate".
    steps : ndarray of int of shape (n_timesteps,)
        The time step of the sequence after which each state is computed: every `conv_stride`-th
        one, or the first of each patch.
    tokens : list, default=None
        The token at each step, if the sequence consists of tokens.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    axes_ : list of matplotlib Axes
        One per heat map.
    ax_ : matplotlib Axes
        The first of them.
    images_ : list of matplotlib AxesImage
        The heat maps.
    colorbars_ : list of matplotlib Colorbar
        Their colorbars.

    Notes
    -----
    Initial states are zero. With the input x, the previous state h, and the weights of torch, the
    gates of a GRU are

    .. math::
        r &= \sigma(W_r x + b_r + U_r h + c_r) \quad \text{(reset gate)} \\
        z &= \sigma(W_z x + b_z + U_z h + c_z) \quad \text{(update gate)} \\
        n &= \tanh(W_n x + b_n + r (U_n h + c_n)) \quad \text{(new state)} \\
        h' &= (1 - z) n + z h ,

    so an update gate of 1 keeps the state. The LSTM's are input gate i, forget gate f, new state g
    and output gate o, with the cell state :math:`c' = f c + i g` and :math:`h' = o \tanh(c')`: a
    forget gate of 1 keeps the cell state. The backward direction reads from the end: its state at
    step t depends on step t and later ones.

    Examples
    --------
    >>> from sk_rnn import RNNClassifier
    >>> from sk_rnn.datasets import make_memory_task
    >>> from sk_rnn.inspection import HiddenStateDisplay
    >>> X, y = make_memory_task(20, n_timesteps=5, lag=2, random_state=0)
    >>> clf = RNNClassifier(hidden_size=3, max_epochs=2, random_state=0).fit(X, y)
    >>> display = HiddenStateDisplay.from_estimator(clf, X)
    >>> display.values[1, "forward", "update gate"].shape
    (5, 3)
    >>> figure = display.plot(quantity="hidden state").figure_
    """

    def __init__(
        self,
        *,
        values: dict[tuple[int, str, str], np.ndarray],
        steps: np.ndarray,
        tokens: list[Any] | None = None,
    ) -> None:
        self.values = values
        self.steps = steps
        self.tokens = tokens

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, *, sample: int = 0) -> Self:
        """Run the network over one sequence.

        Parameters
        ----------
        estimator : estimator
            A fitted RNNClassifier, RNNRegressor, RNNLanguageModel, RNNTranscriber or
            Seq2SeqTransformer (whose encoder is shown) with a built-in cell, or a pipeline that
            ends with one.
        X : sequences
            Sequences, as in `fit`.
        sample : int, default=0
            Index of the sequence to show.

        Returns
        -------
        display : HiddenStateDisplay

        Raises
        ------
        TypeError, ValueError
            If the network does not have accessible states.
        """
        caller = f"{cls.__name__}.from_estimator"
        opened = open_estimator(estimator, X, caller, WITH_ENCODER, "_trace")
        found = opened.model._trace(opened.X, sample, caller)
        return cls(values=found["states"], steps=found["steps"], tokens=opened.tokens(found))

    def plot(
        self,
        ax: Any = None,
        *,
        layer: int | None = None,
        direction: str | None = None,
        quantity: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw heat maps of units over time steps, one below the other.

        Parameters
        ----------
        ax : matplotlib Axes, or array of them, default=None
            A single axes, which is divided, or one per heat map; by default, a new figure.
        layer : int, default=None
            Draw this layer only.
        direction : {"forward", "backward"}, default=None
            Draw this direction only.
        quantity : str, default=None
            Draw this quantity only, such as "hidden state".
        **kwargs
            Arguments of ``Axes.imshow``.

        Returns
        -------
        self
        """
        caller = f"{type(self).__name__}.plot"
        selected = (layer, direction, quantity)
        chosen = {
            key: values
            for key, values in self.values.items()
            if all(given in (None, part) for given, part in zip(selected, key, strict=True))
        }
        if not chosen:
            known = [sorted({key[i] for key in self.values}, key=str) for i in range(3)]
            raise ValueError(
                f"{caller}: there is nothing with layer={layer}, direction={direction!r}, "
                f"quantity={quantity!r}. Layers are {known[0]}, directions {known[1]}, quantities "
                f"{known[2]}."
            )
        size = (6.8, 0.9 + 1.55 * len(chosen))
        self.figure_, self.axes_ = open_panels(ax, len(chosen), caller, size)
        self.ax_ = self.axes_[0]
        self.images_, self.colorbars_ = [], []
        layers, directions = {key[0] for key in self.values}, {key[1] for key in self.values}
        for panel, (key, values) in zip(self.axes_, chosen.items(), strict=True):
            image = panel.imshow(values.T, **merged(_style(key[2], values), kwargs))
            self.images_.append(image)
            self.colorbars_.append(self.figure_.colorbar(image, ax=panel, pad=0.02))
            parts = [f"layer {key[0]}"] * (len(layers) > 1) + [key[1]] * (len(directions) > 1)
            panel.set_title(", ".join([*parts, key[2]]), fontsize="medium")
            panel.set_ylabel("unit")
            whole_numbers(panel.yaxis)
        places = np.arange(len(self.steps))
        last = self.axes_[-1]
        if self.tokens is not None:
            label_tokens(last.xaxis, places, self.tokens, rotate=True)
            last.set_xlabel("token")
        else:
            whole_numbers(last.xaxis)
            if len(self.steps) > 1 and self.steps[1] != 1:
                every = max(1, len(places) // 8)
                last.set_xticks(places[::every], self.steps[::every])
            last.set_xlabel("time step")
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return all states and gates as a table.

        Returns
        -------
        table : DataFrame
            One row per layer, direction, quantity, time step and unit, with the columns "layer",
            "direction", "quantity", "step", "unit" and "value".
        """
        parts = []
        for (layer, direction, quantity), values in self.values.items():
            n_steps, n_units = values.shape
            parts.append(
                pd.DataFrame(
                    {
                        "layer": layer,
                        "direction": direction,
                        "quantity": quantity,
                        "step": np.repeat(self.steps, n_units),
                        "unit": np.tile(np.arange(n_units), n_steps),
                        "value": values.ravel(),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)


def _style(quantity: str, values: np.ndarray) -> dict[str, Any]:
    """Colors: gates from 0 to 1, states symmetric around 0."""
    common = {"aspect": "auto", "interpolation": "nearest"}
    if quantity.endswith("gate"):
        return {"cmap": "viridis", "vmin": 0.0, "vmax": 1.0, **common}
    largest = max(1.0, float(np.abs(values).max()))
    return {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest, **common}
