"""The benchmarks' sets of transcription, made from a few short recordings and strokes."""

import gzip
import importlib.util
import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location(
    "transcription_sets", ROOT / "benchmarks" / "transcription_sets.py"
)
sets = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = sets
_spec.loader.exec_module(sets)

RATE = 1000


def recording(digit, speaker):
    """Ten samples whose value tells digit and speaker."""
    return np.full(10, 1000 * (digit + 1) * (1 if speaker == "ann" else -1), dtype=np.int16)


@pytest.fixture(params=["folder", "archive"])
def folder(request, tmp_path):
    """Two takes of each digit by two speakers, as files or in an archive."""
    archive = tarfile.open(tmp_path / "recordings.tar.gz", "w:gz")  # noqa: SIM115 - closed below
    for digit in range(10):
        for speaker in ("ann", "bob"):
            for index in (2, 10):
                buffer = io.BytesIO()
                wavfile.write(buffer, RATE, recording(digit, speaker))
                member = tarfile.TarInfo(f"recordings/{digit}_{speaker}_{index}.wav")
                member.size = len(buffer.getvalue())
                archive.addfile(member, io.BytesIO(buffer.getvalue()))
    archive.close()
    if request.param == "folder":
        with tarfile.open(tmp_path / "recordings.tar.gz") as opened:
            opened.extractall(tmp_path, filter="data")
        (tmp_path / "recordings.tar.gz").unlink()
    return tmp_path


def spoken(wave):
    """The digits of a wave of `recording`, negative for bob; pauses are faint."""
    loud = wave[np.abs(wave) >= 1000].reshape(-1, 10)
    return [int(np.sign(x[0]) * (abs(x[0]) // 1000 - 1)) for x in loud]


def test_spoken_strings_are_what_is_said(folder):
    X, y, speakers = sets.spoken_strings(folder, ["ann", "bob"], 20, seed=0)
    assert speakers.tolist() == ["ann", "bob"] * 10
    for (rate, wave), text, speaker in zip(X, y, speakers, strict=True):
        assert rate == RATE
        assert wave.dtype == np.int16
        assert 3 <= len(text) <= 7
        sign = 1 if speaker == "ann" else -1
        assert spoken(wave) == [sign * int(digit) for digit in text]
        pauses = len(wave) - 10 * len(text)
        assert 20 * (len(text) - 1) <= pauses <= 150 * (len(text) - 1)


def test_spoken_strings_repeat_with_a_seed_and_are_the_same_when_spelled(folder):
    X, y, _ = sets.spoken_strings(folder, ["bob"], 5, seed=3)
    X_again, y_spelled, _ = sets.spoken_strings(folder, ["bob"], 5, seed=3, spelled=True)
    for (_, wave), (_, again) in zip(X, X_again, strict=True):
        np.testing.assert_array_equal(wave, again)
    assert y_spelled == [" ".join(sets.DIGITS[int(digit)] for digit in text) for text in y]
    assert sets.spoken_strings(folder, ["bob"], 5, seed=4)[1] != y


def test_pen_words_keeps_strokes_words_and_writers_together(tmp_path):
    rows = [
        {"writer": "w1", "word": "to", "strokes": [[[0, 1], [2, 3]], [[4, 5]]]},
        {"writer": "w2", "word": "I", "strokes": [[[1, 1], [1, 9]]]},
    ]
    with gzip.open(tmp_path / "words.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    for path in (tmp_path, tmp_path / "words.jsonl.gz"):
        X, y, writers = sets.pen_words(path)
        assert y == ["to", "I"]
        assert writers.tolist() == ["w1", "w2"]
        assert [[stroke.tolist() for stroke in x] for x in X] == [row["strokes"] for row in rows]
