"""What all estimators share: fit, from end to end."""

import copy
from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from ..sequences import Panel
from ..training import (
    BestWeights,
    FiniteGuard,
    Patience,
    PredictionBatches,
    Progress,
    RecurrentNet,
    SequenceData,
    TrainingBatches,
    isolate_globals,
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
    CONSTRAINTS,
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
    check_weights,
    draw_seed,
    feature_statistics,
    split_rows,
    unseen_tokens,
)
from ._warnings import warn_user


class Validation(NamedTuple):
    """What `fit` was given to validate on, if anything."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


_NO_VALIDATION = Validation()


class BaseRNN(FittedRNN):
    """Fit, the same for all estimators; subclasses say what y is, through the hooks."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    def __sklearn_tags__(self):
        """Sequences come as 2-D and 3-D arrays, and as much else that tags cannot say."""
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
        """Keep the parameters that decide the meaning of data and outputs, as they are now."""

    def _read_source(self, X: Any, caller: str, *, reset: bool, input_name: str = "X") -> Panel:
        """Validate X; with ``reset`` learn what there is to learn."""
        return read_sequences(self, X, caller, reset=reset, input_name=input_name)

    def _warn_of_source(self, X: Any, caller: str) -> None:
        """Warn of X that may be meant otherwise than it was read."""
        warn_of_long_frame(self, X, f"{caller}: X")

    @abstractmethod
    def _read_target(
        self, y: Any, X: Any, panel: Panel, caller: str, *, reset: bool, input_name: str = "y"
    ) -> Any:
        """Validate y."""

    @abstractmethod
    def _take_targets(self, target: Any, panel: Panel, rows: np.ndarray) -> Any:
        """Return what `_read_target` returned of the sequences ``rows``."""

    @abstractmethod
    def _encode_target(
        self, y: Any, caller: str, *, reset: bool, classes: Any = None, input_name: str = "y"
    ) -> Any:
        """Turn y into what the loss compares with; with ``reset`` learn what there is to learn."""

    def _see_targets(self, encoded: Any, *, reset: bool) -> None:
        """Learn what every call of fit adds to; ``encoded`` is from `_encode_target`."""
        return  # most keep nothing

    @abstractmethod
    def _by_sequence(self, encoded: Any, panel: Panel) -> Any:
        """One entry a sequence."""

    @abstractmethod
    def _learn_outputs(
        self, encoded: Any, panel: Panel, rows: np.ndarray, sample_weight: np.ndarray | None
    ) -> int:
        """Learn the outputs' scale from the training rows; return the number of outputs."""

    @abstractmethod
    def _make_data(
        self,
        panel: Panel,
        encoded: Any,
        sample_weight: np.ndarray | None,
        rows: np.ndarray,
        device: torch.device,
        caller: str,
    ) -> SequenceData:
        """Put sequences, targets and loss weights together; ``rows`` are trained on."""

    def _split_labels(self, encoded: Any) -> np.ndarray | None:
        """Classes to stratify a validation split by, or None."""
        return None

    def _auto_epochs(self, lengths: np.ndarray, batch_size: int) -> int:
        """Epochs with ``max_epochs="auto"`` for training sequences of these lengths."""
        return auto_epochs(len(lengths), batch_size, tokens=self._tokens)

    def _count_tokens(self, panel: Panel, caller: str) -> int:
        """Size of the vocabulary of X."""
        return count_tokens(self, panel, caller)

    def _read_embedding_weights(self, caller: str) -> np.ndarray | None:
        """Pretrained vectors of X's tokens."""
        return read_embedding_weights(
            self.embedding_weights, self.embedding_dim, self.num_embeddings, caller
        )

    def _more_arguments(self) -> dict[str, Any]:
        """Arguments of the module that are no parameters."""
        return {}

    def _net_options(self) -> dict[str, Any]:
        """Arguments of the net that not every estimator has."""
        return {}

    # --- fitting --------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: Validation = _NO_VALIDATION,
        *,
        method: str = "fit",
        resume: bool = False,
        classes: Any = None,
    ) -> Self:
        """Fit or continue; `fit` and `partial_fit` differ in what they pass."""
        caller = f"{type(self).__name__}.{method}"
        params = self.get_params(deep=False)
        self._check_combinations(params, caller)
        extras = check_extras(self._extras(), params, caller)
        device = resolve_device(self.device, caller)

        if resume:
            check_unchanged(self, caller)
        else:
            # A fitted model goes on to mean the same when a parameter is set after fit.
            self._precision = self.precision
            self._fix_meaning()
        panel = self._read_source(X, caller, reset=not resume)
        target = self._read_target(y, X, panel, caller, reset=not resume)
        if not resume:
            self._warn_of_source(X, caller)
        sample_weight = check_weights(sample_weight, len(panel), caller)
        if sample_weight is not None and not sample_weight.all():
            # A weight of zero means that the row is not there, so no class or scale sees it.
            keep = np.flatnonzero(sample_weight)
            target = self._take_targets(target, panel, keep)
            panel, sample_weight = panel[keep], sample_weight[keep]
        encoded = self._encode_target(target, caller, reset=not resume, classes=classes)
        self._see_targets(encoded, reset=not resume)

        if not resume:
            self._seed, self._n_fits = draw_seed(self.random_state), 0
        rng, seed = self._next_seeds()
        rows, sample_weight = arrange_rows(panel, self._by_sequence(encoded, panel), sample_weight)
        valid_rows = None
        one_epoch = method == "partial_fit"
        validated = any(part is not None for part in validation)
        if self.early_stopping and not validated and not one_epoch:
            self._check_splittable(len(rows), caller)
            labels = self._split_labels(encoded)
            rows, valid_rows = split_rows(rows, labels, self.validation_fraction, rng)

        if resume:
            net = self._continue_net(extras, device, caller, one_epoch)
        else:
            n_outputs = self._learn_outputs(encoded, panel, rows, sample_weight)
            net = self._new_net(panel, rows, n_outputs, extras, seed, device, caller, one_epoch)

        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = auto_batch_size(len(rows))
        epochs = 1 if one_epoch else self.max_epochs
        if epochs == "auto":
            epochs = self._auto_epochs(panel.lengths[rows], batch_size)
        data = self._make_data(panel, encoded, sample_weight, rows, device, caller)
        valid = None
        if validated:
            valid = self._read_validation(validation, device, caller)
        elif valid_rows is not None:
            valid = PredictionBatches(data, valid_rows)
        self._train(
            net,
            TrainingBatches(data, rows, batch_size, rng),
            valid,
            epochs=epochs,
            seed=seed,
            caller=caller,
        )
        # Only a training that is meant to go on hands its optimizer's running means to the next,
        # whether the model was saved between them or not.
        self._keeps_optimizer = self.warm_start or one_epoch
        return self

    def _train(
        self,
        net: RecurrentNet,
        train: TrainingBatches,
        valid: PredictionBatches | None,
        *,
        epochs: int,
        seed: int,
        caller: str,
    ) -> None:
        """Run the training loop and keep what it found."""
        guard = FiniteGuard(caller, divergence_advice(self))
        best = BestWeights()
        first, last = [], [guard]
        if self.verbose:
            last.append(Progress(int(self.verbose), epochs))
        if self.early_stopping and valid is not None:
            first.append(best)
            patience = self.n_iter_no_change
            if patience == "auto":
                patience = auto_patience(len(train), epochs)
            last.append(Patience(patience, self.tol))
        net.lr_schedule = checked_schedule(net.lr_schedule, caller)
        generator = torch.Generator(device=net.device).manual_seed(seed)
        epochs_before = len(net.history)
        with isolate_globals(seed, net.device, needed=isinstance(self.cell, type)):
            stopped = run_flushed(
                lambda interrupted: net.train(
                    train,
                    valid,
                    epochs=epochs,
                    generator=generator,
                    interrupted=interrupted,
                    own_first=first,
                    own_last=last,
                ),
                backend=net.backend,
            )
        self.net_ = net
        self.module_ = net.module_
        self.device_ = str(net.device)
        self.n_iter_ = len(net.history)
        self.loss_curve_ = [row["train_loss"] for row in net.history]
        scores = [row["valid_score"] for row in net.history if "valid_score" in row]
        self.validation_curve_ = scores or None
        self.best_epoch_ = getattr(best, "epoch_", None) or guard.epoch_
        if stopped:
            warn_user(
                f"{caller}: interrupted in epoch {self.n_iter_ - epochs_before + 1} of {epochs}; "
                f"the model keeps what it has learned so far (weights of epoch "
                f"{self.best_epoch_}). Call fit again for a whole training.",
                ConvergenceWarning,
            )

    def _new_net(
        self,
        panel: Panel,
        rows: np.ndarray,
        n_outputs: int,
        extras: dict[str, dict[str, Any]],
        seed: int,
        device: torch.device,
        caller: str,
        one_epoch: bool,
    ) -> RecurrentNet:
        """Build module and net for data seen for the first time."""
        weights = self._read_embedding_weights(caller)
        scaling, unseen = None, None
        if self._tokens:
            self._num_embeddings = self._count_tokens(panel, caller)
            unseen = unseen_tokens(panel, rows, self._num_embeddings)
        elif self.scale_inputs:
            scaling = feature_statistics(panel, rows)
        self._module_arguments = module_arguments(
            self,
            n_features=panel.n_features,
            n_outputs=n_outputs,
            scaling=scaling,
            num_embeddings=self._num_embeddings if self._tokens else None,
            documents=are_documents(panel.lengths[rows]),
            extras=extras,
        )
        self._module_arguments |= self._more_arguments()
        self._built_with = architecture(self)
        module = build_module(
            self._module_class,
            self._module_arguments,
            seed,
            precision=self._precision,
            embedding_weights=weights,
            unseen_tokens=unseen,
            caller=caller,
        )
        return self._make_net(module, device, extras, caller, one_epoch)

    def _continue_net(
        self, extras: dict[str, dict[str, Any]], device: torch.device, caller: str, one_epoch: bool
    ) -> RecurrentNet:
        """Build a net around the module there is, with the parameters of now."""
        before = self.net_
        optimizer = self._net_arguments["optimizer"]
        net = self._make_net(before.module_, device, extras, caller, one_epoch)
        net.history = before.history
        if self._keeps_optimizer and optimizer == self.optimizer:
            net.resume_optimizer(before.optimizer_.state_dict()["state"])
        return net

    def _make_net(
        self,
        module: Model,
        device: torch.device,
        extras: dict[str, dict[str, Any]],
        caller: str,
        one_epoch: bool,
    ) -> RecurrentNet:
        self._net_arguments = {
            "optimizer": self.optimizer,
            "lr": float(self.lr),
            "lr_schedule": "constant" if one_epoch else self.lr_schedule,
            "weight_decay": float(self.weight_decay),
            "gradient_clip": self.gradient_clip,
            "bfloat16": self._precision == "bf16",
            "backend": self.backend,
            **self._net_options(),
            **extras["optimizer"],
        }
        return build_net(
            module,
            self._build_criterion(),
            self._net_arguments,
            device,
            caller,
            score_function=self._score_function(),
            callbacks=copy.deepcopy(list(self.callbacks or [])),
            **extras["callbacks"],
        )

    def _read_validation(
        self, validation: Validation, device: torch.device, caller: str
    ) -> PredictionBatches:
        """Turn X_val, y_val and sample_weight_val into batches."""
        names = ("X_val", "y_val", "sample_weight_val")
        passed = dict(zip(names, validation, strict=True))
        missing = [name for name in names[:2] if passed[name] is None]
        if missing:
            given = next(name for name in names if passed[name] is not None)
            raise ValueError(
                f"{caller}: {given} was passed without {' and '.join(missing)}. Pass X_val and "
                "y_val, or neither."
            )
        panel = self._read_source(validation.X, caller, reset=False, input_name="X_val")
        target = self._read_target(
            validation.y, validation.X, panel, caller, reset=False, input_name="y_val"
        )
        encoded = self._encode_target(target, caller, reset=False, input_name="y_val")
        weights = check_weights(
            validation.sample_weight, len(panel), caller, input_name="sample_weight_val"
        )
        rows = np.arange(len(panel))
        return PredictionBatches(self._make_data(panel, encoded, weights, rows, device, caller))

    def _next_seeds(self) -> tuple[np.random.RandomState, int]:
        """A generator of rows and a seed of weights and dropout, new for each call of fit."""
        sequence = np.random.SeedSequence([self._seed, self._n_fits])
        self._n_fits += 1
        rows, weights = sequence.generate_state(2)
        return np.random.RandomState(rows), int(weights)

    def _check_splittable(self, n_rows: int, caller: str) -> None:
        if np.ceil(n_rows * self.validation_fraction) >= n_rows:
            raise ValueError(
                f"{caller}: early_stopping=True with validation_fraction="
                f"{self.validation_fraction} leaves nothing of n_samples={n_rows} to train on. "
                "Lower validation_fraction, pass X_val and y_val, or set early_stopping=False."
            )
