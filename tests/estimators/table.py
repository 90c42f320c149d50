"""The estimators and data of the generic tests: add a record to include a new estimator.

``ESTIMATORS`` has one record per estimator class, with its defaults; ``RECORDS`` has those and the
variants whose data, targets or fitted state are of another kind. A test that holds for any
estimator takes ``each_estimator`` or ``each_record`` and asks the record for models and data.

``FORECASTERS`` has the records of estimators whose rows are time steps and whose X in `predict` is
the future. Tests of parameters and of saved state, which only need `fit` and `outputs`, take
``every_estimator``, which includes them. Tests of sequences do not: a forecast depends on the order
of rows, there is one model of all series and no score per sequence, and weights, groups and
validation data of single sequences do not exist. `test_forecaster.py` has its own tests of these.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator

from sk_rnn import (
    RNNClassifier,
    RNNForecaster,
    RNNLanguageModel,
    RNNRegressor,
    RNNTranscriber,
    Seq2SeqTransformer,
)

N = 16
SMALL = {"hidden_size": 3, "max_epochs": 2, "random_state": 0}

# --- sources: X, and an X of other features, tokens and scale -------------------------------------


@dataclass(frozen=True, eq=False)
class Source:
    X: Sequence
    other: Sequence


_rng = np.random.default_rng(0)
LENGTHS = _rng.integers(1, 7, size=N)


def _arrays(n_features, scale=1.0):
    return [(scale * _rng.normal(size=(n, n_features))).astype(np.float32) for n in LENGTHS]


def _frames(columns, scale=1.0):
    return [pd.DataFrame(x, columns=columns) for x in _arrays(len(columns), scale)]


def _ids(low, high):
    return [_rng.integers(low, high, size=n) for n in LENGTHS]


def _words(letters):
    return ["".join(_rng.choice(list(letters), size=n)) for n in LENGTHS]


SERIES = Source(_arrays(2), _arrays(3, 1e6))
FRAMES = Source(_frames(["heat", "flow"]), _frames(["heat", "load", "wind"], 1e6))
IDS = Source(_ids(0, 6), _ids(6, 12))
STEPS = Source(  # series to forecast
    [_rng.normal(size=40).cumsum(), _rng.normal(size=50)], [1e6 * _rng.normal(size=60)]
)
WORDS = Source(_words("abcd"), _words("wxyz"))
VECTORS = Source(_rng.normal(size=(N, 3)), 9.0 * _rng.normal(size=(N, 2)))


def _sentences(letters):
    return [["".join(_rng.choice(list(letters), size=3)) for _ in range(n)] for n in LENGTHS]


SENTENCES = Source(_sentences("abcd"), _sentences("wxyz"))
TEXTS = Source(*([" ".join(words) for words in X] for X in (SENTENCES.X, SENTENCES.other)))

# --- targets: y for any list of sequences, and a y of other classes, columns and scale ------------


def labels(X, other=False):
    names = np.array(["b", "c", "d", "e"] if other else ["a", "b", "c"])
    return names[np.arange(len(X)) % len(names)]


def indicators(X, other=False):
    i = np.arange(len(X))
    return np.column_stack([i % k == 0 for k in range(2, 5 if other else 4)]).astype(int)


def tags(X, other=False):
    steps = [np.asarray(x)[:, 0] for x in X]
    names = ("high", "low") if other else ("up", "down")
    return [np.where(step > np.median(np.concatenate(steps)), *names) for step in steps]


def word_tags(X, other=False):
    names = ("N", "V") if other else ("noun", "verb")
    return [np.array([names[word[-1] in "acwx"] for word in words]) for words in X]


def numbers(X, other=False):
    y = np.random.default_rng(1).normal(size=len(X))
    return 1e6 * y + 1e8 if other else y


def two_numbers(X, other=False):
    y = numbers(X)
    return 1e6 * np.column_stack([y, -y, y**2]) if other else np.column_stack([y, -y])


def numbers_per_step(X, other=False):
    return [np.asarray(x, dtype=float)[:, 0] * (1e6 if other else 1.0) for x in X]


def words(X, other=False):
    random = np.random.default_rng(2)
    letters = list("xyz" if other else "abc")
    return ["".join(random.choice(letters, size=n)) for n in random.integers(1, 5, size=len(X))]


def short_words(X, other=False):
    """Words of one letter, or of two if sequences are long enough to be aligned with them."""
    letters = "xyz" if other else "abc"
    lengths = [1 + i % 2 if np.size(x) > 2 and len(x) > 2 else 1 for i, x in enumerate(X)]
    return ["".join(letters[(i + k) % 3] for k in range(n)) for i, n in enumerate(lengths)]


def phonemes(X, other=False):
    return [list(word) for word in short_words(X, other)]


def itself(X, other=False):
    return X


def reversed_series(X, other=False):
    return [np.asarray(x)[::-1] for x in X]


# --- records --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Record:
    """An estimator with its data and properties that generic tests depend on.

    Parameters
    ----------
    estimator : type
        The class.
    targets : callable, default=None
        ``targets(X, other=False)`` returns y; None for what is fitted to X alone.
    source : Source, default=SERIES
        X, and another X that a model fitted to the first must reject.
    params : mapping
        Parameters of the constructor, in addition to those that make it small.
    reads_series, reads_tokens : mapping
        Parameters with which it accepts numeric series and token ids, regardless of `source`; None
        if it does not accept token ids.
    checked : tuple of mappings
        Parameters of other architectures that must pass scikit-learn's checks.
    expected_failed_checks : mapping
        scikit-learn's checks that it fails, and the reasons.
    slow_checks : bool
        Whether scikit-learn's checks take long with its defaults.
    small : mapping
        Parameters that make it small, and train it for two epochs.
    ignores_y : bool
        Whether it accepts any y, and does not use it.
    """

    estimator: type
    targets: Callable | None = None
    source: Source = SERIES
    params: Mapping[str, Any] = field(default_factory=dict)
    reads_series: Mapping[str, Any] = field(default_factory=dict)
    reads_tokens: Mapping[str, Any] | None = field(default_factory=lambda: {"embedding_dim": 3})
    checked: tuple[Mapping[str, Any], ...] = ()
    expected_failed_checks: Mapping[str, str] = field(default_factory=dict)
    slow_checks: bool = False
    small: Mapping[str, Any] = field(default_factory=lambda: SMALL)
    ignores_y: bool = False

    @property
    def name(self):
        return self.estimator.__name__

    @property
    def X(self):  # noqa: N802 - as in scikit-learn
        return self.source.X

    @cached_property
    def y(self):
        return self.y_for(self.X)

    @cached_property
    def other(self):
        """X and y with other features, tokens, classes, outputs and scales."""
        X = self.source.other
        return X, None if self.targets is None else self.targets(X, other=True)

    def y_for(self, X):
        """Return a target for each sequence, or None."""
        return None if self.targets is None else self.targets(X)

    def make(self, **params):
        return self.estimator(**{**self.small, **self.params, **params})

    def fit(self, **params):
        return self.make(**params).fit(self.X, self.y)

    def with_params(self, **params):
        return replace(self, params={**self.params, **params})

    def head(self, n):
        """Return the record with the first samples only."""
        rows = range(n)
        return replace(self, source=Source(take(self.X, rows), take(self.source.other, rows)))

    def has(self, *methods):
        return all(hasattr(self.estimator, method) for method in methods)


# Early stopping holds out too much of tiny data sets by default.
STOPPING = {"early_stopping": True, "validation_fraction": 0.3, "bidirectional": False}
# Masks cover at most a fifth of the few time steps of these data.
CENTERED, MASKED = {"center_inputs": True}, {"time_masking": 2, "feature_masking": 0.5}
STACKED = {"cell": "lstm", "num_layers": 2, "bidirectional": True}

ESTIMATORS = {
    "classifier": Record(RNNClassifier, labels, checked=({}, STACKED, STOPPING, CENTERED, MASKED)),
    "regressor": Record(RNNRegressor, numbers, checked=({}, STACKED, STOPPING, CENTERED, MASKED)),
    "translator": Record(
        Seq2SeqTransformer,
        words,
        WORDS,
        reads_series={"source_kind": "series"},
        checked=(
            {},
            {"transform_method": "encode"},
            {
                "cell": "lstm",
                "num_layers": 2,
                "source_kind": "series",
                "attention": "dot",
                "feedback": True,
                "input_feeding": True,
                "max_epochs": 2,
            },
        ),
        slow_checks=True,
    ),
    "transcriber": Record(
        RNNTranscriber,
        short_words,
        reads_tokens=None,
        checked=({}, STACKED, STOPPING, {"center_inputs": True, "beam_width": 3}),
        slow_checks=True,
    ),
}
RECORDS = ESTIMATORS | {
    "multilabel": Record(RNNClassifier, indicators),
    "tagger": Record(RNNClassifier, tags, FRAMES, {"return_sequences": True}),
    "tagger with transitions": Record(
        RNNClassifier,
        tags,
        FRAMES,
        {"return_sequences": True, "crf": True, "unseen_transitions": "forbid"},
    ),
    "classifier of tokens": Record(
        RNNClassifier, labels, IDS, {"embedding_dim": 3, "cell": "lstm"}
    ),
    "classifier of text": Record(RNNClassifier, labels, TEXTS),
    "tagger of words": Record(
        RNNClassifier, word_tags, SENTENCES, {"return_sequences": True, "bidirectional": False}
    ),
    "two outputs": Record(RNNRegressor, two_numbers, FRAMES, {"loss": "gaussian"}),
    "regressor of steps": Record(
        RNNRegressor, numbers_per_step, params={"return_sequences": True, "layer_norm": True}
    ),
    "series to series": Record(Seq2SeqTransformer, reversed_series, FRAMES),
    "vectors to words": Record(Seq2SeqTransformer, words, VECTORS),
    "autoencoder": Record(Seq2SeqTransformer, None, WORDS),
    "encoder": Record(Seq2SeqTransformer, None, SERIES, {"transform_method": "encode"}),
    "transcriber of tokens": Record(
        RNNTranscriber, phonemes, FRAMES, {"conv_channels": None, "beam_width": 4}
    ),
    "language model": Record(RNNLanguageModel, None, WORDS, ignores_y=True),
    "language model of numbers": Record(RNNLanguageModel, None, SERIES, ignores_y=True),
}

FORECASTERS = {
    "forecaster": Record(
        RNNForecaster,
        None,
        STEPS,
        params={"horizon": 3},
        small={"hidden_size": 3, "n_networks": 1, "max_steps": 60, "random_state": 0},
    )
}

every_estimator = pytest.mark.parametrize(
    "record", [*ESTIMATORS.values(), *FORECASTERS.values()], ids=[*ESTIMATORS, *FORECASTERS]
)
each_estimator = pytest.mark.parametrize("record", ESTIMATORS.values(), ids=ESTIMATORS)
each_record = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)


def records_with(*methods, among=RECORDS):
    """Parametrise a test over the records whose estimator has all of these methods."""
    chosen = {name: record for name, record in among.items() if record.has(*methods)}
    return pytest.mark.parametrize("record", chosen.values(), ids=chosen)


def take(items, rows):
    """Return samples of X, y or weights."""
    if items is None or isinstance(items, np.ndarray):
        return None if items is None else items[np.asarray(rows)]
    return [items[i] for i in rows]


# --- predictions, and comparison of models --------------------------------------------------------

# Public methods of X that return one row or one sequence per sample, of any estimator.
METHODS = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score_samples",
)


def outputs(model, X):
    """Return the outputs of all methods for X by name, each as a list with one item per sample.

    Encodings and standard deviations are among them; `transform` is not if it is `predict`. Of a
    forecaster they are what follows the series X.
    """
    if hasattr(model, "backtest"):
        found = {"predict": model.predict(history=X), "score_samples": model.score_samples(X)}
        return {name: list(rows) for name, rows in found.items()}
    found = {name: getattr(model, name)(X) for name in METHODS if hasattr(model, name)}
    if hasattr(model, "transform") and "transform_method" in model.get_params():
        encoder = copy.copy(model).set_params(transform_method="encode")
        found["encodings"] = encoder.transform(X)
    elif hasattr(model, "transform"):
        found["transform"] = model.transform(X)
    if model.get_params().get("loss") == "gaussian":
        found["deviations"] = model.predict(X, return_std=True)[1]
    return {name: list(rows) for name, rows in found.items()}


def use(model, X, y):
    """Call every method that takes data and does not fit."""
    for name in (*METHODS, "transform"):
        if hasattr(model, name):
            getattr(model, name)(X)
    model.score(X, y)
    for name, more in (("predict_n_best", [2]), ("sample", []), ("align", [])):
        if hasattr(model, name):
            with suppress(ValueError):  # of targets that are numbers, or without attention
                getattr(model, name)(X, *more)


def numeric_outputs(model, X, y=None):
    """Return numbers that depend on all weights: probabilities, likelihoods or predictions."""
    if hasattr(model, "predict_proba"):
        found = model.predict_proba(X)
    elif hasattr(model, "score_samples"):
        found = [model.score_samples(X) if y is None else model.score_samples(X, y)]
    else:
        found = model.predict(X)
    return np.concatenate([np.ravel(row) for row in found])


def assert_same_rows(found, expected, err_msg=""):
    assert len(found) == len(expected), err_msg
    for one, other in zip(found, expected, strict=True):
        if isinstance(other, list):  # of tokens of any kind
            assert one == other, err_msg
            continue
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype == other.dtype, err_msg
        assert_array_equal(one, other, err_msg=err_msg)


def assert_same_outputs(model, expected, X):
    """Assert equal predictions, bit for bit; ``expected`` is a model or the result of `outputs`."""
    found = outputs(model, X)
    expected = expected if isinstance(expected, dict) else outputs(expected, X)
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        assert_same_rows(found[name], rows, name)


def assert_same_model(model, expected):
    """Assert that two models have the same weights, bit for bit."""
    weights, others = model.module_.state_dict(), expected.module_.state_dict()
    assert list(weights) == list(others)
    for name, value in weights.items():
        assert_array_equal(value.numpy(), others[name].numpy(), err_msg=name)


def plain(value):
    """Return a copy of a state, with the states of nested estimators, that can be compared."""
    if isinstance(value, BaseEstimator):
        value = value.__getstate__()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def everything(model, X=None):
    """Return the state, attributes and outputs of a model as plain values that can be compared."""
    found = {"state": model, "attributes": {k: v for k, v in vars(model).items() if k[-1] == "_"}}
    if "net_" in found["attributes"]:
        del found["attributes"]["module_"]
        found["attributes"]["net_"] = model.net_.history[:]
    if X is not None:
        found["outputs"] = outputs(model, X)
    return plain(found)


def nested(state, key):
    """Return the only nested dictionary of a state that has this key."""
    (found,) = _nested(state, key)
    return found


def _nested(value, key):
    for item in value.values():
        if isinstance(item, dict):
            if key in item:
                yield item
            yield from _nested(item, key)
