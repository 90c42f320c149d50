"""Convert any object to an array, or raise an error that quotes the reason."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from ._messages import argument, quote


def refuse_matrices(x: Any, where: str) -> None:
    """Raise for sparse arrays and np.matrix, which are not indexed like arrays.

    Parameters
    ----------
    x : object
    where : str
        Name of the argument in error messages.
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
    """Return data as an array; memory maps and masked arrays keep their type.

    Parameters
    ----------
    data : object
    where : str
        Name of the argument in error messages.
    advice : str
        What to pass, for error messages.
    """
    try:
        array = np.asanyarray(data)
    except Exception as error:  # an object's own __array__ may raise anything
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{where} cannot be read as an array: {quote(error)}. {advice}") from error
    return np.asarray(array) if isinstance(array, np.matrix) else array
