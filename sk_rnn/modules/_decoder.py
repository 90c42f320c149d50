"""The decoder: from the encoded source to the steps of the target."""

from typing import cast

import torch
from torch import Tensor, nn

from ._attention import Attention, Memory
from ._dropout import Dropout
from ._front import TokenEmbedding
from ._linear import make_linear
from ._stack import RecurrentStack
from ._steps import ValidSteps, last_states
from .cells import ForgetBias, RecurrentState


class Decoder(nn.Module):
    r"""Recurrent layers over the target so far, attention, and a readout.

    With the recurrent state :math:`h_t`, which depends on the target before :math:`t`, and the
    context :math:`c_t`, the readout is (Luong, Pham & Manning, 2015, equation 5)

    .. math:: r_t = \tanh(W [h_t; c_t]), \qquad o_t = V r_t + b.

    The context is the attention-weighted mean of the encoder's states; without attention it is the
    source's encoding at every step (Cho et al., 2014). The recurrence starts from :math:`\tanh` of
    a linear map of the encoding. The context is not an input of the recurrence unless
    `input_feeding` passes it the last readout (Luong et al., section 3.3), so a whole target costs
    one recurrent call and one attention product; with `input_feeding` it costs one of each per
    step.

    Parameters
    ----------
    n_outputs : int
        Outputs per step: token scores, or values.
    num_tokens : int or None
        Size of the target vocabulary; None for numeric targets.
    input_size : int
        Input features per step of numeric targets; ignored for tokens.
    embedding_dim : int
        Size of the token embeddings; ignored for numbers.
    memory_size : int
        Size of the encoder's hidden state.
    bidirectional_memory : bool
        Whether the second half of it is from the backward direction.
    cell, hidden_size, num_layers, dropout, recurrent_dropout, layer_norm
        See `RecurrentStack`.
    attention : {"additive", "dot", "general"} or None
        See `Attention`.
    input_feeding : bool
        Whether the readout of the last step is an input of the recurrence.
    tied_embeddings : bool
        Whether output and embedding weights are shared (Press & Wolf, 2017).
    embedding_dropout : float in [0, 1)
        Dropout of the token embeddings.
    """

    def __init__(
        self,
        *,
        n_outputs: int,
        num_tokens: int | None,
        input_size: int,
        embedding_dim: int,
        memory_size: int,
        bidirectional_memory: bool,
        cell: str,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        attention: str | None = None,
        input_feeding: bool = False,
        tied_embeddings: bool = False,
        embedding_dropout: float = 0.0,
        embedding_std: float = 0.3,
        forget_bias: ForgetBias = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.bidirectional_memory = bidirectional_memory
        self.embedding: nn.Module = nn.Identity()
        if num_tokens is not None:
            input_size = embedding_dim
            self.embedding = TokenEmbedding(
                num_tokens,
                embedding_dim,
                dropout=embedding_dropout,
                std=embedding_std,
                generator=generator,
            )
        self.readout_size = embedding_dim if tied_embeddings else hidden_size
        self.input_feeding = input_feeding
        self.recurrent = RecurrentStack(
            cell,
            input_size + (self.readout_size if input_feeding else 0),
            hidden_size,
            num_layers=num_layers,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            layer_norm=layer_norm,
            forget_bias=forget_bias,
            generator=generator,
        )
        self.n_states = self.recurrent.cell.n_states
        self.bridge = make_linear(memory_size, self.n_states * num_layers * hidden_size, generator)
        self.attention = None
        if attention is not None:
            self.attention = Attention(attention, hidden_size, memory_size, generator=generator)
        self.combine = make_linear(hidden_size + memory_size, self.readout_size, generator)
        self.dropout = Dropout(dropout)
        self.output = make_linear(self.readout_size, n_outputs, generator)
        if tied_embeddings:
            self.output.weight = cast(TokenEmbedding, self.embedding).embedding.weight

    # --- before the first step ------------------------------------------------------------------

    def encode(self, states: Tensor, valid: ValidSteps) -> Tensor:
        """Encode each source as its final states: (S, B, E) to (B, E)."""
        return last_states(states, valid, self.bidirectional_memory)

    def remember(self, states: Tensor, valid: ValidSteps) -> Memory:
        """Prepare the encoder's states (S, B, E) for decoding."""
        encoding = self.encode(states, valid)
        if self.attention is None:
            return Memory(encoding)
        return self.attention.remember(states, valid, encoding)

    def start(self, memory: Memory) -> list[RecurrentState]:
        """The initial states of the layers, (B, H) each."""
        parts = self.bridge(memory.encoding).chunk(self.n_states * len(self.recurrent.norms), 1)
        # The hidden state is within ±1, the LSTM's cell state is not.
        return [
            (torch.tanh(parts[i]), *parts[i + 1 : i + self.n_states])
            for i in range(0, len(parts), self.n_states)
        ]

    # --- whole targets --------------------------------------------------------------------------

    def forward(
        self, inputs: Tensor, valid: ValidSteps, memory: Memory
    ) -> tuple[Tensor, Tensor | None]:
        """Readouts of a whole target (teacher forcing), each from the inputs up to its step.

        Parameters
        ----------
        inputs : Tensor of shape (L, B), ids, or (L, B, input_size)
            The target shifted by one step.
        valid : ValidSteps
            Mask of the valid steps.
        memory : Memory
            From `remember`.

        Returns
        -------
        readouts : Tensor of shape (B, L, readout_size)
        weights : Tensor of shape (B, L, S) or None
            Attention weights.
        """
        x = self.embedding(inputs)  # (L, B, F)
        start = self.start(memory)
        if not self.input_feeding:
            states, _ = self.recurrent.run(x, valid, start)  # (L, B, H)
            return self.read_out(states.transpose(0, 1), memory)
        feed = self.initial_feed(memory)
        readouts, weights = [], []
        step_valid = _one_step(x)
        for step in x.unbind(0):
            states, start = self.recurrent.run(torch.cat([step, feed], 1)[None], step_valid, start)
            readout, weight = self.read_out(states.transpose(0, 1), memory)
            feed = readout[:, 0]
            readouts.append(readout)
            weights.append(weight)
        joined = None if weights[0] is None else torch.cat(cast(list[Tensor], weights), 1)
        return torch.cat(readouts, 1), joined

    def read_out(self, states: Tensor, memory: Memory) -> tuple[Tensor, Tensor | None]:
        """States (B, L, H) to readouts (B, L, readout_size) and attention weights (B, L, S)."""
        if self.attention is None:
            weights = None
            context = memory.encoding[:, None].expand(-1, states.shape[1], -1)
        else:
            weights = self.attention(states, memory)
            context = torch.bmm(weights, cast(Tensor, memory.values))  # (B, L, E)
        readout = torch.tanh(self.combine(torch.cat([states, context], dim=2)))
        return self.dropout(readout), weights

    # --- step by step ---------------------------------------------------------------------------

    def initial_feed(self, memory: Memory) -> Tensor:
        """Input fed at the first step: zeros (B, readout_size)."""
        return memory.encoding.new_zeros(len(memory.encoding), self.readout_size)

    def flat_start(self, memory: Memory) -> RecurrentState:
        """`start` as one tuple, with the last readout if input feeding is on."""
        flat = tuple(part for state in self.start(memory) for part in state)
        return (*flat, self.initial_feed(memory)) if self.input_feeding else flat

    def step(
        self, inputs: Tensor, state: RecurrentState, memory: Memory
    ) -> tuple[Tensor, RecurrentState]:
        """One step: inputs (B,) or (B, input_size) to outputs (B, n_outputs), and the new state."""
        x = self.embedding(inputs[None])  # (1, B, F)
        if self.input_feeding:
            x = torch.cat([x, state[-1][None]], dim=2)
        n = self.n_states
        layers = [state[i : i + n] for i in range(0, n * len(self.recurrent.norms), n)]
        states, finals = self.recurrent.run(x, _one_step(x), layers)
        readout = self.read_out(states.transpose(0, 1), memory)[0][:, 0]
        flat = tuple(part for final in finals for part in final)
        return self.output(readout), (*flat, readout) if self.input_feeding else flat


def _one_step(x: Tensor) -> ValidSteps:
    return ValidSteps(torch.ones(x.shape[1], dtype=torch.int64), x.device)
