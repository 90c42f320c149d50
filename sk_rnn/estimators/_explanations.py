"""What a fitted network does with one sequence: its states, attributions and attention.

Computed in float64 on a copy of the network, so that the estimator is not changed.
"""

from typing import Any, NamedTuple

import numpy as np
import torch

from ..modules import (
    DIRECTIONS,
    LanguageModel,
    Pooling,
    SequenceModel,
    encode_steps,
    inspection_copy,
    integrated_gradients,
    trace_layers,
)
from ..sequences import Spans, check_index, plain
from ..training import SequenceData, torch_threads
from ._readings import ReadableNetwork


class Sequence(NamedTuple):
    """One sequence as the network reads it: labels of its steps, and the steps as inputs."""

    spans: Spans  # of this sequence only
    labels: list[Any]
    steps: torch.Tensor  # (T, F), or (T,) integers for token ids


class ExplainedNetwork(ReadableNetwork):
    """Part of an estimator that shows what its network does with one sequence."""

    # --- states and gates -----------------------------------------------------------------------

    def _trace(self, X: Any, sample: int, caller: str) -> dict[str, Any]:
        """Return the states and gates of one sequence at each step of the recurrence.

        Returns
        -------
        dict
            "states": a dict from (layer, direction, quantity) to an array of shape (n_steps,
            hidden_size) in the order of time, "steps": the time step of each, "labels": its label.
        """
        self._require(caller, states=True)
        sequence = self._one_sequence(X, sample, caller)
        module = inspection_copy(self.module_, torch.float64)
        with torch.no_grad(), torch_threads(1):
            _, traces = trace_layers(module.encoder.recurrent, lambda: _encode(module, sequence))
        values: dict[tuple[int, str, str], np.ndarray] = {}
        for number, layer in enumerate(traces, start=1):
            for direction, trace in zip(DIRECTIONS, layer, strict=False):
                order = slice(None, None, -1 if direction == "backward" else 1)
                found = dict(zip(("hidden state", "cell state"), trace.histories(), strict=False))
                for gate, history in trace.gates().items():
                    found["new state" if gate == "new" else f"{gate} gate"] = history
                for name, history in found.items():  # (T, 1, H)
                    values[number, direction, name] = history[:, 0].detach().numpy()[order]
        return {"states": values, **self._described(sequence)}

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
        self._require(caller, states=False)
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
            step = check_index(step, len(x), "step", "time step", caller)
        start = None if baseline is None else self._read_baseline(baseline, x, caller)
        module = inspection_copy(self.module_, torch.float64)
        with torch_threads(1):
            outputs = module(
                x[:, None],
                torch.tensor([len(x)]),
                None if step is None else torch.tensor([step]),
            )
            weights, bias, name = self._choose_output(outputs.detach()[0].numpy(), output, caller)
            found = integrated_gradients(
                module, x, start, torch.from_numpy(weights), bias, step, tol
            )
        return {
            "attributions": found.attributions.numpy(),
            **self._described(sequence),
            "labels": sequence.labels,  # of all time steps
            "output": found.output,
            "baseline_output": found.baseline_output,
            "output_name": name,
            "step": step,
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
        place = check_index(0 if output is None else output, n_outputs, "output", "output", caller)
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
        self._require(caller, states=False)
        pooling: Pooling | None = getattr(self.module_, "pooling", None)
        if pooling is None or not hasattr(pooling, "scores"):
            raise ValueError(
                f"{caller}: this {type(self).__name__} was fitted without attention. Fit with "
                "pooling='attention', or pass a Seq2SeqTransformer with attention."
            )
        sequence = self._one_sequence(X, sample, caller)
        module = inspection_copy(self.module_, torch.float64)
        with torch.no_grad(), torch_threads(1):
            scores = module.pooling.scores(_encode(module, sequence))  # (T, 1, 1)
            weights = torch.softmax(scores[:, 0, 0], dim=0).numpy()
        return {"weights": weights, **self._described(sequence)}

    # --- reading --------------------------------------------------------------------------------

    def _one_sequence(self, X: Any, sample: int, caller: str) -> Sequence:
        """Read X and return one of its sequences."""
        spans = self._read_spans(X, caller)
        sample = check_index(sample, len(spans), "sample", "sequence", caller)
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

    def _described(self, sequence: Sequence) -> dict[str, Any]:
        """Return what displays show of the sequence itself; "steps" are those of the recurrence."""
        stride = self._stride
        return {
            "steps": np.arange(0, len(sequence.steps), stride),
            "labels": sequence.labels[::stride],
            "values": next(iter(sequence.spans)),
            "feature_names": sequence.spans.feature_names,
            "is_tokens": not sequence.steps.is_floating_point(),
        }


def _encode(module: Any, sequence: Sequence) -> torch.Tensor:
    """Return the states of the encoder: (T', 1, E)."""
    return encode_steps(module, sequence.steps[:, None], torch.tensor([len(sequence.steps)]))[0]
