"""
Reading what a server sends, as strictly as a suspicious client would.

A lenient reader hides the server's faults: here every byte must belong to an
answer whose end is known (RFC 9112 section 6.3), and nothing may stand behind an
answer that says it is the last. Bytes may come in pieces of any size.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")
Step = Generator[None, None, T]
"""A part of the reading: yields while bytes are missing, returns what it read."""

STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) [\t -~]*")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t -~\x80-\xff]*?)[\t ]*")

ONCE = ("connection", "content-length", "content-type", "date", "transfer-encoding")
"""Fields that no answer repeats, though for two of them a list would be legal."""


class Misframed(Exception):
    """What a server sent is no HTTP/1.1, or not where one may stand."""


@dataclass
class Answer:
    """One answer, and as much of its body as has come."""

    code: int
    fields: dict[str, str]
    body: bytearray = field(default_factory=bytearray)

    def says(self, option: str) -> bool:
        """Whether the Connection field holds *option*."""
        listed = self.fields.get("connection", "").lower().split(",")
        return option in (element.strip() for element in listed)


class Answers:
    """
    The answers that come on one connection.

    :param methods: of the requests in turn; those that are not told are GET.
    :ivar all: the answers so far; the body of the last one may be due.
    """

    def __init__(self, methods: Iterable[str] = ()) -> None:
        self.all: list[Answer] = []
        self._methods = iter(methods)
        self._waiting = bytearray()
        self._between = True
        self._until_close = False
        self._reading = self._read()
        next(self._reading)

    @property
    def codes(self) -> list[int]:
        """The codes of the answers so far."""
        return [answer.code for answer in self.all]

    def feed(self, data: bytes) -> None:
        """
        Take *data*, the next bytes that came.

        :raise Misframed: when a client could misread them.
        """
        self._waiting += data
        next(self._reading)

    def end(self) -> None:
        """
        The server has closed the connection.

        :raise Misframed: when that cuts an answer short.
        """
        if self._until_close:
            self._between = True
        if self.unfinished():
            raise Misframed("closed in the middle of an answer")

    def unfinished(self) -> bool:
        """Whether more must come before the last answer can be used."""
        return not self._between

    def _read(self) -> Step[None]:
        while True:
            self._between = True
            while not self._waiting:
                yield
            self._between = False
            if self.all and self.all[-1].says("close"):
                raise Misframed(
                    f"behind the last answer: {bytes(self._waiting[:60])!r}"
                )
            answer = yield from self._head()
            self.all.append(answer)
            yield from self._content(answer)

    def _head(self) -> Step[Answer]:
        line = yield from self._line()
        match = STATUS.fullmatch(line)
        if match is None:
            raise Misframed(f"no status line: {line!r}")
        answer = Answer(int(match[1]), {})
        while line := (yield from self._line()):
            found = FIELD.fullmatch(line)
            if found is None:
                raise Misframed(f"no field line: {line!r}")
            name = found[1].decode().lower()
            if name in ONCE and name in answer.fields:
                raise Misframed(f"{name} twice")
            answer.fields[name] = found[2].decode("latin-1")
        return answer

    def _content(self, answer: Answer) -> Step[None]:
        length = answer.fields.get("content-length")
        coding = answer.fields.get("transfer-encoding")
        if length is not None and coding is not None:
            raise Misframed("both Content-Length and Transfer-Encoding")
        method = "" if answer.code < 200 else next(self._methods, "GET")
        if answer.code < 200 or answer.code in (204, 304):
            if length is not None or coding is not None:
                raise Misframed(f"{answer.code} with a length or a coding")
            return
        if length is not None and not re.fullmatch("[0-9]{1,18}", length):
            raise Misframed(f"Content-Length: {length}")
        if coding not in (None, "chunked"):
            raise Misframed(f"Transfer-Encoding: {coding}")
        if method == "HEAD":
            return
        if coding is not None:
            yield from self._chunks(answer)
        elif length is not None:
            answer.body += yield from self._bytes(int(length))
        else:
            self._until_close = True
            while True:
                answer.body += self._waiting
                self._waiting.clear()
                yield

    def _chunks(self, answer: Answer) -> Step[None]:
        while True:
            size = yield from self._line()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
                raise Misframed(f"chunk size {size!r}")
            answer.body += yield from self._bytes(int(size, 16))
            if (yield from self._bytes(2)) != b"\r\n":
                raise Misframed("a chunk without its end, or a trailer")
            if not int(size, 16):
                return

    def _bytes(self, count: int) -> Step[bytes]:
        while len(self._waiting) < count:
            yield
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken

    def _line(self) -> Step[bytes]:
        while (end := self._waiting.find(b"\n")) < 0:
            yield
        line = yield from self._bytes(end + 1)
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise Misframed(f"bare CR or LF: {line!r}")
        return line[:-2]
