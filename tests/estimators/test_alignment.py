"""Labels, weights and groups for a Panel whose samples have ids."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.model_selection import KFold, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler, TargetEncoder

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.preprocessing import TimeDistributed
from sk_rnn.sequences import Spans, align_to_samples

from .table import ESTIMATORS, assert_same_model, each_estimator, records_with

rng = np.random.default_rng(0)
N = 40
# Ids in order of appearance, which is not alphabetical.
IDS = [f"m{i:02d}" for i in rng.permutation(N)]
KIND = pd.Series(np.where(rng.random(N) < 0.5, "worn", "new"), index=IDS)
FRAME = pd.DataFrame(
    {
        "machine": np.repeat(IDS, 6),
        "hour": np.tile(np.arange(6), N),
        "heat": np.repeat((KIND == "worn").to_numpy() * 2.0, 6) + rng.normal(size=6 * N),
    }
)
PANEL = Panel.from_frame(FRAME, by="machine", order_by="hour")
IN_ORDER = KIND.loc[PANEL.index]
SMALL = {"hidden_size": 8, "max_epochs": 12, "random_state": 0}


def test_labels_in_another_order_are_aligned():
    expected = RNNClassifier(**SMALL).fit(PANEL, IN_ORDER.to_numpy())
    model = RNNClassifier(**SMALL).fit(PANEL, KIND)
    assert model.score(PANEL, IN_ORDER) > 0.9
    assert_array_equal(model.predict_proba(PANEL), expected.predict_proba(PANEL))
    assert model.score(PANEL, KIND) == expected.score(PANEL, IN_ORDER.to_numpy())


@each_estimator
def test_everything_beside_a_panel_is_aligned(record):
    y = pd.Series(list(record.y_for(IDS)), index=IDS)  # in the order of the DataFrame
    weights = pd.Series(np.linspace(0.5, 2.0, N), index=IDS)
    groups = pd.Series(np.repeat(np.arange(10), 4), index=IDS)
    common = {**SMALL, "early_stopping": True, "max_epochs": 3}
    model = record.estimator(**common).fit(PANEL, y, sample_weight=weights, groups=groups)
    plain = [data.loc[PANEL.index].to_numpy() for data in (y, weights, groups)]
    expected = record.estimator(**common)
    expected.fit(PANEL, plain[0], sample_weight=plain[1], groups=plain[2])
    assert_array_equal(model.predict(PANEL), expected.predict(PANEL))
    validated = record.estimator(**common).fit(PANEL, plain[0], X_val=PANEL, y_val=y)
    same = record.estimator(**common).fit(PANEL, plain[0], X_val=PANEL, y_val=plain[0])
    assert validated.validation_curve_ == same.validation_curve_
    assert model.score(PANEL, y, sample_weight=weights) == expected.score(
        PANEL, plain[0], sample_weight=plain[1]
    )


@records_with("partial_fit", among=ESTIMATORS)
def test_targets_of_partial_fit_are_aligned(record):
    y = pd.Series(list(record.y_for(IDS)), index=IDS)
    model = record.estimator(**SMALL).partial_fit(PANEL, y)
    expected = record.estimator(**SMALL).partial_fit(PANEL, y.loc[PANEL.index].to_numpy())
    assert_same_model(model, expected)


def test_several_outputs_are_aligned():
    heat = FRAME.groupby("machine", sort=False)["heat"].mean()
    several = pd.DataFrame({"a": heat, "b": -heat})
    outputs = RNNRegressor(**SMALL).fit(PANEL, several).predict(PANEL)
    ordered = several.loc[PANEL.index].to_numpy()
    assert_array_equal(outputs, RNNRegressor(**SMALL).fit(PANEL, ordered).predict(PANEL))


def test_samples_with_zero_weight_are_dropped():
    weights = pd.Series(1.0, index=IDS)
    weights[IDS[:10]] = 0.0
    words = pd.Series([f"is {kind}" for kind in KIND], index=IDS)
    kept = weights.loc[PANEL.index].to_numpy() > 0
    for kind, y in ((RNNClassifier, KIND), (Seq2SeqTransformer, words)):
        model = kind(**SMALL).fit(PANEL, y, sample_weight=weights)
        expected = kind(**SMALL).fit(PANEL[kept], y.loc[PANEL.index].to_numpy()[kept])
        assert_array_equal(model.predict(PANEL), expected.predict(PANEL))


def test_targets_per_step_are_aligned():
    steps = Panel.from_frame(FRAME.assign(heat=FRAME["heat"] > 1), by="machine", columns=["heat"])
    order = [steps.index.get_loc(name) for name in IDS]
    tags = pd.Series([row.ravel() for row in steps[order].to_list()], index=IDS)
    tagger = RNNClassifier(**SMALL, return_sequences=True)
    expected = tagger.fit(PANEL, steps).predict(PANEL)
    for y in (tags, steps[order]):
        for one, other in zip(tagger.fit(PANEL, y).predict(PANEL), expected, strict=True):
            assert_array_equal(one, other)


def test_cross_validation_of_labels_in_another_order_raises():
    # scikit-learn indexes both by position, so that folds have different ids in X and y.
    with pytest.raises(
        ValueError,
        match=r"RNNClassifier.fit: y is indexed by 'm..', .*, \.\.\., but the ids of X are "
        r"'m..', .*\.\.\.\. If the index holds ids of samples, pass "
        r"y.loc\[X.index\]; if y is in the order of X, pass y.to_numpy\(\)\.",
    ):
        cross_val_score(RNNClassifier(**SMALL), PANEL, KIND, cv=2, error_score="raise")
    assert cross_val_score(RNNClassifier(**SMALL), PANEL, IN_ORDER, cv=2).mean() > 0.85


def test_default_index_is_not_aligned():
    y = pd.Series(IN_ORDER.to_numpy())
    scores = cross_val_score(RNNClassifier(**SMALL), PANEL, y.to_numpy(), cv=3)
    assert_array_equal(cross_val_score(RNNClassifier(**SMALL), PANEL, y, cv=3), scores)
    numbered = Panel(PANEL.values, PANEL.offsets, index=np.arange(N, 0, -1))  # ids are numbers too
    assert_array_equal(cross_val_score(RNNClassifier(**SMALL), numbered, y, cv=3), scores)
    shuffled = KFold(3, shuffle=True, random_state=0)
    expected = cross_val_score(RNNClassifier(**SMALL), PANEL, y.to_numpy(), cv=shuffled)
    assert_array_equal(cross_val_score(RNNClassifier(**SMALL), numbered, y, cv=shuffled), expected)
    train, _, y_train, _ = train_test_split(numbered, y, random_state=0)
    inner, _, y_inner, _ = train_test_split(train, y_train, random_state=1)
    assert align_to_samples(y_inner, inner, "y") is y_inner


def test_labels_of_other_containers_are_not_aligned():
    rows = PANEL.to_list()
    y = KIND.loc[PANEL.index]
    expected = RNNClassifier(**SMALL).fit(rows, y.to_numpy()).predict_proba(rows)
    for X in (rows, pd.Series(rows, index=IDS), Panel.from_sequences(rows)):
        assert_array_equal(RNNClassifier(**SMALL).fit(X, y).predict_proba(rows), expected)


def test_index_of_several_levels():
    twice = FRAME.assign(site=np.where(FRAME["machine"] < "m20", "a", "b"))
    panel = Panel.from_frame(twice, by=["site", "machine"], order_by="hour")
    y = twice.groupby(["machine", "site"])["heat"].mean().swaplevel()  # another order
    aligned = align_to_samples(y.sample(frac=1.0, random_state=0), panel, "y")
    assert aligned.index.equals(panel.index)


@pytest.mark.parametrize(
    "index",
    [
        list("abc"),  # other ids
        ["a", "b", "b"],  # one twice
        [5, 9, 7],
        pd.MultiIndex.from_product([["x"], [1, 2, 3]]),
    ],
)
def test_other_ids_raise(index):
    panel = Panel(np.ones((3, 1)), [0, 1, 2, 3], index=["a", "b", "d"])
    with pytest.raises(ValueError, match="f: weights is indexed by"):
        align_to_samples(pd.Series([1.0, 2.0, 3.0], index=index), panel, "f: weights")


def test_repeated_samples_are_their_own_order():
    panel = PANEL[[3, 3, 1]]
    y = IN_ORDER.iloc[[3, 3, 1]]
    assert align_to_samples(y, panel, "y") is y
    with pytest.raises(ValueError, match="indexed by"):
        align_to_samples(y.iloc[::-1], Spans.of(panel), "f: y")


def test_transformer_gets_aligned_targets():
    codes = Panel(PANEL.values.round(), PANEL.offsets, index=PANEL.index)
    encoder = TimeDistributed(TargetEncoder(categories="auto", random_state=0, shuffle=False))
    numbers = (KIND == "worn").astype(float)
    expected = encoder.fit(codes, numbers.loc[PANEL.index].to_numpy()).transform(codes)
    assert_array_equal(encoder.fit(codes, numbers).transform(codes).values, expected.values)
    with config_context(enable_metadata_routing=True):
        weights = pd.Series(np.linspace(0.0, 5.0, N), index=IDS)
        scaler = TimeDistributed(StandardScaler().set_fit_request(sample_weight=True))
        ordered = weights.loc[PANEL.index].to_numpy()
        expected = scaler.fit_transform(PANEL, sample_weight=ordered)
        found = scaler.fit_transform(PANEL, sample_weight=weights)
        assert_array_equal(found.values, expected.values)
