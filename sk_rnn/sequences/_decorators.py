"""scikit-learn's decorators, with types.

scikit-learn has no type annotations, so a type checker treats the result of its decorators as Any:
a decorated `fit` would accept every argument and return no estimator. These decorators preserve the
type of the function.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:

    def available_if(check: Callable[[Any], bool]) -> Callable[[F], F]:
        """Make a method available only if ``check`` of the estimator returns True."""

    def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[F], F]:
        """Validate the estimator's parameters before a method runs."""

    def validate_params(
        parameter_constraints: dict[str, Any], *, prefer_skip_nested_validation: bool
    ) -> Callable[[F], F]:
        """Validate a function's arguments before it runs."""

else:
    import inspect
    from functools import wraps

    from sklearn.base import _fit_context as fit_context
    from sklearn.utils import _param_validation
    from sklearn.utils.metaestimators import available_if

    def validate_params(parameter_constraints, *, prefer_skip_nested_validation):
        def decorate(function):
            validated = _param_validation.validate_params(
                parameter_constraints, prefer_skip_nested_validation=prefer_skip_nested_validation
            )(function)
            signature = inspect.signature(function)

            @wraps(validated)
            def call(*args, **kwargs):
                try:
                    signature.bind(*args, **kwargs)
                except TypeError:  # the message lacks the function name, which Python's has
                    return function(*args, **kwargs)
                return validated(*args, **kwargs)

            return call

        return decorate


__all__ = ["available_if", "fit_context", "validate_params"]
