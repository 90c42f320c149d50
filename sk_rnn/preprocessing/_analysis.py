"""Tokenization of documents into ids, one document at a time."""

import re
import warnings
from array import array
from collections.abc import Callable, Hashable, Iterable
from os import PathLike
from typing import Any, NoReturn

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from ..sequences import level_of_user, quote
from ._documents import (
    as_token_list,
    check_tokens,
    is_missing,
    open_documents,
    refuse_document,
    show,
)

# Names of the ids before those of the terms; without begin and end tokens, the first two.
RESERVED = ("<padding>", "<unknown>", "<begin>", "<end>")
_, UNKNOWN, BEGIN, END = range(len(RESERVED))
N_MARKS = 2


def check_analysis(text: CountVectorizer, caller: str) -> None:
    """Raise an error for parameters with which no document can be tokenized."""
    if isinstance(text.stop_words, list):
        for word in text.stop_words:
            if not isinstance(word, str):
                raise TypeError(
                    f"{caller}: stop_words has {show(word)}, where a string is expected. Pass a "
                    "list of words."
                )
    try:
        b"a".decode(text.encoding)
    except UnicodeDecodeError:  # UTF-16 needs more than one byte
        pass
    except LookupError as error:
        raise ValueError(
            f"{caller}: encoding={text.encoding!r} is unknown to Python ({quote(error)}). Pass "
            "one such as 'utf-8' or 'latin-1'."
        ) from error
    if text.analyzer == "word" and text.tokenizer is None:
        check_token_pattern(text, caller)


def check_token_pattern(text: CountVectorizer, caller: str) -> None:
    """Raise an error for a pattern that cannot be used."""
    where = f"{caller}: token_pattern={text.token_pattern!r}"
    if text.token_pattern is None:
        raise ValueError(f"{where} requires a tokenizer. Pass a pattern, or a tokenizer.")
    try:
        n_groups = re.compile(text.token_pattern).groups
    except re.error as error:
        raise ValueError(
            f"{where} is not a regular expression: {quote(error)}. Escape literal "
            "characters with a backslash."
        ) from error
    if n_groups > 1:
        raise ValueError(
            f"{where} has {n_groups} groups, but only one of them can be the token. Write (?:...) "
            "for the others."
        )


def read_ids(
    X: Any,
    text: CountVectorizer,
    look_up: Callable[[list[Any]], Iterable[int]],
    *,
    cut: Callable[[list[Any]], list[Any]] | None,
    add_marks: bool,
    caller: str,
) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Tokenize documents and return their concatenated ids.

    Parameters
    ----------
    X : iterable
        Documents.
    text : CountVectorizer
        The configuration of the tokenizer.
    look_up : callable
        Maps tokens to their ids.
    cut : callable or None
        Truncates a list of tokens.
    add_marks : bool
        Whether to add a begin and an end token to each document.
    caller : str
        Name of the caller in error messages.

    Returns
    -------
    ids : ndarray of int32 of shape (total_steps,)
    offsets : ndarray of int64 of shape (n_documents + 1,)
    empty : list of int
        Indices of the documents without tokens, which become one unknown token.
    """
    analyze = text.build_analyzer()
    split_by_user = callable(text.analyzer)
    content = text.input == "content"
    ids, ends = array("i"), array("q", [0])
    empty: list[int] = []
    for i, document in enumerate(open_documents(X, caller)):
        tokens = None
        if not isinstance(document, str):
            if not split_by_user and content:
                tokens = as_token_list(document)
            if tokens is not None:
                check_tokens(tokens, i, caller)
            elif is_missing(document) or (
                content and not split_by_user and not isinstance(document, bytes)
            ):
                refuse_document(document, i, caller)
        if tokens is None:
            tokens = _analyze(analyze, document, text, f"{caller}: X[{i}]")
        if cut is not None:
            tokens = cut(tokens)
        if add_marks:
            ids.append(BEGIN)
        if tokens:
            try:
                ids.extend(look_up(tokens))
            except TypeError as error:
                _refuse_unhashable(tokens, text, f"{caller}: X[{i}]", error)
        else:
            ids.append(UNKNOWN)
            empty.append(i)
        if add_marks:
            ids.append(END)
        ends.append(len(ids))
    n_documents = len(ends) - 1
    if not n_documents:
        raise ValueError(f"{caller}: X holds no documents. Pass at least one.")
    return np.frombuffer(ids, np.int32), np.frombuffer(ends, np.int64), empty


def _analyze(
    analyze: Callable[[Any], Any], document: Any, text: CountVectorizer, where: str
) -> list[Any]:
    """Return the tokens of a document, or raise an error about the document or a user function."""
    if text.input == "file" and not hasattr(document, "read"):
        raise TypeError(
            f"{where} is {show(document)}, but input='file' means that documents are open files. "
            "Open it, or set input to 'filename' or 'content'."
        )
    if text.input == "filename" and not isinstance(document, str | bytes | PathLike):
        raise TypeError(
            f"{where} is {show(document)}, but input='filename' means that documents are paths of "
            "files. Pass paths, or set input to 'file' or 'content'."
        )
    try:
        tokens = analyze(document)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{where} cannot be decoded: {quote(error)}. Set encoding to that of the "
            f"document (now {text.encoding!r}), or decode_error='replace'."
        ) from error
    except OSError as error:
        if text.input != "filename":
            raise
        raise type(error)(
            f"{where} is {show(document)}, a file that cannot be read: {error.strerror}. Pass "
            "paths of files, or set input='content' if documents are the text itself."
        ) from error
    except Exception as error:  # any exception: user functions are called here
        _refuse_function(document, text, where, error)
    if isinstance(tokens, list):
        return tokens
    if not isinstance(tokens, Iterable):
        name = "analyzer" if callable(text.analyzer) else "tokenizer"
        raise TypeError(
            f"{where}: {name} returned {show(tokens)}, where a list of tokens is expected. Return "
            "a list of strings, empty if there are none."
        )
    return list(tokens)


def _refuse_function(
    document: Any, text: CountVectorizer, where: str, error: Exception
) -> NoReturn:
    """Raise an error that names the user function that failed or returned an invalid value."""
    if not callable(text.analyzer) and text.input != "file":  # files have been consumed by now
        try:
            returned = _invalid_return(document, text)
        except Exception:  # the same error
            returned = None
        if returned is not None:
            raise TypeError(f"{where}: {returned}") from error
    kind = TypeError if isinstance(error, TypeError) else ValueError
    names = "analyzer" if callable(text.analyzer) else "preprocessor, strip_accents or tokenizer"
    raise kind(
        f"{where} cannot be split into tokens: {names} raised {type(error).__name__}: "
        f"{quote(error)}. An analyzer must convert a document to a list of tokens, a tokenizer a "
        "string to a list of tokens; a preprocessor and strip_accents must return a string."
    ) from error


def _invalid_return(document: Any, text: CountVectorizer) -> str | None:
    """Return a message if a user function returned a value that the next one cannot use."""
    prepared = text.build_preprocessor()(text.decode(document))
    if not isinstance(prepared, str):
        name = "strip_accents" if text.preprocessor is None else "preprocessor"
        return f"{name} returned {show(prepared)}, where text is expected. Return a string."
    tokens = None if text.tokenizer is None else text.tokenizer(prepared)
    if text.tokenizer is None or isinstance(tokens, Iterable):
        return None
    return (
        f"tokenizer returned {show(tokens)}, where a list of tokens is expected. Return a list of "
        "strings, empty if there are none."
    )


def _refuse_unhashable(
    tokens: list[Any], text: CountVectorizer, where: str, error: TypeError
) -> NoReturn:
    for step, token in enumerate(tokens):
        if not isinstance(token, Hashable):
            name = "analyzer" if callable(text.analyzer) else "tokenizer"
            raise TypeError(
                f"{where}: {name} returned {show(token)} as a token, at time step {step}, where a "
                "string is expected. Return one flat list of strings for each document."
            ) from error
    raise error


def warn_empty(empty: list[int], n_documents: int, caller: str) -> None:
    """Warn of documents without tokens."""
    if empty:
        warnings.warn(
            f"{caller}: {len(empty)} of {n_documents} documents have no tokens (the first is "
            f"X[{empty[0]}]); each becomes one unknown token.",
            stacklevel=level_of_user(),
        )
