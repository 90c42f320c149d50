"""Recurrent layers over padded, time-major batches.

Each direction is a module of its own and sees every row from its first step on, so padding always
comes after the valid steps and never passes through a state that is read.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..kernels import DirectionWeights, recurrent_layer
from ._dropout import Dropout, SeededModule
from ._pooling import last_states
from ._steps import ValidSteps

# Made without storage, to be filled by `_initialise`: torch's own initialisation would draw from
# the global generator. The dtype is said, because torch's default one is the user's to change.
_EMPTY: dict[str, Any] = {"device": "meta", "dtype": torch.float32}

CELLS: dict[str, Callable[[int, int], nn.RNNBase]] = {
    "rnn_tanh": lambda n_in, n_hidden: nn.RNN(n_in, n_hidden, **_EMPTY),
    "rnn_relu": lambda n_in, n_hidden: nn.RNN(n_in, n_hidden, nonlinearity="relu", **_EMPTY),
    "gru": lambda n_in, n_hidden: nn.GRU(n_in, n_hidden, **_EMPTY),
    "lstm": lambda n_in, n_hidden: nn.LSTM(n_in, n_hidden, **_EMPTY),
}


# What a cell hands from step to step, each (B, H): the state, and the LSTM's carry.
State = tuple[Tensor, ...]


class Recurrence(SeededModule):
    """One recurrent cell run over time, in one direction.

    Parameters
    ----------
    cell : str or type
        "rnn_tanh", "rnn_relu", "gru", "lstm", or a module class: see `RecurrentStack`.
    input_size, hidden_size : int
        Features in and out.
    recurrent_dropout : float in [0, 1)
        Dropout of the state that enters the recurrent product, with one mask a sequence
        (Gal & Ghahramani, 2016, "A theoretically grounded application of dropout in recurrent
        neural networks"). The LSTM's cell state and the GRU's carried state stay whole.
    forget_bias : float
        Initial bias of the LSTM's forget gate; 1 lets gradients through from the start
        (Jozefowicz, Zaremba & Sutskever, 2015).
    generator : torch.Generator or None
        Source of the initial weights.
    cell_params : mapping
        Further arguments of a user's cell.
    """

    def __init__(
        self,
        cell: str | type[nn.Module],
        input_size: int,
        hidden_size: int,
        *,
        recurrent_dropout: float = 0.0,
        forget_bias: float = 1.0,
        generator: torch.Generator | None = None,
        cell_params: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.recurrent_dropout = recurrent_dropout
        if isinstance(cell, str):
            rnn = CELLS[cell](input_size, hidden_size).to_empty(device="cpu")
            _initialise(rnn, forget_bias, generator)
            self.rnn: nn.Module = rnn
            self.builtin = True
        else:
            self.rnn = cell(input_size, hidden_size, **(cell_params or {}))
            self.builtin = False

    def forward(
        self,
        x: Tensor,
        valid: ValidSteps,
        initial: State | None = None,
        keep: Tensor | None = None,
    ) -> Tensor:
        """(T, B, input_size) to (T, B, hidden_size); what stands at padded steps is undefined.

        ``keep`` are recurrent dropout's factors (B, hidden_size); None draws them.
        """
        if self.training and self.recurrent_dropout:
            return self._masked_loop(x, valid, initial, keep)[0]
        if self.builtin and x.is_cuda and not valid.full:
            return self._packed(x, valid, initial)[0]
        output = self.rnn(x) if initial is None else self.rnn(x, self._as_torch(initial))
        return output[0] if isinstance(output, tuple) else output

    def run(
        self, x: Tensor, valid: ValidSteps, initial: State | None, keep: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """The same, with each row's state after its last valid step."""
        if self.training and self.recurrent_dropout:
            return self._masked_loop(x, valid, initial, keep)
        if not valid.full and (x.is_cuda or self.mode == "LSTM"):
            return self._packed(x, valid, initial)
        output, last = self.rnn(x, None if initial is None else self._as_torch(initial))
        if valid.full:
            return output, self._from_torch(last)
        return output, (valid.last(output),)

    @property
    def mode(self) -> str:
        """Name of a built-in cell in torch."""
        return cast(nn.RNNBase, self.rnn).mode

    @property
    def weights(self) -> DirectionWeights:
        """A built-in cell's weights, for the kernels."""
        # Four lookups; torch's own all_weights takes as long as a small product.
        rnn = cast(Any, self.rnn)
        return DirectionWeights(rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0)

    def recurrent_mask(self, n_rows: int, like: Tensor) -> Tensor | None:
        """Recurrent dropout's factors for the rows of a batch; None if nothing is dropped."""
        if not self.training or not self.recurrent_dropout:
            return None
        hidden_size = cast(nn.RNNBase, self.rnn).hidden_size
        return self.keep_mask((n_rows, hidden_size), self.recurrent_dropout, like)

    def _as_torch(self, state: State) -> Any:
        layered = tuple(part[None].contiguous() for part in state)
        return layered if self.mode == "LSTM" else layered[0]

    def _from_torch(self, state: Any) -> State:
        return tuple(part[0] for part in (state if self.mode == "LSTM" else (state,)))

    def _packed(self, x: Tensor, valid: ValidSteps, initial: State | None) -> tuple[Tensor, State]:
        """The same through a PackedSequence, which cuDNN runs without touching the padding.

        On a CPU its backward pass grows with the square of the length: there it is used only where
        the kernels are not and an LSTM's carry at each row's own end is wanted.
        """
        sequence = pack_padded_sequence(x, valid.lengths, enforce_sorted=False)
        start = None if initial is None else self._as_torch(initial)
        packed, last = self.rnn(sequence, start)
        output, _ = pad_packed_sequence(packed, total_length=valid.n_timesteps)
        return output, self._from_torch(last)

    def _masked_loop(
        self, x: Tensor, valid: ValidSteps, initial: State | None, keep: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """The recurrence step by step with a dropped-out state; equations of torch's own cells."""
        rnn = cast(nn.RNNBase, self.rnn)
        weight_ih, weight_hh, bias_ih, bias_hh = rnn.all_weights[0]
        n_rows, hidden_size = x.shape[1], rnn.hidden_size
        mask = cast(Tensor, self.recurrent_mask(n_rows, x) if keep is None else keep)
        state = x.new_zeros(n_rows, hidden_size)
        carry = x.new_zeros(n_rows, hidden_size)  # the LSTM's cell state
        if initial is not None:
            state, carry = initial[0], initial[-1]
        # unbind, not indexing: the backward pass of x[t] fills a (T, B, F) array at each step.
        projected = linear(x, weight_ih, bias_ih).unbind(0)  # T times (B, gates * H)
        outputs, carries = [], []
        for step in projected:
            recurrent = linear(state * mask, weight_hh, bias_hh)
            if rnn.mode == "GRU":
                reset_x, update_x, new_x = step.chunk(3, 1)
                reset_h, update_h, new_h = recurrent.chunk(3, 1)
                update = torch.sigmoid(update_x + update_h)
                new = torch.tanh(new_x + torch.sigmoid(reset_x + reset_h) * new_h)
                state = new + update * (state - new)
            elif rnn.mode == "LSTM":
                entry, forget, new, exit_ = (step + recurrent).chunk(4, 1)
                carry = torch.sigmoid(forget) * carry + torch.sigmoid(entry) * torch.tanh(new)
                state = torch.sigmoid(exit_) * torch.tanh(carry)
                carries.append(carry)
            else:
                activation = torch.tanh if rnn.mode == "RNN_TANH" else torch.relu
                state = activation(step + recurrent)
            outputs.append(state)
        output = torch.stack(outputs)  # (T, B, H)
        histories = (output, torch.stack(carries)) if carries else (output,)
        return output, tuple(valid.last(history) for history in histories)


def _initialise(rnn: nn.RNNBase, forget_bias: float, generator: torch.Generator | None) -> None:
    """Orthogonal recurrent weights and Xavier input weights, gate by gate; zero biases."""
    hidden_size = rnn.hidden_size
    for name, parameter in rnn.named_parameters():
        with torch.no_grad():
            if name.startswith("weight_hh"):
                for gate in parameter.split(hidden_size):
                    nn.init.orthogonal_(gate, generator=generator)
            elif name.startswith("weight_ih"):
                for gate in parameter.split(hidden_size):
                    nn.init.xavier_uniform_(gate, generator=generator)
            else:
                parameter.zero_()
                if rnn.mode == "LSTM" and name.startswith("bias_ih"):
                    parameter[hidden_size : 2 * hidden_size] = forget_bias


class RecurrentStack(nn.Module):
    """Stacked recurrent layers, in one direction or both.

    Parameters
    ----------
    cell : str or type
        "rnn_tanh", "rnn_relu", "gru", "lstm", or a class of `torch.nn.Module`. The class is called
        as ``cell(input_size, hidden_size, **cell_params)`` and its instances as ``module(x)`` with
        ``x`` of shape (n_timesteps, batch, input_size); they return an output of shape
        (n_timesteps, batch, hidden_size), or a tuple that begins with it. It must be causal: the
        output at a step may depend on that step and those before it only.
    input_size, hidden_size, num_layers : int
        Sizes.
    bidirectional : bool
        With a second direction, which starts at each row's own end.
    dropout : float in [0, 1)
        Between the layers.
    recurrent_dropout : float in [0, 1)
        On the recurrent state, one mask a sequence.
    layer_norm : bool
        Normalise each layer's output over its features.
    """

    def __init__(
        self,
        cell: str | type[nn.Module],
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        layer_norm: bool = False,
        forget_bias: float = 1.0,
        generator: torch.Generator | None = None,
        cell_params: Mapping[str, Any] | None = None,
    ):
        super().__init__()
        self.cell = cell
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
                    cell,
                    input_size if layer == 0 else self.output_size,
                    hidden_size,
                    recurrent_dropout=recurrent_dropout,
                    forget_bias=forget_bias,
                    generator=generator,
                    cell_params=cell_params,
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
        """Whether states can be handed in and out, which only built-in cells do."""
        return isinstance(self.cell, str)

    def forward(
        self,
        x: Tensor,
        valid: ValidSteps,
        initial: list[State] | None = None,
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

        The kernels keep these states at hand, so that nothing need be searched for them, and no
        gradient of all the others be written.
        """
        top = self.num_layers - 1
        masks: list[None] = self._of_layer(top, None)
        for layer in range(top):
            x = self._layer(layer, x, valid, masks, masks)
        # A norm looks at both directions' states of a step, and the final ones are of two steps.
        if self.layer_norm or not self._fused(x):
            states = self._layer(top, x, valid, masks, masks)
            return last_states(states, valid, self.bidirectional)
        x = self._between(top, x)
        final = self._kernel(self._recurrences(top), x, valid, masks, masks)[1]  # (C, D, B, H)
        return final[0].transpose(0, 1).flatten(1)

    def _layer(
        self,
        layer: int,
        x: Tensor,
        valid: ValidSteps,
        starts: Sequence[State | None],
        masks: Sequence[Tensor | None],
    ) -> Tensor:
        """One layer of `forward`, with the dropout before it and the norm behind it."""
        x = self._between(layer, x)
        if self._fused(x):
            x = self._kernel(self._recurrences(layer), x, valid, starts, masks)[0]
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
        initial: list[State] | None = None,
        keep: list[Tensor | None] | None = None,
    ) -> tuple[Tensor, list[State]]:
        """The same, from given states, with each row's states at its end.

        Parameters
        ----------
        x : Tensor of shape (T, B, input_size)
        valid : ValidSteps
        initial : list of State or None
            One for each layer and direction: layer 0 forward, layer 0 backward, layer 1 forward
            and so on. None for zeros.
        keep : list of Tensor or None
            Recurrent dropout's factors (B, hidden_size), in the same order: see `draw_masks`. None
            draws them.

        Returns
        -------
        output : Tensor of shape (T, B, output_size)
        finals : list of State
            In the order of ``initial``: after a row's last step, or backwards after its first.
        """
        finals: list[State] = []
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
        starts: Sequence[State | None],
        masks: Sequence[Tensor | None],
    ) -> tuple[Tensor, list[State]]:
        """One layer of `run`, with the dropout before it and the norm behind it."""
        x = self._between(layer, x)
        if self._fused(x):
            x, last = self._kernel(self._recurrences(layer), x, valid, starts, masks)
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
        start: State,
        mask: Tensor | None,
    ) -> State:
        """Each row's state at its end in one direction of one layer: 0 forward, 1 backward."""
        x = self._between(layer, x)
        recurrence, reversal = self._directions(layer, valid)[direction]
        if self._fused(x):
            return tuple(self._kernel([recurrence], reversal(x), valid, [start], [mask])[1][:, 0])
        return recurrence.run(reversal(x), valid, start, mask)[1]

    def draw_masks(self, n_rows: int, like: Tensor) -> list[Tensor | None]:
        """Recurrent dropout's factors for each layer and direction, to run one batch in pieces."""
        recurrences = [
            recurrence
            for layer in range(self.num_layers)
            for recurrence in self._recurrences(layer)
        ]
        return [recurrence.recurrent_mask(n_rows, like) for recurrence in recurrences]

    def _of_layer(self, layer: int, given: Sequence[Any] | None) -> list[Any]:
        """A layer's own of what is given for each layer and direction."""
        n_directions = 2 if self.bidirectional else 1
        if given is None:
            return [None] * n_directions
        return [*given[layer * n_directions : (layer + 1) * n_directions]]

    def _between(self, layer: int, x: Tensor) -> Tensor:
        return self.dropout(x) if layer else x

    def _recurrences(self, layer: int) -> list[Recurrence]:
        stacks = [self.forward_layers, self.backward_layers]
        return [cast(Recurrence, stack[layer]) for stack in stacks if stack is not None]

    def _directions(
        self, layer: int, valid: ValidSteps
    ) -> list[tuple[Recurrence, Callable[[Tensor], Tensor]]]:
        """The layer's recurrences, each with what turns its input and its output around."""
        reversals: list[Callable[[Tensor], Tensor]] = [lambda x: x, valid.reverse]
        return list(zip(self._recurrences(layer), reversals, strict=False))

    def _fused(self, x: Tensor) -> bool:
        """Whether the kernels take a layer with this input."""
        return (
            self.backend == "numba"
            and self.carries
            and x.device.type == "cpu"
            and not torch.is_autocast_enabled("cpu")
        )

    def _kernel(
        self,
        directions: list[Recurrence],
        x: Tensor,
        valid: ValidSteps,
        starts: Sequence[State | None],
        masks: Sequence[Tensor | None],
    ) -> tuple[Tensor, Tensor]:
        """One call of the kernels; a second direction reads ``x`` from each row's end.

        Returns the states (T, B, D * H), and those at the rows' ends (C, D, B, H).
        """
        if masks[0] is None:
            masks = [recurrence.recurrent_mask(x.shape[1], x) for recurrence in directions]
        keep = None if masks[0] is None else torch.cat(cast(list[Tensor], masks), dim=1)
        initial = None
        if starts[0] is not None:
            by_direction = [torch.stack(cast(State, start)) for start in starts]  # (C, B, H)
            initial = torch.stack(by_direction, dim=1)  # (C, D, B, H)
        return recurrent_layer(
            cast(str, self.cell),
            x,
            valid.lengths,
            [recurrence.weights for recurrence in directions],
            initial=initial,
            keep=keep,
        )


def cell_fault(stack: RecurrentStack, hidden_size: int) -> str:
    """What a user's cell does that it must not, tried on a few random numbers; "" if nothing.

    A cell that looks ahead would read padding; one that mixes rows would make a prediction depend
    on the rest of the batch. The second layer is tried, too, whose input is of another size: a cell
    that returns what it is given is right in one of them only. Those above it are like it.
    """
    sizes = (stack.input_size, stack.output_size)
    layers = zip(stack.forward_layers, sizes, strict=False)
    return next(filter(None, (_layer_fault(layer, n, hidden_size) for layer, n in layers)), "")


def _layer_fault(layer: nn.Module, input_size: int, hidden_size: int) -> str:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, 2, input_size, generator=generator)  # (T, B, F)
    valid = ValidSteps(torch.tensor([4, 4]), x.device)
    layer.eval()
    with torch.no_grad():
        output = layer(x, valid)
        expected = (4, 2, hidden_size)
        if not isinstance(output, Tensor) or tuple(output.shape) != expected:
            got = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            return f"returned {got} for an input of shape {tuple(x.shape)}; needed is {expected}"
        changed = x.clone()
        changed[3] += 1.0
        if not torch.allclose(layer(changed, valid)[:3], output[:3], atol=1e-5):
            return "changed its output at early time steps when only the last one changed"
        for row in (0, 1):  # a cell that takes rows for steps shows in the second only
            changed = x.clone()
            changed[:, row] += 1.0
            other = 1 - row
            if not torch.allclose(layer(changed, valid)[:, other], output[:, other], atol=1e-5):
                return "changed the output of one row when only another row changed"
    layer.train()
    return ""
