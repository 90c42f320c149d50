"""Where and how the arithmetic runs: device, precision, denormal numbers, interruption."""

import contextvars
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

from ..kernels import kernel_threads, why_unavailable

T = TypeVar("T")

_starting = threading.Lock()
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
        Named in errors.

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
    backend: str, device: torch.device, *, bfloat16: bool, builtin: bool, caller: str | None
) -> str:
    """Turn the ``backend`` parameter into what computes the recurrences: "torch" or "numba".

    Parameters
    ----------
    backend : {"auto", "torch", "numba"}
        "auto" takes the kernels wherever they can run.
    device : torch.device
        Where to compute.
    bfloat16 : bool
        Whether products run in bfloat16.
    builtin : bool
        Whether the cell is one of torch's.
    caller : str or None
        Named in errors. None for a saved model, which does not fail here: it takes torch where the
        kernels cannot run.

    Raises
    ------
    ImportError
        If "numba" is asked for and Numba is not there.
    ValueError
        If "numba" is asked for and the kernels cannot compute this.
    """
    if backend == "torch":
        return "torch"
    obstacle = ""
    if device.type != "cpu":
        obstacle = f"compute on the CPU, and device is {str(device)!r}. Set device='cpu'"
    elif bfloat16:
        obstacle = "know no bfloat16 (precision='bf16'). Set precision='float32'"
    elif not builtin:
        obstacle = "know torch's own cells only, and cell is a class. Pass the name of a cell"
    missing = "" if obstacle else why_unavailable()
    if not obstacle and not missing:
        return "numba"
    if backend == "auto" or caller is None:
        if missing and "cannot be imported" in missing:
            warnings.warn(
                f"{missing}, so recurrences run in torch, several times slower. Mend the "
                "installation, or set backend='torch' to hide this.",
                UserWarning,
                stacklevel=2,
            )
        return "torch"
    if missing:
        raise ImportError(
            f"{caller}: backend='numba' was asked for, but {missing}. "
            "Install it with: pip install numba. Or set backend='auto'."
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
    smallest = torch.tensor(torch.finfo(torch.float32).smallest_normal)
    flushed = bool(smallest / 2 == 0)
    torch.set_flush_denormal(True)
    try:
        return function(threading.Event())
    finally:
        torch.set_flush_denormal(flushed)


def run_flushed(function: Callable[[threading.Event], T], *, backend: str) -> T:
    """Run ``function`` with denormal numbers flushed to zero, and return its result.

    CPUs handle denormals up to a hundred times slower, and vanishing gradients are full of them.
    Flushing is a mode of a thread, which its children inherit. torch's pool of OpenMP threads
    belongs to the thread that first needs it: setting the mode in the caller would leave the
    workers of its existing pool as they are, so the work runs in a thread of its own, whose pool
    is born with the mode set and ends with it. The caller's mode is never changed.

    With kernels, torch itself uses one thread there, and the kernels as many as torch would. What
    torch computes beside them is little, and its workers would go on spinning for milliseconds
    after each operation on the cores that the kernels' threads need.

    Parameters
    ----------
    function : callable
        Called with an event that is set when the user presses Ctrl-C; a function that watches it
        ends early, its own way.
    backend : {"torch", "numba"}
        What computes the recurrences.
    """
    prepared = threading.Event()
    outcome: dict[str, Any] = {}
    interrupted = threading.Event()
    finished = threading.Event()
    context = contextvars.copy_context()

    def work() -> None:
        torch.set_flush_denormal(True)
        # OpenMP's number is each thread's own too, and a new thread's is the machine's. torch
        # corrects that in a thread's first operation, to what was set last by any thread; asking
        # for the number counts as one, after which the thread keeps what it is told.
        torch.get_num_threads()
        torch.set_num_threads(1 if backend == "numba" else n_threads)
        prepared.set()
        try:
            with kernel_threads(n_threads):
                outcome["result"] = context.run(function, interrupted)
        except BaseException as error:  # carried to the caller, whatever it is
            outcome["error"] = error
        finally:
            finished.set()

    thread = threading.Thread(target=work, name="sk_rnn", daemon=True)
    # The number of threads is each thread's own, but new threads begin with the one that was set
    # last. The lock keeps two calls at once from taking the other one's for it.
    with _starting:
        n_threads = torch.get_num_threads()
        thread.start()
        prepared.wait()
        torch.set_num_threads(n_threads)
    # Not thread.join: before Python 3.13 one that Ctrl-C interrupts takes the thread for ended.
    while not finished.is_set():
        try:
            # A timeout, because on Windows Ctrl-C is not heard within a wait.
            finished.wait(timeout=1.0)
        except KeyboardInterrupt:
            interrupted.set()
    thread.join()
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
