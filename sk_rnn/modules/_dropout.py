"""Dropout that draws from a given generator, so that torch's global one is never touched."""

import torch
from torch import Tensor, nn


class SeededModule(nn.Module):
    """Base of modules that draw random numbers from ``generator``, which the training loop sets."""

    generator: torch.Generator | None = None

    def keep_mask(self, shape: tuple[int, ...], p: float, reference: Tensor) -> Tensor:
        """Factors of inverted dropout: zero with probability ``p``, otherwise ``1 / (1 - p)``."""
        # Not bernoulli_, which takes four times as long on many processors.
        mask = self.draw(shape, reference.device).lt_(1.0 - p)
        return mask.to(reference.dtype).div_(1.0 - p)

    def draw(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """Uniform numbers from [0, 1); float32, so that they are the same in every precision."""
        draws = torch.empty(shape, dtype=torch.float32, device=device)
        return draws.uniform_(generator=self.generator)


def set_generator(module: nn.Module, generator: torch.Generator | None) -> None:
    """Set ``generator`` in all submodules that draw random numbers."""
    for part in module.modules():
        if isinstance(part, SeededModule):
            part.generator = generator


class Dropout(SeededModule):
    """Inverted dropout of individual values, like `torch.nn.Dropout`.

    Parameters
    ----------
    p : float in [0, 1)
        Probability that a value is zeroed.
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same shape."""
        if not self.training or self.p == 0.0:
            return x
        return x * self.keep_mask(tuple(x.shape), self.p, x)

    def extra_repr(self) -> str:
        """Extra representation for `repr`."""
        return f"p={self.p}"


class StepDropout(Dropout):
    """Drops whole time steps: word dropout for embedded tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """(T, B, F) to (T, B, F), all F values of a step kept or zeroed together.

        Kept steps are not scaled up: a missing word does not change the others.
        """
        if not self.training or self.p == 0.0:
            return x
        keep = torch.empty(x.shape[:2], dtype=x.dtype, device=x.device)
        return x * keep.bernoulli_(1.0 - self.p, generator=self.generator)[:, :, None]
