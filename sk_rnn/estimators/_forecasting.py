"""Base class of the forecaster: what its methods do with series and covariates."""

from collections.abc import Hashable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import _check_feature_names, check_is_fitted

from ..forecasting import (
    Columns,
    Covariates,
    Future,
    SeriesSet,
    Windows,
    backtest_frame,
    backtest_windows,
    give_back,
    read_covariates,
    read_future,
    read_series,
    read_weights,
)
from ..sequences import plain, unchanged_on_failure
from ..training import untouched_on_failure
from ._warnings import warn_user
from ._windowed import WindowEstimator
from .forecasts import (
    Fold,
    Known,
    Past,
    check_coverage,
    check_quantiles,
    check_refit,
    folds,
    index_of,
    known_until,
    separate,
    skill,
    steps_after,
    surprise,
    without_future,
)


class BaseForecaster(WindowEstimator):
    """An estimator of series: their next values, with or without covariates."""

    @property
    def _learned(self) -> Known:
        """What is known about the series; raises NotFittedError before fit."""
        check_is_fitted(self)
        return self._source

    # --- observations ---------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, resume: bool) -> Self:
        caller = f"{type(self).__name__}.fit"
        X, y = separate(X, y)
        with unchanged_on_failure(self):
            data = read_series(y, f"{caller}: y", freq=self.freq, index=index_of(X))
            columns = self._source.columns if resume else None
            covariates = self._read_covariates(X, data, caller, columns=columns)
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

    def _read_covariates(
        self,
        X: Any,
        data: SeriesSet,
        caller: str,
        *,
        columns: Columns | None = None,
        last: np.ndarray | None = None,
    ) -> Covariates | None:
        if X is None and self.past_features is not None:
            raise ValueError(
                f"{caller}: past_features={plain(self.past_features)}, but there is no X. Pass "
                f"{caller.rpartition('.')[2]}(X, y), or past_features=None."
            )
        return read_covariates(
            X,
            data,
            f"{caller}: X",
            past_features=self.past_features,
            columns=columns,
            last=last,
        )

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
                "required. Pass y only, or a DataFrame without columns, whose index holds the "
                "times."
            )
        wide = X is None and data.layout.is_wide
        self.n_features_in_ = data.n_series if wide else 0 if X is not None else 1

    def _update(self, X: Any, y: Any) -> Self:
        check_is_fitted(self)
        X, y = separate(X, y)
        with unchanged_on_failure(self):
            self._source = self._source.updated(y, X, f"{type(self).__name__}.update")
            self._source.cut()
        return self

    def _partial_fit(self, X: Any, y: Any) -> Self:
        if not hasattr(self, "net_"):
            return self._fit(X, y, None, resume=False)
        caller = f"{type(self).__name__}.partial_fit"
        X, y = separate(X, y)
        with unchanged_on_failure(self), untouched_on_failure(self.net_):
            before = self._source.data
            self._source = self._source.updated(y, X, caller)
            self._fit_series(
                self._source.data,
                self._source.covariates,
                None,
                caller,
                resume=True,
                new_from=steps_after(before, self._source.data),
            )
            self._source.cut()
        return self

    # --- forecasts ------------------------------------------------------------------------------

    def _forecast_rows(
        self, X: Any, history: Any, caller: str, *, quantiles: bool = False
    ) -> tuple[Past, Future, np.ndarray]:
        """Return the past, the steps to forecast, and their forecasts."""
        past = self._past_of(history, caller)
        if isinstance(X, np.ndarray) and X.ndim == 2 and past.covariates is not None:
            _check_feature_names(self, X, reset=False)
        horizon = self._source.horizon
        future = read_future(X, past.data, horizon, f"{caller}: X", covariates=past.covariates)
        n = int(future.n_steps.max())
        if quantiles and n > horizon:
            warn_user(
                f"{caller}: {n} steps are more than the horizon={horizon} of the model. Beyond it, "
                "forecasts are fed back as if they were observed, so the quantiles of the later "
                f"steps are too narrow. Fit with horizon={n} for reliable ones."
            )
        covariates = future.covariates
        if n > horizon:
            covariates = without_future(covariates, past.data)
        forecasts = self._forecast(past._replace(covariates=covariates), n)
        return past, future, forecasts

    def _forecast_quantiles(
        self, X: Any, history: Any, caller: str, levels: np.ndarray, labels: pd.Index
    ) -> Any:
        past, future, forecasts = self._forecast_rows(X, history, caller, quantiles=True)
        values = self._target.finish(self._target.between(forecasts, levels))
        return give_back(values, future, past.data, labels)

    def _past_of(self, history: Any, caller: str) -> Past:
        """Return the observations of fit and update, or those of another history."""
        if history is None:
            return self._source.current()
        X = None
        pair = isinstance(history, tuple) and len(history) == 2
        if pair and self._source.covariates is not None:
            X, history = history
        return self._source.read(history, X, caller, "history")

    def _check_quantiles(self, quantiles: Any, caller: str) -> np.ndarray:
        grid = self._target.quantiles
        return check_quantiles(quantiles, caller, low=grid[0], high=grid[-1])

    def _forecast_series(
        self, X: Any, history: Any, series: Any, coverage: Any, caller: str
    ) -> dict[str, Any]:
        """Return history, forecast and intervals of one series, for `ForecastDisplay`."""
        check_is_fitted(self)
        past, future, forecasts = self._forecast_rows(X, history, caller, quantiles=True)
        data, target = past.data, self._target
        place = 0
        if series is not None:
            place = -1
            if isinstance(series, Hashable):
                place = int(data.layout.ids.get_indexer(pd.Index([series]))[0])
            if place < 0:
                raise ValueError(
                    f"{caller}: series={plain(series)} is not among the series, "
                    f"{data.layout.ids[:5].tolist()}. Pass one of them, or None for the first one."
                )
        if coverage is None:
            # 0.5 and the widest interval, if two quantiles were trained.
            widest = round(1 - 2 * max(target.quantiles[0], 1 - target.quantiles[-1]), 12)
            coverage = sorted({c for c in (0.5, widest) if 0 < c <= widest})
        ends = [check_coverage(c, target.quantiles, caller) for c in np.atleast_1d(coverage)]
        n, step = int(future.n_steps[place]), data.clock.step
        times = data.clock.times(data.ends[place] + step * np.arange(1, n + 1))
        found = forecasts[place, :n]
        steps = slice(*data.offsets[place : place + 2])
        n_past = data.lengths[place]
        return {
            "history": pd.Series(
                data.values[steps],
                index=data.clock.times(data.starts[place] + step * np.arange(n_past)),
            ),
            "forecast": pd.Series(target.central(target.finish(found)), index=times),
            "intervals": {
                float(c): target.finish(target.between(found, np.asarray(pair)))
                for c, pair in zip(np.atleast_1d(coverage), ends, strict=True)
            },
            "name": None if data.layout.is_single else data.layout.ids[place],
        }

    # --- scores ---------------------------------------------------------------------------------

    def _score(self, X: Any, y: Any, sample_weight: Any) -> float:
        check_is_fitted(self)

        def forecast(past: Past, n_steps: int) -> np.ndarray:
            return self._target.central(self._target.finish(self._forecast(past, n_steps)))

        caller = f"{type(self).__name__}.score"
        return skill(*separate(X, y), sample_weight, self._source, forecast, caller)

    def _score_samples(self, X: Any, y: Any) -> Any:
        check_is_fitted(self)

        def forecast(windows: Windows, past: Past) -> np.ndarray:
            return self._forecast_windows(windows, past)[:, 0]

        caller = f"{type(self).__name__}.score_samples"
        return surprise(*separate(X, y), self._source, self._target, forecast, caller)

    # --- backtest -------------------------------------------------------------------------------

    def _backtest(
        self, X: Any, y: Any, start: Any, step: Any, refit: Any, quantiles: Any
    ) -> pd.DataFrame:
        caller = f"{type(self).__name__}.backtest"
        every = check_refit(refit, caller)
        self._validate_params()
        X, y = separate(X, y)
        data = read_series(y, f"{caller}: y", freq=self.freq, index=index_of(X))
        origins = backtest_windows(data, 1, int(self.horizon), caller, start=start, step=step)
        labels = None
        if quantiles is not None:
            labels = pd.Index(check_quantiles(quantiles, caller))
        forecasts = np.empty((len(origins), origins.horizon))
        shape = (*forecasts.shape, 0 if labels is None else len(labels))
        more = np.empty(shape)
        for fold in folds(origins, every):
            if not every and self._knows_only(data, fold):
                model, covariates = self, self._source.read_covariates(X, data, caller)
            else:
                model = clone(self)
                covariates = model._read_covariates(X, data, caller, last=fold.last)
                model._fit_series(known_until(data, fold.last), covariates, None, caller)
            levels = None if labels is None else model._check_quantiles(quantiles, caller)
            past = model._source.read_data(data, covariates, caller)
            windows = origins.take(fold.chosen, model._source.context, past.values)
            found = model._forecast_windows(windows, past)
            target = model._target
            forecasts[fold.chosen] = target.central(target.finish(found))
            if levels is not None:
                more[fold.chosen] = target.finish(target.between(found, levels))
        return backtest_frame(origins, forecasts, None if labels is None else more, labels)

    def _knows_only(self, data: SeriesSet, fold: Fold) -> bool:
        """Whether this is a fitted model that knows nothing after the first origin."""
        if not hasattr(self, "net_") or self._source.horizon != self.horizon:
            return False
        return self._source.ends_before(data, fold.last)


def _check_same_covariates(columns: Any, covariates: Any, caller: str) -> None:
    if (columns is None) != (covariates is None):
        has = "without" if columns is None else "with"
        raise ValueError(
            f"{caller}: the network was built {has} covariates, but X has "
            f"{'some' if columns is None else 'none'}, and training continues with that network. "
            "Pass the same columns, or refit with warm_start=False."
        )
