"""The training loop's own callbacks; each is a skorch callback and does one thing."""

import math
import warnings
from typing import Any

import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from torch import Tensor, nn

from ._batches import PredictionBatches

# Weights of ordinary trainings are far smaller. From here on it is tried out whether they overflow,
# on as many sequences.
_LARGE = 1e3
_FEW_ROWS = 8


class StopTraining(Exception):  # noqa: N818 - not an error: it ends the loop early, as planned
    """Raised by a callback at the end of an epoch to end training; its text says why."""


def snapshot(module: nn.Module) -> dict[str, Tensor]:
    """Copy the weights and buffers of ``module``."""
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def largest_weight(module: nn.Module) -> float:
    """The largest magnitude of the weights and running statistics; NaN if one is NaN."""
    numbers = [value for value in module.state_dict().values() if value.is_floating_point()]
    return float(torch.stack(torch._foreach_norm(numbers, math.inf)).max())


class FiniteGuard(Callback):
    """Ends training when it has diverged, with the last weights that give finite outputs.

    Weights that are finite are not enough: those that a huge learning rate has left can be so large
    that every output overflows.

    Parameters
    ----------
    caller : str
        Name of the caller in the warning.
    advice : str
        What to change, said in the warning.
    unbounded : bool
        Whether states grow without bound, so that weights of any size may be too large.
    """

    def __init__(self, caller: str, advice: str, *, unbounded: bool):
        self.caller = caller
        self.advice = advice
        self.unbounded = unbounded

    def on_train_begin(self, net, **kwargs):
        """Keep the weights that training starts from."""
        self.weights_ = self.proven_ = snapshot(net.module_)
        self.epoch_ = self.proven_epoch_ = len(net.history)

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        """Keep the weights, or go back to those kept."""
        if math.isfinite(net.history[-1, "train_loss"]):
            # The epoch began with the weights kept last, which gave a finite loss, then.
            self.proven_, self.proven_epoch_ = self.weights_, self.epoch_
            if math.isfinite(largest_weight(net.module_)):
                self.weights_, self.epoch_ = snapshot(net.module_), len(net.history)
                return
        net.module_.load_state_dict(self.weights_)
        if not self._works(net, dataset_train):
            self._take_proven(net)
        self._warn(net, f"the loss stopped being finite in epoch {len(net.history)}")
        raise StopTraining("the loss was no longer finite")

    def on_train_end(self, net, X=None, **kwargs):
        """Go back from weights that cannot be used, of an interrupted or of the last epoch."""
        largest = largest_weight(net.module_)
        if not math.isfinite(largest):
            net.module_.load_state_dict(self.weights_)
            net.initialize_optimizer()
            largest = largest_weight(net.module_)
        if (self.unbounded or largest > _LARGE) and not self._works(net, X):
            self._take_proven(net)
            self._warn(net, f"after epoch {len(net.history)} the weights are too large to use")

    def _works(self, net: Any, data: Any) -> bool:
        """Whether the outputs of a few training sequences are finite."""
        some = data.batches.rows[:_FEW_ROWS]
        net._set_training(False)
        with torch.inference_mode():
            batches = PredictionBatches(data.batches.data, some)
            return all(bool(torch.isfinite(net.infer(batch.X)).all()) for batch in batches)

    def _take_proven(self, net: Any) -> None:
        self.weights_, self.epoch_ = self.proven_, self.proven_epoch_
        net.module_.load_state_dict(self.weights_)

    def _warn(self, net: Any, what: str) -> None:
        # The optimizer's running means are of no use either; a warm start begins with new ones.
        net.initialize_optimizer()
        kept = f"those of epoch {self.epoch_}" if self.epoch_ else "the initial ones"
        warnings.warn(
            f"{self.caller}: {what}; training ended there and the weights are {kept}. "
            f"{self.advice}",
            ConvergenceWarning,
            stacklevel=2,
        )


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


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Which rows have their highest output at the target: (N, K) and (N,) to (N,)."""
    return outputs.argmax(dim=1) == targets


def subset_accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Which rows have every label right: (N, n_labels) twice to (N,)."""
    return ((outputs > 0) == (targets > 0.5)).all(dim=1)
