"""One time step of one row, forward and backward, for each kind of cell.

Equations, gate order and names are those of torch.nn.RNN, GRU and LSTM. ``inner`` and ``outer``
are the contributions of the state and of the input to the gates, including biases. ``gates``
receives the activated gates, which the backward pass uses; ``leaving`` receives the gradients with
respect to the pre-activations.

Every loop uses few arrays: to vectorise it, the compiler must check that no two of them overlap,
and it does not do so for too many pairs.
"""

from typing import NamedTuple

from ._activations import sigmoid, tanh
from ._jit import inline

RNN_TANH, RNN_RELU, GRU, LSTM = range(4)


class KernelCell(NamedTuple):
    """Properties of a cell that the time loops and the layer depend on.

    Attributes
    ----------
    code : int
        Identifies the cell in compiled loops: Numba's disk cache does not support functions as
        arguments.
    n_gates : int
        Blocks of ``hidden_size`` rows in the weights.
    n_states : int
        Arrays carried from step to step: the hidden state, and the LSTM's cell state.
    keeps_gates : bool
        Whether the backward pass uses the activated gates.
    shift : int
        Offset, in gates, of the gradients of the recurrent weights relative to those of the input
        weights, whose gate order is rotated by the same number.
    """

    code: int
    n_gates: int
    n_states: int = 1
    keeps_gates: bool = True
    shift: int = 0


KERNEL_CELLS = {
    "rnn_tanh": KernelCell(RNN_TANH, n_gates=1, keeps_gates=False),
    "rnn_relu": KernelCell(RNN_RELU, n_gates=1, keeps_gates=False),
    # Gate order of the backward pass: new, reset, update, state's contribution to new; see
    # `gru_backward`.
    "gru": KernelCell(GRU, n_gates=3, shift=1),
    "lstm": KernelCell(LSTM, n_gates=4, n_states=2),
}


@inline
def rnn_tanh_forward(inner, outer, state):
    for j in range(len(state)):
        state[j] = tanh(inner[j] + outer[j])


@inline
def rnn_relu_forward(inner, outer, state):
    for j in range(len(state)):
        total = inner[j] + outer[j]
        state[j] = 0 if total < 0 else total  # not max(0, total), which would turn NaN into zero


@inline
def rnn_tanh_backward(grad_state, state, leaving):
    for j in range(len(state)):
        leaving[j] = grad_state[j] * (1 - state[j] * state[j])


@inline
def rnn_relu_backward(grad_state, state, leaving):
    for j in range(len(state)):
        leaving[j] = grad_state[j] if state[j] > 0 else 0 * grad_state[j]


@inline
def gru_forward(inner, outer, gates, state, memory):
    """``memory`` receives the state's contribution to the new gate, before the reset."""
    n = len(state)
    reset, update, new = gates[:n], gates[n : 2 * n], gates[2 * n :]
    for j in range(2 * n):
        gates[j] = sigmoid(inner[j] + outer[j])
    for j in range(n):
        memory[j] = inner[2 * n + j]
        new[j] = tanh(outer[2 * n + j] + reset[j] * inner[2 * n + j])
    for j in range(n):
        state[j] = new[j] + update[j] * (state[j] - new[j])


@inline
def gru_backward(grad_state, gates, memory, before, leaving):
    """``leaving`` holds new, reset, update and the state's contribution to new, in this order.

    Thus the first three are the gradients for the input weights, the last three those for the
    recurrent weights. ``grad_state`` becomes the part of the gradient that bypasses the gates.
    """
    n = len(before)
    reset, update, new = gates[:n], gates[n : 2 * n], gates[2 * n :]
    to_new, to_reset, to_update = leaving[:n], leaving[n : 2 * n], leaving[2 * n : 3 * n]
    to_memory = leaving[3 * n : 4 * n]
    for j in range(n):
        to_new[j] = grad_state[j] * (1 - update[j]) * (1 - new[j] * new[j])
    for j in range(n):
        to_update[j] = (before[j] - new[j]) * update[j] * (1 - update[j])
    for j in range(n):
        to_update[j] *= grad_state[j]
        grad_state[j] *= update[j]
    for j in range(n):
        to_reset[j] = to_new[j] * memory[j] * reset[j] * (1 - reset[j])
        to_memory[j] = to_new[j] * reset[j]


@inline
def lstm_forward(inner, outer, gates, state, carry):
    n = len(state)
    entry, forget, new, leave = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    for j in range(2 * n):
        gates[j] = sigmoid(inner[j] + outer[j])
    for j in range(n):
        new[j] = tanh(inner[2 * n + j] + outer[2 * n + j])
    for j in range(n):
        leave[j] = sigmoid(inner[3 * n + j] + outer[3 * n + j])
    for j in range(n):
        carry[j] = forget[j] * carry[j] + entry[j] * new[j]
    for j in range(n):
        state[j] = leave[j] * tanh(carry[j])


@inline
def lstm_backward(grad_state, grad_carry, gates, carry, before, leaving):
    """``before`` is the cell state of the previous step; ``grad_carry`` becomes its gradient."""
    n = len(before)
    entry, forget, new, leave = gates[:n], gates[n : 2 * n], gates[2 * n : 3 * n], gates[3 * n :]
    to_entry, to_forget = leaving[:n], leaving[n : 2 * n]
    to_new, to_leave = leaving[2 * n : 3 * n], leaving[3 * n : 4 * n]
    for j in range(n):
        squashed = tanh(carry[j])
        to_leave[j] = grad_state[j] * squashed * leave[j] * (1 - leave[j])
        grad_carry[j] += grad_state[j] * leave[j] * (1 - squashed * squashed)
    for j in range(n):
        to_entry[j] = grad_carry[j] * new[j] * entry[j] * (1 - entry[j])
    for j in range(n):
        to_new[j] = grad_carry[j] * entry[j] * (1 - new[j] * new[j])
    for j in range(n):
        to_forget[j] = grad_carry[j] * before[j] * forget[j] * (1 - forget[j])
    for j in range(n):
        grad_carry[j] *= forget[j]
