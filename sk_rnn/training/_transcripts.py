"""Batches of sequences with transcripts, which are shorter and not aligned with them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from ..modules import Targets
from ..sequences import Spans, Standardisation, offsets_of
from ._batches import Batch, SequenceData, step_positions


class TranscriptData(SequenceData):
    """Sequences and the labels of their transcripts, from which batches are taken.

    The module computes the loss of each row from the labels, so the targets are zeros, the lowest
    possible loss.

    Parameters
    ----------
    spans : Spans
        The sequences.
    labels : sequence of ndarray of int64
        The labels of each transcript.
    device : torch.device
        Device of the batches.
    dtype, scaling
        See `SequenceData`.
    weights : ndarray of shape (n_samples,) or None
        Loss weight of each transcript.
    """

    def __init__(
        self,
        spans: Spans,
        labels: Sequence[np.ndarray],
        device: torch.device,
        *,
        dtype: npt.DTypeLike = np.float32,
        scaling: Standardisation | None = None,
        weights: np.ndarray | None = None,
    ):
        zeros = np.zeros(len(labels), dtype=dtype)
        super().__init__(spans, device, dtype=dtype, scaling=scaling, y=zeros, weights=weights)
        self.label_lengths = np.array([len(row) for row in labels], dtype=np.int64)
        self.label_offsets = offsets_of(self.label_lengths)
        self.labels = np.concatenate(labels)

    def batch(self, samples: np.ndarray) -> Batch:
        """The padded sequences at ``samples``, and the labels of all of them."""
        inputs = self.inputs(samples)
        labels = torch.from_numpy(self.labels[step_positions(self.label_offsets, samples)])
        inputs["labels"] = labels.to(self.device)
        inputs["label_lengths"] = torch.from_numpy(self.label_lengths[samples])
        index = torch.from_numpy(samples).to(self.device)
        assert self.y is not None
        weights = None if self.weights is None else self.weights.index_select(0, index)
        return Batch(inputs, Targets(self.y.index_select(0, index), weights))
