"""Parts of `RNNForecaster`: what is known about the series, forecasts, and "auto" values."""

from ._autos import (
    auto_lr,
    first_effects,
    first_offsets,
    n_independent,
    plan_windows,
    residual_share,
)
from ._backtest import Fold, check_refit, folds, known_until
from ._known import Known, Past
from ._parameters import (
    CONSTRAINTS,
    STRUCTURE,
    TOL,
    advice,
    check_coverage,
    check_forecaster,
    check_quantiles,
    choose_unit,
    context_of,
)
from ._scores import skill, surprise
from ._steps import (
    continued,
    cut_after,
    filled,
    hold_out,
    index_of,
    separate,
    steps_after,
    without_future,
)
from ._target import ForecastTarget

__all__ = [
    "CONSTRAINTS",
    "STRUCTURE",
    "TOL",
    "Fold",
    "ForecastTarget",
    "Known",
    "Past",
    "advice",
    "auto_lr",
    "check_coverage",
    "check_forecaster",
    "check_quantiles",
    "check_refit",
    "choose_unit",
    "context_of",
    "continued",
    "cut_after",
    "filled",
    "first_effects",
    "first_offsets",
    "folds",
    "hold_out",
    "index_of",
    "known_until",
    "n_independent",
    "plan_windows",
    "residual_share",
    "separate",
    "skill",
    "steps_after",
    "surprise",
    "without_future",
]
