"""
The first bytes of a body, masked, as they came: with the framing of its chunks.

What belongs together is masked together, however it was cut into pieces or chunks: a
secret in a form may begin in one chunk and end in the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum

from .masking import mask_body, mask_form, mask_part, stars
from .secret_names import may_name_secret

KEPT_BODY_BYTES = 4 * 1024
"""Bytes of a body that are kept, the framing of its chunks included."""

MAX_LOOKED_AT_BYTES = 64 * KEPT_BODY_BYTES
"""Bytes of a body in which secrets are looked for, those that are looked at again with
each piece that comes counted again. It is enough for all pieces that have 32 bytes or
more. Behind it, all is masked where a secret might be: otherwise, whoever sends a body
byte by byte has thousands of bytes looked at for each."""

MAX_SIZE_LINE = 1024
"""Bytes of the line with a chunk's size; a longer one is no such line."""

_size_begun = re.compile(rb"[0-9A-Fa-f]*+\r?\Z").match
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
        self._runs: list[tuple[_Kind, int]] = []
        self._texts = dict.fromkeys(_Kind, b"")
        self._looked_at = 0
        self._is_rest_cut = False
        self.room = KEPT_BODY_BYTES

    @property
    def kept(self) -> bytes:
        """What is kept, masked."""
        done = dict.fromkeys(_Kind, 0)
        pieces: list[bytes] = []
        for kind, count in self._runs:
            pieces.append(self._texts[kind][done[kind] : done[kind] + count])
            done[kind] += count
        return b"".join(pieces)

    @property
    def kept_bytes(self) -> int:
        """How many bytes are kept."""
        return sum(map(len, self._texts.values()))

    @property
    def data(self) -> bytes:
        """What is kept of it, without the framing."""
        return self._texts[_Kind.DATA]

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
        if count >= self.kept_bytes:
            return
        left: list[tuple[_Kind, int]] = []
        sizes = dict.fromkeys(_Kind, 0)
        for kind, there in self._runs:
            staying = max(0, min(there, count))
            count -= staying
            left.append((kind, staying))
            sizes[kind] += staying
        self._runs = left
        self._texts = {kind: self._texts[kind][:size] for kind, size in sizes.items()}
        self.room = 0

    def _put(self, pieces: Iterable[tuple[_Kind, bytes]]) -> None:
        """Keep *pieces*: those of one kind are masked as if nothing stood between."""
        new = dict.fromkeys(_Kind, b"")
        for kind, piece in pieces:
            new[kind] += piece
            if self._runs and self._runs[-1][0] is kind:
                self._runs[-1] = (kind, self._runs[-1][1] + len(piece))
            else:
                self._runs.append((kind, len(piece)))
        for kind, piece in new.items():
            if piece:
                self._texts[kind] = self._with_more(kind, piece)

    def _with_more(self, kind: _Kind, piece: bytes) -> bytes:
        """What is kept of one *kind*, masked, with *piece* behind it."""
        if kind is not _Kind.DATA:
            return self._with_more_lines(kind, piece)
        text = self._texts[kind] + piece
        if not self._is_form and not may_name_secret(text):
            return text
        if not self._may_look_at(text):
            return self._texts[kind] + stars(piece)
        return mask_form(text) if self._is_form else mask_body(text)

    def _with_more_lines(self, kind: _Kind, piece: bytes) -> bytes:
        """
        The same of lines, without what comes of a line in another piece than its
        beginning: what it is cannot be told any more. Behind such a line, no trailer is
        kept, which may belong to it; a line of the framing stands for itself.
        """
        there = self._texts[kind]
        if kind is _Kind.REST:
            if there and not there.endswith(b"\n"):
                self._is_rest_cut = True
            if self._is_rest_cut:
                return there + stars(piece)
        elif _has_open_extension(there):
            end = piece.find(b"\n") + 1 or len(piece)
            there, piece = there + stars(piece[:end]), piece[end:]
        text = there + piece
        return mask_part(text) if self._may_look_at(text) else there + stars(piece)

    def _may_look_at(self, text: bytes) -> bool:
        self._looked_at += len(text)
        return self._looked_at <= MAX_LOOKED_AT_BYTES


def _has_open_extension(framing: bytes) -> bool:
    """Whether the last line, if it has not ended, has more than the size of a chunk."""
    return not _size_begun(framing, framing.rfind(b"\n") + 1)


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
