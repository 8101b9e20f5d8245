"""
How a request of ours sends its response on a channel of Twisted's: a stock
`twisted.web.http.HTTPChannel`, a stream of its HTTP/2, or any other that offers the
same.
"""

from __future__ import annotations

from typing import Any

from twisted.web.http import HTTPChannel, toChunk

from .fields import set_from_attributes
from .interfaces import RequestLog, Response
from .unsendable import BODILESS_CODES, declared_length


def abort_connection(channel: HTTPChannel) -> None:
    """End what *channel* sends on: the connection, or a stream of HTTP/2."""
    # Twisted's HTTPChannel has no such method; its transport has, of whatever kind.
    has_method = hasattr(channel, "abortConnection")
    aborting: Any = channel if has_method else channel.transport
    aborting.abortConnection()


class ForeignStream:
    """
    The `ResponseStream` of one request.

    :param channel: of Twisted's, or any other that offers the same.
    """

    keeps_limits = False
    sends_whole = False

    def __init__(self, channel: HTTPChannel) -> None:
        self._channel = channel
        self._is_chunked = False
        self._left: int | None = None  # of a body whose length the head tells

    @property
    def log(self) -> RequestLog | None:
        """Writes the access log of the factory, if there is one."""
        factory = getattr(self._channel, "factory", None)
        log: RequestLog | None = getattr(factory, "log", None)
        return log

    def begin_response(self, request: Response, data: bytes) -> None:
        """Send the head of the response to *request*, and the first of its body."""
        headers = request.responseHeaders
        try:
            set_from_attributes(request, headers)
        except BaseException:
            request.startedWriting = 0  # so the client can still get a 500
            raise
        is_bodiless = request.method == b"HEAD" or request.code in BODILESS_CODES
        length = declared_length(headers)
        headers.removeHeader(b"Transfer-Encoding")
        if not is_bodiless:
            self._left = length
            if length is None and request.clientproto == b"HTTP/1.1":
                headers.setRawHeaders(b"Transfer-Encoding", [b"chunked"])
                self._is_chunked = True
        code = b"%d" % request.code
        self._channel.writeHeaders(
            request.clientproto, code, request.code_message, headers
        )
        if data and not is_bodiless:
            self.write_body(data)

    def send_whole(self, request: Response, body: bytes) -> bool:
        """Not here: there is no shorter way than the usual one."""
        return False

    def write_body(self, data: bytes) -> None:
        """Send more of the body, but no more than the head has announced."""
        left = self._left
        if left is not None:
            self._left = left - len(data)
            data = data[: max(left, 0)]
        if self._is_chunked:
            self._channel.writeSequence(toChunk(data))
        else:
            self._channel.write(data)

    def end_response(self, request: Response) -> None:
        """The response is whole."""
        if self._is_chunked:
            self._channel.write(b"0\r\n\r\n")
        if self._left:
            self.cut_off("the response has another length than it said")

    def send_file(
        self, request: Response, descriptor: int, offset: int, length: int
    ) -> bool:
        """Not here: the bytes have to pass through this process."""
        return False

    def refuse_form(self) -> None:
        """The body is not the form that it is said to be: answer 400."""
        self._channel._respondToBadRequestAndDisconnect()

    def cut_off(self, reason: str) -> None:
        """End the stream so that nobody takes the response for whole."""
        abort_connection(self._channel)
