"""RNNForecaster with covariates: data with a known answer, and what predict needs of them."""

import numpy as np
import pandas as pd
import pytest

from sk_rnn import RNNForecaster

N, TEST = 900, 60
DAYS = pd.date_range("2020-01-01", periods=N, freq="D", name="day")


def forecaster(**params):
    return RNNForecaster(
        **{"horizon": 7, "season_length": None, "calendar": None, "random_state": 0, **params}
    )


def error(model, X, y, n=N - TEST):
    """Mean absolute error over the last origins, of a model fitted before them."""
    X_train = None if X is None else X[:n]
    model = model.fit(y[:n]) if X is None else model.fit(X_train, y[:n])
    table = model.backtest(X, y, start=n, step=1) if X is not None else (
        model.backtest(y, start=n, step=1)
    )  # fmt: skip
    return (table.y_true - table.y_pred).abs().mean()


@pytest.fixture(scope="module")
def promotions():
    """Sales that are driven by a promotion and a price, known in advance, and noise."""
    rng = np.random.default_rng(0)
    promo = rng.random(N) < 0.3
    price = rng.normal(size=N)
    y = pd.Series(20 + 6 * promo - 2 * price + 0.5 * rng.normal(size=N), DAYS)
    kind = np.where(promo, "sale", "usual")
    return pd.DataFrame({"kind": kind, "price": price, "useless": rng.normal(size=N)}, DAYS), y


def test_a_known_covariate_is_used(promotions):
    X, y = promotions
    without = error(forecaster(), None, y)
    useful = error(forecaster(), X[["kind", "price"]], y)
    useless = error(forecaster(), X[["useless"]], y)
    assert useful < 0.35 * without  # the noise has 0.4
    assert useless > 0.97 * without


def test_a_known_covariate_is_used_on_little_data():
    rng = np.random.default_rng(1)
    months, steps = pd.date_range("2014-01", periods=132, freq="MS"), np.arange(132)
    X = pd.DataFrame({"campaign": rng.random(132) < 0.2}, months)
    logs = 5 + 0.25 * np.sin(2 * np.pi * steps / 12) + 0.2 * X["campaign"]
    y = np.exp(logs + 0.04 * rng.normal(size=132))
    with_it = RNNForecaster(24, random_state=0).fit(X[:108], y[:108]).predict(X[108:])
    without = RNNForecaster(24, random_state=0).fit(y[:108]).predict()
    assert (with_it - y[108:]).abs().mean() < 0.7 * (without - y[108:]).abs().mean()


def test_a_past_feature_is_used():
    rng = np.random.default_rng(1)
    lead = rng.normal(size=N + 1)
    y = pd.Series(5 * lead[:-1] + 0.3 * rng.normal(size=N), DAYS)
    X = pd.DataFrame({"lead": lead[1:]}, DAYS)  # tells the next value
    with_it = error(forecaster(horizon=1, past_features=["lead"]), X, y)
    without = error(forecaster(horizon=1), None, y)
    assert with_it < 0.5 * without


@pytest.fixture(scope="module")
def shops():
    """Shops that react to promotions in opposite ways, which their kind tells, and no colour."""
    rng = np.random.default_rng(2)
    frames = []
    for i in range(20):
        promo = (rng.random(200) < 0.05).astype(float)
        sign = 1 if i % 2 == 0 else -1  # of the effect
        y = 10 + 3 * sign * promo + 0.5 * rng.normal(size=200)
        kind, colour = "liked" if sign > 0 else "disliked", "red" if i % 4 < 2 else "blue"
        steps = {"id": i, "t": np.arange(200), "y": y, "promo": promo}
        frames.append(pd.DataFrame(steps | {"kind": kind, "colour": colour}))
    return pd.concat(frames).set_index(["id", "t"])


def promoted_error(shops, names, **params):
    """Mean absolute error at promotions after a fit to the first 170 steps."""
    train = shops[shops.index.get_level_values("t") < 170]
    model = forecaster(n_networks=1, **params).fit(train[names], train["y"])
    table = model.backtest(shops[names], shops["y"], start=170, step=7)
    promoted = shops["promo"][table.index.droplevel("cutoff")].to_numpy() > 0
    return model, (table.y_true - table.y_pred).abs()[promoted].mean()


def test_a_category_of_each_series_is_used(shops):
    _, without = promoted_error(shops, ["promo"])
    model, with_it = promoted_error(shops, ["promo", "kind"])
    assert with_it < 0.6 * without
    assert model._source.columns.static == (False, True)
    _, useless = promoted_error(shops, ["promo", "colour"])
    assert useless > 0.95 * without


def test_vectors_of_series_are_used(shops):
    _, without = promoted_error(shops, ["promo"])
    _, with_them = promoted_error(shops, ["promo"], series_embedding=3)
    assert with_them < 0.6 * without


def test_missing_values_cost_little():
    rng = np.random.default_rng(3)
    steps = np.arange(420)
    truth = pd.Series(8 * np.sin(2 * np.pi * steps / 7) + rng.normal(size=420), DAYS[:420])
    errors = []
    for share in (0.0, 0.3):
        y = truth.mask(rng.random(420) < share)
        table = RNNForecaster(7, random_state=0).backtest(y, start=350, step=1)
        missed = table["y_pred"] - truth[table.index.get_level_values("day")].to_numpy()
        errors.append(missed.abs().mean())
    assert errors[0] < 1.2  # the noise has 0.8
    assert errors[1] < 1.25 * errors[0]


def test_horizons_beyond_the_trained_one_are_close_to_it():
    rng = np.random.default_rng(4)
    steps = np.arange(500)
    y = pd.Series(8 * np.sin(2 * np.pi * steps / 7) + rng.normal(size=500), DAYS[:500])
    errors = {}
    for horizon in (7, 28):
        model = RNNForecaster(horizon, random_state=0).fit(y[:400])
        found = [model.predict(28, history=y[:origin]) for origin in range(400, 470, 10)]
        errors[horizon] = np.mean([(one - y[one.index]).abs().mean() for one in found])
    assert errors[7] < 1.15 * errors[28]


@pytest.mark.parametrize("refit", [False, True])
def test_backtest_learns_columns_before_its_origins(promotions, refit):
    X, y = promotions[0][:120].copy(), promotions[1][:120]
    X.iloc[110:, 0] = "never seen before"
    X.iloc[100:, 1] *= 1000
    model = forecaster(max_steps=2, past_features=["useless"])
    table = model.backtest(X, y, start=100, step=7, refit=refit)
    for i, (cutoff, part) in enumerate(table.groupby(level="cutoff")):
        n = 100 + 7 * i
        train = n if refit else 100
        model.fit(X[:train], y[:train])
        expected = model.predict(X[n : n + 7], history=(X[:n], y[:n]))
        np.testing.assert_allclose(part["y_pred"], expected, rtol=1e-5, err_msg=cutoff)
    assert len(table) == 14
    # A fitted model reads them as in fit.
    model = forecaster(max_steps=2, past_features=["useless"]).fit(X[:90], y[:90])
    found = model.backtest(X, y, start=100, step=7)["y_pred"][:7]
    expected = model.predict(X[100:107], history=(X[:100], y[:100]))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    with pytest.raises(ValueError, match="the model was fitted with covariates"):
        model.backtest(y, start=100)


def test_predict_needs_what_is_known_ahead(promotions):
    X, y = promotions
    model = forecaster(max_steps=2, past_features="useless").fit(X[:100], y[:100])
    with pytest.raises(
        ValueError, match=r"known in advance, \['kind', 'price'\], so it needs them for"
    ):
        model.predict()
    forecast = model.predict(X[100:110])
    pd.testing.assert_index_equal(forecast.index, X.index[100:110])
    without = X[100:110].drop(columns="useless")
    np.testing.assert_array_equal(model.predict(without), forecast)
    broken = X[100:110].assign(price=np.nan)
    with pytest.raises(ValueError, match="missing value in column 'price' at 2020-04-10"):
        model.predict(broken)
    with pytest.raises(ValueError, match=r"lacks \['kind'\]"):
        model.predict(X[100:110][["price"]])


@pytest.mark.parametrize("with_index", [True, False])
def test_update_equals_history_with_covariates(promotions, with_index):
    X, y = promotions
    X = X[["price", "useless"]]
    if not with_index:
        X, y = X.to_numpy(), y.to_numpy()
    past = ["useless"] if with_index else [1]
    model = forecaster(max_steps=2, past_features=past).fit(X[:100], y[:100])
    of_history = model.predict(X[120:130], history=(X[:120], y[:120]))
    updated = model.update(X[100:120], y[100:120]).predict(X[120:130])
    np.testing.assert_array_equal(of_history, updated)
    again = model.partial_fit(X[120:130], y[120:130]).predict(X[130:137])
    assert np.isfinite(again).all()
    with pytest.raises(ValueError, match="the model was fitted with covariates"):
        model.predict(X[130:137], history=y[:120])
    with pytest.raises(ValueError, match="the model was fitted with covariates"):
        model.update(y[130:137])


def test_long_series_with_covariates_of_their_own(promotions):
    X, y = promotions
    y = pd.concat({"u": y[:100], "v": 3 * y[30:120]}, names=["shop"])
    X = pd.concat({"u": X[:100], "v": X[30:120]}, names=["shop"])
    model = forecaster(max_steps=2).fit(X, y)
    rows = pd.concat({"v": promotions[0][120:124], "u": promotions[0][100:103]}, names=["shop"])
    forecast = model.predict(rows)
    pd.testing.assert_index_equal(forecast.index, rows.index)
    alone = model.predict(rows.loc[["u"]])
    np.testing.assert_array_equal(alone, forecast.loc[["u"]])
    assert len(model.backtest(X, y, start=0.8)) > 0
    assert np.isfinite(model.score(rows, forecast))


def test_missing_values_in_covariates(promotions):
    X, y = promotions
    X = X.copy()
    X.iloc[5:20, 1] = np.nan
    X.iloc[3, 0] = None
    model = forecaster(max_steps=2).fit(X[:100], y[:100])
    rows = X[100:107].assign(price=np.nan, kind="never seen")
    assert np.isfinite(model.predict(rows)).all()


def test_vectors_of_series():
    rng = np.random.default_rng(0)
    y = {name: rng.normal(size=60).cumsum() for name in "uvw"}
    model = forecaster(max_steps=4, series_embedding=3).fit(y)
    forecast = model.predict()
    with pytest.warns(UserWarning, match="1 of 1 series were not in fit"):
        other = model.predict(history={"z": y["u"]})
    assert (other["z"] != forecast["u"]).any()
    known = model.predict(history={"w": y["w"]})
    np.testing.assert_array_equal(known["w"], forecast["w"])


def test_a_frame_without_columns_holds_only_times(promotions):
    _, y = promotions
    model = forecaster(max_steps=2).fit(y.to_frame()[[]][:100], y[:100])
    bare = forecaster(max_steps=2).fit(y[:100])
    times = y.to_frame()[[]][100:105]
    pd.testing.assert_series_equal(model.predict(times), bare.predict(5).rename_axis("day"))
