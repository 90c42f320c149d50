"""One recurrent layer in one direction, over padded, time-major batches."""

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ..kernels import DirectionWeights
from ._dropout import SeededModule
from ._steps import ValidSteps
from .cells import Cell, ForgetBias, RecurrentState, initialise


@cache
def _has_bf16_lstm() -> bool:
    """Whether this CPU has what oneDNN's LSTM in bfloat16 requires; it raises an error otherwise.

    torch selects it without gradients, also on CPUs that do not support it.
    """
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


class Recurrence(SeededModule):
    """One recurrent cell run over time, in one direction.

    Parameters
    ----------
    cell : Cell
        The cell.
    input_size, hidden_size : int
        Sizes of the input and of the hidden state.
    recurrent_dropout : float in [0, 1)
        Dropout of the state that enters the recurrent product, with one mask per sequence
        (Gal & Ghahramani, 2016, "A theoretically grounded application of dropout in recurrent
        neural networks"). The LSTM's cell state and the GRU's carried state are not dropped.
    forget_bias : float, pair of floats or None
        Initial bias of the LSTM's forget gate, or of the GRU's update gate: a pair for biases that
        increase from unit to unit, in equal steps between these; None for that of the cell.
    generator : torch.Generator or None
        Source of the initial weights.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        *,
        recurrent_dropout: float = 0.0,
        forget_bias: ForgetBias = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.recurrent_dropout = recurrent_dropout
        self.rnn = cell.make(input_size, hidden_size)
        if cell.step is not None:
            initialise(cell, self.rnn, hidden_size, forget_bias=forget_bias, generator=generator)

    def forward(
        self,
        x: Tensor,
        valid: ValidSteps,
        initial: RecurrentState | None = None,
        keep: Tensor | None = None,
    ) -> Tensor:
        """(T, B, input_size) to (T, B, hidden_size); undefined at padded steps.

        ``keep`` are recurrent dropout's factors (B, hidden_size); None draws them.
        """
        if self._needs_loop:
            return self._loop(x, valid, initial, keep)[0]
        output = self._run_torch(x, initial)
        return output[0] if isinstance(output, tuple) else output

    def run(
        self,
        x: Tensor,
        valid: ValidSteps,
        initial: RecurrentState | None,
        keep: Tensor | None = None,
    ) -> tuple[Tensor, RecurrentState]:
        """Like `forward`, and also return each row's state after its last valid step."""
        if self._needs_loop:
            return self._loop(x, valid, initial, keep)
        if not valid.full and self.cell.n_states > 1:
            return self._packed(x, valid, initial)
        output, last = self._run_torch(x, initial)
        if valid.full:
            return output, self._from_torch(last)
        return output, (valid.last(output),)

    @property
    def weights(self) -> DirectionWeights:
        """The weights of a built-in cell."""
        # Four lookups; torch's all_weights takes as long as a small matrix product.
        rnn = cast(Any, self.rnn)
        return DirectionWeights(rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0)

    def recurrent_mask(self, n_rows: int, reference: Tensor) -> Tensor | None:
        """Recurrent dropout's factors for the rows of a batch; None if nothing is dropped."""
        if not self.training or not self.recurrent_dropout:
            return None
        return self.keep_mask((n_rows, self.hidden_size), self.recurrent_dropout, reference)

    @property
    def _needs_loop(self) -> bool:
        """Whether torch's recurrent layers lack this variant."""
        dropped = self.training and self.recurrent_dropout > 0.0
        return self.cell.step is not None and (dropped or not self.cell.in_torch)

    def _run_torch(self, x: Tensor, initial: RecurrentState | None) -> Any:
        """Run torch's layer, or the user's."""
        if x.device.type == "cpu" and torch.is_autocast_enabled("cpu") and not _has_bf16_lstm():
            initial = None if initial is None else tuple(part.float() for part in initial)
            with torch.autocast("cpu", enabled=False):
                return self._run_torch(x.float(), initial)
        return self.rnn(x) if initial is None else self.rnn(x, self._as_torch(initial))

    def _as_torch(self, state: RecurrentState) -> Any:
        layered = tuple(part[None].contiguous() for part in state)
        return layered if len(state) > 1 else layered[0]

    def _from_torch(self, state: Any) -> RecurrentState:
        return tuple(part[0] for part in (state if self.cell.n_states > 1 else (state,)))

    def _packed(
        self, x: Tensor, valid: ValidSteps, initial: RecurrentState | None
    ) -> tuple[Tensor, RecurrentState]:
        """Run a PackedSequence, which returns an LSTM's cell state at the end of each row.

        Only where that is needed. A training step of cuDNN takes 1.3 to 5 times as long on packed
        as on padded batches of similar lengths (NVIDIA H200), and on a CPU torch's backward pass
        of packed sequences is quadratic in the length.
        """
        sequence = pack_padded_sequence(x, valid.lengths, enforce_sorted=False)
        start = None if initial is None else self._as_torch(initial)
        packed, last = self.rnn(sequence, start)
        output, _ = pad_packed_sequence(packed, total_length=valid.n_timesteps)
        return output, self._from_torch(last)

    def _loop(
        self, x: Tensor, valid: ValidSteps, initial: RecurrentState | None, keep: Tensor | None
    ) -> tuple[Tensor, RecurrentState]:
        """The recurrence step by step, with recurrent dropout of the state if there is any."""
        mask = self.recurrent_mask(x.shape[1], x) if keep is None else keep
        states = list(self.each_state(x, initial, mask))
        histories = [torch.stack(parts) for parts in zip(*states, strict=True)]  # (T, B, H)
        return histories[0], tuple(valid.last(history) for history in histories)

    def each_state(
        self,
        x: Tensor,
        initial: RecurrentState | None,
        mask: Tensor | None = None,
        *,
        separate: bool = False,
    ) -> Iterator[RecurrentState]:
        """Run a built-in cell step by step, and yield the state after each step.

        ``mask`` are recurrent dropout's factors. With ``separate``, the parts of a state are views,
        so that the gradient with respect to an LSTM's cell state does not include the path through
        the hidden state of the same step.
        """
        step = cast(Any, self.cell.step)
        weight_ih, weight_hh, bias_ih, bias_hh = self.weights
        state = initial
        if state is None:
            zeros = x.new_zeros(x.shape[1], self.hidden_size)
            state = (zeros,) * self.cell.n_states
        # unbind, not indexing: the backward pass of x[t] fills a (T, B, F) array at each step.
        projected = linear(x, weight_ih, bias_ih).unbind(0)  # T times (B, gates * H)
        for step_input in projected:
            dropped = state[0] if mask is None else state[0] * mask
            state = step(step_input, linear(dropped, weight_hh, bias_hh), state)
            if separate:
                state = tuple(part.view_as(part) for part in state)
            yield state
