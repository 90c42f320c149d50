from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_rnn.sequences import (
    Panel,
    Spans,
    canonical_order,
    flat_positions,
    pad_batch,
    prediction_batches,
    training_batches,
)

lengths_of_samples = st.lists(st.integers(1, 7), min_size=1, max_size=40)


def make_panel(lengths, n_features=2, seed=0):
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    rng = np.random.RandomState(seed)
    if n_features is None:
        return Panel(rng.randint(1, 9, offsets[-1]), offsets)
    return Panel(rng.standard_normal((offsets[-1], n_features)).astype(np.float32), offsets)


def padded_share(lengths, batches):
    cells = sum(len(rows) * lengths[rows].max() for rows in batches)
    return 1 - lengths.sum() / cells


# -- Canonical order


def small_sequences():
    return st.lists(
        st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=3), min_size=1, max_size=12
    )


@given(small_sequences(), st.randoms(use_true_random=False))
def test_canonical_order_does_not_depend_on_the_order_of_rows(sequences, random):
    shuffled = list(range(len(sequences)))
    random.shuffle(shuffled)
    targets = np.array([len(s) % 2 for s in sequences])
    for y in (None, targets, targets[:, None] * 0.5):
        panel = Panel.from_sequences(sequences)
        order, group = canonical_order(Spans.of(panel), y)
        other = panel[shuffled]
        other_y = None if y is None else y[shuffled]
        other_order, other_group = canonical_order(Spans.of(other), other_y)
        np.testing.assert_array_equal(group, other_group)
        for i, j in zip(order, other_order, strict=True):
            np.testing.assert_array_equal(panel[i], other[j])
            assert y is None or (y[i] == y[shuffled][j]).all()


@given(small_sequences())
def test_canonical_order_groups_equal_rows(sequences):
    panel = Panel.from_sequences(sequences)
    order, group = canonical_order(Spans.of(panel))
    assert sorted(order) == list(range(len(panel)))
    assert order.dtype == group.dtype == np.int64
    keys = [tuple(sequences[i]) for i in order]
    for a in range(len(keys)):
        for b in range(len(keys)):
            assert (keys[a] == keys[b]) == (group[a] == group[b])
    assert group[0] == 0
    assert set(np.diff(group)) <= {0, 1}


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, 0]),
        np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]]),
        np.array(["a", "b", "a"]),
        np.array(["a", "b", "a"], dtype=object),
        [np.array([1.0]), np.array([2.0]), np.array([1.0])],
        [np.array(["a"]), np.array(["b"]), np.array(["a"])],
        [["a"], ["b"], ["a"]],
        Panel.from_sequences([[1], [2], [1]]),
    ],
)
def test_canonical_order_separates_equal_rows_by_target(y):
    panel = Panel.from_sequences([[1.0, 2.0]] * 3)
    order, group = canonical_order(Spans.of(panel), y)
    ids = dict(zip(order.tolist(), group.tolist(), strict=True))
    assert ids[0] == ids[2] != ids[1]


def test_canonical_order_keeps_x_and_y_apart():
    # The same concatenated bytes, split at another position.
    panel = Panel(np.array([[1.0], [2.0], [1.0]]), [0, 2, 3])
    _, group = canonical_order(Spans.of(panel), [np.zeros(0), np.array([2.0])])
    assert group.tolist() == [0, 1]


def test_canonical_order_ignores_the_width_of_strings():
    panel = Panel.from_sequences([[1.0]] * 2)
    _, group = canonical_order(Spans.of(panel), [np.array(["a"], "U1"), np.array(["a"], "U9")])
    assert group.tolist() == [0, 0]


def test_canonical_order_of_values_that_are_not_contiguous():
    values = np.asfortranarray(make_panel([2, 3]).values)
    panel = Panel(values, [0, 2, 5])
    np.testing.assert_array_equal(
        canonical_order(Spans.of(panel)), canonical_order(Spans.of(make_panel([2, 3])))
    )


# -- Training batches


@given(
    lengths_of_samples,
    st.integers(1, 9),
    st.sampled_from([np.random.RandomState, np.random.default_rng]),
)
def test_training_batches_hold_every_row_once(lengths, batch_size, make_rng):
    lengths = np.array(lengths)
    batches = training_batches(lengths, batch_size, make_rng(0))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    sizes = [len(rows) for rows in batches]
    assert max(sizes) <= batch_size + (batch_size > 1)
    if batch_size > 1 and len(lengths) > 1:
        assert min(sizes) > 1
    again = training_batches(lengths, batch_size, make_rng(0))
    for rows, same in zip(batches, again, strict=True):
        np.testing.assert_array_equal(rows, same)


@pytest.mark.parametrize("n_samples", [1000, 1025, 3333])
def test_training_batches_pad_little(n_samples):
    rng = np.random.RandomState(0)
    lengths = rng.randint(25, 101, n_samples)
    shares = [padded_share(lengths, training_batches(lengths, 32, rng)) for _ in range(10)]
    assert max(shares) < 0.10


def test_training_batches_are_shuffled():
    rng = np.random.RandomState(0)
    for lengths in (np.full(200, 5), rng.randint(1, 50, 200)):
        first, second = (training_batches(lengths, 8, rng) for _ in range(2))
        assert any(set(a) != set(b) for a, b in zip(first, second, strict=True))
    means = [lengths[rows].mean() for rows in training_batches(lengths, 8, rng)]
    assert means != sorted(means)


def test_batches_of_small_ragged_data_vary_between_epochs():
    # If all 50 samples were sorted by length, every epoch would have the same batches.
    rng = np.random.RandomState(0)
    lengths = np.arange(50) + 3
    partners = set()
    for _ in range(20):
        (batch,) = (rows for rows in training_batches(lengths, 8, rng) if 0 in rows)
        partners.update(batch.tolist())
    assert len(partners) > 40


def test_training_batches_of_one_length_are_a_plain_shuffle():
    batches = training_batches(np.full(10, 4), 3, np.random.RandomState(1))
    shuffled = np.random.RandomState(1).permutation(10)
    np.testing.assert_array_equal(np.concatenate(batches), shuffled)
    assert [len(rows) for rows in batches] == [3, 3, 4]


# -- Prediction batches


@given(lengths_of_samples, st.integers(1, 9), st.integers(1, 30))
def test_prediction_batches_respect_their_limits(lengths, max_samples, max_steps):
    lengths = np.array(lengths)
    batches = prediction_batches(lengths, max_samples=max_samples, max_steps=max_steps)
    order = np.concatenate(batches)
    assert sorted(order) == list(range(len(lengths)))
    for longer, shorter in pairwise(batches):
        assert lengths[longer].min() >= lengths[shorter].max()
    for rows in batches:
        assert 1 <= len(rows) <= max_samples
        assert len(rows) == 1 or len(rows) * lengths[rows].max() <= max_steps


@given(lengths_of_samples, st.integers(1, 9), st.integers(1, 30))
def test_prediction_batches_are_as_large_as_can_be(lengths, max_samples, max_steps):
    lengths = np.array(lengths)
    batches = prediction_batches(lengths, max_samples=max_samples, max_steps=max_steps)
    for following, rows in pairwise(batches):  # starting with the shortest
        one_more = len(rows) + 1
        assert one_more > max_samples or one_more * lengths[following[0]] > max_steps


# -- Padding


@given(st.lists(st.integers(0, 7), min_size=1, max_size=12), st.data())
def test_pad_batch_equals_a_loop(lengths, data):
    n_features = data.draw(st.sampled_from([None, 1, 3]))
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=6))
    panel = make_panel(lengths, n_features)
    padded, got_lengths = pad_batch(Spans.of(panel), np.array(rows))
    expected = np.zeros((max(lengths[i] for i in rows), len(rows), *panel.values.shape[1:]))
    for b, i in enumerate(rows):
        expected[: lengths[i], b] = panel[i]
    np.testing.assert_array_equal(padded, expected)
    assert got_lengths.tolist() == [lengths[i] for i in rows]
    assert padded.dtype == panel.dtype
    assert padded.flags.c_contiguous
    assert not np.shares_memory(padded, panel.values)


def test_pad_batch_ignores_infinite_values_of_other_samples():
    panel = Panel(np.float32([[1.0], [np.inf], [np.nan]]), [0, 1, 3])
    padded, _ = pad_batch(Spans.of(panel), np.array([1, 0]))
    assert padded[1, 1, 0] == 0


@given(st.lists(st.integers(0, 7), min_size=1, max_size=12), st.sampled_from([None, 1, 3]))
def test_flat_positions_undo_padding(lengths, n_features):
    panel = make_panel(lengths, n_features)
    padded, lengths = pad_batch(Spans.of(panel), np.arange(len(panel)))
    n_timesteps, n_rows = padded.shape[:2]
    steps = padded.reshape(n_timesteps * n_rows, *padded.shape[2:])
    positions = flat_positions(lengths, n_timesteps, n_rows)
    np.testing.assert_array_equal(steps[positions], panel.values)
