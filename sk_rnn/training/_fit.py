"""One training run of a net, from its first to its last epoch."""

import threading
from dataclasses import dataclass

import torch

from ._batches import EpochBatches, PredictionBatches
from ._callbacks import BestWeights, FiniteGuard, Patience
from ._net import RecurrentNet, Scorer
from ._progress import Progress
from ._readouts import Readout
from ._runtime import isolate_globals


@dataclass(frozen=True)
class Training:
    """Data and options of a training run.

    Parameters
    ----------
    train : EpochBatches
        Batches to train on.
    valid : PredictionBatches or None
        Batches to score after each epoch.
    epochs : int
        Number of epochs.
    seed : int
        Seed of dropout, and of torch's generators while user code runs.
    patience : int or None
        With early stopping, the number of epochs without improvement before training stops; then
        the best weights are restored. None for no early stopping.
    tol : float
        Minimum improvement of the validation score.
    unbounded : bool
        Whether states are unbounded: see `FiniteGuard`.
    runs_user_code : bool
        Whether the module contains user code, which may draw from torch's global generators.
    advice : str
        What to change if the loss is no longer finite, for a warning.
    caller : str
        Name of the caller in messages.
    scorer : callable or None
        Computes the validation score; None for that of the target.
    """

    train: EpochBatches
    valid: PredictionBatches | None
    epochs: int
    seed: int
    patience: int | None
    tol: float
    unbounded: bool
    runs_user_code: bool
    advice: str
    caller: str
    scorer: Scorer | None = None


def fit_network(
    net: RecurrentNet,
    training: Training,
    *,
    readout: Readout,
    progress: Progress | None,
    interrupted: threading.Event,
) -> bool:
    """Train a net.

    Parameters
    ----------
    net : RecurrentNet
        With its module on its device.
    training : Training
        Data and options.
    readout : Readout
        How callbacks see outputs and targets.
    progress : Progress or None
        Progress display.
    interrupted : threading.Event
        Ends the training when it is set.

    Returns
    -------
    bool
        Whether the training was interrupted.
    """
    guard = FiniteGuard(training.caller, training.advice, unbounded=training.unbounded)
    first, last = [], [guard]
    if training.patience is not None and training.valid is not None:
        first.append(BestWeights())
        last.append(Patience(training.patience, training.tol))
    generator = torch.Generator(device=net.device).manual_seed(training.seed)
    with isolate_globals(training.seed, net.device, needed=training.runs_user_code):
        return net.train(
            training.train,
            training.valid,
            epochs=training.epochs,
            generator=generator,
            interrupted=interrupted,
            own_first=first,
            own_last=last,
            readout=readout,
            progress=progress,
            scorer=training.scorer,
        )
