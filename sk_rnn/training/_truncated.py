"""Truncated backpropagation through time: training steps with memory independent of the length.

States are carried over the whole sequences, and the loss is that of the whole sequences; only the
gradients are truncated at chunk boundaries (Williams & Peng, 1990, "An efficient gradient-based
algorithm for on-line training of recurrent network trajectories"; Sutskever, 2013, section 2.8.6).
A first pass without gradients computes the states at the boundaries and the pooling's totals, and
from these the loss and its gradient with respect to the totals. A second pass runs one chunk after
the other with gradients and accumulates the gradients of the weights.

With one output per time step the loss is a sum over the chunks, which are coupled only by the mean
and variance of a batch norm. These are totals as well, but the gradient of the loss with respect to
them is known only after another pass.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from ..modules import (
    Chunk,
    ChunkedRun,
    HeadBatchNorm,
    Moments,
    Pooling,
    SequenceModel,
    Targets,
    ValidSteps,
    WeightedLoss,
    set_generator,
)
from ._batches import Batch

# Entered around forward computations, like `torch.autocast`. A new context for each chunk, because
# autocast caches casted weights, including those casted without gradients.
Precision = Callable[[], AbstractContextManager[Any]]


def is_longer(model: SequenceModel, batch: Batch, n_steps: int) -> bool:
    """Whether a batch is too long for one chunk."""
    return len(batch.X["x"]) > n_steps * model.encoder.stride


def truncated_gradients(
    model: SequenceModel,
    criterion: WeightedLoss,
    batch: Batch,
    *,
    n_steps: int,
    generator: torch.Generator,
    precision: Precision,
) -> tuple[Tensor, Tensor]:
    """Accumulate the gradients of a batch's loss, truncated at chunk boundaries.

    Parameters
    ----------
    model : SequenceModel
    criterion : WeightedLoss
        Can be computed chunk by chunk.
    batch : Batch
    n_steps : int
        Steps per chunk.
    generator : torch.Generator
        Source of the dropout masks.
    precision : callable
        Returns the context for computations.

    Returns
    -------
    loss : Tensor
        Loss of the whole batch, detached.
    outputs : Tensor of shape (n_targets, n_outputs)
        Outputs of the model, detached.
    """
    x, lengths = batch.X["x"], batch.X["lengths"]
    x = model.prepare(x, ValidSteps(lengths, x.device))
    run = ChunkedRun(model.encoder, x, lengths, n_steps, generator)
    if model.pooling is None:
        loss, outputs = _of_steps(model, criterion, batch, run, precision)
    else:
        loss, outputs = _of_sequences(model, model.pooling, criterion, batch, run, precision)
    set_generator(model, generator)
    return loss, outputs


def _of_sequences(
    model: SequenceModel,
    pooling: Pooling,
    criterion: WeightedLoss,
    batch: Batch,
    run: ChunkedRun,
    precision: Precision,
) -> tuple[Tensor, Tensor]:
    """One output per sequence, from pooled states."""
    totals = pooling.totals(run)
    with precision():
        run.carry(totals.add)
    values = [value.requires_grad_() for value in totals.values]
    with precision():
        outputs = model.head(totals.pooled(values)).to(run.reference.dtype)
        loss = criterion(outputs, batch.y)
    loss.backward()
    grads = [cast(Tensor, value.grad) for value in values]
    for chunk in run.chunks:
        with precision():
            contributions = totals.contributions(run.states(chunk), chunk)
        # Nothing to do if all layers before the head are frozen.
        if contributions[0].requires_grad:
            torch.autograd.backward(contributions, [grad[chunk.rows] for grad in grads])
    return loss.detach(), outputs.detach()


def _of_steps(
    model: SequenceModel,
    criterion: WeightedLoss,
    batch: Batch,
    run: ChunkedRun,
    precision: Precision,
) -> tuple[Tensor, Tensor]:
    """One output per time step: the loss is a sum over the chunks."""
    steps = _Steps(model, criterion, batch, run, precision)
    moments: Moments | None = None
    moment_grads: list[Tensor] = []
    if isinstance(model.head.norm, HeadBatchNorm) and model.head.norm.training:
        moments = steps.carry_with_moments()
        model.head.norm.track(moments, batch.n_targets)
        moment_grads = steps.moment_gradients(moments)
    else:
        steps.carry()
    total = run.reference.new_zeros(())
    outputs = run.reference.new_empty(batch.n_targets, model.head.linear.out_features)
    for chunk in run.chunks:
        states, index = steps.states(chunk)
        loss, chunk_outputs = steps.loss(states, index, moments)
        parts, grads = [loss], [torch.ones_like(loss)]
        if moments is not None and states.requires_grad:
            # Contribution of these steps to the moments of all steps.
            parts += [states.sum(0), (states - moments.mean).square().sum(0)]
            grads += [grad / batch.n_targets for grad in moment_grads]
        torch.autograd.backward(parts, grads)
        total += loss.detach()
        outputs[index] = chunk_outputs.detach()
    return total, outputs


class _Steps:
    """The valid steps of a batch, chunk by chunk, with their targets."""

    def __init__(
        self,
        model: SequenceModel,
        criterion: WeightedLoss,
        batch: Batch,
        run: ChunkedRun,
        precision: Precision,
    ):
        self.head, self.criterion, self.precision = model.head, criterion, precision
        self.batch, self.run = batch, run
        self.dtype = run.reference.dtype
        self.starts = run.lengths.cumsum(0).numpy() - run.lengths.numpy()

    def carry(self, on_chunk: Callable[[Tensor, Chunk], None] | None = None) -> None:
        """Compute the states at the boundaries; the head then uses the chunk's dropout as well."""
        with self.precision():
            self.run.carry(on_chunk)
        set_generator(self.head, self.run.replay)

    def carry_with_moments(self) -> Moments:
        """`carry`, and also return mean and variance of all valid states (Chan et al., 1979)."""
        size = self.run.encoder.output_size
        n_steps, mean, squares = (
            0,
            self.run.reference.new_zeros(size),
            self.run.reference.new_zeros(size),
        )

        def add(states: Tensor, chunk: Chunk) -> None:
            nonlocal n_steps
            valid, _ = self._select(states, chunk)
            chunk_mean = valid.mean(0)
            before, n_steps = n_steps, n_steps + len(valid)
            squares.add_((valid - chunk_mean).square().sum(0))
            squares.add_((chunk_mean - mean).square() * (before * len(valid) / n_steps))
            mean.add_((chunk_mean - mean) * (len(valid) / n_steps))

        self.carry(add)
        return Moments(mean, squares / n_steps)

    def moment_gradients(self, moments: Moments) -> list[Tensor]:
        """Gradients of the loss with respect to mean and variance."""
        leaves = Moments(*(moment.clone().requires_grad_() for moment in moments))
        total = [torch.zeros_like(moment) for moment in moments]
        for chunk in self.run.chunks:
            with torch.no_grad():
                states, index = self.states(chunk)
            loss, _ = self.loss(states, index, leaves)
            for gradient, part in zip(total, torch.autograd.grad(loss, leaves), strict=True):
                gradient += part
        return total

    def states(self, chunk: Chunk) -> tuple[Tensor, Tensor]:
        """The states of a chunk's valid steps (N, C), and the indices of their targets (N,)."""
        with self.precision():
            states = self.run.states(chunk)
        return self._select(states, chunk)

    def loss(self, states: Tensor, index: Tensor, moments: Moments | None) -> tuple[Tensor, Tensor]:
        """Contribution of these steps to the loss, and their outputs."""
        y = self.batch.y
        with self.precision():
            outputs = self.head(states, moments).to(self.dtype)
            weights = None if y.weights is None else y.weights[index]
            mean = self.criterion(outputs, Targets(cast(Tensor, y.values)[index], weights))
        # The mean over all steps is the mean of the chunks' means, weighted by their numbers of
        # steps.
        return mean * (len(states) / self.batch.n_targets), outputs

    def _select(self, states: Tensor, chunk: Chunk) -> tuple[Tensor, Tensor]:
        device = self.run.x.device
        positions, rows = _valid_positions(chunk, self.starts)
        valid = states.flatten(0, 1).index_select(0, torch.from_numpy(positions).to(device))
        return valid.to(self.dtype), torch.from_numpy(rows).to(device)


def _valid_positions(chunk: Chunk, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of a chunk's valid steps in its flattened states and in all targets.

    Parameters
    ----------
    chunk : Chunk
    starts : ndarray of shape (B,)
        Start of each row's targets.
    """
    if not isinstance(chunk.rows, slice):
        starts = starts[chunk.rows.cpu().numpy()]
    lengths = chunk.lengths.numpy()
    rows, steps = np.nonzero(np.arange(chunk.stop - chunk.start) < lengths[:, None])
    return steps * len(lengths) + rows, starts[rows] + chunk.start + steps
