"""Weights in the layout of the kernels."""

from typing import Any, NamedTuple


class DirectionWeights(NamedTuple):
    """Weights of one direction, in the shapes and the gate order of torch.nn.RNNBase.

    Tensors, or arrays inside the kernels. G is the width of all gates: 1, 3 or 4 times the hidden
    size H.
    """

    weight_ih: Any  # (G, F)
    weight_hh: Any  # (G, H)
    bias_ih: Any  # (G,)
    bias_hh: Any  # (G,)
