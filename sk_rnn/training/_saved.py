"""The state of a pickled estimator: NumPy arrays and plain values, without torch objects.

Files are therefore small, `skops.io` only asks to trust classes of this package, and a model
trained on a GPU can be loaded without one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from ..modules import Loss
from ._build import Model, build_net
from ._net import RecurrentNet
from ._threads import torch_threads


def dump_net(net: RecurrentNet, *, with_optimizer: bool) -> dict[str, Any]:
    """Return weights, history and optionally optimizer state as arrays and plain values."""
    optimizer = net.optimizer_.state_dict()["state"] if with_optimizer else {}
    return {
        "module": {name: _array(value) for name, value in net.module_.state_dict().items()},
        "optimizer": {
            str(index): {name: _array(value) for name, value in entry.items()}
            for index, entry in optimizer.items()
        },
        # Other objects that callbacks have recorded are dropped.
        "history": [
            {key: value for key, value in row.items() if isinstance(value, int | float | str)}
            for row in net.history
        ],
        "device": str(net.device),
        "precision": "float64" if _is_double(net.module_) else "float32",
    }


def load_net(
    net_state: dict[str, Any],
    module: Model,
    criterion: Loss,
    arguments: dict[str, Any],
    device: torch.device,
    backend: str,
    **others: Any,
) -> RecurrentNet:
    """Build the net from the state that `dump_net` returned, around ``module``."""
    module.load_state_dict({name: _tensor(a) for name, a in net_state["module"].items()})
    net = build_net(module, criterion, arguments, device, backend, callbacks=[], **others)
    for row in net_state["history"]:
        net.history.new_epoch()
        for key, value in row.items():
            net.history.record(key, value)
    if net_state["optimizer"]:
        net.resume_optimizer(
            {
                int(number): {key: _tensor(value) for key, value in entry.items()}
                for number, entry in net_state["optimizer"].items()
            }
        )
    return net


@contextmanager
def untouched_on_failure(net: RecurrentNet | None) -> Iterator[None]:
    """Restore the weights of a net if the training inside this context fails."""
    if net is None:
        yield
        return
    module = net.module_
    weights = {name: _array(value) for name, value in module.state_dict().items()}
    try:
        yield
    except BaseException:
        with torch_threads(1), torch.no_grad():
            module.load_state_dict({name: _tensor(value) for name, value in weights.items()})
        raise


def _array(value: Any) -> Any:
    return value.detach().cpu().numpy().copy() if torch.is_tensor(value) else value


def _tensor(value: Any) -> Any:
    # A copy: memory-mapped files yield read-only arrays, which torch cannot train.
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value


def _is_double(module: nn.Module) -> bool:
    return next(module.parameters()).dtype == torch.float64
