"""Transitions between labels, and the best labels of a sequence given these."""

from typing import Any, NamedTuple

import numpy as np
import torch

from ...decoding import viterbi


class Chain(NamedTuple):
    """A value for each pair of consecutive labels, and for the first and the last label.

    Attributes
    ----------
    start : ndarray of shape (n_classes,)
    transitions : ndarray of shape (n_classes, n_classes)
        The row is the class of a step, the column that of the next one.
    end : ndarray of shape (n_classes,)
    """

    start: np.ndarray
    transitions: np.ndarray
    end: np.ndarray


def count_transitions(
    classes: np.ndarray,
    offsets: np.ndarray,
    n_classes: int,
    weights: np.ndarray | None = None,
    known: np.ndarray | None = None,
) -> Chain:
    """Count the transitions in concatenated sequences, which begin at ``offsets``.

    Each sequence is counted with its weight. Transitions from or to a step whose class is not
    ``known`` (N,) do not count.
    """
    if weights is None:
        weights = np.ones(len(offsets) - 1)
    if known is None:
        known = np.ones(len(classes), dtype=bool)
    firsts, lasts = offsets[:-1], offsets[1:] - 1
    later = known.copy()
    later[1:] &= known[:-1]
    later[firsts] = False
    after = np.flatnonzero(later)
    pairs = np.bincount(
        classes[after - 1] * n_classes + classes[after],
        np.repeat(weights, np.diff(offsets))[after],
        minlength=n_classes * n_classes,
    )
    return Chain(
        np.bincount(classes[firsts], weights * known[firsts], minlength=n_classes),
        pairs.reshape(n_classes, n_classes),
        np.bincount(classes[lasts], weights * known[lasts], minlength=n_classes),
    )


def chain_weights(module: Any) -> Chain:
    """Return the scores of transitions that a module has learned."""
    chain = module.chain
    parts = (chain.start, chain.transitions, chain.end)
    return Chain(*(part.detach().cpu().numpy().astype(np.float64) for part in parts))


def log_marginals(module: Any, outputs: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the log-probability of each class at each step, given the whole sequence."""
    arguments = torch.from_numpy(outputs), torch.from_numpy(np.asarray(lengths))
    return module.chain.log_marginals(*arguments).numpy()


def log_likelihoods(
    module: Any, outputs: np.ndarray, classes: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """Return the joint log-probability of the classes of each sequence."""
    chain, steps = module.chain, torch.from_numpy(np.asarray(lengths))
    emissions = torch.from_numpy(outputs.astype(np.float64))
    weights = emissions.new_zeros(len(steps))
    with torch.no_grad():
        losses, _ = chain.losses(emissions, torch.from_numpy(classes), steps, weights)
    return -losses.numpy()


def best_labels(
    outputs: np.ndarray, lengths: np.ndarray, scores: Chain | None, allowed: Chain | None
) -> np.ndarray:
    """Return the jointly most probable classes of each sequence.

    Parameters
    ----------
    outputs : ndarray of shape (N, n_classes)
        Of the steps of all sequences, one sequence after the other.
    lengths : ndarray of int of shape (B,)
    scores : Chain of numbers or None
        Those of a conditional random field; None if labels are independent, given X.
    allowed : Chain of booleans or None
        A sequence for which all classes are forbidden, because it is shorter than those in `fit`,
        for example, gets as few forbidden transitions as possible.

    Returns
    -------
    ndarray of int64 of shape (N,)
    """
    n_classes = outputs.shape[1]
    if scores is None:
        scores = Chain(*(np.zeros(shape) for shape in (n_classes, (n_classes,) * 2, n_classes)))
    if allowed is None:
        return _viterbi(outputs, lengths, scores)[0]
    labels, best = _viterbi(outputs, lengths, _lowered(scores, allowed, np.inf))
    stops = np.cumsum(lengths)
    # One by one, so that the penalty does not depend on other sequences.
    for row in np.flatnonzero(np.isneginf(best)).tolist():
        steps = slice(stops[row] - lengths[row], stops[row])
        emissions = outputs[steps].astype(np.float64)
        # One additional transition costs more than any other labels could gain.
        gain = sum(float(np.ptp(part)) for part in scores)
        penalty = 1.0 + np.ptp(emissions, axis=1).sum() + (lengths[row] + 1) * gain
        lowered = _lowered(scores, allowed, penalty)
        labels[steps], _ = _viterbi(emissions, lengths[row : row + 1], lowered)
    return labels


def _lowered(scores: Chain, allowed: Chain, penalty: float) -> Chain:
    """Subtract a penalty from the scores of all that is not allowed."""
    parts = zip(scores, allowed, strict=True)
    return Chain(*(np.where(legal, part, part - penalty) for part, legal in parts))


def _viterbi(
    outputs: np.ndarray, lengths: np.ndarray, chain: Chain
) -> tuple[np.ndarray, np.ndarray]:
    return viterbi(outputs, lengths, chain.transitions, start=chain.start, end=chain.end)
