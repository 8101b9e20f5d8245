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


@dataclass(frozen=True)
class Row:
    """
    One behaviour.

    :ivar title: what is asked.
    :ivar expected: the right answer, in a few words.
    :ivar clause: where that is written, or the reason.
    :ivar ask: ask a server, and judge.
    :ivar start: how the server is to have been started.
    """

    title: str
    expected: str
    clause: str
    ask: Callable[[Server], Verdict]
    start: str = BASE


class Group:
    """Rows with a heading."""

    def __init__(self, title: str, *rows: Row) -> None:
        self.title = title
        self.rows = rows


def answer_to(
    path: str | bytes, judge: Judge, fields: Fields = (), method: str = "GET"
) -> Callable[[Server], Verdict]:
    """Ask for *path*, and judge the answer."""
    return lambda server: judge(server.ask(path, fields, method))


def sent(*lines: bytes, judge: Judge) -> Callable[[Server], Verdict]:
    """Send *lines* and an empty one as they are, and judge the answer."""
    data = b"".join(line + b"\r\n" for line in (*lines, b""))
    return lambda server: judge(server.send(data))
