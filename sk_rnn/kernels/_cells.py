"""One time step of one row, forward and backward, for each kind of cell.

Equations and gate order are those of torch.nn.RNN, GRU and LSTM. ``from_state`` and ``from_input``
are the contributions of the state and of the input to the gates, including biases. ``gates``
receives the activated gates, which the backward pass uses; ``grad_gates`` receives the gradients
with respect to the pre-activations.

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
def rnn_tanh_forward(from_state, from_input, state):
    for j in range(len(state)):
        state[j] = tanh(from_state[j] + from_input[j])


@inline
def rnn_relu_forward(from_state, from_input, state):
    for j in range(len(state)):
        total = from_state[j] + from_input[j]
        state[j] = 0 if total < 0 else total  # not max(0, total), which would turn NaN into zero


@inline
def rnn_tanh_backward(grad_state, state, grad_gates):
    for j in range(len(state)):
        grad_gates[j] = grad_state[j] * (1 - state[j] * state[j])


@inline
def rnn_relu_backward(grad_state, state, grad_gates):
    for j in range(len(state)):
        grad_gates[j] = grad_state[j] if state[j] > 0 else 0 * grad_state[j]


@inline
def gru_forward(from_state, from_input, gates, state, new_h):
    """``new_h`` receives the state's contribution to the new gate, before the reset."""
    n = len(state)
    reset, update, new = gates[:n], gates[n : 2 * n], gates[2 * n :]
    for j in range(2 * n):
        gates[j] = sigmoid(from_state[j] + from_input[j])
    for j in range(n):
        new_h[j] = from_state[2 * n + j]
        new[j] = tanh(from_input[2 * n + j] + reset[j] * from_state[2 * n + j])
    for j in range(n):
        state[j] = new[j] + update[j] * (state[j] - new[j])


@inline
def gru_backward(grad_state, gates, new_h, before, grad_gates):
    """``grad_gates`` holds new, reset, update and the state's contribution to new, in this order.

    The first three are the gradients for the input weights, the last three those for the recurrent
    weights. ``grad_state`` becomes the part of the gradient that bypasses the gates.
    """
    n = len(before)
    reset, update, new = gates[:n], gates[n : 2 * n], gates[2 * n :]
    grad_new, grad_reset, grad_update = (
        grad_gates[:n],
        grad_gates[n : 2 * n],
        grad_gates[2 * n : 3 * n],
    )
    grad_new_h = grad_gates[3 * n : 4 * n]
    for j in range(n):
        grad_new[j] = grad_state[j] * (1 - update[j]) * (1 - new[j] * new[j])
    for j in range(n):
        grad_update[j] = (before[j] - new[j]) * update[j] * (1 - update[j])
    for j in range(n):
        grad_update[j] *= grad_state[j]
        grad_state[j] *= update[j]
    for j in range(n):
        grad_reset[j] = grad_new[j] * new_h[j] * reset[j] * (1 - reset[j])
        grad_new_h[j] = grad_new[j] * reset[j]


@inline
def lstm_forward(from_state, from_input, gates, state, cell_state):
    n = len(state)
    input_gate, forget_gate, new, output_gate = (
        gates[:n],
        gates[n : 2 * n],
        gates[2 * n : 3 * n],
        gates[3 * n :],
    )
    for j in range(2 * n):
        gates[j] = sigmoid(from_state[j] + from_input[j])
    for j in range(n):
        new[j] = tanh(from_state[2 * n + j] + from_input[2 * n + j])
    for j in range(n):
        output_gate[j] = sigmoid(from_state[3 * n + j] + from_input[3 * n + j])
    for j in range(n):
        cell_state[j] = forget_gate[j] * cell_state[j] + input_gate[j] * new[j]
    for j in range(n):
        state[j] = output_gate[j] * tanh(cell_state[j])


@inline
def lstm_backward(grad_state, grad_cell_state, gates, cell_state, before, grad_gates):
    """``before`` is the previous cell state, of which ``grad_cell_state`` becomes the gradient."""
    n = len(before)
    input_gate, forget_gate, new, output_gate = (
        gates[:n],
        gates[n : 2 * n],
        gates[2 * n : 3 * n],
        gates[3 * n :],
    )
    grad_input_gate, grad_forget_gate = grad_gates[:n], grad_gates[n : 2 * n]
    grad_new, grad_output_gate = grad_gates[2 * n : 3 * n], grad_gates[3 * n : 4 * n]
    for j in range(n):
        tanh_cell_state = tanh(cell_state[j])
        grad_output_gate[j] = (
            grad_state[j] * tanh_cell_state * output_gate[j] * (1 - output_gate[j])
        )
        grad_cell_state[j] += (
            grad_state[j] * output_gate[j] * (1 - tanh_cell_state * tanh_cell_state)
        )
    for j in range(n):
        grad_input_gate[j] = grad_cell_state[j] * new[j] * input_gate[j] * (1 - input_gate[j])
    for j in range(n):
        grad_new[j] = grad_cell_state[j] * input_gate[j] * (1 - new[j] * new[j])
    for j in range(n):
        grad_forget_gate[j] = grad_cell_state[j] * before[j] * forget_gate[j] * (1 - forget_gate[j])
    for j in range(n):
        grad_cell_state[j] *= forget_gate[j]
