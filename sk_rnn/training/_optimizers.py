"""Construction of the optimizer."""

import inspect
from functools import cache
from typing import Any

import torch
from torch import nn

from ..modules import ForecastModel
from ._adam import ONE_PASS

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

# Factor of the learning rate of the parameters that a module names in `fast_parameters`.
FAST = 5.0

_ADAPTIVE = [OPTIMIZERS[name] for name in ("adamw", "adam", "nadam", "radam", "rmsprop")]


def build_optimizer(
    kind: type[torch.optim.Optimizer],
    module: nn.Module,
    params: dict[str, Any],
    *,
    weight_decay: float,
    embedding_eps: float | None,
    device: torch.device,
    backend: str = "torch",
) -> torch.optim.Optimizer:
    """Build an optimizer with parameter groups for embeddings, other matrices and vectors.

    Parameters
    ----------
    kind : type
        Class of the optimizer.
    module : torch.nn.Module
        Whose parameters are optimized.
    params : dict
        Arguments of the optimizer.
    weight_decay : float
        Weight decay of matrices; not applied to biases, scales of norms and other vectors.
    embedding_eps : float or None
        ``eps`` of adaptive optimizers for embeddings, unless it is in ``params``; None uses the
        optimizer's default.
    device : torch.device
        Device of the module.
    backend : {"torch", "numba"}
        Whether kernels may be used for Adam and AdamW.
    """
    params = dict(params)
    # Including frozen parameters, which an Unfreezer may unfreeze: without a gradient they are
    # skipped. The parameters of a baseline are few and well determined: they use a higher learning
    # rate, and are not decayed.
    fast = module.fast_parameters() if isinstance(module, ForecastModel) else []
    parameters = [p for p in module.parameters() if not any(p is f for f in fast)]
    tables = [m.weight for m in module.modules() if isinstance(m, nn.Embedding)]
    embeddings = [p for p in parameters if any(p is table for table in tables)]
    matrices = [p for p in parameters if p.ndim > 1 and not any(p is e for e in embeddings)]
    vectors = [p for p in parameters if p.ndim <= 1]
    accepted = _accepted(kind)  # type: ignore[arg-type]  # classes are hashable
    decay = {"weight_decay": weight_decay} if "weight_decay" in accepted else {}
    no_decay = dict.fromkeys(decay, 0.0)
    eps = {}
    if embedding_eps is not None and kind in _ADAPTIVE and "eps" not in params:
        eps = {"eps": embedding_eps}
    # Always in this order, by which the state of a resumed optimizer is matched with parameters.
    # Parameters with the same options are one group, which the optimizer updates in one pass.
    kinds = [(embeddings, {**decay, **eps}), (matrices, decay), (vectors, no_decay)]
    if fast:
        lr = params.get("lr", 1e-3)
        kinds.append((fast, {**no_decay, "lr": FAST * lr}))
    groups: list[dict[str, Any]] = []
    for members, options in kinds:
        if groups and groups[-1] == {"params": groups[-1]["params"], **options}:
            groups[-1]["params"] += members
        elif members:
            groups.append({"params": members, **options})
    chosen = {"fused", "foreach", "differentiable"} & params.keys()
    if "fused" in accepted and not chosen and device.type in ("cpu", "cuda"):
        # One pass over all parameters: the optimizer dominates the time of small steps.
        params["fused"] = True
        if backend == "numba":
            kind = ONE_PASS.get(kind, kind)
    optimizer = kind(groups, **params)
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer


@cache
def _accepted(kind: type[torch.optim.Optimizer]) -> frozenset[str]:
    """Names of the optimizer's arguments."""
    return frozenset(inspect.signature(kind).parameters)
