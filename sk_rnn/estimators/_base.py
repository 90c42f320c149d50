"""The base class of all estimators: fit, from end to end."""

import copy
import threading
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from ..modules import find_cell
from ..sequences import plain_numbers
from ..training import (
    PRECISIONS,
    PredictionBatches,
    Progress,
    RecurrentNet,
    Training,
    TrainingBatches,
    announce,
    arrange_rows,
    build_module,
    build_net,
    check_groups,
    check_weights,
    copy_callbacks,
    draw_seed,
    draw_seeds,
    fit_network,
    resolve_backend,
    resolve_device,
    run_flushed,
    split_rows,
    untouched_on_failure,
)
from ._autos import are_documents, plan_training
from ._estimator import NetworkEstimator
from ._extras import check_extras
from ._modules import (
    SEQUENCE_MODEL_PARAMETERS,
    check_unchanged,
    choose_sequence_model,
    divergence_advice,
    embedding_dim,
    net_arguments,
    network_parameters,
)
from ._parameters import SHARED, Constraints, check_combinations, checked_schedule
from ._validation import Validation, check_splittable
from ._warnings import called_directly, warn_user
from .sources import Samples, Source, read_sequences
from .targets import Target


class BaseRNN(NetworkEstimator, metaclass=ABCMeta):
    """Base class of the estimators.

    A source describes X and a target describes y. Subclasses choose both, and the arguments of the
    module that depend on the data, in four hooks.
    """

    _parameter_constraints: ClassVar[Constraints] = SHARED
    # Parameters that are passed to the module, and those that determine how data are read. Neither
    # may change while training continues.
    _module_parameters: ClassVar[tuple[str, ...]] = SEQUENCE_MODEL_PARAMETERS
    _data_parameters: ClassVar[tuple[str, ...]] = (
        "embedding_dim",
        "num_embeddings",
        "embedding_weights",
    )

    if TYPE_CHECKING:  # otherwise Sphinx would document them as members
        n_iter_: int
        best_epoch_: int
        loss_curve_: list[float]
        validation_curve_: list[float] | Any  # None without validation data

    def __sklearn_tags__(self):
        """Declare 3-D arrays as inputs; tags cannot express the other containers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    # --- hooks, by default those of a network for sequences of numbers or ids ---------------------

    def _check_combinations(self, params: Mapping[str, Any], caller: str) -> None:
        """Raise an error for parameters that contradict each other or have no effect."""
        check_combinations(params, caller)

    def _make_source(
        self, X: Any, params: Mapping[str, Any], caller: str
    ) -> tuple[Source, Samples]:
        """Choose the source for X, and read X with it."""
        return read_sequences(X, self, params, caller)

    @abstractmethod
    def _make_target(
        self, y: Any, X: Any, samples: Samples, params: Mapping[str, Any], caller: str
    ) -> tuple[Target, Any]:
        """Choose the target for y, and read y with it."""

    def _choose_module(
        self, params: Mapping[str, Any], *, documents: bool, caller: str
    ) -> dict[str, Any]:
        """Return arguments of the module that depend on the data, such as those that are "auto".

        ``documents`` states whether sequences are long on average.
        """
        return choose_sequence_model(params, self._source.num_embeddings, documents=documents)

    # --- fitting --------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: Validation = Validation(),  # noqa: B008 - it is immutable
        *,
        groups: Any = None,
        method: str = "fit",
        resume: bool = False,
        known: Mapping[str, Any] | None = None,
        target_options: Mapping[str, Any] | None = None,
    ) -> Self:
        """Fit or continue training; shared by `fit` and `partial_fit`.

        A copy of the estimator is fitted, and its attributes are copied back on success: if the
        call raises an exception, the estimator is unchanged. ``known`` are attributes that `fit`
        has determined before, ``target_options`` arguments of the target that are not parameters.
        """
        attempt = object.__new__(type(self))
        attempt.__dict__.update(vars(self), **(known or {}))
        options = target_options or {}
        attempt._fit_copy(X, y, sample_weight, validation, groups, method, resume, options)
        for name in vars(self).keys() - vars(attempt).keys():
            delattr(self, name)
        self.__dict__.update(vars(attempt))
        return self

    def _fit_copy(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: Validation,
        groups: Any,
        method: str,
        resume: bool,
        target_options: Mapping[str, Any],
    ) -> None:
        """Fit this object, a copy that is discarded if fitting fails."""
        caller, one_epoch = f"{type(self).__name__}.{method}", method == "partial_fit"
        if one_epoch:
            self._validate_params()  # scikit-learn skips this for a fitted model
        params = plain_numbers(self.get_params(deep=False))
        named = self._extras()
        self._check_combinations(params, caller)
        extras = check_extras(named, params, caller)
        device = resolve_device(self.device, caller)
        names = (*self._module_parameters, *self._data_parameters)
        network = network_parameters(params, names)

        # Read X and y, and drop samples with a weight of zero.
        if resume:
            check_unchanged(self._built_with, network, caller)
            source = self._source
            target = self._target.resumed({**params, **target_options}, caller)
            samples = source.read(X, self, caller)
            y = target.read(y, X, samples, caller)
        else:
            # Setting a parameter after fit must not change the meaning of the fitted model.
            self._precision, self._built_with = self.precision, network
            source, samples = self._make_source(X, params, caller)
            self._source = source
            target, y = self._make_target(y, X, samples, {**params, **target_options}, caller)
            source.warn(X, f"{caller}: X")
        self._target = target
        sample_weight = check_weights(sample_weight, samples, caller)
        groups = check_groups(groups, samples, caller)
        if sample_weight is not None and not sample_weight.all():
            # A weight of zero is equivalent to dropping the row, also for classes and scaling.
            keep = np.flatnonzero(sample_weight)
            y = target.take(y, samples, keep)
            samples, sample_weight = samples.take(keep), sample_weight[keep]
            groups = None if groups is None else groups[keep]

        # Learn what depends on all samples, and encode them.
        if not resume:
            source.learn(samples, caller)
        target.learn(y, caller, reset=not resume)
        spans = source.encode(samples, warn=resume)
        encoded = target.encode(y, caller, warn=resume)
        self.__dict__.update(target.attributes())

        # Arrange the rows, and split off those for validation.
        if not resume:
            self._seed, self._n_fits = draw_seed(self.random_state), 0
        rng, seed = draw_seeds(self._seed, self._n_fits)
        self._n_fits += 1
        entries = target.by_sequence(encoded, spans)
        rows, sample_weight = arrange_rows(spans, entries, sample_weight)
        valid_rows = None
        if self.early_stopping and not validation.is_given and not one_epoch:
            fraction = params["validation_fraction"]
            check_splittable(len(rows), fraction, caller)
            classes = target.classes_to_stratify(encoded)
            rows, valid_rows = split_rows(
                rows, classes, fraction, rng, groups=groups, caller=caller
            )

        # Learn what depends on the training rows.
        documents, initial = are_documents(spans.lengths[rows]), {}
        if not resume:
            target.scale(encoded, spans, rows, sample_weight, caller)
            initial = source.prepare(spans, rows, caller)
            self._module_arguments = {
                **{name: params[name] for name in self._module_parameters if name in params},
                "n_features": spans.n_features,
                "n_outputs": target.n_outputs,
                "num_embeddings": source.num_embeddings,
                "embedding_dim": embedding_dim(params),
                "cell_params": extras["cell"],
                **extras["module"],
                **self._choose_module(params, documents=documents, caller=caller),
            }
        data = target.data(
            encoded, spans, rows, sample_weight, device, caller, **self._input_options()
        )
        plan = plan_training(
            params,
            len(rows),
            one_epoch=one_epoch,
            tokens=source.is_tokens,
            documents=documents and target.one_per_sequence,
        )
        valid = None
        if validation.is_given:
            valid = self._read_validation(validation, device, caller)
        elif valid_rows is not None:
            valid = PredictionBatches(data, valid_rows)

        training = Training(
            TrainingBatches(data, rows, plan.batch_size, rng),
            valid,
            epochs=plan.epochs,
            seed=seed,
            patience=plan.patience,
            tol=float(self.tol),
            unbounded=not find_cell(self.cell).bounded,
            runs_user_code=isinstance(self.cell, type),
            advice=divergence_advice(params),
            caller=caller,
        )
        self._train(training, params, extras, initial, device, resume=resume, one_epoch=one_epoch)

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

    def _read_validation(
        self, validation: Validation, device: torch.device, caller: str
    ) -> PredictionBatches:
        """Convert X_val, y_val and sample_weight_val to batches."""
        validation.check(caller)
        X, y, sample_weight = validation
        source, target = self._source, self._target
        samples = source.read(X, self, caller, input_name="X_val")
        y = target.read(y, X, samples, caller, input_name="y_val")
        spans = source.encode(samples)
        encoded = target.encode(y, caller, input_name="y_val")
        weights = check_weights(sample_weight, samples, caller, input_name="sample_weight_val")
        data = target.data(
            encoded,
            spans,
            np.arange(len(spans)),
            weights,
            device,
            caller,
            input_name="y_val",
            **self._input_options(),
        )
        return PredictionBatches(data, n_outputs=self._module_arguments["n_outputs"])
