"""Definition of a recurrent cell, and its initial weights."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

# State carried from step to step, each (B, H): the hidden state, and the LSTM's cell state.
RecurrentState = tuple[Tensor, ...]

# Initial bias of a forget gate: that of all units, those between which it increases from unit to
# unit, or None for that of the cell.
ForgetBias = float | Sequence[float] | None

# Created uninitialised, to be filled by `initialise`. Explicit, because users may change torch's
# default device and dtype.
EMPTY: dict[str, Any] = {"device": "cpu", "dtype": torch.float32}


class Cell(NamedTuple):
    """A recurrent cell.

    Attributes
    ----------
    name : str
        Value of the parameter `cell` of the estimators.
    make : callable
        ``make(input_size, hidden_size)`` returns the module that holds the weights: one of torch's
        recurrent layers, `CellWeights`, or an instance of a custom class.
    n_gates : int
        Number of blocks of ``hidden_size`` rows in the weights. 0 for a custom cell.
    n_states : int
        Number of tensors carried from step to step. 0 if states can be passed neither in nor out,
        as with a custom cell.
    step : callable or None
        ``step(x, recurrent, state)`` returns the next state from the contributions of the input and
        of the hidden state to the gates, including biases, each (B, n_gates * hidden_size).
    gates : callable or None
        ``gates(x, recurrent)`` returns the gates and the new state that they mix in, by name, each
        (B, hidden_size), from the arguments of `step`; for inspection.
    in_torch : bool
        Whether `make` returns one of torch's recurrent layers, which run whole sequences.
    has_kernel : bool
        Whether `sk_rnn.kernels` implements the cell.
    bounded : bool
        Whether hidden states are within [-1, 1].
    forget_gate : int or None
        Index of the gate that determines which part of the state is kept.
    forget_bias : float
        Its initial bias, by default.
    """

    name: str
    make: Callable[[int, int], nn.Module]
    n_gates: int = 0
    n_states: int = 0
    step: Callable[[Tensor, Tensor, RecurrentState], RecurrentState] | None = None
    gates: Callable[[Tensor, Tensor], dict[str, Tensor]] | None = None
    in_torch: bool = False
    has_kernel: bool = False
    bounded: bool = False
    forget_gate: int | None = None
    forget_bias: float = 1.0


class CellWeights(nn.Module):
    """The weights of a cell that torch lacks, with the names of torch's recurrent layers.

    Parameters
    ----------
    n_gates, input_size, hidden_size : int
        Sizes.
    """

    def __init__(self, n_gates: int, input_size: int, hidden_size: int):
        super().__init__()
        n_rows = n_gates * hidden_size
        self.weight_ih_l0 = nn.Parameter(torch.empty(n_rows, input_size, **EMPTY))
        self.weight_hh_l0 = nn.Parameter(torch.empty(n_rows, hidden_size, **EMPTY))
        self.bias_ih_l0 = nn.Parameter(torch.empty(n_rows, **EMPTY))
        self.bias_hh_l0 = nn.Parameter(torch.empty(n_rows, **EMPTY))


def initialise(
    cell: Cell,
    weights: nn.Module,
    hidden_size: int,
    *,
    forget_bias: ForgetBias,
    generator: torch.Generator | None,
) -> None:
    """Orthogonal recurrent weights and Xavier input weights, gate by gate; zero biases.

    A pair ``forget_bias`` are the ends of equal steps from unit to unit.
    """
    bias = cell.forget_bias if forget_bias is None else forget_bias
    low, high = bias if isinstance(bias, Sequence) else (bias, bias)
    for name, parameter in weights.named_parameters():
        with torch.no_grad():
            if name.startswith("weight_hh"):
                orthogonal(parameter.view(-1, hidden_size, hidden_size), generator)
            elif name.startswith("weight_ih"):
                for gate in parameter.split(hidden_size):
                    nn.init.xavier_uniform_(gate, generator=generator)
            else:
                parameter.zero_()
                if cell.forget_gate is not None and name.startswith("bias_ih"):
                    gate = cast(Tensor, parameter.split(hidden_size)[cell.forget_gate])
                    steps = (torch.arange(hidden_size) + 0.5) / hidden_size
                    gate.copy_(low + (high - low) * steps)


def orthogonal(matrices: Tensor, generator: torch.Generator | None) -> None:
    """Fill square matrices (N, H, H) as `torch.nn.init.orthogonal_` does, in fewer operations."""
    for matrix in matrices:
        matrix.normal_(generator=generator)
    q, r = torch.linalg.qr(matrices)
    matrices.copy_(q * r.diagonal(dim1=1, dim2=2).sign()[:, None, :])
