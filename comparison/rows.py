"""
What is asked: one row of the page, and the groups that rows come in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .answer import Fields
from .asking import Server
from .judging import Judge, Verdict

BASE = "base"
"""The server as it is; other ways of starting it are named after their option."""

ALONE = "alone"
LARGE_FILE = "large file"
FRESH = (BASE, ALONE, LARGE_FILE)
"""All as `BASE`, but in a process each, for what may keep it busy for long."""

Ask = Callable[[Server], Verdict]
"""Asks a server, and judges what it answers."""


@dataclass(frozen=True)
class Row:
    """
    One behaviour.

    :ivar title: what is asked.
    :ivar expected: the right answer, in a few words.
    :ivar clause: where that is written, or the reason.
    :ivar start: how the server is to have been started.
    """

    title: str
    expected: str
    clause: str
    ask: Ask
    start: str = BASE


class Group:
    """Rows with a heading, in the order in which they are added."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[Row] = []

    def add(
        self, title: str, expected: str, clause: str, ask: Ask, start: str = BASE
    ) -> None:
        """Add a row; see `Row`."""
        self.rows.append(Row(title, expected, clause, ask, start))

    def row(
        self, title: str, expected: str, clause: str, start: str = BASE
    ) -> Callable[[Ask], Ask]:
        """Add a row that is asked by the function below this decorator."""

        def add(ask: Ask) -> Ask:
            self.add(title, expected, clause, ask, start)
            return ask

        return add


def answer_to(
    path: str | bytes, judge: Judge, fields: Fields = (), method: str = "GET"
) -> Ask:
    """Ask for *path*, and judge the answer."""
    return lambda server: judge(server.ask(path, fields, method))
