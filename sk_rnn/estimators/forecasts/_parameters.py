"""Parameters of a forecaster: constraints, and checks that these cannot express."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils._param_validation import StrOptions

from ...forecasting import SeriesSet, check_seasons, choose_transform
from ...modules import CELLS, find_cell
from ...sequences import IntegerFrom, plain
from .._parameters import COMPUTE, NETWORK, TRAINING, Constraints, check_objects

_auto = StrOptions({"auto"})
_positive_int = IntegerFrom(1)

CONSTRAINTS: Constraints = {
    **{name: NETWORK[name] for name in ("hidden_size", "num_layers", "dropout")},
    **{name: kept for name, kept in TRAINING.items() if name not in ("max_epochs", "tol", "lr")},
    **COMPUTE,
    "lr": [*TRAINING["lr"], _auto],
    "horizon": [_positive_int],
    "context": [_positive_int, _auto],
    "target_transform": [StrOptions({"auto", "log"}), None],
    "nonnegative": ["boolean", _auto],
    "loss": [StrOptions({"quantile", "squared_error"})],
    "n_networks": [_positive_int],
    "series_embedding": [_positive_int, None],
    "cell": [StrOptions(set(CELLS))],
    "max_steps": [_positive_int, _auto],
    # Of many kinds, which their own checks explain.
    "season_length": [object],
    "past_features": [object],
    "calendar": [object],
    "quantiles": [object],
    "freq": [object],
}

# Parameters that must not change while training continues.
STRUCTURE = (
    "horizon", "context", "season_length", "calendar", "target_transform", "loss", "quantiles",
    "n_networks", "series_embedding", "cell", "hidden_size", "num_layers", "dropout", "precision",
)  # fmt: skip

# Tolerance of a validation score.
TOL = 1e-4


def check_quantiles(quantiles: Any, caller: str, *, low: float = 0.0, high: float = 1.0) -> Any:
    """Return quantiles as floats.

    Parameters
    ----------
    quantiles : float or sequence of float
    caller : str
        For error messages.
    low, high : float
        The range of those that are trained, both included; by default all between 0 and 1.
    """
    trained = (low, high) != (0.0, 1.0)
    advice = "Pass numbers between 0 and 1, such as (0.1, 0.5, 0.9)."
    if trained:
        advice = f"Pass numbers from {low} to {high}, or fit with quantiles that include it."
    try:
        values = np.atleast_1d(np.asarray(quantiles, dtype=object))
    except ValueError:
        values = np.empty((0, 0), dtype=object)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{caller}: quantiles={plain(quantiles)} is not a list. {advice}")
    for value in values.tolist():
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not 0 < value < 1:
            raise ValueError(f"{caller}: quantiles has {plain(value)}. {advice}")
        if trained and not low - 1e-9 <= value <= high + 1e-9:
            raise ValueError(
                f"{caller}: quantiles has {plain(value)}, but the model was trained on quantiles "
                f"from {low} to {high}, and cannot forecast others. {advice}"
            )
    return np.clip(values.astype(np.float64), low, high) if trained else values.astype(np.float64)


def check_coverage(coverage: Any, grid: list[float], caller: str) -> tuple[float, float]:
    """Return the two quantiles of an interval.

    Parameters
    ----------
    coverage : float
    grid : list of float
        Quantiles that are trained, sorted.
    caller : str
        For error messages.
    """
    most = round(1 - 2 * max(grid[0], 1 - grid[-1]), 12)
    number = isinstance(coverage, int | float | np.number) and not isinstance(coverage, bool)
    if not number or not 0 < coverage <= most + 1e-9:
        raise ValueError(
            f"{caller}: coverage={plain(coverage)} is not between 0 and {most}, the widest "
            f"interval of the quantiles that were trained, {grid[0]} to {grid[-1]}. Pass a smaller "
            "one, or fit with more extreme quantiles."
        )
    outside = (1 - float(coverage)) / 2
    return outside, 1 - outside


def check_forecaster(params: Mapping[str, Any], caller: str) -> None:
    """Refuse parameters that contradict each other."""
    check_objects(params, caller)
    check_quantiles(params["quantiles"], caller)
    if params["season_length"] != "auto" if isinstance(params["season_length"], str) else True:
        check_seasons(params["season_length"], caller)


def choose_unit(params: Mapping[str, Any], data: SeriesSet, caller: str) -> str | None:
    """Return the transform: "log" or None."""
    transform = params["target_transform"]
    if transform == "auto":
        # The exponential of a mean of logarithms is not a mean.
        return None if params["loss"] == "squared_error" else choose_transform(data)
    if transform == "log" and (data.values <= 0).any():
        value = data.values[np.argmax(data.values <= 0)]
        raise ValueError(
            f"{caller}: target_transform='log' needs positive values, but y has {value:g}. Pass "
            "target_transform='auto' or None."
        )
    return transform


def context_of(
    params: Mapping[str, Any], patch: int, seasons: tuple[int, ...], automatic: int, caller: str
) -> int:
    """Return the steps that are read: a multiple of the patch."""
    if params["context"] == "auto":
        return automatic
    context = patch * math.ceil(params["context"] / patch)
    if seasons and seasons[-1] > context and params["season_length"] != "auto":
        raise ValueError(
            f"{caller}: context={params['context']} is shorter than a season of "
            f"{seasons[-1]} steps (season_length={plain(params['season_length'])}). Pass a longer "
            "context, or a shorter season."
        )
    return context


def advice(params: Mapping[str, Any]) -> str:
    """Suggest what to change if the loss is no longer finite."""
    text = f"Lower lr (lr={params['lr']})"
    if params["gradient_clip"] is None:
        text += ", set gradient_clip=1.0 (gradient_clip=None)"
    if not find_cell(params["cell"]).bounded:
        text += f", or use a gated cell (cell={params['cell']!r})"
    return text + "."
