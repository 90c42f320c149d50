"""Base class of language models: fit, from end to end."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch

from ..modules import find_cell
from ..sequences import Spans, plain_numbers, unchanged_on_failure
from ..training import (
    EpochBatches,
    PredictionBatches,
    SequenceData,
    StrandBatches,
    Training,
    TrainingBatches,
    arrange_rows,
    check_weights,
    draw_seed,
    draw_seeds,
    float_type,
    resolve_device,
    split_rows,
)
from ._autos import auto_forget_bias
from ._extras import check_extras
from ._modules import check_unchanged, divergence_advice, network_parameters
from ._parameters import Constraints
from ._positions import LanguageNetwork
from ._texts import find_token_joiner
from ._validation import check_splittable
from .language import (
    CONSTRAINTS,
    DATA,
    MODULE,
    WHOLE_CHUNKS,
    NextBits,
    NextNumbers,
    NextStep,
    NextToken,
    NextValue,
    auto_ends,
    auto_sizes,
    check_language,
    check_token_parameters,
    choose_density,
    plan_language,
    read_steps,
)
from .sources import Samples
from .targets import find_layout

# Steps of the pieces into which streams are cut for validation.
_PIECE = 1024


class BaseLanguageModel(LanguageNetwork):
    """Fit of a language model.

    X is the target, too, and rows can be pieces of a stream that is trained on chunk by chunk, so
    the targets of `BaseRNN`, which belong to whole rows, do not fit.
    """

    _parameter_constraints: ClassVar[Constraints] = CONSTRAINTS

    # --- fit ------------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        sample_weight: Any,
        X_val: Any = None,
        sample_weight_val: Any = None,
        *,
        method: str = "fit",
        resume: bool = False,
    ) -> Self:
        with unchanged_on_failure(self):
            self._fit_rows(X, sample_weight, X_val, sample_weight_val, method, resume)
        return self

    def _fit_rows(
        self,
        X: Any,
        sample_weight: Any,
        X_val: Any,
        sample_weight_val: Any,
        method: str,
        resume: bool,
    ) -> None:
        caller, one_epoch = f"{type(self).__name__}.{method}", method == "partial_fit"
        if one_epoch:
            self._validate_params()  # scikit-learn skips this for a fitted model
        params = plain_numbers(self.get_params(deep=False))
        check_language(params, caller)
        extras = check_extras(self._extras(), params, caller)
        device = resolve_device(self.device, caller)
        network = network_parameters(params, (*MODULE, *DATA))
        if X_val is None and sample_weight_val is not None:
            raise ValueError(
                f"{caller}: sample_weight_val was passed without X_val. Pass X_val, or neither."
            )
        if resume:
            check_unchanged(self._built_with, network, caller)
            samples: Samples = self._source.read(X, self, caller)
        else:
            self._precision, self._built_with = self.precision, network
            self._source, samples, kind, contents = read_steps(X, self, params, caller)
            check_token_parameters(params, kind, caller)
            self._source.warn(X, f"{caller}: X")
        sample_weight = check_weights(sample_weight, samples, caller)
        if sample_weight is not None and not sample_weight.all():
            keep = np.flatnonzero(sample_weight)
            samples, sample_weight = samples.take(keep), sample_weight[keep]
        if not resume:
            self._source.learn(samples, caller)
        spans = self._source.encode(samples, warn=resume)
        if not resume:
            joiner = None
            if contents.form == "text":
                joiner = find_token_joiner(params["analyzer"], contents.rows or [])
            self._target = self._make_target(X, spans, kind, joiner, params, caller)
            self._seed, self._n_fits = draw_seed(self.random_state), 0
        else:
            self._target = self._target.resumed(params)
        self._check_rows(spans, caller)
        rng, seed = draw_seeds(self._seed, self._n_fits)
        self._n_fits += 1
        rows, sample_weight, _ = arrange_rows(spans, None, sample_weight)
        rows, valid_rows = self._hold_out(spans, rows, X_val, params, rng, caller, one_epoch)
        self._train_on(
            spans,
            rows,
            valid_rows,
            sample_weight,
            (X_val, sample_weight_val),
            params,
            extras,
            device,
            rng,
            seed,
            caller,
            resume=resume,
            one_epoch=one_epoch,
        )

    def _make_target(
        self,
        X: Any,
        spans: Spans,
        kind: str,
        joiner: str | None,
        params: Mapping[str, Any],
        caller: str,
    ) -> NextStep:
        lengths = spans.lengths - 1 if kind == "tokens" else spans.lengths
        ends = params["ends"]
        if isinstance(ends, str):
            ends = auto_ends(lengths, params["tbptt_steps"])
        density = choose_density(kind, params["density"], caller)
        if kind == "tokens":
            return NextToken(
                params,
                ends=bool(ends),
                tokens=cast(Any, self._source.vocabulary).tokens,
                joiner=joiner,
                is_text=self._source.form == "text",
            )
        kinds: dict[str, type[NextValue]] = {"binary": NextBits, "numbers": NextNumbers}
        return kinds[kind](
            params,
            ends=bool(ends),
            density=density,
            n_components=params["n_components"],
            layout=find_layout(X)[0],
            spans=spans,
            dtype=float_type(self._precision).__name__,
        )

    def _hold_out(
        self,
        spans: Spans,
        rows: np.ndarray,
        X_val: Any,
        params: Mapping[str, Any],
        rng: np.random.RandomState,
        caller: str,
        one_epoch: bool,
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Split off validation rows, unless there is a single stream, whose end is held out."""
        single = len(rows) == 1 and not self._target.ends
        if not self.early_stopping or X_val is not None or one_epoch or single:
            return rows, None
        fraction = params["validation_fraction"]
        check_splittable(len(rows), fraction, caller)
        return split_rows(rows, None, fraction, rng, caller=caller)

    def _train_on(
        self,
        spans: Spans,
        rows: np.ndarray,
        valid_rows: np.ndarray | None,
        sample_weight: np.ndarray | None,
        validation: tuple[Any, Any],
        params: dict[str, Any],
        extras: dict[str, dict[str, Any]],
        device: torch.device,
        rng: np.random.RandomState,
        seed: int,
        caller: str,
        *,
        resume: bool,
        one_epoch: bool,
    ) -> None:
        target, source = self._target, self._source
        initial: dict[str, Any] = {}
        if not resume:
            prepared = source.prepare(spans, rows, caller)
            bias = target.learn(spans, rows, source.scaling)
            initial = {**prepared, "output_bias": bias}
            if target.kind == "tokens" and target.ends:  # every row begins with the begin token
                unseen = prepared["unseen_tokens"]
                initial["unseen_tokens"] = unseen[unseen != target.begin]
            self._module_arguments = self._choose_module(spans, rows, params, extras)
        inputs, labels = target.shifted(spans)
        weights = _step_weights(sample_weight, inputs.lengths, rows, labels.dtype)
        valid = None
        if self.early_stopping and validation[0] is None and valid_rows is None and not one_epoch:
            cut = self._cut(inputs, params["validation_fraction"], caller)
            valid = self._validation_data(
                replace(inputs, starts=inputs.starts + cut, lengths=inputs.lengths - cut),
                labels,
                None,
                device,
            )
            inputs = replace(inputs, lengths=np.array([cut]))
        elif valid_rows is not None:
            valid = self._validation_data(inputs.take(valid_rows), labels, weights, device)
        elif validation[0] is not None:
            valid = self._read_validation(*validation, device, caller)
        data = SequenceData(
            inputs,
            device,
            dtype=float_type(self._precision),
            y=labels,
            weights=weights,
            per_step=True,
        )
        plan = plan_language(params, inputs.lengths[rows], ends=target.ends, one_epoch=one_epoch)
        train: EpochBatches
        if target.ends:
            train = TrainingBatches(data, rows, plan.batch_size, rng)
            chunk = WHOLE_CHUNKS * params["tbptt_steps"]
        else:
            begin = target.begin
            train = StrandBatches(data, rows, plan.batch_size, params["tbptt_steps"], rng, begin)
            chunk = None
        training = Training(
            train,
            valid,
            epochs=plan.epochs,
            seed=seed,
            patience=plan.patience,
            tol=float(self.tol),
            unbounded=not find_cell(self.cell).bounded,
            runs_user_code=False,
            advice=divergence_advice(params),
            caller=caller,
        )
        params = {**params, "tbptt_steps": chunk}
        self._train(training, params, extras, initial, device, resume=resume, one_epoch=one_epoch)
        if isinstance(target, NextValue) and target.density == "squared_error":
            target.variance = self._residual_variance(spans.take(np.unique(rows)))

    def _choose_module(
        self,
        spans: Spans,
        rows: np.ndarray,
        params: Mapping[str, Any],
        extras: Mapping[str, dict[str, Any]],
    ) -> dict[str, Any]:
        target = self._target
        n_tokens = target.n_outputs if target.kind == "tokens" else 0
        sizes = auto_sizes(
            params, int(spans.lengths[rows].sum()), spans.n_features, target.kind, n_tokens
        )
        return {
            **{name: params[name] for name in MODULE},
            **sizes,
            "n_features": spans.n_features,
            "n_outputs": target.n_outputs,
            "num_embeddings": n_tokens or None,
            "embedding_dim": params["embedding_dim"] if n_tokens else None,
            "cell_params": extras["cell"],
            **extras["module"],
            **auto_forget_bias(params, spans.lengths[rows]),
        }

    def _cut(self, inputs: Spans, fraction: float, caller: str) -> int:
        """Return where the validation part of a single stream begins."""
        n = int(inputs.lengths[0])
        n_valid = int(np.ceil(fraction * n))
        if n_valid >= n:
            raise ValueError(
                f"{caller}: early_stopping=True with validation_fraction={fraction} leaves none of "
                f"the {n} time steps of X[0] for training. Lower validation_fraction, pass X_val, "
                "or set early_stopping=False."
            )
        return n - n_valid

    def _validation_data(
        self,
        inputs: Spans,
        labels: np.ndarray,
        weights: np.ndarray | None,
        device: torch.device,
    ) -> PredictionBatches:
        """Return batches to score after each epoch; streams are cut into pieces."""
        starts, lengths = inputs.starts, inputs.lengths
        if not self._target.ends:
            n_pieces = -(-lengths // _PIECE)
            number = np.arange(n_pieces.sum()) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
            left = np.repeat(lengths, n_pieces) - _PIECE * number
            starts, lengths = (
                np.repeat(starts, n_pieces) + _PIECE * number,
                np.minimum(left, _PIECE),
            )
        before = np.cumsum(lengths) - lengths
        places = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
        data = SequenceData(
            replace(inputs, starts=starts, lengths=lengths, index=None, rows=None),
            device,
            dtype=float_type(self._precision),
            y=labels[places],
            weights=None if weights is None else weights[places],
            per_step=True,
        )
        return PredictionBatches(data, n_outputs=self._target.n_outputs)

    def _read_validation(
        self, X: Any, sample_weight: Any, device: torch.device, caller: str
    ) -> PredictionBatches:
        samples = self._source.read(X, self, caller, input_name="X_val")
        weights = check_weights(sample_weight, samples, caller, input_name="sample_weight_val")
        spans = self._source.encode(samples)
        self._check_rows(spans, caller)
        inputs, labels = self._target.shifted(spans)
        by_step = _step_weights(weights, inputs.lengths, np.arange(len(spans)), labels.dtype)
        return self._validation_data(inputs, labels, by_step, device)

    def _residual_variance(self, spans: Spans) -> float:
        """Return the mean squared error on the training rows, in the units of the network."""
        target = cast(NextValue, self._target)
        n_features, total = target.n_features, [0.0, 0]

        def add(outputs: torch.Tensor, labels: torch.Tensor, places: np.ndarray) -> None:
            there = labels[:, -1] == 0 if target.learned_end else slice(None)
            errors = (outputs[there, :n_features] - labels[there, :n_features]).double()
            total[0] += float(errors.square().sum())
            total[1] += errors.numel()

        self._over_steps(spans, add)
        return max(total[0] / max(total[1], 1), 1e-8)


def _step_weights(
    weights: np.ndarray | None, lengths: np.ndarray, rows: np.ndarray, dtype: Any
) -> np.ndarray | None:
    """Return the loss weight of each step, with a mean of one over the steps of ``rows``."""
    if weights is None:
        return None
    mean = (weights[rows] * lengths[rows]).sum() / lengths[rows].sum()
    kind = dtype if np.dtype(dtype).kind == "f" else np.float32
    return np.repeat(weights / mean, lengths).astype(kind)
