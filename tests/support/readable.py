"""
Which imported names a page of the course shows in its code, and which it explains.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

from .course_pages import Shown, prose, shown_code

EXPLANATION_WORDS = 6
"""A block of text with fewer words beside a name only mentions it."""

_code = re.compile(r"`+([^`]+)`+")
_identifier = re.compile(r"[A-Za-z_]\w*")
_block = re.compile(r"\n{2,}|\n(?=\||\d+\. |[-*] )")


def unexplained(pages: Iterable[Path], known: set[str]) -> dict[str, list[str]]:
    """
    The imported names in the code of each of *pages* that nobody has explained.

    :param pages: in the order in which they are read.
    :param known: names that are explained elsewhere.
    :return: by the name of the page; pages without such names are left out.
    """
    known, found = set(known), {}
    for page in pages:
        known |= explained(prose(page))
        names = {name for shown in shown_code(page) for name in imported_names(shown)}
        if missing := sorted(names - known):
            found[page.stem] = missing
    return found


def imported_names(shown: Shown) -> set[str]:
    """The names in the excerpt that its module has imported."""
    return set(_imported(ast.parse(shown.module))) & set(_names(shown.excerpt))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield (alias.asname or alias.name).partition(".")[0]


def _names(code: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.NAME:
            yield token.string


def explained(text: str) -> set[str]:
    """The names that stand as code in a paragraph, item or row that explains them."""
    names: set[str] = set()
    for block in _block.split(text):
        if len(_code.sub("", block).split()) >= EXPLANATION_WORDS:
            for code in _code.findall(block):
                names.update(_identifier.findall(code))
    return names
