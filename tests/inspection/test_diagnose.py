"""The report on faults of models and data: each fault is found, and healthy models raise none."""

import copy
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_rnn import (
    RNNClassifier,
    RNNForecaster,
    RNNLanguageModel,
    RNNRegressor,
    RNNTranscriber,
    Seq2SeqTransformer,
)
from sk_rnn.datasets import make_memory_task
from sk_rnn.inspection import Diagnosis, diagnose
from sk_rnn.inspection._findings import Finding
from sk_rnn.modules import (
    GradientBatch,
    SequenceModel,
    SquaredError,
    Targets,
    gradient_flow,
    layer_activities,
)
from sk_rnn.preprocessing import SequenceVectorizer

SMALL = {"hidden_size": 12, "random_state": 0}
CHECKS = [
    "time axis",
    "padding",
    "features",
    "outliers",
    "scale",
    "class balance",
    "convergence",
    "generalisation",
    "targets",
    "dead units",
    "saturated gates",
    "gradient half-life",
]


def severities(model, X, y=None):
    """Severity of each check."""
    return {found.check: found.severity for found in diagnose(model, X, y).findings}


def finding(model, X, y, check):
    """The finding of one check."""
    (found,) = (found for found in diagnose(model, X, y).findings if found.check == check)
    return found


# --- healthy models -------------------------------------------------------------------------------


def waves(seed=0):
    """Two sensors that oscillate with one of two frequencies."""
    rng = np.random.default_rng(seed)
    y = np.arange(120) % 2
    angle = (1.0 + y)[:, None] * np.linspace(0, 6, 30) + rng.uniform(0, 6, (120, 1))
    X = np.stack([np.sin(angle), np.cos(angle)], axis=2)
    return X + 0.1 * rng.normal(size=X.shape), np.array(["slow", "fast"])[y]


def walks():
    rng = np.random.default_rng(0)
    return [rng.normal(size=n).cumsum() for n in rng.integers(10, 30, size=120)]


def healthy_classifier(**params):
    X, y = waves()
    return RNNClassifier(**SMALL, **params).fit(X[:80], y[:80]), X[80:], y[80:]


def healthy_regressor(**params):
    X = walks()
    y = [x.max() for x in X]
    return RNNRegressor(**SMALL, **params).fit(X[:90], y[:90]), X[90:], y[90:]


def healthy_tagger():
    X = walks()
    y = [np.where(x > 0, "above", "below") for x in X]
    model = RNNClassifier(return_sequences=True, cell="lstm", max_epochs=20, **SMALL)
    return model.fit(X[:80], y[:80]), X[80:], y[80:]


def healthy_steps():
    X = walks()
    y = [np.convolve(x, np.ones(3) / 3, "same") for x in X]
    model = RNNRegressor(return_sequences=True, max_epochs=20, **SMALL)
    return model.fit(X[:80], y[:80]), X[80:], y[80:]


def healthy_tokens():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 8, size=n) for n in rng.integers(4, 12, size=160)]
    y = [int(3 in x.tolist()) for x in X]
    model = RNNClassifier(embedding_dim=8, **SMALL)
    return model.fit(X[:120], y[:120]), X[120:], y[120:]


def healthy_memory():
    X, y = make_memory_task(400, n_timesteps=8, lag=4, random_state=0)
    return RNNClassifier(**SMALL).fit(X[:300], y[:300]), X[300:], y[300:]


HEALTHY = {
    "waves with GRU": healthy_classifier,
    "waves with LSTM": lambda: healthy_classifier(cell="lstm", pooling="last"),
    "waves with plain cell": lambda: healthy_classifier(cell="rnn_tanh", bidirectional=False),
    "waves with ReLU": lambda: healthy_classifier(cell="rnn_relu"),
    "waves with early stopping": lambda: healthy_classifier(early_stopping=True),
    "numbers": healthy_regressor,
    "numbers with plain cell": lambda: healthy_regressor(cell="rnn_tanh"),
    "labels per time step": healthy_tagger,
    "numbers per time step": healthy_steps,
    "tokens": healthy_tokens,
    "memory": healthy_memory,
}


@cache
def fitted(name):
    return HEALTHY[name]()


@pytest.mark.parametrize("name", HEALTHY)
def test_diagnose_raises_no_false_alarm(name):
    report = diagnose(*fitted(name))
    assert [found.check for found in report.findings if found.severity in ("warning", "note")] == []
    assert sorted(found.check for found in report.findings) == sorted(CHECKS)


# --- faults of the data ---------------------------------------------------------------------------


def noise(n=80, n_timesteps=20):
    X = np.random.default_rng(0).normal(size=(n, n_timesteps, 2))
    return X, (X[:, :, 0].mean(axis=1) > 0).astype(int)


def fit_noise(X, y, **params):
    params = {"max_epochs": 6, "calibrate": False, **SMALL, **params}
    return RNNClassifier(**params).fit(X, y)


def test_diagnose_finds_swapped_axes():
    X, y = waves()
    X = X.transpose(0, 2, 1)
    found = finding(fit_noise(X, y), X, y, "time axis")
    assert found.severity == "warning"
    assert "X.transpose(0, 2, 1)" in found.advice
    assert found.value > 0.9


def test_diagnose_accepts_smooth_axes_in_either_direction():
    # As in a spectrogram, neighbouring features and neighbouring steps are alike.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 30, 16)).cumsum(axis=1).cumsum(axis=2)
    y = np.arange(40) % 2
    assert severities(fit_noise(X, y), X, y)["time axis"] == "ok"


@pytest.mark.parametrize("end", ["end", "beginning"])
def test_diagnose_finds_padding(end):
    X, y = noise()
    padded = np.zeros((80, 50, 2))
    for i, x in enumerate(X):
        n = 5 + i % 15
        padded[i, slice(n) if end == "end" else slice(50 - n, 50)] = x[:n]
    found = finding(fit_noise(padded, y), padded, y, "padding")
    assert found.severity == "warning"
    assert end in found.measured
    assert "padding_value=0" in found.advice
    # As advised:
    model = fit_noise(padded, y, padding_value=0.0)
    assert severities(model, padded, y)["padding"] == "ok"


def test_diagnose_finds_padded_token_ids():
    rng = np.random.default_rng(0)
    ids = np.zeros((60, 12), dtype=int)
    for i, row in enumerate(ids):
        row[: 4 + i % 4] = rng.integers(1, 6, size=4 + i % 4)
    y = np.arange(60) % 2
    found = finding(fit_noise(ids, y, embedding_dim=3), ids, y, "padding")
    assert found.severity == "warning"


def test_diagnose_finds_useless_features():
    X, y = noise()
    X = np.concatenate([X, np.full((80, 20, 1), 3.0), 5.0 * X[:, :, :1] + 1.0], axis=2)
    columns = ["flow", "heat", "broken", "flow in other units"]
    frames = [pd.DataFrame(x, columns=columns) for x in X]
    found = finding(fit_noise(frames, y), frames, y, "features")
    assert found.severity == "note"
    assert found.measured == "1 of 4 features are constant (broken), 1 duplicate another one"


def test_diagnose_finds_outliers():
    X, y = noise()
    X[3, 4, 1] = 9999.0
    found = finding(fit_noise(X, y), X, y, "outliers")
    assert found.severity == "note"
    assert "feature 1" in found.measured
    assert found.value > 20
    assert "impute" in found.advice


def test_diagnose_finds_no_outliers_in_sparse_features():
    X, y = noise(n_timesteps=30)
    X[:, :, 1] = 0.0
    X[:6, 3, 1] = 5.0
    model = fit_noise(X, y)
    assert np.abs(X[0, 3, 1] / X[:, :, 1].std()) > 15
    assert severities(model, X, y)["outliers"] == "ok"


def test_diagnose_finds_unscaled_features_and_the_gates_that_they_saturate():
    X, y = noise()
    for cell in ("lstm", "rnn_tanh"):
        model = fit_noise(500.0 * X, y, scale_inputs=False, cell=cell)
        report = severities(model, 500.0 * X, y)
        assert report["scale"] == "warning"
        assert report["saturated gates"] in ("note", "warning")


def test_diagnose_finds_rare_classes_that_are_missed():
    X, _ = noise(120)
    means = X[:, :, 0].mean(axis=1)
    y = np.where(means > np.quantile(means, 0.95), "rare", "usual")
    found = finding(fit_noise(X, y, max_epochs=3), X, y, "class balance")
    assert found.severity == "warning"
    assert found.value == 0.05
    assert 'class_weight="balanced"' in found.advice


# --- faults of training ---------------------------------------------------------------------------


def test_diagnose_finds_shuffled_labels_in_held_out_data():
    rng = np.random.default_rng(0)
    X, y = noise(160)
    rng.shuffle(y)
    model = fit_noise(X[:80], y[:80], max_epochs=20)
    found = finding(model, X[80:], y[80:], "targets")
    assert found.severity == "warning"
    assert "a linear model does no better" in found.measured
    assert "shuffled" in found.advice
    numbers = rng.normal(size=160)
    model = RNNRegressor(max_epochs=10, **SMALL).fit(X[:80], numbers[:80])
    assert severities(model, X[80:], numbers[80:])["targets"] == "warning"


def test_diagnose_finds_shuffled_labels_that_were_memorised():
    X, y = noise(100)
    np.random.default_rng(0).shuffle(y)
    model = RNNClassifier(**SMALL).fit(X, y)
    assert model.score(X, y) > 0.9
    found = finding(model, X, y, "targets")
    assert found.severity == "warning"
    assert "memorised" in found.advice


def test_diagnose_does_not_take_a_short_training_for_shuffled_labels():
    X, y = noise(100)
    model = RNNClassifier(max_epochs=3, **SMALL).fit(X, y)
    model.temperature_ = 400.0
    assert severities(model, X, y)["targets"] == "ok"


def test_diagnose_ignores_targets_of_weight_zero():
    X, y = noise(120)
    model = fit_noise(X, y, class_weight={0: 1.0, 1: 1.0}, max_epochs=15)
    model._target._class_weight = {0: 1.0, 1: 0.0}
    seen = model._observe(X, y, "diagnose")
    assert (seen.truth == 0).all()
    assert len(seen.truth) == seen.kept.sum() == (y == 0).sum()


def test_diagnose_finds_a_network_that_learned_nothing():
    X, y = noise(120)
    found = finding(fit_noise(X, y, lr=1e-9), X, y, "targets")
    assert found.severity == "warning"
    assert "a linear model on summaries of the sequences reaches" in found.measured
    assert "lr=1e-09" in found.advice


@pytest.mark.parametrize("per_step", [False, True])
def test_diagnose_compares_the_linear_model_with_ragged_targets(per_step):
    X = walks()
    y = [np.where(x > 0, 1, 0) for x in X] if per_step else [int(x.mean() > 0) for x in X]
    model = fit_noise(X, y, max_epochs=2, return_sequences=per_step)
    with torch.no_grad():
        model.module_.head.linear.weight.zero_()
    assert "reaches a skill of 0." in finding(model, X, y, "targets").measured


def test_diagnose_finds_overfitting():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 15, 6)), np.arange(90) % 2
    model = RNNClassifier(max_epochs=40, calibrate=False, **SMALL).fit(X[:40], y[:40])
    found = finding(model, X[40:], y[40:], "generalisation")
    assert found.severity == "warning"
    assert "early_stopping=True" in found.advice
    assert severities(model, X[:40], y[:40])["generalisation"] == "ok"


def test_diagnose_finds_a_validation_score_that_has_fallen():
    X, y = noise()
    model = copy.copy(fit_noise(X, y, max_epochs=10))
    model.validation_curve_ = [0.5, 0.9, 0.8, 0.75, 0.7, 0.65, 0.65, 0.6, 0.6, 0.6]
    found = finding(model, X, y, "generalisation")
    assert found.severity == "note"
    assert "best in epoch 2 of 10" in found.measured


@pytest.mark.parametrize(
    ("curve", "severity"),
    [
        ([1.0, 0.8, 0.6, 0.5, 0.4], "note"),  # still falls
        ([1.0, 0.5, 0.3, 0.26, 0.25], "ok"),
        ([1.0, 0.1, 0.03, 0.02, 0.01], "ok"),
        ([1.0, 1.0, 1.01, 1.0, 1.0], "warning"),  # never fell
        ([1.0, 0.5, 2.0, 4.0, 8.0], "warning"),  # diverged
        ([1.0, 0.7, np.nan, np.nan, np.nan], "warning"),
        ([-1.0, -2.0, -2.5, -2.6, -2.61], "ok"),  # of densities
        ([1.0, 0.5], "warning"),  # ended early
    ],
)
def test_diagnose_reads_the_loss_curve(curve, severity):
    X, y = noise()
    model = copy.copy(fit_noise(X, y, max_epochs=5))
    model.loss_curve_ = curve
    assert severities(model, X, y)["convergence"] == severity


def test_diagnose_finds_few_epochs():
    X, y = noise()
    assert severities(fit_noise(X, y, max_epochs=2), X, y)["convergence"] == "note"
    assert severities(fit_noise(X, y, max_epochs=1), X, y)["convergence"] == "note"


# --- faults inside the network --------------------------------------------------------------------


def test_diagnose_finds_dead_units():
    X, y = noise()
    model = fit_noise(X, y, cell="rnn_relu")
    assert severities(model, X, y)["dead units"] == "ok"
    with torch.no_grad():
        for recurrence in model.module_.encoder.recurrent.recurrences(0):
            recurrence.weights.bias_ih[:8] -= 100.0
    found = finding(model, X, y, "dead units")
    assert found.severity in ("note", "warning")
    assert_allclose(found.value, 8 / 12)
    assert "cell='gru'" in found.advice


@pytest.mark.parametrize(("cell", "gate", "row"), [("gru", "update", 1), ("lstm", "input", 0)])
def test_diagnose_finds_saturated_gates(cell, gate, row):
    X, y = noise()
    model = fit_noise(X, y, cell=cell)
    assert severities(model, X, y)["saturated gates"] == "ok"
    with torch.no_grad():
        for recurrence in model.module_.encoder.recurrent.recurrences(0):
            recurrence.weights.bias_ih[12 * row : 12 * (row + 1)] += 100.0
    found = finding(model, X, y, "saturated gates")
    assert found.severity in ("note", "warning")
    assert f"{gate} 100 %" in found.measured


def test_diagnose_finds_vanishing_gradients():
    X, y = make_memory_task(120, n_timesteps=50, lag=49, random_state=0)
    params = {"cell": "rnn_tanh", "pooling": "last", "bidirectional": False, "max_epochs": 5}
    found = finding(fit_noise(X, y, **params), X, y, "gradient half-life")
    assert found.severity == "note"
    assert found.value < 5
    assert "cell='gru'" in found.advice


def test_diagnose_finds_exploding_gradients():
    X, y = make_memory_task(60, n_timesteps=30, lag=29, random_state=0)
    params = {"cell": "rnn_relu", "pooling": "last", "bidirectional": False}
    model = fit_noise(X, y, max_epochs=2, **params)
    with torch.no_grad():
        model.module_.encoder.recurrent.recurrences(0)[0].weights.weight_hh.mul_(2.0)
    found = finding(model, X, y, "gradient half-life")
    assert found.severity == "note"
    assert "explode" in found.advice


# --- other estimators, pipelines and arguments ----------------------------------------------------


def test_diagnose_skips_what_needs_targets():
    model, X, _ = fitted("waves with GRU")
    skipped = {check for check, found in severities(model, X).items() if found == "skipped"}
    assert skipped == {"class balance", "generalisation", "targets", "gradient half-life"}


def test_diagnose_of_other_estimators_runs_the_checks_that_apply():
    pairs = (["ab", "abc", "ba", "cab"] * 10, ["ba", "cba", "ab", "bac"] * 10)
    short = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    for model, X, y in (
        (Seq2SeqTransformer(**short).fit(*pairs), *pairs),
        (Seq2SeqTransformer(**short).fit(pairs[0]), pairs[0], None),
        (RNNLanguageModel(**short).fit(pairs[0]), pairs[0], None),
    ):
        report = severities(model, X, y)
        assert report["convergence"] == "note"
        assert report["saturated gates"] == "ok"
        assert report["gradient half-life"] == "ok"
        assert report["generalisation"] != "skipped"
        assert report["targets"] == report["class balance"] == "skipped"
    X = [np.random.default_rng(0).normal(size=(12, 2)) for _ in range(12)]
    y = ["ab", "ba", "a"] * 4
    transcriber = RNNTranscriber(hidden_size=4, max_epochs=2, random_state=0).fit(X, y)
    report = severities(transcriber, X, y)
    assert report["convergence"] == "note"
    assert report["targets"] == report["class balance"] == "skipped"
    assert report["gradient half-life"] != "skipped"
    series = np.sin(np.arange(90.0) / 3)
    forecaster = RNNForecaster(horizon=2, hidden_size=4, n_networks=1, max_steps=100)
    report = severities(forecaster.fit(series), None)
    assert report["convergence"] != "skipped"
    assert sorted(report) == sorted(CHECKS)


def test_diagnose_accepts_multilabel_and_several_outputs():
    X, y = noise()
    indicator = np.column_stack([y, 1 - y, X[:, :, 1].mean(axis=1) > 0]).astype(int)
    report = severities(fit_noise(X, indicator, max_epochs=10), X, indicator)
    assert report["class balance"] == "skipped"
    assert report["targets"] == "ok"
    numbers = X.mean(axis=1)
    model = RNNRegressor(max_epochs=10, loss="gaussian", **SMALL).fit(X, numbers)
    assert severities(model, X, numbers)["targets"] == "ok"


def test_diagnose_accepts_pipelines_and_searches():
    X, y = noise()
    model = make_pipeline(FunctionTransformer(lambda X: 2.0 * X), RNNClassifier(**SMALL))
    model.set_params(rnnclassifier__max_epochs=4).fit(X, y)
    text = str(diagnose(model, X, y))
    assert text.startswith("RNNClassifier: ")
    assert text == str(diagnose(model[-1], 2.0 * X, y))
    search = GridSearchCV(model, {"rnnclassifier__max_epochs": [2]}, cv=2).fit(X, y)
    assert str(diagnose(search, X, y)) == str(diagnose(search.best_estimator_, X, y))
    words = make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=3, **SMALL))
    texts = ["good film", "bad film"] * 10
    assert "time axis" in str(diagnose(words.fit(texts, [1, 0] * 10), texts, [1, 0] * 10))


def test_diagnose_accepts_custom_cells():
    class Mean(torch.nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            self.linear = torch.nn.Linear(input_size, hidden_size)

        def forward(self, x):
            return torch.tanh(self.linear(x))

    X, y = noise()
    report = severities(fit_noise(X, y, cell=Mean), X, y)
    assert report["saturated gates"] == report["gradient half-life"] == "skipped"
    assert report["dead units"] == "ok"


def test_diagnose_does_not_change_the_estimator():
    model, X, y = fitted("waves with LSTM")
    before = {name: value.clone() for name, value in model.module_.state_dict().items()}
    names, proba = set(vars(model)), model.predict_proba(X)
    first = diagnose(model, X, y)
    assert str(diagnose(model, X, y)) == str(first)
    assert set(vars(model)) == names
    assert all(
        torch.equal(value, before[name]) for name, value in model.module_.state_dict().items()
    )
    assert (model.predict_proba(X) == proba).all()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda X, y: diagnose(LogisticRegression(), X, y),
            TypeError,
            "diagnose: a LogisticRegression is not supported. Pass a fitted estimator of sk_rnn, "
            "or a pipeline that ends with one.",
        ),
        (
            lambda X, y: diagnose(fitted("waves with GRU")[0], X[:, :, :1], y),
            ValueError,
            "diagnose: X has 1 feature per time step, but the model was fitted with 2. Pass "
            "sequences of shape (n_timesteps, 2).",
        ),
    ],
)
def test_diagnose_messages(call, kind, message):
    X, y = waves()
    with pytest.raises(kind) as error:
        call(X, y)
    assert str(error.value).startswith(message)


def test_diagnose_requires_a_fitted_estimator():
    with pytest.raises(NotFittedError):
        diagnose(RNNClassifier(), *waves())


def test_diagnosis_sorts_and_counts_its_findings():
    found = [
        Finding("a", "ok", "fine", 0.1),
        Finding("b", "warning", "bad " * 40, 2.0, "Do this."),
        Finding("c", "skipped", "no y"),
    ]
    report = Diagnosis("RNNClassifier", found)
    assert str(report).startswith("RNNClassifier: 1 warning, 0 notes, 1 ok, 1 skipped\n")
    assert repr(report) == str(report)
    assert max(map(len, str(report).splitlines())) <= 100
    table = report.to_frame()
    assert table["check"].tolist() == ["b", "a", "c"]
    assert table.columns.tolist() == ["check", "severity", "measured", "value", "advice"]
    assert np.isnan(table["value"].iloc[-1])


# --- what the checks rest on ----------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["rnn_tanh", "gru", "lstm"])
def test_gradient_flow_equals_finite_differences(cell):
    generator = torch.Generator().manual_seed(0)
    model = SequenceModel(
        n_features=2,
        n_outputs=1,
        cell=cell,
        hidden_size=3,
        pooling="concat",
        generator=generator,
    ).double()
    x = torch.randn(6, 2, 2, generator=generator, dtype=torch.float64)
    y = torch.randn(2, 1, generator=generator, dtype=torch.float64)
    inputs = {"x": x, "lengths": torch.tensor([6, 4])}
    flow = gradient_flow(model, SquaredError(), [GradientBatch(inputs, Targets(y))])
    step, recurrence = model.encoder.recurrent.cell.step, model.encoder.recurrent.recurrences(0)[0]
    weight_ih, weight_hh, bias_ih, bias_hh = recurrence.weights

    def loss(row, length, changed=None, part=0, unit=0, by=0.0):
        state = tuple(torch.zeros(1, 3).double() for _ in range(1 + (cell == "lstm")))
        states = []
        for t in range(length):
            recurrent = state[0] @ weight_hh.T + bias_hh
            state = step(x[t, row][None] @ weight_ih.T + bias_ih, recurrent, state)
            if t == changed:
                state = tuple(s.clone() for s in state)
                state[part][0, unit] += by
            states.append(state[0])
        history = torch.stack(states)
        pooled = torch.cat([history.mean(0), history.amax(0), history[-1]], dim=1)
        return float((model.eval().head(pooled) - y[row]).square())

    expected = np.zeros((2, 6))
    with torch.no_grad():
        for row, length in enumerate([6, 4]):
            for t in range(length):
                total = sum(
                    ((loss(row, length, t, p, u, 1e-6) - loss(row, length, t, p, u, -1e-6)) / 2e-6)
                    ** 2
                    for p in range(1 + (cell == "lstm"))
                    for u in range(3)
                )
                expected[row, length - 1 - t] = np.sqrt(total)
    counts = np.array([2, 2, 2, 2, 1, 1])
    assert_allclose(flow.norms[1, "forward"], expected.sum(axis=0) / counts, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_layer_activities_equal_a_loop_over_the_steps(cell):
    generator = torch.Generator().manual_seed(0)
    model = SequenceModel(
        n_features=2, n_outputs=1, cell=cell, hidden_size=3, generator=generator
    ).double()
    x = 4.0 * torch.randn(7, 2, 2, generator=generator, dtype=torch.float64)
    (found,) = layer_activities(model, [{"x": x, "lengths": torch.tensor([7, 5])}])
    weight_ih, weight_hh, bias_ih, bias_hh = (
        w.detach().numpy() for w in model.encoder.recurrent.recurrences(0)[0].weights
    )
    states, gates = [], []
    for row, length in enumerate([7, 5]):
        h, c = np.zeros(3), np.zeros(3)
        for t in range(length):
            a, b = weight_ih @ x[t, row].numpy() + bias_ih, weight_hh @ h + bias_hh
            if cell == "gru":
                reset, update = 1 / (1 + np.exp(-(a + b)[:6].reshape(2, 3)))
                new = np.tanh(a[6:] + reset * b[6:])
                h = (1 - update) * new + update * h
                gates.append({"reset": reset, "update": update})
            else:
                i, f, _, o = 1 / (1 + np.exp(-(a + b).reshape(4, 3)))
                c = f * c + i * np.tanh((a + b)[6:9])
                h = o * np.tanh(c)
                gates.append({"input": i, "forget": f, "output": o})
            states.append(h)
    assert found.n_steps == 12
    assert_allclose(found.deviation, np.std(states, axis=0))
    for name, shares in found.saturation.items():
        values = np.array([step[name] for step in gates])
        assert_allclose(shares, [(values < 0.05).mean(axis=0), (values > 0.95).mean(axis=0)])
