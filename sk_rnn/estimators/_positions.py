"""A language model's network on given rows: outputs of each step, positions, generation."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from ..modules import LanguageModel
from ..sequences import Spans
from ..training import Batch, PredictionBatches, SequenceData, float_type
from ._estimator import NetworkEstimator
from ._readings import Readable
from .language import (
    ROWS_AT_ONCE,
    STREAM_LENGTH,
    NextStep,
    NextToken,
    NextValue,
    Position,
    check_probabilities,
    each_output,
    generate_ids,
    generate_values,
    last_position,
)
from .sources import Samples


class LanguageNetwork(NetworkEstimator):
    """An estimator whose network predicts each step of X from the previous ones."""

    _module_class = LanguageModel
    _target: NextStep

    # --- steps and positions --------------------------------------------------------------------

    def _read(self, X: Any, method: str, *, input_name: str = "X") -> Spans:
        spans = self._encode(self._read_samples(X, method))
        self._check_rows(spans, f"{type(self).__name__}.{method}")
        return spans

    def _read_samples(self, X: Any, method: str) -> Samples:
        check_is_fitted(self)
        return self._source.read(X, self, f"{type(self).__name__}.{method}")

    def _encode(self, samples: Samples) -> Spans:
        return self._source.encode(samples)

    def _over_steps(
        self,
        spans: Spans,
        function: Callable[[torch.Tensor, torch.Tensor, np.ndarray], None],
    ) -> np.ndarray:
        """Call ``function`` with outputs, targets and positions of steps, in any order.

        Positions count the predicted steps of row 0, then those of row 1, and so on; the numbers
        of these steps are returned.
        """
        inputs, labels = self._target.shifted(spans)
        data = SequenceData(
            inputs, self.net_.device, dtype=float_type(self._precision), y=labels, per_step=True
        )
        batches = self._batches(data)
        offsets = inputs.offsets
        chosen = iter(batches.batches)

        def compute(batch: Batch) -> None:
            samples = batches.samples[next(chosen)]
            lengths = inputs.lengths[samples]
            first = np.repeat(offsets[samples] - (np.cumsum(lengths) - lengths), lengths)
            n_kept = int(lengths.sum())  # without the samples that fill the batch
            model = cast(LanguageModel, self.module_)
            with self.net_.autocast():
                for outputs, places in each_output(model, batch.X["x"], batch.X["lengths"]):
                    kept = places < n_kept
                    places, outputs = places[kept], outputs[torch.from_numpy(kept)]
                    labels = cast(torch.Tensor, batch.y.values)[torch.from_numpy(places)]
                    function(
                        outputs.float() if outputs.dtype == torch.bfloat16 else outputs,
                        labels,
                        first[places] + places,
                    )

        net = self.net_
        self._compute(spans, lambda interrupted: net.each_batch(batches, compute, interrupted))
        return inputs.lengths

    def _readable(
        self, X: Any, y: Any, caller: str, dtype: npt.DTypeLike | None = None
    ) -> Readable:
        spans = self._encode(self._source.read(X, self, caller))
        self._check_rows(spans, caller)
        inputs, labels = self._target.shifted(spans)
        dtype = float_type(self._precision) if dtype is None else dtype
        data = SequenceData(inputs, torch.device("cpu"), dtype=dtype, y=labels, per_step=True)
        return Readable("next step", data, spans, has_targets=True)

    def _positions(self, prompts: Spans) -> Position:
        """Return the state of each row after the inputs ``prompts``."""
        net = self.net_
        data = SequenceData(prompts, net.device, dtype=float_type(self._precision))
        batches = self._batches(data)

        def compute(batch: Batch) -> Position:
            model = cast(LanguageModel, self.module_)
            with net.autocast():
                return last_position(model, batch.X["x"], batch.X["lengths"])

        found = self._compute(
            prompts, lambda interrupted: net.each_batch(batches, compute, interrupted)
        )
        order = np.concatenate([batches.samples[chosen] for chosen in batches.batches])
        sizes = [len(chosen) for chosen in batches.batches]
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        states = [part.states[:, :, :n] for part, n in zip(found, sizes, strict=True)]
        outputs = [part.outputs[:n] for part, n in zip(found, sizes, strict=True)]
        return Position(
            np.concatenate(states, axis=2)[:, :, places], np.concatenate(outputs)[places]
        )

    def _batches(self, data: SequenceData) -> PredictionBatches:
        return PredictionBatches(data, pad_samples=not self.module_.rows_independent)

    def _begin(self, n_rows: int) -> Position:
        """Return the state of each row before its first step."""
        begin = np.array([self._target.begin])
        values = np.repeat(begin, n_rows, axis=0)
        starts = np.arange(n_rows)
        return self._positions(Spans(values, starts, np.ones(n_rows, dtype=np.int64)))

    # --- generation -----------------------------------------------------------------------------

    def _generate(
        self,
        position: Position,
        options: Mapping[str, Any],
        seed: int,
        max_length: int,
    ) -> list[Any]:
        """Return a continuation of each row: token ids, or arrays in the units of the network."""
        net, target, n_rows = self.net_, self._target, len(position.outputs)

        def compute(interrupted: threading.Event) -> list[Any]:
            result: list[Any] = []
            with torch.inference_mode():
                net._set_training(False)
                for at in range(0, n_rows, ROWS_AT_ONCE):
                    if interrupted.is_set():
                        raise KeyboardInterrupt
                    chosen = slice(at, at + ROWS_AT_ONCE)
                    part = Position(position.states[:, :, chosen], position.outputs[chosen])
                    rows = np.arange(n_rows)[chosen]
                    common: dict[str, Any] = {"seed": seed, "max_length": max_length}
                    with net.autocast():
                        if isinstance(target, NextToken):
                            result += generate_ids(net, target, part, rows, **common, **options)
                        else:
                            values = cast(NextValue, target)
                            temperature = options["temperature"]
                            result += generate_values(
                                net, values, part, rows, temperature=temperature, **common
                            )
            return result

        nowhere = Spans(np.zeros((1, 1)), np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int64))
        return self._compute(nowhere, compute, here=net.backend == "numba" and n_rows <= 8)

    def _longest(self, max_length: int | None) -> int:
        """Return the maximum number of steps to generate."""
        limit = self.max_length if max_length is None else max_length
        if not isinstance(limit, str):
            return int(limit)
        return max(1, 2 * self._target.longest) if self._target.ends else STREAM_LENGTH

    def _check_rows(self, spans: Spans, caller: str) -> None:
        """Raise an error for empty rows of a stream, and values that a density lacks."""
        target = self._target
        if target.kind == "binary":
            check_probabilities(spans)
        if target.kind == "tokens" and not target.ends and (spans.lengths == 1).any():
            i = int(np.argmax(spans.lengths == 1))
            raise ValueError(
                f"{spans.where}[{i}] is empty, but rows are pieces of a stream (ends=False), which "
                "cannot be empty. Drop it, or refit with ends=True."
            )
