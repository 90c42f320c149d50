"""A linear model on summaries of the sequences: whether y depends on X in a simple way."""

import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ._findings import Case

# Limits that keep the probe under a second.
_MAX_TARGETS, _MAX_COLUMNS, _MAX_TOKENS = 1000, 200, 500
_N_SPLITS = 3


def probe_score(case: Case) -> float | None:
    """Skill of the probe in cross-validation; None if it cannot be computed.

    For classes, the accuracy above that of the most frequent class, as a share of what is possible;
    for numbers R², of the first output.
    """
    truth = case.seen.truth
    features = _per_step(case) if case.seen.per_step else _per_sequence(case)
    features = features[case.seen.kept]
    if truth.ndim == 2:
        truth = truth[:, 0]
    chosen = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), _MAX_TARGETS)).astype(int))
    features, truth = features[chosen], truth[chosen]
    scaler = StandardScaler()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence, and classes with few members
        if case.seen.task == "numbers":
            folds = KFold(_N_SPLITS, shuffle=True, random_state=0)
            model = make_pipeline(scaler, Ridge(alpha=10.0))
            scores = cross_val_score(model, features, truth, cv=folds)
            return float(scores.mean())
        counts = np.unique(truth, return_counts=True)[1]
        if len(counts) < 2 or counts.min() < _N_SPLITS:
            return None
        folds = StratifiedKFold(_N_SPLITS, shuffle=True, random_state=0)
        model = make_pipeline(scaler, LogisticRegression(C=0.1, class_weight="balanced"))
        scores = cross_val_score(model, features, truth, cv=folds, scoring="balanced_accuracy")
    chance = 1.0 / len(counts)
    # Small samples vary: only what exceeds two standard errors counts.
    error = 2.0 * np.sqrt(chance * (1.0 - chance) / counts.min() / len(counts))
    return float((scores.mean() - error - chance) / (1.0 - chance))


def _per_sequence(case: Case) -> np.ndarray:
    """Summaries of each sequence; all values if there are few."""
    spans = case.seen.spans
    if spans.is_tokens:
        counts = np.zeros((len(spans), _MAX_TOKENS))
        for row, ids in enumerate(spans):
            np.add.at(counts[row], ids[ids < _MAX_TOKENS], 1.0)
        return np.log1p(counts[:, counts.any(axis=0)])
    rows = []
    n_features = min(spans.n_features, _MAX_COLUMNS // 7)
    for x in case.standardised:
        part = x[:, :n_features]
        changes = np.abs(np.diff(part, axis=0)).mean(0) if len(part) > 1 else np.zeros(n_features)
        summaries = (
            part.mean(0),
            part.std(0),
            part.min(0),
            part.max(0),
            part[0],
            part[-1],
            changes,
        )
        rows.append(np.concatenate(summaries))
    features = np.array(rows)
    lengths = spans.lengths
    if (lengths == lengths[0]).all() and lengths[0] * spans.n_features <= _MAX_COLUMNS:
        flat = np.array([x.ravel() for x in case.standardised])
        features = np.concatenate([features, flat], axis=1)
    return np.column_stack([features, lengths])


def _per_step(case: Case) -> np.ndarray:
    """Each time step with its neighbours."""
    spans = case.seen.spans
    sequences = [*spans] if spans.is_tokens else case.standardised
    rows = []
    for x in sequences:
        if spans.is_tokens:
            here = np.zeros((len(x), _MAX_TOKENS))
            here[np.arange(len(x)), np.minimum(x, _MAX_TOKENS - 1)] = 1.0
            rows.append(here)
        else:
            part = x[:, : _MAX_COLUMNS // 3]
            before = np.concatenate([part[:1], part[:-1]])
            after = np.concatenate([part[1:], part[-1:]])
            rows.append(np.concatenate([part, before, after], axis=1))
    features = np.concatenate(rows)
    return features[:, features.any(axis=0)]
