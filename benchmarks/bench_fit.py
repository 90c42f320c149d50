"""Training time on ragged data, compared with skorch and a bare torch loop.

Same data, architecture, optimizer, epochs and threads; fits are interleaved, and the accuracy on
unseen sequences is reported with the time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

import contenders
import grid
import processes
import report
import speed
import torch

import sk_rnn


def first_fits(request: dict) -> dict:
    """Return additional seconds of each cell's first fit in this process over the second."""
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
    """Additional cost of the first fit, without and with compiled code on disk."""
    request = {key: getattr(options, key) for key in ("cells", "backend", "threads")}
    with tempfile.TemporaryDirectory() as folder:
        # A copy of the package, because kernels are also cached in the directory of the source.
        package = Path(sk_rnn.__file__).parent
        leave_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package, Path(folder) / package.name, ignore=leave_out)
        found = []
        for state in ("nothing compiled", "compiled before"):
            start = time.perf_counter()
            child = processes.run_child(
                __file__, request, options.threads, PYTHONPATH=folder, NUMBA_CACHE_DIR=folder
            )
            total = time.perf_counter() - start
            seconds = [f"{child[cell]:.2f}" for cell in options.cells]
            found.append([state, *seconds, f"{total:.1f}"])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    grid.add_options(parser)
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
    for longest, setting in grid.points(options):
        makers = [contenders.Ours, *(contenders.RIVALS[rival] for rival in options.rivals)]
        models = {make.name: make(setting) for make in makers}
        results.append(grid.measure(models, longest, setting, options))
        print(*("  ".join(row) for row in grid.lines(results[-1])), sep="\n", flush=True)
        content = {
            "environment": environment,
            "options": vars(options),
            "first fits": compiled,
            "results": results,
        }
        path = report.write("fit", content, started)  # after every point, in case of a crash

    print("\n" + grid.table(results, options))
    print("\n" + grid.summary(results))
    print(
        "\nAdditional seconds of the first fit, compared with the second (imports,"
        " compilation)\n\n"
        + report.markdown(["process", *options.cells, "whole process"], compiled)
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
