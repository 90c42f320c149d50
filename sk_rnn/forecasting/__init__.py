"""Time series at regular intervals: reading, calendar features, seasons, windows and output.

The basis of forecasters, without torch. Times are mapped to integers by a :class:`Clock`; series
are stored as a :class:`SeriesSet`, flat arrays without gaps.
"""

from ._backtest import backtest_frame, backtest_windows
from ._baseline import (
    FIRST_GROWTH,
    FIRST_LOGIT,
    OTHER_LOGIT,
    Baseline,
    baseline_terms,
    first_forecast,
    first_weights,
)
from ._calendar import (
    Calendar,
    calendar_features,
    check_calendar,
    choose_calendar,
    make_calendar,
    step_days,
)
from ._checks import check_series
from ._clock import OFF_GRID, Clock, show_duration, show_time
from ._covariates import Columns, Covariates, Encoded
from ._frequency import Rows, find_clock, read_offset, read_times
from ._future import Future, read_future
from ._layout import Layout
from ._matching import read_covariates
from ._reading import read_series
from ._results import give_back, give_back_rows
from ._saved import load_covariates, load_series, save_covariates, save_series
from ._seasons import (
    check_seasons,
    choose_context,
    choose_patch,
    choose_seasons,
    choose_transform,
    is_nonnegative,
    nominal_seasons,
    season_strength,
)
from ._series import SeriesSet, read_weights
from ._table import Table, tabulate
from ._updates import Truth, append_series, read_truth
from ._windows import (
    Normalised,
    Past,
    Windows,
    draw_batches,
    last_windows,
    mean_absolute_difference,
    normalise,
    scale_floor,
    training_windows,
)

__all__ = [
    "FIRST_GROWTH",
    "FIRST_LOGIT",
    "OFF_GRID",
    "OTHER_LOGIT",
    "Baseline",
    "Calendar",
    "Clock",
    "Columns",
    "Covariates",
    "Encoded",
    "Future",
    "Layout",
    "Normalised",
    "Past",
    "Rows",
    "SeriesSet",
    "Table",
    "Truth",
    "Windows",
    "append_series",
    "backtest_frame",
    "backtest_windows",
    "baseline_terms",
    "calendar_features",
    "check_calendar",
    "check_seasons",
    "check_series",
    "choose_calendar",
    "choose_context",
    "choose_patch",
    "choose_seasons",
    "choose_transform",
    "draw_batches",
    "find_clock",
    "first_forecast",
    "first_weights",
    "give_back",
    "give_back_rows",
    "is_nonnegative",
    "last_windows",
    "load_covariates",
    "load_series",
    "make_calendar",
    "mean_absolute_difference",
    "nominal_seasons",
    "normalise",
    "read_covariates",
    "read_future",
    "read_offset",
    "read_series",
    "read_times",
    "read_truth",
    "read_weights",
    "save_covariates",
    "save_series",
    "scale_floor",
    "season_strength",
    "show_duration",
    "show_time",
    "step_days",
    "tabulate",
    "training_windows",
]
