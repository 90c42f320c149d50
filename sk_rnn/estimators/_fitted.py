"""What a fitted estimator does: outputs for new sequences, and the state that is saved."""

import threading
from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..modules import SequenceModel, WeightedLoss
from ..sequences import Panel
from ..training import (
    PredictionBatches,
    SequenceData,
    run_flushed,
    run_here,
    step_positions,
)
from ._network import Model, build_module
from ._parameters import OpenParameters
from ._reading import read_sequences, read_target
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

    def _outputs(self, X: Any, method: str) -> tuple[np.ndarray, Panel]:
        """The module's outputs: (n_samples, n_outputs), or one row a step, and the sequences."""
        check_is_fitted(self)
        panel = read_sequences(self, X, f"{type(self).__name__}.{method}", reset=False)
        net = self.net_
        data = SequenceData(panel, net.device, per_step=self._per_step)
        batches = PredictionBatches(data, aligned=not self.module_.rows_apart)

        def compute(interrupted: threading.Event) -> np.ndarray:
            return net.outputs(batches, interrupted)

        if net.backend == "numba" and len(panel.values) <= _FEW_STEPS:
            found = run_here(compute)
        else:
            found = run_flushed(compute, backend=net.backend)
        order = np.concatenate([batches.rows[chosen] for chosen in batches.batches])
        outputs = np.empty_like(found)
        outputs[self._target_rows(panel, order)] = found
        return outputs, panel

    def _target_rows(self, panel: Panel, rows: np.ndarray) -> np.ndarray:
        """Where the targets of the sequences ``rows`` stand."""
        return step_positions(panel.offsets, rows) if self._per_step else rows

    def _per_target(self, values: np.ndarray | None, panel: Panel) -> np.ndarray | None:
        """Repeat what is one a sequence to one a target."""
        if values is None or not self._per_step:
            return values
        return np.repeat(values, panel.lengths)

    def _by_row(self, values: np.ndarray, panel: Panel) -> np.ndarray:
        """With ``return_sequences=True`` gather rows of steps to one array a sequence."""
        if not self._per_step:
            return values
        result = np.empty(len(panel), dtype=object)
        for i, (start, end) in enumerate(zip(panel.offsets[:-1], panel.offsets[1:], strict=True)):
            result[i] = values[start:end]
        return result

    def _read_truth(
        self, y: Any, X: Any, panel: Panel, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """True targets of all sequences, or of all time steps, and the weight of each."""
        caller = f"{type(self).__name__}.score"
        truth = read_target(self, y, X, panel, caller)
        weights = check_weights(sample_weight, len(panel), caller, purpose="score")
        return truth, self._per_target(weights, panel)

    def __sklearn_is_fitted__(self):
        """A fit that was refused leaves some attributes behind, but no net."""
        return hasattr(self, "net_")

    # --- state ----------------------------------------------------------------------------------

    def __getstate__(self):
        state = super().__getstate__().copy()
        if "net_" in state:
            state["_net_state"] = dump_net(state.pop("net_"), with_optimizer=self._keeps_optimizer)
            del state["module_"]
        return state

    def __setstate__(self, state):
        state = dict(state)
        net_state = state.pop("_net_state", None)
        super().__setstate__(state)
        if net_state is not None:
            module = build_module(
                self._module_class, self._module_arguments, 0, precision=net_state["precision"]
            )
            self.net_ = load_net(
                net_state,
                module,
                self._build_criterion(),
                self._net_arguments,
                score_function=self._score_function(),
            )
            self.module_ = self.net_.module_
            self.device_ = str(self.net_.device)
