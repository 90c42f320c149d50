"""Running a language model: chunk by chunk over given steps, and step by step over its own."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from ...decoding import sample
from ...kernels import DirectionWeights, generate_tokens, prepare_generation
from ...modules import Chunk, LanguageModel, ValidSteps, cut_chunks, head_weights
from ...modules.cells import RecurrentState
from ...training import RecurrentNet
from .._stepping import RowStreams
from .._texts import BEGIN, END
from ._steps import NextToken
from ._values import NextValue

# Steps of a batch that are computed at a time, and outputs.
_STEPS_AT_ONCE, _OUTPUTS_AT_ONCE = 1 << 16, 1 << 22

# Rows whose continuations are computed together.
ROWS_AT_ONCE = 1024


class Position(NamedTuple):
    """The state of rows after their last step.

    Attributes
    ----------
    states : ndarray of shape (C, n_layers, N, H)
        C is 2 for the LSTM: hidden and cell state.
    outputs : ndarray of shape (N, n_outputs)
        The prediction of the next step.
    """

    states: np.ndarray
    outputs: np.ndarray


def each_chunk(
    model: LanguageModel, x: Tensor, lengths: Tensor
) -> Iterator[tuple[Tensor, Chunk, list[RecurrentState]]]:
    """Run a padded batch chunk by chunk, with memory independent of the lengths.

    Yields
    ------
    states : Tensor of shape (T, R, H)
        Of the last layer, of the rows that reach this chunk.
    chunk : Chunk
    carried : list of RecurrentState
        States of all rows after this chunk, of each layer; changed by the next one.
    """
    stack = model.encoder.recurrent
    n_rows = x.shape[1]
    zeros = next(stack.parameters()).new_zeros(n_rows, stack.hidden_size)
    n_parts = stack.cell.n_states
    carried = [tuple(zeros.clone() for _ in range(n_parts)) for _ in range(stack.num_layers)]
    n_steps = max(32, _STEPS_AT_ONCE // n_rows)
    for chunk in cut_chunks(lengths, n_steps, x.device):
        starts = [tuple(part[chunk.rows] for part in state) for state in carried]
        states, finals = model.encoder.run(
            x[chunk.start : chunk.stop, chunk.rows], chunk.valid(), starts
        )
        for state, final in zip(carried, finals, strict=True):
            for part, now in zip(state, final, strict=True):
                part[chunk.rows] = now.to(part.dtype)
        yield states, chunk, carried


def each_output(
    model: LanguageModel, x: Tensor, lengths: Tensor
) -> Iterator[tuple[Tensor, np.ndarray]]:
    """Yield the outputs (M, n_outputs) of some valid steps, and their positions (M,).

    Positions count the valid steps of row 0, then those of row 1, and so on.
    """
    starts = np.cumsum(lengths.numpy()) - lengths.numpy()
    n_at_once = max(8, _OUTPUTS_AT_ONCE // model.n_outputs // 8 * 8)
    for states, chunk, _ in each_chunk(model, x, lengths):
        own = starts if isinstance(chunk.rows, slice) else starts[chunk.rows.cpu().numpy()]
        inside = np.arange(chunk.stop - chunk.start) < chunk.lengths.numpy()[:, None]
        rows, steps = np.nonzero(inside)
        places = torch.from_numpy(steps * len(own) + rows).to(states.device)
        positions = own[rows] + chunk.start + steps
        flat = states.flatten(0, 1)
        for at in range(0, len(positions), n_at_once):
            outputs = model.head(flat[places[at : at + n_at_once]])
            yield _checked(outputs), positions[at : at + n_at_once]


def last_position(model: LanguageModel, x: Tensor, lengths: Tensor) -> Position:
    """Return states and outputs after the last step of each row."""
    after: list[RecurrentState] = []
    last = None
    for states, chunk, carried in each_chunk(model, x, lengths):
        after = carried
        if last is None:
            last = states.new_zeros(x.shape[1], states.shape[2])
        last[chunk.rows] = chunk.valid().last(states)
    assert last is not None
    return Position(_to_numpy(after), _as_float(_checked(model.head(last))).cpu().numpy())


# --- generation -----------------------------------------------------------------------------------


def generate_ids(
    net: RecurrentNet,
    target: NextToken,
    position: Position,
    rows: np.ndarray,
    *,
    seed: int,
    max_length: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    stops: Sequence[int],
) -> list[list[int]]:
    """Generate tokens from given positions.

    Parameters
    ----------
    net : RecurrentNet
    target : NextToken
    position : Position
    rows : ndarray of int
        Numbers of the rows, which determine their random numbers.
    seed : int
    max_length : int
        Maximum number of tokens.
    temperature, top_k, top_p, stops
        See `sk_rnn.decoding.sample`.
    """
    model = cast(LanguageModel, net.module_)
    stack = model.encoder.recurrent
    options: dict[str, Any] = {
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "stops": stops,
    }
    compiled = (
        net.backend == "numba"
        and stack.cell.has_kernel
        and not stack.layer_norm
        and not prepare_generation(stack.cell.name, next(stack.parameters()).dtype)
    )
    streams = RowStreams(seed, rows)
    if compiled:
        with torch.no_grad():
            embedding = cast(Any, model.encoder.embedding).embedding.weight.numpy()
            layers = [
                DirectionWeights(*(cast(Any, w.detach().numpy()) for w in layer.weights))
                for layer in cast(Any, stack.forward_layers)
            ]
            weight, bias = (part.numpy() for part in head_weights(model.head))
        uniforms = np.stack([stream.random(max_length) for stream in streams.streams])
        found, _ = generate_tokens(
            stack.cell.name,
            embedding,
            layers,
            (weight, bias),
            states=position.states,
            logits=position.outputs,
            uniforms=uniforms,
            end=END if target.ends else None,
            forbidden=target.never,
            **options,
        )
        return found
    device = net.device
    first = torch.from_numpy(position.outputs).to(device)
    n_parts, n_layers = position.states.shape[:2]
    flat = [
        torch.from_numpy(part).to(device)
        for part in position.states.reshape(-1, *position.states.shape[2:])
    ]
    started: list[bool] = []

    def step(tokens: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        number, parts = state[0], state[1:]
        if not started:
            started.append(True)
            return torch.log_softmax(first[number], dim=1), state
        initial = [
            tuple(parts[c * n_layers + layer] for c in range(n_parts)) for layer in range(n_layers)
        ]
        outputs, finals = _advance(model, tokens[None], initial)
        after = [finals[layer][c] for c in range(n_parts) for layer in range(n_layers)]
        return torch.log_softmax(outputs, dim=1), (number, *after)

    numbers = torch.arange(len(first), device=device)
    hypotheses = sample(
        step,
        (numbers, *flat),
        begin=BEGIN,
        end=END,
        max_length=max_length,
        forbidden=target.never,
        uniform=streams,
        **options,
    )
    return [row[0] for row in hypotheses.to_list()]


def generate_values(
    net: RecurrentNet,
    target: NextValue,
    position: Position,
    rows: np.ndarray,
    *,
    seed: int,
    max_length: int,
    temperature: float,
) -> list[np.ndarray]:
    """Generate steps of numbers from given positions: (n_steps, n_features) each.

    Parameters as in `generate_ids`. A row whose length is known has ``max_length`` steps.
    """
    model, device = cast(LanguageModel, net.module_), net.device
    streams = RowStreams(seed, rows).streams
    n_rows = len(rows)
    active = np.arange(n_rows)
    outputs = torch.from_numpy(position.outputs).to(device)
    states = _from_numpy(position.states, device)
    drawn: list[list[np.ndarray]] = [[] for _ in range(n_rows)]
    for step in range(max_length):
        values, ended = target.draw(outputs, [streams[row] for row in active], temperature)
        kept = np.flatnonzero(~ended)
        for i in kept.tolist():
            drawn[active[i]].append(values[i])
        if not len(kept) or step + 1 == max_length:
            break
        if len(kept) < len(active):
            index = torch.from_numpy(kept).to(device)
            active, values = active[kept], values[kept]
            states = [tuple(part[index] for part in state) for state in states]
        x = torch.from_numpy(values.astype(position.outputs.dtype))[None].to(device)
        outputs, states = _advance(model, x, states)
    empty = np.empty((0, target.n_features))
    return [np.stack(row) if row else empty for row in drawn]


def _advance(
    model: LanguageModel, x: Tensor, initial: list[RecurrentState]
) -> tuple[Tensor, list[RecurrentState]]:
    """Run one step of each row: (1, N, ...) to outputs (N, n_outputs) and states."""
    valid = ValidSteps(torch.ones(x.shape[1], dtype=torch.int64), x.device)
    states, finals = model.encoder.run(x, valid, initial)
    return _as_float(_checked(model.head(states[0]))), finals


def _as_float(outputs: Tensor) -> Tensor:
    return outputs.float() if outputs.dtype == torch.bfloat16 else outputs


def _checked(outputs: Tensor) -> Tensor:
    if not bool(torch.isfinite(outputs).all()):
        raise FloatingPointError("outputs are not finite")
    return outputs


def _to_numpy(states: list[RecurrentState]) -> np.ndarray:
    """(C, n_layers, N, H)."""
    stacked = torch.stack([torch.stack(state) for state in states], dim=1)
    return _as_float(stacked).cpu().numpy()


def _from_numpy(states: np.ndarray, device: torch.device) -> list[RecurrentState]:
    parts = torch.from_numpy(states).to(device)
    return [tuple(parts[c, layer] for c in range(len(parts))) for layer in range(parts.shape[1])]
