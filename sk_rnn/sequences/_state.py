"""Version and checksum that are saved with a fitted state.

Unpickling does not detect a flipped bit in the middle of an array: predictions would change
silently.
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

# Entries of nested estimators that describe the running versions, not the fitted state.
_VERSIONS = (_KEY, "_sklearn_version")


def seal(state: dict[str, Any]) -> dict[str, Any]:
    """Add the package version and a checksum to a state before it is saved."""
    return {**state, _KEY: {"version": __version__, "checksum": checksum(state)}}


def unseal(state: Mapping[str, Any], name: str) -> tuple[dict[str, Any], str | None]:
    """Verify a saved state; return the original state and the version that wrote it.

    Parameters
    ----------
    state : mapping
        From `seal`, or from a version without it.
    name : str
        Name of the estimator in error messages.

    Raises
    ------
    ValueError
        If the state does not match its checksum.

    Warns
    -----
    UserWarning
        If the state has no checksum.
    """
    state = dict(state)
    saved = state.pop(_KEY, None)
    if saved is None:
        warnings.warn(
            f"{name}: the model was saved by a version of sk_rnn before 0.1.0, which saved no "
            "checksum, so damage cannot be detected. Save it again with this version.",
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
    """Mixin that adds the version and a checksum to the saved state, and checks them on loading."""

    def __getstate__(self) -> dict[str, Any]:
        return seal(super().__getstate__())

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        super().__setstate__(unseal(state, type(self).__name__)[0])


@contextmanager
def unchanged_on_failure(estimator: BaseEstimator) -> Iterator[None]:
    """Restore the attributes of an estimator if the enclosed fit raises."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@contextmanager
def explain_foreign_state(name: str, written_by: str | None) -> Iterator[None]:
    """Raise an error that names the version that wrote an unreadable state."""
    try:
        yield
    except Exception as error:  # any exception: the state can lack or hold anything
        if written_by == __version__:
            raise
        writer = "a version before 0.1.0" if written_by is None else f"version {written_by}"
        raise ValueError(
            f"{name}: the model was saved by {writer} of sk_rnn, and this is version "
            f"{__version__}, which cannot read it ({type(error).__name__}: {error}). Load it with "
            "the version that saved it, or refit."
        ) from error


def checksum(value: Any) -> str:
    """Return a digest of all parts of a state that affect predictions.

    It covers arrays, numbers, text, containers of these and nested estimators; for other objects,
    only the type. Lists and tuples are equivalent, and so are NumPy and Python numbers, because
    some file formats do not distinguish them.
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
        if kinds == {str, int}:  # a vocabulary, which may have millions of entries
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
