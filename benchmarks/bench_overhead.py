"""Overhead of the training loop beyond forward, backward and the optimizer step.

Compared with a plain loop over the same module and prepared batches; ours also creates the batches,
records the loss and the history, and notifies callbacks. The overhead is largest for small
networks.
"""

from __future__ import annotations

import argparse
import threading
import time
from statistics import median

import contenders
import numpy as np
import report
import speed
import torch
from torch import nn

from sk_rnn.sequences import Panel, Spans
from sk_rnn.training import SequenceData, TrainingBatches, run_flushed

TARGET = 5.0  # per cent
HIDDEN_SIZE = 32
VARIANTS = {
    "plain": {},
    "clipping and schedule": {"gradient_clip": 1.0, "lr_schedule": "one_cycle"},
}


def ready_loop(net, batches) -> None:
    """Run forward, backward, clipping if enabled, and the optimizer step."""
    module, criterion, optimizer = net.module_, net.criterion_, net.optimizer_
    module.train()
    for batch in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(module(**batch.X), batch.y)
        loss.backward()
        if net.gradient_clip is not None:
            nn.utils.clip_grad_norm_(module.parameters(), net.gradient_clip)
        optimizer.step()


def seconds(function, backend: str) -> float:
    """Return seconds in a thread that flushes denormal numbers, as in fit."""

    def timed(interrupted: threading.Event) -> float:
        start = time.perf_counter()
        function(interrupted)
        return time.perf_counter() - start

    return run_flushed(timed, backend=backend)


def measure(cell: str, longest: int, variant: str, options: argparse.Namespace) -> dict:
    setting = speed.setting_from(options, cell, HIDDEN_SIZE, 1)
    X, y = speed.ragged(options.samples, longest)
    model = contenders.Ours(setting, **VARIANTS[variant]).estimator().fit(X, y)
    net = model.net_
    data = SequenceData(
        Spans.of(Panel.from_sequences(X)), net.device, **model._source_options(), y=y
    )
    rows = np.arange(len(X))

    def batches() -> TrainingBatches:
        """Return the same batches in the same order each time."""
        return TrainingBatches(data, rows, setting.batch_size, np.random.RandomState(0))

    drawn = batches()
    ready = [batch for _ in range(options.epochs) for batch in drawn]
    generator = torch.Generator(device=net.device).manual_seed(0)

    def ours(interrupted: threading.Event) -> None:
        net.train(
            batches(),
            None,
            epochs=options.epochs,
            generator=generator,
            interrupted=interrupted,
        )

    measures = {
        "ours": lambda: seconds(ours, net.backend),
        "ready": lambda: seconds(lambda _: ready_loop(net, ready), net.backend),
    }
    speed.interleaved(measures, 1)
    found = speed.interleaved(measures, options.repeats)
    per_step = {name: [1e6 * s / len(ready) for s in times] for name, times in found.items()}
    # Pairs that ran one after the other, so that other load on the machine affects both.
    overheads = [
        100 * (a / b - 1) for a, b in zip(per_step["ours"], per_step["ready"], strict=True)
    ]
    return {
        "cell": cell,
        "longest": longest,
        "variant": variant,
        "microseconds": per_step,
        "overhead_percent": overheads,
    }


def line(result: dict) -> list[str]:
    overhead = median(result["overhead_percent"])
    return [
        f"{result['cell']}, {result['variant']}",
        str(result["longest"]),
        f"{median(result['microseconds']['ready']):.0f}",
        f"{median(result['microseconds']['ours']):.0f}",
        f"{overhead:.1f}",
        speed.verdict(overhead, TARGET, at_most=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", choices=speed.CELLS, default=list(speed.CELLS))
    parser.add_argument("--lengths", nargs="+", type=int, default=[50, 100])
    parser.add_argument("--samples", type=int, default=640)
    parser.add_argument("--epochs", type=int, default=5)
    speed.add_options(parser, repeats=9)
    options = parser.parse_args()

    started, environment = speed.begin(options)
    results = [
        measure(cell, longest, variant, options)
        for cell in options.cells
        for longest in options.lengths
        for variant in VARIANTS
    ]
    header = ["net", "T", "ready batches µs", "our loop µs", "overhead %", "target"]
    print(f"\nOne step, hidden size {HIDDEN_SIZE}, batch {speed.BATCH_SIZE}, medians\n")
    print(report.markdown(header, [line(result) for result in results]))
    content = {"environment": environment, "options": vars(options), "results": results}
    print(f"\n{report.write('overhead', content, started)}")


if __name__ == "__main__":
    main()
