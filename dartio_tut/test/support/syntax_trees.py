"""
The syntax tree of each module, which several tests look at; it is walked once.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def syntax_tree(path: Path) -> ast.Module:
    """The syntax tree of the module at *path*."""
    return ast.parse(path.read_text("utf-8"))


@cache
def syntax_nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of the syntax tree of the module at *path*."""
    return tuple(ast.walk(syntax_tree(path)))
