"""Training the network of an estimator, from the module to the loss curves."""

import copy
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from sklearn.exceptions import ConvergenceWarning

from ..training import (
    PRECISIONS,
    Progress,
    RecurrentNet,
    Training,
    announce,
    build_module,
    build_net,
    copy_callbacks,
    fit_network,
    resolve_backend,
    run_flushed,
    untouched_on_failure,
)
from ._estimator import NetworkEstimator
from ._modules import net_arguments
from ._parameters import checked_schedule
from ._warnings import called_directly, warn_user


class TrainedEstimator(NetworkEstimator):
    """An estimator that trains its network."""

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        n_iter_: int
        best_epoch_: int
        loss_curve_: list[float]
        validation_curve_: list[float] | Any  # None without validation data

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
    ) -> None:
        """Build the net, or reuse that of the previous fit, train it, and record the results."""
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
        backend = resolve_backend(
            self.backend,
            device,
            bfloat16=self._precision == "bf16",
            cell=self.cell,
            dtype=PRECISIONS[self._precision][0],
            training=True,
            caller=caller,
            announce=lambda: announce(
                self.verbose, "compiling kernels, once on this machine", type(self).__name__
            ),
        )
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
                score_function=target.score_function,
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
            if stopped and not called_directly():
                raise KeyboardInterrupt  # also stops a search over many fits
            # Number of epochs before those in the history.
            n_earlier = 0 if before is None else self.n_iter_
            if before is not None and not one_epoch:
                n_earlier -= len(before.history)
            if stopped:  # raises if warnings are errors
                epoch = len(net.history) - net.epochs_before_ + 1
                warn_user(
                    f"{caller}: interrupted in epoch {epoch} of {training.epochs}; the model keeps "
                    f"what it has learned so far (weights of epoch "
                    f"{n_earlier + net.weights_epoch_}). Call fit again to complete the training.",
                    ConvergenceWarning,
                )
        self._record(net, before, n_earlier, one_epoch=one_epoch)
        # The state of the optimizer is kept, also in a saved model, only if training is meant to
        # continue.
        self._keeps_optimizer = bool(self.warm_start) or one_epoch

    def _record(
        self, net: RecurrentNet, before: RecurrentNet | None, n_earlier: int, *, one_epoch: bool
    ) -> None:
        """Store the results of training, appended to those of earlier calls."""
        losses = [row["train_loss"] for row in net.history]
        scores = [row["valid_score"] for row in net.history if "valid_score" in row]
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
