"""Balanced brackets (the Dyck language) with known likelihoods."""

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

_BRACKETS = ("()", "[]", "{}", "<>")

# Strings with a larger expected length would take too long to generate.
_LONGEST = 1_000_000


@validate_params(
    {
        "n_samples": [IntegerFrom(1)],
        "n_types": [IntegerFrom(1, len(_BRACKETS))],
        "max_depth": [IntegerFrom(1)],
        "p_open": [NumberIn(0, 1, closed="neither")],
        "p_end": [NumberIn(0, 1, closed="right")],
        "random_state": RANDOM_STATE,
    },
    prefer_skip_nested_validation=True,
)
def make_dyck(
    n_samples: Int = 100,
    *,
    n_types: Int = 2,
    max_depth: Int = 10,
    p_open: Float = 0.4,
    p_end: Float = 0.3,
    random_state: RandomState = None,
) -> tuple[list[str], np.ndarray]:
    """Generate strings of balanced brackets, the Dyck language.

    Each bracket is closed by a bracket of the same type, no matter how long ago it was opened, so a
    model must remember the types of all open brackets. No model of such strings has a higher
    expected log-likelihood than the one that generated them.

    Parameters
    ----------
    n_samples : int, default=100
        Number of strings.
    n_types : int, default=2
        Number of types of brackets, from 1 to 4: ``()``, ``[]``, ``{}``, ``<>``.
    max_depth : int, default=10
        Maximum nesting depth, that is, number of open brackets.
    p_open : float, default=0.4
        Probability that a bracket is opened rather than closed, where both are possible. Above 0.5,
        strings are long and deeply nested.
    p_end : float, default=0.3
        Probability that a string ends when no bracket is open. Each string has at least one
        pair.
    random_state : int, RandomState instance or None, default=None
        Determines random number generation. Pass an int for reproducible output across
        multiple function calls.

    Returns
    -------
    X : list of str
        The strings.
    log_proba : ndarray of float64 of shape (n_samples,)
        Log-likelihood of each string, including its end, in nats.

    Notes
    -----
    If no bracket is open, a string ends with probability `p_end`, except at its beginning, or a
    bracket is opened. If `max_depth` brackets are open, one is closed. In all other states, a
    bracket is opened with probability `p_open`, and closed otherwise. The types of opened brackets
    are uniformly distributed.

    References
    ----------
    Hewitt et al. (2020), RNNs can generate bounded hierarchical languages with optimal memory.

    Examples
    --------
    >>> from sk_rnn.datasets import make_dyck
    >>> X, log_proba = make_dyck(3, random_state=0)
    >>> X
    ['[]', '[]((())[[][]])', '[]']
    >>> log_proba.round(2)
    array([ -2.41, -14.57,  -2.41])
    """
    rng = check_random_state(random_state)
    pairs = _BRACKETS[: int(n_types)]
    p_open, p_end, max_depth = float(p_open), float(p_end), int(max_depth)
    length = _expected_length(max_depth, p_open, p_end)
    if length > _LONGEST:
        raise ValueError(
            f"make_dyck: strings would have more than {_LONGEST} characters on average at "
            f"p_open={p_open}, max_depth={max_depth} and p_end={p_end}. Lower p_open or max_depth, "
            "or raise p_end."
        )
    strings, log_probas = [], []
    for _ in range(int(n_samples)):
        string, log_proba = _draw(rng, pairs, max_depth, p_open, p_end)
        strings.append(string)
        log_probas.append(log_proba)
    return strings, np.array(log_probas)


def _expected_length(max_depth: int, p_open: float, p_end: float) -> float:
    """Return the expected number of characters; inexact above the limit."""
    steps = 1.0  # expected number of characters from the largest depth to the one below it
    for _ in range(max_depth - 1):  # the same from each smaller depth
        following = (1.0 + p_open * steps) / (1.0 - p_open)
        if following == steps or steps > _LONGEST:
            break
        steps = following
    return (1.0 + steps) / p_end


def _draw(
    rng: np.random.RandomState, pairs: tuple[str, ...], max_depth: int, p_open: float, p_end: float
) -> tuple[str, float]:
    """Return a string and its log-likelihood."""
    written: list[str] = []
    expected: list[str] = []  # the closing brackets, the next one last
    log_proba = 0.0
    while True:
        if not expected:
            p = 1.0 if not written else 1.0 - p_end
        else:
            p = p_open if len(expected) < max_depth else 0.0
        opens = rng.random_sample() < p
        log_proba += np.log(p if opens else 1.0 - p)
        if opens:
            pair = pairs[rng.randint(len(pairs))]
            log_proba -= np.log(len(pairs))
            written.append(pair[0])
            expected.append(pair[1])
        elif expected:
            written.append(expected.pop())
        else:
            return "".join(written), float(log_proba)
