"""Linear layers with initial weights from a given generator."""

import torch
from torch import nn

from ._layers import Linear


def make_linear(
    n_in: int, n_out: int, generator: torch.Generator | None, *, bias: bool = True
) -> nn.Linear:
    """Make a linear layer with Xavier weights from ``generator`` and zero biases."""
    layer = Linear(n_in, n_out, bias=bias, device="cpu", dtype=torch.float32)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
