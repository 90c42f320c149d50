"""Connectionist temporal classification: likelihoods, alignment and greedy decoding.

All functions are for one sequence. They read log-probabilities of shape (T, C): one row per time
step, with the blank in column 0 and token k in column k. Entries may be -inf.
"""

import numpy as np
from numpy.typing import ArrayLike

BLANK = 0  # the column of "no token at this step"


def ctc_greedy(log_probs: ArrayLike) -> tuple[tuple[int, ...], float]:
    """Decode by the most probable path: repetitions are merged, then blanks are removed.

    The most probable path is not always that of the most probable tokens, which `ctc_beam_search`
    looks for.

    Parameters
    ----------
    log_probs : array-like of shape (T, C)
        Log-probabilities of each time step, with the blank in column 0.

    Returns
    -------
    ids : tuple of int
        The tokens, from 1 to C - 1.
    log_prob : float
        Log-probability of the path.

    Examples
    --------
    >>> import math
    >>> import numpy as np
    >>> from sk_rnn.decoding import ctc_greedy
    >>> ids, log_prob = ctc_greedy(np.log([[.1, .8, .1], [.1, .8, .1], [.9, .05, .05]]))
    >>> ids
    (1,)
    >>> round(math.exp(log_prob), 3)
    0.576
    """
    steps = _as_steps(log_probs)
    path = steps.argmax(axis=1)
    is_new = np.diff(path, prepend=BLANK) != 0
    return tuple(path[is_new & (path != BLANK)].tolist()), float(steps.max(axis=1).sum())


def ctc_log_likelihood(log_probs: ArrayLike, ids: ArrayLike) -> float:
    r"""Return the log-likelihood of tokens, summed over all alignments.

    Parameters
    ----------
    log_probs : array-like of shape (T, C)
        Log-probabilities of each time step, with the blank in column 0.
    ids : array-like of int of shape (L,)
        The tokens, from 1 to C - 1.

    Returns
    -------
    log_likelihood : float
        -inf if there are fewer time steps than tokens and repetitions, between which a blank is
        necessary.

    Notes
    -----
    The forward recursion of Graves et al. (2006) over the tokens with blanks around them,
    :math:`l'`, in the log domain:

    .. math:: \alpha_t(s) = y_t(l'_s) \left(\alpha_{t-1}(s) + \alpha_{t-1}(s-1)
              + [l'_s \ne \text{blank}, l'_s \ne l'_{s-2}] \, \alpha_{t-1}(s-2)\right)

    References
    ----------
    Graves, Fernández, Gomez & Schmidhuber (2006), Connectionist temporal classification: labelling
    unsegmented sequence data with recurrent neural networks, ICML, section 4.1.

    Examples
    --------
    Token 1 in two steps: "1 1", "1 blank" and "blank 1".

    >>> import math
    >>> import numpy as np
    >>> from sk_rnn.decoding import ctc_log_likelihood
    >>> round(math.exp(ctc_log_likelihood(np.log([[.5, .5], [.4, .6]]), [1])), 3)
    0.8
    """
    emissions, skips = _with_blanks(log_probs, ids)
    if not len(emissions):
        return 0.0 if emissions.shape[1] == 1 else -np.inf
    forward = _first_step(emissions)
    for emission in emissions[1:]:
        near = np.logaddexp(forward[2:], forward[1:-1])
        forward[2:] = np.logaddexp(near, forward[:-2] + skips) + emission
    # The path ends with the last token, or with the blank after it. Without tokens, the entry
    # before the blank is padding.
    return float(np.logaddexp(forward[-1], forward[-2]))


def ctc_single(log_probs: ArrayLike) -> np.ndarray:
    """Return the log-likelihood of each token as the only one of the sequence.

    Equal to ``ctc_log_likelihood(log_probs, [k])`` for each k, in a single pass.

    Parameters
    ----------
    log_probs : array-like of shape (T, C)
        Log-probabilities of each time step, with the blank in column 0.

    Returns
    -------
    log_likelihoods : ndarray of float64 of shape (C - 1,)
        Of the tokens 1 to C - 1; -inf if there are no time steps.
    """
    steps = _as_steps(log_probs)
    before = 0.0
    inside = after = np.full(steps.shape[1] - 1, -np.inf)
    for step in steps:
        after = np.logaddexp(after, inside) + step[BLANK]
        inside = np.logaddexp(inside, before) + step[BLANK + 1 :]
        before += step[BLANK]
    return np.logaddexp(inside, after)


def ctc_align(log_probs: ArrayLike, ids: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the time steps of each token in the most probable alignment.

    Parameters
    ----------
    log_probs : array-like of shape (T, C)
        Log-probabilities of each time step, with the blank in column 0.
    ids : array-like of int of shape (L,)
        The tokens, from 1 to C - 1.

    Returns
    -------
    start, stop : ndarray of int64 of shape (L,)
        The first step of each token, and the step after its last. Steps between tokens are blanks.
    log_prob : ndarray of float64 of shape (L,)
        Mean log-probability of each token in its steps: a confidence that does not depend on the
        token's duration, which is between 0 and 1 after ``exp``. If no alignment has a positive
        probability, it is -inf for all tokens, and `start` and `stop` are 0.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn.decoding import ctc_align
    >>> log_probs = np.log([[.8, .1, .1], [.1, .8, .1], [.1, .8, .1], [.2, .1, .7]])
    >>> start, stop, log_prob = ctc_align(log_probs, [1, 2])
    >>> start, stop
    (array([1, 3]), array([3, 4]))
    >>> np.exp(log_prob).round(3)
    array([0.8, 0.7])
    """
    emissions, skips = _with_blanks(log_probs, ids)
    n_steps, n_states = emissions.shape
    n_tokens = n_states // 2
    unaligned = np.zeros(n_tokens, dtype=np.int64)
    if not n_steps or not n_tokens:
        return unaligned, unaligned.copy(), np.full(n_tokens, -np.inf)
    best = _first_step(emissions)
    moves = np.zeros((n_steps, n_states), dtype=np.int64)
    for t in range(1, n_steps):
        options = np.stack((best[2:], best[1:-1], best[:-2] + skips))  # (3, n_states)
        moves[t] = options.argmax(axis=0)
        best[2:] = options.max(axis=0) + emissions[t]
    if best[-2:].max() == -np.inf:
        return unaligned, unaligned.copy(), np.full(n_tokens, -np.inf)

    path = np.empty(n_steps, dtype=np.int64)  # positions in the tokens with blanks
    path[-1] = n_states - 2 + best[-2:].argmax()
    for t in range(n_steps - 1, 0, -1):
        path[t - 1] = path[t] - moves[t, path[t]]
    positions = np.arange(1, n_states, 2)
    start = np.searchsorted(path, positions, side="left")
    stop = np.searchsorted(path, positions, side="right")
    along = emissions[np.arange(n_steps), path]
    means = [along[i:j].mean() for i, j in zip(start, stop, strict=True)]
    return start, stop, np.array(means)


def _as_steps(log_probs: ArrayLike) -> np.ndarray:
    # float64, so that sums over thousands of steps stay exact.
    return np.asarray(log_probs, dtype=np.float64)


def _with_blanks(log_probs: ArrayLike, ids: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs of the recursions over tokens with blanks around each, S = 2 L + 1.

    Returns
    -------
    emissions : ndarray of shape (T, S)
        Log-probability of each position at each step.
    skips : ndarray of shape (S,)
        0 if a position can follow the one before its predecessor, otherwise -inf: tokens may
        follow each other without a blank unless they are equal.
    """
    ids = np.asarray(ids, dtype=np.int64)
    labels = np.full(2 * len(ids) + 1, BLANK)
    labels[1::2] = ids
    skips = np.full(len(labels), -np.inf)
    skips[3::2][ids[1:] != ids[:-1]] = 0.0
    return _as_steps(log_probs)[:, labels], skips


def _first_step(emissions: np.ndarray) -> np.ndarray:
    """Return the log-probabilities of all positions at the first step, with two -inf before."""
    forward = np.full(emissions.shape[1] + 2, -np.inf)
    forward[2:4] = emissions[0, :2]
    return forward
