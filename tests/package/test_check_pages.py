"""The script that checks the built documentation."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def check_pages():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        spec = importlib.util.spec_from_file_location("check_pages", DOCS / "check_pages.py")
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "check_pages", module)
        spec.loader.exec_module(module)
        yield module
        sys.modules.pop("devtools", None)


def write_site(root, pages):
    """Write HTML files as Sphinx does, with the list of documents."""
    pages = {"genindex": "", "search": "", **pages}
    for name, html in pages.items():
        (root / f"{name}.html").write_text(html, encoding="utf-8")
    documents = [name for name in pages if name not in ("genindex", "search")]
    index = f"Search.setIndex({json.dumps({'docnames': documents})})"
    (root / "searchindex.js").write_text(index, encoding="utf-8")


# -- Links ------------------------------------------------------------------------------


def test_parse_page_collects_anchors_links_and_files(check_pages):
    page = check_pages.parse_page(
        '<link rel="next" href="b.html"><link rel="stylesheet" href="a.css">'
        '<h1 id="top"><a name="old" href="b.html#x">b</a></h1><img src="c.png">'
    )
    assert page.ids == {"top", "old"}
    assert page.links == ["b.html", "b.html#x"]
    assert page.loaded == ["a.css", "c.png"]


def test_valid_links_have_no_problems(check_pages, tmp_path):
    links = ["#here", "b.html", "b.html#there", "https://example.org/a?b=c#d", "mailto:a@b.org"]
    html = "".join(f'<a href="{link}">x</a>' for link in links) + '<p id="here">'
    write_site(tmp_path, {"a": html, "b": '<p id="there"><img src="x.png?v=1">'})
    (tmp_path / "x.png").touch()
    problems, external = check_pages.check_links(tmp_path)
    assert problems == []
    assert external == {"https://example.org/a?b=c": 1}


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="none.html">', "link to none.html: there is no such file"),
        ('<img src="none.png">', "link to none.png: there is no such file"),
        ('<a href="#none">', "link to #none: the page has no such anchor"),
        ('<a href="b.html#none">', "link to b.html#none: the page has no such anchor"),
        ('<a href="stale.html">', "link to stale.html: an earlier build has left this file"),
        ('<script src="//cdn.org/x.js">', "loads //cdn.org/x.js, which needs a network"),
        ('<a href="https://nowhere/">', "link to https://nowhere/: 'nowhere' is not the name of"),
        ('<a href="http://a.org/b c">', "link to http://a.org/b c: contains characters that"),
        ('<a href="http://a.org:x/">', "link to http://a.org:x/: Port could not be cast"),
    ],
)
def test_broken_links_are_named(check_pages, tmp_path, html, problem):
    write_site(tmp_path, {"a": html, "b": ""})
    (tmp_path / "stale.html").touch()
    problems, _ = check_pages.check_links(tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith(f"a.html: {problem}")


# -- Contrast ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("rgb(255, 0, 51)", (1, 0, 0.2, 1)),
        ("rgba(0, 51, 255, 0.5)", (0, 0.2, 1, 0.5)),
        ("color(srgb 0.25 0.5 1)", (0.25, 0.5, 1, 1)),
        ("color(srgb 0.25 0.5 1 / 0.1)", (0.25, 0.5, 1, 0.1)),
    ],
)
def test_parse_colour(check_pages, text, colour):
    assert check_pages.parse_colour(text) == pytest.approx(colour)


def test_parse_colour_refuses_other_notations(check_pages):
    with pytest.raises(ValueError, match=r"colour 'lab\(1 2 3\)' is neither"):
        check_pages.parse_colour("lab(1 2 3)")


def test_contrast_ratio_equals_published_values(check_pages):
    black, white, grey = (0, 0, 0), (1, 1, 1), (0x76 / 255,) * 3
    assert check_pages.contrast_ratio(black, white) == pytest.approx(21)
    assert check_pages.contrast_ratio(white, white) == pytest.approx(1)
    assert check_pages.contrast_ratio(grey, white) == pytest.approx(4.54, abs=0.005)  # WebAIM


def test_layers_are_blended_from_the_bottom(check_pages):
    assert check_pages.blend([(0, 0, 0, 0.5)]) == pytest.approx((0.5, 0.5, 0.5))
    layers = [(1, 0, 0, 0.5), (0, 0, 0, 1)]
    assert check_pages.blend(layers) == pytest.approx((0.5, 0, 0))


def test_text_contrast_depends_on_opacity_and_size(check_pages):
    text = {"colour": "rgb(0, 0, 0)", "alpha": 1, "layers": [], "size": 16, "weight": 400}
    assert check_pages.text_contrast(text) == (pytest.approx(21), 4.5)
    faint, _ = check_pages.text_contrast({**text, "alpha": 0.5})
    assert faint == pytest.approx(3.98, abs=0.01)
    assert check_pages.text_contrast({**text, "size": 24})[1] == 3
    assert check_pages.text_contrast({**text, "size": 19, "weight": 700})[1] == 3


# -- Browser ----------------------------------------------------------------------------


def test_without_chromium_only_links_are_checked(check_pages, tmp_path, capsys, monkeypatch):
    write_site(tmp_path, {"index": '<a href="none.html">'})
    monkeypatch.setenv("PATH", "")
    assert check_pages.main(["--root", str(tmp_path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "index.html: link to none.html: there is no such file"
    assert lines[-1] == check_pages.NO_CHROMIUM
    write_site(tmp_path, {"index": ""})
    assert check_pages.main(["--root", str(tmp_path)]) == 0


def test_constructor_parameters_are_those_of_public_classes(check_pages):
    parameters = check_pages.constructor_parameters()
    assert "hidden_size" in parameters["api/generated/sk_rnn.RNNClassifier.html"]
    assert "extras" not in parameters["api/generated/sk_rnn.RNNClassifier.html"]
    assert "lengths" in parameters["api/generated/sk_rnn.inspection.SequenceLengthDisplay.html"]


PAGE = """<!DOCTYPE html><html><head><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"></head>
<body><article>{}</article></body></html>"""


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<p>plain text</p>", None),
        ('<img src="none.png">', "broken picture: none.png"),
        ('<p id="w" style="width: 700px">x</p>', "outside of the window: article > p#w"),
        ('<p style="color: #999">faint</p>', "light theme: contrast 2.8 of 4.5: 'faint' in"),
        ("<script>console.error('lost', 1)</script>", "console: lost 1"),
        ("<script>undefined.x</script>", "console: TypeError: Cannot read properties"),
        ('<svg width="90" height="30"><rect width="90" height="30"/><text y="20">dark</text></svg>',
         "light theme: contrast 1.0 of 4.5: 'dark' in svg > text"),
        ('<svg width="90" height="30"><text y="20">dark</text></svg>', None),
    ],
)  # fmt: skip
def test_problems_of_pages_are_found(check_pages, tmp_path, html, problem):
    executable = check_pages.find_chromium()
    if executable is None:
        pytest.skip("needs Chromium")
    write_site(tmp_path, {"index": PAGE.format(html)})
    found = list(check_pages.check_in_browser(executable, tmp_path, ["index.html"]))
    if problem is None:
        assert found == []
    else:
        assert any(problem in line for line in found), found
