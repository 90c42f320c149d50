"""How this package compiles: without the interpreter's lock, and once for all processes."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

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

    Numba keeps it beside the source or, where that is read-only, in the user's cache directory.
    Where neither can be written, every process compiles for itself.
    """
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:
        return numba.njit(**OPTIONS)(function)


def part(function: Callable[..., Any]) -> Any:
    """Mark a function that only compiled ones call: it becomes a part of them."""
    options = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **OPTIONS}
    return numba.njit(**options)(function)


def _drop_outdated() -> None:
    """Delete what was compiled from other sources than these.

    Numba asks for the file of a function only, not for those of the functions that it calls.
    """
    here = Path(__file__).parent
    changed = max(source.stat().st_mtime for source in here.glob("*.py"))
    for compiled in (here / "__pycache__").glob("*.nb[ci]"):
        if compiled.stat().st_mtime < changed:
            compiled.unlink(missing_ok=True)


with contextlib.suppress(OSError):  # read-only, or another process was quicker
    _drop_outdated()
