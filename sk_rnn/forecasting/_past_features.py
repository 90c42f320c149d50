"""The columns of X that are known only for the past."""

from typing import Any

import numpy as np
import pandas as pd

from ..sequences import counted, name_kind, plain


def past_columns(past_features: Any, X: Any, where: str) -> tuple[bool, ...]:
    """Return for each column of X whether it is known only for the past.

    Parameters
    ----------
    past_features : label, int or list of these, or None
        As passed by the user: names or positions.
    X : DataFrame or ndarray of shape (n_rows, n_columns)
    where : str
        Name of X in error messages: the caller and the argument.
    """
    past = np.zeros(X.shape[1], dtype=bool)
    if past_features is None:
        return (False,) * len(past)
    caller = where.partition(": ")[0]
    frame = isinstance(X, pd.DataFrame)
    several = isinstance(past_features, list | tuple | set | np.ndarray | pd.Index | pd.Series)
    if frame and isinstance(past_features, tuple) and past_features in X.columns:
        several = False  # the name of a MultiIndex column
    if isinstance(past_features, np.ndarray) and past_features.ndim != 1:
        several = False
    listed = list(past_features) if several else [past_features]
    for feature in listed:
        try:
            hash(feature)
        except (TypeError, ValueError) as error:  # a writable memoryview raises ValueError
            raise TypeError(
                f"{caller}: past_features has {name_kind(feature)}, which is not a column. Pass a "
                "flat list of names or positions."
            ) from error
        if frame and feature in X.columns:
            past[X.columns.get_loc(feature)] = True
        elif isinstance(feature, int | np.integer) and not isinstance(
            feature, bool | np.timedelta64
        ):
            if not -len(past) <= feature < len(past):
                raise ValueError(
                    f"{caller}: past_features has position {feature}, but X has "
                    f"{counted(len(past), 'column')}. Pass positions from 0 to {len(past) - 1}."
                )
            past[feature] = True
        else:
            has = f"columns {list(X.columns)}" if frame else "no names, as it is an array"
            raise ValueError(
                f"{caller}: past_features has {plain(feature)}, but X has {has}. Pass "
                f"{'names' if frame else 'positions'} of its columns."
            )
    return tuple(bool(is_past) for is_past in past)
