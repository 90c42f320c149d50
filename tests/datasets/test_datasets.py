"""Synthetic data: the documented properties hold, and the conventions are scikit-learn's."""

import inspect
import itertools

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sk_rnn import RNNClassifier, datasets
from sk_rnn.datasets import make_dyck, make_markov_chain, make_memory_task, make_moving_digits

MAKERS = [getattr(datasets, name) for name in datasets.__all__]
EVERY = pytest.mark.parametrize("make", MAKERS, ids=datasets.__all__)


@EVERY
def test_conventions_are_those_of_scikit_learn(make):
    first, *others = inspect.signature(make).parameters.values()
    assert (first.name, first.default) == ("n_samples", 100)
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in others)
    assert (others[-1].name, others[-1].default) == ("random_state", None)
    X, y = make(7, random_state=0)
    assert len(X) == len(y) == 7


@EVERY
def test_random_state_decides_and_nothing_else_changes(make):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, again, other, drawn = (
        make(5, random_state=state) for state in (1, 1, 2, np.random.RandomState(1))
    )
    for a, b, c, d in zip(first, again, other, drawn, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, d)
        assert list(map(str, a)) != list(map(str, c))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@EVERY
@pytest.mark.parametrize(("name", "value"), [("n_samples", 0), ("random_state", "a")])
def test_arguments_are_validated(make, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {make.__name__} must be"):
        make(**{name: value})


# -- make_memory_task -------------------------------------------------------------------


@pytest.mark.parametrize("lag", [0, 3, 7])
def test_the_target_is_the_symbol_lag_steps_earlier(lag):
    X, y = make_memory_task(50, n_timesteps=8, lag=lag, n_symbols=3, random_state=0)
    assert y.tolist() == [row[7 - lag] for row in X.tolist()]
    X_again, steps = make_memory_task(
        50, n_timesteps=8, lag=lag, n_symbols=3, return_sequences=True, random_state=0
    )
    np.testing.assert_array_equal(X_again, X)
    for row, labels in zip(X.tolist(), steps.tolist(), strict=True):
        assert labels == [row[t - lag] if t >= lag else -1 for t in range(8)]


def test_less_memory_is_no_better_than_chance():
    X, y = make_memory_task(3_000, n_timesteps=6, lag=3, n_symbols=2, random_state=0)
    # The most frequent target after each suffix of three symbols.
    right = 0
    for ending in itertools.product([0, 1], repeat=3):
        answers = y[(X[:, 3:] == ending).all(axis=1)]
        right += np.bincount(answers, minlength=2).max()
    assert right / len(y) == pytest.approx(0.5, abs=0.05)


def test_a_recurrent_network_solves_the_memory_task():
    X, y = make_memory_task(200, n_timesteps=6, lag=4, random_state=0)
    clf = RNNClassifier(
        bidirectional=False, pooling="last", hidden_size=16, max_epochs=40, random_state=0
    )
    assert clf.fit(X[:150], y[:150]).score(X[150:], y[150:]) == 1.0


def test_lag_beyond_the_sequence_raises():
    with pytest.raises(ValueError) as error:
        make_memory_task(n_timesteps=5, lag=5)
    assert str(error.value) == (
        "make_memory_task: lag=5 must be less than n_timesteps=5. Increase n_timesteps, or "
        "decrease lag."
    )


# -- make_markov_chain ------------------------------------------------------------------


def chain(n_samples, n_timesteps=30, **arguments):
    return make_markov_chain(
        n_samples, n_timesteps=n_timesteps, return_transitions=True, random_state=0, **arguments
    )


def stationary(transitions):
    return np.linalg.matrix_power(transitions, 1 << 20)[0]


def test_likelihood_of_a_chain_is_the_product_of_its_transitions():
    X, log_proba, transitions = chain(20, n_symbols=4)
    initial = stationary(transitions)
    for row, expected in zip(X.tolist(), log_proba, strict=True):
        proba = [initial[row[0]], *(transitions[a, b] for a, b in itertools.pairwise(row))]
        assert np.log(proba).sum() == pytest.approx(expected)


def test_transitions_are_those_of_the_sequences():
    X, _, transitions = chain(2_000, n_symbols=3, concentration=2.0)
    np.testing.assert_allclose(transitions.sum(axis=1), 1.0)
    counts = np.zeros((3, 3))
    np.add.at(counts, (X[:, :-1].ravel(), X[:, 1:].ravel()), 1)
    np.testing.assert_allclose(counts / counts.sum(axis=1, keepdims=True), transitions, atol=0.02)
    for step in (0, 10):  # stationary from the first step on
        shares = np.bincount(X[:, step], minlength=3) / len(X)
        np.testing.assert_allclose(shares, stationary(transitions), atol=0.05)


def test_entropy_of_a_chain_is_the_documented_one():
    _, log_proba, transitions = chain(20_000, n_symbols=4)
    initial = stationary(transitions)

    def entropy(p):
        return -(p * np.log(np.maximum(p, 1e-300))).sum(axis=-1)

    expected = entropy(initial) + 29 * initial @ entropy(transitions)
    assert -log_proba.mean() == pytest.approx(expected, rel=0.01)


def test_concentration_makes_chains_harder_to_predict():
    scores = [chain(200, concentration=c)[1].mean() for c in (0.05, 0.5, 100.0)]
    assert scores[0] > scores[1] > scores[2]
    assert scores[2] == pytest.approx(-30 * np.log(5), rel=0.01)


# -- make_dyck --------------------------------------------------------------------------


def likelihood(string, n_types, max_depth, p_open, p_end):
    """By the rules in the docstring, from the string alone."""
    opened, proba = [], 1.0
    for i, character in enumerate(string):
        if character in "([{<":
            if not opened:
                proba *= 1 - p_end if i else 1
            else:
                proba *= p_open
            proba /= n_types
            opened.append(character)
            assert len(opened) <= max_depth
        else:
            assert opened.pop() + character in ("()", "[]", "{}", "<>")
            proba *= 1 - p_open if len(opened) + 1 < max_depth else 1
    assert not opened
    return proba * p_end


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_types": 2, "max_depth": 10, "p_open": 0.4, "p_end": 0.3},
        {"n_types": 4, "max_depth": 2, "p_open": 0.8, "p_end": 0.5},
        {"n_types": 1, "max_depth": 1, "p_open": 0.4, "p_end": 1.0},
    ],
)
def test_strings_are_balanced_and_log_proba_is_their_likelihood(parameters):
    X, log_proba = make_dyck(200, **parameters, random_state=0)
    expected = [np.log(likelihood(string, **parameters)) for string in X]
    np.testing.assert_allclose(log_proba, expected, atol=1e-12)
    assert set("".join(X)) <= set("()[]{}<>"[: 2 * parameters["n_types"]])


def test_frequencies_of_strings_are_their_probabilities():
    X, log_proba = make_dyck(20_000, n_types=1, max_depth=3, p_open=0.3, p_end=0.5, random_state=0)
    for string, expected in (("()", 0.35), ("(())", 0.5 * 0.3 * 0.7**2), ("()()", 0.7**2 / 4)):
        assert np.exp(log_proba[X.index(string)]) == pytest.approx(expected)
        assert X.count(string) / len(X) == pytest.approx(expected, abs=0.01)


def test_mean_length_is_the_expected_one():
    X, _ = make_dyck(20_000, p_open=0.4, p_end=0.5, max_depth=10**6, random_state=0)
    # A pair takes 1 step to open and 1 / (0.6 - 0.4) on average to close.
    assert np.mean([len(string) for string in X]) == pytest.approx((1 + 5) / 0.5, rel=0.02)


def test_endless_strings_raise():
    for parameters in ({"p_open": 0.9, "max_depth": 2**62}, {"p_end": 1e-9}):
        with pytest.raises(ValueError, match="make_dyck: strings would have more than 1000000"):
            make_dyck(1, **parameters)


# -- make_moving_digits -----------------------------------------------------------------


def bounced(start, velocity, room, n_timesteps):
    """Positions along one axis, in steps so small that each meets one wall at most."""
    positions, position = [start], start
    for _ in range(n_timesteps - 1):
        for _ in range(4):
            position += velocity / 4
            if not 0 <= position <= room:
                position = -position if position < 0 else 2 * room - position
                velocity = -velocity
        positions.append(position)
    return positions


def test_digits_move_straight_and_bounce():
    X, _, positions = make_moving_digits(5, return_positions=True, random_state=0)
    for video in positions:
        for axis in (0, 1):
            # The first move may touch a wall: try both directions of the speed before it.
            tries = [
                bounced(video[0, axis], video[1, axis] - video[0, axis], 8, 20),
                bounced(video[0, axis], -video[1, axis] - video[0, axis], 8, 20),
                bounced(video[0, axis], 16 - video[1, axis] - video[0, axis], 8, 20),
            ]
            errors = [np.abs(np.array(other) - video[:, axis]).max() for other in tries]
            assert min(errors) < 1e-6
    assert X.dtype == np.float32


@pytest.mark.parametrize("size", [8, 11, 20])
def test_frames_show_the_digit_at_its_position(size):
    X, y, positions = make_moving_digits(
        6, n_timesteps=4, size=size, return_positions=True, random_state=1
    )
    assert X.shape == (6, 4, size, size)
    images = load_digits().images / 16
    target = load_digits().target
    for video, label, places in zip(X, y, positions, strict=True):
        sprites = []
        for frame, (row, column) in zip(video, np.rint(places).astype(int), strict=True):
            sprites.append(frame[row : row + 8, column : column + 8].copy())
            frame[row : row + 8, column : column + 8] = 0
            assert not frame.any()
        same = (images == sprites[0]).all(axis=(1, 2))
        assert label in target[same]
        np.testing.assert_array_equal(sprites, [sprites[0]] * 4)


def test_speed_is_in_its_range():
    _, _, positions = make_moving_digits(
        100, size=500, speed=(2.0, 3.0), n_timesteps=3, return_positions=True, random_state=0
    )
    paces = np.hypot(*np.diff(positions, axis=1).T)
    inside = ((positions > 5) & (positions < 487)).all(axis=(1, 2))
    assert (paces.T[inside] >= 2.0).all()
    assert (paces.T[inside] <= 3.0).all()
    still, _ = make_moving_digits(3, speed=(0, 0), random_state=0)
    assert (still == still[:, :1]).all()


def test_test_digits_are_not_training_digits():
    images = (load_digits().images / 16).reshape(-1, 64)
    for subset, allowed in (("train", images[:1_400]), ("test", images[1_400:]), ("all", images)):
        X, _ = make_moving_digits(50, n_timesteps=1, size=8, subset=subset, random_state=0)
        shown = {tuple(row) for row in X.reshape(-1, 64)}
        assert shown <= {tuple(row) for row in allowed.astype(np.float32)}


def test_moving_digits_can_be_classified_as_videos():
    X, y = make_moving_digits(40, n_timesteps=5, random_state=0)
    clf = RNNClassifier(hidden_size=16, max_epochs=40, random_state=0).fit(X, y)
    assert clf.score(X, y) > 0.9
    assert clf.n_features_in_ == 256


@pytest.mark.parametrize("speed", [(1.0,), (2.0, 1.0), (-1.0, 1.0), (0, np.inf), ("a", "b")])
def test_invalid_speed_raises(speed):
    with pytest.raises(ValueError, match="is not a range of speeds"):
        make_moving_digits(1, speed=speed)
