"""What a check has found, and what several checks need to know about a model."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

SEVERITIES = ("warning", "note", "ok", "skipped")

# Skill is 0 for a constant prediction and 1 for a perfect one. A model that reaches this needs no
# advice about how its states look.
GOOD_SKILL = 0.8


class Finding(NamedTuple):
    """The result of one check.

    Attributes
    ----------
    check : str
        What was checked.
    severity : {"warning", "note", "ok", "skipped"}
        How serious it is; "skipped" if the check does not apply.
    measured : str
        What was measured.
    value : float
        The number on which the severity depends; NaN if there is none.
    advice : str
        What to try.
    """

    check: str
    severity: str
    measured: str
    value: float = float("nan")
    advice: str = ""


class Case:
    """A model and the data that it is diagnosed on, with values that several checks need.

    Parameters
    ----------
    seen : Observations
        From the estimator.
    """

    def __init__(self, seen: Any):
        self.seen = seen
        self.params: dict[str, Any] = seen.params

    @property
    def has_truth(self) -> bool:
        """Whether targets and predictions are known."""
        return self.seen.truth is not None

    @property
    def steps(self) -> np.ndarray | None:
        """Time steps of all sequences as float64 (N, F), if they are numbers."""
        spans = self.seen.spans
        return None if spans is None or spans.is_tokens else self._steps

    @cached_property
    def _steps(self) -> np.ndarray:
        return np.concatenate([*self.seen.spans]).astype(np.float64)

    @cached_property
    def standardised(self) -> list[np.ndarray]:
        """The sequences of numbers with each feature standardised over all of them."""
        steps = self._steps
        mean, std = steps.mean(axis=0), steps.std(axis=0)
        std = np.where(std > 1e-12 * np.abs(mean), std, 1.0)
        return np.split((steps - mean) / std, self.seen.spans.offsets[1:-1])

    @cached_property
    def median_length(self) -> float:
        """Median number of time steps of a sequence."""
        return float(np.median(self.seen.spans.lengths))

    @cached_property
    def accuracy(self) -> float:
        """Share of correct predictions of classes or labels."""
        return float((self.seen.truth == self.seen.predicted).mean())

    @cached_property
    def counts(self) -> np.ndarray:
        """Number of targets of each class."""
        truth = self.seen.truth
        return np.bincount(truth.astype(np.int64))

    @cached_property
    def balanced_accuracy(self) -> float:
        """Mean share of correct predictions of the classes that occur."""
        truth, correct = self.seen.truth, self.seen.truth == self.seen.predicted
        return float(np.mean([correct[truth == k].mean() for k in np.flatnonzero(self.counts)]))

    @cached_property
    def r2(self) -> float:
        """Mean coefficient of determination of the outputs that vary."""
        truth, predicted = _columns(self.seen.truth), _columns(self.seen.predicted)
        residual = np.square(truth - predicted).sum(axis=0)
        total = np.square(truth - truth.mean(axis=0)).sum(axis=0)
        varies = total > 0
        return float((1.0 - residual[varies] / total[varies]).mean()) if varies.any() else np.nan

    @cached_property
    def constant_accuracy(self) -> float:
        """Accuracy of predicting the most frequent class, or value of each label."""
        truth = self.seen.truth
        if self.seen.task == "labels":
            frequency = truth.mean(axis=0)
            return float(np.maximum(frequency, 1.0 - frequency).mean())
        return float(self.counts.max() / self.counts.sum())

    @cached_property
    def score_text(self) -> str:
        """Score of the model and of a constant prediction."""
        if self.seen.task == "numbers":
            return f"R² is {self.r2:.2f} (predicting the mean: 0)"
        return (
            f"accuracy is {self.accuracy:.2f} (most frequent class: {self.constant_accuracy:.2f})"
        )

    @cached_property
    def skill(self) -> float | None:
        """0 for a constant prediction, 1 for a perfect one; None without a score."""
        if not self.has_truth or self.seen.task not in ("classes", "labels", "numbers"):
            return None
        if self.seen.task == "numbers":
            return self.r2
        constant = self.constant_accuracy
        return (self.accuracy - constant) / max(1.0 - constant, 1e-9)

    @property
    def is_good(self) -> bool:
        """Whether the score on these data is known, and good."""
        return self.skill is not None and self.skill >= GOOD_SKILL

    @cached_property
    def constant_loss(self) -> float:
        """Loss of a constant prediction; the training loss of the first epoch if it is unknown."""
        seen = self.seen
        if self.has_truth and seen.task == "classes":
            shares = self.counts[self.counts > 0] / self.counts.sum()
            return float(-(shares * np.log(shares)).sum())
        if self.has_truth and seen.task == "numbers" and self.params.get("loss") == "squared_error":
            return 1.0  # targets are standardised
        return float(np.nanmax(seen.loss_curve[:3]))


Check = Callable[[Case], Finding]


def percent(share: float) -> str:
    """A share as text."""
    return f"{100.0 * share:.0f} %" if share >= 0.0095 or share == 0 else f"{100.0 * share:.1g} %"


def _columns(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    return values.reshape(len(values), -1)
