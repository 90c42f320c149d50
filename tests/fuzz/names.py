# ruff: noqa: F401  the imports are for the programs
"""Names available to the programs of the fuzz harness.

A reproducer runs after ``from tests.fuzz.names import *``.
"""

import atexit
import copy
import io
import math
import pickle
import shutil
import tempfile
import threading
import warnings
from collections import Counter, OrderedDict, UserList, defaultdict, deque
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import scipy.sparse as sp
import sklearn.metrics
import skorch.callbacks as sc
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_extraction import DictVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from torch.nn.utils.rnn import pack_sequence

from sk_rnn import (
    Panel,
    RNNClassifier,
    RNNForecaster,
    RNNLanguageModel,
    RNNRegressor,
    RNNTranscriber,
    Seq2SeqTransformer,
)
from sk_rnn.metrics import (
    bleu_score,
    character_error_rate,
    chrf_score,
    edit_distance,
    interval_coverage,
    mean_absolute_scaled_error,
    mean_interval_score,
    sequence_accuracy_score,
    symmetric_mean_absolute_percentage_error,
    token_accuracy_score,
    token_error_rate,
    word_error_rate,
)
from sk_rnn.model_selection import ForecastSplit
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
    load_word_vectors,
    make_windows,
    pad_sequences,
)

_folder = tempfile.mkdtemp()
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
_number = count()


def a_file(content):
    """Return the path of a file with this content, text or bytes."""
    path = Path(_folder) / f"{next(_number) % 100}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def memmap(array):
    """Return the array as a memory map."""
    path = Path(_folder) / f"{next(_number) % 100}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def matrix(rows):
    """Return a NumPy matrix, without its deprecation warning."""
    return _quietly(np.matrix, rows)


def nested(arrays, layout=torch.strided):
    """Return a nested tensor, without the warning that it is a prototype."""
    return _quietly(torch.nested.nested_tensor, [torch.as_tensor(a) for a in arrays], layout=layout)


def packed(arrays):
    """Return a PackedSequence."""
    return pack_sequence([torch.as_tensor(a) for a in arrays], enforce_sorted=False)


def quantized():
    """Return a quantized tensor, without its deprecation warning."""
    return _quietly(torch.quantize_per_tensor, torch.ones(4, 3), 0.1, 0, torch.quint8)


def _quietly(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


class Refusing:
    """An object with `__array__` that cannot be converted to an array."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array today")


class Sized:
    """An object that only has a length."""

    def __len__(self):
        return 4


class GRUCell(torch.nn.Module):
    """A custom cell."""

    def __init__(self, input_size, hidden_size, scale=1.0):
        super().__init__()
        self.rnn = torch.nn.GRU(input_size, hidden_size)
        self.scale = scale

    def forward(self, x):
        """Run over the time steps."""
        return self.rnn(x)[0] * self.scale


class WrongCell(torch.nn.Module):
    """A module with a signature other than that of a cell."""

    def __init__(self):
        super().__init__()


class Shrinking(BaseEstimator):
    """A transformer that drops a row."""

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Drop the first row."""
        return X[1:]


class Raising(torch.nn.Module):
    """A cell that fails when it is used."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x):
        """Fail."""
        raise KeyError("forward")


class NoOptimizer(torch.optim.Optimizer):
    """An optimizer without a step method."""

    def __init__(self, params, lr=1e-3):
        super().__init__(params, {"lr": lr})


class FailingOptimizer(torch.optim.SGD):
    """An optimizer whose step fails."""

    def step(self, closure=None):
        """Fail."""
        raise KeyError("step")


def bare_callback(*, event):
    """Return a callback that raises in an event."""

    class Broken(sc.Callback):
        pass

    def fail(self, net, **kwargs):
        raise KeyError(event)

    setattr(Broken, event, fail)
    return Broken()


# --- series of 30 months, and covariates ---

monthly = pd.Series(
    5 + np.sin(np.arange(30.0)) + np.arange(30) % 4,
    pd.date_range("2020-01", periods=30, freq="MS", name="month"),
    name="sold",
)
stores = pd.concat({"a": monthly, "b": 3 * monthly[8:]}, names=["store"])
planned = pd.DataFrame(
    {"price": np.arange(30) % 5 / 2, "kind": ["usual", "sale", "usual"] * 10}, monthly.index
)

# --- data, four samples each ---

ragged = [
    np.array([[0.5, -1.0], [1.5, 0.0], [2.0, 1.0]]),
    np.array([[0.0, 1.0], [1.0, 3.0]]),
    np.array([[2.5, 1.0], [0.5, 2.0]]),
    np.array([[1.0, 0.0], [0.0, 0.5], [1.0, 1.0], [3.0, -2.0]]),
]
series = [array[:, 0] for array in ragged]
cube = np.arange(24.0).reshape(4, 3, 2) / 7
table = np.arange(12.0).reshape(4, 3) / 5
ids = [[0, 2, 1], [1, 1], [2, 0], [3, 1, 0, 2]]
texts = ["the cat sat", "a dog", "the dog ran away", "cat"]
words = [["the", "cat", "sat"], ["a", "dog"], ["the", "dog", "ran", "away"], ["cat"]]
labels = [0, 1, 0, 1]
numbers = [0.5, 2.0, -1.0, 3.5]
indicator = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 1], [1, 1, 0]])
outputs = np.array([[0.5, 1.0], [2.0, 0.0], [-1.0, 2.0], [3.5, 1.0]])
tags = [[0, 1, 1], [0, 0], [1, 0], [1, 1, 0, 0]]
names = [["N", "V", "V"], ["N", "N"], ["V", "N"], ["V", "V", "N", "N"]]
steps = [[0.5, 1.0, 1.5], [0.0, 2.0], [1.0, 0.5], [1.0, 1.0, 0.0, 3.0]]
frame = pd.DataFrame(table, columns=["a", "b", "c"])
frames = [pd.DataFrame(array, columns=["u", "v"]) for array in ragged]
mixed = [
    pd.DataFrame({"heat": array[:, 0], "mode": ["on", "off", "on", "off"][: len(array)]})
    for array in ragged
]
long = pd.DataFrame(
    {
        "id": ["a", "a", "b", "b", "b", "c", "d", "d"],
        "time": [0, 1, 0, 1, 2, 0, 0, 1],
        "u": np.arange(8.0),
        "v": np.arange(8),
    }
)
loop = [1.0]
loop.append(loop)

__all__ = [name for name in globals() if not name.startswith("_")]

_SAMPLES = ("ragged", "series", "cube", "table", "ids", "texts", "words", "labels", "numbers")
_SAMPLES += ("indicator", "outputs", "tags", "names", "steps", "frame", "frames", "mixed", "long")
_SAMPLES += ("monthly", "stores", "planned")


def namespace():
    """Return all names, with new copies of the data for one program."""
    everything = {name: globals()[name] for name in __all__}
    return everything | copy.deepcopy({name: everything[name] for name in _SAMPLES})
