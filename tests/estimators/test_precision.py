"""Scores do not depend on the unit or offset of numbers, also beyond float32."""

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.preprocessing import SequenceSummarizer, TimeDistributed, make_windows
from sk_rnn.sequences import Spans, Standardisation, canonical_order, standardisation_of
from sk_rnn.training import SequenceData

from .table import IDS, RECORDS, SENTENCES, TEXTS, WORDS

rng = np.random.default_rng(0)
N = 120
LENGTHS = rng.integers(4, 12, size=N)
HALF = N // 2
LABELS = np.arange(N) % 2
X = [rng.normal(size=(n, 2)) + 1.5 * label for n, label in zip(LENGTHS, LABELS, strict=True)]
SUMS = np.array([x[:, 0].mean() + x[-1, 1] for x in X])
TAGS = [np.where(x[:, 0] > x[:, 1], "up", "down") for x in X]
STEPS = [x[:, 0] - 0.5 * x[:, 1] for x in X]
SERIES = [x[:4, :1] - x[:4, 1:] for x in X]

COMMON = {"hidden_size": 16, "max_epochs": 25, "lr": 1e-2, "random_state": 0}


def score(model, X, y):
    return model.fit(X[:HALF], y[:HALF]).score(X[HALF:], y[HALF:])


# what: (model, targets, whether they are numbers)
MODELS = {
    "labels": (RNNClassifier(**COMMON), LABELS, False),
    "tags": (RNNClassifier(**COMMON, return_sequences=True), TAGS, False),
    "numbers": (RNNRegressor(**COMMON), SUMS, True),
    "two outputs": (RNNRegressor(**COMMON), np.column_stack([SUMS, -SUMS]), True),
    "numbers per step": (RNNRegressor(**COMMON, return_sequences=True), STEPS, True),
    "with deviation": (RNNRegressor(**COMMON, loss="gaussian"), SUMS, True),
    "series to series": (Seq2SeqTransformer(**COMMON), SERIES, True),
    "series to tokens": (Seq2SeqTransformer(**COMMON), list("ab" * HALF), False),
    "scaled before": (
        make_pipeline(TimeDistributed(StandardScaler()), RNNClassifier(**COMMON)),
        LABELS,
        False,
    ),
    "statistics": (
        make_pipeline(SequenceSummarizer(), StandardScaler(), LogisticRegression()),
        LABELS,
        False,
    ),
}

CHANGES = {
    "+1.7e9": lambda values: values + 1.7e9,  # Unix seconds
    "-1e10": lambda values: values - 1e10,
    "*1e-6": lambda values: values * 1e-6,
    "*1e6": lambda values: values * 1e6,
}


def change_one_feature(X, change):
    changed = [x.copy() for x in X]
    for x in changed:
        x[:, 1] = change(x[:, 1])
    return changed


@pytest.fixture(scope="module")
def scores():
    known = {}

    def score_of(name):
        if name not in known:
            model, y, _ = MODELS[name]
            known[name] = score(model, X, y)
        return known[name]

    return score_of


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", MODELS)
def test_scores_do_not_depend_on_offset_or_unit_of_features(scores, name, change):
    model, y, _ = MODELS[name]
    assert scores(name) > 0.5
    for changed in (change_one_feature(X, CHANGES[change]), [CHANGES[change](x) for x in X]):
        assert score(model, changed, y) == pytest.approx(scores(name), abs=0.02)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name][2]])
def test_scores_do_not_depend_on_offset_or_unit_of_targets(scores, name, change):
    model, y, _ = MODELS[name]
    changed = [CHANGES[change](np.asarray(target)) for target in y]
    changed = changed if np.ndim(y[0]) and isinstance(y, list) else np.array(changed)
    assert score(model, X, changed) == pytest.approx(scores(name), abs=0.02)


@pytest.mark.parametrize("change", CHANGES)
def test_vectors_and_padded_sources_are_as_precise(change):
    table = rng.normal(size=(N, 6))
    y = table[:, :3] + table[:, 3:]
    vectors = Seq2SeqTransformer(**COMMON)
    changed = CHANGES[change](table)
    assert score(vectors, changed, y) == pytest.approx(score(vectors, table, y), abs=0.02)
    padded = Panel.from_sequences(X).to_padded(-9.0)
    far = np.where(padded == -9.0, -9.0, CHANGES[change](padded))
    model = RNNClassifier(**COMMON, padding_value=-9.0)
    assert score(model, far, LABELS) == pytest.approx(score(model, padded, LABELS), abs=0.02)


def test_windows_and_frames_keep_full_precision():
    seconds = pd.Series(np.arange(60) * 60 + 1_700_000_000)
    windows, following = make_windows(seconds, window=5)
    model = RNNRegressor(**COMMON).fit(windows, following)
    assert model.score(windows, following) > 0.9
    frames = [pd.DataFrame({"at": seconds[i : i + 5].to_numpy(), "on": [True] * 5}) for i in (0, 9)]
    for panel in (
        Panel.from_sequences(frames),
        Panel.from_sequences([frame.to_numpy(dtype=np.int64) for frame in frames]),
        Panel.from_padded(np.stack([frame.to_numpy(dtype=np.int64) for frame in frames]), [5, 5]),
        TimeDistributed(StandardScaler(with_std=False))
        .fit(frames)
        .inverse_transform(TimeDistributed(StandardScaler(with_std=False)).fit_transform(frames)),
    ):
        assert_allclose(panel.values[:5, 0], seconds[:5], rtol=1e-15)


def in_another_unit(rows):
    """Return numbers in another unit with an offset; anything else unchanged."""
    if rows is None or np.asarray(rows[0]).dtype.kind != "f":
        return rows
    if isinstance(rows, np.ndarray):
        return rows.astype(float) * 3.7e5 + 1e7
    return [np.asarray(row, dtype=float) * 3.7e5 + 1e7 for row in rows]


NUMERIC = {n: r for n, r in RECORDS.items() if r.source not in (IDS, WORDS, SENTENCES, TEXTS)}


@pytest.mark.parametrize("record", NUMERIC.values(), ids=NUMERIC)
def test_fit_in_another_unit_takes_the_same_steps(record):
    # Rows are shuffled from an order that depends on their content, but not on its unit.
    X = [np.asarray(x, dtype=float) for x in record.X]
    X = np.array(X) if isinstance(record.X, np.ndarray) else X
    model = record.make(max_epochs=6).fit(X, record.y)
    other = record.make(max_epochs=6).fit(in_another_unit(X), in_another_unit(record.y))
    assert_allclose(other.loss_curve_, model.loss_curve_, rtol=1e-3, atol=1e-4)


def test_order_of_rows_does_not_depend_on_their_unit():
    spans = Spans.of(Panel.from_sequences(X))
    order, group = canonical_order(spans, SUMS)
    for y in (SUMS * 8.0, SUMS * 1e-6, SUMS + 1e4):
        scaled = Spans.of(Panel.from_sequences([x * [1e6, 1e-6] - 5.0 for x in X]))
        other_order, other_group = canonical_order(scaled, y)
        assert_array_equal(other_order, order)
        assert_array_equal(other_group, group)


def test_float32_and_float64_are_the_same_data():
    single = [np.float32(x) for x in X]
    double = [np.float64(x) for x in single]
    for model in (RNNClassifier(**COMMON), RNNRegressor(**COMMON)):
        expected = model.fit(single, LABELS).predict(single)
        assert_array_equal(model.fit(double, LABELS).predict(double), expected)


def test_predictions_are_float64_and_cover_the_range_of_y():
    for y in (SUMS * 1e39, SUMS * 1e150, SUMS * 1e300, SUMS * 1e-200):
        model = RNNRegressor(**COMMON).fit(X, y)
        predicted = model.predict(X)
        assert predicted.dtype == np.float64
        assert np.isfinite(predicted).all()
        unit = np.abs(y).max()
        assert r2_score(y / unit, predicted / unit) > 0.9
        assert model.score(X, y) > 0.9


# --- statistics ---------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 1e3, 1.7e9, -1e12])
def test_statistics_far_from_zero_are_exact(offset):
    values = rng.normal(size=(500, 2)) * [1.0, 3.0]
    spans = Spans.of(Panel(values + offset, [0, 100, 500]))
    mean, std = standardisation_of(spans, np.arange(2))
    assert_allclose(
        mean - offset, (values + offset - offset).mean(axis=0), atol=2e-16 * abs(offset)
    )
    assert_allclose(std, (values + offset - offset).std(axis=0), rtol=1e-8)


def test_statistics_of_tiny_huge_and_constant_features():
    values = np.column_stack([[1e-200, 3e-200], [1e300, -1e300], [0.1 + 0.2, 0.3], [7.0, 7.0]])
    mean, std = standardisation_of(Spans.of(Panel(values, [0, 2])), np.arange(1))
    assert_allclose(mean, [2e-200, 0.0, 0.3, 7.0])
    assert_allclose(std, [1e-200, 1e300, 1.0, 1.0])  # rounding errors are not scaled
    close = Spans.of(Panel(np.float32([[1013.25], [1013.26]]), [0, 2]))  # pressure in hPa
    assert standardisation_of(close, np.arange(1)).std < 0.01


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_batches_are_standardised_before_they_are_rounded(kind, tmp_path):
    values = (np.array([1e6, -1e6]) + np.arange(12.0).reshape(6, 2)).astype(kind)
    scaling = Standardisation(np.array([1e6, -1e6]), np.array([2.0, 4.0]))
    on_disk = np.memmap(tmp_path / "values", dtype=kind, mode="w+", shape=values.shape)
    on_disk[:] = values
    expected = np.array([[0.0, 0.25], [1.0, 0.75], [2.0, 1.25]])
    for source in (values, on_disk):
        data = SequenceData(
            Spans.of(Panel(source, [0, 3, 6])), torch.device("cpu"), scaling=scaling
        )
        x = data.inputs(np.array([0]))["x"]
        assert x.dtype == torch.float32
        assert_array_equal(x[:, 0].numpy(), expected)
        assert_array_equal(data.steps(0), expected)


# --- overflow -----------------------------------------------------------------------------------


def test_values_too_far_from_the_training_data_are_named():
    small = [x * 1e-3 for x in X]
    named = [pd.DataFrame(x, columns=["u", "v"]) for x in small]
    model = RNNClassifier(**COMMON).fit(named, LABELS)
    named[3].iloc[2, 1] = 9.96921e36  # netCDF's fill value
    with pytest.raises(
        ValueError,
        match=r"RNNClassifier.predict_proba: X\[3\] has 9.96921e\+36 at time step 2, feature 'v', "
        r"which is too far from the training data \(mean .* impute it; else clip such values\.$",
    ):
        model.predict_proba(named)
    for method in ("predict", "decision_function", "predict_log_proba"):
        with pytest.raises(ValueError, match=rf"RNNClassifier.{method}: X\[3\] has 9.96921e\+36 "):
            getattr(model, method)(named)
    with pytest.raises(ValueError, match=r"RNNClassifier.fit: X_val\[3\] has 9.96921e\+36 "):
        model.fit(small, LABELS, X_val=[frame.to_numpy() for frame in named], y_val=LABELS)
    numbers = Seq2SeqTransformer(**COMMON).fit(small, SERIES)
    with pytest.raises(ValueError, match=r"Seq2SeqTransformer.predict: X\[3\] has 9.96921e\+36 "):
        numbers.predict([frame.to_numpy() for frame in named])


def test_outputs_that_overflow_are_explained():
    model = RNNRegressor(cell="rnn_relu", **COMMON).fit(X, SUMS)
    with torch.no_grad():
        model.module_.head.linear.weight.mul_(1000.0)
    far = [x.copy() for x in X]
    far[5][1, 0] = 3e38
    with pytest.raises(
        ValueError,
        match=r"RNNRegressor.predict: X\[5\] has 3e\+38 at time step 1, feature 0, .* standard "
        r"deviations from the mean of the training data: the network's outputs are not finite\.",
    ):
        model.predict(far)
    with torch.no_grad():
        model.module_.head.linear.weight.fill_(3e38)
    with pytest.raises(
        ValueError,
        match=r"predict: X: the network's outputs are not finite .* Lower lr \(lr=0.01\)",
    ):
        model.predict(X)


@pytest.mark.parametrize("batch_size", [8, 1000])
def test_weights_that_overflow_are_not_kept(batch_size):
    for model, y in (
        (RNNClassifier(), LABELS),
        (RNNRegressor(), SUMS),
        (RNNRegressor(return_sequences=True), STEPS),
        (Seq2SeqTransformer(), SERIES),
    ):
        model.set_params(
            hidden_size=4,
            max_epochs=3,
            batch_size=batch_size,
            lr=1e30,
            lr_schedule="constant",
            random_state=0,
        )
        with pytest.warns(ConvergenceWarning, match="stopped being finite .* the weights are "):
            model.fit(X, y)
        assert model.best_epoch_ < model.n_iter_
        for predicted in model.predict(X):
            assert np.asarray(predicted).dtype.kind != "f" or np.isfinite(predicted).all()


def test_last_epoch_is_evaluated_if_its_weights_are_large():
    # One batch per epoch: the loss of the only epoch is that of the initial weights.
    model = RNNClassifier(hidden_size=4, lr=1e30, random_state=0)
    with pytest.warns(ConvergenceWarning, match="the initial ones"):
        model.partial_fit(X[:8], LABELS[:8])
    assert np.isfinite(model.predict_proba(X)).all()


def test_score_is_finite_where_predictions_are_far_from_the_targets(rng):
    large = [1e300 * rng.normal(size=(3, 2)) for _ in range(4)]
    small = [rng.normal(size=(3, 2)).astype(np.float32) for _ in range(4)]
    params = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}
    autoencoder = Seq2SeqTransformer(**params).fit(large)
    regressor = RNNRegressor(**params).fit(small, np.arange(1, 5) * 1e150)
    for score in (autoencoder.score(small), regressor.score(small, np.float32([1, 2, 3, 4]))):
        assert np.isfinite(score)
        assert score < -1e100
