"""Adam and AdamW of torch, with clipping and update in one pass over all parameters on a CPU."""

import math
from typing import Any

import numpy as np
import torch
from torch import nn

# Variants that only torch implements.
_VARIANTS = ("amsgrad", "maximize", "capturable", "differentiable")


class OnePass(torch.optim.Adam):
    """The step of `torch.optim.Adam` by a kernel.

    Parameters, param groups and state are those of torch. So is the step itself where the kernel
    does not apply, and that in which the state of a parameter is created.
    """

    def step(self, closure: Any = None, *, max_norm: float = math.inf) -> Any:
        """Scale the gradients so that their total norm is at most ``max_norm``, and update."""
        from ..kernels._adam import adam_step  # imports Numba

        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        arrays = self._arrays()
        if arrays is not None:
            adam_step(*arrays, max_norm)
            return loss
        self._clip_in_torch(max_norm)
        step: Any = torch.optim.Adam.step
        # Without the hooks of torch's class, because those of this class are called as well.
        (step.__wrapped__ if hasattr(step, "hooked") else step)(self)
        return loss

    def clip(self, max_norm: float) -> None:
        """Only scale the gradients, as `step` does."""
        from ..kernels._adam import clip

        arrays = self._arrays()
        if arrays is None:
            self._clip_in_torch(max_norm)
        else:
            addresses, sizes, _, _, reference = arrays
            clip(addresses, sizes, reference, max_norm)

    def _clip_in_torch(self, max_norm: float) -> None:
        if max_norm < math.inf:
            clip_gradients([p for g in self.param_groups for p in g["params"]], max_norm)

    def _arrays(self) -> tuple[np.ndarray, ...] | None:
        """The arguments of the kernel; None if it does not apply."""
        addresses, sizes, groups, options = [], [], [], []
        dtype = None
        for number, group in enumerate(self.param_groups):
            if not group["fused"] or any(group[name] for name in _VARIANTS):
                return None
            (beta, beta_square), decoupled = group["betas"], group["decoupled_weight_decay"]
            row = (group["lr"], beta, beta_square, group["eps"], group["weight_decay"], decoupled)
            options.append(row)
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                state = self.state.get(parameter)
                if not state:
                    return None
                mean, square, step = state["exp_avg"], state["exp_avg_sq"], state["step"]
                dtype = dtype or parameter.dtype
                if not (
                    parameter.is_contiguous()
                    and gradient.is_contiguous()
                    and mean.is_contiguous()
                    and square.is_contiguous()
                    and parameter.dtype == gradient.dtype == mean.dtype == square.dtype == dtype
                    and step.dtype == torch.float32
                    and parameter.is_cpu
                ):
                    return None
                addresses.append(
                    (
                        parameter.data_ptr(),
                        gradient.data_ptr(),
                        mean.data_ptr(),
                        square.data_ptr(),
                        step.data_ptr(),
                    )
                )
                sizes.append(parameter.numel())
                groups.append(number)
        if dtype not in _EMPTY:
            return None
        return (
            np.array(addresses),
            np.array(sizes),
            np.array(groups),
            np.array(options, np.float64),
            _EMPTY[dtype],
        )


# Arrays that tell the kernel the dtype of all numbers.
_EMPTY: dict[torch.dtype | None, np.ndarray] = {
    torch.float32: np.empty(0, np.float32),
    torch.float64: np.empty(0, np.float64),
}


class Adam(OnePass):
    """`torch.optim.Adam` in one pass."""


class AdamW(OnePass, torch.optim.AdamW):
    """`torch.optim.AdamW` in one pass."""


# By the class of torch.
ONE_PASS: dict[type[torch.optim.Optimizer], type[OnePass]] = {
    torch.optim.Adam: Adam,
    torch.optim.AdamW: AdamW,
}


def clip_gradients(parameters: list[nn.Parameter], max_norm: float) -> None:
    """Scale the gradients so that their total norm is at most ``max_norm``.

    Like `torch.nn.utils.clip_grad_norm_`, whose overhead exceeds the time of the computation
    itself for small networks, and is a tenth of their training step.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norms = torch._foreach_norm(gradients)
    factor = max_norm / (torch.linalg.vector_norm(torch.stack(norms)) + 1e-6)
    torch._foreach_mul_(gradients, factor.clamp(max=1.0))
