"""Sets of transcription: spoken digit strings and handwritten words.

Each function returns the samples as `LogMelSpectrogram` and `PenStrokes` read them, the texts, and
who spoke or wrote each sample, to split by person:

    X, y, speakers = spoken_strings("DIR/sp_FSDD_A", ["jackson", "nicolas"], 1500, seed=0)
    X, y, writers = pen_words("DIR/hw_UNIPEN_words_A")
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.io import wavfile

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPEAKERS = ("jackson", "nicolas", "theo", "yweweler")
TEST_WRITERS = ("app24", "app25")

MIN_DIGITS, MAX_DIGITS = 3, 7
MIN_PAUSE, MAX_PAUSE = 0.02, 0.15  # seconds
# Level of the noise in pauses, relative to the recordings around them: -40 dB. At least one unit of
# the integers, so that pauses are not digital silence, whose logarithm is that of nothing else.
NOISE, MIN_NOISE = 0.01, 1.0


class Recordings(NamedTuple):
    """Recordings of single digits: int16 waveforms by speaker and digit, ordered by index."""

    rate: int
    waves: dict[str, dict[int, list[np.ndarray]]]


def read_digits(path: str | Path) -> Recordings:
    """Read FSDD: a folder of DIGIT_SPEAKER_INDEX.wav, or one with recordings.tar.gz."""
    rates, found = set(), defaultdict(lambda: defaultdict(dict))
    for name, content in _wav_files(Path(path)):
        digit, speaker, index = name.removesuffix(".wav").split("_")
        rate, wave = wavfile.read(io.BytesIO(content))
        rates.add(rate)
        found[speaker][int(digit)][int(index)] = wave
    if len(rates) != 1:
        raise ValueError(f"{path} has recordings with rates {sorted(rates)}; one rate is expected.")
    waves = {
        speaker: {
            digit: [takes[index] for index in sorted(takes)]
            for digit, takes in sorted(digits.items())
        }
        for speaker, digits in sorted(found.items())
    }
    return Recordings(rates.pop(), waves)


def _wav_files(path: Path) -> Iterator[tuple[str, bytes]]:
    archive = path / "recordings.tar.gz"
    if not archive.exists():
        yield from ((file.name, file.read_bytes()) for file in sorted(path.rglob("*.wav")))
        return
    with tarfile.open(archive) as opened:
        for member in opened:
            if member.name.endswith(".wav"):
                yield Path(member.name).name, opened.extractfile(member).read()


def spoken_strings(
    path: str | Path, speakers: Sequence[str], n: int, seed: int, spelled: bool = False
) -> tuple[list[tuple[int, np.ndarray]], list[str], np.ndarray]:
    """Join recordings of one speaker to strings of digits, with pauses of faint noise.

    Parameters
    ----------
    path : path
        See `read_digits`.
    speakers : sequence of str
        All speak the same number of strings, up to a difference of one.
    n : int
        Number of strings.
    seed : int
        The same seed results in the same strings, spelled or not.
    spelled : bool, default=False
        Whether texts are words, "three one nine", instead of digits, "319".

    Returns
    -------
    X : list of (rate, waveform)
        Waveforms of int16.
    y : list of str
    groups : ndarray of str
        The speakers.
    """
    rate, recordings = read_digits(path)
    rng = np.random.default_rng(seed)
    X, y, groups = [], [], []
    for i in range(n):
        speaker = speakers[i % len(speakers)]
        digits = rng.integers(10, size=rng.integers(MIN_DIGITS, MAX_DIGITS + 1)).tolist()
        takes = [recordings[speaker][digit] for digit in digits]
        X.append((rate, _join([take[rng.integers(len(take))] for take in takes], rate, rng)))
        y.append(" ".join(DIGITS[d] for d in digits) if spelled else "".join(map(str, digits)))
        groups.append(speaker)
    return X, y, np.array(groups)


def _join(waves: Sequence[np.ndarray], rate: int, rng: np.random.Generator) -> np.ndarray:
    """Return one waveform, with a pause between neighbours."""
    loudness = np.sqrt(np.mean(np.concatenate(waves).astype(float) ** 2))
    level = max(MIN_NOISE, NOISE * loudness)
    parts = [waves[0]]
    for wave in waves[1:]:
        pause = int(rate * rng.uniform(MIN_PAUSE, MAX_PAUSE))
        parts += [rng.normal(0, level, pause).round().astype(np.int16), wave]
    return np.concatenate(parts)


def pen_words(path: str | Path) -> tuple[list[list[np.ndarray]], list[str], np.ndarray]:
    """Read the handwritten words of UNIPEN.

    Parameters
    ----------
    path : path
        The folder with words.jsonl.gz, or this file.

    Returns
    -------
    X : list of lists of ndarray of shape (n_points, 2)
        The strokes of each word, in units of the device.
    y : list of str
        The words.
    groups : ndarray of str
        The writers.
    """
    path = Path(path)
    path = path / "words.jsonl.gz" if path.is_dir() else path
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    X = [[np.array(stroke, dtype=float) for stroke in row["strokes"]] for row in rows]
    return X, [row["word"] for row in rows], np.array([row["writer"] for row in rows])
