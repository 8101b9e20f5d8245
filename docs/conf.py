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

FOR_EVERYBODY = {
    'aside class="sidebar-drawer"': 'aria-label="Pages"',
    'aside class="toc-drawer"': 'aria-label="This page"',
    'div class="content-icon-container"': 'role="region" aria-label="View"',
    'p class="caption" role="heading"': 'aria-level="2"',
    'div class="highlight"><pre': 'tabindex="0"',
    'div class="table-wrapper colwidths-auto docutils container"': 'tabindex="0"',
}
"""Beginnings of elements of the theme, and the attributes that they lack: to be told
apart by a screen reader, and to be scrolled with keys."""


def shorten_paths(app: Sphinx, tree: nodes.document) -> None:
    """Let differences of files name them by their paths in the repository."""
    root = f"{app.srcdir.parent}/"
    for block in tree.findall(nodes.literal_block):
        if block.get("language") == "udiff":
            block.children = [nodes.Text(block.astext().replace(root, ""))]
            block.rawsource = block.astext()


def name_columns(app: Sphinx, tree: nodes.document) -> None:
    """Let a screen reader say something of a column whose heading is empty."""
    for head in tree.findall(nodes.thead):
        rows = next(iter(head.parent.findall(nodes.tbody))).children
        for number, entry in enumerate(head.findall(nodes.entry)):
            if entry.astext().strip():
                continue
            cells = [row.children[number].astext() for row in rows]
            text = "Number" if all(cell.isdigit() for cell in cells) else "Details"
            hidden = nodes.inline("", text, classes=["visually-hidden"])
            entry.children = []
            entry += nodes.paragraph("", "", hidden)


def complete_theme(app: Sphinx, error: Exception | None) -> None:
    """Give elements of the pages that were written what they lack."""
    for page in app.outdir.rglob("*.html"):
        before = after = page.read_text("utf-8")
        for begun, attributes in FOR_EVERYBODY.items():
            after = after.replace(f"<{begun}>", f"<{begun} {attributes}>")
        if after != before:
            page.write_text(after, "utf-8")


def setup(app: Sphinx) -> None:
    """Have that done when a page has been read, or all have been written."""
    app.connect("doctree-read", shorten_paths)
    app.connect("doctree-read", name_columns)
    app.connect("build-finished", complete_theme)
