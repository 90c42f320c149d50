"""The output head: from a vector to the outputs."""

from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from ._dropout import Dropout
from ._linear import make_linear

# Batches of predictions are padded to a multiple of this number of rows. torch's matrix products
# use other code paths for one or three rows than for many, and their sums differ in the last bit.
# With multiples of four they do not, so a prediction does not depend on the rest of the batch.
ROW_MULTIPLE = 8


class Moments(NamedTuple):
    """Mean and (biased) variance of features, each (C,)."""

    mean: Tensor
    variance: Tensor


class HeadBatchNorm(nn.BatchNorm1d):
    """BatchNorm1d that also supports batches of a single row, and batches processed in chunks.

    The variance of one row is undefined; it is normalised with the running statistics, which are
    initially the identity.
    """

    def forward(self, x: Tensor, moments: Moments | None = None) -> Tensor:
        """(B, C) to (B, C), with the moments of the whole batch if ``x`` is a chunk of it."""
        if moments is not None:
            scale = torch.rsqrt(moments.variance + self.eps) * self.weight
            return (x - moments.mean) * scale + self.bias
        if self.training and x.shape[0] == 1:
            return batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)

    def track(self, moments: Moments, n_rows: int) -> None:
        """Update the running statistics with a batch that was normalised in chunks."""
        momentum = cast(float, self.momentum)
        unbiased = moments.variance * (n_rows / (n_rows - 1))
        cast(Tensor, self.num_batches_tracked).add_(1)
        cast(Tensor, self.running_mean).lerp_(moments.mean, momentum)
        cast(Tensor, self.running_var).lerp_(unbiased, momentum)


NORMS = {"batch": HeadBatchNorm, "layer": nn.LayerNorm}


class Head(nn.Module):
    """Norm, dropout and a linear layer.

    Parameters
    ----------
    n_features, n_outputs : int
        Sizes.
    norm : {"batch", "layer"} or None
        Normalisation of the features.
    norm_eps : float
        Added to the variances by the norm.
    dropout : float in [0, 1)
        Dropout of the features.
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        norm: str | None,
        norm_eps: float = 1e-5,
        dropout: float,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.norm = NORMS[norm](n_features, eps=norm_eps) if norm else nn.Identity()
        self.dropout = Dropout(dropout)
        self.linear = make_linear(n_features, n_outputs, generator)

    def forward(self, x: Tensor, moments: Moments | None = None) -> Tensor:
        """(B, n_features) to (B, n_outputs); for ``moments`` see `HeadBatchNorm`.

        In evaluation mode, the batch is padded to a multiple of `ROW_MULTIPLE` rows.
        """
        x = self.norm(x) if moments is None else self.norm(x, moments)
        n_missing = -len(x) % ROW_MULTIPLE
        if self.training or not n_missing:
            return self.linear(self.dropout(x))
        filled = torch.cat([x, x[-1:].expand(n_missing, -1)])
        return self.linear(filled)[: len(x)]
