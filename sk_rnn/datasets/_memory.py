"""A task that requires a memory of known length."""

import numpy as np
from sklearn.utils import check_random_state

from ..sequences import RANDOM_STATE, Int, IntegerFrom, RandomState, validate_params


@validate_params(
    {
        "n_samples": [IntegerFrom(1)],
        "n_timesteps": [IntegerFrom(1)],
        "lag": [IntegerFrom(0)],
        "n_symbols": [IntegerFrom(2)],
        "return_sequences": ["boolean"],
        "random_state": RANDOM_STATE,
    },
    prefer_skip_nested_validation=True,
)
def make_memory_task(
    n_samples: Int = 100,
    *,
    n_timesteps: Int = 20,
    lag: Int = 10,
    n_symbols: Int = 2,
    return_sequences: bool = False,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Generate random symbols, with the symbol `lag` time steps earlier as the target.

    A model that remembers `lag` time steps reaches an accuracy of 1. Symbols are independent of
    each other, so the expected accuracy of a model that remembers fewer is ``1 / n_symbols``.

    Parameters
    ----------
    n_samples : int, default=100
        Number of sequences.
    n_timesteps : int, default=20
        Number of time steps of each sequence.
    lag : int, default=10
        Number of time steps from the target symbol to the last one; 0 is the last symbol. Must be
        less than `n_timesteps`.
    n_symbols : int, default=2
        Number of symbols, which are equally likely.
    return_sequences : bool, default=False
        Whether there is one label per time step instead of one per sequence.
    random_state : int, RandomState instance or None, default=None
        Determines random number generation. Pass an int for reproducible output across
        multiple function calls.

    Returns
    -------
    X : ndarray of int64 of shape (n_samples, n_timesteps)
        Symbols from 0 to ``n_symbols - 1``: numbers, or token ids with `embedding_dim` set.
    y : ndarray of int64 of shape (n_samples,) or (n_samples, n_timesteps)
        ``X[:, -1 - lag]``; with ``return_sequences=True``, X delayed by `lag` time steps, with -1
        at the first `lag` time steps.

    Examples
    --------
    >>> from sk_rnn.datasets import make_memory_task
    >>> X, y = make_memory_task(3, n_timesteps=5, lag=4, random_state=0)
    >>> X
    array([[0, 1, 1, 0, 1],
           [1, 1, 1, 1, 1],
           [1, 0, 0, 1, 0]])
    >>> y
    array([0, 1, 1])
    """
    n_samples, n_timesteps, lag = int(n_samples), int(n_timesteps), int(lag)
    if lag >= n_timesteps:
        raise ValueError(
            f"make_memory_task: lag={lag} must be less than n_timesteps={n_timesteps}. Increase "
            "n_timesteps, or decrease lag."
        )
    rng = check_random_state(random_state)
    X = rng.randint(0, int(n_symbols), (n_samples, n_timesteps), dtype=np.int64)
    if not return_sequences:
        return X, X[:, -1 - lag].copy()
    y = np.full_like(X, -1)
    y[:, lag:] = X[:, : n_timesteps - lag]
    return X, y
