"""Runtime settings: device, precision, denormal numbers and interruption."""

import contextvars
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch

from ..kernels import kernel_threads, prepare, remedy, warn_unavailable, why_unavailable
from ..modules import CELLS
from ._threads import end_pool, expect_end, set_torch_threads, torch_threads

T = TypeVar("T")

_rng_lock = threading.Lock()
_holds_rng_lock = contextvars.ContextVar("_holds_rng_lock", default=False)

# precision -> (dtype of weights and data, whether matrix multiplications run in bfloat16)
PRECISIONS: dict[str, tuple[torch.dtype, bool]] = {
    "float32": (torch.float32, False),
    "float64": (torch.float64, False),
    "bf16": (torch.float32, True),
}


def float_type(precision: str) -> type[np.floating]:
    """Return the floating point type of weights and inputs of the network."""
    return np.float64 if PRECISIONS[precision][0] == torch.float64 else np.float32


def resolve_device(device: str, caller: str) -> torch.device:
    """Convert the ``device`` parameter to an available device.

    Parameters
    ----------
    device : str
        "auto" (CUDA if available, otherwise the CPU) or a torch device string.
    caller : str
        Name of the caller in error messages.

    Raises
    ------
    ValueError
        If the name is invalid, or if the device is not available.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError:
        raise ValueError(
            f"{caller}: device={device!r} is not a device. "
            "Use 'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'."
        ) from None
    if not device_present(resolved):
        raise ValueError(
            f"{caller}: device={device!r} is not available on this machine, which has "
            f"{present_devices()}. Use device='auto' to select CUDA only if it is available."
        )
    return resolved


def resolve_backend(
    backend: str,
    device: torch.device,
    *,
    bfloat16: bool,
    cell: Any,
    dtype: torch.dtype,
    training: bool,
    caller: str | None,
    announce: Callable[[], None] | None = None,
) -> str:
    """Convert the ``backend`` parameter to "torch" or "numba".

    If the result is "numba", the kernels have been compiled and tested.

    Parameters
    ----------
    backend : {"auto", "torch", "numba"}
        "auto" selects the kernels if they can run.
    device : torch.device
        Device of the computation.
    bfloat16 : bool
        Whether matrix multiplications run in bfloat16.
    cell : str or type
        Name of a built-in cell, or a custom cell.
    dtype : torch.dtype
        Dtype of weights and data.
    training : bool
        Whether gradients are also needed.
    caller : str or None
        Name of the caller in error messages. None for a saved model, which does not fail here: it
        uses torch where the kernels cannot run.
    announce : callable or None
        Called before kernels are compiled, which takes seconds: see `prepare`.

    Raises
    ------
    ImportError
        If "numba" is requested, but Numba is not installed or does not work.
    ValueError
        If "numba" is requested, but the kernels do not support this configuration.

    Warns
    -----
    UserWarning
        Once per process, if "auto" would select the kernels, but Numba does not work.
    """
    if backend == "torch":
        return "torch"
    obstacle = ""
    if device.type != "cpu":
        obstacle = f"run only on the CPU, and device is {str(device)!r}. Set device='cpu'"
    elif bfloat16:
        obstacle = "do not support bfloat16 (precision='bf16'). Set precision='float32'"
    elif not isinstance(cell, str):
        obstacle = "support only the built-in cells, and cell is a class. Pass the name of a cell"
    elif not CELLS[cell].has_kernel:
        known = sorted(name for name in CELLS if CELLS[name].has_kernel)
        obstacle = f"do not support cell {cell!r}. Pass one of {known}"
    missing = ""
    if not obstacle:
        missing = why_unavailable() or prepare(cell, dtype, training=training, announce=announce)
        if not missing:
            return "numba"
    if backend == "auto" or caller is None:
        if missing:
            warn_unavailable(missing)
        return "torch"
    if missing:
        raise ImportError(
            f"{caller}: backend='numba' was requested, but {missing}. {remedy(missing)} "
            "Or set backend='auto'."
        )
    raise ValueError(
        f"{caller}: backend='numba' was requested, but its kernels {obstacle}, or backend='auto'."
    )


def device_present(device: torch.device) -> bool:
    """Whether ``device`` is available on this machine."""
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


def present_devices() -> str:
    """List the available devices, for messages."""
    names = ["'cpu'"]
    if torch.cuda.is_available():
        names += [f"'cuda:{index}'" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("'mps'")
    return ", ".join(names)


def run_here(function: Callable[[threading.Event], T]) -> T:
    """Run ``function`` in this thread, with denormal numbers flushed to zero.

    For work that takes less time than starting a thread: a few predictions with the kernels, whose
    threads flush denormal numbers anyway. Ctrl-C raises KeyboardInterrupt as usual.
    """
    if _has_modes():
        return run_flushed(function, backend="numba")
    n_threads = torch.get_num_threads()
    with torch_threads(1), kernel_threads(n_threads):
        smallest = torch.tensor(torch.finfo(torch.float32).smallest_normal)
        flushed = bool(smallest / 2 == 0)
        torch.set_flush_denormal(True)
        try:
            return function(threading.Event())
        finally:
            torch.set_flush_denormal(flushed)


def _has_modes() -> bool:
    """Whether torch modes that would change the computation are active in the calling thread.

    Autocast, a default device and function modes are local to a thread; a new thread has none.
    """
    return torch.is_autocast_enabled("cpu") or torch._C._len_torch_function_stack() > 0


def run_flushed(function: Callable[[threading.Event], T], *, backend: str) -> T:
    """Run ``function`` with denormal numbers flushed to zero, and return its result.

    CPUs process denormals up to a hundred times slower, and vanishing gradients are often denormal.
    Flushing is a mode of a thread, which its child threads inherit. torch's pool of OpenMP threads
    belongs to the thread that first needs it: setting the mode in the caller would not affect the
    workers of its existing pool, so the work runs in a new thread, whose pool is created with the
    mode set and ends with it. The caller's mode is never changed, and the caller's thread has no
    pool that a forked process would lack.

    With kernels, torch itself uses one thread, and the kernels as many as torch would. torch
    computes little then, and after each operation its workers would spin for milliseconds on the
    cores that the kernels' threads need.

    The thread always ends before this function returns or raises: otherwise it would continue to
    compute and to change weights in the background.

    Parameters
    ----------
    function : callable
        Called with an event that is set when the user presses Ctrl-C, or another exception ends
        the wait; a function that checks it can stop early.
    backend : {"torch", "numba"}
        Implementation of the recurrences.

    Raises
    ------
    BaseException
        The exception of ``function``, or the one that ended the wait, unless it was Ctrl-C, which
        ``function`` handles.
    """
    outcome: dict[str, Any] = {}
    interrupted, started, finished = threading.Event(), threading.Event(), threading.Event()
    context = contextvars.copy_context()
    n_threads = torch.get_num_threads()

    def work() -> None:
        started.set()
        try:
            torch.set_flush_denormal(True)
            set_torch_threads(1 if backend == "numba" else n_threads)
            with kernel_threads(n_threads):
                outcome["result"] = context.run(function, interrupted)
        except BaseException as error:  # re-raised in the caller
            outcome["error"] = error
        finally:
            end_pool()
            finished.set()

    thread = threading.Thread(target=work, name="sk_rnn", daemon=True)
    cause: BaseException | None = None
    try:
        thread.start()
    except BaseException as error:
        if not started.wait(timeout=1.0):
            raise  # no thread was started
        interrupted.set()
        cause = error
    while not finished.is_set():
        try:
            # A timeout, because on Windows Ctrl-C does not interrupt a wait. Not thread.join:
            # before Python 3.13, an interrupted join marks the thread as finished.
            finished.wait(timeout=1.0)
        except BaseException as error:
            interrupted.set()
            if cause is None or isinstance(cause, KeyboardInterrupt):
                cause = error
    thread.join()
    expect_end(thread)
    if cause is not None and not isinstance(cause, KeyboardInterrupt):
        raise cause
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


@contextmanager
def isolate_globals(seed: int, device: torch.device, *, needed: bool) -> Iterator[None]:
    """Seed torch's global generators for third-party code, and restore them afterwards.

    Needed only for custom cells: the modules of this package use their own generators, so that even
    parallel fits in several threads do not touch the global ones. Fits of custom cells in several
    threads run one after the other.
    """
    if not needed:
        yield
        return
    on_cuda = device.type == "cuda"
    with _hold_rng_lock(), torch.random.fork_rng(devices=[device] if on_cuda else []):
        # Not torch.manual_seed, which seeds every device.
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def _hold_rng_lock() -> Iterator[None]:
    """Hold the lock of torch's global generators.

    A nested fit, as started by a callback, does not wait for the outer one: `run_flushed` copies
    the context to its thread.
    """
    if _holds_rng_lock.get():
        yield
        return
    with _rng_lock:
        token = _holds_rng_lock.set(True)
        try:
            yield
        finally:
            _holds_rng_lock.reset(token)


def _renew_rng_lock() -> None:
    """Recreate the lock: in a forked child, the thread that held it does not exist."""
    global _rng_lock
    _rng_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_rng_lock)
