"""RNNForecaster."""

from typing import Any, Literal, Self, Unpack

import numpy.typing as npt
import pandas as pd
from sklearn.base import RegressorMixin

from ..sequences import Float, Int, RandomState, fit_context
from ._forecasts_of import SeriesForecaster
from ._types import Auto, Backend, Callbacks, Extras, Optimizer, Precision, Schedule

Cell = Literal["gru", "lstm", "rnn_tanh", "rnn_relu"]


class RNNForecaster(RegressorMixin, SeriesForecaster):
    """DOC"""

    def __init__(
        self,
        horizon: Int = 1,
        *,
        context: Int | Auto = "auto",
        season_length: Int | list[int] | tuple[int, ...] | Auto | None = "auto",
        past_features: Any = None,
        calendar: list[str] | tuple[str, ...] | Auto | None = "auto",
        transform: Literal["auto", "log"] | None = "auto",
        nonnegative: bool | Auto = "auto",
        loss: Literal["quantile", "squared_error"] = "quantile",
        quantiles: Any = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
        n_networks: Int = 3,
        series_embedding: Int | None = None,
        freq: Any = None,
        cell: Cell = "gru",
        hidden_size: Int = 64,
        num_layers: Int = 1,
        dropout: Float = 0.3,
        optimizer: Optimizer = "adamw",
        lr: Float | Auto = "auto",
        lr_schedule: Schedule = "one_cycle",
        weight_decay: Float = 0.01,
        gradient_clip: Float | None = 1.0,
        max_steps: Int | Auto = "auto",
        batch_size: Int | Auto = "auto",
        early_stopping: bool = False,
        validation_fraction: Float = 0.1,
        n_iter_no_change: Int | Auto = "auto",
        warm_start: bool = False,
        callbacks: Callbacks | None = None,
        device: str = "auto",
        precision: Precision = "float32",
        backend: Backend = "auto",
        random_state: RandomState = None,
        verbose: int = 0,
        **extras: Unpack[Extras],
    ) -> None:
        self.horizon = horizon
        self.context = context
        self.season_length = season_length
        self.past_features = past_features
        self.calendar = calendar
        self.transform = transform
        self.nonnegative = nonnegative
        self.loss = loss
        self.quantiles = quantiles
        self.n_networks = n_networks
        self.series_embedding = series_embedding
        self.freq = freq
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose
        self._set_extras(extras)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, sample_weight: npt.ArrayLike | None = None) -> Self:
        resume = self.warm_start and hasattr(self, "net_")
        return self._fit(X, y, sample_weight, resume=resume)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        return self._partial_fit(X, y)

    def predict(self, X: Any = None, *, history: Any = None) -> Any:
        return self._predict(X, history, "predict")

    def predict_quantiles(
        self, X: Any = None, quantiles: Any = (0.1, 0.5, 0.9), *, history: Any = None
    ) -> Any:
        return self._predict_quantiles(X, quantiles, history)

    def predict_interval(self, X: Any = None, coverage: Float = 0.9, *, history: Any = None) -> Any:
        return self._predict_interval(X, coverage, history)

    def score(self, X: Any, y: Any = None, *, sample_weight: npt.ArrayLike | None = None) -> float:
        return self._score(X, y, sample_weight)

    def score_samples(self, X: Any, y: Any = None) -> Any:
        return self._score_samples(X, y)

    def update(self, X: Any, y: Any = None) -> Self:
        return self._update(X, y)

    def backtest(
        self,
        X: Any,
        y: Any = None,
        *,
        start: Any = 0.8,
        step: Int | None = None,
        refit: bool | int = False,
        quantiles: Any = None,
    ) -> pd.DataFrame:
        return self._backtest(X, y, start, step, refit, quantiles)
