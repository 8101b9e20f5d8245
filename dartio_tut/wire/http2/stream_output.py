"""
What a stream has to send that could not be sent at once: bytes, a file, an end.

It is asked for a piece whenever the windows and the transport have room, in turn with
the other streams of its connection. A producer that fills it is paused meanwhile.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

from twisted.internet.interfaces import IProducer, IPushProducer

from ..producers import resumes, stop
from ..read_fault import report_read_fault
from ..twisted_private import PullToPush
from .engine import FramesOfFile
from .open_files import ConnectionFiles

HIGH_BYTES = 64 * 1024
"""Bytes that wait beyond which a producer is paused: a transport's own mark."""


class FileEnded(Protocol):
    """Is called when a file was sent, or could not be sent to its end."""

    def __call__(self, is_whole: bool) -> None: ...


class StreamOutput:
    """
    The sending half of one stream.

    :param stream_id: of the stream.
    :param wanted: called when there is something to send, and was not before.
    :param producer_failed: called when a producer has failed, which is logged.
    :param files: counts the files that are kept open. A pull producer has one, too:
        that is what reads files in Twisted.
    :ivar has_end: whether the end of the stream waits, too.
    :ivar is_ending: whether nothing follows what waits.
    :ivar is_scheduled: whether it waits for its turn. The scheduler sets this.
    :ivar stalled_since: since when it waits for the client to open its window; ``None``
        while it does not.
    :ivar stall: the number of its last stall, among those of the connection.
    """

    __slots__ = (
        "_bytes",
        "_descriptor",
        "_file_ended",
        "_files",
        "_has_file",
        "_is_paused",
        "_left",
        "_offset",
        "_pieces",
        "_producer",
        "_producer_failed",
        "_start",
        "_wanted",
        "has_end",
        "is_ending",
        "is_scheduled",
        "stall",
        "stalled_since",
        "stream_id",
    )

    def __init__(
        self,
        stream_id: int,
        wanted: Callable[[StreamOutput], None],
        producer_failed: Callable[[], None],
        files: ConnectionFiles,
    ) -> None:
        self.stream_id = stream_id
        self._wanted = wanted
        self._producer_failed = producer_failed
        self._pieces: deque[bytes] = deque()
        self._bytes = self._start = 0  # the first piece is sent up to there
        self._descriptor = -1
        self._offset = self._left = 0
        self._file_ended: FileEnded | None = None
        self._files = files
        self._has_file = False
        self.has_end = False
        self._producer: IPushProducer | None = None
        self._is_paused = False
        self.is_ending = False
        self.is_scheduled = False
        self.stalled_since: float | None = None
        self.stall = 0

    @property
    def has_more(self) -> bool:
        """Whether there is something to send."""
        return bool(self._pieces) or self._left > 0 or self.has_end

    @property
    def unsent(self) -> int:
        """How many bytes wait."""
        return self._bytes + self._left

    def is_stalled(self, now: float, seconds: float) -> bool:
        """Whether the client has taken nothing of what waits for so many *seconds*."""
        since = self.stalled_since
        return since is not None and now >= since + seconds

    # From the request.

    def add(self, data: bytes) -> None:
        """Send *data*."""
        self._pieces.append(data)
        self._bytes += len(data)
        if self._bytes > HIGH_BYTES and self._producer and not self._is_paused:
            self._is_paused = True
            self._producer.pauseProducing()
        self._wanted(self)

    def add_file(
        self, descriptor: int, offset: int, length: int, ended: FileEnded
    ) -> None:
        """
        Send *length* bytes of an open file from *offset* on, which is closed then, and
        end the stream.
        """
        self._descriptor, self._offset, self._left = descriptor, offset, length
        self._file_ended = ended
        self._file_opened()
        self.has_end = self.is_ending = True
        self._wanted(self)

    def add_end(self) -> None:
        """Nothing follows: end the stream."""
        self.has_end = self.is_ending = True
        self._wanted(self)

    # From the scheduler.

    @property
    def is_at_file(self) -> bool:
        """Whether what comes next is a file."""
        return self._left > 0 and not self._pieces

    def take_file(
        self, count: int, frames_of_file: FramesOfFile, before: bytes
    ) -> memoryview | None:
        """
        Frames with the next bytes of the file, at most *count*, behind *before*.

        :return: ``None`` when it cannot be read; then nothing was done.
        """
        left = self._left
        is_last = count >= left and self.has_end
        count = min(count, left)
        part = self._descriptor, self._offset, count, is_last
        frames = frames_of_file(self.stream_id, part, before)
        if frames is None:
            return None
        self.stalled_since = None
        self._left = left - count
        if count == left:
            self._close_file()
        else:
            self._offset += count
        if is_last:
            self.has_end = False
        return frames

    def take(self, count: int) -> tuple[bytes, bool] | None:
        """
        The next bytes, at most *count*, and whether the stream ends with them.

        :return: ``None`` when the file has become shorter than it was said to be.
        """
        self.stalled_since = None
        pieces = self._pieces
        if pieces:
            data = self._take_pieces(count)
        elif self._left:
            data = self._read(min(count, self._left))
            if not data:
                return None
        else:
            data = b""
        is_last = self.has_end and not pieces and not self._left
        if is_last:
            self.has_end = False
        return data, is_last

    def _take_pieces(self, count: int) -> bytes:
        pieces, start = self._pieces, self._start
        taken: list[bytes] = []
        while pieces and count:
            piece = pieces[0][start : start + count]
            start += len(piece)
            if start == len(pieces[0]):
                pieces.popleft()
                start = 0
            taken.append(piece)
            count -= len(piece)
            self._bytes -= len(piece)
        self._start = start
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def _read(self, count: int) -> bytes:
        try:
            data = os.pread(self._descriptor, count, self._offset)
        except OSError as error:
            report_read_fault(self._descriptor, error)
            data = b""
        self._offset += len(data)
        self._left -= len(data)
        if not data or not self._left:
            self._close_file()
        return data

    def sent(self) -> None:
        """What was taken is sent: tell who waits for that."""
        if self._file_ended is not None and self._descriptor < 0:
            ended, self._file_ended = self._file_ended, None
            ended(is_whole=self._left == 0)
        if self._is_paused and self._bytes <= HIGH_BYTES // 2 and self._producer:
            self._is_paused = False
            if not resumes(self._producer):
                self._producer_failed()

    # Producers.

    def register_producer(self, producer: IProducer, streaming: bool) -> None:
        """
        Let *producer* write; it is paused while the client does not read.

        :raise RuntimeError: when there is another one.
        """
        if self._producer is not None:
            raise RuntimeError(f"{self._producer} is still registered")
        if streaming:
            self._producer = cast("IPushProducer", producer)
        else:
            pulling = PullToPush(producer, self)
            self._producer = pulling
            self._file_opened()
            pulling.startStreaming()
        if self._bytes > HIGH_BYTES:
            self._is_paused = True
            self._producer.pauseProducing()

    def unregister_producer(self) -> None:
        """The producer has written all of the response."""
        producer, self._producer = self._producer, None
        self._is_paused = False
        if isinstance(producer, PullToPush):
            producer.stopStreaming()
            self._file_closed()

    def unregisterProducer(self) -> None:
        """A pull producer has failed; it is logged. The response will not be whole."""
        self.unregister_producer()
        self._producer_failed()

    # The end.

    def close(self) -> None:
        """The stream has ended: nothing more is sent."""
        self._pieces.clear()
        self._bytes = self._left = 0
        self.has_end = False
        self._file_ended = None
        self._close_file()
        producer, self._producer = self._producer, None
        if producer is not None:
            stop(producer)
        self._file_closed()

    def _close_file(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._file_closed()

    def _file_opened(self) -> None:
        self._has_file = True
        self._files.opened()

    def _file_closed(self) -> None:
        if self._has_file:
            self._has_file = False
            self._files.closed()
