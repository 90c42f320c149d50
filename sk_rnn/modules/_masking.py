"""Masks of time steps and features in training."""

import numpy as np
import torch
from torch import Tensor

from ._dropout import SeededModule
from ._steps import ValidSteps

# Number of masks of each kind per row, and the maximum part of its time steps that one of them
# covers: a fifth. These are the values of the policies for Switchboard (Park et al., 2019, table
# 1).
_N_MASKS, _PARTS = 2, 5


class InputMasking(SeededModule):
    """Masks bands of time steps and of features, in training only (SpecAugment, Park et al., 2019).

    Each row has two masks over time and two over features, whose widths are drawn uniformly from
    zero to a maximum, and then their positions. Masks may overlap.

    Parameters
    ----------
    n_features : int
        Features per time step.
    time_masking : int
        Maximum number of time steps per mask; never more than a fifth of the row.
    feature_masking : float in [0, 1)
        Maximum fraction of the features per mask.
    fill : ndarray of shape (n_features,) or None
        Values of masked features: their mean in the training data. None for zeros, the mean of
        standardised features, or if weights are loaded.
    """

    fill: Tensor

    def __init__(
        self,
        n_features: int,
        *,
        time_masking: int = 0,
        feature_masking: float = 0.0,
        fill: np.ndarray | None = None,
    ):
        super().__init__()
        self.n_features = n_features
        self.time_masking = time_masking
        self.feature_masking = feature_masking
        # The sum of rounding errors in 0.29 * 100, say, must not cost a feature.
        self.n_masked_features = int(feature_masking * n_features + 1e-9)
        if fill is None:
            fill = np.zeros(n_features)
        self.register_buffer("fill", torch.tensor(fill, dtype=torch.float32))

    def forward(self, x: Tensor, valid: ValidSteps) -> Tensor:
        """(T, B, F) to (T, B, F); padding stays as it is.

        After the features, ``x`` may contain the same number of others derived from them, such as
        `Differences`. They are masked by zeros wherever their features are masked.
        """
        if not self.training:
            return x
        masked = torch.zeros((), dtype=torch.bool, device=x.device)
        if self.time_masking:
            lengths = valid.device_lengths
            widest = (lengths // _PARTS).clamp_(max=self.time_masking)
            over_time = self._draw_masks(len(x), lengths, widest)  # (T, B)
            masked = masked | over_time[:, :, None]  # (T, B, 1)
        if self.n_masked_features:
            n_features = torch.full_like(valid.device_lengths, self.n_features)
            widest = torch.full_like(n_features, self.n_masked_features)
            over_features = self._draw_masks(self.n_features, n_features, widest).T  # (B, F)
            masked = masked | over_features.repeat(1, x.shape[2] // self.n_features)  # ([T], B, F)
        fill = x.new_zeros(x.shape[2])
        fill[: self.n_features] = self.fill
        return torch.where(masked, fill, x)

    def _draw_masks(self, n_places: int, ends: Tensor, widest: Tensor) -> Tensor:
        """Draw masks within the first ``ends`` of ``n_places`` places: (n_places, B)."""
        draws = self.draw((2, _N_MASKS, len(ends)), ends.device)
        # Products with numbers just below one may be rounded up.
        widths = torch.minimum((draws[0] * (widest + 1)).long(), widest)  # (_N_MASKS, B)
        last = ends - widths
        starts = torch.minimum((draws[1] * (last + 1)).long(), last)
        places = torch.arange(n_places, device=ends.device)[:, None, None]  # (n_places, 1, 1)
        return ((places >= starts) & (places < starts + widths)).any(1)

    def extra_repr(self) -> str:
        """Extra representation for `repr`."""
        return f"time_masking={self.time_masking}, feature_masking={self.feature_masking}"
