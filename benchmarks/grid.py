"""Training time over a grid of cells, lengths and hidden sizes, and its summary."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from statistics import fmean, median

import report
import speed
from contenders import Contender

OURS = "sk_rnn"

# By cell and rival: target speed-up on average (geometric mean over the grid), and in the worst
# case.
TARGETS = {
    ("rnn_tanh", "skorch packed"): (10.0, 4.0),
    ("gru", "skorch packed"): (10.0, 4.0),
    ("lstm", "skorch packed"): (5.0, None),
    ("rnn_tanh", "skorch padded"): (3.0, None),
    ("gru", "skorch padded"): (3.0, None),
    ("lstm", "skorch padded"): (1.3, None),
    ("rnn_tanh", "keras"): (10.0, None),
    ("gru", "keras"): (10.0, None),
    ("lstm", "keras"): (8.0, None),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add options that restrict the grid, and the size of a fit."""
    parser.add_argument("--cells", nargs="+", choices=speed.CELLS, default=list(speed.CELLS))
    parser.add_argument("--lengths", nargs="+", type=int, default=[50, 100, 500])
    parser.add_argument("--hidden", nargs="+", type=int, default=[32, 64, 128])
    parser.add_argument("--samples", type=int, default=320, help="training sequences")
    parser.add_argument("--epochs", type=int, default=4)


def points(options: argparse.Namespace) -> Iterator[tuple[int, speed.Setting]]:
    """Yield the longest sequence and the setting of every point."""
    for cell in options.cells:
        for longest in options.lengths:
            for hidden_size in options.hidden:
                yield longest, speed.setting_from(options, cell, hidden_size, options.epochs)


def measure(
    models: dict[str, Contender], longest: int, setting: speed.Setting, options: argparse.Namespace
) -> dict:
    """Measure one point: seconds per epoch, accuracy on unseen sequences, and speed-ups."""
    task = speed.ragged_task(options.samples, longest)
    prepared = {name: model.prepare(task.X_train) for name, model in models.items()}
    # Compilation and first-call set-up are not timed. Two batches of the same padded length,
    # because some contenders compile for a shape.
    warm = speed.ragged(2 * setting.batch_size, longest)
    first = {name: model.fit(model.prepare(warm[0]), warm[1]) for name, model in models.items()}
    fits = {name: lambda n=name: models[n].fit(prepared[n], task.y_train) for name in models}
    seconds = speed.interleaved(fits, options.repeats)
    per_epoch = {name: [s / options.epochs for s in found] for name, found in seconds.items()}
    return {
        "cell": setting.cell,
        "longest": longest,
        "hidden_size": setting.hidden_size,
        "seconds_per_epoch": per_epoch,
        "first_fit_seconds": first,
        "times_faster": {
            name: speed.ratio(found, per_epoch[OURS])
            for name, found in per_epoch.items()
            if name != OURS
        },
        "accuracy": {
            name: model.accuracy(model.prepare(task.X_test), task.y_test)
            for name, model in models.items()
        },
    }


def lines(result: dict) -> list[list[str]]:
    """Return one line per contender."""
    point = f"{result['cell']}, T={result['longest']}, hidden {result['hidden_size']}"
    rows = []
    for name, seconds in result["seconds_per_epoch"].items():
        faster = "-" if name == OURS else f"{result['times_faster'][name]:.1f}x"
        spread = (max(seconds) - min(seconds)) / median(seconds)
        time = [f"{1e3 * median(seconds):.1f}", f"{spread:.0%}", faster]
        rows.append([f"{point}: {name}", *time, f"{result['accuracy'][name]:.3f}"])
    return rows


def table(results: list[dict], options: argparse.Namespace) -> str:
    header = ["net", "ms per epoch", "spread", "sk_rnn is faster", "accuracy"]
    return (
        f"{options.samples} sequences of T/4 to T steps, {options.epochs} epochs, median of"
        f" {options.repeats}\n\n"
        + report.markdown(header, [row for result in results for row in lines(result)])
    )


def summary(results: list[dict]) -> str:
    """Return geometric mean and worst case over the grid, and the targets."""
    rows = []
    pairs = dict.fromkeys((r["cell"], rival) for r in results for rival in r["times_faster"])
    for cell, rival in pairs:
        chosen = [r for r in results if r["cell"] == cell and rival in r["times_faster"]]
        times = [r["times_faster"][rival] for r in chosen]
        mean, least = speed.geometric_mean(times), min(times)
        mean_target, least_target = TARGETS.get((cell, rival), (None, None))
        accuracy = [fmean(r["accuracy"][name] for r in chosen) for name in (OURS, rival)]
        rows.append(
            [
                f"{cell}: {rival}",
                f"{mean:.1f}x",
                speed.verdict(mean, mean_target),
                f"{least:.1f}x",
                speed.verdict(least, least_target),
                *(f"{score:.3f}" for score in accuracy),
            ]
        )
    header = ["sk_rnn is faster than", "geometric mean", "target", "least", "target"]
    return report.markdown([*header, "accuracy sk_rnn", "rival's"], rows)
