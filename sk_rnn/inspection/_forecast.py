"""A forecast of one series: history, forecast, intervals and what followed."""

from collections.abc import Hashable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd

from ..sequences import check_positive, name_kind, plain
from ._estimators import open_estimator
from ._figures import merged, open_axes


class ForecastDisplay:
    """History of one series, its forecast with intervals, and the truth if it is known.

    Create it with :meth:`from_estimator` or :meth:`from_predictions`.

    Parameters
    ----------
    history : Series
        Observed values before the forecast, indexed by their times.
    forecast : Series
        The forecast, indexed by its times.
    intervals : dict, default=None
        Mapping from the coverage, such as 0.9, to an array of shape (n_steps, 2): lower and upper
        ends of the forecast's intervals.
    truth : Series, default=None
        Values that were observed later.
    name : str, default=None
        Name of the series.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        The axes.
    history_line_, forecast_line_ : matplotlib Line2D
        The lines of the history and of the forecast.
    truth_line_ : matplotlib Line2D
        The line of the truth, or None.
    bands_ : list of matplotlib PolyCollection
        The intervals, the widest first.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sk_rnn import RNNForecaster
    >>> from sk_rnn.inspection import ForecastDisplay
    >>> days = pd.date_range("2024-01-01", periods=84, freq="D")
    >>> sales = pd.Series(10.0 + np.arange(84) % 7, index=days)
    >>> model = RNNForecaster(horizon=7, hidden_size=4, max_steps=5, random_state=0)
    >>> model = model.fit(sales.iloc[:-7])
    >>> display = ForecastDisplay.from_estimator(model, y_true=sales.iloc[-7:], n_history=14)
    >>> display.to_frame().columns.tolist()[:3]
    ['history', 'forecast', 'truth']
    >>> figure = display.plot().figure_
    """

    def __init__(
        self,
        *,
        history: pd.Series,
        forecast: pd.Series,
        intervals: dict[float, np.ndarray] | None = None,
        truth: pd.Series | None = None,
        name: str | None = None,
    ) -> None:
        self.history = history
        self.forecast = forecast
        self.intervals = intervals
        self.truth = truth
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        *,
        y_true: Any = None,
        history: Any = None,
        series: Any = None,
        coverage: Any = None,
        n_history: int | None = None,
    ) -> Self:
        """Forecast a series with a fitted RNNForecaster.

        Parameters
        ----------
        estimator : RNNForecaster
            The fitted forecaster, or a pipeline that ends with one.
        X : None, int, index of times, DataFrame or array, default=None
            What to forecast, as in ``RNNForecaster.predict``.
        y_true : series, default=None
            Values that were observed later.
        history : series, default=None
            The observed values, as in ``RNNForecaster.predict``; by default, those that the
            forecaster kept from `fit` and `update`.
        series : object, default=None
            Name or number of the series, by default the first one.
        coverage : float or list of float, default=None
            Probabilities of the intervals; by default, 0.5 and the largest that was trained.
        n_history : int, default=None
            Number of observed values to show; by default, all.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        TypeError, ValueError
            If the estimator does not forecast, or the series is not known.
        """
        caller = f"{cls.__name__}.from_estimator"
        accepted = "a fitted RNNForecaster"
        model, X, _ = open_estimator(estimator, X, caller, accepted, "_forecast_series")
        found = model._forecast_series(X, history, series, coverage, caller)
        past = found["history"]
        if n_history is not None:
            past = _last_values(past, n_history, caller)
        forecast = found["forecast"]
        truth = None
        if y_true is not None:
            truth = _read_truth(y_true, found["name"], forecast, caller)
        name = None if found["name"] is None else str(found["name"])
        return cls(
            history=past, forecast=forecast, intervals=found["intervals"], truth=truth, name=name
        )

    @classmethod
    def from_predictions(
        cls,
        history: Any,
        y_pred: Any,
        *,
        intervals: Any = None,
        y_true: Any = None,
        series: Any = None,
        n_history: int | None = None,
    ) -> Self:
        """Show an existing forecast, of any forecaster.

        Parameters
        ----------
        history : Series, array or container of series
            The observed values.
        y_pred : Series, array or container of series
            The forecast. Without an index, its steps follow the history.
        intervals : DataFrame, array or dict, default=None
            A dict from coverages to DataFrames or arrays of two columns, lower and upper; or a
            single one, with unknown coverage.
        y_true : Series, array or container of series, default=None
            Values that were observed later.
        series : object, default=None
            Name of the series in containers of several: a column of a DataFrame, a key of a dict,
            an id of a Series with ids and times.
        n_history : int, default=None
            Number of observed values to show; by default, all.

        Returns
        -------
        display : ForecastDisplay

        Raises
        ------
        ValueError
            If a container has several series, and `series` is None.
        """
        caller = f"{cls.__name__}.from_predictions"
        past = _one_series(history, series, f"{caller}: history")
        forecast = _after(_one_series(y_pred, series, f"{caller}: y_pred"), past)
        truth = None
        if y_true is not None:
            truth = _read_truth(y_true, series, forecast, caller)
        bands = None
        if intervals is not None:
            given = intervals if isinstance(intervals, Mapping) else {np.nan: intervals}
            bands = {
                float(coverage): _read_band(band, series, len(forecast), caller)
                for coverage, band in given.items()
            }
        if n_history is not None:
            past = _last_values(past, n_history, caller)
        name = None if series is None else str(series)
        return cls(history=past, forecast=forecast, intervals=bands, truth=truth, name=name)

    def plot(self, ax: Any = None, **kwargs: Any) -> Self:
        """Draw the series.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; by default, new ones.
        **kwargs
            Arguments of ``Axes.plot`` for the forecast.

        Returns
        -------
        self
        """
        self.figure_, self.ax_ = open_axes(ax, f"{type(self).__name__}.plot", (7.5, 3.8))
        history, forecast = _drawable(self.history), _drawable(self.forecast)
        (self.history_line_,) = self.ax_.plot(
            history.index, history.to_numpy(), color="black", linewidth=1.2, label="history"
        )
        style: dict[str, Any] = {"label": "forecast", "color": "tab:blue"}
        style["marker"] = "o" if len(forecast) == 1 else None
        (self.forecast_line_,) = self.ax_.plot(
            forecast.index, forecast.to_numpy(), **merged(style, kwargs)
        )
        self.bands_ = []
        color = self.forecast_line_.get_color()
        bands = sorted((self.intervals or {}).items(), reverse=True)
        for i, (coverage, band) in enumerate(bands):
            label = "interval" if np.isnan(coverage) else f"{coverage:.0%} interval"
            times, lower, upper = forecast.index, band[:, 0], band[:, 1]
            if len(times) == 1:  # a band of one step has no width
                drawn = self.ax_.vlines(times, lower, upper, color=color, alpha=0.4, label=label)
            else:
                drawn = self.ax_.fill_between(
                    times,
                    lower,
                    upper,
                    color=color,
                    alpha=0.15 + 0.15 * i,
                    linewidth=0,
                    label=label,
                )
            self.bands_.append(drawn)
        self.truth_line_ = None
        if self.truth is not None:
            truth = _drawable(self.truth)
            (self.truth_line_,) = self.ax_.plot(
                truth.index,
                truth.to_numpy(),
                color="tab:red",
                linestyle="--",
                linewidth=1.2,
                marker="o" if len(truth) == 1 else None,
                label="truth",
            )
        if isinstance(history.index, pd.DatetimeIndex):
            from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

            locator = AutoDateLocator()
            self.ax_.xaxis.set_major_locator(locator)
            self.ax_.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        self.ax_.set_xlabel(str(self.history.index.name or "time"))
        if self.name is not None:
            self.ax_.set_title(self.name, fontsize="medium")
        self.ax_.grid(alpha=0.3)
        self.ax_.legend(fontsize="small")
        return self

    def to_frame(self) -> pd.DataFrame:
        """Return the series as a table.

        Returns
        -------
        table : DataFrame
            Indexed by time, with the columns "history", "forecast", "truth" if it is known, and
            "lower" and "upper" with the coverage, such as "lower 0.9". Values are missing at times
            that a column does not have.
        """
        columns = {"history": self.history, "forecast": self.forecast}
        if self.truth is not None:
            columns["truth"] = self.truth
        for coverage, band in (self.intervals or {}).items():
            suffix = "" if np.isnan(coverage) else f" {coverage:g}"
            for end, values in zip(("lower", "upper"), band.T, strict=True):
                columns[f"{end}{suffix}"] = pd.Series(values, index=self.forecast.index)
        return pd.DataFrame(columns)


def _drawable(series: pd.Series) -> pd.Series:
    """Return a series whose times matplotlib can draw."""
    if isinstance(series.index, pd.PeriodIndex):
        return series.set_axis(series.index.to_timestamp())
    if isinstance(series.index, pd.TimedeltaIndex):
        return series.set_axis(series.index.total_seconds())
    return series


def _last_values(history: pd.Series, n: Any, caller: str) -> pd.Series:
    return history.iloc[-check_positive(n, "n_history", caller) :]


def _one_series(y: Any, series: Any, where: str) -> pd.Series:
    """Return one series of a container."""
    if not isinstance(series, Hashable):
        raise TypeError(f"{where}: series is {name_kind(series)}. Pass the name of one series.")
    several = isinstance(y, pd.DataFrame | Mapping)
    if isinstance(y, pd.Series) and isinstance(y.index, pd.MultiIndex):
        ids = y.index.get_level_values(0)
        if series is None and ids.nunique() == 1:
            series = ids[0]
        if series is not None and series in ids:
            return y.xs(series, level=0)
        several = True
    elif several:
        if series is None and len(y.keys()) == 1:
            series = next(iter(y.keys()))
        if series is not None and series in y:
            y, several = y[series], False
    if several:
        raise ValueError(
            f"{where} has several series, and series={plain(series)}. Pass series= with the name "
            "of one of them."
        )
    if isinstance(y, pd.Series):
        if y.empty:
            raise ValueError(f"{where} is empty. Pass one series.")
        return y
    values = _as_numbers(y, where)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ValueError(f"{where} has shape {values.shape}. Pass one series.")
    if not len(values):
        raise ValueError(f"{where} is empty. Pass one series.")
    return pd.Series(values)


def _as_numbers(values: Any, where: str) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{where} is {name_kind(values)} that does not hold numbers.") from None


def _after(forecast: pd.Series, history: pd.Series) -> pd.Series:
    """Return a forecast whose index follows that of the history, if it has none."""
    if not isinstance(forecast.index, pd.RangeIndex) or forecast.index[0] != 0:
        return forecast
    index = history.index
    n = len(forecast)
    if isinstance(index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex):
        freq: Any = index.freq
        if freq is None and not isinstance(index, pd.PeriodIndex) and len(index) > 2:
            freq = pd.infer_freq(index)
        if freq is None:
            raise ValueError(
                "ForecastDisplay: the forecast has no times, and the times of the history are not "
                "regular. Give the forecast an index of times."
            )
        if isinstance(index, pd.PeriodIndex):
            times: Any = pd.period_range(index[-1] + 1, periods=n, freq=freq)
        elif isinstance(index, pd.TimedeltaIndex):
            times = pd.timedelta_range(index[-1], periods=n + 1, freq=freq)[1:]
        else:
            times = pd.date_range(index[-1], periods=n + 1, freq=freq)[1:]
        return forecast.set_axis(times)
    return forecast.set_axis(np.arange(n) + index[-1] + 1)


def _read_truth(y_true: Any, series: Any, forecast: pd.Series, caller: str) -> pd.Series:
    """Return the truth with the times of the forecast, if it has none."""
    truth = _one_series(y_true, series, f"{caller}: y_true")
    bare = isinstance(truth.index, pd.RangeIndex) and truth.index[0] == 0
    if not bare or truth.index.equals(forecast.index):
        return truth
    if len(truth) > len(forecast):
        raise ValueError(
            f"{caller}: y_true has {len(truth)} values without times, but the forecast has "
            f"{len(forecast)} steps. Pass the same number, or a Series with an index of times."
        )
    return truth.set_axis(forecast.index[: len(truth)])


def _read_band(band: Any, series: Any, n: int, caller: str) -> np.ndarray:
    """Return lower and upper ends of an interval: (n, 2)."""
    if series is not None:
        if not isinstance(band, pd.DataFrame):
            band = band[series] if isinstance(band, Mapping) else band
        elif isinstance(band.index, pd.MultiIndex):
            band = band.xs(series, level=0)
        elif isinstance(band.columns, pd.MultiIndex):
            band = band[series]
    values = _as_numbers(band, f"{caller}: intervals")
    if values.shape != (n, 2):
        raise ValueError(
            f"{caller}: intervals have shape {values.shape}. Pass two columns, lower and upper, "
            f"and one row for each of the {n} steps of the forecast."
        )
    return values
