"""Class labels and multilabel indicators."""

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
import torch
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from ...modules import BinaryCrossEntropy, ChainLikelihood, CrossEntropy, Loss
from ...sequences import NumberIn, Spans, as_numbers, quote
from ...training import (
    Readout,
    ScoreFunction,
    SequenceData,
    accuracy,
    read_classes,
    read_labels,
    subset_accuracy,
)
from ._arrays import ArrayTarget
from ._checks import check_classes, check_targets
from ._steps import StepTargets, labelled, split_weights
from ._transitions import Chain, best_labels, chain_weights, count_transitions, log_marginals

_WEIGHT = NumberIn(0, None, closed="left")

# Class weights above this are divided by the largest one.
_LARGE = 1e100


class LabelTarget(ArrayTarget):
    """Classes, or multilabel indicators of 0 and 1.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``return_sequences``, ``precision``, ``class_weight``,
        ``label_smoothing``, ``crf`` and ``unseen_transitions`` are used, and the argument
        ``classes`` of `partial_fit`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted classes; for an indicator, the indices of the labels.
    multilabel : bool
        Whether y is an indicator.
    counts : list of three ndarrays, or None
        With ``unseen_transitions="forbid"``, a `Chain` of how often each transition occurred.
    """

    _numeric = False
    classes: np.ndarray
    multilabel: bool
    counts: list[np.ndarray] | None = None

    def update(self, params: Mapping[str, Any], caller: str) -> None:
        """Update the parameters of the loss, and the classes that were passed to `partial_fit`."""
        self._class_weight = params["class_weight"]
        self._label_smoothing = float(params["label_smoothing"])
        self._crf = bool(params["crf"])
        self._forbids_unseen = params["unseen_transitions"] == "forbid"
        self._announced = params.get("classes")

    def _check(self, y: Any, caller: str, input_name: str) -> np.ndarray:
        check_targets(y, caller, input_name, "label")
        array = np.asarray(y)
        if (
            array.ndim == 2
            and array.dtype == object
            and all(isinstance(value, Real | np.bool_) for value in array.flat)
        ):  # for example from a DataFrame of integers and booleans
            y = as_numbers(array, f"{caller}: {input_name}")
        _check_labels(y, caller, input_name)
        kind = type_of_target(y, input_name=input_name)
        if kind == "multilabel-indicator":
            return _indicator(y, caller, input_name)
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"{caller}: {input_name} has {np.shape(y)[1]} columns of classes. Pass one column, "
                "or a multilabel indicator of 0 and 1."
            )
        return column_or_1d(y, warn=True)

    def _check_steps(self, y: np.ndarray, spans: Spans, caller: str, input_name: str) -> np.ndarray:
        _check_labels(y, caller, input_name)
        return _indicator(y, caller, input_name, spans) if y.ndim == 2 else y

    def learn(self, y: np.ndarray | StepTargets, caller: str, *, reset: bool) -> None:
        """Learn the classes; those of the first fit are kept."""
        y = labelled(y)
        given, self._announced = self._announced, None
        if reset:
            self.multilabel = y.ndim == 2
            if self.multilabel and (self._crf or self._forbids_unseen):
                name = "crf=True" if self._crf else "unseen_transitions='forbid'"
                raise ValueError(
                    f"{caller}: {name} is for one label per time step, but y is a multilabel "
                    "indicator. Leave it at its default."
                )
            self.classes = self._learn_classes(y, caller, given)
            self.n_outputs = len(self.classes)
        elif given is not None and not self.multilabel:
            self._check_same_classes(given, caller)

    def _check_same_classes(self, given: Any, caller: str) -> None:
        classes = check_classes(given, caller)
        if not np.array_equal(classes, self.classes):
            raise ValueError(
                f"{caller}: classes={classes[:10].tolist()}, but the model was fitted with "
                f"classes={self.classes[:10].tolist()} in the first call. Pass the same classes, "
                "or leave the argument out."
            )

    def _learn_classes(self, y: np.ndarray, caller: str, classes: Any) -> np.ndarray:
        if self.multilabel:
            return np.arange(y.shape[1])
        found = np.unique(y) if classes is None else check_classes(classes, caller)
        if len(found) < 2:
            raise ValueError(
                f"{caller}: y has only one class, {found.tolist()[0]!r}. A classifier needs at "
                "least two classes; check how y was made, or how the data was split."
            )
        return found

    def encode(
        self, y: np.ndarray | StepTargets, caller: str, *, input_name: str = "y", warn: bool = True
    ) -> Any:
        """Convert labels to indices of classes, indicators to floats."""
        if isinstance(y, StepTargets):
            return y.encoded(self.encode(y.values, caller, input_name=input_name))
        self.check_kind(y, caller, input_name)
        if self.multilabel:
            return y.astype(self._dtype)
        known = np.isin(y, self.classes)
        if not known.all():
            raise ValueError(
                f"{caller}: {input_name} contains labels {np.unique(y[~known])[:5].tolist()}, "
                f"which are not among the classes of the model, {self.classes[:10].tolist()}. "
                "Drop these samples, or refit with all labels."
            )
        return np.searchsorted(self.classes, y).astype(np.int64)

    def check_whole(self, encoded: np.ndarray | StepTargets, caller: str, input_name: str) -> None:
        """Raise an error for missing labels or weights of time steps if labels are joint."""
        if self._crf and isinstance(encoded, StepTargets):
            missing = not encoded.known.all()
            what = (
                f"{input_name} has time steps without a label"
                if missing
                else (f"the weights differ between the time steps of a sequence in {input_name}")
            )
            raise ValueError(
                f"{caller}: {what}, which is not supported with crf=True, whose loss is that of "
                "whole sequences of labels. Pass complete sequences with one weight each, or set "
                "crf=False."
            )

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
        self.check_whole(encoded, caller, input_name)
        return super().data(
            encoded, spans, rows, sample_weight, device, caller, input_name=input_name, **inputs
        )

    def learn_order(
        self,
        encoded: np.ndarray | StepTargets,
        spans: Spans,
        sample_weight: np.ndarray | None,
        *,
        reset: bool,
    ) -> None:
        """Count transitions between labels, if those that do not occur are to be forbidden."""
        if not self._forbids_unseen:
            return
        known = encoded.known if isinstance(encoded, StepTargets) else None
        classes, _ = split_weights(encoded)
        found = count_transitions(classes, spans.offsets, len(self.classes), sample_weight, known)
        if self.counts is None or reset:
            self.counts = list(found)
        else:
            self.counts = [old + new for old, new in zip(self.counts, found, strict=True)]

    def check_kind(self, y: np.ndarray, caller: str, input_name: str) -> None:
        """Raise an error for single-label y after a multilabel fit, and vice versa."""
        if self.multilabel != (y.ndim == 2) or (
            self.multilabel and y.shape[1] != len(self.classes)
        ):
            raise ValueError(
                f"{caller}: {input_name} has shape {y.shape}, but the model was fitted with "
                + (f"{len(self.classes)} labels" if self.multilabel else "one label")
                + f" per sample. Pass {input_name} of the same kind."
            )

    def classes_to_stratify(self, encoded: np.ndarray) -> np.ndarray | None:
        """Return the class of each sequence, if it has one."""
        return None if self.multilabel or self.per_step else encoded

    def scale(
        self,
        encoded: np.ndarray | StepTargets,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        caller: str,
    ) -> None:
        """Do nothing: labels have no scale."""

    def _scaled(self, encoded: np.ndarray, where: str) -> np.ndarray:
        return encoded

    def _class_factors(
        self, encoded: np.ndarray, train: np.ndarray, weights: np.ndarray | None, caller: str
    ) -> np.ndarray | None:
        if self._class_weight is None:
            return None
        if self.multilabel:
            raise ValueError(
                f"{caller}: class_weight={self._class_weight!r} is for one label per sample, but y "
                "is a multilabel indicator. Set class_weight=None and weight samples instead."
            )
        if isinstance(self._class_weight, Mapping):
            unknown = [label for label in self._class_weight if label not in self.classes]
            if unknown:
                raise ValueError(
                    f"{caller}: class_weight has a weight for {unknown[0]!r}, which is not a "
                    f"class. Pass weights for classes only: {self.classes[:10].tolist()}."
                )
            for label, weight in self._class_weight.items():
                if not _WEIGHT.is_satisfied_by(weight):
                    raise ValueError(
                        f"{caller}: class_weight[{label!r}] is {weight!r}. Pass a finite number, "
                        "zero or positive."
                    )
            chosen = [float(self._class_weight.get(label, 1.0)) for label in self.classes]
            factors = np.array(chosen)
            if factors.max() > _LARGE:  # their sum would be infinite
                factors /= factors.max()
            weighted = train if weights is None else train[weights[train] > 0]
            if not factors[encoded[weighted]].any():
                raise ValueError(
                    f"{caller}: class_weight={self._class_weight!r} gives every training sequence "
                    "a weight of zero. Give a positive weight to at least one class."
                )
        else:
            counts = np.bincount(
                encoded[train],
                weights=None if weights is None else weights[train],
                minlength=len(self.classes),
            )
            # Classes that are only passed to partial_fit, or held out, have no training rows.
            factors = counts.sum() / (np.count_nonzero(counts) * np.where(counts > 0, counts, 1))
        return factors[encoded]

    def criterion(self) -> Loss:
        """Return the cross-entropy, or the likelihood of sequences of labels."""
        if self._crf:
            return ChainLikelihood()
        kind = BinaryCrossEntropy if self.multilabel else CrossEntropy
        return kind(self._label_smoothing)

    def choose(self, outputs: np.ndarray) -> np.ndarray:
        """Return the index of the most likely class, or whether each label applies."""
        return outputs > 0 if self.multilabel else outputs.argmax(axis=1)

    @property
    def is_joint(self) -> bool:
        """Whether the labels of a sequence are chosen jointly."""
        return self._crf or self.counts is not None

    def choose_jointly(
        self, module: torch.nn.Module, outputs: np.ndarray, lengths: np.ndarray
    ) -> np.ndarray:
        """Return the indices of the most likely classes of whole sequences."""
        scores = allowed = None
        if self._crf:
            scores = chain_weights(module)
        if self.counts is not None:
            allowed = Chain(*(part > 0 for part in self.counts))
        return best_labels(outputs, lengths, scores, allowed)

    def name(self, chosen: np.ndarray) -> np.ndarray:
        """Return the labels that were chosen."""
        return chosen.astype(np.int64) if self.multilabel else self.classes[chosen]

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Return the most likely labels."""
        return self.name(self.choose(outputs))

    def readout(self) -> Readout:
        """Return how outputs and targets are presented to callbacks."""
        if self.multilabel:
            return read_labels(self.n_outputs)
        readout = read_classes(self.n_outputs)
        if self.is_joint:
            readout = replace(readout, label_sequences=self._mark_sequences)
        return replace(readout, marginals=log_marginals) if self._crf else readout

    def _mark_sequences(
        self, module: torch.nn.Module, outputs: np.ndarray, lengths: np.ndarray
    ) -> np.ndarray:
        """Return outputs that are one for the class of each step, and zero for the others."""
        return np.eye(self.n_outputs)[self.choose_jointly(module, outputs, lengths)]

    def labelled_readout(self) -> Readout:
        """Return how outputs and targets are presented to scorers: as y, with its labels."""
        readout = self.readout()
        if self.multilabel:
            return readout
        classes = self.classes
        return replace(
            readout,
            predict=lambda outputs: classes[outputs.argmax(axis=1)],
            targets=lambda indices: classes[indices],
            classes=classes,
        )

    @property
    def score_function(self) -> ScoreFunction | None:
        """The accuracy; None if steps are not predicted independently."""
        if self.is_joint:
            return None
        return subset_accuracy if self.multilabel else accuracy

    def attributes(self) -> dict[str, Any]:
        """Return ``classes_``, and the counts of transitions."""
        found = {"classes_": self.classes}
        if self.counts is not None:
            names = ("start_counts_", "transition_counts_", "end_counts_")
            found |= dict(zip(names, self.counts, strict=True))
        return found


def _check_labels(y: Any, caller: str, input_name: str) -> None:
    try:
        with np.errstate(invalid="ignore"):  # from checking whether huge numbers are integers
            check_classification_targets(y)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{caller}: {input_name} does not contain labels: {quote(error)}. Pass labels, or use "
            "RNNRegressor for numbers."
        ) from error


def _indicator(y: Any, caller: str, input_name: str, spans: Spans | None = None) -> np.ndarray:
    """Return multilabel y as integers; with ``spans``, its rows are time steps.

    Only 0 and 1 are accepted, while scikit-learn accepts any two values as an indicator.
    """
    indicator = np.asarray(y)
    wrong = ~np.isin(indicator, (0, 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        value, highest = f"{indicator[row, column]:.17g}", f"{indicator.max():.17g}"
        if spans is None:
            place = f"{input_name} has {value} in row {row}, column {column}"
            advice = f"({input_name} == {highest}).astype(int)"
        else:
            sample, step = spans.locate(slice(0, len(spans)), int(row))
            if spans.untrimmed is not None:
                step += int(spans.untrimmed[0][sample])
            place = f"{input_name}[{sample}] has {value} at time step {step}, column {column}"
            advice = f"[(np.asarray(row) == {highest}).astype(int) for row in {input_name}]"
        raise ValueError(
            f"{caller}: {place}, but a multilabel indicator is 1 where a label applies and 0 "
            f"where it does not. Pass {advice} if {highest} means 1; for several outputs use "
            "one RNNClassifier each, as MultiOutputClassifier does."
        )
    return indicator.astype(np.int64)
