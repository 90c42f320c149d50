"""All containers of sequences in scikit-learn's meta-estimators, searches and splitters."""

from functools import partial

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sklearn
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    learning_curve,
    permutation_test_score,
    train_test_split,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.sequences import Panel

from .table import ESTIMATORS, assert_same_outputs, each_record, numeric_outputs, take
from .table import N as N_SAMPLES

N = 16
LABELS = np.array(["fall", "rise"])[np.arange(N) % 2]
NUMBERS = np.linspace(-1.0, 1.0, N)
GROUPS = np.arange(N) // 4


def objects(items):
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def padded(sequences, value, *, before=False):
    n_timesteps = max(map(len, sequences))
    array = np.full((len(sequences), n_timesteps, *np.shape(sequences[0])[1:]), value)
    for row, sequence in zip(array, sequences, strict=True):
        row[n_timesteps - len(sequence) if before else 0 :][: len(sequence)] = sequence
    return array.astype(np.asarray(sequences[0]).dtype if value == value else float)


def frames(sequences):
    return [pd.DataFrame(x, columns=["left", "right"]) for x in sequences]


def column(sequences, list_type):
    return pd.Series([x.tolist() for x in sequences], dtype=pd.ArrowDtype(list_type))


_rng = np.random.default_rng(0)
PAIRS = [_rng.normal(size=(n, 2)).astype(np.float32) for n in _rng.integers(3, 7, size=N)]
LINES = [x[:, 0] for x in PAIRS]
TABLE = np.stack([x[:3, 0] for x in PAIRS])
CUBE = np.stack([x[:3] for x in PAIRS])
TOKENS = [_rng.integers(0, 5, size=len(x)) for x in PAIRS]
FLOATS = pa.list_(pa.float32())

# Rows that are the same sequences, in every container that can hold them.
TABLES = {
    "2-D array": TABLE,
    "frame": pd.DataFrame(TABLE, columns=["a", "b", "c"]),
    "frame of nullable floats": pd.DataFrame(TABLE, columns=["a", "b", "c"]).astype("Float32"),
    "nested lists": TABLE.tolist(),
    "3-D array of one feature": TABLE[:, :, None],
    "list of equal arrays": list(TABLE),
    "2-D tensor": torch.from_numpy(TABLE),
}
CUBES = {
    "3-D array": CUBE,
    "3-D tensor": torch.from_numpy(CUBE),
    "3-D nested lists": CUBE.tolist(),
    "list of 2-D arrays": list(CUBE),
}
UNIVARIATE = {
    "list of 1-D arrays": LINES,
    "ragged lists": [x.tolist() for x in LINES],
    "pyarrow list column": pa.array([x.tolist() for x in LINES]),
    "pyarrow chunked column": pa.chunked_array(
        [[x.tolist() for x in LINES[:5]], [x.tolist() for x in LINES[5:]]]
    ),
    "Series of arrow lists": column(LINES, FLOATS),
    "awkward of numbers": ak.Array([x.tolist() for x in LINES]),
    "frame of one cell": pd.DataFrame({"signal": objects(LINES)}),
}
UNIVARIATE_PADDED = {
    "2-D padded": padded(LINES, -9.0),
    "2-D padded before": padded(LINES, -9.0, before=True),
}
MULTIVARIATE = {
    "list of arrays": PAIRS,
    "tuple of arrays": tuple(PAIRS),
    "Series of arrays": pd.Series(PAIRS, index=[f"id{i}" for i in range(N)]),
    "object array of arrays": objects(PAIRS),
    "list of tensors": [torch.from_numpy(x) for x in PAIRS],
    "tuple of tensors": tuple(torch.from_numpy(x) for x in PAIRS),
    "Series of tensors": pd.Series([torch.from_numpy(x) for x in PAIRS]),
    "object array of tensors": objects([torch.from_numpy(x) for x in PAIRS]),
    "list of lists": [x.tolist() for x in PAIRS],
    "tuple of lists": tuple(x.tolist() for x in PAIRS),
    "Series of lists": pd.Series([x.tolist() for x in PAIRS]),
    "object array of lists": objects([x.tolist() for x in PAIRS]),
    "awkward": ak.Array([x.tolist() for x in PAIRS]),
    "pyarrow column of lists of lists": pa.array([x.tolist() for x in PAIRS]),
    "Series of arrow lists of lists": column(PAIRS, pa.list_(FLOATS)),
    "Panel": Panel.from_sequences(PAIRS),
}
NAMED = {
    "list of frames": frames(PAIRS),
    "tuple of frames": tuple(frames(PAIRS)),
    "Series of frames": pd.Series(frames(PAIRS)),
    "object array of frames": objects(frames(PAIRS)),
    "nested-cell frame": pd.DataFrame(
        {"left": objects([x[:, 0] for x in PAIRS]), "right": objects([x[:, 1] for x in PAIRS])}
    ),
    "Panel of a long frame": Panel.from_frame(
        pd.concat(frames(PAIRS), keys=range(N), names=["id", "step"]), by="id", order_by="step"
    ),
}
PADDED = {
    "3-D padded": padded(PAIRS, -9.0),
    "3-D padded before": padded(PAIRS, -9.0, before=True),
}
IDS = {
    "token lists": [x.tolist() for x in TOKENS],
    "token arrays": TOKENS,
    "token Panel": Panel.from_sequences(TOKENS),
    "token Series": pd.Series(TOKENS),
    "tokens in awkward": ak.Array([x.tolist() for x in TOKENS]),
    "tokens in pyarrow": pa.array([x.tolist() for x in TOKENS]),
}
IDS_PADDED = {
    "padded tokens": padded(TOKENS, -1),
    "padded tokens before": padded(TOKENS, -1, before=True),
}
_tokens = {"embedding_dim": 3, "num_embeddings": 5}
FAMILIES = [
    [(TABLES, {})],
    [(CUBES, {})],
    [(UNIVARIATE, {}), (UNIVARIATE_PADDED, {"padding_value": -9.0})],
    [(MULTIVARIATE, {}), (NAMED, {}), (PADDED, {"padding_value": -9.0})],
    [(IDS, _tokens), (IDS_PADDED, {**_tokens, "padding_value": -1})],
]
CONTAINERS = {
    name: (X, params)
    for family in FAMILIES
    for members, params in family
    for name, X in members.items()
}


SMALL = {"hidden_size": 2, "max_epochs": 1, "batch_size": 16, "random_state": 0}


def classifier(**params):
    return RNNClassifier(**{**SMALL, **params})


def regressor(**params):
    return RNNRegressor(**{**SMALL, **params})


def same(X):
    return X


def check_probabilities(proba):
    assert proba.shape == (N, 2)
    assert_array_equal(np.round(proba.sum(axis=1), 5), 1.0)


def use_cross_val_score(model, X):
    scores = cross_val_score(model, X, LABELS, cv=2, error_score="raise")
    assert scores.shape == (2,)


def use_grid_search(model, X):
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2, error_score="raise").fit(X, LABELS)
    assert search.best_params_["lr"] in (1e-3, 1e-2)
    assert set(search.predict(X)) <= set(LABELS)


def use_learning_curve(model, X):
    sizes, train, test = learning_curve(
        model, X, LABELS, cv=2, train_sizes=[0.5, 1.0], shuffle=True, random_state=0
    )
    assert sizes.tolist() == [4, 8]
    assert np.isfinite(train).all()
    assert np.isfinite(test).all()


def use_time_series_split(model, X):
    scores = cross_val_score(model, X, LABELS, cv=TimeSeriesSplit(2), error_score="raise")
    assert scores.shape == (2,)


def use_group_k_fold(model, X):
    scores = cross_val_score(model, X, LABELS, cv=GroupKFold(2), groups=GROUPS, error_score="raise")
    assert scores.shape == (2,)


def use_cross_val_predict(model, X):
    check_probabilities(cross_val_predict(model, X, LABELS, cv=2, method="predict_proba"))


def use_calibration(model, X):
    check_probabilities(CalibratedClassifierCV(model, cv=2).fit(X, LABELS).predict_proba(X))


def use_voting(model, X):
    voting = VotingClassifier([("a", model), ("b", clone(model))], voting="soft").fit(X, LABELS)
    check_probabilities(voting.predict_proba(X))


def use_stacking(model, X):
    stacking = StackingClassifier([("a", model)], LogisticRegression(), cv=2).fit(X, LABELS)
    assert set(stacking.predict(X)) <= set(LABELS)


def use_permutation_test(model, X):
    _, permuted, p_value = permutation_test_score(model, X, LABELS, cv=2, n_permutations=2)
    assert permuted.shape == (2,)
    assert 0 < p_value <= 1


def use_pipeline(model, X):
    pipeline = make_pipeline(FunctionTransformer(same), "passthrough", model)
    assert cross_val_score(pipeline, X, LABELS, cv=2, error_score="raise").shape == (2,)


def use_train_test_split(model, X):
    X_train, X_test, y_train, y_test = train_test_split(X, LABELS, stratify=LABELS, random_state=0)
    assert 0 <= model.fit(X_train, y_train).score(X_test, y_test) <= 1


USES = [
    use_cross_val_score,
    use_grid_search,
    use_learning_curve,
    use_time_series_split,
    use_group_k_fold,
    use_cross_val_predict,
    use_calibration,
    use_voting,
    use_stacking,
    use_permutation_test,
    use_pipeline,
    use_train_test_split,
]


CLASSIFIERS = {n: r for n, r in ESTIMATORS.items() if is_classifier(r.make())}
REGRESSORS = {n: r for n, r in ESTIMATORS.items() if is_regressor(r.make())}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("record", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_classifier_composes(record, name, use):
    X, params = CONTAINERS[name]
    use(record.estimator(**SMALL, **params), X)


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("record", REGRESSORS.values(), ids=REGRESSORS)
def test_regressor_composes(record, name):
    X, params = CONTAINERS[name]
    model = record.estimator(**SMALL, **params)
    scores = cross_val_score(model, X, NUMBERS, cv=2, error_score="raise")
    assert np.isfinite(scores).all()
    voting = VotingRegressor([("rnn", clone(model))]).fit(X, NUMBERS)
    assert_array_equal(voting.predict(X), model.fit(X, NUMBERS).predict(X))
    stacking = StackingRegressor([("rnn", model)], LinearRegression(), cv=2).fit(X, NUMBERS)
    assert stacking.predict(X).shape == (N,)


@pytest.mark.filterwarnings("ignore:.* are not in the vocabulary")  # of the other folds
@each_record
def test_estimator_composes(record):
    X, y = record.X, record.y
    model = record.make(max_epochs=1)
    scores = cross_val_score(model, X, y, cv=KFold(2), error_score="raise")
    assert np.isfinite(scores).all()
    groups = np.arange(N_SAMPLES) // 4
    scores = cross_val_score(model, X, y, cv=GroupKFold(2), groups=groups, error_score="raise")
    assert np.isfinite(scores).all()
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=KFold(2), error_score="raise").fit(X, y)
    best = clone(model).set_params(**search.best_params_).fit(X, y)
    assert_same_outputs(search.best_estimator_, best, X)
    piped = make_pipeline(FunctionTransformer(same), clone(model)).fit(X, y)
    assert_same_outputs(piped[-1], model.fit(X, y), X)
    assert len(piped.predict(take(X, range(3)))) == 3


@pytest.mark.parametrize(
    ("record", "family"),
    [
        pytest.param(record, family, id=f"{name}-{i}")
        for name, record in ESTIMATORS.items()
        for i, family in enumerate(FAMILIES)
        # Ids of a Panel are rows of the embedding; others are mapped by the vocabulary, if any.
        if family is not FAMILIES[-1] or "num_embeddings" in record.make().get_params()
    ],
)
def test_results_do_not_depend_on_the_container(record, family):
    expected = None
    for members, params in family:
        for name, X in members.items():
            model = record.estimator(**{**SMALL, **record.reads_series, **params})
            y = record.y_for(range(N))
            numbers = numeric_outputs(model.fit(X, y), X, y)
            expected = numbers if expected is None else expected
            assert_array_equal(numbers, expected, err_msg=name)
    assert len(np.unique(expected)) >= N  # predictions are not constant


def test_grid_search_runs_in_processes():
    for name in ("Panel", "list of tensors", "awkward", "nested-cell frame"):
        X, params = CONTAINERS[name]
        grid = {"lr": [1e-3, 1e-2], "optimizer__betas": [(0.9, 0.99)]}
        search = GridSearchCV(classifier(**params), grid, cv=2, error_score="raise")
        alone = clone(search).fit(X, LABELS)
        parallel = search.set_params(n_jobs=2).fit(X, LABELS)
        assert_array_equal(
            parallel.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], name
        )
        assert_array_equal(parallel.predict_proba(X), alone.predict_proba(X), name)


def test_preceding_transformer_changes_what_is_learned():
    shift = FunctionTransformer(lambda X: [x[::-1] for x in X])
    turned = make_pipeline(shift, classifier()).fit(PAIRS, LABELS)
    expected = classifier().fit([x[::-1] for x in PAIRS], LABELS)
    assert_array_equal(
        turned.predict_proba(PAIRS), expected.predict_proba([x[::-1] for x in PAIRS])
    )


def test_table_goes_through_scaler_with_pandas_output():
    X = TABLES["frame"]
    pipeline = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    pipeline.fit(X, LABELS)
    assert pipeline[-1].feature_names_in_.tolist() == ["a", "b", "c"]
    assert cross_val_score(pipeline, X, LABELS, cv=2).shape == (2,)


def test_bagging_accepts_tables_and_nested_cells():
    # Bagging converts X to a 2-D array of objects, which is possible for a DataFrame whose cells
    # hold sequences and not for a list.
    X = pd.DataFrame({"signal": objects(LINES)})
    bagging = BaggingClassifier(classifier(), n_estimators=2, random_state=0).fit(X, LABELS)
    check_probabilities(bagging.predict_proba(X))
    bagging = BaggingClassifier(classifier(), n_estimators=2, random_state=0).fit(TABLE, LABELS)
    check_probabilities(bagging.predict_proba(TABLE))


def test_multi_output_regressor_wraps_panels():
    y = np.column_stack([NUMBERS, -NUMBERS])
    model = MultiOutputRegressor(regressor()).fit(MULTIVARIATE["Panel"], y)
    assert model.predict(PAIRS).shape == (N, 2)


# --- targets per time step ------------------------------------------------------------------------


TAGS = [["up" if step > 0 else "down" for step in x[:, 0]] for x in PAIRS]
STEPS = [x[:, 1].tolist() for x in PAIRS]


def test_tagger_is_cross_validated_with_lists_of_lists():
    tagger = classifier(return_sequences=True)
    scores = cross_val_score(tagger, PAIRS, TAGS, cv=5, error_score="raise")
    assert scores.shape == (5,)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize(
    "container",
    [list, tuple, objects, pd.Series, ak.Array, Panel.from_sequences],
    ids=["list", "tuple", "object array", "Series", "awkward", "Panel"],
)
def test_step_targets_may_be_any_container(container):
    expected = cross_val_score(regressor(return_sequences=True), PAIRS, STEPS, cv=3)
    scores = cross_val_score(
        regressor(return_sequences=True), PAIRS, container(STEPS), cv=3, error_score="raise"
    )
    assert_array_equal(scores, expected)


def test_taggers_compose():
    tagger = classifier(return_sequences=True)
    search = GridSearchCV(tagger, {"lr": [1e-3]}, cv=2, error_score="raise").fit(PAIRS, TAGS)
    assert [len(tags) for tags in search.predict(PAIRS)] == [len(tags) for tags in TAGS]
    pipeline = make_pipeline(FunctionTransformer(same), tagger)
    assert cross_val_score(pipeline, PAIRS, TAGS, cv=2, error_score="raise").shape == (2,)
    _, train, _ = learning_curve(tagger, PAIRS, TAGS, cv=2, train_sizes=[1.0])
    assert np.isfinite(train).all()
    scores = cross_val_score(tagger, PAIRS, TAGS, cv=GroupKFold(2), groups=GROUPS)
    assert scores.shape == (2,)
    predicted = cross_val_predict(regressor(return_sequences=True), PAIRS, STEPS, cv=2)
    assert [len(row) for row in predicted] == [len(row) for row in STEPS]


def test_tagger_of_one_length_is_cross_validated():
    # Labels are then a 2-D array, which scikit-learn would call multilabel.
    tags = (CUBE[:, :, 0] > 0).astype(int)
    tagger = classifier(return_sequences=True)
    assert cross_val_score(tagger, CUBE, tags, cv=3, error_score="raise").shape == (3,)
    assert cross_val_score(tagger, CUBE, tags.tolist(), cv=3, error_score="raise").shape == (3,)


# --- metadata routing ---------------------------------------------------------------------------


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
def test_sample_weight_is_routed_through_pipeline_and_search():
    weight = np.where(np.arange(N) < 12, 1.0, 0.0)
    model = classifier(max_epochs=3).set_fit_request(sample_weight=True)
    model.set_score_request(sample_weight=True)
    pipeline = Pipeline([("same", FunctionTransformer(same)), ("rnn", model)])
    search = GridSearchCV(pipeline, {"rnn__lr": [1e-2]}, cv=3, error_score="raise")
    search.fit(PAIRS, LABELS, sample_weight=weight)
    # Rows with a weight of zero were neither trained on nor scored.
    expected = classifier(max_epochs=3, lr=1e-2).fit(PAIRS[:12], LABELS[:12])
    assert_array_equal(search.predict_proba(PAIRS), expected.predict_proba(PAIRS))
    unweighted = clone(search).set_params(estimator__rnn=classifier(max_epochs=3))
    unweighted.fit(PAIRS, LABELS)
    assert (unweighted.predict_proba(PAIRS) != search.predict_proba(PAIRS)).any()


@pytest.mark.usefixtures("routing")
def test_validation_data_is_transformed_by_the_pipeline():
    double = FunctionTransformer(partial(np.multiply, 2.0))
    model = classifier(max_epochs=2).set_fit_request(X_val=True, y_val=True)
    pipeline = Pipeline([("double", double), ("rnn", model)], transform_input=["X_val"])
    pipeline.fit(CUBE[:10], LABELS[:10], X_val=CUBE[10:], y_val=LABELS[10:])
    expected = classifier(max_epochs=2).fit(
        2 * CUBE[:10], LABELS[:10], X_val=2 * CUBE[10:], y_val=LABELS[10:]
    )
    losses = [row["valid_loss"] for row in expected.net_.history]
    assert [row["valid_loss"] for row in pipeline[-1].net_.history] == losses
    untransformed = clone(pipeline).set_params(transform_input=None)
    untransformed.fit(CUBE[:10], LABELS[:10], X_val=CUBE[10:], y_val=LABELS[10:])
    assert [row["valid_loss"] for row in untransformed[-1].net_.history] != losses


@pytest.mark.usefixtures("routing")
def test_sample_weight_is_routed_to_a_regressor_in_cross_validation():
    weight = np.where(np.arange(N) % 4 == 0, 3.0, 1.0)
    model = regressor().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
    with_weights = cross_val_score(
        model, PAIRS, NUMBERS, cv=2, params={"sample_weight": weight}, error_score="raise"
    )
    without = cross_val_score(regressor(), PAIRS, NUMBERS, cv=2)
    assert (with_weights != without).any()
