"""Contenders that run in the peers' environment, which ``make bench-peers`` creates."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from contenders import Contender
from speed import Setting, padded

WORKER = Path(__file__).with_name("peer_worker.py")
PYTHON = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"


class Peer(Contender):
    """A worker process with the lifetime of this object; times are measured in the process."""

    def __init__(self, kind: str, setting: Setting, python: Path = PYTHON):
        super().__init__(setting)
        self.name = kind
        self.folder = tempfile.TemporaryDirectory()
        self.errors = Path(self.folder.name, "errors.txt")
        threads = str(setting.threads)
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [str(python), str(WORKER), kind, json.dumps(vars(setting))],
                env=os.environ | {"OMP_NUM_THREADS": threads, "TF_CPP_MIN_LOG_LEVEL": "3"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.versions = self._receive()

    def _receive(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended:\n{self.errors.read_text()[-2000:]}")
        return json.loads(line)

    def _request(self, **request) -> dict:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self._receive()

    def prepare(self, X):
        handle, path = tempfile.mkstemp(suffix=".npz", dir=self.folder.name)
        values, lengths = padded(X)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, values=values, lengths=lengths)
        self._request(do="prepare", path=path)
        os.unlink(path)
        return path

    def fit(self, X, y):
        return self._request(do="fit", path=X, y=y.tolist())["seconds"]

    def predict(self, X):
        found = self._request(do="predict", path=X, calls=1)
        return np.array(found["labels"]), found["seconds"][0]

    def latencies(self, X, calls):
        return self._request(do="predict", path=X, calls=calls)["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()
