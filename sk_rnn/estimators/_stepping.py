"""Decoding with a trained `Seq2SeqModel`: search for tokens, recursive prediction of numbers."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..decoding import DecodingState, Hypotheses
from ..modules import ROW_MULTIPLE, Memory, Seq2SeqModel, ValidSteps

Search = Callable[..., Hypotheses]


class RowStreams:
    """Random numbers for sampling: one stream per row, independent of the rest of the batch.

    Parameters
    ----------
    seed : int
    rows : ndarray of int
        Indices of the rows in the whole data set.
    """

    # Number of steps drawn at a time.
    block = 64

    def __init__(self, seed: int, rows: np.ndarray):
        self.streams = [
            np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(row,)))
            for row in rows.tolist()
        ]
        self.drawn = np.empty((len(rows), self.block))

    def __call__(self, rows: Tensor, position: int) -> Tensor:
        """Draw a number in [0, 1) for each of the ``rows`` of the batch: (N,), float64."""
        live = rows.tolist()
        column = position % self.block
        if column == 0:
            for row in live:  # finished rows need no more numbers
                self.drawn[row] = self.streams[row].random(self.block)
        return torch.from_numpy(self.drawn[live, column]).to(rows.device)


def search_tokens(model: Seq2SeqModel, memory: Memory, search: Search) -> Hypotheses:
    """Decode targets of tokens.

    Parameters
    ----------
    model : Seq2SeqModel
    memory : Memory
        Encoded sources, B of them.
    search : callable
        A function of `sk_rnn.decoding`, called with its first two arguments.
    """
    n_rows = len(memory.encoding)
    all_rows = torch.arange(n_rows, device=memory.encoding.device)
    last: list[tuple[Tensor, Memory]] = [(all_rows, memory)]

    def step(tokens: Tensor, state: DecodingState) -> tuple[Tensor, DecodingState]:
        # Matrix multiplications of few rows use other code paths: see ROW_MULTIPLE. With padding,
        # the score of a hypothesis does not depend on how many are left.
        n = len(tokens)
        filled = torch.arange(n + -n % ROW_MULTIPLE, device=tokens.device).clamp(max=n - 1)
        if len(filled) > n:
            tokens, state = tokens[filled], tuple(part[filled] for part in state)
        rows, layers = state[0], state[1:]
        known_rows, known = last[0]
        if len(rows) != len(known_rows) or not torch.equal(rows, known_rows):
            known = memory.take(rows)
            last[0] = (rows, known)
        inputs = tokens if model.feedback else model.no_inputs(len(tokens), 1)[0]
        outputs, layers = model.decoder.step(inputs, layers, known)
        scores = torch.log_softmax(outputs.float() if _is_half(outputs) else outputs, dim=1)
        return scores[:n], tuple(part[:n] for part in (rows, *layers))

    return search(step, (all_rows, *model.decoder.flat_start(memory)))


def decode_numbers(
    model: Seq2SeqModel,
    memory: Memory,
    n_steps: int,
    *,
    learned_end: bool,
) -> tuple[Tensor, Tensor]:
    """Decode targets of numbers.

    Parameters
    ----------
    model : Seq2SeqModel
    memory : Memory
        Encoded sources, B of them.
    n_steps : int
        Number of steps to decode.
    learned_end : bool
        Whether the model predicts where targets end, within ``n_steps`` steps.

    Returns
    -------
    values : Tensor of shape (B, n_steps, n_features)
        Values on the scale of training.
    lengths : Tensor of int64 of shape (B,)
    """
    decoder, n_rows = model.decoder, len(memory.encoding)
    n_features = model.n_target_features
    if not model.feedback:
        lengths = torch.full((n_rows,), n_steps)
        inputs = model.no_inputs(n_rows, n_steps)
        readouts, _ = decoder(inputs, ValidSteps(lengths, inputs.device), memory)
        outputs = decoder.output(readouts)  # (B, L, n_outputs)
    else:
        inputs, state = model.first_input(n_rows), decoder.flat_start(memory)
        columns = []
        ended = torch.zeros(n_rows, dtype=torch.bool, device=inputs.device)
        for _ in range(n_steps):
            output, state = decoder.step(inputs, state, memory)
            columns.append(output)
            inputs = output[:, :n_features]
            if learned_end:
                ended |= output[:, -1] > 0
                if bool(ended.all()):
                    break
        outputs = torch.stack(columns, 1)
    lengths = torch.full((n_rows,), outputs.shape[1], device=outputs.device)
    if learned_end:
        is_end = outputs[:, :, -1] > 0  # (B, L)
        lengths = torch.where(is_end.any(1), is_end.int().argmax(1) + 1, lengths)
    return outputs[:, :, :n_features], lengths


def _is_half(x: Tensor) -> bool:
    return x.dtype in (torch.bfloat16, torch.float16)
