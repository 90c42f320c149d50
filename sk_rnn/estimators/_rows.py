"""Which rows are trained on, how often and with what weight: pure functions over arrays.

A fit must not depend on the order of the rows, and an integer weight must mean exactly that many
copies. So rows are put in an order of their own before anything random happens to them, and
integer weights become repeated rows.
"""

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from ..sequences import Panel, canonical_order, check_sample_weights

# Integer weights become repetitions while the repeated data stays within this; above it an epoch
# would take too long, and the weights multiply the loss instead.
MAX_REPEATS, SPARE_REPEATS = 10, 1000

# Values converted to float64 at a time when statistics are computed.
CHUNK_VALUES = 1 << 22


def check_weights(
    sample_weight: Any,
    n_samples: int,
    caller: str,
    input_name: str = "sample_weight",
    purpose: str = "train on",
) -> np.ndarray | None:
    """Weights as float64 (n_samples,), or None where all are one; see `check_sample_weights`."""
    if sample_weight is None:
        return None
    weights = check_sample_weights(
        sample_weight, n_samples, caller, input_name=input_name, purpose=purpose
    )
    return None if (weights == 1.0).all() else weights


def arrange_rows(
    panel: Panel, y: np.ndarray | list[np.ndarray], sample_weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Rows in an order that only their content decides, repeated by integer weights.

    Returns
    -------
    rows : ndarray of int64
        Row numbers of ``panel``.
    weights : ndarray of float64 of shape (len(panel),), or None
        What is left to multiply the loss with.
    """
    order, group = canonical_order(panel, y)
    if sample_weight is None:
        return order, None
    total = sample_weight.sum()
    whole = bool((sample_weight == np.rint(sample_weight)).all())
    if whole and total <= MAX_REPEATS * len(panel) + SPARE_REPEATS:
        return np.repeat(order, sample_weight[order].astype(np.int64)), None
    # Equal rows with different weights are told apart by the weight.
    return order[np.lexsort((sample_weight[order], group))], sample_weight


def split_rows(
    rows: np.ndarray, labels: np.ndarray | None, fraction: float, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation rows; each class in both where its size allows.

    Parameters
    ----------
    rows : ndarray of int
        What to split.
    labels : ndarray of int or None
        The class of each row of the Panel; None splits without classes.
    fraction : float in (0, 1)
        Share of the rows to validate on.
    rng : numpy.random.RandomState
        Decides the split.
    """
    stratify = None
    if labels is not None:
        _, counts = np.unique(labels[rows], return_counts=True)
        n_valid = int(np.ceil(fraction * len(rows)))
        # A class of one row, or fewer validation rows than classes, cannot be stratified.
        if counts.min() > 1 and min(n_valid, len(rows) - n_valid) >= len(counts):
            stratify = labels[rows]
    train, valid = train_test_split(
        np.arange(len(rows)), test_size=fraction, random_state=rng, stratify=stratify
    )
    # Back in the canonical order, in which sums are taken.
    return rows[np.sort(train)], rows[np.sort(valid)]


def feature_statistics(panel: Panel, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature over the valid steps of ``rows``.

    Sums are taken a row at a time in float64 and added in the order of ``rows``, so that the result
    depends neither on the rows' order in the Panel nor on whether a copy is a weight.

    Returns
    -------
    mean, std : ndarray of float64 of shape (n_features,)
        A constant feature has ``std`` 1.
    """
    n_steps = panel.lengths[rows].sum()
    mean = _row_sums(panel, rows, np.zeros(panel.n_features), power=1).sum(axis=0) / n_steps
    variance = _row_sums(panel, rows, mean, power=2).sum(axis=0) / n_steps
    return mean, guard_constant(mean, np.sqrt(variance), panel.values.dtype)


def guard_constant(mean: np.ndarray, std: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """``std`` with 1 where the values are constant to rounding."""
    return np.where(std <= 10 * np.finfo(dtype).eps * np.abs(mean), 1.0, std)


def _row_sums(panel: Panel, rows: np.ndarray, center: np.ndarray, power: int) -> np.ndarray:
    """Sum of (value - center) ** power over the steps of each of ``rows``: (len(rows), F)."""
    sums = np.empty((len(panel), panel.n_features))
    offsets = panel.offsets
    step = max(1, CHUNK_VALUES // panel.n_features)
    first = 0
    while first < len(panel):
        # Whole sequences up to the chunk size, at least one.
        last = int(np.searchsorted(offsets, offsets[first] + step, side="right")) - 1
        last = min(max(last, first + 1), len(panel))
        values = panel.values[offsets[first] : offsets[last]] - center
        if power == 2:
            np.square(values, out=values)
        sums[first:last] = np.add.reduceat(values, offsets[first:last] - offsets[first], axis=0)
        first = last
    return sums[rows]


def unseen_tokens(panel: Panel, rows: np.ndarray, num_embeddings: int) -> np.ndarray:
    """The tokens of the vocabulary that ``rows`` do not hold."""
    seen = np.zeros(num_embeddings, dtype=bool)
    seen[panel[np.unique(rows)].values] = True
    return np.flatnonzero(~seen)


def weighted_statistics(
    values: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column of (N, n_outputs); 1 for a constant column."""
    mean = np.average(values, axis=0, weights=weights)
    std = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=weights))
    return mean, guard_constant(mean, std, values.dtype)


def auto_batch_size(n_rows: int) -> int:
    """Batches small enough that a small data set still makes several steps an epoch."""
    return int(np.clip(n_rows // 16, 8, 32))


def are_documents(lengths: np.ndarray) -> bool:
    """Whether sequences of tokens are documents on average, and not words or sentences."""
    return float(lengths.mean()) >= 100


def auto_epochs(n_rows: int, batch_size: int, *, tokens: bool, documents: bool = False) -> int:
    """Epochs for the number of optimizer steps that training needs.

    At least 600 steps (but at most 150 epochs, which only tiny data meets), 30 epochs while that is
    under 1,700 steps, and never fewer than 10 epochs. Chosen by experiment over eleven
    classification sets.

    Embeddings learn from their own tokens only and need at least 20 epochs: held-out accuracy of
    words and sentences rises by .004 to .009. But one target for a whole document (``documents``)
    says little of each of its tokens: on reviews of films that no training review is about, 20
    epochs instead of 10 change accuracy by less than its noise and the area under the curve from
    .891 to .886.
    """
    n_batches = -(-n_rows // batch_size)
    fewest = 20 if tokens and not documents else 10
    steps = min(150 * n_batches, max(600, min(30 * n_batches, 1700), fewest * n_batches))
    return -(-steps // n_batches)


def auto_patience(n_rows: int, epochs: int) -> int:
    """Epochs to wait for a better validation score.

    Under 100 rows the score is so coarse that 50 epochs may pass between two improvements. Half of
    the epochs otherwise: the score rests while the learning rate is high, and rises again as it
    falls.
    """
    return 50 if n_rows < 100 else max(10, epochs // 2)


def draw_seed(random_state: Any) -> int:
    """One seed from a ``random_state``.

    None draws from the operating system and not, as `sklearn.utils.check_random_state`, from
    NumPy's global generator, which is the user's.
    """
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.int32).max))
    return int(random_state)
