"""
What a channel has to send, on its way to the transport, no faster than the client
reads.

Writes made while bytes are being taken in are collected and sent together. What the
transport cannot send at once it buffers, and it tells when to pause: then whoever
writes the response is paused, too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPushProducer

from ..producers import PRODUCER_FAILED, resumes, stop
from ..transport.interface import FileTransfer, ResponseTransport
from ..twisted_private import PullToPush

COLLECTED_BYTES = 64 * 1024
"""Collected writes beyond that are sent at once: a transport's own mark."""


def _send_nothing(data: bytes) -> None:
    """Stands for the transport of a connection that is lost."""


class Output:
    """
    The sending half of a connection.

    :param transport: sends the bytes.
    :param registered: is registered with the transport; it is to call `pause`, `resume`
        and `stop` when it is told to. If it has a method ``cut_off``, that is called
        when a producer has failed.
    :param paused: called when the transport has enough for a while.
    :param resumed: called when it wants more.
    :ivar is_blocked: whether the client has to read before more can be sent.
    :ivar is_collecting: whether writes are collected until the next `flush`.
    :ivar collected: those that are.
    :ivar send: sends bytes at once; for those who know that nothing is collected.
    :ivar dropped_bytes: how many bytes came too late to be sent.
    :ivar file: the file that is on its way, if there is one.
    :ivar producer: what writes the response, if it is a producer.
    """

    __slots__ = (
        "_collected_bytes",
        "_paused",
        "_registered",
        "_resumed",
        "collected",
        "dropped_bytes",
        "file",
        "is_blocked",
        "is_collecting",
        "producer",
        "send",
        "transport",
    )

    def __init__(
        self,
        transport: ResponseTransport,
        registered: IPushProducer,
        paused: Callable[[], None],
        resumed: Callable[[], None],
    ) -> None:
        self.transport = transport
        self.send = transport.write
        self._paused = paused
        self._resumed = resumed
        self.producer: IPushProducer | None = None
        self.collected: list[bytes] = []
        self._collected_bytes = 0
        self.dropped_bytes = 0
        self.is_blocked = False
        self.is_collecting = False
        self.file: FileTransfer | None = None
        self._registered = registered
        transport.registerProducer(registered, True)

    def write(self, data: bytes) -> None:
        """Send *data*."""
        if not self.is_collecting:
            self.send(data)
            return
        self.collected.append(data)
        self._collected_bytes += len(data)
        if self._collected_bytes > COLLECTED_BYTES:
            self.flush()

    def drop(self) -> None:
        """Send nothing more: the connection is cut."""
        self.send = self._drop
        self.flush()

    def _drop(self, data: bytes) -> None:
        self.dropped_bytes += len(data)

    def flush(self) -> None:
        """Send what was collected."""
        if self.collected:
            collected, self.collected = self.collected, []
            self._collected_bytes = 0
            self.send(collected[0] if len(collected) == 1 else b"".join(collected))

    def unsent(self) -> int:
        """
        How many bytes the socket has not taken, those of a file and those that were
        dropped included.
        """
        left = 0 if self.file is None else self.file.left
        waiting = self._collected_bytes + self.dropped_bytes
        return waiting + self.transport.buffered() + left

    # The producer of a response.

    def register_producer(self, producer: Any, streaming: bool) -> None:
        """
        Let *producer* write; it is paused while the client does not read.

        :param producer: a push producer when it is *streaming*, else a pull producer.
        :raise RuntimeError: when there is another one.
        """
        if self.producer is not None:
            raise RuntimeError(f"{self.producer} is still registered")
        self.flush()
        if not streaming:
            producer = PullToPush(producer, self)
        self.producer = producer
        if not streaming:
            producer.startStreaming()
        if self.is_blocked and self.producer is producer:
            producer.pauseProducing()

    def unregister_producer(self) -> None:
        """The producer has written all of the response."""
        producer, self.producer = self.producer, None
        if isinstance(producer, PullToPush):
            producer.stopStreaming()

    def unregisterProducer(self) -> None:
        """A pull producer has failed; it is logged. The response will not be whole."""
        self.unregister_producer()
        self._producer_failed()

    def _producer_failed(self) -> None:
        cut_off = getattr(self._registered, "cut_off", None)
        if cut_off is not None:
            cut_off(PRODUCER_FAILED)

    @property
    def is_sending(self) -> bool:
        """Whether something is on its way, or pulled as fast as the client reads."""
        return (
            self.is_blocked
            or self.file is not None
            or isinstance(self.producer, PullToPush)
            or bool(self.transport.buffered())
        )

    @property
    def is_paused_by_resource(self) -> bool:
        """Whether it is blocked though the client has nothing left to take."""
        return self.is_blocked and self.file is None and self.transport.has_sent_all

    def end(self) -> None:
        """The connection is lost: the producer and who is told are let go."""
        self.send = _send_nothing
        del self._paused, self._resumed, self._registered
        self.stop()  # the transport does not tell one that is not registered any more

    # What the transport tells its producer.

    def pause(self) -> None:
        """The transport has enough for a while."""
        if self.is_blocked:
            return
        self.is_blocked = True
        if self.producer is not None:
            self.producer.pauseProducing()
        self._paused()

    def resume(self) -> None:
        """The transport has sent all that it had."""
        self.is_blocked = False
        producer = self.producer
        if producer is None or resumes(producer):
            self._resumed()
        else:
            self._producer_failed()

    def stop(self) -> None:
        """The connection is lost."""
        producer, self.producer = self.producer, None
        if producer is not None:
            stop(producer)

    # Files.

    def send_file(
        self,
        head: bytes,
        descriptor: int,
        offset: int,
        length: int,
        ended: Callable[[bool], None],
    ) -> None:
        """
        Send *head* and a part of an open file, which then is the transport's producer.

        :param ended: called at the end, unless the connection is lost before: whether
            all of the file was sent.
        """
        self.flush()
        if self.send == self._drop:
            os.close(descriptor)
            self.dropped_bytes += len(head) + length
            return
        has_ended = False

        def file_ended(is_whole: bool) -> None:
            nonlocal has_ended
            has_ended = True
            self.file = None
            self.is_blocked = False
            self.transport.registerProducer(self._registered, True)
            ended(is_whole)

        self.transport.unregisterProducer()
        sending = self.transport.send_file(head, descriptor, offset, length, file_ended)
        if not has_ended:
            self.file = sending
