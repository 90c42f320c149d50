"""Methods of statsforecast, darts and neuralforecast on the tasks of `bench_forecast.py`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

WORKER = Path(__file__).with_name("forecast_worker.py")
PYTHON = Path(__file__).parents[1] / ".venv-forecast-peers" / "bin" / "python"

# Fitted to one series at a time, or to all of them; with the names in the table.
LOCAL = {"AutoARIMA": "AutoARIMA", "AutoETS": "AutoETS", "Theta": "Theta"}
GLOBAL = {
    "RNNModel": "darts RNNModel GRU",
    "BlockRNNModel": "darts BlockRNNModel GRU",
    "LSTM": "neuralforecast LSTM",
}


class Limits(NamedTuple):
    """Limits that keep a comparison affordable."""

    python: Path  # of the peers' environment
    seconds: float  # of the clock, for one method on one task
    windows: int  # forecasts per task, spread evenly over origins
    series: int  # for methods that are fitted to one series at a time
    steps: int  # of the optimizer, for networks
    methods: tuple[str, ...]  # keys of LOCAL and GLOBAL

    def names(self, methods: dict[str, str]) -> dict[str, str]:
        """Return the methods that are compared."""
        return {kind: name for kind, name in methods.items() if kind in self.methods}


class Windows(NamedTuple):
    """Series, and the origins from which they are forecast."""

    series: list[np.ndarray]
    train: np.ndarray  # (n_series,) time steps to fit to
    origins: np.ndarray  # (n_windows, 2): series, first time step to forecast
    horizon: int
    season: int
    freq: str
    context: int = 0  # time steps that recurrent models read

    def chosen(self, limits: Limits, *, local: bool) -> np.ndarray:
        """Return the indices of the windows that a peer forecasts."""
        series, first = self.origins.T
        kept = np.unique(series)
        if local and len(kept) > limits.series:
            kept = kept[np.linspace(0, len(kept) - 1, limits.series).astype(int)]
        rows = np.flatnonzero(np.isin(series, kept))
        starts = np.unique(first[rows])
        per_start = len(rows) / len(starts)
        n_starts = max(1, int(limits.windows / per_start))
        if len(starts) > n_starts and len(rows) > limits.windows:
            starts = starts[np.linspace(0, len(starts) - 1, n_starts).astype(int)]
        return rows[np.isin(first[rows], starts)]


def compare(task: Windows, limits: Limits) -> Iterator[tuple[str, np.ndarray, np.ndarray, float]]:
    """Yield name, indices of windows, forecasts (None without) and seconds of each method.

    Forecasts are None if a method takes longer than the limit or fails.
    """
    for methods, local in ((LOCAL, True), (GLOBAL, False)):
        rows = task.chosen(limits, local=local)
        for kind, name in limits.names(methods).items():
            yield name, rows, *run(kind, task, rows, limits)


def run(
    kind: str, task: Windows, rows: np.ndarray, limits: Limits
) -> tuple[np.ndarray | None, float]:
    """Return the forecasts of a method, and its seconds on the processor."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "task.npz"), Path(folder, "forecasts.npz")
        np.savez(
            source,
            values=np.concatenate(task.series),
            offsets=np.cumsum([0, *map(len, task.series)]),
            train=task.train,
            windows=task.origins[rows],
            horizon=task.horizon,
            season=task.season,
            context=task.context,
            freq=task.freq,
            steps=limits.steps,
        )
        try:
            subprocess.run(
                [str(limits.python), str(WORKER), kind, str(source), str(target)],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                check=True,
                capture_output=True,
                text=True,
                timeout=limits.seconds,
                cwd=folder,
            )
        except subprocess.TimeoutExpired:
            return None, limits.seconds
        except subprocess.CalledProcessError as error:
            print(f"{kind} failed:\n{error.stderr[-1000:]}")
            return None, 0.0
        with np.load(target) as saved:
            return saved["found"], float(saved["seconds"])
