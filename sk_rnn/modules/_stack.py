"""Stacked recurrent layers over padded, time-major batches.

Each direction is a separate module and processes every row from its first step on, so padding is
always after the valid steps and never influences a state that is used.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ..kernels import recurrent_layer
from ._dropout import Dropout
from ._recurrence import Recurrence
from ._steps import ValidSteps, last_states
from .cells import Cell, ForgetBias, RecurrentState, find_cell


class RecurrentStack(nn.Module):
    """Stacked recurrent layers, in one direction or both.

    Parameters
    ----------
    cell : str, type or Cell
        A name in `CELLS`, a cell, or a class of `torch.nn.Module`. The class is called as
        ``cell(input_size, hidden_size, **cell_params)`` and its instances as ``module(x)`` with
        ``x`` of shape (n_timesteps, batch, input_size); they return an output of shape
        (n_timesteps, batch, hidden_size), or a tuple that begins with it. It must be causal: the
        output at a step may only depend on that step and earlier ones.
    input_size, hidden_size, num_layers : int
        Sizes.
    bidirectional : bool
        Add a second direction, which starts at the end of each row.
    dropout : float in [0, 1)
        Between the layers.
    recurrent_dropout : float in [0, 1)
        On the recurrent state, one mask per sequence.
    layer_norm : bool
        Normalise each layer's output over its features.
    """

    def __init__(
        self,
        cell: str | type[nn.Module] | Cell,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        forget_bias: ForgetBias = None,
        generator: torch.Generator | None = None,
        cell_params: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.cell = find_cell(cell, cell_params)
        self.backend = "torch"  # or "numba": see `set_backend`
        self.bidirectional = bidirectional
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.layer_norm = layer_norm
        self.output_size = hidden_size * (2 if bidirectional else 1)

        def layers() -> nn.ModuleList:
            return nn.ModuleList(
                Recurrence(
                    self.cell,
                    input_size if layer == 0 else self.output_size,
                    hidden_size,
                    recurrent_dropout=recurrent_dropout,
                    forget_bias=forget_bias,
                    generator=generator,
                )
                for layer in range(num_layers)
            )

        self.forward_layers = layers()
        self.backward_layers = layers() if bidirectional else None
        self.norms = nn.ModuleList(
            nn.LayerNorm(self.output_size) if layer_norm else nn.Identity()
            for _ in range(num_layers)
        )
        self.dropout = Dropout(dropout)

    @property
    def carries(self) -> bool:
        """Whether states can be passed in and out, which custom cells do not support."""
        return self.cell.n_states > 0

    def forward(
        self,
        x: Tensor,
        valid: ValidSteps,
        initial: list[RecurrentState] | None = None,
        keep: list[Tensor | None] | None = None,
    ) -> Tensor:
        """(T, B, input_size) to (T, B, output_size), forward direction's features first.

        ``initial`` and ``keep`` as in `run`.
        """
        for layer in range(self.num_layers):
            starts, masks = self._of_layer(layer, initial), self._of_layer(layer, keep)
            x = self._layer(layer, x, valid, starts, masks)
        return x

    def last(self, x: Tensor, valid: ValidSteps) -> Tensor:
        """Each direction's final state in the last layer: (T, B, input_size) to (B, output_size).

        The kernels return these states directly, so that no gradient for all other states needs to
        be written.
        """
        last_layer = self.num_layers - 1
        masks: list[None] = self._of_layer(last_layer, None)
        for layer in range(last_layer):
            x = self._layer(layer, x, valid, masks, masks)
        # A norm uses both directions' states of a step, but the final states are from two steps.
        if self.layer_norm or not self._uses_kernel(x):
            states = self._layer(last_layer, x, valid, masks, masks)
            return last_states(states, valid, self.bidirectional)
        x = self._dropout_before(last_layer, x)
        final = self._kernel(self.recurrences(last_layer), x, valid, masks, masks)[
            1
        ]  # (C, D, B, H)
        return final[0].transpose(0, 1).flatten(1)

    def _layer(
        self,
        layer: int,
        x: Tensor,
        valid: ValidSteps,
        starts: Sequence[RecurrentState | None],
        masks: Sequence[Tensor | None],
    ) -> Tensor:
        """One layer of `forward`, with the dropout before it and the norm after it."""
        x = self._dropout_before(layer, x)
        if self._uses_kernel(x):
            x = self._kernel(self.recurrences(layer), x, valid, starts, masks)[0]
        else:
            outputs = [
                reversal(recurrence(reversal(x), valid, start, mask))
                for (recurrence, reversal), start, mask in zip(
                    self._directions(layer, valid), starts, masks, strict=True
                )
            ]
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)  # (T, B, D * H)
        return self._normalised(layer, x)

    def _normalised(self, layer: int, x: Tensor) -> Tensor:
        return self.norms[layer](x) if self.layer_norm else x

    def run(
        self,
        x: Tensor,
        valid: ValidSteps,
        initial: list[RecurrentState] | None = None,
        keep: list[Tensor | None] | None = None,
    ) -> tuple[Tensor, list[RecurrentState]]:
        """Like `forward`, from given initial states, and also return the final states.

        Parameters
        ----------
        x : Tensor of shape (T, B, input_size)
        valid : ValidSteps
        initial : list of RecurrentState or None
            One for each layer and direction: layer 0 forward, layer 0 backward, layer 1 forward
            and so on. None for zeros.
        keep : list of Tensor or None
            Recurrent dropout's factors (B, hidden_size), in the same order: see `draw_masks`. None
            draws them.

        Returns
        -------
        output : Tensor of shape (T, B, output_size)
        finals : list of RecurrentState
            In the order of ``initial``: after a row's last step, or after its first if backward.
        """
        finals: list[RecurrentState] = []
        for layer in range(self.num_layers):
            starts, masks = self._of_layer(layer, initial), self._of_layer(layer, keep)
            x, layer_finals = self.run_layer(layer, x, valid, starts, masks)
            finals += layer_finals
        return x, finals

    def run_layer(
        self,
        layer: int,
        x: Tensor,
        valid: ValidSteps,
        starts: Sequence[RecurrentState | None],
        masks: Sequence[Tensor | None],
    ) -> tuple[Tensor, list[RecurrentState]]:
        """One layer of `run`, with the dropout before it and the norm after it."""
        x = self._dropout_before(layer, x)
        if self._uses_kernel(x):
            x, last = self._kernel(self.recurrences(layer), x, valid, starts, masks)
            finals = [tuple(last[:, i]) for i in range(last.shape[1])]
        else:
            outputs, finals = [], []
            pairs = zip(self._directions(layer, valid), starts, masks, strict=True)
            for (recurrence, reversal), start, mask in pairs:
                output, final = recurrence.run(reversal(x), valid, start, mask)
                outputs.append(reversal(output))
                finals.append(final)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
        return self._normalised(layer, x), finals

    def run_direction(
        self,
        layer: int,
        direction: int,
        x: Tensor,
        valid: ValidSteps,
        start: RecurrentState,
        mask: Tensor | None,
    ) -> RecurrentState:
        """Each row's state at its end in one direction of one layer: 0 forward, 1 backward."""
        x = self._dropout_before(layer, x)
        recurrence, reversal = self._directions(layer, valid)[direction]
        if self._uses_kernel(x):
            return tuple(self._kernel([recurrence], reversal(x), valid, [start], [mask])[1][:, 0])
        return recurrence.run(reversal(x), valid, start, mask)[1]

    def draw_masks(self, n_rows: int, reference: Tensor) -> list[Tensor | None]:
        """Recurrent dropout's factors for each layer and direction, to run one batch in chunks."""
        recurrences = [
            recurrence for layer in range(self.num_layers) for recurrence in self.recurrences(layer)
        ]
        return [recurrence.recurrent_mask(n_rows, reference) for recurrence in recurrences]

    def _of_layer(self, layer: int, given: Sequence[Any] | None) -> list[Any]:
        """The items of one layer, from a list with one per layer and direction."""
        n_directions = 2 if self.bidirectional else 1
        if given is None:
            return [None] * n_directions
        return [*given[layer * n_directions : (layer + 1) * n_directions]]

    def _dropout_before(self, layer: int, x: Tensor) -> Tensor:
        return self.dropout(x) if layer else x

    def recurrences(self, layer: int) -> list[Recurrence]:
        """The recurrences of a layer, one for each direction."""
        stacks = [self.forward_layers, self.backward_layers]
        return [cast(Recurrence, stack[layer]) for stack in stacks if stack is not None]

    def _directions(
        self, layer: int, valid: ValidSteps
    ) -> list[tuple[Recurrence, Callable[[Tensor], Tensor]]]:
        """The recurrences of a layer, each with the function that reverses its input and output."""
        reversals: list[Callable[[Tensor], Tensor]] = [lambda x: x, valid.reverse]
        return list(zip(self.recurrences(layer), reversals, strict=False))

    def _uses_kernel(self, x: Tensor) -> bool:
        """Whether the kernels support a layer with this input."""
        return (
            self.backend == "numba"
            and self.cell.has_kernel
            and x.device.type == "cpu"
            and not torch.is_autocast_enabled("cpu")
        )

    def _kernel(
        self,
        directions: list[Recurrence],
        x: Tensor,
        valid: ValidSteps,
        starts: Sequence[RecurrentState | None],
        masks: Sequence[Tensor | None],
    ) -> tuple[Tensor, Tensor]:
        """One call of the kernels; the second direction reads ``x`` from the end of each row.

        Returns the states (T, B, D * H), and the final ones (C, D, B, H).
        """
        if masks[0] is None:
            masks = [recurrence.recurrent_mask(x.shape[1], x) for recurrence in directions]
        keep = None if masks[0] is None else torch.cat(cast(list[Tensor], masks), dim=1)
        initial = None
        if starts[0] is not None:
            by_direction = [
                torch.stack(cast(RecurrentState, start)) for start in starts
            ]  # (C, B, H)
            initial = torch.stack(by_direction, dim=1)  # (C, D, B, H)
        return recurrent_layer(
            self.cell.name,
            x,
            valid.lengths,
            [recurrence.weights for recurrence in directions],
            initial=initial,
            keep=keep,
        )
