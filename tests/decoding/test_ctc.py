"""CTC against brute force: all alignments, and all sequences of tokens, of tiny cases."""

import itertools
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sk_rnn.decoding import (
    Lexicon,
    ctc_align,
    ctc_beam_search,
    ctc_greedy,
    ctc_log_likelihood,
    ctc_single,
)

# -- Brute force -------------------------------------------------------------------------


def collapse(path):
    """The tokens of an alignment."""
    return tuple(label for label, _ in itertools.groupby(path) if label != 0)


def log_sum(values):
    return float(np.logaddexp.reduce(np.array(list(values), dtype=np.float64), initial=-np.inf))


def alignments(log_probs):
    """All paths and their log-probabilities."""
    n_steps, n_columns = log_probs.shape
    for path in itertools.product(range(n_columns), repeat=n_steps):
        yield path, math.fsum(log_probs[t, label] for t, label in enumerate(path))


def likelihoods(log_probs):
    """The log-likelihood of every sequence of tokens that fits."""
    found = {}
    for path, log_prob in alignments(log_probs):
        found.setdefault(collapse(path), []).append(log_prob)
    return {ids: log_sum(values) for ids, values in found.items()}


def random_log_probs(n_steps, n_columns, seed, *, impossible=0.0, dtype=np.float64):
    """Normalised rows; some entries are -inf, but never a whole row."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n_steps, n_columns))
    drop = rng.random(logits.shape) < impossible
    drop[np.arange(n_steps), rng.integers(n_columns, size=n_steps)] = False
    logits[drop] = -np.inf
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(dtype)


CASES = [
    (n_steps, n_columns, impossible, seed)
    for n_steps, n_columns in [
        (0, 3),
        (1, 1),
        (1, 2),
        (1, 4),
        (2, 3),
        (3, 2),
        (4, 3),
        (5, 3),
        (4, 4),
    ]
    for impossible in (0.0, 0.4)
    for seed in range(3)
]


@pytest.fixture(params=CASES, ids=str)
def log_probs(request):
    n_steps, n_columns, impossible, seed = request.param
    return random_log_probs(n_steps, n_columns, seed, impossible=impossible)


def all_sequences(log_probs):
    """All sequences of tokens up to one more than there are steps."""
    tokens = range(1, log_probs.shape[1])
    for length in range(len(log_probs) + 2):
        yield from itertools.product(tokens, repeat=length)


# -- Likelihood --------------------------------------------------------------------------


def test_log_likelihood_sums_over_all_alignments(log_probs):
    expected = likelihoods(log_probs)
    for ids in all_sequences(log_probs):
        value = ctc_log_likelihood(log_probs, ids)
        assert value == pytest.approx(expected.get(ids, -np.inf), abs=1e-12)
        assert isinstance(value, float)


def test_log_likelihoods_of_all_sequences_sum_to_one(log_probs):
    total = log_sum(ctc_log_likelihood(log_probs, ids) for ids in all_sequences(log_probs))
    assert total == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("n_steps", "ids"),
    [(0, [1]), (1, [1, 2]), (1, [1, 1]), (2, [1, 1]), (4, [2, 2, 2]), (5, [1, 1, 2, 2])],
)
def test_log_likelihood_of_tokens_that_do_not_fit_is_minus_infinity(n_steps, ids):
    log_probs = random_log_probs(n_steps, 3, 0)
    assert ctc_log_likelihood(log_probs, ids) == -np.inf
    # With one step more they fit.
    repetitions = sum(a == b for a, b in itertools.pairwise(ids))
    fitting = random_log_probs(len(ids) + repetitions, 3, 0)
    assert np.isfinite(ctc_log_likelihood(fitting, ids))


@pytest.mark.parametrize("n_steps", [1, 7, 60])
def test_log_likelihood_equals_that_of_torch(n_steps):
    log_probs = random_log_probs(n_steps, 6, 1)
    ids = np.random.default_rng(2).integers(1, 6, size=n_steps // 3)
    expected = torch.nn.functional.ctc_loss(
        torch.as_tensor(log_probs)[:, None],
        torch.as_tensor(ids)[None],
        torch.tensor([n_steps]),
        torch.tensor([len(ids)]),
        reduction="none",
    )
    assert ctc_log_likelihood(log_probs, ids) == pytest.approx(-expected.item(), rel=1e-12)


def test_single_is_the_log_likelihood_of_each_token(log_probs):
    values = ctc_single(log_probs)
    expected = [ctc_log_likelihood(log_probs, [k]) for k in range(1, log_probs.shape[1])]
    assert values.shape == (log_probs.shape[1] - 1,)
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-12)


# -- Greedy ------------------------------------------------------------------------------


def test_greedy_is_the_most_probable_alignment(log_probs):
    ids, log_prob = ctc_greedy(log_probs)
    path, best = max(alignments(log_probs), key=lambda pair: pair[1])
    assert ids == collapse(path)
    assert log_prob == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ([0, 0, 0], ()),
        ([1, 1, 1], (1,)),
        ([1, 0, 1], (1, 1)),
        ([0, 2, 2, 1, 0, 1, 2], (2, 1, 1, 2)),
        ([], ()),
    ],
)
def test_greedy_merges_repetitions_and_removes_blanks(path, ids):
    log_probs = np.log(np.eye(3)[path].reshape(-1, 3) * 0.7 + 0.1)
    found, log_prob = ctc_greedy(log_probs)
    assert found == ids
    assert log_prob == pytest.approx(len(path) * np.log(0.8))


# -- Alignment ---------------------------------------------------------------------------


def labels_of(start, stop, ids, n_steps):
    path = np.zeros(n_steps, dtype=int)
    for first, last, token in zip(start, stop, ids, strict=True):
        assert 0 <= first < last <= n_steps
        assert not path[first:last].any()  # the steps of tokens do not overlap
        path[first:last] = token
    return tuple(path.tolist())


def test_alignment_is_the_most_probable_one(log_probs):
    n_steps = len(log_probs)
    for ids in all_sequences(log_probs):
        start, stop, log_prob = ctc_align(log_probs, ids)
        assert start.shape == stop.shape == log_prob.shape == (len(ids),)
        assert start.dtype == stop.dtype == np.int64
        best = max(
            (value for path, value in alignments(log_probs) if collapse(path) == ids),
            default=-np.inf,
        )
        if best == -np.inf:
            assert (log_prob == -np.inf).all()
            assert not start.any()
            assert not stop.any()
            continue
        path = labels_of(start, stop, ids, n_steps)
        assert collapse(path) == ids
        value = sum(log_probs[t, label] for t, label in enumerate(path))
        assert value == pytest.approx(best, abs=1e-12)
        for i, token in enumerate(ids):
            mean = log_probs[start[i] : stop[i], token].mean()
            assert log_prob[i] == pytest.approx(mean, abs=1e-12)


def test_alignment_separates_repeated_tokens_by_a_blank():
    log_probs = np.log([[0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.2, 0.8], [0.1, 0.9]])
    start, stop, _ = ctc_align(log_probs, [1, 1])
    assert start.tolist() == [0, 4]
    assert stop.tolist() == [3, 5]


# -- Beam search -------------------------------------------------------------------------

UNLIMITED = 10**6


def exact(log_probs, **options):
    return ctc_beam_search(
        log_probs, width=UNLIMITED, n_best=UNLIMITED, threshold=np.inf, **options
    )


def assert_ranked(hypotheses, expected):
    """Check the hypotheses against log-probabilities and scores of all possible sequences."""
    found = {h.ids: (h.log_prob, h.score) for h in hypotheses}
    assert len(found) == len(hypotheses)
    assert found.keys() == expected.keys()
    for ids, values in found.items():
        assert values == pytest.approx(expected[ids], abs=1e-11)
    scores = [h.score for h in hypotheses]
    assert scores == sorted(scores, reverse=True)


def test_unlimited_beam_finds_all_sequences(log_probs):
    possible = {ids: (p, p) for ids, p in likelihoods(log_probs).items() if p > -np.inf}
    assert_ranked(exact(log_probs), possible)


def test_token_bonus_is_added_for_each_token(log_probs):
    expected = {
        ids: (p, p + 0.7 * len(ids)) for ids, p in likelihoods(log_probs).items() if p > -np.inf
    }
    assert_ranked(exact(log_probs, token_bonus=0.7), expected)


@pytest.mark.parametrize("seed", range(20))
def test_default_threshold_keeps_the_best_sequence(seed):
    log_probs = random_log_probs(5, 4, seed)
    expected = likelihoods(log_probs)
    (best,) = ctc_beam_search(log_probs, width=UNLIMITED)
    assert best.ids == max(expected, key=expected.get)
    assert best.log_prob == pytest.approx(expected[best.ids], abs=1e-4)


def test_beam_search_sums_alignments_where_greedy_does_not():
    log_probs = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert ctc_greedy(log_probs)[0] == ()
    (best,) = ctc_beam_search(log_probs, width=2)
    assert best.ids == (1,)
    assert best.log_prob == pytest.approx(np.log(0.64))


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_narrow_beam_never_overestimates(width):
    for seed in range(20):
        log_probs = random_log_probs(5, 4, seed, impossible=0.2)
        expected = likelihoods(log_probs)
        hypotheses = ctc_beam_search(log_probs, width=width, n_best=width)
        assert 1 <= len(hypotheses) <= width
        for hypothesis in hypotheses:
            assert hypothesis.log_prob <= expected[hypothesis.ids] + 1e-12
            assert hypothesis.score == hypothesis.log_prob


def reference_search(log_probs, width):
    """The search of Hannun et al. (2014) with dictionaries of probabilities."""
    beam = {(): (1.0, 0.0)}
    for step in np.exp(log_probs):
        following = {}

        def put(ids, blank, last, following=following):
            old = following.get(ids, (0.0, 0.0))
            following[ids] = (old[0] + blank, old[1] + last)

        for ids, (blank, last) in beam.items():
            put(ids, (blank + last) * step[0], last * step[ids[-1]] if ids else 0.0)
            for token in range(1, len(step)):
                before = blank if ids and token == ids[-1] else blank + last
                put((*ids, token), 0.0, before * step[token])
        best = sorted(following, key=lambda ids: -sum(following[ids]))[:width]
        beam = {ids: following[ids] for ids in best}
    return {ids: np.log(sum(values)) for ids, values in beam.items()}


@pytest.mark.parametrize("width", [1, 2, 4, 16])
def test_beam_search_equals_a_plain_one(width):
    for seed in range(10):
        log_probs = random_log_probs(12, 5, seed)
        hypotheses = ctc_beam_search(log_probs, width=width, n_best=width, threshold=np.inf)
        expected = reference_search(log_probs, width)
        assert_ranked(hypotheses, {ids: (p, p) for ids, p in expected.items()})


def test_n_best_limits_the_hypotheses():
    log_probs = random_log_probs(5, 3, 0)
    all_of_them = exact(log_probs)
    for n in (1, 2, 7):
        found = ctc_beam_search(log_probs, width=UNLIMITED, n_best=n, threshold=np.inf)
        assert found == all_of_them[:n]


def test_equal_scores_are_returned_in_the_same_order():
    log_probs = np.log(np.full((3, 4), 0.25))
    hypotheses = exact(log_probs)
    assert hypotheses == exact(log_probs.copy())
    keys = [(-h.score, h.ids) for h in hypotheses]
    assert keys == sorted(keys)


def test_impossible_steps_leave_the_empty_sequence():
    log_probs = np.full((2, 3), -np.inf)
    (only,) = ctc_beam_search(log_probs, width=4, n_best=2)
    assert only == ((), -np.inf, -np.inf)


# -- Lexicon -----------------------------------------------------------------------------

SEPARATOR = 3
WORD_LISTS = [
    [(1,), (2,)],
    [(1, 2), (2, 1, 1)],
    [(1, 1), (1,), (1, 2, 1)],
    [(2, 2)],
    [],
]


def accepted(ids, words, separator):
    """Whether a sequence consists of words."""
    if not ids:
        return True
    if separator is None:
        return ids in words
    spelled = ",".join(map(str, ids)).split(f",{separator},")
    return all(tuple(int(token) for token in word.split(",")) in words for word in spelled)


@pytest.mark.parametrize("separator", [None, SEPARATOR])
@pytest.mark.parametrize("words", WORD_LISTS, ids=str)
def test_lexicon_accepts_sequences_of_words(words, separator):
    lexicon = Lexicon(words, separator)
    for length in range(7):
        for ids in itertools.product((1, 2, SEPARATOR), repeat=length):
            assert lexicon.accepts(ids) == accepted(ids, words, separator), ids


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([(1,), ()], "Lexicon: words[1] is empty. Drop it."),
        ([(1, 3)], "Lexicon: words[0] contains the separator, 3. Split it."),
    ],
)
def test_lexicon_rejects_words(words, message):
    with pytest.raises(ValueError, match="Lexicon") as caught:
        Lexicon(words, SEPARATOR)
    assert str(caught.value) == message


def test_lexicon_can_be_pickled():
    lexicon = pickle.loads(pickle.dumps(Lexicon([(1, 2)], SEPARATOR)))
    assert lexicon.accepts((1, 2, SEPARATOR, 1, 2))


@pytest.mark.parametrize("separator", [None, SEPARATOR])
@pytest.mark.parametrize("words", WORD_LISTS, ids=str)
def test_unlimited_beam_finds_all_sequences_of_words(words, separator):
    lexicon = Lexicon(words, separator)
    for seed in range(6):
        log_probs = random_log_probs(5, 4, seed, impossible=0.2 * (seed % 2))
        expected = {
            ids: (p, p)
            for ids, p in likelihoods(log_probs).items()
            if p > -np.inf and accepted(ids, words, separator)
        }
        expected = expected or {(): (-np.inf, -np.inf)}
        assert_ranked(exact(log_probs, lexicon=lexicon), expected)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_narrow_beam_returns_complete_words(width):
    words = [(1, 2, 1, 2), (2, 1, 2)]
    lexicon = Lexicon(words, SEPARATOR)
    for seed in range(50):
        hypotheses = ctc_beam_search(
            random_log_probs(6, 4, seed), width=width, n_best=width, lexicon=lexicon
        )
        assert hypotheses
        for hypothesis in hypotheses:
            assert accepted(hypothesis.ids, words, SEPARATOR)
            assert hypothesis.log_prob > -np.inf


def test_words_that_cannot_be_completed_leave_those_that_were():
    # "1" is a word; then the beam of one follows "1 3 2", which never becomes a word.
    lexicon = Lexicon([(1,), (2, 1)], SEPARATOR)
    log_probs = np.log(
        [
            [0.02, 0.94, 0.02, 0.02],
            [0.02, 0.02, 0.02, 0.94],
            [0.02, 0.02, 0.94, 0.02],
            [0.94, 0.02, 0.02, 0.02],
        ]
    )
    log_probs[1:, 1] = -np.inf
    (best,) = ctc_beam_search(log_probs, width=1, lexicon=lexicon)
    assert best.ids == (1,)


def test_silence_is_the_empty_sequence_with_a_lexicon():
    log_probs = np.log([[0.98, 0.01, 0.005, 0.005]] * 4)
    (best,) = ctc_beam_search(log_probs, width=4, lexicon=Lexicon([(1, 2)], SEPARATOR))
    assert best.ids == ()


# -- Language model ----------------------------------------------------------------------


class Bigrams:
    """A language model whose next token depends on the last two; column 0 is the end."""

    def __init__(self, n_columns, seed, impossible=0.0):
        self.n_columns = n_columns
        table = random_log_probs(n_columns**2, n_columns, seed, impossible=impossible)
        self.table = table.reshape(n_columns, n_columns, n_columns)
        self.calls = []

    def start(self):
        return self.table[0, 0], (0, 0)

    def step(self, states, ids):
        self.calls.append([(*state, token) for state, token in zip(states, ids, strict=True)])
        following = [(last, token) for (_, last), token in zip(states, ids, strict=True)]
        return np.stack([self.table[state] for state in following]), following

    def log_prob(self, ids):
        padded = (0, 0, *ids, 0)
        return sum(self.table[padded[i : i + 3]] for i in range(len(ids) + 1))


@pytest.mark.parametrize("lexicon", [None, Lexicon([(1, 2), (2,), (1,)], SEPARATOR)])
@pytest.mark.parametrize("impossible", [0.0, 0.2])
@pytest.mark.parametrize(("lm_weight", "token_bonus"), [(0.5, 0.0), (1.3, 0.4), (0.0, -0.2)])
def test_unlimited_beam_is_exact_with_a_language_model(lm_weight, token_bonus, impossible, lexicon):
    for seed in range(4):
        model = Bigrams(4, seed, impossible)
        log_probs = random_log_probs(5, 4, seed)
        options = {"lm_weight": lm_weight, "token_bonus": token_bonus, "lexicon": lexicon}
        hypotheses = exact(log_probs, language_model=model, **options)
        expected = {}
        for ids, p in likelihoods(log_probs).items():
            if lexicon is None or lexicon.accepts(ids):
                prior = lm_weight * model.log_prob(ids) if lm_weight else 0.0
                expected[ids] = (p, p + prior + token_bonus * len(ids))
        possible = {ids: values for ids, values in expected.items() if values[1] > -np.inf}
        if possible:
            assert_ranked(hypotheses, possible)
        else:  # the language model rules out everything
            (only,) = hypotheses
            assert (only.log_prob, only.score) == pytest.approx(expected[only.ids], abs=1e-11)


def test_language_model_decides_between_equal_tokens():
    log_probs = np.log([[1e-9, 0.5, 0.5], [1.0, 1e-9, 1e-9]])
    for seed in range(5):
        model = Bigrams(3, seed)
        (best,) = ctc_beam_search(log_probs, width=4, language_model=model, lm_weight=1.0)
        likely = 1 if model.log_prob((1,)) > model.log_prob((2,)) else 2
        assert best.ids == (likely,)


def test_language_model_reads_each_prefix_once_and_all_of_a_step_together():
    log_probs = random_log_probs(12, 4, 0)
    model = Bigrams(4, 0)
    prefixes = []

    class Counting:
        def start(self):
            return model.start()[0], ()

        def step(self, states, ids):
            new = [(*state, token) for state, token in zip(states, ids, strict=True)]
            prefixes.extend(new)
            calls.append(len(new))
            rows = [model.table[(0, *prefix)[-2], prefix[-1]] for prefix in new]
            return np.stack(rows), new

    calls = []
    counted = ctc_beam_search(log_probs, width=4, n_best=4, language_model=Counting())
    assert len(set(prefixes)) == len(prefixes)
    assert len(calls) <= len(log_probs)
    assert max(calls) <= 4
    assert counted == ctc_beam_search(log_probs, width=4, n_best=4, language_model=model)


def test_language_model_that_forbids_everything_returns_what_was_heard():
    class Never:
        def start(self):
            return np.full(3, -np.inf), None

        def step(self, states, ids):
            return np.full((len(ids), 3), -np.inf), states

    log_probs = np.log([[0.2, 0.5, 0.3]])
    (best,) = ctc_beam_search(log_probs, width=9, n_best=3, language_model=Never())
    assert best.ids == (1,)
    assert best.log_prob == pytest.approx(np.log(0.5))
    assert best.score == -np.inf


# -- All functions -----------------------------------------------------------------------

FUNCTIONS = {
    "greedy": ctc_greedy,
    "log_likelihood": lambda x: ctc_log_likelihood(x, [1, 2, 2]),
    "single": ctc_single,
    "align": lambda x: ctc_align(x, [1, 2]),
    "beam": lambda x: ctc_beam_search(x, width=8),
    "beam, lexicon": lambda x: ctc_beam_search(x, width=8, lexicon=Lexicon([(1, 2), (2,)], 3)),
    "beam, language": lambda x: ctc_beam_search(x, width=8, language_model=Bigrams(4, 0)),
}


def numbers_of(result):
    """Everything in a result, flat."""
    if isinstance(result, list | tuple):
        return [number for item in result for number in numbers_of(item)]
    return np.ravel(result).tolist()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_is_computed_in_float64(name):
    function = FUNCTIONS[name]
    single = random_log_probs(9, 4, 0, dtype=np.float32)
    before = single.copy()
    assert numbers_of(function(single)) == numbers_of(function(single.astype(np.float64)))
    np.testing.assert_array_equal(single, before)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_steps_are_accepted(name):
    FUNCTIONS[name](np.empty((0, 4)))


@pytest.mark.parametrize("function", [ctc_greedy, lambda x: ctc_beam_search(x, width=3)])
def test_no_steps_decode_to_nothing(function):
    found = function(np.empty((0, 4)))
    ids, log_prob = found if isinstance(found, tuple) else found[0][:2]
    assert (ids, log_prob) == ((), 0.0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_long_sequences_do_not_underflow(name):
    log_probs = random_log_probs(2000, 4, 0)
    assert np.isfinite(numbers_of(FUNCTIONS[name](log_probs))).all()


def test_long_sequences_are_exact():
    # Each token is certain in its steps except for a probability that is the same everywhere.
    n_tokens = 500
    ids = np.tile([1, 2], n_tokens // 2)
    path = np.repeat(np.column_stack((ids, np.zeros_like(ids))).ravel(), 2)  # T = 2000
    log_probs = np.log(np.eye(3)[path] * (1 - 3e-12) + 1e-12)
    ids = tuple(ids.tolist())
    assert ctc_greedy(log_probs)[0] == ids
    assert ctc_beam_search(log_probs, width=4)[0].ids == ids
    start, stop, log_prob = ctc_align(log_probs, ids)
    np.testing.assert_array_equal(start, np.arange(0, 2000, 4))
    np.testing.assert_array_equal(stop, start + 2)
    np.testing.assert_allclose(log_prob, 0, atol=1e-11)
    assert ctc_log_likelihood(log_probs, ids) == pytest.approx(0, abs=1e-7)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n_steps=st.integers(0, 30),
    n_columns=st.integers(2, 8),
    width=st.integers(1, 12),
    impossible=st.sampled_from([0.0, 0.3]),
)
@example(seed=0, n_steps=0, n_columns=2, width=1, impossible=0.0)
def test_functions_agree_with_each_other(seed, n_steps, n_columns, width, impossible):
    log_probs = random_log_probs(n_steps, n_columns, seed, impossible=impossible)
    ids, path_log_prob = ctc_greedy(log_probs)
    likelihood = ctc_log_likelihood(log_probs, ids)
    assert path_log_prob <= likelihood + 1e-9
    start, stop, log_prob = ctc_align(log_probs, ids)
    assert collapse(labels_of(start, stop, ids, n_steps)) == ids
    # The best alignment of the greedy tokens is the greedy path, apart from ties.
    blank = np.ones(n_steps, dtype=bool)
    for first, last in zip(start, stop, strict=True):
        blank[first:last] = False
    total = log_probs[blank, 0].sum() + (log_prob * (stop - start)).sum()
    assert total == pytest.approx(path_log_prob, abs=1e-9)
    for hypothesis in ctc_beam_search(log_probs, width=width, n_best=width):
        exact_value = ctc_log_likelihood(log_probs, hypothesis.ids)
        assert hypothesis.log_prob <= exact_value + 1e-9
