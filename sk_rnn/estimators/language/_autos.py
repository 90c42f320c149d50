"""The values that "auto" stands for in a language model, with the evidence for them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

# Rows are pieces of a stream if they are longer on average than this many chunks.
_STREAM_CHUNKS = 20

# With at least this many training steps, a model is limited by its capacity rather than by the
# data. On a text of a million characters (Shakespeare), dropout .2 without recurrent dropout gives
# 1.50 nats per character, and stronger dropout is not better in twice the time. With fewer steps,
# recurrent dropout is decisive: chorales 8.4 against 10.2 nats per step, names of dinosaurs 2.39
# against 2.44 bits per character, and more epochs no longer overfit.
_MANY_STEPS = 100_000

# With at least this vocabulary size, tied_embeddings="auto" is True.
_MANY_TOKENS = 1000

# With at least this many features, numbers need a larger state: frames and piano rolls.
_MANY_FEATURES = 64

# Gradients of rows that end are truncated after this many times `tbptt_steps` steps.
WHOLE_CHUNKS = 8

# Number of steps of a sampled row if the model does not know where rows end.
STREAM_LENGTH = 1000


def auto_ends(lengths: np.ndarray, tbptt_steps: int) -> bool:
    """Return whether rows end, or are pieces of a stream: one row, or very long ones."""
    return len(lengths) > 1 and float(lengths.mean()) <= _STREAM_CHUNKS * tbptt_steps


def auto_sizes(
    params: Mapping[str, Any], n_steps: int, n_features: int, kind: str, n_tokens: int
) -> dict[str, Any]:
    """Return arguments of the module whose parameter is "auto".

    Parameters
    ----------
    params : mapping
    n_steps : int
        Number of training steps.
    n_features : int
    kind : str
    n_tokens : int
        Size of the vocabulary.
    """
    many = n_steps >= _MANY_STEPS
    wide = many or (kind != "tokens" and n_features >= _MANY_FEATURES)
    choices = {
        "hidden_size": 256 if wide else 128,
        "dropout": 0.2 if many else 0.5,
        "recurrent_dropout": 0.0 if many else 0.4 if kind == "binary" else 0.25,
        "embedding_dropout": 0.0 if many else 0.2,
        "tied_embeddings": kind == "tokens" and n_tokens >= _MANY_TOKENS,
    }
    return {
        name: value if isinstance(params[name], str) else params[name]
        for name, value in choices.items()
    }


class LanguagePlan(NamedTuple):
    """Training parameters that may be "auto"."""

    batch_size: int
    epochs: int
    patience: int | None


def plan_language(
    params: Mapping[str, Any], lengths: np.ndarray, *, ends: bool, one_epoch: bool
) -> LanguagePlan:
    """Return the training parameters.

    About 900 optimizer steps for small data, 30 epochs if that is less than 3,000 steps, and then
    as many epochs as amount to 3,000 steps, but at least two.

    Parameters
    ----------
    params : mapping
    lengths : ndarray of int
        Number of steps of each training row.
    ends : bool
        Whether rows end, rather than being joined to a stream.
    one_epoch : bool
    """
    n_rows, n_steps, chunk = len(lengths), int(lengths.sum()), params["tbptt_steps"]
    batch_size, patience = params["batch_size"], params["n_iter_no_change"]
    if batch_size == "auto":
        size = n_rows // 16 if ends else n_steps // (16 * chunk)
        batch_size = int(np.clip(size, 8, 32))
    n_batches = -(-n_rows // batch_size) if ends else -(-n_steps // (batch_size * chunk))
    n_batches = max(1, n_batches)
    epochs = 1 if one_epoch else params["max_epochs"]
    if epochs == "auto":
        steps = min(150 * n_batches, max(900, min(30 * n_batches, 3000), 2 * n_batches))
        epochs = max(1, round(steps / n_batches))
    if patience == "auto":
        patience = max(5, epochs // 2)
    return LanguagePlan(batch_size, epochs, patience if params["early_stopping"] else None)
