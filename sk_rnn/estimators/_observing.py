"""A fitted estimator seen from outside: the layers of its network, and how it runs on data."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils.validation import check_is_fitted

from ..modules import (
    CTCModel,
    GradientProfile,
    LayerActivity,
    Seq2SeqModel,
    SequenceModel,
    WeightedLoss,
    gradient_profiles,
    layer_activities,
    summarise_layers,
)
from ..sequences import Spans, Standardisation
from ..training import Batch, PredictionBatches, SequenceData, float_type, run_flushed, run_here

# Statistics of a thousand sequences are precise enough, and take seconds.
_MAX_SAMPLES, _MAX_STEPS, _MAX_VALUES = 1000, 200_000, 1 << 24

# Gradients need the states of all steps: values in memory, and sequences.
_MAX_STATES, _MAX_GRADIENT_SAMPLES = 1 << 23, 32

# Batches of a summary: outputs in evaluation mode are padded to eight rows.
_SUMMARY_SIZE = 8


@dataclass(frozen=True)
class Readable:
    """X and y as data of the network.

    Attributes
    ----------
    task : {"classes", "labels", "numbers", "pairs", "next step", "forecast"}
        What y is; "labels" is a multilabel indicator.
    data : object
        Source of batches.
    spans : Spans or None
        X; None if the network does not read it as sequences.
    has_targets : bool
        Whether the batches have targets.
    """

    task: str
    data: Any
    spans: Spans | None
    has_targets: bool


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
    stride : int
        Time steps per step of the recurrence.
    activities, gradients : list
        Of each recurrent layer and direction. Gradients are empty without targets.
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
    stride: int
    activities: list[LayerActivity]
    loss_curve: list[float]
    validation_curve: list[float] | None
    best_epoch: int
    temperature: float
    train_loss: float
    gradients: list[GradientProfile] = field(default_factory=list)
    truth: np.ndarray | None = None
    predicted: np.ndarray | None = None
    kept: np.ndarray | None = None
    losses: np.ndarray | None = None
    calibrated_loss: float | None = None


class ObservableNetwork:
    """Part of an estimator that shows its network."""

    _source: Any
    _target: Any
    _precision: str
    _module_arguments: dict[str, Any]

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        net_: Any
        module_: Any
        loss_curve_: list[float]
        best_epoch_: int
        validation_curve_: list[float] | Any

        # Of the estimator.
        def _input_options(self) -> dict[str, Any]: ...
        def get_params(self, deep: bool = True) -> dict[str, Any]: ...

    # --- layers ---------------------------------------------------------------------------------

    def summary(self) -> pd.DataFrame:
        """Return the layers of the fitted network, with their output shapes and parameters.

        Returns
        -------
        DataFrame
            One row per layer in the order in which they are called, and a last row "total". The
            index are names of submodules of ``module_``. ``output_shape`` has the samples first,
            and names axes whose size depends on the data; it is empty for weights that belong to no
            layer. ``n_samples * n_timesteps`` stands for all time steps of all sequences, without
            padding.

        Examples
        --------
        >>> from sk_rnn import RNNClassifier
        >>> clf = RNNClassifier(hidden_size=4, bidirectional=False, max_epochs=1)
        >>> clf = clf.fit([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]], ["up", "down"])
        >>> print(clf.summary().drop(columns="layer").to_string())
                                                           output_shape  n_parameters
        differences                         (n_samples, n_timesteps, 2)             0
        encoder.recurrent.forward_layers.0  (n_samples, n_timesteps, 4)            96
        pooling                                         (n_samples, 12)             0
        head.norm                                       (n_samples, 12)            24
        head.linear                                      (n_samples, 2)            26
        total                                                                     146
        """
        check_is_fitted(self)

        def compute(interrupted: threading.Event) -> list[Any]:
            with self.net_.autocast():
                return summarise_layers(self.module_, self._summary_inputs, self._summary_sizes())

        layers = run_here(compute)
        rows = [(x.kind, _bracketed(x.output_shape), x.n_parameters) for x in layers]
        rows.append(("", "", sum(layer.n_parameters for layer in layers)))
        names = [layer.name for layer in layers]
        columns = ["layer", "output_shape", "n_parameters"]
        return pd.DataFrame(rows, index=[*names, "total"], columns=columns)

    def _summary_sizes(self) -> dict[str, int]:
        """Return sizes of a batch for `summary`, by the names of their axes."""
        stride = self._module_arguments.get("conv_stride") or 1
        sizes = {"n_samples": _SUMMARY_SIZE, "n_timesteps": _SUMMARY_SIZE * stride}
        if self._source.form == "vectors":  # a vector is a single time step
            del sizes["n_timesteps"]
        return sizes

    def _summary_inputs(
        self, *, n_samples: int, n_timesteps: int = 1, n_target_timesteps: int = 1
    ) -> dict[str, Any]:
        """Return arguments of the network for a batch: zeros, or the token 0."""
        lengths = torch.full((n_samples,), n_timesteps, dtype=torch.int64)
        shape: tuple[int, ...] = (n_timesteps, n_samples)
        if self._module_arguments.get("num_embeddings") is None:
            x = self._zeros(*shape, self._module_arguments["n_features"])
        else:
            letters = (1 + 1,) if self._source.char_embedding else ()  # an id and one letter
            x = torch.zeros(shape + letters, dtype=torch.int64)
        inputs: dict[str, Any] = {"x": x, "lengths": lengths}
        if self._target.per_step:
            inputs["positions"] = torch.arange(n_samples * n_timesteps)
        return inputs

    def _zeros(self, *shape: int) -> torch.Tensor:
        return torch.from_numpy(np.zeros(shape, float_type(self._precision)))

    # --- HTML -----------------------------------------------------------------------------------

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's diagram and, of a fitted estimator, the summary."""
        diagram = super()._repr_html_inner()  # type: ignore[misc]  # of BaseEstimator
        return diagram + self._summary_html()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]  # the same
        if "text/html" in bundle:
            bundle["text/html"] += self._summary_html()
        return bundle

    def _summary_html(self) -> str:
        if not hasattr(self, "net_"):
            return ""
        table = self.summary()
        total = f"{table['n_parameters'].iloc[-1]:,}"
        name = escape(type(self).__name__)
        header = "".join(f"<th>{column}</th>" for column in ("", *table.columns))
        rows = "".join(
            f"<tr><th>{escape(layer)}</th><td>{escape(kind)}</td><td>{shape}</td><td>{n:,}</td></tr>"
            for layer, kind, shape, n in table.itertuples()
        )
        return (
            '<details class="sk-rnn-summary" style="margin: 0.5em 0">'
            f"<summary>Network of {name}: {total} parameters</summary>"
            f"<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table></details>"
        )

    # --- on data --------------------------------------------------------------------------------

    def _readable(self, X: Any, y: Any, caller: str) -> Readable:
        """Read X and y, which may be None."""
        samples = self._source.read(X, self, caller)
        spans, target, cpu = self._source.encode(samples), self._target, torch.device("cpu")
        options = self._input_options()
        readout = target.readout()
        task = "numbers"
        if readout.classes is not None:
            task = "labels" if readout.classes.ndim == 2 else "classes"
        if y is None:
            data = SequenceData(spans, cpu, per_step=target.per_step, **options)
            return Readable(task, data, spans, has_targets=False)
        encoded = target.encode(target.read(y, X, samples, caller), caller)
        rows = np.arange(len(spans))
        data = target.data(encoded, spans, rows, None, cpu, caller, **options)
        return Readable(task, data, spans, has_targets=True)

    def _observe(self, X: Any, y: Any, caller: str) -> Observations:
        """Run the network on data, and observe its states, gradients and outputs."""
        check_is_fitted(self)
        readable = self._readable(X, y, caller)
        data, spans = readable.data, readable.spans
        samples = _evenly(data.lengths, 1 if spans is None else spans.n_features)
        n_outputs = getattr(self.module_, "n_outputs", 1)
        batches = PredictionBatches(data, samples, n_outputs=n_outputs)
        order = np.concatenate([samples[chosen] for chosen in batches.batches])
        criterion = self._target.criterion()
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
                found["gradients"] = self._gradients(data, samples, criterion)

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
            stride=int(self._module_arguments.get("conv_stride") or 1),
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

    def _gradients(
        self, data: Any, samples: np.ndarray, criterion: WeightedLoss
    ) -> list[GradientProfile]:
        """Return the gradients of a few sequences, if the cell can be run step by step."""
        module = self.module_
        if not isinstance(module, SequenceModel | Seq2SeqModel | CTCModel):
            return []
        stack = module.encoder.recurrent
        width = stack.num_layers * stack.output_size * max(1, stack.cell.n_gates)
        width += getattr(module, "n_outputs", 0)
        chosen = samples[:: -(-len(samples) // _MAX_GRADIENT_SAMPLES)]
        fits = int(data.lengths[chosen].max()) * width * np.arange(1, 1 + len(chosen))
        n_chosen = int((fits <= _MAX_STATES).sum())
        if stack.cell.step is None or not n_chosen:
            return []
        batch = data.batch(chosen[:n_chosen])
        return gradient_profiles(module, criterion, batch.X, batch.y, within="encoder")


def _evenly(lengths: np.ndarray, n_features: int) -> np.ndarray:
    """Return samples spread evenly, with about `_MAX_STEPS` time steps or `_MAX_VALUES` values."""
    n_steps = min(_MAX_STEPS, _MAX_VALUES // n_features)
    n = min(len(lengths), _MAX_SAMPLES, max(1, int(n_steps / max(1.0, lengths.mean()))))
    return np.unique(np.linspace(0, len(lengths) - 1, n).round().astype(np.int64))


def _bracketed(shape: tuple[str, ...]) -> str:
    return f"({', '.join(shape)})" if shape else ""
