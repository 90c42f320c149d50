"""Forecasts of generated series whose drivers are known, with and without these as covariates.

Each case is fitted before the test period and forecast from every origin in it. The error of a
perfect forecast is that of the noise.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sk_rnn import RNNForecaster

N, START = 1200, 1000
DAYS = pd.date_range("2020-01-01", periods=N, freq="D")

# name of the case and the variant, figures, seconds
Answer = tuple[str, dict[str, float], float]


def answers(params: dict[str, Any]) -> Iterator[Answer]:
    """Yield figures of all cases; data differ with `random_state`."""
    seed = params["random_state"]
    for case in (known_ahead, past_only, category, vectors, missing, beyond):
        yield from case(np.random.default_rng(100 + seed), params)


def known_ahead(rng: np.random.Generator, params: dict[str, Any]) -> Iterator[Answer]:
    """Sales with promotions and a price, which are planned a week ahead."""
    promo, price, noise = rng.random(N) < 0.3, rng.normal(size=N), 0.5 * rng.normal(size=N)
    y = pd.Series(20 + 6 * promo - 2 * price + noise, DAYS)
    columns = {"promo": promo, "price": price, "useless": rng.normal(size=N)}
    X = pd.DataFrame(columns, DAYS)
    yield _noise("known in advance", noise[START:])
    for label, names in (("without", []), ("with", ["promo", "price"]), ("useless", ["useless"])):
        yield _rolling(f"known in advance: {label}", X[names], y, 7, params)


def past_only(rng: np.random.Generator, params: dict[str, Any]) -> Iterator[Answer]:
    """Values that follow another series a day later, which is not known in advance."""
    lead, noise = rng.normal(size=N + 1), 0.3 * rng.normal(size=N)
    y = pd.Series(5 * lead[:-1] + noise, DAYS)
    X = pd.DataFrame({"lead": lead[1:], "useless": rng.normal(size=N)}, DAYS)
    yield _noise("past only", noise[START:])
    for label, names in (("without", []), ("with", ["lead"]), ("useless", ["useless"])):
        past = {"past_features": names} if names else {}
        yield _rolling(f"past only: {label}", X[names], y, 1, params | past)


def category(rng: np.random.Generator, params: dict[str, Any]) -> Iterator[Answer]:
    """Shops that react to the same promotions in opposite ways, by their category."""
    X, y, noise = _shops(rng)
    yield _noise("category", noise)
    for label, names in (("without", ["promo"]), ("with", ["promo", "kind"])):
        yield _rolling(f"category: {label}", X[names], y, 7, params, promo=X["promo"])
    useless = X.assign(kind=X["useless"])[["promo", "kind"]]
    yield _rolling("category: useless", useless, y, 7, params, promo=X["promo"])


def vectors(rng: np.random.Generator, params: dict[str, Any]) -> Iterator[Answer]:
    """The same shops, without their category: only their identity determines how they react."""
    X, y, _ = _shops(rng)
    for size in (None, 4):
        chosen = params | {"series_embedding": size}
        label = f"vectors: series_embedding={size}"
        yield _rolling(label, X[["promo"]], y, 7, chosen, promo=X["promo"])


def missing(rng: np.random.Generator, params: dict[str, Any]) -> Iterator[Answer]:
    """A weekly pattern with growth, of which more and more values are missing."""
    steps, noise = np.arange(N), rng.normal(size=N)
    truth = pd.Series(50 + 8 * np.sin(2 * np.pi * steps / 7) + steps / 100 + noise, DAYS)
    yield _noise("missing", noise[START:])
    hidden = rng.random(N)
    for share in (0.0, 0.1, 0.3, 0.5):
        y = truth.mask(hidden < share)
        yield _rolling(f"missing: {share:.0%}", X=None, y=y, horizon=14, params=params, truth=truth)
    rows = truth[hidden >= 0.3]  # rows that are missing are the same
    yield _rolling("missing: 30% of rows", None, rows, 14, params, truth=truth)


def beyond(rng: np.random.Generator, params: dict[str, Any]) -> Iterator[Answer]:
    """Forecasts of 28 days by models that were trained for 7, 14 and 28."""
    steps, noise = np.arange(N), rng.normal(size=N)
    y = pd.Series(50 + 8 * np.sin(2 * np.pi * steps / 7) + np.cumsum(rng.normal(size=N)) / 5, DAYS)
    y += noise
    for horizon in (28, 14, 7):
        started = time.process_time()
        model = RNNForecaster(horizon, **params).fit(y[:START])
        errors = []
        for origin in range(START, N - 28, 4):
            found = model.predict(28, history=y[:origin])
            errors.append(np.abs(found - y[origin : origin + 28]).to_numpy())
        weeks = np.mean(errors, axis=0).reshape(4, 7).mean(axis=1)
        figures = {f"MAE week {i + 1}": float(week) for i, week in enumerate(weeks)}
        yield f"beyond: horizon={horizon}", figures, time.process_time() - started


def _shops(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series, np.ndarray]:
    n_shops, n = 20, 300
    promo = rng.random((n_shops, n)) < 0.04
    sign = np.where(np.arange(n_shops) % 2 == 0, 1, -1)
    noise = 0.5 * rng.normal(size=(n_shops, n))
    index = pd.MultiIndex.from_product([range(n_shops), DAYS[:n]], names=["shop", "day"])
    y = pd.Series((10 + 3 * sign[:, None] * promo + noise).ravel(), index)
    columns = {
        "promo": promo.ravel(),
        "kind": np.repeat(np.where(sign > 0, "liked", "disliked"), n),
        "useless": np.repeat(["red", "red", "blue", "blue"] * 5, n),
    }
    return pd.DataFrame(columns, index), y, noise[:, -50:]


def _noise(name: str, noise: np.ndarray) -> Answer:
    return f"{name}: noise", {"MAE": float(np.abs(noise).mean())}, 0.0


def _rolling(
    name: str,
    X: pd.DataFrame | None,
    y: pd.Series,
    horizon: int,
    params: dict[str, Any],
    *,
    truth: pd.Series | None = None,
    promo: pd.Series | None = None,
) -> Answer:
    """Return the error over all origins of the test period, of promotions only if given."""
    started = time.process_time()
    days = y.index.get_level_values(-1)
    first = days.max() - pd.Timedelta(days=49 if promo is not None else N - START - 1)
    data = (y,) if X is None or X.shape[1] == 0 else (X, y)
    model = RNNForecaster(horizon, **params).fit(*(part[days < first] for part in data))
    table = model.backtest(*data, start=first, step=1)
    rows = table.index.droplevel("cutoff")
    errors = (table["y_pred"] - (y if truth is None else truth).reindex(rows).to_numpy()).abs()
    if promo is not None:
        errors = errors[promo.reindex(rows).to_numpy()]
    return name, {"MAE": float(errors.mean())}, time.process_time() - started
