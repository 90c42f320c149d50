"""Parameters with double underscores: storing them, and checking what they refer to."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.utils._param_validation import validate_parameter_constraints

from ..modules import find_cell
from ..sequences import NumberIn, plain_number
from ..training import OPTIMIZERS
from ._names import find_meant, suggest
from ._trials import try_optimizer
from ._types import Extras

# Larger numbers overflow in float32 weights.
FLOAT32_MAX = float(np.finfo(np.float32).max)

# Arguments of the module that are set as module__… and are not parameters of the estimators.
MODULE_EXTRAS: dict[str, list[Any]] = {
    "embedding_std": [NumberIn(0, FLOAT32_MAX, closed="both")],
    "forget_bias": [NumberIn(-FLOAT32_MAX, FLOAT32_MAX, closed="both")],
    "norm_eps": [NumberIn(0, FLOAT32_MAX, closed="right")],
}

# The supported prefixes of skorch's double-underscore parameters.
PREFIXES = ("optimizer__", "module__", "callbacks__")


def unexpected_argument(name: str, estimator: str, names: list[str]) -> TypeError:
    """Return the error for an unknown argument of a constructor.

    Parameters
    ----------
    name : str
        The argument.
    estimator : str
        Name of the class.
    names : list of str
        Its parameters.
    """
    hint = suggest(name, [*names, *Extras.__annotations__])
    return TypeError(f"{estimator}.__init__() got an unexpected keyword argument {name!r}. {hint}")


def invalid_parameter(name: str, estimator: str, names: list[str]) -> ValueError:
    """Return the error for an unknown parameter in `set_params`; ``estimator`` is its repr."""
    hint = find_meant(name, [*names, *Extras.__annotations__])
    return ValueError(
        f"Invalid parameter {name!r} for estimator {estimator}. Valid parameters are: "
        f"{names!r}.{f' {hint}' if hint else ''}"
    )


def check_extras(
    extras: dict[str, Any], params: Mapping[str, Any], caller: str
) -> dict[str, dict[str, Any]]:
    """Group the double-underscore parameters by their recipient.

    Returns
    -------
    dict
        "optimizer": arguments of the optimizer; "callbacks": arguments of the net; "module" and
        "cell": arguments of the module and of a user-defined cell.

    Raises
    ------
    TypeError
        If a parameter is unknown. The message suggests a similar one.
    """
    extras = {name: _plain(value) for name, value in extras.items()}
    optimizer = OPTIMIZERS.get(params["optimizer"], params["optimizer"])
    # weight_decay is a parameter of the estimator, because it does not apply to all weights.
    names = _arguments(optimizer, skip=("params", "weight_decay"))
    known = [f"optimizer__{name}" for name in names]
    has_forget_gate = find_cell(params["cell"]).forget_gate is not None
    applies = {
        "forget_bias": has_forget_gate,
        "embedding_std": "embedding_dim" in params,
        "norm_eps": params.get("head_norm") is not None,
    }
    module_names = [name for name in MODULE_EXTRAS if applies[name]]
    known += [f"module__{name}" for name in module_names]
    if isinstance(params["cell"], type):
        names = _arguments(params["cell"], skip=("input_size", "hidden_size"))
        known += [f"module__cell__{name}" for name in names]
    for name, callback in name_callbacks(params["callbacks"]):
        known.append(f"callbacks__{name}")
        known += [f"callbacks__{name}__{argument}" for argument in _settable(callback)]
    known += params.keys() - extras.keys()
    result: dict[str, dict[str, Any]] = {"optimizer": {}, "callbacks": {}, "module": {}, "cell": {}}
    for key, value in extras.items():
        if key not in known and not _accepts_any(key, params["cell"]):
            raise TypeError(f"{caller}: unknown parameter {key!r}. {suggest(key, known)}")
        prefix, _, name = key.partition("__")
        if prefix == "module" and name.startswith("cell__"):
            result["cell"][name.removeprefix("cell__")] = value
        elif prefix == "module":
            result["module"][name] = value
        else:
            result[prefix][key] = value
    estimator = caller.partition(".")[0]
    for name, value in result["module"].items():
        key = f"module__{name}"
        validate_parameter_constraints({key: MODULE_EXTRAS[name]}, {key: value}, estimator)
        result["module"][name] = float(value)  # torch only accepts integers of 64 bits
    if result["optimizer"]:
        _check_booleans(optimizer, result["optimizer"], caller)
    if result["optimizer"] or isinstance(params["optimizer"], type):
        try_optimizer(optimizer, params["lr"], result["optimizer"], caller)
    return result


def _check_booleans(
    optimizer: type[torch.optim.Optimizer], extras: dict[str, Any], caller: str
) -> None:
    """Raise an error for booleans where the optimizer expects numbers: torch accepts them."""
    parameters = inspect.signature(optimizer).parameters
    for key, value in extras.items():
        default = parameters[key.removeprefix("optimizer__")].default
        pairs = [(default, value)]
        if isinstance(default, tuple) and isinstance(value, tuple | list):
            pairs = list(zip(default, value, strict=False))
        if any(isinstance(given, bool) and is_number(usual) for usual, given in pairs):
            raise ValueError(
                f"{caller}: {key}={value!r} is a boolean, but {optimizer.__name__} expects a "
                f"number. Pass one, such as its default {default!r}."
            )


def _plain(value: Any) -> Any:
    """Convert numbers to Python numbers, also in a pair such as the betas of Adam."""
    if type(value) in (tuple, list):
        return type(value)(map(_plain, value))
    return plain_number(value)


def is_number(value: Any) -> bool:
    """Whether a value is a real number and not a boolean."""
    return isinstance(value, Real) and not isinstance(value, bool)


def name_callbacks(callbacks: Iterable[Any] | None) -> list[tuple[str, Any]]:
    """Pair each callback with its name in ``callbacks__name__…``.

    As in skorch: the given name for pairs, otherwise the name of the class, with a number
    appended if it is not unique.
    """
    pairs: list[tuple[str, Any]] = []
    for item in callbacks or ():
        if isinstance(item, tuple):
            pairs.append(item)
        else:
            kind = item if isinstance(item, type) else type(item)
            pairs.append((kind.__name__, item))
    names = [name for name, _ in pairs]
    return [
        (name if names.count(name) == 1 else f"{name}_{names[: index + 1].count(name)}", callback)
        for index, (name, callback) in enumerate(pairs)
    ]


def _arguments(function: Callable[..., Any], skip: tuple[str, ...] = ()) -> list[str]:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind not in kinds and p.name not in skip]


def _settable(callback: Any) -> list[str]:
    """Return the parameters of a callback that skorch can set."""
    if isinstance(callback, type):
        return _arguments(callback)
    return list(callback.get_params(deep=False))


def _accepts_any(key: str, cell: Any) -> bool:
    """Whether ``key`` is an argument of a user-defined cell that accepts any keyword."""
    if not key.startswith("module__cell__") or not isinstance(cell, type):
        return False
    parameters = inspect.signature(cell).parameters.values()
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
