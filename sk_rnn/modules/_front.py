"""Layers before the recurrence: embedding, convolution and patches."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad, relu

from ._dropout import Dropout, StepDropout
from ._steps import ValidSteps


class TokenEmbedding(nn.Module):
    """Token embedding, with dropout of values and of whole tokens in training.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Sizes of the vocabulary and of the embedding.
    weights : ndarray of shape (num_embeddings, embedding_dim) or None
        Pretrained vectors; None draws them from N(0, ``std``²).
    unseen : ndarray of int or None
        Tokens that do not occur in the training data. Their vectors would stay at their random
        initial values; they are set to zero, the vector that word dropout trains as "unknown".
    frozen : bool
        Do not train the vectors.
    dropout : float in [0, 1)
        Dropout of individual values of the vectors.
    word_dropout : float in [0, 1)
        Probability that a token is read as the zero vector.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        weights: np.ndarray | None = None,
        unseen: np.ndarray | None = None,
        frozen: bool = False,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
        std: float = 0.3,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        if weights is None:
            initial = torch.empty(num_embeddings, embedding_dim, dtype=torch.float32)
            initial.normal_(0.0, std, generator=generator)
            if unseen is not None:
                initial[torch.from_numpy(unseen)] = 0.0
        else:
            initial = torch.tensor(weights)
        self.embedding = nn.Embedding.from_pretrained(initial, freeze=frozen)
        self.dropout = Dropout(dropout)
        self.word_dropout = StepDropout(word_dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Ids (T, B) to vectors (T, B, embedding_dim)."""
        return self.dropout(self.word_dropout(self.embedding(x)))


class ConvFrontEnd(nn.Module):
    """One convolution over time and a ReLU.

    Each row is padded with zeros at its own end. With ``causal=True`` the window ends at the
    current step, so that a unidirectional model stays causal; otherwise it is centred.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride : int
        As in `torch.nn.Conv1d`. Every ``stride``-th step is kept, starting with the first.
    causal : bool
        Whether the window covers only the current and earlier steps.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel_size: int,
        stride: int,
        causal: bool,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        weight = torch.empty(out_channels, in_channels, kernel_size, dtype=torch.float32)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        nn.init.kaiming_uniform_(self.weight, nonlinearity="relu", generator=generator)
        before = kernel_size - 1 if causal else (kernel_size - 1) // 2
        self.padding = (before, kernel_size - 1 - before)
        self.stride = stride

    def forward(
        self, x: Tensor, valid: ValidSteps, padding: tuple[int, int] | None = None
    ) -> tuple[Tensor, ValidSteps]:
        """(T, B, F) to (ceil(T / stride), B, out_channels), and its valid steps.

        ``padding`` is the number of zeros before and after, if ``x`` is cut as given by `span`.
        """
        if not valid.full:
            x = x.masked_fill(valid.padding, 0.0)
        x = pad(x.permute(1, 2, 0), padding or self.padding)  # (B, F, T + kernel_size - 1)
        x = relu(conv1d(x, self.weight, self.bias, stride=self.stride))  # (B, C, T')
        return x.permute(2, 0, 1), valid.strided(self.stride)

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """The range of input steps for the outputs from ``start`` to ``stop``.

        It may extend beyond the first or the last step, into the zero padding.
        """
        first = start * self.stride - self.padding[0]
        return first, (stop - 1) * self.stride - self.padding[0] + self.weight.shape[2]


class Patches(nn.Module):
    """Successive time steps, read as one by the recurrence.

    The steps of each row are cut into patches from the first on. If the last patch is not full, the
    last step of the row is repeated.

    Parameters
    ----------
    size : int
        Time steps per patch.
    """

    def __init__(self, size: int):
        super().__init__()
        self.stride = size

    def forward(
        self, x: Tensor, valid: ValidSteps, padding: tuple[int, int] | None = None
    ) -> tuple[Tensor, ValidSteps]:
        """(T, B, F) to (ceil(T / size), B, size * F), and its valid steps.

        ``padding`` is (0, n) if ``n`` steps are missing after ``x``, cut as given by `span`.
        """
        n_missing = -len(x) % self.stride if padding is None else padding[1]
        if n_missing or not valid.full:
            steps = torch.arange(len(x) + n_missing, device=x.device)[:, None]
            steps = torch.minimum(steps, valid.device_lengths - 1)  # (T', B)
            x = x.gather(0, steps[:, :, None].expand(-1, -1, x.shape[2]))
        patches = x.unflatten(0, (-1, self.stride)).transpose(1, 2)
        return patches.flatten(2), valid.strided(self.stride)

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """The range of input steps for the outputs from ``start`` to ``stop``.

        It may extend beyond the last step.
        """
        return start * self.stride, stop * self.stride

    def extra_repr(self) -> str:
        """Extra representation for `repr`."""
        return f"size={self.stride}"
