"""Forks, threads, searches and timeouts around fit and predict, each with a time limit."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import TimeDistributed
from sk_rnn.training import torch_threads

LIMIT = 240  # seconds, of which a slow machine needs a tenth

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux forks")

_rng = np.random.default_rng(0)
X = [_rng.normal(size=(n, 2)) + i % 2 for i, n in enumerate(_rng.integers(5, 20, size=40))]
Y = np.arange(40) % 2

# The computation of every child process.
WORK = """
import os, pickle, sys, time, warnings
import numpy as np
import torch
from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer

rng = np.random.default_rng(0)
X = [rng.normal(size=(n, 4)) + 2 * (i % 2) for i, n in enumerate(rng.integers(20, 60, size=64))]
Y, WORDS = np.arange(64) % 2, ["ab", "abc"] * 32


def models(backend):
    common = {"max_epochs": 1, "random_state": 0, "backend": backend}
    yield RNNClassifier(**common).fit(X, Y), X
    yield RNNRegressor(**common, loss="gaussian", calibrate=False).fit(X, Y * 1.0), X
    yield Seq2SeqTransformer(**common, hidden_size=32).fit(WORDS, WORDS[::-1]), WORDS


def compute(backend):
    results = []
    for model, data in models(backend):
        loaded = pickle.loads(pickle.dumps(model))
        for some in (data[:2], data):
            predicted = model.predict(some)
            assert np.array_equal(loaded.predict(some), predicted)
            results.append(predicted)
    return results


def same(left, right):
    return all(map(np.array_equal, left, right))
"""


def run(script, *arguments, limit=LIMIT, **environment):
    """Run a script in a separate process, in which torch may use two threads."""
    env = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"} | environment
    done = subprocess.run(
        [sys.executable, "-c", WORK + textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=limit,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# --- forks --------------------------------------------------------------------------------------


@linux
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_a_forked_child_computes_what_its_parent_does(backend):
    script = """
    torch.set_num_threads(2)
    warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: the point
    here = compute(sys.argv[1])
    for _ in range(4):
        child = os.fork()
        if child == 0:
            os._exit(0 if same(compute(sys.argv[1]), here) else 1)
        assert os.waitpid(child, 0)[1] == 0
    """
    run(script, backend)


@linux
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_no_pool_remains_in_the_calling_thread(backend):
    # A child would wait forever for the threads of a pool that its thread has used before the fork.
    script = """
    torch.set_num_threads(2)
    compute(sys.argv[1])
    def count():
        time.sleep(0.3)  # threads that are done take a moment to be gone
        return len(os.listdir("/proc/self/task"))
    before = count()
    compute(sys.argv[1])
    assert count() == before
    torch.randn(1000, 1000) @ torch.randn(1000, 1000)  # what would have started one
    assert count() == before + 1
    """
    run(script, backend)


@linux
def test_every_way_to_start_a_process_gives_equal_results(tmp_path):
    (tmp_path / "shared_work.py").write_text(WORK)
    script = """
    import concurrent.futures, multiprocessing
    import joblib
    import shared_work
    if __name__ == "__main__":
        torch.set_num_threads(1)
        warnings.simplefilter("ignore", DeprecationWarning)
        here = shared_work.compute("auto")
        for method in ("fork", "spawn", "forkserver"):
            context = multiprocessing.get_context(method)
            with context.Pool(1, torch.set_num_threads, (1,)) as pool:
                assert same(pool.apply_async(shared_work.compute, ("auto",)).get(200), here), method
        jobs = [joblib.delayed(shared_work.compute)("auto") for _ in range(2)]
        for found in joblib.Parallel(2, inner_max_num_threads=1, backend="loky")(jobs):
            assert same(found, here)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for found in pool.map(shared_work.compute, ["auto"] * 2):
                assert same(found, here)
    """
    run(script, PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))


# --- threads ------------------------------------------------------------------------------------


def test_results_do_not_depend_on_other_threads():
    script = """
    import threading
    torch.set_num_threads(2)
    model = RNNClassifier(max_epochs=1, random_state=0, backend="torch").fit(X, Y)
    expected = model.predict_proba(X)
    done, seen = threading.Event(), set()

    def predict():
        while not done.is_set():
            model.predict(X)

    def look():  # what threads of the user's see
        while not done.is_set():
            thread = threading.Thread(target=lambda: seen.add(torch.get_num_threads()))
            thread.start()
            thread.join()

    beside = [threading.Thread(target=f) for f in (predict, look)]
    for thread in beside:
        thread.start()
    found = []

    def fit():
        for backend in ("torch", "auto", "torch"):
            again = RNNClassifier(max_epochs=1, random_state=0, backend=backend).fit(X, Y)
            found.append((backend, again.predict_proba(X)))

    for _ in range(4):
        thread = threading.Thread(target=fit)
        thread.start()
        thread.join()
    done.set()
    for thread in beside:
        thread.join()
    fused = next(proba for backend, proba in found if backend == "auto")
    for backend, proba in found:
        assert np.array_equal(proba, fused if backend == "auto" else expected), backend
    assert seen == {2}, seen
    """
    run(script)


def test_torch_threads_are_set_for_one_thread_only():
    before = torch.get_num_threads()
    with torch_threads(before + 2):
        assert torch.get_num_threads() == before + 2
        seen = []
        other = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        other.start()
        other.join()
        with torch_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == before + 2
    assert torch.get_num_threads() == before
    assert before + 2 not in seen


MODES = {
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "another device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_torch_modes_of_the_calling_thread_have_no_effect(mode, backend):
    model = RNNClassifier(hidden_size=4, max_epochs=2, random_state=0, backend=backend)
    expected = model.fit(X, Y).predict_proba(X)
    more = clone(model).partial_fit(X, Y).partial_fit(X, Y).predict_proba(X)
    with MODES[mode]():
        inside = clone(model).fit(X, Y)
        assert np.array_equal(inside.predict_proba(X), expected)
        assert np.array_equal(inside.predict_proba(X[:2]), expected[:2])
        again = clone(model).partial_fit(X, Y)
        assert np.array_equal(again.partial_fit(X, Y).predict_proba(X), more)
    assert np.array_equal(inside.predict_proba(X), expected)
    inside.set_params(warm_start=True).fit(X, Y)  # its weights can be trained outside


# --- interruption -------------------------------------------------------------------------------


class Interrupt(Callback):
    """Raises a signal in the main thread during training."""

    def __init__(self, number, epoch=2):
        self.number, self.epoch = number, epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            os.kill(os.getpid(), self.number)


class OutOfTimeError(Exception):
    pass


@pytest.fixture
def alarms():
    """Turn SIGUSR1 into an exception and SIGTERM into SystemExit, as time limits do."""

    def raise_time_out(number, frame):
        raise OutOfTimeError

    def leave(number, frame):
        sys.exit(3)

    handlers = {
        signal.SIGUSR1: raise_time_out,
        signal.SIGTERM: leave,
        signal.SIGINT: signal.default_int_handler,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def none_trains():
    return not any(thread.name == "sk_rnn" for thread in threading.enumerate())


ENDS = {"time-out": (signal.SIGUSR1, OutOfTimeError), "SIGTERM": (signal.SIGTERM, SystemExit)}


@linux
@pytest.mark.parametrize("end", ENDS)
def test_exceptions_in_the_main_thread_end_the_training_thread(alarms, end):
    number, error = ENDS[end]
    model = RNNClassifier(hidden_size=4, max_epochs=10**6, random_state=0)
    with pytest.raises(error):
        model.set_params(callbacks=[Interrupt(number)]).fit(X, Y)
    assert none_trains()
    assert not hasattr(model, "net_")


@linux
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_aborted_warm_start_is_undone(alarms, end, method):
    number, error = ENDS[end]
    model = RNNClassifier(hidden_size=4, max_epochs=3, random_state=0, warm_start=True)
    model.fit(X, Y)
    before, proba, n_iter = dict(vars(model)), model.predict_proba(X), model.n_iter_
    epoch = 1 if method == "partial_fit" else 5
    model.set_params(callbacks=[Interrupt(number, epoch)], max_epochs=10**6)
    with pytest.raises(error):
        getattr(model, method)(X, Y)
    assert none_trains()
    assert np.array_equal(model.predict_proba(X), proba)
    assert (model.n_iter_, len(model.loss_curve_)) == (n_iter, n_iter)
    model.set_params(callbacks=None, max_epochs=3)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    undisturbed = RNNClassifier(hidden_size=4, max_epochs=3, random_state=0, warm_start=True)
    undisturbed.fit(X, Y)
    assert np.array_equal(model.fit(X, Y).predict_proba(X), undisturbed.fit(X, Y).predict_proba(X))


@linux
def test_ctrl_c_ends_a_search(alarms):
    model = RNNClassifier(
        hidden_size=4, max_epochs=500, random_state=0, callbacks=[Interrupt(signal.SIGINT)]
    )
    search = GridSearchCV(model, {"lr": [1e-3, 1e-2]}, cv=2, error_score="raise")
    for call in (
        lambda: search.fit(X, Y),
        lambda: cross_val_score(model, X, Y, cv=2),
        lambda: cross_val_score(make_pipeline("passthrough", model), X, Y, cv=2),
    ):
        with pytest.raises(KeyboardInterrupt):
            call()
    assert not hasattr(search, "cv_results_")
    assert none_trains()


@linux
def test_ctrl_c_keeps_the_model_of_a_direct_fit(alarms):
    model = RNNClassifier(
        hidden_size=4, max_epochs=500, random_state=0, callbacks=[Interrupt(signal.SIGINT)]
    )
    piped = make_pipeline(TimeDistributed(StandardScaler()), clone(model))
    for kept in (model, piped):
        with pytest.warns(UserWarning, match=r"interrupted in epoch \d+ of 500"):
            kept.fit(X, Y)
        assert set(kept.predict(X)) <= {0, 1}
    assert none_trains()


@linux
def test_aborted_prediction_ends_its_thread(alarms):
    model = RNNClassifier(hidden_size=4, max_epochs=1, random_state=0).fit(X, Y)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    many = [x for x in X for _ in range(200)]

    def predict_on():
        while True:
            model.predict(many)

    timer.start()
    with pytest.raises(OutOfTimeError):
        predict_on()
    assert none_trains()
    assert np.array_equal(model.predict(X), model.predict(X))
