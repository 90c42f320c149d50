"""Which sequences, and which tokens, are right."""

from typing import Any

import numpy as np

from ._pairs import as_tokens, read_pairs


def sequence_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of sequences that are right from end to end.

    A sequence is right if it has the same tokens in the same order; a string equals the list of its
    characters. This is `exact match`, and one minus the word error rate of work on single words,
    such as transliteration and inflection.

    Parameters
    ----------
    y_true : sequence of str or of sequences
        The true sequences, one per sample.
    y_pred : sequence of str or of sequences
        The predicted sequences.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    score : float
        From 0 to 1; greater is better.

    Raises
    ------
    TypeError
        If a sequence is None or a number, or if a token is not hashable.
    ValueError
        If there are no sequences, or if their numbers differ.

    See Also
    --------
    token_accuracy_score : Counts single tokens.
    edit_distance : Says how far off sequences are.

    Examples
    --------
    >>> from sk_rnn.metrics import sequence_accuracy_score
    >>> sequence_accuracy_score(["kitten", "dog"], ["sitten", "dog"])
    0.5

    As a score in model selection:

    >>> from sklearn.metrics import make_scorer
    >>> scoring = make_scorer(sequence_accuracy_score)
    """
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, "sequence_accuracy_score")
    right = [as_tokens(t) == as_tokens(p) for t, p in zip(true, predicted, strict=True)]
    return float(np.average(right, weights=weights))


def token_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of positions at which true and predicted token agree, over all sequences together.

    Where the two sequences of a sample differ in length, the positions that only the longer one has
    count as wrong; so neither stopping early nor going on is rewarded. One token too many at the
    beginning makes all others wrong: `edit_distance` is the measure for that. Where every sequence
    has its true length, as that of a tagger, this is the accuracy of all tokens.

    Parameters
    ----------
    y_true : sequence of str or of sequences
        The true sequences, one per sample.
    y_pred : sequence of str or of sequences
        The predicted sequences.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; each position has that of its sample.

    Returns
    -------
    score : float
        From 0 to 1; greater is better. 1 if all sequences are empty.

    Raises
    ------
    TypeError
        If a sequence is None or a number, or if a token is not hashable.
    ValueError
        If there are no sequences, or if their numbers differ.

    Examples
    --------
    Right are the two tokens of the first sample and one of three positions of the second:

    >>> from sk_rnn.metrics import token_accuracy_score
    >>> token_accuracy_score([["N", "V"], ["N"]], [["N", "V"], ["N", "V", "N"]])
    0.6
    """
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, "token_accuracy_score")
    pairs = list(zip(true, predicted, strict=True))
    # The shorter one ends the comparison.
    right = [sum(t == p for t, p in zip(*pair, strict=False)) for pair in pairs]
    positions = [max(len(t), len(p)) for t, p in pairs]
    total = float(weights @ positions)
    return float(weights @ right) / total if total else 1.0
