"""Pieces of one call's work, side by side in threads."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import torch

_pools: dict[int, ThreadPoolExecutor] = {}
_chosen = threading.local()


@contextmanager
def kernel_threads(n: int) -> Iterator[None]:
    """Let kernels called from this thread use ``n`` threads, whatever torch uses."""
    before = getattr(_chosen, "n", None)
    _chosen.n = n
    try:
        yield
    finally:
        _chosen.n = before


def n_threads() -> int:
    """How many threads a kernel called from this thread may use."""
    return getattr(_chosen, "n", None) or torch.get_num_threads()


def run_all(tasks: Sequence[Callable[[], Any]]) -> None:
    """Run the tasks at once, the first one in this thread, and wait for all."""
    others: list[Future[Any]] = []
    if len(tasks) > 1:
        pool = _pool(len(tasks) - 1)
        others = [pool.submit(task) for task in tasks[1:]]
    try:
        tasks[0]()
    finally:
        wait(others)  # they write into arrays of the caller
    for other in others:
        other.result()


def _pool(n: int) -> ThreadPoolExecutor:
    """Return a pool of this many threads, kept from call to call."""
    pool = _pools.get(n)
    if pool is None:
        # setdefault: of two threads that get here at once, one's pool is kept, one's never starts.
        pool = _pools.setdefault(
            n,
            ThreadPoolExecutor(
                n,
                thread_name_prefix="sk_rnn_kernel",
                # A mode of the processor that each thread has for itself: see `run_flushed`.
                initializer=torch.set_flush_denormal,
                initargs=(True,),
            ),
        )
    return pool


# A forked child has the pools, but none of their threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)
