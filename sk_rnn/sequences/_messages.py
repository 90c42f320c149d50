"""Formatting of values, and of errors of other libraries, in messages."""

import sys
from types import ModuleType
from typing import Any

import numpy as np


def plain(value: Any) -> str:
    """Format a value without NumPy's types: 3, not np.int64(3)."""
    if type(value) is tuple:
        return repr(tuple(x.item() if isinstance(x, np.generic) else x for x in value))
    return repr(value.item() if isinstance(value, np.generic) else value)


def quote(error: BaseException) -> str:
    """Return the message of an error in one line, without the final punctuation.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    message : str

    Examples
    --------
    >>> from sk_rnn.sequences import quote
    >>> f"X cannot be read: {quote(ValueError('It is empty.'))}. Pass numbers."
    'X cannot be read: It is empty. Pass numbers.'
    """
    return " ".join(str(error).split()).rstrip(".!") or type(error).__name__


def counted(n: int, noun: str) -> str:
    """Return a number and a noun: 1 time step, 2 time steps."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def name_kind(x: Any) -> str:
    """Describe an object: None, a class or module by name, or its type with an article."""
    if x is None:
        return "None"
    if isinstance(x, type):
        return f"the class {x.__name__}"
    if isinstance(x, ModuleType):
        return f"the module {x.__name__}"
    name = type(x).__name__
    # Pronounced en-d-array and ar-en-en; but a uint8.
    vowel = name[:1] in "AEIOUaeio" or name.startswith(("ndarray", "RNN"))
    return f"{'an' if vowel else 'a'} {name}"


def argument(where: str) -> str:
    """Return the name of an argument without the caller, for its second mention in a message."""
    return where.partition(": ")[2]


def level_of_user() -> int:
    """Return the `stacklevel` with which a warning points to the user's code.

    That is the first line outside scikit-learn, this package and context managers, however deeply
    the estimator is nested in Pipelines and searches.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and _is_library(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    return level


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in ("sk_rnn", "sklearn", "joblib", "contextlib")
