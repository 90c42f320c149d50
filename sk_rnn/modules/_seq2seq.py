"""The complete module of sequence-to-sequence models."""

from typing import Any

import torch
from torch import Tensor

from ._attention import Memory
from ._decoder import Decoder
from ._dropout import SeededModule
from ._encoder import Encoder
from ._steps import ValidSteps
from .cells import ForgetBias


class Seq2SeqModel(SeededModule):
    """Encoder and decoder: the module of `Seq2SeqTransformer`.

    Parameters
    ----------
    num_tokens : int or None
        Size of the target vocabulary, including ``begin``, which precedes each target. None for
        numeric targets.
    n_target_features : int
        Features per step of numeric targets; ignored for tokens.
    n_outputs : int
        Outputs per step: token scores, or values and possibly a score of the end.
    feedback : bool
        Whether the previous target steps are inputs of the decoder. Otherwise its only input is
        its state.
    scheduled_sampling : float in [0, 1]
        Probability that, in training, a decoder input is the model's prediction instead of the true
        target (Bengio et al., 2015). All predictions are computed in parallel from the true target
        and then mixed into it (Duckworth et al., 2019), which costs a second pass instead of a
        loop.
    cell, hidden_size, num_layers, dropout, recurrent_dropout, layer_norm
        For both encoder and decoder: see `Encoder`.
    target_embedding_dim, target_embedding_dropout, attention, input_feeding, tied_embeddings
        See `Decoder`.
    **encoder
        See `Encoder`.
    """

    def __init__(
        self,
        *,
        num_tokens: int | None,
        n_target_features: int,
        n_outputs: int,
        begin: int,
        feedback: bool,
        cell: str,
        hidden_size: int,
        bidirectional: bool,
        attention: str | None,
        input_feeding: bool = False,
        tied_embeddings: bool = False,
        target_embedding_dim: int,
        target_embedding_dropout: float = 0.0,
        scheduled_sampling: float = 0.0,
        num_layers: int = 1,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        embedding_std: float = 0.3,
        forget_bias: ForgetBias = None,
        generator: torch.Generator | None = None,
        **encoder: Any,
    ):
        super().__init__()
        shared: dict[str, Any] = {
            "cell": cell,
            "hidden_size": hidden_size,
            "num_layers": num_layers,
            "dropout": dropout,
            "recurrent_dropout": recurrent_dropout,
            "layer_norm": layer_norm,
            "embedding_std": embedding_std,
            "forget_bias": forget_bias,
            "generator": generator,
        }
        self.begin = begin
        self.feedback = feedback
        self.n_target_features = n_target_features
        self.scheduled_sampling = scheduled_sampling
        self.tokens = num_tokens is not None
        self.encoder = Encoder(bidirectional=bidirectional, **shared, **encoder)
        self.decoder = Decoder(
            n_outputs=n_outputs,
            num_tokens=num_tokens if feedback else None,
            input_size=n_target_features if feedback else 1,
            embedding_dim=target_embedding_dim,
            embedding_dropout=target_embedding_dropout,
            memory_size=self.encoder.output_size,
            bidirectional_memory=bidirectional,
            attention=attention,
            input_feeding=input_feeding,
            tied_embeddings=tied_embeddings,
            **shared,
        )

    def forward(
        self,
        x: Tensor,
        lengths: Tensor,
        target: Tensor,
        target_lengths: Tensor,
        positions: Tensor,
    ) -> Tensor:
        """Outputs for each step of given targets, each from the previous steps.

        Parameters
        ----------
        x : Tensor of shape (S, B, F), or (S, B) for token ids
            The sources, padded.
        lengths : Tensor of shape (B,), int64, on the CPU
            Valid steps of each source.
        target : Tensor of shape (L, B, n_target_features), or (L, B) for token ids
            The targets, padded.
        target_lengths : Tensor of shape (B,), int64, on the CPU
            Valid steps of each target.
        positions : Tensor of shape (n_valid_steps,)
            Positions of the valid steps in the flattened (B * L) targets: padding is removed here
            and never reaches the loss.

        Returns
        -------
        Tensor of shape (n_valid_steps, n_outputs)
        """
        memory = self.remember(x, lengths)
        valid = ValidSteps(target_lengths, target.device)
        inputs = self.shift(target)
        if self.training and self.scheduled_sampling and self.feedback:
            inputs = self._mix(inputs, valid, memory)
        readouts, _ = self.decoder(inputs, valid, memory)  # (B, L, R)
        return self.decoder.output(readouts.flatten(0, 1).index_select(0, positions))

    def remember(self, x: Tensor, lengths: Tensor) -> Memory:
        """Encode the sources."""
        states, valid = self.encoder(x, ValidSteps(lengths, x.device))
        return self.decoder.remember(states, valid)

    def encode(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Encode each source as one vector: (B, E)."""
        states, valid = self.encoder(x, ValidSteps(lengths, x.device))
        return self.decoder.encode(states, valid)

    def align(
        self, x: Tensor, lengths: Tensor, target: Tensor, target_lengths: Tensor
    ) -> Tensor | None:
        """Attention weights for given targets: (B, L, S)."""
        memory = self.remember(x, lengths)
        valid = ValidSteps(target_lengths, target.device)
        return self.decoder(self.shift(target), valid, memory)[1]

    def shift(self, target: Tensor) -> Tensor:
        """Decoder inputs: the target shifted by one step.

        The first input is the begin token, or zeros, the mean of standardised numbers.
        """
        if not self.feedback:
            return self.no_inputs(target.shape[1], target.shape[0])
        first = self.first_input(target.shape[1])[None]
        return torch.cat([first, target[:-1]])

    def first_input(self, n_rows: int) -> Tensor:
        """First decoder input: (n_rows,) or (n_rows, n_target_features)."""
        weight = self.decoder.bridge.weight
        if self.tokens:
            return torch.full((n_rows,), self.begin, device=weight.device)
        return weight.new_zeros(n_rows, self.n_target_features)

    def no_inputs(self, n_rows: int, n_timesteps: int) -> Tensor:
        """Decoder inputs without feedback: zeros (n_timesteps, n_rows, 1)."""
        return self.decoder.bridge.weight.new_zeros(n_timesteps, n_rows, 1)

    def _mix(self, inputs: Tensor, valid: ValidSteps, memory: Memory) -> Tensor:
        """Replace some of the decoder inputs by the model's predictions."""
        with torch.no_grad():
            readouts, _ = self.decoder(inputs, valid, memory)
            outputs = self.decoder.output(readouts).transpose(0, 1)  # (L, B, n_outputs)
            if self.tokens:
                own = outputs.argmax(2)  # (L, B)
            else:
                own = outputs[:, :, : self.n_target_features]
            kept = torch.empty(inputs.shape[:2], device=inputs.device)
            kept = kept.bernoulli_(1.0 - self.scheduled_sampling, generator=self.generator).bool()
            kept[0] = True
            own = torch.cat([inputs[:1], own[:-1]])
            return torch.where(kept if self.tokens else kept[:, :, None], inputs, own)
