"""Dropout that draws from a generator of its own, so that torch's global one is never touched."""

import torch
from torch import Tensor, nn


class SeededModule(nn.Module):
    """A module that draws random numbers, from ``generator``; the training loop sets it."""

    generator: torch.Generator | None = None

    def keep_mask(self, shape: tuple[int, ...], p: float, reference: Tensor) -> Tensor:
        """Zeros with probability ``p``, else ``1 / (1 - p)``: inverted dropout's factors."""
        mask = torch.empty(shape, dtype=reference.dtype, device=reference.device)
        return mask.bernoulli_(1.0 - p, generator=self.generator).div_(1.0 - p)


def set_generator(module: nn.Module, generator: torch.Generator | None) -> None:
    """Let every part of ``module`` that draws random numbers draw them from ``generator``."""
    for part in module.modules():
        if isinstance(part, SeededModule):
            part.generator = generator


class Dropout(SeededModule):
    """Inverted dropout of single values, as `torch.nn.Dropout`.

    Parameters
    ----------
    p : float in [0, 1)
        Probability of a zero.
    """

    def __init__(self, p: float):
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Any shape in, the same shape out."""
        if not self.training or self.p == 0.0:
            return x
        return x * self.keep_mask(tuple(x.shape), self.p, x)

    def extra_repr(self) -> str:
        """What `repr` shows."""
        return f"p={self.p}"


class StepDropout(Dropout):
    """Drops whole time steps: word dropout for embedded tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """(T, B, F) to (T, B, F), all F values of a step kept or zeroed together.

        Steps that are kept are not scaled up: a missing word leaves the others as they are.
        """
        if not self.training or self.p == 0.0:
            return x
        keep = torch.empty(x.shape[:2], dtype=x.dtype, device=x.device)
        return x * keep.bernoulli_(1.0 - self.p, generator=self.generator)[:, :, None]
