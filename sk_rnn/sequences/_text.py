"""Reversible splitting of strings into words and punctuation."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

# Words, punctuation with adjacent spaces, other spaces: every string is a sequence of these.
_PIECES = re.compile(r"\w+|\s*[^\w\s]\s*|\s+")


def split_words(text: str) -> list[str]:
    """Split a string into words and punctuation; `join_words` is the inverse.

    A punctuation mark keeps adjacent spaces; a single space between two words is left out.

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
    """Join the words and punctuation from `split_words`.

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
    """Return the separator that restores the texts from their tokens: empty, or else a space.

    Parameters
    ----------
    texts : sequence of str
    analyze : callable
        Function from a text to its tokens, which are strings.

    Returns
    -------
    joiner : {"", " "}
    """
    joined = ("".join(map(str, analyze(text))) == text for text in texts[:100])
    return "" if all(joined) else " "
