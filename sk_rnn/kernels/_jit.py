"""How this package compiles: without the interpreter's lock, and once for all processes."""

from collections.abc import Callable
from typing import Any

import numba

try:
    from ._cache import KernelCache
except (ImportError, AttributeError):  # a Numba that keeps what it compiles in another way
    KernelCache = None  # type: ignore[assignment, misc]

OPTIONS: Any = {
    "nogil": True,
    # Products and sums may be fused (the result is nearer to the exact one); nothing is reordered,
    # so a row gives the same bits whichever rows stand beside it.
    "fastmath": {"contract"},
    # A check for division by zero in a loop would keep it from becoming vector instructions.
    "error_model": "numpy",
}


def jit(function: Callable[..., Any]) -> Any:
    """Compile ``function`` when it is first called, and keep the result on disk.

    Only for functions of this package: `KernelCache` looks at the sources of no other.
    """
    compiled = numba.njit(**OPTIONS)(function)
    if KernelCache is not None and hasattr(compiled, "_cache"):
        compiled._cache = KernelCache(function)
    return compiled


def inline(function: Callable[..., Any]) -> Any:
    """Mark a function that only compiled ones call: it becomes a part of them."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **OPTIONS}
    return numba.njit(**options)(function)
