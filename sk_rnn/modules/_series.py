"""Sequences of numbers before the encoder: warped in time in training, with differences."""

import numpy as np
import torch
from torch import Tensor, nn

from ._dropout import SeededModule
from ._steps import ValidSteps

# Segments of a warped row, each stretched or shrunk by its own factor. More segments average out.
_N_SEGMENTS = 4


class TimeWarping(SeededModule):
    """Random distortion of time, in training only (Um et al., 2017).

    Each row is cut into four parts of equal length, whose durations are multiplied by independent
    factors ``exp(std * N(0, 1))`` and then rescaled to the length of the row, so that its first and
    last steps do not move. Values are interpolated linearly.

    Parameters
    ----------
    std : float
        Standard deviation of the logarithm of the durations; 0 for no distortion.
    """

    def __init__(self, std: float):
        super().__init__()
        self.std = std

    def forward(self, x: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, F) to (T, B, F); padding stays where it is."""
        if not self.training or self.std == 0.0:
            return x
        n_timesteps, n_rows = x.shape[:2]
        durations = x.new_empty(_N_SEGMENTS, n_rows).normal_(generator=self.generator)
        durations = (durations * self.std).exp_()
        # Where the end of each part is read in the original row, as a fraction of its length.
        ends = durations.cumsum(0) / durations.sum(0)
        bounds = torch.cat([ends.new_zeros(1, n_rows), ends])
        last = (valid.device_lengths - 1)[None, :]  # (1, B)
        steps = torch.arange(n_timesteps, device=x.device)[:, None]  # (T, 1)
        progress = torch.minimum(steps, last) * (_N_SEGMENTS / last.clamp(min=1).to(x.dtype))
        part = progress.long().clamp_(max=_N_SEGMENTS - 1)
        start, end = bounds.gather(0, part), bounds.gather(0, part + 1)
        position = (start + (end - start) * (progress - part)) * last  # (T, B)
        before = torch.minimum(position.long(), (last - 1).clamp(min=0))
        after = torch.minimum(before + 1, last)
        share = (position - before)[:, :, None]
        wide = (-1, -1, x.shape[2])
        left = x.gather(0, before[:, :, None].expand(wide))
        right = x.gather(0, after[:, :, None].expand(wide))
        return torch.lerp(left, right, share)

    def extra_repr(self) -> str:
        """Extra representation for `repr`."""
        return f"std={self.std}"


class Differences(nn.Module):
    """Differences of successive time steps, as additional features.

    Parameters
    ----------
    n_features : int
        Features per time step.
    scale : ndarray of shape (n_features,) or None
        Factors of the differences; None if weights are loaded.
    """

    scale: Tensor

    def __init__(self, n_features: int, scale: np.ndarray | None = None):
        super().__init__()
        if scale is None:
            scale = np.ones(n_features)
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """(T, B, F) to (T, B, 2 F); the first difference of each row is zero."""
        differences = torch.empty_like(x)
        differences[0] = 0.0
        if x.requires_grad:  # for inspection; torch has no gradients through out=
            differences[1:] = x[1:] - x[:-1]
        else:
            torch.sub(x[1:], x[:-1], out=differences[1:])
        return torch.cat([x, differences * self.scale], dim=2)
