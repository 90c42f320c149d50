"""The estimators: scikit-learn's contract is kept here and only here."""

from ._classifier import RNNClassifier
from ._regressor import RNNRegressor

__all__ = ["RNNClassifier", "RNNRegressor"]
