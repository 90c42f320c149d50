"""Metrics for predicted sequences, with scikit-learn's signatures. Does not import torch.

Targets are lists, object arrays or Series of sequences: strings (sequences of characters), or
lists, tuples or arrays of hashable tokens. Wrapped with ``make_scorer``, each function can be used
in ``cross_val_score`` and ``GridSearchCV``. :func:`per_time_step` makes scikit-learn's own metrics
metrics of sequences.
"""

from ._accuracy import sequence_accuracy_score, token_accuracy_score
from ._edits import character_error_rate, edit_distance, token_error_rate, word_error_rate
from ._ngrams import bleu_score, chrf_score
from ._per_time_step import per_time_step
from ._spans import span_f1_score

__all__ = [
    "bleu_score",
    "character_error_rate",
    "chrf_score",
    "edit_distance",
    "per_time_step",
    "sequence_accuracy_score",
    "span_f1_score",
    "token_accuracy_score",
    "token_error_rate",
    "word_error_rate",
]
