"""Errors by time step, or by step of the forecast horizon."""

from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
import pandas as pd

from ..sequences import name_kind, steps_within
from ._estimators import estimator_name, open_estimator
from ._figures import merged, open_axes, percent, whole_numbers

_ACCEPTED = (
    "a fitted RNNClassifier or RNNRegressor with return_sequences=True, an RNNForecaster or an "
    "RNNLanguageModel"
)

_METRICS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "accuracy": lambda truth, predicted: truth == predicted,
    "error": lambda truth, predicted: truth != predicted,
    "absolute_error": lambda truth, predicted: abs(truth - predicted),
    "squared_error": lambda truth, predicted: (truth - predicted) ** 2,
}

_LABELS = {
    "accuracy": "accuracy",
    "error": "error rate",
    "absolute_error": "mean absolute error",
    "squared_error": "mean squared error",
    "negative_log_likelihood": "mean negative log-likelihood",
}


class StepErrorDisplay:
    """Error or accuracy by time step.

    For predictions per time step, by position in the sequence, starting from 0; for forecasts, by
    the number of steps ahead, starting from 1. Create it with :meth:`from_estimator` or
    :meth:`from_predictions`.

    Parameters
    ----------
    steps : ndarray of int of shape (n_steps,)
        Time steps, or steps ahead.
    values : ndarray of shape (n_steps,)
        Mean of the metric at each step.
    n_values : ndarray of int of shape (n_steps,)
        Number of predictions at each step.
    metric : str
        Name of the metric.
    is_horizon : bool, default=False
        Whether steps are those of a forecast.
    name : str, default=None
        Name of the estimator.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    line_ : matplotlib Line2D
        The line.

    Examples
    --------
    >>> from sk_rnn.inspection import StepErrorDisplay
    >>> truth = [["a", "b", "b"], ["a", "a"]]
    >>> predicted = [["a", "b", "a"], ["b", "a"]]
    >>> display = StepErrorDisplay.from_predictions(truth, predicted)
    >>> display.values.tolist(), display.n_values.tolist()
    ([0.5, 1.0, 0.0], [2, 2, 1])
    >>> figure = display.plot().figure_
    """

    def __init__(
        self,
        *,
        steps: np.ndarray,
        values: np.ndarray,
        n_values: np.ndarray,
        metric: str,
        is_horizon: bool = False,
        name: str | None = None,
    ) -> None:
        self.steps = steps
        self.values = values
        self.n_values = n_values
        self.metric = metric
        self.is_horizon = is_horizon
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any = None, *, metric: str = "auto", name: str | None = None
    ) -> Self:
        """Compare predictions of an estimator with the truth.

        Parameters
        ----------
        estimator : estimator
            A fitted RNNClassifier or RNNRegressor with ``return_sequences=True``, or a pipeline
            that ends with one. An RNNForecaster, whose `backtest` is called with X and y. An
            RNNLanguageModel, whose negative log-likelihood of each step is shown.
        X : sequences or series
            As in `fit`.
        y : targets of X, default=None
            As in `fit`.
        metric : str, default="auto"
            "accuracy" or "error" for labels, "absolute_error" or "squared_error" for numbers. By
            default, the accuracy or the absolute error. Several outputs are averaged; for
            multilabel targets, all labels must be correct.
        name : str, default=None
            Name in the legend; by default, that of the class.

        Returns
        -------
        display : StepErrorDisplay

        Raises
        ------
        ValueError
            If the estimator has one target per sequence, or the metric does not fit the targets.
        """
        caller = f"{cls.__name__}.from_estimator"
        name = estimator_name(estimator) if name is None else str(name)
        model, X, _ = open_estimator(estimator, X, caller, _ACCEPTED, "_step_predictions")
        if hasattr(model, "backtest"):
            _check_metric(metric, caller, ("absolute_error", "squared_error"))
            return cls._from_backtest(model.backtest(X, y), metric, name)
        if hasattr(model, "score_steps"):
            likelihood = "negative_log_likelihood"
            _check_metric(metric, caller, (likelihood,))
            scores = [-scores for scores in model.score_steps(X)]
            lengths = np.array([len(score) for score in scores])
            return cls._from_steps(np.concatenate(scores), steps_within(lengths), likelihood, name)
        truth, predicted, steps = model._step_predictions(X, y, caller)
        classifies = hasattr(model, "classes_")
        known = ("accuracy", "error") if classifies else ("absolute_error", "squared_error")
        _check_metric(metric, caller, known)
        chosen = known[0] if metric == "auto" else metric
        predicted = predicted.reshape(truth.shape)
        return cls._from_steps(_compare(truth, predicted, chosen), steps, chosen, name)

    @classmethod
    def from_predictions(
        cls, y_true: Any, y_pred: Any = None, *, metric: str = "auto", name: str | None = None
    ) -> Self:
        """Compare given predictions with the truth.

        Parameters
        ----------
        y_true : sequences, or DataFrame
            One sequence of labels or numbers per sample; or the result of
            ``RNNForecaster.backtest``.
        y_pred : sequences, default=None
            Predictions, of the same lengths as `y_true`; None if `y_true` is the table of a
            backtest.
        metric : str, default="auto"
            As in :meth:`from_estimator`. By default, the absolute error for floats, and the
            accuracy otherwise.
        name : str, default=None
            Name in the legend.

        Returns
        -------
        display : StepErrorDisplay

        Raises
        ------
        ValueError
            If numbers or lengths of sequences differ.
        """
        caller = f"{cls.__name__}.from_predictions"
        _check_metric(metric, caller, tuple(_METRICS))
        if y_pred is None:
            if not isinstance(y_true, pd.DataFrame) or not {"y_true", "y_pred"} <= {*y_true}:
                raise ValueError(
                    f"{caller}: y_pred is None. Pass predictions, or as y_true the table of "
                    "RNNForecaster.backtest, with the columns y_true and y_pred."
                )
            return cls._from_backtest(y_true, metric, name)
        truth, predicted = _rows(y_true, f"{caller}: y_true"), _rows(y_pred, f"{caller}: y_pred")
        if len(truth) != len(predicted):
            raise ValueError(
                f"{caller}: y_true has {len(truth)} sequences, but y_pred has {len(predicted)}. "
                "Pass one prediction per sequence."
            )
        for i, (one, other) in enumerate(zip(truth, predicted, strict=True)):
            if one.shape != other.shape:
                raise ValueError(
                    f"{caller}: y_true[{i}] has shape {one.shape}, but y_pred[{i}] has shape "
                    f"{other.shape}. Pass one prediction per time step."
                )
        numbers = any(row.dtype.kind == "f" for row in (*truth, *predicted))
        chosen = metric
        if metric == "auto":
            chosen = "absolute_error" if numbers else "accuracy"
        errors = _compare(np.concatenate(truth), np.concatenate(predicted), chosen)
        steps = steps_within(np.array([len(row) for row in truth]))
        return cls._from_steps(errors, steps, chosen, name)

    @classmethod
    def _from_backtest(cls, table: pd.DataFrame, metric: str, name: str | None) -> Self:
        chosen = "absolute_error" if metric == "auto" else metric
        if table.empty:
            raise ValueError(f"{cls.__name__}.from_predictions: y_true has no rows.")
        errors = _compare(
            table["y_true"].to_numpy(dtype=np.float64),
            table["y_pred"].to_numpy(dtype=np.float64),
            chosen,
        )
        # Rows of an origin, all index levels but the last, are in the order of time.
        origins = list(range(table.index.nlevels - 1))
        ahead = table.groupby(level=origins, sort=False).cumcount().to_numpy()
        known = np.isfinite(errors)
        n_values = np.bincount(ahead[known], minlength=int(ahead.max()) + 1)
        totals = np.bincount(ahead[known], errors[known], minlength=len(n_values))
        with np.errstate(invalid="ignore"):
            values = totals / n_values
        return cls(
            steps=1 + np.arange(len(n_values)),
            values=values,
            n_values=n_values,
            metric=chosen,
            is_horizon=True,
            name=name,
        )

    @classmethod
    def _from_steps(
        cls, errors: np.ndarray, steps: np.ndarray, metric: str, name: str | None
    ) -> Self:
        n_values = np.bincount(steps)
        with np.errstate(invalid="ignore"):  # steps without a target
            values = np.bincount(steps, errors) / n_values
        return cls(
            steps=np.arange(len(n_values)),
            values=values,
            n_values=n_values,
            metric=metric,
            name=name,
        )

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the metric by time step.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on, such as `ax_` of another display, to compare estimators; by default,
            new ones.
        **kwargs
            Arguments of ``Axes.plot``.

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = open_axes(ax, f"{type(self).__name__}.plot")
        style = {"label": self.name, "marker": "." if len(self.steps) <= 60 else None}
        (self.line_,) = self.ax_.plot(self.steps, self.values, **merged(style, kwargs))
        self.ax_.set_xlabel("steps ahead" if self.is_horizon else "time step")
        self.ax_.set_ylabel(_LABELS[self.metric])
        whole_numbers(self.ax_.xaxis)
        if self.metric in ("accuracy", "error"):
            percent(self.ax_.yaxis)
            self.ax_.set_ylim(-0.03, 1.03)
        elif self.metric != "negative_log_likelihood":
            self.ax_.set_ylim(bottom=0, auto=True)  # larger errors, drawn later, fit in
        self.ax_.grid(alpha=0.3)
        if self.line_.get_label() and not str(self.line_.get_label()).startswith("_"):
            self.ax_.legend(fontsize="small")
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return the metric by time step as a table.

        Returns
        -------
        table : DataFrame
            One row per step, with the columns "step", the metric's name, and "n_values".
        """
        columns = {"step": self.steps, self.metric: self.values, "n_values": self.n_values}
        return pd.DataFrame(columns)


def _rows(y: Any, where: str) -> list[np.ndarray]:
    if not isinstance(y, Iterable) or isinstance(y, str):
        raise TypeError(f"{where} is {name_kind(y)}. Pass one sequence per sample.")
    rows = [np.asarray(row) for row in y]
    if not rows:
        raise ValueError(f"{where} is empty. Pass one sequence per sample.")
    return rows


def _check_metric(metric: Any, caller: str, known: tuple[str, ...]) -> None:
    if metric not in ("auto", *known):
        raise ValueError(
            f"{caller}: metric must be one of {['auto', *known]} here, got {metric!r} instead."
        )


def _compare(truth: np.ndarray, predicted: np.ndarray, metric: str) -> np.ndarray:
    """Return the metric of each row: all labels of a row must be correct; numbers are averaged."""
    values = np.asarray(_METRICS[metric](truth, predicted), dtype=np.float64)
    if values.ndim == 1:
        return values
    values = values.reshape(len(values), -1)
    if metric == "accuracy":
        return values.min(axis=1)
    return values.max(axis=1) if metric == "error" else values.mean(axis=1)
