"""Estimators with a network: parameters, outputs for new data, devices, saved state."""

import copy
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from ..modules import SequenceModel
from ..sequences import Spans, explain_foreign_state, seal, unseal
from ..training import (
    PRECISIONS,
    Model,
    PredictionBatches,
    Progress,
    RecurrentNet,
    SequenceData,
    Training,
    build_module,
    build_net,
    copy_callbacks,
    device_present,
    dump_net,
    explain_infinite,
    fit_network,
    float_type,
    load_net,
    resolve_backend,
    resolve_device,
    run_flushed,
    run_here,
    untouched_on_failure,
)
from ._explanations import ExplainedNetwork
from ._extras import PREFIXES, invalid_parameter, unexpected_argument
from ._kinds import Kind
from ._modules import divergence_advice, net_arguments
from ._observations import ObservedNetwork
from ._parameters import COMPUTE, checked_schedule
from ._summary import SummarisedNetwork
from ._training import choose_backend, curves, handle_interruption
from ._types import Backend
from .sources import Source

# Predicting this many time steps takes less time than starting a thread.
_FEW_STEPS = 4096


class NetworkEstimator(SummarisedNetwork, ObservedNetwork, ExplainedNetwork, BaseEstimator):
    """An estimator whose predictions depend on a source, a target and a network."""

    _module_class: ClassVar[type[Model]] = SequenceModel
    _module_arguments: dict[str, Any]
    _net_arguments: dict[str, Any]
    _built_with: dict[str, Any]
    _keeps_optimizer: bool
    _source: Source
    _target: Any  # a Target; each estimator knows which

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        n_iter_: int
        best_epoch_: int
        loss_curve_: list[float]
        validation_curve_: list[float] | Any  # None without validation data

    # --- parameters with double underscores -----------------------------------------------------

    def _set_extras(self, extras: Mapping[str, Any]) -> None:
        """Store parameters with double underscores unchanged; raise an error for all others.

        Which of them are valid depends on other parameters and is checked in fit.
        """
        for name, value in extras.items():
            # Code that inspects the signature, such as scikit-learn's checks, also passes "extras",
            # the name of **extras. It is stored here and rejected in fit.
            if "__" not in name and name != "extras":
                raise unexpected_argument(name, type(self).__name__, self._get_param_names())
            if name.startswith(PREFIXES):
                setattr(self, name, value)
            else:
                # Not set as an attribute, which might shadow a method; stored for the error in fit.
                self._unknown = {**getattr(self, "_unknown", {}), name: value}

    def _extras(self) -> dict[str, Any]:
        named = {name: value for name, value in vars(self).items() if name.startswith(PREFIXES)}
        return {**named, **getattr(self, "_unknown", {})}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, including those with double underscores.

        Parameters
        ----------
        deep : bool, default=True
            Ignored, because no parameter is itself an estimator. Present for API consistency.

        Returns
        -------
        dict
            Parameter names and values.
        """
        return {**super().get_params(deep=deep), **self._extras()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, including those with double underscores.

        Parameters
        ----------
        **params
            Parameter names and values. ``optimizer__…``, ``module__…`` and ``callbacks__…`` are
            validated in `fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter does not exist; then no parameter is set.
        """
        names = self._get_param_names()
        known = {*names, *getattr(self, "_unknown", {})}
        for name in params:
            if name not in known and not name.startswith(PREFIXES):
                raise invalid_parameter(name, str(self), names)
        self._set_extras({name: params.pop(name) for name in list(params) if name not in names})
        return super().set_params(**params)

    def __sklearn_clone__(self):
        """Clone as scikit-learn does, but make shallow copies of callbacks.

        A deep copy of a callback would report to a copy of its Optuna trial or file.
        """
        extras = {name: v for name, v in vars(self).items() if name.startswith("callbacks__")}
        bare = object.__new__(type(self))
        params = {name: v for name, v in vars(self).items() if name not in extras}
        bare.__dict__.update(params, callbacks=None)
        cloned = super(NetworkEstimator, bare).__sklearn_clone__()
        callbacks, extras = copy_callbacks(self.callbacks, extras)
        cloned.__dict__.update({"callbacks": callbacks, **extras})
        return cloned

    # --- training -------------------------------------------------------------------------------

    def _train(
        self,
        training: Training,
        params: Mapping[str, Any],
        extras: Mapping[str, dict[str, Any]],
        initial: Mapping[str, Any],
        device: torch.device,
        *,
        resume: bool,
        one_epoch: bool,
    ) -> bool:
        """Build the net, or reuse that of the previous fit, train it, and record the results.

        Returns whether Ctrl-C ended the training early.
        """
        caller, target = training.caller, self._target
        before = self.net_ if resume else None
        optimizer_state = None
        if resume and self._keeps_optimizer and self._net_arguments["optimizer"] == self.optimizer:
            optimizer_state = self.net_.optimizer_.state_dict()["state"]
        self._net_arguments = {
            **net_arguments(
                params,
                precision=self._precision,
                one_epoch=one_epoch,
                one_per_sequence=target.one_per_sequence,
            ),
            **extras["optimizer"],
        }
        backend = choose_backend(params, device, self._precision, caller)
        # Created in the calling thread, where it checks for other progress output.
        progress = Progress(int(self.verbose), type(self).__name__) if self.verbose else None
        callbacks, replaced = copy_callbacks(list(self.callbacks or []), extras["callbacks"])

        def build_and_train(interrupted: threading.Event) -> tuple[RecurrentNet, bool]:
            if before is not None:
                module = before.module_
            else:
                module = build_module(
                    self._module_class,
                    self._module_arguments,
                    training.seed,
                    precision=self._precision,
                    caller=caller,
                    **initial,
                )
            net = build_net(
                module,
                target.criterion(),
                self._net_arguments,
                device,
                backend,
                score_function=None if params.get("scoring") == "loss" else target.score_function,
                callbacks=callbacks,
                caller=caller,
                **replaced,
            )
            if before is not None and not one_epoch:
                net.history = copy.copy(before.history)
            if optimizer_state is not None:
                net.resume_optimizer(copy.deepcopy(optimizer_state))
            net.lr_schedule = checked_schedule(net.lr_schedule, caller)
            stopped = fit_network(
                net, training, readout=target.readout(), progress=progress, interrupted=interrupted
            )
            return net, stopped

        with untouched_on_failure(before):
            net, stopped = run_flushed(build_and_train, backend=backend)
            # Number of epochs before those in the history.
            n_earlier = 0 if before is None else self.n_iter_
            if before is not None and not one_epoch:
                n_earlier -= len(before.history)
            if stopped:
                handle_interruption(net, training.epochs, n_earlier, caller)
        self._record(net, before, n_earlier, one_epoch=one_epoch)
        # Its state is kept, also in a saved model, only if training is meant to continue.
        self._keeps_optimizer = bool(self.warm_start) or one_epoch
        return stopped

    def _held_out_outputs(
        self,
        training: Training,
        held_out: PredictionBatches,
        initial: Mapping[str, Any],
        interrupted: threading.Event,
    ) -> tuple[np.ndarray, Any]:
        """Train another network in the same way; return outputs for held-out data, and its net."""
        module = build_module(
            self._module_class,
            self._module_arguments,
            training.seed,
            precision=self._precision,
            **initial,
        )
        net = build_net(
            module,
            self._target.criterion(),
            self._net_arguments,
            self.net_.device,
            self.net_.backend,
            score_function=None,
            callbacks=[],
            caller=training.caller,
        )
        net.lr_schedule = checked_schedule(net.lr_schedule, training.caller)
        readout = self._target.readout()
        fit_network(net, training, readout=readout, progress=None, interrupted=interrupted)
        return net.outputs(held_out, interrupted), net.module_

    def _record(
        self, net: RecurrentNet, before: RecurrentNet | None, n_earlier: int, *, one_epoch: bool
    ) -> None:
        """Store the results of training, appended to those of earlier calls."""
        losses, scores = curves(net)
        if before is not None and one_epoch:
            # Extended in place: copying the lists in each of thousands of calls is slow.
            self.loss_curve_ += losses
        elif before is not None:
            self.loss_curve_ = [*self.loss_curve_[:n_earlier], *losses]
            known = sum("valid_score" in row for row in before.history)
            earlier = self.validation_curve_ or []
            self.validation_curve_ = [*earlier[: len(earlier) - known], *scores] or None
        else:
            self.loss_curve_ = losses
            self.validation_curve_ = scores or None
        self.n_iter_ = n_earlier + len(net.history)
        self.best_epoch_ = n_earlier + net.weights_epoch_
        self._set_net(net)

    # --- prediction -----------------------------------------------------------------------------

    def _read(self, X: Any, method: str) -> Spans:
        """Read X for a method of the fitted estimator."""
        check_is_fitted(self)
        samples = self._source.read(X, self, f"{type(self).__name__}.{method}")
        return self._source.encode(samples)

    def _input_options(self) -> dict[str, Any]:
        """Return the arguments of `SequenceData` that were learned in fit."""
        return {"dtype": float_type(self._precision), "scaling": self._source.scaling}

    def _outputs(
        self, spans: Spans, reduce: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> np.ndarray:
        """Return the outputs of the network, with one row per sample or time step.

        ``reduce`` is applied to the outputs of each batch, which limits memory.
        """
        net, per_step = self.net_, self._target.per_step
        data = SequenceData(spans, net.device, per_step=per_step, **self._input_options())
        batches = PredictionBatches(
            data, pad_samples=not self.module_.rows_independent, n_outputs=self.module_.n_outputs
        )

        found = self._compute(
            spans,
            lambda interrupted: net.outputs(batches, interrupted, reduce),
            here=net.backend == "numba" and spans.lengths.sum() <= _FEW_STEPS,
        )
        order = np.concatenate([batches.samples[chosen] for chosen in batches.batches])
        outputs = np.empty_like(found)
        outputs[self._target.positions(spans, order)] = found
        return outputs

    def _compute(
        self, spans: Spans, compute: Callable[[threading.Event], Any], *, here: bool = False
    ) -> Any:
        """Run a computation, ``here`` or in a thread, and explain outputs that are not finite."""
        try:
            return run_here(compute) if here else run_flushed(compute, backend=self.net_.backend)
        except FloatingPointError as error:
            advice = divergence_advice(self.get_params(deep=False))
            message = explain_infinite(spans, self._source.scaling, self.module_, advice)
            raise ValueError(message) from error

    def __sklearn_is_fitted__(self):
        """Return whether the estimator is fitted."""
        return hasattr(self, "net_")

    # --- device, backend and saved state --------------------------------------------------------

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
        given = (("device", device), ("backend", backend))
        params = {name: value for name, value in given if value is not None}
        validate_parameter_constraints(
            {name: COMPUTE[name] for name in params}, params, caller_name=caller
        )
        state = dump_net(self.net_, with_optimizer=self._keeps_optimizer)
        if device is not None:
            state["device"] = str(resolve_device(device, caller))
        arguments = {**self._net_arguments, "backend": backend or self._net_arguments["backend"]}
        self._build_saved_net(state, arguments, caller)
        self._net_arguments = arguments
        self.set_params(**params)
        return self

    def __getstate__(self):
        state = super().__getstate__().copy()
        if "net_" in state:
            state["_net_state"] = dump_net(state.pop("net_"), with_optimizer=self._keeps_optimizer)
            del state["module_"]
            state |= {name: state[name].to_state() for name in ("_source", "_target")}
        return seal(state)

    def __setstate__(self, state):
        name = type(self).__name__
        state, written_by = unseal(state, name)
        net_state = state.pop("_net_state", None)
        super().__setstate__(state)
        if net_state is None:
            return
        with explain_foreign_state(name, written_by):
            for attribute in ("_source", "_target"):
                setattr(self, attribute, Kind.from_state(getattr(self, attribute)))
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
                self._target.criterion(),
                arguments,
                device,
                backend,
                score_function=self._target.score_function,
            )

        self._set_net(run_flushed(build, backend=backend))

    def _set_net(self, net: RecurrentNet) -> None:
        self.net_, self.module_, self.device_ = net, net.module_, str(net.device)
