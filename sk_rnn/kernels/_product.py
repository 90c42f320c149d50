"""Product of a few rows with a matrix, held in registers: the main cost of a time step.

The product of a step is small: a few rows, and a weight matrix that is constant for the whole
sequence. A BLAS call would pack that matrix again each time and start its own threads. Here it
is packed once, in panels as wide as the result that fits into the registers (the scheme of Goto &
van de Geijn, 2008, "Anatomy of high-performance matrix multiplication").
"""

from typing import Any

import llvmlite.ir as ir
import numba
import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.extending import intrinsic, register_jitable

from ._jit import inline, jit

# The CPU features that Numba compiles for: those of this processor, unless overridden by an
# environment variable (NUMBA_CPU_FEATURES, NUMBA_CPU_NAME=generic, which means none, or
# NUMBA_ENABLE_AVX). Numba sets its options at run time, which mypy cannot see.
_chosen = numba.config.CPU_FEATURES  # type: ignore[attr-defined]
_FEATURES = set((get_host_cpu_features() if _chosen is None else _chosen).split(","))
_HAS_FMA = bool({"+fma", "+neon"} & _FEATURES)

# Bytes of a vector register. The result's tile is ROWS x 2 of them; it leaves room for two of
# weights and one of the state within the 32 registers of AVX-512 and NEON, the 16 of AVX2 and SSE.
# Half as many rows, or a single one, use wider tiles: independent sums keep the processor's
# pipelines full.
VECTOR_BYTES = 64 if "+avx512f" in _FEATURES else 32 if "+avx2" in _FEATURES else 16
VECTORS = 2
ROWS = 8 if {"+avx512f", "+neon"} & _FEATURES else 4


def _make_tile(n_rows: int, n_panels: int, n_vectors: int) -> Any:
    """A tile of ``n_rows`` rows, as wide as some panels of ``n_vectors`` registers each."""

    @intrinsic
    def tile(
        typingctx: Any,
        result: Any,
        result_start: Any,
        left: Any,
        left_start: Any,
        left_row: Any,
        left_depth: Any,
        right: Any,
        right_start: Any,
        right_depth: Any,
        right_panel: Any,
        depth: Any,
        add: Any,
    ) -> Any:
        """Multiply a few rows with one register tile's width of columns, over ``depth`` terms.

        ``result[r, c] = sum over k of left[r, k] * right[k, c]``, added to the previous values
        if ``add``. Each array comes with the offset of its first element; ``left_row`` and
        ``left_depth`` are the strides of its rows and terms, ``right_depth`` and ``right_panel``
        those of the terms and the panels of ``right``. The row stride of ``result`` is the length
        of its last axis.
        """
        place = types.intp
        arguments = (
            result,
            place,
            left,
            place,
            place,
            place,
            right,
            place,
            place,
            place,
            place,
            types.boolean,
        )
        signature = types.void(*arguments)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            result, left, right = (
                context.make_array(signature.args[i])(context, builder, args[i]) for i in (0, 2, 6)
            )
            result_start, left_start, left_row, left_depth = args[1], args[3], args[4], args[5]
            right_start, right_depth, right_panel, depth, add = args[7:]
            kind = signature.args[0]
            real = context.get_data_type(kind.dtype)
            real_bytes = kind.dtype.bitwidth // 8
            lanes = VECTOR_BYTES // real_bytes
            vector = ir.VectorType(real, lanes)
            result_row = cgutils.unpack_tuple(builder, result.shape, kind.ndim)[-1]

            def number(value: int) -> ir.Constant:
                return ir.Constant(ir.IntType(64), value)

            def vector_at(pointer: Any, index: Any) -> Any:
                return builder.bitcast(builder.gep(pointer, [index]), vector.as_pointer())

            undefined = ir.Constant(vector, ir.Undefined)
            zeros = ir.Constant(vector, [0.0] * lanes)
            first_lane = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)

            def spread(value: Any) -> Any:
                single = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
                return builder.shuffle_vector(single, undefined, first_lane)

            fma = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(vector, [vector] * 3),
                f"llvm.fma.v{lanes}f{8 * real_bytes}",
            )

            def multiply_add(a: Any, b: Any, total: Any) -> Any:
                if _HAS_FMA:
                    return builder.call(fma, [a, b, total])
                return builder.fadd(builder.fmul(a, b), total)

            tile = [(row, v) for row in range(n_rows) for v in range(n_panels * n_vectors)]
            row_starts = [
                builder.gep(
                    left.data, [builder.add(left_start, builder.mul(left_row, number(row)))]
                )
                for row in range(n_rows)
            ]
            right_data = [
                builder.gep(
                    right.data,
                    [
                        builder.add(
                            builder.add(right_start, number(v * lanes)),
                            builder.mul(right_panel, number(panel)),
                        )
                    ],
                )
                for panel in range(n_panels)
                for v in range(n_vectors)
            ]
            places = [
                vector_at(
                    result.data,
                    builder.add(
                        builder.add(result_start, number(v * lanes)),
                        builder.mul(result_row, number(row)),
                    ),
                )
                for row, v in tile
            ]

            before = builder.block
            loop = builder.append_basic_block("depth")
            after = builder.append_basic_block("depth.end")
            adding = builder.append_basic_block("add")
            storing = builder.append_basic_block("store")
            builder.branch(loop)

            builder.position_at_end(loop)
            k, left_at, right_at = (builder.phi(ir.IntType(64)) for _ in range(3))
            totals = {which: builder.phi(vector) for which in tile}
            weights = [
                builder.load(vector_at(data, right_at), align=real_bytes) for data in right_data
            ]
            sums = {}
            for row, start in enumerate(row_starts):
                value = spread(builder.load(builder.gep(start, [left_at])))
                for v, weight in enumerate(weights):
                    sums[row, v] = multiply_add(value, weight, totals[row, v])
            steps = {k: number(1), left_at: left_depth, right_at: right_depth}
            following = {counter: builder.add(counter, step) for counter, step in steps.items()}
            for counter, new in following.items():
                counter.add_incoming(number(0), before)
                counter.add_incoming(new, loop)
            for which in tile:
                totals[which].add_incoming(zeros, before)
                totals[which].add_incoming(sums[which], loop)
            builder.cbranch(builder.icmp_signed("<", following[k], depth), loop, after)

            builder.position_at_end(after)
            builder.cbranch(add, adding, storing)
            builder.position_at_end(adding)
            added = [
                builder.fadd(sums[which], builder.load(place, align=real_bytes))
                for which, place in zip(tile, places, strict=True)
            ]
            builder.branch(storing)
            builder.position_at_end(storing)
            finals = [builder.phi(vector) for _ in tile]
            for final, which, total in zip(finals, tile, added, strict=True):
                final.add_incoming(sums[which], after)
                final.add_incoming(total, adding)
            for final, place in zip(finals, places, strict=True):
                builder.store(final, place, align=real_bytes)
            return context.get_dummy_value()

        return signature, generate

    return tile


_tile, _narrow_tile = _make_tile(ROWS, 1, VECTORS), _make_tile(ROWS, 1, 1)
_half_tile = _make_tile(ROWS // 2, 2, VECTORS)
_row_tile, _narrow_row_tile = _make_tile(1, 4, VECTORS), _make_tile(1, 1, VECTORS)


@inline
def multiply(result, left, row, column, n_rows, panels):
    """Write the product of some rows with a packed matrix into ``result``.

    The sums of each row run over the terms in order, independent of the other rows: the result is
    bitwise reproducible.

    Parameters
    ----------
    result : ndarray of shape (ROWS, n_panels * width)
        Rows after the first ``n_rows`` are undefined afterwards. Columns beyond those of the matrix
        become zero.
    left : ndarray of shape (at least row + ROWS, at least column + depth)
    row, column : int
        Start of the values in ``left``.
    n_rows : int
        Number of rows to compute, from 1 to ROWS.
    panels : ndarray of shape (n_panels, depth, width)
        From `pack_for_forward` or `pack_for_backward`; depth is positive.
    """
    n_panels, depth, width = panels.shape
    stride = left.shape[1]
    start = row * stride + column
    size = depth * width
    p = 0
    if n_rows == 1:
        while p + 4 <= n_panels:
            _row_tile(
                result, p * width, left, start, 0, 1, panels, p * size, width, size, depth, False
            )
            p += 4
        while p < n_panels:
            _narrow_row_tile(
                result, p * width, left, start, 0, 1, panels, p * size, width, size, depth, False
            )
            p += 1
    if n_rows <= ROWS // 2:
        while p + 2 <= n_panels:
            _half_tile(
                result,
                p * width,
                left,
                start,
                stride,
                1,
                panels,
                p * size,
                width,
                size,
                depth,
                False,
            )
            p += 2
    while p < n_panels:
        _tile(
            result, p * width, left, start, stride, 1, panels, p * size, width, size, depth, False
        )
        p += 1


@inline
def add_outer(result, left, column, right, depth):
    """Add the product of a transposed matrix and another matrix to ``result``.

    Parameters
    ----------
    result : ndarray of shape (n, m), n a multiple of ROWS, m one of `lanes`
    left : ndarray of shape (at least depth, at least column + n)
    column : int
        Start of the ``n`` columns in ``left``.
    right : ndarray of shape (at least depth, m)
    depth : int
        Number of rows of ``left`` and ``right`` to use; positive.
    """
    n, m = result.shape
    stride = left.shape[1]
    narrow = VECTOR_BYTES // result.itemsize
    width = VECTORS * narrow
    for first in range(0, m - narrow, width):
        for row in range(column, column + n, ROWS):
            place = (row - column) * m + first
            _tile(result, place, left, row, 1, stride, right, first, m, 0, depth, True)
    if m % width:
        first = m - narrow
        for row in range(column, column + n, ROWS):
            place = (row - column) * m + first
            _narrow_tile(result, place, left, row, 1, stride, right, first, m, 0, depth, True)


def lanes(dtype: np.dtype) -> int:
    """Number of values per vector register."""
    return VECTOR_BYTES // dtype.itemsize


@register_jitable
def padded_size(n, multiple):
    """The next multiple."""
    return (n + multiple - 1) // multiple * multiple


@inline
def _empty_panels(depth, n_columns, reference):
    width = VECTORS * (VECTOR_BYTES // reference.itemsize)
    return np.zeros(((n_columns + width - 1) // width, depth, width), reference.dtype)


@inline
def pack_matrix(weights, first=0):
    """Pack a matrix into panels, with its rows rotated to start at row ``first``."""
    depth, n_columns = weights.shape
    panels = _empty_panels(depth, n_columns, weights)
    n_panels, _, width = panels.shape
    for panel in range(n_panels):
        start = panel * width
        for k in range(depth):
            row = weights[(first + k) % depth]
            for column in range(min(width, n_columns - start)):
                panels[panel, k, column] = row[start + column]
    return panels


@inline
def pack_with_bias(weights, bias):
    """Pack the transpose of a matrix into panels, with an additional row for the bias."""
    n_columns, depth = weights.shape
    panels = _empty_panels(depth + 1, n_columns, weights)
    n_panels, _, width = panels.shape
    for panel in range(n_panels):
        start = panel * width
        for column in range(min(width, n_columns - start)):
            for k in range(depth):
                panels[panel, k, column] = weights[start + column, k]
            panels[panel, depth, column] = bias[start + column]
    return panels


@jit
def pack_for_forward(weight_ih, weight_hh, bias_ih, bias_hh):
    """Pack the weights of one direction into panels of columns for `multiply`.

    Parameters
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : ndarray
        As in `DirectionWeights`.

    Returns
    -------
    panels_ih, panels_hh : ndarray of shape (n_panels, depth, width)
        Input weights and biases (F + 1, G), recurrent ones (H + 1, G); the last panel is padded
        with zeros.
    """
    return pack_with_bias(weight_ih, bias_ih), pack_with_bias(weight_hh, bias_hh)


@jit
def pack_for_backward(weight_ih, weight_hh, first):
    """Pack the weights (G, F) and (G, H) of the transposed products likewise.

    ``first`` is the row of ``weight_ih`` whose gate is first in the gradients from `_cells`.
    """
    return pack_matrix(weight_ih, first), pack_matrix(weight_hh)


@jit
def unpack_gradients(ih, hh, bias, shift, weight_ih, weight_hh, bias_ih, bias_hh):
    """Write the accumulated gradients of one direction in the order and shapes of its weights.

    Parameters
    ----------
    ih, hh, bias : ndarray
        As accumulated by `run_backward`.
    shift : int
        Row offset of the gradients of the recurrent weights.
    weight_ih, weight_hh, bias_ih, bias_hh : ndarray
        Receive the gradients.
    """
    n_gates, n_features = weight_ih.shape
    for row in range(n_gates):
        weight_hh[row] = hh[row, : weight_hh.shape[1]]
        bias_hh[row] = bias[shift + row]
        rotated = (row + shift) % n_gates
        weight_ih[row] = ih[rotated, :n_features]
        bias_ih[row] = bias[rotated]
