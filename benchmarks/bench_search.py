"""Speed-up of a parallel search, and whether memory stays constant over many fits."""

from __future__ import annotations

import argparse
import json
import time
from statistics import median

import contenders
import numpy as np
import processes
import report
import speed
import torch
from sklearn.model_selection import GridSearchCV

TARGET = 1.7  # times faster with two processes than with one
RATES = np.geomspace(1e-3, 1e-2, 5).tolist()
FOLDS = 4
MB = 1e6


def search_seconds(options: argparse.Namespace, n_jobs: int, threads: int, X, y) -> float:
    """Return seconds of a search of 20 fits, without the final refit."""
    torch.set_num_threads(threads)  # of this process; joblib decides in its workers
    setting = speed.setting_from(options, options.cell, options.hidden, options.epochs)
    search = GridSearchCV(
        contenders.Ours(setting).estimator(),
        {"lr": RATES},
        cv=FOLDS,
        n_jobs=n_jobs,
        refit=False,
        error_score="raise",
    )
    start = time.perf_counter()
    search.fit(X, y)
    return time.perf_counter() - start


def measure_search(options: argparse.Namespace) -> dict[str, list[float]]:
    X, y = speed.ragged(options.samples, options.length)
    variants = {"n_jobs=1, 1 thread": (1, 1), "n_jobs=2": (2, options.threads)}
    if options.threads > 1:
        variants[f"n_jobs=1, {options.threads} threads"] = (1, options.threads)
    measures = {
        name: lambda w=way: search_seconds(options, *w, X, y) for name, way in variants.items()
    }
    for n_jobs, threads in variants.values():  # workers start and import torch
        search_seconds(options, n_jobs, threads, X[:40], y[:40])
    return speed.interleaved(measures, options.repeats)


def child(request: dict) -> dict:
    """Return the resident size after each tenth of the fits in this process."""
    torch.set_num_threads(request["threads"])
    n_fits = request.pop("fits")
    model = contenders.Ours(speed.Setting(**request))
    X, y = speed.ragged(40, 20)
    sizes = {}
    for done in range(1, n_fits + 1):
        model.fit(X, y)
        if done % (n_fits // 10) == 0:
            sizes[done] = processes.resident_bytes()
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cell", choices=speed.CELLS, default="gru")
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--samples", type=int, default=640)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--fits", type=int, default=500, help="in one process")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    speed.add_options(parser, repeats=3)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return

    started, environment = speed.begin(options)
    seconds = measure_search(options)
    parallel = seconds["n_jobs=2"]
    rows = []
    for name, found in seconds.items():
        times = speed.ratio(found, parallel)
        compared = ["-", "-"]
        if found is not parallel:
            compared = [f"{times:.2f}x", speed.verdict(times, TARGET)]
        rows.append([name, f"{median(found):.2f}", *compared])
    print(
        f"\n{len(RATES) * FOLDS} fits of {options.samples} sequences, {options.cell}, hidden"
        f" {options.hidden}, {options.epochs} epochs; median of {options.repeats}\n\n"
        + report.markdown(["search", "seconds", "n_jobs=2 is faster", "target"], rows)
    )

    request = vars(speed.setting_from(options, options.cell, options.hidden, 2))
    sizes = processes.run_child(__file__, request | {"fits": options.fits}, options.threads)
    # The first fifth fills the caches of allocators and libraries; a leak would continue after it.
    settled = list(sizes.values())[1:]
    growth = (settled[-1] - settled[0]) / (options.fits * 8 / 10)
    rows = [["resident MB", *(f"{size / MB:.1f}" for size in sizes.values())]]
    print("\n" + report.markdown(["after fits", *sizes], rows))
    print(f"\nGrowth per fit after the first fifth: {growth / 1e3:.2f} kB")
    content = {
        "environment": environment,
        "options": vars(options),
        "search": seconds,
        "resident": sizes,
        "growth": growth,
    }
    print(f"\n{report.write('search', content, started)}")


if __name__ == "__main__":
    main()
