"""Speed of one recurrent layer, compared with a large matrix product.

Forward and backward pass of a layer on equal lengths, and a float32 product of two square matrices,
interleaved. The layer runs as in `fit`: in a separate thread, with denormal
numbers flushed to zero, and with one thread for torch besides those of the kernels.
"""

from __future__ import annotations

import argparse
import itertools
import time
from statistics import median

import report
import speed
import torch

from sk_rnn.modules import RecurrentStack, set_backend
from sk_rnn.modules._steps import ValidSteps
from sk_rnn.training import run_flushed

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
TARGET = 60.0  # per cent of the product, of the GRU
SIZE = 1024


def layer_gflops(options: argparse.Namespace, cell: str) -> float:
    """Return GFLOP of the forward and backward pass; only matrix products are counted."""
    forward = 2 * options.length * options.batch * GATES[cell] * options.hidden
    forward *= options.features + options.hidden
    return 3 * forward / 1e9  # the backward pass has two products for each one


def layer_step(options: argparse.Namespace, cell: str, backend: str):
    """Return a function that runs forward and backward once."""
    generator = torch.Generator().manual_seed(0)
    stack = RecurrentStack(cell, options.features, options.hidden, generator=generator)
    set_backend(stack, backend)
    x = torch.randn(options.length, options.batch, options.features, generator=generator)
    valid = ValidSteps(torch.full((options.batch,), options.length), x.device)
    x.requires_grad_()  # as in a second layer: the gradient of the input is also computed
    gradient = torch.randn(options.length, options.batch, options.hidden, generator=generator)

    def step() -> None:
        stack(x, valid).backward(gradient)

    return step


def rate(function, gflops: float, seconds: float) -> float:
    """GFLOP/s, measured for about this many seconds."""
    calls, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < seconds:
        function()
        calls += 1
    return calls * gflops / passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=list(GATES), default=["gru"])
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--features", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one measurement")
    speed.add_options(parser, repeats=15)
    options = parser.parse_args()
    if options.device != "cpu":
        parser.error("only the CPU is measured here")

    started, environment = speed.begin(options)
    square = torch.randn(SIZE, SIZE)
    product = torch.empty(SIZE, SIZE)
    multiply = (lambda: torch.mm(square, square, out=product), 2 * SIZE**3 / 1e9, "torch")
    steps = {"product": multiply}
    backends = [options.backend] if options.backend else ["numba", "torch"]
    for cell, backend in itertools.product(options.cells, backends):
        steps[f"{cell}, {backend}"] = (
            layer_step(options, cell, backend),
            layer_gflops(options, cell),
            backend,
        )
    for function, *_ in steps.values():  # compilation
        function()
    measures = {
        name: lambda f=function, g=gflops, b=backend: run_flushed(
            lambda _: rate(f, g, options.seconds), backend=b
        )
        for name, (function, gflops, backend) in steps.items()
    }
    found = speed.interleaved(measures, options.repeats)
    peak = median(found["product"])
    rows = [[f"product of {SIZE} x {SIZE}", f"{peak:.0f}", "100", "-"]]
    for name in list(steps)[1:]:
        percent = 100 * median(found[name]) / peak
        target = speed.verdict(percent, TARGET if name == "gru, numba" else None)
        rows.append([name, f"{median(found[name]):.0f}", f"{percent:.0f}", target])
    print(
        f"\nForward and backward, hidden {options.hidden}, features {options.features}, batch"
        f" {options.batch}, T = {options.length}; median of {options.repeats}\n\n"
        + report.markdown(["what", "GFLOP/s", "% of the product", "target"], rows)
    )
    content = {"environment": environment, "options": vars(options), "gflops": found}
    print(f"\n{report.write('kernel', content, started)}")


if __name__ == "__main__":
    main()
