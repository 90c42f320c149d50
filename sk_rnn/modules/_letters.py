"""The letters of words, in addition to the vectors of the words."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, relu

from ._front import TokenEmbedding
from ._stack import RecurrentStack
from ._steps import ValidSteps

CharEmbedding = Literal["rnn", "cnn"]

# Sizes of the vectors of letters, of the states in each direction, and of the convolution, which
# were measured on part-of-speech tags (accuracy .930 without letters): a recurrence is more
# accurate than a convolution (.961 against .956) and not slower.
_LETTER_DIM, _HIDDEN_SIZE, _CHANNELS, _KERNEL_SIZE = 24, 32, 64, 3

# The id of padding, in batches with longer words, and of unknown letters.
_NO_LETTER, _UNKNOWN_LETTER = range(2)


class LetterEncoder(nn.Module):
    """Encodes words, given as ids of letters, as one vector per word.

    Parameters
    ----------
    n_letters : int
        Number of ids.
    kind : {"rnn", "cnn"}
        The final states of a GRU in both directions (Ling et al., 2015), or the maximum over a word
        of a convolution (dos Santos & Zadrozny, 2014).
    std : float
        Standard deviation of the initial vectors of letters.
    """

    def __init__(
        self,
        n_letters: int,
        kind: CharEmbedding,
        *,
        std: float = 0.3,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        # Letters that never occur in training are zero vectors.
        unseen = np.array([_NO_LETTER, _UNKNOWN_LETTER])
        self.letters = TokenEmbedding(
            n_letters, _LETTER_DIM, unseen=unseen, std=std, generator=generator
        )
        self.recurrent: RecurrentStack | None = None
        if kind == "rnn":
            self.recurrent = RecurrentStack(
                "gru", _LETTER_DIM, _HIDDEN_SIZE, bidirectional=True, generator=generator
            )
            self.output_size = self.recurrent.output_size
        else:
            weight = torch.empty(_CHANNELS, _LETTER_DIM, _KERNEL_SIZE, dtype=torch.float32)
            self.weight = nn.Parameter(weight)
            self.bias = nn.Parameter(torch.zeros(_CHANNELS))
            nn.init.kaiming_uniform_(self.weight, nonlinearity="relu", generator=generator)
            self.output_size = _CHANNELS

    @property
    def rows_independent(self) -> bool:
        """Whether the vector of a word is bitwise independent of the other words."""
        return self.recurrent is not None and self.recurrent.backend == "numba"

    def forward(self, words: Tensor) -> Tensor:
        """Ids of letters (N, L), padded with zeros, to vectors (N, output_size)."""
        # A word without letters is read as one unknown letter.
        lengths = (words != _NO_LETTER).sum(dim=1).clamp(min=1)
        longest = int(lengths.max())
        x = self.letters(words[:, :longest].T)  # (L, N, E)
        valid = ValidSteps(lengths.cpu(), x.device)
        if self.recurrent is not None:
            return self.recurrent.last(x, valid)
        if not valid.full:
            x = x.masked_fill(valid.padding, 0.0)
        x = relu(conv1d(x.permute(1, 2, 0), self.weight, self.bias, padding=_KERNEL_SIZE // 2))
        if not valid.full:  # zero is the minimum of a ReLU
            x = x.masked_fill(valid.padding.permute(1, 2, 0), 0.0)
        return x.amax(dim=2)


class SpelledEmbedding(nn.Module):
    """Vectors of words, concatenated with those of their letters.

    The letters of each distinct word of a batch are read once.

    Parameters
    ----------
    words : TokenEmbedding
        Its dropout is applied to both vectors, but its word dropout only to those of words, so that
        a dropped word is predicted from its letters, like an unknown one.
    letters : LetterEncoder
    unknown : int
        The id of unknown words.
    """

    def __init__(self, words: TokenEmbedding, letters: LetterEncoder, unknown: int = 1):
        super().__init__()
        self.words, self.letters, self.unknown = words, letters, unknown
        self.output_size = words.embedding.embedding_dim + letters.output_size

    def forward(self, x: Tensor) -> Tensor:
        """Ids of words and letters (T, B, 1 + L) to vectors (T, B, output_size).

        Distinct words have distinct ids; those that are not in the vocabulary have higher ids.
        """
        ids = x[:, :, 0]
        distinct, which = torch.unique(ids, return_inverse=True)  # (N,), (T, B)
        # Any occurrence of each word, because all have the same letters.
        place = torch.empty(len(distinct), dtype=torch.int64, device=x.device)
        flat = which.flatten()
        place.scatter_(0, flat, torch.arange(len(flat), device=x.device))
        spelled = self.letters(x.flatten(0, 1)[place, 1:])  # (N, output_size)
        table, words = self.words.embedding, self.words
        known = torch.where(ids < table.num_embeddings, ids, self.unknown)
        vectors = words.word_dropout(table(known))
        # Not index_select, whose gradient on a GPU is not deterministic.
        beside = nn.functional.embedding(which, spelled)
        return words.dropout(torch.cat([vectors, beside], dim=2))
