"""Coverage of RNNRegressor's prediction intervals: the fraction of targets that they contain.

Intervals of 80 %: from ``loss="gaussian"`` (mean ± 1.28 standard deviations) and from two
regressors of the quantiles 0.1 and 0.9.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import data
import numpy as np
import report
import torch

from sk_rnn import RNNRegressor

Z = 1.2816  # of the normal distribution, for 80 %


def noisy_sums(n: int, rng: np.random.Generator):
    """Sums of rows of numbers, with noise whose scale is the first number of the row."""
    X = rng.normal(size=(n, 20))
    X[:, 0] = rng.uniform(0.5, 3.0, n)
    return X, X[:, 1:].sum(axis=1) + X[:, 0] * rng.normal(size=n)


def tasks(folder: Path):
    rng = np.random.default_rng(0)
    for n in (100, 1000):
        X, y = noisy_sums(n, rng)
        X_test, y_test = noisy_sums(2000, rng)
        yield f"noisy sums, {n} rows", X, y, X_test, y_test
    for name in data.REGRESSION:
        found = data.load(name, folder)
        step = 4 if len(found.y_train) > 4000 else 1
        yield name, found.X_train[::step], found.y_train[::step], found.X_test, found.y_test


def intervals(method: str, X, y, X_test, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if method == "gaussian":
        model = RNNRegressor(loss="gaussian", random_state=seed).fit(X, y)
        mean, std = model.predict(X_test, return_std=True)
        return mean - Z * std, mean + Z * std
    low, high = (
        RNNRegressor(loss="quantile", quantile=q, random_state=seed).fit(X, y).predict(X_test)
        for q in (0.1, 0.9)
    )
    return low, high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="one folder per public set")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    started = datetime.datetime.now()
    torch.set_num_threads(1)
    rows = []
    for name, X, y, X_test, y_test in tasks(options.data):
        for method in ("gaussian", "quantile"):
            found = [intervals(method, X, y, X_test, seed) for seed in range(options.seeds)]
            inside = [np.mean((low <= y_test) & (y_test <= high)) for low, high in found]
            width = [np.mean(high - low) / np.std(y_test) for low, high in found]
            row = [name, str(len(y)), method, f"{np.mean(inside):.2f}", f"{np.mean(width):.2f}"]
            rows.append(row)
            print(*row, flush=True)
    header = ["set", "rows", "loss", "coverage of 80 %", "width / std of y"]
    print("\n" + report.table(header, rows))
    print(f"\n{report.write('coverage', {'rows': rows}, started)}")


if __name__ == "__main__":
    main()
