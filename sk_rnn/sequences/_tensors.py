"""torch tensors, including packed and nested ones, read without importing torch."""

from types import ModuleType
from typing import Any

import numpy as np

from ._messages import argument, name_kind, quote

# Tensor layouts that are dense.
_DENSE = ("torch.strided", "torch.jagged")


def is_tensor(x: Any) -> bool:
    """Return whether x is a torch tensor."""
    # Looked up on the type: a frame may have columns of these names. Files have a detach, too.
    return hasattr(type(x), "detach") and hasattr(type(x), "layout")


def is_packed_or_nested(x: Any) -> bool:
    """Return whether x is a packed or a nested tensor: several sequences in one object."""
    return _is_packed(x) or (is_tensor(x) and bool(getattr(x, "is_nested", False)))


def open_tensors(X: Any, where: str) -> Any:
    """Return a tensor as an array, and a packed or nested one as a list with one per sequence.

    Parameters
    ----------
    X : object
        Objects that are not tensors are returned unchanged.
    where : str
        Name of X in error messages.

    Returns
    -------
    X : object

    Raises
    ------
    TypeError
        If it is a sparse tensor, or one that NumPy cannot represent; or a class or a module, some
        of which have a shape, columns or to_list and would later be mistaken for data.

    Examples
    --------
    >>> import torch
    >>> from torch.nn.utils.rnn import pack_sequence
    >>> from sk_rnn.sequences import open_tensors
    >>> packed = pack_sequence(
    ...     [torch.tensor([1.0]), torch.tensor([2.0, 3.0])], enforce_sorted=False)
    >>> open_tensors(packed, "X")
    [array([1.], dtype=float32), array([2., 3.], dtype=float32)]
    """
    if isinstance(X, type | ModuleType):
        raise TypeError(
            f"{where} is {name_kind(X)}, where data is expected. Pass an object that holds the "
            "data."
        )
    if _is_packed(X):
        return _unpack(X, where)
    if not is_tensor(X):
        return X
    if getattr(X, "is_nested", False):
        rows = X.detach().cpu().unbind()  # one device-to-host copy instead of one per sequence
        return [read_tensor(row, f"{where}[{i}]") for i, row in enumerate(rows)]
    return read_tensor(X, where)


def read_tensor(x: Any, where: str) -> np.ndarray:
    """Return the values of a tensor that is neither packed nor nested."""
    layout = str(x.layout)
    if layout not in _DENSE:
        what = "is sparse, and sparse data is not supported"
        if "sparse" not in layout:
            what = f"is a tensor of layout {layout}, which NumPy lacks"
        raise TypeError(f"{where} {what}. Pass {argument(where)}.to_dense().")
    if hasattr(x, "get_mask"):  # a MaskedTensor: values outside its mask are missing
        held = read_tensor(x.get_data(), where)
        return np.ma.array(held, mask=~read_tensor(x.get_mask(), where))
    try:
        if getattr(x, "is_quantized", False):
            x = x.dequantize()
        x = x.detach().cpu().resolve_conj().resolve_neg()
        # NumPy lacks torch's bfloat16 and float8 dtypes.
        not_in_numpy = "bfloat16" in str(x.dtype) or "float8" in str(x.dtype)
        return (x.float() if not_in_numpy else x).numpy()
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise TypeError(
            f"{where} is a tensor of {x.dtype} that cannot be read: {quote(error)}. Pass numbers "
            "of a dtype that NumPy supports."
        ) from error


def _is_packed(x: Any) -> bool:
    # Checked by name: a PackedSequence is a tuple of its four parts, not of sequences.
    return isinstance(x, tuple) and any(
        kind.__name__ == "PackedSequence" and kind.__module__.partition(".")[0] == "torch"
        for kind in type(x).__mro__
    )


def _unpack(packed: Any, where: str) -> list[np.ndarray]:
    """Return the sequences of a PackedSequence in the order in which they were packed."""
    values = read_tensor(packed.data, where)
    sizes = read_tensor(packed.batch_sizes, where)  # number of sequences at step 0, step 1, ...
    if sizes.sum() != len(values) or (np.diff(sizes) > 0).any():
        raise ValueError(
            f"{where} is a PackedSequence whose batch_sizes do not fit its data of "
            f"{len(values)} time steps. Create it with torch.nn.utils.rnn.pack_padded_sequence or "
            "pack_sequence."
        )
    starts = np.cumsum(sizes) - sizes
    places = range(int(sizes[0]))
    if packed.unsorted_indices is not None:
        places = read_tensor(packed.unsorted_indices, where).tolist()
    # The sequence at rank i, longest first, has a step wherever more than i sequences do.
    lengths = np.searchsorted(-sizes, -np.arange(sizes[0]))
    return [values[starts[: lengths[place]] + place] for place in places]
