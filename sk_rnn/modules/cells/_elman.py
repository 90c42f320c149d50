"""The Elman networks: torch.nn.RNN with tanh and with ReLU."""

from functools import partial

import torch
from torch import Tensor

from .. import _layers
from ._cell import EMPTY, Cell, RecurrentState


def _tanh(x: Tensor, recurrent: Tensor, state: RecurrentState) -> RecurrentState:
    return (torch.tanh(x + recurrent),)


def _relu(x: Tensor, recurrent: Tensor, state: RecurrentState) -> RecurrentState:
    return (torch.relu(x + recurrent),)


RNN_TANH = Cell(
    "rnn_tanh",
    partial(_layers.RNN, **EMPTY),
    n_gates=1,
    n_states=1,
    step=_tanh,
    in_torch=True,
    has_kernel=True,
    bounded=True,
)
RNN_RELU = Cell(
    "rnn_relu",
    partial(_layers.RNN, nonlinearity="relu", **EMPTY),
    n_gates=1,
    n_states=1,
    step=_relu,
    in_torch=True,
    has_kernel=True,
)
