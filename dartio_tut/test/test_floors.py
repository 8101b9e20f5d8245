"""
The walls of the house: imports only go down, and by the door.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import dartio_tut
from twisted.plugins import dartio_tut_plugin

from .support.syntax_trees import sources, syntax_nodes, syntax_tree

HOUSE = Path(dartio_tut.__file__).parent

BELOW = {
    "command": {"clients", "servers", "daemon", "store"},
    "servers": {"daemon", "resources", "store", "anatomy"},
    "clients": {"course", "store", "anatomy"},
    "course": {"testing", "daemon", "resources", "wire", "anatomy"},
    "testing": {"daemon", "wire"},
    "daemon": {"wire", "store", "anatomy"},
    "resources": {"wire", "store", "anatomy"},
    "wire": set(),
    "store": set(),
    "anatomy": set(),
}
"""What each floor may import, by its door."""

IMPORTS = (ast.ImportFrom, ast.Import)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def modules() -> list[tuple[str, Path]]:
    """Every module of every floor, with the name of its floor."""
    named = [(path.relative_to(HOUSE).parts[0], path) for path in sources(HOUSE)]
    return [(floor, path) for floor, path in named if floor in BELOW]


class FloorTests(SynchronousTestCase):
    """The architecture, as the imports tell it."""

    def test_imports_go_down_by_the_door(self) -> None:
        for floor, path in modules():
            depth = len(path.relative_to(HOUSE).parts) - 1
            for node in syntax_nodes(path, *IMPORTS):
                if isinstance(node, ast.ImportFrom):
                    self.assertLessEqual(node.level, depth, f"{path}: {node.module}")
                    names = [node.module or ""] if node.level == 0 else []
                else:
                    names = [alias.name for alias in node.names]
                for name in names:
                    package, _, room = name.partition(".")
                    is_own = room.partition(".")[0] == floor  # as readers' files do
                    if package == "dartio_tut" and not is_own:
                        self.assertIn(room, BELOW[floor], f"{path}: {name}")

    def test_a_door_re_exports_and_does_nothing_else(self) -> None:
        for floor in BELOW:
            path = HOUSE / floor / "__init__.py"
            tree = syntax_tree(path)
            self.assertIn("Rule of the room:", ast.get_docstring(tree) or "", path)
        doors = (HOUSE / floor for floor in BELOW)
        for path in (door for floor in doors for door in floor.rglob("__init__.py")):
            tree = syntax_tree(path)
            self.assertIn("Rule", ast.get_docstring(tree) or "", path)
            for node in tree.body[1:]:
                self.assertIsInstance(node, (ast.ImportFrom, ast.Assign), path)

    def test_listing_plugins_imports_no_lesson(self) -> None:
        light = ("lessons", "held_signals", "server_plugin")
        for path in (
            HOUSE / "servers" / "__init__.py",
            HOUSE / "servers" / "lessons.py",
            HOUSE / "servers" / "held_signals.py",
            HOUSE / "servers" / "server_plugin.py",
            Path(dartio_tut_plugin.__file__),
        ):
            for node in syntax_nodes(path, ast.ImportFrom):
                if node.module:
                    if node.level == 1 and node.module in light:
                        continue  # in the same room
                    house = node.module.startswith("dartio_tut")
                    name = node.module.removeprefix("dartio_tut.servers.")
                    allowed = name in light
                    self.assertTrue(allowed or not house, f"{path}: {node.module}")
                    self.assertEqual(node.level, 0, f"{path}: {node.module}")

    def test_no_module_takes_the_global_reactor_when_imported(self) -> None:
        for _, path in modules():
            for node in syntax_tree(path).body:
                if isinstance(node, ast.ImportFrom):
                    taken = [alias.name for alias in node.names]
                    self.assertFalse(
                        node.module == "twisted.internet" and "reactor" in taken, path
                    )

    def test_modules_and_functions_are_short(self) -> None:
        for _, path in modules():
            self.assertLess(len(path.read_text().splitlines()), 400, path)
            for node in syntax_nodes(path, *FUNCTIONS):
                body = (node.end_lineno or 0) - node.body[0].lineno + 1
                self.assertLessEqual(body, 40, f"{path}: {node.name}")

    def test_every_test_of_any_input_has_the_settings_for_it(self) -> None:
        count = 0
        for path in (HOUSE / "test").rglob("*.py"):
            for line, next_line in pairwise(path.read_text("utf-8").splitlines()):
                if next_line.lstrip().startswith("@given("):
                    count += 1
                    self.assertRegex(line, r"^ +@(usual|examples\(\d+\))$", path)
        self.assertGreater(count, 30)

    def test_no_group_is_repeated_possessively(self) -> None:
        """
        CPython before 3.11.5 matches ``(?:ab)*+`` wrongly when ``a`` is there and ``b``
        is not (its issue gh-106052). A set, as ``[ab]*+``, is matched well.
        """
        for _, path in modules():
            for node in syntax_nodes(path, ast.Constant):
                if isinstance(node.value, (bytes, str)):
                    text = node.value
                    pattern = text if isinstance(text, str) else text.decode("latin-1")
                    if ")" not in pattern and "(?>" not in pattern:
                        continue
                    sets_left_out = re.sub(r"\\.|\[[^]]+\]", "x", pattern)
                    found = re.search(r"[^(]\)([*+?]|\{[^}]+\})\+|\(\?>", sets_left_out)
                    self.assertIsNone(found, f"{path}: {pattern}")
