"""Validation of the true and the predicted sequences of a metric."""

from collections.abc import Hashable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import Panel, as_pandas, check_sample_weights, open_tensors, quote

# A string is kept: its characters are its tokens.
Tokens = str | tuple[Hashable, ...]


def read_pairs(
    y_true: Any, y_pred: Any, sample_weight: Any, caller: str
) -> tuple[list[Tokens], list[Tokens], np.ndarray]:
    """Return true sequences, predicted sequences and weights, one of each per sample."""
    true = read_texts(y_true, f"{caller}: y_true")
    predicted = read_texts(y_pred, f"{caller}: y_pred")
    check_same_number(true, predicted, caller)
    return true, predicted, read_weights(sample_weight, len(true), caller)


def check_same_number(true: Sequence[Any], predicted: Sequence[Any], caller: str) -> None:
    """Raise if the numbers of true and predicted sequences differ."""
    if len(true) != len(predicted):
        raise ValueError(
            f"{caller}: y_true has {len(true)} sequences, but y_pred has {len(predicted)}. Pass "
            "one prediction per true sequence."
        )
    if not true:
        raise ValueError(f"{caller}: y_true has no sequences. Pass at least one.")


def as_tokens(sequence: Tokens) -> tuple[Hashable, ...]:
    """Return the tokens of a sequence, so that a string equals the list of its characters."""
    return tuple(sequence)


def import_extra(package: str, caller: str) -> Any:
    """Import an optional dependency, or raise an error that says how to install it."""
    try:
        return import_module(package)
    except ImportError as error:
        top = package.partition(".")[0]
        raise ImportError(
            f"{caller} needs {top}, which is not installed. Run: pip install {top}"
        ) from error


def read_texts(y: Any, where: str) -> list[Tokens]:
    """The sequences of a container, one per sample."""
    return [_tokens(sequence, f"{where}[{i}]") for i, sequence in enumerate(_listed(y, where))]


def _listed(y: Any, where: str) -> list[Any]:
    items = read_items(y, where)
    try:
        return list(items)
    except Exception as error:  # an object's own iteration may raise anything
        raise TypeError(
            f"{where} cannot be converted to a list: {quote(error)}. Pass a list of sequences."
        ) from error


def read_items(y: Any, where: str) -> Any:
    """Items of a container, one per sample."""
    y = open_tensors(y, where)
    frame = y if isinstance(y, pd.Series) else as_pandas(y, where)
    if frame is not None:
        y = frame.to_numpy()
    # pyarrow and awkward scalars are equal only to themselves.
    for method in ("to_pylist", "to_list"):
        if hasattr(y, method) and not isinstance(y, Panel):
            y = getattr(y, method)()
    if isinstance(y, str | bytes):
        raise TypeError(
            f"{where} is a {type(y).__name__}. Pass a list of sequences, even for a single one."
        )
    if not _is_sequence(y):
        raise TypeError(
            f"{where} is {_shown(y)}, which is not a container of sequences. Pass a list, an "
            "object array or a Series of them."
        )
    return y


def _tokens(sequence: Any, where: str) -> Tokens:
    if isinstance(sequence, str):
        return str(sequence)  # converts np.str_
    if not _is_sequence(sequence):
        hint = "Decode it." if isinstance(sequence, bytes) else "Pass a string or a list of tokens."
        raise TypeError(f"{where} is {_shown(sequence)}, which is not a sequence of tokens. {hint}")
    try:
        # Python numbers compare faster than NumPy's; tensor scalars are equal only to themselves.
        tokens = tuple(sequence.tolist() if hasattr(sequence, "tolist") else sequence)
        if any(isinstance(token, np.generic) for token in tokens):
            # Compared with tuples, NumPy's numbers give arrays.
            tokens = tuple(t.item() if isinstance(t, np.generic) else t for t in tokens)
    except Exception as error:  # an object's own iteration may raise anything
        raise TypeError(
            f"{where} cannot be read as tokens: {quote(error)}. Pass a string or a list of tokens."
        ) from error
    try:
        frozenset(tokens)
    except TypeError:
        _refuse_unhashable(tokens, where)
    position = _position_of_missing(tokens)
    if position is not None:
        # It would always be counted as wrong, even if predicted.
        raise ValueError(
            f"{where} has {_shown(tokens[position])} at position {position}, which is not equal to "
            "itself. Represent missing tokens by a value such as None."
        )
    return tokens


def _position_of_missing(tokens: tuple[Hashable, ...]) -> int | None:
    """Position of the first token that does not equal itself, such as NaN."""
    try:
        return next((i for i, token in enumerate(tokens) if token != token), None)
    except (TypeError, ValueError):  # the comparison of pandas.NA is ambiguous
        return next(i for i, token in enumerate(tokens) if token is pd.NA)


def _is_sequence(y: Any) -> bool:
    """Whether y is ordered; mappings and sets are not."""
    if isinstance(y, str | bytes | bytearray | dict | set | frozenset | type):
        return False
    if not (hasattr(y, "__len__") and hasattr(y, "__getitem__")):
        return False
    return getattr(y, "ndim", 1) > 0


def _refuse_unhashable(tokens: tuple[Any, ...], where: str) -> None:
    for position, token in enumerate(tokens):
        try:
            hash(token)
        except TypeError:
            raise TypeError(
                f"{where} has {_shown(token)} at position {position}, which is not hashable. "
                "Pass tokens that are strings, numbers or tuples, in one sequence per sample."
            ) from None


def read_weights(sample_weight: Any, n_sequences: int, caller: str) -> np.ndarray:
    """One weight per sequence; ones for None."""
    if sample_weight is None:
        return np.ones(n_sequences)
    sample_weight = open_tensors(sample_weight, f"{caller}: sample_weight")
    return check_sample_weights(sample_weight, n_sequences, caller, noun="sequence")


def _shown(value: Any) -> str:
    """Format a value for a message: its repr if short, otherwise its type."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    if isinstance(value, set) and value:  # whose repr has an arbitrary order
        text = f"{{{', '.join(sorted(map(repr, value)))}}}"
    return text if len(text) <= 40 else f"a {type(value).__name__}"
