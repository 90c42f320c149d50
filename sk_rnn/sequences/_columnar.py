"""Awkward and pyarrow arrays, read from their buffers without a loop over samples.

Neither library is a dependency: whoever passes such an array has imported it.
"""

from typing import Any

import numpy as np

RAGGED_FEATURES = "time steps differ in their number of features. Give each step the same number."


def is_awkward(x: Any) -> bool:
    """Tell whether x is an awkward array."""
    return type(x).__module__.partition(".")[0] == "awkward"


def is_arrow(x: Any) -> bool:
    """Tell whether x is a pyarrow array or scalar."""
    return type(x).__module__.partition(".")[0] == "pyarrow"


def read_awkward(X: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps (total_steps[, n_features]) and the lengths of an awkward array."""
    import awkward as ak

    if X.ndim < 2:
        raise ValueError(f"{where} is 1-dimensional: it holds no sequences.")
    try:
        lengths = ak.to_numpy(ak.num(X, axis=1), allow_missing=False)
    except ValueError as error:
        raise ValueError(f"{where} has missing samples. Drop them.") from error
    try:
        return ak.to_numpy(ak.flatten(X, axis=1)), lengths
    except ValueError as error:
        raise ValueError(f"{where}: {RAGGED_FEATURES}") from error


def read_arrow(X: Any, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps (total_steps[, n_features]) and the lengths of a list array."""
    if hasattr(X, "combine_chunks"):
        X = X.combine_chunks()
    if not hasattr(X, "value_lengths"):
        raise TypeError(
            f"{where} is a pyarrow {type(X).__name__} of {getattr(X, 'type', 'columns')}, not of "
            "lists. Pass a column of lists, or to_pandas()."
        )
    if X.null_count:
        i = int(np.argmax(X.is_null().to_numpy(zero_copy_only=False)))
        raise ValueError(f"{where}[{i}] is null. Drop samples without a sequence.")
    return arrow_steps(X.flatten(), where), X.value_lengths().to_numpy(zero_copy_only=False)


def arrow_steps(steps: Any, where: str) -> np.ndarray:
    """Return the steps (T,) or (T, n_features) in a pyarrow array of numbers or of lists."""
    if not hasattr(steps, "value_lengths"):
        return steps.to_numpy(zero_copy_only=False)
    n_features = steps.value_lengths().to_numpy(zero_copy_only=False)
    if steps.null_count or (n_features != n_features[:1]).any():
        raise ValueError(f"{where}: {RAGGED_FEATURES}")
    return steps.flatten().to_numpy(zero_copy_only=False).reshape(len(n_features), -1)
