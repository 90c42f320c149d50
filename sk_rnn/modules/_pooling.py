"""From one hidden state a time step to one vector a sequence."""

import torch
from torch import Tensor, nn

from ..kernels import mean_max_last
from ._linear import make_linear
from ._steps import ValidSteps

POOLINGS = ("last", "mean", "max", "attention", "concat")


def last_states(states: Tensor, valid: ValidSteps, bidirectional: bool) -> Tensor:
    """Each direction's final state: (T, B, C) to (B, C).

    The forward direction ends at a row's last valid step, the backward one at its first.
    """
    last = valid.last(states)
    if not bidirectional:
        return last
    half = states.shape[2] // 2
    return torch.cat([last[:, :half], states[0, :, half:]], dim=1)


def mean_states(states: Tensor, valid: ValidSteps) -> Tensor:
    """Mean over each row's valid steps: (T, B, C) to (B, C)."""
    if valid.full:
        return states.mean(0)
    total = states.masked_fill(valid.padding, 0.0).sum(0)
    return total / valid.device_lengths[:, None].to(states.dtype)


def max_states(states: Tensor, valid: ValidSteps) -> Tensor:
    """Maximum over each row's valid steps: (T, B, C) to (B, C)."""
    if not valid.full:
        states = states.masked_fill(valid.padding, -torch.inf)
    return states.amax(0)


class Pooling(nn.Module):
    """Pools the states over each row's valid steps.

    Parameters
    ----------
    kind : {"last", "mean", "max", "attention", "concat"}
        "attention" learns a weight a step from its state (Yang et al., 2016, section 2.2); "concat"
        is mean, max and last side by side.
    n_features : int
        C, the features of a state.
    bidirectional : bool
        Whether the second half of the features ran backwards.
    generator : torch.Generator or None
        Source of the attention's initial weights.
    """

    def __init__(
        self,
        kind: str,
        n_features: int,
        *,
        bidirectional: bool,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.kind = kind
        self.backend = "torch"  # or "numba": see `set_backend`
        self.bidirectional = bidirectional
        self.output_size = 3 * n_features if kind == "concat" else n_features
        if kind == "attention":
            self.projection = make_linear(n_features, n_features, generator)
            self.score = make_linear(n_features, 1, generator, bias=False)

    @property
    def part_fills(self) -> tuple[float, ...]:
        """What stands for a row without steps in each value of `part`."""
        if self.kind == "attention":
            return (-torch.inf, 0.0, 0.0)
        return {
            "last": (0.0,),
            "mean": (0.0,),
            "max": (-torch.inf,),
            "concat": (0.0, -torch.inf, 0.0),
        }[self.kind]

    def part(
        self, states: Tensor, valid: ValidSteps, *, first: bool, ends_here: Tensor
    ) -> tuple[Tensor, ...]:
        """What a chunk of the steps contributes, for `combine`.

        Parameters
        ----------
        states : Tensor of shape (t, b, C)
        valid : ValidSteps
            Of the chunk.
        first : bool
            Whether the rows begin in this chunk.
        ends_here : Tensor of bool of shape (b, 1)
            Whether a row's last step is in this chunk.
        """
        if self.kind == "attention":
            scores = self.score(torch.tanh(self.projection(states)))  # (t, b, 1)
            scores = scores.masked_fill(valid.padding, -torch.inf)
            highest = scores.detach().amax(0)  # (b, 1)
            weights = torch.exp(scores - highest)
            inner = states.masked_fill(valid.padding, 0.0)
            return highest, (weights * inner).sum(0), weights.sum(0)
        parts = []
        if self.kind in ("mean", "concat"):
            parts.append(states.masked_fill(valid.padding, 0.0).sum(0))
        if self.kind in ("max", "concat"):
            parts.append(max_states(states, valid))
        if self.kind in ("last", "concat"):
            n_ahead = states.shape[2] // 2 if self.bidirectional else states.shape[2]
            ahead = valid.last(states)[:, :n_ahead] * ends_here
            back = states[0, :, n_ahead:] * float(first)
            parts.append(torch.cat([ahead, back], dim=1))
        return tuple(parts)

    def combine(self, parts: list[tuple[Tensor, ...]], lengths: Tensor) -> Tensor:
        """The pooled vectors (B, output_size), from the parts of all chunks with all B rows."""
        values = [torch.stack(value) for value in zip(*parts, strict=True)]  # (n_chunks, B, C)
        if self.kind == "attention":
            highest, weighted, weights = values
            share = torch.exp(highest - highest.amax(0))
            return (weighted * share).sum(0) / (weights * share).sum(0)
        pooled = []
        if self.kind in ("mean", "concat"):
            pooled.append(values.pop(0).sum(0) / lengths[:, None])
        if self.kind in ("max", "concat"):
            pooled.append(values.pop(0).amax(0))
        if self.kind in ("last", "concat"):
            pooled.append(values.pop(0).sum(0))
        return torch.cat(pooled, dim=1)

    def forward(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, C) to (B, output_size)."""
        if self.kind == "last":
            return last_states(states, valid, self.bidirectional)
        if self.kind == "mean":
            return mean_states(states, valid)
        if self.kind == "max":
            return max_states(states, valid)
        if self.kind == "attention":
            scores = self.score(torch.tanh(self.projection(states)))  # (T, B, 1)
            if not valid.full:
                scores = scores.masked_fill(valid.padding, -torch.inf)
            weights = torch.softmax(scores, dim=0)
            if not valid.full:
                # 0 * undefined may be NaN, so what stands at padded steps is zeroed as well.
                states = states.masked_fill(valid.padding, 0.0)
            return (weights * states).sum(0)
        if self.backend == "numba" and states.device.type == "cpu":
            return mean_max_last(states, valid.lengths, bidirectional=self.bidirectional)
        last = last_states(states, valid, self.bidirectional)
        return torch.cat([mean_states(states, valid), max_states(states, valid), last], dim=1)
