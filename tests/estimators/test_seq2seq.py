"""Seq2SeqTransformer: kinds of sources and targets, decoding, encodings, scores, and learning."""

import itertools

import awkward as ak
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import Panel, Seq2SeqTransformer
from sk_rnn.metrics import token_error_rate
from sk_rnn.modules import ATTENTIONS, CELLS
from sk_rnn.preprocessing import SequenceVectorizer

from .internals import DECODED_VALUES

_rng = np.random.default_rng(0)
WORDS = ["".join(_rng.choice(list("abcd"), size=n)) for n in _rng.integers(1, 6, size=24)]
BACK = [word[::-1] for word in WORDS]
WAVES = [_rng.normal(size=(n, 2)) for n in _rng.integers(2, 7, size=24)]
VECTORS = _rng.normal(size=(24, 3))
IDS = Panel.from_sequences([[ord(c) - 97 for c in word] for word in WORDS])


def small(**params):
    return Seq2SeqTransformer(
        **{"hidden_size": 8, "embedding_dim": 6, "max_epochs": 2, "random_state": 0, **params}
    )


def learner(**params):
    """A model with no dropout, which memorises little data quickly."""
    quick = {
        "hidden_size": 32,
        "embedding_dim": 16,
        "dropout": 0.0,
        "embedding_dropout": 0.0,
        "label_smoothing": 0.0,
        "lr": 1e-2,
        "max_epochs": 60,
        "batch_size": 8,
        "random_state": 0,
    }
    return Seq2SeqTransformer(**{**quick, **params})


# --- return values of predict -------------------------------------------------------------------

TARGETS = {
    "strings": (BACK, str),
    "strings in a Series": (pd.Series(BACK, index=range(5, 29)), str),
    "strings in an array": (np.array(BACK), str),
    "lists of strings": ([list(word) for word in BACK], list),
    "tuples of anything": ([tuple((c, 1) for c in word) for word in BACK], list),
    "lists of integers": ([[ord(c) for c in word] for word in BACK], list),
    "arrays of integers": ([np.array([ord(c) for c in word]) for word in BACK], list),
    "a Panel of ids": (IDS, list),
    "arrays (T,)": ([wave[:, 0] for wave in WAVES], np.ndarray),
    "arrays (T, F)": (WAVES, np.ndarray),
    "a Panel of numbers": (Panel.from_sequences(WAVES), np.ndarray),
}


@pytest.mark.parametrize(("y", "kind"), TARGETS.values(), ids=TARGETS)
def test_predictions_have_the_types_of_y(y, kind):
    model = small().fit(WORDS, y)
    predicted = model.predict(WORDS[:3])
    assert predicted.shape == (3,)
    assert predicted.dtype == object
    assert all(type(row) is kind for row in predicted)
    if kind is np.ndarray:
        first = y[0]
        assert all(row.shape[1:] == first.shape[1:] for row in predicted)
        assert all(row.dtype == np.float64 for row in predicted)
    elif kind is list:
        rows = y.to_list() if isinstance(y, Panel) else y
        known = {type(token) for row in rows for token in getattr(row, "tolist", lambda r=row: r)()}
        assert {type(token) for row in predicted for token in row} <= known
    assert np.isfinite(model.score_samples(WORDS, y)).all()
    assert model.score(WORDS, y) <= 1.0


RECTANGLES = {
    "one number": (VECTORS[:, 0], (3,)),
    "a list of numbers": (VECTORS[:, 0].tolist(), (3,)),
    "2-D": (VECTORS, (3, 3)),
    "2-D of integers": (np.arange(48).reshape(24, 2), (3, 2)),
    "a frame": (pd.DataFrame(VECTORS, columns=list("abc")), (3, 3)),
    "lists": (VECTORS.tolist(), (3, 3)),
    "3-D": (_rng.normal(size=(24, 4, 2)), (3, 4, 2)),
    "a tensor": (torch.randn(24, 4, 2, generator=torch.Generator().manual_seed(0)), (3, 4, 2)),
}


@pytest.mark.parametrize(("y", "shape"), RECTANGLES.values(), ids=RECTANGLES)
@pytest.mark.parametrize("feedback", ["auto", True])
def test_rectangular_targets_are_predicted_in_their_shape(y, shape, feedback):
    model = small(feedback=feedback).fit(WORDS, y)
    predicted = model.predict(WORDS[:3])
    assert predicted.shape == shape
    assert predicted.dtype == np.float64
    assert model.score_samples(WORDS, y).shape == (24,)


SOURCES = {
    "strings": WORDS,
    "strings in a Series": pd.Series(WORDS),
    "strings in an array": np.array(WORDS),
    "lists of strings": [list(word) for word in WORDS],
    "tuples of integers": [tuple(ord(c) for c in word) for word in WORDS],
    "a Panel of ids": IDS,
    "ragged numbers": WAVES,
    "a Panel of numbers": Panel.from_sequences(WAVES),
    "3-D": _rng.normal(size=(24, 4, 2)),
    "vectors": VECTORS,
    "a frame": pd.DataFrame(VECTORS, columns=list("abc")),
    "frames": [pd.DataFrame(wave, columns=["u", "v"]) for wave in WAVES],
}


@pytest.mark.parametrize("X", SOURCES.values(), ids=SOURCES)
def test_sources_of_every_kind(X):
    model = small().fit(X, BACK)
    assert model.predict(X).shape == (24,)
    assert model.score(X, BACK) >= 0.0
    assert all(np.allclose(part.weights.sum(1), 1.0) for part in model.align(X))


def test_rows_of_a_table_are_vectors_or_series():
    vector = small().fit(VECTORS, BACK)
    series = small(source_kind="series").fit(VECTORS, BACK)
    assert [len(model.align(VECTORS)[0].source) for model in (vector, series)] == [1, 3]
    assert vector.n_features_in_ == series.n_features_in_ == 3


def test_integers_are_tokens_unless_kind_is_series():
    rows = [[1, 2], [2], [1]] * 4
    assert isinstance(small().fit(rows, rows).predict(rows)[0], list)
    numbers = small(source_kind="series", target_kind="series").fit(rows, rows)
    assert numbers.source_vocabulary_ is None
    assert numbers.predict(rows)[0].dtype == np.float64


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (1, list),
        (True, list),
        ("a", list),
        (("a", 1), list),
        (1.5, np.ndarray),
        ((1, 2), np.ndarray),
        ([1.5, 2], np.ndarray),
        (np.float32(1), np.ndarray),
    ],
)
def test_type_of_steps_determines_the_kind_of_target(step, kind):
    y = [[step], [step, step]] * 4
    assert isinstance(small().fit(WORDS[:8], y).predict(WORDS)[0], kind)
    mixed = [["a"], [step]] * 4 if kind is list else [["a"], ["b"]] * 4
    assert isinstance(small().fit(WORDS[:8], mixed).predict(WORDS)[0], list)


def test_words_are_joined_as_text():
    texts = ["one, two!", "two - one", "one two"] * 4
    model = learner(source_analyzer="word", target_analyzer="word").fit(texts, texts[::-1])
    assert set(model.target_vocabulary_) == {"one", "two", ", ", "!", " - "}
    assert model.predict(texts[:3]).tolist() == texts[2::-1]


def test_callable_analyzers():
    texts = ["one two", "two", "two one"] * 4
    model = learner(source_analyzer=str.split, target_analyzer=str.split).fit(texts, texts)
    assert model.predict(texts[:3]).tolist() == texts[:3]
    assert list(model.source_vocabulary_) == ["one", "two"]


def test_empty_strings_are_sources_and_targets():
    model = learner().fit(["", "a", "b"] * 4, ["a", "", "b"] * 4)
    assert model.predict(["", "a", "b"]).tolist() == ["a", "", "b"]


def test_rare_tokens_become_unknown():
    rows = ["ab"] * 999 + ["az"]
    model = small(max_epochs=1).fit(rows, rows)
    assert "z" not in model.source_vocabulary_
    assert "z" in model.target_vocabulary_
    model = small(max_epochs=1, source_min_df=1, target_min_df=2).fit(rows, rows)
    assert "z" in model.source_vocabulary_
    assert "z" not in model.target_vocabulary_


def test_unknown_tokens_are_counted_in_one_warning():
    model = small().fit(WORDS, BACK)
    with pytest.warns(UserWarning, match="are not in the vocabulary") as caught:
        model.predict(["ab", "xay", "z"])
    assert [str(warning.message) for warning in caught] == [
        "Seq2SeqTransformer.predict: X: 3 of 6 tokens, in 2 of 3 sequences, are not in the "
        "vocabulary (the first is 'x' in X[1]); each is replaced by the unknown token."
    ]
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="y: 1 of 2 tokens, in 1 of 1 sequences") as caught:
        model.score_samples(["ab"], ["bz"])


COLUMNS = {
    "a frame": lambda texts: pd.DataFrame({"text": texts}),
    "a column of objects": lambda texts: np.array(texts, dtype=object)[:, None],
    "a column": lambda texts: np.array(texts)[:, None],
    "an Index": pd.Index,
    "strings of pandas": lambda texts: pd.array(texts, dtype="string"),
    "a Series of them": lambda texts: pd.Series(texts, dtype="string"),
    "categories": lambda texts: pd.Series(texts, dtype="category"),
}


@pytest.mark.parametrize("pack", COLUMNS.values(), ids=COLUMNS)
def test_column_of_strings_is_a_list_of_strings(pack):
    expected = small().fit(WORDS, BACK)
    model = small().fit(pack(WORDS), pack(BACK))
    assert model.loss_curve_ == expected.loss_curve_
    assert_array_equal(model.predict(pack(WORDS)), expected.predict(WORDS))
    assert model.score(pack(WORDS), pack(BACK)) == expected.score(WORDS, BACK)
    weights = np.arange(24) % 2
    weighted = small().fit(pack(WORDS), pack(BACK), sample_weight=weights)
    assert weighted.source_vocabulary_ == small().fit(WORDS[1::2], BACK[1::2]).source_vocabulary_


LETTERS = [[ord(c) for c in word] for word in WORDS]
RECTANGLE = np.array([row + [0] * (8 - len(row)) for row in LETTERS])  # as pad_sequences does
TOKENS_2D = {
    "an array": RECTANGLE,
    "floats": RECTANGLE.astype(float),
    "padded before": np.array([[0] * (8 - len(row)) + row for row in LETTERS]),
    "a tensor": torch.tensor(RECTANGLE),
    "a frame": pd.DataFrame(RECTANGLE),
    "lists": RECTANGLE.tolist(),
    "objects": RECTANGLE.astype(object),
}


@pytest.mark.parametrize("X", TOKENS_2D.values(), ids=TOKENS_2D)
def test_padded_tokens_equal_ragged_tokens(X):
    expected = small().fit(LETTERS, BACK)
    model = small(source_kind="tokens", padding_value=0).fit(X, BACK)
    assert model.source_vocabulary_ == expected.source_vocabulary_
    assert model.loss_curve_ == expected.loss_curve_
    assert_array_equal(model.predict(X), expected.predict(LETTERS))
    assert [part.source for part in model.align(X)] == [[*row, "<end>"] for row in LETTERS]


def test_padded_targets_equal_ragged_targets():
    expected = small().fit(WORDS, LETTERS)
    model = small(target_kind="tokens", padding_value=0).fit(WORDS, RECTANGLE)
    assert model.loss_curve_ == expected.loss_curve_
    assert 0 not in model.target_vocabulary_
    assert model.score(WORDS, RECTANGLE) == expected.score(WORDS, LETTERS)
    # Ragged lists are not padded.
    assert 0 in small(padding_value=0).fit(WORDS, [[*row, 0] for row in LETTERS]).target_vocabulary_


def test_padded_autoencoder_and_padded_panel():
    nan = np.where(RECTANGLE == 0, np.nan, RECTANGLE)
    model = small(source_kind="tokens", padding_value=np.nan).fit(nan)
    assert model.target_vocabulary_ == small().fit(LETTERS).target_vocabulary_
    ids = Panel.from_sequences([[0, *row, 0] for row in LETTERS])
    panel = small(padding_value=0).fit(ids, BACK)
    assert [part.source for part in panel.align(ids)] == LETTERS


def test_rows_of_a_rectangle_of_tokens():
    strings = np.array([["a", "b"], ["b", "a"]] * 4, dtype=object)
    for X in (strings, strings.astype(str)):
        assert set(small().fit(X, X).source_vocabulary_) == {"a", "b"}
    frame = pd.DataFrame(strings)
    model = small(source_kind="tokens", target_kind="tokens").fit(frame, frame)
    assert all(isinstance(row, list) for row in model.predict(frame))
    column = small(source_kind="tokens").fit(strings[:, :1], BACK[:8])
    assert column.align(strings[:1, :1])[0].source == ["a", "<end>"]


def test_integer_tokens_may_be_scored_against_floats():
    y = [[1, 2], [1], [2]] * 4
    model = small(target_kind="tokens").fit(WORDS[:12], y)
    assert model.score(WORDS[:12], [[1.5]] * 12) == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda model: model.predict(["z"]),
        lambda model: model.score(["z"], ["a"]),
        lambda model: model.score_samples(["z"]),
        lambda model: model.score_samples(["a"], ["z"]),
        lambda model: model.transform(["z"]),
        lambda model: model.align(["z"]),
        lambda model: model.predict_n_best(["z"], 2),
        lambda model: model.sample(["z"]),
        lambda model: model.set_params(warm_start=True).fit(["z"], ["a"]),
        lambda model: clone(model).fit(WORDS, BACK, X_val=["z"], y_val=["a"]),
        lambda model: model.set_params(transform_method="encode").transform(["z"]),
        lambda model: make_pipeline(model).predict(["z"]),
    ],
)
def test_warnings_of_unknown_tokens_name_the_line_of_the_user(call):
    model = small().fit(WORDS, BACK)
    with pytest.warns(UserWarning, match="not in the vocabulary") as caught:
        call(model)
    assert [warning.filename for warning in caught] == [__file__] * len(caught)


def test_unknown_targets_do_not_warn_in_score():
    assert small().fit(WORDS, BACK).score(WORDS[:2], ["z", "zz"]) == 0.0


# --- learning -----------------------------------------------------------------------------------


@pytest.mark.parametrize("attention", ["additive", "dot", "general"])
def test_strings_are_reversed(attention):
    words = sorted(set(WORDS))
    model = learner(attention=attention).fit(words, [word[::-1] for word in words])
    assert model.score(words, [word[::-1] for word in words]) == 1.0


def test_attention_aligns_reversed_copies():
    words = ["".join(p) for p in itertools.permutations("abcde", 4)]
    model = learner(max_epochs=30, hidden_size=48).fit(words, [word[::-1] for word in words])
    source, target, _ = model.align(["abcd"])[0]
    assert source == ["a", "b", "c", "d", "<end>"]
    assert target == ["d", "c", "b", "a", "<end>"]
    assert model.score(words, [word[::-1] for word in words]) > 0.95


def test_numbers_end_at_the_learned_end():
    X = [np.full(n, float(n)) for n in [2, 3, 4, 5] * 6]
    model = learner().fit(X, X)
    assert [len(row) for row in model.predict(X[:4])] == [2, 3, 4, 5]
    assert model.score(X, X) > 0.95
    short = learner(max_length=3).fit(X, X)
    assert [len(row) for row in short.predict(X[:4])] == [2, 3, 3, 3]


@pytest.mark.parametrize("feedback", [True, False])
def test_sine_is_continued(feedback):
    start = np.linspace(0, 12, 60)
    X, y = (
        np.sin(start[:, None] + 0.3 * np.arange(14)),
        np.sin(start[:, None] + 0.3 * np.arange(20)),
    )
    model = learner(source_kind="series", feedback=feedback, max_epochs=30).fit(X, y[:, 14:])
    assert model.score(X, y[:, 14:]) > 0.95


def test_one_to_many():
    X = np.eye(4)[[0, 1, 2, 3] * 6]
    y = ["zero", "one", "two", "three"] * 6
    assert learner().fit(X, y).predict(np.eye(4)).tolist() == y[:4]


# --- other decoding methods ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    return learner(max_epochs=15, hidden_size=16).fit(WORDS, BACK)


def test_n_best_targets_are_sorted(trained):
    y, log_proba = trained.predict_n_best(WORDS[:4], 3, return_log_proba=True)
    assert y.shape == log_proba.shape == (4, 3)
    lengths = np.vectorize(len)(y) + 1  # with the end
    assert (np.diff(log_proba / lengths, axis=1) <= 1e-9).all()
    for j in range(3):
        assert len(set(y[0])) == 3
        found = trained.score_samples(WORDS[:4], list(y[:, j]))
        assert_allclose(found, log_proba[:, j], atol=1e-4)
    assert_array_equal(trained.predict_n_best(WORDS[:4], 3), y)


def test_beam_search_is_at_least_as_good_as_greedy_decoding(trained):
    beam = clone(trained).set_params(beam_width=4, length_penalty=0.0).fit(WORDS, BACK)
    greedy, wide = trained.predict(WORDS), beam.predict(WORDS)
    better = beam.score_samples(WORDS, wide) - beam.score_samples(WORDS, greedy)
    assert (better > -1e-4).all()


def test_fewer_than_n_targets_are_filled_with_none():
    model = small(max_length=1).fit(["a", "b"] * 4, ["a", "a"] * 4)
    y, log_proba = model.predict_n_best(["a"], 5, return_log_proba=True)
    assert y[0, :2].tolist() != [None, None]
    assert y[0, 2:].tolist() == [None] * 3
    assert (log_proba[0, 2:] == -np.inf).all()


def test_samples_are_seeded(trained):
    first = trained.sample(WORDS, temperature=3.0, random_state=0)
    assert_array_equal(first, trained.sample(WORDS, temperature=3.0, random_state=0))
    assert (first != trained.sample(WORDS, temperature=3.0, random_state=1)).any()
    assert_array_equal(trained.sample(WORDS, top_k=1), trained.predict(WORDS))


def test_samples_do_not_depend_on_the_batch(trained):
    options = {"temperature": 3.0, "random_state": 3}
    together = trained.sample(WORDS, **options)
    # The random numbers of a row depend on its position: the first row alone, or with others.
    for n in (1, 3, 10):
        assert_array_equal(trained.sample(WORDS[:n], **options), together[:n])
    other = trained.sample([*WORDS[:10], *["a" * 20] * 14], **options)
    assert_array_equal(other[:10], together[:10])
    # They differ from those of its neighbours.
    assert len(set(trained.sample(["abcd"] * 20, **options))) > 10


def test_samples_follow_the_probabilities():
    model = small(max_length=1).fit(["a", "b"] * 12, ["ab", "b"] * 12)
    drawn = model.sample(["a"] * 4000, random_state=0)
    targets, log_proba = model.predict_n_best(["a"], 3, return_log_proba=True)
    # Samples are drawn from the distribution without marks.
    expected = np.exp(log_proba[0]) / np.exp(log_proba[0]).sum()
    found = [(drawn == target).mean() for target in targets[0]]
    assert_allclose(found, expected, atol=0.03)


def test_likelihoods_of_truncated_predictions_exclude_the_end():
    model = small(max_length=2).fit(WORDS, BACK)
    targets, log_proba = model.predict_n_best(WORDS, 1, return_log_proba=True)
    assert max(map(len, targets[:, 0])) == 2
    assert_allclose(model.score_samples(WORDS), log_proba[:, 0], atol=1e-5)
    for target, part in zip(targets[:, 0], model.align(WORDS), strict=True):
        assert part.target[: len(target)] == list(target)
        assert ("<end>" in part.target) == (len(target) < 2)


def test_likelihoods_are_those_of_the_predictions(trained):
    assert_allclose(
        trained.score_samples(WORDS), trained.score_samples(WORDS, trained.predict(WORDS))
    )


def test_probabilities_of_all_targets_sum_to_one():
    model = small(max_length=2).fit(["a", "b"] * 4, ["ab", "b"] * 4)
    # With an end, a word is as likely as the path to it; the rest has no end after two letters.
    words = ["", *"ab", "aa", "ab", "ba", "bb"]
    total = np.exp(model.score_samples(["a"] * len(words), words)).sum()
    assert 0.0 < total < 1.0
    longer = [*words, *map("".join, itertools.product("ab", repeat=3))]
    assert total < np.exp(model.score_samples(["a"] * len(longer), longer)).sum() < 1.0


def test_predictions_do_not_depend_on_the_batch(trained):
    together = trained.predict(WORDS)
    assert together.tolist() == [trained.predict([word])[0] for word in WORDS]
    assert_allclose(
        trained.score_samples(WORDS, BACK),
        [trained.score_samples([x], [y])[0] for x, y in zip(WORDS, BACK, strict=True)],
        atol=1e-5,
    )


def test_long_pairs_are_processed_in_small_batches(monkeypatch):
    model = small().fit(WORDS, BACK)
    expected = model.score_samples(WORDS, BACK), model.align(WORDS, BACK)
    sizes = []

    def forward(module, inputs, output):
        sizes.append(len(output[0]))

    model.module_.decoder.register_forward_hook(forward)
    monkeypatch.setattr(*DECODED_VALUES, 1)
    assert_allclose(model.score_samples(WORDS, BACK), expected[0], atol=1e-5)
    for part, whole in zip(model.align(WORDS, BACK), expected[1], strict=True):
        assert_allclose(part.weights, whole.weights, atol=1e-6)
        assert part.weights.base is None  # a view would keep the padded batch
    assert set(sizes) == {8}


# --- decoding without feedback ------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["torch", "numba"])
@pytest.mark.parametrize("attention", [*ATTENTIONS, None])
@pytest.mark.parametrize("cell", CELLS)
def test_tokens_are_decoded_without_feedback(cell, attention, backend):
    if backend == "numba":
        pytest.importorskip("numba")
        if not CELLS[cell].has_kernel:
            pytest.skip("the cell has no kernel")
    for input_feeding in (False, True):
        model = small(
            feedback=False,
            cell=cell,
            attention=attention,
            input_feeding=input_feeding,
            backend=backend,
            max_epochs=1,
            max_length=6,
        ).fit(WORDS, BACK)
        predicted = model.predict(WORDS[:9])
        assert_array_equal(model.sample(WORDS[:9], top_k=1), predicted)
        found, log_proba = model.predict_n_best(WORDS[:9], 3, return_log_proba=True)
        for j in range(3):
            ended = [len(target) < 6 for target in found[:, j]]
            scores = model.score_samples(WORDS[:9], list(found[:, j]))
            assert_allclose(scores[ended], log_proba[ended, j], atol=1e-4)


def test_earlier_tokens_do_not_reach_a_decoder_without_feedback():
    model = small(feedback=False).fit(WORDS, BACK)
    # Tokens at one step are independent of the previous ones, so the path is the best of each step.
    ab, aa, bb, ba = model.score_samples(["abc"] * 4, ["ab", "aa", "bb", "ba"])
    assert_allclose(ab - aa, bb - ba, atol=1e-5)


# --- autoencoder and encodings ------------------------------------------------------------------


def test_fit_without_y_trains_an_autoencoder():
    words = sorted(set(WORDS))
    model = learner(transform_method="encode", hidden_size=48).fit(words)
    assert model.module_.decoder.attention is None
    encoded = model.transform(words)
    assert encoded.shape == (len(words), 96)
    assert encoded.dtype == np.float32
    assert model.score(words) > 0.9
    assert_array_equal(model.inverse_transform(encoded), model.predict(words))
    strange = ["".join(p) for p in itertools.permutations("abcd")][:5]
    assert model.score_samples(words).mean() > model.score_samples(strange).mean()


def test_autoencoder_of_numbers():
    X = np.sin(np.linspace(0, 5, 40)[:, None] + np.arange(5) * [[0.5]])
    model = learner(transform_method="encode").fit(X)
    assert model.predict(X).shape == X.shape
    assert_allclose(model.inverse_transform(model.transform(X)), model.predict(X), atol=1e-5)
    assert model.score(X) > 0.9
    assert (model.score_samples(X) > model.score_samples(X[:, ::-1] + 2.0)).all()


def test_encodings_feed_other_estimators():
    y = ["b" in word for word in WORDS]
    encoder = small(autoencoder=True, transform_method="encode", max_epochs=30)
    pipeline = make_pipeline(encoder, StandardScaler(), LogisticRegression())
    assert pipeline.fit(WORDS, y).score(WORDS, y) > 0.8
    assert not pipeline[0].target_vocabulary_.keys() - set("abcd")  # y was not used


def test_encodings_have_names_and_go_into_frames():
    model = small(transform_method="encode").set_output(transform="pandas")
    frame = model.fit_transform(VECTORS)
    names = [f"seq2seqtransformer{i}" for i in range(16)]
    assert list(frame.columns) == list(model.get_feature_names_out()) == names
    assert not hasattr(small(), "get_feature_names_out")
    assert not hasattr(small().fit(WORDS, BACK), "inverse_transform")


def test_transform_is_predict():
    model = small()
    assert_array_equal(model.fit_transform(WORDS, BACK), model.predict(WORDS))


# --- score --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y", [VECTORS * [1.0, 10.0, 0.1], VECTORS[:, 0]], ids=["2-D", "one number"]
)
def test_score_is_r2_score_of_predict(y):
    model = small(max_epochs=20).fit(WORDS, y)
    weights = np.linspace(0, 1, 24)
    assert model.score(WORDS, y) == r2_score(y, model.predict(WORDS))
    assert model.score(WORDS, y, weights) == r2_score(
        y, model.predict(WORDS), sample_weight=weights
    )
    own = cross_val_score(small(), WORDS, y, cv=2)
    assert_array_equal(own, cross_val_score(small(), WORDS, y, cv=2, scoring="r2"))


def test_score_of_three_dimensions_is_the_mean_over_steps_and_features():
    y = _rng.normal(size=(24, 4, 2))
    model = small().fit(WORDS, y)
    flat = y.reshape(24, 8), model.predict(WORDS).reshape(24, 8)
    assert model.score(WORDS, y) == r2_score(*flat)


def test_score_of_ragged_numbers_is_the_mean_over_features_of_all_steps():
    y = [wave * [1.0, 100.0] for wave in WAVES]
    model = small(max_epochs=20, feedback=False).fit(WORDS, y)
    # Without feedback a prediction is the beginning of a longer one.
    model.net_.module_.decoder.output.bias.data[-1] = -100.0  # no end
    model.set_params(max_length=6)
    predicted = [row[: len(true)] for row, true in zip(model.predict(WORDS), y, strict=True)]
    weights = np.linspace(0, 1, 24)
    by_step = np.repeat(weights, list(map(len, y)))
    expected = r2_score(np.concatenate(y), np.concatenate(predicted), sample_weight=by_step)
    assert model.score(WORDS, y, weights) == pytest.approx(expected, abs=1e-6)


# --- inside scikit-learn ------------------------------------------------------------------------


def test_grid_search_over_strings():
    grid = {"hidden_size": [4, 8], "attention": ["dot", None]}
    search = GridSearchCV(small(), grid, cv=2).fit(WORDS, BACK)
    assert search.best_params_.keys() == grid.keys()
    assert isinstance(search.predict(WORDS[:1])[0], str)


def test_cross_validation_with_a_metric():
    scorer = make_scorer(token_error_rate, greater_is_better=False)
    assert (cross_val_score(small(), WORDS, BACK, cv=2, scoring=scorer) <= 0).all()
    assert len(cross_val_predict(small(), WORDS, BACK, cv=2)) == len(WORDS)


def test_vectorizer_in_a_pipeline():
    model = make_pipeline(SequenceVectorizer(analyzer="char"), small())
    assert isinstance(model.fit(WORDS, BACK).predict(WORDS)[0], str)


def test_pretrained_vectors_of_a_panel():
    vectors = np.random.default_rng(0).normal(size=(7, 5))
    model = small(embedding_weights=vectors, freeze_embedding=True).fit(IDS, BACK)
    assert_allclose(model.module_.encoder.embedding.embedding.weight.detach(), vectors, rtol=1e-6)


def test_validation_data_and_early_stopping():
    model = small(early_stopping=True, validation_fraction=0.25, max_epochs=3).fit(WORDS, BACK)
    assert len(model.validation_curve_) == 3
    model = small().fit(WORDS, BACK, X_val=WORDS[:4], y_val=BACK[:4])
    assert len(model.validation_curve_) == 2
    assert len(small().fit(WORDS, X_val=WORDS[:4]).validation_curve_) == 2  # an autoencoder


def test_warm_start_keeps_its_vocabulary():
    model = small(warm_start=True).fit(WORDS, BACK)
    with pytest.warns(UserWarning, match="1 of 1 tokens"):
        model.fit(["z"], ["a"])
    assert model.n_iter_ == 4
    assert "z" not in model.source_vocabulary_


@pytest.mark.cuda
@pytest.mark.parametrize("y", [BACK, WAVES], ids=["strings", "numbers"])
def test_cuda_gives_the_results_of_the_cpu(y):
    quiet = {"dropout": 0.0, "embedding_dropout": 0.0}
    cpu, cuda = (small(**quiet, device=device).fit(WORDS, y) for device in ("cpu", "cuda"))
    assert_allclose(cuda.score_samples(WORDS, y), cpu.score_samples(WORDS, y), rtol=1e-3)
    assert len(cuda.predict(WORDS)) == len(cuda.align(WORDS)) == 24


# --- containers of other libraries --------------------------------------------------------------

LISTED = {
    "text": ["ab", "b", "ab", "ba"],
    "tokens": [["a", "b"], ["b"], ["a"], ["b"]],
    "integers": [[1, 2], [1], [1], [2]],
    "numbers": [[1.0, 2.0], [3.0], [1.5], [0.5]],
}
LIBRARIES = {
    "polars": pl.Series,
    "pyarrow": pa.array,
    "pyarrow in chunks": lambda rows: pa.chunked_array([rows[:2], rows[2:]]),
    "awkward": ak.Array,
    "pandas of pyarrow": lambda rows: pd.Series(
        pa.array(rows), dtype=pd.ArrowDtype(pa.array(rows).type)
    ),
}


@pytest.mark.parametrize("rows", LISTED.values(), ids=LISTED)
@pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES)
def test_containers_of_other_libraries_are_read_as_lists(make, rows):
    weights = [1.0, 0.0, 1.0, 2.0]  # zero weights leave rows out
    model = small().fit(make(rows), make(rows), weights, X_val=make(rows), y_val=make(rows))
    expected = small().fit(rows, rows, weights, X_val=rows, y_val=rows)
    for one, other in zip(model.predict(make(rows)), expected.predict(rows), strict=True):
        assert_array_equal(one, other)
    assert model.score(make(rows), make(rows)) == expected.score(rows, rows)
    assert model.source_vocabulary_ == expected.source_vocabulary_


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table], ids=["polars", "pyarrow"])
def test_frames_of_other_libraries_are_read_as_those_of_pandas(make):
    texts = {"text": LISTED["text"]}
    model = small().fit(make(texts), make(texts))
    assert list(model.predict(make(texts))) == list(
        small().fit(pd.DataFrame(texts), texts["text"]).predict(texts["text"])
    )
    vectors = {"u": [1.0, 2.0, 3.0, 4.0], "v": [0.0, 1.0, 0.0, 1.0]}
    model = small().fit(make(vectors), LISTED["text"])
    assert model.feature_names_in_.tolist() == ["u", "v"]
    cells = {"u": LISTED["numbers"], "v": LISTED["numbers"]}
    model = small().fit(make(cells), make(cells), [1.0, 0.0, 1.0, 2.0])
    assert model.n_features_in_ == 2
    assert [x.shape[1] for x in model.predict(make(cells))] == [2] * 4
