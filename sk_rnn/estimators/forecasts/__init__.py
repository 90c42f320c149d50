"""Parts of `RNNForecaster`: what is known of the series, forecasts, and what "auto" stands for."""

from ._autos import (
    auto_lr,
    first_effects,
    first_offsets,
    n_independent,
    plan_windows,
    residual_share,
)
from ._known import Known, State
from ._parameters import (
    CONSTRAINTS,
    STRUCTURE,
    TOL,
    advice,
    check_forecaster,
    check_quantiles,
    choose_unit,
    context_of,
)
from ._steps import continued, cut_after, filled, hold_out, index_of, without_future
from ._target import ForecastTarget

__all__ = [
    "CONSTRAINTS",
    "STRUCTURE",
    "TOL",
    "ForecastTarget",
    "Known",
    "State",
    "advice",
    "auto_lr",
    "check_forecaster",
    "check_quantiles",
    "choose_unit",
    "context_of",
    "continued",
    "cut_after",
    "filled",
    "first_effects",
    "first_offsets",
    "hold_out",
    "index_of",
    "n_independent",
    "plan_windows",
    "residual_share",
    "without_future",
]
