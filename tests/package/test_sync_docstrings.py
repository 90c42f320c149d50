"""The script that copies shared descriptions between the docstrings of the estimators."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "sync_docstrings.py"

FIRST = '''
class First:
    """First.

    Parameters
    ----------
    size : int, default=1
        Size of the network.
        Two lines.

    rate : float, default=0.1
        The new text.

    own : int
        First's own.

    Attributes
    ----------
    size : int
        An attribute of this name.

    Notes
    -----
    size : int
        Not an entry.
    """

    def fit(self, X):
        """Fit.

        Parameters
        ----------
        X : array
            New text of X.
        """
'''
SECOND = '''
class Second:
    """Second.

    Parameters
    ----------
    rate : float, default=0.2
        The old text,
        which was longer.

    size : int, default=1
        Old size.

    own : str
        Second's own.

    extra : int
        Of two only.
    """

    def fit(self, X):
        """Fit.

        Parameters
        ----------
        X : list
            Old text of X.

        Returns
        -------
        self
        """

    def predict(self, X):
        pass
'''
THIRD = '''
class Third:
    """Third.

    Parameters
    ----------
    extra : int
        Old text of two.
    """
'''
SYNCHRONISED = '''
class Second:
    """Second.

    Parameters
    ----------
    rate : float, default=0.1
        The new text.

    size : int, default=1
        Size of the network.
        Two lines.

    own : str
        Second's own.

    extra : int
        Of two only.
    """

    def fit(self, X):
        """Fit.

        Parameters
        ----------
        X : array
            New text of X.

        Returns
        -------
        self
        """

    def predict(self, X):
        pass
'''


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("sync_docstrings", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(script, tmp_path, monkeypatch):
    """Files of three classes, on which the script is run."""
    sources = {"First": FIRST, "Second": SECOND, "Third": THIRD}
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(script, "FOLDER", tmp_path)
    monkeypatch.setattr(script, "ESTIMATORS", {name: f"{name}.py" for name in sources})
    own = script.Own(("Second",), "another kind")
    monkeypatch.setattr(script, "DIFFERENCES", {"__init__": {"own": own}})
    return tmp_path


def contents(folder):
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.iterdir()}


def test_script_copies_the_text_of_the_first_class(script, folder):
    assert script.main([]) == 0
    third = THIRD.replace("Old text of two", "Of two only")
    assert contents(folder) == {"First": FIRST, "Second": SYNCHRONISED, "Third": third}


def test_script_changes_nothing_the_second_time(script, folder):
    script.main([])
    before = contents(folder)
    assert script.main(["--check"]) == 0
    assert script.main([]) == 0
    assert contents(folder) == before


def test_check_fails_with_a_diff_and_writes_nothing(script, folder, capsys):
    before = contents(folder)
    assert script.main(["--check"]) == 1
    assert contents(folder) == before
    printed = capsys.readouterr().out
    for line in ("-        The old text,", "+        The new text.", "+        Of two only."):
        assert line in printed.splitlines()
    assert "Second's own" not in [line[1:] for line in printed.splitlines() if line[:1] in "+-"]


def test_class_with_intentional_difference_is_not_the_source(script):
    texts = [FIRST, FIRST.replace("First", "Second"), FIRST.replace("First", "Third")]
    texts[1] = texts[1].replace("The new text", "The text of two")
    sources = dict(zip(("First", "Second", "Third"), texts, strict=True))
    own = script.Own(("First",), "another kind")
    result = script.synchronise(sources, {"__init__": {"rate": own, "own": own}})
    assert result["First"] == FIRST
    assert "The text of two" in result["Third"]
    assert "Third's own" not in result["Third"]
    assert "Second's own" in result["Third"]


def test_copies_of_the_package_agree(script):
    assert script.main(["--check"]) == 0
