"""Reading of documents from containers, and errors for values that are not text."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import as_pandas, is_awkward, name_kind, open_tensors

_ACCEPTED = "Pass a list, a Series or a 1-D array of strings, one per document."


def open_documents(X: Any, caller: str) -> Iterable[Any]:
    """Return an iterable of documents, which are not validated yet."""
    where = f"{caller}: X"
    if isinstance(X, str | bytes):
        raise TypeError(
            f"{where} is one {type(X).__name__}, each character of which would be a document. "
            "Pass [X] if it is a single document."
        )
    X = open_tensors(X, where)
    frame = as_pandas(X, where)
    if frame is not None:
        raise TypeError(
            f"{where} is a {type(X).__name__} of columns {list(frame.columns)[:10]}. Pass the one "
            "with the text, as X['column']."
        )
    # An awkward array of token lists has two dimensions, but no shape.
    n_dimensions = 1 if is_awkward(X) else getattr(X, "ndim", 1)
    if n_dimensions > 1:
        raise TypeError(
            f"{where} has {n_dimensions} dimensions, shape {tuple(X.shape)}"
            + (f", and holds {X.dtype} where text is expected" if _is_numeric(X) else "")
            + f". {_ACCEPTED} A column is X.ravel(), rows of tokens are X.tolist()."
        )
    unordered = isinstance(X, Mapping | AbstractSet)
    if unordered or n_dimensions == 0 or not isinstance(X, Iterable):
        raise TypeError(
            f"{where} is {name_kind(X)}, which is not a container of documents. {_ACCEPTED}"
        )
    for method in ("to_pylist", "tolist", "to_list"):  # pyarrow; NumPy and pandas; polars
        if hasattr(X, method):
            return getattr(X, method)()
    return X


def refuse_document(document: Any, i: int, caller: str) -> None:
    """Raise an error for a document that is neither text nor tokens."""
    where = f"{caller}: X[{i}]"
    if is_missing(document):
        raise ValueError(
            f"{where} is {document!r}, a missing document. Drop it, from y too, or pass '' "
            "for a document without words."
        )
    kind = "a number" if _is_number(document) else name_kind(document)
    raise TypeError(
        f"{where} is {show(document)}, {kind}, where text is expected. Pass a string, or a list "
        "of tokens."
    )


def as_token_list(document: Any) -> list[Any] | None:
    """Return a pre-tokenized document as a list; None if it is not one."""
    if isinstance(document, list):
        return document
    if isinstance(document, tuple):
        return list(document)
    if isinstance(document, np.ndarray | pd.Series) and document.ndim == 1:
        return document.tolist()
    return None


def check_tokens(tokens: list[Any], i: int, caller: str) -> list[Any]:
    """Validate the tokens of a pre-tokenized document: all must be strings."""
    if not set(map(type, tokens)) <= {str}:
        for step, token in enumerate(tokens):
            if not isinstance(token, str):
                advice = (
                    "Drop it."
                    if is_missing(token)
                    else "Convert tokens to strings, or pass sequences of ids directly to the "
                    "estimator."
                )
                kind = ValueError if is_missing(token) else TypeError
                raise kind(
                    f"{caller}: X[{i}] has token {token!r} ({type(token).__name__}) at time step "
                    f"{step}, where a string is expected. {advice}"
                )
    return tokens


def show(value: Any) -> str:
    """Format a value in one line for a message."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_missing(value: Any) -> bool:
    """Return whether a value is missing: None, NaN, NA or NaT."""
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _is_numeric(X: Any) -> bool:
    return getattr(getattr(X, "dtype", None), "kind", "O") in "biufc"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | complex | np.number)
