"""Numeric parameters accept Python and NumPy numbers, but not booleans."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import InvalidParameterError
from skorch.callbacks import EarlyStopping

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.metrics import chrf_score
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceVectorizer,
    load_word_vectors,
    make_windows,
    pad_sequences,
)
from sk_rnn.sequences import AnyNumber, IntegerFrom, IntegerRange, NumberIn, plain_number

from .internals import CONSTRAINT_GROUPS, SHARED_CONSTRAINTS
from .table import ESTIMATORS, each_estimator, every_estimator, numeric_outputs

_rng = np.random.default_rng(0)
N = 30
LENGTHS = _rng.integers(2, 7, size=N)
X = [_rng.normal(size=(n, 2)).astype(np.float32) for n in LENGTHS]
IDS = [_rng.integers(0, 6, size=n) for n in LENGTHS]
# Numbers that float32 and float64 round differently, at the ends of float32 sequences.
PADDED = np.full((N, 8), np.float32(0.1))
for row, x in zip(PADDED, X, strict=True):
    row[: len(x)] = x[:, 0]
SENTENCES = [[f"word{i}" for i in ids] for ids in IDS]
DATA = {"series": X, "tokens": IDS, "padded": PADDED, "words": SENTENCES}
LABELS = np.arange(N) % 3
NUMBERS = _rng.normal(size=N)
WORDS = ["".join(_rng.choice(list("abcd"), size=n)) for n in LENGTHS]


def three_letters(prefix):
    """A language model that knows nothing of three letters."""
    return np.log([0.5, 0.3, 0.2])


CONVOLVED = {"conv_channels": 3}
STOPPING = {"early_stopping": True, "max_epochs": 4}
# parameter: (other parameters, a value, kind of X). The values reveal errors in conversion.
CASES = {
    "hidden_size": ({}, 5, "series"),
    "num_layers": ({}, 2, "series"),
    "conv_channels": ({}, 3, "series"),
    "conv_kernel_size": (CONVOLVED, 2, "series"),
    "conv_stride": (CONVOLVED, 2, "series"),
    "patch_size": ({}, 2, "series"),
    "embedding_dim": ({}, 3, "tokens"),
    "num_embeddings": ({}, 9, "tokens"),
    "embedding_dropout": ({}, 0.3, "tokens"),
    "word_dropout": ({}, 0.3, "tokens"),
    "min_df": ({}, 2, "words"),
    "padding_value": ({}, 0.1, "padded"),
    "dropout": ({}, 0.3, "series"),
    "recurrent_dropout": ({}, 0.3, "series"),
    "time_warping": ({}, 0.3, "series"),
    "time_masking": ({}, 2, "series"),
    "feature_masking": ({}, 0.5, "series"),
    "lr": ({}, 0.1, "series"),
    "weight_decay": ({}, 0.1, "series"),
    "gradient_clip": ({}, 0.1, "series"),
    "tbptt_steps": ({}, 2, "series"),
    "max_epochs": ({}, 3, "series"),
    "batch_size": ({}, 7, "series"),
    "validation_fraction": (STOPPING, 0.1, "series"),
    "n_iter_no_change": (STOPPING, 1, "series"),
    "tol": ({**STOPPING, "n_iter_no_change": 1}, 0.1, "series"),
    "random_state": ({}, 3, "series"),
    "optimizer__eps": ({}, 0.1, "series"),
    "optimizer__betas": ({}, (0.5, 0.7), "series"),
    "module__embedding_std": ({}, 0.3, "tokens"),
    "module__forget_bias": ({"cell": "lstm"}, 0.3, "series"),
    "module__norm_eps": ({}, 0.3, "series"),
    "huber_delta": ({"loss": "huber"}, 0.3, "series"),
    "quantile": ({"loss": "quantile"}, 0.3, "series"),
    "scheduled_sampling": ({}, 0.3, "tokens"),
    "source_min_df": ({}, 2, "tokens"),
    "target_min_df": ({}, 2, "tokens"),
    "label_smoothing": ({}, 0.3, "tokens"),
    "max_length": ({}, 2, "tokens"),
    "beam_width": ({}, 3, "tokens"),
    "length_penalty": ({"beam_width": 3}, 0.3, "tokens"),
    "token_bonus": ({"beam_width": 3}, 0.3, "series"),
    "lm_weight": ({"beam_width": 3, "language_model": three_letters}, 0.3, "series"),
}
ALL = [
    pytest.param(record, name, id=f"{record.name}-{name}")
    for record in ESTIMATORS.values()
    for name in CASES
    if name in record.make().get_params() or "__" in name
    if name != "module__embedding_std" or record.reads_tokens is not None
    if name != "module__norm_eps" or "head_norm" in record.make().get_params()
]
NUMERIC_PARAMETERS = [case for case in ALL if "__" not in case.values[1]]
# Values for which 8-bit integers overflow, and float32 and float16 round.
INTEGERS = [np.int64, np.int32, np.uint8, np.int8]
FLOATS = [np.float64, np.float32, np.float16]


def fit_for(record, name, **params):
    """Return a model fitted to the data with which a parameter is tested, and X."""
    others, _, kind = CASES[name]
    if kind in ("tokens", "words") and record.reads_tokens is None:
        kind = "series"
    data = DATA[kind]
    reads = record.reads_tokens if kind == "tokens" else record.reads_series
    small = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    model = record.estimator(**{**small, **reads, **others, **params})
    return model.fit(data, record.y_for(data)), data


def fitted(kind, data, **params):
    y = {RNNClassifier: LABELS, RNNRegressor: NUMBERS, Seq2SeqTransformer: WORDS}[kind]
    small = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return kind(**{**small, **params}).fit(data, y)


def twins(value):
    """Yield pairs of a NumPy number and the equal Python number."""
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


@each_estimator
def test_every_numeric_parameter_is_in_the_table(record):
    constraints = record.estimator._parameter_constraints
    assert {name for name, c in constraints.items() if is_numeric(c)} <= CASES.keys()
    # None uses scikit-learn's constraints, which accept True as 1.
    for allowed in constraints.values():
        assert "random_state" not in allowed
        assert not any(type(c).__name__ == "Interval" for c in allowed)


@every_estimator
def test_constraints_are_those_of_the_constructor(record):
    constraints = record.estimator._parameter_constraints
    assert constraints.keys() == record.estimator().get_params().keys()


def test_constraint_groups_are_disjoint():
    # Otherwise, in a union of groups, one would silently replace a constraint of another.
    names = [name for group in CONSTRAINT_GROUPS for name in group]
    assert len(names) == len(set(names))
    for record in ESTIMATORS.values():
        for group in SHARED_CONSTRAINTS:
            for name, constraints in group.items():
                if name not in record.make().get_params():  # it reads no tokens
                    assert name not in record.estimator._parameter_constraints
                elif (record.name, name) != ("RNNTranscriber", "conv_stride"):  # may be "auto"
                    assert record.estimator._parameter_constraints[name] is constraints


@pytest.mark.filterwarnings("ignore:.* are not in the vocabulary")
@pytest.mark.parametrize(("record", "name"), ALL)
def test_numpy_numbers_are_equivalent_to_python_numbers(record, name):
    expected = {}
    for theirs, ours in twins(CASES[name][1]):
        if ours not in expected:
            expected[ours] = numeric_outputs(*fit_for(record, name, **{name: ours}))
        model, data = fit_for(record, name, **{name: theirs})
        assert model.get_params()[name] is theirs  # stored as it is
        assert_array_equal(numeric_outputs(model, data), expected[ours])
        assert_array_equal(numeric_outputs(pickle.loads(pickle.dumps(model)), data), expected[ours])


@pytest.mark.parametrize(("record", "name"), NUMERIC_PARAMETERS)
def test_parameters_reject_other_types_for_numbers(record, name):
    value = CASES[name][1]
    for wrong in (True, False, np.True_, np.array(value), np.array([value]), str(value), 1j):
        with pytest.raises(InvalidParameterError) as error:
            fit_for(record, name, **{name: wrong})
        assert str(error.value).startswith(f"The {name!r} parameter of {record.name} must be ")
        assert str(error.value).endswith(f". Got {wrong!r} instead.")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"optimizer__eps": True},
            "fit: optimizer__eps=True is a boolean, but AdamW expects a number. Pass one, such as "
            "its default 1e-08.",
        ),
        (
            {"optimizer__betas": (True, 0.9)},
            "fit: optimizer__betas=(True, 0.9) is a boolean, but AdamW expects a number. Pass one, "
            "such as its default (0.9, 0.999).",
        ),
    ],
)
@every_estimator
def test_booleans_for_numbers_of_the_optimizer_raise(record, params, message):
    with pytest.raises(ValueError) as error:
        record.fit(**params)
    assert str(error.value) == f"{record.name}.{message}"
    record.fit(optimizer__amsgrad=np.True_)  # which is one


@pytest.mark.parametrize("value", [True, -1, "0.1", np.inf])
@each_estimator
def test_arguments_of_the_module_are_checked(record, value):
    message = rf"^The 'module__embedding_std' parameter of {record.name} must be a float in"
    if record.reads_tokens is not None:
        with pytest.raises(ValueError, match=message):
            fit_for(record, "module__embedding_std", module__embedding_std=value)
    if value != -1:
        with pytest.raises(ValueError, match=r"^The 'module__forget_bias' parameter of"):
            fit_for(record, "module__forget_bias", module__forget_bias=value)


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
def test_numpy_booleans_are_equivalent_to_python_booleans(name):
    params, value, data = BOOLEAN[name]
    kind = Seq2SeqTransformer if data is WORDS else RNNClassifier
    y = [[label] * len(x) for label, x in zip(LABELS, data, strict=True)]
    y = y if name == "return_sequences" else (WORDS if kind is Seq2SeqTransformer else LABELS)
    found = []
    for given in (value, np.bool_(value)):
        model = kind(hidden_size=4, max_epochs=2, random_state=0, **params, **{name: given})
        found.append(numeric_outputs(model.fit(data, y), data))
        assert not any(isinstance(v, np.bool_) for n, v in vars(model).items() if n != name)
    for first, second in zip(*found, strict=True):
        assert_array_equal(first, second)


@pytest.mark.parametrize("feedback", [False, np.False_])
def test_numpy_booleans_conflict_like_python_booleans(feedback):
    with pytest.raises(ValueError, match=r"tied_embeddings=True has no effect with feedback=False"):
        fitted(Seq2SeqTransformer, WORDS, feedback=feedback, tied_embeddings=np.True_)


def test_grid_may_be_an_array():
    grid = {"hidden_size": 2 ** np.arange(2, 4), "lr": np.logspace(-3, -2, 2)}
    model = RNNClassifier(max_epochs=1, random_state=0)
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, LABELS)
    assert search.best_params_["hidden_size"] in (4, 8)


def test_warm_start_accepts_equal_numbers_of_other_types():
    model = fitted(RNNClassifier, X, hidden_size=np.int64(4), warm_start=True)
    assert model.set_params(hidden_size=4).fit(X, LABELS).n_iter_ == 4
    with pytest.raises(ValueError, match="hidden_size was 4 when the network was built and is now"):
        model.set_params(hidden_size=np.int64(5)).fit(X, LABELS)


def test_class_weights_accept_numpy_numbers_but_not_booleans():
    expected = numeric_outputs(fitted(RNNClassifier, X, class_weight={0: 3, 1: 0.125}), X)
    for weights in ({0: np.uint8(3), 1: np.float16(0.125)}, {0: np.int64(3), 1: Fraction(1, 8)}):
        assert_array_equal(
            numeric_outputs(fitted(RNNClassifier, X, class_weight=weights), X), expected
        )
    single, double = (
        numeric_outputs(fitted(RNNClassifier, X, class_weight=dict.fromkeys(range(2), weight)), X)
        for weight in (np.float32(0.1), float(np.float32(0.1)))
    )
    assert_array_equal(single, double)
    with pytest.raises(ValueError, match=r"class_weight\[0\] is True. Pass a finite number"):
        fitted(RNNClassifier, X, class_weight={0: True})


def test_arguments_of_callbacks_accept_numpy_numbers():
    params = {"callbacks": [("stop", EarlyStopping(monitor="train_loss"))]}
    model = fitted(RNNRegressor, X, **params, callbacks__stop__patience=np.uint8(2))
    patience = dict(model.net_.callbacks_)["stop"].patience
    assert (type(patience), patience) == (int, 2)


def test_learning_rate_schedule_returns_no_booleans():
    with pytest.raises(ValueError, match=r"lr_schedule\(0\) returned True. Return the factor"):
        fitted(RNNClassifier, X, lr_schedule=lambda progress: True)


# --- methods of Seq2SeqTransformer --------------------------------------------------------------


@pytest.fixture(scope="module")
def translator():
    return fitted(Seq2SeqTransformer, WORDS, max_epochs=5)


@pytest.mark.parametrize("n", [kind(2) for kind in INTEGERS])
def test_predict_n_best_accept_numpy_integers(translator, n):
    expected = translator.predict_n_best(WORDS, 2, return_log_proba=True)
    found = translator.predict_n_best(WORDS, n, return_log_proba=True)
    assert_array_equal(found[0], expected[0])
    assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", 0.7), ("top_k", 2), ("top_p", 0.7), ("random_state", 3)],
)
def test_sample_accept_numpy_numbers(translator, name, value):
    for theirs, ours in twins(value):
        found = [
            translator.sample(WORDS, **{"random_state": 0, name: given}) for given in (theirs, ours)
        ]
        assert_array_equal(*found)


@pytest.mark.parametrize("wrong", [True, False, np.True_, np.array(2), "2"])
def test_methods_reject_other_types_for_numbers(translator, wrong):
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
def test_transformers_accept_numpy_numbers(function, name, value):
    for theirs, ours in twins(value):
        found, expected = function(**{name: theirs}), function(**{name: ours})
        assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize(("function", "name", "value"), NUMERIC)
def test_transformers_reject_other_types_for_numbers(function, name, value):
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


def test_add_marks_accepts_numpy_booleans():
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


def test_panels_accept_numpy_integers_and_no_booleans():
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


def test_word_vectors_accept_numpy_integers_and_no_booleans(tmp_path):
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


def test_metrics_accept_numpy_integers_and_no_booleans():
    texts = ["the cat sat"], ["the cat sits"]
    assert chrf_score(*texts, word_order=np.int8(2)) == chrf_score(*texts, word_order=2)
    with pytest.raises(ValueError, match="word_order is True"):
        chrf_score(*texts, word_order=True)


# --- the constraints themselves -----------------------------------------------------------------


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_integers_beyond_all_floats_are_invalid(value):
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
        numeric_outputs(fitted(RNNClassifier, X, dropout=dropout), X),
        numeric_outputs(fitted(RNNClassifier, X, dropout=float(dropout)), X),
    )


def test_plain_numbers_are_python_numbers():
    for value in (np.int8(3), np.float32(0.1), np.True_, np.longdouble(0.5), Fraction(1, 2), True):
        plain = plain_number(value)
        assert plain == value
        assert type(plain) in (int, float, bool)
    for other in ("auto", None, np.arange(2), np.str_("gru"), [1]):
        assert plain_number(other) is other
