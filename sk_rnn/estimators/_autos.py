"""The values that "auto" stands for, with the experiments that support them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

# Vocabulary size at which most embedding vectors are rarely trained, and need more dropout.
# Held-out accuracy with 0.5 against 0.3: reviews (28,000 words) .892 against .879, questions (4,000
# words) the same, names (60 characters) .811 against .821.
_MANY_TOKENS = 1000

# With at least this vocabulary size, tied_embeddings="auto" is True: word-level translation was
# better (chrF 37.5 against 35.8 after 8 epochs) and a fifth faster; letters and phonemes were the
# same.
_MANY_TARGET_TOKENS = 1000

# Size of the embedding vectors of words, unless it is set.
AUTO_EMBEDDING_DIM = 64

# Adam divides by the typical gradient of each weight, so the vector of a word that occurs twice is
# updated as much as that of a word in every text, and overfits to those two texts. An eps of about
# the size of these gradients makes the updates of rare words smaller. Held-out accuracy against
# 1e-8: questions .874 against .869 (1e-5: .872, 1e-3: .874), names .828 against .826, reviews .808
# against .800. Not used with one target per time step, which is informative about its word: tags
# .927 against .930.
EMBEDDING_EPS = 1e-4

# Maximum number of training rows for which probabilities and standard deviations are calibrated by
# default.
_MANY_ROWS = 2000

# With at least this many features, sequences are taken to be spectra rather than strokes or sensor
# readings.
_MANY_FEATURES = 8


# max_length="auto" is this multiple of the length of the longest target in fit.
MAX_LENGTH_FACTOR = 2


def auto_batch_size(n_rows: int) -> int:
    """Return a batch size with which small data sets still have several steps per epoch."""
    return int(np.clip(n_rows // 16, 8, 32))


def are_documents(lengths: np.ndarray) -> bool:
    """Whether sequences of tokens are documents on average rather than words or sentences."""
    return float(lengths.mean()) >= 100


def auto_epochs(n_rows: int, batch_size: int, *, tokens: bool, documents: bool = False) -> int:
    """Return the number of epochs that corresponds to a sufficient number of optimizer steps.

    At least 600 steps (but at most 150 epochs, a limit that only tiny data sets reach), 30 epochs
    if that is less than 1,700 steps, and never fewer than 10 epochs. Chosen by experiments on
    eleven classification data sets.

    Embedding vectors are only updated by their tokens and need at least 20 epochs: held-out
    accuracy on words and sentences increases by .004 to .009. With one target for a whole document
    (``documents``), which is hardly informative about individual tokens, they do not: on reviews of
    movies that are not in the training data, 20 epochs instead of 10 change accuracy by less than
    its noise and the area under the ROC curve from .891 to .886.
    """
    n_batches = -(-n_rows // batch_size)
    min_epochs = 20 if tokens and not documents else 10
    steps = min(150 * n_batches, max(600, min(30 * n_batches, 1700), min_epochs * n_batches))
    return -(-steps // n_batches)


def auto_patience(n_rows: int, epochs: int) -> int:
    """Return the number of epochs to wait for an improvement in the validation score.

    50 with fewer than 100 rows, where the score is so coarse that 50 epochs may pass between two
    improvements. Half of the epochs otherwise: the score stagnates while the learning rate is high,
    and improves again as it decreases.
    """
    return 50 if n_rows < 100 else max(10, epochs // 2)


def auto_embedding_dropout(num_embeddings: int | None) -> float:
    """Return the dropout of embeddings, for a vocabulary of this size."""
    return 0.5 if (num_embeddings or 0) >= _MANY_TOKENS else 0.3


def auto_drop_rare(char_embedding: str | None) -> bool:
    """Return whether words of a single sequence become unknown words, if there are many sequences.

    The unknown word must occur in training, unless letters are read as well: word dropout then
    trains its vector. Held-out accuracy of tags is .964 if all words are kept and .961 otherwise.
    """
    return char_embedding is None


def auto_head_norm(*, tokens: bool) -> str | None:
    """Return the norm before the last layer.

    Batch norm improves accuracy by .024 on series of numbers, but held-out accuracy on names is
    .826 without it and .818 with it, on questions .869 and .866.
    """
    return None if tokens else "batch"


def auto_norm_eps(params: Mapping[str, Any], norm: str | None) -> dict[str, float]:
    """Return what the norm adds to variances as an argument of the module, if it is not set.

    Pooled states are between -1 and 1, and most hardly differ between the rows of a small training
    set: half of them have a standard deviation below .02 for 24 outlines. Divided by it, they count
    as much as those that matter, and much more in other rows that differ more. Cross-validated on
    27 sets, batch norm with .01 instead of torch's 1e-5: accuracy +.010 +- .007, log loss without
    calibration .51 instead of .61, groups with a shift +.19; errors of maxima of random walks and
    frequencies of sines -10 to -45 %, of noisy sums +2 to +14 %. With .1: -.02 on outlines.

    Layer norm compares the features of a row with each other, which differ in any case.
    """
    if norm != "batch" or "module__norm_eps" in params:
        return {}
    return {"norm_eps": 1e-2}


def auto_pooling(*, tokens: bool, documents: bool) -> str:
    """Return the pooling.

    The maximum alone finds the decisive words of a long document: reviews .816 against .808 with
    "concat", which is better on questions and names.
    """
    return "max" if tokens and documents else "concat"


def auto_calibrate(n_rows: int) -> bool:
    """Return whether to learn how uncertain predictions are: on small data, where it is cheap."""
    return n_rows <= _MANY_ROWS


def auto_differences(correlation: float) -> bool:
    """Return whether to add differences, given the correlation of successive ones.

    Differences of smooth curves, which are correlated by more than one half, are informative:
    cross-validated accuracy on outlines of leaves +.03 and +.09, on seven such sets +.02 to +.04.
    Those of jagged series, such as most accelerations, are mostly noise: -.01 on 19 sets.
    """
    return correlation > 0.5


def auto_forget_bias(
    params: Mapping[str, Any], lengths: np.ndarray, *, documents: bool = False
) -> dict[str, Any]:
    """Return the initial biases of forget gates as an argument of the module, if they are not set.

    Those of the update gate of a GRU increase in equal steps from unit to unit: the first state has
    a half-life of a third of a step, the last one of a third of the sequence, but at most 38 steps,
    for short and long dependencies. Compare the chrono initialisation of Tallec & Ollivier (2018).

    Cross-validated accuracy against zeros: from -1 to 4 +.009 +- .007 on 30 sets of at most 240
    sequences, but -.004 +- .004 on eight of 500 to 2,000; from -2 to 4 another +.005 +- .003 and
    +.005 +- .002. On four with at most 24 steps, up to 2 is better than up to 4 by .005.

    Not in forecasters and transcribers, where this was worse: sunspots +1.5 %, spoken digits +5 %;
    nor with one target per time step of the input, most of which depend on a few steps: small
    networks, whose fast units are few, were worse; nor in documents of tokens, whose class depends
    on single words: reviews of movies .892 against .897, log loss .40 against .34.
    """
    depends_on_few_steps = documents or params.get("return_sequences")
    if params["cell"] != "gru" or depends_on_few_steps or "module__forget_bias" in params:
        return {}
    highest = float(np.clip(np.log(lengths.mean() / 2.0), 1.0, 4.0))
    return {"forget_bias": (-2.0, highest)}


def auto_patch_size(lengths: np.ndarray, correlation: float) -> int:
    """Return the number of time steps to read as one.

    On long and smooth series, two halve the cost at the same accuracy: -.001 +- .002 on six sets
    with 200 steps or more, but -.03 on five with fewer than 100 sequences, which are cheap anyway.
    Where successive values are hardly related, patches are much worse: -.3 on noisy sines of
    different frequencies.

    Parameters
    ----------
    lengths : ndarray of int
        Numbers of time steps of the training sequences.
    correlation : float
        Correlation of values two time steps apart.
    """
    worthwhile = len(lengths) >= 100 and lengths.mean() >= 200
    return 2 if worthwhile and correlation > 0.7 else 1


def auto_attention(*, tokens: bool, autoencoder: bool) -> str | None:
    """Return the attention of a sequence-to-sequence model.

    On series, which are longer than words, additive attention dominates the run time and was not
    better (24 steps of a noisy sine from 72: R² .952 against .951, four times as slow); on spelling
    to phonemes it was (error rate .123 against .135). The decoder of an
    autoencoder must read nothing but the encoding.
    """
    if autoencoder:
        return None
    return "additive" if tokens else "general"


def auto_tied_embeddings(n_target_tokens: int, *, feedback: bool) -> bool:
    """Return whether the output layer of a decoder shares the weights of its embedding."""
    return feedback and n_target_tokens >= _MANY_TARGET_TOKENS


def auto_max_length(longest: int) -> int:
    """Return the maximum number of steps to decode, given the longest target in fit."""
    return max(1, MAX_LENGTH_FACTOR * longest)


class Plan(NamedTuple):
    """Training parameters that may be "auto".

    Attributes
    ----------
    batch_size, epochs : int
    patience : int or None
        With early stopping, the number of epochs to wait for an improvement.
    """

    batch_size: int
    epochs: int
    patience: int | None


def plan_training(
    params: Mapping[str, Any], n_rows: int, *, one_epoch: bool, tokens: bool, documents: bool
) -> Plan:
    """Return the training parameters for ``n_rows`` rows.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator.
    n_rows : int
        Number of training rows.
    one_epoch : bool
        Whether to train for a single epoch.
    tokens, documents : bool
        See `auto_epochs`.
    """
    batch_size, patience = params["batch_size"], params["n_iter_no_change"]
    if batch_size == "auto":
        batch_size = auto_batch_size(n_rows)
    epochs = 1 if one_epoch else params["max_epochs"]
    if epochs == "auto":
        epochs = auto_epochs(n_rows, batch_size, tokens=tokens, documents=documents)
    if patience == "auto":
        patience = auto_patience(n_rows, epochs)
    return Plan(batch_size, epochs, patience if params["early_stopping"] else None)


def auto_center_inputs(n_features: int) -> bool:
    """Return whether a transcriber subtracts the mean of each sequence: of spectra, not of strokes.

    The mean of a spectrum is the microphone and part of the voice; that of three features of pen
    strokes is the direction of the writing.
    """
    return n_features >= _MANY_FEATURES


def plan_transcription(params: Mapping[str, Any], n_rows: int, *, one_epoch: bool) -> Plan:
    """Return the training parameters of a transcriber for ``n_rows`` rows."""
    batch_size, patience = params["batch_size"], params["n_iter_no_change"]
    if batch_size == "auto":
        batch_size = int(np.clip(n_rows // 16, 4, 16))
    epochs = 1 if one_epoch else params["max_epochs"]
    n_batches = -(-n_rows // batch_size)
    if epochs == "auto":
        epochs = int(np.clip(-(-2500 // n_batches), 10, 150))
    if patience == "auto":
        patience = auto_patience(n_rows, epochs)
    return Plan(batch_size, epochs, patience if params["early_stopping"] else None)
