"""Parts of training that depend on neither X nor y: backend, interruption, loss curves."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning

from ..training import (
    PRECISIONS,
    PredictionBatches,
    RecurrentNet,
    SequenceData,
    ValidationScorer,
    announce,
    resolve_backend,
)
from ._warnings import called_directly, warn_user


def choose_backend(
    params: Mapping[str, Any], device: torch.device, precision: str, caller: str
) -> str:
    """Return the backend for training.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator.
    device : torch.device
        Device of the training.
    precision : str
        That of the model.
    caller : str
        Name of the caller in messages.
    """
    return resolve_backend(
        params["backend"],
        device,
        bfloat16=precision == "bf16",
        cell=params["cell"],
        dtype=PRECISIONS[precision][0],
        training=True,
        caller=caller,
        announce=lambda: announce(
            params["verbose"],
            "compiling kernels, once on this machine",
            caller.partition(".")[0],
        ),
    )


def make_scorer(
    params: Mapping[str, Any],
    target: Any,
    valid: PredictionBatches | None,
    sample_weight: np.ndarray | None,
    caller: str,
) -> ValidationScorer | None:
    """Return the scorer of the validation data, or None for the score of the target or the loss.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator.
    target : Target
        How scorers see y.
    valid : PredictionBatches or None
        The validation data.
    sample_weight : ndarray or None
        Weight of each target, without class weights.
    caller : str
        Name of the caller in messages.
    """
    scoring = params.get("scoring", "loss")  # not of all estimators
    if scoring is None and target.score_function is None:
        scoring = _own_score
    if valid is None or scoring in (None, "loss"):
        return None
    if sample_weight is not None:
        data = cast(SequenceData, valid.data)
        order = np.concatenate([valid.samples[chosen] for chosen in valid.batches])
        positions = data.target_positions(order)
        sample_weight = sample_weight[positions]
        if data.labelled is not None:
            sample_weight = sample_weight[data.labelled[positions]]
            if (sample_weight == 1.0).all():  # for scorers that accept none
                sample_weight = None
    return ValidationScorer(scoring, target.labelled_readout(), sample_weight, caller)


def _own_score(net: RecurrentNet, X: Any, y: Any, sample_weight: Any = None) -> float:
    """Return what the `score` method of the estimator returns: R², or the accuracy."""
    return net.score(X, y, sample_weight)


def handle_interruption(net: RecurrentNet, epochs: int, n_earlier: int, caller: str) -> None:
    """Warn that training was interrupted, or pass the interruption on to a search over many fits.

    Parameters
    ----------
    net : RecurrentNet
        The interrupted net.
    epochs : int
        Number of epochs that were planned.
    n_earlier : int
        Number of epochs before those in the history of the net.
    caller : str
        Name of the caller in messages.
    """
    if not called_directly():
        raise KeyboardInterrupt
    epoch = len(net.history) - net.epochs_before_ + 1
    warn_user(  # raises an exception if warnings are errors
        f"{caller}: interrupted in epoch {epoch} of {epochs}; the model keeps what it has learned "
        f"so far (weights of epoch {n_earlier + net.weights_epoch_}). Call fit again to complete "
        "the training.",
        ConvergenceWarning,
    )


def curves(net: RecurrentNet) -> tuple[list[float], list[float]]:
    """Return the training losses and the validation scores of the epochs in the history."""
    losses = [row["train_loss"] for row in net.history]
    scores = [row["valid_score"] for row in net.history if "valid_score" in row]
    return losses, scores
