"""viterbi: against all label sequences, and the compiled against the NumPy implementation."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_rnn.decoding import _viterbi, viterbi

LENGTHS = np.array([3, 1, 5, 2])


def score(labels, emissions, transitions, start, end):
    """Score of one sequence of labels."""
    total = start[labels[0]] + end[labels[-1]]
    total += sum(emissions[t, label] for t, label in enumerate(labels))
    return total + sum(transitions[pair] for pair in itertools.pairwise(labels))


def best(emissions, *chain):
    """The best of all sequences; of equal ones, with the lowest labels from the end."""
    n_steps, n_labels = emissions.shape
    every = itertools.product(range(n_labels), repeat=n_steps)
    ranked = sorted(every, key=lambda labels: (-score(labels, emissions, *chain), labels[::-1]))
    return list(ranked[0]), score(ranked[0], emissions, *chain)


def chain(rng, n_labels, forbidden=0.0, draw=None):
    """Transitions, start and end, some of them forbidden."""
    draw = draw or (lambda shape: rng.normal(size=shape))
    parts = [draw(shape) for shape in ((n_labels, n_labels), n_labels, n_labels)]
    return [np.where(rng.random(part.shape) < forbidden, -np.inf, part) for part in parts]


@pytest.fixture(params=["compiled", "numpy"])
def implementation(request, monkeypatch):
    if request.param == "numpy":
        monkeypatch.setattr(_viterbi, "prepare_chain", lambda: "Numba is not installed")


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize("forbidden", [0.0, 0.3])
@pytest.mark.parametrize("n_labels", [1, 2, 3])
def test_labels_are_the_best_of_all(rng, n_labels, forbidden):
    for _ in range(10):
        transitions, start, end = chain(rng, n_labels, forbidden)
        emissions = rng.normal(size=(LENGTHS.sum(), n_labels))
        labels, scores = viterbi(emissions, LENGTHS, transitions, start=start, end=end)
        assert labels.dtype == np.int64
        offsets = np.cumsum([0, *LENGTHS])
        for i, (first, stop) in enumerate(itertools.pairwise(offsets)):
            expected, highest = best(emissions[first:stop], transitions, start, end)
            assert_allclose(scores[i], highest)
            if np.isfinite(highest):
                assert labels[first:stop].tolist() == expected


@pytest.mark.usefixtures("implementation")
def test_ties_are_broken_by_the_lowest_labels_from_the_end(rng):
    for _ in range(20):

        def draw(shape):
            return rng.integers(0, 2, shape).astype(float)

        transitions, start, end = chain(rng, 3, draw=draw)
        emissions = draw((4, 3))
        labels, _ = viterbi(emissions, [4], transitions, start=start, end=end)
        assert labels.tolist() == best(emissions, transitions, start, end)[0]


def test_implementations_agree_bit_for_bit(rng, monkeypatch):
    transitions, start, end = chain(rng, 5, 0.2)
    lengths = rng.integers(1, 40, 30)
    emissions = rng.normal(size=(lengths.sum(), 5)).astype(np.float32)
    found = viterbi(emissions, lengths, transitions, start=start, end=end)
    monkeypatch.setattr(_viterbi, "prepare_chain", lambda: "Numba is not installed")
    for one, other in zip(
        found, viterbi(emissions, lengths, transitions, start=start, end=end), strict=True
    ):
        assert_array_equal(one, other)


@pytest.mark.usefixtures("implementation")
def test_a_sequence_does_not_depend_on_the_others(rng):
    transitions, start, end = chain(rng, 3)
    emissions = rng.normal(size=(LENGTHS.sum(), 3))
    together, _ = viterbi(emissions, LENGTHS, transitions, start=start, end=end)
    alone = [
        viterbi(part, [len(part)], transitions, start=start, end=end)[0]
        for part in np.split(emissions, np.cumsum(LENGTHS)[:-1])
    ]
    assert_array_equal(together, np.concatenate(alone))


@pytest.mark.usefixtures("implementation")
def test_everything_forbidden_scores_minus_infinity():
    labels, scores = viterbi(np.zeros((2, 2)), [2], np.full((2, 2), -np.inf))
    assert labels.shape == (2,)
    assert scores.tolist() == [-np.inf]


def test_start_and_end_are_optional_and_no_sequences_are_none():
    labels, scores = viterbi([[0.0, 1.0], [2.0, 0.0]], [2], np.zeros((2, 2)))
    assert labels.tolist() == [1, 0]
    assert scores.tolist() == [3.0]
    labels, scores = viterbi(np.zeros((0, 2)), [], np.zeros((2, 2)))
    assert len(labels) == len(scores) == 0
