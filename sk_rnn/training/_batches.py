"""Batches formed whole: one gather a batch, on the device where the data is."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..modules import ROW_MULTIPLE
from ..sequences import (
    Panel,
    batch_bounds,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)

# Bounds of a batch that is only predicted: rows, and padded steps, which bound its memory.
PREDICT_ROWS = 1024
PREDICT_STEPS = 32_768

# The share of a GPU's free memory that the data set may take to be kept there.
RESIDENT_SHARE = 0.5


class Targets(NamedTuple):
    """What a batch is compared with."""

    values: Tensor | None
    weights: Tensor | None


class Batch(NamedTuple):
    """One batch as skorch knows it: the module's arguments by name, and the targets."""

    X: dict[str, Any]
    y: Targets

    @property
    def n_rows(self) -> int:
        """Rows of the loss: sequences, or time steps."""
        return count_rows(self.X)


def count_rows(X: dict[str, Any]) -> int:
    """Rows of the loss of a batch, from the module's arguments."""
    return len(X["positions"] if "positions" in X else X["lengths"])


class SequenceData:
    """A Panel with targets and weights, from which batches are taken.

    On a GPU the steps are moved there once if they fit, and batches are gathered there; on a CPU,
    or if they do not fit, batches are gathered from the Panel's own array, which is not copied.

    Parameters
    ----------
    panel : Panel
        The sequences.
    device : torch.device
        Where batches are wanted.
    y : ndarray or None
        One row a sequence, or one a time step with ``per_step=True``.
    weights : ndarray or None
        Loss weights, one for each row of ``y``.
    per_step : bool
        Whether outputs and targets belong to time steps.
    """

    def __init__(
        self,
        panel: Panel,
        device: torch.device,
        *,
        y: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        per_step: bool = False,
    ):
        self.panel = panel
        self.device = device
        self.per_step = per_step
        self.has_step_targets = per_step
        self.y = None if y is None else torch.from_numpy(y).to(device)
        self.weights = None if weights is None else torch.from_numpy(weights).to(device)
        self.resident = _to_device(panel.values, device) if _fits(panel.values, device) else None
        if self.resident is not None:
            self.starts = torch.from_numpy(panel.offsets[:-1]).to(device)

    @property
    def lengths(self) -> np.ndarray:
        """What sequences of a batch should have about the same of."""
        return self.panel.lengths

    def inputs(self, rows: np.ndarray) -> dict[str, Any]:
        """The sequences at ``rows``, padded, time-major, and their lengths."""
        if self.resident is None:
            padded, lengths = pad_batch(self.panel, rows)
            x = torch.from_numpy(padded)
            if self.device.type != "cpu":
                x = x.to(self.device)
        else:
            lengths = self.panel.lengths[rows]
            x = self._gather(self.resident, rows, lengths)
        return {"x": x, "lengths": torch.from_numpy(lengths)}

    def batch(self, rows: np.ndarray) -> Batch:
        """The same, with targets and weights."""
        inputs = self.inputs(rows)
        if self.per_step:
            lengths = inputs["lengths"].numpy()
            positions = flat_positions(lengths, inputs["x"].shape[0], len(rows))
            inputs["positions"] = torch.from_numpy(positions).to(self.device)
        index = torch.from_numpy(self.target_rows(rows)).to(self.device, non_blocking=True)
        values = None if self.y is None else self.y.index_select(0, index)
        weights = None if self.weights is None else self.weights.index_select(0, index)
        return Batch(inputs, Targets(values, weights))

    def target_rows(self, rows: np.ndarray) -> np.ndarray:
        """Where the targets of the sequences at ``rows`` stand."""
        return step_positions(self.panel.offsets, rows) if self.per_step else rows

    def targets(self, rows: np.ndarray) -> np.ndarray:
        """The targets of the sequences at ``rows``, as the loss has them."""
        assert self.y is not None
        index = torch.from_numpy(self.target_rows(rows)).to(self.device)
        return self.y.index_select(0, index).cpu().numpy()

    def _gather(self, resident: Tensor, rows: np.ndarray, lengths: np.ndarray) -> Tensor:
        """Pad on the device: the row indices are all that travels."""
        index = torch.from_numpy(rows).to(self.device, non_blocking=True)
        ends = torch.from_numpy(lengths).to(self.device, non_blocking=True)
        steps = torch.arange(int(lengths.max()), device=self.device)[:, None]  # (T, 1)
        positions = self.starts[index][None, :] + steps  # (T, B)
        # Steps after a row's end are read from the extra zero row behind the data.
        positions = torch.where(steps < ends[None, :], positions, len(resident) - 1)
        padded = resident.index_select(0, positions.flatten())
        return padded.unflatten(0, positions.shape)  # (T, B, F), or (T, B) for tokens


def step_positions(offsets: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Where the steps of ``rows`` stand in the Panel's values, sequence by sequence."""
    starts, ends = offsets[rows], offsets[rows + 1]
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


def _fits(values: np.ndarray, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return values.nbytes < RESIDENT_SHARE * free


def _to_device(values: np.ndarray, device: torch.device) -> Tensor:
    """Copy the values to the device, with a row of zeros behind them."""
    resident = torch.zeros(
        (len(values) + 1, *values.shape[1:]),
        dtype=torch.from_numpy(values[:0]).dtype,
        device=device,
    )
    resident[:-1].copy_(torch.from_numpy(values))
    return resident


class TrainingBatches:
    """Shuffled batches of similar lengths, drawn anew each epoch.

    Parameters
    ----------
    data : SequenceData
        Where batches come from.
    rows : ndarray of int
        The rows to train on; a row that stands here twice is seen twice an epoch.
    batch_size : int
        Sequences a batch.
    rng : numpy.random.RandomState
        Decides the batches.
    """

    def __init__(
        self, data: SequenceData, rows: np.ndarray, batch_size: int, rng: np.random.RandomState
    ):
        self.data = data
        self.rows = rows
        self.batch_size = batch_size
        self.rng = rng
        self.lengths = data.lengths[rows]

    @property
    def n_batches(self) -> int:
        """Batches per epoch."""
        return len(batch_bounds(len(self.rows), self.batch_size)) - 1

    def __iter__(self) -> Iterator[Batch]:
        for chosen in training_batches(self.lengths, self.batch_size, self.rng):
            yield self.data.batch(self.rows[chosen])

    def __len__(self) -> int:
        return len(self.rows)


class PredictionBatches:
    """Batches sorted by length and bounded in memory, in a fixed order.

    Parameters
    ----------
    data : SequenceData
        Where batches come from.
    rows : ndarray of int or None
        The rows wanted; None for all.
    batch_size : int or None
        Sequences a batch at most.
    aligned : bool
        Fill batches up to a multiple of `ROW_MULTIPLE` with copies of their last row, which
        `wanted` tells how to cut off again.
    """

    def __init__(
        self,
        data: SequenceData,
        rows: np.ndarray | None = None,
        batch_size: int | None = None,
        *,
        aligned: bool = False,
    ):
        self.data = data
        self.aligned = aligned
        self.rows = np.arange(len(data.panel)) if rows is None else rows
        self.batches = prediction_batches(
            data.panel.lengths[self.rows],
            max_rows=batch_size or PREDICT_ROWS,
            max_steps=PREDICT_STEPS,
        )

    @property
    def n_batches(self) -> int:
        """Batches there are."""
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        for chosen in self.batches:
            rows = self.rows[chosen]
            if self.aligned:
                rows = np.pad(rows, (0, -len(rows) % ROW_MULTIPLE), mode="edge")
            yield self.data.batch(rows)

    def wanted(self) -> Iterator[int]:
        """Count the outputs of each batch that are not of filling rows."""
        for chosen in self.batches:
            lengths = self.data.panel.lengths[self.rows[chosen]]
            yield int(lengths.sum()) if self.data.per_step else len(chosen)

    def __len__(self) -> int:
        return len(self.rows)
