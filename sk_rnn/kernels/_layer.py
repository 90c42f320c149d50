"""The recurrent layer as a `torch.autograd.Function`."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ._cells import KERNEL_CELLS
from ._product import ROWS, lanes, pack_for_backward, pack_for_forward
from ._sequences import make_run_backward, make_run_forward
from ._shards import n_threads, run_all
from ._weights import DirectionWeights

_FORWARD = {name: make_run_forward(cell) for name, cell in KERNEL_CELLS.items()}
_BACKWARD = {name: make_run_backward(cell) for name, cell in KERNEL_CELLS.items()}

# Multiplications that justify a thread: a third of a millisecond on one core. Dispatching work
# takes a twentieth of that, and much more if other programs use the cores.
_MIN_WORK_PER_THREAD = 16_000_000


def run_layer(
    cell: str,
    x: Tensor,
    lengths: Tensor,
    weights: list[DirectionWeights],
    initial: Tensor | None,
    keep: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """See `recurrent_layer`."""
    if initial is None:
        shape = (
            KERNEL_CELLS[cell].n_states,
            len(weights),
            x.shape[1],
            weights[0].weight_hh.shape[1],
        )
        initial = x.new_zeros(shape)
    flat = [tensor for direction in weights for tensor in direction]
    needs_grad = torch.is_grad_enabled() and any(t.requires_grad for t in (x, initial, *flat))
    return _Layer.apply(cell, needs_grad, x, lengths, initial, keep, *flat)


def try_out(cell: str, dtype: np.dtype, *, training: bool) -> None:
    """Run every function that a layer of this cell uses, on one time step of one row of zeros.

    Numba compiles a function for new argument types. These have the types that `_Layer` passes.
    torch is not used, so that it starts no threads in the caller's thread.
    """
    n_gates, n_states = KERNEL_CELLS[cell].n_gates, KERNEL_CELLS[cell].n_states
    rows, steps = np.zeros(1, np.int64), np.ones(1, np.int64)

    def zeros(*shape: int) -> np.ndarray:
        return np.zeros(shape, dtype)

    x, output, saved, gates = zeros(1, 1, 1), zeros(1, 1, 1), zeros(1, 1, 1), zeros(1, 1, n_gates)
    initial, keep = zeros(n_states, 1, 1, 1), zeros(0, 0)
    weight_ih, weight_hh, bias = zeros(n_gates, 1), zeros(n_gates, 1), zeros(n_gates)
    panels = pack_for_forward(weight_ih, weight_hh, bias, bias)
    states = initial.copy()
    _FORWARD[cell](0, rows, steps, x, *panels, keep, gates, saved, output, states)
    if training:
        panels = pack_for_backward(weight_ih, weight_hh, 0)
        gradients = _Gradients.zeros(n_gates, 1, 1, dtype)
        arrays = (keep, gates, saved, output, initial, zeros(1, 1, 1), states, zeros(1, 1, 1))
        _BACKWARD[cell](0, rows, steps, x, *panels, *arrays, *gradients)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, needs_grad, x, lengths, initial, keep, *flat):
        # Unneeded gradients, such as those of all states if only the last are pooled, are neither
        # allocated nor read.
        ctx.set_materialize_grads(False)
        x = x.contiguous()
        directions = [DirectionWeights(*flat[i : i + 4]) for i in range(0, len(flat), 4)]
        n_gates, hidden_size = directions[0].weight_hh.shape
        output = x.new_empty(*x.shape[:2], len(directions) * hidden_size)
        gates = saved = x.new_empty(0, 0, 0)
        if needs_grad and KERNEL_CELLS[cell].keeps_gates:
            gates = x.new_empty(*x.shape[:2], len(directions) * n_gates)
            saved = torch.empty_like(output)
        states = initial.clone(memory_format=torch.contiguous_format)
        panels = [pack_for_forward(*map(_array, weights)) for weights in directions]
        inputs, steps = x.detach().numpy(), _array(lengths)
        order = np.argsort(-steps, kind="stable")
        arrays = [_array(_or_empty(keep, x))]
        arrays += [tensor.detach().numpy() for tensor in (gates, saved, output, states)]

        def run(_: int, direction: int, rows: np.ndarray) -> None:
            _FORWARD[cell](direction, rows, steps, inputs, *panels[direction], *arrays)

        n_steps = int(steps.sum())
        _run_shards(
            run, order, len(directions), n_steps * _n_weights(directions), split_directions=True
        )
        ctx.cell, ctx.order, ctx.n_steps = cell, order, n_steps
        ctx.save_for_backward(x, lengths, initial, keep, output, gates, saved, *flat)
        return output, states

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output, grad_states):
        x, lengths, initial, keep, output, gates, saved, *flat = ctx.saved_tensors
        directions = [DirectionWeights(*flat[i : i + 4]) for i in range(0, len(flat), 4)]
        if grad_states is None:
            grad_states = torch.zeros_like(initial, memory_format=torch.contiguous_format)
        else:
            grad_states = grad_states.clone(memory_format=torch.contiguous_format)
        empty = x.new_empty(0, 0, 0)
        grad_x = torch.zeros_like(x) if ctx.needs_input_grad[2] else empty
        n_gates, n_features = directions[0].weight_ih.shape
        shift = KERNEL_CELLS[ctx.cell].shift * directions[0].weight_hh.shape[1]
        first = (n_gates - shift) % n_gates
        panels = [
            pack_for_backward(_array(weights.weight_ih), _array(weights.weight_hh), first)
            for weights in directions
        ]
        inputs, steps = _array(x), _array(lengths)
        tensors = (
            _or_empty(keep, x),
            gates,
            saved,
            output,
            initial,
            empty if grad_output is None else grad_output,
            grad_states,
            grad_x,
        )
        arrays = [_array(tensor) for tensor in tensors]
        by_direction: list[dict[int, _Gradients]] = [{} for _ in directions]  # by shard

        def run(shard: int, direction: int, rows: np.ndarray) -> None:
            gradients = _Gradients.zeros(n_gates, n_features, initial.shape[3], inputs.dtype)
            by_direction[direction][shard] = gradients
            _BACKWARD[ctx.cell](
                direction, rows, steps, inputs, *panels[direction], *arrays, *gradients
            )

        # Both directions of a row add to the gradient of its input, so one thread must run both.
        split_directions = not ctx.needs_input_grad[2]
        work = 2 * ctx.n_steps * _n_weights(directions)
        _run_shards(run, ctx.order, len(directions), work, split_directions=split_directions)
        grads: list[Tensor] = []
        for weights, by_shard in zip(directions, by_direction, strict=True):
            total, *others = (by_shard[shard] for shard in sorted(by_shard))
            for gradients in others:
                for accumulated, gradient in zip(total, gradients, strict=True):
                    accumulated += gradient
            grads += [torch.from_numpy(array) for array in total.by_weight(shift, weights)]
        grad_input = grad_x if ctx.needs_input_grad[2] else None
        return None, None, grad_input, None, grad_states, None, *grads


class _Gradients(NamedTuple):
    """Gradient accumulators of `run_backward` for one direction, padded to whole tiles."""

    ih: np.ndarray
    hh: np.ndarray
    bias: np.ndarray

    @classmethod
    def zeros(
        cls, n_gates: int, n_features: int, hidden_size: int, dtype: np.dtype
    ) -> "_Gradients":
        n_rows = _round_up(n_gates, ROWS)
        return cls(
            np.zeros((n_rows, _round_up(n_features, lanes(dtype))), dtype),
            np.zeros((n_rows, _round_up(hidden_size, lanes(dtype))), dtype),
            np.zeros(hidden_size + n_rows, dtype),
        )

    def by_weight(self, shift: int, weights: DirectionWeights) -> list[np.ndarray]:
        """The gradients in the order and the shapes of the weights.

        ``shift`` is the row offset of the gradients of the recurrent weights.
        """
        (n_gates, n_features), hidden_size = weights.weight_ih.shape, weights.weight_hh.shape[1]
        ih, bias_ih = self.ih[:n_gates, :n_features], self.bias[:n_gates]
        bias_hh = self.bias[shift : shift + n_gates]
        if shift:
            ih, bias_ih = np.roll(ih, -shift, axis=0), np.roll(bias_ih, -shift)
        arrays = (ih, self.hh[:n_gates, :hidden_size], bias_ih, bias_hh)
        # Copies with separate memory, because gradient clipping writes into them.
        return [array.copy() for array in arrays]


def _round_up(n: int, multiple: int) -> int:
    return -(-n // multiple) * multiple


def _n_weights(directions: list[DirectionWeights]) -> int:
    return sum(w.weight_ih.numel() + w.weight_hh.numel() for w in directions)


def _run_shards(
    run: Callable[[int, int, np.ndarray], None],
    order: np.ndarray,
    n_directions: int,
    work: int,
    *,
    split_directions: bool,
) -> None:
    """Call ``run(shard, direction, rows)`` for all rows, distributed over threads.

    Parameters
    ----------
    run : callable
        Called with rows sorted by length, longest first.
    order : ndarray of int64 of shape (B,)
        All rows, the longest first.
    n_directions : int
        Number of directions.
    work : int
        Number of multiplications.
    split_directions : bool
        Whether different threads may run the directions of a row.
    """
    directions = range(n_directions)
    n_shards = min(n_threads(), max(1, work // _MIN_WORK_PER_THREAD))
    if n_shards == 1:
        for direction in directions:
            run(0, direction, order)
        return
    blocks = [order[start : start + ROWS] for start in range(0, len(order), ROWS)]
    groups = [(direction,) for direction in directions] if split_directions else [tuple(directions)]
    pieces = [(group, block) for block in blocks for group in groups]
    n_shards = min(n_shards, len(pieces))

    def shard(number: int) -> None:
        # Blocks are sorted longest first: assigned in turn, the shards take about equal time.
        assigned = pieces[number::n_shards]
        for direction in directions:
            rows = [block for included, block in assigned if direction in included]
            if rows:
                run(number, direction, np.concatenate(rows))

    run_all([partial(shard, number) for number in range(n_shards)])


def _or_empty(keep: Tensor | None, reference: Tensor) -> Tensor:
    return reference.new_empty(0, 0) if keep is None else keep


def _array(tensor: Tensor) -> Any:
    """The tensor as a NumPy array, copied only if it is not contiguous."""
    return np.ascontiguousarray(tensor.detach().numpy())
