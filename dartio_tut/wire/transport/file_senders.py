"""
Answering with a part of a file.

Small ones are read and sent with the head; larger ones go from the file to the socket
in the kernel (`os.sendfile`), driven by the transport's own producer protocol. Where
bytes must pass through us (TLS, HTTP/2), they are read piece by piece.

The length was announced, so a file that has become shorter leaves only one honest way
out: the connection is cut.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any

from twisted.internet import tcp

from ..sending import Sender, pending
from .tcp import Server
from .tls import TLSServer

JOINED = 32 * 1024
"""Up to so many bytes reading beats a second system call for sending."""

PIECE = 64 * 1024
"""Bytes read at a time: what a transport buffers before it says to pause."""

TURN = 512 * 1024
"""Bytes encrypted in one turn of the reactor: others get theirs in between."""


CHUNK = 2 * 1024 * 1024
"""Bytes the kernel sends in one turn: to a client as fast as we are it would go on to
the end of the file. nginx's bound (``sendfile_max_chunk``); less costs more."""

Part = bytes | tuple[int, int]
"""Bytes to send, or the offset and the length of those in a file."""


def set_length(request: Any, length: int) -> None:
    """Say how long the content is, in the way that costs least."""
    at_once = getattr(request, "set_length", None)
    if at_once is not None:
        at_once(length)
    else:
        request.setHeader(b"Content-Length", b"%d" % length)


def send_file(request: Any, descriptor: int, offset: int, length: int) -> None:
    """See `dartio_tut.wire.Request.send_file`."""
    if request._disconnected:
        os.close(descriptor)
        return
    set_length(request, length)
    if request.method == b"HEAD" or length <= JOINED:
        _send_at_once(request, descriptor, offset, length)
        return
    transport = request.transport
    way: type[_Sending] = PieceByPiece
    if isinstance(request.channel, Sender) and not request._encoder:
        if isinstance(transport, TLSServer):
            way = Encrypted
        elif isinstance(transport, tcp.Connection) and not request.isSecure():
            way = InKernel
    way(request, descriptor, offset, length).start()


def send_parts(request: Any, descriptor: int, parts: Sequence[Part]) -> None:
    """
    Finish the response to *request* with *parts*: bytes, or an offset and a length of
    the open file *descriptor*, which is closed. Its length must be among the fields.
    """
    if request._disconnected:
        os.close(descriptor)
        return
    PartByPart(request, descriptor, parts).start()


def _send_at_once(request: Any, descriptor: int, offset: int, length: int) -> None:
    """Send what is small, or only announced."""
    wanted = 0 if request.method == b"HEAD" else length
    try:
        data = os.pread(descriptor, wanted, offset) if wanted else b""
    finally:
        os.close(descriptor)
    if len(data) == wanted:
        request.write(data)
        request.finish()
    else:
        request.channel.abortConnection()


class _Sending:
    """A file on its way, as the producer of a request."""

    def __init__(self, request: Any, descriptor: int, offset: int, length: int) -> None:
        self.request = request
        self.descriptor = descriptor
        self.offset = offset
        self.left = length

    def start(self) -> None:
        """Begin."""
        raise NotImplementedError

    def close(self) -> None:
        """The file is needed no more."""
        self.left = 0
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def stopProducing(self) -> None:
        """The client is gone."""
        self.close()


class PieceByPiece(_Sending):
    """Reads a piece whenever the client has taken the one before."""

    def start(self) -> None:
        """Begin."""
        self.request.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send a piece."""
        if not self.left:
            return
        try:
            data = os.pread(self.descriptor, min(PIECE, self.left), self.offset)
        except OSError:
            data = b""
        if not data:
            self.request.unregisterProducer()
            self.close()
            self.request.channel.abortConnection()
            return
        self.offset += len(data)
        self.left -= len(data)
        self.request.write(data)
        if not self.left:
            self._sent()

    def _sent(self) -> None:
        """All that was announced is sent."""
        self._end()

    def _end(self) -> None:
        self.request.unregisterProducer()
        self.close()
        self.request.finish()


class PartByPart(PieceByPiece):
    """Sends bytes and pieces of the file in turn."""

    def __init__(self, request: Any, descriptor: int, parts: Sequence[Part]) -> None:
        super().__init__(request, descriptor, 0, 0)
        self._parts = iter(parts)

    def resumeProducing(self) -> None:
        """Send some of the part at hand, or begin with the next."""
        if self.left:
            super().resumeProducing()
            return
        part = next(self._parts, None) if self.descriptor >= 0 else b""
        if part is None:
            self._end()
        elif isinstance(part, bytes):
            self.request.write(part)
        else:
            self.offset, self.left = part
            super().resumeProducing()

    def _sent(self) -> None:
        """There may be another part."""


class InKernel(_Sending):
    """
    Stands in for the channel as the producer of its transport, which calls back
    whenever the socket takes more.
    """

    def start(self) -> None:
        """Send the head, and begin."""
        request, channel, transport = (
            self.request,
            self.request.channel,
            self.request.transport,
        )
        request.startedWriting = 1
        request.sentLength = self.left
        head = request._head(False)
        channel.flush()
        if pending(transport) or isinstance(transport, TLSServer):
            transport.write(head)
        else:
            _send_more_to_come(transport, head)
        transport.unregisterProducer()
        channel.begin_sending()
        if isinstance(transport, Server):
            transport.sending = self
        transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send what the socket takes."""
        transport = self.request.transport
        if pending(transport):
            return  # called again when that is sent
        if not self.left:
            self._end(True)
            return
        sent = self._send(transport)
        if not sent:
            self._end(False)
            return
        if sent > 0:
            self.offset += sent
            self.left -= sent
            self.request.channel.progressed()
        if self.left or pending(transport):
            transport.startWriting()  # the socket is full, or asked to be soon
        else:
            self._end(True)

    def _send(self, transport: Any) -> int:
        """Send some: how many bytes; -1 for none yet, 0 for none ever."""
        try:
            return os.sendfile(
                transport.fileno(), self.descriptor, self.offset, min(self.left, CHUNK)
            )
        except BlockingIOError:
            return -1
        except OSError:
            return 0

    def _end(self, whole: bool) -> None:
        request, transport = self.request, self.request.transport
        channel = request.channel
        self.close()
        if isinstance(transport, Server):
            transport.sending = None
        transport.stopWriting()
        transport.unregisterProducer()
        if channel is None:
            return
        transport.registerProducer(channel, True)
        if whole:
            channel.end_sending()
            request.finish()
        else:
            channel.abortConnection()


class Encrypted(InKernel):
    """The same over our TLS, whose bytes must pass through us."""

    def _send(self, transport: Any) -> int:
        """Read some and send it; what the socket does not take is buffered."""
        sent = 0
        while sent < TURN and not pending(transport):
            if sent == self.left:
                break
            try:
                data = os.pread(
                    self.descriptor, min(PIECE, self.left - sent), self.offset + sent
                )
            except OSError:
                data = b""
            if not data:
                return 0
            transport.write(data)
            sent += len(data)
        return sent


def _send_more_to_come(transport: tcp.Connection, head: bytes) -> None:
    """Send *head*; the kernel waits for what follows before it makes a packet."""
    try:
        sent = transport.socket.send(head, socket.MSG_MORE)
    except OSError:
        sent = 0
    if sent < len(head):
        transport.write(head[sent:])
