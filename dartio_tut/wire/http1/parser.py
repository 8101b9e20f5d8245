"""
The HTTP/1 parser: bytes in, events out. It knows no socket, no clock and no resource.

| event  | what it tells                                                        |
|--------|----------------------------------------------------------------------|
| `Head` | a request line with its header fields has come                       |
| bytes  | a piece of the body                                                  |
| `END`  | the body has ended, and the request with it                          |
| `None` | more bytes are needed                                                |

After a `Head` whose fields tell of a body, `begin_body` says how large it may be. What
comes after a request waits until it is asked for: its events are those of the next
request.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from .request_body import BodyReader
from .request_fields import RequestFields
from .request_head import HeadReader, skip_empty_line


class Head(NamedTuple):
    """A request line and its header fields."""

    method: bytes
    target: bytes
    fields: RequestFields


class _End(Enum):
    END = "end"


END: Final = _End.END


class RequestParser:
    """
    Parses what comes on one connection.

    :ivar waiting: the bytes that no event was made of yet.
    """

    __slots__ = ("_body", "_body_has_ended", "_line_is_good", "_reader", "waiting")

    def __init__(self, reader: HeadReader) -> None:
        self._reader = reader
        self._body: BodyReader | None = None
        self._body_has_ended = False
        self._line_is_good = False
        self.waiting = b""

    def receive(self, data: bytes) -> None:
        """Take *data*, to be parsed when an event is asked for."""
        self.waiting = self.waiting + data if self.waiting else data

    def begin_body(self, length: int, max_bytes: int) -> None:
        """
        The next events are those of a body.

        :param length: as the head has it; -1 when it is chunked.
        :raise ProtocolError: when it is too long.
        """
        self._body = BodyReader(length, max_bytes)

    def next_event(self) -> Head | bytes | _End | None:
        """
        The next event.

        :raise ProtocolError: when the client breaks the protocol, or asks for too much.
            What was `waiting` is still there, and tells of which request.
        """
        data = self.waiting
        if self._body is not None:
            return self._next_of_body(self._body, data)
        if not data:
            return None
        end = data.find(b"\r\n\r\n") + 4
        if end == 3 or data[0] == 13:  # CR: an empty line comes first
            start = skip_empty_line(data)
            if start is data or b"\r\n\r\n" not in start:
                self._line_is_good = self._reader.check_part(start, self._line_is_good)
                return None
            self.waiting = data = start
            end = data.find(b"\r\n\r\n") + 4
        head = data if end == len(data) else data[:end]
        event = tuple.__new__(Head, self._reader.read(head))  # cheaper than Head(...)
        self._line_is_good = False
        self.waiting = data[end:]
        return event

    def _next_of_body(self, body: BodyReader, data: bytes) -> bytes | _End | None:
        if self._body_has_ended:
            self._body, self._body_has_ended = None, False
            return END
        piece, self.waiting, self._body_has_ended = body.feed(data)
        if piece:
            return piece
        return self._next_of_body(body, self.waiting) if self._body_has_ended else None
