"""Mean, maximum and last state of each row, in one pass over the states."""

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ._jit import jit


@jit
def pool(states, lengths, split, pooled, where):
    """Write the result of `mean_max_last`, and the steps (B, C) of the maxima, int32."""
    n_features = states.shape[2]
    for row in range(len(lengths)):
        length = lengths[row]
        mean = pooled[row, :n_features]
        highest = pooled[row, n_features : 2 * n_features]
        place = where[row]
        mean[:] = states[0, row]
        highest[:] = states[0, row]
        place[:] = 0
        for t in range(1, length):
            now = states[t, row]
            for j in range(n_features):
                mean[j] += now[j]
            for j in range(n_features):
                # The second condition is true for NaN, which must propagate.
                higher = now[j] > highest[j] or now[j] != now[j]
                highest[j] = now[j] if higher else highest[j]
                place[j] = t if higher else place[j]
        for j in range(n_features):
            mean[j] /= length
        pooled[row, 2 * n_features : 2 * n_features + split] = states[length - 1, row, :split]
        pooled[row, 2 * n_features + split :] = states[0, row, split:]


@jit
def spread(grad_pooled, lengths, split, where, grad_states):
    """Write the gradient of the states, given that of the result of `pool`."""
    n_features = grad_states.shape[2]
    for row in range(len(lengths)):
        length = lengths[row]
        mean = grad_pooled[row, :n_features]
        for t in range(length):
            now = grad_states[t, row]
            for j in range(n_features):
                now[j] = mean[j] / length
        grad_states[length:, row] = 0
        for j in range(n_features):
            grad_states[where[row, j], row, j] += grad_pooled[row, n_features + j]
        for j in range(n_features):
            end = length - 1 if j < split else 0
            grad_states[end, row, j] += grad_pooled[row, 2 * n_features + j]


def try_out(dtype: np.dtype, *, training: bool) -> None:
    """Run the kernels of `MeanMaxLast` on one time step of one row; see `_layer.try_out`."""
    states, pooled = np.zeros((1, 1, 1), dtype), np.zeros((1, 3), dtype)
    lengths, where = np.ones(1, np.int64), np.zeros((1, 1), np.int32)
    pool(states, lengths, 1, pooled, where)
    if training:
        spread(pooled, lengths, 1, where, states)


class MeanMaxLast(torch.autograd.Function):
    """See `mean_max_last`."""

    @staticmethod
    def forward(ctx, states: Tensor, lengths: Tensor, split: int) -> Tensor:
        _, n_rows, n_features = states.shape
        pooled = states.new_empty(n_rows, 3 * n_features)
        # int32 has the width of float32, so that a vector instruction processes as many of both.
        where = np.empty((n_rows, n_features), np.int32)
        steps = lengths.contiguous().numpy()
        pool(states.detach().contiguous().numpy(), steps, split, pooled.numpy(), where)
        ctx.shape, ctx.split, ctx.where = states.shape, split, where
        ctx.save_for_backward(lengths)
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_pooled):
        (lengths,) = ctx.saved_tensors
        grad_states = grad_pooled.new_empty(ctx.shape)
        spread(
            grad_pooled.contiguous().numpy(),
            lengths.contiguous().numpy(),
            ctx.split,
            ctx.where,
            grad_states.numpy(),
        )
        return grad_states, None, None
