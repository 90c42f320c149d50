"""Truncated back-propagation through time, against graphs that are cut by hand."""

import numpy as np
import pytest
import torch

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.modules import SequenceModel, _truncated, set_backend, set_generator
from sk_rnn.modules._steps import ValidSteps

LENGTHS = torch.tensor([11, 3, 8, 4, 1, 7])
CHUNK = 4


def make_model(**params):
    model = SequenceModel(
        n_features=2,
        n_outputs=3,
        hidden_size=4,
        generator=torch.Generator().manual_seed(0),
        **{"cell": "gru", "head_norm": None, **params},
    )
    return model.double()


def make_batch():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(11, len(LENGTHS), 2, generator=generator, dtype=torch.float64)
    positions = torch.cat([torch.arange(n) * len(LENGTHS) + row for row, n in enumerate(LENGTHS)])
    return x, positions


def gradients(model, outputs):
    model.zero_grad()
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=torch.float64).view_as(outputs)
    (outputs * weights).sum().backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def cut_layer(stack, layer, x):
    """One layer on one row (T, 1, F), its graph cut between chunks."""
    outputs = []
    chunks = list(range(0, len(x), CHUNK))
    for recurrence, is_back in ((stack.forward_layers, False), (stack.backward_layers, True)):
        if recurrence is None:
            continue
        state, parts = None, []
        for start in reversed(chunks) if is_back else chunks:
            piece = x[start : start + CHUNK]
            valid = ValidSteps(torch.tensor([len(piece)]), x.device)
            piece = piece.flip(0) if is_back else piece
            output, state = recurrence[layer].run(piece, valid, state)
            state = tuple(part.detach() for part in state)
            parts.append(output.flip(0) if is_back else output)
        outputs.append(torch.cat(parts[::-1] if is_back else parts))
    return stack.norms[layer](torch.cat(outputs, dim=2))


def cut_by_hand(model, x):
    """What the head gets, each row for itself."""
    vectors = []
    for row, length in enumerate(LENGTHS.tolist()):
        states = x[:length, row : row + 1]
        for layer in range(model.encoder.recurrent.num_layers):
            # Between chunks lower layers are cut as well: states do not carry gradients.
            states = cut_layer(model.encoder.recurrent, layer, states)
        if model.pooling is None:
            vectors.append(states[:, 0])
        else:
            valid = ValidSteps(torch.tensor([length]), x.device)
            vectors.append(model.pooling(states, valid))
    return model.head(torch.cat(vectors))


@pytest.mark.parametrize("backend", ["torch", "numba"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", "concat", None])
def test_gradients_are_those_of_a_graph_cut_between_chunks(pooling, cell, bidirectional, backend):
    params = {"pooling": pooling} if pooling else {"return_sequences": True}
    model = make_model(cell=cell, bidirectional=bidirectional, num_layers=2, **params)
    x, positions = make_batch()
    wanted = cut_by_hand(model, x)
    wanted_gradients = gradients(model, wanted)
    set_backend(model, backend)
    model.tbptt_steps = CHUNK
    found = model(x, LENGTHS, positions if pooling is None else None)
    torch.testing.assert_close(found, wanted)
    found_gradients = gradients(model, found)
    assert found_gradients.keys() == wanted_gradients.keys()
    for name, gradient in found_gradients.items():
        torch.testing.assert_close(gradient, wanted_gradients[name], msg=name)


def test_batches_that_fit_take_the_ordinary_path():
    x, _ = make_batch()
    plain, cut = make_model(), make_model(tbptt_steps=11)
    torch.testing.assert_close(cut(x, LENGTHS), plain(x, LENGTHS), rtol=0, atol=0)


@pytest.mark.parametrize("backend", ["torch", "numba"])
@pytest.mark.parametrize("per_step", [False, True])
def test_a_chunk_computed_again_drops_the_same_numbers(monkeypatch, per_step, backend):
    params = {"dropout": 0.3, "recurrent_dropout": 0.3, "num_layers": 2, "head_norm": "batch"}
    model = make_model(cell="lstm", bidirectional=True, return_sequences=per_step, **params)
    model.tbptt_steps = CHUNK
    set_backend(model, backend)
    x, positions = make_batch()

    def found():
        set_generator(model, torch.Generator().manual_seed(5))
        return gradients(model, model(x, LENGTHS, positions if per_step else None))

    again = found()
    # Nothing is computed twice when all states are kept.
    monkeypatch.setattr(_truncated, "checkpoint", lambda function, **_: function())
    once = found()
    for name, gradient in again.items():
        torch.testing.assert_close(gradient, once[name], rtol=0, atol=0, msg=name)


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_states_kept_for_gradients_do_not_grow_with_the_length(backend):
    def kept(n_steps, tbptt_steps):
        model = make_model(bidirectional=True, pooling="mean", tbptt_steps=tbptt_steps)
        set_backend(model, backend)
        x = torch.zeros(n_steps, 2, 2, dtype=torch.float64)
        sizes = []

        def pack(tensor):
            # Not x itself, nor views of it.
            if tensor.untyped_storage().data_ptr() != x.untyped_storage().data_ptr():
                sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            model(x, torch.tensor([n_steps, n_steps]))
        return sum(sizes)

    n_chunks = 2000 // 50
    assert kept(2000, None) > 10 * kept(2000, 50)
    # What grows is a few numbers for each row and chunk.
    assert kept(2000, 50) - kept(500, 50) < n_chunks * 2 * 8 * 10


def running_sums(n=60, seed=0):
    """The sign of a sum over 120 steps: each chunk holds a part of the answer."""
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(length, 1)) for length in rng.integers(90, 121, size=n)]
    return X, [float(x.mean()) for x in X]


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_estimators_learn_in_chunks(backend):
    X, y = running_sums()
    params = {"hidden_size": 8, "max_epochs": 30, "backend": backend, "random_state": 0}
    model = RNNRegressor(tbptt_steps=25, **params).fit(X, y)
    assert model.score(X, y) > 0.8
    again = RNNRegressor(tbptt_steps=25, **params).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_steps_are_labelled_in_chunks():
    X, _ = running_sums(30)
    y = [(np.cumsum(x) > 0).astype(int) for x in X]
    params = {"hidden_size": 16, "max_epochs": 40, "return_sequences": True, "random_state": 0}
    model = RNNClassifier(tbptt_steps=30, **params).fit(X, y)
    assert model.score(X, y) > 0.85


def test_running_statistics_see_each_step_once():
    X, _ = running_sums(10)
    y = [(x[:, 0] > 0).astype(int) for x in X]
    model = RNNClassifier(
        tbptt_steps=40, max_epochs=2, batch_size=10, return_sequences=True, random_state=0
    ).fit(X, y)
    n_batches = int(model.module_.head.norm.num_batches_tracked)
    assert 2 * 3 <= n_batches <= 2 * 4 * 2  # three or four chunks, twice
