"""What a fitted estimator does: outputs for new sequences, and the state that is saved."""

import threading
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from ..modules import SequenceModel, WeightedLoss
from ..sequences import Spans, Standardisation, explain_foreign_state, seal, unseal
from ..training import (
    PRECISIONS,
    PredictionBatches,
    RecurrentNet,
    SequenceData,
    device_present,
    resolve_backend,
    run_flushed,
    run_here,
    step_positions,
)
from ._network import Model, build_module
from ._parameters import OpenParameters
from ._reading import float_type, read_sequences, read_target
from ._rows import check_weights
from ._state import dump_net, load_net

# Time steps that are predicted before a thread would have started.
_FEW_STEPS = 4096


class FittedRNN(OpenParameters, metaclass=ABCMeta):
    """Prediction and pickling, which need nothing but the net and what fit has learned."""

    _module_class: ClassVar[type[Model]] = SequenceModel
    _architecture: ClassVar[tuple[str, ...]]  # parameters that the module takes as they are
    # And those that have an effect only where sequences are seen for the first time.
    _reading: ClassVar[tuple[str, ...]] = ("embedding_dim", "num_embeddings", "embedding_weights")

    # --- hooks ----------------------------------------------------------------------------------

    @abstractmethod
    def _build_criterion(self) -> WeightedLoss:
        """Make the loss."""

    @abstractmethod
    def _score_function(self) -> Any:
        """Choose the validation score; None for minus the loss."""

    # --- prediction -----------------------------------------------------------------------------

    def _outputs(
        self, X: Any, method: str, reduce: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> tuple[np.ndarray, Spans]:
        """The module's outputs: (n_samples, n_outputs), or one row per step, and the sequences.

        With ``reduce`` what it makes of the outputs of each batch, so that they are never all held.
        """
        check_is_fitted(self)
        caller = f"{type(self).__name__}.{method}"
        spans = read_sequences(self, X, caller, reset=False)
        return self._outputs_of(spans, reduce), spans

    def _outputs_of(
        self, spans: Spans, reduce: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> np.ndarray:
        net = self.net_
        data = self._source_data(spans, per_step=self._per_step)
        batches = PredictionBatches(
            data, aligned=not self.module_.rows_apart, n_outputs=self.module_.n_outputs
        )

        def compute(interrupted: threading.Event) -> np.ndarray:
            return net.outputs(batches, interrupted, reduce)

        if net.backend == "numba" and spans.lengths.sum() <= _FEW_STEPS:
            found = run_here(compute)
        else:
            found = run_flushed(compute, backend=net.backend)
        order = np.concatenate([batches.rows[chosen] for chosen in batches.batches])
        outputs = np.empty_like(found)
        outputs[self._target_rows(spans, order)] = found
        return outputs

    def _source_data(self, spans: Spans, **targets: Any) -> SequenceData:
        """Sequences as the network reads them."""
        return SequenceData(spans, self.net_.device, **self._source_options(), **targets)

    def _source_options(self) -> dict[str, Any]:
        """How `SequenceData` reads what has been fitted on."""
        scaling = None if self._scaling is None else Standardisation(*self._scaling)
        return {"dtype": float_type(self), "scaling": scaling}

    def _target_rows(self, spans: Spans, rows: np.ndarray) -> np.ndarray:
        """Where the targets of the sequences ``rows`` stand."""
        return step_positions(spans.offsets, rows) if self._per_step else rows

    def _per_target(self, values: np.ndarray | None, spans: Spans) -> np.ndarray | None:
        """Repeat what is one per sequence to one per target."""
        if values is None or not self._per_step:
            return values
        return np.repeat(values, spans.lengths)

    def _by_row(self, values: np.ndarray, spans: Spans) -> np.ndarray:
        """With ``return_sequences=True`` gather rows of steps to one array per sequence."""
        if not self._per_step:
            return values
        result = np.empty(len(spans), dtype=object)
        for i, (start, stop) in enumerate(pairwise(spans.offsets.tolist())):
            result[i] = values[start:stop]
        return result

    def _pairs(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """True and predicted targets, and the weight of each, for `score`."""
        caller = f"{type(self).__name__}.score"
        check_is_fitted(self)
        spans = read_sequences(self, X, caller, reset=False)
        truth = read_target(self, y, X, spans, caller)
        weights = check_weights(sample_weight, spans, caller, purpose="score")
        return truth, self._predict_spans(spans), self._per_target(weights, spans)

    def __sklearn_is_fitted__(self):
        """Tell whether there is a net."""
        return hasattr(self, "net_")

    # --- state ----------------------------------------------------------------------------------

    def __getstate__(self):
        state = super().__getstate__().copy()
        if "net_" in state:
            state["_net_state"] = dump_net(state.pop("net_"), with_optimizer=self._keeps_optimizer)
            del state["module_"]
        return seal(state)

    def __setstate__(self, state):
        name = type(self).__name__
        state, written_by = unseal(state, name)
        net_state = state.pop("_net_state", None)
        super().__setstate__(state)
        if net_state is None:
            return
        with explain_foreign_state(name, written_by):
            self._build_saved_net(net_state)

    def _build_saved_net(self, net_state: dict[str, Any]) -> None:
        """Build the net of a saved state, on the device of the training or else on the CPU."""
        device = torch.device(net_state["device"])
        if not device_present(device):
            device = torch.device("cpu")
        backend = resolve_backend(
            self._net_arguments["backend"],
            device,
            bfloat16=self._net_arguments["bfloat16"],
            cell=self._module_arguments["cell"],
            dtype=PRECISIONS[self._precision][0],
            training=False,
            caller=None,
        )

        def build(interrupted: threading.Event) -> RecurrentNet:
            module = build_module(
                self._module_class, self._module_arguments, 0, precision=net_state["precision"]
            )
            return load_net(
                net_state,
                module,
                self._build_criterion(),
                self._net_arguments,
                device,
                backend,
                score_function=self._score_function(),
            )

        self.net_ = run_flushed(build, backend=backend)
        self.module_ = self.net_.module_
        self.device_ = str(self.net_.device)
