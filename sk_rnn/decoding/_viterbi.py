"""The Viterbi algorithm: the best sequence of labels that depend on previous ones."""

import numpy as np
import numpy.typing as npt

from ..kernels import prepare_chain


def viterbi(
    emissions: npt.ArrayLike,
    lengths: npt.ArrayLike,
    transitions: npt.ArrayLike,
    *,
    start: npt.ArrayLike | None = None,
    end: npt.ArrayLike | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the sequence of labels with the highest score for each sequence of steps.

    The score of a sequence of labels is the sum of its emissions, of the transitions between its
    labels, and of `start` and `end` of its first and last label (Viterbi, 1967). A score of minus
    infinity forbids a label or a transition.

    Parameters
    ----------
    emissions : array-like of shape (n_steps, n_labels)
        Scores of the labels at the steps of all sequences, one sequence after the other.
    lengths : array-like of shape (n_sequences,)
        Number of steps of each sequence, at least one.
    transitions : array-like of shape (n_labels, n_labels)
        ``transitions[i, j]`` is added where label j follows label i.
    start, end : array-like of shape (n_labels,) or None, default=None
        Added for the first and the last label; None for zeros.

    Returns
    -------
    labels : ndarray of int64 of shape (n_steps,)
        Of several best sequences, the one with the lowest labels, from the last step backwards.
    scores : ndarray of float64 of shape (n_sequences,)
        Their scores: minus infinity if every sequence of labels is forbidden, and then `labels` are
        arbitrary.

    Notes
    -----
    Compiled if Numba is available. Results are the same without it.

    Examples
    --------
    Label 1 is the better one at each step, but must not follow itself:

    >>> import numpy as np
    >>> from sk_rnn.decoding import viterbi
    >>> emissions = [[0.0, 1.0], [0.0, 3.0], [0.0, 1.0]]
    >>> labels, scores = viterbi(emissions, [3], [[0.0, 0.0], [0.0, -np.inf]])
    >>> labels, scores
    (array([0, 1, 0]), array([3.]))
    """
    emissions, transitions = (
        np.ascontiguousarray(values, dtype=np.float64) for values in (emissions, transitions)
    )
    zeros = np.zeros(len(transitions))
    ends = [
        zeros if values is None else np.ascontiguousarray(values, dtype=np.float64)
        for values in (start, end)
    ]
    offsets = np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))])
    labels, scores = np.zeros(len(emissions), np.int64), np.zeros(len(offsets) - 1)
    if len(scores):
        arguments = (emissions, offsets, ends[0], transitions, ends[1], labels, scores)
        if prepare_chain():
            _best_sequences(*arguments)
        else:
            from ..kernels._chain import best_sequences  # imports Numba

            best_sequences(*arguments)
    return labels, scores


def _best_sequences(
    emissions: np.ndarray,
    offsets: np.ndarray,
    start: np.ndarray,
    transitions: np.ndarray,
    end: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
) -> None:
    """Like the compiled function of this name, step by step for all sequences at once."""
    lengths = np.diff(offsets)
    rows = np.argsort(-lengths, kind="stable")
    firsts, lengths = offsets[:-1][rows], lengths[rows]
    origins = np.zeros(emissions.shape, np.int32)
    score = start + emissions[firsts]  # (B, K)
    for t in range(1, int(lengths[0])):
        n = int(np.searchsorted(-lengths, -t))  # sequences that have a step t
        candidates = score[:n, :, None] + transitions  # (n, K, K)
        origins[firsts[:n] + t] = candidates.argmax(axis=1)
        score[:n] = candidates.max(axis=1) + emissions[firsts[:n] + t]
    score += end
    label = score.argmax(axis=1)
    scores[rows] = score[np.arange(len(rows)), label]
    for t in range(int(lengths[0]) - 1, -1, -1):
        n = int(np.searchsorted(-lengths, -t))
        steps = firsts[:n] + t
        labels[steps] = label[:n]
        label[:n] = origins[steps, label[:n]]
