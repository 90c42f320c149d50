"""Built-in callbacks of the training loop; each is a skorch callback with one task."""

import math
import warnings
from typing import Any

import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from torch import Tensor, nn

from ._batches import PredictionBatches

# Weights are normally far smaller. Above this, they are tested for overflow on a few sequences.
_SUSPICIOUS = 1e3
_N_PROBES = 8


class StopTraining(Exception):  # noqa: N818 - not an error: it ends the loop early
    """Raised by a callback at the end of an epoch to stop training; its message is the reason."""


def snapshot(module: nn.Module) -> dict[str, Tensor]:
    """Copy the weights and buffers of ``module``."""
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def largest_weight(module: nn.Module) -> float:
    """The maximum absolute value of the weights and running statistics; NaN if one is NaN."""
    return _largest(module.state_dict())


def _largest(weights: dict[str, Tensor]) -> float:
    numbers = [value for value in weights.values() if value.is_floating_point() and value.numel()]
    return float(torch.stack(torch._foreach_norm(numbers, math.inf)).max())


def _kinds(weights: dict[str, Tensor]) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in weights.items()}


class FiniteGuard(Callback):
    """Stops training when it has diverged, and restores the last weights with finite outputs.

    Finite weights are not sufficient: after a very large learning rate they can be so large that
    every output overflows.

    Parameters
    ----------
    caller : str
        Name of the caller in the warning.
    advice : str
        Advice in the warning.
    unbounded : bool
        Whether states are unbounded, so they may overflow with weights of any size.
    """

    def __init__(self, caller: str, advice: str, *, unbounded: bool):
        self.caller = caller
        self.advice = advice
        self.unbounded = unbounded

    def on_train_begin(self, net, **kwargs):
        """Save the initial weights."""
        self.weights_ = self.known_good_ = snapshot(net.module_)
        self.spare_: dict[str, Tensor] | None = None
        self.current_ = net.module_.state_dict()  # shares memory with the weights
        self.epoch_ = self.known_good_epoch_ = len(net.history)

    def on_epoch_end(self, net, dataset_train=None, **kwargs):
        """Save the weights, or restore the previously saved ones."""
        if math.isfinite(net.history[-1, "train_loss"]):
            # The epoch started from the last saved weights, so these gave a finite loss.
            if self.known_good_ is not self.weights_:
                self.spare_ = self.known_good_
            self.known_good_, self.known_good_epoch_ = self.weights_, self.epoch_
            if net.callbacks_:  # which may have replaced tensors
                self.current_ = net.module_.state_dict()
            if math.isfinite(_largest(self.current_)):
                self.weights_, self.epoch_ = self._save(), len(net.history)
                return
        net.module_.load_state_dict(self.weights_)
        if not self._has_finite_outputs(net, dataset_train):
            self._restore_known_good(net)
        self._warn(net, f"the loss stopped being finite in epoch {len(net.history)}")
        raise StopTraining("the loss was no longer finite")

    def on_train_end(self, net, X=None, **kwargs):
        """Restore the saved weights if those of the last or an interrupted epoch are unusable."""
        largest = largest_weight(net.module_)
        if not math.isfinite(largest):
            net.module_.load_state_dict(self.weights_)
            net.initialize_optimizer()
            largest = largest_weight(net.module_)
        if (self.unbounded or largest > _SUSPICIOUS) and not self._has_finite_outputs(net, X):
            self._restore_known_good(net)
            self._warn(net, f"after epoch {len(net.history)} the weights are too large to use")

    def _save(self) -> dict[str, Tensor]:
        """A copy of the current weights, in the memory of an older one if there is one."""
        spare, self.spare_ = self.spare_, None
        if spare is None or _kinds(spare) != _kinds(self.current_):
            return {name: value.clone() for name, value in self.current_.items()}
        torch._foreach_copy_([*spare.values()], [*self.current_.values()])
        return spare

    def _has_finite_outputs(self, net: Any, data: Any) -> bool:
        """Whether the outputs for a few training sequences are finite."""
        samples = data.batches.samples[:_N_PROBES]
        net._set_training(False)
        with torch.inference_mode():
            batches = PredictionBatches(data.batches.data, samples)
            return all(bool(torch.isfinite(net.infer(batch.X)).all()) for batch in batches)

    def _restore_known_good(self, net: Any) -> None:
        self.weights_, self.epoch_ = self.known_good_, self.known_good_epoch_
        net.module_.load_state_dict(self.weights_)

    def _warn(self, net: Any, what: str) -> None:
        # The optimizer's state is unusable as well; a warm start begins with a new one.
        net.initialize_optimizer()
        kept = f"those of epoch {self.epoch_}" if self.epoch_ else "the initial ones"
        warnings.warn(
            f"{self.caller}: {what}; training ended there and the weights are {kept}. "
            f"{self.advice}",
            ConvergenceWarning,
            stacklevel=2,
        )


class BestWeights(Callback):
    """Restores the weights of the epoch with the best validation score at the end.

    Ties are broken by the validation loss: on few samples, accuracy has few distinct values.
    """

    def on_train_begin(self, net, **kwargs):
        """Reset the state of earlier training runs."""
        self.best_ = (-math.inf, -math.inf)
        self.epoch_ = None
        self.weights_ = None

    def on_epoch_end(self, net, **kwargs):
        """Save the weights if the score is the best so far."""
        current = (net.history[-1, "valid_score"], -net.history[-1, "valid_loss"])
        if all(map(math.isfinite, current)) and current > self.best_:
            self.best_ = current
            self.epoch_ = len(net.history)
            self.weights_ = snapshot(net.module_)

    def on_train_end(self, net, **kwargs):
        """Restore the best weights."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)


class Patience(Callback):
    """Stops training when the validation score has not improved by ``tol`` for ``patience`` epochs.

    Parameters
    ----------
    patience : int
        Number of epochs without improvement.
    tol : float
        Minimum improvement.
    """

    def __init__(self, patience: int, tol: float):
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, **kwargs):
        """Reset the counter."""
        self.best_ = (-math.inf, math.inf)
        self.waited_ = 0

    def on_epoch_end(self, net, **kwargs):
        """Count an epoch without improvement, or reset the counter."""
        score, loss = net.history[-1, "valid_score"], net.history[-1, "valid_loss"]
        best_score, best_loss = self.best_
        # When the score is at its maximum (accuracy 1), the loss may still decrease.
        if score > best_score + self.tol or (score >= best_score and loss < best_loss - self.tol):
            self.best_ = (score, loss)
            self.waited_ = 0
            return
        self.waited_ += 1
        if self.waited_ >= self.patience:
            epochs = "an epoch" if self.patience == 1 else f"{self.patience} epochs"
            raise StopTraining(f"the validation score had not improved for {epochs}")


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Whether the highest output of each row is at the target: (N, K) and (N,) to (N,)."""
    return outputs.argmax(dim=1) == targets


def subset_accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Whether all labels of each row are correct: (N, n_labels) twice to (N,)."""
    return ((outputs > 0) == (targets > 0.5)).all(dim=1)
