"""Warnings whose location is the line of the user's call."""

import sys
import warnings

# Packages whose stack frames are skipped.
_BETWEEN = ("sk_rnn", "sklearn")


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning at the nearest caller outside of this package and scikit-learn.

    A fixed stack level does not work: scikit-learn wraps `fit` and `transform`, and methods call
    each other.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _package(frame.f_globals) in _BETWEEN:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _package(names: dict) -> str:
    return str(names.get("__name__", "")).partition(".")[0]


# Packages that call fit many times and should stop when the user presses Ctrl-C.
_SEARCHES = ("joblib", "optuna", "hyperopt", "ray", "dask", "skopt")

# Modules of scikit-learn that forward a single call of the user.
_HAND_ON = ("sklearn.base", "sklearn.pipeline", "sklearn.compose", "sklearn.utils")


def called_directly() -> bool:
    """Whether `fit` was called by the user, possibly through a Pipeline, and not by a search."""
    frame = sys._getframe().f_back
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        package = module.partition(".")[0]
        if package in _SEARCHES or (package == "sklearn" and not module.startswith(_HAND_ON)):
            return False
        frame = frame.f_back
    return True
