"""Compiled kernels on disk.

Numba's cache hashes the source of a function only, not the functions inlined into it, and its
single index for all signatures makes it fail on a damaged file and mix up kernels that two
processes compile at the same time. Here each compiled function is a separate file, whose name
encodes what it was compiled from and for, and which is used only if it is complete.
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

from ._events import EVENTS

_SUFFIX = ".kernel"
_DIGEST_SIZE = hashlib.sha256().digest_size
_SOURCE_CACHE = Path(__file__).parent / "__pycache__"


class KernelCache(NullCache):
    """Numba's interface for a cache of compiled functions.

    Never raises: a function that cannot be read is compiled, and one that cannot be written is not
    cached.

    Parameters
    ----------
    function : function
        A function of this package.
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
        """The first directory that is searched."""
        return str(directories()[0])

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load the compiled function for this signature; None if it must be compiled."""
        target_context.refresh()
        found = None
        try:
            found = self._load(sig, target_context)
        except MemoryError:
            raise
        except Exception:  # it can still be compiled
            pass
        if found is None:
            EVENTS.compiles()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Save the compiled function for this signature in the first writable directory."""
        try:
            self._save(sig, data)
        except MemoryError:
            raise
        except Exception as error:  # it can still be used
            EVENTS.write_error = error

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
            if directory == _SOURCE_CACHE:
                drop_outdated(directory)
            return
        if faults:
            raise faults[0]

    def _key(self, sig: Any, codegen: Any) -> str:
        """Digest of everything that the machine code depends on."""
        environment = (
            numba.__version__,
            llvmlite.__version__,
            sys.implementation.cache_tag,
            getattr(sys, "abiflags", ""),
            # Code that calls Intel's vector functions crashes a process without them.
            bool(getattr(numba.config, "USING_SVML", False)),
            codegen.magic_tuple(),  # processor and its features
        )
        return _hex_digest(repr((_SOURCES, environment, self._identity, sig)))

    def _file_name(self, key: str) -> str:
        return f"{self._name}-{_SOURCES[:12]}-{key[:32]}{_SUFFIX}"


def directories() -> list[Path]:
    """Directories for compiled kernels, in order of preference.

    As in Numba: NUMBA_CACHE_DIR, the directory of the source, the user's cache directory. Whether
    they are readable and writable is found out on access.
    """
    found = [_SOURCE_CACHE]
    if numba.config.CACHE_DIR:  # type: ignore[attr-defined]
        found.insert(0, Path(os.path.abspath(numba.config.CACHE_DIR)) / "sk_rnn")  # type: ignore[attr-defined]
    with contextlib.suppress(Exception):
        from numba.misc.appdirs import AppDirs

        users = Path(AppDirs(appname="numba", appauthor=False).user_cache_dir)
        if users.is_absolute():  # it starts with "~" if there is no home directory
            found.append(users / "sk_rnn")
    return found


def drop_outdated(directory: Path) -> None:
    """Delete files compiled from other sources, and Numba's own cache files of earlier versions."""
    with contextlib.suppress(OSError):
        for path in directory.iterdir():
            outdated = _SUFFIX in path.suffixes and f"-{_SOURCES[:12]}-" not in path.name
            if outdated or path.suffix in (".nbi", ".nbc"):
                with contextlib.suppress(OSError):  # another process deleted it, or has it open
                    path.unlink()


def _read(path: Path, key: str) -> bytes | None:
    """Return the data stored under this name and key; None if it is missing or incomplete."""
    try:
        content = path.read_bytes()
    except (OSError, ValueError):
        return None
    payload = content[_DIGEST_SIZE:]
    return payload if content[:_DIGEST_SIZE] == _checksum(key, payload) else None


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically."""
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
    """Digest of all modules of this package: as files, in a zip or without sources.

    "" if the loader does not provide them: then nothing may be cached.
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
