"""Decoding: brute force and plain Python searches, exact distributions, finished rows."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sk_rnn.decoding import Hypotheses, beam_search, greedy, sample

BEGIN, END = 0, 1
SPEECH = {"begin": BEGIN, "end": END}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# -- Models whose next token depends on the whole prefix ---------------------------------


class Tree:
    """Log-probabilities of the next token after each prefix: (n_rows, n_prefixes, n_tokens).

    The children of prefix i are i * n_tokens + 1 and those that follow.
    """

    def __init__(self, table):
        self.table = torch.as_tensor(table)
        self.n_tokens = self.table.shape[2]
        self.calls = []

    @classmethod
    def random(cls, n_rows, n_tokens, depth, seed=0):
        n_prefixes = sum(n_tokens**d for d in range(depth + 1))
        logits = np.random.default_rng(seed).normal(0, 1.5, (n_rows, n_prefixes, n_tokens))
        return cls(torch.as_tensor(logits).log_softmax(2))

    def state(self):
        n_rows = len(self.table)
        # A prefix is -1 before the first call; int32 and two dimensions are as good as any.
        return (torch.arange(n_rows), torch.full((n_rows, 1), -1, dtype=torch.int32))

    def step(self, tokens, state):
        row, prefix = state
        self.calls.append(row.tolist())
        prefix = torch.where(prefix[:, 0] < 0, 0, prefix[:, 0] * self.n_tokens + tokens + 1)
        return self.table[row, prefix], (row, prefix[:, None].int())

    def after(self, row, sequence):
        prefix = 0
        for token in sequence:
            prefix = prefix * self.n_tokens + token + 1
        return self.table[row, prefix].tolist()

    def decode(self, function, **options):
        return function(self.step, self.state(), **SPEECH, **options)


def score(log_prob, n_terms, length_penalty):
    return log_prob / n_terms**length_penalty


def brute_force(tree, row, limit, length_penalty):
    """All outcomes of a row, best first: (score, tokens, log_prob, finished)."""
    outcomes, open_ = [], [((), 0.0)]
    for n_terms in range(1, limit + 1):
        grown = []
        for sequence, log_prob in open_:
            for token, more in enumerate(tree.after(row, sequence)):
                if more == -math.inf:
                    continue
                if token == END:
                    total = log_prob + more
                    ranked = score(total, n_terms, length_penalty)
                    outcomes.append((ranked, sequence, total, True))
                else:
                    grown.append(((*sequence, token), log_prob + more))
        open_ = grown
    for sequence, log_prob in open_:
        outcomes.append((score(log_prob, limit, length_penalty), sequence, log_prob, False))
    return sorted(outcomes, key=lambda outcome: -outcome[0])


def plain_beam_search(tree, row, limit, beam_width, n_best, length_penalty):
    """Beam search for one row in plain Python, without early stopping."""
    pool, live = [], [((), 0.0)]
    for n_terms in range(1, limit + 1):
        grown = [
            ((*sequence, token), log_prob + more)
            for sequence, log_prob in live
            for token, more in sorted(enumerate(tree.after(row, sequence)), key=lambda c: -c[1])
            if more > -math.inf
        ]
        live = []
        for sequence, log_prob in sorted(grown, key=lambda c: -c[1])[:beam_width]:
            ranked = score(log_prob, n_terms, length_penalty)
            if sequence[-1] == END:
                pool.append((ranked, sequence[:-1], log_prob, True))
            elif n_terms == limit:
                pool.append((ranked, sequence, log_prob, False))
            else:
                live.append((sequence, log_prob))
    return sorted(pool, key=lambda outcome: -outcome[0])[:n_best]


def assert_row_is(hypotheses, row, expected):
    n = len(expected)
    assert hypotheses.to_list()[row] == [list(tokens) for _, tokens, _, _ in expected]
    log_probs = hypotheses.log_probs[row].numpy()
    np.testing.assert_allclose(log_probs[:n], [outcome[2] for outcome in expected], atol=1e-12)
    assert (log_probs[n:] == -np.inf).all()
    assert hypotheses.finished[row, :n].tolist() == [outcome[3] for outcome in expected]
    for rank, (_, tokens, _, _) in enumerate(expected):
        assert hypotheses.lengths[row, rank] == len(tokens)
        assert (hypotheses.tokens[row, rank, len(tokens) :] == END).all()


def assert_same(first, second):
    for name, a, b in zip(Hypotheses._fields, first, second, strict=True):
        assert a.dtype == b.dtype
        assert torch.equal(a, b), name


# -- Beam search -------------------------------------------------------------------------


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0, -0.5])
def test_wide_beam_search_equals_brute_force(length_penalty):
    n_tokens, limits = 3, [4, 1, 3, 2, 4]
    tree = Tree.random(len(limits), n_tokens, max(limits))
    found = tree.decode(
        beam_search,
        max_length=torch.tensor(limits),
        beam_width=n_tokens ** max(limits),
        n_best=40,
        length_penalty=length_penalty,
    )
    for row, limit in enumerate(limits):
        assert_row_is(found, row, brute_force(tree, row, limit, length_penalty)[:40])


@pytest.mark.parametrize("sign", [1, -1])
def test_beam_search_ranks_by_length_alone_where_its_power_overflows(sign):
    n_tokens, limit = 3, 4
    tree = Tree.random(1, n_tokens, limit)
    found = tree.decode(
        beam_search,
        max_length=limit,
        beam_width=n_tokens**limit,
        n_best=40,
        length_penalty=sign * 1e30,
    )
    outcomes = brute_force(tree, 0, limit, 0.0)
    n_terms = {tokens: len(tokens) + finished for _, tokens, _, finished in outcomes}
    outcomes.sort(key=lambda outcome: (-sign * n_terms[outcome[1]], -outcome[2]))
    assert_row_is(found, 0, outcomes[:40])


def test_outcomes_of_brute_force_are_a_distribution():
    tree = Tree.random(1, 3, 4)
    total = sum(math.exp(log_prob) for _, _, log_prob, _ in brute_force(tree, 0, 4, 0.0))
    assert total == pytest.approx(1.0)


@settings(max_examples=100)
@given(
    seed=st.integers(0, 10_000),
    n_tokens=st.integers(2, 5),
    limits=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    beam_width=st.integers(1, 6),
    length_penalty=st.sampled_from([0.0, 0.7, 1.0, 3.0, -1.0]),
    data=st.data(),
)
def test_beam_search_equals_reference_with_ties_and_dead_ends(
    seed, n_tokens, limits, beam_width, length_penalty, data
):
    n_best = data.draw(st.integers(1, beam_width))
    n_prefixes = sum(n_tokens**d for d in range(max(limits) + 1))
    rng = np.random.default_rng(seed)
    # Few values, whose sums are exact, so that most scores are shared by several hypotheses; and
    # tokens that cost nothing, so that late hypotheses win wherever length is favoured.
    table = rng.choice([0.0, -0.5, -1.0, -2.0, -np.inf], (len(limits), n_prefixes, n_tokens))
    dead = np.isneginf(table).all(2)
    table[dead, END] = -1.0
    tree = Tree(table)
    found = tree.decode(
        beam_search,
        max_length=torch.tensor(limits),
        beam_width=beam_width,
        n_best=n_best,
        length_penalty=length_penalty,
    )
    for row, limit in enumerate(limits):
        expected = plain_beam_search(tree, row, limit, beam_width, n_best, length_penalty)
        assert_row_is(found, row, expected)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0, 5.0, -1.0])
@pytest.mark.parametrize("max_length", [1, 6])
def test_beam_of_one_equals_greedy_exactly(max_length, length_penalty):
    tree = Tree.random(50, 3, 6)
    narrow = tree.decode(
        beam_search, max_length=max_length, beam_width=1, length_penalty=length_penalty
    )
    assert_same(narrow, tree.decode(greedy, max_length=max_length))


def test_wider_beams_find_more_probable_sequences():
    tree = Tree.random(200, 4, 5)
    found = [
        tree.decode(beam_search, max_length=5, beam_width=width).log_probs.mean().item()
        for width in (1, 2, 4, 16)
    ]
    assert found == sorted(found)
    assert found[0] < found[-1] - 0.1


def sure_word(n_tokens, p):
    """Ends immediately with probability p; otherwise ``n`` certain tokens and the end."""
    table = np.full((1, sum(3**d for d in range(n_tokens + 1)), 3), -np.inf)
    table[0, 0, [END, 2]] = np.log([p, 1 - p])
    prefix = 0
    for position in range(1, n_tokens + 1):
        prefix = prefix * 3 + 2 + 1
        table[0, prefix, END if position == n_tokens else 2] = 0.0
    return Tree(table)


def test_length_penalty_prefers_long_sequences():
    options = {"max_length": 5, "beam_width": 2}
    tree = sure_word(3, p=0.7)
    assert tree.decode(beam_search, **options).to_list() == [[[]]]
    # After two of four log-probabilities the mean is still below that of ending at once.
    assert math.log(0.3) / 2 < math.log(0.7) < math.log(0.3) / 4
    assert tree.decode(beam_search, **options, length_penalty=1.0).to_list() == [[[2, 2, 2]]]


def test_negative_length_penalty_continues_while_a_better_end_is_possible():
    options = {"max_length": 5, "beam_width": 2, "length_penalty": -1.0}
    # At the limit of 5 it would have lost.
    assert math.log(0.7) * 5 < math.log(0.3) < math.log(0.7) * 2
    assert sure_word(1, p=0.3).decode(beam_search, **options).to_list() == [[[2]]]
    assert sure_word(3, p=0.3).decode(beam_search, **options).to_list() == [[[]]]


def test_rows_stop_when_no_hypothesis_can_improve():
    table = torch.tensor([0.3, 0.5, 0.2], dtype=torch.float64).log().expand(2, 121, 3)
    options = {"max_length": 4, "beam_width": 3}
    tree = Tree(table)
    tree.decode(beam_search, **options)
    assert len(tree.calls) == 1
    # The mean log-probability of what begins with 0.3 may still rise above that of the end.
    tree.calls.clear()
    tree.decode(beam_search, **options, length_penalty=1.0)
    assert len(tree.calls) > 1
    # The second best is not known after one step.
    tree.calls.clear()
    tree.decode(beam_search, **options, n_best=2)
    assert len(tree.calls) > 1


def test_missing_hypotheses_are_padded():
    table = np.full((1, 4, 3), -np.inf)
    table[0, 0, END] = 0.0
    found = Tree(table).decode(beam_search, max_length=1, beam_width=4, n_best=4)
    assert found.to_list() == [[[]]]
    assert found.log_probs.tolist() == [[0.0] + [-math.inf] * 3]
    assert found.finished.tolist() == [[True, False, False, False]]
    assert found.tokens.shape == (1, 4, 0)


# -- Greedy ------------------------------------------------------------------------------


def test_greedy_selects_the_best_token_of_each_step():
    limits = [6, 3, 1, 5]
    tree = Tree.random(len(limits), 4, 6)
    found = tree.decode(greedy, max_length=torch.tensor(limits))
    for row, limit in enumerate(limits):
        sequence, log_prob, finished = [], 0.0, False
        while len(sequence) < limit and not finished:
            after = tree.after(row, sequence)
            token = int(np.argmax(after))
            log_prob += after[token]
            finished = token == END
            sequence += [] if finished else [token]
        assert_row_is(found, row, [(log_prob, sequence, log_prob, finished)])


def test_ties_select_the_lowest_token():
    def step(tokens, state):
        return torch.full((len(tokens), 70), -1.0), state

    options = {"begin": 69, "end": 60, "max_length": 2}
    state = (torch.arange(3),)
    assert greedy(step, state, **options).to_list() == [[[0, 0]]] * 3
    # Vocabularies and beams of several sizes, as topk has several algorithms.
    for width in (2, 5, 40):
        best = beam_search(step, state, beam_width=width, n_best=width, **options).to_list()
        assert best == [[[0, token] for token in range(width)]] * 3


def test_finished_rows_are_not_computed():
    lengths = [3, 0, 5, 1, 0]
    words = torch.full((5, 6), END)
    for row, length in enumerate(lengths):
        words[row, :length] = 2
    batches = []

    def step(tokens, state):
        row, position = state
        batches.append(row.unique().tolist())
        scores = nn.functional.one_hot(words[row, position], 4) * 9.0
        return scores.log_softmax(1), (row, position + 1)

    state = (torch.arange(5), torch.zeros(5, dtype=torch.int64))
    for function, options in ((greedy, {}), (sample, {"top_k": 1}), (beam_search, {})):
        batches.clear()
        if function is beam_search:
            options = {"beam_width": 2}
        found = function(step, state, **SPEECH, max_length=9, **options)
        assert found.lengths[:, 0].tolist() == lengths
        assert batches == [[0, 1, 2, 3, 4], [0, 2, 3], [0, 2], [0, 2], [2], [2]]


# -- All three functions -----------------------------------------------------------------

FUNCTIONS = {
    "greedy": (greedy, {}),
    "sample": (sample, {}),
    "beam_search": (beam_search, {"beam_width": 3, "n_best": 2}),
}
ALL = pytest.mark.parametrize(("function", "options"), FUNCTIONS.values(), ids=FUNCTIONS)


@ALL
def test_forbidden_tokens_are_never_generated_and_scores_are_unchanged(function, options):
    tree = Tree.random(40, 4, 4)
    before = tree.table.clone()
    found = tree.decode(function, max_length=4, forbidden=[BEGIN, 3], **options)
    assert {t for row in found.to_list() for tokens in row for t in tokens} <= {2}
    assert torch.equal(tree.table, before)
    endless = tree.decode(function, max_length=4, forbidden=[END], **options)
    assert not endless.finished.any()
    assert (endless.lengths == 4).all()


@ALL
def test_log_probs_are_those_of_the_tokens(function, options):
    tree = Tree.random(30, 4, 4)
    found = tree.decode(function, max_length=4, **options)
    for row, hypotheses in enumerate(found.to_list()):
        for rank, tokens in enumerate(hypotheses):
            emitted = [*tokens, END] if found.finished[row, rank] else tokens
            log_prob = sum(tree.after(row, emitted[:i])[t] for i, t in enumerate(emitted))
            assert found.log_probs[row, rank].item() == pytest.approx(log_prob)


@ALL
def test_no_rows_give_no_hypotheses(function, options):
    tree = Tree.random(3, 3, 1)
    tree.table = tree.table[:0]
    found = tree.decode(function, max_length=4, **options)
    n_best = options.get("n_best", 1)
    assert found.tokens.shape == (0, n_best, 0)
    assert found.lengths.shape == found.log_probs.shape == found.finished.shape == (0, n_best)
    assert found.to_list() == []
    assert tree.calls == []


@ALL
def test_no_gradients_and_no_global_generator_are_used(function, options):
    layer = nn.Linear(1, 4)

    def step(tokens, state):
        return layer(state[0]).log_softmax(1), state

    before = torch.random.get_rng_state()
    found = function(step, (torch.ones(3, 1),), **SPEECH, max_length=4, **options)
    assert not found.log_probs.requires_grad
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("function", [greedy, beam_search])
def test_rows_do_not_depend_on_their_batch(function):
    options = {"beam_width": 3, "n_best": 3} if function is beam_search else {}
    tree = Tree.random(8, 4, 5)
    together = tree.decode(function, max_length=5, **options)
    for row in range(8):
        alone = Tree(tree.table[row : row + 1]).decode(function, max_length=5, **options)
        assert alone.to_list()[0] == together.to_list()[row]
        assert torch.equal(alone.log_probs[0], together.log_probs[row])


def test_state_follows_its_hypothesis():
    # A recurrent step: were the states not reordered with the beam, the scores would not add up.
    torch_generator = generator()
    cell = nn.GRUCell(3, 6).double()
    embedding = torch.randn(5, 3, generator=torch_generator, dtype=torch.float64)
    for parameter in cell.parameters():
        parameter.data = torch.randn(parameter.shape, generator=torch_generator).double()
    output = torch.randn(6, 5, generator=torch_generator, dtype=torch.float64)

    def step(tokens, state):
        hidden = cell(embedding[tokens], state[0])
        return (hidden @ output).log_softmax(1), (hidden,)

    start = torch.randn(20, 6, generator=torch_generator, dtype=torch.float64)
    found = beam_search(step, (start,), **SPEECH, max_length=7, beam_width=4, n_best=4)
    assert len({tuple(tokens) for tokens in found.to_list()[0]}) == 4
    with torch.no_grad():
        for row, hypotheses in enumerate(found.to_list()):
            for rank, tokens in enumerate(hypotheses):
                emitted = [*tokens, END] if found.finished[row, rank] else tokens
                state, log_prob, last = (start[row : row + 1],), 0.0, BEGIN
                for token in emitted:
                    scores, state = step(torch.tensor([last]), state)
                    log_prob, last = log_prob + scores[0, token].item(), token
                assert found.log_probs[row, rank].item() == pytest.approx(log_prob)


# -- Sampling ----------------------------------------------------------------------------

PROBS = np.array([0.05, 0.1, 0.25, 0.4, 0.2])
N_DRAWS = 20_000


def kept(probs, tokens):
    kept = np.zeros_like(probs)
    kept[tokens] = probs[tokens]
    return kept / kept.sum()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, PROBS),
        ({"temperature": 0.5}, PROBS**2 / (PROBS**2).sum()),
        ({"temperature": 2.0}, PROBS**0.5 / (PROBS**0.5).sum()),
        ({"top_k": 1}, kept(PROBS, [3])),
        ({"top_k": 3}, kept(PROBS, [2, 3, 4])),
        ({"top_k": 9}, PROBS),
        ({"top_p": 0.3}, kept(PROBS, [3])),
        ({"top_p": 0.64}, kept(PROBS, [2, 3])),
        ({"top_p": 0.66}, kept(PROBS, [2, 3, 4])),
        ({"top_p": 1.0}, PROBS),
        # Of the three that top-k leaves the first two have 0.65 / 0.85 together.
        ({"top_k": 3, "top_p": 0.7}, kept(PROBS, [2, 3])),
        # The squares of 0.4 and 0.25 have 0.82 of the sum of squares; unsquared, 0.65.
        ({"temperature": 0.5, "top_p": 0.75}, kept(PROBS**2, [2, 3])),
        ({"forbidden": [3]}, kept(PROBS, [0, 1, 2, 4])),
        ({"forbidden": [3], "top_k": 2}, kept(PROBS, [2, 4])),
    ],
    ids=str,
)
def test_samples_have_the_exact_distribution(options, expected):
    def step(tokens, state):
        return torch.as_tensor(PROBS).log().expand(len(tokens), -1), state

    drawn = sample(
        step,
        (torch.arange(N_DRAWS),),
        begin=0,
        end=4,
        max_length=1,
        generator=generator(),
        **options,
    )
    ended = drawn.finished[:, 0]
    emitted = torch.full((N_DRAWS,), 4)
    if drawn.tokens.shape[2]:
        emitted = torch.where(ended, 4, drawn.tokens[:, 0, 0])
    counts = np.bincount(emitted, minlength=5)
    assert (counts[expected == 0] == 0).all()
    # Five standard deviations of a binomial count.
    spread = np.sqrt(N_DRAWS * expected * (1 - expected))
    assert (np.abs(counts - N_DRAWS * expected) <= 5 * spread + 1e-9).all()
    np.testing.assert_allclose(drawn.log_probs[:, 0], np.log(PROBS)[emitted])


def test_sampled_sequences_have_their_probabilities():
    tree = Tree.random(1, 3, 3)
    tree.table = tree.table.expand(N_DRAWS, -1, -1)
    drawn = tree.decode(sample, max_length=3, generator=generator())
    counts = {}
    for row, finished in zip(drawn.to_list(), drawn.finished[:, 0].tolist(), strict=True):
        outcome = (tuple(row[0]), finished)
        counts[outcome] = counts.get(outcome, 0) + 1
    for _, tokens, log_prob, finished in brute_force(tree, 0, 3, 0.0):
        p = math.exp(log_prob)
        count = counts.pop((tokens, finished), 0)
        assert abs(count - N_DRAWS * p) <= 5 * math.sqrt(N_DRAWS * p * (1 - p)) + 1
    assert counts == {}


def test_sample_depends_on_the_seed():
    tree = Tree.random(50, 4, 4)
    first, again, other = (
        tree.decode(sample, max_length=4, generator=generator(seed)) for seed in (0, 0, 1)
    )
    assert_same(first, again)
    assert first.to_list() != other.to_list()
    unseeded = [tree.decode(sample, max_length=4).to_list() for _ in range(2)]
    assert unseeded[0] != unseeded[1]


@pytest.mark.parametrize("options", [{"temperature": 1e-300}, {"top_k": 1}, {"top_p": 1e-9}])
def test_sampling_from_one_token_equals_greedy(options):
    tree = Tree.random(50, 4, 4)
    assert_same(
        tree.decode(sample, max_length=4, generator=generator(), **options),
        tree.decode(greedy, max_length=4),
    )


# -- Messages ----------------------------------------------------------------------------


def uniform(tokens, state):
    return torch.full((len(tokens), 3), -1.0), state


def broken(value):
    def step(tokens, state):
        scores = torch.full((len(tokens), 3), -1.0)
        scores[:, END] = -torch.inf
        if state[0][0, 1] == 2:
            scores[-1] = value
        return scores, (state[0] + torch.tensor([0, 1]),)

    return step


STATE = (torch.tensor([[0, 0], [1, 0]]),)

MESSAGES = {
    "no state": (
        lambda: greedy(uniform, (), **SPEECH, max_length=2),
        "greedy: state is empty. Pass a tuple of tensors with one row per sequence, such as "
        "(torch.arange(n_rows),).",
    ),
    "state with different numbers of rows": (
        lambda: sample(uniform, (torch.ones(2), torch.ones(3, 2)), **SPEECH, max_length=2),
        "sample: the tensors of state have [2, 3] rows. Give all the same number, one row per "
        "sequence in dimension 0.",
    ),
    "max_length 0": (
        lambda: greedy(uniform, STATE, **SPEECH, max_length=0),
        "greedy: max_length is 0. Pass at least 1.",
    ),
    "max_length of the wrong shape": (
        lambda: greedy(uniform, STATE, **SPEECH, max_length=torch.ones(3, dtype=torch.int64)),
        "greedy: max_length has shape (3,) and dtype torch.int64. Pass an int, or an int64 tensor "
        "of shape (2,), one limit per row.",
    ),
    "max_length of a float dtype": (
        lambda: beam_search(uniform, STATE, **SPEECH, max_length=torch.ones(2), beam_width=2),
        "beam_search: max_length has shape (2,) and dtype torch.float32. Pass an int, or an int64 "
        "tensor of shape (2,), one limit per row.",
    ),
    "forbidden beyond the vocabulary": (
        lambda: greedy(uniform, STATE, **SPEECH, max_length=2, forbidden=[0, 3]),
        "greedy: forbidden is [0, 3], but step scores 3 tokens. Pass ids from 0 to 2.",
    ),
    "everything forbidden": (
        lambda: sample(uniform, STATE, **SPEECH, max_length=2, forbidden=[0, 1, 2]),
        "sample: step returned -inf for every token that is not forbidden in row 0 at position 0. "
        "Return log-probabilities, with a finite one for `end` where nothing else may follow.",
    ),
    "dead end": (
        lambda: beam_search(
            broken(-torch.inf), STATE, **SPEECH, max_length=9, beam_width=2, forbidden=[BEGIN]
        ),
        "beam_search: step returned -inf for every token that is not forbidden in row 1 at "
        "position 2. Return log-probabilities, with a finite one for `end` where nothing else may "
        "follow.",
    ),
    "NaN": (
        lambda: greedy(broken(torch.nan), STATE, **SPEECH, max_length=9),
        "greedy: step returned NaN in row 1 at position 2. Return log-probabilities, with a finite "
        "one for `end` where nothing else may follow.",
    ),
    "temperature": (
        lambda: sample(uniform, STATE, **SPEECH, max_length=2, temperature=-1.0),
        "sample: temperature is -1.0. Pass a non-negative number; 0 is greedy.",
    ),
    "top_k": (
        lambda: sample(uniform, STATE, **SPEECH, max_length=2, top_k=0),
        "sample: top_k is 0. Pass at least 1, or None for all tokens.",
    ),
    "top_p": (
        lambda: sample(uniform, STATE, **SPEECH, max_length=2, top_p=1.5),
        "sample: top_p is 1.5. Pass a probability above 0 and up to 1, or None for all tokens.",
    ),
    "beam_width": (
        lambda: beam_search(uniform, STATE, **SPEECH, max_length=2, beam_width=0),
        "beam_search: beam_width is 0. Pass at least 1.",
    ),
    "n_best": (
        lambda: beam_search(uniform, STATE, **SPEECH, max_length=2, beam_width=2, n_best=3),
        "beam_search: n_best is 3, but beam_width is 2. Pass 1 to beam_width, or widen the beam.",
    ),
    "length_penalty": (
        lambda: beam_search(
            uniform, STATE, **SPEECH, max_length=2, beam_width=2, length_penalty=math.nan
        ),
        "beam_search: length_penalty is nan. Pass a finite number, such as 1.0.",
    ),
}


@pytest.mark.parametrize(("call", "message"), MESSAGES.values(), ids=MESSAGES)
def test_messages(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message


# -- CUDA --------------------------------------------------------------------------------


@pytest.mark.cuda
def test_results_on_cuda_equal_those_on_the_cpu():
    tree = Tree.random(50, 4, 5)
    limits = torch.tensor([1, 2, 3, 4, 5] * 10)
    for function, options in ((greedy, {}), (beam_search, {"beam_width": 3, "n_best": 3})):
        here = tree.decode(function, max_length=limits, **options)
        there = Tree(tree.table.cuda())
        state = tuple(tensor.cuda() for tensor in there.state())
        found = function(there.step, state, **SPEECH, max_length=limits, **options)
        assert found.tokens.is_cuda
        assert_same(here, Hypotheses(*(tensor.cpu() for tensor in found)))
    drawn = sample(there.step, state, **SPEECH, max_length=5)
    assert drawn.tokens.is_cuda


def test_uniform_determines_the_sample_of_each_row():
    asked = []

    def step(tokens, state):
        probs = torch.tensor([0.0, 0.25, 0.75, 0.0]).expand(len(tokens), -1)
        return probs.log(), state

    def uniform(rows, position):
        asked.append((rows.tolist(), position))
        return torch.tensor([0.0, 0.24, 0.26, 1.0 - 2**-53], dtype=torch.float64)[rows]

    drawn = sample(step, (torch.arange(4),), begin=0, end=1, max_length=2, uniform=uniform)
    # A token of probability zero is never drawn, neither by the lowest nor by the highest number.
    assert drawn.to_list() == [[[]], [[]], [[2, 2]], [[2, 2]]]
    assert asked == [([0, 1, 2, 3], 0), ([2, 3], 1)]
