"""Fused recurrences for the CPU, compiled by Numba.

Numba is imported only when a recurrence runs: without it everything else works.
"""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ._preparation import (
    prepare,
    prepare_chain,
    prepare_generation,
    remedy,
    warn_unavailable,
    why_unavailable,
)
from ._shards import kernel_threads
from ._weights import DirectionWeights

__all__ = [
    "DirectionWeights",
    "generate_tokens",
    "kernel_threads",
    "mean_max_last",
    "prepare",
    "prepare_chain",
    "prepare_generation",
    "recurrent_layer",
    "remedy",
    "warn_unavailable",
    "why_unavailable",
]


def recurrent_layer(
    cell: str,
    x: Tensor,
    lengths: Tensor,
    weights: list[DirectionWeights],
    *,
    initial: Tensor | None = None,
    keep: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One recurrent layer over a padded batch, in one direction or both.

    Parameters
    ----------
    cell : {"rnn_tanh", "rnn_relu", "gru", "lstm"}
        The equations are those of torch.nn.RNN, GRU and LSTM.
    x : Tensor of shape (T, B, F), float32 or float64, on the CPU
        Values at padded steps are ignored.
    lengths : Tensor of shape (B,), int64
        Steps of each row, from 1 to T.
    weights : list of D = 1 or 2 DirectionWeights
        The second direction starts at the last step of each row and ends at its first.
    initial : Tensor of shape (C, D, B, H) or None
        Initial states (C = 2 for the LSTM: hidden and cell state, otherwise 1); None for zeros.
    keep : Tensor of shape (B, D * H) or None
        Recurrent dropout: factors of the state before the recurrent matrix multiplication.

    Returns
    -------
    output : Tensor of shape (T, B, D * H)
        States of all steps; zero at padded steps.
    final : Tensor of shape (C, D, B, H)
        Final states of each row: at its last step forward, at its first backward.
    """
    from ._layer import run_layer  # imports Numba

    return run_layer(cell, x, lengths, weights, initial, keep)


def mean_max_last(states: Tensor, lengths: Tensor, *, bidirectional: bool) -> Tensor:
    """Mean, maximum and final states of each row, concatenated.

    Parameters
    ----------
    states : Tensor of shape (T, B, C), on the CPU
        Values at padded steps are ignored.
    lengths : Tensor of shape (B,), int64
        Steps of each row, from 1 to T.
    bidirectional : bool
        Whether the second half of the C features is from the backward direction, which ends at the
        first step.

    Returns
    -------
    Tensor of shape (B, 3 * C)
    """
    from ._pooling import MeanMaxLast

    split = states.shape[2] // 2 if bidirectional else states.shape[2]
    return MeanMaxLast.apply(states, lengths, split)


def generate_tokens(
    cell: str,
    embedding: np.ndarray,
    layers: list[DirectionWeights],
    head: tuple[np.ndarray, np.ndarray],
    *,
    states: np.ndarray,
    logits: np.ndarray,
    uniforms: np.ndarray,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    end: int | None = None,
    stops: Sequence[int] = (),
    forbidden: Sequence[int] = (),
) -> tuple[list[list[int]], np.ndarray]:
    """Generate tokens with a language model in one compiled loop.

    Parameters
    ----------
    cell : {"rnn_tanh", "rnn_relu", "gru", "lstm"}
    embedding : ndarray of shape (V, E)
    layers : list of DirectionWeights
        Of arrays: forward layers, the first one first.
    head : tuple of two ndarrays of shape (V, H) and (V,)
        Weights and biases of the output layer.
    states : ndarray of shape (C, n_layers, B, H)
        Initial states of each row.
    logits : ndarray of shape (B, V)
        Of the first token of each row.
    uniforms : ndarray of float64 of shape (B, N)
        Numbers in [0, 1): the randomness of each step of each row.
    temperature, top_k, top_p
        As in `sk_rnn.decoding.sample`; a temperature of 0 is greedy.
    end : int or None
        The token that ends a row and is not part of it.
    stops, forbidden : sequence of int
        Tokens that end a row and are part of it, and tokens that are never generated.

    Returns
    -------
    tokens : list of list of int
    ended : ndarray of bool of shape (B,)
        Whether a row ended before ``N`` tokens.

    Raises
    ------
    FloatingPointError
        If a logit is not finite.
    """
    from . import _generate  # imports Numba

    weights = _generate.pack_tokens(embedding, layers, *head)
    marks = [np.zeros(len(embedding), dtype=bool) for _ in range(2)]
    for flags, ids in zip(marks, (stops, forbidden), strict=True):
        flags[list(ids)] = True
    drawing = _generate.Drawing(
        float(temperature),
        0 if top_k is None else min(int(top_k), len(embedding)),
        1.0 if top_p is None else float(top_p),
        -1 if end is None else end,
        *marks,
    )
    arrays = states.copy(), logits.copy(), np.ascontiguousarray(uniforms)
    tokens, lengths, reasons = _generate.run_generation(cell, weights, drawing, *arrays)
    if (reasons == _generate.NOT_FINITE).any():
        raise FloatingPointError("outputs are not finite")
    rows = [row[:n].tolist() for row, n in zip(tokens, lengths.tolist(), strict=True)]
    return rows, reasons == _generate.ENDED
