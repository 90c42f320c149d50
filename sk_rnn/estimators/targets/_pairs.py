"""Base class of targets that are sequences, whose lengths may differ from those of X."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ...sequences import Panel, Spans, align_to_samples, counted, open_foreign
from ...training import PairData, SequenceData
from .._contents import KIND, Contents, fitted_with, is_rectangle, read_contents
from ..sources import Samples
from ._arrays import mismatch_hint
from ._target import Target


class PairTarget(Target):
    """Base class of targets of sequence-to-sequence models: tokens or numbers.

    Encoded targets are a Panel.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``precision`` and ``padding_value`` are used.
    autoencoder : bool
        Whether y is X itself.

    Attributes
    ----------
    form : {"numbers", "tokens", "text"}
        Kind of y.
    longest : int
        Number of steps of the longest target so far.
    n_steps : int or None
        Number of steps of all targets and predictions, if all targets of `fit` have the same.
    """

    form: str
    longest: int = 0
    n_steps: int | None = None
    # The parameter whose "auto" treats integers as tokens, if it did.
    _auto_name: str | None = None

    def __init__(self, params: Mapping[str, Any], *, autoencoder: bool):
        self._autoencoder = autoencoder
        super().__init__(params)

    def update(self, params: Mapping[str, Any], caller: str) -> None:
        """Update `padding_value`."""
        self._padding_value = params["padding_value"]

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
        """Validate y: one sequence per sample."""
        where = f"{caller}: {input_name}"
        y = open_target(y, samples, where, caller)
        return self.read_opened(y, self.contents(y, where), X, samples, caller, input_name, reset)

    def contents(self, y: Any, where: str) -> Contents:
        """Determine the contents of y; raise an error for another kind than in `fit`."""
        return read_contents(
            y,
            KIND[self.form],
            where,
            fitted_with(self.form),
            padding_value=find_padding_value(y, self._padding_value, autoencoder=self._autoencoder),
            auto_name=self._auto_name,
        )

    def read_opened(
        self,
        y: Any,
        contents: Contents,
        X: Any,
        samples: Samples,
        caller: str,
        input_name: str,
        reset: bool,
    ) -> Any:
        """Validate y, whose contents were determined before."""
        target = self._read(y, contents, caller, input_name, reset=reset)
        check_n_targets(len(target), len(samples), caller, input_name, X)
        return target

    @abstractmethod
    def _read(
        self, y: Any, contents: Contents, caller: str, input_name: str, *, reset: bool
    ) -> Any: ...

    def by_sequence(self, encoded: Panel, spans: Spans) -> list[np.ndarray]:
        """Return encoded targets as a list, with one entry per sequence."""
        return encoded.to_list()

    def data(
        self,
        encoded: Panel,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        device: torch.device,
        caller: str,
        *,
        input_name: str = "y",
        **inputs: Any,
    ) -> SequenceData:
        """Combine sources, targets and loss weights."""
        weights = None
        if sample_weight is not None:
            lengths = encoded.lengths[rows]
            mean = (sample_weight[rows] * lengths).sum() / lengths.sum()
            weights = (sample_weight / mean).astype(self._dtype)
        target, labels = self.network_targets(encoded, f"{caller}: {input_name}")
        return PairData(spans, target, device, weights=weights, labels=labels, **inputs)

    @abstractmethod
    def network_targets(self, encoded: Panel, where: str) -> tuple[Panel, np.ndarray | None]:
        """Return the targets as inputs of the decoder, and labels if they differ from these."""

    @abstractmethod
    def step_labels(self, encoded: Panel) -> list[list[Any]]:
        """Return the token or index of each step of encoded targets."""


def open_target(y: Any, samples: Samples, where: str, caller: str) -> Any:
    """Raise an error for None, and align y with the samples."""
    if y is None:
        raise ValueError(
            f"{caller}: {caller.partition('.')[0]} requires y to be passed, but the target y is "
            "None. Pass one target per sample; only an autoencoder needs none."
        )
    return align_to_samples(open_foreign(y, where), samples, where)


def find_padding_value(y: Any, padding_value: Any, *, autoencoder: bool) -> Any:
    """Return the value that targets are padded with, or None.

    Ragged lists are not padded, so their zeros may be tokens.
    """
    return padding_value if autoencoder or is_rectangle(y) else None


def check_n_targets(
    n_targets: int, n_samples: int, caller: str, input_name: str = "y", X: Any = None
) -> None:
    """Raise an error if the numbers of targets and samples differ."""
    if n_targets != n_samples:
        source = input_name.replace("y", "X", 1)
        raise ValueError(
            f"{caller}: {source} has {counted(n_samples, 'sample')}, but {input_name} has "
            f"{counted(n_targets, 'target')} (inconsistent numbers of samples). Pass one target "
            f"per sample.{mismatch_hint(X, source, n_targets)}"
        )
