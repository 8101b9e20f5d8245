"""
A client in memory: it sends a resource whole requests, or pieces of one, waits by a
clock, and goes away when it is told to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import cast

from twisted.internet.task import Clock
from twisted.logger import (
    ILogObserver,
    LogEvent,
    LogLevel,
    eventAsText,
    globalLogPublisher,
)
from twisted.web.resource import IResource

from .connection import connect
from .response import Response, UnexpectedResponse
from .response_reader import FramingError, ResponseReader

HOST = "localhost"
"""The Host of a request that names no other."""

FieldLines = Mapping[str, str] | Iterable[tuple[str, str]]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a method and the name of a field consist of (RFC 9110 section 5.6.2)."""

_TARGET = re.compile(r"[!-~]+")

_FIELD_VALUE = re.compile(r"[\t -~\x80-\xff]*")

_SHOWN_LEVELS = (LogLevel.warn, LogLevel.error, LogLevel.critical)


class Client:
    """
    A client with one connection to a server of *resource*.

    :param clock: the clock of the server; hand in the one that the resource has.
    :param streaming: whether bodies may be handed over as they arrive; see `Site`.
    :ivar log: what the server has logged as a warning or an error, with tracebacks.
        trial sees the errors as well, and fails the test unless it calls
        ``flushLoggedErrors``.
    """

    def __init__(
        self,
        resource: IResource,
        clock: Clock | None = None,
        *,
        streaming: bool = False,
    ) -> None:
        self.log: list[str] = []
        self._asked: list[str] = []
        self._reader = ResponseReader(self._asked)
        self._has_left = False
        self._connection = connect(resource, clock, streaming=streaming)
        self.clock = self._connection.clock

    def ask(
        self,
        method: str = "GET",
        target: str = "/",
        *,
        fields: FieldLines = (),
        body: bytes = b"",
    ) -> Response:
        """
        Send a request, and return the response, which must come at once.

        :param target: a path, and perhaps a query.
        :param fields: header fields; Host and Content-Length are added.
        :raise UnexpectedResponse: when it does not come, or is not whole.
        """
        return self.begin(method, target, fields=fields, body=body).response()

    def begin(
        self,
        method: str = "GET",
        target: str = "/",
        *,
        fields: FieldLines = (),
        body: bytes = b"",
        length: int | None = None,
    ) -> Exchange:
        """
        Send a request whose response may come later, or its beginning.

        :param body: the body, or the first piece of it.
        :param length: how many bytes the body has, if more of it is to follow; see
            `Exchange.send`.
        """
        size = len(body) if length is None else length
        if size < len(body):
            raise ValueError(f"The body is longer than {size} bytes.")
        has_body = bool(body) or length is not None
        head = request_head(method, target, fields, size if has_body else None)
        exchange = Exchange(self, len(self._asked), size - len(body))
        self._asked.append(method)
        self.send(head + body)
        return exchange

    def send(self, data: bytes) -> None:
        """Send *data* as it is, the bytes of a request or of anything else."""
        if self._has_left or self.is_closed:
            who = "client" if self._has_left else "server"
            raise UnexpectedResponse(
                f"Nothing can be sent: the {who} has closed the connection. Use "
                "another Client."
            )
        with self._logging():
            self._received(self._connection.send(data))

    def wait(self, seconds: float) -> None:
        """Let so many *seconds* of the clock pass. It takes no time."""
        with self._logging():
            self._received(self._connection.wait(seconds))

    def leave(self) -> None:
        """Close the connection, whatever is still to come."""
        self._received(self._connection.read())
        self._has_left = True
        with self._logging():
            self._connection.leave()
            self._connection.wait(0)

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed the connection."""
        return self._connection.closed

    @property
    def responses(self) -> list[Response]:
        """
        All responses of this connection, in order. Those whose status code is below 200
        announce another. The body of the last one may be incomplete.
        """
        self._received(self._connection.read())
        return self._reader.responses

    @property
    def has_whole_responses(self) -> bool:
        """Whether no response has begun that is not whole."""
        if self.responses and self.is_closed:
            with suppress(FramingError):  # it is unfinished, and stays so
                self._reader.end()
        return not self._reader.is_unfinished

    def _received(self, data: bytes) -> None:
        self._reader.feed(data)

    @contextmanager
    def _logging(self) -> Iterator[None]:
        observer = cast(ILogObserver, partial(_keep_shown, self.log))
        globalLogPublisher.addObserver(observer)
        try:
            yield
        finally:
            globalLogPublisher.removeObserver(observer)


class Exchange:
    """
    A request that a *client* has sent, and what has come of it.
    """

    def __init__(self, client: Client, number: int, bytes_left: int) -> None:
        self.client = client
        self._number = number
        self._bytes_left = bytes_left

    def send(self, piece: bytes) -> None:
        """Send the next *piece* of the body, whose length was announced."""
        if len(piece) > self._bytes_left:
            raise ValueError(
                f"{len(piece)} bytes are too many: {self._bytes_left} are left of the "
                "length that was announced."
            )
        self._bytes_left -= len(piece)
        self.client.send(piece)

    @property
    def begun(self) -> Response | None:
        """The response with as much of its body as has come, if it has begun."""
        final = [one for one in self.client.responses if one.code >= 200]
        return final[self._number] if len(final) > self._number else None

    @property
    def is_done(self) -> bool:
        """Whether all of the response has come."""
        begun = self.begun
        if begun is None:
            return False
        is_last = begun is self.client.responses[-1]
        return not is_last or self.client.has_whole_responses

    def response(self) -> Response:
        """
        The response.

        :raise UnexpectedResponse: when it has not come, or is not whole.
        """
        begun = self.begun
        if begun is not None and self.is_done:
            return begun
        raise UnexpectedResponse(self._what_is_missing(begun))

    def _what_is_missing(self, begun: Response | None) -> str:
        what = "There is no response"
        if begun is not None:
            what = f"The response ({begun.code}) is not whole"
        if self.client.is_closed:
            reason = "the server has closed the connection"
        elif self._bytes_left:
            reason = f"{self._bytes_left} bytes of the request's body were not sent"
        else:
            reason = (
                "the resource has returned NOT_DONE_YET, and has not called "
                "request.finish(). If it waits for a clock, hand the same Clock to "
                "Client, and call its method wait"
            )
        logged = "".join(f"\n{text}" for text in self.client.log)
        return f"{what}: {reason}.{logged}"


def ask(
    resource: IResource,
    method: str = "GET",
    target: str = "/",
    *,
    fields: FieldLines = (),
    body: bytes = b"",
) -> Response:
    """
    Send *resource*, the root of a tree, one request, and return the response, which
    must come at once. `Client` can wait.

    :param target: a path, and perhaps a query.
    :param fields: header fields; Host and Content-Length are added.
    :raise UnexpectedResponse: when it does not come, or is not whole.
    """
    return Client(resource).ask(method, target, fields=fields, body=body)


def request_head(
    method: str, target: str, fields: FieldLines, length: int | None
) -> bytes:
    """
    The head of a request.

    :raise ValueError: when it would be another request than it seems.
    """
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"{method!r} is no method: use one such as GET.")
    if not _TARGET.fullmatch(target):
        raise ValueError(
            f"{target!r} is no target: percent-encode what is not ASCII, and spaces as "
            "%20 (urllib.parse.quote does)."
        )
    given = list(fields.items() if isinstance(fields, Mapping) else fields)
    for name, value in given:
        if not _TOKEN.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
            raise ValueError(f"{name!r}: {value!r} is no header field.")
    names = {name.lower() for name, _ in given}
    if "host" not in names:
        given.insert(0, ("Host", HOST))
    if length is not None and not names & {"content-length", "transfer-encoding"}:
        given.append(("Content-Length", str(length)))
    lines = [f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in given), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _keep_shown(log: list[str], event: LogEvent) -> None:
    if event.get("log_level") in _SHOWN_LEVELS:
        log.append(eventAsText(event, includeTimestamp=False, includeSystem=False))
