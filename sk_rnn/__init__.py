"""Recurrent neural networks as ordinary scikit-learn estimators."""

from ._version import __version__
from .estimators import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from .sequences import Panel

__all__ = ["Panel", "RNNClassifier", "RNNRegressor", "Seq2SeqTransformer", "__version__"]
