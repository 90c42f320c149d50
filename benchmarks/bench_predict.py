"""Prediction on many ragged sequences, compared with skorch; and its memory as the input grows."""

from __future__ import annotations

import argparse
import json
from statistics import median

import contenders
import numpy as np
import processes
import report
import speed
import torch

TARGET = 3.0  # times faster than skorch's predict
LARGE_BATCH = 1024
N_TRAIN = 64  # the weights do not matter here


def rivals(setting: speed.Setting) -> dict[str, contenders.Contender]:
    """Construct skorch with its training batches, and with larger batches for prediction."""
    made: dict[str, contenders.Contender] = {}
    for make in (contenders.SkorchPacked, contenders.SkorchPadded):
        made[f"{make.name}, batch {setting.batch_size}"] = make(setting)
        made[f"{make.name}, batch {LARGE_BATCH}"] = make(setting, LARGE_BATCH)
    return made


def measure(cell: str, options: argparse.Namespace) -> dict:
    setting = speed.setting_from(options, cell, options.hidden, 1)
    models = {"sk_rnn": contenders.Ours(setting)} | rivals(setting)
    X_train, y_train = speed.ragged(N_TRAIN, options.length)
    X, _ = speed.ragged(options.samples, options.length, seed=1)
    prepared = {}
    for name, model in models.items():
        model.fit(model.prepare(X_train), y_train)
        model.predict(model.prepare(X[:N_TRAIN]))  # warm-up
        prepared[name] = model.prepare(X)
    measures = {name: lambda n=name: models[n].predict(prepared[n])[1] for name in models}
    return {"cell": cell, "seconds": speed.interleaved(measures, options.repeats)}


def lines(result: dict) -> list[list[str]]:
    """Return one line per contender."""
    ours = result["seconds"]["sk_rnn"]
    rows = []
    for name, seconds in result["seconds"].items():
        times = speed.ratio(seconds, ours)
        compared = (
            ["-", "-"] if name == "sk_rnn" else [f"{times:.1f}x", speed.verdict(times, TARGET)]
        )
        spread = (max(seconds) - min(seconds)) / median(seconds)
        rows.append(
            [
                f"{result['cell']}, {name}",
                f"{1e3 * median(seconds):.0f}",
                f"{spread:.0%}",
                *compared,
            ]
        )
    return rows


def child(request: dict) -> dict:
    """Return the peak memory of one prediction, above that before it."""
    torch.set_num_threads(request["threads"])
    n_samples = request.pop("samples")
    length = request.pop("length")
    model = contenders.Ours(speed.Setting(**request))
    X, y = speed.ragged(N_TRAIN, length)
    model.fit(X, y)
    # Not from a list: memory freed by its arrays would be reused, and not be counted.
    panel, _ = speed.ragged_panel(n_samples, length, seed=1)
    model.predict(panel[:N_TRAIN])
    before = processes.resident_bytes()
    processes.reset_peak()
    _, seconds = model.predict(panel)
    return {
        "samples": n_samples,
        "data": panel.values.nbytes,
        "over": max(0, processes.peak_bytes() - before),
        "outputs": n_samples * contenders.N_CLASSES * np.dtype(np.float32).itemsize,
        "seconds": seconds,
    }


def memory(cell: str, options: argparse.Namespace) -> list[dict]:
    request = vars(speed.setting_from(options, cell, options.hidden, 1)) | {
        "length": options.length
    }
    return [
        processes.run_child(__file__, request | {"samples": n}, options.threads)
        for n in options.memory
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=speed.CELLS, default=list(speed.CELLS))
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--length", type=int, default=100, help="the longest; the shortest is T/4")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument(
        "--memory",
        nargs="*",
        type=int,
        default=[1_000, 4_000, 16_000, 64_000, 256_000],
        help="sequences of a prediction whose memory is measured",
    )
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    speed.add_options(parser, repeats=5)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return

    started, environment = speed.begin(options)
    results = [measure(cell, options) for cell in options.cells]
    rows = [row for result in results for row in lines(result)]
    print(
        f"\n{options.samples} sequences of T/4 to T = {options.length} steps, hidden"
        f" {options.hidden}, median of {options.repeats}\n\n"
        + report.markdown(["contender", "ms", "spread", "we are faster", "target"], rows)
    )
    grown = {cell: memory(cell, options) for cell in options.cells[:1]}
    for cell, found in grown.items():
        rows = [
            [str(row["samples"]), *(f"{row[k] / 1e6:.1f}" for k in ("data", "outputs", "over"))]
            for row in found
        ]
        print(f"\nMemory of predict, {cell}, MB (10^6 bytes)\n")
        print(report.markdown(["sequences", "data", "outputs", "peak above data"], rows))
    content = {
        "environment": environment,
        "options": vars(options),
        "results": results,
        "memory": grown,
    }
    print(f"\n{report.write('predict', content, started)}")


if __name__ == "__main__":
    main()
