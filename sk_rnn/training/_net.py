"""The one seam to skorch: its flow, callbacks and history, without its cost a batch."""

import inspect
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar, cast

import numpy as np
import skorch.callbacks
import torch
from skorch import NeuralNet
from torch import Tensor, nn

from ..modules import set_backend, set_generator
from ._batches import Batch, PredictionBatches, TrainingBatches
from ._callbacks import StopTraining
from ._schedules import SCHEDULES, Schedule
from ._truncated import is_longer, truncated_gradients

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

_ADAPTIVE = [OPTIMIZERS[name] for name in ("adamw", "adam", "nadam", "radam", "rmsprop")]

_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")

T = TypeVar("T")

ScoreFunction = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]


class RecurrentNet(NeuralNet):
    """A skorch net that trains on whole batches from `SequenceData`.

    skorch's flow stands: `fit_loop`, `run_single_epoch`, `train_step`, `infer`, callbacks and
    history. What is replaced is what costs time a batch: the data loader, the copy of every
    parameter name for callbacks that nobody set, and the wait for each loss.

    Parameters
    ----------
    module : torch.nn.Module
        The module, built, on the CPU.
    criterion : torch.nn.Module
        Called with outputs, targets and weights.
    optimizer : type
        Class of the optimizer.
    lr : float
        Peak learning rate.
    lr_schedule : str or callable
        A name in `SCHEDULES`, "constant", or a function of progress in [0, 1].
    weight_decay : float
        For weight matrices; biases, norms' gains and other vectors are left alone.
    gradient_clip : float or None
        Highest norm of the whole gradient.
    bfloat16 : bool
        Run products in bfloat16.
    score_function : callable or None
        Validation score from outputs, targets and weights; None takes minus the loss.
    device : torch.device
        Where to compute.
    backend : {"torch", "numba"}
        What computes the recurrences.
    tbptt_steps : int or None
        Steps after which gradients are cut off: see `truncated_gradients`.
    embedding_eps : float or None
        Adaptive optimizers' ``eps`` for embeddings, unless ``optimizer__eps`` is set; None leaves
        it as it is.
    callbacks : list
        skorch callbacks.
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
            verbose=1,  # says nothing itself, but lets a PrintLog speak
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
        self.own_first: tuple[Any, ...] = ()
        self.own_last: tuple[Any, ...] = ()

    def initialize_module(self):
        """Take the module, and say what computes its recurrences."""
        super().initialize_module()
        set_backend(self.module_, self.backend)
        return self

    # --- what skorch would do otherwise ---------------------------------------------------------

    @property
    def _default_callbacks(self) -> list[Any]:
        return []

    def initialize_optimizer(self, triggered_directly=None):
        """Make the optimizer with groups for embeddings, for other matrices and for vectors."""
        params = {"lr": self.lr, **self.get_params_for("optimizer")}
        trained = [p for p in self.module_.parameters() if p.requires_grad]
        tables = [m.weight for m in self.module_.modules() if isinstance(m, nn.Embedding)]
        embeddings = [p for p in trained if any(p is table for table in tables)]
        matrices = [p for p in trained if p.ndim > 1 and not any(p is e for e in embeddings)]
        vectors = [p for p in trained if p.ndim <= 1]
        accepted = inspect.signature(self.optimizer).parameters
        decays = {"weight_decay": self.weight_decay} if "weight_decay" in accepted else {}
        stays = dict.fromkeys(decays, 0.0)
        adapts = {}
        if self.embedding_eps is not None and self.optimizer in _ADAPTIVE and "eps" not in params:
            adapts = {"eps": self.embedding_eps}
        # Always in this order, by which `resume_optimizer` knows the parameters; what has the same
        # options is one group, which the optimizer takes in one pass.
        kinds = [(embeddings, {**decays, **adapts}), (matrices, decays), (vectors, stays)]
        groups: list[dict[str, Any]] = []
        for members, options in kinds:
            if groups and groups[-1] == {"params": groups[-1]["params"], **options}:
                groups[-1]["params"] += members
            elif members:
                groups.append({"params": members, **options})
        chosen = {"fused", "foreach", "differentiable"} & params.keys()
        if "fused" in accepted and not chosen and self.device.type in ("cpu", "cuda"):
            # One pass over all parameters; what remains of a small step is mostly the optimizer.
            params["fused"] = True
        self.optimizer_ = self.optimizer(groups, **params)
        for group in self.optimizer_.param_groups:
            group["initial_lr"] = group["lr"]
        return self

    def resume_optimizer(self, state: dict[int, Any]) -> None:
        """Take over running means and step counts, but keep the rates and decays of now."""
        own = self.optimizer_.state_dict()
        self.optimizer_.load_state_dict({**own, "state": state})

    def get_split_datasets(self, X, y=None, **fit_params):
        """Split nothing: ``X`` is the training and the validation batches."""
        return X

    def get_iterator(self, dataset, training=False):
        """Return the batches themselves, which know how to iterate."""
        return dataset

    def notify(self, method_name, **cb_kwargs):
        """Call the callbacks; stop cleanly when skorch's EarlyStopping asks for it.

        skorch's EarlyStopping raises KeyboardInterrupt, which must not be taken for the user's.
        """
        getattr(self, method_name)(self, **cb_kwargs)
        users = [callback for _, callback in self.callbacks_]
        for callback in (*self.own_first, *users, *self.own_last):
            try:
                getattr(callback, method_name)(self, **cb_kwargs)
            except KeyboardInterrupt:
                if isinstance(callback, skorch.callbacks.EarlyStopping):
                    raise StopTraining from None
                raise

    # --- training -------------------------------------------------------------------------------

    def train(
        self,
        train: TrainingBatches,
        valid: PredictionBatches | None,
        *,
        epochs: int,
        generator: torch.Generator,
        interrupted: threading.Event,
        own_first: Sequence[Any] = (),
        own_last: Sequence[Any] = (),
    ) -> bool:
        """Train; return whether Ctrl-C ended it early.

        Parameters
        ----------
        train, valid : batches
            What to train on, and what to score each epoch on.
        epochs : int
            How many.
        generator : torch.Generator
            Source of dropout.
        interrupted : threading.Event
            Watched before every batch.
        own_first, own_last : sequences of callbacks
            Called before and after the user's.
        """
        self.own_first, self.own_last = tuple(own_first), tuple(own_last)
        set_generator(self.module_, generator)
        self.generator = generator
        self.interrupted = interrupted
        self.step = 0
        self.n_steps = epochs * len(range(0, len(train), train.batch_size))
        self.parameters = list(self.module_.parameters())
        self.watched = any(_listens(callback) for _, callback in self.callbacks_)
        stopped = False
        self.notify("on_train_begin", X=train, y=None)
        try:
            self.fit_loop((train, valid), epochs=epochs)
        except StopTraining:
            pass
        except KeyboardInterrupt:
            stopped = True
            # The epoch that was cut short has no loss; a history row without one helps nobody.
            if len(self.history) and "train_loss" not in self.history[-1]:
                del self.history[-1]
        self.notify("on_train_end", X=train, y=None)
        set_generator(self.module_, None)
        return stopped

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass over the batches; the loss is fetched from the device once, at the end."""
        if iterator is None:
            return
        self._set_training(training)
        if training:
            # One for the epoch: skorch's Checkpoint looks at the last batch of the history.
            self.history.new_batch()
        total: Tensor | float = 0.0
        n_rows = 0
        outputs = []
        for batch in iterator:
            if self.interrupted.is_set():
                raise KeyboardInterrupt
            if self.watched:
                self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch, **fit_params)
            if self.watched:
                self.notify("on_batch_end", batch=batch, training=training, **step)
            total = total + step["loss"].detach() * batch.n_rows
            n_rows += batch.n_rows
            if not training and self.score_function is not None:
                outputs.append((step["y_pred"], batch.y))
        loss = float(total) / n_rows
        lowest = min(
            (row[f"{prefix}_loss"] for row in self.history if f"{prefix}_loss" in row),
            default=float("inf"),
        )
        self.history.record(f"{prefix}_loss", loss)
        self.history.record(f"{prefix}_loss_best", loss < lowest)  # for skorch's Checkpoint
        if not training:
            self.history.record(f"{prefix}_score", self._score(outputs, loss))

    def train_step(self, batch: Batch, **fit_params):
        """Forward, backward, clip, step."""
        if self.lr_schedule != "constant":
            self._set_rate()
        for parameter in self.parameters:  # optimizer.zero_grad takes 20 times as long
            parameter.grad = None
        if self.tbptt_steps is not None and is_longer(self.module_, batch, self.tbptt_steps):
            loss, outputs = truncated_gradients(
                self.module_,
                self.criterion_,
                batch,
                n_steps=self.tbptt_steps,
                generator=self.generator,
                precision=self.autocast,
            )
        else:
            outputs = self.infer(batch.X)
            loss = self.criterion_(outputs, batch.y.values, batch.y.weights)
            loss.backward()
        if self.gradient_clip is not None:
            _clip(self.parameters, self.gradient_clip)
        if self.watched:
            named = list(self.module_.named_parameters())
            self.notify("on_grad_computed", named_parameters=named, batch=batch, training=True)
        self.optimizer_.step()
        self.step += 1
        return {"loss": loss.detach(), "y_pred": outputs}

    def validation_step(self, batch: Batch, **fit_params):
        """Forward and loss."""
        with torch.no_grad():
            outputs = self.infer(batch.X)
            loss = self.criterion_(outputs, batch.y.values, batch.y.weights)
        return {"loss": loss, "y_pred": outputs}

    def infer(self, x: dict[str, Any], **fit_params):
        """Run the module; outputs are in full precision whatever the products ran in."""
        with self.autocast():
            outputs = self.module_(**x)
        return outputs.float() if self.bfloat16 else outputs

    def autocast(self) -> AbstractContextManager[Any]:
        """Let products in this context run in bfloat16, if they should."""
        if not self.bfloat16:
            return nullcontext()  # a disabled autocast costs as much as an enabled one
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def _set_rate(self) -> None:
        schedule = self.lr_schedule
        if isinstance(schedule, str):
            schedule = SCHEDULES[schedule]
        # min: an epoch may have a batch more than planned when a lone row cannot join another.
        share = schedule(min(1.0, self.step / max(self.n_steps - 1, 1)))
        for group in self.optimizer_.param_groups:
            group["lr"] = group["initial_lr"] * share

    def _score(self, outputs: list[tuple[Tensor, Any]], loss: float) -> float:
        if self.score_function is None:
            return -loss
        predicted = torch.cat([y_pred for y_pred, _ in outputs]).cpu().numpy()
        targets = torch.cat([y.values for _, y in outputs]).cpu().numpy()
        weights = None
        if outputs[0][1].weights is not None:
            weights = torch.cat([y.weights for _, y in outputs]).cpu().numpy()
        return self.score_function(predicted, targets, weights)

    # --- prediction -----------------------------------------------------------------------------

    def outputs(
        self,
        batches: PredictionBatches,
        interrupted: threading.Event,
        reduce: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Compute the module's outputs, in the order of ``batches.batches``.

        With ``reduce`` what it makes of them batch by batch. They are put into one array, which is
        there from the first batch on: arrays of their own, kept, would lie between what the
        batches free, and memory would grow with their number.
        """
        wanted = list(batches.wanted())
        sizes = iter(wanted)
        outputs: np.ndarray | None = None
        start = 0

        def compute(batch: Batch) -> None:
            nonlocal outputs, start
            values = self.infer(batch.X)[: next(sizes)].cpu().numpy()
            if not np.isfinite(values).all():
                raise FloatingPointError("outputs are not finite")
            if reduce is not None:
                values = reduce(values)
            if outputs is None:
                outputs = np.empty((sum(wanted), *values.shape[1:]), values.dtype)
            outputs[start : start + len(values)] = values
            start += len(values)

        self.each_batch(batches, compute, interrupted)
        return cast(np.ndarray, outputs)

    def each_batch(
        self,
        batches: PredictionBatches,
        function: Callable[[Batch], T],
        interrupted: threading.Event,
    ) -> list[T]:
        """Call ``function`` with each batch, without gradients or dropout."""
        self._set_training(False)
        result = []
        with torch.inference_mode():
            for batch in batches:
                if interrupted.is_set():
                    raise KeyboardInterrupt
                result.append(function(batch))
        return result


def _clip(parameters: list[nn.Parameter], highest: float) -> None:
    """Scale the gradients so that the norm of all together is at most ``highest``.

    As `torch.nn.utils.clip_grad_norm_`, which spends more time on finding out how to do it than
    the small nets here need for it, and a tenth of their whole training step.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norms = torch._foreach_norm(gradients)
    share = highest / (torch.linalg.vector_norm(torch.stack(norms)) + 1e-6)
    torch._foreach_mul_(gradients, share.clamp(max=1.0))


def _listens(callback: Any) -> bool:
    """Whether a callback wants to hear of single batches."""
    base = skorch.callbacks.Callback
    return any(
        getattr(type(callback), event, None) is not getattr(base, event) for event in _BATCH_EVENTS
    )
