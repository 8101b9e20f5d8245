"""
What a connection offers to the protocol that sends responses on it.

Twisted's own transports lack most of this; `adapted` (in `foreign`) adds it to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.internet.interfaces import IAddress, IProducer


class FileTransfer(Protocol):
    """
    A file on its way to the client.

    :ivar left: how many bytes have not been sent yet.
    """

    left: int


class ResponseTransport(Protocol):
    """
    A connection that responses are sent on.

    :ivar can_half_close: whether our half of the connection can be closed alone, so
        that the client may go on sending while it reads the response.
    :ivar can_send_files: whether `send_file` works here.
    :ivar dropped_bytes: how many bytes came behind an abort, as far as it is known.
    :ivar has_ended: whether the connection is lost, whatever protocol it has by now.
    :ivar has_sent_all: whether it is known that nothing is buffered in this process.
    :ivar is_closing: whether somebody on this side has asked to close it, or to abort.
    """

    can_half_close: bool
    dropped_bytes: int
    can_send_files: bool

    @property
    def has_ended(self) -> bool:
        """See the class."""

    @property
    def has_sent_all(self) -> bool:
        """See the class."""

    @property
    def is_closing(self) -> bool:
        """See the class."""

    def write(self, data: bytes) -> None:
        """Send *data*, within this call as far as the socket takes it."""

    def buffered(self) -> int:
        """How many bytes wait in this process for the socket to take them."""

    def when_sent(self, call: Callable[[], None]) -> bool:
        """
        Call *call* when nothing is buffered any more, unless the connection is lost.

        :return: false when nothing is buffered now; then it is not called.
        """

    def client_progress(self) -> int:
        """A number that changes whenever the client has taken bytes."""

    def has_unread(self) -> bool:
        """Whether the client has sent something that was not read yet."""

    def send_file(
        self,
        head: bytes,
        descriptor: int,
        offset: int,
        length: int,
        ended: Callable[[bool], None],
    ) -> FileTransfer:
        """
        Send *head*, then *length* bytes of an open file from *offset* on.

        No producer may be registered meanwhile. The descriptor is closed at the end.

        :param ended: called at the end, unless the connection is lost before: whether
            all of the file was sent.
        """

    def taken_over(self) -> None:
        """Another protocol than HTTP drives the connection from now on."""

    def close_now(self) -> None:
        """Close, within this call when all is sent; ``connectionLost`` is called."""

    def loseConnection(self) -> None:
        """Close once all is sent, never within this call."""

    def loseWriteConnection(self) -> None:
        """Close our half of the connection once all is sent."""

    def abortConnection(self) -> None:
        """Close without sending what is left."""

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """As of Twisted's ``IConsumer``."""

    def unregisterProducer(self) -> None:
        """As of Twisted's ``IConsumer``."""

    def getPeer(self) -> IAddress:
        """The client's address."""

    def getHost(self) -> IAddress:
        """Our address."""
