"""Training on sequences that are too long to keep all states of: back-propagation, truncated.

Williams & Peng (1990), "An efficient gradient-based algorithm for on-line training of recurrent
network trajectories". A batch is cut into chunks of so many steps. States are carried from chunk to
chunk; gradients are not. What a chunk contributes to the pooled vectors is computed without
keeping its states, and once more, with them, when gradients come back (`torch.utils.checkpoint`):
so the states of one chunk at a time are in memory, however long the sequences are.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ._dropout import set_generator
from ._head import Head, HeadBatchNorm
from ._pooling import Pooling
from ._recurrent import Recurrence, State
from ._steps import ValidSteps

if TYPE_CHECKING:
    from ._model import SequenceModel

T = TypeVar("T")


class Chunks:
    """A padded batch in chunks of steps, and the states at their borders.

    Rows that have ended before a chunk are no part of it. Dropout draws the same numbers whenever a
    chunk is computed: each has a seed of its own, and recurrent dropout has one mask a row for all
    chunks.

    Parameters
    ----------
    model : SequenceModel
    x : Tensor of shape (T, B, F), or (T, B) for token ids
    lengths : Tensor of shape (B,), int64, on the CPU
    n_steps : int
        Steps of a chunk.
    """

    def __init__(self, model: "SequenceModel", x: Tensor, lengths: Tensor, n_steps: int):
        self.model = model
        self.stack = model.encoder.recurrent
        self.x = x
        self.starts = range(0, int(lengths.max()), n_steps)
        self.rows = [torch.nonzero(lengths > start)[:, 0] for start in self.starts]
        self.valid = [
            ValidSteps((lengths[rows] - start).clamp(max=n_steps), x.device)
            for start, rows in zip(self.starts, self.rows, strict=True)
        ]
        self.generator = model.head.dropout.generator
        self.seeds = self._draw_seeds()
        dtype = next(model.head.parameters()).dtype
        self.empty = torch.empty(0, x.shape[1], dtype=dtype, device=x.device)  # (T, B) with T = 0
        self.masks = {
            recurrence: recurrence.recurrent_mask(self.empty, self.stack.hidden_size)
            for recurrence in self._recurrences()
        }
        self.borders: list[list[State]] = [[] for _ in self.starts]

    def _recurrences(self) -> list[Recurrence]:
        stack = self.stack
        layers = [*stack.forward_layers, *(stack.backward_layers or [])]
        return [cast(Recurrence, layer) for layer in layers]

    def _draw_seeds(self) -> list[int]:
        if self.generator is None:  # nothing is dropped
            return [0 for _ in self.starts]
        shape, device = (len(self.starts),), self.generator.device
        seeds = torch.randint(2**31, shape, generator=self.generator, device=device)
        return seeds.tolist()

    def compute(self, chunk: int, function: Callable[[Tensor], T]) -> T:
        """Call ``function`` with what the recurrent layers read of a chunk."""
        rows = self.rows[chunk]
        if self.generator is not None:
            drawn = torch.Generator(self.generator.device).manual_seed(self.seeds[chunk])
            set_generator(self.model, drawn)
        for recurrence, mask in self.masks.items():
            recurrence.held_mask = None if mask is None else mask[rows]
        start = self.starts[chunk]
        try:
            stop = start + self.valid[chunk].n_timesteps
            return function(self.model.encoder.read(self.x[start:stop, rows]))
        finally:
            set_generator(self.model, self.generator)
            for recurrence in self.masks:
                recurrence.held_mask = None

    @torch.no_grad()
    def find_borders(self) -> None:
        """Compute the state that each layer and direction begins each chunk with."""
        n_directions = 2 if self.stack.bidirectional else 1
        for layer in range(self.stack.num_layers):
            found: list[list[State]] = [[] for _ in self.starts]
            for direction in range(n_directions):
                n_states = 2 if self.stack.cell == "lstm" else 1
                shape = (self.x.shape[1], self.stack.hidden_size)
                carried = [self.empty.new_zeros(shape) for _ in range(n_states)]
                order = range(len(self.starts))
                for chunk in reversed(order) if direction else order:
                    rows = self.rows[chunk]
                    start = tuple(part[rows] for part in carried)
                    found[chunk].append(start)

                    def last_state(
                        x: Tensor,
                        chunk: int = chunk,
                        start: State = start,
                        direction: int = direction,
                        layer: int = layer,
                    ) -> State:
                        valid, below = self.valid[chunk], self.borders[chunk]
                        for lower in range(layer):
                            x, _ = self.stack.run_layer(lower, x, valid, below)
                        return self.stack.run_direction(layer, direction, x, valid, start)

                    final = self.compute(chunk, last_state)
                    for part, state in zip(carried, final, strict=True):
                        part[rows] = state
            for chunk, starts in enumerate(found):
                self.borders[chunk] += starts

    def states(self, chunk: int, x: Tensor) -> Tensor:
        """The stack's output for a chunk: (t, b, C)."""
        return self.stack.run(x, self.valid[chunk], self.borders[chunk])[0]

    def all_rows(self, chunk: int, values: Tensor, fill: float = 0.0) -> Tensor:
        """Values of a chunk's rows (b, C) among those of all rows (B, C)."""
        whole = values.new_full((self.x.shape[1], values.shape[1]), fill)
        return whole.index_copy(0, self.rows[chunk].to(values.device), values)


def truncated_forward(
    model: "SequenceModel", x: Tensor, lengths: Tensor, positions: Tensor | None, n_steps: int
) -> Tensor:
    """`SequenceModel.forward`, whose gradients end at the borders of chunks of ``n_steps``.

    With ``return_sequences=True`` the head's batch norm sees one chunk's steps at a time.
    """
    chunks = Chunks(model, x, lengths, n_steps)
    chunks.find_borders()
    if model.pooling is None:
        return _step_outputs(model.head, chunks, cast(Tensor, positions))
    return model.head(_pooled(model.pooling, chunks, lengths))


def _kept_small(
    chunks: Chunks, chunk: int, function: Callable[[Tensor], tuple[Tensor, ...]]
) -> tuple[Tensor, ...]:
    """``function`` of a chunk's states, which are forgotten and computed again for gradients."""

    def compute() -> tuple[Tensor, ...]:
        return chunks.compute(chunk, lambda x: function(chunks.states(chunk, x)))

    return checkpoint(compute, use_reentrant=False, preserve_rng_state=False)


def _pooled(pooling: Pooling, chunks: Chunks, lengths: Tensor) -> Tensor:
    """The pooled vectors, from what each chunk contributes: (B, output_size)."""
    parts = []
    for chunk, valid in enumerate(chunks.valid):
        ends_here = lengths[chunks.rows[chunk]] - chunks.starts[chunk] <= valid.lengths
        part = partial(
            pooling.part,
            valid=valid,
            first=chunk == 0,
            ends_here=ends_here[:, None].to(chunks.x.device),
        )
        pairs = zip(_kept_small(chunks, chunk, part), pooling.part_fills, strict=True)
        parts.append(tuple(chunks.all_rows(chunk, value, fill) for value, fill in pairs))
    return pooling.combine(parts, lengths.to(chunks.x.device))


def _step_outputs(head: Head, chunks: Chunks, positions: Tensor) -> Tensor:
    """Outputs of the wanted steps, in the order of ``positions``."""
    n_rows = chunks.x.shape[1]
    outputs: list[Tensor] = []
    places = []
    for chunk, valid in enumerate(chunks.valid):
        rows = chunks.rows[chunk].to(chunks.x.device)
        step, row = torch.nonzero(valid.mask, as_tuple=True)
        places.append((step + chunks.starts[chunk]) * n_rows + rows[row])
        outputs += _kept_small(chunks, chunk, _HeadOnce(head, step, row))
    # Where each wanted position stands among those computed.
    order = torch.cat(places).argsort()[positions.argsort().argsort()]
    return torch.cat(outputs).index_select(0, order)


class _HeadOnce:
    """The head on a chunk's steps; batch norm's running statistics see them the first time only."""

    def __init__(self, head: Head, step: Tensor, row: Tensor):
        self.head = head
        self.step = step
        self.row = row
        self.seen = False

    def __call__(self, states: Tensor) -> tuple[Tensor]:
        norm = self.head.norm
        if not isinstance(norm, HeadBatchNorm):
            return (self.head(states[self.step, self.row]),)
        momentum = norm.momentum
        norm.momentum = 0.0 if self.seen else momentum
        self.seen = True
        try:
            return (self.head(states[self.step, self.row]),)
        finally:
            norm.momentum = momentum
