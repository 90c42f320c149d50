"""Every constructor parameter has its documented effect; those without effect raise an error."""

import inspect
import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import sklearn.utils._testing as sklearn_testing
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
)
from torch import nn

from sk_rnn import Panel, RNNClassifier, RNNRegressor
from sk_rnn.datasets import make_memory_task
from sk_rnn.modules import POOLINGS

from .table import ESTIMATORS, each_estimator, every_estimator

_rng = np.random.default_rng(0)
N = 24
X = [_rng.normal(loc=2.0, size=(n, 2)) for n in _rng.integers(2, 8, size=N)]
LABELS = np.arange(N) % 3
NUMBERS = _rng.normal(size=N) + [x[0, 0] for x in X]
IDS = [_rng.integers(0, 6, size=len(x)) for x in X]
PADDED = np.zeros((N, 8))
for row, x in zip(PADDED, X, strict=True):
    row[: len(x)] = x[:, 0]
VECTORS = _rng.normal(size=(6, 3))


WORDS = [[f"word{i}" for i in ids] for ids in IDS]
DATA = {"series": X, "tokens": Panel.from_sequences(IDS), "padded": PADDED, "words": WORDS}
DATA["text"] = [" ".join(words) for words in WORDS]


def make(record, **params):
    small = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    return record.estimator(**{**small, **params})


def fit(record, kind="series", **params):
    """Return a model fitted to data of this kind."""
    data = DATA[kind]
    reads = record.reads_tokens if kind == "tokens" else record.reads_series
    return make(record, **{**reads, **params}).fit(data, record.y_for(data))


def small(kind, **params):
    return kind(**{"hidden_size": 4, "max_epochs": 2, "random_state": 0, **params})


def fitted(kind, data=X, **params):
    return small(kind, **params).fit(data, LABELS if kind is RNNClassifier else NUMBERS)


def outputs(model, data=X):
    if hasattr(model, "decision_function"):
        return model.decision_function(data)
    return model.score_samples(data) if hasattr(model, "score_samples") else model.predict(data)


def takes_classes(record):
    return len(record.estimator._parameter_constraints["cell"]) > 1


def records_that_take(*names, classes=False):
    """Parametrise a test over the estimators that have these parameters and custom cells."""
    chosen = {
        name: record
        for name, record in ESTIMATORS.items()
        if record.make().get_params().keys() >= set(names)
        and (not classes or takes_classes(record))
    }
    return pytest.mark.parametrize("record", chosen.values(), ids=chosen)


# Numeric outputs, which differ only slightly if the weights do.
WITHOUT_DECODING = {n: r for n, r in ESTIMATORS.items() if not r.has("predict_n_best")}
each_without_decoding = pytest.mark.parametrize(
    "record", WITHOUT_DECODING.values(), ids=WITHOUT_DECODING
)


# --- each has an effect -------------------------------------------------------------------------

# parameter: (parameters of both models, those of the second, data). Predictions differ.
CHANGES_PREDICTIONS = {
    "cell": ({}, {"cell": "lstm"}, "series"),
    "hidden_size": ({}, {"hidden_size": 5}, "series"),
    "num_layers": ({"num_layers": 1}, {"num_layers": 2}, "series"),
    "bidirectional": ({}, {"bidirectional": False}, "series"),
    "pooling": ({}, {"pooling": "mean"}, "series"),
    "conv_channels": ({}, {"conv_channels": 3}, "series"),
    "conv_kernel_size": ({"conv_channels": 3}, {"conv_kernel_size": 2}, "series"),
    "conv_stride": ({"conv_channels": 3}, {"conv_stride": 2}, "series"),
    "patch_size": ({}, {"patch_size": 2}, "series"),
    "embedding_dim": ({"embedding_dim": 3}, {"embedding_dim": 4}, "tokens"),
    "embedding_weights": ({}, {"embedding_weights": VECTORS}, "tokens"),
    "freeze_embedding": ({"embedding_weights": VECTORS}, {"freeze_embedding": True}, "tokens"),
    "embedding_dropout": ({"embedding_dim": 3}, {"embedding_dropout": 0.6}, "tokens"),
    "word_dropout": ({"embedding_dim": 3}, {"word_dropout": 0.6}, "tokens"),
    "analyzer": ({}, {"analyzer": "char"}, "text"),
    "min_df": ({}, {"min_df": 13}, "words"),
    "char_embedding": ({}, {"char_embedding": "rnn"}, "words"),
    "padding_value": ({}, {"padding_value": 0.0}, "padded"),
    "dropout": ({}, {"dropout": 0.6}, "series"),
    "recurrent_dropout": ({}, {"recurrent_dropout": 0.5}, "series"),
    "layer_norm": ({}, {"layer_norm": True}, "series"),
    "head_norm": ({}, {"head_norm": "layer"}, "series"),
    "scale_inputs": ({}, {"scale_inputs": False}, "series"),
    "differences": ({}, {"differences": True}, "series"),
    "time_warping": ({}, {"time_warping": 0.5}, "series"),
    "center_inputs": ({}, {"center_inputs": True}, "series"),
    "time_masking": ({"time_masking": 0}, {"time_masking": 2}, "series"),
    "feature_masking": ({}, {"feature_masking": 0.5}, "series"),
    "optimizer": ({}, {"optimizer": "sgd"}, "series"),
    "lr": ({}, {"lr": 1e-2}, "series"),
    "lr_schedule": ({}, {"lr_schedule": "linear"}, "series"),
    "weight_decay": ({}, {"weight_decay": 1.0}, "series"),
    "gradient_clip": ({"optimizer": "sgd"}, {"gradient_clip": 1e-3}, "series"),
    "tbptt_steps": ({}, {"tbptt_steps": 2}, "series"),
    "max_epochs": ({}, {"max_epochs": 3}, "series"),
    "batch_size": ({}, {"batch_size": 5}, "series"),
    "early_stopping": ({"validation_fraction": 0.25}, {"early_stopping": True}, "series"),
    "validation_fraction": ({"early_stopping": True}, {"validation_fraction": 0.4}, "series"),
    "random_state": ({}, {"random_state": 1}, "series"),
    "precision": ({}, {"precision": "bf16"}, "series"),
    "label_smoothing": ({}, {"label_smoothing": 0.3}, "tokens"),
    "class_weight": ({}, {"class_weight": {"a": 5.0}}, "series"),
    "loss": ({}, {"loss": "huber"}, "series"),
    "huber_delta": ({"loss": "huber"}, {"huber_delta": 0.1}, "series"),
    "quantile": ({"loss": "quantile"}, {"quantile": 0.9}, "series"),
}  # fmt: skip
# Parameters that change something else, each with a separate test below.
CHANGES_OTHERS = {
    "calibrate",
    "return_sequences",
    "crf",
    "unseen_transitions",
    "num_embeddings",
    "n_iter_no_change",
    "scoring",
    "tol",
    "warm_start",
    "callbacks",
    "device",
    "backend",
    "verbose",
}


# Those of RNNTranscriber only are in test_transcriber.
OF_TRANSCRIBER = {
    "analyzer",
    "language_model",
    "lexicon",
    "lm_weight",
    "min_df",
    "separator",
    "token_bonus",
}


# Those of Seq2SeqTransformer only are in test_seq2seq_parameters.
OF_PAIRS = {
    "attention",
    "autoencoder",
    "beam_width",
    "feedback",
    "input_feeding",
    "length_penalty",
    "max_length",
    "scheduled_sampling",
    "source_analyzer",
    "source_kind",
    "source_min_df",
    "target_analyzer",
    "target_kind",
    "target_min_df",
    "tied_embeddings",
    "transform_method",
}


@each_estimator
def test_every_parameter_is_in_the_tables(record):
    parameters = set(record.estimator().get_params())
    others = CHANGES_OTHERS | OF_PAIRS | OF_TRANSCRIBER
    assert parameters <= CHANGES_PREDICTIONS.keys() | others
    signature = inspect.signature(record.estimator).parameters
    assert set(signature) == parameters | {"extras"}
    kinds = {p.kind for p in signature.values()}
    assert kinds == {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}


@pytest.mark.parametrize(
    ("record", "name"),
    [
        pytest.param(record, name, id=f"{record.name}-{name}")
        for record in ESTIMATORS.values()
        for name in CHANGES_PREDICTIONS
        if name in record.make().get_params()
        if CHANGES_PREDICTIONS[name][2] not in ("words", "text") or record.reads_tokens is not None
    ],
)
def test_parameter_changes_predictions(record, name):
    common, change, kind = CHANGES_PREDICTIONS[name]
    data = DATA[kind]
    first, second = fit(record, kind, **common), fit(record, kind, **common)
    assert_array_equal(outputs(first, data), outputs(second, data))
    changed = fit(record, kind, **{**common, **change})
    assert not np.array_equal(outputs(first, data), outputs(changed, data))


@records_that_take("return_sequences")
def test_return_sequences_predicts_each_step(record):
    steps = [x[:, 0] > 2 if record.has("predict_proba") else x[:, 0] for x in X]
    predicted = make(record, return_sequences=True).fit(X, steps).predict(X)
    assert [len(row) for row in predicted] == [len(x) for x in X]


def test_num_embeddings_allows_unseen_tokens():
    with pytest.raises(ValueError, match=r"has token id 9 .* the vocabulary has 6 tokens"):
        fitted(RNNClassifier, IDS, embedding_dim=2).predict([[9]])
    assert fitted(RNNClassifier, IDS, embedding_dim=2, num_embeddings=10).predict([[9]]).shape == (
        1,
    )


def test_n_iter_no_change_and_tol_determine_when_training_stops():
    def epochs(**params):
        model = small(
            RNNRegressor, early_stopping=True, validation_fraction=0.25, max_epochs=12, **params
        )
        return model.fit(X, NUMBERS).n_iter_

    # No improvement is ever large enough: training stops n_iter_no_change epochs after the first.
    assert epochs(tol=1e6, n_iter_no_change=2) == 3
    assert epochs(tol=1e6, n_iter_no_change=5) == 6
    assert epochs(tol=0.0, n_iter_no_change=5) > 6


@each_estimator
def test_device_is_that_of_the_weights(record):
    assert fit(record, device="cpu").device_ == "cpu"
    assert next(fit(record, device="cpu").module_.parameters()).device.type == "cpu"
    if torch.cuda.is_available():
        assert fit(record, device="cuda").device_.startswith("cuda")
        assert fit(record, device="auto").device_.startswith("cuda")
    else:
        assert fit(record, device="auto").device_ == "cpu"
        for device in ("cuda", "cuda:1"):
            with pytest.raises(ValueError, match=f"device='{device}' is not available"):
                fit(record, device=device)


@each_estimator
def test_verbose_prints_progress(record, capfd):
    fit(record).predict(X)
    assert capfd.readouterr() == ("", "")
    fit(record, verbose=1)
    output, errors = capfd.readouterr()
    assert errors == ""
    assert "\r" not in output
    *epochs, last = output.splitlines()
    assert [line.partition("  ")[0] for line in epochs] == ["epoch 1/2", "epoch 2/2"]
    assert all("sequences/s" in line for line in epochs)
    assert last.startswith(f"{record.name}: all 2 epochs done in ")
    make(record, verbose=2).fit(X, record.y_for(X), X_val=X, y_val=record.y_for(X))
    *lines, last = capfd.readouterr().out.splitlines()
    assert len(lines) == 2
    for epoch, line in enumerate(lines, start=1):
        assert line.startswith(f"epoch {epoch}/2  loss ")
        assert "validation score" in line
        assert "s left" in line
    assert "validation score" in last


# --- double underscores -------------------------------------------------------------------------


class GainCell(nn.Module):
    """A causal cell with additional arguments."""

    def __init__(self, input_size, hidden_size, gain=1.0, decay=0.5):
        super().__init__()
        self.linear = nn.Linear(input_size, hidden_size)
        self.gain, self.decay = gain, decay

    def forward(self, x):
        state, states = 0.0, []
        for step in torch.tanh(self.gain * self.linear(x)):
            state = self.decay * state + step
            states.append(state)
        return torch.stack(states)


EXTRAS = {
    "optimizer__betas": ({}, (0.5, 0.6)),
    "optimizer__amsgrad": ({}, True),
    "optimizer__momentum": ({"optimizer": "sgd"}, 0.9),
    "optimizer__alpha": ({"optimizer": torch.optim.RMSprop}, 0.5),
    "module__embedding_std": ({"embedding_dim": 3}, 2.0),
    "module__forget_bias": ({"cell": "lstm"}, -1.0),
    "module__norm_eps": ({}, 1e-5),
    "module__cell__gain": ({"cell": GainCell}, 3.0),
    "module__cell__bias": ({"cell": nn.GRU}, False),
}


def first_forget_biases(model):
    """Before training, which hardly changes it at this learning rate."""
    stack = model.module_.encoder.recurrent
    return stack.forward_layers[0].rnn.bias_ih_l0.detach().split(stack.hidden_size)[1].numpy()


def test_update_gates_start_with_long_and_short_memories():
    idle = {"hidden_size": 5, "max_epochs": 1, "lr": 1e-9, "calibrate": False}
    steps = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    for length, highest in ((4, 1.0), (24, np.log(12.0)), (150, 4.0)):
        model = RNNClassifier(**idle).fit(np.resize(X[0], (N, length)), LABELS)
        assert_allclose(first_forget_biases(model), -2 + (highest + 2) * steps, atol=1e-6)
    for params, expected in (
        ({"module__forget_bias": 2.0}, 2.0),
        ({"cell": "lstm"}, 1.0),
        ({"cell": "lstm", "module__forget_bias": 3.0}, 3.0),
    ):
        model = RNNClassifier(**idle, **params).fit(X, LABELS)
        assert_allclose(first_forget_biases(model), [expected] * 5, atol=1e-6)
    documents = RNNClassifier(**idle, analyzer="word").fit(["ab cd " * 60] * N, LABELS)
    assert_allclose(first_forget_biases(documents), [0.0] * 5, atol=1e-6)
    tagger = RNNClassifier(**idle, return_sequences=True)
    tagger.fit(X, [np.arange(len(x)) % 2 for x in X])
    assert_allclose(first_forget_biases(tagger), [0.0] * 5, atol=1e-6)


def test_norms_differ_in_what_they_add_to_variances():
    for params, expected in (
        ({}, 1e-2),
        ({"head_norm": "layer"}, 1e-5),
        ({"module__norm_eps": 1}, 1.0),
        ({"head_norm": "layer", "module__norm_eps": 0.5}, 0.5),
    ):
        model = fitted(RNNClassifier, **params)
        assert model.module_.head.norm.eps == expected
        assert pickle.loads(pickle.dumps(model)).module_.head.norm.eps == expected


def test_a_gru_remembers_the_first_of_many_steps():
    # With all update gates half open, the gradient would halve in each step.
    X, y = make_memory_task(500, n_timesteps=61, lag=60, random_state=0)
    model = RNNClassifier(
        bidirectional=False,
        pooling="last",
        hidden_size=32,
        max_epochs=30,
        calibrate=False,
        random_state=0,
    )
    assert model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.95
    half_open = clone(model).set_params(module__forget_bias=0.0)
    assert half_open.fit(X[:400], y[:400]).score(X[400:], y[400:]) < 0.7


@pytest.mark.parametrize("name", EXTRAS)
def test_extra_sets_the_argument_it_names(name):
    common, value = EXTRAS[name]
    data = IDS if "embedding_dim" in common else X
    # Several steps, because the first ones of optimizers hardly differ.
    common = {**common, "max_epochs": 3, "batch_size": 6}
    model = fitted(RNNClassifier, data, **common)
    changed = fitted(RNNClassifier, data, **common, **{name: value})
    assert not np.array_equal(outputs(model, data), outputs(changed, data))


def test_extras_are_ordinary_parameters():
    model = RNNClassifier(optimizer__betas=(0.8, 0.9), lr=0.1)
    assert model.get_params()["optimizer__betas"] == (0.8, 0.9)
    assert clone(model).get_params() == model.get_params()
    assert "optimizer__betas=(0.8, 0.9)" in repr(model)
    model.set_params(optimizer__eps=1e-6, module__embedding_std=0.1, hidden_size=2)
    assert clone(model).get_params()["optimizer__eps"] == 1e-6
    assert model.get_params()["module__embedding_std"] == 0.1
    assert RNNClassifier().get_params().keys() == RNNRegressor().set_params(
        optimizer__betas=(0.8, 0.9)
    ).get_params().keys() - {"loss", "huber_delta", "quantile", "optimizer__betas"} | {
        "class_weight",
        "crf",
        "label_smoothing",
        "unseen_transitions",
    }


def test_extras_work_in_pipelines_and_searches():
    pipeline = make_pipeline(FunctionTransformer(), small(RNNClassifier, optimizer="sgd"))
    name = "rnnclassifier__optimizer__momentum"
    search = GridSearchCV(pipeline, {name: [0.0, 0.9]}, cv=2, error_score="raise")
    with pytest.raises(ValueError, match="Invalid parameter"):
        pipeline.set_params(rnnclassifier__nothing=1)
    rows = np.zeros((N, 5)) + NUMBERS[:, None]
    search.fit(rows, LABELS)
    assert search.best_estimator_[-1].get_params()["optimizer__momentum"] in (0.0, 0.9)
    momenta = {
        clone(pipeline).set_params(**{name: m}).fit(rows, LABELS)[-1].net_.optimizer_.defaults[
            "momentum"
        ]
        for m in (0.0, 0.9)
    }  # fmt: skip
    assert momenta == {0.0, 0.9}


@pytest.mark.parametrize(
    ("params", "meant"),
    [
        ({"optimizer__beta": 3}, "optimizer__betas"),
        ({"optimizer": "sgd", "optimizer__momentun": 0.9}, "optimizer__momentum"),
        ({"optimizer__weight_decay": 0.1}, "weight_decay"),
        ({"optimizer__learning_rate": 0.1}, "lr"),
        ({"module__num_units": 3}, "hidden_size"),
        ({"optimiser__betas": 3}, "optimizer__betas"),
        ({"module__embeding_std": 0.1}, "module__embedding_std"),
        ({"cell": "lstm", "module__forgetbias": 0.1}, "module__forget_bias"),
        ({"callbacks": [EpochTimer()], "callbacks__EpochTime": None}, "callbacks__EpochTimer"),
        (
            {"callbacks": [("stop", EarlyStopping())], "callbacks__stop__patienc": 1},
            "callbacks__stop__patience",
        ),
    ],
)
@each_estimator
def test_typo_raises_with_the_nearest_name(record, params, meant):
    if meant == "module__embedding_std" and record.reads_tokens is None:
        return  # it has no embedding
    model = record.estimator(**params)  # whether it is valid depends on other parameters
    assert clone(model).get_params().keys() == model.get_params().keys()
    typo = next(reversed(params))
    message = rf"^{record.name}.fit: unknown parameter '{typo}'. Did you mean '{meant}'\?$"
    with pytest.raises(TypeError, match=message):
        model.fit(X, record.y_for(X))
    if hasattr(model, "partial_fit"):
        with pytest.raises(TypeError, match="Did you mean"):
            model.partial_fit(X, record.y_for(X))


@records_that_take(classes=True)
def test_typo_in_an_argument_of_a_custom_cell_raises(record):
    message = (
        rf"^{record.name}.fit: unknown parameter 'module__cell__gian'. Did you mean "
        r"'module__cell__gain'\?$"
    )
    with pytest.raises(TypeError, match=message):
        fit(record, cell=GainCell, module__cell__gian=1)


def test_unknown_extra_raises():
    for params in (
        {"cell": "rnn_tanh", "module__forget_bias": 1.0},  # it has no gates
        {"head_norm": None, "module__norm_eps": 0.1},
        {"optimizer__momentum": 0.9},  # nor has AdamW one
        {"callbacks__x": None},
        {"module__hidden_size": 3},  # is a parameter of the estimator
        {"iterator_train__shuffle": True},
    ):
        with pytest.raises(TypeError, match="unknown parameter"):
            fitted(RNNClassifier, **params)


INVALID = {
    "tbptt": (
        {"cell": GainCell, "tbptt_steps": 3},
        "tbptt_steps=3 carries states from chunk to chunk, which the user-defined cell GainCell",
    ),
    "pooling": (
        {"return_sequences": True, "pooling": "mean"},
        "pooling='mean' has no effect with return_sequences=True",
    ),
    "stride and steps": (
        {"return_sequences": True, "conv_channels": 2, "conv_stride": 2},
        "conv_stride=2 skips time steps",
    ),
    "stride alone": (
        {"conv_channels": None, "conv_stride": 2},
        "conv_stride=2 has no effect without a convolution",
    ),
    "patches of tokens": (
        {"patch_size": 2, "embedding_dim": 3},
        "patch_size=2 is not supported for token ids",
    ),
    "patches and steps": (
        {"return_sequences": True, "patch_size": 3},
        "patch_size=3 joins time steps, but return_sequences=True needs an output for each",
    ),
    "patches and strides": (
        {"conv_channels": 2, "patch_size": 2},
        "patch_size=2 is not supported with a convolution",
    ),
    "recurrent dropout": (
        {"cell": GainCell, "recurrent_dropout": 0.1},
        "recurrent_dropout=0.1 is not supported with the user-defined cell GainCell",
    ),
    "num_embeddings": ({"num_embeddings": 5}, "num_embeddings=5 has no effect without"),
    "freeze": (
        {"embedding_dim": 2, "freeze_embedding": True},
        "freeze_embedding=True would freeze random vectors",
    ),
}


@pytest.mark.parametrize(
    ("record", "params", "message"),
    [
        pytest.param(record, params, message, id=f"{record.name}-{what}")
        for record in ESTIMATORS.values()
        for what, (params, message) in INVALID.items()
        if params.keys() <= record.make().get_params().keys()
        if isinstance(params.get("cell", ""), str) or takes_classes(record)
    ],
)
def test_combination_raises(record, params, message):
    with pytest.raises(ValueError, match=rf"^{record.name}.fit: {message}"):
        fit(record, **params)


@records_that_take(classes=True)
def test_class_that_is_not_a_module_raises_for_cell(record):
    with pytest.raises(TypeError, match=r"is not a subclass of torch\.nn\.Module"):
        fit(record, cell=dict)


@pytest.mark.parametrize("optimizer", [dict, torch.optim.LBFGS, torch.optim.SparseAdam])
@each_estimator
def test_class_that_cannot_optimize_raises(record, optimizer):
    with pytest.raises(TypeError, match=r"Pass a subclass of torch\.optim\.Optimizer"):
        fit(record, optimizer=optimizer)


# --- callbacks ----------------------------------------------------------------------------------


class Recording(Callback):
    def __init__(self, sink=None):
        self.sink = sink

    def on_train_begin(self, net, **kwargs):
        self.events_ = ["train_begin"]

    def on_batch_end(self, net, batch=None, training=False, loss=None, **kwargs):
        assert torch.isfinite(loss)
        self.events_.append("train_batch" if training else "valid_batch")

    def on_epoch_end(self, net, **kwargs):
        self.events_.append(f"epoch {len(net.history)} {sorted(net.history[-1])}")

    def on_train_end(self, net, **kwargs):
        self.events_.append("train_end")


def test_callbacks_are_copied_and_receive_every_event():
    callback = Recording()
    model = small(RNNClassifier, callbacks=[callback], batch_size=12)
    model.fit(X, LABELS, X_val=X[:4], y_val=LABELS[:4])
    assert model.callbacks[0] is callback
    assert not hasattr(callback, "events_")
    losses = [f"{part}_loss{best}" for part in ("train", "valid") for best in ("", "_best")]
    counts = ("train_batch_count", "valid_batch_count")
    keys = sorted(["batches", "epoch", "event_lr", *counts, *losses, "valid_score"])
    own = model.net_.callbacks_[0][1]
    assert own.events_ == [
        "train_begin",
        "train_batch",
        "train_batch",
        "valid_batch",
        f"epoch 1 {keys}",
        "train_batch",
        "train_batch",
        "valid_batch",
        f"epoch 2 {keys}",
        "train_end",
    ]


def test_callbacks_do_not_change_training():
    model = fitted(RNNClassifier, callbacks=[Recording(), EpochTimer(), ("named", Recording)])
    assert_array_equal(outputs(model), outputs(fitted(RNNClassifier)))
    assert [name for name, _ in model.net_.callbacks_] == ["Recording", "EpochTimer", "named"]
    assert all("dur" in row for row in model.net_.history)


def test_skorch_early_stopping_ends_training_without_a_warning():
    stop = EarlyStopping(monitor="valid_loss", patience=2, threshold=1e6)
    model = small(RNNClassifier, callbacks=[stop], max_epochs=9)
    model.fit(X, LABELS, X_val=X, y_val=LABELS)
    assert model.n_iter_ == 3
    model.set_params(callbacks__EarlyStopping__patience=4).fit(X, LABELS, X_val=X, y_val=LABELS)
    assert model.n_iter_ == 5
    model = small(RNNClassifier, callbacks=[stop], max_epochs=9, callbacks__EarlyStopping=None)
    assert model.fit(X, LABELS, X_val=X, y_val=LABELS).n_iter_ == 9


def test_skorch_learning_rate_scheduler_changes_the_rate():
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.1, event_name="rate")
    model = fitted(RNNClassifier, callbacks=[scheduler], lr=0.1, lr_schedule="constant")
    assert_allclose([row["rate"] for row in model.net_.history], [0.1, 0.01])
    assert not np.array_equal(
        outputs(model), outputs(fitted(RNNClassifier, lr=0.1, lr_schedule="constant"))
    )


def test_skorch_checkpoint_writes_weights(tmp_path):
    saved = Checkpoint(monitor=lambda net: True, dirname=str(tmp_path), f_pickle=None)
    model = fitted(RNNClassifier, callbacks=[saved], calibrate=False)
    weights = torch.load(tmp_path / "params.pt", weights_only=True)
    assert weights.keys() == model.module_.state_dict().keys()
    for name, value in model.module_.state_dict().items():
        assert_array_equal(weights[name].numpy(), value.numpy())


def test_skorch_freezer_freezes():
    def embedding(**params):
        model = fitted(RNNClassifier, embedding_dim=2, data=IDS, **params)
        return model.module_.encoder.embedding.embedding.weight.detach().numpy()

    frozen = [Freezer("encoder.embedding.*")]
    assert_array_equal(
        embedding(callbacks=frozen, max_epochs=1), embedding(callbacks=frozen, max_epochs=4)
    )
    assert not np.array_equal(embedding(max_epochs=1), embedding(max_epochs=4))


def test_skorch_gradient_clipping_clips():
    common = {"optimizer": "sgd", "calibrate": False}
    clipped = fitted(
        RNNClassifier, callbacks=[GradientNormClipping(gradient_clip_value=1e-3)], **common
    )
    assert not np.array_equal(outputs(clipped), outputs(fitted(RNNClassifier, **common)))
    assert_allclose(
        outputs(clipped),
        outputs(fitted(RNNClassifier, gradient_clip=1e-3, **common)),
        atol=1e-5,
    )


def test_skorch_print_log_writes_to_its_sink():
    lines = []

    def sink(text):
        lines.append(text)

    fitted(RNNClassifier, callbacks=[EpochTimer(), PrintLog(sink=sink)])
    assert "train_loss" in lines[0]
    assert len(lines) == 4


# --- early stopping, interruption, divergence ---------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_early_stopping_restores_the_best_weights(seed):
    data, y = np.random.default_rng(seed).normal(size=(60, 6, 1)), np.arange(60) % 2
    model = RNNClassifier(
        hidden_size=8,
        lr=0.05,
        lr_schedule="constant",
        max_epochs=8,
        early_stopping=True,
        random_state=seed,
    ).fit(data[:40], y[:40], X_val=data[40:], y_val=y[40:])
    curve = model.validation_curve_
    assert model.score(data[40:], y[40:]) == max(curve)
    assert curve[model.best_epoch_ - 1] == max(curve)
    assert model.n_iter_ == len(curve) == len(model.loss_curve_)
    last = clone(model).set_params(early_stopping=False)
    last.fit(data[:40], y[:40], X_val=data[40:], y_val=y[40:])
    assert last.best_epoch_ == last.n_iter_ == 8
    assert last.score(data[40:], y[40:]) == last.validation_curve_[-1]
    assert last.validation_curve_[: len(curve)] == curve


def test_early_stopping_restores_the_best_regressor():
    model = small(RNNRegressor, early_stopping=True, lr=0.1, lr_schedule="constant", max_epochs=10)
    model.fit(X[:16], NUMBERS[:16], X_val=X[16:], y_val=NUMBERS[16:])
    error = (model.predict(X[16:]) - NUMBERS[16:]) / NUMBERS[:16].std()
    assert -np.mean(error**2) == pytest.approx(max(model.validation_curve_), rel=1e-4)
    assert model.validation_curve_[model.best_epoch_ - 1] == max(model.validation_curve_)


@pytest.mark.parametrize(
    ("n_rows", "length", "params", "epochs"),
    [
        (8, 5, {}, 150),
        (100, 5, {}, 150),
        (320, 5, {}, 60),
        (1000, 5, {}, 30),
        (3200, 5, {}, 17),
        (32_000, 5, {}, 10),
        (32_000, 5, {"embedding_dim": 2}, 20),
        (32_000, 99, {"embedding_dim": 2}, 20),
        (32_000, 100, {"embedding_dim": 2}, 10),
        (32_000, 100, {"embedding_dim": 2, "return_sequences": True}, 20),
        (32_000, 100, {}, 10),
    ],
)
def test_automatic_epochs(n_rows, length, params, epochs):
    class Asking(Callback):
        def on_train_begin(self, net, **kwargs):
            raise RuntimeError(f"{net.max_epochs} epochs")

    values, offsets = np.arange(n_rows * length) % 3, np.arange(n_rows + 1) * length
    if "embedding_dim" not in params:
        values = values[:, None].astype(np.float32)
    data = Panel(values, offsets)
    y = data if params.get("return_sequences") else np.arange(n_rows) % 2
    model = RNNClassifier(hidden_size=2, batch_size=32, callbacks=[Asking()], **params)
    with pytest.raises(RuntimeError, match=f"{epochs} epochs"):
        model.fit(data, y)


class InterruptingAt(Callback):
    def __init__(self, batch):
        self.batch = batch

    def on_train_begin(self, net, **kwargs):
        self.seen_ = 0

    def on_batch_end(self, net, **kwargs):
        self.seen_ += 1
        if self.seen_ == self.batch:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("batch", "epochs"), [(1, 0), (4, 1), (7, 2)])
@each_estimator
def test_interruption_keeps_a_usable_model(record, batch, epochs):
    model = make(record, callbacks=[InterruptingAt(batch)], batch_size=8, max_epochs=5)
    message = f"interrupted in epoch {epochs + 1} of 5; the model keeps what it has learned"
    with pytest.warns(ConvergenceWarning, match=f"{record.name}.fit: {message}"):
        model.fit(X, record.y_for(X))
    assert model.n_iter_ == len(model.loss_curve_) == epochs
    assert np.isfinite(outputs(model)).all()
    # A second fit trains from scratch.
    model.set_params(callbacks=None).fit(X, record.y_for(X))
    assert_array_equal(outputs(model), outputs(fit(record, batch_size=8, max_epochs=5)))


def test_interruption_with_early_stopping_keeps_the_best():
    model = small(
        RNNClassifier,
        callbacks=[InterruptingAt(14)],
        early_stopping=True,
        lr=0.1,
        max_epochs=9,
        batch_size=8,
    )
    with pytest.warns(ConvergenceWarning, match=r"\(weights of epoch \d\)"):
        model.fit(X, LABELS, X_val=X[:9], y_val=LABELS[:9])
    assert model.score(X[:9], LABELS[:9]) == max(model.validation_curve_)


def test_interruption_keeps_the_current_weights():
    model = small(RNNClassifier, callbacks=[InterruptingAt(3)], batch_size=8, max_epochs=5)
    with pytest.warns(ConvergenceWarning):
        model.fit(X, LABELS)
    one_batch = clone(model).set_params(callbacks=[InterruptingAt(1)])
    with pytest.warns(ConvergenceWarning):
        one_batch.fit(X, LABELS)
    assert not np.array_equal(outputs(model), outputs(one_batch))


def test_control_c_interrupts_fit():
    script = """
        import os, signal, threading, warnings
        import numpy as np
        from skorch.callbacks import Callback
        from sk_rnn import RNNClassifier

        # A shell starts background processes with SIGINT ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)

        class PressingLater(Callback):
            def on_train_begin(self, net, **kwargs):
                threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

        X, y = np.random.default_rng(0).normal(size=(64, 20, 1)), np.arange(64) % 2
        model = RNNClassifier(
            hidden_size=4, max_epochs=10**6, random_state=0, callbacks=[PressingLater()]
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, y)
        print(caught[0].category.__name__, caught[0].message)
        print(threading.active_count(), model.n_iter_ == len(model.loss_curve_))
        print(model.predict(X).shape)
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("ConvergenceWarning RNNClassifier.fit: interrupted in epoch")
    assert done.stdout.endswith("1 True\n(64,)\n")  # the thread that trained has ended


@each_estimator
def test_divergence_warns_and_leaves_finite_weights(record):
    model = make(record, lr=1e30, max_epochs=5, optimizer="sgd", gradient_clip=None)
    message = (
        rf"^{record.name}.fit: the loss stopped being finite in epoch \d; .* the weights are "
        r"(the initial ones|those of epoch \d)\. Lower lr \(lr=1e\+30\), set gradient_clip=1.0"
    )
    with pytest.warns(ConvergenceWarning, match=message):
        model.fit(X, record.y_for(X))
    assert model.n_iter_ < 5
    assert all(torch.isfinite(value).all() for value in model.module_.state_dict().values())
    assert np.isfinite(outputs(model)).all()


def test_divergence_names_scaling_and_cell():
    model = small(RNNClassifier, lr=1e30, optimizer="sgd", scale_inputs=False, cell="rnn_relu")
    with pytest.warns(ConvergenceWarning, match=r"set scale_inputs=True .* use a gated cell"):
        model.fit(X, LABELS)


def test_divergence_in_a_warm_start_keeps_the_earlier_weights():
    model = fitted(RNNClassifier, warm_start=True)
    before = outputs(model)
    model.set_params(lr=1e30, optimizer="sgd", gradient_clip=None, lr_schedule="constant")
    with pytest.warns(ConvergenceWarning, match="the weights are those of epoch 2"):
        model.fit(X, LABELS)
    assert np.isfinite(outputs(model)).all()
    assert_allclose(outputs(model), before, atol=1e-5)


# --- continued training -------------------------------------------------------------------------


@each_estimator
def test_warm_start_continues_training(record):
    common = {"max_epochs": 5, "dropout": 0.0}
    cold = fit(record, **common)
    model = fit(record, **common, warm_start=True)
    assert_array_equal(outputs(model), outputs(cold))
    first = model.loss_curve_
    model.fit(X, record.y_for(X))
    assert model.n_iter_ == 10
    assert model.loss_curve_[:5] == first
    assert not np.array_equal(outputs(model), outputs(cold))
    assert_array_equal(outputs(cold.fit(X, record.y_for(X))), outputs(fit(record, **common)))


def test_partial_fit_learns_in_steps():
    model = small(RNNClassifier, lr=0.05)
    classes = ["a", "b", "c"]
    labels = np.array(classes)[LABELS]
    model.partial_fit(X[:1], labels[:1], classes=classes)
    assert model.classes_.tolist() == classes
    assert model.predict_proba(X).shape == (N, 3)
    for _ in range(30):
        model.partial_fit(X, labels)
    assert model.n_iter_ == 31
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[1]
    regressor = small(RNNRegressor, lr=0.05)
    for _ in range(30):
        regressor.partial_fit(X, NUMBERS)
    assert regressor.n_iter_ == 30
    assert regressor.score(X, NUMBERS) > 0.5


def test_changed_network_is_not_continued():
    model = fitted(RNNClassifier, warm_start=True).set_params(hidden_size=8)
    with pytest.raises(ValueError, match="hidden_size was 4 when the network was built and is"):
        model.fit(X, LABELS)
    assert model.set_params(warm_start=False).fit(X, LABELS).n_iter_ == 2


def test_learning_rate_schedule_may_be_a_function():
    seen = []

    class Watching(Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            seen.append(net.optimizer_.param_groups[0]["lr"])

    fitted(
        RNNClassifier,
        lr=0.1,
        lr_schedule=lambda progress: 1.0 - progress,
        batch_size=12,
        callbacks=[Watching()],
    )
    assert_allclose(seen, [0.1, 0.1 * 2 / 3, 0.1 / 3, 0.0], atol=1e-12)
    seen.clear()
    fitted(RNNClassifier, lr=0.1, lr_schedule="constant", batch_size=12, callbacks=[Watching()])
    assert seen == [0.1] * 4


# --- custom cells -------------------------------------------------------------------------------


class LooksAhead(GainCell):
    def forward(self, x):
        return super().forward(x.flip(0))


class MixesRows(GainCell):
    def forward(self, x):
        return super().forward(x - x.mean(1, keepdim=True))


class WrongShape(GainCell):
    def forward(self, x):
        return super().forward(x)[-1]


class NoTensor(GainCell):
    def forward(self, x):
        return "hidden states"


@pytest.mark.parametrize("cell", [GainCell, nn.GRU, nn.LSTM, nn.RNN])
@records_that_take(classes=True)
def test_custom_cell_learns(record, cell):
    y = np.array([x[0, 0] > 2 for x in X]) if record.has("predict_proba") else [x[0, 0] for x in X]
    model = make(record, cell=cell, max_epochs=30, lr=0.03, num_layers=2).fit(X, y)
    assert model.score(X, y) > 0.8
    assert isinstance(model.module_.encoder.recurrent.forward_layers[1].rnn, cell)


@pytest.mark.parametrize(
    ("cell", "params", "fault"),
    [
        (LooksAhead, {}, "changed its output at early time steps when only the last one changed"),
        (MixesRows, {}, "changed the output of one row when only another row changed"),
        (WrongShape, {}, r"returned \(2, 4\) .* expected \(4, 2, 4\)"),
        (NoTensor, {}, "returned str"),
        (nn.GRU, {"module__cell__bidirectional": True}, r"returned \(4, 2, 8\)"),
        (nn.GRU, {"module__cell__batch_first": True}, "changed the output of one row"),
    ],
)
def test_faulty_cell_raises(cell, params, fault):
    with pytest.raises(ValueError, match=rf"RNNClassifier.fit: cell {cell.__name__} {fault}"):
        fitted(RNNClassifier, cell=cell, **params)


# --- numbers ------------------------------------------------------------------------------------


@each_without_decoding
def test_precision_determines_dtypes(record):
    double, single, half = (
        fit(record, precision=precision, dropout=0.0, batch_size=N)
        for precision in ("float64", "float32", "bf16")
    )
    assert outputs(double).dtype == np.float64
    numbers = np.float64 if not record.has("predict_proba") else np.float32
    assert outputs(single).dtype == outputs(half).dtype == numbers
    assert {p.dtype for p in double.module_.parameters()} == {torch.float64}
    assert {p.dtype for p in half.module_.parameters()} == {torch.float32}
    assert_allclose(outputs(single), outputs(double), atol=1e-2)
    assert_allclose(outputs(half), outputs(double), atol=0.3)
    assert fitted(RNNClassifier, precision="float64").predict_proba(X).dtype == np.float64


@each_without_decoding
def test_backend_selects_the_implementation(record, monkeypatch):
    monkeypatch.setattr("sk_rnn.training._runtime.why_unavailable", lambda: "")
    by_torch = fit(record, backend="torch")
    by_kernels = fit(record, backend="numba")
    assert by_torch.net_.backend == "torch"
    assert by_kernels.net_.backend == "numba"
    assert_allclose(outputs(by_kernels), outputs(by_torch), rtol=1e-4, atol=1e-5)


def test_model_fitted_with_kernels_loads_without_them(monkeypatch):
    monkeypatch.setattr("sk_rnn.training._runtime.why_unavailable", lambda: "")
    model = fitted(RNNClassifier, backend="numba")
    data = pickle.dumps(model)
    monkeypatch.setattr(
        "sk_rnn.training._runtime.why_unavailable", lambda: "Numba is not installed"
    )
    loaded = pickle.loads(data)
    assert loaded.net_.backend == "torch"
    assert_allclose(outputs(loaded), outputs(model), atol=1e-5)


@pytest.mark.parametrize(("num_embeddings", "dropout"), [(None, 0.3), (999, 0.3), (1000, 0.5)])
def test_auto_embedding_dropout_depends_on_the_vocabulary(num_embeddings, dropout):
    model = fitted(RNNClassifier, IDS, embedding_dim=3, num_embeddings=num_embeddings)
    assert model.module_.encoder.embedding.dropout.p == dropout
    model.set_params(warm_start=True).fit(IDS, LABELS)  # no change of the network
    assert model.module_.encoder.embedding.dropout.p == dropout


@pytest.mark.parametrize(
    ("length", "params", "norm", "pooling"),
    [
        (100, {}, "HeadBatchNorm", "concat"),
        (99, {"embedding_dim": 2}, "Identity", "concat"),
        (100, {"embedding_dim": 2}, "Identity", "max"),
        (100, {"embedding_weights": np.eye(2)}, "Identity", "max"),
        (100, {"embedding_dim": 2, "head_norm": "layer", "pooling": "last"}, "LayerNorm", "last"),
    ],
)
@records_that_take("pooling")
def test_auto_norm_and_pooling_depend_on_x(record, length, params, norm, pooling):
    X = [[i % 2 for i in range(n)] for n in (length - 2, length, length + 2)]
    model = record.estimator(hidden_size=2, max_epochs=1, random_state=0, **params)
    model.fit(X, [0, 1, 0])
    assert type(model.module_.head.norm).__name__ == norm
    assert type(model.module_.pooling) is POOLINGS[pooling]
    # Values chosen for the data of the first fit are kept.
    model.set_params(warm_start=True).fit([x[:4] for x in X], [0, 1, 0])
    assert type(model.module_.pooling) is POOLINGS[pooling]


def test_embedding_weights_are_frozen_or_not():
    def learned(**params):
        model = fitted(RNNClassifier, IDS, embedding_weights=VECTORS, precision="float64", **params)
        return model.module_.encoder.embedding.embedding.weight.detach().numpy()

    assert_array_equal(learned(freeze_embedding=True), VECTORS)
    assert not np.array_equal(learned(), VECTORS)
    assert_allclose(learned(lr=1e-6), VECTORS, atol=1e-3)  # training starts from them


def test_padding_value_equals_ragged_data():
    ragged = [x[:, 0] for x in X]
    model = fitted(RNNClassifier, PADDED, padding_value=0.0)
    assert_array_equal(outputs(model, PADDED), outputs(fitted(RNNClassifier, ragged), ragged))


def test_class_weight_moves_the_boundary():
    # One uninformative feature, nine of ten sequences of one class.
    data, y = np.zeros((40, 3)), np.where(np.arange(40) % 10 == 0, "rare", "usual")
    data += np.random.default_rng(0).normal(size=data.shape)
    common = {"hidden_size": 4, "max_epochs": 5, "lr": 0.02, "random_state": 0}

    def share(class_weight):
        model = RNNClassifier(**common, class_weight=class_weight).fit(data, y)
        return np.mean(model.predict(data) == "rare")

    assert share(None) < share("balanced")
    assert share({"rare": 1000.0}) > 0.9
    balanced = RNNClassifier(**common, class_weight="balanced").fit(data, y)
    same = RNNClassifier(**common, class_weight={"rare": 5.0, "usual": 5 / 9}).fit(data, y)
    assert_allclose(balanced.decision_function(data), same.decision_function(data), atol=1e-5)


def test_class_weight_of_zero_is_removal_from_the_loss():
    model = small(RNNClassifier, class_weight={2: 0.0}, max_epochs=15, lr=0.02).fit(X, LABELS)
    assert (model.predict(X) != 2).all()
    assert model.classes_.tolist() == [0, 1, 2]


def test_multilabel_targets():
    y = np.column_stack([[x[0, 0] > 2 for x in X], [x[-1, 1] > 2 for x in X], [False] * N])
    model = small(RNNClassifier, max_epochs=60, lr=0.02).fit(X, y.astype(int))
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype == np.int64
    assert (predicted == y).mean() > 0.9
    assert_array_equal(model.predict_proba(X) > 0.5, predicted == 1)
    assert model.score(X, y.astype(int)) == (predicted == y).all(axis=1).mean()


# --- losses: the optimal constants are known ------------------------------------------------------


def best_constant(loss, y, **params):
    """Return the prediction learned from uninformative sequences."""
    model = RNNRegressor(
        loss=loss,
        hidden_size=2,
        head_norm=None,
        dropout=0.0,
        batch_size=len(y),
        max_epochs=150,
        lr=0.03,
        random_state=0,
        **params,
    )
    return model.fit(np.ones((len(y), 2)), y).predict(np.ones((1, 2)))[0]


SKEWED = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 5.0, 12.0])


def test_squared_error_predicts_the_mean():
    assert best_constant("squared_error", SKEWED) == pytest.approx(SKEWED.mean(), abs=0.05)


def test_absolute_error_predicts_the_median():
    assert best_constant("absolute_error", SKEWED) == pytest.approx(0.0, abs=0.1)


def test_huber_loss_lies_between_mean_and_median():
    between = best_constant("huber", SKEWED)
    assert 0.1 < between < SKEWED.mean() - 0.1
    assert best_constant("huber", SKEWED, huber_delta=100.0) == pytest.approx(
        SKEWED.mean(), abs=0.05
    )
    assert best_constant("huber", SKEWED, huber_delta=0.01) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.8])
def test_quantile_loss_has_the_nominal_coverage(quantile):
    y = np.random.default_rng(0).exponential(size=200)
    found = best_constant("quantile", y, quantile=quantile)
    assert (y <= found).mean() == pytest.approx(quantile, abs=0.04)


def test_poisson_predicts_a_positive_mean():
    assert best_constant("poisson", SKEWED) == pytest.approx(SKEWED.mean(), abs=0.1)
    model = small(RNNRegressor, loss="poisson").fit(X, np.where(LABELS == 0, 7.0, 0.0))
    extreme = [50.0 * (x - 2) for x in X]
    assert (model.predict(extreme) > 0).all()


def test_gaussian_predicts_mean_and_deviation():
    rng = np.random.default_rng(0)
    noisy = np.arange(400) % 2
    y = np.where(noisy, 100.0, 104.0) + rng.normal(size=400) * np.where(noisy, 4.0, 0.5)
    data = np.repeat(noisy[:, None], 3, axis=1).astype(float)
    # Without the noise of dropout and of batch norm, which is part of the learned deviation.
    exact = {"dropout": 0.0, "head_norm": None}
    model = RNNRegressor(loss="gaussian", hidden_size=4, max_epochs=40, random_state=0, **exact)
    mean, std = model.fit(data, y).predict([[0.0] * 3, [1.0] * 3], return_std=True)
    assert_allclose(mean, [y[noisy == 0].mean(), y[noisy == 1].mean()], atol=1.0)
    assert_allclose(std, [0.5, 4.0], rtol=0.2)
    mean, std = model.predict(data, return_std=True)
    assert (abs(y - mean) < 1.96 * std).mean() == pytest.approx(0.95, abs=0.04)
    assert_array_equal(mean, model.predict(data))


def test_gaussian_learns_the_mean_as_well_as_the_squared_error():
    rng = np.random.default_rng(0)
    walks = [rng.normal(size=n).cumsum() for n in rng.integers(5, 30, size=300)]
    highest = [walk.max() for walk in walks]
    for loss in ("squared_error", "gaussian"):
        model = RNNRegressor(loss=loss, random_state=0).fit(walks[:200], highest[:200])
        assert model.score(walks[200:], highest[200:]) > 0.9


def test_several_outputs_are_learned_together():
    y = np.column_stack([NUMBERS, 1000.0 * NUMBERS + 5.0])
    model = small(RNNRegressor, max_epochs=60, lr=0.02).fit(X, y)
    predicted = model.predict(X)
    assert predicted.shape == (N, 2)
    assert model.score(X, y) > 0.7
    assert np.corrcoef(predicted.T)[0, 1] > 0.98


# --- scikit-learn's checks of its own estimators ------------------------------------------------


@each_estimator
def test_constructor_parameters_are_validated_as_in_scikit_learn(record):
    estimator_checks.check_param_validation(record.name, make(record))


@each_estimator
def test_feature_names_are_kept_as_in_scikit_learn(record):
    estimator_checks.check_dataframe_column_names_consistency(record.name, make(record))


@every_estimator
def test_docstrings_list_all_parameters(record):
    faults = sklearn_testing.check_docstring_parameters(
        record.estimator.__init__, record.estimator.__doc__
    )
    methods = ("fit", "partial_fit", "predict", "score", "predict_proba", "get_params")
    for name in methods:
        if record.has(name):
            method = getattr(record.estimator, name)
            faults += sklearn_testing.check_docstring_parameters(method)
    assert faults == []
