"""The next step as numbers: values from 0 to 1, or with a density."""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...modules import (
    NextValues,
    gaussian_parts,
    mixture_parts,
    split_end,
    value_log_density,
)
from ...sequences import Spans, Standardisation
from ...training import Readout
from ._steps import NextStep, joined

# Number of occurrences of a value that never occurs.
_RARE = 0.5

# Number of values of a mean and a log variance per feature.
_PER_FEATURE = {"bernoulli": 1, "gaussian": 2, "squared_error": 1}


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
        # Variance of "squared_error", in the units of the network.
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
            joined(spans, inputs), starts=starts, lengths=lengths + n_more, frame_shape=None
        ), starts

    def scaled(self, spans: Spans) -> np.ndarray:
        """Return all steps in the units of the network, row by row."""
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
        """Return values in the units of X: float64."""
        values = values.astype(np.float64)
        return values if self.scaling is None else values * self.scaling.std + self.scaling.mean

    def criterion(self) -> NextValues:
        """Return the negative log-likelihood."""
        return NextValues(self.density, self.n_features, has_end=self.learned_end)

    def readout(self) -> Readout:
        """Callbacks see the values, in the units of X."""

        def predict(outputs: np.ndarray) -> np.ndarray:
            return _one_column(self.unscaled(self.means(torch.from_numpy(outputs)).numpy()))

        return Readout(
            "regressor",
            predict=predict,
            targets=lambda values: _one_column(self.unscaled(values[:, : self.n_features])),
        )

    def log_likelihood(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return log-densities in the units of X, plus log-probabilities of going on or ending."""
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
        """Return the expected values of the next step in the units of the network: (N, F)."""
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
            In the units of the network.
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
        """Return the expected values, in the units of X."""
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


def _one_column(values: np.ndarray) -> np.ndarray:
    return values[:, 0] if values.shape[1] == 1 else values


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-logits))
