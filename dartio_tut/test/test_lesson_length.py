"""
Each lesson is short enough to be read on its page.

Counted are lines of code: no imports, docstrings, comments, blank lines, and no lines
that have nothing but brackets.
"""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.clients import get, guess, note, write
from dartio_tut.servers.lessons import LESSONS

MAX_LESSON_LINES = 45
MAX_FUNCTION_LINES = 15
"""Of `render` and `main`, where a reader begins."""

CLIENTS = (get, guess, note, write)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

NO_CODE = " ()[]{},"


class LengthTests(SynchronousTestCase):
    """All servers and clients of the tutorial."""

    def test_lessons_are_short(self) -> None:
        for path in lessons():
            self.assertLessEqual(code_lines(path.read_text()), MAX_LESSON_LINES, path)

    def test_render_and_main_are_short(self) -> None:
        found = 0
        for path in lessons():
            source = path.read_text()
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, FUNCTIONS) and node.name in ("render", "main"):
                    found += 1
                    function = ast.get_source_segment(source, node, padded=True) or ""
                    lines = code_lines("if True:\n" + indented(function)) - 1
                    self.assertLessEqual(lines, MAX_FUNCTION_LINES, path)
        self.assertGreater(found, len(CLIENTS))

    def test_what_is_counted(self) -> None:
        source = (
            '"""Text,\nof two lines."""\nfrom a import (\n    b,\n)\n\n'
            "# a comment\nclass A:  # here too\n    x = f(\n        1,\n    )\n"
        )
        self.assertEqual(code_lines(source), 3)


def lessons() -> list[Path]:
    """The files of all lessons."""
    servers = [import_module(lesson.module) for lesson in LESSONS]
    files = [Path(str(module.__file__)) for module in (*servers, *CLIENTS)]
    assert len(files) == len(set(files)) == len(LESSONS) + len(CLIENTS)
    return files


def indented(source: str) -> str:
    """*source* as the body of a statement."""
    lines = source.splitlines()
    already = lines[0].startswith(" ")
    return source if already else "\n".join(f"    {line}" for line in lines)


def code_lines(source: str) -> int:
    """How many lines of code *source* has."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, (ast.Expr, ast.Import, ast.ImportFrom)):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return sum(
        number not in left_out and bool(line.partition("#")[0].strip(NO_CODE))
        for number, line in enumerate(source.splitlines(), 1)
    )
