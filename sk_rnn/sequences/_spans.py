"""Samples as spans of one array of time steps, so that leaving some out copies nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ._layout import gather_steps, locate, offsets_of
from ._panel import Panel


@dataclass(frozen=True)
class Spans:
    """What a network reads of a Panel: all of it, some of its samples, or samples without padding.

    A Panel of a larger part of the data than fits into memory (a memory map) stays where it is.

    Parameters
    ----------
    values : ndarray of shape (total_steps, n_features), or (total_steps,) for token ids
        Those of the Panel.
    starts, lengths : ndarray of int64 of shape (n_samples,)
        Sample `i` is ``values[starts[i]:starts[i] + lengths[i]]``.
    feature_names, n_tokens, index
        As in a Panel.
    rows : ndarray of int64 of shape (n_samples,), or None
        Which samples of the Panel that was sliced these are.
    where : str
        What messages call the samples: the caller and the argument.
    untrimmed : tuple of two ndarrays of int64 of shape (n_samples,), or None
        Where padding was dropped: how many time steps before each sample, and how many time steps
        it had with its padding.

    Examples
    --------
    >>> from sk_rnn.sequences import Panel, Spans
    >>> spans = Spans.of(Panel.from_sequences([[0.5, 1.5], [2.5]]))
    >>> [steps.ravel().tolist() for steps in spans.take([1])]
    [[2.5]]
    """

    values: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    feature_names: tuple[str, ...] | None = None
    n_tokens: int | None = None
    index: pd.Index | None = None
    rows: np.ndarray | None = None
    where: str = "X"
    untrimmed: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    def of(cls, panel: Panel) -> Spans:
        """All samples of a Panel."""
        return cls(
            panel.values,
            panel.offsets[:-1],
            panel.lengths,
            panel.feature_names,
            panel.n_tokens,
            panel.index,
            panel._rows,
        )

    def take(self, rows: np.ndarray) -> Spans:
        """The samples ``rows``."""
        return replace(
            self,
            starts=self.starts[rows],
            lengths=self.lengths[rows],
            index=None if self.index is None else self.index[rows],
            rows=None if self.rows is None else self.rows[rows],
            untrimmed=None if self.untrimmed is None else tuple(x[rows] for x in self.untrimmed),
        )

    def trim(self, first: np.ndarray, lengths: np.ndarray) -> Spans:
        """Each sample from its step ``first`` on, ``lengths`` steps: both (n_samples,)."""
        return replace(
            self, starts=self.starts + first, lengths=lengths, untrimmed=(first, self.lengths)
        )

    def to_panel(self) -> Panel:
        """Return a Panel: of the same values if nothing is left out, else of a copy."""
        offsets = self.offsets
        values = self.values
        if len(values) != offsets[-1] or not np.array_equal(self.starts, offsets[:-1]):
            values = gather_steps(values, self.starts, self.lengths)
        panel = Panel(
            values,
            offsets,
            index=self.index,
            feature_names=self.feature_names,
            n_tokens=self.n_tokens,
        )
        panel._rows = self.rows
        return panel

    def blocks(self, max_values: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Cut the samples into groups of at most ``max_values`` values, or of one sample.

        Yields
        ------
        rows : slice
            The samples of the group.
        steps : ndarray
            Their time steps end to end; those of the Panel itself where nothing lies between.
        """
        offsets = self.offsets
        n_steps = max(1, max_values // self.n_features)
        first = 0
        while first < len(self):
            last = int(np.searchsorted(offsets, offsets[first] + n_steps, side="right")) - 1
            rows = slice(first, max(last, first + 1))
            starts, lengths = self.starts[rows], self.lengths[rows]
            if (starts[1:] == starts[:-1] + lengths[:-1]).all():
                yield rows, self.values[starts[0] : starts[-1] + lengths[-1]]
            else:
                yield rows, gather_steps(self.values, starts, lengths)
            first = rows.stop

    def locate(self, rows: slice, position: int) -> tuple[int, int]:
        """Return the sample, and the time step in it, of a position in the steps of a block."""
        offsets = offsets_of(self.lengths[rows])
        sample, step = locate(offsets, position)
        return rows.start + sample, step

    def place(self, step: int, feature: int) -> str:
        """Say where in a sample a value is, in a message."""
        if self.feature_names is not None:
            return f"at time step {step}, feature {self.feature_names[feature]!r}"
        more = f", feature {feature}" if self.n_features > 1 else ""
        return f"at time step {step}{more}"

    @property
    def offsets(self) -> np.ndarray:
        """Where samples start and stop once they are laid end to end, as targets per step are."""
        return offsets_of(self.lengths)

    @property
    def is_tokens(self) -> bool:
        """Whether the values are token ids."""
        return self.values.ndim == 1

    @property
    def n_features(self) -> int:
        """Number of features per time step; 1 for token ids."""
        return 1 if self.is_tokens else self.values.shape[1]

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[np.ndarray]:
        stops = self.starts + self.lengths
        bounds = zip(self.starts.tolist(), stops.tolist(), strict=True)
        return (self.values[start:stop] for start, stop in bounds)
