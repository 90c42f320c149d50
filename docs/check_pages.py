"""Check the built documentation: links, and every page in a real browser.

`make docs-check` runs this after `make docs`. Links between pages are checked without a browser and
without a network. Then every page is opened in headless Chromium, on a wide and on a narrow screen,
in the light and in the dark theme. One line is printed per problem: the page, the width, what is
wrong.
"""

import argparse
import contextlib
import functools
import http.server
import inspect
import json
import re
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from devtools import Browser, find_chromium

SCRIPT = Path(__file__).with_suffix(".js")  # what is looked at inside the pages
HTML = Path(__file__).resolve().parent / "_build" / "html"
NO_CHROMIUM = "No Chromium found, so pages were not opened: apt-get install chromium"
GENERATED = ["genindex.html", "search.html"]  # pages without a document
WIDTHS = (1280, 390)  # a laptop and a phone, in CSS pixels
THEMES = ("light", "dark")

# -- Links --------------------------------------------------------------------------------


@dataclass
class Page:
    """What the links of a page are checked by: anchors, links, and files that it loads."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)


class _PageParser(HTMLParser):
    def __init__(self):
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag, attrs):
        values = {name: value for name, value in attrs if value}
        self.page.ids.update(values[name] for name in ("id", "name") if name in values)
        if "src" in values:
            self.page.loaded.append(values["src"])
        if "href" in values:
            # rel="stylesheet", "icon", "preload", ...; "index", "next" and others are pages
            loads = tag == "link" and not values["href"].endswith(".html")
            (self.page.loaded if loads else self.page.links).append(values["href"])


def parse_page(html):
    """Anchors, links and loaded files of a page.

    Parameters
    ----------
    html : str

    Returns
    -------
    Page
    """
    parser = _PageParser()
    parser.feed(html)
    parser.close()
    return parser.page


def url_problem(url):
    """Why a URL of another site is not valid, or None."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port  # raises ValueError if it is not a number
    except ValueError as error:
        return str(error)
    if re.search(r"[\s<>\"{}|\\^`]", url):
        return "contains characters that a URL must encode"
    labels = host.split(".")
    if len(labels) < 2 or not all(
        re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", x) for x in labels
    ):
        return f"{host!r} is not the name of a site"
    return None


def find_pages(root):
    """The paths of all pages, without files that an earlier build has left in the folder.

    Parameters
    ----------
    root : Path
        The folder with the HTML files and `searchindex.js`, which lists the documents.
    """
    index = (root / "searchindex.js").read_text(encoding="utf-8")
    documents = json.loads(index[index.index("{") : index.rindex("}") + 1])["docnames"]
    return sorted(f"{name}.html" for name in documents) + GENERATED


def check_links(root):
    """Problems of all links in the HTML files of a folder, and the links to other sites.

    Parameters
    ----------
    root : Path

    Returns
    -------
    problems : list of str
    external : Counter
        The number of pages with each link to another site, without anchors.
    """
    pages = {
        name: parse_page((root / name).read_text(encoding="utf-8")) for name in find_pages(root)
    }
    problems, external = [], Counter()
    for name, page in pages.items():
        problems += [
            f"{name}: loads {url}, which needs a network"
            for url in dict.fromkeys(page.loaded)
            if urlsplit(url).netloc
        ]
        outside = (url for url in page.links if urlsplit(url).scheme in ("http", "https"))
        external.update({url.partition("#")[0] for url in outside})
        for url in dict.fromkeys(page.links + page.loaded):
            problem = _link_problem(url, name, pages, root)
            if problem:
                problems.append(f"{name}: link to {url}: {problem}")
    return problems, external


def _link_problem(url, name, pages, root):
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        return url_problem(url)
    if parts.scheme or parts.netloc:
        return None  # mailto, data, javascript
    target = (root / name).parent / unquote(parts.path) if parts.path else root / name
    target = target.resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "there is no such file"
    if target.suffix == ".html":
        page = pages.get(target.relative_to(root.resolve()).as_posix())
        if page is None:
            return "an earlier build has left this file"
        if parts.fragment and unquote(parts.fragment) not in page.ids:
            return "the page has no such anchor"
    return None


# -- Contrast -----------------------------------------------------------------------------


def parse_colour(text):
    """Red, green, blue and alpha, from 0 to 1, of a computed CSS colour."""
    numbers = [
        float(number.rstrip("%")) / (100 if number.endswith("%") else 1)
        for number in re.findall(r"[-+.\d]+(?:e[-+]?\d+)?%?", text.partition("(")[2])
    ]
    unit = 255 if text.startswith("rgb") else 1
    if not text.startswith(("rgb", "color(srgb ")) or len(numbers) not in (3, 4):
        raise ValueError(f"colour {text!r} is neither rgb() nor color(srgb)")
    red, green, blue, alpha = (*numbers, 1.0)[:4]
    return red / unit, green / unit, blue / unit, alpha


def blend(layers):
    """The colour of layers on white, the topmost first; each is red, green, blue and alpha."""
    colour = (1.0, 1.0, 1.0)
    for *above, alpha in reversed(layers):
        colour = tuple(alpha * a + (1 - alpha) * c for a, c in zip(above, colour, strict=True))
    return colour


def luminance(colour):
    """Relative luminance of red, green and blue (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast_ratio(first, second):
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def text_contrast(text):
    """Contrast of a text with what is behind it, and the contrast that its size requires.

    Parameters
    ----------
    text : dict
        "colour", "alpha" (product of the opacities), "layers" (colours behind it, the nearest
        first), "size" in pixels and "weight".

    Returns
    -------
    contrast, required : float
    """
    layers = [parse_colour(layer) for layer in text["layers"]]
    *colour, alpha = parse_colour(text["colour"])
    ratio = contrast_ratio(blend([(*colour, alpha * text["alpha"]), *layers]), blend(layers))
    large = text["size"] >= 24 or (text["size"] >= 18.66 and text["weight"] >= 700)
    return ratio, 3.0 if large else 4.5


# -- Pages --------------------------------------------------------------------------------


def check_page(browser, url):
    """Yield the problems of a page, each with the width of the window.

    Parameters
    ----------
    browser : Browser
    url : str

    Yields
    ------
    width : int
    problem : str
    """
    browser.resize(WIDTHS[0])
    browser.open(url)
    browser.evaluate("checks.prepare()")
    for problem in console_errors(browser.take()):
        yield WIDTHS[0], problem
    for picture in browser.evaluate("checks.brokenPictures()"):
        yield WIDTHS[0], f"broken picture: {picture}"
    for width in WIDTHS:
        browser.resize(width)
        wide = browser.evaluate("checks.tooWide()")
        if wide:
            names = ", ".join(wide["names"])
            yield width, f"{wide['width']} pixels wide, outside of the window: {names}"
        for theme in THEMES:
            browser.evaluate(f"checks.setTheme({theme!r})")
            for text in browser.evaluate("checks.texts()"):
                ratio, required = text_contrast(text)
                if ratio < required:
                    where = f"{text['text']!r} in {text['where']}"
                    yield width, f"{theme} theme: contrast {ratio:.1f} of {required:.1f}: {where}"


def save_screenshots(browser, url, folder, name):
    """Save a picture of the whole page per width and theme, as folder/name-width-theme.png."""
    browser.open(url)
    browser.evaluate("checks.prepare()")
    for width in WIDTHS:
        browser.resize(width)
        for theme in THEMES:
            browser.evaluate(f"checks.setTheme({theme!r})")
            (folder / f"{name}-{width}-{theme}.png").write_bytes(browser.screenshot())


def console_errors(events):
    """The errors among events of the browser: of scripts, and of files that were not loaded."""
    found = []
    for event in events:
        params = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            found.append(details.get("exception", {}).get("description", details["text"]))
        elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] == "error":
            found.append(
                " ".join(str(a.get("value", a.get("description"))) for a in params["args"])
            )
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            found.append(f"{entry['text']} {entry.get('url', '')}".strip())
    return [f"console: {' '.join(text.split())}" for text in dict.fromkeys(found)]


def constructor_parameters():
    """The names of the constructor parameters of each public class, by its reference page."""
    import sk_rnn

    modules = [sk_rnn] + [
        getattr(sk_rnn, name)
        for name in ("inspection", "metrics", "model_selection", "preprocessing", "datasets")
    ]
    return {
        f"api/generated/{module.__name__}.{name}.html": [
            parameter.name
            for parameter in inspect.signature(getattr(module, name)).parameters.values()
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD
        ]
        for module in modules
        for name in module.__all__
        if inspect.isclass(getattr(module, name))
    }


def check_search(browser, base, parameters):
    """Yield the constructor parameters that the search page does not find, and where.

    Parameters
    ----------
    browser : Browser
    base : str
    parameters : dict
        Names of parameters by page, as of `constructor_parameters`.
    """
    browser.resize(WIDTHS[0])
    browser.open(f"{base}search.html")
    for parameter in sorted({name for names in parameters.values() for name in names}):
        found = set(browser.evaluate(f"checks.search({parameter!r})"))
        pages = [page for page, names in parameters.items() if parameter in names]
        if not found:
            yield f"nothing is found for {parameter!r}"
        elif missing := [page for page in pages if page not in found]:
            yield f"{parameter!r} is not found on {', '.join(missing)}"


@contextlib.contextmanager
def serve(root):
    """Serve a folder on a free port of this computer; gives the URL."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Handler, directory=root)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


def check_in_browser(executable, root, names, screenshots=None):
    """Yield the problems of pages, and of the search, in Chromium."""
    with (
        tempfile.TemporaryDirectory() as profile,
        serve(root) as base,
        contextlib.closing(Browser(executable, profile)) as browser,
    ):
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=SCRIPT.read_text("utf-8"))
        for name in names:
            widths = defaultdict(list)
            for width, problem in check_page(browser, base + name):
                widths[problem].append(str(width))
            for problem, found in widths.items():
                yield f"{name}, {' and '.join(dict.fromkeys(found))} pixels: {problem}"
            if screenshots:
                save_screenshots(browser, base + name, screenshots, Path(name).stem)
        if "search.html" in names:
            for problem in check_search(browser, base, constructor_parameters()):
                yield f"search.html: {problem}"


def main(arguments=None):
    """Print the problems; 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", type=Path, default=HTML, help="folder with the HTML files")
    parser.add_argument("--only", default="", help="open only pages whose path contains this")
    parser.add_argument("--screenshots", type=Path, help="folder for pictures of these pages")
    options = parser.parse_args(arguments)
    if not (options.root / "index.html").is_file():
        print(f"{options.root} has no index.html: build it with `make docs`")
        return 1
    problems, external = check_links(options.root)
    print("\n".join([*problems, f"Links to other sites, which were not opened: {len(external)}"]))
    for url, n_pages in sorted(external.items()):
        print(f"  {url} ({n_pages} page{'s' * (n_pages > 1)})")
    executable = find_chromium()
    if executable is None:
        print(NO_CHROMIUM)
        return int(bool(problems))
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    names = [name for name in find_pages(options.root) if options.only in name]
    started = time.monotonic()
    for problem in check_in_browser(executable, options.root, names, options.screenshots):
        problems.append(problem)
        print(problem, flush=True)
    print(
        f"{len(names)} pages opened at {' and '.join(map(str, WIDTHS))} pixels in "
        f"{time.monotonic() - started:.0f} s: {len(problems)} problems"
    )
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
