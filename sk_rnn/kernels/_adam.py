"""Gradient clipping and a step of Adam or AdamW, in one call for all parameters.

The equations are those of torch.optim.Adam and AdamW. torch's fused step and clipping
take ten times as long for a small network, most of it before the first number is updated.
"""

from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from ._jit import inline, jit

# Sums of squares that are accumulated at the same time, so that a compiler can vectorise them.
_SUMS = 32

# Of the dtype of the number of steps.
_STEP = np.empty(0, np.float32)


@intrinsic
def _pointer(typingctx: Any, address: Any, reference: Any) -> Any:
    """Pointer to numbers of the dtype of ``reference`` at an address."""
    pointer = types.CPointer(reference.dtype)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(pointer))

    return pointer(types.int64, reference), generate


@inline
def _numbers(address, size, reference):
    """The numbers at an address, as an array."""
    # An intrinsic is called without its typing context, which its signature has.
    return numba.carray(_pointer(address, reference), size)  # type: ignore[call-arg]


@inline
def _clip(addresses, sizes, reference, max_norm):
    total = 0.0
    for i in range(len(sizes)):
        total += _sum_of_squares(_numbers(addresses[i, 1], sizes[i], reference))
    factor = max_norm / (np.sqrt(total) + 1e-6)
    if not factor >= 1:  # also if it is NaN
        for i in range(len(sizes)):
            gradient = _numbers(addresses[i, 1], sizes[i], reference)
            for j in range(len(gradient)):
                gradient[j] *= factor


@jit
def clip(addresses, sizes, reference, max_norm):
    """Clip all gradients together, as `adam_step` does; arguments as there."""
    _clip(addresses, sizes, reference, max_norm)


@jit
def adam_step(addresses, sizes, groups, options, reference, max_norm):
    """Clip all gradients together, and update all parameters in place.

    Parameters
    ----------
    addresses : ndarray of int64 of shape (n_parameters, 5)
        Addresses of the contiguous numbers of each parameter, its gradient, the running means of
        the gradient and of its square, and the number of earlier steps (one float32).
    sizes : ndarray of int64 of shape (n_parameters,)
        Their numbers of elements.
    groups : ndarray of int64 of shape (n_parameters,)
        Row of ``options`` for each parameter.
    options : ndarray of float64 of shape (n_groups, 6)
        Learning rate, the two betas, eps, weight decay, and whether the decay is decoupled.
    reference : ndarray
        Of the dtype of all other numbers.
    max_norm : float
        Maximum norm of all gradients together; infinity for no clipping.
    """
    if max_norm < np.inf:
        _clip(addresses, sizes, reference, max_norm)
    for i in range(len(sizes)):
        row = options[groups[i]]
        lr, beta, beta_square = row[0], row[1], row[2]
        eps, decay, decoupled = row[3], row[4], row[5]
        parameter = _numbers(addresses[i, 0], sizes[i], reference)
        gradient = _numbers(addresses[i, 1], sizes[i], reference)
        mean = _numbers(addresses[i, 2], sizes[i], reference)
        square = _numbers(addresses[i, 3], sizes[i], reference)
        steps = _numbers(addresses[i, 4], 1, _STEP)
        steps[0] += 1
        step = np.float64(steps[0])
        _update(
            parameter,
            gradient,
            mean,
            square,
            reference.dtype.type(1 - lr * decay if decoupled else 1),
            reference.dtype.type(0 if decoupled else decay),
            reference.dtype.type(1 - beta),
            reference.dtype.type(beta_square),
            reference.dtype.type(lr / (1 - beta**step)),
            reference.dtype.type(np.sqrt(1 - beta_square**step)),
            reference.dtype.type(eps),
        )


@inline
def _update(parameter, gradient, mean, square, shrink, decay, part, kept, lr, correction, eps):
    one = parameter.dtype.type(1)
    for j in range(len(parameter)):
        value = parameter[j] * shrink
        incoming = gradient[j] + decay * value
        mean[j] += part * (incoming - mean[j])
        square[j] = kept * square[j] + (one - kept) * incoming * incoming
        parameter[j] = value - lr * mean[j] / (np.sqrt(square[j]) / correction + eps)


@inline
def _sum_of_squares(numbers):
    """In float64, in an order that does not depend on the addresses."""
    sums = np.zeros(_SUMS)
    whole = len(numbers) // _SUMS * _SUMS
    for start in range(0, whole, _SUMS):
        for j in range(_SUMS):
            value = np.float64(numbers[start + j])
            sums[j] += value * value
    total = 0.0
    for j in range(_SUMS):
        total += sums[j]
    for j in range(whole, len(numbers)):
        total += np.float64(numbers[j]) ** 2
    return total


def try_out(dtype: np.dtype) -> None:
    """Run both kernels on one parameter; see `_layer.try_out`."""
    numbers, steps = np.zeros((4, 1), dtype), np.zeros(1, np.float32)
    addresses = np.array([[row.ctypes.data for row in (*numbers, steps)]])
    sizes, groups, options = np.ones(1, np.int64), np.zeros(1, np.int64), np.ones((1, 6)) / 2
    reference = np.empty(0, dtype)
    clip(addresses, sizes, reference, 1.0)
    adam_step(addresses, sizes, groups, options, reference, 1.0)
