"""Reading of waveforms, with or without sampling rates, including the integers of WAV files."""

from fractions import Fraction
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from ..sequences import Panel, is_sequence, open_foreign, open_tensors, plain

# The zero and the largest value of the integer types of WAV files. 8-bit files are unsigned.
_WAVE_FILES = {"u1": (128, 128), "i2": (0, 1 << 15), "i4": (0, 1 << 31)}

_PAIRS = "Pass pairs of a sampling rate and a waveform, (rate, waveform), or waveforms only."


def read_waves(X: Any, where: str) -> tuple[Any, list[int] | None, pd.Index | None]:
    """Separate waveforms from their sampling rates, and scale the integers of WAV files.

    Parameters
    ----------
    X : object
        As passed by the user.
    where : str
        Name of X in error messages.

    Returns
    -------
    waves : object
        A container of waveforms, not yet validated.
    rates : list of int or None
        Samples per second of each waveform, if X contains pairs.
    ids : Index or None
        Index of X if it is a Series of pairs.
    """
    if isinstance(X, Panel):
        return X, None, None
    X = open_foreign(X, where)
    if isinstance(X, np.ndarray) and X.dtype != object:
        return _scaled(X), None, None
    listed = isinstance(X, list | tuple | pd.Series) or (isinstance(X, np.ndarray) and X.ndim == 1)
    if not listed:
        return X, None, None
    if isinstance(X, tuple) and _is_pair(X):
        raise ValueError(
            f"{where} is one pair of a sampling rate and a waveform, where a list of them is "
            "expected. Pass [X]."
        )
    items = list(X)
    if not any(map(_is_pair, items)):
        if isinstance(X, pd.Series):
            return X.map(_scaled), None, None
        return [_scaled(open_tensors(x, f"{where}[{i}]")) for i, x in enumerate(items)], None, None
    rates, waves = [], []
    for i, item in enumerate(items):
        if not _is_pair(item):
            raise ValueError(
                f"{where}[{i}] is not a pair of a sampling rate and a waveform, but other samples "
                f"are. {_PAIRS}"
            )
        rates.append(_rate(item[0], f"{where}[{i}]"))
        waves.append(_scaled(_as_array(item[1], f"{where}[{i}]")))
    return waves, rates, X.index if isinstance(X, pd.Series) else None


def resample(wave: np.ndarray, rate: int, target: int) -> np.ndarray:
    """Return a waveform at another sampling rate."""
    if rate == target:
        return wave
    from scipy.signal import resample_poly  # slow to import, and rarely needed

    low, high = sorted((rate, target))
    # The length of the filter grows with the terms of the ratio: ratios of rates without a common
    # factor are approximated, with a relative error of at most 1e-5.
    ratio = Fraction(high, low).limit_denominator(max(1, 100_000 * low // high))
    many, few = ratio.numerator, ratio.denominator
    return resample_poly(wave, *((few, many) if rate == high else (many, few)))


def _is_pair(x: Any) -> bool:
    """Return whether x is a number followed by a sequence."""
    if not isinstance(x, list | tuple) or len(x) != 2:
        return False
    number = isinstance(x[0], Real) or (isinstance(x[0], np.ndarray) and x[0].ndim == 0)
    return number and is_sequence(x[1])


def _as_array(wave: Any, where: str) -> Any:
    """Convert a list to an array: lists of equal lengths would be read as a table."""
    if not isinstance(wave, list | tuple | range):
        return open_tensors(wave, where)
    try:
        return np.asarray(wave)
    except ValueError as error:
        raise ValueError(
            f"{where} has samples of several lengths. Pass one number per sample of the waveform."
        ) from error


def _rate(rate: Any, where: str) -> int:
    whole = isinstance(rate, Integral) or (isinstance(rate, Real) and float(rate).is_integer())
    if isinstance(rate, bool | np.bool_) or not whole or not 1 <= rate < 2**31:
        raise ValueError(
            f"{where} has the sampling rate {plain(rate)}. Pass samples per second as a positive "
            "integer: (rate, waveform)."
        )
    return int(rate)


def _scaled(x: Any) -> Any:
    """Return the integers of a WAV file as float32 in [-1, 1), and everything else unchanged."""
    if not isinstance(x, np.ndarray) or x.dtype.str[1:] not in _WAVE_FILES:
        return x
    zero, largest = _WAVE_FILES[x.dtype.str[1:]]
    return (x.astype(np.float32) - np.float32(zero)) / np.float32(largest)
