"""Targets per time step, some of which are missing or weighted."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class StepTargets:
    """Targets of the time steps of all sequences.

    A missing target is a weight of zero: such a time step is read, and contributes to no loss,
    score or statistic of y. Without either, targets are plain arrays.

    Parameters
    ----------
    values : ndarray of shape (n_steps,) or (n_steps, n_outputs)
        Arbitrary valid values where targets are missing.
    known : ndarray of bool of shape (n_steps,)
        Whether there is a target.
    weights : ndarray of float64 of shape (n_steps,)
        Zero where there is none.
    """

    values: np.ndarray
    known: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray | np.ma.MaskedArray) -> "np.ndarray | StepTargets":
        """Return targets whose missing values are masked; a plain array is returned unchanged."""
        if not isinstance(values, np.ma.MaskedArray):
            return values
        known = ~np.ma.getmaskarray(values).reshape(len(values), -1)[:, 0]
        return cls(values.data, known, known.astype(np.float64))

    def take(self, positions: np.ndarray) -> "np.ndarray | StepTargets":
        """Return the targets at some time steps; a plain array if no weight differs from one."""
        values, weights = self.values[positions], self.weights[positions]
        if (weights == 1.0).all():
            return values
        return type(self)(values, self.known[positions], weights)

    @property
    def used(self) -> np.ndarray:
        """Whether time steps have a target and a weight: (n_steps,)."""
        return self.weights > 0

    def encoded(self, values: np.ndarray) -> Self:
        """Return encoded targets, which do not depend on those without a weight."""
        # One of the others: numbers without a weight may be too large to scale, and an arbitrary
        # one would depend on the units of y.
        values = values.copy()
        values[~self.used] = values[self.used].min(axis=0)
        return type(self)(values, self.known, self.weights)

    def by_sequence(self, offsets: np.ndarray) -> list[np.ndarray]:
        """Split numbers and their weights into one array per sequence."""
        values = self.values.reshape(len(self.values), -1)
        return np.split(np.column_stack([values, self.weights]), offsets[1:-1])


def split_weights(y: np.ndarray | StepTargets) -> tuple[np.ndarray, np.ndarray | None]:
    """Return values, and weights of the time steps if there are any."""
    return (y.values, y.weights) if isinstance(y, StepTargets) else (y, None)


def labelled(y: np.ndarray | StepTargets) -> np.ndarray:
    """Return the targets that are not missing."""
    return y.values[y.known] if isinstance(y, StepTargets) else y
