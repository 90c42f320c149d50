"""Selection, repetition and weighting of the training rows: pure functions of arrays.

A fit must not depend on the order of the rows, and an integer weight must be equivalent to that
many copies. Rows are therefore sorted into a canonical order before random operations, and integer
weights are converted to repeated rows.
"""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from ..sequences import (
    Spans,
    Standardisation,
    align_to_samples,
    as_array,
    canonical_order,
    check_sample_weights,
    name_kind,
    open_tensors,
    quote,
    standardisation_of,
)

# Integer weights are converted to repeated rows up to this size of the repeated data; beyond it an
# epoch would take too long, and the weights multiply the loss instead.
MAX_REPEATS, SPARE_REPEATS = 10, 1000

# Number of token ids that are processed at a time.
_BLOCK_TOKENS = 1 << 20


def check_weights(
    sample_weight: Any,
    spans: Spans,
    caller: str,
    input_name: str = "sample_weight",
    purpose: str = "train on",
) -> np.ndarray | None:
    """Return weights as float64 (n_samples,), or None if all are one."""
    if sample_weight is None:
        return None
    where = f"{caller}: {input_name}"
    sample_weight = align_to_samples(open_tensors(sample_weight, where), spans, where)
    weights = check_sample_weights(
        sample_weight, len(spans), caller, input_name=input_name, purpose=purpose
    )
    return None if (weights == 1.0).all() else weights


def check_groups(groups: Any, spans: Spans, caller: str) -> np.ndarray | None:
    """Return the group index of each sample, int64 (n_samples,), or None without groups."""
    if groups is None:
        return None
    where = f"{caller}: groups"
    advice = f"Pass a 1-D array of {len(spans)} labels, the group of each sample."
    labels = as_array(align_to_samples(open_tensors(groups, where), spans, where), where, advice)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(f"{where} is {name_kind(groups)} of shape {labels.shape}. {advice}")
    if len(labels) != len(spans):
        raise ValueError(
            f"{where} has {len(labels)} labels, but X has {len(spans)} samples. {advice}"
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
    spans: Spans, y: np.ndarray | list[np.ndarray], sample_weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return rows in an order that depends only on their content, repeated by integer weights.

    Returns
    -------
    rows : ndarray of int64
        Row numbers of ``spans``.
    weights : ndarray of float64 of shape (len(spans),), or None
        Weights that remain to be applied to the loss.
    """
    order, group = canonical_order(spans, y)
    if sample_weight is None:
        return order, None
    total = sample_weight.sum()
    whole = bool((sample_weight == np.rint(sample_weight)).all())
    if whole and total <= MAX_REPEATS * len(spans) + SPARE_REPEATS:
        return np.repeat(order, sample_weight[order].astype(np.int64)), None
    # Equal rows are sorted by their weights.
    return order[np.lexsort((sample_weight[order], group))], sample_weight


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


def farthest_value(spans: Spans, scaling: Standardisation) -> str | None:
    """Locate the number that is farthest from the training data, if it is an extreme outlier.

    A network does not overflow at a thousand standard deviations, but it may at a billion.
    """
    farthest, place = 1e9, None
    for block, steps in spans.blocks(_BLOCK_TOKENS):
        distance = np.abs(scaling.apply(steps, np.dtype(np.float64)))
        position, feature = np.unravel_index(int(distance.argmax()), distance.shape)
        if distance[position, feature] > farthest:
            farthest = distance[position, feature]
            sample, step = spans.locate(block, int(position))
            place = (
                f"[{sample}] has {steps[position, feature]:g} "
                f"{spans.place(step, int(feature))}, {farthest:.3g} standard deviations from the "
                "mean of the training data"
            )
    return place


def unseen_tokens(spans: Spans, rows: np.ndarray, num_embeddings: int) -> np.ndarray:
    """Return the tokens of the vocabulary that do not occur in ``rows``."""
    seen = np.zeros(num_embeddings, dtype=bool)
    for _, ids in spans.take(np.unique(rows)).blocks(_BLOCK_TOKENS):
        seen[ids] = True
    return np.flatnonzero(~seen)


def highest_token(spans: Spans) -> int:
    """Return the highest token id."""
    return max(int(ids.max()) for _, ids in spans.blocks(_BLOCK_TOKENS))


def auto_batch_size(n_rows: int) -> int:
    """Return a batch size for which small data sets still have several steps per epoch."""
    return int(np.clip(n_rows // 16, 8, 32))


def are_documents(lengths: np.ndarray) -> bool:
    """Whether sequences of tokens are documents on average rather than words or sentences."""
    return float(lengths.mean()) >= 100


def auto_epochs(n_rows: int, batch_size: int, *, tokens: bool, documents: bool = False) -> int:
    """Return the number of epochs for the number of optimizer steps that training needs.

    At least 600 steps (but at most 150 epochs, a limit that only tiny data sets reach), 30 epochs
    while that is under 1,700 steps, and never fewer than 10 epochs. Chosen by experiment on eleven
    classification data sets.

    Embedding vectors are only updated by their tokens and need at least 20 epochs: held-out
    accuracy on words and sentences increases by .004 to .009. With one target for a whole document
    (``documents``), which is hardly informative of single tokens, they do not: on reviews of films
    without training reviews, 20 epochs instead of 10 change accuracy by less than its noise and the
    area under the ROC curve from .891 to .886.
    """
    n_batches = -(-n_rows // batch_size)
    fewest = 20 if tokens and not documents else 10
    steps = min(150 * n_batches, max(600, min(30 * n_batches, 1700), fewest * n_batches))
    return -(-steps // n_batches)


def auto_patience(n_rows: int, epochs: int) -> int:
    """Return the number of epochs to wait for an improvement in the validation score.

    With fewer than 100 rows the score is so coarse that 50 epochs may pass between two
    improvements. Half of the epochs otherwise: the score stagnates while the learning rate is high,
    and improves again as it decreases.
    """
    return 50 if n_rows < 100 else max(10, epochs // 2)


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
