"""RNNForecaster: kinds of y, forecasts, quantiles, updates, scores, backtests."""

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import Panel, RNNForecaster
from sk_rnn.model_selection import ForecastSplit

MONTHS = pd.date_range("2018-01", periods=72, freq="MS", name="month")
SEASON = 10 + 3 * np.sin(2 * np.pi * np.arange(72) / 12) + 0.1 * (np.arange(72) * 7 % 5)
ONE = pd.Series(SEASON, MONTHS, name="sold")
LONG = pd.concat({"b": ONE, "a": 5 * ONE[10:]}, names=["shop"])
LONG.name = "sold"
KINDS = {
    "series": ONE,
    "wide": pd.DataFrame({"x": ONE, "y": 5 * ONE}),
    "periods": ONE.to_period(),
    "long": LONG,
    "frame": LONG.to_frame(),
    "array": SEASON,
    "matrix": np.stack([SEASON, 5 * SEASON], axis=1),
    "integers": ONE.set_axis(range(5, 77)),
    "dict": {"p": ONE, "q": ONE[5:]},
    "list": [SEASON, SEASON[7:]],
    "zone": ONE.tz_localize("Europe/Berlin"),
    "panel": Panel.from_frame(LONG.reset_index(), by="shop", order_by="month", columns=["sold"]),
}


def small(horizon=6, **params):
    """A forecaster that is trained in no time."""
    return RNNForecaster(
        horizon,
        **{"hidden_size": 8, "n_networks": 2, "max_steps": 4, "random_state": 0, **params},
    )


def values_of(forecast):
    """Numbers of a forecast of any kind."""
    if isinstance(forecast, dict):
        forecast = list(forecast.values())
    if isinstance(forecast, Panel):
        return forecast.values.ravel()
    if isinstance(forecast, list):
        return np.concatenate([np.asarray(one).ravel() for one in forecast])
    return np.asarray(forecast).ravel()


@pytest.mark.parametrize("name", KINDS)
def test_forecasts_are_of_the_kind_of_y(name):
    y = KINDS[name]
    forecast = small().fit(y).predict(8)
    kind = pd.Series if name in ("long",) else type(y)
    assert type(forecast) is kind
    assert values_of(forecast).shape == ((16,) if name not in
        ("series", "periods", "array", "integers", "zone") else (8,))  # fmt: skip
    assert np.isfinite(values_of(forecast)).all()
    if isinstance(forecast, pd.Series | pd.DataFrame):
        assert forecast.index.names == y.index.names
        assert isinstance(forecast.index, type(y.index)) or name == "integers"


def test_forecast_of_a_series_goes_on_from_its_end():
    forecast = small().fit(ONE).predict()
    expected = pd.date_range("2024-01", periods=6, freq="MS", name="month")
    pd.testing.assert_index_equal(forecast.index, expected)
    assert forecast.name == "sold"
    longer = small().fit(ONE).predict(pd.DatetimeIndex(["2024-03-01", "2024-05-01"]))
    np.testing.assert_array_equal(longer, forecast.iloc[[2, 4]])


@pytest.mark.parametrize("name", KINDS)
def test_quantiles_do_not_cross_and_hold_the_forecast(name):
    model = small().fit(KINDS[name])
    forecast = values_of(model.predict())
    quantiles = model.predict_quantiles(quantiles=[0.05, 0.3, 0.5, 0.95])
    if isinstance(quantiles, dict | list):
        parts = list(quantiles.values()) if isinstance(quantiles, dict) else quantiles
        grid = np.concatenate([np.asarray(part) for part in parts])
    elif isinstance(quantiles, Panel):
        grid = quantiles.values
    else:
        grid = np.asarray(quantiles).reshape(-1, 4)
    assert (np.diff(grid, axis=1) >= 0).all()
    np.testing.assert_array_equal(grid[:, 2], forecast)
    interval = model.predict_interval(coverage=0.9)
    if isinstance(interval, pd.DataFrame) and interval.columns.nlevels == 1:
        assert list(interval.columns) == ["lower", "upper"]
        np.testing.assert_array_equal(interval["lower"], grid[:, 0])


def test_quantiles_between_trained_ones_are_those_of_the_normal_distribution():
    model = small(quantiles=(0.1, 0.9)).fit(ONE)
    found = model.predict_quantiles(quantiles=[0.1, 0.2, 0.5])
    from scipy.stats import norm

    share = (norm.ppf(0.2) - norm.ppf(0.1)) / (norm.ppf(0.5) - norm.ppf(0.1))
    logs = np.log(found)
    expected = logs[0.1] + share * (logs[0.5] - logs[0.1])
    np.testing.assert_allclose(logs[0.2], expected)


def _cut(name, n_steps):
    """Return a kind of y without its last steps, and these."""
    y = KINDS[name]
    if name == "panel":
        ends = LONG.groupby(level="shop").tail(n_steps)
        parts = (LONG.drop(ends.index), ends)
        return [
            Panel.from_frame(part.reset_index(), by="shop", order_by="month", columns=["sold"])
            for part in parts
        ]
    if name == "dict":
        return {k: v[:-n_steps] for k, v in y.items()}, {k: v[-n_steps:] for k, v in y.items()}
    if name == "list":
        return [v[:-n_steps] for v in y], [v[-n_steps:] for v in y]
    return next(ForecastSplit(1, n_steps).cut(y))


@pytest.mark.parametrize("name", KINDS)
def test_update_equals_history(name):
    train, test = _cut(name, 5)
    model = small().fit(train)
    of_history = model.predict(9, history=KINDS[name])
    updated = model.update(test).predict(9)
    np.testing.assert_array_equal(values_of(of_history), values_of(updated))
    again = model.predict(9, history=KINDS[name])
    np.testing.assert_array_equal(values_of(again), values_of(updated))


@pytest.mark.parametrize("method", ["update", "partial_fit"])
def test_new_rows_may_be_missing(method):
    model = small().fit(ONE[:60])
    getattr(model, method)(ONE[60:61] * np.nan)
    getattr(model, method)(ONE[61:63])
    assert model.end_ == ONE.index[62]
    if method == "update":
        history = ONE[:63].mask(ONE.index[:63] == ONE.index[60])
        np.testing.assert_array_equal(model.predict(), model.predict(history=history))


@pytest.mark.parametrize("with_covariates", [False, True])
@pytest.mark.parametrize("method", ["update", "partial_fit"])
def test_what_is_known_stays_bounded(method, with_covariates):
    hours = pd.date_range("2024", periods=400, freq="h")
    y = pd.Series(np.sin(np.arange(400) / 3), hours)
    X = pd.DataFrame({"heat": np.arange(400.0), "wind": 1.0}, hours)
    past = ["wind"] if with_covariates else None
    model = small(past_features=past, context=24, season_length=None)
    model.fit(*((X[:100], y[:100]) if with_covariates else (y[:100],)))
    sizes = {}
    for i in range(100, 400, 10):
        rows = slice(i, i + 10)
        getattr(model, method)(*((X[rows], y[rows]) if with_covariates else (y[rows],)))
        sizes[i] = len(model._source.data.values)
        if with_covariates:
            assert len(model._source.covariates.table.values) == sizes[i]
    assert set(sizes.values()) == {model.context_ + 6}


def test_update_changes_no_weights_and_refuses_another_past():
    model = small().fit(ONE[:60])
    before = {name: v.clone() for name, v in model.module_.state_dict().items()}
    model.update(ONE[58:64])
    after = model.module_.state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    assert model.end_ == ONE.index[63]
    known = model.predict()
    with pytest.raises(ValueError, match=r"RNNForecaster\.update: y has another value at 2023-03"):
        model.update(ONE[62:65] + 1)
    pd.testing.assert_series_equal(model.predict(), known)


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_no_forecast_depends_on_the_other_series(backend):
    rng = np.random.default_rng(0)
    y = {i: pd.Series(rng.normal(size=n).cumsum(), pd.RangeIndex(n)) for i, n in
         enumerate(rng.integers(30, 60, 21))}  # fmt: skip
    model = small(3, backend=backend, hidden_size=16).fit(y)
    together = model.predict(5)
    for i in (0, 7, 20):
        alone = model.predict(5, history={i: y[i]})
        np.testing.assert_array_equal(alone[i], together[i])


def test_forecasts_beyond_the_horizon_warn_where_quantiles_are_asked_for():
    model = small(4).fit(ONE)
    assert len(model.predict(11)) == 11
    np.testing.assert_array_equal(model.predict(11)[:4], model.predict(4))
    with pytest.warns(UserWarning, match="11 steps are more than the horizon=4"):
        model.predict_interval(11)


def test_history_of_a_series_never_seen():
    model = small().fit(LONG)
    other = pd.concat({"c": 1e6 * ONE}, names=["shop"])
    forecast = model.predict(history=other)
    assert list(forecast.index.unique("shop")) == ["c"]
    assert forecast.between(5e6, 2e7).all()


@pytest.mark.parametrize(
    "y",
    [
        np.full(40, 3.0),
        np.full(40, 0.0),
        np.arange(10.0),
        np.r_[SEASON, np.full(60, np.nan)],
        np.where(np.arange(72) % 3 == 0, np.nan, SEASON),
        SEASON.round().astype(int),
        -SEASON,
        1e12 * SEASON,
        1e-12 * SEASON,
        np.r_[np.zeros(30), 1.0, np.zeros(30)],
    ],
    ids=[
        "constant",
        "zero",
        "ten",
        "tail",
        "gaps",
        "integers",
        "negative",
        "huge",
        "tiny",
        "event",
    ],
)
def test_forecasts_of_unusual_series_are_finite(y):
    forecast = small(3).fit(y).predict(9)
    assert np.isfinite(forecast).all()
    low, high = np.nanmin(y), np.nanmax(y)
    width = max(high - low, 1e-12 * abs(high))
    assert (forecast >= low - 2 * width).all()
    assert (forecast <= high + 2 * width).all()
    if low == high:
        np.testing.assert_allclose(forecast, low, rtol=1e-15)


def test_a_shift_and_a_unit_change_forecasts_only_by_themselves():
    y = SEASON - 10
    forecast = small(target_transform=None).fit(y).predict(8)
    moved = small(target_transform=None).fit(y + 1.7e9).predict(8) - 1.7e9
    np.testing.assert_allclose(moved, forecast, atol=1e-4)
    larger = small().fit(1e6 * SEASON).predict(8) / 1e6
    np.testing.assert_allclose(larger, small().fit(SEASON).predict(8), rtol=1e-5)


def test_columns_without_any_value_have_no_forecast():
    y = pd.DataFrame({"x": ONE, "y": np.nan}, MONTHS)
    with pytest.warns(UserWarning, match="too short to train on"):
        model = small().fit(y)
    forecast = model.predict()
    assert forecast["y"].isna().all()
    assert forecast["x"].notna().all()


def test_nonnegative_forecasts():
    y = np.r_[np.arange(40.0)[::-1], 0, 0]
    assert small().fit(y).predict(20).min() >= 0
    assert small(nonnegative=False).fit(y - 1).predict(20).min() < 0


def test_score_is_the_skill_over_the_seasonal_naive_forecast():
    from sk_rnn.metrics import mean_absolute_scaled_error

    model = small(season_length=12).fit(ONE[:60])
    truth = ONE[60:70]
    loss = mean_absolute_scaled_error(truth, model.predict(10), ONE[:60], 12)
    assert model.score(truth) == pytest.approx(1 - loss)
    weights = np.r_[np.ones(5), np.zeros(5)]
    loss = mean_absolute_scaled_error(truth[:5], model.predict(5), ONE[:60], 12)
    assert model.score(truth, sample_weight=weights) == pytest.approx(1 - loss)


def test_backtest_equals_forecasts_from_each_origin():
    model = small().fit(ONE[:40])
    table = model.backtest(ONE, start=40, step=7, quantiles=[0.1, 0.9])
    assert list(table.columns) == ["y_true", "y_pred", 0.1, 0.9]
    for cutoff, part in table.groupby(level="cutoff"):
        part = part.droplevel("cutoff")
        expected = model.predict(history=ONE[:cutoff])
        np.testing.assert_allclose(part["y_pred"], expected, rtol=1e-6)
        np.testing.assert_array_equal(part["y_true"], ONE[part.index])


def test_backtest_fits_on_what_is_before_its_origins():
    changed = ONE.copy()
    changed[60:] += 100
    tables = [small().backtest(y, start=60, step=3) for y in (ONE, changed)]
    first = [table.xs(ONE.index[59], level="cutoff")["y_pred"] for table in tables]
    np.testing.assert_array_equal(*first)
    fitted = small().fit(ONE)
    again = fitted.backtest(ONE, start=60, step=3)  # knows too much: not used
    pd.testing.assert_frame_equal(again, tables[0])
    pd.testing.assert_series_equal(fitted.predict(), small().fit(ONE).predict())


def test_backtest_with_refits():
    table = small().backtest(ONE, start=0.8, step=4, refit=True)
    once = small().backtest(ONE, start=0.8, step=4)
    assert table.index.equals(once.index)
    for cutoff in table.index.unique("cutoff"):
        found = table.xs(cutoff, level="cutoff")["y_pred"]
        np.testing.assert_allclose(found, small().fit(ONE[:cutoff]).predict(), rtol=1e-6)


def test_backtest_refits_at_every_kth_cutoff():
    table = small().backtest(ONE, start=50, step=4, refit=2)
    cutoffs = table.index.unique("cutoff")
    assert len(cutoffs) == 5
    for i, cutoff in enumerate(cutoffs):
        model = small().fit(ONE[: cutoffs[i - i % 2]])
        found = table.xs(cutoff, level="cutoff")["y_pred"]
        np.testing.assert_allclose(found, model.predict(history=ONE[:cutoff]), rtol=1e-6)


@pytest.mark.parametrize("refit", [False, True, 2])
@pytest.mark.parametrize("name", ["wide", "long", "dict"])
def test_backtest_knows_nothing_after_its_origins_of_any_series(name, refit):
    # Series begin and end at different times, so that their origins differ.
    ragged = {"x": ONE[:60], "y": 5 * ONE[10:], "z": ONE[30:]}
    parts = {
        "wide": pd.DataFrame(ragged),
        "long": pd.concat(ragged, names=["shop"]),
        "dict": ragged,
    }
    table = small().backtest(parts[name], start=0.7, step=3, refit=refit)
    middle = table.index.unique("cutoff")[len(table.index.unique("cutoff")) // 2]
    changed = {key: one.mask(one.index > middle, 7 * one + 3) for key, one in ragged.items()}
    parts = {
        "wide": pd.DataFrame(changed),
        "long": pd.concat(changed, names=["shop"]),
        "dict": changed,
    }
    again = small().backtest(parts[name], start=0.7, step=3, refit=refit)
    known = table.index.get_level_values("cutoff") <= middle
    pd.testing.assert_series_equal(again["y_pred"][known], table["y_pred"][known])
    assert (again["y_pred"][~known] != table["y_pred"][~known]).any()


def test_backtest_of_series_without_times_counts_origins_within_each():
    y = [SEASON[:60], 5 * SEASON]
    table = small().backtest(y, start=0.7, step=6, refit=True)
    expected = small().fit([y[0][:42], y[1][:50]]).predict()
    for i in (0, 1):
        found = table.xs(i, level="series")["y_pred"][:6]
        np.testing.assert_allclose(found, expected[i], rtol=1e-6)


@pytest.mark.parametrize("name", ["series", "wide", "long", "array", "dict"])
def test_unlikely_observations_have_low_scores(name):
    model = small(3, max_steps=30).fit(KINDS[name])
    scores = model.score_samples(KINDS[name])
    assert type(scores) is type(KINDS[name])
    flat = values_of(scores)
    assert np.nanmax(flat) <= 0
    if name == "series":
        broken = ONE.copy()
        broken.iloc[50] += 40
        found = model.score_samples(broken)
        assert found.argmin() == 50
        assert found.iloc[50] < -5
        assert found.notna().tolist() == [False] * 24 + [True] * 48
        pd.testing.assert_index_equal(found.index, ONE.index)


# --- training -------------------------------------------------------------------------------------


def test_fits_are_reproducible():
    forecasts = [small(random_state=s).fit(ONE).predict() for s in (0, 0, 1)]
    np.testing.assert_array_equal(*forecasts[:2])
    assert (forecasts[0] != forecasts[2]).any()


def test_sample_weights_of_zero_leave_steps_out():
    y = ONE.copy()
    y[30:36] = 50.0
    weights = np.where((y == 50.0), 0.0, 1.0)
    model = small(1, max_steps=20).fit(y, sample_weight=weights)
    assert model.n_windows_ < small(1, max_steps=2).fit(y).n_windows_
    with pytest.raises(ValueError, match="sample_weight"):
        small().fit(y, sample_weight=weights[1:])


def test_early_stopping_holds_out_the_last_windows():
    model = small(early_stopping=True, max_steps=400).fit(ONE)
    assert len(model.validation_curve_) == len(model.loss_curve_)
    assert model.n_windows_ < small().fit(ONE).n_windows_
    with pytest.raises(ValueError, match="leaves no window of 30 steps to train on"):
        small(30, early_stopping=True).fit(ONE)


def test_warm_start_goes_on():
    model = small(warm_start=True).fit(ONE)
    first = model.n_steps_
    loss = model.loss_curve_.copy()
    model.fit(ONE)
    assert model.n_steps_ == 2 * first
    assert model.loss_curve_[:1] == loss
    model.set_params(hidden_size=9)
    with pytest.raises(ValueError, match="hidden_size was 8"):
        model.fit(ONE)


def test_partial_fit_appends_and_trains():
    model = small().fit(ONE[:60])
    before = model.n_steps_
    model.partial_fit(ONE[60:64])
    assert model.end_ == ONE.index[63]
    assert model.n_steps_ == before + 1
    assert model.n_windows_ == 4
    assert len(small().partial_fit(ONE).predict()) == 6


def test_squared_error_forecasts_the_mean():
    rng = np.random.default_rng(0)
    y = rng.exponential(size=2000)
    model = RNNForecaster(2, loss="squared_error", max_steps=200, random_state=0).fit(y)
    assert model.predict().mean() == pytest.approx(1.0, abs=0.15)
    median = model.predict_quantiles(quantiles=0.5)
    assert median.mean() == pytest.approx(np.log(2), abs=0.15)


@pytest.mark.parametrize("cell", ["lstm", "rnn_tanh"])
@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_cells_and_layers(cell, backend):
    model = small(cell=cell, num_layers=2, backend=backend).fit(LONG)
    assert np.isfinite(model.predict()).all()
    assert model.net_.backend == backend


def test_backends_agree():
    torch, numba = (small(backend=b, dropout=0.0).fit(LONG).predict() for b in ("torch", "numba"))
    np.testing.assert_allclose(torch, numba, rtol=1e-4)


def test_season_and_context():
    model = small().fit(ONE)
    assert (model.freq_, model.season_length_, model.patch_, model.context_) == (
        "MS",
        (12,),
        12,
        24,
    )
    assert model.target_transform_ == "log"
    assert list(model.base_weights_.columns) == [12, "last", "mean"]
    np.testing.assert_allclose(model.base_weights_.sum(axis=1), 1, rtol=1e-5)
    assert small(context=30, season_length=[6, 12]).fit(ONE).context_ == 30
    assert small(context=40, season_length=None).fit(SEASON).context_ == 42
    with pytest.raises(ValueError, match="context=6 is shorter than a season of 24"):
        small(context=6, season_length=[12, 24]).fit(SEASON)


def test_windows_are_never_materialised():
    walks = np.random.default_rng(0).normal(size=(150, 1000)).cumsum(axis=0)
    y = pd.DataFrame(walks, pd.date_range("2024", periods=150, freq="h"))
    params = {"context": 96, "season_length": None, "hidden_size": 2, "n_networks": 1}
    small(12, **params).fit(y.iloc[:, :20]).predict()  # loads the kernels
    tracemalloc.start()
    try:
        model = small(12, **params).fit(y)
        model.predict(24)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.25 * model.n_windows_ * 108 * 8


# --- CUDA -----------------------------------------------------------------------------------------


def _on_cuda(**params):
    """A model with everything that is moved to the device."""
    X = pd.DataFrame({"price": SEASON, "kind": ["u", "v"] * 36, "visits": SEASON**2}, MONTHS)
    X = pd.concat({"b": X, "a": X[10:]}, names=["shop"])
    params = {"past_features": ["visits"], "series_embedding": 2, "device": "cuda", **params}
    return small(**params), X


@pytest.mark.cuda
def test_cuda_forecasts_are_those_of_the_cpu():
    model, X = _on_cuda()
    train = X.index.get_level_values("month") < MONTHS[60]
    model.fit(X[train], LONG[train])
    assert model.device_.startswith("cuda")
    assert all(weight.is_cuda for weight in model.module_.parameters())
    there = model.predict(X[~train])
    table = model.backtest(X, LONG, start=MONTHS[60], step=3, quantiles=[0.1, 0.9])
    scores = model.score_samples(X, LONG)
    model.update(X[~train], LONG[~train])
    again = pickle.loads(pickle.dumps(model))
    model, X = _on_cuda()
    model.fit(X[train], LONG[train]).to("cpu")
    np.testing.assert_allclose(model.predict(X[~train]), there, rtol=1e-4)
    found = model.backtest(X, LONG, start=MONTHS[60], step=3, quantiles=[0.1, 0.9])
    np.testing.assert_allclose(found, table, rtol=1e-4)
    np.testing.assert_allclose(model.score_samples(X, LONG), scores, rtol=1e-3, atol=1e-3)
    assert again.end_.equals(model.update(X[~train], LONG[~train]).end_)


@pytest.mark.cuda
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_cuda_reaches_the_scores_of_the_cpu(precision):
    params = {"max_steps": 50, "hidden_size": 16}
    scores = {}
    for device in ("cpu", "cuda"):
        model = small(
            device=device, **params, **({} if device == "cpu" else {"precision": precision})
        )
        scores[device] = model.fit(ONE[:60]).score(ONE[60:66])
    assert scores["cuda"] == pytest.approx(scores["cpu"], abs=0.1)


# --- scikit-learn ---------------------------------------------------------------------------------

SPLIT = TimeSeriesSplit(2, test_size=6)


def test_searches_and_scores():
    scores = cross_val_score(small(), ONE, cv=SPLIT, error_score="raise")
    assert np.isfinite(scores).all()
    search = GridSearchCV(small(), {"hidden_size": [4, 8]}, cv=SPLIT, error_score="raise").fit(ONE)
    assert len(search.best_estimator_.predict(12)) == 12
    search = GridSearchCV(
        small(), {"horizon": [1, 6]}, cv=SPLIT, scoring="neg_mean_absolute_error",
        error_score="raise",
    ).fit(ONE.to_frame()[[]], ONE)  # fmt: skip
    assert search.best_params_["horizon"] in (1, 6)
    scores = cross_val_score(small(), LONG, cv=ForecastSplit(2, 6), error_score="raise")
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", ["series", "long"])
def test_searches_in_parallel(name):
    y, cv = (ONE, SPLIT) if name == "series" else (LONG, ForecastSplit(2, 6))
    grid = {"hidden_size": [4, 8]}
    found = [
        GridSearchCV(small(), grid, cv=cv, n_jobs=n_jobs, error_score="raise").fit(y)
        for n_jobs in (None, 2)
    ]
    np.testing.assert_allclose(*(one.cv_results_["mean_test_score"] for one in found), rtol=1e-6)
    np.testing.assert_allclose(*(values_of(one.predict(9)) for one in found), rtol=1e-6)


def test_pipelines_and_transformed_targets():
    X = pd.DataFrame({"price": np.arange(72.0), "heat": SEASON}, MONTHS)
    scaler = ColumnTransformer([("scale", StandardScaler(), ["price", "heat"])])
    pipeline = make_pipeline(scaler.set_output(transform="pandas"), small())
    future = X.set_axis(X.index + pd.DateOffset(months=72))[:9]
    found = pipeline.fit(X, ONE).predict(future)
    np.testing.assert_allclose(found, small().fit(X, ONE).predict(future), rtol=1e-4)
    log = TransformedTargetRegressor(small(), func=np.log, inverse_func=np.exp)
    assert np.isfinite(log.fit(X, ONE).predict(future)).all()


def test_clone_and_pickle():
    model = small().fit(LONG)
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model))
    pd.testing.assert_series_equal(again.predict(9), model.predict(9))
    pd.testing.assert_series_equal(again.update(_next()).predict(), model.update(_next()).predict())


def _next():
    times = pd.date_range("2024-01", periods=2, freq="MS", name="month")
    return pd.concat({"b": pd.Series([9.0, 10.0], times)}, names=["shop"])


def test_skops(tmp_path):
    from skops.io import dump, load

    X = pd.DataFrame({"kind": ["u", "v"] * 36, "n": np.arange(72.0)}, MONTHS)
    model = small(past_features=["n", "kind"], warm_start=True).fit(X, ONE)
    dump(model, tmp_path / "model.skops")
    again = load(tmp_path / "model.skops", trusted=["sk_rnn.estimators._forecaster.RNNForecaster"])
    pd.testing.assert_series_equal(again.predict(), model.predict())
    assert again.n_features_in_ == 2


def test_unfitted():
    for call in ("predict", "predict_interval", "predict_quantiles"):
        with pytest.raises(NotFittedError):
            getattr(small(), call)()
    for call in ("score", "update", "score_samples"):
        with pytest.raises(NotFittedError):
            getattr(small(), call)(ONE)
    for name in ("end_", "freq_", "context_", "base_weights_"):
        assert not hasattr(small(), name)
        with pytest.raises(NotFittedError):
            getattr(small(), name)


def test_models_move():
    model = small(backend="torch").fit(ONE)
    before = model.predict()
    np.testing.assert_allclose(model.to("cpu", backend="numba").predict(), before, rtol=1e-5)


# --- times ----------------------------------------------------------------------------------------

TIMES = {
    "business days": pd.bdate_range("2024-01-01", periods=80),
    "month ends": pd.date_range("2018-01-31", periods=80, freq="ME"),
    "weeks": pd.date_range("2018-01-07", periods=80, freq="W"),
    "quarters": pd.period_range("2000Q1", periods=80, freq="Q"),
    "half hours": pd.date_range("2024-03-30", periods=80, freq="30min", tz="Europe/Berlin"),
    "without freq": pd.DatetimeIndex(pd.date_range("2024", periods=80, freq="h").to_numpy()),
    "durations": pd.timedelta_range("0h", periods=80, freq="h"),
}


@pytest.mark.parametrize("name", TIMES)
def test_forecasts_have_the_times_that_follow(name):
    times = TIMES[name]
    y = pd.Series(np.sin(np.arange(80)) + 3, times)
    forecast = small(4).fit(y[:70]).predict(10)
    assert list(forecast.index) == list(times[70:])
    gaps = y[:70].drop(y.index[[20, 21, 40]])
    model = small(4).fit(gaps)
    assert model.n_missing_ == 3
    assert list(model.predict(10).index) == list(times[70:])


def test_frames_of_other_libraries():
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    frame = LONG.reset_index()
    expected = small().fit(LONG).predict()
    for opened in (pl.from_pandas(frame), pa.Table.from_pandas(frame)):
        np.testing.assert_array_equal(values_of(small().fit(opened).predict()), expected)


def test_no_forecast_depends_on_the_units_of_other_series():
    y = {"a": ONE, "b": 1e9 * ONE}
    model = small().fit(y)
    found = model.predict()
    np.testing.assert_allclose(found["b"], 1e9 * found["a"], rtol=1e-5)


@pytest.mark.parametrize("early_stopping", [True, False])
def test_callbacks_are_called(early_stopping):
    from skorch.callbacks import EpochScoring

    scoring = EpochScoring(
        "neg_mean_absolute_error", name="mae", on_train=not early_stopping, use_caching=False
    )
    model = small(max_steps=100, callbacks=[scoring], early_stopping=early_stopping).fit(ONE)
    assert len(model.net_.history[:, "mae"]) == 2


def test_a_failed_fit_changes_nothing():
    model = small().fit(ONE)
    before = model.predict()
    for call in (lambda: model.fit(ONE[:3]), lambda: model.partial_fit(-ONE[70:])):
        with pytest.raises(ValueError, match="RNNForecaster"):
            call()
        pd.testing.assert_series_equal(model.predict(), before)


def test_double_precision():
    model = small(precision="float64").fit(ONE)
    assert next(model.module_.parameters()).dtype.itemsize == 8
    np.testing.assert_allclose(model.predict(), small().fit(ONE).predict(), rtol=1e-2)
