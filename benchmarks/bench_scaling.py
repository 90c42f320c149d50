"""Cost of fit against the length of the sequences.

Seconds per million time steps, at a constant number of steps: a constant value means that there is
no quadratic backward pass and no slowdown by denormal numbers. skorch with ``pack_padded_sequence``
is measured in the same run.
"""

from __future__ import annotations

import argparse
import datetime
import threading
import time
from statistics import median

import contenders
import numpy as np
import report
import speed
import torch

from sk_rnn import RNNClassifier

HIDDEN_SIZE = 32
BATCH_SIZE = 16
N_FEATURES = 4
CELLS = ("gru", "lstm", "rnn_tanh")
# Pooling over all steps gives every step a direct gradient. With pooling="last" the gradient of
# early steps is propagated through the whole sequence and vanishes, so that denormal numbers
# appear.
VARIANTS = {
    "one direction": {"bidirectional": False},
    "both directions": {"bidirectional": True},
    "one direction, last": {"bidirectional": False, "pooling": "last"},
}


def ragged_classes(longest: int, total_steps: int, seed: int = 0):
    """Noise with a small offset by class; lengths uniform in longest / 4 .. longest."""
    rng = np.random.default_rng(seed)
    n_samples = max(2 * BATCH_SIZE, round(total_steps / (longest * 5 / 8)))
    lengths = rng.integers(longest // 4, longest, size=n_samples, endpoint=True)
    y = np.arange(n_samples) % 2
    X = [
        (rng.normal(size=(n, N_FEATURES)) + 0.3 * label).astype(np.float32)
        for n, label in zip(lengths, y, strict=True)
    ]
    return X, y


def estimator(cell: str, variant: dict, device: str, epochs: int) -> RNNClassifier:
    return RNNClassifier(
        calibrate=False,
        cell=cell,
        hidden_size=HIDDEN_SIZE,
        batch_size=BATCH_SIZE,
        max_epochs=epochs,
        device=device,
        random_state=0,
        **variant,
    )


def fit_seconds(model, X, y) -> float:
    start = time.perf_counter()
    model.fit(X, y)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def packed_seconds(cell: str, X, y, device: str, epochs: int) -> float:
    """Seconds of skorch with ``pack_padded_sequence``."""
    setting = speed.Setting(
        cell,
        HIDDEN_SIZE,
        epochs,
        torch.get_num_threads(),
        device,
        batch_size=BATCH_SIZE,
        n_features=N_FEATURES,
    )
    rival = contenders.SkorchPacked(setting)
    return rival.fit(rival.prepare(X), y)


# GPU utilisation


class Utilisation:
    """Mean of ``torch.cuda.utilization()`` over a with-block, sampled by a thread.

    ``percent`` stays None if pynvml is not installed or the driver denies access.
    """

    def __init__(self, active: bool, interval: float = 0.05):
        self.active = active
        self.interval = interval
        self.percent = None

    def __enter__(self):
        self._samples: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        if self.active:
            self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        if self.active:
            self._thread.join()
        if self._samples:
            self.percent = float(np.mean(self._samples))

    def _sample(self):
        while not self._stop.wait(self.interval):
            try:
                self._samples.append(torch.cuda.utilization())
            except Exception:  # no pynvml, or no permission: reported as "not measured"
                return

    def __str__(self):
        return "not measured" if self.percent is None else f"{self.percent:.0f} %"


def measure(options: argparse.Namespace, device: str) -> list[dict]:
    """Return one result per cell, variant and length."""
    results = []
    for cell in CELLS:
        for label, variant in VARIANTS.items():
            for longest in options.lengths:
                X, y = ragged_classes(longest, options.total_steps)
                steps = sum(len(x) for x in X) * options.epochs
                # Warm-up on the first batches: kernels, oneDNN and cuDNN plans are created per
                # shape.
                estimator(cell, variant, device, 1).fit(X[: 2 * BATCH_SIZE], y[: 2 * BATCH_SIZE])
                with Utilisation(active=device == "cuda") as utilisation:
                    times = [
                        fit_seconds(estimator(cell, variant, device, options.epochs), X, y)
                        for _ in range(options.repeats)
                    ]
                results.append(
                    result("sk_rnn", device, cell, label, longest, steps, times)
                    | {"utilisation": str(utilisation) if device == "cuda" else None}
                )
        for longest in options.lengths:
            if longest > options.longest_packed and device == "cpu":
                continue  # its backward pass is quadratic in the length
            X, y = ragged_classes(longest, options.total_steps)
            steps = sum(len(x) for x in X) * options.epochs
            packed_seconds(cell, X[:BATCH_SIZE], y[:BATCH_SIZE], device, 1)
            times = [
                packed_seconds(cell, X, y, device, options.epochs) for _ in range(options.repeats)
            ]
            results.append(
                result("skorch packed", device, cell, "one direction, last", longest, steps, times)
            )
    return results


def result(contender, device, cell, variant, longest, steps, times) -> dict:
    per_million = [1e6 * seconds / steps for seconds in times]
    row = {
        "contender": contender,
        "device": device,
        "cell": cell,
        "variant": variant,
        "longest": longest,
        "steps": steps,
        "seconds": times,
        "seconds_per_million_steps": median(per_million),
        "spread": max(per_million) - min(per_million),
    }
    print(
        f"{device} {contender} {cell} {variant} T={longest}: "
        f"{row['seconds_per_million_steps']:.2f} s per million steps",
        flush=True,
    )
    return row


def table(results: list[dict], lengths: list[int]) -> str:
    """Format one line per contender, cell and variant, and one column per length."""
    lines: dict[tuple, dict[int, dict]] = {}
    for row in results:
        key = (row["device"], row["cell"], row["variant"], row["contender"])
        lines.setdefault(key, {})[row["longest"]] = row
    rows = []
    for (device, cell, variant, contender), by_length in lines.items():
        first, last = by_length[min(by_length)], by_length[max(by_length)]
        ratio = last["seconds_per_million_steps"] / first["seconds_per_million_steps"]
        figures = [
            f"{by_length[n]['seconds_per_million_steps']:.2f}" if n in by_length else "-"
            for n in lengths
        ]
        spread = max(r["spread"] / r["seconds_per_million_steps"] for r in by_length.values())
        busy = last.get("utilisation") or "-"
        net = f"{cell}, {variant}"
        rows.append([net, contender, device, *figures, f"{ratio:.2f}", f"{spread:.0%}", busy])
    header = ["net", "contender", "device", *(f"T={n}" for n in lengths)]
    return report.table([*header, "longest/shortest", "max spread", "GPU busy"], rows)


def same_scores(epochs: int = 10) -> dict:
    """Training accuracy of one fit on the CPU and of one on CUDA."""
    X, y = ragged_classes(100, 20_000)
    models = {device: estimator("gru", {}, device, epochs) for device in ("cpu", "cuda")}
    return {device: float(model.fit(X, y).score(X, y)) for device, model in models.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", nargs="+", type=int, default=[50, 200, 1000, 5000])
    parser.add_argument("--total-steps", type=int, default=100_000, help="time steps in a data set")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3, help="fits; the median is shown")
    parser.add_argument(
        "--longest-packed", type=int, default=1000, help="maximum length for skorch on a CPU"
    )
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    options = parser.parse_args()
    options.lengths = sorted(options.lengths)
    torch.set_num_threads(options.threads)

    started = datetime.datetime.now()
    environment = report.environment(options.threads)
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices.append("cuda")
        environment["gpu"] = torch.cuda.get_device_name()
    print(report.describe(environment), flush=True)

    results = [row for device in devices for row in measure(options, device)]
    content = {
        "environment": environment,
        "hidden_size": HIDDEN_SIZE,
        "batch_size": BATCH_SIZE,
        "epochs": options.epochs,
        "results": results,
    }
    print("\nSeconds per million time steps, median; lengths uniform in T/4 .. T\n")
    print(table(results, options.lengths))
    if "cuda" in devices:
        content["same scores"] = same_scores()
        print(f"\nCPU and CUDA, same seed: {content['same scores']}")
    else:
        print("\nno CUDA device: the GPU was not measured")
    print(f"\n{report.write('scaling', content, started)}")


if __name__ == "__main__":
    main()
