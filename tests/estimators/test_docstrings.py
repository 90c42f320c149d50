"""Shared parameters have the same description and signature in all estimators."""

import importlib.util
import inspect
from itertools import combinations
from pathlib import Path

import pytest
from numpydoc.docscrape import NumpyDocString
from sklearn.utils import _testing as sklearn_testing

import sk_rnn

from .table import ESTIMATORS as RECORDS

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "sync_docstrings.py"
SPEC = importlib.util.spec_from_file_location("sync_docstrings", SCRIPT)
sync_docstrings = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(sync_docstrings)
DIFFERENCES = sync_docstrings.DIFFERENCES

ESTIMATORS = [getattr(sk_rnn, name) for name in sync_docstrings.ESTIMATORS]
SECTIONS = {"Parameters": "include_params", "Attributes": "include_attrs"}
METHODS = sorted(
    {
        name
        for kind in ESTIMATORS
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith(("_", "set_"))
    }
)


def test_script_lists_every_estimator_of_the_table():
    assert {record.estimator for record in RECORDS.values()} <= set(ESTIMATORS)


def documented(estimator, method):
    """Return an object with the docstring of a method and a unique name; None for no method."""
    if method == "__init__":
        return estimator
    function = vars(estimator).get(method)
    if not inspect.isfunction(function):
        return None

    def described():
        return None

    described.__name__ = f"{estimator.__name__}.{method}"
    described.__doc__ = inspect.getdoc(function)
    return described


def shared_entries(method):
    """Return the objects by section and name, for entries of more than one estimator."""
    found = {}
    for estimator in ESTIMATORS:
        item = documented(estimator, method)
        if item is None:
            continue
        docstring = NumpyDocString(inspect.getdoc(item))
        for section in SECTIONS:
            for entry in docstring[section]:
                found.setdefault((section, entry.name), {})[estimator.__name__] = item
    return {key: items for key, items in found.items() if len(items) > 1}


def signature(estimator, method):
    function = getattr(estimator, method, None)
    return {} if function is None else inspect.signature(function).parameters


def has_own(estimator, method, name, *, signature=False):
    """Whether the docstring of an estimator, or its signature, is allowed to differ."""
    own = DIFFERENCES.get(method, {}).get(name)
    return own is not None and estimator in own.estimators and (own.signature or not signature)


def assert_same_text(section, name, items):
    sklearn_testing.assert_docstring_consistency(items, **{SECTIONS[section]: [name]})


def differing_facts(name, first, second):
    facts = ("default", "annotation", "kind")
    return [f for f in facts if getattr(first[name], f) != getattr(second[name], f)]


@pytest.mark.parametrize("method", ["__init__", *METHODS])
def test_docstrings_agree_except_for_listed_differences(method):
    for (section, name), items in shared_entries(method).items():
        same = [item for kind, item in items.items() if not has_own(kind, method, name)]
        if len(same) > 1:
            assert_same_text(section, name, same)


@pytest.mark.parametrize("method", ["__init__", *METHODS])
def test_signatures_agree_except_for_listed_differences(method):
    for pair in combinations(ESTIMATORS, 2):
        first, second = (signature(kind, method) for kind in pair)
        for name in first.keys() & second.keys():
            if not any(has_own(kind.__name__, method, name, signature=True) for kind in pair):
                assert differing_facts(name, first, second) == [], (method, name, pair)


@pytest.mark.parametrize(
    ("method", "name"), [(method, name) for method in DIFFERENCES for name in DIFFERENCES[method]]
)
def test_every_difference_in_the_table_exists(method, name):
    own = DIFFERENCES[method][name]
    assert own.reason
    others = [kind for kind in ESTIMATORS if kind.__name__ not in own.estimators]
    for section in SECTIONS:
        items = shared_entries(method).get((section, name), {})
        for kind in items.keys() & set(own.estimators):
            for other in items.keys() - set(own.estimators):
                # If nothing is raised: correct DIFFERENCES of docs/sync_docstrings.py.
                with pytest.raises(AssertionError, match="inconsistent"):
                    assert_same_text(section, name, [items[kind], items[other]])
    signatures = {kind: signature(kind, method) for kind in ESTIMATORS}
    kept = [kind for kind in others if name in signatures[kind]]
    changed = [
        kind.__name__
        for kind in ESTIMATORS
        if kind not in others
        and kept
        and differing_facts(name, signatures[kind], signatures[kept[0]])
    ]
    assert bool(changed) == own.signature


def test_script_finds_every_shared_entry():
    for estimator, file in sync_docstrings.ESTIMATORS.items():
        source = (sync_docstrings.FOLDER / file).read_text(encoding="utf-8")
        found = {entry[:3] for entry in sync_docstrings.find_entries(source, estimator)}
        for method in ["__init__", *METHODS]:
            for (section, name), items in shared_entries(method).items():
                assert estimator not in items or (method, section, name) in found
