"""Fitted estimators: outputs for new sequences, moving between devices, and saved state."""

import threading
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from ..modules import Loss, SequenceModel
from ..sequences import Spans, Standardisation, explain_foreign_state, seal, unseal
from ..training import (
    PRECISIONS,
    PredictionBatches,
    RecurrentNet,
    SequenceData,
    device_present,
    largest_weight,
    resolve_backend,
    resolve_device,
    run_flushed,
    run_here,
    step_positions,
)
from ._network import Model, build_module, divergence_advice
from ._parameters import COMPUTE, OpenParameters
from ._reading import float_type, read_sequences, read_target
from ._rows import check_weights, farthest_value
from ._state import dump_net, load_net
from ._types import Backend

# Predicting this many time steps takes less time than starting a thread.
_FEW_STEPS = 4096


class FittedRNN(OpenParameters, metaclass=ABCMeta):
    """Prediction and pickling, which depend only on the net and the fitted state."""

    _net_arguments: dict[str, Any]
    _module_class: ClassVar[type[Model]] = SequenceModel
    _architecture: ClassVar[tuple[str, ...]]  # parameters passed to the module unchanged
    # Parameters that only have an effect in the first call of fit.
    _reading: ClassVar[tuple[str, ...]] = ("embedding_dim", "num_embeddings", "embedding_weights")

    # --- hooks ----------------------------------------------------------------------------------

    @abstractmethod
    def _build_criterion(self) -> Loss:
        """Return the loss."""

    @abstractmethod
    def _score_function(self) -> Any:
        """Return the validation score function; None for the negative loss."""

    # --- prediction -----------------------------------------------------------------------------

    def _outputs(
        self, X: Any, method: str, reduce: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> tuple[np.ndarray, Spans]:
        """Return the outputs of the module, one row per sample or time step, and the sequences.

        ``reduce`` is applied to the outputs of each batch, which limits memory.
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
            data, pad_samples=not self.module_.rows_independent, n_outputs=self.module_.n_outputs
        )

        def compute(interrupted: threading.Event) -> np.ndarray:
            return net.outputs(batches, interrupted, reduce)

        with self._explaining(spans):
            if net.backend == "numba" and spans.lengths.sum() <= _FEW_STEPS:
                found = run_here(compute)
            else:
                found = run_flushed(compute, backend=net.backend)
        order = np.concatenate([batches.samples[chosen] for chosen in batches.batches])
        outputs = np.empty_like(found)
        outputs[self._target_rows(spans, order)] = found
        return outputs

    @contextmanager
    def _explaining(self, spans: Spans) -> Iterator[None]:
        """Explain outputs that are not finite: sequences far from the training data."""
        try:
            yield
        except FloatingPointError as error:
            scaling = self._source_options()["scaling"]
            place = farthest_value(spans, scaling) if scaling is not None else None
            if place is None:
                raise ValueError(
                    f"{spans.where}: the network's outputs are not finite for some of these "
                    f"sequences: its weights, up to {largest_weight(self.module_):.3g}, overflow. "
                    f"Refit. {divergence_advice(self)}"
                ) from error
            raise ValueError(
                f"{spans.where}{place}: the network's outputs are not finite. If it encodes a "
                "missing value, impute it; otherwise clip such values."
            ) from error

    def _source_data(self, spans: Spans, **targets: Any) -> SequenceData:
        """Return sequences as inputs of the network."""
        return SequenceData(spans, self.net_.device, **self._source_options(), **targets)

    def _source_options(self) -> dict[str, Any]:
        """Return the arguments of `SequenceData` that were learned in fit."""
        scaling = None if self._scaling is None else Standardisation(*self._scaling)
        return {"dtype": float_type(self), "scaling": scaling}

    def _target_rows(self, spans: Spans, rows: np.ndarray) -> np.ndarray:
        """Return the positions of the targets of the sequences ``rows``."""
        return step_positions(spans.offsets, rows) if self._per_step else rows

    def _per_target(self, values: np.ndarray | None, spans: Spans) -> np.ndarray | None:
        """Repeat values per sequence to one per target."""
        if values is None or not self._per_step:
            return values
        return np.repeat(values, spans.lengths)

    def _by_row(self, values: np.ndarray, spans: Spans) -> np.ndarray:
        """With ``return_sequences=True``, split rows of time steps into one array per sequence."""
        if not self._per_step:
            return values
        result = np.empty(len(spans), dtype=object)
        for i, (start, stop) in enumerate(pairwise(spans.offsets.tolist())):
            result[i] = values[start:stop]
        return result

    def _read_truth(
        self, y: Any, X: Any, spans: Spans, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the true targets of all sequences or time steps, and their weights."""
        caller = f"{type(self).__name__}.score"
        truth = read_target(self, y, X, spans, caller)
        weights = check_weights(sample_weight, spans, caller, purpose="score")
        return truth, self._per_target(weights, spans)

    def __sklearn_is_fitted__(self):
        """Return whether the estimator is fitted."""
        return hasattr(self, "net_")

    # --- device and backend ---------------------------------------------------------------------

    def to(self, device: str | None = None, *, backend: Backend | None = None) -> Self:
        """Move the fitted network to another device, or change its backend.

        Setting the parameters `device` or `backend` only affects the next `fit`. This method also
        sets the parameters, so that later training uses the same device and backend.

        Parameters
        ----------
        device : str or None, default=None
            See the parameter `device`. If None, the network is not moved.
        backend : {"auto", "torch", "numba"} or None, default=None
            See the parameter `backend`. If None, it is not changed. The selected backend is
            ``net_.backend``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the device is not available, or the backend does not support this network on it.
        ImportError
            If ``backend="numba"`` and Numba is not usable.

        Examples
        --------
        >>> from sk_rnn import RNNClassifier
        >>> clf = RNNClassifier(max_epochs=1).fit([[0.0, 1.0], [1.0, 0.0]], ["up", "down"])
        >>> clf.to("cpu", backend="torch").net_.backend
        'torch'
        """
        caller = f"{type(self).__name__}.to"
        check_is_fitted(self)
        wanted = {"device": device, "backend": backend}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        validate_parameter_constraints(
            {name: COMPUTE[name] for name in wanted}, wanted, caller_name=caller
        )
        state = dump_net(self.net_, with_optimizer=self._keeps_optimizer)
        if device is not None:
            state["device"] = str(resolve_device(device, caller))
        arguments = {**self._net_arguments, "backend": backend or self._net_arguments["backend"]}
        self._build_saved_net(state, arguments, caller)
        self._net_arguments = arguments
        self.set_params(**wanted)
        return self

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
            self._build_saved_net(net_state, self._net_arguments)

    def _build_saved_net(
        self, net_state: dict[str, Any], arguments: dict[str, Any], caller: str | None = None
    ) -> None:
        """Build the net from a saved state, on its device if available, else on the CPU.

        Without a ``caller``, the name in error messages, torch replaces unavailable kernels.
        """
        device = torch.device(net_state["device"])
        if not device_present(device):
            device = torch.device("cpu")
        backend = resolve_backend(
            arguments["backend"],
            device,
            bfloat16=arguments["bfloat16"],
            cell=self._module_arguments["cell"],
            dtype=PRECISIONS[self._precision][0],
            training=False,
            caller=caller,
        )

        def build(interrupted: threading.Event) -> RecurrentNet:
            module = build_module(
                self._module_class, self._module_arguments, 0, precision=net_state["precision"]
            )
            return load_net(
                net_state,
                module,
                self._build_criterion(),
                arguments,
                device,
                backend,
                score_function=self._score_function(),
            )

        self.net_ = run_flushed(build, backend=backend)
        self.module_ = self.net_.module_
        self.device_ = str(self.net_.device)
