"""
`dartio_tut.wire.http1.response_writer`: a response that is handed over as a whole is
the one that would have been written and finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from errno import EAGAIN
from itertools import product
from socket import AF_INET
from types import SimpleNamespace
from typing import Any, cast

from dartio_tut.testing import CLIENT_ADDRESS
from dartio_tut.wire import Ending, Event, ExchangeDone, FieldSet, date
from dartio_tut.wire.http1.response_writer import ResponseWriter
from dartio_tut.wire.transport.tcp import Server

from .test_events import GET, EventCase

STARTS = (
    b"GET / HTTP/1.1",
    b"HEAD / HTTP/1.1",
    b"GET / HTTP/1.0",
    b"GET / HTTP/1.1\r\nConnection: close",
    b"GET / HTTP/1.0\r\nConnection: keep-alive",
    b"POST / HTTP/1.1\r\nContent-Length: 2",
)
"""How a request may begin that is answered."""


_KEPT_FIELDS = FieldSet(((b"Content-Type", b"text/x"), (b"X-A", b"b")))


def with_code(code: int) -> Callable[[Any], bytes]:
    """What answers with the status *code*."""

    def render(request: Any) -> bytes:
        request.setResponseCode(code)
        return b"hello"

    return render


def with_fields(*fields: tuple[bytes, bytes]) -> Callable[[Any], bytes]:
    """What sets *fields*, and answers."""

    def render(request: Any) -> bytes:
        for name, value in fields:
            request.setHeader(name, value)
        return b"hello"

    return render


def together(request: Any) -> bytes:
    """Set fields together."""
    request.set_fields(((b"Content-Type", b"text/x"), (b"X-A", b"b")))
    return b"hello"


def together_again(request: Any) -> bytes:
    """Set fields together that other responses have, too."""
    request.set_fields(_KEPT_FIELDS)
    return b"hello"


def validators(request: Any) -> bytes:
    """Set what Twisted keeps in attributes."""
    request.setETag(b'"a"')
    request.setLastModified(1e9)
    request.addCookie(b"a", b"b")
    return b"hello"


def written_before(request: Any) -> bytes:
    """Write a part first."""
    request.write(b"a")
    return b"hello"


def finished_before(request: Any) -> bytes:
    """Finish first, which is a mistake."""
    request.write(b"a")
    request.finish()
    return b"hello"


def other_write(request: Any) -> bytes:
    """Put another method in the place of ``write``, as some middleware does."""
    write = request.write
    request.write = lambda data: write(data.upper())
    return b"hello"


def other_finish(request: Any) -> bytes:
    """Put another method in the place of ``finish``."""
    finish = request.finish
    request.finish = lambda: (request.write(b"!"), finish())
    return b"hello"


def encoded(request: Any) -> bytes:
    """Encode the body."""

    class Encoder:
        def encode(self, data: bytes) -> bytes:
            return data.upper()

        def finish(self) -> bytes:
            return b"!"

    request._encoder = Encoder()
    request.responseHeaders.removeHeader(b"content-length")
    return b"hello"


RENDERS: tuple[Callable[[Any], bytes], ...] = (
    lambda request: b"hello",
    lambda request: b"",
    lambda request: b"x" * 100_000,
    *map(with_code, (204, 304, 404, 206, 599)),
    with_fields((b"X-A", b"b")),
    with_fields((b"Content-Length", b"5")),
    with_fields((b"Content-Length", b"3")),
    with_fields((b"Connection", b"close")),
    with_fields((b"Connection", b"x-a, Close")),
    with_fields((b"Connection", b"x-close-it")),
    together,
    together_again,
    validators,
    written_before,
    finished_before,
    other_write,
    other_finish,
    encoded,
)


class FieldSetTests(EventCase):
    """Fields that are the same object for each response."""

    def test_one_is_equal_to_itself_alone(self) -> None:
        other = FieldSet(_KEPT_FIELDS)
        self.assertEqual(tuple(other), tuple(_KEPT_FIELDS))
        self.assertNotEqual(other, _KEPT_FIELDS)
        found = {_KEPT_FIELDS: 1, other: 2}
        self.assertEqual((found[_KEPT_FIELDS], found[other]), (1, 2))

    def test_they_are_sent_as_others_are(self) -> None:
        self.patch(date, "time", lambda: 1e9)
        sent: list[bytes] = []
        for self.render in (together, together_again, together_again):
            sent.append(self.connect().send(STARTS[0] + b"\r\nHost: a\r\n\r\n"))
        self.assertEqual(sent, [sent[0]] * 3)


class WholeResponseTests(EventCase):
    """The same bytes and the same events, whichever way they are sent."""

    def outcomes(self) -> Iterator[tuple[object, ...]]:
        """What is sent and told of each response, and how often its end was."""
        self.patch(date, "time", lambda: 1e9)  # else the Date may change meanwhile
        for start, render, times in product(STARTS, RENDERS, (1, 2)):
            finished: list[object] = []

            def rendered(
                request: Any,
                render: Callable[[Any], bytes] = render,
                finished: list[object] = finished,
            ) -> bytes:
                request.notifyFinish().addBoth(finished.append)
                return render(request)

            self.render = rendered
            self.events.clear()
            body = b"ab" if start.startswith(b"POST") else b""
            connection = self.connect()
            request = start + b"\r\nHost: a\r\nX-B: c\r\n\r\n" + body
            sent = connection.send(request * times)
            told = [
                (done.status, done.response_body_bytes, done.ending, done.reason)
                + (done.response_framing_bytes, done.request_body_bytes)
                for done in self.events
                if isinstance(done, ExchangeDone)
            ]
            self.flushLoggedErrors()
            yield sent, told, len(finished)

    def test_whole_response_is_what_would_have_been_written(self) -> None:
        whole = list(self.outcomes())
        self.patch(ResponseWriter, "send_whole", lambda *_: False)
        for shorter, usual in zip(whole, self.outcomes(), strict=True):
            self.assertEqual(shorter, usual)

    def test_returned_bytes_are_handed_over_as_a_whole(self) -> None:
        self.patch(ResponseWriter, "begin_response", None)
        for start in STARTS:
            self.assertIn(
                b"200 OK", self.connect().send(start + b"\r\nHost: a\r\n\r\nab")
            )


class Socket:
    """A socket that takes *room* bytes."""

    family = AF_INET

    def __init__(self, room: int) -> None:
        self.room = room
        self.comes = b""
        self.sends: list[bytes] = []

    def fileno(self) -> int:
        """No descriptor: nobody watches it."""
        return -1

    def getpeername(self) -> tuple[str, int]:
        """The client's address."""
        return "192.0.2.1", 50000

    def getsockname(self) -> tuple[str, int]:
        """Our address."""
        return "192.0.2.2", 80

    def getsockopt(self, *_: int) -> bytes:
        """The kernel tells nothing."""
        raise OSError

    def recv(self, count: int, flags: int = 0) -> bytes:
        """What has come."""
        data, self.comes = self.comes, b""
        return data

    def send(self, data: bytes) -> int:
        """Take what there is room for."""
        taken = min(len(data), self.room)
        if not taken:
            raise BlockingIOError(EAGAIN, "")
        self.room -= taken
        self.sends.append(bytes(data[:taken]))
        return taken

    def shutdown(self, how: int) -> None:
        """Nothing more is sent."""

    def close(self) -> None:
        """Nothing more is sent or read."""


class OwnConnectionTests(EventCase):
    """A connection of our own, to which a whole response is handed at once."""

    def begin(self, room: int = 1_000_000) -> tuple[Server, Socket]:
        """A new connection, and its socket."""
        site, sock = self.site, Socket(room)
        port: Any = SimpleNamespace(
            reactor=self.clock,
            site=site,
            local_address=None,
            _realPortNumber=80,
            multiplexer=SimpleNamespace(watch=lambda *_: None, forget=lambda *_: None),
        )
        server = Server(cast(Any, sock), ("192.0.2.1", 50000), port, 1)
        server.protocol = site.buildProtocol(CLIENT_ADDRESS)
        server.protocol.makeConnection(server)
        return server, sock

    def test_a_response_is_one_write_and_so_are_those_of_pipelined_requests(
        self,
    ) -> None:
        for count in (1, 2, 3):
            server, sock = self.begin()
            sock.comes = GET * count
            server.doRead()
            self.assertEqual(len(sock.sends), 1)
            self.assertEqual(sock.sends[0].count(b"200 OK"), count)

    def test_what_a_program_has_written_before_comes_before(self) -> None:
        def render(request: Any) -> bytes:
            request.channel.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            return b"hello"

        self.render = render
        server, sock = self.begin()
        sock.comes = GET
        server.doRead()
        self.assertTrue(b"".join(sock.sends).startswith(b"HTTP/1.1 103"))

    def test_one_that_pauses_the_channel_holds_up_nobody(self) -> None:
        def render(request: Any) -> bytes:
            request.channel.pauseProducing()
            return b"x" * 60_000

        self.render = render
        server, sock = self.begin(room=4000)
        for count in (1, 2):
            sock.comes = GET
            server.doRead()
            sock.room = 100_000
            server.doWrite()
            self.assertEqual(b"".join(sock.sends).count(b"200 OK"), count)

    def test_who_is_told_may_drain_the_site(self) -> None:
        def drain(event: Event) -> None:
            if isinstance(event, ExchangeDone):
                self.site.drain()

        for is_late in (False, True):
            self.setUp()
            self.render = self.hold if is_late else self.render
            self.site.add_observer(drain)
            server, sock = self.begin()
            sock.comes = GET
            server.doRead()
            for request in self.held:
                request.finish()
            self.assertTrue(server.disconnected or server.disconnecting, is_late)

    def test_pipelined_ones_are_told_once_they_are_sent(self) -> None:
        """Also when the last response is sent alone, since the others were large."""
        for size in (1, 20_000, 70_000):
            self.events.clear()
            self.render = lambda request, size=size: b"x" * size
            server, sock = self.begin()
            sock.comes = GET * 5
            server.doRead()
            endings = [one.ending for one in self.exchanges]
            self.assertEqual(endings, [Ending.COMPLETE] * 5)
