"""Selection, repetition and weighting of the training rows: pure functions of arrays.

A fit must not depend on the order of the rows, and an integer weight must be equivalent to that
many copies. Rows are therefore sorted into a canonical order before random operations, and integer
weights are converted to repeated rows.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ..sequences import (
    Spans,
    Standardisation,
    TokenRows,
    align_to_samples,
    as_array,
    canonical_order,
    check_sample_weights,
    check_step_weights,
    difference_sizes,
    has_step_weights,
    name_kind,
    open_tensors,
    quote,
    standardisation_of,
    trimmed_steps,
)

# Integer weights are converted to repeated rows up to this size of the repeated data; beyond it an
# epoch would take too long, and the weights multiply the loss instead.
MAX_REPEATS, SPARE_REPEATS = 10, 1000

# Number of token ids that are processed at a time.
_BLOCK_TOKENS = 1 << 20


def check_weights(
    sample_weight: Any,
    samples: Spans | TokenRows,
    caller: str,
    input_name: str = "sample_weight",
    purpose: str = "train on",
    *,
    per_step: bool = False,
) -> np.ndarray | None:
    """Return weights as float64 (n_samples,), or None if all are one.

    With ``per_step=True``, there may also be a weight for each time step: then they are returned
    concatenated, of shape (n_steps,), unless they are equal within each sample.
    """
    if sample_weight is None:
        return None
    where = f"{caller}: {input_name}"
    sample_weight = align_to_samples(open_tensors(sample_weight, where), samples, where)
    if per_step and has_step_weights(sample_weight):
        steps = samples if isinstance(samples, Spans) else samples.steps()
        weights = check_step_weights(
            sample_weight,
            steps.lengths,
            caller,
            input_name=input_name,
            source=f"X{input_name.removeprefix('sample_weight')}",
            purpose=purpose,
            **trimmed_steps(steps),
        )
        starts = steps.offsets[:-1]
        lowest = np.minimum.reduceat(weights, starts)
        if (lowest != np.maximum.reduceat(weights, starts)).any():
            return weights
        weights = lowest
    else:
        weights = check_sample_weights(
            sample_weight, len(samples), caller, input_name=input_name, purpose=purpose
        )
    return None if (weights == 1.0).all() else weights


def check_groups(groups: Any, samples: Spans | TokenRows, caller: str) -> np.ndarray | None:
    """Return the group index of each sample, int64 (n_samples,), or None without groups."""
    if groups is None:
        return None
    where = f"{caller}: groups"
    advice = f"Pass a 1-D array of {len(samples)} labels, the group of each sample."
    labels = as_array(align_to_samples(open_tensors(groups, where), samples, where), where, advice)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(f"{where} is {name_kind(groups)} of shape {labels.shape}. {advice}")
    if len(labels) != len(samples):
        raise ValueError(
            f"{where} has {len(labels)} labels, but X has {len(samples)} samples. {advice}"
        )
    try:
        codes, _ = pd.factorize(np.asarray(labels))
    except TypeError as error:  # labels that are lists
        raise ValueError(
            f"{where} contains values that cannot be labels: {quote(error)}. {advice}"
        ) from error
    codes[np.ma.getmaskarray(labels)] = -1
    if (codes < 0).any():
        raise ValueError(f"{where}[{np.argmin(codes)}] is missing. {advice}")
    return codes


def arrange_rows(
    spans: Spans, y: np.ndarray | list[np.ndarray] | None, sample_weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Return rows in an order that depends only on their content, repeated by integer weights.

    Returns
    -------
    rows : ndarray of int64
        Row numbers of ``spans``.
    weights : ndarray of float64 of shape (len(spans),), or None
        Weights that remain to be applied to the loss.
    units : ndarray of int64 of shape (len(spans),)
        Number of the distinct content of each sample and its target.
    """
    order, group = canonical_order(spans, y)
    units = np.empty_like(group)
    units[order] = group
    if sample_weight is None:
        return order, None, units
    total = sample_weight.sum()
    are_integers = bool((sample_weight == np.rint(sample_weight)).all())
    if are_integers and total <= MAX_REPEATS * len(spans) + SPARE_REPEATS:
        return np.repeat(order, sample_weight[order].astype(np.int64)), None, units
    # Equal rows are sorted by their weights.
    return order[np.lexsort((sample_weight[order], group))], sample_weight, units


def split_rows(
    rows: np.ndarray,
    labels: np.ndarray | None,
    fraction: float,
    rng: np.random.RandomState,
    *,
    groups: np.ndarray | None = None,
    caller: str = "split_rows",
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows into training and validation rows, stratified by class if possible.

    Parameters
    ----------
    rows : ndarray of int
        Rows to split.
    labels : ndarray of int or None
        Class of each sample; None splits without stratification.
    fraction : float in (0, 1)
        Fraction of the rows to hold out; with groups, fraction of the groups.
    rng : numpy.random.RandomState
        Source of randomness.
    groups : ndarray of int or None
        Group of each sample; groups are not split.
    caller : str
        Named in errors.
    """
    if groups is not None:
        train, valid = _split_groups(rows, labels, float(fraction), rng, groups, caller)
    else:
        stratify = None
        if labels is not None:
            _, counts = np.unique(labels[rows], return_counts=True)
            n_valid = int(np.ceil(fraction * len(rows)))
            # Stratification needs two rows of each class, and a row of each class in both parts.
            if counts.min() > 1 and min(n_valid, len(rows) - n_valid) >= len(counts):
                stratify = labels[rows]
        train, valid = train_test_split(
            np.arange(len(rows)), test_size=float(fraction), random_state=rng, stratify=stratify
        )
    # Back in the canonical order, so that sums do not depend on the split.
    return rows[np.sort(train)], rows[np.sort(valid)]


def _split_groups(
    rows: np.ndarray,
    labels: np.ndarray | None,
    fraction: float,
    rng: np.random.RandomState,
    groups: np.ndarray,
    caller: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions in ``rows`` of training and validation rows, with disjoint groups."""
    # Numbered in order of appearance in the canonical order, independent of their names.
    codes, distinct = pd.factorize(groups[rows])
    n_groups = len(distinct)
    if n_groups < 2:
        raise ValueError(
            f"{caller}: groups has a single group, which cannot be split into training and "
            "validation data. Pass X_val and y_val, or set early_stopping=False."
        )
    n_valid = min(max(1, int(np.ceil(fraction * n_groups))), n_groups - 1)
    # Of several draws, use the one with the most similar class distributions in both parts.
    draws = [rng.permutation(n_groups)[:n_valid] for _ in range(1 if labels is None else 20)]
    held_out = [np.isin(codes, chosen) for chosen in draws]
    if labels is not None:
        held_out.sort(key=lambda valid: _imbalance(labels[rows], valid))
    return np.flatnonzero(~held_out[0]), np.flatnonzero(held_out[0])


def _imbalance(labels: np.ndarray, valid: np.ndarray) -> float:
    """Measure the difference between the class distributions of both parts of a split."""
    counts = np.bincount(labels), np.bincount(labels[valid], minlength=labels.max() + 1)
    total, held = (count / count.sum() for count in counts)
    return float(np.abs(total - held).sum())


def learn_scaling(
    spans: Spans, rows: np.ndarray, caller: str, input_name: str = "X"
) -> Standardisation:
    """Compute mean and standard deviation of each feature over the valid steps of ``rows``."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaling = standardisation_of(spans, rows)
    wrong = ~(np.isfinite(scaling.mean) & np.isfinite(scaling.std))
    if wrong.any():
        feature = int(np.argmax(wrong))
        name = feature if spans.feature_names is None else repr(spans.feature_names[feature])
        raise ValueError(
            f"{caller}: {input_name} has values in feature {name} whose range overflows float64. "
            "Clip or rescale them first."
        )
    return scaling


class Smoothness(NamedTuple):
    """How values change from one time step to the next.

    Attributes
    ----------
    difference_scale : ndarray of float64 of shape (n_features,)
        Factors that scale differences to half the standard deviation of the features: on noisy
        series, held-out accuracy was better with half of it than with all of it.
    of_differences : float
        Correlation of successive differences, mean over features: -0.5 for noise, 0 for a random
        walk, near 1 for smooth curves; NaN without differences.
    of_values : float
        Correlation of values two time steps apart, mean over features: 0 for noise, near 1 for
        smooth curves and random walks; NaN without differences.
    """

    difference_scale: np.ndarray
    of_differences: float
    of_values: float


def learn_smoothness(spans: Spans, rows: np.ndarray, scaling: Standardisation) -> Smoothness:
    """Compute the smoothness of the features over the valid steps of ``rows``."""
    first, second = difference_sizes(spans, rows, scaling)
    varies = first > 0
    scale = np.divide(0.5, first, out=np.zeros_like(first), where=varies)
    if not varies.any():
        return Smoothness(scale, np.nan, np.nan)
    correlation = 1.0 - 0.5 * (second[varies] / first[varies]) ** 2
    # Two time steps change a value by the sum of two differences.
    squared = 2.0 * first[varies] ** 2 * (1.0 + correlation)
    return Smoothness(scale, float(np.mean(correlation)), float(np.mean(1.0 - 0.5 * squared)))


def unseen_tokens(spans: Spans, rows: np.ndarray, num_embeddings: int) -> np.ndarray:
    """Return the tokens of the vocabulary that do not occur in ``rows``."""
    seen = np.zeros(num_embeddings, dtype=bool)
    for _, ids in spans.take(np.unique(rows)).blocks(_BLOCK_TOKENS):
        seen[ids] = True
    return np.flatnonzero(~seen)


def highest_token(spans: Spans) -> int:
    """Return the highest token id."""
    return max(int(ids.max()) for _, ids in spans.blocks(_BLOCK_TOKENS))


def draw_seed(random_state: Any) -> int:
    """Draw a seed from a ``random_state``.

    None uses entropy from the operating system and not NumPy's global generator, as
    `sklearn.utils.check_random_state` would, because that belongs to the user.
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.int32).max))
    return int(random_state)


def draw_seeds(seed: int, n_fits: int) -> tuple[np.random.RandomState, int]:
    """Return a generator for the rows, and a seed for weights and dropout.

    Parameters
    ----------
    seed : int
        From `draw_seed`, when the estimator was first fitted.
    n_fits : int
        Number of earlier calls of fit that continued the training.
    """
    rows, weights = np.random.SeedSequence([seed, n_fits]).generate_state(2)
    return np.random.RandomState(rows), int(weights)
