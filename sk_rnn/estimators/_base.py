"""What `RNNClassifier` and `RNNRegressor` share: scikit-learn's contract, and fit from end to end."""

import copy
import warnings
from abc import ABCMeta, abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_feature_names, _check_n_features, check_is_fitted

from ..modules import WeightedLoss
from ..sequences import (
    Panel,
    check_sequence_targets,
    check_sequences,
    check_token_range,
    is_table,
    padding_bounds,
)
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
    step_positions,
)
from ._network import build_module, build_net, divergence_advice, module_arguments
from ._parameters import CONSTRAINTS, check_combinations, check_extras, nearest
from ._rows import (
    arrange_rows,
    auto_batch_size,
    auto_epochs,
    auto_patience,
    check_weights,
    draw_seed,
    feature_statistics,
    split_rows,
)
from ._state import dump_net, load_net

# The prefixes of skorch's double-underscore parameters that reach something here.
_PREFIXES = ("optimizer__", "module__", "callbacks__")


class Validation(NamedTuple):
    """What `fit` was given to validate on, if anything."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


class BaseRNN(BaseEstimator, metaclass=ABCMeta):
    """Constructor, fit and prediction of both estimators; subclasses say what y is.

    Subclasses fill in `_check_target`, `_encode_target`, `_build_criterion` and `_decode_output`.
    """

    _parameter_constraints = CONSTRAINTS

    # --- parameters -----------------------------------------------------------------------------

    def _set_extras(self, extras: dict[str, Any]) -> None:
        """Store double-underscore parameters as they are; they are checked in fit."""
        for name in extras:
            if not name.startswith(_PREFIXES):
                raise TypeError(
                    f"{type(self).__name__}() got an unexpected keyword argument {name!r}. "
                    f"{nearest(name, self._get_param_names())}"
                )
        vars(self).update(extras)

    def _extras(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name.startswith(_PREFIXES)}

    def get_params(self, deep=True):
        """Get the parameters, those with double underscores included.

        Parameters
        ----------
        deep : bool, default=True
            Taken for scikit-learn's sake; no parameter is itself an estimator.

        Returns
        -------
        dict
            Parameter names and values.
        """
        return {**super().get_params(deep=deep), **self._extras()}

    def set_params(self, **params):
        """Set parameters, those with double underscores included.

        Parameters
        ----------
        **params
            Names and values; ``optimizer__…``, ``module__…`` and ``callbacks__…`` are checked when
            `fit` is called.

        Returns
        -------
        self
        """
        extras = {name: params.pop(name) for name in list(params) if name.startswith(_PREFIXES)}
        vars(self).update(extras)
        return super().set_params(**params)

    def _reads_tokens(self) -> bool:
        return self.embedding_dim is not None or self.embedding_weights is not None

    def __sklearn_tags__(self):
        """Sequences come as 2-D and 3-D arrays, and as much else that tags cannot say."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.required = True
        return tags

    # --- hooks ----------------------------------------------------------------------------------

    @abstractmethod
    def _check_target(self, y: Any, caller: str) -> np.ndarray:
        """Validate y of one row a sample."""

    @abstractmethod
    def _encode_target(
        self, y: np.ndarray, caller: str, *, reset: bool, classes: Any = None
    ) -> np.ndarray:
        """Turn y into what the loss compares with; with ``reset`` learn what there is to learn."""

    @abstractmethod
    def _fit_output_scale(self, encoded: np.ndarray, weights: np.ndarray | None) -> int:
        """Learn the outputs' scale from the training rows; return the number of outputs."""

    @abstractmethod
    def _scale_target(self, encoded: np.ndarray) -> np.ndarray:
        """Scale encoded targets as `_fit_output_scale` learned."""

    @abstractmethod
    def _build_criterion(self) -> WeightedLoss:
        """Make the loss."""

    @abstractmethod
    def _score_function(self) -> Any:
        """Choose the validation score; None for minus the loss."""

    def _class_factors(
        self, encoded: np.ndarray, train: np.ndarray, weights: np.ndarray | None, caller: str
    ) -> np.ndarray | None:
        """Loss factor of each row's class, or None; ``train`` says which rows are trained on."""
        return None

    def _split_labels(self, encoded: np.ndarray) -> np.ndarray | None:
        """Classes to stratify a validation split by, or None."""
        return None

    # --- reading --------------------------------------------------------------------------------

    def _read_sequences(self, X: Any, caller: str, *, reset: bool, input_name: str = "X") -> Panel:
        """Turn X into a Panel, and set or check the number and names of features."""
        tokens = self._reads_tokens()
        panel = check_sequences(
            X,
            dtype=self._dtype(),
            tokens=tokens,
            padding_value=self.padding_value,
            caller=caller,
            input_name=input_name,
        )
        table = is_table(X, tokens=tokens, padding_value=self.padding_value)
        names = panel.feature_names
        if table:
            _check_feature_names(self, X, reset=reset)
        else:
            columns = np.empty((0, 0)) if names is None else pd.DataFrame(columns=list(names))
            _check_feature_names(self, columns, reset=reset)
        if reset:
            self._is_table = table
            self._n_step_features = panel.n_features
            if not table:
                self.n_features_in_ = panel.n_features
        if table and self._is_table:
            _check_n_features(self, X, reset=reset)
        elif panel.n_features != self._n_step_features:
            raise ValueError(
                f"{caller}: {input_name} has {panel.n_features} features per time step, but the "
                f"model was fitted with {self._n_step_features}. Pass sequences of shape "
                f"(n_timesteps, {self._n_step_features})."
            )
        if tokens and not reset:
            check_token_range(panel, self._num_embeddings, caller)
        return panel

    def _read_target(
        self, y: Any, X: Any, panel: Panel, caller: str, input_name: str = "y"
    ) -> np.ndarray:
        """Validate y: one row a sequence, or one a time step with ``return_sequences=True``."""
        if y is None:
            raise ValueError(
                f"{caller}: {type(self).__name__} requires y to be passed, but the target y is "
                "None. Pass one target per sequence."
            )
        if not self.return_sequences:
            y = self._check_target(y, caller)
            if len(y) != len(panel):
                raise ValueError(
                    f"{caller}: X has {len(panel)} sequences, but {input_name} has {len(y)} "
                    "targets (inconsistent numbers of samples). Pass one target per sequence."
                )
            return y
        trim = {}
        if self.padding_value is not None:
            untrimmed = check_sequences(
                X, dtype=self._dtype(), tokens=panel.is_tokens, caller=caller, finite=False
            )
            trim["bounds"] = padding_bounds(untrimmed, self.padding_value)
            trim["untrimmed_lengths"] = untrimmed.lengths
        values, _ = check_sequence_targets(
            y, panel.lengths, caller=caller, input_name=input_name, **trim
        )
        return values

    # --- fitting --------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation: Validation = Validation(),
        *,
        method: str = "fit",
        resume: bool = False,
        classes: Any = None,
    ) -> Self:
        """Fit or continue; `fit` and `partial_fit` differ in what they pass."""
        caller = f"{type(self).__name__}.{method}"
        params = self.get_params(deep=False)
        extras = check_extras(self._extras(), params, caller)
        check_combinations(params, caller)
        device = resolve_device(self.device, caller)

        panel = self._read_sequences(X, caller, reset=not resume)
        target = self._read_target(y, X, panel, caller)
        sample_weight = check_weights(sample_weight, len(panel), caller)
        if sample_weight is not None and not sample_weight.all():
            # A weight of zero means that the row is not there, so no class or scale sees it.
            keep = np.flatnonzero(sample_weight)
            target = target[self._target_rows(panel, keep)]
            panel, sample_weight = panel[keep], sample_weight[keep]
        encoded = self._encode_target(target, caller, reset=not resume, classes=classes)

        if not resume:
            self._seed, self._n_fits = draw_seed(self.random_state), 0
        self._incremental = method == "partial_fit"
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
            net = self._continue_net(extras, device, one_epoch)
        else:
            train = self._target_rows(panel, rows)
            weights = self._per_target(sample_weight, panel)
            n_outputs = self._fit_output_scale(
                encoded[train], None if weights is None else weights[train]
            )
            net = self._new_net(panel, rows, n_outputs, extras, seed, device, caller, one_epoch)

        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = auto_batch_size(len(rows))
        epochs = 1 if one_epoch else self.max_epochs
        if epochs == "auto":
            epochs = auto_epochs(len(rows), batch_size)
        data = SequenceData(
            panel,
            device,
            y=self._scale_target(encoded),
            weights=self._loss_weights(encoded, sample_weight, panel, rows, caller),
            per_step=self.return_sequences,
        )
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
                )
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
            warnings.warn(
                f"{caller}: interrupted in epoch {self.n_iter_ - epochs_before + 1} of {epochs}; "
                f"the model keeps what it has learned so far (weights of epoch "
                f"{self.best_epoch_}). Call fit again for a whole training.",
                ConvergenceWarning,
                stacklevel=3,
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
        scaling = None
        if self._reads_tokens():
            self._num_embeddings = self._count_tokens(panel, caller)
        elif self.scale_inputs:
            scaling = feature_statistics(panel, rows)
        self._module_arguments = module_arguments(
            self,
            n_features=panel.n_features,
            n_outputs=n_outputs,
            scaling=scaling,
            num_embeddings=self._num_embeddings if self._reads_tokens() else None,
            extras=extras,
        )
        weights = self._embedding_weights(caller)
        module = build_module(
            self._module_arguments,
            seed,
            precision=self.precision,
            embedding_weights=weights,
            caller=caller,
        )
        return self._make_net(module, device, extras, one_epoch)

    def _continue_net(
        self, extras: dict[str, dict[str, Any]], device: torch.device, one_epoch: bool
    ) -> RecurrentNet:
        """Build a net around the module there is, with the parameters of now."""
        before = self.net_
        optimizer = self._net_arguments["optimizer"]
        net = self._make_net(before.module_, device, extras, one_epoch)
        net.history = before.history
        if optimizer == self.optimizer:
            net.resume_optimizer(before.optimizer_.state_dict()["state"])
        return net

    def _make_net(
        self,
        module: torch.nn.Module,
        device: torch.device,
        extras: dict[str, dict[str, Any]],
        one_epoch: bool,
    ) -> RecurrentNet:
        self._net_arguments = {
            "optimizer": self.optimizer,
            "lr": float(self.lr),
            "lr_schedule": "constant" if one_epoch else self.lr_schedule,
            "weight_decay": float(self.weight_decay),
            "gradient_clip": self.gradient_clip,
            "bfloat16": self.precision == "bf16",
            **extras["optimizer"],
        }
        return build_net(
            module,
            self._build_criterion(),
            self._net_arguments,
            device,
            score_function=self._score_function(),
            callbacks=copy.deepcopy(list(self.callbacks or [])),
            **extras["callbacks"],
        )

    def _read_validation(
        self, validation: Validation, device: torch.device, caller: str
    ) -> PredictionBatches:
        """Turn X_val, y_val and sample_weight_val into batches."""
        if validation.X is None or validation.y is None:
            missing, given = ("X_val", "y_val") if validation.X is None else ("y_val", "X_val")
            raise ValueError(f"{caller}: {given} was passed without {missing}. Pass both.")
        panel = self._read_sequences(validation.X, caller, reset=False, input_name="X_val")
        target = self._read_target(validation.y, validation.X, panel, caller, "y_val")
        encoded = self._encode_target(target, caller, reset=False)
        weights = check_weights(validation.sample_weight, len(panel), caller)
        rows = np.arange(len(panel))
        data = SequenceData(
            panel,
            device,
            y=self._scale_target(encoded),
            weights=self._loss_weights(encoded, weights, panel, rows, caller),
            per_step=self.return_sequences,
        )
        return PredictionBatches(data)

    def _loss_weights(
        self,
        encoded: np.ndarray,
        sample_weight: np.ndarray | None,
        panel: Panel,
        rows: np.ndarray,
        caller: str,
    ) -> np.ndarray | None:
        """Loss factor of each row of the targets, one on average over the training rows.

        The average is taken over the data set and never over a batch, whose classes vary.
        """
        weights = self._per_target(sample_weight, panel)
        train = self._target_rows(panel, rows)
        factors = self._class_factors(encoded, train, weights, caller)
        if factors is not None:
            weights = factors if weights is None else weights * factors
        if weights is None:
            return None
        return (weights / weights[train].mean()).astype(self._dtype())

    def _dtype(self) -> type[np.floating]:
        return np.float64 if self.precision == "float64" else np.float32

    def _next_seeds(self) -> tuple[np.random.RandomState, int]:
        """A generator of rows and a seed of weights and dropout, new for each call of fit."""
        sequence = np.random.SeedSequence([self._seed, self._n_fits])
        self._n_fits += 1
        rows, weights = sequence.generate_state(2)
        return np.random.RandomState(rows), int(weights)

    def _target_rows(self, panel: Panel, rows: np.ndarray) -> np.ndarray:
        """Where the targets of the sequences ``rows`` stand."""
        return step_positions(panel.offsets, rows) if self.return_sequences else rows

    def _per_target(self, values: np.ndarray | None, panel: Panel) -> np.ndarray | None:
        """Repeat what is one a sequence to one a target."""
        if values is None or not self.return_sequences:
            return values
        return np.repeat(values, panel.lengths)

    def _by_sequence(self, encoded: np.ndarray, panel: Panel) -> Any:
        """One entry a sequence."""
        return np.split(encoded, panel.offsets[1:-1]) if self.return_sequences else encoded

    def _check_splittable(self, n_rows: int, caller: str) -> None:
        if n_rows * self.validation_fraction < 1 or n_rows < 2:
            raise ValueError(
                f"{caller}: early_stopping=True with validation_fraction="
                f"{self.validation_fraction} leaves no sequence of {n_rows} to validate on. Raise "
                "validation_fraction, pass X_val and y_val, or set early_stopping=False."
            )

    def _count_tokens(self, panel: Panel, caller: str) -> int:
        """Size of the vocabulary: as said, or as the Panel knows, or as seen."""
        if self.embedding_weights is not None:
            known = len(self.embedding_weights)
        else:
            known = self.num_embeddings or panel.n_tokens
        if known is None:
            return int(panel.values.max()) + 1
        check_token_range(panel, known, caller)
        return int(known)

    def _embedding_weights(self, caller: str) -> np.ndarray | None:
        """Pretrained vectors, checked."""
        if self.embedding_weights is None:
            return None
        weights = np.asarray(self.embedding_weights, dtype=np.float64)
        wrong = None
        if weights.ndim != 2 or not weights.size:
            wrong = f"has shape {weights.shape}"
        elif not np.isfinite(weights).all():
            wrong = f"contains NaN or infinity in row {int((~np.isfinite(weights)).any(1).argmax())}"
        elif self.embedding_dim not in (None, weights.shape[1]):
            wrong = f"has {weights.shape[1]} columns, but embedding_dim={self.embedding_dim}"
        elif self.num_embeddings not in (None, len(weights)):
            wrong = f"has {len(weights)} rows, but num_embeddings={self.num_embeddings}"
        if wrong:
            raise ValueError(
                f"{caller}: embedding_weights {wrong}. Pass finite numbers of shape "
                "(num_embeddings, embedding_dim), row i the vector of token i."
            )
        return weights

    # --- prediction -----------------------------------------------------------------------------

    def _outputs(self, X: Any, method: str) -> tuple[np.ndarray, Panel]:
        """The module's outputs: (n_samples, n_outputs), or one row a step, and the sequences."""
        check_is_fitted(self)
        panel = self._read_sequences(X, f"{type(self).__name__}.{method}", reset=False)
        net = self.net_
        data = SequenceData(panel, net.device, per_step=self.return_sequences)
        batch_size = None if self.batch_size == "auto" else self.batch_size
        batches = PredictionBatches(data, batch_size=batch_size)
        parts = run_flushed(lambda interrupted: net.outputs(batches, interrupted))
        order = np.concatenate([batches.rows[chosen] for chosen in batches.batches])
        found = np.concatenate(parts)
        outputs = np.empty_like(found)
        outputs[self._target_rows(panel, order)] = found
        return outputs, panel

    def _by_row(self, values: np.ndarray, panel: Panel) -> np.ndarray:
        """With ``return_sequences=True`` one row a step to a 1-D object array, one array a sequence."""
        if not self.return_sequences:
            return values
        result = np.empty(len(panel), dtype=object)
        for i, (start, end) in enumerate(zip(panel.offsets[:-1], panel.offsets[1:], strict=True)):
            result[i] = values[start:end]
        return result

    def _flat_pairs(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """True and predicted targets of all time steps, and the weight of each."""
        caller = f"{type(self).__name__}.score"
        check_is_fitted(self)
        panel = self._read_sequences(X, caller, reset=False)
        truth = self._read_target(y, X, panel, caller)
        weights = check_weights(sample_weight, len(panel), caller)
        return truth, np.concatenate(self.predict(panel)), self._per_target(weights, panel)

    # --- state ----------------------------------------------------------------------------------

    def __getstate__(self):
        state = super().__getstate__().copy()
        if "net_" in state:
            state["_net_state"] = dump_net(
                state.pop("net_"), with_optimizer=self.warm_start or self._incremental
            )
            del state["module_"]
        return state

    def __setstate__(self, state):
        state = dict(state)
        net_state = state.pop("_net_state", None)
        super().__setstate__(state)
        if net_state is not None:
            module = build_module(self._module_arguments, 0, precision=net_state["precision"])
            self.net_ = load_net(
                net_state,
                module,
                self._build_criterion(),
                self._net_arguments,
                score_function=self._score_function(),
            )
            self.module_ = self.net_.module_
            self.device_ = str(self.net_.device)
