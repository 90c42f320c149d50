"""X that is text or lists of words: vocabulary, letters of words, messages."""

import pickle
from enum import Enum

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_rnn import Panel, RNNClassifier, RNNRegressor
from sk_rnn.preprocessing import SequenceVectorizer

SMALL = {"hidden_size": 4, "max_epochs": 2, "random_state": 0, "calibrate": False}
TEXTS = ["The dog bites the man.", "A man saw it!", "Dogs, no?", "the end of the dog"] * 3
LABELS = np.array(["a", "b", "a", "c"] * 3)
SENTENCES = [["the", "dog", "barks"], ["I", "saw", "it"], ["no"], ["dogs", "saw", "the", "end"]] * 3
TAGS = [[word[-1] in "gts" for word in words] for words in SENTENCES]


def clf(**params):
    return RNNClassifier(**{**SMALL, **params})


def tagger(**params):
    return clf(return_sequences=True, **params)


def proba(model, X):
    return np.concatenate(list(map(np.atleast_2d, model.predict_proba(X))))


# --- vocabulary -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [len(TEXTS), 1000])
def test_text_is_read_as_by_a_vectorizer(n):
    X, y = (TEXTS * 84)[:n], np.tile(LABELS, 84)[:n]
    X = [*X[:-1], "an unusual ending"]  # a word of one text is unknown among a thousand
    model = clf().fit(X, y)
    vectorizer = SequenceVectorizer()
    pipeline = make_pipeline(vectorizer, clf(embedding_dim=64)).fit(X, y)
    assert model.vocabulary_ == vectorizer.vocabulary_
    assert ("unusual" in model.vocabulary_) == (n < 1000)
    new = [*TEXTS, "a dog of unknown age"]
    assert_array_equal(model.predict_proba(new), pipeline.predict_proba(new))


def test_embedding_dim_sets_the_size_of_vectors_of_words():
    assert clf(embedding_dim=5).fit(TEXTS, LABELS).module_.encoder.recurrent.input_size == 5
    assert clf().fit(TEXTS, LABELS).module_.encoder.recurrent.input_size == 64


def test_min_df_drops_rare_words():
    assert set(clf(min_df=4).fit(TEXTS, LABELS).vocabulary_) == {"the", "dog", "man"}
    assert set(tagger(min_df=4).fit(SENTENCES, TAGS).vocabulary_) == {"the", "saw"}


def test_rare_words_are_kept_if_their_letters_are_read():
    X, y = SENTENCES * 84, TAGS * 84
    X[0] = ["the", "unusual", "barks"]
    params = {"max_epochs": 1, "hidden_size": 1}
    assert "unusual" in tagger(**params).fit(X, y).vocabulary_
    assert "unusual" not in tagger(char_embedding=None, **params).fit(X, y).vocabulary_


def test_vocabulary_is_an_attribute_of_models_of_words_only():
    model = clf()
    for X in (TEXTS, [[1.0, 2.0]] * 12, TEXTS):
        assert hasattr(model.fit(X, LABELS), "vocabulary_") == (X is TEXTS)
    assert not hasattr(clf(), "vocabulary_")
    assert not hasattr(clf(embedding_dim=2).fit([[0, 1]] * 12, LABELS), "vocabulary_")


@pytest.mark.parametrize(
    "read",
    [
        pd.Series,
        np.array,
        tuple,
        pl.Series,
        pa.array,
        lambda X: pd.DataFrame({"text": X}),
        lambda X: pl.DataFrame({"text": X}),
        lambda X: np.array(X, dtype=object)[:, None],
    ],
)
def test_containers_of_strings_are_the_same(read):
    expected = proba(clf().fit(TEXTS, LABELS), TEXTS[:3])
    assert_array_equal(proba(clf().fit(read(TEXTS), LABELS), read(TEXTS[:3])), expected)


@pytest.mark.parametrize(
    "read",
    [
        pd.Series,
        pl.Series,
        pa.array,
        tuple,
        lambda X: [tuple(words) for words in X],
        lambda X: [np.array(words) for words in X],
        lambda X: [np.array(words, dtype=object) for words in X],
        lambda X: [pd.Series(words) for words in X],
        lambda X: pd.DataFrame({"words": X}),
    ],
)
def test_containers_of_words_are_the_same(read):
    expected = proba(tagger().fit(SENTENCES, TAGS), SENTENCES[:3])
    found = tagger().fit(read(SENTENCES), TAGS)
    assert_array_equal(proba(found, read(SENTENCES[:3])), expected)


def test_table_of_words_has_a_sentence_per_row():
    X = np.array([["the", "dog"], ["I", "ran"], ["dogs", "ran"], ["a", "b"]])
    y = [["D", "N"], ["P", "V"], ["N", "V"], ["P", "N"]]
    model = tagger().fit(X, y)
    assert_array_equal(proba(model, X), proba(tagger().fit(X.tolist(), y), X.tolist()))


def test_tokens_may_be_anything_hashable():
    X = [[("a", 1), ("b", 2)], [("a", 1)], [frozenset("x"), ("a", 1)], [("b", 2)]]
    model = clf().fit(X, [0, 1, 0, 1])
    assert set(model.vocabulary_) == {("a", 1), ("b", 2), frozenset("x")}
    assert model.predict([[("c", 3), ("a", 1)]]).shape == (1,)
    colours = Enum("Colour", ["RED", "BLUE"])
    assert clf().fit([[colours.RED, colours.BLUE], [colours.RED]], [0, 1]).vocabulary_
    labels = [[0] * len(row) for row in X[:3]] + [[1]]
    assert tagger().fit(X, labels)._source.char_embedding is None


def test_integers_and_numerals_stay_what_they_were():
    assert clf().fit([[1, 2], [3], [4], [5]], LABELS[:4])._source.form == "numbers"
    assert clf(embedding_dim=2).fit([[1, 2], [3], [4], [5]], LABELS[:4])._source.form == "ids"
    table = np.array([["1", "2"], ["3", "4"]], dtype=object)
    assert clf().fit(table, ["a", "b"])._source.form == "numbers"
    assert clf(analyzer="char").fit(["0110", "10"], ["a", "b"])._source.form == "text"


def test_analyzer_splits_strings():
    assert set(clf(analyzer="char").fit(["abc", "cab"], [0, 1]).vocabulary_) == set("abc")
    assert set(clf(analyzer=str.split).fit(["a B!", "c"], [0, 1]).vocabulary_) == {"a", "B!", "c"}


def test_letters_of_strings_are_tagged():
    X, y = ["abba", "b", "bab"], [[0, 1, 1, 0], [1], [1, 0, 1]]
    model = tagger(analyzer="char", max_epochs=60, hidden_size=8).fit(X, y)
    assert [row.tolist() for row in model.predict(["ab", "ba"])] == [[0, 1], [1, 0]]
    assert model.score(X, y) == 1.0


# --- letters --------------------------------------------------------------------------------------


def stems_with_endings(n, seed):
    """Words whose last two letters tell the tag, in any order; stems of tests are unknown."""
    rng = np.random.default_rng(seed)
    tags = [rng.choice(["noun", "verb"], size=k) for k in rng.integers(1, 6, size=n)]

    def stem():
        return "".join(rng.choice(list("abcdefghij"), size=4))

    return [[stem() + {"noun": "um", "verb": "re"}[t] for t in row] for row in tags], tags


@pytest.mark.parametrize("letters", ["auto", "rnn", "cnn"])
def test_endings_of_unknown_words_are_learned(letters):
    X, y = stems_with_endings(120, 0)
    X_test, y_test = stems_with_endings(30, 1)
    model = tagger(char_embedding=letters, max_epochs=20, hidden_size=8).fit(X, y)
    assert model.score(X_test, y_test) > 0.97


@pytest.mark.filterwarnings("ignore:.* are not in the vocabulary")  # on purpose: new words
def test_unknown_words_are_guessed_without_letters():
    X, y = stems_with_endings(120, 0)
    X_test, y_test = stems_with_endings(30, 1)
    model = tagger(char_embedding=None, max_epochs=20, hidden_size=8).fit(X, y)
    assert 0.3 < model.score(X_test, y_test) < 0.7


@pytest.mark.parametrize("letters", ["rnn", "cnn", None])
def test_spelling_of_unknown_words_matters_with_letters_only(letters):
    model = tagger(char_embedding=letters).fit(SENTENCES, TAGS)
    one, other = (proba(model, [["the", word, "saw"]]) for word in ("gates", "bone"))
    assert np.array_equal(one, other) == (letters is None)


def test_letters_are_read_by_default_for_tags_of_words_only():
    def choice(model):
        return model._source.char_embedding

    assert choice(tagger().fit(SENTENCES, TAGS)) == "rnn"
    assert choice(clf().fit(SENTENCES, LABELS)) is None
    assert choice(clf().fit(TEXTS, LABELS)) is None
    assert choice(tagger(analyzer="char").fit(["ab", "ba"], [[0, 1], [1, 0]])) is None
    assert choice(tagger().fit([["a", "b"], ["b"]], [[0, 1], [1]])) is None  # single letters
    assert choice(clf(char_embedding="cnn").fit(TEXTS, LABELS)) == "cnn"


def test_long_words_are_read_at_both_ends():
    model = tagger().fit(SENTENCES, TAGS)

    def found(middle="x", first="t", last="g"):
        return proba(model, [[first + "h" * 11 + middle + "d" * 11 + last]])

    assert_array_equal(found("x"), found("xyz"))
    assert not np.array_equal(found("x"), found("x", first="d"))
    assert not np.array_equal(found("x"), found("x", last="s"))


def test_words_may_have_any_letters():
    X = [["I", "é", "日本", "🙂"], ["naïve"], ["", "I"], ["ﬁ"]]
    y = [["a", "b", "a", "b"], ["a"], ["b", "a"], ["b"]]
    model = tagger().fit(X, y)
    assert [len(row) for row in model.predict([["\U0001d518nknown", "", "é"], ["\n"]])] == [3, 1]


def test_result_does_not_depend_on_the_other_sentences():
    model = tagger().fit(SENTENCES, TAGS)
    new = [["the", "gates"], ["bone", "I", "dog", "the", "the", "zebra"], ["gates"]]
    together = model.predict_proba(new)
    for sentence, expected in zip(new, together, strict=True):
        assert_array_equal(model.predict_proba([sentence])[0], expected)


def test_fit_does_not_depend_on_the_order_of_sentences():
    order = np.random.default_rng(0).permutation(len(SENTENCES))
    shuffled = [SENTENCES[i] for i in order], [TAGS[i] for i in order]
    for params in ({}, {"min_df": 4}):  # with unknown words in training
        one, other = tagger(**params).fit(SENTENCES, TAGS), tagger(**params).fit(*shuffled)
        assert_array_equal(proba(one, SENTENCES), proba(other, SENTENCES))


OPTIONS = {
    "conv": {"conv_channels": 3},
    "lstm layers": {"cell": "lstm", "num_layers": 2, "layer_norm": True},
    "tbptt": {"tbptt_steps": 2},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "calibrated": {"calibrate": True},
    "float64": {"precision": "float64"},
    "bfloat16": {"precision": "bf16"},
    "torch": {"backend": "torch"},
    "no dropout": {"embedding_dropout": 0.0, "word_dropout": 0.0},
}


@pytest.mark.parametrize("letters", ["rnn", "cnn"])
@pytest.mark.parametrize("name", OPTIONS)
def test_letters_go_with_other_parameters(name, letters):
    model = tagger(char_embedding=letters, **OPTIONS[name])
    model.fit(SENTENCES, TAGS, groups=np.arange(len(SENTENCES)) % 4)
    expected = proba(model, SENTENCES)
    assert np.isfinite(expected).all()
    assert_array_equal(proba(pickle.loads(pickle.dumps(model)), SENTENCES), expected)


@pytest.mark.parametrize("pooling", ["concat", "last", "mean", "max", "attention"])
@pytest.mark.parametrize("letters", ["rnn", "cnn", None])
def test_documents_are_pooled(pooling, letters):
    model = clf(pooling=pooling, char_embedding=letters, min_df=2).fit(TEXTS, LABELS)
    assert np.isfinite(model.predict_proba(["the dog", "an unknown dog of the end"])).all()


def test_backends_agree():
    kernels = tagger(precision="float64").fit(SENTENCES, TAGS)
    torch = tagger(precision="float64", backend="torch").fit(SENTENCES, TAGS)
    assert_allclose(proba(kernels, SENTENCES), proba(torch, SENTENCES), atol=1e-8)


def test_chunks_of_any_length_predict_the_same():
    long = [SENTENCES[0] * 12_000]  # longer than what is predicted at once
    model = tagger(bidirectional=False).fit(SENTENCES, TAGS)
    found = model.predict_proba(long)[0]
    assert_allclose(found[:9], model.predict_proba([SENTENCES[0] * 3])[0], atol=1e-6)


# --- continuing, streams, searches ----------------------------------------------------------------


def test_vocabulary_is_that_of_the_first_call():
    model = tagger(warm_start=True).partial_fit(SENTENCES[:3], TAGS[:3], classes=[False, True])
    first = model.vocabulary_
    model.partial_fit([["quite", "new", "words"]], [[True, False, True]])
    assert model.fit([["others"]] * 4, [[True], [False]] * 2).vocabulary_ == first
    with pytest.raises(ValueError, match=r"char_embedding was 'auto' when the network was built"):
        model.set_params(char_embedding="cnn").fit(SENTENCES, TAGS)
    model.set_params(char_embedding="auto", min_df=3)
    with pytest.raises(ValueError, match=r"min_df was 'auto' when the network was built"):
        model.fit(SENTENCES, TAGS)


def test_stream_of_words_predicts_as_for_all_so_far():
    model = tagger(bidirectional=False).fit(SENTENCES, TAGS)
    words = ["the", "gates", "saw", "me"]
    expected = model.predict_proba([words])[0]
    stream = model.stream(method="predict_proba")
    assert_allclose(np.stack([stream.push(word) for word in words]), expected, atol=1e-6)
    assert_allclose(model.stream(method="predict_proba").push(words), expected, atol=1e-6)
    several = model.stream(2, method="predict_proba")
    several.push(["the", "no"])
    assert_allclose(several.push(["gates", "dogs"])[0], expected[1], atol=1e-6)
    chunks = several.push([["saw"], ["saw", "the", "strangest"]])
    assert_allclose(chunks[0], expected[2:3], atol=1e-6)
    assert len(chunks[1]) == 3


def test_stream_of_text_predicts_as_for_all_so_far():
    model = clf(bidirectional=False).fit(TEXTS, LABELS)
    stream = model.stream(method="predict_proba")
    stream.push("the dog")
    assert_allclose(
        stream.push("bites, oh"), model.predict_proba(["the dog bites oh"])[0], atol=1e-6
    )


STREAMED = {
    "no token": (
        lambda: clf(bidirectional=False).fit(TEXTS, LABELS).stream().push("?"),
        "RNNClassifier.stream().push: X is '?', which contains no tokens. Pass at least one.",
    ),
    "not a string": (
        lambda: clf(bidirectional=False).fit(TEXTS, LABELS).stream().push(["the"]),
        "RNNClassifier.stream().push: X is ['the']. Pass a string.",
    ),
    "steps and chunks": (
        lambda: (
            tagger(bidirectional=False).fit(SENTENCES, TAGS).stream(2).push(["the", ["a", "b"]])
        ),
        "RNNClassifier.stream().push: X has both steps and chunks. Pass either steps or chunks.",
    ),
}


@pytest.mark.parametrize("name", STREAMED)
def test_stream_message_is_complete(name):
    call, text = STREAMED[name]
    with pytest.raises((TypeError, ValueError)) as error:
        call()
    assert str(error.value) == text


def test_numbers_are_predicted_from_words():
    lengths = [[float(len(word)) for word in words] for words in SENTENCES]
    params = {"hidden_size": 8, "max_epochs": 60, "random_state": 0}
    per_word = RNNRegressor(return_sequences=True, **params).fit(SENTENCES, lengths)
    assert per_word.score(SENTENCES, lengths) > 0.9
    n_words = [float(len(text.split())) for text in TEXTS]
    assert RNNRegressor(**params).fit(TEXTS, n_words).score(TEXTS, n_words) > 0.5


@pytest.mark.filterwarnings("ignore:.* are not in the vocabulary")  # on purpose: new words
def test_searches_and_pipelines_take_sentences():
    assert cross_val_score(tagger(), SENTENCES, TAGS, cv=3).shape == (3,)
    assert cross_val_score(clf(), pd.Series(TEXTS), LABELS, cv=3).shape == (3,)
    search = GridSearchCV(tagger(), {"char_embedding": ["rnn", None]}, cv=GroupKFold(2))
    search.fit(SENTENCES, TAGS, groups=np.arange(len(SENTENCES)) % 2)
    assert search.predict([["the", "dog"]])[0].shape == (2,)
    lower = FunctionTransformer(lambda X: [[word.lower() for word in words] for words in X])
    assert make_pipeline(lower, tagger()).fit(SENTENCES, TAGS).score(SENTENCES, TAGS) > 0


# --- messages -------------------------------------------------------------------------------------


def test_documents_without_tokens_become_an_unknown_one():
    message = (
        r"2 of 14 documents have no tokens \(the first is X\[12\]\); each becomes one unknown token"
    )
    labels = [*LABELS, "a", "b"]
    with pytest.warns(UserWarning, match=message):
        model = clf().fit([*TEXTS, "", "?"], labels)
    with pytest.warns(UserWarning, match=message):
        pipeline = make_pipeline(SequenceVectorizer(), clf(embedding_dim=64)).fit(
            [*TEXTS, "", "?"], labels
        )
    assert_array_equal(model.predict_proba(TEXTS), pipeline.predict_proba(TEXTS))
    with pytest.warns(UserWarning, match=message):
        words = clf(char_embedding="rnn").fit([*SENTENCES, [], []], labels)
    with pytest.warns(UserWarning, match="2 of 2 documents have no tokens"):
        one, other = words.predict_proba([[], []])
    assert_array_equal(one, other)


def test_many_unknown_words_are_a_warning_without_letters():
    model = clf().fit(SENTENCES, LABELS)
    assert model.predict([["the", "unknown"]]).shape == (1,)
    with pytest.warns(UserWarning, match="are not in the vocabulary") as warned:
        model.predict([["the"], ["all", "unknown"]])
    assert str(warned[0].message) == (
        "RNNClassifier.predict: X: 2 of 3 tokens, in 1 of 2 sequences, are not in the vocabulary "
        "(the first is 'all' in X[1]); each is replaced by the unknown token."
    )
    assert len(tagger().fit(SENTENCES, TAGS).predict([["all", "unknown"]])) == 1


MESSAGES = {
    "strings with a tag per word": (
        lambda: tagger().fit(TEXTS, [[0]] * 12),
        ValueError,
        "RNNClassifier.fit: X contains strings, but return_sequences=True needs one target per "
        "word, and analyzer='word' leaves out punctuation and single letters. Pass lists of words, "
        "or set analyzer='char' or to a function.",
    ),
    "strings without an analyzer": (
        lambda: clf(analyzer=None).fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: X contains strings, but analyzer=None requires sequences of tokens. Set"
        " analyzer to 'char', 'word' or a function, or split the strings first.",
    ),
    "other number of letters": (
        lambda: tagger(analyzer="char").fit(["abc", "no"], [[0, 1, 0], [1]]),
        ValueError,
        "RNNClassifier.fit: y[1] has 1 label, but X[1] has 2 time steps. Pass one label per time "
        "step. analyzer splits the string X[1] into 2 tokens, one per time step.",
    ),
    "other number of words": (
        lambda: tagger().fit(SENTENCES, [*TAGS[:-1], [True]]),
        ValueError,
        "RNNClassifier.fit: y[11] has 1 label, but X[11] has 4 time steps. Pass one label per time "
        "step.",
    ),
    "other number of words in score": (
        lambda: tagger().fit(SENTENCES, TAGS).score([["the", "dog"]], [[True]]),
        ValueError,
        "RNNClassifier.score: y[0] has 1 label, but X[0] has 2 time steps. Pass one label per time "
        "step.",
    ),
    "empty sentence": (
        lambda: tagger().fit([["a"], []], [[0], []]),
        ValueError,
        "RNNClassifier.fit: X[1] is an empty sequence. Every sample needs at least one time step: "
        "drop it, from y too.",
    ),
    "missing word": (
        lambda: tagger().fit([["a"], ["b", None]], [[0], [0, 1]]),
        ValueError,
        "RNNClassifier.fit: X[1] has token None at time step 1, which is missing. Pass strings, "
        "integers or other hashable tokens.",
    ),
    "missing text": (
        lambda: clf().fit(["a dog", None], [0, 1]),
        ValueError,
        "RNNClassifier.fit: X[1] is None: the string is missing. Drop the pair, or pass '' for an "
        "empty string.",
    ),
    "single letters": (
        lambda: clf().fit(["a b", "c"], [0, 1]),
        ValueError,
        "RNNClassifier.fit: X has no tokens: analyzer='word' finds none in 2 strings, because it "
        "leaves out single letters. Pass longer strings, lists of words, or another analyzer.",
    ),
    "letters of numbers": (
        lambda: clf(char_embedding="rnn").fit([[0.5], [1.5]], [0, 1]),
        ValueError,
        "RNNClassifier.fit: char_embedding='rnn' reads the letters of words, but X does not contain"
        " words. Pass lists of words or strings, or leave char_embedding='auto'.",
    ),
    "letters of ids": (
        lambda: clf(char_embedding="cnn", embedding_dim=2).fit([[1], [2]], [0, 1]),
        ValueError,
        "RNNClassifier.fit: char_embedding='cnn' reads the letters of words, but X does not contain"
        " words. Pass lists of words or strings, or leave char_embedding='auto'.",
    ),
    "letters of letters": (
        lambda: clf(char_embedding="rnn", analyzer="char").fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: char_embedding='rnn' reads the letters of words, but analyzer='char' "
        "makes each letter a separate token. Set char_embedding=None, or analyzer='word'.",
    ),
    "letters of other tokens": (
        lambda: clf(char_embedding="rnn").fit([["a", ("b", "c")], ["a"]], [0, 1]),
        ValueError,
        "RNNClassifier.fit: char_embedding='rnn' reads the letters of words, but X[0] has "
        "('b', 'c') (tuple) at time step 1. Pass strings, or set char_embedding=None.",
    ),
    "size of the vocabulary": (
        lambda: clf(num_embeddings=9, embedding_dim=2).fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: num_embeddings=9 is for numbers or token ids, but X contains words, "
        "whose vocabulary is learned. Set min_df to make it smaller, and leave "
        "num_embeddings=None.",
    ),
    "padding": (
        lambda: clf(padding_value=0).fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: padding_value=0 is for numbers or token ids, but X contains words. "
        "Pass lists without padding, and leave padding_value=None.",
    ),
    "pretrained vectors": (
        lambda: clf(embedding_weights=np.ones((9, 2))).fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: embedding_weights has a row for each token id, but X does not contain "
        "ids. Pass ids, as SequenceVectorizer returns them, or set embedding_weights=None.",
    ),
    "differences": (
        lambda: clf(differences=True).fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: differences=True is not supported for text. Leave differences at its "
        "default 'auto'.",
    ),
    "patches": (
        lambda: clf(patch_size=2).fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: patch_size=2 is not supported for text. Set patch_size=1.",
    ),
    "warped time": (
        lambda: clf(time_warping=0.1).fit(TEXTS, LABELS),
        ValueError,
        "RNNClassifier.fit: time_warping=0.1 is not supported for text. Set time_warping=0.",
    ),
    "text for a tagger": (
        lambda: tagger().fit(SENTENCES, TAGS).predict(["the dog"]),
        ValueError,
        "RNNClassifier.predict: X contains strings, but the model was fitted with sequences of "
        "tokens. Pass sequences of tokens, or refit with data of this kind. If X is one sequence "
        "of 1 token, pass [X].",
    ),
    "one sentence": (
        lambda: tagger().fit(SENTENCES, TAGS).predict(["the", "dog"]),
        ValueError,
        "RNNClassifier.predict: X contains strings, but the model was fitted with sequences of "
        "tokens. Pass sequences of tokens, or refit with data of this kind. If X is one sequence "
        "of 2 tokens, pass [X].",
    ),
    "ids for a tagger": (
        lambda: tagger().fit(SENTENCES, TAGS).predict(Panel.from_sequences([[1, 2]])),
        ValueError,
        "RNNClassifier.predict: X[0] has the number 1 at time step 0, but the model was fitted with"
        " sequences of tokens. Pass sequences of words, or refit with numbers.",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_message_is_complete(name):
    call, kind, text = MESSAGES[name]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == text
