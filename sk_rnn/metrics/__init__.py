"""How well sequences are predicted, with scikit-learn's signatures. Nothing here imports torch.

Targets are lists, object arrays or Series of sequences: strings, which are the sequences of their
characters, lists, tuples or arrays of any hashable tokens. With ``make_scorer`` each function
scores in ``cross_val_score`` and ``GridSearchCV``.
"""

from ._accuracy import sequence_accuracy_score, token_accuracy_score
from ._edits import character_error_rate, edit_distance, token_error_rate, word_error_rate
from ._translation import bleu_score, chrf_score

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
