"""A fit that raises, wherever it does, leaves the estimator as it was."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_equal
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
)

_rng = np.random.default_rng(0)
N = 8
LENGTHS = _rng.integers(2, 6, size=N)


def frames(names, shift=0.0):
    return [pd.DataFrame(_rng.normal(shift, size=(n, len(names))), columns=names) for n in LENGTHS]


X, OTHER_X = frames(["u", "v"]), frames(["u", "w", "x"], shift=1e6)
LABELS = np.array(["a", "b"])[np.arange(N) % 2]
OTHER_LABELS = np.array(["b", "c", "d", "e"])[np.arange(N) % 4]
NUMBERS = _rng.normal(size=N)
TAGS = [np.where(x["u"] > 0, "up", "down") for x in X]
OTHER_TAGS = [np.where(x["u"] > 1e6, "high", "low") for x in OTHER_X]
STEPS = [x["u"].to_numpy() for x in X]
IDS = [_rng.integers(0, 6, size=n) for n in LENGTHS]
OTHER_IDS = [ids + 6 for ids in IDS]
WORDS = ["".join(_rng.choice(list("abc"), size=n)) for n in LENGTHS]
OTHER_WORDS = ["".join(_rng.choice(list("xyz"), size=n)) for n in LENGTHS]
VECTORS = _rng.normal(size=(N, 3))

# An estimator, its parameters, X and y, and another X and y of other features, classes and scale.
MODELS = {
    "labels": (RNNClassifier, {}, X, LABELS, OTHER_X, OTHER_LABELS),
    "multilabel": (
        RNNClassifier,
        {},
        X,
        np.column_stack([LABELS == "a", NUMBERS > 0]),
        OTHER_X,
        np.column_stack([LABELS == "a", NUMBERS > 0, NUMBERS > 1]),
    ),
    "tags": (RNNClassifier, {"return_sequences": True}, X, TAGS, OTHER_X, OTHER_TAGS),
    "tokens": (RNNClassifier, {"embedding_dim": 3}, IDS, LABELS, OTHER_IDS, OTHER_LABELS),
    "numbers": (RNNRegressor, {}, X, NUMBERS, OTHER_X, 1e6 * NUMBERS + 1e8),
    "two numbers": (
        RNNRegressor,
        {"loss": "gaussian"},
        X,
        np.column_stack([NUMBERS, -NUMBERS]),
        OTHER_X,
        1e6 * np.column_stack([NUMBERS, -NUMBERS, NUMBERS**2]),
    ),
    "numbers per step": (
        RNNRegressor,
        {"return_sequences": True},
        X,
        STEPS,
        OTHER_X,
        [1e6 * y for y in STEPS],
    ),
    "words": (Seq2SeqTransformer, {}, WORDS, WORDS[::-1], OTHER_WORDS, OTHER_WORDS[::-1]),
    "series": (Seq2SeqTransformer, {}, X, STEPS, OTHER_X, [1e6 * y for y in STEPS]),
    "vectors": (Seq2SeqTransformer, {}, VECTORS, WORDS, 9.0 * VECTORS[:, :2], OTHER_WORDS),
    "autoencoder": (Seq2SeqTransformer, {}, WORDS, None, OTHER_WORDS, None),
    "autoencoder of series": (Seq2SeqTransformer, {}, X, None, OTHER_X, None),
}
MODES = [
    (mode, name)
    for mode in ("fit", "warm start", "partial_fit")
    for name, (kind, *_) in MODELS.items()
    if mode != "partial_fit" or kind is not Seq2SeqTransformer
]
REFUSED = (TypeError, ValueError, RuntimeError, ConvergenceWarning)


def failing(event, error=RuntimeError):
    """A callback that raises when its event comes."""

    def fail(self, net, *args, **kwargs):
        raise error("enough")

    return type("Failing", (Callback,), {event: fail})()


def spoiled(data):
    """The sequences with a last one that cannot be read."""
    if isinstance(data, np.ndarray):
        return np.concatenate([data[:-1], np.full_like(data[-1:], np.nan)])
    last = data[-1]
    if isinstance(last, str):
        return [*data[:-1], None]
    return [*data[:-1], last * np.nan]


def half(data):
    return None if data is None else data[: N // 2]


# What goes wrong: parameters, and how fit is called with X and y.
FAULTS = {
    "X is a number": ({}, lambda fit, X, y: fit(7, y)),
    "a sequence cannot be read": ({}, lambda fit, X, y: fit(spoiled(X), y)),
    "y is too short": ({}, lambda fit, X, y: fit(X, WORDS[:3] if y is None else y[:-1])),
    "y is an object": ({}, lambda fit, X, y: fit(X, object())),
    "a weight is negative": ({}, lambda fit, X, y: fit(X, y, sample_weight=[-1.0] * N)),
    "a parameter is out of range": ({"hidden_size": 0}, lambda fit, X, y: fit(X, y)),
    "an optimizer refuses": (
        {"optimizer": "adamw", "optimizer__betas": (2.0, 2.0)},
        lambda fit, X, y: fit(X, y),
    ),
    "a callback cannot be used": ({"callbacks": [object]}, lambda fit, X, y: fit(X, y)),
    "training does not begin": (
        {"callbacks": [failing("on_train_begin")]},
        lambda fit, X, y: fit(X, y),
    ),
    "training ends after a batch": (
        {"callbacks": [failing("on_batch_end")]},
        lambda fit, X, y: fit(X, y),
    ),
    "training ends after an epoch": (
        {"callbacks": [failing("on_epoch_end")]},
        lambda fit, X, y: fit(X, y),
    ),
    "an interruption is warned of, which is an error": (
        {"callbacks": [failing("on_batch_end", KeyboardInterrupt)]},
        lambda fit, X, y: fit(X, y),
    ),
    "training ends at its end": (
        {"callbacks": [failing("on_train_end")]},
        lambda fit, X, y: fit(X, y),
    ),
}
FIT_FAULTS = {  # those that partial_fit cannot have
    "validation data are not complete": ({}, lambda fit, X, y: fit(X, y, y_val=half(y) or X[:3])),
    "validation data cannot be read": (
        {},
        lambda fit, X, y: fit(X, y, X_val=spoiled(X), y_val=y),
    ),
    "all are one group": (
        {"early_stopping": True, "validation_fraction": 0.5},
        lambda fit, X, y: fit(X, y, groups=[0] * N),
    ),
    "the loss diverges": ({"lr": 1e30, "optimizer": "sgd"}, lambda fit, X, y: fit(X, y)),
}


def plain(value):
    """A copy of a state, with estimators in it opened, that may be compared."""
    if isinstance(value, BaseEstimator):
        value = value.__getstate__()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def everything(model, data=None):
    """All that is known of a model, and what it makes of the data."""
    found = {"state": model, "attributes": {k: v for k, v in vars(model).items() if k[-1] == "_"}}
    if "net_" in found["attributes"]:
        del found["attributes"]["module_"]
        found["attributes"]["net_"] = model.net_.history[:]
    if data is not None:
        methods = {"predict", "predict_proba", "transform"} & set(dir(model))
        found["outputs"] = {name: list(getattr(model, name)(data)) for name in methods}
    return plain(found)


def unfitted(name, **params):
    kind, own, *_ = MODELS[name]
    common = {"hidden_size": 3, "max_epochs": 2, "batch_size": 4, "random_state": 0}
    if kind is Seq2SeqTransformer:
        common["embedding_dim"] = 3
    return kind(**{**common, **own, **params})


_fitted = {}


def fitted(name):
    if name not in _fitted:
        _, _, data, y, *_ = MODELS[name]
        _fitted[name] = unfitted(name, warm_start=True).fit(data, y)
    return copy.deepcopy(_fitted[name])


@pytest.mark.parametrize(("mode", "name"), MODES)
def test_a_refit_that_raises_changes_nothing(mode, name):
    _, _, data, y, *other = MODELS[name]
    faults = FAULTS if mode == "partial_fit" else FAULTS | FIT_FAULTS
    for fault, (params, call) in faults.items():
        model = fitted(name).set_params(warm_start=mode == "warm start", **params)
        before = everything(model, data)
        method = model.partial_fit if mode == "partial_fit" else model.fit
        with pytest.raises(REFUSED):
            call(method, *(other if mode == "fit" else (data, y)))
        assert_equal(everything(model, data), before, err_msg=fault)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_whose_fit_raises_stays_unfitted(name):
    _, _, data, y, *_ = MODELS[name]
    for fault, (params, call) in (FAULTS | FIT_FAULTS).items():
        model = unfitted(name, **params)
        before = everything(model)
        with pytest.raises(REFUSED):
            call(model.fit, data, y)
        assert_equal(everything(model), before, err_msg=fault)
        with pytest.raises(NotFittedError):
            check_is_fitted(model)


TRANSFORMERS = {
    "scaler": (TimeDistributed(StandardScaler()), X),
    "encoder": (TimeDistributed(OneHotEncoder()), [x.round().astype(str) for x in X]),
    "selection": (TimeDistributed(SelectKBest(f_classif, k=1)), X),
    "padder": (SequencePadder(), X),
    "summarizer": (SequenceSummarizer(), X),
    "vectorizer": (SequenceVectorizer(analyzer="char"), WORDS),
}
BAD = [x * np.inf for x in OTHER_X]
TABLE = pd.DataFrame([[1.0, 2.0, np.nan], [3.0, 4.0, 5.0]], columns=["r", "s", "t"])

# Which transformers, their parameters, what is fitted to and its targets.
REFITS = [
    (["scaler", "encoder", "selection", "padder", "summarizer", "vectorizer"], {}, 7, None),
    (["scaler", "encoder", "selection", "padder", "summarizer", "vectorizer"], {}, [], None),
    (["summarizer"], {}, BAD, None),
    (["summarizer"], {}, TABLE, None),
    (["padder"], {}, [[["a"], ["b"]], [["c"]]], None),
    (["padder"], {"maxlen": 0}, OTHER_X, None),
    (["scaler"], {"transformer": MinMaxScaler((2, 1))}, OTHER_X, None),
    (["scaler"], {"transformer": MinMaxScaler((2, 1))}, TABLE, None),
    (["scaler"], {"transformer": SelectKBest(f_classif)}, OTHER_X, None),
    (["scaler", "encoder"], {}, OTHER_X, object()),
    (["selection"], {}, OTHER_X, LABELS[:3]),
    (["selection"], {"transformer__k": -1}, OTHER_X, LABELS),
    (["vectorizer"], {}, [*OTHER_WORDS, None], None),
    (["vectorizer"], {"analyzer": "word"}, ["", "!"], None),
    (["vectorizer"], {"min_df": 100}, OTHER_WORDS, None),
    (["vectorizer"], {"vocabulary": ["a", "a"]}, OTHER_WORDS, None),
]


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
@pytest.mark.parametrize(
    ("name", "params", "data", "y"),
    [(name, *refit) for names, *refit in REFITS for name in names],
)
def test_a_transformer_whose_fit_raises_is_as_it_was(name, params, data, y, method):
    transformer, first = TRANSFORMERS[name]
    for fitted in (True, False):
        model = clone(transformer)
        if fitted:
            model.fit(first, LABELS)
        model.set_params(**params)
        before = everything(model, first if fitted else None)
        with pytest.raises(REFUSED):
            getattr(model, method)(data, y)
        assert_equal(everything(model, first if fitted else None), before)
        if not fitted and name != "vectorizer":  # which needs no fit with a vocabulary
            with pytest.raises(NotFittedError):
                check_is_fitted(model)


class Fussy(StandardScaler):
    """Learns before it refuses."""

    def partial_fit(self, X, y=None, sample_weight=None):
        super().partial_fit(X)
        if np.max(X) > 1e5:
            raise ValueError("too large")
        return self


@pytest.mark.parametrize("data", [OTHER_X, [1e6 * x for x in X], 7])
def test_a_partial_fit_of_time_steps_that_raises_changes_nothing(data):
    model = TimeDistributed(Fussy()).partial_fit(X)
    before = everything(model, X)
    with pytest.raises((TypeError, ValueError)):
        model.partial_fit(data)
    assert_equal(everything(model, X), before)
