"""Assembly of transformed time steps into sequences, in a container that fits their values."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from ..sequences import as_numbers, as_pandas, frame_values
from ._steps import Steps, holds_non_numbers


def transformer_input(steps: Steps) -> Any:
    """Return the input of the transformer: a data frame if features have names.

    Dicts of features are returned as a one-dimensional array, as scikit-learn expects.
    """
    if steps.is_records:
        return steps.values[:, 0]
    if steps.feature_names is None or isinstance(steps.values, pd.DataFrame):
        return steps.values
    return pd.DataFrame(steps.values, columns=list(steps.feature_names), copy=False)


def rectangle(array: np.ndarray, steps: Steps) -> np.ndarray:
    """Return time steps as (n_samples, n_timesteps) or (n_samples, n_timesteps, n_features)."""
    shape = (len(steps.lengths), -1)
    return array.reshape(
        shape if steps.is_table and array.shape[1] == 1 else (*shape, array.shape[1])
    )


def restore_index(table: Any, steps: Steps) -> Any:
    """Restore the index of the time steps on a pandas frame."""
    if not isinstance(table, pd.DataFrame):
        return table
    lengths = steps.lengths
    if steps.labels is not None:
        return table.set_axis(steps.labels, axis=0)
    return table.set_axis(np.arange(len(table)) - np.repeat(steps.offsets[:-1], lengths), axis=0)


def cut(table: Any, offsets: np.ndarray) -> list[Any]:
    rows = table.iloc if isinstance(table, pd.DataFrame) else table
    return [rows[start:stop] for start, stop in pairwise(offsets.tolist())]


def assemble(
    table: Any,
    steps: Steps,
    names: tuple[str, ...] | None,
    *,
    where: str,
    booleans: bool = True,
    tokens: bool = False,
    dates: Mapping[Any, str] | None = None,
) -> Any:
    """Return time steps in a container that fits their values.

    Parameters
    ----------
    table : ndarray or DataFrame of shape (total_steps, n_features)
        Output of the transformer.
    steps : Steps
        Input of the transformer.
    names : tuple of str or None
        Names of the output features.
    where : str
        Name of the table in error messages.
    booleans : bool, default=True
        Whether booleans count as numbers.
    tokens : bool, default=False
        Whether integers, one per time step, are kept as integers.
    dates : mapping, default=None
        Dtypes of features that are dates or durations.

    Returns
    -------
    X : Panel, ndarray or list
        Numbers as a Panel, or as an array if the input was one. Other values are returned
        unchanged: in a list of data frames, one per sequence, or of arrays, if features have no
        names. Dicts, one per time step, are returned in lists.
    """
    if isinstance(table, np.ndarray) and table.shape[1] == 1 and _holds_dicts(table):
        return [rows.tolist() for rows in cut(table[:, 0], steps.offsets)]
    if names is not None and len(names) != table.shape[1]:
        names = None  # an inverse may return a different number of features
    numbers = _numbers_in(table, where, booleans)
    if steps.is_rectangle and (numbers is not None or names is None):
        return rectangle(np.asarray(table) if numbers is None else numbers, steps)
    if numbers is not None:
        return steps._replace(values=numbers, feature_names=names).to_panel(tokens=tokens)
    if names is not None:
        table = pd.DataFrame(table).set_axis(list(names), axis=1)
    if isinstance(table, pd.DataFrame):
        table = table.infer_objects()
        # NumPy would convert nanosecond dates mixed with text to integers.
        dates = dates or {}
        lost = [name for name in dates if name in table and table[name].dtype.kind == "i"]
        table = restore_index(table.astype({name: dates[name] for name in lost}), steps)
    return cut(table, steps.offsets)


def _holds_dicts(table: np.ndarray) -> bool:
    return table.dtype == object and all(isinstance(x, Mapping) for x in table.ravel())


def _numbers_in(table: Any, where: str, booleans: bool) -> np.ndarray | None:
    """Return a table as a numeric array; None if it holds other values."""
    if isinstance(table, pd.DataFrame):
        kinds = [getattr(dtype, "kind", "O") for dtype in table.dtypes]
        objects = table.loc[:, [kind == "O" for kind in kinds]]
        if not set(kinds) <= set("biufO") or holds_non_numbers(objects.to_numpy(dtype=object)):
            return None
        if any(isinstance(dtype, pd.CategoricalDtype) for dtype in table.dtypes):
            return None
        if not booleans and "b" in kinds:
            return None
        return as_numbers(frame_values(table, where), where)
    kind = table.dtype.kind
    if kind == "b" and not booleans:
        return None
    if kind in "USTMm" or (kind == "O" and holds_non_numbers(table)):
        return None
    return as_numbers(table, where)


def one_row_per_step(output: Any, steps: Steps, transformer: Any, caller: str) -> Any:
    """Return the transformer's output as an array or a data frame with one row per step."""
    frame = as_pandas(output)
    if frame is None:
        output = output.toarray() if issparse(output) else np.asarray(output)
        output = output[:, None] if output.ndim == 1 else output
    else:
        output = frame
    if output.ndim != 2 or len(output) != len(steps.values):
        raise ValueError(
            f"{caller}: X has {len(steps.values)} time steps, but "
            f"{type(transformer).__name__} returned an array of shape {output.shape}. "
            "Pass a transformer that returns one row per input row."
        )
    if output.shape[1] == 0:
        raise ValueError(
            f"{caller}: {type(transformer).__name__} returned 0 features per time step. Pass a "
            "transformer that returns at least one."
        )
    return output


def dates_in(steps: Steps) -> dict[Any, str]:
    """Return the dtypes of columns that are dates or durations."""
    if not isinstance(steps.values, pd.DataFrame) or steps.feature_names is None:
        return {}
    dtypes = steps.values.dtypes.items()
    return {
        name: str(dtype)
        for name, dtype in dtypes
        if isinstance(dtype, np.dtype) and dtype.kind in "Mm"
    }
