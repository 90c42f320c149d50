"""Saved models contain NumPy arrays and plain values, and predict the same bits when loaded."""

import copy
import io
import pickle

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback
from torch import nn

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.sequences import seal, unseal

from .table import (
    ESTIMATORS,
    FORECASTERS,
    IDS,
    RECORDS,
    SERIES,
    WORDS,
    Record,
    Source,
    assert_same_outputs,
    every_estimator,
    itself,
    labels,
    nested,
    outputs,
    records_with,
)


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


CLASSIFIER, REGRESSOR = RECORDS["classifier"], RECORDS["regressor"]
TRANSLATOR = RECORDS["translator"]


def pairs(words):
    """Sequences of tokens of any kind."""
    return [[(word[0], 1), 2.5, word] for word in words]


def positive(X, other=False):
    return np.linspace(0.5, 1.5, len(X))


MODELS = RECORDS | {
    "pretrained": Record(
        RNNClassifier,
        labels,
        IDS,
        {"embedding_weights": np.arange(12.0).reshape(6, 2), "freeze_embedding": True},
    ),
    "custom cell": CLASSIFIER.with_params(cell=LeakyCell, module__cell__gain=2.0),
    "patches": CLASSIFIER.with_params(patch_size=2),
    "convolution": CLASSIFIER.with_params(conv_channels=3, num_layers=2),
    "callable": CLASSIFIER.with_params(lr_schedule=half, optimizer="sgd"),
    "extras": CLASSIFIER.with_params(optimizer__betas=(0.8, 0.9)),
    "early stopping": CLASSIFIER.with_params(early_stopping=True, validation_fraction=0.5),
    "float64": REGRESSOR.with_params(precision="float64"),
    "bf16": REGRESSOR.with_params(precision="bf16"),
    **{
        loss: Record(RNNRegressor, positive, SERIES, {"loss": loss})
        for loss in ("absolute_error", "huber", "quantile", "poisson", "gaussian")
    },
    "beam": TRANSLATOR.with_params(beam_width=2, tied_embeddings=True),
    "tokens to tokens": Record(
        Seq2SeqTransformer,
        itself,
        Source(pairs(WORDS.X), pairs(WORDS.other)),
        {"target_analyzer": half},
    ),
    "lstm to lstm": RECORDS["series to series"].with_params(cell="lstm", attention="dot"),
    "autoencoder of words": RECORDS["autoencoder"].with_params(source_analyzer="word"),
}
models = pytest.mark.parametrize("record", MODELS.values(), ids=MODELS)


def through_pickle(model, tmp_path):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model, tmp_path, mmap_mode=None):
    # A separate file each time: memory-mapped files must not be overwritten.
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
def test_round_trip_predicts_bit_for_bit(record, trip, tmp_path):
    model = record.fit()
    expected = outputs(model, record.X)
    loaded = trip(model, tmp_path)
    assert_same_outputs(loaded, expected, record.X)
    assert loaded.get_params().keys() == model.get_params().keys()
    assert loaded.loss_curve_ == model.loss_curve_
    assert loaded.n_iter_ == model.n_iter_ == len(loaded.net_.history)
    assert loaded.device_ == model.device_
    assert loaded.module_ is loaded.net_.module_
    # Repeated with the loaded model.
    assert_same_outputs(trip(loaded, tmp_path), expected, record.X)


@models
def test_state_holds_no_torch_object(record):
    model = record.fit(warm_start=True)

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
            # Names of columns are objects.
            assert value.dtype.kind in "biufU" or path == "state.feature_names_in_", path
        else:
            assert isinstance(value, None | bool | int | float | str | type | np.generic) or (
                callable(value)
            ), path

    model.predict(record.X)
    check(model.__getstate__(), "state")


@models
def test_skops_trusts_this_package_only(record):
    model = record.fit(warm_start=True)
    untrusted = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    own = {"test_state.LeakyCell", "test_state.half"}  # users must trust their own classes
    strange = {kind for kind in untrusted if not kind.startswith("sk_rnn.")}
    assert {".".join(kind.rsplit(".", 2)[-2:]) for kind in strange} <= own


@every_estimator
def test_file_is_only_slightly_larger_than_the_weights(record):
    model = record.fit(hidden_size=64)
    weights = sum(value.numel() * 4 for value in model.module_.state_dict().values())
    assert len(pickle.dumps(model)) < weights + 8_000


@every_estimator
def test_weights_in_a_state_are_copies(record):
    model = record.fit()
    before = copy.deepcopy(model)
    state = model.__getstate__()
    for array in nested(state, next(iter(model.module_.state_dict()))).values():
        array[...] = 0
    state.clear()
    assert_same_outputs(model, before, record.X)


RESUMED = {
    **ESTIMATORS,
    **FORECASTERS,
    **{
        name: MODELS[name]
        for name in ("classifier of tokens", "custom cell", "gaussian", "callable")
    },
}


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize("record", RESUMED.values(), ids=RESUMED)
def test_warm_start_resumes_bit_for_bit(record, trip, tmp_path):
    model = record.fit(warm_start=True)
    loaded = trip(model, tmp_path)
    model.fit(record.X, record.y)
    loaded.fit(record.X, record.y)
    assert loaded.n_iter_ == 4
    assert loaded.loss_curve_ == model.loss_curve_
    assert_same_outputs(loaded, model, record.X)


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize("warm_start", [True, False])
@records_with(
    "partial_fit",
    among=ESTIMATORS | FORECASTERS | {name: MODELS[name] for name in ("tagger", "gaussian")},
)
def test_partial_fit_resumes_bit_for_bit(record, warm_start, trip, tmp_path):
    model = record.fit(warm_start=warm_start)
    loaded = trip(model, tmp_path)
    for _ in range(2):  # the second time after a partial_fit
        model.partial_fit(record.X, record.y)
        loaded.partial_fit(record.X, record.y)
        assert_same_outputs(loaded, model, record.X)
        loaded = trip(loaded, tmp_path)


@every_estimator
def test_saving_between_fits_has_no_effect(record):
    model, other = record.fit(warm_start=True), record.fit(warm_start=True)
    pickle.dumps(model)
    assert_same_outputs(model.fit(record.X, record.y), other.fit(record.X, record.y), record.X)


def set_devices(state, device):
    """Replace all names of devices in a state."""
    for key, value in state.items():
        if key in ("device", "device_"):
            state[key] = device
        elif isinstance(value, dict):
            set_devices(value, device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
@pytest.mark.parametrize("device", ["cuda:0", "cuda:3", "mps"])
@every_estimator
def test_model_of_a_missing_device_loads_on_the_cpu(record, device):
    model = record.fit(warm_start=True)
    state, _ = unseal(copy.deepcopy(model.__getstate__()), record.name)
    set_devices(state, device)
    loaded = record.estimator.__new__(record.estimator)
    loaded.__setstate__(seal(state))
    assert loaded.device_ == "cpu"
    assert_same_outputs(loaded, model, record.X)
    with pytest.raises(ValueError, match=f"device='{device}' is not available"):
        loaded.fit(record.X, record.y)  # fitting on a missing device still raises
    loaded.set_params(device="auto").fit(record.X, record.y)
    assert_same_outputs(loaded, model.fit(record.X, record.y), record.X)


@models
def test_clone_of_a_fitted_model_is_unfitted(record):
    model = record.fit()
    check_is_fitted(model)
    copied = clone(model)
    with pytest.raises(NotFittedError):
        check_is_fitted(copied)
    with pytest.raises(NotFittedError):
        copied.predict(record.X)
    assert not [attribute for attribute in vars(copied) if attribute.endswith("_")]
    assert repr(copied) == repr(model)


@pytest.mark.parametrize("trip", TRIPS)
@every_estimator
def test_round_trip_of_an_unfitted_model(record, trip, tmp_path):
    model = record.estimator(lr=0.1, optimizer__betas=(0.8, 0.9))
    loaded = trip(model, tmp_path)
    assert loaded.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        loaded.predict(record.X)


@every_estimator
def test_callbacks_are_parameters_and_not_state(record):
    model = record.fit(callbacks=[Counting()])
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    loaded = joblib.load(buffer)
    assert_same_outputs(loaded, model, record.X)
    assert model.net_.callbacks_[0][1].epochs_ == 2
    assert not hasattr(loaded.callbacks[0], "epochs_")


@every_estimator
def test_deepcopy_is_independent(record):
    model = record.fit(warm_start=True)
    copied = copy.deepcopy(model)
    before = outputs(copied, record.X)
    model.fit(record.X, record.y)
    assert_same_outputs(copied, before, record.X)
