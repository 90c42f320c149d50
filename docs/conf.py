"""Sphinx configuration. `make docs` needs no network and treats warnings as errors."""

import sk_rnn

project = "sk_rnn"
author = "the sk_rnn developers"
copyright = author
version = release = sk_rnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "py:obj"  # `name` is a link if there is a page for it, and code otherwise
add_function_parentheses = False
toc_object_entries_show_parents = "hide"
smartquotes = False  # so that quotes can be copied into code

autosummary_generate = True
autodoc_typehints = "none"  # types are documented in numpydoc's sections
numpydoc_show_class_members = False  # the template lists them

html_theme = "pydata_sphinx_theme"
html_title = "sk_rnn"
html_static_path = ["_static"]
html_css_files = ["sk_rnn.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {page: [] for page in ("index", "changelog")}  # others list the pages of the guide
html_theme_options = {
    "logo": {"text": "sk_rnn"},
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
