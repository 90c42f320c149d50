"""Scores of forecasts, and of observations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...forecasting import Windows, give_back_rows, read_future, read_series, read_truth
from ...sequences import check_sample_weights
from ._known import Known, Past
from ._steps import index_of
from ._target import ForecastTarget

_EPS = np.finfo(np.float64).eps


def skill(
    X: Any,
    y: Any,
    sample_weight: Any,
    known: Known,
    forecast: Callable[[Past, int], np.ndarray],
    caller: str,
) -> float:
    """Return 1 - mean absolute scaled error of the forecasts of y.

    Parameters
    ----------
    X, y, sample_weight : see `RNNForecaster.score`
    known : Known
    forecast : callable
        Forecasts of the next steps, (n_series, n_steps), given the past and the number of steps.
    caller : str
        For error messages.
    """
    past = known.current()
    truth = read_truth(y, past.data, f"{caller}: y", index=index_of(X))
    if len(truth.values) == 0:
        raise ValueError(
            f"{caller}: y has no observed value to compare with. Pass at least one number."
        )
    n_steps = int(truth.ahead.max())
    if known.covariates is not None:
        # Without X the message names what is needed.
        asked, where = (n_steps, caller) if X is None else (X, f"{caller}: X")
        future = read_future(asked, past.data, known.horizon, where, covariates=past.covariates)
        past = past._replace(covariates=future.covariates)
    found = forecast(past, n_steps)
    errors = np.abs(found[truth.series, truth.ahead - 1] - truth.values)
    errors /= np.maximum(known.naive_error[truth.series], _EPS)
    weights = np.ones(len(errors))
    if sample_weight is not None:
        n_rows = len(y) if hasattr(y, "__len__") else int(truth.rows.max()) + 1
        checked = check_sample_weights(sample_weight, n_rows, caller, noun="row", purpose="score")
        weights = checked[truth.rows]
    total = np.bincount(truth.series, weights)
    there = total > 0
    means = np.bincount(truth.series, weights * errors)[there] / total[there]
    return 1 - float(means.mean())


def surprise(
    X: Any,
    y: Any,
    known: Known,
    target: ForecastTarget,
    forecast: Callable[[Windows, Past], np.ndarray],
    caller: str,
) -> Any:
    """Return how likely each observation is, given the previous ones.

    Parameters
    ----------
    X, y : see `RNNForecaster.score_samples`
    known : Known
    target : ForecastTarget
    forecast : callable
        Forecasts of the first step after windows, (n_windows, n_outputs), before they are finished.
    caller : str
        For error messages.
    """
    given = read_series(y, f"{caller}: y", freq=known.data.clock, index=index_of(X))
    truth = known.scored(given)
    past = known.read(y, X, caller, scored=True)
    data = past.data
    series = np.repeat(np.arange(data.n_series), data.lengths)
    step = np.arange(len(data.values)) - data.offsets[series]
    before = np.cumsum(~np.isnan(data.values))
    before -= np.r_[0, before][data.offsets[:-1]][series]
    following = np.r_[series[1:] == series[:-1], False] if len(series) else series > 0
    # As in training: with fewer values, the network would have to guess.
    there = following & (before >= 2 * known.patch)
    there[:-1] &= ~np.isnan(truth[1:])
    origins = np.flatnonzero(there)
    scores = np.full(len(data.values), np.nan)
    if len(origins):
        windows = Windows(
            data, known.context, known.horizon, series[origins], step[origins], past.values
        )
        scores[origins + 1] = target.log_rarity(truth[origins + 1], forecast(windows, past))
    return give_back_rows(scores, given)
