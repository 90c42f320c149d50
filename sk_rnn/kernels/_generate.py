"""Generation of tokens in one compiled loop: cell, output layer, softmax and draw.

A step of a recurrent network is so little work that calling it from Python takes ten times as long
as the step itself. Rows are processed in blocks of ROWS, whose products share the weights in the
cache; as in `_sequences`, the result of a row is bitwise independent of the other rows.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ._cells import (
    GRU,
    KERNEL_CELLS,
    LSTM,
    RNN_TANH,
    KernelCell,
    gru_forward,
    lstm_forward,
    rnn_relu_forward,
    rnn_tanh_forward,
)
from ._jit import inline, jit
from ._product import ROWS, multiply, pack_for_forward
from ._shards import n_threads, run_all
from ._weights import DirectionWeights

# How a row ended.
LIMIT, ENDED, NOT_FINITE = range(3)


class TokenWeights(NamedTuple):
    """The weights of a language model of tokens, packed for `make_generate`.

    Attributes
    ----------
    inputs : ndarray of shape (V, G)
        Contribution of each token to the gates of the first layer.
    panels_ih : ndarray of shape (n_layers - 1, n_panels, H + 1, width)
        Input weights of the other layers.
    panels_hh : ndarray of shape (n_layers, n_panels, H + 1, width)
    panels_out : ndarray of shape (n_panels, H + 1, width)
        The output layer.
    """

    inputs: np.ndarray
    panels_ih: np.ndarray
    panels_hh: np.ndarray
    panels_out: np.ndarray


class Drawing(NamedTuple):
    """How tokens are chosen; see `sk_rnn.decoding.sample`.

    Attributes
    ----------
    temperature : float
        0 chooses the most probable token.
    top_k : int
        0 for all tokens.
    top_p : float
        1 for all tokens.
    end : int
        The token that ends a row and is not part of it; -1 for none.
    stops : ndarray of bool of shape (V,)
        Tokens that end a row and are part of it.
    forbidden : ndarray of bool of shape (V,)
        Tokens that are never generated.
    """

    temperature: float
    top_k: int
    top_p: float
    end: int
    stops: np.ndarray
    forbidden: np.ndarray


@inline
def _choose(logits, forbidden, uniform, temperature, top_k, top_p, probs):
    """Draw a token; -1 if a logit is not finite."""
    best = -1
    for v in range(len(forbidden)):
        if logits[v] - logits[v] != 0:
            return -1
        if not forbidden[v] and (best < 0 or logits[v] > logits[best]):
            best = v
    if temperature == 0:
        return best
    top = logits[best]
    for v in range(len(forbidden)):
        # Relative to the best one, whose exponential is one at any temperature.
        probs[v] = 0.0 if forbidden[v] else math.exp(np.float64(logits[v] - top) / temperature)
    if top_k > 0 or top_p < 1:
        order = np.argsort(-probs, kind="mergesort")  # stable: ties by the lowest id
        n_kept = min(top_k, len(order)) if top_k > 0 else len(order)
        total = 0.0
        for i in range(n_kept):
            total += probs[order[i]]
        before = 0.0
        for i in range(len(order)):
            p = probs[order[i]]
            if i >= n_kept or (top_p < 1 and before >= top_p * total):
                probs[order[i]] = 0.0
            before += p
    total = 0.0
    for v in range(len(probs)):
        total += probs[v]
    threshold = uniform * total
    chosen, reached = best, 0.0
    for v in range(len(probs)):
        if probs[v] > 0:
            chosen = v
            reached += probs[v]
            if reached > threshold:
                break
    return chosen


def make_generate(kind: KernelCell) -> Any:
    """Compile the loop for one kind of cell."""
    cell = kind.code

    @jit
    def generate(
        rows,
        inputs,
        panels_ih,
        panels_hh,
        panels_out,
        temperature,
        top_k,
        top_p,
        end,
        stops,
        forbidden,
        uniforms,
        states,
        logits,
        tokens,
        lengths,
        reasons,
    ):
        """Generate tokens for the given rows.

        Parameters
        ----------
        rows : ndarray of int64
        inputs, panels_ih, panels_hh, panels_out
            See `TokenWeights`.
        temperature, top_k, top_p, end, stops, forbidden
            See `Drawing`.
        uniforms : ndarray of float64 of shape (B, N)
            Numbers in [0, 1), one for each step of each row.
        states : ndarray of shape (C, n_layers, B, H)
            Overwritten with those after the last token that was read.
        logits : ndarray of shape (B, V)
            Of the first token; overwritten.
        tokens : ndarray of int64 of shape (B, N)
            Receives the tokens.
        lengths : ndarray of int64 of shape (B,)
            Receives the number of tokens.
        reasons : ndarray of int64 of shape (B,)
            Receives why the row ended.
        """
        n_layers, hidden_size = states.shape[1], states.shape[3]
        n_tokens, n_gates = inputs.shape
        n_steps = uniforms.shape[1]
        from_state = np.empty((ROWS, panels_hh.shape[1] * panels_hh.shape[3]), states.dtype)
        from_input = np.empty((ROWS, panels_hh.shape[1] * panels_hh.shape[3]), states.dtype)
        outputs = np.empty((ROWS, panels_out.shape[0] * panels_out.shape[2]), states.dtype)
        # Ones appended to the values are multiplied with the biases.
        state_block = np.ones((ROWS, hidden_size + 1), states.dtype)
        input_block = np.ones((ROWS, hidden_size + 1), states.dtype)
        gates = np.empty(n_gates, states.dtype)
        saved = np.empty(hidden_size, states.dtype)
        probs = np.empty(n_tokens, np.float64)
        active = np.empty(ROWS, np.int64)
        for start in range(0, len(rows), ROWS):
            n_active = min(ROWS, len(rows) - start)
            active[:n_active] = rows[start : start + n_active]
            for step in range(n_steps):
                n_left = 0
                for i in range(n_active):
                    row = active[i]
                    token = _choose(
                        logits[row],
                        forbidden,
                        uniforms[row, step],
                        temperature,
                        top_k,
                        top_p,
                        probs,
                    )
                    if token < 0:
                        reasons[row] = NOT_FINITE
                        continue
                    if token == end:
                        reasons[row] = ENDED
                        continue
                    tokens[row, step] = token
                    lengths[row] = step + 1
                    if stops[token]:
                        reasons[row] = ENDED
                        continue
                    active[n_left] = row
                    n_left += 1
                n_active = n_left
                # The states after the last token are not needed.
                if n_active == 0 or step + 1 == n_steps:
                    break
                for layer in range(n_layers):
                    for i in range(n_active):
                        state_block[i, :hidden_size] = states[0, layer, active[i]]
                    if layer == 0:
                        for i in range(n_active):
                            from_input[i, :n_gates] = inputs[tokens[active[i], step]]
                    else:
                        multiply(from_input, input_block, 0, 0, n_active, panels_ih[layer - 1])
                    multiply(from_state, state_block, 0, 0, n_active, panels_hh[layer])
                    for i in range(n_active):
                        state = states[0, layer, active[i]]
                        if cell == GRU:
                            gru_forward(from_state[i], from_input[i], gates, state, saved)
                        elif cell == LSTM:
                            cell_state = states[1, layer, active[i]]
                            lstm_forward(from_state[i], from_input[i], gates, state, cell_state)
                        elif cell == RNN_TANH:
                            rnn_tanh_forward(from_state[i], from_input[i], state)
                        else:
                            rnn_relu_forward(from_state[i], from_input[i], state)
                        input_block[i, :hidden_size] = state
                multiply(outputs, input_block, 0, 0, n_active, panels_out)
                for i in range(n_active):
                    logits[active[i]] = outputs[i, :n_tokens]

    return generate


_GENERATE = {name: make_generate(cell) for name, cell in KERNEL_CELLS.items()}


def pack_tokens(
    embedding: np.ndarray,
    layers: list[DirectionWeights],
    head_weight: np.ndarray,
    head_bias: np.ndarray,
) -> TokenWeights:
    """Pack the weights of a language model of tokens.

    Parameters
    ----------
    embedding : ndarray of shape (V, E)
    layers : list of DirectionWeights
        Of ndarrays.
    head_weight, head_bias : ndarray of shape (V, H) and (V,)
        The output layer.
    """
    first: Any = layers[0]
    packed = [pack_for_forward(*map(np.ascontiguousarray, layer)) for layer in layers]
    panels_hh = np.stack([panels for _, panels in packed])
    upper = [panels for panels, _ in packed[1:]]
    panels_ih = np.stack(upper) if upper else panels_hh[:0]
    head = np.ascontiguousarray(head_weight), np.ascontiguousarray(head_bias)
    # The first matrix and bias that are packed are those of the input; the others are not used.
    panels_out, _ = pack_for_forward(head[0], head[0], head[1], head[1])
    inputs = embedding @ first.weight_ih.T + first.bias_ih
    return TokenWeights(np.ascontiguousarray(inputs), panels_ih, panels_hh, panels_out)


def run_generation(
    cell: str,
    weights: TokenWeights,
    drawing: Drawing,
    states: np.ndarray,
    logits: np.ndarray,
    uniforms: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Generate tokens for all rows, distributed over threads; see `make_generate`.

    Returns
    -------
    tokens : ndarray of int64 of shape (B, N)
    lengths, reasons : ndarray of int64 of shape (B,)
    """
    n_rows = len(logits)
    tokens = np.zeros(uniforms.shape, np.int64)
    lengths, reasons = np.zeros(n_rows, np.int64), np.full(n_rows, LIMIT)
    blocks = np.array_split(np.arange(n_rows), min(n_threads(), -(-n_rows // ROWS)))

    def run(rows: np.ndarray) -> None:
        _GENERATE[cell](
            rows, *weights, *drawing, uniforms, states, logits, tokens, lengths, reasons
        )

    run_all([partial(run, rows) for rows in blocks])
    return tokens, lengths, reasons


def try_out(cell: str, dtype: np.dtype) -> None:
    """Compile the loop, and run it on one step of one row; see `_layer.try_out`."""
    kind = KERNEL_CELLS[cell]

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype)

    layer: Any = DirectionWeights(
        *(zeros(kind.n_gates, 1), zeros(kind.n_gates, 1), zeros(kind.n_gates), zeros(kind.n_gates))
    )
    weights = pack_tokens(zeros(2, 1), [layer, layer], zeros(2, 1), zeros(2))
    flags = np.zeros(2, dtype=bool)
    drawing = Drawing(1.0, 0, 1.0, -1, flags, flags)
    states = zeros(kind.n_states, 2, 1, 1)
    run_generation(cell, weights, drawing, states, zeros(1, 2), np.zeros((1, 2)))
