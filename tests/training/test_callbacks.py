"""skorch and user callbacks: all run on every estimator, and none leaks into another fit."""

import json
import pickle
import sys
from functools import partial
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import skorch.callbacks
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import f1_score, get_scorer, make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    MlflowLogger,
    NeptuneLogger,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    ProgressBar,
    SacredLogger,
    TensorBoard,
    TrainEndCheckpoint,
    Unfreezer,
    WandbLogger,
    WarmRestartLR,
)

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer

RNG = np.random.default_rng(0)
N = 20
X = [RNG.normal(size=(n, 2)) for n in RNG.integers(2, 9, size=N)]
X_VAL = [RNG.normal(size=(n, 2)) for n in RNG.integers(2, 9, size=7)]
TOKENS = [RNG.integers(0, 5, size=n).tolist() for n in RNG.integers(2, 9, size=N)]
TOKENS_VAL = [RNG.integers(0, 5, size=n).tolist() for n in RNG.integers(2, 9, size=7)]


def labels(data):
    return np.array([("low", "middle", "high")[int(np.sum(x) * 7) % 3] for x in data])


def numbers(data):
    return np.array([5000.0 + 300.0 * np.sum(x) for x in data])


def wide(data):
    return np.column_stack([numbers(data), 0.01 * numbers(data) ** 2])


def indicator(data):
    return np.column_stack([[np.sum(x) > 0, np.size(x) > 9] for x in data]).T.astype(int)


def step_labels(data):
    return [np.where(x[:, 0] > 0, "up", "down") for x in data]


def step_numbers(data):
    return [200.0 + 30.0 * x[:, 0].cumsum() for x in data]


def words(data):
    return ["ab"[int(np.sum(x) > 0)] * (1 + len(x) % 3) for x in data]


def futures(data):
    return np.column_stack([numbers(data), -numbers(data), 2 * numbers(data)])


def ragged_futures(data):
    return [100.0 + 9.0 * x[: 1 + len(x) // 2] for x in data]


# An estimator, its parameters, X and X_val, and a function that returns y for them.
CASES = {
    "labels": (RNNClassifier, {}, (X, X_VAL), labels),
    "two classes": (RNNClassifier, {}, (X, X_VAL), lambda data: labels(data) == "low"),
    "multilabel": (RNNClassifier, {}, (X, X_VAL), indicator),
    "labels per step": (RNNClassifier, {"return_sequences": True}, (X, X_VAL), step_labels),
    "labels chosen jointly": (
        RNNClassifier,
        {"return_sequences": True, "crf": True, "unseen_transitions": "forbid"},
        (X, X_VAL),
        step_labels,
    ),
    "labels of tokens": (RNNClassifier, {"embedding_dim": 3}, (TOKENS, TOKENS_VAL), labels),
    "labels in chunks": (RNNClassifier, {"tbptt_steps": 3}, (X, X_VAL), labels),
    "numbers": (RNNRegressor, {}, (X, X_VAL), numbers),
    "two numbers": (RNNRegressor, {"loss": "gaussian"}, (X, X_VAL), wide),
    "rates": (RNNRegressor, {"loss": "poisson"}, (X, X_VAL), numbers),
    "numbers per step": (RNNRegressor, {"return_sequences": True}, (X, X_VAL), step_numbers),
    "words": (Seq2SeqTransformer, {}, (X, X_VAL), words),
    "words of tokens": (Seq2SeqTransformer, {}, (TOKENS, TOKENS_VAL), words),
    "futures": (Seq2SeqTransformer, {}, (X, X_VAL), futures),
    "ragged futures": (Seq2SeqTransformer, {}, (X, X_VAL), ragged_futures),
}


def small(case="labels", **params):
    kind, own, _, _ = CASES[case]
    defaults = {"hidden_size": 4, "max_epochs": 3, "batch_size": 6, "random_state": 0}
    if kind is RNNClassifier:
        defaults["calibrate"] = False  # it changes weights after the callbacks have seen them
    return kind(**{**defaults, **own, **params})


def fitted(case="labels", *, validated=True, **params):
    _, _, (data, data_val), target = CASES[case]
    model = small(case, **params)
    if not validated:
        return model.fit(data, target(data))
    return model.fit(data, target(data), X_val=data_val, y_val=target(data_val))


def own(model, name):
    """The callback that fit used."""
    return dict(model.net_.callbacks_)[name]


def is_classifier(case):
    return CASES[case][3] not in (numbers, wide, step_numbers, futures, ragged_futures)


def weights_of(model):
    return {name: value.numpy().copy() for name, value in model.module_.state_dict().items()}


def assert_same_weights(one, other):
    found, expected = weights_of(one), weights_of(other)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert_array_equal(value, expected[name], err_msg=name)


# --- all of skorch's ----------------------------------------------------------------------------


class Heard:
    """Stub of the objects that loggers write to: records every call by name."""

    def __init__(self, folder=None):
        self.calls, self.dir = [], folder
        self.info = SimpleNamespace(run_id="run")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return partial(self.hear, name)

    def hear(self, name, *args, **kwargs):
        self.calls.append((name, args, kwargs))

    def __getitem__(self, key):
        return self

    def __setitem__(self, key, value):
        self.calls.append((key, (value,), {}))


@pytest.fixture
def neptune(monkeypatch):
    """Stub of the parts of neptune that skorch imports, which is not installed."""
    types, handler = ModuleType("neptune.types"), ModuleType("neptune.handler")
    types.File = SimpleNamespace(from_content=lambda text, extension: text)
    handler.Handler = type("Handler", (), {})
    for module in (ModuleType("neptune"), types, handler):
        monkeypatch.setitem(sys.modules, module.__name__, module)


def unchanged(parameter):
    """Importable, as required for pickling."""


def all_callbacks(case, folder, *, validated):
    scoring = "accuracy" if is_classifier(case) else "r2"
    run = Heard(folder)
    saved = Checkpoint(monitor="train_loss_best", dirname=str(folder / "best"), f_pickle="net.pkl")
    callbacks = [
        EpochTimer(),
        EpochScoring(scoring, lower_is_better=False),
        EpochScoring(scoring, on_train=True, use_caching=False, name="uncached"),
        EpochScoring(None, name="own", on_train=True),
        BatchScoring(scoring, on_train=True, name="of_batches"),
        BatchScoring(scoring, use_caching=False, name="of_valid_batches"),
        PassthroughScoring("train_loss", on_train=True),
        saved,
        LoadInitState(saved),
        TrainEndCheckpoint(dirname=str(folder / "end")),
        EarlyStopping("train_loss", patience=9),
        LRScheduler("StepLR", step_size=2),
        GradientNormClipping(1.0),
        ParamMapper("head*", fn=unchanged),
        Freezer("*bias*"),
        Unfreezer("*bias*", at=2),
        Initializer("*head*", fn=unchanged),
        PrintLog(sink=run.heard),
        ProgressBar(),
        TensorBoard(run),
        SacredLogger(run, log_on_batch_end=True),
        MlflowLogger(run, run, log_on_batch_end=True),
        NeptuneLogger(run, log_on_batch_end=True),
    ]
    if validated:
        callbacks.append(WandbLogger(run))
    return callbacks, run


# The base class; callbacks that raise; a policy for LRScheduler.
NOT_RUN = {Callback, InputShapeSetter, WarmRestartLR}


@pytest.mark.parametrize("validation", ["none", "passed", "held out"])
@pytest.mark.parametrize("case", CASES)
def test_all_callbacks_of_skorch_run(case, validation, tmp_path, neptune):
    validated = validation != "none"
    callbacks, run = all_callbacks(case, tmp_path, validated=validated)
    if validation == "passed":
        run_kinds = {type(callback) for callback in callbacks} | NOT_RUN
        assert run_kinds == {getattr(skorch.callbacks, name) for name in skorch.callbacks.__all__}
    model = fitted(
        case,
        validated=validation == "passed",
        callbacks=callbacks,
        lr_schedule="constant",
        early_stopping=validation == "held out",
        validation_fraction=0.3,
        n_iter_no_change=9,
    )
    name = "accuracy" if is_classifier(case) else "r2"
    expected = {"dur", "uncached", "own", "of_batches", "event_lr", "event_cp", "train_loss"}
    if validated:
        expected |= {name, f"{name}_best", "of_valid_batches", "valid_loss"}
    assert len(model.net_.history) == 3
    for row in model.net_.history:
        assert expected <= row.keys()
        assert all(np.isfinite(row[key]) for key in expected)
        n_batches = row["train_batch_count"] + row.get("valid_batch_count", 0)
        assert len(row["batches"]) == n_batches == own(model, "ProgressBar").batches_per_epoch
    for folder, prefix in (("best", ""), ("end", "train_end_")):
        for file in ("params.pt", "optimizer.pt", "criterion.pt", "history.json"):
            assert (tmp_path / folder / f"{prefix}{file}").exists()
    heard = {call for call, _, _ in run.calls}
    assert {"heard", "add_scalar", "log_scalar", "log_metric", "log_artifact", "stop"} <= heard
    assert ("log" in heard) == validated


def test_callbacks_do_not_change_training(tmp_path, neptune):
    changing = (GradientNormClipping, LRScheduler, Freezer, Unfreezer, EarlyStopping)
    callbacks, _ = all_callbacks("labels", tmp_path, validated=True)
    callbacks = [callback for callback in callbacks if not isinstance(callback, changing)]
    model = fitted(callbacks=callbacks, lr_schedule="constant")
    plain = fitted(lr_schedule="constant")
    assert_same_weights(model, plain)
    assert_allclose(model.loss_curve_, plain.loss_curve_, rtol=1e-6)
    assert model.validation_curve_ == plain.validation_curve_


# --- inputs of scorers --------------------------------------------------------------------------


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("case", [name for name in CASES if CASES[name][0] != Seq2SeqTransformer])
def test_scores_equal_those_of_the_estimator(case, cached):
    _, _, (data, data_val), target = CASES[case]
    scoring = "accuracy" if is_classifier(case) else "r2"
    callbacks = [
        ("valid", EpochScoring(scoring, name="valid", use_caching=cached)),
        ("none", EpochScoring(None, name="none", use_caching=cached)),
        ("train", EpochScoring(scoring, name="train", on_train=True, use_caching=False)),
    ]
    model = fitted(case, callbacks=callbacks)
    row = model.net_.history[-1]
    expected = model.score(data_val, target(data_val))
    assert row["valid"] == pytest.approx(expected, abs=1e-5)
    assert row["none"] == pytest.approx(expected, abs=1e-5)
    assert row["train"] == pytest.approx(model.score(data, target(data)), abs=1e-5)
    if is_classifier(case):
        assert row["valid"] == pytest.approx(row["valid_score"])


@pytest.mark.parametrize(
    ("case", "scoring"),
    [
        ("labels", "f1_macro"),
        ("labels", "neg_log_loss"),
        ("labels", "roc_auc_ovr"),
        ("two classes", "roc_auc"),
        ("two classes", "average_precision"),
        ("two classes", "f1"),
        ("multilabel", "f1_samples"),
        ("numbers", "neg_mean_absolute_error"),
        ("numbers", "neg_root_mean_squared_error"),
        ("two numbers", "neg_mean_absolute_error"),
        ("rates", "neg_mean_poisson_deviance"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scorers_of_scikit_learn_agree_on_net_and_estimator(case, scoring):
    _, _, (_, data_val), target = CASES[case]
    model = fitted(case, callbacks=[EpochScoring(scoring, lower_is_better=False)])
    expected = get_scorer(scoring)(model, data_val, target(data_val))
    assert model.net_.history[-1, scoring] == pytest.approx(expected, rel=1e-4)
    assert isinstance(model.net_.history[-1, f"{scoring}_best"], bool)


def test_multilabel_scores_are_of_both_labels():
    y, y_val = np.arange(2 * N).reshape(N, 2) % 3 // 2, np.arange(14).reshape(7, 2) % 3 // 2
    model = small(callbacks=[EpochScoring("roc_auc")]).fit(X, y, X_val=X_VAL, y_val=y_val)
    expected = roc_auc_score(y_val, model.predict_proba(X_VAL))
    assert model.net_.history[-1, "roc_auc"] == pytest.approx(expected, abs=1e-6)


def test_scores_per_step_are_of_all_steps():
    scoring = EpochScoring("f1_macro")
    model = fitted("labels per step", callbacks=[scoring])
    truth, predicted = np.concatenate(step_labels(X_VAL)), np.concatenate(model.predict(X_VAL))
    expected = f1_score(truth, predicted, average="macro")
    assert model.net_.history[-1, "f1_macro"] == pytest.approx(expected)


def test_scores_of_futures_are_in_the_unit_of_y():
    def largest(net, data, y):
        seen.append((net.predict(data), y))
        return float(np.abs(y).max())

    for case, features in (("futures", ()), ("ragged futures", (2,))):
        seen = []
        model = fitted(case, callbacks=[EpochScoring(largest)])
        target = CASES[case][3](X_VAL)
        steps = sum(map(len, target))
        assert all(p.shape == t.shape == (steps, *features) for p, t in seen)
        assert model.net_.history[-1, "largest"] == pytest.approx(
            np.abs(np.concatenate(target)).max()
        )


def test_callables_see_class_indices():
    def seen(net, data, y):
        assert len(data) == len(X_VAL)
        assert_array_equal(y, data.y)
        assert_array_equal([target for _, target in data], y)
        assert sorted(len(x) for x, _ in data) == sorted(map(len, X_VAL))
        assert_array_equal(net.predict_proba(data).argmax(axis=1), net.predict(data))
        assert_allclose(net.forward(data).shape, (len(data), 3))
        return float(np.mean(net.predict(data) == y))

    model = fitted(callbacks=[EpochScoring(seen, use_caching=False)])
    row = model.net_.history[-1]
    assert row["seen"] == pytest.approx(row["valid_score"])
    score = make_scorer(f1_score, average="macro", labels=[0, 2])
    model = fitted(callbacks=[EpochScoring(score, name="some")])
    expected = f1_score(
        labels(X_VAL), model.predict(X_VAL), average="macro", labels=model.classes_[[0, 2]]
    )
    assert model.net_.history[-1, "some"] == pytest.approx(expected)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("on_train", [True, False])
def test_batch_scores_are_averaged_by_their_rows(on_train, cached):
    class Collecting(Callback):
        def on_train_begin(self, net, **kwargs):
            self.batches_ = []

        def on_batch_end(self, net, batch, training, y_pred, **kwargs):
            _, y = batch
            if training == on_train and len(net.history) == 3:
                error = np.abs(net.readout_.predict(y_pred.numpy()) - y.numpy()).mean()
                self.batches_.append((error, len(y)))

    score = BatchScoring(
        "neg_mean_absolute_error", on_train=on_train, use_caching=cached, name="error"
    )
    model = fitted("numbers", callbacks=[score, Collecting()], dropout=0.0, head_norm=None)
    errors, rows = zip(*own(model, "Collecting").batches_, strict=True)
    found = -model.net_.history[-1, "error"]
    if cached or not on_train:
        assert found == pytest.approx(np.average(errors, weights=rows), rel=1e-4)
    else:  # predicted again, after the step
        assert 0 < found < np.average(errors, weights=rows)
    part = "train" if on_train else "valid"
    sizes = model.net_.history[-1, "batches", :, f"{part}_batch_size"]
    assert sum(sizes) == len(X if on_train else X_VAL)


def test_predicting_within_training_does_not_change_it():
    def asks(net, data, y):
        net.predict(data)
        return 0.0

    callbacks = [
        BatchScoring(asks, on_train=True, use_caching=False, name="by_batch"),
        EpochScoring(asks, on_train=True, use_caching=False, name="by_epoch"),
    ]
    params = {"dropout": 0.5, "early_stopping": True}
    assert_same_weights(fitted(callbacks=callbacks, **params), fitted(**params))


def test_batch_history_exists_without_listeners():
    class Reading(Callback):
        def on_epoch_end(self, net, **kwargs):
            batches = net.history[-1, "batches", :, ["train_loss", "train_batch_size"]]
            losses, rows = zip(*batches, strict=True)
            assert np.average(losses, weights=rows) == pytest.approx(net.history[-1, "train_loss"])

    model = fitted(callbacks=[Reading()])
    assert [len(row["batches"]) for row in model.net_.history] == [5, 5, 5]
    assert all(not row["batches"] for row in fitted().net_.history)


def test_net_predicts_only_data_passed_to_callbacks():
    def raw(net, data, y):
        return net.predict(X_VAL)

    with pytest.raises(TypeError, match="To score other sequences while training, pass them to"):
        fitted(callbacks=[EpochScoring(raw)])
    with pytest.raises(TypeError, match="Call the estimator's predict"):
        fitted().net_.predict(X_VAL)


# --- progress bar -------------------------------------------------------------------------------


class Watching(ProgressBar):
    """Records the position of the bar at the end of each epoch."""

    def __init__(self, reached):
        super().__init__()
        self.reached = reached

    def on_epoch_end(self, net, **kwargs):
        self.reached.append((self.pbar_.n, self.pbar_.total))
        super().on_epoch_end(net, **kwargs)


@pytest.mark.parametrize(("n_rows", "n_batches"), [(5, 1), (12, 2), (13, 2), (17, 3), (20, 4)])
def test_progress_bar_ends_at_its_total(n_rows, n_batches, capsys):
    reached = []
    data = RNG.normal(size=(n_rows, 4))
    small(callbacks=[Watching(reached)]).fit(data, np.arange(n_rows) % 2)
    assert reached == [(n_batches, n_batches)] * 3


def test_progress_bar_counts_batches_of_validation(capsys):
    reached = []
    data = RNG.normal(size=(2500, 30))  # validation takes three batches
    model = small(callbacks=[Watching(reached)], batch_size=20, max_epochs=1)
    model.fit(data[:40], np.arange(40) % 2, X_val=data, y_val=np.arange(2500) % 2)
    assert reached == [(5, 5)]


def test_progress_bar_of_an_interrupted_epoch_is_removed(capsys):
    class Interrupting(Callback):
        def on_batch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    with pytest.warns(ConvergenceWarning, match="interrupted in epoch 1 of 3"):
        model = fitted(callbacks=[ProgressBar(), Interrupting()])
    assert own(model, "ProgressBar").pbar_.disable


# --- checkpoints --------------------------------------------------------------------------------


def test_checkpoint_restores_the_best_epoch(tmp_path):
    class Getting(Callback):
        """Marks the second epoch as the best."""

        def on_epoch_end(self, net, **kwargs):
            net.history.record("second", len(net.history) == 2)

    saved = Checkpoint(monitor="second", dirname=str(tmp_path), load_best=True)
    model = fitted(callbacks=[Getting(), saved], lr_schedule="constant", max_epochs=4)
    assert model.best_epoch_ == model.n_iter_ == 2
    assert_same_weights(model, fitted(lr_schedule="constant", max_epochs=2))


def test_early_stopping_of_skorch_restores_the_best_epoch():
    stop = EarlyStopping(monitor="train_loss", lower_is_better=False, patience=2, load_best=True)
    model = fitted(callbacks=[stop], lr_schedule="constant", max_epochs=9)
    best = int(np.argmax(model.loss_curve_)) + 1
    assert model.best_epoch_ == best < model.n_iter_
    assert_same_weights(model, fitted(lr_schedule="constant", max_epochs=best))


def test_epoch_in_which_a_callback_stops_is_the_one_that_is_kept():
    stop = EarlyStopping("train_loss", patience=2, threshold=1e9, sink=noop)
    model = fitted(callbacks=[stop], lr_schedule="constant", max_epochs=9)
    assert model.best_epoch_ == model.n_iter_ == 3
    assert_same_weights(model, fitted(lr_schedule="constant", max_epochs=3))


@pytest.mark.parametrize("kind", [Checkpoint, TrainEndCheckpoint])
def test_training_goes_on_from_a_checkpoint(kind, tmp_path):
    def callbacks():
        saved = kind(dirname=str(tmp_path), f_optimizer=None)
        if kind is Checkpoint:
            saved.monitor = None
        return [saved, LoadInitState(saved)]

    params = {"lr_schedule": "constant", "weight_decay": 0.0}
    first = fitted(callbacks=callbacks(), **params)
    again = fitted(callbacks=callbacks(), lr=1e-12, **params)
    assert len(first.net_.history) == first.n_iter_ == 3
    assert len(again.net_.history) == again.n_iter_ == again.best_epoch_ == 6
    assert again.loss_curve_[:3] == first.loss_curve_
    weights = weights_of(first)
    for name, value in again.module_.named_parameters():
        assert_allclose(value.detach(), weights[name], atol=1e-9)


@pytest.mark.parametrize("case", ["labels", "words"])
def test_pickle_of_a_checkpoint_loads(case, tmp_path):
    saved = Checkpoint(monitor=None, dirname=str(tmp_path), f_pickle="net.pkl")
    model = fitted(case, callbacks=[saved], lr_schedule="constant", warm_start=True)
    with open(tmp_path / "net.pkl", "rb") as file:
        net = pickle.load(file)
    for name, value in model.module_.state_dict().items():
        assert torch.equal(value, net.module_.state_dict()[name])
    assert len(net.history) == 3
    history = json.loads((tmp_path / "history.json").read_text())
    assert history[-1]["train_loss"] == model.loss_curve_[-1]


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_interrupted_training_is_saved(batch, tmp_path):
    class Interrupting(Callback):
        def on_train_begin(self, net, **kwargs):
            self.seen_ = 0

        def on_batch_begin(self, net, **kwargs):
            self.seen_ += 1
            if self.seen_ == batch:
                raise KeyboardInterrupt

    stop = EarlyStopping("train_loss", load_best=True)
    callbacks = [Interrupting(), TrainEndCheckpoint(dirname=str(tmp_path)), stop]
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model = fitted(callbacks=callbacks)
    assert (tmp_path / "train_end_params.pt").exists()
    assert model.n_iter_ == len(model.net_.history) == (batch - 1) // 6


# --- learning rates, weights --------------------------------------------------------------------


@pytest.mark.parametrize(
    "scheduler",
    [
        LRScheduler(),
        LRScheduler(WarmRestartLR, min_lr=1e-3, max_lr=1e-2, base_period=2),
        LRScheduler("ExponentialLR", gamma=0.5, step_every="batch"),
        LRScheduler("CyclicLR", base_lr=1e-3, max_lr=1e-2, step_every="batch"),
        LRScheduler("CosineAnnealingLR", T_max=3),
        LRScheduler("ReduceLROnPlateau", patience=0, threshold=1e9),
        LRScheduler("ReduceLROnPlateau", monitor="valid_loss", patience=0, threshold=1e9),
        LRScheduler(
            "ReduceLROnPlateau",
            monitor=lambda net: net.history[-1, "train_loss"],
            patience=0,
            threshold=1e9,
        ),
        LRScheduler("ReduceLROnPlateau", step_every="batch", patience=0, threshold=1e9),
    ],
    ids=lambda scheduler: f"{scheduler.policy} {scheduler.step_every}",
)
def test_learning_rate_schedulers_set_the_rate(scheduler):
    class Watching(Callback):
        def on_batch_end(self, net, training, **kwargs):
            if training:
                rates.append(net.optimizer_.param_groups[0]["lr"])

    rates = []
    model = fitted(callbacks=[Watching(), scheduler], lr_schedule="constant", max_epochs=4)
    assert len(rates) == 4 * model.net_.history[0]["train_batch_count"]
    assert len(set(rates)) > (4 if scheduler.step_every == "batch" else 1)
    # It continues from its state.
    model.set_params(warm_start=True).fit(X, labels(X), X_val=X_VAL, y_val=labels(X_VAL))


def test_unfreezer_trains_a_frozen_embedding():
    vectors = RNG.normal(size=(5, 3))

    def table(*callbacks):
        model = fitted(
            "labels of tokens",
            embedding_weights=vectors,
            freeze_embedding=True,
            callbacks=list(callbacks),
        )
        return model.module_.encoder.embedding.embedding.weight.detach().numpy()

    assert_array_equal(table(), vectors.astype(np.float32))
    thawed = table(Unfreezer("encoder.embedding*", at=2))
    assert np.abs(thawed - vectors).max() > 1e-5


def test_mapper_and_initializer_reach_weights():
    def scale(parameter):
        with torch.no_grad():
            parameter.zero_()

    mapped = ParamMapper("head.linear*", schedule=lambda net: scale, fn=None)
    model = fitted(callbacks=[mapped], max_epochs=1, lr=1e-9, lr_schedule="constant")
    assert np.abs(weights_of(model)["head.linear.weight"]).max() < 1e-6
    filled = Initializer("head.linear.weight", fn=lambda p: torch.nn.init.constant_(p, 3.0))
    model = fitted(callbacks=[filled], lr=1e-9, lr_schedule="constant")
    assert_allclose(weights_of(model)["head.linear.weight"], 3.0, atol=1e-5)


# --- loggers ------------------------------------------------------------------------------------


def test_loggers_write_every_epoch_to_the_given_object(neptune, tmp_path):
    runs = {name: Heard(tmp_path) for name in ("board", "sacred", "mlflow", "neptune", "wandb")}
    callbacks = [
        TensorBoard(runs["board"]),
        SacredLogger(runs["sacred"]),
        MlflowLogger(runs["mlflow"], runs["mlflow"]),
        NeptuneLogger(runs["neptune"]),
        WandbLogger(runs["wandb"]),
    ]
    model = fitted(callbacks=callbacks)
    losses = model.loss_curve_
    scalars = [kwargs for name, _, kwargs in runs["board"].calls if name == "add_scalar"]
    assert [c["scalar_value"] for c in scalars if c["tag"] == "Loss/train_loss"] == losses
    logged = [args for name, args, _ in runs["sacred"].calls if name == "log_scalar"]
    assert [value for name, value, _ in logged if name == "train_loss"] == losses
    logged = [args for name, args, _ in runs["mlflow"].calls if name == "log_metric"]
    assert [value for _, name, value in logged if name == "train_loss"] == losses
    config = {name: args[0] for name, args, _ in runs["neptune"].calls if "config" in name}
    assert config["config/epochs"] == 3
    assert config["config/batch_size"] == 6
    assert config["config/lr"] == model.lr
    rows = [args[0] for name, args, _ in runs["wandb"].calls if name == "log"]
    assert [row["train_loss"] for row in rows] == losses
    assert (tmp_path / "best_model.pth").exists()


# --- messages -----------------------------------------------------------------------------------


class Half:
    """Has one of a callback's methods."""

    def on_train_begin(self, net, **kwargs):
        pass


class Broken(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise ZeroDivisionError("no luck")


MESSAGES = {
    "no shape to set": (
        {"callbacks": [InputShapeSetter()]},
        "callback 'InputShapeSetter' sets the input size of a module, which is inferred from X "
        "here. Leave it out: every fit builds its network for the features of X.",
    ),
    "two schedules": (
        {"callbacks": [("rate", LRScheduler)]},
        "callback 'rate' sets the learning rate, but lr_schedule='one_cycle' sets it before every "
        "step, so the callback would have no effect. Set lr_schedule='constant', or leave the "
        "callback out.",
    ),
    "a function too": (
        {"callbacks": [LRScheduler()], "lr_schedule": np.cos},
        "callback 'LRScheduler' sets the learning rate, but lr_schedule=cos sets it before every "
        "step, so the callback would have no effect. Set lr_schedule='constant', or leave the "
        "callback out.",
    ),
    "half a callback": (
        {"callbacks": [Half]},
        f"callbacks contains {Half!r}, which is not a skorch callback. Pass instances of "
        "subclasses of skorch.callbacks.Callback, or pairs (name, callback).",
    ),
    "a policy": (
        {"callbacks": [WarmRestartLR]},
        f"callbacks contains {WarmRestartLR!r}, which is not a skorch callback. Pass instances of "
        "subclasses of skorch.callbacks.Callback, or pairs (name, callback).",
    ),
    "a number instead": (
        {"callbacks": [EpochTimer()], "callbacks__EpochTimer": 3},
        "callbacks__EpochTimer is 3, which is not a skorch callback. Pass instances of subclasses "
        "of skorch.callbacks.Callback, or pairs (name, callback).",
    ),
    "one name twice": (
        {"callbacks": [("a", EpochTimer()), ("a", PrintLog())]},
        "callbacks has two items named 'a'. Pass unique names.",
    ),
    "a class that needs arguments": (
        {"callbacks": [EpochScoring]},
        "callbacks cannot be set up: ScoringBase.__init__() missing 1 required positional "
        "argument: 'scoring'. Pass each with arguments that its own documentation allows.",
    ),
    "an invalid epoch": (
        {"callbacks": [Freezer("*", at=0)]},
        "callbacks cannot be set up: Invalid value for `at` (at=0). The first possible epoch "
        "number is 1. Pass each with arguments that its own documentation allows.",
    ),
    "nothing to monitor": (
        {"callbacks": [EarlyStopping()]},
        "callback 'EarlyStopping' looked for 'valid_loss' in the history of training, which has "
        "'epoch', 'event_lr', 'train_batch_count', 'train_loss', 'train_loss_best'. There are no "
        "validation data: pass X_val and y_val or set early_stopping=True, or name one of these.",
    ),
    "nothing to save": (
        {"callbacks": [Checkpoint()]},
        "callback 'Checkpoint' looked for 'valid_loss_best' in the history of training, which has "
        "'epoch', 'event_lr', 'train_batch_count', 'train_loss', 'train_loss_best'. There are no "
        "validation data: pass X_val and y_val or set early_stopping=True, or name one of these.",
    ),
    "nothing to upload": (
        {"callbacks": [WandbLogger(Heard())]},
        "callback 'WandbLogger' looked for 'valid_loss_best' in the history of training, which has "
        "'epoch', 'event_lr', 'train_batch_count', 'train_loss', 'train_loss_best'. There are no "
        "validation data: pass X_val and y_val or set early_stopping=True, or name one of these.",
    ),
    "misspelt": (
        {"callbacks": [LRScheduler("ReduceLROnPlateau", "los")], "lr_schedule": "constant"},
        "callback 'LRScheduler' looked for 'los' in the history of training, which has 'epoch', "
        "'event_lr', 'train_batch_count', 'train_loss', 'train_loss_best'. There are no validation "
        "data: pass X_val and y_val or set early_stopping=True, or name one of these.",
    ),
}


@pytest.mark.parametrize("case", ["labels", "numbers", "words"])
@pytest.mark.parametrize(("params", "message"), MESSAGES.values(), ids=MESSAGES)
def test_incompatible_callbacks_raise(params, message, case):
    kind = CASES[case][0].__name__
    with pytest.raises((TypeError, ValueError)) as raised:
        fitted(case, validated=False, **params)
    assert str(raised.value) == f"{kind}.fit: {message}"


def test_missing_score_is_named_with_validation_data_too():
    with pytest.raises(ValueError, match="put the callback that records it before this one"):
        fitted(callbacks=[EarlyStopping("accuracy"), EpochScoring("accuracy")])


def test_errors_of_callbacks_name_the_callback():
    with pytest.raises(ZeroDivisionError, match="no luck") as raised:
        fitted(callbacks=[("mine", Broken())])
    assert raised.value.__notes__ == [
        "RNNClassifier.fit: raised by callback 'mine' in on_epoch_end."
    ]


def test_deactivated_callback_is_not_refused():
    fitted(callbacks=[LRScheduler()], callbacks__LRScheduler=None)


def test_partial_fit_accepts_a_scheduler():
    scheduler = LRScheduler("ExponentialLR", gamma=0.5)
    model = small(callbacks=[scheduler]).partial_fit(X, labels(X))
    assert model.net_.history[-1, "event_lr"] == model.lr


def test_parameters_that_a_callback_keeps_are_known():
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.5)
    params = {"callbacks": [scheduler], "lr_schedule": "constant"}
    model = fitted(callbacks__LRScheduler__gamma=0.25, **params)
    assert own(model, "LRScheduler").gamma == 0.25
    assert scheduler.gamma == 0.5
    with pytest.raises(TypeError, match="Did you mean 'callbacks__LRScheduler__gamma'"):
        fitted(callbacks__LRScheduler__gama=0.25, **params)


# --- copies -------------------------------------------------------------------------------------


class Noting(Callback):
    """Writes to an object of the user, and sets an attribute."""

    def __init__(self, sink, mark=None):
        self.sink = sink
        self.mark = mark

    def on_train_begin(self, net, **kwargs):
        self.epochs_ = 0

    def on_epoch_end(self, net, **kwargs):
        self.epochs_ += 1
        self.sink.append(self.mark)


@pytest.mark.parametrize("case", ["labels", "numbers", "words"])
def test_fit_works_on_shallow_copies(case):
    sink = []
    callback = Noting(sink)
    model = fitted(case, callbacks=(callback,))
    assert model.callbacks[0] is callback
    assert not hasattr(callback, "epochs_")
    assert own(model, "Noting").epochs_ == 3
    assert own(model, "Noting").sink is sink
    assert len(sink) == 3
    assert clone(model).callbacks[0] is not callback
    assert clone(model).callbacks[0].sink is sink
    assert isinstance(clone(model).callbacks, tuple)


def test_clone_copies_all_forms_of_callbacks():
    sink = []
    callback, scoring = Noting(sink), EpochScoring("accuracy")
    checkpoint = Checkpoint()
    model = small(
        callbacks=[callback, ("named", scoring), EpochTimer, checkpoint, LoadInitState(checkpoint)],
        callbacks__named=Noting(sink),
        callbacks__Noting__sink=sink,
        embedding_weights=np.eye(3),
    )
    cloned = clone(model)
    assert cloned.callbacks[0] is not callback
    assert cloned.callbacks[0].sink is sink
    name, copied = cloned.callbacks[1]
    assert name == "named"
    assert copied is not scoring
    assert vars(copied) == vars(scoring)
    assert cloned.callbacks[2] is EpochTimer
    assert cloned.callbacks[4].checkpoint is cloned.callbacks[3] is not checkpoint
    assert cloned.callbacks__Noting__sink is sink
    assert cloned.callbacks__named is not model.callbacks__named
    assert cloned.callbacks__named.sink is sink
    assert cloned.embedding_weights is not model.embedding_weights
    assert clone(small(callbacks=None)).callbacks is None
    assert clone(small(callbacks=3)).callbacks == 3  # for which fit raises
    assert list(cloned.get_params()) == list(model.get_params())


def test_clone_equals_that_of_scikit_learn():
    encoder = Seq2SeqTransformer(transform_method="encode", callbacks=[EpochTimer()])
    encoder.set_output(transform="pandas")
    assert clone(encoder)._sklearn_output_config == {"transform": "pandas"}
    with config_context(enable_metadata_routing=True):
        model = small(callbacks=[EpochTimer()]).set_fit_request(sample_weight=True)
        request = clone(model).get_metadata_routing()
        assert request.fit.requests == model.get_metadata_routing().fit.requests
        assert request.fit.requests["sample_weight"] is True


def test_nothing_leaks_from_one_fit_to_the_next(tmp_path):
    callbacks = [
        EpochScoring("accuracy", lower_is_better=False),
        EpochScoring("accuracy", name="lower"),
        BatchScoring("accuracy", name="of_batches"),
        PassthroughScoring("valid_loss"),
        EpochTimer(),
        EarlyStopping("train_loss", patience=9, load_best=True),
        Checkpoint(dirname=str(tmp_path)),
        LRScheduler("StepLR", step_size=1),
        Freezer("*bias*", at=2),
        PrintLog(sink=lambda text: None),
        ProgressBar(),
        Noting([]),
    ]
    before = [dict(vars(callback)) for callback in callbacks]
    model = small(callbacks=callbacks, lr_schedule="constant")

    def history():
        model.fit(X, labels(X), X_val=X_VAL, y_val=labels(X_VAL))
        return [{key: v for key, v in row.items() if key != "dur"} for row in model.net_.history]

    assert history() == history()
    assert [vars(callback) for callback in callbacks] == before


def test_parameters_are_set_on_copies():
    sink = []
    callback = Noting(sink, mark="user's")
    model = fitted(callbacks=[callback], callbacks__Noting__mark="set")
    assert sink == ["set"] * 3
    assert callback.mark == "user's"
    model.set_params(callbacks__Noting__mark="again").fit(X, labels(X))
    assert sink[3:] == ["again"] * 3
    replaced = Noting(sink, mark="other")
    small(callbacks=[callback], callbacks__Noting=replaced).fit(X, labels(X))
    assert sink[6:] == ["other"] * 3
    assert not hasattr(replaced, "epochs_")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_search_over_parameters_of_callbacks(n_jobs):
    stop = EarlyStopping("train_loss", patience=1, threshold=1e9, sink=noop)
    search = GridSearchCV(
        small(callbacks=[stop, EpochTimer()], max_epochs=9),
        {"callbacks__EarlyStopping__patience": [1, 2]},
        cv=2,
        n_jobs=n_jobs,
        error_score="raise",
    )
    search.fit(np.array([x[:2] for x in X]), np.arange(N) % 2)
    assert (
        search.best_estimator_.n_iter_
        == 1 + search.best_params_["callbacks__EarlyStopping__patience"]
    )
    assert vars(stop)["patience"] == 1
    assert stop.misses_ == 0


def noop(text):
    """Importable, as required in another process."""


def test_pair_of_checkpoint_and_loader_survives_a_search(tmp_path):
    end = TrainEndCheckpoint(dirname=str(tmp_path))
    model = small(callbacks=[end, LoadInitState(end)], lr_schedule="constant")
    scores = cross_val_score(model, np.array([x[:2] for x in X]), np.arange(N) % 2, cv=2)
    assert np.isfinite(scores).all()
    assert not hasattr(end, "checkpoint_")


# --- Optuna -------------------------------------------------------------------------------------


@pytest.fixture
def study():
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.ThresholdPruner(upper=-1.0)  # every score is too high
    return optuna.create_study(direction="maximize", pruner=pruner)


def pruning(trial, monitor="valid_score"):
    return pytest.importorskip("optuna_integration").SkorchPruningCallback(trial, monitor)


@pytest.mark.parametrize("case", ["labels", "numbers", "words"])
def test_optuna_prunes_a_fit(case, study):
    models = []

    def objective(trial):
        models.append(small(case, callbacks=[pruning(trial)], lr_schedule="constant"))
        _, _, (data, data_val), target = CASES[case]
        models[-1].fit(data, target(data), X_val=data_val, y_val=target(data_val))
        return 0.0

    threshold = -1.0 if case == "labels" else -1e9
    study.pruner = type(study.pruner)(upper=threshold)
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]
    assert all(list(trial.intermediate_values) == [0] for trial in study.trials)
    assert not hasattr(models[0], "net_")


def test_optuna_prunes_a_cross_validation(study):
    def objective(trial):
        lr = trial.suggest_float("lr", 1e-3, 1e-1, log=True)
        model = small(callbacks=[("prune", pruning(trial, "train_loss"))], lr=lr)
        data = np.array([x[:2] for x in X])
        return cross_val_score(model, data, np.arange(N) % 2, cv=2, error_score="raise").mean()

    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]
    assert all(list(trial.intermediate_values) == [0] for trial in study.trials)


def test_optuna_receives_every_epoch_of_a_complete_trial(study):
    def objective(trial):
        model = fitted(callbacks=[pruning(trial)])
        reported.append(model.validation_curve_)
        return model.validation_curve_[-1]

    study.pruner = pytest.importorskip("optuna").pruners.NopPruner()
    reported = []
    study.optimize(objective, n_trials=1)
    assert study.trials[0].state.name == "COMPLETE"
    assert list(study.trials[0].intermediate_values.values()) == reported[0]


def test_unknown_monitor_of_optuna_is_named(study):
    with pytest.raises(ValueError, match="looked for 'val_acc' in the history of training"):
        fitted(callbacks=[pruning(study.ask(), "val_acc")])
