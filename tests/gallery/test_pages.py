"""Pages of the gallery have the form that readers expect."""

import ast
import re

import pytest

from .pages import EXAMPLES, PAGES, text_blocks


def test_gallery_has_many_pages():
    assert len(PAGES) >= 16
    assert len({name.split("/")[1] for name in PAGES}) == len(PAGES)  # links are by file name


@pytest.mark.parametrize("name", PAGES)
def test_title_is_a_question(name):
    title, underline, *_ = text_blocks(name)[0].splitlines()
    assert title.endswith("?")
    assert re.fullmatch(r"=+", underline)
    assert len(underline) >= len(title)


@pytest.mark.parametrize("name", PAGES)
def test_page_is_short(name):
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("name", PAGES)
def test_page_ends_with_what_was_learned_and_a_limitation(name):
    last = text_blocks(name)[-1]
    assert "What was learned" in last
    assert re.search(r"\*\*Limitation", last)


@pytest.mark.parametrize("name", PAGES)
def test_page_has_a_picture_and_works_as_a_notebook(name):
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    assert re.search(r"\.plot\(|plt\.subplots\(|\.imshow\(", source)
    used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert not used & {"__file__", "__name__", "sys", "argparse"}
