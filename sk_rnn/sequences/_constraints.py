"""What numeric parameters may be: numbers of Python and NumPy, but no booleans."""

from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, RealNotInt

Closed = Literal["left", "right", "both", "neither"]

# How signatures call what these constraints admit.
Int = int | np.integer[Any]
Float = float | np.floating[Any] | np.integer[Any]
RandomState = Int | np.random.RandomState | None


# What torch and NumPy hold.
_MAX_INT = 2**63 - 1


class IntegerFrom(Interval):
    """Integers from a number on, but not True, which Python takes for 1.

    Parameters
    ----------
    left : int
        The smallest of them.
    right : int
        The largest of them; by default what 64 bits hold.
    """

    def __init__(self, left: int, right: int = _MAX_INT) -> None:
        super().__init__(Integral, left, right, closed="both")

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is one of them."""
        return not isinstance(val, bool) and super().is_satisfied_by(val)

    def __str__(self) -> str:
        if self.right == _MAX_INT:
            return f"an int in the range [{self.left}, 2**63)"
        return super().__str__()


class NumberIn(Interval):
    """Real numbers of an interval, but not True, which Python takes for 1.

    Parameters
    ----------
    left, right : float or None
        The ends of the interval; None for no limit.
    closed : {"left", "right", "both", "neither"}
        Which ends belong to it.
    integers : bool
        Whether integers are among them.
    """

    def __init__(
        self, left: float | None, right: float | None, *, closed: Closed, integers: bool = True
    ) -> None:
        super().__init__(Real if integers else RealNotInt, left, right, closed=closed)
        self._integers = integers

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is one of them."""
        if isinstance(val, bool) or not isinstance(val, Real):
            return False
        if isinstance(val, Integral) and not self._integers:
            return False
        try:
            # What is computed with: a fraction or a number of more digits is rounded to a float.
            return super().is_satisfied_by(float(val))
        except OverflowError:  # an integer beyond all floats
            return False


class AnyNumber(Interval):
    """Real numbers, NaN and infinity among them.

    Parameters
    ----------
    as_float : bool
        Whether integers beyond all floats are left out.
    """

    def __init__(self, *, as_float: bool = True) -> None:
        # An interval has no NaN; scikit-learn's checks of themselves look for none in this kind.
        super().__init__(Integral, None, None, closed="neither")
        self._as_float = as_float

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is one of them."""
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
    """Tuples of two integers, the second not below the first.

    Parameters
    ----------
    left : int
        The smallest integer allowed.
    """

    def __init__(self, left: int) -> None:
        super().__init__(Integral, left, None, closed="left")
        self._member = IntegerFrom(left)

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is one of them."""
        return (
            isinstance(val, tuple)
            and len(val) == 2
            and all(map(self._member.is_satisfied_by, val))
            and bool(val[0] <= val[1])
        )

    def __str__(self) -> str:
        return f"a tuple of two ints (low, high) with {self.left} <= low <= high"


# What `numpy.random.RandomState` takes for a seed, and no boolean.
RANDOM_STATE: list[Any] = [IntegerFrom(0, 2**32 - 1), np.random.RandomState, None]


def plain_number(value: Any) -> Any:
    """Return a number or boolean as Python's own of equal value, anything else as it is.

    NumPy's would decide the precision of what is computed with them (an int8 overflows, a float32
    rounds what it is multiplied with), and torch refuses some.
    """
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else value


def plain_numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Return values by name with numbers and booleans as Python's own."""
    return {name: plain_number(value) for name, value in values.items()}


class Transformer(HasMethods):
    """Instances that have fit and transform, but no classes, which have them as well."""

    def __init__(self) -> None:
        super().__init__(["fit", "transform"])

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is one of them."""
        return not isinstance(val, type) and super().is_satisfied_by(val)

    def __str__(self) -> str:
        return "an object (not a class) implementing 'fit' and 'transform'"
