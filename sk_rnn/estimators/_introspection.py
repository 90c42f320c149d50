"""What `sk_rnn.inspection` asks of a fitted estimator: states, gradients, attributions, attention.

Computed in float64 on a copy of the network, so that the estimator is not changed.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from ..modules import (
    CTCModel,
    LanguageModel,
    Pooling,
    RecurrentStack,
    Seq2SeqModel,
    SequenceModel,
    Targets,
    ValidSteps,
    WeightedLoss,
    gradient_norms,
    inspection_copy,
    integrated_gradients,
    trace_encoder,
)
from ..sequences import Spans, plain, prediction_batches
from ..training import SequenceData, torch_threads

# Limits of a batch whose states are all kept, with their gradients.
_ROWS, _STEPS = 64, 8192

DIRECTIONS = ("forward", "backward")


class Sequence(NamedTuple):
    """One sequence as the network reads it: labels of its steps, and the steps as inputs."""

    spans: Spans  # of this sequence only
    labels: list[Any]
    steps: torch.Tensor  # (T, F), or (T,) integers for token ids


class InspectableNetwork:
    """Part of an estimator that shows what its network does."""

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        net_: Any
        module_: Any
        _source: Any
        _target: Any

    # --- states and gates -----------------------------------------------------------------------

    def _trace(self, X: Any, sample: int, caller: str) -> dict[str, Any]:
        """Return the states and gates of one sequence at each step of the recurrence.

        Returns
        -------
        dict
            "values": a dict from (layer, direction, quantity) to an array of shape (n_steps,
            hidden_size) in the order of time, "steps": the time step of each, "labels": its label.
        """
        self._require(caller, custom=False)
        sequence = self._one_sequence(X, sample, caller)
        module = inspection_copy(self.module_)
        n_timesteps = len(sequence.steps)
        with torch.no_grad(), torch_threads(1):
            lengths = torch.tensor([n_timesteps])
            _, _, traces = trace_encoder(module, sequence.steps[:, None], lengths, with_gates=True)
        values: dict[tuple[int, str, str], np.ndarray] = {}
        for number, layer in enumerate(traces, start=1):
            for direction, trace in zip(DIRECTIONS, layer, strict=False):
                order = slice(None, None, -1 if direction == "backward" else 1)
                names = ("hidden state", "cell state")
                for part, name in enumerate(names[: len(trace.states[0])]):
                    found = torch.cat([state[part] for state in trace.states]).numpy()
                    values[number, direction, name] = found[order]
                for gate in trace.gates[0]:
                    found = torch.cat([gates[gate] for gates in trace.gates]).numpy()
                    name = "new state" if gate == "new" else f"{gate} gate"
                    values[number, direction, name] = found[order]
        stride = self._stride()
        return {
            "values": values,
            "steps": np.arange(0, n_timesteps, stride),
            "labels": sequence.labels[::stride],
            "is_tokens": not sequence.steps.is_floating_point(),
        }

    # --- gradients of the loss ------------------------------------------------------------------

    def _gradient_flow(
        self, X: Any, y: Any, source: str, seed: int, caller: str
    ) -> tuple[dict[tuple[int, str], np.ndarray], np.ndarray, np.ndarray]:
        """Return the mean norm of the gradient of the states by distance in time steps.

        Returns
        -------
        norms : dict
            From (layer, direction) to an array of shape (n_distances,).
        distances : ndarray of int of shape (n_distances,)
        counts : ndarray of int of shape (n_distances,)
            Number of sequences that have a state at each distance.
        """
        self._require(caller, custom=False)
        known = isinstance(self.module_, SequenceModel | Seq2SeqModel)
        if source == "loss" and not (known and isinstance(self._target.criterion(), WeightedLoss)):
            raise ValueError(
                f"{caller}: the loss of this {type(self).__name__} is not one of single targets. "
                "Pass source='state' for the gradient of the last state."
            )
        data, criterion = self._loss_data(X, y, needs_targets=source == "loss", caller=caller)
        module = inspection_copy(self.module_)
        stack = module.encoder.recurrent
        stride = self._stride()
        n_steps = -(-int(data.lengths.max()) // stride)
        counts = np.zeros(n_steps, dtype=np.int64)
        totals = np.zeros((stack.num_layers, 2 if stack.bidirectional else 1, n_steps))
        rng = np.random.RandomState(seed)
        for samples in prediction_batches(data.lengths, max_samples=_ROWS, max_steps=_STEPS):
            batch = data.batch(samples)
            probe = None
            if source == "state":
                drawn = rng.normal(size=(len(samples), stack.hidden_size))
                drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
                probe = torch.from_numpy(drawn)
            with torch_threads(1):
                norms, lengths = gradient_norms(
                    module, criterion, _double(batch.X), _double_targets(batch.y), probe
                )
            for row, length in enumerate(lengths.tolist()):
                counts[:length] += 1
                for i, layer in enumerate(norms):
                    for j, found in enumerate(layer):
                        # From the step that is read last on.
                        totals[i, j, :length] += found[:length, row].flip(0).numpy()
        means = totals / counts
        by_layer = {
            (i + 1, DIRECTIONS[j]): means[i, j]
            for i in range(means.shape[0])
            for j in range(means.shape[1])
        }
        return by_layer, stride * np.arange(n_steps), counts

    def _loss_data(
        self, X: Any, y: Any, *, needs_targets: bool, caller: str
    ) -> tuple[SequenceData, WeightedLoss]:
        """Read X and y as the data of a loss."""
        criterion = cast(WeightedLoss, self._target.criterion())
        device, options = torch.device("cpu"), dict[str, Any](dtype=np.float64)
        if isinstance(self.module_, LanguageModel):
            inputs, labels = self._target.shifted(self._read_named(X, caller))
            return SequenceData(inputs, device, y=labels, per_step=True, **options), criterion
        spans = self._read_named(X, caller)
        options["scaling"] = self._source.scaling
        if not needs_targets:
            return SequenceData(spans, device, per_step=False, **options), criterion
        if hasattr(self, "_resolve_target"):
            y = self._resolve_target(X, y, caller)
        elif y is None:
            raise ValueError(
                f"{caller}: y is None. Pass the targets of X, on which the loss depends, or "
                "source='state' for the gradient of the last state."
            )
        targets = self._target.read(y, X, spans, caller)
        if hasattr(targets, "known"):
            raise ValueError(
                f"{caller}: y has time steps without a target. Pass sequences that are complete, "
                "or source='state'."
            )
        encoded = self._target.encode(targets, caller)
        rows = np.arange(len(spans))
        return self._target.data(encoded, spans, rows, None, device, caller, **options), criterion

    # --- attributions ---------------------------------------------------------------------------

    def _attribute(
        self,
        X: Any,
        sample: int,
        baseline: Any,
        output: Any,
        step: int | None,
        tol: float,
        caller: str,
    ) -> dict[str, Any]:
        """Return the integrated gradients of one sequence."""
        self._require(caller, custom=True)
        if type(self.module_) is not SequenceModel:
            raise TypeError(
                f"{caller}: {type(self).__name__} predicts sequences, whose steps are not outputs "
                "of its own input alone. Pass a fitted RNNClassifier or RNNRegressor."
            )
        per_step = bool(self._target.per_step)
        if per_step != (step is not None):
            which = "needs step" if per_step else "has no step"
            raise ValueError(
                f"{caller}: a model fitted with return_sequences={per_step} {which}, but "
                f"step={step}. Pass " + ("the step to explain." if per_step else "step=None.")
            )
        sequence = self._one_sequence(X, sample, caller)
        x = sequence.steps
        if step is not None:
            step = _check_index(step, len(x), "step", "time steps", caller)
        start = None if baseline is None else self._read_baseline(baseline, x, caller)
        module = inspection_copy(self.module_)
        outputs = module(
            x[:, None],
            torch.tensor([len(x)]),
            None if step is None else torch.tensor([step]),
        )
        weights, bias, name = self._choose_output(outputs.detach()[0].numpy(), output, caller)
        with torch_threads(1):
            found = integrated_gradients(
                module, x, start, torch.from_numpy(weights), bias, step, tol
            )
        return {
            "attributions": found.attributions.numpy(),
            "values": next(iter(sequence.spans)),
            "labels": sequence.labels,
            "feature_names": sequence.spans.feature_names,
            "output": found.output,
            "baseline_output": found.baseline_output,
            "output_name": name,
            "step": step,
            "is_tokens": not x.is_floating_point(),
        }

    def _read_baseline(self, baseline: Any, x: torch.Tensor, caller: str) -> torch.Tensor:
        """Return a baseline in the unit of X as inputs of the network."""
        if not x.is_floating_point():
            raise ValueError(
                f"{caller}: baseline is for sequences of numbers; that of tokens is the zero "
                "vector. Pass baseline=None."
            )
        try:
            given = np.broadcast_to(np.asarray(baseline, dtype=np.float64), x.shape)
        except (TypeError, ValueError):
            raise ValueError(
                f"{caller}: baseline has shape {np.shape(baseline)}, which does not fit a sequence "
                f"of shape {tuple(x.shape)}. Pass one number, one per feature, or a sequence of "
                "this shape."
            ) from None
        scaling = self._source.scaling
        if scaling is not None:
            given = scaling.apply(given.copy(), np.dtype(np.float64))
        return torch.from_numpy(np.array(given))

    def _choose_output(
        self, outputs: np.ndarray, output: Any, caller: str
    ) -> tuple[np.ndarray, float, str]:
        """Return weights and bias of the outputs whose sum is explained, and its name."""
        target = self._target
        weights, bias = np.zeros(len(outputs)), 0.0
        classes = getattr(self, "classes_", None)
        if classes is not None:
            if output is None:
                output = classes[int(outputs.argmax())]
            places = np.flatnonzero(classes == output)
            if len(places) != 1:
                raise ValueError(
                    f"{caller}: output={plain(output)} is not a class of the model. Pass one of "
                    f"{classes[:10].tolist()}, or None for the predicted one."
                )
            weights[places[0]] = 1.0
            if len(classes) == 2 and not target.multilabel:
                weights[1 - places[0]] = -1.0  # the log odds, as in decision_function
                return weights, bias, f"log odds of {plain(output)}"
            return weights, bias, f"decision function of {plain(output)}"
        n_outputs = len(outputs) // 2 if target.loss == "gaussian" else len(outputs)
        if output is None and n_outputs > 1:
            raise ValueError(
                f"{caller}: the model has {n_outputs} outputs. Pass output=0 for the first one."
            )
        place = _check_index(
            0 if output is None else output, n_outputs, "output", "outputs", caller
        )
        scale, mean = float(target._scale[place]), float(target._mean[place])
        name = "prediction" if n_outputs == 1 else f"prediction of output {place}"
        if target.loss == "poisson":
            weights[place] = 1.0
            return weights, float(np.log(scale)), f"logarithm of the {name}"
        weights[place] = scale
        return weights, mean, name

    # --- attention ------------------------------------------------------------------------------

    def _pooling_weights(self, X: Any, sample: int, caller: str) -> dict[str, Any]:
        """Return the weights of attention pooling over the steps of one sequence."""
        self._require(caller, custom=True)
        pooling: Pooling | None = getattr(self.module_, "pooling", None)
        if pooling is None or not hasattr(pooling, "scores"):
            raise ValueError(
                f"{caller}: this {type(self).__name__} was fitted without attention. Fit with "
                "pooling='attention', or pass a Seq2SeqTransformer with attention."
            )
        sequence = self._one_sequence(X, sample, caller)
        module = inspection_copy(self.module_)
        valid_length = torch.tensor([len(sequence.steps)])
        with torch.no_grad(), torch_threads(1):
            if module.encoder.recurrent.carries:
                states, _, _ = trace_encoder(module, sequence.steps[:, None], valid_length)
            else:
                states = _untraced_states(module, sequence.steps[:, None], valid_length)
            weights = torch.softmax(module.pooling.scores(states)[:, 0, 0], dim=0).numpy()
        stride = self._stride()
        return {
            "weights": weights,
            "steps": np.arange(0, len(sequence.steps), stride),
            "labels": sequence.labels[::stride],
            "values": next(iter(sequence.spans)),
            "feature_names": sequence.spans.feature_names,
            "is_tokens": not sequence.steps.is_floating_point(),
        }

    # --- predictions per time step --------------------------------------------------------------

    def _step_predictions(
        self, X: Any, y: Any, caller: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return truth and predictions of all time steps with a target, and their positions."""
        self._require(caller, custom=True)
        if type(self.module_) is not SequenceModel or not self._target.per_step:
            raise ValueError(
                f"{caller}: this {type(self).__name__} does not predict one target per time step "
                "of X. Fit an RNNClassifier or RNNRegressor with return_sequences=True."
            )
        spans = self._read_named(X, caller)
        truth = self._target.read(y, X, spans, caller)
        predicted = np.concatenate(list(cast(Any, self).predict(X)))
        lengths = spans.lengths
        steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        known = getattr(truth, "known", None)  # if targets are missing at some steps
        if known is None:
            return np.asarray(truth), predicted, steps
        return truth.values[known], predicted[known], steps[known]

    # --- reading --------------------------------------------------------------------------------

    def _require(self, caller: str, *, custom: bool) -> None:
        """Raise an error for a network without the parts that are shown."""
        check_is_fitted(self)
        if not isinstance(self.module_, SequenceModel | Seq2SeqModel | CTCModel):
            raise TypeError(
                f"{caller}: {type(self).__name__} is not supported. Pass a fitted RNNClassifier, "
                "RNNRegressor, RNNLanguageModel, RNNTranscriber or Seq2SeqTransformer."
            )
        stack: RecurrentStack = self.module_.encoder.recurrent
        if not custom and not stack.carries:
            raise ValueError(
                f"{caller}: the states of a custom cell, {stack.cell.name}, are not accessible. "
                "Pass an estimator with one of the built-in cells."
            )

    def _read_named(self, X: Any, caller: str) -> Spans:
        """Read X with the name of the display in messages."""
        samples = self._source.read(X, self, caller)
        return self._source.encode(samples)

    def _one_sequence(self, X: Any, sample: int, caller: str) -> Sequence:
        """Read X and return one of its sequences."""
        spans = self._read_named(X, caller)
        sample = _check_index(sample, len(spans), "sample", "sequences", caller)
        one = spans.take(np.array([sample]))
        labels = self._source.step_labels(one, 1)[0]
        scaling = self._source.scaling
        if isinstance(self.module_, LanguageModel):
            shifted, _ = self._target.shifted(one)
            labels = ["<begin>", *labels][: int(shifted.lengths[0])]
            data = SequenceData(shifted, torch.device("cpu"), dtype=np.float64)
        else:
            data = SequenceData(one, torch.device("cpu"), dtype=np.float64, scaling=scaling)
        steps = torch.from_numpy(np.array(data.steps(0)))
        return Sequence(one, labels, steps.double() if steps.is_floating_point() else steps)

    def _stride(self) -> int:
        conv = self.module_.encoder.conv
        return 1 if conv is None else conv.stride


def _untraced_states(module: SequenceModel, x: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    valid = ValidSteps(lengths, x.device)
    return module.encoder(module.prepare(x, valid), valid)[0]


def _check_index(index: Any, n: int, name: str, noun: str, caller: str) -> int:
    """Return an index as a number from 0 on."""
    if isinstance(index, bool) or not isinstance(index, int | np.integer):
        raise TypeError(f"{caller}: {name} must be an integer, got {plain(index)} instead.")
    if not -n <= index < n:
        raise ValueError(f"{caller}: {name}={index} is out of range: there are {n} {noun}.")
    return int(index) % n


def _double(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.double() if value.is_floating_point() else value
        for name, value in inputs.items()
    }


def _double_targets(targets: Targets) -> Targets:
    values = targets.values
    if values is None or not values.is_floating_point():
        return targets
    return targets._replace(values=values.double())
