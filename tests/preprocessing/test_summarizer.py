import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import Panel
from sk_rnn.preprocessing import SequenceSummarizer, _summary

ALL = ("mean", "std", "min", "max", "first", "last", "slope", "length")


def naive(x):
    """All statistics of one sequence (T, F)."""
    slope = np.polyfit(np.arange(len(x)), x, 1)[0] if len(x) > 1 else np.zeros(x.shape[1])
    parts = [x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], slope, [len(x)]]
    return np.concatenate(parts)


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    n_features=st.integers(1, 3),
    block=st.sampled_from([1, 7, 1000]),
)
def test_summary_equals_a_loop(lengths, n_features, block):
    rng = np.random.default_rng(0)
    X = [rng.standard_normal((length, n_features)) + 3 for length in lengths]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_summary, "_BLOCK", block)
        summary = SequenceSummarizer().fit_transform(X)
    np.testing.assert_allclose(summary, [naive(x) for x in X], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("statistic", ALL)
def test_each_statistic_is_its_columns_of_all(statistic, rng):
    X = [rng.standard_normal((n, 2)) for n in (3, 1, 5)]
    every = SequenceSummarizer().set_output(transform="pandas").fit_transform(X)
    one = SequenceSummarizer(statistics=[statistic]).set_output(transform="pandas")
    out = one.fit_transform(X)
    assert out.columns.tolist() == one.get_feature_names_out().tolist()
    pd.testing.assert_frame_equal(out, every[out.columns])


def test_order_of_steps_matters_to_first_last_and_slope_only(rng):
    X = [rng.standard_normal((6, 2)) for _ in range(3)]
    summarizer = SequenceSummarizer().set_output(transform="pandas").fit(X)
    forward, backward = summarizer.transform(X), summarizer.transform([x[::-1] for x in X])
    for column in forward:
        same = np.allclose(forward[column], backward[column])
        assert same == (not column.endswith(("_first", "_last", "_slope")))
    np.testing.assert_allclose(forward["x0_slope"], -backward["x0_slope"])


def test_slope_of_a_line_is_its_slope():
    X = [100.0 - 0.25 * np.arange(n) for n in (2, 50)]
    summary = SequenceSummarizer(statistics=("slope", "std")).fit_transform(X)
    np.testing.assert_allclose(summary[:, 0], -0.25)


def test_float32_far_from_zero_keeps_its_precision():
    x = (10_000 + np.tile([0.0, 1.0], 50_000)).astype(np.float32)
    mean, std = SequenceSummarizer(statistics=("mean", "std")).fit_transform([x])[0]
    assert mean == pytest.approx(10_000.5, abs=1e-9)
    assert std == pytest.approx(0.5, abs=1e-9)


def test_names_come_from_features():
    frame = pd.DataFrame({"heat": [1.0, 2.0], "load": [3.0, 4.0]})
    summarizer = SequenceSummarizer(statistics=("max", "length")).fit([frame, frame])
    assert summarizer.get_feature_names_out().tolist() == ["heat_max", "load_max", "length"]
    assert summarizer.feature_names_in_.tolist() == ["heat", "load"]
    with pytest.raises(ValueError, match="feature names should match"):
        summarizer.transform([frame.rename(columns={"heat": "cold"})])
    unnamed = SequenceSummarizer(statistics=("max",)).fit([np.ones((2, 2))])
    assert unnamed.get_feature_names_out().tolist() == ["x0_max", "x1_max"]


def test_data_frame_has_the_index_of_a_panel():
    df = pd.DataFrame({"id": ["b", "a", "b"], "time": [2, 1, 1], "heat": [3.0, 2.0, 1.0]})
    panel = Panel.from_frame(df, by="id", order_by="time")
    summarizer = SequenceSummarizer(statistics=("last",)).set_output(transform="pandas")
    summary = summarizer.fit_transform(panel)
    assert summary["heat_last"].to_dict() == {"a": 2.0, "b": 3.0}
    assert summary.index.name == "id"


def test_summarizer_survives_clone_and_pickle(rng):
    X = rng.standard_normal((4, 5))
    summarizer = SequenceSummarizer(statistics=("std",)).fit(X)
    assert clone(summarizer).get_params() == {"statistics": ("std",)}
    copy = pickle.loads(pickle.dumps(summarizer))
    np.testing.assert_array_equal(copy.transform(X), summarizer.transform(X))


def test_summarizer_is_a_baseline_in_a_searched_pipeline(rng):
    y = rng.integers(0, 2, 60)
    X = [
        label * np.arange(n) / n + rng.normal(0, 0.1, n)
        for label, n in zip(y, [9, 14] * 30, strict=False)
    ]
    search = GridSearchCV(
        make_pipeline(SequenceSummarizer(), StandardScaler(), LogisticRegression()),
        {
            "sequencesummarizer__statistics": [("length",), ("slope",)],
            "logisticregression__C": [0.1, 10],
        },
        cv=3,
        n_jobs=2,
    ).fit(X, y)
    assert search.best_params_["sequencesummarizer__statistics"] == ("slope",)
    assert search.best_score_ > 0.95


KNOWN = "['mean', 'std', 'min', 'max', 'first', 'last', 'slope', 'length']"


@pytest.mark.parametrize(
    ("statistics", "X", "message"),
    [
        (
            ("mean", "slop"),
            [[1.0]],
            f"statistics has 'slop', which is not one of {KNOWN}. Did you mean 'slope'?",
        ),
        (("mean", 3), [[1.0]], f"statistics has 3, which is not one of {KNOWN}."),
        (("std", "std"), [[1.0]], "statistics has 'std' twice. Drop one."),
        ((), [[1.0]], f"statistics is empty. Name at least one of {KNOWN}."),
        (
            ("mean",),
            [[1.0], [2.0, np.nan]],
            "X[1] contains NaN at time step 1. Impute missing values first, or set padding_value "
            "if they are padding.",
        ),
        (
            ("mean",),
            Panel(np.array([2, 3, 1]), [0, 2, 3], n_tokens=7),
            "X holds token ids from a vocabulary of 7, where numbers are expected: the ids have "
            "no order. Pass the ids to an estimator with embedding_dim set, such as "
            "RNNClassifier, or represent texts as word counts with CountVectorizer. If they are "
            "quantities, pass X.to_list().",
        ),
        (
            ("mean",),
            Panel(np.ones((2, 1)), [0, 2, 2]),
            "X[1] is an empty sequence. Every sample needs at least one time step: drop it, from y "
            "too.",
        ),
    ],
)
def test_summarizer_raises(statistics, X, message):
    with pytest.raises(ValueError) as error:
        SequenceSummarizer(statistics=statistics).fit(X)
    assert str(error.value) == f"SequenceSummarizer.fit: {message}"


@pytest.mark.parametrize(
    ("statistics", "kind", "message"),
    [
        (["foo"], ValueError, f"statistics has 'foo', which is not one of {KNOWN}."),
        ([], ValueError, f"statistics is empty. Name at least one of {KNOWN}."),
        (
            "mean",
            TypeError,
            "statistics='mean' is not a list or tuple. Pass names, such as ['mean'].",
        ),
    ],
)
def test_statistics_set_after_fit_are_checked(statistics, kind, message):
    summarizer = SequenceSummarizer().fit([[1.0]]).set_params(statistics=statistics)
    with pytest.raises(kind) as error:
        summarizer.transform([[1.0]])
    assert str(error.value) == f"SequenceSummarizer.transform: {message}"


def test_statistics_that_overflow_raise():
    with pytest.raises(ValueError) as error:
        SequenceSummarizer().fit_transform([[1.0], [1e308, 1e308]])
    assert str(error.value) == (
        "SequenceSummarizer.transform: X[1] has values so large that 'mean' is too large for "
        "float64. Rescale them first, for example with TimeDistributed(MaxAbsScaler())."
    )
