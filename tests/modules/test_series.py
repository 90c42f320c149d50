"""Time warping and differences."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.modules import SequenceModel, ValidSteps, set_generator
from sk_rnn.modules._series import Differences, TimeWarping
from sk_rnn.sequences import Panel, Spans, difference_sizes, standardisation_of
from sk_rnn.training import learn_smoothness

LENGTHS = torch.tensor([11, 6, 2, 1])


def ramps(lengths=LENGTHS, n_features=1):
    """Rows that count their steps, with padding of 99."""
    x = torch.full((int(lengths.max()), len(lengths), n_features), 99.0)
    for row, length in enumerate(lengths.tolist()):
        x[:length, row] = torch.arange(length, dtype=torch.float32)[:, None]
    return x


def warped(x, std, lengths=LENGTHS, seed=0):
    warping = TimeWarping(std)
    warping.generator = torch.Generator().manual_seed(seed)
    return warping(x, ValidSteps(lengths, x.device))


def reference(row, durations):
    """Durations of the four parts to the warped row, by interpolation in NumPy."""
    last = len(row) - 1
    bounds = np.concatenate([[0.0], np.cumsum(durations) / np.sum(durations)]) * last
    where = np.interp(np.arange(len(row)), np.linspace(0, last, 5), bounds)
    return np.interp(where, np.arange(len(row)), row)


def test_warping_interpolates_at_warped_times():
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(13, 3, 1))).double()
    lengths = torch.tensor([13, 13, 9])
    found = warped(x, 0.4, lengths)
    draws = torch.empty(4, 3).double().normal_(generator=torch.Generator().manual_seed(0))
    for i, length in enumerate(lengths.tolist()):
        durations = np.exp(0.4 * draws[:, i].numpy())
        expected = reference(x[:length, i, 0].numpy(), durations)
        assert_allclose(found[:length, i, 0].numpy(), expected, atol=1e-12)


def test_warping_keeps_ends_and_order():
    x = ramps()
    for seed in range(20):
        found = warped(x, 1.0, seed=seed)
        for i, length in enumerate(LENGTHS.tolist()):
            row = found[:length, i, 0].numpy()
            assert row[0] == 0.0
            assert row[-1] == pytest.approx(length - 1)
            assert (np.diff(row) >= 0).all()


def test_warping_moves_all_features_alike():
    found = warped(ramps(n_features=3), 0.5)
    assert_array_equal(found[:, 0, 0], found[:, 0, 2])


def test_padding_does_not_reach_a_warped_row():
    x = ramps()
    other = torch.where(x == 99.0, -5.0, x)
    first, second = warped(x, 0.5), warped(other, 0.5)
    for i, length in enumerate(LENGTHS.tolist()):
        assert_array_equal(first[:length, i], second[:length, i])


def test_warping_is_off_in_evaluation_and_without_strength():
    x = ramps()
    warping = TimeWarping(0.5).eval()
    assert warping(x, ValidSteps(LENGTHS, x.device)) is x
    assert warped(x, 0.0) is x


def test_differences_are_appended():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 2, 3)).astype(np.float32))
    scale = np.array([0.5, 2.0, 0.0])
    found = Differences(3, scale)(x).numpy()
    assert_array_equal(found[:, :, :3], x.numpy())
    assert_array_equal(found[0, :, 3:], 0.0)
    assert_allclose(found[1:, :, 3:], np.diff(x.numpy(), axis=0) * scale, rtol=1e-6)


def test_differences_have_half_a_standard_deviation():
    rng = np.random.default_rng(0)
    rows = [rng.normal(5.0, [1.0, 100.0], (n, 2)) for n in (1, 2, 4, 9, 30)]
    spans, chosen = Spans.of(Panel.from_sequences(rows)), np.array([0, 1, 2, 2, 4])
    scaling = standardisation_of(spans, chosen)
    sizes = []
    for order in (1, 2):
        steps = np.concatenate([np.diff(rows[i], order, axis=0) for i in chosen]) / scaling.std
        sizes.append(np.sqrt((steps**2).mean(axis=0)))
    assert_allclose(difference_sizes(spans, chosen, scaling), sizes)
    smoothness = learn_smoothness(spans, chosen, scaling)
    assert_allclose(smoothness.difference_scale, 0.5 / sizes[0])
    expected = np.mean(1 - 0.5 * (sizes[1] / sizes[0]) ** 2)
    assert smoothness.of_differences == pytest.approx(expected)


def smoothness_of(rows):
    spans, chosen = Spans.of(Panel.from_sequences(list(rows))), np.arange(len(rows))
    return learn_smoothness(spans, chosen, standardisation_of(spans, chosen))


def test_smoothness_is_that_of_known_processes():
    noise = np.random.default_rng(0).normal(size=(40, 500))
    assert smoothness_of(noise).of_differences == pytest.approx(-0.5, abs=0.02)
    assert smoothness_of(noise).of_values == pytest.approx(0.0, abs=0.02)
    walks = smoothness_of(noise.cumsum(axis=1))
    assert walks.of_differences == pytest.approx(0.0, abs=0.02)
    assert walks.of_values > 0.9
    sines = np.sin(0.05 * np.arange(500) + noise[:, :1])
    assert smoothness_of(sines).of_differences > 0.99
    assert smoothness_of(sines).of_values == pytest.approx(np.cos(0.1), abs=0.01)
    fast = smoothness_of(np.sin(0.5 * np.pi * np.arange(500) + noise[:, :1]))
    assert fast.of_values == pytest.approx(-1.0, abs=0.01)  # two steps are half a period


@pytest.mark.parametrize(
    "rows",
    [[[1.0], [2.0]], [[3.0, 3.0], [3.0, 3.0]], [[0.1, 0.1 + 1e-17], [0.1, 0.1]]],
    ids=["single steps", "constant", "rounding"],
)
def test_without_differences_their_scale_is_zero(rows):
    spans = Spans.of(Panel.from_sequences(rows))
    chosen = np.arange(2)
    smoothness = learn_smoothness(spans, chosen, standardisation_of(spans, chosen))
    assert_array_equal(smoothness.difference_scale, [0.0])
    assert np.isnan(smoothness.of_differences)
    assert np.isnan(smoothness.of_values)


def test_differences_are_added_to_smooth_series_only():
    noise, y = np.random.default_rng(0).normal(size=(20, 40)), np.arange(20) % 2
    smooth = np.sin(0.1 * np.arange(40) + noise[:, :1])
    for rows, added in ((noise, False), (noise.cumsum(axis=1), False), (smooth, True)):
        model = RNNClassifier(hidden_size=2, max_epochs=1).fit(rows, y)
        assert (model.module_.differences is not None) == added


def patch_size(rows, **params):
    y = np.arange(len(rows)) % 2
    model = RNNClassifier(hidden_size=2, max_epochs=1, calibrate=False, **params).fit(rows, y)
    patches = model.module_.encoder.patches
    return 1 if patches is None else patches.stride


def test_long_and_smooth_series_are_read_in_patches():
    noise = np.random.default_rng(0).normal(size=(100, 200))
    walks = noise.cumsum(axis=1)
    assert patch_size(walks) == 2
    assert patch_size(walks[1:]) == 1
    assert patch_size(walks[:, 1:]) == 1
    assert patch_size(noise) == 1
    assert patch_size(np.ones((100, 200))) == 1
    assert patch_size(walks, scale_inputs=False, differences=False) == 2
    # A stream needs each step, and a convolution has its stride.
    assert patch_size(walks, bidirectional=False) == 1
    assert patch_size(walks, conv_channels=2) == 1
    assert patch_size(walks, patch_size=1) == 1
    assert patch_size(noise[:, :10], patch_size=3) == 3


def test_differences_and_warping_in_a_model():
    model = SequenceModel(
        cell="gru", n_features=2, hidden_size=3, n_outputs=1, differences=True,
        difference_scale=np.array([0.5, 0.5]), time_warping=0.3,
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    set_generator(model, torch.Generator().manual_seed(1))
    x = torch.randn(7, 8, 2)
    lengths = torch.full((8,), 7)
    first, second = model(x, lengths), model(x, lengths)
    assert not torch.equal(first, second)
    model.eval()
    assert torch.equal(model(x, lengths), model(x, lengths))
    assert model.encoder.recurrent.input_size == 4


def test_a_change_of_unit_does_not_change_the_fit():
    X = np.random.default_rng(0).normal(size=(24, 9, 2))
    y = np.arange(24) % 2
    params = {
        "hidden_size": 4,
        "max_epochs": 3,
        "random_state": 0,
        "precision": "float64",
        "differences": True,
    }
    model = RNNClassifier(**params).fit(X, y)
    scaled = RNNClassifier(**params).fit(1e6 * X + 1e3, y)
    assert_allclose(
        model.predict_proba(X), scaled.predict_proba(1e6 * X + 1e3), rtol=1e-6, atol=1e-8
    )


def test_slopes_are_learned_faster_with_differences():
    """The mean absolute slope of noise around a large random level."""
    rng = np.random.default_rng(0)
    y = rng.uniform(0.5, 2.0, 200)
    X = 30.0 * rng.normal(size=(200, 1)) + y[:, None] * rng.normal(size=(200, 20))
    scores = {}
    for differences in (False, True):
        model = RNNRegressor(
            hidden_size=16, max_epochs=40, random_state=0, differences=differences
        ).fit(X[:150], y[:150])
        scores[differences] = model.score(X[150:], y[150:])
    assert scores[True] > 0.6 > scores[False]


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"embedding_dim": 2, "differences": True}, r"differences=True is not supported for token"),
        ({"embedding_dim": 2, "time_warping": 0.1}, r"time_warping=0\.1 is not supported for"),
        (
            {"return_sequences": True, "time_warping": 0.1},
            r"time_warping=0\.1 would move time steps",
        ),
    ],
)
@pytest.mark.parametrize("estimator", [RNNClassifier, RNNRegressor])
def test_combinations_that_cannot_work_are_refused(estimator, params, match):
    with pytest.raises(ValueError, match=rf"{estimator.__name__}.fit: {match}"):
        estimator(**params).fit([[0, 1], [1, 0]], [0, 1])


def test_tokens_are_neither_warped_nor_differenced():
    model = RNNClassifier(embedding_dim=2, max_epochs=1).fit([[0, 1], [1, 0]], [0, 1])
    assert model.module_.differences is None
    assert model.module_.time_warping.std == 0.0
