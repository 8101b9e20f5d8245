"""
Answering a request with a part of a file, or with several.

Small ones are read and sent with the head. Larger ones go from the file to the socket
in the kernel where the connection can do that; elsewhere (over TLS, by HTTP/2) they
are read a piece at a time, as fast as the client takes them.

The length was announced, so a file that has become shorter, or cannot be read, leaves
only one honest way out: the connection is cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from twisted.web import http

from .foreign_stream import abort_connection
from .read_fault import report_read_fault
from .unsendable import BODILESS_CODES

MAX_READ_AT_ONCE = 32 * 1024
"""Bytes up to which reading costs less than a second system call for sending."""

PIECE_BYTES = 64 * 1024
"""Bytes read at a time: what a transport buffers before it says to pause."""

BytesOrFileRange = bytes | tuple[int, int]
"""Bytes to send, or the offset and the length of those in a file."""


def set_length(request: http.Request, length: int) -> None:
    """Say how long the body of the response is, in the way that costs least."""
    set_at_once = getattr(request, "set_length", None)
    if set_at_once is not None:
        set_at_once(length)
    else:
        request.setHeader(b"Content-Length", b"%d" % length)


def send_file(request: http.Request, descriptor: int, offset: int, length: int) -> None:
    """
    Finish the response to *request*, which may be any of Twisted's; see
    `dartio_tut.wire.Request.send_file`.
    """
    if request._disconnected:
        os.close(descriptor)
        return
    set_at_once = getattr(request, "set_length", None)
    if set_at_once is not None:  # as `set_length`, and spares a call
        set_at_once(length)
    else:
        set_length(request, length)
    if _is_head(request):
        _send_head(request, descriptor)
        return
    if length <= MAX_READ_AT_ONCE:
        _send_at_once(request, descriptor, offset, length)
        return
    if request.code in BODILESS_CODES:
        _send_at_once(request, descriptor, offset, 0)
        return
    send_directly = getattr(request, "send_file_directly", None)
    if send_directly is None or not send_directly(descriptor, offset, length):
        ReadingSender(request, descriptor, offset, length).start()


def send_parts(
    request: http.Request, descriptor: int, parts: Sequence[BytesOrFileRange]
) -> None:
    """
    Finish the response to *request* with *parts*: bytes, or an offset and a length of
    the open file *descriptor*, which is closed. Its length must be set already.
    """
    if request._disconnected:
        os.close(descriptor)
        return
    if _is_head(request):
        _send_head(request, descriptor)
    else:
        MultipartSender(request, descriptor, iter(parts)).start()


def _is_head(request: http.Request) -> bool:
    """Whether only the head of the response to *request* is sent."""
    return request.method == b"HEAD" or getattr(request, "_inFakeHead", False)


def _send_head(request: http.Request, descriptor: int) -> None:
    """Send nothing of the file: it is only announced."""
    if getattr(request, "_inFakeHead", False) and not hasattr(request, "write_whole"):
        os.close(descriptor)  # Twisted's own request finishes when it is rendered
    else:
        _send_at_once(request, descriptor, 0, 0)


def _send_at_once(
    request: http.Request, descriptor: int, offset: int, length: int
) -> None:
    """Send a part that is small; nothing of one that is only announced."""
    data: bytes | None = None
    try:
        data = os.pread(descriptor, length, offset) if length else b""
    except OSError as error:
        report_read_fault(descriptor, error)
    finally:
        os.close(descriptor)
    if data is None and hasattr(request, "send_failed"):
        request.send_failed()
    elif data is not None and len(data) == length:
        write_whole = getattr(request, "write_whole", None)
        if write_whole is None or not write_whole(data):
            request.write(data)
            request.finish()
    else:
        abort_connection(request.channel)


class ReadingSender:
    """
    Reads a piece of a file whenever the client has taken the one before.

    :param request: whose pull producer this is.
    """

    def __init__(
        self, request: http.Request, descriptor: int, offset: int, length: int
    ) -> None:
        self._request = request
        self._descriptor = descriptor
        self._offset = offset
        self._left = length

    def start(self) -> None:
        """Begin."""
        self._request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send a piece."""
        if not self._left:
            return
        length = min(PIECE_BYTES, self._left)
        try:
            data = os.pread(self._descriptor, length, self._offset)
        except OSError as error:
            report_read_fault(self._descriptor, error)
            data = b""
        if not data:
            self._request.unregisterProducer()
            self._close()
            abort_connection(self._request.channel)
            return
        self._offset += len(data)
        self._left -= len(data)
        self._request.write(data)
        if not self._left:
            self._part_sent()

    def stopProducing(self) -> None:
        """The client has gone."""
        self._close()

    def _part_sent(self) -> None:
        """All that was asked for is sent."""
        self._finish()

    def _finish(self) -> None:
        self._request.unregisterProducer()
        self._close()
        self._request.finish()

    def _close(self) -> None:
        self._left = 0
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class MultipartSender(ReadingSender):
    """Sends bytes and parts of a file in turn."""

    def __init__(
        self, request: http.Request, descriptor: int, parts: Iterator[BytesOrFileRange]
    ) -> None:
        super().__init__(request, descriptor, 0, 0)
        self._parts = parts

    def resumeProducing(self) -> None:
        """Send some of the part at hand, or begin with the next."""
        if self._left:
            super().resumeProducing()
            return
        part = next(self._parts, None) if self._descriptor >= 0 else b""
        if part is None:
            self._finish()
        elif isinstance(part, bytes):
            self._request.write(part)
        else:
            self._offset, self._left = part
            super().resumeProducing()

    def _part_sent(self) -> None:
        """There may be another part."""
