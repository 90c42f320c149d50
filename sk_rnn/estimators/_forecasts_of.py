"""What a forecaster does with series: fit, update, forecasts, scores."""

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import _check_feature_names, check_is_fitted

from ..forecasting import (
    Covariates,
    SeriesSet,
    Windows,
    backtest_frame,
    backtest_windows,
    give_back,
    give_back_rows,
    read_covariates,
    read_future,
    read_series,
    read_truth,
    read_weights,
)
from ..sequences import check_sample_weights, plain, unchanged_on_failure
from ..training import untouched_on_failure
from ._forecasting import BaseForecaster
from ._warnings import warn_user
from .forecasts import State, check_quantiles, cut_after, index_of, without_future

_EPS = np.finfo(np.float64).eps


class SeriesForecaster(BaseForecaster):
    """The methods of a forecaster, without their documentation."""

    # --- what was learned -----------------------------------------------------------------------

    @property
    def series_names_in_(self) -> np.ndarray:
        """Names of the series."""
        return np.asarray(self._source.data.layout.ids)

    @property
    def freq_(self) -> Any:
        """Frequency of the times."""
        clock = self._source.data.clock
        return clock.freq if clock.freq is not None else clock.frequency

    @property
    def season_length_(self) -> tuple[int, ...]:
        """Seasons of the baseline."""
        return self._source.seasons

    @property
    def context_(self) -> int:
        """Time steps read before each forecast."""
        return self._source.context

    @property
    def patch_(self) -> int:
        """Time steps per step of the network."""
        return self._source.patch

    @property
    def target_transform_(self) -> str | None:
        """Transform of the values."""
        return self._source.transform

    @property
    def end_(self) -> Any:
        """The last time known."""
        return self._source.data.end_times()

    @property
    def n_missing_(self) -> int:
        """Number of missing values in fit."""
        return self._source.n_missing

    @property
    def base_weights_(self) -> pd.DataFrame:
        """Weights of the baseline."""
        weights = self.module_.baseline_weights().detach().cpu().numpy().astype(np.float64)
        first = 1 + self._source.patch * np.arange(len(weights))
        columns = [*self._source.seasons, "last", "mean"]
        return pd.DataFrame(weights, pd.Index(first, name="step"), columns)

    # --- fit ------------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, resume: bool) -> Self:
        caller = f"{type(self).__name__}.fit"
        X, y = _separate(X, y)
        with unchanged_on_failure(self):
            data = read_series(y, f"{caller}: y", freq=self.freq, index=index_of(X))
            columns = self._source.columns if resume else None
            covariates = read_covariates(
                X, data, f"{caller}: X", past_features=self.past_features, columns=columns
            )
            if X is None and self.past_features is not None:
                raise ValueError(
                    f"{caller}: past_features={plain(self.past_features)}, but there is no X. Pass "
                    "fit(X, y), or past_features=None."
                )
            weights = None
            if sample_weight is not None:
                weights = read_weights(sample_weight, data, caller)
            if resume:
                _check_same_covariates(columns, covariates, caller)
                self._source = self._source.refitted(data, covariates, caller)
            else:
                self._note_features(X, y, data, covariates, caller)
            self._fit_series(data, covariates, weights, caller, resume=resume)
            self._source.cut()
        return self

    def _note_features(
        self, X: Any, y: Any, data: SeriesSet, covariates: Covariates | None, caller: str
    ) -> None:
        self.__dict__.pop("feature_names_in_", None)
        table = y if X is None else X
        if isinstance(table, pd.DataFrame):
            _check_feature_names(self, table, reset=True)
        if covariates is not None:
            self.n_features_in_ = covariates.columns.n_columns
            return
        if X is not None and not isinstance(X, pd.DataFrame):
            raise ValueError(
                f"{caller}: X has 0 feature(s) (shape={np.shape(X)}) while a minimum of 1 is "
                "required. Pass y only, or a DataFrame without columns, whose index are the times."
            )
        wide = X is None and data.layout.is_wide
        self.n_features_in_ = data.n_series if wide else 0 if X is not None else 1

    def _update(self, X: Any, y: Any) -> Self:
        check_is_fitted(self)
        X, y = _separate(X, y)
        with unchanged_on_failure(self):
            self._source = self._source.updated(y, X, f"{type(self).__name__}.update")
            self._source.cut()
        return self

    def _partial_fit(self, X: Any, y: Any) -> Self:
        if not hasattr(self, "net_"):
            return self._fit(X, y, None, resume=False)
        caller = f"{type(self).__name__}.partial_fit"
        X, y = _separate(X, y)
        with unchanged_on_failure(self), untouched_on_failure(self.net_):
            before = self._source.data
            self._source = self._source.updated(y, X, caller)
            data = self._source.data
            # Steps before these were known.
            new_from = np.zeros(data.n_series, dtype=np.int64)
            ends = before.clock.times(before.ends)
            places = before.ends
            if data.clock != before.clock:
                places = data.clock.places(ends)
            n = before.n_series
            new_from[:n] = (places - data.starts[:n]) // data.clock.step + 1
            self._fit_series(
                data, self._source.covariates, None, caller, resume=True, new_from=new_from
            )
            self._source.cut()
        return self

    # --- forecasts ------------------------------------------------------------------------------

    def _open(self, history: Any, caller: str) -> State:
        """Return what is known, or the state after another past."""
        if history is None:
            return self._source.current()
        X = None
        pair = isinstance(history, tuple) and len(history) == 2
        if pair and self._source.covariates is not None:
            X, history = history
        return self._source.read(history, X, caller, "history")

    def _steps(
        self, X: Any, history: Any, method: str, *, quantiles: bool = False
    ) -> tuple[Any, Any, np.ndarray]:
        """Return the state, the steps asked for, and their forecasts."""
        check_is_fitted(self)
        caller = f"{type(self).__name__}.{method}"
        state = self._open(history, caller)
        if isinstance(X, np.ndarray) and X.ndim == 2 and state.covariates is not None:
            _check_feature_names(self, X, reset=False)
        future = read_future(
            X, state.data, self._source.horizon, f"{caller}: X", covariates=state.covariates
        )
        n = int(future.n_steps.max())
        if quantiles and n > self._source.horizon:
            warn_user(
                f"{caller}: {n} steps are more than the horizon={self._source.horizon} of the "
                "model. Forecasts are then taken for observations, so the quantiles of the later "
                f"steps are too narrow. Fit with horizon={n} for honest ones."
            )
        covariates = future.covariates
        if n > self._source.horizon:
            covariates = without_future(covariates, state.data)
        forecasts = self._forecast(state._replace(covariates=covariates), n)
        return state, future, forecasts

    def _predict(self, X: Any, history: Any, method: str) -> Any:
        state, future, forecasts = self._steps(X, history, method)
        central = self._target.central(self._target.finish(forecasts))
        return give_back(central, future, state.data)

    def _predict_quantiles(self, X: Any, quantiles: Any, history: Any) -> Any:
        check_is_fitted(self)
        wanted = self._wanted(quantiles, f"{type(self).__name__}.predict_quantiles")
        state, future, forecasts = self._steps(X, history, "predict_quantiles", quantiles=True)
        values = self._target.finish(self._target.between(forecasts, wanted))
        labels = pd.Index(np.atleast_1d(quantiles), name="quantile", dtype=np.float64)
        return give_back(values, future, state.data, labels)

    def _predict_interval(self, X: Any, coverage: Any, history: Any) -> Any:
        check_is_fitted(self)
        caller = f"{type(self).__name__}.predict_interval"
        grid = self._target.quantiles
        most = round(1 - 2 * max(grid[0], 1 - grid[-1]), 12)
        number = isinstance(coverage, int | float | np.number) and not isinstance(coverage, bool)
        if not number or not 0 < coverage <= most + 1e-9:
            raise ValueError(
                f"{caller}: coverage={plain(coverage)} is not between 0 and {most}, the widest "
                f"interval of the quantiles that were trained, {grid[0]} to {grid[-1]}. Pass a "
                "smaller one, or fit with quantiles farther out."
            )
        outside = (1 - float(coverage)) / 2
        wanted = self._wanted((outside, 1 - outside), caller)
        state, future, forecasts = self._steps(X, history, "predict_interval", quantiles=True)
        values = self._target.finish(self._target.between(forecasts, wanted))
        return give_back(values, future, state.data, pd.Index(["lower", "upper"]))

    def _wanted(self, quantiles: Any, caller: str) -> np.ndarray:
        grid = self._target.quantiles
        return check_quantiles(quantiles, caller, low=grid[0], high=grid[-1])

    # --- scores ---------------------------------------------------------------------------------

    def _score(self, X: Any, y: Any, sample_weight: Any) -> float:
        check_is_fitted(self)
        caller = f"{type(self).__name__}.score"
        X, y = _separate(X, y)
        source = self._source
        state = source.current()
        truth = read_truth(y, state.data, f"{caller}: y", index=index_of(X))
        if len(truth.values) == 0:
            raise ValueError(f"{caller}: y has no observed value to compare with.")
        n = int(truth.ahead.max())
        if source.covariates is not None and X is not None:
            future = read_future(
                X, state.data, source.horizon, f"{caller}: X", covariates=state.covariates
            )
            state = state._replace(covariates=future.covariates)
        elif source.covariates is not None:
            read_future(n, state.data, source.horizon, caller, covariates=state.covariates)
        found = self._target.central(self._target.finish(self._forecast(state, n)))
        errors = np.abs(found[truth.series, truth.ahead - 1] - truth.values)
        errors /= np.maximum(source.naive_error[truth.series], _EPS)
        weights = np.ones(len(errors))
        if sample_weight is not None:
            n_rows = int(truth.rows.max()) + 1
            n_rows = len(y) if hasattr(y, "__len__") else n_rows
            checked = check_sample_weights(
                sample_weight, n_rows, caller, noun="row", purpose="score"
            )
            weights = checked[truth.rows]
        total = np.bincount(truth.series, weights)
        there = total > 0
        means = np.bincount(truth.series, weights * errors)[there] / total[there]
        return 1 - float(means.mean())

    def _score_samples(self, X: Any, y: Any) -> Any:
        check_is_fitted(self)
        caller = f"{type(self).__name__}.score_samples"
        X, y = _separate(X, y)
        given = read_series(y, f"{caller}: y", freq=self._source.frequency, index=index_of(X))
        truth = self._source.scored(given)
        state = self._source.read(y, X, caller, scored=True)
        data = state.data
        series = np.repeat(np.arange(data.n_series), data.lengths)
        step = np.arange(len(data.values)) - data.offsets[series]
        before = np.cumsum(~np.isnan(data.values))
        before -= np.r_[0, before][data.offsets[:-1]][series]
        following = np.r_[series[1:] == series[:-1], False] if len(series) else series > 0
        # As in training: from less the network would have to guess.
        there = following & (before >= 2 * self._source.patch)
        there[:-1] &= ~np.isnan(truth[1:])
        origins = np.flatnonzero(there)
        scores = np.full(len(data.values), np.nan)
        if len(origins):
            windows = Windows(
                data,
                self._source.context,
                self._source.horizon,
                series[origins],
                step[origins],
                state.values,
            )
            found = self._forecast_windows(windows, state)[:, 0]
            scores[origins + 1] = self._target.log_rarity(truth[origins + 1], found)
        return give_back_rows(scores, given)

    # --- backtest -------------------------------------------------------------------------------

    def _backtest(
        self, X: Any, y: Any, start: Any, step: Any, refit: Any, quantiles: Any
    ) -> pd.DataFrame:
        caller = f"{type(self).__name__}.backtest"
        if not isinstance(refit, bool | int | np.integer) or refit < 0:
            raise ValueError(
                f"{caller}: refit={plain(refit)} is neither True, False nor a number of origins "
                "from 1 on."
            )
        self._validate_params()
        X, y = _separate(X, y)
        data = read_series(y, f"{caller}: y", freq=self.freq, index=index_of(X))
        covariates = read_covariates(X, data, f"{caller}: X", past_features=self.past_features)
        horizon = int(self.horizon)
        origins = backtest_windows(data, 1, horizon, caller, start=start, step=step)
        number = np.arange(len(origins))
        first = np.flatnonzero(np.r_[True, np.diff(origins.series) != 0])
        number = number - np.repeat(first, np.diff(np.r_[first, len(number)]))
        every = int(refit)
        group = number // every if every else np.zeros(len(origins), dtype=np.int64)
        parts, wanted, n_labels = [], None, 0
        forecasts = np.empty((len(origins), horizon))
        labels: Any = None
        for g in range(int(group.max()) + 1):
            chosen = np.flatnonzero(group == g)
            model = self._before(data, covariates, origins, chosen, caller, reuse=not every)
            if quantiles is not None:
                wanted = model._wanted(quantiles, caller)
                labels = pd.Index(np.atleast_1d(quantiles), dtype=np.float64)
                n_labels = len(wanted)
            state = model._source.read_data(data, covariates, caller)
            windows = Windows(
                data,
                model._source.context,
                horizon,
                origins.series[chosen],
                origins.step[chosen],
                state.values,
            )
            found = model._forecast_windows(windows, state)
            forecasts[chosen] = model._target.central(model._target.finish(found))
            if wanted is not None:
                values = model._target.finish(model._target.between(found, wanted))
                parts.append((chosen, values))
        more = None
        if wanted is not None:
            more = np.empty((len(origins), horizon, n_labels))
            for chosen, values in parts:
                more[chosen] = values
        return backtest_frame(origins, forecasts, more, labels)

    def _before(
        self,
        data: SeriesSet,
        covariates: Covariates | None,
        origins: Windows,
        chosen: np.ndarray,
        caller: str,
        *,
        reuse: bool,
    ) -> Any:
        """Return a model that knows nothing after the first of some origins."""
        steps = np.zeros(data.n_series, dtype=np.int64)
        steps[origins.series[chosen][::-1]] = origins.step[chosen][::-1] + 1
        if reuse and hasattr(self, "net_") and self._source.ends_before(data, steps):
            return self
        model = clone(self)
        # A series without an origin is trained on as far as the others are.
        latest = (data.starts + data.clock.step * (steps - 1))[steps > 0].max()
        other = (latest - data.starts) // data.clock.step + 1
        if data.clock.kind == "position":
            other = data.lengths
        steps = np.where(steps > 0, steps, np.clip(other, 1, data.lengths))
        shorter, _ = cut_after(data, steps)
        model._fit_series(shorter, covariates, None, caller)
        model._source.cut()
        return model


def _separate(X: Any, y: Any) -> tuple[Any, Any]:
    """Return covariates and series: with one argument, it is the series."""
    return (None, X) if y is None else (X, y)


def _check_same_covariates(columns: Any, covariates: Any, caller: str) -> None:
    if (columns is None) != (covariates is None):
        has = "without" if columns is None else "with"
        raise ValueError(
            f"{caller}: the network was built {has} covariates, but X has "
            f"{'some' if columns is None else 'none'}, and training continues with that network. "
            "Pass the same columns, or refit with warm_start=False."
        )
