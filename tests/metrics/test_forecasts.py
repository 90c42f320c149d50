"""Forecast metrics: references, weights as repetition, containers of series, messages."""

import inspect

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyRegressor
from sklearn.metrics import make_scorer, mean_absolute_percentage_error, mean_pinball_loss
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from sk_rnn import Panel
from sk_rnn.metrics import (
    interval_coverage,
    mean_absolute_scaled_error,
    mean_interval_score,
    symmetric_mean_absolute_percentage_error,
)

FINITE = st.floats(-1e6, 1e6, allow_subnormal=False)
ROWS = st.integers(1, 6)
DAYS = pd.date_range("2026-01-01", periods=8, name="day")


def mase(true, pred, train, m):
    scale = np.mean([abs(train[t] - train[t - m]) for t in range(m, len(train))])
    return np.mean([abs(a - b) for a, b in zip(true, pred, strict=True)]) / scale


def smape(true, pred):
    terms = [
        0.0 if a == b == 0 else 2 * abs(a - b) / (abs(a) + abs(b))
        for a, b in zip(true, pred, strict=True)
    ]
    return np.mean(terms)


def interval_score(true, bounds, alpha):
    terms = []
    for y, (lower, upper) in zip(true, bounds, strict=True):
        term = upper - lower
        if y < lower:
            term += 2 / alpha * (lower - y)
        if y > upper:
            term += 2 / alpha * (y - upper)
        terms.append(term)
    return np.mean(terms)


def scored(function, true, pred, train=None, **options):
    if function is mean_absolute_scaled_error:
        return function(true, pred, train, 2, **options)
    return function(true, pred, **options)


# -- References --------------------------------------------------------------------------


@given(st.data())
def test_metrics_equal_plain_loops(data):
    n = data.draw(ROWS)
    draw = st.lists(FINITE, min_size=n, max_size=n)
    true, pred, other = data.draw(draw), data.draw(draw), data.draw(draw)
    train = data.draw(st.lists(st.integers(-9, 9), min_size=4, max_size=9, unique=True))
    for season in (1, 2, 3):
        assert mean_absolute_scaled_error(true, pred, train, season) == pytest.approx(
            mase(true, pred, train, season), rel=1e-9
        )
    assert symmetric_mean_absolute_percentage_error(true, pred) == pytest.approx(
        smape(true, pred), rel=1e-9
    )
    bounds = np.sort(np.stack([pred, other], axis=1), axis=1)
    for coverage in (0.5, 0.9):
        assert mean_interval_score(true, bounds, coverage=coverage) == pytest.approx(
            interval_score(true, bounds, 1 - coverage), rel=1e-9
        )
    inside = np.mean([low <= y <= high for y, (low, high) in zip(true, bounds, strict=True)])
    assert interval_coverage(true, bounds) == pytest.approx(inside)


@given(st.data())
def test_interval_score_is_a_sum_of_pinball_losses(data):
    """Gneiting and Raftery (2007): the score is 2 / alpha times both quantiles' pinball losses."""
    n = data.draw(ROWS)
    draw = st.lists(FINITE, min_size=n, max_size=n)
    true = data.draw(draw)
    bounds = np.sort(np.stack([data.draw(draw), data.draw(draw)], axis=1), axis=1)
    losses = mean_pinball_loss(true, bounds[:, 0], alpha=0.1) + mean_pinball_loss(
        true, bounds[:, 1], alpha=0.9
    )
    assert mean_interval_score(true, bounds, coverage=0.8) == pytest.approx(10 * losses, rel=1e-9)


def test_seasonal_naive_forecast_of_a_steady_season_scores_one():
    train = np.tile([1.0, 5.0, 2.0], 8) + np.arange(24)
    assert mean_absolute_scaled_error(train[-3:] + 3, train[-3:], train, 3) == pytest.approx(1)


def test_symmetric_error_has_known_values():
    assert symmetric_mean_absolute_percentage_error([100], [110]) == pytest.approx(10 / 105)
    assert symmetric_mean_absolute_percentage_error([0.0, 0], [0, 5]) == 1.0
    assert symmetric_mean_absolute_percentage_error([1e308], [-1e308]) == 2.0
    close = symmetric_mean_absolute_percentage_error([100, 200], [101, 199])
    assert close == pytest.approx(mean_absolute_percentage_error([100, 200], [101, 199]), rel=0.01)


def test_error_of_a_constant_training_series_is_finite():
    assert mean_absolute_scaled_error([1, 1], [1, 1], [1, 1, 1]) == 0
    assert np.isfinite(mean_absolute_scaled_error([1, 1], [1, 2], [1, 1, 1]))


# -- Conventions -------------------------------------------------------------------------

TRUE = np.array([[1.0, 20], [2, 30], [4, 10], [3, 25]])
PRED = np.array([[2.0, 22], [2, 29], [3, 15], [1, 25]])
TRAIN = np.array([[1.0, 5], [3, 9], [2, 6], [5, 8], [4, 11]])
BOUNDS = np.stack([PRED - [1, 2], PRED - [-0.5, -4]], axis=2)  # (n_samples, n_outputs, 2)
EVERY = pytest.mark.parametrize(
    ("function", "pred"),
    [
        (mean_absolute_scaled_error, PRED),
        (symmetric_mean_absolute_percentage_error, PRED),
        (mean_interval_score, BOUNDS),
        (interval_coverage, BOUNDS),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)


@EVERY
def test_weights_are_repetition(function, pred):
    weights = np.array([1, 0, 3, 2])
    rows = np.repeat(np.arange(4), weights)
    found = scored(function, TRUE, pred, TRAIN, sample_weight=weights)
    assert found == pytest.approx(scored(function, TRUE[rows], pred[rows], TRAIN))
    assert scored(function, TRUE, pred, TRAIN, sample_weight=[2] * 4) == pytest.approx(
        scored(function, TRUE, pred, TRAIN)
    )


@EVERY
def test_outputs_are_combined_as_in_scikit_learn(function, pred):
    each = [scored(function, TRUE[:, j], pred[:, j], TRAIN[:, j]) for j in range(2)]
    raw = scored(function, TRUE, pred, TRAIN, multioutput="raw_values")
    np.testing.assert_allclose(raw, each)
    assert scored(function, TRUE, pred, TRAIN) == pytest.approx(np.mean(each))
    weighted = scored(function, TRUE, pred, TRAIN, multioutput=[3, 1])
    assert weighted == pytest.approx((3 * each[0] + each[1]) / 4)
    assert isinstance(scored(function, TRUE, pred, TRAIN), float)


@EVERY
def test_every_kind_of_series_has_the_same_score(function, pred):
    expected = scored(function, TRUE, pred, TRAIN)

    def kinds(values, start):
        columns = [values[:, j] for j in range(2)]
        index = pd.date_range("2026-01-01", periods=9, name="t")[start : start + len(values)]
        frames = [
            pd.Series(c, index) if c.ndim == 1 else pd.DataFrame(c, index, ["lower", "upper"])
            for c in columns
        ]
        wide = pd.concat(frames, axis=1, keys=["u", "v"])
        yield values
        yield wide
        yield values.tolist()
        yield torch.from_numpy(values)
        yield pd.concat(dict(zip("uv", frames, strict=True)), names=["id"])
        yield dict(zip("uv", frames, strict=True))
        yield dict(zip("uv", columns, strict=True))
        yield columns
        yield frames
        yield Panel.from_sequences(columns, dtype="float64")
        flat = values.reshape(len(values), -1)
        names = [f"c{j}" for j in range(flat.shape[1])]
        yield pl.DataFrame(flat, schema=names)
        yield pa.table(dict(zip(names, flat.T, strict=True)))

    train, true, forecast = kinds(TRAIN, 0), kinds(TRUE, 5), kinds(pred, 5)
    for y_train, y_true, y_pred in zip(train, true, forecast, strict=True):
        found = scored(function, y_true, y_pred, y_train)
        assert found == pytest.approx(expected), type(y_true)


def test_series_of_different_lengths_have_equal_weights():
    true = {"a": [1.0, 2.0, 3.0], "b": [10.0]}
    pred = {"a": [1.0, 3.0, 3.0], "b": [14.0]}
    train = {"b": [1.0, 3.0, 5.0], "a": [1.0, 2.0], "c": [9.0]}
    raw = mean_absolute_scaled_error(true, pred, train, multioutput="raw_values")
    np.testing.assert_allclose(raw, [1 / 3, 2])
    assert mean_absolute_scaled_error(true, pred, train) == pytest.approx(7 / 6)
    ragged = list(true.values()), list(pred.values())
    assert symmetric_mean_absolute_percentage_error(*ragged) == pytest.approx(
        np.mean([smape(*pair) for pair in zip(*ragged, strict=True)])
    )


def test_gaps_and_missing_values_of_the_training_data_are_left_out():
    train = pd.Series([1.0, 2, 4, np.nan, 9, 3, 8, 8], DAYS)
    holed = train.drop(DAYS[5])
    pairs = [(1, 2), (2, 4), (8, 8)]
    scale = np.mean([abs(a - b) for a, b in pairs])
    assert mean_absolute_scaled_error([1.0], [2.0], holed) == pytest.approx(1 / scale)


def test_metrics_work_as_scorers():
    y = np.arange(30.0)
    scorer = make_scorer(symmetric_mean_absolute_percentage_error, greater_is_better=False)
    scores = cross_val_score(DummyRegressor(), y[:, None], y, cv=TimeSeriesSplit(3), scoring=scorer)
    assert (scores < 0).all()


@EVERY
def test_signatures_follow_scikit_learn(function, pred):
    names = list(inspect.signature(function).parameters)
    assert names[:2] == ["y_true", "y_pred"]
    assert names[-2:] == ["sample_weight", "multioutput"]
    assert "y_train" not in names or names[2:4] == ["y_train", "season_length"]


LONG = pd.concat({"a": pd.Series([1.0, 2], DAYS[:2]), "b": pd.Series([3.0], DAYS[:1])})


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: symmetric_mean_absolute_percentage_error([1, 2], [1, 2, 3]),
            ValueError,
            "symmetric_mean_absolute_percentage_error: y_true has 2 rows of 1 output, but y_pred "
            "has shape (3, 1). Pass y_pred of shape (2, 1).",
        ),
        (
            lambda: interval_coverage([1, 2], [1, 2]),
            ValueError,
            "interval_coverage: y_true has 2 rows of 1 output, but y_pred has shape (2, 1). Pass "
            "y_pred of shape (2, 2), a lower and an upper bound per true value.",
        ),
        (
            lambda: interval_coverage([1, 2], [[0, 1], [3, 2]]),
            ValueError,
            "interval_coverage: y_pred has the lower bound 3 above the upper bound 2 in row 1. "
            "Pass columns in the order lower, upper.",
        ),
        (
            lambda: interval_coverage(LONG, pd.DataFrame({"l": [9.0, 0, 0], "u": 1.0}, LONG.index)),
            ValueError,
            "interval_coverage: y_pred has the lower bound 9 above the upper bound 1 in row 0, of "
            "series 'a'. Pass columns in the order lower, upper.",
        ),
        (
            lambda: mean_interval_score([1], [[0, 1]], coverage=90),
            ValueError,
            "mean_interval_score: coverage must be between 0 and 1; got 90. Pass 0.9 for intervals "
            "of 90 %.",
        ),
        (
            lambda: mean_interval_score([1], [[0, 1]], coverage="90 %"),
            TypeError,
            "mean_interval_score: coverage must be a number; got '90 %'.",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error([1, np.nan], [1, 2]),
            ValueError,
            "symmetric_mean_absolute_percentage_error: y_true has nan in row 1. Leave such rows "
            "out of y_true and y_pred: y_true must be finite.",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error(["a"], [1]),
            ValueError,
            "symmetric_mean_absolute_percentage_error: y_true holds strings where numbers are "
            "expected, for example 'a'. Pass an array, a Series or a DataFrame with one row per "
            "time step, or a dict, a list or a Panel of series.",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error(3, [1]),
            TypeError,
            "symmetric_mean_absolute_percentage_error: y_true is an int, which is not a series. "
            "Pass an array, a Series or a DataFrame with one row per time step, or a dict, a list "
            "or a Panel of series.",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error([1], [1], multioutput="mean"),
            ValueError,
            "symmetric_mean_absolute_percentage_error: multioutput must be 'raw_values', "
            "'uniform_average' or one weight per series; got 'mean'.",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error(LONG, LONG.iloc[::-1]),
            ValueError,
            "symmetric_mean_absolute_percentage_error: y_pred has other ids or times than y_true, "
            "or another order. Pass y_pred.loc[y_true.index].",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error({"a": [1.0]}, {"b": [1.0]}),
            ValueError,
            "symmetric_mean_absolute_percentage_error: y_true and y_pred hold different series, or "
            "different numbers of time steps of one. Pass one forecast per true value, in the same "
            "order.",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error(LONG, LONG, sample_weight=[1, 1, 0]),
            ValueError,
            "symmetric_mean_absolute_percentage_error: sample_weight is zero in all rows of series "
            "'b'. Leave its rows out.",
        ),
        (
            lambda: symmetric_mean_absolute_percentage_error([1], [1], sample_weight=[1, 1]),
            ValueError,
            "symmetric_mean_absolute_percentage_error: sample_weight has shape (2,), but there are "
            "1 rows. Pass a 1-D array of 1 weights, one per row.",
        ),
        (
            lambda: mean_absolute_scaled_error([1], [1], [1, 2, 3], 3),
            ValueError,
            "mean_absolute_scaled_error: y_train has 3 time steps, of which no two observed ones "
            "are season_length=3 apart. Pass a longer series, or a smaller season_length.",
        ),
        (
            lambda: mean_absolute_scaled_error({"a": [1]}, {"a": [1]}, {"b": [1.0, 2]}),
            ValueError,
            "mean_absolute_scaled_error: y_train lacks the series 'a' of y_true. Pass the training "
            "data of each series.",
        ),
        (
            lambda: mean_absolute_scaled_error(TRUE, TRUE, TRAIN[:, 0]),
            ValueError,
            "mean_absolute_scaled_error: y_train has 1 series, but y_true has 2 outputs. Pass one "
            "training series per output.",
        ),
        (
            lambda: mean_absolute_scaled_error([1], [1], [1, 2, 3], 0),
            ValueError,
            "mean_absolute_scaled_error: season_length must be 1 or more; got 0.",
        ),
        (
            lambda: mean_absolute_scaled_error([1], [1], [1, 2, 3], "w"),
            TypeError,
            "mean_absolute_scaled_error: season_length must be an integer; got 'w'.",
        ),
    ],
)
def test_forecast_metric_messages(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message
