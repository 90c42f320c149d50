"""Accuracy of the default estimators on real data.

Compared with a typical skorch net and simple baselines, on every set with an official split.
`benchmarks/README.md` explains the table.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable

import data
import joblib
import numpy as np
import report
import rivals
import torch

from sk_rnn import RNNClassifier, RNNRegressor

# Mean test score in the experiment from which the defaults were taken (three seeds, one core). Text
# scores are the middle of a range. Sets that are missing here were not measured.
REFERENCE = {
    "ucr_ItalyPowerDemand": 0.970,
    "ucr_GunPoint": 0.978,
    "ucr_SyntheticControl": 0.988,
    "ucr_FaceAll": 0.911,
    "ucr_SwedishLeaf": 0.935,
    "ucr_PhalangesOutlinesCorrect": 0.782,
    "ucr_GestureMidAirD1": 0.672,
    "ucr_PickupGestureWiimoteZ": 0.873,
    "uea_JapaneseVowels": 0.987,
    "uea_BasicMotions": 1.000,
    "uea_ERing": 0.928,
    "reg_CMAPSS_FD001": 14.0,
    "txt_TREC": 0.905,
    "txt_IMDB5k": 0.830,
    "txt_names": 0.825,
}
REFERENCE_MEAN = 0.911

HEADER = [
    "set",
    "train",
    "metric",
    "sk_rnn",
    "fit s",
    "recipe",
    "diff",
    "typical",
    "fit s",
    "baseline",
    "best baseline",
]

# One unit of work: (set, contender, seed). A result: (task, outcome), where the outcome is a list
# of {"name", "score", "seconds"}, or the text of an error.
Task = tuple[str, str, int]


def fit_default(dataset: data.Dataset, seed: int, params: dict) -> tuple[float, float]:
    """Score on the test part and seconds of fit of the default estimator."""
    estimator = (RNNRegressor if dataset.task == "regression" else RNNClassifier)(random_state=seed)
    if dataset.n_tokens is not None:
        estimator.set_params(embedding_dim=64)
    if dataset.task == "tagging":
        estimator.set_params(return_sequences=True)
    estimator.set_params(**params)
    start = time.perf_counter()
    estimator.fit(dataset.X_train, dataset.y_train)
    seconds = time.perf_counter() - start
    return dataset.score(estimator.predict(dataset.X_test)), seconds


def warm_up(contender: str) -> None:
    """Fit ten short series, so that imports and first-call set-up are not timed."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 5)).astype(np.float32), np.array(["a", "b"] * 5)
    tiny = data.Dataset("warm-up", "classification", X, y, X, y)
    if contender == "sk_rnn":
        fit_default(tiny, 0, {"max_epochs": 1})
    elif contender == "typical":
        rivals.typical(tiny, 0, max_epochs=1)


def run(task: Task, options: argparse.Namespace) -> tuple[Task, list[dict] | str]:
    """Load the set, fit the contender, score it. Runs in a worker process when jobs > 1."""
    name, contender, seed = task
    torch.set_num_threads(options.threads)
    try:
        dataset = data.load(name, options.data, fold=options.fold)
        warm_up(contender)
        if contender == "baselines":
            scores = rivals.baselines(dataset)
        elif contender == "typical":
            scores = {"typical": rivals.typical(dataset, seed)}
        else:
            scores = {"sk_rnn": fit_default(dataset, seed, options.params)}
    except Exception:  # a failure must not discard the results of the other sets
        return task, traceback.format_exc()
    return task, [{"name": k, "score": s, "seconds": t} for k, (s, t) in scores.items()]


def run_all(tasks: list[Task], options: argparse.Namespace) -> Iterable:
    """Yield results as they are completed, in this process or in several."""
    if options.jobs == 1:
        return (run(task, options) for task in tasks)
    parallel = joblib.Parallel(options.jobs, return_as="generator_unordered", batch_size=1)
    return parallel(joblib.delayed(run)(task, options) for task in tasks)


def summarise(name: str, outcomes: dict[str, list], dataset: data.Dataset) -> dict:
    """All entries of the table and the JSON for one set."""
    summary: dict = {
        "set": name,
        "metric": dataset.metric,
        "n_train": len(dataset.y_train),
        "n_test": len(dataset.y_test),
        "reference": REFERENCE.get(name),
    }
    for contender, results in outcomes.items():
        failures = [result for result in results if isinstance(result, str)]
        if failures:
            summary[contender] = {"error": failures[0]}
            continue
        rows = [row for result in results for row in result]
        if contender == "baselines":
            better = min if dataset.task == "regression" else max
            best = better(rows, key=lambda row: row["score"])
            summary[contender] = {"all": rows, "best": best["name"], "mean": best["score"]}
        else:
            scores, seconds = [r["score"] for r in rows], [r["seconds"] for r in rows]
            summary[contender] = {
                "scores": scores,
                "mean": float(np.mean(scores)),
                # A single seed has no spread; for several, this is the sample standard deviation.
                "spread": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
                "fit_seconds": float(np.mean(seconds)),
            }
    return summary


def mean_row(summaries: list[dict]) -> dict | None:
    """Average the eleven classification sets, if all of them are available."""
    chosen = [s for s in summaries if s["set"] in data.CLASSIFICATION]
    if len(chosen) < len(data.CLASSIFICATION):
        return None
    row: dict = {
        "set": "mean of the eleven",
        "metric": "accuracy",
        "n_train": "-",
        "reference": REFERENCE_MEAN,
    }
    for contender in ("sk_rnn", "typical", "baselines"):
        parts = [s.get(contender, {}) for s in chosen]
        if any("mean" not in part for part in parts):
            continue  # skipped or failed for some set, so the mean would not be comparable
        row[contender] = {"mean": float(np.mean([part["mean"] for part in parts]))}
        if contender == "baselines":
            row[contender]["best"] = "best of each set"
            continue
        # Spread of the mean: seed k of every set together make one run of the whole suite.
        runs = np.mean([part["scores"] for part in parts], axis=0)
        row[contender] |= {
            "scores": runs.tolist(),
            "spread": float(np.std(runs, ddof=1)) if len(runs) > 1 else None,
            "fit_seconds": float(np.sum([part["fit_seconds"] for part in parts])),
        }
    return row


def cells(summary: dict) -> list[str]:
    """One line of the table."""
    digits = 3 if summary["metric"] != "RMSE" else (4 if summary["set"].startswith("tser") else 2)

    def score(contender):
        part = summary.get(contender)
        if part is None:
            return "-"
        if "error" in part:
            return "failed"
        text = f"{part['mean']:.{digits}f}"
        if part.get("spread") is not None:
            text += f" ± {part['spread']:.{digits}f}"
        return text

    def seconds(contender):
        part = summary.get(contender, {})
        return f"{part['fit_seconds']:.1f}" if "fit_seconds" in part else "-"

    reference, ours = summary["reference"], summary.get("sk_rnn", {}).get("mean")
    return [
        summary["set"],
        str(summary["n_train"]),
        summary["metric"],
        score("sk_rnn"),
        seconds("sk_rnn"),
        "-" if reference is None else f"{reference:.{digits}f}",
        "-" if reference is None or ours is None else f"{ours - reference:+.{digits}f}",
        score("typical"),
        seconds("typical"),
        score("baselines"),
        summary.get("baselines", {}).get("best", "-"),
    ]


def progress(task: Task, outcome: list[dict] | str, done: int, n_tasks: int) -> None:
    name, contender, seed = task
    if isinstance(outcome, str):
        print(outcome, flush=True)
        what = "failed"
    else:
        what = ", ".join(
            f"{row['name']} {row['score']:.4f} in {row['seconds']:.1f} s" for row in outcome
        )
    seed_text = "" if contender == "baselines" else f" seed {seed}"
    print(f"[{done}/{n_tasks}] {name}{seed_text}: {what}", flush=True)


def parameter(text: str) -> tuple[str, object]:
    """``key=value``; the value is a Python literal, or a string when it is not one."""
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not key=value")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="directory with one folder per data set")
    parser.add_argument("--suite", choices=list(data.SUITES), default="all")
    parser.add_argument("--sets", nargs="+", choices=data.SUITES["all"], help="instead of a suite")
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help="number of fits per data set, with random_state=0, 1, ...",
    )
    parser.add_argument("--fold", type=int, default=0, help="test fold (0 to 4) of txt_names")
    parser.add_argument("--skip-typical", action="store_true", help="leave out the skorch LSTM")
    parser.add_argument("--skip-baselines", action="store_true")
    parser.add_argument("--jobs", type=int, default=1, help="number of processes")
    parser.add_argument("--threads", type=int, default=1, help="torch threads in each process")
    parser.add_argument(
        "--params",
        nargs="+",
        type=parameter,
        default=[],
        metavar="KEY=VALUE",
        help="parameters of the estimators; by default, the defaults are measured",
    )
    options = parser.parse_args()
    options.params = dict(options.params)
    options.sets = list(dict.fromkeys(options.sets or data.SUITES[options.suite]))
    return options


def main() -> None:
    options = parse_arguments()
    started = datetime.datetime.now()
    environment = report.environment(options.threads) | {"jobs": options.jobs}
    print(report.describe(environment), flush=True)
    if options.params:
        print(f"not the defaults: {options.params}", flush=True)

    seeded = ["sk_rnn"] if options.skip_typical else ["sk_rnn", "typical"]
    tasks: list[Task] = []
    for name in options.sets:
        tasks += [] if options.skip_baselines else [(name, "baselines", 0)]
        tasks += [(name, contender, seed) for contender in seeded for seed in range(options.seeds)]
    n_tasks_of = {name: sum(task[0] == name for task in tasks) for name in options.sets}

    results: dict[str, dict[Task, list | str]] = defaultdict(dict)
    summaries: dict[str, dict] = {}
    for done, (task, outcome) in enumerate(run_all(tasks, options), start=1):
        progress(task, outcome, done, len(tasks))
        name = task[0]
        results[name][task] = outcome
        if len(results[name]) < n_tasks_of[name]:
            continue
        outcomes: dict[str, list] = defaultdict(list)
        for finished in sorted(results[name]):  # by seed
            outcomes[finished[1]].append(results[name][finished])
        dataset = data.load(name, options.data, fold=options.fold)
        summaries[name] = summarise(name, outcomes, dataset)
        content = {
            "environment": environment,
            "parameters": options.params,
            "seeds": options.seeds,
            "typical_epochs": {n: rivals.EPOCHS_OF.get(n, rivals.EPOCHS) for n in options.sets},
            "sets": list(summaries.values()),
            "mean": mean_row(list(summaries.values())),
        }
        path = report.write("accuracy", content, started)  # after every set, in case of a crash

    ordered = [summaries[name] for name in options.sets]
    mean = mean_row(ordered)
    rows = [cells(summary) for summary in ordered + ([mean] if mean else [])]
    print("\n" + report.table(HEADER, rows))
    print(
        f"\nMean ± standard deviation over {options.seeds} seed(s). Seconds of one fit (eleven,"
        f" in the\nmean's row); torch threads: {options.threads}, jobs: {options.jobs}. RMSE: lower"
        " is better.\nThe best baseline is chosen on the test part, which is slightly optimistic."
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
