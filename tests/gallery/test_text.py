"""Pages about text find what their data were made of."""

import gzip

import pytest

from .pages import run_page


@pytest.mark.slow
def test_negation_is_found_by_the_order_of_words(monkeypatch):
    variables = run_page("text/review_sentiment.py", monkeypatch)
    accuracy = variables["accuracy"]
    assert accuracy["recurrent network"] > 0.98
    assert accuracy["tf-idf, words"] < 0.6
    assert accuracy["tf-idf, and pairs"] < 0.6
    assert variables["network"].predict(variables["twins"]).tolist() == ["positive", "negative"]
    positive = variables["probability"]["positive"]
    assert positive["The plot is not dull"] > 0.5 > positive["The plot is dull"]
    assert positive["The music is funny"] > 0.5 > positive["The music is not funny"]


@pytest.mark.slow
def test_sentiment_of_film_reviews(monkeypatch):
    variables = run_page("text/review_sentiment.py", monkeypatch, data="txt_IMDB5k")
    assert variables["accuracy"]["recurrent network"] > 0.84


@pytest.mark.slow
def test_order_of_letters_tells_the_nationality(monkeypatch):
    variables = run_page("text/names_to_nationality.py", monkeypatch)
    assert variables["accuracy"]["sequence of letters"] > 0.95
    assert variables["accuracy"]["groups of letters"] < 0.9
    predicted = variables["network"].predict(variables["some"]).tolist()
    assert predicted == ["Kalonian", "Norlandish"]


@pytest.mark.slow
def test_nationality_of_surnames(monkeypatch):
    variables = run_page("text/names_to_nationality.py", monkeypatch, data="txt_names")
    assert variables["accuracy"]["sequence of letters"] > 0.8


@pytest.mark.slow
def test_letters_tell_the_tags_of_unknown_words(monkeypatch):
    variables = run_page("text/tagging_words.py", monkeypatch)
    unknown = variables["accuracy"]["unknown words"]
    assert unknown["network on words"] < 0.6
    assert 0.8 < unknown["logistic regression on letters"] < 0.96
    assert unknown["network on words and letters"] > 0.98
    assert variables["accuracy"]["known words"]["network on words and letters"] > 0.98
    sentence = variables["sentence"]
    assert sentence[0] == sentence[2]
    assert sentence[0] not in variables["known_words"]
    tags = variables["both"].predict([sentence])[0]
    assert tags.tolist() == ["verb", "adjective", "noun", "noun", "verb"]


@pytest.mark.slow
def test_tags_of_afrikaans(monkeypatch):
    variables = run_page("text/tagging_words.py", monkeypatch, data="tag_UD_Afrikaans")
    known, unknown = variables["accuracy"]["known words"], variables["accuracy"]["unknown words"]
    assert known["network on words and letters"] > 0.97
    assert unknown["network on words and letters"] > 0.82
    assert unknown["network on words"] < 0.75


@pytest.mark.slow
def test_tagging_reads_both_formats(monkeypatch, tmp_path):
    read_conll = run_page("text/tagging_words.py", monkeypatch)["read_conll"]
    rest = "\t_" * 6
    lines = ["# text = Die hond", f"1-2\tDiehond\t_\t_{rest}", f"1\tDie\t_\tDET{rest}"]
    lines += [f"2\thond\t_\tNOUN{rest}", "", f"1\tJa\t_\tINTJ{rest}", "", ""]
    new, old = tmp_path / "new.conllu.gz", tmp_path / "old.txt"
    new.write_bytes(gzip.compress("\n".join(lines).encode()))
    old.write_text("-DOCSTART- -X- O\n\nDie X DET\nhond X NOUN\n\nJa X INTJ\n", encoding="utf-8")
    expected = [["Die", "hond"], ["Ja"]], [["DET", "NOUN"], ["INTJ"]]
    assert read_conll(new) == expected
    assert read_conll(old) == expected


@pytest.mark.slow
def test_dates_are_parsed(monkeypatch):
    variables = run_page("text/date_formats.py", monkeypatch)
    correct = variables["correct"].mean()
    assert correct["network"] > 0.98
    assert correct["pandas"] < 0.9
    new = variables["new"].set_index("written")
    assert new["predicted"]["05 July 1999"] == "1999-07-05"
    assert new["log-likelihood"]["1999/07/05"] < new["log-likelihood"]["05 July 1999"] - 0.1
    assert variables["model"].predict(variables["dates"]).tolist() == ["2025-12-24", "1971-08-28"]


@pytest.mark.slow
def test_search_finds_letters_for_misspelt_words(monkeypatch):
    variables = run_page("text/tune_text_pipeline.py", monkeypatch)
    accuracy = variables["accuracy"]
    assert accuracy["network, tuned"] > 0.95
    assert accuracy["tf-idf of letters"] < 0.9
    assert accuracy["network, not tuned"] < 0.7
    best = variables["results"].groupby("analyzer")["accuracy"].max()
    assert best["char"] > best["word"] + 0.2
    assert variables["search"].best_params_["sequencevectorizer__analyzer"] == "char"


@pytest.mark.slow
def test_search_finds_words_for_questions(monkeypatch):
    variables = run_page("text/tune_text_pipeline.py", monkeypatch, data="txt_TREC")
    assert len(variables["y_test"]) == 500
    assert variables["accuracy"]["network, not tuned"] > 0.88
    assert variables["accuracy"]["network, tuned"] > 0.86
    assert variables["search"].best_params_["sequencevectorizer__analyzer"] == "word"
