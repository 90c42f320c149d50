"""Base class of targets that are arrays: one row per sequence, or per time step."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch

from ...sequences import (
    SingleTargetsError,
    Spans,
    TargetCountError,
    TargetLengthsError,
    align_to_samples,
    check_sequence_targets,
    counted,
    long_frame,
    one_sequence,
    open_foreign,
    open_tensors,
    shape_as_one,
    trimmed_steps,
)
from ...training import SequenceData, step_positions
from .._contents import holds_strings, holds_words
from ..sources import Samples
from ._steps import StepTargets, split_weights
from ._target import Target

_VECTORIZED = (
    " If X is from a SequenceVectorizer: its token_pattern drops punctuation and single "
    "letters, max_length truncates documents, and add_marks adds two tokens. Pass it lists of "
    "tokens instead of text, one token per label."
)


class ArrayTarget(Target):
    """One target per sequence, or with ``return_sequences=True`` per time step.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``return_sequences`` and ``precision`` are used.
    """

    # Whether targets are numbers rather than labels.
    _numeric: bool

    def __init__(self, params: Mapping[str, Any]):
        self.per_step = bool(params.get("return_sequences"))  # not of all estimators
        self.one_per_sequence = not self.per_step
        super().__init__(params)

    def read(
        self,
        y: Any,
        X: Any,
        samples: Samples,
        caller: str,
        *,
        input_name: str = "y",
        reset: bool = False,
    ) -> np.ndarray | StepTargets:
        """Validate y: one row per sequence, or per time step, where some may be missing."""
        spans = _steps_of(samples)
        estimator, where = caller.partition(".")[0], f"{caller}: {input_name}"
        if y is None:
            raise ValueError(
                f"{caller}: {estimator} requires y to be passed, but the target y is None. Pass "
                "one target per sequence."
            )
        y = align_to_samples(open_tensors(y, where), spans, where)
        if self.per_step:
            return self._read_steps(y, X, spans, caller, input_name)
        source = input_name.replace("y", "X", 1)
        y = self._check(y, caller, input_name)
        if len(y) != len(spans):
            raise ValueError(
                f"{caller}: {source} has {counted(len(spans), 'sequence')}, but {input_name} has "
                f"{counted(len(y), 'target')} (inconsistent numbers of samples). Pass one target "
                f"per sequence.{mismatch_hint(X, source, len(y))}"
            )
        return y

    def _read_steps(
        self, y: Any, X: Any, spans: Spans, caller: str, input_name: str
    ) -> np.ndarray | StepTargets:
        source = input_name.replace("y", "X", 1)
        try:
            values, _ = check_sequence_targets(
                y,
                spans.lengths,
                caller=caller,
                input_name=input_name,
                numeric=self._numeric,
                allow_missing=True,
                **trimmed_steps(spans),
            )
        except SingleTargetsError as error:
            shape = shape_as_one(open_foreign(X, source))
            hint = ""
            if shape is not None and shape[0] == len(y):
                hint = (
                    f" If they are one sequence of {counted(shape[0], 'time step')}, pass "
                    f"[{source}] and [{input_name}]."
                )
            raise ValueError(f"{error}{hint}") from None
        except TargetCountError as error:
            raise ValueError(f"{error}{mismatch_hint(X, source, len(y))}") from None
        except TargetLengthsError as error:
            hint = _VECTORIZED if spans.n_tokens is not None else ""
            if holds_words(X) and holds_strings(X):
                hint = (
                    f" analyzer splits the string {source}[{error.sample}] into "
                    f"{counted(error.n_timesteps, 'token')}, one per time step."
                )
            raise ValueError(f"{error}{hint}") from None
        y = StepTargets.of(values)
        if isinstance(y, StepTargets):
            return replace(y, values=self._check_steps(y.values, spans, caller, input_name))
        return self._check_steps(y, spans, caller, input_name)

    @abstractmethod
    def _check(self, y: Any, caller: str, input_name: str) -> np.ndarray:
        """Validate y with one row per sequence."""

    def _check_steps(self, y: np.ndarray, spans: Spans, caller: str, input_name: str) -> np.ndarray:
        """Validate y with one row per time step, which is already an array."""
        return self._check(y, caller, input_name)

    def weigh(
        self,
        y: np.ndarray | StepTargets,
        weights: np.ndarray | None,
        samples: Samples,
        where: str,
    ) -> tuple[np.ndarray | None, np.ndarray | StepTargets]:
        """Return the weight of each sequence, and y with those of its time steps.

        Sequences without a target that has a weight have a weight of zero.
        """
        spans = _steps_of(samples)
        # If weights differ within sequences, there are more weights than sequences.
        per_sequence = weights is None or len(weights) == len(spans)
        if not self.per_step or (per_sequence and not isinstance(y, StepTargets)):
            return weights, y
        if not isinstance(y, StepTargets):
            y = StepTargets(y, np.ones(len(y), dtype=bool), np.ones(len(y)))
        if not per_sequence:
            y = replace(y, weights=y.weights * weights)
        used = np.maximum.reduceat(y.used, spans.offsets[:-1]).astype(np.float64)
        if per_sequence and weights is not None:
            used *= weights
        if not used.any():
            raise ValueError(
                f"{where} is zero at all time steps that have a target. At least one needs a "
                "positive weight."
            )
        return None if (used == 1.0).all() else used, y

    def take(
        self, y: np.ndarray | StepTargets, samples: Samples, rows: np.ndarray
    ) -> np.ndarray | StepTargets:
        """Return the targets of the sequences ``rows``."""
        positions = self.positions(_steps_of(samples), rows)
        return y.take(positions) if isinstance(y, StepTargets) else y[positions]

    def by_sequence(self, encoded: np.ndarray | StepTargets, spans: Spans) -> Any:
        """Split encoded targets into one entry per sequence."""
        if isinstance(encoded, StepTargets):
            return encoded.by_sequence(spans.offsets)
        return np.split(encoded, spans.offsets[1:-1]) if self.per_step else encoded

    def data(
        self,
        encoded: np.ndarray | StepTargets,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        device: torch.device,
        caller: str,
        *,
        input_name: str = "y",
        **inputs: Any,
    ) -> SequenceData:
        """Combine sequences, targets and loss weights."""
        return SequenceData(
            spans,
            device,
            y=self._scaled(split_weights(encoded)[0], f"{caller}: {input_name}"),
            weights=self._loss_weights(encoded, sample_weight, spans, rows, caller),
            per_step=self.per_step,
            labelled=encoded.used if isinstance(encoded, StepTargets) else None,
            **inputs,
        )

    @abstractmethod
    def _scaled(self, encoded: np.ndarray, where: str) -> np.ndarray:
        """Scale encoded targets for the loss."""

    def _loss_weights(
        self,
        encoded: np.ndarray | StepTargets,
        sample_weight: np.ndarray | None,
        spans: Spans,
        rows: np.ndarray,
        caller: str,
    ) -> np.ndarray | None:
        """Return the loss weight of each target, with mean one over the training rows.

        Weights are normalised over the data set, not per batch, where class frequencies vary.
        """
        weights = self.target_weights(encoded, sample_weight, spans)
        train = self.positions(spans, rows)
        factors = self._class_factors(split_weights(encoded)[0], train, weights, caller)
        if factors is not None:
            weights = factors if weights is None else weights * factors
        if weights is None:
            return None
        return (weights / weights[train].mean()).astype(self._dtype)

    def _class_factors(
        self, encoded: np.ndarray, train: np.ndarray, weights: np.ndarray | None, caller: str
    ) -> np.ndarray | None:
        """Return the class weight of each target, or None, given positions of training targets."""
        return None

    def positions(self, spans: Spans, rows: np.ndarray) -> np.ndarray:
        """Return the positions of the targets of the sequences ``rows``."""
        return step_positions(spans.offsets, rows) if self.per_step else rows

    def target_weights(
        self, encoded: np.ndarray | StepTargets, sample_weight: np.ndarray | None, spans: Spans
    ) -> np.ndarray | None:
        """Return the weight of each target, from those of sequences and of time steps."""
        if sample_weight is not None and self.per_step:
            sample_weight = np.repeat(sample_weight, spans.lengths)
        _, step_weights = split_weights(encoded)
        if step_weights is None:
            return sample_weight
        return step_weights if sample_weight is None else step_weights * sample_weight

    def scored(
        self, truth: np.ndarray | StepTargets, weights: np.ndarray | None, spans: Spans, where: str
    ) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | slice]:
        """Return the targets that count in a score, their weights, and their positions.

        Parameters
        ----------
        truth : ndarray or StepTargets
            From `read`.
        weights : ndarray or None
            From `check_weights`.
        spans : Spans
            The sequences.
        where : str
            Name of the caller and the weights in error messages.
        """
        weights, truth = self.weigh(truth, weights, spans, where)
        weights = self.target_weights(truth, weights, spans)
        if not isinstance(truth, StepTargets):
            return truth, weights, slice(None)
        weights = cast(np.ndarray, weights)
        used = np.flatnonzero(weights)
        return truth.values[used], weights[used], used

    def split(self, values: np.ndarray, spans: Spans) -> np.ndarray:
        """Split values per time step into one array per sequence; return others unchanged."""
        if not self.per_step:
            return values
        result = np.empty(len(spans), dtype=object)
        for i, (start, stop) in enumerate(pairwise(spans.offsets.tolist())):
            result[i] = values[start:stop]
        return result


def _steps_of(samples: Samples) -> Spans:
    return samples if isinstance(samples, Spans) else samples.steps()


def mismatch_hint(X: Any, source: str, n_targets: int) -> str:
    """Suggest what X may be if the numbers of samples and targets differ."""
    X = open_foreign(X, source)
    hint = one_sequence(X, source) if n_targets == 1 else ""
    return hint or long_frame(X, source, n_samples=n_targets)
