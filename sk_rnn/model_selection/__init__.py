"""Time series cross-validation, compatible with scikit-learn. Does not import torch."""

from ._forecast_split import ForecastSplit

__all__ = ["ForecastSplit"]
