"""Sequences that arrive step by step: the state between steps, and what it predicts."""

from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import conv1d, relu

from ._front import ConvFrontEnd
from ._model import SequenceModel
from ._poolings import (
    AttentionPooling,
    ConcatPooling,
    LastPooling,
    MaxPooling,
    MeanPooling,
    Pooling,
)
from ._steps import ValidSteps

# The state of some streams: tensors by name, with the streams in their second-to-last dimension.
StreamState = dict[str, Tensor]


def begin_streams(model: SequenceModel, n_rows: int) -> StreamState:
    """Return the state before the first step.

    Parameters
    ----------
    model : SequenceModel
        With a built-in cell, in one direction, and without a stride.
    n_rows : int
        Number of streams.

    Returns
    -------
    dict of Tensor
        "hidden" (C, n_layers, B, H), the recurrent states; "previous" (B, F), the last step, if
        differences are added; "window" (K - 1, B, F), the last inputs
        of a convolution; "n_steps" (B, 1); and the totals of the pooling, each (B, size).
    """
    stack = model.encoder.recurrent
    reference = next(stack.parameters())
    hidden = reference.new_zeros(stack.cell.n_states, stack.num_layers, n_rows, stack.hidden_size)
    state = {
        "hidden": hidden,
        "n_steps": torch.zeros(n_rows, 1, dtype=torch.int64, device=reference.device),
    }
    if model.differences is not None:
        state["previous"] = reference.new_zeros(n_rows, len(model.differences.scale))
    conv = model.encoder.conv
    if conv is not None:
        before = conv.padding[0]
        state["window"] = reference.new_zeros(before, n_rows, conv.weight.shape[1])
    zeros = reference.new_zeros(n_rows, stack.output_size)
    for part in _parts(model.pooling):
        if isinstance(part, MeanPooling):
            state["sum"] = zeros.clone()
        elif isinstance(part, MaxPooling):
            state["max"] = torch.full_like(zeros, -torch.inf)
        elif isinstance(part, AttentionPooling):
            state |= {
                "weighted": zeros.clone(),
                "weight": zeros[:, :1].clone(),
                "highest": torch.full_like(zeros[:, :1], -torch.inf),
            }
    return state


def push_steps(
    model: SequenceModel, x: Tensor, lengths: Tensor, state: StreamState
) -> tuple[Tensor, StreamState]:
    """Advance streams by some steps.

    Parameters
    ----------
    model : SequenceModel
    x : Tensor of shape (T, B, F), or (T, B) for token ids
        Padded after each row's last step.
    lengths : Tensor of shape (B,), int64, on the CPU
        Number of new steps of each row, at least one.
    state : dict of Tensor
        It is not changed.

    Returns
    -------
    outputs : Tensor of shape (B, n_outputs), or (lengths.sum(), n_outputs)
        After the last step of each row; of a model with outputs per step, of all new steps, row by
        row.
    state : dict of Tensor
    """
    valid = ValidSteps(lengths, x.device)
    after = dict(state)
    if model.differences is not None:
        # The first difference of a stream is zero.
        previous = torch.where(state["n_steps"] > 0, state["previous"], x[0])
        after["previous"] = valid.last(x)
        x = model.differences(torch.cat([previous[None], x]))[1:]
    x = model.encoder.embedding(x)
    if model.encoder.conv is not None:
        x, after["window"] = _convolve(model.encoder.conv, x, state["window"], valid)
    hidden = state["hidden"]
    initial = [
        tuple(hidden[c, layer] for c in range(len(hidden))) for layer in range(hidden.shape[1])
    ]
    states, finals = model.encoder.recurrent.run(x, valid, initial)
    after["hidden"] = torch.stack([torch.stack(final) for final in finals], dim=1)
    after["n_steps"] = state["n_steps"] + valid.device_lengths[:, None]
    if model.pooling is None:
        rows, steps = valid.mask.T.nonzero(as_tuple=True)
        return model.head(states[steps, rows]), after
    pooled = [_pool(part, states, valid, state, after) for part in _parts(model.pooling)]
    return model.head(torch.cat(pooled, dim=1)), after


def _parts(pooling: Pooling | None) -> list[Pooling]:
    if pooling is None:
        return []
    return [*pooling.parts] if isinstance(pooling, ConcatPooling) else [pooling]


def _pool(
    pooling: Pooling, states: Tensor, valid: ValidSteps, before: StreamState, after: StreamState
) -> Tensor:
    """Pool all states so far, and write the totals into ``after``."""
    if isinstance(pooling, LastPooling):
        return valid.last(states)
    if isinstance(pooling, MeanPooling):
        total = before["sum"]
        # In the order of the steps, as the kernel for whole sequences does.
        for step, there in zip(states, valid.mask, strict=False):
            total = torch.where(there[:, None], total + step, total)
        after["sum"] = total
        return total / after["n_steps"].to(total.dtype)
    if isinstance(pooling, MaxPooling):
        shown = states if valid.full else states.masked_fill(valid.padding, -torch.inf)
        after["max"] = torch.maximum(before["max"], shown.amax(0))
        return after["max"]
    attention = cast(AttentionPooling, pooling)
    scores = attention.scores(states)
    if not valid.full:
        scores = scores.masked_fill(valid.padding, -torch.inf)
        states = states.masked_fill(valid.padding, 0.0)
    highest = torch.maximum(before["highest"], scores.amax(0))
    weights = (scores - highest).exp()
    faded = (before["highest"] - highest).exp()
    after["weighted"] = before["weighted"] * faded + (weights * states).sum(0)
    after["weight"] = before["weight"] * faded + weights.sum(0)
    after["highest"] = highest
    return after["weighted"] / after["weight"]


def _convolve(
    conv: ConvFrontEnd, x: Tensor, window: Tensor, valid: ValidSteps
) -> tuple[Tensor, Tensor]:
    """Convolve new steps (T, B, F) with the previous ones; also return the last inputs."""
    joined = torch.cat([window, x])  # (K - 1 + T, B, F)
    outputs = relu(conv1d(joined.permute(1, 2, 0), conv.weight, conv.bias)).permute(2, 0, 1)
    places = (
        valid.device_lengths + torch.arange(len(window), device=x.device)[:, None]
    )  # (K - 1, B)
    kept: Any = joined.gather(0, places[:, :, None].expand(-1, -1, joined.shape[2]))
    return outputs, kept
