"""Linear-chain conditional random field: labels of a sequence that depend on each other.

The outputs of a network are scores of the labels at each step, called emissions. A chain adds a
score for each pair of consecutive labels, and for the first and the last label. The probability of
a sequence of labels is the exponential of its total score, divided by the sum of these over all
sequences of labels (Lafferty, McCallum & Pereira, 2001; on a recurrent network: Huang, Xu & Yu,
2015).
"""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from ..kernels import prepare_chain
from ._losses import Loss, Targets


class LinearChain(nn.Module):
    """The scores of transitions, initially zero: labels are then independent.

    Emissions are of shape (N, n_labels): the steps of all sequences, one sequence after the other.
    ``lengths`` of shape (B,), int64, on the CPU, are their numbers of steps.

    Parameters
    ----------
    n_labels : int

    Attributes
    ----------
    transitions : Parameter of shape (n_labels, n_labels)
        ``transitions[i, j]`` is the score of label j after label i.
    start, end : Parameter of shape (n_labels,)
        Scores of the first and the last label.
    backend : {"torch", "numba"}
        Implementation on a CPU.
    """

    def __init__(self, n_labels: int):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(n_labels))
        self.transitions = nn.Parameter(torch.zeros(n_labels, n_labels))
        self.end = nn.Parameter(torch.zeros(n_labels))
        self.backend = "torch"

    def divide(self, divisor: float) -> None:
        """Divide all scores by a number."""
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.div_(divisor)

    def losses(
        self, emissions: Tensor, classes: Tensor, lengths: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Negative log-likelihood of each sequence (B,), and their sum times ``weights`` (B,).

        Only the sum has gradients.
        """
        start, transitions, end = self._scores_on(emissions.device)
        if self._compiled(emissions):
            return cast(
                tuple[Tensor, Tensor],
                _CompiledLosses.apply(
                    emissions, start, transitions, end, classes, lengths, weights
                ),
            )
        # The log-likelihood does not change, but its two terms remain small.
        emissions = torch.log_softmax(emissions, dim=1)
        ahead = _scores_up_to(emissions, lengths, start, transitions)
        rows = torch.arange(len(lengths), device=ahead.device)
        last = ahead[(lengths - 1).to(ahead.device), rows]  # (B, K)
        right = _scores_of(emissions, classes, lengths, start, transitions, end)
        losses = torch.logsumexp(last + end, dim=1) - right
        return losses.detach(), (losses * weights).sum()

    def log_marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Log-probability of each label at each step, given the whole sequence: (N, n_labels)."""
        start, transitions, end = (value.detach() for value in self._scores_on(emissions.device))
        emissions = emissions.detach()
        if self._compiled(emissions):
            from ..kernels._chain import chain_log_marginals  # imports Numba

            result = np.empty(emissions.shape)
            offsets = _offsets(lengths).numpy()
            chain_log_marginals(
                _doubles(emissions), offsets, *map(_doubles, (start, transitions, end)), result
            )
            return torch.from_numpy(result).to(emissions.dtype)
        emissions = torch.log_softmax(emissions, dim=1)
        ahead = _scores_up_to(emissions, lengths, start, transitions)
        # The scores after each step are those up to it in the reversed sequences.
        back = torch.cat([part.flip(0) for part in emissions.split(lengths.tolist())])
        behind = _scores_up_to(back, lengths, end, transitions.T)
        both = [ahead[:n, row] + behind[:n, row].flip(0) for row, n in enumerate(lengths.tolist())]
        return torch.log_softmax(torch.cat(both) - emissions, dim=1)

    def _scores_on(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
        return self.start.to(device), self.transitions.to(device), self.end.to(device)

    def _compiled(self, emissions: Tensor) -> bool:
        return self.backend == "numba" and emissions.device.type == "cpu" and prepare_chain() == ""


class ChainLikelihood(Loss):
    """Negative log-likelihood of the labels of each sequence, divided by the number of all steps.

    Without transitions it is the cross-entropy. The weight of a sequence is that of its first step.
    """

    def __init__(self):
        super().__init__()
        self._chain: list[LinearChain] = []

    def attach(self, module: nn.Module) -> None:
        """Use the transitions of a module; they remain its parameters only."""
        self._chain = [cast(LinearChain, module.chain)]

    def forward(self, outputs: Tensor, targets: Targets) -> Tensor:
        """Weighted mean over the steps."""
        lengths = cast(Tensor, targets.lengths)
        if targets.weights is None:
            weights = outputs.new_ones(len(lengths))
        else:
            weights = targets.weights[_offsets(lengths)[:-1].to(outputs.device)]
        classes = cast(Tensor, targets.values)
        _, total = self._chain[0].losses(outputs, classes, lengths, weights)
        return total / len(outputs)


class _CompiledLosses(torch.autograd.Function):
    """`LinearChain.losses` in the kernels, which compute the gradients in the same pass."""

    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        transitions: Tensor,
        end: Tensor,
        classes: Tensor,
        lengths: Tensor,
        weights: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Losses and their weighted sum; keeps the gradients of the latter."""
        from ..kernels._chain import chain_loss  # imports Numba

        values = [_doubles(tensor) for tensor in (emissions, start, transitions, end)]
        grads = [np.empty_like(value) for value in values]
        factors, losses = _doubles(weights), np.empty(len(lengths))
        chain_loss(
            values[0], classes.numpy(), _offsets(lengths).numpy(), factors, *values[1:],
            losses, *grads,
        )  # fmt: skip
        ctx.grads = [torch.from_numpy(grad).to(emissions.dtype) for grad in grads]
        result = torch.from_numpy(losses).to(emissions.dtype)
        ctx.mark_non_differentiable(result)
        return result, emissions.new_tensor(losses @ factors)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Any:
        """Gradients of emissions, start, transitions and end."""
        return *(grad * grad_outputs[1] for grad in ctx.grads), None, None, None


def _scores_of(
    emissions: Tensor,
    classes: Tensor,
    lengths: Tensor,
    start: Tensor,
    transitions: Tensor,
    end: Tensor,
) -> Tensor:
    """Score of the given labels of each sequence: (B,)."""
    offsets = _offsets(lengths).to(emissions.device)
    firsts, lasts = offsets[:-1], offsets[1:] - 1
    before = transitions[classes[:-1], classes[1:]]  # of all steps but the first
    # A step that begins a sequence does not follow the last one of the sequence before it.
    steps = torch.cat([before.new_zeros(1), before]).index_fill(0, firsts, 0.0)
    steps = steps + emissions.gather(1, classes[:, None])[:, 0]  # (N,)
    rows = torch.repeat_interleave(lengths.to(emissions.device))
    scores = steps.new_zeros(len(lengths)).index_add(0, rows, steps)
    return scores + start[classes[firsts]] + end[classes[lasts]]


def _scores_up_to(emissions: Tensor, lengths: Tensor, start: Tensor, transitions: Tensor) -> Tensor:
    """Log-sum of the scores of all label sequences up to each step, by its label: (T, B, K).

    After the end of a sequence, they are those of its last step.
    """
    padded = pad_sequence(list(emissions.split(lengths.tolist())))  # (T, B, K)
    ends = lengths.to(padded.device)[:, None]
    scores = [start + padded[0]]
    for t in range(1, len(padded)):
        sums = torch.logsumexp(scores[-1][:, :, None] + transitions, dim=1)  # (B, K)
        scores.append(torch.where(t < ends, sums + padded[t], scores[-1]))
    return torch.stack(scores)


def _offsets(lengths: Tensor) -> Tensor:
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])


def _doubles(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float64)
