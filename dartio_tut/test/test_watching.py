"""
`dartio_tut.wire.watching`: a watched site tells the bytes of its connections, and
otherwise does what any site does.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from hypothesis import given
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import Site, WatchedSite
from dartio_tut.wire import Event, ExchangeDone, Head

from .support.any_input import usual
from .support.recording import RecordedConnection, Recorder
from .test_wire_fuzz import cuts, streams

CLIENT = IPv4Address("TCP", "127.0.0.1", 50000)
DATE = re.compile(rb"\r\nDate: [^\r]*")


class Told:
    """
    Notes what it is told of one connection.

    :ivar calls: the names of what was called, with what.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def opened(self, peer: object, host: object) -> None:
        """Note it."""
        self.calls.append(("opened", peer))

    def secured(self, facts: object) -> None:
        """Note it."""
        self.calls.append(("secured", facts))

    def bytes_came(self, count: int) -> None:
        """Note it."""
        self.calls.append(("came", count))

    def request_head(self, data: bytes, head: Head) -> None:
        """Note it."""
        self.calls.append(("head", data))

    def request_body(self, data: bytes) -> None:
        """Note it."""
        self.calls.append(("body", data))

    def request_rest(self, data: bytes) -> None:
        """Note it."""
        self.calls.append(("rest", data))

    def resource_found(self, resource: object) -> None:
        """Note it."""
        self.calls.append(("resource", resource))

    def response(self, data: bytes) -> None:
        """Note it."""
        self.calls.append(("response", data))

    def response_ended(self) -> None:
        """Note it."""
        self.calls.append(("response ended", None))

    def unsent(self, count: int) -> None:
        """Note it."""
        self.calls.append(("unsent", count))

    def exchange_ended(self, done: ExchangeDone) -> None:
        """Note it."""
        self.calls.append(("ended", done))

    def closed(self) -> None:
        """Note it."""
        self.calls.append(("closed", None))

    def told(self, *names: str) -> list[Any]:
        """What was told by *names*, in order."""
        return [what for name, what in self.calls if name in names]


class TellingWatcher:
    """Watches a site, of which there is one connection."""

    def __init__(self) -> None:
        self.connection = Told()

    def watch_connection(self) -> Told:
        """Watch it."""
        return self.connection


def fed(pieces: list[bytes], watcher: TellingWatcher | None) -> tuple[bytes, list[Any]]:
    """What a site says to *pieces*, and the exchanges that its observers see."""
    clock = Clock()
    recorder = Recorder(clock.callLater)
    site: Site
    if watcher is None:
        site = Site(recorder, reactor=clock)
    else:
        site = WatchedSite(recorder, reactor=clock, watcher=watcher)
    events: list[Event] = []
    site.add_observer(events.append)
    connection = RecordedConnection(site.buildProtocol(CLIENT), clock, recorder.seen)
    said = b"".join([connection.send(piece) for piece in pieces])
    clock.advance(0)
    said += connection.transport.value()
    connection.leave()
    exchanges = [
        (done.method, done.target, done.status, done.ending, done.reason)
        + (done.request_body_bytes, done.response_body_bytes)
        for done in events
        if isinstance(done, ExchangeDone)
    ]
    return said, [*exchanges, *recorder.seen]


def cut(stream: bytes, lengths: list[int]) -> list[bytes]:
    """*stream* in pieces."""
    marks = [0, *(length for length in lengths if length < len(stream)), len(stream)]
    return [stream[a:b] for a, b in pairwise(marks) if a < b]


class SeamTests(SynchronousTestCase):
    """Whatever a client sends."""

    def assert_told(self, pieces: list[bytes]) -> Told:
        """All is told that happens, and nothing is done otherwise than without."""
        watcher = TellingWatcher()
        said, seen = fed(pieces, watcher)
        plain_said, plain_seen = fed(pieces, None)
        self.assertEqual(DATE.sub(b"", said), DATE.sub(b"", plain_said))
        self.assertEqual(seen, plain_seen)
        connection = watcher.connection
        unsent = sum(connection.told("unsent"))
        responses = b"".join(connection.told("response"))
        self.assertEqual(responses[: len(responses) - unsent], said)
        at, stream = 0, b"".join(pieces)
        for part in connection.told("head", "body", "rest"):
            at = stream.find(part, at)
            self.assertGreaterEqual(at, 0, (part, pieces))
            at += len(part)
        names = [name for name, _ in connection.calls]
        self.assertEqual((names[0], names[-1]), ("opened", "closed"))
        self.assertEqual(names.count("closed"), 1)
        self.assertLessEqual(sum(connection.told("came")), len(stream))
        return connection

    @usual
    @given(streams(), cuts)
    def test_any_bytes_are_told_and_answered_as_without_a_watcher(
        self, stream: bytes, lengths: list[int]
    ) -> None:
        self.assert_told(cut(stream, lengths))

    def test_bytes_of_pipelined_requests_are_told_each_with_its_response(self) -> None:
        get = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
        post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
        told = self.assert_told([get % 1 + post + b"abc" + get % 2])
        names = [name for name, _ in told.calls if name not in ("came", "resource")]
        self.assertEqual(
            names,
            ["opened", "head", "response", "response ended"]
            + ["head", "body", "response", "response ended"]
            + ["head", "response", "response ended"]
            + ["ended"] * 3
            + ["closed"],
        )
        self.assertEqual(told.told("head"), [get % 1, post, get % 2])
        self.assertEqual(told.told("body"), [b"abc"])

    def test_a_chunked_body_is_told_with_its_framing(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n"
        stream = head + body
        for pieces in ([stream], [bytes([byte]) for byte in stream]):
            told = self.assert_told(pieces)
            self.assertEqual(told.told("head"), [head])
            self.assertEqual(b"".join(told.told("body")), body)

    def test_what_cannot_be_read_is_told_before_it_is_refused(self) -> None:
        for stream in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\nHost: a\n\n"):
            told = self.assert_told([stream])
            names = [name for name, _ in told.calls]
            self.assertLess(names.index("rest"), names.index("response"))
            self.assertLess(names.index("response"), names.index("ended"))
            self.assertEqual(told.told("rest"), [stream])

    def test_a_request_that_is_cut_is_told_as_far_as_it_came(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
        told = self.assert_told([head[:20]])
        self.assertEqual(told.told("rest"), [head[:20]])
        told = self.assert_told([head + b"abc"])
        self.assertEqual(told.told("head", "body", "rest"), [head, b"abc"])

    def test_a_site_that_is_not_watched_has_the_plain_channel(self) -> None:
        clock = Clock()
        channel = Site(Recorder(clock.callLater), reactor=clock).buildProtocol(CLIENT)
        self.assertEqual(type(channel).__name__, "Channel")
        self.assertIsNone(channel.reports)
