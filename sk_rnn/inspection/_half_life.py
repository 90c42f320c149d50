"""The half-life of gradients: over how many time steps their norm halves."""

import numpy as np

# Gradients below this fraction of the largest one are rounding errors, or underflow.
_LEAST = 1e-14


def half_life(distances: np.ndarray, norms: np.ndarray, weights: np.ndarray) -> float:
    """Return the distance in which norms halve, from a line through their logarithms.

    Parameters
    ----------
    distances, norms, weights : ndarray of shape (n_distances,)

    Returns
    -------
    half_life : float
        Negative if norms grow; infinite if they are constant; NaN with fewer than two of them.
    """
    known = norms > _LEAST * np.max(norms, initial=0.0)
    if known.sum() < 2:
        return np.nan
    x, y = distances[known].astype(np.float64), np.log2(norms[known])
    share = weights[known] / weights[known].sum()
    x, y = x - share @ x, y - share @ y
    slope = (share @ (x * y)) / (share @ (x * x))
    return float(-1.0 / slope) if abs(slope) > 1e-12 else np.inf


def describe_half_life(half: float) -> str:
    """Describe a half-life in a legend."""
    if np.isnan(half):
        return "half-life unknown"
    if half < 0:
        return f"doubles in {-half:.3g} steps"
    return f"half-life {half:.3g} steps" if np.isfinite(half) else "constant"
