"""Targets and predictions as seen by skorch's scoring callbacks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from scipy.special import expit, softmax
from skorch.dataset import Dataset
from torch import Tensor, nn

from ._batches import Batch, EpochBatches, PredictionBatches, SequenceData, count_targets

Decode = Callable[[np.ndarray], np.ndarray]

# Converts a module, its outputs for the time steps of sequences, and the lengths of these to
# outputs whose rows can be decoded independently.
Decouple = Callable[[nn.Module, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Readout:
    """Conversion of the module's outputs and targets for scorers, to arrays of numbers.

    Parameters
    ----------
    estimator_type : {"classifier", "regressor"}
        Estimator type for scikit-learn's scorers.
    predict : callable
        Converts module outputs (N, n_outputs) to predictions, in the units of `targets`.
    targets : callable
        Converts targets as used by the loss to true targets.
    predict_proba, decision_function : callable or None
        Convert module outputs to those of the classifier methods.
    classes : ndarray or None
        Classes of `predict`.
    label_sequences, marginals : callable or None
        If the predictions for a sequence are not independent: the functions that convert outputs
        before `predict`, and before `predict_proba`.
    """

    estimator_type: str
    predict: Decode
    targets: Decode
    predict_proba: Decode | None = None
    decision_function: Decode | None = None
    classes: np.ndarray | None = None
    label_sequences: Decouple | None = None
    marginals: Decouple | None = None


def read_classes(n_classes: int) -> Readout:
    """Class indices from scores (N, n_classes)."""

    def decide(outputs: np.ndarray) -> np.ndarray:
        return outputs[:, 1] - outputs[:, 0] if n_classes == 2 else outputs

    return Readout(
        "classifier",
        predict=lambda outputs: outputs.argmax(axis=1),
        targets=np.asarray,
        predict_proba=lambda outputs: softmax(outputs, axis=1),
        decision_function=decide,
        classes=np.arange(n_classes),
    )


def read_labels(n_labels: int) -> Readout:
    """A multilabel indicator from one score for each label (N, n_labels)."""
    return Readout(
        "classifier",
        predict=lambda outputs: (outputs > 0).astype(np.int64),
        targets=lambda values: values.astype(np.int64),
        predict_proba=expit,
        decision_function=np.asarray,
        # One row per label: scikit-learn treats two labels in one row as two classes.
        classes=np.tile([0, 1], (n_labels, 1)),
    )


class CallbackBatch(NamedTuple):
    """One batch as seen by callbacks: the module's arguments, and true targets."""

    X: dict[str, Any]
    y: Tensor | None

    @property
    def n_targets(self) -> int:
        """Number of targets: one per sequence or time step."""
        return count_targets(self.X)


def to_callback_batch(batch: Batch, readout: Readout | None) -> CallbackBatch:
    """Return the batch as seen by callbacks: time steps without a target are not predicted."""
    X, targets, labelled = batch.X, batch.y.values, batch.y.labelled
    if labelled is not None and targets is not None:
        labelled = labelled.to(targets.device)
        X, targets = {**X, "positions": X["positions"][labelled]}, targets[labelled]
    if readout is not None and targets is not None:
        targets = torch.from_numpy(readout.targets(targets.cpu().numpy()))
    return CallbackBatch(X, targets)


class TrainingSet(Dataset):
    """The training or validation sequences as a data set for skorch's callbacks.

    Its order is that of the net's predictions and of `PredictionBatches`: longest sequences first.

    Parameters
    ----------
    batches : EpochBatches or PredictionBatches
        Source of the sequences.
    readout : Readout or None
        None leaves targets as in the loss.
    """

    def __init__(self, batches: EpochBatches | PredictionBatches, readout: Readout | None):
        self.batches = batches
        self.readout = readout

    @property
    def X(self) -> "TrainingSet":  # noqa: N802 - skorch's name
        """Input of the net's predictions: the data set itself."""
        return self

    @property
    def y(self) -> np.ndarray:
        """The true targets; sequences of targets are concatenated, without missing ones."""
        targets, labelled = self._targets(self._samples), self.labelled
        return targets if labelled is None else targets[labelled]

    @property
    def labelled(self) -> np.ndarray | None:
        """Which of all targets are not missing, in the order of predictions; None if all are."""
        labelled = getattr(self.batches.data, "labelled", None)  # only of `SequenceData`
        if labelled is None:
            return None
        return labelled[cast(SequenceData, self.batches.data).target_positions(self._samples)]

    def in_order(self) -> PredictionBatches:
        """Batches in a fixed order: random ones would change the random state of training."""
        if isinstance(self.batches, PredictionBatches):
            return self.batches
        return PredictionBatches(self.batches.data, self.batches.samples)

    def __len__(self) -> int:
        return len(self.batches.samples)

    def __getitem__(self, i: int) -> tuple[np.ndarray, Any]:
        data = self.batches.data
        sample = self._samples[i]
        target = self._targets(np.array([sample]))
        steps = data.steps(sample)
        return steps, target if data.has_step_targets else target[0]

    @cached_property
    def _samples(self) -> np.ndarray:
        batches = self.in_order()
        return np.concatenate([batches.samples[chosen] for chosen in batches.batches])

    def _targets(self, samples: np.ndarray) -> np.ndarray:
        values = self.batches.data.targets(samples)
        return values if self.readout is None else self.readout.targets(values)
