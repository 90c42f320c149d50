"""LinearChain: likelihood, gradients and marginals against sums over all label sequences."""

import itertools

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from sk_rnn.modules import ChainLikelihood, CrossEntropy, LinearChain, Targets, _crf

LENGTHS = torch.tensor([3, 1, 4, 2])
N, K = int(LENGTHS.sum()), 3
EVERY = {n: list(itertools.product(range(K), repeat=n)) for n in range(1, 5)}


@pytest.fixture(params=["torch", "numba"])
def backend(request):
    return request.param


@pytest.fixture
def chain(backend):
    module = LinearChain(K).double()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(generator=generator)
    module.backend = backend
    return module


def draw(scale=1.0):
    generator = torch.Generator().manual_seed(1)
    emissions = scale * torch.randn(N, K, generator=generator, dtype=torch.float64)
    return emissions, torch.randint(0, K, (N,), generator=generator)


def scores(chain, emissions):
    """Scores of all label sequences of one sequence."""
    start, transitions, end = (
        value.detach().numpy() for value in (chain.start, chain.transitions, chain.end)
    )
    return np.array(
        [
            start[labels[0]]
            + end[labels[-1]]
            + sum(float(emissions[t, label]) for t, label in enumerate(labels))
            + sum(transitions[pair] for pair in itertools.pairwise(labels))
            for labels in EVERY[len(emissions)]
        ]
    )


def log_sum(values):
    return np.log(np.exp(values - values.max()).sum()) + values.max()


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0, 3000.0])
def test_losses_are_those_of_all_label_sequences(chain, scale):
    emissions, classes = draw(scale)
    losses, total = chain.losses(emissions, classes, LENGTHS, torch.ones(4).double())
    parts = zip(emissions.split(LENGTHS.tolist()), classes.split(LENGTHS.tolist()), strict=True)
    for loss, (part, labels) in zip(losses.tolist(), parts, strict=True):
        values = scores(chain, part)
        right = values[EVERY[len(part)].index(tuple(labels.tolist()))]
        assert loss == pytest.approx(log_sum(values) - right, abs=1e-9)
    assert float(total.detach()) == pytest.approx(float(losses.sum()))


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0, 3000.0])
def test_marginals_are_sums_over_label_sequences(chain, scale):
    emissions, _ = draw(scale)
    found = chain.log_marginals(emissions, LENGTHS)
    assert_close(found.exp().sum(1), torch.ones(N).double())
    row = 0
    for part in emissions.split(LENGTHS.tolist()):
        values, every = scores(chain, part), np.array(EVERY[len(part)])
        for t in range(len(part)):
            expected = [log_sum(values[every[:, t] == k]) - log_sum(values) for k in range(K)]
            np.testing.assert_allclose(found[row], expected, atol=1e-9, rtol=1e-9)
            row += 1


def test_gradients_are_those_of_finite_differences(chain):
    emissions, classes = draw()
    weights = torch.tensor([1.0, 2.0, 0.5, 0.0]).double()
    emissions.requires_grad_()

    def total(emissions, *parameters):
        return chain.losses(emissions, classes, LENGTHS, weights)[1]

    assert torch.autograd.gradcheck(total, (emissions, *chain.parameters()))


@pytest.mark.parametrize("scale", [1.0, 300.0, 3000.0])
@pytest.mark.parametrize("spread", [1.0, 2000.0])
def test_implementations_agree(scale, spread):
    results = []
    for backend in ("torch", "numba"):
        module = LinearChain(K).double()
        module.backend = backend
        with torch.no_grad():  # label 2 never follows label 0: exponentials vanish
            module.transitions[0, 2] = -spread
            module.start[1] = spread
        emissions, classes = draw(scale)
        emissions.requires_grad_()
        losses, total = module.losses(emissions, classes, LENGTHS, torch.arange(4).double())
        total.backward()
        gradients = [emissions.grad, *(p.grad for p in module.parameters())]
        marginals = module.log_marginals(emissions.detach(), LENGTHS)
        results.append([losses, total.detach(), *gradients, marginals])
    assert_close(results[1], results[0], rtol=1e-7, atol=1e-7)
    assert all(bool(torch.isfinite(value).all()) for value in results[1])


def test_without_transitions_the_loss_is_the_cross_entropy(backend):
    module = torch.nn.Module()
    module.chain = LinearChain(K).double()
    module.chain.backend = backend
    loss = ChainLikelihood()
    loss.attach(module)
    assert list(loss.parameters()) == []
    emissions, classes = draw()
    for given in (None, torch.tensor([2.0, 0.5, 1.0, 0.0]).double()):
        weights = None if given is None else given.repeat_interleave(LENGTHS)
        targets = Targets(classes, weights, LENGTHS)
        assert_close(loss(emissions, targets).detach(), CrossEntropy()(emissions, targets))


def test_float32_keeps_its_dtype_and_nearly_its_values(chain):
    emissions, classes = draw()
    expected = chain.losses(emissions, classes, LENGTHS, torch.ones(4).double())
    marginals = chain.log_marginals(emissions, LENGTHS)
    chain.float()
    emissions = emissions.float().requires_grad_()
    losses, total = chain.losses(emissions, classes, LENGTHS, torch.ones(4))
    total.backward()
    assert losses.dtype == total.dtype == emissions.grad.dtype == torch.float32
    assert_close([losses, total.detach()], [v.detach().float() for v in expected])
    found = chain.log_marginals(emissions, LENGTHS)
    assert not found.requires_grad
    assert_close(found, marginals.float())


def test_the_backend_is_torch_without_numba(monkeypatch):
    module = LinearChain(K)
    module.backend = "numba"
    assert module._compiled(torch.zeros(1))
    monkeypatch.setattr(_crf, "prepare_chain", lambda: "Numba is not installed")
    assert not module._compiled(torch.zeros(1))


@pytest.mark.cuda
def test_losses_on_a_gpu_are_the_same(chain):
    emissions, classes = draw()
    weights = torch.arange(4).double()
    expected = chain.losses(emissions, classes, LENGTHS, weights)
    marginals = chain.log_marginals(emissions, LENGTHS)
    chain.cuda()
    found = chain.losses(emissions.cuda(), classes.cuda(), LENGTHS, weights.cuda())
    assert_close([value.cpu() for value in found], list(expected))
    assert_close(chain.log_marginals(emissions.cuda(), LENGTHS).cpu(), marginals)
