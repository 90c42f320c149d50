"""Metrics for predicted sequences, with scikit-learn's signatures. Does not import torch.

Targets are lists, object arrays or Series of sequences: strings (sequences of characters), or
lists, tuples or arrays of hashable tokens. Wrapped with ``make_scorer``, each function can be used
in ``cross_val_score`` and ``GridSearchCV``.
"""

from ._accuracy import sequence_accuracy_score, token_accuracy_score
from ._edits import character_error_rate, edit_distance, token_error_rate, word_error_rate
from ._ngrams import bleu_score, chrf_score

__all__ = [
    "bleu_score",
    "character_error_rate",
    "chrf_score",
    "edit_distance",
    "sequence_accuracy_score",
    "token_accuracy_score",
    "token_error_rate",
    "word_error_rate",
]
