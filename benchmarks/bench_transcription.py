"""Error rates of RNNTranscriber with its defaults on speech and handwriting of unknown people.

python benchmarks/bench_transcription.py --data DIR --seeds 3
python benchmarks/bench_transcription.py --data DIR --tasks digits --uncentered --strings 500
python benchmarks/bench_transcription.py --data DIR --tasks words --params max_epochs=40 dropout=.5
"""

import argparse
import datetime
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import report
import torch
from bench_accuracy import parameter
from sklearn.pipeline import Pipeline, make_pipeline
from transcription_sets import DIGITS, SPEAKERS, TEST_WRITERS, pen_words, spoken_strings

from sk_rnn import RNNTranscriber
from sk_rnn.metrics import character_error_rate, sequence_accuracy_score, word_error_rate
from sk_rnn.preprocessing import LogMelSpectrogram, PenStrokes

# Added to the seed of the training strings.
TEST_SEED = 10_000

# Target character error rates, with and without centred inputs, for each test speaker. The
# recordings of theo are the quietest of all.
ASKED = {"theo": ("<= .10", ">= twice the centred"), "yweweler": ("<= .27", "")}


@cache
def spectra(path: Path, speakers: Sequence[str], n: int, seed: int, spelled: bool) -> Any:
    """Spectra of spoken strings, and their texts."""
    X, y, _ = spoken_strings(path, speakers, n, seed, spelled)
    return LogMelSpectrogram(sampling_rate=8000).fit_transform(X), y


def speech(options: argparse.Namespace, speaker: str, seed: int, spelled: bool) -> list[Any]:
    """Training strings of all other speakers, and test strings of one."""
    path = options.data / "sp_FSDD_A"
    others = tuple(name for name in SPEAKERS if name != speaker)
    return [
        *spectra(path, others, options.strings, seed, spelled),
        *spectra(path, (speaker,), options.test_strings, TEST_SEED + seed, spelled),
    ]


def fit(model: Any, X: Any, y: Any) -> float:
    """Fit, and return the CPU seconds."""
    started = time.process_time()
    model.fit(X, y)
    return time.process_time() - started


def predict(model: Any, X: Any) -> tuple[np.ndarray, float]:
    """Predict, and also return the CPU milliseconds per sequence."""
    model.predict(X[:2])  # compiles
    started = time.process_time()
    predicted = model.predict(X)
    return predicted, 1000 * (time.process_time() - started) / len(X)


def row(task: str, measure: str, value: float, asked: str = "", **shown: float) -> dict:
    """Return a row of the table."""
    times = {name: round(number, 2) for name, number in shown.items()}
    return {
        "task": task,
        "measure": measure,
        "value": round(float(value), 4),
        "ask": asked,
        **times,
    }


def digits(options: argparse.Namespace, seed: int) -> Iterator[dict]:
    """Strings of digits, "319", greedy, with and without centred inputs."""
    for speaker in options.speakers:
        X, y, X_test, y_test = speech(options, speaker, seed, spelled=False)
        task = f"digits of {speaker}"
        for centered in (True, False) if options.uncentered else (True,):
            model = RNNTranscriber(random_state=seed, **options.params)
            model.set_params(**({} if centered else {"center_inputs": False}))
            seconds = fit(model, X, y)
            predicted, ms = predict(model, X_test)
            name = "CER" if centered else "CER, not centred"
            asked = ASKED.get(speaker, ("", ""))[0 if centered else 1]
            yield row(task, name, character_error_rate(y_test, predicted), asked, cpu_s=seconds)
            right = sequence_accuracy_score(y_test, predicted)
            yield row(task, "strings right" + name[3:], right, ms=ms)
        if seed == 0:
            for transcript in model.align(X_test[:1]):
                print(y_test[0], *zip(transcript.tokens, transcript.start.tolist(), strict=True))


def spelled(options: argparse.Namespace, seed: int) -> Iterator[dict]:
    """The same, spelled out as "three one nine", greedy and with the ten words as lexicon."""
    speaker = options.speakers[0]
    X, y, X_test, y_test = speech(options, speaker, seed, spelled=True)
    model = RNNTranscriber(random_state=seed, **options.params)
    seconds = fit(model, X, y)
    searches: list[tuple[str, dict]] = [
        ("greedy", {}),
        ("beam 16", {"beam_width": 16}),
        ("lexicon, beam 4", {"beam_width": 4, "lexicon": DIGITS}),
        ("lexicon, beam 16", {"beam_width": 16, "lexicon": DIGITS}),
    ]
    yield from decoded(f"spelled by {speaker}", model, X_test, y_test, searches, seconds)


def words(options: argparse.Namespace, seed: int) -> Iterator[dict]:
    """Handwritten words of two writers, greedy and with the words of the set as lexicon."""
    X, y, writers = pen_words(options.data / "hw_UNIPEN_words_A")
    lexicon = sorted(set(y))
    test = np.isin(writers, TEST_WRITERS)
    train, held_out = np.flatnonzero(~test)[: options.strings], np.flatnonzero(test)
    transcriber = RNNTranscriber(random_state=seed, **options.params)
    model = make_pipeline(PenStrokes(), transcriber)
    seconds = fit(model, [X[i] for i in train], [y[i] for i in train])
    X_test, y_test = [X[i] for i in held_out], [y[i] for i in held_out]
    letters = set(model[-1].tokens_)
    known = [word for word in lexicon if letters.issuperset(word)]
    searches = [
        ("greedy", {}),
        ("lexicon, beam 16", {"beam_width": 16, "lexicon": known}),
        ("lexicon, beam 64", {"beam_width": 64, "lexicon": known}),
    ]
    yield from decoded("words", model, X_test, y_test, searches, seconds)
    train_words = set(np.asarray(y)[train])
    print(f"test words that are not in training: {np.mean([w not in train_words for w in y_test])}")


def decoded(
    task: str, model: Any, X: Any, y: Any, searches: list[tuple[str, dict]], seconds: float
) -> Iterator[dict]:
    """Error rates and times of several ways to decode one fitted model."""
    transcriber = model[-1] if isinstance(model, Pipeline) else model
    for name, search in searches:
        transcriber.set_params(**search)
        predicted, ms = predict(model, X)
        asked = LIMITS.get((task.split()[0], name), ("", ""))
        shown = {"cpu_s": seconds} if name == "greedy" else {}
        yield row(task, f"CER, {name}", character_error_rate(y, predicted), asked[0], **shown)
        yield row(task, f"WER, {name}", word_error_rate(y, predicted), asked[1], ms=ms)
    print(*zip(y[:5], predicted[:5], strict=True), sep="\n")


# Target error rates of characters and words: the largest acceptable ones.
LIMITS = {
    ("spelled", "lexicon, beam 16"): ("", "half of greedy, <= 10 ms"),
    ("words", "greedy"): ("<= .30", ""),
    ("words", "lexicon, beam 16"): ("", "<= .35"),
}

TASKS = {"digits": digits, "spelled": spelled, "words": words}


def main() -> None:
    """Run the chosen tasks and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument(
        "--speakers", nargs="+", choices=SPEAKERS, default=list(ASKED), help="test speakers"
    )
    parser.add_argument("--strings", type=int, default=1500, help="maximum number for training")
    parser.add_argument("--test-strings", type=int, default=300, help="number of spoken ones")
    parser.add_argument(
        "--uncentered", action="store_true", help="also fit digits with center_inputs=False"
    )
    parser.add_argument(
        "--params", nargs="*", type=parameter, default=[], metavar="NAME=VALUE", help="not defaults"
    )
    options = parser.parse_args()
    options.params = dict(options.params)
    torch.set_num_threads(1)
    began, results = datetime.datetime.now(), []
    if options.params:
        print(f"not the defaults: {options.params}", flush=True)
    for name in options.tasks:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            for found in TASKS[name](options, seed):
                results.append({"seed": seed, **found})
                print(results[-1], flush=True)
    where = report.environment(1)
    print(report.describe(where))
    print(report.table(HEADER, summary(results)))
    content = {"environment": where, "parameters": options.params, "results": results}
    report.write("transcription", content, began)


HEADER = ["measure", "mean", "spread", "asked", "cpu s of fit", "ms per sequence"]


def summary(results: list[dict]) -> list[list[str]]:
    """Return rows of the table: the mean over seeds, and the difference between its extremes."""
    groups: dict[tuple[str, str], list[dict]] = {}
    for result in results:
        groups.setdefault((result["task"], result["measure"]), []).append(result)
    table = []
    for (task, measure), rows in groups.items():
        values = [row["value"] for row in rows]
        times = [
            f"{np.mean([row[key] for row in rows]):.1f}" if key in rows[0] else ""
            for key in ("cpu_s", "ms")
        ]
        mean, spread = f"{np.mean(values):.3f}", f"{np.ptp(values):.3f}"
        table.append([f"{task}: {measure}", mean, spread, rows[0]["ask"], *times])
    return table


if __name__ == "__main__":
    main()
