"""Output of verbose: a bar in terminals and notebooks, lines in pipes, searches and threads."""

import os
import re
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tqdm.std
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback, EarlyStopping

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.training import Progress, _progress, announce

pty = pytest.importorskip("pty")

KINDS = [RNNClassifier, RNNRegressor, Seq2SeqTransformer]
X = np.random.default_rng(0).normal(size=(40, 5, 1))
Y = np.arange(40) % 2

SET_UP = """
    import os, signal, sys, threading, time, warnings
    import numpy as np
    from skorch.callbacks import Callback, PrintLog
    from sk_rnn import RNNClassifier
    X = np.random.default_rng(0).normal(size=(240, 5, 1))
    y = np.arange(240) % 2

    class Slow(Callback):
        def on_batch_end(self, net, **kwargs):
            time.sleep(0.03)

    def fit(max_epochs=3, verbose=1, callbacks=(), **params):
        model = RNNClassifier(
            hidden_size=4, batch_size=12, max_epochs=max_epochs, verbose=verbose,
            callbacks=[Slow(), *callbacks], random_state=0, **params)
        return model.fit(X, y, X_val=X[:24], y_val=y[:24])

    RNNClassifier(hidden_size=4, max_epochs=1).fit(X, y)  # loads the kernels
"""


def small(kind=RNNClassifier, **params):
    return kind(**{"hidden_size": 4, "max_epochs": 3, "random_state": 0, **params})


def start(script, **streams):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm"}
    command = textwrap.dedent(SET_UP) + textwrap.dedent(script)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", command], env=environment, **streams
    )


def in_pipe(script):
    """Standard output and standard error of a script, as pipes."""
    process = start(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return tuple(part.decode() for part in process.communicate(timeout=120))


def in_terminal(script, *, piped=()):
    """Output of a script to a terminal of 24 lines and 100 columns, and to ``piped`` streams."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    process = start(script, **{**streams, **dict.fromkeys(piped, subprocess.PIPE)})
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        written += part
    rest, _ = process.communicate(timeout=120)
    os.close(ours)
    # At exit colorama, which Numba has set up, resets the colours.
    return written.decode().replace("\x1b[0m", ""), (rest or b"").decode()


def screen(written):
    """The final lines on the screen of a terminal."""
    lines, column = [""], 0
    for character in written:
        if character == "\n":
            lines.append("")
        elif character == "\r":
            column = 0
            continue
        else:
            line = lines[-1].ljust(column)
            lines[-1] = line[:column] + character + line[column + 1 :]
            column += 1
            continue
    return [line.rstrip() for line in lines]


# --- terminals and notebooks --------------------------------------------------------------------

# Parts of one script, because starting it takes longer than running a part.
SCENES = {
    "plain": "fit()",
    "short": """
        from sk_rnn.training import _progress
        seconds, _progress.BAR_SECONDS = _progress.BAR_SECONDS, 1e9
        fit()
        _progress.BAR_SECONDS = seconds
    """,
    "lines": "fit(verbose=2)",
    "printing": "fit(callbacks=[PrintLog()])",
    "nested": """
        import tqdm
        for number in tqdm.tqdm(range(2), desc="fits", file=sys.stdout):
            fit(max_epochs=2)
    """,
    "joined": """
        class Starting(Callback):
            def on_epoch_end(self, net, **kwargs):
                if len(net.history) == 2:
                    threading.Thread(target=fit, args=(1,), name="other").start()

        fit(max_epochs=6, callbacks=[Starting()])
    """,
    "interrupted": """
        class Pressing(Callback):
            def on_epoch_end(self, net, **kwargs):
                if len(net.history) == 2:
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.1)

        signal.signal(signal.SIGINT, signal.default_int_handler)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit(max_epochs=500, callbacks=[Pressing()])
    """,
    "failing": """
        class Failing(Callback):
            def on_epoch_end(self, net, **kwargs):
                if len(net.history) == 2:
                    raise ZeroDivisionError("no luck")

        fit(callbacks=[Failing()])
    """,
}


@pytest.fixture(scope="module")
def scenes():
    """Terminal output of each part."""
    cut = "sys.stdout.write('<cut>'); sys.stdout.flush()\n"
    written, _ = in_terminal(f"\n{cut}".join(map(textwrap.dedent, SCENES.values())))
    return dict(zip(SCENES, written.split("<cut>"), strict=True))


def test_bar_moves_within_an_epoch(scenes):
    frames = re.findall(r"epoch (\d)/3 \|[^|]*\| ([^\r]*) left", scenes["plain"])
    assert sum(number == "1" for number, _ in frames) >= 2
    assert {number for number, _ in frames} == {"1", "2", "3"}
    first, last = frames[0][1], frames[-1][1]
    assert re.fullmatch(r"loss \d\.\d{4}, [\d,]+ sequences/s, \d\d:\d\d", first)
    assert re.fullmatch(r"loss \d\.\d{4}, score \d\.\d{4}, [\d,]+ sequences/s, \d\d:\d\d", last)
    final, after = screen(scenes["plain"])
    assert re.fullmatch(
        r"RNNClassifier: all 3 epochs done in \d+\.\d s "
        r"\(loss \d\.\d{4}, validation score \d\.\d{4}\)\.",
        final,
    )
    assert after == ""


def test_short_training_shows_no_bar(scenes):
    assert "|" not in scenes["short"]


def test_verbose_two_prints_lines_in_a_terminal(scenes):
    lines = screen(scenes["lines"])
    epochs = [line.partition("  ")[0] for line in lines[:3]]
    assert epochs == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert len(lines) == 5
    assert "|" not in scenes["lines"]


def test_bar_is_cleared_for_output_of_callbacks(scenes):
    header, _, *rows, final, after = screen(scenes["printing"])
    assert header.split()[:2] == ["epoch", "train_loss"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert "epoch 2/3 |" in scenes["printing"]
    assert final.startswith("RNNClassifier: all")
    assert after == ""


def test_bar_stands_below_a_bar_of_the_user(scenes):
    assert "epoch 1/2 |" in scenes["nested"]
    lines = scenes["nested"].replace("\x1b[A", "").splitlines()
    assert sum("epochs done" in line for line in lines) == 2


def test_bar_is_removed_if_another_training_starts(scenes):
    assert "epoch 1/6 |" in scenes["joined"]
    *lines, after = screen(scenes["joined"])
    assert after == ""
    assert len(lines) >= 4
    for line in lines:
        pattern = (
            r"(RNNClassifier \[thread \w+\]: )?(epoch \d|all 6 |1 epoch|RNNClassifier: all 6 )"
        )
        assert re.match(pattern, line)
    assert any(line.startswith("RNNClassifier [thread other]: 1 epoch done") for line in lines)


def test_control_c_leaves_the_line(scenes):
    assert "epoch 1/500 |" in scenes["interrupted"]
    final, after = screen(scenes["interrupted"])
    assert re.match(r"RNNClassifier: interrupted in epoch \d+ of 500 after \d", final)
    assert after == ""


def test_exception_begins_its_own_line(scenes):
    assert "epoch 1/3 |" in scenes["failing"]
    lines = screen(scenes["failing"])
    assert lines[0] == "Traceback (most recent call last):"
    assert "ZeroDivisionError: no luck" in lines
    assert not any("sequences/s" in line for line in lines)


def test_bar_goes_to_the_terminal_when_output_goes_elsewhere():
    script = """
        from sk_rnn.training import announce
        fit()
        announce(1, "compiling", "RNNClassifier")
    """
    written, piped = in_terminal(script, piped=["stdout"])
    assert "epoch 1/3 |" in written
    final, announced, after = screen(written)
    assert final.startswith("RNNClassifier: all 3 epochs")
    assert (announced, after) == ("RNNClassifier: compiling", "")
    assert piped == ""


def test_terminal_without_a_size_gets_lines():
    script = """
        import fcntl, struct, termios
        for size in ((0, 0), (24, 0), (0, 100)):
            fcntl.ioctl(sys.stdout, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            fit(max_epochs=2)
            print("<cut>")
    """
    written, _ = in_terminal(script)
    *parts, rest = written.split("<cut>")
    assert (len(parts), rest.strip()) == (3, "")
    for part in parts:
        *lines, final, after = screen(part.lstrip())
        assert len(lines) >= 2
        assert all(re.match(r"epoch \d/2  loss ", line) for line in lines)
        assert final.startswith("RNNClassifier: all 2 epochs")
        assert after == ""


def test_notebook_without_widgets_warns_of_nothing():
    script = """
        from types import ModuleType
        for name in ("ipykernel", "ipykernel.zmqshell", "IPython"):
            sys.modules[name] = ModuleType(name)
        class ZMQInteractiveShell: pass
        sys.modules["IPython"].get_ipython = ZMQInteractiveShell
        sys.modules["ipywidgets"] = None  # cannot be imported
        fit()
        print("after")
    """
    written, errors = in_pipe(script)
    assert errors == ""
    assert "\repoch 1/3 |" in written
    final, *after = screen(written.replace("\n", "\r\n"))
    assert final.startswith("RNNClassifier: all 3 epochs done")
    assert after == ["after", ""]


def test_notebook_with_widgets_gets_its_own_bar():
    # The widgets are those of tqdm; only the calls are tested.
    class Drawing:
        monitor_interval = 10

        def __init__(self, **options):
            self.options, self.n = options, 0
            self.start_t = self.last_print_t = self.delay = 0.0
            self.disable = False
            self.closed = False
            made.append(self)

        @property
        def format_dict(self):
            return {"rate": None}

        @classmethod
        def set_lock(cls, lock):
            pass

        def update(self):
            self.n += 1
            shown.append(self.format_dict)

        def close(self):
            self.closed = True

    made, shown = [], []
    progress = Progress(1, "RNNClassifier")
    progress.bar_class = Drawing
    progress.begin(40, 4, 2)
    for _ in range(3):
        progress.step(0.5)
    progress.close()
    assert made[0].options["total"] == 8
    assert not made[0].options["leave"]
    assert made[0].closed
    assert made[0].total == made[0].n == 3  # or it would end in red
    assert shown[-1]["epoch"] == "1/2"
    assert shown[-1]["state"].startswith("loss 0.5000, ")


def test_bar_may_be_switched_off(capsys):
    class Disabled(tqdm.std.tqdm):  # as TQDM_DISABLE does, which tqdm reads on import
        def __init__(self, **options):
            super().__init__(disable=True, **options)

    progress = Progress(1, "RNNClassifier")
    progress.bar_class = Disabled
    progress.begin(40, 4, 2)
    with progress.hidden():
        pass
    progress.step(0.5)
    progress.end_epoch({"train_loss": 0.5})
    progress.close()
    assert progress.bar is None
    assert capsys.readouterr().out.startswith("epoch 1/2  loss 0.5000")


def test_bar_that_cannot_be_drawn_does_not_stop_training(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("no display")

    progress = Progress(1, "RNNClassifier")
    progress.bar_class = type("Broken", (), {"__init__": broken, "set_lock": broken})
    progress.begin(40, 4, 2)
    progress.step(0.5)
    progress.close()


def test_loss_is_not_fetched_for_every_batch():
    class Loss:
        fetched = 0

        def __float__(self):
            Loss.fetched += 1
            return 0.5

    progress = Progress(1, "RNNClassifier")
    progress.begin(400, 400, 1)
    for _ in range(400):
        progress.step(Loss())
    progress.close()
    assert Loss.fetched <= 10


# --- pipes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("epochs", [1, 7, 10, 33, 100])
def test_pipe_gets_about_ten_whole_lines(kind, epochs, capsys):
    y = [str(label) for label in Y] if kind is Seq2SeqTransformer else Y
    small(kind, max_epochs=epochs, verbose=1, batch_size=40).fit(X, y)
    output, errors = capsys.readouterr()
    assert errors == ""
    assert "\r" not in output
    assert output.endswith(".\n")
    lines = output.splitlines()
    assert len(lines) == min(epochs, 10) + 1
    assert all(line.startswith("epoch ") for line in lines[:-1])
    assert lines[-2].startswith(f"epoch {epochs}/{epochs}  loss ")
    assert lines[-1].startswith(f"{kind.__name__}: ")


def test_long_epochs_print_lines_within(capsys, monkeypatch):
    monkeypatch.setattr(_progress, "LINE_SECONDS", 0.0)
    small(verbose=1, batch_size=2, max_epochs=2).fit(X, Y)
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("epoch 1/2, batch 4/20  loss ")
    assert lines[4].startswith("epoch 1/2  loss ")
    assert lines[-1].startswith("epoch 2/2  loss ")
    assert last.startswith("RNNClassifier: all 2 epochs done")


def test_zero_is_silent_and_so_is_predict(capfd):
    model = small(verbose=0).fit(X, Y)
    assert capfd.readouterr() == ("", "")
    model.set_params(verbose=2)
    model.predict(X)
    model.predict_proba(X)
    model.score(X, Y)
    assert capfd.readouterr() == ("", "")


def test_true_is_one(capsys):
    small(verbose=True, max_epochs=20).fit(X, Y)
    assert len(capsys.readouterr().out.splitlines()) == 11


def test_closed_pipe_does_not_stop_training():
    script = """
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        reader, writer = os.pipe()
        os.close(reader)
        gone = os.fdopen(writer, "w")
        for sys.stdout in (gone, None):
            print(fit().n_iter_, file=sys.stderr)
        os._exit(0)
    """
    assert in_pipe(script) == ("", "3\n3\n")


# --- final line ---------------------------------------------------------------------------------


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_end_of_all_epochs(capsys):
    small(verbose=1).fit(X, Y)
    assert re.fullmatch(
        r"RNNClassifier: all 3 epochs done in \d\.\d s \(loss \d\.\d{4}\)\.", last_line(capsys)
    )
    small(verbose=1).partial_fit(X, Y)
    assert re.match(r"RNNClassifier: 1 epoch done in ", last_line(capsys))


def test_end_by_patience(capsys):
    model = small(
        RNNRegressor,
        verbose=1,
        early_stopping=True,
        n_iter_no_change=2,
        max_epochs=50,
        tol=1e9,
    ).fit(X, Y, X_val=X, y_val=Y)
    assert model.n_iter_ == 3
    score = model.validation_curve_[model.best_epoch_ - 1]
    assert re.fullmatch(
        r"RNNRegressor: stopped after 3 of 50 epochs, \d\.\d s: the validation score had not "
        rf"improved for 2 epochs(; the weights are those of epoch {model.best_epoch_})? "
        rf"\(loss \d+\.\d{{4}}, validation score {score:.4f}\)\.",
        last_line(capsys),
    )


def test_end_by_a_callback(capsys):
    stop = EarlyStopping("train_loss", patience=2, threshold=1e9, sink=lambda text: None)
    small(verbose=1, max_epochs=9, callbacks=[("mine", stop)]).fit(X, Y)
    output = last_line(capsys)
    assert re.match(
        r"RNNClassifier: stopped after 3 of 9 epochs, \d\.\d s: callback 'mine' ended it \(", output
    )


def test_end_of_a_finite_loss(capsys):
    with pytest.warns(ConvergenceWarning):
        RNNRegressor(
            hidden_size=4,
            verbose=1,
            max_epochs=5,
            random_state=0,
            optimizer="sgd",
            gradient_clip=None,
            lr_schedule=lambda progress: 0.0 if progress < 0.3 else 1e30,
        ).fit(X, Y * 1.0)
    assert re.match(
        r"RNNRegressor: stopped after 2 of 5 epochs, .* s: the loss was no longer finite; the "
        r"weights are those of epoch 1 \(loss \d",
        last_line(capsys),
    )


def test_end_by_interruption(capsys):
    class Interrupting(Callback):
        def on_batch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise KeyboardInterrupt

    with pytest.warns(ConvergenceWarning):
        small(verbose=1, callbacks=[Interrupting()]).fit(X, Y)
    assert re.match(
        r"RNNClassifier: interrupted in epoch 2 of 3 after \d\.\d s \(loss \d", last_line(capsys)
    )


def test_exception_prints_no_final_line(capsys):
    class Failing(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        small(verbose=1, callbacks=[Failing()]).fit(X, Y)
    assert "done" not in capsys.readouterr().out
    assert not _progress._running


# --- concurrent trainings -----------------------------------------------------------------------


def test_fits_in_threads_prefix_their_lines(capsys):
    with ThreadPoolExecutor(3, thread_name_prefix="pool") as pool:
        for future in [pool.submit(small(verbose=1).fit, X, Y) for _ in range(3)]:
            future.result()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 12
    speakers = {
        re.match(r"RNNClassifier \[thread (pool_\d)\]: (epoch|all)", line)[1] for line in lines
    }
    assert speakers <= {"pool_0", "pool_1", "pool_2"}


def test_nested_fit_prefixes_its_lines(capsys):
    class Nesting(Callback):
        def on_epoch_end(self, net, **kwargs):
            small(RNNRegressor, verbose=1, max_epochs=1).fit(X, Y)

    small(verbose=1, callbacks=[Nesting()], max_epochs=1).fit(X, Y)
    outer, epoch, inner, last = capsys.readouterr().out.splitlines()
    assert outer.startswith("epoch 1/1")
    assert epoch.startswith("RNNRegressor [thread ")
    assert inner.startswith("RNNRegressor [thread ")
    assert last.startswith("RNNClassifier: 1 epoch done")


SEARCH = """
        from joblib import parallel_config
        from sklearn.model_selection import GridSearchCV
        model = RNNClassifier(hidden_size=4, max_epochs=12, verbose=1, random_state=0)
        search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2, n_jobs=2, refit=False)
        for backend in BACKENDS:
            with parallel_config(backend):
                search.fit(X[:60], y[:60])
            print("<cut>", flush=True)
"""
PLACES = {
    "loky": r"process \d+",
    "multiprocessing": r"process \d+",
    "threading": r"thread [\w-]+( \(\w+\))?",
}


def check_lines_of_searches(written, backends):
    assert "\r" not in written
    for backend, part in zip(backends, written.split("<cut>\n")[:-1], strict=True):
        lines = part.splitlines()
        assert len(lines) == 4 * 11
        pattern = rf"RNNClassifier \[{PLACES[backend]}\]: (epoch \d+/12  loss|all 12 epochs done)"
        for line in lines:
            assert re.match(pattern, line)
            assert line.count("RNNClassifier") == 1


def test_lines_of_searches_are_whole_and_prefixed():
    written, errors = in_pipe(SEARCH.replace("BACKENDS", str(list(PLACES))))
    assert errors == ""
    check_lines_of_searches(written, list(PLACES))


def test_search_in_a_terminal_has_no_bars():
    written, _ = in_terminal(SEARCH.replace("BACKENDS", "['loky']"))
    check_lines_of_searches(written.replace("\r\n", "\n"), ["loky"])


# --- announcements ------------------------------------------------------------------------------


def test_announcement_is_a_line(capsys):
    announce(0, "compiling")
    assert capsys.readouterr() == ("", "")
    announce(1, "compiling", "RNNClassifier")
    announce(True, "compiling")
    assert capsys.readouterr() == ("RNNClassifier: compiling\nsk_rnn: compiling\n", "")
    thread = threading.Thread(target=announce, args=(2, "compiling", "RNNClassifier"), name="two")
    thread.start()
    thread.join()
    assert capsys.readouterr().out == "RNNClassifier [thread two]: compiling\n"
