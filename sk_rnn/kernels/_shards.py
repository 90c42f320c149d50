"""Execution of shards of one call in parallel threads."""

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
    """Let kernels called from this thread use ``n`` threads, independent of torch's setting."""
    before = getattr(_chosen, "n", None)
    _chosen.n = n
    try:
        yield
    finally:
        _chosen.n = before


def n_threads() -> int:
    """Number of threads that a kernel called from this thread may use."""
    return getattr(_chosen, "n", None) or torch.get_num_threads()


def run_all(tasks: Sequence[Callable[[], Any]]) -> None:
    """Run the tasks in parallel, the first one in this thread, and wait for all."""
    others: list[Future[Any]] = []
    if len(tasks) > 1:
        pool = _pool(len(tasks) - 1)
        others = [pool.submit(task) for task in tasks[1:]]
    try:
        tasks[0]()
    finally:
        wait(others)  # they write into the caller's arrays
    for other in others:
        other.result()


def _pool(n: int) -> ThreadPoolExecutor:
    """Return a pool of this many threads, reused between calls."""
    pool = _pools.get(n)
    if pool is None:
        # setdefault: if two threads get here at once, one pool is kept, and the other never starts.
        pool = _pools.setdefault(
            n,
            ThreadPoolExecutor(
                n,
                thread_name_prefix="sk_rnn_kernel",
                # A processor mode that is local to each thread: see `run_flushed`.
                initializer=torch.set_flush_denormal,
                initargs=(True,),
            ),
        )
    return pool


# A forked child inherits the pools without their threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)
