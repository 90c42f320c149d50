"""Types of decoding, and checks shared by its functions."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

# One row per hypothesis in dimension 0 of each tensor, which may be of any dtype.
DecodingState = tuple[Tensor, ...]

# Maps the last tokens (N,) and the state of N hypotheses to log-probabilities of the next token (N,
# V) and the new state. N changes from call to call: finished hypotheses are dropped.
Step = Callable[[Tensor, DecodingState], tuple[Tensor, DecodingState]]


class Hypotheses(NamedTuple):
    """Decoded sequences, best first in each row; without begin and end.

    Attributes
    ----------
    tokens : Tensor of int64 of shape (N, n_best, L)
        Padded with `end`, which is a valid token for any embedding.
    lengths : Tensor of int64 of shape (N, n_best)
        Number of tokens without this padding.
    log_probs : Tensor of float64 of shape (N, n_best)
        Sum of the step function's log-probabilities of the tokens, and of `end` if it was
        generated. -inf where a row has fewer than `n_best` hypotheses.
    finished : Tensor of bool of shape (N, n_best)
        Whether `end` was generated; False if the sequence was truncated at `max_length`.
    """

    tokens: Tensor
    lengths: Tensor
    log_probs: Tensor
    finished: Tensor

    def to_list(self) -> list[list[list[int]]]:
        """Return the tokens of each row's hypotheses without padding; impossible ones are left out.

        Returns
        -------
        tokens : list of list of list of int
            By row and by rank.

        Examples
        --------
        >>> import torch
        >>> from sk_rnn.decoding import Hypotheses
        >>> Hypotheses(
        ...     tokens=torch.tensor([[[4, 5], [4, 0]]]),
        ...     lengths=torch.tensor([[2, 1]]),
        ...     log_probs=torch.tensor([[-1.0, -2.0]]),
        ...     finished=torch.tensor([[True, True]]),
        ... ).to_list()
        [[[4, 5], [4]]]
        """
        possible = torch.isfinite(self.log_probs)
        return [
            [tokens[:length] for tokens, length, kept in zip(*row, strict=True) if kept]
            for row in zip(
                self.tokens.tolist(), self.lengths.tolist(), possible.tolist(), strict=True
            )
        ]


def count_rows(state: DecodingState, caller: str) -> int:
    """Return the number of rows of the state."""
    if not state:
        raise ValueError(
            f"{caller}: state is empty. Pass a tuple of tensors with one row per sequence, such as "
            "(torch.arange(n_rows),)."
        )
    rows = [tensor.shape[0] if tensor.ndim else 0 for tensor in state]
    if len(set(rows)) > 1:
        raise ValueError(
            f"{caller}: the tensors of state have {rows} rows. Give all the same number, one row "
            "per sequence in dimension 0."
        )
    return rows[0]


def take_rows(state: DecodingState, index: Tensor) -> DecodingState:
    """Select rows of the state, in this order."""
    return tuple(tensor.index_select(0, index) for tensor in state)


def read_limits(max_length: int | Tensor, n_rows: int, device: torch.device, caller: str) -> Tensor:
    """Return the maximum number of tokens of each row: (N,)."""
    if isinstance(max_length, Tensor):
        limits = max_length.to(device)
        if limits.shape != (n_rows,) or limits.dtype != torch.int64:
            raise ValueError(
                f"{caller}: max_length has shape {tuple(limits.shape)} and dtype {limits.dtype}. "
                f"Pass an int, or an int64 tensor of shape ({n_rows},), one limit per row."
            )
    else:
        limits = torch.full((n_rows,), max_length, dtype=torch.int64, device=device)
    if (limits < 1).any():
        raise ValueError(f"{caller}: max_length is {int(limits.min())}. Pass at least 1.")
    return limits


def forbid(scores: Tensor, forbidden: Sequence[int], caller: str) -> Tensor:
    """Return log-probabilities (N, V) with those of forbidden tokens -inf."""
    if not forbidden:
        return scores
    n_tokens = scores.shape[1]
    # Checked here because V is only known from the scores, and on CUDA it would be a device assert.
    if min(forbidden) < 0 or max(forbidden) >= n_tokens:
        raise ValueError(
            f"{caller}: forbidden is {list(forbidden)}, but step scores {n_tokens} tokens. Pass "
            f"ids from 0 to {n_tokens - 1}."
        )
    index = torch.tensor(forbidden, device=scores.device)
    return scores.index_fill(1, index, -torch.inf)


def check_best(best: Tensor, rows: Tensor, position: int, caller: str) -> None:
    """Raise if scores leave no token to choose; `best` (N,) are the highest."""
    usable = best > -torch.inf  # neither is NaN
    if not usable.all():
        first = int(usable.int().argmin())
        fault = "NaN" if best[first].isnan() else "-inf for every token that is not forbidden"
        raise ValueError(
            f"{caller}: step returned {fault} in row {int(rows[first])} at position {position}. "
            "Return log-probabilities, with a finite one for `end` where nothing else may follow."
        )
