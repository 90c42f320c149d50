"""X and y as data of a fitted network that is looked into."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.utils.validation import check_is_fitted

from ..modules import CTCModel, Seq2SeqModel, SequenceModel
from ..sequences import Spans
from ..training import SequenceData


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


class ReadableNetwork:
    """Part of an estimator that reads data for its fitted network, with a caller in messages."""

    _source: Any
    _target: Any
    _module_arguments: dict[str, Any]

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        module_: Any

        # Of the estimator.
        def _input_options(self) -> dict[str, Any]: ...

    @property
    def _has_encoder(self) -> bool:
        return isinstance(self.module_, SequenceModel | Seq2SeqModel | CTCModel)

    @property
    def _has_states(self) -> bool:
        """Whether the encoder can be run step by step: not with a custom cell."""
        return self._has_encoder and self.module_.encoder.recurrent.carries

    @property
    def _stride(self) -> int:
        """Time steps per step of the recurrence."""
        return int(self.module_.encoder.stride)

    def _require(self, caller: str, *, states: bool) -> None:
        """Raise an error for a network without an encoder, or without accessible states."""
        check_is_fitted(self)
        if not self._has_encoder:
            raise TypeError(
                f"{caller}: {type(self).__name__} is not supported. Pass a fitted RNNClassifier, "
                "RNNRegressor, RNNLanguageModel, RNNTranscriber or Seq2SeqTransformer."
            )
        if states and not self._has_states:
            cell = self.module_.encoder.recurrent.cell.name
            raise ValueError(
                f"{caller}: the states of a custom cell, {cell}, are not accessible. "
                "Pass an estimator with one of the built-in cells."
            )

    def _read_spans(self, X: Any, caller: str) -> Spans:
        """Read and encode X."""
        return self._source.encode(self._source.read(X, self, caller))

    def _readable(
        self, X: Any, y: Any, caller: str, dtype: npt.DTypeLike | None = None
    ) -> Readable:
        """Read X and y, which may be None; ``dtype`` is that of numbers, if not the network's."""
        samples = self._source.read(X, self, caller)
        spans, target, cpu = self._source.encode(samples), self._target, torch.device("cpu")
        options = self._input_options() | ({} if dtype is None else {"dtype": dtype})
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
