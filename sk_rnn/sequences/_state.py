"""What is saved beside a fitted state: who wrote it, and a checksum of what it holds.

A pickle notices no flipped bit in the middle of an array: predictions would change and nobody be
told.
"""

import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from .._version import __version__
from ._messages import level_of_user

_KEY = "_saved_with"

# What an estimator inside another says of the versions that run now, not of what was fitted.
_VERSIONS = (_KEY, "_sklearn_version")


def seal(state: dict[str, Any]) -> dict[str, Any]:
    """Add the package's version and a checksum to a state that is to be saved."""
    return {**state, _KEY: {"version": __version__, "checksum": checksum(state)}}


def unseal(state: Mapping[str, Any], name: str) -> tuple[dict[str, Any], str | None]:
    """Check a state that was saved; return it as it was, and the version that wrote it.

    Parameters
    ----------
    state : mapping
        From `seal`, or of a version that did not know it.
    name : str
        The estimator, in messages.

    Raises
    ------
    ValueError
        If the state does not hold what was saved.

    Warns
    -----
    UserWarning
        If the state has no checksum.
    """
    state = dict(state)
    saved = state.pop(_KEY, None)
    if saved is None:
        warnings.warn(
            f"{name}: the saved model is of a version of sk_rnn before 0.1.0, which saved no "
            "checksum: whether it is damaged cannot be told. Save it again with this version.",
            stacklevel=level_of_user(),
        )
        return state, None
    if saved["checksum"] != checksum(state):
        raise ValueError(
            f"{name}: the saved model is damaged: its contents do not match the checksum that was "
            "saved with them. Copy or download the file again, or refit."
        )
    return state, saved["version"]


class SealedState(BaseEstimator):
    """An estimator whose saved state says who wrote it, and is checked when it is loaded."""

    def __getstate__(self) -> dict[str, Any]:
        return seal(super().__getstate__())

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(unseal(state, type(self).__name__)[0])


@contextmanager
def unchanged_on_failure(estimator: BaseEstimator) -> Iterator[None]:
    """Give an estimator its attributes back if the fit in here is not completed."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@contextmanager
def explain_foreign_state(name: str, written_by: str | None) -> Iterator[None]:
    """Say which version wrote a state that this version cannot read."""
    try:
        yield
    except Exception as error:
        if written_by == __version__:
            raise
        writer = "a version before 0.1.0" if written_by is None else f"version {written_by}"
        raise ValueError(
            f"{name}: the model was saved by {writer} of sk_rnn, and this is version "
            f"{__version__}, which cannot read it ({type(error).__name__}: {error}). Load it with "
            "the version that saved it, or refit."
        ) from error


def checksum(value: Any) -> str:
    """Digest of everything in a state that decides predictions.

    Arrays, numbers, text, containers of them, and estimators inside; of other objects only the
    type. Lists and tuples count as the same, and so do NumPy's numbers and Python's: files of some
    formats do not tell them apart.
    """
    digest = blake2b(digest_size=16)
    for part in _parts(value):
        digest.update(part)
    return digest.hexdigest()


def _parts(value: Any) -> Iterator[bytes | memoryview]:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        yield f"array {value.shape} {value.dtype.str}".encode()
        if value.dtype.kind in "OT":
            yield from _parts(value.ravel().tolist())
        else:
            yield np.ascontiguousarray(value).reshape(-1).view(np.uint8).data
    elif value is None or isinstance(value, bool | int | str | bytes):
        yield f"{type(value).__name__} {value!r}".encode("utf-8", "surrogatepass")
    elif isinstance(value, float):
        yield b"float" + struct.pack("<d", value)
    elif isinstance(value, Mapping):
        entries = {k: v.item() if isinstance(v, np.generic) else v for k, v in value.items()}
        kinds = {*map(type, entries), *map(type, entries.values())}
        if kinds == {str, int}:  # a vocabulary, of which there may be millions
            listed: list[Any] = sorted(entries.items())
        else:
            listed = sorted(checksum([key, entry]) for key, entry in entries.items())
        yield f"mapping {listed}".encode("utf-8", "surrogatepass")
    elif isinstance(value, set | frozenset):
        yield f"set {sorted(map(checksum, value))}".encode()
    elif isinstance(value, list | tuple):
        yield f"list {len(value)}".encode()
        for entry in value:
            yield from _parts(entry)
    elif isinstance(value, BaseEstimator):
        state = {key: kept for key, kept in value.__getstate__().items() if key not in _VERSIONS}
        yield type(value).__qualname__.encode()
        yield from _parts(state)
    else:
        yield type(value).__qualname__.encode()
