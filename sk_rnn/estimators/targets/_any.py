"""Targets of estimators that accept any kind of y."""

from collections.abc import Mapping
from typing import Any

from .._contents import KIND, read_contents
from ..sources import Samples, Source
from ._pairs import PairTarget, find_padding_value, open_target
from ._series import SeriesTarget
from ._tokens import TokenTarget


def read_any_target(
    y: Any,
    X: Any,
    samples: Samples,
    source: Source,
    params: Mapping[str, Any],
    caller: str,
    *,
    autoencoder: bool,
) -> tuple[PairTarget, Any]:
    """Read the y of `fit`: strings, tokens, or sequences of numbers.

    Parameters
    ----------
    y, X : object
        As passed by the user.
    samples : Samples
        X as read by its source.
    source : Source
        That of X; an autoencoder has a target of the same kind.
    params : mapping
        Parameters of the estimator; ``target_kind`` may require a kind.
    caller : str
        Name of the caller in error messages.
    autoencoder : bool
        Whether y is X itself.

    Returns
    -------
    target : PairTarget
    y : object
        As its `read` returns it.
    """
    where = f"{caller}: y"
    y = open_target(y, samples, where, caller)
    kind = KIND[source.form] if autoencoder else params["target_kind"]
    padding_value = find_padding_value(y, params["padding_value"], autoencoder=autoencoder)
    reason = f"target_kind={params['target_kind']!r}"
    contents = read_contents(y, kind, where, reason, padding_value=padding_value)
    auto = kind == "auto" and contents.form == "tokens"
    if contents.form == "ids":
        contents = read_contents(y, "tokens", where, padding_value=padding_value)
    target: PairTarget
    if contents.form == "numbers":
        target = SeriesTarget(params, autoencoder=autoencoder)
    else:
        target = TokenTarget(params, contents, autoencoder=autoencoder, auto=auto)
    return target, target.read_opened(y, contents, X, samples, caller, "y", True)
