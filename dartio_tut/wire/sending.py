"""
The half of a channel that sends: what requests write, and how fast it may go.

Writes made while bytes are being taken in are collected and sent at once; what the
socket takes directly never waits for the reactor. What it does not take is the
transport's to buffer, and the transport tells when to pause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from twisted.internet import tcp
from twisted.internet._producer_helpers import _PullToPush
from twisted.internet.interfaces import IAddress, ISSLTransport
from twisted.web.http import BAD_REQUEST
from twisted.web.http_headers import Headers

from .deadlines import NEVER, Deadlines
from .http1.response_head import response_head
from .limits import Limits

COLLECTED = 64 * 1024
"""Bytes collected before they are sent all the same: a transport's own mark."""


def pending(transport: Any) -> int:
    """Bytes that *transport* still has to send, as far as it tells."""
    transport = getattr(transport, "transport", None) or transport  # beneath TLS
    buffered = len(getattr(transport, "dataBuffer", b"")) - getattr(
        transport, "offset", 0
    )
    return int(buffered + getattr(transport, "_tempDataLen", 0))


def write_now(transport: tcp.Connection, data: bytes) -> None:
    """
    Send *data* on the socket itself when nothing is buffered before it.

    Twisted's own ``write`` waits for the next turn of the reactor, which costs more
    than the sending.
    """
    if (
        transport.dataBuffer
        or transport._tempDataLen
        or transport.TLS
        or not transport.connected
        or transport._writeDisconnected
    ):
        transport.write(data)
        return
    try:
        sent = transport.socket.send(data)
    except OSError:
        sent = 0  # not now, or never: the reactor will find out which
    if sent < len(data):
        transport.write(data[sent:])


class Sender:
    """
    What `twisted.web.http.HTTPChannel` offers to requests for sending.

    :ivar request: the one that is read or answered.
    :ivar persistent: another request may follow on this connection.
    :ivar deadline: when `expired` is called.
    """

    transport: Any = None
    request: Any = None
    site: Any = None
    factory: Any = None
    limits: Limits
    deadlines: Deadlines
    deadline = NEVER
    persistent = True
    old = False  # the client speaks HTTP/1.0
    _write: Callable[[bytes], None]
    _network: Any = None
    _producer: Any = None
    _collecting = False
    _blocked = False
    _unsent = -1

    def __init__(self) -> None:
        self._collected: list[bytes] = []
        self._collected_size = 0

    def _send_through(self, transport: Any) -> None:
        """Choose the way to send."""
        eager = getattr(type(transport), "write", None) is tcp.Server.write
        self._write = partial(write_now, transport) if eager else transport.write

    # What requests use.

    def write(self, data: bytes) -> None:
        """Send *data*, which is framed already."""
        if not self._collecting:
            self._write(data)
            return
        self._collected.append(data)
        self._collected_size += len(data)
        if self._collected_size > COLLECTED:
            self.flush()

    @property
    def requests(self) -> list[Any]:
        """The requests under way: one, or none."""
        return [] if self.request is None else [self.request]

    def refuse(self, code: int, bodiless: bool = False) -> None:
        """Answer with the status *code*, and close."""
        raise NotImplementedError

    def _respondToBadRequestAndDisconnect(self) -> None:
        """What Twisted's requests call when a form cannot be read."""
        self.refuse(BAD_REQUEST)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send all of *iovec*."""
        self.write(b"".join(iovec))

    def writeHeaders(
        self, version: bytes, code: bytes, reason: bytes, headers: Any
    ) -> None:
        """Send the head of a response, as Twisted's own requests ask for it."""
        if not isinstance(headers, Headers):
            listed = headers
            headers = Headers()
            for name, value in listed:
                headers.addRawHeader(name, value)
        status = int(code)
        if status >= 200 and self.old and not headers.hasHeader(b"Content-Length"):
            self.persistent = False  # only the end of the connection ends it
        self.check_persistent(headers)
        head = response_head(status, reason, headers, self.persistent, self.old)
        self.write(head)

    def check_persistent(self, headers: Headers) -> None:
        """A resource may end the connection by its own Connection field."""
        for value in headers.getRawHeaders(b"Connection") or ():
            if b"close" in value.lower():
                self.persistent = False

    def flush(self) -> None:
        """Send what was collected."""
        if self._collected:
            collected, self._collected = self._collected, []
            self._collected_size = 0
            self._write(collected[0] if len(collected) == 1 else b"".join(collected))

    def getPeer(self) -> IAddress:
        """The client's address."""
        address: IAddress = self.transport.getPeer()
        return address

    def getHost(self) -> IAddress:
        """Our address."""
        address: IAddress = self.transport.getHost()
        return address

    def isSecure(self) -> bool:
        """Whether the connection is encrypted."""
        return ISSLTransport(self.transport, None) is not None

    # A request's producer, and this channel as the transport's.

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Let *producer* write; it is paused while the client does not read."""
        if self._producer is not None:
            raise RuntimeError(f"{self._producer} is still registered")
        self.flush()
        if not streaming:
            producer = _PullToPush(producer, self)
        self._producer = producer
        if not streaming:
            producer.startStreaming()
        elif self._blocked:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        """The producer is done."""
        producer, self._producer = self._producer, None
        if isinstance(producer, _PullToPush):
            producer.stopStreaming()

    def pauseProducing(self) -> None:
        """The transport has enough: it is up to the client now, for a while."""
        if self._blocked:
            return
        self._blocked = True
        self._unsent = pending(self.transport)
        self.deadline = self.deadlines.now + self.limits.write_time
        if self._producer is not None:
            self._producer.pauseProducing()

    def resumeProducing(self) -> None:
        """The transport has sent all it had."""
        self._blocked = False
        self._unsent = -1
        if self._producer is not None:
            self._producer.resumeProducing()

    def stopProducing(self) -> None:
        """The connection is lost."""
        if self._producer is not None:
            self._producer.stopProducing()

    # A file that goes from the kernel to the client.

    def begin_sending(self) -> None:
        """Another producer drives the transport; the client must read all the same."""
        self.progressed()

    def progressed(self) -> None:
        """The client took something."""
        self.deadline = self.deadlines.now + self.limits.write_time

    def end_sending(self) -> None:
        """This channel drives the transport again, which has nothing left to send."""
        self.deadline = NEVER
        self._blocked = False
        self._unsent = -1

    def _still_sends(self) -> bool:
        """Whether the client took something since it was last asked."""
        unsent, self._unsent = self._unsent, pending(self.transport)
        return 0 < self._unsent != unsent
