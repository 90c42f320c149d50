"""Labels of time steps that are chosen jointly: forbidden transitions and the CRF."""

import itertools
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import BatchScoring, EpochScoring

from sk_rnn import Panel, RNNClassifier, RNNRegressor
from sk_rnn.metrics import per_time_step, span_f1_score
from sk_rnn.training import _chunked

SMALL = {
    "hidden_size": 4,
    "max_epochs": 3,
    "calibrate": False,
    "random_state": 0,
    "return_sequences": True,
}
JOINT = [
    {"unseen_transitions": "forbid"},
    {"crf": True},
    {"crf": True, "unseen_transitions": "forbid"},
]
joint = pytest.mark.parametrize("params", JOINT, ids=["forbid", "crf", "both"])
TAGS = ["B-P", "I-P", "B-L", "I-L", "O"]


def spans(n=60, noise=1.5, seed=0):
    """Noisy features of IOB2 tags; among the tags there are always legal transitions only."""
    rng = np.random.default_rng(seed)
    X, y = [], []
    for _ in range(n):
        tags = []
        for _ in range(rng.integers(1, 5)):
            kind = rng.choice(["P", "L", "O"])
            size = int(rng.integers(1, 4))
            inner = ["O"] * size if kind == "O" else [f"B-{kind}"] + [f"I-{kind}"] * (size - 1)
            tags += inner
        X.append(np.eye(5)[[TAGS.index(tag) for tag in tags]])
        X[-1] = X[-1] + noise * rng.normal(size=X[-1].shape)
        y.append(np.array(tags))
    return X, y


X, Y = spans()
X_NEW, Y_NEW = spans(80, seed=1)


def tagger(**params):
    return RNNClassifier(**{**SMALL, **params})


def n_illegal(predicted):
    """Number of tags I that do not continue a span."""
    pairs = ((a, b) for row in predicted for a, b in itertools.pairwise(["O", *row]))
    return sum(b[0] == "I" and (a == "O" or a[1:] != b[1:]) for a, b in pairs)


def flat(rows):
    return np.concatenate(list(rows))


# --- forbidden transitions ----------------------------------------------------------------------


def test_unseen_transitions_are_not_predicted_if_forbidden():
    plain = tagger(max_epochs=10).fit(X, Y)
    assert n_illegal(plain.predict(X_NEW)) > 0
    for params in (JOINT[0], JOINT[2]):
        model = tagger(max_epochs=10, **params).fit(X, Y)
        predicted = model.predict(X_NEW)
        assert n_illegal(predicted) == 0
        if not params.get("crf"):
            assert span_f1_score(Y_NEW, predicted) > span_f1_score(Y_NEW, plain.predict(X_NEW))
            assert_array_equal(flat(model.predict_proba(X_NEW)), flat(plain.predict_proba(X_NEW)))


def test_counts_are_those_of_the_labels():
    model = tagger(unseen_transitions="forbid").fit(X, Y)
    index = {label: i for i, label in enumerate(model.classes_)}
    pairs, first, last = np.zeros((5, 5)), np.zeros(5), np.zeros(5)
    for row in Y:
        first[index[row[0]]] += 1
        last[index[row[-1]]] += 1
        for a, b in itertools.pairwise(row):
            pairs[index[a], index[b]] += 1
    assert_array_equal(model.transition_counts_, pairs)
    assert_array_equal(model.start_counts_, first)
    assert_array_equal(model.end_counts_, last)
    assert not hasattr(tagger(crf=True).fit(X, Y), "transition_counts_")


def test_labels_are_the_most_probable_ones_without_unseen_transitions():
    model = tagger(unseen_transitions="forbid", max_epochs=5).fit(X, Y)
    allowed = model.transition_counts_ > 0
    checked = 0
    for x, labels in zip(X_NEW, model.predict(X_NEW), strict=True):
        if len(x) > 5:
            continue
        log_proba = model.predict_log_proba([x])[0]
        legal = [
            path
            for path in itertools.product(range(5), repeat=len(x))
            if model.start_counts_[path[0]]
            and model.end_counts_[path[-1]]
            and all(allowed[pair] for pair in itertools.pairwise(path))
        ]
        best = max(legal, key=lambda path: log_proba[range(len(path)), path].sum())
        assert labels.tolist() == model.classes_[list(best)].tolist()
        checked += 1
    assert checked > 20


def test_first_and_last_labels_are_also_those_of_fit():
    y = [np.array(["S", *"M" * (len(row) - 1)]) for row in X]
    y = [row if len(row) < 2 else np.array([*row[:-1], "E"]) for row in y]
    long = [i for i, row in enumerate(y) if len(row) > 2]
    model = tagger(unseen_transitions="forbid", max_epochs=1)
    model.fit([X[i] for i in long], [y[i] for i in long])
    for row in model.predict([x for x in X_NEW if len(x) > 2]):
        assert (row[0], row[-1]) == ("S", "E")
        assert set(row[1:-1]) == {"M"}


def test_a_sequence_shorter_than_all_of_fit_gets_as_few_unseen_transitions_as_possible():
    model = tagger(unseen_transitions="forbid", max_epochs=1)
    model.fit([x[:1].repeat(3, axis=0) for x in X], [["S", "M", "E"]] * len(X))
    short = model.predict([np.zeros((1, 5)), np.zeros((2, 5)), np.zeros((3, 5))])
    assert short[2].tolist() == ["S", "M", "E"]
    assert short[0][0] in ("S", "E")  # one of the first and last labels, not neither
    # S before E was not seen, and neither M as the first or last label.
    assert tuple(short[1]) in {("S", "E"), ("S", "M"), ("M", "E")}


def test_partial_fit_adds_to_the_transitions():
    X2 = [np.zeros((2, 1)), np.ones((2, 1))]
    model = tagger(unseen_transitions="forbid")
    model.partial_fit(X2, [["a", "b"], ["a", "b"]], classes=["a", "b"])
    assert_array_equal(model.transition_counts_, [[0, 2], [0, 0]])
    model.partial_fit(X2, [["b", "b"], ["a", "b"]])
    assert_array_equal(model.transition_counts_, [[0, 3], [0, 1]])
    assert_array_equal(model.start_counts_, [3, 1])
    model = tagger(unseen_transitions="forbid", warm_start=True).fit(X2, [["a", "b"]] * 2)
    assert_array_equal(model.fit(X2, [["b", "b"]] * 2).transition_counts_, [[0, 2], [0, 2]])
    model.set_params(warm_start=False)
    assert_array_equal(model.fit(X2, [["a", "b"]] * 2).transition_counts_, [[0, 2], [0, 0]])


def test_sequences_of_weight_zero_do_not_count():
    weights = np.r_[np.ones(len(X)), 0.0]
    model = tagger(unseen_transitions="forbid")
    model.fit([*X, np.zeros((2, 5))], [*Y, ["I-P", "I-L"]], sample_weight=weights)
    assert model.transition_counts_[list(model.classes_).index("I-P")].sum() > 0
    assert_array_equal(model.transition_counts_, clone(model).fit(X, Y).transition_counts_)


def test_setting_the_parameter_after_fit_changes_nothing():
    for params in ({}, *JOINT):
        model = tagger(**params).fit(X, Y)
        before = flat(model.predict(X_NEW))
        model.set_params(unseen_transitions="allow", crf=False)
        assert_array_equal(flat(model.predict(X_NEW)), before)


# --- the CRF ------------------------------------------------------------------------------------


def coins(n=64, size=6):
    """Sequences of equal labels, or of alternating ones, about which X says nothing."""
    rng = np.random.default_rng(0)
    X = [np.zeros((size, 1)) for _ in range(n)]
    y = [np.array([0, 1] * size)[i % 2 : i % 2 + size] for i in rng.permutation(n)]
    return X, y


def test_crf_learns_what_only_transitions_tell():
    X, y = coins()
    common = {"max_epochs": 60, "lr": 0.05, "batch_size": 16, "bidirectional": False}
    plain = tagger(**common).fit(X, y)
    model = tagger(**common, crf=True).fit(X, y)
    # One bit for each sequence, or one for each label.
    assert plain.loss_curve_[-1] > 0.9 * np.log(2)
    assert model.loss_curve_[-1] < 1.5 * np.log(2) / 6
    assert_allclose(model.score_samples(X, y), -np.log(2), atol=0.5)
    assert_allclose(flat(model.predict_proba(X)), 0.5, atol=0.2)
    assert all((np.diff(row) != 0).all() for row in model.predict(X))
    off = model.transitions_[[0, 1], [1, 0]]
    assert off.min() > model.transitions_.diagonal().max() + 1.0


def test_crf_is_exact_about_all_label_sequences():
    model = tagger(crf=True, max_epochs=5).fit(X, Y)
    for x in X_NEW[:20]:
        if len(x) > 4:
            continue
        emissions = model.decision_function([x])[0].astype(np.float64)
        paths = list(itertools.product(range(5), repeat=len(x)))
        scores = np.array(
            [
                model.start_transitions_[path[0]]
                + model.end_transitions_[path[-1]]
                + emissions[range(len(x)), path].sum()
                + sum(model.transitions_[pair] for pair in itertools.pairwise(path))
                for path in paths
            ]
        )
        proba = np.exp(scores - scores.max())
        proba /= proba.sum()
        best = paths[int(proba.argmax())]
        assert model.predict([x])[0].tolist() == model.classes_[list(best)].tolist()
        assert model.score_samples([x])[0] == pytest.approx(np.log(proba.max()), abs=1e-6)
        marginals = np.zeros((len(x), 5))
        for path, p in zip(paths, proba, strict=True):
            marginals[range(len(x)), path] += p
        assert_allclose(model.predict_proba([x])[0], marginals, atol=1e-5)
        assert_allclose(model.predict_log_proba([x])[0], np.log(marginals), atol=1e-4)
        labels = [model.classes_[list(path)] for path in paths[:3]]
        found = model.score_samples([x] * 3, labels)
        assert_allclose(np.exp(found), proba[:3], rtol=1e-4, atol=1e-12)


@joint
def test_probabilities_sum_to_one(params):
    model = tagger(**params).fit(X, Y)
    proba = flat(model.predict_proba(X_NEW))
    assert proba.dtype == np.float32
    assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-5)
    assert_allclose(np.exp(flat(model.predict_log_proba(X_NEW))), proba, rtol=1e-4, atol=1e-7)


def test_loss_is_the_mean_negative_log_likelihood_of_a_step():
    model = tagger(crf=True, max_epochs=2, scoring="loss", precision="float64")
    model.fit(X, Y, X_val=X_NEW, y_val=Y_NEW)
    expected = model.score_samples(X_NEW, Y_NEW).sum() / sum(map(len, X_NEW))
    assert model.validation_curve_[-1] == pytest.approx(expected)


def test_crf_is_at_least_as_good_as_independent_labels_on_spans():
    many, tags = spans(150)
    plain = tagger(max_epochs=15, hidden_size=8).fit(many, tags)
    model = tagger(max_epochs=15, hidden_size=8, crf=True).fit(many, tags)
    scores = [span_f1_score(Y_NEW, m.predict(X_NEW)) for m in (plain, model)]
    assert scores[1] > scores[0]
    assert n_illegal(model.predict(X_NEW)) < n_illegal(plain.predict(X_NEW))


def test_temperature_divides_outputs_and_transitions():
    sure = tagger(crf=True, max_epochs=40).fit(X, Y)
    model = tagger(crf=True, max_epochs=40, calibrate="auto").fit(X, Y)
    assert model.temperature_ > 1.1
    for name in ("transitions_", "start_transitions_", "end_transitions_"):
        assert_allclose(getattr(model, name) * model.temperature_, getattr(sure, name), rtol=1e-5)
    assert_array_equal(flat(model.predict(X_NEW)), flat(sure.predict(X_NEW)))
    log_loss = per_time_step("neg_log_loss")
    assert log_loss(model, X_NEW, Y_NEW) > log_loss(sure, X_NEW, Y_NEW)
    restored = pickle.loads(pickle.dumps(model))
    assert_array_equal(restored.transitions_, model.transitions_)


def test_attributes_exist_only_with_a_crf():
    model = tagger().fit(X, Y)
    for name in ("transitions_", "start_transitions_", "end_transitions_", "score_samples"):
        assert not hasattr(model, name)
    unfitted = tagger(crf=True)
    assert hasattr(unfitted, "score_samples")
    with pytest.raises(AttributeError, match="only exists after fit with crf=True"):
        _ = unfitted.transitions_
    fitted = unfitted.fit(X, Y)
    assert fitted.transitions_.shape == (5, 5)
    assert fitted.start_transitions_.shape == fitted.end_transitions_.shape == (5,)


@joint
@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [False, True]])
def test_two_classes(params, labels):
    y = [np.asarray(labels)[(x[:, 0] > 0).astype(int)] for x in X]
    model = tagger(**params, max_epochs=20).fit(X, y)
    assert model.score(X, y) > 0.8
    assert model.predict(X)[0].dtype == y[0].dtype
    assert model.decision_function(X)[0].shape == (len(X[0]),)
    assert model.predict_proba(X)[0].shape == (len(X[0]), 2)


@joint
def test_sequences_of_one_step(params):
    x, y = np.concatenate(X)[:, None], [[label] for label in np.concatenate(Y)]
    model = tagger(**params).fit(list(x), y)
    assert_array_equal(
        flat(model.predict(list(x))),
        model.classes_[flat(model.predict_proba(list(x))).argmax(axis=1)],
    )


# --- both in all uses of an estimator -----------------------------------------------------------


@joint
def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(params):
    model = tagger(**params).fit(X, Y)
    together = model.predict(X_NEW)
    alone = [model.predict([x])[0] for x in X_NEW]
    for one, other in zip(together, alone, strict=True):
        assert_array_equal(one, other)
    assert_array_equal(model.predict_proba(X_NEW)[3], model.predict_proba(X_NEW[3:4])[0])


@joint
def test_backends_and_precisions_agree(params):
    single = tagger(**params, backend="numba").fit(X, Y)
    torch = tagger(**params, backend="torch").fit(X, Y)
    assert_allclose(torch.loss_curve_, single.loss_curve_, rtol=1e-4)
    double = tagger(**params, precision="float64", backend="torch").fit(X, Y)
    for model in (torch, double):
        assert_allclose(
            flat(model.predict_proba(X_NEW)), flat(single.predict_proba(X_NEW)), atol=1e-3
        )
    assert double.predict_proba(X_NEW)[0].dtype == np.float64
    before = flat(single.predict(X_NEW))
    assert_array_equal(flat(single.to(backend="torch").predict(X_NEW)), before)


@joint
def test_long_sequences_are_decoded_whole(params, monkeypatch):
    model = tagger(**params).fit(X, Y)
    expected = model.predict(X_NEW), model.predict_proba(X_NEW)
    monkeypatch.setattr(_chunked, "MAX_UNCHUNKED_STEPS", 2)
    monkeypatch.setattr(_chunked, "CHUNK_STEPS", 2)
    assert_array_equal(flat(model.predict(X_NEW)), flat(expected[0]))
    assert_allclose(flat(model.predict_proba(X_NEW)), flat(expected[1]), atol=1e-6)


@joint
def test_saved_models_predict_the_same(params):
    model = tagger(**params).fit(X, Y)
    restored = pickle.loads(pickle.dumps(model))
    assert_array_equal(flat(restored.predict(X_NEW)), flat(model.predict(X_NEW)))
    assert_array_equal(flat(restored.predict_proba(X_NEW)), flat(model.predict_proba(X_NEW)))


@joint
@pytest.mark.parametrize(
    "more",
    [
        {"bidirectional": False},
        {"num_layers": 2, "cell": "lstm"},
        {"conv_channels": 3},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"precision": "bf16"},
        {"layer_norm": True, "head_norm": None},
    ],
    ids=str,
)
def test_other_networks(params, more):
    model = tagger(**params, **more).fit(X, Y, sample_weight=np.linspace(0.5, 2.0, len(X)))
    assert [len(row) for row in model.predict(X)] == [len(row) for row in Y]
    assert 0.0 < model.score(X, Y) <= 1.0


def test_forbidding_works_with_truncated_gradients():
    common = {"max_epochs": 10, "tbptt_steps": 3, "unseen_transitions": "forbid"}
    model = tagger(**common).fit(X, Y)
    assert n_illegal(model.predict(X_NEW)) == 0


@joint
def test_token_ids_and_panels(params):
    ids = [np.array([TAGS.index(tag) for tag in row]) for row in Y]
    model = tagger(**params, embedding_dim=3, max_epochs=30).fit(ids, Y)
    assert model.score(ids, Y) > 0.9
    panel = Panel.from_sequences(X)
    direct = tagger(**params).fit(X, Y).predict(X)
    assert_array_equal(flat(tagger(**params).fit(panel, Y).predict(panel)), flat(direct))


@pytest.mark.parametrize("params", JOINT[1:], ids=["crf", "both"])
def test_integer_weights_are_copies(params):
    weights = np.arange(len(X)) % 3
    weighted = tagger(**params, max_epochs=1).fit(X, Y, sample_weight=weights)
    rows = np.repeat(np.arange(len(X)), weights)
    copied = tagger(**params, max_epochs=1).fit([X[i] for i in rows], [Y[i] for i in rows])
    assert_allclose(weighted.transitions_, copied.transitions_, rtol=1e-4, atol=1e-6)


def test_weights_of_sequences_change_what_is_learned():
    weights = np.where([row[0] == "O" for row in Y], 10.0, 0.1)
    plain, weighted = (
        tagger(crf=True).fit(X, Y, sample_weight=w).start_transitions_ for w in (None, weights)
    )
    assert not np.allclose(plain, weighted)


# --- scores in training, and afterwards ---------------------------------------------------------


@joint
def test_validation_scores_are_those_of_the_model(params):
    for scoring in (None, "f1_macro", "neg_log_loss"):
        model = tagger(**params, scoring=scoring)
        model.fit(X, Y, X_val=X_NEW, y_val=Y_NEW)
        scorer = per_time_step(scoring or "accuracy")
        assert model.validation_curve_[-1] == pytest.approx(scorer(model, X_NEW, Y_NEW), rel=1e-5)


@joint
def test_validation_scores_are_weighted(params):
    weights = np.arange(len(X_NEW)) + 1.0
    model = tagger(**params)
    model.fit(X, Y, X_val=X_NEW, y_val=Y_NEW, sample_weight_val=weights)
    assert model.validation_curve_[-1] == pytest.approx(model.score(X_NEW, Y_NEW, weights))


def test_r2_of_validation_data_is_weighted():
    numbers, new = ([x[:, 0].sum() for x in rows] for rows in (X, X_NEW))
    weights = np.arange(len(X_NEW)) + 1.0
    model = RNNRegressor(hidden_size=4, max_epochs=2, scoring=None, random_state=0)
    model.fit(X, numbers, X_val=X_NEW, y_val=new, sample_weight_val=weights)
    assert model.validation_curve_[-1] == pytest.approx(model.score(X_NEW, new, weights))


@joint
@pytest.mark.parametrize("caching", [True, False])
def test_scoring_callbacks_see_labels_that_are_chosen_together(params, caching):
    train = EpochScoring("accuracy", on_train=True, use_caching=caching, name="train")
    valid = EpochScoring("accuracy", use_caching=caching, name="valid", lower_is_better=False)
    batch = BatchScoring("accuracy", name="batch")
    model = tagger(
        **params,
        callbacks=[("train", train), ("valid", valid), ("batch", batch)],
    ).fit(X, Y, X_val=X_NEW, y_val=Y_NEW)
    history = model.net_.history[-1]
    assert history["valid"] == pytest.approx(model.score(X_NEW, Y_NEW))
    assert 0.0 < history["train"] <= 1.0
    if not caching:
        assert history["train"] == pytest.approx(model.score(X, Y))


def test_searches_score_labels_of_steps():
    scoring = {
        "f1": per_time_step("f1_macro"),
        "log_loss": per_time_step("neg_log_loss"),
        "spans": make_scorer(span_f1_score, scheme="IOB2"),
        "accuracy": make_scorer(per_time_step(accuracy_score)),
    }
    search = GridSearchCV(
        tagger(max_epochs=10),
        {"crf": [False, True], "unseen_transitions": ["allow", "forbid"]},
        scoring=scoring,
        refit="spans",
        cv=2,
        error_score="raise",
    ).fit(X, Y)
    assert search.best_params_ != {"crf": False, "unseen_transitions": "allow"}
    truth, predicted = flat(Y_NEW), flat(search.predict(X_NEW))
    expected = f1_score(truth, predicted, average="macro")
    assert scoring["f1"](search.best_estimator_, X_NEW, Y_NEW) == pytest.approx(expected)


def test_predictions_are_lists_for_seqeval_in_one_call():
    predicted = [tags.tolist() for tags in tagger().fit(X, Y).predict(X)]
    assert {type(row) for row in predicted} == {list}
    assert {type(tag) for row in predicted for tag in row} == {str}


# --- streams, and messages ----------------------------------------------------------------------


def test_streams_return_what_does_not_depend_on_later_steps():
    forbidding = tagger(unseen_transitions="forbid", bidirectional=False).fit(X, Y)
    stream = forbidding.stream(method="predict_proba")
    assert_allclose(stream.push(X[0]), forbidding.predict_proba(X[:1])[0], rtol=1e-5)
    crf = tagger(crf=True, bidirectional=False).fit(X, Y)
    stream = crf.stream(method="decision_function")
    assert_allclose(stream.push(X[0]), crf.decision_function(X[:1])[0], rtol=1e-4, atol=1e-6)


def refit(first, second):
    model = tagger(**first, warm_start=True).fit(X, Y)
    return model.set_params(**second).fit(X, Y)


INDICATORS = [np.ones((len(x), 2), dtype=int) for x in X]
MESSAGES = {
    "one label, crf": (
        lambda: RNNClassifier(crf=True).fit(X, np.arange(len(X)) % 2),
        "RNNClassifier.fit: crf=True has no effect on one label per sequence. Set "
        "return_sequences=True, or leave it at its default.",
    ),
    "one label, forbid": (
        lambda: RNNClassifier(unseen_transitions="forbid").fit(X, np.arange(len(X)) % 2),
        "RNNClassifier.fit: unseen_transitions='forbid' has no effect on one label per sequence. "
        "Set return_sequences=True, or leave it at its default.",
    ),
    "class_weight": (
        lambda: tagger(crf=True, class_weight="balanced").fit(X, Y),
        "RNNClassifier.fit: class_weight='balanced' is not supported with crf=True, whose loss is "
        "that of whole sequences of labels. Set class_weight=None and pass sample_weight instead.",
    ),
    "label_smoothing": (
        lambda: tagger(crf=True, label_smoothing=0.1).fit(X, Y),
        "RNNClassifier.fit: label_smoothing=0.1 is not supported with crf=True, whose loss is that "
        "of whole sequences of labels. Set label_smoothing=0.",
    ),
    "tbptt_steps": (
        lambda: tagger(crf=True, tbptt_steps=5).partial_fit(X, Y),
        "RNNClassifier.partial_fit: tbptt_steps=5 is not supported with crf=True, whose loss needs "
        "all time steps of a sequence. Set tbptt_steps=None, or cut sequences into shorter ones.",
    ),
    "multilabel, crf": (
        lambda: tagger(crf=True).fit(X, INDICATORS),
        "RNNClassifier.fit: crf=True is for one label per time step, but y is a multilabel "
        "indicator. Leave it at its default.",
    ),
    "multilabel, forbid": (
        lambda: tagger(unseen_transitions="forbid").fit(X, INDICATORS),
        "RNNClassifier.fit: unseen_transitions='forbid' is for one label per time step, but y is a "
        "multilabel indicator. Leave it at its default.",
    ),
    "one class": (
        lambda: tagger(crf=True).fit(X, [["a"] * len(x) for x in X]),
        "RNNClassifier.fit: y has only one class, 'a'. A classifier needs at least two classes; "
        "check how y was made, or how the data was split.",
    ),
    "stream, crf": (
        lambda: tagger(crf=True, bidirectional=False).fit(X, Y).stream(),
        "RNNClassifier.stream: the model was fitted with crf=True, which chooses the labels of a "
        "sequence jointly, so they depend on later time steps. Pass method='decision_function', "
        "or fit with crf=False.",
    ),
    "stream, forbid": (
        lambda: tagger(unseen_transitions="forbid", bidirectional=False).fit(X, Y).stream(),
        "RNNClassifier.stream: the model was fitted with unseen_transitions='forbid', which "
        "chooses the labels of a sequence jointly, so they depend on later time steps. Pass "
        "method='predict_proba', or fit with unseen_transitions='allow'.",
    ),
    "later crf": (
        lambda: refit({}, {"crf": True}),
        "RNNClassifier.fit: crf was False when the network was built and is now True, but training "
        "continues with that network. Set crf back, or refit with warm_start=False.",
    ),
    "later forbid": (
        lambda: refit({}, {"unseen_transitions": "forbid"}),
        "RNNClassifier.fit: unseen_transitions was 'allow' when the network was built and is now "
        "'forbid', but training continues with that network. Set unseen_transitions back, or refit "
        "with warm_start=False.",
    ),
    "unknown label": (
        lambda: tagger(crf=True).fit(X, Y).score_samples(X[:1], [["Q"] * len(X[0])]),
        "RNNClassifier.score_samples: y contains labels ['Q'], which are not among the classes of "
        "the model, ['B-L', 'B-P', 'I-L', 'I-P', 'O']. Drop these samples, or refit with all "
        "labels.",
    ),
}


@pytest.mark.parametrize(("call", "message"), MESSAGES.values(), ids=MESSAGES)
def test_messages(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == message


def test_labels_of_another_number_of_steps_are_named():
    model = tagger(crf=True).fit(X, Y)
    with pytest.raises(ValueError, match=r"RNNClassifier\.score_samples: y\[0\] has 1 "):
        model.score_samples([np.zeros((3, 5))], [["O"]])
