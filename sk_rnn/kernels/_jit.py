"""Compilation options of this package: without the GIL, and cached for all processes."""

from collections.abc import Callable
from typing import Any

import numba

try:
    from ._cache import KernelCache
except (ImportError, AttributeError):  # a Numba with a different caching interface
    KernelCache = None  # type: ignore[assignment, misc]

OPTIONS: Any = {
    "nogil": True,
    # Multiplications and additions may be fused (which is more accurate); nothing is reordered, so
    # the result of a row is bitwise independent of the rest of the batch.
    "fastmath": {"contract"},
    # A check for division by zero would prevent vectorisation of a loop.
    "error_model": "numpy",
}


def jit(function: Callable[..., Any]) -> Any:
    """Compile ``function`` on its first call, and cache the result on disk.

    Only for functions of this package: `KernelCache` hashes no other sources.
    """
    compiled = numba.njit(**OPTIONS)(function)
    if KernelCache is not None and hasattr(compiled, "_cache"):
        compiled._cache = KernelCache(function)
    return compiled


def inline(function: Callable[..., Any]) -> Any:
    """Mark a function that is inlined into compiled functions."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **OPTIONS}
    return numba.njit(**options)(function)
