"""Parameters of the constructors: constraints, and invalid combinations."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import StrOptions

from ..modules import CELLS, POOLINGS
from ..sequences import RANDOM_STATE, AnyNumber, IntegerFrom, NumberIn, quote
from ..training import OPTIMIZERS, PRECISIONS, SCHEDULES, callback_fault, is_callback
from ._extras import FLOAT32_MAX, is_number, name_callbacks

_positive_int = IntegerFrom(1)
_fraction = NumberIn(0, 1, closed="left")

Constraints = dict[str, Any]

# Constraints of parameters, in disjoint groups; an estimator has a union of them.

NETWORK: Constraints = {
    "hidden_size": [_positive_int],
    "num_layers": [_positive_int],
    "bidirectional": ["boolean"],
    "conv_channels": [_positive_int, None],
    "conv_kernel_size": [_positive_int],
    "conv_stride": [_positive_int],
    "dropout": [_fraction],
    "recurrent_dropout": [_fraction],
    "layer_norm": ["boolean"],
}

INPUTS: Constraints = {
    "padding_value": [AnyNumber(), None],
    "scale_inputs": ["boolean"],
}

TOKENS: Constraints = {
    "embedding_weights": ["array-like", None],
    "freeze_embedding": ["boolean"],
    "word_dropout": [_fraction],
}

TRAINING: Constraints = {
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "lr": [NumberIn(0, None, closed="neither")],
    "lr_schedule": [StrOptions({*SCHEDULES, "constant"}), callable],
    "weight_decay": [NumberIn(0, None, closed="left")],
    "gradient_clip": [NumberIn(0, None, closed="neither"), None],
    "max_epochs": [_positive_int, StrOptions({"auto"})],
    "batch_size": [_positive_int, StrOptions({"auto"})],
    "early_stopping": ["boolean"],
    "validation_fraction": [NumberIn(0, 1, closed="neither")],
    "n_iter_no_change": [_positive_int, StrOptions({"auto"})],
    "tol": [NumberIn(0, None, closed="left")],
    "warm_start": ["boolean"],
    "callbacks": [list, tuple, None],
}

COMPUTE: Constraints = {
    "device": [str],
    "precision": [StrOptions(set(PRECISIONS))],
    "backend": [StrOptions({"auto", "torch", "numba"})],
    "random_state": RANDOM_STATE,
    "verbose": ["verbose"],
}

# Shared by all estimators.
SHARED: Constraints = NETWORK | INPUTS | TOKENS | TRAINING | COMPUTE

# Only for estimators whose network is a `SequenceModel`.
SEQUENCE_MODEL: Constraints = {
    "cell": [StrOptions(set(CELLS)), type],
    "pooling": [StrOptions({"auto", *POOLINGS})],
    "head_norm": [StrOptions({"auto", "batch", "layer"}), None],
    "embedding_dim": [_positive_int, None],
    "num_embeddings": [_positive_int, None],
    "embedding_dropout": [_fraction, StrOptions({"auto"})],
    "analyzer": [StrOptions({"char", "word"}), callable, None],
    "min_df": [_positive_int, StrOptions({"auto"})],
    "char_embedding": [StrOptions({"auto", "rnn", "cnn"}), None],
    "tbptt_steps": [_positive_int, None],
    "patch_size": [_positive_int, StrOptions({"auto"})],
    "differences": ["boolean", StrOptions({"auto"})],
    "time_warping": [NumberIn(0, 2, closed="left")],
    "center_inputs": ["boolean"],
    "time_masking": [IntegerFrom(0)],
    "feature_masking": [_fraction],
}

# Only for estimators that can score validation data with scikit-learn's scorers.
SCORING: Constraints = {"scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None]}

# Only for estimators with targets per sequence or per time step.
PER_STEP: Constraints = {"return_sequences": ["boolean"]}


def check_objects(params: Mapping[str, Any], caller: str) -> None:
    """Raise an error for cells, optimizers, schedules and callbacks of the wrong type.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.
    caller : str
        Name of the caller in error messages.
    """
    cell, optimizer = params["cell"], params["optimizer"]
    if isinstance(cell, type) and not issubclass(cell, torch.nn.Module):
        raise TypeError(
            f"{caller}: cell={cell!r} is not a subclass of torch.nn.Module. Pass one, or one of "
            f"{sorted(CELLS)}."
        )
    if isinstance(optimizer, type) and (
        not issubclass(optimizer, torch.optim.Optimizer)
        # These two require a closure or sparse gradients.
        or issubclass(optimizer, torch.optim.LBFGS | torch.optim.SparseAdam)
    ):
        raise TypeError(
            f"{caller}: optimizer={optimizer!r} is not supported. Pass a subclass of "
            "torch.optim.Optimizer that needs neither a closure nor sparse gradients, or one of "
            f"{sorted(OPTIMIZERS)}."
        )
    if isinstance(params["lr_schedule"], torch.nn.Module):
        raise TypeError(
            f"{caller}: lr_schedule is a module, {type(params['lr_schedule']).__name__}. Pass a "
            f"function from progress in [0, 1] to the factor of lr, or one of {sorted(SCHEDULES)}."
        )
    check_callbacks(params, caller)


def check_callbacks(params: Mapping[str, Any], caller: str) -> None:
    """Raise an error for objects that are not callbacks, or are not supported.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.
    caller : str
        Name of the caller in error messages.
    """
    for item in params["callbacks"] or ():
        named = isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)
        _check_callback(item[1] if named else item, f"callbacks contains {item!r}", caller)
    given = [item[0] for item in params["callbacks"] or () if isinstance(item, tuple)]
    names = [name for name, _ in name_callbacks(params["callbacks"])]
    for name in given:
        if given.count(name) > 1 or names.count(name) > 1:
            raise ValueError(
                f"{caller}: callbacks has two items named {name!r}. Pass unique names."
            )
    schedule = params["lr_schedule"]
    # partial_fit ignores the schedule: it trains at a constant rate.
    scheduled = None
    if schedule != "constant" and not caller.endswith(".partial_fit"):
        scheduled = repr(schedule) if isinstance(schedule, str) else _name_of(schedule)
    for name, callback in name_callbacks(params["callbacks"]):
        key = f"callbacks__{name}"
        callback = params.get(key, callback)
        if callback is None:
            continue
        _check_callback(callback, f"{key} is {callback!r}", caller)
        problem = callback_fault(callback, scheduled=scheduled)
        if problem:
            raise ValueError(f"{caller}: callback {name!r} {problem}.")


def _check_callback(callback: Any, where: str, caller: str) -> None:
    if not is_callback(callback):
        raise TypeError(
            f"{caller}: {where}, which is not a skorch callback. Pass instances of subclasses of "
            "skorch.callbacks.Callback, or pairs (name, callback)."
        )


def check_boolean(value: Any, name: str, caller: str) -> None:
    """Raise an error unless an argument of a method is a boolean."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{caller}: {name} is {value!r}. Pass True or False.")


def _name_of(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def check_combinations(params: Mapping[str, Any], caller: str) -> None:
    """Raise an error for parameters that contradict each other or have no effect.

    Parameters
    ----------
    params : dict
        Parameters of the estimator.
    caller : str
        Name of the caller in error messages.
    """
    check_objects(params, caller)
    cell = params["cell"]
    reads_tokens = params["embedding_dim"] is not None or params["embedding_weights"] is not None
    conflicts = [
        (
            params.get("return_sequences") and params["pooling"] != "auto",
            f"pooling={params['pooling']!r} has no effect with return_sequences=True, which keeps "
            "every time step. Leave pooling at its default 'auto'.",
        ),
        (
            params.get("return_sequences") and params["conv_stride"] != 1,
            f"conv_stride={params['conv_stride']} skips time steps, but "
            "return_sequences=True needs an output for each. Set conv_stride=1.",
        ),
        *encoder_conflicts(params),
        *_patch_conflicts(params, reads_tokens=reads_tokens),
        (
            params["recurrent_dropout"] > 0 and not isinstance(cell, str),
            f"recurrent_dropout={params['recurrent_dropout']} is not supported with the "
            f"user-defined cell {getattr(cell, '__name__', cell)}. Set recurrent_dropout=0 and "
            "apply dropout in the cell.",
        ),
        (
            params["tbptt_steps"] is not None and not isinstance(cell, str),
            f"tbptt_steps={params['tbptt_steps']} carries states from chunk to chunk, which the "
            f"user-defined cell {getattr(cell, '__name__', cell)} does not support. Set "
            f"tbptt_steps=None, or cell to one of {sorted(CELLS)}.",
        ),
        (
            reads_tokens and params["differences"] is True,
            "differences=True is not supported for token ids. Leave differences at its default "
            "'auto'.",
        ),
        (
            reads_tokens and params["time_warping"] > 0,
            f"time_warping={params['time_warping']} is not supported for token ids. Set "
            "time_warping=0.",
        ),
        (
            params.get("return_sequences") and params["time_warping"] > 0,
            f"time_warping={params['time_warping']} would move time steps away from their "
            "targets, which return_sequences=True has for each step. Set time_warping=0.",
        ),
        *chain_conflicts(params),
        (
            reads_tokens and params["center_inputs"],
            "center_inputs=True is not supported for token ids, which have no mean. Set "
            "center_inputs=False.",
        ),
        *(
            (
                reads_tokens and params[name] > 0,
                f"{name}={params[name]} is not supported for token ids; word_dropout hides some of "
                f"them. Set {name}=0.",
            )
            for name in ("time_masking", "feature_masking")
        ),
        (
            params["num_embeddings"] is not None and not reads_tokens,
            f"num_embeddings={params['num_embeddings']} has no effect without an embedding. "
            "Set embedding_dim.",
        ),
    ]
    check_conflicts(conflicts, caller)


def _patch_conflicts(params: Mapping[str, Any], *, reads_tokens: bool) -> list[tuple[Any, str]]:
    """Return the parameters that contradict patches, with messages."""
    if params["patch_size"] in ("auto", 1):
        return []
    found = f"patch_size={params['patch_size']}"
    return [
        (
            reads_tokens,
            f"{found} is not supported for token ids. Set patch_size=1.",
        ),
        (
            params.get("return_sequences"),
            f"{found} joins time steps, but return_sequences=True needs an output for each. Set "
            "patch_size=1.",
        ),
        (
            params["conv_channels"] is not None,
            f"{found} is not supported with a convolution, which reduces the number of time steps "
            "by conv_stride. Set patch_size=1.",
        ),
    ]


def chain_conflicts(params: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return the parameters that contradict jointly predicted labels, with messages."""
    crf = params.get("crf")  # not of all estimators
    if not crf and params.get("unseen_transitions", "allow") == "allow":
        return []
    name = "crf=True" if crf else "unseen_transitions='forbid'"
    return [
        (
            not params["return_sequences"],
            f"{name} has no effect on one label per sequence. Set return_sequences=True, or leave "
            "it at its default.",
        ),
        (
            crf and params["class_weight"] is not None,
            f"class_weight={params['class_weight']!r} is not supported with crf=True, whose loss "
            "is that of whole sequences of labels. Set class_weight=None and pass sample_weight "
            "instead.",
        ),
        (
            crf and params["label_smoothing"] > 0,
            f"label_smoothing={params['label_smoothing']} is not supported with crf=True, whose "
            "loss is that of whole sequences of labels. Set label_smoothing=0.",
        ),
        (
            crf and params["tbptt_steps"] is not None,
            f"tbptt_steps={params['tbptt_steps']} is not supported with crf=True, whose loss needs "
            "all time steps of a sequence. Set tbptt_steps=None, or cut sequences into shorter "
            "ones.",
        ),
    ]


def encoder_conflicts(params: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return parameter combinations that are invalid for all encoders, with their messages."""
    return [
        (
            params["conv_channels"] is None and params["conv_stride"] != 1,
            f"conv_stride={params['conv_stride']} has no effect without a convolution. "
            "Set conv_channels.",
        ),
        (
            params.get("freeze_embedding") and params["embedding_weights"] is None,
            "freeze_embedding=True would freeze random vectors. Pass embedding_weights, or set "
            "freeze_embedding=False.",
        ),
    ]


def check_conflicts(conflicts: Iterable[tuple[Any, str]], caller: str) -> None:
    """Raise an error for the first conflict that applies."""
    for found, message in conflicts:
        if found:
            raise ValueError(f"{caller}: {message}")


def checked_schedule(schedule: Any, caller: str) -> Any:
    """Return ``lr_schedule``; a callable is wrapped so that the factors it returns are checked."""
    if not callable(schedule):
        return schedule

    def checked(progress: float) -> float:
        try:
            factor = schedule(progress)
            number = float(factor) if is_number(factor) else math.nan
        except Exception as error:  # any exception: user code runs here
            raise ValueError(
                f"{caller}: lr_schedule({progress:g}) raised {type(error).__name__}: "
                f"{quote(error)}. Pass a function from progress in [0, 1] to the factor of lr."
            ) from error
        if not 0 <= number <= FLOAT32_MAX:
            raise ValueError(
                f"{caller}: lr_schedule({progress:g}) returned {factor!r}. Return the factor of "
                "lr, a finite number, zero or positive."
            )
        return number

    return checked
