"""How many threads torch computes with, in one thread of the process and in no other.

`torch.set_num_threads` is for the whole process: whatever starts beside it takes its number, so a
fit that set it would change how others compute, and their last bits. The two numbers behind it
belong to each thread: OpenMP's, which torch's loops ask for, and that of MKL's products.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from threadpoolctl import ThreadpoolController

# MKL's number for a thread that has none of its own.
_AS_PROCESS = 0


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


@cache
def _setters() -> _Setters:
    loaded = ThreadpoolController()
    openmp = [found.set_num_threads for found in loaded.select(user_api="openmp").lib_controllers]
    folder = Path(torch.__file__).parent / "lib"
    torch_itself = [folder / name for name in ("libtorch_cpu.so", "torch_cpu.dll")]
    mkl = [found.filepath for found in loaded.select(internal_api="mkl").lib_controllers]
    for library in (*torch_itself, *mkl):
        try:
            return _Setters(openmp, ctypes.CDLL(str(library)).MKL_Set_Num_Threads_Local)
        except (OSError, AttributeError):  # another system, or a torch that has no MKL
            continue
    return _Setters(openmp, lambda n: _AS_PROCESS)
