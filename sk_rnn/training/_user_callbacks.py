"""User callbacks: copying, validation and errors."""

import copy
import re
from collections.abc import Iterable
from typing import Any

import skorch.callbacks
from skorch import NeuralNet
from skorch.callbacks import Callback, Checkpoint, EarlyStopping, InputShapeSetter, LRScheduler

from ..sequences import quote

BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")

EVENTS = ("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", *BATCH_EVENTS)

_METHODS = ("initialize", "get_params", "set_params", *EVENTS)


# --- copies -------------------------------------------------------------------------------------


def is_callback(item: Any) -> bool:
    """Whether an object is a skorch callback or a callback class."""
    return all(callable(getattr(item, name, None)) for name in _METHODS)


def copy_callbacks(callbacks: Any, extras: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Make shallow copies of callbacks.

    Attributes set in training stay on the copy, so that fits do not affect each other. A trial, a
    file or a list referenced by a callback is not copied: with deep copies, Optuna's callback would
    report to a copy of the trial, and nothing would be pruned.

    Parameters
    ----------
    callbacks : list, tuple or None
        Callbacks, callback classes and pairs (name, callback). Anything else, which `fit` rejects,
        is returned unchanged.
    extras : dict
        Values of ``callbacks__…``: callbacks, or parameters of them.

    Returns
    -------
    callbacks, extras : as passed
        Callbacks that refer to another one of them, as skorch's LoadInitState does, refer to its
        copy.
    """
    copies: dict[int, Any] = {}

    def copied(item: Any) -> Any:
        if isinstance(item, type) or not is_callback(item):
            return item
        if id(item) not in copies:
            copies[id(item)] = copy.copy(item)
        return copies[id(item)]

    def copied_pair(item: Any) -> Any:
        return tuple(map(copied, item)) if isinstance(item, tuple) else copied(item)

    if isinstance(callbacks, list | tuple):
        kind = tuple if isinstance(callbacks, tuple) else list
        callbacks = kind(map(copied_pair, callbacks))
    extras = {name: copied(value) for name, value in extras.items()}
    for callback in copies.values():
        for name, value in list(getattr(callback, "__dict__", {}).items()):
            if id(value) in copies:
                setattr(callback, name, copies[id(value)])
    return callbacks, extras


# --- incompatible callbacks ---------------------------------------------------------------------


def callback_fault(callback: Any, *, scheduled: str | None) -> str | None:
    """Explain why a callback cannot work here, and what to do; None if it can.

    Parameters
    ----------
    callback : callback or class of callbacks
        A user callback.
    scheduled : str or None
        The ``lr_schedule``, if one sets the learning rate before every step.
    """
    kind = callback if isinstance(callback, type) else type(callback)
    if issubclass(kind, InputShapeSetter):
        return (
            "sets the input size of a module, which is inferred from X here. Leave it out: every "
            "fit builds its network for the features of X"
        )
    if issubclass(kind, LRScheduler) and scheduled is not None:
        return (
            f"sets the learning rate, but lr_schedule={scheduled} sets it before every step, so "
            "the callback would have no effect. Set lr_schedule='constant', or leave the callback "
            "out"
        )
    return None


# --- events -------------------------------------------------------------------------------------


def implements(callback: Any, event: str) -> bool:
    """Whether a callback implements an event."""
    method = getattr(callback, event)
    return getattr(method, "__func__", method) is not getattr(Callback, event)


def reads_batches(callback: Any) -> bool:
    """Whether a callback may read single batches from the history."""
    return isinstance(callback, skorch.callbacks.PassthroughScoring)


def restored_epoch(callback: Any, net: NeuralNet) -> int | None:
    """The epoch whose weights a callback has restored at the end of training, if any."""
    if isinstance(callback, EarlyStopping) and callback.load_best:
        return callback.best_epoch_ if callback.best_model_weights_ is not None else None
    if isinstance(callback, Checkpoint) and callback.load_best and callback.monitor is not None:
        saved = [i for i, row in enumerate(net.history, 1) if row.get(callback.event_name)]
        return saved[-1] if saved else None
    return None


def missing_key(error: Exception, callback: Any) -> str | None:
    """The history key that a callback did not find, if this is the reason of an error."""
    found = re.search(r"'([^']*)' was not found in history", str(error))
    if found:
        return found[1]
    # skorch's WandbLogger looks for it in the dictionary of an epoch.
    if isinstance(error, KeyError) and type(callback).__module__.startswith("skorch."):
        return str(error.args[0]) if error.args else None
    return None


def explain_scoring(error: Exception, callback: Any) -> str | None:
    """Explain that a scikit-learn scorer failed, and what to do; None for other errors."""
    scoring = getattr(callback, "scoring", None)
    if not isinstance(scoring, str):  # a user function, whose error is not changed
        return None
    return (
        f"cannot compute scoring={scoring!r}: {quote(error)}. Set a scoring that fits what the "
        "estimator predicts, or a function of (net, X, y)."
    )


def explain_parameters(error: Exception, callback: Any) -> str | None:
    """Explain that the parameters of a callback of skorch do not work; None for other errors."""
    if not isinstance(error, TypeError | ValueError | AttributeError):
        return None
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    module = frame.tb_frame.f_globals.get("__name__", "") if frame is not None else ""
    if not (type(callback).__module__.startswith("skorch.") and module.startswith("skorch.")):
        return None
    return f"failed: {quote(error)} ({type(error).__name__}). Correct its parameters."


def explain_missing(key: str, keys: Iterable[str], *, validated: bool) -> str:
    """List the keys of the history, and explain how to get the missing one."""
    known = ", ".join(repr(name) for name in sorted(keys) if name != "batches")
    advice = (
        "Name one of these, or put the callback that records it before this one."
        if validated
        else "There are no validation data: pass X_val and y_val or set early_stopping=True, or "
        "name one of these."
    )
    return f"looked for {key!r} in the history of training, which has {known}. {advice}"
