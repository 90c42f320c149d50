"""Targets and metadata of sequences, broadcast to one entry per time step."""

from collections.abc import Iterable, Mapping, Sized
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
from scipy.sparse import issparse

from ..sequences import Panel, as_array, is_sequence, open_tensors, quote, shape_of
from ._steps import Steps

# Metadata that always have one entry per sequence; the meaning of others depends on the
# transformer.
PER_SEQUENCE = ("sample_weight", "groups")

_ADVICE = "Pass one entry per sequence, or for each sequence one per time step."


class LengthMismatchError(ValueError):
    """The entries are sequences whose lengths differ from those of X."""


def broadcast_target(y: Any, steps: Steps, caller: str) -> tuple[Any, str | None]:
    """Return one target per time step; or None and the reason, if their lengths do not match.

    Such targets are not an error: they are those of a later estimator, for example translations,
    and are irrelevant to a transformer that needs no targets.
    """
    if y is None:
        return None, None
    y = open_tensors(y, f"{caller}: y")
    n_samples, n_targets = len(steps.lengths), _count(y, f"{caller}: y", "target")
    if n_targets != n_samples:
        raise ValueError(
            f"{caller}: X has {n_samples} sequences, but y has {n_targets} targets (inconsistent "
            "numbers of samples). Pass one target per sequence, or for each sequence one target "
            "per time step."
        )
    try:
        return _broadcast(y, steps, caller, "y"), None
    except LengthMismatchError as error:
        return None, str(error)


def broadcast_metadata(name: str, value: Any, steps: Steps, caller: str) -> Any:
    """Return metadata with one entry per time step; leave other metadata unchanged."""
    if value is None:
        return None
    value = open_tensors(value, f"{caller}: {name}")
    n_samples = len(steps.lengths)
    if name in PER_SEQUENCE:
        n_entries = _count(value, f"{caller}: {name}", "entry")
        if n_entries != n_samples:
            raise ValueError(
                f"{caller}: X has {n_samples} sequences, but {name} has {n_entries} entries. Pass "
                "one per sequence, or for each sequence one per time step."
            )
        try:
            return _broadcast(value, steps, caller, name)
        except LengthMismatchError as error:
            raise ValueError(str(error)) from None
    listed = isinstance(value, list | tuple | Panel) or len(shape_of(value) or ()) > 0
    if not listed or _count(value, name, "entry") != n_samples:
        return value
    try:
        return _broadcast(value, steps, caller, name)
    except LengthMismatchError:
        return value


def _count(value: Any, where: str, entry: str) -> int:
    """Return the number of entries."""
    bare = hasattr(value, "__array__") and not (hasattr(value, "shape") or isinstance(value, Sized))
    shape = as_array(value, where, _ADVICE).shape if bare else getattr(value, "shape", None)
    if isinstance(shape, tuple) and len(shape):
        return int(shape[0])
    unordered = isinstance(value, str | bytes | Mapping | AbstractSet | type)
    iterable = isinstance(value, Iterable) or hasattr(value, "__getitem__")
    if shape is not None or unordered or not (iterable and isinstance(value, Sized)):
        raise TypeError(
            f"{where} is {value!r}, where a list or an array is expected. Pass one {entry} per "
            f"sequence, or for each sequence one {entry} per time step."
        )
    return len(value)


def _broadcast(value: Any, steps: Steps, caller: str, name: str) -> Any:
    """Repeat one entry per sequence over its time steps; concatenate matching sequences."""
    lengths = steps.lengths
    where = f"{caller}: {name}"
    if isinstance(value, Panel):
        _check_lengths(value.lengths, lengths, where)
        return value.values
    if issparse(value):
        return value.tocsr()[np.repeat(np.arange(len(lengths)), lengths)]
    entries: Any = value
    if hasattr(value, "__array__"):
        try:
            entries = np.asarray(value)
        except Exception:  # ragged awkward arrays, and objects that are not arrays
            entries = list(value)
    if isinstance(entries, np.ndarray) and entries.ndim > 1:
        # Nested lists of the same numbers are also read as one per time step.
        if (lengths == entries.shape[1]).all():
            return entries.reshape(-1, *entries.shape[2:])
        return np.repeat(entries, lengths, axis=0)
    nested = [is_sequence(entry) for entry in entries]
    if not any(nested):
        return np.repeat(np.asarray(entries), lengths, axis=0)
    if not all(nested):
        i, j = nested.index(False), nested.index(True)
        raise ValueError(
            f"{where}[{i}] is {entries[i]!r}, but {name}[{j}] is a sequence. Pass one entry per "
            "sequence, or for each sequence one per time step."
        )
    arrays = [
        np.atleast_1d(as_array(entry, f"{where}[{i}]", _ADVICE)) for i, entry in enumerate(entries)
    ]
    _check_lengths(np.fromiter(map(len, arrays), np.int64, len(arrays)), lengths, where)
    try:
        return np.concatenate(arrays)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} cannot be stacked: {quote(error)}. {_ADVICE}") from error


def _check_lengths(given: np.ndarray, lengths: np.ndarray, where: str) -> None:
    if np.array_equal(given, lengths):
        return
    i = int(np.argmax(given != lengths))
    raise LengthMismatchError(
        f"{where}[{i}] has {given[i]} entries, but X[{i}] has {lengths[i]} time steps. Pass one "
        "per time step, or one for each sequence as a whole."
    )
