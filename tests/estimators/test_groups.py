"""Early stopping holds out whole groups: `fit(..., groups=)` and its errors."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.preprocessing import TimeDistributed

from .table import each_estimator, take

rng = np.random.default_rng(0)
N = 40
PERSONS = rng.permutation(np.repeat(np.arange(1, 11), 4))
NAMES = np.array([f"person {i}" for i in PERSONS])
LENGTHS = rng.integers(2, 6, size=N)
# Every number identifies its group, so that callbacks see the groups of a batch.
X = [np.full((n, 1), float(person)) for n, person in zip(LENGTHS, PERSONS, strict=True)]
LABELS = rng.choice(["a", "b"], size=N)
TAGS = [np.array(["a", "b"])[np.arange(n) % 2] for n in LENGTHS]


class Seen(Callback):
    """Return the groups of the training and validation sequences."""

    def on_train_begin(self, net, **kwargs):
        self.persons_ = {True: set(), False: set()}

    def on_batch_begin(self, net, batch, training, **kwargs):
        values = next(x for x in batch[0].values() if x.is_floating_point() and x.ndim == 3)
        self.persons_[training] |= set(np.rint(values.numpy().ravel()).astype(int)) - {0}


COMMON = {
    "hidden_size": 2,
    "max_epochs": 1,
    "random_state": 0,
    "early_stopping": True,
    "scale_inputs": False,
}


def small(kind, **params):
    return kind(**{**COMMON, "callbacks": [Seen()], **params})


def new(record, **params):
    return small(record.estimator, **params)


def seen(model):
    (_, callback), *_ = model.net_.callbacks_
    return callback.persons_[True], callback.persons_[False]


@each_estimator
@pytest.mark.parametrize(("fraction", "n_valid"), [(0.05, 1), (0.3, 3), (0.85, 9), (0.95, 9)])
def test_groups_are_not_split_between_training_and_validation(record, fraction, n_valid):
    model = new(record, validation_fraction=fraction).fit(X, record.y_for(X), groups=NAMES)
    trained, validated = seen(model)
    assert len(validated) == n_valid
    assert not trained & validated
    assert trained | validated == set(PERSONS)


@each_estimator
def test_fit_without_groups_splits_them(record):
    trained, validated = seen(new(record, validation_fraction=0.3).fit(X, record.y_for(X)))
    assert trained & validated


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (small(RNNClassifier, return_sequences=True), TAGS),
        (small(RNNRegressor, return_sequences=True), X),
        (small(Seq2SeqTransformer), X),
        (small(Seq2SeqTransformer), None),
    ],
)
def test_fit_with_sequences_for_targets_keeps_groups_together(model, y):
    trained, validated = seen(model.fit(X, y, groups=PERSONS))
    assert validated
    assert not trained & validated


@pytest.mark.parametrize(
    "groups",
    [
        NAMES,
        NAMES.tolist(),
        tuple(PERSONS),
        PERSONS.astype(float),
        PERSONS[:, None],
        pd.Series(NAMES, index=range(100, 100 + N)),
        pd.Series(NAMES, dtype="category"),
        pd.Series(NAMES, dtype="string"),
        pd.Index(NAMES),
        pd.to_datetime(PERSONS, unit="D"),
        NAMES.astype(object),
        np.ma.masked_array(PERSONS, False),
        torch.tensor(PERSONS),
        pa.array(NAMES),
    ],
    ids=lambda groups: f"{type(groups).__name__}-{getattr(groups, 'dtype', '')}",
)
def test_groups_can_have_any_labels(groups):
    model = small(RNNClassifier).fit(X, LABELS, groups=groups)
    assert seen(model) == seen(small(RNNClassifier).fit(X, LABELS, groups=PERSONS))


@each_estimator
def test_groups_do_not_depend_on_the_order_of_rows(record):
    order = rng.permutation(N)
    expected = new(record).fit(X, record.y_for(X), groups=NAMES)
    model = new(record).fit(
        [X[i] for i in order], take(record.y_for(X), order), groups=NAMES[order]
    )
    assert_array_equal(model.predict(X), expected.predict(X))
    assert seen(model) == seen(expected)


@each_estimator
def test_groups_with_weights_of_zero_and_two(record):
    weights = np.where(PERSONS == 3, 0, 1 + PERSONS % 2)
    model = new(record).fit(X, record.y_for(X), sample_weight=weights, groups=NAMES)
    rows = np.repeat(np.arange(N), weights)
    expected = new(record).fit(
        [X[i] for i in rows], take(record.y_for(X), rows), groups=NAMES[rows]
    )
    assert seen(model) == seen(expected)
    assert set.union(*seen(model)) == set(PERSONS) - {3}
    assert_array_equal(model.predict(X), expected.predict(X))


@each_estimator
def test_groups_have_no_effect_without_a_split(record):
    y = record.y_for(X)
    plain = new(record, early_stopping=False).fit(X, y)
    grouped = new(record, early_stopping=False).fit(X, y, groups=NAMES)
    assert_array_equal(grouped.predict(X), plain.predict(X))
    assert seen(grouped) == (set(PERSONS), set())
    plain = new(record).fit(X, y, X_val=X, y_val=y)
    grouped = new(record).fit(X, y, X_val=X, y_val=y, groups=NAMES)
    assert_array_equal(grouped.predict(X), plain.predict(X))
    assert seen(grouped) == (set(PERSONS), set(PERSONS))


@each_estimator
def test_groups_of_a_panel_are_aligned_to_its_ids(record):
    ids = [f"s{i:02d}" for i in range(N)]
    panel = Panel(np.concatenate(X), np.append(0, np.cumsum(LENGTHS)), index=ids)
    order = rng.permutation(N)
    groups = pd.Series(NAMES, index=ids).iloc[order]
    trained, validated = seen(new(record).fit(panel, record.y_for(X), groups=groups))
    assert validated
    assert not trained & validated
    with pytest.raises(ValueError, match=f"{record.name}.fit: groups is indexed by"):
        new(record).fit(panel, record.y_for(X), groups=groups.rename(lambda name: name + "!"))


MISSING = [None, float("nan"), pd.NA, pd.NaT]
ADVICE = f"Pass a 1-D array of {N} labels, the group of each sample."
INVALID = {
    "too short": (NAMES[:-1], f"groups has 39 labels, but X has 40 samples. {ADVICE}"),
    "too long": ([*NAMES, "x"], f"groups has 41 labels, but X has 40 samples. {ADVICE}"),
    "a table": (np.ones((N, 2)), f"groups is an ndarray of shape (40, 2). {ADVICE}"),
    "a name": ("person", f"groups is a str of shape (). {ADVICE}"),
    "a number": (3, f"groups is an int of shape (). {ADVICE}"),
    "ragged": ([[1], *[[1, 2]] * (N - 1)], None),
    "lists": (np.array([*[[1]] * (N - 1), None], dtype=object), None),
    "a set": ({1, 2}, f"groups is a set of shape (). {ADVICE}"),
    "one group": (
        ["all"] * N,
        "groups has a single group, which cannot be split into training and validation data. Pass "
        "X_val and y_val, or set early_stopping=False.",
    ),
    **{
        f"missing {value!r}": (
            pd.Series([*NAMES[:7], value, *NAMES[8:]], dtype=object),
            f"groups[7] is missing. {ADVICE}",
        )
        for value in MISSING
    },
    "masked": (
        np.ma.masked_array(PERSONS, np.arange(N) == 7),
        f"groups[7] is missing. {ADVICE}",
    ),
    "missing float": (
        np.where(np.arange(N) == 7, np.nan, PERSONS),
        f"groups[7] is missing. {ADVICE}",
    ),
}


@each_estimator
@pytest.mark.parametrize("case", INVALID)
def test_invalid_groups_raise(record, case):
    groups, message = INVALID[case]
    with pytest.raises((TypeError, ValueError)) as caught:
        new(record).fit(X, record.y_for(X), groups=groups)
    start = f"{record.name}.fit: "
    assert str(caught.value) == start + message if message else start in str(caught.value)


@each_estimator
def test_one_group_left_by_weights_raises(record):
    with pytest.raises(ValueError, match="groups has a single group"):
        new(record).fit(X, record.y_for(X), sample_weight=(PERSONS == 2) + 0.0, groups=NAMES)


def test_split_holds_out_groups_whose_classes_are_alike():
    groups = np.repeat(np.arange(1, 21), 10)
    labels = np.repeat([0, 0, 0, 1] * 5, 10)
    data = np.repeat(groups[:, None], 2, axis=1).astype(float)
    share = {group: labels[groups == group].mean() for group in range(1, 21)}
    for seed in range(20):
        model = small(RNNClassifier, validation_fraction=0.2, random_state=seed)
        trained, validated = seen(model.fit(data[:, :, None], labels, groups=groups))
        assert trained | validated == set(range(1, 21))
        assert not trained & validated
        assert len(validated) == 4
        assert np.mean([share[group] for group in validated]) == 0.25


# --- metadata routing -----------------------------------------------------------------------------


@each_estimator
def test_cross_validation_routes_groups_to_splitter_and_fit(record):
    folds = GroupKFold(5)
    with config_context(enable_metadata_routing=True):
        model = new(record).set_fit_request(groups=True)
        result = cross_validate(
            model, X, record.y_for(X), cv=folds, params={"groups": NAMES},
            return_estimator=True, return_indices=True, error_score="raise",
        )  # fmt: skip
    for fitted, train in zip(result["estimator"], result["indices"]["train"], strict=True):
        trained, validated = seen(fitted)
        assert validated
        assert not trained & validated
        assert trained | validated == set(PERSONS[train])


@pytest.mark.parametrize("panel", [False, True])
def test_search_of_a_pipeline_routes_groups(panel):
    data = Panel.from_sequences(X) if panel else X
    with config_context(enable_metadata_routing=True):
        scaler = TimeDistributed(StandardScaler(with_mean=False, with_std=False))
        model = make_pipeline(scaler, small(RNNClassifier).set_fit_request(groups=True))
        search = GridSearchCV(
            model,
            {"rnnclassifier__hidden_size": [2, 3]},
            cv=GroupKFold(2),
            error_score="raise",
        )
        search.fit(data, LABELS, groups=NAMES)
    trained, validated = seen(search.best_estimator_[-1])
    assert validated
    assert not trained & validated


def test_groups_that_are_not_requested_raise_in_routing():
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(TimeDistributed(StandardScaler()), small(RNNClassifier))
        with pytest.raises(ValueError, match=r"\[groups\] are passed but are not explicitly set"):
            model.fit(X, LABELS, groups=NAMES)
        model[-1].set_fit_request(groups=False)
        with pytest.raises(TypeError, match="groups"):
            model.fit(X, LABELS, groups=NAMES)


def test_pipeline_routes_groups_by_name():
    model = make_pipeline(
        TimeDistributed(StandardScaler(with_mean=False, with_std=False)), small(RNNClassifier)
    )
    trained, validated = seen(model.fit(X, LABELS, rnnclassifier__groups=NAMES)[-1])
    assert validated
    assert not trained & validated
