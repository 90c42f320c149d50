"""Where and how the arithmetic runs: device, precision, denormal numbers, interruption."""

import contextvars
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

from ..kernels import kernel_threads, prepare, remedy, warn_unavailable, why_unavailable
from ..modules import CELLS
from ._threads import end_pool, expect_end, set_torch_threads, torch_threads

T = TypeVar("T")

_turn = threading.Lock()
_has_turn = contextvars.ContextVar("_has_turn", default=False)

# precision -> (dtype of weights and data, whether products run in bfloat16)
PRECISIONS: dict[str, tuple[torch.dtype, bool]] = {
    "float32": (torch.float32, False),
    "float64": (torch.float64, False),
    "bf16": (torch.float32, True),
}


def resolve_device(device: str, caller: str) -> torch.device:
    """Turn the ``device`` parameter into a device that is there.

    Parameters
    ----------
    device : str
        "auto" (CUDA if present, else the CPU) or a torch device string.
    caller : str
        Name of the caller in error messages.

    Raises
    ------
    ValueError
        If torch does not know the name, or the device is not there.
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
            f"{caller}: device={device!r} is not present on this machine, which has "
            f"{present_devices()}. Use device='auto' to take CUDA only where it is present."
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
    """Turn the ``backend`` parameter into what computes the recurrences: "torch" or "numba".

    Where this is "numba", the kernels have been compiled and have run.

    Parameters
    ----------
    backend : {"auto", "torch", "numba"}
        "auto" selects the kernels wherever they can run.
    device : torch.device
        Where to compute.
    bfloat16 : bool
        Whether matrix multiplications run in bfloat16.
    cell : str or type
        Name of one of torch's own cells, or a custom cell.
    dtype : torch.dtype
        Of weights and data.
    training : bool
        Whether gradients are needed, too.
    caller : str or None
        Name of the caller in error messages. None for a saved model, which does not fail here: it uses torch where the
        kernels cannot run.
    announce : callable or None
        Called before kernels are compiled, which takes seconds: see `prepare`.

    Raises
    ------
    ImportError
        If "numba" is asked for and Numba is not there, or does not work.
    ValueError
        If "numba" is asked for and the kernels cannot compute this.

    Warns
    -----
    UserWarning
        Once per process, if "auto" would have selected the kernels and Numba does not work.
    """
    if backend == "torch":
        return "torch"
    obstacle = ""
    if device.type != "cpu":
        obstacle = f"compute on the CPU, and device is {str(device)!r}. Set device='cpu'"
    elif bfloat16:
        obstacle = "know no bfloat16 (precision='bf16'). Set precision='float32'"
    elif not isinstance(cell, str):
        obstacle = "know torch's own cells only, and cell is a class. Pass the name of a cell"
    elif not CELLS[cell].has_kernel:
        known = sorted(name for name in CELLS if CELLS[name].has_kernel)
        obstacle = f"have no cell {cell!r}. Pass one of {known}"
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
            f"{caller}: backend='numba' was asked for, but {missing}. {remedy(missing)} "
            "Or set backend='auto'."
        )
    raise ValueError(
        f"{caller}: backend='numba' was asked for, but its kernels {obstacle}, or backend='auto'."
    )


def device_present(device: torch.device) -> bool:
    """Whether torch can compute on ``device`` here."""
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


def present_devices() -> str:
    """Name the devices torch can compute on here, for messages."""
    names = ["'cpu'"]
    if torch.cuda.is_available():
        names += [f"'cuda:{index}'" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("'mps'")
    return ", ".join(names)


def run_here(function: Callable[[threading.Event], T]) -> T:
    """Run ``function`` in this thread, with denormal numbers flushed to zero meanwhile.

    For what is done before a thread of its own would have started: a few predictions with the
    kernels, whose threads flush them anyway. Ctrl-C raises KeyboardInterrupt as ever.
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
    """Whether the caller's thread has modes of torch that would change what is computed.

    Automatic casts, a default device, a function mode: each belongs to the thread that entered it,
    and a thread of its own has none.
    """
    return torch.is_autocast_enabled("cpu") or torch._C._len_torch_function_stack() > 0


def run_flushed(function: Callable[[threading.Event], T], *, backend: str) -> T:
    """Run ``function`` with denormal numbers flushed to zero, and return its result.

    CPUs handle denormals up to a hundred times slower, and vanishing gradients are full of them.
    Flushing is a mode of a thread, which its children inherit. torch's pool of OpenMP threads
    belongs to the thread that first needs it: setting the mode in the caller would leave the
    workers of its existing pool as they are, so the work runs in a thread of its own, whose pool
    is born with the mode set and ends with it. The caller's mode is never changed, and the
    caller's thread has no pool that a process forked from it would miss.

    With kernels, torch itself uses one thread there, and the kernels as many as torch would. What
    torch computes beside them is little, and its workers would go on spinning for milliseconds
    after each operation on the cores that the kernels' threads need.

    Whatever is raised in the waiting caller, the thread has ended when this function does: it
    would otherwise go on computing, and changing weights, behind the caller's back.

    Parameters
    ----------
    function : callable
        Called with an event that is set when the user presses Ctrl-C, or another exception ends
        the wait; a function that watches it ends early, its own way.
    backend : {"torch", "numba"}
        What computes the recurrences.

    Raises
    ------
    BaseException
        What ``function`` raised; or what ended the wait, unless that was Ctrl-C, which is
        ``function``'s to answer.
    """
    outcome: dict[str, Any] = {}
    interrupted, begun, finished = threading.Event(), threading.Event(), threading.Event()
    context = contextvars.copy_context()
    n_threads = torch.get_num_threads()

    def work() -> None:
        begun.set()
        try:
            torch.set_flush_denormal(True)
            set_torch_threads(1 if backend == "numba" else n_threads)
            with kernel_threads(n_threads):
                outcome["result"] = context.run(function, interrupted)
        except BaseException as error:  # carried to the caller, whatever it is
            outcome["error"] = error
        finally:
            end_pool()
            finished.set()

    thread = threading.Thread(target=work, name="sk_rnn", daemon=True)
    cause: BaseException | None = None
    try:
        thread.start()
    except BaseException as error:
        if not begun.wait(timeout=1.0):
            raise  # there is no thread to wait for
        interrupted.set()
        cause = error
    while not finished.is_set():
        try:
            # A timeout, because on Windows Ctrl-C is not heard within a wait. Not thread.join:
            # before Python 3.13 one that is interrupted takes the thread for ended.
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
    """Let code that is not ours draw from torch's global generators, seeded, and put them back.

    Only a user-defined cell needs it: this package's own modules draw from generators of their own,
    so that even fits in several threads at once leave the global ones alone. Fits of user-defined
    cells in several threads take turns.
    """
    if not needed:
        yield
        return
    on_cuda = device.type == "cuda"
    with _take_turn(), torch.random.fork_rng(devices=[device] if on_cuda else []):
        # Not torch.manual_seed, which seeds every device there is.
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def _take_turn() -> Iterator[None]:
    """Wait until no other thread uses the global generators.

    A fit within a fit, as a callback may start one, does not wait for itself: `run_flushed` hands
    the context on to its thread.
    """
    if _has_turn.get():
        yield
        return
    with _turn:
        token = _has_turn.set(True)
        try:
            yield
        finally:
            _has_turn.reset(token)


def _renew_turn() -> None:
    """Make the lock anew: in a forked child nobody is left to release one that was held."""
    global _turn
    _turn = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_turn)
