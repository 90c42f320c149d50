"""One method of another library on one task: reads an .npz file, and writes another one.

Runs in the peers' environment, in which sk_rnn is not installed. The comparison is explained in
README.md.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

# Calendar features that darts' models read.
CALENDAR = {"MS": ["month"], "D": ["dayofyear", "dayofweek"], "h": ["hour", "dayofweek"]}


class Task(NamedTuple):
    """Series, and where to forecast them."""

    series: list[np.ndarray]
    train: np.ndarray  # (n_series,) time steps to fit to
    windows: np.ndarray  # (n_windows, 2): series, first time step to forecast
    horizon: int
    season: int
    context: int  # time steps that recurrent models read
    freq: str
    steps: int  # of the optimizer


def read(path: str) -> Task:
    with np.load(path) as saved:
        series = np.split(saved["values"], saved["offsets"][1:-1])
        numbers = [int(saved[name]) for name in ("horizon", "season", "context")]
        series = [pd.Series(one).interpolate(limit_direction="both").to_numpy() for one in series]
        return Task(
            series,
            saved["train"],
            saved["windows"],
            *numbers,
            str(saved["freq"]),
            int(saved["steps"]),
        )


def times(n: int, freq: str) -> pd.DatetimeIndex:
    return pd.date_range("2000-01-01", periods=n, freq=freq)


# --- methods for single series: fitted once, then applied to every origin ------------------------


def statistical(name: str, task: Task) -> tuple[np.ndarray, float]:
    from statsforecast import models

    found = np.empty((len(task.windows), task.horizon))
    season = np.sin(np.arange(60.0)) + 2
    getattr(models, name)(season_length=4).fit(season).forward(season, 2)  # compiles
    started = time.process_time()
    for s in np.unique(task.windows[:, 0]):
        model = getattr(models, name)(season_length=task.season)
        model.fit(task.series[s][: task.train[s]])
        for w in np.flatnonzero(task.windows[:, 0] == s):
            past = task.series[s][: task.windows[w, 1]]
            found[w] = model.forward(past, task.horizon)["mean"]
    return found, time.process_time() - started


# --- recurrent networks, fitted to all series ----------------------------------------------------


def darts(name: str, task: Task) -> tuple[np.ndarray, float]:
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import BlockRNNModel, RNNModel

    whole = [
        TimeSeries.from_times_and_values(
            times(len(one), task.freq), one.astype(np.float32)[:, None]
        )
        for one in task.series
    ]
    started = time.process_time()
    scaler = Scaler()
    train = scaler.fit_transform([one[: int(n)] for one, n in zip(whole, task.train, strict=True)])
    common = {
        "model": "GRU",
        "input_chunk_length": task.context,
        "n_epochs": 100_000,
        "random_state": 0,
        "pl_trainer_kwargs": {
            "max_steps": task.steps,
            "accelerator": "cpu",
            "enable_progress_bar": False,
            "logger": False,
            "enable_checkpointing": False,
        },
    }
    kind = {"cyclic": {"future" if name == "RNNModel" else "past": CALENDAR[task.freq]}}
    if name == "RNNModel":
        length = task.context + task.horizon
        model: Any = RNNModel(training_length=length, add_encoders=kind, **common)
    else:
        model = BlockRNNModel(output_chunk_length=task.horizon, add_encoders=kind, **common)
    model.fit(train)
    # Forecasts of all windows are one call, in batches.
    pasts = [whole[s][: int(origin)] for s, origin in task.windows]
    scaled = [
        scaler.transform([past], series_idx=[int(s)])[0]
        for past, s in zip(pasts, task.windows[:, 0], strict=True)
    ]
    forecasts = model.predict(task.horizon, series=scaled)
    back = [
        scaler.inverse_transform([one], series_idx=[int(s)])[0]
        for one, s in zip(forecasts, task.windows[:, 0], strict=True)
    ]
    found = np.stack([one.values()[:, 0] for one in back])
    return found, time.process_time() - started


def neuralforecast(name: str, task: Task) -> tuple[np.ndarray, float]:
    from neuralforecast import NeuralForecast, models

    def frame(parts: list[np.ndarray]) -> pd.DataFrame:
        return pd.concat(
            pd.DataFrame({"unique_id": i, "ds": times(len(one), task.freq), "y": one})
            for i, one in enumerate(parts)
        )

    started = time.process_time()
    model = getattr(models, name)(
        h=task.horizon,
        input_size=task.context,
        max_steps=task.steps,
        random_seed=0,
        accelerator="cpu",
        enable_progress_bar=False,
        logger=False,
        enable_checkpointing=False,
    )
    net = NeuralForecast(models=[model], freq=task.freq)
    train = [one[: int(n)] for one, n in zip(task.series, task.train, strict=True)]
    net.fit(frame(train))
    # Each window is a separate series, which ends before its origin.
    pasts = [task.series[s][: int(origin)][-2 * task.context :] for s, origin in task.windows]
    table = net.predict(frame(pasts))
    if "unique_id" not in table:
        table = table.reset_index()
    found = table.sort_values(["unique_id", "ds"])[name].to_numpy(float)
    return found.reshape(len(pasts), task.horizon), time.process_time() - started


METHODS = {
    "AutoARIMA": statistical,
    "AutoETS": statistical,
    "Theta": statistical,
    "RNNModel": darts,
    "BlockRNNModel": darts,
    "LSTM": neuralforecast,
}


def main() -> None:
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    name, source, target = sys.argv[1:]
    found, seconds = METHODS[name](name, read(source))
    np.savez(target, found=found, seconds=seconds)


if __name__ == "__main__":
    main()
