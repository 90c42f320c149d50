"""Batches of windows."""

import numpy as np
import pandas as pd
import torch

from sk_rnn.forecasting import make_calendar, read_series, scale_floor, training_windows
from sk_rnn.training import PredictionBatches, WindowBatches, WindowData

DAYS = pd.date_range("2024-01-01", periods=40, freq="D")
Y = pd.concat(
    {"a": pd.Series(np.arange(40.0) % 7, DAYS), "b": pd.Series(np.arange(30.0) ** 2, DAYS[10:])}
)


def data_of(y=Y, calendar=(), **params):
    series = read_series(y, "y")
    windows = training_windows(series, 14, 3)
    features = make_calendar(series, calendar, 7) if calendar else None
    return WindowData(
        windows, 7, (7,), scale_floor(series, 7), torch.device("cpu"), calendar=features, **params
    )


def test_windows_are_in_their_own_units():
    data = data_of()
    batch = data.batch(np.array([20, 50]))
    assert batch.X["x"].shape == (2, 2, 15)
    units = data.units(np.array([20, 50]))
    past = data.windows.read(np.array([20, 50]))
    z = batch.X["x"][:, :, :7].permute(1, 0, 2).reshape(2, 14).numpy()
    expected = (past.values - units.loc[:, None]) / units.scale[:, None]
    np.testing.assert_allclose(z, np.where(past.observed, expected, 0), atol=1e-5)
    values, _ = data.windows.targets(np.array([20, 50]))
    found = batch.y.values.numpy() * units.scale[:, None] + units.loc[:, None]
    np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-4)


def test_padding_holds_nothing_of_another_series():
    both = data_of(calendar=("dayofyear", "dayofweek"))
    alone = data_of(Y.loc[["b"]], calendar=("dayofyear", "dayofweek"))
    first = int(np.flatnonzero(both.windows.series == 1)[0])
    for name, part in both.batch(np.array([first])).X.items():
        torch.testing.assert_close(part, alone.batch(np.array([0])).X[name])


def test_missing_values_and_weights_of_zero_do_not_count():
    y = Y.copy()
    y.iloc[20] = np.nan
    data = data_of(y, weights=np.r_[np.ones(22), 0.0, np.ones(47)])
    chosen = np.flatnonzero((data.windows.series == 0) & (data.windows.step == 19))
    batch = data.batch(chosen)
    assert batch.y.weights.numpy().tolist() == [[0.0, 1.0, 0.0]]
    assert float(batch.y.values[0, 0]) == 0.0


def test_epochs_are_draws_of_a_number_of_batches():
    data = data_of()
    samples = np.arange(5)
    batches = WindowBatches(data, samples, 4, 3, np.random.RandomState(0))
    assert (len(batches), batches.n_batches) == (12, 3)
    assert [len(batch.X["lengths"]) for batch in batches] == [4, 4, 4]
    again = WindowBatches(data, samples, 4, 3, np.random.RandomState(0))
    first, second = (next(iter(b)).y.values for b in (again, WindowBatches(
        data, samples, 4, 3, np.random.RandomState(0))))  # fmt: skip
    torch.testing.assert_close(first, second)


def test_prediction_batches_read_every_window_once():
    data = data_of()
    batches = PredictionBatches(data, pad_samples=True)
    order = np.concatenate([batches.samples[chosen] for chosen in batches.batches])
    assert sorted(order) == list(range(len(data)))
    assert data.targets(np.arange(3)).shape == (3, 3)
    assert data.steps(4).shape == (2, 15)
