"""Messages for invalid input: what is wrong and where, what was received, what to do."""

import io
import re
import warnings
from dataclasses import replace

import awkward as ak
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.sparse as sp
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from sk_rnn import RNNClassifier, RNNRegressor
from sk_rnn.modules import CELLS
from sk_rnn.sequences import Panel

from .table import (
    ESTIMATORS,
    FRAMES,
    METHODS,
    RECORDS,
    SERIES,
    N,
    Source,
    each_estimator,
    each_record,
    take,
)

SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}
X = [np.arange(6.0).reshape(3, 2), np.ones((2, 2)), np.zeros((4, 2)), np.ones((1, 2))]
LABELS = [0, 1, 0, 1]
NUMBERS = [0.0, 1.0, 2.0, 3.0]
TAGS = [[0, 1, 1], [0, 0], [1, 1, 1, 0], [1]]
STEPS = [[float(tag) for tag in tags] for tags in TAGS]
IDS = [[0, 1], [2], [1, 1, 1], [0]]
TABLE = np.arange(12.0).reshape(4, 3)
NAMED = pd.DataFrame(TABLE, columns=["a", "b", "c"])
LONG = pd.DataFrame(
    {"value": np.arange(8.0)},
    index=pd.MultiIndex.from_product([range(4), range(2)], names=["id", "time"]),
)

CONTAINER = (
    ", which is not a container of sequences. Pass a 2-D array (n_samples, n_timesteps), a 3-D "
    "array (n_samples, n_timesteps, n_features), a list with one array of shape (n_timesteps,) or "
    "(n_timesteps, n_features) per sample, or a Panel."
)
SHAPES = CONTAINER.partition(". ")[2]
VIDEOS = (
    "Videos have one frame per time step: pass an array (n_samples, n_timesteps, height, width) or "
    "(n_samples, n_timesteps, height, width, channels), or a list with one array per sample."
)
CLIP = (
    "Clip such values with np.clip(x, low, high), or bring large ones into range with "
    "TimeDistributed(StandardScaler())."
)
VECTORIZE = (
    "Convert text to token ids with sk_rnn.preprocessing.SequenceVectorizer: "
    "make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=64))."
)
FINITE = "Impute missing values first, or set padding_value if they are padding."


def clf(**params):
    return RNNClassifier(**{**SMALL, **params})


def reg(**params):
    return RNNRegressor(**{**SMALL, **params})


def tagger():
    return clf(return_sequences=True)


def stepper():
    return reg(return_sequences=True)


def tokens(**params):
    return clf(embedding_dim=2, **params)


def changed(sample, step, feature, value):
    arrays = [x.copy() for x in X]
    arrays[sample][step, feature] = value
    return arrays


# what: (call, type of error, full message)
MESSAGES = {
    # --- X is not a container ---
    "None": (
        lambda: clf().fit(None, LABELS),
        TypeError,
        "RNNClassifier.fit: X is None" + CONTAINER,
    ),
    "generator": (
        lambda: reg().fit((x for x in X), NUMBERS),
        TypeError,
        "RNNRegressor.fit: X is a generator" + CONTAINER,
    ),
    "string": (
        lambda: clf().fit("abcd", LABELS),
        TypeError,
        "RNNClassifier.fit: X is a str" + CONTAINER,
    ),
    "dict": (
        lambda: clf().fit({"a": 1}, LABELS),
        TypeError,
        "RNNClassifier.fit: X is a dict" + CONTAINER,
    ),
    "number": (
        lambda: clf().fit(3.0, LABELS),
        TypeError,
        "RNNClassifier.fit: X is a float" + CONTAINER,
    ),
    "file": (
        lambda: clf().fit(io.BytesIO(b"1,2"), LABELS),
        TypeError,
        "RNNClassifier.fit: X is a BytesIO" + CONTAINER,
    ),
    "0-D": (
        lambda: clf().fit(np.array(3.0), LABELS),
        TypeError,
        "RNNClassifier.fit: X is a single value, 3.0. " + SHAPES,
    ),
    "6-D": (
        lambda: clf().fit(np.zeros((4, 2, 2, 2, 2, 2)), LABELS),
        ValueError,
        "RNNClassifier.fit: X has 6 dimensions, shape (4, 2, 2, 2, 2, 2). " + VIDEOS,
    ),
    "6-D awkward": (
        lambda: clf().fit(ak.Array([[[[[[1.0, 2.0]]]]]] * 4), LABELS),
        ValueError,
        "RNNClassifier.fit: X has 6 dimensions. " + VIDEOS,
    ),
    "list of 5-D": (
        lambda: clf().fit([np.zeros((2, 2, 2, 2, 2))] * 4, LABELS),
        ValueError,
        "RNNClassifier.fit: X[0] has 5 dimensions, shape (2, 2, 2, 2, 2). " + VIDEOS,
    ),
    "1-D": (
        lambda: clf().fit(np.arange(4.0), LABELS),
        ValueError,
        "RNNClassifier.fit: X[0] is a single value, 0.0: Expected 2D array, got 1D array instead. "
        "Reshape your data. If X is one sequence of 4 time steps, pass [X]; if each value is a "
        "sample of one time step, pass [[x] for x in X].",
    ),
    "sparse": (
        lambda: clf().fit(sp.csr_matrix(TABLE), LABELS),
        TypeError,
        "RNNClassifier.fit: X is sparse, and sparse data is not supported. Pass X.toarray().",
    ),
    "long frame": (
        lambda: clf().fit(LONG, np.arange(8) % 2),
        ValueError,
        "RNNClassifier.fit: X is a frame with the MultiIndex ['id', 'time']. If its rows are time "
        "steps, group the rows into samples by id with Panel.from_frame(df, by=..., "
        "order_by=...); if they are samples, pass df.reset_index(drop=True).",
    ),
    # --- samples of X ---
    "no sample": (
        lambda: clf().fit([], []),
        ValueError,
        "RNNClassifier.fit: X has 0 sample(s) while a minimum of 1 is required.",
    ),
    "no row": (
        lambda: clf().fit(np.empty((0, 3)), []),
        ValueError,
        "RNNClassifier.fit: X: Found array with 0 sample(s) (shape=(0, 3)) while a minimum of 1 is "
        "required.",
    ),
    "empty sequence": (
        lambda: clf().fit([X[0], X[1][:0], X[2], X[3]], LABELS),
        ValueError,
        "RNNClassifier.fit: X[1] is an empty sequence. Every sample needs at least one time step: "
        "drop it, from y too.",
    ),
    "all padding": (
        lambda: clf(padding_value=0.0).fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: X[2] is an empty sequence: all its time steps equal padding_value=0.0. "
        "Drop it, from y too.",
    ),
    "ragged features": (
        lambda: clf().fit([X[0], np.ones((2, 3)), X[2], X[3]], LABELS),
        ValueError,
        "RNNClassifier.fit: X[1] has 3 features per time step, but X[0] has 2. Pass sequences of "
        "shape (n_timesteps, 2).",
    ),
    "ragged step": (
        lambda: clf().fit([[[1, 2], [3]], [[1, 2]], [[1, 2]], [[1, 2]]], LABELS),
        ValueError,
        "RNNClassifier.fit: X[0]: time steps differ in their number of features. Give each step "
        "the same number.",
    ),
    "mixed dimensions": (
        lambda: clf().fit([X[0], np.zeros(3), X[2], X[3]], LABELS),
        ValueError,
        "RNNClassifier.fit: X[1] is 1-dimensional, but X[0] is 2-dimensional. Give all samples the "
        "shape (n_timesteps,), or all the shape (n_timesteps, n_features).",
    ),
    "a sample is None": (
        lambda: clf().fit([X[0], None, X[2], X[3]], LABELS),
        TypeError,
        "RNNClassifier.fit: X[1] is None, which is not a sequence of time steps. Pass one array of "
        "shape (n_timesteps,) or (n_timesteps, n_features) per sample.",
    ),
    "NaN": (
        lambda: clf().fit(changed(2, 1, 0, np.nan), LABELS),
        ValueError,
        f"RNNClassifier.fit: X[2] contains NaN at time step 1, feature 0. {FINITE}",
    ),
    "NaN in prediction": (
        lambda: reg().fit(X, NUMBERS).predict(changed(0, 2, 1, np.nan)),
        ValueError,
        f"RNNRegressor.predict: X[0] contains NaN at time step 2, feature 1. {FINITE}",
    ),
    "NaN in validation": (
        lambda: clf().fit(X, LABELS, X_val=changed(2, 1, 0, np.nan), y_val=LABELS),
        ValueError,
        f"RNNClassifier.fit: X_val[2] contains NaN at time step 1, feature 0. {FINITE}",
    ),
    "infinity": (
        lambda: reg().fit(changed(0, 2, 1, -np.inf), NUMBERS),
        ValueError,
        "RNNRegressor.fit: X[0] contains infinity or a value too large for float64 at time step 2, "
        f"feature 1. {CLIP}",
    ),
    "too large": (
        lambda: reg(scale_inputs=False).fit(changed(0, 2, 1, 1e39), NUMBERS),
        ValueError,
        "RNNRegressor.fit: X[0] contains infinity or a value too large for float32: 1e+39 at time "
        "step 2, feature 1. Set scale_inputs=True, or clip or rescale such values first.",
    ),
    "too far": (
        lambda: reg().fit(X, NUMBERS).predict(changed(0, 2, 1, 1e300)),
        ValueError,
        "RNNRegressor.predict: X[0] has 1e+300 at time step 2, feature 1, which is too far from "
        "the training data (mean 1.2, standard deviation 1.53623) to compute with: standardised, "
        "it is too large for float32. If it stands for a missing value, impute it; else clip such "
        "values.",
    ),
    "too far apart": (
        lambda: reg().fit([*np.full((3, 4, 1), 1.7e308), [[0.0]]], NUMBERS),
        ValueError,
        "RNNRegressor.fit: X has values in feature 0 whose range overflows float64. Clip or "
        "rescale them first.",
    ),
    "strings": (
        lambda: clf().fit([["a", 1.0], ["c", 2.0], ["d", 0.0], ["e", 1.0]], LABELS),
        ValueError,
        "RNNClassifier.fit: X[0] holds strings where numbers are expected, for example 'a'. "
        f"{VECTORIZE} Encode categories with TimeDistributed(OneHotEncoder()).",
    ),
    "whole strings": (
        lambda: clf().fit(["abc", [1.0, 2.0], [1.0], [3.0]], LABELS),
        TypeError,
        f"RNNClassifier.fit: X[0] is 'abc', one string, where a sequence is expected. {VECTORIZE}",
    ),
    "column of dates": (
        lambda: clf().fit(NAMED.assign(b=pd.date_range("2020", periods=4, unit="s")), LABELS),
        ValueError,
        "RNNClassifier.fit: X has column 'b' of dtype datetime64[s] where numbers are expected. "
        "Convert it to seconds with (pd.to_datetime(X['b']) - "
        "pd.to_datetime(X['b']).min()).dt.total_seconds(), or drop it. If the rows of X are time "
        "steps, group the rows into sequences by id: Panel.from_frame(X, by=..., order_by='b').",
    ),
    "complex": (
        lambda: clf().fit([x + 1j for x in X], LABELS),
        ValueError,
        "RNNClassifier.fit: X[0]: Complex data not supported. Pass real and imaginary parts as two "
        "features.",
    ),
    "masked": (
        lambda: clf().fit(np.ma.array(TABLE, mask=TABLE > 5), LABELS),
        ValueError,
        "RNNClassifier.fit: X has masked values. Fill them, or cut masked ends with "
        "Panel.from_padded(X, lengths).",
    ),
    # --- features ---
    "unseen number of features": (
        lambda: clf().fit(X, LABELS).predict([np.ones((2, 3))]),
        ValueError,
        "RNNClassifier.predict: X has 3 features per time step, but the model was fitted with 2. "
        "Pass sequences of shape (n_timesteps, 2).",
    ),
    "unseen number of features in validation": (
        lambda: clf().fit(X, LABELS, X_val=[np.ones((2, 3))], y_val=[0]),
        ValueError,
        "RNNClassifier.fit: X_val has 3 features per time step, but the model was fitted with 2. "
        "Pass sequences of shape (n_timesteps, 2).",
    ),
    "unseen number of columns": (
        lambda: clf().fit(TABLE, LABELS).predict(TABLE[:, :2]),
        ValueError,
        "X has 2 features, but RNNClassifier is expecting 3 features as input.",
    ),
    "unseen column": (
        lambda: clf().fit(NAMED, LABELS).predict(NAMED.rename(columns={"c": "d"})),
        ValueError,
        "The feature names should match those that were passed during fit.\nFeature names unseen "
        "at fit time:\n- d\nFeature names seen at fit time, yet now missing:\n- c\n",
    ),
    "columns in another order": (
        lambda: clf().fit(NAMED, LABELS).predict(NAMED[["c", "a", "b"]]),
        ValueError,
        "The feature names should match those that were passed during fit.\nFeature names must be "
        "in the same order as they were in fit.\n",
    ),
    # --- tokens ---
    "negative token": (
        lambda: tokens().fit([[0, 1], [2], [1, -1, 1], [0]], LABELS),
        ValueError,
        "RNNClassifier.fit: X[2] has token id -1 at time step 1, but token ids start at 0. If it "
        "is padding, set padding_value.",
    ),
    "token beyond": (
        lambda: tokens(num_embeddings=2).fit(IDS, LABELS),
        ValueError,
        "RNNClassifier.fit: X[1] has token id 2 at time step 0, but the vocabulary has 2 tokens, 0 "
        "to 1. Map unknown tokens to a separate id, or fit with a larger vocabulary.",
    ),
    "token beyond in prediction": (
        lambda: tokens().fit(IDS, LABELS).predict([[0], [1, 7]]),
        ValueError,
        "RNNClassifier.predict: X[1] has token id 7 at time step 1, but the vocabulary has 3 "
        "tokens, 0 to 2. Map unknown tokens to a separate id, or fit with a larger "
        "vocabulary.",
    ),
    "fraction for a token": (
        lambda: tokens().fit([[0.5, 1], [2], [1], [0]], LABELS),
        ValueError,
        "RNNClassifier.fit: X[0] has 0.5 at time step 0, but token ids are integers. Pass "
        "integers, or leave embedding_dim unset for numbers.",
    ),
    "features for tokens": (
        lambda: tokens().fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: X has 2 features per time step, but token ids are one integer per time "
        "step. Pass sequences of shape (n_timesteps,).",
    ),
    "tokens without an embedding": (
        lambda: clf().fit(Panel([0, 1, 2, 3], [0, 1, 2, 3, 4], n_tokens=5), LABELS),
        ValueError,
        "RNNClassifier.fit: X holds token ids from a vocabulary of 5, where numbers are expected. "
        "Set embedding_dim.",
    ),
    "embedding of one dimension": (
        lambda: clf(embedding_weights=[1.0, 2.0]).fit(IDS, LABELS),
        ValueError,
        "RNNClassifier.fit: embedding_weights has shape (2,). Pass finite numbers of shape "
        "(num_embeddings, embedding_dim), with row i for token id i.",
    ),
    "embedding with NaN": (
        lambda: clf(embedding_weights=[[1.0, 2.0], [np.nan, 1.0]]).fit(IDS, LABELS),
        ValueError,
        "RNNClassifier.fit: embedding_weights contains NaN or infinity in row 1. Pass finite "
        "numbers of shape (num_embeddings, embedding_dim), with row i for token id i.",
    ),
    "embedding of another size": (
        lambda: tokens(embedding_weights=np.ones((3, 4))).fit(IDS, LABELS),
        ValueError,
        "RNNClassifier.fit: embedding_weights has 4 columns, but embedding_dim=2. Pass finite "
        "numbers of shape (num_embeddings, embedding_dim), with row i for token id i.",
    ),
    # --- y ---
    "y is None": (
        lambda: clf().fit(X, None),
        ValueError,
        "RNNClassifier.fit: RNNClassifier requires y to be passed, but the target y is None. Pass "
        "one target per sequence.",
    ),
    "too few y": (
        lambda: clf().fit(X, LABELS[:3]),
        ValueError,
        "RNNClassifier.fit: X has 4 sequences, but y has 3 targets (inconsistent numbers of "
        "samples). Pass one target per sequence.",
    ),
    "too few y_val": (
        lambda: reg().fit(X, NUMBERS, X_val=X, y_val=NUMBERS[:2]),
        ValueError,
        "RNNRegressor.fit: X_val has 4 sequences, but y_val has 2 targets (inconsistent numbers of "
        "samples). Pass one target per sequence.",
    ),
    "one class": (
        lambda: clf().fit(X, ["a"] * 4),
        ValueError,
        "RNNClassifier.fit: y has only one class, 'a'. A classifier needs at least two classes; "
        "check how y was made, or how the data was split.",
    ),
    "one class by weight": (
        lambda: clf().fit(X, LABELS, sample_weight=[1, 0, 1, 0]),
        ValueError,
        "RNNClassifier.fit: y has only one class, 0. A classifier needs at least two classes; "
        "check how y was made, or how the data was split.",
    ),
    "numbers to classify": (
        lambda: clf().fit(X, [0.1, 0.2, 0.3, 0.4]),
        ValueError,
        "RNNClassifier.fit: y does not contain labels: Unknown label type: continuous. Maybe you "
        "are trying to fit a classifier, which expects discrete classes on a regression target "
        "with continuous values. Pass labels, or use RNNRegressor for numbers.",
    ),
    "numbers to tag": (
        lambda: tagger().fit(X, [np.full(len(x), 0.5) for x in X]),
        ValueError,
        "RNNClassifier.fit: y does not contain labels: Unknown label type: continuous. Maybe you "
        "are trying to fit a classifier, which expects discrete classes on a regression target "
        "with continuous values. Pass labels, or use RNNRegressor for numbers.",
    ),
    "NaN label": (
        lambda: clf().fit(X, [1, np.nan, 0, 1]),
        ValueError,
        "RNNClassifier.fit: y[1] is nan: Input y contains NaN. Every sequence needs a label: drop "
        "those without one, from X too.",
    ),
    "None label": (
        lambda: clf().fit(X, ["a", "b", None, "a"]),
        ValueError,
        "RNNClassifier.fit: y[2] is None: Input y contains NaN. Every sequence needs a label: drop "
        "those without one, from X too.",
    ),
    "NaN number": (
        lambda: reg().fit(X, [1.0, 2.0, 3.0, np.nan]),
        ValueError,
        "RNNRegressor.fit: y[3] is nan: Input y contains NaN. Every sequence needs a number: drop "
        "those without one, from X too.",
    ),
    "infinite number": (
        lambda: reg().fit(X, [1.0, np.inf, 3.0, 4.0]),
        ValueError,
        "RNNRegressor.fit: y[1] is inf: Input y contains infinity or a value too large for "
        "dtype('float64'). Pass finite numbers.",
    ),
    "huge number": (
        lambda: reg().fit(X, [1.7e308, 1.7e308, 1.7e308, 4.0]),
        ValueError,
        "RNNRegressor.fit: y has values up to 1.7e+308, whose variance overflows float64. Rescale "
        "y.",
    ),
    "complex number": (
        lambda: reg().fit(X, [1j, 2.0, 3.0, 4.0]),
        ValueError,
        "RNNRegressor.fit: y contains complex numbers: Complex data not supported. Pass one number"
        " per sequence.",
    ),
    "labels of two kinds": (
        lambda: clf().fit(X, [1, "a", 1, "a"]),
        ValueError,
        "RNNClassifier.fit: y has labels of several types: int, str. Pass labels of one type.",
    ),
    "labels to regress": (
        lambda: reg().fit(X, ["a", "b", "c", "d"]),
        ValueError,
        "RNNRegressor.fit: y cannot be read as real numbers: could not convert string to float: "
        "'a'. Pass one number per sequence, or use RNNClassifier for labels.",
    ),
    "dates to regress": (
        lambda: reg().fit(X, pd.date_range("2020", periods=4)),
        ValueError,
        "RNNRegressor.fit: y holds dates where numbers are expected, for example "
        "datetime.datetime(2020, 1, 1, 0, 0). Convert them to seconds: "
        "np.asarray(y).astype('datetime64[ms]').astype(float) / 1000.",
    ),
    "y of three dimensions": (
        lambda: reg().fit(X, np.zeros((4, 2, 2))),
        ValueError,
        "RNNRegressor.fit: y has 3 dimensions. Pass (n_samples,) or (n_samples, n_outputs), or set "
        "return_sequences=True to learn one number per time step.",
    ),
    "y is a number": (
        lambda: reg().fit(X, 3.0),
        TypeError,
        "RNNRegressor.fit: y is a float, which is not a container of numbers. Pass one number per "
        "sequence, in an array or a list. For one sequence pass [X] and [y].",
    ),
    "y is a string": (
        lambda: clf().fit(X, "abab"),
        TypeError,
        "RNNClassifier.fit: y is a str, which is not a container of labels. Pass one label per "
        "sequence, in an array or a list. For one sequence pass [X] and [y].",
    ),
    "sparse y": (
        lambda: clf().fit(X, sp.csr_matrix(np.eye(4))),
        TypeError,
        "RNNClassifier.fit: y is sparse, and sparse data is not supported. Pass y.toarray().",
    ),
    "columns of classes": (
        lambda: clf().fit(X, [[1, 2], [2, 3], [1, 3], [0, 0]]),
        ValueError,
        "RNNClassifier.fit: y has 2 columns of classes. Pass one column, or a multilabel indicator "
        "of 0 and 1.",
    ),
    "nested y": (
        lambda: clf().fit(X, TAGS),
        ValueError,
        "RNNClassifier.fit: y[0] is a sequence (list). Pass one label per sequence, or set "
        "return_sequences=True to learn one label per time step.",
    ),
    "nested numbers": (
        lambda: reg().fit(X, STEPS),
        ValueError,
        "RNNRegressor.fit: y[0] is a sequence (list). Pass one number per sequence, or set "
        "return_sequences=True to learn one number per time step.",
    ),
    "Panel y": (
        lambda: reg().fit(X, Panel.from_sequences(STEPS)),
        ValueError,
        "RNNRegressor.fit: y[0] is a sequence (of a Panel). Pass one number per sequence, or set "
        "return_sequences=True to learn one number per time step.",
    ),
    "flat y": (
        lambda: tagger().fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: y[0] is 0, one value for the whole sample, but return_sequences=True "
        "needs one per time step. Pass a sequence per sample, or set return_sequences=False.",
    ),
    "flat strings": (
        lambda: tagger().fit(X, ["abc", "ab", "abca", "a"]),
        ValueError,
        "RNNClassifier.fit: y[0] is 'abc', which is one label, but return_sequences=True needs one "
        "per time step. Pass list(y[i]) if each character is a label, or set "
        "return_sequences=False.",
    ),
    "steps without a label": (
        lambda: tagger().fit(X, [[0, 1, 1], [0, 0], [1, 1, 1], [1]]),
        ValueError,
        "RNNClassifier.fit: y[2] has 3 labels, but X[2] has 4 time steps. Pass one label per time "
        "step.",
    ),
    "samples without labels": (
        lambda: tagger().fit(X, TAGS[:3]),
        ValueError,
        "RNNClassifier.fit: y has 3 samples, but X has 4. Pass one target sequence per sample.",
    ),
    "no label of any step": (
        lambda: tagger().fit(X, [[None] * len(x) for x in X]),
        ValueError,
        "RNNClassifier.fit: y has no target at any time step. At least one must not be None or "
        "NaN.",
    ),
    "no number of any step": (
        lambda: stepper().fit(X, STEPS).score(X, [[np.nan] * len(x) for x in X]),
        ValueError,
        "RNNRegressor.score: y has no target at any time step. At least one must not be None or "
        "NaN.",
    ),
    "infinity among the numbers of steps": (
        lambda: stepper().fit(X, [[0.0, 1.0, np.inf], *STEPS[1:]]),
        ValueError,
        "RNNRegressor.fit: y[0] is inf at time step 2. Pass finite targets, or NaN at time steps "
        "without one.",
    ),
    "one of two numbers of a step": (
        lambda: stepper().fit(
            X, [[[0.0, 1.0]] * 2 + [[0.0, np.nan]], *([[0.0, 0.0]] * len(x) for x in X[1:])]
        ),
        ValueError,
        "RNNRegressor.fit: y[0] has no target at time step 2, column 1, but has targets in other "
        "columns, which are learned together. Pass all of them, or NaN in all columns.",
    ),
    "weights of steps and of samples": (
        lambda: tagger().fit(X, TAGS, sample_weight=[[1, 1, 1], 1, [1] * 4, [1]]),
        ValueError,
        "RNNClassifier.fit: sample_weight[1] is 1, one weight for the whole sample, but others "
        "have one per time step. Pass a sequence of weights per sample, or one weight per sample.",
    ),
    "a weight of a step too few": (
        lambda: tagger().fit(X, TAGS, sample_weight=[[1, 1], [1, 1], [1] * 4, [1]]),
        ValueError,
        "RNNClassifier.fit: sample_weight[0] has 2 weights, but X[0] has 3 time steps. Pass one "
        "weight per time step.",
    ),
    "weights of steps for fewer samples": (
        lambda: tagger().fit(X, TAGS, sample_weight=[[1, 1, 1]]),
        ValueError,
        "RNNClassifier.fit: sample_weight has 1 sample, but X has 4. Pass one weight sequence per "
        "sample.",
    ),
    "a negative weight of a step": (
        lambda: stepper().fit(X, STEPS, sample_weight=[[1, 1, -1], [1, 1], [1] * 4, [1]]),
        ValueError,
        "RNNRegressor.fit: sample_weight[0] is -1 at time step 2. Weights are finite numbers, zero "
        "or positive; zero leaves a time step out.",
    ),
    "several weights of a step": (
        lambda: stepper().fit(X, STEPS, sample_weight=[[[1, 2]] * len(x) for x in X]),
        ValueError,
        "RNNRegressor.fit: sample_weight has 2 weights per time step. Pass one weight per time "
        "step.",
    ),
    "no weight of a labelled step": (
        lambda: tagger().fit(
            X,
            [[0, None, 1], *([None] * len(x) for x in X[1:])],
            sample_weight=[[0, 1, 0], [1, 1], [1] * 4, [1]],
        ),
        ValueError,
        "RNNClassifier.fit: sample_weight is zero at all time steps that have a target. At least "
        "one needs a positive weight.",
    ),
    "no weight of any validation step": (
        lambda: tagger().fit(
            X, TAGS, X_val=X, y_val=TAGS, sample_weight_val=[[0] * len(x) for x in X]
        ),
        ValueError,
        "RNNClassifier.fit: sample_weight_val is zero for all 10 time steps, which leaves none to "
        "train on. Sample weights must contain at least one non-zero number.",
    ),
    "no label of a sequence": (
        lambda: clf().fit(X, ["a", None, "b", "a"]),
        ValueError,
        "RNNClassifier.fit: y[1] is None: Input y contains NaN. Every sequence needs a label: drop "
        "those without one, from X too.",
    ),
    "words for numbers of steps": (
        lambda: stepper().fit(X, [["a"] * len(x) for x in X]),
        ValueError,
        "RNNRegressor.fit: y[0] holds strings where numbers are expected, for example 'a'. "
        "RNNClassifier learns labels.",
    ),
    "unknown labels in y_val": (
        lambda: clf().fit(X, LABELS, X_val=X, y_val=[0, 1, 2, 7]),
        ValueError,
        "RNNClassifier.fit: y_val contains labels [2, 7], which are not among the classes of the "
        "model, [0, 1]. Drop these samples, or refit with all labels.",
    ),
    "unknown labels in partial_fit": (
        lambda: clf().partial_fit(X, LABELS).partial_fit(X, [0, 1, 2, 1]),
        ValueError,
        "RNNClassifier.partial_fit: y contains labels [2], which are not among the classes of the "
        "model, [0, 1]. Drop these samples, or refit with all labels.",
    ),
    "other classes in partial_fit": (
        lambda: clf().partial_fit(X, LABELS).partial_fit(X, LABELS, classes=[0, 1, 2]),
        ValueError,
        "RNNClassifier.partial_fit: classes=[0, 1, 2], but the model was fitted with classes=[0, "
        "1] in the first call. Pass the same classes, or leave the argument out.",
    ),
    "another number of outputs": (
        lambda: reg(warm_start=True).fit(X, np.eye(4)).fit(X, NUMBERS),
        ValueError,
        "RNNRegressor.fit: y has shape (4,), but the model was fitted with 4 outputs per target. "
        "Pass y of the same kind.",
    ),
    "negative counts": (
        lambda: reg(loss="poisson").fit(X, [-1.0, 1.0, 2.0, 3.0]),
        ValueError,
        "RNNRegressor.fit: loss='poisson' requires y to be zero or positive, but y contains "
        "-1. Use another loss.",
    ),
    "deviations of another loss": (
        lambda: reg(calibrate=True).fit(X, NUMBERS),
        ValueError,
        "RNNRegressor.fit: calibrate=True calibrates standard deviations, which "
        "loss='squared_error' does not predict. Set loss='gaussian', or leave calibrate at its "
        "default 'auto'.",
    ),
    "no deviation": (
        lambda: reg().fit(X, NUMBERS).predict(X, return_std=True),
        ValueError,
        "RNNRegressor.predict: return_std=True requires a model fitted with loss='gaussian', but "
        "this one was fitted with loss='squared_error'. Fit with loss='gaussian', or leave "
        "return_std=False.",
    ),
    # --- validation data ---
    "X_val alone": (
        lambda: clf().fit(X, LABELS, X_val=X),
        ValueError,
        "RNNClassifier.fit: X_val was passed without y_val. Pass X_val and y_val, or neither.",
    ),
    "y_val alone": (
        lambda: clf().fit(X, LABELS, y_val=LABELS),
        ValueError,
        "RNNClassifier.fit: y_val was passed without X_val. Pass X_val and y_val, or neither.",
    ),
    "sample_weight_val alone": (
        lambda: clf().fit(X, LABELS, sample_weight_val=[1.0] * 4),
        ValueError,
        "RNNClassifier.fit: sample_weight_val was passed without X_val and y_val. Pass X_val and "
        "y_val, or neither.",
    ),
    "nothing to train on": (
        lambda: reg(early_stopping=True).fit([[1.0, 2.0]], [1.0]),
        ValueError,
        "RNNRegressor.fit: early_stopping=True with validation_fraction=0.1 leaves none of "
        "n_samples=1 for training. Lower validation_fraction, pass X_val and y_val, or set "
        "early_stopping=False.",
    ),
    # --- weights ---
    "negative weight": (
        lambda: clf().fit(X, LABELS, sample_weight=[1, -1, 1, 1]),
        ValueError,
        "RNNClassifier.fit: sample_weight[1] is -1. Weights are finite numbers, zero or positive; "
        "zero leaves a sample out.",
    ),
    "NaN weight": (
        lambda: reg().fit(X, NUMBERS, sample_weight=[1, 1, np.nan, 1]),
        ValueError,
        "RNNRegressor.fit: sample_weight[2] is nan. Weights are finite numbers, zero or positive; "
        "zero leaves a sample out.",
    ),
    "negative validation weight": (
        lambda: clf().fit(X, LABELS, X_val=X, y_val=LABELS, sample_weight_val=[1, -1, 1, 1]),
        ValueError,
        "RNNClassifier.fit: sample_weight_val[1] is -1. Weights are finite numbers, zero or "
        "positive; zero leaves a sample out.",
    ),
    "too few weights": (
        lambda: clf().fit(X, LABELS, sample_weight=[1, 1, 1]),
        ValueError,
        "RNNClassifier.fit: sample_weight has shape (3,), but there are 4 samples. Pass a 1-D "
        "array of 4 weights, one per sample.",
    ),
    "2-D weights": (
        lambda: clf().fit(X, LABELS, sample_weight=np.ones((4, 1))),
        ValueError,
        "RNNClassifier.fit: sample_weight has shape (4, 1), but there are 4 samples. Pass a 1-D "
        "array of 4 weights, one per sample.",
    ),
    "no weight": (
        lambda: clf().fit(X, LABELS, sample_weight=np.zeros(4)),
        ValueError,
        "RNNClassifier.fit: sample_weight is zero for all 4 samples, which leaves none to train "
        "on. Sample weights must contain at least one non-zero number.",
    ),
    "words for weights": (
        lambda: clf().fit(X, LABELS, sample_weight=["a", "b", "c", "d"]),
        ValueError,
        "RNNClassifier.fit: sample_weight holds strings where numbers are expected, for example "
        "'a'. Pass a 1-D array of 4 weights, one per sample.",
    ),
    "weight of no class": (
        lambda: clf(class_weight={5: 1.0}).fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: class_weight has a weight for 5, which is not a class. Pass weights "
        "for classes only: [0, 1].",
    ),
    "negative class weight": (
        lambda: clf(class_weight={0: -1.0}).fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: class_weight[0] is -1.0. Pass a finite number, zero or positive.",
    ),
    "word for a class weight": (
        lambda: clf(class_weight={1: "high"}).fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: class_weight[1] is 'high'. Pass a finite number, zero or positive.",
    ),
    "no class weight": (
        lambda: clf(class_weight={0: 0, 1: 0}).fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: class_weight={0: 0, 1: 0} gives every training sequence a weight of "
        "zero. Give a positive weight to at least one class.",
    ),
    # --- parameters ---
    "no device": (
        lambda: clf(device="tpu").fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: device='tpu' is not a device. Use 'auto', 'cpu', 'cuda', 'cuda:1' or "
        "'mps'.",
    ),
    "kernels in bfloat16": (
        lambda: clf(backend="numba", precision="bf16").fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: backend='numba' was requested, but its kernels do not support bfloat16 "
        "(precision='bf16'). Set precision='float32', or backend='auto'.",
    ),
    "kernels for a class": (
        lambda: reg(backend="numba", cell=torch.nn.GRU).fit(X, NUMBERS),
        ValueError,
        "RNNRegressor.fit: backend='numba' was requested, but its kernels support only the "
        "built-in cells, and cell is a class. Pass the name of a cell, or backend='auto'.",
    ),
    "chunks and a class": (
        lambda: clf(tbptt_steps=10, cell=torch.nn.GRU).fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: tbptt_steps=10 carries states from chunk to chunk, which the "
        "user-defined cell GRU does not support. Set tbptt_steps=None, or cell to one of "
        f"{sorted(CELLS)}.",
    ),
    "no callback": (
        lambda: clf(callbacks=[3]).fit(X, LABELS),
        TypeError,
        "RNNClassifier.fit: callbacks contains 3, which is not a skorch callback. Pass instances "
        "of subclasses of skorch.callbacks.Callback, or pairs (name, callback).",
    ),
    "no rate": (
        lambda: clf(lr_schedule=lambda progress: "high").fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: lr_schedule(0) returned 'high'. Return the factor of lr, a finite "
        "number, zero or positive.",
    ),
    "out of range": (
        lambda: reg(hidden_size=0).fit(X, NUMBERS),
        ValueError,
        "The 'hidden_size' parameter of RNNRegressor must be an int in the range [1, 2**63). Got 0 "
        "instead.",
    ),
    "optimizer argument": (
        lambda: clf(optimizer__betas=(2, 3)).fit(X, LABELS),
        ValueError,
        "RNNClassifier.fit: AdamW rejects optimizer__betas=(2, 3): Invalid beta parameter at index"
        " 0: 2. Pass arguments that its documentation allows.",
    ),
    # --- not fitted ---
    "predict before fit": (
        lambda: clf().predict(X),
        NotFittedError,
        "This RNNClassifier instance is not fitted yet. Call 'fit' with appropriate arguments "
        "before using this estimator.",
    ),
    "score before fit": (
        lambda: stepper().score(X, STEPS),
        NotFittedError,
        "This RNNRegressor instance is not fitted yet. Call 'fit' with appropriate arguments "
        "before using this estimator.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message_is_complete(call, kind, message):
    with pytest.raises(kind) as raised:
        call()
    assert str(raised.value) == message


# --- messages of every estimator ----------------------------------------------------------------


def reads_y(record):
    return not record.ignores_y


def always(record):
    return True


def supervised(record):
    return record.targets is not None


def needs_y(record):
    return record.make().__sklearn_tags__().target_tags.required


def numeric(record):
    return record.source in (SERIES, FRAMES)


def with_one_value(record, value):
    """X with one value replaced."""
    *others, last = (np.array(x, dtype=float) for x in record.X)
    last[-1, 0] = value
    return [*others, last]


def weighted(record, weights):
    return record.make().fit(record.X, record.y, sample_weight=weights)


CONTAINERS = r", which is not a container of sequences\. Pass "
# what: (call with a record, type of error, how the message begins, for which records)
GENERIC = {
    "X is None": (lambda r: r.make().fit(None, r.y), TypeError, "fit: X is None" + CONTAINERS),
    "X is a number": (
        lambda r: r.make().fit(3.0, r.y),
        TypeError,
        "fit: X is a float" + CONTAINERS,
    ),
    "X is a string": (lambda r: r.make().fit("ab", r.y), TypeError, "fit: X is a str" + CONTAINERS),
    "X is a dict": (lambda r: r.make().fit({}, r.y), TypeError, "fit: X is a dict" + CONTAINERS),
    "X is a generator": (
        lambda r: r.make().fit((x for x in r.X), r.y),
        TypeError,
        "fit: X is a generator" + CONTAINERS,
    ),
    "X is a class": (
        lambda r: r.make().fit(list, r.y),
        TypeError,
        r"fit: X is the class list, where data is expected\. Pass ",
    ),
    "X is a single value": (
        lambda r: r.make().fit(np.array(3.0), r.y),
        (TypeError, ValueError),
        "fit: X is ",
    ),
    "X is sparse": (
        lambda r: r.make().fit(sp.csr_matrix(np.eye(N)), r.y),
        TypeError,
        r"fit: X is sparse, and sparse data is not supported\. Pass X\.toarray\(\)\.",
    ),
    "X is empty": (
        lambda r: r.make().fit([], [] if supervised(r) else None),
        ValueError,
        r"fit: X has 0 sample\(s\) while a minimum of 1 is required\.",
    ),
    "a sample is None": (
        lambda r: r.make().fit([*list(r.X)[:-1], None], r.y),
        (TypeError, ValueError),
        rf"fit: X\[{N - 1}\] is None",
    ),
    "X to predict is None": (
        lambda r: r.fit().predict(None),
        TypeError,
        "predict: X is None" + CONTAINERS,
    ),
    "X to score is a number": (
        lambda r: r.fit().score(3.0, r.y),
        TypeError,
        "score: X is a float" + CONTAINERS,
    ),
    "NaN in X": (
        lambda r: r.make().fit(with_one_value(r, np.nan), r.y),
        ValueError,
        rf"fit: X\[{N - 1}\] contains NaN at time step ",
        numeric,
    ),
    "NaN in X to predict": (
        lambda r: r.fit().predict(with_one_value(r, np.nan)),
        ValueError,
        rf"predict: X\[{N - 1}\] contains NaN at time step ",
        lambda r: r.source is SERIES,
    ),
    "infinity in X": (
        lambda r: r.make().fit(with_one_value(r, -np.inf), r.y),
        ValueError,
        rf"fit: X\[{N - 1}\] contains infinity or a value too large for float64 at time step ",
        numeric,
    ),
    "other features to predict": (
        lambda r: r.fit().predict(r.other[0]),
        ValueError,
        "predict: X has 3 features per time step, but the model was fitted with 2",
        lambda r: r.source is SERIES,
    ),
    "y is missing": (
        lambda r: r.make().fit(r.X, None),
        ValueError,
        "fit: .* requires y to be passed, but the target y is None",
        needs_y,
    ),
    "y is a number": (
        lambda r: r.make().fit(r.X, 3.0),
        TypeError,
        "fit: y is a float, which is not a container of ",
        reads_y,
    ),
    "y is a single object": (
        lambda r: r.make().fit(r.X, np.array(None)),
        TypeError,
        "fit: y is (an ndarray, which is not a container of|a single value, None)",
        reads_y,
    ),
    "y is too short": (
        lambda r: r.make().fit(r.X, take(r.y, range(N - 1))),
        ValueError,
        f"fit: (X has {N} (sequences|samples), but )?y has {N - 1} (targets|samples)",
        supervised,
    ),
    "y to score is too short": (
        lambda r: r.fit().score(r.X, take(r.y, range(N - 1))),
        ValueError,
        f"score: (X has {N} (sequences|samples), but )?y has {N - 1} (targets|samples)",
        supervised,
    ),
    "X_val alone": (
        lambda r: r.make().fit(r.X, r.y, X_val=r.X),
        ValueError,
        r"fit: X_val was passed without y_val\. Pass X_val and y_val, or neither\.",
        supervised,
    ),
    "y_val is too short": (
        lambda r: r.make().fit(r.X, r.y, X_val=r.X, y_val=take(r.y, range(N - 1))),
        ValueError,
        f"fit: (X_val has {N} (sequences|samples), but )?y_val has {N - 1} (targets|samples)",
        supervised,
    ),
    "too few weights": (
        lambda r: weighted(r, np.ones(N - 1)),
        ValueError,
        rf"fit: sample_weight has shape \({N - 1},\), but there are {N} samples\.",
    ),
    "2-D weights": (
        lambda r: weighted(r, np.ones((N, 1))),
        ValueError,
        # A weight per time step, or per sample.
        r"fit: sample_weight(\[0\] has 1 weight, but X\[0\] has 6 time steps\. Pass one weight per|"
        rf" has shape \({N}, 1\), but there are {N} samples\.)",
    ),
    "a negative weight": (
        lambda r: weighted(r, -np.ones(N)),
        ValueError,
        r"fit: sample_weight\[0\] is -1(\.0)?\. Weights are finite numbers, zero or positive",
    ),
    "a weight of NaN": (
        lambda r: weighted(r, [1.0] * (N - 1) + [np.nan]),
        ValueError,
        rf"fit: sample_weight\[{N - 1}\] is nan\. Weights are finite numbers",
    ),
    "all weights zero": (
        lambda r: weighted(r, np.zeros(N)),
        ValueError,
        f"fit: sample_weight is zero for all {N} samples, which leaves none to train on",
    ),
    "weights of zero to score": (
        lambda r: r.fit().score(r.X, r.y, sample_weight=np.zeros(N)),
        ValueError,
        f"score: sample_weight is zero for all {N} samples, which leaves none to score",
    ),
    "text for weights": (
        lambda r: weighted(r, ["a"] * N),
        ValueError,
        "fit: sample_weight holds strings where numbers are expected, for example 'a'",
    ),
    "an unknown device": (
        lambda r: r.fit(device="tpu"),
        ValueError,
        r"fit: device='tpu' is not a device\. Use 'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'\.",
    ),
    "kernels in bfloat16": (
        lambda r: r.fit(backend="numba", precision="bf16"),
        ValueError,
        "fit: backend='numba' was requested, but its kernels do not support bfloat16",
    ),
    "not a callback": (
        lambda r: r.fit(callbacks=[3]),
        TypeError,
        "fit: callbacks contains 3, which is not a skorch callback",
    ),
    "a schedule of text": (
        lambda r: r.fit(lr_schedule=lambda progress: "high"),
        ValueError,
        r"fit: lr_schedule\(0\) returned 'high'\. Return the factor of lr, a finite number",
    ),
    "an optimizer's argument": (
        lambda r: r.fit(optimizer__betas=(2, 3)),
        ValueError,
        r"fit: AdamW rejects optimizer__betas=\(2, 3\): Invalid beta parameter at index 0: 2\.",
    ),
    "nothing to train on": (
        lambda r: r.head(1).fit(early_stopping=True),
        ValueError,
        r"fit: (early_stopping=True with validation_fraction=0\.1 leaves none of n_samples=1|y has "
        "only one class)",
        reads_y,  # a language model reads one sample as a stream, whose end is held out
    ),
}
GENERIC = {what: (*case, always)[:4] for what, case in GENERIC.items()}
CASES = [
    pytest.param(record, *case, id=f"{name}-{what}")
    for name, record in RECORDS.items()
    for what, (*case, applies) in GENERIC.items()
    if applies(record)
]


@pytest.mark.parametrize(("record", "call", "kind", "message"), CASES)
def test_message_names_the_call_and_the_argument(record, call, kind, message):
    with pytest.raises(kind, match=rf"^{record.name}\.{message}"):
        call(record)


@each_record
def test_method_before_fit_raises(record):
    message = f"^This {record.name} instance is not fitted yet. Call 'fit' with appropriate"
    for name in (*METHODS, "transform", "predict_n_best", "sample", "align"):
        if hasattr(record.make(), name):
            with pytest.raises(NotFittedError, match=message):
                getattr(record.make(), name)(record.X, *[2][: name == "predict_n_best"])
    with pytest.raises(NotFittedError, match=message):
        record.make().score(record.X, record.y)


@each_estimator
def test_parameter_out_of_range_raises(record):
    message = rf"^The 'hidden_size' parameter of {record.name} must be an int in the range \[1, 2"
    with pytest.raises(ValueError, match=message):
        record.fit(hidden_size=0)


# --- junk ---------------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.just(2**70),
    st.floats(width=32),
    st.just(1e300),
    st.text("ab1", max_size=2),
    st.binary(max_size=2),
    st.complex_numbers(max_magnitude=3),
    st.sampled_from([np.float32(1), np.int8(3), np.str_("a"), np.datetime64("2020"), pd.NA]),
    st.builds(object),
)
numbers = st.floats(-5, 5, width=32)


def wrap(items):
    """Return containers that a list can be converted to."""
    lists = st.lists(items, max_size=5)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(lambda values: pd.Series(values, dtype=object)),
        lists.map(lambda values: np.fromiter(values, dtype=object, count=len(values))),
        lists.map(lambda values: dict(enumerate(values))),
        lists.map(iter),
    )


@st.composite
def arrays(draw):
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    dtype = draw(
        st.sampled_from(["f4", "f8", "i8", "u1", "?", "c8", "U2", "S2", "M8[s]", "m8[s]", "O"])
    )
    array = np.ones(shape, dtype=dtype) if dtype not in ("M8[s]",) else np.zeros(shape, dtype)
    if array.dtype.kind == "f" and array.size and draw(st.booleans()):
        array.flat[-1] = draw(st.sampled_from([np.nan, np.inf, -np.inf, 3.0]))
    return array


def convert(array):
    """Containers of one array, where this is possible."""
    makers = [
        lambda a: a.tolist(),
        list,
        torch.from_numpy,
        lambda a: list(torch.from_numpy(a)),
        pd.DataFrame,
        pd.Series,
        lambda a: pd.DataFrame({"a": list(a)}),
        lambda a: ak.from_iter(a.tolist()),
        lambda a: pa.array(a.tolist()),
        sp.csr_matrix,
        lambda a: Panel.from_sequences(list(a)),
        np.ma.asarray,
        iter,
        lambda a: a,
    ]

    def make(maker):
        try:
            return maker(array)
        except Exception:
            return array

    return st.sampled_from(makers).map(make)


junk = st.one_of(
    scalars,
    arrays().flatmap(convert),
    wrap(scalars),
    wrap(st.lists(scalars, max_size=3)),
    wrap(arrays()),
    wrap(arrays().flatmap(convert)),
    st.lists(
        st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=3),
        min_size=4,
        max_size=4,
    ),
)

# Messages of scikit-learn's functions.
STANDARD = (
    r"X has \d+ features, but \w+ is expecting",
    r"The feature names should match those that were passed during fit",
    r"Feature names are only supported if all input features have string names",
    r"The '\w+' parameter of \w+ must be",
    r"This \w+ instance is not fitted yet",
    r"Found input variables with inconsistent numbers of samples",
)
NEVER = ("IndexError", "AttributeError", "Expected tensor", "aten::")


def with_data(name, X, **params):
    return replace(RECORDS[name].with_params(**params), source=Source(X, X))


# Four samples each, the number of samples in most of the junk.
JUNKED = {name: record.head(4) for name, record in RECORDS.items()} | {
    "padded": with_data("classifier", TABLE + 1, padding_value=0.0),
    "table": with_data("classifier", NAMED),
    "pretrained": with_data("classifier", IDS, embedding_weights=np.ones((4, 2))),
    "tokens to tokens": with_data("translator", IDS),
}
each_junked = pytest.mark.parametrize("name", JUNKED)
_fitted = {}


def fitted(name):
    if name not in _fitted:
        _fitted[name] = JUNKED[name].fit(max_epochs=1, hidden_size=2)
    return _fitted[name]


def unfitted(name):
    return JUNKED[name].make(max_epochs=1, hidden_size=2)


hypotheses = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


OURS = "|".join({record.name for record in RECORDS.values()})


def result_or_our_error(call):
    """Return the result of a call, or None if it raises an error of this package."""
    with warnings.catch_warnings():
        # Warnings that are expected for junk are ignored.
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message="X (has|does not have valid) feature names")
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes is greater")
        warnings.filterwarnings("ignore", message="A column-vector y was passed")
        warnings.filterwarnings("ignore", message=".* are not in the vocabulary")
        warnings.filterwarnings("ignore", message=".* have no tokens")
        try:
            return call()
        except (ValueError, TypeError) as error:
            message = str(error)
        ours = re.match(rf"({OURS})\.\w+: ", message)
        assert ours or any(re.match(text, message) for text in STANDARD), message
        assert not any(word in message for word in NEVER), message
        return None


def assert_predicts(predicted, X):
    """Assert that accepted data has a length and as many finite predictions."""
    assert len(predicted) == len(X)
    for row in predicted:
        assert np.asarray(row).dtype.kind not in "fc" or np.isfinite(row).all()


@each_junked
@hypotheses
@given(X=junk)
def test_junk_for_x_is_valid_or_raises(name, X):
    model = result_or_our_error(lambda: unfitted(name).fit(X, JUNKED[name].y))
    if model is not None:
        assert JUNKED[name].y is None or len(X) == 4
        predicted = result_or_our_error(lambda: model.predict(X))
        assert predicted is not None
        assert_predicts(predicted, X)


@each_junked
@hypotheses
@given(y=junk)
def test_junk_for_y_is_valid_or_raises(name, y):
    model = result_or_our_error(lambda: unfitted(name).fit(JUNKED[name].X, y))
    if model is not None:
        assert y is None or JUNKED[name].ignores_y or len(y) == 4
        assert_predicts(model.predict(JUNKED[name].X), JUNKED[name].X)


@each_junked
@hypotheses
@given(X=junk)
def test_junk_to_predict_is_valid_or_raises(name, X):
    predicted = result_or_our_error(lambda: fitted(name).predict(X))
    if predicted is not None:
        assert_predicts(predicted, X)


@pytest.mark.parametrize("name", ESTIMATORS)
@hypotheses
@given(sample_weight=junk)
def test_junk_for_weights_is_valid_or_raises(name, sample_weight):
    record = JUNKED[name]
    model = result_or_our_error(
        lambda: unfitted(name).fit(record.X, record.y, sample_weight=sample_weight)
    )
    if model is not None and sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=float)
        assert weights.shape in ((), (4,))
        assert np.isfinite(weights).all()
        assert (weights >= 0).all()


@pytest.mark.parametrize("name", [*ESTIMATORS, "regressor of steps"])
@hypotheses
@given(X_val=junk, y_val=junk)
def test_junk_for_validation_is_valid_or_raises(name, X_val, y_val):
    record = JUNKED[name]
    model = result_or_our_error(
        lambda: unfitted(name).fit(record.X, record.y, X_val=X_val, y_val=y_val)
    )
    if model is not None:
        assert (X_val is None) == (y_val is None)
        assert X_val is None or len(X_val) == len(y_val)
        assert (model.validation_curve_ is None) == (X_val is None)
