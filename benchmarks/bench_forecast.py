"""Accuracy of default forecasts, and of repeating the last value or the last season.

Each data set has its own protocol: a fit before the test period, and forecasts from every origin in
it. If statsforecast is installed, AutoARIMA, AutoETS and Theta are fitted as well.
"""

from __future__ import annotations

import argparse
import datetime
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import report
import torch

from sk_rnn import RNNForecaster
from sk_rnn.metrics import mean_absolute_scaled_error

# Figures of Naive2 on M4 Hourly, of which the overall weighted average is the ratio.
NAIVE2 = {"sMAPE": 18.383, "MASE": 2.395}


class Result(NamedTuple):
    """Figures of one method on one data set."""

    method: str
    figures: dict[str, float]
    seconds: float  # of the processor


class Origins(NamedTuple):
    """A series or several, cut once, with forecasts from origins after that."""

    y: Any
    horizon: int
    start: int
    step: int
    season: int
    steps: int = 0  # rows after `start` that count; 0 for all


def one_column(path: Path) -> pd.Series:
    """Read a CSV of times and values."""
    frame = pd.read_csv(path)
    values = pd.to_numeric(frame.iloc[:, 1], errors="coerce").to_numpy(float)
    return pd.Series(values, pd.to_datetime(frame.iloc[:, 0]))


# --- tasks ----------------------------------------------------------------------------------------


def sunspots(data: Path) -> Origins:
    y = one_column(data / "fc_sunspots" / "monthly-sunspots.csv")
    return Origins(y, 12, int(0.8 * len(y)), 3, 12)


def temperatures(data: Path) -> Origins:
    y = one_column(data / "fc_mintemps" / "daily-min-temperatures.csv")
    return Origins(y, 7, len(y) - 365, 1, 7)


def electricity(data: Path, horizon: int) -> Origins:
    y = pd.read_csv(data / "fc_ETTh1" / "ETTh1.csv.gz", index_col=0, parse_dates=True)
    y = y[:14400]
    y = (y - y[:8640].mean()) / y[:8640].std(ddof=0)
    return Origins(y, horizon, 8640, 1, 24, 2880)


def exchange(data: Path) -> Origins:
    y = pd.read_csv(data / "fc_exchange" / "exchange_rate.txt.gz", header=None).to_numpy(float)
    n = len(y)
    start = int(0.7 * n)
    y = (y - y[:start].mean(axis=0)) / y[:start].std(axis=0)
    return Origins(y, 96, start, 1, 1, n - int(0.8 * n))


def random_walks(data: Path) -> Origins:
    steps = np.random.default_rng(0).normal(size=(520, 20))
    return Origins(steps.cumsum(axis=0), 10, 400, 5, 1)


def sines(data: Path) -> Origins:
    t = np.arange(1000)
    y = 10 * np.sin(2 * np.pi * t / 24) + 5 * np.sin(2 * np.pi * t / 100)
    y = y + np.random.default_rng(0).normal(size=1000)
    return Origins(pd.Series(y, pd.date_range("2024", periods=1000, freq="h")), 24, 800, 4, 24)


ROLLING: dict[str, Callable[[Path], Origins]] = {
    "sunspots": sunspots,
    "temperatures": temperatures,
    "ETTh1 96": lambda data: electricity(data, 96),
    "ETTh1 24": lambda data: electricity(data, 24),
    "exchange": exchange,
    "random walks": random_walks,
    "sines": sines,
}


def errors_of(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Figures of forecasts of shape (n_origins, horizon)."""
    error = truth - found
    first = error[:, 0]
    return {
        "RMSE": float(np.sqrt(np.nanmean(error**2))),
        "MAE": float(np.nanmean(np.abs(error))),
        "MSE": float(np.nanmean(error**2)),
        "RMSE 1": float(np.sqrt(np.nanmean(first**2))),
    }


def rolling(task: Origins, params: dict[str, Any]) -> Iterator[Result]:
    """Forecast from every origin of the test period."""
    started = time.process_time()
    train = task.y[: task.start]
    model = RNNForecaster(task.horizon, **params).fit(train)
    first = len(task.y) - task.steps if task.steps else task.start
    table = model.backtest(task.y, start=first, step=task.step, quantiles=[0.05, 0.95])
    seconds = time.process_time() - started
    # Sorted by origin, series and time.
    truth, found = (table[name].to_numpy().reshape(-1, task.horizon) for name in table.columns[:2])
    inside = (table["y_true"] >= table[0.05]) & (table["y_true"] <= table[0.95])
    yield Result("RNNForecaster", errors_of(truth, found) | {"cover": inside.mean()}, seconds)
    values = np.asarray(task.y, dtype=float).reshape(len(task.y), -1)
    origins = np.arange(first, len(values) - task.horizon + 1, task.step)
    ahead = np.arange(task.horizon)
    truth = values[origins[:, None] + ahead].transpose(0, 2, 1).reshape(-1, task.horizon)
    for name, season in (("naive", 1), ("seasonal naive", task.season)):
        last = values[origins[:, None] - season + ahead % season]
        last = last.transpose(0, 2, 1).reshape(-1, task.horizon)
        yield Result(name, errors_of(truth, last), 0.0)


def airline(data: Path, params: dict[str, Any]) -> Iterator[Result]:
    """The mean percentage error of four origins."""
    values = pd.read_csv(data / "fc_airpassengers" / "airline-passengers.csv").iloc[:, 1]
    y = pd.Series(values.to_numpy(float), pd.date_range("1949-01", periods=144, freq="MS"))
    started = time.process_time()
    ours, naive = {}, {}
    for origin, horizon in ((84, 24), (96, 24), (108, 36), (120, 24)):
        truth = y[origin : origin + horizon]
        found = RNNForecaster(horizon, **params).fit(y[:origin]).predict()
        ours[str(origin)] = 100 * float(((truth - found) / truth).abs().mean())
        last = np.resize(y[origin - 12 : origin], horizon)
        naive[str(origin)] = 100 * float(((truth - last) / truth).abs().mean())
    seconds = time.process_time() - started
    yield Result("RNNForecaster", {"MAPE": float(np.mean([*ours.values()])), **ours}, seconds)
    yield Result("seasonal naive", {"MAPE": float(np.mean([*naive.values()])), **naive}, 0.0)


def m4(data: Path, params: dict[str, Any]) -> Iterator[Result]:
    """The official split of M4 Hourly."""
    folder = data / "fc_M4_Hourly"
    train = pd.read_csv(folder / "Hourly-train.csv.gz", index_col=0)
    test = pd.read_csv(folder / "Hourly-test.csv", index_col=0).to_numpy(float)
    series = {}
    for name, row in train.iterrows():
        values = row.dropna().to_numpy(float)
        series[name] = pd.Series(values, pd.date_range("2015", periods=len(values), freq="h"))
    started = time.process_time()
    model = RNNForecaster(48, **params).fit(series)
    found = model.predict_quantiles(quantiles=[0.05, 0.5, 0.95])
    seconds = time.process_time() - started
    grid = np.stack([frame.to_numpy() for frame in found.values()])
    low, median, high = np.moveaxis(grid, 2, 0)
    cover = float(((test >= low) & (test <= high)).mean())
    yield Result("RNNForecaster", m4_figures(series, test, median) | {"cover": cover}, seconds)
    last = np.stack([np.resize(one.to_numpy()[-24:], 48) for one in series.values()])
    yield Result("seasonal naive", m4_figures(series, test, last), 0.0)


def m4_figures(series: dict[Any, pd.Series], test: np.ndarray, found: np.ndarray) -> dict:
    smape = 200 * np.mean(np.abs(test - found) / (np.abs(test) + np.abs(found)))
    scaled = [
        mean_absolute_scaled_error(truth, forecast, one.to_numpy(), 24)
        for truth, forecast, one in zip(test, found, series.values(), strict=True)
    ]
    mase = np.mean(scaled)
    average = (smape / NAIVE2["sMAPE"] + mase / NAIVE2["MASE"]) / 2
    return {"sMAPE": float(smape), "MASE": float(mase), "OWA": float(average)}


def many(data: Path, params: dict[str, Any]) -> Iterator[Result]:
    """10,000 series of 48 months, and the speed of single calls."""
    rng = np.random.default_rng(0)
    season = np.sin(np.arange(60) * np.pi / 6)
    y = 50 + 10 * season[:, None] * rng.random(10_000) + rng.normal(size=(60, 10_000))
    wide = pd.DataFrame(y, pd.date_range("2020", periods=60, freq="MS"))
    started = time.process_time()
    model = RNNForecaster(12, **params).fit(wide[:48])
    found = model.predict()
    seconds = time.process_time() - started
    mae = float((wide[48:] - found).abs().to_numpy().mean())
    yield Result("10,000 series", {"MAE": mae}, seconds)
    hours = pd.Series(
        np.sin(np.arange(2000) * np.pi / 12), pd.date_range("2024", periods=2000, freq="h")
    )
    hours += rng.normal(size=2000)
    model = RNNForecaster(24, **params).fit(hours[:900])
    started = time.process_time()
    model.backtest(hours, start=900, step=1)
    yield Result("backtest from 1,077 origins", {}, time.process_time() - started)
    seconds = []
    for i in range(900, 950):
        started = time.perf_counter()
        model.update(hours[i : i + 1]).predict()
        seconds.append(time.perf_counter() - started)
    figures = {"milliseconds": 1000 * float(np.median(seconds))}
    yield Result("update and predict", figures, float(np.sum(seconds)))


def anomalies(data: Path, params: dict[str, Any]) -> Iterator[Result]:
    """The rank of labelled anomalies among the scores of the observations."""
    folder = data / "an_UCR_anom135"
    train, test = (pd.read_csv(next(folder.glob(f"*_{part}.csv"))) for part in ("TRAIN", "TEST"))
    value, label = train.columns[1], test.columns[2]
    started = time.process_time()
    model = RNNForecaster(1, **params).fit(train[value].to_numpy(float))
    scores = model.score_samples(test[value].to_numpy(float))
    where = np.flatnonzero(test[label].to_numpy() > 0)
    peak = int(np.nanargmin(scores))
    hit = float(where.min() - 100 <= peak <= where.max() + 100)
    yield Result("UCR 135: peak in the anomaly", {"hit": hit}, time.process_time() - started)
    started = time.process_time()
    ranks = list(_streams(data / "an_NAB_A" / "nab_subset.tar.gz", params))
    figures = {"AUC": float(np.mean(ranks)), "series": float(len(ranks))}
    yield Result("NAB: lowest score in a window", figures, time.process_time() - started)


def _streams(path: Path, params: dict[str, Any]) -> Iterator[float]:
    """Yield for each stream the share of equal stretches that are less unlikely than a window."""
    with tarfile.open(path) as archive:
        names = archive.getnames()
        labels = next(name for name in names if name.endswith("combined_windows.json"))
        windows = json.load(archive.extractfile(labels))
        for key, spans in windows.items():
            name = next((name for name in names if name.endswith(key)), None)
            if name is None or not spans:
                continue
            frame = pd.read_csv(archive.extractfile(name))
            y, times = frame["value"].to_numpy(float), pd.to_datetime(frame["timestamp"])
            probation = int(0.15 * len(y))
            model = RNNForecaster(1, **params).fit(y[:probation])
            scores = np.nan_to_num(model.score_samples(y))
            scores[:probation] = 0.0
            inside = np.zeros(len(y), dtype=bool)
            for start, stop in spans:
                inside |= ((times >= start) & (times <= stop)).to_numpy()
            width = int(inside.sum() / len(spans))
            lows = [scores[i : i + width].min() for i in range(probation, len(y) - width, width)]
            clean = [
                low
                for low, i in zip(lows, range(probation, len(y) - width, width), strict=True)
                if not inside[i : i + width].any()
            ]
            found = [
                scores[((times >= start) & (times <= stop)).to_numpy()].min()
                for start, stop in spans
            ]
            if clean:
                yield float(np.mean(np.array(found)[:, None] < np.array(clean)))


OTHERS: dict[str, Callable[[Path, dict[str, Any]], Iterator[Result]]] = {
    "airline": airline,
    "M4 Hourly": m4,
    "speed": many,
    "anomalies": anomalies,
}


def peers(task: Origins) -> Iterator[Result]:
    """Statistical methods, fitted once and applied to every origin of one series."""
    try:
        from statsforecast.models import AutoARIMA, AutoETS, Theta
    except ImportError:
        return
    if not isinstance(task.y, pd.Series):
        return
    values = task.y.to_numpy(float)
    origins = np.arange(task.start, len(values) - task.horizon + 1, task.step)
    truth = values[origins[:, None] + np.arange(task.horizon)]
    for kind in (AutoARIMA, AutoETS, Theta):
        started = time.process_time()
        model = kind(season_length=task.season)
        model.fit(values[: task.start])
        found = np.stack([model.forward(values[:o], task.horizon)["mean"] for o in origins])
        yield Result(kind.__name__, errors_of(truth, found), time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--tasks", nargs="*", default=[*OTHERS, *ROLLING])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    began = datetime.datetime.now()
    rows, records = [], []
    for name in options.tasks:
        for seed in range(options.seeds):
            params = {"random_state": seed, "device": "cpu"}
            if name in OTHERS:
                results = list(OTHERS[name](options.data, params))
            else:
                task = ROLLING[name](options.data)
                results = list(rolling(task, params))
                results += peers(task) if seed == 0 else []
            for result in results:
                if seed and result.method.endswith("naive"):
                    continue
                text = ", ".join(f"{key} {value:.4g}" for key, value in result.figures.items())
                rows.append([name, result.method, str(seed), f"{result.seconds:.1f} s", text])
                records.append({"task": name, "seed": seed, **result._asdict()})
                print(*rows[-1], sep="  ", flush=True)
    where = report.environment(options.threads)
    print(report.describe(where))
    print(report.table(["task", "method", "seed", "cpu", "figures"], rows))
    report.write("forecast", {"environment": where, "results": records}, began)


if __name__ == "__main__":
    main()
