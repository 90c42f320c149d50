"""Rivals of sk_rnn: a typical skorch net, and baselines without a network."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import torch
from data import Dataset
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn

# A typical network


class LastStateLSTM(nn.Module):
    """LSTM(64) and a linear layer on the state at the last (padded) step, or on every step."""

    def __init__(self, n_features: int, n_tokens: int | None, n_outputs: int, per_step: bool):
        super().__init__()
        self.embedding = None
        if n_tokens is not None:
            self.embedding = nn.Embedding(n_tokens, 64)
            n_features = 64
        self.lstm = nn.LSTM(n_features, 64, batch_first=True)
        self.linear = nn.Linear(64, n_outputs)
        self.per_step = per_step

    def forward(self, X):
        """(B, T, F) or ids (B, T) to class scores or values (B, K), or (B, K, T) per step."""
        if self.embedding is not None:
            X = self.embedding(X)
        states, _ = self.lstm(X)  # (B, T, H)
        if self.per_step:
            return self.linear(states).transpose(1, 2)  # (B, K, T): CrossEntropyLoss
        return self.linear(states[:, -1])  # (B, K)


# 75 epochs on the reviews, padded to 400 words, would take a quarter of an hour, which is too long
# for a first model.
EPOCHS = 75
EPOCHS_OF = {"txt_IMDB5k": 10}


def typical(dataset: Dataset, seed: int, max_epochs: int | None = None) -> tuple[float, float]:
    """Score on the test part and seconds of fit.

    skorch with `LastStateLSTM`: Adam at 1e-3, batches of 32, zeros after the end of shorter
    sequences, unscaled inputs and targets. Two of skorch's defaults are changed, both to the
    rival's advantage: batches are shuffled, and no validation data are held out.
    """
    if max_epochs is None:
        max_epochs = EPOCHS_OF.get(dataset.name, EPOCHS)
    longest = max(len(x) for part in (dataset.X_train, dataset.X_test) for x in part)
    # Token 0 means padding, as in most tutorials; the token ids are shifted by one.
    shift = 0 if dataset.n_tokens is None else 1
    X_train, X_test = (
        zero_padded([x + shift for x in part], longest)
        for part in (dataset.X_train, dataset.X_test)
    )

    labels = None
    if dataset.task == "regression":
        y, n_outputs = dataset.y_train.astype(np.float32)[:, np.newaxis], 1
        estimator, criterion = NeuralNetRegressor, nn.MSELoss()
    elif dataset.task == "classification":
        labels = LabelEncoder().fit(dataset.y_train)
        y, n_outputs = labels.transform(dataset.y_train), len(labels.classes_)
        estimator, criterion = NeuralNetClassifier, nn.CrossEntropyLoss()
    else:
        labels = LabelEncoder().fit(np.concatenate(dataset.y_train))
        encoded = [labels.transform(tags) for tags in dataset.y_train]
        y, n_outputs = zero_padded(encoded, longest, fill=-100), len(labels.classes_)
        estimator, criterion = NeuralNetClassifier, nn.CrossEntropyLoss(ignore_index=-100)

    torch.manual_seed(seed)
    net = estimator(
        LastStateLSTM,
        module__n_features=X_train.shape[-1],
        module__n_tokens=None if dataset.n_tokens is None else dataset.n_tokens + 1,
        module__n_outputs=n_outputs,
        module__per_step=dataset.task == "tagging",
        criterion=criterion,
        # No softmax: argmax is the same, and skorch's softmax would use the
        # last axis, which is time for tagging.
        predict_nonlinearity=None,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=32,
        max_epochs=max_epochs,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    start = time.perf_counter()
    net.fit(X_train, y)
    seconds = time.perf_counter() - start

    predicted = net.predict(X_test)
    if dataset.task == "tagging":
        pairs = zip(predicted, dataset.X_test, strict=True)
        predicted = [labels.inverse_transform(row[: len(x)]) for row, x in pairs]
    elif dataset.task == "classification":
        predicted = labels.inverse_transform(predicted)
    return dataset.score(predicted), seconds


def zero_padded(sequences, longest: int, fill: int = 0) -> np.ndarray:
    """(n, longest) for tokens and tags, (n, longest, F) for series; (T,) series get F = 1."""
    if sequences[0].ndim == 1 and sequences[0].dtype.kind == "f":
        sequences = [sequence[:, np.newaxis] for sequence in sequences]
    shape = (len(sequences), longest, *sequences[0].shape[1:])
    padded = np.full(shape, fill, dtype=sequences[0].dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded


# Baselines: each receives a data set and returns predictions for its test part


def nearest_neighbour(dataset: Dataset) -> np.ndarray:
    """Return the label of the nearest training series by Euclidean distance."""
    X_train, X_test = (
        np.stack([x.ravel() for x in part]) for part in (dataset.X_train, dataset.X_test)
    )
    return KNeighborsClassifier(1).fit(X_train, dataset.y_train).predict(X_test)


def summary_statistics(sequence: np.ndarray, with_slope: bool) -> np.ndarray:
    """Mean, std, min, max, first, last and mean absolute step per feature, and the length.

    The slope of a fitted line helps if the target is the progress of a process
    (C-MAPSS: RMSE 15.6 against 18.9), and slightly reduces the accuracy of classification.
    """
    x = sequence.reshape(len(sequence), -1).astype(np.float64)  # (T, F)
    step = np.abs(np.diff(x, axis=0)).sum(0) / max(len(x) - 1, 1)
    statistics = [x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], step, [len(x)]]
    if with_slope:
        t = np.arange(len(x)) - (len(x) - 1) / 2
        statistics.append(t @ x / max(t @ t, 1.0))
    return np.concatenate(statistics)


def linear_on_summary(dataset: Dataset) -> np.ndarray:
    """Logistic regression, or ridge regression, on standardised summary statistics."""
    regression = dataset.task == "regression"
    S_train, S_test = (
        np.stack([summary_statistics(x, with_slope=regression) for x in part])
        for part in (dataset.X_train, dataset.X_test)
    )
    linear = Ridge() if regression else LogisticRegression(max_iter=5000)
    return make_pipeline(StandardScaler(), linear).fit(S_train, dataset.y_train).predict(S_test)


def training_mean(dataset: Dataset) -> np.ndarray:
    return np.full(len(dataset.y_test), dataset.y_train.mean())


def tfidf_words(dataset: Dataset) -> np.ndarray:
    """Logistic regression on tf-idf of words and pairs of words, of whole documents."""
    return _tfidf(dataset, TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True))


def tfidf_characters(dataset: Dataset) -> np.ndarray:
    """Logistic regression on tf-idf of one to four characters, word ends marked."""
    return _tfidf(
        dataset,
        TfidfVectorizer(analyzer="char_wb", lowercase=False, ngram_range=(1, 4), sublinear_tf=True),
    )


def _tfidf(dataset: Dataset, vectorizer: TfidfVectorizer) -> np.ndarray:
    # C=10 because tf-idf rows have unit norm; scikit-learn's C=1 costs 0.01 to 0.04.
    model = make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=5000))
    return model.fit(dataset.raw_train, dataset.y_train).predict(dataset.raw_test)


def most_frequent_tag(dataset: Dataset) -> list[np.ndarray]:
    """Each word's most frequent training tag; unknown words get the most frequent tag of all."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for sentence, tags in zip(dataset.raw_train, dataset.y_train, strict=True):
        for word, tag in zip(sentence, tags, strict=True):
            counts[word][tag] += 1
    tag_of = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
    fallback = sum(counts.values(), Counter()).most_common(1)[0][0]
    return [np.array([tag_of.get(w, fallback) for w in s]) for s in dataset.raw_test]


def baselines_for(dataset: Dataset) -> dict[str, Callable]:
    """Return the baselines for the kind of data, by their names in the table."""
    if dataset.task == "tagging":
        return {"most frequent tag": most_frequent_tag}
    if dataset.name == "txt_names":
        return {"tf-idf char 1-4 + LR": tfidf_characters}
    if dataset.n_tokens is not None:
        return {"tf-idf 1-2 + LR": tfidf_words}
    if dataset.task == "regression":
        return {"training mean": training_mean, "summary + ridge": linear_on_summary}
    chosen = {"summary + LR": linear_on_summary}
    if len({len(x) for part in (dataset.X_train, dataset.X_test) for x in part}) == 1:
        chosen["1-NN Euclidean"] = nearest_neighbour
    return chosen


def baselines(dataset: Dataset) -> dict[str, tuple[float, float]]:
    """Score on the test part and seconds of fit and predict together, by name."""
    results = {}
    for name, baseline in baselines_for(dataset).items():
        start = time.perf_counter()
        predicted = baseline(dataset)
        results[name] = (dataset.score(predicted), time.perf_counter() - start)
    return results
