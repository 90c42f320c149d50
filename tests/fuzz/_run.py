"""Run programs with limited time and memory, and collect raw outcomes."""

import contextlib
import io
import re
import signal
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from ._verdict import fault_of_error, fault_of_result, fault_of_warning
from .names import namespace

# A program takes milliseconds; kernels may have to be compiled first.
SECONDS = 60
# In addition to the memory that the process already uses.
BYTES = 6 << 30

_PACKAGE = re.compile(r"sk_rnn/(\w+/\w+\.py)$")


class TooSlowError(BaseException):
    """A program that is stopped."""


class Outcome(NamedTuple):
    """A raw outcome.

    Attributes
    ----------
    kind : str
        Text that outcomes with the same cause share.
    message : str
        The text of the error or warning.
    program : tuple of str
        Code that reproduces it; the last line causes the outcome.
    """

    kind: str
    message: str
    program: tuple[str, ...]


def run_program(program):
    """Run the lines one after the other and return raw outcomes."""
    known = namespace()
    outcomes = []
    for i, line in enumerate(program):
        so_far = program[: i + 1]
        if line.startswith(("X = ", "y = ")):  # data, which cannot fail
            exec(line, known)
            continue
        is_name = line.startswith("m = ")
        code = compile(line.removeprefix("m = "), "<fuzz>", "eval")
        try:
            with quiet(), warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result = eval(code, known)
            if is_name:
                known["m"] = result
            fault = fault_of_result(line, result)
            if fault is not None:
                outcomes.append(Outcome(f"{fault}: {_call(line)}", repr(result)[:200], so_far))
        except (Exception, TooSlowError) as error:
            fault = fault_of_error(error)
            if fault is not None:
                outcomes.append(Outcome(_kind_of_error(error, fault), _text(error), so_far))
        raw = [warning for warning in caught if fault_of_warning(warning) is not None]
        outcomes += [_outcome_of_warning(warning, so_far) for warning in raw]
        if is_name and "m" not in known:
            break  # not constructed, and all other lines use it
    return outcomes


@contextlib.contextmanager
def quiet():
    """Print nothing."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def bounded():
    """Limit memory, if the system supports it; the time of each program is limited by `alarm`."""
    try:
        import resource
    except ImportError:  # Windows
        yield
        return
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if sys.platform == "linux" else 0
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def alarm():
    """Raise an error after the time limit, if the system supports signals."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_):
        raise TooSlowError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def collect(strategy, n_cases, seed=0):
    """Run different programs of a strategy and return an outcome of each raw kind.

    Parameters
    ----------
    strategy : hypothesis strategy of programs
    n_cases : int
    seed : int, default=0
        Decides the programs.

    Returns
    -------
    found : dict of str to (int, Outcome)
        Number of outcomes of each kind, and the shortest program.
    """
    found = {}
    with bounded():
        for program in programs(strategy, n_cases, seed):
            with alarm():
                outcomes = run_program(program)
            for outcome in outcomes:
                add(found, outcome)
    return found


def programs(strategy, n_cases, seed):
    """Return different programs; hypothesis itself repeats some."""
    drawn = {}
    for attempt in range(100):  # of which two or three are enough
        missing = n_cases - len(drawn)
        if missing <= 0:
            break

        @hypothesis.seed(seed + (attempt << 32))
        @settings(
            max_examples=missing + 10,  # the first is always the same
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def draw(program):
            drawn[program] = None

        draw()
    return list(drawn)[:n_cases]


def add(found, outcome, times=1):
    """Count an outcome, and keep it if its program is the shortest of its kind."""
    n, shortest = found.get(outcome.kind, (0, outcome))
    shortest = min(shortest, outcome, key=lambda kept: len("\n".join(kept.program)))
    found[outcome.kind] = n + times, shortest


def summary(found):
    """Return raw outcomes as text, the most frequent first."""
    parts = []
    for kind, (n, outcome) in sorted(found.items(), key=lambda item: -item[1][0]):
        lines = "\n".join(f"    {line}" for line in outcome.program)
        parts.append(f"{n} x {kind}\n  {outcome.message}\n{lines}")
    return "\n\n".join(parts)


def _call(line):
    return re.sub(r"\(.*", "", line)


def _text(error):
    return " ".join(f"{type(error).__name__}: {error}".split())[:400]


def _kind_of_error(error, fault):
    """Name the error and where in the package it comes from."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        match = _PACKAGE.search(frame.filename.replace("\\", "/"))
        place = f"{match[1]} {frame.name}" if match else place
    return f"{type(error).__name__} {fault} ({place}): {_template(str(error))}"


def _outcome_of_warning(warning, program):
    text = f"{warning.category.__name__}: {warning.message}"
    name = Path(warning.filename).name
    return Outcome(f"{warning.category.__name__} ({name}): {_template(text)}", text, program)


def _template(text):
    """Remove the varying parts of a message: caller, argument, values."""
    text = re.sub(r"^\w+(\.\w+)?: (\w+[:\[])?", "", " ".join(text.split()))
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+|<.*", "_", text)[:60]
