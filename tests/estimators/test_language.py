"""RNNLanguageModel: likelihoods, generation, kinds of steps, and what it learns."""

import pickle
import warnings
from functools import cache

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logsumexp
from scipy.stats import norm
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator
from skorch.callbacks import EpochScoring

from sk_rnn import Panel, RNNLanguageModel
from sk_rnn.datasets import make_dyck, make_markov_chain, make_moving_digits
from sk_rnn.preprocessing import SequenceVectorizer

NAMES = ["anna", "hanna", "johanna", "susanna", "rosanna", "marianna", "ann", "joan"] * 4
STREAM = ["to be or not to be, that is the question. " * 30]
TOKENS = [["open", "read", "close"], ["open", "close"], ["open", "read", "read", "close"]] * 6
_rng = np.random.default_rng(0)
BITS = [(_rng.random((n, 3)) < 0.4).astype(float) for n in _rng.integers(2, 9, 12)]
NUMBERS = [np.cumsum(_rng.normal(size=(n, 2)), axis=0) for n in _rng.integers(2, 9, 12)]
FIXED = _rng.normal(size=(12, 7))
GREY = _rng.random((6, 5, 4, 3))

DATA = {
    "text": (NAMES, {}),
    "stream": (STREAM, {}),
    "words": (["to be or not to be .", "be that or that ."] * 6, {"analyzer": "word"}),
    "tokens": (TOKENS, {"analyzer": None, "cell": "lstm", "num_layers": 2}),
    "ids": (SequenceVectorizer(analyzer="char").fit_transform(NAMES), {}),
    "tied": (NAMES, {"tied_embeddings": True, "cell": "rnn_tanh"}),
    "bits": (BITS, {}),
    "bits of a stream": (BITS, {"ends": False, "cell": "lstm"}),
    "gaussian": (NUMBERS, {}),
    "mixture": (NUMBERS, {"density": "mixture", "n_components": 3, "layer_norm": True}),
    "squared_error": (NUMBERS, {"density": "squared_error", "ends": False}),
    "table": (FIXED, {}),
    "frames": (GREY, {"kind": "binary"}),
}
each_kind = pytest.mark.parametrize("name", DATA)
of_tokens = pytest.mark.parametrize("name", ["text", "stream", "words", "tokens", "ids", "tied"])
of_numbers = pytest.mark.parametrize(
    "name", ["bits", "bits of a stream", "gaussian", "mixture", "squared_error", "table", "frames"]
)


def make(name, **params):
    small = {"hidden_size": 8, "max_epochs": 2, "random_state": 0, "max_length": 12}
    return RNNLanguageModel(**{**small, **DATA[name][1], **params})


@cache
def fitted(name):
    return make(name).fit(DATA[name][0])


def take(X, rows):
    if isinstance(X, np.ndarray | Panel):
        return X[rows]
    return [X[i] for i in np.arange(len(X))[rows]]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        if isinstance(other, str | list | None):
            assert one == other
        else:
            assert_array_equal(one, other)


# --- contract -------------------------------------------------------------------------------------

VARIANTS = [
    {},
    {"ends": False},
    {"density": "mixture", "cell": "lstm", "num_layers": 2},
    {"density": "squared_error", "early_stopping": True, "validation_fraction": 0.3},
]


def checks():
    for params in VARIANTS:
        model = RNNLanguageModel(hidden_size=8, max_epochs=3, **params)
        for estimator, check in estimator_checks_generator(model):
            name = getattr(check, "func", check).__name__
            yield pytest.param(estimator, check, id=f"{params}-{name}")


@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_language_model_passes_every_check(estimator, check):
    check(estimator)


@each_kind
def test_likelihoods_do_not_depend_on_the_batch(name):
    X, model = DATA[name][0], fitted(name)
    together = model.score_samples(X)
    assert together.dtype == np.float64
    alone = [model.score_samples(take(X, slice(i, i + 1)))[0] for i in range(len(X))]
    assert_array_equal(together, alone)


@each_kind
def test_steps_sum_to_the_likelihood(name):
    X, model = DATA[name][0], fitted(name)
    steps = model.score_steps(X)
    more = int(model.ends_ and name not in ("table", "frames"))
    lengths = [len(row.split()) if name == "words" else len(row) for row in X]
    assert [len(row) for row in steps] == [length + more for length in lengths]
    assert_allclose([row.sum() for row in steps], model.score_samples(X))
    assert_allclose(np.concatenate(list(steps)).mean(), model.score(X))
    assert_allclose(np.exp(-model.score(X)), model.perplexity(X))


@each_kind
def test_score_weights_steps(name):
    X, model = DATA[name][0], fitted(name)
    weights = np.arange(1.0, len(X) + 1)
    steps = model.score_steps(X)
    by_step = np.repeat(weights, [len(row) for row in steps])
    expected = np.average(np.concatenate(list(steps)), weights=by_step)
    assert_allclose(model.score(X, sample_weight=weights), expected)


@each_kind
def test_likelihood_of_a_step_depends_on_earlier_ones_only(name):
    X, model = DATA[name][0], fitted(name)
    row = take(X, slice(1)) if len(X) == 1 else take(X, slice(2, 3))
    whole = model.score_steps(row)[0]
    begin = [list(steps)[: len(steps) // 2] for steps in row]
    if name == "words":
        begin = [" ".join(row[0].split()[:4])]
    elif isinstance(row[0], str):
        begin = ["".join(steps) for steps in begin]
    elif not isinstance(row[0], list):
        begin = [np.array(steps) for steps in begin]
        if name == "ids":
            begin = Panel.from_sequences(begin)
        elif name in ("table", "frames"):
            begin = np.array(begin)
    n = 4 if name == "words" else len(begin[0])
    if name != "table":  # whose rows have a fixed length
        assert_array_equal(model.score_steps(begin)[0][:n], whole[:n])


@each_kind
def test_saved_models_are_the_same(name):
    X, model = DATA[name][0], fitted(name)
    data = skops.io.dumps(model)
    trusted = skops.io.get_untrusted_types(data=data)
    for copy in (pickle.loads(pickle.dumps(model)), skops.io.loads(data, trusted=trusted)):
        assert_array_equal(copy.score_samples(X), model.score_samples(X))
        assert_same(copy.generate(X, random_state=1), model.generate(X, random_state=1))
        assert_same(copy.sample(3, random_state=1), model.sample(3, random_state=1))


@each_kind
def test_fit_is_reproducible_and_independent_of_the_order_of_rows(name):
    X = DATA[name][0]
    again = make(name).fit(X)
    assert_array_equal(again.score_samples(X), fitted(name).score_samples(X))
    if len(X) > 1:
        order = np.random.default_rng(1).permutation(len(X))
        shuffled = make(name).fit(take(X, order))
        assert_allclose(shuffled.score_samples(X), again.score_samples(X), rtol=1e-4)


@each_kind
def test_torch_and_kernels_agree(name):
    X, model = DATA[name][0], fitted(name)
    torch_model = pickle.loads(pickle.dumps(model)).to(backend="torch")
    assert_allclose(torch_model.score_samples(X), model.score_samples(X), rtol=1e-4)
    greedy = model.generate(X, temperature=0)
    for one, other in zip(torch_model.generate(X, temperature=0), greedy, strict=True):
        if isinstance(one, str | list):
            assert one == other
        else:
            assert_allclose(one, other, atol=1e-4)


@each_kind
def test_transform_returns_the_last_state(name):
    X, model = DATA[name][0], fitted(name)
    states = model.transform(X)
    assert states.shape == (len(X), 8)
    assert len(model.get_feature_names_out()) == 8
    assert model.get_feature_names_out()[0] == "rnnlanguagemodel0"


@each_kind
def test_warm_start_and_partial_fit_continue(name):
    X = DATA[name][0]
    model = make(name, warm_start=True).fit(X)
    assert model.fit(X).n_iter_ == 4
    assert model.partial_fit(X).n_iter_ == 5
    first = make(name).partial_fit(X)
    assert first.n_iter_ == 1
    assert first.partial_fit(X).n_iter_ == 2


@each_kind
def test_validation_data_are_scored(name):
    X = DATA[name][0]
    model = make(name).fit(X, X_val=X)
    assert len(model.validation_curve_) == 2
    stopped = make(name, early_stopping=True).fit(X)
    assert len(stopped.validation_curve_) == 2


# --- tokens ---------------------------------------------------------------------------------------


@of_tokens
def test_probabilities_sum_to_one(name):
    X, model = DATA[name][0], fitted(name)
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), len(model.tokens_) + model.ends_)
    assert_allclose(proba.sum(axis=1), 1)
    names = [*model.tokens_, *([None] if model.ends_ else [])]
    assert [names[i] for i in proba.argmax(axis=1)] == list(model.predict(X))


def test_probabilities_are_those_of_score_steps():
    model = fitted("text")
    column = {token: i for i, token in enumerate(model.tokens_)}
    steps = model.score_steps(["joan"])[0]
    prefixes = ["joan"[:i] for i in range(5)]
    proba = model.predict_proba(prefixes)
    known = [proba[i, column[token]] for i, token in enumerate("joan")] + [proba[4, -1]]
    # Steps also count the unknown token, which never occurred.
    assert_allclose(np.exp(steps), known, rtol=0.05)


@of_tokens
def test_a_prompt_in_one_piece_is_a_prompt_step_by_step(name):
    X, model = DATA[name][0], fitted(name)
    short = model.generate(X, max_length=1, temperature=0)
    both = model.generate(X, max_length=4, temperature=0)
    prompts = short
    if name == "ids":
        prompts = Panel.from_sequences([np.array(row) for row in short])
    if all(len(row) > len(prompt) for row, prompt in zip(short, X, strict=True)):
        assert_same(model.generate(prompts, max_length=3, temperature=0), both)


def test_generation_agrees_with_predictions_in_a_loop():
    model = fitted("stream")
    text = "to be"
    for _ in range(20):
        text += model.predict([text])[0]
    assert model.generate(["to be"], max_length=20, temperature=0)[0] == text


@of_tokens
def test_a_draw_does_not_depend_on_the_other_rows(name):
    model = fitted(name)
    many = model.sample(40, random_state=3, temperature=1.3, top_k=4, top_p=0.9)
    assert_same(model.sample(5, random_state=3, temperature=1.3, top_k=4, top_p=0.9), many[:5])
    assert len(set(map(str, many))) > 1


def test_temperature_zero_is_greedy():
    model = fitted("text")
    greedy = model.generate(["jo"], temperature=0)
    assert_same(model.generate(["jo"], top_k=1, random_state=4), greedy)
    assert_same(model.generate(["jo"], temperature=1e-300, random_state=4), greedy)


def test_samples_follow_the_probabilities():
    model = fitted("text")
    n = 4000
    drawn = [row[:1] for row in model.sample(n, max_length=1, random_state=0)]
    expected = model.predict_proba([""])[0]
    found = [drawn.count(token) / n for token in model.tokens_] + [drawn.count("") / n]
    assert_allclose(found, expected, atol=4 * np.sqrt(0.25 / n))
    top = set(model.tokens_[np.argsort(-expected[:-1])[:3]])
    assert {row[:1] for row in model.sample(200, top_k=3, random_state=0)} <= {*top, ""}


def test_compiled_generation_agrees_with_decoding_sample():
    model = fitted("text")
    torch_model = pickle.loads(pickle.dumps(model)).to(backend="torch")
    for options in ({}, {"temperature": 0.5}, {"top_k": 3}, {"top_p": 0.7}, {"stop": "a"}):
        ours = model.sample(50, random_state=5, **options)
        theirs = torch_model.sample(50, random_state=5, **options)
        assert np.mean([a == b for a, b in zip(ours, theirs, strict=True)]) > 0.95


def test_stop_ends_a_row_and_is_kept():
    model = fitted("stream")
    rows = model.sample(20, stop=" ", max_length=50, random_state=0)
    assert all(row.count(" ") <= 1 for row in rows)
    assert all(row.endswith(" ") or len(row) == 50 for row in rows)
    several = model.sample(20, stop={" ", "e"}, max_length=50, random_state=0)
    assert all(len(row) == 50 or row[-1] in " e" for row in several)


def test_prompts_can_be_left_out():
    model = fitted("text")
    with_prompt = model.generate(["jo", "an"], random_state=0)
    without = model.generate(["jo", "an"], include_prompt=False, random_state=0)
    assert [f"jo{without[0]}", f"an{without[1]}"] == list(with_prompt)


def test_words_are_joined_as_they_were_split():
    model = fitted("words")
    continued = model.generate(["to be ."], max_length=3, random_state=0)[0]
    assert continued.startswith("to be .")


def test_unknown_tokens_are_read_and_kept_with_a_warning():
    model = fitted("text")
    with pytest.warns(UserWarning, match="1 of 3 tokens, in 1 of 1 sequences, are not in the voc"):
        row = model.generate(["jöa"], random_state=0)[0]
    assert row.startswith("jöa")
    with pytest.warns(UserWarning, match="not in the vocabulary"):
        assert np.isfinite(model.score_samples(["ö"])).all()
    unknown = fitted("text").sample(200, random_state=0)
    assert set("".join(unknown)) <= set(model.tokens_)


def test_an_empty_row_is_an_end():
    model = fitted("text")
    assert len(model.score_steps([""])[0]) == 1
    assert_allclose(
        model.score_samples([""])[0], np.log(model.predict_proba([""])[0, -1]), atol=0.1
    )
    assert fitted("text").fit(["", "a", "ab"] * 4).ends_


def test_ends_auto():
    text = "ab" * 700  # longer than 20 chunks of 64 steps
    assert not RNNLanguageModel(max_epochs=1, hidden_size=2).fit([text]).ends_
    assert not RNNLanguageModel(max_epochs=1, hidden_size=2).fit([text] * 3).ends_
    assert RNNLanguageModel(max_epochs=1, hidden_size=2).fit(["ab"] * 3).ends_
    assert RNNLanguageModel(max_epochs=1, hidden_size=2, ends=True).fit([text]).ends_


def test_callbacks_receive_ids():
    model = make("text", callbacks=[EpochScoring("accuracy", on_train=True)]).fit(NAMES)
    assert model.n_iter_ == 2


# --- numbers --------------------------------------------------------------------------------------


@of_numbers
def test_numbers_come_back_in_their_format(name):
    X, model = DATA[name][0], fitted(name)
    steps = model.predict_steps(X)
    assert [np.shape(row) for row in steps] == [np.shape(row) for row in X]
    longer = model.generate(X, max_length=3, random_state=0)
    for row, prompt in zip(longer, X, strict=True):
        assert row.shape[1:] == np.shape(prompt)[1:]
        assert_allclose(row[: len(prompt)], prompt)
    shape = (len(X),) if name == "table" else (len(X), *np.shape(X[0])[1:])
    assert model.predict(X).shape == shape
    assert model.sample(2)[0].shape[1:] == np.shape(X[0])[1:]
    if name in ("table", "frames"):
        assert steps.shape == X.shape
        assert model.sample(2).shape == (2, *X.shape[1:])


def test_predictions_of_bits():
    model = fitted("bits")
    proba = model.predict_proba(BITS)
    assert_array_equal(model.predict(BITS), proba > 0.5)
    assert {*np.concatenate(list(model.sample(5, random_state=0))).ravel()} <= {0.0, 1.0}
    assert not hasattr(fitted("gaussian"), "predict_proba")


def _outputs(model, X):
    found = {}

    def keep(outputs, labels, places):
        found.update(zip(places.tolist(), outputs.double().numpy(), strict=True))

    model._over_steps(model._read(X, "score_samples"), keep)
    return np.array([found[i] for i in range(len(found))])


def test_likelihood_of_bits_is_that_of_a_reference():
    model, X = fitted("bits"), BITS[:1]
    outputs = _outputs(model, X)
    p, end = expit(outputs[:, :-1]), expit(outputs[:, -1])
    expected = [
        np.log(1 - end[t]) + np.log(np.where(x == 1, p[t], 1 - p[t])).sum()
        for t, x in enumerate(X[0])
    ]
    expected.append(np.log(end[-1]))
    assert_allclose(model.score_steps(X)[0], expected, rtol=1e-5)


def test_density_of_numbers_is_that_of_a_reference():
    X = FIXED[:1]
    mean, std = FIXED.mean(), FIXED.std()
    for density in ("gaussian", "mixture", "squared_error"):
        model = make("table", density=density, n_components=2).fit(FIXED)
        outputs = _outputs(model, X)
        if density == "mixture":
            weights, locs, raws = outputs[:, :2], outputs[:, 2:4], outputs[:, 4:]
            weights = weights - logsumexp(weights, axis=1, keepdims=True)
        elif density == "gaussian":
            weights, locs, raws = np.zeros((7, 1)), outputs[:, :1], outputs[:, 1:]
        if density == "squared_error":
            sd = np.sqrt(model._target.variance)
            expected = norm.logpdf(X[0], mean + std * outputs[:, 0], std * sd)
        else:
            scale = std * np.exp(4 * np.tanh(raws / 8))
            parts = norm.logpdf(X[0][:, None], mean + std * locs, scale)
            expected = logsumexp(weights + parts, axis=1)
        assert_allclose(model.score_steps(X)[0], expected, rtol=1e-4)


def test_densities_integrate_to_one():
    for density in ("gaussian", "mixture", "squared_error"):
        model = make("table", density=density).fit(100 + 10 * FIXED)
        grid = np.linspace(0, 200, 4001)
        rows = np.repeat(grid[:, None], 7, axis=1)
        steps = [row[0] for row in model.score_steps(rows)]
        assert_allclose(np.exp(steps).sum() * (grid[1] - grid[0]), 1, rtol=1e-3)


def test_temperature_of_numbers():
    model = fitted("gaussian")
    assert_same(
        model.generate(NUMBERS, temperature=0, max_length=3),
        model.generate(NUMBERS, temperature=0, max_length=3, random_state=5),
    )
    spread = [
        np.std([row[0, 0] for row in model.sample(300, temperature=t, random_state=0) if len(row)])
        for t in (0.25, 1.0)
    ]
    assert 0.4 < spread[0] / spread[1] < 0.6  # the square root of a quarter


def test_series_of_one_feature_are_predicted_as_numbers():
    rows = [np.arange(n) / 4.0 for n in (3, 4, 5)]
    model = RNNLanguageModel(hidden_size=2, max_epochs=1).fit(rows)
    assert model.predict(rows).shape == (3,)
    assert model.predict_steps(rows)[0].shape == (3,)


def test_zeros_and_ones_of_one_feature_are_tokens():
    X = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    model = RNNLanguageModel(hidden_size=2, max_epochs=1).fit(X)
    assert model.kind_ == "tokens"
    assert model.tokens_.tolist() == [0.0, 1.0]
    assert RNNLanguageModel(kind="numbers", hidden_size=2, max_epochs=1).fit(X).kind_ == "numbers"


def test_grey_values_are_predicted_between_black_and_white():
    model = fitted("frames")
    frames = model.predict_steps(GREY)
    assert ((frames > 0) & (frames < 1)).all()
    film = model.generate(GREY[:2, :3], max_length=2, temperature=0)
    assert film.shape == (2, 5, 4, 3)


# --- training on streams --------------------------------------------------------------------------


def test_states_are_carried_from_chunk_to_chunk():
    # The symbol at a step is that of 12 steps before, farther than a chunk: only a carried state
    # can know it.
    rng = np.random.default_rng(0)
    row = list(rng.integers(0, 2, 12))
    text = "".join("ab"[i] for i in row * 80)
    carried = RNNLanguageModel(
        tbptt_steps=6, hidden_size=32, max_epochs=40, batch_size=4, random_state=0
    ).fit([text])
    assert -carried.score([text]) < 0.2


def test_a_stream_is_scored_in_one_pass_whatever_its_length():
    model = fitted("stream")
    long = STREAM[0] * 30  # longer than what is computed at once
    steps = model.score_steps([long])[0]
    assert len(steps) == len(long)
    assert_array_equal(steps[: len(STREAM[0])], model.score_steps(STREAM)[0])


# --- learning -------------------------------------------------------------------------------------


def test_learns_the_entropy_of_a_markov_chain():
    X, log_likelihoods = make_markov_chain(400, n_timesteps=50, n_symbols=4, random_state=0)
    model = RNNLanguageModel(
        kind="tokens", ends=False, hidden_size=32, max_epochs=20, random_state=0
    ).fit(X[:300])
    found = model.score_samples(X[300:]).sum()
    assert_allclose(found, log_likelihoods[300:].sum(), rtol=0.02)


def test_learns_which_brackets_match():
    X, _ = make_dyck(600, random_state=0)
    model = RNNLanguageModel(hidden_size=64, random_state=0, max_epochs=20).fit(X)
    rows = model.sample(100, random_state=0, temperature=0.5)
    matched = [_is_matched(row) for row in rows]
    assert np.mean(matched) > 0.8


def _is_matched(row):
    pairs, expected = {"(": ")", "[": "]", "{": "}", "<": ">"}, []
    for symbol in row:
        if symbol in pairs:
            expected.append(pairs[symbol])
        elif not expected or expected.pop() != symbol:
            return False
    return not expected


def test_unlikely_rows_have_low_scores():
    model = RNNLanguageModel(analyzer=None, hidden_size=16, random_state=0).fit(TOKENS * 3)
    usual, odd = model.score_samples([["open", "read", "close"], ["close", "read", "open"]])
    assert usual > odd + 3
    steps = model.score_steps([["open", "read", "open"]])[0]
    assert np.argmin(steps[:3]) == 2


# --- in scikit-learn ------------------------------------------------------------------------------


def test_works_in_searches_and_pipelines():
    search = GridSearchCV(make("text"), {"dropout": [0.0, 0.5]}, cv=2).fit(NAMES)
    assert search.best_estimator_.sample(1).shape == (1,)
    labels = ["o" in name for name in NAMES]
    pipeline = make_pipeline(make("text"), LogisticRegression()).fit(NAMES, labels)
    assert pipeline.predict(NAMES).shape == (len(NAMES),)
    pieces = [STREAM[0][i : i + 200] for i in range(0, 1200, 200)]
    assert cross_val_score(make("stream", ends=False), pieces, cv=3).shape == (3,)


def test_clone_keeps_parameters():
    model = clone(make("tokens", optimizer__betas=(0.9, 0.99)))
    assert model.get_params()["optimizer__betas"] == (0.9, 0.99)
    assert repr(model).startswith("RNNLanguageModel(")


def test_weights_are_copies():
    weights = np.ones(len(NAMES))
    weights[:4] = 3
    weighted = make("text").fit(NAMES, sample_weight=weights)
    copies = make("text").fit(NAMES[:4] * 2 + NAMES)
    assert_allclose(weighted.score_samples(NAMES), copies.score_samples(NAMES), rtol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fractions = make("text").fit(NAMES, sample_weight=weights / 2)
    assert np.isfinite(fractions.score(NAMES))


def test_films_are_predicted_better_than_by_the_last_frame():
    X, _ = make_moving_digits(60, n_timesteps=10, random_state=0)
    model = RNNLanguageModel(kind="binary", hidden_size=64, max_epochs=15, random_state=0).fit(X)
    predicted = model.predict_steps(X)
    error = ((predicted[:, 3:] - X[:, 3:]) ** 2).mean()
    assert error < ((X[:, 2:-1] - X[:, 3:]) ** 2).mean()


def test_learns_to_remember_what_a_row_began_with():
    # Three random bits, repeated four times: all later steps and the end are certain.
    rng = np.random.default_rng(0)
    X = ["".join(rng.choice(["a", "b"], 3)) * 4 for _ in range(300)]
    none = {"dropout": 0.0, "recurrent_dropout": 0.0, "embedding_dropout": 0.0}
    model = RNNLanguageModel(hidden_size=32, random_state=0, **none).fit(X)
    assert_allclose(model.score_samples(X).mean(), -3 * np.log(2), atol=0.1)
