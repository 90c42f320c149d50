"""Indices, counts and seeds given by users, and the positions of time steps."""

from typing import Any

import numpy as np

from ._messages import counted, plain


def check_index(index: Any, n: int, name: str, noun: str, caller: str) -> int:
    """Return an index as a number from 0 on.

    Parameters
    ----------
    index : object
        As passed by the user; negative ones count from the end.
    n : int
        Number of items.
    name, noun, caller : str
        The argument, what an item is, and who asks, for messages.

    Examples
    --------
    >>> from sk_rnn.sequences import check_index
    >>> check_index(-1, 3, "sample", "sequence", "show")
    2
    """
    if isinstance(index, bool) or not isinstance(index, int | np.integer):
        raise TypeError(f"{caller}: {name} must be an integer, got {plain(index)} instead.")
    if not -n <= index < n:
        there = f"there {'is' if n == 1 else 'are'} {counted(n, noun)}"
        raise ValueError(f"{caller}: {name}={index} is out of range: {there}.")
    return int(index) % n


def check_positive(value: Any, name: str, caller: str) -> int:
    """Return a positive integer.

    Examples
    --------
    >>> from sk_rnn.sequences import check_positive
    >>> check_positive(8, "batch_size", "show")
    8
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(
            f"{caller}: {name} must be a positive integer, got {plain(value)} instead."
        )
    return int(value)


def seeded(random_state: Any, caller: str) -> np.random.RandomState:
    """Return a generator of random numbers with a seed given by a user.

    Examples
    --------
    >>> from sk_rnn.sequences import seeded
    >>> seeded(0, "show").randint(10)
    5
    """
    try:
        return np.random.RandomState(random_state)
    except (TypeError, ValueError):
        raise ValueError(
            f"{caller}: random_state must be an integer between 0 and 4294967295, got "
            f"{plain(random_state)} instead."
        ) from None


def steps_within(lengths: np.ndarray) -> np.ndarray:
    """Return the position of each time step in its sequence: (lengths.sum(),).

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn.sequences import steps_within
    >>> steps_within(np.array([3, 2])).tolist()
    [0, 1, 2, 0, 1]
    """
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
