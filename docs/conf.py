"""Sphinx configuration: ``make docs`` builds without a warning."""

from importlib.metadata import version as installed

from docutils import nodes
from sphinx.application import Sphinx

project = "dartio_tut"
author = "The dartio_tut developers"
copyright = "2026, the dartio_tut developers"
release = version = installed("dartio-tut")

extensions = ["myst_parser", "sphinx_copybutton", "sphinx_design"]
myst_enable_extensions = ["colon_fence", "deflist"]
# Copy what is typed, without the prompt and without what a program prints.
copybutton_prompt_text = "$ "
myst_heading_anchors = 3
exclude_patterns = ["_build", "newsfragments"]
html_theme = "furo"
html_title = "dartio_tut"
html_static_path = ["_static"]
html_css_files = ["tutorial.css", "diff.css"]


def shorten_paths(app: Sphinx, tree: nodes.document) -> None:
    """Let differences of files name them by their paths in the repository."""
    root = f"{app.srcdir.parent}/"
    for block in tree.findall(nodes.literal_block):
        if block.get("language") == "udiff":
            block.children = [nodes.Text(block.astext().replace(root, ""))]
            block.rawsource = block.astext()


def setup(app: Sphinx) -> None:
    """Have that done when a page has been read."""
    app.connect("doctree-read", shorten_paths)
