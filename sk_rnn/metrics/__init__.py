"""Metrics for predicted sequences and forecasts, with scikit-learn's signatures.

The metrics for sequences accept lists, object arrays or Series of sequences: strings (sequences of
characters), or lists, tuples or arrays of hashable tokens. The metrics for forecasts accept numbers
in any container in which forecasts are returned. Wrapped with ``make_scorer``, each function can be
used in ``cross_val_score`` and ``GridSearchCV``. :func:`per_time_step` converts scikit-learn's
metrics to metrics for sequences. Does not import torch.
"""

from ._accuracy import sequence_accuracy_score, token_accuracy_score
from ._edits import character_error_rate, edit_distance, token_error_rate, word_error_rate
from ._forecasts import (
    interval_coverage,
    mean_absolute_scaled_error,
    mean_interval_score,
    symmetric_mean_absolute_percentage_error,
)
from ._ngrams import bleu_score, chrf_score
from ._per_time_step import per_time_step
from ._spans import span_f1_score

__all__ = [
    "bleu_score",
    "character_error_rate",
    "chrf_score",
    "edit_distance",
    "interval_coverage",
    "mean_absolute_scaled_error",
    "mean_interval_score",
    "per_time_step",
    "sequence_accuracy_score",
    "span_f1_score",
    "symmetric_mean_absolute_percentage_error",
    "token_accuracy_score",
    "token_error_rate",
    "word_error_rate",
]
