"""scikit-learn's decorators, with types.

scikit-learn has no types, so a type checker takes what its decorators return for anything at all: a
decorated `fit` would accept every argument and return no estimator. These are the same objects, and
what they decorate keeps its type.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:

    def available_if(check: Callable[[Any], bool]) -> Callable[[F], F]:
        """Offer a method only where ``check`` of the estimator returns True."""

    def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[F], F]:
        """Validate the estimator's parameters before a method runs."""

    def validate_params(
        parameter_constraints: dict[str, Any], *, prefer_skip_nested_validation: bool
    ) -> Callable[[F], F]:
        """Validate a function's arguments before it runs."""

else:
    from sklearn.base import _fit_context as fit_context
    from sklearn.utils._param_validation import validate_params
    from sklearn.utils.metaestimators import available_if

__all__ = ["available_if", "fit_context", "validate_params"]
