"""Pages on generation find the rules that their data are made by."""

import pytest
from sklearn.metrics import roc_auc_score

from .pages import run_page

pytestmark = pytest.mark.slow


def test_text_that_continues_keeps_the_rule(monkeypatch):
    variables = run_page("generation/text_that_continues.py", monkeypatch)
    assert variables["lowest"] < variables["perplexity"] < variables["ngrams"].min()
    assert variables["agree"] > 0.9
    assert variables["line"][variables["surprise"].argmax() :] == "s.\n"


def test_text_that_continues_reads_plays(monkeypatch):
    variables = run_page(
        "generation/text_that_continues.py", monkeypatch, data="lm_tinyshakespeare"
    )
    assert variables["perplexity"] < 0.96 * variables["ngrams"].min()


def test_invented_names_keep_the_rule(monkeypatch):
    variables = run_page("generation/invented_names.py", monkeypatch)
    valid = variables["shares"].pivot(index="temperature", columns="writer", values="valid")
    assert (valid["network"] >= valid["Markov chain"]).all()
    assert valid.loc[0.8, "network"] > 0.95
    assert valid.loc[0.8, "Markov chain"] < 0.85


def test_invented_names_of_dinosaurs_end_like_those_of_dinosaurs(monkeypatch):
    shares = run_page("generation/invented_names.py", monkeypatch, data="lm_dinos")["shares"]
    at_best = shares[shares["temperature"] == 0.6].set_index("writer")
    share = at_best["valid, new and distinct"]
    assert share["network"] > 0.65
    assert share["network"] > share["Markov chain"]


def test_chorale_keeps_to_key_and_harmony(monkeypatch):
    shares = run_page("generation/chorale.py", monkeypatch)["shares"]
    assert (shares.loc[(["notes", "chords"], 0.5), "notes in the key"] > 0.98).all()
    assert shares.loc[("chords", 0.5), "known changes of chords"] > 0.95
    assert shares.loc[("notes", 0.5), "known chords"] < 0.5
    assert (shares.loc["given notes", "known chords"] < 0.1).all()


def test_chorale_continues_real_chorales(monkeypatch):
    shares = run_page("generation/chorale.py", monkeypatch, data="lm_JSBChorales")["shares"]
    assert (shares.loc[(["notes", "chords"], 0.5), "notes in the key"] > 0.9).all()
    assert shares.loc[("chords", 0.5), "known changes of chords"] > 0.8


def test_next_frame_is_predicted_better_than_by_repetition(monkeypatch):
    variables = run_page("generation/next_frame.py", monkeypatch)
    for table in (variables["errors"], variables["distances"]):
        assert (table["network"] < 0.7 * table["last frame"]).all()
        assert (table["network"] < table["same velocity"]).loc[3:].all()


def test_unlikely_sessions_are_found(monkeypatch):
    variables = run_page("generation/unlikely_sessions.py", monkeypatch)
    is_wrong = variables["is_wrong"]
    assert roc_auc_score(is_wrong, -variables["network"]) > 0.98
    assert roc_auc_score(is_wrong, -variables["chain"]) < 0.9
    assert variables["found"] > 0.95
