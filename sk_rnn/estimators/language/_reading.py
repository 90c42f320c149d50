"""What X of a language model is: tokens, values in [0, 1], or numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...sequences import Spans, open_foreign
from .._contents import Contents, read_contents
from ..sources import NumberSource, Owner, Samples, Source, TokenSource

# Number of values examined at a time.
_BLOCK_VALUES = 1 << 20


def read_steps(
    X: Any, owner: Owner, params: Mapping[str, Any], caller: str
) -> tuple[Source, Samples, str, Contents]:
    """Read the X of `fit`.

    Parameters
    ----------
    X : object
        As passed by the user.
    owner : estimator
        Its names and number of features are set.
    params : mapping
        Its parameters; ``kind`` may require a kind.
    caller : str
        Name of the caller in error messages.

    Returns
    -------
    source : Source
    samples : Samples
    kind : {"tokens", "binary", "numbers"}
    contents : Contents
    """
    where, kind = f"{caller}: X", params["kind"]
    X = open_foreign(X, where)
    contents = _contents(X, kind, where, params["padding_value"])
    if contents.form in ("text", "tokens"):
        tokens = TokenSource(params, contents, prefix="")
        return tokens, tokens.split(X, contents, owner, where, reset=True), "tokens", contents
    source = NumberSource(
        {**params, "scale_inputs": params["scale_inputs"] and kind != "binary"}, among_tokens=True
    )
    spans = source.read(X, owner, caller, reset=True)
    if kind == "auto":
        kind = "numbers"
        if _are_bits(spans):
            if spans.n_features == 1 and spans.frame_shape is None:
                contents = read_contents(X, "tokens", where, padding_value=params["padding_value"])
                tokens = TokenSource(params, contents, prefix="")
                return (
                    tokens,
                    tokens.split(X, contents, owner, where, reset=True),
                    "tokens",
                    contents,
                )
            kind = "binary"
            source._standardises = False
    elif kind == "binary":
        check_probabilities(spans)
    return source, spans, kind, contents


def _contents(X: Any, kind: str, where: str, padding_value: Any) -> Contents:
    reason = f"kind={kind!r}"
    required = {"tokens": "auto", "binary": "series", "numbers": "series"}.get(kind, kind)
    contents = read_contents(X, required, where, reason, padding_value=padding_value)
    as_tokens = contents.form == "ids" or (kind == "tokens" and contents.form == "numbers")
    if as_tokens:
        contents = read_contents(X, "tokens", where, reason, padding_value=padding_value)
    return contents


def _are_bits(spans: Spans) -> bool:
    """Whether all values are 0 or 1, and both occur."""
    seen = np.zeros(2, dtype=bool)
    for _, steps in spans.blocks(_BLOCK_VALUES):
        ones, zeros = steps == 1, steps == 0
        if not (ones | zeros).all():
            return False
        seen |= (bool(zeros.any()), bool(ones.any()))
    return bool(seen.all())


def check_probabilities(spans: Spans) -> None:
    """Raise an error for a value outside [0, 1], which a Bernoulli distribution lacks."""
    for rows, steps in spans.blocks(_BLOCK_VALUES):
        wrong = ~((steps >= 0) & (steps <= 1))
        if wrong.any():
            position, feature = map(int, np.argwhere(wrong)[0])
            sample, step = spans.locate(rows, position)
            value = float(steps[position, feature])
            raise ValueError(
                f"{spans.where}[{sample}] has {value:g} {spans.place(step, feature)}, but kind="
                "'binary' requires values from 0 to 1. Rescale them, or refit with kind='numbers'."
            )
