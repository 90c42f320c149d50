"""What a language model predicts: the next token, or the next values."""

import math
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
    NextValues,
    WeightedLoss,
    gaussian_parts,
    mixture_parts,
    split_end,
    value_log_density,
)
from ...sequences import Spans, Standardisation
from ...training import Readout, read_classes
from .._kinds import Kind
from .._texts import BEGIN, END, RESERVED, UNKNOWN, join_tokens

# Logit of a token that never occurs, and of one that is never a target.
_RARE, _NEVER = 0.5, -30.0

# Number of values of a mean and a log variance per feature.
_PER_FEATURE = {"bernoulli": 1, "gaussian": 2, "squared_error": 1}


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
        """Return the log-likelihood of targets: (N,), float64, in the unit of X."""

    @abstractmethod
    def predicted(self, outputs: Tensor) -> np.ndarray:
        """Return the most probable next step of each row."""

    def positions(self, spans: Spans, rows: np.ndarray) -> np.ndarray:
        """Not used: outputs are computed and reduced chunk by chunk."""
        raise NotImplementedError

    def _track_lengths(self, lengths: np.ndarray) -> None:
        self.longest = max(self.longest, int(lengths.max()))


class NextToken(NextStep):
    """Tokens; rows of ids end with the end mark.

    Parameters
    ----------
    params : mapping
        ``label_smoothing`` is used.
    ends : bool
    tokens : list of hashable
        The vocabulary without marks.
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
        """The begin mark."""
        return BEGIN

    def shifted(self, spans: Spans) -> tuple[Spans, np.ndarray]:
        """Return the begin mark and all tokens but the last, and all tokens."""
        if not self.ends:
            spans = replace(spans, lengths=spans.lengths - 1)  # without the end mark
        panel = spans.to_panel()
        inputs = np.empty_like(panel.values)
        inputs[1:] = panel.values[:-1]
        inputs[panel.offsets[:-1]] = BEGIN
        return replace(_joined(spans, inputs)), panel.values

    def prompts(self, spans: Spans) -> Spans:
        """Return the begin mark and all tokens."""
        panel = spans.to_panel()  # each row with its end mark, and thus of the right length
        inputs = np.empty_like(panel.values)
        inputs[1:] = panel.values[:-1]
        inputs[panel.offsets[:-1]] = BEGIN
        return _joined(spans, inputs)

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

    def names(self, ids: Sequence[int]) -> np.ndarray:
        """Return tokens; None for the end."""
        table = np.empty(self.n_outputs, dtype=object)
        for i, token in enumerate(self._tokens, len(RESERVED)):
            table[i] = token
        return table[np.asarray(ids, dtype=np.int64)]

    @property
    def tokens(self) -> np.ndarray:
        """All tokens, in the order of their ids."""
        return self.names(range(len(RESERVED), self.n_outputs))

    def join(self, tokens: Sequence[Any]) -> Any:
        """Return a row of tokens as rows of X: a string or a list."""
        return join_tokens(tokens, self._joiner) if self._is_text else list(tokens)


class NextValue(NextStep):
    """Base class of steps of numbers.

    Parameters
    ----------
    params : mapping
        ``precision`` is used.
    ends : bool
    density : str
    n_components : int
        Of "mixture".
    layout : str
        How X was passed: see `find_layout`.
    spans : Spans
        Of fit: number of features and shape of frames.
    dtype : str
        Of the network.
    """

    def __init__(
        self,
        params: Mapping[str, Any],
        *,
        ends: bool,
        density: str,
        n_components: int,
        layout: str,
        spans: Spans,
        dtype: str,
    ):
        super().__init__(params, ends=ends)
        self.density, self._n_components = density, n_components
        self.layout, self._dtype = layout, dtype
        self.n_features = spans.n_features
        self.frame_shape = None if spans.frame_shape is None else list(spans.frame_shape)
        lengths = spans.lengths
        fixed = bool((lengths == lengths[0]).all())
        self.n_steps = int(lengths[0]) if ends and fixed else None
        self.learned_end = ends and not fixed
        n_values = (
            n_components * (1 + 2 * self.n_features)
            if density == "mixture"
            else _PER_FEATURE[density] * self.n_features
        )
        self.n_outputs = n_values + int(self.learned_end)
        self._scaling: tuple[np.ndarray, np.ndarray] | None = None
        # Variance of "squared_error", in the unit of the network.
        self.variance = 1.0

    def learn(self, spans: Spans, rows: np.ndarray, scaling: Standardisation | None) -> np.ndarray:
        """Learn the unit of X, and return initial biases."""
        self._track_lengths(spans.lengths[rows])
        if scaling is not None:
            self._scaling = scaling.mean, scaling.std
        bias = self._value_bias(spans, rows)
        if self.learned_end:
            mean = float(spans.lengths[rows].mean())
            bias = np.append(bias, -np.log(mean))
        return bias.astype(np.float32)

    @abstractmethod
    def _value_bias(self, spans: Spans, rows: np.ndarray) -> np.ndarray: ...

    @property
    def scaling(self) -> Standardisation | None:
        """Mean and standard deviation of X."""
        return None if self._scaling is None else Standardisation(*self._scaling)

    @property
    def begin(self) -> np.ndarray:
        """Zeros: the mean."""
        return np.zeros(self.n_features, dtype=self._dtype)

    def shifted(self, spans: Spans) -> tuple[Spans, np.ndarray]:
        """Return zeros and the steps, all but the last unless the end is predicted."""
        n_more = int(self.learned_end)
        inputs, starts = self._after_zeros(spans, n_more)
        labels = np.zeros((len(inputs.values), self.n_features + n_more), dtype=self._dtype)
        values = self.scaled(spans)
        places = np.repeat(starts - spans.offsets[:-1], spans.lengths) + np.arange(len(values))
        labels[places, : self.n_features] = values
        if n_more:
            labels[starts + spans.lengths, -1] = 1
        return inputs, labels

    def prompts(self, spans: Spans) -> Spans:
        """Return zeros and all steps."""
        return self._after_zeros(spans, 1)[0]

    def _after_zeros(self, spans: Spans, n_more: int) -> tuple[Spans, np.ndarray]:
        """Return rows of zeros and the steps, ``n_more`` steps longer than ``spans``."""
        values, lengths = self.scaled(spans), spans.lengths
        kept = lengths - 1 + n_more
        starts = spans.offsets[:-1] + n_more * np.arange(len(lengths))
        inputs = np.zeros((len(values) + n_more * len(lengths), self.n_features), self._dtype)
        inside = np.arange(len(values)) - np.repeat(spans.offsets[:-1], lengths)
        used = inside < np.repeat(kept, lengths)
        inputs[(np.repeat(starts, lengths) + inside + 1)[used]] = values[used]
        return replace(
            _joined(spans, inputs), starts=starts, lengths=lengths + n_more, frame_shape=None
        ), starts

    def scaled(self, spans: Spans) -> np.ndarray:
        """Return all steps in the unit of the network, row by row."""
        values = spans.to_panel().values
        with np.errstate(over="ignore"):
            if self.scaling is None:
                scaled = values.astype(self._dtype)
            else:
                scaled = self.scaling.apply(values, np.dtype(self._dtype))
        wrong = ~np.isfinite(scaled)
        if wrong.any():
            position, feature = map(int, np.argwhere(wrong)[0])
            sample, step = spans.locate(slice(0, len(spans)), position)
            raise ValueError(
                f"{spans.where}[{sample}] has {values[position, feature]:g} "
                f"{spans.place(step, feature)}, which is too far from the training data to compute "
                "with. Clip such values, or rescale them."
            )
        return scaled

    def unscaled(self, values: np.ndarray) -> np.ndarray:
        """Return values in the unit of X: float64."""
        values = values.astype(np.float64)
        return values if self.scaling is None else values * self.scaling.std + self.scaling.mean

    def criterion(self) -> NextValues:
        """Return the negative log-likelihood."""
        return NextValues(self.density, self.n_features, has_end=self.learned_end)

    def readout(self) -> Readout:
        """Callbacks see the values, in the unit of X."""

        def predict(outputs: np.ndarray) -> np.ndarray:
            return _one_column(self.unscaled(self.means(torch.from_numpy(outputs)).numpy()))

        return Readout(
            "regressor",
            predict=predict,
            targets=lambda values: _one_column(self.unscaled(values[:, : self.n_features])),
        )

    def log_likelihood(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return log-densities in the unit of X, with the log-probability of going on or ending."""
        values, outputs, end = split_end(
            outputs.double(), targets.double(), has_end=self.learned_end
        )
        if self.density == "squared_error":
            error = (outputs - values).square() / self.variance
            scores = -0.5 * (error + math.log(2.0 * math.pi * self.variance)).sum(1)
        else:
            scores = value_log_density(outputs, values, self.density)
        if self.scaling is not None:
            scores = scores - float(np.log(self.scaling.std).sum())
        if end is None:
            return scores
        logit, is_end = end
        ending = torch.nn.functional.logsigmoid(logit)
        going_on = torch.nn.functional.logsigmoid(-logit)
        return torch.where(is_end > 0, ending, going_on + scores)

    def means(self, outputs: Tensor) -> Tensor:
        """Return the expected values of the next step in the unit of the network: (N, F)."""
        if self.learned_end:
            outputs = outputs[:, :-1]
        if self.density == "bernoulli":
            return torch.sigmoid(outputs)
        if self.density == "gaussian":
            return gaussian_parts(outputs)[0]
        if self.density == "squared_error":
            return outputs
        logits, means, _ = mixture_parts(outputs, self.n_features)
        return (torch.softmax(logits, dim=1)[:, :, None] * means).sum(1)

    def draw(
        self, outputs: Tensor, streams: Sequence[np.random.Generator], temperature: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw the next step of each row.

        Parameters
        ----------
        outputs : Tensor of shape (N, n_outputs)
        streams : sequence of numpy.random.Generator
            Random numbers of each row.
        temperature : float
            0 gives the most probable values.

        Returns
        -------
        values : ndarray of shape (N, F)
            In the unit of the network.
        ended : ndarray of bool of shape (N,)
        """
        ended = np.zeros(len(outputs), dtype=bool)
        if self.learned_end:
            logit = outputs[:, -1].double().cpu().numpy()
            if temperature == 0:
                ended = logit > 0
            else:
                uniform = np.array([stream.random() for stream in streams])
                ended = uniform < _sigmoid(logit / temperature)
            outputs = outputs[:, :-1]
        return self._draw_values(outputs.double(), streams, temperature), ended

    @abstractmethod
    def _draw_values(
        self, outputs: Tensor, streams: Sequence[np.random.Generator], temperature: float
    ) -> np.ndarray: ...

    def _uniforms(self, streams: Sequence[np.random.Generator]) -> np.ndarray:
        return np.stack([stream.random(self.n_features) for stream in streams])


class NextBits(NextValue):
    """Values that are 0 or 1, or between: notes, and grey values."""

    kind = "binary"
    # Whether the values of fit were between 0 and 1.
    grey: bool = False

    def _value_bias(self, spans: Spans, rows: np.ndarray) -> np.ndarray:
        total, n_steps = np.zeros(self.n_features), 0
        for _, steps in spans.take(rows).blocks(1 << 20):
            total += steps.sum(axis=0, dtype=np.float64)
            n_steps += len(steps)
            self.grey |= bool(((steps > 0) & (steps < 1)).any())
        mean = np.clip(total / n_steps, _RARE / n_steps, 1 - _RARE / n_steps)
        return np.log(mean / (1 - mean))

    def predicted(self, outputs: Tensor) -> np.ndarray:
        """Return 0 or 1, or expected grey values."""
        means = self.means(outputs).double().cpu().numpy()
        return means if self.grey else (means > 0.5).astype(np.float64)

    def _draw_values(
        self, outputs: Tensor, streams: Sequence[np.random.Generator], temperature: float
    ) -> np.ndarray:
        logits = outputs.cpu().numpy()
        if temperature == 0:
            return _sigmoid(logits) if self.grey else (logits > 0).astype(np.float64)
        with np.errstate(over="ignore"):
            probs = _sigmoid(logits / temperature)
        return (self._uniforms(streams) < probs).astype(np.float64)


class NextNumbers(NextValue):
    """Numbers, with a density."""

    kind = "numbers"

    def _value_bias(self, spans: Spans, rows: np.ndarray) -> np.ndarray:
        n_values = self.n_outputs - int(self.learned_end)
        bias = np.zeros(n_values)
        if self.density == "mixture":
            # Components that differ, the same in each fit.
            n_means = self._n_components * self.n_features
            spread = np.random.default_rng(0).normal(size=n_means)
            bias[self._n_components : self._n_components + n_means] = spread
        return bias

    def predicted(self, outputs: Tensor) -> np.ndarray:
        """Return the expected values, in the unit of X."""
        return self.unscaled(self.means(outputs).double().cpu().numpy())

    def _draw_values(
        self, outputs: Tensor, streams: Sequence[np.random.Generator], temperature: float
    ) -> np.ndarray:
        if self.density == "mixture":
            logits, means, log_variances = mixture_parts(outputs, self.n_features)
            if temperature == 0:
                chosen = logits.argmax(1)
            else:
                probs = torch.softmax((logits - logits.amax(1)[:, None]) / temperature, dim=1)
                sums = probs.cumsum(1).cpu().numpy()
                uniform = np.array([stream.random() for stream in streams])
                found = (sums <= uniform[:, None] * sums[:, -1:]).sum(axis=1)
                chosen = torch.from_numpy(np.minimum(found, sums.shape[1] - 1)).to(logits.device)
            rows = torch.arange(len(chosen), device=logits.device)
            mean, log_variance = means[rows, chosen], log_variances[rows, chosen]
        elif self.density == "gaussian":
            mean, log_variance = gaussian_parts(outputs)
        else:
            mean, log_variance = outputs, torch.full_like(outputs, self.variance).log()
        values = mean.cpu().numpy()
        if temperature == 0:
            return values
        deviation = np.sqrt(temperature) * np.exp(0.5 * log_variance.cpu().numpy())
        noise = np.stack([stream.standard_normal(self.n_features) for stream in streams])
        return values + deviation * noise


def _joined(spans: Spans, values: np.ndarray) -> Spans:
    """Return spans of an array that holds the rows one after the other."""
    return replace(spans, values=values, starts=spans.offsets[:-1], untrimmed=None)


def _one_column(values: np.ndarray) -> np.ndarray:
    return values[:, 0] if values.shape[1] == 1 else values


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-logits))
