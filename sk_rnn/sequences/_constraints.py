"""Constraints of numeric parameters: Python and NumPy numbers, but not booleans."""

from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt

Closed = Literal["left", "right", "both", "neither"]

# Type names in signatures for the values that these constraints allow.
Int = int | np.integer[Any]
Float = float | np.floating[Any] | np.integer[Any]
RandomState = Int | np.random.RandomState | None


# The range of int64 in torch and NumPy.
_MAX_INT = 2**63 - 1


class IntegerFrom(Interval):
    """Integers in a closed interval, but not True, which Python treats as 1.

    Parameters
    ----------
    left : int
        The smallest allowed value.
    right : int
        The largest allowed value; by default the maximum of int64.
    """

    def __init__(self, left: int, right: int = _MAX_INT) -> None:
        super().__init__(Integral, left, right, closed="both")

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value satisfies the constraint."""
        return not isinstance(val, bool) and super().is_satisfied_by(val)

    def __str__(self) -> str:
        if self.right == _MAX_INT:
            return f"an int in the range [{self.left}, 2**63)"
        return super().__str__()


class NumberIn(Interval):
    """Real numbers in an interval, but not True, which Python treats as 1.

    Parameters
    ----------
    left, right : float or None
        The bounds of the interval; None for no limit.
    closed : {"left", "right", "both", "neither"}
        Which bounds the interval includes.
    integers : bool
        Whether integers are allowed.
    """

    def __init__(
        self, left: float | None, right: float | None, *, closed: Closed, integers: bool = True
    ) -> None:
        super().__init__(Real if integers else RealNotInt, left, right, closed=closed)
        self._integers = integers

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value satisfies the constraint."""
        if isinstance(val, bool) or not isinstance(val, Real):
            return False
        if isinstance(val, Integral) and not self._integers:
            return False
        try:
            # Computations use floats: a Fraction, or a number with more digits, is rounded.
            return super().is_satisfied_by(float(val))
        except OverflowError:  # an integer too large for a float
            return False


class AnyNumber(Interval):
    """Real numbers, including NaN and infinity.

    Parameters
    ----------
    as_float : bool
        Whether integers too large for a float are excluded.
    """

    def __init__(self, *, as_float: bool = True) -> None:
        # Unlike an interval it allows NaN; scikit-learn's own checks treat it separately.
        super().__init__(Integral, None, None, closed="neither")
        self._as_float = as_float

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value satisfies the constraint."""
        if isinstance(val, bool) or not isinstance(val, Real):
            return False
        try:
            float(val)
        except OverflowError:
            return not self._as_float
        return True

    def __str__(self) -> str:
        return "a float"


class IntegerRange(Interval):
    """Tuples of two integers in non-decreasing order.

    Parameters
    ----------
    left : int
        The smallest integer allowed.
    """

    def __init__(self, left: int) -> None:
        super().__init__(Integral, left, None, closed="left")
        self._member = IntegerFrom(left)

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value satisfies the constraint."""
        return (
            isinstance(val, tuple)
            and len(val) == 2
            and all(map(self._member.is_satisfied_by, val))
            and bool(val[0] <= val[1])
        )

    def __str__(self) -> str:
        return f"a tuple of two ints (low, high) with {self.left} <= low <= high"


# Seeds that `numpy.random.RandomState` accepts, except booleans.
RANDOM_STATE: list[Any] = [IntegerFrom(0, 2**32 - 1), np.random.RandomState, None]


def plain_number(value: Any) -> Any:
    """Return numbers and booleans as the equal Python objects, anything else unchanged.

    NumPy scalars would determine the precision of computations (an int8 overflows, a float32
    rounds its factor), and torch rejects some of them.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def plain_numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with numbers and booleans converted to Python objects."""
    return {name: plain_number(value) for name, value in values.items()}


class Transformer(HasMethods):
    """Instances that have fit and transform; classes, which have them as well, are excluded."""

    def __init__(self) -> None:
        super().__init__(["fit", "transform"])

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether a value satisfies the constraint."""
        return not isinstance(val, type) and super().is_satisfied_by(val)

    def __str__(self) -> str:
        return "an object (not a class) implementing 'fit' and 'transform'"
