"""Shared code of the speed benchmarks: task, settings, options, and interleaved repeats."""

from __future__ import annotations

import argparse
import datetime
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

import numpy as np
import report
import torch

from sk_rnn.sequences import Panel

CELLS = ("rnn_tanh", "gru", "lstm")
N_FEATURES = 4
BATCH_SIZE = 32
LR = 5e-3
# Offset of the first feature by class, with noise of standard deviation 1. One step is sufficient
# in 60 % of the cases and 12 steps in 81 %, so that a network has to use many steps.
OFFSET = 0.25


@dataclass(frozen=True)
class Setting:
    """Settings of every contender: architecture, training, and device."""

    cell: str
    hidden_size: int
    epochs: int
    threads: int
    device: str = "cpu"
    backend: str | None = None  # None: the default of this package
    batch_size: int = BATCH_SIZE
    lr: float = LR
    n_features: int = N_FEATURES


@dataclass(frozen=True)
class Task:
    """Two classes of ragged sequences."""

    X_train: list[np.ndarray]
    y_train: np.ndarray
    X_test: list[np.ndarray]
    y_test: np.ndarray


def ragged_panel(n_samples: int, longest: int, seed: int = 0) -> tuple[Panel, np.ndarray]:
    """Return noise whose mean depends on the class; lengths uniform in longest / 4 .. longest."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(max(1, longest // 4), longest, size=n_samples, endpoint=True)
    lengths[0] = longest  # so that all sets are padded to the same length
    return noisy_means(lengths, rng)


def noisy_means(lengths: np.ndarray, rng: np.random.Generator) -> tuple[Panel, np.ndarray]:
    """Noise of these lengths, with an offset by class."""
    y = np.arange(len(lengths)) % 2
    values = rng.standard_normal((lengths.sum(), N_FEATURES), dtype=np.float32)
    values[:, 0] += np.repeat(OFFSET * (2 * y - 1), lengths)
    return Panel(values, np.concatenate([[0], np.cumsum(lengths)])), y


def ragged(n_samples: int, longest: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the same data as a list of arrays, the usual input."""
    panel, y = ragged_panel(n_samples, longest, seed)
    return [x.copy() for x in panel.to_list()], y


def ragged_task(n_samples: int, longest: int) -> Task:
    """Return a training set, and a test set as large but of at least 400 (standard error .02)."""
    return Task(*ragged(n_samples, longest), *ragged(max(400, n_samples), longest, seed=1))


def padded(X: list[np.ndarray], *, before: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Pad with zeros at the end or the start: (n, longest, F), and lengths (n,)."""
    lengths = np.array([len(x) for x in X])
    values = np.zeros((len(X), lengths.max(), X[0].shape[1]), dtype=np.float32)
    for row, x in zip(values, X, strict=True):
        row[slice(-len(x), None) if before else slice(len(x))] = x
    return values, lengths


def add_options(parser: argparse.ArgumentParser, *, repeats: int) -> None:
    """Add the options that every speed benchmark has."""
    parser.add_argument("--repeats", type=int, default=repeats, help="the median is shown")
    parser.add_argument(
        "--threads", type=int, default=2, help="number of threads of every contender"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--backend", help="parameter of sk_rnn's estimators")


def begin(options: argparse.Namespace) -> tuple[datetime.datetime, dict]:
    """Set the number of threads and print the environment."""
    torch.set_num_threads(options.threads)
    environment = report.environment(options.threads) | {"backend": options.backend or "default"}
    if options.device != "cpu":
        environment["gpu"] = torch.cuda.get_device_name()
    print(report.describe(environment), flush=True)
    return datetime.datetime.now(), environment


def setting_from(options: argparse.Namespace, cell: str, hidden_size: int, epochs: int) -> Setting:
    return Setting(cell, hidden_size, epochs, options.threads, options.device, options.backend)


def interleaved(measures: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Interleave the measurements, so that other load on the machine affects all alike."""
    results: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            results[name].append(measure())
    return results


def ratio(rival: Iterable[float], ours: Iterable[float]) -> float:
    """Return the speed-up relative to the rival."""
    return median(rival) / median(ours)


def geometric_mean(values: Iterable[float]) -> float:
    return math.exp(np.mean([math.log(value) for value in values]))


def verdict(found: float, target: float | None, *, at_most: bool = False) -> str:
    """Return whether a figure meets its target."""
    if target is None:
        return "-"
    met = found <= target if at_most else found >= target
    return f"{'met' if met else 'missed'} ({'≤' if at_most else '≥'} {target:g})"
