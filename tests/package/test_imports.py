"""Lazy imports: transformers and metrics do not import torch, and all names exist."""

import pickle
import subprocess
import sys

import pytest

import sk_rnn

SUBPACKAGES = (
    "datasets",
    "estimators",
    "inspection",
    "metrics",
    "model_selection",
    "preprocessing",
    "sequences",
)
HEAVY = ("torch", "skorch", "numba", "matplotlib")


def run(code):
    """Run code in a separate process and return what it prints."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


# One process for several statements, because starting one takes longer than a statement.
LIGHT = (
    "import sk_rnn",
    "import sk_rnn.preprocessing",
    "import sk_rnn.sequences",
    "import sk_rnn.metrics",
    "import sk_rnn.datasets as d; d.make_moving_digits(1), d.make_dyck(1)",
    "import sk_rnn.model_selection",
    "import sk_rnn.forecasting",
    "import sk_rnn.inspection as i; i.SequenceLengthDisplay.from_sequences(['a', 'bc'])",
    "import sk_rnn.model_selection as m; next(m.ForecastSplit(1).split([1, 2]))",
    "from sk_rnn import Panel",
    "from sk_rnn.preprocessing import *",
    "import sk_rnn; dir(sk_rnn); sk_rnn.__version__; sk_rnn.preprocessing; sk_rnn.metrics",
    "import sk_rnn.preprocessing as p; p.SequenceVectorizer().fit_transform(['a bc', 'bc'])",
    "import sk_rnn.metrics as m; m.token_accuracy_score(['ab'], ['ac'])",
)


def test_data_packages_do_not_import_torch():
    code = f"""
import sys
for statement in {LIGHT}:
    exec(statement, {{}})
    loaded = [m for m in {HEAVY} if m in sys.modules]
    assert not loaded, (statement, loaded)
    for name in [m for m in sys.modules if m.partition(".")[0] == "sk_rnn"]:
        del sys.modules[name]
"""
    assert run(code) == ""


WAYS = (
    "from sk_rnn import RNNClassifier as kind",
    "import sk_rnn; kind = sk_rnn.RNNClassifier",
    "from sk_rnn import *; kind = RNNClassifier",
    "import sk_rnn; kind = getattr(sk_rnn, 'RNNClassifier')",
    "import sk_rnn; kind = sk_rnn.estimators.RNNClassifier",
    "import sk_rnn.estimators; kind = sk_rnn.estimators.RNNClassifier",
)


def test_estimators_can_be_imported_in_all_ways():
    code = f"""
import sys
for statement in {WAYS}:
    names = {{}}
    exec(statement, names)
    print(names["kind"].__name__)
    for name in [m for m in sys.modules if m.partition(".")[0] == "sk_rnn"]:
        del sys.modules[name]
"""
    assert run(code).split() == ["RNNClassifier"] * len(WAYS)


def test_unpickling_imports_the_estimator():
    data = pickle.dumps(sk_rnn.RNNRegressor(hidden_size=3))
    assert run(f"import pickle; print(pickle.loads({data!r}).hidden_size)") == "3"


def test_names_are_listed_and_found():
    assert set(sk_rnn.__all__) <= set(dir(sk_rnn))
    for name in (*sk_rnn.__all__, *SUBPACKAGES):
        assert getattr(sk_rnn, name) is getattr(sk_rnn, name)


def test_unknown_names_raise():
    with pytest.raises(AttributeError, match="module 'sk_rnn' has no attribute 'RNNClasifier'"):
        sk_rnn.RNNClasifier  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'RNNClasifier'"):
        from sk_rnn import RNNClasifier  # noqa: F401
    assert not hasattr(sk_rnn, "__wrapped__")
