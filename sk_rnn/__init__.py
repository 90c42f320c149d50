"""Recurrent neural networks as ordinary scikit-learn estimators."""

from .estimators import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from .sequences import Panel

__all__ = ["Panel", "RNNClassifier", "RNNRegressor", "Seq2SeqTransformer"]

__version__ = "0.1.0.dev0"
