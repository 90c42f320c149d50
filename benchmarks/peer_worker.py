"""One peer in a separate process: JSON requests on standard input, answers on standard output.

Runs in the peers' environment, in which sk_rnn is not installed. Data are .npz files of sequences
that are padded at the end, with their lengths. The comparison is explained in `bench_peers.py`.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from typing import Any

import numpy as np


class Keras:
    """Masking, a recurrent layer and a dense layer in Keras with TensorFlow."""

    def __init__(self, setting: dict):
        os.environ["KERAS_BACKEND"] = "tensorflow"
        import keras
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(setting["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(setting["threads"])
        keras.utils.set_random_seed(0)
        layer = {
            "rnn_tanh": keras.layers.SimpleRNN,
            "gru": keras.layers.GRU,
            "lstm": keras.layers.LSTM,
        }[setting["cell"]]
        self.setting = setting
        self.model = keras.Sequential(
            [
                keras.Input((None, setting["n_features"])),
                keras.layers.Masking(0.0),
                layer(setting["hidden_size"]),
                keras.layers.Dense(2),
            ]
        )
        self.model.compile(
            optimizer=keras.optimizers.Adam(setting["lr"]),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        self.model.optimizer.build(self.model.trainable_variables)
        variables = [*self.model.variables, *self.model.optimizer.variables]
        self.initial = [(variable, np.array(variable)) for variable in variables]

    def prepare(self, values, lengths):
        return values

    def train(self, X, y):
        # Weights and optimizer are reset, but the compiled function is kept: retracing it in each
        # fit would add seconds that are negligible in a long training.
        for variable, value in self.initial:
            variable.assign(value)
        self.model.fit(
            X,
            y,
            batch_size=self.setting["batch_size"],
            epochs=self.setting["epochs"],
            shuffle=True,
            verbose=0,
        )

    def labels(self, X):
        return self.model.predict(X, batch_size=self.setting["batch_size"], verbose=0).argmax(1)


class KerasCall(Keras):
    """The same, with predictions by a compiled call, the fastest way in Keras.

    A direct call of the model is slower than its `predict`, because it runs eagerly.
    """

    def __init__(self, setting: dict):
        super().__init__(setting)
        import tensorflow as tf

        self.call = tf.function(self.model)

    def labels(self, X):
        return np.array(self.call(X, training=False)).argmax(1)


class Sktime:
    """sktime's torch classifiers. They do not support masks, so padding precedes the sequences."""

    def __init__(self, setting: dict):
        import torch

        torch.set_num_threads(setting["threads"])
        self.setting = setting

    def prepare(self, values, lengths):
        moved = np.zeros_like(values)
        for row, value, length in zip(moved, values, lengths, strict=True):
            row[-length:] = value[:length]
        return np.ascontiguousarray(moved.transpose(0, 2, 1))  # (n, F, T), as in sktime

    def train(self, X, y):
        setting = self.setting
        common = {
            "hidden_dim": setting["hidden_size"],
            "n_layers": 1,
            "num_epochs": setting["epochs"],
            "batch_size": setting["batch_size"],
            "lr": setting["lr"],
            "optimizer": "Adam",
            "random_state": 0,
        }
        if setting["cell"] == "gru":
            from sktime.classification.deep_learning.gru import GRUClassifier

            # Without batch_first it interprets the rows of a batch as time steps.
            self.model = GRUClassifier(batch_first=True, **common)
        else:
            from sktime.classification.deep_learning.rnn import SimpleRNNClassifierTorch

            # Its default schedule reduces the learning rate; the others have none.
            self.model = SimpleRNNClassifierTorch(
                activation_hidden="Tanh", callbacks=None, **common
            )
        self.model.fit(X, y)

    def labels(self, X):
        return self.model.predict(X)


PEERS = {"keras": Keras, "keras-call": KerasCall, "sktime": Sktime}
PACKAGES = {
    "keras": ["keras", "tensorflow"],
    "keras-call": ["keras", "tensorflow"],
    "sktime": ["sktime", "torch"],
}


def answer(peer: Any, prepared: dict, request: dict) -> dict:
    """Run one request."""
    if request["do"] == "prepare":
        with np.load(request["path"]) as data:
            prepared[request["path"]] = peer.prepare(data["values"], data["lengths"])
        return {}
    X = prepared[request["path"]]
    if request["do"] == "fit":
        y = np.array(request["y"])
        start = time.perf_counter()
        peer.train(X, y)
        return {"seconds": time.perf_counter() - start}
    seconds = []
    for _ in range(request["calls"]):
        start = time.perf_counter()
        labels = peer.labels(X)
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "labels": np.asarray(labels).tolist()}


def main() -> None:
    # The libraries print arbitrary text: the real standard output is reserved for answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    name, setting = sys.argv[1], json.loads(sys.argv[2])
    peer = PEERS[name](setting)
    prepared: dict[str, Any] = {}
    versions = {package: importlib.metadata.version(package) for package in PACKAGES[name]}
    print(json.dumps(versions), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(peer, prepared, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
