"""A fitted model is moved to another backend or device with `to`."""

import pickle

import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from torch import nn

from .table import ESTIMATORS, RECORDS, numeric_outputs

MODELS = RECORDS | {
    "float64": RECORDS["regressor"].with_params(precision="float64"),
    "stacked": RECORDS["regressor"].with_params(num_layers=2, layer_norm=True),
    "tanh": RECORDS["regressor of steps"].with_params(cell="rnn_tanh"),
    "patches": RECORDS["classifier"].with_params(patch_size=2),
}
models = pytest.mark.parametrize("name", MODELS)
each_estimator = pytest.mark.parametrize("name", ESTIMATORS)


@pytest.fixture(autouse=True)
def both_backends(monkeypatch):
    monkeypatch.setattr("sk_rnn.training._runtime.why_unavailable", lambda: "")


def make(name, **params):
    return MODELS[name].make(**{"device": "cpu", **params})


def fitted(name, **params):
    return make(name, **params).fit(MODELS[name].X, MODELS[name].y)


def numbers(model, name):
    """Return all outputs of a model as one array."""
    return numeric_outputs(model, MODELS[name].X, MODELS[name].y)


def tolerance(name):
    return 1e-9 if name == "float64" else 1e-4


@models
@pytest.mark.parametrize(("first", "second"), [("torch", "numba"), ("numba", "torch")])
def test_another_backend_predicts_nearly_the_same(name, first, second):
    model = fitted(name, backend=first)
    before = numbers(model, name)
    moved = model.to(backend=second)
    assert moved is model
    assert model.net_.backend == second
    assert model.get_params()["backend"] == second
    assert_allclose(numbers(model, name), before, rtol=tolerance(name), atol=tolerance(name))
    assert_array_equal(numbers(model.to(backend=first), name), before)


@models
def test_move_keeps_everything_but_the_net(name):
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
def test_move_without_arguments_changes_nothing(name):
    model = fitted(name)
    before, params = numbers(model, name), model.get_params()
    assert_array_equal(numbers(model.to(), name), before)
    assert model.get_params() == params


def test_moves_can_be_chained_and_set_the_parameters():
    model = fitted("classifier", device="auto", backend="auto")
    model.to(backend="torch").to("cpu")
    assert (model.device, model.backend, model.net_.backend) == ("cpu", "torch", "torch")
    model.to("auto", backend="auto")
    assert (model.device, model.backend) == ("auto", "auto")
    assert model.net_.backend == ("torch" if torch.cuda.is_available() else "numba")


@models
def test_moved_model_is_saved_and_cloned_as_it_is(name):
    model = fitted(name, backend="numba").to(backend="torch")
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.net_.backend == loaded.backend == "torch"
    assert_array_equal(numbers(loaded, name), numbers(model, name))
    copied = clone(model)
    assert copied.backend == "torch"
    with pytest.raises(NotFittedError):
        check_is_fitted(copied)


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("name", [n for n, record in RECORDS.items() if record.has("partial_fit")])
def test_partial_fit_continues_where_the_model_was_moved(name, warm_start):
    data, y = MODELS[name].X, MODELS[name].y
    stayed = fitted(name, backend="torch", warm_start=warm_start)
    moved = fitted(name, backend="torch", warm_start=warm_start).to(backend="numba")
    back = fitted(name, backend="torch", warm_start=warm_start).to(backend="numba")
    back.to(backend="torch")
    for model in (stayed, moved, back):
        for _ in range(2):
            model.partial_fit(data, y)
    assert moved.net_.backend == "numba"
    assert moved.n_iter_ == stayed.n_iter_
    assert_array_equal(numbers(back, name), numbers(stayed, name))
    assert_allclose(numbers(moved, name), numbers(stayed, name), rtol=1e-2, atol=1e-2)


@models
def test_warm_start_continues_where_the_model_was_moved(name):
    data, y = MODELS[name].X, MODELS[name].y
    stayed = fitted(name, backend="torch", warm_start=True).fit(data, y)
    moved = fitted(name, backend="torch", warm_start=True).to(backend="numba").fit(data, y)
    assert moved.net_.backend == "numba"
    assert moved.n_iter_ == stayed.n_iter_ == 4
    assert_allclose(numbers(moved, name), numbers(stayed, name), rtol=1e-2, atol=1e-2)


# --- errors ---------------------------------------------------------------------------------------


@each_estimator
def test_unfitted_model_cannot_be_moved(name):
    model = make(name)
    with pytest.raises(NotFittedError):
        model.to("cpu", backend="torch")
    assert model.backend == "auto"


INVALID = {
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


@each_estimator
@pytest.mark.parametrize("case", INVALID)
def test_move_that_raises_changes_nothing(name, case):
    args, more, message = INVALID[case]
    model = fitted(name)
    net, params, before = model.net_, model.get_params(), numbers(model, name)
    with pytest.raises(ValueError) as caught:
        model.to(*args, **more)
    assert message.format(type(model).__name__) in str(caught.value)
    assert model.net_ is net
    assert model.get_params() == params
    assert_array_equal(numbers(model, name), before)


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
def test_backend_that_cannot_compute_the_network_raises(params, why):
    model = fitted("classifier", **params)
    message = f"^RNNClassifier.to: backend='numba' was requested, but its kernels {why}"
    with pytest.raises(ValueError, match=message):
        model.to(backend="numba")
    assert (model.backend, model.net_.backend) == ("auto", "torch")


# --- CUDA -----------------------------------------------------------------------------------------


@pytest.mark.cuda
@models
def test_model_moves_to_a_gpu_and_back(name):
    data, y = MODELS[name].X, MODELS[name].y
    model = fitted(name)
    before, backend = numbers(model, name), model.net_.backend
    model.to("cuda")
    assert (model.device, model.device_, model.net_.backend) == ("cuda", "cuda", "torch")
    assert next(model.module_.parameters()).is_cuda
    # cuDNN multiplies float32 in TF32, which has 10 bits of mantissa.
    assert_allclose(numbers(model, name), before, rtol=1e-2, atol=5e-3)
    with pytest.raises(ValueError, match=r"to: backend='numba' was requested"):
        model.to(backend="numba")
    if hasattr(model, "partial_fit"):
        model.partial_fit(data, y)
        assert next(model.module_.parameters()).is_cuda
        model.to("cpu")
    else:
        assert_array_equal(numbers(model.to("cpu"), name), before)
    assert (model.device_, model.net_.backend) == ("cpu", backend)


@pytest.mark.cuda
@each_estimator
def test_model_of_a_gpu_moves_to_the_cpu(name):
    model = fitted(name, device="cuda")
    before = numbers(model, name)
    model.to("cpu")
    assert (model.device, model.device_, model.net_.backend) == ("cpu", "cpu", "numba")
    assert_allclose(numbers(model, name), before, rtol=1e-3, atol=1e-3)
