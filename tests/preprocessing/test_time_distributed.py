import pickle
from typing import ClassVar

import awkward as ak
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.utils._param_validation import InvalidParameterError

from sk_rnn import Panel, RNNClassifier
from sk_rnn.preprocessing import SequenceSummarizer, TimeDistributed


def ragged(lengths=(3, 1, 4), n_features=2, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [(3 + 2 * rng.standard_normal((n, n_features))).astype(dtype) for n in lengths]


def mixed_frames():
    return [
        pd.DataFrame(
            {"heat": [1.0, np.nan, 3.0], "mode": ["on", "off", "on"]},
            index=pd.date_range("2024-01-01", periods=3),
        ),
        pd.DataFrame({"heat": [5.0], "mode": ["idle"]}, index=pd.date_range("2024-02", periods=1)),
    ]


def mixed_transformer():
    return make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["heat"]),
        (OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["mode"]),
        verbose_feature_names_out=False,
    )


# -- The same as the transformer on stacked steps


@given(
    lengths=st.lists(st.integers(1, 6), min_size=2, max_size=6),  # PCA needs two steps
    inner=st.sampled_from([StandardScaler(), MinMaxScaler(), PCA(n_components=1), OneHotEncoder()]),
)
def test_equals_the_transformer_on_stacked_steps(lengths, inner):
    X = ragged(lengths)
    expected = clone(inner).fit_transform(np.concatenate(X))
    expected = expected.toarray() if hasattr(expected, "toarray") else expected
    panel = TimeDistributed(inner).fit_transform(X)
    assert isinstance(panel, Panel)
    assert panel.lengths.tolist() == lengths
    np.testing.assert_allclose(panel.values, expected, atol=1e-12)
    np.testing.assert_allclose(TimeDistributed(inner).fit(X).transform(X).values, panel.values)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_inverse_transform_undoes_transform(lengths):
    X = ragged(lengths)
    scaler = TimeDistributed(MinMaxScaler())
    back = scaler.inverse_transform(scaler.fit_transform(X))
    for x, y in zip(X, back, strict=True):
        np.testing.assert_allclose(x, y)


X3 = np.stack(ragged((4, 4, 4)))
CONTAINERS = {
    "list of arrays": list(X3),
    "list of lists": X3.tolist(),
    "3-D array": X3,
    "3-D tensor": torch.tensor(X3),
    "list of tensors": [torch.tensor(x) for x in X3],
    "object array": Panel.from_sequences(list(X3)).__array__(),
    "Series": pd.Series(list(X3)),
    "Panel": Panel.from_sequences(list(X3)),
    "awkward": ak.Array(X3.tolist()),
    "pyarrow": pa.array(X3.tolist()),
    "list of frames": [pd.DataFrame(x, columns=["u", "v"]) for x in X3],
    "list of pyarrow tables": [pa.table({"u": x[:, 0], "v": x[:, 1]}) for x in X3],
    "frame with sequences in cells": pd.DataFrame({"u": list(X3[:, :, 0]), "v": list(X3[:, :, 1])}),
}


@pytest.mark.parametrize("kind", CONTAINERS)
def test_every_container_gives_the_same(kind):
    X = CONTAINERS[kind]
    out = TimeDistributed(StandardScaler()).fit_transform(X)
    expected = StandardScaler().fit_transform(X3.reshape(-1, 2)).reshape(3, 4, 2)
    if kind in ("3-D array", "3-D tensor"):
        assert isinstance(out, np.ndarray)
        np.testing.assert_allclose(out, expected)
    else:
        assert isinstance(out, Panel)
        np.testing.assert_allclose(out.to_padded(), expected)
        assert out.feature_names == (("u", "v") if "frame" in kind or "table" in kind else None)


def test_table_is_univariate_series():
    X = np.random.default_rng(0).standard_normal((5, 3))
    out = TimeDistributed(StandardScaler()).fit_transform(X)
    np.testing.assert_allclose(out, (X - X.mean()) / X.std())
    named = TimeDistributed(StandardScaler()).set_output(transform="pandas")
    frame = pd.DataFrame(X, columns=["mon", "tue", "wed"], index=list("abcde"))
    out = named.fit_transform(frame)
    assert out.columns.tolist() == ["mon", "tue", "wed"]
    assert out.index.tolist() == list("abcde")
    assert TimeDistributed(OneHotEncoder()).fit_transform(np.eye(3)).shape == (3, 3, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_as_the_transformer_keeps_it(dtype):
    assert TimeDistributed(StandardScaler()).fit_transform(ragged(dtype=dtype)).dtype == dtype


def test_tokens_can_be_one_hot_encoded():
    tokens = Panel.from_sequences([[2, 0], [1]])
    out = TimeDistributed(OneHotEncoder()).fit_transform(tokens)
    assert out.values.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_strings_can_be_encoded():
    X = [["a", "b"], ["b", "b", "c"]]
    encoder = TimeDistributed(OrdinalEncoder())
    out = encoder.fit_transform(X)
    assert [x.ravel().tolist() for x in out] == [[0, 1], [1, 1, 2]]
    assert [x.ravel().tolist() for x in encoder.inverse_transform(out)] == X


def test_panel_keeps_its_index():
    panel = Panel.from_sequences(ragged())
    panel = Panel(panel.values, panel.offsets, index=["x", "y", "z"])
    assert TimeDistributed(StandardScaler()).fit_transform(panel).index.tolist() == ["x", "y", "z"]


# -- Missing values


def test_missing_values_are_imputed():
    X = [[[1.0, np.nan], [3.0, 4.0]], [[np.nan, 8.0]]]
    panel = TimeDistributed(SimpleImputer()).fit_transform(X)
    assert [x.tolist() for x in panel] == [[[1, 6], [3, 4]], [[2, 8]]]


def test_missing_values_of_a_long_frame_are_imputed():
    df = pd.DataFrame({"id": [1, 1, 2], "t": [0, 1, 0], "heat": [1.0, np.nan, 3.0]})
    panel = Panel.from_frame(df, by="id", order_by="t", missing="keep")
    assert TimeDistributed(SimpleImputer()).fit_transform(panel).values.tolist() == [[1], [2], [3]]


@pytest.mark.parametrize(
    ("value", "what", "advice"),
    [
        (np.nan, "NaN", "Impute missing values first, or set padding_value if they are padding."),
        (
            np.inf,
            "infinity or a value too large for float64",
            "Clip such values with np.clip(x, low, high), or bring large ones into range with "
            "TimeDistributed(StandardScaler()).",
        ),
    ],
)
def test_refused_values_are_located(value, what, advice):
    X = ragged()
    X[2][1, 1] = value
    for call in (
        TimeDistributed(PCA()).fit,
        TimeDistributed(PCA()).fit_transform,
        TimeDistributed(PCA()).fit(ragged()).transform,
    ):
        with pytest.raises(ValueError) as error:
            call(X)
        method = call.__name__
        assert str(error.value) == (
            f"TimeDistributed.{method}: X[2] contains {what} at time step 1, feature 1. {advice}"
        )


# -- Data frames of mixed columns


def test_column_transformer_of_mixed_frames():
    X = mixed_frames()
    transformer = TimeDistributed(mixed_transformer())
    panel = transformer.fit_transform(X)
    stacked = mixed_transformer().fit_transform(pd.concat(X, ignore_index=True))
    np.testing.assert_allclose(panel.values, stacked)
    assert panel.feature_names == ("heat", "mode_idle", "mode_off", "mode_on")
    assert transformer.feature_names_in_.tolist() == ["heat", "mode"]
    assert transformer.n_features_in_ == 2
    assert transformer.get_feature_names_out().tolist() == list(panel.feature_names)


def test_named_panels_are_seen_as_frames_by_column_transformers():
    panel = Panel.from_sequences(ragged(), feature_names=["u", "v"])
    transformer = TimeDistributed(
        make_column_transformer((StandardScaler(), ["v"]), remainder="passthrough")
    )
    out = transformer.fit_transform(panel)
    assert out.feature_names == ("standardscaler__v", "remainder__u")
    np.testing.assert_array_equal(out.values[:, 1], panel.values[:, 0])


def test_pandas_output_is_a_frame_per_sequence_with_its_index():
    X = mixed_frames()
    transformer = TimeDistributed(mixed_transformer()).set_output(transform="pandas")
    for out in (transformer.fit_transform(X), transformer.transform(X)):
        assert isinstance(out, list)
        for frame, x in zip(out, X, strict=True):
            assert frame.columns.tolist() == ["heat", "mode_idle", "mode_off", "mode_on"]
            assert frame.index.equals(x.index)
    assert transformer.set_output(transform=None) is transformer
    assert isinstance(transformer.set_output(transform="default").transform(X), Panel)


def test_pandas_output_keeps_columns_of_different_kinds():
    transformer = TimeDistributed(
        make_column_transformer(
            (StandardScaler(), ["heat"]), ("passthrough", ["mode"]), verbose_feature_names_out=False
        )
    )
    with config_context(transform_output="pandas"):
        out = transformer.fit_transform(mixed_frames())
    assert out[0]["mode"].tolist() == ["on", "off", "on"]
    assert out[0]["heat"].dtype == np.float64


def test_pandas_output_of_arrays_numbers_the_steps():
    out = TimeDistributed(StandardScaler()).set_output(transform="pandas").fit_transform(ragged())
    assert [frame.index.tolist() for frame in out] == [[0, 1, 2], [0], [0, 1, 2, 3]]
    assert out[0].columns.tolist() == ["x0", "x1"]


def test_polars_output():
    pl = pytest.importorskip("polars")
    out = TimeDistributed(StandardScaler()).set_output(transform="polars").fit_transform(ragged())
    assert [type(frame) for frame in out] == [pl.DataFrame] * 3
    assert [len(frame) for frame in out] == [3, 1, 4]


CODES = [["01", "02", "01"], ["02"]]


def frames_of(values, dtype=object):
    return [pd.DataFrame({"code": pd.Series(row, dtype=dtype)}) for row in values]


@pytest.mark.parametrize(
    "values",
    [CODES, [["a", "b", "b"], ["c"]], [["1", "x", "nan"], ["1e3"]]],
    ids=["like numbers", "text", "both"],
)
def test_text_stays_text_whether_or_not_it_looks_like_numbers(values):
    frames = frames_of(values)
    imputer = TimeDistributed(SimpleImputer(strategy="most_frequent"))
    encoder = TimeDistributed(OneHotEncoder())
    for out in (
        imputer.fit_transform(frames),
        encoder.inverse_transform(encoder.fit_transform(frames)),
    ):
        assert [frame["code"].tolist() for frame in out] == values
    arrays = [np.array(row, dtype=object)[:, None] for row in values]
    for out in (
        imputer.fit_transform(arrays),
        encoder.inverse_transform(encoder.fit_transform(arrays)),
    ):
        assert [x.ravel().tolist() for x in out] == values
    cube = np.array([values[0], values[0]], dtype=object)[:, :, None]
    for out in (
        imputer.fit_transform(cube),
        encoder.inverse_transform(encoder.fit_transform(cube)),
    ):
        assert out.tolist() == cube.tolist()
    # Text is left for the next step to encode.
    chain = make_pipeline(imputer, TimeDistributed(OneHotEncoder()))
    assert isinstance(chain.fit_transform(frames), Panel)


def test_objects_that_are_numbers_become_numbers():
    frames = [pd.DataFrame({"heat": pd.Series([1, 2.5], dtype=object)})]
    panel = TimeDistributed(SimpleImputer(strategy="most_frequent")).fit_transform(frames)
    assert panel.values.tolist() == [[1.0], [2.5]]


def test_inverse_transform_gives_dates_and_booleans_back():
    dates = [["2024-01-01", "2024-01-02", "2024-01-01"], ["2024-01-02"]]
    frames = frames_of(dates, "datetime64[ns]")
    both = [frame.assign(mode="x", on=[True, False, True][: len(frame)]) for frame in frames]
    for X in (frames, both, [frame[["on"]] for frame in both]):
        encoder = TimeDistributed(OneHotEncoder())
        back = encoder.inverse_transform(encoder.fit_transform(X))
        for frame, x in zip(back, X, strict=True):
            assert [dtype.kind for dtype in frame.dtypes] == [dtype.kind for dtype in x.dtypes]
            assert (frame.to_numpy() == x.to_numpy()).all()


def test_integer_output_of_token_ids_stays_integer():
    tokens = Panel(np.array([2, 3, 1], dtype=np.int32), [0, 2, 3], index=["x", "y"], n_tokens=7)
    out = TimeDistributed(FunctionTransformer()).fit_transform(tokens)
    assert out.values.tolist() == [2, 3, 1]
    assert out.dtype == np.int32
    assert out.index.tolist() == ["x", "y"]
    assert out.n_tokens is None  # a function may convert them to other ids or to quantities
    encoder = TimeDistributed(OneHotEncoder())
    back = encoder.inverse_transform(encoder.fit_transform(tokens))
    assert back.values.tolist() == [2, 3, 1]
    halves = TimeDistributed(FunctionTransformer(lambda ids: ids / 2)).fit_transform(tokens)
    assert halves.values.tolist() == [[1.0], [1.5], [0.5]]


@pytest.mark.parametrize(
    "inner",
    [
        OneHotEncoder(),
        make_pipeline(OneHotEncoder(sparse_output=False), PCA(n_components=1)),
        make_column_transformer((OneHotEncoder(), [0])),
        FunctionTransformer(),
    ],
    ids=["encoder", "pipeline", "columns", "function"],
)
def test_token_ids_are_taken_as_categories(inner):
    tokens = Panel(np.array([2, 3, 1]), [0, 2, 3], n_tokens=7)
    assert len(TimeDistributed(inner).fit_transform(tokens)) == 2


def test_frame_whose_cells_hold_sequences_keeps_its_index():
    cells = pd.DataFrame({"u": [[1.0, 2.0], [3.0]]}, index=["p", "q"])
    assert TimeDistributed(StandardScaler()).fit_transform(cells).index.tolist() == ["p", "q"]


def test_inverse_transform_of_strings_gives_frames():
    X = [frame[["mode"]] for frame in mixed_frames()]
    encoder = TimeDistributed(OneHotEncoder())
    back = encoder.inverse_transform(encoder.fit_transform(X))
    assert [frame["mode"].tolist() for frame in back] == [["on", "off", "on"], ["idle"]]


# -- Fitting: state, targets, metadata


def test_transformer_is_cloned_and_state_survives(rng):
    inner = StandardScaler()
    fitted = TimeDistributed(inner).fit(ragged())
    assert not hasattr(inner, "mean_")
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        copy.transform(ragged()).values, fitted.transform(ragged()).values
    )
    assert not hasattr(clone(fitted), "transformer_")


def test_nested_parameters():
    transformer = TimeDistributed(StandardScaler()).set_params(transformer__with_mean=False)
    assert transformer.get_params()["transformer__with_mean"] is False
    assert clone(transformer).transformer.with_mean is False
    assert (transformer.fit_transform(ragged()).values > 0).any()
    np.testing.assert_allclose(
        transformer.fit_transform(ragged()).values,
        np.concatenate(ragged()) / np.concatenate(ragged()).std(axis=0),
    )


def test_partial_fit_in_parts_equals_fit():
    X = ragged((3, 1, 4, 2, 5))
    parts = TimeDistributed(StandardScaler())
    parts.partial_fit(X[:2]).partial_fit(X[2:])
    np.testing.assert_allclose(
        parts.transformer_.mean_, TimeDistributed(StandardScaler()).fit(X).transformer_.mean_
    )
    assert not hasattr(TimeDistributed(PCA()), "partial_fit")
    assert not hasattr(TimeDistributed(OneHotEncoder()), "partial_fit")
    with pytest.raises(ValueError, match="X has 3 features per time step, but TimeDistributed"):
        parts.partial_fit(ragged(n_features=3))


def test_targets_are_repeated_for_the_steps_or_stacked():
    X = ragged((3, 1, 4, 2), n_features=3)
    y = np.array([0, 1, 0, 1])
    for x, label in zip(X, y, strict=True):
        x[:, 1] += 10 * label
    per_step = [np.full(len(x), label) for x, label in zip(X, y, strict=True)]
    object_array = np.empty(4, dtype=object)
    object_array[:] = per_step
    for target in (y, y.tolist(), pd.Series(y, index=list("abcd")), per_step, object_array):
        selector = TimeDistributed(SelectKBest(k=1)).fit(X, target)
        assert selector.transformer_.get_support().tolist() == [False, True, False]
    with pytest.raises(ValueError) as error:
        TimeDistributed(SelectKBest(k=1)).fit(X, [0, 1, 0])
    assert str(error.value) == (
        "TimeDistributed.fit: X has 4 sequences, but y has 3 targets (inconsistent numbers of "
        "samples). Pass one target per sequence, or for each sequence one target per time step."
    )


def test_unaligned_targets_do_not_disturb_transformers_that_need_none():
    y = [["a", "b"], ["c"], ["d"] * 7]
    TimeDistributed(StandardScaler()).fit(ragged(), y)


def test_metadata_are_routed_and_repeated():
    X = ragged()
    weight = np.array([0.0, 1.0, 2.0])
    repeated = TimeDistributed(StandardScaler()).fit([X[1], X[2], X[2]])
    with config_context(enable_metadata_routing=True):
        scaler = TimeDistributed(StandardScaler().set_fit_request(sample_weight=True))
        for given_weight in (weight, [np.full(len(x), w) for x, w in zip(X, weight, strict=True)]):
            scaler.fit(X, sample_weight=given_weight)
            np.testing.assert_allclose(scaler.transformer_.mean_, repeated.transformer_.mean_)
        np.testing.assert_allclose(
            scaler.fit_transform(X, sample_weight=weight).values, repeated.transform(X).values
        )
        scaler.partial_fit(X, sample_weight=None)
        pipeline = make_pipeline(scaler, SequenceSummarizer(), LogisticRegression())
        pipeline[-1].set_fit_request(sample_weight=False)
        pipeline.fit(X, [0, 1, 0], sample_weight=weight)
        np.testing.assert_allclose(pipeline[0].transformer_.mean_, repeated.transformer_.mean_)
    with pytest.raises(ValueError, match="only supported if enable_metadata_routing=True"):
        TimeDistributed(StandardScaler()).fit(X, sample_weight=weight)


class Doubling(TransformerMixin, BaseEstimator):
    """A transformer without fit_transform, feature names or special tags."""

    def fit(self, X, y=None):
        self.n_ = len(X)
        return self

    def transform(self, X):
        return np.concatenate([X, X])


class Minimal:
    """No base class, and no fit_transform."""

    def __init__(self, factor=2):
        self.factor = factor

    def get_params(self, deep=True):
        return {"factor": self.factor}

    def set_params(self, **params):
        self.factor = params["factor"]
        return self

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X * self.factor


def test_transformers_that_change_the_number_of_rows_raise():
    with pytest.raises(ValueError) as error:
        TimeDistributed(Doubling()).fit_transform(ragged())
    assert str(error.value) == (
        "TimeDistributed.fit_transform: X has 8 time steps, but Doubling returned an array of "
        "shape (16, 2). Pass a transformer that returns one row per input row."
    )
    with pytest.raises(ValueError, match=r"TimeDistributed.transform: X has 8 time steps"):
        TimeDistributed(Doubling()).fit(ragged()).transform(ragged())


def test_function_transformers_without_names_work():
    transformer = TimeDistributed(FunctionTransformer(np.square))
    np.testing.assert_array_equal(
        transformer.fit_transform(ragged()).values, np.concatenate(ragged()) ** 2
    )
    assert not hasattr(transformer, "get_feature_names_out")


def test_pipelines_that_end_without_names_work():
    inner = make_pipeline(
        StandardScaler(), FunctionTransformer(np.sinh, np.arcsinh, check_inverse=False)
    )
    named = [pd.DataFrame(x, columns=["u", "v"]) for x in ragged()]
    transformer = TimeDistributed(inner)
    panel = transformer.fit_transform(named)
    assert panel.feature_names is None
    np.testing.assert_allclose(
        transformer.inverse_transform(panel).values, np.concatenate(ragged())
    )
    transformer.set_output(transform="pandas")
    assert [frame.shape for frame in transformer.fit_transform(named)] == [(3, 2), (1, 2), (4, 2)]


# -- In a Pipeline before a network


def small_net(**kwargs):
    return RNNClassifier(hidden_size=4, max_epochs=2, random_state=0, **kwargs)


def test_grid_search_over_both_steps(rng):
    X = [rng.standard_normal((n, 2)) for n in rng.integers(2, 6, 24)]
    y = np.arange(24) % 2
    search = GridSearchCV(
        make_pipeline(TimeDistributed(StandardScaler()), small_net()),
        {
            "timedistributed__transformer": [StandardScaler(), PCA(n_components=1)],
            "rnnclassifier__cell": ["gru", "rnn_tanh"],
        },
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    assert search.predict(X).shape == (24,)
    nested = make_pipeline(TimeDistributed(StandardScaler()), small_net())
    nested.set_params(timedistributed__transformer__with_mean=False)
    assert nested[0].transformer.with_mean is False


class Remembering(StandardScaler):
    """Records the sequences it was fitted on; the first feature is the number of the sequence."""

    seen: ClassVar[list] = []

    def fit(self, X, y=None):
        Remembering.seen.append(set(np.asarray(X)[:, 0].astype(int).tolist()))
        return super().fit(X, y)


def test_nothing_is_fitted_outside_the_training_fold():
    X = [np.column_stack([np.full(n, i), np.arange(n)]) for i, n in enumerate([3, 4, 5] * 4)]
    y = np.arange(12) % 2
    folds = [(np.arange(0, 8), np.arange(8, 12)), (np.arange(4, 12), np.arange(4))]
    Remembering.seen.clear()
    pipeline = make_pipeline(TimeDistributed(Remembering()), small_net())
    cross_val_score(pipeline, X, y, cv=folds)
    assert Remembering.seen == [set(range(8)), set(range(4, 12))]
    Remembering.seen.clear()
    GridSearchCV(pipeline, {"rnnclassifier__hidden_size": [2, 3]}, cv=folds, refit=False).fit(X, y)
    assert sorted(map(min, Remembering.seen)) == [0, 0, 4, 4]
    assert all(len(seen) == 8 for seen in Remembering.seen)


def test_scaled_frames_reach_the_network_with_their_names():
    X = mixed_frames() * 4
    pipeline = make_pipeline(TimeDistributed(mixed_transformer()), small_net())
    pipeline.fit(X, [0, 1] * 4)
    assert pipeline[-1].feature_names_in_.tolist() == ["heat", "mode_idle", "mode_off", "mode_on"]
    before = pipeline.predict_proba(X)
    pipeline[0].set_output(transform="pandas")
    np.testing.assert_allclose(pipeline.predict_proba(X), before, rtol=1e-5)


# -- Invalid input

FRAME = pd.DataFrame({"u": [1.0], "v": [2.0]})


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: TimeDistributed(StandardScaler()).fit([[["a"]], [["b"]]]),
            ValueError,
            "TimeDistributed.fit: X[0] holds strings where numbers are expected, for example 'a'. "
            "Convert text to token ids with sk_rnn.preprocessing.SequenceVectorizer: "
            "make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=64)). Encode "
            "categories with TimeDistributed(OneHotEncoder()).",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit([FRAME, FRAME[["v", "u"]]]),
            ValueError,
            "TimeDistributed.fit: X[1] has columns ['v', 'u'], but X[0] has ['u', 'v']. Give all "
            "frames the same columns in the same order.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit([FRAME, FRAME.to_numpy()]),
            TypeError,
            "TimeDistributed.fit: X[1] is an ndarray, but X[0] is a data frame. Pass data frames "
            "only.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit([FRAME, FRAME[:0]]),
            ValueError,
            "TimeDistributed.fit: X[1] is an empty sequence. Every sample needs at least one time "
            "step: drop it, from y too.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit([FRAME.set_axis(["u", "u"], axis=1)]),
            ValueError,
            "TimeDistributed.fit: X[0] has column 'u' more than once. Rename one.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit([pd.DataFrame({"u": [[1.0, 2.0]]})]),
            ValueError,
            "TimeDistributed.fit: X[0] is a data frame whose cells are sequences. Pass one frame "
            "per sample with one row per time step, or one frame of such cells with one row per "
            "sample.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit([pd.DataFrame(index=[0])]),
            ValueError,
            "TimeDistributed.fit: X has 0 features per time step. Pass at least one.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit(ragged()).transform(ragged(n_features=3)),
            ValueError,
            "TimeDistributed.transform: X has 3 features per time step, but TimeDistributed was "
            "fitted with 2. Pass sequences of shape (n_timesteps, 2).",
        ),
        (
            lambda: TimeDistributed(IsolationForest()).fit(ragged()),
            InvalidParameterError,
            "The 'transformer' parameter of TimeDistributed must be an object (not a class) "
            "implementing 'fit' and 'transform'. Got IsolationForest() instead.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).transform(ragged()),
            NotFittedError,
            "This TimeDistributed instance is not fitted yet. Call 'fit' with appropriate "
            "arguments before using this estimator.",
        ),
    ],
)
def test_time_distributed_raises(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    text = str(error.value).replace("'transform' and 'fit'", "'fit' and 'transform'")
    assert text == message


def test_feature_names_are_checked():
    transformer = TimeDistributed(StandardScaler()).fit([FRAME, FRAME])
    with pytest.raises(ValueError, match="feature names should match"):
        transformer.transform([FRAME.rename(columns={"u": "w"})])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        transformer.transform([FRAME.to_numpy()])


def test_labels_of_samples_and_time_steps_are_kept():
    df = pd.DataFrame({"id": list("bab"), "day": [3, 1, 2], "heat": [1.0, 2.0, 3.0]})
    panel = Panel.from_frame(df, by="id", order_by="day")
    scaled = TimeDistributed(StandardScaler()).fit_transform(panel)
    assert scaled.to_frame().index.tolist() == [("a", 1), ("b", 2), ("b", 3)]
    cells = pd.DataFrame({"heat": [[1.0, 2.0], [3.0]]}, index=["a", "b"])
    assert TimeDistributed(StandardScaler()).fit_transform(cells).index.tolist() == ["a", "b"]


# -- Dicts of features

DICTS = [
    [{"word": "the", "title": False}, {"word": "cat", "title": False}],
    [{"word": "Rome", "title": True}],
    [{}, {"word": "cat"}, {"word": "sat"}],
]
TAGS = [["D", "N"], ["N"], ["X", "N", "V"]]
NAMES = ["title", "word=Rome", "word=cat", "word=sat", "word=the"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: DICTS,
        lambda: tuple(map(tuple, DICTS)),
        lambda: pd.Series(DICTS, index=[7, 8, 9]),
        lambda: np.array(DICTS, dtype=object),
        lambda: [np.array(steps, dtype=object) for steps in DICTS],
        lambda: pd.DataFrame({"words": DICTS}),
    ],
    ids=["lists", "tuples", "series", "object array", "list of arrays", "frame"],
)
def test_dicts_are_vectorized(make):
    encoder = TimeDistributed(DictVectorizer())
    panel = encoder.fit_transform(make())
    assert panel.lengths.tolist() == [2, 1, 3]
    flat = DictVectorizer(sparse=False).fit_transform([step for steps in DICTS for step in steps])
    np.testing.assert_array_equal(panel.values, flat)
    np.testing.assert_array_equal(encoder.transform(make()).values, flat)
    np.testing.assert_array_equal(encoder.fit(make()).transform(make()[:1]).values, flat[:2])
    assert list(panel.feature_names) == encoder.get_feature_names_out().tolist() == NAMES
    if isinstance(make(), pd.Series):
        assert panel.index.tolist() == [7, 8, 9]


def test_dicts_of_equal_length_are_not_a_table():
    encoder = TimeDistributed(DictVectorizer(sparse=False)).fit([DICTS[0], DICTS[2][1:]])
    assert encoder.transform([DICTS[1]]).lengths.tolist() == [1]


def test_dicts_are_restored_by_inverse_transform():
    encoder = TimeDistributed(DictVectorizer()).fit(DICTS)
    back = encoder.inverse_transform(encoder.transform(DICTS))
    assert back == [
        [{"word=the": 1.0}, {"word=cat": 1.0}],
        [{"title": 1.0, "word=Rome": 1.0}],
        [{}, {"word=cat": 1.0}, {"word=sat": 1.0}],
    ]
    numbers = [[{"a": 1.0}], [{"a": 2.0, "b": 3.0}, {"b": 4.0}]]
    encoder = TimeDistributed(DictVectorizer()).fit(numbers)
    assert encoder.inverse_transform(encoder.transform(numbers)) == numbers


@pytest.mark.parametrize(
    "X",
    [
        pl.Series([[{"w": "a"}, {"w": "b"}], [{"w": "a"}]]),
        pa.array([[{"w": "a"}, {"w": "b"}], [{"w": "a"}]]),
        ak.Array([[{"w": "a"}, {"w": "b"}], [{"w": "a"}]]),
    ],
    ids=["polars", "pyarrow", "awkward"],
)
def test_structs_of_other_libraries_are_dicts(X):
    panel = TimeDistributed(DictVectorizer()).fit_transform(X)
    assert [x.tolist() for x in panel] == [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0]]]


def test_dicts_are_hashed():
    panel = TimeDistributed(FeatureHasher(8, input_type="dict")).fit_transform(DICTS)
    expected = FeatureHasher(8).transform([step for steps in DICTS for step in steps])
    np.testing.assert_array_equal(panel.values, expected.toarray())
    assert panel.feature_names is None


def test_dicts_go_through_pipelines_and_unions():
    scaled = TimeDistributed(make_pipeline(DictVectorizer(sparse=False), StandardScaler()))
    np.testing.assert_allclose(scaled.fit_transform(DICTS).values.mean(axis=0), 0, atol=1e-12)
    union = TimeDistributed(make_union(DictVectorizer(), FeatureHasher(3)))
    assert union.fit_transform(DICTS).n_features == len(NAMES) + 3
    lengths = FunctionTransformer(lambda dicts: np.array([[len(x)] for x in dicts]))
    assert TimeDistributed(lengths).fit_transform(DICTS)[2].tolist() == [[0.0], [1.0], [1.0]]


def test_dicts_come_out_as_frames():
    encoder = TimeDistributed(DictVectorizer(sparse=False)).set_output(transform="pandas")
    frames = encoder.fit_transform(DICTS)
    assert [len(frame) for frame in frames] == [2, 1, 3]
    assert frames[0].columns.tolist() == NAMES


@pytest.mark.parametrize("inner", [DictVectorizer(), FeatureHasher(16, input_type="dict")])
def test_a_tagger_learns_from_dicts(inner):
    tagger = make_pipeline(
        TimeDistributed(inner),
        RNNClassifier(return_sequences=True, hidden_size=8, max_epochs=60, random_state=0),
    )
    assert tagger.fit(DICTS * 4, TAGS * 4).score(DICTS, TAGS) == 1.0
    assert [len(tags) for tags in clone(tagger).fit(DICTS, TAGS).predict(DICTS[:1])] == [2]


def test_tags_of_a_vectorizer_of_dicts():
    assert TimeDistributed(DictVectorizer()).__sklearn_tags__().input_tags.dict
    assert not TimeDistributed(StandardScaler()).__sklearn_tags__().input_tags.dict


@pytest.mark.parametrize(
    ("inner", "X", "kind", "message"),
    [
        (
            DictVectorizer(),
            DICTS[0],
            TypeError,
            "X[0] is a dict, where a list with one dict per time step is expected. If X is one "
            "sequence of 2 time steps, pass [X]; if each dict is a sample of one time step, pass "
            "[[x] for x in X].",
        ),
        (
            DictVectorizer(),
            [[{"a": 1}, None], [{}]],
            TypeError,
            "X[0] at time step 1 is None, where DictVectorizer needs a dict of features. Pass one "
            "dict per time step, {} for one without features.",
        ),
        (
            DictVectorizer(),
            [[{"a": 1}], ["b"]],
            TypeError,
            "X[1] at time step 0 is a str, where DictVectorizer needs a dict of features. Pass one "
            "dict per time step, {} for one without features.",
        ),
        (
            DictVectorizer(),
            [[1.0, 2.0], [3.0]],
            TypeError,
            "X[0] at time step 0 is a float, where DictVectorizer needs a dict of features. Pass "
            "one dict per time step, {} for one without features.",
        ),
        (
            make_pipeline(DictVectorizer(sparse=False), StandardScaler()),
            Panel.from_sequences([[1, 2], [3]]),
            TypeError,
            "X[0] at time step 0 is an int, where Pipeline needs a dict of features. Pass one dict "
            "per time step, {} for one without features.",
        ),
        (
            DictVectorizer(),
            mixed_frames(),
            TypeError,
            "X[0] at time step 0 is a row of a data frame, where DictVectorizer needs a dict of "
            "features. Pass [x.to_dict('records') for x in X].",
        ),
        (
            DictVectorizer(),
            [[{"a": {"b": 1}}]],
            TypeError,
            "DictVectorizer rejected the dicts of 1 time steps: Unsupported value type <class "
            "'dict'> for a: {'b': 1}. Mapping objects are not supported.",
        ),
        (
            StandardScaler(),
            DICTS,
            TypeError,
            "StandardScaler rejected the dicts of 6 time steps: float() argument must be a string "
            "or a real number, not 'dict'. If it needs numbers, pass "
            "TimeDistributed(make_pipeline(DictVectorizer(sparse=False), StandardScaler(...))).",
        ),
        (
            make_column_transformer((OneHotEncoder(), ["word"])),
            DICTS,
            ValueError,
            "ColumnTransformer rejected the dicts of 6 time steps: tuple index out of range. If it "
            "needs numbers, pass TimeDistributed(make_pipeline(DictVectorizer(sparse=False), "
            "ColumnTransformer(...))).",
        ),
    ],
)
def test_time_distributed_raises_for_values_that_are_not_dicts(inner, X, kind, message):
    with pytest.raises((TypeError, ValueError)) as error:
        TimeDistributed(inner).fit(X)
    assert (type(error.value), str(error.value)) == (kind, f"TimeDistributed.fit: {message}")


def test_other_exceptions_of_a_transformer_name_their_type():
    class Broken(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            raise AttributeError("no such thing")

        def transform(self, X):
            return X

    message = (
        r"^TimeDistributed\.fit: Broken raised AttributeError for the time steps, which it "
        r"receives as an array of shape \(8, 2\) with one row per time step: no such thing\. Check "
        r"that X holds values that it supports\.$"
    )
    with pytest.raises(ValueError, match=message) as error:
        TimeDistributed(Broken()).fit(ragged())
    assert isinstance(error.value.__cause__, AttributeError)


def test_frames_of_films_are_vectors(rng):
    videos = rng.normal(size=(3, 4, 5, 2))
    flat = videos.reshape(3, 4, 10)
    scaler = TimeDistributed(StandardScaler()).fit(videos)
    np.testing.assert_array_equal(scaler.transform(videos), scaler.transform(flat))
    panel = scaler.transform(list(videos))
    np.testing.assert_array_equal(panel.to_list(), scaler.transform(flat))
    assert scaler.n_features_in_ == 10
    assert not hasattr(scaler, "feature_names_in_")
    with pytest.raises(ValueError) as error:
        scaler.transform(videos[:, :, :4])
    assert str(error.value) == (
        "TimeDistributed.transform: X has 8 features per time step (frames of shape (4, 2)), but "
        "TimeDistributed was fitted with 10. Pass sequences of shape (n_timesteps, 10)."
    )
    with pytest.raises(ValueError, match=r"If X is one sequence of 4 time steps, pass \[X\]\.$"):
        scaler.transform(videos[0])
