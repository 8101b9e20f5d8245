"""
A chunked body (RFC 9112 section 7.1), decoded as it arrives.

llhttp tells neither the size of a chunk before its data nor where in the bytes it was
fed the message ended; both are needed to refuse in time and to find the next request.
Strict: hexadecimal digits, CRLF, well-formed extensions and trailer fields, both of
them bounded and dropped.

| state   | what comes next                         | then              |
|---------|-----------------------------------------|-------------------|
| SIZE    | a chunk's size, perhaps extensions      | DATA, or TRAILERS |
| DATA    | what is left of the chunk               | END               |
| END     | the CRLF behind it                      | SIZE              |
| TRAILERS| a field line, or the empty line         | the end           |
"""

from __future__ import annotations

import re
from enum import Enum

MAX_LINE = 1024
"""Bytes of a chunk's size with its extensions, or of a trailer field."""

MAX_EXTENSIONS = 8192
"""Bytes of all extensions of a body: they would be traffic beyond its limit."""

MAX_TRAILERS = 8192
"""Bytes of all trailer fields."""

_token = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_quoted = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_extension = rb";%b(?:=(?:%b|%b))?" % (_token, _token, _quoted)
_size = re.compile(rb"([0-9A-Fa-f]{1,15})(?:%b)*" % _extension).fullmatch
_size_so_far = re.compile(
    rb"[0-9A-Fa-f]{1,15}(?:;[\t\x20-\x7e\x80-\xff]*)?\r?"
).fullmatch
_field = re.compile(rb"%b:[\t\x20-\x7e\x80-\xff]*" % _token).fullmatch


class BadChunk(ValueError):
    """What cannot be a chunked body."""


class State(Enum):
    """See the module's table."""

    SIZE = "size"
    DATA = "data"
    END = "end"
    TRAILERS = "trailers"


class Chunked:
    """
    The decoder of one body.

    :ivar announced: bytes of data so far, counting a chunk from when its size came.
    """

    __slots__ = ("_extensions", "_left", "_state", "_trailers", "announced")

    def __init__(self) -> None:
        self._state = State.SIZE
        self._left = 0
        self._trailers = 0
        self._extensions = 0
        self.announced = 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes, bool]:
        """
        Decode *data*.

        :raise BadChunk: when it is malformed.
        :return: the pieces of content; the bytes that could not be used yet (to be
            fed again with what follows) or lie behind the body; whether it ended.
        """
        pieces: list[bytes] = []
        at = 0
        while True:
            if self._state is State.DATA:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                if piece:
                    pieces.append(piece)
                if self._left:
                    return pieces, b"", False
                self._state = State.END
            end = data.find(b"\r\n", at)
            if end < 0:
                self._check_part(data[at:])
                return pieces, data[at:], False
            line = data[at:end]
            at = end + 2
            if self._take_line(line):
                return pieces, data[at:], True

    def _take_line(self, line: bytes) -> bool:
        """Take a whole line; whether the body ends with it."""
        if self._state is State.END:
            if line:
                raise BadChunk("data behind a chunk")
            self._state = State.SIZE
        elif self._state is State.SIZE:
            found = _size(line)
            if found is None or len(line) > MAX_LINE:
                raise BadChunk("no chunk size")
            self._extensions += len(line) - len(found[1])
            if self._extensions > MAX_EXTENSIONS:
                raise BadChunk("more extensions than anybody needs")
            self._left = int(found[1], 16)
            self.announced += self._left
            self._state = State.DATA if self._left else State.TRAILERS
        elif not line:
            return True
        else:
            self._trailers += len(line)
            if self._trailers > MAX_TRAILERS or not _field(line):
                raise BadChunk("no trailer field")
        return False

    def _check_part(self, part: bytes) -> None:
        """Refuse the beginning of a line that cannot become a good one."""
        if self._state is State.END:
            good = part in (b"", b"\r")
        elif self._state is State.SIZE:
            good = not part or (len(part) <= MAX_LINE and bool(_size_so_far(part)))
        else:
            good = len(part) <= MAX_TRAILERS and b"\n" not in part
            good = good and b"\r" not in part[:-1]
        if not good:
            raise BadChunk("malformed line")
