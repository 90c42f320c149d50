"""Targets of one or several numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_array

from ...modules import (
    AbsoluteError,
    Gaussian,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
    WeightedLoss,
    gaussian_parts,
)
from ...sequences import Spans, not_numbers, quote, weighted_statistics
from ...training import Readout, torch_threads
from ..sources import Samples
from ._arrays import ArrayTarget
from ._checks import check_targets, scale_targets
from ._layouts import find_frame_shape
from ._steps import StepTargets, labelled, split_weights

_PLAIN_LOSSES: dict[str, type[WeightedLoss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "poisson": Poisson,
    "gaussian": Gaussian,
}

LOSSES = (*_PLAIN_LOSSES, "huber", "quantile")


class NumberTarget(ArrayTarget):
    """Numbers, standardised for the loss.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator; ``return_sequences``, ``precision``, ``loss``, ``quantile`` and
        ``huber_delta`` are used.

    Attributes
    ----------
    loss : str
        The loss of the first fit.
    std_factors : ndarray of shape (n_targets,)
        Factors of predicted standard deviations, one for each target.
    """

    _numeric = True
    loss: str
    _shape: tuple[int, ...]
    _frame_shape: list[int] | None = None  # of videos as targets per time step
    _mean: np.ndarray
    _scale: np.ndarray
    std_factors = np.ones(1)  # also of models saved by earlier versions

    def __init__(self, params: Mapping[str, Any]):
        self.loss = params["loss"]
        super().__init__(params)

    def update(self, params: Mapping[str, Any], caller: str) -> None:
        """Update the parameters of the loss, which itself must not change."""
        if params["loss"] != self.loss:
            raise ValueError(
                f"{caller}: loss={params['loss']!r}, but the model was fitted with "
                f"loss={self.loss!r}, whose outputs are different quantities. "
                "Set warm_start=False to refit."
            )
        self._quantile, self._huber_delta = params["quantile"], params["huber_delta"]

    def _check(self, y: Any, caller: str, input_name: str) -> np.ndarray:
        check_targets(y, caller, input_name, "number")
        array = np.asarray(y)
        if array.dtype.kind in "Mm":
            raise ValueError(not_numbers(array.ravel()[0], f"{caller}: {input_name}"))
        try:
            y = check_array(
                y, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name=input_name
            )
        except Exception as error:  # any exception: conversion may run user code
            raise ValueError(
                f"{caller}: {input_name} cannot be read as real numbers: {quote(error)}. Pass one "
                "number per sequence, or use RNNClassifier for labels."
            ) from error
        if y.ndim > 2:
            raise ValueError(
                f"{caller}: {input_name} has {y.ndim} dimensions. Pass (n_samples,) or (n_samples, "
                "n_outputs), or set return_sequences=True to learn one number per time step."
            )
        return y

    def read(
        self,
        y: Any,
        X: Any,
        samples: Samples,
        caller: str,
        *,
        input_name: str = "y",
        reset: bool = False,
    ) -> np.ndarray | StepTargets:
        """Validate y; the frames of videos, one per time step, are flattened."""
        if reset and self.per_step:
            self._frame_shape = find_frame_shape(y)
        return super().read(y, X, samples, caller, input_name=input_name, reset=reset)

    def learn(self, y: np.ndarray | StepTargets, caller: str, *, reset: bool) -> None:
        """Learn the number of outputs."""
        if reset:
            self._shape = labelled(y).shape[1:]

    def encode(
        self, y: np.ndarray | StepTargets, caller: str, *, input_name: str = "y", warn: bool = True
    ) -> Any:
        """Return targets as a matrix."""
        if isinstance(y, StepTargets):
            return y.encoded(self.encode(y.values, caller, input_name=input_name))
        if y.shape[1:] != self._shape:
            fitted = f"{self._shape[0]} outputs" if self._shape else "one output"
            raise ValueError(
                f"{caller}: {input_name} has shape {y.shape}, but the model was fitted with "
                f"{fitted} per target. Pass {input_name} of the same kind."
            )
        if self.loss == "poisson" and y.min() < 0:
            raise ValueError(
                f"{caller}: loss='poisson' requires y to be zero or positive, but y contains "
                f"{y.min():g}. Use another loss."
            )
        return y.reshape(len(y), -1)

    def scale(
        self,
        encoded: np.ndarray | StepTargets,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        caller: str,
    ) -> None:
        """Learn the mean and standard deviation of each output."""
        train = self.positions(spans, rows)
        weights = self.target_weights(encoded, sample_weight, spans)
        if isinstance(encoded, StepTargets):
            train = train[encoded.used[train]]
        values = split_weights(encoded)[0][train]
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = weighted_statistics(values, None if weights is None else weights[train])
        if not np.isfinite(mean).all() or not np.isfinite(std).all():
            raise ValueError(
                f"{caller}: y has values up to {abs(values).max():g}, whose variance overflows "
                "float64. Rescale y."
            )
        if self.loss == "poisson":
            # Rates are only divided by their mean: subtracting it would make some negative.
            mean, std = np.zeros_like(mean), np.where(mean > 0, mean, 1.0)
        self._mean, self._scale, self.std_factors = mean, std, np.ones(values.shape[1])
        self.n_outputs = values.shape[1] * (2 if self.loss == "gaussian" else 1)

    def _scaled(self, encoded: np.ndarray, where: str) -> np.ndarray:
        return scale_targets(encoded, self._mean, self._scale, self._dtype, where)

    def criterion(self) -> WeightedLoss:
        """Return the loss."""
        if self.loss == "huber":
            return Huber(float(self._huber_delta))
        if self.loss == "quantile":
            return Quantile(float(self._quantile))
        return _PLAIN_LOSSES[self.loss]()

    def readout(self) -> Readout:
        """Return how outputs and targets are presented to callbacks."""
        return Readout(
            "regressor",
            predict=self.decode,
            targets=lambda values: self._unscale(values).reshape(-1, *self._shape),
        )

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Return predictions in the units of y."""
        outputs = outputs.astype(np.float64)
        if self.loss == "gaussian":
            outputs, _ = self._gaussian(outputs)
        elif self.loss == "poisson":
            outputs = np.exp(outputs)
        return self._shaped(self._unscale(outputs))

    def decode_std(self, outputs: np.ndarray) -> np.ndarray:
        """Return the standard deviations that ``loss="gaussian"`` predicts, in the units of y."""
        _, log_variance = self._gaussian(outputs.astype(np.float64))
        return self._shaped(np.exp(0.5 * log_variance) * (self._scale * self.std_factors))

    @property
    def std_factor(self) -> float | np.ndarray:
        """``std_factors``, or the only one if y was 1-D in fit."""
        return self.std_factors.copy() if self._shape else float(self.std_factors[0])

    @staticmethod
    def _gaussian(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with torch_threads(1):
            means, log_variance = gaussian_parts(torch.from_numpy(outputs))
        return means.numpy(), log_variance.numpy()

    def _unscale(self, values: np.ndarray) -> np.ndarray:
        """Convert scaled numbers (N, n_outputs) to the units of y."""
        return values.astype(np.float64) * self._scale + self._mean

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        """Return 1-D predictions if y was 1-D in fit, and frames if it was videos."""
        if self._frame_shape is not None:
            return values.reshape(len(values), *self._frame_shape)
        return values if self._shape else values[:, 0]
