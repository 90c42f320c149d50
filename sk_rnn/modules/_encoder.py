"""The encoder of all models: from sequences to one hidden state per time step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ._front import ConvFrontEnd, Patches, TokenEmbedding
from ._letters import CharEmbedding, LetterEncoder, SpelledEmbedding
from ._stack import RecurrentStack
from ._steps import ValidSteps
from .cells import ForgetBias, RecurrentState


class Encoder(nn.Module):
    """Sequences to one hidden state per time step: embedding, convolution, recurrence.

    Parameters
    ----------
    n_features : int
        Features per time step; ignored for tokens.
    num_embeddings : int or None
        Vocabulary size; None for sequences of numbers.
    embedding_weights : ndarray of shape (num_embeddings, embedding_dim) or None
        Pretrained vectors.
    unseen_tokens : ndarray of int or None
        Tokens that do not occur in the training data.
    char_embedding : {"rnn", "cnn"} or None
        How letters of tokens are read, see `LetterEncoder`. Inputs then have additional ids.
    n_letters : int
        Number of ids of letters.
    patch_size : int
        Time steps that the recurrence reads as one, see `Patches`; not with a convolution.
    **others
        See `RecurrentStack`, `TokenEmbedding` and `ConvFrontEnd`.
    """

    def __init__(
        self,
        *,
        n_features: int,
        cell: str | type[nn.Module],
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        num_embeddings: int | None = None,
        embedding_dim: int | None = None,
        embedding_weights: np.ndarray | None = None,
        unseen_tokens: np.ndarray | None = None,
        freeze_embedding: bool = False,
        embedding_dropout: float = 0.0,
        word_dropout: float = 0.0,
        char_embedding: CharEmbedding | None = None,
        n_letters: int = 0,
        patch_size: int = 1,
        conv_channels: int | None = None,
        conv_kernel_size: int = 5,
        conv_stride: int = 1,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        embedding_std: float = 0.3,
        forget_bias: ForgetBias = None,
        cell_params: Mapping[str, Any] | None = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.embedding: nn.Module = nn.Identity()
        if num_embeddings is not None:
            if embedding_dim is None:
                raise TypeError("num_embeddings needs embedding_dim")
            tokens = TokenEmbedding(
                num_embeddings,
                embedding_dim,
                weights=embedding_weights,
                unseen=unseen_tokens,
                frozen=freeze_embedding,
                dropout=embedding_dropout,
                word_dropout=word_dropout,
                std=embedding_std,
                generator=generator,
            )
            self.embedding, n_features = tokens, embedding_dim
            if char_embedding is not None:
                letters = LetterEncoder(
                    n_letters, char_embedding, std=embedding_std, generator=generator
                )
                self.embedding = spelled = SpelledEmbedding(tokens, letters)
                n_features = spelled.output_size
        self.conv: ConvFrontEnd | None = None
        self.patches: Patches | None = None
        if patch_size > 1:
            if conv_channels is not None:
                raise TypeError("patch_size > 1 needs conv_channels=None")
            self.patches = Patches(patch_size)
            n_features *= patch_size
        if conv_channels is not None:
            self.conv = ConvFrontEnd(
                n_features,
                conv_channels,
                kernel_size=conv_kernel_size,
                stride=conv_stride,
                causal=not bidirectional,
                generator=generator,
            )
            n_features = conv_channels
        self.recurrent = RecurrentStack(
            cell,
            n_features,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            layer_norm=layer_norm,
            forget_bias=forget_bias,
            cell_params=cell_params,
            generator=generator,
        )
        self.output_size = self.recurrent.output_size

    @property
    def front(self) -> ConvFrontEnd | Patches | None:
        """The layer between embedding and recurrence, which may reduce the number of steps."""
        return self.patches if self.conv is None else self.conv

    @property
    def stride(self) -> int:
        """Time steps of the input per step of the recurrence."""
        return 1 if self.front is None else self.front.stride

    @property
    def rows_independent(self) -> bool:
        """Whether the states of a row are bitwise independent of the other rows."""
        spelled = self.embedding
        return (
            self.recurrent.backend == "numba"
            and self.conv is None
            and (not isinstance(spelled, SpelledEmbedding) or spelled.letters.rows_independent)
        )

    def forward(self, x: Tensor, valid: ValidSteps) -> tuple[Tensor, ValidSteps]:
        """(T, B, F), or ids (T, B), to states (T', B, output_size) and their valid steps.

        Ids of tokens with their letters are (T, B, 1 + L).
        """
        x, valid = self.recurrence_input(x, valid)
        return self.recurrent(x, valid), valid

    def run(
        self, x: Tensor, valid: ValidSteps, initial: list[RecurrentState] | None = None
    ) -> tuple[Tensor, list[RecurrentState]]:
        """Like `forward`, from given states, and also return the final ones; no convolution."""
        return self.recurrent.run(self.embedding(x), valid, initial)

    def last(self, x: Tensor, valid: ValidSteps) -> Tensor:
        """Input as in `forward` to the final state of each direction: (B, output_size)."""
        return self.recurrent.last(*self.recurrence_input(x, valid))

    def recurrence_input(self, x: Tensor, valid: ValidSteps) -> tuple[Tensor, ValidSteps]:
        """Input of the recurrence."""
        x = self.embedding(x)
        return (x, valid) if self.front is None else self.front(x, valid)
