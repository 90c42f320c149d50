"""States, gates and gradients of every time step, in plain torch, for inspection.

The kernels, and torch's recurrent layers, return hidden states only. Here a layer is run step by
step, so that the cell states, the gates, and the gradient of every state are accessible.
"""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ._losses import Targets, WeightedLoss
from ._model import SequenceModel, set_backend
from ._recurrence import Recurrence
from ._seq2seq import Seq2SeqModel
from ._stack import RecurrentStack
from ._steps import ValidSteps
from .cells import RecurrentState

# Integrated gradients: numbers of points on the path from the baseline to the sequence, and how
# many of them are computed at a time.
_FEWEST_POINTS, _MOST_POINTS, _POINTS_AT_ONCE = 32, 4096, 32

# The error of integrated gradients is relative to the difference of both outputs, or to this
# fraction of the sum of the attributions' sizes if that is larger.
_LEAST_DIFFERENCE = 0.01


class DirectionTrace(NamedTuple):
    """One layer in one direction, with a list entry per time step in the order of reading.

    Attributes
    ----------
    states : list of RecurrentState
        Each (B, H): the hidden state and, of an LSTM, the cell state, after the step.
    gates : list of dict of Tensor
        Each (B, H); empty for cells without gates, and if gates were not requested.
    """

    states: list[RecurrentState]
    gates: list[dict[str, Tensor]]


class Saliency(NamedTuple):
    """Attributions of one sequence, and the outputs whose difference is attributed.

    Attributes
    ----------
    attributions : Tensor of shape (T, F)
        For token ids, F is 1.
    output, baseline_output : float
        Of the sequence, and of the baseline.
    n_points : int
        Number of points on the path.
    """

    attributions: Tensor
    output: float
    baseline_output: float
    n_points: int


def inspection_copy(module: nn.Module) -> Any:
    """Return a copy in float64, on the CPU, in evaluation mode."""
    copied = copy.deepcopy(module).cpu().double().eval()
    set_backend(copied, "torch")
    return copied


def trace_recurrence(
    recurrence: Recurrence, x: Tensor, *, with_gates: bool = False
) -> DirectionTrace:
    """Run a built-in cell over (T, B, input_size), from zero states."""
    cell = recurrence.cell
    step = cast(Callable[..., RecurrentState], cell.step)
    weight_ih, weight_hh, bias_ih, bias_hh = recurrence.weights
    state = (x.new_zeros(x.shape[1], recurrence.hidden_size),) * cell.n_states
    trace = DirectionTrace([], [])
    for projected in linear(x, weight_ih, bias_ih).unbind(0):
        recurrent = linear(state[0], weight_hh, bias_hh)
        gates = cell.gates(projected, recurrent) if with_gates and cell.gates else {}
        trace.gates.append(gates)
        state = step(projected, recurrent, state)
        trace.states.append(state)
    return trace


def trace_stack(
    stack: RecurrentStack, x: Tensor, valid: ValidSteps, *, with_gates: bool = False
) -> tuple[Tensor, list[list[DirectionTrace]]]:
    """Run stacked layers with a built-in cell, in evaluation mode.

    Parameters
    ----------
    stack : RecurrentStack
    x : Tensor of shape (T, B, input_size)
    valid : ValidSteps
    with_gates : bool
        Whether to return the gates, too.

    Returns
    -------
    output : Tensor of shape (T, B, output_size)
        As of the stack itself.
    traces : list of list of DirectionTrace
        For each layer, one per direction; the backward direction reads from the end of each row.
    """
    traces = []
    for layer in range(stack.num_layers):
        outputs, of_layer = [], []
        reversals: list[Callable[[Tensor], Tensor]] = [lambda given: given, valid.reverse]
        for recurrence, reversal in zip(stack.recurrences(layer), reversals, strict=False):
            trace = trace_recurrence(recurrence, reversal(x), with_gates=with_gates)
            outputs.append(reversal(torch.stack([state[0] for state in trace.states])))
            of_layer.append(trace)
        x = stack.norms[layer](torch.cat(outputs, dim=2))
        traces.append(of_layer)
    return x, traces


def trace_encoder(
    module: SequenceModel | Seq2SeqModel, x: Tensor, lengths: Tensor, *, with_gates: bool = False
) -> tuple[Tensor, ValidSteps, list[list[DirectionTrace]]]:
    """Run the encoder of a module over a padded batch; see `trace_stack`."""
    valid = ValidSteps(lengths, x.device)
    if isinstance(module, SequenceModel):
        x = module.prepare(x, valid)
    x, valid = module.encoder.recurrence_input(x, valid)
    output, traces = trace_stack(module.encoder.recurrent, x, valid, with_gates=with_gates)
    return output, valid, traces


# --- gradients of the states ----------------------------------------------------------------------


def gradient_norms(
    module: SequenceModel | Seq2SeqModel,
    criterion: WeightedLoss | None,
    inputs: dict[str, Any],
    targets: Targets,
    probe: Tensor | None = None,
) -> tuple[list[list[Tensor]], Tensor]:
    """Compute the norm of the gradient of a scalar per row with respect to the states of each step.

    The scalar is the loss of the row, or the product of ``probe`` (B, H) with the last state of the
    last layer. With outputs per time step, it is the loss of the step that a direction reads last.

    Returns
    -------
    norms : list of list of Tensor of shape (T, B)
        For each layer and direction, in the order of reading. The gradient is that of the hidden
        and the cell state together. Undefined at padded steps.
    lengths : Tensor of shape (B,)
        Number of valid steps of the recurrence.
    """
    with torch.enable_grad():
        x, lengths = inputs["x"], inputs["lengths"]
        states, valid, traces = trace_encoder(module, x, lengths)
        n_directions = len(traces[0])
        outputs: Tensor | None = None
        norms: list[list[Tensor]] = [[] for _ in traces]
        for direction in range(n_directions):
            if probe is not None:
                last = _last_of_direction(states, valid, direction, n_directions)
                scalar = (last * probe).sum()
            else:
                assert criterion is not None
                if outputs is None:
                    outputs = _outputs(module, states, valid, inputs)
                losses = criterion.per_row(outputs, cast(Tensor, targets.values))
                if targets.weights is not None:  # rows without weight have no loss
                    losses = losses * (targets.weights > 0)
                if isinstance(module, SequenceModel) and module.pooling is None:
                    ends = valid.lengths.cumsum(0)
                    losses = losses[ends - valid.lengths if direction else ends - 1]
                scalar = losses.sum()
            wanted = [part for layer in traces for part in _parts(layer[direction])]
            found = iter(torch.autograd.grad(scalar, wanted, retain_graph=True, allow_unused=True))
            for number, layer in enumerate(traces):
                squares = []
                for state in layer[direction].states:
                    square = states.new_zeros(states.shape[1])
                    for _ in state:
                        gradient = next(found)
                        if gradient is not None:
                            square = square + gradient.square().sum(1)
                    squares.append(square)
                norms[number].append(torch.stack(squares).sqrt())
    return norms, valid.lengths


def _parts(trace: DirectionTrace) -> list[Tensor]:
    return [part for state in trace.states for part in state]


def _last_of_direction(
    states: Tensor, valid: ValidSteps, direction: int, n_directions: int
) -> Tensor:
    """The state after the step that a direction reads last: (B, H)."""
    size = states.shape[2] // n_directions
    if direction:
        return states[0, :, size:]
    return valid.last(states)[:, :size]


def _outputs(
    module: SequenceModel | Seq2SeqModel, states: Tensor, valid: ValidSteps, inputs: dict[str, Any]
) -> Tensor:
    """The outputs from the states of the encoder, one row per target.

    For a `Seq2SeqModel`, given targets are inputs of the decoder.
    """
    if isinstance(module, Seq2SeqModel):
        target = inputs["target"]
        memory = module.decoder.remember(states, valid)
        steps = ValidSteps(inputs["target_lengths"], target.device)
        readouts, _ = module.decoder(module.shift(target), steps, memory)
        return module.decoder.output(readouts.flatten(0, 1).index_select(0, inputs["positions"]))
    if module.pooling is not None:
        return module.head(module.pooling(states, valid))
    return module.head(states.flatten(0, 1).index_select(0, inputs["positions"]))


# --- gradients of the inputs ----------------------------------------------------------------------


def integrated_gradients(
    module: SequenceModel,
    x: Tensor,
    baseline: Tensor | None,
    weights: Tensor,
    bias: float,
    step: int | None,
    tol: float,
) -> Saliency:
    """Attribute the output of one sequence to its values (Sundararajan, Taly & Yan, 2017).

    The gradient is averaged over the midpoints of equal parts of the straight path from the
    baseline to the sequence. The number of parts is doubled until the attributions sum to the
    difference of both outputs, up to a fraction ``tol`` of it.

    Parameters
    ----------
    module : SequenceModel
        From `inspection_copy`. For token ids, its embedding is replaced by the identity.
    x : Tensor of shape (T, F), or (T,) for token ids, (T, 1 + L) with their letters
    baseline : Tensor of shape (T, F) or None
        None for zeros; for token ids, the zero vector.
    weights : Tensor of shape (n_outputs,)
    bias : float
        The attributed output is ``outputs @ weights + bias``.
    step : int or None
        The time step of the output, for outputs per time step.
    tol : float
    """
    is_ids = not x.is_floating_point()
    if is_ids:
        x = module.encoder.embedding(x[:, None])[:, 0].detach()  # (T, E)
        module.encoder.embedding = nn.Identity()
    start = torch.zeros_like(x) if baseline is None else baseline
    n_timesteps = len(x)

    def compute(points: Tensor) -> Tensor:
        """(T, K, F) to (K,)."""
        n = points.shape[1]
        lengths = torch.full((n,), n_timesteps)
        positions = None if step is None else step * n + torch.arange(n)
        return module(points, lengths, positions) @ weights + bias

    with torch.no_grad():
        ends = compute(torch.stack([x, start], dim=1))
    output, origin = float(ends[0]), float(ends[1])
    n_points = _FEWEST_POINTS
    while True:
        total = torch.zeros_like(x)
        shares = (torch.arange(n_points, dtype=x.dtype) + 0.5) / n_points
        for part in shares.split(_POINTS_AT_ONCE):
            points = start[:, None] + part[None, :, None] * (x - start)[:, None]
            with torch.enable_grad():
                points.requires_grad_(True)
                (gradient,) = torch.autograd.grad(compute(points).sum(), points)
            total += gradient.sum(1)
        attributions = (x - start) * total / n_points
        gap = abs(float(attributions.sum()) - (output - origin))
        size = max(abs(output - origin), _LEAST_DIFFERENCE * float(attributions.abs().sum()))
        if gap <= tol * size or n_points >= _MOST_POINTS:
            break
        n_points *= 2
    if is_ids:
        attributions = attributions.sum(1, keepdim=True)
    return Saliency(attributions, output, origin, n_points)
