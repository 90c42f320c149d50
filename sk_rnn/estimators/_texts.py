"""Strings and their tokens: analyzers, joining, vocabularies with begin and end tokens."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from typing import Any

from ..sequences import (
    Unknown,
    Vocabulary,
    argument,
    find_joiner,
    join_words,
    least_sequences,
    quote,
    split_words,
)
from ._contents import Tokens, find_token_problem, short_repr
from ._warnings import warn_user

# Reserved ids of a vocabulary. There is no padding id, because batches store their lengths.
RESERVED = ("<end>", "<begin>", "<unknown>")
END, BEGIN, UNKNOWN = range(len(RESERVED))

Analyzer = Callable[[str], Iterable[Hashable]]


def make_analyzer(analyzer: Any, name: str, where: str) -> Analyzer:
    """Return the function that splits a string into tokens."""
    if analyzer == "char":
        return list
    if analyzer == "word":
        return split_words
    if analyzer is None:
        raise ValueError(
            f"{where} contains strings, but {name}=None requires sequences of tokens. Set "
            f"{name} to 'char', 'word' or a function, or split the strings first."
        )
    return analyzer


def split_texts(texts: list[str], analyze: Analyzer, name: str, where: str) -> list[Tokens]:
    """Return the tokens of each string."""
    rows: list[Tokens] = []
    for i, text in enumerate(texts):
        try:
            tokens = analyze(text)
            unordered = isinstance(tokens, str | bytes | Mapping | Set)
            listed = list(tokens) if isinstance(tokens, Iterable) and not unordered else None
        except Exception as error:  # any exception: user code runs here
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(
                f"{where}[{i}]: {name} raised {type(error).__name__}: {quote(error)} for "
                f"{short_repr(text)}. It must take a string and return a list of tokens."
            ) from error
        if listed is None:
            raise TypeError(
                f"{where}[{i}]: {name} returned {short_repr(tokens)} ({type(tokens).__name__}) for "
                f"{short_repr(text)}. It must return a list of tokens."
            )
        tokens = listed
        if analyze not in (list, split_words):
            for token in tokens:
                problem = find_token_problem(token)
                if problem:
                    raise TypeError(
                        f"{where}[{i}]: {name} returned {short_repr(tokens)} for "
                        f"{short_repr(text)}, in which {short_repr(token)} {problem}. It must "
                        "return a list of strings or other hashable tokens."
                    )
        rows.append(tokens)
    return rows


def find_token_joiner(analyzer: Any, texts: Sequence[str]) -> str | None:
    """Return the string that joins tokens; None for words, which contain their spaces."""
    if analyzer == "word":
        return None
    return "" if analyzer == "char" else find_joiner(texts, analyzer)


def join_tokens(tokens: Iterable[Any], joiner: str | None) -> str:
    """Join tokens to a string."""
    return join_words(tokens) if joiner is None else joiner.join(map(str, tokens))


def learn_vocabulary(
    rows: Sequence[Tokens],
    min_df: Any,
    name: str,
    where: str,
    *,
    drop_rare: bool,
    reserved: tuple[str, ...] = RESERVED,
) -> Vocabulary:
    """Learn the vocabulary of the sequences. Its ids follow the reserved ones.

    Parameters
    ----------
    rows : sequence of sequence of hashable
    min_df : int or "auto"
        Minimum number of sequences in which a token must occur.
    name : str
        Name of ``min_df`` in error messages.
    where : str
        Name of the caller and the argument in error messages.
    drop_rare : bool
        Whether "auto" drops tokens that occur in a single sequence if there are many sequences.
    reserved : tuple of str
        Names of the reserved ids.
    """
    minimum = min_df
    if min_df == "auto":
        minimum = least_sequences(len(rows)) if drop_rare else 1
    vocabulary = Vocabulary.learn(rows, reserved, int(minimum))
    if not vocabulary.tokens:
        raise ValueError(
            f"{where} has no tokens to learn: none occurs in {minimum} or more of {len(rows)} "
            f"sequences ({name}={min_df!r}). Lower {name}, or pass sequences that are not empty."
        )
    return vocabulary


def warn_about_unknown(unknown: Unknown, rows: Sequence[Tokens], where: str) -> None:
    """Warn about tokens that are not in the vocabulary."""
    if unknown.first is None:
        return
    i, token = unknown.first
    warn_user(
        f"{where}: {unknown.n_tokens} of {sum(map(len, rows))} tokens, in {unknown.n_sequences} of "
        f"{len(rows)} sequences, are not in the vocabulary (the first is {short_repr(token)} in "
        f"{argument(where)}[{i}]); each is replaced by the unknown token.",
    )
