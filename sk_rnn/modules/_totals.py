"""Pooling of sequences that are read chunk by chunk: totals that add up over the chunks.

Each chunk is seen twice. Without gradients `Totals.add` adds it up. Later, when all totals and the
gradients with respect to them are known, `Totals.shares` computes the chunk's own part of them
once more, now with gradients; multiplied by the totals' gradients it gives the chunk's own part of
the gradient of every weight.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor

from ._chunks import Chunk, ChunkedRun
from ._pooling import Pooling


class Totals(ABC):
    """What a pooling remembers of the chunks it has seen.

    Attributes
    ----------
    values : list of Tensor of shape (B, C) or (B, 1)
        The totals, so far.
    """

    values: list[Tensor]

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Take in a chunk's states (T, R, C), without gradients."""
        for total, share in zip(self.values, self.shares(states, chunk), strict=True):
            total[chunk.rows] += share

    @abstractmethod
    def shares(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """What the chunk adds to each of the totals, each (R, C) or (R, 1)."""

    @abstractmethod
    def pooled(self, values: list[Tensor]) -> Tensor:
        """The pooled vectors (B, C) from totals."""


class SumTotals(Totals):
    """For the mean: the sum of the valid states."""

    def __init__(self, empty: Tensor, lengths: Tensor):
        self.values = [empty.clone()]
        self.lengths = lengths.to(empty)[:, None]

    def shares(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Sum over the chunk's valid steps."""
        valid = chunk.valid()
        if not valid.full:
            states = states.masked_fill(valid.padding, 0.0)
        return [states.sum(0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """Mean."""
        return values[0] / self.lengths


class LastTotals(Totals):
    """For the final states: the state at a row's last step, at its first in the second half."""

    def __init__(self, empty: Tensor, lengths: Tensor, *, bidirectional: bool):
        self.values = [empty.clone()]
        self.lengths = lengths.to(empty.device)
        self.n_forward = empty.shape[1] // (2 if bidirectional else 1)

    def shares(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """The states of rows that end here and, backwards, of all rows in the first chunk."""
        ends = self.lengths[chunk.rows] <= chunk.stop  # (R,)
        last = chunk.valid().last(states)  # (R, C)
        share = last[:, : self.n_forward] * ends[:, None]
        backward = states[0, :, self.n_forward :] * (chunk.start == 0)
        return [torch.cat([share, backward], dim=1)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """The states themselves."""
        return values[0]


class MaxTotals(Totals):
    """For the maximum: its value, and the step at which it stands.

    The step and not the value says which chunk gets the gradient, so that nothing depends on a
    second computation that agrees to the last bit. Of equal maxima one gets all of it.
    """

    def __init__(self, empty: Tensor):
        self.values = [torch.full_like(empty, -torch.inf)]
        self.steps = torch.zeros(empty.shape, dtype=torch.int64, device=empty.device)

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Keep the larger, and where it was."""
        valid = chunk.valid()
        if not valid.full:
            states = states.masked_fill(valid.padding, -torch.inf)
        highest, step = states.max(0)  # (R, C)
        before = self.values[0][chunk.rows]
        higher = ~(highest <= before)  # so that NaN is not lost
        self.values[0][chunk.rows] = torch.where(higher, highest.to(before.dtype), before)
        self.steps[chunk.rows] = torch.where(higher, step + chunk.start, self.steps[chunk.rows])

    def shares(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """The maximum where it stands in this chunk, zero elsewhere."""
        step = self.steps[chunk.rows] - chunk.start  # (R, C)
        here = (step >= 0) & (step < len(states))
        step = step.clamp(0, len(states) - 1)
        return [torch.where(here, states.gather(0, step[None])[0], 0.0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """The maximum."""
        return values[0]


class AttentionTotals(Totals):
    """For attention: numerator and denominator of the softmax, relative to the highest score.

    The highest score cancels, so it counts as a constant in the gradient.
    """

    def __init__(self, empty: Tensor, pooling: Pooling):
        self.pooling = pooling
        column = empty[:, :1]
        self.values = [empty.clone(), column.clone()]
        self.highest = torch.full_like(column, -torch.inf)

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Rescale what there is to the new highest score, then add."""
        before = self.highest[chunk.rows].clone()  # a slice of rows gives a view
        scores = self._scores(states, chunk).amax(0).to(before.dtype)  # (R, 1)
        self.highest[chunk.rows] = torch.maximum(before, scores)
        for total in self.values:
            total[chunk.rows] *= (before - self.highest[chunk.rows]).exp()
        super().add(states, chunk)

    def shares(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Weighted sum of the states, and the sum of the weights."""
        weights = (self._scores(states, chunk) - self.highest[chunk.rows]).exp()  # (T, R, 1)
        valid = chunk.valid()
        if not valid.full:
            # 0 * undefined may be NaN, so what stands at padded steps is zeroed as well.
            states = states.masked_fill(valid.padding, 0.0)
        return [(weights * states).sum(0), weights.sum(0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """Weighted mean."""
        return values[0] / values[1]

    def _scores(self, states: Tensor, chunk: Chunk) -> Tensor:
        scores, valid = self.pooling.scores(states), chunk.valid()
        return scores if valid.full else scores.masked_fill(valid.padding, -torch.inf)


class ConcatTotals(Totals):
    """Several side by side."""

    def __init__(self, parts: list[Totals]):
        self.parts = parts

    # Read only here, where the base class has an attribute: nobody but the parts sets their totals.
    @property
    def values(self) -> list[Tensor]:  # type: ignore[override]
        """The totals of all parts."""
        return [value for part in self.parts for value in part.values]

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Let each part take the chunk in."""
        for part in self.parts:
            part.add(states, chunk)

    def shares(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Of all parts."""
        return [share for part in self.parts for share in part.shares(states, chunk)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """Side by side."""
        left = iter(values)
        pooled = [part.pooled([next(left) for _ in part.values]) for part in self.parts]
        return torch.cat(pooled, dim=1)


def make_totals(pooling: Pooling, run: ChunkedRun) -> Totals:
    """Empty totals for a pooling of the states of a run."""
    lengths = run.steps.lengths
    empty = run.like.new_zeros(len(lengths), run.encoder.output_size)
    kinds: dict[str, Callable[[], Totals]] = {
        "mean": lambda: SumTotals(empty, lengths),
        "max": lambda: MaxTotals(empty),
        "last": lambda: LastTotals(empty, lengths, bidirectional=pooling.bidirectional),
        "attention": lambda: AttentionTotals(empty, pooling),
    }
    if pooling.kind == "concat":
        return ConcatTotals([kinds[kind]() for kind in ("mean", "max", "last")])
    return kinds[pooling.kind]()
