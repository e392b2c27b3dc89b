"""How the pages are built: `make docs` (Sphinx, MyST, Furo), with warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path

import xbench

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "xbench"
author = "the xbench authors"
project_copyright = author
version = release = xbench.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "registered"]
# What is no page: pictures, and what a notebook leaves beside itself.
exclude_patterns = ["**/.ipynb_checkpoints"]

html_theme = "furo"
pygments_dark_style = "github-dark"
# An option stays --option.
smartquotes = False
html_title = "xbench"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sphinx = False

# Notebooks show the outputs that are kept in them; tests/docs/test_notebooks.py runs them.
nb_execution_mode = "off"
nb_merge_streams = True

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# `name` in a docstring is a link where Sphinx knows the name, and code where not.
default_role = "py:obj"
# Members stand below their class, once.
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "separated"
autodoc_preserve_defaults = True
