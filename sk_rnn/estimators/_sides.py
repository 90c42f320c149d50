"""Sources and targets of `Seq2SeqTransformer`: what was passed, and its tokens."""

import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from numbers import Integral, Number
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from ..sequences import (
    Panel,
    Unknown,
    find_joiner,
    is_sequence,
    join_words,
    learn_tokens,
    split_words,
)

# Ids of a vocabulary that are no tokens. No id stands for padding: a batch knows its lengths.
END, BEGIN, UNKNOWN = range(3)
RESERVED = ("<end>", "<begin>", "<unknown>")

# Sequences from which on rare tokens become unknown with min_df="auto".
_MANY = 1000

Tokens = Sequence[Hashable]
Analyzer = Callable[[str], Iterable[Hashable]]

_WHAT = {
    "text": "strings",
    "tokens": "sequences of tokens",
    "ids": "a Panel of token ids",
    "numbers": "numbers",
}


class Side(NamedTuple):
    """What X or y is made of.

    Attributes
    ----------
    form : {"text", "tokens", "ids", "numbers"}
        Strings, sequences of hashable tokens, a Panel of token ids, or numbers.
    rows : list or None
        The strings, or the sequences as lists of tokens; None for ids and numbers.
    """

    form: str
    rows: list[Any] | None


def read_side(data: Any, kind: str, where: str, because: str = "") -> Side:
    """Tell what X or y is made of.

    Parameters
    ----------
    data : object
        As the user passed it.
    kind : {"auto", "text", "tokens", "series"}
        What it has to be. "auto" takes strings for text; whole numbers, one a step, in sequences of
        their own, and whatever is no number for tokens; anything else for numbers.
    where : str
        What messages call the caller and the argument.
    because : str, default=""
        What messages say of why it has to be so.
    """
    _check_container(data, where)
    if isinstance(data, Panel):
        if data.is_tokens and kind == "tokens":
            return Side("tokens", [row.tolist() for row in data.to_list()])
        form = "ids" if data.is_tokens else "numbers"
        return _check_form(Side(form, None), kind, where, because)
    rows = _open_rows(data)
    if rows is None:
        return _check_form(Side("numbers", None), kind, where, because)
    if not rows:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    if isinstance(rows[0], str | bytes) or (kind == "text" and not is_sequence(rows[0])):
        _check_strings(rows, where)
        return _check_form(Side("text", rows), kind, where, because)
    for i, row in enumerate(rows):
        if isinstance(row, str | bytes):
            raise TypeError(
                f"{where}[{i}] is {row!r} ({type(row).__name__}), where a sequence belongs. Pass "
                "strings only, or sequences of tokens only."
            )
    if not all(map(is_sequence, rows)):
        # Or no sequences at all, as reading them will say.
        return _check_form(Side("numbers", None), kind, where, because)
    if kind != "series" and (kind == "tokens" or _are_tokens(rows)):
        return _check_form(Side("tokens", _token_rows(rows, where)), kind, where, because)
    return _check_form(Side("numbers", None), kind, where, because)


def _check_container(data: Any, where: str) -> None:
    if issparse(data):
        return  # has an error of its own, and one kind of it is a Mapping
    unordered = isinstance(data, str | bytes | Mapping | Set | Iterator)
    single = np.isscalar(data) or getattr(data, "shape", None) == ()
    if data is not None and not unordered and not single:
        return
    what = "None" if data is None else f"a {type(data).__name__}"
    advice = " Pass [X] if it is one sample." if isinstance(data, str) else ""
    raise TypeError(
        f"{where} is {what}, which is no container of sequences.{advice} Pass a list of strings, a "
        "list of sequences of tokens, or numbers: a list of arrays, an array, a frame or a Panel."
    )


def _check_form(side: Side, kind: str, where: str, because: str) -> Side:
    """Refuse data that is not of the kind it has to be."""
    if kind in ("auto", side.form) or (kind, side.form) == ("series", "numbers"):
        return side
    wanted = "numbers" if kind == "series" else kind
    raise ValueError(f"{where} holds {_WHAT[side.form]}, but {because}. Pass {_WHAT[wanted]}.")


def _open_rows(data: Any) -> list[Any] | None:
    """Return the samples of a container of strings or of sequences; None for any other."""
    if isinstance(data, pd.Series):
        return data.tolist()
    if isinstance(data, list | tuple):
        return list(data)
    if isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.kind in "OUST":
        return data.tolist()
    if isinstance(data, np.ndarray) and data.ndim == 2 and data.dtype.kind in "UST":
        return data.tolist()  # rows of words
    return None


def _check_strings(rows: list[Any], where: str) -> None:
    if set(map(type, rows)) <= {str}:
        return
    for i, row in enumerate(rows):
        if isinstance(row, str):
            continue
        if isinstance(row, bytes):
            raise TypeError(
                f"{where}[{i}] is {row!r}, which is bytes, where a string belongs. Decode it first."
            )
        if row is None or (pd.api.types.is_scalar(row) and pd.isna(row)):
            raise ValueError(
                f"{where}[{i}] is {row!r}: the string is missing. Drop the pair, or pass '' for an "
                "empty string."
            )
        raise TypeError(
            f"{where}[{i}] is {row!r} ({type(row).__name__}), where a string belongs. Pass strings "
            "only, or sequences of tokens only."
        )


def _are_tokens(rows: list[Any]) -> bool:
    """Whether sequences hold tokens rather than numbers: one look at all of them."""
    kinds: set[type] = set()
    for row in rows:
        if isinstance(row, np.ndarray):
            if row.ndim != 1:
                return False
            kinds |= set(map(type, row.tolist()))
        elif isinstance(row, list | tuple | range):
            kinds |= set(map(type, row))
        else:
            return False  # a tensor, frame or Series
    if any(map(_holds_several, kinds)):
        return False  # steps of several numbers
    if any(issubclass(kind, tuple) for kind in kinds) and len(kinds) == 1:
        return not all(isinstance(part, Number) for row in rows for step in row for part in step)
    if not all(issubclass(kind, Number) for kind in kinds):
        return True
    return bool(kinds) and all(issubclass(kind, Integral | np.bool_) for kind in kinds)


def _holds_several(kind: type) -> bool:
    """Whether a step of this type is a list or an array, and so no token."""
    array = hasattr(kind, "__array__") and not issubclass(kind, np.generic)
    return issubclass(kind, list) or array


def _token_rows(rows: list[Any], where: str) -> list[Any]:
    result = []
    for i, row in enumerate(rows):
        tokens: Any = row.tolist() if hasattr(row, "tolist") else list(row)
        if not isinstance(tokens, list):
            raise ValueError(
                f"{where}[{i}] is a single value, {tokens!r}, where a sequence of tokens belongs. "
                "Pass one sequence per sample."
            )
        for step, token in enumerate(tokens):
            if _holds_several(type(token)):
                raise ValueError(
                    f"{where}[{i}] has {type(token).__name__} {token!r} at time step {step}, where "
                    "a token belongs. Pass strings, whole numbers or other hashable tokens."
                )
            missing = token is None or (isinstance(token, float) and token != token)
            if missing or not isinstance(token, Hashable):
                kind = "is missing" if missing else "cannot be looked up (it is not hashable)"
                raise ValueError(
                    f"{where}[{i}] has token {token!r} at time step {step}, which {kind}. Pass "
                    "strings, whole numbers or other hashable tokens."
                )
        result.append(tokens)
    return result


# --- strings ------------------------------------------------------------------------------------


def make_analyzer(analyzer: Any, name: str, where: str) -> Analyzer:
    """Return the function from a string to its tokens."""
    if analyzer == "char":
        return list
    if analyzer == "word":
        return split_words
    if analyzer is None:
        raise ValueError(
            f"{where} holds strings, but {name}=None takes sequences of tokens as they are. Set "
            f"{name} to 'char', 'word' or a function, or split the strings first."
        )
    return analyzer


def split_texts(texts: list[str], analyze: Analyzer, name: str, where: str) -> list[Tokens]:
    """Return the tokens of each string."""
    rows: list[Tokens] = []
    for i, text in enumerate(texts):
        tokens = analyze(text)
        if isinstance(tokens, str) or not isinstance(tokens, Iterable):
            raise TypeError(
                f"{where}[{i}]: {name} returned {tokens!r} ({type(tokens).__name__}) for {text!r}. "
                "It must return a list of tokens."
            )
        rows.append(tokens if isinstance(tokens, list) else list(tokens))
    return rows


def joiner_of(analyzer: Any, texts: Sequence[str]) -> str | None:
    """Return what stands between the tokens of a string; None for words, which know it."""
    if analyzer == "word":
        return None
    return "" if analyzer == "char" else find_joiner(texts, analyzer)


def join_tokens(tokens: Iterable[Any], joiner: str | None) -> str:
    """Make a string of tokens again."""
    return join_words(tokens) if joiner is None else joiner.join(map(str, tokens))


# --- vocabularies -------------------------------------------------------------------------------


def learn_vocabulary(
    rows: Sequence[Tokens], min_df: Any, name: str, where: str, *, spare: bool
) -> list[Hashable]:
    """Return the tokens that have an id, after the reserved ones, in this order.

    Parameters
    ----------
    rows : sequence of sequence of hashable
    min_df : int or "auto"
        Sequences in which a token must occur.
    name : str
        What messages call ``min_df``.
    where : str
        What messages call the caller and the argument.
    spare : bool
        Whether "auto" leaves out tokens of one sequence where there are many.
    """
    least = min_df
    if min_df == "auto":
        least = 2 if spare and len(rows) >= _MANY else 1
    tokens = learn_tokens(rows, int(least))
    if not tokens:
        raise ValueError(
            f"{where} leaves no tokens to learn: none occurs in {least} or more of {len(rows)} "
            f"sequences ({name}={min_df!r}). Lower {name}, or pass sequences that are not empty."
        )
    return tokens


def number_tokens(tokens: Sequence[Hashable]) -> dict[Hashable, int]:
    """Give each token its id."""
    return {token: i for i, token in enumerate(tokens, len(RESERVED))}


def warn_of_unknown(unknown: Unknown, rows: Sequence[Tokens], where: str, noun: str) -> None:
    """Say how many tokens were not in the vocabulary."""
    if unknown.first is None:
        return
    i, token = unknown.first
    warnings.warn(
        f"{where}: {unknown.n_tokens} of {sum(map(len, rows))} {noun}s, in "
        f"{unknown.n_sequences} of {len(rows)} sequences, are not in the vocabulary, the "
        f"first is {token!r} in "
        f"{where.partition(': ')[2]}[{i}]; each is read as the unknown token.",
        UserWarning,
        stacklevel=5,
    )


def fitted_with(form: str) -> str:
    """Why data has to be of a form."""
    return f"the model was fitted with {_WHAT[form]}"
