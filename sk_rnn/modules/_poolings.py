"""Poolings: from one hidden state per time step to one vector per sequence.

Each pooling is implemented twice: over the states of whole sequences, and over chunks, whose totals
are accumulated.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from ..kernels import mean_max_last
from ._chunks import Chunk, ChunkedRun
from ._linear import make_linear
from ._steps import ValidSteps, last_states

PoolingName = Literal["concat", "last", "mean", "max", "attention"]


class Totals(ABC):
    """Totals of a pooling, accumulated over the chunks.

    Each chunk is processed twice. First, `add` accumulates it without gradients. Later, when all
    totals and the gradients with respect to them are known, `contributions` recomputes the
    contribution of the chunk with gradients; multiplied by the gradients of the totals it gives the
    contribution of the chunk to the gradient of every weight.

    Attributes
    ----------
    values : list of Tensor of shape (B, C) or (B, 1)
        The accumulated totals.
    """

    values: list[Tensor]

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Accumulate the states of a chunk (T, R, C), without gradients."""
        for total, contribution in zip(self.values, self.contributions(states, chunk), strict=True):
            total[chunk.rows] += contribution

    @abstractmethod
    def contributions(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Contribution of the chunk to each of the totals, each (R, C) or (R, 1)."""

    @abstractmethod
    def pooled(self, values: list[Tensor]) -> Tensor:
        """The pooled vectors (B, C) from totals."""


class Pooling(nn.Module, ABC):
    """Pools the states over each row's valid steps.

    Parameters
    ----------
    n_features : int
        C, the size of a state.
    bidirectional : bool
        Whether the second half of the features is from the backward direction.
    generator : torch.Generator or None
        Source of initial weights, if there are any.
    """

    # Output size in multiples of n_features.
    width: ClassVar[int] = 1
    # Whether the result of a row is bitwise independent of the batch size.
    rows_independent: ClassVar[bool] = True
    # Whether only the final state of each direction is used.
    final_only: ClassVar[bool] = False

    def __init__(
        self,
        n_features: int,
        *,
        bidirectional: bool,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.backend = "torch"  # or "numba": see `set_backend`
        self.bidirectional = bidirectional
        self.output_size = self.width * n_features

    @abstractmethod
    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, output_size)."""

    @abstractmethod
    def totals(self, run: ChunkedRun) -> Totals:
        """Return empty totals for a new run."""


class LastPooling(Pooling):
    """Each direction's final state."""

    final_only = True

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, C)."""
        return last_states(states, valid, self.bidirectional)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return empty totals for a new run."""
        return LastTotals(run, bidirectional=self.bidirectional)


class LastTotals(Totals):
    """Forward state at the last step, and backward state at the first step, of each row."""

    def __init__(self, run: ChunkedRun, *, bidirectional: bool):
        self.values = [run.zeros()]
        self.lengths = run.steps.device_lengths
        self.n_forward = run.encoder.output_size // (2 if bidirectional else 1)

    def contributions(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Forward states of rows that end in this chunk; backward states in the first chunk."""
        ends = self.lengths[chunk.rows] <= chunk.stop  # (R,)
        last = chunk.valid().last(states)  # (R, C)
        contribution = last[:, : self.n_forward] * ends[:, None]
        backward = states[0, :, self.n_forward :] * (chunk.start == 0)
        return [torch.cat([contribution, backward], dim=1)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """The states themselves."""
        return values[0]


class MeanPooling(Pooling):
    """Mean over each row's valid steps."""

    rows_independent = False  # torch's order of summation depends on the shape

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, C)."""
        if valid.full:
            return states.mean(0)
        return _pad_with_zeros(states, valid).sum(0) / valid.device_lengths[:, None].to(
            states.dtype
        )

    def totals(self, run: ChunkedRun) -> Totals:
        """Return empty totals for a new run."""
        return SumTotals(run)


class SumTotals(Totals):
    """The sum of the valid states."""

    def __init__(self, run: ChunkedRun):
        self.values = [run.zeros()]
        self.lengths = run.steps.lengths.to(self.values[0])[:, None]

    def contributions(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Sum over the chunk's valid steps."""
        return [_pad_with_zeros(states, chunk.valid()).sum(0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """Mean."""
        return values[0] / self.lengths


class MaxPooling(Pooling):
    """Maximum over each row's valid steps."""

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, C)."""
        return _pad_with_minus_infinity(states, valid).amax(0)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return empty totals for a new run."""
        return MaxTotals(run)


class MaxTotals(Totals):
    """The maximum, and the step at which it occurs.

    The step, not the value, determines which chunk receives the gradient, so that nothing depends
    on a second computation being bitwise equal. Of tied maxima only one receives the gradient.
    """

    def __init__(self, run: ChunkedRun):
        self.values = [torch.full_like(run.zeros(), -torch.inf)]
        self.steps = torch.zeros_like(self.values[0], dtype=torch.int64)

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Keep the larger value and its step."""
        largest, step = _pad_with_minus_infinity(states, chunk.valid()).max(0)  # (R, C)
        before = self.values[0][chunk.rows]
        higher = ~(largest <= before)  # True for NaN, which must propagate
        self.values[0][chunk.rows] = torch.where(higher, largest.to(before.dtype), before)
        self.steps[chunk.rows] = torch.where(higher, step + chunk.start, self.steps[chunk.rows])

    def contributions(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """The maximum if it is in this chunk, zero otherwise."""
        step = self.steps[chunk.rows] - chunk.start  # (R, C)
        here = (step >= 0) & (step < len(states))
        step = step.clamp(0, len(states) - 1)
        return [torch.where(here, states.gather(0, step[None])[0], 0.0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """The maximum."""
        return values[0]


class AttentionPooling(Pooling):
    """Attention pooling: learned weights of time steps (Yang et al., 2016, section 2.2)."""

    rows_independent = False  # torch's order of summation depends on the shape

    def __init__(
        self,
        n_features: int,
        *,
        bidirectional: bool,
        generator: torch.Generator | None = None,
    ):
        super().__init__(n_features, bidirectional=bidirectional)
        self.projection = make_linear(n_features, n_features, generator)
        self.score = make_linear(n_features, 1, generator, bias=False)

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, C)."""
        weights = torch.softmax(_pad_with_minus_infinity(self.scores(states), valid), dim=0)
        return (weights * _pad_with_zeros(states, valid)).sum(0)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return empty totals for a new run."""
        return AttentionTotals(run, self)

    def scores(self, states: Tensor) -> Tensor:
        """Scores of single states: (T, B, C) to (T, B, 1)."""
        return self.score(torch.tanh(self.projection(states)))


class AttentionTotals(Totals):
    """Numerator and denominator of the softmax, relative to the highest score.

    The highest score cancels, so it is a constant in the gradient.
    """

    def __init__(self, run: ChunkedRun, pooling: AttentionPooling):
        self.pooling = pooling
        self.values = [run.zeros(), run.zeros()[:, :1].clone()]
        self.highest = torch.full_like(self.values[1], -torch.inf)

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Rescale the totals to the new highest score, then add."""
        before = self.highest[chunk.rows].clone()  # a slice of rows gives a view
        scores = self._scores(states, chunk).amax(0).to(before.dtype)  # (R, 1)
        self.highest[chunk.rows] = torch.maximum(before, scores)
        for total in self.values:
            total[chunk.rows] *= (before - self.highest[chunk.rows]).exp()
        super().add(states, chunk)

    def contributions(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Weighted sum of the states, and the sum of the weights."""
        weights = (self._scores(states, chunk) - self.highest[chunk.rows]).exp()  # (T, R, 1)
        return [(weights * _pad_with_zeros(states, chunk.valid())).sum(0), weights.sum(0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """Weighted mean."""
        return values[0] / values[1]

    def _scores(self, states: Tensor, chunk: Chunk) -> Tensor:
        return _pad_with_minus_infinity(self.pooling.scores(states), chunk.valid())


class ConcatPooling(Pooling):
    """Mean, maximum and last state, concatenated; one kernel computes all three."""

    width = 3

    def __init__(
        self,
        n_features: int,
        *,
        bidirectional: bool,
        generator: torch.Generator | None = None,
    ):
        super().__init__(n_features, bidirectional=bidirectional)
        kinds = (MeanPooling, MaxPooling, LastPooling)
        self.parts = [kind(n_features, bidirectional=bidirectional) for kind in kinds]

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, 3 * C)."""
        if self.backend == "numba" and states.device.type == "cpu":
            return mean_max_last(states, valid.lengths, bidirectional=self.bidirectional)
        mean, largest, last = self.parts
        final = last(states, valid)  # first: determines the order in which gradients are summed
        return torch.cat([mean(states, valid), largest(states, valid), final], dim=1)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return empty totals for a new run."""
        return ConcatTotals([part.totals(run) for part in self.parts])


class ConcatTotals(Totals):
    """Totals of concatenated poolings."""

    def __init__(self, parts: list[Totals]):
        self.parts = parts

    # Read-only here, unlike in the base class: only the parts set their totals.
    @property
    def values(self) -> list[Tensor]:  # type: ignore[override]
        """The totals of all parts."""
        return [value for part in self.parts for value in part.values]

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Accumulate the chunk in each part."""
        for part in self.parts:
            part.add(states, chunk)

    def contributions(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Contributions to the totals of all parts."""
        return [
            contribution
            for part in self.parts
            for contribution in part.contributions(states, chunk)
        ]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """The pooled vectors of all parts, concatenated."""
        left = iter(values)
        pooled = [part.pooled([next(left) for _ in part.values]) for part in self.parts]
        return torch.cat(pooled, dim=1)


POOLINGS: dict[str, type[Pooling]] = {
    "concat": ConcatPooling,
    "last": LastPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": AttentionPooling,
}


def _pad_with_minus_infinity(scores: Tensor, valid: ValidSteps) -> Tensor:
    """Minus infinity at padded steps: (T, B, C)."""
    return scores if valid.full else scores.masked_fill(valid.padding, -torch.inf)


def _pad_with_zeros(states: Tensor, valid: ValidSteps) -> Tensor:
    """Zero at padded steps, whose values are arbitrary, possibly NaN: (T, B, C)."""
    return states if valid.full else states.masked_fill(valid.padding, 0.0)
