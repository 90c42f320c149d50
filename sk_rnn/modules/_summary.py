"""The layers of a network: output shapes and numbers of parameters."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ._copies import inspection_copy
from ._front import TokenEmbedding
from ._poolings import Pooling
from ._recurrence import Recurrence
from ._series import Differences


class LayerSummary(NamedTuple):
    """One layer of a network.

    Attributes
    ----------
    name : str
        Name of the submodule.
    kind : str
        Its class; for a recurrent layer, that of torch's layer or of the custom cell.
    output_shape : tuple of str
        Sizes or names of the axes; empty if it is not called, but its weights are used.
    n_parameters : int
        Number of weights that no earlier layer has.
    """

    name: str
    kind: str
    output_shape: tuple[str, ...]
    n_parameters: int


def summarise_layers(
    module: nn.Module,
    make_inputs: Callable[..., Mapping[str, Any]],
    sizes: Mapping[str, int],
) -> list[LayerSummary]:
    """Return the layers of a network in the order in which they are called.

    An axis whose size changes when one of the ``sizes`` is doubled is named after it.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    make_inputs : callable
        Called with the sizes as keyword arguments, returns the arguments of the module.
    sizes : mapping of str to int
        Sizes of a batch, such as the number of samples, by the names of their axes.
    """
    copied = inspection_copy(module)
    layers = list(_layers(copied))
    shapes, order = _shapes(copied, layers, make_inputs(**sizes))
    doubled = {
        name: _shapes(copied, layers, make_inputs(**{**sizes, name: 2 * size}))[0]
        for name, size in sizes.items()
    }
    counted: set[int] = set()
    found = []
    for i, layer in enumerate(layers):
        new = [p for p in layer.parameters if id(p) not in counted]
        counted |= {id(parameter) for parameter in new}
        shape: tuple[str, ...] = ()
        if i in shapes:
            by_name = {name: other[i] for name, other in doubled.items()}
            shape = _named(shapes[i], by_name, sizes)
        n_parameters = sum(parameter.numel() for parameter in new)
        found.append(LayerSummary(layer.name, layer.kind, shape, n_parameters))
    # Layers that are not called, such as tables of weights, follow the one defined before them.
    keys, last = [], -1
    for i in range(len(layers)):
        last = order.get(i, last)
        keys.append(last)
    return [found[i] for i in sorted(range(len(layers)), key=keys.__getitem__)]


class _Layer(NamedTuple):
    name: str
    kind: str
    called: nn.Module
    parameters: list[nn.Parameter]


def _layers(module: nn.Module, name: str = "") -> Iterator[_Layer]:
    """Yield the parts of a module that have weights or change the shape."""
    kind = type(module).__name__.lstrip("_")
    if isinstance(module, Recurrence):
        rnn = module.rnn
        yield _Layer(name, type(rnn).__name__, rnn, list(rnn.parameters()))
        return
    if isinstance(module, TokenEmbedding | Pooling | Differences) or not list(module.children()):
        parameters = list(module.parameters())
        if parameters or isinstance(module, Pooling | Differences):
            yield _Layer(name, kind, module, parameters)
        return
    direct = list(module.parameters(recurse=False))
    if direct:
        yield _Layer(name or kind, kind, module, direct)
    for child, part in module.named_children():
        yield from _layers(part, f"{name}.{child}" if name else child)


def _shapes(
    module: nn.Module, layers: list[_Layer], inputs: Mapping[str, Any]
) -> tuple[dict[int, tuple[int, ...]], dict[int, int]]:
    """Shape of each layer's first output, and the order of the calls."""
    shapes: dict[int, tuple[int, ...]] = {}
    order: dict[int, int] = {}

    def watch(i: int) -> Callable[..., None]:
        def keep(part: nn.Module, args: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            if isinstance(first, Tensor) and i not in shapes:
                shapes[i] = tuple(first.shape)
                order[i] = len(order)

        return keep

    handles = [layer.called.register_forward_hook(watch(i)) for i, layer in enumerate(layers)]
    try:
        with torch.no_grad():
            module(**inputs)
    finally:
        for handle in handles:
            handle.remove()
    return shapes, order


def _named(
    shape: tuple[int, ...],
    doubled: Mapping[str, tuple[int, ...]],
    sizes: Mapping[str, int],
) -> tuple[str, ...]:
    """Names of the axes that depend on a size, samples first; sizes of the others."""
    axes = []
    for axis, size in enumerate(shape):
        names = [name for name, other in doubled.items() if other[axis] == 2 * size]
        product = 1
        for name in names:
            product *= sizes[name]
        label = " * ".join(names)
        if not names:
            label = str(size)
        elif size > product:
            label = f"{size // product} * {label}"
        elif size < product:
            label = f"{label} / {product // size}"
        axes.append(label)
    if len(axes) > 1 and axes[1] == "n_samples":
        axes[:2] = axes[1], axes[0]  # networks compute with time first
    return tuple(axes)
