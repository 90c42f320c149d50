"""Base class of targets that are arrays: one row per sequence, or per time step."""

from abc import abstractmethod
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

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
)
from ...training import SequenceData, step_positions
from .._contents import holds_strings, holds_words
from ..sources import Samples
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
    ) -> np.ndarray:
        """Validate y: one row per sequence, or per time step."""
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

    def _read_steps(self, y: Any, X: Any, spans: Spans, caller: str, input_name: str) -> np.ndarray:
        source = input_name.replace("y", "X", 1)
        trim: dict[str, Any] = {}
        if spans.untrimmed is not None:
            first, untrimmed_lengths = spans.untrimmed
            trim["bounds"] = (first, first + spans.lengths)
            trim["untrimmed_lengths"] = untrimmed_lengths
        try:
            values, _ = check_sequence_targets(
                y,
                spans.lengths,
                caller=caller,
                input_name=input_name,
                numeric=self._numeric,
                **trim,
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
        return self._check_steps(values, spans, caller, input_name)

    @abstractmethod
    def _check(self, y: Any, caller: str, input_name: str) -> np.ndarray:
        """Validate y with one row per sequence."""

    def _check_steps(self, y: np.ndarray, spans: Spans, caller: str, input_name: str) -> np.ndarray:
        """Validate y with one row per time step, which is already an array."""
        return self._check(y, caller, input_name)

    def take(self, y: np.ndarray, samples: Samples, rows: np.ndarray) -> np.ndarray:
        """Return the targets of the sequences ``rows``."""
        return y[self.positions(_steps_of(samples), rows)]

    def by_sequence(self, encoded: np.ndarray, spans: Spans) -> Any:
        """Split encoded targets into one entry per sequence."""
        return np.split(encoded, spans.offsets[1:-1]) if self.per_step else encoded

    def data(
        self,
        encoded: np.ndarray,
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
            y=self._scaled(encoded, f"{caller}: {input_name}"),
            weights=self._loss_weights(encoded, sample_weight, spans, rows, caller),
            per_step=self.per_step,
            **inputs,
        )

    @abstractmethod
    def _scaled(self, encoded: np.ndarray, where: str) -> np.ndarray:
        """Scale encoded targets for the loss."""

    def _loss_weights(
        self,
        encoded: np.ndarray,
        sample_weight: np.ndarray | None,
        spans: Spans,
        rows: np.ndarray,
        caller: str,
    ) -> np.ndarray | None:
        """Return the loss weight of each target, with mean one over the training rows.

        Weights are normalised over the data set, not per batch, where class frequencies vary.
        """
        weights = self.repeat_per_target(sample_weight, spans)
        train = self.positions(spans, rows)
        factors = self._class_factors(encoded, train, weights, caller)
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

    def repeat_per_target(self, values: np.ndarray | None, spans: Spans) -> np.ndarray | None:
        """Repeat values per sequence so that there is one per target."""
        if values is None or not self.per_step:
            return values
        return np.repeat(values, spans.lengths)

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
