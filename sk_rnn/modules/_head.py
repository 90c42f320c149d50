"""From a vector to the outputs."""

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from ._dropout import Dropout
from ._linear import make_linear


class HeadBatchNorm(nn.BatchNorm1d):
    """BatchNorm1d that trains on a single row too.

    One row has no variance of its own; it is normalised with the running statistics, which at the
    start leave it as it is.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C) to (B, C)."""
        if self.training and x.shape[0] == 1:
            return batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)


NORMS = {"batch": HeadBatchNorm, "layer": nn.LayerNorm}


class Head(nn.Module):
    """Norm, dropout and a linear layer.

    Parameters
    ----------
    n_features, n_outputs : int
        Sizes.
    norm : {"batch", "layer"} or None
        Normalisation of the features.
    dropout : float in [0, 1)
        Dropout of the features.
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        norm: str | None,
        dropout: float,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.norm = NORMS[norm](n_features) if norm else nn.Identity()
        self.dropout = Dropout(dropout)
        self.linear = make_linear(n_features, n_outputs, generator)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_features) to (B, n_outputs)."""
        return self.linear(self.dropout(self.norm(x)))
