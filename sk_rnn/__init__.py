"""Recurrent neural networks as ordinary scikit-learn estimators."""

from .estimators import RNNClassifier, RNNRegressor
from .sequences import Panel

__all__ = ["Panel", "RNNClassifier", "RNNRegressor"]

__version__ = "0.1.0.dev0"
