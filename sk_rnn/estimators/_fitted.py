"""What a fitted estimator does: outputs for new sequences, and the state that is saved."""

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
from ._parameters import CONSTRAINTS, OpenParameters
from ._reading import float_type, read_sequences, read_target
from ._rows import check_weights, farthest_value
from ._state import dump_net, load_net
from ._types import Backend

# Time steps that are predicted before a thread would have started.
_FEW_STEPS = 4096


class FittedRNN(OpenParameters, metaclass=ABCMeta):
    """Prediction and pickling, which need nothing but the net and what fit has learned."""

    _net_arguments: dict[str, Any]
    _module_class: ClassVar[type[Model]] = SequenceModel
    _architecture: ClassVar[tuple[str, ...]]  # parameters that the module takes as they are
    # And those that have an effect only where sequences are seen for the first time.
    _reading: ClassVar[tuple[str, ...]] = ("embedding_dim", "num_embeddings", "embedding_weights")

    # --- hooks ----------------------------------------------------------------------------------

    @abstractmethod
    def _build_criterion(self) -> Loss:
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
            data, aligned=not self.module_.rows_independent, n_outputs=self.module_.n_outputs
        )

        def compute(interrupted: threading.Event) -> np.ndarray:
            return net.outputs(batches, interrupted, reduce)

        with self._explaining(spans):
            if net.backend == "numba" and spans.lengths.sum() <= _FEW_STEPS:
                found = run_here(compute)
            else:
                found = run_flushed(compute, backend=net.backend)
        order = np.concatenate([batches.rows[chosen] for chosen in batches.batches])
        outputs = np.empty_like(found)
        outputs[self._target_rows(spans, order)] = found
        return outputs

    @contextmanager
    def _explaining(self, spans: Spans) -> Iterator[None]:
        """Say what makes outputs that are not finite: sequences far from the training data."""
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
                f"{spans.where}{place}: the network's outputs are not finite. If it stands for a "
                "missing value, impute it; else clip such values."
            ) from error

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

    def _read_truth(
        self, y: Any, X: Any, spans: Spans, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """True targets of all sequences, or of all time steps, and the weight of each."""
        caller = f"{type(self).__name__}.score"
        truth = read_target(self, y, X, spans, caller)
        weights = check_weights(sample_weight, spans, caller, purpose="score")
        return truth, self._per_target(weights, spans)

    def __sklearn_is_fitted__(self):
        """Tell whether there is a net."""
        return hasattr(self, "net_")

    # --- where it computes ----------------------------------------------------------------------

    def to(self, device: str | None = None, *, backend: Backend | None = None) -> Self:
        """Move the fitted network to another device, or compute it with another backend.

        Setting the parameters `device` or `backend` has an effect on the next `fit` only. This sets
        them too, so that training goes on where the network is.

        Parameters
        ----------
        device : str or None, default=None
            As the parameter of this name; None leaves the network where it is.
        backend : {"auto", "torch", "numba"} or None, default=None
            As the parameter of this name; None leaves it as it is. What is used is in
            ``net_.backend``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the device is not there, or the backend cannot compute this network on it.
        ImportError
            If ``backend="numba"`` and Numba does not work.

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
            {name: CONSTRAINTS[name] for name in wanted}, wanted, caller_name=caller
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
        """Build the net of a saved state, on its device or else on the CPU.

        Without a ``caller``, whom errors name, torch computes where the kernels cannot.
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
