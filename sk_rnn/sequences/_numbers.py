"""Real numbers out of arrays and data frames, or an error that says what else is in them."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from ._arrays import said

_HELD = {"U": "strings", "T": "strings", "S": "bytes", "M": "dates", "m": "durations"}

_COMPLEX = "Complex data not supported. Pass real and imaginary parts as two features."


def as_numbers(values: np.ndarray, where: str) -> np.ndarray:
    """Return values as an array of real numbers; numbers stay what they are."""
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise ValueError(
                f"{where} has masked values. Fill them, or cut masked ends with "
                "Panel.from_padded(X, lengths)."
            )
        values = values.data
    kind = values.dtype.kind
    if kind in "biuf":
        return values
    if kind == "c":
        raise ValueError(f"{where}: {_COMPLEX}")
    if kind == "O":
        try:
            with warnings.catch_warnings():
                # NumPy's complex scalars would lose their imaginary part with no more than that.
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                return values.astype(np.float64)
        except np.exceptions.ComplexWarning as error:
            raise ValueError(f"{where}: {_COMPLEX}") from error
        except Exception as error:  # of any kind: an object says itself which number it is
            kind_of_error = TypeError if isinstance(error, TypeError) else ValueError
            raise kind_of_error(
                f"{where} holds something that is no number: {said(error)}. Pass numbers."
            ) from error
    raise ValueError(
        f"{where} holds {_HELD.get(kind, values.dtype)} where numbers belong. Convert them first."
    )


def frame_values(df: pd.DataFrame, where: str, *, allow_objects: bool = True) -> np.ndarray:
    """Return a frame of scalars as an array, missing numbers as NaN."""
    is_object = [dtype == np.dtype(object) for dtype in df.dtypes]
    for column, dtype, maybe in zip(df.columns, df.dtypes, is_object, strict=True):
        if not (pd.api.types.is_numeric_dtype(dtype) or (allow_objects and maybe)):
            raise ValueError(
                f"{where} has column {column!r} of dtype {dtype} where numbers belong. Convert or "
                "drop it."
            )
    if any(is_object):
        return df.to_numpy(dtype=object)
    if all(isinstance(dtype, np.dtype) for dtype in df.dtypes):
        # Left to itself pandas makes objects of booleans beside floats.
        return df.to_numpy(dtype=np.result_type(*df.dtypes) if len(df.dtypes) else None)
    # Nullable columns: NaN needs floats, but token ids stay integers where none is missing.
    integers = all(dtype.kind in "iub" for dtype in df.dtypes) and not df.isna().to_numpy().any()
    return df.to_numpy(dtype=np.int64 if integers else np.float64, na_value=np.nan)


def plain(value: Any) -> str:
    """Show a value as users wrote it: 3, not np.int64(3)."""
    return repr(value.item() if isinstance(value, np.generic) else value)
