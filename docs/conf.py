"""Sphinx configuration. `make docs` needs no network and treats warnings as errors."""

import sys
from pathlib import Path

from sphinx_gallery.sorting import ExplicitOrder

import sk_rnn

sys.path.insert(0, str(Path(__file__).parent))  # for mathml.py

project = "sk_rnn"
author = "the sk_rnn developers"
copyright = author
version = release = sk_rnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "matplotlib.sphinxext.figmpl_directive",
    "matplotlib.sphinxext.plot_directive",
    "mathml",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
default_role = "py:obj"  # `name` is a link if there is a page for it, and code otherwise
add_function_parentheses = False
toc_object_entries_show_parents = "hide"
smartquotes = False  # so that quotes can be copied into code

autosummary_generate = True
autodoc_typehints = "none"  # types are documented in numpydoc's sections
numpydoc_show_class_members = False  # the template lists them

# Pages of the gallery run while the documentation is built; unchanged ones are not run again.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "subsection_order": ExplicitOrder(
        [
            f"../examples/{name}"
            for name in ("first_steps", "series", "text", "generation", "transcription")
        ]
    ),
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"quickstart\.py|__init__\.py|exercises",
    "nested_sections": False,
    "parallel": 2,
    "doc_module": ("sk_rnn",),
    "backreferences_dir": "api/backreferences",
    "reference_url": {"sk_rnn": None},  # links of code to the reference
    "show_memory": False,
    "show_signature": False,
    "remove_config_comments": True,
    "write_computation_times": False,  # their tables load scripts from other sites
}

# Figures of the guide are drawn by the code beside them.
plot_include_source = True
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 100)]  # text as large as that of the page
plot_srcset = ["2x"]
plot_apply_rcparams = True  # with :context:, too
plot_rcparams = {"figure.figsize": (6.4, 3.2), "figure.constrained_layout.use": True}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "sk_rnn"
html_static_path = ["_static"]
html_css_files = ["sk_rnn.css"]
html_favicon = "favicon.svg"
html_context = {"default_mode": "auto"}  # light or dark, as the system is
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {
    page: []  # others list the pages of the guide
    for page in ("index", "changelog", "auto_examples/*", "auto_examples/*/*")
}
html_theme_options = {
    "logo": {"text": "sk_rnn"},
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
