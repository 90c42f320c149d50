"""Cross-validation of forecasts, for scikit-learn's searches. Does not import torch."""

from ._forecast_split import ForecastSplit

__all__ = ["ForecastSplit"]
