"""Linear layers with initial weights from a given generator."""

import torch
from torch import nn


def make_linear(
    n_in: int, n_out: int, generator: torch.Generator | None, *, bias: bool = True
) -> nn.Linear:
    """Make a linear layer with Xavier weights from ``generator`` and zero biases."""
    layer = nn.Linear(n_in, n_out, bias=bias, device="meta", dtype=torch.float32)
    layer = layer.to_empty(device="cpu")
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
