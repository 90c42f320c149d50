"""Memory of this process, and measurements in separate processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def _status_bytes(field: str) -> int | None:
    """Return one of the sizes that Linux reports for this process."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(found[0]) * 1024 if found else None  # Linux counts in KiB


def peak_bytes() -> int:
    """Peak resident size of this process so far, or since `reset_peak`.

    From the status file if there is one, because ``getrusage`` includes the peak of the parent.
    """
    peak = _status_bytes("VmHWM")
    if peak is not None:
        return peak
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_bytes() -> int:
    """Current resident size of this process; its peak if the system does not provide it."""
    return _status_bytes("VmRSS") or peak_bytes()


def reset_peak() -> None:
    """Reset the peak of `peak_bytes`, if the system allows it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def run_child(script: str, request: dict, threads: int, **variables: str) -> dict:
    """Run ``script --child request`` in a separate process; return the JSON that it prints last."""
    command = [sys.executable, script, "--child", json.dumps(request)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)} | variables
    output = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(output.stdout.splitlines()[-1])
