"""TargetEncoder on time steps: no sequence is encoded with its own target."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.feature_selection import RFE
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler, TargetEncoder

from sk_rnn.preprocessing import TimeDistributed
from sk_rnn.preprocessing import _folds as folds

HAS_FOLDS = "cv_object" in TargetEncoder._parameter_constraints["cv"]
needs_folds = pytest.mark.skipif(not HAS_FOLDS, reason="scikit-learn before 1.9")


def noise(n_samples=60, n_timesteps=20, seed=0):
    """Sequences with separate categories, and random targets."""
    rng = np.random.default_rng(seed)
    X = [np.full((n_timesteps, 1), f"machine {i}", dtype=object) for i in range(n_samples)]
    return X, rng.standard_normal(n_samples), rng.permutation(n_samples) % 2


def share_of_target(encoded, target):
    """The slope of encodings by targets: 1 if they equal the targets, 0 if they are independent."""
    return np.cov(encoded, target)[0, 1] / np.var(target, ddof=1)


def mean_encodings(transformer, X, y):
    return [float(np.mean(x)) for x in TimeDistributed(transformer).fit_transform(X, y)]


@needs_folds
@pytest.mark.parametrize(
    "transformer",
    [
        TargetEncoder(),
        TargetEncoder(cv=3),
        TargetEncoder(cv=GroupKFold(4)),
        make_pipeline(TargetEncoder(), StandardScaler()),
        make_column_transformer((TargetEncoder(), [0])),
        make_union(TargetEncoder()),
    ],
    ids=["default", "cv=3", "groups", "pipeline", "columns", "union"],
)
def test_target_encoder_does_not_leak_targets(transformer):
    X, numbers, classes = noise()
    # Each sequence has separate categories, so only the mean is known from other sequences.
    for y in (numbers, classes, np.repeat(numbers[:, None], 20, axis=1)):
        encoded = mean_encodings(transformer, X, y)
        target = y if y.ndim == 1 else y[:, 0]
        assert share_of_target(encoded, target) < 0.05


@needs_folds
def test_target_encoder_learns_from_other_sequences():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 40)
    X = [np.full((3, 1), "up" if label else "down", dtype=object) for label in y]
    assert np.corrcoef(mean_encodings(TargetEncoder(), X, y), y)[0, 1] > 0.99


@needs_folds
def test_target_encoder_keeps_its_parameters():
    X, y, _ = noise()
    given = make_column_transformer((TargetEncoder(cv=3), [0]))
    encoder = TimeDistributed(given).fit(X, y)
    assert encoder.transformer_.named_transformers_["targetencoder"].cv == 3
    assert encoder.transformer_.transformers[0][1].cv == 3
    assert given.transformers[0][1].cv == 3
    # fit uses all sequences, as in scikit-learn.
    steps = TargetEncoder().fit(np.concatenate(X), np.repeat(y, 20))
    np.testing.assert_allclose(
        encoder.transformer_.named_transformers_["targetencoder"].encodings_[0],
        steps.encodings_[0],
    )


@needs_folds
def test_user_defined_groups_are_kept_together():
    X, y, _ = noise(n_samples=20)
    pairs = np.arange(20) // 2
    X = [X[pair] for pair in pairs]  # two sequences of each machine
    with config_context(enable_metadata_routing=True):
        inner = TargetEncoder(cv=GroupKFold(5))
        out = TimeDistributed(inner).fit_transform(X, y[pairs], groups=pairs)
    encoded = [float(np.mean(x)) for x in out]
    assert share_of_target(encoded, y[pairs]) < 0.05


@needs_folds
@pytest.mark.parametrize(
    ("transformer", "n_samples", "message"),
    [
        (
            TargetEncoder(),
            3,
            "TimeDistributed.fit_transform: X has 3 sequences, fewer than the cv=5 folds of "
            "TargetEncoder, each of whole sequences. Set a smaller cv, or pass more sequences.",
        ),
        (
            TargetEncoder(cv=KFold(2)),
            3,
            "TimeDistributed.fit_transform: cv=KFold(n_splits=2, random_state=None, "
            "shuffle=False) of TargetEncoder puts time steps of X[1] in both parts of a split. "
            "TargetEncoder encodes each time step by the targets of other steps, and steps of the "
            "same sequence would leak its target. Set cv to a number of folds, or to a splitter "
            "of groups such as GroupKFold().",
        ),
        (
            GridSearchCV(make_pipeline(TargetEncoder(), RFE(LinearRegression())), {}),
            3,
            "TimeDistributed.fit_transform: TargetEncoder inside GridSearchCV encodes each time "
            "step by the targets of other steps, and steps of the same sequence would leak its "
            "target. Pass it by itself, or in a Pipeline, a FeatureUnion or a ColumnTransformer, "
            "where it can be given folds of whole sequences.",
        ),
    ],
    ids=["few", "splitter", "search"],
)
def test_folds_that_split_sequences_raise(transformer, n_samples, message):
    X, y, _ = noise(n_samples, 5)
    time_distributed = TimeDistributed(StandardScaler())
    time_distributed.transformer = transformer
    with pytest.raises(ValueError) as error:
        time_distributed.fit_transform(X, y)
    assert str(error.value) == message


def test_target_encoder_without_support_for_folds_raises(monkeypatch):
    monkeypatch.setitem(folds.TargetEncoder._parameter_constraints, "cv", [int])
    frames = [pd.DataFrame({"mode": ["on", "off"]})] * 6
    with pytest.raises(ValueError, match=r"in scikit-learn 1\.9 or later\. Update scikit-learn"):
        TimeDistributed(TargetEncoder()).fit(frames, [0, 1] * 3)
