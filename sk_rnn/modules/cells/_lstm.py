"""The long short-term memory of torch.nn.LSTM."""

from functools import partial

import torch
from torch import Tensor, nn

from ._cell import EMPTY, Cell, RecurrentState


def _step(x: Tensor, recurrent: Tensor, state: RecurrentState) -> RecurrentState:
    input_gate, forget_gate, new, output_gate = (x + recurrent).chunk(4, 1)
    cell_state = torch.sigmoid(forget_gate) * state[1] + torch.sigmoid(input_gate) * torch.tanh(new)
    return torch.sigmoid(output_gate) * torch.tanh(cell_state), cell_state


LSTM = Cell(
    "lstm",
    partial(nn.LSTM, **EMPTY),
    n_gates=4,
    n_states=2,
    step=_step,
    in_torch=True,
    has_kernel=True,
    bounded=True,
    forget_gate=1,
)
