"""Time of a training step on a GPU, relative to a bare loop over the layers of cuDNN.

The step of the classifier is the whole one, with pooled states, batch norm, dropout, schedule and
ragged data. The bare loops use the same recurrent layer, the mean of its states, a linear layer,
clipping and AdamW, and their data are padded on the device before they start; the packed one is
what most tutorials show for ragged data.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import NamedTuple

import numpy as np
import report
import speed
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from sk_rnn import RNNClassifier

N_BATCHES = 20
LAYERS = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn_tanh": nn.RNN}


class Case(NamedTuple):
    """A network, its batches, and the lengths of the sequences."""

    cell: str
    hidden_size: int
    batch_size: int
    shortest: int
    longest: int
    bidirectional: bool = True


CASES = (
    Case("gru", 64, 32, 25, 100),
    Case("gru", 64, 32, 100, 100),
    Case("lstm", 64, 32, 25, 100, bidirectional=False),
    Case("gru", 64, 256, 25, 100),
    Case("gru", 64, 32, 100, 400),
    Case("gru", 256, 64, 25, 100),
    Case("lstm", 512, 128, 25, 100),
    Case("gru", 1024, 64, 25, 100, bidirectional=False),
)


class BareNet(nn.Module):
    """A recurrent layer, the mean of its states, including those of padding, a linear layer."""

    def __init__(self, case: Case, packed: bool):
        super().__init__()
        self.recurrent = LAYERS[case.cell](
            speed.N_FEATURES, case.hidden_size, bidirectional=case.bidirectional
        )
        self.linear = nn.Linear(case.hidden_size * (1 + case.bidirectional), 2)
        self.packed = packed

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(T, B, F) and lengths on the CPU to (B, 2)."""
        if self.packed:
            sequence = pack_padded_sequence(x, lengths, enforce_sorted=False)
            states, _ = pad_packed_sequence(self.recurrent(sequence)[0])
        else:
            states, _ = self.recurrent(x)
        return self.linear(states.mean(0))


def bare_step(case: Case, X: list[np.ndarray], y: np.ndarray, *, packed: bool, device: str):
    """Return a function that measures milliseconds per step of a bare loop."""
    values, lengths = speed.padded(X)
    x = torch.from_numpy(values).transpose(0, 1).contiguous().to(device)
    targets, steps = torch.from_numpy(y).to(device), torch.from_numpy(lengths)
    net = BareNet(case, packed).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=speed.LR, fused=True)
    parameters = list(net.parameters())

    def epoch() -> float:
        start = time.perf_counter()
        for rows in torch.randperm(len(y)).split(case.batch_size):
            chosen = rows.to(device)
            optimizer.zero_grad()
            outputs = net(x[: int(steps[rows].max()), chosen], steps[rows])
            nn.functional.cross_entropy(outputs, targets[chosen]).backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
        torch.cuda.synchronize()
        return 1e3 * (time.perf_counter() - start) / N_BATCHES

    return epoch


def classifier_step(case: Case, X: list[np.ndarray], y: np.ndarray, *, device: str):
    """Return a function that measures milliseconds per step of the classifier."""

    def fit(epochs: int) -> float:
        start = time.perf_counter()
        RNNClassifier(
            cell=case.cell, hidden_size=case.hidden_size, bidirectional=case.bidirectional,
            batch_size=case.batch_size, max_epochs=epochs, calibrate=False, patch_size=1,
            device=device, random_state=0,
        ).fit(X, y)  # fmt: skip
        torch.cuda.synchronize()
        return time.perf_counter() - start

    # What a fit costs before its first step cancels out.
    return lambda: 1e3 * (fit(4) - fit(1)) / (3 * N_BATCHES)


def measure(case: Case, options: argparse.Namespace) -> dict:
    rng = np.random.default_rng(0)
    n_rows = N_BATCHES * case.batch_size
    lengths = rng.integers(case.shortest, case.longest, size=n_rows, endpoint=True)
    panel, y = speed.noisy_means(lengths, rng)
    X, device = panel.to_list(), options.device
    measures = {
        "sk_rnn": classifier_step(case, X, y, device=device),
        "bare, padded": bare_step(case, X, y, packed=False, device=device),
        "bare, packed": bare_step(case, X, y, packed=True, device=device),
    }
    speed.interleaved(measures, 1)
    return {"case": case._asdict(), "milliseconds": speed.interleaved(measures, options.repeats)}


def line(result: dict) -> list[str]:
    case, found = Case(**result["case"]), result["milliseconds"]
    steps = f"{case.shortest}-{case.longest}"
    least = {name: min(times) for name, times in found.items()}
    return [
        f"{case.cell} {case.hidden_size}, {'both' if case.bidirectional else 'one'}",
        str(case.batch_size),
        steps if case.shortest < case.longest else str(case.longest),
        *(f"{milliseconds:.1f}" for milliseconds in least.values()),
        f"{least['sk_rnn'] / least['bare, padded']:.2f}",
        f"{least['bare, packed'] / least['sk_rnn']:.1f}x",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    speed.add_options(parser, repeats=3)
    parser.set_defaults(device="cuda")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("There is no CUDA device.")
    started, environment = speed.begin(options)
    results = [measure(case, options) for case in CASES]
    header = ["net, directions", "batch", "time steps", "sk_rnn ms", "bare, padded", "bare, packed"]
    header += ["sk_rnn / bare, padded", "sk_rnn is faster than packed"]
    print(f"\nOne training step, least of {options.repeats}\n")
    print(report.markdown(header, [line(result) for result in results]))
    content = {"environment": environment, "options": vars(options), "results": results}
    print(f"\n{report.write('cuda', content, started)}")


if __name__ == "__main__":
    main()
