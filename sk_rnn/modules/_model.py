"""The whole module that a classifier or regressor trains."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ._chunks import Chunk, ChunkedRun
from ._front import ConvFrontEnd, TokenEmbedding
from ._head import Head
from ._pooling import Pooling
from ._recurrent import RecurrentStack
from ._steps import ValidSteps
from ._totals import make_totals

# Sequences longer than this are predicted in chunks, whose activations always fit into memory. A
# batch of prediction has one such sequence only, so its company never decides.
WHOLE_STEPS, CHUNK_STEPS = 32_768, 1_024


def set_backend(module: nn.Module, backend: str) -> None:
    """Let the parts of ``module`` that have kernels use "torch" or "numba"."""
    for part in module.modules():
        if isinstance(part, RecurrentStack | Pooling):
            part.backend = backend


class Encoder(nn.Module):
    """Sequences to one hidden state per time step: embedding, convolution, recurrence.

    Parameters
    ----------
    n_features : int
        Features a time step; ignored for tokens.
    num_embeddings : int or None
        Vocabulary size; None for sequences of numbers.
    embedding_weights : ndarray of shape (num_embeddings, embedding_dim) or None
        Pretrained vectors.
    unseen_tokens : ndarray of int or None
        Tokens that the training data does not hold.
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
        conv_channels: int | None = None,
        conv_kernel_size: int = 5,
        conv_stride: int = 1,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        embedding_std: float = 0.3,
        forget_bias: float = 1.0,
        cell_params: Mapping[str, Any] | None = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.read: nn.Module = nn.Identity()
        if num_embeddings is not None:
            if embedding_dim is None:
                raise TypeError("num_embeddings needs embedding_dim")
            self.read = TokenEmbedding(
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
            n_features = embedding_dim
        self.conv = None
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

    def forward(self, x: Tensor, valid: ValidSteps) -> tuple[Tensor, ValidSteps]:
        """(T, B, F), or ids (T, B), to states (T', B, output_size) and the steps valid in them."""
        x, valid = self._read(x, valid)
        return self.recurrent(x, valid), valid

    def last(self, x: Tensor, valid: ValidSteps) -> Tensor:
        """The same to each direction's final state: (B, output_size)."""
        return self.recurrent.last(*self._read(x, valid))

    def _read(self, x: Tensor, valid: ValidSteps) -> tuple[Tensor, ValidSteps]:
        """What enters the recurrence."""
        x = self.read(x)
        return (x, valid) if self.conv is None else self.conv(x, valid)


class SequenceModel(nn.Module):
    """Encoder, pooling and head: the module of `RNNClassifier` and `RNNRegressor`.

    Parameters
    ----------
    n_outputs : int
        Numbers predicted a sequence, or a time step with ``return_sequences=True``.
    return_sequences : bool
        Outputs for every time step instead of one pooled vector.
    pooling : str
        See `Pooling`; not used with ``return_sequences=True``.
    head_norm : {"batch", "layer"} or None
        See `Head`.
    dropout : float in [0, 1)
        Between recurrent layers and before the last linear layer.
    **encoder
        See `Encoder`.
    """

    def __init__(
        self,
        *,
        n_outputs: int,
        bidirectional: bool = False,
        return_sequences: bool = False,
        pooling: str = "concat",
        head_norm: str | None = "batch",
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
        **encoder: Any,
    ):
        super().__init__()
        self.encoder = Encoder(
            bidirectional=bidirectional, dropout=dropout, generator=generator, **encoder
        )
        n_states = self.encoder.output_size
        self.pooling = None
        if not return_sequences:
            self.pooling = Pooling(
                pooling, n_states, bidirectional=bidirectional, generator=generator
            )
            n_states = self.pooling.output_size
        self.head = Head(n_states, n_outputs, norm=head_norm, dropout=dropout, generator=generator)

    @property
    def n_outputs(self) -> int:
        """Numbers put out per sequence or time step."""
        return self.head.linear.out_features

    @property
    def rows_apart(self) -> bool:
        """Whether a row's bits never depend on how many rows are computed with it.

        The kernels take each row for itself, and the head fills up. What torch multiplies or adds
        up before it, a convolution or an attention, does not.
        """
        return (
            self.encoder.recurrent.backend == "numba"
            and self.encoder.conv is None
            and (self.pooling is None or self.pooling.kind in ("last", "max", "concat"))
        )

    def forward(self, x: Tensor, lengths: Tensor, positions: Tensor | None = None) -> Tensor:
        """Outputs of a padded batch.

        Parameters
        ----------
        x : Tensor of shape (T, B, F), or (T, B) for token ids
            Padded after each row's last step; what the padding holds does not matter.
        lengths : Tensor of shape (B,), int64, on the CPU
            Valid steps a row.
        positions : Tensor of shape (n_valid_steps,) or None
            With ``return_sequences=True``, where each wanted step stands in the flattened (T * B)
            batch. Padding is left out here, so it reaches neither norm nor loss.

        Returns
        -------
        Tensor of shape (B, n_outputs), or (n_valid_steps, n_outputs) with ``return_sequences=True``
        """
        if len(x) > WHOLE_STEPS and not torch.is_grad_enabled() and self.encoder.recurrent.carries:
            return self._by_chunks(x, lengths, positions)
        valid = ValidSteps(lengths, x.device)
        if self.pooling is not None and self.pooling.kind == "last":
            return self.head(self.encoder.last(x, valid))
        states, valid = self.encoder(x, valid)
        if self.pooling is not None:
            return self.head(self.pooling(states, valid))
        return self.head(states.flatten(0, 1).index_select(0, positions))

    def _by_chunks(self, x: Tensor, lengths: Tensor, positions: Tensor | None) -> Tensor:
        """The same without gradients, in memory that does not grow with the length."""
        run = ChunkedRun(self.encoder, x, lengths, CHUNK_STEPS)
        if self.pooling is not None:
            totals = make_totals(self.pooling, run)
            run.carry(totals.add)
            return self.head(totals.pooled(totals.values))
        outputs = run.like.new_zeros(*x.shape[:2], self.head.linear.out_features)  # (T, B, O)

        def keep(states: Tensor, chunk: Chunk) -> None:
            some = self.head(states.flatten(0, 1)).unflatten(0, states.shape[:2])
            outputs[chunk.start : chunk.stop, chunk.rows] = some.to(outputs.dtype)

        run.carry(keep)
        return outputs.flatten(0, 1)[positions]
