"""The long short-term memory of torch.nn.LSTM."""

from functools import partial

import torch
from torch import Tensor

from .. import _layers
from ._cell import EMPTY, Cell, RecurrentState


def _gates(x: Tensor, recurrent: Tensor) -> dict[str, Tensor]:
    input_gate, forget_gate, new, output_gate = (x + recurrent).chunk(4, 1)
    return {
        "input": torch.sigmoid(input_gate),
        "forget": torch.sigmoid(forget_gate),
        "new": torch.tanh(new),
        "output": torch.sigmoid(output_gate),
    }


def _step(x: Tensor, recurrent: Tensor, state: RecurrentState) -> RecurrentState:
    gates = _gates(x, recurrent)
    cell_state = gates["forget"] * state[1] + gates["input"] * gates["new"]
    return gates["output"] * torch.tanh(cell_state), cell_state


LSTM = Cell(
    "lstm",
    partial(_layers.LSTM, **EMPTY),
    n_gates=4,
    n_states=2,
    step=_step,
    gates=_gates,
    in_torch=True,
    has_kernel=True,
    bounded=True,
    forget_gate=1,
    # Helps gradients flow at the start of training (Jozefowicz, Zaremba & Sutskever, 2015).
    forget_bias=1.0,
)
