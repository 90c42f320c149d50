"""Strings taken apart so that they can be put together again."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

# Words, marks with the spaces around them, other spaces: together they cover any string.
_PIECES = re.compile(r"\w+|\s*[^\w\s]\s*|\s+")


def split_words(text: str) -> list[str]:
    """Split a string into words and marks, such that `join_words` gives it back.

    A mark keeps the spaces around it; the one space between two words is left out.

    Parameters
    ----------
    text : str

    Returns
    -------
    tokens : list of str

    Examples
    --------
    >>> from sk_rnn.sequences import join_words, split_words
    >>> split_words("Oui, j'arrive tout de suite !")
    ['Oui', ', ', 'j', "'", 'arrive', 'tout', 'de', 'suite', ' !']
    >>> join_words(split_words("Oui, j'arrive !"))
    "Oui, j'arrive !"
    """
    pieces = _PIECES.findall(text)
    last = len(pieces) - 1
    return [piece for i, piece in enumerate(pieces) if piece != " " or i in (0, last)]


def join_words(tokens: Iterable[str]) -> str:
    """Put words and marks of `split_words` together again.

    Parameters
    ----------
    tokens : iterable of str

    Returns
    -------
    text : str
    """
    tokens = list(tokens)
    if not tokens:
        return ""
    parts = [tokens[0]]
    for before, token in pairwise(tokens):
        if _is_word(before) and _is_word(token):
            parts.append(" ")
        parts.append(token)
    return "".join(parts)


def _is_word(token: str) -> bool:
    return token[:1].isalnum() or token[:1] == "_"


def find_joiner(texts: Sequence[str], analyze: Callable[[str], Iterable[Any]]) -> str:
    """Return what must stand between tokens to get the texts back: nothing, or else a space.

    Parameters
    ----------
    texts : sequence of str
    analyze : callable
        From a text to its tokens, strings.

    Returns
    -------
    joiner : {"", " "}
    """
    joined = ("".join(map(str, analyze(text))) == text for text in texts[:100])
    return "" if all(joined) else " "
