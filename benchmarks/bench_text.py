"""Accuracy of the text Pipeline with default parameters, and of tf-idf + logistic regression.

From raw strings to labels: ``SequenceVectorizer`` and ``RNNClassifier(embedding_dim=64)``. Names
are read by character; nothing is chosen per set beyond that.
"""

from __future__ import annotations

import argparse
import datetime
import time

import data
import numpy as np
import report
import rivals
import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceVectorizer

ANALYZER = {"txt_names": "char"}  # words are the default
HEADER = ["set", "train", "steps", "ids", "Pipeline", "fit s", "tf-idf + LR", "s", "difference"]
N_DOCUMENTS, N_WORDS = 100_000, 100


def pipeline(name: str, seed: int, max_length: int | None):
    """Return the Pipeline with its defaults; names are read by character."""
    vectorizer = SequenceVectorizer(analyzer=ANALYZER.get(name, "word"), max_length=max_length)
    return make_pipeline(vectorizer, RNNClassifier(embedding_dim=64, random_state=seed))


def measure(name: str, options: argparse.Namespace) -> dict:
    """Fit both on one set, or on each of its folds."""
    folds = [options.fold or 0]
    if name == "txt_names" and options.fold is None:
        folds = list(range(data.N_FOLDS))  # so that every name is tested once
    seeds = range(options.seeds)
    scores = np.empty((len(folds), len(seeds)))
    seconds = np.empty((len(folds), len(seeds)))
    rival_scores, rival_seconds = np.empty(len(folds)), np.empty(len(folds))
    for i, fold in enumerate(folds):
        dataset = data.load(name, options.data, fold=fold)
        (rival, found), *_ = rivals.baselines(dataset).items()
        rival_scores[i], rival_seconds[i] = found
        where = f"{name} fold {fold}" if len(folds) > 1 else name
        print(f"{where}: {rival} {found[0]:.4f} in {found[1]:.1f} s", flush=True)
        for seed in seeds:
            model = pipeline(name, seed, options.max_length)
            start = time.perf_counter()
            model.fit(dataset.raw_train, dataset.y_train)
            seconds[i, seed] = time.perf_counter() - start
            scores[i, seed] = dataset.score(model.predict(dataset.raw_test))
            print(
                f"{where} seed {seed}: {scores[i, seed]:.4f} in {seconds[i, seed]:.1f} s",
                flush=True,
            )
    panel = model[0].transform(dataset.raw_train)
    by_seed = scores.mean(axis=0)
    return {
        "set": name,
        "folds": folds,
        "n_train": len(panel),
        "mean_steps": float(panel.lengths.mean()),
        "n_tokens": panel.n_tokens,
        "scores": scores.tolist(),  # by fold and seed
        "mean": float(by_seed.mean()),
        "spread": float(by_seed.std(ddof=1)) if len(seeds) > 1 else None,
        "fit_seconds": float(seconds.mean()),
        "rival": rival,
        "rival_scores": rival_scores.tolist(),
        "rival_score": float(rival_scores.mean()),
        "rival_seconds": float(rival_seconds.mean()),
    }


def cells(result: dict) -> list[str]:
    """One line of the table."""
    spread = "" if result["spread"] is None else f" ± {result['spread']:.3f}"
    return [
        result["set"],
        str(result["n_train"]),
        f"{result['mean_steps']:.0f}",
        str(result["n_tokens"]),
        f"{result['mean']:.3f}{spread}",
        f"{result['fit_seconds']:.0f}",
        f"{result['rival_score']:.3f}",
        f"{result['rival_seconds']:.0f}",
        f"{result['mean'] - result['rival_score']:+.3f}",
    ]


def measure_vectorizer(repeats: int) -> dict:
    """Time of ``fit_transform``, and memory compared with a list of lists, on generated documents.

    Word frequencies follow Zipf's law, as in natural language. In the list of lists, each id is
    a separate object, as returned by ``tolist``.
    """
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(50_000)])
    share = 1 / np.arange(1, len(words) + 1)
    edges = np.cumsum(share / share.sum())
    documents = [
        " ".join(words[np.searchsorted(edges, rng.random(N_WORDS)).clip(max=len(words) - 1)])
        for _ in range(N_DOCUMENTS)
    ]
    seconds: dict[str, list[float]] = {"CountVectorizer": [], "SequenceVectorizer": []}
    for _ in range(repeats):  # interleaved, so that other load affects both
        for kind in (CountVectorizer, SequenceVectorizer):
            start = time.perf_counter()
            result = kind().fit_transform(documents)
            seconds[kind.__name__].append(time.perf_counter() - start)
    # On 64-bit systems, a list takes 64 bytes with its entry in the outer list, and 8 per entry; an
    # int takes 28.
    list_bytes = 64 * len(result) + (8 + 28) * len(result.values)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    panel_bytes = result.values.nbytes + result.offsets.nbytes
    return {
        "seconds": seconds,
        "ratio": medians["SequenceVectorizer"] / medians["CountVectorizer"],
        "panel_bytes": panel_bytes,
        "list_bytes": list_bytes,
        "medians": medians,
    }


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="directory with one folder per data set")
    parser.add_argument("--sets", nargs="+", choices=data.TEXT, default=list(data.TEXT))
    parser.add_argument(
        "--seeds",
        type=int,
        default=1,
        help="number of fits per data set, with random_state=0, 1, ...",
    )
    parser.add_argument("--fold", type=int, help="test fold (0 to 4) of txt_names; all by default")
    parser.add_argument(
        "--max-length", type=int, help="maximum document length; by default no limit"
    )
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--repeats", type=int, default=3, help="of timing the vectorizers; 0: none")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    started = datetime.datetime.now()
    environment = report.environment(options.threads)
    print(report.describe(environment), flush=True)
    content: dict = {"environment": environment, "max_length": options.max_length, "sets": []}
    if options.repeats:
        content["vectorizer"] = timing = measure_vectorizer(options.repeats)
        medians = ", ".join(f"{name} {median:.1f} s" for name, median in timing["medians"].items())
        print(
            f"{N_DOCUMENTS} documents of {N_WORDS} words: {medians}, ratio {timing['ratio']:.2f}; "
            f"Panel {timing['panel_bytes'] / 1e6:.0f} MB, list of lists "
            f"{timing['list_bytes'] / 1e6:.0f} MB",
            flush=True,
        )
    for name in options.sets:
        content["sets"].append(measure(name, options))
        path = report.write("text", content, started)  # after every set, in case of a crash
    print("\n" + report.table(HEADER, [cells(result) for result in content["sets"]]))
    print(
        f"\nTest accuracy, mean ± standard deviation over {options.seeds} seed(s); for names also"
        " over five folds. Steps: mean number of tokens per training document."
    )
    print(f"\n{path}")


if __name__ == "__main__":
    main()
