"""Parameters of a language model: constraints, and invalid combinations."""

from collections.abc import Mapping
from typing import Any

from sklearn.utils._param_validation import StrOptions

from ...modules import CELLS
from ...sequences import IntegerFrom, NumberIn
from .._parameters import COMPUTE, INPUTS, NETWORK, TRAINING, Constraints, check_objects

_auto = StrOptions({"auto"})
_positive_int = IntegerFrom(1)
_fraction = NumberIn(0, 1, closed="left")

CONSTRAINTS: Constraints = {
    "kind": [StrOptions({"auto", "tokens", "binary", "numbers"})],
    "analyzer": [StrOptions({"char", "word"}), callable, None],
    "min_df": [_positive_int, _auto],
    "ends": ["boolean", _auto],
    "density": [
        StrOptions(
            {"auto", "categorical", "bernoulli", "gaussian", "mixture", "squared_error"},
        )
    ],
    "n_components": [_positive_int],
    "cell": [StrOptions(set(CELLS))],
    "hidden_size": [_positive_int, _auto],
    "num_layers": NETWORK["num_layers"],
    "embedding_dim": [_positive_int],
    "tied_embeddings": ["boolean", _auto],
    "embedding_dropout": [_fraction, _auto],
    "word_dropout": [_fraction],
    "dropout": [_fraction, _auto],
    "recurrent_dropout": [_fraction, _auto],
    "layer_norm": ["boolean"],
    **INPUTS,
    "label_smoothing": [_fraction],
    "tbptt_steps": [_positive_int],
    "max_length": [_positive_int, _auto],
    **TRAINING,
    **COMPUTE,
}

# Parameters that are passed to the module, and those that determine how data are read. Neither may
# change while training continues.
MODULE = (
    "cell",
    "hidden_size",
    "num_layers",
    "dropout",
    "recurrent_dropout",
    "layer_norm",
    "embedding_dropout",
    "word_dropout",
)
DATA = (
    "kind",
    "analyzer",
    "min_df",
    "ends",
    "density",
    "n_components",
    "embedding_dim",
    "tied_embeddings",
)

# Densities of each kind of steps, the one of "auto" first.
DENSITIES = {
    "tokens": ("categorical",),
    "binary": ("bernoulli",),
    "numbers": ("gaussian", "mixture", "squared_error"),
}


def check_language(params: Mapping[str, Any], caller: str) -> None:
    """Raise an error for parameters that contradict each other."""
    check_objects(params, caller)
    kind, density = params["kind"], params["density"]
    if kind != "auto":
        choose_density(kind, density, caller)


def choose_density(kind: str, density: str, caller: str) -> str:
    """Return the density of steps of this kind."""
    allowed = DENSITIES[kind]
    if density == "auto":
        return allowed[0]
    if density not in allowed:
        names = " or ".join(repr(name) for name in ("auto", *allowed))
        what = {"tokens": "tokens", "binary": "values in [0, 1]", "numbers": "numbers"}[kind]
        raise ValueError(
            f"{caller}: density={density!r} is not a density of {what} (kind={kind!r}). Set "
            f"density={names}."
        )
    return density


def check_token_parameters(params: Mapping[str, Any], kind: str, caller: str) -> None:
    """Raise an error for parameters of tokens that have no effect."""
    if kind == "tokens":
        return
    neutral = {"tied_embeddings": ("auto", False), "word_dropout": (0,), "label_smoothing": (0,)}
    for name, values in neutral.items():
        if params[name] not in values:
            raise ValueError(
                f"{caller}: {name}={params[name]!r} has no effect if X consists of numbers, which "
                f"are not embedded. Leave it at its default {values[0]!r}."
            )


__all__ = [
    "CONSTRAINTS",
    "DATA",
    "MODULE",
    "check_language",
    "check_token_parameters",
    "choose_density",
]
