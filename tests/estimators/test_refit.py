"""A fit that raises an error at any point leaves the estimator unchanged."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback

from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
)

from .table import FRAMES, RECORDS, WORDS, N, each_record, everything, labels

ERRORS = (TypeError, ValueError, RuntimeError, ConvergenceWarning)
MODES = [
    pytest.param(mode, record, id=f"{mode}-{name}")
    for mode in ("fit", "warm start", "partial_fit")
    for name, record in RECORDS.items()
    if mode != "partial_fit" or record.has("partial_fit")
]


def failing(event, error=RuntimeError):
    """A callback that raises an error at an event."""

    def fail(self, net, *args, **kwargs):
        raise error("enough")

    return type("Failing", (Callback,), {event: fail})()


def with_one_value(data):
    """Return the sequences with an invalid last one."""
    if isinstance(data, np.ndarray):
        return np.concatenate([data[:-1], np.full_like(data[-1:], np.nan)])
    last = data[-1]
    if isinstance(last, str):
        return [*data[:-1], None]
    return [*data[:-1], last * np.nan]


def half(data):
    return None if data is None else data[: N // 2]


# Errors: parameters, and the call of fit with X and y.
FAULTS = {
    "X is a number": ({}, lambda fit, X, y: fit(7, y)),
    "a sequence cannot be read": ({}, lambda fit, X, y: fit(with_one_value(X), y)),
    "y is too short": ({}, lambda fit, X, y: fit(X, WORDS.X[:3] if y is None else y[:-1])),
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
FIT_FAULTS = {  # not possible in partial_fit
    "validation data are not complete": ({}, lambda fit, X, y: fit(X, y, y_val=half(y) or X[:3])),
    "validation data cannot be read": (
        {},
        lambda fit, X, y: fit(X, y, X_val=with_one_value(X), y_val=y),
    ),
    "all are one group": (
        {"early_stopping": True, "validation_fraction": 0.5},
        lambda fit, X, y: fit(X, y, groups=[0] * N),
    ),
    "the loss diverges": ({"lr": 1e30, "optimizer": "sgd"}, lambda fit, X, y: fit(X, y)),
}


# Two batches, so that an event after the first one comes before the end.
BATCHES = {"batch_size": N // 2}
_fitted = {}


def fitted(record):
    if record not in _fitted:
        _fitted[record] = record.fit(warm_start=True, **BATCHES)
    return copy.deepcopy(_fitted[record])


@pytest.mark.parametrize(("mode", "record"), MODES)
def test_refit_that_raises_changes_nothing(mode, record):
    faults = FAULTS if mode == "partial_fit" else FAULTS | FIT_FAULTS
    arguments = record.other if mode == "fit" else (record.X, record.y)
    for fault, (params, call) in faults.items():
        if record.ignores_y and fault.startswith("y "):
            continue
        model = fitted(record).set_params(warm_start=mode == "warm start", **params)
        before = everything(model, record.X)
        method = model.partial_fit if mode == "partial_fit" else model.fit
        with pytest.raises(ERRORS):
            call(method, *arguments)
        assert_equal(everything(model, record.X), before, err_msg=fault)


@each_record
def test_model_whose_first_fit_raises_stays_unfitted(record):
    for fault, (params, call) in (FAULTS | FIT_FAULTS).items():
        if record.ignores_y and fault.startswith("y "):
            continue
        model = record.make(**BATCHES, **params)
        before = everything(model)
        with pytest.raises(ERRORS):
            call(model.fit, record.X, record.y)
        assert_equal(everything(model), before, err_msg=fault)
        with pytest.raises(NotFittedError):
            check_is_fitted(model)


X, OTHER_X = FRAMES.X, FRAMES.other
LABELS = labels(X)
TRANSFORMERS = {
    "scaler": (TimeDistributed(StandardScaler()), X),
    "encoder": (TimeDistributed(OneHotEncoder()), [x.round().astype(str) for x in X]),
    "selection": (TimeDistributed(SelectKBest(f_classif, k=1)), X),
    "padder": (SequencePadder(), X),
    "summarizer": (SequenceSummarizer(), X),
    "vectorizer": (SequenceVectorizer(analyzer="char"), WORDS.X),
}
BAD = [x * np.inf for x in OTHER_X]
TABLE = pd.DataFrame([[1.0, 2.0, np.nan], [3.0, 4.0, 5.0]], columns=["r", "s", "t"])

# Transformers, parameters, X and y.
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
    (["vectorizer"], {}, [*WORDS.other, None], None),
    (["vectorizer"], {"analyzer": "word"}, ["", "!"], None),
    (["vectorizer"], {"min_df": 100}, WORDS.other, None),
    (["vectorizer"], {"vocabulary": ["a", "a"]}, WORDS.other, None),
]


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
@pytest.mark.parametrize(
    ("name", "params", "data", "y"),
    [(name, *refit) for names, *refit in REFITS for name in names],
)
def test_transformer_whose_fit_raises_is_unchanged(name, params, data, y, method):
    transformer, first = TRANSFORMERS[name]
    for fitted in (True, False):
        model = clone(transformer)
        if fitted:
            model.fit(first, LABELS)
        model.set_params(**params)
        before = everything(model, first if fitted else None)
        with pytest.raises(ERRORS):
            getattr(model, method)(data, y)
        assert_equal(everything(model, first if fitted else None), before)
        if not fitted and name != "vectorizer":  # which needs no fit with a vocabulary
            with pytest.raises(NotFittedError):
                check_is_fitted(model)


class FailingAfterFit(StandardScaler):
    """Updates its statistics before it raises an error."""

    def partial_fit(self, X, y=None, sample_weight=None):
        super().partial_fit(X)
        if np.max(X) > 1e5:
            raise ValueError("too large")
        return self


@pytest.mark.parametrize("data", [OTHER_X, [1e6 * x for x in X], 7])
def test_partial_fit_of_time_steps_that_raises_changes_nothing(data):
    model = TimeDistributed(FailingAfterFit()).partial_fit(X)
    before = everything(model, X)
    with pytest.raises((TypeError, ValueError)):
        model.partial_fit(data)
    assert_equal(everything(model, X), before)
