"""Exact match and token accuracy."""

from typing import Any

import numpy as np

from ._pairs import as_tokens, read_pairs


def sequence_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Fraction of sequences that are predicted exactly (exact match).

    A prediction is correct if it has the same tokens in the same order; a string equals the list of
    its characters. In the literature on single words, such as transliteration and inflection, this
    is one minus the word error rate.

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
        If there are no sequences, or if `y_true` and `y_pred` differ in length.

    See Also
    --------
    token_accuracy_score : Fraction of correct tokens.
    edit_distance : Distance between sequences.

    Examples
    --------
    >>> from sk_rnn.metrics import sequence_accuracy_score
    >>> sequence_accuracy_score(["kitten", "dog"], ["sitten", "dog"])
    0.5

    As a scorer in model selection:

    >>> from sklearn.metrics import make_scorer
    >>> scoring = make_scorer(sequence_accuracy_score)
    """
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, "sequence_accuracy_score")
    right = [as_tokens(t) == as_tokens(p) for t, p in zip(true, predicted, strict=True)]
    return float(np.average(right, weights=weights))


def token_accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Fraction of positions at which true and predicted tokens agree, pooled over all sequences.

    If the two sequences of a sample differ in length, the excess positions of the longer one count
    as wrong, so neither short nor long predictions are rewarded. An extra token at the beginning
    makes all others wrong; `edit_distance` does not have this problem. If all predictions have the
    true length, as in sequence labelling, this is the usual token accuracy.

    Parameters
    ----------
    y_true : sequence of str or of sequences
        The true sequences, one per sample.
    y_pred : sequence of str or of sequences
        The predicted sequences.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; each position has the weight of its sample.

    Returns
    -------
    score : float
        From 0 to 1; greater is better. 1 if all sequences are empty.

    Raises
    ------
    TypeError
        If a sequence is None or a number, or if a token is not hashable.
    ValueError
        If there are no sequences, or if `y_true` and `y_pred` differ in length.

    Examples
    --------
    Two tokens of the first sample and one of three positions of the second are correct:

    >>> from sk_rnn.metrics import token_accuracy_score
    >>> token_accuracy_score([["N", "V"], ["N"]], [["N", "V"], ["N", "V", "N"]])
    0.6
    """
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, "token_accuracy_score")
    pairs = list(zip(true, predicted, strict=True))
    # Truncated to the shorter one.
    right = [sum(t == p for t, p in zip(*pair, strict=False)) for pair in pairs]
    positions = [max(len(t), len(p)) for t, p in pairs]
    total = float(weights @ positions)
    return float(weights @ right) / total if total else 1.0
