"""Column names of a table, checked against those seen in fit."""

from typing import Any

from sklearn.utils.validation import _check_feature_names

from ._containers import refuse_repeated_columns
from ._long_frames import unseen_columns
from ._messages import argument


def check_table_names(
    estimator: Any, X: Any, where: str, *, reset: bool, was_table: bool = True
) -> None:
    """Set or check the column names of a table, with a hint if it looks like a long frame.

    Parameters
    ----------
    estimator : object
        Its ``feature_names_in_`` is set or checked.
    X : object
        A table, as returned by `open_foreign`.
    where : str
        Name of the argument in error messages.
    reset : bool
        Whether names are set.
    was_table : bool, default=True
        Whether the estimator was fitted on a table.
    """
    refuse_repeated_columns(X, where)
    try:
        _check_feature_names(estimator, X, reset=reset)
    except TypeError as error:  # names of several kinds
        raise TypeError(f"{where}: {error}") from None
    except ValueError as error:
        hint = ""
        if not was_table:
            hint = unseen_columns(X, argument(where), estimator.feature_names_in_)
        raise ValueError(f"{str(error).rstrip()}\n{hint.lstrip()}") from None
