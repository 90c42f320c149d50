"""From an estimator's parameters to module and net."""

from typing import Any

import numpy as np
import torch

from ..modules import Loss, RecurrentStack, Seq2SeqModel, SequenceModel, cell_fault, find_cell
from ..sequences import plain_number, plain_numbers, quote
from ..training import OPTIMIZERS, PRECISIONS, RecurrentNet, isolate_globals

Model = SequenceModel | Seq2SeqModel

# Parameters that `SequenceModel` has under the same names.
MODULE_PARAMETERS = (
    "cell",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "return_sequences",
    "pooling",
    "head_norm",
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

# Vocabulary size from which most vectors of the embedding are trained rarely, and need more
# dropout. Held-out accuracy with 0.5 against 0.3: reviews (28,000 words) .892 against .879,
# questions (4,000 words) the same, names (60 characters) .811 against .821.
_MANY_TOKENS = 1000


# Adam divides by the typical gradient of each weight, so that the vector of a word that occurs
# twice is moved as far as that of a word in every text, and memorises those two texts. An eps of
# about the size of these gradients makes the updates of rare words smaller. Held-out accuracy
# against 1e-8: questions .874 against .869 (1e-5: .872, 1e-3: .874), names .828 against .826,
# reviews .808 against .800. Not used with one target per time step, which is informative of its
# word: tags .927 against .930.
EMBEDDING_EPS = 1e-4


def module_arguments(
    estimator: Any,
    *,
    n_features: int,
    n_outputs: int,
    num_embeddings: int | None,
    documents: bool,
    extras: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return the arguments of the module: plain values and arrays, kept to rebuild it.

    ``documents`` is whether X, if it contains tokens, has long sequences.
    """
    embedding_dim = plain_number(estimator.embedding_dim)
    if estimator.embedding_weights is not None:
        embedding_dim = np.shape(estimator.embedding_weights)[-1]
    return {
        **_chosen(estimator, num_embeddings, documents),
        "n_features": n_features,
        "n_outputs": n_outputs,
        "num_embeddings": num_embeddings,
        "embedding_dim": embedding_dim,
        "cell_params": extras["cell"],
        **extras["module"],
    }


def _chosen(estimator: Any, num_embeddings: int | None, documents: bool) -> dict[str, Any]:
    """Return the parameters of the module, with "auto" replaced by its value for this X.

    Batch norm improves accuracy by .024 on series of numbers, but held-out accuracy on names is
    .826 without it and .818 with it, on questions .869 and .866. The maximum alone finds the
    decisive words of a long document: reviews .816 against .808 with "concat", which is better on
    questions and names.
    """
    values = plain_numbers({name: getattr(estimator, name) for name in estimator._architecture})
    tokens = num_embeddings is not None
    if values["embedding_dropout"] == "auto":
        values["embedding_dropout"] = 0.5 if (num_embeddings or 0) >= _MANY_TOKENS else 0.3
    if values.get("head_norm") == "auto":
        values["head_norm"] = None if tokens else "batch"
    if values.get("pooling") == "auto":
        values["pooling"] = "max" if tokens and documents else "concat"
    return values


def build_module(
    kind: type[Model],
    arguments: dict[str, Any],
    seed: int,
    *,
    precision: str,
    embedding_weights: np.ndarray | None = None,
    unseen_tokens: np.ndarray | None = None,
    caller: str | None = None,
) -> Model:
    """Build the module on the CPU, with initial weights from ``seed``.

    Parameters
    ----------
    kind : type
        `SequenceModel` or `Seq2SeqModel`.
    arguments : dict
        From `module_arguments`.
    seed : int
        Seed of the initial weights.
    precision : str
        Determines their dtype.
    embedding_weights : ndarray or None
        Pretrained embedding vectors.
    unseen_tokens : ndarray of int or None
        Tokens that do not occur in the training data.
    caller : str or None
        If given, a user-defined cell is tested, and its faults are raised under this name.
    """
    user_cell = not isinstance(arguments["cell"], str)
    fault, cause = "", None
    with isolate_globals(seed, torch.device("cpu"), needed=user_cell):
        try:
            module = kind(
                **arguments,
                embedding_weights=embedding_weights,
                unseen_tokens=unseen_tokens,
                generator=torch.Generator().manual_seed(seed),
            )
            if user_cell and caller is not None:
                fault = _try_cell(module.encoder.recurrent)
        except Exception as error:  # any exception: torch's, or of a user-defined cell
            if caller is not None and _is_memory(error):
                raise MemoryError(
                    f"{caller}: the network does not fit into memory. Lower hidden_size, "
                    f"conv_channels, the size of the embedding or the kernel. ({quote(error)})"
                ) from error
            if not user_cell or caller is None:
                raise
            # Any exception: the code of a user-defined cell runs here.
            fault, cause = f"raised {type(error).__name__}: {quote(error)}", error
    if fault:
        raise ValueError(
            f"{caller}: cell {arguments['cell'].__name__} {fault}. A cell must be built as "
            "cell(input_size, hidden_size), with the arguments in module__cell__…, take "
            "(n_timesteps, batch, input_size), and return (n_timesteps, batch, hidden_size), or a "
            "tuple that begins with it, each step of a row depending only on that row's steps so "
            "far."
        ) from cause
    return module.to(PRECISIONS[precision][0])


def _try_cell(stack: RecurrentStack) -> str:
    """Describe how a user-defined cell violates the interface; "" if it does not.

    The second layer is tested as well, because its input has another size: a cell that returns its
    input has the right shape in one of them only. Further layers are like the second.
    """
    sizes = (stack.input_size, stack.output_size)
    layers = zip(stack.forward_layers, sizes, strict=False)
    faults = (cell_fault(layer, size, stack.hidden_size) for layer, size in layers)
    return next(filter(None, faults), "")


def _is_memory(error: Exception) -> bool:
    """Whether an error means out of memory, for which torch raises a RuntimeError."""
    words = ("allocate memory", "out of memory", "Storage size calculation overflowed")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def build_net(
    module: Model,
    criterion: Loss,
    arguments: dict[str, Any],
    device: torch.device,
    backend: str,
    **others: Any,
) -> RecurrentNet:
    """Build the net around a module and move it to its device."""
    optimizer = arguments["optimizer"]
    net = RecurrentNet(
        module,
        criterion,
        device=device,
        **{**arguments, "optimizer": OPTIMIZERS.get(optimizer, optimizer), "backend": backend},
        **others,
    )
    return net.initialize()


def architecture(estimator: Any) -> dict[str, Any]:
    """Return the parameters that describe the network and its inputs."""
    names = (*estimator._architecture, *estimator._reading, "precision", "scale_inputs")
    initial = {
        name: value for name, value in estimator._extras().items() if name.startswith("module__")
    }
    return plain_numbers({name: getattr(estimator, name) for name in names} | initial)


def check_unchanged(estimator: Any, caller: str) -> None:
    """Refuse to continue training a network that no longer matches the parameters."""
    now = architecture(estimator)
    before = estimator._built_with
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


def divergence_advice(estimator: Any) -> str:
    """Suggest which parameters to change if the loss is no longer finite."""
    advice = f"Lower lr (lr={estimator.lr})"
    if estimator.gradient_clip is None:
        advice += ", set gradient_clip=1.0 (gradient_clip=None)"
    if not estimator.scale_inputs:
        advice += ", set scale_inputs=True (scale_inputs=False) or scale the data"
    if isinstance(estimator.cell, str) and not find_cell(estimator.cell).bounded:
        advice += f", or use a gated cell (cell={estimator.cell!r})"
    return advice + "."
