"""Forward and backward pass of a recurrence over whole sequences, a few rows at a time.

Rows are processed in blocks of ROWS, longest first, so that the rows of a block end at about the
same step. Input projection, recurrence and, in the backward pass, weight gradients are computed
block by block while the data is in the cache; nothing is computed for padding. A backward direction
starts at the last step of each row, without a copy.

Arrays are time-major: T steps, B rows, F features, D directions, H hidden size, G width of all
gates, C states (2 for the LSTM: hidden and cell state).
"""

from typing import Any

import numpy as np

from ._cells import (
    GRU,
    LSTM,
    RNN_TANH,
    KernelCell,
    gru_backward,
    gru_forward,
    lstm_backward,
    lstm_forward,
    rnn_relu_backward,
    rnn_relu_forward,
    rnn_tanh_backward,
    rnn_tanh_forward,
)
from ._jit import jit
from ._product import ROWS, add_outer, multiply

# Number of steps whose gradients are collected before the weight gradients are computed: enough for
# an efficient product, few enough to stay in the cache.
_COLLECTED = 16


def make_run_forward(kind: KernelCell) -> Any:
    """Compile the recurrence for one kind of cell."""
    cell, gates_per_unit = kind.code, kind.n_gates

    @jit
    def run_forward(
        direction, rows, lengths, x, panels_ih, panels_hh, keep, gates, memory, output, states
    ):
        """Run the recurrence over the given rows.

        Parameters
        ----------
        direction : int
            0 for forward, 1 for backward.
        rows : ndarray of int64
            Indices of rows, longest first.
        lengths : ndarray of int64 of shape (B,)
        x : ndarray of shape (T, B, F)
        panels_ih, panels_hh : ndarray
            Input weights and biases (F + 1, G) and recurrent ones (H + 1, G), packed.
        keep : ndarray of shape (B, D * H) or (0, 0)
            Factors of recurrent dropout.
        gates : ndarray of shape (T, B, D * G), or (0, 0, 0) if no backward pass will need it
            Receives the activated gates.
        memory : ndarray of shape (T, B, D * H), or (0, 0, 0) likewise
            Receives the LSTM's cell state, or the state's contribution to the GRU's new gate.
        output : ndarray of shape (T, B, D * H)
            Receives the states; zero at padded steps.
        states : ndarray of shape (C, D, B, H)
            Initial states; overwritten with final ones.
        """
        n_features, hidden_size = x.shape[2], states.shape[3]
        first = direction * hidden_size
        last = first + hidden_size
        n_gates = gates_per_unit * hidden_size
        first_gate = direction * n_gates
        last_gate = first_gate + n_gates
        inner = np.empty((ROWS, panels_hh.shape[0] * panels_hh.shape[2]), x.dtype)
        outer = np.empty((ROWS, panels_ih.shape[0] * panels_ih.shape[2]), x.dtype)
        # Ones appended to the values are multiplied with the biases.
        entering = np.ones((ROWS, hidden_size + 1), x.dtype)
        incoming = np.ones((ROWS, n_features + 1), x.dtype)
        passing_gates = np.empty(n_gates, x.dtype)
        passing_memory = np.empty(hidden_size, x.dtype)
        for start in range(0, len(rows), ROWS):
            block = rows[start : start + ROWS]
            for i in range(len(block)):
                entering[i, :hidden_size] = states[0, direction, block[i]]
                if len(keep):
                    entering[i, :hidden_size] *= keep[block[i], first:last]
            n_going = len(block)
            for step in range(lengths[block[0]]):
                while step >= lengths[block[n_going - 1]]:
                    n_going -= 1
                for i in range(n_going):
                    row = block[i]
                    t = lengths[row] - 1 - step if direction else step
                    incoming[i, :n_features] = x[t, row]
                multiply(outer, incoming, 0, 0, n_going, panels_ih)
                multiply(inner, entering, 0, 0, n_going, panels_hh)
                for i in range(n_going):
                    row = block[i]
                    t = lengths[row] - 1 - step if direction else step
                    now = gates[t, row, first_gate:last_gate] if len(gates) else passing_gates
                    extra = memory[t, row, first:last] if len(memory) else passing_memory
                    state = states[0, direction, row]
                    if cell == GRU:
                        gru_forward(inner[i], outer[i], now, state, extra)
                    elif cell == LSTM:
                        carry = states[1, direction, row]
                        lstm_forward(inner[i], outer[i], now, state, carry)
                        extra[:] = carry
                    elif cell == RNN_TANH:
                        rnn_tanh_forward(inner[i], outer[i], state)
                    else:
                        rnn_relu_forward(inner[i], outer[i], state)
                    output[t, row, first:last] = state
                    entering[i, :hidden_size] = state
                    if len(keep):
                        entering[i, :hidden_size] *= keep[row, first:last]
            for i in range(len(block)):
                output[lengths[block[i]] :, block[i], first:last] = 0

    return run_forward


def make_run_backward(kind: KernelCell) -> Any:
    """Compile the backward pass of the recurrence for one kind of cell."""
    cell, gates_per_unit, gates_behind = kind.code, kind.n_gates, kind.shift

    @jit
    def run_backward(
        direction,
        rows,
        lengths,
        x,
        panels_ih,
        panels_hh,
        keep,
        gates,
        memory,
        output,
        initial,
        grad_output,
        grad_states,
        grad_x,
        grad_ih,
        grad_hh,
        grad_bias,
    ):
        """Run the backward pass over the given rows, from their last steps to their first.

        Parameters
        ----------
        direction, rows, lengths, x, keep, gates, memory, output
            As passed to `run_forward`, and as set by it.
        panels_ih, panels_hh : ndarray
            Transposes of the input weights (G, F) and of the recurrent ones (G, H), packed, their
            gates in the gate order of the gradients from `_cells`.
        initial : ndarray of shape (C, D, B, H)
            Initial states.
        grad_output : ndarray of shape (T, B, D * H), or (0, 0, 0) for zeros
        grad_states : ndarray of shape (C, D, B, H)
            Gradients of the final states; overwritten with those of the initial ones.
        grad_x : ndarray of shape (T, B, F), or (0, 0, 0) if not needed
            The gradient of ``x`` is added.
        grad_ih, grad_hh : ndarray of shape (G and more, F and more) and (G and more, H and more)
            The gradients of the weights are added. Padded to whole tiles; rows in the gate order of
            the gradients from `_cells`.
        grad_bias : ndarray of shape (4 * H and more,)
            The gradients of the biases are added, likewise.
        """
        n_features, hidden_size = x.shape[2], initial.shape[3]
        first = direction * hidden_size
        last = first + hidden_size
        n_gates = gates_per_unit * hidden_size
        first_gate = direction * n_gates
        last_gate = first_gate + n_gates
        shift = gates_behind * hidden_size
        leaving = np.zeros((_COLLECTED * ROWS, len(grad_bias)), x.dtype)
        entered = np.zeros((_COLLECTED * ROWS, grad_hh.shape[1]), x.dtype)
        came_in = np.zeros((_COLLECTED * ROWS, grad_ih.shape[1]), x.dtype)
        to_state = np.empty((ROWS, panels_hh.shape[0] * panels_hh.shape[2]), x.dtype)
        to_input = np.empty((ROWS, panels_ih.shape[0] * panels_ih.shape[2]), x.dtype)
        for start in range(0, len(rows), ROWS):
            block = rows[start : start + ROWS]
            n_collected = n_going = 0
            for step in range(lengths[block[0]] - 1, -1, -1):
                while n_going < len(block) and step < lengths[block[n_going]]:
                    n_going += 1
                for i in range(n_going):
                    place = n_collected + i
                    row = block[i]
                    t = lengths[row] - 1 - step if direction else step
                    earlier = t + 1 if direction else t - 1
                    came_in[place, :n_features] = x[t, row]
                    before = (
                        output[earlier, row, first:last] if step else initial[0, direction, row]
                    )
                    entered[place, :hidden_size] = before
                    if len(keep):
                        entered[place, :hidden_size] *= keep[row, first:last]
                    grad_state = grad_states[0, direction, row]
                    if len(grad_output):
                        arriving = grad_output[t, row, first:last]
                        for j in range(hidden_size):
                            grad_state[j] += arriving[j]
                    if cell == GRU:
                        now = gates[t, row, first_gate:last_gate]
                        extra = memory[t, row, first:last]
                        gru_backward(grad_state, now, extra, before, leaving[place])
                        continue
                    if cell == LSTM:
                        now = gates[t, row, first_gate:last_gate]
                        carry = memory[t, row, first:last]
                        if step:
                            before = memory[earlier, row, first:last]
                        else:
                            before = initial[1, direction, row]
                        grad_carry = grad_states[1, direction, row]
                        lstm_backward(grad_state, grad_carry, now, carry, before, leaving[place])
                    elif cell == RNN_TANH:
                        rnn_tanh_backward(grad_state, output[t, row, first:last], leaving[place])
                    else:
                        rnn_relu_backward(grad_state, output[t, row, first:last], leaving[place])
                    grad_state[:] = 0
                multiply(to_state, leaving, n_collected, shift, n_going, panels_hh)
                if len(grad_x):
                    multiply(to_input, leaving, n_collected, 0, n_going, panels_ih)
                for i in range(n_going):
                    row = block[i]
                    grad_state, arriving = grad_states[0, direction, row], to_state[i]
                    if len(keep):
                        arriving[:hidden_size] *= keep[row, first:last]
                    for j in range(hidden_size):
                        grad_state[j] += arriving[j]
                    if len(grad_x):
                        t = lengths[row] - 1 - step if direction else step
                        grad_step, arriving = grad_x[t, row], to_input[i]
                        for j in range(n_features):
                            grad_step[j] += arriving[j]
                n_collected += n_going
                if n_collected + ROWS > len(leaving) or step == 0:
                    add_outer(grad_ih, leaving, 0, came_in, n_collected)
                    add_outer(grad_hh, leaving, shift, entered, n_collected)
                    for place in range(n_collected):
                        row_leaving = leaving[place]
                        for j in range(len(grad_bias)):
                            grad_bias[j] += row_leaving[j]
                    n_collected = 0

    return run_backward
