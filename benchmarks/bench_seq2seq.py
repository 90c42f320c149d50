"""Quality and time of Seq2SeqTransformer, with default parameters except for the number of epochs.

Strings to strings on public data (dates, pronunciations, inflections, transliterations,
translations) and on generated data (copy, reverse, sort, addition); vectors to words; the next 24
steps of a noisy sine. ``--tasks`` selects tasks, ``--scale`` and ``--epochs`` shorten them.
"""

from __future__ import annotations

import argparse
import datetime
import time
from pathlib import Path

import numpy as np
import report
import torch
from seq2seq_tasks import DATA_TASKS, TASKS

from sk_rnn import Seq2SeqTransformer

HEADER = [
    "task", "train", "test", "epochs", "fit s", "predict s", "measure", "reached", "target",
    "baseline",
]  # fmt: skip
SENTENCES = ["I don't understand you.", "Where is the bathroom?", "She has a red car."]


def measure(name: str, options: argparse.Namespace) -> dict:
    """Fit once, and evaluate."""
    task = TASKS[name](options.data, options.seed, None)
    X, y = task.train
    n_train = max(50, int(len(X) * options.scale))
    X, y = X[:n_train], y[:n_train]
    params = {**task.params, "max_epochs": options.epochs or task.epochs}
    model = Seq2SeqTransformer(
        **params, beam_width=options.beam_width, random_state=options.seed, verbose=options.verbose
    )
    start = time.perf_counter()
    model.fit(X, y)
    fitted = time.perf_counter()
    predicted = model.predict(task.test[0])
    done = time.perf_counter()
    reached = task.quality(task.test[1], predicted)
    result = {
        "task": name,
        "n_train": n_train,
        "n_test": len(task.test[0]),
        "params": params,
        "fit_seconds": fitted - start,
        "predict_seconds": done - fitted,
        "measure": task.measure,
        "reached": float(reached),
        "target": float(task.target),
        "met": bool(reached <= task.target if task.lower else reached >= task.target),
        "loss_curve": model.loss_curve_,
        "backend": model.net_.backend,
        "baseline": None if task.baseline is None else float(task.baseline(task)),
        "examples": [
            [str(x), str(t), str(p)]
            for x, t, p in zip(task.test[0][:5], task.test[1][:5], predicted[:5], strict=True)
            if not isinstance(x, np.ndarray)
        ],
    }
    for source, true, output in result["examples"]:
        print(f"  {source} -> {output}   ({true})")
    if name == "tatoeba" and options.figure:
        draw_attention(model, SENTENCES, options.figure)
        print(f"  attention of {len(SENTENCES)} sentences: {options.figure}")
    return result


def draw_attention(model: Seq2SeqTransformer, sentences: list[str], path: Path) -> None:
    """Plot the attention: one column per source token, one row per predicted token."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    alignments = model.align(sentences)
    figure, axes = plt.subplots(1, len(sentences), figsize=(5 * len(sentences), 5))
    for axis, (source, target, weights) in zip(axes, alignments, strict=True):
        axis.imshow(weights, cmap="Greys", vmin=0, vmax=1)
        axis.set_xticks(range(len(source)), source, rotation=60, ha="right")
        axis.set_yticks(range(len(target)), target)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def measure_decoding(options: argparse.Namespace) -> dict:
    """Return the seconds of greedy decoding of 1,000 short strings at hidden_size 128."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefgh"), size=n)) for n in rng.integers(5, 13, size=1000)]
    model = Seq2SeqTransformer(max_epochs=3, random_state=0).fit(words, words)
    model.predict(words)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        model.predict(words)
        seconds.append(time.perf_counter() - start)
    return {"seconds": float(np.median(seconds)), "n_sequences": len(words)}


def cells(result: dict) -> list[str]:
    """One line of the table."""
    baseline = "" if result["baseline"] is None else f"{result['baseline']:.3f}"
    return [
        result["task"],
        str(result["n_train"]),
        str(result["n_test"]),
        str(result["params"]["max_epochs"]),
        f"{result['fit_seconds']:.0f}",
        f"{result['predict_seconds']:.1f}",
        result["measure"],
        f"{result['reached']:.3f}",
        f"{result['target']:.3f}" + ("" if result["met"] else " missed"),
        baseline,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, help="folder of the data sets; by default, generated data"
    )
    parser.add_argument(
        "--tasks", nargs="+", choices=TASKS, help="by default all for which there are data"
    )
    parser.add_argument("--epochs", type=int, help="by default that of each task")
    parser.add_argument("--scale", type=float, default=1.0, help="fraction of the training data")
    parser.add_argument("--beam-width", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--verbose", type=int, default=0)
    parser.add_argument("--figure", type=Path, default=report.RESULTS / "attention.png")
    options = parser.parse_args()
    names = options.tasks or [n for n in TASKS if options.data or n not in DATA_TASKS]
    missing = [name for name in names if name in DATA_TASKS and not options.data]
    if missing:
        parser.error(f"{', '.join(missing)}: pass --data")

    torch.set_num_threads(options.threads)
    started = datetime.datetime.now()
    environment = report.environment(options.threads)
    print(report.describe(environment))
    decoding = measure_decoding(options)
    print(f"greedy decoding of 1,000 strings, hidden_size 128: {decoding['seconds']:.2f} s")
    results = []
    for name in names:
        results.append(measure(name, options))
        print(" ".join(cells(results[-1])), flush=True)
        path = report.write(
            "seq2seq",
            {"environment": environment, "decoding": decoding, "results": results},
            started,
        )
    print()
    print(report.table(HEADER, [cells(result) for result in results]))
    inflection = [r["reached"] for r in results if r["task"].startswith("inflect")]
    if inflection:
        print(f"inflection, mean of {len(inflection)} languages: {np.mean(inflection):.3f}")
    print(path)


if __name__ == "__main__":
    main()
