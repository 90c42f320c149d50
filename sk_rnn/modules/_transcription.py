"""The module of transcribers: from sequences to the probabilities of blank and tokens per step."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import ctc_loss, log_softmax

from ._encoder import Encoder
from ._head import Head
from ._masking import InputMasking
from ._steps import ValidSteps

BLANK = 0


class CTCModel(nn.Module):
    """Encoder and linear layer, trained with connectionist temporal classification (CTC).

    The probability of a sequence of tokens is the sum over all its alignments, in which each step
    of the encoding is a token or blank, and repeated tokens are merged (Graves et al., 2006).

    Parameters
    ----------
    n_features : int
        Features per time step.
    n_outputs : int
        Number of tokens, and one for blank, which is output 0.
    time_masking, feature_masking
        See `InputMasking`.
    mask_values : ndarray of shape (n_features,) or None
        Its ``fill``.
    dropout : float in [0, 1)
        Between recurrent layers and before the linear layer.
    **encoder
        See `Encoder`.
    """

    # Convolutions may sum in another order for other batches.
    rows_independent = False

    def __init__(
        self,
        *,
        n_features: int,
        n_outputs: int,
        time_masking: int = 0,
        feature_masking: float = 0.0,
        mask_values: np.ndarray | None = None,
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
        **encoder: Any,
    ):
        super().__init__()
        self.n_outputs = n_outputs
        self.masking = InputMasking(
            n_features,
            time_masking=time_masking,
            feature_masking=feature_masking,
            fill=mask_values,
        )
        self.encoder = Encoder(
            n_features=n_features, dropout=dropout, generator=generator, **encoder
        )
        self.head = Head(
            self.encoder.output_size, n_outputs, norm=None, dropout=dropout, generator=generator
        )

    def forward(self, x: Tensor, lengths: Tensor, labels: Tensor, label_lengths: Tensor) -> Tensor:
        """Negative log-likelihood per token of each row.

        Parameters
        ----------
        x : Tensor of shape (T, B, F)
            The sequences, padded.
        lengths : Tensor of shape (B,), int64, on the CPU
            Valid steps of each sequence.
        labels : Tensor of shape (sum of label_lengths,), int64
            Concatenated tokens of all rows, from 1.
        label_lengths : Tensor of shape (B,), int64, on the CPU
            Tokens of each row.

        Returns
        -------
        Tensor of shape (B, 1)
            Infinite for a row with more tokens than steps. For a row without tokens, the total.
        """
        log_probs, valid = self.log_probs(x, lengths)
        # Not zero_infinity: rows that cannot be aligned are refused before training.
        losses = ctc_loss(
            log_probs, labels, valid.lengths, label_lengths, blank=BLANK, reduction="none"
        )
        return (losses / label_lengths.clamp(min=1).to(losses.device))[:, None]

    def log_probs(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, ValidSteps]:
        """Log-probabilities of blank and tokens: (T', B, n_outputs), and the valid steps."""
        valid = ValidSteps(lengths, x.device)
        states, valid = self.encoder(self.masking(x, valid), valid)
        outputs = self.head(states.flatten(0, 1)).unflatten(0, states.shape[:2])
        return log_softmax(
            outputs.float() if outputs.dtype == torch.bfloat16 else outputs, 2
        ), valid
