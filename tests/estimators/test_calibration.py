"""Temperatures and factors of deviations learned on held-out data, and smoothed labels."""

import itertools
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_expit, log_softmax
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.estimators._calibration import (
    HeldOut,
    calibration_folds,
    learn_std_factors,
    learn_temperature,
)
from sk_rnn.modules import BinaryCrossEntropy, CrossEntropy, LinearChain, Targets

_rng = np.random.default_rng(0)
NOISE = _rng.normal(size=(60, 12)).astype(np.float32)
LABELS = np.array(["no", "yes"])[np.arange(60) % 2]
SMALL = {"hidden_size": 8, "max_epochs": 40, "random_state": 0}


def held_out(outputs, targets, weights=None):
    weights = np.ones(len(outputs)) if weights is None else weights
    return HeldOut(np.asarray(outputs, np.float64), np.asarray(targets), weights, len(outputs))


def confident(temperature, n_classes=3, n=6000):
    """Outputs that are ``temperature`` times those from which the targets are drawn."""
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(n, n_classes))
    targets = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return temperature * logits, targets


@pytest.mark.parametrize("temperature", [0.5, 1.0, 7.0])
def test_temperature_is_found(temperature):
    outputs, targets = confident(temperature)
    assert learn_temperature([held_out(outputs, targets)]) == pytest.approx(temperature, rel=0.1)


def test_temperature_of_a_chain_is_found():
    """Labels are drawn from a chain whose scores are a quarter of those to be calibrated."""
    rng = np.random.default_rng(1)
    n, n_steps, k = 1500, 4, 2
    emissions, transitions = rng.normal(size=(n, n_steps, k)), np.array([[2.0, -1.0], [0.0, 1.0]])
    paths = np.array(list(itertools.product(range(k), repeat=n_steps)))
    scores = emissions[:, np.arange(n_steps), paths].sum(2)  # (n, n_paths)
    scores += transitions[paths[:, :-1], paths[:, 1:]].sum(1)
    drawn = paths[(scores + rng.gumbel(size=scores.shape)).argmax(1)]
    chain = LinearChain(k)
    with torch.no_grad():
        chain.transitions.copy_(torch.from_numpy(4.0 * transitions))
    flat = 4.0 * emissions.reshape(-1, k)
    weights, lengths = np.ones(n * n_steps), np.full(n, n_steps)
    part = HeldOut(flat, drawn.ravel(), weights, n, lengths, chain)
    assert learn_temperature([part]) == pytest.approx(4.0, rel=0.1)
    assert float(chain.transitions[0, 0].detach()) == 8.0  # it is not changed


def test_temperature_of_labels_is_found():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(6000, 2))
    targets = (logits + rng.logistic(size=logits.shape) > 0).astype(float)
    assert learn_temperature([held_out(4.0 * logits, targets)]) == pytest.approx(4.0, rel=0.1)


def test_parts_of_the_held_out_data_are_joined():
    outputs, targets = confident(3.0)
    parts = [held_out(outputs[:200], targets[:200]), held_out(outputs[200:], targets[200:])]
    whole = learn_temperature([held_out(outputs, targets)])
    assert learn_temperature(parts) == pytest.approx(whole)


def test_integer_weights_are_copies():
    outputs, targets = confident(3.0, n=300)
    weights = np.arange(300) % 3
    weighted = HeldOut(outputs, targets, weights.astype(float), 300)
    copies = HeldOut(
        np.repeat(outputs, weights, axis=0), np.repeat(targets, weights), np.ones(300), 300
    )
    assert learn_temperature([weighted]) == pytest.approx(learn_temperature([copies]))


def test_without_held_out_data_there_is_no_temperature():
    assert learn_temperature([]) is None
    assert learn_temperature([held_out(np.zeros((0, 2)), np.zeros(0, int))]) is None


def test_a_few_right_predictions_are_not_certainty():
    outputs = np.array([[9.0, -9.0], [-9.0, 9.0]] * 4)
    temperature = learn_temperature([held_out(outputs, [0, 1] * 4)])
    right = 1.0 / (1.0 + np.exp(-18.0 / temperature))
    assert 0.9 < right < 0.97  # the smoothed target is 1 - 0.5 / 10


@pytest.mark.parametrize("n", [7, 40, 200])
@pytest.mark.parametrize("grouped", [False, True])
def test_folds_hold_out_whole_units(n, grouped):
    rows = np.repeat(np.arange(n), np.arange(n) % 3)
    units = np.arange(n) // 2
    groups = np.arange(n) // 3 if grouped else None
    folds = list(calibration_folds(rows, units, None, groups, np.random.RandomState(0)))
    held = np.concatenate([held_out for _, held_out in folds])
    assert len(np.unique(held)) <= n
    assert len(held) >= min(50, len(rows))
    for train, held_out in folds:
        assert_array_equal(np.sort(np.concatenate([train, held_out])), rows)
        separate = groups if grouped else units
        assert not set(separate[train]) & set(separate[held_out])


def test_folds_are_stratified_and_the_same_for_any_numbering():
    n = 90
    labels = np.repeat([0, 1], [60, 30])
    rows = np.random.RandomState(3).permutation(n)
    units = np.arange(n)
    first = list(calibration_folds(rows, units, labels, None, np.random.RandomState(0)))
    for _, held_out in first:
        assert_array_equal(np.bincount(labels[held_out]), [20, 10])
    renumbered = list(calibration_folds(rows, units[::-1], labels, None, np.random.RandomState(0)))
    for one, other in zip(first, renumbered, strict=True):
        assert_array_equal(one[1], other[1])


def test_a_single_group_cannot_be_held_out():
    rows = np.arange(9)
    folds = calibration_folds(rows, rows, None, np.zeros(9, int), np.random.RandomState(0))
    assert list(folds) == []


def test_noise_gets_the_log_loss_of_the_base_rate():
    fresh = np.random.default_rng(5).normal(size=(400, 12)).astype(np.float32)
    y = LABELS[np.arange(400) % 2]
    sure = RNNClassifier(**SMALL, calibrate=False).fit(NOISE, LABELS)
    calibrated = RNNClassifier(**SMALL).fit(NOISE, LABELS)
    assert log_loss(y, sure.predict_proba(fresh)) > 0.85
    assert log_loss(y, calibrated.predict_proba(fresh)) < 0.72
    assert calibrated.temperature_ > 3.0
    assert sure.temperature_ == 1.0


def test_calibration_divides_the_outputs_and_keeps_the_labels():
    sure = RNNClassifier(**SMALL, calibrate=False).fit(NOISE, LABELS)
    calibrated = RNNClassifier(**SMALL, calibrate=True).fit(NOISE, LABELS)
    assert_allclose(
        calibrated.decision_function(NOISE) * calibrated.temperature_,
        sure.decision_function(NOISE),
        rtol=1e-4,
        atol=1e-5,
    )
    assert_array_equal(calibrated.predict(NOISE), sure.predict(NOISE))
    assert calibrated.loss_curve_ == sure.loss_curve_
    restored = pickle.loads(pickle.dumps(calibrated))
    assert_array_equal(restored.predict_proba(NOISE), calibrated.predict_proba(NOISE))
    assert restored.temperature_ == calibrated.temperature_


def test_validation_data_are_used_if_there_are_any():
    valid = {"X_val": NOISE[40:], "y_val": LABELS[40:]}
    fitted = RNNClassifier(**SMALL).fit(NOISE[:40], LABELS[:40], **valid)
    plain = RNNClassifier(**SMALL, calibrate=False).fit(NOISE[:40], LABELS[:40], **valid)
    outputs = np.column_stack([np.zeros(20), plain.decision_function(NOISE[40:])])
    expected = learn_temperature([held_out(outputs, (LABELS[40:] == "yes").astype(int))])
    assert fitted.temperature_ == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(np.column_stack([np.arange(60) % 2, np.arange(60) % 3 == 0]), id="labels"),
        pytest.param(np.where(NOISE > 0, "up", "down"), id="steps"),
        pytest.param(np.repeat(["a", "b", "c"], [1, 29, 30]), id="a rare class"),
    ],
)
def test_other_targets_are_calibrated(y):
    per_step = y.ndim == 2 and y.dtype.kind == "U"
    params = {**SMALL, "max_epochs": 3, "return_sequences": per_step}
    model = RNNClassifier(**params, calibrate=True).fit(NOISE, list(y) if per_step else y)
    assert 0 < model.temperature_ != 1.0


def test_calibration_depends_on_the_random_state_only():
    first, second = (RNNClassifier(**SMALL).fit(NOISE, LABELS) for _ in range(2))
    shuffled = np.random.RandomState(1).permutation(60)
    third = RNNClassifier(**SMALL).fit(NOISE[shuffled], LABELS[shuffled])
    assert first.temperature_ == second.temperature_ == third.temperature_


def test_groups_are_held_out_together():
    rows = np.repeat(NOISE[:12], 5, axis=0)
    y, groups = np.repeat(LABELS[:12], 5), np.repeat(np.arange(12), 5)
    rows = rows + 0.01 * np.random.default_rng(0).normal(size=rows.shape)
    leaking = RNNClassifier(**SMALL).fit(rows, y)
    apart = RNNClassifier(**SMALL).fit(rows, y, groups=groups)
    assert apart.temperature_ > 1.1 * leaking.temperature_


def test_training_goes_on_from_calibrated_weights():
    model = RNNClassifier(**SMALL, warm_start=True).fit(NOISE, LABELS)
    temperature = model.temperature_
    model.fit(NOISE, LABELS)
    assert model.temperature_ == temperature
    assert model.n_iter_ == 80


def test_large_data_are_not_calibrated_by_default():
    X = np.random.default_rng(0).normal(size=(2001, 2)).astype(np.float32)
    model = RNNClassifier(hidden_size=2, max_epochs=1, random_state=0)
    assert model.fit(X, np.arange(2001) % 2).temperature_ == 1.0
    assert model.set_params(calibrate=True).fit(X, np.arange(2001) % 2).temperature_ != 1.0


def test_partial_fit_does_not_calibrate():
    model = RNNClassifier(**SMALL).partial_fit(NOISE, LABELS)
    assert model.temperature_ == 1.0


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_smoothed_losses_equal_their_definition(smoothing):
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(size=(9, 4)), rng.integers(0, 4, 9)
    share = np.full((9, 4), smoothing / 4)
    share[np.arange(9), labels] += 1.0 - smoothing
    expected = -(share * log_softmax(outputs, axis=1)).sum(axis=1).mean()
    found = CrossEntropy(smoothing)(torch.tensor(outputs), Targets(torch.tensor(labels)))
    assert float(found) == pytest.approx(expected)
    indicators = rng.integers(0, 2, (9, 4)).astype(float)
    share = indicators * (1 - smoothing) + 0.5 * smoothing
    expected = -(share * log_expit(outputs) + (1 - share) * log_expit(-outputs)).mean()
    found = BinaryCrossEntropy(smoothing)(torch.tensor(outputs), Targets(torch.tensor(indicators)))
    assert float(found) == pytest.approx(expected)


def interrupting(self, training, held_out, initial, interrupted):
    raise KeyboardInterrupt


def test_an_interruption_keeps_the_trained_network(monkeypatch):
    monkeypatch.setattr(RNNClassifier, "_held_out_outputs", interrupting)
    model = RNNClassifier(**SMALL)
    with pytest.warns(
        ConvergenceWarning, match=r"fit: interrupted during calibration; the network"
    ):
        model.fit(NOISE, LABELS)
    sure = RNNClassifier(**SMALL, calibrate=False).fit(NOISE, LABELS)
    assert_array_equal(model.decision_function(NOISE), sure.decision_function(NOISE))
    assert model.temperature_ == 1.0


def test_an_interruption_ends_a_search(monkeypatch):
    monkeypatch.setattr(RNNClassifier, "_held_out_outputs", interrupting)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(RNNClassifier(**SMALL), NOISE, LABELS, cv=2)


# --- deviations of numbers ------------------------------------------------------------------------

GAUSSIAN = {**SMALL, "loss": "gaussian"}
SUMS = NOISE.sum(axis=1)


def errors_in_deviations(size, n, n_targets=1):
    """Outputs and targets whose errors are ``size`` times the predicted standard deviations."""
    rng = np.random.default_rng(0)
    means, log_variances = rng.normal(size=(2, n, n_targets))
    targets = means + size * np.exp(0.5 * log_variances) * rng.normal(size=means.shape)
    raw = 8.0 * np.arctanh(log_variances / 8.0)  # the network's outputs are bounded by tanh
    return np.concatenate([means, raw], axis=1), targets


@pytest.mark.parametrize("factor", [0.2, 1.0, 4.0])
def test_factor_is_found(factor):
    found = learn_std_factors([held_out(*errors_in_deviations(factor, 6000))])
    assert_allclose(found, [factor], rtol=0.05)


def test_each_target_has_a_factor():
    outputs, targets = errors_in_deviations(np.array([0.5, 3.0]), 6000, n_targets=2)
    parts = [held_out(outputs[:50], targets[:50]), held_out(outputs[50:], targets[50:])]
    found = learn_std_factors(parts)
    assert_allclose(found, [0.5, 3.0], rtol=0.05)
    assert_allclose(found, learn_std_factors([held_out(outputs, targets)]), rtol=1e-12)


def test_factor_has_the_highest_likelihood():
    outputs, targets = errors_in_deviations(1.7, 5000)
    found = learn_std_factors([held_out(outputs, targets)])[0]
    means, deviations = outputs[:, 0], np.exp(4.0 * np.tanh(outputs[:, 1] / 8.0))

    def likelihood(factor):
        return norm.logpdf(targets[:, 0], means, factor * deviations).mean()

    assert likelihood(found) > max(likelihood(0.98 * found), likelihood(1.02 * found))


def test_factors_of_a_few_samples_are_cautious():
    outputs, targets = errors_in_deviations(0.0, 6)
    assert_allclose(learn_std_factors([held_out(outputs, targets)]), [0.5])  # sqrt(2 / (6 + 2))
    assert learn_std_factors([]) is None
    assert learn_std_factors([held_out(outputs, targets, np.zeros(6))]) is None


def test_deviations_cover_new_data():
    """Dropout and batch norm are noise while training, which the deviations contain."""
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(600, 20)).cumsum(axis=1)
    highest = walks.max(axis=1)
    params = {"loss": "gaussian", "hidden_size": 16, "max_epochs": 30}
    covered = []  # by 80 % intervals, with and without the factor
    for seed in range(3):  # a single factor is learned from 67 rows
        model = RNNRegressor(**params, random_state=seed).fit(walks[:200], highest[:200])
        mean, std = model.predict(walks[200:], return_std=True)
        widths = 1.28 * std, 1.28 * std / model.std_factor_
        covered.append([(np.abs(highest[200:] - mean) < width).mean() for width in widths])
    after, before = np.mean(covered, axis=0)
    assert 0.7 < after < 0.93
    assert before > 0.97


def test_calibration_multiplies_deviations_and_keeps_means():
    plain = RNNRegressor(**GAUSSIAN, calibrate=False).fit(NOISE, SUMS)
    model = RNNRegressor(**GAUSSIAN).fit(NOISE, SUMS)
    mean, std = plain.predict(NOISE, return_std=True)
    found = model.predict(NOISE, return_std=True)
    assert_array_equal(found[0], mean)
    assert_allclose(found[1], model.std_factor_ * std)
    assert plain.std_factor_ == 1.0 != model.std_factor_
    assert type(model.std_factor_) is float
    restored = pickle.loads(pickle.dumps(model))
    assert_array_equal(restored.predict(NOISE, return_std=True)[1], found[1])
    assert restored.std_factor_ == model.std_factor_


def test_factors_are_learned_on_validation_data():
    valid = {"X_val": NOISE[40:], "y_val": SUMS[40:]}
    model = RNNRegressor(**GAUSSIAN).fit(NOISE[:40], SUMS[:40], **valid)
    mean, std = model.predict(NOISE[40:], return_std=True)
    errors = (SUMS[40:] - mean) / (std / model.std_factor_)
    assert model.std_factor_ == pytest.approx(np.sqrt((np.sum(errors**2) + 2) / 22), rel=1e-3)


@pytest.mark.parametrize("y", [np.column_stack([SUMS, 100.0 * NOISE[:, 0]]), NOISE])
def test_factors_of_several_outputs(y):
    per_step = y is NOISE
    model = RNNRegressor(**{**GAUSSIAN, "max_epochs": 3}, return_sequences=per_step)
    model.fit(NOISE, list(y) if per_step else y)
    assert np.shape(model.std_factor_) == (() if per_step else (2,))
    assert (np.asarray(model.std_factor_) != 1.0).all()
    std = model.predict(NOISE, return_std=True)[1]
    uncalibrated = model.set_params(calibrate=False).fit(NOISE, list(y) if per_step else y)
    expected = uncalibrated.predict(NOISE, return_std=True)[1]
    assert not np.allclose(np.stack(std), np.stack(expected))


def test_factors_remain_while_training_goes_on():
    model = RNNRegressor(**GAUSSIAN, warm_start=True).fit(NOISE, SUMS)
    factor = model.std_factor_
    assert model.fit(NOISE, SUMS).std_factor_ == factor
    assert model.partial_fit(NOISE, SUMS).std_factor_ == factor
    assert RNNRegressor(**GAUSSIAN).partial_fit(NOISE, SUMS).std_factor_ == 1.0


def test_other_losses_have_no_factor():
    model = RNNRegressor(**SMALL).fit(NOISE, SUMS)
    assert not hasattr(model, "std_factor_")
    assert not hasattr(RNNRegressor(loss="gaussian"), "std_factor_")


def test_an_interruption_keeps_the_trained_regressor(monkeypatch):
    monkeypatch.setattr(RNNRegressor, "_held_out_outputs", interrupting)
    with pytest.warns(ConvergenceWarning, match="its standard deviations are not calibrated"):
        model = RNNRegressor(**GAUSSIAN).fit(NOISE, SUMS)
    assert model.std_factor_ == 1.0
