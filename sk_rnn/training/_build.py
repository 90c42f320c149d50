"""Building the module and the net around it."""

from typing import Any, cast

import torch

from ..modules import (
    CTCModel,
    ForecastModel,
    Loss,
    RecurrentStack,
    Seq2SeqModel,
    SequenceModel,
    cell_fault,
)
from ..sequences import quote
from ._net import RecurrentNet
from ._optimizers import OPTIMIZERS
from ._runtime import PRECISIONS, isolate_globals

Model = SequenceModel | Seq2SeqModel | ForecastModel | CTCModel


def build_module(
    kind: type[Model],
    arguments: dict[str, Any],
    seed: int,
    *,
    precision: str,
    caller: str | None = None,
    **initial: Any,
) -> Model:
    """Build the module on the CPU, with initial weights from ``seed``.

    Parameters
    ----------
    kind : type
        `SequenceModel`, `Seq2SeqModel`, `ForecastModel` or `CTCModel`.
    arguments : dict
        Arguments of the module.
    seed : int
        Seed of the initial weights.
    precision : str
        Determines their dtype.
    caller : str or None
        If given, a user-defined cell is tested, and its faults are raised under this name.
    **initial : ndarray or None
        Arguments that only affect the initial weights: ``embedding_weights``, pretrained vectors,
        and ``unseen_tokens``, which do not occur in the training data.
    """
    user_cell = not isinstance(arguments["cell"], str)
    fault, cause = "", None
    with isolate_globals(seed, torch.device("cpu"), needed=user_cell):
        try:
            module = kind(
                **arguments,
                **initial,
                generator=torch.Generator().manual_seed(seed),
            )
            if user_cell and caller is not None:
                fault = _try_cell(cast(SequenceModel, module).encoder.recurrent)
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
            "tuple that begins with it, where each step of a row depends only on the current and "
            "earlier steps of that row."
        ) from cause
    dtype = PRECISIONS[precision][0]
    # Usually it has this dtype; converting nothing would still visit each tensor several times.
    tensors = (*module.parameters(), *module.buffers())
    if all(tensor.dtype == dtype for tensor in tensors if tensor.is_floating_point()):
        return module
    return module.to(dtype)


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
    criterion.attach(module)
    optimizer = arguments["optimizer"]
    net = RecurrentNet(
        module,
        criterion,
        device=device,
        **{**arguments, "optimizer": OPTIMIZERS.get(optimizer, optimizer), "backend": backend},
        **others,
    )
    return net.initialize()
