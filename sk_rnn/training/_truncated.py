"""Truncated back-propagation through time: one training step in memory that length does not grow.

States are carried over the whole sequences, and the loss is that of the whole sequences; only the
gradients end at the borders of chunks (Williams & Peng, 1990, "An efficient gradient-based
algorithm for on-line training of recurrent network trajectories"; Sutskever, 2013, section 2.8.6).
A first pass without gradients finds the states at the borders and the pooling's totals, from which
the loss follows, and its gradient with respect to the totals. A second pass runs one chunk after
the other with gradients and lets each add its share of the weights' gradients.
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
    Pooling,
    SequenceModel,
    WeightedLoss,
    make_totals,
    set_generator,
)
from ._batches import Batch

# Entered around what runs forward, as `torch.autocast` is. Anew for each chunk: autocast remembers
# the weights it has cast, also those that it has cast where there were no gradients.
Precision = Callable[[], AbstractContextManager[Any]]


def is_longer(model: SequenceModel, batch: Batch, n_steps: int) -> bool:
    """Whether a batch is too long for one chunk."""
    conv = model.encoder.conv
    return len(batch.X["x"]) > n_steps * (1 if conv is None else conv.stride)


def truncated_gradients(
    model: SequenceModel,
    criterion: WeightedLoss,
    batch: Batch,
    *,
    n_steps: int,
    generator: torch.Generator,
    precision: Precision,
) -> tuple[Tensor, Tensor]:
    """Add the gradients of a batch's loss to the weights', cut off at the borders of chunks.

    Parameters
    ----------
    model : SequenceModel
    criterion : WeightedLoss
    batch : Batch
    n_steps : int
        Steps of a chunk.
    generator : torch.Generator
        Source of dropout.
    precision : callable
        Makes the context that arithmetic runs in.

    Returns
    -------
    loss : Tensor
        Of the whole batch, without a graph.
    outputs : Tensor of shape (n_rows, n_outputs)
        As the model gives them, without a graph.
    """
    run = ChunkedRun(model.encoder, batch.X["x"], batch.X["lengths"], n_steps, generator)
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
    """One output a sequence, from pooled states."""
    totals = make_totals(pooling, run)
    with precision():
        run.carry(totals.add)
    values = [value.requires_grad_() for value in totals.values]
    with precision():
        outputs = model.head(totals.pooled(values)).to(run.like.dtype)
        loss = criterion(outputs, batch.y.values, batch.y.weights)
    loss.backward()
    grads = [cast(Tensor, value.grad) for value in values]
    for chunk in run.chunks:
        with precision():
            shares = totals.shares(run.states(chunk), chunk)
        # Nothing to do if the user has frozen whatever stands before the head.
        if shares[0].requires_grad:
            torch.autograd.backward(shares, [grad[chunk.rows] for grad in grads])
    return loss.detach(), outputs.detach()


def _of_steps(
    model: SequenceModel,
    criterion: WeightedLoss,
    batch: Batch,
    run: ChunkedRun,
    precision: Precision,
) -> tuple[Tensor, Tensor]:
    """One output a time step: the loss is a sum over the chunks."""
    with precision():
        run.carry()
    set_generator(model.head, run.replay)
    n_rows, targets = batch.n_rows, cast(Tensor, batch.y.values)
    starts = run.lengths.cumsum(0).numpy() - run.lengths.numpy()
    total = run.like.new_zeros(())
    outputs = run.like.new_empty(n_rows, model.head.linear.out_features)
    for chunk in run.chunks:
        positions, rows = _valid_positions(chunk, starts)
        index = torch.from_numpy(rows).to(run.x.device)
        with precision():
            states = run.states(chunk).flatten(0, 1)
            states = states.index_select(0, torch.from_numpy(positions).to(run.x.device))
            some = model.head(states).to(run.like.dtype)
            weights = None if batch.y.weights is None else batch.y.weights[index]
            mean = criterion(some, targets[index], weights)
        # The mean over all steps is the mean of the chunks' means, by their numbers of steps.
        loss = mean * (len(rows) / n_rows)
        loss.backward()
        total += loss.detach()
        outputs[index] = some.detach()
    return total, outputs


def _valid_positions(chunk: Chunk, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a chunk's valid steps stand in its own flattened states, and among all targets.

    Parameters
    ----------
    chunk : Chunk
    starts : ndarray of shape (B,)
        Where each row's targets begin.
    """
    if not isinstance(chunk.rows, slice):
        starts = starts[chunk.rows.cpu().numpy()]
    lengths = chunk.lengths.numpy()
    rows, steps = np.nonzero(np.arange(chunk.stop - chunk.start) < lengths[:, None])
    return steps * len(lengths) + rows, starts[rows] + chunk.start + steps
