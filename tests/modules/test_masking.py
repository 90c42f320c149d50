"""Masks of time steps and features while training."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sk_rnn.modules import InputMasking, SequenceModel, ValidSteps, set_generator

LENGTHS = torch.tensor([40, 23, 9, 4, 1])
N_FEATURES = 10


def make_batch(lengths=LENGTHS, n_features=N_FEATURES):
    """Rows of numbers that are not zero, with padding of 99."""
    x = torch.rand(int(lengths.max()), len(lengths), n_features) + 1.0
    for row, length in enumerate(lengths.tolist()):
        x[length:, row] = 99.0
    return x


def masked(x, lengths=LENGTHS, seed=0, **params):
    masking = InputMasking(N_FEATURES, **params)
    masking.generator = torch.Generator().manual_seed(seed)
    return masking(x, ValidSteps(lengths, x.device))


def reference(draws, ends, widest, n_places):
    """Two masks per row from uniform numbers (2, 2, B), in NumPy: (n_places, B)."""
    found = np.zeros((n_places, len(ends)), dtype=bool)
    for row, (end, most) in enumerate(zip(ends, widest, strict=True)):
        for mask in range(2):
            width = int(np.floor(draws[0, mask, row] * (most + 1)))
            start = int(np.floor(draws[1, mask, row] * (end - width + 1)))
            found[start : start + width, row] = True
    return found


@pytest.mark.parametrize("seed", range(5))
def test_masks_are_those_of_numpy(seed):
    x = make_batch()
    found = masked(x, seed=seed, time_masking=6, feature_masking=0.39)
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.empty(2, 2, len(LENGTHS)).uniform_(generator=generator).numpy() for _ in "tf"]
    lengths = LENGTHS.numpy()
    over_time = reference(draws[0], lengths, np.minimum(lengths // 5, 6), len(x))
    full = np.full(len(lengths), N_FEATURES)
    over_features = reference(draws[1], full, np.full(len(lengths), 3), N_FEATURES)
    is_masked = over_time[:, :, None] | over_features.T[None]
    assert_array_equal(found.numpy(), np.where(is_masked, 0.0, x.numpy()))


def test_widths_reach_their_maximum_and_no_more():
    x, widths, bands = torch.ones(40, 1, N_FEATURES), set(), set()
    for seed in range(200):
        lengths = torch.tensor([40])
        found = masked(x, lengths, seed, time_masking=5)
        widths.add(int((found[:, 0, 0] == 0).sum()))
        found = masked(x, lengths, seed, feature_masking=0.3)
        bands.add(int((found[0, 0] == 0).sum()))
    # Two masks, which may overlap.
    assert widths == set(range(11))
    assert bands == set(range(7))


@pytest.mark.parametrize("length", [1, 2, 4, 5, 9, 10, 100])
def test_a_mask_covers_at_most_a_fifth_of_a_row(length):
    x, lengths = torch.ones(length, 300, N_FEATURES), torch.full((300,), length)
    n_masked = (masked(x, lengths, time_masking=1000)[:, :, 0] == 0).sum(0)
    assert n_masked.max() <= 2 * (length // 5)
    assert n_masked.max() > 0 or length < 5


def test_padding_is_kept_and_changes_no_mask():
    x = make_batch()
    longer = torch.cat([x, torch.full((7, *x.shape[1:]), 99.0)])
    lengths = torch.cat([LENGTHS, torch.tensor([47])])
    longer = torch.cat([longer, torch.ones(47, 1, N_FEATURES)], dim=1)
    for seed in range(10):
        found = masked(x, seed=seed, time_masking=9)
        for row, length in enumerate(LENGTHS.tolist()):
            assert (found[length:, row] == 99.0).all()
    alone = masked(longer[:40, :1], lengths[:1], time_masking=9)
    padded = masked(longer[:, :1], lengths[:1], time_masking=9)
    assert_array_equal(padded[:40], alone)


def test_masked_values_are_means_and_their_differences_zero():
    fill = np.linspace(5.0, 6.0, N_FEATURES)
    x = torch.cat([make_batch(), make_batch()], dim=2)  # features, and others derived from them
    found = masked(x, time_masking=6, feature_masking=0.4, fill=fill)
    first, second = found.split(N_FEATURES, dim=2)
    is_masked = second == 0
    assert is_masked.any()
    assert_array_equal(
        first, torch.where(is_masked, torch.tensor(fill).float(), x[..., :N_FEATURES])
    )


@pytest.mark.parametrize(("fraction", "n_features", "expected"), [(0.29, 100, 29), (0.15, 6, 0)])
def test_fractions_of_features_are_rounded_down(fraction, n_features, expected):
    assert InputMasking(n_features, feature_masking=fraction).n_masked_features == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_masks_do_not_depend_on_the_precision(dtype):
    x = torch.ones(40, 5, N_FEATURES)
    found = masked(x.to(dtype), time_masking=6, feature_masking=0.4)
    assert found.dtype == dtype
    assert_array_equal(found, masked(x, time_masking=6, feature_masking=0.4))


def test_nothing_is_masked_in_evaluation():
    x = make_batch()
    masking = InputMasking(N_FEATURES, time_masking=6, feature_masking=0.4).eval()
    assert masking(x, ValidSteps(LENGTHS, x.device)) is x


def test_a_model_draws_new_masks_in_each_batch():
    model = SequenceModel(
        cell="gru", n_features=N_FEATURES, hidden_size=3, n_outputs=1, time_masking=6,
        differences=True, generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    set_generator(model, torch.Generator().manual_seed(1))
    x = torch.randn(40, 5, N_FEATURES)
    assert not torch.equal(model(x, LENGTHS), model(x, LENGTHS))
    model.eval()
    assert torch.equal(model(x, LENGTHS), model(x, LENGTHS))


def test_models_without_masks_have_no_buffer_of_them():
    model = SequenceModel(cell="gru", n_features=2, hidden_size=3, n_outputs=1)
    assert model.masking is None
    assert not any("masking" in name for name in model.state_dict())
