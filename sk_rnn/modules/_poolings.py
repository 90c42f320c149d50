"""From one hidden state per time step to one vector per sequence.

Each pooling has two ways: over the states of whole sequences, and over chunks of them, whose totals
add up.
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
    """What a pooling remembers of the chunks it has seen: totals that add up over the chunks.

    Each chunk is seen twice. Without gradients `add` adds it up. Later, when all totals and the
    gradients with respect to them are known, `shares` computes the chunk's own part of them once
    more, now with gradients; multiplied by the totals' gradients it gives the chunk's own part of
    the gradient of every weight.

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


class Pooling(nn.Module, ABC):
    """Pools the states over each row's valid steps.

    Parameters
    ----------
    n_features : int
        C, the features of a state.
    bidirectional : bool
        Whether the second half of the features ran backwards.
    generator : torch.Generator or None
        Source of initial weights, if there are any.
    """

    # How many times n_features are put out.
    width: ClassVar[int] = 1
    # Whether a row's bits never depend on how many rows are pooled with it.
    rows_independent: ClassVar[bool] = True
    # Whether each direction's final state is all that is read.
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
        """Return the totals of a run of which nothing has been read."""


class LastPooling(Pooling):
    """Each direction's final state."""

    final_only = True

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, C)."""
        return last_states(states, valid, self.bidirectional)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return the totals of a run of which nothing has been read."""
        return LastTotals(run, bidirectional=self.bidirectional)


class LastTotals(Totals):
    """The state at a row's last step, at its first in the second half."""

    def __init__(self, run: ChunkedRun, *, bidirectional: bool):
        self.values = [run.zeros()]
        self.lengths = run.steps.device_lengths
        self.n_forward = run.encoder.output_size // (2 if bidirectional else 1)

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


class MeanPooling(Pooling):
    """Mean over each row's valid steps."""

    rows_independent = False  # torch adds up in an order that depends on the shape

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, C)."""
        if valid.full:
            return states.mean(0)
        return _zeroed(states, valid).sum(0) / valid.device_lengths[:, None].to(states.dtype)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return the totals of a run of which nothing has been read."""
        return SumTotals(run)


class SumTotals(Totals):
    """The sum of the valid states."""

    def __init__(self, run: ChunkedRun):
        self.values = [run.zeros()]
        self.lengths = run.steps.lengths.to(self.values[0])[:, None]

    def shares(self, states: Tensor, chunk: Chunk) -> list[Tensor]:
        """Sum over the chunk's valid steps."""
        return [_zeroed(states, chunk.valid()).sum(0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """Mean."""
        return values[0] / self.lengths


class MaxPooling(Pooling):
    """Maximum over each row's valid steps."""

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, C)."""
        return _highest(states, valid).amax(0)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return the totals of a run of which nothing has been read."""
        return MaxTotals(run)


class MaxTotals(Totals):
    """The maximum's value, and the step at which it stands.

    The step and not the value says which chunk gets the gradient, so that nothing depends on a
    second computation that agrees to the last bit. Of equal maxima one gets all of it.
    """

    def __init__(self, run: ChunkedRun):
        self.values = [torch.full_like(run.zeros(), -torch.inf)]
        self.steps = torch.zeros_like(self.values[0], dtype=torch.int64)

    def add(self, states: Tensor, chunk: Chunk) -> None:
        """Keep the larger, and where it was."""
        largest, step = _highest(states, chunk.valid()).max(0)  # (R, C)
        before = self.values[0][chunk.rows]
        higher = ~(largest <= before)  # so that NaN is not lost
        self.values[0][chunk.rows] = torch.where(higher, largest.to(before.dtype), before)
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


class AttentionPooling(Pooling):
    """Learns the weight of a time step from its state (Yang et al., 2016, section 2.2)."""

    rows_independent = False  # torch multiplies and adds up in an order that depends on the shape

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
        weights = torch.softmax(_highest(self.scores(states), valid), dim=0)
        return (weights * _zeroed(states, valid)).sum(0)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return the totals of a run of which nothing has been read."""
        return AttentionTotals(run, self)

    def scores(self, states: Tensor) -> Tensor:
        """Scores of single states: (T, B, C) to (T, B, 1)."""
        return self.score(torch.tanh(self.projection(states)))


class AttentionTotals(Totals):
    """Numerator and denominator of the softmax, relative to the highest score.

    The highest score cancels, so it counts as a constant in the gradient.
    """

    def __init__(self, run: ChunkedRun, pooling: AttentionPooling):
        self.pooling = pooling
        self.values = [run.zeros(), run.zeros()[:, :1].clone()]
        self.highest = torch.full_like(self.values[1], -torch.inf)

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
        return [(weights * _zeroed(states, chunk.valid())).sum(0), weights.sum(0)]

    def pooled(self, values: list[Tensor]) -> Tensor:
        """Weighted mean."""
        return values[0] / values[1]

    def _scores(self, states: Tensor, chunk: Chunk) -> Tensor:
        return _highest(self.pooling.scores(states), chunk.valid())


class ConcatPooling(Pooling):
    """Mean, maximum and last side by side, which have no weights; a kernel makes them together."""

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
        final = last(states, valid)  # first, which decides the order in which gradients add up
        return torch.cat([mean(states, valid), largest(states, valid), final], dim=1)

    def totals(self, run: ChunkedRun) -> Totals:
        """Return the totals of a run of which nothing has been read."""
        return ConcatTotals([part.totals(run) for part in self.parts])


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


POOLINGS: dict[str, type[Pooling]] = {
    "concat": ConcatPooling,
    "last": LastPooling,
    "mean": MeanPooling,
    "max": MaxPooling,
    "attention": AttentionPooling,
}


def _highest(scores: Tensor, valid: ValidSteps) -> Tensor:
    """Minus infinity at padded steps: (T, B, C)."""
    return scores if valid.full else scores.masked_fill(valid.padding, -torch.inf)


def _zeroed(states: Tensor, valid: ValidSteps) -> Tensor:
    """Zero at padded steps, which may hold anything, NaN too: (T, B, C)."""
    return states if valid.full else states.masked_fill(valid.padding, 0.0)
