"""RNNTranscriber: learning, likelihoods, decoding, alignment, and refused data."""

import pickle
import re
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV

from sk_rnn import Panel, RNNLanguageModel, RNNTranscriber
from sk_rnn.metrics import token_error_rate, word_error_rate

LETTERS = "abcd"
N_BANDS = 10
TONES = np.random.default_rng(7).normal(size=(len(LETTERS), N_BANDS))


def sing(text, rng, voice=0.0, noise=0.2):
    """Return a sequence in which each letter is a tone of four to six steps, between pauses."""
    parts = [np.zeros((2, N_BANDS))]
    for letter in text:
        tone = TONES[LETTERS.index(letter)] if letter != " " else np.ones(N_BANDS)
        parts += [np.repeat(tone[None], rng.integers(4, 7), axis=0), np.zeros((2, N_BANDS))]
    steps = np.concatenate(parts)
    return steps + voice + noise * rng.normal(size=steps.shape)


def songs(n, seed, longest=4, **options):
    rng = np.random.default_rng(seed)
    texts = [
        "".join(rng.choice(list(LETTERS), size=rng.integers(0, longest + 1))) for _ in range(n)
    ]
    return [sing(text, rng, **options) for text in texts], texts


def small(**params):
    return RNNTranscriber(**{"hidden_size": 8, "max_epochs": 2, "random_state": 0, **params})


@pytest.fixture(scope="module")
def data():
    return songs(80, 0)


@pytest.fixture(scope="module")
def model(data):
    return RNNTranscriber(hidden_size=32, max_epochs=25, random_state=0).fit(*data)


# --- learning -------------------------------------------------------------------------------------


def test_transcriber_reads_new_sequences(model):
    X, y = songs(40, 1)
    assert model.score(X, y) >= 0.95
    predicted = model.predict(X)
    assert predicted.dtype == object
    assert all(isinstance(text, str) for text in predicted)
    assert predicted[y.index("")] == ""


def test_centred_inputs_ignore_the_level_of_a_sequence(data, model):
    X, _ = data
    levels = np.random.default_rng(2).normal(size=(len(X), N_BANDS))
    moved = [x + 30 * level for x, level in zip(X, levels, strict=True)]
    assert_array_equal(model.predict(moved), model.predict(X))
    assert small().fit(*data)._source.centers
    few = [x[:, :3] for x in X]
    assert not small().fit(few, data[1])._source.centers  # as pen strokes have few features


def test_tokens_are_returned_as_they_are_passed():
    X, y = songs(30, 0)
    notes = [[("note", letter) for letter in text] for text in y]
    model = small(analyzer=None, max_epochs=30, hidden_size=24).fit(X, notes)
    assert model.tokens_.tolist() == [("note", letter) for letter in LETTERS]
    predicted = model.predict(X)
    assert set(map(type, predicted)) == {list}
    assert {token for row in predicted for token in row} <= set(model.tokens_)
    assert model.score(X, notes) > 0.5


def test_words_are_joined_as_they_were_split():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["ab", "cd", "da"], size=rng.integers(1, 4))) for _ in range(40)]
    X = [sing(text, rng) for text in texts]
    model = small(analyzer="word", max_epochs=40, hidden_size=24).fit(X, texts)
    assert model.tokens_.tolist() == ["ab", "cd", "da"]
    assert model.score(X, texts) > 0.9
    assert all(re.fullmatch(r"((ab|cd|da)( |$))*", text) for text in model.predict(X))


def test_rows_of_integers_are_tokens():
    X = np.random.default_rng(0).normal(size=(4, 8, 2))
    padded = np.array([[1, 2], [3, 0], [1, 0], [2, 0]])
    ragged = [[1, 2], [3], [1], [2]]
    models = [
        small(padding_value=0).fit(X, padded),
        small(padding_value=0).fit(X, pd.DataFrame(padded)),
        small(padding_value=0).fit(X, ragged),
    ]
    for model in models:
        assert model.tokens_.tolist() == [1, 2, 3]
        assert_array_equal(model.score_samples(X, padded), models[-1].score_samples(X, ragged))


@pytest.mark.parametrize("wrap", [list, np.array, pd.Series])
def test_single_tokens_are_predicted_as_single_tokens(wrap):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, size=40)
    X = [sing(LETTERS[label], rng) for label in labels]
    model = small(max_epochs=15).fit(X, wrap(labels.tolist()))
    assert model.predict(X).dtype == np.int64
    assert (model.predict(X) == labels).mean() > 0.9
    best, log_proba = model.predict_n_best(X[:3], 4, return_log_proba=True)
    assert_array_equal(best[:, 0], model.predict(X[:3]))
    assert all(set(row) == {0, 1, 2, 3} for row in best)
    assert (np.diff(log_proba) <= 0).all()
    likelihoods = [model.score_samples(X[:3], np.array([k] * 3)) for k in range(4)]
    assert_array_equal(np.argmax(likelihoods, axis=0), model.predict(X[:3]))


# --- likelihoods ----------------------------------------------------------------------------------


def collapse(path):
    """Merge repetitions, then remove blanks."""
    merged = [k for i, k in enumerate(path) if i == 0 or path[i - 1] != k]
    return tuple(k for k in merged if k)


def brute_force(log_probs):
    """Return the probability of each transcript, summed over all paths."""
    n_steps, n_outputs = log_probs.shape
    found = {}
    for path in product(range(n_outputs), repeat=n_steps):
        key = collapse(path)
        found[key] = found.get(key, 0.0) + np.exp(log_probs[range(n_steps), path].sum())
    return found


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_loss_and_likelihoods_equal_brute_force(precision):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2)) for n in (5, 3, 4, 5, 2, 1)]
    y = ["aba", "aa", "b", "abb", "", "a"]
    model = small(conv_channels=None, dropout=0.0, precision=precision).fit(X, y)
    tolerance = {"float32": 1e-5, "float64": 1e-12}[precision]
    tables = [brute_force(rows) for rows in model.predict_log_proba(X)]
    for table in tables:
        assert_allclose(sum(table.values()), 1.0, rtol=tolerance)
    labels = [tuple("ab".index(letter) + 1 for letter in text) for text in y]
    expected = [np.log(table[key]) for table, key in zip(tables, labels, strict=True)]
    assert_allclose(model.score_samples(X, y), expected, rtol=tolerance)
    # The loss, before the first step of the optimizer, is that of the initial weights.
    model = small(
        conv_channels=None, dropout=0.0, recurrent_dropout=0.0, time_masking=0, feature_masking=0.0,
        precision=precision, lr=1e-12, max_epochs=1, batch_size=6, weight_decay=0.0,
    ).fit(X, y)  # fmt: skip
    losses = -model.score_samples(X, y) / np.maximum([len(text) for text in y], 1)
    assert_allclose(model.loss_curve_, [losses.mean()], rtol=10 * tolerance)


def test_likelihoods_do_not_depend_on_other_sequences(model, data):
    X, y = data[0][:20], data[1][:20]
    together = model.score_samples(X, y)
    apart = [model.score_samples([x], [text])[0] for x, text in zip(X, y, strict=True)]
    assert_array_equal(together, apart)


def test_likelihood_of_what_cannot_be_is_zero(model, data):
    X = data[0][:1]
    assert model.score_samples(X, ["a" * len(X[0])]) == -np.inf
    with pytest.warns(UserWarning, match="not in the vocabulary"):
        assert model.score_samples(X, ["z"]) == -np.inf


def test_predictions_are_scored_without_y(model, data):
    X = data[0][:10]
    assert_array_equal(model.score_samples(X), model.score_samples(X, model.predict(X)))


def test_probabilities_have_a_column_for_blank_and_each_token(model, data):
    X = data[0][:5]
    found = model.predict_proba(X)
    assert model.tokens_.tolist() == list(LETTERS)
    for x, rows, logs in zip(X, found, model.predict_log_proba(X), strict=True):
        assert rows.shape == (-(-len(x) // model.conv_stride_), 1 + len(LETTERS))
        assert_allclose(rows.sum(axis=1), 1.0, rtol=1e-6)
        assert_array_equal(np.log(rows), np.log(np.exp(logs)))


def test_probabilities_of_an_array_are_an_array():
    X = np.random.default_rng(0).normal(size=(6, 9, 2))
    model = small(conv_stride=2).fit(X, ["a", "b"] * 3)
    assert model.predict_proba(X).shape == (6, 5, 3)
    assert model.predict_proba(list(X)).shape == (6,)


# --- stride ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_steps", "text", "stride"),
    [(21, "abcd", 4), (20, "abcd", 2), (24, "aabb", 2), (10, "abcd", 1)],
)
def test_auto_stride_leaves_half_as_many_steps_again(n_steps, text, stride):
    X = np.random.default_rng(0).normal(size=(4, n_steps, 2))
    assert small().fit(X, [text, "a", "b", ""]).conv_stride_ == stride
    assert small(conv_channels=None).fit(X, [text, "a", "b", ""]).conv_stride_ == 1


# --- decoding -------------------------------------------------------------------------------------


def test_n_best_are_ranked_by_their_likelihood(model, data):
    X = data[0][:6]
    y, log_proba = model.predict_n_best(X, 3, return_log_proba=True)
    assert y.shape == (6, 3)
    for j in range(3):
        assert_array_equal(model.score_samples(X, list(y[:, j])), log_proba[:, j])
    wide = clone(model).set_params(beam_width=8)
    wide.__dict__.update({k: v for k, v in vars(model).items() if k not in model.get_params()})
    assert_array_equal(wide.predict(X), model.predict_n_best(X, 1)[:, 0])


def test_n_best_is_filled_with_none():
    X = np.random.default_rng(0).normal(size=(2, 1, 2))
    y, log_proba = (
        small(conv_channels=None).fit(X, ["a", ""]).predict_n_best(X, 5, return_log_proba=True)
    )
    assert set(y[0][:2]) == {"", "a"}
    assert y[0][2:].tolist() == [None] * 3
    assert_allclose(np.exp(log_proba[0, :2]).sum(), 1.0, rtol=1e-6)
    assert (log_proba[0, 2:] == -np.inf).all()


def refitted(model, **params):
    """Return a copy of a fitted model with other parameters of decoding."""
    return pickle.loads(pickle.dumps(model)).set_params(**params)


def test_lexicon_restricts_predictions_to_its_words(model, data):
    X, y = data
    words = sorted({text for text in y if text})[:10]
    found = refitted(model, beam_width=8, lexicon=words).predict(X)
    assert set(found) <= {"", *words}
    known = [i for i, text in enumerate(y) if text in words]
    assert np.mean([found[i] == y[i] for i in known]) == 1.0


def test_lexicon_with_separator_allows_several_words():
    rng = np.random.default_rng(0)
    words = ["ab", "cd", "bad"]
    texts = [" ".join(rng.choice(words, size=rng.integers(1, 4))) for _ in range(60)]
    X = [sing(text, rng, noise=1.2) for text in texts]
    model = small(max_epochs=15).fit(X, texts)
    greedy = word_error_rate(texts, model.predict(X))
    model.set_params(beam_width=8, lexicon=words)
    found = model.predict(X)
    assert all(set(text.split(" ")) <= {"", *words} for text in found)
    assert word_error_rate(texts, found) < greedy


@pytest.fixture(scope="module")
def language_model(data):
    return RNNLanguageModel(hidden_size=16, max_epochs=5, random_state=0).fit(
        [text for text in data[1] if text]
    )


def test_language_model_weighs_in(model, data, language_model):
    X = data[0][:10]
    strong = refitted(model, beam_width=8, language_model=language_model, lm_weight=20.0)
    weak = refitted(model, beam_width=8, language_model=language_model, lm_weight=0.0)
    assert_array_equal(weak.predict(X), model.predict_n_best(X, 8)[:, 0])
    of_strong = language_model.score_samples(list(strong.predict(X)))
    assert of_strong.sum() > language_model.score_samples(list(weak.predict(X))).sum()


def test_language_model_and_function_agree(model, data, language_model):
    X = data[0][:6]
    tokens = list(language_model.tokens_)

    def following(prefix):
        stream = language_model.stream()
        log_proba = stream.push("".join(prefix)) if prefix else stream.predict()
        return [*log_proba[[tokens.index(letter) for letter in LETTERS]], log_proba[-1]]

    options = {"beam_width": 4, "lm_weight": 1.0}
    by_network = refitted(model, language_model=language_model, **options)
    by_function = refitted(model, language_model=None, **options).set_params(
        language_model=following
    )
    assert_array_equal(by_network.predict_n_best(X, 2), by_function.predict_n_best(X, 2))


def test_token_bonus_makes_transcripts_longer(model, data):
    X = data[0][:10]
    lengths = [
        sum(map(len, refitted(model, beam_width=8, token_bonus=bonus).predict(X)))
        for bonus in (-20.0, 0.0, 20.0)
    ]
    assert lengths[0] < lengths[1] < lengths[2]


def test_rare_tokens_are_not_predicted():
    X, y = songs(30, 0)
    y[0] = "z" + y[0][:1]
    model = small(min_df=2, max_epochs=10).fit(X, y)
    assert "z" not in model.tokens_
    assert model.predict_proba(X[:1])[0].shape[1] == 1 + len(LETTERS) + 1
    assert "z" not in "".join(model.predict(X))
    with pytest.warns(UserWarning, match="not in the vocabulary"):
        assert np.isfinite(model.score_samples(X[:1], y[:1]))


# --- alignment ------------------------------------------------------------------------------------


def test_align_finds_the_steps_of_each_token(model):
    rng = np.random.default_rng(3)
    parts = {"a": 6, "c": 16, "d": 30}  # tones of five steps begin here
    x = 0.1 * rng.normal(size=(40, N_BANDS))
    for letter, start in parts.items():
        x[start : start + 5] += TONES[LETTERS.index(letter)]
    (found,) = model.align([x])
    assert found.tokens == ["a", "c", "d"]
    assert (found.start < found.stop).all()
    assert (found.stop[:-1] <= found.start[1:]).all()
    assert (found.log_proba <= 0).all()
    for start, stop, true in zip(found.start, found.stop, parts.values(), strict=True):
        assert start < true + 5 + model.conv_stride_
        assert stop > true - model.conv_stride_
    (given,) = model.align([x], ["acd"])
    assert_array_equal(given.start, found.start)
    (unlikely,) = model.align([x], ["bbb"])
    assert unlikely.log_proba.max() < found.log_proba.min()


def test_align_stays_within_the_sequence():
    X = [np.random.default_rng(0).normal(size=(7, 2))] * 4
    model = small(conv_stride=3).fit(X, ["aba", "a", "b", ""])
    found = model.align(X, ["aba", "a", "b", ""])
    assert found[0].start.tolist() == [0, 3, 6]
    assert found[0].stop.tolist() == [3, 6, 7]
    assert found[3].tokens == []
    assert found[3].start.shape == found[3].log_proba.shape == (0,)


# --- training -------------------------------------------------------------------------------------


def test_score_is_one_minus_the_token_error_rate(model):
    X, y = songs(20, 5)
    weights = np.arange(20)
    predicted = list(model.predict(X))
    expected = 1 - token_error_rate(y, predicted)
    assert model.score(X, y) == expected
    assert model.score(X, y, sample_weight=weights) == 1 - token_error_rate(
        y, predicted, sample_weight=weights
    )


def test_weights_are_copies(data):
    X, y = data[0][:12], data[1][:12]
    weights = np.arange(12) % 3
    rows = np.repeat(np.arange(12), weights)
    weighted = small(batch_size=24).fit(X, y, sample_weight=weights)
    copied = small(batch_size=24).fit([X[i] for i in rows], [y[i] for i in rows])
    assert_array_equal(weighted.score_samples(X, y), copied.score_samples(X, y))


def test_warm_start_continues(data):
    X, y = data
    model = small(warm_start=True).fit(X, y)
    first = model.score_samples(X, y).sum()
    model.fit(X, y)
    assert model.n_iter_ == 4
    assert model.score_samples(X, y).sum() > first


def test_validation_data_may_have_new_tokens(data):
    X, y = data
    X_val, y_val = songs(10, 9)
    y_val[0] = "xyz"
    with pytest.warns(UserWarning, match="not in the vocabulary"):
        model = small(early_stopping=True).fit(X, y, X_val=X_val, y_val=y_val)
    assert np.isfinite(model.validation_curve_).all()
    assert small(early_stopping=True).fit(X, y, groups=np.arange(len(X)) % 5).validation_curve_


def test_search_uses_any_error_rate(data):
    scoring = {
        "score": None,
        "words": make_scorer(word_error_rate, greater_is_better=False),
    }
    search = GridSearchCV(
        small(), {"hidden_size": [4, 8]}, cv=2, scoring=scoring["words"], error_score="raise"
    ).fit(*[np.array(part, dtype=object) for part in data])
    assert search.best_score_ <= 0


def test_a_panel_aligns_y_by_its_ids(data):
    X, y = data[0][:10], data[1][:10]
    ids = [f"song {i}" for i in range(10)]
    panel = Panel(np.concatenate(X), np.cumsum([0, *map(len, X)]), index=pd.Index(ids))
    shuffled = pd.Series(y, index=ids).sample(frac=1.0, random_state=0)
    one, other = small().fit(panel, shuffled), small().fit(X, y)
    assert_array_equal(one.score_samples(X, y), other.score_samples(X, y))


def test_clones_of_a_search_keep_a_frozen_language_model(data, language_model):
    model = small(beam_width=2, language_model=FrozenEstimator(language_model))
    assert clone(model).fit(*data).predict(data[0][:2]).shape == (2,)
    with pytest.raises(ValueError, match=re.escape("wrapped in sklearn.frozen.FrozenEstimator")):
        clone(small(beam_width=2, language_model=language_model)).fit(*data)


def test_blanks_only_is_a_warning():
    rng = np.random.default_rng(0)
    X = [np.zeros((30, 2)) for _ in range(16)]  # y cannot be read off silence
    y = ["".join(rng.choice(list("abcdefgh"), size=3)) for _ in X]
    message = "RNNTranscriber.fit: the model predicts only blanks"
    with pytest.warns(ConvergenceWarning, match=message):
        small(max_epochs=60, batch_size=4).fit(X, y)
    with warnings.catch_warnings():  # of a training that is too short to say so
        warnings.simplefilter("error")
        small(max_epochs=1).fit(X, y)


# --- unusual and invalid data ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (np.random.default_rng(0).normal(size=(8, 6, 2)), ["a"] * 8),
        (np.zeros((8, 6, 2)), ["a", "b"] * 4),
        (np.random.default_rng(0).normal(size=(8, 6, 2)), ["a", ""] * 4),
        (np.random.default_rng(0).normal(size=(8, 1, 2)), ["a", ""] * 4),
        ([[1.0, 2.0, 3.0], [4.0]], ["ab", "b"]),
        (np.full((4, 5, 1), 1e30), ["a", "b", "ab", ""]),
    ],
    ids=["one letter", "silence", "empty", "one step", "lists", "huge"],
)
def test_unusual_data_results_in_finite_numbers(X, y):
    model = small(max_epochs=3).fit(X, y)
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.score_samples(X, y)).all()
    assert len(model.predict(X)) == len(y)
    assert model.score(X, y) <= 1


X4 = list(np.random.default_rng(0).normal(size=(4, 6, 2)))
Y4 = ["ab", "a", "b", "ba"]
LM = RNNLanguageModel()

REFUSED = {
    "too long": (
        {}, X4, [*Y4[:3], "aabbaa"],
        "RNNTranscriber.fit: y[3] has 6 tokens, 3 of them repeated, and needs 9 steps to be "
        "aligned, but X[3] has 6 time steps. Drop such pairs, or pass longer sequences. (1 of 4 "
        "pairs have this problem.)",
    ),
    "too long for the stride": (
        {"conv_stride": 3}, X4, ["aba", "a", "b", "aba"],
        "RNNTranscriber.fit: y[0] has 3 tokens and needs 3 steps to be aligned, but X[0] has 6 "
        "time steps, of which conv_stride=3 keeps 2. Set conv_stride=1, or drop such pairs, or "
        "pass longer sequences. (2 of 4 pairs have this problem.)",
    ),
    "no y": ({}, X4, None, "RNNTranscriber.fit: RNNTranscriber requires y to be passed, but the "
             "target y is None. Pass one transcript per sample."),
    "all empty": ({}, X4, [""] * 4, "y has no tokens to learn"),
    "fractions": ({}, X4, [0.5, 1.0, 2.0, 3.0],
                  "RNNTranscriber.fit: y[0] is 0.5, but transcripts consist of tokens."),
    "series": ({}, X4, np.random.default_rng(0).normal(size=(4, 3)),
               "y contains sequences of numbers, but transcripts consist of tokens"),
    "another number": ({}, X4, Y4[:3], "X has 4 samples, but y has 3 targets"),
    "a string": ({}, X4, "abab", "y is"),
    "strings to split": ({"analyzer": None}, X4, Y4, "y contains strings, but analyzer=None"),
    "text": ({}, ["some", "text", "as", "X"], Y4, "X[0] is 'some', a string, where a sequence"),
    "waves": ({}, [(8000, np.zeros(50))] * 4, Y4, "make_pipeline(LogMelSpectrogram(), RNN"),
    "strokes": ({}, [[np.zeros((5, 2)), np.ones((3, 2))]] * 4, Y4, "make_pipeline(PenStrokes(), "),
    "missing": ({}, X4, ["a", None, "b", "a"],
                "RNNTranscriber.fit: y[1] is None: the transcript is missing. Drop the pair"),
    "missing number": ({}, X4, [1, 2, 3, np.nan], "y[3] is nan: the transcript is missing."),
    "stride without convolution": (
        {"conv_channels": None, "conv_stride": 2}, X4, Y4, "conv_stride=2 has no effect"),
    "greedy lexicon": (
        {"lexicon": ["ab"]}, X4, Y4,
        "RNNTranscriber.fit: lexicon has no effect with beam_width=1, which decodes each step "
        "separately. Set beam_width, for example to 16.",
    ),
    "greedy language model": ({"language_model": LM}, X4, Y4, "language_model has no effect with"),
    "greedy bonus": ({"token_bonus": 1.0}, X4, Y4, "token_bonus has no effect with beam_width=1"),
    "lexicon of other letters": (
        {"beam_width": 4, "lexicon": ["ab", "axe"]}, X4, Y4,
        "RNNTranscriber.fit: lexicon[1] is 'axe', in which 'x' is not a token of y in fit",
    ),
    "lexicon is a string": ({"beam_width": 4, "lexicon": "ab"}, X4, Y4, "lexicon is 'ab'"),
    "empty lexicon": ({"beam_width": 4, "lexicon": []}, X4, Y4, "lexicon has no words"),
    "empty word": ({"beam_width": 4, "lexicon": ["a", ""]}, X4, Y4, "lexicon[1] is empty"),
    "two words": (
        {"beam_width": 4, "lexicon": ["a b"]}, X4, ["a b", "a", "b", "b a"],
        "lexicon[0] is 'a b', which contains separator=' '. Split it into words.",
    ),
    "lexicon of single tokens": ({"beam_width": 4, "lexicon": [[1]]}, X4, [1, 2, 3, 4],
                                 "lexicon has no effect if y is an array of single tokens"),
    "unfitted language model": (
        {"beam_width": 4, "language_model": LM}, X4, Y4, "language_model is not fitted"),
    "no language model": (
        {"beam_width": 4, "language_model": 3}, X4, Y4, "language_model is 3. Pass a fitted"),
    "embedding": ({"module__embedding_std": 1.0}, X4, Y4, "module__embedding_std"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_message(case):
    params, X, y, message = REFUSED[case]
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        small(**params).fit(X, y)


def test_messages_count_samples_without_weight():
    message = r"y\[3\] has 6 tokens, .* but X\[3\] has 6 time steps"
    with pytest.raises(ValueError, match=message):
        small().fit(X4, [*Y4[:3], "aabbaa"], sample_weight=[0, 1, 0, 1])


def test_language_models_of_others_are_refused(data):
    X, y = data
    options = {"beam_width": 4, "max_epochs": 1}
    numbers = RNNLanguageModel(max_epochs=1, hidden_size=4).fit(np.ones((9, 5)).cumsum(1))
    with pytest.raises(ValueError, match="language_model was fitted to numbers"):
        small(language_model=numbers, **options).fit(X, y)
    other = RNNLanguageModel(max_epochs=1, hidden_size=4).fit(["xyz", "zyx"])
    with pytest.raises(ValueError, match="language_model does not know 'a'"):
        small(language_model=other, **options).fit(X, y)
    model = small(max_epochs=1).fit(X, y)
    for function, message in [
        (
            lambda prefix: [0.5] * 4,
            r"language_model\(\[\]\) returned .* Return 4 log-probabilities",
        ),
        (lambda prefix: [-1.0], r"returned .* Return 4 log-probabilities"),
        (lambda prefix: 1 / 0, r"language_model\(\[\]\) raised ZeroDivisionError"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.set_params(beam_width=4, language_model=function).predict(X[:1])


def test_refused_after_fit(model, data):
    X = data[0][:2]
    with pytest.raises(ValueError, match=r"n is 0\. Pass a positive integer"):
        model.predict_n_best(X, 0)
    with pytest.raises(ValueError, match="all transcripts in y are empty"):
        model.score(X, ["", ""])
    with pytest.raises(ValueError, match=r"y\[0\] has 99 tokens, which cannot be aligned"):
        model.align(X, ["a" * 99, "a"])
    with (
        pytest.warns(UserWarning, match="not in the vocabulary"),
        pytest.raises(ValueError, match=r"y\[1\] contains tokens that did not occur in fit"),
    ):
        model.align(X, ["a", "z"])
    with pytest.raises(ValueError, match="lexicon has no effect with beam_width=1"):
        refitted(model, lexicon=["ab"]).predict(X)
    with pytest.raises(NotFittedError):
        RNNTranscriber().predict(X)
    with pytest.raises(NotFittedError):
        _ = RNNTranscriber().tokens_
