"""Drawings of the guide: current, readable in both themes, and described for screen readers."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
DRAWINGS = sorted(DOCS.glob("_static/*.svg"))
PAGES = "".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.rst")))
SVG = "{http://www.w3.org/2000/svg}"


def test_drawings_of_containers_are_current():
    drawn = runpy.run_path(str(DOCS / "draw_containers.py"))["draw"]()
    committed = {path.name: path.read_text(encoding="utf-8") for path in DRAWINGS}
    assert drawn == {name: committed.get(name) for name in drawn}
    assert set(drawn) == {name for name in committed if name.startswith("data_")}


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_drawing_has_a_title_and_the_colour_of_text(path):
    root = ElementTree.parse(path).getroot()
    assert root.get("role") == "img"
    assert root.get("stroke") == "currentColor"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text
    colours = {text.get("fill", "currentColor") for text in root.iter(f"{SVG}text")}
    assert colours == {"currentColor"}


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_drawing_is_in_a_page(path):
    assert f":file: _static/{path.name}\n" in PAGES
