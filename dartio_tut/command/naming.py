"""
What a command line names: lessons, or a folder or a file for the file server.

Rule: names of lessons come first. What else stands there is for the server to judge.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from inspect import signature
from typing import Any

from twisted.python.usage import UsageError

from dartio_tut.servers import LESSONS, Lesson

FILE_SERVER = "static"
"""The lesson that serves when none is named."""

ALL_SERVERS = "tutorial"
"""The server that runs all lessons; it is not a lesson itself."""

MISTYPED_LIKENESS = 0.7
"""How alike a word must be to be taken for the name of a lesson (difflib's ratio)."""

NAMED = {lesson.name: lesson for lesson in LESSONS}


def lessons_named(
    words: Sequence[str], tells_apart: bool = True
) -> tuple[list[Lesson], list[str]]:
    """
    The lessons whose names begin *words*, and the words that follow.

    :param tells_apart: whether to say so when a file has the name of a lesson, too.
    :raise ValueError: when one is named twice, or the word that follows is neither an
        option nor a path, but nearly the name of a lesson.
    """
    found: list[Lesson] = []
    rest = list(words)
    while rest and rest[0] in NAMED:
        lesson = NAMED[rest.pop(0)]
        if lesson in found:
            raise ValueError(f"{lesson.name} is named twice")
        found.append(lesson)
        if tells_apart and os.path.exists(lesson.name):
            _tell_apart(lesson.name)
    if rest and not rest[0].startswith("-") and not os.path.exists(rest[0]):
        _check_mistyped(rest[0])
    return found or [NAMED[FILE_SERVER]], rest


class NamingOthers:
    """Goes before the options of what is served: knows the names of all servers."""

    parent: Any
    synopsis: str

    def parseArgs(self, *words: str) -> None:
        """
        Take *words*, which are not options, as the server does.

        :raise UsageError: when one is a server's name at the wrong place.
        """
        for word in words:
            if word in NAMED and not os.path.exists(word):
                raise UsageError(f"{word}: the names of servers come first")
        take = super().parseArgs  # type: ignore[misc]  # of the options
        try:
            signature(take).bind(*words)
        except TypeError:
            raise UsageError(f"{words[0]}: neither an option nor a server") from None
        take(*words)

    def getSynopsis(self) -> str:
        """What ``--help`` says first: the way that it is typed."""
        words = [self.parent.synopsis, self.parent.subCommand, self.synopsis]
        if words[1] not in NAMED or words[1] == FILE_SERVER:
            del words[1]
        return " ".join(words)

    def getUsage(self, width: int | None = None) -> str:
        """The text of ``--help``, and the names."""
        text: str = super().getUsage(width)  # type: ignore[misc]  # of the options
        names = "".join(
            f"  {lesson.name:13} {lesson.summary} ({lesson.port})\n"
            for lesson in LESSONS
        )
        return f"{text}\nServers, for dartio serve NAME... [options]:\n{names}"


def _tell_apart(name: str) -> None:
    """Say that the file *name* is not what is served."""
    here = f"for what has that name here, say ./{name}"
    line = f"dartio: serving the server {name}; {here}"
    print(line, file=sys.__stderr__, flush=True)


def _check_mistyped(word: str) -> None:
    if word == ALL_SERVERS:
        raise ValueError('all servers together are "twistd -n tutorial"')
    if os.sep in word:
        return
    if near := get_close_matches(word, NAMED, 1, MISTYPED_LIKENESS):
        raise ValueError(
            f"{word}: no such file or folder, and no server; is {near[0]} meant?"
        )
