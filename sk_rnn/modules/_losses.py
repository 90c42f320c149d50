"""Losses: from the outputs of a batch and its targets to a scalar.

Rows are sequences, or valid time steps with ``return_sequences=True``; padding is removed
beforehand. All take outputs (N, n_outputs) and reduce over the outputs themselves, so that a
(N, 1) array is never broadcast against a (N,) one.
"""

import math
from abc import ABC, abstractmethod
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class Targets(NamedTuple):
    """The targets of a batch, with their weights.

    Attributes
    ----------
    values : Tensor of shape (N,) or (N, n_targets), or None
        One row per row of the outputs; None for prediction.
    weights : Tensor of shape (N,) or None
        Weights of the rows. Their mean is one over the data set, but not in each batch.
    lengths : Tensor of shape (B,), int64, on the CPU, or None
        Number of consecutive rows of each sequence; None if each row is a sequence.
    labelled : Tensor of bool of shape (N,), on the CPU, or None
        Which rows have a target, if some do not; the others have a weight of zero.
    """

    values: Tensor | None
    weights: Tensor | None = None
    lengths: Tensor | None = None
    labelled: Tensor | None = None


class Loss(nn.Module, ABC):
    """Loss of a batch. It may depend on whole sequences, because `Targets` have lengths."""

    def attach(self, module: nn.Module) -> None:
        """Use parameters of the module whose outputs the loss receives; by default none."""

    @abstractmethod
    def forward(self, outputs: Tensor, targets: Targets) -> Tensor:
        """(N, n_outputs) and their targets to a scalar."""


class WeightedLoss(Loss):
    """Weighted mean of a loss per row."""

    @abstractmethod
    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_outputs) and the targets' values to (N,)."""

    def forward(self, outputs: Tensor, targets: Targets) -> Tensor:
        """Weighted mean."""
        losses = self.per_row(outputs, cast(Tensor, targets.values))
        return losses.mean() if targets.weights is None else (losses * targets.weights).mean()


class RowLoss(WeightedLoss):
    """Loss of modules that compute the loss of each row themselves."""

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, 1) and (N,) to (N,)."""
        return outputs[:, 0]


class CrossEntropy(WeightedLoss):
    """Softmax cross-entropy; targets are class indices (N,).

    Parameters
    ----------
    label_smoothing : float in [0, 1)
        Share of the target distribution that is uniform over all classes (Szegedy et al., 2016).
    """

    def __init__(self, label_smoothing: float = 0.0):
        super().__init__()
        self.label_smoothing = label_smoothing

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_classes) and (N,) to (N,)."""
        return functional.cross_entropy(
            outputs, targets, reduction="none", label_smoothing=self.label_smoothing
        )


class BinaryCrossEntropy(WeightedLoss):
    """Sigmoid cross-entropy, mean over labels; targets are 0 or 1, (N, n_labels).

    Parameters
    ----------
    label_smoothing : float in [0, 1)
        As in `CrossEntropy`: share of the target that is one half.
    """

    def __init__(self, label_smoothing: float = 0.0):
        super().__init__()
        self.label_smoothing = label_smoothing

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_labels) and (N, n_labels) to (N,)."""
        if self.label_smoothing:
            targets = torch.lerp(targets, torch.full_like(targets, 0.5), self.label_smoothing)
        return functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none").mean(
            1
        )


class SquaredError(WeightedLoss):
    """(output - target)², mean over outputs."""

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_outputs) and (N, n_outputs) to (N,)."""
        return (outputs - targets).square().mean(1)


class StepsAndEnd(WeightedLoss):
    """Squared error of the values of a step, plus cross-entropy of the end-of-sequence flag.

    The last column of outputs is the logit of the end, that of targets is 0 or 1.
    """

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_features + 1) and (N, n_features + 1) to (N,)."""
        error = (outputs[:, :-1] - targets[:, :-1]).square().mean(1)
        return error + functional.binary_cross_entropy_with_logits(
            outputs[:, -1], targets[:, -1], reduction="none"
        )


class AbsoluteError(WeightedLoss):
    """|output - target|, mean over outputs: predicts the median."""

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_outputs) and (N, n_outputs) to (N,)."""
        return (outputs - targets).abs().mean(1)


class Huber(WeightedLoss):
    """Half the squared error up to ``delta``, linear beyond; mean over outputs."""

    def __init__(self, delta: float):
        super().__init__()
        self.delta = delta

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_outputs) and (N, n_outputs) to (N,)."""
        return functional.huber_loss(outputs, targets, reduction="none", delta=self.delta).mean(1)


class Quantile(WeightedLoss):
    """Pinball loss of one quantile (Koenker & Bassett, 1978), mean over outputs."""

    def __init__(self, quantile: float):
        super().__init__()
        self.quantile = quantile

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_outputs) and (N, n_outputs) to (N,)."""
        above = targets - outputs
        return torch.maximum(self.quantile * above, (self.quantile - 1.0) * above).mean(1)


class Poisson(WeightedLoss):
    """Negative Poisson log-likelihood without its constant; outputs are log rates."""

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_outputs) and (N, n_outputs) to (N,)."""
        return (outputs.exp() - targets * outputs).mean(1)


class Gaussian(WeightedLoss):
    """Negative Gaussian log-likelihood (Nix & Weigend, 1994), mean over targets.

    Outputs are the means and then the log variances: (N, 2 * n_targets).

    While training, each target counts in proportion to its predicted standard deviation (Seitzer et
    al., 2022, with a beta of one half). Otherwise the first targets with large errors are explained
    by a large variance, which divides the gradient of their mean, so that they are never learned:
    R2 .72 instead of .97 on the maxima of random walks.
    """

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, 2 * n_targets) and (N, n_targets) to (N,)."""
        mean, log_variance = gaussian_parts(outputs)
        error = (mean - targets).square() * (-log_variance).exp()
        loss = 0.5 * (error + log_variance + math.log(2.0 * math.pi))
        if self.training:
            loss = loss * (0.5 * log_variance.detach()).exp()
        return loss.mean(1)


def gaussian_parts(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Means and log variances, each (N, n_targets).

    The log variance is bounded smoothly by ±8: targets are standardised, so a standard deviation
    below 0.02 or above 50 is implausible, and one such row would dominate a batch.
    """
    mean, raw = outputs.chunk(2, dim=1)
    return mean, 8.0 * torch.tanh(raw / 8.0)


def gaussian_log_density(outputs: Tensor, targets: Tensor, *, fixed: bool) -> Tensor:
    """Log-likelihood, whose negative is minimised by `SquaredError` or `StepsAndEnd`: (N,).

    Normal with unit variance for values and, unless ``fixed``, Bernoulli for the end.
    """
    n_features = targets.shape[1] - (0 if fixed else 1)
    error = outputs[:, :n_features] - targets[:, :n_features]
    density = -0.5 * (error.square().sum(1) + n_features * math.log(2.0 * math.pi))
    if fixed:
        return density
    return density - functional.binary_cross_entropy_with_logits(
        outputs[:, -1], targets[:, -1], reduction="none"
    )


# --- of the next step of a language model -------------------------------------------------------


class NextValues(WeightedLoss):
    """Negative log-likelihood of the next step of a sequence of numbers.

    Parameters
    ----------
    density : {"bernoulli", "gaussian", "mixture", "squared_error"}
        Of the values: see `value_log_density`. "squared_error" is the squared error, the mean over
        features.
    n_features : int
    has_end : bool
        Whether the last column of outputs is the logit of the end, and that of targets is 1 where
        there is no value because the sequence has ended.
    """

    def __init__(self, density: str, n_features: int, *, has_end: bool):
        super().__init__()
        self.density, self.n_features, self.has_end = density, n_features, has_end

    def per_row(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N, n_outputs) and (N, n_features) or (N, n_features + 1) to (N,)."""
        values, outputs, end = split_end(outputs, targets, has_end=self.has_end)
        if self.density == "squared_error":
            losses = (outputs - values).square().mean(1)
        else:
            losses = -value_log_density(outputs, values, self.density)
        if end is None:
            return losses
        logit, is_end = end
        at_end = functional.binary_cross_entropy_with_logits(logit, is_end, reduction="none")
        return at_end + (1.0 - is_end) * losses


def split_end(
    outputs: Tensor, targets: Tensor, *, has_end: bool
) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor] | None]:
    """Targets and outputs of the values; and logit and target of the end, if there is one."""
    if not has_end:
        return targets, outputs, None
    return targets[:, :-1], outputs[:, :-1], (outputs[:, -1], targets[:, -1])


def value_log_density(outputs: Tensor, values: Tensor, density: str) -> Tensor:
    """Log-density of the values of a step, summed over features: (N,).

    Parameters
    ----------
    outputs : Tensor of shape (N, n_outputs)
        Of "bernoulli", one logit per feature; of "gaussian", means and log variances; of "mixture",
        see `mixture_parts`.
    values : Tensor of shape (N, n_features)
        Of "bernoulli" in [0, 1]: between the ends, it is the expected log-density.
    density : {"bernoulli", "gaussian", "mixture"}
    """
    if density == "bernoulli":
        losses = functional.binary_cross_entropy_with_logits(outputs, values, reduction="none")
        return -losses.sum(1)
    if density == "gaussian":
        return _normal(values, *gaussian_parts(outputs)).sum(1)
    logits, means, log_variances = mixture_parts(outputs, values.shape[1])
    densities = _normal(values[:, None], means, log_variances).sum(2)  # (N, K)
    return torch.logsumexp(torch.log_softmax(logits, dim=1) + densities, dim=1)


def mixture_parts(outputs: Tensor, n_features: int) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (N, K), means and log variances (N, K, F) of a mixture of diagonal Gaussians.

    Outputs are logits, means and log variances, the latter bounded as in `gaussian_parts` (Bishop,
    1994, "Mixture density networks").
    """
    n_components = outputs.shape[1] // (1 + 2 * n_features)
    shape = (-1, n_components, n_features)
    logits, rest = outputs[:, :n_components], outputs[:, n_components:]
    means, raw = rest.chunk(2, dim=1)
    return logits, means.reshape(shape), 8.0 * torch.tanh(raw.reshape(shape) / 8.0)


def _normal(values: Tensor, means: Tensor, log_variances: Tensor) -> Tensor:
    error = (means - values).square() * (-log_variances).exp()
    return -0.5 * (error + log_variances + math.log(2.0 * math.pi))
