"""Arbitrary token ids, such as product numbers, raise an error with advice to map them."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sk_rnn import Panel, RNNClassifier, Seq2SeqTransformer
from sk_rnn.preprocessing import SequenceVectorizer

from .table import ESTIMATORS

SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0, "embedding_dim": 2}
ALIGNED = [
    record.estimator
    for record in ESTIMATORS.values()
    if {"num_embeddings", "return_sequences"} <= record.make().get_params().keys()
    and hasattr(record.estimator, "partial_fit")
]
Y = [0, 1, 0, 1]
Y_STEPS = [[0, 1], [1], [0], [1]]
ROWS = {
    "one high id": [[108775015, 1], [1], [0], [2]],
    "product numbers": [[108775015, 108775044], [110065001], [108775015], [111593001]],
    "beyond 32 bits": [[2**40 + 3, 2**40], [2**40 + 1], [2**40 + 3], [2**40 + 7]],
    "the highest of 64 bits": [[2**63 - 1, 1], [1], [0], [2]],
}


def panel(rows, dtype=np.int64, **options):
    values = np.concatenate([np.asarray(row, dtype) for row in rows])
    return Panel(values, np.append(0, np.cumsum([len(row) for row in rows])), **options)


CONTAINERS = {
    "lists": lambda rows: rows,
    "arrays": lambda rows: [np.array(row) for row in rows],
    "unsigned": lambda rows: [np.array(row, np.uint64) for row in rows],
    "Panel": panel,
    "sliced Panel": lambda rows: panel([[0], *rows])[1:],
}


def error_message(kind, rows, method="fit"):
    highest = max(max(row) for row in rows)
    setting = "set n_tokens of the Panel" if kind is Seq2SeqTransformer else "set num_embeddings"
    return "^" + re.escape(
        f"{kind.__name__}.{method}: X has token id {highest}, which requires a vocabulary of "
        f"{highest + 1} tokens, but X has 5 time steps in total. Token ids must be consecutive "
        "numbers from 0: put sk_rnn.preprocessing.SequenceVectorizer(analyzer=list) before the "
        f"estimator, which maps the ids in X to such numbers; or {setting} if the vocabulary is "
        "really that large."
    )


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", ALIGNED)
def test_sparse_ids_raise(kind, container, rows):
    X = CONTAINERS[container](rows)
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=error_message(kind, rows, method)):
            getattr(kind(**SMALL), method)(X, Y)
    with pytest.raises(ValueError, match=error_message(kind, rows)):
        kind(**SMALL, return_sequences=True).fit(X, Y_STEPS)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("y", [list("abab"), Y_STEPS, None], ids=["text", "numbers", "itself"])
def test_sparse_ids_of_a_panel_to_translate_raise(y, rows):
    with pytest.raises(ValueError, match=error_message(Seq2SeqTransformer, rows)):
        Seq2SeqTransformer(**SMALL).fit(panel(rows), y)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_lists_of_sparse_ids_to_translate_are_tokens_of_any_kind(rows):
    model = Seq2SeqTransformer(**SMALL, source_analyzer="word").fit(rows, rows)
    assert len(model.source_vocabulary_) == len({i for row in rows for i in row})
    assert {i for row in model.predict(rows) for i in row} <= {i for row in rows for i in row}


@pytest.mark.parametrize("kind", ALIGNED)
@pytest.mark.parametrize("padding", [{}, {"padding_value": -1}])
def test_padded_sparse_ids_raise(kind, padding):
    rows = ROWS["product numbers"]
    X = [[*row, -1] for row in rows] if padding else rows
    with pytest.raises(ValueError, match=error_message(kind, rows)):
        kind(**SMALL, **padding).fit(X, Y)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("kind", ALIGNED)
def test_suggested_vectorizer_maps_the_ids(kind, rows):
    model = make_pipeline(SequenceVectorizer(analyzer=list), kind(**SMALL)).fit(rows, Y)
    numbers = {i: n for n, i in enumerate(dict.fromkeys(i for row in rows for i in row), 2)}
    assert model[0].vocabulary_ == numbers or set(model[0].vocabulary_) == set(numbers)
    mapped = model[0].transform(rows)
    assert mapped.n_tokens == len(numbers) + 2
    assert_array_equal(model.predict(rows), model[1].predict(mapped))


@pytest.mark.parametrize("kind", ALIGNED)
def test_unseen_high_ids_raise_in_predict(kind):
    model = kind(**SMALL).fit([[0, 1], [2], [1], [0]], Y)
    for high in (3, 108775015, 2**40):
        message = rf"{kind.__name__}.predict: X\[1\] has token id {high} at time step 0, but the"
        with pytest.raises(ValueError, match=message):
            model.predict([[1], [high]])


@pytest.mark.parametrize("kind", ALIGNED)
def test_dense_ids_are_accepted(kind):
    for rows, n_tokens in (
        ([[999_999], [0], [1], [2]], 1_000_000),
        ([range(3), range(3), [0], [1]], 3),
    ):
        model = kind(**SMALL).fit([np.array(row) for row in rows], Y)
        assert len(model.module_.encoder.embedding.embedding.weight) == n_tokens
    large = kind(**SMALL, num_embeddings=2_000_000).fit([[1_999_999], [0], [1], [2]], Y)
    assert large.predict([[1_500_000]]).shape == (1,)


def test_panel_with_n_tokens_is_accepted():
    X = panel([[1_999_999], [0], [1], [2]], n_tokens=2_000_000)
    assert RNNClassifier(**SMALL).fit(X, Y).predict(X).shape == (4,)
    assert len(Seq2SeqTransformer(**SMALL).fit(X, list("abab")).predict(X)) == 4
