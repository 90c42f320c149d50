"""The base class of all estimators: fit, from end to end."""

import threading
from abc import ABCMeta, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from ..modules import find_cell
from ..sequences import Spans, plain_numbers
from ..training import (
    PredictionBatches,
    SequenceData,
    Training,
    TrainingBatches,
    arrange_rows,
    check_groups,
    check_weights,
    draw_seed,
    draw_seeds,
    resolve_device,
    run_flushed,
    split_rows,
)
from ._autos import Plan, are_documents, plan_training
from ._calibration import HeldOut, calibration_folds
from ._estimator import NetworkEstimator
from ._extras import check_extras
from ._modules import (
    SEQUENCE_MODEL_PARAMETERS,
    check_unchanged,
    choose_sequence_model,
    divergence_advice,
    embedding_dim,
    network_parameters,
)
from ._parameters import SHARED, Constraints, check_combinations
from ._training import make_scorer
from ._validation import Validation, check_splittable
from ._warnings import called_directly, warn_user
from .sources import Samples, Source, WordSource, read_sequences
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
        "analyzer",
        "min_df",
    )

    def __sklearn_tags__(self):
        """Declare 3-D arrays as inputs; tags cannot express the other containers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    @property
    def vocabulary_(self) -> dict[Any, int]:
        """Mapping from words to their ids, if X of `fit` contained text or words."""
        source = getattr(self, "_source", None)
        if not isinstance(source, WordSource):
            raise AttributeError(
                f"{type(self).__name__} has no vocabulary_, which is only learned by fit if X "
                "contains text or words."
            )
        return source.vocabulary.ids

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
        self, params: Mapping[str, Any], *, lengths: np.ndarray, caller: str
    ) -> dict[str, Any]:
        """Return arguments of the module that depend on the data, such as those that are "auto".

        ``lengths`` are the numbers of time steps of the training sequences.
        """
        source = self._source
        choices = choose_sequence_model(
            params,
            source.num_embeddings,
            lengths=lengths,
            differences=source.adds_differences,
            patch_size=source.patch_size,
        )
        letters = {"char_embedding": source.char_embedding, "n_letters": source.n_letters}
        return {**choices, **letters}

    def _plan(
        self, params: Mapping[str, Any], n_rows: int, *, one_epoch: bool, **data: bool
    ) -> Plan:
        """Return the training parameters that may be "auto"; ``data`` describes X."""
        return plan_training(params, n_rows, one_epoch=one_epoch, **data)

    def _finish(self, spans: Spans, encoded: Any, rows: np.ndarray, caller: str) -> None:
        """Examine the fitted model on its training rows."""
        return

    # What is calibrated, in messages.
    _calibrated_name = "predictions"

    def _is_calibrated(self, params: Mapping[str, Any], n_rows: int) -> bool:
        """Whether to learn on held-out data how uncertain predictions are."""
        return False

    def _learn_calibration(self, held_out: list[HeldOut]) -> None:
        """Learn it from outputs for data that the network has not seen."""
        return

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
        has already determined, ``target_options`` arguments of the target that are not parameters.
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
        weights = check_weights(sample_weight, samples, caller, per_step=target.per_step)
        sample_weight, y = target.weigh(y, weights, samples, f"{caller}: sample_weight")
        groups = check_groups(groups, samples, caller)
        if sample_weight is not None and not sample_weight.all():
            # A weight of zero is equivalent to dropping the row, also for classes and scaling; so
            # are weights of zero, or missing targets, at all of its time steps.
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
        target.learn_order(encoded, spans, sample_weight, reset=not resume)
        self.__dict__.update(target.attributes())

        # Arrange the rows, and split off those for validation.
        if not resume:
            self._seed, self._n_fits = draw_seed(self.random_state), 0
        rng, seed = draw_seeds(self._seed, self._n_fits)
        self._n_fits += 1
        entries = target.by_sequence(encoded, spans)
        rows, sample_weight, units = arrange_rows(spans, entries, sample_weight)
        labels, valid_rows = target.classes_to_stratify(encoded), None
        if self.early_stopping and not validation.is_given and not one_epoch:
            fraction = params["validation_fraction"]
            check_splittable(len(rows), fraction, caller)
            rows, valid_rows = split_rows(rows, labels, fraction, rng, groups=groups, caller=caller)

        # Learn what depends on the training rows.
        lengths, initial = spans.lengths[rows], {}
        if not resume:
            target.scale(encoded, spans, rows, sample_weight, caller)
            initial = source.prepare(spans, rows, caller)
            self._module_arguments = {
                **{name: params[name] for name in self._module_parameters if name in params},
                "n_features": spans.n_features,
                "n_outputs": target.n_outputs,
                "num_embeddings": source.num_embeddings,
                "embedding_dim": embedding_dim(params, tokens=source.is_tokens),
                "cell_params": extras["cell"],
                **extras["module"],
                **self._choose_module(params, lengths=lengths, caller=caller),
            }
        data = target.data(
            encoded, spans, rows, sample_weight, device, caller, **self._input_options()
        )
        plan = self._plan(
            params,
            len(rows),
            one_epoch=one_epoch,
            tokens=source.is_tokens,
            documents=are_documents(lengths) and target.one_per_sequence,
        )
        valid = valid_weights = None
        if validation.is_given:
            valid, valid_weights = self._read_validation(validation, device, caller)
        elif valid_rows is not None:
            valid = PredictionBatches(data, valid_rows)
            valid_weights = target.target_weights(encoded, sample_weight, spans)

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
            scorer=make_scorer(params, target, valid, valid_weights, caller),
        )
        stopped = self._train(
            training, params, extras, initial, device, resume=resume, one_epoch=one_epoch
        )
        if self._is_calibrated(params, len(rows)) and not (stopped or one_epoch):
            folds: list[tuple[np.ndarray, np.ndarray]] = []
            if valid is None and not resume:
                fold_rng = np.random.RandomState(seed)
                folds = list(calibration_folds(rows, units, labels, groups, fold_rng))
            self._calibrate(training, initial, folds)
        self._finish(spans, encoded, rows, caller)

    def _calibrate(
        self,
        training: Training,
        initial: Mapping[str, Any],
        folds: list[tuple[np.ndarray, np.ndarray]],
    ) -> None:
        """Learn on held-out data how uncertain predictions are.

        These are the validation data, or the held-out rows of each fold, predicted by another
        network that is trained on the other rows. Without either, predictions are not changed.
        """
        net, train = self.net_, training.train
        data = cast(SequenceData, train.data)

        def predict(interrupted: threading.Event) -> list[HeldOut]:
            if training.valid is not None:
                outputs = net.outputs(training.valid, interrupted)
                trained = data.weighted_targets(train.samples)
                return [HeldOut.of(training.valid, outputs, trained, self.module_.chain)]
            found = []
            for k, (rows, held_out) in enumerate(folds):
                batches = PredictionBatches(data, held_out, n_outputs=self._target.n_outputs)
                rng = np.random.RandomState((training.seed + k) % 2**32)
                apart = replace(
                    training,
                    train=TrainingBatches(data, rows, train.batch_size, rng),
                    seed=training.seed + 1 + k,
                )
                outputs, module = self._held_out_outputs(apart, batches, initial, interrupted)
                trained = data.weighted_targets(rows)
                found.append(HeldOut.of(batches, outputs, trained, module.chain))
            return found

        try:
            found = run_flushed(predict, backend=net.backend)
        except FloatingPointError:  # training has diverged, which has a separate warning
            return
        except KeyboardInterrupt:
            if not called_directly():
                raise
            warn_user(
                f"{training.caller}: interrupted during calibration; the network is trained, but "
                f"its {self._calibrated_name} are not calibrated. Call fit again to calibrate "
                "them.",
                ConvergenceWarning,
            )
            return
        self._learn_calibration(found)

    def _read_validation(
        self, validation: Validation, device: torch.device, caller: str
    ) -> tuple[PredictionBatches, np.ndarray | None]:
        """Convert X_val, y_val and sample_weight_val to batches and weights."""
        validation.check(caller)
        X, y, sample_weight = validation
        source, target = self._source, self._target
        samples = source.read(X, self, caller, input_name="X_val")
        y = target.read(y, X, samples, caller, input_name="y_val")
        name = "sample_weight_val"
        weights = check_weights(
            sample_weight, samples, caller, input_name=name, per_step=target.per_step
        )
        weights, y = target.weigh(y, weights, samples, f"{caller}: {name}")
        spans = source.encode(samples)
        encoded = target.encode(y, caller, input_name="y_val")
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
        batches = PredictionBatches(data, n_outputs=self._module_arguments["n_outputs"])
        return batches, target.target_weights(encoded, weights, spans)
