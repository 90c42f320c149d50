"""The pages "Coming from" solve one problem in two libraries, with the versions that they name."""

import ast
import doctest
import re
import tomllib
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "docs" / "coming_from"
MODELS = sorted((PAGES / "code").glob("*_model.py"))
# neuralforecast is on the page of darts, and sktime on that of aeon.
PAGE_OF = {"neuralforecast": "darts", "sktime": "aeon"}


def name_of(model):
    return model.stem.removesuffix("_model")


def page_of(model):
    name = name_of(model)
    return (PAGES / f"{PAGE_OF.get(name, name)}.rst").read_text(encoding="utf-8")


def between(model, what):
    text = model.read_text(encoding="utf-8")
    return re.search(rf"^# begin: {what}\n(.*?)^# end: {what}$", text, re.M | re.S)[1]


def statements(code):
    return [ast.dump(statement) for statement in ast.parse(code).body]


def test_every_page_is_in_the_index():
    index = (PAGES / "index.rst").read_text(encoding="utf-8")
    pages = {path.stem for path in PAGES.glob("*.rst")} - {"index"}
    assert set(re.findall(r"<(\w+)>$", index, re.M)) == pages
    assert set(re.findall(r":doc:`(\w+)`", index)) == pages


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_data_are_those_of_the_page(model):
    examples = doctest.DocTestParser().get_examples(page_of(model))
    on_page = statements("".join(example.source for example in examples))
    data = statements(between(model, "data"))
    start = on_page.index(data[0])
    for statement in data:
        assert statement in on_page[start:]
        start = on_page.index(statement, start) + 1


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_model_is_included_by_its_page(model):
    included = f".. literalinclude:: code/{model.name}\n   :language: python\n"
    assert f"{included}   :start-after: # begin: model\n   :end-before: # end: model\n" in page_of(
        model
    )
    assert "assert" not in between(model, "model")
    assert re.search(r"^assert ", model.read_text(encoding="utf-8"), re.M)  # of what it reaches


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_versions_are_those_of_the_page(model):
    block = re.search(r"^# /// script\n(.*?)^# ///$", model.read_text("utf-8"), re.M | re.S)[1]
    pinned = tomllib.loads(re.sub(r"^# ?", "", block, flags=re.M))["dependencies"]
    versions = dict(requirement.split("==") for requirement in pinned)
    major, minor, _ = versions[name_of(model)].split(".")
    assert re.search(rf"\b{name_of(model)} {major}\.{minor}\b", page_of(model), re.I)
