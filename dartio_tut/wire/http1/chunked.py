"""
A chunked body (RFC 9112 section 7.1), decoded as it arrives.

llhttp tells neither the size of a chunk before its data nor where in the bytes it was
fed the message ended; both are needed to refuse in time and to find the next request.
Strict: hexadecimal digits, CRLF, well-formed extensions and trailer fields, both of
them bounded and dropped.

| state      | what comes next                          | then              |
|------------|------------------------------------------|-------------------|
| SIZE       | a chunk's size, perhaps with extensions  | DATA, or TRAILERS |
| DATA       | what is left of the chunk                | CHUNK_END         |
| CHUNK_END  | the CRLF behind the chunk                | SIZE              |
| TRAILERS   | a field line, or the empty line          | the end           |
"""

from __future__ import annotations

import re
from enum import Enum

from .protocol_error import chunked_error

MAX_LINE_BYTES = 1024
"""Bytes of a chunk's size with its extensions."""

MAX_EXTENSION_BYTES = 8192
"""Bytes of all extensions of a body: they are traffic on top of its limit."""

MAX_TRAILER_BYTES = 8192
"""Bytes of all trailer fields."""

_token = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_quoted = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_extension = rb";%b(?:=(?:%b|%b))?" % (_token, _token, _quoted)
_size = re.compile(rb"([0-9A-Fa-f]{1,15})(?:%b)*" % _extension).fullmatch
_plain_size = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n").match
_size_so_far = re.compile(
    rb"[0-9A-Fa-f]{1,15}(?:;[\t\x20-\x7e\x80-\xff]*)?\r?"
).fullmatch
_field = re.compile(rb"%b:[\t\x20-\x7e\x80-\xff]*" % _token).fullmatch


class ChunkState(Enum):
    """See the module's table."""

    SIZE = "size"
    DATA = "data"
    CHUNK_END = "chunk end"
    TRAILERS = "trailers"


SIZE, DATA, CHUNK_END, TRAILERS = ChunkState


class ChunkedDecoder:
    """
    The decoder of one body.

    :ivar announced: bytes of data so far, counting a chunk as soon as its size came.
    """

    __slots__ = ("_extensions", "_left", "_state", "_trailers", "announced")

    def __init__(self) -> None:
        self._state = SIZE
        self._left = 0
        self._trailers = 0
        self._extensions = 0
        self.announced = 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes, bool]:
        """
        Decode *data*.

        :raise ProtocolError: when it is malformed.
        :return: the pieces of the body; the bytes that could not be used yet (to be
            fed again with what follows) or lie behind the body; whether it has ended.
        """
        pieces: list[bytes] = []
        at = 0
        while True:
            if self._state is DATA:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                if piece:
                    pieces.append(piece)
                if self._left:
                    return pieces, b"", False
                self._state = CHUNK_END
            at = self._take_plain_chunks(data, at, pieces)
            end = data.find(b"\r\n", at)
            if end < 0:
                self._check_part(data[at:])
                return pieces, data[at:], False
            line = data[at:end]
            at = end + 2
            if self._take_line(line):
                return pieces, data[at:], True

    def _take_plain_chunks(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """
        Take whole chunks without extensions, which most are, at a third of the cost.

        :return: where the first one begins that is anything else.
        """
        if self._state is CHUNK_END and data[at : at + 2] == b"\r\n":
            at += 2
            self._state = SIZE
        if self._state is not SIZE:
            return at
        while found := _plain_size(data, at):
            size = int(found[1], 16)
            start = found.end()
            if not size or data[start + size : start + size + 2] != b"\r\n":
                break
            pieces.append(data[start : start + size])
            self.announced += size
            at = start + size + 2
        return at

    def _take_line(self, line: bytes) -> bool:
        """Take a whole line: whether the body ends with it."""
        if self._state is CHUNK_END:
            if line:
                raise chunked_error("data behind a chunk")
            self._state = SIZE
        elif self._state is SIZE:
            found = _size(line)
            if found is None or len(line) > MAX_LINE_BYTES:
                raise chunked_error("malformed chunk size")
            self._extensions += len(line) - len(found[1])
            if self._extensions > MAX_EXTENSION_BYTES:
                raise chunked_error("chunk extensions too large")
            self._left = int(found[1], 16)
            self.announced += self._left
            self._state = DATA if self._left else TRAILERS
        elif not line:
            return True
        else:
            self._trailers += len(line)
            if self._trailers > MAX_TRAILER_BYTES:
                raise chunked_error("trailer fields too large")
            if not _field(line):
                raise chunked_error("malformed trailer field")
        return False

    def _check_part(self, part: bytes) -> None:
        """Refuse the beginning of a line that cannot become a good one."""
        if self._state is CHUNK_END:
            is_good = part in (b"", b"\r")
        elif self._state is SIZE:
            is_good = not part or (
                len(part) <= MAX_LINE_BYTES and bool(_size_so_far(part))
            )
        else:
            is_good = len(part) <= MAX_TRAILER_BYTES and b"\n" not in part
            is_good = is_good and b"\r" not in part[:-1]
        if not is_good:
            raise chunked_error("malformed line in a chunked body")
