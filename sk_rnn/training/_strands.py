"""Batches of a stream: parallel strands, whose states are carried from batch to batch."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from ..modules import Targets
from ..sequences import flat_positions
from ._batches import Batch, SequenceData


class _Chunk(NamedTuple):
    """Consecutive steps of a strand."""

    start: int  # in the array of all steps
    length: int
    begins: bool  # whether its state is zero


class StrandBatches:
    """Strands of long sequences, cut into chunks; each batch continues the previous one.

    All sequences are joined in a random order and cut into `batch_size` strands of equal length, at
    places that differ in every epoch. A batch has the next chunk of each strand; its argument
    ``continues`` is the row of the previous batch whose state a row continues, or -1 if it begins:
    at the start of a strand or of a sequence. One optimizer step per chunk of a stream results in
    thousands of steps per epoch for a single text (Mikolov et al., 2010, "Recurrent neural network
    based language model"; Zaremba, Sutskever & Vinyals, 2014).

    Parameters
    ----------
    data : SequenceData
        Inputs and targets of each time step.
    samples : ndarray of int
        The sequences to train on.
    batch_size : int
        Number of strands.
    n_steps : int
        Time steps per chunk.
    rng : numpy.random.RandomState
    begin : int or ndarray of shape (n_features,)
        Input of a step without a predecessor.
    """

    def __init__(
        self,
        data: SequenceData,
        samples: np.ndarray,
        batch_size: int,
        n_steps: int,
        rng: np.random.RandomState,
        begin: int | np.ndarray,
    ):
        self.data, self.samples, self.rng = data, samples, rng
        self.n_steps, self.begin = n_steps, begin
        n_total = int(data.lengths[samples].sum())
        self.n_strands = min(batch_size, n_total)
        self.batch_size = self.n_strands
        n_chunks = int((-(-data.lengths[samples] // n_steps)).sum()) + self.n_strands
        self.n_batches = -(-n_chunks // self.n_strands)

    def __len__(self) -> int:
        return self.n_batches * self.batch_size

    def __iter__(self) -> Iterator[Batch]:
        strands = self._strands()
        strands.sort(key=len, reverse=True)  # those still active are the first
        for number in range(len(strands[0])):
            active = [strand[number] for strand in strands if len(strand) > number]
            yield self._batch(active)

    def _strands(self) -> list[list[_Chunk]]:
        """Cut all sequences into strands of about the same number of steps."""
        order = self.rng.permutation(self.samples)
        lengths = self.data.lengths[order]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        n_total = int(offsets[-1])
        bounds = n_total * np.arange(self.n_strands + 1) // self.n_strands
        bounds = bounds + self.rng.randint(n_total)
        # Twice the sequences, so that the strand that reaches the end continues at the start.
        edges = np.concatenate([offsets[:-1], offsets + n_total])
        starts = self.data.spans.starts[order]
        strands: list[list[_Chunk]] = []
        for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            strand: list[_Chunk] = []
            first = int(np.searchsorted(edges, low, side="right")) - 1
            while low < high:
                stop = min(int(edges[first + 1]), high)
                source = int(starts[first % len(order)] + low - edges[first])
                for at in range(0, stop - low, self.n_steps):
                    n = min(self.n_steps, stop - low - at)
                    strand.append(_Chunk(source + at, n, at == 0))
                low, first = stop, first + 1
            strands.append(strand)
        return strands

    def _batch(self, chunks: list[_Chunk]) -> Batch:
        data = self.data
        starts = np.array([chunk.start for chunk in chunks])
        lengths = np.array([chunk.length for chunk in chunks])
        begins = np.array([chunk.begins for chunk in chunks])
        steps = np.arange(lengths.max())[:, None]
        places = starts + np.minimum(steps, lengths - 1)  # (T, B)
        values = data.spans.values[places]
        values[0, begins] = self.begin
        positions = flat_positions(lengths, len(values), len(lengths))
        index = torch.from_numpy(places.ravel()[positions]).to(data.device)
        assert data.y is not None
        inputs = {
            "x": torch.from_numpy(values).to(data.device),
            "lengths": torch.from_numpy(lengths),
            "positions": torch.from_numpy(positions).to(data.device),
            "continues": torch.from_numpy(np.where(begins, -1, np.arange(len(begins)))),
        }
        weights = None if data.weights is None else data.weights.index_select(0, index)
        return Batch(inputs, Targets(data.y.index_select(0, index), weights, inputs["lengths"]))
