"""
How long will each engine keep running? From a long frame of sensors to remaining useful life.
==============================================================================================

Many sensors of many engines, one row per engine and cycle: a typical format of maintenance data.
The table is converted to sequences with `Panel.from_frame` and scaled per time step inside a
Pipeline. A recurrent network reads the history of each engine, from its first to its last known
cycle, and predicts after every cycle how many are left.

    python examples/engine_run_to_failure.py                    # simulated engines
    python examples/engine_run_to_failure.py --data DIR         # NASA's turbofans, C-MAPSS FD001

DIR holds the folder reg_CMAPSS_FD001 with the files train_FD001.txt, test_FD001.txt (gzipped or
not) and RUL_FD001.txt; on these, statistics with gradient boosting are more accurate at the last
cycle than this network, which predicts after every cycle.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.feature_selection import VarianceThreshold
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import Panel, RNNRegressor
from sk_rnn.preprocessing import SequenceSummarizer, TimeDistributed

# Long before the failure the sensors show no wear: the target is usually capped at 125.
CAP = 125
SENSORS = [f"setting_{i}" for i in (1, 2, 3)] + [f"sensor_{i}" for i in range(1, 22)]


def read_engines(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Read the training and test tables, and the remaining life of each test engine."""
    columns = ["unit", "cycle", *SENSORS]

    def table(part):
        (path,) = folder.glob(f"{part}_FD001.txt*")
        return pd.read_csv(path, sep=r"\s+", header=None, names=columns)

    left = pd.read_csv(folder / "RUL_FD001.txt", header=None, names=["left"])["left"]
    left.index = left.index + 1  # engines are numbered from 1
    return table("train"), table("test"), left


def simulate_engines(n_engines: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Simulate engines that wear out: sensors drift faster and faster in the last 150 cycles."""
    rng = np.random.default_rng(seed)
    gains = np.random.default_rng(0).normal(size=(1, len(SENSORS)))  # the same in both parts
    gains[:, ::3] = 0  # some sensors are uninformative
    tables, left = [], {}
    for unit in range(1, n_engines + 1):
        life = int(rng.integers(130, 300))
        known = life if seed == 0 else int(rng.integers(30, life))
        cycle = np.arange(1, known + 1)
        wear = np.exp((cycle - life) / rng.uniform(35, 45))[:, None]
        values = rng.normal(0, 0.25, len(SENSORS)) + 2 * gains * wear
        values = values + rng.normal(0, 0.3, values.shape)
        tables.append(pd.DataFrame(values, columns=SENSORS).assign(unit=unit, cycle=cycle))
        left[unit] = life - known
    return pd.concat(tables, ignore_index=True), pd.Series(left)


def cycles_left(panel: Panel, at_end: pd.Series) -> list[np.ndarray]:
    """Return for each engine how many cycles are left after each of its cycles."""
    ends = at_end.loc[panel.index]
    return [
        np.minimum(CAP, end + np.arange(n)[::-1]).astype(float)
        for end, n in zip(ends, panel.lengths, strict=True)
    ]


def main() -> None:
    """Load or generate engines, fit, predict, and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="directory with the folder reg_CMAPSS_FD001")
    parser.add_argument("--engines", type=int, default=40, help="number of simulated engines")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--hidden-size", type=int, default=64)
    options = parser.parse_args()

    # 1. Long frames, in any order of rows, become one sequence per engine.
    if options.data:
        train, test, left = read_engines(options.data / "reg_CMAPSS_FD001")
    else:
        (train, _), (test, left) = (simulate_engines(options.engines, seed) for seed in (0, 1))
    train = train.sample(frac=1, random_state=0)  # rows need not be sorted
    X_train = Panel.from_frame(train, by="unit", order_by="cycle", columns=SENSORS)
    X_test = Panel.from_frame(test, by="unit", order_by="cycle", columns=SENSORS)
    print(f"{len(train)} rows, {X_train}")

    # 2. Each training engine ran until it failed; the test engines are truncated.
    y_train = cycles_left(X_train, pd.Series(0, index=X_train.index))
    y_test = cycles_left(X_test, left)
    y_end = np.array([y[-1] for y in y_test])

    # 3. One Pipeline: drop constant sensors, scale, and predict after every cycle. The network
    # is unidirectional, so that predictions do not depend on later cycles.
    model = make_pipeline(
        TimeDistributed(make_pipeline(VarianceThreshold(1e-8), StandardScaler())),
        RNNRegressor(
            return_sequences=True,
            bidirectional=False,
            hidden_size=options.hidden_size,
            max_epochs=options.epochs,
            random_state=0,
        ),
    )
    start = time.perf_counter()
    per_step = model.fit(X_train, y_train).predict(X_test)
    seconds = time.perf_counter() - start
    at_end = np.array([steps[-1] for steps in per_step])

    # 4. The baseline: statistics of the last 30 cycles, at every tenth cycle of the training
    # engines, and gradient boosting.
    ends = [(i, n) for i, engine in enumerate(X_train) for n in range(30, len(engine) + 1, 10)]
    baseline = make_pipeline(SequenceSummarizer(), HistGradientBoostingRegressor(random_state=0))
    baseline.fit([X_train[i][n - 30 : n] for i, n in ends], [y_train[i][n - 1] for i, n in ends])
    boosted = baseline.predict([engine[-30:] for engine in X_test])

    # 5. Results.
    report = pd.DataFrame(
        {"cycles seen": X_test.lengths, "left": y_end, "network": at_end, "boosting": boosted},
        index=X_test.index,
    )
    print("\nPer engine, at its last known cycle:")
    print(report.head(8).round().astype(int).to_string())
    print("\nRMSE at the last cycle known of each test engine")
    mean = np.full(len(y_end), np.mean(np.concatenate(y_train)))
    for name, predicted in (("mean", mean), ("boosting", boosted), ("network", at_end)):
        print(f"  {name:9} {root_mean_squared_error(y_end, predicted):5.1f}")
    every = root_mean_squared_error(np.concatenate(y_test), np.concatenate(list(per_step)))
    print(f"Network, after every cycle: {every:.1f}. Fitted and predicted in {seconds:.0f} s.")

    engine = int(np.argmax(X_test.lengths))
    print(f"\nPer step, every 25th cycle of engine {X_test.index[engine]}:")
    steps = pd.DataFrame({"left": y_test[engine], "predicted": np.ravel(per_step[engine])})
    print(steps.rename_axis("cycle").iloc[::25].round().astype(int).T.to_string())
    print(f"\nOne limitation: beyond {CAP} cycles all engines have the same target.")


if __name__ == "__main__":
    main()
