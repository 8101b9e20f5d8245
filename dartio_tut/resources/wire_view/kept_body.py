"""
The first bytes of a body, masked, as they came: with the framing of its chunks.

What belongs together is masked together, however it was cut into pieces or chunks: a
secret in a form may begin in one chunk and end in the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from .masking import mask_body, mask_form, mask_part, stars

KEPT_BODY_BYTES = 4 * 1024
"""Bytes of a body that are kept, the framing of its chunks included."""

MAX_SIZE_LINE = 1024
"""Bytes of the line with a chunk's size; a longer one is no such line."""

_size = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})(?![0-9A-Fa-f])").match


class _Kind(Enum):
    """What bytes of a body are."""

    DATA = "data"
    FRAMING = "framing"
    REST = "trailers, or what could not be read"


class KeptBody:
    """
    Keeps one body.

    :param is_chunked: whether it is framed in chunks (RFC 9112 section 7.1).
    :param is_form: whether it is a form, which may hold secrets.
    :ivar room: how many more bytes it keeps.
    """

    def __init__(self, is_chunked: bool, is_form: bool) -> None:
        self._chunks = _ChunkSplitter() if is_chunked else None
        self._is_form = is_form
        self._pieces: list[tuple[_Kind, bytes]] = []
        self.room = KEPT_BODY_BYTES

    @property
    def kept(self) -> bytes:
        """What is kept, masked."""
        return b"".join(piece for _, piece in self._pieces)

    @property
    def data(self) -> bytes:
        """What is kept of it, without the framing."""
        return b"".join(piece for kind, piece in self._pieces if kind is _Kind.DATA)

    def add(self, data: bytes) -> None:
        """More of it has come."""
        data = data[: self.room]
        self.room -= len(data)
        if self._chunks is None:
            self._put([(_Kind.DATA, data)])
        else:
            self._put(self._chunks.split(data))

    def add_rest(self, data: bytes) -> None:
        """Bytes have come that could not be read as a part of it."""
        data = data[: self.room]
        self.room -= len(data)
        self._put([(_Kind.REST, stars(data) if self._is_form else data)])

    def cut(self, count: int) -> None:
        """Keep only the first *count* bytes."""
        if count < len(self.kept):
            left: list[tuple[_Kind, bytes]] = []
            for kind, piece in self._pieces:
                left.append((kind, piece[: max(0, count)]))
                count -= len(piece)
            self._pieces = left
            self.room = 0

    def _put(
        self, pieces: Iterator[tuple[_Kind, bytes]] | list[tuple[_Kind, bytes]]
    ) -> None:
        new = [piece for piece in pieces if piece[1]]
        self._pieces += new
        for kind in {kind for kind, _ in new}:
            self._mask_all(kind)

    def _mask_all(self, kind: _Kind) -> None:
        """Mask what is of one *kind*, as if nothing stood between."""
        text = b"".join(piece for k, piece in self._pieces if k is kind)
        masked = self._masked(kind, text)
        if masked == text:
            return
        done = 0
        for number, (k, piece) in enumerate(self._pieces):
            if k is kind:
                self._pieces[number] = (k, masked[done : done + len(piece)])
                done += len(piece)

    def _masked(self, kind: _Kind, text: bytes) -> bytes:
        if kind is _Kind.DATA:
            return mask_form(text) if self._is_form else mask_body(text)
        return mask_part(text)


class _ChunkSplitter:
    """Tells the framing of a chunked body from its data."""

    def __init__(self) -> None:
        self._line = b""
        self._left = 0
        self._kind = _Kind.FRAMING
        self._ends_chunk = False

    def split(self, data: bytes) -> Iterator[tuple[_Kind, bytes]]:
        """The parts of *data*, in their order."""
        at = 0
        while at < len(data):
            if self._left:
                piece = data[at : at + self._left]
                self._left -= len(piece)
                self._ends_chunk = not self._left
                kind = _Kind.DATA
            elif self._kind is _Kind.FRAMING:
                end = data.find(b"\n", at) + 1
                piece = data[at : end or len(data)]
                kind = _Kind.FRAMING
                self._take_line(piece)
            else:
                piece, kind = data[at:], self._kind
            at += len(piece)
            yield kind, piece

    def _take_line(self, piece: bytes) -> None:
        """Take a line of the framing, or a part of one."""
        self._line += piece[:MAX_SIZE_LINE]
        if not piece.endswith(b"\n"):
            return
        line, self._line = self._line, b""
        if self._ends_chunk:
            self._ends_chunk = False
            return
        found = _size(line)
        if found is None:
            self._kind = _Kind.REST
            return
        self._left = int(found[1], 16)
        if not self._left:
            self._kind = _Kind.REST
