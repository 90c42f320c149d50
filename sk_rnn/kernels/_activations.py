"""Sigmoid and tanh that a compiler can vectorise.

The C library's functions compute one number per call. These have no call and no branch. In
float32 they follow Cephes (Moshier, 1989): their largest error over all floats is below 2.5 units
in the last place for `sigmoid` and 1.5 for `tanh`. In float64 the C library's functions are used,
which are slower but have full precision.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from ._jit import OPTIONS

_f = np.float32

# Outside this range the exponential is not a normal float32.
_LOWEST, _HIGHEST = _f(-87.0), _f(88.0)
_LOG2_E = _f(1.4426950408889634)
# Added to a number below 2**22, it rounds to the nearest integer in the low bits of the sum.
_ROUNDER = _f(1.5 * 2**23)
# ln 2 in two parts; the first has few bits, so its products with small integers are exact.
_LN2_HIGH, _LN2_LOW = _f(0.693359375), _f(-2.12194440e-4)
_ONE, _TWO = _f(1), _f(2)
_ONE_BITS, _EXPONENT_SHIFT = np.int32(0x3F800000), np.int32(23)
_E0, _E1, _E2, _E3, _E4, _E5 = (
    _f(c)
    for c in (
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    )
)
_T0, _T1, _T2, _T3, _T4 = (
    _f(c)
    for c in (
        -5.70498872745e-3,
        2.06390887954e-2,
        -5.37397155531e-2,
        1.33314422036e-1,
        -3.33332819422e-1,
    )
)
_SMALL = _f(0.625)  # below it 1 - 2 / (exp(2x) + 1) would lose precision


def _exp(x: float) -> float:
    """Exponential; NaN stays NaN."""
    raise NotImplementedError  # compiled code uses the overload


def sigmoid(x: float) -> float:
    """``1 / (1 + exp(-x))``; NaN stays NaN."""
    raise NotImplementedError  # as above


def tanh(x: float) -> float:
    """Hyperbolic tangent; NaN stays NaN."""
    raise NotImplementedError  # as above


@overload(_exp, jit_options=OPTIONS)
def _(x):
    if x != types.float32:
        return lambda x: math.exp(x)

    def exp(x):
        x = min(max(x, _LOWEST), _HIGHEST)
        shifted = np.float32(x * _LOG2_E + _ROUNDER)
        n = shifted - _ROUNDER
        r = x - n * _LN2_HIGH - n * _LN2_LOW
        p = ((((_E0 * r + _E1) * r + _E2) * r + _E3) * r + _E4) * r + _E5
        p = p * (r * r) + r + _ONE
        bits = np.int32((shifted.view(np.int32) << _EXPONENT_SHIFT) + _ONE_BITS)
        return p * bits.view(np.float32)  # p * 2**n

    return exp


@overload(sigmoid, jit_options=OPTIONS)
def _(x):
    one = _ONE if x == types.float32 else 1.0
    return lambda x: one / (one + _exp(-x))


@overload(tanh, jit_options=OPTIONS)
def _(x):
    if x != types.float32:
        return lambda x: math.tanh(x)

    def tanh(x):
        s = x * x
        near = ((((_T0 * s + _T1) * s + _T2) * s + _T3) * s + _T4) * s * x + x
        size = abs(x)
        far = math.copysign(_ONE - _TWO / (_exp(_TWO * size) + _ONE), x)
        return near if size < _SMALL else far

    return tanh
