"""The torch modules: references in plain NumPy, and properties of padding, gradients, masks."""

import numpy as np
import pytest
import torch
from torch import nn

import sk_rnn
from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.modules import (
    CELLS,
    POOLINGS,
    BinaryCrossEntropy,
    Cell,
    CellWeights,
    CrossEntropy,
    Gaussian,
    Huber,
    Poisson,
    Quantile,
    RecurrentStack,
    SequenceModel,
    SquaredError,
    Targets,
    _recurrence,
    gaussian_parts,
    set_backend,
    set_generator,
)
from sk_rnn.modules._dropout import Dropout, StepDropout
from sk_rnn.modules._front import ConvFrontEnd, Patches, TokenEmbedding
from sk_rnn.modules._head import HeadBatchNorm
from sk_rnn.modules._recurrence import Recurrence
from sk_rnn.modules._steps import ValidSteps

LENGTHS = [5, 2, 7, 1]


def make_batch(n_features=3, lengths=LENGTHS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(max(lengths), len(lengths), n_features, generator=generator)
    return x, ValidSteps(torch.tensor(lengths), x.device)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numpy_gru(a, b, h, c):
    (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
    r, z = sigmoid(ar + br), sigmoid(az + bz)
    return (1 - z) * np.tanh(an + r * bn) + z * h, c


def numpy_lstm(a, b, h, c):
    i, f, g, o = np.split(a + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


# cell: from input and state, multiplied with the weights, h and c to the next h and c.
REFERENCES = {
    "rnn_tanh": lambda a, b, h, c: (np.tanh(a + b), c),
    "rnn_relu": lambda a, b, h, c: (np.maximum(a + b, 0), c),
    "gru": numpy_gru,
    "lstm": numpy_lstm,
}


def numpy_recurrence(layer, x):
    """One row through a cell, step by step: (T, F) to (T, H)."""
    w_ih, w_hh, b_ih, b_hh = (p.detach().double().numpy() for p in layer.weights)
    h = c = np.zeros(layer.hidden_size)
    states = []
    for step in x:
        h, c = REFERENCES[layer.cell.name](w_ih @ step + b_ih, w_hh @ h + b_hh, h, c)
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("cell", CELLS)
def test_bidirectional_stack_equals_numpy_loops_row_by_row(cell):
    x, valid = make_batch()
    stack = RecurrentStack(cell, 3, 4, num_layers=2, bidirectional=True, generator=generator())
    output = stack(x, valid).detach().numpy()
    for row, length in enumerate(LENGTHS):
        states = x[:length, row].double().numpy()
        for ahead, back in zip(stack.forward_layers, stack.backward_layers, strict=True):
            states = np.concatenate(
                [
                    numpy_recurrence(ahead, states),
                    numpy_recurrence(back, states[::-1])[::-1],
                ],
                axis=1,
            )
        np.testing.assert_allclose(output[:length, row], states, atol=1e-5)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if CELLS[cell].in_torch])
def test_packed_path_equals_padded_path(cell):
    x, valid = make_batch()
    layer = Recurrence(CELLS[cell], 3, 4, generator=generator())
    padded, packed = layer(x, valid), layer._packed(x, valid, None)[0]
    np.testing.assert_allclose(
        padded[valid.mask].detach().numpy(), packed[valid.mask].detach().numpy(), atol=1e-6
    )


@pytest.mark.parametrize("cell", CELLS)
def test_loop_without_dropout_equals_torch(cell):
    x, valid = make_batch()
    layer = Recurrence(CELLS[cell], 3, 4, recurrent_dropout=0.5, generator=generator())
    expected, final = layer.eval().run(x, valid, None)
    layer.keep_mask = lambda shape, p, like: torch.ones(shape)
    output, looped = layer.train().run(x, valid, None)
    np.testing.assert_allclose(
        output[valid.mask].detach().numpy(), expected[valid.mask].detach().numpy(), atol=1e-6
    )
    for state, target in zip(looped, final, strict=True):
        np.testing.assert_allclose(state.detach().numpy(), target.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("dropped", [0.0, 0.5])
@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_in_two_parts_equals_the_whole(cell, dropped):
    x, valid = make_batch(lengths=[6, 6])
    layer = Recurrence(CELLS[cell], 3, 4, recurrent_dropout=dropped, generator=generator())
    layer.keep_mask = lambda shape, p, like: torch.full(shape, 0.5)
    whole, final = layer.run(x, valid, None)
    half = ValidSteps(torch.tensor([3, 3]), x.device)
    first, state = layer.run(x[:3], half, None)
    second, last = layer.run(x[3:], half, state)
    np.testing.assert_allclose(
        torch.cat([first, second]).detach().numpy(), whole.detach().numpy(), atol=1e-6
    )
    for part, target in zip(last, final, strict=True):
        np.testing.assert_allclose(part.detach().numpy(), target.detach().numpy(), atol=1e-6)


def _minimal_gated_step(x, recurrent, state):
    forget_x, new_x = x.chunk(2, 1)
    forget_h, new_h = recurrent.chunk(2, 1)
    forget = torch.sigmoid(forget_x + forget_h)
    return (state[0] + forget * (torch.tanh(new_x + forget * new_h) - state[0]),)


# A cell that neither torch nor the kernels implement (Zhou et al., 2016, with the gate after the
# product).
MINIMAL_GATED = Cell(
    "minimal_gated",
    lambda n_in, n_hidden: CellWeights(2, n_in, n_hidden),
    n_gates=2,
    n_states=1,
    step=_minimal_gated_step,
    bounded=True,
    forget_gate=0,
)


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_a_cell_that_only_has_a_step_equals_numpy(backend):
    x, valid = make_batch()
    stack = RecurrentStack(MINIMAL_GATED, 3, 4, bidirectional=True, generator=generator())
    set_backend(stack, backend)
    output, finals = stack.run(x, valid)
    for layer, turn, columns, final in (
        (stack.forward_layers[0], 1, slice(0, 4), finals[0]),
        (stack.backward_layers[0], -1, slice(4, 8), finals[1]),
    ):
        w_ih, w_hh, b_ih, b_hh = (p.detach().numpy() for p in layer.weights)
        assert (b_ih[:4] == 1).all()
        assert not b_ih[4:].any()
        for row, length in enumerate(LENGTHS):
            h = np.zeros(4)
            for t, step in enumerate(x[:length, row].numpy()[::turn]):
                (af, an), (bf, bn) = np.split(w_ih @ step + b_ih, 2), np.split(w_hh @ h + b_hh, 2)
                f = sigmoid(af + bf)
                h = (1 - f) * h + f * np.tanh(an + f * bn)
                at = t if turn == 1 else length - 1 - t
                np.testing.assert_allclose(output[at, row, columns].detach(), h, atol=1e-6)
            np.testing.assert_allclose(final[0][row].detach(), h, atol=1e-6)


def test_recurrent_dropout_keeps_one_mask_for_all_steps():
    layer = Recurrence(CELLS["rnn_relu"], 1, 50, recurrent_dropout=0.5, generator=generator())
    set_generator(layer, generator(1))
    with torch.no_grad():
        layer.rnn.weight_ih_l0.zero_()
        layer.rnn.weight_hh_l0.copy_(torch.eye(50))
        layer.rnn.bias_ih_l0.fill_(1.0)
    output = layer(torch.zeros(4, 1, 1), make_batch(1, [4])[1])[:, 0].detach()
    # h = 1 + mask * h: a dropped unit stays at 1, a kept one (factor 2) doubles at every step.
    dropped = output[1] == 1
    assert 5 < dropped.sum() < 45
    assert (output[:, dropped] == 1).all()
    assert (output[3, ~dropped] == 15).all()


def test_recurrent_dropout_is_off_when_predicting():
    x, valid = make_batch()
    layer = Recurrence(CELLS["gru"], 3, 4, recurrent_dropout=0.5, generator=generator()).eval()
    plain = Recurrence(CELLS["gru"], 3, 4, generator=generator()).eval()
    assert torch.equal(layer(x, valid), plain(x, valid))


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(
    "front",
    [
        {},
        {"conv_channels": 4},
        {"conv_channels": 4, "conv_stride": 3},
        {"patch_size": 2},
        {"patch_size": 5},
    ],
)
def test_padding_never_reaches_the_output(pooling, bidirectional, front):
    x, valid = make_batch()
    model = SequenceModel(
        n_features=3, n_outputs=2, cell="lstm", hidden_size=4, num_layers=2, layer_norm=True,
        bidirectional=bidirectional, pooling=pooling, generator=generator(), **front,
    ).eval()  # fmt: skip
    padded = x.masked_fill(valid.padding, 1e6)
    together = model(padded, valid.lengths)
    alone = [
        model(x[:length, row : row + 1], torch.tensor([length]))
        for row, length in enumerate(LENGTHS)
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=1e-5)


def test_padding_gets_no_gradient():
    x, valid = make_batch()
    x.requires_grad_()
    model = SequenceModel(
        n_features=3, n_outputs=2, cell="gru", hidden_size=4, bidirectional=True,
        conv_channels=4, generator=generator(),
    )  # fmt: skip
    model(x, valid.lengths).square().sum().backward()
    assert (x.grad[~valid.mask] == 0).all()
    assert (x.grad[valid.mask] != 0).any(dim=1).all()


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_every_parameter_gets_a_gradient(cell, return_sequences):
    x, valid = make_batch()
    model = SequenceModel(
        n_features=3, n_outputs=2, cell=cell, hidden_size=8, num_layers=2, layer_norm=True,
        bidirectional=True, conv_channels=4, recurrent_dropout=0.1, pooling="attention",
        return_sequences=return_sequences, generator=generator(),
    )  # fmt: skip
    set_generator(model, generator())
    positions = torch.arange(valid.n_timesteps * len(LENGTHS)) if return_sequences else None
    model(x, valid.lengths, positions).pow(2).sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_reverse_turns_each_row_around_in_its_own_length():
    _, valid = make_batch()
    x = torch.arange(7.0)[:, None, None].expand(7, 4, 1)
    turned = valid.reverse(x)[:, :, 0]
    for row, length in enumerate(LENGTHS):
        assert turned[:length, row].tolist() == list(range(length))[::-1]
    assert torch.equal(valid.reverse(valid.reverse(x)), x)


# pooling: from the states of one row (T, 6), of which the last three are of the backward direction
POOLED = {
    "mean": lambda s: s.mean(0),
    "max": lambda s: s.max(0),
    "last": lambda s: np.concatenate([s[-1, :3], s[0, 3:]]),
    "concat": lambda s: np.concatenate([s.mean(0), s.max(0), s[-1, :3], s[0, 3:]]),
}


def test_every_cell_and_pooling_has_a_reference():
    assert set(CELLS) == set(REFERENCES), "add one time step in NumPy to REFERENCES"
    # Attention has weights, and a separate test.
    assert set(POOLINGS) == {*POOLED, "attention"}, "add the formula in NumPy to POOLED"


@pytest.mark.parametrize("name", [*CELLS, *POOLINGS])
def test_docstrings_name_every_cell_and_pooling(name):
    kind = "cell" if name in CELLS else "pooling"
    estimators = [getattr(sk_rnn, public) for public in sk_rnn.__all__ if public != "Panel"]
    documented = [cls for cls in estimators if f"\n    {kind} : " in cls.__doc__]
    assert {RNNClassifier, RNNRegressor} <= set(documented)
    assert len(documented) == (6 if kind == "cell" else 2)
    for estimator in documented:
        values = estimator.__doc__.partition(f"\n    {kind} : ")[2].partition("}")[0]
        assert f'"{name}"' in values, estimator.__name__


@pytest.mark.parametrize("lengths", [LENGTHS, [4, 4]])
def test_poolings_equal_numpy(lengths):
    states, valid = make_batch(6, lengths)
    for kind, expected in POOLED.items():
        pooled = POOLINGS[kind](6, bidirectional=True)(states, valid)
        for row, length in enumerate(lengths):
            np.testing.assert_allclose(
                pooled[row].numpy(), expected(states[:length, row].numpy()), atol=1e-6
            )


def test_attention_weights_sum_to_one_over_valid_steps():
    states, valid = make_batch(6)
    pooling = POOLINGS["attention"](6, bidirectional=True, generator=generator())
    # Weights that sum to one do not change a constant.
    constant = torch.full_like(states, 2.5)
    pooled = pooling(constant, valid)
    torch.testing.assert_close(pooled, torch.full_like(pooled, 2.5))


def test_initial_weights_are_orthogonal_gate_by_gate_with_forget_bias_one():
    rnn = Recurrence(CELLS["lstm"], 3, 8, generator=generator()).rnn
    for gate in rnn.weight_hh_l0.split(8):
        torch.testing.assert_close(gate @ gate.T, torch.eye(8), atol=1e-5, rtol=0)
    bias = (rnn.bias_ih_l0 + rnn.bias_hh_l0).split(8)
    assert [part.unique().tolist() for part in bias] == [[0], [1], [0], [0]]


@pytest.mark.parametrize(
    ("cell", "forget_bias", "expected"),
    [
        ("gru", None, [0.0, 0.0, 0.0, 0.0, 0.0]),
        ("lstm", None, [1.0, 1.0, 1.0, 1.0, 1.0]),
        ("gru", 2.0, [2.0, 2.0, 2.0, 2.0, 2.0]),
        ("gru", (-1.0, 4.0), [-0.5, 0.5, 1.5, 2.5, 3.5]),
        ("lstm", (0, 5), [0.5, 1.5, 2.5, 3.5, 4.5]),
    ],
)
def test_forget_bias_is_that_of_the_second_gate(cell, forget_bias, expected):
    stack = RecurrentStack(cell, 3, 5, bidirectional=True, forget_bias=forget_bias)
    for layer in (stack.forward_layers[0], stack.backward_layers[0]):
        gates = (layer.rnn.bias_ih_l0 + layer.rnn.bias_hh_l0).split(5)
        torch.testing.assert_close(gates[1].detach(), torch.tensor(expected))
        assert all(not gates[i].any() for i in range(len(gates)) if i != 1)


def test_building_a_model_does_not_use_the_global_generator():
    before = torch.random.get_rng_state()
    SequenceModel(
        n_features=3, n_outputs=2, cell="lstm", hidden_size=8, num_embeddings=5, embedding_dim=3,
        conv_channels=4, pooling="attention", generator=generator(),
    )  # fmt: skip
    assert torch.equal(before, torch.random.get_rng_state())


def test_causal_convolution_equals_numpy_and_is_causal():
    x, valid = make_batch(2, [6])
    conv = ConvFrontEnd(2, 3, kernel_size=3, stride=2, causal=True, generator=generator())
    output, left = conv(x, valid)
    padded = np.concatenate([np.zeros((2, 2)), x[:, 0].numpy()])
    weight = conv.weight.detach().numpy()
    expected = [np.maximum((weight * padded[t : t + 3].T).sum((1, 2)), 0) for t in (0, 2, 4)]
    np.testing.assert_allclose(output[:, 0].detach().numpy(), expected, atol=1e-5)
    assert left.lengths.tolist() == [3]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 20])
def test_patches_are_those_of_each_row_whose_last_step_is_repeated(size):
    x, valid = make_batch()
    patches, left = Patches(size)(x.masked_fill(valid.padding, torch.nan), valid)
    for row, length in enumerate(LENGTHS):
        n_patches = -(-length // size)
        assert int(left.lengths[row]) == n_patches
        steps = np.minimum(np.arange(n_patches * size), length - 1)
        expected = x[:, row].numpy()[steps].reshape(n_patches, -1)
        np.testing.assert_array_equal(patches[:n_patches, row].numpy(), expected)


def test_rows_of_patches_stay_independent():
    sizes = {"n_features": 3, "n_outputs": 2, "cell": "gru", "hidden_size": 4}
    model = SequenceModel(**sizes, patch_size=3)
    set_backend(model, "numba")
    assert model.rows_independent
    with pytest.raises(TypeError, match="patch_size > 1 needs conv_channels=None"):
        SequenceModel(**sizes, patch_size=2, conv_channels=4)


def test_dropout_draws_from_its_own_generator_only():
    dropout = Dropout(0.5)
    before = torch.random.get_rng_state()
    ones = torch.ones(1000)
    set_generator(dropout, generator(3))
    first = dropout(ones)
    set_generator(dropout, generator(3))
    assert torch.equal(first, dropout(ones))
    assert torch.equal(before, torch.random.get_rng_state())
    assert set(first.tolist()) == {0.0, 2.0}
    assert 400 < (first == 0).sum() < 600
    assert torch.equal(dropout.eval()(ones), ones)


def test_word_dropout_drops_whole_steps():
    dropout = StepDropout(0.5)
    set_generator(dropout, generator())
    out = dropout(torch.ones(40, 5, 3))
    assert ((out == 0).all(2) | (out == 1).all(2)).all()
    assert 60 < (out[:, :, 0] == 0).sum() < 140


def test_frozen_embedding_is_not_trained():
    weights = np.eye(4, 3)
    frozen = TokenEmbedding(4, 3, weights=weights, frozen=True)
    assert not any(p.requires_grad for p in frozen.parameters())
    assert frozen(torch.tensor([[2]])).tolist() == [[[0.0, 0.0, 1.0]]]
    assert all(p.requires_grad for p in TokenEmbedding(4, 3, weights=weights).parameters())


def test_head_norm_trains_on_a_single_row():
    norm = HeadBatchNorm(3, eps=0.01)
    row = torch.tensor([[1.0, 2.0, 3.0]])
    torch.testing.assert_close(norm(row), row / 1.01**0.5)
    assert norm.running_mean.tolist() == [0, 0, 0]


def test_head_norm_does_not_magnify_features_that_hardly_differ():
    norm = HeadBatchNorm(2, eps=0.01)
    x = torch.tensor([[0.001, 1.0], [-0.001, -1.0]])
    found = norm(x)
    expected = x / (torch.tensor([1e-6, 1.0]) + 0.01).sqrt()
    torch.testing.assert_close(found, expected)
    assert found[0, 0] < 0.02 * found[0, 1]


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "expected"),
    [
        (SquaredError(), [[1.0, 2.0]], [[0.0, 4.0]], 2.5),
        (Huber(1.0), [[0.5], [3.0]], [[0.0], [0.0]], (0.125 + 2.5) / 2),
        (Quantile(0.9), [[0.0], [2.0]], [[1.0], [1.0]], (0.9 + 0.1) / 2),
        (Poisson(), [[0.0]], [[3.0]], 1.0),
        (BinaryCrossEntropy(), [[0.0, 0.0]], [[1.0, 0.0]], np.log(2)),
    ],
)
def test_losses_equal_their_formulas(loss, outputs, targets, expected):
    assert float(loss(torch.tensor(outputs), Targets(torch.tensor(targets)))) == pytest.approx(
        expected
    )


def test_cross_entropy_equals_numpy():
    outputs = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]])
    expected = [np.log(np.exp(o).sum()) - o[k] for o, k in zip(outputs, (1, 0), strict=True)]
    loss = CrossEntropy()(torch.tensor(outputs), Targets(torch.tensor([1, 0])))
    assert float(loss) == pytest.approx(np.mean(expected))


def test_gaussian_loss_is_lowest_at_the_true_mean_and_variance():
    targets = torch.tensor(np.random.RandomState(0).normal(2.0, 3.0, size=(2000, 1)))
    outputs = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([outputs], max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = Gaussian().eval()(outputs.expand(2000, 2), Targets(targets))
        loss.backward()
        return loss

    optimizer.step(closure)
    mean, log_variance = gaussian_parts(outputs.detach())
    assert float(mean) == pytest.approx(float(targets.mean()), abs=1e-3)
    assert float(log_variance.exp()) == pytest.approx(float(targets.var(correction=0)), rel=1e-3)


def test_gaussian_gradients_are_multiplied_by_the_deviation_while_training():
    rng = np.random.RandomState(0)
    outputs = torch.tensor(rng.normal(size=(50, 4)), requires_grad=True)
    targets = Targets(torch.tensor(rng.normal(size=(50, 2))))
    plain, weighted = (
        torch.autograd.grad(criterion(outputs, targets), outputs)[0]
        for criterion in (Gaussian().eval(), Gaussian())
    )
    _, log_variance = gaussian_parts(outputs.detach())
    deviation = torch.exp(0.5 * log_variance).repeat(1, 2)  # of the means and of the variances
    torch.testing.assert_close(weighted, plain * deviation)


def test_loss_weights_multiply_rows():
    outputs, targets = torch.tensor([[1.0], [2.0]]), torch.zeros(2, 1)
    loss = SquaredError()(outputs, Targets(targets, torch.tensor([2.0, 0.0])))
    assert float(loss) == 1.0


def test_gradients_equal_finite_differences():
    x, valid = make_batch(2, [3, 2])
    model = SequenceModel(
        n_features=2, n_outputs=1, cell="gru", hidden_size=2, bidirectional=True,
        pooling="concat", generator=generator(),
    ).double()  # fmt: skip
    model.eval()
    parameters = [p for p in model.parameters() if p.requires_grad]

    def run(*values):
        named = dict(zip([n for n, _ in model.named_parameters()], values, strict=True))
        return torch.func.functional_call(model, named, (x.double(), valid.lengths))

    assert torch.autograd.gradcheck(run, tuple(parameters))


def test_custom_cell_is_used_unchanged():
    class Sum(nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            self.hidden_size = hidden_size

        def forward(self, x):
            return x.cumsum(0).sum(2, keepdim=True).expand(-1, -1, self.hidden_size)

    x, valid = make_batch()
    stack = RecurrentStack(Sum, 3, 2, bidirectional=True)
    torch.testing.assert_close(
        stack(x, valid)[0, 0], torch.stack([x[0, 0].sum()] * 2 + [x[:5, 0].sum()] * 2)
    )


def test_vectors_of_unseen_tokens_are_zero():
    embedding = TokenEmbedding(4, 3, unseen=np.array([1, 3]), generator=generator())
    assert (embedding.embedding.weight[[1, 3]] == 0).all()
    assert (embedding.embedding.weight[[0, 2]] != 0).all()


def test_default_dtype_of_torch_has_no_effect():
    def build():
        return SequenceModel(
            n_features=3, n_outputs=2, cell="gru", hidden_size=4, num_embeddings=5,
            embedding_dim=3, conv_channels=4, pooling="attention", generator=generator(),
        )  # fmt: skip

    expected = build().state_dict()
    torch.set_default_dtype(torch.float64)
    try:
        found = build().state_dict()
    finally:
        torch.set_default_dtype(torch.float32)
    for name, value in expected.items():
        assert torch.equal(value, found[name].to(value.dtype)), name


@pytest.mark.parametrize("supported", [False, True])
@pytest.mark.parametrize("started", [False, True])
def test_lstm_under_autocast_runs_without_bfloat16_on_cpus_that_lack_it(
    monkeypatch, supported, started
):
    monkeypatch.setattr(_recurrence, "_has_bf16_lstm", lambda: supported)
    layer = Recurrence(CELLS["lstm"], 3, 4, generator=torch.Generator().manual_seed(0))
    seen = []
    layer.rnn.register_forward_hook(
        lambda *_: seen.append(torch.is_autocast_enabled("cpu")), always_call=True
    )
    x, valid = torch.randn(5, 2, 3), ValidSteps(torch.tensor([5, 5]), torch.device("cpu"))
    start = (torch.zeros(2, 4, dtype=torch.bfloat16),) * 2 if started else None
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        try:
            found, _ = layer.run(x, valid, start)
        except RuntimeError:  # what this CPU says if it lacks bfloat16
            assert supported
    assert seen == [supported]
    if not supported:
        expected = layer.run(x, valid, None)[0]
        torch.testing.assert_close(found, expected)
