"""The interface to skorch: its training flow, callbacks and history, with less overhead."""

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import numpy as np
import torch
from skorch.exceptions import SkorchException
from torch import Tensor, nn

from ..modules import (
    ExplicitGradients,
    LanguageModel,
    set_backend,
    set_generator,
    supports_explicit_gradients,
)
from ._adam import OnePass, clip_gradients
from ._batches import Batch, EpochBatches, PredictionBatches
from ._callbacks import StopTraining
from ._chunked import infer
from ._notification import Notifier
from ._optimizers import build_optimizer
from ._predicting import PredictingNet
from ._progress import Progress
from ._readouts import CallbackBatch, Readout, TrainingSet
from ._schedules import SCHEDULES, Schedule
from ._truncated import is_longer, truncated_gradients

# Validation score of the net on the validation data.
Scorer = Callable[["RecurrentNet", TrainingSet], float]

# From outputs and targets to whether each row is correct.
ScoreFunction = Callable[[Tensor, Tensor], Tensor]

# Attributes that exist only during training.
_WHILE_TRAINING = (
    "explicit_",
    "explicit_chosen_",
    "notifier_",
    "carried_",
    "generator_",
    "interrupted_",
    "lowest_",
    "parameters_",
    "progress_",
    "scorer_",
    "trained_lengths_",
    "valid_set_",
)
# Attributes that are not pickled.
_NOT_PICKLED = (*_WHILE_TRAINING, "readout_")


class RecurrentNet(PredictingNet):
    """A skorch net that trains on batches from `SequenceData`.

    skorch's training flow is kept: `fit_loop`, `run_single_epoch`, `train_step`, `infer`, callbacks
    and history. Only its overhead per batch is replaced: the data loader, the list of all parameter
    names for unset callbacks, and the synchronisation for each loss.

    Parameters
    ----------
    module : torch.nn.Module
        The initialized module, on the CPU.
    criterion : torch.nn.Module
        Called with outputs, targets and weights.
    optimizer : type
        Class of the optimizer.
    lr : float
        Peak learning rate.
    lr_schedule : str or callable
        A name in `SCHEDULES`, "constant", or a function of the progress in [0, 1].
    weight_decay : float
        Weight decay of matrices; not applied to biases, scales of norms and other vectors.
    gradient_clip : float or None
        Maximum norm of the gradient.
    bfloat16 : bool
        Whether to run matrix multiplications in bfloat16.
    score_function : callable or None
        From outputs and targets to whether each row is correct; the fraction of correct rows is the
        validation score. None uses the negative loss.
    device : torch.device
        Device of the computation.
    backend : {"torch", "numba"}
        Implementation of the recurrences.
    tbptt_steps : int or None
        Number of steps after which gradients are truncated: see `truncated_gradients`.
    embedding_eps : float or None
        ``eps`` of adaptive optimizers for embeddings, unless ``optimizer__eps`` is set; None uses
        the optimizer's default.
    callbacks : list
        skorch callbacks.
    caller : str or None
        Name of the caller in error messages.
    **kwargs
        ``optimizer__…`` and ``callbacks__…``.
    """

    def __init__(
        self,
        module: nn.Module,
        criterion: nn.Module,
        *,
        optimizer: type[torch.optim.Optimizer],
        lr: float,
        lr_schedule: str | Schedule,
        weight_decay: float,
        gradient_clip: float | None,
        bfloat16: bool,
        score_function: ScoreFunction | None,
        device: torch.device,
        backend: str,
        tbptt_steps: int | None = None,
        embedding_eps: float | None = None,
        callbacks: list[Any],
        caller: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            module,
            criterion,
            optimizer=optimizer,
            lr=lr,
            device=device,
            callbacks=callbacks,
            train_split=None,
            verbose=1,  # prints nothing itself, but enables a PrintLog
            **kwargs,
        )
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.bfloat16 = bfloat16
        self.score_function = score_function
        self.backend = backend
        self.tbptt_steps = tbptt_steps
        self.embedding_eps = embedding_eps
        self.caller = caller

    def initialize_module(self):
        """Initialize the module and select its backend."""
        super().initialize_module()
        set_backend(self.module_, self.backend)
        return self

    def __getstate__(self):
        """Drop attributes of the running training, during which a Checkpoint pickles the net."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in _NOT_PICKLED}

    def initialize_callbacks(self):
        """Copy the callbacks, which training may change; errors name the parameter."""
        try:
            return super().initialize_callbacks()
        except (TypeError, ValueError, SkorchException) as error:
            reason = str(error).rstrip(".")
            raise ValueError(
                f"{self.caller}: callbacks cannot be set up: {reason}. Pass each with arguments "
                "that its own documentation allows."
            ) from error

    # --- overrides of skorch --------------------------------------------------------------------

    @property
    def _default_callbacks(self) -> list[Any]:
        return []

    def initialize_optimizer(self, triggered_directly=None):
        """Build the optimizer: see `build_optimizer`."""
        self.optimizer_ = build_optimizer(
            self.optimizer,
            self.module_,
            {"lr": self.lr, **self.get_params_for("optimizer")},
            weight_decay=self.weight_decay,
            embedding_eps=self.embedding_eps,
            device=self.device,
            backend=self.backend,
        )
        return self

    def resume_optimizer(self, state: dict[int, Any]) -> None:
        """Load running means and step counts, but keep current learning rates and decays."""
        own = self.optimizer_.state_dict()
        self.optimizer_.load_state_dict({**own, "state": state})

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return ``X``, which already holds the training and the validation batches."""
        return X

    def notify(self, method_name, **cb_kwargs):
        """Notify all callbacks of events other than those of a batch."""
        getattr(self, method_name)(self, **cb_kwargs)
        notifier, progress = self.notifier_, self.progress_
        if progress is not None and notifier.has_listener(method_name):
            with progress.hidden():
                notifier.notify(method_name, cb_kwargs)
        else:
            notifier.notify(method_name, cb_kwargs)

    def on_epoch_end(self, net, **kwargs):
        """Show the epoch, before a callback may stop training."""
        if self.progress_ is not None:
            self.progress_.end_epoch(self.history[-1])

    # --- training -------------------------------------------------------------------------------

    def train(
        self,
        train: EpochBatches,
        valid: PredictionBatches | None,
        *,
        epochs: int,
        generator: torch.Generator,
        interrupted: threading.Event,
        own_first: Sequence[Any] = (),
        own_last: Sequence[Any] = (),
        readout: Readout | None = None,
        progress: Progress | None = None,
        scorer: Scorer | None = None,
    ) -> bool:
        """Train; return whether Ctrl-C ended it early.

        Parameters
        ----------
        train, valid : batches
            Batches to train on, and to score after each epoch.
        epochs : int
            Number of epochs.
        generator : torch.Generator
            Source of the dropout masks.
        interrupted : threading.Event
            Checked before every batch.
        own_first, own_last : sequences of callbacks
            Called before and after the user's.
        readout : Readout or None
            Conversion of outputs and targets for user callbacks; None leaves them unchanged.
        progress : Progress or None
            Progress display.
        scorer : callable or None
            Computes the validation score from the net and the validation data; None uses the
            fraction of correct rows, or the negative loss.
        """
        set_generator(self.module_, generator)
        self.generator_, self.interrupted_ = generator, interrupted
        self.readout_, self.progress_ = readout, progress
        self.max_epochs, self.batch_size = epochs, train.batch_size  # used by some loggers
        self.step = 0
        self.n_steps = epochs * len(range(0, len(train), train.batch_size))
        self.parameters_ = list(self.module_.parameters())
        self.explicit_: ExplicitGradients | None = None
        self.explicit_chosen_ = False
        self.lowest_: dict[str, float] = {}
        self.carried_: list[tuple[Tensor, ...]] | None = None
        self.trained_lengths_ = []
        n_batches = train.n_batches + (valid.n_batches if valid is not None else 0)
        self.notifier_ = Notifier(
            self,
            own_first,
            own_last,
            readout=readout,
            n_batches=n_batches,
            validated=valid is not None,
        )
        data = TrainingSet(train, readout)
        data_valid = None if valid is None else TrainingSet(valid, readout)
        self.scorer_, self.valid_set_ = scorer, data_valid
        interrupted_early, reason = False, ""
        try:
            self.notify("on_train_begin", X=data, y=None)
            self.epochs_before_ = len(self.history)  # including those loaded by a LoadInitState
            if progress is not None:
                progress.begin(len(train), n_batches, epochs)
            try:
                self.fit_loop((data, data_valid), epochs=epochs)
            except StopTraining as stop:
                reason = str(stop)
            except KeyboardInterrupt:
                interrupted_early = True
            if progress is not None:
                progress.close()
            self.notify("on_train_end", X=data, y=None)
            # The interrupted epoch has no loss, so its history row is dropped.
            if len(self.history) and "train_loss" not in self.history[-1]:
                del self.history[-1]
            self.weights_epoch_ = self.notifier_.weights_epoch()
            if progress is not None:
                progress.end(self, reason, interrupted=interrupted_early)
        finally:
            if progress is not None:
                progress.close()
            self.notifier_.close_bars()
            set_generator(self.module_, None)
            self.readout_ = None
            for name in _WHILE_TRAINING:
                delattr(self, name)
        return interrupted_early

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass over the batches; the loss is copied from the device once, at the end."""
        if iterator is None:
            return
        self._set_training(training)
        if training:
            self._choose_gradients()
            self.trained_lengths_ = []
        notifier, progress = self.notifier_, self.progress_
        losses: list[Tensor] = []
        counts: list[int] = []
        correct: list[tuple[Tensor, Tensor | None]] = []
        try:
            for batch in iterator:
                if self.interrupted_.is_set():
                    raise KeyboardInterrupt
                if notifier.needs_batches:
                    shown = notifier.begin_batch(batch, training=training)
                    step = step_fn(batch, shown=shown)
                    notifier.end_batch(batch, shown, prefix, step, training=training)
                    if training:
                        self.trained_lengths_.append(batch.X["lengths"].numpy())
                else:
                    step = step_fn(batch)
                if progress is not None:
                    progress.step(step["loss"] if training else None)
                losses.append(step["loss"].detach())
                counts.append(batch.n_targets)
                if not training and self.score_function is not None and self.scorer_ is None:
                    is_correct = self.score_function(step["y_pred"], cast(Tensor, batch.y.values))
                    correct.append((is_correct, batch.y.weights))
        finally:
            notifier.record_losses(prefix, losses, counts)
        loss = float(np.average(torch.stack(losses).cpu().numpy(), weights=counts))
        lowest = self._lowest_loss(prefix)
        self.history.record(f"{prefix}_batch_count", len(losses))  # for skorch's LRScheduler
        self.history.record(f"{prefix}_loss", loss)
        self.history.record(f"{prefix}_loss_best", loss < lowest)  # for skorch's Checkpoint
        if training:  # under the name that skorch's LRScheduler uses
            self.history.record("event_lr", float(self.optimizer_.param_groups[0]["lr"]))
        if not training:
            score = _weighted_fraction(correct) if correct else -loss
            if self.scorer_ is not None:
                score = self.scorer_(self, cast(TrainingSet, self.valid_set_))
            self.history.record(f"{prefix}_score", score)
        self.lowest_[prefix] = min(loss, lowest)

    def train_step(self, batch: Batch, shown: CallbackBatch | None = None, **fit_params):
        """Forward, backward, clip, step."""
        if self.lr_schedule != "constant":
            self._set_lr()
        explicit = self.explicit_
        if self.tbptt_steps is not None and is_longer(self.module_, batch, self.tbptt_steps):
            self._clear_gradients()
            loss, outputs = truncated_gradients(
                self.module_,
                self.criterion_,
                batch,
                n_steps=self.tbptt_steps,
                generator=self.generator_,
                precision=self.autocast,
            )
        elif explicit is not None and explicit.applies(len(batch.X["lengths"])):
            loss, outputs = explicit(self.criterion_, **batch.X, targets=batch.y)
        else:
            self._clear_gradients()
            outputs = self._infer_carrying(batch) if "continues" in batch.X else self.infer(batch.X)
            loss = self.criterion_(outputs, batch.y)
            loss.backward()
        self._update(shown)
        self.step += 1
        # Detached, so that the states of all time steps are freed before the next batch.
        return {"loss": loss.detach(), "y_pred": outputs.detach()}

    def _clear_gradients(self) -> None:
        for parameter in self.parameters_:  # optimizer.zero_grad takes 20 times as long
            parameter.grad = None

    def _choose_gradients(self) -> None:
        """Use explicit gradients in this epoch, unless a callback has changed the module."""
        if self.explicit_chosen_ and not self.notifier_.users:
            return
        self.explicit_chosen_ = True
        if not supports_explicit_gradients(self.module_):
            self.explicit_ = None
        elif self.explicit_ is None or not self.explicit_.is_current(self.module_):
            self.explicit_ = ExplicitGradients(self.module_)

    def _update(self, shown: CallbackBatch | None) -> None:
        """Clip the gradients and update the weights, in one pass if no callback runs in between."""
        optimizer, max_norm = self.optimizer_, self.gradient_clip
        if isinstance(optimizer, OnePass) and shown is None:
            optimizer.step(max_norm=math.inf if max_norm is None else max_norm)
            return
        if isinstance(optimizer, OnePass) and max_norm is not None:
            optimizer.clip(max_norm)
        elif max_norm is not None:
            clip_gradients(self.parameters_, max_norm)
        if shown is not None:
            self.notifier_.report_gradients(shown)
        optimizer.step()

    def validation_step(self, batch: Batch, shown: CallbackBatch | None = None, **fit_params):
        """Forward and loss."""
        with torch.no_grad():
            outputs = self.infer(batch.X)
            loss = self.criterion_(outputs, batch.y)
        return {"loss": loss, "y_pred": outputs}

    def infer(self, x: dict[str, Any], **fit_params):
        """Run the module; outputs are in full precision even if it ran in bfloat16."""
        with self.autocast():
            outputs = infer(self.module_, **x)
        return outputs.float() if self.bfloat16 else outputs

    def _infer_carrying(self, batch: Batch) -> Tensor:
        """Run the module from the final states of the previous batch, which are detached.

        Rows that start a sequence have zero states.
        """
        continues = batch.X["continues"]
        inputs = {name: value for name, value in batch.X.items() if name != "continues"}
        initial = None
        if self.carried_ is not None and int(continues.max()) >= 0:
            keep = (continues >= 0).to(self.carried_[0][0].device)[:, None]
            rows = continues.clamp(min=0).to(keep.device)
            initial = [tuple(part[rows] * keep for part in state) for state in self.carried_]
        with self.autocast():
            outputs, finals = cast(LanguageModel, self.module_).carry(**inputs, initial=initial)
        self.carried_ = [tuple(part.detach() for part in state) for state in finals]
        return outputs.float() if self.bfloat16 else outputs

    def autocast(self) -> AbstractContextManager[Any]:
        """Context in which matrix multiplications run in bfloat16, if enabled."""
        if not self.bfloat16:
            return nullcontext()  # a disabled autocast is as slow as an enabled one
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def _set_lr(self) -> None:
        schedule = self.lr_schedule
        if isinstance(schedule, str):
            schedule = SCHEDULES[schedule]
        # min: an epoch may have one more batch than planned if a single sample cannot be merged.
        factor = schedule(min(1.0, self.step / max(self.n_steps - 1, 1)))
        for group in self.optimizer_.param_groups:
            group["lr"] = group["initial_lr"] * factor

    def _lowest_loss(self, prefix: str) -> float:
        """The lowest loss of the epochs so far, searched in the history once per training."""
        if prefix not in self.lowest_:
            losses = (row[f"{prefix}_loss"] for row in self.history if f"{prefix}_loss" in row)
            self.lowest_[prefix] = min(losses, default=float("inf"))
        return self.lowest_[prefix]


def _weighted_fraction(correct: list[tuple[Tensor, Tensor | None]]) -> float:
    """Weighted fraction of correct rows, from correctness and weights by batch."""
    values = torch.cat([values for values, _ in correct]).cpu().numpy()
    weights = [weights for _, weights in correct if weights is not None]
    return float(np.average(values, weights=torch.cat(weights).cpu().numpy() if weights else None))
