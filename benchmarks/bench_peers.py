"""Comparison with alternatives: skorch, a torch loop, Keras and sktime.

Keras and sktime run in a separate environment, in worker processes that take turns with the others.
Same data, architecture, optimizer, epochs, batches and threads. Keras masks the padding; sktime's
classifiers do not support masks, so their sequences are padded at the start, and they do not
shuffle; they have no plain LSTM.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median

import contenders
import grid
import peers
import report
import speed

ROW_TARGET = 20.0  # times faster than Keras on one row
ROWS_TARGET = 3.0  # times faster than skorch on many
HERE = {make.name: make for make in (contenders.Ours, *contenders.RIVALS.values())}
THERE = ("keras", "sktime")
CALLS = 5  # one-row predictions per measurement


def chosen_for(setting: speed.Setting, options: argparse.Namespace) -> dict:
    """Construct the contenders that support this setting."""
    names = [grid.OURS, *options.rivals]
    if setting.cell == "lstm" and "sktime" in names:
        names.remove("sktime")
    return {
        name: HERE[name](setting) if name in HERE else peers.Peer(name, setting, options.python)
        for name in names
    }


def predictions(models: dict, longest: int, options: argparse.Namespace) -> dict:
    """Return seconds of predicting many rows, and a single one."""
    X, _ = speed.ragged(max(options.rows, speed.BATCH_SIZE), longest, seed=2)
    turns = {"many": (X, 1), "one": (X[:1], CALLS)}
    if not options.rows:
        del turns["many"]
    found = {}
    for what, (rows, calls) in turns.items():
        for model in models.values():  # warm-up
            model.predict(model.prepare(rows[: speed.BATCH_SIZE]))
        prepared = {name: model.prepare(rows) for name, model in models.items()}
        measures = {
            name: lambda n=name, h=prepared, c=calls: median(models[n].latencies(h[n], c))
            for name in models
        }
        found[what] = speed.interleaved(measures, options.repeats)
    return found


def prediction_lines(result: dict) -> list[list[str]]:
    """Return one line per contender."""
    point = f"{result['cell']}, T={result['longest']}, hidden {result['hidden_size']}"
    targets = {("many", name): ROWS_TARGET for name in ("skorch packed", "skorch padded")}
    targets["one", "keras"] = ROW_TARGET
    rows = []
    for name in result["accuracy"]:
        cells = [f"{point}: {name}"]
        for what, found in result["predictions"].items():
            times = speed.ratio(found[name], found[grid.OURS])
            cells += [
                f"{1e3 * median(found[name]):.2f}",
                "-" if name == grid.OURS else f"{times:.1f}x",
                speed.verdict(times, targets.get((what, name))),
            ]
        rows.append(cells)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    grid.add_options(parser)
    parser.add_argument("--rivals", nargs="+", choices=[*HERE, *THERE])
    parser.add_argument("--rows", type=int, default=10_000, help="of a large prediction; 0: none")
    parser.add_argument("--python", type=Path, default=peers.PYTHON, help="of the peers")
    speed.add_options(parser, repeats=3)
    options = parser.parse_args()
    if options.rivals is None:
        options.rivals = ["skorch packed", "skorch padded", "torch loop padded", *THERE]
        if options.device != "cpu":  # the peers' environment computes on the CPU
            options.rivals = [name for name in HERE if name != grid.OURS]

    started, environment = speed.begin(options)
    results = []
    for longest, setting in grid.points(options):
        models = chosen_for(setting, options)
        try:
            result = grid.measure(models, longest, setting, options)
            result["predictions"] = predictions(models, longest, options)
        finally:
            for model in models.values():
                model.close()
        for model in models.values():
            environment |= getattr(model, "versions", {})
        results.append(result)
        print(*("  ".join(row) for row in grid.lines(result)), sep="\n", flush=True)
        content = {"environment": environment, "options": vars(options), "results": results}
        path = report.write("peers", content, started)  # after every point, in case of a crash

    print(f"\n{report.describe(environment)}\n\n{grid.table(results, options)}")
    print(f"\n{grid.summary(results)}")
    header = ["net"]
    for what in results[0]["predictions"]:
        rows_text = "one row" if what == "one" else f"{options.rows} rows"
        header += [f"{rows_text} ms", "sk_rnn is faster", "target"]
    rows = [row for result in results for row in prediction_lines(result)]
    print(f"\nPrediction, median of {options.repeats}\n\n{report.markdown(header, rows)}")
    print(f"\n{path}")


if __name__ == "__main__":
    main()
