"""Markov chains with known likelihood and entropy."""

from typing import Literal, overload

import numpy as np
from sklearn.utils import check_random_state

from ..sequences import (
    RANDOM_STATE,
    Float,
    Int,
    IntegerFrom,
    NumberIn,
    RandomState,
    validate_params,
)


@overload
def make_markov_chain(
    n_samples: Int = 100,
    *,
    n_timesteps: Int = 50,
    n_symbols: Int = 5,
    concentration: Float = 0.5,
    return_transitions: Literal[False] = False,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]: ...


@overload
def make_markov_chain(
    n_samples: Int = 100,
    *,
    n_timesteps: Int = 50,
    n_symbols: Int = 5,
    concentration: Float = 0.5,
    return_transitions: Literal[True],
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...


@validate_params(
    {
        "n_samples": [IntegerFrom(1)],
        "n_timesteps": [IntegerFrom(1)],
        "n_symbols": [IntegerFrom(2)],
        "concentration": [NumberIn(0.01, 1e6, closed="both")],
        "return_transitions": ["boolean"],
        "random_state": RANDOM_STATE,
    },
    prefer_skip_nested_validation=True,
)
def make_markov_chain(
    n_samples: Int = 100,
    *,
    n_timesteps: Int = 50,
    n_symbols: Int = 5,
    concentration: Float = 0.5,
    return_transitions: bool = False,
    random_state: RandomState = None,
) -> tuple[np.ndarray, ...]:
    r"""Generate sequences from a random first-order Markov chain.

    Each symbol depends on the previous one. No model of such sequences has a higher expected
    log-likelihood than the chain itself.

    Parameters
    ----------
    n_samples : int, default=100
        Number of sequences, all from the same chain.
    n_timesteps : int, default=50
        Number of time steps of each sequence.
    n_symbols : int, default=5
        Number of symbols.
    concentration : float, default=0.5
        Parameter of the symmetric Dirichlet distribution from which each row of the transition
        matrix is drawn. Small values result in chains that are easy to predict; with large values,
        all symbols are about equally likely.
    return_transitions : bool, default=False
        Whether to also return the transition matrix.
    random_state : int, RandomState instance or None, default=None
        Determines random number generation. Pass an int for reproducible output across
        multiple function calls.

    Returns
    -------
    X : ndarray of int64 of shape (n_samples, n_timesteps)
        Symbols from 0 to ``n_symbols - 1``.
    log_proba : ndarray of float64 of shape (n_samples,)
        Log-likelihood of each sequence under the chain, in nats.
    transitions : ndarray of float64 of shape (n_symbols, n_symbols)
        Probability of the next symbol (column) given a symbol (row). Only returned if
        `return_transitions` is True.

    Notes
    -----
    The first symbol follows the stationary distribution :math:`\pi`, :math:`\pi P = \pi`, so the
    entropy of a sequence of :math:`T` time steps, the expectation of ``-log_proba``, is
    :math:`H(\pi) + (T - 1) \sum_i \pi_i H(P_i)`.

    Examples
    --------
    >>> from sk_rnn.datasets import make_markov_chain
    >>> X, log_proba, transitions = make_markov_chain(
    ...     2, n_timesteps=8, n_symbols=2, return_transitions=True, random_state=0)
    >>> X
    array([[1, 1, 1, 0, 0, 1, 1, 0],
           [0, 1, 1, 0, 1, 1, 1, 1]])
    >>> transitions.round(2)
    array([[0.45, 0.55],
           [0.48, 0.52]])
    """
    rng = check_random_state(random_state)
    n_samples, n_timesteps, n_symbols = int(n_samples), int(n_timesteps), int(n_symbols)
    transitions = rng.dirichlet(np.full(n_symbols, float(concentration)), size=n_symbols)
    initial = _stationary(transitions)
    X = np.empty((n_samples, n_timesteps), dtype=np.int64)
    log_proba = np.zeros(n_samples)
    for step in range(n_timesteps):
        proba = transitions[X[:, step - 1]] if step else np.tile(initial, (n_samples, 1))
        limits = np.cumsum(proba, axis=1)  # (n_samples, n_symbols)
        drawn = rng.random_sample((n_samples, 1)) * limits[:, -1:]
        X[:, step] = (drawn >= limits).sum(axis=1)
        log_proba += np.log(proba[np.arange(n_samples), X[:, step]])
    return (X, log_proba, transitions) if return_transitions else (X, log_proba)


def _stationary(transitions: np.ndarray) -> np.ndarray:
    """Return the stationary distribution (n_symbols,)."""
    n_symbols = len(transitions)
    equations = np.vstack([transitions.T - np.eye(n_symbols), np.ones(n_symbols)])
    solution = np.linalg.lstsq(equations, np.append(np.zeros(n_symbols), 1.0), rcond=None)[0]
    solution = np.maximum(solution, 0.0)
    return solution / solution.sum()
