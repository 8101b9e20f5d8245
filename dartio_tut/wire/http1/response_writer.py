"""
Sends the responses of one connection: their heads, their bodies, and files.

This is what a request of ours has as its `ResponseStream`.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from twisted.web import http

from ..deadlines import NEVER
from ..interfaces import RequestLog, Response
from ..transport.tcp import Server
from ..unsendable import BODILESS_CODES
from .exchange_reports import ExchangeReports
from .output import Output
from .parser import RequestParser
from .response_head import (
    LAST_CHUNK,
    ConnectionPersistence,
    format_chunk,
    response_head,
)
from .states import ANSWERING, BODY, State


class ResponseConnection(ConnectionPersistence, Protocol):
    """What sending a response asks of its connection."""

    deadline: float
    state: State

    @property
    def request(self) -> object:
        """The request that is being answered."""

    def cut_off(self, reason: str) -> None:
        """End the connection so that nobody takes the response for whole."""

    def file_begins(self) -> None:
        """From now on the client has to read what is sent of a file."""

    def refuse_form(self) -> None:
        """Answer 400, and close."""

    def requestDone(self, request: Any) -> None:
        """The request is answered: what follows it may be taken in."""


class ResponseWriter:
    """
    Writes one response after the other.

    :param connection: whose responses these are.
    :param parser: knows whether another request has come already.
    :param reports: tells of the exchanges, if anybody wants to know.
    :param log: is called with each request that is answered, if there is one.
    """

    __slots__ = (
        "_collects",
        "_connection",
        "_is_chunked",
        "_left",
        "_output",
        "_parser",
        "_reports",
        "keeps_limits",
        "log",
        "sends_whole",
    )

    def __init__(
        self,
        connection: ResponseConnection,
        output: Output,
        parser: RequestParser,
        reports: ExchangeReports | None,
        log: RequestLog | None,
    ) -> None:
        self._connection = connection
        self._output = output
        self._parser = parser
        self._reports = reports
        self.log = log
        # Python 3.11 finds these faster here than in the class.
        self.keeps_limits = self.sends_whole = True
        self._left: int | None = None  # of a body whose length the head tells
        self._is_chunked = False
        # Others may call back while they send, or have somebody who looks at each step.
        is_ours = isinstance(output.transport, Server) and type(output) is Output
        self._collects = not is_ours

    def begin_response(self, request: Response, data: bytes) -> None:
        """Send the head of the response to *request*, and the first of its body."""
        is_bodiless = request.method == b"HEAD" or request.code in BODILESS_CODES
        connection = self._connection
        if connection.state is BODY and (is_bodiless or _is_all(request, data)):
            connection.persistent = False  # what still comes of that is dropped
        head, self._left, self._is_chunked = response_head(
            request, is_bodiless, connection
        )
        if self._left is not None:
            data = self._within_length(data)
        if self._reports is not None:
            self._reports.response_began(request.code, len(head))
        if not data or is_bodiless:
            self._output.write(head)
        elif self._is_chunked:
            self._output.write(head + self._chunk(data))
        else:
            self._output.write(head + data)

    def send_whole(self, request: Response, body: bytes) -> bool:
        """Send the whole response to *request*, if its length is that of *body*."""
        output, connection = self._output, self._connection
        if (
            not output.is_collecting
            or output.producer is not None
            or connection.state is not ANSWERING
            or connection.request is not request
        ):
            return False
        is_bodiless = request.method == b"HEAD" or request.code in BODILESS_CODES
        head, declared, _ = response_head(request, is_bodiless, connection)
        if is_bodiless:
            body = b""
        elif declared != len(body):
            return False
        reports = self._reports
        if reports is not None:  # as `response_began`, and spares a call
            reports.status, reports.framing_bytes = request.code, len(head)
        request.sentLength = len(body)
        request.startedWriting = 1  # whatever fails, it gets no other response
        whole = head + body if body else head
        if (
            self._collects
            or self._parser.waiting
            or output.collected
            or output.is_blocked
        ):
            output.write(whole)
        else:  # there is nothing that it could be sent together with
            output.send(whole)
        if self.log is not None:
            self.log(cast("http.Request", request))
        connection.requestDone(request)
        return True

    def write_body(self, data: bytes) -> None:
        """Send more of the body."""
        if self._left is not None:
            data = self._within_length(data)
        elif self._is_chunked:
            data = format_chunk(data) if self._reports is None else self._chunk(data)
        self._output.write(data)

    def _within_length(self, data: bytes) -> bytes:
        """
        As much of *data* as the head has announced: a client would take more for the
        next response. That there was more cuts the connection in the end.
        """
        left = self._left or 0
        self._left = left - len(data)
        return data if self._left >= 0 else data[: max(left, 0)]

    def _chunk(self, data: bytes) -> bytes:
        framed = format_chunk(data)
        if self._reports is not None:
            self._reports.framed(len(framed) - len(data))
        return framed

    def end_response(self, request: Response) -> None:
        """The response to *request* is whole."""
        if self._is_chunked:
            self._output.write(LAST_CHUNK)
            if self._reports is not None:
                self._reports.framed(len(LAST_CHUNK))
            self._is_chunked = False
        left, self._left = self._left, None
        if left:  # the client would take the next response for what is missing
            self._connection.cut_off("the response has another length than it said")

    def send_file(
        self, request: Response, descriptor: int, offset: int, length: int
    ) -> bool:
        """
        Send the head, and a part of an open file as the body, and finish *request*.

        :return: false when this connection cannot send files; then nothing was done.
        """
        output, connection = self._output, self._connection
        if not output.transport.can_send_files:
            return False
        head, declared, _ = response_head(request, False, connection)
        self._left = None if declared is None else declared - length
        if self._reports is not None:
            self._reports.response_began(request.code, len(head))

        def ended(is_whole: bool) -> None:
            if connection.request is not request:
                return
            connection.deadline = NEVER
            if is_whole:
                request.finish()
            else:
                connection.cut_off("the file could not be sent to its end")

        request.sentLength = length
        output.send_file(head, descriptor, offset, length, ended)
        if output.file is not None:
            connection.file_begins()
        return True

    def refuse_form(self) -> None:
        """The body is not the form that it is said to be: answer 400, and close."""
        self._connection.refuse_form()

    def cut_off(self, reason: str) -> None:
        """End the connection so that nobody takes the response for whole."""
        self._connection.cut_off(reason)


def _is_all(response: Response, data: bytes) -> bool:
    """Whether *data* is all of the body of *response*."""
    if response.made_response_headers is None:
        return response.response_length == len(data)
    lengths = response.responseHeaders.getRawHeaders(b"Content-Length")
    return lengths == [b"%d" % len(data)]
