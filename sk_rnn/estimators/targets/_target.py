"""The base class of targets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from typing import Any, Self

import numpy as np
import torch

from ...modules import Loss
from ...sequences import Spans, Vocabulary
from ...training import Readout, ScoreFunction, SequenceData, float_type
from .._kinds import Kind
from ..sources import Samples


class Target(Kind, ABC):
    """Base class of the kinds of y.

    `fit` calls the methods in the order in which they are defined. For new data, only `read`,
    `encode` and the methods after `scale` are called, which do not change the target.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator, and arguments of `partial_fit`.

    Attributes
    ----------
    per_step : bool
        Whether the outputs of the network belong to time steps of X.
    one_per_sequence : bool
        Whether each sequence has a single target, which is not very informative about its steps.
    n_outputs : int
        Number of outputs of the network, per target.
    """

    per_step: bool = False
    one_per_sequence: bool = False
    n_outputs: int

    def __init__(self, params: Mapping[str, Any]):
        self._dtype = float_type(params["precision"]).__name__
        self.update(params, "")

    @abstractmethod
    def update(self, params: Mapping[str, Any], caller: str) -> None:
        """Update parameters that may change between fits; raise an error for others."""

    def resumed(self, params: Mapping[str, Any], caller: str) -> Self:
        """Return a copy with updated parameters, with which training continues."""
        target = copy(self)
        target.update(params, caller)
        return target

    @abstractmethod
    def read(
        self,
        y: Any,
        X: Any,
        samples: Samples,
        caller: str,
        *,
        input_name: str = "y",
        reset: bool = False,
    ) -> Any:
        """Validate y.

        Parameters
        ----------
        y, X : object
            As passed by the user.
        samples : Samples
            X as read by its source.
        caller, input_name : str
            Names of the caller and of y in error messages.
        reset : bool, default=False
            Whether this is the y of `fit`, with which y of later calls must be consistent.

        Returns
        -------
        object
            Input of `take`, `learn` and `encode`.
        """

    def weigh(
        self, y: Any, weights: np.ndarray | None, samples: Samples, where: str
    ) -> tuple[np.ndarray | None, Any]:
        """Return the weight of each sample, and y with those of its time steps, if it has any.

        Parameters
        ----------
        y : object
            From `read`.
        weights : ndarray or None
            From `check_weights`: one per sample, or one per time step.
        samples : Samples
            X as read by its source.
        where : str
            Name of the caller and the weights in error messages.
        """
        return weights, y

    @abstractmethod
    def take(self, y: Any, samples: Samples, rows: np.ndarray) -> Any:
        """Return the targets of the samples ``rows``."""

    @abstractmethod
    def learn(self, y: Any, caller: str, *, reset: bool) -> None:
        """Learn classes, vocabulary or shape from all targets; without ``reset``, keep them."""

    @abstractmethod
    def encode(self, y: Any, caller: str, *, input_name: str = "y", warn: bool = True) -> Any:
        """Convert targets to classes, ids or float64; with ``warn``, warn about unknown tokens."""

    def learn_order(self, encoded: Any, spans: Spans, *, reset: bool) -> None:
        """Learn in which order targets occur in sequences; without ``reset``, add to it."""

    @abstractmethod
    def by_sequence(self, encoded: Any, spans: Spans) -> Any:
        """Split encoded targets into one entry per sequence."""

    def classes_to_stratify(self, encoded: Any) -> np.ndarray | None:
        """Return the classes by which to stratify the validation split, or None."""
        return None

    @abstractmethod
    def scale(
        self,
        encoded: Any,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        caller: str,
    ) -> None:
        """Learn the scale of the targets from the training rows, and the number of outputs."""

    @abstractmethod
    def data(
        self,
        encoded: Any,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        device: torch.device,
        caller: str,
        *,
        input_name: str = "y",
        **inputs: Any,
    ) -> SequenceData:
        """Combine sequences, targets and loss weights.

        Parameters
        ----------
        encoded : object
            From `encode`.
        spans : Spans
            The sequences.
        rows : ndarray of int
            Indices of the training rows, over which the mean of the loss weights is one.
        sample_weight : ndarray or None
            Weight of each sequence.
        device : torch.device
            Device of the batches.
        caller, input_name : str
            Names of the caller and of y in error messages.
        **inputs
            ``dtype`` and ``scaling``, see `SequenceData`.
        """

    def target_weights(
        self, encoded: Any, sample_weight: np.ndarray | None, spans: Spans
    ) -> np.ndarray | None:
        """Return the weight of each target, from those of sequences and of time steps."""
        return sample_weight

    @abstractmethod
    def criterion(self) -> Loss:
        """Return the loss."""

    @abstractmethod
    def readout(self) -> Readout:
        """Return how outputs and targets are presented to callbacks, as numbers."""

    def labelled_readout(self) -> Readout:
        """Return how outputs and targets are presented to scorers: as y, with its labels."""
        return self.readout()

    @property
    def score_function(self) -> ScoreFunction | None:
        """The validation score; None for the negative loss."""
        return None

    @abstractmethod
    def decode(self, outputs: Any) -> Any:
        """Convert outputs of the network, or what was decoded from them, to predictions of y."""

    @property
    def vocabulary(self) -> Vocabulary | None:
        """Tokens and their ids, if they were learned from y."""
        return None

    def attributes(self) -> dict[str, Any]:
        """Return the public attributes of a fitted estimator that describe y."""
        return {}

    def positions(self, spans: Spans, rows: np.ndarray) -> np.ndarray:
        """Return the positions of the outputs of the sequences ``rows`` among all outputs."""
        return rows
