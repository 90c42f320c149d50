"""Column names of a table, checked against those seen in fit."""

from typing import Any

from sklearn.utils.validation import _check_feature_names

from ._containers import refuse_repeated_columns
from ._long_frames import unseen_columns
from ._messages import argument


def check_table_names(estimator: Any, X: Any, where: str, *, reset: bool) -> None:
    """Set or check the column names of a table, with a hint if it looks like a long frame.

    Parameters
    ----------
    estimator : object
        If fitted, ``_is_table`` tells whether it was fitted on a table.
    X : object
        A table, as `open_foreign` returns it.
    where : str
        Its name in error messages.
    reset : bool
        Whether names are set.
    """
    refuse_repeated_columns(X, where)
    try:
        _check_feature_names(estimator, X, reset=reset)
    except TypeError as error:  # names of several kinds
        raise TypeError(f"{where}: {error}") from None
    except ValueError as error:
        hint = ""
        if not estimator._is_table:
            hint = unseen_columns(X, argument(where), estimator.feature_names_in_)
        raise ValueError(f"{str(error).rstrip()}\n{hint.lstrip()}") from None
