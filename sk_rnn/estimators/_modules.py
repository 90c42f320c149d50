"""The arguments of module and net, and the parameters that must not change between fits."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..modules import find_cell
from ..sequences import plain_numbers
from ._autos import (
    AUTO_EMBEDDING_DIM,
    EMBEDDING_EPS,
    are_documents,
    auto_embedding_dropout,
    auto_forget_bias,
    auto_head_norm,
    auto_norm_eps,
    auto_pooling,
)

# Parameters of the estimators that `SequenceModel` and `Seq2SeqModel` have under the same names.
_ENCODER = (
    "cell",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "dropout",
    "recurrent_dropout",
    "layer_norm",
    "conv_channels",
    "conv_kernel_size",
    "conv_stride",
    "freeze_embedding",
    "embedding_dropout",
    "word_dropout",
)
SEQUENCE_MODEL_PARAMETERS = (
    *_ENCODER,
    "return_sequences",
    "patch_size",
    "crf",
    "pooling",
    "head_norm",
    "differences",
    "time_warping",
    "time_masking",
    "feature_masking",
    "char_embedding",
)
SEQ2SEQ_MODEL_PARAMETERS = (
    *_ENCODER,
    "attention",
    "input_feeding",
    "feedback",
    "tied_embeddings",
    "scheduled_sampling",
)

TRANSCRIBER_PARAMETERS = (
    *(name for name in _ENCODER if "embedding" not in name and name != "word_dropout"),
    "time_masking",
    "feature_masking",
)


def choose_sequence_model(
    params: Mapping[str, Any],
    num_embeddings: int | None,
    *,
    lengths: np.ndarray,
    differences: bool = False,
    patch_size: int = 1,
) -> dict[str, Any]:
    """Return the arguments of `SequenceModel` that depend on the data or on other parameters.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator.
    num_embeddings : int or None
        Size of the vocabulary of X; None for numbers.
    lengths : ndarray of int
        Numbers of time steps of the training sequences.
    differences : bool
        Whether differences of time steps are informative.
    patch_size : int
        Time steps that can be read as one.
    """
    tokens = num_embeddings is not None
    documents = are_documents(lengths)
    norm = params["head_norm"]
    if norm == "auto":
        norm = auto_head_norm(tokens=tokens)
    choices = {
        "embedding_dropout": auto_embedding_dropout(num_embeddings),
        "head_norm": norm,
        "pooling": auto_pooling(tokens=tokens, documents=documents),
        "differences": differences,
        "patch_size": patch_size,
    }
    chosen = {name: value for name, value in choices.items() if params[name] == "auto"}
    return {
        **chosen,
        **auto_norm_eps(params, norm),
        **auto_forget_bias(params, lengths, documents=tokens and documents),
    }


def embedding_dim(params: Mapping[str, Any], *, tokens: bool) -> int | None:
    """Return the size of the embedding vectors: that of pretrained ones, or the parameter."""
    if params.get("embedding_weights") is not None:
        return int(np.shape(params["embedding_weights"])[-1])
    if tokens and params["embedding_dim"] is None:
        return AUTO_EMBEDDING_DIM
    return params.get("embedding_dim")  # not of estimators that read numbers only


def net_arguments(
    params: Mapping[str, Any], *, precision: str, one_epoch: bool, one_per_sequence: bool
) -> dict[str, Any]:
    """Return the arguments of `RecurrentNet`, which are stored to continue training.

    Parameters
    ----------
    params : mapping
        Parameters of the estimator.
    precision : str
        Precision of the fitted model.
    one_epoch : bool
        Whether to train for a single epoch, at a constant learning rate.
    one_per_sequence : bool
        Whether each sequence has a single target.
    """
    clip = params["gradient_clip"]
    return {
        "optimizer": params["optimizer"],
        "lr": float(params["lr"]),
        "lr_schedule": "constant" if one_epoch else params["lr_schedule"],
        "weight_decay": float(params["weight_decay"]),
        "gradient_clip": None if clip is None else float(clip),
        "bfloat16": precision == "bf16",
        "backend": params["backend"],
        "tbptt_steps": params.get("tbptt_steps"),  # not a parameter of all estimators
        "embedding_eps": EMBEDDING_EPS if one_per_sequence else None,
    }


def network_parameters(params: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the parameters that describe the network and its inputs.

    Parameters
    ----------
    params : mapping
        All parameters of the estimator.
    names : iterable of str
        Parameters that the module and the interpretation of the data depend on;
        ``precision``, ``scale_inputs``, ``center_inputs`` and ``module__…`` are added.
    """
    names = (*names, "precision", "scale_inputs", "center_inputs")
    initial = (name for name in params if name.startswith("module__"))
    return plain_numbers({name: params[name] for name in (*names, *initial) if name in params})


def check_unchanged(before: Mapping[str, Any], now: Mapping[str, Any], caller: str) -> None:
    """Raise an error if the network no longer matches the parameters.

    Parameters
    ----------
    before, now : mapping
        From `network_parameters`, when the network was built and now.
    caller : str
        Name of the caller in error messages.
    """
    for name in {**before, **now}:
        old, new = before.get(name), now.get(name)
        if not _is_same(old, new):
            raise ValueError(
                f"{caller}: {name} was {_shown(old)} when the network was built and is now "
                f"{_shown(new)}, but training continues with that network. Set {name} back, or "
                "refit with warm_start=False."
            )


def _is_same(old: Any, new: Any) -> bool:
    if isinstance(old, str | int | float | None) and isinstance(new, str | int | float | None):
        return old == new
    if hasattr(old, "__len__") and hasattr(new, "__len__"):  # vectors
        return old is new or np.array_equal(old, new)
    return old is new or bool(old == new)


def _shown(value: Any) -> str:
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return repr(value)
    return f"an array of shape {np.shape(value)}"


def divergence_advice(params: Mapping[str, Any]) -> str:
    """Suggest which parameters to change if the loss is no longer finite."""
    advice = f"Lower lr (lr={params['lr']})"
    if params["gradient_clip"] is None:
        advice += ", set gradient_clip=1.0 (gradient_clip=None)"
    if not params["scale_inputs"]:
        advice += ", set scale_inputs=True (scale_inputs=False) or scale the data"
    cell = params["cell"]
    if isinstance(cell, str) and not find_cell(cell).bounded:
        advice += f", or use a gated cell (cell={cell!r})"
    return advice + "."
