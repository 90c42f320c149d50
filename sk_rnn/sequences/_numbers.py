"""Real numbers out of arrays and data frames, or an error that says what else is in them."""

import warnings

import numpy as np
import pandas as pd

from ._hints import (
    column_advice,
    first_not_number,
    holds_text_or_dates,
    not_numbers,
    table_advice,
)
from ._messages import plain

_PARTS = "Pass real and imaginary parts as two features."


def as_numbers(values: np.ndarray, where: str, advice: str | None = None) -> np.ndarray:
    """Return values as an array of real numbers; numbers stay what they are.

    Parameters
    ----------
    values : ndarray
    where : str
        What messages call them.
    advice : str, default=None
        What messages say to pass where there are no numbers; by default how numbers are made of
        sequences of what there is.
    """
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
    # In scikit-learn's words, which its own checks look for.
    is_complex = f"{where}: Complex data not supported. {_PARTS if advice is None else advice}"
    if kind == "c":
        raise ValueError(is_complex)
    if kind == "O":
        try:
            with warnings.catch_warnings():
                # NumPy's complex scalars would lose their imaginary part with no more than that.
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                return values.astype(np.float64)
        except np.exceptions.ComplexWarning as error:
            raise ValueError(is_complex) from error
        except Exception as error:  # of any kind: an object says itself which number it is
            refused = first_not_number(values)
            if isinstance(refused, complex):
                raise ValueError(is_complex) from error
            kind_of_error = TypeError if isinstance(error, TypeError) else ValueError
            raise kind_of_error(not_numbers(refused, where, advice)) from error
    raise ValueError(not_numbers(first_not_number(values), where, advice))


def as_float(values: np.ndarray) -> np.ndarray:
    """Return float32 and float64 as they are, other numbers in the smaller of them that holds all.

    In float32 Unix seconds are two minutes apart, so that integers of 32 bits and more need
    float64.
    """
    if values.dtype in (np.float32, np.float64):
        return values
    exact = np.can_cast(values.dtype, np.float32, "safe")
    with np.errstate(over="ignore"):  # what overflows is refused as infinite later
        return values.astype(np.float32 if exact else np.float64)


def frame_values(
    df: pd.DataFrame, where: str, *, allow_objects: bool = True, table: bool = False
) -> np.ndarray:
    """Return a frame of scalars as an array, missing numbers as NaN.

    Parameters
    ----------
    df : DataFrame
    where : str
        What messages call it.
    allow_objects : bool, default=True
        Whether columns may hold numbers as objects.
    table : bool, default=False
        Whether a row is a sample, so that messages do not take it for a time step.
    """
    dtypes = df.dtypes.tolist()  # pandas makes a Series of them each time
    is_object = [dtype == np.dtype(object) for dtype in dtypes]
    for j, (dtype, maybe) in enumerate(zip(dtypes, is_object, strict=True)):
        if pd.api.types.is_numeric_dtype(dtype):
            continue
        if not (allow_objects and maybe) or holds_text_or_dates(df.iloc[:, j]):
            advice = (table_advice if table else column_advice)(df, j, where)
            raise ValueError(
                f"{where} has column {plain(df.columns[j])} of dtype {dtype} where numbers belong. "
                f"{advice}"
            )
    if any(is_object):
        return df.to_numpy(dtype=object)
    if all(isinstance(dtype, np.dtype) for dtype in dtypes):
        # Left to itself pandas makes objects of booleans beside floats.
        return df.to_numpy(dtype=np.result_type(*dict.fromkeys(dtypes)) if dtypes else None)
    # Nullable columns: NaN needs floats, but token ids stay integers where none is missing.
    integers = all(dtype.kind in "iub" for dtype in dtypes) and not df.isna().to_numpy().any()
    return df.to_numpy(dtype=np.int64 if integers else np.float64, na_value=np.nan)
