"""Thread-local control of the number of threads that torch uses.

`torch.set_num_threads` affects the whole process: a fit that called it would change the
computations of other threads, and their rounding. The two underlying numbers are thread-local:
that of OpenMP, used by torch's loops, and that of MKL, used by matrix multiplications.
"""

import ctypes
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from threadpoolctl import ThreadpoolController

# MKL's value for a thread without a local number.
_AS_PROCESS = 0

# OpenMP's omp_pause_hard.
_HARD = 2

# Native ids of threads that have finished their work but may not have ended yet.
_ending: deque[int | None] = deque(maxlen=64)


class _Setters(NamedTuple):
    """Functions that set the number of threads for the calling thread."""

    openmp: list[Callable[[int], Any]]
    mkl: Callable[[int], int]  # returns the previous number


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """Let torch use ``n`` threads in this thread, and restore the number afterwards.

    With one thread torch starts no others. A forked child then has no pool whose threads are
    missing, for which its first operation would wait forever.
    """
    before = torch.get_num_threads()
    mkl_before = set_torch_threads(n)
    try:
        yield
    finally:
        set_torch_threads(before)
        _setters().mkl(mkl_before)


def set_torch_threads(n: int) -> int:
    """Let torch use ``n`` threads in this thread; return MKL's previous number."""
    # Reading the number counts as this thread's first operation, in which torch sets both numbers
    # to those of the process; afterwards the thread keeps its own values.
    current = torch.get_num_threads()
    setters = _setters()
    mkl_before = setters.mkl(n)
    if n != current:
        for set_number in setters.openmp:
            set_number(n)
        if torch.get_num_threads() != n:  # a torch without OpenMP
            torch.set_num_threads(n)
    return mkl_before


def end_pool() -> None:
    """Stop the threads that torch has started for this thread, and wait until they have ended.

    Otherwise they end some time after this thread, and free their memory under a lock of MKL: if
    the process forks at that moment, the lock is never released in the child.
    """
    for library in _openmp():
        if library.prefix == "libgomp" and hasattr(library.dynlib, "omp_pause_resource_all"):
            library.dynlib.omp_pause_resource_all(_HARD)


def expect_end(thread: threading.Thread) -> None:
    """Delay forks while a finished thread is still freeing its memory."""
    _ending.append(thread.native_id)


def _await_ends() -> None:
    """Wait at most one second until all ending threads are gone."""
    last = time.monotonic() + 1.0
    while any(os.path.exists(f"/proc/self/task/{i}") for i in list(_ending)):
        if time.monotonic() > last:
            break
        time.sleep(0.001)
    _ending.clear()


@cache
def _openmp() -> list[Any]:
    """The OpenMP libraries that are loaded."""
    return ThreadpoolController().select(user_api="openmp").lib_controllers


@cache
def _setters() -> _Setters:
    openmp = [library.set_num_threads for library in _openmp()]
    folder = Path(torch.__file__).parent / "lib"
    torch_itself = [folder / name for name in ("libtorch_cpu.so", "torch_cpu.dll")]
    loaded = ThreadpoolController().select(internal_api="mkl").lib_controllers
    mkl = [library.filepath for library in loaded]
    for library in (*torch_itself, *mkl):
        try:
            return _Setters(openmp, ctypes.CDLL(str(library)).MKL_Set_Num_Threads_Local)
        except (OSError, AttributeError):  # another operating system, or a torch without MKL
            continue
    return _Setters(openmp, lambda n: _AS_PROCESS)


if os.path.isdir("/proc/self/task"):  # Linux, where processes fork by default
    os.register_at_fork(before=_await_ends)
