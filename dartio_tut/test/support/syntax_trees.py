"""
The syntax tree of each module, which several tests look at; it is walked once.

Trees are half of all objects of a run of the unit tests, and each full collection of
garbage would walk them.
"""

from __future__ import annotations

import ast
import gc
from collections import defaultdict
from functools import cache
from pathlib import Path
from types import EllipsisType, NoneType
from typing import Any

_LEAVES = {
    *(str, bytes, int, float, complex, bool, NoneType, EllipsisType),
    *(ast.Load, ast.Store, ast.Del),
}
"""What stands in a tree and has nothing below it that a test may look for."""

_FIELDS_WITH_NODES: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Name: (),
    ast.Constant: (),
    ast.alias: (),
    ast.arg: ("annotation",),
    ast.Attribute: ("value",),
    ast.keyword: ("value",),
}
"""Of the kinds that most nodes are of: the only fields that may have nodes."""


@cache
def sources(folder: Path) -> list[Path]:
    """
    All modules in *folder*, and below it.

    A path is hashed once, and so quickly found again: tests should use the same.
    """
    return [*folder.rglob("*.py")]


@cache
def syntax_tree(path: Path) -> ast.Module:
    """The syntax tree of the module at *path*."""
    return ast.parse(path.read_text("utf-8"))


def syntax_nodes(path: Path, *kinds: type[ast.AST]) -> list[Any]:
    """All nodes of these *kinds* in the module at *path*, kind by kind."""
    by_kind = _nodes_by_kind(path)
    return [node for kind in kinds for node in by_kind.get(kind, ())]


@cache
def _nodes_by_kind(path: Path) -> dict[type[ast.AST], list[Any]]:
    is_enabled = gc.isenabled()
    gc.disable()
    try:
        return _walked(syntax_tree(path))
    finally:
        gc.freeze()
        if is_enabled:
            gc.enable()


def _walked(tree: ast.AST) -> dict[type[ast.AST], list[Any]]:
    """
    All nodes of *tree* by their kinds.

    `ast.walk` takes several times as long, and whoever calls it looks at each node.
    """
    found: dict[type[ast.AST], list[Any]] = defaultdict(list)
    waiting: list[Any] = [tree]
    for node in waiting:  # which grows meanwhile
        kind = type(node)
        found[kind].append(node)
        for name in _FIELDS_WITH_NODES.get(kind, kind._fields):
            value = getattr(node, name, None)
            if type(value) is list:
                waiting += [one for one in value if type(one) not in _LEAVES]
            elif type(value) not in _LEAVES:
                waiting.append(value)
    return dict(found)
