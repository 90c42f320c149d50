"""Options of sampling: what is allowed, and error messages."""

from typing import Any

from sklearn.utils._param_validation import make_constraint

from ..sequences import RANDOM_STATE, IntegerFrom, NumberIn

_positive_int = IntegerFrom(1)

# Arguments of `sample` and `generate`: their constraints, and advice for error messages.
_SAMPLING: dict[str, tuple[list[Any], str]] = {
    "temperature": (
        [NumberIn(0, None, closed="left")],
        "Pass a finite, non-negative number; 0 is greedy.",
    ),
    "top_k": ([_positive_int, None], "Pass a positive integer, or None for all tokens."),
    "top_p": (
        [NumberIn(0, 1, closed="right"), None],
        "Pass a probability above 0 and up to 1, or None for all tokens.",
    ),
    "random_state": (
        RANDOM_STATE,
        "Pass an int from 0 to 2**32 - 1, a numpy.random.RandomState, or None.",
    ),
    "n_samples": ([_positive_int], "Pass a positive integer."),
    "max_length": (
        [_positive_int, None],
        "Pass a positive integer, or None for the parameter max_length.",
    ),
}

# Larger than the smallest normal number, because denormal numbers are flushed to zero.
_TINY = 1e-300

# Higher temperatures have the effect of this one: all tokens are equally likely, and drawn numbers,
# a million standard deviations apart, would overflow as the next input.
_HOTTEST = 1e12


def check_sampling(caller: str, **options: Any) -> dict[str, Any]:
    """Return options of sampling as plain numbers; raise an error for invalid ones."""
    for name, value in options.items():
        allowed, advice = _SAMPLING[name]
        if not any(make_constraint(part).is_satisfied_by(value) for part in allowed):
            raise ValueError(f"{caller}: {name} is {value!r}. {advice}")
    checked = dict(options)
    for name in ("temperature", "top_p"):
        value = options.get(name)
        if value is not None:
            checked[name] = min(max(float(value), _TINY), _HOTTEST) if value > 0 else 0.0
    for name in ("top_k", "n_samples", "max_length"):
        if options.get(name) is not None:
            checked[name] = int(options[name])
    return checked
