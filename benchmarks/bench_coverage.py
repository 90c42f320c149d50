"""Coverage of RNNRegressor's prediction intervals: the fraction of targets that they contain.

Intervals of 80 %: from ``loss="gaussian"`` (mean ± 1.28 standard deviations), with and without
calibration, and from two regressors of the quantiles 0.1 and 0.9. Also the mean negative
log-likelihood of the first two, of targets in standard deviations.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import data
import numpy as np
import report
import torch
from scipy.stats import norm

from sk_rnn import RNNRegressor

Z = norm.ppf(0.9)


def noisy_sums(n: int, rng: np.random.Generator):
    """Sums of rows of numbers, with noise whose scale is the first number of the row."""
    X = rng.normal(size=(n, 20))
    X[:, 0] = rng.uniform(0.5, 3.0, n)
    return X, X[:, 1:].sum(axis=1) + X[:, 0] * rng.normal(size=n)


def walks(n: int, rng: np.random.Generator):
    """Maxima of random walks, without noise."""
    X = rng.normal(size=(n, 30)).cumsum(axis=1)
    return X, X.max(axis=1)


def sines(n: int, rng: np.random.Generator):
    """Frequencies of noisy sines."""
    y, phase = rng.uniform(1.0, 4.0, n), rng.uniform(0.0, 1.0, (n, 1))
    X = np.sin(2 * np.pi * (y[:, None] * np.linspace(0.0, 1.0, 50) + phase))
    return X + rng.normal(0.0, 0.3, X.shape), y


GENERATED = {"noisy sums": noisy_sums, "maxima of walks": walks, "frequencies": sines}


def tasks(folder: Path):
    for name, make in GENERATED.items():
        for n in (100, 1000):
            rng = np.random.default_rng(0)
            yield name, *make(n, rng), *make(2000, rng), None
    for name in data.REGRESSION:
        found = data.load(name, folder)
        step, groups = 1, None
        if name == "reg_CMAPSS_FD001":
            step, groups = 4, data.engines_of_windows(folder / name)[::4]
        X, y = found.X_train[::step], found.y_train[::step]
        yield name, X, y, found.X_test, found.y_test, groups


def of_gaussian(X, y, X_test, y_test, groups, seed: int) -> list[dict[str, float]]:
    """Scores with calibration and without: those of the same network."""
    model = RNNRegressor(loss="gaussian", calibrate=True, random_state=seed)
    model.fit(X, y, groups=groups)
    mean, std = model.predict(X_test, return_std=True)
    found = []
    for deviation in (std, std / model.std_factor_):
        scored = score(mean - Z * deviation, mean + Z * deviation, y_test)
        likelihood = norm.logpdf(y_test, mean, deviation).mean() + np.log(np.std(y_test))
        found.append(scored | {"loss": -likelihood})
    return found


def of_quantiles(X, y, X_test, y_test, seed: int) -> dict[str, float]:
    low, high = (
        RNNRegressor(loss="quantile", quantile=q, random_state=seed).fit(X, y).predict(X_test)
        for q in (0.1, 0.9)
    )
    return score(low, high, y_test)


def score(low: np.ndarray, high: np.ndarray, y: np.ndarray) -> dict[str, float]:
    inside = float(np.mean((low <= y) & (y <= high)))
    return {"inside": inside, "width": float(np.mean(high - low) / np.std(y))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="one folder per public set")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    started = datetime.datetime.now()
    torch.set_num_threads(1)
    rows = []
    for name, X, y, X_test, y_test, groups in tasks(options.data):
        found: dict[str, list[dict[str, float]]] = {}
        for seed in range(options.seeds):
            parts = (X, y, X_test, y_test)
            calibrated, plain = of_gaussian(*parts, groups, seed)
            found.setdefault("gaussian", []).append(calibrated)
            found.setdefault("gaussian, not calibrated", []).append(plain)
            found.setdefault("quantiles", []).append(of_quantiles(*parts, seed))
        for method, scores in found.items():
            means = {key: np.mean([scored[key] for scored in scores]) for key in scores[0]}
            loss = f"{means['loss']:.2f}" if "loss" in means else ""
            row = [
                name,
                str(len(y)),
                method,
                f"{means['inside']:.2f}",
                f"{means['width']:.2f}",
                loss,
            ]
            rows.append(row)
            print(*row, flush=True)
    header = ["set", "rows", "loss", "coverage of 80 %", "width / std of y", "-log-likelihood"]
    print("\n" + report.table(header, rows))
    print(f"\n{report.write('coverage', {'rows': rows}, started)}")


if __name__ == "__main__":
    main()
