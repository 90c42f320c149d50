"""Notification of callbacks: those of the estimator and those of the user."""

from collections.abc import Sequence
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, ProgressBar
from torch import Tensor

from ._batches import Batch
from ._callbacks import StopTraining
from ._readouts import CallbackBatch, Readout, to_callback_batch
from ._user_callbacks import (
    BATCH_EVENTS,
    EVENTS,
    explain_missing,
    explain_parameters,
    explain_scoring,
    implements,
    missing_key,
    reads_batches,
    restored_epoch,
)


class Notifier:
    """Notifies callbacks of events, and records the batch history that they read.

    Events without a listener are skipped: usually no callback listens to batch events.

    Parameters
    ----------
    net : NeuralNet
        Has the user's callbacks, and the history.
    own_first, own_last : sequences of callbacks
        Called before and after the user's.
    readout : Readout or None
        Conversion of outputs and targets for user callbacks; None leaves them unchanged.
    n_batches : int
        Batches per epoch, of training and validation.
    validated : bool
        Whether there are validation data.
    """

    def __init__(
        self,
        net: NeuralNet,
        own_first: Sequence[Any],
        own_last: Sequence[Any],
        *,
        readout: Readout | None,
        n_batches: int,
        validated: bool,
    ):
        self.net = net
        self.users: list[tuple[str, Any]] = net.callbacks_
        self.own_first, self.own_last = tuple(own_first), tuple(own_last)
        self.readout = readout
        self.validated = validated
        callbacks = [callback for _, callback in self.users]
        self.listeners = {
            event: [pair for pair in self.users if implements(pair[1], event)] for event in EVENTS
        }
        any_listens = any(self.listeners[event] for event in BATCH_EVENTS)
        self.needs_batches = any_listens or any(map(reads_batches, callbacks))
        self.bars = [callback for callback in callbacks if isinstance(callback, ProgressBar)]
        for bar in self.bars:
            if bar.batches_per_epoch == "auto":
                # It assumes a constant batch size, but sizes differ here.
                bar.batches_per_epoch = n_batches

    def notify(self, event: str, kwargs: dict[str, Any]) -> None:
        """Notify all callbacks."""
        for callback in self.own_first:
            getattr(callback, event)(self.net, **kwargs)
        stop: StopTraining | None = None
        try:
            self._notify_users(event, kwargs)
        except StopTraining as raised:
            stop = raised  # the other callbacks still see the weights of this epoch
        for callback in self.own_last:
            getattr(callback, event)(self.net, **kwargs)
        if stop is not None:
            raise stop

    def has_listener(self, event: str) -> bool:
        """Whether a user callback implements an event."""
        return bool(self.listeners[event])

    def begin_batch(self, batch: Batch, *, training: bool) -> CallbackBatch:
        """Notify callbacks of a batch, and return it in the form passed to them."""
        shown = to_callback_batch(batch, self.readout)
        self.net.history.new_batch()
        self._notify_users("on_batch_begin", {"batch": shown, "training": training})
        return shown

    def report_gradients(self, shown: CallbackBatch) -> None:
        """Notify callbacks of gradients."""
        if self.listeners["on_grad_computed"]:
            named = list(self.net.module_.named_parameters())
            self._notify_users(
                "on_grad_computed", {"named_parameters": named, "batch": shown, "training": True}
            )

    def end_batch(
        self,
        batch: Batch,
        shown: CallbackBatch,
        prefix: str,
        step: dict[str, Tensor],
        *,
        training: bool,
    ) -> None:
        """Record the loss of a batch, and notify callbacks of its end."""
        self._record(prefix, step["loss"].item(), batch.n_targets)
        predicted, labelled = step["y_pred"].detach(), batch.y.labelled
        if labelled is not None:
            predicted = predicted[labelled.to(predicted.device)]
        outputs = {"loss": step["loss"], "y_pred": predicted}
        self._notify_users("on_batch_end", {"batch": shown, "training": training, **outputs})

    def record_losses(self, prefix: str, losses: Sequence[Tensor], counts: Sequence[int]) -> None:
        """Record losses and target counts of batches without listeners, all at once.

        Callbacks may read them at the end of the epoch, and a Checkpoint uses the last one.
        """
        if not self.users:
            return
        if losses and not self.needs_batches:
            for loss, n_targets in zip(torch.stack([*losses]).tolist(), counts, strict=True):
                self.net.history.new_batch()
                self._record(prefix, loss, n_targets)
        if not self.net.history[-1]["batches"]:
            self.net.history.new_batch()

    def weights_epoch(self) -> int:
        """Return the epoch whose weights the module has after `on_train_end`."""
        users = [restored_epoch(callback, self.net) for _, callback in reversed(self.users)]
        own = [getattr(c, "epoch_", None) for c in (*self.own_first, *self.own_last)]
        kept = [epoch for epoch in (*users, *own) if epoch is not None]
        return kept[0] if kept else len(self.net.history)

    def close_bars(self) -> None:
        """Remove the bar of an interrupted epoch."""
        for bar in self.bars:
            if hasattr(bar, "pbar_"):
                bar.pbar_.close()

    def _record(self, prefix: str, loss: float, n_targets: int) -> None:
        self.net.history.record_batch(f"{prefix}_loss", loss)
        self.net.history.record_batch(f"{prefix}_batch_size", n_targets)

    def _notify_users(self, event: str, kwargs: dict[str, Any]) -> None:
        for name, callback in self.listeners[event]:
            self._call(name, callback, event, kwargs)

    def _call(self, name: str, callback: Any, event: str, kwargs: dict[str, Any]) -> None:
        try:
            getattr(callback, event)(self.net, **kwargs)
        except KeyboardInterrupt:
            # skorch uses KeyboardInterrupt to stop; it must not be mistaken for Ctrl-C.
            if isinstance(callback, EarlyStopping):
                raise StopTraining(f"callback {name!r} ended it") from None
            raise
        except Exception as error:  # any exception: the callback's code runs here
            key = missing_key(error, callback)
            if key is None:
                message = explain_scoring(error, callback) or explain_parameters(error, callback)
            else:
                message = explain_missing(key, self.net.history[-1], validated=self.validated)
            if message is None:
                error.add_note(f"{self.net.caller}: raised by callback {name!r} in {event}.")
                raise
            raise ValueError(f"{self.net.caller}: callback {name!r} {message}") from error
