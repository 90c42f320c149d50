"""Training time on ragged data, beside skorch and a bare torch loop.

Same data, architecture, optimizer, epochs and threads; fits take turns, and the accuracy on unseen
sequences stands beside the time.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from statistics import median

import contenders
import processes
import report
import speed
import torch

# Times faster on average (geometric mean over the grid), and in the worst case.
TARGETS = {
    ("rnn_tanh", "packed"): (10.0, 4.0),
    ("gru", "packed"): (10.0, 4.0),
    ("lstm", "packed"): (5.0, None),
    ("rnn_tanh", "padded"): (3.0, None),
    ("gru", "padded"): (3.0, None),
    ("lstm", "padded"): (1.3, None),
}


def measure(cell: str, longest: int, hidden_size: int, options: argparse.Namespace) -> dict:
    """One point of the grid: seconds an epoch and accuracy of every contender."""
    setting = speed.setting_from(options, cell, hidden_size, options.epochs)
    rivals = {"sk_rnn": contenders.Ours} | {
        name: contenders.RIVALS[name] for name in options.rivals
    }
    models = {name: make(setting) for name, make in rivals.items()}
    task = speed.ragged_task(options.samples, longest)
    held = {name: model.hold(task.X_train) for name, model in models.items()}
    warm = speed.ragged_task(setting.batch_size, longest)
    for model in models.values():  # compilation and first-call set-up are in nobody's time
        model.fit(model.hold(warm.X_train), warm.y_train)

    fits = {name: lambda n=name: models[n].fit(held[n], task.y_train) for name in models}
    seconds = speed.interleaved(fits, options.repeats)
    per_epoch = {name: [s / options.epochs for s in found] for name, found in seconds.items()}
    return {
        "cell": cell,
        "longest": longest,
        "hidden_size": hidden_size,
        "seconds_per_epoch": per_epoch,
        "times_faster": {n: speed.ratio(per_epoch[n], per_epoch["sk_rnn"]) for n in options.rivals},
        "accuracy": {
            name: model.accuracy(model.hold(task.X_test), task.y_test)
            for name, model in models.items()
        },
    }


def line(result: dict) -> list[str]:
    """One line of the table."""
    milliseconds = {n: f"{1e3 * median(s):.1f}" for n, s in result["seconds_per_epoch"].items()}
    accuracy = {name: f"{score:.3f}" for name, score in result["accuracy"].items()}
    cells = [result["cell"], str(result["longest"]), str(result["hidden_size"])]
    cells += [milliseconds["sk_rnn"], accuracy["sk_rnn"]]
    for name, times in result["times_faster"].items():
        cells += [milliseconds[name], accuracy[name], f"{times:.1f}x"]
    return cells


def summary(results: list[dict], options: argparse.Namespace) -> list[list[str]]:
    """Geometric mean and worst case over the grid, beside the targets."""
    rows = []
    for cell in dict.fromkeys(result["cell"] for result in results):
        for rival in options.rivals:
            chosen = [r for r in results if r["cell"] == cell]
            times = [r["times_faster"][rival] for r in chosen]
            mean, least = speed.geometric_mean(times), min(times)
            mean_target, least_target = TARGETS.get((cell, rival), (None, None))
            difference = max(r["accuracy"][rival] - r["accuracy"]["sk_rnn"] for r in chosen)
            rows.append(
                [
                    f"{cell}, {rival}",
                    f"{mean:.1f}x",
                    speed.verdict(mean, mean_target),
                    f"{least:.1f}x",
                    speed.verdict(least, least_target),
                    f"{difference:+.3f}",
                ]
            )
    return rows


def first_fits(request: dict) -> dict:
    """Seconds of the first fit of each cell in this process, less those of the second."""
    torch.set_num_threads(request["threads"])
    task = speed.ragged_task(speed.BATCH_SIZE, 50)
    extra = {}
    for cell in request["cells"]:
        model = contenders.Ours(
            speed.Setting(cell, 32, 1, request["threads"], backend=request["backend"])
        )
        first = model.fit(task.X_train, task.y_train)
        extra[cell] = first - model.fit(task.X_train, task.y_train)
    return extra


def compile_rows(options: argparse.Namespace) -> list[list[str]]:
    """What the first fit costs more, in a process without and in one with compiled code on disk."""
    request = {key: getattr(options, key) for key in ("cells", "backend", "threads")}
    with tempfile.TemporaryDirectory() as cache:
        found = []
        for state in ("nothing compiled", "compiled before"):
            start = time.perf_counter()
            child = processes.run_child(__file__, request, options.threads, NUMBA_CACHE_DIR=cache)
            whole = time.perf_counter() - start
            seconds = [f"{child[cell]:.2f}" for cell in options.cells]
            found.append([state, *seconds, f"{whole:.1f}"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=speed.CELLS, default=list(speed.CELLS))
    parser.add_argument("--lengths", nargs="+", type=int, default=[50, 100, 500])
    parser.add_argument("--hidden", nargs="+", type=int, default=[32, 64, 128])
    parser.add_argument("--samples", type=int, default=320, help="training sequences")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument(
        "--rivals",
        nargs="+",
        choices=list(contenders.RIVALS),
        default=["packed", "padded", "bare"],
    )
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    speed.add_options(parser, repeats=3)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(first_fits(options.child)))
        return

    started, environment = speed.begin(options)
    compiled = compile_rows(options)
    results = []
    for cell in options.cells:
        for longest in options.lengths:
            for hidden_size in options.hidden:
                results.append(measure(cell, longest, hidden_size, options))
                print("  ".join(line(results[-1])), flush=True)
                content = {
                    "environment": environment,
                    "options": vars(options),
                    "compile": compiled,
                    "results": results,
                    "summary": summary(results, options),
                }
                path = report.write("fit", content, started)

    header = ["cell", "T", "hidden", "sk_rnn ms", "acc."]
    for rival in options.rivals:
        header += [f"{rival} ms", "acc.", "faster"]
    print(
        f"\nMilliseconds an epoch of {options.samples} sequences with T/4 to T steps, median of"
        f" {options.repeats}\n\n" + report.markdown(header, [line(result) for result in results])
    )
    header = ["times faster than", "geometric mean", "target", "least", "target", "most acc. lost"]
    print("\n" + report.markdown(header, summary(results, options)))
    print("\nSeconds that the first fit takes longer than the second\n")
    print(report.markdown(["process", *options.cells, "whole process"], compiled))
    print(f"\n{path}")


if __name__ == "__main__":
    main()
