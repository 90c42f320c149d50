"""Learning-rate schedules: the factor of ``lr`` as a function of progress from 0 to 1."""

import math
from collections.abc import Callable

Schedule = Callable[[float], float]

WARM_UP = 0.2


def one_cycle(progress: float) -> float:
    """Cosine warm-up from 1/25 over the first fifth, then cosine annealing to almost zero.

    Smith & Topin (2019), "Super-convergence", with the shape and the 1/25 and 1e-4 of torch's
    OneCycleLR, but without cycling the momentum, so that ``optimizer__betas`` is constant.
    """
    if progress < WARM_UP:
        return _cosine(1 / 25, 1.0, progress / WARM_UP)
    return _cosine(1.0, 1e-4 / 25, (progress - WARM_UP) / (1.0 - WARM_UP))


def cosine(progress: float) -> float:
    """Cosine annealing from 1 to 0 (Loshchilov & Hutter, 2017, "SGDR", without restarts)."""
    return _cosine(1.0, 0.0, progress)


def linear(progress: float) -> float:
    """Linear decay from 1 to 0."""
    return 1.0 - progress


def _cosine(start: float, end: float, share: float) -> float:
    return end + 0.5 * (start - end) * (1.0 + math.cos(math.pi * share))


# "constant" has no entry: the rate is not set, so that a callback may change it.
SCHEDULES: dict[str, Schedule] = {"one_cycle": one_cycle, "cosine": cosine, "linear": linear}
