"""Choose default parameters: recipes are compared on the training parts of many sets.

Choices are made by cross-validation in the training parts, never on test parts: what is selected on
the test parts of a few sets does not generalise. `--test` reads the test parts, once, at the end.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time
from collections import defaultdict
from pathlib import Path

import joblib
import numpy as np
import report
import study_sets
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from sk_rnn import RNNClassifier

# Larger training parts are cut to this number of sequences, unless `--max-rows` is given: users'
# sets are small, and the study should take hours, not days.
MAX_ROWS = 240
N_FOLDS = 3
N_BINS = 10  # of the expected calibration error
MAX_COLUMNS = 4  # recipes in the table of sets

# The first is the reference. All but the two defaults are without calibration, which changes no
# label. Recipes are those of their time: the addition to variances was chosen last.
_UNCALIBRATED = {"calibrate": False}
_TORCH_NORM = {"module__norm_eps": 1e-5}
_PREVIOUS = {**_TORCH_NORM, "module__forget_bias": 0.0, "patch_size": 1}
_LONG_MEMORY = {**_TORCH_NORM, **_UNCALIBRATED}
_DIFFERENCES = {**_UNCALIBRATED, **_PREVIOUS}
_BEFORE = {**_DIFFERENCES, "differences": False}
RECIPES: dict[str, dict] = {
    "before": _BEFORE,
    "previous default": _PREVIOUS,
    "default": {},
    "differences": _DIFFERENCES,
    "time warping": {**_BEFORE, "time_warping": 0.12},
    "differences, warping": {**_DIFFERENCES, "time_warping": 0.12},
    "LSTM": {**_DIFFERENCES, "cell": "lstm", "module__forget_bias": 1.0},
    "hidden size 96": {**_DIFFERENCES, "hidden_size": 96},
    "dropout 0.4": {**_DIFFERENCES, "dropout": 0.4},
    "label smoothing": {**_DIFFERENCES, "label_smoothing": 0.1},
    "layer norm": {**_DIFFERENCES, "head_norm": "layer"},
    "one direction": {**_DIFFERENCES, "bidirectional": False},
    "early stopping, accuracy": {**_DIFFERENCES, "early_stopping": True},
    "early stopping, loss": {**_DIFFERENCES, "early_stopping": True, "scoring": "loss"},
    "update bias 1": {**_DIFFERENCES, "module__forget_bias": 1.0},
    "update biases -2 to 4": {**_LONG_MEMORY, "patch_size": 1},
    "the same, patches of 2": {**_LONG_MEMORY, "patch_size": 2},
    "the same, convolution": {
        **_LONG_MEMORY, "patch_size": 1, "conv_channels": 64, "conv_stride": 4,
    },
    "long memory": _LONG_MEMORY,
    "weight decay 0.1": {**_LONG_MEMORY, "weight_decay": 0.1},
    "weight decay 0.3": {**_LONG_MEMORY, "weight_decay": 0.3},
    "weight decay 1": {**_LONG_MEMORY, "weight_decay": 1.0},
    "second beta 0.99": {**_LONG_MEMORY, "optimizer__betas": (0.9, 0.99)},
    "recurrent dropout 0.2": {**_LONG_MEMORY, "recurrent_dropout": 0.2},
    "batches of 16": {**_LONG_MEMORY, "batch_size": 16},
    "variances + 0.001": {**_UNCALIBRATED, "module__norm_eps": 1e-3},
    "variances + 0.01": _UNCALIBRATED,
    "variances + 0.1": {**_UNCALIBRATED, "module__norm_eps": 0.1},
    "variances + 0.01, zero biases": {**_UNCALIBRATED, "module__forget_bias": 0.0},
    "variances + 0.01, no differences": {**_UNCALIBRATED, "differences": False},
    "variances + 0.01, differences": {**_UNCALIBRATED, "differences": True},
}  # fmt: skip


def splits(labelled: study_sets.Labelled, repeat: int, max_rows: int = MAX_ROWS):
    """Yield training and held-out rows; groups are kept together."""
    rng = np.random.RandomState(repeat)
    y, groups = labelled.y, labelled.groups
    rows = np.arange(len(y))
    if len(rows) > max_rows:
        rows = np.sort(np.random.RandomState(0).choice(len(rows), max_rows, replace=False))
        # A class needs a row in each fold.
        counts = {label: np.sum(y[rows] == label) for label in np.unique(y[rows])}
        rows = rows[[counts[label] >= N_FOLDS for label in y[rows]]]
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    splitter = kind(N_FOLDS, shuffle=True, random_state=rng)
    for train, held_out in splitter.split(rows, y[rows], None if groups is None else groups[rows]):
        yield rows[train], rows[held_out]


def take(X, rows):
    """Return some of the sequences."""
    return X[rows] if isinstance(X, np.ndarray) else [X[i] for i in rows]


def scores(log_proba: np.ndarray, y: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Accuracy, balanced accuracy, log loss and calibration of predicted log probabilities."""
    position = np.searchsorted(classes, y)
    log_proba = log_proba.astype(np.float64)
    chosen = log_proba.argmax(axis=1)
    right = chosen == position
    return {
        "accuracy": float(right.mean()),
        "balanced": float(balanced_accuracy_score(position, chosen)),
        "log_loss": log_loss(log_proba, position),
        "tempered": tempered_loss(log_proba, position),
        "ece": calibration_error(np.exp(log_proba.max(axis=1)), right),
    }


def log_loss(log_proba: np.ndarray, position: np.ndarray) -> float:
    """Return the mean negative log likelihood of the true classes."""
    return float(-log_proba[np.arange(len(position)), position].mean())


def tempered_loss(log_proba: np.ndarray, position: np.ndarray) -> float:
    """Return the log loss after temperature scaling (Guo et al., 2017).

    The temperature of every other row is learned on the others, so that each is held out. Targets
    are smoothed as in Platt (1999), so that a few correct predictions do not imply certainty.
    """
    total = 0.0
    for part in (0, 1):
        fitted, applied = slice(part, None, 2), slice(1 - part, None, 2)
        known, truth = log_proba[fitted], position[fitted]
        smoothing = 1.0 / (len(truth) + 2)

        def loss(log_temperature: float, known=known, truth=truth, smoothing=smoothing) -> float:
            scaled = log_softmax(known / np.exp(log_temperature), axis=1)
            return (1.0 - smoothing) * log_loss(scaled, truth) - smoothing * scaled.mean()

        temperature = np.exp(minimize_scalar(loss, bounds=(-2, 6), method="bounded").x)
        scaled = log_softmax(log_proba[applied] / temperature, axis=1)
        total += log_loss(scaled, position[applied]) * len(scaled)
    return total / len(position)


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the expected calibration error over equally wide bins of confidence."""
    bins = np.minimum((confidence * N_BINS).astype(int), N_BINS - 1)
    gaps = [abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in np.unique(bins)]
    return float(np.sum(gaps) / len(right))


def make(recipe: str, seed: int):
    """Return the estimator of a recipe."""
    return RNNClassifier(random_state=seed, **RECIPES[recipe])


def fit_and_score(recipe, X_train, y_train, X_test, y_test, seed) -> dict[str, float]:
    """Fit a recipe and score it."""
    estimator = make(recipe, seed)
    start = time.perf_counter()
    estimator.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    found = scores(estimator.predict_log_proba(X_test), y_test, estimator.classes_)
    counts = np.array([np.sum(y_train == label) for label in estimator.classes_])
    base = -np.log(counts / counts.sum())[np.searchsorted(estimator.classes_, y_test)].mean()
    return found | {"base": float(base), "seconds": seconds}


def run(task, options) -> tuple[tuple, list[dict]]:
    """One recipe on one set: a list of scores, one for each fold or seed."""
    recipe, name, repeat = task
    torch.set_num_threads(1)
    if options.test:
        dataset = study_sets.public(name, options.folders)
        parts = [(dataset.X_train, dataset.y_train, dataset.X_test, dataset.y_test)]
        return task, [fit_and_score(recipe, *parts[0], seed=repeat)]
    labelled = study_sets.training_part(name, options.folders)
    found = []
    for fold, (train, held_out) in enumerate(splits(labelled, repeat, options.max_rows)):
        parts = (
            take(labelled.X, train),
            labelled.y[train],
            take(labelled.X, held_out),
            labelled.y[held_out],
        )
        found.append(fit_and_score(recipe, *parts, seed=10 * repeat + fold))
    return task, found


Means = dict[tuple[str, str], dict[str, float]]


def means_of(results: dict[tuple, list[dict]]) -> Means:
    """Mean of each score by recipe and set, over folds, repeats and seeds."""
    found = defaultdict(list)
    for (recipe, name, _), folds in results.items():
        found[recipe, name] += folds
    return {
        task: {key: float(np.mean([fold[key] for fold in folds])) for key in folds[0]}
        for task, folds in found.items()
    }


def compare(means: Means, sets: list[str], recipes: list[str]) -> list[list[str]]:
    """Rows of the table of recipes, each compared with the first on the sets of both."""
    rows = []
    for recipe in recipes:
        done = [n for n in sets if (recipe, n) in means and (recipes[0], n) in means]
        if not done:
            continue
        own = [means[recipe, name] for name in done]
        base = [means[recipes[0], name] for name in done]
        gains = np.array([a["accuracy"] - b["accuracy"] for a, b in zip(own, base, strict=True)])
        kinds = np.array([study_sets.KIND[name] for name in done])
        by_kind = {kind: gains[kinds == kind].mean() for kind in dict.fromkeys(kinds)}
        worst = min(by_kind, key=by_kind.__getitem__)

        def mean(key: str, found=own) -> float:
            return float(np.mean([scored[key] for scored in found]))

        rows.append(
            [
                recipe,
                str(len(done)),
                f"{mean('accuracy'):.3f}",
                f"{gains.mean():+.3f} ± {gains.std() / len(gains) ** 0.5:.3f}",
                f"{np.mean(np.where(gains > 0, 1.0, np.where(gains < 0, 2.0, 1.5))):.2f}",
                f"{worst} {by_kind[worst]:+.3f}",
                f"{done[gains.argmin()]} {gains.min():+.3f}",
                f"{mean('log_loss'):.3f}",
                f"{mean('tempered'):.3f}",
                f"{mean('ece'):.3f}",
                f"{mean('seconds') / mean('seconds', base):.2f}",
            ]
        )
    return rows


HEADER = [
    "recipe",
    "sets",
    "accuracy",
    "gain ± s.e.",
    "mean rank",
    "worst kind",
    "worst set",
    "log loss",
    "tempered",
    "ECE",
    "time",
]


def by_set(means: Means, sets: list[str], recipes: list[str]) -> list[list[str]]:
    """Rows of the table of sets: accuracy and log loss of each recipe."""
    rows = []
    for name in sets:
        found = [means.get((recipe, name)) for recipe in recipes]
        if all(found):
            rows.append(
                [
                    name,
                    *(f"{scored['accuracy']:.3f}" for scored in found),
                    f"{found[0]['base']:.3f}",
                    *(f"{scored['log_loss']:.3f}" for scored in found),
                ]
            )
    return rows


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="one folder per public set")
    parser.add_argument("--bundled", type=Path, help="folder with ArrowHead, OSULeaf and ACSF1")
    parser.add_argument("--recipes", nargs="+", choices=["all", *RECIPES], default=["all"])
    parser.add_argument("--sets", nargs="+", choices=list(study_sets.KIND))
    parser.add_argument("--repeats", nargs="+", type=int, default=[0])
    parser.add_argument("--max-rows", type=int, default=MAX_ROWS, help="of a training part")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--test", action="store_true", help="read the test parts, with seeds")
    parser.add_argument("--cache", type=Path, help="file of results to continue from")
    parser.add_argument("--show", action="store_true", help="only print what the cache holds")
    options = parser.parse_args()
    if "all" in options.recipes:
        options.recipes = list(RECIPES)
    options.folders = [folder for folder in (options.data, options.bundled) if folder]
    if options.sets is None:
        options.sets = [
            name
            for name in study_sets.KIND
            if not (options.test and name in study_sets.GENERATED)
            and (options.bundled or name not in study_sets.BUNDLED)
        ]
    return options


def main() -> None:
    options = parse_arguments()
    started = datetime.datetime.now()
    results: dict[tuple, list[dict]] = {}
    if options.cache and options.cache.exists():
        for line in options.cache.read_text().splitlines():
            task, found = json.loads(line)
            results[tuple(task)] = found
    tasks = [
        (recipe, name, repeat)
        for recipe in options.recipes
        for repeat in options.repeats
        for name in options.sets
    ]
    missing = [] if options.show else [task for task in tasks if task not in results]
    parallel = joblib.Parallel(options.jobs, return_as="generator_unordered", batch_size=1)
    for task, found in parallel(joblib.delayed(run)(task, options) for task in missing):
        results[task] = found
        print(
            *task,
            " ".join(f"{k} {np.mean([f[k] for f in found]):.3f}" for k in found[0]),
            flush=True,
        )
        if options.cache:
            with options.cache.open("a") as file:
                file.write(json.dumps([task, found]) + "\n")
    means = means_of({task: results[task] for task in tasks if task in results})
    rows = compare(means, options.sets, options.recipes)
    print("\n" + report.table(HEADER, rows))
    header = ["set", *(f"acc. {recipe}" for recipe in options.recipes), "base rate"]
    header += [f"loss {recipe}" for recipe in options.recipes]
    sets = by_set(means, options.sets, options.recipes)
    if len(options.recipes) <= MAX_COLUMNS and sets:
        print("\n" + report.table(header, sets))
    content = {"options": vars(options) | {"folders": None}, "recipes": rows, "sets": sets}
    content = json.loads(json.dumps(content, default=str))
    print(f"\n{report.write('study', content, started)}")


if __name__ == "__main__":
    main()
