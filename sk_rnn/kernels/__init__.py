"""Fused recurrences for the CPU, compiled by Numba.

Numba is imported only when a recurrence runs: without it everything else works.
"""

from torch import Tensor

from ._preparation import prepare, remedy, warn_unavailable, why_unavailable
from ._shards import kernel_threads
from ._weights import DirectionWeights

__all__ = [
    "DirectionWeights",
    "kernel_threads",
    "mean_max_last",
    "prepare",
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
