"""Edit distance and error rates derived from it."""

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

from ._pairs import Tokens, read_pairs


def edit_distance(
    y_true: Any, y_pred: Any, *, normalize: bool = False, sample_weight: Any = None
) -> float:
    """Mean Levenshtein distance of the predicted sequences from the true ones.

    The minimum number of token insertions, deletions and substitutions that transform one sequence
    into the other (Levenshtein, 1966). Faster after ``pip install rapidfuzz``.

    Parameters
    ----------
    y_true : sequence of str or of sequences
        The true sequences, one per sample. Tokens are the characters of strings, or the
        hashable elements of lists.
    y_pred : sequence of str or of sequences
        The predicted sequences.
    normalize : bool, default=False
        Whether to divide each distance by the length of the longer sequence, so that it is between
        0 and 1.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

    Returns
    -------
    loss : float
        0 or more; smaller is better.

    Raises
    ------
    TypeError
        If a sequence is None or a number, or if a token is not hashable.
    ValueError
        If there are no sequences, or if `y_true` and `y_pred` differ in length.

    See Also
    --------
    token_error_rate : Edits over all sequences, per true token.

    References
    ----------
    Levenshtein (1966), Binary codes capable of correcting deletions, insertions and reversals.

    Examples
    --------
    >>> from sk_rnn.metrics import edit_distance
    >>> edit_distance(["kitten", "dog"], ["sitting", "dog"])
    1.5
    >>> edit_distance([[1, 2, 3, 4]], [[1, 2]], normalize=True)
    0.5

    As a scorer in model selection, where greater must be better:

    >>> from sklearn.metrics import make_scorer
    >>> scoring = make_scorer(edit_distance, greater_is_better=False)
    """
    if not isinstance(normalize, bool | np.bool_):
        raise TypeError(f"edit_distance: normalize must be True or False; got {normalize!r}.")
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, "edit_distance")
    distances = _distances(true, predicted).astype(np.float64)
    if normalize:
        longer = [max(len(t), len(p), 1) for t, p in zip(true, predicted, strict=True)]
        distances /= longer
    return float(np.average(distances, weights=weights))


def token_error_rate(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Edits from the predicted to the true sequences, per true token.

    The distances of all samples are summed and divided by the total number of true tokens, so long
    sequences have more weight. With phonemes as tokens this is the phoneme error rate. Faster after
    ``pip install rapidfuzz``.

    Parameters
    ----------
    y_true : sequence of str or of sequences
        The true sequences, one per sample. Tokens are the characters of strings, or the
        hashable elements of lists.
    y_pred : sequence of str or of sequences
        The predicted sequences.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, of both their edits and their tokens.

    Returns
    -------
    loss : float
        0 or more; smaller is better. It may exceed 1 if predictions are longer than the true
        sequences.

    Raises
    ------
    TypeError
        If a sequence is None or a number, or if a token is not hashable.
    ValueError
        If there are no sequences, if `y_true` and `y_pred` differ in length, or if `y_true` has no
        tokens.

    See Also
    --------
    word_error_rate : Error rate of the words in strings.
    character_error_rate : Error rate of the characters in strings.

    Examples
    --------
    One edit for five true phonemes:

    >>> from sk_rnn.metrics import token_error_rate
    >>> token_error_rate([["K", "AE", "T"], ["AY", "T"]], [["K", "AH", "T"], ["AY", "T"]])
    0.2
    """
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, "token_error_rate")
    return _error_rate(true, predicted, weights, "token_error_rate", "tokens")


def character_error_rate(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Character edits from the predicted to the true strings, per true character.

    All characters count, including spaces and accents. Faster after ``pip install
    rapidfuzz``.

    Parameters
    ----------
    y_true : sequence of str
        The true strings, one per sample.
    y_pred : sequence of str
        The predicted sequences.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, of both their edits and their characters.

    Returns
    -------
    loss : float
        0 or more; smaller is better.

    Raises
    ------
    TypeError
        If a sample is not a string.
    ValueError
        If there are no strings, if `y_true` and `y_pred` differ in length, or if `y_true` has no
        characters.

    See Also
    --------
    token_error_rate : Error rate of lists of tokens.

    Examples
    --------
    >>> from sk_rnn.metrics import character_error_rate
    >>> character_error_rate(["kitten", "dogs"], ["sitten", "dogs"])
    0.1
    """
    caller = "character_error_rate"
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, caller)
    _refuse_lists(true, f"{caller}: y_true")
    _refuse_lists(predicted, f"{caller}: y_pred")
    return _error_rate(true, predicted, weights, caller, "characters")


def word_error_rate(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Word edits from the predicted to the true texts, per true word.

    Strings are split only at white space: punctuation and case count, so remove them beforehand if
    they should not. Faster after ``pip install rapidfuzz``.

    Parameters
    ----------
    y_true : sequence of str or of sequences of str
        The true texts, one per sample; a list holds the words of a text.
    y_pred : sequence of str or of sequences of str
        The predicted sequences.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, of both their edits and their words.

    Returns
    -------
    loss : float
        0 or more; smaller is better.

    Raises
    ------
    TypeError
        If a text is None or a number, or a word is not hashable.
    ValueError
        If there are no texts, if `y_true` and `y_pred` differ in length, or if `y_true` has no
        words.

    Examples
    --------
    >>> from sk_rnn.metrics import word_error_rate
    >>> word_error_rate(["the cat sat", "a dog"], ["the cat sat down", "a dog"])
    0.2
    """
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, "word_error_rate")
    return _error_rate(_words(true), _words(predicted), weights, "word_error_rate", "words")


def _refuse_lists(sequences: list[Tokens], where: str) -> None:
    for i, sequence in enumerate(sequences):
        if not isinstance(sequence, str):
            raise TypeError(
                f"{where}[{i}] is not a string. Pass strings, or use token_error_rate for lists of "
                "tokens."
            )


def _words(texts: list[Tokens]) -> list[Tokens]:
    return [tuple(text.split()) if isinstance(text, str) else text for text in texts]


def _error_rate(
    true: Sequence[Tokens], predicted: Sequence[Tokens], weights: np.ndarray, caller: str, noun: str
) -> float:
    n_tokens = float(weights @ [len(sequence) for sequence in true])
    if not n_tokens:
        raise ValueError(
            f"{caller}: the sequences of y_true have no {noun}, so the error rate is undefined. "
            "Use edit_distance."
        )
    return float(weights @ _distances(true, predicted)) / n_tokens


def _distances(true: Sequence[Tokens], predicted: Sequence[Tokens]) -> np.ndarray:
    """Return the Levenshtein distance of each pair: (n_samples,)."""
    levenshtein: Callable[[Any, Any], int] = _levenshtein
    with suppress(ImportError):  # scores of estimators are error rates, so it is optional
        levenshtein = import_module("rapidfuzz.distance.Levenshtein").distance
    # rapidfuzz compares hashes, for which a character equals its code point and other tokens may
    # collide. Numbered tokens are equal if and only if they are equal in Python.
    numbers: dict[Hashable, int] = {}

    def distance(first: Tokens, second: Tokens) -> int:
        if isinstance(first, str) and isinstance(second, str):
            return levenshtein(first, second)
        return levenshtein(
            [numbers.setdefault(token, len(numbers)) for token in first],
            [numbers.setdefault(token, len(numbers)) for token in second],
        )

    return np.array([distance(t, p) for t, p in zip(true, predicted, strict=True)])


def _levenshtein(first: Sequence[Any], second: Sequence[Any]) -> int:
    """Return the Levenshtein distance of two strings, or of two lists of numbers.

    The usual recursion, one row of its table at a time.
    """
    if isinstance(first, str):
        first, second = list(map(ord, first)), list(map(ord, second))
    columns = np.arange(len(second) + 1)
    tokens = np.array(second, dtype=np.int64)
    row = columns
    for i, token in enumerate(first, 1):
        # Deletions and substitutions depend on the previous row, insertions on the current row:
        # new[j] = min(new[k] + j - k for k <= j).
        new = np.empty_like(row)
        new[0] = i
        np.minimum(row[1:] + 1, row[:-1] + (tokens != token), out=new[1:])
        row = np.minimum.accumulate(new - columns) + columns
    return int(row[-1])
