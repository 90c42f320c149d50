"""Truncated backpropagation through time, and predictions in chunks."""

import pickle
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score
from skorch.callbacks import Callback, Freezer

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.kernels import why_unavailable
from sk_rnn.modules import (
    CELLS,
    POOLINGS,
    Chunk,
    ChunkedRun,
    CrossEntropy,
    SequenceModel,
    SquaredError,
    Targets,
    set_backend,
    set_generator,
)
from sk_rnn.modules._steps import ValidSteps
from sk_rnn.sequences import flat_positions
from sk_rnn.training import _chunked as chunked
from sk_rnn.training import truncated_gradients
from sk_rnn.training._batches import Batch

CPU = torch.device("cpu")
LENGTHS = np.array([9, 1, 23, 5, 12, 23, 10])
BACKENDS = [
    "torch",
    pytest.param("numba", marks=pytest.mark.skipif(bool(why_unavailable()), reason="no Numba")),
]


def make_model(**params):
    params = {
        "cell": "gru", "n_features": 3, "hidden_size": 4, "n_outputs": 2, "bidirectional": True,
        "generator": torch.Generator().manual_seed(0), **params,
    }  # fmt: skip
    model = SequenceModel(**params).double()
    generator = torch.Generator().manual_seed(3)
    for parameter in model.parameters():
        if parameter.ndim == 1:
            # Zero biases make states of exactly zero, and torch divides the gradient among equal
            # maxima, whereas here and in the kernels only one of them receives it.
            parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model


def make_batch(lengths=LENGTHS, tokens=False, per_step=False, weights=True):
    generator = torch.Generator().manual_seed(1)
    n_timesteps = int(lengths.max())
    if tokens:
        x = torch.randint(0, 9, (n_timesteps, len(lengths)), generator=generator)
    else:
        x = torch.randn(n_timesteps, len(lengths), 3, generator=generator, dtype=torch.float64)
    inputs = {"x": x, "lengths": torch.from_numpy(lengths)}
    n_rows = len(lengths)
    if per_step:
        inputs["positions"] = torch.from_numpy(flat_positions(lengths, n_timesteps, n_rows))
        n_rows = int(lengths.sum())
    y = torch.randn(n_rows, 2, generator=generator, dtype=torch.float64)
    factors = torch.rand(n_rows, generator=generator, dtype=torch.float64)
    return Batch(inputs, Targets(y, factors if weights else None))


def truncated(model, batch, n_steps, criterion=None):
    model.zero_grad()
    generator = torch.Generator().manual_seed(2)
    set_generator(model, generator)
    loss, outputs = truncated_gradients(
        model,
        criterion or SquaredError(),
        batch,
        n_steps=n_steps,
        generator=generator,
        precision=nullcontext,
    )
    return loss, outputs, gradients(model)


def gradients(model):
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def detached_row(stack, x, n_steps):
    """A stack on one sequence (T, 1, F), in one graph, with states detached at chunk boundaries."""
    spans = [slice(start, start + n_steps) for start in range(0, len(x), n_steps)]
    for layer, norm in enumerate(stack.norms):
        sides = []
        for recurrence in stack.recurrences(layer):
            backwards = len(sides) == 1
            state, outputs = None, []
            for span in reversed(spans) if backwards else spans:
                piece = x[span].flip(0) if backwards else x[span]
                output, state = recurrence.rnn(piece, state)
                outputs.append(output.flip(0) if backwards else output)
                state = (
                    tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
                )
            sides.append(torch.cat(outputs[::-1] if backwards else outputs))
        x = norm(torch.cat(sides, dim=2))
    return x


def reference(model, batch, n_steps, criterion=None):
    """Each row separately and without padding, in one graph."""
    model.zero_grad()
    pieces = []
    for row, length in enumerate(batch.X["lengths"]):
        valid = ValidSteps(length[None], CPU)
        x = model.encoder.embedding(batch.X["x"][:length, row : row + 1])
        if model.encoder.front is not None:
            x, valid = model.encoder.front(x, valid)
        states = detached_row(model.encoder.recurrent, x, n_steps)
        pieces.append(states[:, 0] if model.pooling is None else model.pooling(states, valid))
    outputs = model.head(torch.cat(pieces))
    loss = (criterion or SquaredError())(outputs, batch.y)
    loss.backward()
    return loss.detach(), outputs.detach(), gradients(model)


def assert_same(found, expected):
    for name, gradient in expected[2].items():
        np.testing.assert_allclose(found[2][name], gradient, rtol=1e-9, atol=1e-12, err_msg=name)
    assert found[2].keys() == expected[2].keys()
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9)


MODELS = {
    **{f"{cell}, {sides}": {"cell": cell, "bidirectional": sides == "both", "num_layers": 2}
       for cell in CELLS if CELLS[cell].in_torch for sides in ("both", "forward")},
    **{pooling: {"pooling": pooling} for pooling in POOLINGS},
    "attention, ragged LSTM": {"pooling": "attention", "cell": "lstm", "head_norm": "layer"},
    "last, forward": {"pooling": "last", "bidirectional": False, "num_layers": 3},
    "four layers": {"num_layers": 4, "layer_norm": True, "hidden_size": 2},
    "convolution": {"conv_channels": 4, "conv_kernel_size": 4, "num_layers": 2},
    "strided convolution": {"conv_channels": 4, "conv_stride": 2},
    "wide convolution": {"conv_channels": 4, "conv_kernel_size": 9, "conv_stride": 3},
    "causal convolution": {"conv_channels": 4, "bidirectional": False, "conv_stride": 2},
    "patches": {"patch_size": 2, "num_layers": 2},
    "wide patches, forward": {"patch_size": 5, "bidirectional": False},
    "tokens": {"num_embeddings": 9, "embedding_dim": 3},
    "tokens, convolution": {"num_embeddings": 9, "embedding_dim": 3, "conv_channels": 4},
    "steps": {"return_sequences": True, "head_norm": "layer", "num_layers": 2},
    "steps, forward": {"return_sequences": True, "head_norm": None, "bidirectional": False},
    "steps, batch norm": {"return_sequences": True, "head_norm": "batch"},
    "steps, batch norm, LSTM": {
        "return_sequences": True, "head_norm": "batch", "cell": "lstm", "num_layers": 2,
        "bidirectional": False,
    },
    "steps, convolution": {"return_sequences": True, "head_norm": None, "conv_channels": 4},
}  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", MODELS)
def test_gradients_equal_those_of_a_graph_truncated_at_chunk_boundaries(name, backend):
    params = MODELS[name]
    model = make_model(**params)
    set_backend(model, backend)
    batch = make_batch(tokens="tokens" in name, per_step=params.get("return_sequences", False))
    for n_steps in (5, 1, 22):
        assert_same(truncated(model, batch, n_steps), reference(model, batch, n_steps))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", MODELS)
def test_one_chunk_gives_the_ordinary_gradients(name, backend):
    params = MODELS[name]
    model = make_model(**params)
    set_backend(model, backend)
    batch = make_batch(tokens="tokens" in name, per_step=params.get("return_sequences", False))
    found = truncated(model, batch, 23)
    model.zero_grad()
    outputs = model(**batch.X)
    loss = SquaredError()(outputs, batch.y)
    loss.backward()
    assert_same(found, (loss.detach(), outputs.detach(), gradients(model)))


def test_other_losses_and_no_weights():
    batch = make_batch(weights=False)
    labels = batch._replace(y=Targets(torch.arange(len(LENGTHS)) % 2, None))
    model = make_model()
    for chosen, criterion in ((batch, SquaredError()), (labels, CrossEntropy())):
        found = truncated(model, chosen, 4, criterion)
        assert_same(found, reference(model, chosen, 4, criterion))


@pytest.mark.parametrize("n_steps", [5, 1])
def test_batch_norm_of_steps_tracks_the_moments_of_all_steps(n_steps):
    model = make_model(return_sequences=True, head_norm="batch")
    batch = make_batch(per_step=True)
    norm = model.head.norm
    before = {name: buffer.clone() for name, buffer in norm.named_buffers()}
    model(**batch.X)
    expected = {name: buffer.clone() for name, buffer in norm.named_buffers()}
    norm.load_state_dict({**norm.state_dict(), **before})
    truncated(model, batch, n_steps)
    for name, buffer in norm.named_buffers():
        np.testing.assert_allclose(buffer, expected[name], rtol=1e-12, err_msg=name)
        assert not torch.equal(buffer, before[name])


def test_equal_lengths_and_a_lone_row():
    for lengths in (np.full(4, 12), np.array([11])):
        batch = make_batch(lengths)
        model = make_model(cell="lstm", num_layers=2)
        assert_same(truncated(model, batch, 4), reference(model, batch, 4))


def test_padding_has_no_effect():
    model = make_model(pooling="attention", conv_channels=3, num_layers=2)
    batch = make_batch()
    expected = truncated(model, batch, 5)
    padding = ValidSteps(batch.X["lengths"], CPU).padding
    batch.X["x"] = batch.X["x"].masked_fill(padding, torch.nan)
    assert_same(truncated(model, batch, 5), expected)


# --- randomness ---------------------------------------------------------------------------------

DROPOUTS = {"dropout": 0.5, "recurrent_dropout": 0.3, "num_layers": 3}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("per_step", [False, True])
def test_both_passes_draw_the_same_dropout(backend, per_step):
    model = make_model(
        num_embeddings=9, embedding_dim=3, embedding_dropout=0.2, word_dropout=0.2,
        conv_channels=4, return_sequences=per_step, **DROPOUTS,
    )  # fmt: skip
    set_backend(model, backend)
    batch = make_batch(tokens=True)
    generator = torch.Generator().manual_seed(0)
    run = ChunkedRun(model.encoder, batch.X["x"], batch.X["lengths"], 5, generator)
    first: dict[int, torch.Tensor] = {}

    def see(states: torch.Tensor, chunk: Chunk) -> None:
        first[chunk.number] = states.masked_fill(chunk.valid().padding, 0.0)

    run.carry(see)
    assert sorted(first) == [0, 1, 2, 3, 4]
    for chunk in run.chunks:
        again = run.states(chunk).masked_fill(chunk.valid().padding, 0.0)
        np.testing.assert_allclose(again.detach(), first[chunk.number], rtol=1e-9, atol=1e-12)


def test_chunks_draw_separate_dropout_and_share_the_recurrent_mask():
    model = make_model(dropout=0.5, num_layers=2, cell="rnn_relu", bidirectional=False)
    x, lengths = torch.ones(8, 2, 3, dtype=torch.float64), torch.tensor([8, 8])
    run = ChunkedRun(model.encoder, x, lengths, 2, torch.Generator().manual_seed(0))
    assert len(set(run.seeds)) == 4
    model = make_model(recurrent_dropout=0.5, hidden_size=40)
    run = ChunkedRun(model.encoder, x, lengths, 2, torch.Generator().manual_seed(0))
    for mask in run.masks:
        assert 0 < (mask == 0).double().mean() < 1
    for chunk in run.chunks:
        for mask, whole in zip(run._masks(chunk), run.masks, strict=True):
            assert torch.equal(mask, whole)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("per_step", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_are_those_of_the_dropout_drawn(backend, per_step, bidirectional):
    # One chunk truncates nothing, so that finite differences apply.
    model = make_model(
        dropout=0.4, recurrent_dropout=0.4, num_layers=2, return_sequences=per_step,
        bidirectional=bidirectional, head_norm="batch",
    )  # fmt: skip
    set_backend(model, backend)
    batch = make_batch(per_step=per_step)
    found = truncated(model, batch, 23)[2]
    for name, parameter in model.named_parameters():
        generator = torch.Generator().manual_seed(5)
        step = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        at, around = parameter.detach().clone(), []
        for sign in (1, -1):
            parameter.data = at + sign * 1e-6 * step
            around.append(float(truncated(model, batch, 23)[0]))
        parameter.data = at
        slope = (around[0] - around[1]) / 2e-6
        assert slope == pytest.approx(float((step * found[name]).sum()), abs=1e-6), name


def test_the_training_generator_is_restored_and_advances():
    model = make_model(**DROPOUTS)
    generator = torch.Generator().manual_seed(2)
    set_generator(model, generator)
    arguments = {"n_steps": 5, "generator": generator, "precision": nullcontext}
    results = [
        truncated_gradients(model, SquaredError(), make_batch(), **arguments)[0] for _ in range(2)
    ]
    assert results[0] != results[1]
    for part in model.modules():
        assert getattr(part, "generator", generator) is generator


# --- memory -------------------------------------------------------------------------------------


class SavedBytes:
    """The highest number of bytes that graphs held for the backward pass at one time."""

    def __init__(self):
        self.now = self.peak = 0

    def __enter__(self):
        # Its methods also use the outer object, which is called self.
        class Saved:
            def __init__(saved, tensor):  # noqa: N805
                saved.tensor = tensor
                self.now += tensor.nbytes
                self.peak = max(self.peak, self.now)

            def __del__(saved):  # noqa: N805
                self.now -= saved.tensor.nbytes

        self.hooks = torch.autograd.graph.saved_tensors_hooks(Saved, lambda saved: saved.tensor)
        self.hooks.__enter__()
        return self

    def __exit__(self, *error):
        self.hooks.__exit__(*error)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("per_step", [False, True])
def test_memory_of_the_gradients_does_not_grow_with_the_length(backend, per_step):
    model = make_model(cell="gru", num_layers=2, return_sequences=per_step, dropout=0.2)
    set_backend(model, backend)
    peaks = {}
    for n_timesteps in (500, 2_000):
        batch = make_batch(np.full(4, n_timesteps), per_step=per_step)
        with SavedBytes() as saved:
            truncated(model, batch, 50)
        peaks[n_timesteps] = saved.peak
        assert saved.now == 0
        with SavedBytes() as whole:
            model(**batch.X).sum().backward()
        assert whole.peak > 5 * saved.peak
    assert 0 < peaks[2_000] <= peaks[500] * 1.01


# --- estimators ---------------------------------------------------------------------------------

_rng = np.random.default_rng(0)
X = [_rng.normal(size=(n, 2)) for n in _rng.integers(3, 40, size=24)]
LABELS = np.arange(24) % 3


def small(kind=RNNClassifier, **params):
    return kind(**{"hidden_size": 4, "max_epochs": 2, "random_state": 0, **params})


def test_batches_that_fit_into_a_chunk_are_unchanged():
    expected = small().fit(X, LABELS).predict_proba(X)
    longest = max(len(x) for x in X)
    assert np.array_equal(small(tbptt_steps=longest).fit(X, LABELS).predict_proba(X), expected)
    one_less = small(tbptt_steps=longest - 1).fit(X, LABELS)
    assert not np.array_equal(one_less.predict_proba(X), expected)


ESTIMATORS = {
    "defaults": {},
    "lstm": {"cell": "lstm", "num_layers": 2, "pooling": "attention", "recurrent_dropout": 0.2},
    "steps": {"return_sequences": True},
    "bf16": {"precision": "bf16", "num_layers": 2},
    "bf16, steps": {"precision": "bf16", "cell": "lstm", "return_sequences": True},
    "float64": {"precision": "float64", "conv_channels": 3, "conv_stride": 2},
    "weights": {"class_weight": "balanced"},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.25},
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_fit_depends_on_random_state(name):
    params = ESTIMATORS[name]
    y = [(x[:, 0] > 0).astype(int) for x in X] if params.get("return_sequences") else LABELS
    model = small(tbptt_steps=6, **params).fit(X, y)
    assert np.isfinite(model.loss_curve_).all()
    assert small(tbptt_steps=6, **params).fit(X, y).loss_curve_ == model.loss_curve_
    other = small(tbptt_steps=6, **{**params, "random_state": 1}).fit(X, y)
    assert other.loss_curve_ != model.loss_curve_


@pytest.mark.parametrize("params", [{}, {"head_norm": "layer"}, {"return_sequences": True}])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_loss_is_that_of_whole_sequences(params, precision):
    y = [x[:, 0] for x in X] if params.get("return_sequences") else np.array([x.mean() for x in X])
    params = {"dropout": 0.0, "lr": 1e-3, "batch_size": len(X), "precision": precision, **params}
    weight = np.linspace(0.5, 2.0, len(X))
    whole = small(RNNRegressor, **params).fit(X, y, weight).loss_curve_
    cut = small(RNNRegressor, tbptt_steps=7, **params).fit(X, y, weight).loss_curve_
    assert cut[0] == pytest.approx(whole[0], rel=0.02 if precision == "bf16" else 1e-5)
    assert cut[1] < cut[0]


def test_several_outputs_with_all_losses():
    y = np.abs(np.stack([[x[0, 0], x.sum()] for x in X]))
    losses = ("squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian")
    for loss in losses:
        model = small(RNNRegressor, tbptt_steps=6, loss=loss).fit(X, y, np.arange(24) % 3)
        assert model.predict(X).shape == (24, 2)


def test_training_can_be_continued():
    model = small(tbptt_steps=6, warm_start=True).fit(X, LABELS)
    model = pickle.loads(pickle.dumps(model)).set_params(tbptt_steps=9).fit(X, LABELS)
    assert model.n_iter_ == 4
    assert model.partial_fit(X, LABELS).n_iter_ == 5


class Watcher(Callback):
    def initialize(self):
        self.seen = []
        return self

    def on_batch_end(self, net, batch=None, training=None, y_pred=None, **others):
        if training:
            self.seen.append((batch.n_targets, tuple(y_pred.shape)))


def test_callbacks_see_outputs():
    steps = [x[:, 0] for x in X]
    for kind, y, params in (
        (RNNClassifier, LABELS, {}),
        (RNNRegressor, steps, {"return_sequences": True}),
    ):
        model = small(kind, tbptt_steps=6, callbacks=[("watch", Watcher())], **params).fit(X, y)
        (_, watcher), *_ = [c for c in model.net_.callbacks_ if c[0] == "watch"]
        assert watcher.seen
        assert all(n == shape[0] for n, shape in watcher.seen)


def test_frozen_recurrence():
    model = small(tbptt_steps=6, callbacks=[Freezer("encoder*")]).fit(X, LABELS)
    ordinary = small(callbacks=[Freezer("encoder*")], max_epochs=1).fit(X, LABELS)
    for name, parameter in model.module_.encoder.named_parameters():
        assert torch.equal(parameter, dict(ordinary.module_.encoder.named_parameters())[name])


def test_carried_states_are_learned():
    # A slow moving average: the steps of a chunk alone explain about a third of its variance,
    # the mean of 1 - 0.98^2k over k = 1 to 20.
    rng = np.random.default_rng(0)
    series = rng.normal(size=(48, 200))
    average = np.zeros_like(series)
    for t in range(200):
        average[:, t] = 0.98 * (average[:, t - 1] if t else 0.0) + series[:, t]
    average /= average.std()

    def score(X, y, **params):
        model = RNNRegressor(
            hidden_size=16, bidirectional=False, return_sequences=True, head_norm=None,
            dropout=0.0, random_state=0, **params,
        )  # fmt: skip
        n_train = len(X) * 2 // 3
        model.fit(X[:n_train], list(y[:n_train]))
        return r2_score(np.concatenate(y[n_train:]), np.concatenate(model.predict(X[n_train:])))

    assert score(series, average, tbptt_steps=20, max_epochs=30, batch_size=4) > 0.9
    cut = {"max_epochs": 15, "batch_size": 32}
    assert score(series.reshape(-1, 20), average.reshape(-1, 20), **cut) < 0.45


# --- prediction ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"cell": "lstm", "num_layers": 2, "pooling": "attention"},
        {"cell": "rnn_tanh", "pooling": "max", "bidirectional": False, "num_layers": 2},
        {"conv_channels": 3, "conv_stride": 2, "pooling": "last"},
        {"return_sequences": True, "num_layers": 2},
        {"recurrent_dropout": 0.2, "precision": "bf16"},
    ],
)
def test_long_sequences_are_predicted_in_chunks(monkeypatch, params):
    y = [(x[:, 0] > 0).astype(int) for x in X] if "return_sequences" in params else LABELS
    model = small(**params).fit(X, y)
    expected = model.predict_proba(X)
    monkeypatch.setattr(chunked, "MAX_UNCHUNKED_STEPS", 0)
    monkeypatch.setattr(chunked, "CHUNK_STEPS", 7)
    found = model.predict_proba(X)
    tolerance = 0.02 if params.get("precision") == "bf16" else 1e-5
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


@pytest.mark.cuda
@pytest.mark.parametrize("name", MODELS)
def test_cuda_gradients_are_those_of_the_cpu(name):
    params = MODELS[name]
    model = make_model(**params)
    batch = make_batch(tokens="tokens" in name, per_step=params.get("return_sequences", False))
    expected = reference(model, batch, 5)
    inputs = {key: value if key == "lengths" else value.cuda() for key, value in batch.X.items()}
    there = Batch(inputs, Targets(batch.y.values.cuda(), batch.y.weights.cuda()))
    model.zero_grad()
    model.cuda()
    generator = torch.Generator(device="cuda").manual_seed(0)
    loss, outputs = truncated_gradients(
        model, SquaredError(), there, n_steps=5, generator=generator, precision=nullcontext
    )
    found = {name: gradient.cpu() for name, gradient in gradients(model).items()}
    assert_same((loss.cpu(), outputs.cpu(), found), expected)
