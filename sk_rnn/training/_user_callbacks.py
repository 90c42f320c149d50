"""The callbacks that users pass: copies of them, what cannot work, and their errors."""

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
    """Whether it is a skorch callback, or a class of them."""
    return all(callable(getattr(item, name, None)) for name in _METHODS)


def copy_callbacks(callbacks: Any, extras: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Copy each callback, but nothing that it refers to.

    What training sets on a callback stays on the copy, so that no fit sees another's. A trial, a
    file or a list that a callback holds is the user's own, so that it can be spoken to: with deep
    copies, Optuna's callback reports to a trial that nobody looks at, and nothing is ever pruned.

    Parameters
    ----------
    callbacks : list, tuple or None
        Callbacks, classes of callbacks and pairs (name, callback). Anything else, which fit
        refuses, is left as it is.
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


# --- what cannot work ---------------------------------------------------------------------------


def callback_fault(callback: Any, *, scheduled: str | None) -> str | None:
    """Say why a callback cannot do here what it is for, and what to do; None if it can.

    Parameters
    ----------
    callback : callback or class of callbacks
        One that the user passed.
    scheduled : str or None
        The ``lr_schedule`` that sets the rate before every step; None if there is none.
    """
    kind = callback if isinstance(callback, type) else type(callback)
    if issubclass(kind, InputShapeSetter):
        return (
            "sets the input size of a module, which is read from X here. Leave it out: every fit "
            "builds its network for the features that X has"
        )
    if issubclass(kind, LRScheduler) and scheduled is not None:
        return (
            f"sets the learning rate, but lr_schedule={scheduled} sets it before every step, so "
            "that the callback would have no effect. Set lr_schedule='constant', or leave the "
            "callback out"
        )
    return None


# --- events -------------------------------------------------------------------------------------


def hears(callback: Any, event: str) -> bool:
    """Whether a callback does something at an event."""
    method = getattr(callback, event)
    return getattr(method, "__func__", method) is not getattr(Callback, event)


def reads_batches(callback: Any) -> bool:
    """Whether a callback reads single batches in the history, whenever it does."""
    return isinstance(callback, skorch.callbacks.PassthroughScoring)


def kept_epoch(callback: Any, net: NeuralNet) -> int | None:
    """The epoch whose weights a callback has put back at the end of training, if it has."""
    if isinstance(callback, EarlyStopping) and callback.load_best:
        return callback.best_epoch_ if callback.best_model_weights_ is not None else None
    if isinstance(callback, Checkpoint) and callback.load_best and callback.monitor is not None:
        saved = [i for i, row in enumerate(net.history, 1) if row.get(callback.event_name)]
        return saved[-1] if saved else None
    return None


def missing_key(error: Exception, callback: Any) -> str | None:
    """The key that a callback did not find in the history, if that is what an error says."""
    found = re.search(r"'([^']*)' was not found in history", str(error))
    if found:
        return found[1]
    # skorch's WandbLogger looks for it in the dictionary of an epoch.
    if isinstance(error, KeyError) and type(callback).__module__.startswith("skorch."):
        return str(error.args[0]) if error.args else None
    return None


def explain_scoring(error: Exception, callback: Any) -> str | None:
    """Say that scikit-learn's scorer of a name refused, and what to do; None for other errors."""
    scoring = getattr(callback, "scoring", None)
    if not isinstance(scoring, str):  # a function of the user's, whose error stays as it is
        return None
    return (
        f"cannot compute scoring={scoring!r}: {quote(error)}. Set a scoring that fits what the "
        "estimator predicts, or a function of (net, X, y)."
    )


def explain_missing(key: str, keys: Iterable[str], *, validated: bool) -> str:
    """Say which keys the history has, and how to have the missing one."""
    known = ", ".join(repr(name) for name in sorted(keys) if name != "batches")
    advice = (
        "Name one of these, or put the callback that records it before this one."
        if validated
        else "There are no validation data: pass X_val and y_val or set early_stopping=True, or "
        "name one of these."
    )
    return f"looked for {key!r} in the history of training, which has {known}. {advice}"
