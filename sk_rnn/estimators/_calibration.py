"""Probabilities and standard deviations that match the errors on held-out data.

A network that fits its training data closely is overconfident, especially on few or noisy samples.
Dividing its outputs by a single number, the temperature, corrects most of this and does not change
predicted classes (Guo, Pleiss, Sun & Weinberger, 2017, "On calibration of modern neural networks").
Predicted standard deviations are multiplied by a number in the same way (Levi, Gispan, Giladi &
Fetaya, 2022, "Evaluating and calibrating uncertainty prediction in regression tasks"). Both are
learned on data that the network has not been trained on.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self, cast

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax

from ..modules import LinearChain, gaussian_parts
from ..training import PredictionBatches, SequenceData

# Out-of-fold samples beyond which another fold would not make the temperature more accurate.
_ENOUGH = 50
_N_FOLDS = 3

# Logarithms of the lowest and highest temperature.
_BOUNDS = (-2.0, 6.0)


def calibration_folds(
    rows: np.ndarray,
    units: np.ndarray,
    labels: np.ndarray | None,
    groups: np.ndarray | None,
    rng: np.random.RandomState,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield training and held-out rows: three folds, or enough to hold out fifty samples.

    Parameters
    ----------
    rows : ndarray of int
        Training rows in their canonical order, repeated according to their weights.
    units : ndarray of int of shape (n_samples,)
        Number of the distinct content of each sample: copies stay in the same fold.
    labels : ndarray of int or None
        Class of each sample; None for no stratification.
    groups : ndarray of int or None
        Group of each sample; groups stay in the same fold.
    rng : numpy.random.RandomState
        Source of the folds.
    """
    _, first, number = np.unique(
        (units if groups is None else groups)[rows], return_index=True, return_inverse=True
    )
    order = rng.permutation(len(first))
    # Numbered in the canonical order, so that folds do not depend on the order of samples.
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = order
    if labels is not None:
        by_class = np.lexsort((rank, labels[rows[first]]))
        rank[by_class] = np.arange(len(first))
    fold = rank[number] % _N_FOLDS
    n_held_out = 0
    for held_out in (fold == k for k in range(_N_FOLDS)):
        if held_out.all() or not held_out.any():
            continue
        yield rows[~held_out], rows[held_out]
        n_held_out += int(held_out.sum())
        if n_held_out >= _ENOUGH:
            return


class HeldOut(NamedTuple):
    """Outputs for data that a network was not trained on.

    Attributes
    ----------
    outputs : ndarray of float64 of shape (N, n_outputs)
        Outputs before softmax or sigmoid; means and log variances of numbers.
    targets : ndarray of shape (N,) or (N, n_targets)
        Class indices, indicators of labels, or scaled numbers.
    weights : ndarray of float64 of shape (N,)
        Weights of the rows.
    n_samples : int
        Number of sequences, which have several rows each if time steps have targets.
    lengths : ndarray of int of shape (n_samples,) or None
        Numbers of rows of the sequences, if needed by a chain.
    chain : LinearChain or None
        The scores of transitions between classes, if there are any.
    """

    outputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    n_samples: int
    lengths: np.ndarray | None = None
    chain: LinearChain | None = None

    def log_proba(self, temperature: float) -> np.ndarray:
        """Return log-probabilities of classes, with outputs and transitions divided by a number."""
        scaled = self.outputs / temperature
        if self.chain is None:
            return log_softmax(scaled, axis=1)
        chain = copy.deepcopy(self.chain)
        chain.divide(temperature)
        lengths = torch.from_numpy(cast(np.ndarray, self.lengths))
        return chain.log_marginals(torch.from_numpy(scaled), lengths).numpy()

    @classmethod
    def of(
        cls,
        batches: PredictionBatches,
        outputs: np.ndarray,
        trained: np.ndarray,
        chain: LinearChain | None = None,
    ) -> Self:
        """Take targets and weights from batches; classes not in ``trained`` do not count."""
        data = cast(SequenceData, batches.data)
        order = np.concatenate([batches.samples[chosen] for chosen in batches.batches])
        targets, weights = data.targets(order), data.target_weights(order)
        if weights is None:
            weights = np.ones(len(targets))
        if targets.ndim == 1:
            # A class without training samples does not show how confident the network should be.
            known = np.isin(targets, trained)
            if chain is None:
                outputs, targets, weights = outputs[known], targets[known], weights[known]
            else:  # which needs whole sequences
                weights = np.where(known, weights, 0.0)
        return cls(
            outputs.astype(np.float64),
            targets,
            weights.astype(np.float64),
            len(order),
            data.lengths[order],
            chain,
        )


def learn_temperature(held_out: Sequence[HeldOut]) -> float | None:
    """Return the temperature with the lowest log loss on held-out data; None if there are none.

    Targets are smoothed by one in ``n_samples + 2``, as in Platt (1999, "Probabilistic outputs for
    support vector machines"): if a few held-out samples are all predicted correctly, the network
    may still be wrong.
    """
    if not held_out:
        return None
    targets = np.concatenate([part.targets for part in held_out])
    weights = np.concatenate([part.weights for part in held_out])
    if not weights.sum() > 0:
        return None
    smoothing = 1.0 / (sum(part.n_samples for part in held_out) + 2)

    def loss(log_temperature: float) -> float:
        temperature = float(np.exp(log_temperature))
        if targets.ndim == 2:
            scaled = np.concatenate([part.outputs for part in held_out]) / temperature
            smooth = targets * (1.0 - smoothing) + 0.5 * smoothing
            losses = -(smooth * log_expit(scaled) + (1.0 - smooth) * log_expit(-scaled)).mean(1)
        else:
            log_proba = np.concatenate([part.log_proba(temperature) for part in held_out])
            right = log_proba[np.arange(len(targets)), targets]
            losses = -(1.0 - smoothing) * right - smoothing * log_proba.mean(axis=1)
        return float(np.average(losses, weights=weights))

    return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))


def learn_std_factors(held_out: Sequence[HeldOut]) -> np.ndarray | None:
    """Return the factors of standard deviations with the highest likelihood on held-out data.

    That is the root mean square of the errors in predicted standard deviations. Two imaginary
    samples, whose errors are one standard deviation, keep the factors of a few samples near one.

    Returns
    -------
    ndarray of float64 of shape (n_targets,), or None
        One for each target; None without held-out data.
    """
    if not held_out:
        return None
    outputs = np.concatenate([part.outputs for part in held_out])
    targets = np.concatenate([part.targets for part in held_out])
    weights = np.concatenate([part.weights for part in held_out])
    if not weights.sum() > 0:
        return None
    means, log_variances = (part.numpy() for part in gaussian_parts(torch.from_numpy(outputs)))
    squares = (targets - means) ** 2 * np.exp(-log_variances)
    n_samples = sum(part.n_samples for part in held_out)
    observed = np.average(squares, axis=0, weights=weights)
    return np.sqrt((n_samples * observed + 2.0) / (n_samples + 2))
