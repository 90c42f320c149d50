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
        direction, rows, lengths, x, panels_ih, panels_hh, keep, gates, saved, output, states
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
        saved : ndarray of shape (T, B, D * H), or (0, 0, 0) likewise
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
        from_state = np.empty((ROWS, panels_hh.shape[0] * panels_hh.shape[2]), x.dtype)
        from_input = np.empty((ROWS, panels_ih.shape[0] * panels_ih.shape[2]), x.dtype)
        # Ones appended to the values are multiplied with the biases.
        state_block = np.ones((ROWS, hidden_size + 1), x.dtype)
        input_block = np.ones((ROWS, n_features + 1), x.dtype)
        unused_gates = np.empty(n_gates, x.dtype)
        unused_saved = np.empty(hidden_size, x.dtype)
        for start in range(0, len(rows), ROWS):
            block = rows[start : start + ROWS]
            for i in range(len(block)):
                state_block[i, :hidden_size] = states[0, direction, block[i]]
                if len(keep):
                    state_block[i, :hidden_size] *= keep[block[i], first:last]
            n_active = len(block)
            for step in range(lengths[block[0]]):
                while step >= lengths[block[n_active - 1]]:
                    n_active -= 1
                for i in range(n_active):
                    row = block[i]
                    t = lengths[row] - 1 - step if direction else step
                    input_block[i, :n_features] = x[t, row]
                multiply(from_input, input_block, 0, 0, n_active, panels_ih)
                multiply(from_state, state_block, 0, 0, n_active, panels_hh)
                for i in range(n_active):
                    row = block[i]
                    t = lengths[row] - 1 - step if direction else step
                    step_gates = gates[t, row, first_gate:last_gate] if len(gates) else unused_gates
                    step_saved = saved[t, row, first:last] if len(saved) else unused_saved
                    state = states[0, direction, row]
                    if cell == GRU:
                        gru_forward(from_state[i], from_input[i], step_gates, state, step_saved)
                    elif cell == LSTM:
                        cell_state = states[1, direction, row]
                        lstm_forward(from_state[i], from_input[i], step_gates, state, cell_state)
                        step_saved[:] = cell_state
                    elif cell == RNN_TANH:
                        rnn_tanh_forward(from_state[i], from_input[i], state)
                    else:
                        rnn_relu_forward(from_state[i], from_input[i], state)
                    output[t, row, first:last] = state
                    state_block[i, :hidden_size] = state
                    if len(keep):
                        state_block[i, :hidden_size] *= keep[row, first:last]
            for i in range(len(block)):
                output[lengths[block[i]] :, block[i], first:last] = 0

    return run_forward


def make_run_backward(kind: KernelCell) -> Any:
    """Compile the backward pass of the recurrence for one kind of cell."""
    cell, gates_per_unit, gate_shift = kind.code, kind.n_gates, kind.shift

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
        saved,
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
        direction, rows, lengths, x, keep, gates, saved, output
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
        shift = gate_shift * hidden_size
        grad_gates = np.zeros((_COLLECTED * ROWS, len(grad_bias)), x.dtype)
        state_blocks = np.zeros((_COLLECTED * ROWS, grad_hh.shape[1]), x.dtype)
        input_blocks = np.zeros((_COLLECTED * ROWS, grad_ih.shape[1]), x.dtype)
        grad_to_state = np.empty((ROWS, panels_hh.shape[0] * panels_hh.shape[2]), x.dtype)
        grad_to_input = np.empty((ROWS, panels_ih.shape[0] * panels_ih.shape[2]), x.dtype)
        for start in range(0, len(rows), ROWS):
            block = rows[start : start + ROWS]
            n_collected = n_active = 0
            for step in range(lengths[block[0]] - 1, -1, -1):
                while n_active < len(block) and step < lengths[block[n_active]]:
                    n_active += 1
                for i in range(n_active):
                    place = n_collected + i
                    row = block[i]
                    t = lengths[row] - 1 - step if direction else step
                    previous = t + 1 if direction else t - 1
                    input_blocks[place, :n_features] = x[t, row]
                    before = (
                        output[previous, row, first:last] if step else initial[0, direction, row]
                    )
                    state_blocks[place, :hidden_size] = before
                    if len(keep):
                        state_blocks[place, :hidden_size] *= keep[row, first:last]
                    grad_state = grad_states[0, direction, row]
                    if len(grad_output):
                        incoming_grad = grad_output[t, row, first:last]
                        for j in range(hidden_size):
                            grad_state[j] += incoming_grad[j]
                    if cell == GRU:
                        step_gates = gates[t, row, first_gate:last_gate]
                        step_saved = saved[t, row, first:last]
                        gru_backward(grad_state, step_gates, step_saved, before, grad_gates[place])
                        continue
                    if cell == LSTM:
                        step_gates = gates[t, row, first_gate:last_gate]
                        cell_state = saved[t, row, first:last]
                        if step:
                            before = saved[previous, row, first:last]
                        else:
                            before = initial[1, direction, row]
                        grad_cell_state = grad_states[1, direction, row]
                        lstm_backward(
                            grad_state,
                            grad_cell_state,
                            step_gates,
                            cell_state,
                            before,
                            grad_gates[place],
                        )
                    elif cell == RNN_TANH:
                        rnn_tanh_backward(grad_state, output[t, row, first:last], grad_gates[place])
                    else:
                        rnn_relu_backward(grad_state, output[t, row, first:last], grad_gates[place])
                    grad_state[:] = 0
                multiply(grad_to_state, grad_gates, n_collected, shift, n_active, panels_hh)
                if len(grad_x):
                    multiply(grad_to_input, grad_gates, n_collected, 0, n_active, panels_ih)
                for i in range(n_active):
                    row = block[i]
                    grad_state, incoming_grad = grad_states[0, direction, row], grad_to_state[i]
                    if len(keep):
                        incoming_grad[:hidden_size] *= keep[row, first:last]
                    for j in range(hidden_size):
                        grad_state[j] += incoming_grad[j]
                    if len(grad_x):
                        t = lengths[row] - 1 - step if direction else step
                        grad_step, incoming_grad = grad_x[t, row], grad_to_input[i]
                        for j in range(n_features):
                            grad_step[j] += incoming_grad[j]
                n_collected += n_active
                if n_collected + ROWS > len(grad_gates) or step == 0:
                    add_outer(grad_ih, grad_gates, 0, input_blocks, n_collected)
                    add_outer(grad_hh, grad_gates, shift, state_blocks, n_collected)
                    for place in range(n_collected):
                        row_grad_gates = grad_gates[place]
                        for j in range(len(grad_bias)):
                            grad_bias[j] += row_grad_gates[j]
                    n_collected = 0

    return run_backward
