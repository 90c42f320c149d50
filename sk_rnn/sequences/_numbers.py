"""Convert arrays and data frames to real numbers, or raise an error that describes the values."""

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

_COMPLEX_ADVICE = "Pass real and imaginary parts as two features."


def as_numbers(values: np.ndarray, where: str, advice: str | None = None) -> np.ndarray:
    """Return values as an array of real numbers; numeric dtypes are kept.

    Parameters
    ----------
    values : ndarray
    where : str
        Their name in error messages.
    advice : str, default=None
        Advice in the error message for values that are not numbers; by default how to convert
        sequences of such values to numbers.
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
    # Worded as scikit-learn does, because its checks match this text.
    is_complex = (
        f"{where}: Complex data not supported. {_COMPLEX_ADVICE if advice is None else advice}"
    )
    if kind == "c":
        raise ValueError(is_complex)
    if kind == "O":
        try:
            with warnings.catch_warnings():
                # NumPy's complex scalars would lose their imaginary part with only a warning.
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                return values.astype(np.float64)
        except np.exceptions.ComplexWarning as error:
            raise ValueError(is_complex) from error
        except Exception as error:  # an object's own __float__ may raise anything
            refused = first_not_number(values)
            if isinstance(refused, complex):
                raise ValueError(is_complex) from error
            kind_of_error = TypeError if isinstance(error, TypeError) else ValueError
            raise kind_of_error(not_numbers(refused, where, advice)) from error
    raise ValueError(not_numbers(first_not_number(values), where, advice))


def as_float(values: np.ndarray) -> np.ndarray:
    """Keep float32 and float64; convert other numbers to the smaller of them that is exact.

    The resolution of float32 for Unix seconds is two minutes, so integers of 32 bits and more
    need float64.
    """
    if values.dtype in (np.float32, np.float64):
        return values
    exact = np.can_cast(values.dtype, np.float32, "safe")
    with np.errstate(over="ignore"):  # overflow becomes infinity, which is rejected later
        return values.astype(np.float32 if exact else np.float64)


def frame_values(
    df: pd.DataFrame, where: str, *, allow_objects: bool = True, table: bool = False
) -> np.ndarray:
    """Convert a data frame of scalars to an array, with missing numbers as NaN.

    Parameters
    ----------
    df : DataFrame
    where : str
        Name of the argument in error messages.
    allow_objects : bool, default=True
        Whether columns may hold numbers as objects.
    table : bool, default=False
        Whether rows are samples; the messages then do not call them time steps.
    """
    dtypes = df.dtypes.tolist()  # pandas builds a new Series at each access
    is_object = [dtype == np.dtype(object) for dtype in dtypes]
    for j, (dtype, of_objects) in enumerate(zip(dtypes, is_object, strict=True)):
        if pd.api.types.is_numeric_dtype(dtype):
            continue
        if not (allow_objects and of_objects) or holds_text_or_dates(df.iloc[:, j]):
            advice = (table_advice if table else column_advice)(df, j, where)
            raise ValueError(
                f"{where} has column {plain(df.columns[j])} of dtype {dtype} where numbers are "
                f"expected. {advice}"
            )
    if any(is_object):
        return df.to_numpy(dtype=object)
    if all(isinstance(dtype, np.dtype) for dtype in dtypes):
        # By default pandas converts a mix of booleans and floats to objects.
        return df.to_numpy(dtype=np.result_type(*dict.fromkeys(dtypes)) if dtypes else None)
    # Nullable columns: NaN needs floats, but token ids without missing values stay integers.
    integers = all(dtype.kind in "iub" for dtype in dtypes) and not df.isna().to_numpy().any()
    return df.to_numpy(dtype=np.int64 if integers else np.float64, na_value=np.nan)
