"""The complete module of classifiers and regressors."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ._crf import LinearChain
from ._encoder import Encoder
from ._head import Head
from ._masking import InputMasking
from ._poolings import POOLINGS, Pooling
from ._series import Differences, TimeWarping
from ._stack import RecurrentStack
from ._steps import ValidSteps


def set_backend(module: nn.Module, backend: str) -> None:
    """Select the "torch" or "numba" backend in all submodules that have kernels."""
    for part in module.modules():
        if isinstance(part, RecurrentStack | Pooling | LinearChain):
            part.backend = backend


class SequenceModel(nn.Module):
    """Encoder, pooling and head: the module of `RNNClassifier` and `RNNRegressor`.

    Parameters
    ----------
    n_outputs : int
        Outputs per sequence, or per time step with ``return_sequences=True``.
    return_sequences : bool
        Outputs for every time step instead of one pooled vector.
    crf : bool
        Whether the outputs are the emissions of a `LinearChain`, the attribute ``chain``.
    pooling : str
        A name in `POOLINGS`; not used with ``return_sequences=True``.
    head_norm : {"batch", "layer"} or None
        ``norm`` of `Head`.
    norm_eps : float
        See `Head`.
    dropout : float in [0, 1)
        Between recurrent layers and before the last linear layer.
    time_warping : float
        See `TimeWarping`.
    differences : bool
        Whether `Differences` are added to the features; only for numbers.
    difference_scale : ndarray of shape (n_features,) or None
        Their factors; None if weights are loaded.
    time_masking, feature_masking
        See `InputMasking`; only for numbers.
    mask_values : ndarray of shape (n_features,) or None
        Its ``fill``.
    **encoder
        See `Encoder`.
    """

    def __init__(
        self,
        *,
        n_features: int,
        n_outputs: int,
        bidirectional: bool = False,
        return_sequences: bool = False,
        crf: bool = False,
        pooling: str = "concat",
        head_norm: str | None = "batch",
        norm_eps: float = 1e-5,
        dropout: float = 0.0,
        time_warping: float = 0.0,
        differences: bool = False,
        difference_scale: np.ndarray | None = None,
        time_masking: int = 0,
        feature_masking: float = 0.0,
        mask_values: np.ndarray | None = None,
        generator: torch.Generator | None = None,
        **encoder: Any,
    ):
        super().__init__()
        self.time_warping = TimeWarping(time_warping)
        self.masking: InputMasking | None = None
        if time_masking or feature_masking:
            self.masking = InputMasking(
                n_features,
                time_masking=time_masking,
                feature_masking=feature_masking,
                fill=mask_values,
            )
        self.differences: Differences | None = None
        if differences:
            self.differences = Differences(n_features, difference_scale)
            n_features *= 2
        self.encoder = Encoder(
            n_features=n_features,
            bidirectional=bidirectional,
            dropout=dropout,
            generator=generator,
            **encoder,
        )
        n_states = self.encoder.output_size
        self.pooling: Pooling | None = None
        if not return_sequences:
            self.pooling = POOLINGS[pooling](
                n_states, bidirectional=bidirectional, generator=generator
            )
            n_states = self.pooling.output_size
        self.head = Head(
            n_states,
            n_outputs,
            norm=head_norm,
            norm_eps=norm_eps,
            dropout=dropout,
            generator=generator,
        )
        self.chain = LinearChain(n_outputs) if crf else None

    @property
    def n_outputs(self) -> int:
        """Number of outputs per sequence or time step."""
        return self.head.linear.out_features

    @property
    def rows_independent(self) -> bool:
        """Whether the result of a row is bitwise independent of the batch size.

        The kernels process each row separately, and the head pads the batch. This does not hold for
        torch operations before the head, such as a convolution or an attention.
        """
        return self.encoder.rows_independent and (
            self.pooling is None or self.pooling.rows_independent
        )

    def forward(self, x: Tensor, lengths: Tensor, positions: Tensor | None = None) -> Tensor:
        """Outputs of a padded batch.

        Parameters
        ----------
        x : Tensor of shape (T, B, F), or (T, B) for token ids, (T, B, 1 + L) with their letters
            Padded after each row's last step; the padding values are ignored.
        lengths : Tensor of shape (B,), int64, on the CPU
            Valid steps per row.
        positions : Tensor of shape (n_valid_steps,) or None
            With ``return_sequences=True``, positions of the valid steps in the flattened (T * B)
            batch. Padding is removed here, so it reaches neither norm nor loss.

        Returns
        -------
        Tensor of shape (B, n_outputs), or (n_valid_steps, n_outputs) with ``return_sequences=True``
        """
        valid = ValidSteps(lengths, x.device)
        x = self.prepare(x, valid)
        if self.pooling is not None and self.pooling.final_only:
            return self.head(self.encoder.last(x, valid))
        states, valid = self.encoder(x, valid)
        if self.pooling is not None:
            return self.head(self.pooling(states, valid))
        return self.head(states.flatten(0, 1).index_select(0, positions))

    def divide_outputs(self, divisor: float) -> None:
        """Change the last layer so that outputs, and scores of transitions, are divided."""
        with torch.no_grad():
            for parameter in self.head.linear.parameters():
                parameter.div_(divisor)
        if self.chain is not None:
            self.chain.divide(divisor)

    def prepare(self, x: Tensor, valid: ValidSteps) -> Tensor:
        """Input of the encoder: numbers, warped and masked in training, with their differences."""
        x = self.time_warping(x, valid)
        if self.differences is not None:
            x = self.differences(x)
        # After the differences, which would be large at the ends of a mask.
        return x if self.masking is None else self.masking(x, valid)
