"""Sources of estimators that accept any kind of X."""

from collections.abc import Mapping
from typing import Any

from ...sequences import is_table, open_foreign
from .._contents import read_contents
from ._ids import IdSource
from ._numbers import NumberSource
from ._source import Owner, Samples, Source
from ._tokens import TokenSource
from ._vectors import VectorSource


def read_any_source(
    X: Any, owner: Owner, params: Mapping[str, Any], caller: str
) -> tuple[Source, Samples]:
    """Read the X of `fit`: strings, tokens, ids, sequences of numbers, or vectors.

    Parameters
    ----------
    X : object
        As passed by the user.
    owner : estimator
        Its names and number of features are set.
    params : mapping
        Its parameters; ``source_kind`` may require a kind.
    caller : str
        Name of the caller in error messages.

    Returns
    -------
    source : Source
    samples : Samples
    """
    where, kind = f"{caller}: X", params["source_kind"]
    X = open_foreign(X, where)
    contents = read_contents(
        X,
        "series" if kind == "vectors" else kind,
        where,
        f"source_kind={kind!r}",
        padding_value=owner.padding_value,
    )
    if params["embedding_weights"] is not None and contents.form != "ids":
        raise ValueError(
            f"{caller}: embedding_weights has a row for each token id, but X does not contain "
            "ids. Pass X as a Panel of token ids, as SequenceVectorizer returns it, or set "
            "embedding_weights=None."
        )
    if contents.form in ("text", "tokens"):
        tokens = TokenSource(params, contents)
        return tokens, tokens.split(X, contents, owner, where, reset=True)
    source: Source
    if contents.form == "ids":
        source = IdSource(params, caller, among_tokens=True)
    elif kind == "vectors" or (kind == "auto" and is_table(X, padding_value=owner.padding_value)):
        source = VectorSource(params)
    else:
        source = NumberSource(params, among_tokens=True)
    return source, source.read(X, owner, caller, reset=True)
