"""Valid time steps of a padded batch."""

from functools import cached_property

import torch
from torch import Tensor


class ValidSteps:
    """The valid time steps of a time-major padded batch, and index tensors derived from them.

    Computed once per batch and shared by all layers. ``lengths`` stays on the CPU, so that no GPU
    synchronisation is needed.

    Parameters
    ----------
    lengths : Tensor of shape (B,), int64, on the CPU
        Number of valid time steps of each row, at least one.
    device : torch.device
        Device of the batch.
    """

    def __init__(self, lengths: Tensor, device: torch.device):
        self.lengths = lengths
        self.device = device
        # For this few numbers NumPy is ten times faster than torch.
        numbers = lengths.numpy()
        self.n_timesteps = int(numbers.max())
        # A batch without padding, the usual case for data of equal length, needs no mask.
        self.full = int(numbers.min()) == self.n_timesteps

    @cached_property
    def device_lengths(self) -> Tensor:
        """The lengths on the device of the batch: (B,)."""
        return self.lengths.to(self.device, non_blocking=True)

    @cached_property
    def mask(self) -> Tensor:
        """True at valid time steps: (T, B)."""
        steps = torch.arange(self.n_timesteps, device=self.device)
        return steps[:, None] < self.device_lengths[None, :]

    @cached_property
    def padding(self) -> Tensor:
        """True at padded time steps, for `masked_fill`: (T, B, 1)."""
        return ~self.mask[:, :, None]

    @cached_property
    def _reversal(self) -> Tensor:
        """Source index of each step when rows are reversed within their lengths: (T, B, 1)."""
        steps = torch.arange(self.n_timesteps, device=self.device)[:, None]  # (T, 1)
        mirrored = self.device_lengths[None, :] - 1 - steps
        return torch.where(mirrored >= 0, mirrored, steps)[:, :, None]

    def reverse(self, x: Tensor) -> Tensor:
        """Reverse each row within its own length, so that its last valid step comes first.

        Padding stays after the valid steps; reversing twice returns ``x``.
        """
        if self.full:
            return x.flip(0)
        return x.gather(0, self._reversal.expand(-1, -1, x.shape[2]))

    def last(self, x: Tensor) -> Tensor:
        """Each row's last valid step: (T, B, C) to (B, C)."""
        if self.full:
            return x[-1]
        index = (self.device_lengths - 1)[None, :, None].expand(1, -1, x.shape[2])
        return x.gather(0, index)[0]

    def strided(self, stride: int) -> "ValidSteps":
        """The valid steps if only every ``stride``-th is kept, starting with the first."""
        if stride == 1:
            return self
        return ValidSteps((self.lengths + stride - 1) // stride, self.device)


def last_states(states: Tensor, valid: ValidSteps, bidirectional: bool) -> Tensor:
    """Each direction's final state: (T, B, C) to (B, C).

    The forward direction ends at the last valid step of a row, the backward one at the first.
    """
    last = valid.last(states)
    if not bidirectional:
        return last
    half = states.shape[2] // 2
    return torch.cat([last[:, :half], states[0, :, half:]], dim=1)
