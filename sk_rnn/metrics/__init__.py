"""Metrics for predicted sequences and forecasts, with scikit-learn's signatures. Without torch.

Targets of the metrics of sequences are lists, object arrays or Series of sequences: strings
(sequences of characters), or lists, tuples or arrays of hashable tokens. Those of the metrics of
forecasts are numbers, in every kind in which forecasts come. Wrapped with ``make_scorer``, each
function can be used in ``cross_val_score`` and ``GridSearchCV``.
"""

from ._accuracy import sequence_accuracy_score, token_accuracy_score
from ._edits import character_error_rate, edit_distance, token_error_rate, word_error_rate
from ._forecasts import (
    interval_coverage,
    mean_absolute_scaled_error,
    mean_interval_score,
    symmetric_mean_absolute_percentage_error,
)
from ._translation import bleu_score, chrf_score

__all__ = [
    "bleu_score",
    "character_error_rate",
    "chrf_score",
    "edit_distance",
    "interval_coverage",
    "mean_absolute_scaled_error",
    "mean_interval_score",
    "sequence_accuracy_score",
    "symmetric_mean_absolute_percentage_error",
    "token_accuracy_score",
    "token_error_rate",
    "word_error_rate",
]
