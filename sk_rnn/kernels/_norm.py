"""Batch norm of a batch of vectors with dropout after it, forward and backward, in training."""

import numpy as np

from ._jit import jit


@jit
def norm_dropout_forward(
    x, weight, bias, running_mean, running_var, momentum, eps, keep, centred, scale, result
):
    """Normalise each feature over the batch, and track mean and variance.

    Parameters
    ----------
    x : ndarray of shape (B, C)
        B is at least 2.
    weight, bias, running_mean, running_var : ndarray of shape (C,)
        As in torch.nn.BatchNorm1d; the running ones are updated.
    momentum, eps : float
    keep : ndarray of shape (B, C) or (0, 0)
        Factors of dropout.
    centred, scale, result : ndarray of shape (B, C), (C,) and (B, C)
        Receive the differences from the mean, the inverse standard deviations, and the result.
    """
    n_rows, n_features = x.shape
    real = x.dtype.type
    n, rest, share = real(n_rows), real(1 - momentum), real(momentum)
    mean, squares = np.zeros(n_features, x.dtype), np.zeros(n_features, x.dtype)
    for row in range(n_rows):
        values = x[row]
        for j in range(n_features):
            mean[j] += values[j]
    for j in range(n_features):
        mean[j] /= n
    for row in range(n_rows):
        values, differences = x[row], centred[row]
        for j in range(n_features):
            differences[j] = values[j] - mean[j]
            squares[j] += differences[j] * differences[j]
    for j in range(n_features):
        scale[j] = real(1) / np.sqrt(squares[j] / n + real(eps))
        running_mean[j] = rest * running_mean[j] + share * mean[j]
        running_var[j] = rest * running_var[j] + share * (squares[j] / (n - real(1)))
    for row in range(n_rows):
        differences, values = centred[row], result[row]
        for j in range(n_features):
            values[j] = differences[j] * (scale[j] * weight[j]) + bias[j]
        if len(keep):
            factors = keep[row]
            for j in range(n_features):
                values[j] *= factors[j]


@jit
def norm_dropout_backward(grad, weight, keep, centred, scale, grad_weight, grad_bias):
    """Turn the gradient of the result into that of ``x``, and write those of weight and bias."""
    n_rows, n_features = grad.shape
    n = grad.dtype.type(n_rows)
    grad_weight[:] = 0
    grad_bias[:] = 0
    for row in range(n_rows):
        values, differences = grad[row], centred[row]
        if len(keep):
            factors = keep[row]
            for j in range(n_features):
                values[j] *= factors[j]
        for j in range(n_features):
            grad_bias[j] += values[j]
            grad_weight[j] += values[j] * differences[j]
    for j in range(n_features):
        grad_weight[j] *= scale[j]
    for row in range(n_rows):
        values, differences = grad[row], centred[row]
        for j in range(n_features):
            along = differences[j] * scale[j] * grad_weight[j]
            values[j] = weight[j] * scale[j] * (values[j] - (grad_bias[j] + along) / n)


def try_out(dtype: np.dtype) -> None:
    """Run both kernels on two rows; see `_layer.try_out`."""
    rows, numbers = np.zeros((2, 1), dtype), np.zeros(1, dtype)
    norm_dropout_forward(
        rows, numbers, numbers, numbers, numbers, 0.1, 1e-5, rows, rows, numbers, rows
    )
    norm_dropout_backward(rows, numbers, rows, rows, numbers, numbers, numbers)
