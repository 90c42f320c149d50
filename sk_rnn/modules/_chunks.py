"""A padded batch run chunk by chunk, with states carried from one chunk to the next.

Only the states at chunk boundaries are kept, so that memory does not grow with the length. Used for
truncated backpropagation through time (Williams & Peng, 1990), and for predictions on sequences
whose activations would not fit in memory.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ._dropout import set_generator
from ._encoder import Encoder
from ._steps import ValidSteps
from .cells import RecurrentState


class Chunk(NamedTuple):
    """A range of time steps of the recurrence, and the rows that reach it."""

    number: int
    start: int
    stop: int
    rows: slice | Tensor  # indexes the batch: all of it, or (R,)
    lengths: Tensor  # of these rows in this span: (R,), on the CPU
    device: torch.device

    def valid(self) -> ValidSteps:
        """The valid steps; built on each call, so that masks are not kept for all chunks."""
        return ValidSteps(self.lengths, self.device)


def cut_chunks(lengths: Tensor, n_steps: int, device: torch.device) -> list[Chunk]:
    """Cut a batch into chunks of ``n_steps`` steps; finished rows are left out.

    Parameters
    ----------
    lengths : Tensor of shape (B,), int64, on the CPU
    n_steps : int
        Steps per chunk; the last may have fewer.
    device : torch.device
        Device of the batch.
    """
    chunks: list[Chunk] = []
    n_timesteps, shortest = int(lengths.max()), int(lengths.min())
    for start in range(0, n_timesteps, n_steps):
        stop = min(start + n_steps, n_timesteps)
        rows: slice | Tensor = slice(None)
        remaining = lengths - start
        if shortest <= start:
            reached = (remaining > 0).nonzero()[:, 0]  # (R,)
            rows, remaining = reached.to(device), remaining[reached]
        inside = remaining.clamp(max=stop - start)
        chunks.append(Chunk(len(chunks), start, stop, rows, inside, device))
    return chunks


class ChunkedRun:
    """Run an encoder on one batch, chunk by chunk.

    `carry` must be called first: it computes the states at the chunk boundaries. Then `states`
    returns the hidden states of a chunk, in any order and any number of times, with gradients
    truncated at the boundaries. All runs of a chunk draw the same dropout masks; recurrent dropout
    has one mask per sequence, the same in every chunk.

    Parameters
    ----------
    encoder : Encoder
        With a built-in cell.
    x : Tensor of shape (T, B, F), or (T, B) for token ids
    lengths : Tensor of shape (B,), int64, on the CPU
    n_steps : int
        Steps per chunk, counted after the convolution.
    generator : torch.Generator or None
        Source of the dropout masks in training. It is replaced by `replay` in the encoder.

    Attributes
    ----------
    chunks : list of Chunk
    steps : ValidSteps
        Of the whole batch, after convolution or patches.
    replay : torch.Generator or None
        Reseeded before each run of a chunk.
    """

    def __init__(
        self,
        encoder: Encoder,
        x: Tensor,
        lengths: Tensor,
        n_steps: int,
        generator: torch.Generator | None = None,
    ):
        self.encoder = encoder
        self.stack = encoder.recurrent
        self.x = x
        self.lengths = lengths  # of x
        self.steps = ValidSteps(lengths, x.device).strided(encoder.stride)
        self.chunks = cut_chunks(self.steps.lengths, n_steps, x.device)
        self.reference = next(self.stack.parameters())
        self.masks = self.stack.draw_masks(x.shape[1], self.reference)
        self.replay = None
        if generator is not None:
            self.replay = torch.Generator(device=generator.device)
            # Each chunk has its own random numbers.
            seeds = torch.empty(len(self.chunks), dtype=torch.int64, device=generator.device)
            self.seeds = seeds.random_(generator=generator).tolist()
            set_generator(encoder, self.replay)
        n_directions = 2 if self.stack.bidirectional else 1
        n_parts = self.stack.cell.n_states
        zeros = self.reference.new_zeros(x.shape[1], self.stack.hidden_size)
        n_states = self.stack.num_layers * n_directions
        # States of the whole batch at the current position of a sweep, and at each chunk boundary,
        # for each layer and direction as in `RecurrentStack.run`. The latter are one allocation:
        # separate ones, kept between blocks that are freed, would fragment the memory.
        self.carried = [tuple(zeros.clone() for _ in range(n_parts)) for _ in range(n_states)]
        self.boundary_states = [
            tuple(zeros.new_zeros(len(self.chunks), *zeros.shape) for _ in range(n_parts))
            for _ in range(n_states)
        ]
        self.n_directions = n_directions

    def carry(self, on_chunk: Callable[[Tensor, Chunk], None] | None = None) -> None:
        """Compute the states at the chunk boundaries, without gradients.

        Sweeps run over the chunks, alternately forward and backward. Each carries the states of the
        layers in that direction whose inputs are already known: one sweep if all layers are
        forward only, otherwise one more than the number of layers.

        Parameters
        ----------
        on_chunk : callable or None
            Called once with the states (T, R, output_size) of each chunk and the chunk.
        """
        direction, complete = 0, False
        known: set[int] = set()
        with torch.no_grad():
            while not complete:
                swept: set[int] = set()
                for chunk in self.chunks if direction == 0 else reversed(self.chunks):
                    states = self._advance(chunk, direction, known, swept)
                    complete = states is not None
                    if states is not None and on_chunk is not None:
                        on_chunk(states, chunk)
                known |= swept
                direction = 1 - direction

    def _advance(
        self, chunk: Chunk, direction: int, known: set[int], swept: set[int]
    ) -> Tensor | None:
        """Carry states over a chunk; return the last layer's states if they are complete."""
        x, valid, masks = self._inputs(chunk), chunk.valid(), self._masks(chunk)
        for layer in range(self.stack.num_layers):
            layer_indices = range(layer * self.n_directions, (layer + 1) * self.n_directions)
            index = layer_indices[direction]
            advances = index not in known
            if advances:
                swept.add(index)
                for at_boundary, part in zip(
                    self.boundary_states[index], self.carried[index], strict=True
                ):
                    at_boundary[chunk.number] = part
            if not all(i in known or i == index for i in layer_indices):
                start, mask = self._start(index, chunk), masks[index]
                final = self.stack.run_direction(layer, direction, x, valid, start, mask)
                self._set_carried(index, chunk, final)
                return None
            starts = [self._start(i, chunk) for i in layer_indices]
            layer_masks = [masks[i] for i in layer_indices]
            x, finals = self.stack.run_layer(layer, x, valid, starts, layer_masks)
            if advances:
                self._set_carried(index, chunk, finals[direction])
        return x

    def zeros(self) -> Tensor:
        """A zero for each row and feature of the states: (B, output_size)."""
        return self.reference.new_zeros(len(self.lengths), self.encoder.output_size)

    def _start(self, i: int, chunk: Chunk) -> RecurrentState:
        """The states at a chunk boundary, of the rows that reach it."""
        return tuple(part[chunk.number, chunk.rows] for part in self.boundary_states[i])

    def _set_carried(self, i: int, chunk: Chunk, final: RecurrentState) -> None:
        for part, now in zip(self.carried[i], final, strict=True):
            part[chunk.rows] = now.to(part.dtype)

    def states(self, chunk: Chunk) -> Tensor:
        """The hidden states of a chunk, from those at its boundaries: (T, R, output_size)."""
        starts = [self._start(i, chunk) for i in range(len(self.boundary_states))]
        return self.stack(self._inputs(chunk), chunk.valid(), starts, self._masks(chunk))

    def _masks(self, chunk: Chunk) -> list[Tensor | None]:
        return [None if mask is None else mask[chunk.rows] for mask in self.masks]

    def _inputs(self, chunk: Chunk) -> Tensor:
        """Input of the recurrence in a chunk: (T, R, input_size)."""
        if self.replay is not None:
            self.replay.manual_seed(self.seeds[chunk.number])
        front = self.encoder.front
        if front is None:
            return self.encoder.embedding(self.x[chunk.start : chunk.stop, chunk.rows])
        # Steps next to a boundary are read in both chunks, with different dropout masks.
        first, end = front.span(chunk.start, chunk.stop)
        start, stop = max(first, 0), min(end, len(self.x))
        rows = chunk.rows if isinstance(chunk.rows, slice) else chunk.rows.cpu()
        valid = ValidSteps((self.lengths[rows] - start).clamp(max=stop - start), self.x.device)
        x = self.encoder.embedding(self.x[start:stop, chunk.rows])
        return front(x, valid, (start - first, end - stop))[0]
