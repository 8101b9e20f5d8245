"""
The syntax tree of each module, which several tests look at; it is walked once.

Trees are half of all objects of a run of the unit tests, and each full collection of
garbage would walk them.
"""

from __future__ import annotations

import ast
import gc
from functools import cache
from pathlib import Path


@cache
def syntax_tree(path: Path) -> ast.Module:
    """The syntax tree of the module at *path*."""
    return ast.parse(path.read_text("utf-8"))


@cache
def syntax_nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of the syntax tree of the module at *path*."""
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        return tuple(ast.walk(syntax_tree(path)))
    finally:
        gc.freeze()
        if is_enabled:
            gc.enable()
