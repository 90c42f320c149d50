"""Test steps of user-defined optimizers before training."""

import inspect
from typing import Any

import torch

from ..sequences import quote
from ..training import OPTIMIZERS


def try_optimizer(
    optimizer: type[torch.optim.Optimizer], lr: Any, extras: dict[str, Any], caller: str
) -> None:
    """Take an optimizer step on two parameters of zeros, a matrix and a vector.

    Parameters
    ----------
    optimizer : type
    lr : float
    extras : dict
        ``optimizer__…`` and their values.
    caller : str
        Name of the caller in error messages.

    Raises
    ------
    ValueError
        If the optimizer cannot be instantiated with these arguments, or cannot take a step.
    """
    given = {key.removeprefix("optimizer__"): value for key, value in extras.items()}
    parameters = [torch.nn.Parameter(torch.zeros(shape)) for shape in ((2, 2), (2,))]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    try:
        # Repeated with fused=True, which the net sets and for which torch has further checks.
        fused = "fused" in inspect.signature(optimizer).parameters
        fused = fused and not {"fused", "foreach", "differentiable"} & given.keys()
        for more in [{}, {"fused": True}][: 1 + fused]:
            groups = [{"params": [parameter]} for parameter in parameters]
            optimizer(groups, **{"lr": float(lr), **given, **more}).step()
    except Exception as error:  # any exception: code outside of this package runs here
        reason = quote(error)
        if not isinstance(error, TypeError | ValueError):  # a KeyError has little text
            reason = f"{type(error).__name__}: {reason}"
        if extras:
            named = ", ".join(f"{key}={value!r}" for key, value in sorted(extras.items()))
            raise ValueError(
                f"{caller}: {optimizer.__name__} rejects {named}: {reason}. Pass arguments that "
                "its documentation allows."
            ) from error
        raise ValueError(
            f"{caller}: optimizer={optimizer!r} cannot take a step ({reason}). Pass a subclass of "
            "torch.optim.Optimizer that takes lr, has a step, needs neither a closure nor sparse "
            f"gradients, and takes vectors as well as matrices; or one of {sorted(OPTIMIZERS)}."
        ) from error
