"""Integrated gradients: which time steps and features a prediction depends on."""

from typing import Any, Self

import numpy as np
import pandas as pd

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

_ACCEPTED = "a fitted RNNClassifier or RNNRegressor"


class SaliencyDisplay:
    r"""Contribution of each time step and feature to one output: integrated gradients.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    attributions : ndarray of shape (n_timesteps, n_features)
        Contributions. For tokens, there is one column: the sum over the embedding vector.
    values : ndarray of shape (n_timesteps, n_features) or (n_timesteps,)
        The sequence: numbers, or token ids.
    output, baseline_output : float
        Output of the network for the sequence and for the baseline.
    output_name : str, default="output"
        Description of the output.
    tokens : list, default=None
        The tokens, if the sequence consists of tokens.
    feature_names : list of str, default=None
        Names of the features.
    step : int, default=None
        The time step of the output, with ``return_sequences=True``.

    Attributes
    ----------
    completeness_error : float
        Sum of the attributions minus the difference between the two outputs.
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes with the attributions.
    axes_ : list of matplotlib Axes
        All axes; that of the series, if it is drawn, comes first.
    image_ : matplotlib AxesImage
        The heat map of several features; None for one feature or tokens.
    bars_ : matplotlib BarContainer
        The attributions of one feature or of tokens; None for several features.
    colorbar_ : matplotlib Colorbar
        The colorbar of the heat map; None without one.

    Notes
    -----
    With the output F, the sequence x and the baseline x', the attribution of time step t and
    feature j is

    .. math:: a_{tj} = (x_{tj} - x'_{tj}) \int_0^1
              \frac{\partial F(x' + \alpha (x - x'))}{\partial x_{tj}} \, \mathrm{d}\alpha ,

    so that attributions sum to :math:`F(x) - F(x')` (completeness). The integral is computed at the
    midpoints of equal parts, whose number is doubled until this holds up to `tol`.

    References
    ----------
    Sundararajan, M., Taly, A. & Yan, Q. (2017). Axiomatic attribution for deep networks. ICML.

    Examples
    --------
    The label is the sign of the mean of the second feature:

    >>> import numpy as np
    >>> from sk_rnn import RNNClassifier
    >>> from sk_rnn.inspection import SaliencyDisplay
    >>> X = np.random.default_rng(0).normal(size=(80, 6, 2))
    >>> y = X[:, :, 1].mean(axis=1) > 0
    >>> clf = RNNClassifier(hidden_size=8, max_epochs=20, random_state=0).fit(X, y)
    >>> display = SaliencyDisplay.from_estimator(clf, X)
    >>> int(abs(display.attributions).sum(axis=0).argmax())
    1
    >>> figure = display.plot().figure_
    """

    def __init__(
        self,
        *,
        attributions: np.ndarray,
        values: np.ndarray,
        output: float,
        baseline_output: float,
        output_name: str = "output",
        tokens: list[Any] | None = None,
        feature_names: list[str] | None = None,
        step: int | None = None,
    ) -> None:
        self.attributions = attributions
        self.values = values
        self.output = output
        self.baseline_output = baseline_output
        self.output_name = output_name
        self.tokens = tokens
        self.feature_names = feature_names
        self.step = step

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        sample: int = 0,
        output: Any = None,
        step: int | None = None,
        baseline: Any = None,
        tol: float = 0.01,
    ) -> Self:
        """Compute the attributions of one sequence.

        Parameters
        ----------
        estimator : estimator
            A fitted RNNClassifier or RNNRegressor, or a pipeline that ends with one.
        X : sequences
            Sequences, as in `fit`.
        sample : int, default=0
            Index of the sequence to explain.
        output : label or int, default=None
            The class whose `decision_function` is explained, by default the predicted one; for a
            regressor with several outputs, the index of the output. With ``loss="poisson"`` it is
            the logarithm of the prediction.
        step : int, default=None
            The time step whose output is explained, required with ``return_sequences=True``.
        baseline : float or array-like, default=None
            The sequence to compare with, in the units of X: one number, one per feature, or a
            sequence of the same shape. By default, zero after scaling, which is the mean of each
            feature in the training data with ``scale_inputs=True``; for tokens, the zero vector.
        tol : float, default=0.01
            Maximum error of the sum of the attributions, as a fraction of the difference between
            the outputs of the sequence and the baseline.

        Returns
        -------
        display : SaliencyDisplay

        Raises
        ------
        TypeError, ValueError
            If the estimator has no such output.
        """
        caller = f"{cls.__name__}.from_estimator"
        if isinstance(tol, bool) or not isinstance(tol, int | float) or not 0 < tol < 1:
            raise ValueError(
                f"{caller}: tol must be a number between 0 and 1, got {tol!r} instead."
            )
        opened = open_estimator(estimator, X, caller, _ACCEPTED, "_attribute")
        found = opened.model._attribute(opened.X, sample, baseline, output, step, tol, caller)
        tokens, names = opened.tokens(found), found["feature_names"]
        return cls(
            attributions=found["attributions"],
            values=found["values"],
            output=found["output"],
            baseline_output=found["baseline_output"],
            output_name=found["output_name"],
            tokens=tokens,
            feature_names=None if names is None or tokens is not None else list(names),
            step=found["step"],
        )

    @property
    def completeness_error(self) -> float:
        """Sum of the attributions minus the difference between the two outputs."""
        return float(self.attributions.sum() - (self.output - self.baseline_output))

    @property
    def _names(self) -> list[str]:
        return name_features(self.feature_names, self.attributions.shape[1])

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the attributions; those of numbers below the sequence.

        Parameters
        ----------
        ax : matplotlib Axes, or array of two, default=None
            Axes to draw on; by default, new ones. A single axes is divided if the sequence is also
            drawn.
        **kwargs
            Arguments of ``Axes.bar`` for one feature or tokens, of ``Axes.imshow`` for several
            features.

        Returns
        -------
        self
        """
        caller = f"{type(self).__name__}.plot"
        n_timesteps, n_features = self.attributions.shape
        self.image_ = self.bars_ = self.colorbar_ = None
        steps = np.arange(n_timesteps)
        if self.tokens is not None:
            width = min(12.0, max(4.5, 1.5 + 0.3 * n_timesteps))
            self.figure_, self.ax_ = open_axes(ax, caller, (width, 3.4))
            self.axes_ = [self.ax_]
        else:
            self.figure_, self.axes_ = open_panels(ax, 2, caller, (6.4, 4.8))
            above, self.ax_ = self.axes_
            plot_features(above, self.values, self._names)
        if self.tokens is not None or n_features == 1:
            signed = self.attributions[:, 0]
            colors = np.where(signed < 0, "tab:blue", "tab:red")
            self.bars_ = self.ax_.bar(steps, signed, **merged({"color": colors}, kwargs))
            self.ax_.axhline(0, color="black", linewidth=0.8)
            self.ax_.set_ylabel("attribution")
        else:
            largest = float(np.abs(self.attributions).max()) or 1.0
            style = {
                "cmap": "RdBu_r",
                "vmin": -largest,
                "vmax": largest,
                "aspect": "auto",
                "interpolation": "nearest",
            }
            self.image_ = self.ax_.imshow(self.attributions.T, **merged(style, kwargs))
            self.colorbar_ = self.figure_.colorbar(
                self.image_, ax=self.ax_, label="attribution", pad=0.02
            )
            if n_features <= 30:
                self.ax_.set_yticks(range(n_features), self._names)
            else:
                self.ax_.set_ylabel("feature")
        if self.tokens is not None:
            label_tokens(self.ax_.xaxis, steps, self.tokens, rotate=True)
            self.ax_.set_xlabel("token")
        else:
            self.ax_.set_xlabel("time step")
            whole_numbers(self.ax_.xaxis)
        if self.step is not None:
            self.ax_.axvline(self.step, color="black", linestyle=":", linewidth=1)
        at = "" if self.step is None else f" at step {self.step}"
        self.axes_[0].set_title(
            f"{self.output_name}{at}: {self.output:.3g}, baseline {self.baseline_output:.3g}",
            fontsize="medium",
        )
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return the attributions as a table.

        Returns
        -------
        table : DataFrame
            One row per time step and feature, with the columns "step", "feature", "value" and
            "attribution"; for tokens, one row per token, with "step", "token" and "attribution".
        """
        n_timesteps, n_features = self.attributions.shape
        if self.tokens is not None:
            columns = {"step": np.arange(n_timesteps), "token": self.tokens}
            return pd.DataFrame({**columns, "attribution": self.attributions[:, 0]})
        return pd.DataFrame(
            {
                "step": np.repeat(np.arange(n_timesteps), n_features),
                "feature": np.tile(self._names, n_timesteps),
                "value": self.values.ravel(),
                "attribution": self.attributions.ravel(),
            }
        )
