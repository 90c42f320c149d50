"""Shared by `RNNClassifier` and `RNNRegressor`: one target per sequence or per time step."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch

from ..sequences import Spans
from ..training import SequenceData
from ._base import BaseRNN
from ._network import EMBEDDING_EPS, MODULE_PARAMETERS
from ._reading import float_type, read_target, reads_tokens
from ._rows import are_documents, auto_epochs


class AlignedRNN(BaseRNN):
    """`BaseRNN` with targets that are arrays; subclasses define their content with the hooks."""

    _architecture: ClassVar[tuple[str, ...]] = MODULE_PARAMETERS

    # --- hooks ----------------------------------------------------------------------------------

    @abstractmethod
    def _check_target(self, y: Any, caller: str, input_name: str) -> np.ndarray:
        """Validate y with one row per sample."""

    def _check_step_targets(
        self, y: np.ndarray, spans: Spans, caller: str, input_name: str
    ) -> np.ndarray:
        """Validate y with one row per time step, which is already an array."""
        return y

    @abstractmethod
    def _fit_output_scale(self, encoded: np.ndarray, weights: np.ndarray | None) -> int:
        """Learn the scale of the outputs from the training rows; return the number of outputs."""

    @abstractmethod
    def _scale_target(self, encoded: np.ndarray, where: str) -> np.ndarray:
        """Scale encoded targets with the scale learned by `_fit_output_scale`."""

    def _class_factors(
        self, encoded: np.ndarray, train: np.ndarray, weights: np.ndarray | None, caller: str
    ) -> np.ndarray | None:
        """Return the class weight of each row, or None; ``train`` are the training rows."""
        return None

    def _net_options(self) -> dict[str, Any]:
        embedding_eps = None if self._per_step else EMBEDDING_EPS
        return {"tbptt_steps": self.tbptt_steps, "embedding_eps": embedding_eps}

    def _auto_epochs(self, lengths: np.ndarray, batch_size: int) -> int:
        return auto_epochs(
            len(lengths),
            batch_size,
            tokens=self._tokens,
            documents=not self._per_step and are_documents(lengths),
        )

    # --- targets --------------------------------------------------------------------------------

    def _fix_meaning(self) -> None:
        self._per_step = bool(self.return_sequences)
        self._tokens = reads_tokens(self)

    def _read_target(
        self, y: Any, X: Any, spans: Spans, caller: str, *, reset: bool, input_name: str = "y"
    ) -> np.ndarray:
        return read_target(self, y, X, spans, caller, input_name)

    def _take_targets(self, target: np.ndarray, spans: Spans, rows: np.ndarray) -> np.ndarray:
        return target[self._target_rows(spans, rows)]

    def _by_sequence(self, encoded: np.ndarray, spans: Spans) -> Any:
        return np.split(encoded, spans.offsets[1:-1]) if self._per_step else encoded

    def _learn_outputs(
        self, encoded: np.ndarray, spans: Spans, rows: np.ndarray, sample_weight: np.ndarray | None
    ) -> int:
        train = self._target_rows(spans, rows)
        weights = self._per_target(sample_weight, spans)
        return self._fit_output_scale(encoded[train], None if weights is None else weights[train])

    def _make_data(
        self,
        spans: Spans,
        encoded: np.ndarray,
        sample_weight: np.ndarray | None,
        rows: np.ndarray,
        device: torch.device,
        caller: str,
        input_name: str = "y",
    ) -> SequenceData:
        return SequenceData(
            spans,
            device,
            **self._source_options(),
            y=self._scale_target(encoded, f"{caller}: {input_name}"),
            weights=self._loss_weights(encoded, sample_weight, spans, rows, caller),
            per_step=self._per_step,
        )

    def _loss_weights(
        self,
        encoded: np.ndarray,
        sample_weight: np.ndarray | None,
        spans: Spans,
        rows: np.ndarray,
        caller: str,
    ) -> np.ndarray | None:
        """Return the loss weight of each row of the targets, with mean one over the training rows.

        Weights are normalised over the data set and not per batch, where the classes vary.
        """
        weights = self._per_target(sample_weight, spans)
        train = self._target_rows(spans, rows)
        factors = self._class_factors(encoded, train, weights, caller)
        if factors is not None:
            weights = factors if weights is None else weights * factors
        if weights is None:
            return None
        return (weights / weights[train].mean()).astype(float_type(self))
