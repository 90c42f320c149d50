"""The vocabulary of a vectorizer: terms of the documents after pruning, or given terms."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ..sequences import Vocabulary, least_sequences, quote


def prune(
    found: Vocabulary,
    ids: np.ndarray,
    offsets: np.ndarray,
    *,
    min_df: Any,
    max_df: Any,
    max_features: int | None,
    caller: str,
) -> Vocabulary:
    """Return the vocabulary of the terms to keep, in sorted order.

    Parameters
    ----------
    found : Vocabulary
        All terms, with provisional ids.
    ids : ndarray of int of shape (total_steps,)
        The ids of all documents, concatenated.
    offsets : ndarray of int64 of shape (n_documents + 1,)
    min_df, max_df, max_features
        As in :class:`sklearn.feature_extraction.text.CountVectorizer`; `min_df` may be "auto".
    caller : str
        Name of the caller in error messages.
    """
    n_documents = len(offsets) - 1
    low: Any = least_sequences(n_documents) if min_df == "auto" else min_df
    least = low if isinstance(low, int | np.integer) else low * n_documents
    most = max_df if isinstance(max_df, int | np.integer) else max_df * n_documents
    if most < least:
        raise ValueError(
            f"{caller}: max_df={max_df!r} is {most:g} of {n_documents} documents, fewer than "
            f"min_df={min_df!r}, which is {least:g}. Lower min_df or raise max_df."
        )
    terms = list(found.tokens)
    first_id = len(found.reserved)
    keep = np.ones(len(terms), dtype=bool)
    if least > 1 or most < n_documents:
        frequency = document_frequency(ids, offsets, len(found))[first_id:]
        keep = (frequency >= least) & (frequency <= most)
    kept = sorted_terms([terms[i] for i in np.flatnonzero(keep)], caller)
    if max_features is not None and len(kept) > max_features:
        counts = np.bincount(ids, minlength=len(found))
        # Sorted as in CountVectorizer, so that ties are broken in the same way.
        most_frequent = np.argsort(-counts[[*found.look_up(kept)]])[:max_features]
        kept = [kept[i] for i in np.sort(most_frequent)]
    if not kept:
        raise ValueError(
            f"{caller}: after pruning, no terms remain of the {len(terms)} in {n_documents} "
            f"documents: min_df={min_df!r} and max_df={max_df!r} exclude all of them. Lower min_df "
            "or raise max_df."
        )
    return Vocabulary(kept, found.reserved)


def document_frequency(ids: np.ndarray, offsets: np.ndarray, n_ids: int) -> np.ndarray:
    """Return the number of documents in which each id occurs."""
    ones = np.ones(len(ids), dtype=np.int8)
    shape = (len(offsets) - 1, n_ids)
    occurs = csr_array((ones, ids, offsets), shape=shape, copy=True)  # changed in place below
    occurs.sum_duplicates()
    return np.bincount(occurs.indices, minlength=n_ids)


def sorted_terms(terms: list[Any], caller: str) -> list[Any]:
    """Sort terms, or raise TypeError if they have no order."""
    try:
        return sorted(terms)
    except TypeError as error:
        kinds = sorted({type(term).__name__ for term in terms})
        raise TypeError(
            f"{caller}: the analyzer returned tokens of kinds that have no order "
            f"({', '.join(kinds)}). Return strings."
        ) from error


def given_terms(vocabulary: Any, first_ids: tuple[int, ...], caller: str) -> list[Any]:
    """Return the terms of the parameter `vocabulary` in the order of their ids.

    A mapping contains positions 0, 1, 2, ..., as for CountVectorizer, or ids, as in `vocabulary_`:
    all integers of a range that starts at 0 or at one of `first_ids`.
    """
    where = f"{caller}: vocabulary"
    if isinstance(vocabulary, Mapping):
        terms = _terms_by_position(vocabulary, first_ids, where)
    elif isinstance(vocabulary, set | frozenset):
        terms = sorted_terms(list(vocabulary), caller)
    else:
        try:
            terms = list(vocabulary)
        except TypeError as error:  # an array or a tensor without dimensions
            raise TypeError(
                f"{where} cannot be converted to a list: {quote(error)}. Pass a list of terms, or "
                "a mapping from terms to 0, 1, 2, ..."
            ) from error
    if not terms:
        raise ValueError(f"{where} is empty. Pass terms, or None to learn them.")
    seen: set[Any] = set()
    for i, term in enumerate(terms):
        if not isinstance(term, Hashable):
            raise TypeError(
                f"{where} has {term!r} at position {i}, which cannot be looked up. Pass terms that "
                "are hashable, such as strings."
            )
        if term in seen:
            raise ValueError(f"{where} has term {term!r} twice, again at position {i}. Drop one.")
        seen.add(term)
    return terms


def _terms_by_position(
    vocabulary: Mapping[Any, Any], first_ids: tuple[int, ...], where: str
) -> list[Any]:
    for term, position in vocabulary.items():
        if not isinstance(position, int | np.integer) or isinstance(position, bool):
            raise TypeError(
                f"{where} maps {term!r} to {position!r}, where an integer is expected. Pass a list "
                "of terms, or a mapping to 0, 1, 2, ..."
            )
    term_at: dict[int, Any] = {}
    for term, position in vocabulary.items():
        other = term_at.setdefault(int(position), term)
        if other is not term:
            raise ValueError(
                f"{where} maps both {other!r} and {term!r} to {position}. Give each term a "
                "different one."
            )
    start = min(term_at, default=0)
    start = start if start in first_ids else 0
    for position in range(start, start + len(term_at)):
        if position not in term_at:
            raise ValueError(
                f"{where} has {len(term_at)} terms, but none at {position}. Positions are the "
                "integers from 0, or those of a vocabulary_, without gaps."
            )
    return [term_at[position] for position in range(start, start + len(term_at))]
