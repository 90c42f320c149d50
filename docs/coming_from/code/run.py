"""Run the models of other libraries, each in an environment with the versions that its file names.

    python docs/coming_from/code/run.py              # all of them
    python docs/coming_from/code/run.py keras aeon   # some

The environments are created once, in .venv-coming-from-* at the root of the project.
"""

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

CODE = Path(__file__).resolve().parent
ROOT = CODE.parents[2]


def dependencies(script: Path) -> list[str]:
    """Return the requirements in the script's inline metadata (PEP 723)."""
    block = re.search(r"^# /// script\n((?:#.*\n)+?)# ///$", script.read_text("utf-8"), re.M)
    assert block is not None, f"{script}: no inline metadata"
    return tomllib.loads(re.sub(r"^# ?", "", block.group(1), flags=re.M))["dependencies"]


def environment(script: Path) -> Path:
    """Return the Python of the script's environment, which is created if it is missing."""
    name = script.stem.removesuffix("_model")
    folder = ROOT / f".venv-coming-from-{name}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", *dependencies(script)]
        subprocess.run(install, check=True)
        (folder / "complete").touch()
    return python


def main(names: list[str]) -> int:
    """Run the scripts, and return the number of those that failed."""
    names = names or sorted(path.stem.removesuffix("_model") for path in CODE.glob("*_model.py"))
    failed = 0
    for name in names:
        script = CODE / f"{name}_model.py"
        print(f"--- {name}: {', '.join(dependencies(script))}", flush=True)
        # One thread is faster on data this small.
        settings = os.environ | {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run([str(environment(script)), str(script)], env=settings, check=False)
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
