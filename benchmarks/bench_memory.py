"""Peak memory of fit on a gigabyte of ragged data.

Each measurement is a separate process, whose peak resident size is recorded by the kernel; that of
the same process without the data (imports and one tiny fit) is subtracted. The parent does not
import torch: without a status file, the peak of a child includes that of its parent.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time

import processes
import report

GB = 1e9
HIDDEN_SIZE = 8
BATCH_SIZE = 256
LONGEST = 1000
CONTAINERS = ("none", "panel", "list")


def ragged_lengths(total_steps: int):
    """Lengths uniform in LONGEST / 4 .. LONGEST that add up to total_steps."""
    import numpy as np

    rng = np.random.default_rng(0)
    lengths = rng.integers(
        LONGEST // 4, LONGEST, size=total_steps * 8 // (LONGEST * 4), endpoint=True
    )
    ends = lengths.cumsum()
    n_samples = int(np.searchsorted(ends, total_steps))
    return lengths[:n_samples]


def make(container: str, n_bytes: float, n_features: int):
    """Return X in its container and its size in bytes, without temporary copies."""
    import numpy as np

    from sk_rnn.sequences import Panel

    lengths = ragged_lengths(int(n_bytes / 4 / n_features))
    # One block of noise, repeated: generating a gigabyte would take longer than fitting it.
    block = np.random.default_rng(0).normal(size=(LONGEST, n_features)).astype(np.float32)
    if container == "list":
        X = [block[:n].copy() for n in lengths]
        return X, sum(x.nbytes for x in X)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = np.empty((offsets[-1], n_features), dtype=np.float32)
    for start, n in zip(offsets, lengths):  # noqa: B905 (the last offset starts no sequence)
        values[start : start + n] = block[:n]
    return Panel(values, offsets), values.nbytes


def child(request: dict) -> dict:
    """Fit once in this process and return its peak memory."""
    import numpy as np
    import torch

    from sk_rnn import RNNClassifier

    torch.set_num_threads(request["threads"])
    model = RNNClassifier(
        calibrate=False,
        hidden_size=HIDDEN_SIZE,
        batch_size=BATCH_SIZE,
        max_epochs=1,
        device="cpu",
        random_state=0,
    )
    rng = np.random.default_rng(0)
    tiny = [rng.normal(size=(5, request["n_features"])).astype(np.float32) for _ in range(20)]
    model.fit(tiny, np.arange(20) % 2)
    if request["container"] == "none":
        return {"peak": processes.peak_bytes()}

    X, data_bytes = make(request["container"], request["gigabytes"] * GB, request["n_features"])
    y = np.arange(len(X)) % 2
    before = processes.peak_bytes()
    start = time.perf_counter()
    model.fit(X, y)
    return {
        "n_samples": len(X),
        "data": data_bytes,
        "peak_before_fit": before,
        "peak": processes.peak_bytes(),
        "fit_seconds": time.perf_counter() - start,
    }


def measure(container: str, options: argparse.Namespace) -> dict:
    """Run ``child`` in a separate process."""
    request = {
        "container": container,
        "gigabytes": options.gigabytes,
        "n_features": options.n_features,
        "threads": options.threads,
    }
    return processes.run_child(__file__, request, options.threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=1.0, help="size of X, in 10^9 bytes")
    parser.add_argument("--n-features", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return

    started = datetime.datetime.now()
    environment = report.environment(options.threads)
    print(report.describe(environment), flush=True)
    results = {}
    for container in CONTAINERS:
        results[container] = measure(container, options)
        print(f"{container}: peak {results[container]['peak'] / GB:.2f} GB", flush=True)

    baseline = results["none"]["peak"]
    rows = []
    for container in ("panel", "list"):
        row = results[container]
        row["over_baseline"] = row["peak"] - baseline
        row["ratio"] = row["over_baseline"] / row["data"]
        sizes = [row["data"], row["peak_before_fit"] - baseline, row["over_baseline"], row["peak"]]
        figures = [f"{size / GB:.2f}" for size in sizes]
        rows.append([container, *figures, f"{row['ratio']:.2f}", f"{row['fit_seconds']:.0f}"])
    sizes = ["data GB", "before fit GB", "peak GB", "whole process GB"]
    print("\n" + report.table(["X", *sizes, "peak/data", "fit s"], rows))
    print(
        f"\nBefore fit and peak are above the {baseline / GB:.2f} GB of imports and a tiny fit,"
        "\nwhich the whole process includes. All include X itself: a ratio of 1.00 would mean"
        "\nthat fit allocated nothing."
    )
    print(f"\n{report.write('memory', {'environment': environment, 'results': results}, started)}")


if __name__ == "__main__":
    main()
