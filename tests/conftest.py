"""Options and fixtures shared by all tests."""

import os

# Read when SciPy is first imported; scikit-learn's array API check needs it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import hypothesis
import numpy as np
import pytest
import torch

from sk_rnn.training import _runtime

# A shared machine may be slower than hypothesis' deadline allows.
hypothesis.settings.register_profile("sk_rnn", deadline=None)
hypothesis.settings.load_profile("sk_rnn")


def pytest_addoption(parser):
    parser.addoption(
        "--backend",
        choices=["auto", "torch"],
        default="auto",
        help="'torch': as if Numba were not installed",
    )


def pytest_configure(config):
    if config.getoption("--backend") == "torch":
        _runtime.why_unavailable = lambda: "Numba is not installed"


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if "cuda" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


@pytest.fixture
def rng():
    return np.random.default_rng(0)
