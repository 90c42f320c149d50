"""Invalid input, found by random calls: each raises an error with advice."""

import re
from decimal import Decimal

import awkward as ak
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from skorch.callbacks import BatchScoring, EpochScoring, PrintLog

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer

SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}
X = [np.arange(6.0).reshape(3, 2), np.ones((2, 2)), np.zeros((4, 2)), np.ones((1, 2))]
LABELS = [0, 1, 0, 1]
NUMBERS = [0.0, 1.0, 2.0, 3.0]
TAGS = [[0, 1, 1], [0, 0], [1, 1, 1, 0], [1]]
IDS = [[0, 1], [2], [1, 1, 1], [0]]
INDICATOR = np.array([[0, 1], [1, 0], [1, 1], [0, 1]])
TOKENS = [["the", "cat"], ["a", "dog"], ["cat"], ["dog"]]
WORDS = ["the cat", "a dog", "cat", "dog"]
HUGE = 10**400


def clf(**params):
    return RNNClassifier(**{**SMALL, **params})


def reg(**params):
    return RNNRegressor(**{**SMALL, **params})


def seq(**params):
    return Seq2SeqTransformer(**{**SMALL, **params})


def matrix(rows):
    with pytest.warns(PendingDeprecationWarning):
        return np.matrix(rows)


class Refusing:
    """An object with ``__array__`` that raises an error."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array today")


class Stepless(torch.optim.Optimizer):
    """An optimizer without a step."""

    def __init__(self, params, lr=1e-3):
        super().__init__(params, {"lr": lr})


class Failing(torch.optim.SGD):
    """An optimizer whose step fails."""

    def step(self, closure=None):
        raise KeyError("step")


class Argumentless(torch.nn.Module):
    """A module without the arguments of a cell."""

    def __init__(self):
        super().__init__()


class Raising(torch.nn.Module):
    """A cell that fails when it is used."""

    def __init__(self, input_size, hidden_size):
        super().__init__()

    def forward(self, x):
        raise KeyError("forward")


CLASSES = "Pass a 1-D array of all class labels, at least two."
OPTIMIZER = r"Pass a subclass of torch\.optim\.Optimizer that takes lr, has a step, needs neither"
CELL = r"A cell must be built as cell\(input_size, hidden_size\)"
WEIGHTS = "Pass a 1-D array of 4 weights, one per sample."

# what: (call, type of error, pattern that the message begins with)
INVALID = {
    "callbacks that are a number, set before partial_fit": (
        lambda: reg().fit(X, NUMBERS).set_params(callbacks=0.5).partial_fit(X, NUMBERS),
        ValueError,
        r"The 'callbacks' parameter of RNNRegressor must be",
    ),
    "text for lr, set before partial_fit": (
        lambda: clf().fit(X, LABELS).set_params(lr="a").partial_fit(X, LABELS),
        ValueError,
        r"The 'lr' parameter of RNNClassifier must be",
    ),
    "encodings beyond float32": (
        lambda: (
            seq(transform_method="encode").fit(np.eye(4)).inverse_transform(np.full((2, 4), 1e300))
        ),
        ValueError,
        r"Seq2SeqTransformer\.inverse_transform: X does not contain encodings: .* too large for",
    ),
    "a callback of skorch with a wrong parameter": (
        lambda: clf(callbacks=[PrintLog()], callbacks__PrintLog__sink=1.0).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: callback 'PrintLog' failed: 'float' object is not callable "
        r"\(TypeError\)\. Correct its parameters\.",
    ),
    # --- empty data ---
    "a class for X": (
        lambda: clf().fit(Panel, LABELS),
        TypeError,
        r"RNNClassifier\.fit: X is the class Panel, where data is expected\. Pass an object that "
        r"holds the data\.$",
    ),
    "a class for X, of arrays": (
        lambda: reg().fit(X, NUMBERS).predict(np.ndarray),
        TypeError,
        r"RNNRegressor\.predict: X is the class ndarray, where data is expected\. Pass",
    ),
    "a class for y": (
        lambda: seq().fit(WORDS, pd.Series),
        TypeError,
        r"Seq2SeqTransformer\.fit: y is the class Series, where data is expected\. Pass",
    ),
    "a class for X_val": (
        lambda: clf().fit(X, LABELS, X_val=ak.Array, y_val=LABELS),
        TypeError,
        r"RNNClassifier\.fit: X_val is the class Array, where data is expected\. Pass",
    ),
    "a class for a sample": (
        lambda: clf().fit([X[0], dict, *X[2:]], LABELS),
        TypeError,
        r"RNNClassifier\.fit: X\[1\] is the class dict, which is not a sequence of time steps\.",
    ),
    "a module for X": (
        lambda: seq().fit(WORDS, WORDS).predict(np),
        TypeError,
        r"Seq2SeqTransformer\.predict: X is the module numpy, where data is expected\. Pass",
    ),
    "an awkward array of several kinds": (
        lambda: clf().fit(ak.Array([[1.0], ["a"], [2.0], [3.0]]), LABELS),
        ValueError,
        r"RNNClassifier\.fit: X holds strings where numbers are expected, for example 'a'\.",
    ),
    "a record of awkward with a shape": (
        lambda: clf().fit(ak.Record({"shape": 1.0}), LABELS),
        TypeError,
        r"RNNClassifier\.fit: X is a Record, which is not a container of sequences\.",
    ),
    "a record of awkward for X": (
        lambda: seq(transform_method="encode").fit(TOKENS).transform(ak.Record({"a": 1.0})),
        ValueError,
        r"Seq2SeqTransformer\.transform: X contains numbers, but the model was fitted with",
    ),
    "a ragged awkward array for a sample": (
        lambda: clf().fit([ak.Array([[1.0], [2.0, 3.0]])] * 4, LABELS),
        ValueError,
        r"RNNClassifier\.fit: X\[0\] cannot be read as an array: .*\. Pass one array of shape",
    ),
    # --- numbers far from those of training ---
    "y_val beyond float32": (
        lambda: reg().fit(X, NUMBERS, X_val=X, y_val=[0.0, 1e39, 2.0, 3.0]),
        ValueError,
        r"RNNRegressor\.fit: y_val has 1e\+39, which is too far from the targets that the model "
        r"was trained on: scaled like them, it overflows float32\. Drop such targets, or fit with "
        r"targets that include them\.$",
    ),
    "y of partial_fit beyond float32": (
        lambda: reg().partial_fit(X, NUMBERS).partial_fit(X, [0.0, 1.0, 2.0, -1e300]),
        ValueError,
        r"RNNRegressor\.partial_fit: y has -1e\+300, which is too far from",
    ),
    "y_val of steps beyond float32": (
        lambda: reg(return_sequences=True).fit(X, TAGS, X_val=X[3:], y_val=[[1e39]]),
        ValueError,
        r"RNNRegressor\.fit: y_val has 1e\+39, which is too far from",
    ),
    "y_val of sequences beyond float32": (
        lambda: seq().fit(X, X, X_val=X, y_val=[1e39 * x for x in X]),
        ValueError,
        r"Seq2SeqTransformer\.fit: y_val has 1e\+39, which is too far from",
    ),
    "y of score_samples beyond float32": (
        lambda: seq().fit(X, X).score_samples(X, [1e39 * x for x in X]),
        ValueError,
        r"Seq2SeqTransformer\.score_samples: y has 1e\+39, which is too far from",
    ),
    "y of align beyond float32": (
        lambda: seq().fit(X, X).align(X, [1e39 * x for x in X]),
        ValueError,
        r"Seq2SeqTransformer\.align: y has 1e\+39, which is too far from",
    ),
    # --- cells and callbacks ---
    "a cell that fits the first layer only": (
        lambda: clf(cell=torch.nn.Identity, num_layers=2).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: cell Identity returned \(4, 2, 4\) for an input of shape \(4, 2, 4\)"
        r"; expected \(4, 2, 2\)\. A cell must",
    ),
    "a scoring for other targets": (
        lambda: reg(callbacks=[EpochScoring("accuracy")]).fit(X, NUMBERS, X_val=X, y_val=NUMBERS),
        ValueError,
        r"RNNRegressor\.fit: callback 'EpochScoring' cannot compute scoring='accuracy': .* Set a "
        r"scoring that fits what the estimator predicts, or a function of \(net, X, y\)\.$",
    ),
    "a scoring of batches for other targets": (
        lambda: seq(callbacks=[BatchScoring("accuracy")]).fit(X, X, X_val=X, y_val=X),
        ValueError,
        r"Seq2SeqTransformer\.fit: callback 'BatchScoring' cannot compute scoring='accuracy': ",
    ),
    # --- weights ---
    "weight beyond floats": (
        lambda: clf().fit(X, LABELS, sample_weight=[HUGE, 1, 1, 1]),
        ValueError,
        r"RNNClassifier\.fit: sample_weight holds 10{56}\.\.\., which is too large for any float\. "
        + re.escape(WEIGHTS),
    ),
    "one weight beyond floats": (
        lambda: seq().fit(WORDS, WORDS, sample_weight=HUGE),
        ValueError,
        r"Seq2SeqTransformer\.fit: sample_weight holds 10{56}\.\.\., which is too large for any "
        r"float\. " + re.escape(WEIGHTS),
    ),
    "complex weights": (
        lambda: reg().fit(X, NUMBERS, sample_weight=np.array([1j, 1, 1, 1])),
        ValueError,
        r"RNNRegressor\.fit: sample_weight: Complex data not supported\.",
    ),
    "weights in a complex tensor": (
        lambda: seq().fit(WORDS, WORDS, sample_weight=torch.ones(4) * 1j),
        ValueError,
        r"Seq2SeqTransformer\.fit: sample_weight: Complex data not supported\.",
    ),
    "ragged weights": (
        lambda: clf().fit(X, LABELS, sample_weight=[[1], [1, 2], [1], [1]]),
        ValueError,
        r"RNNClassifier\.fit: sample_weight cannot be read as an array: setting an array element",
    ),
    "sparse weights": (
        lambda: clf().fit(X, LABELS, sample_weight=sp.csr_matrix([1.0, 1, 1, 1])),
        TypeError,
        re.escape(f"RNNClassifier.fit: sample_weight is sparse, which is not supported. {WEIGHTS}"),
    ),
    "masked weights": (
        lambda: clf().fit(X, LABELS, sample_weight=np.ma.masked_array([1.0] * 4, [1, 0, 0, 0])),
        ValueError,
        r"RNNClassifier\.fit: sample_weight has masked values\. Fill them",
    ),
    "weights of a matrix": (
        lambda: clf().fit(X, LABELS, sample_weight=matrix([1.0, 1, 1, 1])),
        ValueError,
        r"RNNClassifier\.fit: sample_weight has shape \(1, 4\), but there are 4 samples\.",
    ),
    "weights in a dict": (
        lambda: clf().fit(X, LABELS, sample_weight={0: 1.0}),
        TypeError,
        r"RNNClassifier\.fit: sample_weight holds dicts where numbers are expected, for example "
        r"\{0: 1\.0\} \(.*\)\. " + re.escape(WEIGHTS),
    ),
    "no weights": (
        lambda: clf().fit(X, LABELS, sample_weight=[]),
        ValueError,
        r"RNNClassifier\.fit: sample_weight has shape \(0,\), but there are 4 samples\.",
    ),
    "weights that add up to infinity": (
        lambda: clf().fit(X, LABELS, sample_weight=[1e308] * 4),
        ValueError,
        r"RNNClassifier\.fit: sample_weight adds up to inf, which is too large to compute with\. "
        r"Pass weights divided by the largest, 1e\+308\.$",
    ),
    "weights of the validation data": (
        lambda: clf().fit(X, LABELS, X_val=X, y_val=LABELS, sample_weight_val=Refusing()),
        ValueError,
        r"RNNClassifier\.fit: sample_weight_val cannot be read as an array: no array today\.",
    ),
    # --- score ---
    "labels of another kind": (
        lambda: clf().fit(X, LABELS).score(X, ["a", "b", "a", "b"]),
        ValueError,
        r"RNNClassifier\.score: y has labels such as 'a', but the model predicts labels such as "
        r"\d\. Pass labels of the type that the model was fitted with\.$",
    ),
    "tags of another kind": (
        lambda: (
            clf(return_sequences=True)
            .fit(X, TAGS)
            .score(X, [[str(tag) for tag in tags] for tags in TAGS])
        ),
        ValueError,
        r"RNNClassifier\.score: y has labels such as '0', but the model predicts",
    ),
    "an indicator for labels": (
        lambda: clf().fit(X, LABELS).score(X, INDICATOR),
        ValueError,
        r"RNNClassifier\.score: y has shape \(4, 2\), but the model was fitted with one label",
    ),
    "labels for an indicator": (
        lambda: clf().fit(X, INDICATOR).score(X, LABELS),
        ValueError,
        r"RNNClassifier\.score: y has shape \(4,\), but the model was fitted with 2 labels",
    ),
    "numbers for labels": (
        lambda: clf().fit(X, LABELS).score(X, [0.5, 1.5, 2.5, 3.5]),
        ValueError,
        r"RNNClassifier\.score: y does not contain labels: Unknown label type: continuous\.",
    ),
    "numbers for tags": (
        lambda: (
            clf(return_sequences=True)
            .fit(X, TAGS)
            .score(X, [[tag / 3 for tag in tags] for tags in TAGS])
        ),
        ValueError,
        r"RNNClassifier\.score: y does not contain labels: Unknown label type: continuous\.",
    ),
    "bytes for labels": (
        lambda: clf().fit(X, LABELS).score(X, [b"a", b"b", b"a", b"b"]),
        ValueError,
        r"RNNClassifier\.score: y does not contain labels: Support for labels represented as bytes",
    ),
    "y of another length to score": (
        lambda: clf().fit(X, LABELS).score(X, LABELS[:3]),
        ValueError,
        r"RNNClassifier\.score: X has 4 sequences, but y has 3 targets",
    ),
    "another number of outputs": (
        lambda: reg().fit(X, NUMBERS).score(X, np.zeros((4, 2))),
        ValueError,
        r"RNNRegressor\.score: y has 2 numbers per target, but the model was fitted with 1\. Pass "
        r"y with the same number of outputs\.$",
    ),
    "text to score numbers": (
        lambda: reg().fit(X, NUMBERS).score(X, ["a", "b", "c", "d"]),
        ValueError,
        r"RNNRegressor\.score: y cannot be read as real numbers: could not convert string",
    ),
    "weights of zero to score": (
        lambda: reg().fit(X, NUMBERS).score(X, NUMBERS, sample_weight=[0, 0, 0, 0]),
        ValueError,
        r"RNNRegressor\.score: sample_weight is zero for all 4 samples, which leaves none to score",
    ),
    "NaN among weights to score": (
        lambda: clf().fit(X, LABELS).score(X, LABELS, sample_weight=[np.nan, 1, 1, 1]),
        ValueError,
        r"RNNClassifier\.score: sample_weight\[0\] is nan\.",
    ),
    # --- classes ---
    "no classes": (
        lambda: clf().partial_fit(X, LABELS, classes=[]),
        ValueError,
        re.escape(f"RNNClassifier.partial_fit: classes has 0 labels, []. {CLASSES}"),
    ),
    "one class": (
        lambda: clf().partial_fit(X, LABELS, classes=[1, 1]),
        ValueError,
        re.escape(f"RNNClassifier.partial_fit: classes has 1 labels, [1]. {CLASSES}"),
    ),
    "classes of two kinds": (
        lambda: clf().partial_fit(X, LABELS, classes=np.array([0, "a"], dtype=object)),
        ValueError,
        r"RNNClassifier\.partial_fit: classes cannot be sorted: '<' not supported",
    ),
    "ragged classes": (
        lambda: clf().partial_fit(X, LABELS, classes=[[0], [0, 1]]),
        ValueError,
        r"RNNClassifier\.partial_fit: classes cannot be read as an array: setting an array",
    ),
    "a number for classes": (
        lambda: clf().partial_fit(X, LABELS, classes=2),
        ValueError,
        re.escape(f"RNNClassifier.partial_fit: classes has shape (). {CLASSES}"),
    ),
    "classes with a gap": (
        lambda: clf().partial_fit(X, LABELS, classes=[0, np.nan]),
        ValueError,
        re.escape(f"RNNClassifier.partial_fit: classes[1] is nan, which is not a label. {CLASSES}"),
    ),
    "sparse classes": (
        lambda: clf().partial_fit(X, LABELS, classes=sp.csr_matrix([0, 1])),
        TypeError,
        r"RNNClassifier\.partial_fit: classes is sparse, which is not supported\.",
    ),
    "complex classes": (
        lambda: clf().partial_fit(X, LABELS, classes=[1j, 2]),
        ValueError,
        r"RNNClassifier\.partial_fit: classes has dtype complex128, which is not supported\.",
    ),
    "junk for classes, later": (
        lambda: clf().partial_fit(X, LABELS).partial_fit(X, LABELS, classes=[None, 1]),
        ValueError,
        r"RNNClassifier\.partial_fit: classes\[0\] is None, which is not a label\.",
    ),
    # --- targets ---
    "a matrix of labels": (
        lambda: clf().fit(X, matrix([LABELS])),
        TypeError,
        r"RNNClassifier\.fit: y is a np\.matrix, which is not supported\. Pass np\.asarray\(y\)\.$",
    ),
    "a matrix of numbers": (
        lambda: reg().fit(X, matrix([NUMBERS]).T),
        TypeError,
        r"RNNRegressor\.fit: y is a np\.matrix, which is not supported\.",
    ),
    "complex numbers among objects": (
        lambda: clf().fit(X, np.array([0, 1, 1j, 1], dtype=object)),
        ValueError,
        r"RNNClassifier\.fit: y contains complex numbers: Complex data not supported\.",
    ),
    "records": (
        lambda: reg().fit(X, np.zeros(4, dtype=[("a", float)])),
        ValueError,
        r"RNNRegressor\.fit: y has dtype \[\('a', '<f8'\)\], which is not supported\.",
    ),
    "records of awkward": (
        lambda: clf().fit(X, LABELS).score(X, ak.Array([{"a": 1}] * 4)),
        ValueError,
        r"RNNClassifier\.score: y has dtype \[\('a', '<i8'\)\], which is not supported\.",
    ),
    "no labels": (
        lambda: clf().fit(X, np.zeros((0, 2))),
        ValueError,
        r"RNNClassifier\.fit: y has shape \(0, 2\), which is empty\. Pass one label",
    ),
    "X for y": (
        lambda: clf().fit(X, [X]),
        ValueError,
        r"RNNClassifier\.fit: y cannot be read as an array: setting an array element with a "
        r"sequence.*[^.]\. Pass one label per sequence\.$",
    ),
    "no array": (
        lambda: reg().fit(X, [Refusing()] * 4),
        ValueError,
        r"RNNRegressor\.fit: y cannot be read as an array: no array today\. Pass one number",
    ),
    "tags beyond 64 bits": (
        lambda: clf(return_sequences=True).fit(X, [[0, HUGE, 1], [0, 0], [1, 1, 1, 0], [1]]),
        ValueError,
        r"RNNClassifier\.fit: y has labels beyond 64 bits\. Pass smaller numbers, or strings\.$",
    ),
    "sparse series": (
        lambda: seq().fit(WORDS, sp.csr_matrix(np.eye(4))),
        TypeError,
        r"Seq2SeqTransformer\.fit: y is sparse, and sparse data is not supported\.",
    ),
    "a module for y": (
        lambda: seq().fit(WORDS, np),
        TypeError,
        r"Seq2SeqTransformer\.fit: y is the module numpy, where data is expected\.",
    ),
    # --- sources ---
    "a matrix for X": (
        lambda: clf().fit(matrix(np.zeros((4, 3))), LABELS),
        TypeError,
        r"RNNClassifier\.fit: X is a np\.matrix, which is not supported\. Pass np\.asarray\(X\)\.$",
    ),
    "an integer beyond floats in X": (
        lambda: clf().fit([[HUGE], [1], [2], [3]], LABELS),
        ValueError,
        r"RNNClassifier\.fit: X\[0\] holds 10{56}\.\.\., which is too large for any float\. Clip "
        r"such",
    ),
    # --- parameters ---
    "hidden_size beyond 64 bits": (
        lambda: clf(hidden_size=HUGE).fit(X, LABELS),
        ValueError,
        r"The 'hidden_size' parameter of RNNClassifier must be an int in the range \[1, "
        r"2\*\*63\)\. Got",
    ),
    "lr beyond floats": (
        lambda: seq(lr=HUGE).fit(WORDS, WORDS),
        ValueError,
        r"The 'lr' parameter of Seq2SeqTransformer must be a float in the range \(0\.0, inf\)\. "
        r"Got",
    ),
    "max_length beyond 64 bits": (
        lambda: seq(max_length=2**63).fit(WORDS, WORDS),
        ValueError,
        r"The 'max_length' parameter of Seq2SeqTransformer must be an int in the range "
        r"\[1, 2\*\*63\) or a str among \{'auto'\}\. Got 9223372036854775808 instead\.$",
    ),
    "padding_value beyond floats": (
        lambda: reg(padding_value=HUGE).fit(X, NUMBERS),
        ValueError,
        r"The 'padding_value' parameter of RNNRegressor must be a float or None\. Got",
    ),
    "class_weight beyond floats": (
        lambda: clf(class_weight={0: HUGE}).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: class_weight\[0\] is 1000",
    ),
    "a network too large": (
        lambda: clf(hidden_size=10**12).fit(X, LABELS),
        MemoryError,
        r"RNNClassifier\.fit: the network does not fit into memory\. Lower hidden_size",
    ),
    "embedding_weights that cannot be read, of a source of ids": (
        lambda: seq(embedding_weights=Refusing()).fit(Panel.from_sequences([[1, 2]] * 4), WORDS),
        ValueError,
        r"Seq2SeqTransformer\.fit: embedding_weights cannot be read as an array: .*\. Pass finite",
    ),
    "embedding_weights beyond floats": (
        lambda: clf(embedding_weights=[[HUGE, 1]] * 3).fit(IDS, LABELS),
        ValueError,
        r"RNNClassifier\.fit: embedding_weights holds 10{56}\.\.\., which is too large for any "
        r"float\. "
        r"Pass finite numbers of shape \(num_embeddings, embedding_dim\)",
    ),
    "complex embedding_weights": (
        lambda: clf(embedding_weights=np.full((3, 2), 1j)).fit(IDS, LABELS),
        ValueError,
        r"RNNClassifier\.fit: embedding_weights: Complex data not supported\.",
    ),
    "embedding_weights beyond float32": (
        lambda: clf(embedding_weights=np.full((3, 2), 1e300)).fit(IDS, LABELS),
        ValueError,
        r"RNNClassifier\.fit: embedding_weights contains a number too large for float32 in row 0\.",
    ),
    "schedule that needs more": (
        lambda: clf(lr_schedule=torch.optim.lr_scheduler.StepLR).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: lr_schedule\(0\) raised TypeError: StepLR\.__init__\(\) missing 1 .* "
        r"Pass a function from progress in \[0, 1\] to the factor of lr\.$",
    ),
    "schedule beyond floats": (
        lambda: clf(lr_schedule=lambda progress: HUGE).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: lr_schedule\(0\) raised OverflowError: int too large to convert",
    ),
    "module for a schedule": (
        lambda: clf(lr_schedule=torch.nn.Linear(1, 1)).fit(X, LABELS),
        TypeError,
        r"RNNClassifier\.fit: lr_schedule is a module, Linear\. Pass a function",
    ),
    "analyzer without arguments": (
        lambda: seq(source_analyzer=lambda: [0]).fit(WORDS, WORDS),
        TypeError,
        r"Seq2SeqTransformer\.fit: X\[0\]: source_analyzer raised TypeError: .* for 'the cat'\. It "
        r"must take a string and return a list of tokens\.$",
    ),
    "analyzer of numbers": (
        lambda: seq(target_analyzer=int).fit(WORDS, WORDS),
        ValueError,
        r"Seq2SeqTransformer\.fit: y\[0\]: target_analyzer raised ValueError: invalid literal",
    ),
    # --- optimizers ---
    "abstract optimizer": (
        lambda: clf(optimizer=torch.optim.Optimizer).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: optimizer=.* cannot take a step \(Optimizer\.__init__\(\) got an "
        r"unexpected keyword argument 'lr'\)\. " + OPTIMIZER,
    ),
    "optimizer without a step": (
        lambda: reg(optimizer=Stepless).fit(X, NUMBERS),
        ValueError,
        r"RNNRegressor\.fit: optimizer=.*Stepless.* cannot take a step \(NotImplementedError",
    ),
    "optimizer that fails": (
        lambda: seq(optimizer=Failing).fit(WORDS, WORDS),
        ValueError,
        r"Seq2SeqTransformer\.fit: optimizer=.* cannot take a step \(KeyError: 'step'\)\. ",
    ),
    "optimizer argument of another kind": (
        lambda: clf(optimizer__betas=3).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: AdamW rejects optimizer__betas=3: 'int' object is not subscriptable",
    ),
    "optimizer argument that only the fused step refuses": (
        lambda: clf(optimizer__eps=Decimal("0.1")).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: AdamW rejects optimizer__eps=Decimal\('0\.1'\): ",
    ),
    "optimizer argument beyond floats": (
        lambda: clf(optimizer__eps=HUGE).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: AdamW rejects optimizer__eps=1000",
    ),
    "optimizer of gradients of its step": (
        lambda: clf(optimizer__differentiable=True).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: AdamW rejects optimizer__differentiable=True: ",
    ),
    # --- initial weights ---
    "negative embedding_std": (
        lambda: clf(embedding_dim=2, module__embedding_std=-1).fit(IDS, LABELS),
        ValueError,
        r"The 'module__embedding_std' parameter of RNNClassifier must be a float in the range "
        r"\[0\.0, "
        r"3\.4028234663852886e\+38\]\. Got -1 instead\.$",
    ),
    "embedding_std of text": (
        lambda: clf(embedding_dim=2, module__embedding_std="a").fit(IDS, LABELS),
        ValueError,
        r"The 'module__embedding_std' parameter of RNNClassifier must be .* Got 'a' instead\.$",
    ),
    "embedding_std beyond float32": (
        lambda: seq(module__embedding_std=1e300).fit(WORDS, WORDS),
        ValueError,
        r"The 'module__embedding_std' parameter of Seq2SeqTransformer must be .* Got 1e\+300 "
        r"instead",
    ),
    "forget_bias NaN": (
        lambda: clf(cell="lstm", module__forget_bias=np.nan).fit(X, LABELS),
        ValueError,
        r"The 'module__forget_bias' parameter of RNNClassifier must be .* Got nan instead\.$",
    ),
    "forget_bias beyond floats": (
        lambda: clf(cell="lstm", module__forget_bias=-HUGE).fit(X, LABELS),
        ValueError,
        r"The 'module__forget_bias' parameter of RNNClassifier must be .* Got -1000",
    ),
    # --- cells ---
    "cell without arguments": (
        lambda: clf(cell=Argumentless).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: cell Argumentless raised TypeError: .* takes 1 positional argument "
        r"but 3 were given\. " + CELL,
    ),
    "cell that fails": (
        lambda: reg(cell=Raising).fit(X, NUMBERS),
        ValueError,
        r"RNNRegressor\.fit: cell Raising raised KeyError: 'forward'\. " + CELL,
    ),
    "abstract cell": (
        lambda: clf(cell=torch.nn.Module).fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: cell Module raised TypeError: ",
    ),
    "cell with another's argument": (
        lambda: clf(cell=torch.nn.GRU, module__cell__dropout="a").fit(X, LABELS),
        ValueError,
        r"RNNClassifier\.fit: cell GRU raised ",
    ),
    # --- methods ---
    "junk for return_std": (
        lambda: reg().fit(X, NUMBERS).predict(X, return_std=np.zeros(2)),
        TypeError,
        r"RNNRegressor\.predict: return_std is array\(\[0\., 0\.\]\)\. Pass True or False\.$",
    ),
    "junk for return_log_proba": (
        lambda: seq().fit(WORDS, WORDS).predict_n_best(WORDS, 2, return_log_proba=pd.NA),
        TypeError,
        r"Seq2SeqTransformer\.predict_n_best: return_log_proba is <NA>\. Pass True or False\.$",
    ),
    "encodings beyond floats": (
        lambda: seq(transform_method="encode").fit(WORDS).inverse_transform([[HUGE] * 4]),
        ValueError,
        r"Seq2SeqTransformer\.inverse_transform: X does not contain encodings: int too large "
        r"to convert to float\. Pass an array of shape",
    ),
    "names of other features": (
        lambda: seq(transform_method="encode").fit(WORDS).get_feature_names_out(3),
        ValueError,
        r"Seq2SeqTransformer\.get_feature_names_out: .* Pass None\.$",
    ),
    "junk for transform_method after fit": (
        lambda: seq().fit(WORDS, WORDS).set_params(transform_method=np.zeros(2)).transform(WORDS),
        ValueError,
        r"The 'transform_method' parameter of Seq2SeqTransformer must be a str among",
    ),
    "junk for padding_value after fit": (
        lambda: clf().fit(X, LABELS).set_params(padding_value=len).predict(X),
        TypeError,
        r"RNNClassifier\.predict: padding_value=<built-in function len> is not a number\. Set a",
    ),
    "temperature beyond floats": (
        lambda: seq().fit(WORDS, WORDS).sample(WORDS, temperature=HUGE),
        ValueError,
        r"Seq2SeqTransformer\.sample: temperature is 1000",
    ),
}


@pytest.mark.parametrize("what", INVALID)
def test_invalid_input_raises_with_advice(what):
    call, kind, message = INVALID[what]
    with pytest.raises(kind) as error:
        call()
    assert re.match(message, str(error.value)), str(error.value)


@pytest.mark.parametrize("name", ["gradient_clip", "module__forget_bias", "weight_decay", "tol"])
def test_integers_beyond_64_bits_are_converted_to_floats(name):
    outputs = [
        clf(cell="lstm", **{name: number}).fit(X, LABELS).predict_proba(X)
        for number in (2**70, 2.0**70)
    ]
    np.testing.assert_array_equal(*outputs)


@pytest.mark.parametrize("make", [clf, reg])
def test_padding_value_beyond_float32_matches_nothing(make):
    # NumPy would convert it to infinity, with a warning.
    y = LABELS if make is clf else NUMBERS
    padded = make(padding_value=1e300).fit(X, y)
    np.testing.assert_array_equal(padded.predict(X), make().fit(X, y).predict(X))


def test_numpy_booleans_are_accepted():
    for value in (np.bool_(True), True):
        with pytest.raises(ValueError, match="tied_embeddings=True has no effect"):
            seq(tied_embeddings=value).fit(X, [[0.5], [1.5], [2.5], [3.5]])
    for value in (np.bool_(False), False):
        with pytest.raises(ValueError, match="Set scheduled_sampling=0"):
            seq(feedback=value, scheduled_sampling=0.5).fit(WORDS, WORDS)


def test_sklearn_tags_work_with_any_parameters():
    assert RNNClassifier(return_sequences=np.zeros(2)).__sklearn_tags__() is not None


def test_score_of_huge_numbers_is_that_of_small_ones():
    y = np.array([1.0, 2.0, 4.0, 3.0])
    scores = [
        reg(precision="float64").fit(X, y * unit).score(X, y * unit) for unit in (1.0, 2.0**660)
    ]
    assert scores[0] == pytest.approx(scores[1])


@pytest.mark.parametrize("weights", [{0: 1e308, 1: 1e308}, {0: 5e-324, 1: 5e-324}])
def test_class_weights_of_any_size_are_relative(weights):
    equal = clf().fit(X, LABELS).predict_proba(X)
    np.testing.assert_allclose(clf(class_weight=weights).fit(X, LABELS).predict_proba(X), equal)


def test_sampling_options_take_the_smallest_numbers():
    model = seq().fit(WORDS, WORDS)
    greedy = model.sample(WORDS, temperature=5e-324, random_state=0)
    assert greedy.tolist() == model.sample(WORDS, top_p=5e-324, random_state=0).tolist()


def test_score_compares_bits_with_predict():
    for model, y in ((clf(), LABELS), (clf(), INDICATOR)):
        predicted = model.fit(X, y).predict(X)
        right = np.asarray(y) == predicted
        right = right.all(axis=1) if right.ndim == 2 else right
        weights = [1.0, 2.0, 3.0, 0.5]
        assert model.score(X, y) == right.mean()
        assert model.score(X, y, weights) == np.average(right, weights=weights)


def test_weights_of_strings_of_digits_are_numbers():
    weights = ["1", "2", "1", "1"]
    model = clf().fit(X, LABELS, sample_weight=weights)
    same = clf().fit(X, LABELS, sample_weight=[1, 2, 1, 1])
    np.testing.assert_array_equal(model.predict_proba(X), same.predict_proba(X))
