"""States, gates and gradients inside the recurrent layers of a fitted network."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ._copies import observable_copy
from ._losses import Targets, WeightedLoss
from ._recurrence import Recurrence
from ._steps import ValidSteps
from .cells import RecurrentState

# A gate, or the tanh of a plain cell scaled to [0, 1], is saturated outside of this range.
SATURATED = (0.05, 0.95)

# Gates of the cells that have any: their index among the blocks of weights.
_GATES = {
    "gru": {"reset": 0, "update": 1},
    "lstm": {"input": 0, "forget": 1, "output": 3},
}


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


class GradientProfile(NamedTuple):
    """Norms of the gradient of the loss with respect to the states of a layer and direction.

    Attributes
    ----------
    name : str
        Name of the layer's submodule.
    norms : ndarray of float64 of shape (n_distances,)
        Mean norm over sequences, by the number of steps before the last one that is read.
    """

    name: str
    norms: np.ndarray


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
        cell = self.recurrence.cell.name
        if cell == "rnn_tanh":
            return {"state": (states + 1.0) / 2.0}
        if cell not in _GATES:
            return {}
        weight_ih, weight_hh, bias_ih, bias_hh = self.recurrence.weights
        first = torch.zeros_like(states[:1]) if initial is None else initial[0][None]
        before = torch.cat([first, states[:-1]])
        blocks = (linear(x, weight_ih, bias_ih) + linear(before, weight_hh, bias_hh)).chunk(
            self.recurrence.cell.n_gates, dim=2
        )
        return {name: torch.sigmoid(blocks[index]) for name, index in _GATES[cell].items()}

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
    """Observe the states and gates of all recurrent layers.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    batches : iterable of dict
        Its arguments for each batch, on the CPU.
    """
    copied = observable_copy(module)
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


def gradient_profiles(
    module: nn.Module,
    criterion: WeightedLoss,
    inputs: dict[str, Any],
    targets: Targets,
    *,
    within: str = "",
) -> list[GradientProfile]:
    """Norms of d loss / d state by distance from the last step that a layer reads.

    They are total derivatives: of all paths from the state to the loss, through later states and
    through the pooling. The state of an LSTM is hidden state and cell state together. With an
    output per time step, the loss is that of the last step, and backward layers are left out.

    Parameters
    ----------
    module : torch.nn.Module
        The network; its cells have a `step`.
    criterion : WeightedLoss
    inputs : dict
        Arguments of the module for one batch, on the CPU.
    targets : Targets
        Those of the batch.
    within : str
        Only layers whose name begins with it.

    Examples
    --------
    >>> import torch
    >>> from sk_rnn.modules import SequenceModel, SquaredError, Targets, gradient_profiles
    >>> model = SequenceModel(
    ...     n_features=1, n_outputs=1, cell="rnn_relu", hidden_size=1, pooling="last",
    ...     head_norm=None)
    >>> for weight, value in zip(model.encoder.parameters(), [1.0, 0.5, 0.0, 0.0]):
    ...     _ = torch.nn.init.constant_(weight, value)
    >>> x = torch.ones(4, 1, 1)
    >>> inputs = {"x": x, "lengths": torch.tensor([4])}
    >>> norms = gradient_profiles(model, SquaredError(), inputs, Targets(torch.ones(1, 1)))[0].norms
    >>> [round(float(value), 3) for value in norms / norms[0]]
    [1.0, 0.5, 0.25, 0.125]
    """
    copied = observable_copy(module)
    recorded: list[tuple[str, Tensor, list[RecurrentState]]] = []
    for name, recurrence in _recurrences(copied):
        if name.startswith(within):
            record = partial(_record, recorded, name)
            unrolled = partial(_unroll, recurrence, record)
            recurrence.__dict__.update(forward=partial(_first, unrolled), run=unrolled)
    with torch.enable_grad():
        losses = criterion.per_row(copied(**inputs), cast(Tensor, targets.values))
        per_step = targets.lengths is not None and not {"target", "labels"} & inputs.keys()
        if per_step:
            losses = losses[cast(Tensor, targets.lengths).cumsum(0) - 1]
        parts = [part for *_, states in recorded for state in states for part in state]
        gradients = iter(torch.autograd.grad(losses.sum(), parts, allow_unused=True))
    found = []
    for name, lengths, states in recorded:
        squares = torch.zeros(len(states), len(lengths), dtype=torch.float64)
        for t, state in enumerate(states):
            for _ in state:
                gradient = next(gradients)
                if gradient is not None:
                    squares[t] += gradient.double().square().sum(1)
        if not (per_step and "backward" in name):
            found.append(GradientProfile(name, _by_distance(squares.sqrt(), lengths)))
    return found


def _record(recorded: list[Any], name: str, lengths: Tensor, states: list[RecurrentState]) -> None:
    recorded.append((name, lengths, states))


def _first(unrolled: Callable[..., tuple[Tensor, RecurrentState]], *args: Any) -> Tensor:
    return unrolled(*args)[0]


def _unroll(
    recurrence: Recurrence,
    record: Callable[[Tensor, list[RecurrentState]], None],
    x: Tensor,
    valid: ValidSteps,
    initial: RecurrentState | None = None,
    keep: Tensor | None = None,
) -> tuple[Tensor, RecurrentState]:
    """Run a layer step by step, as `Recurrence.run`, and record its states."""
    step = cast(Any, recurrence.cell.step)
    weight_ih, weight_hh, bias_ih, bias_hh = recurrence.weights
    state = initial
    if state is None:
        zeros = x.new_zeros(x.shape[1], recurrence.hidden_size)
        state = (zeros,) * recurrence.cell.n_states
    states = []
    for projected in linear(x, weight_ih, bias_ih).unbind(0):
        # Views, so that the gradient with respect to an LSTM's cell state does not include the
        # path through the hidden state of the same step.
        parts = step(projected, linear(state[0], weight_hh, bias_hh), state)
        state = tuple(part.view_as(part) for part in parts)
        states.append(state)
    record(valid.lengths, states)
    histories = [torch.stack(parts) for parts in zip(*states, strict=True)]
    return histories[0], tuple(valid.last(history) for history in histories)


def _by_distance(norms: Tensor, lengths: Tensor) -> np.ndarray:
    """Mean of norms (T, B) by distance from the end of each row."""
    steps = torch.arange(len(norms))[:, None]
    distance = lengths[None, :] - 1 - steps  # (T, B)
    there = distance >= 0
    totals = torch.zeros(len(norms), dtype=torch.float64)
    totals.index_add_(0, distance[there], norms[there])
    counts = torch.bincount(distance[there], minlength=len(norms))
    return (totals / counts.clamp(min=1)).numpy()[: int(lengths.max())]
