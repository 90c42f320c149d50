"""Memory use is proportional to what is requested, not to the size of a memory-mapped file."""

import gzip
import pickle
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sk_rnn import Panel, RNNClassifier
from sk_rnn.preprocessing import load_word_vectors
from sk_rnn.sequences import read_spans

from .internals import BLOCKS, PREDICTED
from .table import ESTIMATORS, records_with

N = 400
rng = np.random.default_rng(0)


@contextmanager
def peak_below(n_bytes):
    """Assert that the peak of additionally allocated memory is below this."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < n_bytes


@pytest.fixture
def small_blocks(monkeypatch):
    """Make blocks small relative to the data, as they are for memory-mapped data."""
    for module, name in BLOCKS:
        monkeypatch.setattr(module, name, 1 << 10)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """Panels whose values are in files: numbers and token ids, padded with 9."""
    panels = {}
    for dtype, shape in [("float32", (40, 64)), ("float64", (40, 64)), ("int32", (400,))]:
        path = tmp_path_factory.mktemp("mapped") / dtype
        values = np.memmap(path, dtype, mode="w+", shape=(N, *shape))
        values[...] = rng.integers(0, 9, size=values.shape)
        values[:, -3:] = 9
        offsets = np.arange(N + 1) * shape[0]
        panels[dtype] = Panel(values.reshape(-1, *shape[1:]), offsets)
    return panels


WEIGHTS = np.arange(N) % 3 / 2
WAYS = {
    "weights of zero": ({}, {"sample_weight": WEIGHTS}),
    "padding": ({"padding_value": 9}, {}),
    "both": ({"padding_value": 9}, {"sample_weight": np.arange(N) % 3}),
    "a split": (
        {"padding_value": 9, "early_stopping": True},
        {"groups": np.arange(N) % 10, "sample_weight": WEIGHTS},
    ),
}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        *((name, "float32") for name in ESTIMATORS),
        ("classifier", "float64"),
        ("classifier", "int32"),
    ],
)
def test_mapped_panel_is_not_copied(name, dtype, way, mapped):
    params, data = WAYS[way]
    record, panel = ESTIMATORS[name], mapped[dtype]
    if "center_inputs" in record.estimator().get_params():
        params = {**params, "center_inputs": False}  # centred samples are a copy
    if dtype == "int32":
        params = {**params, "embedding_dim": 1}
    model = record.estimator(
        hidden_size=1, bidirectional=False, max_epochs=1, batch_size=8, random_state=0, **params
    )
    y = record.y_for(panel)
    model.fit(panel[:20], y[:20])  # loads the kernels
    with peak_below(0.7 * panel.values.nbytes):
        model.fit(panel, y, **data)
    with peak_below(0.7 * panel.values.nbytes):
        model.predict(panel)


@pytest.mark.usefixtures("small_blocks")
def test_spans_leave_out_samples_and_padding_without_a_copy(mapped):
    panel = mapped["float32"]
    with peak_below(0.1 * panel.values.nbytes):
        spans = read_spans(panel, padding_value=9, caller="here").take(np.arange(1, N, 2))
        assert np.shares_memory(spans.values, panel.values)
        assert spans.lengths.max() <= 37
        assert sum(map(len, spans)) == spans.lengths.sum()


# --- predictions ----------------------------------------------------------------------------------

N_CLASSES = 2000


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("multilabel", [False, True])
def test_labels_are_chosen_batch_by_batch(return_sequences, multilabel, monkeypatch):
    monkeypatch.setattr(*PREDICTED["rows"], 32)
    monkeypatch.setattr(*PREDICTED["steps"], 64)
    data = [rng.normal(size=(n, 1)) for n in rng.integers(1, 5, size=1000)]
    n_targets = sum(map(len, data)) if return_sequences else len(data)
    model = RNNClassifier(hidden_size=2, random_state=0, return_sequences=return_sequences)
    if multilabel:
        first = np.eye(2, N_CLASSES, dtype=int)
        y = [np.repeat(row[None], len(x), axis=0) for row, x in zip(first, data[:2], strict=True)]
        model.partial_fit(data[:2], y if return_sequences else first)
    else:
        y = [[0] * len(data[0]), [1] * len(data[1])] if return_sequences else [0, 1]
        model.partial_fit(data[:2], y, classes=np.arange(N_CLASSES))
    model.predict(data[:64])
    n_bytes = 4 * n_targets * N_CLASSES
    if multilabel:  # which has as many labels as probabilities
        with peak_below(2.5 * n_bytes):  # of 64 bits
            labels = model.predict(data)
    else:
        with peak_below(n_bytes / 3):
            labels = model.predict(data)
        with peak_below(n_bytes / 3):
            model.score(data, labels)
    expected = model.decision_function(data)
    if return_sequences:
        labels, expected = np.concatenate(labels), np.concatenate(expected)
    assert_array_equal(labels, expected > 0 if multilabel else expected.argmax(axis=1))


# --- partial_fit ----------------------------------------------------------------------------------


@pytest.mark.parametrize("warm_start", [False, True])
@records_with("partial_fit", among=ESTIMATORS)
def test_partial_fit_keeps_a_number_per_call(record, warm_start):
    data = [[[0.0], [1.0]], [[2.0]]]
    y = record.y_for(data)
    model = record.estimator(hidden_size=2, random_state=0, warm_start=warm_start)
    sizes = {}
    for n_calls in range(1, 121):
        model.partial_fit(data, y)
        if n_calls in (20, 120):
            sizes[n_calls] = len(pickle.dumps(model))
    assert model.n_iter_ == model.best_epoch_ == len(model.loss_curve_) == 120
    assert len(model.net_.history) == 1
    once = record.estimator().partial_fit(data, y)
    assert len(model.net_.callbacks_) == len(once.net_.callbacks_)
    assert sizes[120] - sizes[20] < 10 * 100  # a float takes 9 bytes


# --- word vectors ---------------------------------------------------------------------------------

LONG = b"good 0.5 1.5\n" + bytes(1 << 25)


@pytest.mark.parametrize(
    "content",
    [
        bytes(1 << 25),
        LONG,
        LONG.replace(bytes(1), b"x"),
        LONG.replace(bytes(2), b" 1"),
        gzip.compress(LONG, compresslevel=1),
        b"2 2\n" + LONG,
    ],
    ids=["zeros", "second line", "a word", "numbers", "gzip", "header"],
)
def test_word_vectors_raise_for_an_endless_line(content, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with peak_below(1 << 24), pytest.raises(ValueError, match="has 1048576 bytes or more"):
        load_word_vectors(path, {"good": 2})


@pytest.mark.parametrize("position", [10**7, 10**10, 2**62])
def test_word_vectors_are_not_made_for_sparse_ids(position, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("good 0.5 1.5\n")
    message = f"vocabulary has id {position}, which requires {position + 1} vectors, but only 1"
    with peak_below(1 << 20), pytest.raises(ValueError, match=message):
        load_word_vectors(path, {"good": position})
