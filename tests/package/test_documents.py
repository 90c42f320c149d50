"""The documentation is correct: examples run, defaults match, and nothing is missing."""

import ast
import doctest
import importlib
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc

import sk_rnn
from sk_rnn import datasets, inspection, metrics, model_selection, preprocessing

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
GUIDE = sorted([*ROOT.glob("docs/*.rst"), *ROOT.glob("docs/coming_from/*.rst")])
MODULES = sorted(["sk_rnn", *(m.name for m in pkgutil.walk_packages(sk_rnn.__path__, "sk_rnn."))])
PUBLIC = [getattr(sk_rnn, name) for name in sk_rnn.__all__]
PREPROCESSING = [getattr(preprocessing, name) for name in preprocessing.__all__]
METRICS = [getattr(metrics, name) for name in metrics.__all__]
DATASETS = [getattr(datasets, name) for name in datasets.__all__]
SPLITTERS = [getattr(model_selection, name) for name in model_selection.__all__]
INSPECTION = [getattr(inspection, name) for name in inspection.__all__]
CLASSES = [
    item for item in PUBLIC + PREPROCESSING + SPLITTERS + INSPECTION if inspect.isclass(item)
]
FUNCTIONS = [
    (item.__name__, item)
    for item in PREPROCESSING + METRICS + DATASETS + INSPECTION
    if not inspect.isclass(item)
]
ESTIMATORS = [cls for cls in PUBLIC if hasattr(cls, "get_params")]
CALLABLES = [
    (f"{cls.__name__}.{name}", member)
    for cls in CLASSES
    for name, member in inspect.getmembers(cls, callable)
    if not name.startswith("_") and inspect.unwrap(member).__module__.startswith("sk_rnn.")
]


# -- Examples run -----------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _close_figures():
    """Draw without windows, and close the figures of examples: matplotlib warns of too many."""
    matplotlib.use("Agg")
    yield
    plt.close("all")


def _run_examples(test):
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report = []
    runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    module = importlib.import_module(name)
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        _run_examples(test)


def test_docstring_examples_are_found():
    finder = doctest.DocTestFinder()
    found = {
        test.name
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    }
    for item in PUBLIC + PREPROCESSING + METRICS + DATASETS + SPLITTERS + INSPECTION:
        assert f"{item.__module__}.{item.__qualname__}" in found


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.relative_to(ROOT / "docs").as_posix())
def test_guide_examples_run(path):
    text = path.read_text(encoding="utf-8")
    _run_examples(doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0))


@pytest.mark.parametrize("path", GUIDE, ids=lambda path: path.relative_to(ROOT / "docs").as_posix())
def test_guide_figures_are_described(path):
    text = path.read_text(encoding="utf-8")
    options = re.findall(r"^ *\.\. plot::\n((?: +:.*\n(?: +[^ :].*\n)*)*)", text, re.M)
    for i, block in enumerate(options):
        assert (":alt: " in block) != (":nofigs:" in block)
        assert (":context: reset" in block) == (i == 0)


def test_no_example_is_skipped():
    sources = [*GUIDE, README, *(ROOT / "sk_rnn").rglob("*.py")]
    assert [path.name for path in sources if "+SKIP" in path.read_text(encoding="utf-8")] == []


def test_readme_code_runs(capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.M | re.S)
    assert blocks
    namespace = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, str(README), "exec"), namespace)
    capsys.readouterr()
    assert namespace["clf"].score(namespace["X_test"], namespace["y_test"]) > 0.9


def test_quickstart_runs_in_any_directory_and_saves_its_figure(tmp_path):
    script = ROOT / "examples" / "quickstart.py"
    picture = script.parent / "output" / "quickstart.png"
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert picture.stat().st_mtime >= started - 2  # resolution of some file systems
    assert picture.read_bytes().startswith(b"\x89PNG")
    scores = dict(re.findall(r"^  (\S.*?) {2,}(\d\.\d{3})", done.stdout, re.M))
    assert float(scores["RNNClassifier, ragged strips"]) > 0.98
    assert scores["RNNClassifier, ragged strips"] > scores["LogisticRegression, same strips"]
    assert scores["RNNRegressor"] > scores["Ridge on the same strips"]


# -- Parameters and defaults ------------------------------------------------------------


def _documented(parameters):
    """Names, as in the signature, with their documented types."""
    return {name: p.type for p in parameters for name in p.name.split(", ")}


def _signature(function):
    parameters = dict(inspect.signature(function).parameters)
    parameters.pop("self", None)
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return {stars.get(p.kind, "") + name: p.default for name, p in parameters.items()}


def _check_parameters(documented, real):
    assert list(documented) == list(real)
    for name, default in real.items():
        stated = re.search(r"default=(.+)$", documented[name])
        if default is inspect.Parameter.empty:
            assert stated is None, f"{name} has no default"
        else:
            assert stated is not None, f"{name}: its default is not documented"
            value = ast.literal_eval(stated.group(1))
            assert value == default, name
            assert type(value) is type(default), name


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_documented_constructor_equals_the_signature(cls):
    _check_parameters(_documented(ClassDoc(cls)["Parameters"]), _signature(cls))


@pytest.mark.parametrize(
    ("name", "function"),
    CALLABLES + FUNCTIONS,
    ids=[name for name, _ in CALLABLES + FUNCTIONS],
)
def test_documented_methods_equal_the_signatures(name, function):
    doc = FunctionDoc(function)
    assert doc["Summary"], "no summary"
    _check_parameters(_documented(doc["Parameters"]), _signature(function))


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_documented_attributes_are_those_of_a_fitted_estimator(cls):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(8, 3)), columns=["a", "b", "c"])
    shortly = {"max_steps" if cls is sk_rnn.RNNForecaster else "max_epochs": 1}
    fitted = cls(hidden_size=2, random_state=0, **shortly).fit(X, [0, 1] * 4)
    models = [fitted]
    if cls in (sk_rnn.RNNClassifier, sk_rnn.RNNRegressor):  # some attributes are those of text
        models.append(cls(max_epochs=1, embedding_dim=2).fit(["some words"] * 4, [0, 1] * 2))
    if cls is sk_rnn.RNNRegressor:  # one is that of predicted standard deviations
        models.append(cls(max_epochs=1, loss="gaussian").fit([[0.0, 1.0]] * 4, [0, 1] * 2))
    if cls is sk_rnn.RNNClassifier:  # some attributes are those of labels per time step
        steps = {"return_sequences": True, "crf": True, "unseen_transitions": "forbid"}
        models.append(cls(max_epochs=1, **steps).fit([[0.0, 1.0]] * 4, [[0, 1]] * 4))
    real = {
        name
        for model in models
        for name in {*vars(model), *dir(cls)}
        if name.endswith("_") and not name.startswith("_") and hasattr(model, name)
    }
    assert {attribute.name for attribute in ClassDoc(cls)["Attributes"]} == real


def test_estimators_share_the_documentation_of_what_they_share():
    first, second, third = (
        {p.name: (p.type, p.desc) for p in ClassDoc(cls)["Parameters"]}
        for cls in ESTIMATORS
        # see docs/sync_docstrings.py
        if cls not in (sk_rnn.RNNForecaster, sk_rnn.RNNLanguageModel, sk_rnn.RNNTranscriber)
    )
    differing = {name for name in first.keys() & second.keys() if first[name] != second[name]}
    assert differing == {"return_sequences", "scoring", "calibrate"}  # labels or numbers
    # Parameters of both encoder and decoder, and parameters with a different default.
    differing = {name for name in first.keys() & third.keys() if first[name] != third[name]}
    architecture = {"cell", "hidden_size", "num_layers", "bidirectional", "recurrent_dropout"}
    tokens = {"embedding_dim", "embedding_weights", "embedding_dropout", "word_dropout"}
    source = {"conv_channels", "conv_stride", "dropout"}
    assert differing <= {
        *architecture,
        *tokens,
        *source,
        "optimizer",
        "lr_schedule",
        "max_epochs",
        "batch_size",
        "label_smoothing",
        "**extras",
    }


# -- Public names and pages -------------------------------------------------------------


def test_public_names():
    estimators = ["RNNClassifier", "RNNForecaster", "RNNLanguageModel", "RNNRegressor"]
    assert sk_rnn.__all__ == ["Panel", *estimators, "RNNTranscriber", "Seq2SeqTransformer"]
    assert {name for name in dir(sk_rnn) if name[0].isupper()} == set(sk_rnn.__all__)


def test_reference_lists_every_public_name():
    listed = re.findall(
        r"^   sk_rnn\.([\w.]+)$", (ROOT / "docs" / "api" / "index.rst").read_text("utf-8"), re.M
    )
    transformers = [f"preprocessing.{name}" for name in preprocessing.__all__]
    functions = [f"metrics.{name}" for name in metrics.__all__]
    functions += [f"datasets.{name}" for name in datasets.__all__]
    splitters = [f"model_selection.{name}" for name in model_selection.__all__]
    inspecting = [f"inspection.{name}" for name in inspection.__all__]
    names = [*sk_rnn.__all__, *transformers, *functions, *splitters, *inspecting]
    assert sorted(listed) == sorted(names)


def test_index_links_to_every_page():
    linked = re.findall(r":doc:`(\w+)`", (ROOT / "docs" / "index.rst").read_text("utf-8"))
    pages = {path.stem for path in GUIDE if path.parent.name == "docs"}
    assert pages - {"index", "guide"} <= set(linked)


def test_readme_is_short_and_its_links_are_valid():
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    for cls in PUBLIC:
        assert f"`{cls.__name__}" in text


def test_readme_commands_are_targets():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    commands = re.findall(r"\bmake (\w+)", README.read_text("utf-8"))
    assert {"demo", "test", "docs"} <= set(commands) <= set(targets) | {"each"}


def test_readme_message_is_current():
    message = re.search(
        r"^    (RNNClassifier\.predict: .*\n    .*)$", README.read_text("utf-8"), re.M
    )
    X = [np.zeros((2, 3)), np.ones((4, 3))]
    clf = sk_rnn.RNNClassifier(hidden_size=2, max_epochs=1).fit(X, [0, 1])
    with pytest.raises(ValueError, match="features") as caught:
        clf.predict([np.zeros((2, 4))])
    assert " ".join(message.group(1).split()) == str(caught.value)


def test_changelog_has_this_version():
    release = re.match(r"\d+\.\d+\.\d+", sk_rnn.__version__).group()
    assert re.search(rf"^{re.escape(release)} \(", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)


@pytest.mark.slow  # `.ci/run` does so by `make docs`, with the gallery
def test_documentation_builds_without_warnings(tmp_path):
    for package in ("sphinx", "pydata_sphinx_theme", "sphinx_gallery"):  # the extra docs
        pytest.importorskip(package)
    # A copy, so that the gallery of `make docs`, which runs its pages, is not overwritten.
    shutil.copytree(
        ROOT / "docs",
        tmp_path / "docs",
        ignore=shutil.ignore_patterns("_build", "auto_examples", "generated", "backreferences"),
    )
    for name in ("examples", "CHANGELOG.md", "CONTRIBUTING.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html",
         "-D", "plot_gallery=0", tmp_path / "docs", tmp_path / "html"],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "html" / "cells.html").read_text(encoding="utf-8")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in page
    figures = re.findall(r'src="(_images/cells-\d\.png)"', page)
    assert figures
    assert all((tmp_path / "html" / name).is_file() for name in figures)
