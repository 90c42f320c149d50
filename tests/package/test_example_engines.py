"""The example with engines reads long frames and predicts better than the mean."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "engine_run_to_failure.py"
DATA = Path(os.environ.get("SK_RNN_DATA", EXAMPLE.parents[2] / "shared" / "data"))


def errors(*arguments):
    """Run the example, warnings being errors, and return the printed errors by name."""
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(EXAMPLE), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    names = ("mean", "boosting", "network")
    return {row[0]: float(row[1]) for row in rows if len(row) == 2 and row[0] in names}


def test_simulated_engines():
    found = errors("--epochs", "15", "--hidden-size", "32")
    assert found["network"] < 0.6 * found["mean"]
    assert found["boosting"] < 0.6 * found["mean"]


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "reg_CMAPSS_FD001").is_dir(), reason="needs C-MAPSS FD001")
def test_turbofans():
    found = errors("--data", str(DATA))
    assert found["network"] < 18
    assert found["boosting"] < 15


def test_example_is_short():
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 150
