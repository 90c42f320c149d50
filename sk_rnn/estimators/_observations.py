"""What is observed while a fitted network runs on a data set: states, gradients, losses."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from ..modules import (
    GradientBatch,
    GradientFlow,
    LanguageModel,
    LayerActivity,
    SequenceModel,
    WeightedLoss,
    gradient_flow,
    layer_activities,
)
from ..sequences import Spans, Standardisation, prediction_batches, seeded, steps_within
from ..training import Batch, PredictionBatches, SequenceData, run_flushed, torch_threads
from ._readings import ReadableNetwork

# Statistics of a thousand sequences are precise enough, and take seconds.
_MAX_SAMPLES, _MAX_STEPS, _MAX_VALUES = 1000, 200_000, 1 << 24

# Gradients need the states of all steps: values in memory, and sequences.
_MAX_STATES, _MAX_GRADIENT_SAMPLES = 1 << 23, 32

# Limits of a batch whose states are all kept, with their gradients.
_ROWS, _STEPS = 64, 8192


@dataclass(frozen=True)
class Observations:
    """What was observed while a fitted estimator ran on data.

    Attributes
    ----------
    task, spans
        As in `Readable`; of the sequences that were used, in the order of `truth`.
    params : dict
        Parameters of the estimator.
    scaling : Standardisation or None
        That of X.
    per_step : bool
        Whether there is a target per time step.
    activities : list of LayerActivity
        Of each recurrent layer and direction.
    gradients : GradientFlow or None
        None without targets, or a built-in cell in an encoder.
    truth, predicted : ndarray or None
        Targets and predictions: indices of classes, indicators, or numbers in the unit of y.
    kept : ndarray of bool, or None
        Whether each sequence or time step is among `truth`: those of weight zero are not.
    losses : ndarray, or None
        Weighted loss of each sequence or time step, before calibration.
    calibrated_loss : float or None
        Mean loss of what the estimator predicts.
    train_loss : float
        Training loss of the epoch whose weights are used.
    """

    task: str
    params: dict[str, Any]
    spans: Spans | None
    scaling: Standardisation | None
    per_step: bool
    activities: list[LayerActivity]
    loss_curve: list[float]
    validation_curve: list[float] | None
    best_epoch: int
    temperature: float
    train_loss: float
    gradients: GradientFlow | None = None
    truth: np.ndarray | None = None
    predicted: np.ndarray | None = None
    kept: np.ndarray | None = None
    losses: np.ndarray | None = None
    calibrated_loss: float | None = None


class ObservedNetwork(ReadableNetwork):
    """Part of an estimator that shows how its network runs on a data set."""

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        net_: Any
        loss_curve_: list[float]
        best_epoch_: int
        validation_curve_: list[float] | Any

        # Of the estimator.
        def get_params(self, deep: bool = True) -> dict[str, Any]: ...

    # --- for diagnose ---------------------------------------------------------------------------

    def _observe(self, X: Any, y: Any, caller: str) -> Observations:
        """Run the network on data, and observe its states, gradients and outputs."""
        check_is_fitted(self)
        readable = self._readable(X, y, caller)
        data, spans = readable.data, readable.spans
        samples = _evenly(data.lengths, 1 if spans is None else spans.n_features)
        n_outputs = getattr(self.module_, "n_outputs", 1)
        batches = PredictionBatches(data, samples, n_outputs=n_outputs)
        order = np.concatenate([samples[chosen] for chosen in batches.batches])
        criterion = self._target.criterion().eval()
        temperature = float(getattr(self, "temperature_", 1.0))
        found: dict[str, Any] = {}

        def compute(interrupted: threading.Event) -> None:
            def each() -> Any:
                for batch in batches:
                    if interrupted.is_set():
                        raise KeyboardInterrupt
                    yield batch.X

            found["activities"] = layer_activities(self.module_, each())
            if readable.has_targets and isinstance(criterion, WeightedLoss):
                found.update(self._run(batches, criterion, temperature, interrupted))
                found["gradients"] = self._sampled_flow(data, samples, criterion, interrupted)

        run_flushed(compute, backend="torch")
        curve: list[float] = list(self.loss_curve_)
        best = int(self.best_epoch_)
        validation = self.validation_curve_
        params: Mapping[str, Any] = self.get_params(deep=False)
        return Observations(
            task=readable.task,
            params=dict(params),
            spans=None if spans is None else spans.take(order),
            scaling=getattr(self._source, "scaling", None),
            per_step=bool(self._target.per_step),
            loss_curve=curve,
            validation_curve=None if validation is None else list(validation),
            best_epoch=best,
            temperature=temperature,
            train_loss=curve[best - 1] if 0 < best <= len(curve) else curve[-1],
            **found,
        )

    def _run(
        self,
        batches: PredictionBatches,
        criterion: WeightedLoss,
        temperature: float,
        interrupted: threading.Event,
    ) -> dict[str, Any]:
        """Return truth, predictions and losses of each target."""
        readout = self._target.readout()
        device = self.net_.device

        def compute(batch: Batch) -> tuple[Any, ...]:
            inputs = {
                name: value if name.endswith("lengths") else value.to(device)
                for name, value in batch.X.items()
            }
            outputs = self.net_.infer(inputs).cpu()
            values, weights = batch.y.values, batch.y.weights
            assert values is not None
            losses = [criterion.per_row(scale * outputs, values) for scale in (temperature, 1.0)]
            if weights is not None:
                losses = [part * weights for part in losses]
            known = readout.targets(values.numpy()), readout.predict(outputs.numpy())
            kept = np.ones(len(values), bool) if weights is None else weights.numpy() > 0
            return (*known, *(part.double().numpy() for part in losses), kept)

        parts = self.net_.each_batch(batches, compute, interrupted)
        truth, predicted, raw, calibrated, kept = map(np.concatenate, zip(*parts, strict=True))
        return {
            "truth": truth[kept],
            "predicted": predicted[kept],
            "losses": raw,
            "calibrated_loss": float(calibrated.mean()),
            "kept": kept,
        }

    def _sampled_flow(
        self,
        data: Any,
        samples: np.ndarray,
        criterion: WeightedLoss,
        interrupted: threading.Event,
    ) -> GradientFlow | None:
        """Return the gradients of a few sequences, if the cell can be run step by step."""
        if not self._has_states:
            return None
        module = self.module_
        stack = module.encoder.recurrent
        width = stack.num_layers * stack.output_size * max(1, stack.cell.n_gates)
        width += getattr(module, "n_outputs", 0)
        chosen = samples[:: -(-len(samples) // _MAX_GRADIENT_SAMPLES)]
        fits = int(data.lengths[chosen].max()) * width * np.arange(1, 1 + len(chosen))
        n_chosen = int((fits <= _MAX_STATES).sum())
        if not n_chosen:
            return None

        def batches() -> Iterator[GradientBatch]:
            for rows in _gradient_batches(data.lengths[chosen[:n_chosen]]):
                if interrupted.is_set():
                    raise KeyboardInterrupt
                batch = data.batch(chosen[rows])
                yield GradientBatch(batch.X, batch.y)

        return gradient_flow(module, criterion, batches())

    # --- gradients ------------------------------------------------------------------------------

    def _gradient_flow(self, X: Any, y: Any, source: str, seed: int, caller: str) -> GradientFlow:
        """Return the gradient of the loss, or of random projections of the last state."""
        self._require(caller, states=True)
        rng, criterion = seeded(seed, caller), self._target.criterion().eval()
        if source == "state":
            data, criterion = self._inputs(X, caller), None
        elif isinstance(criterion, WeightedLoss):
            data = self._complete(X, y, caller)
        else:
            raise ValueError(
                f"{caller}: the loss of this {type(self).__name__} is not one of single targets. "
                "Pass source='state' for the gradient of the last state."
            )
        hidden_size = self.module_.encoder.recurrent.hidden_size

        def batches() -> Iterator[GradientBatch]:
            for rows in _gradient_batches(data.lengths):
                batch = data.batch(rows)
                if criterion is not None:
                    yield GradientBatch(batch.X, batch.y)
                    continue
                drawn = rng.normal(size=(len(rows), hidden_size))
                drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
                yield GradientBatch(batch.X, None, torch.from_numpy(drawn))

        with torch_threads(1):
            return gradient_flow(self.module_, criterion, batches())

    def _inputs(self, X: Any, caller: str) -> Any:
        """Read X, without targets, as data of the encoder in float64."""
        if isinstance(self.module_, LanguageModel):
            return self._readable(X, None, caller, np.float64).data
        spans, options = self._read_spans(X, caller), self._input_options()
        return SequenceData(spans, torch.device("cpu"), **{**options, "dtype": np.float64})

    def _complete(self, X: Any, y: Any, caller: str) -> Any:
        """Read X and y as data in float64 that has all targets."""
        readable = self._readable(X, y, caller, np.float64)
        if not readable.has_targets:
            raise ValueError(
                f"{caller}: y is None. Pass the targets of X, on which the loss depends, or "
                "source='state' for the gradient of the last state."
            )
        labelled = getattr(readable.data, "labelled", None)
        if labelled is not None and not labelled.all():
            raise ValueError(
                f"{caller}: y has time steps without a target. Pass sequences that are complete, "
                "or source='state'."
            )
        return readable.data

    # --- predictions per time step --------------------------------------------------------------

    def _step_predictions(
        self, X: Any, y: Any, caller: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return truth and predictions of all time steps with a target, and their positions."""
        self._require(caller, states=False)
        if type(self.module_) is not SequenceModel or not self._target.per_step:
            raise ValueError(
                f"{caller}: this {type(self).__name__} does not predict one target per time step "
                "of X. Fit an RNNClassifier or RNNRegressor with return_sequences=True."
            )
        spans = self._read_spans(X, caller)
        truth = self._target.read(y, X, spans, caller)
        predicted = np.concatenate(list(cast(Any, self).predict(X)))
        steps = steps_within(spans.lengths)
        known = getattr(truth, "known", None)  # if targets are missing at some steps
        if known is None:
            return np.asarray(truth), predicted, steps
        return truth.values[known], predicted[known], steps[known]


def _evenly(lengths: np.ndarray, n_features: int) -> np.ndarray:
    """Return samples spread evenly, with about `_MAX_STEPS` time steps or `_MAX_VALUES` values."""
    n_steps = min(_MAX_STEPS, _MAX_VALUES // n_features)
    n = min(len(lengths), _MAX_SAMPLES, max(1, int(n_steps / max(1.0, lengths.mean()))))
    return np.unique(np.linspace(0, len(lengths) - 1, n).round().astype(np.int64))


def _gradient_batches(lengths: np.ndarray) -> list[np.ndarray]:
    return prediction_batches(lengths, max_samples=_ROWS, max_steps=_STEPS)
