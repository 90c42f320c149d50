"""Kernels are compiled before they are needed; torch is used if this fails."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("numba")

import numba

import sk_rnn
from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.kernels import (
    _adam,
    _cache,
    _head,
    _layer,
    _pooling,
    _preparation,
    _product,
    prepare,
)
from sk_rnn.kernels import why_unavailable as why
from sk_rnn.kernels._events import EVENTS
from sk_rnn.kernels._jit import jit
from sk_rnn.kernels._preparation import _Status
from sk_rnn.training import _runtime

F32 = torch.float32
X = [np.sin(np.arange(2.0 * n)).reshape(n, 2) for n in (5, 9, 3, 7, 8, 4, 6, 5)]
LABELS = [0, 1] * 4
SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}


@pytest.fixture
def fresh(monkeypatch):
    """Reset the state of the kernels in this process."""
    monkeypatch.setattr(_preparation, "_status", _Status())
    monkeypatch.setattr(EVENTS, "write_error", None)


def broken(tmp_path, monkeypatch, statement):
    """Shadow Numba with a package that runs ``statement`` when imported."""
    package = tmp_path / "numba"
    package.mkdir()
    (package / "__init__.py").write_text(f"import sys\n{statement}\n")
    for name in list(sys.modules):
        if name.partition(".")[0] == "numba":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)


# --- Numba that is missing or broken ------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("raise ImportError('needs NumPy 2.0 or less')", "ImportError: needs NumPy 2.0 or less"),
        ("raise OSError('no such shared object')", "OSError: no such shared object"),
        ("raise AttributeError('no _ARRAY_API')", "AttributeError: no _ARRAY_API"),
        ("raise SystemError('initialization failed')", "SystemError: initialization failed"),
        ("raise RuntimeError('old\\nlibrary')", "RuntimeError: old library"),
        ("raise KeyError('x' * 400)", f"KeyError: '{'x' * 299}..."),
        ("", "ModuleNotFoundError: No module named 'numba.core'"),
        ("core = 0", "ModuleNotFoundError: No module named 'numba.core'"),
    ],
)
def test_a_numba_that_cannot_be_imported_is_a_reason(fresh, tmp_path, monkeypatch, statement, told):
    broken(tmp_path, monkeypatch, statement)
    assert told in why()
    assert why().startswith("Numba cannot be imported (")
    assert prepare("gru", F32, training=True) == why()
    (tmp_path / "numba" / "__init__.py").write_text("raise SystemExit")  # not retried
    assert told in why()


def test_a_module_without_a_spec_is_a_reason(fresh, monkeypatch):
    monkeypatch.setattr(numba, "__spec__", None)  # find_spec raises ValueError
    assert why() == "Numba cannot be imported (ValueError: numba.__spec__ is None)"


def test_missing_numba_is_a_reason_but_may_be_installed_later(fresh, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "numba", None)
        assert why() == "Numba is not installed"
        assert prepare("gru", F32, training=True) == "Numba is not installed"
    assert why() == ""


@pytest.mark.parametrize("kind", [MemoryError, KeyboardInterrupt, SystemExit])
def test_errors_not_from_numba_are_raised(fresh, tmp_path, monkeypatch, kind):
    with monkeypatch.context() as patch:
        broken(tmp_path, patch, f"raise {kind.__name__}")
        with pytest.raises(kind):
            why()
    assert why() == ""


@pytest.mark.parametrize("kind", [OSError, SystemError, AttributeError, RecursionError, Warning])
def test_a_kernel_that_cannot_be_compiled_is_a_reason(fresh, monkeypatch, kind):
    def failing(*_, **__):
        raise kind("LLVM is broken")

    monkeypatch.setattr(_pooling, "pool", failing)
    told = f"Numba cannot compile the kernels ({kind.__name__}: LLVM is broken)"
    assert prepare("gru", F32, training=False) == told
    assert why() == told
    monkeypatch.undo()


@pytest.mark.parametrize("kind", [MemoryError, KeyboardInterrupt, SystemExit])
def test_errors_not_from_the_compiler_are_raised(fresh, monkeypatch, kind):
    def failing(*_, **__):
        raise kind

    with monkeypatch.context() as patch:
        patch.setattr(_pooling, "pool", failing)
        with pytest.raises(kind):
            prepare("gru", F32, training=False)
    assert prepare("gru", F32, training=False) == ""


KINDS = {
    RNNClassifier: LABELS,
    RNNRegressor: LABELS,
    Seq2SeqTransformer: ["ab", "b", "a", "ba"] * 2,
}


@pytest.mark.parametrize("fault", ["import", "compilation"])
def test_torch_computes_with_one_warning_if_numba_fails(fresh, tmp_path, monkeypatch, fault):
    saved = [pickle.dumps(kind(**SMALL).fit(X, y)) for kind, y in KINDS.items()]
    monkeypatch.setattr(_preparation, "_status", _Status())
    if fault == "import":
        broken(tmp_path, monkeypatch, "raise OSError('libLLVM is missing')")
        told = "Numba cannot be imported (OSError: libLLVM is missing)"
    else:

        def failing(*_, **__):
            raise SystemError("libLLVM is broken")

        monkeypatch.setattr(_layer, "pack_for_forward", failing)
        told = "Numba cannot compile the kernels (SystemError: libLLVM is broken)"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for (kind, y), data in zip(KINDS.items(), saved, strict=True):
            loaded = pickle.loads(data)
            model = kind(**SMALL).fit(X, y)
            assert loaded.net_.backend == model.net_.backend == "torch"
            assert len(loaded.predict(X)) == len(model.predict(X)) == len(X)
            assert kind(**SMALL, backend="torch").fit(X, y).net_.backend == "torch"
    assert [str(warning.message) for warning in caught] == [
        f"{told}, so recurrences run in torch, several times slower. Reinstall it with: pip "
        "install --upgrade --force-reinstall numba llvmlite. Or set backend='torch' to hide this "
        "warning."
    ]
    for kind, y in KINDS.items():
        with pytest.raises(ImportError) as raised:
            kind(**SMALL, backend="numba").fit(X, y)
        assert str(raised.value) == (
            f"{kind.__name__}.fit: backend='numba' was requested, but {told}. Reinstall it with: "
            "pip install --upgrade --force-reinstall numba llvmlite. Or set backend='auto'."
        )


# --- preparing ----------------------------------------------------------------------------------


def kernels():
    runs = [*_layer._FORWARD.values(), *_layer._BACKWARD.values()]
    return [
        *runs,
        _product.pack_for_forward,
        _product.pack_for_backward,
        _pooling.pool,
        _pooling.spread,
        _head.head_forward,
        _head.head_backward,
        _head.cross_entropy,
        _adam.clip,
        _adam.adam_step,
    ]


def n_compiled():
    return sum(len(kernel.signatures) for kernel in kernels())


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("cell", ["rnn_tanh", "rnn_relu", "gru", "lstm"])
def test_after_preparing_nothing_more_is_compiled(fresh, monkeypatch, cell, precision):
    dtype = getattr(torch, precision)
    assert prepare(cell, dtype, training=True) == ""
    before = n_compiled()
    monkeypatch.setattr(_layer, "_MIN_WORK_PER_THREAD", 1)
    kind = {**SMALL, "cell": cell, "precision": precision}
    for more in (
        {"num_layers": 2, "recurrent_dropout": 0.5},
        {"bidirectional": False, "tbptt_steps": 4, "early_stopping": True},
        {"pooling": "last", "hidden_size": 1},
    ):
        model = RNNClassifier(**{**kind, **more}).fit(X, LABELS)
        assert model.net_.backend == "numba"
        model.predict(X)
        model.predict(X[:1])
    RNNRegressor(**kind, return_sequences=True).fit(X, [x[:, 0] for x in X]).predict(X)
    Seq2SeqTransformer(**kind).fit(X, KINDS[Seq2SeqTransformer]).predict(X)
    assert n_compiled() == before


def test_strided_lengths_need_no_compilation():
    assert prepare("gru", F32, training=True) == ""
    before = n_compiled()
    weights = [_layer.DirectionWeights(*torch.nn.GRU(1, 1).parameters())]
    lengths = torch.tensor([3]).expand(2)
    x = torch.ones(3, 2, 1)
    _layer.run_layer("gru", x, lengths, weights, None, None)[0].sum().backward()
    states = torch.ones(3, 2, 1, requires_grad=True)
    _pooling.MeanMaxLast.apply(states, lengths, 1).sum().backward()
    assert n_compiled() == before


def test_preparing_is_done_once(fresh, monkeypatch):
    assert prepare("gru", F32, training=True) == ""

    def failing(*_, **__):
        raise AssertionError("compiled again")

    monkeypatch.setattr(_layer, "try_out", failing)
    assert prepare("gru", F32, training=True) == ""
    assert prepare("gru", F32, training=False) == ""  # some of the kernels
    assert "compiled again" in prepare("lstm", F32, training=False)


def identity(n):
    return n


@pytest.fixture
def small(fresh, tmp_path, monkeypatch):
    """Two kernels that compile quickly, in the state of a new process."""

    def as_new_process():
        monkeypatch.setattr(_preparation, "_status", _Status())
        kernel = jit(identity)
        monkeypatch.setattr(_layer, "try_out", lambda *_, **__: kernel(1))
        monkeypatch.setattr(_pooling, "try_out", lambda *_, **__: kernel(1.0))

    monkeypatch.setattr(_cache, "directories", lambda: [tmp_path])
    as_new_process()
    return as_new_process


def test_announce_is_called_for_compilation_but_not_for_loading(small):
    seen = []

    def announce():
        seen.append(threading.current_thread())

    assert prepare("gru", F32, training=True, announce=announce) == ""
    assert seen == [threading.current_thread()]  # once for both
    small()
    assert prepare("gru", F32, training=True, announce=announce) == ""
    assert len(seen) == 1


def test_errors_of_announce_are_raised_and_are_not_failures(small):
    def failing():
        raise BrokenPipeError("nobody reads this")

    with pytest.raises(BrokenPipeError):
        prepare("gru", F32, training=True, announce=failing)
    assert prepare("gru", F32, training=True) == ""


def test_kernels_that_cannot_be_saved_warn_once(small, tmp_path, monkeypatch):
    monkeypatch.setattr(_cache, "directories", lambda: [tmp_path / "file" / "sk_rnn"])
    (tmp_path / "file").write_text("")
    told = r"not be written to disk \(NotADirectoryError: .* NUMBA_CACHE_DIR"
    with pytest.warns(UserWarning, match=told):
        assert prepare("gru", F32, training=True) == ""
    assert prepare("lstm", F32, training=True) == ""  # without a second warning


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no such signal here")
def test_a_signal_while_waiting_is_raised_and_is_not_a_failure(small, monkeypatch):
    go_on = threading.Event()

    def time_out(*_):
        raise TimeoutError("took too long")

    monkeypatch.setattr(_layer, "try_out", lambda *_, **__: go_on.wait(60))
    before = signal.signal(signal.SIGALRM, time_out)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TimeoutError, match="took too long"):
            prepare("gru", F32, training=True)
    finally:
        signal.signal(signal.SIGALRM, before)
        go_on.set()
    assert prepare("gru", F32, training=True) == ""


def test_without_a_new_thread_the_caller_compiles(small, monkeypatch):
    def refusing(self):
        raise RuntimeError("can't start new thread")

    announced = []
    monkeypatch.setattr(threading.Thread, "start", refusing)
    assert prepare("gru", F32, training=True, announce=lambda: announced.append(1)) == ""
    assert announced == [1]


def test_threads_that_prepare_at_once_compile_once(small, monkeypatch):
    calls = []
    monkeypatch.setattr(_layer, "try_out", lambda *_, **__: (time.sleep(0.2), calls.append(1)))
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(prepare, "gru", F32, training=True) for _ in range(4)]
    assert [each.result() for each in waiting] == [""] * 4
    assert calls == [1]


def test_threads_that_prepare_at_once_fail_once(small, monkeypatch):
    calls = []

    def failing(*_, **__):
        calls.append(1)
        time.sleep(0.2)
        raise OSError("broken")

    monkeypatch.setattr(_layer, "try_out", failing)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(prepare, "gru", F32, training=True) for _ in range(4)]
    told = "Numba cannot compile the kernels (OSError: broken)"
    assert [each.result() for each in waiting] == [told] * 4
    assert calls == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_model_prepares_prediction_and_a_later_fit_the_rest(fresh, monkeypatch, kind):
    monkeypatch.setattr(_runtime, "why_unavailable", why)  # regardless of the option of the tests
    data = pickle.dumps(kind(**SMALL).fit(X, KINDS[kind]))
    monkeypatch.setattr(_preparation, "_status", _Status())
    model = pickle.loads(data)
    assert _preparation._status.prepared == {("gru", F32, False)}
    model.predict(X)
    model.set_params(warm_start=True).fit(X, KINDS[kind])
    assert _preparation._status.prepared == {("gru", F32, False), ("gru", F32, True)}


@pytest.mark.parametrize("params", [{"backend": "torch"}, {"precision": "bf16"}])
def test_nothing_is_prepared_if_torch_is_used(fresh, params):
    RNNClassifier(**SMALL, **params).fit(X, LABELS)
    assert not _preparation._status.prepared
    assert not _preparation._status.imported


# --- forks --------------------------------------------------------------------------------------

FORKS = """
    import os, signal, threading, time, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: the point
    import torch
    torch.set_num_threads(1)
    from sk_rnn.kernels import DirectionWeights, _cache, prepare, recurrent_layer
    _cache.directories = lambda: []  # everything is compiled

    def use():
        assert prepare("rnn_relu", torch.float32, training=False) == ""
        weights = DirectionWeights(*(torch.ones(n) for n in ((1, 1), (1, 1), (1,), (1,))))
        x = torch.ones(2, 1, 1)
        print(recurrent_layer("rnn_relu", x, torch.tensor([2]), [weights])[0].flatten().tolist())

    def in_child(function):
        child = os.fork()
        if child == 0:
            signal.alarm(100)
            function()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    compiling = threading.Event()
    arguments = {"training": False, "announce": compiling.set}
    other = threading.Thread(target=prepare, args=("rnn_relu", torch.float32), kwargs=arguments)
    other.start()
    assert compiling.wait(100)
    in_child(lambda: print("forked", flush=True) or use())  # while it compiles
    other.join()
    in_child(use)  # what the parent has compiled

    import numba
    from numba.core.compiler_lock import global_compiler_lock

    def compile_for_long():
        with global_compiler_lock:
            compiling.set()
            time.sleep(0.5)

    compiling.clear()
    other = threading.Thread(target=compile_for_long)
    other.start()
    compiling.wait()
    in_child(lambda: print(numba.njit(lambda n: n + 1)(1)))  # while the user compiles
    other.join()
    use()
    print(numba.njit(lambda n: n + 1)(2))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_compiles_leaves_no_lock_behind():
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(sk_rnn.__file__).parent.parent),
        "PYTHONUNBUFFERED": "1",
    }
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FORKS)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    states = "[3.0, 6.0]"
    expected = ["forked", states, states, "2", states, "3"]
    assert result.stdout.splitlines() == expected, result.stderr
