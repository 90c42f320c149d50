"""Pages of the gallery, and how tests run them."""

import ast
import os
import runpy
import warnings
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
DATA = Path(os.environ.get("SK_RNN_DATA", ROOT.parent / "shared" / "data"))
PAGES = sorted(
    path.relative_to(EXAMPLES).as_posix()
    for path in EXAMPLES.glob("*/*.py")
    if path.parent.name != "exercises"
)


def run_page(name, monkeypatch, data=None):
    """Run a page like a script, warnings being errors, and return its variables.

    ``data`` is the name of the folder with the real data set that the page needs; without it, the
    page generates data.
    """
    if data is None:
        monkeypatch.delenv("SK_RNN_DATA", raising=False)
    elif not (DATA / data).is_dir():
        pytest.skip(f"the data set {data} is not available")
    else:
        monkeypatch.setenv("SK_RNN_DATA", str(DATA))
    matplotlib.use("Agg")
    with warnings.catch_warnings():
        # No window can be opened by Agg.
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive", UserWarning)
        try:
            return runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        finally:
            plt.close("all")


def text_blocks(name):
    """Return the title block and the ``# %%`` blocks of a page, as restructured text."""
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    blocks, inside = [ast.get_docstring(ast.parse(source))], False
    for line in source.splitlines():
        if line.startswith("# %%"):
            blocks.append(line[4:].strip())
            inside = True
        elif inside and line.startswith("#"):
            blocks[-1] += "\n" + line[1:].removeprefix(" ")
        else:
            inside = False
    return blocks
