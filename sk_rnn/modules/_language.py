"""The module of language models: from each step to the distribution of the next one."""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from ._front import TokenEmbedding
from ._head import Head
from ._linear import make_linear
from ._model import SequenceModel
from ._steps import ValidSteps
from .cells import RecurrentState


class TiedOutput(nn.Module):
    """An output layer whose weights are the vectors of an embedding (Press & Wolf, 2017).

    Parameters
    ----------
    n_features : int
        Size of the states.
    embedding : torch.nn.Embedding
        Its vectors are the weights.
    """

    def __init__(
        self, n_features: int, embedding: nn.Embedding, generator: torch.Generator | None = None
    ):
        super().__init__()
        self.projection = make_linear(n_features, embedding.embedding_dim, generator)
        self.vectors = embedding.weight
        self.bias = nn.Parameter(torch.zeros(embedding.num_embeddings, dtype=torch.float32))
        self.out_features = embedding.num_embeddings

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_features) to (N, n_tokens)."""
        return nn.functional.linear(self.projection(x), self.vectors, self.bias)

    def as_linear(self) -> tuple[Tensor, Tensor]:
        """Weights (n_tokens, n_features) and biases of the equivalent linear layer."""
        weight = self.vectors @ self.projection.weight
        return weight, self.vectors @ self.projection.bias + self.bias


class LanguageModel(SequenceModel):
    """A `SequenceModel` whose output at a step is the distribution of the next step.

    Parameters
    ----------
    n_outputs : int
        Outputs per time step.
    tied_embeddings : bool
        See `TiedOutput`.
    output_bias : ndarray of shape (n_outputs,) or None
        Initial biases of the outputs.
    **others
        See `SequenceModel`.
    """

    def __init__(
        self,
        *,
        n_outputs: int,
        tied_embeddings: bool = False,
        output_bias: np.ndarray | None = None,
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
        **others: Any,
    ):
        super().__init__(
            n_outputs=n_outputs,
            return_sequences=True,
            head_norm=None,
            dropout=dropout,
            generator=generator,
            **others,
        )
        if tied_embeddings:
            embedding = cast(TokenEmbedding, self.encoder.embedding).embedding
            head = cast(Any, self.head)
            head.linear = TiedOutput(self.encoder.output_size, embedding, generator)
        if output_bias is not None:
            with torch.no_grad():
                cast(Any, self.head).linear.bias.copy_(torch.from_numpy(output_bias))

    def forward(
        self,
        x: Tensor,
        lengths: Tensor,
        positions: Tensor | None = None,
        continues: Tensor | None = None,
    ) -> Tensor:
        """Outputs of a padded batch as in `SequenceModel`; each row begins with zero states.

        ``continues`` belongs to the training loop, which carries states from batch to batch.
        """
        return super().forward(x, lengths, positions)

    def carry(
        self,
        x: Tensor,
        lengths: Tensor,
        positions: Tensor,
        initial: list[RecurrentState] | None,
    ) -> tuple[Tensor, list[RecurrentState]]:
        """Outputs of a padded batch from given states, and the final states of each layer."""
        states, finals = self.encoder.run(x, ValidSteps(lengths, x.device), initial)
        return self.head(states.flatten(0, 1).index_select(0, positions)), finals


def head_weights(head: Head) -> tuple[Tensor, Tensor]:
    """Weights and biases of an output layer, tied or not."""
    linear: Any = head.linear
    return linear.as_linear() if isinstance(linear, TiedOutput) else (linear.weight, linear.bias)
