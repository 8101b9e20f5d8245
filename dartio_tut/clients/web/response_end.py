"""
Where a response ends (RFC 9112 section 6.3), found while it comes.

Rule: this decides only when to stop reading, so it forgives whatever it can. What is
wrong with a response, `dartio_tut.anatomy` says.
"""

from __future__ import annotations

from collections.abc import Generator

Step = Generator[None, None, None]
"""A part of the reading: it yields while bytes are missing."""

BEGINNING = b"HTTP/"

BODILESS_CODES = (101, 204, 304)
"""What follows a 101 is another protocol; the others have no content."""

MAX_LINE_BYTES = 1 << 16
"""A longer line is not waited for: the response then ends with the connection."""


class ResponseEnd:
    """
    Finds the end of the response to a request with *method*.

    :ivar has_head: whether the head of the final response has come.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._unread = bytearray()
        self._searched = 0
        self._line = b""
        self._reading = self._read()
        self._has_ended = False
        self.has_head = False

    def feed(self, data: bytes) -> bool:
        """Read on; whether the response has ended."""
        if not self._has_ended:
            self._unread += data
            self._has_ended = next(self._reading, self) is self
        return self._has_ended

    def _read(self) -> Step:
        code = 100
        while 100 <= code < 200 and code != 101:
            yield from self._look_at_beginning()
            if not self._unread.startswith(BEGINNING):
                return  # it is not HTTP: nothing that is awaited will come
            yield from self._next_line()
            code = _status(self._line)
            fields: dict[bytes, bytes] = {}
            while True:
                yield from self._next_line()
                if not self._line:
                    break
                name, _, value = self._line.partition(b":")
                fields[name.strip().lower()] = value.strip().lower()
        self.has_head = True
        if self._method == "HEAD" or code in BODILESS_CODES:
            return
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            yield from self._chunks()
            return
        length = fields.get(b"content-length", b"")
        if b"transfer-encoding" in fields or not length.isdigit() or len(length) > 18:
            yield from self._until_closed()
        yield from self._skip(int(length))

    def _look_at_beginning(self) -> Step:
        while BEGINNING.startswith(self._unread) and len(self._unread) < len(BEGINNING):
            yield

    def _chunks(self) -> Step:
        while True:
            yield from self._next_line()
            try:
                size = int(self._line.partition(b";")[0], 16)
            except ValueError:
                size = -1
            if size < 0:
                yield from self._until_closed()
            if not size:
                break
            yield from self._skip(size)
            yield from self._next_line()
        while self._line:
            yield from self._next_line()

    def _next_line(self) -> Step:
        while (end := self._unread.find(b"\n", self._searched)) < 0:
            self._searched = len(self._unread)
            if self._searched > MAX_LINE_BYTES:
                yield from self._until_closed()
            yield
        self._line = bytes(self._unread[:end]).removesuffix(b"\r")
        del self._unread[: end + 1]
        self._searched = 0

    def _skip(self, count: int) -> Step:
        while count > len(self._unread):
            count -= len(self._unread)
            self._unread.clear()
            yield
        del self._unread[:count]

    def _until_closed(self) -> Step:
        while True:
            self._unread.clear()
            yield


def _status(line: bytes) -> int:
    """The status code in *line*; 0 if that is not a status line."""
    words = line.split(b" ")
    if line.startswith(b"HTTP/") and len(words) > 1 and words[1].isdigit():
        return int(words[1][:4])
    return 0
