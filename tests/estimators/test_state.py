"""What a saved model is: NumPy arrays and plain values that predict bit for bit what it did."""

import copy
import io
import pickle

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback
from torch import nn

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.sequences import seal, unseal

_rng = np.random.default_rng(0)
N = 16
X = [_rng.normal(size=(n, 2)) for n in _rng.integers(2, 7, size=N)]
LABELS = np.array(["a", "b", "c", "d"])[np.arange(N) % 4]
NUMBERS = _rng.random(N) + 0.5
TAGS = [np.where(x[:, 0] > 0, "up", "down") for x in X]
STEPS = [x[:, 0] for x in X]
IDS = [_rng.integers(0, 6, size=len(x)) for x in X]
WORDS = ["".join(_rng.choice(list("abc"), size=len(x))) for x in X]
PAIRS = [[(word[0], 1), 2.5, word] for word in WORDS]  # tokens of any kind


class LeakyCell(nn.Module):
    def __init__(self, input_size, hidden_size, gain=1.0):
        super().__init__()
        self.linear = nn.Linear(input_size, hidden_size)
        self.gain = gain

    def forward(self, x):
        return torch.tanh(self.gain * self.linear(x)).cumsum(0)


class Counting(Callback):
    def on_epoch_end(self, net, **kwargs):
        self.epochs_ = len(net.history)


def half(progress):
    return 1.0 - 0.5 * progress


MODELS = {
    "classifier": (RNNClassifier, {}, X, LABELS),
    "multilabel": (RNNClassifier, {}, X, np.column_stack([NUMBERS > 0.8, NUMBERS > 1]).astype(int)),
    "tagger": (RNNClassifier, {"return_sequences": True}, X, TAGS),
    "tokens": (RNNClassifier, {"embedding_dim": 3, "cell": "lstm"}, IDS, LABELS),
    "pretrained": (
        RNNClassifier,
        {"embedding_weights": np.arange(12.0).reshape(6, 2), "freeze_embedding": True},
        IDS,
        LABELS,
    ),
    "user's cell": (RNNClassifier, {"cell": LeakyCell, "module__cell__gain": 2.0}, X, LABELS),
    "convolution": (RNNClassifier, {"conv_channels": 3, "num_layers": 2}, X, LABELS),
    "callable": (RNNClassifier, {"lr_schedule": half, "optimizer": "sgd"}, X, LABELS),
    "extras": (RNNClassifier, {"optimizer__betas": (0.8, 0.9)}, X, LABELS),
    "early stopping": (
        RNNClassifier,
        {"early_stopping": True, "validation_fraction": 0.5},
        X,
        LABELS,
    ),
    "per step": (RNNRegressor, {"return_sequences": True, "layer_norm": True}, X, STEPS),
    "two outputs": (RNNRegressor, {}, X, np.column_stack([NUMBERS, -NUMBERS])),
    "float64": (RNNRegressor, {"precision": "float64"}, X, NUMBERS),
    "bf16": (RNNRegressor, {"precision": "bf16"}, X, NUMBERS),
    **{
        loss: (RNNRegressor, {"loss": loss}, X, NUMBERS)
        for loss in ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian")
    },
    "strings": (Seq2SeqTransformer, {"beam_width": 2, "tied_embeddings": True}, WORDS, LABELS),
    "tokens to tokens": (Seq2SeqTransformer, {"target_analyzer": half}, PAIRS, PAIRS),
    "series to series": (Seq2SeqTransformer, {"cell": "lstm", "attention": "dot"}, X, X),
    "autoencoder": (Seq2SeqTransformer, {"source_analyzer": "word"}, WORDS, None),
}
models = pytest.mark.parametrize("name", MODELS)


def fit(name, **params):
    kind, own, data, y = MODELS[name]
    common = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    if kind is Seq2SeqTransformer:
        common["embedding_dim"] = 5
    return kind(**{**common, **own, **params}).fit(data, y), data, y


def outputs(model, data):
    """Everything that the model can say about the data, as arrays."""
    if isinstance(model, RNNClassifier):
        found = [model.predict(data), model.predict_proba(data), model.decision_function(data)]
    elif isinstance(model, Seq2SeqTransformer):
        encodings = model.set_params(transform_method="encode").transform(data)
        model.set_params(transform_method="predict")
        found = [model.score_samples(data), encodings]
        predicted = np.array([repr(list(row)) for row in model.predict(data)])
        return [*found, predicted]
    elif model.loss == "gaussian":
        found = list(model.predict(data, return_std=True))
    else:
        found = [model.predict(data)]
    return [np.concatenate(array) if array.dtype == object else array for array in found]


def assert_same_outputs(model, other, data):
    for found, expected in zip(outputs(other, data), outputs(model, data), strict=True):
        assert found.dtype == expected.dtype
        assert_array_equal(found, expected)


def through_pickle(model, tmp_path):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model, tmp_path, mmap_mode=None):
    # A file of its own each time: one that is mapped must not be written over.
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.joblib"
    joblib.dump(model, path)
    return joblib.load(path, mmap_mode=mmap_mode)


def through_memory_map(model, tmp_path):
    return through_joblib(model, tmp_path, mmap_mode="r")


def through_cloudpickle(model, tmp_path):
    return cloudpickle.loads(cloudpickle.dumps(model))


def through_copy(model, tmp_path):
    return copy.deepcopy(model)


def through_skops(model, tmp_path):
    data = skops.io.dumps(model)
    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))


TRIPS = [
    through_pickle,
    through_joblib,
    through_memory_map,
    through_cloudpickle,
    through_copy,
    through_skops,
]


@pytest.mark.parametrize("trip", TRIPS)
@models
def test_round_trip_predicts_bit_for_bit(name, trip, tmp_path):
    model, data, _ = fit(name)
    loaded = trip(model, tmp_path)
    assert_same_outputs(model, loaded, data)
    assert loaded.get_params().keys() == model.get_params().keys()
    assert loaded.loss_curve_ == model.loss_curve_
    assert loaded.n_iter_ == model.n_iter_ == len(loaded.net_.history)
    assert loaded.device_ == model.device_
    assert loaded.module_ is loaded.net_.module_
    # And once more, from what was loaded.
    assert_same_outputs(model, trip(loaded, tmp_path), data)


@models
def test_state_holds_no_torch_object(name):
    model, data, _ = fit(name, warm_start=True)

    def check(value, path):
        owner = (value if isinstance(value, type) else type(value)).__module__
        assert owner.partition(".")[0] not in ("torch", "skorch"), path
        if isinstance(value, dict):
            for key, item in value.items():
                check(key, path)
                check(item, f"{path}.{key}")
        elif isinstance(value, list | tuple | set):
            for i, item in enumerate(value):
                check(item, f"{path}[{i}]")
        elif isinstance(value, np.ndarray):
            assert value.dtype.kind in "biufU", path
        else:
            assert isinstance(value, None | bool | int | float | str | type | np.generic) or (
                callable(value)
            ), path

    model.predict(data)
    check(model.__getstate__(), "state")


@models
def test_skops_trusts_this_package_only(name):
    model, *_ = fit(name, warm_start=True)
    untrusted = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    own = {"test_state.LeakyCell", "test_state.half"}  # what the user passed is the user's to trust
    strange = {kind for kind in untrusted if not kind.startswith("sk_rnn.")}
    assert {".".join(kind.rsplit(".", 2)[-2:]) for kind in strange} <= own


def test_file_is_hardly_larger_than_the_weights():
    model, *_ = fit("classifier", hidden_size=64)
    weights = sum(value.numel() * 4 for value in model.module_.state_dict().values())
    assert len(pickle.dumps(model)) < weights + 8_000


def test_state_is_not_the_models_own():
    model, data, _ = fit("classifier")
    before = outputs(model, data)
    state = model.__getstate__()
    for array in state["_net_state"]["module"].values():
        array[...] = 0
    state.clear()
    for found, expected in zip(outputs(model, data), before, strict=True):
        assert_array_equal(found, expected)


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize(
    "name", ["classifier", "tokens", "user's cell", "gaussian", "callable", "strings"]
)
def test_warm_start_resumes_bit_for_bit(name, trip, tmp_path):
    model, data, y = fit(name, warm_start=True)
    loaded = trip(model, tmp_path)
    model.fit(data, y)
    loaded.fit(data, y)
    assert loaded.n_iter_ == 4
    assert loaded.loss_curve_ == model.loss_curve_
    assert_same_outputs(model, loaded, data)


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize("warm_start", [True, False])
@pytest.mark.parametrize("name", ["classifier", "tagger", "gaussian"])
def test_partial_fit_resumes_bit_for_bit(name, warm_start, trip, tmp_path):
    model, data, y = fit(name, warm_start=warm_start)
    loaded = trip(model, tmp_path)
    for _ in range(2):  # the second time after a partial_fit
        model.partial_fit(data, y)
        loaded.partial_fit(data, y)
        assert_same_outputs(model, loaded, data)
        loaded = trip(loaded, tmp_path)


def test_a_save_between_changes_nothing():
    model, data, y = fit("classifier", warm_start=True)
    pickle.dumps(model)
    other, *_ = fit("classifier", warm_start=True)
    assert_same_outputs(model.fit(data, y), other.fit(data, y), data)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("device", ["cuda:0", "cuda:3", "mps"])
def test_model_of_a_missing_device_loads_on_the_cpu(device):
    model, data, y = fit("classifier", warm_start=True)
    state, _ = unseal(copy.deepcopy(model.__getstate__()), "RNNClassifier")
    state["_net_state"]["device"] = state["device_"] = device
    state["device"] = device
    loaded = RNNClassifier.__new__(RNNClassifier)
    loaded.__setstate__(seal(state))
    assert loaded.device_ == "cpu"
    assert_same_outputs(model, loaded, data)
    with pytest.raises(ValueError, match=f"device='{device}' is not available"):
        loaded.fit(data, y)  # computing on what is not there is still refused
    loaded.set_params(device="auto").fit(data, y)
    assert_same_outputs(model.fit(data, y), loaded, data)


@models
def test_clone_of_a_fitted_model_is_unfitted(name):
    model, data, _ = fit(name)
    check_is_fitted(model)
    copied = clone(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(copied)
    with pytest.raises(NotFittedError):
        copied.predict(data)
    assert not [attribute for attribute in vars(copied) if attribute.endswith("_")]
    assert repr(copied) == repr(model)


@pytest.mark.parametrize("trip", TRIPS)
def test_unfitted_model_makes_the_trip(trip, tmp_path):
    model = RNNClassifier(lr=0.1, optimizer__betas=(0.8, 0.9))
    loaded = trip(model, tmp_path)
    assert loaded.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        loaded.predict(X)


def test_callbacks_are_parameters_and_not_state():
    model, data, _ = fit("classifier", callbacks=[Counting()])
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    loaded = joblib.load(buffer)
    assert_same_outputs(model, loaded, data)
    assert model.net_.callbacks_[0][1].epochs_ == 2
    assert not hasattr(loaded.callbacks[0], "epochs_")


def test_deepcopy_is_independent():
    model, data, y = fit("classifier", warm_start=True)
    copied = copy.deepcopy(model)
    before = outputs(copied, data)
    model.fit(data, y)
    for found, expected in zip(outputs(copied, data), before, strict=True):
        assert_array_equal(found, expected)
