"""A fitted model is moved to another backend or device with `to`."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer

rng = np.random.default_rng(0)
N = 12
X = [rng.normal(size=(n, 2)) for n in rng.integers(2, 7, size=N)]
IDS = [rng.integers(0, 5, size=len(x)) for x in X]
LABELS = np.array(["a", "b", "c"])[np.arange(N) % 3]
NUMBERS = rng.normal(size=N)
WORDS = ["".join(rng.choice(list("abc"), size=len(x))) for x in X]
STEPS = [x[:, 0] for x in X]

MODELS = {
    "classifier": (RNNClassifier, {}, X, LABELS),
    "lstm of tokens": (RNNClassifier, {"embedding_dim": 3, "cell": "lstm"}, IDS, LABELS),
    "tagger": (RNNClassifier, {"return_sequences": True}, X, [x > 0 for x in STEPS]),
    "regressor": (RNNRegressor, {"num_layers": 2, "layer_norm": True}, X, NUMBERS),
    "float64": (RNNRegressor, {"precision": "float64"}, X, NUMBERS),
    "per step": (RNNRegressor, {"return_sequences": True, "cell": "rnn_tanh"}, X, STEPS),
    "translator": (Seq2SeqTransformer, {"embedding_dim": 3}, WORDS, WORDS[::-1]),
    "forecaster": (Seq2SeqTransformer, {}, X, X[::-1]),
}
models = pytest.mark.parametrize("name", MODELS)
kinds = pytest.mark.parametrize("name", ["classifier", "regressor", "translator"])


@pytest.fixture(autouse=True)
def both_backends(monkeypatch):
    monkeypatch.setattr("sk_rnn.training._runtime.why_unavailable", lambda: "")


def make(name, **params):
    kind, own, *_ = MODELS[name]
    common = {"hidden_size": 4, "max_epochs": 2, "random_state": 0, "device": "cpu"}
    return kind(**{**common, **own, **params})


def fitted(name, **params):
    _, _, data, y = MODELS[name]
    return make(name, **params).fit(data, y)


def outputs(model, name):
    """Every number that the model makes of the data, end to end."""
    _, _, data, y = MODELS[name]
    if isinstance(model, RNNClassifier):
        found = model.predict_proba(data)
    elif isinstance(model, Seq2SeqTransformer):
        found = [model.score_samples(data, y)]
    else:
        found = model.predict(data)
    return np.concatenate([np.ravel(row) for row in found])


def tolerance(name):
    return 1e-9 if name == "float64" else 1e-4


@models
@pytest.mark.parametrize(("first", "second"), [("torch", "numba"), ("numba", "torch")])
def test_another_backend_predicts_nearly_the_same(name, first, second):
    model = fitted(name, backend=first)
    before = outputs(model, name)
    moved = model.to(backend=second)
    assert moved is model
    assert model.net_.backend == second
    assert model.get_params()["backend"] == second
    assert_allclose(outputs(model, name), before, rtol=tolerance(name), atol=tolerance(name))
    assert_array_equal(outputs(model.to(backend=first), name), before)


@models
def test_a_move_keeps_everything_but_the_net(name):
    model = fitted(name, backend="torch", warm_start=True)
    before = {k: v for k, v in vars(model).items() if k[-1] == "_"}
    weights = {k: v.clone() for k, v in model.module_.state_dict().items()}
    history = model.net_.history[:]
    model.to("cpu", backend="numba")
    for attribute in before.keys() - {"net_", "module_"}:
        assert getattr(model, attribute) is before[attribute] or (
            getattr(model, attribute) == before[attribute]
        )
    assert model.net_.history == history
    assert model.module_ is model.net_.module_
    assert model.device_ == "cpu"
    for key, value in model.module_.state_dict().items():
        assert torch.equal(value, weights[key])


@models
def test_nothing_to_move_changes_nothing(name):
    model = fitted(name)
    before, params = outputs(model, name), model.get_params()
    assert_array_equal(outputs(model.to(), name), before)
    assert model.get_params() == params


def test_moves_are_chained_and_set_what_they_name():
    model = fitted("classifier", device="auto", backend="auto")
    model.to(backend="torch").to("cpu")
    assert (model.device, model.backend, model.net_.backend) == ("cpu", "torch", "torch")
    model.to("auto", backend="auto")
    assert (model.device, model.backend) == ("auto", "auto")
    assert model.net_.backend == ("torch" if torch.cuda.is_available() else "numba")


@models
def test_a_moved_model_is_saved_and_cloned_as_it_is(name):
    model = fitted(name, backend="numba").to(backend="torch")
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.net_.backend == loaded.backend == "torch"
    assert_array_equal(outputs(loaded, name), outputs(model, name))
    copied = clone(model)
    assert copied.backend == "torch"
    with pytest.raises(NotFittedError):
        check_is_fitted(copied)


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("name", ["classifier", "tagger", "regressor"])
def test_partial_fit_goes_on_where_it_was_moved_to(name, warm_start):
    _, _, data, y = MODELS[name]
    stayed = fitted(name, backend="torch", warm_start=warm_start)
    moved = fitted(name, backend="torch", warm_start=warm_start).to(backend="numba")
    back = fitted(name, backend="torch", warm_start=warm_start).to(backend="numba")
    back.to(backend="torch")
    for model in (stayed, moved, back):
        for _ in range(2):
            model.partial_fit(data, y)
    assert moved.net_.backend == "numba"
    assert moved.n_iter_ == stayed.n_iter_
    assert_array_equal(outputs(back, name), outputs(stayed, name))
    assert_allclose(outputs(moved, name), outputs(stayed, name), rtol=1e-2, atol=1e-2)


@models
def test_warm_start_goes_on_where_it_was_moved_to(name):
    _, _, data, y = MODELS[name]
    stayed = fitted(name, backend="torch", warm_start=True).fit(data, y)
    moved = fitted(name, backend="torch", warm_start=True).to(backend="numba").fit(data, y)
    assert moved.net_.backend == "numba"
    assert moved.n_iter_ == stayed.n_iter_ == 4
    assert_allclose(outputs(moved, name), outputs(stayed, name), rtol=1e-2, atol=1e-2)


# --- what is refused ------------------------------------------------------------------------------


@kinds
def test_an_unfitted_model_cannot_be_moved(name):
    model = make(name)
    with pytest.raises(NotFittedError):
        model.to("cpu", backend="torch")
    assert model.backend == "auto"


REFUSED = {
    "unknown device": (
        ("gpu",),
        {},
        "to: device='gpu' is not a device. Use 'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'.",
    ),
    "absent device": (("cuda:99",), {}, "to: device='cuda:99' is not available on this machine"),
    "device of another kind": ((0,), {}, "The 'device' parameter of {}.to must be"),
    "unknown backend": (
        (),
        {"backend": "jax"},
        "The 'backend' parameter of {}.to must be a str among {{'",
    ),
    "backend of another kind": ((), {"backend": True}, "The 'backend' parameter of {}.to must be"),
    "both": (("cuda:99",), {"backend": "torch"}, "to: device='cuda:99' is not available"),
}


@kinds
@pytest.mark.parametrize("case", REFUSED)
def test_a_move_that_is_refused_changes_nothing(name, case):
    args, more, message = REFUSED[case]
    model = fitted(name)
    net, params, before = model.net_, model.get_params(), outputs(model, name)
    with pytest.raises(ValueError) as caught:
        model.to(*args, **more)
    assert message.format(type(model).__name__) in str(caught.value)
    assert model.net_ is net
    assert model.get_params() == params
    assert_array_equal(outputs(model, name), before)


class Sum(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear = nn.Linear(input_size, hidden_size)

    def forward(self, x):
        return self.linear(x).cumsum(0)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"cell": Sum}, "support only the built-in cells, and cell is a class"),
        ({"precision": "bf16"}, r"do not support bfloat16 \(precision='bf16'\)"),
    ],
)
def test_a_backend_that_cannot_compute_the_network_is_refused(params, why):
    model = fitted("classifier", **params)
    message = f"^RNNClassifier.to: backend='numba' was requested, but its kernels {why}"
    with pytest.raises(ValueError, match=message):
        model.to(backend="numba")
    assert (model.backend, model.net_.backend) == ("auto", "torch")


# --- CUDA -----------------------------------------------------------------------------------------


@pytest.mark.cuda
@models
def test_a_model_moves_to_a_gpu_and_back(name):
    _, _, data, y = MODELS[name]
    model = fitted(name)
    before, backend = outputs(model, name), model.net_.backend
    model.to("cuda")
    assert (model.device, model.device_, model.net_.backend) == ("cuda", "cuda", "torch")
    assert next(model.module_.parameters()).is_cuda
    assert_allclose(outputs(model, name), before, rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match=r"to: backend='numba' was requested"):
        model.to(backend="numba")
    if hasattr(model, "partial_fit"):
        model.partial_fit(data, y)
        assert next(model.module_.parameters()).is_cuda
        model.to("cpu")
    else:
        assert_array_equal(outputs(model.to("cpu"), name), before)
    assert (model.device_, model.net_.backend) == ("cpu", backend)


@pytest.mark.cuda
@kinds
def test_a_model_of_a_gpu_moves_to_the_cpu(name):
    model = fitted(name, device="cuda")
    before = outputs(model, name)
    model.to("cpu")
    assert (model.device, model.device_, model.net_.backend) == ("cpu", "cpu", "numba")
    assert_allclose(outputs(model, name), before, rtol=1e-3, atol=1e-3)
