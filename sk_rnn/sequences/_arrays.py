"""Anything as an array, or an error that quotes why it is none."""

from typing import Any

import numpy as np

from ._messages import quote


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
