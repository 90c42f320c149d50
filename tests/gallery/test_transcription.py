"""Pages on transcription read people who are not in the training data."""

import numpy as np
import pytest

from .pages import run_page

pytestmark = pytest.mark.slow


def test_digits_of_a_new_voice_are_transcribed_and_found(monkeypatch):
    variables = run_page("transcription/spoken_digits.py", monkeypatch)
    new = variables["errors"].loc["voice 5 (new)"]
    assert new["letter by letter"] < 0.15
    assert new["with lexicon"] < new["letter by letter"]
    assert 0 <= np.median(variables["late"]) < 0.06


def test_digits_of_a_new_speaker_are_transcribed(monkeypatch):
    errors = run_page("transcription/spoken_digits.py", monkeypatch, data="sp_FSDD_A")["errors"]
    new = errors.loc["yweweler (new)"]
    assert new["letter by letter"] < 0.6
    assert new["with lexicon"] < 0.6 * new["letter by letter"]


def test_handwriting_of_new_writers_is_read(monkeypatch):
    errors = run_page("transcription/handwriting.py", monkeypatch)["errors"]
    assert errors.loc["wrong letters", "letter by letter"] < 0.15
    assert errors.loc["wrong words", "with lexicon"] < 0.1
    assert errors.loc["wrong words", "letter by letter"] > errors.loc["wrong words", "with lexicon"]


def test_handwriting_of_people_is_read(monkeypatch):
    errors = run_page("transcription/handwriting.py", monkeypatch, data="hw_UNIPEN_words_A")[
        "errors"
    ]
    assert errors.loc["wrong letters", "letter by letter"] < 0.35
    assert errors.loc["wrong words", "with lexicon"] < 0.3
