"""
A file on its way from the disk to a socket, driven by the transport's own producers.

On a plain socket the kernel copies the bytes (`os.sendfile`). Over our TLS they are
read, encrypted and sent a piece at a time. The length was announced before, so when a
file turns out to be shorter the only honest way out is to cut the connection.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable

from twisted.internet import tcp

from ..read_fault import report_read_fault
from ..twisted_private import buffered_bytes, is_aborting

SENDFILE_BYTES = 2 * 1024 * 1024
"""
The most that the kernel sends in one turn of the reactor. A client as fast as we are
would otherwise have it send all of the file while others wait. nginx has the same bound
(``sendfile_max_chunk``); less costs more.
"""

READ_BYTES = 64 * 1024
"""The most that is read at a time where bytes must pass through this process."""

READ_BYTES_PER_TURN = 512 * 1024
"""The most that is read, encrypted and sent in one turn of the reactor."""

CLIENT_GONE = frozenset({errno.EPIPE, errno.ECONNRESET})
"""
What `os.sendfile` fails with when the client has gone: the reactor notices that by
itself.
"""


class SendfileSender:
    """
    Sends a part of a file on a plain socket, as a pull producer of its transport.

    :param transport: a TCP connection whose producer this becomes.
    :param ended: called at the end, unless the connection is lost before: whether all
        of it was sent.
    :ivar left: how many bytes have not been sent yet.
    """

    def __init__(
        self,
        transport: tcp.Connection,
        descriptor: int,
        offset: int,
        length: int,
        ended: Callable[[bool], None],
    ) -> None:
        self._transport = transport
        self._descriptor = descriptor
        self._offset = offset
        self.left = length
        self._ended = ended
        self._by_reading = False

    def start(self, head: bytes) -> None:
        """Send *head*, and begin with the file."""
        if is_aborting(self._transport):
            self.close()
            return
        if buffered_bytes(self._transport) or not self._send_head(head):
            self._transport.write(head)
        self._transport.registerProducer(self, False)

    def _send_head(self, head: bytes) -> bool:
        """Send *head* so that the kernel waits for what follows to fill the packet."""
        try:
            sent = self._transport.socket.send(head, socket.MSG_MORE)
        except OSError:
            return False
        if sent < len(head):
            self._transport.write(head[sent:])
        return True

    def resumeProducing(self) -> None:
        """Send what the socket takes now."""
        transport = self._transport
        if buffered_bytes(transport):
            return  # called again when that is sent
        if self._descriptor < 0:
            return  # it has ended
        sent = self._send() if self.left else 0
        self._offset += sent
        self.left -= sent
        if self._descriptor < 0:
            self._finish(whole=False)
        elif self.left or buffered_bytes(transport):
            transport.startWriting()
        else:
            self._finish(whole=True)

    def stopProducing(self) -> None:
        """The connection is lost."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _send(self) -> int:
        """
        Send some of the file: how many bytes. The file is closed if it ended early.
        """
        if self._by_reading:
            return self._send_by_reading()
        length = min(self.left, SENDFILE_BYTES)
        descriptor = self._transport.fileno()
        try:
            sent = os.sendfile(descriptor, self._descriptor, self._offset, length)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno in CLIENT_GONE:
                return 0
            # The file system does not support it, the disk fails, or the network does:
            # the first can be read, and of the others either reading or writing fails.
            self._by_reading = True
            return self._send_by_reading()
        if not sent:
            self.close()
        return sent

    def _send_by_reading(self) -> int:
        """Read some of the file and write it; what is not taken is buffered."""
        sent = 0
        while sent < min(self.left, READ_BYTES_PER_TURN):
            if buffered_bytes(self._transport):
                break
            length = min(READ_BYTES, self.left - sent)
            try:
                data = os.pread(self._descriptor, length, self._offset + sent)
            except OSError as error:
                report_read_fault(self._descriptor, error)
                data = b""
            if not data:
                self.close()
                break
            self._transport.write(data)
            sent += len(data)
        return sent

    def _finish(self, whole: bool) -> None:
        self.close()
        transport = self._transport
        transport.stopWriting()
        transport.unregisterProducer()
        self._ended(whole)


class TLSFileSender(SendfileSender):
    """The same over our TLS, where the bytes must pass through this process."""

    def _send_head(self, head: bytes) -> bool:
        return False

    def _send(self) -> int:
        return self._send_by_reading()
