"""Centring of samples."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_rnn.sequences import Panel, Spans, center_samples
from sk_rnn.sequences import _scaling as scaling

_rng = np.random.default_rng(0)
ROWS = [_rng.normal(5.0, 2.0, size=(n, 3)) for n in (4, 1, 9, 2)]


def centred(rows):
    return list(center_samples(Spans.of(Panel.from_sequences(rows))))


def test_samples_are_centred_by_their_own_means():
    for row, found in zip(ROWS, centred(ROWS), strict=True):
        assert_allclose(found, row - row.mean(axis=0), atol=1e-13)


def test_a_sample_does_not_depend_on_others(monkeypatch):
    together = centred(ROWS)
    for row, found in zip(ROWS, together, strict=True):
        assert_array_equal(centred([row])[0], found)
    monkeypatch.setattr(scaling, "_BLOCK_VALUES", 8)  # several blocks
    for one, other in zip(centred(ROWS), together, strict=True):
        assert_array_equal(one, other)


def test_dropped_padding_and_other_samples_do_not_count():
    spans = Spans.of(Panel.from_sequences(ROWS))
    trimmed = spans.trim(np.array([1, 0, 2, 1]), np.array([3, 1, 4, 1])).take(np.array([2, 0, 2]))
    found = center_samples(trimmed)
    for steps, row in zip(found, (ROWS[2][2:6], ROWS[0][1:], ROWS[2][2:6]), strict=True):
        assert_allclose(steps, row - row.mean(axis=0), atol=1e-13)
    assert_array_equal(found.untrimmed[0], [2, 1, 2])
    assert_array_equal(found.offsets, trimmed.offsets)


def test_constant_and_distant_samples_keep_their_precision():
    row = np.array([[0.1], [0.1], [0.1]])
    assert_array_equal(centred([row])[0], 0.0)
    far = 1.7e9 + np.array([[0.0], [1.0], [5.0]])
    assert_array_equal(centred([far])[0], [[-2.0], [-1.0], [3.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_is_kept(dtype):
    (found,) = centred([np.array([[1.0], [2.0], [4.0]], dtype=dtype)])
    assert found.dtype == dtype
    assert_allclose(found[:, 0], [-4 / 3, -1 / 3, 5 / 3], rtol=1e-6)


def test_values_beyond_float64_are_named():
    rows = [[0.0, 1.0], [1e308, -1e308]]
    with pytest.raises(ValueError, match=r"^X\[1\] has values whose range overflows float64"):
        centred(rows)
