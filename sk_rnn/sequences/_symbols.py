"""Vocabularies of any hashable tokens, and sequences of ids."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from ._layout import offsets_of
from ._panel import Panel


class Unknown(NamedTuple):
    """How many tokens were not in a vocabulary.

    Attributes
    ----------
    n_tokens, n_sequences : int
        Tokens, and sequences that have some.
    first : tuple of (int, token) or None
        The first of them, and its sequence.
    """

    n_tokens: int
    n_sequences: int
    first: tuple[int, Hashable] | None


def learn_tokens(rows: Iterable[Sequence[Hashable]], min_count: int = 1) -> list[Hashable]:
    """Return the tokens that occur in at least so many sequences, in an order of their own.

    Parameters
    ----------
    rows : iterable of sequence of hashable
    min_count : int, default=1

    Returns
    -------
    tokens : list
        Sorted; by type and then by how they print where they have no order.

    Examples
    --------
    >>> from sk_rnn.sequences import learn_tokens
    >>> learn_tokens(["ab", "bc", "bd"], min_count=2)
    ['b']
    """
    if min_count > 1:
        counts = Counter(chain.from_iterable(map(set, rows)))
        kept = [token for token, count in counts.items() if count >= min_count]
    else:
        kept = list(set(chain.from_iterable(rows)))
    try:
        return sorted(kept)  # type: ignore[type-var]
    except TypeError:
        return sorted(kept, key=lambda token: (type(token).__name__, repr(token)))


def encode_tokens(
    rows: Sequence[Sequence[Hashable]],
    vocabulary: Mapping[Hashable, int],
    *,
    unknown: int,
    end: int,
    n_tokens: int,
) -> tuple[Panel, Unknown]:
    """Turn sequences of tokens into a Panel of their ids, each followed by an end mark.

    Parameters
    ----------
    rows : sequence of sequence of hashable
    vocabulary : mapping
        From tokens to ids.
    unknown, end : int
        The ids of tokens that are not in it, and of the end mark.
    n_tokens : int
        Number of ids that there are.

    Returns
    -------
    panel : Panel
    unknown : Unknown
        What the vocabulary did not hold.
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
