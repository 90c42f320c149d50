"""Gradients without autograd equal those of autograd."""

import numpy as np
import pytest
import torch
from torch import nn

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.modules import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    ExplicitGradients,
    SequenceModel,
    Targets,
    set_backend,
    set_generator,
    supports_explicit_gradients,
)
from sk_rnn.training import RecurrentNet

pytest.importorskip("numba")

N_ROWS = 9
LENGTHS = torch.tensor([5, 2, 7, 1, 7, 3, 4, 6, 2])
MODELS = {
    "usual": {},
    "lstm": {"cell": "lstm"},
    "rnn_relu": {"cell": "rnn_relu", "head_norm": None},
    "one direction": {"cell": "rnn_tanh", "bidirectional": False},
    "last": {"pooling": "last"},
    "last, one direction": {"pooling": "last", "bidirectional": False, "head_norm": None},
    "recurrent dropout": {"recurrent_dropout": 0.4},
    "no dropout": {"dropout": 0.0, "head_norm": None},
    "convolution": {"conv_channels": 3, "conv_stride": 2},
    "patches": {"patch_size": 3},
    "tokens": {"num_embeddings": 6, "embedding_dim": 4, "word_dropout": 0.2},
    "differences, warping": {"differences": True, "time_warping": 0.3},
    "masks": {"time_masking": 2, "feature_masking": 0.5},
    "many outputs": {"n_outputs": 70},
}
UNSUPPORTED = {
    "two layers": {"num_layers": 2},
    "layer norm": {"layer_norm": True},
    "norm of rows": {"head_norm": "layer"},
    "maximum": {"pooling": "max"},
    "attention": {"pooling": "attention"},
    "per step": {"return_sequences": True},
}


def make_model(backend="numba", **options):
    given = {"n_features": 2, "n_outputs": 3, "cell": "gru", "hidden_size": 5, "dropout": 0.3}
    given |= {"bidirectional": True, **options}
    model = SequenceModel(**given, generator=torch.Generator().manual_seed(0)).double()
    set_backend(model, backend)
    # No zero biases: states of dropped tokens would be zero, and torch resolves ties otherwise.
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
    return model


def make_inputs(model, n_rows=N_ROWS):
    draw = torch.Generator().manual_seed(1)
    if isinstance(model.encoder.embedding, nn.Identity):
        return torch.randn(7, n_rows, 2, generator=draw, dtype=torch.float64)
    return torch.randint(0, 6, (7, n_rows), generator=draw)


def by_autograd(model, criterion, x, targets):
    outputs = model(x, LENGTHS)
    loss = criterion(outputs, targets)
    loss.backward()
    return loss, outputs


def by_hand(model, criterion, x, targets):
    explicit = ExplicitGradients(model)
    assert explicit.is_current(model)
    assert explicit.applies(x.shape[1])
    return explicit(criterion, x, LENGTHS, targets)


def results(model, compute, criterion, targets):
    """Loss, outputs, gradients and running statistics of two batches."""
    x = make_inputs(model)
    found = []
    set_generator(model, torch.Generator().manual_seed(2))
    for _ in range(2):
        model.zero_grad()
        loss, outputs = compute(model, criterion, x, targets)
        found += [loss.detach(), outputs.detach()]
        found += [parameter.grad.clone() for parameter in model.parameters()]
    return [*found, *model.buffers()]


def compare(options, criterion, targets, backend="numba"):
    expected = results(make_model(backend, **options), by_autograd, criterion, targets)
    found = results(make_model(**options), by_hand, criterion, targets)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize("name", MODELS)
def test_explicit_gradients_equal_autograd(name, backend):
    classes = torch.arange(N_ROWS) % 3
    compare(MODELS[name], CrossEntropy(), Targets(classes), backend)


WEIGHTS = torch.linspace(0.2, 2.0, N_ROWS, dtype=torch.float64)
CRITERIA = {
    "weights": (CrossEntropy(), torch.arange(N_ROWS) % 3, WEIGHTS),
    "smoothing": (CrossEntropy(0.2), torch.arange(N_ROWS) % 3, WEIGHTS),
    "labels": (BinaryCrossEntropy(), torch.eye(3, dtype=torch.float64).repeat(3, 1), None),
    "numbers": (AbsoluteError(), torch.ones(N_ROWS, 3, dtype=torch.float64), WEIGHTS),
}


@pytest.mark.parametrize("name", CRITERIA)
def test_losses_equal_those_of_autograd(name):
    criterion, values, weights = CRITERIA[name]
    compare({}, criterion, Targets(values, weights))


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_other_networks_are_left_to_autograd(name):
    assert not supports_explicit_gradients(make_model(**UNSUPPORTED[name]))


def test_changed_modules_are_left_to_autograd():
    class OwnHead(nn.Linear):
        pass

    def with_hook(name):
        def change(model):
            model.get_submodule(name).register_forward_hook(lambda *_: None)

        return change

    def replace(model):
        model.head.linear = OwnHead(30, 3)

    def watch(model):
        model.head.linear.weight.register_hook(lambda grad: grad)

    def normalise(model):
        nn.utils.parametrizations.weight_norm(model.head.linear)

    hooked = ("pooling", "head.norm", "encoder.recurrent.forward_layers.0.rnn")
    changes = [replace, watch, normalise, *map(with_hook, hooked)]
    assert supports_explicit_gradients(make_model())
    assert not supports_explicit_gradients(make_model(backend="torch"))
    for change in changes:
        model = make_model()
        change(model)
        assert not supports_explicit_gradients(model), change


def test_frozen_parameters_and_single_rows_are_left_to_autograd():
    model = make_model()
    explicit = ExplicitGradients(model)
    assert explicit.applies(2)
    assert not explicit.applies(1)
    model.head.linear.bias.requires_grad_(False)
    assert not explicit.applies(2)
    assert ExplicitGradients(make_model(head_norm=None)).applies(1)


def test_moved_parameters_are_noticed():
    model = make_model()
    explicit = ExplicitGradients(model)
    model.head.linear.weight.data = model.head.linear.weight.data.clone()
    assert not explicit.is_current(model)
    explicit = ExplicitGradients(model)
    model.head.dropout = type(model.head.dropout)(0.9)
    assert not explicit.is_current(model)


@pytest.mark.parametrize("estimator", [RNNClassifier, RNNRegressor])
def test_trained_weights_equal_those_without_explicit_gradients(estimator, monkeypatch):
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((n, 2)) for n in rng.integers(2, 9, 33)]
    y = np.arange(33) % 3
    model = estimator(precision="float64", max_epochs=3, hidden_size=4, random_state=0)
    found = model.fit(X, y).module_.state_dict()
    monkeypatch.setattr(RecurrentNet, "_choose_gradients", lambda net: None)
    expected = model.fit(X, y).module_.state_dict()
    torch.testing.assert_close(dict(found), dict(expected), rtol=1e-9, atol=1e-11)
