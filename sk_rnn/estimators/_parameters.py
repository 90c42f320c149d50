"""What may be passed to the constructors: constraints, and names with double underscores."""

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


CONSTRAINTS: dict[str, list[Any]] = {
    "cell": [StrOptions(set(CELLS)), type],
    "hidden_size": [_positive_int],
    "num_layers": [_positive_int],
    "bidirectional": ["boolean"],
    "pooling": [StrOptions({"auto", *POOLINGS})],
    "return_sequences": ["boolean"],
    "conv_channels": [_positive_int, None],
    "conv_kernel_size": [_positive_int],
    "conv_stride": [_positive_int],
    "embedding_dim": [_positive_int, None],
    "num_embeddings": [_positive_int, None],
    "embedding_weights": ["array-like", None],
    "freeze_embedding": ["boolean"],
    "embedding_dropout": [_share, StrOptions({"auto"})],
    "word_dropout": [_share],
    "padding_value": [AnyNumber(), None],
    "dropout": [_share],
    "recurrent_dropout": [_share],
    "layer_norm": ["boolean"],
    "head_norm": [StrOptions({"auto", "batch", "layer"}), None],
    "scale_inputs": ["boolean"],
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "lr": [NumberIn(0, None, closed="neither")],
    "lr_schedule": [StrOptions({*SCHEDULES, "constant"}), callable],
    "weight_decay": [NumberIn(0, None, closed="left")],
    "gradient_clip": [NumberIn(0, None, closed="neither"), None],
    "tbptt_steps": [_positive_int, None],
    "max_epochs": [_positive_int, StrOptions({"auto"})],
    "batch_size": [_positive_int, StrOptions({"auto"})],
    "early_stopping": ["boolean"],
    "validation_fraction": [NumberIn(0, 1, closed="neither")],
    "n_iter_no_change": [_positive_int, StrOptions({"auto"})],
    "tol": [NumberIn(0, None, closed="left")],
    "warm_start": ["boolean"],
    "callbacks": [list, tuple, None],
    "device": [str],
    "precision": [StrOptions(set(PRECISIONS))],
    "backend": [StrOptions({"auto", "torch", "numba"})],
    "random_state": RANDOM_STATE,
    "verbose": ["verbose"],
}

# What is beyond would be infinite among the weights.
_FLOAT32_MAX = float(np.finfo(np.float32).max)

# What reaches the module under module__ and is not a parameter of the estimators.
MODULE_EXTRAS: dict[str, list[Any]] = {
    "embedding_std": [NumberIn(0, _FLOAT32_MAX, closed="both")],
    "forget_bias": [NumberIn(-_FLOAT32_MAX, _FLOAT32_MAX, closed="both")],
}

# The prefixes of skorch's double-underscore parameters that reach something here.
_PREFIXES = ("optimizer__", "module__", "callbacks__")


class OpenParameters(BaseEstimator):
    """An estimator that takes, beside its own, skorch's parameters with double underscores."""

    def _set_extras(self, extras: Mapping[str, Any]) -> None:
        """Store parameters with double underscores as they are; refuse all others.

        Which of them reach something depends on other parameters, so that is left for fit to check.
        """
        for name, value in extras.items():
            # What reads signatures, as scikit-learn's checks do, passes an "extras" too, which is
            # the name of **extras there. It reaches nothing, as fit says.
            if "__" not in name and name != "extras":
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument "
                    f"{name!r}. {suggest(name, self._known_names())}"
                )
            if name.startswith(_PREFIXES):
                setattr(self, name, value)
            else:
                # Not as an attribute, which might hide a method; only so that fit can name it.
                self._unknown = {**getattr(self, "_unknown", {}), name: value}

    def _extras(self) -> dict[str, Any]:
        named = {name: value for name, value in vars(self).items() if name.startswith(_PREFIXES)}
        return {**named, **getattr(self, "_unknown", {})}

    def _known_names(self) -> list[str]:
        """Names of parameters, and those with double underscores that can be listed."""
        return [*self._get_param_names(), *Extras.__annotations__]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, those with double underscores included.

        Parameters
        ----------
        deep : bool, default=True
            Taken for scikit-learn's sake; no parameter is itself an estimator.

        Returns
        -------
        dict
            Parameter names and values.
        """
        return {**super().get_params(deep=deep), **self._extras()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those with double underscores included.

        Parameters
        ----------
        **params
            Names and values; ``optimizer__…``, ``module__…`` and ``callbacks__…`` are checked when
            `fit` is called.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is no such parameter; then none is set.
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
        """Clone as scikit-learn does, but copy callbacks without what they refer to.

        A deep copy of a callback would speak to a copy of its trial or file, and nobody hears it.
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
    """Refuse classes and callbacks that are not what the parameters are for.

    Parameters
    ----------
    params : dict
        The estimator's parameters.
    caller : str
        Named in errors.
    """
    cell, optimizer = params["cell"], params["optimizer"]
    if isinstance(cell, type) and not issubclass(cell, torch.nn.Module):
        raise TypeError(
            f"{caller}: cell={cell!r} is not a subclass of torch.nn.Module. Pass one, or one of "
            f"{sorted(CELLS)}."
        )
    if isinstance(optimizer, type) and (
        not issubclass(optimizer, torch.optim.Optimizer)
        # These two need another loop: a closure, sparse gradients.
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
    """Refuse callbacks that are none, or that cannot work here.

    Parameters
    ----------
    params : dict
        The estimator's parameters.
    caller : str
        Named in errors.
    """
    for item in params["callbacks"] or ():
        named = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
        _check_callback(item[1] if named else item, f"callbacks holds {item!r}", caller)
    given = [item[0] for item in params["callbacks"] or () if isinstance(item, tuple)]
    names = [name for name, _ in name_callbacks(params["callbacks"])]
    for name in given:
        if given.count(name) > 1 or names.count(name) > 1:
            raise ValueError(
                f"{caller}: callbacks has two with the name {name!r}. Give each a name of its own."
            )
    schedule = params["lr_schedule"]
    # partial_fit has no schedule: it trains at a constant rate.
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
    """Refuse parameters that contradict each other or would do nothing.

    Parameters
    ----------
    params : dict
        The estimator's parameters.
    caller : str
        Named in errors.
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
            f"conv_stride={params['conv_stride']} leaves out time steps, but "
            "return_sequences=True needs an output for each. Set conv_stride=1.",
        ),
        *encoder_conflicts(params),
        (
            params["recurrent_dropout"] > 0 and not isinstance(cell, str),
            f"recurrent_dropout={params['recurrent_dropout']} cannot reach inside the "
            f"user-defined cell {getattr(cell, '__name__', cell)}. Set recurrent_dropout=0 and "
            "drop out in the cell.",
        ),
        (
            params["tbptt_steps"] is not None and not isinstance(cell, str),
            f"tbptt_steps={params['tbptt_steps']} hands states from chunk to chunk, which the "
            f"user-defined cell {getattr(cell, '__name__', cell)} does not take. Set "
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
    """Combinations that no encoder can use: whether each is there, and what to say of it."""
    return [
        (
            params["conv_channels"] is None and params["conv_stride"] != 1,
            f"conv_stride={params['conv_stride']} has no effect without a convolution. "
            "Set conv_channels.",
        ),
        (
            params["freeze_embedding"] and params["embedding_weights"] is None,
            "freeze_embedding=True would keep random vectors. Pass embedding_weights, or set "
            "freeze_embedding=False.",
        ),
    ]


def refuse(conflicts: Iterable[tuple[Any, str]], caller: str) -> None:
    """Raise the first of the conflicts that is there."""
    for found, message in conflicts:
        if found:
            raise ValueError(f"{caller}: {message}")


def checked_schedule(schedule: Any, caller: str) -> Any:
    """``lr_schedule`` with, if it is the user's function, a look at each factor it returns."""
    if not callable(schedule):
        return schedule

    def checked(progress: float) -> float:
        try:
            factor = schedule(progress)
            number = float(factor) if _is_number(factor) else math.nan
        except Exception as error:  # of any kind, the user's own too
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
    """Sort the double-underscore parameters by what they reach; refuse those that reach nothing.

    Returns
    -------
    dict
        "optimizer": arguments of the optimizer; "callbacks": arguments of the net; "module" and
        "cell": arguments of the module and of a user-defined cell.

    Raises
    ------
    TypeError
        Naming the nearest real parameter.
    """
    extras = {name: _plain(value) for name, value in extras.items()}
    optimizer = OPTIMIZERS.get(params["optimizer"], params["optimizer"])
    # The decay is the estimator's own parameter, because it is not for every weight.
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
        result["module"][name] = float(value)  # of integers torch takes only those of 64 bits
    if result["optimizer"]:
        _refuse_booleans(optimizer, result["optimizer"], caller)
    if result["optimizer"] or isinstance(params["optimizer"], type):
        try_optimizer(optimizer, params["lr"], result["optimizer"], caller)
    return result


def _refuse_booleans(
    optimizer: type[torch.optim.Optimizer], extras: dict[str, Any], caller: str
) -> None:
    """Refuse True and False where the optimizer's own default is a number: torch takes them."""
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
    """Numbers as Python's own, also in a pair such as the betas of Adam."""
    if type(value) in (tuple, list):
        return type(value)(map(_plain, value))
    return plain_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def name_callbacks(callbacks: Iterable[Any] | None) -> list[tuple[str, Any]]:
    """Pair each callback with the name under which ``callbacks__name__…`` reaches it.

    As skorch does: a callback's own name if it comes as a pair, else its class's; the second of a
    name gets a number.
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
    """Parameters of a callback that skorch sets: those it has, or arguments of its class."""
    if isinstance(callback, type):
        return _arguments(callback)
    return list(callback.get_params(deep=False))


def _accepts_any(key: str, cell: Any) -> bool:
    """Whether ``key`` is for a user-defined cell that takes any keyword."""
    if not key.startswith("module__cell__") or not isinstance(cell, type):
        return False
    parameters = inspect.signature(cell).parameters.values()
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
