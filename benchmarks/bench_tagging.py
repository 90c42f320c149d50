"""Accuracy of RNNClassifier as a tagger of words, with default parameters, letters and a CRF.

python benchmarks/bench_tagging.py --data DIR --seeds 3
python benchmarks/bench_tagging.py --data DIR --models "words" "words, letters" --part dev
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import chunks
import data
import numpy as np
import report
import torch

from sk_rnn import RNNClassifier
from sk_rnn.metrics import span_f1_score

# Parameters besides the defaults. A row of the table for each model: add others here.
MODELS: dict[str, dict] = {
    "words": {"char_embedding": None},
    "words, letters": {},
    "words, letters by a convolution": {"char_embedding": "cnn"},
    "words, no unseen transitions": {"char_embedding": None, "unseen_transitions": "forbid"},
    "words, CRF": {"char_embedding": None, "crf": True},
    "words, letters, CRF": {"crf": True},
}

# Words and tags of the sentences in a file in CoNLL-U. Add other tags of the same words here.
Sentences = tuple[list[list[str]], list[list[str]]]
TASKS: dict[str, Callable[[str], Sentences]] = {
    "UPOS": data.parse_conllu,
    "chunks": chunks.parse_chunks,
}
# Tasks whose tags encode spans.
SPANS = ("chunks",)

HEADER = [
    "task",
    "model",
    "accuracy",
    "unknown words",
    "whole sentences",
    "span F1",
    "fit cpu s",
    "tag cpu s",
]


def load(folder: Path, part: str, task: str) -> Sentences:
    """Return words and tags of a part of UD_Afrikaans."""
    path = folder / "tag_UD_Afrikaans" / f"af_afribooms-ud-{part}.conllu.gz"
    return TASKS[task](gzip.decompress(path.read_bytes()).decode())


def flat(rows: Sequence[Sequence[str]]) -> np.ndarray:
    return np.array([item for row in rows for item in row])


def most_frequent(X: list[list[str]], y: list[list[str]], X_test: list[list[str]]) -> list:
    """Predict the most frequent tag of each word, or of all words for unknown ones: the rival."""
    counts: dict[str, Counter[str]] = {}
    for word, tag in zip(flat(X), flat(y), strict=True):
        counts.setdefault(word, Counter())[tag] += 1
    usual = Counter(flat(y)).most_common(1)[0][0]
    best = {word: found.most_common(1)[0][0] for word, found in counts.items()}
    return [[best.get(word, usual) for word in words] for words in X_test]


def scores(task: str, X: list[list[str]], X_test: list, y_test: list, predicted: Sequence) -> dict:
    """Return accuracy (also for unknown words), fraction of correct sentences, and span F1."""
    right = [np.asarray(p) == np.asarray(t) for p, t in zip(predicted, y_test, strict=True)]
    known = {word for words in X for word in words}
    unknown = np.array([word not in known for words in X_test for word in words])
    found = {
        "accuracy": float(np.concatenate(right).mean()),
        "unknown": float(np.concatenate(right)[unknown].mean()),
        "sentences": float(np.mean([row.all() for row in right])),
    }
    if task in SPANS:
        found["span_f1"] = span_f1_score(y_test, predicted)
    return found


def measure(task: str, name: str, options: argparse.Namespace) -> dict:
    """Fit a model with each seed."""
    X, y = load(options.data, "train", task)
    X_test, y_test = load(options.data, options.part, task)
    runs = []
    for seed in range(options.seeds):
        tagger = RNNClassifier(return_sequences=True, random_state=seed, **MODELS[name])
        start = time.process_time()
        tagger.fit(X, y)
        fitted = time.process_time()
        predicted = tagger.predict(X_test)
        seconds = {"fit_s": fitted - start, "tag_s": time.process_time() - fitted}
        runs.append(scores(task, X, X_test, y_test, predicted) | seconds)
        shown = ", ".join(f"{key} {value:.4g}" for key, value in runs[-1].items())
        print(f"{task}, {name}, seed {seed}: {shown}", flush=True)
    means = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    spread = float(np.std([run["accuracy"] for run in runs], ddof=1)) if len(runs) > 1 else None
    return {"task": task, "model": name, "runs": runs, "spread": spread, **means}


def measure_rival(task: str, options: argparse.Namespace) -> dict:
    X, y = load(options.data, "train", task)
    X_test, y_test = load(options.data, options.part, task)
    found = scores(task, X, X_test, y_test, most_frequent(X, y, X_test))
    return {"task": task, "model": "most frequent tag of the word", "spread": None, **found}


def cells(result: dict) -> list[str]:
    """One line of the table."""
    spread = "" if result["spread"] is None else f" ± {result['spread']:.4f}"
    return [
        result["task"],
        result["model"],
        f"{result['accuracy']:.4f}{spread}",
        f"{result['unknown']:.3f}",
        f"{result['sentences']:.3f}",
        f"{result['span_f1']:.4f}" if "span_f1" in result else "",
        *(f"{result[key]:.1f}" if key in result else "" for key in ("fit_s", "tag_s")),
    ]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="directory with the data sets")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--part", choices=("dev", "test"), default="test", help="scored sentences")
    parser.add_argument("--seeds", type=int, default=1, help="random_state=0, 1, ...")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    started = datetime.datetime.now()
    environment = report.environment(options.threads)
    print(report.describe(environment), flush=True)
    content: dict = {"environment": environment, "part": options.part, "results": []}
    for task in options.tasks:
        content["results"].append(measure_rival(task, options))
        for name in options.models:
            content["results"].append(measure(task, name, options))
            path = report.write("tagging", content, started)  # after each, in case of a crash
    print("\n" + report.table(HEADER, [cells(result) for result in content["results"]]))
    print(
        f"\nAccuracy over all words of the {options.part} part, mean ± standard deviation over "
        f"{options.seeds} seed(s); that of words that are not in the training part; and the "
        "fraction of sentences without an error."
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
