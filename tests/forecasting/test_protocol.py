"""Calls by scikit-learn to an estimator that is built from the functions of the package."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn.forecasting import (
    append_series,
    baseline_terms,
    check_series,
    choose_context,
    choose_patch,
    choose_seasons,
    first_forecast,
    give_back,
    last_windows,
    mean_absolute_difference,
    normalise,
    read_covariates,
    read_future,
    read_series,
    read_truth,
    scale_floor,
)
from sk_rnn.model_selection import ForecastSplit


class Baseline(RegressorMixin, BaseEstimator):
    """The baseline before training, as a forecaster with the interface of the others."""

    def __init__(self, horizon=1, past_features=None):
        self.horizon = horizon
        self.past_features = past_features

    def fit(self, X, y=None):
        covariates, y = (None, X) if y is None else (X, y)
        index = getattr(covariates, "index", None)
        self.data_ = read_series(y, "Baseline.fit: y", index=index)
        check_series(self.data_, self.horizon, "Baseline.fit: y")
        self.covariates_ = read_covariates(
            covariates, self.data_, "Baseline.fit: X", past_features=self.past_features
        )
        self.seasons_ = choose_seasons(self.data_)
        self.patch_ = choose_patch(self.data_, self.seasons_)
        self.context_ = choose_context(self.data_, self.patch_, self.seasons_)
        season = max(self.seasons_, default=1)
        self.floor_ = scale_floor(self.data_, season)
        self.scale_ = mean_absolute_difference(self.data_, season)
        return self

    def _forecast(self, n):
        past = last_windows(self.data_, self.context_, n).read()
        z = normalise(past, self.patch_, self.floor_)
        terms = baseline_terms(z.z, past.observed, self.seasons_, n)
        return z.loc[:, None] + z.scale[:, None] * first_forecast(terms).astype(float)

    def predict(self, X=None):
        where = "Baseline.predict: X"
        future = read_future(X, self.data_, self.horizon, where, covariates=self.covariates_)
        return give_back(self._forecast(int(future.n_steps.max())), future, self.data_)

    def score(self, X, y=None):
        truth = read_truth(X if y is None else y, self.data_, "Baseline.score: y")
        forecast = self._forecast(int(truth.ahead.max()))[truth.series, truth.ahead - 1]
        errors = np.abs(forecast - truth.values) / self.scale_[truth.series]
        return 1 - float(errors.mean())

    def update(self, X, y=None):
        self.data_ = append_series(self.data_, X if y is None else y, "Baseline.update: y")
        return self


MONTHS = pd.date_range("2018-01", periods=72, freq="MS", name="month")
SEASON = 10 + 3 * np.sin(2 * np.pi * np.arange(72) / 12) + 0.01 * np.arange(72) % 0.7
ONE = pd.Series(SEASON, MONTHS, name="sold")
LONG = pd.concat({"b": ONE, "a": 5 * ONE[10:]}, names=["shop"])
KINDS = {
    "series": ONE,
    "wide": pd.DataFrame({"x": ONE, "y": 5 * ONE}),
    "periods": ONE.to_period(),
    "long": LONG,
    "array": ONE.to_numpy(),
    "matrix": np.stack([SEASON, 5 * SEASON], axis=1),
    "integers": ONE.reset_index(drop=True),
}
SPLITS = {"time": TimeSeriesSplit(3, test_size=6), "gap": TimeSeriesSplit(3, test_size=6, gap=2)}


@pytest.mark.parametrize("y", KINDS.values(), ids=KINDS)
def test_scores_of_y_alone(y):
    cv = ForecastSplit(3, 6)
    scores = cross_val_score(Baseline(6), y, cv=cv, error_score="raise")
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", ["series", "wide", "periods", "long"])
def test_scorers_of_scikit_learn_without_covariates(name):
    y = KINDS[name]
    X = (y if isinstance(y, pd.DataFrame) else y.to_frame())[[]]
    splits = [ForecastSplit(3, 6)] if name == "long" else SPLITS.values()
    for cv in splits:
        search = GridSearchCV(
            Baseline(), {"horizon": [1, 6]}, cv=cv, scoring="neg_mean_absolute_error",
            error_score="raise",
        )  # fmt: skip
        search.fit(X, y)
        forecast = search.best_estimator_.predict(12)
        assert forecast.shape[0] == (24 if name == "long" else 12)


def test_gap_before_the_test_set_is_forecast_too():
    scores = [
        cross_val_score(
            Baseline(6), ONE.to_frame()[[]], ONE, cv=cv, scoring="neg_mean_absolute_error"
        )
        for cv in SPLITS.values()
    ]
    assert np.abs(np.subtract(*scores)).max() < 0.5


def test_search_with_covariates_and_transformed_targets():
    X = pd.DataFrame({"price": np.arange(72.0), "heat": SEASON}, MONTHS)
    scaler = ColumnTransformer([("scale", StandardScaler(), ["price", "heat"])])
    pipeline = make_pipeline(scaler.set_output(transform="pandas"), Baseline(6))
    cv = TimeSeriesSplit(3, test_size=6)
    options = {"cv": cv, "scoring": "neg_mean_absolute_error", "error_score": "raise"}
    plain = cross_val_score(pipeline, X, ONE, **options)
    np.testing.assert_allclose(plain, cross_val_score(Baseline(6), X, ONE, **options))
    log = TransformedTargetRegressor(Baseline(6), func=np.log, inverse_func=np.exp)
    assert np.isfinite(cross_val_score(log, X, ONE, **options)).all()
    forecast = log.fit(X, ONE).predict(X.set_axis(X.index + pd.DateOffset(months=72)))
    assert isinstance(forecast, np.ndarray)
    past = Baseline(6, past_features=["price", "heat"]).fit(X, ONE)
    pd.testing.assert_series_equal(past.predict(6), Baseline(6).fit(ONE).predict())


def test_shuffled_folds_raise():
    with pytest.raises(ValueError, match="split by time with TimeSeriesSplit or ForecastSplit"):
        cross_val_score(
            Baseline(6), ONE.to_frame()[[]], ONE, cv=KFold(3, shuffle=True, random_state=0),
            scoring="neg_mean_absolute_error", error_score="raise",
        )  # fmt: skip


@pytest.mark.parametrize("y", KINDS.values(), ids=KINDS)
def test_forecasts_after_an_update_equal_those_of_the_whole_history(y):
    cut = ForecastSplit(1, 6).cut(y)
    train, test = next(cut)
    model = Baseline(6).fit(train)
    seasons, patch, context, floor = model.seasons_, model.patch_, model.context_, model.floor_
    updated = model.update(test).predict(8)
    whole = Baseline(6).fit(y)
    whole.seasons_, whole.patch_, whole.context_, whole.floor_ = seasons, patch, context, floor
    np.testing.assert_array_equal(updated, whole.predict(8))


def test_no_forecast_depends_on_the_other_series():
    both = Baseline(6).fit(LONG).predict()
    for shop in "ab":
        alone = Baseline(6).fit(LONG.xs(shop))
        model = Baseline(6).fit(LONG)
        alone.context_ = model.context_
        np.testing.assert_array_equal(alone.predict(), both.xs(shop))
