"""Batch norm, dropout and a linear layer, and cross-entropy: forward and backward in training."""

import numpy as np

from ._jit import inline, jit
from ._product import ROWS, add_outer, lanes, multiply, pack_matrix, pack_with_bias, padded_size


@jit
def head_forward(
    x, norm_weight, norm_bias, mean, variance, momentum, eps, draws, kept, weight, bias,
    centred, scale, features, outputs,
):  # fmt: skip
    """Normalise each feature over the batch, drop values, and multiply with the weights.

    Parameters
    ----------
    x : ndarray of shape (B, C)
    norm_weight, norm_bias : ndarray of shape (C,), or (0,) for no normalisation
        As in torch.nn.BatchNorm1d. With normalisation, B is at least 2.
    mean, variance : ndarray of shape (C,)
        Running mean and variance, which are updated.
    momentum, eps : float
        Of the batch norm.
    draws : ndarray of float32 of shape (B, C), or (0, 0) for no dropout
        Uniform random numbers: a value is kept where they are less than ``kept``.
    kept : float
        Probability of keeping a value.
    weight, bias : ndarray of shape (K, C) and (K,)
        Of the linear layer.
    centred, scale : ndarray of shape (B, C) and (C,)
        Receive the differences from the batch's mean, and the inverse standard deviations.
    features : ndarray of shape (padded B, padded C + 1), see `feature_shape`
        Receives the input of the linear layer, with a column of ones for the bias.
    outputs : ndarray of shape (B, K)
        Receives the result.
    """
    n_rows, n_features = x.shape
    features[:] = 0
    features[:n_rows, n_features] = 1
    if len(norm_weight):
        _normalise(
            x, norm_weight, norm_bias, mean, variance, momentum, eps, centred, scale, features
        )
    else:
        features[:n_rows, :n_features] = x
    if len(draws):
        _drop(features, draws, kept)
    panels = pack_with_bias(weight, bias)
    product = np.empty((ROWS, panels.shape[0] * panels.shape[2]), x.dtype)
    for start in range(0, n_rows, ROWS):
        n = min(ROWS, n_rows - start)
        multiply(product, features, start, 0, n, panels)
        outputs[start : start + n] = product[:n, : len(bias)]


@jit
def head_backward(
    grad_outputs, weight, norm_weight, draws, kept, centred, scale, features,
    grad_x, grad_weight, grad_bias, grad_norm_weight, grad_norm_bias,
):  # fmt: skip
    """Write the gradients of the input and of all weights of `head_forward`.

    ``grad_outputs`` is of shape (B, K); the other arguments are named as there.
    """
    (n_rows, n_features), n_outputs = grad_x.shape, len(grad_bias)
    grads = np.zeros((len(features), padded_size(n_outputs, ROWS)), features.dtype)
    grads[:n_rows, :n_outputs] = grad_outputs
    sums = np.zeros((grads.shape[1], features.shape[1]), features.dtype)
    add_outer(sums, grads, 0, features, n_rows)
    grad_weight[:] = sums[:n_outputs, :n_features]
    grad_bias[:] = sums[:n_outputs, n_features]
    panels = pack_matrix(weight)
    product = np.empty((ROWS, panels.shape[0] * panels.shape[2]), features.dtype)
    for start in range(0, n_rows, ROWS):
        n = min(ROWS, n_rows - start)
        multiply(product, grads, start, 0, n, panels)
        grad_x[start : start + n] = product[:n, :n_features]
    if len(draws):
        _drop(grad_x, draws, kept)
    if len(norm_weight):
        _normalise_backward(grad_x, norm_weight, centred, scale, grad_norm_weight, grad_norm_bias)


@jit
def cross_entropy(outputs, classes, weights, smoothing, grad):
    """Return the weighted mean of the cross-entropy, and write its gradient.

    Parameters
    ----------
    outputs : ndarray of shape (B, K)
    classes : ndarray of int64 of shape (B,)
    weights : ndarray of shape (B,), or (0,) if all are one
    smoothing : float
        Share of the target distribution that is uniform over all classes.
    grad : ndarray of shape (B, K)
        Receives the gradient.
    """
    n_rows, n_outputs = outputs.shape
    real = outputs.dtype.type
    uniform, rest = real(smoothing / n_outputs), real(1 - smoothing)
    total = 0.0
    for row in range(n_rows):
        scores, probabilities = outputs[row], grad[row]
        highest = scores.max()
        sum_of_exp, sum_of_scores = real(0), real(0)
        for k in range(n_outputs):
            probabilities[k] = np.exp(scores[k] - highest)
            sum_of_exp += probabilities[k]
            sum_of_scores += scores[k] - highest
        log_sum = np.log(sum_of_exp)
        right = classes[row]
        loss = log_sum - rest * (scores[right] - highest) - uniform * sum_of_scores
        weight = (real(weights[row]) if len(weights) else real(1)) / real(n_rows)
        total += loss * weight
        for k in range(n_outputs):
            probabilities[k] = (probabilities[k] / sum_of_exp - uniform) * weight
        probabilities[right] -= rest * weight
    return total


def feature_shape(n_rows: int, n_features: int, dtype: np.dtype) -> tuple[int, int]:
    """Shape of ``features`` in `head_forward`."""
    return padded_size(n_rows, ROWS), padded_size(n_features + 1, lanes(dtype))


def try_out(dtype: np.dtype) -> None:
    """Run all kernels on two rows of one feature; see `_layer.try_out`."""
    rows, vector = np.zeros((2, 1), dtype), np.zeros(1, dtype)
    draws, features = np.zeros((2, 1), np.float32), np.zeros(feature_shape(2, 1, dtype), dtype)
    weight, outputs = np.zeros((1, 1), dtype), rows.copy()
    norm = (vector, vector, vector, vector)
    head_forward(
        rows, *norm, 0.1, 1e-5, draws, 0.5, weight, vector, rows, vector, features, outputs
    )
    cross_entropy(outputs, np.zeros(2, np.int64), vector[:0], 0.0, rows)
    head_backward(
        rows, weight, vector, draws, 0.5, rows, vector, features, outputs, weight, *norm[:3]
    )


@inline
def _drop(values, draws, kept):
    """Inverted dropout, in place; as `SeededModule.keep_mask`."""
    threshold, factor = np.float32(kept), values.dtype.type(1 / kept)
    zero = values.dtype.type(0)
    for row in range(len(draws)):
        numbers, drawn = values[row], draws[row]
        for j in range(len(drawn)):
            numbers[j] *= factor if drawn[j] < threshold else zero  # NaN stays NaN


@inline
def _normalise(x, weight, bias, running_mean, running_variance, momentum, eps, centred, scale, y):
    n_rows, n_features = x.shape
    real = x.dtype.type
    n, rest, share, epsilon = real(n_rows), real(1 - momentum), real(momentum), real(eps)
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
        scale[j] = real(1) / np.sqrt(squares[j] / n + epsilon)
    for j in range(n_features):
        running_mean[j] = rest * running_mean[j] + share * mean[j]
        running_variance[j] = rest * running_variance[j] + share * (squares[j] / (n - real(1)))
    for row in range(n_rows):
        differences, values = centred[row], y[row]
        for j in range(n_features):
            values[j] = differences[j] * (scale[j] * weight[j]) + bias[j]


@inline
def _normalise_backward(grad, weight, centred, scale, grad_weight, grad_bias):
    """``grad`` is that of the result, and becomes that of the input."""
    n_rows, n_features = grad.shape
    n = grad.dtype.type(n_rows)
    grad_weight[:] = 0
    grad_bias[:] = 0
    for row in range(n_rows):
        values, differences = grad[row], centred[row]
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
