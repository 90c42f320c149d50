"""Adam and AdamW in one pass equal those of torch, with the state of torch."""

import copy
import math
import pickle

import pytest
import torch
from torch import nn

from sk_rnn.training._adam import ONE_PASS, clip_gradients

pytest.importorskip("numba")

OPTIONS = {
    "defaults": {},
    "options": {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
    "amsgrad": {"amsgrad": True},
    "maximize": {"maximize": True},
}
KINDS = [torch.optim.Adam, torch.optim.AdamW]
TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-14}


def make_parameters(dtype=torch.float64):
    draw = torch.Generator().manual_seed(0)
    shapes = [(70, 3), (5,), (1,), (2, 3, 4), (0,)]
    return [nn.Parameter(torch.randn(shape, generator=draw, dtype=dtype)) for shape in shapes]


def make(kind, parameters, **options):
    """Two groups, of which the second is not decayed."""
    groups = [{"params": parameters[:2]}, {"params": parameters[2:], "weight_decay": 0.0}]
    return kind(groups, fused=True, **options)


def train(optimizer, parameters, n_steps=5, max_norm=math.inf, seed=1):
    draw = torch.Generator().manual_seed(seed)
    for _ in range(n_steps):
        for parameter in parameters:
            if parameter.requires_grad:
                grad = torch.randn(parameter.shape, generator=draw, dtype=parameter.dtype)
                parameter.grad = grad
        if hasattr(optimizer, "clip"):
            optimizer.step(max_norm=max_norm)
            continue
        if max_norm < math.inf:
            clip_gradients(parameters, max_norm)
        optimizer.step()


def assert_equal(ours, theirs, dtype=torch.float64):
    tolerance = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype]}
    for one, other in zip(ours.param_groups, theirs.param_groups, strict=True):
        torch.testing.assert_close(one["params"], other["params"], **tolerance)
        for mine, its in zip(one["params"], other["params"], strict=True):
            torch.testing.assert_close(mine.grad, its.grad, **tolerance)
            torch.testing.assert_close(dict(ours.state[mine]), dict(theirs.state[its]), **tolerance)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("max_norm", [math.inf, 1.0, 1e6])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_step_equals_torch(kind, options, max_norm, dtype):
    ours, theirs = make_parameters(dtype), make_parameters(dtype)
    optimizer = make(ONE_PASS[kind], ours, **OPTIONS[options])
    expected = make(kind, theirs, **OPTIONS[options])
    train(optimizer, ours, max_norm=max_norm)
    train(expected, theirs, max_norm=max_norm)
    assert_equal(optimizer, expected, dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_state_moves_between_torch_and_one_pass(kind):
    ours, theirs = make_parameters(), make_parameters()
    optimizer, expected = make(ONE_PASS[kind], ours), make(kind, theirs)
    train(optimizer, ours)
    train(expected, theirs)
    back, forth = make(kind, ours), make(ONE_PASS[kind], theirs)
    back.load_state_dict(optimizer.state_dict())
    forth.load_state_dict(expected.state_dict())
    train(back, ours, seed=2)
    train(forth, theirs, seed=2)
    assert_equal(forth, back)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copy_continues_like_the_original(copied):
    parameters = make_parameters()
    optimizer = make(ONE_PASS[torch.optim.AdamW], parameters)
    train(optimizer, parameters)
    other = copied(optimizer)
    train(optimizer, parameters, seed=2)
    train(other, [p for group in other.param_groups for p in group["params"]], seed=2)
    assert_equal(other, optimizer)


def test_changes_between_steps_are_respected():
    ours, theirs = make_parameters(), make_parameters()
    pairs = [(make(ONE_PASS[torch.optim.AdamW], ours), ours)]
    pairs.append((make(torch.optim.AdamW, theirs), theirs))
    for optimizer, parameters in pairs:
        train(optimizer, parameters)
        parameters[0].requires_grad_(False).grad = None
        train(optimizer, parameters, seed=2)
        parameters[0].requires_grad_()
        parameters[1].data = parameters[1].detach() + 1
        optimizer.state[parameters[3]]["exp_avg"] = torch.ones(2, 3, 4, dtype=torch.float64)
        optimizer.param_groups[0]["lr"] = 0.1
        train(optimizer, parameters, seed=3)
    assert_equal(pairs[0][0], pairs[1][0])


def test_strided_gradients_are_read_in_order():
    ours, theirs = make_parameters(), make_parameters()
    pairs = [(make(ONE_PASS[torch.optim.AdamW], ours), ours)]
    pairs.append((make(torch.optim.AdamW, theirs), theirs))
    for optimizer, parameters in pairs:
        train(optimizer, parameters)
        parameters[0].grad = torch.arange(210.0, dtype=torch.float64).reshape(3, 70).t()
        optimizer.step()
    assert_equal(pairs[0][0], pairs[1][0])


def test_hooks_are_called_once_per_step():
    parameters = make_parameters()
    optimizer = make(ONE_PASS[torch.optim.AdamW], parameters)
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    train(optimizer, parameters, n_steps=2)
    assert calls == ["before", "after"] * 2


def test_nan_gradient_makes_all_parameters_nan_when_clipped():
    parameters = make_parameters()
    optimizer = make(ONE_PASS[torch.optim.AdamW], parameters)
    train(optimizer, parameters)
    parameters[1].grad[0] = math.nan
    optimizer.step(max_norm=1.0)
    assert all(parameter.isnan().all() for parameter in parameters)


def test_clip_and_step_equal_one_pass():
    one, two = make_parameters(torch.float32), make_parameters(torch.float32)
    together, apart = (make(ONE_PASS[torch.optim.AdamW], p) for p in (one, two))
    for optimizer, parameters in ((together, one), (apart, two)):
        train(optimizer, parameters)
        for parameter in parameters:
            parameter.grad = torch.full_like(parameter, 3.0)
    together.step(max_norm=1.0)
    apart.clip(1.0)
    apart.step()
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
