"""Weights of single time steps, and time steps without a target, with return_sequences=True."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, make_scorer, r2_score
from sklearn.model_selection import cross_val_score
from skorch.callbacks import BatchScoring, EpochScoring

from sk_rnn import Panel, RNNClassifier, RNNRegressor
from sk_rnn.metrics import per_time_step

from .table import assert_same_model, assert_same_outputs

_rng = np.random.default_rng(0)
N = 14
X = [_rng.normal(size=(n, 2)) for n in _rng.integers(2, 9, size=N)]
LENGTHS = np.array([len(x) for x in X])
TAGS = [[int(value > 0) for value in x[:, 0]] for x in X]
NUMBERS = [3.0 + 5.0 * x[:, 0] for x in X]
PAIRS = [np.column_stack([y, -y]) for y in NUMBERS]
LABELS = [np.column_stack([x[:, 0] > 0, x[:, 1] > 0]).astype(int) for x in X]
# Which time steps have a target: of each sequence at least one, and both classes occur.
KNOWN = [_rng.random(n) < 0.6 for n in LENGTHS]
for known in KNOWN:
    known[0] = True
SMALL = {"hidden_size": 4, "max_epochs": 3, "random_state": 0, "return_sequences": True}
KINDS = {
    "tags": (RNNClassifier, TAGS, {}),
    "labels": (RNNClassifier, LABELS, {}),
    "numbers": (RNNRegressor, NUMBERS, {}),
    "pairs": (RNNRegressor, PAIRS, {}),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def hide(y, known=KNOWN, value=np.nan):
    """Replace targets by NaN, or in lists by None."""
    hidden = []
    for row, is_known in zip(y, known, strict=True):
        if isinstance(row, list):
            hidden.append([item if k else None for item, k in zip(row, is_known, strict=True)])
        else:
            row = np.array(row, dtype=float)
            row[~is_known] = value
            hidden.append(row)
    return hidden


def zeros_and_ones(known=KNOWN):
    return [k.astype(float) for k in known]


def make(kind, **params):
    estimator, _, own = KINDS[kind]
    return estimator(**{**SMALL, **own, **params})


def options(estimator, **params):
    """Drop parameters that the estimator lacks."""
    return {k: v for k, v in params.items() if k in estimator().get_params()}


VARIANTS = {
    "usual": {},
    "chunks": {"tbptt_steps": 3},
    "chunks without norm": {"tbptt_steps": 3, "head_norm": None},
    "calibrated": {"calibrate": True, "label_smoothing": 0.0},
    "calibrated deviations": {"calibrate": True, "loss": "gaussian"},
    "smoothed": {"label_smoothing": 0.2},
    "balanced": {"class_weight": "balanced"},
    "weighted classes": {"class_weight": {0: 1.0, 1: 3.0}},
    "quantile": {"loss": "quantile", "quantile": 0.8},
    "huber": {"loss": "huber"},
    "absolute": {"loss": "absolute_error"},
    "gaussian": {"loss": "gaussian"},
    "stopping": {"early_stopping": True, "validation_fraction": 0.3},
    "scored": {"early_stopping": True, "validation_fraction": 0.3, "scoring": None},
    "torch": {"backend": "torch"},
    "convolution": {"conv_channels": 3, "bidirectional": False},
}
CASES = [
    pytest.param(kind, params, id=f"{kind}-{name}")
    for kind, (estimator, *_) in KINDS.items()
    for name, params in VARIANTS.items()
    if params.keys() <= estimator().get_params().keys()
    and not (kind == "labels" and "class_weight" in params)
]


@pytest.mark.parametrize(("kind", "params"), CASES)
def test_missing_targets_equal_weights_of_zero(kind, params):
    y = KINDS[kind][1]
    missing = make(kind, **params).fit(X, hide(y))
    weighted = make(kind, **params).fit(X, y, sample_weight=zeros_and_ones())
    assert missing.loss_curve_ == weighted.loss_curve_
    assert missing.validation_curve_ == weighted.validation_curve_
    assert_same_outputs(missing, weighted, X)
    # What they are does not matter, if both classes are among the others.
    plain = make(kind, **params).fit(X, y)
    assert missing.loss_curve_ != plain.loss_curve_


@each_kind
def test_targets_without_a_weight_do_not_matter(kind):
    y = KINDS[kind][1]
    other = [np.array(row) for row in y]
    for row, known in zip(other, KNOWN, strict=True):
        row[~known] = 1e30 if row.dtype.kind == "f" else 1 - row[~known]
    model = make(kind).fit(X, y, sample_weight=zeros_and_ones())
    changed = make(kind).fit(X, other, sample_weight=zeros_and_ones())
    assert_same_outputs(changed, model, X)


@each_kind
def test_equal_weights_of_steps_are_weights_of_sequences(kind):
    y = KINDS[kind][1]
    weights = _rng.integers(0, 3, size=N)
    weights[:2] = 1, 2
    model = make(kind).fit(X, y, sample_weight=weights)
    steps = make(kind).fit(
        X, y, sample_weight=np.split(np.repeat(weights, LENGTHS), LENGTHS.cumsum()[:-1])
    )
    assert_same_model(steps, model)
    copies = np.repeat(np.arange(N), weights)
    repeated = make(kind).fit([X[i] for i in copies], [y[i] for i in copies])
    assert_same_outputs(repeated, model, X)
    # Also if some steps have no target.
    hidden = hide(y)
    model = make(kind).fit(X, hidden, sample_weight=weights)
    repeated = make(kind).fit([X[i] for i in copies], [hidden[i] for i in copies])
    assert_same_outputs(repeated, model, X)


@each_kind
def test_the_loss_is_the_weighted_mean_over_steps(kind):
    """Before the first step, at a learning rate that changes nothing."""
    estimator, y, _ = KINDS[kind]
    weights = [_rng.uniform(0, 2, n) for n in LENGTHS]
    fixed = {"lr": 1e-30, "weight_decay": 0.0, "dropout": 0.0, "batch_size": N, "max_epochs": 1}
    fixed |= {"head_norm": "layer", "precision": "float64"} | options(estimator, calibrate=False)
    model = make(kind, **fixed).fit(X, y, sample_weight=weights)
    flat = np.concatenate([np.asarray(row) for row in y])
    w = np.concatenate(weights)
    outputs = model._outputs(model._read(X, "predict"))
    if kind == "tags":
        losses = np.log(np.exp(outputs).sum(1)) - outputs[np.arange(len(flat)), flat]
    elif kind == "labels":
        losses = (np.log1p(np.exp(outputs)) - flat * outputs).mean(1)
    else:
        flat = flat.reshape(len(flat), -1)
        mean = np.average(flat, axis=0, weights=w)
        std = np.sqrt(np.average((flat - mean) ** 2, axis=0, weights=w))
        losses = ((outputs - (flat - mean) / std) ** 2).mean(1)
    assert_allclose(model.loss_curve_[0], np.average(losses, weights=w), rtol=1e-6)


@each_kind
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_are_those_by_hand(kind, weighted):
    estimator, y, _ = KINDS[kind]
    model = make(kind).fit(X, y)
    weights = [_rng.uniform(0, 2, n) for n in LENGTHS] if weighted else None
    found = model.score(X, hide(y), weights)
    known = np.concatenate(KNOWN)
    true = np.concatenate([np.asarray(row) for row in y])[known]
    predicted = np.concatenate(list(model.predict(X)))[known]
    w = np.concatenate(weights)[known] if weighted else None
    metric = accuracy_score if estimator is RNNClassifier else r2_score
    assert found == pytest.approx(metric(true, predicted, sample_weight=w))
    with_zeros = [k * w for k, w in zip(KNOWN, weights or np.ones(N), strict=True)]
    assert model.score(X, y, with_zeros) == pytest.approx(found)


@each_kind
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_validation_scores_leave_out_missing_targets(kind, scoring):
    estimator, y, _ = KINDS[kind]
    params = {"scoring": scoring, "max_epochs": 2} | options(estimator, calibrate=False)
    missing = make(kind, **params).fit(X, y, X_val=X, y_val=hide(y))
    weighted = make(kind, **params).fit(X, y, X_val=X, y_val=y, sample_weight_val=zeros_and_ones())
    assert missing.validation_curve_ == weighted.validation_curve_
    if scoring is None:
        assert missing.validation_curve_[-1] == pytest.approx(missing.score(X, hide(y)), abs=1e-6)


def test_scorers_see_no_missing_targets():
    seen = []

    def scorer(net, rows, y):  # it accepts no weights
        seen.append(y)
        return accuracy_score(y, net.predict(rows))

    model = make("tags", scoring=scorer, calibrate=False)
    model.fit(X, TAGS, X_val=X, y_val=hide(TAGS))
    assert sorted(seen[-1]) == sorted(np.concatenate(TAGS)[np.concatenate(KNOWN)])
    assert model.validation_curve_[-1] == pytest.approx(model.score(X, hide(TAGS)))


@pytest.mark.parametrize("caching", [False, True])
def test_callbacks_see_no_missing_targets(caching):
    callbacks = [
        ("epoch", EpochScoring("accuracy", name="epoch", on_train=True, use_caching=caching)),
        ("valid", EpochScoring("accuracy", name="valid", use_caching=caching)),
        ("batch", BatchScoring("accuracy", name="batch", use_caching=caching)),
    ]
    model = make("tags", callbacks=callbacks, calibrate=False, lr=1e-30, batch_size=N)
    model.fit(X, hide(TAGS), X_val=X, y_val=hide(TAGS))
    score = model.score(X, hide(TAGS))
    row = model.net_.history[-1]
    assert row["valid"] == pytest.approx(score)
    assert row["batch"] == pytest.approx(score)
    if not caching:  # cached outputs of training have dropout
        assert row["epoch"] == pytest.approx(score)


@each_kind
def test_sequences_without_a_target_are_left_out(kind):
    y = KINDS[kind][1]
    known = [np.ones(n, dtype=bool) for n in LENGTHS]
    for i in (1, 4):
        known[i][:] = False
    model = make(kind).fit(X, hide(y, known))
    keep = [i for i in range(N) if i not in (1, 4)]
    without = make(kind).fit([X[i] for i in keep], [y[i] for i in keep])
    assert_same_model(model, without)
    zero = make(kind).fit(X, y, sample_weight=zeros_and_ones(known))
    assert_same_model(zero, without)
    assert [len(row) for row in model.predict(X)] == LENGTHS.tolist()


@each_kind
def test_the_order_of_sequences_does_not_matter(kind):
    y = KINDS[kind][1]
    rows = [*X, *X[:3]]  # the same sequences, with other weights
    targets = [*y, *y[:3]]
    weights = [_rng.uniform(0, 2, len(x)) for x in rows]
    model = make(kind).fit(rows, targets, sample_weight=weights)
    order = _rng.permutation(len(rows))
    shuffled = make(kind).fit(
        [rows[i] for i in order],
        [targets[i] for i in order],
        sample_weight=[weights[i] for i in order],
    )
    assert_same_outputs(shuffled, model, X)


# --- labels -------------------------------------------------------------------------------------

CONTAINERS = {
    "list of lists": lambda y: y,
    "object arrays": lambda y: [np.array(row, dtype=object) for row in y],
    "series": lambda y: pd.Series(y, dtype=object),
    "list of series": lambda y: [pd.Series(row, dtype=object) for row in y],
    "integers with NA": lambda y: [pd.Series(row, dtype="Int64") for row in y],
    "masked arrays": lambda y: [
        np.ma.array([v or 0 for v in row], mask=[v is None for v in row]) for row in y
    ],
    "NaN in lists": lambda y: [[np.nan if v is None else v for v in row] for row in y],
}


@pytest.mark.parametrize("make_y", CONTAINERS.values(), ids=CONTAINERS)
def test_integers_stay_integers(make_y):
    expected = make("tags").fit(X, hide(TAGS))
    model = make("tags").fit(X, make_y(hide(TAGS)))
    assert model.classes_.tolist() == [0, 1]
    assert model.classes_.dtype == np.int64
    assert_same_model(model, expected)
    assert model.score(X, make_y(hide(TAGS))) == expected.score(X, hide(TAGS))


@pytest.mark.parametrize(
    ("names", "dtype"), [(["up", "down"], "O"), ([True, False], "b"), ([0.0, 1.0], "f")]
)
def test_other_labels_keep_their_kind(names, dtype):
    y = [[None if tag is None else names[tag] for tag in row] for row in hide(TAGS)]
    model = make("tags").fit(X, y)
    assert model.classes_.tolist() == sorted(names)
    assert model.classes_.dtype.kind in (dtype, "U" if dtype == "O" else dtype)
    assert model.score(X, y) >= 0


def test_float_arrays_give_float_classes():
    y = [np.array([np.nan if tag is None else tag for tag in row]) for row in hide(TAGS)]
    assert make("tags").fit(X, y).classes_.dtype == np.float64


def test_times_without_a_time_are_missing():
    days = np.array(["2020-01-01", "2021-01-01", "NaT"], dtype="datetime64[D]")
    y = [days[[2 if tag is None else tag for tag in row]] for row in hide(TAGS)]
    assert len(make("tags").fit(X, y).classes_) == 2


def test_labels_of_steps_without_a_weight_are_classes():
    y = [list(row) for row in TAGS]
    y[0][-1] = 2
    weights = [np.ones(n) for n in LENGTHS]
    weights[0][-1] = 0.0
    model = make("tags").fit(X, y, sample_weight=weights)
    assert model.classes_.tolist() == [0, 1, 2]
    # That of a sequence without any weight is not: the sequence is left out.
    weights[0][:] = 0.0
    assert make("tags").fit(X, y, sample_weight=weights).classes_.tolist() == [0, 1]


def test_balanced_weights_count_labelled_steps():
    known = [np.ones(n, dtype=bool) for n in LENGTHS]
    for row, tags in zip(known, TAGS, strict=True):
        row[1:] &= np.array(tags[1:]) == 0
    model = make("tags", class_weight="balanced").fit(X, hide(TAGS, known))
    flat = np.concatenate(TAGS)[np.concatenate(known)]
    share = np.bincount(flat) / len(flat)
    weights = {c: 0.5 / share[c] for c in (0, 1)}
    by_hand = make("tags", class_weight=weights).fit(X, hide(TAGS, known))
    assert_allclose(by_hand.loss_curve_, model.loss_curve_, rtol=1e-5)


# --- containers and round trips -------------------------------------------------------------------

WEIGHTS = [_rng.uniform(0, 2, n) for n in LENGTHS]


def as_objects(rows):
    found = np.empty(len(rows), dtype=object)
    found[:] = rows
    return found


WEIGHT_CONTAINERS = {
    "lists": lambda w: [row.tolist() for row in w],
    "object array": as_objects,
    "series": lambda w: pd.Series([row.tolist() for row in w]),
    "tuple of series": lambda w: tuple(map(pd.Series, w)),
    "panel": Panel.from_sequences,
    "columns": lambda w: [row[:, None] for row in w],
}


@pytest.mark.parametrize("make_weights", WEIGHT_CONTAINERS.values(), ids=WEIGHT_CONTAINERS)
def test_containers_of_weights(make_weights):
    model = make("numbers").fit(X, NUMBERS, sample_weight=WEIGHTS)
    other = make("numbers").fit(X, NUMBERS, sample_weight=make_weights(WEIGHTS))
    assert_same_model(other, model)
    assert other.score(X, NUMBERS, make_weights(WEIGHTS)) == model.score(X, NUMBERS, WEIGHTS)


def test_arrays_of_equal_lengths():
    array = np.stack([x[:2] for x in X])
    y = array[:, :, 0]
    weights = _rng.uniform(0, 2, size=y.shape)
    hidden = np.where(weights > 1, y, np.nan)
    model = make("numbers").fit(array, y, sample_weight=weights)
    assert_same_model(make("numbers").fit(array, y, sample_weight=list(weights)), model)
    frame = pd.DataFrame(weights)
    assert_same_model(make("numbers").fit(array, y, sample_weight=frame), model)
    missing = make("numbers").fit(array, hidden)
    assert_same_model(make("numbers").fit(array, y, sample_weight=weights > 1), missing)


def test_weights_are_aligned_with_a_panel():
    ids = [f"id {i:02}" for i in range(N)]
    frame = pd.concat(
        [pd.DataFrame(x, columns=["a", "b"]).assign(id=i) for i, x in zip(ids, X, strict=True)]
    )
    panel = Panel.from_frame(frame, by="id")
    weights = pd.Series(WEIGHTS, index=ids)
    y = pd.Series(NUMBERS, index=ids)
    model = make("numbers").fit(panel, y, sample_weight=weights)
    other = make("numbers").fit(panel, y[::-1], sample_weight=weights[::-1])
    assert_same_model(other, model)


def test_padding_is_cut_from_weights():
    padded = np.full((N, 10, 2), -9.0)
    weights, y = np.full((N, 10), 7.0), np.full((N, 10), np.nan)
    for i, n in enumerate(LENGTHS):
        padded[i, :n], weights[i, :n], y[i, :n] = X[i], WEIGHTS[i], NUMBERS[i]
    model = make("numbers").fit(X, NUMBERS, sample_weight=WEIGHTS)
    other = make("numbers", padding_value=-9.0).fit(padded, y, sample_weight=weights)
    assert_same_model(other, model)


@each_kind
def test_partial_fit_and_warm_start(kind):
    y = KINDS[kind][1]
    hidden, weights = hide(y), zeros_and_ones()
    first, second = make(kind), make(kind)
    for _ in range(2):
        first.partial_fit(X, hidden)
        second.partial_fit(X, y, sample_weight=weights)
    assert_same_model(first, second)
    first, second = make(kind, warm_start=True), make(kind, warm_start=True)
    for _ in range(2):
        first.fit(X, hidden)
        second.fit(X, y, sample_weight=weights)
    assert_same_model(first, second)
    assert_same_outputs(pickle.loads(pickle.dumps(first)), first, X)


def test_searches_score_labelled_steps():
    y = hide(TAGS)
    scores = cross_val_score(make("tags"), X, y, cv=2)
    scoring = make_scorer(per_time_step(accuracy_score))
    assert_allclose(cross_val_score(make("tags"), X, y, cv=2, scoring=scoring), scores)
    scoring = make_scorer(per_time_step(f1_score), average="macro")
    assert np.isfinite(cross_val_score(make("tags"), X, y, cv=2, scoring=scoring)).all()


def test_metrics_leave_out_missing_targets_and_weigh_steps():
    predicted = [[1 - tag if i % 3 else tag for i, tag in enumerate(row)] for row in TAGS]
    known = np.concatenate(KNOWN)
    flat = np.concatenate(TAGS)[known], np.concatenate(predicted)[known]
    metric = per_time_step(accuracy_score)
    assert metric(hide(TAGS), predicted) == accuracy_score(*flat)
    weights = np.concatenate(WEIGHTS)[known]
    expected = accuracy_score(*flat, sample_weight=weights)
    assert metric(hide(TAGS), predicted, sample_weight=WEIGHTS) == pytest.approx(expected)
    weights = np.repeat(np.arange(N), LENGTHS)[known]
    expected = accuracy_score(*flat, sample_weight=weights)
    assert metric(hide(TAGS), predicted, sample_weight=np.arange(N)) == pytest.approx(expected)
    pairs = per_time_step(r2_score)(hide(PAIRS), [row + 1 for row in PAIRS])
    true = np.concatenate(PAIRS)[known]
    assert pairs == pytest.approx(r2_score(true, true + 1))
    with pytest.raises(ValueError, match="y_true has no target at any time step"):
        metric([[None, None]], [[0, 1]])


def test_validation_weights_with_the_score_of_a_regressor():
    """Also of sequences: R² as the validation score accepts weights."""
    y, weights = np.arange(float(N)), np.linspace(0.1, 2.0, N)
    model = RNNRegressor(hidden_size=4, max_epochs=2, random_state=0, scoring=None)
    model.fit(X, y, X_val=X, y_val=y, sample_weight_val=weights)
    assert model.validation_curve_[-1] == pytest.approx(model.score(X, y, weights), abs=1e-6)


def test_numbers_far_from_zero():
    far = [1.7e9 + row for row in NUMBERS]
    model = make("numbers").fit(X, hide(far))
    near = make("numbers").fit(X, hide(NUMBERS))
    assert_allclose(model._target._scale, near._target._scale, rtol=1e-6)
    assert clone(model).get_params() == model.get_params()
    assert_array_equal(np.isfinite(np.concatenate(list(model.predict(X)))), True)


# --- labels that are chosen jointly ---------------------------------------------------------------


def _chains():
    """Sequences of labels in which "b" always follows "a", and "a" never follows itself."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(6, 2)) for _ in range(8)]
    return X, [["a", "b", "c", "a", "b", "c"] for _ in X]


def test_joint_labels_must_be_complete():
    X, y = _chains()
    options = {"return_sequences": True, "crf": True, "max_epochs": 1, "hidden_size": 3}
    missing = [[*row[:-1], None] for row in y]
    message = "RNNClassifier.fit: y has time steps without a label, which is not supported with crf"
    with pytest.raises(ValueError, match=message):
        RNNClassifier(**options).fit(X, missing)
    weights = [np.arange(1.0, 7.0) for _ in X]
    with pytest.raises(ValueError, match="the weights differ between the time steps of a sequence"):
        RNNClassifier(**options).fit(X, y, sample_weight=weights)
    model = RNNClassifier(**options).fit(X, y)
    with pytest.raises(ValueError, match="y has time steps without a label"):
        model.score_samples(X, missing)
    assert 0 <= model.score(X, missing) <= 1


def test_missing_labels_are_no_transitions():
    X, y = _chains()
    y[0] = ["a", None, "c", "a", "b", None]
    options = {"return_sequences": True, "unseen_transitions": "forbid", "max_epochs": 1}
    model = RNNClassifier(hidden_size=3, **options).fit(X, y)
    counts = [[0, 2 * 8 - 1, 0], [0, 0, 2 * 8 - 2], [8, 0, 0]]
    assert model.transition_counts_.tolist() == counts
    assert model.start_counts_.tolist() == [8, 0, 0]
    assert model.end_counts_.tolist() == [0, 0, 7]
