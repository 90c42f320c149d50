"""The training loop's own callbacks; each is a skorch callback and does one thing."""

import math
import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from torch import Tensor, nn


class StopTraining(Exception):  # noqa: N818 - not an error: it ends the loop early, as planned
    """Raised by a callback at the end of an epoch to end training; its text says why."""


def snapshot(module: nn.Module) -> dict[str, Tensor]:
    """Copy the weights and buffers of ``module``."""
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def is_finite(module: nn.Module) -> bool:
    """Whether every weight is a number."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in module.parameters())


class FiniteGuard(Callback):
    """Ends training when the loss or a weight is no number any more, with the last finite weights.

    Parameters
    ----------
    caller : str
        Named in the warning.
    advice : str
        What to change, said in the warning.
    """

    def __init__(self, caller: str, advice: str):
        self.caller = caller
        self.advice = advice

    def on_train_begin(self, net, **kwargs):
        """Keep the weights that training starts from."""
        self.weights_ = snapshot(net.module_)
        self.epoch_ = len(net.history)

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights, or go back to those kept."""
        if math.isfinite(net.history[-1, "train_loss"]) and is_finite(net.module_):
            self.weights_ = snapshot(net.module_)
            self.epoch_ = len(net.history)
            return
        net.module_.load_state_dict(self.weights_)
        # The optimizer's running means are no numbers either; a warm start begins with new ones.
        net.initialize_optimizer()
        kept = f"those of epoch {self.epoch_}" if self.epoch_ else "the initial ones"
        warnings.warn(
            f"{self.caller}: the loss stopped being finite in epoch {len(net.history)}; training "
            f"ended there and the weights are {kept}. {self.advice}",
            ConvergenceWarning,
            stacklevel=2,
        )
        raise StopTraining("the loss was no longer finite")

    def on_train_end(self, net, **kwargs):
        """Mend what the last steps of an interrupted epoch may have broken."""
        if not is_finite(net.module_):
            net.module_.load_state_dict(self.weights_)
            net.initialize_optimizer()


class BestWeights(Callback):
    """Puts back, at the end, the weights of the epoch with the best validation score.

    Equal scores are decided by the validation loss: on a few rows accuracy takes few values.
    """

    def on_train_begin(self, net, **kwargs):
        """Forget earlier trainings."""
        self.best_ = (-math.inf, -math.inf)
        self.epoch_ = None
        self.weights_ = None

    def on_epoch_end(self, net, **kwargs):
        """Keep the weights if the score is the best so far."""
        reached = (net.history[-1, "valid_score"], -net.history[-1, "valid_loss"])
        if all(map(math.isfinite, reached)) and reached > self.best_:
            self.best_ = reached
            self.epoch_ = len(net.history)
            self.weights_ = snapshot(net.module_)

    def on_train_end(self, net, **kwargs):
        """Put the best weights back."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)


class Patience(Callback):
    """Ends training when the validation score has not risen by ``tol`` for ``patience`` epochs.

    Parameters
    ----------
    patience : int
        Epochs to wait.
    tol : float
        What counts as a rise.
    """

    def __init__(self, patience: int, tol: float):
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, **kwargs):
        """Start counting."""
        self.best_ = (-math.inf, math.inf)
        self.waited_ = 0

    def on_epoch_end(self, net, **kwargs):
        """Count an epoch without a rise, or start again."""
        score, loss = net.history[-1, "valid_score"], net.history[-1, "valid_loss"]
        best_score, best_loss = self.best_
        # A score that can rise no further (accuracy 1) may still hide a falling loss.
        if score > best_score + self.tol or (score >= best_score and loss < best_loss - self.tol):
            self.best_ = (score, loss)
            self.waited_ = 0
            return
        self.waited_ += 1
        if self.waited_ >= self.patience:
            epochs = "an epoch" if self.patience == 1 else f"{self.patience} epochs"
            raise StopTraining(f"the validation score had not improved for {epochs}")


def accuracy(outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> float:
    """Share of rows whose highest output is the target: (N, K) and (N,)."""
    return float(np.average(outputs.argmax(axis=1) == targets, weights=weights))


def subset_accuracy(outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> float:
    """Share of rows with every label right: (N, n_labels) twice."""
    return float(np.average(((outputs > 0) == (targets > 0.5)).all(axis=1), weights=weights))
