"""How many threads torch computes with, in one thread of the process and in no other.

`torch.set_num_threads` is for the whole process: whatever starts beside it takes its number, so a
fit that set it would change how others compute, and their last bits. The two numbers behind it
belong to each thread: OpenMP's, which torch's loops ask for, and that of MKL's products.
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

# MKL's number for a thread that has none of its own.
_AS_PROCESS = 0

# OpenMP's omp_pause_hard.
_HARD = 2

# Threads that have done their work, by the system's numbers; the last of them, as they end soon.
_ending: deque[int | None] = deque(maxlen=64)


class _Setters(NamedTuple):
    """Functions that set the number of threads for the thread that calls them."""

    openmp: list[Callable[[int], Any]]
    mkl: Callable[[int], int]  # returns the number before


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """Let torch use ``n`` threads in this thread, and afterwards as many as before.

    With one thread torch starts no others. A process that forks later then has no pool whose
    threads would be missing in the child, where the first operation would wait for them forever.
    """
    before = torch.get_num_threads()
    mkl_before = set_torch_threads(n)
    try:
        yield
    finally:
        set_torch_threads(before)
        _setters().mkl(mkl_before)


def set_torch_threads(n: int) -> int:
    """Let torch use ``n`` threads in this thread; return MKL's own number before."""
    # Asking for the number counts as this thread's first operation, in which torch sets both
    # numbers to those of the process; after it the thread keeps what it is told.
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
    """End the threads that torch has started for this thread, and wait until they are gone.

    Left alone they end some time after this thread, and give back their memory under a lock of
    MKL's: a process that forks at that moment has a child in which the lock is never released.
    """
    for library in _openmp():
        if library.prefix == "libgomp" and hasattr(library.dynlib, "omp_pause_resource_all"):
            library.dynlib.omp_pause_resource_all(_HARD)


def expect_end(thread: threading.Thread) -> None:
    """Let no process fork while a thread that has done its work still gives back its memory."""
    _ending.append(thread.native_id)


def _await_ends() -> None:
    """Wait until the system has no more of the threads that are ending, a second at most."""
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
        except (OSError, AttributeError):  # another system, or a torch that has no MKL
            continue
    return _Setters(openmp, lambda n: _AS_PROCESS)


if os.path.isdir("/proc/self/task"):  # Linux, where processes fork by default
    os.register_at_fork(before=_await_ends)
