"""The loss of forecasts: quantiles, and the mean where it is the forecast."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from ._losses import Loss, Targets

# Weight of the median's loss, relative to each other quantile: it is the forecast.
MEDIAN_WEIGHT = 4.0


class ForecastLoss(Loss):
    """Pinball loss of quantiles, and the squared error of the mean if it is an output.

    Parameters
    ----------
    quantiles : sequence of float
        The quantiles that the first outputs predict.
    mean : bool
        Whether one more output is the mean.
    """

    def __init__(self, quantiles: Sequence[float], *, mean: bool):
        super().__init__()
        self.mean = mean
        levels = torch.tensor(list(quantiles), dtype=torch.float64)
        self.register_buffer("levels", levels)
        weights = torch.where(levels == 0.5, MEDIAN_WEIGHT, 1.0)
        self.register_buffer("weights", weights / weights.sum())

    def forward(self, outputs: Tensor, targets: Targets) -> Tensor:
        """Mean over networks and weighted targets.

        Parameters
        ----------
        outputs : Tensor of shape (B, n_networks, horizon, n_outputs)
        targets : Targets
            Values and weights of shape (B, horizon); missing values have weight zero.
        """
        levels = cast(Tensor, self.levels).to(outputs)
        shares = cast(Tensor, self.weights).to(outputs)
        truth = cast(Tensor, targets.values)[:, None, :, None]
        above = truth - outputs[..., : len(levels)]
        losses = (torch.maximum(levels * above, (levels - 1.0) * above) * shares).sum(3)
        if self.mean:
            losses = losses + (truth[..., 0] - outputs[..., -1]).square()
        losses = losses.mean(1)  # (B, H)
        weights = cast(Tensor, targets.weights)
        return (losses * weights).sum() / weights.sum().clamp(min=1e-12)
