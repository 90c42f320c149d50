"""Saved models are checked when they are loaded, and say who saved them."""

import copy
import io
import itertools
import pickle
import pickletools
import re

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer, __version__
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
)
from sk_rnn.sequences import seal

rng = np.random.default_rng(0)
N = 8
X = [rng.normal(size=(n, 2)) for n in rng.integers(2, 6, size=N)]
FRAMES = [pd.DataFrame(x, columns=["heat", "flow"]) for x in X]
LABELS = np.array(["a", "b"])[np.arange(N) % 2]
NUMBERS = rng.normal(size=N)
WORDS = ["".join(rng.choice(list("abcd"), size=n)) for n in rng.integers(2, 6, size=N)]
MODES = [[["on", "off"][int(step > 0)] for step in x[:, 0]] for x in X]
SMALL = {"hidden_size": 3, "max_epochs": 1, "random_state": 0}

ESTIMATORS = {
    "classifier": (RNNClassifier(**SMALL), X, LABELS),
    "tagger": (RNNClassifier(**SMALL, return_sequences=True), FRAMES, [x[:, 0] > 0 for x in X]),
    "regressor": (RNNRegressor(**SMALL, warm_start=True), X, NUMBERS),
    "translator": (Seq2SeqTransformer(**SMALL, embedding_dim=3), WORDS, WORDS[::-1]),
    "forecaster": (Seq2SeqTransformer(**SMALL), X, X[::-1]),
}
TRANSFORMERS = {
    "scaler": (TimeDistributed(StandardScaler()), FRAMES, None),
    "encoder": (TimeDistributed(OneHotEncoder(sparse_output=False)), MODES, None),
    "dicts": (
        TimeDistributed(DictVectorizer()),
        [[{"mode": mode} for mode in modes] for modes in MODES],
        None,
    ),
    "padder": (SequencePadder(padding="post"), X, None),
    "summarizer": (SequenceSummarizer(statistics=["mean", "last"]), FRAMES, None),
    "vectorizer": (SequenceVectorizer(analyzer="char", min_df=2), WORDS, None),
}
ALL = ESTIMATORS | TRANSFORMERS
names = pytest.mark.parametrize("name", ALL)


def fitted(name):
    model, data, y = ALL[name]
    return clone(model).fit(data, y), data


def outputs(model, data):
    """All numbers and labels that it makes of the data, in one list."""
    found = model.predict(data) if hasattr(model, "predict") else model.transform(data)
    found = [np.asarray(row) for row in found]
    if isinstance(model, RNNClassifier):
        found += list(model.predict_proba(data))
    if isinstance(model, Seq2SeqTransformer):
        found.append(model.score_samples(data, ALL_TARGETS[id(data)]))
    return found


ALL_TARGETS = {id(data): y for _, data, y in ESTIMATORS.values()}


def same(one, other):
    return len(one) == len(other) and all(
        a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
        for a, b in zip(one, other, strict=True)
    )


def loads_after(model, change):
    """Load a model whose state was changed in between."""
    state = copy.deepcopy(model.__getstate__())
    change(state)
    loaded = type(model).__new__(type(model))
    loaded.__setstate__(state)
    return loaded


# --- round trips ----------------------------------------------------------------------------------


def through_joblib(model, compress):
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=compress)
    buffer.seek(0)
    return joblib.load(buffer)


TRIPS = {
    **{
        f"pickle {protocol}": lambda model, protocol=protocol: pickle.loads(
            pickle.dumps(model, protocol)
        )
        for protocol in range(2, 6)
    },
    "joblib": lambda model: through_joblib(model, 0),
    "joblib, compressed": lambda model: through_joblib(model, 3),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "state": lambda model: loads_after(model, lambda state: None),
}


@names
def test_round_trips_predict_the_same_bits(name):
    model, data = fitted(name)
    expected = outputs(model, data)
    for trip, function in TRIPS.items():
        loaded = function(model)
        assert same(outputs(loaded, data), expected), trip
        again = function(loaded)
        assert same(outputs(again, data), expected), trip
        assert again.__getstate__()["_saved_with"] == model.__getstate__()["_saved_with"], trip


@names
def test_a_clone_is_unfitted_and_fits_the_same(name):
    model, data = fitted(name)
    copied = clone(pickle.loads(pickle.dumps(model)))
    assert not [attribute for attribute in vars(copied) if attribute.endswith("_")]
    assert same(outputs(copied.fit(data, ALL[name][2]), data), outputs(model, data))


def test_a_pipeline_of_all_predicts_the_same_bits():
    model = make_pipeline(TimeDistributed(StandardScaler()), RNNClassifier(**SMALL))
    model.fit(FRAMES, LABELS)
    for trip, function in TRIPS.items():
        loaded = function(model) if trip != "state" else model
        assert_array_equal(loaded.predict_proba(FRAMES), model.predict_proba(FRAMES), trip)


# --- damage ---------------------------------------------------------------------------------------


# Opcodes of pickle whose arguments are contents. Not integers: those of dtypes, damaged, make NumPy
# crash while it loads.
CONTENTS = ("BINBYTES", "BINUNICODE", "BINFLOAT")


def positions_of_contents(pickled):
    """Where the floats, texts and arrays of a pickle stand."""
    found = []
    for (operation, value, _), (*_, stop) in itertools.pairwise(pickletools.genops(pickled)):
        if operation.name.removeprefix("SHORT_").startswith(CONTENTS):
            value = value.encode() if isinstance(value, str) else value
            n_bytes = 8 if isinstance(value, float) else len(value)
            found += range(stop - n_bytes, stop)
    return found


@names
def test_a_flipped_bit_is_noticed_or_changes_nothing(name):
    model, data = fitted(name)
    expected = outputs(model, data)
    whole = pickle.dumps(model)
    random = np.random.default_rng(0)
    noticed = 0
    for position in random.choice(positions_of_contents(whole), size=120):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << random.integers(8)
        try:
            found = outputs(pickle.loads(bytes(damaged)), data)
        except Exception:  # of any kind: a name may be one of pickle's own
            noticed += 1
        else:
            assert same(found, expected), position
    assert noticed > 60


@names
def test_a_flipped_bit_of_a_weight_is_explained(name):
    model, _ = fitted(name)
    whole = pickle.dumps(model)
    arrays = [a for a in arrays_in(model.__getstate__()) if a.dtype.kind == "f" and a.nbytes >= 8]
    random = np.random.default_rng(1)
    for array in arrays:
        start = whole.index(array.tobytes())
        damaged = bytearray(whole)
        damaged[start + random.integers(array.nbytes)] ^= 1 << random.integers(8)
        with pytest.raises(ValueError, match=DAMAGED.format(type(model).__name__)):
            pickle.loads(bytes(damaged))
    assert arrays or name not in ESTIMATORS


def arrays_in(value):
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)
    elif hasattr(value, "__getstate__") and isinstance(value, BaseEstimator):
        yield from arrays_in(value.__getstate__())


DAMAGED = (
    "{}: the saved model is damaged: its contents do not match the checksum that was saved with "
    "them. Copy or download the file again, or refit."
)


def tilt(array):
    array.reshape(-1)[0] += 1


CHANGES = {
    "a parameter": lambda state: state.update(hidden_size=4),
    "a missing attribute": lambda state: state.pop("n_features_in_"),
    "a new attribute": lambda state: state.update(mean_=0.0),
    "a class": lambda state: state.update(classes_=state["classes_"][::-1]),
    "a weight": lambda state: tilt(next(iter(state["_net_state"]["module"].values()))),
    "a name of a weight": lambda state: state["_net_state"]["module"].update(more=np.zeros(1)),
    "a loss": lambda state: state["_net_state"]["history"][0].update(train_loss=0.0),
    "the scale": lambda state: tilt(state["_source"]["_scaling"][0]),
    "the seed": lambda state: state.update(_seed=1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_state_is_refused(change):
    model, _ = fitted("classifier")
    with pytest.raises(ValueError, match=DAMAGED.format("RNNClassifier")):
        loads_after(model, CHANGES[change])


# --- versions -------------------------------------------------------------------------------------


def reseal(state, version):
    """The state as another version would have saved it."""
    del state["_saved_with"]
    state.update(seal(state))
    state["_saved_with"]["version"] = version


@names
def test_a_state_says_who_saved_it(name):
    model, _ = fitted(name)
    assert model.__getstate__()["_saved_with"]["version"] == __version__
    assert "_saved_with" not in vars(pickle.loads(pickle.dumps(model)))


OLDER = (
    "the model was saved by a version of sk_rnn before 0.1.0, which saved no checksum, so damage "
    "cannot be detected. Save it again with this version."
)


def of_a_newer_version(state):
    state["_module_arguments"]["n_experts"] = 3
    reseal(state, "9.9.0")


def with_a_newer_option(state):
    state["_net_arguments"]["warmup"] = 0.1
    reseal(state, "9.9.0")


def with_other_weights(state):
    state["_net_state"]["module"]["gate"] = np.zeros(2, np.float32)
    reseal(state, "9.9.0")


@pytest.mark.parametrize("change", [of_a_newer_version, with_a_newer_option, with_other_weights])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_model_of_a_newer_version_is_refused(name, change):
    model, _ = fitted(name)
    kind = type(model).__name__
    message = (
        rf"^{kind}: the model was saved by version 9\.9\.0 of sk_rnn, and this is version "
        rf"{re.escape(__version__)}, which cannot read it \((.|\n)*\)\. Load it with the version "
        r"that saved it, or refit\.$"
    )
    with pytest.raises(ValueError, match=message):
        loads_after(model, change)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_model_of_an_older_version_is_refused_if_it_cannot_be_read(name):
    model, _ = fitted(name)

    def age(state):
        del state["_saved_with"], state["_net_arguments"]["gradient_clip"]

    message = f"{type(model).__name__}: the model was saved by a version before 0.1.0 of sk_rnn"
    with pytest.warns(UserWarning, match=OLDER), pytest.raises(ValueError, match=message):
        loads_after(model, age)


@names
def test_a_state_without_a_version_is_read_with_a_warning(name):
    model, data = fitted(name)
    with pytest.warns(UserWarning, match=f"^{type(model).__name__}: {OLDER}") as caught:
        loaded = loads_after(model, lambda state: state.pop("_saved_with"))
    assert [warning.filename for warning in caught] == [__file__]
    assert same(outputs(loaded, data), outputs(model, data))


@names
def test_a_newer_version_that_can_be_read_is_read(name):
    model, data = fitted(name)
    loaded = loads_after(model, lambda state: reseal(state, "9.9.0"))
    assert same(outputs(loaded, data), outputs(model, data))
