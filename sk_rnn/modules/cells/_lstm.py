"""The long short-term memory of torch.nn.LSTM."""

from functools import partial

import torch
from torch import Tensor, nn

from ._cell import EMPTY, Cell, State


def _step(x: Tensor, recurrent: Tensor, state: State) -> State:
    entry, forget, new, leave = (x + recurrent).chunk(4, 1)
    carry = torch.sigmoid(forget) * state[1] + torch.sigmoid(entry) * torch.tanh(new)
    return torch.sigmoid(leave) * torch.tanh(carry), carry


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
