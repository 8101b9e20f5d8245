"""
The first bytes of a request or a response, masked, and when they came.

Rule: what is kept is always the beginning of the message, without a gap; what comes
behind a byte that was left out is only counted.
"""

from __future__ import annotations

import re

from dartio_tut.wire import Head

from .kept_body import KeptBody
from .masking import mask_head, mask_part, stars

KEPT_HEAD_BYTES = 16 * 1024
"""Bytes of a head that are kept; browsers send about one thousand."""

MAX_ARRIVALS = 64
"""Times that are kept of a message; of more, two that are neighbours become one."""

FORM = b"application/x-www-form-urlencoded"

_interim = re.compile(rb"HTTP/1\.1 1(?!01)[0-9][0-9] ").match
_status = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ").match
_chunked = re.compile(rb"\r\nTransfer-Encoding:[^\r\n]*chunked", re.IGNORECASE).search

Arrival = tuple[float, int]


def half_as_many(arrivals: list[Arrival]) -> list[Arrival]:
    """*arrivals*, of which two that are neighbours become one, at the earlier time."""
    pairs = zip(arrivals[::2], [*arrivals[1::2], (0.0, 0)], strict=False)
    return [(when, first + second) for (when, first), (_, second) in pairs]


class KeptMessage:
    """
    Keeps one message.

    :ivar total: bytes that it had in all.
    :ivar arrivals: when bytes of it came or went, and how many.
    """

    __slots__ = ("_body", "_head", "_is_full", "arrivals", "total")

    def __init__(self) -> None:
        self._head = b""
        self._body: KeptBody | None = None
        self._is_full = False
        self.total = 0
        self.arrivals: list[Arrival] = []

    @property
    def kept(self) -> bytes:
        """What is kept, masked."""
        return self._head if self._body is None else self._head + self._body.kept

    @property
    def is_whole(self) -> bool:
        """Whether all of its bytes are kept."""
        body = 0 if self._body is None else self._body.kept_bytes
        return len(self._head) + body == self.total

    def arrived(self, arrivals: list[Arrival]) -> None:
        """Bytes of it came, or went."""
        for when, count in arrivals:
            if self.arrivals and self.arrivals[-1][0] == when:
                self.arrivals[-1] = (when, self.arrivals[-1][1] + count)
            else:
                self.arrivals.append((when, count))
        while len(self.arrivals) > MAX_ARRIVALS:
            self.arrivals = half_as_many(self.arrivals)

    def forget(self) -> None:
        """Keep nothing, now and later."""
        self._head, self._body, self._is_full = b"", None, True
        self.arrivals = []

    def add_body(self, data: bytes) -> None:
        """More of the body."""
        self.total += len(data)
        if self._body is not None and not self._is_full:
            self._body.add(data)
            self._is_full = not self._body.room

    def add_rest(self, data: bytes) -> None:
        """Bytes that could not be read."""
        self.total += len(data)
        if self._is_full:
            return
        if self._body is not None:
            self._body.add_rest(data)
        else:
            self._head = mask_part((self._head + data)[:KEPT_HEAD_BYTES])
        self._is_full = True

    def cut(self, count: int) -> None:
        """The last *count* bytes were never sent."""
        self.total = max(0, self.total - count)
        self._head = self._head[: self.total]
        if self._body is not None:
            self._body.cut(self.total - len(self._head))
        while count and self.arrivals:
            when, last = self.arrivals.pop()
            if last > count:
                self.arrivals.append((when, last - count))
            count = max(0, count - last)

    def _set_head(self, head: bytes) -> None:
        self._head = mask_head(head)[:KEPT_HEAD_BYTES]
        self._is_full = self._is_full or len(head) > KEPT_HEAD_BYTES


class KeptRequest(KeptMessage):
    """Keeps a request."""

    __slots__ = ("_is_form",)

    def __init__(self) -> None:
        super().__init__()
        self._is_form = False

    @property
    def form(self) -> bytes:
        """The form that is its body; empty without a form that is all kept."""
        if not self._is_form or self._body is None or not self.is_whole:
            return b""
        return self._body.data

    def add_head(self, data: bytes, head: Head) -> None:
        """The head, as it was read."""
        self.total += len(data)
        self._set_head(data)
        kind = head.fields.last(b"content-type") or b""
        self._is_form = kind.lower().startswith(FORM)
        self._body = KeptBody(head.fields.length < 0, self._is_form)


class KeptResponse(KeptMessage):
    """Keeps a response, and the interim ones before it."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        super().__init__()
        self._before = 0

    @property
    def status(self) -> int:
        """The status code; 0 until it has come."""
        found = _status(self._head, self._before)
        return 0 if found is None else int(found[1])

    def add(self, data: bytes) -> None:
        """More of it, cut anywhere."""
        if self._body is not None or self._is_full:
            self.add_body(data)
            return
        self.total += len(data)
        text = self._head + data
        is_in_pieces = len(self._head) > self._before
        end = text.find(b"\r\n\r\n", self._before) + 4
        while end > 3 and _interim(text, self._before):
            self._before = end
            end = text.find(b"\r\n\r\n", self._before) + 4
        if end <= 3:
            self._head = self._masked(text, len(text))[:KEPT_HEAD_BYTES]
            self._is_full = len(text) > KEPT_HEAD_BYTES
            return
        head = text[self._before : end]
        if is_in_pieces:
            self._head = self._masked(text, end)
        else:
            self._set_head(text[:end])
        self._body = KeptBody(bool(_chunked(head)), is_form=False)
        self._body.add(text[end:])

    def _masked(self, text: bytes, end: int) -> bytes:
        """
        *text* until *end*, without anything of a head that comes in pieces: what a line
        is cannot be told as long as it is not whole.
        """
        return mask_head(text[: self._before]) + stars(text[self._before : end])
