"""Availability of the kernels, and their compilation before use.

Numba is imported only on request.
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

from ._events import EVENTS

NOT_INSTALLED = "Numba is not installed"
SWITCHED_OFF = "Numba is switched off by NUMBA_DISABLE_JIT"

_DTYPES: dict[torch.dtype, np.dtype] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}


@dataclass
class _Status:
    """State of the kernels in this process."""

    failure: str = ""  # why the kernels cannot be used; not retried afterwards
    prepared: set[tuple[str, torch.dtype, bool]] = field(default_factory=set)
    imported: bool = False  # Numba
    compiler_lock: Any = None  # of Numba
    warned: set[str] = field(default_factory=set)


_status = _Status()
# Held while Numba is imported or compiles. A fork waits for it: see `_before_fork`.
_lock = threading.RLock()


def why_unavailable() -> str:
    """Why the kernels cannot be used in this process; "" if no reason is known."""
    if not _status.failure and not _status.imported:
        _Attempt(_import_numba, "Numba cannot be imported").wait()
    if _status.failure:
        return _status.failure
    # Not cached: it may be installed later, as in a notebook.
    return "" if _status.imported else NOT_INSTALLED


def prepare(
    cell: str,
    dtype: torch.dtype,
    *,
    training: bool,
    announce: Callable[[], None] | None = None,
) -> str:
    """Compile or load from disk all kernels that this cell needs, and run them once.

    Further calls for the same cell, dtype and pass return immediately. After a failure the kernels
    are not retried in this process. Thread-safe.

    Parameters
    ----------
    cell : {"rnn_tanh", "rnn_relu", "gru", "lstm"}
        As in `recurrent_layer`.
    dtype : {torch.float32, torch.float64}
        Of weights and data.
    training : bool
        Whether the backward pass is needed, too.
    announce : callable or None
        Called once, without arguments, in the caller's thread, when compilation starts, which takes
        seconds. Not called if all kernels are in memory or on disk.

    Returns
    -------
    str
        Why the kernels cannot be used; "" if they can.

    Warns
    -----
    UserWarning
        Once per process, if compiled kernels cannot be written to disk.
    """
    if (cell, dtype, training) in _status.prepared:
        return _status.failure
    reason = why_unavailable()
    if reason:
        return reason
    work = partial(_compile, cell, dtype, training)
    _Attempt(work, "Numba cannot compile the kernels").wait(announce)
    if EVENTS.write_error is not None and not _status.failure:
        _warn_once(
            f"Compiled kernels could not be written to disk ({_described(EVENTS.write_error)}), so "
            "each process compiles them again, which takes seconds. Free disk space, or set the "
            "environment variable NUMBA_CACHE_DIR to a directory that can be written to."
        )
    return _status.failure


def prepare_generation(cell: str, dtype: torch.dtype) -> str:
    """Compile or load from disk the loop that generates tokens; see `prepare`."""
    key = (f"generate {cell}", dtype, False)
    if key in _status.prepared:
        return _status.failure
    reason = why_unavailable()
    if reason:
        return reason

    def work(compiling: Callable[[], None]) -> None:
        from . import _generate

        _generate.try_out(cell, _DTYPES[dtype])
        _status.prepared.add(key)

    _Attempt(work, "Numba cannot compile the kernels").wait()
    return _status.failure


def prepare_chain() -> str:
    """Compile or load from disk the loops over chains of labels; see `prepare`."""
    key = ("chain", torch.float64, True)
    if key in _status.prepared:
        return _status.failure
    reason = why_unavailable()
    if reason:
        return reason

    def work(compiling: Callable[[], None]) -> None:
        from . import _chain

        _chain.try_out()
        _status.prepared.add(key)

    _Attempt(work, "Numba cannot compile the kernels").wait()
    return _status.failure


def _import_numba(_: Callable[[], None]) -> None:
    if importlib.util.find_spec("numba") is None:
        return
    import numba
    from numba.core.compiler_lock import global_compiler_lock

    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        _status.failure = SWITCHED_OFF
    _status.imported, _status.compiler_lock = True, global_compiler_lock


def _compile(cell: str, dtype: torch.dtype, training: bool, compiling: Callable[[], None]) -> None:
    if _status.failure or (cell, dtype, training) in _status.prepared:  # prepared by another thread
        return
    from . import _adam, _head, _layer, _pooling

    EVENTS.on_compile = compiling
    try:
        _layer.try_out(cell, _DTYPES[dtype], training=training)
        _pooling.try_out(_DTYPES[dtype], training=training)
        if training:
            _head.try_out(_DTYPES[dtype])
            _adam.try_out(_DTYPES[dtype])
    finally:
        EVENTS.on_compile = None
    _status.prepared |= {(cell, dtype, training), (cell, dtype, False)}


class _Attempt:
    """Work that may fail, in a separate thread.

    Any exception there is a failure of the work. In the caller's thread, a signal handler could
    raise an unrelated exception, such as a TimeoutError, and a deep stack could overflow. An
    interrupted caller does not wait; the work is completed for the next caller.

    Parameters
    ----------
    work : callable
        Called with a function to call when compilation starts.
    failure : str
        Message to store, together with the error, if ``work`` fails.
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
        """Wait until it is done, and call ``announce`` if compilation starts."""
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
        except BaseException as error:  # re-raised in the caller
            self._fatal = error
        finally:
            self._decided.set()
            self._finished.set()

    def _attempt(self) -> None:
        try:
            self._work(self._begin_to_compile)
        except MemoryError:
            raise
        # Any exception: a Numba that does not support this NumPy, a shared library that is missing
        # or built for another system, another module of that name, a bug of LLVM.
        except Exception as error:
            _status.failure = f"{self._failure} ({_described(error)})"

    def _begin_to_compile(self) -> None:
        self._compiles = True
        self._decided.set()


def _wait(event: threading.Event) -> None:
    while not event.wait(timeout=1.0):  # on Windows Ctrl-C does not interrupt a wait
        pass


def warn_unavailable(reason: str) -> None:
    """Warn once per process that the kernels are not used, unless Numba is simply not installed."""
    if reason != NOT_INSTALLED:
        _warn_once(
            f"{reason}, so recurrences run in torch, several times slower. {remedy(reason)} "
            "Or set backend='torch' to hide this warning."
        )


def remedy(reason: str) -> str:
    """Advice for a reason returned by `why_unavailable` or `prepare`."""
    if reason == NOT_INSTALLED:
        return "Install it with: pip install numba."
    if reason == SWITCHED_OFF:
        return "Unset that environment variable."
    return "Reinstall it with: pip install --upgrade --force-reinstall numba llvmlite."


def _warn_once(message: str) -> None:
    if message not in _status.warned:
        _status.warned.add(message)
        warnings.warn(message, UserWarning, stacklevel=4)


def _described(error: Exception) -> str:
    """Type and message of an error in one line; Numba's messages can be pages long."""
    text = " ".join(str(error).split())
    if len(text) > 300:
        text = f"{text[:300]}..."
    return f"{type(error).__name__}: {text}"


# A forked child inherits the locks of its parent, but not the threads that would release them, and
# the data of an interrupted compiler is inconsistent. So a fork waits until no thread compiles,
# neither for this package nor, once Numba is imported, for the user.


def _before_fork() -> None:
    _lock.acquire()
    if _status.compiler_lock is not None:
        _status.compiler_lock.acquire()


def _after_fork() -> None:
    # Locks that Ctrl-C prevented from being acquired are not released.
    with suppress(RuntimeError):
        if _status.compiler_lock is not None:
            _status.compiler_lock.release()
    with suppress(RuntimeError):
        _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )
