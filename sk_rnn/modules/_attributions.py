"""Integrated gradients: attributions of an output to the values of one sequence."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ._model import SequenceModel

# Integrated gradients: numbers of points on the path from the baseline to the sequence, and how
# many of them are computed at a time.
_FEWEST_POINTS, _MOST_POINTS, _POINTS_AT_ONCE = 32, 4096, 32

# The error of integrated gradients is relative to the difference of both outputs, or to this
# fraction of the sum of the attributions' sizes if that is larger.
_LEAST_DIFFERENCE = 0.01


class Saliency(NamedTuple):
    """Attributions of one sequence, and the outputs whose difference is attributed.

    Attributes
    ----------
    attributions : Tensor of shape (T, F)
        For token ids, F is 1.
    output, baseline_output : float
        Of the sequence, and of the baseline.
    n_points : int
        Number of points on the path.
    """

    attributions: Tensor
    output: float
    baseline_output: float
    n_points: int


def integrated_gradients(
    module: SequenceModel,
    x: Tensor,
    baseline: Tensor | None,
    weights: Tensor,
    bias: float,
    step: int | None,
    tol: float,
) -> Saliency:
    """Attribute the output of one sequence to its values (Sundararajan, Taly & Yan, 2017).

    The gradient is averaged over the midpoints of equal parts of the straight path from the
    baseline to the sequence. The number of parts is doubled until the attributions sum to the
    difference of both outputs, up to a fraction ``tol`` of it.

    Parameters
    ----------
    module : SequenceModel
        From `inspection_copy`. For token ids, its embedding is replaced by the identity.
    x : Tensor of shape (T, F), or (T,) for token ids, (T, 1 + L) with their letters
    baseline : Tensor of shape (T, F) or None
        None for zeros; for token ids, the zero vector.
    weights : Tensor of shape (n_outputs,)
    bias : float
        The attributed output is ``outputs @ weights + bias``.
    step : int or None
        The time step of the output, for outputs per time step.
    tol : float
    """
    is_ids = not x.is_floating_point()
    if is_ids:
        x = module.encoder.embedding(x[:, None])[:, 0].detach()  # (T, E)
        module.encoder.embedding = nn.Identity()
    start = torch.zeros_like(x) if baseline is None else baseline
    n_timesteps = len(x)

    def compute(points: Tensor) -> Tensor:
        """(T, K, F) to (K,)."""
        n = points.shape[1]
        lengths = torch.full((n,), n_timesteps)
        positions = None if step is None else step * n + torch.arange(n)
        return module(points, lengths, positions) @ weights + bias

    with torch.no_grad():
        ends = compute(torch.stack([x, start], dim=1))
    output, origin = float(ends[0]), float(ends[1])
    n_points = _FEWEST_POINTS
    while True:
        total = torch.zeros_like(x)
        shares = (torch.arange(n_points, dtype=x.dtype) + 0.5) / n_points
        for part in shares.split(_POINTS_AT_ONCE):
            points = start[:, None] + part[None, :, None] * (x - start)[:, None]
            with torch.enable_grad():
                points.requires_grad_(True)
                (gradient,) = torch.autograd.grad(compute(points).sum(), points)
            total += gradient.sum(1)
        attributions = (x - start) * total / n_points
        gap = abs(float(attributions.sum()) - (output - origin))
        size = max(abs(output - origin), _LEAST_DIFFERENCE * float(attributions.abs().sum()))
        if gap <= tol * size or n_points >= _MOST_POINTS:
            break
        n_points *= 2
    if is_ids:
        attributions = attributions.sum(1, keepdim=True)
    return Saliency(attributions, output, origin, n_points)
