"""Progress of training: a bar in terminals and notebooks, lines elsewhere."""

import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, TextIO

import tqdm
import tqdm.std
from torch import Tensor

# Number of lines per training without a bar, not counting the final one.
LINES = 10
# Minimum number of seconds between lines within an epoch.
LINE_SECONDS = 5.0
# Seconds after which the bar appears.
BAR_SECONDS = 0.3

# Training runs of this process that show progress; only one of them may have a bar.
_running: set["Progress"] = set()


class LinePrinter:
    """Prints lines, with a prefix that names their source if several models are trained at once.

    Parameters
    ----------
    name : str
        Name of the source. Must be constructed in the calling thread, whose name is in the prefix.
    """

    def __init__(self, name: str):
        self.name = name
        self.thread = threading.current_thread()

    @property
    def in_main_thread(self) -> bool:
        """Whether this is the main thread of the main process."""
        in_main = self.thread is threading.main_thread()
        return in_main and multiprocessing.parent_process() is None

    def print(self, text: str, *, stream: TextIO | None = None, concurrent: bool = False) -> None:
        """Print a line.

        Parameters
        ----------
        text : str
            The line.
        stream : text file or None
            Output stream; None for standard output.
        concurrent : bool
            Whether other models are trained at the same time.
        """
        if concurrent or not self.in_main_thread:
            where = []
            if multiprocessing.parent_process() is not None:
                where.append(f"process {os.getpid()}")
            if concurrent or self.thread is not threading.main_thread():
                where.append(f"thread {self.thread.name}")
            text = f"{self.name} [{', '.join(where)}]: {text}"
        stream = stream or sys.stdout
        # A closed pipe must not stop training.
        with suppress(OSError, ValueError, AttributeError):
            if tqdm.std.tqdm._instances:
                _with_progress(tqdm.std.tqdm).write(text, file=stream)  # above existing bars
            else:
                # In one write, so that lines of several processes do not mix.
                stream.write(f"{text}\n")
            stream.flush()


def announce(verbose: int | bool, text: str, name: str = "sk_rnn") -> None:
    """Print a line before training if ``verbose`` is set.

    Parameters
    ----------
    verbose : int or bool
        The estimator's parameter; 0 is silent.
    text : str
        The event, such as the compilation of kernels.
    name : str
        Name of the estimator. Must be called in the thread that called `fit`.
    """
    if verbose:
        printer = LinePrinter(name)
        text = f"{name}: {text}" if printer.in_main_thread else text
        printer.print(text, stream=None if verbose > 1 else _terminal())


class Progress:
    """Shows epoch, loss, validation score, sequences per second and time left.

    Constructed in the thread that called `fit`; its methods are called by the training thread.

    Parameters
    ----------
    verbose : int
        1 shows a bar in a terminal or notebook, and prints about ten lines elsewhere; 2 or more
        prints one line per epoch.
    name : str
        Name of the estimator.
    """

    def __init__(self, verbose: int, name: str):
        self.verbose = verbose
        self.printer = LinePrinter(name)
        self.bar: Any = None
        self.pid = os.getpid()
        live = verbose == 1 and self.printer.in_main_thread
        notebook = _notebook_bar() if live else None
        self.terminal = _terminal() if live else None
        self.bar_class = notebook or (tqdm.std.tqdm if _has_size(self.terminal) else None)

    # --- events of training ---------------------------------------------------------------------

    def begin(self, n_sequences: int, n_batches: int, epochs: int) -> None:
        """Start the clock.

        Parameters
        ----------
        n_sequences : int
            Training sequences per epoch.
        n_batches : int
            Batches per epoch, including validation.
        epochs : int
            Planned number of epochs.
        """
        self.n_sequences, self.n_batches, self.epochs = n_sequences, n_batches, epochs
        self.total = n_batches * epochs
        self.done = self.epoch = self.lines = 0
        self.loss: Tensor | float | None = None
        self.score: float | None = None
        self.started = self.epoch_started = self.last_line = time.perf_counter()
        _running.add(self)
        if self.bar_class is not None and not self._has_concurrent():
            with suppress(Exception):  # a bar that cannot be drawn must not stop training
                bar = _with_progress(self.bar_class)(
                    total=self.total,
                    file=self.terminal or sys.stdout,
                    leave=False,
                    dynamic_ncols=True,
                    smoothing=0.1,
                    delay=BAR_SECONDS,
                    bar_format="epoch {epoch} |{bar}| {state}, {remaining} left",
                )
                bar.progress = self
                self.bar = None if bar.disable else bar  # tqdm respects TQDM_DISABLE

    def step(self, loss: Tensor | None) -> None:
        """Count a batch; its training ``loss`` is read only when it is shown."""
        self.done += 1
        if not self.epoch and loss is not None:
            self.loss = loss
        if self.bar is not None:
            if len(_running) > 1 and self._has_concurrent():
                self._remove_bar()
                return
            try:
                self.bar.update()
            except Exception:  # any exception: the bar writes to the user's stream
                self._remove_bar()
        elif (
            self.verbose == 1
            and self.epochs < LINES
            and self.done % self.n_batches
            and self._is_due()
            and time.perf_counter() - self.last_line >= LINE_SECONDS
        ):
            self._print(self._line(self.epoch + 1, f", batch {self._batch()}/{self.n_batches}"))

    def end_epoch(self, row: dict[str, Any]) -> None:
        """Count an epoch; ``row`` is its history."""
        self.epoch += 1
        self.loss, self.score = row["train_loss"], row.get("valid_score")
        if self.bar is None and (self.verbose > 1 or self._is_due()):
            self._print(self._line(self.epoch))
        self.epoch_started = time.perf_counter()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Clear the line of the bar for callbacks that may print."""
        bar = self.bar
        visible = bar is not None and bar.last_print_t >= bar.start_t + bar.delay
        if visible:
            bar.clear()
        yield
        if visible and self.bar is bar:
            bar.refresh()

    def close(self) -> None:
        """Remove the bar."""
        self._remove_bar()
        _running.discard(self)

    def end(self, net: Any, reason: str, *, interrupted: bool) -> None:
        """Print how training ended.

        Parameters
        ----------
        net : RecurrentNet
            The net with its history and best epoch.
        reason : str
            Reason for stopping early, if any.
        interrupted : bool
            Whether it was interrupted by Ctrl-C.
        """
        seconds = f"{time.perf_counter() - self.started:.1f} s"
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        if interrupted:
            at = min(self.epoch + 1, self.epochs)
            text = f"interrupted in epoch {at} of {self.epochs} after {seconds}"
        elif reason:
            text = f"stopped after {self.epoch} of {epochs}, {seconds}: {reason}"
        else:
            text = f"{epochs if self.epochs == 1 else f'all {epochs}'} done in {seconds}"
        kept, history = net.weights_epoch_, net.history
        if kept and kept <= len(history):
            row = history[kept - 1]
            reached = f"loss {row['train_loss']:.4f}"
            if "valid_score" in row:
                reached += f", validation score {row['valid_score']:.4f}"
            if kept < len(history):
                text += f"; the weights are those of epoch {kept}"
                text += " since the first fit" if net.epochs_before_ else ""
            text += f" ({reached})"
        alone = self.printer.in_main_thread and not self._has_concurrent()
        self._print(f"{self.printer.name}: {text}." if alone else f"{text}.")

    # --- text -----------------------------------------------------------------------------------

    def fields(self, rate: float | None) -> dict[str, str]:
        """Text next to the bar; ``rate`` is the recent number of batches per second, if known."""
        parts = [] if self.loss is None else [f"loss {float(self.loss):.4f}"]
        if self.score is not None:
            parts.append(f"score {self.score:.4f}")
        rate = rate or self.done / max(time.perf_counter() - self.started, 1e-9)
        parts.append(f"{rate / self.n_batches * self.n_sequences:,.0f} sequences/s")
        number = min(self.epoch + 1, self.epochs)
        return {"epoch": f"{number}/{self.epochs}", "state": ", ".join(parts)}

    def _line(self, epoch: int, place: str = "") -> str:
        now = time.perf_counter()
        parts = [f"epoch {epoch}/{self.epochs}{place}"]
        if self.loss is not None:
            parts.append(f"loss {float(self.loss):.4f}")
        if self.score is not None:
            parts.append(f"validation score {self.score:.4f}")
        share = self._batch() / self.n_batches if place else 1.0
        speed = share * self.n_sequences / max(now - self.epoch_started, 1e-9)
        left = (now - self.started) / self.done * (self.total - self.done)
        return "  ".join([*parts, f"{speed:,.0f} sequences/s", f"{left:.0f} s left"])

    def _batch(self) -> int:
        """Number of the current batch in this epoch."""
        return self.done - self.epoch * self.n_batches

    def _is_due(self) -> bool:
        """Whether it is time for another line."""
        return LINES * self.done // self.total > self.lines

    def _print(self, text: str) -> None:
        self.lines = LINES * self.done // self.total
        self.last_line = time.perf_counter()
        self.printer.print(text, stream=self.terminal, concurrent=self._has_concurrent())

    def _has_concurrent(self) -> bool:
        """Whether other models are trained in this process."""
        return any(other is not self and other.pid == os.getpid() for other in _running.copy())

    def _remove_bar(self) -> None:
        bar, self.bar = self.bar, None
        if bar is not None:
            with suppress(Exception):
                bar.total = bar.n  # notebooks show an incomplete bar in red
                bar.close()


def _terminal() -> TextIO | None:
    """Standard output if it is a terminal, else standard error if that is one."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            if stream.isatty():
                return stream
    return None


def _has_size(terminal: TextIO | None) -> bool:
    """Whether it is a terminal with room for a bar.

    A pseudo-terminal without a size, as in some containers and log collectors, reports zero columns
    and lines: tqdm draws nothing there.
    """
    if terminal is None:
        return False
    with suppress(OSError, ValueError, AttributeError):
        return min(os.get_terminal_size(terminal.fileno())) > 0
    return True  # tqdm assumes a default size


def _notebook_bar() -> Any:
    """The bar class in notebooks, text-based without widgets; None elsewhere."""
    if not {"ipykernel.zmqshell", "IPython.utils._process_emscripten"} & sys.modules.keys():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental feature, or widgets not installed
        from tqdm.autonotebook import tqdm as bar_class
    return bar_class


@cache
def _with_progress(kind: Any) -> Any:
    """A bar class that gets its text from `Progress` whenever it is visible."""

    class BarWithProgress(kind):
        monitor_interval = 0  # no monitor thread: batches are frequent enough
        progress: Progress | None = None

        @property
        def format_dict(self):
            known = super().format_dict
            if self.progress is None:
                return {**known, "epoch": "", "state": ""}
            return {**known, **self.progress.fields(known["rate"])}

    # Not tqdm's default, whose multiprocessing lock fixes the start method.
    BarWithProgress.set_lock(tqdm.std.TqdmDefaultWriteLock.th_lock)
    return BarWithProgress
