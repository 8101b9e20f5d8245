"""
Reads the responses that a server sends, as strictly as a suspicious client would.

A lenient reader hides the server's faults. Here every byte must belong to a response
whose end is known (RFC 9112 section 6.3), and nothing may follow a response that says
that it is the last. Bytes may arrive in pieces of any size.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import TypeVar

from .response import Response, UnexpectedResponse

T = TypeVar("T")
Step = Generator[None, None, T]
"""A part of the reading: it yields while bytes are missing, then returns its result."""

STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2}) ([\t -~]*)")
FIELD_LINE = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t -~\x80-\xff]*?)[\t ]*"
)

SENT_ONCE = (
    "connection",
    "content-length",
    "content-type",
    "date",
    "transfer-encoding",
)
"""Fields that no response repeats, although two of them may legally be lists."""


class FramingError(UnexpectedResponse):
    """The server sent something that is not HTTP/1.1, or that must not follow here."""


class ResponseReader:
    """
    Reads the responses that arrive on one connection.

    :param methods: the methods of the requests, in order; GET where they run out.
    :ivar responses: those that have begun; the body of the last one may be incomplete.
    """

    def __init__(self, methods: Iterable[str] = ()) -> None:
        self.responses: list[Response] = []
        self._methods = iter(methods)
        self._unread = bytearray()
        self._is_between = True
        self._reads_until_close = False
        self._reading = self._read()
        next(self._reading)

    @property
    def codes(self) -> list[int]:
        """The status codes of the responses."""
        return [response.code for response in self.responses]

    @property
    def is_unfinished(self) -> bool:
        """Whether more must arrive before the last response can be used."""
        return not self._is_between

    def feed(self, data: bytes) -> None:
        """
        Read *data*, the next bytes that arrived.

        :raise FramingError: when a client could misread them.
        """
        self._unread += data
        next(self._reading)

    def end(self) -> None:
        """
        Note that the server has closed the connection.

        :raise FramingError: when that cuts a response short.
        """
        if self._reads_until_close:
            self._is_between = True
        if self.is_unfinished:
            raise FramingError("the connection was closed in the middle of a response")

    def _read(self) -> Step[None]:
        while True:
            self._is_between = True
            while not self._unread:
                yield
            self._is_between = False
            if self.responses and self.responses[-1].has_connection_option("close"):
                raise FramingError(
                    f"bytes after the last response: {bytes(self._unread[:60])!r}"
                )
            response = yield from self._head()
            self.responses.append(response)
            yield from self._body(response)

    def _head(self) -> Step[Response]:
        line = yield from self._line()
        match = STATUS_LINE.fullmatch(line)
        if match is None:
            raise FramingError(f"not a status line: {line!r}")
        response = Response(int(match[1]), reason=match[2].decode("ascii"))
        while line := (yield from self._line()):
            found = FIELD_LINE.fullmatch(line)
            if found is None:
                raise FramingError(f"not a field line: {line!r}")
            name = found[1].decode().lower()
            if name in SENT_ONCE and name in response.fields:
                raise FramingError(f"{name} is sent twice")
            response.fields.add(name, found[2].decode("latin-1"))
        return response

    def _body(self, response: Response) -> Step[None]:
        length = response.fields.get("content-length")
        coding = response.fields.get("transfer-encoding")
        if length is not None and coding is not None:
            raise FramingError("both Content-Length and Transfer-Encoding")
        method = "" if response.code < 200 else next(self._methods, "GET")
        if response.code < 200 or response.code in (204, 304):
            if length is not None or coding is not None:
                raise FramingError(f"{response.code} with a length or a coding")
            return
        if length is not None and not re.fullmatch("[0-9]{1,18}", length):
            raise FramingError(f"Content-Length: {length}")
        if coding not in (None, "chunked"):
            raise FramingError(f"Transfer-Encoding: {coding}")
        if method == "HEAD":
            return
        if coding is not None:
            yield from self._chunks(response)
        elif length is not None:
            response.received += yield from self._bytes(int(length))
        else:
            self._reads_until_close = True
            while True:
                response.received += self._unread
                self._unread.clear()
                yield

    def _chunks(self, response: Response) -> Step[None]:
        while True:
            size = yield from self._line()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
                raise FramingError(f"chunk size {size!r}")
            response.received += yield from self._bytes(int(size, 16))
            if (yield from self._bytes(2)) != b"\r\n":
                raise FramingError("a chunk without its end, or a trailer")
            if not int(size, 16):
                return

    def _bytes(self, count: int) -> Step[bytes]:
        while len(self._unread) < count:
            yield
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        return taken

    def _line(self) -> Step[bytes]:
        while (end := self._unread.find(b"\n")) < 0:
            yield
        line = yield from self._bytes(end + 1)
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise FramingError(f"bare CR or LF: {line!r}")
        return line[:-2]


def read_response(
    data: bytes, method: str = "GET", *, closed: bool = False
) -> Response:
    """
    The final response that *data* is, to a request with *method*.

    :param closed: whether the server has then closed the connection.
    :raise FramingError: when the response is incomplete, or more than one.
    """
    reader = ResponseReader([method])
    reader.feed(data)
    if closed:
        reader.end()
    if reader.is_unfinished:
        raise FramingError(f"an incomplete response: {data[-200:]!r}")
    final = [response for response in reader.responses if response.code >= 200]
    if len(final) != 1:
        raise FramingError(f"{len(final)} responses instead of one: {data[:200]!r}")
    return final[0]
