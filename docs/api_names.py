"""
Writes the page of the names that the code of the course takes from Twisted and treq:
where it is shown, and its place in the documentation of the library.

    $ python -m docs.api_names
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass, isfunction, ismodule
from pathlib import Path

from zope.interface.interface import InterfaceClass

TUTORIAL = Path(__file__).with_name("tutorial")
PAGE = TUTORIAL / "names.md"

TWISTED = "https://docs.twisted.org/en/stable/api/"
TREQ = "https://treq.readthedocs.io/en/stable/api.html"

_shown_file = re.compile(r"^```+\{literalinclude\} (\S+\.py)$", re.MULTILINE)

HEAD = """\
# Names of Twisted and treq

What the code of the course takes from Twisted and treq, with a page that shows it, and
the place in the library's own documentation.

| Name | From | Shown, for instance, on | Its documentation |
| --- | --- | --- | --- |
"""


def page() -> str:
    """The page, made from the code that the pages of the course show."""
    found: dict[tuple[str, str], Path] = {}
    for shown_on in sorted(TUTORIAL.rglob("*.md")):
        for path in _shown_file.findall(shown_on.read_text("utf-8")):
            for taken in imported((shown_on.parent / path).read_text("utf-8")):
                found.setdefault(taken, shown_on)
    rows = defaultdict(str)
    for (module, name), shown_on in found.items():
        target = shown_on.relative_to(TUTORIAL)
        shown = f"[{target.with_suffix('')}]({target})"
        whole = f"{module}.{name}".rstrip(".")
        link = f"[{whole}]({address(module, name)})"
        rows[f"{name or module} {module}".lower()] = (
            f"| `{name or module}` | `{module}` | {shown} | {link} |\n"
        )
    return HEAD + "".join(rows[key] for key in sorted(rows))


def imported(source: str) -> Iterator[tuple[str, str]]:
    """The modules and names that the module *source* takes from the libraries."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and _is_library(node.module or ""):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((a.name, "") for a in node.names if _is_library(a.name))


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in ("twisted", "treq")


def address(module: str, name: str) -> str:
    """Where the documentation of *name*, or of all of *module*, is."""
    if module.startswith("treq"):
        return TREQ
    found = _named(module, name)
    if ismodule(found):
        return f"{TWISTED}{found.__name__}.html"
    if isclass(found):
        return f"{TWISTED}{found.__module__}.{found.__qualname__}.html"
    if isinstance(found, InterfaceClass):
        return f"{TWISTED}{found.__module__}.{found.__name__}.html"
    if isfunction(found):
        module = found.__module__
    return f"{TWISTED}{module}.html#{name}"


def _named(module: str, name: str) -> object:
    """What *name* is in *module*: an attribute of it, or a module below."""
    if not name:
        return import_module(module)
    try:
        return getattr(import_module(module), name)
    except AttributeError:
        return import_module(f"{module}.{name}")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
