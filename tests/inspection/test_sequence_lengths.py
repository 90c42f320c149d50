"""Lengths and padding, against the Panel and a count by hand."""

import numpy as np
import pandas as pd
import pytest

from sk_rnn.inspection import SequenceLengthDisplay
from sk_rnn.sequences import Panel, training_batches

LENGTHS = np.random.default_rng(0).integers(1, 30, size=200)
SEQUENCES = [np.arange(2.0 * n).reshape(n, 2) for n in LENGTHS]
PANEL = Panel.from_sequences(SEQUENCES)
COUNTED = ("abc", "a", "bc")


def lengths_of(X, **options):
    return SequenceLengthDisplay.from_sequences(X, **options)


@pytest.mark.parametrize(
    "X",
    [
        SEQUENCES,
        PANEL,
        pd.Series(SEQUENCES),
        pd.DataFrame({"x": [s[:, 0] for s in SEQUENCES], "y": [s[:, 1] for s in SEQUENCES]}),
        [pd.DataFrame(s) for s in SEQUENCES],
    ],
    ids=["list", "panel", "series", "frame", "frames"],
)
def test_lengths_are_those_of_the_panel(X):
    np.testing.assert_array_equal(lengths_of(X).lengths, PANEL.lengths)


@pytest.mark.parametrize(
    "X",
    [
        list(COUNTED),
        np.array(COUNTED),
        pd.Series(COUNTED),
        [list(text) for text in COUNTED],
        [[1, 2, 3], [1], [2, 3]],
    ],
    ids=["texts", "array", "series", "tokens", "ids"],
)
def test_lengths_of_texts_and_tokens_are_counted(X):
    assert lengths_of(X).lengths.tolist() == [3, 1, 2]


def test_padded_steps_are_not_counted():
    padded = PANEL.to_padded(np.nan)
    display = lengths_of(padded, padding_value=np.nan)
    np.testing.assert_array_equal(display.lengths, PANEL.lengths)
    assert (lengths_of(np.zeros((4, 9, 2))).lengths == 9).all()


def test_padding_is_counted_by_hand():
    display = lengths_of(PANEL, batch_size=8, random_state=3)
    rng = np.random.RandomState(3)
    grouped = []
    for _ in range(10):
        padded = used = 0
        for batch in training_batches(LENGTHS, 8, rng):
            longest = max(LENGTHS[i] for i in batch)
            padded += sum(longest - LENGTHS[i] for i in batch)
            used += longest * len(batch)
        grouped.append(padded / used)
    np.testing.assert_allclose(display.grouped_padding, np.mean(grouped))
    # Batches of random sequences: a simulation with other random numbers.
    rng = np.random.default_rng(1)
    fractions = []
    for _ in range(300):
        order = rng.permutation(200)
        parts = [order[i : i + 8] for i in range(0, 200, 8)]
        used = sum(len(part) * LENGTHS[part].max() for part in parts)
        fractions.append(1 - LENGTHS.sum() / used)
    np.testing.assert_allclose(display.random_padding, np.mean(fractions), atol=0.03)
    assert display.grouped_padding < display.random_padding


def test_padding_of_equal_lengths_is_zero():
    display = lengths_of(np.zeros((10, 4)), batch_size=3)
    assert (display.random_padding, display.grouped_padding) == (0.0, 0.0)
    display.plot()


def test_lengths_are_drawn_and_listed():
    display = lengths_of(Panel(PANEL.values, PANEL.offsets, index=[f"s{i}" for i in range(200)]))
    table = display.to_frame()
    assert table.loc["s3", "n_timesteps"] == LENGTHS[3]
    assert sum(bar.get_height() for bar in display.plot().bars_) == 200
    assert sum(bar.get_height() for bar in display.plot(bins=4).bars_) == 200
    assert "padding in batches of 32" in display.text_.get_text()


def test_lengths_refuse_what_is_not_a_container():
    with pytest.raises(ValueError, match="batch_size must be a positive integer, got 0 instead"):
        lengths_of(PANEL, batch_size=0)
    with pytest.raises(TypeError):
        lengths_of(3)
