"""Metrics for forecasts and prediction intervals."""

from typing import Any

import numpy as np

from ..forecasting import SeriesSet, mean_absolute_difference, read_series
from ..sequences import Float, Int, as_array, plain
from ._series import Outputs, combine, read_pair

_EPS = np.finfo(np.float64).eps


def mean_absolute_scaled_error(
    y_true: Any,
    y_pred: Any,
    y_train: Any,
    season_length: Int = 1,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Mean absolute error relative to that of the seasonal naive forecast in the training data.

    A value below 1 means that the forecasts are better than repeating the previous season is, on
    average, in the training data. Scale-independent and, unlike percentage errors, defined for
    zeros.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs), or several series
        True values, one row per time step. Several series of different lengths are a Series with a
        MultiIndex of ids and times, a dict, a list or a Panel.
    y_pred : array-like of the shape of `y_true`
        Forecasts.
    y_train : array-like of shape (n_train,) or (n_train, n_outputs), or several series
        The series before the forecasts, in the same kind of container as `y_true`. Missing values
        are ignored, and so are missing rows if there is an index of times.
    season_length : int, default=1
        Number of time steps per season, such as 12 for monthly data. With 1, the naive forecast is
        the last value.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows of `y_true`.
    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How errors of several series or outputs are combined: not at all, by their mean, or by a
        mean with these weights.

    Returns
    -------
    loss : float or ndarray of shape (n_outputs,)
        From 0 to infinity; smaller is better. For a constant training series, the error is
        divided by the machine epsilon instead of zero, as in
        :func:`sklearn.metrics.mean_absolute_percentage_error`.

    Raises
    ------
    ValueError
        If shapes or ids differ, values are not finite, or no two values of a training series are
        one season apart.

    Notes
    -----
    With horizon :math:`h`, training series :math:`y_1, \ldots, y_n` and season length :math:`m`,

    .. math::
        \frac{\frac{1}{h} \sum_{t=n+1}^{n+h} |y_t - \hat y_t|}
             {\frac{1}{n-m} \sum_{t=m+1}^{n} |y_t - y_{t-m}|}

    References
    ----------
    Hyndman and Koehler (2006), "Another look at measures of forecast accuracy", International
    Journal of Forecasting 22(4), section 3; with seasons as in the M4 competition: Makridakis,
    Spiliotis and Assimakopoulos (2020), International Journal of Forecasting 36(1).

    Examples
    --------
    >>> from sk_rnn.metrics import mean_absolute_scaled_error
    >>> mean_absolute_scaled_error([5, 6], [5, 7], y_train=[1, 2, 3, 4])
    0.5
    """
    caller = "mean_absolute_scaled_error"
    true, pred, weights = read_pair(y_true, y_pred, sample_weight, caller)
    if isinstance(season_length, bool) or not isinstance(season_length, int | np.integer):
        raise TypeError(f"{caller}: season_length must be an integer; got {plain(season_length)}.")
    if season_length < 1:
        raise ValueError(f"{caller}: season_length must be 1 or more; got {season_length}.")
    scale = _scales(true, y_train, int(season_length), caller)
    errors = true.average(np.abs(true.values - pred), weights)
    return combine(errors / np.maximum(scale, _EPS), multioutput, caller)


def symmetric_mean_absolute_percentage_error(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Mean absolute error relative to the mean magnitude of true value and forecast.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs), or several series
        True values, one row per time step. Several series of different lengths are a Series with a
        MultiIndex of ids and times, a dict, a list or a Panel.
    y_pred : array-like of the shape of `y_true`
        Forecasts.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How errors of several series or outputs are combined: not at all, by their mean, or by a
        mean with these weights.

    Returns
    -------
    loss : float or ndarray of shape (n_outputs,)
        From 0 to 2; smaller is better. A fraction, like
        :func:`sklearn.metrics.mean_absolute_percentage_error`: multiply by 100 for percent. The
        error is zero if both values are zero.

    Raises
    ------
    ValueError
        If shapes or ids differ, or values are not finite.

    Notes
    -----
    .. math::
        \frac{1}{h} \sum_t \frac{2 |y_t - \hat y_t|}{|y_t| + |\hat y_t|}

    Near zero the metric is close to 2 even for small errors, and forecasts that are too low are
    penalised more than those that are too high.

    References
    ----------
    Makridakis (1993), "Accuracy measures: theoretical and practical concerns", International
    Journal of Forecasting 9(4); in this form in the M4 competition: Makridakis, Spiliotis and
    Assimakopoulos (2020), International Journal of Forecasting 36(1).

    Examples
    --------
    >>> from sk_rnn.metrics import symmetric_mean_absolute_percentage_error
    >>> symmetric_mean_absolute_percentage_error([100, 0], [300, 0])
    0.5
    """
    caller = "symmetric_mean_absolute_percentage_error"
    true, pred, weights = read_pair(y_true, y_pred, sample_weight, caller)
    # Halved before they are added, so that the largest floats do not overflow.
    size = np.abs(true.values) / 2 + np.abs(pred) / 2
    error = np.abs(true.values / 2 - pred / 2)
    relative = 2 * np.divide(error, size, out=np.zeros_like(size), where=size > 0)
    return combine(true.average(relative, weights), multioutput, caller)


def mean_interval_score(
    y_true: Any,
    y_pred: Any,
    *,
    coverage: Float = 0.9,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> Any:
    r"""Mean width of prediction intervals, plus a penalty for true values outside of them.

    A proper scoring rule: the expected score is minimal for the true quantiles. Unlike
    :func:`interval_coverage`, it cannot be improved by intervals that are too wide.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs), or several series
        True values, one row per time step.
    y_pred : array-like of shape (n_samples, 2) or (n_samples, n_outputs, 2), or several series
        Lower and upper bounds. In a DataFrame, the columns are the bounds; for several outputs, the
        two bounds of each output are adjacent columns.
    coverage : float, default=0.9
        Probability with which the intervals should contain the true value, between 0 and 1.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How scores of several series or outputs are combined: not at all, by their mean, or by a
        mean with these weights.

    Returns
    -------
    loss : float or ndarray of shape (n_outputs,)
        From 0 to infinity, in the unit of y; smaller is better.

    Raises
    ------
    ValueError
        If shapes or ids differ, values are not finite, or a lower bound is above its upper one.

    Notes
    -----
    For an interval from :math:`l` to :math:`u` of coverage :math:`1 - \alpha`,

    .. math::
        (u - l) + \frac{2}{\alpha} \max(l - y, 0) + \frac{2}{\alpha} \max(y - u, 0)

    References
    ----------
    Gneiting and Raftery (2007), "Strictly proper scoring rules, prediction, and estimation",
    Journal of the American Statistical Association 102(477), equation 43.

    Examples
    --------
    >>> from sk_rnn.metrics import mean_interval_score
    >>> mean_interval_score([1.0, 5.0], [[0.0, 2.0], [0.0, 4.0]], coverage=0.5)
    5.0
    """
    caller = "mean_interval_score"
    true, bounds, weights = _read_intervals(y_true, y_pred, sample_weight, caller)
    if isinstance(coverage, bool) or not isinstance(coverage, int | float | np.number):
        raise TypeError(f"{caller}: coverage must be a number; got {plain(coverage)}.")
    if not 0 < coverage < 1:
        raise ValueError(
            f"{caller}: coverage must be between 0 and 1; got {plain(coverage)}. Pass 0.9 for "
            "intervals of 90 %."
        )
    lower, upper = bounds[..., 0], bounds[..., 1]
    outside = np.maximum(lower - true.values, 0) + np.maximum(true.values - upper, 0)
    scores = (upper - lower) + 2 / (1 - float(coverage)) * outside
    return combine(true.average(scores, weights), multioutput, caller)


def interval_coverage(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> Any:
    """Fraction of true values that lie within their prediction intervals.

    For intervals with a nominal coverage of 0.9, it should be about 0.9: lower values mean that
    they are too narrow, higher values that they are too wide. :func:`mean_interval_score` takes
    both width and coverage into account.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs), or several series
        True values, one row per time step.
    y_pred : array-like of shape (n_samples, 2) or (n_samples, n_outputs, 2), or several series
        Lower and upper bounds. In a DataFrame, the columns are the bounds; for several outputs, the
        two bounds of each output are adjacent columns.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    multioutput : {"raw_values", "uniform_average"} or array-like, default="uniform_average"
        How fractions of several series or outputs are combined: not at all, by their mean, or by a
        mean with these weights.

    Returns
    -------
    coverage : float or ndarray of shape (n_outputs,)
        From 0 to 1. Bounds are included in the interval.

    Raises
    ------
    ValueError
        If shapes or ids differ, values are not finite, or a lower bound is above its upper one.

    References
    ----------
    Christoffersen (1998), "Evaluating interval forecasts", International Economic Review 39(4).

    Examples
    --------
    >>> from sk_rnn.metrics import interval_coverage
    >>> interval_coverage([1.0, 5.0], [[0.0, 2.0], [0.0, 4.0]])
    0.5
    """
    caller = "interval_coverage"
    true, bounds, weights = _read_intervals(y_true, y_pred, sample_weight, caller)
    inside = (bounds[..., 0] <= true.values) & (true.values <= bounds[..., 1])
    return combine(true.average(inside.astype(np.float64), weights), multioutput, caller)


def _read_intervals(
    y_true: Any, y_pred: Any, sample_weight: Any, caller: str
) -> tuple[Outputs, np.ndarray, np.ndarray]:
    true, bounds, weights = read_pair(y_true, y_pred, sample_weight, caller, per_row=2)
    crossed = bounds[..., 0] > bounds[..., 1]
    if crossed.any():
        row, column = np.argwhere(crossed)[0]
        lower, upper = bounds[row, column]
        raise ValueError(
            f"{caller}: y_pred has the lower bound {lower:g} above the upper bound {upper:g} in "
            f"{true.label(int(row), int(column))}. Pass columns in the order lower, upper."
        )
    return true, bounds, weights


def _scales(true: Outputs, y_train: Any, season: int, caller: str) -> np.ndarray:
    """Return the mean absolute seasonal difference of the training series of each output."""
    where = f"{caller}: y_train"
    if true.codes is None and isinstance(y_train, list | tuple):
        y_train = as_array(y_train, where, "Pass an array with one row per time step.")
    train = read_series(y_train, where)
    codes = _train_codes(true, train, where)
    enough = _has_pairs(train, season)
    if not enough[codes].all():
        s = int(codes[np.argmin(enough[codes])])
        label = train.layout.label(s)
        raise ValueError(
            f"{where} has {train.lengths[s]} time steps{f' of {label}' if label else ''}, of which "
            f"no two observed ones are season_length={season} apart. Pass a longer series, or a "
            "smaller season_length."
        )
    return mean_absolute_difference(train, season)[codes]


def _train_codes(true: Outputs, train: SeriesSet, where: str) -> np.ndarray:
    """Return the number of the training series of each output."""
    if true.ids is None:
        if train.n_series != true.n_series:
            raise ValueError(
                f"{where} has {train.n_series} series, but y_true has {true.n_series} outputs. "
                "Pass one training series per output."
            )
        return np.arange(train.n_series)
    codes = train.layout.ids.get_indexer(true.ids)
    if (codes < 0).any():
        raise ValueError(
            f"{where} lacks the series {plain(true.ids[int(np.argmax(codes < 0))])} of y_true. "
            "Pass the training data of each series."
        )
    return codes


def _has_pairs(train: SeriesSet, season: int) -> np.ndarray:
    """Return whether each series has two observed values that are one season apart."""
    observed = ~np.isnan(train.values)
    series = np.repeat(np.arange(train.n_series), train.lengths)
    pairs = observed[season:] & observed[:-season] & (series[season:] == series[:-season])
    return np.bincount(series[season:][pairs], minlength=train.n_series) > 0
