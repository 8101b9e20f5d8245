"""
Sending a part of a file, or several (RFC 9110 sections 15.3.7 and 14.6).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from twisted.web.http import PARTIAL_CONTENT
from twisted.web.server import Request

from dartio_tut.wire import send_file, send_parts

from ..ranges import ByteRange


def send_ranges(
    request: Request,
    descriptor: int,
    size: int,
    kind: bytes,
    parts: Sequence[ByteRange],
) -> None:
    """
    Answer *request* with 206 and *parts* of an open file. The file is closed when they
    are sent.

    :param size: how many bytes the whole file has.
    :param kind: the content type of the file.
    """
    pieces = _prepare(request, size, kind, parts)
    if len(parts) == 1:
        send_file(request, descriptor, *parts[0])
    else:
        send_parts(request, descriptor, pieces)


def content_ranges(
    request: Request, content: bytes, kind: bytes, parts: Sequence[ByteRange]
) -> bytes:
    """
    Prepare 206 as the response to *request*, and return *parts* of a *content* for
    ``render``.
    """
    pieces = _prepare(request, len(content), kind, parts)
    return b"".join(
        piece if isinstance(piece, bytes) else content[piece[0] : sum(piece)]
        for piece in pieces
    )


def _prepare(
    request: Request, size: int, kind: bytes, parts: Sequence[ByteRange]
) -> list[bytes | ByteRange]:
    """Set the status code and the fields for *parts*, and return the whole body."""
    request.setResponseCode(PARTIAL_CONTENT)
    if len(parts) == 1:
        offset, length = parts[0]
        request.setHeader(b"Content-Range", _content_range(offset, length, size))
        return [*parts]
    # It is random, so that nobody can write a file that has it inside.
    boundary = os.urandom(12).hex().encode()
    pieces: list[bytes | ByteRange] = []
    for offset, length in parts:
        head = b"\r\n--%b\r\nContent-Type: %b\r\nContent-Range: %b\r\n\r\n" % (
            boundary, kind, _content_range(offset, length, size)
        )  # fmt: skip
        pieces += (head, (offset, length))
    pieces.append(b"\r\n--%b--\r\n" % boundary)
    total = sum(len(p) if isinstance(p, bytes) else p[1] for p in pieces)
    request.setHeader(b"Content-Type", b"multipart/byteranges; boundary=" + boundary)
    request.setHeader(b"Content-Length", b"%d" % total)
    return pieces


def _content_range(offset: int, length: int, size: int) -> bytes:
    return b"bytes %d-%d/%d" % (offset, offset + length - 1, size)
