"""States and gates of every time step of a network's encoder.

The kernels, and torch's recurrent layers, return hidden states only. Here a layer is run step by
step, so that its cell states, and the gradient of every state, are accessible.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import linear

from ._model import SequenceModel
from ._recurrence import Recurrence
from ._stack import RecurrentStack
from ._steps import ValidSteps
from .cells import RecurrentState

T = TypeVar("T")


class LayerTrace(NamedTuple):
    """What one layer computed in one direction, in the order of reading.

    Attributes
    ----------
    recurrence : Recurrence
        The layer.
    x : Tensor of shape (T, B, input_size)
        Its input.
    lengths : Tensor of shape (B,)
        Number of valid steps of each row.
    states : list of RecurrentState
        Each (B, H): the hidden state and, of an LSTM, the cell state, after the step. Undefined at
        padded steps.
    """

    recurrence: Recurrence
    x: Tensor
    lengths: Tensor
    states: list[RecurrentState]

    def histories(self) -> list[Tensor]:
        """Each part of the state at all steps: (T, B, H)."""
        return [torch.stack(parts) for parts in zip(*self.states, strict=True)]

    def gates(self) -> dict[str, Tensor]:
        """See `layer_gates`."""
        return layer_gates(self.recurrence, self.x, self.histories()[0])


def trace_layers(stack: RecurrentStack, run: Callable[[], T]) -> tuple[T, list[list[LayerTrace]]]:
    """Call a function that runs stacked layers once, and return its result and what they computed.

    Parameters
    ----------
    stack : RecurrentStack
        Layers with a built-in cell, of a module from `inspection_copy`.
    run : callable
        The function; its result is returned, too.

    Returns
    -------
    result : object
    traces : list of list of LayerTrace
        For each layer, one per direction; the backward direction reads from the end of each row.
    """
    traces: dict[Recurrence, LayerTrace] = {}

    def traced(recurrence: Recurrence) -> Callable[..., Tensor]:
        def forward(
            x: Tensor,
            valid: ValidSteps,
            initial: RecurrentState | None = None,
            keep: Tensor | None = None,
        ) -> Tensor:
            states = list(recurrence.each_state(x, initial, separate=True))
            traces[recurrence] = trace = LayerTrace(recurrence, x, valid.lengths, states)
            return trace.histories()[0]

        return forward

    layers = [stack.recurrences(layer) for layer in range(stack.num_layers)]
    for layer in layers:
        for recurrence in layer:
            recurrence.__dict__["forward"] = traced(recurrence)
    try:
        result = run()
    finally:
        for layer in layers:
            for recurrence in layer:
                del recurrence.__dict__["forward"]
    return result, [[traces[recurrence] for recurrence in layer] for layer in layers]


def layer_gates(
    recurrence: Recurrence, x: Tensor, states: Tensor, initial: RecurrentState | None = None
) -> dict[str, Tensor]:
    """Compute the gates of a layer from its input and its hidden states, all steps at once.

    Parameters
    ----------
    recurrence : Recurrence
    x : Tensor of shape (T, B, input_size)
    states : Tensor of shape (T, B, H)
    initial : RecurrentState or None
        State before the first step; None for zeros.

    Returns
    -------
    dict of str to Tensor of shape (T, B, H)
        The gates, and as "new" the new state that they mix in. Empty for cells without gates.
    """
    cell = recurrence.cell
    if cell.gates is None:
        return {}
    weight_ih, weight_hh, bias_ih, bias_hh = recurrence.weights
    first = torch.zeros_like(states[:1]) if initial is None else initial[0][None]
    before = torch.cat([first, states[:-1]])
    gates = cell.gates(
        linear(x, weight_ih, bias_ih).flatten(0, 1),
        linear(before, weight_hh, bias_hh).flatten(0, 1),
    )
    return {name: gate.unflatten(0, states.shape[:2]) for name, gate in gates.items()}


def encode_steps(module: Any, x: Tensor, lengths: Tensor) -> tuple[Tensor, ValidSteps]:
    """Run the encoder of a module over a padded batch, as its `forward` does in evaluation mode.

    Parameters
    ----------
    module : SequenceModel, Seq2SeqModel or CTCModel
    x : Tensor of shape (T, B, F), or of integers for tokens
    lengths : Tensor of shape (B,), int64, on the CPU

    Returns
    -------
    states : Tensor of shape (T', B, output_size)
    valid : ValidSteps
        The valid steps of the states.
    """
    valid = ValidSteps(lengths, x.device)
    if isinstance(module, SequenceModel):
        x = module.prepare(x, valid)
    states, valid = module.encoder(x, valid)
    return states, valid
