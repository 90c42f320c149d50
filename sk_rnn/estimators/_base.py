"""The base class of all estimators: fit, from end to end."""

import copy
import threading
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from ..modules import find_cell
from ..sequences import Spans, plain_number, plain_numbers
from ..training import (
    PRECISIONS,
    BestWeights,
    FiniteGuard,
    Patience,
    PredictionBatches,
    Progress,
    Readout,
    RecurrentNet,
    SequenceData,
    TrainingBatches,
    announce,
    copy_callbacks,
    isolate_globals,
    resolve_backend,
    resolve_device,
    run_flushed,
)
from ._fitted import FittedRNN
from ._network import (
    Model,
    architecture,
    build_module,
    build_net,
    check_unchanged,
    divergence_advice,
    module_arguments,
)
from ._parameters import (
    SHARED,
    Constraints,
    check_combinations,
    check_extras,
    checked_schedule,
)
from ._reading import (
    count_tokens,
    read_embedding_weights,
    read_sequences,
    warn_of_long_frame,
)
from ._rows import (
    are_documents,
    arrange_rows,
    auto_batch_size,
    auto_epochs,
    auto_patience,
    check_groups,
    check_weights,
    draw_seed,
    learn_scaling,
    split_rows,
    unseen_tokens,
)
from ._state import untouched_on_failure
from ._warnings import called_directly, warn_user


class Validation(NamedTuple):
    """The validation data passed to `fit`, if any."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


_NO_VALIDATION = Validation()


class BaseRNN(FittedRNN):
    """Fit, the same for all estimators; subclasses define the targets with the hooks."""

    _parameter_constraints: ClassVar[Constraints] = SHARED

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

    # --- hooks ----------------------------------------------------------------------------------

    def _check_combinations(self, params: dict[str, Any], caller: str) -> None:
        """Refuse parameters that contradict each other."""
        check_combinations(params, caller)

    @abstractmethod
    def _fix_meaning(self) -> None:
        """Store the current parameters that determine the meaning of data and outputs."""

    def _read_source(self, X: Any, caller: str, *, reset: bool, input_name: str = "X") -> Spans:
        """Validate X; with ``reset``, learn from it."""
        return read_sequences(self, X, caller, reset=reset, input_name=input_name)

    def _warn_of_source(self, X: Any, caller: str) -> None:
        """Warn if X may have been misinterpreted."""
        warn_of_long_frame(self, X, f"{caller}: X")

    @abstractmethod
    def _read_target(
        self, y: Any, X: Any, spans: Spans, caller: str, *, reset: bool, input_name: str = "y"
    ) -> Any:
        """Validate y."""

    @abstractmethod
    def _take_targets(self, target: Any, spans: Spans, rows: np.ndarray) -> Any:
        """Return the targets from `_read_target` for the sequences ``rows``."""

    @abstractmethod
    def _encode_target(
        self, y: Any, caller: str, *, reset: bool, classes: Any = None, input_name: str = "y"
    ) -> Any:
        """Encode y for the loss; with ``reset``, learn from it."""

    def _see_targets(self, encoded: Any, *, reset: bool) -> None:
        """Update state that accumulates over calls of fit; ``encoded`` is from `_encode_target`."""
        return  # most estimators have no such state

    @abstractmethod
    def _by_sequence(self, encoded: Any, spans: Spans) -> Any:
        """Split encoded targets into one entry per sequence."""

    @abstractmethod
    def _learn_outputs(
        self, encoded: Any, spans: Spans, rows: np.ndarray, sample_weight: np.ndarray | None
    ) -> int:
        """Learn the scale of the outputs from the training rows; return the number of outputs."""

    @abstractmethod
    def _make_data(
        self,
        spans: Spans,
        encoded: Any,
        sample_weight: np.ndarray | None,
        rows: np.ndarray,
        device: torch.device,
        caller: str,
        input_name: str = "y",
    ) -> SequenceData:
        """Combine sequences, targets and loss weights; ``rows`` are the training rows."""

    @abstractmethod
    def _readout(self) -> Readout:
        """Return how outputs and targets are presented to callbacks."""

    def _split_labels(self, encoded: Any) -> np.ndarray | None:
        """Return the classes by which to stratify the validation split, or None."""
        return None

    def _auto_epochs(self, lengths: np.ndarray, batch_size: int) -> int:
        """Return the number of epochs for ``max_epochs="auto"`` and these sequence lengths."""
        return auto_epochs(len(lengths), batch_size, tokens=self._tokens)

    def _count_tokens(self, spans: Spans, caller: str) -> int:
        """Return the size of the vocabulary of X."""
        return count_tokens(self, spans, caller)

    def _read_embedding_weights(self, caller: str) -> np.ndarray | None:
        """Return the pretrained embedding vectors of the tokens of X."""
        return read_embedding_weights(
            self.embedding_weights, self.embedding_dim, self.num_embeddings, caller
        )

    def _more_arguments(self) -> dict[str, Any]:
        """Return arguments of the module that are not parameters of the estimator."""
        return {}

    def _net_options(self) -> dict[str, Any]:
        """Return arguments of the net that are specific to the estimator."""
        return {}

    # --- fitting --------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: Validation = _NO_VALIDATION,
        *,
        groups: Any = None,
        method: str = "fit",
        resume: bool = False,
        classes: Any = None,
        known: Mapping[str, Any] | None = None,
    ) -> Self:
        """Fit or continue training; shared by `fit` and `partial_fit`.

        A copy of the estimator is fitted, and its state is adopted on success: if the call raises
        any exception, the estimator is unchanged. ``known`` are attributes that `fit` has learned
        before this call.
        """
        attempt = object.__new__(type(self))
        attempt.__dict__.update(vars(self), **(known or {}))
        attempt._fit_copy(X, y, sample_weight, validation, groups, method, resume, classes)
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
        classes: Any,
    ) -> None:
        """Fit this object, a copy that is discarded if fitting fails."""
        caller = f"{type(self).__name__}.{method}"
        if method == "partial_fit":
            self._validate_params()  # which scikit-learn leaves out once a model is fitted
        params = plain_numbers(self.get_params(deep=False))
        self._check_combinations(params, caller)
        extras = check_extras(self._extras(), params, caller)
        device = resolve_device(self.device, caller)

        if resume:
            check_unchanged(self, caller)
        else:
            # Setting a parameter after fit must not change the meaning of the fitted model.
            self._precision = self.precision
            self._fix_meaning()
        spans = self._read_source(X, caller, reset=not resume)
        target = self._read_target(y, X, spans, caller, reset=not resume)
        if not resume:
            self._warn_of_source(X, caller)
        sample_weight = check_weights(sample_weight, spans, caller)
        groups = check_groups(groups, spans, caller)
        if sample_weight is not None and not sample_weight.all():
            # A weight of zero is equivalent to dropping the row, also for classes and scaling.
            keep = np.flatnonzero(sample_weight)
            target = self._take_targets(target, spans, keep)
            spans, sample_weight = spans.take(keep), sample_weight[keep]
            groups = None if groups is None else groups[keep]
        encoded = self._encode_target(target, caller, reset=not resume, classes=classes)
        self._see_targets(encoded, reset=not resume)

        if not resume:
            self._seed, self._n_fits = draw_seed(self.random_state), 0
        rng, seed = self._next_seeds()
        rows, sample_weight = arrange_rows(spans, self._by_sequence(encoded, spans), sample_weight)
        valid_rows = None
        one_epoch = method == "partial_fit"
        validated = any(part is not None for part in validation)
        if self.early_stopping and not validated and not one_epoch:
            self._check_splittable(len(rows), caller)
            labels = self._split_labels(encoded)
            rows, valid_rows = split_rows(
                rows, labels, params["validation_fraction"], rng, groups=groups, caller=caller
            )

        initial = {}
        if not resume:
            n_outputs = self._learn_outputs(encoded, spans, rows, sample_weight)
            initial = self._learn_network(spans, rows, n_outputs, extras, caller)
        data = self._make_data(spans, encoded, sample_weight, rows, device, caller)
        batch_size = params["batch_size"]
        if batch_size == "auto":
            batch_size = auto_batch_size(len(rows))
        epochs = 1 if one_epoch else params["max_epochs"]
        if epochs == "auto":
            epochs = self._auto_epochs(spans.lengths[rows], batch_size)
        train, valid = TrainingBatches(data, rows, batch_size, rng), None
        if validated:
            valid = self._read_validation(validation, device, caller)
        elif valid_rows is not None:
            valid = PredictionBatches(data, valid_rows)

        before = self.net_ if resume else None
        resumed = None if before is None or not self._resumes_optimizer() else before.optimizer_
        self._net_arguments = self._choose_net_arguments(extras, one_epoch)
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

        # Created in the calling thread, which it inspects for other progress output.
        progress = Progress(int(self.verbose), type(self).__name__) if self.verbose else None

        def build_and_train(interrupted: threading.Event) -> tuple[RecurrentNet, bool]:
            if before is None:
                module = self._build_module(seed, caller, **initial)
            else:
                module = before.module_
            net = self._build_net(module, device, backend, extras["callbacks"], caller)
            if before is not None and not one_epoch:
                net.history = copy.copy(before.history)
            if resumed is not None:
                net.resume_optimizer(copy.deepcopy(resumed.state_dict()["state"]))
            stopped = self._train(
                net, train, valid, epochs, seed, interrupted, caller, progress=progress
            )
            return net, stopped

        with untouched_on_failure(before):
            net, stopped = run_flushed(build_and_train, backend=backend)
            if stopped and not called_directly():
                raise KeyboardInterrupt  # also stops a search over many fits
            # Number of epochs that precede those in the history.
            n_earlier = 0 if before is None else self.n_iter_
            if before is not None and not one_epoch:
                n_earlier -= len(before.history)
            if stopped:  # raises if warnings are errors
                epoch = len(net.history) - net.epochs_before_ + 1
                warn_user(
                    f"{caller}: interrupted in epoch {epoch} of {epochs}; the model keeps what it "
                    f"has learned so far (weights of epoch {n_earlier + net.weights_epoch_}). Call "
                    "fit again to complete the training.",
                    ConvergenceWarning,
                )
        self._record(net, before, n_earlier, one_epoch=one_epoch)
        # The state of the optimizer is kept, also in a saved model, only if training is meant to
        # continue.
        self._keeps_optimizer = bool(self.warm_start) or one_epoch

    def _learn_network(
        self,
        spans: Spans,
        rows: np.ndarray,
        n_outputs: int,
        extras: dict[str, dict[str, Any]],
        caller: str,
    ) -> dict[str, Any]:
        """Learn the arguments of the module; return data for its initial weights."""
        weights = self._read_embedding_weights(caller)
        self._scaling, unseen = None, None
        if self._tokens:
            self._num_embeddings = self._count_tokens(spans, caller)
            unseen = unseen_tokens(spans, rows, self._num_embeddings)
        elif self.scale_inputs:
            self._scaling = tuple(learn_scaling(spans, rows, caller))
        self._module_arguments = module_arguments(
            self,
            n_features=spans.n_features,
            n_outputs=n_outputs,
            num_embeddings=self._num_embeddings if self._tokens else None,
            documents=are_documents(spans.lengths[rows]),
            extras=extras,
        )
        self._module_arguments |= plain_numbers(self._more_arguments())
        self._built_with = architecture(self)
        return {"embedding_weights": weights, "unseen_tokens": unseen}

    def _build_module(self, seed: int, caller: str, **initial: Any) -> Model:
        return build_module(
            self._module_class,
            self._module_arguments,
            seed,
            precision=self._precision,
            caller=caller,
            **initial,
        )

    def _resumes_optimizer(self) -> bool:
        return self._keeps_optimizer and self._net_arguments["optimizer"] == self.optimizer

    def _choose_net_arguments(
        self, extras: dict[str, dict[str, Any]], one_epoch: bool
    ) -> dict[str, Any]:
        return {
            "optimizer": self.optimizer,
            "lr": float(self.lr),
            "lr_schedule": "constant" if one_epoch else self.lr_schedule,
            "weight_decay": float(self.weight_decay),
            "gradient_clip": None if self.gradient_clip is None else float(self.gradient_clip),
            "bfloat16": self._precision == "bf16",
            "backend": self.backend,
            **plain_numbers(self._net_options()),
            **extras["optimizer"],
        }

    def _build_net(
        self,
        module: Model,
        device: torch.device,
        backend: str,
        callback_arguments: dict[str, Any],
        caller: str,
    ) -> RecurrentNet:
        callbacks, replaced = copy_callbacks(list(self.callbacks or []), callback_arguments)
        return build_net(
            module,
            self._build_criterion(),
            self._net_arguments,
            device,
            backend,
            score_function=self._score_function(),
            callbacks=callbacks,
            caller=caller,
            **replaced,
        )

    def _train(
        self,
        net: RecurrentNet,
        train: TrainingBatches,
        valid: PredictionBatches | None,
        epochs: int,
        seed: int,
        interrupted: threading.Event,
        caller: str,
        *,
        progress: Progress | None,
    ) -> bool:
        """Run the training loop; return whether it was interrupted by Ctrl-C."""
        unbounded = not find_cell(self.cell).bounded
        guard = FiniteGuard(caller, divergence_advice(self), unbounded=unbounded)
        best = BestWeights()
        first, last = [], [guard]
        if self.early_stopping and valid is not None:
            first.append(best)
            patience = plain_number(self.n_iter_no_change)
            if patience == "auto":
                patience = auto_patience(len(train), epochs)
            last.append(Patience(patience, float(self.tol)))
        net.lr_schedule = checked_schedule(net.lr_schedule, caller)
        generator = torch.Generator(device=net.device).manual_seed(seed)
        with isolate_globals(seed, net.device, needed=isinstance(self.cell, type)):
            return net.train(
                train,
                valid,
                epochs=epochs,
                generator=generator,
                interrupted=interrupted,
                own_first=first,
                own_last=last,
                readout=self._readout(),
                progress=progress,
            )

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
        self.net_ = net
        self.module_ = net.module_
        self.device_ = str(net.device)

    def _read_validation(
        self, validation: Validation, device: torch.device, caller: str
    ) -> PredictionBatches:
        """Convert X_val, y_val and sample_weight_val to batches."""
        names = ("X_val", "y_val", "sample_weight_val")
        passed = dict(zip(names, validation, strict=True))
        missing = [name for name in names[:2] if passed[name] is None]
        if missing:
            given = next(name for name in names if passed[name] is not None)
            raise ValueError(
                f"{caller}: {given} was passed without {' and '.join(missing)}. Pass X_val and "
                "y_val, or neither."
            )
        spans = self._read_source(validation.X, caller, reset=False, input_name="X_val")
        target = self._read_target(
            validation.y, validation.X, spans, caller, reset=False, input_name="y_val"
        )
        encoded = self._encode_target(target, caller, reset=False, input_name="y_val")
        weights = check_weights(
            validation.sample_weight, spans, caller, input_name="sample_weight_val"
        )
        rows = np.arange(len(spans))
        return PredictionBatches(
            self._make_data(spans, encoded, weights, rows, device, caller, input_name="y_val"),
            n_outputs=self._module_arguments["n_outputs"],
        )

    def _next_seeds(self) -> tuple[np.random.RandomState, int]:
        """Return a generator for the rows and a seed for weights and dropout, per call of fit."""
        sequence = np.random.SeedSequence([self._seed, self._n_fits])
        self._n_fits += 1
        rows, weights = sequence.generate_state(2)
        return np.random.RandomState(rows), int(weights)

    def _check_splittable(self, n_rows: int, caller: str) -> None:
        if np.ceil(n_rows * self.validation_fraction) >= n_rows:
            raise ValueError(
                f"{caller}: early_stopping=True with validation_fraction="
                f"{self.validation_fraction} leaves none of n_samples={n_rows} for training. "
                "Lower validation_fraction, pass X_val and y_val, or set early_stopping=False."
            )
