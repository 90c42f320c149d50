"""ForecastSplit equals TimeSeriesSplit for one series, and splits each of several separately."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    check_cv,
    cross_val_score,
    cross_validate,
)

from sk_rnn import Panel
from sk_rnn.model_selection import ForecastSplit

DAYS = pd.date_range("2026-01-01", periods=12, name="day")
ONE = pd.Series(np.arange(12.0), DAYS, name="sold")
LONG = pd.concat({"b": ONE, "a": 100 + ONE[4:]}, names=["shop"])

OPTIONS = st.fixed_dictionaries(
    {
        "n_splits": st.integers(2, 4),
        "gap": st.integers(0, 3),
        "max_train_size": st.none() | st.integers(1, 5),
    }
)


@given(OPTIONS, st.integers(1, 4), st.integers(1, 40))
def test_one_series_is_split_as_by_time_series_split(options, horizon, length):
    X = np.arange(length)
    ours = ForecastSplit(horizon=horizon, **options)
    theirs = TimeSeriesSplit(test_size=horizon, **options)
    try:
        expected = list(theirs.split(X))
    except ValueError:
        with pytest.raises(ValueError, match="Pass longer series, or fewer splits"):
            ours.split(X)
        return
    for found, (train, test) in zip(ours.split(X), expected, strict=True):
        np.testing.assert_array_equal(found[0], train)
        np.testing.assert_array_equal(found[1], test)


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=5),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 2),
    st.none() | st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_each_series_is_split_separately(lengths, n_splits, horizon, step, gap, longest, random):
    needed = horizon + (n_splits - 1) * step + gap + 1
    lengths = [*lengths, needed]
    order = [s for s, n in enumerate(lengths) for _ in range(n)]
    random.shuffle(order)
    seen = [0] * len(lengths)
    rows = []
    for s in order:
        rows.append((s, seen[s]))
        seen[s] += 1
    index = pd.MultiIndex.from_tuples(rows, names=["id", "t"])
    y = pd.Series(np.arange(float(len(rows))), index)
    cv = ForecastSplit(n_splits, horizon, step=step, gap=gap, max_train_size=longest)
    splits = list(cv.split(y))
    assert len(splits) == cv.get_n_splits() == n_splits
    for k, (train, test) in zip(range(n_splits - 1, -1, -1), splits, strict=True):
        expected_train, expected_test = [], []
        for s, n in enumerate(lengths):
            end = n - k * step
            stop = end - horizon - gap
            if stop < 1:
                continue
            first = 0 if longest is None else max(stop - longest, 0)
            expected_train += [(s, t) for t in range(first, stop)]
            expected_test += [(s, t) for t in range(end - horizon, end)]
        assert sorted(index[train]) == sorted(expected_train)
        assert sorted(index[test]) == sorted(expected_test)
        assert (np.diff(train) > 0).all()  # in the order of the rows
        assert (np.diff(test) > 0).all()


KINDS = {
    "series": ONE,
    "wide": pd.DataFrame({"x": ONE, "y": ONE}),
    "long": LONG,
    "long frame": LONG.to_frame(),
    "array": np.arange(12.0),
    "matrix": np.ones((12, 3)),
    "list": list(range(12)),
    "polars": pl.DataFrame({"day": list(DAYS), "sold": list(range(12))}),
    "pyarrow": pa.table({"sold": list(range(12))}),
    "dict": {"k": ONE, "j": ONE[:5]},
    "list of series": [ONE, ONE[:5].to_numpy()],
    "panel": Panel.from_frame(LONG.reset_index(), by="shop", order_by="day"),
}


def n_rows(part):
    """Return the number of time steps of each series, or of rows."""
    if isinstance(part, dict):
        return [len(series) for series in part.values()]
    if isinstance(part, list) and not np.isscalar(part[0]):
        return [len(series) for series in part]
    return part.lengths.tolist() if isinstance(part, Panel) else len(part)


@pytest.mark.parametrize(("name", "y"), KINDS.items())
def test_cut_returns_the_type_that_was_passed(name, y):
    parts = list(ForecastSplit(2, 2).cut(y))
    assert len(parts) == 2
    for part in (*parts[0], *parts[1]):
        # pyarrow tables are converted to pandas DataFrames.
        assert isinstance(part, pd.DataFrame if name == "pyarrow" else type(y))
    sizes = {"long": 4, "long frame": 4, "dict": [2, 2], "list of series": [2, 2], "panel": [2, 2]}
    assert n_rows(parts[-1][1]) == sizes.get(name, 2)


def test_cut_excludes_series_that_are_too_short():
    train, test = next(ForecastSplit(1, 3).cut({"k": ONE, "j": ONE[:3]}))
    assert list(train) == list(test) == ["k"]
    panel = Panel.from_sequences([np.arange(9.0), np.arange(3.0)])
    train, test = next(ForecastSplit(1, 3).cut(panel))
    assert (train.lengths.tolist(), test.lengths.tolist()) == ([6], [3])


class Naive(RegressorMixin, BaseEstimator):
    """Repeats the last value; works with the rows that scikit-learn selects."""

    def __init__(self, add=0.0):
        self.add = add

    def fit(self, X, y=None):
        y = X if y is None else y
        self.last_ = y.groupby(level=list(range(y.index.nlevels - 1))).last()
        return self

    def predict(self, X):
        ids = X.index.droplevel(-1)
        return self.last_.loc[ids].to_numpy() + self.add


def test_forecast_split_works_in_scikit_learn():
    cv = ForecastSplit(3, 2)
    assert repr(cv) == "ForecastSplit(gap=0, horizon=2, max_train_size=None, n_splits=3, step=None)"
    assert check_cv(cv) is cv
    assert cv.get_metadata_routing() is not None
    X = LONG.to_frame()[[]]
    scores = cross_val_score(Naive(), X, LONG, cv=cv, scoring="neg_mean_absolute_error")
    np.testing.assert_allclose(scores, -1.5)
    search = GridSearchCV(Naive(), {"add": [0.0, 1.5]}, cv=cv, scoring="neg_mean_absolute_error")
    assert search.fit(X, LONG).best_params_ == {"add": 1.5}
    assert clone(search).fit(X, LONG).n_splits_ == 3
    result = cross_validate(Naive(), X, LONG, cv=cv, return_indices=True)
    assert [len(test) for test in result["indices"]["test"]] == [4, 4, 4]


def test_the_index_of_x_is_used_if_y_has_none():
    for X, y in ((LONG.to_frame(), LONG.to_numpy()), (LONG.to_frame(), list(LONG))):
        for found, expected in zip(
            ForecastSplit(2).split(X, y), ForecastSplit(2).split(LONG), strict=True
        ):
            np.testing.assert_array_equal(found[0], expected[0])
            np.testing.assert_array_equal(found[1], expected[1])
    nested = [[1.0, 2.0]] * 12  # covariates
    assert len(list(ForecastSplit(2).split(nested, ONE))) == 2


@pytest.mark.parametrize(
    ("options", "X", "y", "kind", "message"),
    [
        (
            {"n_splits": 0},
            ONE,
            None,
            ValueError,
            "ForecastSplit: n_splits must be an integer, 1 or greater; got 0.",
        ),
        (
            {"horizon": 1.5},
            ONE,
            None,
            TypeError,
            "ForecastSplit: horizon must be an integer, 1 or greater; got 1.5.",
        ),
        (
            {"step": True},
            ONE,
            None,
            TypeError,
            "ForecastSplit: step must be an integer, 1 or greater; got True.",
        ),
        (
            {"gap": -1},
            ONE,
            None,
            ValueError,
            "ForecastSplit: gap must be an integer, 0 or greater; got -1.",
        ),
        (
            {"max_train_size": 0},
            ONE,
            None,
            ValueError,
            "ForecastSplit: max_train_size must be an integer, 1 or greater; got 0.",
        ),
        (
            {"horizon": 3},
            ONE,
            None,
            ValueError,
            "ForecastSplit.split: n_splits=5 with horizon=3, step=3 and gap=0 needs 16 rows, but X "
            "has 12. Pass longer series, or fewer splits.",
        ),
        (
            {"horizon": 3},
            LONG.to_frame(),
            LONG,
            ValueError,
            "ForecastSplit.split: n_splits=5 with horizon=3, step=3 and gap=0 needs 16 rows, but "
            "the longest of 2 series in y has 12. Pass longer series, or fewer splits.",
        ),
        (
            {},
            {"k": ONE},
            None,
            TypeError,
            "ForecastSplit.split: X is a dict of series, which scikit-learn indexes by series, "
            "not by time step. Pass a Series with a MultiIndex of ids and times (pd.concat "
            "of a dict of Series is one), or call cut(X).",
        ),
        (
            {},
            None,
            Panel.from_sequences([[1.0], [2.0]]),
            TypeError,
            "ForecastSplit.split: y is a Panel of series, which scikit-learn indexes by series, "
            "not by time step. Pass a Series with a MultiIndex of ids and times (pd.concat "
            "of a dict of Series is one), or call cut(y).",
        ),
        (
            {},
            7,
            None,
            TypeError,
            "ForecastSplit.split: X is an int, which has no rows. Pass a Series, a DataFrame or an "
            "array with one row per time step.",
        ),
        (
            {},
            ONE.to_frame(),
            ONE[:5],
            ValueError,
            "ForecastSplit.split: X has 12 rows, but y has 5. Pass the same rows in both.",
        ),
        (
            {},
            ONE.iloc[::-1],
            None,
            ValueError,
            "ForecastSplit.split: X is not in chronological order: row 1 is at 2026-01-11 "
            "00:00:00, after 2026-01-12 00:00:00. Pass X.sort_index(), or Panel.from_frame(df, "
            "by=..., order_by=...) for several series.",
        ),
        (
            {},
            LONG.iloc[::-1],
            None,
            ValueError,
            "ForecastSplit.split: X is not in chronological order: row 1, ('a', '2026-01-11 "
            "00:00:00'), comes after row 0, ('a', '2026-01-12 00:00:00'). Pass X.sort_index().",
        ),
        (
            {},
            None,
            pd.concat([LONG, LONG[-1:]]),
            ValueError,
            "ForecastSplit.split: y is not in chronological order: ('a', '2026-01-12 00:00:00') is "
            "in rows 19 and 20. Aggregate or drop rows with the same time.",
        ),
        (
            {},
            pd.concat({"a": ONE, None: ONE}),
            None,
            ValueError,
            "ForecastSplit.split: X has a missing id in row 12 of its index. Fill in or drop such "
            "rows.",
        ),
    ],
)
def test_split_messages(options, X, y, kind, message):
    with pytest.raises(kind) as error:
        ForecastSplit(**options).split(X, y)
    assert str(error.value) == message
