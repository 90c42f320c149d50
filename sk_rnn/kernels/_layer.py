"""The recurrent layer as a `torch.autograd.Function`."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ._cells import KERNEL_CELLS
from ._product import (
    ROWS,
    lanes,
    pack_for_backward,
    pack_for_forward,
    padded_size,
    unpack_gradients,
)
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
    flat = [tensor for direction in weights for tensor in direction]
    tensors = (x, *flat) if initial is None else (x, initial, *flat)
    needs_grad = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
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
        unpack_gradients(*gradients, 0, weight_ih, weight_hh, bias, bias)


class LayerRun:
    """Forward and backward pass of a layer on arrays, without autograd.

    Parameters
    ----------
    cell : str
        See `recurrent_layer`.
    weights : list of DirectionWeights
        As arrays.
    inputs : ndarray of shape (T, B, F)
    steps : ndarray of int64 of shape (B,)
        Steps of each row.
    start : ndarray of shape (C, D, B, H) or None
        Initial states; None for zeros.
    keep : ndarray of shape (B, D * H) or None
        Factors of recurrent dropout.
    """

    def __init__(
        self,
        cell: str,
        weights: list[DirectionWeights],
        inputs: np.ndarray,
        steps: np.ndarray,
        start: np.ndarray | None,
        keep: np.ndarray | None,
    ):
        self.cell, self.weights, self.inputs, self.steps = cell, weights, inputs, steps
        self.kind = KERNEL_CELLS[cell]
        self.hidden_size = weights[0].weight_hh.shape[1]
        n_states, n_rows = self.kind.n_states, inputs.shape[1]
        if start is None:
            start = np.zeros((n_states, len(weights), n_rows, self.hidden_size), inputs.dtype)
        self.start = start
        self.keep = np.empty((0, 0), inputs.dtype) if keep is None else keep
        self.order = np.argsort(-steps, kind="stable")
        n_weights = sum(w.weight_ih.size + w.weight_hh.size for w in weights)
        self.work = int(steps.sum()) * n_weights

    def forward(self, output: np.ndarray, gates: np.ndarray, saved: np.ndarray) -> np.ndarray:
        """Write the states into ``output``, what `backward` needs into the others.

        See `make_run_forward`. Returns the final states, of the shape of the initial ones.
        """
        states = self.start.copy()
        panels = [pack_for_forward(*weights) for weights in self.weights]
        forward, inputs, steps = _FORWARD[self.cell], self.inputs, self.steps
        arrays = (self.keep, gates, saved, output, states)

        def run(_: int, direction: int, rows: np.ndarray) -> None:
            forward(direction, rows, steps, inputs, *panels[direction], *arrays)

        _run_shards(run, self.order, len(self.weights), self.work, split_directions=True)
        self.arrays = (gates, saved, output)
        return states

    def backward(
        self,
        grad_output: np.ndarray,
        grad_states: np.ndarray,
        grad_x: np.ndarray,
        grads: list[DirectionWeights],
    ) -> None:
        """Write the gradients of the weights into ``grads``.

        ``grad_output``, ``grad_states`` and ``grad_x`` as in `make_run_backward`.
        """
        backward, inputs, steps = _BACKWARD[self.cell], self.inputs, self.steps
        n_gates, n_features = self.weights[0].weight_ih.shape
        shift = self.kind.shift * self.hidden_size
        first = (n_gates - shift) % n_gates
        panels = [
            pack_for_backward(weights.weight_ih, weights.weight_hh, first)
            for weights in self.weights
        ]
        arrays = (self.keep, *self.arrays, self.start, grad_output, grad_states, grad_x)
        by_direction: list[dict[int, _Gradients]] = [{} for _ in grads]  # by shard

        def run(shard: int, direction: int, rows: np.ndarray) -> None:
            sums = _Gradients.zeros(n_gates, n_features, self.hidden_size, inputs.dtype)
            by_direction[direction][shard] = sums
            backward(direction, rows, steps, inputs, *panels[direction], *arrays, *sums)

        # Both directions of a row add to the gradient of its input, so one thread must run both.
        split = len(grad_x) == 0
        _run_shards(run, self.order, len(grads), 2 * self.work, split_directions=split)
        for by_shard, of_direction in zip(by_direction, grads, strict=True):
            total, *others = (by_shard[shard] for shard in sorted(by_shard))
            for sums in others:
                for accumulated, more in zip(total, sums, strict=True):
                    accumulated += more
            unpack_gradients(*total, shift, *of_direction)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, needs_grad, x, lengths, initial, keep, *flat):
        # Unneeded gradients, such as those of all states if only the last are pooled, are neither
        # allocated nor read.
        ctx.set_materialize_grads(False)
        arrays = [_array(tensor) for tensor in flat]
        weights = [DirectionWeights(*arrays[i : i + 4]) for i in range(0, len(arrays), 4)]
        start, kept = (None if tensor is None else _array(tensor) for tensor in (initial, keep))
        run = LayerRun(cell, weights, _array(x), _array(lengths), start, kept)
        n_gates, hidden_size = weights[0].weight_hh.shape
        shape, n_directions = x.shape[:2], len(weights)
        output = x.new_empty(*shape, n_directions * hidden_size)
        gates = saved = np.empty((0, 0, 0), run.inputs.dtype)
        if needs_grad and run.kind.keeps_gates:
            gates = x.new_empty(*shape, n_directions * n_gates).numpy()
            saved = torch.empty_like(output).numpy()
        states = run.forward(output.numpy(), gates, saved)
        if needs_grad:
            ctx.run = run
            # Not read again, but torch checks that none has been changed.
            ctx.save_for_backward(x, initial, keep, output, *flat)
        return output, torch.from_numpy(states)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output, grad_states):
        run, _ = ctx.run, ctx.saved_tensors
        _, _, wants_input, _, wants_initial, *_ = ctx.needs_input_grad
        if grad_states is None:
            grad_start = np.zeros_like(run.start)
        else:
            grad_start = np.array(grad_states.numpy(), order="C")  # a copy
        empty = np.empty((0, 0, 0), run.inputs.dtype)
        grad_x = np.zeros_like(run.inputs) if wants_input else empty
        grad_output = empty if grad_output is None else _array(grad_output)
        # Separate arrays, because gradient clipping writes into them.
        grads = [DirectionWeights(*map(np.empty_like, weights)) for weights in run.weights]
        run.backward(grad_output, grad_start, grad_x, grads)
        flat = [torch.from_numpy(array) for of_direction in grads for array in of_direction]
        grad_input = torch.from_numpy(grad_x) if wants_input else None
        grad_initial = torch.from_numpy(grad_start) if wants_initial else None
        return None, None, grad_input, None, grad_initial, None, *flat


class _Gradients(NamedTuple):
    """Gradient accumulators of `run_backward` for one direction, padded to whole tiles."""

    ih: np.ndarray
    hh: np.ndarray
    bias: np.ndarray

    @classmethod
    def zeros(
        cls, n_gates: int, n_features: int, hidden_size: int, dtype: np.dtype
    ) -> "_Gradients":
        n_rows = padded_size(n_gates, ROWS)
        return cls(
            np.zeros((n_rows, padded_size(n_features, lanes(dtype))), dtype),
            np.zeros((n_rows, padded_size(hidden_size, lanes(dtype))), dtype),
            np.zeros(hidden_size + n_rows, dtype),
        )


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


def _array(tensor: Tensor) -> Any:
    """The tensor as a NumPy array, copied only if it is not contiguous."""
    array = tensor.detach().numpy()
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)
