"""Quality and speed of RNNLanguageModel with its defaults on text, names, music and films.

python benchmarks/bench_generation.py --data DIR --seeds 3
python benchmarks/bench_generation.py --data DIR --tasks names music speed
"""

import argparse
import datetime
import gzip
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import report
import torch

from sk_rnn import RNNLanguageModel
from sk_rnn.datasets import make_moving_digits

LOG2 = np.log(2)


class WittenBell:
    """An n-gram model with Witten-Bell smoothing (Witten & Bell, 1991), the rival."""

    def __init__(self, order: int, ends: bool):
        self.order, self.ends = order, ends

    def fit(self, rows: Sequence[str]) -> "WittenBell":
        """Count all n-grams."""
        self.counts: list[dict[str, Counter[str]]] = [
            defaultdict(Counter) for _ in range(self.order)
        ]
        self.vocabulary = {symbol for row in rows for symbol in self._marked(row)}
        for row in rows:
            marked = self._marked(row)
            for i, symbol in enumerate(marked):
                for n in range(self.order):
                    self.counts[n][self._context(marked, i, n)][symbol] += 1
        return self

    def bits(self, rows: Sequence[str]) -> float:
        """Bits per predicted token."""
        total, n_symbols = 0.0, 0
        for row in rows:
            marked = self._marked(row)
            for i, symbol in enumerate(marked):
                p = 1 / (len(self.vocabulary) + 1)
                for n in range(self.order):
                    seen = self.counts[n].get(self._context(marked, i, n))
                    if seen is None:
                        break
                    n_seen = seen.total()
                    p = (seen[symbol] + len(seen) * p) / (n_seen + len(seen))
                total -= np.log2(p)
            n_symbols += len(marked)
        return total / n_symbols

    def _marked(self, row: str) -> str:
        return row + "\0" if self.ends else row

    def _context(self, row: str, i: int, n: int) -> str:
        return ("\1" * n + row[:i])[-n:] if n else ""


def fit(model: RNNLanguageModel, X: Any, **kwargs: Any) -> tuple[RNNLanguageModel, float]:
    """Fit, and also return the CPU seconds."""
    started = time.process_time()
    model.fit(X, **kwargs)
    return model, time.process_time() - started


def row(task: str, measure: str, value: float, asked: str, seconds: float | None = None) -> dict:
    """Return a row of the table."""
    shown = {} if seconds is None else {"cpu_s": round(seconds, 1)}
    return {
        "task": task,
        "measure": measure,
        "value": round(float(value), 4),
        "ask": asked,
        **shown,
    }


def text(data: Path, seed: int) -> Iterator[dict]:
    """Shakespeare: the first nine tenths, scored on the last tenth."""
    with gzip.open(data / "lm_tinyshakespeare" / "input.txt.gz", "rt") as file:
        all_text = file.read()
    cut = int(0.9 * len(all_text))
    train, test = all_text[:cut], all_text[cut:]
    model, seconds = fit(RNNLanguageModel(random_state=seed), [train])
    nats = -model.score([test])
    yield row("text", "nats per character", nats, "<= 1.53", seconds)
    yield row("text", "bits per character", nats / LOG2, "nanoGPT 2.12")
    words = set(train.split())
    for temperature in (1.0, 0.8, 0.5):
        rows = model.sample(16, max_length=800, temperature=temperature, random_state=seed)
        drawn = [word for text in rows for word in text.split()[1:-1]]
        known = np.mean([word in words for word in drawn])
        yield row("text", f"known words at T={temperature}", known, "")
    if seed == 0:
        rival = WittenBell(5, ends=False).fit([train])
        yield row("text", "bits, Witten-Bell 5-gram", rival.bits([test]), "")
        print(model.generate(["ROMEO:"], max_length=400, temperature=0.8, random_state=1)[0])


def names(data: Path, seed: int) -> Iterator[dict]:
    """Distinct names of dinosaurs: a tenth for testing, and a tenth left out."""
    lines = (data / "lm_dinos" / "dinos.txt").read_text().lower().split()
    distinct = sorted(set(lines))
    order = np.random.default_rng(0).permutation(len(distinct))
    n = len(distinct) // 10
    test, train = ([distinct[i] for i in part] for part in (order[:n], order[2 * n :]))
    model, seconds = fit(RNNLanguageModel(random_state=seed), train)
    yield row("names", "bits per character", -model.score(test) / LOG2, "<= 2.45", seconds)
    drawn = model.sample(1000, temperature=0.8, random_state=seed)
    new = set(drawn) - set(train)
    trigrams = {name[i : i + 3] for name in train for i in range(len(name) - 2)}
    valid = [
        4 <= len(name) <= 26 and all(name[i : i + 3] in trigrams for i in range(len(name) - 2))
        for name in drawn
    ]
    yield row("names", "novel and unique at T=0.8", len(new) / 1000, ">= .95")
    yield row("names", "valid trigrams at T=0.8", np.mean(valid), ">= .5")
    yield row("names", "ended within 40", np.mean([len(name) < 40 for name in drawn]), "1")
    if seed == 0:
        rival = WittenBell(4, ends=True).fit(train)
        yield row("names", "bits, Witten-Bell 4-gram", rival.bits(test), "")
        print(", ".join(drawn[:12]))


def music(data: Path, seed: int) -> Iterator[dict]:
    """Bach's chorales: official split, nats per step without the end."""
    from scipy.io import loadmat

    loaded = loadmat(data / "lm_JSBChorales" / "JSB_Chorales.mat")
    train, test = (
        [steps.astype(float) for steps in loaded[name][0]] for name in ("traindata", "testdata")
    )
    model, seconds = fit(RNNLanguageModel(random_state=seed), train)
    steps = [row[: len(x)] for row, x in zip(model.score_steps(test), test, strict=True)]
    nats = -np.concatenate(steps).mean()
    yield row("music", "nats per step", nats, "<= 8.40 (GRU 8.43, LSTM 8.45, TCN 8.10)", seconds)


def films(data: Path, seed: int) -> Iterator[dict]:
    """Moving digits: the next frame of unseen digits, starting with the sixth."""
    train, _ = make_moving_digits(600, subset="train", random_state=seed)
    test, _ = make_moving_digits(200, subset="test", random_state=seed)
    model, seconds = fit(RNNLanguageModel(kind="binary", random_state=seed), train)
    error = ((model.predict_steps(test)[:, 5:] - test[:, 5:]) ** 2).mean()
    copied = ((test[:, 4:-1] - test[:, 5:]) ** 2).mean()
    yield row("films", "squared error of the next frame", error, "<= .022", seconds)
    yield row("films", "the same, frame copied", copied, "> 2 x")


def speed(data: Path, seed: int) -> Iterator[dict]:
    """Characters per second of a GRU with 256 units and 65 tokens: generated, and trained on."""
    letters = [chr(48 + i) for i in range(65)]
    rng = np.random.default_rng(0)
    stream = "".join(rng.choice(letters, 300_000))
    model = RNNLanguageModel(max_epochs=1, random_state=0).fit([stream[:200_000]])
    model.sample(1, max_length=10)  # compiles
    for n_rows, length, asked in ((1, 20_000, ">= 40000"), (64, 1000, ">= 60000")):
        seconds = [
            _cpu(lambda n=n_rows, t=length: model.sample(n, max_length=t, random_state=0))
            for _ in range(3)
        ]
        yield row(
            "speed", f"generated per second, {n_rows} rows", n_rows * length / min(seconds), asked
        )
    seconds = [_cpu(lambda: _torch_loop(2000)) for _ in range(3)]
    yield row("speed", "generated per second, bare torch loop", 2000 / min(seconds), "")
    seconds = [_cpu(lambda: model.partial_fit([stream])) for _ in range(2)]
    yield row("speed", "trained on per second", 300_000 / min(seconds), ">= 75000")
    seconds = [_cpu(lambda: _torch_training(50)) for _ in range(2)]
    yield row("speed", "trained on per second, nn.GRU", 50 * 32 * 64 / min(seconds), "1.7 x less")


def _cpu(function: Callable[[], Any]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


def _torch_modules() -> tuple[torch.nn.Module, ...]:
    return torch.nn.Embedding(65, 64), torch.nn.GRU(64, 256), torch.nn.Linear(256, 65)


def _torch_loop(n: int) -> None:
    embedding, gru, head = _torch_modules()
    state, token = torch.zeros(1, 1, 256), torch.zeros(1, 1, dtype=torch.int64)
    with torch.inference_mode():
        for _ in range(n):
            output, state = gru(embedding(token), state)
            token = torch.multinomial(head(output[0]).softmax(1), 1)


def _torch_training(n: int) -> None:
    modules = torch.nn.ModuleList(_torch_modules())
    embedding, gru, head = modules
    optimizer = torch.optim.AdamW(modules.parameters(), 5e-3, fused=True)
    tokens, state = torch.randint(65, (65, 32)), None
    for _ in range(n):
        optimizer.zero_grad()
        output, state = gru(embedding(tokens[:-1]), state)
        loss = torch.nn.functional.cross_entropy(head(output).flatten(0, 1), tokens[1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimizer.step()
        state = state.detach()


TASKS = {"text": text, "names": names, "music": music, "films": films, "speed": speed}


def main() -> None:
    """Run the chosen tasks and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    began, results = datetime.datetime.now(), []
    for name in arguments.tasks:
        for seed in range(1 if name == "speed" else arguments.seeds):
            for found in TASKS[name](arguments.data, seed):
                results.append({"seed": seed, **found})
                print(results[-1], flush=True)
    where = report.environment(1)
    print(report.describe(where))
    header = ["measure", "seed", "value", "asked", "cpu s"]
    cells = [
        [
            f"{r['task']}: {r['measure']}",
            str(r["seed"]),
            f"{r['value']:g}",
            r["ask"],
            str(r.get("cpu_s", "")),
        ]
        for r in results
    ]
    print(report.table(header, cells))
    report.write("generation", {"environment": where, "results": results}, began)


if __name__ == "__main__":
    main()
