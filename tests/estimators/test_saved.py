"""Saved models are verified when they are loaded, and store the version that saved them."""

import copy
import io
import itertools
import pickle
import pickletools
import re

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_rnn import __version__
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
)
from sk_rnn.sequences import seal

from .table import (
    FRAMES,
    RECORDS,
    SERIES,
    WORDS,
    assert_same_outputs,
    each_estimator,
    each_record,
    nested,
    outputs,
)

MODES = [[["on", "off"][int(step > 0)] for step in x[:, 0]] for x in SERIES.X]
TRANSFORMERS = {
    "scaler": (TimeDistributed(StandardScaler()), FRAMES.X),
    "encoder": (TimeDistributed(OneHotEncoder(sparse_output=False)), MODES),
    "dicts": (
        TimeDistributed(DictVectorizer()),
        [[{"mode": mode} for mode in modes] for modes in MODES],
    ),
    "padder": (SequencePadder(padding="post"), SERIES.X),
    "summarizer": (SequenceSummarizer(statistics=["mean", "last"]), FRAMES.X),
    "vectorizer": (SequenceVectorizer(analyzer="char", min_df=2), WORDS.X),
    "scaled": (make_pipeline(TimeDistributed(StandardScaler()), SequenceSummarizer()), FRAMES.X),
}
# name: (model, X, y)
ALL = {name: (record.make(), record.X, record.y) for name, record in RECORDS.items()} | {
    f"transformer: {name}": (transformer, X, None)
    for name, (transformer, X) in TRANSFORMERS.items()
}
# A pipeline has the state of scikit-learn without a seal.
SEALED = {name: case for name, case in ALL.items() if name != "transformer: scaled"}
each = pytest.mark.parametrize(("model", "X", "y"), ALL.values(), ids=ALL)
each_sealed = pytest.mark.parametrize(("model", "X", "y"), SEALED.values(), ids=SEALED)

# The entry of a state with the version.
(SEAL,) = seal({})


def fitted(model, X, y):
    return clone(model).fit(X, y)


def loads_after(model, change):
    """Load a model after a change of its saved state."""
    state = copy.deepcopy(model.__getstate__())
    change(state)
    loaded = type(model).__new__(type(model))
    loaded.__setstate__(state)
    return loaded


# --- round trips ----------------------------------------------------------------------------------


def through_compressed_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer, compress=3)
    buffer.seek(0)
    return joblib.load(buffer)


# Beside those of test_state.
TRIPS = {
    "pickle 2": lambda model: pickle.loads(pickle.dumps(model, 2)),
    "pickle 3": lambda model: pickle.loads(pickle.dumps(model, 3)),
    "pickle 5": lambda model: pickle.loads(pickle.dumps(model, 5)),
    "joblib, compressed": through_compressed_joblib,
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@each
def test_round_trips_predict_the_same_bits(model, X, y):
    model = fitted(model, X, y)
    expected = outputs(model, X)
    for trip, function in TRIPS.items():
        again = function(function(model))
        assert_same_outputs(again, expected, X)
        assert again.__getstate__().get(SEAL) == model.__getstate__().get(SEAL), trip


@each_sealed
def test_state_may_be_set_twice(model, X, y):
    model = fitted(model, X, y)
    loaded = loads_after(model, lambda state: None)
    assert_same_outputs(loads_after(loaded, lambda state: None), model, X)


@each
def test_clone_of_a_loaded_model_fits_the_same(model, X, y):
    model = fitted(model, X, y)
    copied = clone(pickle.loads(pickle.dumps(model)))
    assert not [attribute for attribute in vars(copied) if attribute.endswith("_")]
    assert_same_outputs(copied.fit(X, y), model, X)


@each_estimator
def test_pipeline_with_a_transformer_predicts_the_same_bits(record):
    model = make_pipeline(
        TimeDistributed(StandardScaler()), record.make(**record.reads_series)
    ).fit(FRAMES.X, record.y_for(FRAMES.X))
    expected = outputs(model, FRAMES.X)
    for function in TRIPS.values():
        assert_same_outputs(function(model), expected, FRAMES.X)


# --- damage ---------------------------------------------------------------------------------------


# Opcodes of pickle whose arguments are data. Integers are excluded: damaged ones of dtypes crash
# NumPy while loading.
CONTENTS = ("BINBYTES", "BINUNICODE", "BINFLOAT")


def positions_of_contents(pickled):
    """Return the positions of floats, text and arrays in a pickle."""
    found = []
    for (operation, value, _), (*_, stop) in itertools.pairwise(pickletools.genops(pickled)):
        if operation.name.removeprefix("SHORT_").startswith(CONTENTS):
            value = value.encode() if isinstance(value, str) else value
            n_bytes = 8 if isinstance(value, float) else len(value)
            found += range(stop - n_bytes, stop)
    return found


@each_sealed
def test_flipped_bit_is_detected_or_changes_nothing(model, X, y):
    model = fitted(model, X, y)
    whole = pickle.dumps(model)
    expected = outputs(model, X)
    random = np.random.default_rng(0)
    noticed = 0
    for position in random.choice(positions_of_contents(whole), size=120):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << random.integers(8)
        try:
            loaded = pickle.loads(bytes(damaged))
            outputs(loaded, X)
        except Exception:  # of any kind: a name may be one of pickle's own
            noticed += 1
        else:
            assert_same_outputs(loaded, expected, X)
    assert noticed > 60


@each_sealed
def test_flipped_bit_of_an_array_is_explained(model, X, y):
    model = fitted(model, X, y)
    whole = pickle.dumps(model)
    arrays = [a for a in arrays_in(model.__getstate__()) if a.dtype.kind == "f" and a.nbytes >= 8]
    random = np.random.default_rng(1)
    for array in arrays:
        start = whole.index(array.tobytes())
        damaged = bytearray(whole)
        damaged[start + random.integers(array.nbytes)] ^= 1 << random.integers(8)
        with pytest.raises(ValueError, match=DAMAGED.format(type(model).__name__)):
            pickle.loads(bytes(damaged))
    assert arrays or not hasattr(model, "module_")


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


def changes(value):
    """Yield functions that each change one thing inside a dictionary or list, and its path."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        if key == SEAL:
            continue
        item = value[key]
        if isinstance(item, dict | list):
            for path, change in changes(item):
                yield f"{key}.{path}", lambda state, key=key, change=change: change(state[key])
        else:
            yield str(key), lambda state, key=key: state.__setitem__(key, another(state[key]))
            yield f"{key} is missing", lambda state, key=key: state.__delitem__(key)
    if isinstance(value, dict):
        yield "more", lambda state: state.update(more=0.0)


def another(value):
    """Another value of the same kind."""
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "biuf":
        value = value.copy()
        value.reshape(-1)[0] = not value.flat[0] if value.dtype.kind == "b" else value.flat[0] + 1
        return value
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, tuple) and value:
        return (another(value[0]), *value[1:])
    return f"not {value}"


@each_estimator
def test_any_change_of_a_state_raises(record):
    model = record.fit(warm_start=True)
    found = dict(changes(model.__getstate__()))
    assert len(found) > 100
    assert found.keys() >= {"hidden_size", "n_features_in_", "loss_curve_.0 is missing", "more"}
    messages = dict.fromkeys(found, "accepted")
    for path, change in found.items():
        try:
            loads_after(model, change)
        except ValueError as error:
            messages[path] = str(error)
    assert messages == dict.fromkeys(found, DAMAGED.format(record.name))


# --- versions -------------------------------------------------------------------------------------


def reseal(state, version):
    """Return the state as saved by another version."""
    del state[SEAL]
    state.update(seal(state))
    state[SEAL]["version"] = version


@each_sealed
def test_state_has_the_version_that_saved_it(model, X, y):
    model = fitted(model, X, y)
    assert model.__getstate__()[SEAL]["version"] == __version__
    assert SEAL not in vars(pickle.loads(pickle.dumps(model)))


OLDER = (
    "the model was saved by a version of sk_rnn before 0.1.0, which saved no checksum, so damage "
    "cannot be detected. Save it again with this version."
)

# States that other versions may have saved: arguments of module and net, and weights.
NEWER = {
    "an argument of the module": lambda state, weight: nested(state, "cell_params").update(
        n_experts=3
    ),
    "an option of training": lambda state, weight: nested(state, "gradient_clip").update(
        warmup=0.1
    ),
    "weights": lambda state, weight: nested(state, weight).update(gate=np.zeros(2, np.float32)),
}


def name_of_a_weight(model):
    return next(iter(model.module_.state_dict()))


@pytest.mark.parametrize("change", NEWER)
@each_record
def test_model_of_a_newer_version_raises(record, change):
    model = record.fit()

    def age(state):
        NEWER[change](state, name_of_a_weight(model))
        reseal(state, "9.9.0")

    message = (
        rf"^{record.name}: the model was saved by version 9\.9\.0 of sk_rnn, and this is version "
        rf"{re.escape(__version__)}, which cannot read it \((.|\n)*\)\. Load it with the version "
        r"that saved it, or refit\.$"
    )
    with pytest.raises(ValueError, match=message):
        loads_after(model, age)


@each_record
def test_model_of_an_older_version_raises_if_it_cannot_be_read(record):
    model = record.fit()

    def age(state):
        del state[SEAL], nested(state, "gradient_clip")["gradient_clip"]

    message = f"{record.name}: the model was saved by a version before 0.1.0 of sk_rnn"
    with pytest.warns(UserWarning, match=OLDER), pytest.raises(ValueError, match=message):
        loads_after(model, age)


@each_sealed
def test_state_without_a_version_is_read_with_a_warning(model, X, y):
    model = fitted(model, X, y)
    message = f"^{type(model).__name__}: {OLDER}"
    with pytest.warns(UserWarning, match=message) as caught:
        loaded = loads_after(model, lambda state: state.pop(SEAL))
    assert [warning.filename for warning in caught] == [__file__]
    assert_same_outputs(loaded, model, X)


@each_sealed
def test_newer_version_that_can_be_read_is_read(model, X, y):
    model = fitted(model, X, y)
    assert_same_outputs(loads_after(model, lambda state: reseal(state, "9.9.0")), model, X)
