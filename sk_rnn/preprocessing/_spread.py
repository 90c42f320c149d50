"""Targets and metadata of sequences, repeated or stacked to one entry per time step."""

from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from ..sequences import Panel, is_sequence
from ._steps import Steps


def spread_target(y: Any, steps: Steps, caller: str) -> Any:
    """Return one target per time step; None for sequences of other lengths, as of translations."""
    if y is None:
        return None
    n_samples = len(steps.lengths)
    n_targets = _num_samples(y)
    if n_targets != n_samples:
        raise ValueError(
            f"{caller}: X has {n_samples} sequences, but y has {n_targets} targets (inconsistent "
            "numbers of samples). Pass one target per sequence, or for each sequence one target "
            "per time step."
        )
    stacked = spread(y, steps)
    return None if stacked is y else stacked


def spread(value: Any, steps: Steps) -> Any:
    """Repeat one entry per sequence for its time steps; leave what is something else."""
    lengths = steps.lengths
    if isinstance(value, Panel):
        return value.values if np.array_equal(value.lengths, lengths) else value
    entries: Any
    if hasattr(value, "__array__"):
        entries = np.asarray(value)
        if entries.ndim == 0 or len(entries) != len(lengths):
            return value
    elif isinstance(value, list | tuple) and len(value) == len(lengths):
        entries = value
    else:
        return value
    if is_sequence(entries[0]) and not (isinstance(entries, np.ndarray) and entries.ndim > 1):
        if [len(entry) for entry in entries] != lengths.tolist():
            return value
        return np.concatenate([np.asarray(entry) for entry in entries])
    entries = np.asarray(entries)
    return np.repeat(entries, lengths, axis=0)
