"""
The list of the lessons: what the plugin, the server ``tutorial``, the tests and the
documentation know of each.

Rule: it imports no lesson, because twistd reads it whenever it lists its plugins.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    """
    One server of the tutorial.

    :param name: what twistd calls it.
    :param port: where it listens unless told otherwise.
    :param summary: one line for ``twistd --help``.
    :param keeps_store: whether it takes ``--store``.
    :param page: the name of its page in the documentation, if it is not the lesson's.
    """

    name: str
    port: int
    summary: str
    keeps_store: bool = False
    page: str = ""

    @property
    def module(self) -> str:
        """The name of its module."""
        return f"{__package__}.{self.name.replace('-', '_')}"

    @property
    def guide(self) -> str:
        """The page of the documentation that teaches it."""
        return f"docs/tutorial/{self.page or self.name.replace('-', '_')}.md"


LESSONS = (
    Lesson("hello", 4040, "Greet every request."),
    Lesson("thinker", 4041, "Think of a number to guess.", keeps_store=True),
    Lesson("notes", 4042, "Keep notes, one a line.", keeps_store=True),
    Lesson("mini-file", 4044, "Serve one file, step by step.", page="files"),
    Lesson("basic-file", 4046, "Serve one file by a resource.", page="files"),
    Lesson("hello-secure", 4047, "Greet every request over TLS.", keeps_store=True),
    Lesson("static", 4048, "Serve a folder."),
    Lesson("writer", 4049, "Store JSON documents.", keeps_store=True),
    Lesson("pages", 8080, "Serve the tutorial's web pages."),
)
