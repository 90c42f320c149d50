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
