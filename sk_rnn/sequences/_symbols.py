"""Vocabularies of any hashable tokens, and sequences of ids."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ._layout import offsets_of
from ._panel import Panel

# The memory address in the default repr of an object.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Unknown(NamedTuple):
    """Counts of the tokens that were not in a vocabulary.

    Attributes
    ----------
    n_tokens, n_sequences : int
        Unknown tokens, and sequences that contain at least one.
    first : tuple of (int, token) or None
        The index of the first such sequence, and its first unknown token.
    """

    n_tokens: int
    n_sequences: int
    first: tuple[int, Hashable] | None


def learn_tokens(rows: Iterable[Sequence[Hashable]], min_count: int = 1) -> list[Hashable]:
    """Return the tokens that occur in at least `min_count` sequences, sorted.

    Parameters
    ----------
    rows : iterable of sequence of hashable
    min_count : int, default=1

    Returns
    -------
    tokens : list
        Sorted; tokens without an order are sorted by type and then by their repr. Objects whose
        repr is their memory address are sorted by their attributes, and by first appearance if
        these are equal: only then does the order of the rows matter.

    Examples
    --------
    >>> from sk_rnn.sequences import learn_tokens
    >>> learn_tokens(["ab", "bc", "bd"], min_count=2)
    ['b']
    """
    if min_count > 1:
        # Not sets, whose order differs from process to process.
        counts = Counter(chain.from_iterable(map(dict.fromkeys, rows)))
        kept = [token for token, count in counts.items() if count >= min_count]
    else:
        kept = list(dict.fromkeys(chain.from_iterable(rows)))
    if all(map(_has_total_order, kept)):
        try:
            # Tokens that cannot be compared raise TypeError, which is caught below.
            return sorted(kept)  # type: ignore[type-var]
        except TypeError:
            pass  # of several types
    try:
        return sorted(kept, key=_order_key)
    except RecursionError:  # tokens that hold each other
        return kept


def _has_total_order(token: Any) -> bool:
    """Whether ``<`` is a total order of such tokens; for sets it is the subset relation."""
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


def encode_tokens(
    rows: Sequence[Sequence[Hashable]],
    vocabulary: Mapping[Hashable, int],
    *,
    unknown: int,
    end: int,
    n_tokens: int,
) -> tuple[Panel, Unknown]:
    """Convert sequences of tokens to a Panel of their ids, each followed by an end token.

    Parameters
    ----------
    rows : sequence of sequence of hashable
    vocabulary : mapping
        From tokens to ids.
    unknown, end : int
        The ids of tokens that are not in it, and of the end mark.
    n_tokens : int
        Number of ids.

    Returns
    -------
    panel : Panel
    unknown : Unknown
        Tokens that were not in the vocabulary.
    """
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    offsets = offsets_of(lengths + 1)
    values = np.full(offsets[-1], end, dtype=np.int64)
    ids = np.fromiter(
        (vocabulary.get(token, -1) for token in chain.from_iterable(rows)),
        dtype=np.int64,
        count=lengths.sum(),
    )
    is_end = np.zeros(len(values), dtype=bool)
    is_end[offsets[1:] - 1] = True
    values[~is_end] = np.where(ids < 0, unknown, ids)
    missing = np.flatnonzero(ids < 0)
    first = None
    if len(missing):
        ends = np.cumsum(lengths)
        sequences = np.searchsorted(ends, missing, side="right")
        row = int(sequences[0])
        first = (row, rows[row][int(missing[0] - (ends[row] - lengths[row]))])
        n_sequences = len(np.unique(sequences))
    else:
        n_sequences = 0
    panel = Panel(values, offsets, n_tokens=n_tokens)
    return panel, Unknown(len(missing), n_sequences, first)
