"""torch's Adam and AdamW, with clipping and update in one pass over all parameters on a CPU."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import optimizer as _optimizer

# Options whose variants of the algorithm only torch implements.
_VARIANTS = ("amsgrad", "maximize", "capturable", "differentiable")

# Arrays that tell the kernel the dtype of all numbers.
_EMPTY: dict[torch.dtype, np.ndarray] = {
    torch.float32: np.empty(0, np.float32),
    torch.float64: np.empty(0, np.float64),
}


class OnePass(torch.optim.Adam):
    """`torch.optim.Adam` whose step is computed by a kernel.

    Parameters, param groups and state are those of torch. torch also computes the step where the
    kernel does not apply, where a hook is registered, and where the state of a parameter is
    created.
    """

    # Addresses of all tensors, and the kernel's arguments that depend on them.
    _known: tuple[list[tuple[int, ...]], tuple[np.ndarray, ...] | None] | None = None

    def step(self, closure: Any = None, *, max_norm: float = math.inf) -> Any:
        """Scale the gradients so that their total norm is at most ``max_norm``, and update."""
        from ..kernels._adam import adam_step  # imports Numba

        arguments = None if closure is not None or self._has_hooks() else self._arguments()
        if arguments is not None:
            adam_step(*arguments, max_norm)
            return None
        self._clip_in_torch(max_norm)
        step: Any = torch.optim.Adam.step
        if not hasattr(step, "hooked"):
            step = self.profile_hook_step(step)
        return step(self, closure)

    # Otherwise torch would enter a profiler's context, which takes longer than the step.
    step.hooked = True  # type: ignore[attr-defined]

    def clip(self, max_norm: float) -> None:
        """Only scale the gradients, as `step` does."""
        from ..kernels._adam import clip

        arguments = None if self._has_hooks() else self._arguments()
        if arguments is None:
            self._clip_in_torch(max_norm)
        else:
            addresses, sizes, _, _, reference = arguments
            clip(addresses, sizes, reference, max_norm)

    def _clip_in_torch(self, max_norm: float) -> None:
        if max_norm < math.inf:
            clip_gradients([p for g in self.param_groups for p in g["params"]], max_norm)

    def _has_hooks(self) -> bool:
        return bool(
            self._optimizer_step_pre_hooks
            or self._optimizer_step_post_hooks
            or _optimizer._global_optimizer_pre_hooks
            or _optimizer._global_optimizer_post_hooks
        )

    def _arguments(self) -> tuple[np.ndarray, ...] | None:
        """The arguments of the kernel; None if it does not apply."""
        rows: list[tuple[int, ...]] = []
        gradients: list[Tensor] = []
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                state = self.state.get(parameter)
                if not state:
                    return None
                rows.append(
                    (
                        parameter.data_ptr(),
                        gradient.data_ptr(),
                        state["exp_avg"].data_ptr(),
                        state["exp_avg_sq"].data_ptr(),
                        state["step"].data_ptr(),
                    )
                )
                gradients.append(gradient)
        # Read once, unless tensors have been replaced. New gradients may reuse an address.
        known = self._known
        if known is None or rows != known[0]:
            known = self._known = (rows, self._layout(rows))
        layout = known[1]
        if layout is None or not all(gradient.is_contiguous() for gradient in gradients):
            return None
        options = []
        for group in self.param_groups:
            if not group["fused"] or any(group[name] for name in _VARIANTS):
                return None
            beta, beta_square = group["betas"]
            decay, decoupled = group["weight_decay"], group["decoupled_weight_decay"]
            options.append((group["lr"], beta, beta_square, group["eps"], decay, decoupled))
        *arrays, reference = layout
        return (*arrays, np.array(options, np.float64), reference)

    def _layout(self, rows: list[tuple[int, ...]]) -> tuple[np.ndarray, ...] | None:
        """Addresses, sizes, groups and dtype of all parameters; None if the kernel lacks these."""
        sizes, groups = [], []
        dtypes = set()
        for number, group in enumerate(self.param_groups):
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                tensors = (parameter, parameter.grad, state["exp_avg"], state["exp_avg_sq"])
                if not all(t.is_cpu and t.is_contiguous() for t in (*tensors, state["step"])):
                    return None
                if state["step"].dtype != torch.float32:
                    return None
                dtypes |= {tensor.dtype for tensor in tensors}
                sizes.append(parameter.numel())
                groups.append(number)
        reference = _EMPTY.get(dtypes.pop()) if len(dtypes) == 1 else None
        if reference is None:
            return None
        return np.array(rows), np.array(sizes), np.array(groups), reference

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_known"}


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
