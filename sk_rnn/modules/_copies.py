"""Copies of a fitted module that can be looked into without changing it."""

import copy

from torch import Tensor, nn

from ._model import set_backend
from ._poolings import Pooling


def observable_copy(module: nn.Module) -> nn.Module:
    """Copy a module, but not its weights, to run it with hooks.

    In evaluation mode, on the CPU, and in torch, because the kernels run whole layers at once. Only
    the weights of a module on another device are copied, to the CPU.
    """
    tensors: list[Tensor] = [*module.parameters(), *module.buffers()]
    memo: dict[int, object] = {}
    for tensor in tensors:
        if tensor.device.type == "cpu":
            memo[id(tensor)] = tensor
        else:
            moved = tensor.detach().cpu()
            is_parameter = isinstance(tensor, nn.Parameter)
            memo[id(tensor)] = nn.Parameter(moved, tensor.requires_grad) if is_parameter else moved
    copied = copy.deepcopy(module, memo).eval()
    set_backend(copied, "torch")
    for part in copied.modules():
        if isinstance(part, Pooling):
            # Otherwise a pooling of final states is skipped.
            part.__dict__["final_only"] = False
    return copied
