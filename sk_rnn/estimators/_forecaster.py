"""RNNForecaster."""

from typing import Any, Literal, Self, Unpack

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..forecasting import give_back
from ..sequences import Float, Int, RandomState, fit_context
from ._forecasting import BaseForecaster
from ._types import Auto, Backend, Callbacks, Extras, Optimizer, Precision, Schedule
from .forecasts import check_coverage

Cell = Literal["gru", "lstm", "rnn_tanh", "rnn_relu"]


class RNNForecaster(RegressorMixin, BaseForecaster):
    """Forecaster for one or many time series, with covariates and prediction intervals.

    Rows are time steps. ``fit(y)`` trains one model on all series in y; ``predict()`` returns their
    next values, in the same kind of container as y, indexed by the times that follow. Covariates
    are passed as X, as to any regressor: ``fit(X, y)``, and ``predict(X)`` with the rows to
    forecast. Series need not be scaled, differenced or imputed.

    Parameters
    ----------
    horizon : int, default=1
        Number of time steps that are forecast together. `predict` can return fewer or more.

    context : int or "auto", default="auto"
        Number of time steps that are read before each forecast, rounded up to whole patches (see
        the notes). "auto" uses 2 to 14 patches, up to a third of the median series, and at least
        the longest season.

    season_length : "auto", None, int or list of int, default="auto"
        Time steps per season, from short to long: ``[24, 168]`` for hourly data with a daily and a
        weekly season. "auto" uses the usual seasons of the frequency (12 for monthly, 7 for daily,
        24 and 168 for hourly data) if the autocorrelation of the first differences at the lag of
        the shortest one exceeds 0.2; longer ones only if the median series is at least four times
        as long. Without dates, "auto" uses none.

    past_features : label, int or list of these, default=None
        Columns of X that are not known in advance, by name or position. They are read up to the
        last observation, and may be missing in the rows to forecast.

    calendar : "auto", None or list of str, default="auto"
        Calendar features, among "hour", "dayofweek", "dayofyear" and "month". "auto" uses the day
        of the year and of the week for daily data, the day of the year for weekly data and the
        month for monthly data; for hourly data, the hour and the day of the week, but nothing if
        there is a season. Requires dates.

    target_transform : "auto", "log" or None, default="auto"
        "log" models the logarithms of the values, for positive series that change by percentages.
        "auto" does so if all values are positive and, in 90 % of the series, the smallest is over
        1 % of the median, unless ``loss="squared_error"``.

    nonnegative : bool or "auto", default="auto"
        Whether negative forecasts are set to zero. "auto" does so if no value in `fit` is negative.

    loss : {"quantile", "squared_error"}, default="quantile"
        Loss of the point forecast: "quantile" forecasts the median, which minimises the absolute
        error, "squared_error" the mean. Quantiles are trained with either.

    quantiles : sequence of float, default=(0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
        Quantiles to train; 0.5 is always added. Quantiles between them are interpolated.

    n_networks : int, default=3
        Number of networks with different initial weights, whose forecasts are averaged.

    series_embedding : int or None, default=None
        Size of an embedding vector that is learned for each series, for series that react
        differently to the same covariates. Series that were not in `fit` get the mean of the
        vectors. If None, series differ only in their values and covariates.

    freq : pandas offset, str, int or None, default=None
        Frequency of the times. If None, it is inferred from the index.

    cell : {"gru", "lstm", "rnn_tanh", "rnn_relu"}, default="gru"
        Type of the recurrent cell. User-defined cells are not supported, because the decoder starts
        from the state of the encoder.

    hidden_size : int, default=64
        Size of the hidden state.

    num_layers : int, default=1
        Number of stacked recurrent layers.

    dropout : float in [0, 1), default=0.3
        Dropout probability between recurrent layers and before the output layer during training.

    optimizer : {"adamw", "adam", "nadam", "radam", "rmsprop", "sgd"} or type, default="adamw"
        The optimizer, by name or as a subclass of `torch.optim.Optimizer`. Its arguments are set as
        ``optimizer__…``, for example ``optimizer__betas=(0.9, 0.99)``.

    lr : float or "auto", default="auto"
        Learning rate; with a schedule, the maximum learning rate. The parameters of the baseline
        use five times this rate. "auto" uses 3e-3, or 1e-3 with fewer than 20 non-overlapping
        windows.

    lr_schedule : {"one_cycle", "cosine", "linear", "constant"} or callable, default="one_cycle"
        Learning rate schedule. "one_cycle" increases the rate during the first fifth of training
        and then decreases it to almost zero (Smith & Topin, 2019); "cosine" and "linear" decrease
        it from the start. A callable takes the progress of training in [0, 1] and returns the
        factor by which `lr` is multiplied. `partial_fit` always uses "constant".

    weight_decay : float, default=0.01
        Weight decay of the weight matrices (Loshchilov & Hutter, 2019). Biases and the weights of
        normalisation layers are not decayed.

    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient over all weights; larger gradients are rescaled to it (Pascanu,
        Mikolov & Bengio, 2013). If None, gradients are not clipped.

    max_steps : int or "auto", default="auto"
        Number of optimizer steps, rounded down so that all epochs have the same number of steps, at
        most 50. "auto" uses 100 for up to 1,000 windows, 1,300 for 300,000, and at most 2,000.

    batch_size : int or "auto", default="auto"
        Number of windows per training step. "auto" uses 128, or 32 with fewer than 500 windows.

    early_stopping : bool, default=False
        Whether to hold out the last windows of each series, stop training when their loss no longer
        improves, and keep the best weights.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the time steps of each series to hold out for early stopping, at least the
        `horizon`.

    n_iter_no_change : int or "auto", default="auto"
        Number of epochs (of up to 50 steps) without an improvement after which early stopping ends
        the training. "auto" uses half of the epochs, but at least 5.

    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous call.

    callbacks : list, tuple or None, default=None
        skorch callbacks, or pairs (name, callback). `fit` uses shallow copies of them; objects that
        a callback refers to, such as an Optuna trial, are not copied. Arguments are set as
        ``callbacks__name__…``. Scoring callbacks receive numbers in the standardised units of each
        window.

    device : str, default="auto"
        Device of the network, for example "cpu", "cuda", "cuda:1" or "mps". "auto" selects CUDA if
        it is available, and the CPU otherwise.

    precision : {"float32", "float64", "bf16"}, default="float32"
        Floating point precision. "bf16" runs matrix multiplications in bfloat16 (faster on recent
        GPUs, slower on most CPUs) and keeps weights in float32; "float64" is meant for checking.

    backend : {"auto", "torch", "numba"}, default="auto"
        Implementation of the recurrent layers. "numba" uses the compiled kernels of this package,
        which are several times faster than torch on a CPU. They require Numba, which is installed
        with this package, and are compiled when they are first used on a machine, which takes a few
        seconds. "auto" selects them wherever they are supported: with Numba, on a CPU, for the
        built-in cells, unless ``precision="bf16"``. The selected backend is ``net_.backend``.

    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the windows that are drawn and dropout. Pass an int for
        results that are reproducible across calls: bit for bit on the same machine with the same
        number of threads.

    verbose : int or bool, default=0
        Verbosity level. 1 shows a progress bar in terminals and notebooks, and about ten lines
        elsewhere; 2 prints one line per epoch. The last line reports how training ended.

    **extras : dict
        Parameters with double underscores, as in skorch: ``optimizer__…``, ``callbacks__…`` and
        ``module__forget_bias`` (the initial bias of the forget gate of an LSTM, by default 1, or of
        the update gate of a GRU, by default 0).

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of X; without X, the number of columns of y, or 1 if y is not a table.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of these columns. Only defined if they are all strings.
    series_names_in_ : ndarray of shape (n_series,)
        Names of the series: ids, columns or keys.
    freq_ : str, int or None
        Frequency of the times.
    season_length_ : tuple of int
        The seasons used, from short to long, in time steps.
    context_ : int
        Time steps that are read before each forecast.
    patch_ : int
        Time steps per step of the network.
    target_transform_ : "log" or None
        Transform of the values.
    end_ : object
        Time of the last observation; for several series that can end at different times, a Series
        with one time per id.
    n_missing_ : int
        Number of missing values in `fit`, including missing rows.
    n_windows_ : int
        Number of windows that were trained on.
    n_steps_ : int
        Number of optimizer steps.
    n_iter_ : int
        Number of epochs of up to 50 steps.
    loss_curve_ : list of float
        Mean training loss of each epoch, in the standardised units of each window.
    validation_curve_ : list of float or None
        Negative validation loss after each epoch; None without early stopping.
    best_epoch_ : int
        Epoch, counted from 1, whose weights were kept: the best one with early stopping, otherwise
        the last one with a finite loss.
    base_weights_ : DataFrame
        Weights of the baseline's components in each part of the horizon: the value one season ago,
        the last value and the mean of the window.
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        The trained module.
    device_ : str
        Device of the network, which can be moved with `to`.

    See Also
    --------
    sk_rnn.model_selection.ForecastSplit : Cross-validation that splits many series by time.
    sk_rnn.preprocessing.make_windows : Windows for other estimators.

    Notes
    -----
    Each window of `context_` values is centred and scaled separately and read in patches of one
    season. From the state after the last patch, the decoder takes one step per patch of the
    horizon. Each step returns all quantiles of its patch, so errors do not accumulate within the
    horizon. The outputs are added to a baseline with few parameters: a weighted mean of the values
    one season ago (adjusted for growth), the last value and the mean of the window. Before
    training, the forecast equals this baseline; with few windows, the network adds little to it.
    Covariates that are known in advance also have a direct effect on each step, which starts at
    that of a ridge regression.

    Beyond `horizon`, forecasts are fed back as if they were observations, block by block; quantiles
    there are too narrow, and a warning is issued. Quantiles are marginal, for single steps: those
    of a sum over several steps differ.

    On a random walk, such as a price or an exchange rate, no method beats the last value, and this
    one is a few percent worse. A series of ten values is forecast almost entirely by the baseline.

    References
    ----------
    Lin, S., Lin, W., Wu, W., Zhao, F., Mo, R. & Zhang, H. (2023). SegRNN: Segment recurrent neural
    network for long-term time series forecasting. arXiv:2308.11200. (patches, parallel decoder)

    Kim, T. et al. (2022). Reversible instance normalization for accurate time-series forecasting
    against distribution shift. ICLR.

    Examples
    --------
    A monthly series that grows, and an interval for the next months:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sk_rnn import RNNForecaster
    >>> months = pd.date_range("2015-01", periods=96, freq="MS")
    >>> season = 1 + 0.3 * np.sin(np.arange(96) * np.pi / 6)
    >>> sold = pd.Series(np.linspace(100, 200, 96) * season, months, name="sold")
    >>> model = RNNForecaster(horizon=12, random_state=0).fit(sold[:84])
    >>> model.predict().index[[0, -1]].strftime("%Y-%m").tolist()
    ['2022-01', '2022-12']
    >>> bool(model.score(sold[84:]) > 0.5)
    True
    >>> model.predict_interval(3, coverage=0.8).columns.tolist()
    ['lower', 'upper']
    """

    def __init__(
        self,
        horizon: Int = 1,
        *,
        context: Int | Auto = "auto",
        season_length: Int | list[int] | tuple[int, ...] | Auto | None = "auto",
        past_features: Any = None,
        calendar: list[str] | tuple[str, ...] | Auto | None = "auto",
        target_transform: Literal["auto", "log"] | None = "auto",
        nonnegative: bool | Auto = "auto",
        loss: Literal["quantile", "squared_error"] = "quantile",
        quantiles: Any = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
        n_networks: Int = 3,
        series_embedding: Int | None = None,
        freq: Any = None,
        cell: Cell = "gru",
        hidden_size: Int = 64,
        num_layers: Int = 1,
        dropout: Float = 0.3,
        optimizer: Optimizer = "adamw",
        lr: Float | Auto = "auto",
        lr_schedule: Schedule = "one_cycle",
        weight_decay: Float = 0.01,
        gradient_clip: Float | None = 1.0,
        max_steps: Int | Auto = "auto",
        batch_size: Int | Auto = "auto",
        early_stopping: bool = False,
        validation_fraction: Float = 0.1,
        n_iter_no_change: Int | Auto = "auto",
        warm_start: bool = False,
        callbacks: Callbacks | None = None,
        device: str = "auto",
        precision: Precision = "float32",
        backend: Backend = "auto",
        random_state: RandomState = None,
        verbose: int = 0,
        **extras: Unpack[Extras],
    ) -> None:
        self.horizon = horizon
        self.context = context
        self.season_length = season_length
        self.past_features = past_features
        self.calendar = calendar
        self.target_transform = target_transform
        self.nonnegative = nonnegative
        self.loss = loss
        self.quantiles = quantiles
        self.n_networks = n_networks
        self.series_embedding = series_embedding
        self.freq = freq
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose
        self._set_extras(extras)

    def __sklearn_tags__(self) -> Tags:
        """Declare missing values, several series, and that X holds the future in predict."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = False
        tags.target_tags.multi_output = True
        assert tags.regressor_tags is not None
        tags.regressor_tags.poor_score = True
        return tags

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, *, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Fit the model to series, and covariates if there are any.

        Parameters
        ----------
        X : covariates, or the series if y is None
            Covariates: a DataFrame or a 2-D array with the same rows as y. Columns are known in
            advance, except `past_features`. Those of dtype category, string, object or bool are
            categories. For several series, X has the same index as y, or an index of times, and
            then all series share it. A DataFrame without columns, ``y.to_frame()[[]]``, provides
            only the times of y.
        y : series, default=None
            A Series with an index of times; a DataFrame with one column per series; a Series with a
            MultiIndex of ids and times; a dict or list of Series or 1-D arrays; a `Panel` of one
            feature; a 1-D array, or a 2-D array of shape (n_timesteps, n_series). Missing values
            and missing rows are allowed. If None, X is the series.
        sample_weight : array-like of shape (n_rows,), default=None
            Weight of each row of y in the loss. Rows with a weight of zero are inputs, but not
            targets.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If times are not regular, rows of X and y differ, or all series are too short.

        Warns
        -----
        UserWarning
            If some series are too short to train on, or most values are missing.
        """
        resume = self.warm_start and hasattr(self, "net_")
        return self._fit(X, y, sample_weight, resume=resume)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Append observations, and train for one epoch on the windows that forecast them.

        Parameters
        ----------
        X : covariates, or the values if y is None
            As in `update`.
        y : series, default=None
            New observations. If the model is not fitted, it is fitted to them.

        Returns
        -------
        self
        """
        return self._partial_fit(X, y)

    def predict(self, X: Any = None, *, history: Any = None) -> Any:
        """Forecast the next values of the series.

        Parameters
        ----------
        X : None, int, index of times, DataFrame or array, default=None
            What to forecast, always after the last observation: the next `horizon` steps if None; a
            number of steps; times; or rows, with the covariates that are known in advance. Rows of
            an array are the next time steps.
        history : series, default=None
            Forecast these series, in any container that `fit` accepts, instead of those of `fit`
            and `update`; with covariates, ``(X_past, y_past)``.

        Returns
        -------
        y : object
            Medians, or means with ``loss="squared_error"``, in the same kind of container as the
            series: a Series, a DataFrame with one column per series, a Series with ids and times, a
            dict, a list, a Panel or an array.

        Raises
        ------
        ValueError
            If X begins before the last observation, or covariates are missing.
        """
        check_is_fitted(self)
        past, future, forecasts = self._forecast_rows(X, history, f"{type(self).__name__}.predict")
        return give_back(self._target.central(self._target.finish(forecasts)), future, past.data)

    def predict_quantiles(
        self, X: Any = None, quantiles: Any = (0.1, 0.5, 0.9), *, history: Any = None
    ) -> Any:
        """Forecast quantiles.

        Parameters
        ----------
        X : None, int, index of times, DataFrame or array, default=None
            What to forecast, as in `predict`.
        quantiles : float or sequence of float, default=(0.1, 0.5, 0.9)
            Quantiles to forecast, between the smallest and the largest trained quantile.
        history : series, default=None
            Series to forecast instead of those of `fit`, as in `predict`.

        Returns
        -------
        y : object
            For one Series, a DataFrame with one column per quantile; for a DataFrame, one with
            columns (series, quantile); for a long Series, one with one column per quantile; for
            arrays, the last axis contains the quantiles. Quantiles do not cross.
        """
        check_is_fitted(self)
        caller = f"{type(self).__name__}.predict_quantiles"
        levels = self._check_quantiles(quantiles, caller)
        labels = pd.Index(np.atleast_1d(quantiles), name="quantile", dtype=np.float64)
        return self._forecast_quantiles(X, history, caller, levels, labels)

    def predict_interval(self, X: Any = None, coverage: Float = 0.9, *, history: Any = None) -> Any:
        """Forecast intervals that contain each value with a given probability.

        Parameters
        ----------
        X : None, int, index of times, DataFrame or array, default=None
            What to forecast, as in `predict`.
        coverage : float, default=0.9
            The probability that an interval contains the value, at most that between the outermost
            trained quantiles.
        history : series, default=None
            Series to forecast instead of those of `fit`, as in `predict`.

        Returns
        -------
        y : object
            Same as for `predict_quantiles`, with the columns "lower" and "upper".
        """
        check_is_fitted(self)
        caller = f"{type(self).__name__}.predict_interval"
        ends = check_coverage(coverage, self._target.quantiles, caller)
        levels = self._check_quantiles(ends, caller)
        return self._forecast_quantiles(X, history, caller, levels, pd.Index(["lower", "upper"]))

    def score(self, X: Any, y: Any = None, *, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the skill over the seasonal naive forecast, 1 - mean absolute scaled error.

        Parameters
        ----------
        X : covariates, or the values if y is None
            Covariates of the rows of y.
        y : series, default=None
            True values after the last observation, in the kind of container passed to `fit`.
        sample_weight : array-like of shape (n_rows,), default=None
            Weight of each row.

        Returns
        -------
        float
            1 for perfect forecasts; 0 if the mean absolute error is that of repeating the last
            season in the training data. Averaged over series.
        """
        return self._score(X, y, sample_weight)

    def score_samples(self, X: Any, y: Any = None) -> Any:
        """Return how likely each observation is, given the previous ones.

        The score is the logarithm of the probability of a value at least as far from the median,
        given the quantiles forecast for each step from the previous steps: 0 for the median, -2.3
        for the 5 % and 95 % quantiles, and lower for anomalies.

        Parameters
        ----------
        X : covariates, or the series if y is None
            Covariates of the rows of y, if the model was fitted with any.
        y : series, default=None
            Series in any container that `fit` accepts.

        Returns
        -------
        scores : object
            One score per row, in the same kind of container as y. NaN for missing values and
            for the first steps, before which fewer than two patches (`patch_`) are observed.
        """
        return self._score_samples(X, y)

    def update(self, X: Any, y: Any = None) -> Self:
        """Append observations, so that the next forecasts start after them.

        The weights do not change. Only the last steps, on which forecasts depend, are kept.

        Parameters
        ----------
        X : covariates, or the values if y is None
            Covariates of the rows of y, if the model was fitted with any.
        y : series, default=None
            Values after the last observation, in the kind of container passed to `fit`. Known rows
            may be repeated if their values are equal; new ids start new series; steps without a row
            are missing values.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the value at a known time differs.
        """
        return self._update(X, y)

    def backtest(
        self,
        X: Any,
        y: Any = None,
        *,
        start: Any = 0.8,
        step: Int | None = None,
        refit: bool | int = False,
        quantiles: Any = None,
    ) -> pd.DataFrame:
        """Forecast from many past origins, for comparison with the true values (backtesting).

        The estimator is not changed. If it is fitted, and only to time steps up to the first origin
        of each series, it is used without refitting. Otherwise a copy is fitted to all time steps
        up to the first origin. No forecast depends on any series' values after its origin.

        Parameters
        ----------
        X : covariates, or the series if y is None
            As in `fit`.
        y : series, default=None
            As in `fit`.
        start : float, int or time, default=0.8
            Start of the first forecast: a fraction of the time steps of each series, a number of
            time steps, or a time.
        step : int, default=None
            Time steps between origins; by default `horizon`.
        refit : bool or int, default=False
            Whether to refit a copy at each origin; an int k refits at every k-th origin. Origins
            are counted by time over all series, or within each series without times.
        quantiles : float or sequence of float, default=None
            Quantiles to forecast as well.

        Returns
        -------
        table : DataFrame
            One row per cutoff (the last time step before the forecast), series and time, with the
            columns "y_true", "y_pred" and one per quantile.
        """
        return self._backtest(X, y, start, step, refit, quantiles)

    # --- what was learned -----------------------------------------------------------------------

    @property
    def series_names_in_(self) -> np.ndarray:
        """Names of the series."""
        return np.asarray(self._learned.data.layout.ids)

    @property
    def freq_(self) -> Any:
        """Frequency of the times."""
        clock = self._learned.data.clock
        return clock.freq if clock.freq is not None else clock.frequency

    @property
    def season_length_(self) -> tuple[int, ...]:
        """The seasons of the baseline, in time steps."""
        return self._learned.seasons

    @property
    def context_(self) -> int:
        """Time steps read before each forecast."""
        return self._learned.context

    @property
    def patch_(self) -> int:
        """Time steps per step of the network."""
        return self._learned.patch

    @property
    def target_transform_(self) -> str | None:
        """Transform of the values."""
        return self._learned.transform

    @property
    def end_(self) -> Any:
        """Time of the last observation."""
        return self._learned.data.end_times()

    @property
    def n_missing_(self) -> int:
        """Number of missing values in fit."""
        return self._learned.n_missing

    @property
    def base_weights_(self) -> pd.DataFrame:
        """Weights of the baseline."""
        check_is_fitted(self)
        weights = self.module_.baseline_weights().detach().cpu().numpy().astype(np.float64)
        first = 1 + self._learned.patch * np.arange(len(weights))
        columns = [*self._learned.seasons, "last", "mean"]
        return pd.DataFrame(weights, pd.Index(first, name="step"), columns)
