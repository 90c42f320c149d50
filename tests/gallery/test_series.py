"""Pages about series find the known answer, and report rivals that are as good."""

import numpy as np
import pytest

from .pages import run_page


@pytest.mark.slow
def test_remaining_life_of_simulated_engines(monkeypatch):
    rmse = run_page("series/engine_life.py", monkeypatch)["rmse"]
    assert rmse["network"] < 0.4 * rmse["mean of all cycles"]
    assert rmse["boosting"] < 0.4 * rmse["mean of all cycles"]


@pytest.mark.slow
def test_remaining_life_of_turbofans(monkeypatch):
    rmse = run_page("series/engine_life.py", monkeypatch, data="reg_CMAPSS_FD001")["rmse"]
    assert rmse["network"] < 18
    assert rmse["boosting"] < 15


@pytest.mark.slow
def test_next_values_lie_between_the_naive_and_the_best_forecast(monkeypatch):
    page = run_page("series/next_values.py", monkeypatch)
    mae = page["mae"]
    gained = mae["repeat the last week"] - mae["RNNForecaster"]
    assert gained > 0.4 * (mae["repeat the last week"] - mae["best possible"])
    assert mae["RNNForecaster"] > mae["best possible"]
    assert page["inside"][0.9] == pytest.approx(0.9, abs=0.08)
    assert page["inside"][0.5] == pytest.approx(0.5, abs=0.08)


@pytest.mark.slow
def test_one_network_forecasts_old_and_new_shops(monkeypatch):
    means = run_page("series/many_series.py", monkeypatch)["means"]
    assert (means.loc["one network"] < 0.85 * means.loc["repeat the last week"]).all()
    assert (means.loc["one network, promotions"] < 0.85 * means.loc["one network"]).all()
    assert (means.loc["one network, promotions"] < 1.5 * means.loc["best possible"]).all()
    own, shared = (means.loc[f"{name} network, promotions", "new shops"] for name in ("own", "one"))
    assert own > 1.2 * shared


@pytest.mark.slow
def test_displays_point_to_the_planted_pattern(monkeypatch):
    page = run_page("series/which_steps_mattered.py", monkeypatch)
    assert page["accuracy"] > 0.98
    share, chance = page["share"], page["WIDTH"] / page["N_STEPS"]
    assert (share.min() > 2 * chance).all()
    assert share["saliency"].mean() > 0.65
    assert share["attention"].mean() > 0.85
    saliency = page["saliency"]
    change = saliency.output - saliency.baseline_output
    assert np.isclose(saliency.attributions.sum(), change, rtol=0.01)
    assert page["accuracies"]["ten random"] > 0.9
    assert page["accuracies"]["ten largest"] < 0.65


@pytest.mark.slow
def test_autoencoder_finds_anomalous_beats(monkeypatch):
    page = run_page("series/anomalies.py", monkeypatch)
    auc, flagged = page["auc"], page["flagged"]
    assert (auc.loc["autoencoder"] > 0.98).all()
    assert auc.loc["PCA, 12 components", "all"] < auc.loc["autoencoder", "all"]
    assert auc.loc["distance to the mean", "all"] < 0.85
    assert (flagged.drop("normal") > 0.9).all()
    assert flagged["normal"] < 0.05
