"""Weights in the layout of the kernels."""

from typing import NamedTuple

from torch import Tensor


class DirectionWeights(NamedTuple):
    """Weights of one direction, in the shapes and the gate order of torch.nn.RNNBase.

    G is the width of all gates: 1, 3 or 4 times the hidden size H.
    """

    weight_ih: Tensor  # (G, F)
    weight_hh: Tensor  # (G, H)
    bias_ih: Tensor  # (G,)
    bias_hh: Tensor  # (G,)
