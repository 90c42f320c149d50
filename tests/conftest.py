"""Shared by all tests."""

import os

# Read when SciPy is first imported; scikit-learn's array API check needs it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import hypothesis
import numpy as np
import pytest
import torch

# A shared machine may stall for longer than hypothesis thinks a test may take.
hypothesis.settings.register_profile("sk_rnn", deadline=None)
hypothesis.settings.load_profile("sk_rnn")


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if "cuda" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


@pytest.fixture
def rng():
    return np.random.default_rng(0)
