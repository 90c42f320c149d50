"""The gradient of the states of a network's encoder by their distance from the end."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from ._copies import inspection_copy
from ._losses import Targets, WeightedLoss
from ._model import SequenceModel
from ._steps import last_states
from ._traces import LayerTrace, encode_steps, trace_layers

DIRECTIONS = ("forward", "backward")


class GradientFlow(NamedTuple):
    """Mean norm of the gradient with respect to the states.

    Attributes
    ----------
    distances : ndarray of int of shape (n_distances,)
        Time steps before the one that a direction reads last.
    norms : dict of (int, str) to ndarray of float64 of shape (n_distances,)
        Mean over the sequences that are long enough. Keys are the layer, from 1, and its direction.
    counts : ndarray of int of shape (n_distances,)
        Number of these sequences.
    """

    distances: np.ndarray
    norms: dict[tuple[int, str], np.ndarray]
    counts: np.ndarray


class GradientBatch(NamedTuple):
    """A batch of sequences, and the scalar per sequence whose gradient is computed.

    Attributes
    ----------
    inputs : dict
        Arguments of the module, on the CPU.
    targets : Targets or None
        For the loss; None with a probe.
    probe : Tensor of shape (B, H) or None
        Its product with the last state of the last layer is the scalar instead of the loss.
    """

    inputs: dict[str, Any]
    targets: Targets | None
    probe: Tensor | None = None


def gradient_flow(
    module: nn.Module, criterion: WeightedLoss | None, batches: Iterable[GradientBatch]
) -> GradientFlow:
    """Compute norms of the gradient with respect to the states by their distance from the end.

    They are total derivatives, of all paths from a state through later states, layers above and
    pooling, in float64. The state of an LSTM is hidden state and cell state together. The scalar is
    the loss of a sequence; with outputs per time step, that of the step that a direction reads
    last.

    Parameters
    ----------
    module : SequenceModel, Seq2SeqModel or CTCModel
        The network, with a built-in cell.
    criterion : WeightedLoss or None
        The loss; None if all batches have a probe.
    batches : iterable of GradientBatch

    Examples
    --------
    >>> import torch
    >>> from sk_rnn.modules import (
    ...     GradientBatch, SequenceModel, SquaredError, Targets, gradient_flow)
    >>> model = SequenceModel(
    ...     n_features=1, n_outputs=1, cell="rnn_relu", hidden_size=1, pooling="last",
    ...     head_norm=None)
    >>> for weight, value in zip(model.encoder.parameters(), [1.0, 0.5, 0.0, 0.0]):
    ...     _ = torch.nn.init.constant_(weight, value)
    >>> inputs = {"x": torch.ones(4, 1, 1), "lengths": torch.tensor([4])}
    >>> batch = GradientBatch(inputs, Targets(torch.ones(1, 1)))
    >>> norms = gradient_flow(model, SquaredError(), [batch]).norms[1, "forward"]
    >>> [round(float(value), 3) for value in norms / norms[0]]
    [1.0, 0.5, 0.25, 0.125]
    """
    copied = inspection_copy(module, torch.float64)
    stack = copied.encoder.recurrent
    n_directions = 2 if stack.bidirectional else 1
    totals = np.zeros((stack.num_layers, n_directions, 0))
    counts = np.zeros(0, dtype=np.int64)
    for batch in batches:
        norms, lengths = _batch_norms(copied, criterion, batch)  # (layers, directions, T, B)
        n_more = max(0, norms.shape[2] - len(counts))
        totals = np.pad(totals, ((0, 0), (0, 0), (0, n_more)))
        counts = np.pad(counts, (0, n_more))
        for row, n in enumerate(lengths):
            totals[:, :, :n] += norms[:, :, :n, row][:, :, ::-1]  # from the last step on
            counts[:n] += 1
    means = totals / counts
    return GradientFlow(
        copied.encoder.stride * np.arange(len(counts)),
        {
            (layer + 1, DIRECTIONS[direction]): means[layer, direction]
            for layer in range(stack.num_layers)
            for direction in range(n_directions)
        },
        counts,
    )


def _batch_norms(
    module: Any, criterion: WeightedLoss | None, batch: GradientBatch
) -> tuple[np.ndarray, list[int]]:
    """Norms for each layer, direction, step and row, and the steps of the recurrence per row."""
    inputs = _in_float64(batch.inputs)
    stack = module.encoder.recurrent
    with torch.enable_grad():
        if batch.probe is None:
            outputs, traces = trace_layers(stack, lambda: module(**inputs))
            scalars = _losses(module, cast(WeightedLoss, criterion), outputs, batch)
        else:
            (states, valid), traces = trace_layers(
                stack, lambda: encode_steps(module, inputs["x"], inputs["lengths"])
            )
            lasts = last_states(states, valid, stack.bidirectional).split(stack.hidden_size, dim=1)
            scalars = [(last * batch.probe).sum() for last in lasts]
        norms = _norms(scalars, traces)
    return norms, traces[0][0].lengths.tolist()


def _losses(
    module: Any, criterion: WeightedLoss, outputs: Tensor, batch: GradientBatch
) -> list[Tensor]:
    """The sum over rows of the loss: of their last step for each direction, or one for all."""
    targets = cast(Targets, batch.targets)
    values = cast(Tensor, targets.values)
    losses = criterion.per_row(outputs, values.double() if values.is_floating_point() else values)
    if targets.weights is not None:  # rows without weight have no loss
        losses = losses * (targets.weights > 0)
    if not isinstance(module, SequenceModel) or module.pooling is not None:
        return [losses.sum()]
    lengths = batch.inputs["lengths"]
    ends = lengths.cumsum(0)
    lasts = [losses[ends - 1], losses[ends - lengths]]
    return [last.sum() for last in lasts[: 2 if module.encoder.recurrent.bidirectional else 1]]


def _norms(scalars: list[Tensor], traces: list[list[LayerTrace]]) -> np.ndarray:
    """Norms (layers, directions, T, B) of the gradients of a scalar per direction, or for all."""
    n_directions = len(traces[0])
    norms: dict[tuple[int, int], Tensor] = {}
    shared = len(scalars) < n_directions
    for number, scalar in enumerate(scalars):
        directions = range(n_directions) if shared else [number]
        keys = [(layer, direction) for layer in range(len(traces)) for direction in directions]
        states = [traces[layer][direction].states for layer, direction in keys]
        parts = [part for each in states for state in each for part in state]
        gradients = torch.autograd.grad(scalar, parts, retain_graph=True, materialize_grads=True)
        squares = torch.stack(gradients).square().sum(2)  # (parts, B)
        squares = squares.unflatten(0, (len(keys), len(states[0]), len(states[0][0])))
        norms.update(zip(keys, squares.sum(2).sqrt(), strict=True))
    return np.array(
        [[norms[i, j].numpy() for j in range(n_directions)] for i in range(len(traces))]
    )


def _in_float64(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.double() if value.is_floating_point() else value
        for name, value in inputs.items()
    }
