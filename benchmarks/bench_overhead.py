"""Time of a training step relative to its recurrence, and the fixed cost of a fit.

A step of the default classifier (both directions, pooled states, batch norm, dropout, AdamW,
clipping, schedule) is compared with forward and backward pass of its recurrent layer alone, in the
same threads. The overhead is largest for short sequences. The rivals train one direction with a
linear layer on the last state; "same net" is this package with that network. The fixed cost is the
time of a fit on 40 sequences before its first and after its last step.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable
from statistics import median

import contenders
import numpy as np
import report
import speed
import torch

from sk_rnn import RNNClassifier
from sk_rnn.kernels._layer import LayerRun
from sk_rnn.kernels._weights import DirectionWeights
from sk_rnn.sequences import Panel, Spans
from sk_rnn.training import RecurrentNet, SequenceData, TrainingBatches, run_flushed

STEP_TARGET = 1.25  # times the recurrence
FIXED_TARGET = 5.0  # milliseconds
N_FEW = 40
N_EPOCHS = 3  # the start of training, which is part of the fixed cost, is a smaller part of a step
RIVALS = {"skorch packed": contenders.SkorchPacked, "torch loop": contenders.BarePadded}


def equal_lengths(n_samples: int, n_timesteps: int) -> tuple[list[np.ndarray], np.ndarray]:
    panel, y = speed.noisy_means(np.full(n_samples, n_timesteps), np.random.default_rng(0))
    return [x.copy() for x in panel.to_list()], y


def recurrence(model: RNNClassifier, batch: dict[str, torch.Tensor]) -> Callable[[], None]:
    """Forward and backward pass of the recurrent layer on one batch, without torch."""
    stack = model.module_.encoder.recurrent
    inputs, steps = batch["x"].numpy(), batch["lengths"].numpy()
    n_timesteps, n_rows, _ = inputs.shape
    weights = [
        DirectionWeights(*(tensor.detach().numpy() for tensor in one.weights))
        for one in stack.recurrences(0)
    ]
    grads = [DirectionWeights(*map(np.empty_like, one)) for one in weights]
    n_gates = len(weights) * len(weights[0].weight_hh)

    def memory(width: int) -> np.ndarray:
        return torch.zeros(n_timesteps, n_rows, width).numpy()

    output, saved, gates = memory(stack.output_size), memory(stack.output_size), memory(n_gates)
    grad_output = np.random.default_rng(0).standard_normal(output.shape, np.float32)
    no_grad_x = np.empty((0, 0, 0), np.float32)

    def run() -> None:
        layer = LayerRun(stack.cell.name, weights, inputs, steps, None, None)
        if layer.kind.keeps_gates:
            states = layer.forward(output, gates, saved)
        else:
            states = layer.forward(output, no_grad_x, no_grad_x)
        layer.backward(grad_output, np.zeros_like(states), no_grad_x, grads)

    return run


def measure(cell: str, n_timesteps: int, options: argparse.Namespace) -> dict:
    X, y = equal_lengths(options.samples, n_timesteps)
    setting = speed.setting_from(options, cell, options.hidden, 1)
    model = RNNClassifier(
        cell=cell, hidden_size=options.hidden, max_epochs=1, batch_size=setting.batch_size,
        calibrate=False,
        random_state=0, device="cpu",
    ).fit(X, y)  # fmt: skip
    net = model.net_
    spans = Spans.of(Panel.from_sequences(X))
    data = SequenceData(spans, net.device, y=y.astype(np.int64), **model._input_options())
    generator = torch.Generator().manual_seed(0)
    rows = np.arange(len(X))
    batches = TrainingBatches(data, rows, setting.batch_size, np.random.RandomState(0))
    run = recurrence(model, data.batch(rows[: setting.batch_size]).X)

    def recurrences(interrupted: threading.Event) -> None:
        for _ in range(N_EPOCHS * batches.n_batches):
            run()

    def steps(interrupted: threading.Event) -> None:
        net.train(batches, None, epochs=N_EPOCHS, generator=generator, interrupted=interrupted)

    def per_step(function: Callable[[threading.Event], None]) -> float:
        """Microseconds, in a thread as in fit."""

        def timed(interrupted: threading.Event) -> float:
            start = time.perf_counter()
            function(interrupted)
            return time.perf_counter() - start

        n_steps = N_EPOCHS * batches.n_batches
        return 1e6 * run_flushed(timed, backend=net.backend) / n_steps

    models = {"sk_rnn, same net": contenders.Ours(setting)}
    models |= {name: rival(setting) for name, rival in RIVALS.items()}
    prepared = {name: model.prepare(X) for name, model in models.items()}
    measures = {"recurrence": lambda: per_step(recurrences), "step": lambda: per_step(steps)}
    for name, contender in models.items():
        measures[name] = lambda c=contender, X=prepared[name]: 1e6 * c.fit(X, y) / batches.n_batches
    speed.interleaved(measures, 1)
    found = speed.interleaved(measures, options.repeats)
    return {"cell": cell, "n_timesteps": n_timesteps, "microseconds": found}


def fixed_cost(options: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds of fits before the first and after the last step, by cell."""
    X, y = equal_lengths(N_FEW, 50)
    times: list[float] = []
    train_step = RecurrentNet.train_step

    def timed(*args, **kwargs):
        times.append(time.perf_counter())
        result = train_step(*args, **kwargs)
        times.append(time.perf_counter())
        return result

    def fixed(cell: str) -> float:
        times.clear()
        start = time.perf_counter()
        RNNClassifier(cell=cell, max_epochs=1, calibrate=False, random_state=0).fit(X, y)
        return 1e3 * (times[0] - start + time.perf_counter() - times[-1])

    RecurrentNet.train_step = timed
    try:
        measures = {cell: lambda c=cell: fixed(c) for cell in options.cells}
        speed.interleaved(measures, 3)
        return speed.interleaved(measures, 5 * options.repeats)
    finally:
        RecurrentNet.train_step = train_step


def line(result: dict) -> list[str]:
    found = result["microseconds"]
    # Pairs that ran one after the other, so that other load on the machine affects both.
    ratio = median(a / b for a, b in zip(found["step"], found["recurrence"], strict=True))
    result["ratio"] = ratio
    same = median(found["sk_rnn, same net"])
    return [
        f"{result['cell']}, T={result['n_timesteps']}",
        f"{median(found['recurrence']):.0f}",
        f"{median(found['step']):.0f}",
        f"{ratio:.2f}",
        speed.verdict(ratio, STEP_TARGET, at_most=True),
        f"{same:.0f}",
        *(f"{median(found[name]) / same:.1f}x" for name in RIVALS),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=speed.CELLS, default=list(speed.CELLS))
    parser.add_argument("--lengths", nargs="+", type=int, default=[50, 100, 200])
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--samples", type=int, default=320)
    speed.add_options(parser, repeats=15)
    options = parser.parse_args()

    started, environment = speed.begin(options)
    results = [
        measure(cell, n_timesteps, options)
        for cell in options.cells
        for n_timesteps in options.lengths
    ]
    header = ["net", "recurrence µs", "step µs", "ratio", "target"]
    header += ["same net µs", *(f"{name} / same net" for name in RIVALS)]
    print(f"\nOne step, hidden size {options.hidden}, batch {speed.BATCH_SIZE}, medians\n")
    print(report.markdown(header, [line(result) for result in results]))
    fixed = fixed_cost(options)
    rows = [
        [
            cell,
            f"{median(times):.1f}",
            f"{min(times):.1f}",
            speed.verdict(min(times), FIXED_TARGET, at_most=True),
        ]
        for cell, times in fixed.items()
    ]
    print(f"\nFixed cost of a fit on {N_FEW} sequences, ms\n")
    print(report.markdown(["cell", "median", "least", "target"], rows))
    content = {"environment": environment, "options": vars(options), "results": results}
    print(f"\n{report.write('overhead', content | {'fixed_ms': fixed}, started)}")


if __name__ == "__main__":
    main()
