"""Custom cells, given as classes."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .._steps import ValidSteps
from ._cell import Cell


def custom_cell(kind: type[nn.Module], params: Mapping[str, Any] | None = None) -> Cell:
    """Make a cell from a class, which is called as ``kind(input_size, hidden_size, **params)``."""
    return Cell(kind.__name__, partial(kind, **(params or {})))


def cell_fault(layer: nn.Module, input_size: int, hidden_size: int) -> str:
    """Check a custom cell on a few random numbers; return a description of the problem, or "".

    A cell that looks ahead would read padding; one that mixes rows would make a prediction depend
    on the rest of the batch.

    Parameters
    ----------
    layer : Recurrence
        The recurrence with the cell.
    input_size, hidden_size : int
        Sizes.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 2, input_size, generator=generator)  # (T, B, F)
    valid = ValidSteps(torch.tensor([4, 4]), x.device)
    layer.eval()
    with torch.no_grad():
        output = layer(x, valid)
        expected = (4, 2, hidden_size)
        if not isinstance(output, Tensor) or tuple(output.shape) != expected:
            got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            return f"returned {got} for an input of shape {tuple(x.shape)}; expected {expected}"
        changed = x.clone()
        changed[3] += 1.0
        if not torch.allclose(layer(changed, valid)[:3], output[:3], atol=1e-5):
            return "changed its output at early time steps when only the last one changed"
        for row in (0, 1):  # swapped rows and steps are detected only in the second
            changed = x.clone()
            changed[:, row] += 1.0
            other = 1 - row
            if not torch.allclose(layer(changed, valid)[:, other], output[:, other], atol=1e-5):
                return "changed the output of one row when only another row changed"
    layer.train()
    return ""
