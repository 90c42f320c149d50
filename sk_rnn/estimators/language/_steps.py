"""What a language model predicts: the base class, and the next token."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from ...modules import (
    CrossEntropy,
    WeightedLoss,
)
from ...sequences import Spans, Standardisation
from ...training import Readout, read_classes
from .._kinds import Kind
from .._texts import BEGIN, END, RESERVED, UNKNOWN, join_tokens

# Occurrences of a token that never occurs, and the logit of one that is never a target.
_RARE, _NEVER = 0.5, -30.0


class NextStep(Kind, ABC):
    """Base class of what is predicted.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator.
    ends : bool
        Whether rows end, rather than being pieces of a stream.

    Attributes
    ----------
    kind : str
    ends : bool
    learned_end : bool
        Whether the end of a row is predicted.
    n_outputs : int
        Outputs of the network per time step.
    longest : int
        Number of steps of the longest row so far, without its end.
    n_steps : int or None
        Number of steps of every row, if the rows of `fit` have the same and it is not predicted.
    """

    per_step = True
    one_per_sequence = False
    score_function = None
    kind: ClassVar[str]
    n_outputs: int
    longest: int = 0
    n_steps: int | None = None
    learned_end: bool

    def __init__(self, params: Mapping[str, Any], *, ends: bool):
        self.ends = ends
        self.update(params)

    def update(self, params: Mapping[str, Any]) -> None:
        """Update parameters that may change between fits."""
        return

    def resumed(self, params: Mapping[str, Any]) -> Self:
        """Return a copy with updated parameters, with which training continues."""
        target = copy(self)
        target.update(params)
        return target

    @abstractmethod
    def learn(self, spans: Spans, rows: np.ndarray, scaling: Standardisation | None) -> np.ndarray:
        """Learn from the training rows; return the initial biases of the outputs."""

    @abstractmethod
    def shifted(self, spans: Spans) -> tuple[Spans, np.ndarray]:
        """Return inputs of the network, and the step that follows each: (n_inputs, ...)."""

    @abstractmethod
    def prompts(self, spans: Spans) -> Spans:
        """Return the inputs after which the next step is predicted: the begin and all steps."""

    @property
    @abstractmethod
    def begin(self) -> Any:
        """The input before the first step."""

    @abstractmethod
    def criterion(self) -> WeightedLoss:
        """Return the loss."""

    @abstractmethod
    def readout(self) -> Readout:
        """Return how callbacks see outputs and targets."""

    @abstractmethod
    def log_likelihood(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the log-likelihood of targets: (N,), float64, in the units of X."""

    @abstractmethod
    def predicted(self, outputs: Tensor) -> np.ndarray:
        """Return the most probable next step of each row."""

    def _track_lengths(self, lengths: np.ndarray) -> None:
        self.longest = max(self.longest, int(lengths.max()))


class NextToken(NextStep):
    """Tokens; rows of ids end with the end token.

    Parameters
    ----------
    params : mapping
        ``label_smoothing`` is used.
    ends : bool
    tokens : list of hashable
        The vocabulary without reserved tokens.
    joiner : str or None
        See `join_tokens`.
    is_text : bool
    """

    kind = "tokens"

    def __init__(
        self,
        params: Mapping[str, Any],
        *,
        ends: bool,
        tokens: Any,
        joiner: str | None,
        is_text: bool,
    ):
        super().__init__(params, ends=ends)
        self._tokens, self._joiner, self._is_text = tokens, joiner, is_text
        self.n_outputs = len(RESERVED) + len(tokens)
        self.learned_end = ends

    def update(self, params: Mapping[str, Any]) -> None:
        """Update `label_smoothing`."""
        self._label_smoothing = float(params["label_smoothing"])

    def learn(self, spans: Spans, rows: np.ndarray, scaling: Standardisation | None) -> np.ndarray:
        """Return the log frequency of each token."""
        self._track_lengths(spans.lengths[rows] - 1)
        counts = np.zeros(self.n_outputs)
        for _, ids in spans.take(rows).blocks(1 << 20):
            counts += np.bincount(ids, minlength=self.n_outputs)
        never = [BEGIN] if self.ends else [BEGIN, END]
        counts[never] = 0
        bias = np.log(np.maximum(counts, _RARE) / counts.sum())
        bias[never] = _NEVER
        return bias.astype(np.float32)

    @property
    def begin(self) -> int:
        """The begin token."""
        return BEGIN

    def shifted(self, spans: Spans) -> tuple[Spans, np.ndarray]:
        """Return the begin token and all tokens but the last, and all tokens."""
        if not self.ends:
            spans = replace(spans, lengths=spans.lengths - 1)  # without the end token
        panel = spans.to_panel()
        inputs = np.empty_like(panel.values)
        inputs[1:] = panel.values[:-1]
        inputs[panel.offsets[:-1]] = BEGIN
        return replace(joined(spans, inputs)), panel.values

    def prompts(self, spans: Spans) -> Spans:
        """Return the begin token and all tokens."""
        panel = spans.to_panel()  # each row with its end token, and therefore of the right length
        inputs = np.empty_like(panel.values)
        inputs[1:] = panel.values[:-1]
        inputs[panel.offsets[:-1]] = BEGIN
        return joined(spans, inputs)

    def criterion(self) -> CrossEntropy:
        """Return the cross-entropy."""
        return CrossEntropy(self._label_smoothing)

    def readout(self) -> Readout:
        """Callbacks see token ids."""
        return read_classes(self.n_outputs)

    def log_likelihood(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the log-probability of each token, including unknown ones."""
        scores = torch.log_softmax(outputs, dim=1).gather(1, targets[:, None])[:, 0]
        return scores.double()

    @property
    def never(self) -> list[int]:
        """Ids that are never generated."""
        return [BEGIN, UNKNOWN] if self.ends else [BEGIN, UNKNOWN, END]

    def log_proba(self, outputs: np.ndarray) -> np.ndarray:
        """Return log-probabilities (N, n_tokens), and of the end last, given a known token."""
        first = len(RESERVED)
        order = [*range(first, self.n_outputs), *([END] if self.ends else [])]
        known = outputs[:, order].astype(np.float64)
        known -= known.max(axis=1, keepdims=True)
        return known - np.log(np.exp(known).sum(axis=1, keepdims=True))

    def predicted(self, outputs: Tensor) -> np.ndarray:
        """Return the most probable id of each row."""
        hidden = outputs.clone()
        hidden[:, self.never] = -torch.inf
        return hidden.argmax(dim=1).cpu().numpy()

    def names(self, ids: Sequence[int] | range | np.ndarray) -> np.ndarray:
        """Return tokens; None for the end."""
        table = np.empty(self.n_outputs, dtype=object)
        for i, token in enumerate(self._tokens, len(RESERVED)):
            table[i] = token
        return table[np.asarray(ids, dtype=np.int64)]

    @property
    def tokens(self) -> np.ndarray:
        """All tokens, in the order of their ids."""
        return self.names(range(len(RESERVED), self.n_outputs))

    def join(self, tokens: Sequence[Any] | np.ndarray) -> Any:
        """Return a row of tokens as rows of X: a string or a list."""
        return join_tokens(tokens, self._joiner) if self._is_text else list(tokens)


def joined(spans: Spans, values: np.ndarray) -> Spans:
    """Return spans of an array that holds the rows one after the other."""
    return replace(spans, values=values, starts=spans.offsets[:-1], untrimmed=None)
