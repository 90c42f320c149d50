"""torch's requirements of an autograd function, for the layer of the kernels."""

import numpy as np
import pytest
import torch

from sk_rnn.kernels import DirectionWeights, recurrent_layer
from sk_rnn.modules._steps import ValidSteps

pytest.importorskip("numba")

N_GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}
LENGTHS = [5, 2, 7, 1, 7, 3, 4, 6, 2, 5]  # more rows than a block has


def make_layer(cell, *, n_directions=2, n_features=3, hidden_size=5, lengths=LENGTHS, seed=0,
               dtype=torch.float64, recurrent_dropout=True):  # fmt: skip
    """Random arguments of `recurrent_layer`, all of which take gradients but lengths and keep."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=draw, dtype=dtype).mul_(0.6).requires_grad_()

    n_gates = N_GATES[cell] * hidden_size
    weights = [
        DirectionWeights(
            normal(n_gates, n_features), normal(n_gates, hidden_size), normal(n_gates),
            normal(n_gates),
        )
        for _ in range(n_directions)
    ]  # fmt: skip
    n_rows = len(lengths)
    keep = torch.rand(n_rows, n_directions * hidden_size, generator=draw, dtype=dtype) * 2
    return {
        "cell": cell,
        "x": normal(max(lengths), n_rows, n_features),
        "lengths": torch.tensor(lengths),
        "weights": weights,
        "initial": normal(2 if cell == "lstm" else 1, n_directions, n_rows, hidden_size),
        "keep": keep.mul_(keep > 0.5) if recurrent_dropout else None,
    }


def leaves(layer):
    return [layer["x"], layer["initial"], *(w for direction in layer["weights"] for w in direction)]


def gradients(layer, output, final, seed=1):
    """All gradients of a random combination of the results; padded steps have weight 0."""
    draw = torch.Generator().manual_seed(seed)
    loss = 0
    for result in (output, final):
        loss = loss + (result * torch.randn(result.shape, generator=draw, dtype=result.dtype)).sum()
    return torch.autograd.grad(loss, leaves(layer), retain_graph=True)


@pytest.mark.parametrize("cell", N_GATES)
def test_values_at_padded_steps_have_no_effect(cell):
    layer = make_layer(cell)
    results = []
    for filling in (0.0, np.nan, 1e300):
        x = layer["x"].detach().clone()
        for row, length in enumerate(LENGTHS):
            x[length:, row] = filling
        filled = {**layer, "x": x.requires_grad_()}
        output, final = recurrent_layer(**filled)
        results.append([output, final, *gradients(filled, output, final)])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))
    grad_x = results[0][2]
    for row, length in enumerate(LENGTHS):
        assert (grad_x[length:, row] == 0).all()


def test_gradients_at_padded_steps_have_no_effect():
    layer = make_layer("gru")
    output, _ = recurrent_layer(**layer)
    mask = ValidSteps(layer["lengths"], output.device).mask[:, :, None]
    arriving = [torch.ones_like(output).where(mask, torch.tensor(f)) for f in (0.0, np.nan)]
    clean, found = (
        torch.autograd.grad(output, leaves(layer), grad, retain_graph=True) for grad in arriving
    )
    assert all(torch.equal(a, b) for a, b in zip(clean, found, strict=True))


def test_backward_twice_accumulates_or_raises():
    layer = make_layer("lstm")
    output, _ = recurrent_layer(**layer)
    first = torch.autograd.grad(output.sum(), leaves(layer), retain_graph=True)
    second = torch.autograd.grad(output.sum(), leaves(layer))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        output.sum().backward()


def test_second_derivative_raises():
    layer = make_layer("gru")
    output, _ = recurrent_layer(**layer)
    grad = torch.autograd.grad(output.square().sum(), layer["x"], create_graph=True)[0]
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


def test_output_modified_in_place_raises():
    layer = make_layer("gru")
    output, _ = recurrent_layer(**layer)
    output.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


@pytest.mark.parametrize("cell", N_GATES)
def test_inputs_may_be_non_contiguous_and_are_unchanged(cell):
    layer = make_layer(cell)
    expected, expected_final = recurrent_layer(**layer)

    def turned(tensor):
        order = list(range(tensor.ndim))[::-1]
        return tensor.detach().permute(order).contiguous().permute(order)

    strided = {
        **layer,
        "x": turned(layer["x"]),
        "initial": turned(layer["initial"]),
        "weights": [DirectionWeights(*map(turned, w)) for w in layer["weights"]],
        "lengths": torch.stack([layer["lengths"]] * 2, dim=1)[:, 0],
    }
    before = strided["initial"].clone()
    output, final = recurrent_layer(**strided)
    assert torch.equal(output, expected)
    assert torch.equal(final, expected_final)
    assert torch.equal(strided["initial"], before)


@pytest.mark.parametrize("frozen", ["x", "weights"])
def test_frozen_inputs_get_no_gradient(frozen):
    layer = make_layer("gru")
    some = [layer["x"]] if frozen == "x" else [*layer["weights"][0], *layer["weights"][1]]
    others = [leaf for leaf in leaves(layer) if all(leaf is not s for s in some)]
    expected = torch.autograd.grad(recurrent_layer(**layer)[0].sum(), others)
    for leaf in some:
        leaf.requires_grad_(False)
    recurrent_layer(**layer)[0].sum().backward()
    assert all(leaf.grad is None for leaf in some)
    for leaf, grad in zip(others, expected, strict=True):
        torch.testing.assert_close(leaf.grad, grad)


@pytest.mark.parametrize("run", [torch.no_grad, torch.inference_mode])
def test_prediction_saves_nothing_for_backward(run):
    layer = make_layer("lstm")
    expected = recurrent_layer(**layer)[0]
    with run():
        output, final = recurrent_layer(**layer)
    assert output.grad_fn is None
    assert final.grad_fn is None
    assert torch.equal(output, expected)
