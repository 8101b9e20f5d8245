"""Sphinx configuration: ``make docs`` builds without a warning."""

from importlib.metadata import version as installed

project = "dartio_tut"
author = "The dartio_tut developers"
copyright = "2026, the dartio_tut developers"
release = version = installed("dartio-tut")

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "newsfragments"]
html_theme = "furo"
html_title = "dartio_tut"
