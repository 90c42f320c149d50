"""Training on windows of series, and forecasts of windows."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from ..forecasting import (
    FIRST_GROWTH,
    FIRST_LOGIT,
    OTHER_LOGIT,
    Covariates,
    SeriesSet,
    Windows,
    check_calendar,
    check_seasons,
    check_series,
    choose_calendar,
    choose_context,
    choose_patch,
    choose_seasons,
    is_nonnegative,
    last_windows,
    make_calendar,
    normalise,
    training_windows,
)
from ..modules import ForecastModel, find_cell
from ..sequences import plain_numbers
from ..training import (
    PredictionBatches,
    Training,
    WindowBatches,
    WindowData,
    covariate_sizes,
    draw_seed,
    draw_seeds,
    float_type,
    resolve_device,
    run_flushed,
    run_here,
)
from ._estimator import NetworkEstimator
from ._extras import check_extras
from ._modules import check_unchanged
from ._parameters import Constraints
from ._readings import Readable
from .forecasts import (
    CONSTRAINTS,
    STRUCTURE,
    TOL,
    ForecastTarget,
    Known,
    Past,
    advice,
    auto_lr,
    check_forecaster,
    choose_unit,
    context_of,
    continued,
    filled,
    first_effects,
    first_offsets,
    hold_out,
    n_independent,
    plan_windows,
    residual_share,
)

# Computing this many windows takes less time than starting a thread.
_FEW_WINDOWS = 64

# Windows whose units are computed at a time.
_BLOCK = 4096


class WindowEstimator(NetworkEstimator):
    """An estimator whose network forecasts windows of series.

    Its rows are time steps and its network reads windows, which share them: the sources and
    targets of `BaseRNN`, which hold one entry per sample, would have to materialise them.
    """

    _module_class = ForecastModel
    _parameter_constraints: ClassVar[Constraints] = CONSTRAINTS
    _source: Any  # Known
    _target: Any  # ForecastTarget

    if TYPE_CHECKING:  # otherwise Sphinx would document it as a member
        n_steps_: int

    def _prepare(self, caller: str) -> dict[str, Any]:
        """Check the parameters and return them as plain numbers."""
        params = plain_numbers(self.get_params(deep=False))
        check_forecaster(params, caller)
        return params

    def _fit_series(
        self,
        data: SeriesSet,
        covariates: Covariates | None,
        weights: np.ndarray | None,
        caller: str,
        *,
        resume: bool = False,
        new_from: np.ndarray | None = None,
    ) -> None:
        """Fit this object to series, or continue its training.

        Parameters
        ----------
        data : SeriesSet
        covariates : Covariates or None
        weights : ndarray of shape (total_steps,), or None
        caller : str
        resume : bool
            Whether training continues.
        new_from : ndarray of int of shape (n_series,), or None
            For `partial_fit`, the first step of each series that is new: only windows that
            forecast one are trained on, in one pass.
        """
        params = self._prepare(caller)
        network = {name: params[name] for name in STRUCTURE}
        one_epoch = new_from is not None
        if resume:
            check_unchanged(self._built_with, network, caller)
        else:
            check_series(data, params["horizon"], f"{caller}: y")
            self._precision, self._built_with = self.precision, network
            self._learn(data, covariates, params, caller)
            self._seed, self._n_fits = draw_seed(self.random_state), 0
        source: Known = self._source
        rng, seed = draw_seeds(self._seed, self._n_fits)
        self._n_fits += 1
        windows = training_windows(
            data,
            source.context,
            source.horizon,
            least_observed=2 * source.patch,
            values=source.transformed(data, f"{caller}: y"),
            weights=weights,
        )
        samples = np.arange(len(windows))
        if new_from is not None:
            samples = samples[windows.step + windows.horizon >= new_from[windows.series]]
        if len(samples) == 0:
            if resume and one_epoch:
                return
            raise ValueError(
                f"{caller}: y has no window to train on: none of its {data.n_series} series has an "
                f"observed value that is followed by {source.horizon} time steps of positive "
                "weight, one or more of them observed. Pass longer series, or a smaller horizon."
            )
        valid = None
        if self.early_stopping and not one_epoch:
            samples, valid = hold_out(windows, params["validation_fraction"], caller)
        spaced = n_independent(len(samples), source.horizon, source.patch)
        if not resume:
            self._choose_module(windows, samples, spaced, covariates, params)
        lr = params["lr"]
        params["lr"] = auto_lr(spaced) if lr == "auto" else lr
        extras = check_extras(self._extras(), params, caller)
        self._module_arguments |= extras["module"]
        device = resolve_device(self.device, caller)
        past = source.past(data, covariates)
        batches = self._data(windows, past, device, weights)
        plan = plan_windows(
            params, len(samples), one_epoch=one_epoch, early_stopping=valid is not None
        )
        training = Training(
            WindowBatches(batches, samples, plan.batch_size, plan.steps_per_epoch, rng),
            None if valid is None else PredictionBatches(batches, valid, pad_samples=False),
            epochs=plan.epochs,
            seed=seed,
            patience=plan.patience,
            tol=TOL,
            unbounded=not find_cell(self.cell).bounded,
            runs_user_code=False,
            advice=advice(params),
            caller=caller,
        )
        before = self.n_steps_ if resume else 0
        self._train(training, params, extras, {}, device, resume=resume, one_epoch=one_epoch)
        self.n_steps_ = before + self.net_.step
        self.n_windows_ = len(samples)

    def _learn(
        self,
        data: SeriesSet,
        covariates: Covariates | None,
        params: Mapping[str, Any],
        caller: str,
    ) -> None:
        """Learn how series are read and forecast."""
        transform = choose_unit(params, data, caller)
        values = np.log(data.values) if transform == "log" else data.values
        given, calendar = params["season_length"], params["calendar"]
        automatic = isinstance(given, str) and given == "auto"
        seasons = choose_seasons(data, values) if automatic else check_seasons(given, caller)
        patch = choose_patch(data, seasons)
        context = context_of(params, patch, seasons, choose_context(data, patch, seasons), caller)
        seasons = tuple(season for season in seasons if season <= context)
        if isinstance(calendar, str) and calendar == "auto":
            features = choose_calendar(data.clock, seasons)
        else:
            features = check_calendar(calendar, data.clock, caller)
        self._source = Known(
            data,
            covariates,
            seasons=seasons,
            patch=patch,
            context=context,
            horizon=params["horizon"],
            calendar=features,
            transform=transform,
            freq=self.freq,
            has_vectors=params["series_embedding"] is not None,
        )
        nonnegative = params["nonnegative"]
        self._target = ForecastTarget(
            tuple(np.atleast_1d(params["quantiles"]).tolist()),
            mean=params["loss"] == "squared_error",
            transform=transform,
            nonnegative=is_nonnegative(data) if nonnegative == "auto" else bool(nonnegative),
        )

    def _choose_module(
        self,
        windows: Windows,
        samples: np.ndarray,
        spaced: float,
        covariates: Covariates | None,
        params: Mapping[str, Any],
    ) -> None:
        source, target = self._source, self._target
        chosen = Windows(
            windows.data,
            windows.context,
            windows.horizon,
            windows.series[samples],
            windows.step[samples],
            windows.values,
        )
        offsets = first_offsets(
            chosen,
            source.patch,
            source.seasons,
            source.floor,
            tuple(target.quantiles),
            mean=target.mean,
        )
        sizes = covariate_sizes(covariates)
        n_calendar = 0
        if source.calendar:
            n_calendar = make_calendar(windows.data.tail(1), source.calendar, 0).n_features
        names = ("n_networks", "cell", "hidden_size", "num_layers", "dropout")
        self._module_arguments = {
            **{name: params[name] for name in names},
            "patch": source.patch,
            "context": source.context,
            "horizon": source.horizon,
            "seasons": source.seasons,
            "n_calendar": n_calendar,
            "offsets": offsets,
            "first_logit": FIRST_LOGIT,
            "other_logit": OTHER_LOGIT,
            "first_growth": FIRST_GROWTH,
            "residual_share": residual_share(spaced),
            "n_series": windows.data.n_series,
            "series_size": params["series_embedding"],
            "covariates": tuple(sizes),
            "effects": first_effects(
                self._data(windows, source.past(windows.data, covariates), torch.device("cpu")),
                samples,
                sizes,
            ),
        }

    # --- windows --------------------------------------------------------------------------------

    def _data(
        self, windows: Windows, past: Past, device: Any, weights: np.ndarray | None = None
    ) -> WindowData:
        """Return the source of batches of windows."""
        source = self._source
        calendar = None
        if source.calendar:
            n_ahead = source.patch * -(-source.horizon // source.patch)
            calendar = make_calendar(past.data, source.calendar, n_ahead)
        return WindowData(
            windows,
            source.patch,
            source.seasons,
            past.floor,
            device,
            dtype=float_type(self._precision),
            calendar=calendar,
            covariates=past.covariates,
            vectors=past.vectors,
            weights=weights,
        )

    def _last_windows(self) -> WindowData:
        """Return the last windows of the known series, as inputs of the network."""
        source = self._source
        past = source.current()
        data, values = _tail(past.data, past.values, source.context)
        values = filled(values, data.offsets, source.context, past.last)
        windows = last_windows(data, source.context, source.horizon, values)
        past = past._replace(data=data, values=values)
        return self._data(windows, past, torch.device("cpu"))

    def _readable(
        self, X: Any, y: Any, caller: str, dtype: npt.DTypeLike | None = None
    ) -> Readable:
        return Readable("forecast", self._last_windows(), None, has_targets=False)

    def _summary_sizes(self) -> dict[str, int]:
        return {"n_samples": 8}

    def _summary_inputs(
        self, *, n_samples: int, n_timesteps: int = 1, n_target_timesteps: int = 1
    ) -> dict[str, Any]:
        return self._last_windows().batch(np.zeros(n_samples, dtype=np.int64)).X

    def _forecast_windows(self, windows: Windows, past: Past) -> np.ndarray:
        """Return forecasts in the units of the network.

        Parameters
        ----------
        windows : Windows
            Of the horizon of the network.
        past : Past

        Returns
        -------
        forecasts : ndarray of shape (n_windows, horizon, n_outputs)
        """
        net = self.net_
        data = self._data(windows, past, net.device)
        n_outputs = self._source.horizon * self._target.n_outputs
        batches = PredictionBatches(data, pad_samples=True, n_outputs=n_outputs)

        def compute(interrupted: threading.Event) -> np.ndarray:
            return net.outputs(batches, interrupted)

        try:
            if net.backend == "numba" and len(windows) <= _FEW_WINDOWS:
                found = run_here(compute)
            else:
                found = run_flushed(compute, backend=net.backend)
        except FloatingPointError as error:
            raise ValueError(
                f"{type(self).__name__}: the network's outputs are not finite. "
                f"{advice(self.get_params(deep=False))}"
            ) from error
        outputs = np.empty_like(found[:, 0])
        outputs[np.concatenate([batches.samples[chosen] for chosen in batches.batches])] = found[
            :, 0
        ]
        forecasts = np.empty(outputs.shape)
        for start in range(0, len(windows), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(windows)))
            units = normalise(windows.read(rows), self._source.patch, past.floor)
            forecasts[rows] = self._target.decode(outputs[rows], units.loc, units.scale)
        return forecasts

    def _forecast(self, past: Past, n_steps: int) -> np.ndarray:
        """Return forecasts of the next steps of each series, block by block.

        Returns
        -------
        forecasts : ndarray of shape (n_series, n_steps, n_outputs)
            In the units of the network.
        """
        source, target = self._source, self._target
        data, values = _tail(past.data, past.values, source.context)
        values = filled(values, data.offsets, source.context, past.last)
        blocks: list[np.ndarray] = []
        for n_done in range(0, n_steps, source.horizon):
            windows = last_windows(data, source.context, source.horizon, values)
            now = past._replace(data=data, values=values)
            blocks.append(self._forecast_windows(windows, now))
            if n_done + source.horizon < n_steps:
                data, values = continued(data, values, target.central(blocks[-1]))
                data, values = _tail(data, values, source.context)
        forecasts = np.concatenate(blocks, axis=1)[:, :n_steps]
        forecasts[np.isnan(past.last)] = np.nan  # nothing is known
        return forecasts


def _tail(data: SeriesSet, values: np.ndarray, n_steps: int) -> tuple[SeriesSet, np.ndarray]:
    """Return the last steps of each series, and the values that are read from them."""
    series = np.repeat(np.arange(data.n_series), data.lengths)
    from_end = data.offsets[1:][series] - np.arange(len(values))
    return data.tail(n_steps), values[from_end <= n_steps]
