"""The letters of words, as ids."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

# Ids of padding after shorter words, and of unknown letters.
NO_LETTER, UNKNOWN_LETTER = range(2)
_FIRST = 2

# Longer words are cut in the middle: beginnings and ends are the most informative.
MAX_LETTERS = 24


def learn_letters(words: Iterable[str]) -> str:
    """Return the distinct letters of some words, in the order of their ids."""
    return "".join(sorted(set().union(*words)))


def n_letter_ids(letters: str) -> int:
    """Return the number of ids, including those that are not letters."""
    return _FIRST + len(letters)


def spell(words: Sequence[Hashable], letters: str) -> np.ndarray:
    """Return the ids of the letters of each word.

    Parameters
    ----------
    words : sequence of hashable
        Words that are not strings are spelled as ``str`` returns them.
    letters : str
        Known letters.

    Returns
    -------
    ids : ndarray of int32 of shape (n_words, n_letters)
        At least one column, and as many as the longest word has letters; shorter words are padded
        with `NO_LETTER`.

    Examples
    --------
    >>> from sk_rnn.estimators.sources._spelling import spell
    >>> spell(["ab", "box"], "abo").tolist()
    [[2, 3, 0], [3, 4, 1]]
    """
    id_of = {letter: i for i, letter in enumerate(letters, _FIRST)}
    spelled = [[id_of.get(letter, UNKNOWN_LETTER) for letter in _cut(str(w))] for w in words]
    ids = np.full((len(words), max(map(len, spelled), default=0) or 1), NO_LETTER, dtype=np.int32)
    for row, known in zip(ids, spelled, strict=True):
        row[: len(known)] = known
    return ids


def _cut(word: str) -> str:
    if len(word) <= MAX_LETTERS:
        return word
    half = MAX_LETTERS // 2
    return word[:half] + word[-half:]
