"""The exercises print what they promise in under 15 lines."""

import subprocess
import sys

import pytest

from .pages import EXAMPLES, ROOT

NAMES = sorted(path.name for path in (EXAMPLES / "exercises").glob("*.py"))
PRINTED = {
    "next_character.py": "hello world\n",
    "next_word.py": (
        "the more you see the less you know the more you know the less you understand\n"
    ),
    "sentiment.py": "positive negative positive\n",
}


def run(name):
    """Return what an exercise prints; warnings are errors."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / "exercises" / name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", PRINTED)
def test_exercise_prints_its_answer(name):
    assert run(name) == PRINTED[name]


def test_exercise_next_number():
    text, number = run("next_number.py").split("->")
    assert text == "8, 9, 10 "
    assert float(number) == pytest.approx(11, abs=0.5)


@pytest.mark.parametrize("name", NAMES)
def test_exercise_is_under_15_lines(name):
    assert len((EXAMPLES / "exercises" / name).read_text(encoding="utf-8").splitlines()) < 15


def test_every_exercise_is_run():
    assert sorted([*PRINTED, "next_number.py"]) == NAMES
