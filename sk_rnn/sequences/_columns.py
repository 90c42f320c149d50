"""Names of the columns of a table, which a fitted estimator finds again."""

from typing import Any

from sklearn.utils.validation import _check_feature_names

from ._containers import refuse_repeated_columns
from ._long_frames import unseen_columns
from ._messages import argument


def check_table_names(estimator: Any, X: Any, where: str, *, reset: bool) -> None:
    """Set or check the names of the columns of a table; say if they are those of a long frame.

    Parameters
    ----------
    estimator : object
        If it is fitted, ``_is_table`` says whether that was on a table.
    X : object
        A table, as `open_foreign` returns it.
    where : str
        What messages call it.
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
