"""Accuracy of default forecasts, and of repeating the last value or the last season.

Each data set has its own protocol: a fit before the test period, and forecasts from every origin in
it. With ``--peers PYTHON``, the interpreter of an environment with other libraries, their methods
forecast the same series from some of the same origins (see `forecast_peers.py`).
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

import forecast_peers
import numpy as np
import pandas as pd
import report
import torch
from forecast_answers import answers
from forecast_peers import Limits, Windows

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
    """One or several series, split once, with forecasts from later origins."""

    y: Any
    horizon: int
    start: int
    step: int
    season: int
    freq: str
    steps: int = 0  # rows after `start` that count; 0 for all

    @property
    def first(self) -> int:
        """The first time step that is forecast."""
        return len(self.y) - self.steps if self.steps else self.start

    @property
    def windows(self) -> Windows:
        """Series and origins, sorted by origin and series, as a backtest is."""
        values = np.asarray(self.y, dtype=float).reshape(len(self.y), -1)
        n_series = values.shape[1]
        origins = np.arange(self.first, len(values) - self.horizon + 1, self.step)
        pairs = np.stack(
            [np.tile(np.arange(n_series), len(origins)), np.repeat(origins, n_series)], axis=1
        )
        train = np.full(n_series, self.start)
        return Windows([*values.T], train, pairs, self.horizon, self.season, self.freq)


def one_column(path: Path) -> pd.Series:
    """Read a CSV of times and values."""
    frame = pd.read_csv(path)
    values = pd.to_numeric(frame.iloc[:, 1], errors="coerce").to_numpy(float)
    return pd.Series(values, pd.to_datetime(frame.iloc[:, 0]))


# --- tasks ----------------------------------------------------------------------------------------


def sunspots(data: Path) -> Origins:
    y = one_column(data / "fc_sunspots" / "monthly-sunspots.csv")
    return Origins(y, 12, int(0.8 * len(y)), 3, 12, "MS")


def temperatures(data: Path) -> Origins:
    # Two days are missing.
    y = one_column(data / "fc_mintemps" / "daily-min-temperatures.csv").asfreq("D")
    return Origins(y, 7, len(y) - 365, 1, 7, "D")


def electricity(data: Path, horizon: int) -> Origins:
    y = pd.read_csv(data / "fc_ETTh1" / "ETTh1.csv.gz", index_col=0, parse_dates=True)
    y = y[:14400]
    y = (y - y[:8640].mean()) / y[:8640].std(ddof=0)
    return Origins(y, horizon, 8640, 1, 24, "h", 2880)


def exchange(data: Path) -> Origins:
    y = pd.read_csv(data / "fc_exchange" / "exchange_rate.txt.gz", header=None).to_numpy(float)
    n = len(y)
    start = int(0.7 * n)
    y = (y - y[:start].mean(axis=0)) / y[:start].std(axis=0)
    return Origins(y, 96, start, 1, 1, "D", n - int(0.8 * n))


def random_walks(data: Path) -> Origins:
    steps = np.random.default_rng(0).normal(size=(520, 20))
    return Origins(steps.cumsum(axis=0), 10, 400, 5, 1, "D")


def sines(data: Path) -> Origins:
    t = np.arange(1000)
    y = 10 * np.sin(2 * np.pi * t / 24) + 5 * np.sin(2 * np.pi * t / 100)
    y = y + np.random.default_rng(0).normal(size=1000)
    return Origins(pd.Series(y, pd.date_range("2024", periods=1000, freq="h")), 24, 800, 4, 24, "h")


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


def truth_of(task: Windows) -> np.ndarray:
    """The values to forecast, of shape (n_windows, horizon)."""
    ahead = np.arange(task.horizon)
    return np.stack([task.series[s][origin + ahead] for s, origin in task.origins])


def repeated(task: Windows, season: int) -> np.ndarray:
    """Forecasts that repeat the last season."""
    ahead = np.arange(task.horizon) % season
    return np.stack([task.series[s][origin - season + ahead] for s, origin in task.origins])


def rolling(task: Origins, params: dict[str, Any], limits: Limits | None) -> Iterator[Result]:
    """Forecast from every origin of the test period."""
    started = time.process_time()
    train = task.y[: task.start]
    model = RNNForecaster(task.horizon, **params).fit(train)
    table = model.backtest(task.y, start=task.first, step=task.step, quantiles=[0.05, 0.95])
    seconds = time.process_time() - started
    windows = task.windows
    truth = truth_of(windows)
    found = table["y_pred"].to_numpy().reshape(truth.shape)
    inside = (table["y_true"] >= table[0.05]) & (table["y_true"] <= table[0.95])
    yield Result("RNNForecaster", errors_of(truth, found) | {"cover": inside.mean()}, seconds)
    methods = {"naive": repeated(windows, 1), "seasonal naive": repeated(windows, task.season)}
    for name, last in methods.items():
        yield Result(name, errors_of(truth, last), 0.0)
    if limits is not None:
        methods = {"RNNForecaster": found} | methods
        windows = windows._replace(context=model.context_)
        yield from peers(windows, limits, methods, lambda rows, f: errors_of(truth[rows], f))


def peers(
    task: Windows,
    limits: Limits,
    ours: dict[str, np.ndarray],
    figures_of: Callable[[np.ndarray, np.ndarray], dict[str, float]],
) -> Iterator[Result]:
    """Yield the figures of other libraries, and of our forecasts on the same windows.

    Parameters
    ----------
    task : Windows
    limits : Limits
    ours : dict
        Forecasts of all windows by method.
    figures_of : callable
        Figures, given indices of windows and their forecasts.
    """
    shown = {len(task.origins)}
    for name, rows, found, seconds in forecast_peers.compare(task, limits):
        some = f" ({len(rows):,} windows)" if len(rows) < len(task.origins) else ""
        if len(rows) not in shown:  # for comparison
            shown.add(len(rows))
            for method, forecasts in ours.items():
                yield Result(f"{method}{some}", figures_of(rows, forecasts[rows]), 0.0)
        figures = {} if found is None else figures_of(rows, found)
        yield Result(f"{name}{some}", figures, seconds)


def airline(data: Path, params: dict[str, Any], limits: Limits | None) -> Iterator[Result]:
    """The mean percentage error of four origins."""
    values = pd.read_csv(data / "fc_airpassengers" / "airline-passengers.csv").iloc[:, 1]
    y = pd.Series(values.to_numpy(float), pd.date_range("1949-01", periods=144, freq="MS"))
    tasks = {}
    for origin, horizon in ((84, 24), (96, 24), (108, 36), (120, 24)):
        at = np.array([[0, origin]])
        tasks[origin] = Windows([y.to_numpy()], np.array([origin]), at, horizon, 12, "MS")

    def figures(found: list[np.ndarray]) -> dict[str, float]:
        each = {}
        for (origin, task), forecast in zip(tasks.items(), found, strict=True):
            truth = truth_of(task)
            each[str(origin)] = 100 * float(np.abs((truth - forecast) / truth).mean())
        return {"MAPE": float(np.mean([*each.values()])), **each}

    started = time.process_time()
    found = []
    for origin, task in tasks.items():
        model = RNNForecaster(task.horizon, **params).fit(y[:origin])
        found.append(model.predict().to_numpy()[None])
        tasks[origin] = task._replace(context=model.context_)
    yield Result("RNNForecaster", figures(found), time.process_time() - started)
    yield Result("seasonal naive", figures([repeated(task, 12) for task in tasks.values()]), 0.0)
    if limits is None:
        return
    for kind, name in limits.names(forecast_peers.LOCAL | forecast_peers.GLOBAL).items():
        results = [forecast_peers.run(kind, task, np.array([0]), limits) for task in tasks.values()]
        seconds = sum(result[1] for result in results)
        complete = all(result[0] is not None for result in results)
        yield Result(name, figures([result[0] for result in results]) if complete else {}, seconds)


def m4(data: Path, params: dict[str, Any], limits: Limits | None) -> Iterator[Result]:
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
    past = [one.to_numpy() for one in series.values()]
    everything = np.arange(len(past))

    def figures(rows: np.ndarray, forecasts: np.ndarray) -> dict[str, float]:
        return m4_figures([past[i] for i in rows], test[rows], forecasts)

    yield Result("RNNForecaster", figures(everything, median) | {"cover": cover}, seconds)
    last = np.stack([np.resize(one[-24:], 48) for one in past])
    yield Result("seasonal naive", figures(everything, last), 0.0)
    if limits is not None:
        lengths = np.array([*map(len, past)])
        origins = np.stack([everything, lengths], axis=1)
        task = Windows(past, lengths, origins, 48, 24, "h", model.context_)
        yield from peers(task, limits, {"RNNForecaster": median, "seasonal naive": last}, figures)


def m4_figures(past: list[np.ndarray], test: np.ndarray, found: np.ndarray) -> dict[str, float]:
    smape = 200 * np.mean(np.abs(test - found) / (np.abs(test) + np.abs(found)))
    scaled = [
        mean_absolute_scaled_error(truth, forecast, one, 24)
        for truth, forecast, one in zip(test, found, past, strict=True)
    ]
    mase = np.mean(scaled)
    average = (smape / NAIVE2["sMAPE"] + mase / NAIVE2["MASE"]) / 2
    return {"sMAPE": float(smape), "MASE": float(mase), "OWA": float(average)}


def many(data: Path, params: dict[str, Any], limits: Limits | None) -> Iterator[Result]:
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
    table = model.backtest(hours, start=900, step=1)
    n_origins = len(table) // 24
    yield Result(f"backtest from {n_origins:,} origins", {}, time.process_time() - started)
    seconds = []
    for i in range(900, 950):
        started = time.perf_counter()
        model.update(hours[i : i + 1]).predict()
        seconds.append(time.perf_counter() - started)
    figures = {"milliseconds": 1000 * float(np.median(seconds))}
    yield Result("update and predict", figures, float(np.sum(seconds)))


def anomalies(data: Path, params: dict[str, Any], limits: Limits | None) -> Iterator[Result]:
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
    """Yield, per stream, the share of equally long stretches that are likelier than a window."""
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


def drivers(data: Path, params: dict[str, Any], limits: Limits | None) -> Iterator[Result]:
    """Generated series, with and without their drivers as covariates."""
    for name, figures, seconds in answers(params):
        yield Result(name, figures, seconds)


OTHERS: dict[str, Callable[[Path, dict[str, Any], Limits | None], Iterator[Result]]] = {
    "airline": airline,
    "M4 Hourly": m4,
    "speed": many,
    "anomalies": anomalies,
    "known answers": drivers,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--tasks", nargs="*", default=[*OTHERS, *ROLLING])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--params", nargs="*", default=[], help="of the forecaster: cell=lstm")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peers", type=Path, help="interpreter of the peers' environment")
    parser.add_argument("--peer-seconds", type=float, default=600.0)
    parser.add_argument("--peer-windows", type=int, default=420)
    parser.add_argument("--peer-series", type=int, default=40)
    parser.add_argument("--peer-steps", type=int, default=1000)
    methods = [*forecast_peers.LOCAL, *forecast_peers.GLOBAL]
    parser.add_argument("--peer-methods", nargs="*", choices=methods, default=methods)
    options = parser.parse_args()
    pairs = (text.partition("=") for text in options.params)
    chosen = {key: int(value) if value.isdigit() else value for key, _, value in pairs}
    limits = None
    if options.peers is not None:
        limits = Limits(
            options.peers,
            options.peer_seconds,
            options.peer_windows,
            options.peer_series,
            options.peer_steps,
            tuple(options.peer_methods),
        )
    torch.set_num_threads(options.threads)
    # Compiles the kernels, which is not timed.
    RNNForecaster(max_steps=1, device="cpu").fit(np.sin(np.arange(50.0))).predict()
    began = datetime.datetime.now()
    rows, records = [], []
    for name in options.tasks:
        for seed in range(options.seeds):
            params = chosen | {"random_state": seed, "device": "cpu"}
            beside = limits if seed == 0 else None
            if name in OTHERS:
                results = OTHERS[name](options.data, params, beside)
            else:
                results = rolling(ROLLING[name](options.data), params, beside)
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
