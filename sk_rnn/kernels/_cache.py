"""Compiled kernels on disk.

Numba's own cache looks at the source of a function only, not at those of the functions that become
parts of it, and one index for all signatures makes it fail on a damaged file and confuse kernels
that two processes compile at the same time. Here each compiled function is a file of its own,
whose name says what it was compiled from and for, and which is used only if it is whole.
"""

import contextlib
import hashlib
import importlib.util
import os
import pickle
import pkgutil
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from ._preparation import about_to_compile, not_kept

_SUFFIX = ".kernel"
_DIGEST_SIZE = hashlib.sha256().digest_size
_BESIDE_THE_SOURCE = Path(__file__).parent / "__pycache__"


class KernelCache(NullCache):
    """What Numba asks for a compiled function before it compiles, and hands it to afterwards.

    Nothing here fails: what cannot be read is compiled, and what cannot be written is not kept.

    Parameters
    ----------
    function : function
        Of this package.
    """

    def __init__(self, function: Callable[..., Any]):
        cells = function.__closure__ or ()
        self._name = function.__name__
        self._identity = (
            function.__module__,
            function.__qualname__,
            tuple(cell.cell_contents for cell in cells),
        )

    @property
    def cache_path(self) -> str:
        """The first directory that is looked into."""
        return str(directories()[0])

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for this signature; None if it has to be compiled."""
        target_context.refresh()
        found = None
        try:
            found = self._load(sig, target_context)
        except MemoryError:
            raise
        except Exception:  # it can still be compiled, whatever the reason
            pass
        if found is None:
            about_to_compile()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for this signature in the first directory that takes it."""
        try:
            self._save(sig, data)
        except MemoryError:
            raise
        except Exception as error:  # it can still be used
            not_kept(error)

    def _load(self, sig: Any, target_context: Any) -> Any:
        key = self._key(sig, target_context.codegen())
        for directory in directories():
            payload = _read(directory / self._file_name(key), key)
            if payload is not None:
                return CompileResult._rebuild(target_context, *pickle.loads(payload))
        return None

    def _save(self, sig: Any, data: Any) -> None:
        if not _SOURCES or data.lifted or data.library.has_dynamic_globals:
            return
        key = self._key(sig, data.codegen)
        payload = dumps(data._reduce())
        faults: list[Exception] = []
        for directory in directories():
            try:
                _write(directory / self._file_name(key), _checksum(key, payload) + payload)
            except (OSError, ValueError) as error:
                faults.append(error)
                continue
            if directory == _BESIDE_THE_SOURCE:
                drop_outdated(directory)
            return
        if faults:
            raise faults[0]

    def _key(self, sig: Any, codegen: Any) -> str:
        """Digest of all that the machine code depends on."""
        environment = (
            numba.__version__,
            llvmlite.__version__,
            sys.implementation.cache_tag,
            getattr(sys, "abiflags", ""),
            # Code that calls Intel's vector functions ends a process that lacks them.
            bool(getattr(numba.config, "USING_SVML", False)),
            codegen.magic_tuple(),  # processor and its features
        )
        return _hex_digest(repr((_SOURCES, environment, self._identity, sig)))

    def _file_name(self, key: str) -> str:
        return f"{self._name}-{_SOURCES[:12]}-{key[:32]}{_SUFFIX}"


def directories() -> list[Path]:
    """Where compiled kernels may be, the best place first.

    As Numba has it: the directory that NUMBA_CACHE_DIR names, the one beside the source, the
    user's. Whether they can be read and written shows when that is tried.
    """
    found = [_BESIDE_THE_SOURCE]
    if numba.config.CACHE_DIR:  # type: ignore[attr-defined]
        found.insert(0, Path(os.path.abspath(numba.config.CACHE_DIR)) / "sk_rnn")  # type: ignore[attr-defined]
    with contextlib.suppress(Exception):
        from numba.misc.appdirs import AppDirs

        users = Path(AppDirs(appname="numba", appauthor=False).user_cache_dir)
        if users.is_absolute():  # without a home it begins with "~"
            found.append(users / "sk_rnn")
    return found


def drop_outdated(directory: Path) -> None:
    """Delete what was compiled from other sources, and what former versions let Numba keep."""
    with contextlib.suppress(OSError):
        for path in directory.iterdir():
            outdated = _SUFFIX in path.suffixes and f"-{_SOURCES[:12]}-" not in path.name
            if outdated or path.suffix in (".nbi", ".nbc"):
                with contextlib.suppress(OSError):  # another process was quicker, or has it open
                    path.unlink()


def _read(path: Path, key: str) -> bytes | None:
    """Return what was written under this name and key; None if it is not there or not whole."""
    try:
        content = path.read_bytes()
    except (OSError, ValueError):
        return None
    payload = content[_DIGEST_SIZE:]
    return payload if content[:_DIGEST_SIZE] == _checksum(key, payload) else None


def _write(path: Path, content: bytes) -> None:
    """Write a file that other processes see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex[:16]}.tmp")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _checksum(key: str, payload: bytes) -> bytes:
    return hashlib.sha256(key.encode() + payload).digest()


def _hex_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of_sources() -> str:
    """Digest of all modules of this package, as files, in a zip or without sources.

    "" if a loader does not hand them out: then nothing may be kept.
    """
    package = str(__package__)
    try:
        names = {module.name for module in pkgutil.iter_modules(sys.modules[package].__path__)}
        loaded = {name for name in sys.modules if name.startswith(f"{package}.")}
        modules = {f"{package}.{name}" for name in names} | {package}
        if not loaded <= modules:
            return ""
        digest = hashlib.sha256()
        for module in sorted(modules):
            spec: Any = importlib.util.find_spec(module)
            source = spec.loader.get_data(spec.origin)
            digest.update(f"{module} {len(source)}\n".encode())
            digest.update(source)
        return digest.hexdigest()
    except (ImportError, AttributeError, OSError, TypeError, ValueError):
        return ""


_SOURCES = _digest_of_sources()
