"""Copies of a fitted module that can be looked into without changing it."""

import copy
from typing import Any

import torch
from torch import nn

from ._model import set_backend
from ._poolings import Pooling


def inspection_copy(module: nn.Module, dtype: torch.dtype | None = None) -> Any:
    """Copy a module to look into it: on the CPU, in evaluation mode, with hooks called everywhere.

    It runs in torch, because the kernels run whole layers at once, and no pooling is skipped. Its
    weights are those of the module itself, not copies, where device and dtype allow it: they must
    not be changed.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    dtype : torch.dtype or None
        Floating dtype of the copy's weights; None keeps it.
    """
    memo: dict[int, object] = {}
    for tensor in [*module.parameters(), *module.buffers()]:
        to = dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype
        if tensor.device.type == "cpu" and tensor.dtype == to:
            memo[id(tensor)] = tensor
        else:
            moved = tensor.detach().to("cpu", to)
            is_parameter = isinstance(tensor, nn.Parameter)
            memo[id(tensor)] = nn.Parameter(moved, tensor.requires_grad) if is_parameter else moved
    copied = copy.deepcopy(module, memo).eval()
    set_backend(copied, "torch")
    for part in copied.modules():
        if isinstance(part, Pooling):
            # Otherwise a pooling of final states is skipped.
            part.__dict__["final_only"] = False
    return copied
