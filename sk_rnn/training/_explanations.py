"""Why outputs are not finite: sequences far from the training data, or large weights."""

import numpy as np
from torch import nn

from ..sequences import Spans, Standardisation
from ._callbacks import largest_weight

# Number of values that are compared at a time.
_BLOCK_VALUES = 1 << 20


def explain_infinite(
    spans: Spans, scaling: Standardisation | None, module: nn.Module, advice: str
) -> str:
    """Return an error message for outputs that are not finite.

    Parameters
    ----------
    spans : Spans
        The sequences.
    scaling : Standardisation or None
        Their standardisation.
    module : torch.nn.Module
        The network.
    advice : str
        Which parameters to change if its weights are too large.
    """
    place = _farthest_value(spans, scaling) if scaling is not None else None
    if place is None:
        return (
            f"{spans.where}: the network's outputs are not finite for some of these "
            f"sequences: its weights, up to {largest_weight(module):.3g}, overflow. "
            f"Refit. {advice}"
        )
    return (
        f"{spans.where}{place}: the network's outputs are not finite. If it encodes a "
        "missing value, impute it; otherwise clip such values."
    )


def _farthest_value(spans: Spans, scaling: Standardisation) -> str | None:
    """Locate the number that is farthest from the training data, if it is an extreme outlier.

    A network does not overflow at a thousand standard deviations, but it may at a billion.
    """
    farthest, place = 1e9, None
    for block, steps in spans.blocks(_BLOCK_VALUES):
        distance = np.abs(scaling.apply(steps, np.dtype(np.float64)))
        position, feature = np.unravel_index(int(distance.argmax()), distance.shape)
        if distance[position, feature] > farthest:
            farthest = distance[position, feature]
            sample, step = spans.locate(block, int(position))
            place = (
                f"[{sample}] has {steps[position, feature]:g} "
                f"{spans.place(step, int(feature))}, {farthest:.3g} standard deviations from the "
                "mean of the training data"
            )
    return place
