"""Constraints of parameters that scikit-learn has no words for."""

from numbers import Integral
from typing import Any

from sklearn.utils._param_validation import HasMethods, Interval


class IntegerFrom(Interval):
    """Integers from a number on, but not True, which Python takes for 1.

    Parameters
    ----------
    left : int
        The smallest of them.
    """

    def __init__(self, left: int) -> None:
        super().__init__(Integral, left, None, closed="left")

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is one of them."""
        return not isinstance(val, bool) and super().is_satisfied_by(val)


class Transformer(HasMethods):
    """Instances that have fit and transform, but no classes, which have them as well."""

    def __init__(self) -> None:
        super().__init__(["fit", "transform"])

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a value is one of them."""
        return not isinstance(val, type) and super().is_satisfied_by(val)

    def __str__(self) -> str:
        return "an object (not a class) implementing 'fit' and 'transform'"
