"""Generators of synthetic sequences with known optimal predictions or likelihoods.

As in scikit-learn, the functions are named ``make_...``, have the parameters `n_samples` and
`random_state`, and return X and targets or likelihoods. Does not import torch.
"""

from ._dyck import make_dyck
from ._markov import make_markov_chain
from ._memory import make_memory_task
from ._moving_digits import make_moving_digits

__all__ = ["make_dyck", "make_markov_chain", "make_memory_task", "make_moving_digits"]
