"""Numeric parameters take the numbers of Python and NumPy alike, and no booleans."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EarlyStopping

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.estimators import _parameters
from sk_rnn.metrics import chrf_score
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceVectorizer,
    load_word_vectors,
    make_windows,
    pad_sequences,
)
from sk_rnn.sequences import AnyNumber, IntegerFrom, IntegerRange, NumberIn, plain_number

_rng = np.random.default_rng(0)
N = 30
LENGTHS = _rng.integers(2, 7, size=N)
X = [_rng.normal(size=(n, 2)).astype(np.float32) for n in LENGTHS]
IDS = [_rng.integers(0, 6, size=n) for n in LENGTHS]
# What float32 and float64 round differently, at the ends of single-precision sequences.
PADDED = np.full((N, 8), np.float32(0.1))
for row, x in zip(PADDED, X, strict=True):
    row[: len(x)] = x[:, 0]
LABELS = np.arange(N) % 3
NUMBERS = _rng.normal(size=N)
WORDS = ["".join(_rng.choice(list("abcd"), size=n)) for n in LENGTHS]
BACK = [word[::-1] for word in WORDS]

TOKENS, CONVOLVED = {"embedding_dim": 3}, {"conv_channels": 3}
STOPPING = {"early_stopping": True, "max_epochs": 4}
# parameter: (other parameters, a value, X). Values are those at which an error would show.
COMMON = {
    "hidden_size": ({}, 5, X),
    "num_layers": ({}, 2, X),
    "conv_channels": ({}, 3, X),
    "conv_kernel_size": (CONVOLVED, 2, X),
    "conv_stride": (CONVOLVED, 2, X),
    "embedding_dropout": (TOKENS, 0.3, IDS),
    "word_dropout": (TOKENS, 0.3, IDS),
    "padding_value": ({}, 0.1, PADDED),
    "dropout": ({}, 0.3, X),
    "recurrent_dropout": ({}, 0.3, X),
    "lr": ({}, 0.1, X),
    "weight_decay": ({}, 0.1, X),
    "gradient_clip": ({}, 0.1, X),
    "max_epochs": ({}, 3, X),
    "batch_size": ({}, 7, X),
    "validation_fraction": (STOPPING, 0.1, X),
    "n_iter_no_change": (STOPPING, 1, X),
    "tol": ({**STOPPING, "n_iter_no_change": 1}, 0.1, X),
    "random_state": ({}, 3, X),
    "optimizer__eps": ({}, 0.1, X),
    "optimizer__betas": ({}, (0.5, 0.7), X),
    "module__embedding_std": (TOKENS, 0.3, IDS),
    "module__forget_bias": ({"cell": "lstm"}, 0.3, X),
}
ALIGNED = COMMON | {
    "embedding_dim": ({}, 3, IDS),
    "num_embeddings": (TOKENS, 9, IDS),
    "tbptt_steps": ({}, 2, X),
}
PAIRS = {name: (params, value, WORDS) for name, (params, value, _) in COMMON.items()} | {
    "embedding_dropout": ({}, 0.3, WORDS),
    "word_dropout": ({}, 0.3, WORDS),
    "padding_value": ({}, 0.1, PADDED),
    "module__embedding_std": ({}, 0.3, WORDS),
    "scheduled_sampling": ({}, 0.3, WORDS),
    "source_min_df": ({}, 2, WORDS),
    "target_min_df": ({}, 2, WORDS),
    "embedding_dim": ({}, 3, WORDS),
    "label_smoothing": ({}, 0.3, WORDS),
    "max_length": ({}, 2, WORDS),
    "beam_width": ({}, 3, WORDS),
    "length_penalty": ({"beam_width": 3}, 0.3, WORDS),
}
CASES = {
    RNNClassifier: ALIGNED,
    RNNRegressor: ALIGNED
    | {
        "huber_delta": ({"loss": "huber"}, 0.3, X),
        "quantile": ({"loss": "quantile"}, 0.3, X),
    },
    Seq2SeqTransformer: PAIRS,
}
ALL = [(kind, name) for kind, cases in CASES.items() for name in cases]
TARGETS = {RNNClassifier: LABELS, RNNRegressor: NUMBERS, Seq2SeqTransformer: BACK}
# Where one-byte integers overflow, and single and half precision round.
INTEGERS = [np.int64, np.int32, np.uint8, np.int8]
FLOATS = [np.float64, np.float32, np.float16]


def fitted(kind, data, **params):
    small = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return kind(**{**small, **params}).fit(data, TARGETS[kind])


def outputs(model, data):
    if isinstance(model, RNNClassifier):
        return model.decision_function(data)
    if isinstance(model, RNNRegressor):
        return model.predict(data)
    model.predict(data)  # which searches
    return model.score_samples(data)


def twins(value):
    """Pairs of a number of NumPy and the number of Python that equals it."""
    if isinstance(value, tuple):
        for parts in zip(*map(twins, value), strict=True):
            yield tuple(theirs for theirs, _ in parts), tuple(ours for _, ours in parts)
        return
    for kind in INTEGERS if isinstance(value, int) else FLOATS:
        yield kind(value), kind(value).item()


def is_numeric(constraints):
    return any(
        isinstance(c, AnyNumber | IntegerFrom | IntegerRange | NumberIn) for c in constraints
    )


@pytest.mark.parametrize("kind", CASES)
def test_every_numeric_parameter_is_in_the_tables(kind):
    numeric = {name for name, c in kind._parameter_constraints.items() if is_numeric(c)}
    assert numeric == {name for name in CASES[kind] if "__" not in name}
    # And none is checked with scikit-learn's own, which take True for 1.
    for constraints in kind._parameter_constraints.values():
        assert "random_state" not in constraints
        assert not any(type(c).__name__ == "Interval" for c in constraints)


@pytest.mark.parametrize("kind", CASES)
def test_constraints_are_those_of_the_constructor(kind):
    assert kind._parameter_constraints.keys() == kind().get_params().keys()


def test_groups_of_constraints_have_no_parameter_in_common():
    # A sum in which one group replaced a constraint of another would hide which one holds.
    groups = [
        _parameters.NETWORK,
        _parameters.INPUTS,
        _parameters.TOKENS,
        _parameters.TRAINING,
        _parameters.COMPUTE,
        _parameters.SEQUENCE_MODEL,
    ]
    names = [name for group in groups for name in group]
    assert len(names) == len(set(names))
    for kind in CASES:
        for group in groups[:-1]:
            for name, constraints in group.items():
                assert kind._parameter_constraints[name] is constraints


@pytest.mark.filterwarnings("ignore:.* are not in the vocabulary")
@pytest.mark.parametrize(("kind", "name"), ALL)
def test_numpy_numbers_do_what_equal_numbers_do(kind, name):
    params, value, data = CASES[kind][name]
    expected = {}
    for theirs, ours in twins(value):
        if ours not in expected:
            expected[ours] = outputs(fitted(kind, data, **params, **{name: ours}), data)
        model = fitted(kind, data, **params, **{name: theirs})
        assert model.get_params()[name] is theirs  # stored as it is
        assert_array_equal(outputs(model, data), expected[ours])
        assert_array_equal(outputs(pickle.loads(pickle.dumps(model)), data), expected[ours])


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, n in ALL if "__" not in n])
def test_what_is_not_a_number_is_refused(kind, name):
    params, value, data = CASES[kind][name]
    for wrong in (True, False, np.True_, np.array(value), np.array([value]), str(value), 1j):
        with pytest.raises(InvalidParameterError) as error:
            fitted(kind, data, **{**params, name: wrong})
        assert str(error.value).startswith(f"The {name!r} parameter of {kind.__name__} must be ")
        assert str(error.value).endswith(f". Got {wrong!r} instead.")


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"optimizer__eps": True},
            "fit: optimizer__eps=True is a boolean where AdamW takes a number. Pass one, such as "
            "its default 1e-08.",
        ),
        (
            {"optimizer__betas": (True, 0.9)},
            "fit: optimizer__betas=(True, 0.9) is a boolean where AdamW takes a number. Pass one, "
            "such as its default (0.9, 0.999).",
        ),
    ],
)
def test_booleans_for_numbers_of_the_optimizer_are_refused(kind, params, message):
    with pytest.raises(ValueError) as error:
        fitted(kind, CASES[kind]["lr"][2], **params)
    assert str(error.value) == f"{kind.__name__}.{message}"
    fitted(kind, CASES[kind]["lr"][2], optimizer__amsgrad=np.True_)  # which is one


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("value", [True, -1, "0.1", np.inf])
def test_arguments_of_the_module_are_checked(kind, value):
    params, _, data = CASES[kind]["module__embedding_std"]
    message = rf"^The 'module__embedding_std' parameter of {kind.__name__} must be a float in"
    with pytest.raises(ValueError, match=message):
        fitted(kind, data, **params, module__embedding_std=value)
    if value != -1:
        params, _, data = CASES[kind]["module__forget_bias"]
        with pytest.raises(ValueError, match=r"^The 'module__forget_bias' parameter of"):
            fitted(kind, data, **params, module__forget_bias=value)


BOOLEAN = {
    "bidirectional": ({}, False, X),
    "return_sequences": ({}, True, X),
    "freeze_embedding": ({"embedding_weights": np.eye(6)}, True, IDS),
    "layer_norm": ({}, True, X),
    "scale_inputs": ({}, False, X),
    "early_stopping": ({}, True, X),
    "warm_start": ({}, True, X),
    "input_feeding": ({}, True, WORDS),
    "feedback": ({}, False, WORDS),
    "tied_embeddings": ({}, True, WORDS),
    "autoencoder": ({}, True, WORDS),
}


@pytest.mark.parametrize("name", BOOLEAN)
def test_numpy_booleans_do_what_equal_booleans_do(name):
    params, value, data = BOOLEAN[name]
    kind = Seq2SeqTransformer if data is WORDS else RNNClassifier
    y = [[label] * len(x) for label, x in zip(LABELS, data, strict=True)]
    y = y if name == "return_sequences" else TARGETS[kind]
    found = []
    for given in (value, np.bool_(value)):
        model = kind(hidden_size=4, max_epochs=2, random_state=0, **params, **{name: given})
        found.append(outputs(model.fit(data, y), data))
        assert not any(isinstance(v, np.bool_) for n, v in vars(model).items() if n != name)
    for first, second in zip(*found, strict=True):
        assert_array_equal(first, second)


@pytest.mark.parametrize("feedback", [False, np.False_])
def test_numpy_booleans_contradict_what_equal_booleans_do(feedback):
    with pytest.raises(ValueError, match=r"tied_embeddings=True has no effect with feedback=False"):
        fitted(Seq2SeqTransformer, WORDS, feedback=feedback, tied_embeddings=np.True_)


def test_a_grid_may_be_an_array():
    grid = {"hidden_size": 2 ** np.arange(2, 4), "lr": np.logspace(-3, -2, 2)}
    model = RNNClassifier(max_epochs=1, random_state=0)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, LABELS)
    assert search.best_params_["hidden_size"] in (4, 8)


def test_a_warm_start_takes_equal_numbers_for_equal():
    model = fitted(RNNClassifier, X, hidden_size=np.int64(4), warm_start=True)
    assert model.set_params(hidden_size=4).fit(X, LABELS).n_iter_ == 4
    with pytest.raises(ValueError, match="hidden_size was 4 when the network was built and is now"):
        model.set_params(hidden_size=np.int64(5)).fit(X, LABELS)


def test_class_weights_may_be_of_numpy_and_not_boolean():
    expected = outputs(fitted(RNNClassifier, X, class_weight={0: 3, 1: 0.125}), X)
    for weights in ({0: np.uint8(3), 1: np.float16(0.125)}, {0: np.int64(3), 1: Fraction(1, 8)}):
        assert_array_equal(outputs(fitted(RNNClassifier, X, class_weight=weights), X), expected)
    single, double = (
        outputs(fitted(RNNClassifier, X, class_weight=dict.fromkeys(range(2), weight)), X)
        for weight in (np.float32(0.1), float(np.float32(0.1)))
    )
    assert_array_equal(single, double)
    with pytest.raises(ValueError, match=r"class_weight\[0\] is True. Pass a finite number"):
        fitted(RNNClassifier, X, class_weight={0: True})


def test_arguments_of_callbacks_may_be_of_numpy():
    params = {"callbacks": [("stop", EarlyStopping(monitor="train_loss"))]}
    model = fitted(RNNRegressor, X, **params, callbacks__stop__patience=np.uint8(2))
    patience = dict(model.net_.callbacks_)["stop"].patience
    assert (type(patience), patience) == (int, 2)


def test_a_learning_rate_schedule_returns_no_booleans():
    with pytest.raises(ValueError, match=r"lr_schedule\(0\) returned True. Return the factor"):
        fitted(RNNClassifier, X, lr_schedule=lambda progress: True)


# --- methods of Seq2SeqTransformer --------------------------------------------------------------


@pytest.fixture(scope="module")
def translator():
    return fitted(Seq2SeqTransformer, WORDS, max_epochs=5)


@pytest.mark.parametrize("n", [kind(2) for kind in INTEGERS])
def test_predict_n_best_takes_numpy_integers(translator, n):
    expected = translator.predict_n_best(WORDS, 2, return_log_proba=True)
    found = translator.predict_n_best(WORDS, n, return_log_proba=True)
    assert_array_equal(found[0], expected[0])
    assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", 0.7), ("top_k", 2), ("top_p", 0.7), ("random_state", 3)],
)
def test_sample_takes_numpy_numbers(translator, name, value):
    for theirs, ours in twins(value):
        found = [
            translator.sample(WORDS, **{"random_state": 0, name: given}) for given in (theirs, ours)
        ]
        assert_array_equal(*found)


@pytest.mark.parametrize("wrong", [True, False, np.True_, np.array(2), "2"])
def test_methods_refuse_what_is_not_a_number(translator, wrong):
    with pytest.raises(ValueError, match="predict_n_best: n is"):
        translator.predict_n_best(WORDS, wrong)
    for name in ("temperature", "top_k", "top_p", "random_state"):
        with pytest.raises(ValueError, match=f"sample: {name} is"):
            translator.sample(WORDS, **{name: wrong})


# --- preprocessing, panels, metrics -------------------------------------------------------------

TEXTS = ["a b c a", "b c d", "c d e f"]


def padded(**params):
    return pad_sequences(IDS, **params)


def windows(**params):
    return np.concatenate(make_windows(np.arange(40), **{"window": 3, **params}), axis=None)


def vectorized(**params):
    panel = SequenceVectorizer(token_pattern=r"\w", **params).fit(TEXTS).transform(TEXTS)
    return np.concatenate([panel.values, panel.offsets, [panel.n_tokens]])


def by_padder(**params):
    return SequencePadder(**params).fit(IDS).transform(IDS)


NUMERIC = [
    (padded, "maxlen", 3),
    (padded, "value", 3),
    (padded, "value", 0.3),
    (by_padder, "maxlen", 3),
    (by_padder, "value", 3),
    (by_padder, "value", 0.3),
    (windows, "window", 30),
    (windows, "horizon", 30),
    (windows, "step", 2),
    (windows, "gap", 1),
    (vectorized, "ngram_range", (1, 2)),
    (vectorized, "min_df", 2),
    (vectorized, "min_df", 0.35),
    (vectorized, "max_df", 2),
    (vectorized, "max_df", 0.7),
    (vectorized, "max_features", 2),
    (vectorized, "max_length", 2),
]


@pytest.mark.parametrize(("function", "name", "value"), NUMERIC)
def test_transformers_take_numpy_numbers(function, name, value):
    for theirs, ours in twins(value):
        found, expected = function(**{name: theirs}), function(**{name: ours})
        assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize(("function", "name", "value"), NUMERIC)
def test_transformers_refuse_what_is_not_a_number(function, name, value):
    for wrong in (True, False, np.True_, np.array(value), str(value), (True, 2), (1, 2.0)):
        with pytest.raises(InvalidParameterError, match=rf"^The '{name}' parameter of \w+ must be"):
            function(**{name: wrong})


def test_ranges_of_ngrams_are_checked():
    message = (
        r"^The 'ngram_range' parameter of SequenceVectorizer must be a tuple of two ints \(low, "
        r"high\) with 1 <= low <= high. Got \(2, 1\) instead.$"
    )
    vectorizer = SequenceVectorizer(ngram_range=(2, 1))
    for method in (vectorizer.build_analyzer, lambda: vectorizer.fit(TEXTS)):
        with pytest.raises(InvalidParameterError, match=message):
            method()


def test_every_numeric_parameter_of_the_transformers_is_tested():
    names = {
        (kind, name)
        for kind in (SequencePadder, SequenceVectorizer)
        for name, constraints in kind._parameter_constraints.items()
        if is_numeric(constraints)
    }
    tested = {by_padder: SequencePadder, vectorized: SequenceVectorizer}
    assert names == {(tested[f], name) for f, name, _ in NUMERIC if f in tested}


def test_marks_may_be_asked_for_by_numpy():
    for vocabulary in (None, ["b", "a"]):  # learned, and given, which needs no fit
        ids = []
        for yes in (True, np.True_):
            vectorizer = SequenceVectorizer(
                token_pattern=r"\w", add_marks=yes, vocabulary=vocabulary
            )
            if vocabulary is None:
                vectorizer.fit(TEXTS)
            ids.append(vectorizer.transform(TEXTS).values)
        assert_array_equal(*ids)


def test_panels_take_numpy_integers_and_no_booleans():
    ids, offsets = np.arange(3), [0, 1, 3]
    panel = Panel(ids, offsets, n_tokens=np.uint8(200))
    assert repr(panel.n_tokens) == "200"
    assert Panel.concatenate([panel, Panel(ids, offsets, n_tokens=200)]).n_tokens == 200
    for wrong in (True, False, 0, 2.0, "2", np.array(2)):
        with pytest.raises(
            (TypeError, ValueError), match="Panel: n_tokens must be the size of the"
        ):
            Panel(ids, offsets, n_tokens=wrong)
    assert_array_equal(panel.to_padded(np.int8(-1)), panel.to_padded(-1))
    for wrong in (True, "a", None, np.array(2.0)):
        with pytest.raises(TypeError, match=r"Panel\.to_padded: value must be a number; got"):
            panel.to_padded(wrong)


def test_word_vectors_take_numpy_integers_and_no_booleans(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("good 0.9 0.1\nbad -0.8 0.1\n")
    loaded = [
        load_word_vectors(path, {"good": kind(1), "other": kind(2)}, random_state=kind(5))
        for kind in (int, *INTEGERS)
    ]
    for other in loaded[1:]:
        assert_array_equal(other, loaded[0])
    with pytest.raises(TypeError, match="has term 'good' with id True, but"):
        load_word_vectors(path, {"good": True})
    with pytest.raises(
        ValueError, match=r"^The 'random_state' parameter of load_word_vectors must"
    ):
        load_word_vectors(path, {"good": 1}, random_state=True)


def test_metrics_take_numpy_integers_and_no_booleans():
    texts = ["the cat sat"], ["the cat sits"]
    assert chrf_score(*texts, word_order=np.int8(2)) == chrf_score(*texts, word_order=2)
    with pytest.raises(ValueError, match="word_order is True"):
        chrf_score(*texts, word_order=True)


# --- the constraints themselves -----------------------------------------------------------------


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_integers_beyond_all_floats_are_no_floats(value):
    assert not AnyNumber().is_satisfied_by(value)
    assert AnyNumber(as_float=False).is_satisfied_by(value)
    assert not NumberIn(0, None, closed="left").is_satisfied_by(value)


def test_fractions_are_numbers():
    share = NumberIn(0, 1, closed="neither")
    assert share.is_satisfied_by(Fraction(1, 3))
    assert not share.is_satisfied_by(Fraction(4, 3))
    assert not IntegerFrom(0).is_satisfied_by(Fraction(1, 3))
    dropout = Fraction(1, 3)
    assert_array_equal(
        outputs(fitted(RNNClassifier, X, dropout=dropout), X),
        outputs(fitted(RNNClassifier, X, dropout=float(dropout)), X),
    )


def test_plain_numbers_are_of_python():
    for value in (np.int8(3), np.float32(0.1), np.True_, np.longdouble(0.5), Fraction(1, 2), True):
        plain = plain_number(value)
        assert plain == value
        assert type(plain) in (int, float, bool)
    for other in ("auto", None, np.arange(2), np.str_("gru"), [1]):
        assert plain_number(other) is other
