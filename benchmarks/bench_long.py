"""Cost and memory of training against the length of the sequences, up to 20,000 steps.

Full and truncated backpropagation through time. A plot shows the cost of a
time step against length, batch and hidden size. Each point is a separate process.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import median

import contenders
import numpy as np
import processes
import report
import speed
import torch

from sk_rnn.sequences import Panel

# Name of an axis, and its value while others vary.
AXES = {"length": "time steps", "batch_size": "batch", "hidden_size": "hidden size"}
FIXED = {"length": 200, "batch_size": 16, "hidden_size": 64}
EPOCHS = 2
MB = 1e6


def noise(n_samples: int, length: int) -> tuple[Panel, np.ndarray]:
    """Return noise of equal lengths, so that memory is that of the longest."""
    return speed.noisy_means(np.full(n_samples, length), np.random.default_rng(0))


def child(request: dict) -> dict:
    """Fit once; return seconds, and the peak memory above that before."""
    torch.set_num_threads(request["threads"])
    length, total_steps = request.pop("length"), request.pop("total_steps")
    tbptt_steps = request.pop("tbptt_steps")
    setting = speed.Setting(**request)
    params = {} if tbptt_steps is None else {"tbptt_steps": tbptt_steps}
    model = contenders.Ours(setting, **params)
    n_samples = setting.batch_size * max(1, total_steps // length // setting.batch_size)
    X, y = noise(n_samples, length)
    model.fit(*noise(2 * setting.batch_size, 20))  # warm-up
    before = processes.resident_bytes()
    processes.reset_peak()
    seconds = model.fit(X, y)
    return {
        "seconds_per_million_steps": 1e6 * seconds / (n_samples * length * setting.epochs),
        "peak": max(0, processes.peak_bytes() - before),
        "accuracy": model.accuracy(X, y),
    }


def mode_name(tbptt_steps: int | None) -> str:
    return "full" if tbptt_steps is None else f"chunks of {tbptt_steps}"


def measure(cell: str, tbptt_steps: int | None, point: dict, options: argparse.Namespace) -> dict:
    """Measure one point: medians over identical processes."""
    setting = speed.Setting(
        cell,
        point["hidden_size"],
        EPOCHS,
        options.threads,
        options.device,
        options.backend,
        batch_size=point["batch_size"],
    )
    request = vars(setting) | {
        "length": point["length"],
        "total_steps": options.total_steps,
        "tbptt_steps": tbptt_steps,
    }
    found = [
        processes.run_child(__file__, request, options.threads) for _ in range(options.repeats)
    ]
    medians = {key: median(run[key] for run in found) for key in found[0]}
    result = {"cell": cell, "mode": mode_name(tbptt_steps), **point, **medians}
    print(json.dumps(result), flush=True)
    return result


def measure_axis(axis: str, options: argparse.Namespace) -> list[dict]:
    """Measure all points along one axis. Chunks are only compared along the lengths."""
    modes = options.tbptt_steps if axis == "length" else [None]
    return [
        measure(cell, mode, FIXED | {axis: value}, options)
        for cell in options.cells
        for mode in modes
        for value in getattr(options, axis)
    ]


def lines_of(results: list[dict]) -> dict[tuple[str, str], list[dict]]:
    """Group points by line of a plot or table."""
    lines: dict[tuple[str, str], list[dict]] = {}
    for result in results:
        lines.setdefault((result["cell"], result["mode"]), []).append(result)
    return lines


def tables(axis: str, results: list[dict]) -> str:
    """Return seconds per million steps, and for lengths also memory and accuracy."""
    shown = {"seconds per million steps": lambda point: f"{point['seconds_per_million_steps']:.2f}"}
    if axis == "length":
        shown["peak MB above data"] = lambda point: f"{point['peak'] / MB:.0f}"
        shown["training accuracy"] = lambda point: f"{point['accuracy']:.2f}"
    texts = []
    for what, cell_of in shown.items():
        rows = [[f"{c}, {m}", *map(cell_of, line)] for (c, m), line in lines_of(results).items()]
        values = [str(point[axis]) for point in next(iter(lines_of(results).values()))]
        texts.append(f"{what}, by {AXES[axis]}\n\n" + report.markdown(["net", *values], rows))
    return "\n\n".join(texts)


def plot(by_axis: dict[str, list[dict]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = [(axis, "seconds_per_million_steps", 1.0, "s per million steps") for axis in AXES]
    panels.append(("length", "peak", MB, "peak MB above data"))
    figure, axes = plt.subplots(1, len(panels), figsize=(4 * len(panels), 3.5))
    for ax, (axis, key, unit, label) in zip(axes, panels, strict=True):
        for (cell, mode), line in lines_of(by_axis[axis]).items():
            style = "-" if mode == "full" else "--"
            heights = [point[key] / unit for point in line]
            ax.plot([p[axis] for p in line], heights, style, marker="o", label=f"{cell}, {mode}")
        ticks = sorted({point[axis] for point in by_axis[axis]})
        ax.set(xscale="log", xlabel=AXES[axis], ylabel=label)
        ax.set_xticks(ticks, [str(tick) for tick in ticks], fontsize="small")
        ax.minorticks_off()
        ax.set_yscale("log" if key == "peak" else "linear")
        if key != "peak":
            ax.set_ylim(bottom=0)  # a flat line is a cost that does not depend on the axis
        ax.legend(fontsize="x-small")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def mode(text: str) -> int | None:
    return None if text == "none" else int(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=speed.CELLS, default=list(speed.CELLS))
    parser.add_argument(
        "--length", nargs="+", type=int, default=[100, 500, 2_000, 5_000, 10_000, 20_000]
    )
    parser.add_argument("--batch-size", nargs="+", type=int, default=[4, 16, 64, 256])
    parser.add_argument("--hidden-size", nargs="+", type=int, default=[16, 32, 64, 128, 256])
    parser.add_argument(
        "--tbptt-steps", nargs="+", type=mode, default=[None, 500], help="'none': no truncation"
    )
    parser.add_argument("--total-steps", type=int, default=320_000, help="time steps in a data set")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    speed.add_options(parser, repeats=1)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.child)))
        return

    started, environment = speed.begin(options)
    by_axis = {axis: measure_axis(axis, options) for axis in AXES}
    others = ", ".join(f"{AXES[axis]} {value}" for axis, value in FIXED.items())
    print(f"\nFixed values of the other axes: {others}")
    for axis, results in by_axis.items():
        print("\n" + tables(axis, results))
    content = {"environment": environment, "options": vars(options), "results": by_axis}
    path = report.write("long", content, started)
    plot(by_axis, path.with_suffix(".png"))
    print(f"\n{path}\n{path.with_suffix('.png')}")


if __name__ == "__main__":
    main()
