"""Samples as spans of one array of time steps, so that subsets need no copy."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ._layout import gather_steps, locate, offsets_of
from ._panel import Panel


@dataclass(frozen=True)
class Spans:
    """A view of a Panel: all of it, some of its samples, or samples without their padding.

    The values of a Panel that does not fit into memory (a memory map) are not copied.

    Parameters
    ----------
    values : ndarray of shape (total_steps, n_features), or (total_steps,) for token ids
        Those of the Panel. Integers are token ids; of shape (total_steps, n_ids), the id of each
        token and others that describe it, such as those of its letters.
    starts, lengths : ndarray of int64 of shape (n_samples,)
        Sample `i` is ``values[starts[i]:starts[i] + lengths[i]]``.
    feature_names, n_tokens, index
        As in a Panel.
    rows : ndarray of int64 of shape (n_samples,), or None
        Positions of these samples in the Panel that was sliced.
    where : str
        Name of the samples in error messages: the caller and the argument.
    untrimmed : tuple of two ndarrays of int64 of shape (n_samples,), or None
        If padding was dropped: the number of dropped steps before each sample, and the number of
        steps of each sample including its padding.
    frame_shape : tuple of int, or None
        If the samples were videos: the shape of their frames, (height, width) or (height, width,
        channels), whose values are the features, row by row. A Panel does not keep it.

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
    frame_shape: tuple[int, ...] | None = None

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
        """Slice each sample: ``lengths`` steps starting at step ``first``, both (n_samples,)."""
        return replace(
            self, starts=self.starts + first, lengths=lengths, untrimmed=(first, self.lengths)
        )

    def to_panel(self) -> Panel:
        """Return a Panel: with the same values if all are used, otherwise with a copy."""
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
            Their concatenated time steps; a view of the Panel if they are contiguous.
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
        """Return the sample and the time step of a position in a block."""
        offsets = offsets_of(self.lengths[rows])
        sample, step = locate(offsets, position)
        return rows.start + sample, step

    def place(self, step: int, feature: int) -> str:
        """Describe the position of a value in a sample, for a message."""
        if self.feature_names is not None:
            return f"at time step {step}, feature {self.feature_names[feature]!r}"
        if self.frame_shape is not None:
            pixel = tuple(map(int, np.unravel_index(feature, self.frame_shape)))
            return f"at time step {step}, {pixel} in the frame"
        more = f", feature {feature}" if self.n_features > 1 else ""
        return f"at time step {step}{more}"

    @property
    def offsets(self) -> np.ndarray:
        """Offsets of the concatenated samples, as used for targets per time step."""
        return offsets_of(self.lengths)

    @property
    def is_tokens(self) -> bool:
        """Whether the values are token ids, possibly with additional ids, as of letters."""
        return self.values.ndim == 1 or self.values.dtype.kind in "iu"

    @property
    def n_features(self) -> int:
        """Number of features per time step; 1 for token ids."""
        return 1 if self.values.ndim == 1 else self.values.shape[1]

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[np.ndarray]:
        stops = self.starts + self.lengths
        bounds = zip(self.starts.tolist(), stops.tolist(), strict=True)
        return (self.values[start:stop] for start, stop in bounds)


def trimmed_steps(spans: Spans) -> dict[str, Any]:
    """Return how values per time step are cut as the samples were: see `check_sequence_targets`."""
    if spans.untrimmed is None:
        return {}
    first, untrimmed_lengths = spans.untrimmed
    return {"bounds": (first, first + spans.lengths), "untrimmed_lengths": untrimmed_lengths}


@dataclass(frozen=True)
class TokenRows:
    """Samples as sequences of tokens, before they are encoded to ids.

    Parameters
    ----------
    tokens : list of sequence of hashable
        The tokens of each sample.
    index, rows, where
        As in `Spans`.

    Examples
    --------
    >>> from sk_rnn.sequences import TokenRows
    >>> TokenRows([["no"], ["yes", "please"]]).take([1]).tokens
    [['yes', 'please']]
    """

    tokens: list[Sequence[Hashable]]
    index: pd.Index | None = None
    rows: np.ndarray | None = None
    where: str = "X"

    def take(self, rows: np.ndarray) -> TokenRows:
        """The samples ``rows``."""
        return replace(
            self,
            tokens=[self.tokens[row] for row in rows],
            index=None if self.index is None else self.index[rows],
            rows=None if self.rows is None else self.rows[rows],
        )

    def steps(self) -> Spans:
        """The time steps of the samples, without values."""
        lengths = np.fromiter(map(len, self.tokens), dtype=np.int64, count=len(self))
        nothing, starts = np.empty(0, dtype=np.int64), offsets_of(lengths)[:-1]
        return Spans(nothing, starts, lengths, index=self.index, rows=self.rows, where=self.where)

    def __len__(self) -> int:
        return len(self.tokens)
