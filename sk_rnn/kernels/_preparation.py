"""Whether the kernels can be used here, and their compilation before they are.

Nothing here imports Numba before it is asked to.
"""

import importlib.util
import os
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

NOT_INSTALLED = "Numba is not installed"
SWITCHED_OFF = "Numba is switched off by NUMBA_DISABLE_JIT"

_DTYPES: dict[torch.dtype, np.dtype] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}


@dataclass
class _Findings:
    """What was found out in this process."""

    failure: str = ""  # why the kernels cannot be used; nothing is tried again after it
    prepared: set[tuple[str, torch.dtype, bool]] = field(default_factory=set)
    imported: bool = False  # Numba
    compiler_lock: Any = None  # Numba's own
    compiling: Callable[[], None] | None = None  # what `about_to_compile` calls
    not_kept: Exception | None = None  # why compiled kernels are not on disk
    warned: set[str] = field(default_factory=set)


_found = _Findings()
# Held while Numba is imported or compiles. A fork waits for it: see `_before_fork`.
_lock = threading.RLock()


def why_unavailable() -> str:
    """Why the kernels cannot be used in this process; "" if nothing is known against them."""
    if not _found.failure and not _found.imported:
        _Attempt(_import_numba, "Numba cannot be imported").wait()
    if _found.failure:
        return _found.failure
    # Not remembered: in a notebook it may be installed now.
    return "" if _found.imported else NOT_INSTALLED


def prepare(
    cell: str,
    dtype: torch.dtype,
    *,
    training: bool,
    announce: Callable[[], None] | None = None,
) -> str:
    """Compile everything that recurrences of this cell need, or read it from disk, and run it once.

    Further calls for the same cell, dtype and pass return at once. After a failure the kernels are
    not tried again in this process. Several threads may call this at the same time.

    Parameters
    ----------
    cell : {"rnn_tanh", "rnn_relu", "gru", "lstm"}
        As in `recurrent_layer`.
    dtype : {torch.float32, torch.float64}
        Of weights and data.
    training : bool
        Whether the backward pass is needed, too.
    announce : callable or None
        Called once, without arguments, in the caller's thread, when something is being compiled,
        which takes seconds. Not called if everything is in memory or on disk.

    Returns
    -------
    str
        Why the kernels cannot be used; "" if they can.

    Warns
    -----
    UserWarning
        Once per process, if what was compiled cannot be kept on disk.
    """
    if (cell, dtype, training) in _found.prepared:
        return _found.failure
    reason = why_unavailable()
    if reason:
        return reason
    work = partial(_compile, cell, dtype, training)
    _Attempt(work, "Numba cannot compile the kernels").wait(announce)
    if _found.not_kept is not None and not _found.failure:
        _warn_once(
            f"Compiled kernels could not be kept on disk ({_described(_found.not_kept)}), so each "
            "process compiles them again, which takes seconds. Make room on the disk, or set the "
            "environment variable NUMBA_CACHE_DIR to a directory that can be written to."
        )
    return _found.failure


def _import_numba(_: Callable[[], None]) -> None:
    if importlib.util.find_spec("numba") is None:
        return
    import numba
    from numba.core.compiler_lock import global_compiler_lock

    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        _found.failure = SWITCHED_OFF
    _found.imported, _found.compiler_lock = True, global_compiler_lock


def _compile(cell: str, dtype: torch.dtype, training: bool, compiling: Callable[[], None]) -> None:
    if _found.failure or (cell, dtype, training) in _found.prepared:  # meanwhile
        return
    from . import _layer, _pooling

    _found.compiling = compiling
    try:
        _layer.try_out(cell, _DTYPES[dtype], training=training)
        _pooling.try_out(_DTYPES[dtype], training=training)
    finally:
        _found.compiling = None
    _found.prepared |= {(cell, dtype, training), (cell, dtype, False)}


class _Attempt:
    """Work that may fail, in a thread of its own.

    What is raised there is its failure. In the caller's thread a signal could raise anything
    meanwhile, such as a TimeoutError, which is not; and a deep stack could leave too little room.
    A caller that is interrupted does not wait, and the work goes on to its end for the next one.

    Parameters
    ----------
    work : callable
        Called with a function that it calls when it begins to compile.
    failure : str
        What to remember, with the error behind it, if ``work`` fails.
    """

    def __init__(self, work: Callable[[Callable[[], None]], None], failure: str):
        self._work, self._failure = work, failure
        self._fatal: BaseException | None = None
        self._compiles = False
        self._decided, self._finished = threading.Event(), threading.Event()
        try:
            threading.Thread(target=self._run, name="sk_rnn_compiler").start()
        except RuntimeError:  # no more threads, or the interpreter is ending
            self._run()

    def wait(self, announce: Callable[[], None] | None = None) -> None:
        """Wait for the end, and call ``announce`` if it begins to compile."""
        _wait(self._decided)
        if self._compiles and announce is not None:
            announce()
        _wait(self._finished)
        if self._fatal is not None:
            raise self._fatal

    def _run(self) -> None:
        try:
            with _lock:
                self._attempt()
        except BaseException as error:  # carried to the caller, whatever it is
            self._fatal = error
        finally:
            self._decided.set()
            self._finished.set()

    def _attempt(self) -> None:
        try:
            self._work(self._begin_to_compile)
        except MemoryError:
            raise
        # Of any kind: a Numba that does not know this NumPy, a shared library that is missing or
        # was built for another system, another module of that name, a fault of LLVM.
        except Exception as error:
            _found.failure = f"{self._failure} ({_described(error)})"

    def _begin_to_compile(self) -> None:
        self._compiles = True
        self._decided.set()


def _wait(event: threading.Event) -> None:
    while not event.wait(timeout=1.0):  # on Windows Ctrl-C is not heard within a wait
        pass


def about_to_compile() -> None:
    """Tell `prepare` that a kernel is not on disk."""
    if _found.compiling is not None:
        _found.compiling()


def not_kept(error: Exception) -> None:
    """Tell `prepare` that a compiled kernel could not be written to disk."""
    _found.not_kept = error


def warn_unavailable(reason: str) -> None:
    """Warn once per process that the kernels are not used, unless Numba is simply not installed."""
    if reason != NOT_INSTALLED:
        _warn_once(
            f"{reason}, so recurrences run in torch, several times slower. {remedy(reason)} "
            "Or set backend='torch' to hide this warning."
        )


def remedy(reason: str) -> str:
    """What to do about the reason that `why_unavailable` or `prepare` returned."""
    if reason == NOT_INSTALLED:
        return "Install it with: pip install numba."
    if reason == SWITCHED_OFF:
        return "Unset that environment variable."
    return "Reinstall it with: pip install --upgrade --force-reinstall numba llvmlite."


def _warn_once(message: str) -> None:
    if message not in _found.warned:
        _found.warned.add(message)
        warnings.warn(message, UserWarning, stacklevel=4)


def _described(error: Exception) -> str:
    """Kind and text of an error in one line; Numba's texts run over pages."""
    text = " ".join(str(error).split())
    if len(text) > 300:
        text = f"{text[:300]}..."
    return f"{type(error).__name__}: {text}"


# A child has the locks of its parent, but not the threads that would release them; a compiler whose
# thread is gone has its data half written, too. So a fork waits until no thread compiles, neither
# for this package nor, once Numba is imported, for the user.


def _before_fork() -> None:
    _lock.acquire()
    if _found.compiler_lock is not None:
        _found.compiler_lock.acquire()


def _after_fork() -> None:
    # What Ctrl-C kept from being acquired is not released.
    with suppress(RuntimeError):
        if _found.compiler_lock is not None:
            _found.compiler_lock.release()
    with suppress(RuntimeError):
        _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
