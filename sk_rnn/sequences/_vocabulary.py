"""The vocabulary: a mapping between tokens and ids."""

import re
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import chain, pairwise, repeat
from typing import Any, NamedTuple, Self

import numpy as np

from ._layout import locate, offsets_of
from ._panel import Panel

# With at least this many sequences, min_df="auto" is 2. Tokens of a single sequence are memorised,
# and unless some tokens are left out, the unknown token does not occur in training (questions of
# TREC: accuracy .909 against .876). With few sequences, most tokens occur in only one.
_MANY = 1000

# The memory address in the default repr of an object.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Unknown(NamedTuple):
    """Counts of the tokens that were not in a vocabulary.

    Attributes
    ----------
    n_tokens, n_sequences : int
        Number of unknown tokens, and of sequences that contain at least one.
    first : tuple of (int, token) or None
        The index of the first such sequence, and its first unknown token.
    """

    n_tokens: int
    n_sequences: int
    first: tuple[int, Hashable] | None


class Vocabulary:
    """A mapping between tokens and ids, which start after the ids of reserved tokens.

    The reserved tokens (padding, unknown, begin and end) differ between estimators and are an
    argument. ``len(vocabulary)`` is the number of ids, including reserved ones.

    Parameters
    ----------
    tokens : collection of hashable
        Without duplicates, in the order of their ids. It is not copied.
    reserved : tuple of str
        Names of the reserved tokens, in the order of their ids. They must include
        ``"<unknown>"``, and ``"<end>"`` if `encode` is called with ``end=True``.

    Attributes
    ----------
    tokens, reserved
        As above.
    ids : dict
        The id of each token, without reserved ones.
    unknown_id : int
        The id of tokens that are not in the vocabulary.

    Examples
    --------
    >>> from sk_rnn.sequences import Vocabulary
    >>> vocabulary = Vocabulary(["no", "yes"], ("<end>", "<unknown>"))
    >>> len(vocabulary), vocabulary.ids
    (4, {'no': 2, 'yes': 3})
    >>> panel, unknown = vocabulary.encode([["yes", "no"], ["maybe"]], end=True)
    >>> [row.tolist() for row in panel]
    [[3, 2, 0], [1, 0]]
    >>> vocabulary.decode(panel, marks=False)
    [['yes', 'no'], ['<unknown>']]
    """

    def __init__(self, tokens: Collection[Hashable], reserved: tuple[str, ...]) -> None:
        self.tokens = tokens
        self.reserved = reserved
        self.unknown_id = reserved.index("<unknown>")

    @classmethod
    def from_ids(cls, ids: dict[Any, int], reserved: tuple[str, ...]) -> Self:
        """Construct a vocabulary from its `ids`, without iterating over them.

        Parameters
        ----------
        ids : dict
            Tokens and their ids, in increasing order of the ids, which are consecutive and start
            after the reserved ones.
        reserved : tuple of str

        Returns
        -------
        Vocabulary
        """
        vocabulary = cls(ids, reserved)
        vocabulary.ids = ids
        return vocabulary

    @classmethod
    def learn(
        cls, rows: Iterable[Sequence[Hashable]], reserved: tuple[str, ...], min_df: int = 1
    ) -> Self:
        """Learn a vocabulary of the tokens that occur in at least `min_df` sequences.

        Parameters
        ----------
        rows : iterable of sequence of hashable
        reserved : tuple of str
        min_df : int, default=1

        Returns
        -------
        Vocabulary
            Its tokens are sorted; tokens without an order are sorted by type and then by their
            repr. Objects whose repr contains their memory address are sorted by their attributes,
            and by first appearance if these are equal: only then the order of the rows matters.

        Examples
        --------
        >>> from sk_rnn.sequences import Vocabulary
        >>> Vocabulary.learn(["ab", "bc", "bd"], ("<unknown>",), min_df=2).ids
        {'b': 1}
        """
        return cls(_sorted_tokens(_tokens_of(rows, min_df)), reserved)

    @cached_property
    def ids(self) -> dict[Any, int]:
        """The id of each token."""
        return {token: i for i, token in enumerate(self.tokens, len(self.reserved))}

    def __len__(self) -> int:
        return len(self.reserved) + len(self.tokens)

    def names(self) -> np.ndarray:
        """Return the token of each id.

        Returns
        -------
        ndarray of object of shape (n_ids,)
        """
        # Tokens may be tuples, which np.array would convert to rows.
        return np.fromiter(chain(self.reserved, self.tokens), dtype=object, count=len(self))

    def look_up(self, tokens: Iterable[Hashable]) -> Iterator[int]:
        """Return the id of each token, or `unknown_id`.

        Parameters
        ----------
        tokens : iterable of hashable

        Returns
        -------
        iterator of int
        """
        return map(self.ids.get, tokens, repeat(self.unknown_id))

    def encode(
        self, rows: Sequence[Sequence[Hashable]], *, end: bool = False
    ) -> tuple[Panel, Unknown]:
        """Convert sequences of tokens to a Panel of ids.

        Parameters
        ----------
        rows : sequence of sequence of hashable
        end : bool, default=False
            Whether to append the id of ``"<end>"`` to each sequence.

        Returns
        -------
        panel : Panel
            Ids as int64; `n_tokens` is the number of ids.
        unknown : Unknown
            Counts of the tokens that are not in the vocabulary.
        """
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        offsets = offsets_of(lengths)
        found = self.look_up(chain.from_iterable(rows))
        ids = np.fromiter(found, dtype=np.int64, count=offsets[-1])
        unknown = self._count_unknown(rows, ids, offsets)
        if end:
            ids = np.insert(ids, offsets[1:], self.reserved.index("<end>"))
            offsets = offsets_of(lengths + 1)
        return Panel(ids, offsets, n_tokens=len(self)), unknown

    def _count_unknown(
        self, rows: Sequence[Sequence[Hashable]], ids: np.ndarray, offsets: np.ndarray
    ) -> Unknown:
        missing = np.flatnonzero(ids == self.unknown_id)  # no token has this id
        if not len(missing):
            return Unknown(0, 0, None)
        n_sequences = len(np.unique(np.searchsorted(offsets, missing, side="right")))
        i, step = locate(offsets, missing[0])
        return Unknown(len(missing), n_sequences, (i, rows[i][step]))

    def decode(
        self, rows: Panel | Iterable[Sequence[int]], *, marks: bool = True
    ) -> list[list[Any]]:
        """Convert sequences of ids to lists of tokens.

        Parameters
        ----------
        rows : Panel or iterable of sequence of int
            Ids from 0 to ``len(vocabulary) - 1``.
        marks : bool, default=True
            Whether to include the names of reserved tokens. Unknown tokens are always included.

        Returns
        -------
        list of list
        """
        if isinstance(rows, Panel):
            ids, offsets = rows.values, rows.offsets
        else:
            rows = list(rows)
            offsets = offsets_of(np.fromiter(map(len, rows), dtype=np.int64, count=len(rows)))
            ids = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=offsets[-1])
        if not marks:
            kept = (ids >= len(self.reserved)) | (ids == self.unknown_id)
            ids, offsets = ids[kept], offsets_of(kept)[offsets]
        tokens = self.names()[ids].tolist()
        return [tokens[start:stop] for start, stop in pairwise(offsets.tolist())]


def least_sequences(n_sequences: int) -> int:
    """Return ``min_df="auto"``: the minimum number of sequences in which a token must occur.

    Parameters
    ----------
    n_sequences : int
        Number of sequences in total.

    Returns
    -------
    int
    """
    return 2 if n_sequences >= _MANY else 1


def _tokens_of(rows: Iterable[Sequence[Hashable]], min_df: int) -> list[Hashable]:
    """Return the tokens that occur in at least `min_df` sequences, by first appearance."""
    if min_df <= 1:
        return list(dict.fromkeys(chain.from_iterable(rows)))
    # Not sets, whose order differs between processes.
    counts = Counter(chain.from_iterable(map(dict.fromkeys, rows)))
    return [token for token, count in counts.items() if count >= min_df]


def _sorted_tokens(tokens: list[Hashable]) -> list[Hashable]:
    """Sort tokens, in an order that does not depend on the input if possible."""
    if all(map(_has_total_order, tokens)):
        try:
            # Tokens that cannot be compared raise TypeError, which is caught below.
            return sorted(tokens)  # type: ignore[type-var]
        except TypeError:
            pass  # of several types
    try:
        return sorted(tokens, key=_order_key)
    except RecursionError:  # tokens that contain each other
        return tokens


def _has_total_order(token: Any) -> bool:
    """Return whether ``<`` is a total order of such tokens; for sets it is the subset relation."""
    if isinstance(token, tuple):
        return all(map(_has_total_order, token))
    return isinstance(token, str | bytes | int | float | date | timedelta | Decimal | Fraction)


def _order_key(token: Any) -> tuple[Any, ...]:
    """Sort key of a token: its type and content, but not its memory address."""
    kind = type(token)
    if isinstance(token, frozenset):
        content: Any = sorted(map(_order_key, token))
    elif isinstance(token, tuple):
        content = [_order_key(part) for part in token]
    elif is_dataclass(token):
        content = [_order_key(getattr(token, field.name)) for field in fields(token)]
    elif _ADDRESS.search(text := repr(token)) is None:
        content = text
    else:  # the default repr
        content = sorted((name, _order_key(value)) for name, value in _attributes(token).items())
    return kind.__name__, kind.__module__, isinstance(content, str), content


def _attributes(token: Any) -> dict[str, Any]:
    slots = [name for kind in type(token).__mro__ for name in getattr(kind, "__slots__", ())]
    values = {name: getattr(token, name) for name in slots if hasattr(token, name)}
    return {**values, **getattr(token, "__dict__", {})}
