"""The gated recurrent unit of torch.nn.GRU."""

from functools import partial

import torch
from torch import Tensor

from .. import _layers
from ._cell import EMPTY, Cell, RecurrentState


def _gates(x: Tensor, recurrent: Tensor) -> dict[str, Tensor]:
    reset_x, update_x, new_x = x.chunk(3, 1)
    reset_h, update_h, new_h = recurrent.chunk(3, 1)
    update = torch.sigmoid(update_x + update_h)
    reset = torch.sigmoid(reset_x + reset_h)
    return {"reset": reset, "update": update, "new": torch.tanh(new_x + reset * new_h)}


def _step(x: Tensor, recurrent: Tensor, state: RecurrentState) -> RecurrentState:
    gates = _gates(x, recurrent)
    update, new = gates["update"], gates["new"]
    return (new + update * (state[0] - new),)


GRU = Cell(
    "gru",
    partial(_layers.GRU, **EMPTY),
    n_gates=3,
    n_states=1,
    step=_step,
    gates=_gates,
    in_torch=True,
    has_kernel=True,
    bounded=True,
    forget_gate=1,
    forget_bias=0.0,
)
