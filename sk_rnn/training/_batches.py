"""Batches: one gather per batch, on the device of the data."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..modules import ROW_MULTIPLE, Targets
from ..sequences import (
    Spans,
    Standardisation,
    batch_bounds,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)

# Limits of a prediction batch, which bound its memory: samples, padded steps and outputs.
PREDICT_ROWS = 1024
PREDICT_STEPS = 32_768
PREDICT_OUTPUTS = 1 << 24

# The data set is kept on the GPU if it needs at most this fraction of the free memory.
RESIDENT_SHARE = 0.5

# Number of values standardised at a time. Data of at most this many are always converted once,
# which takes less time than a conversion in each epoch.
_CONVERT_VALUES = 1 << 20


class Batch(NamedTuple):
    """One batch as in skorch: the module's arguments by name, and the targets."""

    X: dict[str, Any]
    y: Targets

    @property
    def n_targets(self) -> int:
        """Number of targets: one per sequence or time step."""
        return count_targets(self.X)


def count_targets(X: dict[str, Any]) -> int:
    """Number of targets of a batch, from the module's arguments."""
    return len(X["positions"] if "positions" in X else X["lengths"])


class BatchSource(Protocol):
    """Samples with targets, from which batches are taken."""

    lengths: np.ndarray
    per_step: bool
    has_step_targets: bool

    def __len__(self) -> int: ...

    def batch(self, samples: np.ndarray) -> Batch:
        """The batch of some samples."""

    def targets(self, samples: np.ndarray) -> np.ndarray:
        """Their targets, as used by the loss."""

    def steps(self, sample: int) -> np.ndarray:
        """The time steps of one of them, as inputs of the network."""


class EpochBatches(Protocol):
    """The batches of an epoch of training."""

    samples: np.ndarray
    batch_size: int

    @property
    def data(self) -> BatchSource:
        """Source of the batches."""

    @property
    def n_batches(self) -> int:
        """Batches per epoch."""

    def __iter__(self) -> Iterator[Batch]: ...

    def __len__(self) -> int: ...


class SequenceData:
    """Sequences with targets and weights, from which batches are taken.

    If the steps fit on the GPU, they are copied to it once and batches are gathered there;
    otherwise, and on a CPU, batches are gathered from the array of the sequences. It is converted
    once, unless it is large and has the network's dtype or is a memory map: then it is not copied.

    Parameters
    ----------
    spans : Spans
        The sequences.
    device : torch.device
        Device of the batches.
    dtype : dtype
        Dtype of the network's weights, for sequences of numbers.
    scaling : Standardisation or None
        Standardisation of numbers before they are rounded to that dtype.
    y : ndarray or None
        One row per sequence, or per time step with ``per_step=True``.
    weights : ndarray or None
        Loss weights, one for each row of ``y``.
    per_step : bool
        Whether outputs and targets belong to time steps.
    labelled : ndarray of bool or None
        Which rows of ``y`` are targets, if some are only placeholders; these have no weight.

    Raises
    ------
    ValueError
        Here or when a batch is built, if a number is too large for ``dtype``.
    """

    def __init__(
        self,
        spans: Spans,
        device: torch.device,
        *,
        dtype: npt.DTypeLike = np.float32,
        scaling: Standardisation | None = None,
        y: np.ndarray | None = None,
        weights: np.ndarray | None = None,
        per_step: bool = False,
        labelled: np.ndarray | None = None,
    ):
        self.given = spans
        self.labelled = labelled
        self.device = device
        self.per_step = per_step
        self.has_step_targets = per_step
        self.dtype = np.dtype(dtype)
        self.scaling = scaling
        self.offsets = spans.offsets
        self.lengths = spans.lengths
        self.y = None if y is None else torch.from_numpy(y).to(device)
        self.weights = None if weights is None else torch.from_numpy(weights).to(device)
        on_device = _fits(spans, self.dtype, device)
        unchanged = spans.is_tokens or (scaling is None and spans.values.dtype == self.dtype)
        is_memmap = isinstance(spans.values, np.memmap)
        is_large = spans.values.size > _CONVERT_VALUES
        per_batch = is_large and (spans.values.dtype == self.dtype or is_memmap)
        self.converts = not unchanged and per_batch and not on_device
        if not unchanged and not self.converts:
            spans = self._converted(spans)
        self.spans = spans
        self.resident = _to_device(spans.values, device) if on_device else None
        if self.resident is not None:
            self.starts = torch.from_numpy(spans.starts).to(device)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def sorting_lengths(self) -> np.ndarray:
        """Lengths by which training batches are grouped."""
        return self.lengths

    def inputs(self, samples: np.ndarray) -> dict[str, Any]:
        """The sequences at ``samples``, padded, time-major, and their lengths."""
        if self.resident is None:
            padded, lengths = pad_batch(
                self.spans, samples, self._convert if self.converts else None
            )
            if self.converts and not np.isfinite(padded).all():
                self._refuse(samples)
            x = torch.from_numpy(padded)
            if self.device.type != "cpu":
                x = x.to(self.device)
        else:
            lengths = self.lengths[samples]
            x = self._gather(self.resident, samples, lengths)
        return {"x": x, "lengths": torch.from_numpy(lengths)}

    def batch(self, samples: np.ndarray) -> Batch:
        """The padded sequences at ``samples`` with targets and weights."""
        inputs = self.inputs(samples)
        if self.per_step:
            lengths = inputs["lengths"].numpy()
            positions = flat_positions(lengths, inputs["x"].shape[0], len(samples))
            inputs["positions"] = torch.from_numpy(positions).to(self.device)
        places = self.target_positions(samples)
        index = torch.from_numpy(places).to(self.device, non_blocking=True)
        values = None if self.y is None else self.y.index_select(0, index)
        weights = None if self.weights is None else self.weights.index_select(0, index)
        lengths_of_targets = inputs["lengths"] if self.per_step else None
        labelled = None if self.labelled is None else torch.from_numpy(self.labelled[places])
        return Batch(inputs, Targets(values, weights, lengths_of_targets, labelled))

    def _convert(self, values: np.ndarray) -> np.ndarray:
        """Standardise numbers and round them to the network's dtype."""
        if self.scaling is not None:
            return self.scaling.apply(values, self.dtype)
        with np.errstate(over="ignore"):
            return values.astype(self.dtype)

    def _converted(self, spans: Spans) -> Spans:
        """The concatenated sequences, converted."""
        values = np.empty((spans.offsets[-1], spans.n_features), self.dtype)
        for samples, steps in spans.blocks(_CONVERT_VALUES):
            start, stop = self.offsets[samples.start], self.offsets[samples.stop]
            values[start:stop] = self._convert(steps)
            if not np.isfinite(values[start:stop]).all():
                self._refuse(np.arange(samples.start, samples.stop), spans)
        return replace(spans, values=values, starts=self.offsets[:-1])

    def _refuse(self, samples: np.ndarray, spans: Spans | None = None) -> NoReturn:
        """Raise an error that names the first number in ``samples`` that is too large."""
        spans = spans or self.spans
        sample, wrong = next(
            (sample, wrong)
            for sample, steps in zip(samples.tolist(), spans.take(samples), strict=True)
            if len(wrong := np.argwhere(~np.isfinite(self._convert(steps))))
        )
        step, feature = map(int, wrong[0])
        number = spans.values[spans.starts[sample] + step, feature]
        value = f"{number:g} {spans.place(step, feature)}"
        if self.scaling is None:
            raise ValueError(
                f"{spans.where}[{sample}] contains infinity or a value too large for {self.dtype}: "
                f"{value}. Set scale_inputs=True, or clip or rescale such values first."
            )
        mean, std = self.scaling.mean[feature], self.scaling.std[feature]
        raise ValueError(
            f"{spans.where}[{sample}] has {value}, which is too far from the training data (mean "
            f"{mean:g}, standard deviation {std:g}) to compute with: standardised, it is too large "
            f"for {self.dtype}. If it stands for a missing value, impute it; else clip such values."
        )

    def steps(self, sample: int) -> np.ndarray:
        """The time steps of one sequence, as inputs of the network."""
        start = self.spans.starts[sample]
        values = self.spans.values[start : start + self.lengths[sample]]
        return self._convert(values) if self.converts else values

    def target_positions(self, samples: np.ndarray) -> np.ndarray:
        """Positions of the targets of the sequences at ``samples``."""
        return step_positions(self.offsets, samples) if self.per_step else samples

    def targets(self, samples: np.ndarray) -> np.ndarray:
        """The targets of the sequences at ``samples``, as used by the loss."""
        assert self.y is not None
        index = torch.from_numpy(self.target_positions(samples)).to(self.device)
        return self.y.index_select(0, index).cpu().numpy()

    def target_weights(self, samples: np.ndarray) -> np.ndarray | None:
        """The loss weights of the targets of the sequences at ``samples``."""
        if self.weights is None:
            return None
        index = torch.from_numpy(self.target_positions(samples)).to(self.device)
        return self.weights.index_select(0, index).cpu().numpy()

    def weighted_targets(self, samples: np.ndarray) -> np.ndarray:
        """Their targets that have a loss weight."""
        targets, weights = self.targets(samples), self.target_weights(samples)
        return targets if weights is None else targets[weights > 0]

    def _gather(self, resident: Tensor, samples: np.ndarray, lengths: np.ndarray) -> Tensor:
        """Pad on the device: only the sample indices are transferred."""
        index = torch.from_numpy(samples).to(self.device, non_blocking=True)
        ends = torch.from_numpy(lengths).to(self.device, non_blocking=True)
        steps = torch.arange(int(lengths.max()), device=self.device)[:, None]  # (T, 1)
        positions = self.starts[index][None, :] + steps  # (T, B)
        # Steps after the end of a sequence are read from an additional row of zeros after the data.
        positions = torch.where(steps < ends[None, :], positions, len(resident) - 1)
        padded = resident.index_select(0, positions.flatten())
        return padded.unflatten(0, positions.shape)  # (T, B, F), or (T, B) for tokens


def step_positions(offsets: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Positions of the steps of ``samples`` in the Panel's values, sequence by sequence."""
    starts, ends = offsets[samples], offsets[samples + 1]
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(lengths.sum())


def _fits(spans: Spans, dtype: np.dtype, device: torch.device) -> bool:
    if device.type != "cuda":
        return False
    itemsize = spans.values.itemsize if spans.is_tokens else dtype.itemsize
    free, _ = torch.cuda.mem_get_info(device)
    return spans.values.size * itemsize < RESIDENT_SHARE * free


def _to_device(values: np.ndarray, device: torch.device) -> Tensor:
    """Copy the values to the device, followed by a row of zeros."""
    resident = torch.zeros(
        (len(values) + 1, *values.shape[1:]),
        dtype=torch.from_numpy(values[:0]).dtype,
        device=device,
    )
    resident[:-1].copy_(torch.from_numpy(values))
    return resident


class TrainingBatches:
    """Shuffled batches of similar lengths, redrawn each epoch.

    Parameters
    ----------
    data : SequenceData
        Source of the batches.
    samples : ndarray of int
        The samples to train on; a sample that is listed k times is used k times per epoch.
    batch_size : int
        Sequences per batch.
    rng : numpy.random.RandomState
        Random state for the batches.
    """

    def __init__(
        self, data: SequenceData, samples: np.ndarray, batch_size: int, rng: np.random.RandomState
    ):
        self.data = data
        self.samples = samples
        self.batch_size = batch_size
        self.rng = rng
        self.lengths = data.sorting_lengths[samples]

    @property
    def n_batches(self) -> int:
        """Batches per epoch."""
        return len(batch_bounds(len(self.samples), self.batch_size)) - 1

    def __iter__(self) -> Iterator[Batch]:
        for chosen in training_batches(self.lengths, self.batch_size, self.rng):
            yield self.data.batch(self.samples[chosen])

    def __len__(self) -> int:
        return len(self.samples)


def _at_most(number: int, n_outputs: int) -> int:
    """Number of samples or steps with at most `PREDICT_OUTPUTS` outputs."""
    return max(ROW_MULTIPLE, min(number, PREDICT_OUTPUTS // n_outputs))


class PredictionBatches:
    """Batches sorted by length and with bounded memory, in a fixed order.

    Parameters
    ----------
    data : SequenceData
        Source of the batches.
    samples : ndarray of int or None
        The samples to predict; None for all.
    batch_size : int or None
        Maximum number of sequences per batch.
    pad_samples : bool
        Whether to pad batches to a multiple of `ROW_MULTIPLE` samples with copies of their last
        sample. `target_counts` returns the number of outputs without them.
    n_outputs : int
        Outputs per sample or time step; batches are smaller if there are many.
    """

    def __init__(
        self,
        data: BatchSource,
        samples: np.ndarray | None = None,
        batch_size: int | None = None,
        *,
        pad_samples: bool = False,
        n_outputs: int = 1,
    ):
        self.data = data
        self.pad_samples = pad_samples
        self.samples = np.arange(len(data)) if samples is None else samples
        self.batches = prediction_batches(
            data.lengths[self.samples],
            max_samples=batch_size or _at_most(PREDICT_ROWS, n_outputs),
            max_steps=_at_most(PREDICT_STEPS, n_outputs) if data.per_step else PREDICT_STEPS,
        )

    @property
    def n_batches(self) -> int:
        """Number of batches."""
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        for chosen in self.batches:
            samples = self.samples[chosen]
            if self.pad_samples:
                samples = np.pad(samples, (0, -len(samples) % ROW_MULTIPLE), mode="edge")
            yield self.data.batch(samples)

    def target_counts(self) -> Iterator[int]:
        """Number of targets of each batch, without the samples added by ``pad_samples``."""
        for chosen in self.batches:
            lengths = self.data.lengths[self.samples[chosen]]
            yield int(lengths.sum()) if self.data.per_step else len(chosen)

    def __len__(self) -> int:
        return len(self.samples)
