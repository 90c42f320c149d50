"""Latency of one sequence: `predict` compared with the module alone, and Keras."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

import contenders
import numpy as np
import peers
import report
import speed
import torch

from sk_rnn.sequences import Panel, check_sequences

MODULE_TARGET = 3.0  # maximum ratio to the module's forward pass
KERAS_TARGET = 20.0  # times faster than Keras' predict
N_TRAIN = 64


def call_seconds(function, calls: int) -> float:
    """Return the median over consecutive calls."""
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def one_row(cell: str, options: argparse.Namespace) -> dict:
    """Seconds of one sequence, by contender."""
    setting = speed.setting_from(options, cell, options.hidden, 1)
    models: dict[str, contenders.Contender] = {
        make.name: make(setting) for make in (contenders.Ours, contenders.SkorchPadded)
    }
    if options.python.exists():
        models |= {kind: peers.Peer(kind, setting, options.python) for kind in options.peers}
    X, y = speed.ragged(N_TRAIN, options.length)
    row = [X[0]]  # the longest
    prepared = {}
    for name, model in models.items():
        model.fit(model.prepare(X), y)
        prepared[name] = model.prepare(row)
        model.predict(prepared[name])  # warm-up

    module = models["sk_rnn"].model.module_.eval()
    x = torch.from_numpy(row[0])[:, None].to(setting.device)  # (T, 1, F)
    lengths = torch.tensor([len(row[0])])

    def forward() -> None:
        with torch.inference_mode():
            module(x, lengths).cpu()

    measures = {"module alone": lambda: call_seconds(forward, options.calls)} | {
        name: lambda n=name: median(models[n].latencies(prepared[n], options.calls))
        for name in models
    }
    found = speed.interleaved(measures, options.repeats)
    for model in models.values():
        model.close()
    return found


def lines(cell: str, found: dict) -> list[list[str]]:
    """Return one line per contender: its time, and the ratio to ours."""
    ours = median(found["sk_rnn"])
    rows = []
    for name, seconds in found.items():
        taken = median(seconds)
        verdict = "-"
        if name == "module alone":
            verdict = f"sk_rnn {ours / taken:.1f}x: "
            verdict += speed.verdict(ours / taken, MODULE_TARGET, at_most=True)
        elif name == "keras":
            verdict = speed.verdict(taken / ours, KERAS_TARGET)
        rows.append([f"{cell}, {name}", f"{1e3 * taken:.3f}", f"{taken / ours:.2f}x", verdict])
    return rows


def checks(options: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of `check_sequences` on data that needs no conversion."""
    rng = np.random.default_rng(0)
    shape = (options.length, speed.N_FEATURES)
    array = rng.standard_normal((1, *shape), dtype=np.float32)
    many = rng.standard_normal((1_000, *shape), dtype=np.float32)
    given = {
        "array of 1": array,
        "list of 1": [array[0]],
        "Panel of 1": Panel.from_sequences(list(array)),
        "array of 1,000": many,
        "list of 1,000": list(many),
        "Panel of 1,000": Panel.from_sequences(list(many)),
    }
    measures = {
        name: lambda v=value: call_seconds(lambda: check_sequences(v), options.calls)
        for name, value in given.items()
    }
    speed.interleaved(measures, 1)
    return speed.interleaved(measures, options.repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=speed.CELLS, default=list(speed.CELLS))
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--calls", type=int, default=20, help="calls per measurement")
    parser.add_argument("--python", type=Path, default=peers.PYTHON, help="of the peers")
    parser.add_argument("--peers", nargs="*", default=["keras", "keras-call"])
    speed.add_options(parser, repeats=9)
    options = parser.parse_args()

    started, environment = speed.begin(options)
    if options.peers and not options.python.exists():
        print("no environment of the peers (run make bench-peers): Keras is left out")
    checked = checks(options)
    results = {cell: one_row(cell, options) for cell in options.cells}
    print(f"\nOne sequence of {options.length} steps, hidden {options.hidden}\n")
    rows = [row for cell, found in results.items() for row in lines(cell, found)]
    print(report.markdown(["contender", "ms", "relative to sk_rnn", "target"], rows))
    rows = [[name, f"{1e6 * median(seconds):.0f}"] for name, seconds in checked.items()]
    print(f"\ncheck_sequences, {options.length} steps of {speed.N_FEATURES} features each\n")
    print(report.markdown(["X", "µs"], rows))
    content = {
        "environment": environment,
        "options": vars(options),
        "one row": results,
        "checks": checked,
    }
    print(f"\n{report.write('latency', content, started)}")


if __name__ == "__main__":
    main()
