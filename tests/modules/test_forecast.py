"""The module of forecasters."""

import numpy as np
import pytest
import torch

from sk_rnn.forecasting import FIRST_GROWTH, FIRST_LOGIT, OTHER_LOGIT
from sk_rnn.modules import ForecastLoss, ForecastModel, Targets

B, PATCH, CONTEXT, HORIZON = 5, 4, 12, 6
SEASONS = (4, 8)


def model_of(n_networks=2, residual_share=1.0, seasons=SEASONS, **params):
    return ForecastModel(
        n_networks=n_networks,
        patch=PATCH,
        context=CONTEXT,
        horizon=HORIZON,
        seasons=seasons,
        n_calendar=0,
        offsets=[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0]],
        first_logit=FIRST_LOGIT,
        other_logit=OTHER_LOGIT,
        first_growth=FIRST_GROWTH,
        residual_share=residual_share,
        cell="gru",
        hidden_size=3,
        generator=torch.Generator().manual_seed(0),
        **params,
    )


def window(seasons=SEASONS):
    draw = torch.Generator().manual_seed(1)
    sizes = {
        "x": (CONTEXT // PATCH, B, 2 * PATCH + 1),
        "ahead": (2, B, PATCH * len(seasons)),
        "naive": (B, len(seasons), 2 * PATCH),
        "growth": (B, len(seasons), 2),
        "level": (B, 2),
    }
    parts = {name: torch.randn(size, generator=draw) for name, size in sizes.items()}
    return {**parts, "lengths": torch.full((B,), CONTEXT // PATCH)}


@pytest.mark.parametrize("seasons", [SEASONS, ()])
def test_forecast_before_training_is_the_baseline(seasons):
    model, inputs = model_of(seasons=seasons).eval(), window(seasons)
    found = model(**inputs)
    assert found.shape == (B, 1, HORIZON, 3)
    logits = np.r_[FIRST_LOGIT, np.full(len(seasons) + 1, OTHER_LOGIT)]
    a = np.exp(logits) / np.exp(logits).sum()
    expected = inputs["level"].numpy() @ a[-2:]
    expected = np.repeat(expected[:, None], HORIZON, axis=1)
    for i, season in enumerate(seasons):
        ahead = 1 + np.arange(HORIZON) // season
        growth = FIRST_GROWTH * inputs["growth"][:, i, :1].numpy() * ahead
        expected += a[i] * (inputs["naive"][:, i, :HORIZON].numpy() + growth)
    np.testing.assert_allclose(found[:, 0, :, 1].detach(), expected, atol=1e-5)
    width = (found[:, 0, :, 2] - found[:, 0, :, 1]).detach().numpy()
    np.testing.assert_allclose(width, np.tile([1, 1, 1, 1, 2, 2], (B, 1)), atol=1e-5)


def test_networks_differ_and_are_averaged():
    model, inputs = model_of(), window()
    for network in model.networks:
        torch.nn.init.ones_(network.output.weight)
    each = model.train()(**inputs)
    assert each.shape == (B, 2, HORIZON, 3)
    assert (each[:, 0] != each[:, 1]).any()
    torch.testing.assert_close(model.eval()(**inputs)[:, 0], each.mean(dim=1))


def test_share_of_the_residual():
    inputs = window()
    outputs = []
    for share in (0.0, 0.5, 1.0):
        model = model_of(residual_share=share).eval()
        for network in model.networks:
            torch.nn.init.ones_(network.output.weight)
        outputs.append(model(**inputs))
    torch.testing.assert_close(outputs[1], (outputs[0] + outputs[2]) / 2)


def test_effect_of_a_constant_covariate_cancels():
    model = model_of(covariates=(1, 1, (), 0)).eval()
    for network in model.networks:
        torch.nn.init.ones_(network.direct[0])
    parts = window()
    found = []
    for level in (0.0, 3.0):
        parts["past_numeric"] = torch.full((B, CONTEXT, 1), level)
        parts["known_numeric"] = torch.full((B, 2 * PATCH, 1), level)
        parts["past_codes"] = torch.empty((B, CONTEXT, 0), dtype=torch.int64)
        parts["known_codes"] = torch.empty((B, 2 * PATCH, 0), dtype=torch.int64)
        found.append(model(**parts))
    torch.testing.assert_close(*found)
    parts["known_numeric"][:, 0] += 1.0
    changed = model(**parts) - found[1]
    np.testing.assert_allclose(changed[:, 0, 0].detach(), 1.0, atol=1e-5)
    np.testing.assert_allclose(changed[:, 0, 1:].detach(), 0.0, atol=1e-5)


def test_unknown_series_have_the_mean_vector():
    model = model_of(n_series=3, series_size=2)
    network = model.networks[0]
    vectors = network._vector(torch.tensor([1, -1]))
    torch.testing.assert_close(vectors[0], network.series.weight[1])
    torch.testing.assert_close(vectors[1], network.series.weight.mean(dim=0))


def test_loss_is_that_of_quantiles_weighted_by_targets():
    outputs = torch.tensor([[[[1.0, 2.0, 4.0], [9.0, 9.0, 9.0]]]])  # (1, 1, 2, 3)
    targets = Targets(torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 0.0]]))
    loss = ForecastLoss([0.1, 0.5, 0.9], mean=False)(outputs, targets)
    expected = (1 * 0.1 * 2 + 4 * 0.5 * 1 + 1 * 0.1 * 1) / 6
    assert float(loss) == pytest.approx(expected)
    loss = ForecastLoss([0.1, 0.5], mean=True)(outputs, targets)
    expected = (1 * 0.1 * 2 + 4 * 0.5 * 1) / 5 + 1.0
    assert float(loss) == pytest.approx(expected)
    nothing = Targets(torch.zeros(1, 2), torch.zeros(1, 2))
    assert float(ForecastLoss([0.5], mean=False)(outputs[..., :1], nothing)) == 0.0


def test_parameters_of_the_baseline_move_faster():
    from sk_rnn.training._optimizers import FAST, build_optimizer

    model = model_of()
    optimizer = build_optimizer(
        torch.optim.AdamW, model, {"lr": 0.1}, weight_decay=0.01, embedding_eps=None,
        device=torch.device("cpu"),
    )  # fmt: skip
    fast = [g for g in optimizer.param_groups if g["initial_lr"] == pytest.approx(FAST * 0.1)]
    assert len(fast) == 1
    assert {id(p) for p in fast[0]["params"]} == {id(p) for p in model.fast_parameters()}
    assert fast[0]["weight_decay"] == 0.0
    n_grouped = sum(len(group["params"]) for group in optimizer.param_groups)
    assert n_grouped == len(list(model.parameters()))
