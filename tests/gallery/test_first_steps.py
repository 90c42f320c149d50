"""The pages of the first steps reach the known answers of their data."""

import pytest

from .pages import run_page

pytestmark = pytest.mark.slow


def test_digits_are_read_row_by_row(monkeypatch):
    accuracy = run_page("first_steps/digit_rows.py", monkeypatch)["accuracy"]
    linear = accuracy["logistic regression on 64 pixels"]
    networks = accuracy.drop("logistic regression on 64 pixels")
    assert len(networks) == 2
    assert networks.min() > 0.975
    assert networks.min() > linear


def test_shuffling_costs_what_order_is_worth(monkeypatch):
    accuracy = run_page("first_steps/order_matters.py", monkeypatch)["accuracy"]
    loss = accuracy["in order"] - accuracy["shuffled"]
    assert accuracy.loc["order of two peaks", "in order"] > 0.98
    assert accuracy.loc["order of two peaks", "shuffled"] == pytest.approx(0.5, abs=0.1)
    assert accuracy.loc["level", "in order"] > 0.88  # at most 0.95 on average
    assert abs(loss["level"]) < 0.05
    assert 0.05 < loss["digits, row by row"] < 0.3


def test_gru_remembers_longest(monkeypatch):
    page = run_page("first_steps/memory_cells.py", monkeypatch)
    accuracy, half_lives = page["accuracy"], page["half_lives"]
    assert accuracy.loc[10].min() > 0.98
    assert accuracy["GRU"].min() > 0.95
    assert accuracy.loc[30:, "GRU, biases of zero"].max() < 0.65
    assert accuracy.loc[90].drop("GRU").max() < 0.65
    assert 0 < half_lives["GRU, biases of zero"] < half_lives["plain cell (tanh)"]
    assert half_lives["GRU"] < 0
    assert page["pooled_accuracy"] > 0.98


def test_frame_becomes_predictions_with_ids(monkeypatch):
    page = run_page("first_steps/dataframe_workflow.py", monkeypatch)
    assert page["accuracy"]["network"] > 0.95
    assert page["accuracy"]["statistics"] < 0.7
    predictions, pumps = page["predictions"], page["pumps"]
    assert (predictions["truth"] == pumps.loc[predictions.index, "condition"]).all()
    assert (predictions["plant"] == pumps.loc[predictions.index, "plant"]).all()
    assert (predictions["predicted"] == predictions["truth"]).mean() > 0.93
    assert (page["loaded"].predict(page["test"]) == predictions["predicted"]).all()


def test_each_model_is_best_at_its_task(monkeypatch):
    accuracy = run_page("first_steps/summary_statistics.py", monkeypatch)["results"]["accuracy"]
    assert accuracy["level"].idxmax() == "summary statistics"
    assert accuracy.loc["summary statistics", ["shape", "order"]].max() < 0.6
    shape, network = accuracy["shape"], "recurrent network"
    assert shape["random convolutions"] > 0.8
    assert abs(shape["random convolutions"] - shape[network]) < 0.08
    assert accuracy.loc[network, "order"] > 0.95
    assert accuracy.loc["random convolutions", "order"] < 0.8
