"""Statistics of the states and gates of all recurrent layers while a network runs on data."""

from collections.abc import Iterable
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from ._copies import inspection_copy
from ._recurrence import Recurrence
from ._steps import ValidSteps
from ._traces import layer_gates
from .cells import RecurrentState

# A gate, or the tanh of a plain cell scaled to [0, 1], is saturated outside of this range.
SATURATED = (0.05, 0.95)


class LayerActivity(NamedTuple):
    """Statistics of one recurrent layer in one direction, over all valid steps.

    Attributes
    ----------
    name : str
        Name of the layer's submodule.
    cell : str
        Name of the cell.
    deviation : ndarray of float64 of shape (hidden_size,)
        Standard deviation of each state.
    saturation : dict of str to ndarray of shape (2, hidden_size)
        For each gate, the share of steps at which it is below and above `SATURATED`; for a plain
        cell with tanh its states, as "state".
    n_steps : int
        Number of steps.
    """

    name: str
    cell: str
    deviation: np.ndarray
    saturation: dict[str, np.ndarray]
    n_steps: int


class _Totals:
    """Sums over the steps of a layer."""

    def __init__(self, recurrence: Recurrence):
        self.recurrence = recurrence
        self.n_steps = 0
        self.pivot: Tensor | None = None
        self.sums: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0
        self.saturated: dict[str, Tensor] = {}

    def add(
        self, x: Tensor, states: Tensor, valid: ValidSteps, initial: RecurrentState | None
    ) -> None:
        """Add the valid steps of a batch: x (T, B, F) and states (T, B, H)."""
        mask = valid.mask
        chosen = states[mask].double()  # (N, H)
        if self.pivot is None:
            self.pivot = chosen[0]
        self.n_steps += len(chosen)
        self.sums = self.sums + (chosen - self.pivot).sum(0)
        self.squares = self.squares + (chosen - self.pivot).square().sum(0)
        for name, gate in self._gates(x, states, initial).items():
            steps = gate[mask]
            low, high = SATURATED
            counts = torch.stack([(steps < low).sum(0), (steps > high).sum(0)])
            self.saturated[name] = self.saturated.get(name, torch.zeros_like(counts)) + counts

    def _gates(
        self, x: Tensor, states: Tensor, initial: RecurrentState | None
    ) -> dict[str, Tensor]:
        """Activations of the gates (T, B, H), from a layer's input and states."""
        if self.recurrence.cell.name == "rnn_tanh":
            return {"state": (states + 1.0) / 2.0}
        gates = layer_gates(self.recurrence, x, states, initial)
        return {name: gate for name, gate in gates.items() if name != "new"}

    def activity(self, name: str) -> LayerActivity:
        """Return the statistics."""
        mean = cast(Tensor, self.sums) / self.n_steps
        variance = cast(Tensor, self.squares) / self.n_steps - mean.square()
        return LayerActivity(
            name,
            self.recurrence.cell.name,
            variance.clamp(min=0.0).sqrt().numpy(),
            {k: (counts / self.n_steps).numpy() for k, counts in self.saturated.items()},
            self.n_steps,
        )


def layer_activities(module: nn.Module, batches: Iterable[dict[str, Any]]) -> list[LayerActivity]:
    """Observe the states and gates of all recurrent layers, also of decoders.

    Unlike in `trace_layers`, layers run as a whole and in the dtype of the network, because custom
    cells have no single steps, and up to a thousand sequences are read, in about half of the time.
    Cell states are not needed, and the gates follow from the hidden states.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    batches : iterable of dict
        Its arguments for each batch, on the CPU.
    """
    copied = inspection_copy(module)
    totals = {name: _Totals(part) for name, part in _recurrences(copied)}
    for name, recurrence in _recurrences(copied):
        _watch(recurrence, totals[name])
    with torch.no_grad():
        for inputs in batches:
            copied(**inputs)
    return [each.activity(name) for name, each in totals.items() if each.n_steps]


def _recurrences(module: nn.Module) -> list[tuple[str, Recurrence]]:
    return [(name, part) for name, part in module.named_modules() if isinstance(part, Recurrence)]


def _watch(recurrence: Recurrence, totals: _Totals) -> None:
    """Add what a layer computes to its totals, whether it is called or run."""
    forward, run = recurrence.forward, recurrence.run

    def watched_forward(
        x: Tensor,
        valid: ValidSteps,
        initial: RecurrentState | None = None,
        keep: Tensor | None = None,
    ) -> Tensor:
        states = forward(x, valid, initial, keep)
        totals.add(x, states, valid, initial)
        return states

    def watched_run(
        x: Tensor,
        valid: ValidSteps,
        initial: RecurrentState | None,
        keep: Tensor | None = None,
    ) -> tuple[Tensor, RecurrentState]:
        states, final = run(x, valid, initial, keep)
        totals.add(x, states, valid, initial)
        return states, final

    recurrence.__dict__.update(forward=watched_forward, run=watched_run)
