"""Shared by all tests."""

import os

# Read when SciPy is first imported; scikit-learn's array API check needs it.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
import torch


def pytest_collection_modifyitems(items):
    if not torch.cuda.is_available():
        for item in items:
            if "cuda" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


@pytest.fixture
def rng():
    return np.random.default_rng(0)
