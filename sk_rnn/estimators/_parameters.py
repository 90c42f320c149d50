"""Parameters of the constructors: constraints, and names with double underscores."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import StrOptions, validate_parameter_constraints

from ..modules import CELLS, POOLINGS, find_cell
from ..sequences import RANDOM_STATE, AnyNumber, IntegerFrom, NumberIn, plain_number, quote
from ..training import (
    OPTIMIZERS,
    PRECISIONS,
    SCHEDULES,
    callback_fault,
    copy_callbacks,
    is_callback,
)
from ._names import find_meant, suggest
from ._trials import try_optimizer
from ._types import Extras

_positive_int = IntegerFrom(1)
_share = NumberIn(0, 1, closed="left")

Constraints = dict[str, list[Any]]

# Constraints of parameters, in disjoint groups; an estimator has a sum of them.

NETWORK: Constraints = {
    "hidden_size": [_positive_int],
    "num_layers": [_positive_int],
    "bidirectional": ["boolean"],
    "conv_channels": [_positive_int, None],
    "conv_kernel_size": [_positive_int],
    "conv_stride": [_positive_int],
    "dropout": [_share],
    "recurrent_dropout": [_share],
    "layer_norm": ["boolean"],
}

INPUTS: Constraints = {
    "padding_value": [AnyNumber(), None],
    "scale_inputs": ["boolean"],
}

TOKENS: Constraints = {
    "embedding_weights": ["array-like", None],
    "freeze_embedding": ["boolean"],
    "word_dropout": [_share],
}

TRAINING: Constraints = {
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "lr": [NumberIn(0, None, closed="neither")],
    "lr_schedule": [StrOptions({*SCHEDULES, "constant"}), callable],
    "weight_decay": [NumberIn(0, None, closed="left")],
    "gradient_clip": [NumberIn(0, None, closed="neither"), None],
    "max_epochs": [_positive_int, StrOptions({"auto"})],
    "batch_size": [_positive_int, StrOptions({"auto"})],
    "early_stopping": ["boolean"],
    "validation_fraction": [NumberIn(0, 1, closed="neither")],
    "n_iter_no_change": [_positive_int, StrOptions({"auto"})],
    "tol": [NumberIn(0, None, closed="left")],
    "warm_start": ["boolean"],
    "callbacks": [list, tuple, None],
}

COMPUTE: Constraints = {
    "device": [str],
    "precision": [StrOptions(set(PRECISIONS))],
    "backend": [StrOptions({"auto", "torch", "numba"})],
    "random_state": RANDOM_STATE,
    "verbose": ["verbose"],
}

# Shared by all estimators.
SHARED: Constraints = NETWORK | INPUTS | TOKENS | TRAINING | COMPUTE

# Only for estimators whose network is a `SequenceModel`.
SEQUENCE_MODEL: Constraints = {
    "cell": [StrOptions(set(CELLS)), type],
    "pooling": [StrOptions({"auto", *POOLINGS})],
    "return_sequences": ["boolean"],
    "head_norm": [StrOptions({"auto", "batch", "layer"}), None],
    "embedding_dim": [_positive_int, None],
    "num_embeddings": [_positive_int, None],
    "embedding_dropout": [_share, StrOptions({"auto"})],
    "tbptt_steps": [_positive_int, None],
}

# Larger numbers would overflow in the weights.
_FLOAT32_MAX = float(np.finfo(np.float32).max)

# Arguments of the module that are set as module__… and are not parameters of the estimators.
MODULE_EXTRAS: Constraints = {
    "embedding_std": [NumberIn(0, _FLOAT32_MAX, closed="both")],
    "forget_bias": [NumberIn(-_FLOAT32_MAX, _FLOAT32_MAX, closed="both")],
}

# The supported prefixes of skorch's double-underscore parameters.
_PREFIXES = ("optimizer__", "module__", "callbacks__")


class OpenParameters(BaseEstimator):
    """An estimator that also accepts skorch's parameters with double underscores."""

    def _set_extras(self, extras: Mapping[str, Any]) -> None:
        """Store parameters with double underscores unchanged; refuse all others.

        Which of them are valid depends on other parameters and is checked in fit.
        """
        for name, value in extras.items():
            # Code that inspects the signature, such as scikit-learn's checks, also passes "extras",
            # the name of **extras. It is stored here and refused in fit.
            if "__" not in name and name != "extras":
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                    f"{name!r}. {suggest(name, self._known_names())}"
                )
            if name.startswith(_PREFIXES):
                setattr(self, name, value)
            else:
                # Not as an attribute, which might shadow a method; kept for the error in fit.
                self._unknown = {**getattr(self, "_unknown", {}), name: value}

    def _extras(self) -> dict[str, Any]:
        named = {name: value for name, value in vars(self).items() if name.startswith(_PREFIXES)}
        return {**named, **getattr(self, "_unknown", {})}

    def _known_names(self) -> list[str]:
        """Return the names of parameters, including the built-in double-underscore ones."""
        return [*self._get_param_names(), *Extras.__annotations__]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, including those with double underscores.

        Parameters
        ----------
        deep : bool, default=True
            Ignored, because no parameter is itself an estimator. Present for API consistency.

        Returns
        -------
        dict
            Parameter names and values.
        """
        return {**super().get_params(deep=deep), **self._extras()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including those with double underscores.

        Parameters
        ----------
        **params
            Parameter names and values. ``optimizer__…``, ``module__…`` and ``callbacks__…`` are
            validated in `fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter does not exist; then no parameter is set.
        """
        names = self._get_param_names()
        unknown = getattr(self, "_unknown", {})
        for name in params:
            if name not in names and name not in unknown and not name.startswith(_PREFIXES):
                hint = find_meant(name, self._known_names())
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: "
                    f"{names!r}.{f' {hint}' if hint else ''}"
                )
        self._set_extras({name: params.pop(name) for name in list(params) if name not in names})
        return super().set_params(**params)

    def __sklearn_clone__(self):
        """Clone as scikit-learn does, but make shallow copies of callbacks.

        A deep copy of a callback would report to a copy of its trial or file.
        """
        extras = {name: v for name, v in vars(self).items() if name.startswith("callbacks__")}
        bare = object.__new__(type(self))
        bare.__dict__.update({name: v for name, v in vars(self).items() if name not in extras})
        bare.__dict__["callbacks"] = None
        cloned = super(OpenParameters, bare).__sklearn_clone__()
        callbacks, extras = copy_callbacks(self.callbacks, extras)
        cloned.__dict__.update({"callbacks": callbacks, **extras})
        return cloned


def check_objects(params: dict[str, Any], caller: str) -> None:
    """Refuse cells, optimizers, schedules and callbacks of the wrong type.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.
    caller : str
        Name of the caller in error messages.
    """
    cell, optimizer = params["cell"], params["optimizer"]
    if isinstance(cell, type) and not issubclass(cell, torch.nn.Module):
        raise TypeError(
            f"{caller}: cell={cell!r} is not a subclass of torch.nn.Module. Pass one, or one of "
            f"{sorted(CELLS)}."
        )
    if isinstance(optimizer, type) and (
        not issubclass(optimizer, torch.optim.Optimizer)
        # These two would need another training loop: a closure, sparse gradients.
        or issubclass(optimizer, torch.optim.LBFGS | torch.optim.SparseAdam)
    ):
        raise TypeError(
            f"{caller}: optimizer={optimizer!r} is not supported. Pass a subclass of "
            "torch.optim.Optimizer that needs neither a closure nor sparse gradients, or one of "
            f"{sorted(OPTIMIZERS)}."
        )
    if isinstance(params["lr_schedule"], torch.nn.Module):
        raise TypeError(
            f"{caller}: lr_schedule is a module, {type(params['lr_schedule']).__name__}. Pass a "
            f"function from progress in [0, 1] to the factor of lr, or one of {sorted(SCHEDULES)}."
        )
    check_callbacks(params, caller)


def check_callbacks(params: dict[str, Any], caller: str) -> None:
    """Refuse objects that are not callbacks, and callbacks that are not supported.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.
    caller : str
        Name of the caller in error messages.
    """
    for item in params["callbacks"] or ():
        named = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
        _check_callback(item[1] if named else item, f"callbacks contains {item!r}", caller)
    given = [item[0] for item in params["callbacks"] or () if isinstance(item, tuple)]
    names = [name for name, _ in name_callbacks(params["callbacks"])]
    for name in given:
        if given.count(name) > 1 or names.count(name) > 1:
            raise ValueError(
                f"{caller}: callbacks has two items named {name!r}. Pass unique names."
            )
    schedule = params["lr_schedule"]
    # partial_fit ignores the schedule: it trains at a constant rate.
    scheduled = None
    if schedule != "constant" and not caller.endswith(".partial_fit"):
        scheduled = repr(schedule) if isinstance(schedule, str) else _name_of(schedule)
    for name, callback in name_callbacks(params["callbacks"]):
        key = f"callbacks__{name}"
        callback = params.get(key, callback)
        if callback is None:
            continue
        _check_callback(callback, f"{key} is {callback!r}", caller)
        fault = callback_fault(callback, scheduled=scheduled)
        if fault:
            raise ValueError(f"{caller}: callback {name!r} {fault}.")


def _check_callback(callback: Any, where: str, caller: str) -> None:
    if not is_callback(callback):
        raise TypeError(
            f"{caller}: {where}, which is not a skorch callback. Pass instances of subclasses of "
            "skorch.callbacks.Callback, or pairs (name, callback)."
        )


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def check_combinations(params: dict[str, Any], caller: str) -> None:
    """Refuse parameters that contradict each other or have no effect.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.
    caller : str
        Name of the caller in error messages.
    """
    check_objects(params, caller)
    cell = params["cell"]
    reads_tokens = params["embedding_dim"] is not None or params["embedding_weights"] is not None
    conflicts = [
        (
            params["return_sequences"] and params["pooling"] != "auto",
            f"pooling={params['pooling']!r} has no effect with return_sequences=True, which keeps "
            "every time step. Leave pooling at its default 'auto'.",
        ),
        (
            params["return_sequences"] and params["conv_stride"] != 1,
            f"conv_stride={params['conv_stride']} skips time steps, but "
            "return_sequences=True needs an output for each. Set conv_stride=1.",
        ),
        *encoder_conflicts(params),
        (
            params["recurrent_dropout"] > 0 and not isinstance(cell, str),
            f"recurrent_dropout={params['recurrent_dropout']} is not supported with the "
            f"user-defined cell {getattr(cell, '__name__', cell)}. Set recurrent_dropout=0 and "
            "apply dropout in the cell.",
        ),
        (
            params["tbptt_steps"] is not None and not isinstance(cell, str),
            f"tbptt_steps={params['tbptt_steps']} carries states from chunk to chunk, which the "
            f"user-defined cell {getattr(cell, '__name__', cell)} does not support. Set "
            f"tbptt_steps=None, or cell to one of {sorted(CELLS)}.",
        ),
        (
            params["num_embeddings"] is not None and not reads_tokens,
            f"num_embeddings={params['num_embeddings']} has no effect without an embedding. "
            "Set embedding_dim.",
        ),
    ]
    refuse(conflicts, caller)


def encoder_conflicts(params: dict[str, Any]) -> list[tuple[Any, str]]:
    """Return parameter combinations that are invalid for all encoders, with their messages."""
    return [
        (
            params["conv_channels"] is None and params["conv_stride"] != 1,
            f"conv_stride={params['conv_stride']} has no effect without a convolution. "
            "Set conv_channels.",
        ),
        (
            params["freeze_embedding"] and params["embedding_weights"] is None,
            "freeze_embedding=True would freeze random vectors. Pass embedding_weights, or set "
            "freeze_embedding=False.",
        ),
    ]


def refuse(conflicts: Iterable[tuple[Any, str]], caller: str) -> None:
    """Raise an error for the first conflict that applies."""
    for found, message in conflicts:
        if found:
            raise ValueError(f"{caller}: {message}")


def checked_schedule(schedule: Any, caller: str) -> Any:
    """Return ``lr_schedule``; a callable is wrapped so that the factors it returns are checked."""
    if not callable(schedule):
        return schedule

    def checked(progress: float) -> float:
        try:
            factor = schedule(progress)
            number = float(factor) if _is_number(factor) else math.nan
        except Exception as error:  # any exception: user code runs here
            raise ValueError(
                f"{caller}: lr_schedule({progress:g}) raised {type(error).__name__}: "
                f"{quote(error)}. Pass a function from progress in [0, 1] to the factor of lr."
            ) from error
        if not 0 <= number <= _FLOAT32_MAX:
            raise ValueError(
                f"{caller}: lr_schedule({progress:g}) returned {factor!r}. Return the factor of "
                "lr, a finite number, zero or positive."
            )
        return number

    return checked


def check_extras(
    extras: dict[str, Any], params: dict[str, Any], caller: str
) -> dict[str, dict[str, Any]]:
    """Group the double-underscore parameters by their recipient; refuse unknown ones.

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
    module_names = [name for name in MODULE_EXTRAS if name != "forget_bias" or has_forget_gate]
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
        _refuse_booleans(optimizer, result["optimizer"], caller)
    if result["optimizer"] or isinstance(params["optimizer"], type):
        try_optimizer(optimizer, params["lr"], result["optimizer"], caller)
    return result


def _refuse_booleans(
    optimizer: type[torch.optim.Optimizer], extras: dict[str, Any], caller: str
) -> None:
    """Refuse booleans where the default of the optimizer is a number: torch accepts them."""
    parameters = inspect.signature(optimizer).parameters
    for key, value in extras.items():
        default = parameters[key.removeprefix("optimizer__")].default
        pairs = [(default, value)]
        if isinstance(default, tuple) and isinstance(value, tuple | list):
            pairs = list(zip(default, value, strict=False))
        if any(isinstance(given, bool) and _is_number(usual) for usual, given in pairs):
            raise ValueError(
                f"{caller}: {key}={value!r} is a boolean where {optimizer.__name__} takes a "
                f"number. Pass one, such as its default {default!r}."
            )


def _plain(value: Any) -> Any:
    """Convert numbers to Python numbers, also in a pair such as the betas of Adam."""
    if type(value) in (tuple, list):
        return type(value)(map(_plain, value))
    return plain_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def name_callbacks(callbacks: Iterable[Any] | None) -> list[tuple[str, Any]]:
    """Pair each callback with the name under which ``callbacks__name__…`` reaches it.

    As in skorch: the given name for pairs, otherwise the name of the class, with a number if it
    is not unique.
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
