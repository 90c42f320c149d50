"""Anything as an array, or an error that quotes why it is none."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from ._messages import argument, quote


def refuse_matrices(x: Any, where: str) -> None:
    """Refuse sparse arrays and np.matrix, which index unlike an array.

    Parameters
    ----------
    x : object
    where : str
        What messages call it.
    """
    if issparse(x):
        raise TypeError(
            f"{where} is sparse, and sparse data is not supported. Pass "
            f"{argument(where)}.toarray()."
        )
    if isinstance(x, np.matrix):
        raise TypeError(
            f"{where} is a np.matrix, which is not supported. Pass np.asarray({argument(where)})."
        )


def as_array(data: Any, where: str, advice: str) -> np.ndarray:
    """Return data as an array; a memory map and a masked array stay what they are.

    Parameters
    ----------
    data : object
    where : str
        What messages call it.
    advice : str
        What messages say to pass.
    """
    try:
        array = np.asanyarray(data)
    except Exception as error:  # of any kind: an object says itself how it becomes an array
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where} cannot be read as an array: {quote(error)}. {advice}") from error
    return np.asarray(array) if isinstance(array, np.matrix) else array
