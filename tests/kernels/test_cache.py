"""Compiled kernels on disk: used only if they are complete and compiled from the same sources."""

import compileall
import errno
import importlib
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

pytest.importorskip("numba")

import llvmlite
import numba

import sk_rnn
from sk_rnn.kernels import _cache, _jit, _preparation
from sk_rnn.kernels._events import EVENTS
from sk_rnn.kernels._preparation import _Status

PACKAGE = Path(sk_rnn.__file__).parent


def successor(n):
    return n + 1


def halved(n):
    return n // 2


def scaled_by(factor):
    def scaled(n):
        return factor * n

    return scaled


def run(function, n=4):
    """Compile or read ``function`` as a new process would: its value, and whether it was read."""
    compiled = _jit.jit(function)
    value = compiled(n)
    return value, sum(compiled.stats.cache_hits.values()) == 1


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Two directories for compiled kernels; the second is created when it is needed."""
    found = [tmp_path / "first", tmp_path / "second"]
    monkeypatch.setattr(_cache, "directories", lambda: found)
    monkeypatch.setattr(_preparation, "_status", _Status())
    monkeypatch.setattr(EVENTS, "write_error", None)
    return found


def files(place):
    return sorted(place.glob("*")) if place.is_dir() else []


def test_compiled_functions_are_read_from_disk(places):
    assert run(successor) == (5, False)
    assert run(successor) == (5, True)
    assert len(files(places[0])) == 1
    assert run(halved) == (2, False)
    compiled = _jit.jit(successor)  # for other types it is another kernel
    assert compiled(4.0) == 5.0
    assert not compiled.stats.cache_hits
    assert len(files(places[0])) == 3
    assert not files(places[1])
    assert compiled.stats.cache_path == str(places[0])


def test_functions_that_differ_in_a_closure_are_cached_separately(places):
    assert run(scaled_by(2)) == (8, False)
    assert run(scaled_by(3)) == (12, False)
    assert run(scaled_by(2)) == (8, True)


def shortened(content):
    return content[: len(content) // 2]


def with_a_flipped_bit(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def of_numba(content):
    return pickle.dumps(numba.__version__) + pickle.dumps((0, {}))


def checked_but_unreadable(content):
    (path,) = _cache.directories()[0].glob("*")
    key = next(key for key in KEYS if key[:32] in path.name)
    payload = b"no pickle"
    return _cache._checksum(key, payload) + payload


KEYS = []


@pytest.mark.parametrize(
    "damaged",
    [
        lambda content: b"",
        lambda content: content[:10],
        shortened,
        with_a_flipped_bit,
        lambda content: content + b"\0",
        lambda content: b"\x80\x05garbage" * 1000,
        of_numba,
        checked_but_unreadable,
    ],
)
def test_a_damaged_file_is_compiled_again_and_replaced(places, monkeypatch, damaged):
    key_of = _cache.KernelCache._key

    def remembered(self, sig, codegen):
        KEYS.append(key_of(self, sig, codegen))
        return KEYS[-1]

    monkeypatch.setattr(_cache.KernelCache, "_key", remembered)
    run(successor)
    (path,) = files(places[0])
    whole = path.read_bytes()
    path.write_bytes(damaged(whole))
    assert path.read_bytes() != whole
    assert run(successor) == (5, False)
    assert run(successor) == (5, True)
    assert files(places[0]) == [path]
    assert EVENTS.write_error is None


def test_a_file_of_another_kernel_under_this_name_is_not_used(places):
    run(scaled_by(2))
    (two,) = files(places[0])
    run(scaled_by(3))
    (three,) = set(files(places[0])) - {two}
    shutil.copy(two, three)
    assert run(scaled_by(3)) == (12, False)


def test_second_cache_directory_is_used_if_the_first_is_not_writable(places):
    places[0].write_text("a file")
    assert run(successor) == (5, False)
    assert run(successor) == (5, True)
    assert len(files(places[1])) == 1
    assert EVENTS.write_error is None


def test_a_directory_with_the_name_of_the_file_does_not_raise(places):
    run(successor)
    (path,) = files(places[0])
    path.unlink()
    path.mkdir()
    assert run(successor) == (5, False)
    assert run(successor) == (5, True)
    assert len(files(places[1])) == 1


def test_a_directory_that_was_removed_is_made_again(places):
    run(successor)
    shutil.rmtree(places[0])
    assert run(successor) == (5, False)
    assert run(successor) == (5, True)


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def full_after_some_bytes(self, content):
    with open(self, "wb") as file:
        file.write(content[:100])
    full()


def forbidden(*_, **__):
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    ("owner", "name", "failing"),
    [
        (os, "replace", full),
        (os, "replace", forbidden),
        (Path, "write_bytes", full_after_some_bytes),
        (Path, "mkdir", forbidden),
        (_cache, "dumps", forbidden),
    ],
)
def test_functions_that_cannot_be_saved_are_compiled(places, monkeypatch, owner, name, failing):
    monkeypatch.setattr(owner, name, failing)
    assert run(successor) == (5, False)
    assert run(successor) == (5, False)
    assert not files(places[0])
    assert not files(places[1])
    assert isinstance(EVENTS.write_error, OSError)


def test_a_file_that_cannot_be_read_is_compiled_again(places, monkeypatch):
    run(successor)
    monkeypatch.setattr(Path, "read_bytes", forbidden)
    assert run(successor) == (5, False)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(_cache, "_SOURCES"), (numba, "__version__"), (llvmlite, "__version__")],
)
def test_functions_compiled_by_other_versions_are_not_used(places, monkeypatch, owner, name):
    run(successor)
    monkeypatch.setattr(owner, name, "0" * 64)
    assert run(successor) == (5, False)
    assert run(successor) == (5, True)
    monkeypatch.undo()
    monkeypatch.setattr(_cache, "directories", lambda: places)
    assert run(successor) == (5, True)


def test_without_a_digest_of_the_sources_nothing_is_cached(places, monkeypatch):
    monkeypatch.setattr(_cache, "_SOURCES", "")
    assert run(successor) == (5, False)
    assert run(successor) == (5, False)
    assert not files(places[0])
    assert EVENTS.write_error is None


def test_numba_with_another_cache_interface_compiles_without_cache(places, monkeypatch):
    monkeypatch.setattr(_jit, "KernelCache", None)
    assert _jit.jit(successor)(4) == 5
    assert not files(places[0])


def test_outdated_files_next_to_the_source_are_deleted(places, monkeypatch):
    places[0].mkdir()
    old = ["a.nbi", "a.1.nbc", "run-000000000000-1.kernel", "run-000000000000-1.kernel.ab.tmp"]
    kept = ["_jit.cpython-311.pyc", f"run-{_cache._SOURCES[:12]}-1.kernel.ab.tmp"]
    for name in old + kept:
        (places[0] / name).write_text("")
    run(successor)  # not beside the source, where other versions may keep theirs
    assert len(files(places[0])) == len(old + kept) + 1
    monkeypatch.setattr(_cache, "_SOURCE_CACHE", places[0])
    run(halved)
    names = [path.name for path in files(places[0])]
    assert set(kept) < set(names)
    assert not set(old) & set(names)
    assert len(names) == len(kept) + 2


def test_directories_are_those_of_numba(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    beside, users = _cache.directories()
    assert beside == PACKAGE / "kernels" / "__pycache__"
    assert users.name == "sk_rnn"
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert _cache.directories() == [tmp_path / "sk_rnn", beside, users]
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # no home directory
    monkeypatch.setattr("numba.misc.appdirs.system", "linux2")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert _cache.directories() == [tmp_path / "sk_rnn", beside]


# --- whole processes ----------------------------------------------------------------------------

# One cell and one pass, which take few seconds to compile.
STATES = """
    import sys, warnings
    warnings.simplefilter("error")
    import torch
    from sk_rnn.kernels import DirectionWeights, prepare, recurrent_layer
    announced = []
    reason = prepare(
        "rnn_relu", torch.float32, training=False, announce=lambda: announced.append(1)
    )
    assert not reason, reason
    weights = DirectionWeights(*(torch.ones(n) for n in ((1, 1), (1, 1), (1,), (1,))))
    states, _ = recurrent_layer("rnn_relu", torch.ones(2, 1, 1), torch.tensor([2]), [weights])
    print(states.flatten().tolist(), len(announced))
"""


def python(script, path=None, **environment):
    """Run a script in a separate process, with this package, or the one at ``path``."""
    own = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**own, "PYTHONPATH": str(path or PACKAGE.parent), **environment},
        cwd=path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def copy_package(target):
    shutil.copytree(PACKAGE, target / "sk_rnn", ignore=shutil.ignore_patterns("__pycache__"))
    return target


def test_kernels_of_other_sources_and_damaged_ones_are_not_used(tmp_path):
    copy_package(tmp_path)
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert python(STATES, tmp_path, **cache) == "[3.0, 6.0] 1"
    # Only what prediction requires.
    names = [path.name.partition("-")[0] for path in (tmp_path / "cache" / "sk_rnn").iterdir()]
    assert sorted(names) == ["pack_for_forward", "pool", "run_forward"]
    # A function that is inlined into others, in a separate file, with unchanged modification times.
    source = tmp_path / "sk_rnn" / "kernels" / "_cells.py"
    times = source.stat()
    text = source.read_text()
    assert "0 if total < 0 else total" in text
    source.write_text(text.replace("0 if total < 0 else total", "0 if total < 0 else 7.*total"))
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    for compiled in source.parent.glob("__pycache__/*.pyc"):
        compiled.unlink()
    assert python(STATES, tmp_path, **cache) == "[21.0, 168.0] 1"
    # Restored: kernels compiled from these sources still exist.
    source.write_text(text)
    assert python(STATES, tmp_path, **cache) == "[3.0, 6.0] 0"
    kept = list((tmp_path / "cache" / "sk_rnn").iterdir())
    assert len([path for path in kept if path.name.startswith("run_forward-")]) == 2
    for number, path in enumerate(kept):
        path.write_bytes([b"", b"\x80\x05junk", path.read_bytes()[:1000]][number % 3])
    assert python(STATES, tmp_path, **cache) == "[3.0, 6.0] 1"


@pytest.fixture
def digest_of(monkeypatch):
    """Return the digest that this package would have in another place."""

    def digest(place):
        spec = PathFinder.find_spec("sk_rnn.kernels", [os.fspath(place)])
        package = sys.modules["sk_rnn.kernels"]
        with monkeypatch.context() as patch:
            patch.setattr(package, "__spec__", spec)
            patch.setattr(package, "__path__", spec.submodule_search_locations)
            for name in list(sys.modules):
                if name.startswith("sk_rnn.kernels."):
                    patch.delitem(sys.modules, name)
            return _cache._digest_of_sources()

    return digest


def test_digest_covers_all_sources_wherever_they_are(tmp_path, digest_of):
    place = copy_package(tmp_path / "folder") / "sk_rnn"
    assert digest_of(place) == _cache._SOURCES
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", place.parent)
    assert digest_of(Path(archive) / "sk_rnn") == _cache._SOURCES
    for module in sorted((place / "kernels").glob("*.py")):
        text = module.read_text()
        module.write_text(text + "\n")
        assert digest_of(place) != _cache._SOURCES, module.name
        module.write_text(text)
    assert digest_of(place) == _cache._SOURCES
    (place / "kernels" / "_new.py").write_text("")
    assert digest_of(place) != _cache._SOURCES


def test_digest_without_sources_is_that_of_the_compiled_modules(tmp_path, digest_of):
    place = copy_package(tmp_path) / "sk_rnn"
    compileall.compile_dir(place, quiet=1, legacy=True)
    for module in place.rglob("*.py"):
        module.unlink()
    without = digest_of(place)
    assert len(without) == 64
    assert without != _cache._SOURCES
    module = place / "kernels" / "_cells.pyc"
    module.write_bytes(module.read_bytes() + b"x")
    importlib.invalidate_caches()
    assert digest_of(place) != without


def test_without_readable_sources_there_is_no_digest(monkeypatch):
    def unreadable(self, path):
        raise OSError(errno.ENOENT, path)

    loader = type(sys.modules["sk_rnn.kernels"].__spec__.loader)
    with monkeypatch.context() as patch:
        patch.setattr(loader, "get_data", unreadable)
        assert _cache._digest_of_sources() == ""
    monkeypatch.setattr(sys.modules["sk_rnn.kernels"], "__path__", [])
    assert _cache._digest_of_sources() == ""
