"""The kind of data in X or y: strings, tokens, token ids in a Panel, or numbers."""

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from datetime import date, timedelta
from enum import Enum
from itertools import chain
from numbers import Integral, Number
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from ..sequences import (
    Panel,
    Spans,
    argument,
    count_single,
    counted,
    dict_recipe,
    is_sequence,
    name_kind,
    plain_number,
    shape_of,
)

# Types of sequences whose len is reliable.
_PLAIN = (list, tuple, np.ndarray)

Tokens = Sequence[Hashable]

# The kind of new data that a fitted model expects, by the form of the training data.
KIND = {
    "text": "text",
    "tokens": "tokens",
    "ids": "tokens",
    "numbers": "series",
    "vectors": "series",
}

_DESCRIPTIONS = {
    "text": "strings",
    "tokens": "sequences of tokens",
    "ids": "a Panel of token ids",
    "numbers": "numbers",
}


class Contents(NamedTuple):
    """The kind of data in X or y.

    Attributes
    ----------
    form : {"text", "tokens", "ids", "numbers"}
        Strings, sequences of hashable tokens, a Panel of token ids, or numbers.
    rows : list or None
        The strings, or the sequences as lists of tokens; None for ids and numbers.
    """

    form: str
    rows: list[Any] | None


def read_contents(
    data: Any,
    kind: str,
    where: str,
    reason: str = "",
    *,
    padding_value: float | None = None,
    auto_name: str | None = None,
    otherwise: str = "",
) -> Contents:
    """Determine the kind of data in X or y.

    Parameters
    ----------
    data : object
        As passed by the user.
    kind : {"auto", "text", "tokens", "series"}
        Required kind. "auto" treats strings as text; sequences of integers, one per step, and
        sequences of anything that is not a number as tokens; and all other data as numbers.
    where : str
        Name of the caller and the argument in error messages.
    reason : str, default=""
        Reason for the required kind in error messages.
    padding_value : float or None, default=None
        The value that sequences of tokens are padded with.
    auto_name : str or None, default=None
        The parameter whose "auto" treated integers as tokens. If given, fractions raise an error.
    otherwise : str, default=""
        What else to do about data of a different kind, for error messages.
    """

    def check(found: Contents) -> Contents:
        return _check_form(found, kind, where, reason, data, otherwise)

    _check_container(data, where)
    if isinstance(data, Panel | Spans):
        if data.is_tokens and kind == "tokens":
            ids = [row.tolist() for row in data]
            return Contents("tokens", _token_rows(ids, where, padding_value, auto_name))
        form = "ids" if data.is_tokens else "numbers"
        return check(Contents(form, None))
    rows = _open_rows(data, kind, where)
    if rows is None:
        return check(Contents("numbers", None))
    if not rows:
        raise ValueError(f"{where} has 0 sample(s) while a minimum of 1 is required.")
    if isinstance(rows[0], str | bytes) or (kind == "text" and not is_sequence(rows[0])):
        _check_strings(rows, where)
        return check(Contents("text", rows))
    for i, row in enumerate(rows):
        if isinstance(row, str | bytes):
            raise TypeError(
                f"{where}[{i}] is {short_repr(row)} ({type(row).__name__}), where a sequence is "
                "expected. Pass strings only, or sequences of tokens only."
            )
    if not all(map(is_sequence, rows)):
        # If these are not sequences at all, reading them raises the error.
        return check(Contents("numbers", None))
    if kind == "auto" and all(isinstance(row, _PLAIN) and len(row) == 0 for row in rows):
        raise ValueError(
            f"{where} has {len(rows)} sequences, all of them empty. Pass sequences of tokens or "
            "numbers."
        )
    if kind != "series" and (kind == "tokens" or _contain_tokens(rows)):
        rows = _token_rows(rows, where, padding_value, auto_name)
        return check(Contents("tokens", rows))
    return check(Contents("numbers", None))


def _check_container(data: Any, where: str) -> None:
    if issparse(data):
        return  # has a separate error message; one sparse format is a Mapping
    unordered = isinstance(data, str | bytes | Mapping | Set | Iterator)
    single = np.isscalar(data) or shape_of(data) == ()
    if data is not None and not unordered and not single:
        return
    what = name_kind(data)
    advice = f" Pass [{argument(where)}] if it is one sample." if isinstance(data, str) else ""
    raise TypeError(
        f"{where} is {what}, which is not a container of sequences.{advice} Pass a list of "
        "strings, a list of sequences of tokens, or numbers: a list of arrays, an array, a "
        "DataFrame or a Panel."
    )


def _check_form(
    found: Contents, kind: str, where: str, reason: str, data: Any, otherwise: str
) -> Contents:
    """Raise an error for data that is not of the required kind."""
    if kind in ("auto", found.form) or (kind, found.form) == ("series", "numbers"):
        return found
    expected = {"series": "numbers", "text": "a list of strings"}.get(kind, _DESCRIPTIONS.get(kind))
    shape = shape_of(data)
    noun = {np.ndarray: "an array", pd.DataFrame: "a DataFrame"}.get(type(data), "data")
    received = f" ({noun} of shape {tuple(shape)})" if shape is not None else ""
    # A string may be a token of a sequence, but not a token id.
    consistent = kind == "tokens" and (found.form == "numbers" or reason != fitted_with("ids"))
    n_single = count_single(data) if consistent else 0
    name, hint = argument(where), ""
    if n_single:
        hint = f" If {name} is one sequence of {counted(n_single, 'token')}, pass [{name}]."
    raise ValueError(
        f"{where} contains {_DESCRIPTIONS[found.form]}{received}, but {reason}. Pass "
        f"{expected}{otherwise}.{hint}"
    )


def _open_rows(data: Any, kind: str, where: str) -> list[Any] | None:
    """Return the samples of a container of strings or of sequences; None for others."""
    if isinstance(data, list | tuple):
        return list(data)
    if is_rectangle(data):
        return _open_rectangle(data, kind, where)
    if isinstance(data, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return data.tolist()
    kind_of_steps = str(getattr(data, "type", getattr(data, "dtype", ""))).lower()
    if "float" in kind_of_steps or "double" in kind_of_steps:
        return None
    for method in ("to_pylist", "to_list"):  # of arrays of pyarrow; of polars and awkward
        if hasattr(data, method):
            return getattr(data, method)()
    if isinstance(data, np.ndarray) and data.ndim == 1 and data.dtype.kind in "OUST":
        return data.tolist()
    return None


def is_rectangle(data: Any) -> bool:
    """Whether data has rows and columns, so that its sequences have equal lengths or are padded."""
    return not isinstance(data, Panel) and len(shape_of(data) or ()) == 2


def _open_rectangle(data: Any, kind: str, where: str) -> list[Any] | None:
    """Read strings from one column, or sequences of tokens from the rows; None for numbers."""
    is_frame = isinstance(data, pd.DataFrame)
    if kind == "series" or not (is_frame or hasattr(data, "tolist")):
        return None
    cells = data.to_numpy(dtype=object) if is_frame else data
    holds_cells = isinstance(cells, np.ndarray) and cells.size and is_sequence(cells[0, 0])
    if 0 in cells.shape or holds_cells:
        return None  # empty data and cells that hold sequences are read as numbers
    if kind == "tokens":
        return cells.tolist()
    kind_of_cells = getattr(getattr(cells, "dtype", None), "kind", None)
    words = kind_of_cells in ("U", "S", "T") or (
        kind_of_cells == "O" and any(isinstance(cell, str) for cell in cells[:, 0])
    )
    if not words:
        return None
    if cells.shape[1] == 1:
        return cells[:, 0].tolist()
    if is_frame:
        raise ValueError(
            f"{where} is a DataFrame of strings with {cells.shape[1]} columns, each of which could "
            "be the text. Pass a list of strings, such as one of its columns, or a list of "
            "sequences of tokens."
        )
    return cells.tolist()  # rows of words


def _check_strings(rows: list[Any], where: str) -> None:
    if set(map(type, rows)) <= {str}:
        return
    for i, row in enumerate(rows):
        if isinstance(row, str):
            continue
        if isinstance(row, bytes):
            raise TypeError(
                f"{where}[{i}] is {row!r}, a bytes object, where a string is expected. Pass "
                f"{argument(where)}[{i}].decode()."
            )
        if row is None or (pd.api.types.is_scalar(row) and pd.isna(row)):
            raise ValueError(
                f"{where}[{i}] is {row!r}: the string is missing. Drop the pair, or pass '' for an "
                "empty string."
            )
        raise TypeError(
            f"{where}[{i}] is {short_repr(row)} ({type(row).__name__}), where a string is "
            "expected. Pass strings only, or sequences of tokens only."
        )


def _contain_tokens(rows: list[Any]) -> bool:
    """Whether sequences contain tokens rather than numbers."""
    kinds: set[type] = set()
    for row in rows:
        if isinstance(row, np.ndarray):
            if row.ndim != 1:
                return False
            kinds |= set(map(type, row.tolist()))
        elif isinstance(row, list | tuple | range):
            kinds |= set(map(type, row))
        else:
            return False  # a tensor, DataFrame or Series
    if any(map(_holds_several, kinds)):
        return False  # steps of several numbers
    if any(issubclass(kind, tuple) for kind in kinds) and len(kinds) == 1:
        return not all(isinstance(part, Number) for row in rows for step in row for part in step)
    if not all(issubclass(kind, Number) for kind in kinds):
        return True
    return bool(kinds) and all(issubclass(kind, Integral | np.bool_) for kind in kinds)


# Values with their own error messages where numbers are expected, which say how to convert them.
_NOT_WORDS = (Number, Mapping, bytes, date, timedelta, np.datetime64, np.timedelta64, pd.Period)


def holds_words(data: Any) -> bool:
    """Whether data contains strings, or sequences of words or other tokens, but no numbers.

    Used by estimators whose data are numbers unless they cannot be. Sequences in which all words
    are numbers, such as those of a file that was read without conversion, are not words.

    Parameters
    ----------
    data : object
        As passed by the user.
    """
    if isinstance(data, Panel | Spans | str | bytes | Mapping | Set | Iterator):
        return False
    table = is_rectangle(data)
    if isinstance(data, pd.DataFrame) and data.shape[1] != 1:
        return False  # columns of a table, one of which may be text
    kind_of_steps = str(getattr(data, "type", "")).lower()  # of arrow and awkward arrays
    if "int" in kind_of_steps and "str" not in kind_of_steps:
        return False
    rows = _open_rows(only_column(data), "auto", "")
    if not rows or _begins_with_number(rows):
        return False
    if any(isinstance(row, str) for row in rows):
        return not any(map(is_sequence, rows)) and not (table and all(map(_is_numeral, rows)))
    if not all(map(_is_row_of_words, rows)):
        return False
    # None and NaN are missing words, which have a separate error message.
    words = [t for t in chain.from_iterable(rows) if not (t is None or t is np.nan)]
    if not all(map(_may_be_word, set(map(type, words)))) or all(map(_is_numeral, words)):
        return False
    # A step of several numbers may be a tuple, too.
    steps = [word for word in words if isinstance(word, tuple)]
    return not steps or not all(isinstance(part, Number) for step in steps for part in step)


def only_column(data: Any) -> Any:
    """Return the column of a DataFrame that has only one, and other data unchanged."""
    return data.iloc[:, 0] if isinstance(data, pd.DataFrame) and data.shape[1] == 1 else data


def holds_strings(data: Any) -> bool:
    """Whether words, see `holds_words`, are in strings rather than sequences."""
    return any(isinstance(row, str) for row in _open_rows(only_column(data), "auto", "") or ())


def _begins_with_number(rows: list[Any]) -> bool:
    """Whether the first time step is a number, so that the others need not be looked at."""
    row: Any = rows[0]
    if not isinstance(row, _PLAIN) or shape_of(row) == () or len(row) == 0:
        return False
    return isinstance(row[0], Number) and row[0] == row[0]


def _is_row_of_words(row: Any) -> bool:
    """Whether a sequence may hold words, judged by its type."""
    if isinstance(row, pd.Series):
        return not isinstance(row.dtype, pd.CategoricalDtype) and row.dtype.kind in "OUT"
    if isinstance(row, np.ndarray):
        return row.ndim == 1 and (row.dtype.kind in "OUT" or not len(row))
    return isinstance(row, list | tuple)


def _may_be_word(kind: Any) -> bool:
    missing = kind in (type(pd.NA), type(pd.NaT))
    refused = missing or issubclass(kind, _NOT_WORDS) or _holds_several(kind)
    # Objects that are only equal to themselves would never be recognised in new data.
    own: Any = kind.__eq__
    comparable = own is not object.__eq__ or issubclass(kind, Enum)
    return not refused and kind.__hash__ is not None and comparable


def _is_numeral(token: Any) -> bool:
    if not isinstance(token, str):
        return False
    try:
        float(token)
    except ValueError:
        return False
    return True


def _holds_several(kind: type) -> bool:
    """Whether a step of this type is a list or an array, and therefore not a token."""
    array = hasattr(kind, "__array__") and not issubclass(kind, np.generic)
    return issubclass(kind, list) or array


def _token_rows(
    rows: list[Any], where: str, padding_value: float | None, auto_name: str | None
) -> list[Any]:
    result = []
    padding_value = plain_number(padding_value)
    for i, row in enumerate(rows):
        tokens: Any = row.tolist() if hasattr(row, "tolist") else list(row)
        if not isinstance(tokens, list):
            raise ValueError(
                f"{where}[{i}] is a single value, {tokens!r}, where a sequence of tokens is "
                "expected. Pass one sequence per sample."
            )
        if padding_value is not None:
            tokens = _strip_padding(tokens, padding_value)
        if tokens and all(isinstance(token, Mapping) for token in tokens):
            raise TypeError(
                f"{where}[{i}] holds dicts where tokens are expected, for example "
                f"{short_repr(tokens[0])}. {dict_recipe(where)}"
            )
        for step, token in enumerate(tokens):
            if _holds_several(type(token)):
                raise ValueError(
                    f"{where}[{i}] has {type(token).__name__} {short_repr(token)} at time step "
                    f"{step}, where a token is expected. Pass strings, integers or other hashable "
                    "tokens."
                )
            problem = find_token_problem(token)
            if problem:
                raise ValueError(
                    f"{where}[{i}] has token {short_repr(token)} at time step {step}, which "
                    f"{problem}. Pass strings, integers or other hashable tokens."
                )
            if auto_name is not None and isinstance(token, float) and not token.is_integer():
                numbers = "numbers" if auto_name == "kind" else "series"
                raise ValueError(
                    f"{where}[{i}] has {token!r} at time step {step}, but fit received only "
                    f"integers, which {auto_name}='auto' treats as tokens. Set "
                    f"{auto_name}={numbers!r} and refit if they are numbers, or {auto_name}="
                    "'tokens'."
                )
        result.append(tokens)
    return result


def find_token_problem(token: Any) -> str | None:
    """Describe why a value is not a valid token; None if it is."""
    if token is None or (isinstance(token, float) and token != token):
        return "is missing"
    try:
        hash(token)  # a tuple of lists has the method, but it raises
    except TypeError:
        return "is not hashable"
    return None


def are_integers(rows: Sequence[Tokens]) -> bool:
    """Whether all tokens are integers."""
    kinds = set(map(type, chain.from_iterable(rows)))
    return bool(kinds) and all(issubclass(kind, Integral | np.bool_) for kind in kinds)


def _strip_padding(tokens: list[Any], padding_value: float) -> list[Any]:
    """Drop tokens at both ends that equal the padding value; NaN equals NaN."""

    def is_padding(token: Any) -> bool:
        if isinstance(token, bool) or not isinstance(token, Number):
            return False
        return token == padding_value or (token != token and padding_value != padding_value)

    start, stop = 0, len(tokens)
    while start < stop and is_padding(tokens[start]):
        start += 1
    while stop > start and is_padding(tokens[stop - 1]):
        stop -= 1
    return tokens[start:stop]


def short_repr(value: Any) -> str:
    """Return the repr of a value for messages: sets are sorted, long text is truncated."""
    text = repr(value)
    if isinstance(value, Set) and value:
        text = ", ".join(sorted(map(repr, value)))
        text = f"frozenset({{{text}}})" if isinstance(value, frozenset) else f"{{{text}}}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def fitted_with(form: str) -> str:
    """Return the reason for the required kind of data, for error messages."""
    return f"the model was fitted with {_DESCRIPTIONS[form]}"
