"""sk_rnn and its rivals with one interface: same cell, sizes, optimizer and batches.

Each network has one recurrent layer in one direction, and a linear layer on the last valid state.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier
from speed import Setting, padded
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from sk_rnn import RNNClassifier

N_CLASSES = 2


class Contender:
    """Base class: a model that can be fitted on ragged sequences, with timing."""

    name = ""

    def __init__(self, setting: Setting):
        self.setting = setting

    def prepare(self, X: list[np.ndarray]) -> Any:
        """X in the format of this contender; not timed."""
        return X

    def train(self, X: Any, y: np.ndarray) -> None:
        """Fit from scratch."""
        raise NotImplementedError

    def labels(self, X: Any) -> np.ndarray:
        """Predicted classes."""
        raise NotImplementedError

    def fit(self, X: Any, y: np.ndarray) -> float:
        """Seconds of `train`."""
        start = time.perf_counter()
        self.train(X, y)
        if self.setting.device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    def predict(self, X: Any) -> tuple[np.ndarray, float]:
        """Return labels, and the seconds of the prediction."""
        start = time.perf_counter()
        labels = self.labels(X)
        return labels, time.perf_counter() - start

    def latencies(self, X: Any, calls: int) -> list[float]:
        """Seconds of each of ``n`` predictions."""
        return [self.predict(X)[1] for _ in range(calls)]

    def accuracy(self, X: Any, y: np.ndarray) -> float:
        return float(np.mean(self.predict(X)[0] == y))

    def close(self) -> None:
        """Release resources outside this process."""


class Ours(Contender):
    """sk_rnn without features that the rivals lack; `params` are set on the estimator."""

    name = "sk_rnn"

    def __init__(self, setting: Setting, **params: Any):
        super().__init__(setting)
        if setting.backend is not None:
            params = {"backend": setting.backend, **params}
        self.params = params

    def estimator(self) -> RNNClassifier:
        estimator = RNNClassifier(
            cell=self.setting.cell,
            hidden_size=self.setting.hidden_size,
            bidirectional=False,
            pooling="last",
            head_norm=None,
            dropout=0.0,
            scale_inputs=False,
            differences=False,
            calibrate=False,
            optimizer="adam",
            lr=self.setting.lr,
            lr_schedule="constant",
            weight_decay=0.0,
            gradient_clip=None,
            max_epochs=self.setting.epochs,
            batch_size=self.setting.batch_size,
            device=self.setting.device,
            random_state=0,
        )
        return estimator.set_params(**self.params)

    def train(self, X, y):
        self.model = self.estimator().fit(X, y)

    def labels(self, X):
        return self.model.predict(X)


class LastStateNet(nn.Module):
    """Typical code from tutorials for ragged sequences, with and without packing."""

    CLASSES = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn_tanh": nn.RNN}  # noqa: RUF012

    def __init__(self, cell: str, n_features: int, hidden_size: int, packed: bool):
        super().__init__()
        self.recurrent = self.CLASSES[cell](n_features, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, N_CLASSES)
        self.packed = packed

    def forward(self, X, lengths):
        """(B, T, F) and (B,) to class scores (B, 2)."""
        if self.packed:
            X = pack_padded_sequence(X, lengths.cpu(), batch_first=True, enforce_sorted=False)
            _, state = self.recurrent(X)
            state = state[0] if isinstance(state, tuple) else state  # LSTM: (h, c)
            return self.linear(state[-1])
        states, _ = self.recurrent(X)  # (B, T, H)
        rows = torch.arange(len(X), device=X.device)
        return self.linear(states[rows, lengths - 1])


class SkorchPadded(Contender):
    """skorch with a padded network: the state at the last step of each row."""

    name = "skorch padded"
    packed = False

    def __init__(self, setting: Setting, predict_batch: int | None = None):
        super().__init__(setting)
        self.predict_batch = predict_batch or setting.batch_size

    def prepare(self, X):
        return dict(zip(("X", "lengths"), padded(X), strict=True))

    def train(self, X, y):
        torch.manual_seed(0)
        self.net = NeuralNetClassifier(
            LastStateNet,
            module__cell=self.setting.cell,
            module__n_features=self.setting.n_features,
            module__hidden_size=self.setting.hidden_size,
            module__packed=self.packed,
            criterion=nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=self.setting.lr,
            batch_size=self.setting.batch_size,
            iterator_valid__batch_size=self.predict_batch,
            max_epochs=self.setting.epochs,
            iterator_train__shuffle=True,
            train_split=None,
            device=self.setting.device,
            verbose=0,
        ).fit(X, y)

    def labels(self, X):
        return self.net.predict(X)


class SkorchPacked(SkorchPadded):
    """skorch with ``pack_padded_sequence``."""

    name = "skorch packed"
    packed = True


class BarePadded(Contender):
    """An efficient torch loop: batches are indexed at once and cut to their longest row."""

    name = "torch loop padded"
    packed = False

    def prepare(self, X):
        values, lengths = padded(X)
        return torch.from_numpy(values), torch.from_numpy(lengths)

    def train(self, X, y):
        torch.manual_seed(0)
        setting, (values, lengths) = self.setting, X
        values, y = values.to(setting.device), torch.from_numpy(y).to(setting.device)
        self.module = LastStateNet(
            setting.cell, setting.n_features, setting.hidden_size, self.packed
        ).to(setting.device)
        optimizer = torch.optim.Adam(self.module.parameters(), lr=setting.lr)
        for _ in range(setting.epochs):
            for rows in torch.randperm(len(y)).split(setting.batch_size):
                optimizer.zero_grad()
                outputs = self._outputs(values, lengths, rows)
                nn.functional.cross_entropy(outputs, y[rows.to(setting.device)]).backward()
                optimizer.step()

    def labels(self, X):
        values, lengths = X
        values = values.to(self.setting.device)
        with torch.inference_mode():
            parts = [
                self._outputs(values, lengths, rows).argmax(1).cpu()
                for rows in torch.arange(len(values)).split(self.setting.batch_size)
            ]
        return torch.cat(parts).numpy()

    def _outputs(self, values, lengths, rows):
        chosen = lengths[rows]
        # First a view of the early steps, so that only those are gathered.
        x = values[:, : int(chosen.max())][rows.to(self.setting.device)]
        # Packing requires the lengths on the CPU, indexing on the device of the states.
        return self.module(x, chosen if self.packed else chosen.to(self.setting.device))


class BarePacked(BarePadded):
    """The same with ``pack_padded_sequence``, for CUDA."""

    name = "torch loop packed"
    packed = True


RIVALS = {
    "packed": SkorchPacked,
    "padded": SkorchPadded,
    "bare": BarePadded,
    "bare-packed": BarePacked,
}
