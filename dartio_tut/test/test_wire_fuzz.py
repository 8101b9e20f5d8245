"""
Requests nobody would think of: whatever comes, only answers and closes go out.

Requests are made of the parts that requests have, some of them wrong, cut anywhere. The
same ones in every run: what is found is written down as a row of the conformance table.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Site
from dartio_tut.testing import Response, ResponseReader

from .support.any_input import usual
from .support.recording import RecordedConnection, Recorder

Pieces = list[bytes]

RARE = 40
"""One part in so many is wrong."""


def weighted(good: Iterable[bytes], bad: Iterable[bytes]) -> Any:
    """One of *good*, seldom one of *bad*: many parts make a request."""
    good, bad = list(good), list(bad)
    often = good * (RARE * len(bad) // len(good) // 2 + 1)
    return some.sampled_from(often + bad + often)  # the ends are drawn more often


methods = weighted(
    [b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS"],
    [b"get", b"CONNECT", b"TRACE", b"", b"G T", b"G\x00T", b"M-SEARCH", b"PRI"],
)
targets = weighted(
    [b"/", b"/later", b"/stream", b"/204", b"/304-body", b"/a%20b?c=d&e"],
    [
        b"*",
        b"http://a/x",
        b"http://b/",
        b"",
        b"//",
        b"/%",
        b"/%ff",
        b"a:80",
        b"/#",
        b"/?\t",
    ],
)
versions = weighted(
    [b"HTTP/1.1", b"HTTP/1.0"],
    [b"HTTP/0.9", b"HTTP/2.0", b"http/1.1", b"", b"HTTP/1.1 "],
)
ends = weighted([b"\r\n"], [b"\n", b"\r", b"\r\n ", b"\r\n\r\n", b"\n\r"])
names = weighted(
    [b"Connection", b"X", b"Cookie", b"Upgrade", b"Range"],
    [
        b"X ",
        b" X",
        b"",
        b"\xff",
        b"Host",
        b"Expect",
        b"Content-Length",
        b"Transfer-Encoding",
    ],
)
values = weighted(
    [b"a", b"close", b"keep-alive", b"upgrade, x", b"", b"k=v; l", b"\xff"],
    [
        b"100-continue",
        b"\x00",
        b"a\x7f",
        b"a,b",
        b"a b",
        b"chunked",
        b"3",
        b"-1",
        b"a\rb",
        b"\t",
    ],
)
colons = weighted([b":", b": ", b":\t"], [b" :", b""])
fields = some.tuples(names, colons, values)
lines = some.lists(some.tuples(fields.map(b"".join), ends).map(b"".join), max_size=4)
contents = some.binary(max_size=40)


@some.composite
def chunked(draw: Any) -> bytes:
    """A chunked body, mostly good."""
    size = weighted([b"%x", b"%X", b"%04x", b"%x;a=b"], [b" %x", b"%x\r", b"-%x"])
    parts = [
        b"%b%b%b%b" % (draw(size) % len(data), draw(ends), data, draw(ends))
        for data in draw(some.lists(contents.filter(bool), max_size=3))
    ]
    last = draw(
        weighted([b"0\r\n\r\n", b"00;x\r\nT: 1\r\n\r\n"], [b"0\r\n", b"", b"0\n\n"])
    )
    return b"".join(parts) + bytes(last)


@some.composite
def framings(draw: Any) -> tuple[bytes, bytes]:
    """The line that tells the length of the content, and the content."""
    kind = draw(weighted([b"none", b"length", b"chunked"], [b"wrong", b"both"]))
    content = draw(contents)
    if kind == b"none":
        return b"", draw(weighted([b""], [content]))
    length = b"Content-Length: %d\r\n" % len(content)
    if kind == b"length":
        return length, content
    if kind == b"wrong":
        off = draw(some.integers(-3, 2**64))
        return b"Content-Length: %d\r\n" % off, content
    coding = b"Transfer-Encoding: chunked\r\n"
    return coding + (length if kind == b"both" else b""), draw(chunked())


@some.composite
def requests(draw: Any) -> bytes:
    """A request, mostly good."""
    framing, content = draw(framings())
    host = draw(
        weighted([b"Host: a\r\n"], [b"", b"Host: a\r\nHost: a\r\n", b"Host: a b\r\n"])
    )
    line = b"%b %b %b%b" % (draw(methods), draw(targets), draw(versions), draw(ends))
    return b"".join([line, host, framing, *draw(lines), draw(ends), content])


@some.composite
def streams(draw: Any) -> bytes:
    """What a client sends: requests, empty lines, noise; a byte of it may be wrong."""
    between = weighted([b"", b"\r\n"], [b"\n", b" ", b"\r", b"\x16\x03\x01"])
    parts = []
    for request in draw(some.lists(requests(), min_size=1, max_size=3)):
        parts += [draw(between), request]
    stream = b"".join(parts)
    if stream and draw(some.integers(0, 9)) == 5:
        at = draw(some.integers(0, len(stream) - 1))
        what = draw(
            some.sampled_from([b"", b"\x00", b"\n", b"\r", b" ", b":", b"\xff"])
        )
        stream = stream[:at] + what + stream[at + 1 :]
    return stream


cuts = some.lists(some.integers(1, 200), max_size=8).map(sorted)


class NotingSite(Site):
    """One that notes the methods it has answered, also without asking a resource."""

    def __init__(self, clock: Clock) -> None:
        self.recorder = Recorder(clock.callLater)
        super().__init__(self.recorder, reactor=clock)
        self.methods: list[str] = []

    def log(self, request: Any) -> None:
        """Note it."""
        self.methods.append(request.method.decode("latin-1"))


def connect() -> tuple[RecordedConnection, NotingSite]:
    """A connection in memory to a site with a clock of its own."""
    clock = Clock()
    site = NotingSite(clock)
    channel = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 50000))
    return RecordedConnection(channel, clock, site.recorder.seen), site


REFUSED = Response(400)

Outcome = tuple[list[Response], list[Any], bool]


def outcome(pieces: Iterable[bytes]) -> Outcome:
    """
    What *pieces* lead to: the answers, the requests seen, whether it was closed.

    :raise Misframed: when the answers are not well framed.
    """
    connection, site = connect()
    said = b"".join([connection.send(piece) for piece in pieces if piece])
    # A HEAD request that is refused, with no content in the answer, comes last.
    refused = said.endswith(b"\r\n\r\n") and connection.closed
    answers = ResponseReader([*site.methods, "HEAD"] if refused else site.methods)
    answers.feed(said)
    if connection.closed:
        answers.end()
        assert not connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not answers.is_unfinished, said
    connection.leave()
    for answer in answers.responses:
        answer.fields.pop("date", None)
    final = [answer for answer in answers.responses if answer.code >= 200]
    if len(final) > len(site.methods):  # refused; which of two faults is seen first
        final[-1] = REFUSED  # may depend on how it was cut
    return final, connection.seen, connection.closed


def cut(data: bytes, at: Iterable[int]) -> Pieces:
    """*data* in pieces that begin *at* so many bytes."""
    places = [0, *[place for place in at if place < len(data)], len(data)]
    return [data[a:b] for a, b in pairwise(places)]


def singly(data: bytes) -> Pieces:
    """*data* byte by byte."""
    return [data[i : i + 1] for i in range(len(data))]


class FuzzCase(SynchronousTestCase):
    """Feeds a channel; nothing may be logged as a failure."""

    def setUp(self) -> None:
        self.failures: list[Any] = []
        note: ILogObserver = self._note  # type: ignore[assignment]
        globalLogPublisher.addObserver(note)
        self.addCleanup(globalLogPublisher.removeObserver, note)

    def _note(self, event: Any) -> None:
        if event.get("log_failure") is not None:
            self.failures.append(event["log_failure"])

    def same(self, data: bytes, *ways: Pieces) -> None:
        """*data* leads to the same, whole and in each of the other *ways*."""
        whole = outcome([data])
        for pieces in ways:
            other = outcome(pieces)
            self.assertEqual(other, whole, (data, pieces))
        self.assertEqual(self.failures, [], data)


class FuzzTests(FuzzCase):
    """A channel that is sent nonsense."""

    @usual
    @given(streams(), cuts)
    def test_requests_lead_to_the_same_however_they_are_cut(
        self, data: bytes, at: list[int]
    ) -> None:
        self.same(data, cut(data, at), singly(data))

    @usual
    @given(some.binary(max_size=100), cuts)
    def test_noise_leads_to_responses_and_closes_only(
        self, data: bytes, at: list[int]
    ) -> None:
        self.same(data, cut(data, at))

    @usual
    @given(chunked(), cuts)
    def test_chunked_bodies_lead_to_the_same_however_they_are_cut(
        self, body: bytes, at: list[int]
    ) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.same(head + body, cut(head + body, at), [head, *singly(body)])

    @usual
    @given(some.lists(requests(), min_size=1, max_size=3), some.integers(0, 300))
    def test_clients_that_leave_anywhere_cause_no_failure(
        self, asked: Pieces, at: int
    ) -> None:
        connection, _ = connect()
        connection.send(b"".join(asked)[: at + 1])
        connection.leave()
        self.assertEqual(self.failures, [])
