"""
A reader's file: it is run as a module, and whatever goes wrong is said without a
traceback.
"""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterator
from importlib.util import decode_source
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any

MODULE_NAME = "reader_file"
"""Not ``__main__``: what the file does when it is run by itself, it does not do now."""


class MissingNameError(Exception):
    """
    The file has not what the test looks for.

    :ivar name: the class or function.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnreadableError(Exception):
    """The system does not let us read the file; the text says why."""


class ReaderFile:
    """
    The file at *path*.

    :ivar module: what the file has made, when it has been loaded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.module = ModuleType(MODULE_NAME)
        self.module.__file__ = str(path)

    def load(self) -> None:
        """
        Run the file.

        :raises UnreadableError: nobody can read it.
        :raises SyntaxError: it is no Python.
        :raises BaseException: whatever the file raises.
        """
        try:
            source = self.path.read_bytes()
        except OSError as error:
            raise UnreadableError(error.strerror) from None
        sys.modules[MODULE_NAME] = self.module  # where dataclasses look it up
        linecache.checkcache(str(self.path))
        try:
            text = decode_source(source)  # compile() lets wrong bytes in comments pass
            code = compile(text, str(self.path), "exec", dont_inherit=True)
        except (ValueError, LookupError) as error:  # wrong bytes, a codec, or a NUL
            raise SyntaxError(str(error)) from None
        exec(code, vars(self.module))  # noqa: S102  (that is what it is for)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return getattr(self.module, name)
        except AttributeError:
            raise MissingNameError(name) from None

    def line_of(self, trace: TracebackType | None) -> int | None:
        """The number of the innermost line of this file in *trace*."""
        frames = [
            frame
            for frame in traceback.extract_tb(trace)
            if frame.filename == str(self.path)
        ]
        return frames[-1].lineno if frames else None

    def line_in(self, frame: FrameType | None) -> int | None:
        """The number of the line of this file that is being run, when *frame* is."""
        for outer in _outwards(frame):
            if outer.f_code.co_filename == str(self.path):
                return outer.f_lineno
        return None

    def shown_line(self, number: int | None) -> str:
        """The line *number*, as a message shows it."""
        if not number:
            return str(self.path)
        text = linecache.getline(str(self.path), number).strip()
        return f"{self.path}, line {number}:\n{text}".removesuffix(":\n")


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame:
        yield frame
        frame = frame.f_back
