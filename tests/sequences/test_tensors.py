"""torch tensors, including packed and nested ones, in all functions that read sequences."""

import numpy as np
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.metrics import sequence_accuracy_score, token_accuracy_score
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
    make_windows,
    pad_sequences,
)
from sk_rnn.sequences import (
    check_sequence_targets,
    check_sequences,
    has_sequences,
    is_table,
    open_tensors,
)

pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")

SMALL = {"hidden_size": 2, "max_epochs": 2, "random_state": 0}
LENGTHS = np.array([2, 4, 1, 3])
LABELS = [0, 1, 0, 1]


def sequences(*, n_features=2, dtype=torch.float64):
    rng = np.random.default_rng(0)
    shapes = [(n,) if n_features is None else (n, n_features) for n in LENGTHS]
    return [torch.tensor(rng.integers(0, 9, shape)).to(dtype) for shape in shapes]


def packed_padded(tensors):
    padded = torch.nn.utils.rnn.pad_sequence(tensors)  # (T, B[, F])
    return pack_padded_sequence(padded, torch.tensor(LENGTHS), enforce_sorted=False)


def strided(tensors):
    return torch.nested.nested_tensor(tensors, dtype=tensors[0].dtype)


def jagged(tensors):
    return torch.nested.nested_tensor(tensors, dtype=tensors[0].dtype, layout=torch.jagged)


CONTAINERS = {
    "packed": lambda tensors: pack_sequence(tensors, enforce_sorted=False),
    "packed padded": packed_padded,
    "strided": strided,
    "jagged": jagged,
}
BOTH = pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS.keys())


def assert_equal_lists(found, expected):
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, y)


# -- Unpacking


@BOTH
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64, torch.int32])
@pytest.mark.parametrize("n_features", [None, 1, 2])
def test_sequences_come_out_in_their_own_order(make, dtype, n_features):
    tensors = sequences(n_features=n_features, dtype=dtype)
    opened = open_tensors(make(tensors), "X")
    assert_equal_lists(opened, [x.numpy() for x in tensors])
    assert {x.dtype for x in opened} == {tensors[0].numpy().dtype}


def test_a_sorted_batch_keeps_its_order():
    tensors = sorted(sequences(), key=len, reverse=True)
    packed = pack_sequence(tensors)
    assert packed.unsorted_indices is None
    assert_equal_lists(open_tensors(packed, "X"), [x.numpy() for x in tensors])


def test_four_sequences_are_not_the_four_parts_of_a_batch():
    ids = [torch.tensor(x) for x in ([5, 6, 7, 8], [1, 2], [3], [4])]
    packed = pack_sequence(ids)
    assert len(packed) == 4
    panel = Panel.from_sequences(packed)
    assert panel.is_tokens
    assert [x.tolist() for x in panel] == [[5, 6, 7, 8], [1, 2], [3], [4]]


@BOTH
def test_bfloat16_and_gradients_are_read(make):
    tensors = [x.requires_grad_() for x in sequences(dtype=torch.bfloat16)]
    container = make(tensors)
    opened = open_tensors(container, "X")
    assert_equal_lists(opened, [x.detach().float().numpy() for x in tensors])


def test_a_subclass_of_packed_sequence_is_one():
    class Batch(PackedSequence):
        pass

    packed = Batch(*pack_sequence(sequences(), enforce_sorted=False))
    assert_equal_lists(open_tensors(packed, "X"), [x.numpy() for x in sequences()])


def test_a_tuple_of_another_kind_stays():
    X = (np.ones(2), np.ones(3))
    assert open_tensors(X, "X") is X


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (torch.ones(2, 3, dtype=torch.bfloat16), np.ones((2, 3), np.float32)),
        (torch.ones(2, 3).to(torch.float8_e4m3fn), np.ones((2, 3), np.float32)),
        (torch.ones(2, 3, requires_grad=True), np.ones((2, 3), np.float32)),
        (torch.tensor([[1 - 2j]]).conj().imag, np.array([[2.0]], np.float32)),
        (torch.nn.Parameter(torch.ones(2)), np.ones(2, np.float32)),
    ],
)
def test_tensors_that_numpy_does_not_support(x, expected):
    found = open_tensors(x, "X")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


# -- Use in estimators, transformers and metrics


@BOTH
def test_functions_read_them_as_the_list_of_arrays(make):
    tensors = sequences()
    container, arrays = make(tensors), [x.numpy() for x in tensors]
    assert not is_table(container)
    assert has_sequences(open_tensors(container, "X"))
    assert_equal_lists(check_sequences(container), check_sequences(arrays))
    assert_equal_lists(Panel.from_sequences(container), arrays)
    np.testing.assert_array_equal(pad_sequences(container), pad_sequences(arrays))
    np.testing.assert_array_equal(
        SequencePadder().fit(container).transform(container), pad_sequences(arrays)
    )
    np.testing.assert_array_equal(
        SequenceSummarizer().fit_transform(container), SequenceSummarizer().fit_transform(arrays)
    )
    scaler = TimeDistributed(StandardScaler())
    assert_equal_lists(scaler.fit_transform(container), scaler.fit_transform(arrays))
    assert_equal_lists(scaler.inverse_transform(container), scaler.inverse_transform(arrays))
    X, y = make_windows(container, window=2)
    expected_X, expected_y = make_windows(arrays, window=2)
    np.testing.assert_array_equal(X, expected_X)
    assert y.equals(expected_y)


@BOTH
def test_token_ids_are_read(make):
    tensors = sequences(n_features=None, dtype=torch.int64)
    container, ids = make(tensors), [x.tolist() for x in tensors]
    assert_equal_lists(check_sequences(container, tokens=True), ids)
    encoder = TimeDistributed(OneHotEncoder(sparse_output=False))
    assert_equal_lists(
        encoder.fit_transform(container), encoder.fit_transform([np.array(x) for x in ids])
    )
    vectorizer = SequenceVectorizer().fit([list("abcdefghij")])
    assert vectorizer.inverse_transform(container) == vectorizer.inverse_transform(ids)


@BOTH
@pytest.mark.parametrize("params", [{}, {"padding_value": 0.0}])
def test_estimators_fit_and_predict_as_with_the_list_of_arrays(make, params):
    tensors = [x + 1 for x in sequences()]
    container, arrays = make(tensors), [x.numpy() for x in tensors]
    for estimator, y in [(RNNClassifier, LABELS), (RNNRegressor, [0.5, 1.0, 2.0, 0.0])]:
        fitted = estimator(**SMALL, **params).fit(container, y, X_val=container, y_val=y)
        expected = estimator(**SMALL, **params).fit(arrays, y, X_val=arrays, y_val=y)
        np.testing.assert_array_equal(fitted.predict(container), expected.predict(arrays))
        assert fitted.score(container, y) == expected.score(arrays, y)
        assert fitted.validation_curve_ == expected.validation_curve_
    partial = RNNClassifier(**SMALL, **params).partial_fit(container, LABELS)
    np.testing.assert_array_equal(
        partial.predict_proba(container),
        RNNClassifier(**SMALL, **params).partial_fit(arrays, LABELS).predict_proba(arrays),
    )


@BOTH
def test_targets_per_time_step_are_read(make):
    X = [x.numpy() for x in sequences()]
    tags = [torch.arange(n) % 2 for n in LENGTHS]
    y = make(tags)
    values, offsets = check_sequence_targets(y, LENGTHS)
    np.testing.assert_array_equal(values, np.concatenate(tags))
    np.testing.assert_array_equal(np.diff(offsets), LENGTHS)
    params = {**SMALL, "return_sequences": True}
    lists = [x.tolist() for x in tags]
    tagger = RNNClassifier(**params).fit(X, y, X_val=X, y_val=y)
    expected = RNNClassifier(**params).fit(X, lists)
    assert_equal_lists(tagger.predict(X), expected.predict(X))
    assert tagger.score(X, y) == expected.score(X, lists)
    numbers = [x.double() for x in tags]
    stepper = RNNRegressor(**params).fit(X, make(numbers))
    assert_equal_lists(stepper.predict(X), RNNRegressor(**params).fit(X, lists).predict(X))


@BOTH
def test_seq2seq_reads_sources_and_targets(make):
    tensors = sequences()
    container, arrays = make(tensors), [x.numpy() for x in tensors]
    model = Seq2SeqTransformer(**SMALL).fit(container, container, X_val=container, y_val=container)
    expected = Seq2SeqTransformer(**SMALL).fit(arrays, arrays)
    assert_equal_lists(model.predict(container), expected.predict(arrays))
    assert model.score(container, container) == expected.score(arrays, arrays)
    weights = [1.0, 0.0, 1.0, 2.0]  # a batch is not sliced as a tuple of four
    weighted = Seq2SeqTransformer(**SMALL).fit(container, container, weights)
    assert_equal_lists(
        weighted.predict(container),
        Seq2SeqTransformer(**SMALL).fit(arrays, arrays, weights).predict(arrays),
    )
    autoencoder = Seq2SeqTransformer(**SMALL).fit(container)
    assert autoencoder.score_samples(container).shape == (4,)


@BOTH
def test_seq2seq_reads_tokens(make):
    tensors = sequences(n_features=None, dtype=torch.int64)
    container, ids = make(tensors), [x.tolist() for x in tensors]
    model = Seq2SeqTransformer(**SMALL).fit(container, container)
    assert set(model.source_vocabulary_) == {token for row in ids for token in row}
    assert list(model.predict(container)) == list(
        Seq2SeqTransformer(**SMALL).fit(ids, ids).predict(ids)
    )


@BOTH
def test_metrics_compare_them(make):
    tensors = sequences(n_features=None, dtype=torch.int64)
    container, ids = make(tensors), [x.tolist() for x in tensors]
    assert sequence_accuracy_score(container, ids) == 1.0
    assert token_accuracy_score([*ids[:-1], [9, 9, 9]], container) == pytest.approx(0.7)


def test_metadata_and_targets_of_transformers_are_read(rng):
    X = sequences()
    y = pack_sequence([torch.arange(n).double() for n in LENGTHS], enforce_sorted=False)

    class Recorder(StandardScaler):
        def fit(self, X, y=None):
            self.seen_ = y
            return super().fit(X)

    fitted = TimeDistributed(Recorder()).fit(X, y)
    expected = np.concatenate([np.arange(n) for n in LENGTHS])
    np.testing.assert_array_equal(fitted.transformer_.seen_, expected)


def test_tensors_that_require_gradients_as_targets_weights_and_vectors():
    X = [x.numpy() for x in sequences()]
    y = torch.tensor([0.5, 1.0, 2.0, 0.0], requires_grad=True)
    weights = torch.ones(4, requires_grad=True)
    model = RNNRegressor(**SMALL).fit(X, y, weights)
    assert model.score(X, y) == model.score(X, y.detach().numpy())
    model = RNNRegressor(**SMALL).fit(X, y.detach().bfloat16())
    assert model.predict(X).shape == (4,)
    vectors = torch.nn.Embedding(9, 3).weight
    ids = [x.tolist() for x in sequences(n_features=None, dtype=torch.int64)]
    model = RNNClassifier(embedding_weights=vectors, **SMALL).fit(ids, LABELS)
    expected = RNNClassifier(embedding_weights=vectors.detach().numpy(), **SMALL).fit(ids, LABELS)
    np.testing.assert_array_equal(model.predict_proba(ids), expected.predict_proba(ids))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@BOTH
def test_tensors_on_a_device_are_read(make):
    tensors = sequences()
    on_device = make(tensors).to("cuda")
    assert_equal_lists(check_sequences(on_device), [x.numpy() for x in tensors])


# -- Invalid input


def message(call):
    with pytest.raises((TypeError, ValueError)) as error:
        call()
    return type(error.value), str(error.value)


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (
            lambda: [pack_sequence(sequences(), enforce_sorted=False)],
            TypeError,
            "f: X[0] is a PackedSequence, which is several sequences, where one is expected. Pass "
            "[x for batch in X for x in torch.nn.utils.rnn.unpack_sequence(batch)].",
        ),
        (
            lambda: [strided(sequences()), strided(sequences())],
            TypeError,
            "f: X[0] is a nested tensor, which is several sequences, where one is expected. Pass "
            "[x for batch in X for x in batch.unbind()].",
        ),
        (
            lambda: [torch.eye(3).to_sparse()],
            TypeError,
            "f: X[0] is sparse, and sparse data is not supported. Pass X[0].to_dense().",
        ),
        (
            lambda: torch.eye(3).to_mkldnn(),
            TypeError,
            "f: X is a tensor of layout torch._mkldnn, which NumPy lacks. Pass X.to_dense().",
        ),
        (
            lambda: torch.eye(3, dtype=torch.complex64).conj(),
            ValueError,
            "f: X: Complex data not supported. Pass real and imaginary parts as two features.",
        ),
        (
            lambda: torch.empty((2, 3), device="meta"),
            TypeError,
            "f: X is a tensor of torch.float32 that cannot be read: Cannot copy out of meta "
            "tensor; no data. Pass numbers of a dtype that NumPy supports.",
        ),
        (
            lambda: PackedSequence(torch.ones(5), torch.tensor([2, 1])),
            ValueError,
            "f: X is a PackedSequence whose batch_sizes do not fit its data of 5 time steps. "
            "Create it with torch.nn.utils.rnn.pack_padded_sequence or pack_sequence.",
        ),
        (
            lambda: strided([torch.ones(2), torch.ones(0)]),
            ValueError,
            "f: X[1] is an empty sequence. Every sample needs at least one time step: drop it, "
            "from y too.",
        ),
        (
            lambda: strided([torch.ones(2, 3), torch.ones(2, 4)]),
            ValueError,
            "f: X[1] has 4 features per time step, but X[0] has 3. Pass sequences of shape "
            "(n_timesteps, 3).",
        ),
    ],
)
def test_invalid_input_raises(make, kind, text):
    assert message(lambda: check_sequences(make(), caller="f")) == (kind, text)


@pytest.mark.filterwarnings("ignore:The PyTorch API of MaskedTensors:UserWarning")
def test_masked_tensors_raise_if_something_is_masked():
    def masked(last):
        return torch.masked.masked_tensor(torch.ones(2, 3), torch.tensor([[True, True, last]] * 2))

    np.testing.assert_array_equal(check_sequences(masked(True)).values, np.ones((6, 1)))
    for X in (masked(False), [masked(False)]):
        with pytest.raises(ValueError, match="has masked values"):
            check_sequences(X)


@BOTH
def test_one_target_per_sequence_is_asked_for(make):
    X = [x.numpy() for x in sequences()]
    y = make([torch.arange(n) for n in LENGTHS])
    kind, text = message(lambda: RNNClassifier(**SMALL).fit(X, y))
    assert kind is ValueError
    assert text == (
        "RNNClassifier.fit: y[0] is a sequence (ndarray). Pass one label per sequence, or set "
        "return_sequences=True to learn one label per time step."
    )


@BOTH
def test_documents_are_asked_for(make):
    kind, text = message(lambda: SequenceVectorizer().fit(make(sequences(n_features=None))))
    assert kind is TypeError
    assert text.startswith("SequenceVectorizer.fit: X[0] has token ")


def test_pipelines_take_them():
    packed = pack_sequence(sequences(), enforce_sorted=False)
    model = make_pipeline(TimeDistributed(StandardScaler()), RNNClassifier(**SMALL))
    assert model.fit(packed, LABELS).predict(packed).shape == (4,)
