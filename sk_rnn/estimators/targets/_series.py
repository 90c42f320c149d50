"""Targets that are sequences of numbers."""

from typing import Any

import numpy as np

from ...modules import SquaredError, StepsAndEnd, WeightedLoss
from ...sequences import Panel, Spans, locate, read_spans, weighted_statistics
from ...training import Readout, learn_scaling
from .._contents import Contents
from ..sources import Samples
from ._checks import scale_targets
from ._layouts import find_layout, to_equal_layout
from ._pairs import PairTarget


class SeriesTarget(PairTarget):
    """Sequences of numbers.

    If all targets have the same length, so do predictions; otherwise the network has an additional
    output for the end of the sequence.
    """

    form = "numbers"
    n_features: int
    _layout: str
    _frame_shape: list[int] | None = None  # of videos
    _mean: np.ndarray
    _scale: np.ndarray

    def _read(
        self, y: Any, contents: Contents, caller: str, input_name: str, *, reset: bool
    ) -> Panel:
        where = f"{caller}: {input_name}"
        layout, y = find_layout(y)
        spans = read_spans(
            y,
            dtype=np.float64,
            padding_value=self._padding_value if self._autoencoder else None,
            finite=False,
            caller=caller,
            input_name=input_name,
        )
        panel = spans.to_panel()
        unknown = ~np.isfinite(panel.values).all(axis=1)
        if unknown.any():
            i, step = locate(panel.offsets, int(unknown.argmax()))
            value = panel[i][step][~np.isfinite(panel[i][step])][0]
            raise ValueError(
                f"{where}[{i}] is {value} at time step {step}: Input {input_name} contains NaN or "
                "infinity. Every time step of a target needs a number: impute it, or drop the "
                "sample."
            )
        if reset:
            self._layout = layout
            shape = spans.frame_shape
            self._frame_shape = None if shape is None else list(shape)
        else:
            self._check_shape(panel, where)
        return panel

    def _check_shape(self, panel: Panel, where: str) -> None:
        if panel.n_features != self.n_features:
            raise ValueError(
                f"{where} has {panel.n_features} features per time step, but the model was fitted "
                f"with {self.n_features}. Pass targets of shape (n_timesteps, {self.n_features})."
            )
        if self.n_steps is None:
            return
        wrong = panel.lengths != self.n_steps
        if wrong.any():
            i = int(wrong.argmax())
            raise ValueError(
                f"{where}[{i}] has {panel.lengths[i]} time steps, but every target in fit had "
                f"{self.n_steps}, and the model cannot predict other lengths. Pass targets "
                f"of {self.n_steps} time steps."
            )

    def take(self, y: Panel, samples: Samples, rows: np.ndarray) -> Panel:
        """Return the targets of the samples ``rows``."""
        return y[rows]

    def learn(self, y: Panel, caller: str, *, reset: bool) -> None:
        """Learn the number of steps and features."""
        longest = int(y.lengths.max())
        if reset:
            self.n_steps = longest if (y.lengths == longest).all() else None
            self.n_features = y.n_features
        self.longest = max(self.longest, longest)

    def encode(self, y: Panel, caller: str, *, input_name: str = "y", warn: bool = True) -> Panel:
        """Return the targets, which are scaled later."""
        return y

    def scale(
        self,
        encoded: Panel,
        spans: Spans,
        rows: np.ndarray,
        sample_weight: np.ndarray | None,
        caller: str,
    ) -> None:
        """Learn the mean and standard deviation of each feature."""
        if self.n_steps is None:
            self._mean, self._scale = learn_scaling(Spans.of(encoded), rows, caller, "y")
            self.n_outputs = self.n_features + 1  # with the score of the end
            return
        # Targets of equal length are scaled per time step, like the columns of a table.
        values = encoded.values.reshape(len(encoded), -1)[rows]
        weights = None if sample_weight is None else sample_weight[rows]
        mean, scale = weighted_statistics(values, weights)  # (n_timesteps * n_features,)
        shape = (self.n_steps, self.n_features)
        self._mean, self._scale = mean.reshape(shape), scale.reshape(shape)
        self.n_outputs = self.n_features

    def network_targets(self, encoded: Panel, where: str) -> tuple[Panel, np.ndarray]:
        """Return scaled numbers, and labels, which also state which steps are the last ones."""
        target = self.scaled(encoded, where)
        labels = target.values
        if self.n_steps is None:
            is_end = np.zeros((len(labels), 1), dtype=labels.dtype)
            is_end[target.offsets[1:] - 1] = 1
            labels = np.hstack([labels, is_end])
        return target, labels

    def scaled(self, encoded: Panel, where: str) -> Panel:
        """Scale targets for the network."""
        values = encoded.values
        if self.n_steps is not None:
            values = values.reshape(-1, *self._mean.shape)
        scaled = scale_targets(values, self._mean, self._scale, self._dtype, where)
        return Panel(scaled.reshape(encoded.values.shape), encoded.offsets)

    def criterion(self) -> WeightedLoss:
        """Return the squared error; with an output for the end, plus its cross-entropy."""
        return SquaredError() if self.n_steps is not None else StepsAndEnd()

    def readout(self) -> Readout:
        """Return how outputs and targets are presented to callbacks."""
        return Readout("regressor", predict=self._unscale_rows, targets=self._unscale_rows)

    @property
    def log_scale(self) -> float:
        """Logarithm of the factor from scaled numbers to the units of y, summed over features."""
        return float(np.log(self._scale).sum())

    def step_labels(self, encoded: Panel) -> list[list[Any]]:
        """Return the index of each step of encoded targets."""
        return [list(range(n)) for n in encoded.lengths.tolist()]

    def _unscale_rows(self, values: np.ndarray) -> np.ndarray:
        """Convert outputs or labels, one row per step of complete targets, to the units of y."""
        values = values[:, : self.n_features].astype(np.float64)  # without the end
        if self.n_steps is not None:
            values = values.reshape(-1, *self._mean.shape)
        rows = values * self._scale + self._mean
        rows = rows.reshape(-1, self.n_features)
        return rows[:, 0] if self.n_features == 1 else rows

    def unscaled(self, decoded: list[np.ndarray]) -> Panel:
        """Convert scaled arrays (n_timesteps, n_features), one per sample, to the units of y."""
        rows = [row.astype(np.float64) * self._scale + self._mean for row in decoded]
        return Panel.from_sequences(rows)

    def decode(self, decoded: list[np.ndarray]) -> np.ndarray:
        """Convert scaled arrays (n_timesteps, n_features), one per sample, as y was passed."""
        return to_equal_layout(self.unscaled(decoded).to_list(), self._layout, self._frame_shape)
