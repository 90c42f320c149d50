"""Contents of the wheel and of the source distribution."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]


def names(requirements):
    return {re.match(r"[\w-]+", requirement).group() for requirement in requirements}


def test_numba_is_a_dependency_and_the_extra_fast_still_exists():
    assert "numba" in names(PROJECT["project"]["dependencies"])
    assert EXTRAS["fast"] == []


def test_the_sdist_contains_all_files_that_tests_read():
    included = {
        entry.removeprefix("/")
        for entry in PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    }
    assert {entry for entry in included if not (ROOT / entry).exists()} == set()
    read = set()
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        read |= set(re.findall(r'(?:ROOT|parents\[2\])\)? / "([\w.]+)"', text))
    assert {"docs", "examples", "benchmarks", "README.md", "Makefile"} <= read
    # Every sdist has a pyproject.toml, and tests that need missing data sets are skipped.
    assert read - {"pyproject.toml", "shared"} <= included


def test_packages_imported_by_tests_are_in_the_extra():
    needed = {"mypy", "hypothesis", "pytest", "skops", "polars", "pyarrow", "awkward"}
    assert needed <= names(EXTRAS["test"])


def test_no_text_names_an_entry_of_a_package_index():
    # It is not on a package index: it is installed from a clone.
    texts = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.rst")]
    for path in (*texts, *(ROOT / "sk_rnn").rglob("*.py")):
        assert not re.search(r"install\W+sk[-_]rnn", path.read_text(encoding="utf-8")), path
