"""A class with one sample in fifty: default classifier, and the effect of class weights.

Two sets with ten classes each are converted to two classes: a rare one, and all others. Average
precision measures the ranking of the probabilities, balanced accuracy the labels.
"""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path

import numpy as np
import report
import study_sets
import torch
from sklearn.metrics import average_precision_score, balanced_accuracy_score, log_loss

from sk_rnn import RNNClassifier

RARE = {"uea_PenDigits": "9", "ucr_MelbournePedestrian": "5"}
ONE_IN = 50
N_TRAIN = 1000
VARIANTS = {
    "default": {},
    "class_weight='balanced'": {"class_weight": "balanced"},
}


def imbalanced(X, y, rare: str, n_rows: int | None, rng: np.random.Generator):
    """Return rows, one in fifty of the rare class, and whether each is of it."""
    found = np.asarray(y).astype(float).astype(int).astype(str) == rare
    others, rares = rng.permutation(np.flatnonzero(~found)), rng.permutation(np.flatnonzero(found))
    n_rows = min(n_rows or len(y), len(rares) * ONE_IN, len(others))
    chosen = np.concatenate([rares[: n_rows // ONE_IN], others[: n_rows - n_rows // ONE_IN]])
    return [np.asarray(X[i]) for i in chosen], found[chosen].astype(int)


def measure(name: str, options: argparse.Namespace) -> list[list[str]]:
    dataset = study_sets.public(name, [options.data])
    rng = np.random.default_rng(0)
    X, y = imbalanced(dataset.X_train, dataset.y_train, RARE[name], N_TRAIN, rng)
    X_test, y_test = imbalanced(dataset.X_test, dataset.y_test, RARE[name], None, rng)
    rows = []
    for variant, params in VARIANTS.items():
        scores = []
        for seed in range(options.seeds):
            model = RNNClassifier(random_state=seed, **params).fit(X, y)
            proba = model.predict_proba(X_test)[:, 1].astype(float)
            at_prior = proba > y.mean()
            scores.append(
                [
                    balanced_accuracy_score(y_test, proba > 0.5),
                    balanced_accuracy_score(y_test, at_prior),
                    average_precision_score(y_test, proba),
                    log_loss(y_test, proba),
                ]
            )
        means = np.mean(scores, axis=0)
        label = f"{name}: {int(y.sum())} of {len(y)}"
        rows.append([label, variant, *(f"{mean:.3f}" for mean in means)])
        print(*rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, help="one folder per public set")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    started = datetime.datetime.now()
    torch.set_num_threads(1)
    rows = [row for name in RARE for row in measure(name, options)]
    header = [
        "set",
        "variant",
        "balanced accuracy",
        "at the base rate",
        "average precision",
        "log loss",
    ]
    print("\n" + report.table(header, rows))
    print(
        "\nMeans of the seeds. 'At the base rate': a sequence is of the rare class if its "
        "probability is\nabove the share of that class in training, instead of one half."
    )
    print(f"\n{report.write('imbalance', {'rows': rows}, started)}")


if __name__ == "__main__":
    main()
